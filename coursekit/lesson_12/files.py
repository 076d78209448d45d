"""Lesson 12's ONNX files: how they are made, quantized, opened, timed and looked into."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
import onnx
import onnxruntime as ort
import torch
from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from torch import nn

from coursekit.nets.measure import latency


def to_onnx(model: nn.Module, images: torch.Tensor) -> bytes:
    """A network as an ONNX file that takes any number of `images` and gives `logits`.

    Args:
        images: An example, float32, shape (2 or more, …). With one image the export would stop.
    """
    free = {0: torch.export.Dim("batch", min=1, max=1024)}
    exported = torch.export.export(model, (images,), dynamic_shapes=(free,))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            exported, input_names=["images"], output_names=["logits"], dynamo=True, verbose=False
        )
    assert program is not None
    return cast(bytes, program.model_proto.SerializeToString())


class Images(CalibrationDataReader):  # type: ignore[misc]
    """Hands out calibration images, 100 at a time, then None."""

    def __init__(self, images: torch.Tensor) -> None:
        self.parts = iter(images.split(100))

    def get_next(self) -> dict[str, np.ndarray] | None:
        part = next(self.parts, None)
        return None if part is None else {"images": part.numpy()}


def to_int8(content: bytes, images: torch.Tensor) -> bytes:
    """An ONNX file in int8, with ranges from these images."""
    with tempfile.TemporaryDirectory() as folder:
        source, ready, out = (Path(folder, f"{name}.onnx") for name in "abc")
        source.write_bytes(content)
        quant_pre_process(source, ready)
        types = {"activation_type": QuantType.QUInt8, "weight_type": QuantType.QInt8}
        quantize_static(ready, out, Images(images), per_channel=True, **types)
        return out.read_bytes()


def session(content: bytes) -> ort.InferenceSession:
    """An ONNX file, ready to run on one thread of the CPU."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def answers(run: ort.InferenceSession, images: torch.Tensor) -> np.ndarray:
    """Logits, float32, shape (images, classes)."""
    return cast(np.ndarray, run.run(None, {"images": images.numpy()})[0])


def time_ratios(
    new: ort.InferenceSession, old: ort.InferenceSession, feed: Mapping[str, np.ndarray]
) -> list[float]:
    """How many times as long as `old` a call of `new` takes, in five rounds.

    A round times a block of each, so that its weights are in the cache as far as they fit.

    Args:
        feed: The inputs by name, the same for both.
    """
    calls = {"new": partial(new.run, None, feed), "old": partial(old.run, None, feed)}
    rounds = [
        {
            name: latency({name: call}, runs=20, warm_up=3)[name].median
            for name, call in calls.items()
        }
        for _ in range(5)
    ]
    return [its["new"] / its["old"] for its in rounds]


def up_to_the_first(kind: str, graph: onnx.GraphProto) -> str:
    """The nodes that the first node of that kind needs, and itself, with what is stored for them.

    A line for each: its kind, then the types and shapes of its stored inputs.
    """
    stored = {one.name: onnx.numpy_helper.to_array(one) for one in graph.initializer}
    first = next(node for node in graph.node if node.op_type == kind)
    needed, lines = set(first.output), []
    for node in reversed(graph.node):
        if needed & set(node.output):
            needed |= set(node.input)
            its = [stored[name] for name in node.input if name in stored]
            kinds = "; ".join(f"{array.dtype} {list(array.shape)}" for array in its)
            lines.append(f"{node.op_type:17} {kinds}".rstrip())
    return "\n".join(reversed(lines))


def weights_only(content: bytes) -> bytes:
    """A file of `quantize_static` without the pairs at its activations: only the weights are int8.

    Where a pair's zero point is its lowest level, it clips at 0, for a ReLU that comes back here.
    """
    model = onnx.load_from_string(content)
    stored = {one.name: onnx.numpy_helper.to_array(one) for one in model.graph.initializer}
    was: dict[str, str] = {}  # what a name stands for now that a node is gone
    pairs, kept = set(), []
    for node in model.graph.node:
        node.input[:] = [was.get(name, name) for name in node.input]
        (out,) = node.output
        if node.op_type == "QuantizeLinear":
            zero = stored[node.input[2]]
            kind = "Relu" if zero == np.iinfo(zero.dtype).min else "Identity"
            kept.append(onnx.helper.make_node(kind, [node.input[0]], [out]))
            pairs.add(out)
        elif node.op_type == "DequantizeLinear" and node.input[0] in pairs:
            was[out] = node.input[0]
        else:
            kept.append(node)
    for output in model.graph.output:
        if output.name in was:
            kept.append(onnx.helper.make_node("Identity", [was[output.name]], [output.name]))
    del model.graph.node[:]
    model.graph.node.extend(kept)
    used = {name for node in kept for name in node.input}
    for one in [one for one in model.graph.initializer if one.name not in used]:
        model.graph.initializer.remove(one)
    whole: bytes = model.SerializeToString()
    return whole
