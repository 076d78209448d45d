"""What three bits leave of numbers and of a boot."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from coursekit.nets.data import load_fashion_mnist
from coursekit.pictures.moving import INK, MARK, Moving
from coursekit.pictures.opening_style import STYLE

# A boot with light and dark parts among the test images, and the bits that the staircase has.
BOOT, BITS = 92, 3


def staircase() -> Moving:
    """Lesson 02: what three bits leave of numbers, and of a boot, by scale and zero point."""
    boot = load_fashion_mnist().test.images[BOOT] / 255
    low, high = -(2 ** (BITS - 1)), 2 ** (BITS - 1) - 1

    def back(values: np.ndarray, scale: float, zero_point: float) -> np.ndarray:
        codes = np.clip(np.round(values / scale) + zero_point, low, high)
        return scale * (codes - zero_point)

    def draw(zero_point: float, scale: float) -> Figure:
        with plt.rc_context(STYLE):
            figure, (stairs, picture) = plt.subplots(
                1, 2, figsize=(6.4, 3), width_ratios=(3, 2), layout="constrained"
            )
            x = np.linspace(-0.5, 1.25, 701)
            stairs.plot(x, x, color=INK, linewidth=1, linestyle=":")
            stairs.plot(x, back(x, scale, zero_point), color=MARK, linewidth=2.5)
            # Where the values of the picture lie.
            stairs.axvspan(0, 1, color=INK, alpha=0.15, linewidth=0)
            stairs.set(
                xlim=(-0.5, 1.25), ylim=(-0.5, 1.25), xlabel="a number goes in (band: the boot)"
            )
            stairs.set_title("what comes back", fontsize=11)
            stairs.set(xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
            for side in ("top", "right"):
                stairs.spines[side].set_visible(False)
            picture.imshow(back(boot, scale, zero_point), cmap="gray", vmin=0, vmax=1)
            picture.set(xticks=[], yticks=[])
            picture.set_title("the boot, in 3 bits", fontsize=11)
        for ax in (stairs, picture):
            ax.patch.set_visible(False)
        return figure

    def alt(zero_point: float, scale: float) -> str:
        ends = [scale * (end - zero_point) for end in (low, high)]
        beyond = float(((boot < ends[0] - scale / 2) | (boot > ends[1] + scale / 2)).mean())
        shades = len(np.unique(back(boot, scale, zero_point)))
        text = (
            f"Scale {scale:g}, zero point {zero_point:g}: eight stairs from {ends[0]:g} to "
            f"{ends[1]:g}. Of the picture's pixels {beyond:.0%} lie beyond them, and it shows in "
            f"{shades} shades."
        )
        return text.replace("-", "−")

    return Moving(
        draw,
        alt=alt,
        words=(
            "Two things can be moved. The scale is the height and width of a stair. The zero point "
            "moves the whole staircase along the dotted line, on which every number would come "
            "back as it was. Numbers beyond the last stair all come back as that stair. A boot, "
            "whose pixels are numbers from 0 to 1, goes through the same staircase: it loses "
            "its light parts if the stairs end too early, and its shades if they are high."
        ),
        start={"zero_point": -2, "scale": 0.15},
        zero_point=[-4, -3, -2, -1, 0],
        scale=[0.05, 0.1, 0.15, 0.2, 0.25],
    )
