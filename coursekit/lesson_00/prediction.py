"""One image through the dense, the pruned and the quantized model: as a trace, and as a picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import nn

from coursekit.nets.measure import count_nonzero
from coursekit.nets.measure import sparsity as sparsity_of
from coursekit.nets.three_models import different, run, three_models, weight_of
from coursekit.nets.train import fixed
from coursekit.pictures import plot
from coursekit.pictures.trace import Rows, Stage, Trace, number, percent, shape_of

IMAGE = 0
LAYERS = ("linear 784→128", "ReLU", "linear 128→10")

Steps = Mapping[str, torch.Tensor]


@torch.no_grad()
def layers(network: nn.Sequential, image: int) -> dict[str, torch.Tensor]:
    """What a test image, flattened, becomes after each layer, and its softmax, each shape (n,)."""
    values = torch.from_numpy(run().test.images[image]).flatten().float() / 255
    steps = {"input": values}
    with fixed():
        for name, layer in zip(LAYERS, network, strict=True):
            steps[name] = values = layer(values)
    return steps | {"softmax": values.softmax(0)}


def layer_by_layer() -> Trace:
    """Lesson 00's first test image, layer by layer to softmax, in the three models side by side."""
    models = three_models()
    label = int(run().test.labels[IMAGE])
    steps = {name: layers(model, IMAGE) for name, model in models.items()}
    off = {
        layer: max(float((values[layer] - dense).abs().max()) for values in steps.values())
        for layer, dense in steps["dense"].items()
    }
    first, relu, last = LAYERS
    dense = steps["dense"]
    silent = [int((values[relu] == 0).sum()) for values in steps.values()]
    lead, second = dense[last].topk(2).values.tolist()
    answers = [int(values["softmax"].argmax()) for values in steps.values()]
    agree = (
        f"All three answer {answers[0]}"
        if len(set(answers)) == 1
        else "They do not all answer alike"
    )
    safe = (
        "more than twice the largest difference, so no answer can flip"
        if lead - second > 2 * off[last]
        else "less than twice the largest difference, so an answer could flip"
    )
    texts = {
        "input": (
            f"Test image {IMAGE}, a {label}, as a list of {len(dense['input'])} numbers from 0 to "
            "1. The three models have the same layers and the same shapes. What differs are the "
            "values of their weights."
        ),
        first: f"$W_1 x + b_1$: {len(dense[first])} sums. The weights differ, so the sums do. "
        f"Largest difference to dense: {number(off[first])}.",
        relu: "Every negative sum becomes zero, whatever it was. Zero are now "
        f"{silent[0]}, {silent[1]} and {silent[2]} of the {len(dense[relu])} (dense, pruned, "
        f"quantized). Largest difference to dense: {number(off[relu])}.",
        last: f"$W_2 h + b_2$: the ten logits. In the dense model the largest leads by "
        f"{number(lead - second, 2)}, and no logit differs by more than {number(off[last], 2)}: "
        f"that lead is {safe}.",
        "softmax": f"The logits become probabilities that sum to 1. {agree}; right is {label}. "
        f"Largest difference of a probability: {number(off['softmax'])}.",
    }
    pictures: dict[str, tuple[Callable[[], Figure], str]] = {
        "input": (partial(_input_picture, models), _INPUT_ALT),
        first: (partial(_hidden_picture, steps, first), _HIDDEN_ALT),
        relu: (partial(_hidden_picture, steps, relu), _HIDDEN_ALT),
        last: (partial(_digits_picture, steps, last, label), _DIGITS_ALT),
        "softmax": (partial(_digits_picture, steps, "softmax", label), _DIGITS_ALT),
    }
    stages = []
    before: tuple[int, ...] | None = None
    for layer, text in texts.items():
        after = shape_of(dense[layer])
        picture, alt = pictures[layer]
        table = _weights(models) if layer == "input" else _followed(steps, layer)
        stages.append(Stage(layer, text, "the numbers", before, after, picture, alt, table))
        before = after
    return Trace("One image through three models", tuple(stages))


