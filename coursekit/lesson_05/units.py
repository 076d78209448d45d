"""The same function with other weights: a large unit among those that share its scale."""

from __future__ import annotations

import copy

import torch
from torch import nn


@torch.no_grad()
def one_unit(model: nn.Sequential, images: torch.Tensor, factor: float = 1024.0) -> nn.Sequential:
    """A copy of a LeNet that computes the same: the unit of layer 1 that is most active on `images`
    times `factor`, and divided by it again in layer 2.

    A ReLU lets a positive factor through; with a power of two not even a bit changes (Nagel et al.
    2019, arXiv:1906.04721).

    Args:
        images: float32, shape (n, 1, 28, 28).
    """
    model = copy.deepcopy(model)
    unit = int(model[:3](images).mean(0).argmax())
    first, second = model.get_submodule("1"), model.get_submodule("3")
    first.get_parameter("weight")[unit] *= factor
    first.get_parameter("bias")[unit] *= factor
    second.get_parameter("weight")[:, unit] /= factor
    return model
