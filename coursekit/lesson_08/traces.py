"""Lesson 08's trace: one channel of a small CNN is removed, and all that belongs to it goes too."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from functools import partial

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import nn

from coursekit.nets.data import load_digits
from coursekit.nets.train import fit, fixed
from coursekit.pictures import plot
from coursekit.pictures.trace import Rows, Shape, Stage, Trace, number, shape_of, times

CHANNELS = 4
GONE = 1
EPOCHS = 3
IMAGES = 400  # On which outputs are compared.
EQUAL = 1e-4  # Sums that are added up in another order differ by less.


@dataclass(frozen=True)
class Removal:
    """A trained network; with one channel silenced; and both without that channel."""

    image: torch.Tensor
    images: torch.Tensor
    trained: nn.Sequential
    quiet: nn.Sequential
    small: nn.Sequential
    alive_removed: nn.Sequential


def cnn() -> nn.Sequential:
    """The parts that a channel passes in the lesson's network, once each."""
    return nn.Sequential(
        nn.Conv2d(1, CHANNELS, 3, padding=1),
        nn.BatchNorm2d(CHANNELS),
        nn.ReLU(),
        nn.MaxPool2d(4),  # 28×28 → 7×7
        nn.Flatten(),
        nn.Linear(CHANNELS * 7 * 7, 10),
    )


def removal() -> Removal:
    """The networks of the trace."""
    digits = load_digits()
    images = digits.test.tensors()[0][:IMAGES]
    with fixed():
        trained = cnn()
        fit(trained, digits.train.tensors(), epochs=EPOCHS, lr=3e-3, quiet=True)
    trained.eval()
    quiet = copy.deepcopy(trained)
    norm = quiet[1]
    assert isinstance(norm, nn.BatchNorm2d)
    with torch.no_grad():
        norm.weight[GONE] = 0
        norm.bias[GONE] = 0
    return Removal(images[0, 0], images, trained, quiet, without(quiet), without(trained))


def without(model: nn.Sequential, gone: int = GONE) -> nn.Sequential:
    """A copy of a network like `cnn` without one channel."""
    smaller = copy.deepcopy(model)
    conv, norm, reader = smaller[0], smaller[1], smaller[5]
    assert isinstance(conv, nn.Conv2d)
    assert isinstance(norm, nn.BatchNorm2d)
    assert isinstance(reader, nn.Linear)
    assert conv.bias is not None
    assert norm.running_mean is not None
    assert norm.running_var is not None
    kept = [channel for channel in range(conv.out_channels) if channel != gone]
    each = reader.in_features // conv.out_channels
    columns = [channel * each + place for channel in kept for place in range(each)]
    conv.weight = nn.Parameter(conv.weight.detach()[kept])
    conv.bias = nn.Parameter(conv.bias.detach()[kept])
    norm.weight = nn.Parameter(norm.weight.detach()[kept])
    norm.bias = nn.Parameter(norm.bias.detach()[kept])
    norm.running_mean = norm.running_mean[kept]
    norm.running_var = norm.running_var[kept]
    reader.weight = nn.Parameter(reader.weight.detach()[:, columns])
    conv.out_channels = norm.num_features = len(kept)
    reader.in_features = len(columns)
    return smaller


@torch.no_grad()
def outputs(model: nn.Sequential, images: torch.Tensor) -> torch.Tensor:
    """Logits (images, 10), on one thread."""
    with fixed():
        result: torch.Tensor = model(images)
    return result


