"""What rounding does to a network, without a quantized network: copies with other numbers inside.

All of it stays float32, so it says what happens to accuracy, and nothing about bytes or time.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence

import torch
from torch import nn

from coursekit.nets.data import load_fashion_mnist
from coursekit.nets.networks import lenet
from coursekit.nets.train import Labelled, fit, set_seed

Change = Callable[[torch.Tensor], torch.Tensor]


def trained_lenets(
    seeds: int = 3, epochs: int = 5
) -> tuple[list[nn.Sequential], Labelled, Labelled]:
    """LeNet-300-100 trained on 8,000 pictures of clothes, once for each seed from 0.

    Returns:
        The networks, what they were trained on, and 2,000 other images to choose on.
    """
    train, validation = (part.tensors() for part in load_fashion_mnist().train.hold_out(2000))
    models = []
    for seed in range(seeds):
        set_seed(seed)
        model = lenet()
        fit(model, train, epochs=epochs, seed=seed, quiet=True)
        models.append(model)
    return models, train, validation


def with_weights(model: nn.Sequential, change: Change) -> nn.Sequential:
    """A copy of `model` with `change(weight)` in place of each linear layer's weight."""
    model = copy.deepcopy(model)
    for layer in model:
        if isinstance(layer, nn.Linear):
            layer.weight.data = change(layer.weight.data)
    return model


class _After(nn.Module):
    """A ReLU, and then a change of what leaves it."""

    def __init__(self, change: Change) -> None:
        super().__init__()
        self.change = change

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.change(x.relu())


def with_activations(model: nn.Sequential, changes: Sequence[Change]) -> nn.Sequential:
    """A copy of `model` in which what leaves each ReLU goes through a change of its own.

    Raises:
        ValueError: if there are not as many changes as ReLUs.
    """
    layers = list(copy.deepcopy(model))
    places = [place for place, layer in enumerate(layers) if isinstance(layer, nn.ReLU)]
    if len(places) != len(changes):
        raise ValueError(f"{len(places)} ReLUs, but {len(changes)} changes")
    for place, change in zip(places, changes, strict=True):
        layers[place] = _After(change)
    return nn.Sequential(*layers)


@torch.no_grad()
def after_relus(model: nn.Sequential, inputs: torch.Tensor) -> list[torch.Tensor]:
    """What leaves each ReLU of `model` for `inputs`, in order, each of the shape (n, units)."""
    seen, x = [], inputs
    for layer in model:
        x = layer(x)
        if isinstance(layer, nn.ReLU):
            seen.append(x)
    return seen


def sqnr(values: torch.Tensor, back: torch.Tensor) -> float:
    """Signal to quantization noise ratio in decibels, as in lesson 02; infinite if nothing is off.

    Raises:
        ValueError: if all values are 0: then there is no signal.
    """
    signal = float(values.double().square().sum())
    noise = float((values.double() - back.double()).square().sum())
    if signal == 0:
        raise ValueError("all values are 0, so there is no signal to compare the noise with")
    return 10 * math.log10(signal / noise) if noise else math.inf
