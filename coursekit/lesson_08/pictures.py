"""The figures of lesson 08 that would take too many lines there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from coursekit.lesson_08.removal import CRITERIA
from coursekit.nets.data import load_results
from coursekit.nets.evidence import verdict
from coursekit.nets.measure import Latency
from coursekit.pictures import plot


def half_gone(shares: Mapping[str, Sequence[float]]) -> tuple[Figure, Axes]:
    """MACs, file and time of a network half of which is zero, and of one half as wide."""
    fig, ax = plot.figure(height=2.8)
    names = ["MACs", "file", "time for one image"]
    plot.grouped_bars(ax, names, {name: list(its) for name, its in shares.items()}, label="{:.2f}")
    ax.axvline(1, color="black", linewidth=1)
    ax.set(title="Half set to zero, and half gone", xlabel="full network = 1", xlim=(0, 1.7))
    ax.legend(loc="center right")
    return fig, ax


def one_unit(
    w1: torch.Tensor, b1: torch.Tensor, w2: torch.Tensor, unit: int, changes: float
) -> Figure:
    """Two small layers, and a frame around all that belongs to one unit.

    Args:
        changes: By how much the outputs change without it, at most.
    """
    fig, axes = plot.figure(1, 3, width=10, height=2.4)
    titles = ("$W_1$: a row", "$b_1$: an entry", "$W_2$: a column")
    for ax, title, values in zip(axes, titles, (w1, b1[:, None], w2), strict=True):
        plot.matrix(ax, values.numpy())
        ax.set_title(title)
    for around in (axes[0].axhspan, axes[1].axhspan, axes[2].axvspan):
        around(unit - 0.5, unit + 0.5, facecolor="none", edgecolor="black", linewidth=4)
    axes[0].set(xlabel="input", ylabel="unit")
    axes[1].set(ylabel="unit", xticks=[])
    axes[2].set(xlabel="unit", ylabel="output")
    fig.suptitle(f"Without unit {unit} an output changes by up to {changes:.2f}")
    return fig


def accuracies(found: Mapping[str, float], title: str) -> tuple[Figure, Axes]:
    """Bars of accuracy in per cent."""
    fig, ax = plot.figure(width=8, height=0.6 + 0.4 * len(found))
    plot.bars(ax, list(found), list(found.values()), label="{:.1f}")
    ax.set(title=title, xlabel="validation accuracy (%)", xlim=(0, 100))
    return fig, ax


def silent(units: pd.DataFrame) -> Figure:
    """The largest weight of each unit of two layers of a shipped network, in order."""
    fig, axes = plot.figure(1, 2, width=10, height=2.8, sharey=True)
    for ax, (size, its) in zip(axes, units.groupby("layer"), strict=True):
        largest = np.sort(its["largest"].to_numpy())[::-1].clip(min=1e-12)
        ax.plot(largest, "o", markersize=3, color=plot.COLOURS[1])
        ax.set(title=f"{size} units, {its['removed'].sum()} without weights", yscale="log")
        ax.set(xlabel="units, the largest first", ylim=(3e-13, 10))
    axes[0].set_ylabel("largest weight")
    return fig


def macs(before: Mapping[str, int], after: Mapping[str, int]) -> Figure:
    """MACs of each layer, before and after half of the channels are gone."""
    fig, ax = plot.figure(width=8, height=3)
    series = {
        name: [count / 1000 for count in its.values()]
        for name, its in (("full", before), ("half of the channels", after))
    }
    plot.grouped_bars(ax, list(before), series, label="{:,.0f}")
    ax.set(title="Half of the channels of both convolutions", xlabel="thousand MACs for an image")
    return fig


def in_turn(timed: Mapping[int, Mapping[str, Latency]]) -> Figure:
    """Times of networks for one image and for several."""
    fig, axes = plot.figure(1, len(timed), width=12, height=3)
    for ax, (size, times) in zip(axes, timed.items(), strict=True):
        plot.latencies(ax, times)
        ax.set_title("one image" if size == 1 else f"{size} images")
    return fig


def steps(by_channels: Mapping[int, float]) -> tuple[Figure, Axes]:
    """Time of a convolution by its output channels, as a share of the longest."""
    fig, ax = plot.figure(width=8, height=2.8)
    shares = {
        count: 100 * time / by_channels[max(by_channels)] for count, time in by_channels.items()
    }
    ax.plot(list(shares), list(shares.values()), color="black")
    ends = [0, max(shares)]
    ax.plot(ends, [0, 100], "-", color="grey", marker="", linewidth=1, label="as the MACs")
    ax.set(title="A convolution, by its channels", xlabel="output channels", xlim=(0, None))
    ax.set(ylabel="% of the time with 32", ylim=(0, 125))
    ax.legend()
    return fig, ax


def measured(what: str, share: float, column: str) -> np.ndarray:
    """Accuracies of five seeds; where there are several draws, their means."""
    results = load_results("structured_pruning")
    rows = results[(results["what"] == what) & (results["share"] == share)]
    return np.asarray(rows.groupby("seed")[column].mean())


def by_criterion(shares: Sequence[float]) -> Figure:
    """Accuracy of five criteria by the share removed, before and after tuning."""
    fig, axes = plot.figure(1, 2, width=12, height=3.8)
    for ax, column in zip(axes, ("recalibrated", "after"), strict=True):
        shown = [*CRITERIA, "small, 6 epochs"] if column == "after" else list(CRITERIA)
        series = {n: [measured(n, share, column).tolist() for share in shares] for n in shown}
        plot.ranges(ax, [f"{100 * share:.0f}%" for share in shares], series)
        ax.set(xlabel="channels removed from both convolutions")
    dense = measured("dense control", 0.0, "after")
    axes[1].axhspan(dense.min(), dense.max(), color="grey", alpha=0.25)
    axes[0].get_legend().remove()
    axes[1].legend(loc="lower left", ncols=2)
    axes[0].set(title="Recalibrated, not fine-tuned", ylabel="validation accuracy", ylim=(0, 0.95))
    axes[1].set_title("Fine-tuned for 2 epochs (grey: dense)")
    return fig


def three_rows(share: float) -> Figure:
    """Each criterion against chance, against the small network from scratch, and the dense one."""
    others = {
        "random": ("random", share, "seeds"),
        "small, from scratch": ("small, 6 epochs", share, "nothing"),
        "dense": ("dense control", 0.0, "seeds"),
    }
    fig, axes = plot.figure(1, 3, width=12, height=2.6, sharey=True)
    names = [name for name in CRITERIA if name != "random"]
    for ax, (title, (what, at, shared)) in zip(axes, others.items(), strict=True):
        for place, name in enumerate(names):
            ours, theirs = measured(name, share, "after"), measured(what, at, "after")
            its = verdict(
                ours, theirs, shared="nothing" if shared == "nothing" else "seeds", among=12
            )
            ends = [its.points - its.half, its.points + its.half]
            ax.plot(ends, [place, place], "-", marker="|", color=plot.COLOURS[1])
            ax.plot([its.points], [place], "o", color=plot.COLOURS[1])
        ax.axvline(0, color="grey", linewidth=1, marker="", linestyle="-")
        ax.set(title=f"minus {title}", xlabel="points", ylim=(len(names) - 0.5, -0.5))
    axes[0].set_yticks(range(len(names)), names)
    return fig


def two_of_four(row: torch.Tensor, mask: torch.Tensor) -> Figure:
    """A row of twelve weights in groups of four, and what stays."""
    fig, axes = plot.figure(1, 3, width=12, height=1.6)
    for number, ax in enumerate(axes):
        some = slice(4 * number, 4 * number + 4)
        both = torch.stack([row[0, some], row[0, some] * mask[0, some]])
        plot.matrix(ax, both.numpy())
        ax.set(title=f"group {number + 1}", xticks=[])
        ax.set_yticks([0, 1], ["weights", "kept"] if number == 0 else ["", ""])
    return fig
