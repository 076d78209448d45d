"""The figures of lesson 01 that would take too many lines there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from coursekit.nets.costs import LayerCost, Machine, draw_roof
from coursekit.nets.measure import Latency
from coursekit.pictures import plot

Times = Mapping[str, Latency]


def against_time(
    scores: Mapping[str, Mapping[str, Mapping[str, float]]], times: Mapping[str, Times]
) -> Figure:
    """Measured time against each count: hollow for one image, full for 64.

    Args:
        scores: For each count, for one and for 64 images, the count of each model.
        times: For one and for 64 images, the time of each model.
    """
    fig, axes = plot.figure(1, len(scores), width=3.7 * len(scores), height=3.6, sharey=True)
    for ax, (what, by_batch) in zip(np.atleast_1d(axes), scores.items(), strict=True):
        for fill, (batch, by_model) in zip(("none", "full"), by_batch.items(), strict=True):
            for place, (name, score) in enumerate(by_model.items()):
                ax.plot(
                    score,
                    times[batch][name].median,
                    plot.MARKERS[place],
                    color=plot.COLOURS[place],
                    fillstyle=fill,
                    markersize=8,
                    label=name if fill == "full" else None,
                )
        ax.set(xscale="log", yscale="log", xlabel=what)
    first, last = np.atleast_1d(axes)[[0, -1]]
    first.set_ylabel("measured, s")
    if "estimated, s" in scores:
        ends = (2e-5, 0.05)
        last.plot(ends, ends, color="grey", linestyle=":", marker="")
    last.legend(fontsize=8, loc="lower right")
    fig.suptitle("Six models: hollow one image, full 64 images")
    return fig


def shares(parameters: Mapping[str, int], macs: Mapping[str, int]) -> Figure:
    """Which layer holds the parameters, and which takes the MACs."""
    fig, ax = plot.figure(width=8.5, height=3.0)
    parts = {
        "parameters": [100 * n / sum(parameters.values()) for n in parameters.values()],
        "MACs": [100 * n / sum(macs.values()) for n in macs.values()],
    }
    plot.grouped_bars(ax, list(parameters), parts, label="{:.0f}")
    ax.set(title="The same network, counted twice", xlabel="share, %")
    return fig


def under_the_roof(machine: Machine, costs: Sequence[LayerCost], title: str) -> Figure:
    """What the machine can do at most with a layer, and which of its two limits that is."""
    fig, ax = plot.figure(height=3.6)
    draw_roof(ax, machine)
    [cost] = costs
    speed = min(machine.peak, cost.intensity * machine.bandwidth)
    ax.plot(cost.intensity, speed / 1e9, "o", color=plot.COLOURS[1], markersize=10)
    bound = "memory" if cost.intensity < machine.ridge else "arithmetic"
    least = f"{1e6 * machine.least_time(costs):,.0f} µs at least"
    ax.set_title(f"{title}: it waits for {bound}, {least}")
    return fig


def calls(single: Sequence[float]) -> Figure:
    """Single calls of a new model, in turn and by how often each time came up."""
    fig, axes = plot.figure(1, 2, width=10, height=2.8)
    axes[0].plot(single, marker=".", linestyle="")
    axes[0].set(title="The calls of a new model, one by one", xlabel="call", ylabel="µs")
    axes[1].hist(single[10:], bins=40, color=plot.COLOURS[1])
    axes[1].set(title="The same from call 10 on", xlabel="µs", ylabel="calls")
    return fig


def among_and_alone(times: Times) -> tuple[Figure, Axes]:
    """The median time of each model among the others, and alone."""
    fig, ax = plot.figure(width=8.5, height=3.8)
    series = {
        "among the others": [1e6 * its.median for its in times.values()],
        "alone": [1e6 * its.alone.median for its in times.values() if its.alone],
    }
    plot.grouped_bars(ax, list(times), series, label="{:,.0f}")
    ax.set(title="The same models, the same image", xlabel="µs (logarithmic)", xscale="log")
    return fig, ax
