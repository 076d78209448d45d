"""The figures of lesson 12 that would take too many lines there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from coursekit.lesson_12.serving import nearest_rank, poisson, serve
from coursekit.pictures import plot

# What a batch costs, in seconds: once, and for each request in it. Invented.
ONCE, EACH = 0.004, 0.001
# Loads in per cent of what the old version can do one by one.
LOADS = (10, 30, 50, 60, 70, 80, 85, 90, 95, 110, 150, 200, 300)
COUNTED = 6000


def against_load(
    loads: Sequence[float], curves: Mapping[str, Sequence[float]], formula: Sequence[float]
) -> Figure:
    """Percentiles of the latency against the load of one worker, and its mean by a formula.

    Args:
        loads: From 0 to 1.
        curves: For each name a latency for each load, in multiples of one request's time.
        formula: The mean, in the same.
    """
    fig, ax = plot.figure(width=8, height=3.6)
    percent = 100 * np.asarray(loads)
    for (name, its), mark in zip(curves.items(), "os", strict=False):
        ax.plot(percent, its, marker=mark, label=name)
    ax.plot(percent, formula, "--", color="grey", label="mean, by the formula")
    ax.set(title="One worker: latency against load", xlabel="load (%)")
    ax.set_ylabel("× the time of one request")
    ax.legend()
    return fig


@lru_cache(maxsize=64)
def _percentiles(cheaper: float, most: int, wait: float) -> tuple[tuple[float, float], ...]:
    """p50 and p99 in ms at each of LOADS; NaN where more come than can be answered."""

    def cost(size: int) -> float:
        return (1 - cheaper / 100) * (ONCE + EACH * size)

    found = []
    for load in LOADS:
        rate = load / 100 / (ONCE + EACH)
        if rate >= 0.98 * most / cost(most):
            found.append((np.nan, np.nan))
            continue
        latency = serve(poisson(rate, COUNTED), cost, most, wait / 1000).latency
        found.append((1000 * nearest_rank(latency, 0.5), 1000 * nearest_rank(latency, 0.99)))
    return tuple(found)


def worth(load: float, cheaper: float, most: float, wait: float) -> Figure:
    """p50 and p99 against load, of a version and of one whose requests cost less.

    Args:
        load: Where it is read off, in per cent; one of LOADS.
        cheaper: How much less a request costs in the new version, in per cent.
        most: How many requests go together at most.
        wait: How long the oldest may be kept for others, in ms.
    """
    fig, ax = plot.figure(width=9, height=3.8)
    versions = {
        "old": _percentiles(0.0, int(most), wait),
        f"{cheaper:g}% cheaper": _percentiles(cheaper, int(most), wait),
    }
    at, read = LOADS.index(int(load)), []
    for (name, its), colour in zip(versions.items(), plot.COLOURS[1:], strict=False):
        for (part, style, mark), values in zip(
            (("p50", "-", "o"), ("p99", "--", "s")), np.array(its).T, strict=True
        ):
            ax.plot(LOADS, values, style, color=colour, marker=mark, label=f"{name}, {part}")
            read.append(values[at])
    ax.axvline(load, color="black", linewidth=1)
    ax.set_yscale("log")
    ax.set(xlabel="load (% of what the old version can do one by one)", ylabel="latency (ms)")
    ax.set(ylim=(1, 1000), xlim=(0, 115 if most == 1 else 310))
    ax.legend(loc="upper right")
    old, new = (read[0], read[1]), (read[2], read[3])
    if np.isnan(read).any():
        said = f"{load:g}% load: more requests than can be answered"
    else:
        p50, p99 = (before - after for before, after in zip(old, new, strict=True))
        said = f"{load:g}% load: p50 falls by {p50:.1f} ms, p99 by {p99:.1f} ms"
    ax.set_title(said)
    return fig


def by_the_clock(
    shares: Sequence[float],
    measured: Mapping[str, Sequence[float]],
    computed: Mapping[str, Sequence[float]],
) -> Figure:
    """The median latencies of a real server as points, and of an exact one as lines.

    Args:
        shares: The load of the first version, from 0 to 1.
        measured: In ms at each share, by version.
        computed: The same for the exact server.
    """
    fig, ax = plot.figure(width=8, height=3.6)
    percent = 100 * np.asarray(shares)
    for (name, its), colour, mark in zip(measured.items(), plot.COLOURS[1:], "os", strict=False):
        ax.plot(percent, computed[name], color=colour, label=f"{name}, computed")
        ax.plot(percent, its, mark, color=colour, markersize=9, label=f"{name}, by the clock")
    ax.set(title="A real server, and the computed curve", xlabel="load of float32 (%)")
    ax.set(ylabel="median latency (ms)", ylim=(0, None))
    ax.legend()
    return fig


def magika(results: pd.DataFrame) -> Figure:
    """Size and accuracy of each version of a production network.

    Args:
        results: data/magika.csv.
    """
    its = results.groupby("version", sort=False).agg(
        {"bytes": "first", "files": "sum", "right": "sum"}
    )
    fig, axes = plot.figure(1, 2, width=11, height=2.8)
    plot.bars(axes[0], list(its.index), (its["bytes"] / 1000).tolist())
    axes[0].set(title="Size", xlabel="file (kB)")
    plot.bars(
        axes[1], [""] * len(its), (100 * its["right"] / its["files"]).tolist(), label="{:.1f}"
    )
    axes[1].set(title="Right", xlabel="% of the files", xlim=(0, 115))
    return fig
