"""Adaptive binary arithmetic coding with mixed contexts, in whole numbers only.

A bit that was given probability p costs −log2 p bits, fractions included (Rissanen 1976; Witten,
Neal and Cleary 1987). The probability comes from what both sides have seen: several contexts each
keep an estimate of their own, and one layer of logistic regression, trained as it goes, mixes them
(Mahoney 2005, “Adaptive Weighing of Context Models for Lossless Data Compression”; PAQ and lpaq).
CABAC in H.264 has the same parts, but one context a bit.

Encoder and decoder must compute the very same probabilities, or all that follows is garbage.
Floating point does not promise that between machines, so nothing here is a float: probabilities are
whole numbers of 65,536ths, and the two tables, a logarithm and its inverse, come from `decimal`,
whose results are rounded correctly everywhere.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from decimal import Context, Decimal
from functools import cache
from typing import Protocol

# Probabilities in 65,536ths; log-odds in 256ths, cut off at ±12 (one in 163,000).
ONE = 1 << 16
UNIT = 256
FAR = 12 * UNIT
# A context's estimate moves by 2/(2n + 3) of the error at the n-th bit, nearly as the estimate of
# Krichevsky and Trofimov (1981) does, and by no less than at `STEADY` bits.
STEADY = 255
_RATE = [(2 * ONE) // (2 * count + 3) for count in range(STEADY + 1)]
# How far an estimate from n bits is to be trusted, in 256ths: nothing at first.
_TRUST = [(256 * 2 * count) // (2 * count + 3) for count in range(STEADY + 1)]


class Coder(Protocol):
    """What writes bits, or reads them: the same model runs with either."""

    def code(self, bit: int, chance: int) -> int:
        """Writes `bit`, or ignores it and reads one; `chance` is that of a 1 in 65,536ths."""
        ...


class Encoder:
    """Turns bits into bytes. The interval from low to high shrinks by each bit's probability."""

    def __init__(self) -> None:
        self._low = 0
        self._high = (1 << 48) - 1
        self._out = bytearray()

    def code(self, bit: int, chance: int) -> int:
        """Writes one bit. `chance` of a 1 is from 1 to 65,535."""
        middle = self._low + (self._high - self._low) * chance // ONE
        if bit:
            self._high = middle
        else:
            self._low = middle + 1
        # Once both ends begin with the same byte, that byte is certain.
        while not (self._low ^ self._high) >> 40:
            self._out.append(self._high >> 40)
            self._low = (self._low & ((1 << 40) - 1)) << 8
            self._high = (self._high & ((1 << 40) - 1)) << 8 | 255
        return bit

    def finish(self) -> bytes:
        """The bytes: as few as name a number in the interval if zeros are read after them."""
        for count in range(7):
            free = 48 - 8 * count
            number = -(-self._low >> free) << free
            if number <= self._high:
                self._out += number.to_bytes(6, "big")[:count]
                break
        return bytes(self._out).rstrip(b"\0")


class Decoder:
    """Turns the bytes of an `Encoder` into its bits, given the same chances."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._next = 6
        self._low = 0
        self._high = (1 << 48) - 1
        self._number = int.from_bytes(data[:6].ljust(6, b"\0"), "big")

    def code(self, bit: int, chance: int) -> int:
        """Reads one bit; `bit` is ignored."""
        middle = self._low + (self._high - self._low) * chance // ONE
        bit = int(self._number <= middle)
        if bit:
            self._high = middle
        else:
            self._low = middle + 1
        while not (self._low ^ self._high) >> 40:
            self._low = (self._low & ((1 << 40) - 1)) << 8
            self._high = (self._high & ((1 << 40) - 1)) << 8 | 255
            byte = self._data[self._next] if self._next < len(self._data) else 0
            self._number = (self._number & ((1 << 40) - 1)) << 8 | byte
            self._next += 1
        return bit


class Counter:
    """Writes nothing and adds up what it would cost, in bits: for estimates and for pictures."""

    def __init__(self) -> None:
        self.bits = 0.0

    def code(self, bit: int, chance: int) -> int:
        """Counts one bit's cost."""
        from math import log2

        self.bits -= log2((chance if bit else ONE - chance) / ONE)
        return bit


@cache
def _stretch() -> list[int]:
    """ln(p / (1 − p)) in 256ths for p = (i + ½)/4096."""
    exact = Context(prec=20)
    odds = (exact.divide(Decimal(2 * i + 1), Decimal(8191 - 2 * i)) for i in range(2048))
    half = [int(exact.multiply(exact.ln(odd), UNIT)) for odd in odds]
    return half + [-number for number in reversed(half)]


@cache
def _squash() -> list[int]:
    """1 / (1 + e^−x) in 65,536ths, from 1 to 65,535, for x = −12 … 12 in 256ths."""
    exact = Context(prec=20)
    powers = (exact.exp(exact.divide(-x, UNIT)) for x in range(-FAR, FAR + 1))
    chances = (int(exact.divide(ONE, exact.add(1, power))) for power in powers)
    return [min(ONE - 1, max(1, chance)) for chance in chances]


class Mixer:
    """The model of one kind of bit: an estimate for each context, and weights that mix them.

    Args:
        inputs: how many contexts each bit has.
        speed: how fast weights learn.
    """

    def __init__(self, inputs: int, speed: int = 30) -> None:
        self._tables: list[dict[Hashable, list[int]]] = [{} for _ in range(inputs)]
        self._weights: dict[Hashable, list[int]] = {}
        self._start = [ONE // inputs] * inputs
        self._speed = speed
        self._stretch = _stretch()
        self._squash = _squash()

    def code(
        self, coder: Coder, bit: int, contexts: Sequence[Hashable], chosen: Hashable = 0
    ) -> int:
        """Writes or reads one bit, and learns from it.

        Args:
            coder: An `Encoder`, which takes `bit`, or a `Decoder`, which finds it.
            bit: 0 or 1; anything when decoding.
            contexts: One key an input: what has been seen under the same key is this bit's guide.
            chosen: Which set of weights mixes them.

        Returns:
            The bit.
        """
        weights = self._weights.get(chosen)
        if weights is None:
            weights = self._weights[chosen] = self._start[:]
        slots, inputs, total = [], [], 0
        for table, context, weight in zip(self._tables, contexts, weights, strict=True):
            slot = table.get(context)
            if slot is None:
                slot = table[context] = [ONE // 2, 0]
            number = self._stretch[slot[0] >> 4] * _TRUST[slot[1]] >> 8
            slots.append(slot)
            inputs.append(number)
            total += number * weight
        total >>= 16
        chance = self._squash[max(-FAR, min(FAR, total)) + FAR]
        bit = coder.code(bit, chance)
        wrong = (bit << 16) - chance
        for place, number in enumerate(inputs):
            weights[place] += number * wrong * self._speed >> 20
        for slot in slots:
            slot[0] += ((bit * (ONE - 1)) - slot[0]) * _RATE[slot[1]] >> 16
            if slot[1] < STEADY:
                slot[1] += 1
        return bit
