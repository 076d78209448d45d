"""Makes tradeoffs.csv, the experiment of lesson 10: `python course/10_trade_offs/make_tradeoffs.py`.

Every network is trained for 5 epochs, then changed, and trained for 2 more at some point on the
way, the dense control too. What each column holds: see README.md here. It takes about 4 minutes on
one core, and needs TensorFlow for the run times.
"""

import copy
import csv
import hashlib
import json
import logging
import os
from pathlib import Path

import numpy as np
import torch

from coursekit.nets.combine import (
    Network,
    encode,
    entropy_bytes,
    hidden_units,
    prune_weights,
    quantize,
    remove_units,
    zipped,
)
from coursekit.nets.data import load_fashion_mnist
from coursekit.nets.measure import count_macs, latency
from coursekit.nets.train import fit, set_seed

DATA = Path(__file__).parents[2] / "data"
SEEDS = (0, 1, 2)
WIDTHS = (1.0, 0.5, 0.25, 0.125)
WEIGHTS = (0.5, 0.8, 0.9, 0.95)
UNITS = (0.5, 0.75)
EPOCHS, TUNE = 5, 2
COLUMNS = [
    "width",
    "structure",
    "share",
    "bits",
    "order",
    "seed",
    "first",
    "second",
    "parameters",
    "nonzero",
    "macs",
    "raw_bytes",
    "gzip_bytes",
    "entropy_bytes",
    "latency",
    "latency_low",
    "latency_high",
    "validation",
    "test",
    "right",
]


def settings() -> list[tuple[float, str, float, int, str]]:
    """Every combination that is tried: width, structure, share, bits, order."""
    pruned = [("weights", share) for share in WEIGHTS] + [("units", share) for share in UNITS]
    rows = []
    for width in WIDTHS:
        for structure, share in [("none", 0.0), *pruned]:
            for bits in (32, 8, 4, 2):
                rows.append((width, structure, share, bits, "prune, tune, quantize"))
        for bits in (8, 4, 2):
            rows.append((width, "none", 0.0, bits, "prune, quantize, tune"))
            for structure, share in pruned:
                rows.append((width, structure, share, bits, "quantize, tune, prune"))
                if width == 1.0 or (width == 0.25 and bits < 8):
                    rows.append((width, structure, share, bits, "prune, quantize, tune"))
                if width == 1.0:
                    rows.append((width, structure, share, bits, "quantize, prune, tune"))
    return rows


def prune(model: Network, structure: str, share: float, seed: int) -> Network:
    if structure == "units":
        return remove_units(model, share)
    if structure == "weights":
        prune_weights(model, share, seed)
    return model


