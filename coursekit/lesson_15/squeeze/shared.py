"""The file of Deep Compression: shared weights, gaps between them, both Huffman coded.

Han, Mao and Dally 2016, “Deep Compression” (arXiv:1510.00149): the weights that pruning leaves take
one of a few values each, and the file holds, for each, which value and how many zeros came before
it. A gap of `FAR` zeros or more is bridged by fillers.

| bytes | what they hold |
|---|---|
| 3, 4 | `fs` and 1; CRC-32 of all that follows |
| 1 | how many layers; of each then: |
| 4 | its outputs and inputs |
| 1, 2 each | how many values; the values, float16 |
| 2 an output | the biases, float16 |
| 4, 4 | how many symbols each stream has |
| 1 a value, 1 a gap | lengths of the Huffman codewords, 0 for none |
| the rest | which values, to a whole byte; then the gaps, to a whole byte |
"""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from coursekit.lesson_15.squeeze import huffman
from coursekit.lesson_15.squeeze.container import MOST_LAYERS, MOST_WEIGHTS

MAGIC = b"fs\x01"
# Gaps go from 0 to 31 as in the paper, whose fully connected layers have 5 bits for them; the
# symbol `FAR` stands for 31 zeros with no weight after them.
FAR = 31


@dataclass(frozen=True)
class Shared:
    """A linear layer whose weights take few values.

    Attributes:
        codes: whole numbers (outputs, inputs): 0 for a pruned weight, else 1 + which value.
        values: float16, at most 255 of them.
        biases: float16 (outputs,).
    """

    codes: np.ndarray
    values: np.ndarray
    biases: np.ndarray

    def weight(self) -> np.ndarray:
        """float32 (outputs, inputs)."""
        return np.concatenate([[0], self.values]).astype(np.float32)[self.codes]

    def bias(self) -> np.ndarray:
        """float32 (outputs,)."""
        return self.biases.astype(np.float32)


def symbols(codes: np.ndarray) -> tuple[list[int], list[int]]:
    """The two streams of a layer: which value, and how many zeros before it.

    A filler has no value, so the first stream is shorter by the number of fillers.
    """
    flat = codes.ravel()
    places = flat.nonzero()[0]
    gaps: list[int] = []
    for gap in np.diff(places, prepend=-1) - 1:
        fillers, rest = divmod(int(gap), FAR)
        gaps += [FAR] * fillers + [rest]
    return (flat[places] - 1).tolist(), gaps


def write(layers: Sequence[Shared]) -> bytes:
    """The file.

    Raises:
        ValueError: if there is no layer, or one has more values than a byte can count.
    """
    if not 0 < len(layers) <= MOST_LAYERS:
        raise ValueError(f"a file holds 1 to {MOST_LAYERS} layers, not {len(layers)}")
    body = bytearray([len(layers)])
    for layer in layers:
        if not 0 < len(layer.values) < 256 or layer.codes.max() > len(layer.values):
            raise ValueError(f"{len(layer.values)} values; a layer has 1 to 255 and uses only them")
        which, gaps = symbols(layer.codes)
        body += struct.pack("<HHB", *layer.codes.shape, len(layer.values))
        body += layer.values.astype("<f2").tobytes() + layer.biases.astype("<f2").tobytes()
        body += struct.pack("<II", len(which), len(gaps))
        for stream, size in ((which, len(layer.values)), (gaps, FAR + 1)):
            lengths = huffman.code_lengths(Counter(stream)) if stream else {}
            body += bytes(lengths.get(symbol, 0) for symbol in range(size))
        for stream in (which, gaps):
            if stream:
                body += huffman.encode(stream, huffman.code_lengths(Counter(stream)))
    return MAGIC + zlib.crc32(body).to_bytes(4, "little") + bytes(body)


def read(data: bytes) -> list[Shared]:
    """The layers that `write` was given.

    Raises:
        ValueError: with one sentence that says what is wrong with the file.
    """
    if data[:3] != MAGIC:
        raise ValueError("This is no file of shared weights: it begins differently.")
    body = data[7:]
    if len(data) < 8 or zlib.crc32(body) != int.from_bytes(data[3:7], "little"):
        raise ValueError("The file is damaged or cut off: its checksum does not fit its content.")
    try:
        return _layers(body)
    except (struct.error, IndexError):
        raise ValueError("The file ends in the middle of a layer.") from None


def _layers(body: bytes) -> list[Shared]:
    place = 1

    def take(count: int) -> bytes:
        nonlocal place
        place += count
        if place > len(body):
            raise IndexError
        return body[place - count : place]

    layers = []
    total = 0
    for _ in range(body[0]):
        outputs, inputs, size = struct.unpack("<HHB", take(5))
        total += outputs * inputs
        if total > MOST_WEIGHTS or not outputs * inputs:
            raise ValueError(f"The file claims {total:,} weights; 1 to {MOST_WEIGHTS:,} may be.")
        values = np.frombuffer(take(2 * size), "<f2")
        biases = np.frombuffer(take(2 * outputs), "<f2")
        counts = struct.unpack("<II", take(8))
        tables = [
            {symbol: length for symbol, length in enumerate(take(most)) if length}
            for most in (size, FAR + 1)
        ]
        streams = []
        for count, lengths in zip(counts, tables, strict=True):
            found, used = huffman.decode(body[place:], lengths, count) if count else ([], 0)
            take(used)
            streams.append(found)
        layers.append(Shared(_codes(outputs, inputs, *streams), values, biases))
    return layers


def _codes(outputs: int, inputs: int, which: list[int], gaps: list[int]) -> np.ndarray:
    """The codes of a layer from its two streams."""
    steps = np.array(gaps, np.int64)
    ends = np.cumsum(steps + (steps < FAR)) - 1
    places = ends[steps < FAR]
    if len(places) != len(which) or (places >= outputs * inputs).any():
        raise ValueError("The file is damaged: its gaps lead out of the layer.")
    codes = np.zeros(outputs * inputs, np.uint8)
    codes[places] = np.array(which, np.int64) + 1
    return codes.reshape(outputs, inputs)