def one_channel() -> Trace:
    """Convolution, batch norm, ReLU and pooling, flatten, the reader, and the outputs."""
    its = removal()
    with fixed(), torch.no_grad():
        before = its.trained[:3](its.images[:1])[0]
        maps = its.quiet[:3](its.images[:1])[0]
        pooled = its.quiet[:4](its.images[:1])[0]
        pooled_small = its.small[:4](its.images[:1])[0]
    each = pooled[0].numel()
    first, last = GONE * each, (GONE + 1) * each - 1
    loud = float(before[GONE].max())
    quiet = float(maps[GONE].abs().max())
    others = pooled[[channel for channel in range(CHANNELS) if channel != GONE]]
    moved = float((others - pooled_small).abs().max())
    gone = _gone(its)
    stages = (
        Stage(
            "A channel that sends only zeros",
            f"A small network, trained on digits, with {CHANNELS} channels. To silence channel "
            f"{GONE} for sure, γ and β of its batch norm are set to 0. After the ReLU its largest "
            f"value was {number(loud, 2)} for this image, and now it is {number(quiet, 2)}. "
            "Nothing is removed yet.",
            "the maps after ReLU",
            None,
            shape_of(maps),
            partial(_maps_picture, its.image, maps),
            "A digit, and what each channel makes of it; the map of the silenced channel is white.",
            _tensors(its.quiet),
        ),
        Stage(
            "Convolution: a filter goes",
            f"The convolution makes the channel. Its filter, `weight[{GONE}]`, goes, and so does "
            f"its bias: {gone[0]} numbers.",
            "`conv.weight`",
            _shape(its.quiet, 0, "weight"),
            _shape(its.small, 0, "weight"),
            partial(_filters_picture, its.quiet),
            "Four filters of 3×3 numbers; the one that goes is framed.",
            _change(its, 0),
        ),
        Stage(
            "Batch norm: four numbers go",
            "Batch norm keeps four vectors for its channels: γ and β are learned, the running mean "
            f"μ and variance σ² are measured. One entry of each goes, {gone[1]} numbers.",
            "`norm.weight`, and three more like it",
            _shape(its.quiet, 1, "weight"),
            _shape(its.small, 1, "weight"),
            partial(_norm_picture, its.quiet),
            "The four vectors as rows of a grid; the column of the removed channel is framed.",
            _change(its, 1),
        ),
        Stage(
            "ReLU and pooling: nothing to remove",
            "They keep no numbers and never mix channels. One map fewer passes through them. "
            + (
                "The others are what they were."
                if moved < EQUAL
                else f"The others have changed, by up to {number(moved)}."
            ),
            "the maps after pooling",
            shape_of(pooled),
            shape_of(pooled_small),
            partial(_pooled_picture, pooled, pooled_small),
            "Above, the pooled maps of all channels; below, those that are left, unchanged.",
        ),
        Stage(
            "Flatten: one channel, many places",
            f"No numbers here either, but the channels are laid one after the other: a map of "
            f"{times(shape_of(pooled)[1:])} becomes {each} places in a row. Channel {GONE} had the "
            f"places {first} to {last}.",
            "the flattened maps",
            (pooled.numel(),),
            (pooled_small.numel(),),
            partial(_flat_picture, pooled, pooled_small),
            "Two long strips of values, one below the other; the places that go are framed in the "
            "upper one, the lower one is shorter.",
        ),
        Stage(
            "The reader: columns go",
            f"The linear layer has a column for each place. So its columns {first} to {last} go, "
            f"in each of its {_shape(its.quiet, 5, 'weight')[0]} rows: {number(gone[2])} numbers, "
            f"of {number(sum(gone))} in all. Its bias belongs to the outputs and stays.",
            "`linear.weight`",
            _shape(its.quiet, 5, "weight"),
            _shape(its.small, 5, "weight"),
            partial(_reader_picture, its.quiet, first, last),
            "The weights of the linear layer as a wide picture of ten rows; the columns that go "
            "are framed.",
            _change(its, 5),
        ),
        _comparison(its),
    )
    return Trace("One channel goes, and takes others along", stages)


