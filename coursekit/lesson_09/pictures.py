"""The figures of lesson 09 that would take too many lines there, from schedules.csv."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from coursekit.nets.data import load_results
from coursekit.nets.evidence import verdict
from coursekit.pictures import plot

Shared = Literal["images", "seeds", "nothing"]
SCHEDULES = ("cubic", "one cut early", "one cut midway", "rate constant", "rate rewound")
SHARES = (0.8, 0.92, 0.96, 0.98, 0.99)


def at_best(part: str, what: str, zeros: float = 0.0, column: str = "validation") -> np.ndarray:
    """Five seeds, with the learning rate whose mean validation accuracy is best."""
    table = load_results("schedules")
    its = table[(table.part == part) & (table.what == what) & (table.sparsity == zeros)]
    lr = its.groupby("lr").validation.mean().idxmax()
    return np.asarray(its[its.lr == lr].sort_values("seed")[column])


def control(column: str = "validation") -> np.ndarray:
    """The dense network's five seeds, by the fall of the rate that is best on validation images."""
    falls = ("dense, 8 epochs", "dense, rate rewound")
    best = max(falls, key=lambda name: float(at_best("schedules", name).mean()))
    return at_best("schedules", best, column=column)


def point_lost() -> float:
    """Per cent of the weights at which the best schedule has lost one point, by mean validation."""
    means = [[at_best("schedules", name, s).mean() for s in SHARES] for name in SCHEDULES]
    lost = 100 * (control().mean() - np.max(means, 0))
    return float(100 - 100 * np.interp(1, lost, SHARES))


def plans(curves: Mapping[str, Sequence[float]]) -> Figure:
    """Sparsity by the share of the training that is done."""
    fig, ax = plot.figure(width=8, height=2.8)
    for name, zeros in curves.items():
        ax.plot(np.linspace(0, 1, len(zeros)), 100 * np.array(zeros), marker="", label=name)
    ax.set(title="Two ways to 90% zeros", xlabel="share of the training", ylabel="zeros (%)")
    ax.legend(loc="lower right")
    return fig


def rates(means: Mapping[str, Mapping[float, float]]) -> Figure:
    """Mean validation accuracy by learning rate, a line for each network."""
    fig, ax = plot.figure(width=8, height=3)
    for name, its in means.items():
        ax.plot(list(its), [100 * value for value in its.values()], label=name)
    ax.set(title="Eight epochs", xlabel="learning rate", xscale="log", ylabel="accuracy (%)")
    ax.legend()
    return fig


def race() -> tuple[Figure, Axes]:
    """Accuracy by the weights that are left: bands for test images, thin lines for validation."""
    fig, ax = plot.figure(width=10, height=4.6)
    left = [100 * (1 - share) for share in SHARES]
    for name, colour, marker in zip(SCHEDULES, plot.COLOURS, plot.MARKERS, strict=False):
        test = 100 * np.array([at_best("schedules", name, s, "test") for s in SHARES])
        validation = [100 * at_best("schedules", name, s).mean() for s in SHARES]
        ax.plot(left, validation, "-", color=colour, marker="", alpha=0.35, linewidth=1)
        ax.plot(left, test.mean(1), color=colour, marker=marker, label=name)
        ax.fill_between(left, test.min(1), test.max(1), color=colour, alpha=0.15, linewidth=0)
    dense = 100 * control("test").mean()
    ax.axhline(dense, color="grey", linewidth=1, marker="", linestyle="-")
    ax.axhline(dense - 1, color="grey", linewidth=1, marker="", linestyle=":")
    ax.set(xscale="log", xlim=(22, 0.9), ylim=(58, 89))
    ax.xaxis.set_major_locator(FixedLocator(left))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}%"))
    ax.set(title="Five schedules (grey: dense, and a point less)", xlabel="weights left")
    ax.set(ylabel="test accuracy (%)")
    ax.legend(loc="lower left")
    return fig, ax


def verdicts(rows: Mapping[str, tuple[np.ndarray, np.ndarray, Shared]], title: str) -> Figure:
    """Points between two networks, five seeds, with the interval of lesson 00's rule."""
    fig, ax = plot.figure(width=9, height=0.9 + 0.42 * len(rows))
    for place, (ours, theirs, shared) in enumerate(rows.values()):
        its = verdict(ours, theirs, shared=shared, among=len(rows))
        ends = [its.points - its.half, its.points + its.half]
        ax.plot(ends, [place, place], "-", marker="|", color=plot.COLOURS[1])
        ax.plot([its.points], [place], "o", color=plot.COLOURS[1])
    ax.axvline(0, color="grey", linewidth=1, marker="", linestyle="-")
    ax.set_yticks(range(len(rows)), list(rows))
    ax.set(title=title, xlabel="points", ylim=(len(rows) - 0.5, -0.5))
    return fig


def scanned(rises: np.ndarray, shares: np.ndarray, names: Sequence[str]) -> Figure:
    """The rise of the loss when one layer alone is pruned."""
    fig, ax = plot.figure(width=8, height=3)
    for name, rise in zip(names, rises, strict=True):
        ax.plot(100 * shares, rise, label=name)
    ax.set(title="One layer pruned alone", xlabel="zeros in that layer (%)")
    ax.set(ylabel="rise of the loss")
    ax.legend()
    return fig
