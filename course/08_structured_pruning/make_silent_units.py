"""Makes silent_units.csv: `python course/08_structured_pruning/make_silent_units.py MODEL.onnx`.

PP-OCRv4's recognition model, as in lesson 05's make_reader.py, has two small layers (60 and 120
units behind a ReLU) in which many units have lost all their weights. Here they are removed for
real, and the network's scores for a drawn line of text are compared. Seconds.
"""

import csv
import logging
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from authoring.source.definitions import definitions
from coursekit.nets.data import enter_checksum

DATA = Path(__file__).parents[2] / "data"
READER = Path(__file__).parents[1] / "05_post_training_quantization" / "make_reader.py"
NOTHING = 1e-4  # of a layer's largest weight


def main() -> None:
    logging.disable(logging.WARNING)
    its = definitions(READER, {"__file__": str(READER)})
    model = its["with_initializers"](sys.argv[1])
    smaller = its["copied"](model)
    tensors = {one.name: one for one in smaller.graph.initializer}
    readers = {name: node for node in model.graph.node for name in node.input}
    rows, saved = [], 0

    def replace(name: str, array: np.ndarray) -> int:
        before = numpy_helper.to_array(tensors[name]).size
        tensors[name].CopyFrom(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return before - array.size

    for node in model.graph.node:
        after = readers.get(node.output[0])
        if node.op_type != "Conv" or after is None or after.op_type != "Relu":
            continue
        reader = readers[after.output[0]]
        if reader.op_type != "Conv":
            continue
        weight, bias = (numpy_helper.to_array(tensors[name]) for name in node.input[1:])
        largest = np.abs(weight).reshape(len(weight), -1).max(1)
        kept = largest > NOTHING * largest.max()
        if kept.all():
            continue
        read = numpy_helper.to_array(tensors[reader.input[1]])
        saved += replace(node.input[1], weight[kept]) + replace(node.input[2], bias[kept])
        saved += replace(reader.input[1], read[:, kept])
        for unit, (most, sent) in enumerate(zip(largest, np.maximum(bias, 0), strict=True)):
            rows.append([len(weight), unit, f"{most:.4g}", f"{sent:.4g}", int(not kept[unit])])
    line = its["drawn"](its["LINES"][0])
    before, after = (its["Reader"](one) for one in (model, smaller))
    apart = float(np.abs(before.scores(line) - after.scores(line)).max())
    path = DATA / "silent_units.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["layer", "unit", "largest", "bias sent", "removed"])
        writer.writerows(rows)
    enter_checksum(path)
    print(f"{sum(row[-1] for row in rows)} of {len(rows)} units, {saved:,} numbers less")
    print(f"{before.read(line)} | {after.read(line)}, a score differs by at most {apart:.1e}")


if __name__ == "__main__":
    main()