_INPUT_ALT = (
    "The image, and for each model the magnitudes of one hidden unit's weights as a picture: after "
    "pruning pale places are white, after quantization nothing seems to have changed."
)
_HIDDEN_ALT = (
    "Above, the 128 numbers of each model as a grid of greys, nearly alike. Below, how far those "
    "of the pruned and the quantized model are from those of the dense one."
)
_DIGITS_ALT = (
    "For each of the ten digits three bars, one for each model; the right digit is marked."
)


def _followed(steps: Mapping[str, Steps], layer: str) -> Rows:
    """For each model the number that is largest in the dense one, and what is off anywhere."""
    dense = steps["dense"][layer]
    place = int(dense.argmax())
    rows = (
        (
            name,
            number(float(values[layer][place])),
            number(float((values[layer] - dense).abs().max())),
        )
        for name, values in steps.items()
    )
    return (("model", f"number at position {place}", "largest difference to dense"), *rows)


def _weights(models: Mapping[str, nn.Sequential]) -> Rows:
    rows = (
        (name, number(count_nonzero(weight_of(model))), number(different(weight_of(model))))
        for name, model in models.items()
    )
    return (("model", "first layer: weights not zero", "different values"), *rows)


def _unit(model: nn.Sequential) -> np.ndarray:
    """Magnitudes of one unit's weights, 28×28: of that with the largest in the dense model."""
    unit = int(weight_of(run().trained).norm(dim=1).argmax())
    return weight_of(model)[unit].abs().reshape(28, 28).numpy()


def _input_picture(models: Mapping[str, nn.Sequential]) -> Figure:
    fig, axes = plot.figure(1, 4, width=9, height=2.8)
    axes[0].imshow(run().test.images[IMAGE], cmap="gray_r")
    axes[0].set_title("the image")
    for ax, (name, model) in zip(axes[1:], models.items(), strict=True):
        drawn = ax.imshow(_unit(model), cmap="gray_r", vmin=0, vmax=0.06)
        ax.set_title(f"{name}: a unit", fontsize=11)
    for ax in axes:
        ax.set(xticks=[], yticks=[])
    fig.colorbar(drawn, ax=axes[1:], label="magnitude", shrink=0.8, extend="max")
    return fig


def _hidden_picture(steps: Mapping[str, Steps], layer: str) -> Figure:
    dense = steps["dense"][layer]
    top = float(dense.abs().max())
    low = -top if bool((dense < 0).any()) else 0.0
    differences = {name: (values[layer] - dense).abs() for name, values in steps.items()}
    most = max(float(values.max()) for values in differences.values())
    fig, axes = plot.figure(2, 3, width=9, height=3.8)
    for (above, below), (name, values) in zip(axes.T, steps.items(), strict=True):
        drawn = above.imshow(
            values[layer].reshape(8, 16).numpy(), cmap="gray_r", vmin=low, vmax=top
        )
        above.set(title=name, xticks=[], yticks=[])
        if name == "dense":
            below.text(1, 0.5, "differences to dense:", ha="right", transform=below.transAxes)
            below.set_axis_off()
            continue
        off = below.imshow(
            differences[name].reshape(8, 16).numpy(), cmap="gray_r", vmin=0, vmax=most
        )
        below.set(xticks=[], yticks=[])
        below.set_title(f"|{name} − dense|", fontsize=10, fontweight="normal")
    fig.colorbar(drawn, ax=axes[0], label="value")
    fig.colorbar(off, ax=axes[1], label="difference")
    return fig


def _digits_picture(steps: Mapping[str, Steps], layer: str, label: int) -> Figure:
    fig, ax = plot.figure(width=9, height=3.4)
    for place, (name, values) in enumerate(steps.items()):
        ax.bar(
            np.arange(10) + 0.27 * (place - 1),
            values[layer].numpy(),
            0.27,
            color=plot.COLOURS[(0, 1, 4)[place]],
            hatch=plot.HATCHES[place],
            edgecolor="white",
            label=name,
        )
    ax.axvspan(label - 0.5, label + 0.5, color=SHADE, zorder=0)
    ax.set_xticks(range(10))
    kind = "probability" if layer == "softmax" else "logit"
    ax.set(title=f"{layer}: the right digit, {label}, is shaded", xlabel="digit", ylabel=kind)
    ax.grid(visible=False, axis="x")
    ax.legend()
    return fig


