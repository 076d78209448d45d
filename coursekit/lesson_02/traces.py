"""Lesson 02's trace: one row of numbers through affine quantization, to codes and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch
from matplotlib.figure import Figure

from coursekit.pictures import plot
from coursekit.pictures.trace import Rows, Stage, Trace, number, shape_of

BITS = 3
SEEN = (-0.5, 0.0, 0.1, 0.9, 2.2, 3.0)  # The lesson's example: these fix the range.
ROW = (-0.4, 0.0, 0.1, 0.75, 1.25, 2.2, 3.6)


@dataclass(frozen=True)
class Affine:
    """Scale and zero point, and what becomes of a row at each step; shapes (n,) but for scalars.

    Attributes:
        steps: values / scale.
        rounded: steps, rounded, ties to the even neighbour.
        shifted: rounded + zero point.
        codes: shifted, clipped to the codes that there are.
        back: scale · (codes − zero point).
    """

    values: torch.Tensor
    low: int
    high: int
    bottom: float
    top: float
    scale: float
    zero_point: int
    steps: torch.Tensor
    rounded: torch.Tensor
    shifted: torch.Tensor
    codes: torch.Tensor
    back: torch.Tensor

    @property
    def clipped(self) -> torch.Tensor:
        """Which codes the clip has changed, bool."""
        return self.codes != self.shifted

    @property
    def ties(self) -> torch.Tensor:
        """Which values lie exactly between two integers, counted in steps, bool."""
        return self.steps - self.steps.floor() == 0.5

    @property
    def errors(self) -> torch.Tensor:
        return self.back - self.values


def affine(values: Sequence[float], seen: Sequence[float], bits: int) -> Affine:
    """`values` with the scale and the zero point at which the range of `seen`, and 0, just fit."""
    x, other = torch.tensor(values), torch.tensor(seen)
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    bottom, top = other.min().clamp(max=0), other.max().clamp(min=0)
    scale = (top - bottom) / (high - low)
    zero_point = low - int(torch.round(bottom / scale))
    steps = x / scale
    rounded = torch.round(steps)
    shifted = rounded + zero_point
    codes = shifted.clamp(low, high)
    back = (codes - zero_point) * scale
    return Affine(
        x,
        low,
        high,
        float(bottom),
        float(top),
        float(scale),
        zero_point,
        steps,
        rounded,
        shifted,
        codes,
        back,
    )


def one_row() -> Trace:
    """Range, scale and zero point, steps, rounding, codes, back, errors."""
    its = affine(ROW, SEEN, BITS)
    count, shape = len(ROW), shape_of(its.values)
    gaps = its.high - its.low
    outside = _listed(its.values[(its.values < its.bottom) | (its.values > its.top)])
    points = torch.arange(its.low, its.high + 1)
    stands = (points - its.zero_point) * its.scale
    row = "the row"
    return Trace(
        f"One row through {BITS} bits",
        (
            Stage(
                "The range",
                f"{count} numbers are to get {BITS} bits each. The range was fixed before, on "
                f"other numbers: they went from $a = {_short(its.bottom)}$ to $c = "
                f"{_short(its.top)}$. {_outside(outside)}",
                row,
                None,
                shape,
                partial(_range_picture, its),
                "A number line with the numbers of the row as marks, and the range in grey.",
                _table(("value", _values(its)), ("in the range", _inside(its))),
            ),
            Stage(
                "Scale and zero point",
                f"{BITS} bits hold {gaps + 1} codes, from {_whole(its.low)} to "
                f"{_whole(its.high)}, with {gaps} gaps between them. So $S = (c - a) / {gaps} = "
                f"{_short(its.scale)}$ and $Z = {_whole(its.low)} - \\operatorname{{round}}(a / S) "
                f"= {_whole(its.zero_point)}$. Each code now stands for a point on the line, and "
                f"code {_whole(its.zero_point)} for "
                f"{_short(float(stands[its.zero_point - its.low]))}.",
                "the points",
                None,
                shape_of(stands),
                partial(_points_picture, its, points, stands),
                "A number line with the points that the codes stand for, each with its code.",
                _table(
                    ("code", [_whole(int(code)) for code in points]),
                    ("stands for", [_short(float(value)) for value in stands]),
                ),
            ),
            Stage(
                "In steps",
                f"Each number is divided by $S$: how many steps of {_short(its.scale)} lead to it? "
                f"{_ties(its)}",
                row,
                shape,
                shape,
                partial(
                    _moves_picture,
                    its,
                    None,
                    its.steps,
                    "In steps: $x / S$",
                    "steps",
                    (-4, 9),
                ),
                "A mark for each number of the row, on an axis that counts steps.",
                _table(("value", _values(its)), ("steps", _shorts(its.steps))),
            ),
            Stage(
                "Rounded",
                _rounding(its),
                row,
                shape,
                shape,
                partial(
                    _moves_picture,
                    its,
                    its.steps,
                    its.rounded,
                    "Rounded: to a whole number of steps",
                    "steps",
                    (-4, 9),
                ),
                "For each number of the row a hollow mark where it was, and a full one at a whole "
                "number of steps.",
                _table(
                    ("value", _values(its)),
                    ("steps", _shorts(its.steps)),
                    ("rounded", _wholes(its.rounded)),
                ),
            ),
            Stage(
                "Shifted and clipped: codes",
                f"$Z = {_whole(its.zero_point)}$ is added. A code below {_whole(its.low)} or above "
                f"{_whole(its.high)} does not exist. {_clipping(its)}",
                row,
                shape,
                shape,
                partial(
                    _moves_picture,
                    its,
                    its.shifted,
                    its.codes,
                    "Codes: shifted, then clipped to the grey band",
                    "code",
                    (-7, 6),
                    band=(its.low, its.high),
                ),
                "A mark for each code. The codes that exist are a grey band; a line shows where a "
                "number was clipped to its end.",
                _table(
                    ("value", _values(its)),
                    ("rounded", _wholes(its.rounded)),
                    ("shifted", _wholes(its.shifted)),
                    ("code", _wholes(its.codes)),
                ),
            ),
            Stage(
                "Back",
                f"Only codes, $S$ and $Z$ are kept. What comes back is $\\hat x = S \\, (q - Z)$. "
                f"{_same(its)}",
                row,
                shape,
                shape,
                partial(
                    _moves_picture,
                    its,
                    its.values,
                    its.back,
                    "Back: hollow is what went in, full what came back",
                    "value",
                    (-1, 4),
                ),
                "For each number of the row a hollow mark where it was, and a full one where it "
                "came back, on one of the points.",
                _table(
                    ("value", _values(its)),
                    ("code", _wholes(its.codes)),
                    ("back", _shorts(its.back)),
                ),
            ),
            Stage(
                "Errors",
                _errors(its),
                row,
                shape,
                shape,
                partial(_errors_picture, its),
                "A bar for each error, and dashed lines half a step to either side of 0.",
                _table(
                    ("value", _values(its)),
                    ("back", _shorts(its.back)),
                    ("error", _shorts(its.errors)),
                    ("because of", _causes(its)),
                ),
            ),
        ),
    )


def _short(value: float) -> str:
    """With two decimals, without the zeros at the end."""
    return number(round(value, 2), 2).rstrip("0").rstrip(".") if value else "0"


def _whole(value: float) -> str:
    return number(int(value))


def _shorts(values: torch.Tensor) -> list[str]:
    return [_short(float(value)) for value in values]


def _wholes(values: torch.Tensor) -> list[str]:
    return [_whole(float(value)) for value in values]


def _values(its: Affine) -> list[str]:
    return _shorts(its.values)


def _inside(its: Affine) -> list[str]:
    return ["yes" if its.bottom <= value <= its.top else "no" for value in its.values.tolist()]


def _causes(its: Affine) -> list[str]:
    return [
        "clipping" if clipped else "rounding" if error else "no error"
        for clipped, error in zip(its.clipped.tolist(), its.errors.tolist(), strict=True)
    ]


def _listed(values: torch.Tensor) -> list[str]:
    return _shorts(values)


def _and(words: Sequence[str]) -> str:
    return " and ".join((", ".join(words[:-1]), words[-1])) if len(words) > 1 else words[0]


def _outside(outside: Sequence[str]) -> str:
    if not outside:
        return "All of them lie in it."
    return f"{_and(outside)} {'lies' if len(outside) == 1 else 'lie'} outside."


def _ties(its: Affine) -> str:
    ties = _shorts(its.steps[its.ties])
    if not ties:
        return "None lies exactly between two integers."
    kind = "a tie" if len(ties) == 1 else "ties"
    many = "lies" if len(ties) == 1 else "lie"
    return f"{_and(ties)} {many} exactly between two integers: {kind}."


def _rounding(its: Affine) -> str:
    say = "Each goes to the nearest whole number of steps. "
    went = [
        f"{_short(float(was))} goes {'up' if now > was else 'down'} to {_whole(float(now))}"
        for was, now in zip(its.steps[its.ties], its.rounded[its.ties], strict=True)
    ]
    return say + (f"A tie goes to the even neighbour: {_and(went)}." if went else "No tie is here.")


def _clipping(its: Affine) -> str:
    went = [
        f"{_short(float(value))} would get {_whole(float(was))} and gets {_whole(float(now))}"
        for value, was, now in zip(
            its.values[its.clipped],
            its.shifted[its.clipped],
            its.codes[its.clipped],
            strict=True,
        )
    ]
    return f"{_and(went)}: it is clipped." if went else "None needs to be clipped."


def _same(its: Affine) -> str:
    exact = _shorts(its.values[its.errors == 0])
    kept = f"Exactly as it was came back: {_and(exact)}." if exact else "None is as it was."
    shared = [
        f"{_and(_shorts(its.values[its.codes == code]))} are both "
        f"{_short(float(its.back[its.codes == code][0]))} now"
        for code in its.codes.unique()
        if int((its.codes == code).sum()) == 2
    ]
    return f"{kept} {'; '.join(shared)}." if shared else kept


def _errors(its: Affine) -> str:
    half = its.scale / 2
    inside, outside = its.errors[~its.clipped].abs(), its.errors[its.clipped].abs()
    largest = float(inside.max())
    # The division and the product each round in float32.
    bound = "no more" if largest <= half * (1 + 1e-6) else "more"
    say = (
        f"Where nothing was clipped, the largest error is {_short(largest)}: {bound} than half a "
        f"step, $S / 2 = {_short(half)}$."
    )
    if not len(outside):
        return f"{say} Nothing was clipped."
    clipped = float(outside.max())
    over = "more" if clipped > half else "no more"
    return (
        f"{say} The clipped number is off by {_short(clipped)}, {over} than that. For clipping "
        "there is no bound: a larger number would be off by more."
    )


def _table(*columns: tuple[str, Sequence[str]]) -> Rows:
    return (
        tuple(name for name, _ in columns),
        *zip(*(cells for _, cells in columns), strict=True),
    )


def _range_picture(its: Affine) -> Figure:
    fig, ax = plot.figure(width=9, height=2)
    ax.axvspan(its.bottom, its.top, color="#DDDDDD")
    ax.plot(its.values, [0] * len(its.values), linestyle="none", color="black", markersize=8)
    for value in its.values.tolist():
        ax.annotate(_short(value), (value, 0), (0, 9), textcoords="offset points", ha="center")
    ax.set(
        title="The row, and the range that was fixed before (grey)",
        xlabel="value",
        xlim=(-1, 4),
        ylim=(-1, 1),
        yticks=[],
    )
    return fig


def _points_picture(its: Affine, points: torch.Tensor, stands: torch.Tensor) -> Figure:
    fig, ax = plot.figure(width=9, height=2)
    ax.axvspan(its.bottom, its.top, color="#DDDDDD")
    ax.plot(stands, [0] * len(stands), linestyle="none", marker="|", color="black", markersize=24)
    for code, value in zip(points.tolist(), stands.tolist(), strict=True):
        text = f"code {_whole(code)}"
        weight = "bold" if code == its.zero_point else "normal"
        ax.annotate(
            text,
            (value, 0),
            (0, 16),
            textcoords="offset points",
            ha="center",
            fontsize=11,
            weight=weight,
        )
    ax.set(
        title=f"{len(points)} points, one every {_short(its.scale)}; bold: the zero point",
        xlabel="value that the code stands for",
        xlim=(-1, 4),
        ylim=(-1, 1),
        yticks=[],
    )
    return fig


def _moves_picture(
    its: Affine,
    before: torch.Tensor | None,
    after: torch.Tensor,
    title: str,
    label: str,
    limits: tuple[int, int],
    band: tuple[int, int] | None = None,
) -> Figure:
    """A line for each number of the row: where it was (hollow), and where it is now (full)."""
    fig, ax = plot.figure(width=9, height=3.4)
    places = range(len(after))
    if band:
        ax.axvspan(band[0] - 0.2, band[1] + 0.2, color="#DDDDDD")
    if before is not None:
        ax.hlines(places, before, after, color=plot.COLOURS[2], linewidth=3, zorder=2)
        hollow = {"marker": "o", "markersize": 9, "fillstyle": "none", "color": "black"}
        ax.plot(before, places, linestyle="none", zorder=3, **hollow)
    ax.plot(after, places, linestyle="none", marker="o", markersize=6, color="black", zorder=4)
    ax.set_yticks(places, _values(its))
    ax.set_xticks(range(limits[0], limits[1] + 1))
    ax.invert_yaxis()
    ax.set(title=title, xlabel=label, ylabel="number", xlim=limits)
    return fig


def _errors_picture(its: Affine) -> Figure:
    fig, ax = plot.figure(width=9, height=3.4)
    places = range(len(its.errors))
    for place, (error, clipped) in enumerate(
        zip(its.errors.tolist(), its.clipped.tolist(), strict=True)
    ):
        look = {"color": plot.COLOURS[2 if clipped else 5], "hatch": "///" if clipped else ""}
        ax.barh(place, error, edgecolor="black", **look)
    for edge in (-its.scale / 2, its.scale / 2):
        ax.axvline(edge, color="black", linestyle="--", marker="")
    ax.set_yticks(places, _values(its))
    ax.invert_yaxis()
    ax.set(
        title="Errors; dashed: half a step; hatched: clipped",
        xlabel="what came back, less what went in",
        ylabel="number",
        xlim=(-0.8, 0.8),
    )
    return fig


TRACES = {
    "affine-one-row": one_row,
}
