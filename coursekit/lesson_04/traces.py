"""Lesson 04's traces: one output of an integer layer, one ratio, one sum in four accumulators."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from matplotlib.figure import Figure

from coursekit.pictures import plot
from coursekit.pictures.trace import Rows, Stage, Trace, number

# One output of a layer: stored inputs and weights, zero points, bias, and the three scales.
INPUTS, WEIGHTS = (90, -128, 17, -60), (41, -90, -77, 25)
INPUT_ZERO, OUTPUT_ZERO, BIAS = -128, -100, 12_000
INPUT_SCALE, WEIGHT_SCALE, OUTPUT_SCALE = 1 / 255, 0.01, 0.012
RATIO, RATIO_BITS, LEFT = 0.0372, (1, 3, 5, 8, 31), 2500
PAIRS = ((255, 100), (250, 90), (240, -110), (255, -128), (200, 60), (30, 5))


@dataclass(frozen=True)
class Output:
    """What one output goes through; lists have an entry per input."""

    inputs: list[int]
    products: list[int]
    total: int
    accumulator: int
    ratio: float
    multiplier: int
    shift: int
    steps: int
    shifted: int
    code: int


def multiplier_and_shift(ratio: float, bits: int = 31) -> tuple[int, int]:
    """Integers m < 2**bits and k with m / 2**k next to `ratio`, as in the lesson."""
    fraction, exponent = math.frexp(ratio)
    multiplier = round(fraction * 2**bits)
    if multiplier == 2**bits:
        multiplier, exponent = multiplier // 2, exponent + 1
    return multiplier, bits - exponent


def one_output() -> Output:
    """The numbers of the first trace."""
    inputs = [q - INPUT_ZERO for q in INPUTS]
    products = [x * w for x, w in zip(inputs, WEIGHTS, strict=True)]
    total = sum(products)
    ratio = INPUT_SCALE * WEIGHT_SCALE / OUTPUT_SCALE
    multiplier, shift = multiplier_and_shift(ratio)
    accumulator = total + BIAS
    steps = (accumulator * multiplier + (1 << (shift - 1))) >> shift
    shifted = steps + OUTPUT_ZERO
    code = min(127, max(-128, shifted))
    return Output(
        inputs, products, total, accumulator, ratio, multiplier, shift, steps, shifted, code
    )


def one_layer() -> Trace:
    """Stored integers, zero point, products, sum and bias, ratio, shift, zero point and clip."""
    its = one_output()
    row, answer = "the row of inputs", "the output"
    value = OUTPUT_SCALE * (its.code - OUTPUT_ZERO)
    exact = INPUT_SCALE * WEIGHT_SCALE * its.accumulator
    names = [f"{n}" for n in range(len(INPUTS))]
    low = "would be clipped" if its.shifted != its.code else "fits into int8 and is not clipped"
    relu = "stays" if its.code >= OUTPUT_ZERO else f"becomes {number(OUTPUT_ZERO)}"
    return Trace(
        "One output in integers",
        (
            Stage(
                "As it is stored",
                f"{len(INPUTS)} inputs and {len(WEIGHTS)} weights, all int8. The input "
                f"{number(INPUT_ZERO)} stands for 0. The weights are symmetric: zero point 0.",
                row,
                None,
                (len(INPUTS),),
                partial(_bars, names, INPUTS, "Stored inputs", "int8"),
                "A bar for each stored input, from −128 to 127.",
                _table(("input", INPUTS), ("weight", WEIGHTS)),
            ),
            Stage(
                "Less the zero point",
                f"Each input less {number(INPUT_ZERO)}: how many steps it lies above 0. The "
                f"smallest is {number(min(its.inputs))}, the largest {number(max(its.inputs))}, "
                "which int8 does not hold. From here on the type is wider.",
                row,
                (len(INPUTS),),
                (len(INPUTS),),
                partial(_bars, names, its.inputs, "Inputs less the zero point", "steps"),
                "A bar for each input after its zero point is subtracted; none is below 0.",
                _table(("stored", INPUTS), ("steps", its.inputs)),
            ),
            Stage(
                "Products",
                f"Each input times its weight. The largest product in magnitude is "
                f"{number(max(its.products, key=abs))}: it takes more than eight bits.",
                row,
                (len(INPUTS),),
                (len(INPUTS),),
                partial(_bars, names, its.products, "Products", "int32"),
                "A bar for each product, some above and some below 0.",
                _table(("steps", its.inputs), ("weight", WEIGHTS), ("product", its.products)),
            ),
            Stage(
                "Sum and bias: the accumulator",
                f"The products sum to {number(its.total)}. The bias, int32 in the same steps of "
                f"$s^x s^w$, adds {number(BIAS)}: $a = {number(its.accumulator)}$.",
                answer,
                None,
                (1,),
                partial(
                    _bars,
                    ["products", "bias", "accumulator"],
                    [its.total, BIAS, its.accumulator],
                    "The accumulator",
                    "int32",
                ),
                "Three bars: the sum of the products, the bias, and the accumulator.",
            ),
            Stage(
                "The ratio as multiplier and shift",
                f"$r = s^x s^w / s^y = {number(its.ratio, 7)}$. As integers: $m = "
                f"{number(its.multiplier)}$ and $k = {its.shift}$. That was worked out before "
                "anything ran.",
                answer,
                (1,),
                (1,),
                partial(_bits, its.multiplier, 31, "The multiplier, 31 bits"),
                "The 31 bits of the multiplier as boxes, ones filled.",
            ),
            Stage(
                "Multiplied and shifted",
                f"$m\\,a$ takes 64 bits. Half of $2^k$ is added, and the lowest {its.shift} bits "
                f"are dropped: {number(its.steps)} steps are left. (The exact ratio gives "
                f"{number(its.ratio * its.accumulator, 3)}.)",
                answer,
                (1,),
                (1,),
                partial(_line, its.ratio * its.accumulator, its.steps),
                "A number line: the exact product as a hollow mark, the integer as a full one.",
            ),
            Stage(
                "Zero point and clip",
                f"The zero point {number(OUTPUT_ZERO)} is added: {number(its.shifted)}, which "
                f"{low}. A fused ReLU would clip at {number(OUTPUT_ZERO)}: the output {relu}. The "
                f"code stands for {number(value, 3)}; the sum stood for {number(exact, 3)}.",
                answer,
                (1,),
                (1,),
                partial(_clip, its.shifted, its.code),
                "A number line from −128 to 127 with the zero point and the output.",
            ),
        ),
    )


def one_ratio() -> Trace:
    """A ratio as multiplier and shift with more and more bits, and what an accumulator becomes."""
    stages = []
    rows: list[tuple[str, ...]] = [("bits", "m", "k", "m / 2^k", "accumulator becomes")]
    for place, bits in enumerate(RATIO_BITS):
        m, k = multiplier_and_shift(RATIO, bits)
        made = (LEFT * m + (1 << (k - 1))) >> k
        off = (m / 2**k / RATIO - 1) * 100
        rows.append((str(bits), number(m), str(k), number(m / 2**k, 9), number(made)))
        shape = (len(rows) - 1,)
        near = "exact to the digits shown" if abs(off) < 1e-3 else f"off by {number(off, 2)}%"
        stages.append(
            Stage(
                f"{bits} bit" + "s" * (bits > 1),
                f"With {bits} bit{'s' * (bits > 1)}, $m = {number(m)}$ and $k = {k}$: the ratio "
                f"{number(RATIO)} becomes {number(m / 2**k, 9)}, {near}. The accumulator "
                f"{number(LEFT)} becomes {number(made)}; exact would be {number(RATIO * LEFT, 1)}.",
                "the tries",
                None if place == 0 else (place,),
                shape,
                partial(_bits, m, bits, f"m with {bits} bit{'s' * (bits > 1)}"),
                f"The bits of the multiplier as boxes, ones filled: {bits} of them.",
                tuple(rows),
            )
        )
    return Trace("One ratio, more and more bits", tuple(stages))


def four_accumulators() -> Trace:
    """The same pairs summed exactly, wrapping, saturating, and in pairs that saturate."""
    products = [x * w for x, w in PAIRS]
    ways: tuple[tuple[str, str, Callable[[Sequence[int]], list[int]]], ...] = (
        ("Exactly, in int32", "nothing is lost", _exact),
        ("In an int16 that wraps", "what leaves the type comes back at its other end", _wrapped),
        ("In an int16 that saturates", "what leaves the type stays at its end", _saturated),
        ("Each pair in a saturating int16, then int32", "only a pair can leave the type", _pairs),
    )
    exact = sum(products)
    stages = [
        Stage(
            "The products",
            f"{len(PAIRS)} inputs from 0 to 255 times int8 weights. An int16 holds −32,768 to "
            "32,767, and every single product fits. Which sums will not?",
            "the sums",
            None,
            (len(PAIRS),),
            partial(_bars, [str(n) for n in range(len(PAIRS))], products, "Products", "product"),
            "A bar for each of six products, above and below 0.",
            _table(
                ("input", [x for x, _ in PAIRS]),
                ("weight", [w for _, w in PAIRS]),
                ("product", products),
            ),
        )
    ]
    before = (len(PAIRS),)
    for title, rule, way in ways:
        running = way(products)
        verdict = "the right sum" if running[-1] == exact else f"the right sum is {number(exact)}"
        stages.append(
            Stage(
                title,
                f"Running sums, where {rule}. The end is {number(running[-1])}: {verdict}.",
                "the sums",
                before,
                (len(running),),
                partial(_running, running, _exact(products), title),
                "A line of running sums, with a dotted line of exact ones and the ends of int16.",
                _table(("running sum", running)),
            )
        )
        before = (len(running),)
    return Trace("One sum in four accumulators", tuple(stages))


def _exact(products: Sequence[int]) -> list[int]:
    return [sum(products[: n + 1]) for n in range(len(products))]


def _wrapped(products: Sequence[int]) -> list[int]:
    return [(total + 2**15) % 2**16 - 2**15 for total in _exact(products)]


def _saturated(products: Sequence[int]) -> list[int]:
    running, total = [], 0
    for product in products:
        total = min(2**15 - 1, max(-(2**15), total + product))
        running.append(total)
    return running


def _pairs(products: Sequence[int]) -> list[int]:
    running, total = [], 0
    for first in range(0, len(products), 2):
        pair = sum(products[first : first + 2])
        total += min(2**15 - 1, max(-(2**15), pair))
        running.append(total)
    return running


def _table(*columns: tuple[str, Sequence[int]]) -> Rows:
    return (
        tuple(name for name, _ in columns),
        *zip(*([number(value) for value in cells] for _, cells in columns), strict=True),
    )


def _bars(names: Sequence[str], values: Sequence[int], title: str, label: str) -> Figure:
    fig, ax = plot.figure(width=9, height=2.6)
    plot.bars(ax, list(names), [float(value) for value in values])
    ax.axvline(0, color="black", linewidth=1, marker="")
    ax.set(title=title, xlabel=label)
    return fig


def _bits(value: int, width: int, title: str) -> Figure:
    fig, ax = plot.figure(width=9, height=1.6)
    for bit in range(width):
        one = (value >> bit) & 1
        ax.bar(width - bit, 1, 0.85, color=plot.COLOURS[1] if one else "white", edgecolor="black")
    ax.set(title=title, yticks=[], xticks=[], xlabel="highest bit first", xlim=(-1, 33))
    ax.grid(visible=False)
    return fig


def _line(exact: float, steps: int) -> Figure:
    fig, ax = plot.figure(width=9, height=1.8)
    ax.plot([exact], [0], marker="o", markersize=10, fillstyle="none", linestyle="", color="black")
    ax.plot([steps], [0], marker="o", markersize=6, linestyle="", color=plot.COLOURS[2])
    ax.set(title="Hollow: exact. Full: the integer", xlabel="steps of the output", yticks=[])
    ax.set(xlim=(steps - 2, steps + 2), xticks=range(steps - 2, steps + 3))
    return fig


def _clip(shifted: int, code: int) -> Figure:
    fig, ax = plot.figure(width=9, height=1.8)
    ax.axvspan(-128, 127, color="#DDDDDD")
    ax.plot([OUTPUT_ZERO], [0], marker="|", markersize=24, linestyle="", color="black")
    ax.plot(
        [shifted], [0], marker="o", markersize=10, fillstyle="none", linestyle="", color="black"
    )
    ax.plot([code], [0], marker="o", markersize=6, linestyle="", color=plot.COLOURS[2])
    ax.set(
        title="int8 (grey), zero point (line), output", xlabel="code", yticks=[], xlim=(-160, 160)
    )
    return fig


def _running(running: Sequence[int], exact: Sequence[int], title: str) -> Figure:
    fig, ax = plot.figure(width=9, height=3)
    step = len(exact) // len(running)
    ax.plot(range(1, len(exact) + 1), exact, color="grey", marker="", linestyle=":", label="exact")
    at = np.arange(1, len(running) + 1) * step
    ax.plot(at, running, color="black", marker="o", linestyle="-", label="this accumulator")
    for end in (-(2**15), 2**15 - 1):
        ax.axhline(end, color=plot.COLOURS[2], linewidth=1, marker="", linestyle="--")
    ax.set(title=f"{title} (dashed: the ends of int16)", xlabel="products so far", ylabel="sum")
    ax.legend()
    return fig


TRACES = {
    "integer-one-layer": one_layer,
    "integer-one-ratio": one_ratio,
    "integer-four-accumulators": four_accumulators,
}
