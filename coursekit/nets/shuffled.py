"""Things by letters, in an order that tells nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")


def shuffled(made: Sequence[T], letters: str, seed: int) -> dict[str, T]:
    """One of `made` by each letter; the order follows from the seed."""
    order = np.random.default_rng(seed).permutation(len(made))
    return {letter: made[place] for letter, place in zip(letters, order, strict=True)}
