"""Lesson 09's picture: a guess, and beside it accuracy against sparsity for every schedule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from coursekit.nets.data import load_results
from coursekit.pictures.moving import INK, MARK, Moving
from coursekit.pictures.opening_style import BELOW, STYLE, axes_at, blank, words
from coursekit.pictures.trace import number

# In the order in which they are uncovered, each with its line.
SCHEDULES: dict[str, Any] = {
    "one cut midway": ":",
    "rate constant": "-.",
    "one cut early": "--",
    "rate rewound": (0, (5, 1, 1, 1, 1, 1)),
    "cubic": "-",
}
CONTROLS = ("dense, 8 epochs", "dense, rate rewound")
SPARSITIES = (0.8, 0.92, 0.96, 0.98, 0.99)
HALVINGS = [2, 3, 4, 5, 6]
# Below it curves leave the picture.
LOWEST = 76


@dataclass(frozen=True)
class Race:
    """Mean validation accuracies of five seeds in per cent, each with its best learning rate."""

    dense: float
    curves: dict[str, list[float]]


def race() -> Race:
    """From the lesson's table."""
    table = load_results("schedules")
    its = table[table.part == "schedules"]
    means = its.groupby(["what", "sparsity", "lr"]).validation.mean().mul(100)
    best = means.groupby(level=["what", "sparsity"]).max()
    return Race(
        max(float(best[name, 0.0]) for name in CONTROLS),
        {name: [float(best[name, share]) for share in SPARSITIES] for name in SCHEDULES},
    )


def guessed_sparsity() -> Moving:
    """Lesson 09: the learner's guess how far pruning goes, and the curves that answer it."""
    its = race()
    halved = [-np.log2(1 - share) for share in SPARSITIES]

    def draw(halvings: float, uncovered: float) -> Figure:
        shown = list(SCHEDULES)[: int(uncovered)]
        with plt.rc_context(STYLE):
            figure = blank(500, 260)
            ax = axes_at(figure, 60, 30, 420, 175)
            ax.axhline(its.dense, color=INK, linewidth=1.5)
            ax.axhline(its.dense - 1, color=INK, linewidth=1, linestyle=":")
            for name in shown:
                (line,) = ax.plot(halved, its.curves[name], label=name, color=BELOW, linewidth=1.8)
                line.set_linestyle(SCHEDULES[name])
            ax.plot(halvings, its.dense - 1, "o", color=MARK, markersize=11)
            ax.axvline(halvings, color=MARK, linewidth=1.2)
            ax.set(xlim=(1.8, 7), ylim=(LOWEST, its.dense + 1.2))
            ax.set_xticks(range(2, 8), [f"1/{2**power}" for power in range(2, 8)])
            ax.set_xlabel("weights that stay")
            ax.set_ylabel("accuracy (%)")
            ax.spines[["top", "right"]].set_visible(False)
            if shown:
                ax.legend(loc="lower left", frameon=False, fontsize=9)
            words(figure, 270, 14, "solid: dense; dotted: one point less; orange: your guess")
        return figure

    def alt(halvings: float, uncovered: float) -> str:
        name = list(SCHEDULES)[int(uncovered) - 1]
        here = [
            f"{100 * (1 - share):.0f}%: {number(value, 1)}"
            for share, value in zip(SPARSITIES, its.curves[name], strict=True)
        ]
        curve = f"Uncovered last, {name}: accuracy by weights that stay, {', '.join(here)}."
        return (
            f"Your guess: one weight in {2 ** int(halvings)} stays. "
            f"Dense: {number(its.dense, 1)}%. {curve if uncovered else 'No curve is uncovered.'}"
        )

    return Moving(
        draw,
        alt=alt,
        words=(
            "Your guess can be moved: how many times the weights are halved until the accuracy has "
            "fallen one point below that of the dense network. It is a mark on the dotted line, "
            "which lies a point below the solid one. Then up to five curves can be uncovered, one "
            "after the other. Each is one way to prune: its accuracy falls slowly at first, and "
            "then fast. Where a curve crosses the dotted line, this way has lost a point."
        ),
        start={"halvings": 2, "uncovered": 0},
        halvings=[float(h) for h in HALVINGS],
        uncovered=[float(n) for n in range(len(SCHEDULES) + 1)],
    )
