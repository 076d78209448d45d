"""Canonical Huffman codes: the best code with whole bits, and a table of lengths to rebuild it.

Huffman 1952, “A Method for the Construction of Minimum-Redundancy Codes”. Canonical: codewords of
one length are consecutive numbers in the order of the symbols, so that the lengths alone say the
code (Schwartz and Kallick 1964; RFC 1951, section 3.2.2, does the same).
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping

import numpy as np

LONGEST = 32


def code_lengths(counts: Mapping[int, int]) -> dict[int, int]:
    """The length in bits of each symbol's codeword, for symbols that occur `counts` times.

    A symbol that never occurs gets no codeword; a single one gets one bit, since a file with no
    bits does not say how often it occurs. Ties are broken by the smallest symbol of a subtree, so
    that the same counts give the same lengths.

    Raises:
        ValueError: if no symbol occurs, a count is negative, or a codeword gets over 32 bits.
    """
    if any(count < 0 for count in counts.values()):
        raise ValueError("a symbol can't occur fewer than 0 times")
    used = {symbol: count for symbol, count in sorted(counts.items()) if count}
    if not used:
        raise ValueError("there is no symbol to code")
    if len(used) == 1:
        return dict.fromkeys(used, 1)
    heap = [(count, symbol, [symbol]) for symbol, count in used.items()]
    heapq.heapify(heap)
    lengths = dict.fromkeys(used, 0)
    while len(heap) > 1:
        rare, rarer = heapq.heappop(heap), heapq.heappop(heap)
        members = rare[2] + rarer[2]
        for symbol in members:
            lengths[symbol] += 1
        heapq.heappush(heap, (rare[0] + rarer[0], min(rare[1], rarer[1]), members))
    if max(lengths.values()) > LONGEST:
        raise ValueError(f"a codeword would be longer than {LONGEST} bits")
    return lengths


def codewords(lengths: Mapping[int, int]) -> dict[int, str]:
    """The canonical codewords, as strings of 0 and 1, for codewords of these `lengths`.

    Raises:
        ValueError: if no prefix code has these lengths, or one that leaves codewords unused.
    """
    order = sorted(lengths, key=lambda symbol: (lengths[symbol], symbol))
    if not order or lengths[order[0]] < 1 or lengths[order[-1]] > LONGEST:
        raise ValueError(f"codewords are 1 to {LONGEST} bits long")
    # Kraft 1949: the shares 2^-length of a complete code add up to 1.
    total = sum(1 << (LONGEST - length) for length in lengths.values())
    if total != 1 << LONGEST and not (len(order) == 1 and lengths[order[0]] == 1):
        raise ValueError("no complete prefix code has these lengths")
    words = {}
    code = length = 0
    for symbol in order:
        code <<= lengths[symbol] - length
        length = lengths[symbol]
        words[symbol] = format(code, f"0{length}b")
        code += 1
    return words


def encode(symbols: Iterable[int], lengths: Mapping[int, int]) -> bytes:
    """The codewords one after the other, filled up with zeros to whole bytes.

    Raises:
        ValueError: if a symbol has no codeword, or the lengths are those of no prefix code.
    """
    words = codewords(lengths)
    try:
        bits = "".join([words[int(symbol)] for symbol in symbols])
    except KeyError as error:
        raise ValueError(f"symbol {error} has no codeword") from None
    return np.packbits(np.frombuffer(bits.encode(), np.uint8) - ord("0")).tobytes()


def decode(data: bytes, lengths: Mapping[int, int], count: int) -> tuple[list[int], int]:
    """The first `count` symbols of `data`, and how many bytes they fill.

    Raises:
        ValueError: if the data end too soon, hold a codeword that there is not, or the lengths are
            those of no prefix code.
    """
    meaning = {word: symbol for symbol, word in codewords(lengths).items()}
    # Each symbol takes a bit at least: a claim of more is refused before work is done for it.
    if count > 8 * len(data):
        raise ValueError(f"{len(data)} bytes can't hold {count} symbols")
    bits = np.unpackbits(np.frombuffer(data, np.uint8))
    text = (bits + ord("0")).tobytes().decode()
    symbols: list[int] = []
    start = end = 0
    while len(symbols) < count:
        end += 1
        if end > len(text):
            raise ValueError("the data end in the middle of a codeword")
        symbol = meaning.get(text[start:end])
        if symbol is not None:
            symbols.append(symbol)
            start = end
        elif end - start > LONGEST:
            raise ValueError("the data hold a codeword that the table does not have")
    return symbols, -(-end // 8)


def coded_bits(counts: Mapping[int, int], lengths: Mapping[int, int]) -> int:
    """Bits of all codewords together, the table not counted."""
    return sum(count * lengths[symbol] for symbol, count in counts.items() if count)
