"""The two int8 networks of lesson 04, taken apart: what each layer's kernel is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from ai_edge_litert.interpreter import Interpreter, OpResolverType  # type: ignore[import-untyped]
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from coursekit.nets.data import load_file
from coursekit.nets.networks import float_network as float_network  # of the same names
from coursekit.nets.tflite import File, quiet_stderr
from coursekit.pictures import plot

Name = Literal["mlp", "cnn"]


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer of an int8 file, as tensors.

    Attributes:
        weights: int8, shape (outputs, inputs) or (outputs, height, width, channels).
        bias: int32, shape (outputs,), in steps of input scale times weight scale.
        input_scale: of the integers that enter, and
        input_zero: their zero point.
        weight_scales: float32, shape (outputs,) or (1,). The zero points of weights are 0.
        output_scale: of the integers that leave, and
        output_zero: their zero point.
    """

    weights: torch.Tensor
    bias: torch.Tensor
    input_scale: float
    input_zero: int
    weight_scales: torch.Tensor
    output_scale: float
    output_zero: int


def int8_file(name: Name) -> bytes:
    """The network as TensorFlow's converter has written it, all of it integers.

    Raises:
        DataError: if the file is missing or damaged.
    """
    return load_file(f"integer_{name}.tflite")


def layers(file: File) -> list[Layer]:
    """The linear layers and convolutions of an opened int8 file, in the order in which they run."""
    found = []
    for operator, reads, writes in file.operators:
        if operator not in ("FULLY_CONNECTED", "CONV_2D"):
            continue
        source, weights, bias = reads
        assert weights.data is not None
        assert bias.data is not None
        found.append(
            Layer(
                weights=torch.from_numpy(weights.data.copy()),
                bias=torch.from_numpy(bias.data.copy()),
                input_scale=float(source.scales[0]),
                input_zero=int(source.zero_points[0]),
                weight_scales=torch.from_numpy(weights.scales.copy()),
                output_scale=float(writes[0].scales[0]),
                output_zero=int(writes[0].zero_points[0]),
            )
        )
    return found


def roads() -> Figure:
    """Lesson 04's picture: what is computed once, for each image, and only if asked for."""
    before = [
        ("scales\nin the file", "float", True),
        ("$s^x s^w / s^y$", "float", True),
        ("frexp,\nround", "m, k", True),
    ]
    road = [
        ("image\n0 … 255", "uint8", False),
        ("− 128", "int8", False),
        ("$\\Sigma (q-z)\\,q$\n+ bias", "int32", False),
        ("· m", "int64", False),
        (">> k,\nrounded", "int32", False),
        ("+ z, clip\n(and ReLU)", "int8", False),
        ("further\nlayers", "int8", False),
        ("argmax", "label", False),
    ]
    after = [
        ("ten integers", "int8", False),
        ("s (q − z)", "logits", True),
        ("softmax", "probabilities", True),
    ]
    fig, axes = plot.figure(3, 1, width=10, height=4.5)
    titles = (
        "Once, when the file is loaded (hatched: floats)",
        "For each image",
        "Only if asked for",
    )
    for ax, steps, title in zip(axes, (before, road, after), titles, strict=True):
        draw_road(ax, steps)
        ax.set_title(title)
    return fig


def draw_road(ax: Axes, steps: Sequence[tuple[str, str, bool]]) -> None:
    """Boxes in a row, each with what it holds below it; shaded where these are floats.

    Args:
        steps: For each box its text, what type leaves it, and whether it computes with floats.
    """
    for place, (text, dtype, floats) in enumerate(steps):
        ax.barh(
            0,
            0.8,
            left=place,
            height=1,
            align="center",
            edgecolor="black",
            linewidth=0.8,
            facecolor="#F3C9A5" if floats else "#CFE8DC",
            hatch="//" if floats else "",
        )
        paper = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
        ax.text(place + 0.4, 0, text, ha="center", va="center", fontsize=9, bbox=paper)
        ax.text(place + 0.9, -0.85, dtype, ha="center", va="center", fontsize=9)
        if place < len(steps) - 1:
            ax.annotate("", (place + 1, 0), (place + 0.8, 0), arrowprops={"arrowstyle": "->"})
    ax.set(xlim=(-0.1, len(steps) + 0.4), ylim=(-1.2, 0.7))
    ax.set_axis_off()


def predict_codes(content: bytes, codes: np.ndarray, kernels: str = "plain") -> np.ndarray:
    """What LiteRT's int8 kernels make of int8 inputs, one example at a time.

    Args:
        content: an int8 .tflite file.
        codes: int8, shape (n, …), as the file's input wants them.
        kernels: "plain", LiteRT's own, without XNNPACK; "fast", XNNPACK's, which are the default;
            "reference", slow ones that are meant to be read.

    Returns:
        int8, shape (n, …).
    """
    resolver = {
        "plain": OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        "fast": OpResolverType.AUTO,
        "reference": OpResolverType.BUILTIN_REF,
    }[kernels]
    with quiet_stderr():
        interpreter = Interpreter(
            model_content=content, num_threads=1, experimental_op_resolver_type=resolver
        )
        interpreter.allocate_tensors()
    (source,), (sink,) = interpreter.get_input_details(), interpreter.get_output_details()
    answers = []
    for one in codes:
        interpreter.set_tensor(source["index"], one[None])
        interpreter.invoke()
        answers.append(interpreter.get_tensor(sink["index"])[0])
    return np.array(answers)


def sum_in_pairs(inputs: torch.Tensor, weights: torch.Tensor, *, saturate: bool) -> torch.Tensor:
    """The sums of a layer whose products are added in neighbouring pairs, each pair an int16.

    Intel's instruction `vpmaddubsw` does so (Intrinsics Guide, `_mm256_maddubs_epi16`).

    Args:
        inputs: integers from 0 to 255, shape (n, inputs), an even number of them.
        weights: int8, shape (outputs, inputs).
        saturate: whether a pair that does not fit into an int16 sticks at its end.

    Returns:
        int32, shape (n, outputs).
    """
    results = []
    for some in inputs.int().split(100):
        products = some[:, None] * weights.int()
        pairs = products[..., 0::2] + products[..., 1::2]
        results.append((pairs.clamp(-32768, 32767) if saturate else pairs).sum(2))
    return torch.cat(results).int()
