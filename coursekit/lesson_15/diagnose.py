"""What exercise 15 asks to be diagnosed, by letters in an order that tells nothing.

It stands here and not in the exercise, since who reads how a fault was made need not find it.
"""

from __future__ import annotations

import lzma

import numpy as np

from coursekit.nets.shuffled import shuffled


def four_files() -> dict[str, bytes]:
    """By letter, 4,096 bytes from the middle of four files that hold the same pruned layer."""
    random = np.random.default_rng(15)
    weights = np.where(random.random(120_000) < 0.06, random.normal(0, 0.05, 120_000), 0)
    kept = np.flatnonzero(weights)
    codes = np.clip(np.round(weights * 200), -127, 127).astype("i1").tobytes()
    gaps = np.minimum(np.diff(kept), 255).astype("u1").tobytes()
    values = weights[kept].astype("<f4").tobytes()
    made = [values, codes, gaps, lzma.compress(codes)]
    return shuffled([one[400:4496] for one in made], "ABCD", seed=3)
