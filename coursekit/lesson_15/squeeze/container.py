"""One file for one network: `write` and `read`.

| bytes | what they hold |
|---|---|
| 2 | `fb`, and 1 |
| 4 | CRC-32 of all that follows |
| 1, then 2 or more each | how many layers; of each its outputs and inputs, as base-128 numbers |
| 1 or 2 | pixels in a row of the image that the first layer sees, 0 if it sees none |
| 4 a layer | the step of its weights and that of its biases, as two float16 |
| the rest | the levels, arithmetic coded: `predict` |

A weight is its level times the step of its layer, multiplied in float32, so the same everywhere.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from coursekit.lesson_15.squeeze.coder import Coder, Decoder, Encoder, Mixer
from coursekit.lesson_15.squeeze.predict import Flags, Matrix, Sizes, TooLarge

if TYPE_CHECKING:
    import torch

MAGIC = b"fb\x01"
# What a header may claim: four times LeNet-300-100. A file that lies takes seconds to read at most.
MOST_WEIGHTS = 1 << 20
MOST_LAYERS = 16


@dataclass(frozen=True)
class Layer:
    """A linear layer, quantized.

    Attributes:
        levels: whole numbers (outputs, inputs); a weight is its level times `step`.
        step: positive, a number that float16 holds exactly: `half` makes one.
        bias_levels: whole numbers (outputs,).
        bias_step: as `step`.
    """

    levels: np.ndarray
    step: float
    bias_levels: np.ndarray
    bias_step: float

    def weight(self) -> np.ndarray:
        """float32 (outputs, inputs)."""
        return self.levels.astype(np.float32) * np.float32(self.step)

    def bias(self) -> np.ndarray:
        """float32 (outputs,)."""
        return self.bias_levels.astype(np.float32) * np.float32(self.bias_step)


class Linear(Protocol):
    """A decoded layer, of this file or of `coursekit.lesson_15.squeeze.shared`'s."""

    def weight(self) -> np.ndarray:
        """float32 (outputs, inputs)."""
        ...

    def bias(self) -> np.ndarray:
        """float32 (outputs,)."""
        ...


def half(step: float) -> float:
    """The number nearest to `step` that two bytes hold (float16)."""
    return float(np.float16(step))


def state_dict(layers: Sequence[Linear]) -> dict[str, torch.Tensor]:
    """Weights and biases for `coursekit.nets.networks.lenet`, or another stack of linear layers.

    Such a stack is Flatten, then Linear and ReLU in turn: the linear layers are 1, 3, 5, …
    """
    import torch

    state = {}
    for place, layer in enumerate(layers):
        state[f"{2 * place + 1}.weight"] = torch.from_numpy(layer.weight())
        state[f"{2 * place + 1}.bias"] = torch.from_numpy(layer.bias())
    return state


def sort_units(layers: Sequence[Layer]) -> list[Layer]:
    """The same network with the units of each hidden layer in order, the fullest first.

    What a hidden unit is called does not matter: its row and, in the next layer, its column move
    together. Rows that resemble those before them are cheaper, and unused units come last, where
    they cost nothing.
    """
    layers = list(layers)
    for place in range(len(layers) - 1):
        here, after = layers[place], layers[place + 1]
        used = (here.levels != 0).sum(1) * 1000 + (after.levels != 0).sum(0) * 2
        order = np.argsort(-(used + (here.bias_levels != 0)), kind="stable")
        layers[place] = Layer(
            here.levels[order], here.step, here.bias_levels[order], here.bias_step
        )
        layers[place + 1] = Layer(
            after.levels[:, order], after.step, after.bias_levels, after.bias_step
        )
    return layers


def write(layers: Sequence[Layer], side: int = 28) -> bytes:
    """The file. `side`: pixels in a row of the image that the first layer sees, 0 if none.

    Units stay in their order; put them in a good one with `sort_units` before.

    Raises:
        ValueError: if there is no layer, shapes don't fit, a step is none, or there is too much.
    """
    _check(layers)
    header = bytearray([len(layers)])
    for layer in layers:
        for size in layer.levels.shape:
            header += _number(size)
    header += _number(side)
    for layer in layers:
        header += np.array([layer.step, layer.bias_step], "<f2").tobytes()
    coder = Encoder()
    model = _Model()
    for place, layer in enumerate(layers):
        model.code(coder, layer.levels.tolist(), layer.bias_levels.tolist(), place, side)
    body = bytes(header) + coder.finish()
    return MAGIC + zlib.crc32(body).to_bytes(4, "little") + body


