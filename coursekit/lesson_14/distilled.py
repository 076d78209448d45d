"""What lesson 14 works with: one loop for any loss, its controls, and its table of five seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import torch
from torch import nn
from torch.nn import functional as F

from coursekit.nets.data import load_results
from coursekit.nets.evidence import verdict

# Which way an image is moved: not at all, up, down, to the left, to the right.
MOVES = ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1))
# The ways of training that lesson 14 sets side by side, with their names in taught.csv: the way,
# and the temperature, or 0 where there is none. The first is what the others are compared with.
ALL_LABELS = {
    "labels alone": ("labels", 0),
    "labels, smoothed by 0.1": ("smoothing", 0),
    "T = 1": ("teacher", 1),
    "T = 2": ("teacher", 2),
    "T = 4": ("teacher", 4),
    "T = 8": ("teacher", 8),
    "T = 4, α = 0.5": ("half labels", 4),
    "T = 4, shuffled": ("shuffled", 4),
    "T = 1, an MLP as teacher": ("other family", 1),
    "T = 4, an MLP as teacher": ("other family", 4),
    "moved images, labels": ("moved, labels", 0),
    "moved images, T = 4, asked once": ("moved, asked once", 4),
    "moved images, T = 4, asked anew": ("moved, asked anew", 4),
    "moved images, T = 1, asked anew": ("moved, asked anew", 1),
}
NO_LABELS = {
    "300 labels alone": ("300 labels", 0),
    "300 labels, smoothed by 0.1": ("300 labels, smoothing", 0),
    "300 labels, images moved": ("300 labels, moved", 0),
    "the teacher on these 300, T = 1": ("300 images, teacher", 1),
    "the teacher on these 300, T = 4": ("300 images, teacher", 4),
    "the teacher on all 4,000, T = 1": ("teacher", 1),
    "the teacher on all 4,000, T = 4": ("teacher", 4),
    "T = 4, shuffled": ("shuffled", 4),
    "its first choice as a label": ("first choice", 0),
    "all 4,000 labels, in truth": ("all labels", 0),
}
# Ways to fewer MACs, with the epochs after the cut, or from scratch.
CUT = {
    "plain": ("plain", 0),
    "aware": ("aware", 0),
    "units": ("units", 0),
    "plain, tuned": ("plain", 4),
    "aware, tuned": ("aware", 4),
    "units, tuned": ("units", 4),
    "small": ("small", 16),
    "thin from scratch": ("thin from scratch", 16),
}
# Which of them lesson 14 compares.
CUT_PAIRS = (
    ("aware", "plain"),
    ("aware, tuned", "plain, tuned"),
    ("plain, tuned", "units, tuned"),
    ("plain, tuned", "small"),
    ("plain, tuned", "thin from scratch"),
)
# What mends few bits: the way, the rank, and the epochs.
MENDED = {
    "rounded": ("rounded", 0, 0),
    "rank 4 of the residual, not trained": ("residual", 4, 0),
    "the same, LoftQ in 5 turns": ("loftq", 4, 0),
    "rank 8 of the residual, not trained": ("residual", 8, 0),
    "biases alone": ("biases", 0, 3),
    "LoRA from 0, rank 1": ("zero", 1, 3),
    "LoRA from 0, rank 4": ("zero", 4, 3),
    "LoRA from 0, rank 8": ("zero", 8, 3),
    "LoRA from the residual, rank 1": ("residual", 1, 3),
    "LoRA from the residual, rank 4": ("residual", 4, 3),
    "LoRA from the residual, rank 8": ("residual", 8, 3),
    "the same, rank 4, and the biases": ("residual and biases", 4, 3),
    "QAT": ("qat", 0, 3),
}


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


def chosen(
    part: str, way: str, size: float = 0, epochs: int | None = None, lr: float | None = None
) -> pd.DataFrame:
    """Five seeds of one way in taught.csv, by seed, at one learning rate and length.

    Of those tried, the ones that are best on validation images, by the mean over the seeds.

    Args:
        part, way, size: As in the table; the data card says what they are.
        epochs: Only runs of this length, if given.
        lr: Only runs at this learning rate, if given.
    """
    runs = load_results("taught")
    its = runs[(runs.part == part) & (runs.way == way) & (runs["size"] == size)]
    if epochs is not None:
        its = its[its.epochs == epochs]
    if lr is not None:
        its = its[its.lr == lr]
    tried = [rows for _, rows in its.groupby(["lr", "epochs"])]
    best = max(tried, key=lambda rows: float(rows.validation.mean()))
    return best.set_index("seed").sort_index()


def points(one: pd.DataFrame, other: pd.DataFrame) -> tuple[float, float]:
    """The mean difference on test images, in points, and half of its 95% interval.

    Both have the same five seeds, which are pairs.
    """
    its = verdict(one.test, other.test, shared="seeds")
    return its.points, its.half


def compared(ways: Mapping[str, tuple[str, float]], part: str) -> pd.DataFrame:
    """A row of text for each way, beside the first of them."""
    rows: dict[str, dict[str, str]] = {}
    first = chosen(part, *next(iter(ways.values())))
    for name, (way, size) in ways.items():
        its = chosen(part, way, size)
        rows[name] = {
            "test": f"{100 * its.test.mean():.1f}",
            "less the first": _text(*points(its, first)) if rows else "",
            "agrees with teacher": f"{100 * its.agree.mean():.1f}",
            "rate": f"{its.lr.iloc[0]:g}",
        }
    return pd.DataFrame(rows).T


def by_rate(
    pairs: Mapping[str, tuple[tuple[str, float], tuple[str, float]]],
    rates: Sequence[float],
    part: str,
) -> pd.DataFrame:
    """Differences in points, as text: both at the same rate, and each at its own best one.

    Args:
        pairs: The ways and sizes whose first less second is wanted, by name.
        rates: Learning rates that both have.
        part: As in the table.
    """
    shown: dict[str, dict[str, str]] = {}
    for name, (one, other) in pairs.items():
        apart = {
            f"both {rate:g}": points(chosen(part, *one, lr=rate), chosen(part, *other, lr=rate))
            for rate in rates
        }
        apart["each its best"] = points(chosen(part, *one), chosen(part, *other))
        shown[name] = {at: _text(*its) for at, its in apart.items()}
    return pd.DataFrame(shown).T


def cut_down(ranks: Sequence[int]) -> pd.DataFrame:
    """Accuracies at the MACs of each rank, then differences, as text; a column per rank."""
    dense = chosen("factored", "dense", 0, 4)
    shown: dict[str, dict[str, str]] = {}
    for rank in ranks:
        its = {}
        for name, (way, epochs) in CUT.items():
            if _there("factored", way, rank, epochs):
                its[name] = chosen("factored", way, rank, epochs)
        rows = {name: f"{100 * runs.test.mean():.1f}" for name, runs in its.items()}
        rows["MACs"] = f"{int(its['plain'].macs.iloc[0]):,}"
        for one, other in CUT_PAIRS:
            if other in its:
                rows[f"({one}) less ({other})"] = _text(*points(its[one], its[other]))
        rows["(plain, tuned) less (dense, tuned)"] = _text(*points(its["plain, tuned"], dense))
        shown[f"rank {rank}"] = rows
    return pd.DataFrame(shown).reindex(list(shown[f"rank {ranks[0]}"])).fillna("")


def mended(bits: int) -> pd.DataFrame:
    """Test accuracy at few bits, in percent, less float's and less that of tuned biases."""
    part = f"adapters {bits}"
    rivals = {
        "less float": chosen("adapters 32", "float"),
        "less biases": chosen(part, "biases"),
    }
    shown: dict[str, dict[str, str]] = {}
    for name, (way, rank, epochs) in MENDED.items():
        if _there(part, way, rank, epochs):
            its = chosen(part, way, rank, epochs)
            row = {"test": f"{100 * its.test.mean():.1f}"}
            row |= {less: _text(*points(its, rival)) for less, rival in rivals.items()}
            shown[name] = row
    return pd.DataFrame(shown).T


def _there(part: str, way: str, size: float, epochs: int) -> bool:
    runs = load_results("taught")
    same = (runs.part == part) & (runs.way == way) & (runs["size"] == size)
    return bool((same & (runs.epochs == epochs)).any())


def _text(mean: float, half: float) -> str:
    return f"{mean:+.1f} ± {half:.1f}"
