"""What exercises 03, 04, 14 and 15 ask to be diagnosed, by letters in an order that tells nothing.

It stands here and not in the exercises, since who reads how a fault was made need not find it.
"""

from __future__ import annotations

import lzma
from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np
import torch

from coursekit.data import load_arrays

T = TypeVar("T")
STUDENTS = "taught_students.npz"


def five_layers() -> dict[str, torch.Tensor]:
    """Int8 codes of five layers by letter, each of the shape (40, 500); one of them is fine."""
    random = torch.Generator().manual_seed(3)

    def gaussian() -> torch.Tensor:
        return torch.randn(40, 500, generator=random)

    fine, cut, positive, far = gaussian(), gaussian(), gaussian().abs(), gaussian()
    far[:, ::250] *= 40
    uneven = gaussian() * 2.0 ** -torch.arange(0, 8, 0.2)[:, None]
    made = [
        _codes(uneven, uneven.abs().max() / 127),
        _codes(cut, torch.tensor(0.8 / 127)),
        _codes(fine, _per_row(fine)),
        _codes(positive, _per_row(positive)),
        _codes(far, _per_row(far)),
    ]
    return _shuffled(made, "ABCDE", seed=2)


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

    return layer(), _shuffled([layer(clip=False), layer(half=0), layer(zero=0)], "ABC", seed=2)


def three_students() -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Logits of a teacher for 500 test images, (500, 10), and by letter those of three students.

    One of them had labels alone, one smoothed labels, and one was taught.
    """
    arrays = {name: torch.from_numpy(a).float() for name, a in load_arrays(STUDENTS).items()}
    teacher = arrays.pop("teacher")
    return teacher, _shuffled(list(arrays.values()), "ABC", seed=5)


def four_files() -> dict[str, bytes]:
    """By letter, 4,096 bytes from the middle of four files that hold the same pruned layer."""
    random = np.random.default_rng(15)
    weights = np.where(random.random(120_000) < 0.06, random.normal(0, 0.05, 120_000), 0)
    kept = np.flatnonzero(weights)
    codes = np.clip(np.round(weights * 200), -127, 127).astype("i1").tobytes()
    gaps = np.minimum(np.diff(kept), 255).astype("u1").tobytes()
    values = weights[kept].astype("<f4").tobytes()
    made = [values, codes, gaps, lzma.compress(codes)]
    return _shuffled([one[400:4496] for one in made], "ABCD", seed=3)


def _codes(values: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    return (values / scale).round().clamp(-127, 127).to(torch.int8)


def _per_row(values: torch.Tensor) -> torch.Tensor:
    return values.abs().amax(1, keepdim=True) / 127


def _shuffled(made: Sequence[T], letters: str, seed: int) -> dict[str, T]:
    order = np.random.default_rng(seed).permutation(len(made))
    return {letter: made[place] for letter, place in zip(letters, order, strict=True)}
