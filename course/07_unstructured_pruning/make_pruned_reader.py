"""Makes pruned_reader.csv: `python course/07_unstructured_pruning/make_pruned_reader.py MODEL.onnx`.

PP-OCRv4's recognition model, as in lesson 05's make_reader.py, reads five drawn lines of text after
its smallest weights were set to zero: globally, or the same share of each matrix. Nothing is trained
on. What each column holds: see README.md in data/. A minute.
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
its = definitions(READER, {"__file__": str(READER)})
SHARES = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6)


def pruned(model: onnx.ModelProto, share: float, globally: bool) -> onnx.ModelProto:
    """A copy with that share of the weights of convolutions and products at zero."""
    model = its["copied"](model)
    used = {node.input[1] for node in model.graph.node if node.op_type in its["WITH_WEIGHTS"]}
    tensors = [one for one in model.graph.initializer if one.name in used]
    weights = [numpy_helper.to_array(one) for one in tensors]
    every = np.sort(np.concatenate([np.abs(weight).ravel() for weight in weights]))
    for one, weight in zip(tensors, weights, strict=True):
        among = every if globally else np.sort(np.abs(weight).ravel())
        gone = round(share * len(among))
        threshold = among[gone - 1] if gone else -1.0
        kept = np.where(np.abs(weight) > threshold, weight, 0).astype(np.float32)
        one.CopyFrom(numpy_helper.from_array(kept, one.name))
    return model


def main() -> None:
    logging.disable(logging.WARNING)
    model = its["with_initializers"](sys.argv[1])
    images = [its["drawn"](line) for line in its["LINES"]]
    path = DATA / "pruned_reader.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["way", "share", "line", "reads", "errors"])
        for way in ("global", "layer-wise"):
            for share in SHARES:
                reader = its["Reader"](pruned(model, share, way == "global"))
                for line, image in zip(its["LINES"], images, strict=True):
                    reads = reader.read(image)
                    writer.writerow([way, share, line, reads, its["errors"](line, reads)])
    enter_checksum(path)


if __name__ == "__main__":
    main()
