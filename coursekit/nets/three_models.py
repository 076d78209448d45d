"""Lesson 00's pipeline in three networks: float, pruned, and pruned and quantized.

The network, its training and its pruning are those of the lesson, seed for seed, so that a trace
shows the very numbers of the lesson's cells.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
import pandas as pd
import torch
from torch import nn

from coursekit.nets.data import Split, load_digits
from coursekit.nets.train import evaluate, fit, fixed

SPARSITY = 0.3


BITS = 8


EPOCHS = 5


RESTS = 0.01  # A loss that falls by a smaller share than this has come to rest.


@dataclass(frozen=True)
class Run:
    """What the lesson has after its fourth stage.

    Attributes:
        history: One row an epoch, from 0 (untrained): loss, accuracy, and both on validation.
    """

    train: Split
    validation: Split
    test: Split
    untrained: nn.Sequential
    trained: nn.Sequential
    history: pd.DataFrame


@cache
def run() -> Run:
    """Trains lesson 00's network: 784→128→10, five epochs, seed 0. Nobody may change it."""
    digits = load_digits()
    train, validation = digits.train.hold_out(397)
    (images, labels), (held, held_labels) = train.tensors(), validation.tensors()
    data, held_data = (images.flatten(1), labels), (held.flatten(1), held_labels)
    # Whoever asks first may be in the middle of `torch.no_grad`.
    with fixed(), torch.enable_grad():
        model = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
        untrained = copy.deepcopy(model)
        start = *evaluate(model, *data), *evaluate(model, *held_data)
        history = fit(model, data, held_data, epochs=EPOCHS, quiet=True).set_index("epoch")
    history.loc[0] = start
    return Run(train, validation, digits.test, untrained, model, history.sort_index())


def weight_of(model: nn.Sequential, place: int = 0) -> torch.Tensor:
    """The weight of the linear layer at a place, shape (outputs, inputs), without its gradient."""
    layer = model[place]
    assert isinstance(layer, nn.Linear)
    return layer.weight.detach()


def prune_smallest(weight: torch.Tensor, share: float) -> torch.Tensor:
    """A copy of `weight` in which the given share, the smallest in magnitude, is zero."""
    values = weight.flatten()
    smallest = values.abs().argsort()[: round(share * len(values))]
    return values.index_fill(0, smallest, 0).reshape(weight.shape)


def different(values: torch.Tensor) -> int:
    """How many different values there are; NumPy counts them in a fraction of PyTorch's time."""
    return np.unique(values.numpy()).size


def quantize(weight: torch.Tensor, bits: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The integers that a tensor becomes in this many bits, as int8, and their scale, shape ().

    The scale is that at which the largest weight just fits: max|w| / (2^(bits − 1) − 1). For a
    tensor of zeros it is 1.
    """
    reach = 2 ** (bits - 1)
    largest = weight.abs().max()
    scale = largest / (reach - 1) if largest else torch.ones(())
    return (weight / scale).round().clamp(-reach, reach - 1).to(torch.int8), scale


@lru_cache(maxsize=16)
def three_models(sparsity: float = SPARSITY, bits: int = BITS) -> dict[str, nn.Sequential]:
    """The trained network; its first layer pruned; and that with its weights in so many bits.

    The quantized weights are float32 again, each a whole number of steps. Nobody may change them.
    """
    dense = run().trained
    pruned = copy.deepcopy(dense)
    weight_of(pruned).copy_(prune_smallest(weight_of(dense), sparsity))
    quantized = copy.deepcopy(pruned)
    for place in (0, 2):
        steps, scale = quantize(weight_of(quantized, place), bits)
        weight_of(quantized, place).copy_(steps * scale)
    return {"dense": dense, "pruned": pruned, "quantized": quantized}
