"""The figures of lesson 03 that would take too many lines there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from coursekit.pictures import plot

MARKERS = "os^Dv<>"


def small_codes(
    codes: Mapping[str, tuple[torch.Tensor, torch.Tensor]], shape: Sequence[int]
) -> Figure:
    """A grid of codes for each way to share scales; its title counts the scales."""
    fig, axes = plot.figure(1, len(codes), width=13, height=2.2)
    for ax, (name, (each, scale)) in zip(axes, codes.items(), strict=True):
        plot.matrix(ax, each.reshape(*shape).numpy(), decimals=0)
        count = f"{scale.numel()} scale" + "s" * (scale.numel() > 1)
        ax.set(title=f"4-bit codes {name} ({count})", xlabel="input", ylabel="output")
    return fig


def rows(largest: np.ndarray) -> Figure:
    """The largest weight of each output, in order, and half of a step that all would share."""
    fig, ax = plot.figure(width=8, height=3)
    half = largest.max() / 254
    shown = np.sort(largest)[::-1].clip(min=half / 30)
    ax.plot(shown, "-", marker="", color="black")
    ax.axhline(half, color="grey", linewidth=1, marker="", linestyle="--")
    ax.annotate("half a step of one int8 scale", (5, half), (0, 5), textcoords="offset points")
    ax.set(title="480 outputs of one layer of PP-OCRv4", yscale="log")
    ax.set(xlabel="outputs, the largest first", ylabel="largest weight")
    return fig


def groups(lines: Mapping[int, Sequence[tuple[float, float]]]) -> Figure:
    """SQNR by bits a weight, a line for each number of bits of a code."""
    fig, ax = plot.figure(width=8, height=3.2)
    for marker, (bits, line) in zip(MARKERS, lines.items(), strict=False):
        ax.plot(*np.array(line).T, marker=marker, label=f"{bits} bits")
    ax.set(title="Layer 1: a row, then smaller and smaller groups")
    ax.set(xlabel="bits per weight, with float16 scales", ylabel="SQNR (dB)")
    ax.legend()
    return fig


def two_scores(
    names: Sequence[str], left: np.ndarray, right: np.ndarray, left_label: str, right_label: str
) -> Figure:
    """Two scores of the same things side by side, each with a mark for every seed."""
    fig, axes = plot.figure(1, 2, width=10, height=2.6, sharey=True)
    for ax, values, label in zip(axes, (left, right), (left_label, right_label), strict=True):
        for place, seeds in enumerate(values):
            ax.plot(seeds, [place] * len(seeds), "o", color="black", alpha=0.6)
        ax.set(xlabel=label, ylim=(len(names) - 0.5, -0.5))
        ax.grid(axis="y", alpha=0.3)
    axes[0].set_yticks(range(len(names)), names)
    axes[0].set_title("What the tensor says")
    axes[1].set_title("What the network says")
    return fig


def errors(found: Mapping[str, tuple[float, float, float]]) -> tuple[Figure, Axes]:
    """Accuracy against the SQNR, and against that after the best factor. Also the first axes."""
    fig, axes = plot.figure(1, 2, width=12, height=3.6, sharey=True)
    titles = ("SQNR as it is", "after the best common factor")
    for place, (ax, title) in enumerate(zip(axes, titles, strict=True)):
        for name, its in found.items():
            x, y = its[place], its[2]
            ax.plot([x], [y], "o", color="black")
            ax.annotate(name, (x, y), (7, -4), textcoords="offset points", fontsize=10)
        ax.set(title=title, xlabel="SQNR of layer 1 (dB)", ylim=(0, 1))
        ax.margins(x=0.2)
    axes[0].set_ylabel("accuracy")
    return fig, axes[0]


def factor(accuracies: Mapping[float, float], at: float, decibels: float) -> Figure:
    """Accuracy by the factor that multiplies all weights, one of them marked."""
    fig, ax = plot.figure(width=7, height=2.8)
    ax.plot(list(accuracies), list(accuracies.values()), color="black")
    ax.plot([at], [accuracies[at]], "s", color=plot.COLOURS[2], markersize=11)
    ax.set(title=f"All weights × {at:g}: SQNR {decibels:.1f} dB", xscale="log", ylim=(0, 1))
    ax.set(xlabel="factor", ylabel="accuracy")
    return fig