def read(data: bytes) -> list[Layer]:
    """The layers that `write` was given.

    Raises:
        ValueError: with one sentence that says what is wrong with the file.
    """
    if data[:3] != MAGIC:
        raise ValueError("This is no squeezed network: the file begins differently.")
    body = data[7:]
    if len(data) < 7 or zlib.crc32(body) != int.from_bytes(data[3:7], "little"):
        raise ValueError("The file is damaged or cut off: its checksum does not fit its content.")
    try:
        shapes, side, steps, start = _header(body)
    except IndexError:
        raise ValueError("The file ends in the middle of its header.") from None
    coder = Decoder(body[start:])
    model = _Model()
    layers = []
    for place, ((outputs, inputs), (step, bias_step)) in enumerate(zip(shapes, steps, strict=True)):
        rows, biases = [[0] * inputs for _ in range(outputs)], [0] * outputs
        try:
            model.code(coder, rows, biases, place, side, reading=True)
        except TooLarge as error:
            raise ValueError(f"The file is damaged: {error}.") from None
        layers.append(Layer(np.array(rows, np.int32), step, np.array(biases, np.int32), bias_step))
    return layers


class _Model:
    """All that is learned while a file is written or read."""

    def __init__(self) -> None:
        self._height = Mixer(1)
        self._flags = Flags()
        self._biases = Sizes(1, 1)
        self._no_bias = Mixer(1)
        self._matrices: dict[bool, Matrix] = {}

    def code(
        self,
        coder: Coder,
        rows: list[list[int]],
        biases: list[int],
        place: int,
        side: int,
        reading: bool = False,
    ) -> None:
        # A row of one pixel has no neighbours above that are not those to the left.
        side = side if place == 0 and side > 1 else 0
        used = len(rows)
        while used and not biases[used - 1] and not any(rows[used - 1]):
            used -= 1
        bits = len(rows).bit_length()
        found = 0
        for bit in reversed(range(bits)):
            found |= self._height.code(coder, used >> bit & 1, [(place, bit)]) << bit
        if found > len(rows):
            raise TooLarge("it names a unit that there is not")
        rows = rows[:found]
        columns = [0] * (len(rows[0]) if rows else 0)
        if not reading:
            columns = [int(any(column)) for column in zip(*rows, strict=True)]
        self._flags.code(coder, columns, side)
        matrix = self._matrices.setdefault(place > 0, Matrix())
        matrix.code(coder, rows, [number for number, flag in enumerate(columns) if flag], side)
        for number in range(found):
            level = biases[number]
            if self._no_bias.code(coder, int(level != 0), [place]):
                biases[number] = self._biases.code(coder, level, [place], [place])


def _check(layers: Sequence[Layer]) -> None:
    """Refuses what the file can't hold."""
    if not 0 < len(layers) <= MOST_LAYERS:
        raise ValueError(f"a file holds 1 to {MOST_LAYERS} layers, not {len(layers)}")
    for layer in layers:
        levels, biases = layer.levels, layer.bias_levels
        if levels.ndim != 2 or not levels.size or biases.shape != (len(levels),):
            raise ValueError(f"levels {levels.shape} and biases {biases.shape} are no linear layer")
        if levels.dtype.kind != "i" or biases.dtype.kind != "i":
            raise ValueError("levels are whole numbers")
        for step in (layer.step, layer.bias_step):
            if not 0 < step < float("inf") or half(step) != step:
                raise ValueError(f"{step} is no positive number that float16 holds exactly")
        if max(np.max(abs(levels)), np.max(abs(biases))) > 1 << 15:
            raise ValueError("a level is at most 32,768")
    if sum(layer.levels.size for layer in layers) > MOST_WEIGHTS:
        raise ValueError(f"a file holds at most {MOST_WEIGHTS:,} weights")


def _number(value: int) -> bytes:
    """Base 128, the lowest digit first; all digits but the last have the highest bit."""
    digits = bytearray()
    while value > 127:
        digits.append(value & 127 | 128)
        value >>= 7
    digits.append(value)
    return bytes(digits)


def _header(body: bytes) -> tuple[list[tuple[int, int]], int, list[tuple[float, float]], int]:
    """Shapes, side, steps, and where the levels begin; every claim is checked."""
    place = 1

    def number() -> int:
        nonlocal place
        value = digits = 0
        while True:
            byte = body[place]
            place += 1
            value |= (byte & 127) << digits
            digits += 7
            if byte < 128:
                return value
            if digits > 63:
                raise ValueError("The file is damaged: a number in its header has no end.")

    if not 0 < body[0] <= MOST_LAYERS:
        raise ValueError(f"The file claims {body[0]} layers; 1 to {MOST_LAYERS} are allowed.")
    shapes = [(number(), number()) for _ in range(body[0])]
    total = sum(outputs * inputs for outputs, inputs in shapes)
    if total > MOST_WEIGHTS or min(min(shape) for shape in shapes) < 1:
        raise ValueError(f"The file claims {total:,} weights; 1 to {MOST_WEIGHTS:,} are allowed.")
    side = number()
    if side > shapes[0][1]:
        raise ValueError(f"The file claims images {side} pixels wide for {shapes[0][1]} inputs.")
    end = place + 4 * len(shapes)
    if end > len(body):
        raise IndexError
    pairs = np.frombuffer(body[place:end], "<f2").astype(float).reshape(-1, 2)
    if not (np.isfinite(pairs).all() and (pairs > 0).all()):
        raise ValueError("The file is damaged: a step is no positive number.")
    return shapes, side, [(float(step), float(bias)) for step, bias in pairs], end
