"""Reads, runs and writes .tflite files, with LiteRT alone: TensorFlow is not imported.

The format is a FlatBuffer. Its schema comes with LiteRT, as `ai_edge_litert.schema_py_generated`.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import flatbuffers  # type: ignore[import-untyped]
import numpy as np
from ai_edge_litert import schema_py_generated as schema  # type: ignore[import-untyped]
from ai_edge_litert.interpreter import Interpreter, OpResolverType  # type: ignore[import-untyped]

Kind = Literal[
    "float32",
    "float16",
    "dynamic",
    "int8",
    "int4",
    "int4 last",
    "uint8",
    "wrapped",
    "wrapped dynamic",
    "int8 in",
    "int8 out",
    "int8 cast",
]

_DTYPES = {
    value: name.lower() for name, value in vars(schema.TensorType).items() if name[0].isupper()
}
_OPERATORS = {
    value: name for name, value in vars(schema.BuiltinOperator).items() if name[0].isupper()
}


@dataclass(frozen=True, eq=False)
class Tensor:
    """One tensor of a file.

    Attributes:
        name: what the converter called it.
        shape: as the file has it; -1 or 1 stands for a batch of any size.
        dtype: "float32", "int8" and so on.
        scales: float32, shape (0,) if it is not quantized, (1,) per tensor, (n,) per channel.
        zero_points: int64, the shape of `scales`.
        axis: along which the channels of `scales` lie.
        data: what the file holds of it, in its shape, and None for what is computed.
        start: where `data` begins in the file, in bytes; None without data.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    scales: np.ndarray
    zero_points: np.ndarray
    axis: int
    data: np.ndarray | None
    start: int | None


@dataclass(frozen=True)
class File:
    """A .tflite file, opened.

    Attributes:
        size: in bytes.
        tensors: all of its first graph, in the file's order.
        inputs: those that a caller sets.
        outputs: those that a caller gets.
        operators: the name of each operation, in the order in which they run, with the tensors that
            it reads and writes.
    """

    size: int
    tensors: tuple[Tensor, ...]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    operators: tuple[tuple[str, tuple[Tensor, ...], tuple[Tensor, ...]], ...]

    @property
    def weights(self) -> tuple[Tensor, ...]:
        """The constants with two axes or more: kernels and matrices, no biases, no shapes."""
        return tuple(t for t in self.tensors if t.data is not None and len(t.shape) > 1)

    @property
    def computed(self) -> tuple[Tensor, ...]:
        """What the graph computes, its inputs included, but for shapes and the like."""
        return tuple(t for t in self.tensors if t.data is None and len(t.shape) > 1)


def read(content: bytes) -> File:
    """Opens a .tflite file without running it.

    Raises:
        ValueError: if the bytes are no .tflite file.
    """
    if content[4:8] != b"TFL3":
        raise ValueError("no .tflite file: bytes 4 to 8 of one are TFL3")
    model = schema.Model.GetRootAs(content, 0)
    graph = model.Subgraphs(0)
    whole = np.frombuffer(content, np.uint8)
    tensors = tuple(
        _tensor(graph.Tensors(number), model, whole) for number in range(graph.TensorsLength())
    )
    return File(
        size=len(content),
        tensors=tensors,
        inputs=tuple(tensors[n] for n in graph.InputsAsNumpy()),
        outputs=tuple(tensors[n] for n in graph.OutputsAsNumpy()),
        operators=tuple(_operators(model, graph, tensors)),
    )


def for_other_kernels(content: bytes) -> bytes:
    """The same layers for kernels that LiteRT lacks: `read` opens the file, and nothing runs it.

    It also lacks what `read` doesn't need: the operators' options, activations among them, and the
    graph's inputs and outputs. The tensors are in the opposite order. With another version alone,
    one line made it a file for LiteRT again.
    """
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
    for code in model.operatorCodes:
        code.version = 0
    graph = model.subgraphs[0]
    graph.inputs, graph.outputs = [], []
    for operator in graph.operators:
        operator.builtinOptions, operator.builtinOptionsType = None, 0
    return renumbered(_packed(model))


