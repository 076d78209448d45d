"""Makes reader_rows.csv: `python course/03_choosing_the_range/make_reader_rows.py MODEL.onnx`.

The model is PP-OCRv4's for recognition, from the wheel of rapidocr-onnxruntime 1.4.4
(models/ch_PP-OCRv4_rec_infer.onnx, Apache-2.0). Of its convolution with the widest spread, the
largest magnitude of each output's weights is kept, and of all its weights the share that one int8
scale makes 0. What each column holds: see README.md in data/. Seconds.
"""

import csv
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from coursekit.nets.data import enter_checksum

DATA = Path(__file__).parents[2] / "data"


def main() -> None:
    model = onnx.load(sys.argv[1])
    tensors = {
        node.output[0]: numpy_helper.to_array(node.attribute[0].t)
        for node in model.graph.node
        if node.op_type == "Constant"
    }
    spread = {}
    for node in model.graph.node:
        if node.op_type == "Conv":
            weight = np.abs(tensors[node.input[1]]).reshape(len(tensors[node.input[1]]), -1)
            largest = weight.max(axis=1)
            spread[float(largest.max() / np.median(largest))] = weight
    weight = spread[max(spread)]
    silent = float((weight < weight.max() / 254).mean())
    path = DATA / "reader_rows.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["output", "largest", "zeros"])
        for output, row in enumerate(weight):
            zeros = float((row < weight.max() / 254).mean())
            writer.writerow([output, f"{row.max():.6g}", f"{zeros:.4f}"])
    enter_checksum(path)
    print(f"{len(weight)} outputs, {max(spread):.1f} times the median, {silent:.1%} become 0")


if __name__ == "__main__":
    main()
