"""The figures of lesson 05 that would take too many lines there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import nn

from coursekit.pictures import plot


def promised(file: float, time: float) -> tuple[Figure, Axes]:
    """File and time of an int8 network, beside float32 at 1."""
    fig, ax = plot.figure(height=1.9)
    plot.bars(ax, ["file", "time for one image"], [file, time], label="{:.2f}")
    ax.axvline(1, color="black", linewidth=1)
    ax.set(title="int8 by the book", xlabel="float32 network = 1")
    return fig, ax


def grids(weights: torch.Tensor, q: torch.Tensor, scale: torch.Tensor) -> Figure:
    """Weights, integers, and what is lost between them, in steps."""
    fig, axes = plot.figure(1, 3, width=13, height=2.2)
    plot.matrix(axes[0], weights.numpy(), decimals=2)
    plot.matrix(axes[1], q.numpy(), decimals=0)
    plot.matrix(axes[2], (q - weights / scale).numpy(), decimals=2)
    titles = ("weights $w$", "stored: $q$, int8", "what is lost, in steps: $q - w/s$")
    for ax, title in zip(axes, titles, strict=True):
        ax.set(title=title, xlabel="input", ylabel="output")
    return fig


def stored(nets: Mapping[str, nn.Module]) -> Figure:
    """What the weights of each layer take in memory, by their real type."""
    fig, axes = plot.figure(1, len(nets), width=14, height=2.6)
    for ax, (name, net) in zip(axes, nets.items(), strict=True):
        layers = [layer for layer in net.modules() if hasattr(layer, "weight")]
        inside: list[torch.Tensor] = [
            getattr(layer.weight, "qdata", layer.get_parameter("weight")) for layer in layers
        ]
        names = [
            f"{type(layer).__name__}, {str(weight.dtype).removeprefix('torch.')}"
            for layer, weight in zip(layers, inside, strict=True)
        ]
        plot.bars(ax, names, [weight.nbytes / 1000 for weight in inside], label="{:.1f}")
        ax.set(title=name, xlabel="kB of weights")
    return fig


def rounded_garment(garment: np.ndarray, rounded: np.ndarray, end: float) -> Figure:
    """A garment before and after its pixels were rounded to a range that ends at `end`."""
    fig, axes = plot.figure(1, 3, width=9, height=2.6)
    for ax, picture, title in (
        (axes[0], garment, "the image"),
        (axes[1], rounded, f"uint8, range 0 to {end:g}"),
    ):
        ax.imshow(picture, cmap="gray_r", vmin=0, vmax=1)
        ax.set(title=title, xticks=[], yticks=[])
        ax.grid(visible=False)
    levels = np.unique(rounded)
    axes[2].plot(np.sort(garment.ravel()), np.sort(rounded.ravel()), "o", markersize=2)
    axes[2].set(title=f"{len(levels)} levels used", xlabel="pixel", ylabel="rounded", ylim=(0, 1.2))
    return fig


def calibrations(shown: Mapping[str, Sequence[float]]) -> tuple[Figure, Axes]:
    fig, ax = plot.figure(width=9, height=3.2)
    plot.ranges(ax, list(shown), {"CNN, static int8": list(shown.values())})
    ax.set(
        title="Five calibrations of the CNN: mean and range of three seeds",
        ylabel="validation accuracy",
        ylim=(0, 0.95),
    )
    return fig, ax


def speeds(speed: Mapping[int, Mapping[str, Sequence[float]]], widths: Sequence[int]) -> Figure:
    """How fast each kind is against float32, by the width of a layer and the size of a batch."""
    fig, axes = plot.figure(1, len(speed), width=11, height=3.4, sharey=True)
    fig.suptitle("One linear layer, eager: speed of int8 against float32")
    for ax, (batch, curves) in zip(axes, speed.items(), strict=True):
        for kind, curve in curves.items():
            ax.plot(widths, curve, label=kind)
        ax.axhline(1, color="grey", linewidth=1, marker="", linestyle="-")
        ax.set_xscale("log", base=2)
        ax.set_xticks(widths, [str(width) for width in widths])
        plot.log_y(ax)
        many = "one input" if batch == 1 else f"{batch} inputs"
        ax.set(title=many, xlabel="width of the layer", ylabel="speed (float32 = 1)")
    axes[-1].legend()
    return fig


def compiled(table: pd.DataFrame, network: str = "MLP") -> Figure:
    """Times of eager and compiled networks, lowest to highest of three shuffled rounds."""
    part = table[(table.network == network) & (table.order == "shuffled")]
    kinds = ["float32", "weight-only, torchao", "dynamic, torchao", "static, PT2E"]
    fig, axes = plot.figure(1, 2, width=12, height=3.2)
    for ax, images in zip(axes, (1, 64), strict=True):
        for offset, (ending, name) in enumerate((("", "eager"), (", compiled", "compiled"))):
            rows = part[part.images == images].groupby("kind")["time"]
            low, high = rows.min(), rows.max()
            for place, kind in enumerate(kinds):
                x = [low[kind + ending], high[kind + ending]]
                marker, colour = "so"[offset], plot.COLOURS[offset]
                label = name if place == 0 else None
                y = place + 0.2 * offset
                ax.plot(x, [y, y], "-", marker=marker, color=colour, label=label)
        ax.axvline(1, color="grey", linewidth=1)
        ax.set_yticks(range(len(kinds)), [kind.partition(",")[0] for kind in kinds])
        ax.invert_yaxis()
        ax.set_xscale("log")
        ticks = [0.5, 1, 2, 5, 10, 20]
        ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        many = "one image" if images == 1 else f"{images} images"
        ax.set(title=f"{network}, {many}", xlabel="time (eager float32 = 1)")
    axes[0].legend()
    return fig


def one_at_a_time(layers: Sequence[str], drops: Mapping[str, Sequence[Sequence[float]]]) -> Figure:
    fig, ax = plot.figure(width=9, height=3.0)
    plot.ranges(ax, list(layers), drops)
    ax.axhline(0, color="grey", linewidth=1, marker="", linestyle="-")
    ax.set(title="One layer at a time: mean and range of three seeds")
    ax.set(ylabel="accuracy lost (points)")
    ax.legend()
    return fig


def readings(reader: pd.DataFrame, kinds: Mapping[tuple[str, int], str]) -> Figure:
    """One line of text as it is, and as each network reads it."""
    line = reader.line.iloc[0]
    rows = [("on the paper", line)]
    for (kind, bits), name in kinds.items():
        [read] = reader[(reader.kind == kind) & (reader.bits == bits) & (reader.line == line)].reads
        rows.append((name, "(nothing)" if pd.isna(read) or not read else str(read)))
    fig, ax = plot.figure(width=10, height=0.5 * len(rows))
    for place, (name, text) in enumerate(rows):
        y = len(rows) - place - 0.5
        ax.text(0.0, y, name, va="center", fontsize=11)
        colour = "#999999" if text == "(nothing)" else "black"
        ax.text(0.42, y, text, va="center", fontsize=13, family="monospace", color=colour)
    ax.set(xlim=(0, 1.2), ylim=(0, len(rows)))
    ax.axis("off")
    return fig


def misread(reader: pd.DataFrame) -> Figure:
    """Characters misread by bits, for one scale a matrix and one an output."""
    total = reader[reader.kind == "float32"].line.str.len().sum()
    fig, ax = plot.figure(width=8, height=3.2)
    for kind in ("weights, a scale per matrix", "weights, a scale per output"):
        wrong = reader[reader.kind == kind].groupby("bits")["errors"].sum()
        ax.plot(wrong.index, wrong.values, label=kind)
    ax.invert_xaxis()
    ax.set_xticks([8, 7, 6, 5, 4])
    ax.set(title="A reader of text, only its weights rounded", xlabel="bits")
    ax.set(ylabel=f"characters misread of {total}")
    ax.legend(loc="center left")
    return fig
