"""Lesson 11's trace: one weight matrix from PyTorch into a .tflite file, and back out of it.

TensorFlow is imported only when the trace is computed. The matrix is the second layer of lesson
00's trained network: with 1,280 weights it is large enough for the converter to quantize it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from matplotlib.figure import Figure
from torch import nn

from coursekit.nets.three_models import run
from coursekit.pictures import plot
from coursekit.pictures.trace import Rows, Shape, Stage, Trace, number, times

SHOWN = (4, 8)  # So many rows and columns of the matrix are drawn.


@dataclass(frozen=True)
class Kernel:
    """One matrix in its forms; all (outputs, inputs) but `keras`.

    Attributes:
        start: where the float32 numbers begin in their file, in bytes.
        raw: the bytes of the file from there on, as many as the numbers take.
        levels: int8, read from the quantized file.
        scales: float32, one for each output, or one for all.
        axis: along which the scales lie.
        sizes: bytes of the float32 file and of the quantized one.
    """

    torch: np.ndarray
    keras: np.ndarray
    in_file: np.ndarray
    start: int
    raw: bytes
    levels: np.ndarray
    scales: np.ndarray
    axis: int
    sizes: tuple[int, int]

    @property
    def by_hand(self) -> tuple[np.ndarray, np.ndarray]:
        """Levels and scales, computed from the float weights: the largest of a row becomes 127."""
        largest = np.abs(self.torch).max(1)
        if len(self.scales) == 1:
            largest = np.full_like(largest, largest.max())
        scales = (largest / np.float32(127)).astype(np.float32)
        levels = np.round(self.torch / scales[:, None]).astype(np.int8)
        return levels, scales if len(self.scales) > 1 else scales[:1]

    @property
    def restored(self) -> np.ndarray:
        """Levels times scales, float32."""
        back: np.ndarray = self.levels * self.scales[:, None]
        return back


def kernel() -> Kernel:
    """Carries the matrix over to Keras, converts it twice, and reads both files."""
    from coursekit.nets.tensorflow import tf  # takes seconds; no other trace needs it
    from coursekit.nets.tflite import read

    layer = run().trained[2]
    assert isinstance(layer, nn.Linear)
    weight, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
    # With names of its own, so that the files are the same each time.
    inputs = tf.keras.Input((weight.shape[1],), name="inputs")
    dense = tf.keras.layers.Dense(len(weight), name="dense")
    model = tf.keras.Sequential([inputs, dense], name="one_layer")
    dense.set_weights([weight.T, bias])

    plain = tf.lite.TFLiteConverter.from_keras_model(model).convert()
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    small = converter.convert()
    (stored,), (quantized,) = read(plain).weights, read(small).weights
    assert stored.data is not None
    assert stored.start is not None
    assert quantized.data is not None
    return Kernel(
        weight,
        dense.get_weights()[0],
        stored.data,
        stored.start,
        plain[stored.start : stored.start + stored.data.nbytes],
        quantized.data,
        quantized.scales,
        quantized.axis,
        (len(plain), len(small)),
    )


def to_tflite_and_back() -> Trace:
    """PyTorch, Keras, float32 in the file, int8 in the file, by hand, and back."""
    its = kernel()
    levels, scales = its.by_hand
    what = "the matrix"
    one = its.torch[0, 1]
    return Trace(
        "One matrix into a .tflite file and back",
        (
            Stage(
                "In PyTorch",
                f"`layer.weight` of a trained linear layer, {its.torch.shape[1]} inputs and "
                f"{its.torch.shape[0]} outputs. A row is an output. In row 0, column 1 stands "
                f"{number(float(one))}. Follow that number.",
                what,
                None,
                _shape(its.torch),
                partial(_corner_picture, its.torch, "PyTorch: (output, input)", "input", "output"),
                "The upper left corner of the matrix as a grid of numbers; one number is framed.",
                _facts(("PyTorch", its.torch)),
            ),
            Stage(
                "In Keras",
                "Keras keeps (input, output), so the matrix is transposed. The number stands in "
                f"row 1, column 0 now: {number(float(its.keras[1, 0]))}. "
                + (
                    "No number has changed, only the order."
                    if np.array_equal(its.keras.T, its.torch)
                    else "Some numbers have changed."
                ),
                what,
                _shape(its.torch),
                _shape(its.keras),
                partial(_corner_picture, its.keras, "Keras: (input, output)", "output", "input"),
                "The same corner, with rows and columns exchanged; the same number is framed.",
                _facts(("PyTorch", its.torch), ("Keras", its.keras)),
            ),
            Stage(
                "In the float32 file",
                _in_file(its),
                what,
                _shape(its.keras),
                _shape(its.in_file),
                partial(_bytes_picture, its),
                "A strip of bytes from the file, four to a number, with each number below.",
                _facts(("PyTorch", its.torch), ("Keras", its.keras), ("float32 file", its.in_file)),
            ),
            Stage(
                "In the int8 file",
                "With `optimizations = [tf.lite.Optimize.DEFAULT]` the file goes down from "
                f"{number(its.sizes[0])} to {number(its.sizes[1])} bytes. The matrix is "
                f"{its.levels.dtype} in it, {number(its.levels.nbytes)} bytes, and "
                f"{_scales(its)}. The number has become "
                f"{number(int(its.levels[0, 1]))}, in steps of {number(float(its.scales[0]), 6)}.",
                what,
                _shape(its.in_file),
                _shape(its.levels),
                partial(_corner_picture, its.levels, "int8: (output, input)", "input", "output", 0),
                "The corner of the matrix again, as whole numbers; one number is framed.",
                _facts(("float32 file", its.in_file), ("int8 file", its.levels)),
            ),
            Stage(
                "By hand",
                "From PyTorch's weights: $s_i = \\max_j |w_{ij}| / 127$ and $q_{ij} = "
                f"\\operatorname{{round}}(w_{{ij}} / s_i)$. {_agree(its, levels, scales)}",
                what,
                _shape(its.levels),
                _shape(levels),
                partial(_against_picture, its, levels),
                "Each weight in steps against its code in the file: points along a diagonal.",
                _row_table(its, levels, scales),
            ),
            Stage(
                "And back",
                _back(its),
                what,
                _shape(levels),
                _shape(its.restored),
                partial(_errors_picture, its),
                "A histogram of the errors in steps of each row; dashed lines at half a step.",
                _back_table(its),
            ),
        ),
    )


def _shape(values: np.ndarray) -> Shape:
    return tuple(int(size) for size in values.shape)


def _in_file(its: Kernel) -> str:
    same = np.array_equal(its.in_file, its.torch)
    first = float(np.frombuffer(its.raw[4:8], "<f4")[0])
    order = (
        "The order is (output, input) again, and every number is PyTorch's, bit for bit."
        if same
        else f"{number(int((its.in_file != its.torch).sum()))} numbers differ from PyTorch's."
        if its.in_file.shape == its.torch.shape
        else "The order is not PyTorch's."
    )
    return (
        f"The converter writes a file of {number(its.sizes[0])} bytes. From byte "
        f"{number(its.start)} on stand the numbers of the matrix, four bytes each, nothing between "
        f"them. Bytes 4 to 7 of these are `{its.raw[4:8].hex(' ')}`, read as a float32: "
        f"{number(first)}. {order}"
    )


def _scales(its: Kernel) -> str:
    if len(its.scales) == 1:
        return "it has one scale"
    return f"it has {len(its.scales)} scales, one for each {'output' if its.axis == 0 else 'input'}"


def _agree(its: Kernel, levels: np.ndarray, scales: np.ndarray) -> str:
    different = int((levels != its.levels).sum())
    close = bool(np.allclose(scales, its.scales, rtol=1e-6))
    codes = (
        f"All {number(int(levels.size))} codes are those of the file"
        if not different
        else f"{number(different)} of {number(int(levels.size))} codes differ from the file's"
    )
    return f"{codes}, and the scales {'are, too' if close else 'are others'}."


def _back(its: Kernel) -> str:
    off = np.abs(its.restored - its.torch)
    steps = float((off / its.scales[:, None]).max())
    bound = "no more" if steps <= 0.5 + 1e-4 else "more"
    return (
        f"Code times scale: {number(int(its.levels[0, 1]))} · {number(float(its.scales[0]), 6)} = "
        f"{number(float(its.restored[0, 1]))}, and it was {number(float(its.torch[0, 1]))}. Of all "
        f"weights, the one that is furthest off misses by {number(steps, 3)} steps, {bound} than "
        f"half a step. The magnitude of an error is on average "
        f"{number(float(off.mean()), 5)}."
    )


def _facts(*forms: tuple[str, np.ndarray]) -> Rows:
    rows = (
        (name, times(_shape(values)), str(values.dtype), number(int(values.nbytes)))
        for name, values in forms
    )
    return (("in", "shape", "type", "bytes"), *rows)


def _scale_of(scales: np.ndarray, row: int) -> float:
    return float(scales[row if len(scales) > 1 else 0])


def _row_table(its: Kernel, levels: np.ndarray, scales: np.ndarray) -> Rows:
    rows = (
        (
            number(row),
            number(float(np.abs(its.torch[row]).max())),
            number(_scale_of(scales, row), 6),
            number(_scale_of(its.scales, row), 6),
            number(int((levels[row] == its.levels[row]).sum())),
        )
        for row in range(len(levels))
    )
    headings = ("row", "largest magnitude", "scale by hand", "scale in the file", "equal codes")
    return (headings, *rows)


def _back_table(its: Kernel) -> Rows:
    rows = (
        (
            number(column),
            number(float(its.torch[0, column])),
            number(int(its.levels[0, column])),
            number(float(its.restored[0, column])),
            number(float(its.restored[0, column] - its.torch[0, column]), 5),
        )
        for column in range(SHOWN[1])
    )
    return (("column of row 0", "weight", "code", "code · scale", "error"), *rows)


def _corner_picture(
    values: np.ndarray, title: str, across: str, down: str, decimals: int = 3
) -> Figure:
    wide = values.shape[1] > values.shape[0]
    rows, columns = SHOWN if wide else SHOWN[::-1]
    row, column = (0, 1) if wide else (1, 0)
    fig, ax = plot.figure(width=9, height=2.6 if wide else 3.8)
    plot.matrix(ax, values[:rows, :columns], decimals=decimals)
    ax.set_aspect("auto")
    look = {"marker": "", "linestyle": "-", "color": "black", "linewidth": 3, "clip_on": False}
    left, right, low, high = column - 0.5, column + 0.5, row - 0.5, row + 0.5
    ax.plot([left, right, right, left, left], [low, low, high, high, low], **look)
    ax.set(
        title=f"{title}, upper left corner of {times(_shape(values))}", xlabel=across, ylabel=down
    )
    return fig


def _bytes_picture(its: Kernel) -> Figure:
    count = 5
    fig, ax = plot.figure(width=9, height=1.9)
    for place in range(4 * count):
        shade = "#FFFFFF" if place // 4 % 2 else "#DDDDDD"
        ax.bar(place, 1, width=1, color=shade, edgecolor="black", linewidth=0.8)
        ax.text(place, 0.5, f"{its.raw[place]:02x}", ha="center", va="center")
    for at, value in enumerate(np.frombuffer(its.raw[: 4 * count], "<f4")):
        weight = "bold" if at == 1 else "normal"
        name = f"weight[0, {at}]\n{number(float(value))}"
        ax.text(4 * at + 1.5, -0.15, name, ha="center", va="top", weight=weight)
    ax.set(
        title=f"The file from byte {its.start:,} on, four bytes a number",
        xlim=(-0.6, 4 * count - 0.4),
        ylim=(-0.9, 1.05),
    )
    ax.set_axis_off()
    return fig


def _against_picture(its: Kernel, levels: np.ndarray) -> Figure:
    fig, ax = plot.figure(width=9, height=3.4)
    _, scales = its.by_hand
    wanted = its.torch / scales[:, None]
    same = levels == its.levels
    ax.plot(wanted[same], its.levels[same], ".", color=plot.COLOURS[1], label="equal by hand")
    if not same.all():
        ax.plot(wanted[~same], its.levels[~same], "x", color="black", label="different")
    ax.set(
        title=f"{number(int(same.sum()))} of {number(int(same.size))} codes are equal",
        xlabel="weight, divided by the scale of its row",
        ylabel="code in the file",
    )
    ax.legend(loc="upper left")
    return fig


def _errors_picture(its: Kernel) -> Figure:
    fig, ax = plot.figure(width=9, height=2.8)
    steps = (its.restored - its.torch) / its.scales[:, None]
    ax.hist(steps.flatten(), bins=np.linspace(-0.6, 0.6, 49).tolist(), color=plot.COLOURS[5])
    for edge in (-0.5, 0.5):
        ax.axvline(edge, color="black", linestyle="--", marker="")
    ax.set(title="Errors, in steps (dashed: half a step)", xlabel="steps", ylabel="weights")
    return fig


TRACES = {
    "tflite-one-matrix": to_tflite_and_back,
}