# The interactive picture. Each row is one axes, in which every model has a block of ten places, one
# for each digit: with axes for every model, drawing would take three times as long.

BLOCK, GAP = 10, 2.5
SHADE = "#DDDDDD"


def draw_prediction(image: int, sparsity: float, bits: int) -> Figure:
    """One test image through the three models, at a sparsity and a number of bits to choose.

    The first layer is pruned; then the weights of both layers are quantized. The first call trains
    the network, which takes about a second.

    Args:
        image: Which of the 400 test images.
        sparsity: The share of the first layer's weights that becomes zero, from 0 to 1.
        bits: In how many bits each weight is stored, from 2 to 8.

    Raises:
        ValueError: if one of them is out of its range.
    """
    test = run().test
    if not 0 <= image < len(test):
        raise ValueError(f"there is no test image {image}: choose 0 to {len(test) - 1}")
    if not 0 <= sparsity <= 1:
        raise ValueError(f"a sparsity of {sparsity} is no share: choose 0 to 1")
    if not 2 <= bits <= 8:
        raise ValueError(f"{bits} bits: choose 2 to 8")
    models = three_models(sparsity, bits)
    steps = {name: layers(model, image) for name, model in models.items()}
    label = int(test.labels[image])

    fig, picture = plot.figure(width=9, height=7)
    fig.set_layout_engine("none")
    picture.set_position((0.015, 0.725, 0.16, 0.205))
    picture.imshow(test.images[image])
    picture.grid(visible=False)
    picture.set(xticks=[], yticks=[])
    picture.set_title(f"test image {image}: a {label}", fontsize=10)
    _units(_row(fig, 0.725, 0.205, ""), models)
    _weight_counts(
        _row(fig, 0.555, 0.125, "the first layer's\nweights (zeros pass\nthe upper edge)"), models
    )
    _hidden(_row(fig, 0.375, 0.125, "128 hidden units\nafter ReLU\n(dark: large)"), steps)
    _bars(_row(fig, 0.215, 0.115, "logits\n(shaded: the\nright digit)"), steps, LAYERS[2], label)
    softmax = _row(fig, 0.05, 0.115, "softmax")
    _bars(softmax, steps, "softmax", label)
    softmax.set_ylim(0, 1)
    return fig


def _row(fig: Figure, bottom: float, height: float, name: str) -> Axes:
    """Axes with a block of places for each model; the name stands to the left."""
    ax = fig.add_axes((0.225, bottom, 0.765, height))
    ax.set(xlim=(-0.5, 3 * BLOCK + 2 * GAP - 0.5), xticks=[])
    ax.spines[:].set_visible(False)
    ax.grid(visible=False, axis="x")
    ax.tick_params(labelsize=8, length=0)
    fig.text(0.175, bottom + height / 2, name, ha="right", va="center")
    return ax


def _start(place: int) -> float:
    """Where the block of a model begins: the place of its digit 0."""
    return place * (BLOCK + GAP)


def _head(ax: Axes, place: int, text: str, weight: str = "normal") -> None:
    ax.annotate(
        text,
        (_start(place) + (BLOCK - 1) / 2, 1),
        (0, 3),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        ha="center",
        fontweight=weight,
    )


def _grey(ax: Axes, place: int, values: np.ndarray, width: float, most: float) -> None:
    """A grey picture in the middle of a block, in a frame; black from `most` on."""
    middle = _start(place) + (BLOCK - 1) / 2
    left, right = middle - width / 2, middle + width / 2
    ax.imshow(values, vmin=0, vmax=most, extent=(left, right, 0, 1), aspect="auto")
    ax.plot([left, right, right, left, left], [0, 0, 1, 1, 0], "-", color="black", linewidth=1)
    ax.set(xlim=(-0.5, 3 * BLOCK + 2 * GAP - 0.5), ylim=(-0.01, 1.01), yticks=[])
    ax.grid(visible=False)


