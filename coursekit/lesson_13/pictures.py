"""The figures of lesson 13 that would take too many lines there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure

from coursekit.nets.costs import Machine
from coursekit.pictures import plot

METHODS = {"plain": "plain rounding", "gptq": "GPTQ", "awq": "AWQ"}


def roofline(machine: Machine, tokens: Sequence[int], bits: Sequence[int]) -> Figure:
    """How fast a machine can compute with each weight that it reads, by tokens at once."""
    fig, ax = plot.figure(width=8, height=3.4)
    intensity = np.logspace(-0.5, 3.5, 200)
    roof = np.minimum(machine.peak, intensity * machine.bandwidth)
    ax.plot(intensity, roof / 1e9, "-", color="black", marker="", label="the machine's most")
    for colour, width in enumerate(bits, 1):
        x = np.array([2 * count / (width / 8) for count in tokens])
        y = np.minimum(machine.peak, x * machine.bandwidth) / 1e9
        ax.plot(
            x, y, "o" if colour == 1 else "s", color=plot.COLOURS[colour], label=f"{width} bits"
        )
        for count, right, up in zip(tokens, x, y, strict=True):
            below = colour == 2
            place = (6, -16) if below else (-14, 6)
            ax.annotate(f"{count}", (right, up), place, textcoords="offset points", fontsize=10)
    ax.set(title="Tokens at once, on a roofline", xscale="log", yscale="log")
    ax.set(xlabel="FLOPs per byte of weights", ylabel="GFLOPs per second")
    ax.legend(loc="lower right")
    return fig


def times(part: Mapping[str, Mapping[str, float]]) -> Figure:
    """Time of a layer by bits of its weights, as a share of that with 16 bits."""
    fig, ax = plot.figure(height=2.6)
    names = list(next(iter(part.values())))
    plot.grouped_bars(
        ax, names, {name: [its[one] for one in names] for name, its in part.items()}, label="{:.2f}"
    )
    ax.axvline(1, color="black", linewidth=1)
    ax.set(title="A layer of 4,096 × 4,096, weight-only", xlabel="time (16 bits = 1)")
    return fig


def endings(shares: Mapping[str, Mapping[object, float]], in_float: float, x: str) -> Figure:
    """Right endings for each bits, a line per way to round; a line at the float model's."""
    fig, ax = plot.figure(width=8, height=3.2)
    for name, its in shares.items():
        ax.plot([str(one) for one in its], [100 * one for one in its.values()], label=name)
    ax.axhline(100 * in_float, color="grey", linewidth=1, marker="", linestyle="-")
    ax.set(title="Who still knows the ending (grey: float32)", xlabel=x)
    ax.set(ylabel="right endings, %", ylim=(0, 100))
    ax.legend(loc="lower left")
    return fig


def losses(found: Mapping[str, Mapping[str, tuple[float, float, float]]], title: str) -> Figure:
    """Nats per token more than in float, with the interval over stories."""
    names = list(next(iter(found.values())))
    fig, ax = plot.figure(width=9, height=0.6 + 0.5 * len(names) * len(found) / 2)
    for number, (series, its) in enumerate(found.items()):
        for place, name in enumerate(names):
            more, low, high = its[name]
            y = place + 0.25 * number
            colour, marker = plot.COLOURS[number], "os"[number]
            ax.plot([low, high], [y, y], "-", marker="|", color=colour)
            label = series if place == 0 else None
            ax.plot([more], [y], marker, color=colour, label=label)
    ax.set_yticks([place + 0.12 for place in range(len(names))], names)
    ax.axvline(0, color="grey", linewidth=1)
    ax.set(ylim=(len(names) - 0.3, -0.4))
    ax.set(title=title, xlabel="nats per token more than in float32")
    ax.legend()
    return fig


def tall(x: torch.Tensor, channels: int = 384) -> Figure:
    """What goes into a layer as a map, a row per token, and the largest of each channel."""
    fig, axes = plot.figure(1, 2, width=12, height=3.4)
    axes[0].imshow(x.abs().clamp(max=6).numpy(), cmap="Greys", aspect="auto")
    axes[0].set(title="What goes into a layer of MiniLM", xlabel="channel", ylabel="token")
    axes[0].grid(visible=False)
    axes[1].plot(x.abs().amax(0).numpy(), ".", color="black", markersize=4)
    axes[1].set(title="The largest of each channel", xlabel="channel", ylabel="magnitude")
    return fig


def shared(inputs: torch.Tensor, columns: torch.Tensor, alpha: float, error: float) -> Figure:
    """Largest input and largest weight of each channel, after they have shared the outliers."""
    fig, ax = plot.figure(width=9, height=3.2)
    for marker, colour, name, values in (
        ("o", plot.COLOURS[1], "inputs", inputs),
        ("s", plot.COLOURS[2], "columns of weights", columns),
    ):
        relative = (values / values.median()).numpy()
        ax.plot(relative, marker, color=colour, markersize=3, label=name)
    ax.set(title=f"α = {alpha:g}: the int8 output is {100 * error:.1f}% off", yscale="log")
    ax.set(xlabel="channel", ylabel="largest, over the median", ylim=(0.02, 100))
    ax.legend(loc="upper right")
    return fig


def methods(table: pd.DataFrame, cases: Mapping[str, tuple[str, str]], bits: int) -> Figure:
    """Loss of each method: the mean of five draws of calibration text, lowest to highest."""
    fig, ax = plot.figure(width=9, height=3.2)
    series: dict[str, list[list[float]]] = {name: [] for name in METHODS.values()}
    for network, which in cases.values():
        its = table[(table.network == network) & (table.matrices == which) & (table.bits == bits)]
        for method, name in METHODS.items():
            series[name].append(its[its.method == method].extra.tolist())
    plot.ranges(ax, list(cases), series)
    ax.set(title=f"{bits} bits in groups of 32, 400 stories, five draws of calibration text")
    ax.set(ylabel="nats per token more\nthan in float", ylim=(0, None))
    ax.legend()
    return fig


def memory(weights: float, cache: float, card: float, title: str) -> Figure:
    """Gigabytes of weights and cache beside what a card has."""
    fig, ax = plot.figure(width=9, height=1.8)
    ax.barh([0], [weights], color=plot.COLOURS[1], label="weights")
    ax.barh([0], [cache], left=[weights], color=plot.COLOURS[2], hatch="//", label="KV cache")
    ax.axvline(card, color="black", linewidth=1)
    ax.set_yticks([])
    ax.set(title=title, xlabel=f"GB (line: a card of {card:g} GB)", xlim=(0, 60))
    ax.legend(loc="upper right")
    return fig
