"""What is left of LeNet-300-100 while its weights go, and the file that holds it, to scale.

Bytes are not named: the lesson has them guessed.
"""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from coursekit.nets.data import load_arrays
from coursekit.pictures.moving import INK, Moving
from coursekit.pictures.opening_style import STYLE, Pasted, as_ink, sheet, words

# Bytes of the network in float32, and the side of the square that stands for them, in pixels.
DENSE, SIDE = 1_066_440, 200
# Left edges of pixels, hidden units of both layers, and the two squares; all begin at this height.
LEFT, TOP = (15, 220, 345, 425), 62


def thinning_network() -> Moving:
    """Lesson 15: pixels and hidden units that are still used, and the bytes of the file."""
    its = load_arrays("squeezed_masks.npz")
    pixels = its["pixels"].astype(float)
    # A unit is used that hears something and is heard.
    units = [its[name].min(1).astype(float) for name in ("first", "second")]
    weights = its["pixels"].sum(1) + its["second"][:, 0].sum(1) + its["second"][:, 1].sum(1)
    used = [(values > 0).sum(1) for values in (pixels, *units)]
    steps = its["halvings"].tolist()

    def draw(halvings: float) -> Figure:
        at = steps.index(halvings)
        size = int(its["sizes"][at])
        grids = [pixels[at].reshape(28, 28), units[0][at].reshape(25, 12)]
        grids.append(units[1][at].reshape(20, 5))
        pasted: list[Pasted] = []
        for grid, left, cell in zip(grids, LEFT, (7, 8, 10), strict=False):
            # Roots, so that a unit with one weight is seen beside one with hundreds.
            ink = as_ink(np.sqrt(grid), float(np.sqrt(grid.max())))
            ink[..., 3] = np.where(grid > 0, 0.15 + 0.85 * ink[..., 3], 0)
            pasted.append((ink, left, TOP, cell))
        side = max(1, round(SIDE * np.sqrt(size / DENSE)))
        pasted += [(_frame(SIDE), LEFT[3], TOP, 1), (_square(side), LEFT[3], TOP + SIDE - side, 1)]
        with plt.rc_context(STYLE):
            figure = sheet(640, 292, pasted)
            names = ("pixels of 784", "units of 300", "units of 100")
            for middle, name, many in zip((113, 265, 371), names, used, strict=True):
                words(figure, middle, 44, f"{many[at]} {name}", fontsize=8)
            words(figure, 525, 44, "file", fontsize=8)
            left = 100 * 0.5**halvings
            title = f"{weights[at]:,} weights, {left:.3g}% of all"
            words(figure, 320, 16, title, fontsize=12)
            words(figure, 525, 276, "frame: as it is, in float32", fontsize=9)
        return figure

    def alt(halvings: float) -> str:
        at = steps.index(halvings)
        size = max(1, round(100 * int(its["sizes"][at]) / DENSE))
        return (
            f"{weights[at]:,} weights are left. {used[0][at]} of 784 pixels are read, "
            f"{used[1][at]} of 300 and {used[2][at]} of 100 hidden units are used. The file's "
            f"square has about {size}% of the frame."
        )

    return Moving(
        draw,
        alt=alt,
        words=(
            "One thing can be moved: how often the weights are halved. On the left are the pixels "
            "of the image, each the fuller the more weights read it, then the hidden units of the "
            "first and of the second layer. What nobody uses is blank. Single weights are cut, "
            "and yet whole hidden units go, many of them before the first pixel does. "
            "On the right is a square for the file, drawn to the scale of the frame, which is the "
            "network as it is, in float32."
        ),
        start={"halvings": 5.0},
        halvings=steps,
    )


def _frame(side: int) -> np.ndarray:
    """A square's outline, (side, side, 4)."""
    pixels = np.zeros((side, side, 4))
    pixels[..., :3] = to_rgb(INK)
    for edge in (pixels[:2], pixels[-2:], pixels[:, :2], pixels[:, -2:]):
        edge[..., 3] = 1
    return pixels


def _square(side: int) -> np.ndarray:
    """A square full of ink, (side, side, 4)."""
    return as_ink(np.ones((side, side)), 1.0)
