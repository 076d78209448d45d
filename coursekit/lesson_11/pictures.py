"""The figures of lesson 11 that would take too many lines there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from coursekit.nets.tflite import read
from coursekit.pictures import plot

_KINDS = {"float32": plot.COLOURS[5], "float16": "#CCCCCC", "int8": plot.COLOURS[4]}
# The lesson's weight tensors, by how many weights they have.
_LAYERS = {144: "conv 1", 4608: "conv 2", 73728: "dense 1", 640: "dense 2"}


class Block(NamedTuple):
    """A constant with weights or biases: its layer, first byte, bytes and type."""

    name: str
    start: int
    size: int
    dtype: str


def blocks(content: bytes) -> Iterator[Block]:
    """Each constant of ten numbers or more in a .tflite file of the lesson's network."""
    for tensor in read(content).tensors:
        if tensor.data is not None and tensor.start is not None and tensor.data.size >= 10:
            name = _LAYERS.get(tensor.data.size, "bias")
            yield Block(name, tensor.start, tensor.data.nbytes, tensor.dtype)


def file_map(files: Mapping[str, bytes]) -> Figure:
    """A strip of bytes for each file, with a block for each constant; the rest is white."""
    fig, ax = plot.figure(width=10, height=3)
    for line, content in enumerate(files.values()):
        high = (line - 0.35, 0.7)
        ax.broken_barh([(0, len(content) / 1000)], high, facecolor="white", edgecolor="k")
        for name, start, size, dtype in blocks(content):
            strip = [(start / 1000, size / 1000)]
            ax.broken_barh(strip, high, facecolor=_KINDS[dtype], edgecolor="black", linewidth=0.5)
            if size > 25_000:
                middle = (start + size / 2) / 1000
                ax.text(middle, line, f"{name}\n{dtype}", ha="center", va="center")
        ax.text(len(content) / 1000 + 3, line, f"{len(content):,} B", va="center")
    ax.set_yticks(range(len(files)), list(files))
    ax.invert_yaxis()
    ax.grid(visible=False)
    ax.set(title="Three files of one network, byte by byte", xlabel="place in the file (kB)")
    ax.set_xlim(0, 360)
    return fig


def constants(file: str, content: bytes) -> Figure:
    """The constants of one file, each as a bar, and everything else."""
    found = sorted(blocks(content), key=lambda block: -block.size)
    fig, ax = plot.figure(width=8, height=3.4)
    labels = [f"{block.name} ({block.dtype})" for block in found] + ["everything else"]
    sizes = [block.size for block in found]
    plot.bars(ax, labels, [*sizes, len(content) - sum(sizes)])
    ax.set_xscale("log")
    ax.set(title=f"{file}: {len(content):,} bytes", xlabel="bytes (logarithmic)", xlim=(10, 2e6))
    return fig


def input_levels(images: np.ndarray, brightness: float) -> Figure:
    """The grey values of images, and the int8 levels that an input has for them.

    Args:
        images: Grey values from 0 to 1.
        brightness: The largest value in the representative data.
    """
    step = brightness / 255
    fig, ax = plot.figure(width=8, height=2.8)
    counts, edges = np.histogram(images[images > 0], 25, (0, 1))
    ax.bar(edges[:-1], counts / counts.max(), 0.04, align="edge", color="#CCCCCC")
    used = np.arange(0, min(brightness, 1) + step / 2, step)
    ax.vlines(used, 0, 1, color=plot.COLOURS[1], linewidth=0.4)
    if brightness < 1:
        ax.axvspan(brightness, 1, color=plot.COLOURS[2], alpha=0.3)
    clipped = float((images[images > 0] > brightness).mean())
    ax.set(
        title=f"{len(used)} levels between 0 and 1, and {clipped:.0%} of the grey pixels clipped",
        xlabel="grey value as the model gets it (lines: levels; shaded: clipped)",
        ylabel="grey pixels (most = 1)",
        xlim=(0, 1),
        ylim=(0, 1.05),
    )
    return fig


def x_rays(patients: Mapping[str, bytes]) -> Figure:
    """A histogram of the numbers stored in the largest weight tensor of each file."""
    fig, axes = plot.figure(2, -(-len(patients) // 2), width=12, height=4.6)
    for ax in list(axes.flat)[len(patients) :]:
        ax.set_axis_off()
    for ax, (number, content) in zip(axes.flat, patients.items(), strict=False):
        stored = [tensor.data for tensor in read(content).weights if tensor.data is not None]
        ax.set(title=f"patient {number}")
        if not stored:
            ax.text(0.5, 0.5, "no weights in the file", ha="center", transform=ax.transAxes)
            ax.set(xticks=[], yticks=[])
            continue
        largest = max(stored, key=np.size)
        bins = np.arange(-128, 129) if largest.dtype == np.int8 else 100
        ax.hist(largest.ravel(), bins, color=plot.COLOURS[1])
        ax.set(title=f"patient {number}: {largest.dtype}", xlabel="stored value")
    fig.supylabel("weights")
    return fig
