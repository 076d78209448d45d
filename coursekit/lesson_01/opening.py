"""One layer under the roof of an example machine."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from coursekit.pictures.moving import INK, MARK, Moving
from coursekit.pictures.opening_style import STYLE

# The example machine, per second: floating-point operations, and bytes from memory.
PEAK, BANDWIDTH = 100e9, 20e9
# A linear layer of so many inputs and outputs. Inputs and outputs stay float32.
WIDTH = 1024


def costs(batch: int, bits: int) -> tuple[float, float]:
    """Seconds that the layer takes to move its bytes, and seconds to compute."""
    moved = WIDTH * WIDTH * bits / 8 + batch * 2 * WIDTH * 4
    return moved / BANDWIDTH, 2 * batch * WIDTH * WIDTH / PEAK


def roofline() -> Moving:
    """Lesson 01: how a layer's place under the roof follows from its batch and its bits."""

    def draw(doublings: float, halvings: float) -> Figure:
        batch, bits = 2 ** int(doublings), 32 >> int(halvings)
        moving, computing = costs(batch, bits)
        with plt.rc_context(STYLE):
            figure, (left, right) = plt.subplots(
                1, 2, figsize=(6.8, 2.9), width_ratios=(2, 1), layout="constrained"
            )
            _roof(left, 2 * batch * WIDTH**2, moving, computing)
            _two_bars(right, moving, computing)
        images = "1 image" if batch == 1 else f"{batch} images"
        left.set_title(f"{images} at once, weights in {bits} bits", fontsize=10, color=INK)
        return figure

    def alt(doublings: float, halvings: float) -> str:
        batch, bits = 2 ** int(doublings), 32 >> int(halvings)
        moving, computing = costs(batch, bits)
        where = "on the slope" if moving > computing else "under the flat roof"
        longer = "moving bytes" if moving > computing else "computing"
        return (
            f"Batch {batch}, weights in {bits} bits: the layer's point lies {where}, and {longer} "
            "takes longer."
        )

    return Moving(
        draw,
        alt=alt,
        words=(
            "Two things can be moved: how often the number of images is doubled, and how often the "
            "bits of a weight are halved. Left: a line that rises, where memory is the limit, and "
            "becomes flat, where computing is. The layer is a point on it. More images, or fewer "
            "bits, move it to the right, and on the slope upwards too. Right: two bars, the time "
            "to move the bytes and the time to compute, as shares of the longer one. They happen "
            "at the same time, so the longer one decides."
        ),
        start={"doublings": 0, "halvings": 0},
        doublings=list(range(9)),
        halvings=[0, 1, 2],
    )


def _roof(ax: Axes, flops: float, moving: float, computing: float) -> None:
    intensity = np.array([0.1, PEAK / BANDWIDTH, 1000])
    ax.plot(intensity, np.minimum(intensity * BANDWIDTH, PEAK) / 1e9, color=INK, linewidth=1.5)
    at, speed = flops / (moving * BANDWIDTH), flops / max(moving, computing)
    ax.plot([at, at], [1, speed / 1e9], color=MARK, linewidth=0.8, linestyle=":")
    ax.plot([at], [speed / 1e9], "o", color=MARK, markersize=9)
    ax.set(xscale="log", yscale="log", xlim=(0.1, 1000), ylim=(1, 300))
    ax.set(xlabel="FLOPs per byte moved", ylabel="GFLOP/s")
    ax.patch.set_visible(False)
    ax.spines[["top", "right"]].set_visible(False)
    ax.minorticks_off()
    ax.xaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_major_formatter("{x:g}")


def _two_bars(ax: Axes, moving: float, computing: float) -> None:
    longer = max(moving, computing)
    for place, (name, time) in enumerate((("move bytes", moving), ("compute", computing))):
        colour = MARK if time == longer else INK
        ax.barh(place, time / longer, 0.5, facecolor=colour, edgecolor=colour)
        ax.text(0, place - 0.32, name, va="bottom", fontsize=9)
    ax.set(xlim=(0, 1.02), ylim=(1.5, -0.8), xlabel="time, longer one = 1", yticks=[], xticks=[])
    ax.patch.set_visible(False)
    ax.spines[["top", "right", "bottom"]].set_visible(False)