def renumbered(content: bytes) -> bytes:
    """The same file with its tensors in the opposite order: the input's number is not 0 then."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
    graph = model.subgraphs[0]
    last = len(graph.tensors) - 1
    graph.tensors.reverse()
    for owner in (graph, *graph.operators):
        # -1 stands for an input that was left out.
        owner.inputs = [last - n if n >= 0 else -1 for n in owner.inputs]
        owner.outputs = [last - n for n in owner.outputs]
    return _packed(model)


def _packed(model: Any) -> bytes:
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _tensor(stored: Any, model: Any, whole: np.ndarray) -> Tensor:
    dtype = _DTYPES[stored.Type()]
    shape = tuple(int(n) for n in _vector(stored.ShapeAsNumpy(), np.int32))
    quantization = stored.Quantization()
    scales, zero_points, axis = np.empty(0, np.float32), np.empty(0, np.int64), 0
    if quantization is not None:
        scales = _vector(quantization.ScaleAsNumpy(), np.float32)
        zero_points = _vector(quantization.ZeroPointAsNumpy(), np.int64)
        axis = quantization.QuantizedDimension()
    raw = _vector(model.Buffers(stored.Buffer()).DataAsNumpy(), np.uint8)
    if not len(raw) or (dtype != "int4" and dtype not in np.sctypeDict):
        return Tensor(_text(stored.Name()), shape, dtype, scales, zero_points, axis, None, None)
    start = int(raw.__array_interface__["data"][0] - whole.__array_interface__["data"][0])
    data = (_int4(raw)[: np.prod(shape)] if dtype == "int4" else raw.view(dtype)).reshape(shape)
    return Tensor(_text(stored.Name()), shape, dtype, scales, zero_points, axis, data, start)


def _int4(raw: np.ndarray) -> np.ndarray:
    """Two numbers from −8 to 7 in each byte, the first in the lower four bits → int8."""
    nibbles = np.stack([raw & 15, raw >> 4], 1).ravel().astype(np.int8)
    return np.where(nibbles > 7, nibbles - 16, nibbles).astype(np.int8)


def _operators(
    model: Any, graph: Any, tensors: tuple[Tensor, ...]
) -> Iterator[tuple[str, tuple[Tensor, ...], tuple[Tensor, ...]]]:
    for number in range(graph.OperatorsLength()):
        stored = graph.Operators(number)
        code = model.OperatorCodes(stored.OpcodeIndex())
        name = _OPERATORS[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
        # -1 stands for an input that was left out, such as a bias.
        reads = tuple(tensors[n] for n in _vector(stored.InputsAsNumpy(), np.int32) if n >= 0)
        writes = tuple(tensors[n] for n in _vector(stored.OutputsAsNumpy(), np.int32))
        yield name, reads, writes


def _vector(found: Any, dtype: type) -> np.ndarray:
    """What the schema's code gives for a vector: an array, or 0 for one that is not there."""
    return found if isinstance(found, np.ndarray) else np.empty(0, dtype)


def _text(name: bytes | None) -> str:
    return (name or b"").decode("utf-8", "replace")


