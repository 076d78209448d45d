"""One multiply-accumulate after the other, bit by bit."""

from __future__ import annotations

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from coursekit.pictures.moving import INK, MARK, Moving
from coursekit.pictures.opening_style import STYLE

# What enters, its zero point subtracted, and the weights: each pair fits into few bits.
PAIRS = ((255, 127), (143, -46), (250, 120), (240, 115))
BITS, WIDE = 8, 20


def sums(pair: int, bits: int) -> tuple[int, int, int]:
    """What was summed before this pair, what these bits of its weight add, and the sum of both."""
    before = sum(x * w for x, w in PAIRS[: pair - 1])
    x, w = PAIRS[pair - 1]
    added = sum(part(x, w, bit) for bit in range(bits))
    return before, added, before + added


def part(x: int, w: int, bit: int) -> int:
    """What one bit of a weight adds: the input, shifted; the highest bit counts negative."""
    return ((w >> bit) & 1) * (x << bit) * (-1 if bit == BITS - 1 else 1)


def multiply_accumulate() -> Moving:
    """Lesson 04: an integer product as shifted copies of the input, added up over four pairs."""

    def draw(pair: float, bits: float) -> Figure:
        pair, bits = int(pair), int(bits)
        x, w = PAIRS[pair - 1]
        before, added, total = sums(pair, bits)
        with plt.rc_context(STYLE):
            figure, ax = plt.subplots(figsize=(6.4, 3.1), layout="constrained")
            _row(ax, 0, x, "input − zero point", WIDE)
            _row(ax, 1, w, "weight", BITS, marked=bits - 1)
            last = part(x, w, bits - 1) if bits else 0
            _row(ax, 2.3, last, "this bit adds", WIDE)
            _row(ax, 3.3, added, "product so far", WIDE)
            _row(ax, 4.6, before, "sum before", WIDE)
            _row(ax, 5.6, total, "accumulator", WIDE, bold=True)
            # Where an int16 would end: its highest bit, the sixteenth, is the sign.
            ax.plot([WIDE - 15] * 2, [-0.5, 6.1], color=INK, linewidth=1, linestyle="--")
            text = "an int16, its sign apart, ends at the dashed line"
            ax.text(WIDE - 14.9, 6.45, text, fontsize=8, va="center")
            ax.set(xlim=(-7, WIDE + 4), ylim=(6.7, -0.6))
        ax.set_axis_off()
        return figure

    def alt(pair: float, bits: float) -> str:
        x, w = PAIRS[int(pair) - 1]
        before, added, total = sums(int(pair), int(bits))
        text = (
            f"Pair {pair:g}, {bits:g} bits of the weight done. Input {x}, weight {w}. The product "
            f"so far is {added:,}, the sum before it {before:,}, the accumulator {total:,}."
        )
        return text.replace("-", "−")

    return Moving(
        draw,
        alt=alt,
        words=(
            "Two things can be moved: which of four pairs of an input and a weight is multiplied, "
            "and how many bits of the weight are done. Each bit of the weight that is 1 adds the "
            "input, shifted by as many places; the highest bit, the sign, subtracts it. When all "
            "eight bits are done the product stands in the accumulator, on top of the pairs "
            "before. Nothing but shifts and additions has happened. A dashed line shows where an "
            "int16 would end, its sign apart: what is positive and reaches over it does not fit."
        ),
        start={"pair": 1, "bits": 5},
        pair=[1, 2, 3, 4],
        bits=list(range(BITS + 1)),
    )


def _row(
    ax: Axes,
    y: float,
    value: int,
    name: str,
    width: int,
    *,
    marked: int = -1,
    bold: bool = False,
) -> None:
    """A number as bits in two's complement, ones filled, the highest first, right-aligned."""
    for bit in range(width):
        one, left = (value >> bit) & 1, WIDE - 1 - bit
        colour = MARK if bit == marked else INK
        face = colour if one else "none"
        ax.bar(left + 0.5, 0.72, 0.84, y - 0.36, facecolor=face, edgecolor=colour, linewidth=0.8)
    weight = "bold" if bold else "normal"
    ax.text(-0.4, y, name, ha="right", va="center", fontsize=9, weight=weight)
    shown = f"{value:,}".replace("-", "−")
    ax.text(WIDE + 0.4, y, shown, ha="left", va="center", fontsize=9, weight=weight)