def _units(ax: Axes, models: Mapping[str, nn.Sequential]) -> None:
    values = different(weight_of(models["quantized"]))
    heads = {
        "dense": "dense: a unit's weights",
        "pruned": f"pruned: {percent(sparsity_of(weight_of(models['pruned'])))} zeros",
        "quantized": f"quantized: {f'{values} values' if values > 1 else 'only zeros'}",
    }
    for place, (name, model) in enumerate(models.items()):
        _grey(ax, place, _unit(model), 7.3, 0.06)
        _head(ax, place, heads[name], "bold")


def _weight_counts(ax: Axes, models: Mapping[str, nn.Sequential]) -> None:
    """Histograms of ±0.125, so that a block is 0.25 wide; zeros go beyond the frame."""
    marks = np.array([-0.1, 0, 0.1])
    ticks = []
    for place, model in enumerate(models.values()):
        counts, edges = np.histogram(weight_of(model).numpy(), bins=125, range=(-0.125, 0.125))
        middle = _start(place) + (BLOCK - 1) / 2
        ax.stairs(counts, middle + edges * BLOCK / 0.25, fill=True, color=plot.COLOURS[1])
        ticks += list(middle + marks * BLOCK / 0.25)
    ax.set(ylim=(0, 3000), yticks=[])
    ax.set_xticks(ticks, [f"{mark:g}".replace("-", "−") for mark in marks] * len(models))


def _hidden(ax: Axes, steps: Mapping[str, Steps]) -> None:
    dense = steps["dense"]["ReLU"]
    for place, (name, values) in enumerate(steps.items()):
        _grey(ax, place, values["ReLU"].reshape(8, 16).numpy(), BLOCK, float(dense.max()))
        _differs(ax, place, name, values["ReLU"] - dense)


def _bars(ax: Axes, steps: Mapping[str, Steps], layer: str, label: int) -> None:
    for place, (name, values) in enumerate(steps.items()):
        right = _start(place) + label
        ax.axvspan(right - 0.5, right + 0.5, color=SHADE, zorder=0)
        digits = _start(place) + np.arange(10)
        ax.vlines(digits, 0, values[layer].numpy(), color=plot.COLOURS[1], linewidth=12)
        ax.plot(digits[[0, -1]] + [-0.5, 0.5], [0, 0], "-", color="black", linewidth=1)
        if layer == "softmax":
            answer = int(values[layer].argmax())
            verdict = "right" if answer == label else "wrong"
            share = percent(float(values[layer][answer]))
            _head(ax, place, f"says {answer}, {share}: {verdict}", "bold")
        else:
            _differs(ax, place, name, values[layer] - steps["dense"][layer])
    places = [_start(place) + digit for place in range(len(steps)) for digit in range(10)]
    ax.set_xticks(places, [str(digit) for _ in steps for digit in range(10)])


def _differs(ax: Axes, place: int, name: str, off: torch.Tensor) -> None:
    if name != "dense":
        _head(ax, place, f"up to {float(off.abs().max()):.2f} off dense")


def draw_stages() -> Figure:
    """Lesson 00's six stages as boxes in a row."""
    stages = [
        ("1 · raw", "1000×28×28\n0 … 255", "#DDDDDD"),
        ("2 · scaled", "1000×28×28\n0 … 1", "#DDDDDD"),
        ("3 · flattened", "1000×784\n0 … 1", "#DDDDDD"),
        ("4 · trained", "784→128→10\nfloat32", "#FFFFFF"),
        ("5 · pruned", "784→128→10\nmany weights 0", "#F5C27A"),
        ("6 · int8", "784→128→10\n1 byte per weight", "#F5C27A"),
    ]
    fig, ax = plot.figure(width=9.5, height=1.8)
    for at, (name, text, colour) in enumerate(stages):
        box = {"boxstyle": "round,pad=0.5", "facecolor": colour}
        ax.text(at, 0, f"{name}\n{text}", ha="center", va="center", fontsize=9, bbox=box)
        if at:
            ax.annotate("", (at - 0.36, 0), (at - 0.64, 0), arrowprops={"arrowstyle": "->"})
    ax.set(xlim=(-0.5, 5.5), ylim=(-1, 1))
    ax.set_axis_off()
    ax.set_title("Stages 2 and 3 change the data, 4 makes the weights, 5 and 6 change the weights")
    return fig
