"""What goes with a channel: its filter, its numbers in batch norm, its columns in the reader."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import nn

from coursekit.nets.data import load_fashion_mnist
from coursekit.nets.train import fit, set_seed
from coursekit.pictures.moving import INK, MARK, Moving
from coursekit.pictures.opening_style import STYLE, axes_at, blank, words

# A bag among the test images; channels, pixels that are pooled each way, units behind them.
BAG, CHANNELS, POOL, UNITS = 7, 4, 4, 12
# Values of a channel behind flatten. In pixels: the picture, where the channels begin, one's width.
EACH = (28 // POOL) ** 2
WIDE, HIGH, LEFT, PITCH = 640, 328, 236, 2 * EACH
SAYS = (
    "Nothing is cut. The network runs.",
    "The filter is cut: batch norm gets 3 maps and has numbers for 4.",
    "Batch norm is cut, too: the next layer gets 3 maps and has columns for 4.",
    "Its columns are cut, too. All parts fit, and the network runs.",
)


def channel_walks() -> Moving:
    """Lesson 08: four channels on their way, and how far one of them has been cut out."""
    image, net = _trained()
    with torch.no_grad():
        maps, pooled = net[:1](image)[0].numpy(), net[:4](image)[0].numpy()
    numbers = net.state_dict()
    filters, columns = numbers["0.weight"][:, 0].numpy(), numbers["5.weight"].numpy()

    def draw(channel: float, cut: float) -> Figure:
        gone = np.arange(CHANNELS) == channel
        with plt.rc_context(STYLE):
            figure = blank(WIDE, HIGH)
            words(figure, WIDE / 2, 6, SAYS[int(cut)], va="top", fontsize=11)
            _show(_axes(figure, 8, 34, 56, 56), image[0, 0].numpy())
            for top, label in (
                (62, "convolution"),
                (116, "batch norm: four numbers"),
                (164, "ReLU and pooling"),
                (211, "flatten"),
                (272, "linear layer: a column\nfor each value"),
            ):
                words(figure, LEFT - 12, top, label, ha="right")
            for number in range(CHANNELS):
                left, mine = LEFT + number * PITCH, bool(gone[number])
                # Behind the first part that does not fit nothing is computed.
                here, later = not (mine and cut >= 1), cut in (0, 3) and not (mine and cut == 3)
                spot = _axes(figure, left + 2, 44, 35, 35)
                _piece(spot, filters[number] if here else None, mine)
                spot = _axes(figure, left + 40, 34, 56, 56)
                _piece(spot, maps[number] if here else None, mine)
                _greek(figure, left, cut < 2 or not mine, mine)
                spot = _axes(figure, left + 24, 138, 49, 49)
                _piece(spot, pooled[number] if cut != 1 and here else None, mine)
                own = slice(number * EACH, (number + 1) * EACH)
                strip = pooled[number].reshape(1, -1) if cut != 1 and here else None
                _piece(_axes(figure, left, 204, PITCH, 14), strip, mine)
                block = columns[:, own] if cut < 3 or not mine else None
                _piece(_axes(figure, left, 232, PITCH, 84), block, mine, faint=not later)
        return figure

    def alt(channel: float, cut: float) -> str:
        return (
            f"Channel {channel:g} is framed at each part, from its filter to its block of "
            f"{EACH} neighbouring columns. {SAYS[int(cut)]}"
        )

    return Moving(
        draw,
        alt=alt,
        words=(
            "A picture of a bag goes through a small network with four channels, one beside the "
            "other. Each channel has a filter, which makes a map; four numbers in batch norm; no "
            "numbers in ReLU, pooling and flatten, only its values; and in the linear layer, "
            "which reads it, a block of neighbouring columns. One channel is framed. As it is cut "
            "out step by step, the network stops at the first part that still has something for "
            "it, and runs again when the last such part has been cut."
        ),
        start={"channel": 1, "cut": 0},
        channel=list(range(CHANNELS)),
        cut=list(range(len(SAYS))),
    )


def _piece(ax: Axes, values: np.ndarray | None, mine: bool, faint: bool = False) -> None:
    """A part of a channel as a picture, framed if it is the chosen one; empty where it is gone."""
    if values is not None:
        _show(ax, values, faint)
    for spine in ax.spines.values():
        spine.set(visible=mine or values is not None)
        if mine:
            spine.set(edgecolor=MARK, linewidth=2.5, linestyle="-" if values is not None else ":")


def _show(ax: Axes, values: np.ndarray, faint: bool = False) -> None:
    # A few shades weigh little; of the columns, which are many, still fewer.
    shades = 4 if len(values) == UNITS else 8
    values = np.round((shades - 1) * (values - values.min()) / np.ptp(values))
    ax.imshow(
        values, cmap="gray", aspect="auto", interpolation="nearest", alpha=0.3 if faint else 1
    )


def _greek(figure: Figure, left: int, there: bool, mine: bool) -> None:
    """The four numbers that batch norm has for a channel."""
    ax = _axes(figure, left + 1, 104, PITCH - 4, 24)
    ax.set_axis_off()
    ax.set(xlim=(0, 4), ylim=(0, 1))
    for place, letter in enumerate(("γ", "β", "μ", "σ²")):
        frame = Rectangle((place + 0.06, 0.06), 0.88, 0.88, fill=False, edgecolor=INK)
        if mine:
            frame.set(edgecolor=MARK, linewidth=2.5, linestyle="-" if there else ":")
        ax.add_patch(frame)
        if there:
            ax.text(place + 0.5, 0.45, letter, ha="center", va="center")


def _axes(figure: Figure, left: int, top: int, width: int, height: int) -> Axes:
    """Axes at this place in pixels, framed, without ticks."""
    ax = axes_at(figure, left, top, width, height)
    ax.set(xticks=[], yticks=[])
    return ax


def network() -> nn.Sequential:
    """The network of the picture, untrained."""
    return nn.Sequential(
        nn.Conv2d(1, CHANNELS, 5, padding=2),
        nn.BatchNorm2d(CHANNELS),
        nn.ReLU(),
        nn.MaxPool2d(POOL),
        nn.Flatten(),
        nn.Linear(CHANNELS * EACH, UNITS),
        nn.ReLU(),
        nn.Linear(UNITS, 10),
    )


def _trained() -> tuple[torch.Tensor, nn.Sequential]:
    """An image (1, 1, 28, 28), and the network after an epoch, which takes a second or so."""
    data = load_fashion_mnist()
    set_seed(0)
    net = network()
    fit(net, data.train.tensors(), epochs=1, lr=5e-3, quiet=True)
    return data.test.tensors()[0][BAG : BAG + 1], net
