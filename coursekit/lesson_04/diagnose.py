"""What exercise 04 asks to be diagnosed, by letters in an order that tells nothing.

It stands here and not in the exercise, since who reads how a fault was made need not find it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from coursekit.nets.shuffled import shuffled


def three_colleagues() -> tuple[np.ndarray, Mapping[str, np.ndarray]]:
    """An integer layer with two outputs, and three versions of it, each with a mistake.

    Returns:
        The right int8 outputs, of the shape (400, 2), and by letter those of each version.
    """
    random = np.random.default_rng(4)
    inputs = random.integers(-128, 128, (400, 24))
    weights = random.integers(-90, 91, (2, 24))

    def layer(zero: int = -20, half: float = 0.5, clip: bool = True) -> np.ndarray:
        steps = np.floor((inputs - zero) @ weights.T / 128 + half)
        return np.asarray(np.clip(steps, -128, 127) if clip else (steps + 128) % 256 - 128)

    return layer(), shuffled([layer(clip=False), layer(half=0), layer(zero=0)], "ABC", seed=2)
