"""Number formats seen from outside: the bits of a value, all values of a format, and both drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes

_INTEGER = {1: torch.uint8, 2: torch.int16, 4: torch.int32}


def bits_of(value: float, dtype: torch.dtype) -> str:
    """The bits with which `value`, rounded to `dtype`, is stored: 0s and 1s, the highest first.

    Args:
        value: Any number; for an integer type it is cut off to a whole one, as torch casts.
        dtype: A type of one, two or four bytes, such as torch.bfloat16 or torch.int8.

    Raises:
        ValueError: if the type has another size.
    """
    stored = torch.tensor([value]).to(dtype)
    width = stored.element_size()
    if width not in _INTEGER:
        raise ValueError(f"{dtype} takes {width} bytes; bits_of knows types of 1, 2 and 4")
    pattern = int(stored.view(_INTEGER[width]).item())
    return format(pattern & (2 ** (8 * width) - 1), f"0{8 * width}b")


def every_value(dtype: torch.dtype) -> np.ndarray:
    """All finite values of a type of one or two bytes, sorted, each once: float64, shape (n,).

    Raises:
        ValueError: if the type takes more than two bytes.
    """
    width = torch.empty(0, dtype=dtype).element_size()
    if width > 2:
        raise ValueError(f"{dtype} takes {width} bytes: too many values to list")
    patterns = torch.arange(2 ** (8 * width)).to(_INTEGER[width])
    values = patterns.view(dtype).double()
    return np.unique(values[values.isfinite()].numpy())


# What a group of bits is for, and how it is drawn: the shades differ in lightness too.
_PARTS = {"sign": "#E69F00", "exponent": "#9CCBEB", "fraction": "#FFFFFF", "integer": "#CFE8DC"}


def draw_bits(ax: Axes, rows: Mapping[str, tuple[str, Sequence[int]]]) -> None:
    """Stored numbers as rows of bits, shaded by what they are for, with a legend.

    Args:
        rows: For each name, written on the left, the bits as `bits_of` returns them, and how many
            belong to sign, exponent and fraction, in this order. One number stands for an integer.
    """
    seen = set()
    for row, (bits, sizes) in enumerate(rows.values()):
        parts = ["integer"] if len(sizes) == 1 else ["sign", "exponent", "fraction"]
        kinds = [part for part, size in zip(parts, sizes, strict=True) for _ in range(size)]
        for place, (bit, kind) in enumerate(zip(bits, kinds, strict=True)):
            ax.bar(
                place,
                0.8,
                width=1,
                bottom=row - 0.4,
                color=_PARTS[kind],
                edgecolor="black",
                linewidth=0.6,
                label=None if kind in seen else kind,
            )
            seen.add(kind)
            ax.text(place, row, bit, ha="center", va="center", fontsize=8)
    ax.set_yticks(range(len(rows)), list(rows))
    ax.set_xticks([])
    ax.invert_yaxis()
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    ax.legend(loc="lower right", ncols=2)


def draw_points(ax: Axes, lines: Mapping[str, np.ndarray], start: float, end: float) -> None:
    """Values of several formats as ticks on a line each, the first on top, from `start` to `end`.

    Args:
        lines: For each name, written on the left, the values, in any order: shape (n,).
    """
    for row, values in enumerate(lines.values()):
        inside = values[(values >= start) & (values <= end)]
        ax.plot([start, end], [row, row], color="#AAAAAA", linewidth=0.8, marker="", linestyle="-")
        ax.vlines(inside, row - 0.3, row + 0.3, color="black", linewidth=0.8)
    ax.set_yticks(range(len(lines)), list(lines))
    ax.set_ylim(len(lines) - 0.5, -0.5)
    ax.set_xlim(start, end)
    ax.grid(visible=False)
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