def _comparison(its: Removal) -> Stage:
    full, small = outputs(its.quiet, its.images), outputs(its.small, its.images)
    alive, removed = outputs(its.trained, its.images), outputs(its.alive_removed, its.images)
    silent = float((full - small).abs().max())
    heard = float((alive - removed).abs().max())
    changed = int((alive.argmax(1) != removed.argmax(1)).sum())
    kept = "no more than rounding: the outputs are equal" if silent < EQUAL else "they differ"
    would = "So the test can tell" if heard > EQUAL else "So the test could not tell"
    return Stage(
        "The outputs",
        f"{len(its.images)} images through both networks. **Silenced, then removed:** the largest "
        f"difference of an output is {number(silent, 6)}, {kept}. **Removed while it was "
        f"alive:** the largest difference is {number(heard, 2)}, and {changed} answers change. "
        f"{would} a channel that mattered from one that did not.",
        "the outputs for one image",
        shape_of(full[0]),
        shape_of(small[0]),
        partial(_outputs_picture, full[0], small[0], alive[0], removed[0]),
        "Two bar charts of the ten outputs for one image, with the channel and without. Silenced, "
        "all pairs are equal; alive, they differ.",
        (
            ("channel", "images", "largest difference", "answers that change"),
            (
                "silenced",
                number(len(its.images)),
                number(silent, 6),
                number(int((full.argmax(1) != small.argmax(1)).sum())),
            ),
            ("alive", number(len(its.images)), number(heard, 6), number(changed)),
        ),
    )


NAMES = {0: "conv", 1: "norm", 5: "linear"}


def _state(model: nn.Sequential, place: int) -> dict[str, torch.Tensor]:
    """The part's tensors with at least one axis."""
    return {name: t for name, t in model[place].state_dict().items() if t.dim()}


def _shape(model: nn.Sequential, place: int, name: str) -> Shape:
    return shape_of(_state(model, place)[name])


def _gone(its: Removal) -> list[int]:
    """How many numbers go from convolution, batch norm and reader."""
    return [
        sum(t.numel() for t in _state(its.quiet, place).values())
        - sum(t.numel() for t in _state(its.small, place).values())
        for place in NAMES
    ]


def _tensors(model: nn.Sequential) -> Rows:
    rows = (
        (f"{part}.{name}", times(shape_of(values)), number(values.numel()))
        for place, part in NAMES.items()
        for name, values in _state(model, place).items()
    )
    return (("", "shape", "numbers"), *rows)


def _change(its: Removal, place: int) -> Rows:
    after = _state(its.small, place)
    rows = (
        (
            f"{NAMES[place]}.{name}",
            times(shape_of(values)),
            times(shape_of(after[name])),
            number(values.numel() - after[name].numel()),
        )
        for name, values in _state(its.quiet, place).items()
    )
    return (("", "before", "after", "numbers that go"), *rows)


def _maps_picture(image: torch.Tensor, maps: torch.Tensor) -> Figure:
    fig, axes = plot.figure(1, 1 + len(maps), width=9, height=2.3)
    top = float(maps.max())
    for ax in axes:
        ax.set(xticks=[], yticks=[])
        ax.grid(visible=False)
        ax.spines[:].set_visible(True)
    axes[0].imshow(image.numpy(), cmap="gray_r")
    axes[0].set_title("the image")
    for channel, (ax, values) in enumerate(zip(axes[1:], maps, strict=True)):
        ax.imshow(values.numpy(), cmap="gray_r", vmin=0, vmax=top)
        ax.set_title(f"channel {channel}{', silent' if channel == GONE else ''}")
    return fig


def _filters_picture(model: nn.Sequential) -> Figure:
    fig, axes = plot.figure(1, CHANNELS, width=9, height=2.6)
    for channel, (ax, block) in enumerate(zip(axes, _state(model, 0)["weight"][:, 0], strict=True)):
        plot.matrix(ax, block.numpy(), decimals=2)
        ax.set(title=f"weight[{channel}]", xticks=[], yticks=[])
        if channel == GONE:
            _frame(ax, -0.5, 2.5, -0.5, 2.5)
            ax.set_title(f"weight[{channel}]: goes")
    return fig


def _frame(ax: Axes, left: float, right: float, low: float, high: float) -> None:
    across, up = [left, right, right, left, left], [low, low, high, high, low]
    for colour, width in (("white", 7), ("black", 4)):
        ax.plot(across, up, "-", marker="", color=colour, linewidth=width, clip_on=False)


