"""Makes tradeoffs.csv, the experiment of lesson 10: `python course/10_trade_offs/make_tradeoffs.py`.

Every network is trained for 5 epochs, pruned, tuned for 2 more, and quantized; the dense control too is tuned. Width and
pruning get the learning rate for tuning that is best on validation images over all seeds, and more rates are tried until
it does not lie at the edge. What each column holds: see README.md in data/. It takes about 6 minutes on one thread, and
needs TensorFlow for the run times.
"""

import copy
import csv
import logging
import os
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

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
from coursekit.nets.data import enter_checksum, load_fashion_mnist
from coursekit.nets.measure import accuracy, count_macs, latency
from coursekit.nets.train import fit, learn, set_seed

DATA = Path(__file__).parents[2] / "data"
SEEDS = range(5)
WIDTHS = (1.0, 0.5, 0.25, 0.125)
WEIGHTS = (0.5, 0.8, 0.9, 0.95)
UNITS = (0.5, 0.75)
BITS = (32, 8, 4, 2)
EPOCHS, TUNE = 5, 2
RATES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
FIRST = (1e-3, 3e-3, 1e-2)
COLUMNS = [
    "width",
    "structure",
    "share",
    "bits",
    "lr",
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


Plan = tuple[float, str, float]  # width, structure, share


def plans() -> list[Plan]:
    """Every width with everything that is pruned."""
    pruned = [("none", 0.0)]
    pruned += [("weights", share) for share in WEIGHTS] + [("units", share) for share in UNITS]
    return [(width, structure, share) for width in WIDTHS for structure, share in pruned]


class Run:
    """All networks of one seed."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        data = load_fashion_mnist()
        train, validation = data.train.hold_out(2000)
        self.train, self.validation = train.tensors(), validation.tensors()
        self.test = data.test.tensors()
        self.bases: dict[float, Network] = {}

    def base(self, width: float) -> Network:
        if width not in self.bases:
            set_seed(self.seed)
            self.bases[width] = Network(hidden_units(width))
            fit(self.bases[width], self.train, epochs=EPOCHS, seed=self.seed)
        return copy.deepcopy(self.bases[width])

    def make(self, plan: Plan, lr: float) -> Network:
        """Pruned and tuned, not quantized."""
        width, structure, share = plan
        model = self.base(width)
        if structure == "units":
            model = remove_units(model, share)
        elif structure == "weights":
            prune_weights(model, share, self.seed)
        inputs, labels = self.train
        learn(
            model,
            lambda batch: F.cross_entropy(model(inputs[batch]), labels[batch]),
            len(labels),
            epochs=TUNE,
            lr=lr,
            seed=100 + self.seed,
        )
        return model


def tuned(runs: list[Run], plan: Plan) -> tuple[float, list[Network]]:
    """The best learning rate of a plan, and its network of each seed."""
    made: dict[float, list[Network]] = {}
    reached: dict[float, float] = {}
    wanted = list(FIRST)
    while wanted:
        for lr in wanted:
            made[lr] = [run.make(plan, lr) for run in runs]
            both = zip(made[lr], runs, strict=True)
            reached[lr] = float(np.mean([accuracy(one, *run.validation) for one, run in both]))
        best = max(reached, key=lambda lr: reached[lr])
        place = RATES.index(best)
        wanted = [lr for lr in RATES[max(0, place - 1) : place + 2] if lr not in made]
    print(*plan, {lr: round(value, 4) for lr, value in reached.items()}, flush=True)
    return best, made[best]


@torch.no_grad()
def right(model: Network, inputs: torch.Tensor, labels: torch.Tensor) -> np.ndarray:
    return (model(inputs).argmax(1) == labels).numpy()


def row(run: Run, plan: Plan, bits: int, lr: float, network: Network) -> dict[str, object]:
    model = copy.deepcopy(network)
    quantize(model, bits)
    content = encode(model)
    answers = right(model, *run.validation)
    return dict(
        zip(("width", "structure", "share"), plan, strict=True),
        bits=bits,
        lr=lr,
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
    torch.set_num_threads(1)
    rows = []
    runs = [Run(seed) for seed in SEEDS]
    for plan in plans():
        lr, networks = tuned(runs, plan)
        for bits in BITS:
            pairs = zip(runs, networks, strict=True)
            rows += [row(run, plan, bits, lr, network) for run, network in pairs]
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
    enter_checksum(path)


if __name__ == "__main__":
    main()
