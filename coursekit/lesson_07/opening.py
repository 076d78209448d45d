"""What a network still recognises while its smallest weights become zero."""

from __future__ import annotations

import copy

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from torch import nn
from torch.nn.utils import prune

from coursekit.nets.data import load_fashion_mnist
from coursekit.nets.networks import lenet
from coursekit.nets.train import fit, fixed
from coursekit.pictures.garments import listed, name_them, names, recognised
from coursekit.pictures.moving import INK, MARK, Moving
from coursekit.pictures.opening_style import (
    BELOW,
    STYLE,
    as_greys,
    as_ink,
    place,
    sheet,
    tiles,
    words,
)

ZEROS = list(range(0, 99, 7))
# So many hidden units are seen. The histogram ends at this weight, and full ink begins there.
UNITS, FULL = 6, 0.12
BINS = np.linspace(-FULL, FULL, 121)


def smallest_first() -> Moving:
    """Lesson 07: the smallest weights become zero, and the network names garments with the rest."""
    train, validation = load_fashion_mnist().train.hold_out(2000)
    with fixed():
        dense = lenet()
        fit(dense, train.tensors(), epochs=3, quiet=True)
    shown = recognised(dense, validation)
    weights, called, right = {}, {}, {}
    for zeros in ZEROS:
        model = _pruned(dense, zeros / 100)
        weights[zeros] = [layer.weight.detach().numpy() for layer in _linears(model)]
        called[zeros] = names(model, validation)
        right[zeros] = int((called[zeros] == validation.labels).sum())
    units = np.linalg.norm(weights[0][0], axis=1).argsort()[-UNITS:]
    before, *_ = np.histogram(_all(weights[0]), BINS)

    def draw(percent_zeros: int) -> Figure:
        ink = as_ink(weights[percent_zeros][0][units].reshape(-1, 28, 28), FULL)
        columns = [204 + 87 * column for column in range(5)]
        garments = [
            (as_greys(validation.images[image], 255), column, 36, 3)
            for image, column in zip(shown, columns, strict=True)
        ]
        values = _all(weights[percent_zeros])
        left = values[values != 0]
        with plt.rc_context(STYLE):
            figure = sheet(640, 304, [(tiles(ink, columns=2), 6, 36, 3), *garments])
            words(figure, 93, 18, "6 of 300 hidden units", fontsize=11)
            words(figure, 420, 18, "the network says", fontsize=11)
            name_them(
                figure,
                called[percent_zeros][shown],
                [column + 42 for column in columns],
                132,
                size=10,
            )
            words(figure, 420, 160, f"and names {right[percent_zeros]:,} of 2,000 garments rightly")
            words(figure, 420, 292, f"{len(values):,} weights, {len(left):,} not zero")
            ax = place(figure, 204, 182, 432, 96)
            ax.stairs(before, BINS, color=INK)
            for side, colour in ((left > 0, MARK), (left < 0, BELOW)):
                ax.stairs(np.histogram(left[side], BINS)[0], BINS, color=colour, fill=True)
        return figure

    def alt(percent_zeros: int) -> str:
        return (
            f"{percent_zeros}% zeros: five garments are called "
            f"{listed(called[percent_zeros][shown])}. Of 2,000 "
            f"garments {right[percent_zeros]:,} are named rightly."
        )

    return Moving(
        draw,
        alt=alt,
        words=(
            "One thing can be moved: what share of the network's weights is zero, the smallest "
            "first. On the left are the weights of six hidden units, orange above zero and blue "
            "below; a zero is a hole. The histogram of all weights empties in the middle, and its "
            "outline shows what was there. The matrices keep their shape and the count of their "
            "weights. Five garments stand over what the network calls them. It keeps these names "
            "until most of the weights are zero, and gives wrong ones (in orange) in the end."
        ),
        start={"percent_zeros": 0},
        percent_zeros=ZEROS,
    )


def _pruned(model: nn.Sequential, share: float) -> nn.Sequential:
    """A copy without the smallest magnitudes, whichever layer they stand in."""
    model = copy.deepcopy(model)
    pairs = [(layer, "weight") for layer in _linears(model)]
    prune.global_unstructured(pairs, prune.L1Unstructured, amount=share)
    for layer, name in pairs:
        prune.remove(layer, name)
    return model


def _linears(model: nn.Sequential) -> list[nn.Linear]:
    return [layer for layer in model if isinstance(layer, nn.Linear)]


def _all(weights: list[np.ndarray]) -> np.ndarray:
    """The weights of all layers as one vector."""
    return np.concatenate([weight.ravel() for weight in weights])
