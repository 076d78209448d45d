"""The figures of lesson 06 that would take too many lines there, from qat.csv and few_bits.csv."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure
from torch import nn

from coursekit.nets.data import load_results
from coursekit.pictures import plot


class _Rounded(Protocol):
    weight: torch.Tensor
    scale: torch.Tensor


def chosen(runs: pd.DataFrame, by: str = "validation") -> pd.DataFrame:
    """Of some runs the row that is best on validation images, over rates and epochs, per seed."""
    return runs.loc[runs.groupby("seed")[by].idxmax()].set_index("seed").sort_index()


def best(
    what: str, bits: int = 2, column: str = "validation", network: str = "mlp"
) -> pd.Series[float]:
    """A column of qat.csv at the epoch that is best on validation images: a value per seed."""
    runs = load_results("qat")
    its = runs[(runs.network == network) & (runs.what == what) & (runs.bits == bits)]
    return chosen(its)[column]


def rounded_only(what: str, bits: int, column: str, network: str = "mlp") -> pd.Series[float]:
    """The same before any training."""
    runs = load_results("qat")
    its = runs[(runs.network == network) & (runs.what == what) & (runs.bits == bits)]
    return its[its.epoch == 0].set_index("seed")[column].sort_index()


def of_few_bits(way: str, bits: int, column: str = "test") -> pd.Series[float]:
    """A column of few_bits.csv, at the rate and epoch that are best on validation images."""
    runs = load_results("few_bits")
    its = runs[(runs.way == way) & (runs.bits == bits)]
    return chosen(its)[column]


def staircase(width: float) -> Figure:
    """A hard staircase and a smooth one whose steps are `width` wide, and their slopes."""
    x = np.linspace(-2.6, 1.6, 801)
    risen = [1 / (1 + np.exp(-(x - border) / width)) for border in (-1.5, -0.5, 0.5)]
    fig, (left, right) = plot.figure(1, 2, width=10, height=2.8)
    left.plot(x, x.round().clip(-2, 1), marker="", label="round and clip")
    left.plot(x, -2 + sum(risen), marker="", label=f"smooth, width {width:g}")
    right.plot(x, ((x > -2) & (x < 1)).astype(float), marker="", label="straight-through")
    slope = sum(part * (1 - part) / width for part in risen)
    right.plot(x, slope, marker="", label="of the smooth one")
    left.set(title="A staircase", xlabel="w / s", ylabel="code")
    right.set(title="Its slope", xlabel="w / s", ylim=(0, 5))
    left.legend()
    right.legend()
    return fig


def latent(before: torch.Tensor, after: _Rounded) -> Figure:
    """Histograms of a layer's latent weights, in steps, before and after the training."""
    fig, axes = plot.figure(1, 2, width=10, height=2.6, sharey=True)
    for ax, title, weight in zip(axes, ("before", "after"), (before, after.weight), strict=True):
        steps = (weight.detach() / after.scale).flatten().numpy()
        ax.hist(steps, bins=np.arange(-4, 3.01, 0.1), color=plot.COLOURS[1], edgecolor="black")
        for border in (-1.5, -0.5, 0.5):
            ax.axvline(border, color="black", linewidth=1, linestyle="--")
        ax.set(title=f"Latent weights {title}", xlabel="in steps", xticks=range(-4, 4))
    return fig


def who_did_it() -> Figure:
    """Two bits, one scale per row: points more or less than float trained on, five seeds."""
    float_on = best("float: weights and biases", 32, "test")
    ways = {
        "rounded, not trained": rounded_only("from the best clip", 2, "test"),
        "biases alone trained": best("row: biases alone", 2, "test"),
        "weights and biases": best("row: weights and biases", 2, "test"),
    }
    fig, ax = plot.figure(width=8, height=2.2)
    for place, its in enumerate(ways.values()):
        points = 100 * (its - float_on)
        ax.plot(points, [place] * len(points), "o", color=plot.COLOURS[1], alpha=0.6)
        ax.plot([points.mean()], [place], "|", color="black", markersize=18)
    ax.axvline(0, color="grey", linewidth=1, marker="", linestyle="-")
    ax.set_yticks(range(len(ways)), list(ways))
    ax.set(title="Two bits, five networks", xlabel="points more than float, trained on")
    ax.set(ylim=(len(ways) - 0.5, -0.5))
    return fig


def few_bits() -> Figure:
    """Weights and activations of the depthwise network in few bits: three seeds."""
    ways = ("rounded only", "weights fixed", "observers", "learned steps")
    bits = (8, 4, 3)
    series = {way: [of_few_bits(way, each).tolist() for each in bits] for way in ways}
    fig, ax = plot.figure(width=9, height=3.4)
    plot.ranges(ax, [f"{each} bits" for each in bits], series)
    ax.axhline(of_few_bits("float", 32).mean(), color="grey", linewidth=1, marker="", linestyle="-")
    ax.set(title="Weights and activations (grey: float)", ylabel="test accuracy", ylim=(0, 0.95))
    ax.legend(loc="lower left")
    return fig


def statistics(remembered: nn.Sequential, averaged: nn.Sequential) -> Figure:
    """Each channel's mean and standard deviation: as batch norm remembers them, and as they are."""
    fig, axes = plot.figure(1, 2, width=9, height=3.2)
    pairs = [
        (one, other)
        for one, other in zip(remembered, averaged, strict=True)
        if isinstance(one, nn.BatchNorm2d)
    ]
    for ax, name, power in zip(axes, ("mean", "var"), (1, 0.5), strict=True):
        x, y = (
            torch.cat([getattr(pair[which], f"running_{name}") for pair in pairs]) ** power
            for which in (0, 1)
        )
        ends = [float(min(x.min(), y.min())), float(max(x.max(), y.max()))]
        ax.plot(ends, ends, "-", color="grey", marker="", linewidth=1)
        ax.plot(x, y, "o", color=plot.COLOURS[1], markersize=3)
        ax.set(xlabel="as batch norm remembers it", ylabel="as it is with 3 bits")
    axes[0].set_title("Mean of a channel")
    axes[1].set_title("Standard deviation")
    return fig
