"""Lesson 06's picture: five weights are pulled over the borders between their levels."""

from __future__ import annotations

from dataclasses import dataclass

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure

from coursekit.nets.train import fixed
from coursekit.pictures.moving import INK, MARK, Moving
from coursekit.pictures.opening_style import BELOW, STYLE, axes_at, blank, words
from coursekit.pictures.trace import number

WEIGHTS, STEPS, EVERY = 5, 50, 2
LOW, HIGH = -2, 1
RATE, IN_COMMON, SEED = 0.02, 0.4, 19


@dataclass(frozen=True)
class Pulled:
    """A run: the latent weights in steps (moments, weights), their codes, and the row's error."""

    latent: torch.Tensor
    codes: torch.Tensor
    error: list[float]


def pulled() -> Pulled:
    """One row of rounded weights that should compute what a float row does, by gradients."""
    with fixed(SEED):
        common = torch.randn(400, 1)
        inputs = IN_COMMON**0.5 * common + (1 - IN_COMMON) ** 0.5 * torch.randn(400, WEIGHTS)
        wanted, weight = torch.rand(2, WEIGHTS) * (HIGH - LOW) + LOW
    path, rounded, error = [], [], []
    for _ in range(STEPS + 1):
        code = weight.round().clamp(LOW, HIGH)
        off = inputs @ (code - wanted)
        path.append(weight)
        rounded.append(code)
        error.append(float(off.square().mean()))
        # Straight through: the gradient of the codes moves the latent weights.
        weight = weight - RATE * 2 * inputs.t() @ off / len(inputs)
    return Pulled(torch.stack(path), torch.stack(rounded), error)


def pulled_to_levels() -> Moving:
    """Lesson 06: latent weights move a little at each step, and their codes jump at borders."""
    its = pulled()

    def draw(step: float) -> Figure:
        step = int(step)
        with plt.rc_context(STYLE):
            figure = blank(620, 320)
            left = axes_at(figure, 40, 30, 400, 240)
            for border in (-1.5, -0.5, 0.5):
                left.axhline(border, color=INK, linewidth=0.8, linestyle="--")
            for level in range(LOW, HIGH + 1):
                left.axhline(level, color=INK, linewidth=2, alpha=0.5)
            right = axes_at(figure, 470, 30, 130, 240)
            for place in range(WEIGHTS):
                jumped = its.codes[step, place] != its.codes[0, place]
                colour = MARK if jumped else BELOW
                left.plot(its.latent[: step + 1, place], color=colour, linewidth=1.2)
                left.plot(step, its.latent[step, place], "o", color=colour, markersize=5)
                right.plot(place, its.codes[step, place], "s", color=colour, markersize=11)
                right.plot(place, its.latent[step, place], "_", color=INK, markersize=14)
            left.set(xlim=(-1, STEPS + 1), ylim=(-2.4, 1.4), yticks=[-2, -1, 0, 1])
            left.set_yticklabels(["−2", "−1", "0", "1"])
            left.set_xlabel("training step")
            right.set(xlim=(-0.6, WEIGHTS - 0.4), ylim=(-2.4, 1.4), xticks=[], yticks=[])
            for ax in (left, right):
                ax.spines[["top", "right"]].set_visible(False)
            words(figure, 240, 14, "five latent weights, in steps", fontsize=11)
            words(figure, 535, 14, "what computes", fontsize=11)
            words(figure, 535, 300, f"error of the row: {its.error[step]:.2f}", fontsize=10)
        return figure

    def alt(step: float) -> str:
        latent = ", ".join(number(value, 2) for value in its.latent[int(step)].tolist())
        codes = ", ".join(number(int(value)) for value in its.codes[int(step)].tolist())
        return (
            f"Step {step:g}. The latent weights are {latent}; their codes are {codes}. The error "
            f"of the row is {its.error[int(step)]:.2f}."
        )

    return Moving(
        draw,
        alt=alt,
        words=(
            "The step of training can be moved. Five lines show five latent weights, which move a "
            "little at each step between four levels. Dashed lines are the borders where rounding "
            "changes its mind. Beside them stand the codes with which the row computes: they stay "
            "where they are until a line crosses a border, and then they jump by one level. A "
            "weight is orange while its code is not the one it began with. For a while one weight "
            "stays at a border and crosses it again and again. The error of the row, from what a "
            "float row computes, changes only in jumps, mostly down."
        ),
        start={"step": 0},
        step=list(range(0, STEPS + 1, EVERY)),
    )
