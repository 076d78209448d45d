"""Lesson 07's traces: PyTorch's pruning called again and again, and a mask through training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import nn
from torch.nn import functional as F
from torch.nn.utils import prune

from coursekit.nets.data import load_digits
from coursekit.nets.measure import count_nonzero
from coursekit.nets.train import fixed
from coursekit.pictures import plot
from coursekit.pictures.trace import Rows, Stage, Trace, number, percent, shape_of

AMOUNT = 0.5
SHARE = 0.8
STEPS = 4
RATE = 0.5


# Two calls.


def two_calls() -> Trace:
    """A layer of 4×10 weights: pruned, pruned again, mask removed, pruned once more."""
    with fixed():
        layer = nn.Linear(10, 4)
        shots = [_Shot.of(layer)]
        for call in (_prune, _prune, _remove, _prune):
            call(layer)
            shots.append(_Shot.of(layer))
    fresh, first, second, removed, third = shots
    total = fresh.weight.numel()
    same = torch.equal(second.weight, third.weight)
    asked = f'`prune.l1_unstructured(layer, "weight", amount={AMOUNT})`'
    count = f"{round(AMOUNT * total)} of {total}"
    still = "still " if removed.left == second.left else ""
    texts = {
        "A small layer": f"{total} weights, and none of them is zero: {fresh.left} are left.",
        "Prune": (
            f"{asked}: a share of {percent(AMOUNT)} goes, those nearest to zero. **{first.left} "
            "are left.** The original weights stay in `weight_orig`, and `weight_mask` holds "
            f"{total - first.left} zeros."
        ),
        "Prune again": (
            f"The same line. It takes {percent(AMOUNT)} of the {first.left} that were left, and so "
            f"{first.left - second.left}: **{second.left} are left**, and {_share(second)} are "
            "zero."
        ),
        "Remove the mask": (
            f'`prune.remove(layer, "weight")`: **{still}{removed.left} are left.** Removed are '
            "`weight_orig` and the mask. `weight` is an ordinary parameter again, with "
            f"{total - removed.left} zeros in it."
        ),
        "Prune once more": (
            "The same line again. No mask says any more what has gone, so the count begins from "
            f"all entries: {count} go, the smallest. {total - removed.left} were zero before. "
            f"**{third.left} are left{', the same as before' if same else ''}.**"
        ),
    }
    stages = []
    before: tuple[int, ...] | None = None
    for place, (title, text) in enumerate(texts.items()):
        shot, after = shots[place], shape_of(shots[place].weight)
        picture = partial(_matrix_picture, shot.weight, f"{title}: {shot.left} of {total} left")
        alt = f"The layer's weights as 4 rows of 10 numbers, of which {shot.left} are not zero."
        table = _calls(list(texts)[: place + 1], shots)
        stages.append(Stage(title, text, "`layer.weight`", before, after, picture, alt, table))
        before = after
    return Trace("The same call, four times something else", tuple(stages))


@dataclass(frozen=True)
class _Shot:
    """A layer at one moment: its weight as it is used, and the names of what it holds."""

    weight: torch.Tensor
    parameters: tuple[str, ...]
    buffers: tuple[str, ...]

    @classmethod
    def of(cls, layer: nn.Linear) -> _Shot:
        return cls(
            layer.weight.detach().clone(),
            tuple(name for name, _ in layer.named_parameters() if name.startswith("weight")),
            tuple(name for name, _ in layer.named_buffers()),
        )

    @property
    def left(self) -> int:
        return count_nonzero(self.weight)


def _prune(layer: nn.Linear) -> None:
    prune.l1_unstructured(layer, "weight", amount=AMOUNT)


def _remove(layer: nn.Linear) -> None:
    prune.remove(layer, "weight")


def _share(shot: _Shot) -> str:
    return percent(1 - shot.left / shot.weight.numel())


def _calls(titles: Sequence[str], shots: Sequence[_Shot]) -> Rows:
    rows = (
        (
            title,
            number(shot.left),
            _share(shot),
            *shot.parameters,
            ", ".join(shot.buffers) or "none",
        )
        for title, shot in zip(titles, shots, strict=False)
    )
    return (("step", "not zero", "zeros", "parameter", "buffer"), *rows)


def _matrix_picture(weight: torch.Tensor, title: str) -> Figure:
    fig, ax = plot.figure(width=9, height=3.4)
    plot.matrix(ax, weight.numpy(), decimals=2)
    ax.set(title=title, xlabel="input", ylabel="output")
    return fig


# A mask through training.


@dataclass(frozen=True)
class _Moment:
    """One pruned weight before a step: its value, and the gradient that the step will use."""

    weight: float
    gradient: float
    zeros: int


def mask_through_training() -> Trace:
    """One weight of 784→10, pruned, through steps of gradient descent with and without its mask."""
    images, labels = load_digits().train.tensors()
    with fixed():
        attached = nn.Linear(784, 10)
        prune.l1_unstructured(attached, "weight", amount=SHARE)
        removed = nn.Linear(784, 10)
        removed.load_state_dict({"weight": attached.weight, "bias": attached.bias})
        gradient = torch.autograd.grad(
            F.cross_entropy(removed(images.flatten(1)), labels), removed.weight
        )[0]
        # Of all pruned weights, the one that training pulls at the hardest.
        followed = int((gradient * (attached.weight == 0)).abs().argmax())
        moments = {
            "mask attached": _steps(attached, images.flatten(1), labels, followed),
            "mask removed": _steps(removed, images.flatten(1), labels, followed),
        }
    return _two_ways(moments, divmod(followed, 784), attached.weight.numel())


def _steps(
    layer: nn.Linear, inputs: torch.Tensor, labels: torch.Tensor, place: int
) -> list[_Moment]:
    """Plain gradient descent on the whole batch, each time with what the weight was before it."""
    moments = []
    optimizer = torch.optim.SGD(layer.parameters(), lr=RATE)
    for _ in range(STEPS + 1):
        loss = F.cross_entropy(layer(inputs), labels)
        optimizer.zero_grad()
        loss.backward()
        # With a mask the parameter is weight_orig, and weight what comes of it.
        (parameter,) = (p for name, p in layer.named_parameters() if name.startswith("weight"))
        assert parameter.grad is not None
        weight = layer.weight.detach().flatten()
        moments.append(
            _Moment(
                float(weight[place]),
                float(parameter.grad.flatten()[place]),
                weight.numel() - count_nonzero(weight),
            )
        )
        optimizer.step()
    return moments


def _two_ways(moments: dict[str, list[_Moment]], place: tuple[int, int], total: int) -> Trace:
    attached, removed = moments.values()
    stages = []
    shape = (10, 784)
    for step in range(STEPS + 1):
        kept, free = attached[step], removed[step]
        if step == 0:
            text = (
                f"A layer 784→10, {percent(SHARE)} of its {total:,} weights pruned. The weight "
                f"from pixel {place[1]} to digit {place[0]} is one of them: {_value(kept.weight)}. "
                "In one copy the mask stays attached, from the other it is removed; both are "
                "trained on the same images."
            )
        else:
            last_kept, last_free = attached[step - 1], removed[step - 1]
            text = (
                f"**Mask attached:** the gradient was {_value(last_kept.gradient)}, so the weight "
                f"{_went(last_kept, kept)}. **Mask removed:** the gradient was "
                f"{_value(last_free.gradient)}, so the weight {_went(last_free, free)}."
            )
        if step == 1:
            text = (
                f"A step of gradient descent: $w_{{\\text{{new}}}} = w - {RATE} \\cdot "
                f"\\text{{gradient}}$. {text} In the whole layer {kept.zeros:,} weights are zero "
                f"with the mask, and {free.zeros:,} without."
            )
        stages.append(
            Stage(
                f"Step {step}" if step else "Before training",
                text,
                "`layer.weight`",
                shape if step else None,
                shape,
                partial(_paths_picture, moments, step),
                "Two lines over the steps so far: the weight with the mask attached, and the same "
                "weight where the mask was removed.",
                _values(moments, step),
            )
        )
    return Trace("One pruned weight, with its mask and without", tuple(stages))


def _value(value: float) -> str:
    return "0" if value == 0 else number(value)


def _went(before: _Moment, after: _Moment) -> str:
    if after.weight == before.weight:
        return f"stays at {_value(after.weight)}"
    return f"goes from {_value(before.weight)} to {_value(after.weight)}"


def _values(moments: dict[str, list[_Moment]], step: int) -> Rows:
    attached, removed = moments.values()
    rows = (
        (
            number(at),
            _value(attached[at].weight),
            _value(attached[at].gradient),
            _value(removed[at].weight),
            _value(removed[at].gradient),
        )
        for at in range(step + 1)
    )
    headings = (
        "after step",
        "weight, mask attached",
        "gradient, mask attached",
        "weight, mask removed",
        "gradient, mask removed",
    )
    return (headings, *rows)


def _paths_picture(moments: dict[str, list[_Moment]], step: int) -> Figure:
    fig, ax = plot.figure(width=9, height=3)
    for name, path in moments.items():
        ax.plot([moment.weight for moment in path[: step + 1]], label=name)
    everything = np.array([moment.weight for path in moments.values() for moment in path])
    margin = 0.15 * float(np.ptp(everything))
    ax.set(
        title="The same weight, twice",
        xlabel="step",
        ylabel="weight",
        xlim=(-0.1, STEPS + 0.1),
        ylim=(everything.min() - margin, everything.max() + margin),
    )
    ax.set_xticks(range(STEPS + 1))
    ax.legend(loc="best")
    return fig


TRACES = {
    "pruning-mask-through-training": mask_through_training,
    "pruning-two-calls": two_calls,
}
