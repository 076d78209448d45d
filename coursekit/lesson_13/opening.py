"""Lesson 13's picture: tall channels of activations move into the weights as one smooths."""

from __future__ import annotations

from dataclasses import dataclass

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure

from coursekit.nets.train import fixed
from coursekit.pictures.moving import INK, Moving
from coursekit.pictures.opening_style import STYLE, axes_at, blank, words

WORDS, CHANNELS, OUTPUTS = 20, 32, 10
TALL = {6: 30.0, 21: 60.0}
SEED = 13


@dataclass(frozen=True)
class Smoothed:
    """Both sides of the product, and how far int8 is off, as a share of the output."""

    inputs: torch.Tensor
    weights: torch.Tensor
    error: float


def layer() -> tuple[torch.Tensor, torch.Tensor]:
    """Inputs (words, channels), some channels tall, and weights (outputs, channels)."""
    with fixed(SEED):
        inputs, weights = torch.randn(WORDS, CHANNELS), torch.randn(OUTPUTS, CHANNELS)
    for channel, factor in TALL.items():
        inputs[:, channel] *= factor
        weights[:, channel] /= factor**0.5  # else these channels would be all of the output
    return inputs, weights


def smooth(alpha: float) -> Smoothed:
    """The layer after smoothing with this exponent; 0 leaves both sides as they are."""
    inputs, weights = layer()
    tall = inputs.abs().amax(0)
    s = (tall / tall.median()) ** alpha
    x, w = inputs / s, weights * s
    wanted = inputs @ weights.T
    error = (_int8(x, x.abs().max()) @ _int8(w, w.abs().amax(1, keepdim=True)).T - wanted).norm()
    return Smoothed(x, w, float(error / wanted.norm()))


def _int8(values: torch.Tensor, largest: torch.Tensor) -> torch.Tensor:
    scale = largest / 127
    return scale * (values / scale).round()


def smoothed_channels() -> Moving:
    """Lesson 13: what goes into a layer, and its weights, under more or less smoothing."""

    def draw(smoothing: float) -> Figure:
        its = smooth(smoothing / 100)
        with plt.rc_context(STYLE):
            figure = blank(620, 330)
            for values, top, height, title in (
                (its.inputs, 30, 150, "what goes in: a row per word, a column per channel"),
                (its.weights, 215, 75, "the layer's weights: a row per output"),
            ):
                ax = axes_at(figure, 40, top, 540, height)
                shown = (values.abs() / values.abs().max()).numpy()
                ax.imshow(shown, cmap="Oranges", vmin=0, vmax=1, aspect="auto")
                ax.set(xticks=[], yticks=[])
                words(figure, 310, top - 14, title, fontsize=11)
            off = f"int8 for both, one scale for what goes in: output off by {100 * its.error:.1f}%"
            words(figure, 310, 310, off, fontsize=11, color=INK)
        return figure

    def alt(smoothing: float) -> str:
        its = smooth(smoothing / 100)
        tall, heavy = (
            float(values.abs().amax(0).max() / values.abs().amax(0).median())
            for values in (its.inputs, its.weights)
        )
        return (
            f"Smoothing {smoothing:g}%. The tallest channel is {tall:.1f} times the median one, "
            f"and the heaviest column of weights {heavy:.1f} times. In int8 the output is off by "
            f"{100 * its.error:.1f}%."
        )

    return Moving(
        draw,
        alt=alt,
        words=(
            "Two maps, one above the other, the darker the larger the magnitude: what goes into a "
            "layer, a row per word and a column per channel, and its weights below with the "
            "same columns. Without smoothing two columns of the upper map are dark, all else is "
            "white, and the weights are even. As the smoothing grows, the dark columns fade above, "
            "all other values come out, and the same two columns grow dark below. The product "
            "of both stays what it is. A line tells how far its output is off when both are "
            "rounded to int8: it falls at first, and rises again towards the end."
        ),
        start={"smoothing": 0},
        smoothing=list(range(0, 101, 5)),
    )
