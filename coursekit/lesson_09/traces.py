"""Lesson 09's traces: a layer that is pruned in four cuts, and a lottery ticket."""

from __future__ import annotations

import copy
from functools import partial

import torch
from matplotlib.figure import Figure
from torch import nn
from torch.nn.utils import prune

from coursekit.nets.data import load_digits
from coursekit.nets.measure import accuracy, count_nonzero
from coursekit.nets.train import fit, fixed
from coursekit.pictures import plot
from coursekit.pictures.trace import Rows, Stage, Trace, number, percent, shape_of

FINAL, CUTS = 0.9, 4
SHARE = 0.9
EPOCHS = 3
SIDE = 28
SHOWN = 3  # the digit whose weights are drawn


# Four cuts.


def four_cuts() -> Trace:
    """A layer of 4×10 weights on a cubic climb, cut by PyTorch's own function."""
    with fixed():
        layer = nn.Linear(10, 4)
    total = layer.weight.numel()
    shots, rows = [layer.weight.detach().clone()], []
    zeros = 0
    for cut in range(1, CUTS + 1):
        share = FINAL * (1 - (1 - cut / CUTS) ** 3)
        go = round(share * total) - zeros
        amount = go / (total - zeros)
        prune.l1_unstructured(layer, "weight", amount=go)
        zeros += go
        shots.append(layer.weight.detach().clone())
        rows.append((number(cut), percent(share), number(go), number(amount, 2)))
    head = ("cut", "sparsity wanted", "weights that go", "share of what is left")
    stages = [
        Stage(
            "Before the first cut",
            f"{total} weights, none of them zero. The climb should end at {percent(FINAL)} zeros, "
            f"after {CUTS} cuts at equal times.",
            "`layer.weight`",
            None,
            shape_of(shots[0]),
            partial(_matrix_picture, shots[0], f"{total} of {total} left"),
            "The layer's weights as 4 rows of 10 numbers, none of them zero.",
        )
    ]
    for cut, row in enumerate(rows, 1):
        left = count_nonzero(shots[cut])
        rest = (1 - cut / CUTS) ** 3
        stages.append(
            Stage(
                f"Cut {cut} of {CUTS}",
                f"$u$ is {number(cut / CUTS, 2)}, so $(1 - u)^3$ is {number(rest, 3)} and {row[1]} "
                f"should be zero. Weights that go: **{row[2]}**, {row[3]} of those that were left. "
                f"{left} are left.",
                "`layer.weight`",
                shape_of(shots[cut - 1]),
                shape_of(shots[cut]),
                partial(_matrix_picture, shots[cut], f"{left} of {total} left"),
                f"The layer's weights as 4 rows of 10 numbers, of which {left} are not zero.",
                (head, *rows[:cut]),
            )
        )
    return Trace("Four cuts on a cubic climb", tuple(stages))


def _matrix_picture(weight: torch.Tensor, title: str) -> Figure:
    fig, ax = plot.figure(width=9, height=3.4)
    plot.matrix(ax, weight.numpy(), decimals=2)
    ax.set(title=title, xlabel="input", ylabel="output")
    return fig


# One ticket.


def one_ticket() -> Trace:
    """A linear layer on digits: trained, pruned, rewound in two ways, and a random ticket."""
    digits = load_digits()
    train, test = digits.train.tensors(), digits.test.tensors()
    with fixed():
        model = nn.Sequential(nn.Flatten(), nn.Linear(SIDE * SIDE, 10))
        start = copy.deepcopy(model.state_dict())
        fit(model, train, epochs=EPOCHS, quiet=True)
    layer = model[1]
    assert isinstance(layer, nn.Linear)
    trained = layer.weight.detach().clone()
    trained_bias = layer.bias.detach().clone()
    reached = accuracy(model, *test)
    prune.l1_unstructured(layer, "weight", amount=SHARE)
    mask = layer.weight_mask
    assert isinstance(mask, torch.Tensor)
    left = count_nonzero(mask)
    names = tuple(model.state_dict())
    report = model.load_state_dict(start, strict=False)
    original = layer.weight_orig
    assert isinstance(original, torch.Tensor)
    skipped = torch.equal(original, trained)
    bias_back = torch.equal(layer.bias, start["1.bias"]) and not torch.equal(
        layer.bias, trained_bias
    )
    ticket = start["1.weight"] * mask
    with fixed(1):
        places = torch.randperm(mask.numel())
    random_mask = mask.flatten()[places].view_as(mask)
    shared = int((mask * random_mask).sum())
    first = start["1.weight"]
    drawn = f"The weights of digit {SHOWN} as a picture of {SIDE}×{SIDE} pixels"
    stages = (
        _stage(
            "The start",
            f"A linear layer with {number(first.numel())} weights, as it was drawn at random. A "
            "deep copy of its `state_dict` is kept.",
            first,
            None,
            f"{drawn}: noise.",
        ),
        _stage(
            "Trained",
            f"After {EPOCHS} epochs on digits it answers {percent(reached)} of the test images. "
            "Weights and biases have moved; the copy has not.",
            trained,
            first,
            f"{drawn}, after training.",
        ),
        _stage(
            "Pruned",
            f"The {percent(SHARE)} that are smallest *now* go: {number(left)} weights stay. In the "
            "`state_dict` the weight is called `weight_orig` from here on.",
            trained * mask,
            trained,
            f"{drawn}: few are left.",
            (("names in state_dict",), *((f"`{name}`",) for name in names)),
        ),
        _stage(
            "Rewound, or not",
            "`load_state_dict(start, strict=False)` raises nothing. "
            + ("The biases are at their start, " if bias_back else "The biases have not moved, ")
            + ("but not the weights. " if skipped else "as are the weights. ")
            + "What it returns says why.",
            original.detach() * mask,
            trained * mask,
            f"{drawn}: the same as before.",
            (
                ("missing", "unexpected"),
                (", ".join(report.missing_keys), ", ".join(report.unexpected_keys)),
            ),
        ),
        _stage(
            "The ticket",
            "Now the start is copied into `weight_orig`. The mask is that of the trained weights, "
            f"the {number(left)} values are from before the training. This is the ticket.",
            ticket,
            trained * mask,
            f"{drawn}: few, and noise again.",
        ),
        _stage(
            "Its control",
            f"A random ticket has the same start and as many weights, {number(left)}, at random "
            f"places. {number(shared)} places are in both.",
            first * random_mask,
            ticket,
            f"{drawn}: as few, strewn everywhere.",
        ),
    )
    return Trace("A lottery ticket, and what it is compared with", stages)


def _stage(
    title: str,
    text: str,
    weight: torch.Tensor,
    before: torch.Tensor | None,
    alt: str,
    table: Rows | None = None,
) -> Stage:
    shape = None if before is None else shape_of(before)
    picture = partial(_digit_picture, weight, f"{title}: what digit {SHOWN} looks for")
    return Stage(title, text, "`weight`", shape, shape_of(weight), picture, alt, table)


def _digit_picture(weight: torch.Tensor, title: str) -> Figure:
    values = weight[SHOWN].view(SIDE, SIDE).numpy()
    fig, ax = plot.figure(width=9, height=4)
    most = float(weight[SHOWN].abs().max())
    drawn = ax.imshow(values, cmap="RdBu_r", vmin=-most, vmax=most)
    ax.grid(visible=False)
    ax.set(title=title, xlabel="column", ylabel="row")
    fig.colorbar(drawn, ax=ax, label="weight")
    return fig


TRACES = {
    "schedule-four-cuts": four_cuts,
    "schedule-one-ticket": one_ticket,
}
