"""Lesson 03's picture: the end of a range is moved over a histogram, and a picture comes along."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from coursekit.nets.data import load_fashion_mnist
from coursekit.pictures.moving import INK, MARK, Moving
from coursekit.pictures.opening_style import STYLE

# A boot with light and dark parts among the test images; a lamp is reflected in some of its pixels.
BOOT, LAMP, BITS = 92, 4.0, 3
SHINE = (slice(12, 14), slice(15, 18))


def dragged_range() -> Moving:
    """What 3 bits leave of a boot with a bright reflection, by where the range ends."""
    boot = load_fashion_mnist().test.images[BOOT] / 255
    boot[SHINE] = np.linspace(0.75, 1, 6).reshape(2, 3) * LAMP
    gaps = 2**BITS - 1

    def back(end: float) -> np.ndarray:
        scale = end / gaps
        return np.asarray(scale * np.clip(np.round(boot / scale), 0, gaps))

    def errors(end: float) -> tuple[float, float]:
        squares, outside = (back(end) - boot) ** 2, boot > end
        return float(squares[~outside].sum()), float(squares[outside].sum())

    def draw(end_of_the_range: float) -> Figure:
        end = end_of_the_range
        with plt.rc_context(STYLE):
            figure, (line, picture, parts) = plt.subplots(
                1, 3, figsize=(7.6, 2.9), width_ratios=(5, 3, 2.6), layout="constrained"
            )
            line.hist(boot.ravel(), bins=np.linspace(0, LAMP, 41).tolist(), color=INK, log=True)
            for point in np.linspace(0, end, gaps + 1):
                line.axvline(point, color=MARK, linewidth=1)
            line.axvline(end, color=MARK, linewidth=4)
            line.set(xlim=(-0.1, LAMP + 0.1), ylim=(0.5, 900), xlabel="brightness", yticks=[])
            line.tick_params(which="both", left=False)
            line.set_title("pixels, and eight levels for them", fontsize=11)
            picture.imshow(back(end), cmap="gray", vmin=0, vmax=1.25)
            picture.set(xticks=[], yticks=[])
            picture.set_title("what comes back", fontsize=11)
            parts.bar(["rounding", "clipping"], errors(end), color=[INK, MARK])
            parts.set(ylim=(0, 40), yticks=[])
            parts.set_title("squared error", fontsize=11)
            for ax in (line, parts):
                for side in ("top", "right", "left"):
                    ax.spines[side].set_visible(False)
        for ax in (line, picture, parts):
            ax.patch.set_visible(False)
        return figure

    def alt(end_of_the_range: float) -> str:
        rounding, clipping = errors(end_of_the_range)
        shades = len(np.unique(back(end_of_the_range)))
        return (
            f"The range ends at {end_of_the_range:g}. The boot shows in {shades} shades. Squared "
            f"error: {rounding:.1f} by rounding, {clipping:.1f} by clipping."
        )

    return Moving(
        draw,
        alt=alt,
        words=(
            "The end of a range can be moved over a histogram of the pixels of a boot. Nearly all "
            "pixels lie between 0 and 1; in six of them a lamp is reflected, and they are up to "
            "four times as bright. Eight levels share the range. If it is long they lie far "
            "apart, and the boot loses its shades to rounding. If it is short the bright pixels "
            "are clipped. Two bars show how much of the squared error each of the two makes."
        ),
        start={"end_of_the_range": 4.0},
        end_of_the_range=[round(0.25 * n, 2) for n in range(1, 17)],
    )
