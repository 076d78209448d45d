"""What int8 leaves of ten hidden units when one of them is large."""

from __future__ import annotations

import copy
from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import nn

from coursekit.nets.data import load_fashion_mnist
from coursekit.nets.three_models import weight_of
from coursekit.nets.train import Labelled, fit, fixed
from coursekit.pictures.garments import listed, name_them, names, recognised
from coursekit.pictures.moving import MARK, Moving
from coursekit.pictures.opening_style import STYLE, Pasted, as_greys, sheet, tiles, words

UNITS, DOUBLINGS = 10, list(range(10))
# Where each way to quantize stands, and the largest magnitudes that its scales have to fit.
PANELS: dict[str, tuple[int, Callable[[torch.Tensor], torch.Tensor]]] = {
    "one scale for all ten": (8, torch.Tensor.max),
    "one scale per unit": (342, lambda sizes: sizes.amax(1, keepdim=True)),
}
# Left edges of five tiles, 28 pixels wide, drawn twice as large, with 2 between them.
COLUMNS = [60 * column for column in range(5)]


def large_unit() -> Moving:
    """Lesson 05: one unit is doubled again and again, and with one scale the others go dark."""
    train, validation = load_fashion_mnist().train.hold_out(2000)
    model = _trained(train.tensors())
    shown = recognised(model, validation)
    with torch.no_grad():
        unit = int(model[:3](validation.tensors()[0]).mean(0).argmax())
    # For each panel and number of doublings: the integers, and what the garments are called.
    integers, called = {}, {}
    for name, (_, largest) in PANELS.items():
        for doublings in DOUBLINGS:
            int8, integers[name, doublings] = _int8(_larger(model, unit, 2**doublings), largest)
            called[name, doublings] = names(int8, validation)[shown]

    def draw(doublings: int) -> Figure:
        pasted: list[Pasted] = []
        for name, (left, _) in PANELS.items():
            # By powers of two, so that a few steps can be told from none.
            shades = np.log2(1 + np.abs(integers[name, doublings]))
            pasted.append((tiles(as_greys(shades, 7), columns=5), left, 40, 2))
            for column, image in zip(COLUMNS, shown, strict=True):
                pasted.append((as_greys(validation.images[image], 255), left + column, 190, 2))
        with plt.rc_context(STYLE):
            figure = sheet(640, 272, pasted)
            for name, (left, _) in PANELS.items():
                words(figure, left + 148, 18, f"int8, {name}", fontsize=11)
                _frame(figure.axes[0], left + COLUMNS[unit % 5], 40 + 60 * (unit // 5))
                middles = [left + column + 28 for column in COLUMNS]
                name_them(figure, called[name, doublings], middles, 258)
        return figure

    def alt(doublings: int) -> str:
        others = np.delete(integers["one scale for all ten", doublings], unit, axis=0)
        one, own = (listed(called[name, doublings]) for name in PANELS)
        return (
            f"One unit times {2**doublings}. One scale for all ten: {np.mean(others == 0):.0%} of "
            f"the other units' weights are 0, and five garments are called {one}. One scale per "
            f"unit: {own}."
        )

    return Moving(
        draw,
        alt=alt,
        words=(
            "One thing can be moved: how often one of ten hidden units (framed) is doubled. What "
            "it adds to the answer is halved as often, so in float32 the network computes exactly "
            "the same. Each tile shows the int8 weights of a unit, white where they are far from "
            "0 and black where they are 0. With one scale for all ten (on the left) the other "
            "nine go dark, and in the end garments below get wrong names (in orange). With one "
            "scale per unit (on the right) nothing changes."
        ),
        start={"doublings": 0},
        doublings=DOUBLINGS,
    )


def _trained(train: Labelled) -> nn.Sequential:
    with fixed():
        model = nn.Sequential(nn.Flatten(), nn.Linear(784, UNITS), nn.ReLU(), nn.Linear(UNITS, 10))
        fit(model, train, epochs=3, lr=2e-3, quiet=True)
    return model


@torch.no_grad()
def _larger(model: nn.Sequential, unit: int, factor: int) -> nn.Sequential:
    """The same function: a hidden unit times a factor, and divided by it again behind the ReLU."""
    model = copy.deepcopy(model)
    weight_of(model, 1)[unit] *= factor
    model.get_parameter("1.bias")[unit] *= factor
    weight_of(model, 3)[:, unit] /= factor
    return model


def _int8(
    model: nn.Sequential, largest: Callable[[torch.Tensor], torch.Tensor]
) -> tuple[nn.Sequential, np.ndarray]:
    """A copy whose first layer has int8 weights, and those as pictures: (units, 28, 28)."""
    model = copy.deepcopy(model)
    weight = weight_of(model, 1)
    scale = largest(weight.abs()) / 127
    integers = (weight / scale).round()
    weight.copy_(integers * scale)
    return model, integers.reshape(-1, 28, 28).numpy()


def _frame(ax: Axes, left: float, top: float) -> None:
    ax.add_patch(Rectangle((left - 2.5, top - 2.5), 60, 60, fill=False, color=MARK, linewidth=2))
