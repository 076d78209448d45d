"""Lesson 03's traces: two equal networks in int8, eight weights in four bytes, four ends."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import nn

from coursekit.lesson_03.simulate import sqnr
from coursekit.nets import three_models
from coursekit.nets.measure import accuracy
from coursekit.nets.train import fixed
from coursekit.pictures import plot
from coursekit.pictures.trace import Rows, Stage, Trace, number, percent, shape_of

POWERS = 7  # A unit's factor is a power of two from −7 to 7.
LARGE = 256  # What the large unit is multiplied by.
CALIBRATION = 256
WEIGHTS = (0.11, -0.05, 0.07, -0.14, 0.91, -0.06, 0.13, 0.02)
SIZE, BITS = 4, 4


# Two networks.


@dataclass(frozen=True)
class Pair:
    """The network of lesson 00 and one that computes the same; test images, flat, and labels."""

    first: nn.Sequential
    second: nn.Sequential
    equalized: nn.Sequential
    images: torch.Tensor
    labels: torch.Tensor

    def accuracy(self, model: nn.Sequential, rows: bool | None) -> float:
        """In float32 (None), or with int8 weights, one scale per matrix or one per row."""
        if rows is not None:
            model = copy.deepcopy(model)
            for place in (0, 2):
                codes, scale = in_int8(weight_of(model, place), rows)
                weight_of(model, place).copy_(codes * scale)
        return accuracy(model, self.images, self.labels)


def weight_of(model: nn.Sequential, place: int) -> torch.Tensor:
    layer = model[place]
    assert isinstance(layer, nn.Linear)
    return layer.weight.data


def rescale(model: nn.Sequential, factors: torch.Tensor) -> nn.Sequential:
    """The same function: hidden units times `factors`, divided again in the next layer."""
    model = copy.deepcopy(model)
    (into, bias), (out, _) = model[0].parameters(), model[2].parameters()
    into.data *= factors[:, None]
    bias.data *= factors
    out.data /= factors
    return model


def in_int8(weight: torch.Tensor, rows: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """Codes and scales, one per row or one for the matrix."""
    largest = weight.abs().amax(1, keepdim=True) if rows else weight.abs().max()
    scale = (largest / 127).clamp(min=torch.finfo(torch.float32).tiny)
    return (weight / scale).round(), scale


def pair() -> Pair:
    run = three_models.run()
    images, labels = run.test.tensors()
    with fixed():
        factors = 2.0 ** torch.randint(-POWERS, POWERS + 1, (weight_of(run.trained, 0).shape[0],))
    second = rescale(run.trained, factors)
    row, column = weight_of(second, 0).abs().amax(1), weight_of(second, 2).abs().amax(0)
    back = rescale(second, 2.0 ** (column / row).sqrt().log2().round())
    return Pair(run.trained, second, back, images.flatten(1), labels)


def two_networks() -> Trace:
    """Float32, int8 per matrix, int8 per row, and after equalization."""
    its = pair()
    weight, logits = weight_of(its.first, 0), its.first(its.images[:1])
    equal = torch.equal(logits, its.second(its.images[:1]))
    kept = torch.equal(logits, its.equalized(its.images[:1]))
    matrix = [_zeros(model, False) for model in (its.first, its.second)]
    rows = [_zeros(model, True) for model in (its.first, its.second)]
    first = "layer 1's weight"
    return Trace(
        "Two networks that compute the same",
        (
            Stage(
                "Two networks",
                f"The first is the network of lesson 00, on digits. In the second each of the "
                f"{len(weight)} hidden units is multiplied by a power of two from "
                f"$2^{{-{POWERS}}}$ to $2^{{{POWERS}}}$, weights and bias, and divided by it "
                "again in layer 2.",
                first,
                None,
                shape_of(weight),
                partial(_sizes_picture, its),
                "The largest weight of each row of layer 1, in both networks, on a log axis.",
                _table(
                    ("unit", [str(n) for n in range(4)]),
                    ("largest weight", _sizes(its.first)),
                    ("in the second network", _sizes(its.second)),
                ),
            ),
            Stage(
                "Float32",
                "One test image runs through both. The ten logits are "
                + ("equal, bit for bit." if equal else "not equal.")
                + f" The accuracy on {len(its.labels)} test images: "
                f"{percent(its.accuracy(its.first, None), 1)} and "
                f"{percent(its.accuracy(its.second, None), 1)}.",
                "the logits",
                None,
                shape_of(logits[0]),
                partial(_logits_picture, its),
                "Ten logits of one image, a mark for each network.",
                _table(
                    ("class", [str(n) for n in range(10)]),
                    ("first", [number(v, 3) for v in logits[0].tolist()]),
                    ("second", [number(v, 3) for v in its.second(its.images[:1])[0].tolist()]),
                ),
            ),
            _in_int8(its, False, matrix),
            _in_int8(its, True, rows),
            Stage(
                "Equalized",
                "Each unit of the second network gets the power of two that makes its row of layer "
                "1 and its column of layer 2 about equally large. The logits "
                + ("have not changed by a bit. " if kept else "have changed. ")
                + "With one scale per matrix the accuracy is now "
                f"{percent(its.accuracy(its.equalized, False), 1)}.",
                first,
                shape_of(weight),
                shape_of(weight),
                partial(_accuracies_picture, its),
                "Bars of accuracy: float32, int8 per matrix and per row, for three networks.",
                _table(
                    ("network", ["first", "second", "equalized"]),
                    *(
                        (name, [percent(its.accuracy(model, way), 1) for model in _three(its)])
                        for name, way in _WAYS.items()
                    ),
                ),
            ),
        ),
    )


_WAYS: dict[str, bool | None] = {"float32": None, "int8 per matrix": False, "int8 per row": True}


def _three(its: Pair) -> tuple[nn.Sequential, ...]:
    return its.first, its.second, its.equalized


def _zeros(model: nn.Sequential, rows: bool) -> list[float]:
    """The share of codes that are 0, for both layers."""
    codes = [in_int8(weight_of(model, place), rows)[0] for place in (0, 2)]
    return [float((one == 0).float().mean()) for one in codes]


def _sizes(model: nn.Sequential) -> list[str]:
    return [f"{value:.3g}" for value in weight_of(model, 0)[:4].abs().amax(1).tolist()]


def _in_int8(its: Pair, rows: bool, zeros: Sequence[Sequence[float]]) -> Stage:
    way = "one scale per row" if rows else "one scale per matrix"
    scores = [its.accuracy(model, rows) for model in (its.first, its.second)]
    fell = scores[0] - scores[1]
    outcome = (
        "The second network loses" if fell > 0.05 else "The two are close, with a difference of"
    )
    return Stage(
        f"int8, {way}",
        f"Each weight becomes a code from −127 to 127. In layer 1 of the second network "
        f"{percent(zeros[1][0])} of the codes are 0, in layer 2 {percent(zeros[1][1])}. {outcome} "
        f"{100 * abs(fell):.1f} points of accuracy.",
        "layer 1's weight",
        shape_of(weight_of(its.first, 0)),
        shape_of(weight_of(its.first, 0)),
        partial(_codes_picture, its, rows),
        "Histograms of the codes of layer 1, one for each network.",
        _table(
            ("network", ["first", "second"]),
            ("layer 1: codes that are 0", [percent(one[0]) for one in zeros]),
            ("layer 2: codes that are 0", [percent(one[1]) for one in zeros]),
            ("accuracy", [percent(score, 1) for score in scores]),
        ),
    )


def _sizes_picture(its: Pair) -> Figure:
    fig, ax = plot.figure(width=9, height=3)
    for name, model in (("first", its.first), ("second", its.second)):
        ax.plot(weight_of(model, 0).abs().amax(1), linestyle="none", label=name)
    ax.set(title="Layer 1", xlabel="unit", ylabel="largest weight", yscale="log")
    ax.legend()
    return fig


def _logits_picture(its: Pair) -> Figure:
    fig, ax = plot.figure(width=9, height=3)
    for name, model, size in (("first", its.first, 10), ("second", its.second, 5)):
        logits = model(its.images[:1])[0].detach()
        ax.plot(range(10), logits, linestyle="none", markersize=size, label=name)
    ax.set(title="Logits of one image", xlabel="class", ylabel="logit", xticks=range(10))
    ax.legend()
    return fig


def _codes_picture(its: Pair, rows: bool) -> Figure:
    fig, axes = plot.figure(1, 2, width=9, height=3, sharey=True)
    for ax, name, model in zip(axes, ("first", "second"), (its.first, its.second), strict=True):
        codes, _ = in_int8(weight_of(model, 0), rows)
        ax.hist(codes.flatten().numpy(), bins=np.arange(-127.5, 128, 3).tolist(), color="black")
        ax.set(title=f"Layer 1, {name} network", xlabel="code", yscale="log")
    axes[0].set_ylabel("weights")
    return fig


def _accuracies_picture(its: Pair) -> Figure:
    fig, ax = plot.figure(width=9, height=3.4)
    series = {
        name: [100 * its.accuracy(model, way) for model in _three(its)]
        for name, way in _WAYS.items()
    }
    plot.grouped_bars(ax, ["first", "second", "equalized"], series)
    ax.set(title="Test images answered right", xlabel="%")
    return fig


# One group after the other.


@dataclass(frozen=True)
class Groups:
    """Eight weights in groups; shapes (groups, size), scales (groups, 1), bytes (n,)."""

    weights: torch.Tensor
    scales: torch.Tensor
    codes: torch.Tensor
    packed: torch.Tensor
    back: torch.Tensor


def groups(weights: Sequence[float] = WEIGHTS) -> Groups:
    cut = torch.tensor(weights).reshape(-1, SIZE)
    high = 2 ** (BITS - 1) - 1
    scales = (cut.abs().amax(1, keepdim=True) / high).clamp(min=torch.finfo(torch.float32).tiny)
    codes = (cut / scales).round().clamp(-high, high).int()
    halves = codes.remainder(16).flatten()
    packed = (halves[::2] + 16 * halves[1::2]).to(torch.uint8)
    read = torch.stack([packed % 16, packed // 16], 1).reshape(-1, SIZE).to(torch.int8)
    signed = torch.where(read > 7, read - 16, read)
    return Groups(cut, scales, codes, packed, signed * scales)


def one_group() -> Trace:
    """Groups, scales, codes, bytes, and back."""
    its = groups()
    flat, codes = its.weights.flatten().tolist(), its.codes.flatten().tolist()
    shape, count = shape_of(its.weights), len(its.scales)
    errors = (its.back - its.weights).abs()
    within = bool((errors <= its.scales * 0.5001).all())
    names = [number(value, 2) for value in flat]
    steps = [number(value, 4) for value in its.scales.flatten().tolist()]
    zeros = [int((row == 0).sum()) for row in its.codes]
    return Trace(
        "Eight weights in four bytes",
        (
            Stage(
                "Groups",
                f"{len(flat)} neighbours of one row are cut into {count} groups of {SIZE}. One "
                f"weight is much larger than the others: {number(max(flat, key=abs), 2)}.",
                "the row",
                None,
                shape,
                partial(_row_picture, its, False),
                "Eight weights as bars, in two groups of four.",
                _table(("weight", names), ("group", [str(n // SIZE) for n in range(len(flat))])),
            ),
            Stage(
                "Scales",
                f"Each group gets its own scale: its largest magnitude over "
                f"{2 ** (BITS - 1) - 1}. They are {' and '.join(steps)}.",
                "the scales",
                None,
                shape_of(its.scales),
                partial(_row_picture, its, True),
                "The same bars, with the levels of each group as lines.",
                _table(("group", [str(n) for n in range(count)]), ("scale", steps)),
            ),
            Stage(
                "Codes",
                f"Each weight is divided by the scale of its group and rounded. Of the {SIZE} "
                f"codes of each group are 0: {zeros[0]} in group 0, {zeros[1]} in group 1.",
                "the row",
                shape,
                shape,
                partial(_codes_of_groups, its),
                "Eight codes in a grid of two groups.",
                _table(("weight", names), ("code", [number(code) for code in codes])),
            ),
            Stage(
                "Bytes",
                "A negative code is stored as 16 more, in two's complement. The first code of a "
                "pair takes the low half of a byte, the second the high half. "
                f" {len(its.packed)} bytes hold them all.",
                "the bytes",
                None,
                shape_of(its.packed),
                partial(_bytes_picture, its),
                "Four bytes, each with its two halves.",
                _table(
                    ("low half", [number(code) for code in codes[::2]]),
                    ("high half", [number(code) for code in codes[1::2]]),
                    ("byte", [number(int(byte)) for byte in its.packed]),
                    ("in hexadecimal", [f"{int(byte):02x}" for byte in its.packed]),
                ),
            ),
            Stage(
                "Back",
                "The halves are taken apart, from 8 on 16 is subtracted, and each code is "
                "multiplied by the scale of its group. "
                + (
                    "No weight is off by more than half a step of its group."
                    if within
                    else "Some weight is off by more than half a step."
                ),
                "the row",
                shape,
                shape,
                partial(_back_picture, its),
                "For each weight a bar for the error, and lines half a step to either side of 0.",
                _table(
                    ("weight", names),
                    ("back", [number(v, 3) for v in its.back.flatten().tolist()]),
                    ("error", [number(v, 3) for v in (its.back - its.weights).flatten().tolist()]),
                ),
            ),
        ),
    )


def _row_picture(its: Groups, levels: bool) -> Figure:
    fig, ax = plot.figure(width=9, height=3)
    ax.bar(range(its.weights.numel()), its.weights.flatten().numpy(), color="black")
    high = 2 ** (BITS - 1) - 1
    for group, scale in enumerate(its.scales.flatten().tolist()):
        ends = (group * SIZE - 0.5, (group + 1) * SIZE - 0.5)
        if levels:
            ax.hlines([scale * n for n in range(-high, high + 1)], *ends, color=plot.COLOURS[2])
        ax.axvline(ends[1], color="grey", linewidth=1, marker="", linestyle=":")
    title = "Each group has its own levels" if levels else "Two groups of one row"
    ax.set(title=title, xlabel="place in the row", ylabel="weight")
    return fig


def _codes_of_groups(its: Groups) -> Figure:
    fig, ax = plot.figure(width=9, height=2)
    plot.matrix(ax, its.codes.numpy(), decimals=0)
    ax.set(title="Codes", xlabel="place in the group", ylabel="group")
    return fig


def _bytes_picture(its: Groups) -> Figure:
    fig, ax = plot.figure(width=9, height=2)
    halves = torch.stack([its.packed % 16, its.packed // 16]).numpy()
    plot.matrix(ax, halves, decimals=0)
    ax.set(title="Four bytes", xlabel="byte")
    ax.set_yticks([0, 1], ["low half", "high half"])
    return fig


def _back_picture(its: Groups) -> Figure:
    fig, ax = plot.figure(width=9, height=3)
    ax.bar(range(its.weights.numel()), (its.back - its.weights).flatten().numpy(), color="black")
    for group, scale in enumerate(its.scales.flatten().tolist()):
        ends = (group * SIZE - 0.5, (group + 1) * SIZE - 0.5)
        ax.hlines([-scale / 2, scale / 2], *ends, color=plot.COLOURS[1], linestyle="--")
    ax.set(title="Errors, and half a step (dashed)", xlabel="place in the row", ylabel="error")
    return fig


# Four ends of a range.


@dataclass(frozen=True)
class End:
    """A rule, where it ends the range, and what that does in 8 bits."""

    rule: str
    end: float
    others: float  # the mean share of the other units' values that are above 0 and become 0
    sqnr: float
    accuracy: float


@dataclass(frozen=True)
class Ends:
    """The values of a layer with one large unit (n, units), which unit it is, and the rules."""

    values: torch.Tensor
    unit: int
    float_accuracy: float
    ends: tuple[End, ...]


def to_levels(values: torch.Tensor, end: float) -> torch.Tensor:
    return torch.fake_quantize_per_tensor_affine(values, end / 255, 0, 0, 255)


def _least_squares(values: torch.Tensor) -> float:
    ends = (values.max() * torch.linspace(0.01, 1, 100)).tolist()
    return min(ends, key=lambda e: float((to_levels(values, e) - values).double().square().sum()))


def _divergence(counts: np.ndarray, n: int, levels: int) -> float:
    """Kullback-Leibler: n bins, what lies beyond in the last one, against levels without that."""
    kept = counts[:n].astype(float)
    p, r = kept.copy(), np.zeros(n)
    p[-1] += counts[n:].sum()
    for part in np.array_split(np.arange(n), levels):
        used = part[kept[part] > 0]  # An empty bin stays empty.
        r[used] = kept[used].sum() / max(len(used), 1)
    p, r = p / p.sum(), r / r.sum()
    some = p > 0
    return np.inf if (r[some] == 0).any() else float((p[some] * np.log(p[some] / r[some])).sum())


def entropy(values: torch.Tensor, bins: int = 2048) -> float:
    """The end at which a histogram of what is above 0 loses least information to 256 levels.

    Clipped values count in the last bin of what is compared, and not in what the levels are made
    of: with as many bins as levels nothing would be lost otherwise, whatever is clipped.
    """
    seen = values[values > 0].numpy()
    counts, edges = np.histogram(seen, bins=bins, range=(0, float(seen.max())))
    ends = range(256, bins + 1, 8)
    return float(edges[min(ends, key=lambda n: _divergence(counts, n, 256))])


RULES: dict[str, Callable[[torch.Tensor], float]] = {
    "largest": lambda values: float(values.max()),
    "least squares": _least_squares,
    "entropy": entropy,
    "percentile 99": lambda values: float(np.quantile(values.numpy(), 0.99)),
}


def ends() -> Ends:
    """The network of lesson 00 with its most active unit made large, and four ends for it."""
    run = three_models.run()  # It may have to train first, which takes gradients.
    with torch.no_grad():
        images, labels = run.test.tensors()
        seen = run.train.tensors()[0][:CALIBRATION].flatten(1)
        unit = int(run.trained[:2](seen).mean(0).argmax())
        factors = torch.ones(weight_of(run.trained, 0).shape[0])
        factors[unit] = LARGE
        model = rescale(run.trained, factors)
        values = model[:2](seen)
        rest = torch.arange(values.shape[1]) != unit
        found = []
        for rule, choose in RULES.items():
            end = choose(values.flatten())
            back = to_levels(values, end)
            active = (values > 0) & rest
            gone = float((back == 0)[active].float().mean())
            answers = model[2](to_levels(model[:2](images.flatten(1)), end)).argmax(1)
            right = float((answers == labels).float().mean())
            found.append(End(rule, end, gone, sqnr(values, back), right))
        return Ends(values, unit, accuracy(model, images.flatten(1), labels), tuple(found))


def four_ends() -> Trace:
    """The values, and then rule by rule."""
    its = ends()
    shape = shape_of(its.values)
    large = its.values[:, its.unit]
    rest = its.values[:, torch.arange(shape[1]) != its.unit]
    share = float(large.square().sum() / its.values.square().sum())
    stages = [
        Stage(
            "The values",
            f"{shape[0]} images run through layer 1 of lesson 00's network. Its most active unit "
            f"was made {LARGE} times as large, and divided again in layer 2. The unit reaches "
            f"{number(float(large.max()), 0)}, all others {number(float(rest.max()), 1)}. It makes "
            f"{percent(share, 2)} of the sum of squares. In float32 "
            f"{percent(its.float_accuracy, 1)} of the test images are answered right.",
            "the values",
            None,
            shape,
            partial(_values_picture, its, 0),
            "A histogram of the values on log axes, the large unit apart.",
        )
    ]
    for place, one in enumerate(its.ends, 1):
        stages.append(
            Stage(
                f"The rule “{one.rule}”",
                _of_end(its, one),
                "the values",
                shape,
                shape,
                partial(_values_picture, its, place),
                "The same histogram, with a line where the range ends by each rule so far.",
                _table(
                    ("rule", [e.rule for e in its.ends[:place]]),
                    ("end", [number(e.end, 1) for e in its.ends[:place]]),
                    ("SQNR, dB", [number(e.sqnr, 1) for e in its.ends[:place]]),
                    ("others that became 0", [percent(e.others) for e in its.ends[:place]]),
                    ("accuracy", [percent(e.accuracy, 1) for e in its.ends[:place]]),
                ),
            )
        )
    return Trace("Four ends of one range", tuple(stages))


def _of_end(its: Ends, one: End) -> str:
    clipped = float((its.values > one.end).float().mean())
    best = max(its.ends, key=lambda end: end.sqnr)
    praise = " No rule has a higher SQNR." if one.sqnr == best.sqnr else ""
    return (
        f"The range ends at {number(one.end, 1)}, with 255 steps of {number(one.end / 255, 3)}. "
        f"{percent(clipped, 2)} of the values are clipped. Of the other units' values above 0, "
        f"{percent(one.others)} become 0. The SQNR is {number(one.sqnr, 1)} dB, the accuracy "
        f"{percent(one.accuracy, 1)}.{praise}"
    )


def _values_picture(its: Ends, upto: int) -> Figure:
    fig, ax = plot.figure(width=9, height=3.2)
    large = its.values[:, its.unit]
    rest = its.values[:, torch.arange(its.values.shape[1]) != its.unit]
    edges = np.geomspace(0.05, float(its.values.max()) * 1.1, 60).tolist()
    ax.hist(rest[rest > 0].numpy(), bins=edges, color="#999999", label="the other units")
    ax.hist(large[large > 0].numpy(), bins=edges, color="black", label="the large unit")
    for end, colour, dash in zip(its.ends[:upto], plot.COLOURS[1:], plot.DASHES, strict=False):
        ax.axvline(end.end, color=colour, linestyle=dash, marker="", linewidth=2, label=end.rule)
    ax.set(title="What leaves layer 1", xlabel="value", ylabel="values", xscale="log", yscale="log")
    ax.legend()
    return fig


def _table(*columns: tuple[str, Sequence[str]]) -> Rows:
    return (
        tuple(name for name, _ in columns),
        *zip(*(cells for _, cells in columns), strict=True),
    )


TRACES = {
    "range-two-networks": two_networks,
    "range-one-group": one_group,
    "range-four-ends": four_ends,
}
