"""How all pictures that open a lesson look, on a light page and on a dark one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from coursekit.pictures.moving import INK, MARK

STYLE: dict[Any, Any] = {
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "font.size": 10,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}
# Weights below zero, beside MARK for those above.
BELOW = "#2b7bba"
# Pixels of a figure per inch: what `Moving` saves it with.
DPI = 100

# Pixels as RGBA, shape (rows, columns, 4); how far from the left and from the top they are put; and
# how many pixels wide and high each of them is.
Pasted = tuple[np.ndarray, int, int, int]


def blank(width: int, height: int) -> Figure:
    """A figure of so many pixels."""
    return plt.figure(figsize=(width / DPI, height / DPI))


def sheet(width: int, height: int, pasted: Iterable[Pasted]) -> Figure:
    """A figure of so many pixels with pictures in it, all in one image: each state takes 0.1 s."""
    canvas = np.zeros((height, width, 4))
    for pixels, left, top, size in pasted:
        large = pixels.repeat(size, 0).repeat(size, 1)
        canvas[top : top + len(large), left : left + large.shape[1]] = large
    figure = blank(width, height)
    ax = place(figure, 0, 0, width, height)
    ax.imshow(canvas, interpolation="nearest", aspect="auto")
    return figure


def axes_at(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes without a ground, by pixels from the upper left corner of the figure."""
    wide, high = figure.get_size_inches() * DPI
    ax = figure.add_axes((left / wide, 1 - (top + height) / high, width / wide, height / high))
    ax.patch.set_visible(False)
    return ax


def place(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """As `axes_at`, without ticks and frame."""
    ax = axes_at(figure, left, top, width, height)
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    return ax


def words(figure: Figure, x: float, y: float, text: str, **options: Any) -> None:
    """Writes `text` round a point, by pixels from the upper left corner of the figure."""
    wide, high = figure.get_size_inches() * DPI
    figure.text(x / wide, 1 - y / high, text, **{"ha": "center", "va": "center"} | options)


def as_greys(values: np.ndarray, most: float) -> np.ndarray:
    """Values from 0, black, to `most`, white, as RGBA."""
    greys = (values / most).clip(0, 1)[..., None].repeat(4, -1)
    greys[..., 3] = 1
    return greys


def as_ink(values: np.ndarray, most: float) -> np.ndarray:
    """Values as RGBA: 0 is a hole, above it orange, below it blue, in full ink from `most` on."""
    ink = np.empty((*values.shape, 4))
    ink[..., :3] = np.where(values[..., None] > 0, to_rgb(MARK), to_rgb(BELOW))
    ink[..., 3] = (np.abs(values) / most).clip(0, 1)
    return ink


def tiles(pixels: np.ndarray, columns: int, gap: int = 2) -> np.ndarray:
    """Pictures, (pictures, rows, columns, 4), side by side as one, with nothing in the gaps."""
    framed = np.pad(pixels, ((0, 0), (0, gap), (0, gap), (0, 0)))
    high, wide = framed.shape[1:3]
    rows = framed.reshape(-1, columns, high, wide, 4).swapaxes(1, 2)
    return rows.reshape(-1, columns * wide, 4)[:-gap, :-gap]
