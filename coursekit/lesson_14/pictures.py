"""The figures of lesson 14 that would take too many lines there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure

from coursekit.lesson_14.distilled import CUT, MENDED, chosen, points
from coursekit.nets.data import FASHION_CLASSES, load_results
from coursekit.pictures import plot


def softened(images: torch.Tensor, probabilities: torch.Tensor, temperature: float) -> Figure:
    """Some garments, and the ten probabilities that a teacher gives each."""
    count = len(images)
    fig, axes = plot.figure(1, 2 * count, width=4.2 * count, height=2.4)
    for place, (image, its) in enumerate(zip(images, probabilities, strict=True)):
        axes[2 * place].imshow(image[0].numpy(), cmap="gray_r")
        axes[2 * place].set(xticks=[], yticks=[])
        axes[2 * place].grid(visible=False)
        ax = axes[2 * place + 1]
        ax.barh(range(10), its.numpy(), color=plot.COLOURS[1])
        ax.set_yticks(range(10), FASHION_CLASSES, fontsize=7)
        ax.invert_yaxis()
        ax.set(xlim=(0, 1), xticks=[0, 0.5, 1])
    axes[1].set_title(f"T = {temperature:g}")
    return fig


def per_class(answers: torch.Tensor, labels: torch.Tensor) -> Figure:
    """The mean answer to each class: rows are what is shown, columns what is answered."""
    mean = torch.stack([answers[labels == label].mean(0) for label in range(10)])
    fig, ax = plot.figure(width=8, height=4.4)
    plot.matrix(ax, mean.numpy(), decimals=2)
    ax.set_xticks(range(10), FASHION_CLASSES, rotation=40, ha="right")
    ax.set_yticks(range(10), FASHION_CLASSES)
    ax.set(title="The teacher's mean answers, T = 4", xlabel="answer", aspect="auto")
    return fig


def beside(ways: Mapping[str, tuple[str, float]], part: str, title: str) -> Figure:
    """Each way less the first, in points on test images: mean and 95% interval of five seeds."""
    first = chosen(part, *next(iter(ways.values())))
    names = list(ways)[1:]
    found = [points(chosen(part, *ways[name]), first) for name in names]
    return _differences(names, found, title, f"points more than {next(iter(ways))}")


def _differences(
    names: Sequence[str], found: Sequence[tuple[float, float]], title: str, x: str
) -> Figure:
    fig, ax = plot.figure(width=8.5, height=0.9 + 0.42 * len(names))
    for place, (mean, half) in enumerate(found):
        colour = plot.COLOURS[1]
        ax.plot([mean - half, mean + half], [place, place], "-", marker="|", color=colour)
        ax.plot([mean], [place], "o", color=colour)
    ax.axvline(0, color="grey", linewidth=1)
    ax.set_yticks(range(len(names)), names)
    ax.set(title=title, xlabel=x, ylim=(len(names) - 0.5, -0.5))
    return fig


def own(images: str, share: float, way: str, temperature: float = 0) -> pd.DataFrame:
    """Five seeds of own_teacher.csv at the rate that is best on validation images."""
    runs = load_results("own_teacher")
    its = runs[(runs.images == images) & (runs.share == share) & (runs.way == way)]
    by_rate = [rows for _, rows in its[its.temperature == temperature].groupby("lr")]
    best = max(by_rate, key=lambda rows: float(rows.validation.mean()))
    return best.set_index("seed").sort_index()


def own_teacher(ways: Mapping[str, tuple[str, str, float]]) -> Figure:
    """Test accuracy by the share of zeros: mean, lowest and highest of five seeds."""
    runs = load_results("own_teacher")
    shares = sorted(set(runs.share) - {0})
    series = {
        name: [(100 * own(images, share, way, t).test).tolist() for share in shares]
        for name, (images, way, t) in ways.items()
    }
    fig, ax = plot.figure(width=9, height=3.4)
    plot.ranges(ax, [f"{100 * share:g}% zeros" for share in shares], series)
    whole = 100 * own("same", 0, "dense").test.mean()
    ax.axhline(whole, color="grey", linewidth=1, marker="", linestyle="-")
    ax.set(title="Repaired by the network that it was (grey)", ylim=(0, 100))
    ax.set(ylabel="test accuracy, %")
    ax.legend(loc="lower left")
    return fig


def thin(matrix: torch.Tensor, products: Mapping[int, torch.Tensor]) -> Figure:
    """A small matrix and its nearest products of some ranks."""
    fig, axes = plot.figure(1, 1 + len(products), width=11, height=2.8)
    shown = {"the matrix, 4×6": matrix}
    for rank, near in products.items():
        shown[f"rank {rank}: off by {(near - matrix).norm():.2f}"] = near
    for ax, (name, values) in zip(axes, shown.items(), strict=True):
        plot.matrix(ax, values.numpy())
        ax.set(title=name, xticks=[], yticks=[])
    return fig


def two_errors(errors: Mapping[str, Mapping[int, tuple[float, float]]], rank: int) -> Figure:
    """For plain and aware factors by rank: the error of the matrix, and that of the outputs."""
    fig, axes = plot.figure(1, 2, width=10, height=3.0, sharey=True)
    for ax, part, title in zip(axes, (0, 1), ("of the matrix", "of the outputs"), strict=True):
        for name, its in errors.items():
            ax.plot(list(its), [both[part] for both in its.values()], label=name)
        ax.axvline(rank, color="grey", linewidth=1)
        ax.set(title=title, xlabel=f"rank (line: {rank})", ylim=(0, 1))
    axes[0].set(ylabel="relative error")
    axes[1].legend()
    return fig


def cut(ranks: Sequence[int], names: Mapping[str, str]) -> Figure:
    """Test accuracy at the MACs of each rank, mean of five seeds, by the way of getting there."""
    fig, ax = plot.figure(width=9, height=3.6)
    for key, name in names.items():
        way, epochs = CUT[key]
        runs = load_results("taught")
        there = runs[(runs.part == "factored") & (runs.way == way) & (runs.epochs == epochs)]
        its = [rank for rank in ranks if (there["size"] == rank).any()]
        means = [100 * chosen("factored", way, rank, epochs).test.mean() for rank in its]
        ax.plot([str(rank) for rank in its], means, label=name)
    ax.set(title="The same MACs, five ways", xlabel="rank, or as many MACs")
    ax.set(ylabel="test accuracy, %", ylim=(0, 92))
    ax.legend(loc="lower right")
    return fig


def mended(bits: int, names: Sequence[str]) -> Figure:
    """Test accuracy at few bits, as points more than rounding alone."""
    part = f"adapters {bits}"
    start = chosen(part, "rounded")
    found = [points(chosen(part, *MENDED[name]), start) for name in names]
    return _differences(names, found, f"{bits} bits", "points more than rounding alone")


def memory(shown: Mapping[str, tuple[float, float]]) -> Figure:
    """GB of frozen and of trained numbers, a bar for each way to tune."""
    fig, ax = plot.figure(width=8.5, height=2.4)
    frozen, trained = (np.array([its[part] for its in shown.values()]) for part in (0, 1))
    ax.barh(range(len(shown)), frozen, color=plot.COLOURS[1], label="weights")
    ax.barh(
        range(len(shown)), trained, left=frozen, color=plot.COLOURS[2], hatch="//", label="training"
    )
    for place, total in enumerate(frozen + trained):
        ax.annotate(f"{total:.1f}", (total, place), (4, -4), textcoords="offset points")
    ax.set_yticks(range(len(shown)), list(shown))
    ax.invert_yaxis()
    ax.set(title="Tuning 6.7 billion weights", xlabel="GB")
    ax.legend(loc="lower right")
    return fig
