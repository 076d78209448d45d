"""What lesson 15 works with: layers that share few values, compressors, and its table of runs."""

from __future__ import annotations

import lzma
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import nn

from coursekit.lesson_15.gradual import linears, stack
from coursekit.lesson_15.squeeze import container
from coursekit.nets.data import load_results
from coursekit.nets.evidence import verdict


@dataclass
class Layer:
    """A layer in few numbers: where its weights stand, which level each has, levels and biases.

    Attributes:
        shape: (outputs, inputs).
        places: of the weights that stay, counted row by row from 0, ascending: (kept,).
        codes: for each the number of its level: (kept,).
        levels: float32, ascending after k-means: (levels,).
        bias: float32: (outputs,).
    """

    shape: tuple[int, int]
    places: torch.Tensor
    codes: torch.Tensor
    levels: torch.Tensor
    bias: torch.Tensor

    def weight(self) -> torch.Tensor:
        """float32 (outputs, inputs)."""
        flat = torch.zeros(math.prod(self.shape))
        flat[self.places] = self.levels[self.codes]
        return flat.view(self.shape)


@torch.no_grad()
def network(layers: Sequence[Layer]) -> nn.Sequential:
    """The network that these layers make, to evaluate: their shapes are all that is needed."""
    model = stack([layer.shape for layer in layers]).eval()
    for linear, layer in zip(linears(model), layers, strict=True):
        linear.weight.copy_(layer.weight())
        linear.bias.copy_(layer.bias)
    return model


def k_means(values: torch.Tensor, count: int, steps: int = 40) -> torch.Tensor:
    """Levels for values in one dimension, float32 (count,), ascending; lesson 03 explains it.

    The first levels are evenly spaced, and one to which no value comes stays where it is.
    """
    x = values.double()
    levels = torch.linspace(float(x.min()), float(x.max()), count, dtype=torch.double)
    for _ in range(steps):
        codes = torch.bucketize(x, (levels[1:] + levels[:-1]) / 2)
        sizes, sums = codes.bincount(minlength=count), codes.bincount(x, count)
        levels = torch.where(sizes > 0, sums / sizes.clamp(min=1), levels)
    return levels.float()


def whole_numbers(layer: Layer) -> container.Layer:
    """The same places and codes for `squeeze`: 0 for what is pruned, −1, −2, … for levels
    below 0, the nearest first, 1, 2, … for the others. Levels and biases are left out.
    """
    negative = int((layer.levels < 0).sum())
    numbers = layer.codes - negative
    numbers = torch.where(numbers < 0, numbers, numbers + 1)
    flat = torch.zeros(math.prod(layer.shape), dtype=torch.int32)
    flat[layer.places] = numbers.int()
    no_bias = np.zeros(layer.shape[0], np.int32)
    return container.Layer(flat.view(layer.shape).numpy(), 1.0, no_bias, 1.0)


def by_lzma(data: bytes) -> int:
    """Bytes after lzma without a container, told that each byte is a symbol of its own."""
    own = {"id": lzma.FILTER_LZMA2, "preset": 9, "lc": 0, "lp": 0, "pb": 0}
    return len(lzma.compress(data, lzma.FORMAT_RAW, filters=[own]))


def runs(
    part: str, share: float, levels: int = 0, *, what: str = "LeNet", epochs: int = 24
) -> pd.DataFrame:
    """Five seeds from squeezed.csv, at the learning rate that is best on validation images.

    Args:
        part: "trained" or "file".
        share: the share of zeros.
        levels: shared values per layer; 0 for what is trained only.
        what: the network.
        epochs: all of them together.
    """
    table = load_results("squeezed")
    its = table[(table.part == part) & (table.share == share) & (table.levels == levels)]
    its = its[(its.what == what) & (its.epochs == epochs)]
    lr = its.groupby("lr").validation.mean().idxmax()
    return its[its.lr == lr].sort_values("seed")


def against(values: pd.Series, others: pd.Series) -> str:
    """Mean difference of accuracies in points, and half its 95% interval, paired over seeds."""
    its = verdict(values, others, shared="seeds")
    return f"{its.points:+.2f} ± {its.half:.2f}"
