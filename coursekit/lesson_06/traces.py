"""Lesson 06's traces: a gradient passed straight through, a weight that waits, a learned scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch
from matplotlib.figure import Figure

from coursekit.pictures import plot
from coursekit.pictures.trace import Rows, Stage, Trace, number

LOW, HIGH = -2, 1
# One row: latent weights, its inputs, what it should compute, the scale, the learning rate.
LATENT, INPUTS, WANTED = (0.35, -0.68, 0.90, 0.21), (1.0, 0.5, 1.5, -1.0), 0.6
SCALE, RATE = 0.5, 0.15
# One weight that should become a value between two levels.
START, TARGET, PULL, STEPS = -0.3, 0.35, 0.35, 9
# Six weights whose scale is learned from a bad start.
ROW, FIRST_SCALE, SCALE_RATE, ROUNDS = (-0.62, -0.31, -0.08, 0.11, 0.24, 0.40), 0.6, 0.8, 4


@dataclass(frozen=True)
class Row:
    """One step of training of a row of rounded weights."""

    steps: list[float]
    codes: list[int]
    rounded: list[float]
    output: float
    gradient: list[float]
    passed: list[float]
    updated: list[float]
    new_codes: list[int]
    new_output: float


def one_row() -> Row:
    """The numbers of the first trace. The loss is half of the squared error of the output."""
    steps = [w / SCALE for w in LATENT]
    codes = [_code(s) for s in steps]
    rounded = [SCALE * q for q in codes]
    output = _sum(rounded)
    gradient = [(output - WANTED) * x for x in INPUTS]
    passed = [g if LOW < s < HIGH else 0.0 for g, s in zip(gradient, steps, strict=True)]
    updated = [w - RATE * g for w, g in zip(LATENT, passed, strict=True)]
    new_codes = [_code(w / SCALE) for w in updated]
    new_output = _sum([SCALE * q for q in new_codes])
    return Row(steps, codes, rounded, output, gradient, passed, updated, new_codes, new_output)


def one_gradient() -> Trace:
    """Forward with rounded weights, backward straight through, and one step of the latent ones."""
    its = one_row()
    weights, four = "the row of weights", (len(LATENT),)
    clipped = sum(s < LOW or s > HIGH for s in its.steps)
    changed = sum(a != b for a, b in zip(its.codes, its.new_codes, strict=True))
    error, after = its.output - WANTED, its.new_output - WANTED
    moved = "smaller" if abs(after) < abs(error) else "not smaller"
    return Trace(
        "One gradient through a rounded row",
        (
            Stage(
                "Latent weights",
                f"{len(LATENT)} floats. In steps of the scale {number(SCALE, 1)} they lie where "
                f"the table says; the codes end at {number(LOW)} and {number(HIGH)}.",
                weights,
                None,
                four,
                partial(_on_levels, its.steps, None, "Latent weights, in steps"),
                "Dots on a scale with four levels and the borders between them.",
                _table(("latent", LATENT), ("in steps", its.steps)),
            ),
            Stage(
                "Rounded",
                f"Each goes to the nearest code, {clipped} of them by clipping. The layer computes "
                "with code times scale.",
                weights,
                four,
                four,
                partial(_on_levels, its.steps, its.codes, "Dots: latent. Squares: codes"),
                "Each dot with the square of the code that it is rounded to.",
                _table(("in steps", its.steps), ("code", its.codes), ("rounded", its.rounded)),
            ),
            Stage(
                "Output and error",
                f"The sum of products is {number(its.output, 2)}; wanted is {number(WANTED, 2)}. "
                f"The error is {number(error, 2)}.",
                "the output",
                None,
                (1,),
                partial(
                    _bars,
                    [x * w for x, w in zip(INPUTS, its.rounded, strict=True)],
                    "What each weight adds to the output",
                ),
                "A bar for what each weight adds, above or below 0.",
                _table(("input", INPUTS), ("rounded", its.rounded)),
            ),
            Stage(
                "Gradient of the rounded weights",
                "The error times the input, for each weight. Up to here this is ordinary "
                "backpropagation, and exact.",
                "the gradient",
                None,
                four,
                partial(_bars, its.gradient, "Gradient of the loss with respect to rounded"),
                "A bar for each weight's gradient.",
                _table(("input", INPUTS), ("gradient", its.gradient)),
            ),
            Stage(
                "Straight through the rounding",
                "The true derivative of rounding would make all of them 0. Straight-through hands "
                f"them on as they are. {clipped} of {len(LATENT)} weights was clipped and gets 0.",
                "the gradient",
                four,
                four,
                partial(_bars, its.passed, "Gradient of the latent weights"),
                "A bar for each weight's gradient; where it was clipped there is none.",
                _table(("in steps", its.steps), ("gradient", its.passed)),
            ),
            Stage(
                "One step",
                f"Learning rate {number(RATE, 2)}. The latent weights move a little. Codes "
                f"that change: {changed} of {len(LATENT)}. The output becomes "
                f"{number(its.new_output, 2)}: the error is {moved}.",
                weights,
                four,
                four,
                partial(
                    _on_levels,
                    [w / SCALE for w in its.updated],
                    its.new_codes,
                    "After the step",
                ),
                "Dots and squares after the step, on the same scale.",
                _table(("before", LATENT), ("after", its.updated), ("code", its.new_codes)),
            ),
        ),
    )


@dataclass(frozen=True)
class Moment:
    """One weight at one step: latent, code, and the gradient that it gets."""

    latent: float
    code: int
    gradient: float


def one_path() -> list[Moment]:
    """The numbers of the second trace: half of the squared distance of the rounded weight."""
    latent, path = START, []
    for _ in range(STEPS):
        code = _code(latent / SCALE)
        gradient = SCALE * code - TARGET
        path.append(Moment(latent, code, gradient))
        latent -= PULL * gradient
    return path


def one_weight() -> Trace:
    """A weight is pushed, crosses a border, is pushed back, and crosses it again."""
    path = one_path()
    stages = []
    rows: list[tuple[str, ...]] = [("step", "latent", "code", "rounded", "gradient")]
    for step, its in enumerate(path):
        rounded = SCALE * its.code
        rows.append(
            (
                str(step),
                number(its.latent, 3),
                number(its.code),
                number(rounded, 1),
                number(its.gradient, 2),
            )
        )
        way = "up" if its.gradient < 0 else "down"
        jumped = step > 0 and its.code != path[step - 1].code
        news = "It has crossed a border, and its code has jumped." if jumped else ""
        stays = "Its code is what it was." if step and not jumped else ""
        stages.append(
            Stage(
                f"Step {step}",
                f"The latent weight is {number(its.latent, 3)}. {news}{stays} Rounded it is "
                f"{number(rounded, 1)}; wanted is {number(TARGET, 2)}. The gradient "
                f"{number(its.gradient, 2)} pushes it {way}.".replace("  ", " "),
                "the latent weight so far",
                None if step == 0 else (step,),
                (step + 1,),
                partial(_path, path[: step + 1]),
                "The latent weight as a line over the steps, its rounded value as squares.",
                tuple(rows),
            )
        )
    return Trace("One weight at a border", tuple(stages))


@dataclass(frozen=True)
class Scaled:
    """One round of learning a scale."""

    scale: float
    codes: list[int]
    slopes: list[float]
    shares: list[float]
    gradient: float
    damped: float
    error: float


def one_scale() -> list[Scaled]:
    """The numbers of the third trace. The loss is half of the squared error of the weights."""
    scale, rounds = FIRST_SCALE, []
    factor = 1 / math.sqrt(len(ROW) * HIGH)
    for _ in range(ROUNDS):
        steps = [w / scale for w in ROW]
        codes = [_code(s) for s in steps]
        slopes = [q - s if LOW < s < HIGH else float(q) for q, s in zip(codes, steps, strict=True)]
        off = [scale * q - w for q, w in zip(codes, ROW, strict=True)]
        shares = [d * e for d, e in zip(slopes, off, strict=True)]
        gradient = sum(shares)
        error = sum(e * e for e in off)
        rounds.append(Scaled(scale, codes, slopes, shares, gradient, factor * gradient, error))
        scale -= SCALE_RATE * factor * gradient
    return rounds


def one_step_size() -> Trace:
    """The slope of each weight, their sum, the gradient scale, and a scale that gets better."""
    rounds = one_scale()
    first, six = rounds[0], (len(ROW),)
    steps = [w / first.scale for w in ROW]
    stages = [
        Stage(
            "A row and its scale",
            f"{len(ROW)} weights with the scale {number(first.scale, 2)}. Their squared error is "
            f"{number(first.error, 3)}.",
            "the row of weights",
            None,
            six,
            partial(_on_levels, steps, first.codes, "Dots: weights. Squares: codes"),
            "Dots on a scale with four levels, and the squares of their codes.",
            _table(("weight", ROW), ("in steps", steps), ("code", first.codes)),
        ),
        Stage(
            "One slope for each weight",
            "How does the rounded weight change with the scale? $q - w/s$ inside the range, and "
            "$q$ where it is clipped.",
            "the slopes",
            None,
            six,
            partial(_bars, first.slopes, "Slope of each rounded weight"),
            "A bar for each weight's slope, above and below 0.",
            _table(("in steps", steps), ("code", first.codes), ("slope", first.slopes)),
        ),
        Stage(
            "One gradient for the scale",
            f"Each slope times the error of its weight, summed: {number(first.gradient, 4)}. LSQ "
            f"multiplies it by $1/\\sqrt{{N q_{{max}}}}$, with $N = {len(ROW)}$ and "
            f"$q_{{max}} = {HIGH}$: {number(first.damped, 4)}.",
            "the gradient of the scale",
            None,
            (1,),
            partial(_bars, first.shares, "What each weight adds to the scale's gradient"),
            "A bar for what each weight adds, above or below 0.",
        ),
    ]
    rows: list[tuple[str, ...]] = [("round", "scale", "gradient", "squared error")]
    for place, its in enumerate(rounds):
        rows.append((str(place), number(its.scale, 3), number(its.damped, 4), number(its.error, 3)))
        if not place:
            continue
        before = rounds[place - 1]
        way = "shorter" if its.scale < before.scale else "longer"
        moved = sum(a != b for a, b in zip(before.codes, its.codes, strict=True))
        fell = "smaller" if its.error < before.error else "not smaller"
        stages.append(
            Stage(
                f"Round {place}",
                f"The step is {way} now: {number(its.scale, 3)}. {moved} of {len(ROW)} codes have "
                f"changed. The squared error is {number(its.error, 3)}, {fell} than before.",
                "the scale so far",
                (place,),
                (place + 1,),
                partial(
                    _on_levels,
                    [w / its.scale for w in ROW],
                    its.codes,
                    f"Scale {number(its.scale, 3)}",
                ),
                "Dots and squares again, with the new scale.",
                tuple(rows),
            )
        )
    return Trace("A step size that learns", tuple(stages))


def _code(steps: float) -> int:
    """Rounded as torch does it, half to even, and clipped."""
    return int(torch.tensor(steps).round().clamp(LOW, HIGH))


def _sum(weights: Sequence[float]) -> float:
    return sum(w * x for w, x in zip(weights, INPUTS, strict=True))


def _table(*columns: tuple[str, Sequence[float]]) -> Rows:
    return (
        tuple(name for name, _ in columns),
        *zip(
            *(
                [number(value, 0 if name == "code" else 2) for value in cells]
                for name, cells in columns
            ),
            strict=True,
        ),
    )


def _on_levels(steps: Sequence[float], codes: Sequence[int] | None, title: str) -> Figure:
    fig, ax = plot.figure(width=9, height=2.6)
    for border in (-1.5, -0.5, 0.5):
        ax.axvline(border, color="grey", linewidth=0.8, linestyle="--", marker="")
    for place, value in enumerate(steps):
        ax.plot([value], [place], marker="o", linestyle="", color="black")
        if codes is not None:
            ax.plot([value, codes[place]], [place] * 2, marker="", color="grey", linestyle="-")
            ax.plot([codes[place]], [place], marker="s", linestyle="", color=plot.COLOURS[2])
    ax.set(title=title, xlabel="steps", ylabel="weight", xlim=(-2.6, 2.2))
    ax.set(xticks=range(LOW, HIGH + 1), yticks=range(len(steps)), ylim=(len(steps) - 0.4, -0.6))
    return fig


def _bars(values: Sequence[float], title: str) -> Figure:
    fig, ax = plot.figure(width=9, height=2.6)
    plot.bars(ax, [f"{n}" for n in range(len(values))], list(values), label="{:.2f}")
    ax.axvline(0, color="black", linewidth=1, marker="")
    ax.set(title=title, ylabel="weight", xlabel="value")
    return fig


def _path(path: Sequence[Moment]) -> Figure:
    fig, ax = plot.figure(width=9, height=3)
    at = range(len(path))
    for border in (-0.5, 0.5):
        ax.axhline(border * SCALE, color="grey", linewidth=0.8, linestyle="--", marker="")
    ax.axhline(TARGET, color=plot.COLOURS[1], linewidth=1, linestyle=":", marker="")
    ax.plot(at, [its.latent for its in path], color="black", marker="o", label="latent")
    rounded = [SCALE * its.code for its in path]
    ax.plot(at, rounded, color=plot.COLOURS[2], marker="s", linestyle="", label="rounded")
    ax.set(title="Dashed: borders. Dotted: wanted", xlabel="step", ylabel="weight")
    ax.set(xlim=(-0.3, STEPS), ylim=(-0.6, 0.6))
    ax.legend(loc="lower right")
    return fig


TRACES = {
    "qat-one-gradient": one_gradient,
    "qat-one-weight": one_weight,
    "qat-one-step-size": one_step_size,
}
