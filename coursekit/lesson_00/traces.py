"""Lesson 00's pipeline as traces: the six stages, and the training epoch by epoch.

The network, its training and its pruning are those of the lesson, seed for seed, so that a trace
shows the very numbers of the lesson's cells.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure

from coursekit.lesson_00.prediction import layer_by_layer
from coursekit.nets.measure import count_nonzero
from coursekit.nets.three_models import (
    BITS,
    EPOCHS,
    RESTS,
    SPARSITY,
    different,
    quantize,
    run,
    three_models,
    weight_of,
)
from coursekit.pictures import plot
from coursekit.pictures.trace import Rows, Stage, Trace, number, percent, shape_of, times

# The six stages.


def data_flow() -> Trace:
    """The images through scaling and flattening, the weights through training, pruning, int8."""
    its = run()
    raw = torch.from_numpy(its.train.images)
    scaled = raw.float() / 255
    flat = scaled.flatten(1)
    start, dense = weight_of(its.untrained), weight_of(its.trained)
    pruned = weight_of(three_models()["pruned"])
    steps, scale = quantize(pruned, BITS)
    back = steps * scale

    grey = 150
    row, column = 2, 3
    place = row * raw.shape[2] + column
    first, last = _right(its.history, len(its.validation))[[0, EPOCHS]]
    moved = int((start != dense).sum())
    gone = int((pruned == 0).sum())
    largest_gone = float(dense[pruned == 0].abs().max())
    unit = int(dense.norm(dim=1).argmax())
    images, weights = "the images", "the first layer's weight"
    comb = partial(_weights_picture, unit=unit, threshold=largest_gone)
    return Trace(
        "The pipeline in six stages",
        (
            Stage(
                "Raw",
                f"{len(raw):,} handwritten digits to train on. Each is a table of integers, "
                f"from {raw.min()} for paper to {raw.max()} for full ink, one byte each.",
                images,
                None,
                shape_of(raw),
                partial(_images_picture, raw, "Raw: integers, 0 to 255"),
                "Left: the first training image. Right: how often each grey value occurs in all "
                "images; 0, the paper, is by far the most frequent.",
                (("", "after"), *((name, value) for name, value in _facts(raw).items())),
            ),
            Stage(
                "Scaled to 0–1",
                f"Each grey value becomes a float32 and is divided by 255: {grey} becomes "
                f"${grey} / 255 = {number(grey / 255, 2)}$. The shape stays, and the picture looks "
                f"the same. It takes {scaled.nbytes // raw.nbytes} times the memory, though no "
                "detail was won.",
                images,
                shape_of(raw),
                shape_of(scaled),
                partial(_images_picture, scaled, "Scaled: the same picture, 0 to 1"),
                "The same image and the same histogram as before; only the numbers on the axis are "
                "others, from 0 to 1.",
                _change(raw, scaled),
            ),
            Stage(
                "Flattened",
                f"Row by row, each table of {times(shape_of(scaled)[1:])} becomes a list of "
                f"{flat.shape[1]} numbers. Row {row}, column {column} goes to place "
                f"${row} \\cdot {raw.shape[2]} + {column} = {place}$. This is the one stage that "
                "changes a shape; no value changes.",
                images,
                shape_of(scaled),
                shape_of(flat),
                partial(_flat_picture, scaled[0], row),
                "Above: an image with one row framed. Below: its values as one long list, with the "
                "same row framed, one stretch of it.",
                _change(scaled, flat),
            ),
            Stage(
                "Trained",
                f"The images stay as they are now: from here on weights change. {EPOCHS} epochs "
                f"moved {moved:,} of the first layer's {dense.numel():,} weights. Of "
                f"{len(its.validation)} validation images, {first} were right before and {last} "
                "are right now.",
                weights,
                shape_of(start),
                shape_of(dense),
                partial(comb, start, dense, ("untrained", "trained")),
                "For one hidden unit, the magnitudes of its weights as a picture: noise before, "
                "structure after. Below, histograms of the layer's weights.",
                _change(start, dense),
            ),
            Stage(
                f"Pruned by {percent(SPARSITY)}",
                f"The {gone:,} weights of this layer nearest to zero become zero, which is "
                f"{percent(gone / pruned.numel(), 1)} of them. The largest that went had the "
                f"magnitude {number(largest_gone)}. All others stay what they were, and so do "
                "shape and bytes: a zero is a float32 too.",
                weights,
                shape_of(dense),
                shape_of(pruned),
                partial(comb, dense, pruned, ("dense", "pruned")),
                "The palest places of the unit turn white. The histogram, drawn near zero, is "
                "empty there after pruning, but for the zeros.",
                _change(dense, pruned),
            ),
            Stage(
                "int8",
                f"Each weight becomes a whole number of steps, $q = \\operatorname{{round}}(w / "
                f"s)$, with the scale $s = \\max|w| / {2 ** (BITS - 1) - 1} = "
                f"{number(float(scale), 6)}$. None moves by more than half a step: the largest "
                f"error is {number(float((back - pruned).abs().max()), 6)}. One byte a weight "
                f"instead of {pruned.element_size()}, and {int((steps == 0).sum()):,} of the "
                "integers are zero.",
                weights,
                shape_of(pruned),
                shape_of(steps),
                partial(comb, pruned, back, ("pruned, float32", "int8, times its scale")),
                "The unit looks the same before and after. The histogram turns into a comb: "
                "weights lie only on marks, a scale apart.",
                _change(pruned, steps),
            ),
        ),
    )


def _facts(values: torch.Tensor) -> dict[str, str]:
    low, high = values.min().item(), values.max().item()
    return {
        "shape": times(shape_of(values)),
        "type": str(values.dtype).removeprefix("torch."),
        "values": f"{number(low)} to {number(high)}",
        "different values": number(different(values)),
        "zeros": number(values.numel() - count_nonzero(values)),
        "bytes": number(values.nbytes),
    }


def _change(before: torch.Tensor, after: torch.Tensor) -> Rows:
    facts = _facts(after)
    rows = ((name, value, facts[name]) for name, value in _facts(before).items())
    return (("", "before", "after"), *rows)


def _images_picture(images: torch.Tensor, title: str) -> Figure:
    fig, (left, right) = plot.figure(1, 2, width=9, height=3, width_ratios=[1, 2])
    left.imshow(images[0].numpy(), cmap="gray_r")
    left.grid(visible=False)
    left.set(title="The first image", xlabel="column", ylabel="row")
    top = 1.0 if images.is_floating_point() else 255.0
    counts, edges = np.histogram(images.numpy(), bins=32, range=(0, top))
    right.stairs(counts, edges, fill=True, color=plot.COLOURS[1])
    right.yaxis.set_major_formatter("{x:,.0f}")
    right.set(title=title, xlabel="value", ylabel="pixels in all images")
    return fig


def _flat_picture(image: torch.Tensor, row: int) -> Figure:
    width = image.shape[1]
    fig, (above, below) = plot.figure(2, 1, width=9, height=4.2, height_ratios=[2.2, 1])
    above.imshow(image.numpy(), cmap="gray_r")
    left, right = -0.5, width - 0.5
    frame = {"marker": "", "linestyle": "-", "color": plot.COLOURS[2], "linewidth": 2}
    above.plot(
        [left, right, right, left, left], row + np.array([-0.5, -0.5, 0.5, 0.5, -0.5]), **frame
    )
    above.grid(visible=False)
    above.set(title=f"A table: row {row} is framed", xlabel="column", ylabel="row")
    values = image.flatten()
    below.stairs(values.numpy(), fill=True, color=plot.COLOURS[1])
    start, end = row * width, (row + 1) * width
    below.plot([start, end, end, start, start], [0, 0, 1.05, 1.05, 0], **frame)
    below.set(
        title=f"A list: row {row} is places {start} to {end - 1}",
        xlabel="place",
        ylabel="value",
        xlim=(0, len(values)),
    )
    return fig


def _weights_picture(
    before: torch.Tensor,
    after: torch.Tensor,
    names: tuple[str, str],
    *,
    unit: int,
    threshold: float,
) -> Figure:
    """One unit's magnitudes (28×28), and below the layer's weights, near zero, for both tensors."""
    fig, axes = plot.figure(2, 2, width=9, height=5, height_ratios=[1.5, 1], sharey="row")
    for (above, below), weight, name in zip(axes.T, (before, after), names, strict=True):
        drawn = above.imshow(
            weight[unit].abs().reshape(28, 28).numpy(), cmap="gray_r", vmin=0, vmax=0.06
        )
        above.set(title=f"{name}: one unit", xticks=[], yticks=[])
        counts, edges = np.histogram(weight.numpy(), bins=threshold * np.linspace(-2, 2, 161))
        below.stairs(counts, edges, fill=True, color=plot.COLOURS[1])
        below.set(xlabel=f"weight, {name}", ylim=(0, 2500))
        below.yaxis.set_major_formatter("{x:,.0f}")
        if zeros := int((weight == 0).sum()):
            note = {"textcoords": "offset points", "va": "top"}
            below.annotate(f"{zeros:,} zeros", (0, 2500), (6, -4), **note)
    axes[1, 0].set_ylabel("number of weights")
    fig.colorbar(drawn, ax=axes[0], label="magnitude", shrink=0.8, extend="max")
    return fig


# The training.


def training() -> Trace:
    """The five epochs: table and curves so far, and one observation on each."""
    its = run()
    images = len(its.validation)
    stages = []
    shape: tuple[int, ...] | None = None
    for epoch in its.history.index:
        after = shape_of(weight_of(its.trained))
        stages.append(
            Stage(
                f"Epoch {epoch}" if epoch else "Untrained",
                observation(its.history, epoch, images),
                "the first layer's weight",
                shape,
                after,
                partial(_curves_picture, its.history, epoch),
                "Left: training and validation loss up to this epoch, with the loss of chance as a "
                "dotted line. Right: both accuracies.",
                _epochs(its.history, epoch, images),
            )
        )
        shape = after
    return Trace("Five epochs of training", tuple(stages))


def _right(history: pd.DataFrame, images: int) -> np.ndarray:
    """How many validation images are right after each epoch."""
    return (history["validation_accuracy"] * images).round().astype(int).to_numpy()


def _epochs(history: pd.DataFrame, epoch: int, images: int) -> Rows:
    right = _right(history, images)
    rows = (
        (
            number(at),
            number(history["loss"][at], 3),
            percent(history["accuracy"][at], 1),
            number(history["validation_loss"][at], 3),
            f"{right[at]} of {images} ({percent(history['validation_accuracy'][at], 1)})",
        )
        for at in range(epoch + 1)
    )
    headings = ("epoch", "loss", "accuracy", "validation loss", "validation, right")
    return (headings, *rows)


def observation(history: pd.DataFrame, epoch: int, images: int) -> str:
    """One thing that the numbers of an epoch show, in words that fit whatever they are.

    Args:
        history: As in `Run`.
        epoch: From 0 (untrained) to the last.
        images: How many validation images there are.
    """
    loss, accuracy = history["validation_loss"], history["validation_accuracy"]
    right = _right(history, images)
    if epoch == 0:
        chance = math.log(10)
        near = "about what the network has" if abs(loss[0] - chance) < 0.1 else "and here it is"
        return (
            f"Ten digits, one tenth for each: by pure guessing the loss is $\\ln 10 = "
            f"{number(chance, 3)}$, {near}: {number(loss[0], 3)}. It gets {right[0]} of {images} "
            "right."
        )
    gained = int(right[epoch] - right[epoch - 1])
    say = f"**{_moved(gained)}** "
    if epoch == 1:
        whole = int(right[-1] - right[0])
        if whole <= 0:
            return say + "In all epochs together, no more are won than lost."
        if gained <= 0:
            return say + f"The whole training wins {whole}, all of them in later epochs."
        return say + (
            f"The whole training wins {whole}, and this epoch alone {percent(gained / whole)} of "
            "that."
        )
    if epoch == 2:
        before, now = math.exp(-loss[1]), math.exp(-loss[2])
        change = "surer than before" if now > before else "less sure than before"
        return say + (
            f"The network is {change if now != before else 'as sure as before'}: the right digit "
            f"gets a probability of {percent(now)} now, and had {percent(before)} (the geometric "
            "mean, $e^{-\\text{loss}}$). Accuracy sees only which digit is largest."
        )
    if epoch == 3:
        gap = round(100 * (history["accuracy"][3] - accuracy[3]), 1)
        if gap <= 0:
            where = f"{-gap} points behind" if gap else "level with"
            return say + (
                f"Training, as seen, is {where} validation: no sign of over-fitting. It is "
                "averaged while the network still learns."
            )
        return say + (
            f"Training, as seen, is {gap} points ahead of validation. It would be over-fitting if "
            f"the validation loss rose meanwhile: it {'rose' if loss[3] > loss[2] else 'did not'}."
        )
    if epoch == 4:
        spread = math.sqrt(right[4] * (1 - accuracy[4]))
        within = "no more" if abs(gained) <= spread else "more"
        return say + (
            f"On {images} other images the count of {right[4]} could easily differ by "
            f"{spread:.0f}, the standard error. The change in this epoch is {within} than that."
        )
    fall = 1 - loss[epoch] / loss[epoch - 1]
    if fall > RESTS:
        return (
            say
            + f"The validation loss still fell, by {percent(fall)}: the training is not finished."
        )
    if fall < -RESTS:
        return (
            say
            + f"The validation loss rose, by {percent(-fall)}: longer training would not help here."
        )
    return say + f"The validation loss moved by less than {percent(RESTS)}: it has come to rest."


def _moved(gained: int) -> str:
    if not gained:
        return "As many right as before."
    return f"{abs(gained)} {'more' if gained > 0 else 'fewer'} right than before."


def _curves_picture(history: pd.DataFrame, epoch: int) -> Figure:
    fig, axes = plot.figure(1, 2, width=9, height=3.2)
    for ax, quantity in zip(axes, ("loss", "accuracy"), strict=True):
        for name, label in (
            (quantity, "training, as seen"),
            (f"validation_{quantity}", "validation, after the epoch"),
        ):
            ax.plot(history.index[: epoch + 1], history[name][: epoch + 1], label=label)
        top = max(history[quantity].max(), history[f"validation_{quantity}"].max())
        ax.set(xlabel="epoch (0: untrained)", xlim=(-0.2, EPOCHS + 0.2), ylim=(0, 1.08 * top))
    axes[0].axhline(math.log(10), color="grey", linestyle=":", marker="")
    axes[0].set(title="Loss (dotted: chance)", ylabel="cross-entropy loss")
    axes[1].set(title="Accuracy", ylabel="share right")
    axes[1].legend(loc="lower right")
    return fig


TRACES = {
    "pipeline-data-flow": data_flow,
    "pipeline-training": training,
    "pipeline-layer-by-layer": layer_by_layer,
}
