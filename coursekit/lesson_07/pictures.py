"""The figures of lesson 07 that would take too many lines there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from coursekit.nets.measure import Latency
from coursekit.pictures import plot


def puzzle(left: float, file: float, time: float) -> tuple[Figure, Axes]:
    """What is left, the file, and the time, beside the dense network."""
    fig, ax = plot.figure(height=2.2)
    names = ["non-zero weights", "file", "time for one image"]
    plot.bars(ax, names, [left, file, time], label="{:.2f}")
    ax.axvline(1, color="black", linewidth=1)
    ax.set(title="80% of the weights set to zero", xlabel="dense network = 1")
    return fig, ax


def by_hand(weights: torch.Tensor, mask: torch.Tensor) -> Figure:
    """Weights, their mask, and the product."""
    fig, axes = plot.figure(1, 3, width=12, height=2.4)
    parts = {"weights $W$": weights, "mask $M$": mask, "$W' = M \\odot W$": weights * mask}
    for ax, (title, values) in zip(axes, parts.items(), strict=True):
        plot.matrix(ax, values.numpy(), decimals=0 if values is mask else 1)
        ax.set(title=title, xlabel="input", ylabel="output")
    return fig


def ways(shares: Sequence[float], found: Mapping[str, np.ndarray], dense: float) -> Figure:
    """Accuracy by sparsity for each way to prune: mean and range of seeds."""
    fig, ax = plot.figure(width=8, height=3.8)
    percent = [100 * share for share in shares]
    for name, values in found.items():
        middle, low, high = (each(values, 0).tolist() for each in (np.mean, np.min, np.max))
        plot.band(ax, percent, middle, low, high, label=name)
    ax.axhline(dense, color="grey", linewidth=1, label="dense")
    ax.set(title="Not trained on: mean and range of three seeds", ylim=(0, 0.95))
    ax.set(xlabel="zeros (% of the weights)", ylabel="validation accuracy")
    ax.legend(loc="lower left")
    return fig


def kept(by_layer: Mapping[str, list[float]]) -> tuple[Figure, Axes]:
    """What global pruning keeps of each layer, as trained and rescaled."""
    fig, ax = plot.figure(width=8, height=2.8)
    plot.grouped_bars(ax, ["784→300", "300→100", "100→10"], by_layer)
    ax.set(title="80% zeros, globally: what each layer keeps", xlabel="weights kept (%)")
    return fig, ax


def nine(masks: Mapping[tuple[str, str], np.ndarray]) -> Figure:
    """A small matrix, pruned by each granularity (rows) and criterion (columns)."""
    fig, axes = plot.figure(3, 3, width=12, height=6.2)
    for ax, ((granularity, criterion), values) in zip(axes.flat, masks.items(), strict=True):
        plot.matrix(ax, values)
        ax.set(title=f"{granularity}, {criterion}", xticks=[], yticks=[])
    fig.supxlabel("input")
    fig.supylabel("output")
    return fig


def against(points: Mapping[str, Mapping[str, Sequence[float]]], title: str) -> tuple[Figure, Axes]:
    """Points by sparsity, one series for each network that it is compared with, every seed."""
    fig, ax = plot.figure(width=8, height=3)
    for number, (series, by_share) in enumerate(points.items()):
        for place, values in enumerate(by_share.values()):
            x = np.full(len(values), place + 0.2 * number)
            label = f"less {series}" if place == 0 else None
            ax.plot(x, values, "os"[number], color=plot.COLOURS[1 + number], label=label)
    ax.axhline(0, color="grey", linewidth=1, linestyle="-", marker="")
    ax.axhline(-1, color="grey", linewidth=1, linestyle=":", marker="")
    ax.set_xticks(range(len(by_share)), [f"{name} zeros" for name in by_share])
    ax.set(title=title, ylabel="points")
    ax.legend(loc="lower left")
    return fig, ax


def stored(sizes: Mapping[str, float]) -> Figure:
    """Files of one network, dense = 1."""
    fig, ax = plot.figure(width=8, height=0.6 + 0.36 * len(sizes))
    plot.bars(ax, list(sizes), list(sizes.values()), label="{:.2f}")
    ax.axvline(1, color="black", linewidth=1)
    ax.set(title="90% zeros in a file", xlabel="size (dense = 1)")
    return fig


def formats(sizes: Mapping[str, Any]) -> tuple[Figure, Axes]:
    """Kilobytes of a layer by its share of zeros, from 0 to 1, a line for each format."""
    fig, ax = plot.figure(width=8, height=3.2)
    for name, size in sizes.items():
        ax.plot(np.linspace(0, 100, len(size)), size / 1000, label=name, marker="")
    ax.set(title="A 784→300 layer, stored", xlabel="zeros (%)", ylim=(0, None))
    ax.set(ylabel="kB")
    ax.legend()
    return fig, ax


def three_times(timed: Mapping[int, Mapping[str, Latency]]) -> Figure:
    """Times of networks of one shape, for each batch."""
    fig, axes = plot.figure(1, len(timed), width=10, height=2.4)
    for ax, (batch, times) in zip(axes, timed.items(), strict=True):
        plot.latencies(ax, times)
        ax.set_title("one image" if batch == 1 else f"{batch} images")
    return fig


def products(
    levels: Sequence[float], timed: Mapping[int, Mapping[str, Sequence[Latency]]]
) -> Figure:
    """Time of a product by zeros, dense and CSR, quartiles shaded."""
    fig, axes = plot.figure(1, len(timed), width=10, height=3.4)
    for ax, (batch, both) in zip(axes, timed.items(), strict=True):
        for name, times in both.items():
            quartiles = np.array([[t.lower_quartile, t.median, t.upper_quartile] for t in times])
            low, median, high = 1e6 * quartiles.T
            plot.band(ax, [100 * share for share in levels], median, low, high, label=name)
        what = "one input" if batch == 1 else f"{batch} inputs"
        ax.set(title=what, xlabel="zeros (%)", ylabel="µs, quartiles shaded")
        plot.log_y(ax)
        ax.legend()
    return fig


def reader(table: pd.DataFrame) -> Figure:
    """Characters misread by PP-OCRv4, by the share of zeros, for both ways to prune."""
    fig, ax = plot.figure(width=8, height=2.8)
    characters = int(table[table.share == 0].drop_duplicates("line").line.str.len().sum())
    for way, its in table.groupby("way"):
        wrong = its.groupby("share").errors.sum()
        ax.plot(100 * wrong.index, 100 * wrong / characters, label=way)
    ax.set(title="A reader of text, pruned and not trained on", xlabel="zeros (%)")
    ax.set(ylabel="characters misread (%)", ylim=(-3, 105))
    ax.legend()
    return fig
