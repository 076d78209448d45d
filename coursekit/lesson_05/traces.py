"""Lesson 05's trace: one image through one layer in integers, with a range fixed beforehand.

The layer is the second one of lesson 00's trained network, 128→10, so that nothing new is trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from torch import nn

from coursekit.nets.three_models import Run, run
from coursekit.nets.train import fixed
from coursekit.pictures import plot
from coursekit.pictures.trace import Rows, Stage, Trace, number, shape_of, times

CALIBRATION = 256
IMAGE = 0  # Of validation: calibration has not seen it.


@dataclass(frozen=True)
class Static:
    """A linear layer and one input, in float32 and in integers.

    Attributes:
        x: float32, shape (inputs,): what enters the layer.
        seen: float32, shape (calibration images, inputs): the same for other images.
        t: scale of the inputs; z: their zero point.
        p: the inputs as uint8.
        q: the weights as int8, shape (outputs, inputs).
        s: the scales of its rows, shape (outputs,).
        products: int32, shape (outputs,): sums of (p − z) · q.
        bias: int32, in steps of t · s.
    """

    image: torch.Tensor
    label: int
    x: torch.Tensor
    seen: torch.Tensor
    weight: torch.Tensor
    low: float
    high: float
    t: float
    z: int
    p: torch.Tensor
    q: torch.Tensor
    s: torch.Tensor
    products: torch.Tensor
    bias: torch.Tensor
    float32: torch.Tensor

    @property
    def sums(self) -> torch.Tensor:
        return self.products + self.bias

    @property
    def outputs(self) -> torch.Tensor:
        """The sums, scaled back to float32."""
        return self.sums * (self.t * self.s)


def static_layer() -> Static:
    """The numbers of the trace."""
    its = run()
    with fixed(), torch.no_grad():
        return _static(its)


def _static(its: Run) -> Static:
    first, layer = its.trained[:2], its.trained[2]
    assert isinstance(layer, nn.Linear)
    images, labels = its.validation.tensors()
    seen = first(its.train.tensors()[0][:CALIBRATION].flatten(1))
    x = first(images[IMAGE].flatten()[None])[0]

    low, high = min(0.0, float(seen.min())), max(0.0, float(seen.max()))
    t = (high - low) / 255
    z = round(-low / t)
    p = ((x / t).round() + z).clamp(0, 255).to(torch.uint8)

    s = 2 * layer.weight.abs().amax(1) / 255
    q = (layer.weight * (1 / s[:, None])).round().clamp(-128, 127).to(torch.int8)
    products = q.int() @ (p.int() - z)
    bias = (layer.bias / (t * s)).round().int()
    return Static(
        images[IMAGE, 0],
        int(labels[IMAGE]),
        x,
        seen,
        layer.weight.detach(),
        low,
        high,
        t,
        z,
        p,
        q,
        s,
        products,
        bias,
        layer(x[None])[0],
    )


def whole_numbers() -> Trace:
    """Inputs, observed range, uint8, int8, int32, back, and the difference to float32."""
    its = static_layer()
    inputs, outputs = "one image's inputs", "the layer's outputs"
    zeros = int((its.x == 0).sum())
    restored = its.t * (its.p.float() - its.z)
    clipped = int(((its.x > its.high) | (its.x < its.low)).sum())
    most = its.q.shape[1] * 128 * 255
    return Trace(
        "One layer in integers",
        (
            Stage(
                "float32",
                f"An image of a {its.label} has passed the first layer and its ReLU. What is left "
                f"of it are {len(its.x)} numbers from {number(float(its.x.min()), 2)} to "
                f"{number(float(its.x.max()), 2)}; {zeros} of them are 0. They enter the second "
                f"layer, {its.q.shape[1]}→{its.q.shape[0]}, which is to compute in integers.",
                inputs,
                None,
                shape_of(its.x),
                partial(_inputs_picture, its),
                "Left: the image. Right: the numbers that the first layer has made of it, as bars.",
            ),
            Stage(
                "The range, observed beforehand",
                f"{len(its.seen)} training images went through the first layer, and lowest and "
                f"highest value were noted: $l = {number(its.low, 2)}$, $h = "
                f"{number(its.high, 2)}$. So $t = (h - l) / 255 = {number(its.t, 5)}$ and $z = "
                f"\\operatorname{{round}}(-l / t) = {its.z}$. Both stay fixed. "
                f"{_reach(its)}",
                "calibration inputs",
                None,
                shape_of(its.seen),
                partial(_range_picture, its),
                "A histogram of all calibration values on a logarithmic axis, with lines at the "
                "lowest, at the highest, and at the highest of our image.",
                (
                    ("", "lowest", "highest"),
                    ("calibration images", number(its.low), number(its.high)),
                    ("our image", number(float(its.x.min())), number(float(its.x.max()))),
                ),
            ),
            Stage(
                "Inputs as uint8",
                f"$p = \\operatorname{{round}}(x / t) + z$, clamped to 0…255. {_clamped(clipped)} "
                f"No input is off by more than {number(float((restored - its.x).abs().max()), 5)}; "
                f"half a step is {number(its.t / 2, 5)}.",
                inputs,
                shape_of(its.x),
                shape_of(its.p),
                partial(_codes_picture, its),
                "A staircase: the inputs of the image from small to large, float32 against uint8.",
                _few_inputs(its, restored),
            ),
            Stage(
                "Weights as int8",
                f"Each row, which is one output, gets a scale of its own: $s_i = 2 \\max|w_i| / "
                f"255$. The scales go from {number(float(its.s.min()), 5)} to "
                f"{number(float(its.s.max()), 5)}. The weights don't depend on any image.",
                "the weight",
                None,
                shape_of(its.q),
                partial(_weights_picture, its),
                "The int8 weights as a picture, ten rows, darker where the magnitude is larger.",
                _weight_rows(its),
            ),
            Stage(
                "Sums in int32",
                f"Whole numbers only: for each output, {its.q.shape[1]} products $(p - z) \\, q$ "
                "are added up, and the bias in steps of $t \\, s_i$. The largest sum here has the "
                f"magnitude {number(int(its.sums.abs().max()))}: {_bits_needed(its)}. At worst it "
                f"could be {its.q.shape[1]} · 128 · 255 = {number(most)}, without the bias.",
                outputs,
                None,
                shape_of(its.sums),
                partial(_sums_picture, its),
                "A bar for each of the ten sums, positive or negative.",
                _sum_rows(its),
            ),
            Stage(
                "Scaled back",
                "One product for each output: $y_i = t \\, s_i \\cdot \\text{sum}_i$. Before, the "
                "sums of two rows could not be compared, because each counts in steps of its own. "
                f"{_order(its)}",
                outputs,
                shape_of(its.sums),
                shape_of(its.outputs),
                partial(_outputs_picture, its),
                "Left: the ten sums. Right: the ten outputs, after each sum was scaled.",
                _back_rows(its),
            ),
            Stage(
                "Against float32",
                _verdict(its),
                outputs,
                shape_of(its.outputs),
                shape_of(its.float32),
                partial(_difference_picture, its),
                "Left: both outputs of each digit side by side. Right: their differences, far "
                "smaller, on an axis of their own.",
                _difference_rows(its),
            ),
        ),
    )


def _reach(its: Static) -> str:
    over = float(its.x.max())
    if over > its.high:
        return f"Our image goes beyond, to {number(over, 2)}: that will be clamped."
    return f"Our image reaches {number(over, 2)} and fits."


def _clamped(clipped: int) -> str:
    if not clipped:
        return "Nothing lies outside of the range, so nothing is clamped."
    return f"{clipped} of them {'lies' if clipped == 1 else 'lie'} outside and must be clamped."


def _bits_needed(its: Static) -> str:
    if int(its.sums.abs().max()) < 2**15:
        return "16 bits would do for this image"
    return "more than 16 bits hold"


def _order(its: Static) -> str:
    before, after = int(its.sums.argmax()), int(its.outputs.argmax())
    if before == after:
        return f"Here the largest sum and the largest output both belong to {after}."
    return f"The largest sum belongs to {before}, the largest output to {after}."


def _verdict(its: Static) -> str:
    off = (its.outputs - its.float32).abs()
    ours, theirs = int(its.outputs.argmax()), int(its.float32.argmax())
    best = its.float32.sort(descending=True).values
    lead, largest = float(best[0] - best[1]), float(off.max())
    answers = (
        f"both answer {ours}, which is {'right' if ours == its.label else 'wrong'}"
        if ours == theirs
        else f"int8 answers {ours} and float32 {theirs}; it is a {its.label}"
    )
    # Each of two outputs may move by the largest difference, towards each other.
    why = (
        "The lead is more than twice the difference, so the answer can't flip."
        if lead > 2 * largest
        else "With such a lead the answer may flip."
    )
    return (
        f"The largest difference is {number(largest)}, and {answers}. In float32 the largest "
        f"output leads by {number(lead, 2)}. {why} Rounding errors of inputs and weights have both "
        "signs, and many of them cancel in the sum."
    )


def _few_inputs(its: Static, restored: torch.Tensor) -> Rows:
    order = its.x.argsort(descending=True)
    chosen = [*order[:3].tolist(), int(order[len(order) // 4]), int(order[-1])]
    rows = (
        (
            number(place),
            number(float(its.x[place])),
            number(float(its.x[place]) / its.t, 2),
            number(int(its.p[place])),
            number(float(restored[place])),
        )
        for place in chosen
    )
    return (("input", "x", "x / t", "p", "t · (p − z)"), *rows)


def _weight_rows(its: Static) -> Rows:
    rows = (
        (
            number(digit),
            number(float(its.weight[digit].abs().max())),
            number(float(its.s[digit]), 5),
            f"{number(int(its.q[digit].min()))} to {number(int(its.q[digit].max()))}",
        )
        for digit in range(len(its.q))
    )
    return (("output", "largest magnitude", "scale s", "q"), *rows)


def _sum_rows(its: Static) -> Rows:
    rows = (
        tuple(number(int(part[digit])) for part in (its.products, its.bias, its.sums))
        for digit in range(len(its.q))
    )
    return (
        ("output", "products", "bias in steps", "sum"),
        *((number(digit), *row) for digit, row in enumerate(rows)),
    )


def _back_rows(its: Static) -> Rows:
    rows = (
        (
            number(digit),
            number(int(its.sums[digit])),
            number(its.t * float(its.s[digit]), 8),
            number(float(its.outputs[digit])),
        )
        for digit in range(len(its.q))
    )
    return (("output", "sum", "t · s", "scaled back"), *rows)


def _difference_rows(its: Static) -> Rows:
    rows = (
        (
            number(digit),
            number(float(its.float32[digit])),
            number(float(its.outputs[digit])),
            number(float(its.outputs[digit] - its.float32[digit])),
        )
        for digit in range(len(its.q))
    )
    return (("output", "float32", "integers", "difference"), *rows)


def _inputs_picture(its: Static) -> Figure:
    fig, (left, right) = plot.figure(1, 2, width=9, height=3, width_ratios=[1, 2.4])
    left.imshow(its.image.numpy(), cmap="gray_r")
    left.set_axis_off()
    left.set_title(f"A {its.label}, {times(shape_of(its.image))}")
    right.stairs(its.x.numpy(), fill=True, color=plot.COLOURS[1])
    right.set(title="What enters the second layer", xlabel="hidden unit", ylabel="value after ReLU")
    return fig


def _range_picture(its: Static) -> Figure:
    fig, ax = plot.figure(width=9, height=3)
    ax.hist(its.seen.flatten().numpy(), bins=80, color=plot.COLOURS[5])
    for value, name, dash, side in (
        (its.low, "$l$ ", "-", "right"),
        (its.high, " $h$", "-", "left"),
        (float(its.x.max()), "highest of our image ", "--", "right"),
    ):
        ax.axvline(value, color="black", linestyle=dash, marker="")
        ax.text(value, 0.9, name, transform=ax.get_xaxis_transform(), ha=side, size=11)
    ax.set_yscale("log")
    ax.margins(x=0.08)
    ax.set(
        title="What calibration saw",
        xlabel="input of the second layer",
        ylabel="how often (log)",
    )
    return fig


def _codes_picture(its: Static) -> Figure:
    fig, (left, right) = plot.figure(1, 2, width=9, height=3.2, width_ratios=[1.4, 1])
    order = its.x.argsort()
    left.plot(its.p[order].numpy(), marker="", linewidth=2)
    left.set(title="All inputs, sorted: $p$", xlabel="inputs, from small to large", ylabel="uint8")
    lowest = float(its.x[order][len(order) // 2])
    x = torch.linspace(lowest, lowest + 8 * its.t, 400)
    right.plot(x, x / its.t + its.z, color="grey", linestyle=":", marker="", label="$x/t + z$")
    right.plot(x, (x / its.t).round() + its.z, color="black", marker="", label="$p$")
    right.set(title="Eight steps, enlarged", xlabel="$x$", ylabel="uint8")
    right.legend(loc="upper left")
    return fig


def _weights_picture(its: Static) -> Figure:
    fig, ax = plot.figure(width=9, height=2.6)
    drawn = ax.imshow(its.q.float().abs().numpy(), cmap="gray_r", aspect="auto", vmin=0, vmax=128)
    ax.grid(visible=False)
    ax.set_yticks(range(len(its.q)))
    ax.set(title="Magnitudes of the int8 weights", xlabel="input", ylabel="output")
    fig.colorbar(drawn, ax=ax, label="$|q|$")
    return fig


def _digit_bars(
    ax: Axes, values: torch.Tensor, title: str, label: str, best: int | None = None
) -> None:
    """A bar for each digit, that of `best` darker."""
    colours = [plot.COLOURS[2 if digit == best else 5] for digit in range(len(values))]
    ax.barh(range(len(values)), values.numpy(), color=colours, edgecolor="black")
    ax.axvline(0, color="black", linewidth=1, linestyle="-", marker="")
    ax.set_yticks(range(len(values)))
    ax.invert_yaxis()
    ax.set(title=title, xlabel=label, ylabel="output")


def _sums_picture(its: Static) -> Figure:
    fig, ax = plot.figure(width=9, height=3.4)
    _digit_bars(ax, its.sums, "Ten sums; the largest is dark", "int32", int(its.sums.argmax()))
    ax.xaxis.set_major_formatter("{x:,.0f}")
    return fig


def _outputs_picture(its: Static) -> Figure:
    fig, (left, right) = plot.figure(1, 2, width=9, height=3.4)
    _digit_bars(left, its.sums / 1000, "Sums", "int32, in thousands", int(its.sums.argmax()))
    _digit_bars(
        right, its.outputs, "Times $t \\, s_i$: outputs", "float32", int(its.outputs.argmax())
    )
    return fig


def _difference_picture(its: Static) -> Figure:
    fig, (left, right) = plot.figure(1, 2, width=9, height=3.8)
    both: Sequence[tuple[str, torch.Tensor, float, str, str]] = (
        ("float32", its.float32, -0.2, "black", ""),
        ("integers", its.outputs, 0.2, plot.COLOURS[5], "///"),
    )
    for name, values, shift, colour, hatch in both:
        places = [digit + shift for digit in range(len(values))]
        look = {"color": colour, "hatch": hatch, "edgecolor": "black"}
        left.barh(places, values.numpy(), 0.4, label=name, **look)
    left.set_yticks(range(len(its.q)))
    left.invert_yaxis()
    left.legend(loc="best")
    left.set(title="Outputs", ylabel="output", xlabel="value")
    _digit_bars(right, its.outputs - its.float32, "Differences, enlarged", "difference")
    right.xaxis.set_major_locator(MaxNLocator(5))
    return fig


TRACES = {
    "static-one-layer": whole_numbers,
}