def load(content: bytes, *, threads: int = 1, fast: bool = True, keep: bool = False) -> Interpreter:
    """`Interpreter(model_content=content, num_threads=threads)` with its tensors allocated.

    LiteRT writes a line to standard error the first time; it is kept off the screen.

    Args:
        content: a .tflite file.
        threads: on how many it runs.
        fast: whether XNNPACK's kernels are used where there are any, as by default. The others are
            the same on every machine.
        keep: whether what lies between the layers can be read after a run; `fast` is off then.

    Raises:
        ValueError, RuntimeError: if LiteRT can't load it.
    """
    plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    with quiet_stderr():
        interpreter = Interpreter(
            model_content=content,
            num_threads=threads,
            experimental_op_resolver_type=OpResolverType.AUTO if fast and not keep else plain,
            experimental_preserve_all_tensors=keep,
        )
        interpreter.allocate_tensors()
    return interpreter


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Keeps off the screen what compiled code writes to standard error, past Python."""
    sys.stderr.flush()
    kept, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(null)


def predict(content: bytes, inputs: np.ndarray, *, fast: bool = True) -> np.ndarray:
    """What a file answers, one example at a time.

    Args:
        content: a .tflite file with one input and one output.
        inputs: float32, shape (n, …). A file with an integer input gets them quantized with the
            scale and zero point of that input: rounded to the nearest level, and clipped.
        fast: as for `load`.

    Returns:
        float32, shape (n, …): integers are turned back with the output's own scale.
    """
    interpreter = load(content, fast=fast)
    (source,), (sink,) = interpreter.get_input_details(), interpreter.get_output_details()
    answers = []
    for one in quantized(np.asarray(inputs, np.float32), source):
        interpreter.set_tensor(source["index"], one[None])
        interpreter.invoke()
        answers.append(interpreter.get_tensor(sink["index"])[0])
    found = np.array(answers)
    scale, zero_point = sink["quantization"]
    return found if not scale else np.float32(scale) * (found.astype(np.float32) - zero_point)


def quantized(values: np.ndarray, details: dict[str, Any]) -> np.ndarray:
    """Float32 values as an input takes them, whose details the interpreter gives."""
    scale, zero_point = details["quantization"]
    if not scale:
        return values.astype(details["dtype"])
    limits = np.iinfo(details["dtype"])
    steps = np.round(values / np.float32(scale)) + zero_point
    return np.clip(steps, limits.min, limits.max).astype(details["dtype"])


def write_dense(
    layers: Sequence[tuple[np.ndarray, np.ndarray]],
    kind: Kind = "float32",
    *,
    ranges: Sequence[tuple[float, float]] | None = None,
) -> bytes:
    """A .tflite file of dense layers with ReLU between them, without TensorFlow.

    Weights are quantized per row with max|w|/127, as the converter does it; a row of zeros gets the
    scale 1.

    Args:
        layers: weights, float32 (outputs, inputs), and biases, float32 (outputs,), of each layer.
        kind: "float32"; "float16" weights that are turned back before use; "dynamic", int8 weights
            between float activations; "int8", all of it integers; "int4", the same with weights of
            4 bits, two in a byte, and "int4 last", with only the last layer's like that; "uint8",
            uint8 outside, input and output, and int8 inside; "wrapped", int8 outside and float32
            inside, "wrapped dynamic", the same with int8 weights; "int8 in" or "int8 out", only
            one of the two int8, and float32 else; "int8 cast", as "int8", but between two layers
            the numbers are cast to int32 and back.
        ranges: where input or output are integers, the smallest and the largest value of the input
            and of each layer's output. The levels are spread over it. 0 must lie in each.

    Raises:
        ValueError: where input or output are integers, without a range for each.
    """
    integers = kind in ("int8", "int4", "int4 last", "uint8", "int8 cast")
    enters = integers or kind in ("wrapped", "wrapped dynamic", "int8 in")
    leaves = integers or kind in ("wrapped", "wrapped dynamic", "int8 out")
    inside = schema.TensorType.INT8 if integers else schema.TensorType.FLOAT32
    ranges = ranges or []
    if (enters or leaves) and len(ranges) != len(layers) + 1:
        raise ValueError("int8 needs a range for the input and for each layer's output")
    writer = _Writer()
    wide = (1, layers[0][0].shape[1])
    outside = schema.TensorType.UINT8 if kind == "uint8" else schema.TensorType.INT8
    first = now = writer.tensor("input", wide, outside if enters else schema.TensorType.FLOAT32)
    scale = writer.spread(now, ranges[0], outside) if enters else 0.0
    if kind == "uint8":
        now = writer.tensor("input/int8", wide, inside)
        writer.spread(now, ranges[0])
        writer.operator(schema.BuiltinOperator.QUANTIZE, [first], now)
    elif enters and not integers:
        now = writer.tensor("input/float", wide, inside)
        writer.operator(schema.BuiltinOperator.DEQUANTIZE, [first], now)
    for number, (weights, bias) in enumerate(layers):
        name = f"dense_{number}"
        if kind in ("float32", "wrapped", "int8 in", "int8 out"):
            matrix = writer.constant(f"{name}/weights", weights.astype(np.float32))
        elif kind == "float16":
            half = writer.constant(f"{name}/weights", weights.astype(np.float16))
            matrix = writer.tensor(f"{name}/float", weights.shape, schema.TensorType.FLOAT32)
            writer.operator(schema.BuiltinOperator.DEQUANTIZE, [half], matrix)
        else:
            largest = np.abs(weights).max(1)
            four = kind == "int4" or (kind == "int4 last" and number == len(layers) - 1)
            top = 7 if four else 127
            scales = np.where(largest > 0, largest / top, 1).astype(np.float32)
            levels = np.round(weights / scales[:, None]).astype(np.int8)
            write = writer.nibbles if four else writer.constant
            matrix = write(f"{name}/weights", levels)
            writer.quantize(matrix, scales)
        if integers:
            steps = (scale * scales).astype(np.float32)
            offset = writer.constant(f"{name}/bias", np.round(bias / steps).astype(np.int32))
            writer.quantize(offset, steps)
        else:
            offset = writer.constant(f"{name}/bias", bias.astype(np.float32))
        out = writer.tensor(f"{name}/output", (1, len(weights)), inside)
        if integers:
            scale = writer.spread(out, ranges[number + 1])
        options = schema.FullyConnectedOptionsT()
        if number < len(layers) - 1:
            options.fusedActivationFunction = schema.ActivationFunctionType.RELU
        writer.operator(
            schema.BuiltinOperator.FULLY_CONNECTED,
            [now, matrix, offset],
            out,
            options,
            schema.BuiltinOptions.FullyConnectedOptions,
        )
        now = out
        if kind == "int8 cast" and number < len(layers) - 1:
            cast = writer.tensor(f"{name}/int32", (1, len(weights)), schema.TensorType.INT32)
            now = writer.tensor(f"{name}/int8", (1, len(weights)), inside)
            writer.spread(now, ranges[number + 1])
            writer.operator(schema.BuiltinOperator.CAST, [out], cast)
            writer.operator(schema.BuiltinOperator.CAST, [cast], now)
    if leaves and outside != inside:
        last = writer.tensor("output", (1, len(layers[-1][0])), outside)
        writer.spread(last, ranges[-1], outside)
        writer.operator(schema.BuiltinOperator.QUANTIZE, [now], last)
        now = last
    return writer.finish(first, now)


class _Writer:
    """A graph under construction; tensors are known by their numbers."""

    def __init__(self) -> None:
        self._graph = schema.SubGraphT()
        self._graph.tensors, self._graph.operators = [], []
        self._buffers = [schema.BufferT()]  # number 0 is the empty one
        self._codes: list[int] = []

    def tensor(self, name: str, shape: Sequence[int], dtype: int) -> int:
        made = schema.TensorT()
        made.name, made.shape, made.type, made.buffer = name, list(shape), dtype, 0
        self._graph.tensors.append(made)
        return len(self._graph.tensors) - 1

    def constant(self, name: str, values: np.ndarray) -> int:
        dtype = getattr(schema.TensorType, values.dtype.name.upper())
        number = self.tensor(name, values.shape, dtype)
        self._fill(number, np.frombuffer(values.tobytes(), np.uint8))
        return number

    def nibbles(self, name: str, values: np.ndarray) -> int:
        """Integers from −8 to 7, two in a byte: what `_int4` reads."""
        number = self.tensor(name, values.shape, schema.TensorType.INT4)
        pairs = np.append(values.ravel(), np.zeros(values.size % 2, np.int8)).reshape(-1, 2)
        low, high = (pairs.astype(np.uint8) & 15).T
        self._fill(number, low | high << 4)
        return number

    def _fill(self, number: int, data: np.ndarray) -> None:
        buffer = schema.BufferT()
        buffer.data = data
        self._graph.tensors[number].buffer = len(self._buffers)
        self._buffers.append(buffer)

    def quantize(self, number: int, scales: np.ndarray, zero_point: int = 0) -> None:
        made = schema.QuantizationParametersT()
        made.scale, made.quantizedDimension = scales, 0
        made.zeroPoint = np.full(len(scales), zero_point, np.int64)
        self._graph.tensors[number].quantization = made

    def spread(
        self, number: int, between: tuple[float, float], dtype: int = schema.TensorType.INT8
    ) -> float:
        """Quantizes an activation asymmetrically over a range; its scale."""
        low, high = between
        scale = np.float32((high - low) / 255)
        lowest = 0 if dtype == schema.TensorType.UINT8 else -128
        zero_point = int(np.clip(np.round(lowest - low / scale), lowest, lowest + 255))
        self.quantize(number, np.array([scale]), zero_point)
        return float(scale)

    def operator(
        self, code: int, reads: list[int], writes: int, options: Any = None, kind: int = 0
    ) -> None:
        if code not in self._codes:
            self._codes.append(code)
        made = schema.OperatorT()
        made.opcodeIndex = self._codes.index(code)
        made.inputs, made.outputs = reads, [writes]
        made.builtinOptions, made.builtinOptionsType = options, kind
        self._graph.operators.append(made)

    def finish(self, first: int, last: int) -> bytes:
        self._graph.inputs, self._graph.outputs = [first], [last]
        model = schema.ModelT()
        model.version, model.subgraphs, model.buffers = 3, [self._graph], self._buffers
        model.operatorCodes = []
        for code in self._codes:
            made = schema.OperatorCodeT()
            # Versions 5 and 3 are the first that take int8 weights, and float16.
            made.version = 5 if code == schema.BuiltinOperator.FULLY_CONNECTED else 3
            made.builtinCode = made.deprecatedBuiltinCode = code
            model.operatorCodes.append(made)
        return _packed(model)
