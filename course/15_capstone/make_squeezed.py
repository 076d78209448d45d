"""Trains and squeezes the networks of lesson 15: writes squeezed.csv and squeezed_masks.npz.

It runs the functions of course/15_capstone/lesson.py themselves: `python course/15_capstone/make_squeezed.py`,
about half an hour on one thread. Runs that stand in the table already are not repeated, so that it
can be stopped and begun again. Then enter the SHA-256 in checksums.json and in README.md. The
numbers depend a little on the CPU and on torch's version.
"""

import functools
import hashlib
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from authoring.source.definitions import definitions
from coursekit.nets.data import load_fashion_mnist
from coursekit.lesson_15.gradual import prunable, train_gradually
from coursekit.nets.measure import accuracy
from coursekit.nets.networks import lenet
from coursekit.lesson_15.shared_levels import network
from coursekit.nets.train import set_seed

DATA = Path(__file__).parents[2] / "data"
LESSON = DATA.parent / "course" / "15_capstone" / "lesson.py"
TABLE, MASKS = DATA / "squeezed.csv", DATA / "squeezed_masks.npz"
SEEDS = range(5)
# Epochs of pruning, and of shared values after it. The dense control gets both.
PRUNE, TUNE = 20, 4
SHARES = (0.92, 0.96, 0.98)
# Here all rates and numbers of levels are tried, at the other sparsities the two best rates.
ASKED, TWO = 0.96, (3e-3, 1e-2)
LEVELS = (4, 8, 16)
RATES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
FIRST = {True: (3e-3, 1e-2, 3e-2), False: (1e-3, 3e-3, 1e-2)}  # pruned, dense
# The rate of the shared values, and its neighbours.
TUNED, NEIGHBOURS = 1e-3, (3e-4, 3e-3)
HALVINGS = np.arange(0, 7.5, 0.5)
COLUMNS = ["part", "what", "epochs", "share", "levels", "lr", "seed"]
COLUMNS += ["kept", "bytes", "before", "validation", "test"]

its = definitions(LESSON)
share, tune, write, read = (its[name] for name in ("share", "tune", "write", "read"))
data = load_fashion_mnist()
train_split, validation_split = data.train.hold_out(2000)
train, validation, test = (one.tensors() for one in (train_split, validation_split, data.test))


class Table:
    """The rows so far, in the file that is their only memory."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        if TABLE.is_file():
            self.rows = [dict(row) for _, row in pd.read_csv(TABLE).iterrows()]

    def find(self, **key: Any) -> list[dict[str, Any]]:
        return [row for row in self.rows if all(row[name] == key[name] for name in key)]

    def add(self, model: nn.Module, size: float = math.nan, before: float = math.nan, **key: Any):
        kept = " ".join(str(int((weight != 0).sum())) for weight in prunable(model))
        row = key | {"kept": kept, "bytes": size, "before": before}
        row |= {"validation": accuracy(model, *validation), "test": accuracy(model, *test)}
        self.rows.append(row)
        pd.DataFrame(self.rows, columns=COLUMNS).to_csv(TABLE, index=False)
        print(*(f"{value:g}" if isinstance(value, float) else value for value in row.values()))

    def best(self, rates: tuple[float, ...], **key: Any) -> float:
        """The rate with the best mean accuracy on validation images."""
        return max(
            rates, key=lambda lr: np.mean([r["validation"] for r in self.find(lr=lr, **key)])
        )


table = Table()


def key(part: str, what: str, epochs: int, share: float = 0.0, levels: int = 0) -> dict[str, Any]:
    return {"part": part, "what": what, "epochs": epochs, "share": share, "levels": levels}


@functools.cache
def trained(what: str, epochs: int, sparsity: float, lr: float, seed: int) -> nn.Sequential:
    """A network that is trained, and pruned meanwhile."""
    set_seed(seed)
    return train_gradually(lenet(), train, epochs, lr, sparsity, seed=seed)


def train_all(name: dict[str, Any], rates: tuple[float, ...]) -> float:
    """All seeds with each rate. The best one."""
    for lr in rates:
        for seed in SEEDS:
            if not table.find(**name, lr=lr, seed=seed):
                model = trained(name["what"], name["epochs"], name["share"], lr, seed)
                table.add(model, **name, lr=lr, seed=seed)
    return table.best(rates, **name)


def search(what: str, epochs: int, sparsity: float = 0.0) -> float:
    """The best rate, of as many as it takes until it does not lie at the edge."""
    name, tried = key("trained", what, epochs, sparsity), FIRST[sparsity > 0]
    while True:
        best = train_all(name, tried)
        place = RATES.index(best)
        if best == tried[-1] and place + 1 < len(RATES):
            tried = (*tried, RATES[place + 1])
        elif best == tried[0] and place:
            tried = (RATES[place - 1], *tried)
        else:
            return best


def files(what: str, sparsity: float, lr: float, levels: int) -> None:
    """One file for each seed and each rate of the shared values."""
    name = key("file", what, PRUNE + TUNE, sparsity, levels)
    rates = (TUNED, *NEIGHBOURS) if sparsity == ASKED and levels == max(LEVELS) else (TUNED,)
    for rate in rates:
        for seed in SEEDS:
            if table.find(**name, lr=rate, seed=seed):
                continue
            layers = share(trained(what, PRUNE, sparsity, lr, seed), levels)
            before = accuracy(network(layers), *validation)
            file = write(tune(layers, train, TUNE, rate, seed))
            model = network(read(file))
            table.add(model, float(len(file)), before, **name, lr=rate, seed=seed)


def thinning(lr: float) -> None:
    """For the picture: weights that stay for each pixel and unit, and the bytes of each file."""
    pixels, first, second, sizes = [], [], [], []
    for halvings in HALVINGS:
        set_seed(0)
        model = train_gradually(lenet(), train, PRUNE, lr, 1 - 0.5**halvings)
        layers = tune(share(model, 8), train, TUNE, TUNED)
        sizes.append(len(write(layers)))
        masks = [layer.weight() != 0 for layer in layers]
        pixels.append(masks[0].sum(0).numpy())
        first.append(torch.stack([masks[0].sum(1), masks[1].sum(0)]).numpy())
        second.append(torch.stack([masks[1].sum(1), masks[2].sum(0)]).numpy())
        print(halvings, sizes[-1], accuracy(network(layers), *validation))
    np.savez_compressed(
        MASKS,
        halvings=HALVINGS,
        pixels=np.array(pixels, np.uint16),
        first=np.array(first, np.uint16),
        second=np.array(second, np.uint16),
        sizes=np.array(sizes, np.uint32),
    )


def main() -> None:
    search("LeNet", PRUNE + TUNE)
    lr = search("LeNet", PRUNE, ASKED)
    for levels in LEVELS:
        files("LeNet", ASKED, lr, levels)
    for sparsity in SHARES:
        if sparsity != ASKED:
            own = train_all(key("trained", "LeNet", PRUNE, sparsity), TWO)
            files("LeNet", sparsity, own, 8)
    if not MASKS.is_file():
        thinning(1e-2)
    for path in (TABLE, MASKS):
        print(path.name, hashlib.sha256(path.read_bytes()).hexdigest())


if __name__ == "__main__":
    main()
