"""Is it a difference? One rule for the whole course; lesson 00 teaches it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

# Student's t for 95%, by degrees of freedom from 1 on. Beyond the last it falls to 1.96 at most.
_STUDENT = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228]
_STUDENT += [2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086]


@dataclass(frozen=True)
class Verdict:
    """How far one is above the other, and whether that is shown.

    Attributes:
        points: One less other, in percentage points.
        half: Half of the 95% interval around it.
        among: How many such comparisons were made; of 20, one misses 0 by chance.
    """

    points: float
    half: float
    among: int = 1

    @property
    def word(self) -> Literal["better", "worse", "indistinguishable"]:
        if abs(self.points) <= self.half:
            return "indistinguishable"
        return "better" if self.points > 0 else "worse"

    def __str__(self) -> str:
        of = f", 1 of {self.among}" if self.among > 1 else ""
        return f"{self.points:+.2f} ± {self.half:.2f}  {self.word}{of}"


def verdict(
    one: ArrayLike,
    other: ArrayLike,
    *,
    shared: Literal["images", "seeds", "nothing"],
    among: int = 1,
) -> Verdict:
    """Whether `one` is better than `other`, by what both share.

    Args:
        one: For shared images which of them are answered right, bool of shape (n,). Else the
            accuracies of several networks, 0 to 1, one for each seed.
        other: The same of what it is compared with; pairs stand at the same place.
        shared: "images": two networks on the same images; only those count that one alone gets
            right (McNemar 1947). "seeds": the networks at the same place share a seed, so their
            differences count (Student's t). "nothing": the variances add up (Welch 1947).
        among: How many comparisons are made in all.

    Raises:
        ValueError: if pairs differ in number, or there are not two values each.
    """
    a, b = (np.asarray(values, dtype=float) for values in (one, other))
    if min(len(a), len(b)) < 2:
        raise ValueError("a verdict needs at least two values on each side")
    if shared != "nothing" and len(a) != len(b):
        raise ValueError(f"{len(a)} values can't be paired with {len(b)}")
    if shared == "images":
        return by_image(int((b > a).sum()), int((a > b).sum()), len(a), among)
    if shared == "seeds":
        squared, freedom = (a - b).var(ddof=1) / len(a), float(len(a) - 1)
    else:
        parts = [values.var(ddof=1) / len(values) for values in (a, b)]
        squared = sum(parts)
        below = sum(p**2 / (len(v) - 1) for p, v in zip(parts, (a, b), strict=True))
        freedom = squared**2 / below if below else 1.0
    half = _student(freedom) * math.sqrt(squared)
    return Verdict(100 * float(a.mean() - b.mean()), 100 * half, among)


def by_image(lost: int, won: int, images: int, among: int = 1) -> Verdict:
    """The verdict of two networks on the same images, `lost` and `won` of which tell them apart.

    The half width is that of a fair coin with its correction for whole numbers. It leaves out 0
    where the exact p is below 0.05; where that is between 0.0487 and 0.05, it may still hold 0.
    And of an event that was never seen, three may still be expected (the rule of three).
    """
    half = max(3, 1.96 * math.sqrt(lost + won) + 1) / images
    return Verdict(100 * (won - lost) / images, 100 * half, among)


def _student(freedom: float, table: Sequence[float] = _STUDENT) -> float:
    """Rounded down: a fraction of a degree makes no interval shorter."""
    return table[min(int(freedom + 1e-9), len(table)) - 1]