class Run:
    """All networks of one seed; what several settings share is trained once."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        data = load_fashion_mnist()
        train, validation = data.train.hold_out(2000)
        self.train, self.validation = train.tensors(), validation.tensors()
        self.test = data.test.tensors()
        self.kept: dict[tuple[object, ...], Network] = {}

    def base(self, width: float) -> Network:
        if (width,) not in self.kept:
            set_seed(self.seed)
            model = Network(hidden_units(width))
            fit(model, self.train, epochs=EPOCHS, seed=self.seed)
            self.kept[width,] = model
        return copy.deepcopy(self.kept[width,])

    def make(self, width: float, structure: str, share: float, bits: int, order: str) -> Network:
        steps = order.split(", ")
        model = self.base(width)
        done: tuple[object, ...] = (width,)
        for step in steps:
            if step == "prune":
                model = prune(model, structure, share, self.seed)
                done += (structure, share)
            elif step == "quantize":
                quantize(model, bits)
                done += (bits,)
            elif (*done, "tuned") in self.kept:
                model = copy.deepcopy(self.kept[(*done, "tuned")])
            else:
                fit(model, self.train, epochs=TUNE, seed=100 + self.seed)
                self.kept[(*done, "tuned")] = copy.deepcopy(model)
        return model


@torch.no_grad()
def right(model: Network, inputs: torch.Tensor, labels: torch.Tensor) -> np.ndarray:
    return (model(inputs).argmax(1) == labels).numpy()


def row(run: Run, setting: tuple[float, str, float, int, str]) -> dict[str, object]:
    model = run.make(*setting)
    content = encode(model)
    answers = right(model, *run.validation)
    return dict(
        zip(("width", "structure", "share", "bits", "order"), setting, strict=True),
        seed=run.seed,
        first=model.hidden[0],
        second=model.hidden[1],
        parameters=sum(p.numel() for p in model.parameters()),
        nonzero=sum(int(torch.count_nonzero(layer.used())) for layer in model.layers),
        macs=count_macs(model, run.test[0][:1]),
        raw_bytes=len(content),
        gzip_bytes=zipped(content),
        entropy_bytes=round(entropy_bytes(model)),
        validation=f"{answers.mean():.4f}",
        test=f"{right(model, *run.test).mean():.4f}",
        right=np.packbits(answers).tobytes().hex(),
    )


def run_times(shapes: set[tuple[int, int]]) -> dict[tuple[int, int, bool], tuple[float, ...]]:
    """Median and quartiles in LiteRT, one image and one thread, against the dense float32 median.

    Returns:
        For each shape, and whether it is int8: median, lower and upper quartile.
    """
    os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", TF_ENABLE_ONEDNN_OPTS="0")
    logging.disable(logging.WARNING)
    import tensorflow as tf
    from ai_edge_litert.interpreter import Interpreter

    images = load_fashion_mnist().train.images[:100].astype(np.float32) / 255
    calls = {}
    for first, second in sorted(shapes):
        keras = tf.keras.Sequential(
            [
                tf.keras.Input((784,)),
                tf.keras.layers.Dense(first, "relu"),
                tf.keras.layers.Dense(second, "relu"),
                tf.keras.layers.Dense(10),
            ]
        )
        for int8 in (False, True):
            converter = tf.lite.TFLiteConverter.from_keras_model(keras)
            if int8:
                converter.optimizations = [tf.lite.Optimize.DEFAULT]
                converter.representative_dataset = lambda: (
                    [image.reshape(1, 784)] for image in images
                )
                converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
                converter.inference_input_type = tf.int8
                converter.inference_output_type = tf.int8
            interpreter = Interpreter(model_content=converter.convert(), num_threads=1)
            interpreter.allocate_tensors()
            place = interpreter.get_input_details()[0]
            interpreter.set_tensor(place["index"], np.ones((1, 784), place["dtype"]))
            calls[first, second, int8] = interpreter.invoke
    times = latency({str(key): call for key, call in calls.items()}, runs=4000, warm_up=200)
    dense = times[str((*hidden_units(1.0), False))].median
    return {
        key: (t.median / dense, t.lower_quartile / dense, t.upper_quartile / dense)
        for key, t in ((key, times[str(key)]) for key in calls)
    }


def main() -> None:
    os.environ["TQDM_DISABLE"] = "1"
    rows = []
    for seed in SEEDS:
        run = Run(seed)
        rows += [row(run, setting) for setting in settings()]
        print(f"seed {seed}: {len(rows)} networks", flush=True)
    times = run_times({(int(str(r["first"])), int(str(r["second"]))) for r in rows})
    for r in rows:
        # 4 and 2 bits are taken to be unpacked to int8 when the file is loaded.
        key = (int(str(r["first"])), int(str(r["second"])), r["bits"] != 32)
        names = ("latency", "latency_low", "latency_high")
        r.update(zip(names, (f"{t:.4f}" for t in times[key]), strict=True))
    path = DATA / "tradeoffs.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    content = path.read_bytes()
    checksums = json.loads((DATA / "checksums.json").read_text())
    checksums["tradeoffs.csv"] = hashlib.sha256(content).hexdigest()
    (DATA / "checksums.json").write_text(json.dumps(checksums, indent=2) + "\n")
    print(f"tradeoffs.csv: {len(content):,} bytes, SHA-256 {checksums['tradeoffs.csv']}")


if __name__ == "__main__":
    main()