def _norm_picture(model: nn.Sequential) -> Figure:
    state = _state(model, 1)
    names = {"weight": "γ", "bias": "β", "running_mean": "μ", "running_var": "σ²"}
    values = torch.stack([state[name] for name in names])
    fig, ax = plot.figure(width=9, height=2.6)
    plot.matrix(ax, values.numpy(), decimals=2)
    ax.set_aspect("auto")
    _frame(ax, GONE - 0.5, GONE + 0.5, -0.5, len(names) - 0.5)
    ax.set_yticks(range(len(names)), [f"{sign}  {name}" for name, sign in names.items()])
    ax.set(title="What batch norm keeps; framed: what goes", xlabel="channel")
    return fig


def _pooled_picture(before: torch.Tensor, after: torch.Tensor) -> Figure:
    fig, axes = plot.figure(2, len(before), width=9, height=3.8)
    top = float(before.max())
    kept = [channel for channel in range(len(before)) if channel != GONE]
    below = dict(zip(kept, after, strict=True))
    for channel, (over, under) in enumerate(axes.T):
        for ax in (over, under):
            ax.set(xticks=[], yticks=[])
            ax.grid(visible=False)
        over.imshow(before[channel].numpy(), cmap="gray_r", vmin=0, vmax=top)
        over.set_title(f"before: {channel}")
        over.spines[:].set_visible(True)
        if channel in below:
            under.imshow(below[channel].numpy(), cmap="gray_r", vmin=0, vmax=top)
            under.set_title(f"after: {kept.index(channel)}")
            under.spines[:].set_visible(True)
        else:
            under.set_axis_off()
            under.text(0.5, 0.5, "gone", ha="center", va="center", transform=under.transAxes)
    return fig


def _flat_picture(before: torch.Tensor, after: torch.Tensor) -> Figure:
    fig, axes = plot.figure(2, 1, width=9, height=3.2, sharex=True, sharey=True)
    each = before[0].numel()
    for ax, maps, title in zip(axes, (before, after), ("before", "after"), strict=True):
        ax.stairs(maps.flatten().numpy(), fill=True, color=plot.COLOURS[1])
        for border in range(each, maps.numel(), each):
            ax.axvline(border, color="black", linestyle=":", linewidth=1, marker="")
        ax.set(title=f"{title}: {maps.numel()} places", ylabel="value")
    top = 1.05 * float(before.max())
    axes[0].set(ylim=(0, top), xlim=(0, before.numel()))
    _frame(axes[0], GONE * each, (GONE + 1) * each, 0, top)
    axes[0].text((GONE + 0.5) * each, top / 2, f"channel {GONE}", ha="center", va="center")
    axes[1].set_xlabel("place; dotted: a channel begins")
    return fig


def _reader_picture(model: nn.Sequential, first: int, last: int) -> Figure:
    weight = _state(model, 5)["weight"]
    fig, ax = plot.figure(width=9, height=2.4)
    drawn = ax.imshow(weight.abs().numpy(), cmap="gray_r", aspect="auto")
    ax.grid(visible=False)
    _frame(ax, first - 0.5, last + 0.5, -0.5, len(weight) - 0.5)
    ax.set(
        title=f"Magnitudes; framed: columns {first} to {last}",
        xlabel="column: place in the flattened maps",
        ylabel="output",
    )
    fig.colorbar(drawn, ax=ax, label="$|w|$")
    return fig


def _outputs_picture(
    full: torch.Tensor, small: torch.Tensor, alive: torch.Tensor, removed: torch.Tensor
) -> Figure:
    fig, axes = plot.figure(1, 2, width=9, height=3.8, sharey=True)
    pairs = {"Silenced, then removed": (full, small), "Removed while alive": (alive, removed)}
    for ax, (title, (before, after)) in zip(axes, pairs.items(), strict=True):
        for values, shift, colour, hatch, name in (
            (before, -0.2, "black", "", "with the channel"),
            (after, 0.2, plot.COLOURS[5], "///", "without"),
        ):
            places = [digit + shift for digit in range(len(values))]
            look = {"color": colour, "hatch": hatch, "edgecolor": "black", "label": name}
            ax.barh(places, values.numpy(), 0.4, **look)
        ax.set(title=title, xlabel="output")
        ax.set_yticks(range(len(before)))
    axes[0].set_ylabel("digit")
    axes[0].invert_yaxis()
    axes[1].legend(loc="best")
    return fig


TRACES = {
    "structured-one-channel": one_channel,
}
