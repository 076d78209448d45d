"""What lesson 14 works with: one loop for any loss, its controls, and its table of five seeds."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import pandas as pd
import torch
from torch import nn
from torch.nn import functional as F

from coursekit.data import load_results

# Which way an image is moved: not at all, up, down, to the left, to the right.
MOVES = ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1))
# Student's t for four degrees of freedom: five seeds, 95 %.
FIVE_SEEDS = 2.776


def learn(
    model: nn.Module,
    loss: Callable[[torch.Tensor], torch.Tensor],
    count: int,
    *,
    epochs: int,
    lr: float = 1e-3,
    batch_size: int = 64,
    seed: int = 0,
) -> None:
    """Trains what requires a gradient, in place, with Adam; the rate falls to 0 along a cosine.

    Args:
        model: What is trained; it is in evaluation mode afterwards.
        loss: The loss of a batch, from the places of its examples, int64, shape (batch,).
        count: How many examples there are.
        epochs: How many times each of them is seen.
        lr: Adam's first learning rate.
        batch_size: Examples per step.
        seed: Fixes the order of the examples, apart from torch's global random numbers.
    """
    order = torch.Generator().manual_seed(seed)
    learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.Adam(learned, lr=lr)
    steps = epochs * math.ceil(count / batch_size)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(epochs):
        model.train()
        for batch in torch.randperm(count, generator=order).split(batch_size):
            value = loss(batch)
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            schedule.step()
    model.eval()


def shifted(images: torch.Tensor, pixels: int = 1) -> torch.Tensor:
    """Images (n, 1, 28, 28) as they are, then moved up, down, left and right: (5, n, 1, 28, 28).

    What is moved out is lost; what comes in is background, 0.
    """
    rows, columns = images.shape[-2:]
    framed = F.pad(images, (pixels,) * 4)
    starts = [(pixels + pixels * down, pixels + pixels * right) for down, right in MOVES]
    return torch.stack(
        [framed[..., top : top + rows, left : left + columns] for top, left in starts]
    )


def shuffled_wrong(taught: torch.Tensor) -> torch.Tensor:
    """A teacher's logits, whose first choice stays; the others change places, image by image."""
    others = taught.argsort(1, descending=True)[:, 1:]
    turn = torch.rand(others.shape, generator=torch.Generator().manual_seed(0)).argsort(1)
    return taught.scatter(1, others, taught.gather(1, others.gather(1, turn)))


@torch.no_grad()
def two_thin(layer: nn.Linear, left: torch.Tensor, right: torch.Tensor) -> nn.Sequential:
    """Two linear layers that compute with the product of two factors, and the layer's bias.

    Args:
        layer: A layer with a bias.
        left: (outputs, rank).
        right: (rank, inputs).
    """
    first = nn.Linear(right.shape[1], len(right), bias=False)
    second = nn.Linear(len(right), len(left))
    for parameter, value in (
        (first.weight, right),
        (second.weight, left),
        (second.bias, layer.bias),
    ):
        parameter.copy_(value)
    return nn.Sequential(first, second)


def chosen(part: str, way: str, size: float = 0, epochs: int | None = None) -> pd.DataFrame:
    """Five seeds of one way in taught.csv, by seed, at one learning rate and length.

    Of those tried, the ones that are best on validation images, by the mean over the seeds.

    Args:
        part, way, size: As in the table; the data card says what they are.
        epochs: Only runs of this length, if given.
    """
    runs = load_results("taught")
    its = runs[(runs.part == part) & (runs.way == way) & (runs["size"] == size)]
    if epochs is not None:
        its = its[its.epochs == epochs]
    tried = [rows for _, rows in its.groupby(["lr", "epochs"])]
    best = max(tried, key=lambda rows: float(rows.validation.mean()))
    return best.set_index("seed").sort_index()


def points(one: pd.DataFrame, other: pd.DataFrame) -> tuple[float, float]:
    """The mean difference on test images, in points, and half of its 95 % interval.

    Both have the same five seeds, which are pairs.
    """
    differences = 100 * (one.test - other.test)
    half = FIVE_SEEDS * differences.std() / math.sqrt(len(differences))
    return float(differences.mean()), float(half)


def compared(ways: Mapping[str, tuple[str, float]], part: str) -> pd.DataFrame:
    """A row of text for each way, beside the first of them."""
    rows: dict[str, dict[str, str]] = {}
    first = chosen(part, *next(iter(ways.values())))
    for name, (way, size) in ways.items():
        its = chosen(part, way, size)
        mean, half = points(its, first)
        rows[name] = {
            "test": f"{100 * its.test.mean():.1f}",
            "less the first": f"{mean:+.1f} ± {half:.1f}" if rows else "",
            "agrees with teacher": f"{100 * its.agree.mean():.1f}",
            "rate": f"{its.lr.iloc[0]:g}",
        }
    return pd.DataFrame(rows).T
