"""What exercise 03 asks to be diagnosed, by letters in an order that tells nothing.

It stands here and not in the exercise, since who reads how a fault was made need not find it.
"""

from __future__ import annotations

import torch

from coursekit.nets.shuffled import shuffled


def five_layers(variant: int = 0) -> dict[str, torch.Tensor]:
    """Int8 codes of five layers by letter, each of the shape (40, 500); one of them is fine.

    Args:
        variant: of the letters: the layers are the same.
    """
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
    return shuffled(made, "ABCDE", seed=2 + variant)


def _codes(values: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    return (values / scale).round().clamp(-127, 127).to(torch.int8)


def _per_row(values: torch.Tensor) -> torch.Tensor:
    return values.abs().amax(1, keepdim=True) / 127
