"""Makes real_file.csv: does lesson 10's price of zeros and few bits hold for a network that people use?

`python course/10_trade_offs/make_real_file.py MODEL.onnx`, seconds. The model is that of magika 1.0.3, which tells the kind
of a file from its first and last bytes (models/standard_v3_3/model.onnx in its wheel, Apache-2.0). Of its weights only
sizes are kept. Its three matrices are pruned and quantized as the lesson's, and written to the lesson's file format.
"""

import csv
import sys
from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from torch import nn

from coursekit.nets.combine import Layer, Network, encode, prune_weights, quantize, zipped
from coursekit.nets.data import enter_checksum

DATA = Path(__file__).parents[2] / "data"
LEAST = 10_000  # weights of a matrix; norms and biases have fewer


class Real(Network):
    """The matrices of another network, a row per output, as layers of the lesson's."""

    def __init__(self, path: str) -> None:
        found = [numpy_helper.to_array(one) for one in onnx.load(path).graph.initializer]
        matrices = [one for one in found if one.size >= LEAST]
        rows = []
        for weight in matrices:
            # A convolution has a row per output; a dense layer's matrix has a column per output.
            flat = weight.reshape(len(weight), -1) if weight.ndim > 2 else weight.T
            layer = Layer(flat.shape[1], flat.shape[0])
            layer.weight.data = torch.tensor(flat)
            layer.bias.data.zero_()
            rows.append(layer)
        nn.Sequential.__init__(self, *rows)

    @property
    def layers(self) -> list[Layer]:
        return [one for one in self if isinstance(one, Layer)]


def main() -> None:
    path = DATA / "real_file.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["share", "bits", "weights", "raw_bytes", "gzip_bytes"])
        for share in (0.0, 0.5, 0.8, 0.9, 0.95):
            for bits in (32, 8, 4, 2):
                model = Real(sys.argv[1])
                prune_weights(model, share)
                quantize(model, bits)
                count = sum(layer.weight.numel() for layer in model.layers)
                content = encode(model)
                writer.writerow([share, bits, count, len(content), zipped(content)])
    enter_checksum(path)


if __name__ == "__main__":
    main()
