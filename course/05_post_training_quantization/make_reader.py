"""Makes reader.csv, what int8 does to a network that reads text: `python course/05_post_training_quantization/make_reader.py MODEL.onnx`.

The model is PP-OCRv4's for recognition, from the wheel of rapidocr-onnxruntime 1.4.4
(models/ch_PP-OCRv4_rec_infer.onnx, Apache-2.0). It gets five drawn lines of text, as float32, as
onnxruntime's `quantize_dynamic` makes it with one line, and with only its weights, or only what
goes into its convolutions, rounded. What each column holds: see README.md in data/. Half a minute.
"""

import csv
import logging
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import matplotlib
import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper
from onnxruntime.quantization import quantize_dynamic
from PIL import Image, ImageDraw, ImageFont

from coursekit.nets.data import enter_checksum
from coursekit.nets.measure import latency

DATA = Path(__file__).parents[2] / "data"
LINES = [
    "Fewer bits, fewer weights: 31,360 bytes",
    "Please mind the gap between 0 and 1",
    "Flight KL1234 leaves at 17:45 from gate B6",
    "The quick brown fox jumps over the lazy dog",
    "IBAN NL91 ABNA 0417 1643 00",
]
WITH_WEIGHTS = ("Conv", "MatMul", "Gemm")


def drawn(line: str) -> np.ndarray:
    """Black on white, 48 pixels high, -1 to 1. Shape (1, 3, 48, width)."""
    path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    font = ImageFont.truetype(str(path), 34)
    image = Image.new("L", (int(font.getlength(line)) + 20, 48), 255)
    ImageDraw.Draw(image).text((10, 4), line, font=font, fill=0)
    pixels = np.asarray(image, np.float32) / 127.5 - 1
    return np.repeat(pixels[None, None], 3, axis=1)


def with_initializers(path: str) -> onnx.ModelProto:
    """The model with its weights where tools look for them: they are constants in its graph."""
    model = onnx.load(path)
    for node in list(model.graph.node):
        if node.op_type == "Constant" and node.attribute[0].t.data_type == onnx.TensorProto.FLOAT:
            tensor = node.attribute[0].t
            tensor.name = node.output[0]
            model.graph.initializer.append(tensor)
            model.graph.node.remove(node)
    return model


def copied(model: onnx.ModelProto) -> onnx.ModelProto:
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    return copy


def rounded_weights(model: onnx.ModelProto, bits: int, per_output: bool) -> onnx.ModelProto:
    """A copy whose weights lie on symmetric levels, with one scale per output or per matrix."""
    model, top = copied(model), 2 ** (bits - 1) - 1
    users = {
        node.input[1]: node.op_type for node in model.graph.node if node.op_type in WITH_WEIGHTS
    }
    for one in model.graph.initializer:
        if one.name in users:
            weight = numpy_helper.to_array(one)
            outputs = 0 if users[one.name] == "Conv" else weight.ndim - 1
            others = tuple(axis for axis in range(weight.ndim) if axis != outputs)
            largest = np.abs(weight).max(axis=others if per_output else None, keepdims=True)
            scale = np.maximum(largest / top, 1e-12)
            codes = np.clip(np.rint(weight / scale), -top, top)
            one.CopyFrom(numpy_helper.from_array((codes * scale).astype(np.float32), one.name))
    return model


def rounded_inputs(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy in which what goes into each convolution is rounded to 8 bits, one range for all."""
    model, nodes = copied(model), []
    for number, node in enumerate(model.graph.node):
        if node.op_type == "Conv":
            codes, back = [f"{number}_{part}" for part in ("codes", "scale", "zero")], f"{number}_x"
            nodes.append(helper.make_node("DynamicQuantizeLinear", [node.input[0]], codes))
            nodes.append(helper.make_node("DequantizeLinear", codes, [back]))
            node.input[0] = back
        nodes.append(node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


class Reader:
    def __init__(self, model: onnx.ModelProto) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 4
        self.session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        [characters] = [one.value for one in model.metadata_props if one.key == "character"]
        self.table = ["", *characters.splitlines(), " "]

    def scores(self, image: np.ndarray) -> np.ndarray:
        return self.session.run(None, {self.session.get_inputs()[0].name: image})[0][0]

    def read(self, image: np.ndarray) -> str:
        """The best character of each column; the same twice in a row, and none, count once."""
        best = self.scores(image).argmax(1)
        new = np.diff(best, prepend=0) != 0
        return "".join(self.table[one] for one in best[new]).strip()


def errors(wanted: str, found: str) -> int:
    """The fewest characters to change, add or leave out (Levenshtein)."""
    row = np.arange(len(found) + 1)
    for count, character in enumerate(wanted, 1):
        last, row[0] = row.copy(), count
        for place, other in enumerate(found, 1):
            row[place] = min(
                last[place - 1] + (character != other), last[place] + 1, row[place - 1] + 1
            )
    return int(row[-1])


def scales_of_convolutions(model: onnx.ModelProto) -> int:
    """How many scales the most finely quantized weights of an int8 convolution have."""
    sizes = {one.name: numpy_helper.to_array(one).size for one in model.graph.initializer}
    return max(
        sizes[node.input[1].replace("_quantized", "_scale")]
        for node in model.graph.node
        if node.op_type == "ConvInteger"
    )


def variants(path: str) -> Iterator[tuple[str, int, onnx.ModelProto, bool]]:
    """Kind, bits, model, and whether it is a file that computes as it is stored."""
    model = with_initializers(path)
    yield "float32", 32, model, True
    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder) / "before.onnx", Path(folder) / "after.onnx"
        onnx.save(model, before)
        quantize_dynamic(before, after)
        yield "quantize_dynamic", 8, onnx.load(after), True
        quantize_dynamic(before, after, per_channel=True)
        yield "quantize_dynamic, per channel", 8, onnx.load(after), True
    yield "inputs of convolutions", 8, rounded_inputs(model), False
    for bits in (8, 7, 6, 5, 4):
        yield "weights, a scale per matrix", bits, rounded_weights(model, bits, False), False
        yield "weights, a scale per output", bits, rounded_weights(model, bits, True), False


def main() -> None:
    logging.disable(logging.WARNING)
    images, rows, timed = [drawn(line) for line in LINES], [], {}
    for kind, bits, model, is_a_file in variants(sys.argv[1]):
        reader = Reader(model)
        if is_a_file:
            timed[kind] = partial(reader.scores, images[0])
        for line, image in zip(LINES, images, strict=True):
            reads = reader.read(image)
            size = len(model.SerializeToString()) if is_a_file else ""
            scales = scales_of_convolutions(model) if is_a_file and bits == 8 else ""
            rows.append([kind, bits, size, scales, line, reads, errors(line, reads)])
    times = latency(timed, runs=60)
    path = DATA / "reader.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["kind", "bits", "bytes", "scales", "time", "line", "reads", "errors"])
        for kind, bits, size, scales, *rest in rows:
            time = f"{times[kind].median / times['float32'].median:.3f}" if kind in times else ""
            writer.writerow([kind, bits, size, scales, time, *rest])
    enter_checksum(path)


if __name__ == "__main__":
    main()
