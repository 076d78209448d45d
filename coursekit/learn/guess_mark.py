"""The learner's guess on the plot that answers it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from coursekit.learn.guesses import guessed
from coursekit.pictures.numbers import shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def mark_guess(
    ax: Axes, question: str, *, axis: Literal["x", "y"] = "y", label: str = "your guess"
) -> None:
    """Marks the learner's guess on an axis: a dashed line, nothing where no number was guessed.

    Call it once all else is drawn. A guess outside of the plot is written at the edge, since the
    plot would shrink to nothing if it had to reach as far as somebody may guess.

    Args:
        ax: A plot whose axis shows what was asked, in the same unit.
        question: As `coursekit.guess` has it.
        axis: The axis on which the result is read.
        label: What is written beside it, where a plot answers two questions.
    """
    import numpy as np

    from coursekit.pictures import plot

    plot.keep_place(ax, question, axis, label)
    guess = guessed(question)
    if guess is None:
        return
    limits = ax.get_xlim() if axis == "x" else ax.get_ylim()
    scale = (ax.xaxis if axis == "x" else ax.yaxis).get_transform()
    with np.errstate(all="ignore"):
        start, end, at = scale.transform(np.array([*limits, guess]))
    # From 0 to 1 inside of the plot, whichever way the axis runs; nan for 0 on a log axis.
    place = float((at - start) / (end - start))
    place = -1.0 if np.isnan(place) else place
    style: dict[str, Any] = {
        "bbox": {"facecolor": "white", "edgecolor": "none", "pad": 1, "alpha": 0.8},
        "color": "#333333",
        "fontsize": 9,
        "textcoords": "offset points",
    }
    if 0 <= place <= 1:
        line = ax.axvline if axis == "x" else ax.axhline
        line(guess, color="#555555", linestyle="--", linewidth=1.5)
    else:
        arrow = ("←→" if axis == "x" else "↓↑")[int(place > 1)]
        label = f"{arrow} {label}: {shown(guess)}"
        place = min(max(place, 0.0), 1.0)
    # Beside the line, on the side where there is more room.
    far = place > 0.5
    if axis == "x":
        style |= {"rotation": 90, "va": "top", "ha": "right" if far else "left"}
        ax.annotate(label, (place, 1), (-4 if far else 4, -4), "axes fraction", **style)
    else:
        style |= {"ha": "right", "va": "top" if far else "bottom"}
        ax.annotate(label, (1, place), (-4, -4 if far else 4), "axes fraction", **style)
