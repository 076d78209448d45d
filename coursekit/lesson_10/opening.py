"""What a budget of bytes leaves: the best network that fits, and the pictures it gets wrong."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from coursekit.nets.data import load_fashion_mnist, load_tradeoffs
from coursekit.pictures.moving import INK, MARK, Moving
from coursekit.pictures.opening_style import STYLE, axes_at, blank

# Pictures, how many in a line, the pixels of one with its margin, and few shades: they weigh less.
PICTURES, LINE, CELL, SHADES = 15, 5, 30, 5
# In pixels: the figure, and how large each pixel of a picture is.
WIDE, HIGH, LARGER = 640, 300, 2
COSTS = {0: ("raw_bytes", "as stored"), 1: ("gzip_bytes", "after gzip")}
SHAPES = {
    "none": ("o", "nothing pruned"),
    "weights": ("^", "weights pruned"),
    "units": ("s", "units pruned"),
}


class Trained:
    """The networks of one seed, so that a point is a network and its answers are answers."""

    def __init__(self) -> None:
        table = load_tradeoffs()
        self.networks = table[table.seed == 0].reset_index(drop=True)
        self.right = np.stack(list(self.networks.right))
        images = load_fashion_mnist().train.hold_out(self.right.shape[1])[1].images
        # From an image that nearly all networks know to one that few know.
        known = self.right.mean(0)
        order = np.argsort(-known, kind="stable")
        places = np.searchsorted(-known[order], -np.linspace(0.95, 0.25, PICTURES))
        self.shown = order[places]
        self.pictures = images[self.shown] // (255 // SHADES + 1) / (SHADES - 1)

    def sizes(self, gzip: float) -> pd.Series:
        """In kB, one for each network."""
        return self.networks[COSTS[int(gzip)][0]] / 1000

    def best(self, budget: float, gzip: float) -> int:
        """The most accurate network that the budget pays for."""
        fits = self.sizes(gzip) <= budget
        return int(np.argmax(self.networks.validation.where(fits, 0)))

    def wrong(self, network: int) -> list[int]:
        """Which of the shown pictures it gets wrong."""
        return [n for n, image in enumerate(self.shown) if not self.right[network, image]]

    def draw_points(self, ax: Axes, budget: float, gzip: float) -> None:
        """All by size and accuracy: those too large are pale, the best that fits is marked."""
        size, accuracy = self.sizes(gzip), self.networks.validation
        best = self.best(budget, gzip)
        for structure, (marker, label) in SHAPES.items():
            of_kind = self.networks.structure == structure
            for some, alpha, name in (
                (of_kind & (size <= budget), 0.9, label),
                (of_kind & (size > budget), 0.25, None),
            ):
                style: dict[str, Any] = {"s": 14, "color": INK, "marker": marker, "linewidths": 0}
                ax.scatter(size[some], accuracy[some], alpha=alpha, label=name, **style)
            if of_kind[best]:
                ax.scatter(size[best], accuracy[best], s=110, color=MARK, marker=marker, zorder=3)
        ax.axvline(budget, color=MARK, linewidth=2)
        ax.set(xscale="log", xlim=(5, 1300), ylim=(0.6, 0.9), yticks=(0.6, 0.7, 0.8, 0.9))
        ax.set_xticks((10, 100, 1000), ("10", "100", "1000"))
        ax.minorticks_off()
        ax.set(xlabel=f"kB {COSTS[int(gzip)][1]}", ylabel="accuracy")
        for side in ("top", "right"):
            ax.spines[side].set_visible(False)

    def draw_pictures(self, ax: Axes, network: int) -> None:
        """The pictures, with a cross over those that it gets wrong."""
        sheet = np.zeros((PICTURES // LINE * CELL, LINE * CELL, 4))
        for number, grey in enumerate(self.pictures):
            y, x = (CELL * place for place in divmod(number, LINE))
            sheet[y : y + 28, x : x + 28] = 1
            sheet[y : y + 28, x : x + 28, :3] = grey[..., None]
        ax.imshow(sheet, interpolation="nearest")
        for number in self.wrong(network):
            y, x = (CELL * place for place in divmod(number, LINE))
            for ends in ((y, y + 27), (y + 27, y)):
                ax.plot((x, x + 27), ends, color=MARK, linewidth=3)
        ax.set_axis_off()


def budget_of_bytes() -> Moving:
    """Lesson 10: networks by size and accuracy, and the most accurate one that can be afforded."""
    trained = Trained()

    def draw(budget: float, gzip: float) -> Figure:
        with plt.rc_context(STYLE):
            figure = blank(WIDE, HIGH)
            points = figure.add_axes((0.09, 0.15, 0.41, 0.75))
            trained.draw_points(points, budget, gzip)
            wide, high = (LARGER * CELL * n for n in (LINE, PICTURES // LINE))
            pictures = axes_at(figure, WIDE - wide, 34, wide, high)
            trained.draw_pictures(pictures, trained.best(budget, gzip))
            key: dict[str, Any] = {
                "frameon": False,
                "fontsize": 8,
                "handletextpad": 0,
                "columnspacing": 1,
            }
            figure.legend(loc="lower right", ncols=3, bbox_to_anchor=(1.01, -0.02), **key)
            points.set_title("the best that the budget pays for", fontsize=10)
            pictures.set_title("what that network gets wrong", fontsize=10)
        points.patch.set_visible(False)
        return figure

    def alt(budget: float, gzip: float) -> str:
        best = trained.best(budget, gzip)
        fits = int((trained.sizes(gzip) <= budget).sum())
        kind = SHAPES[trained.networks.structure[best]][1]
        return (
            f"{budget:g} kB {COSTS[int(gzip)][1]}: {fits} of {len(trained.networks)} networks fit. "
            f"The most accurate of them ({kind}) gets {len(trained.wrong(best))} of the {PICTURES} "
            "pictures wrong."
        )

    return Moving(
        draw,
        alt=alt,
        words=(
            "Each point is a network, pruned or quantized in one way; the line is a budget in kB. "
            "Networks to its right are too large. Of the others the most accurate is marked, and "
            "the pictures that it gets wrong are crossed out, of fifteen that reach from one which "
            "nearly all networks know to one which few know. With gzip set to 1, the size is "
            "that of the file after gzip: the networks whose weights were pruned move to the left, "
            "the others hardly move, and another network is the best."
        ),
        start={"budget": 80, "gzip": 0},
        budget=list(range(20, 161, 20)),
        gzip=[0, 1],
    )
