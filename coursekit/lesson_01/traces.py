"""Lesson 01's traces: a CNN's costs layer by layer, a layer's batch doubled, a benchmark mended."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from functools import partial

import torch
from matplotlib.figure import Figure

from coursekit.nets.costs import LayerCost, Machine, draw_roof, layer_costs
from coursekit.nets.networks import small_cnn
from coursekit.nets.train import fixed
from coursekit.pictures import plot
from coursekit.pictures.trace import Rows, Stage, Trace, number, percent

# The example machine of the second trace: 100 GFLOP/s, 20 GB/s.
EXAMPLE = Machine(peak=100e9, bandwidth=20e9)
WIDTH, BATCHES = 1024, (1, 2, 4, 8, 16, 64)
# Two equal models in ms: three slow calls, then a machine that slows down, and one disturbed call.
WARM_UP = (9.0, 4.0, 3.0)
CALLS, SLOWER, DISTURBED, HICCUP = 20, 0.005, 7, 30.0


def small_costs() -> list[LayerCost]:
    """The layers of the small CNN, for one image."""
    with fixed():
        return layer_costs(small_cnn(), torch.zeros(1, 1, 28, 28))


def layers_of_a_cnn() -> Trace:
    """Parameters, MACs and activations, one layer after the other."""
    costs = small_costs()
    parameters, macs = sum(c.parameters for c in costs), sum(c.macs for c in costs)
    stages = []
    rows: list[tuple[str, ...]] = [("layer", "parameters", "MACs", "input + output, bytes")]
    for place, cost in enumerate(costs):
        rows.append(
            (
                cost.kind,
                number(cost.parameters),
                number(cost.macs),
                number(cost.activations),
            )
        )
        so_far = costs[: place + 1]
        share = sum(c.macs for c in so_far) / macs
        learned = sum(c.parameters for c in so_far) / parameters
        peak = max(c.activations for c in so_far)
        what = (
            f"It learns {number(cost.parameters)} numbers and takes {number(cost.macs)} MACs."
            if cost.parameters
            else "It learns nothing, and its few operations are not counted as MACs."
        )
        stages.append(
            Stage(
                f"{place + 1} · {cost.kind}",
                f"{what} Its input and output take {number(cost.activations)} bytes together. So "
                f"far: {percent(learned, 1)} of the parameters, {percent(share, 1)} of the MACs, "
                f"and a peak of {number(peak)} bytes of activations.",
                "the layers that are done",
                None if place == 0 else (place,),
                (place + 1,),
                partial(_shares, so_far, parameters, macs),
                "Two bars for each layer so far: its share of the parameters and of the MACs.",
                tuple(rows),
            )
        )
    return Trace("A small CNN, layer by layer", tuple(stages))


def linear_cost(batch: int) -> LayerCost:
    """A linear layer without bias, in float32."""
    weights = WIDTH * WIDTH
    return LayerCost("Linear", weights, batch * weights, 4 * weights, 4 * batch * 2 * WIDTH)


def batch_doubled() -> Trace:
    """One layer under the roof of an example machine, with more and more images at once."""
    stages = []
    for place, batch in enumerate(BATCHES):
        cost = linear_cost(batch)
        moving, computing = cost.moved / EXAMPLE.bandwidth, 2 * cost.macs / EXAMPLE.peak
        time = max(moving, computing)
        bound = "memory-bound" if moving > computing else "compute-bound"
        one = EXAMPLE.least_time([linear_cost(1)])
        rows: Rows = (
            ("", "amount", "least time"),
            ("bytes", number(cost.moved), f"{number(1e6 * moving, 1)} µs"),
            ("FLOPs", number(2 * cost.macs), f"{number(1e6 * computing, 1)} µs"),
        )
        stages.append(
            Stage(
                f"Batch {batch}",
                f"{number(2 * cost.macs)} FLOPs on {number(cost.moved)} bytes: "
                f"{number(cost.intensity, 2)} per byte, where the ridge lies at "
                f"{number(EXAMPLE.ridge, 1)}. The layer is **{bound}**. By the roofline it takes "
                f"{number(1e6 * time, 1)} µs, {number(time / one, 2)} times as long as one image, "
                f"that is {number(1e6 * time / batch, 1)} µs per image.",
                "the batch",
                None if place == 0 else (BATCHES[place - 1], WIDTH),
                (batch, WIDTH),
                partial(_under_the_roof, BATCHES[: place + 1]),
                "A roofline with a point for each batch so far, further right each time.",
                rows,
            )
        )
    return Trace("One layer, more and more images", tuple(stages))


def call_times() -> list[float]:
    """How long the calls take, one after the other, whichever of the two equal models it is."""
    later = [2.0 * (1 + SLOWER * n) for n in range(2 * CALLS)]
    later[DISTURBED] = HICCUP
    return [*WARM_UP, *later]


def benchmark_mended() -> Trace:
    """Two equal models, timed in four ways, each better than the one before."""
    times, skip = call_times(), len(WARM_UP)
    warm = times[skip:]
    half = len(times) // 2
    ways: tuple[tuple[str, str, Sequence[float], Sequence[float], bool], ...] = (
        (
            "All of A, then all of B, means",
            "A's calls include the first three, which are slower.",
            times[:half],
            times[half:],
            False,
        ),
        (
            "With a warm-up",
            "The first three calls are left out. One call of A was disturbed by another program.",
            warm[:CALLS],
            warm[CALLS:],
            False,
        ),
        (
            "Medians in place of means",
            "The disturbed call counts no more than any other one. But the machine slows down.",
            warm[:CALLS],
            warm[CALLS:],
            True,
        ),
        (
            "In turn: A B A B …",
            "Both models meet the machine as it is at every moment.",
            warm[0::2],
            warm[1::2],
            True,
        ),
    )
    stages = []
    for place, (title, why, a, b, median) in enumerate(ways):
        middle = statistics.median if median else statistics.mean
        first, second = float(middle(a)), float(middle(b))
        off = 100 * (second / first - 1)
        verdict = "That is nearly right" if abs(off) < 2 else "That is wrong"
        stages.append(
            Stage(
                title,
                f"{why} A takes {number(first, 2)} ms, B {number(second, 2)} ms: B seems "
                f"{number(abs(off), 1)}% {'slower' if off > 0 else 'faster'}. {verdict}: the two "
                "models are equal.",
                "the calls that count",
                None if place == 0 else (len(ways[place - 1][2]) + len(ways[place - 1][3]),),
                (len(a) + len(b),),
                partial(
                    _calls,
                    times,
                    len(times) - len(a) - len(b),
                    place == len(ways) - 1,
                    (first, second),
                ),
                "A point for each call in the order of the calls: circles for A, triangles for "
                "B. A line is the time that is reported for each.",
            )
        )
    return Trace("A benchmark, mended step by step", tuple(stages))


def _shares(costs: Sequence[LayerCost], parameters: int, macs: int) -> Figure:
    fig, ax = plot.figure(width=9, height=1.2 + 0.5 * len(costs))
    plot.grouped_bars(
        ax,
        [f"{place + 1} {cost.kind}" for place, cost in enumerate(costs)],
        {
            "parameters": [100 * cost.parameters / parameters for cost in costs],
            "MACs": [100 * cost.macs / macs for cost in costs],
        },
        label="{:.1f}",
    )
    ax.set(title="Shares of parameters and MACs", xlabel="%", xlim=(0, 110))
    return fig


def _under_the_roof(batches: Sequence[int]) -> Figure:
    fig, ax = plot.figure(width=9, height=3)
    draw_roof(ax, EXAMPLE)
    for batch in batches:
        cost = linear_cost(batch)
        speed = 2 * cost.macs / EXAMPLE.least_time([cost]) / 1e9
        last = batch == batches[-1]
        colour = plot.COLOURS[2] if last else plot.COLOURS[1]
        ax.plot([cost.intensity], [speed], "o", color=colour, markersize=9 if last else 5)
    ax.set_title(f"At the roof of an example machine: batch {batches[-1]}")
    return fig


def _calls(
    times: Sequence[float], left_out: int, in_turn: bool, reported: Sequence[float]
) -> Figure:
    fig, ax = plot.figure(width=9, height=2.8)
    places = range(left_out, len(times))
    half = left_out + (len(times) - left_out) // 2
    a = [n for n in places if ((n - left_out) % 2 == 0 if in_turn else n < half)]
    b = [n for n in places if n not in a]
    ax.plot(range(left_out), times[:left_out], "x", color="grey", label="not timed")
    ax.plot(a, [times[n] for n in a], "o", color=plot.COLOURS[1], label="A")
    ax.plot(b, [times[n] for n in b], "^", color=plot.COLOURS[2], label="B")
    for time, colour, dashes in zip(reported, plot.COLOURS[1:3], ("--", ":"), strict=True):
        ax.axhline(time, color=colour, linestyle=dashes, marker="")
    ax.set(title="Every call, and what is reported", xlabel="call", ylabel="ms", yscale="log")
    ax.yaxis.set_major_formatter("{x:g}")
    ax.legend()
    return fig


TRACES = {
    "cost-layers-of-a-cnn": layers_of_a_cnn,
    "cost-batch-doubled": batch_doubled,
    "cost-benchmark-mended": benchmark_mended,
}
