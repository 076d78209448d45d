"""Lesson 14's traces: a teacher's answer, a matrix as two thin ones, an adapter beside few bits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch
from matplotlib.figure import Figure

from coursekit.pictures import plot
from coursekit.pictures.trace import Stage, Trace, number

CLASSES = ("ankle boot", "trainer", "sandal", "coat")
TEACHER, STUDENT, TEMPERATURE, RATE = (6.0, 3.0, 1.0, -2.0), (2.0, 1.0, 0.0, 1.5), 4.0, 0.5
# A layer with three outputs, and three inputs whose last column is large.
WEIGHT = ((3.0, -2.0, 1.0, 0.2), (2.5, -1.5, 1.0, -0.3), (-2.0, 1.5, -0.5, 0.6))
INPUTS = ((0.1, 0.1, -0.1, 6.0), (-0.1, 0.1, 0.1, 5.0), (0.1, -0.1, 0.2, -5.0))
# Three levels per weight, a scale per row.
BITS, TOP = 2, 1


@dataclass(frozen=True)
class Lesson:
    """One image and what its answer teaches, in float64, shape (classes,) each."""

    at_one: torch.Tensor
    wanted: torch.Tensor
    own: torch.Tensor
    gradient: torch.Tensor
    scaled: torch.Tensor
    moved: torch.Tensor


def one_lesson() -> Lesson:
    """The numbers of the first trace: the soft part alone, without labels."""
    taught, student = (torch.tensor(v, dtype=torch.float64) for v in (TEACHER, STUDENT))
    wanted, own = (taught / TEMPERATURE).softmax(0), (student / TEMPERATURE).softmax(0)
    gradient = (own - wanted) / TEMPERATURE
    scaled = TEMPERATURE**2 * gradient
    return Lesson(taught.softmax(0), wanted, own, gradient, scaled, student - RATE * scaled)


def one_answer() -> Trace:
    """A teacher's logits become soft targets, and a gradient of the student's logits."""
    its = one_lesson()
    four, t = (len(CLASSES),), f"{TEMPERATURE:g}"
    after = (its.moved / TEMPERATURE).softmax(0)
    nearer = (after - its.wanted).abs().sum() < (its.own - its.wanted).abs().sum()
    hard = float((torch.tensor(STUDENT).softmax(0) - its.at_one).abs().max())
    most, least = float(its.scaled.abs().max()), float(its.gradient.abs().max())

    def stage(
        title: str, text: str, of: str, before: bool, values: torch.Tensor, alt: str
    ) -> Stage:
        digits = 3 if "logits" not in of or "gradient" in of else 2
        return Stage(
            title,
            text,
            of,
            four if before else None,
            four,
            partial(_bars, values.tolist(), title),
            alt,
            (("class", "value"), *zip(CLASSES, _numbers(values, digits), strict=True)),
        )

    return Trace(
        "What one answer teaches",
        (
            stage(
                "The teacher's logits",
                "An image of an ankle boot. The largest logit is that of the boot, and the others "
                "are in an order: a trainer is more like it than a coat.",
                "the teacher's answer",
                False,
                torch.tensor(TEACHER),
                "A bar for each class, longest for the ankle boot, below 0 for the coat.",
            ),
            stage(
                "At temperature 1",
                f"Softmax gives the boot {number(float(its.at_one[0]), 3)}. What is left for the "
                "others is nearly nothing: hardly more than a label says.",
                "the teacher's answer",
                True,
                its.at_one,
                "Nearly all of the probability is in the first bar.",
            ),
            stage(
                f"At temperature {t}",
                f"The logits are divided by {t} first. Ankle boot, trainer, sandal and coat have "
                f"{', '.join(_numbers(its.wanted, 3))}: the order can be seen.",
                "the teacher's answer",
                True,
                its.wanted,
                "Four bars that fall from the ankle boot to the coat.",
            ),
            stage(
                "The student at the same temperature",
                f"It gives the boot {number(float(its.own[0]), 3)}, and the coat more than the "
                "trainer.",
                "the student's answer",
                False,
                its.own,
                "Four bars, less uneven than the teacher's, the coat's longer than the trainer's.",
            ),
            stage(
                "The gradient of the student's logits",
                "Student less teacher, divided by the temperature. Classes with too little get a "
                f"negative gradient. The largest is {number(least, 3)} in magnitude.",
                "the gradient of the logits",
                False,
                its.gradient,
                "A bar for each class, below 0 for those of which the student has too little.",
            ),
            stage(
                "Times T²",
                f"With {t}² = {TEMPERATURE**2:g} the largest is {number(most, 3)}; at T = 1 it "
                f"is {number(hard, 3)}. So labels and teacher keep about the same weights when "
                "T is changed.",
                "the gradient of the logits",
                True,
                its.scaled,
                "The same bars on a scale that is larger.",
            ),
            stage(
                "One step",
                f"The logits move by {RATE:g} times that. The coat's falls and the trainer's "
                f"rises: at temperature {t} the answers are "
                + ("nearer to each other." if nearer else "no nearer to each other."),
                "the student's logits",
                False,
                its.moved,
                "The student's new logits as bars, the ankle boot's longest.",
            ),
        ),
    )


@dataclass(frozen=True)
class Products:
    """A matrix, its plain product of rank 1, and the one that knows the inputs; float64."""

    weight: torch.Tensor
    sizes: torch.Tensor
    plain: torch.Tensor
    second: torch.Tensor
    aware: torch.Tensor
    off_plain: float
    off_aware: float


def products() -> Products:
    """The numbers of the second trace."""
    weight, x = (torch.tensor(v, dtype=torch.float64) for v in (WEIGHT, INPUTS))
    left, sizes, right = torch.linalg.svd(weight, full_matrices=False)
    plain = sizes[0] * left[:, :1] @ right[:1]
    second = x.T @ x / len(x)
    root = torch.linalg.cholesky(second + 1e-6 * second.diagonal().mean() * torch.eye(4))
    a, s, b = torch.linalg.svd(weight @ root, full_matrices=False)
    aware = s[0] * a[:, :1] @ torch.linalg.solve_triangular(root, b[:1], upper=False, left=False)

    def off(near: torch.Tensor) -> float:
        return float((x @ (near - weight).T).norm())

    return Products(weight, sizes, plain, second, aware, off(plain), off(aware))


def two_factors() -> Trace:
    """A matrix of rank 1 by its own SVD, and by that of its outputs."""
    its = products()
    shape = tuple(its.weight.shape)
    apart, aware = (float((near - its.weight).norm()) for near in (its.plain, its.aware))
    wins = its.off_aware < its.off_plain
    return Trace(
        "The matrix, or what it computes",
        (
            Stage(
                "A matrix",
                "Three outputs, four inputs. The last column is small.",
                "the matrix",
                None,
                shape,
                partial(_grids, {"the matrix": its.weight}),
                "Twelve numbers, those of the last column near 0.",
            ),
            Stage(
                "Its singular values",
                f"They are {', '.join(_numbers(its.sizes, 2))}. Rank 1 leaves out the last two: no "
                f"product of rank 1 is nearer than {number(float(its.sizes[1:].norm()), 2)}.",
                "the singular values",
                None,
                (3,),
                partial(_bars, its.sizes.tolist(), "Singular values", ("1", "2", "3")),
                "Three bars, the first much longer than the others.",
            ),
            Stage(
                "Rank 1, plain",
                f"Seven numbers in place of twelve. Off by {number(apart, 2)}, as it must be.",
                "the matrix",
                shape,
                shape,
                partial(_grids, {"the matrix": its.weight, "rank 1": its.plain}),
                "The matrix and its approximation: they differ most in the last column.",
            ),
            Stage(
                "The inputs",
                "The input of the last column is large, the others are small. Products of the "
                "inputs, averaged, say so.",
                "products of the inputs",
                None,
                (4, 4),
                partial(_grids, {"mean products of the inputs": its.second}),
                "A grid of sixteen numbers, large only in the last place.",
            ),
            Stage(
                "Rank 1, by the outputs",
                f"The nearest *outputs*. As a matrix it is off by {number(aware, 2)}, "
                + ("more" if aware > apart else "not more")
                + " than before: the last column is nearly right, and much else is not.",
                "the matrix",
                shape,
                shape,
                partial(_grids, {"the matrix": its.weight, "rank 1, aware": its.aware}),
                "The matrix and an approximation with nearly the same last column.",
            ),
            Stage(
                "What comes out",
                f"The outputs are off by {number(its.off_plain, 2)} with the plain product and by "
                f"{number(its.off_aware, 2)} with the other one. "
                + (
                    "The worse matrix is the better layer."
                    if wins
                    else "Here both are as good as each other."
                ),
                "the errors of the outputs",
                None,
                (2,),
                partial(
                    _bars,
                    [its.off_plain, its.off_aware],
                    "Error of the outputs",
                    ("plain", "aware"),
                ),
                "Two bars for the errors of the outputs, plain and aware.",
            ),
        ),
    )


@dataclass(frozen=True)
class Beside:
    """A matrix in few bits, what is lost, a correction of rank 1, and both rounded again."""

    weight: torch.Tensor
    rounded: torch.Tensor
    residual: torch.Tensor
    correction: torch.Tensor
    again: torch.Tensor


def beside() -> Beside:
    """The numbers of the third trace: three levels, the row's largest weight fits."""
    weight = torch.tensor(WEIGHT, dtype=torch.float64)

    def three_levels(values: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
        return scale * (values / scale).round().clamp(-TOP, TOP)

    scale = weight.abs().amax(1, keepdim=True) / TOP
    rounded = three_levels(weight, scale)
    residual = weight - rounded
    left, sizes, right = torch.linalg.svd(residual, full_matrices=False)
    correction = sizes[0] * left[:, :1] @ right[:1]
    return Beside(weight, rounded, residual, correction, three_levels(rounded + correction, scale))


def one_adapter() -> Trace:
    """What rounding loses, what an adapter brings back, and what becomes of it when merged."""
    its = beside()
    shape = tuple(its.weight.shape)
    both = its.rounded + its.correction
    before, after = (float((near - its.weight).norm()) for near in (its.rounded, both))
    lost = float((its.again - its.weight).norm())
    changed = int((its.again != its.rounded).sum())
    return Trace(
        "An adapter beside few bits",
        (
            Stage(
                "The weights",
                "Three rows of floats.",
                "the matrix",
                None,
                shape,
                partial(_grids, {"float": its.weight}),
                "A grid of three rows and four columns of numbers.",
            ),
            Stage(
                "Three levels",
                "Each row has one scale, and each weight is its scale, 0, or less its scale. The "
                f"matrix is off by {number(before, 2)}.",
                "the matrix",
                shape,
                shape,
                partial(_grids, {"float": its.weight, f"{BITS} bits": its.rounded}),
                "The weights, and beside them three values per row.",
            ),
            Stage(
                "The residual",
                "What rounding has lost, float less rounded. It is no noise without a pattern.",
                "the residual",
                None,
                shape,
                partial(_grids, {"residual": its.residual}),
                "Twelve numbers that are smaller than the weights.",
            ),
            Stage(
                "Its best product of rank 1",
                "A column of three numbers times a row of four, by the SVD of the residual.",
                "the residual",
                shape,
                shape,
                partial(_grids, {"residual": its.residual, "rank 1": its.correction}),
                "The residual, and beside it a product that is like it.",
            ),
            Stage(
                "Beside the rounded weights",
                f"Rounded weights and correction together are off by {number(after, 2)}, in place "
                f"of {number(before, 2)}. Nothing was trained.",
                "the matrix",
                shape,
                shape,
                partial(_grids, {"float": its.weight, "rounded + rank 1": both}),
                "The weights, and beside them a matrix that is much more like them.",
            ),
            Stage(
                "Merged, and rounded again",
                f"Added up and rounded to the same levels, {changed} of {its.weight.numel()} "
                f"weights have another code than before. Off by {number(lost, 2)}: what the "
                + (
                    "correction knew lay between the levels, and is gone."
                    if lost > (before + after) / 2
                    else "correction knew is partly kept."
                ),
                "the matrix",
                shape,
                shape,
                partial(_grids, {f"{BITS} bits": its.rounded, "merged, rounded": its.again}),
                "The rounded weights, before and after the correction was merged into them.",
            ),
        ),
    )


def _numbers(values: torch.Tensor, digits: int) -> list[str]:
    return [number(value, digits) for value in values.tolist()]


def _bars(values: Sequence[float], title: str, names: Sequence[str] = CLASSES) -> Figure:
    fig, ax = plot.figure(width=9, height=2.6)
    plot.bars(ax, list(names), list(values), label="{:.3f}")
    ax.axvline(0, color="black", linewidth=1, marker="")
    ax.set(title=title, xlabel="value")
    return fig


def _grids(shown: dict[str, torch.Tensor]) -> Figure:
    fig, axes = plot.figure(1, len(shown), width=9, height=2.6, squeeze=False)
    for ax, (name, values) in zip(axes[0], shown.items(), strict=True):
        plot.matrix(ax, values.numpy(), decimals=2)
        ax.set(title=name, xticks=[], yticks=[])
    return fig


TRACES = {
    "taught-one-answer": one_answer,
    "factored-one-matrix": two_factors,
    "adapter-one-matrix": one_adapter,
}
