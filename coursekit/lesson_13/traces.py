"""Lesson 13's traces: a row rounded by GPTQ, and a layer that is smoothed."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch
from matplotlib.figure import Figure

from coursekit.pictures import plot
from coursekit.pictures.trace import Rows, Stage, Trace, number

# A row whose levels are whole numbers, and how alike its four inputs are.
ROW, ALIKE = (0.4, 1.3, -0.6, 0.7), 0.8
# A layer: two tokens, three channels of which one is tall, two rows of weights.
INPUTS = ((0.6, 40.0, -0.8), (-0.3, -24.0, 0.5))
WEIGHTS = ((0.5, 0.02, -0.4), (-0.2, 0.01, 0.6))
ALPHA = 0.5


@dataclass(frozen=True)
class Step:
    """After a column: the row as it stands, and how far its output is off (squared)."""

    row: list[float]
    damage: float


def one_row_steps() -> list[Step]:
    """GPTQ on ROW, with inputs of variance 1 that go together as ALIKE says; first the start."""
    h = torch.full((len(ROW), len(ROW)), ALIKE, dtype=torch.double).fill_diagonal_(1)
    start = torch.tensor(ROW, dtype=torch.double)
    row, steps = start.clone(), [Step(list(ROW), 0.0)]
    for j in range(len(ROW)):
        inverse = torch.linalg.inv(h[j:, j:])
        error = (row[j] - row[j].round()) / inverse[0, 0]
        row[j] = row[j].round()
        row[j + 1 :] -= error * inverse[0, 1:]
        steps.append(Step([float(value) for value in row], _damage(row - start, h)))
    return steps


def plain_damage() -> float:
    """How far the output is off if each weight goes to its nearest level."""
    h = torch.full((len(ROW), len(ROW)), ALIKE, dtype=torch.double).fill_diagonal_(1)
    start = torch.tensor(ROW, dtype=torch.double)
    return _damage(start.round() - start, h)


def one_row() -> Trace:
    """Four weights, rounded one after the other; those to come mend the output."""
    steps, rounded = one_row_steps(), [float(round(value)) for value in ROW]
    shape = (len(ROW),)
    stages = [
        Stage(
            "The row",
            f"Four weights; levels are whole numbers. Their inputs go together: the correlation of "
            f"each two is {ALIKE}. The dashes are the levels next to them.",
            "the row of weights",
            None,
            shape,
            partial(_dots, ROW, 0),
            "A dot for each weight, and a dash at the level next to it.",
            _table(("weight", ROW), ("nearest level", rounded)),
        )
    ]
    for place, (before, after) in enumerate(itertools.pairwise(steps)):
        lost = before.row[place] - after.row[place]
        rest = len(ROW) - place - 1
        mended = (
            "What stands behind it moves, to give back of that what its inputs can."
            if rest
            else "Nothing is left to mend it."
        )
        stages.append(
            Stage(
                f"Weight {place + 1}",
                f"It is {number(before.row[place], 2)} by now, and goes to "
                f"{number(after.row[place], 0)}: {number(lost, 2)} is lost. {mended}",
                "the row of weights",
                shape,
                shape,
                partial(_dots, after.row, place + 1),
                "Dots for the weights; those that are rounded are squares.",
                _table(("before", before.row), ("now", after.row)),
            )
        )
    gptq, plain = steps[-1].damage, plain_damage()
    better = "less" if gptq < plain else "no less"
    stages.append(
        Stage(
            "Beside plain rounding",
            f"The squared error of the output, in the mean over tokens, is {number(gptq, 2)}. With "
            f"each weight at its nearest level it is {number(plain, 2)}. So GPTQ does {better} "
            "damage, with the same levels to choose from.",
            "the row of weights",
            shape,
            shape,
            partial(_pair, steps[-1].row, rounded),
            "Squares for what GPTQ chose, dashes for the nearest levels.",
            _table(("weight", ROW), ("nearest level", rounded), ("GPTQ", steps[-1].row)),
        )
    )
    return Trace("Four weights rounded by GPTQ", tuple(stages))


@dataclass(frozen=True)
class Layer:
    """A layer before or after smoothing, and what int8 makes of it."""

    inputs: torch.Tensor
    weights: torch.Tensor
    outputs: torch.Tensor
    rounded: torch.Tensor


def layer(s: torch.Tensor) -> Layer:
    """The layer with its channels divided by s and its columns multiplied by it."""
    inputs, weights = torch.tensor(INPUTS) / s, torch.tensor(WEIGHTS) * s
    x = _int8(inputs, inputs.abs().max())
    w = _int8(weights, weights.abs().amax(1, keepdim=True))
    return Layer(inputs, weights, inputs @ weights.T, x @ w.T)


def factors() -> torch.Tensor:
    """What each channel is divided by."""
    tall, heavy = torch.tensor(INPUTS).abs().amax(0), torch.tensor(WEIGHTS).abs().amax(0)
    return tall**ALPHA / heavy ** (1 - ALPHA)


def one_smoothing() -> Trace:
    """A layer of three channels in int8, as it is and smoothed."""
    s = factors()
    before, after = layer(torch.ones(3)), layer(s)
    two, channels, outputs = "the inputs", (2, 3), (2, 2)
    off = [float((its.rounded - before.outputs).abs().max()) for its in (before, after)]
    less = "nearer" if off[1] < off[0] else "no nearer"
    step = float(before.inputs.abs().max() / 127)
    return Trace(
        "A tall channel, smoothed",
        (
            Stage(
                "Two tokens, three channels",
                "The middle channel is tall in both tokens. Its weights are small.",
                two,
                None,
                channels,
                partial(_matrix, before.inputs, 1, "inputs"),
                "A matrix of two rows and three columns; the middle column is the largest.",
                _rows("token", before.inputs, 1),
            ),
            Stage(
                "In int8 as they are",
                f"One scale reaches to the tallest value, so a step is {number(step, 3)} long. The "
                f"outputs are off by up to {number(off[0], 3)}.",
                "the outputs",
                None,
                outputs,
                partial(_matrix, before.rounded - before.outputs, 3, "error of the outputs"),
                "A matrix with the errors of two outputs for two tokens.",
                _rows("token", before.rounded, 3),
            ),
            Stage(
                "The factors",
                "For each channel, the root of its largest magnitude over that of its column: α is "
                "one half.",
                "the factors",
                None,
                (3,),
                partial(_matrix, s[None], 1, "factors"),
                "Three numbers; the middle one is the largest.",
                _rows("s", s[None], 2),
            ),
            Stage(
                "Both sides smoothed",
                "Channels are divided, columns multiplied. Each channel is now as tall as its "
                "column is heavy, and the products are the same.",
                two,
                channels,
                channels,
                partial(_matrix, after.inputs, 2, "smoothed inputs"),
                "A matrix of two rows and three columns of about equal size.",
                _rows("token", after.inputs, 2),
            ),
            Stage(
                "In int8, smoothed",
                f"The step fits all channels now. The outputs are off by up to "
                f"{number(off[1], 3)}: {less} than before.",
                "the outputs",
                outputs,
                outputs,
                partial(_matrix, after.rounded - before.outputs, 3, "error of the outputs"),
                "A matrix with the errors of two outputs for two tokens.",
                _rows("token", after.rounded, 3),
            ),
        ),
    )


def _damage(change: torch.Tensor, h: torch.Tensor) -> float:
    return float(change @ h @ change)


def _int8(values: torch.Tensor, largest: torch.Tensor) -> torch.Tensor:
    scale = largest / 127
    return scale * (values / scale).round()


def _table(*columns: tuple[str, Sequence[float]]) -> Rows:
    names = tuple(name for name, _ in columns)
    values = zip(*(its for _, its in columns), strict=True)
    return (names, *(tuple(number(value, 2) for value in row) for row in values))


def _rows(name: str, values: torch.Tensor, digits: int) -> Rows:
    head = ("", *(f"{place + 1}" for place in range(values.shape[1])))
    body = (
        (f"{name} {place + 1}", *(number(float(value), digits) for value in row))
        for place, row in enumerate(values)
    )
    return (head, *body)


def _dots(row: Sequence[float], done: int) -> Figure:
    fig, ax = plot.figure(width=9, height=2.4)
    for place, value in enumerate(row):
        ax.plot(place + 1, value, "s" if place < done else "o", color="black", markersize=8)
        ax.plot(place + 1, round(value), "_", color="#d9730d", markersize=22)
    ax.set(title="The row", xlabel="weight", ylabel="value", xticks=range(1, len(row) + 1))
    return fig


def _pair(gptq: Sequence[float], plain: Sequence[float]) -> Figure:
    fig, ax = plot.figure(width=9, height=2.4)
    places = range(1, len(gptq) + 1)
    ax.plot(places, gptq, "s", color="black", markersize=8, label="GPTQ")
    ax.plot(places, plain, "_", color="#d9730d", markersize=22, label="nearest level")
    ax.set(title="Two roundings", xlabel="weight", ylabel="level", xticks=places)
    ax.legend()
    return fig


def _matrix(values: torch.Tensor, decimals: int, title: str) -> Figure:
    fig, ax = plot.figure(width=9, height=2.2)
    plot.matrix(ax, values.numpy(), decimals=decimals)
    ax.set(title=title)
    return fig


TRACES = {
    "llm-one-row": one_row,
    "llm-one-smoothing": one_smoothing,
}
