"""The figures of lesson 10 that would take too many lines there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from coursekit.lesson_10.shop import COSTS, PRUNED, best_of_kinds
from coursekit.pictures import plot

MARKERS = {"none": "o", "weights": "^", "units": "s"}


def prices(
    ax: Axes, names: list[str], smaller: Mapping[str, Sequence[float]], promised: float
) -> None:
    """How many times smaller each file is, and a line at what was promised."""
    plot.grouped_bars(ax, names, smaller, label="{:.1f}×")
    ax.axvline(promised, color="black", linewidth=1)
    ax.set(xlabel=f"times smaller than dense float32 (line: {promised:g})")


def shelf_with_front(
    models: pd.DataFrame, on_front: np.ndarray, cost: str, bits: str = "all"
) -> Figure:
    """All settings by accuracy and cost; the front is dark, with a line over the seeds."""
    fig, ax = plot.figure(width=8, height=4.2)
    for structure, marker in MARKERS.items():
        of_kind = models.structure == structure
        some, best = models[of_kind], models[of_kind & on_front]
        ax.plot(some[cost], some.accuracy, marker, color="#C8C8C8", zorder=2)
        ax.plot(best[cost], best.accuracy, marker, color=plot.COLOURS[1], zorder=3)
        ax.vlines(best[cost], best.low, best.high, color=plot.COLOURS[1], linewidth=1)
        ax.plot([], [], marker, color="black", label=PRUNED[structure])
    if bits != "all":
        chosen = models[models.bits == int(bits)]
        ax.plot(chosen[cost], chosen.accuracy, "o", markersize=9, fillstyle="none", color="#D55E00")
    ax.set(title="Dark, with a line over five seeds: the front", xscale="log", ylim=(0.6, 0.89))
    ax.set(xlabel=COSTS[cost], ylabel="validation accuracy")
    ax.legend(loc="lower right")
    return fig


def spent(models: pd.DataFrame, cost: str, budget: float, dense: float) -> Figure:
    """The best that each kind offers within a budget: the mean, and each seed as a dot."""
    best = best_of_kinds(models, cost, budget).iloc[:7]
    fig, ax = plot.figure(width=8, height=3.4)
    for place, (_, row) in enumerate(best.iterrows()):
        ax.plot(row.seeds, [place] * len(row.seeds), "o", color="#999999", markersize=4)
        ax.plot([row.accuracy], [place], "D", color=plot.COLOURS[1], markersize=8)
    names = [f"{row.kind} ({row[cost] / 1000:.0f} kB)" for _, row in best.iterrows()]
    ax.set_yticks(range(len(best)), names)
    ax.invert_yaxis()
    ax.set(title=f"What {budget:,.0f} {COSTS[cost]} buy", xlim=(0.74, 0.89))
    ax.axvline(dense, color="black", linewidth=1)
    ax.set(xlabel="validation accuracy (diamond: mean; dots: five seeds; line: dense float32)")
    return fig


def agreement(agree: Mapping[tuple[str, int, int], Mapping[str, bool]]) -> Figure:
    """On how many seeds the one left out agrees with the others, by cost, budget and seed."""
    table = pd.DataFrame(agree).T
    table.index.names = ["cost", "budget", "seed"]
    fig, axes = plot.figure(1, 2, width=10, height=3.2, sharey=True)
    for ax, (cost, title) in zip(axes, COSTS.items(), strict=True):
        counts = table.loc[cost].astype(int).groupby("budget").sum()
        for place, (what, marker) in enumerate(
            {"setting": "x", "bits": "o", "pruning": "s"}.items()
        ):
            # A little apart, so that one does not hide the other.
            height = counts[what] + 0.12 * (place - 1)
            style = {"setting": ":", "bits": "-", "pruning": "--"}[what]
            ax.plot(counts.index / 1000, height, marker=marker, linestyle=style, label=what)
        ax.set(title=title, xlabel="budget (kB)", xscale="log", ylim=(-0.4, 5.5))
        ax.set_xticks([10, 20, 50, 100], ["10", "20", "50", "100"])
        ax.minorticks_off()
    axes[0].set_ylabel("seeds that agree (of 5)")
    axes[1].legend(title="same", loc="upper left", bbox_to_anchor=(1.02, 1))
    return fig


def order_effects(effects: pd.DataFrame) -> Figure:
    """Points that quantizing first gains or loses, by bits, steps fixed or searched again."""
    fig, axes = plot.figure(1, 2, width=10, height=3.6, sharey=True)
    for ax, structure in zip(axes, ("weights", "units"), strict=True):
        some = effects[effects.structure == structure]
        names = [
            f"{bits:.0f} bits\n{share:.0%}"
            for bits, share in some[["bits", "share"]].drop_duplicates().to_numpy()
        ]
        for number, steps in enumerate(("fixed", "again")):
            rows = some[some.steps == steps]
            places = np.arange(len(rows)) + 0.24 * number - 0.12
            label = "steps stay fixed" if steps == "fixed" else "steps searched again"
            ax.errorbar(places, rows.points, rows.half, fmt="os"[number], capsize=4, label=label)
        ax.axhline(0, color="black", linewidth=1)
        ax.set_xticks(range(len(names)), names)
        ax.set(title=f"{structure} pruned")
    axes[0].set_ylabel("points: quantize first − prune first")
    axes[0].legend(loc="lower left")
    return fig


def collapse(
    zeros: Sequence[float], reached: Mapping[str, np.ndarray], title: str
) -> tuple[Figure, Axes]:
    """Accuracy against zeros: means over seeds, and their range.

    Args:
        reached: For each way accuracies of shape (seeds, zeros).
    """
    fig, ax = plot.figure(width=8, height=3.8)
    for name, runs in reached.items():
        low, high = (100 * runs).min(0).tolist(), (100 * runs).max(0).tolist()
        middle = (100 * runs).mean(0).tolist()
        plot.band(ax, range(len(zeros)), middle, low, high, label=name)
    ax.set_xticks(range(len(zeros)), [f"{share:.0%}" for share in zeros])
    ax.set(title=title, xlabel="zeros", ylabel="validation accuracy (%)", ylim=(0, 90))
    ax.legend(loc="lower left")
    return fig, ax
