"""Where a weight lies in a file, as four bytes or as one."""

from __future__ import annotations

from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from coursekit.nets.data import FASHION_CLASSES, load_fashion_mnist
from coursekit.nets.tflite import read, write_dense
from coursekit.pictures.moving import MARK, Moving
from coursekit.pictures.opening_style import STYLE, axes_at, blank

# Images of so many pixels each way, the class whose weights are shown, and the bytes per line.
SIDE, CLASS, LINE = 7, FASHION_CLASSES.index("ankle boot"), 62
# Shades of a byte, so that the picture weighs little, and the colour of what is no weight.
SHADES, REST = 4, "#5A8CBE"
# In pixels: the picture, and the cell of a byte.
WIDE, HIGH, CELL = 640, 372, (7, 5)


class Found(NamedTuple):
    """A weight in a file: its first byte, its bytes, what is stored and what that stands for."""

    start: int
    raw: bytes
    stored: float
    value: float


class Laid:
    """A file with one matrix of weights."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        [self.matrix] = read(content).weights
        self.lines = -(-len(content) // LINE)
        assert self.matrix.data is not None
        assert self.matrix.start is not None
        self.weights, self.start = self.matrix.data, self.matrix.start

    def find(self, row: float, column: float) -> Found:
        """The weight of the shown class for this pixel."""
        place = int((CLASS * SIDE + row) * SIDE + column)
        each = self.weights.itemsize
        start = self.start + place * each
        stored = float(self.weights.flat[place])
        scale = float(self.matrix.scales[CLASS]) if len(self.matrix.scales) else 1.0
        return Found(start, self.content[start : start + each], stored, scale * stored)

    def draw(self, ax: Axes, found: Found) -> None:
        """All bytes in lines, weights as shades of grey, and the found one framed."""
        values = np.frombuffer(self.content, np.uint8)
        picture = np.zeros((self.lines * LINE, 4))
        picture[: len(values)] = (*to_rgb(REST), 1)
        inside = slice(self.start, self.start + self.weights.nbytes)
        picture[inside, :3] = (values[inside, None] // (256 // SHADES)) / (SHADES - 1)
        ax.imshow(picture.reshape(self.lines, LINE, 4), aspect="auto", interpolation="nearest")
        for place in range(found.start, found.start + len(found.raw)):
            y, x = divmod(place, LINE)
            frame = Rectangle((x - 0.5, y - 0.5), 1, 1, color=MARK, linewidth=3)
            ax.add_patch(frame)
        ax.set_axis_off()


def bytes_of_a_file() -> Moving:
    """Lesson 11: two files of one network, and where a weight that is chosen lies in each."""
    weights, bias = _nearest_mean()
    float32, int8 = files = (
        Laid(write_dense([(weights, bias)])),
        Laid(write_dense([(weights, bias)], "int8", ranges=[(0, 1), (-4, 4)])),
    )

    def draw(row: float, column: float) -> Figure:
        four, one = float32.find(row, column), int8.find(row, column)
        titles = (
            f"model.tflite: bytes {_hex(four)} stand for {four.value:.4f}",
            f"model.tflite: byte {_hex(one)}, level {one.stored:.0f}, stands for {one.value:.4f}",
        )
        with plt.rc_context(STYLE):
            figure = blank(WIDE, HIGH)
            # By pixels: a cell of whole pixels weighs less than a blurred one.
            shown = axes_at(figure, 36, 100, 162, 162)
            shown.imshow(weights[CLASS].reshape(SIDE, SIDE), cmap="gray", vmin=-0.4, vmax=0.4)
            chosen = Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False)
            chosen.set(edgecolor=MARK, linewidth=4)
            shown.add_patch(chosen)
            shown.set_title("49 weights for a boot", fontsize=10)
            shown.set(xlabel="column", ylabel="row")
            shown.set(xticks=range(SIDE), yticks=range(SIDE))
            shown.tick_params(length=0)
            top = 24
            for file, found, title in zip(files, (four, one), titles, strict=True):
                high = file.lines * CELL[1]
                ax = axes_at(figure, WIDE - LINE * CELL[0] - 4, top, LINE * CELL[0], high)
                file.draw(ax, found)
                ax.set_title(title.replace("-", "−"), fontsize=10)
                top += high + 25
        return figure

    def alt(row: float, column: float) -> str:
        four, one = float32.find(row, column), int8.find(row, column)
        text = (
            f"The weight in row {row:g}, column {column:g}: in the first file four bytes, "
            f"{_hex(four)}, stand for {four.value:.4f}; in the second one byte, {_hex(one)}, level "
            f"{one.stored:.0f}, stands for {one.value:.4f}."
        )
        return text.replace("-", "−")

    return Moving(
        draw,
        alt=alt,
        words=(
            "Two files of one small network, byte by byte; both have the same name, and both run. "
            "Grey cells are the bytes of its weights, blue ones are everything else: names, "
            "shapes, scales. Row and column choose one of the 49 weights by which the network "
            "knows a boot; orange marks where that weight lies. In the first file it takes four "
            "bytes, a float32. In the second it takes one: an int8 level, which comes back as "
            "nearly the same number. No name and no message tells which file is quantized. Its "
            "bytes do."
        ),
        start={"row": 2, "column": 3},
        row=list(range(0, SIDE, 2)),
        column=list(range(SIDE)),
    )


def _hex(found: Found) -> str:
    return found.raw.hex(" ").upper()


def _nearest_mean() -> tuple[np.ndarray, np.ndarray]:
    """A layer that names the class whose mean image is nearest, of images of SIDE × SIDE pixels.

    Nothing is trained: whole numbers are added up, so that the bytes are the same on each CPU.
    """
    train = load_fashion_mnist().train
    block = 28 // SIDE
    cut = train.images.reshape(len(train), SIDE, block, SIDE, block)
    sums = cut.sum((2, 4), dtype=np.int64).reshape(len(train), SIDE**2)
    of_class = np.stack([sums[train.labels == c].sum(0) for c in range(10)])
    # As many images in each class: see the data card.
    means = of_class / (255 * block**2 * np.bincount(train.labels)[:, None])
    overall = of_class.sum(0) / (255 * block**2 * len(train))
    return means - overall, -(means**2).sum(1) / 2
