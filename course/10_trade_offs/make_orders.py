"""Makes orders.csv, lesson 10's answer to “prune first, or quantize first?”.

`python course/10_trade_offs/make_orders.py`, about a quarter of an hour on one thread. LeNet-300-100 is trained for 5
epochs, pruned and quantized in either order, and tuned for 2 more, before the rounding or after both. Where it is tuned
after, the steps stay as they were, or are searched again every 25 batches. Each way gets the learning rates that it needs
for its best one not to lie at the edge. The numbers depend a little on the CPU and on torch's version.
"""

import copy
import csv
import os
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from coursekit.nets.combine import Network, prune_weights, quantize, remove_units, search_again
from coursekit.nets.data import enter_checksum, load_fashion_mnist
from coursekit.nets.measure import accuracy
from coursekit.nets.train import fit, learn, set_seed

DATA = Path(__file__).parents[2] / "data"
SEEDS = range(5)
# 90% of the units leave 9% of the weights, 95% leave 4.5%: about as many as with weights pruned.
PRUNED = [("weights", 0.9), ("weights", 0.95), ("units", 0.9), ("units", 0.95)]
RATES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
FIRST = (3e-3, 1e-2, 3e-2)
EPOCHS, TUNE, EVERY = 5, 2, 25
COLUMNS = ["structure", "share", "bits", "order", "steps", "lr", "seed"]
COLUMNS += ["clipped", "validation", "test"]

Setting = tuple[str, float, int, str, str]


def settings() -> list[Setting]:
    """What is pruned, how much, to how many bits, in which order, and what the steps do."""
    rows: list[Setting] = []
    for structure, share in PRUNED:
        for bits in (8, 4, 2):
            rows.append((structure, share, bits, "prune, tune, quantize", "found last"))
            for order in ("prune, quantize, tune", "quantize, prune, tune"):
                rows += [(structure, share, bits, order, steps) for steps in ("fixed", "again")]
    return rows


class Run:
    """All networks of one seed; what several settings share is trained once."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        data = load_fashion_mnist()
        train, validation = data.train.hold_out(2000)
        self.train, self.validation = train.tensors(), validation.tensors()
        self.test = data.test.tensors()
        set_seed(seed)
        self.base = Network()
        fit(self.base, self.train, epochs=EPOCHS, seed=seed)
        self.kept: dict[tuple[str, float, float], Network] = {}

    def tune(self, model: Network, lr: float, again: bool) -> None:
        inputs, labels = self.train
        batches = 0

        def loss(batch: torch.Tensor) -> torch.Tensor:
            nonlocal batches
            if again and batches and batches % EVERY == 0:
                search_again(model)
            batches += 1
            return F.cross_entropy(model(inputs[batch]), labels[batch])

        learn(model, loss, len(labels), epochs=TUNE, lr=lr, seed=100 + self.seed)
        if again:
            search_again(model)

    def make(self, setting: Setting, lr: float) -> Network:
        structure, share, bits, order, steps = setting
        key = (structure, share, lr)
        if order == "prune, tune, quantize" and key in self.kept:
            model = copy.deepcopy(self.kept[key])
            quantize(model, bits)
            return model
        model = copy.deepcopy(self.base)
        for what in order.split(", "):
            if what == "quantize":
                quantize(model, bits)
            elif what == "tune":
                self.tune(model, lr, steps == "again")
                if order == "prune, tune, quantize":
                    self.kept[key] = copy.deepcopy(model)
            elif structure == "units":
                model = remove_units(model, share)
            else:
                prune_weights(model, share, self.seed)
        return model


@torch.no_grad()
def clipped(model: Network) -> float:
    """The share of the weights that are left which lie beyond the outermost level."""
    beyond = left = 0
    for layer in model.layers:
        limit = layer.steps * (2 ** (layer.bits - 1) - 0.5)
        weight = (layer.weight * layer.mask).abs()
        beyond += int((weight > limit)[layer.mask == 1].sum())
        left += int(layer.mask.sum())
    return beyond / left


def main() -> None:
    os.environ["TQDM_DISABLE"] = "1"
    torch.set_num_threads(1)
    runs = [Run(seed) for seed in SEEDS]
    rows = []
    for setting in settings():
        tried: dict[float, float] = {}
        wanted = list(FIRST)
        while wanted:
            for lr in wanted:
                reached = []
                for run in runs:
                    model = run.make(setting, lr)
                    reached.append(accuracy(model, *run.validation))
                    test = accuracy(model, *run.test)
                    measured = (f"{clipped(model):.4f}", f"{reached[-1]:.4f}", f"{test:.4f}")
                    rows.append([*setting, lr, run.seed, *measured])
                tried[lr] = float(np.mean(reached))
            place = RATES.index(max(tried, key=lambda lr: tried[lr]))
            wanted = [lr for lr in RATES[max(0, place - 1) : place + 2] if lr not in tried]
        print(*setting, {lr: round(value, 4) for lr, value in tried.items()}, flush=True)
    path = DATA / "orders.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows)
    enter_checksum(path)


if __name__ == "__main__":
    main()
