"""The figures of lesson 15 that would take too many lines there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import chain, pairwise, permutations

import numpy as np
import pandas as pd
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from coursekit.pictures import plot


def by_hand(steps: Mapping[str, torch.Tensor]) -> Figure:
    """A small matrix after each step."""
    fig, axes = plot.figure(1, len(steps), width=10, height=2.6)
    for ax, (title, values) in zip(axes, steps.items(), strict=True):
        plot.matrix(ax, values.numpy())
        ax.set(title=title, xlabel="input", ylabel="output")
    return fig


def saying_where(bound: Callable[[float], float]) -> tuple[Figure, Axes]:
    """Bits of position per weight that stays, by the share of zeros."""
    stay = np.linspace(0.01, 0.3, 200)
    fig, ax = plot.figure(width=8, height=3)
    ax.plot(100 * (1 - stay), 1 / stay, marker="", label="bit mask")
    ax.plot(100 * (1 - stay), 0 * stay + 8, marker="", label="gaps, a byte each")
    ax.plot(100 * (1 - stay), [bound(p) for p in stay], marker="", label="bound")
    ax.set(title="Saying where", xlabel="zeros (%)", ylabel="bits per weight", ylim=(0, 30))
    ax.legend()
    return fig, ax


def codebook(weight: torch.Tensor, levels: torch.Tensor) -> Figure:
    """A layer's weights that stay, and its levels."""
    fig, ax = plot.figure(width=8, height=2.6)
    flat = weight.detach().flatten()
    ax.hist(flat[flat != 0].numpy(), 100, color="0.7")
    for level in levels.tolist():
        ax.axvline(level, color="black", linewidth=1, marker="")
    ax.set(title=f"784→300: weights that stay, and {len(levels)} levels", xlabel="weight")
    return fig


def coded(rows: Mapping[str, Sequence[float]]) -> Figure:
    """Bits per weight that stays of each stream: fixed width, Huffman, entropy."""
    fig, ax = plot.figure(width=8, height=3.4)
    series = {
        name: [row[place] for row in rows.values()]
        for place, name in enumerate(("fixed width", "Huffman", "entropy"))
    }
    plot.grouped_bars(ax, list(rows), series, label="{:.1f}")
    ax.set(title="Streams of the file", xlabel="bits per weight that stays")
    return fig


def every_byte(kinds: Mapping[str, int]) -> Figure:
    """How many bytes of a file are what."""
    fig, ax = plot.figure(width=8, height=2.6)
    plot.bars(ax, list(kinds), [float(count) for count in kinds.values()])
    ax.set(title="Every byte of the file", xlabel="bytes")
    return fig


Parts = Mapping[bool, tuple[np.ndarray, np.ndarray, np.ndarray]]


def sizes_by_steps(
    parts: Parts, encode: Callable[[np.ndarray], tuple[bytes, bytes]]
) -> dict[frozenset[str], int]:
    """Bytes after any of the steps prune, share and code, biases in float32.

    Args:
        parts: with and without pruning: float32 values, codes of 3 bits, gaps of a byte.
        encode: a table and the symbols in their codes, of symbols of a byte.
    """

    def size(steps: frozenset[str]) -> int:
        values, codes, gaps = parts["prune" in steps]
        streams = [(codes, 3) if "share" in steps else (values.view(np.uint8), 8)]
        if "prune" in steps:
            streams.append((gaps, 8))
        fixed = 4 * 410 + 4 * 24 * ("share" in steps)
        if "code" in steps:
            return fixed + sum(sum(map(len, encode(symbols))) for symbols, _ in streams)
        return fixed + sum(-(-len(symbols) * width // 8) for symbols, width in streams)

    steps = ("prune", "share", "code")
    chosen = chain.from_iterable(permutations(steps, count) for count in range(4))
    return {some: size(some) for some in map(frozenset, chosen)}


def waterfall(sizes: Mapping[frozenset[str], int], order: Sequence[str]) -> Figure:
    """From the float32 file to the last one, with the steps in this order."""
    fig, ax = plot.figure(width=7, height=3.2)
    at = [sizes[frozenset(order[:k])] for k in range(len(order) + 1)]
    for k, (before, after) in enumerate(pairwise(at)):
        ax.bar(k, before - after, bottom=after, color="0.6", edgecolor="black")
        ax.text(k, after * 0.8, f"÷ {before / after:.2f}", ha="center", va="top")
    ax.set(yscale="log", ylim=(4e3, 2e6), ylabel="bytes", title=", then ".join(order))
    ax.set_xticks(range(len(order)), list(order))
    return fig


def where(stays: np.ndarray, lit: np.ndarray) -> Figure:
    """Weights of each hidden unit, of each pixel, and how often a pixel is lit."""
    fig, axes = plot.figure(1, 3, width=13, height=3)
    axes[0].hist(stays.sum(1), 40, color="0.6", edgecolor="black")
    axes[0].set(title="Hidden units", xlabel="weights of a unit", ylabel="units")
    for ax, values, title in zip(
        axes[1:], (stays.sum(0), 100 * lit), ("Weights of a pixel", "Lit, % of images"), strict=True
    ):
        drawn = ax.imshow(values.reshape(28, 28), cmap="cividis")
        ax.set(title=title, xticks=[], yticks=[])
        ax.grid(visible=False)
        fig.colorbar(drawn, ax=ax)
    return fig


def sizes(rows: Mapping[str, float]) -> Figure:
    """Bytes of one network by what the coder knows."""
    fig, ax = plot.figure(width=8, height=0.6 + 0.4 * len(rows))
    plot.bars(ax, list(rows), list(rows.values()))
    ax.set(title="Positions and values of one network", xlabel="bytes")
    return fig


def rim(table: pd.DataFrame) -> Figure:
    """Bytes and validation accuracy of five seeds, by what is removed and how."""
    fig, ax = plot.figure(width=9, height=4)
    kinds = {
        "as it was": ("magnitude", 0.96, "none"),
        "3,000 fewer, the smallest": ("magnitude", 0.96, "magnitude"),
        "3,000 fewer, smallest × input": ("magnitude", 0.96, "input"),
        "climbed as far, by size": ("magnitude", 0.9713, "none"),
        "climbed as far, by size × input": ("input", 0.9713, "none"),
    }
    for number, (name, (climb, share, by)) in enumerate(kinds.items()):
        its = table[(table.climb == climb) & (table.share == share) & (table.by == by)]
        colour, marker = plot.COLOURS[number], plot.MARKERS[number]
        ax.plot(its["bytes"], 100 * its["untrained"], marker, color=colour, alpha=0.4)
        ax.plot(
            [its["bytes"].mean()],
            [100 * its["untrained"].mean()],
            marker,
            color=colour,
            markersize=11,
            label=name,
        )
    ax.set(
        title="Five seeds, and their mean: no training after the cut", xlabel="bytes of the file"
    )
    ax.set(ylabel="validation accuracy (%)")
    ax.legend(loc="lower right")
    return fig
