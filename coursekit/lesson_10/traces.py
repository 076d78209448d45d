"""Lesson 10's trace: one small network is pruned, tuned, quantized and zipped, byte by byte."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial

from matplotlib.figure import Figure

from coursekit.nets.combine import (
    Network,
    encode,
    entropy_bytes,
    hidden_units,
    prune_weights,
    quantize,
    zipped,
)
from coursekit.nets.data import load_fashion_mnist
from coursekit.nets.measure import accuracy
from coursekit.nets.train import fit, fixed
from coursekit.pictures import plot
from coursekit.pictures.trace import Rows, Stage, Trace, number, percent, shape_of

WIDTH = 0.25
SHARE = 0.9
BITS = 4
IMAGES = 3000  # To train on; fewer than the lesson takes, for a run of two seconds.
HELD = 2000
EPOCHS, TUNING = 4, 2


@dataclass(frozen=True)
class Shot:
    """A network after one step, and the file that it makes."""

    name: str
    model: Network
    accuracy: float

    @cached_property
    def stored(self) -> int:
        return len(encode(self.model))

    @cached_property
    def gzip(self) -> int:
        return zipped(encode(self.model))

    @cached_property
    def bound(self) -> float:
        return entropy_bytes(self.model)

    @property
    def bits(self) -> int:
        return self.model.layers[0].bits

    @property
    def zeros(self) -> float:
        """The share of the weights in use that are zero."""
        layers = self.model.layers
        zeros = sum(int((layer.used() == 0).sum()) for layer in layers)
        return zeros / sum(layer.weight.numel() for layer in layers)


@dataclass(frozen=True)
class Steps:
    """The network after each step; and the control: dense, with the same epochs."""

    shots: tuple[Shot, ...]
    control: float


def steps() -> Steps:
    """Train, prune, tune, quantize: seed 0, as the lesson does it, on fewer images."""
    train_split, held_split = load_fashion_mnist().train.hold_out(HELD)
    images, labels = train_split.tensors()
    train, held = (images[:IMAGES], labels[:IMAGES]), held_split.tensors()
    shots = []
    with fixed():

        def keep(name: str) -> None:
            shots.append(Shot(name, copy.deepcopy(model), accuracy(model, *held)))

        model = Network(hidden_units(WIDTH))
        fit(model, train, epochs=EPOCHS, seed=0, quiet=True)
        keep("trained")
        control = copy.deepcopy(model)
        prune_weights(model, SHARE)
        keep("pruned")
        fit(model, train, epochs=TUNING, seed=100, quiet=True)
        keep("tuned")
        quantize(model, BITS)
        keep("quantized")
        fit(control, train, epochs=TUNING, seed=100, quiet=True)
        reached = accuracy(control, *held)
    return Steps(tuple(shots), reached)


def file_after_each_step() -> Trace:
    """Bytes as stored, after gzip and by the entropy bound, and accuracy, after each step."""
    its = steps()
    trained, pruned, tuned, quantized = its.shots
    texts = {
        "Trained": _of_trained(trained),
        f"{percent(SHARE)} of the weights pruned": _of_pruned(trained, pruned),
        "Tuned": _of_tuned(pruned, tuned, its.control),
        f"{BITS} bits": _of_quantized(tuned, quantized),
        "gzip": _of_gzip(trained, quantized),
    }
    stages = []
    before: tuple[int, ...] | None = None
    for place, (title, text) in enumerate(texts.items()):
        shots = its.shots[: place + 1]
        after = shape_of(shots[-1].model.layers[0].weight)
        last = place == len(its.shots)
        picture = (
            partial(_times_picture, trained, quantized)
            if last
            else partial(_bytes_picture, its.shots, len(shots))
        )
        alt = (
            "Bars: how many times smaller the file is, as stored, after gzip and by the bound, "
            "and what the two gains multiplied would be."
            if last
            else "Left: bars for the bytes after each step so far, as stored, after gzip and by "
            "the bound. Right: the accuracies."
        )
        stages.append(
            Stage(
                title, text, "the first layer's weight", before, after, picture, alt, _rows(shots)
            )
        )
        before = after
    return Trace("What each step leaves of a file", tuple(stages))


def _noise(share: float) -> float:
    """The standard error of an accuracy on the held-out images."""
    return math.sqrt(share * (1 - share) / HELD)


def _kept(before: int, after: int) -> str:
    """How a number of bytes moved."""
    if after == before:
        return f"stay {number(after)}"
    return f"go {'down' if after < before else 'up'} from {number(before)} to {number(after)}"


def _moved(before: float, after: float) -> str:
    points = round(100 * (after - before), 1)
    if not points:
        return f"stays {percent(after, 1)}"
    moved = "rises" if points > 0 else "falls"
    noise = ", less than its standard error" if abs(after - before) < _noise(after) else ""
    return f"{moved} from {percent(before, 1)} to {percent(after, 1)}{noise}"


def _of_trained(shot: Shot) -> str:
    hidden = " and ".join(map(str, shot.model.hidden))
    ratio = shot.gzip / shot.stored
    gains = (
        f"gzip leaves {percent(ratio)} of it: trained float32 numbers hardly repeat."
        if ratio > 0.8
        else f"gzip leaves {percent(ratio)} of it."
    )
    return (
        f"A network with {hidden} hidden units, trained on {number(IMAGES)} images of clothes for "
        f"{EPOCHS} epochs. Its accuracy on {number(HELD)} validation images is "
        f"{percent(shot.accuracy, 1)}, give or take {percent(_noise(shot.accuracy), 1)}. As a file "
        f"of float32 numbers it takes {number(shot.stored)} bytes. {gains}"
    )


def _of_pruned(before: Shot, after: Shot) -> str:
    return (
        "The smallest magnitudes become zero. The stored bytes "
        f"{_kept(before.stored, after.stored)}: a zero takes 4 bytes like any float32. "
        f"After gzip the bytes {_kept(before.gzip, after.gzip)}, since zeros repeat. The accuracy "
        f"{_moved(before.accuracy, after.accuracy)}."
    )


def _of_tuned(before: Shot, after: Shot, control: float) -> str:
    behind = round(100 * control, 1) - round(100 * after.accuracy, 1)
    against = (
        f"{number(behind, 1)} points above"
        if behind > 0.05
        else f"{number(-behind, 1)} points below"
        if behind < -0.05
        else "level with"
    )
    zeros = "are still" if after.zeros == before.zeros else "are now"
    return (
        f"{TUNING} more epochs, with the mask attached: {percent(after.zeros)} of the weights "
        f"{zeros} zero. The accuracy {_moved(before.accuracy, after.accuracy)}. The dense control, "
        f"with just as many epochs, reaches {percent(control, 1)}, {against} that. The stored "
        f"bytes {_kept(before.stored, after.stored)}."
    )


def _of_quantized(before: Shot, after: Shot) -> str:
    bits = 32 // BITS
    ratio = before.stored / after.stored
    short = (
        f"not quite {bits}, since scales and biases stay float32"
        if ratio < bits
        else f"{bits} or more"
    )
    return (
        f"Each weight becomes a code of {BITS} bits, packed {8 // BITS} to a byte, with a scale "
        f"for each row. The stored bytes {_kept(before.stored, after.stored)}: "
        f"{number(ratio, 2)} times fewer, {short}. {percent(after.zeros)} of the codes are zero. "
        f"The accuracy {_moved(before.accuracy, after.accuracy)}."
    )


def _of_gzip(dense: Shot, shot: Shot) -> str:
    naive = 1 / (1 - SHARE) * 32 / BITS
    real = dense.stored / shot.gzip
    over = shot.gzip / shot.bound - 1
    place = (
        f"{percent(over)} above the bound"
        if over > 0.005
        else f"{percent(-over)} below the bound, which holds only for codes taken one by one"
        if over < -0.005
        else "just at the bound"
    )
    product = (
        "The gains don't multiply: the file must also say where the zeros are, and scales and "
        "biases stay."
        if real < naive
        else "Here the gains multiply."
    )
    return (
        "In the stored file each zero takes as many bits as any code. gzip makes "
        f"{number(shot.gzip)} bytes of {number(shot.stored)}. The entropy of the codes, with "
        f"scales and biases, is {number(round(shot.bound))} bytes; gzip is {place}. All in all "
        f"the file is {number(real, 1)} times smaller than the dense one. "
        f"{number(1 / (1 - SHARE), 0)} times from pruning and {32 // BITS} from bits would be "
        f"{number(naive, 0)}. {product}"
    )


def _rows(shots: Sequence[Shot]) -> Rows:
    rows = (
        (
            shot.name,
            percent(shot.zeros),
            number(shot.bits),
            number(shot.stored),
            number(shot.gzip),
            number(round(shot.bound)),
            percent(shot.accuracy, 1),
        )
        for shot in shots
    )
    headings = ("after", "zeros", "bits", "stored bytes", "gzip", "entropy bound", "accuracy")
    return (headings, *rows)


def _bytes_picture(shots: Sequence[Shot], count: int) -> Figure:
    fig, (left, right) = plot.figure(1, 2, width=9, height=3.6, width_ratios=[2.2, 1])
    seen = shots[:count]
    series = {
        "as stored": [shot.stored / 1000 for shot in seen],
        "gzip": [shot.gzip / 1000 for shot in seen],
        "entropy bound": [shot.bound / 1000 for shot in seen],
    }
    plot.grouped_bars(left, [shot.name for shot in seen], series, label="{:.0f}")
    left.set(
        title="Size of the file",
        xlabel="thousands of bytes",
        xlim=(0, 1.5 * max(shot.stored for shot in shots) / 1000),
        ylim=(len(shots) - 0.5, -0.5),
    )
    left.legend(loc="lower right")
    right.plot([shot.accuracy for shot in seen], linestyle="-")
    for place, shot in enumerate(seen):
        right.annotate(
            percent(shot.accuracy, 1),
            (place, shot.accuracy),
            (0, -16 if place and shot.accuracy < seen[place - 1].accuracy else 8),
            textcoords="offset points",
            ha="center",
        )
    right.set_xticks(range(len(shots)), [shot.name for shot in shots], rotation=30)
    right.set(
        title="Validation accuracy",
        xlim=(-0.6, len(shots) - 0.4),
        ylim=(0, 1),
        ylabel="share right",
    )
    return fig


def _times_picture(dense: Shot, shot: Shot) -> Figure:
    fig, ax = plot.figure(width=9, height=2.6)
    ratios = {
        "as stored": dense.stored / shot.stored,
        "after gzip": dense.stored / shot.gzip,
        "entropy bound": dense.stored / shot.bound,
        "gains multiplied": 1 / (1 - SHARE) * 32 / BITS,
    }
    plot.bars(ax, list(ratios), list(ratios.values()), label="{:.1f}×")
    ax.set(
        title="How many times smaller than the dense float32 file",
        xlabel="times smaller",
    )
    return fig


TRACES = {
    "tradeoffs-file-after-each-step": file_after_each_step,
}
