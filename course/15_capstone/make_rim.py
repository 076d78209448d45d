"""Makes rim.csv: which weights of LeNet-300-100 can go, by size or by size times input.

`python course/15_capstone/make_rim.py`, about ten minutes on one thread. It runs the functions of
lesson.py beside it on Fashion-MNIST. What each column holds: see README.md in data/.
"""

import copy
import csv
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from authoring.source.definitions import definitions
from coursekit.lesson_15 import gradual
from coursekit.lesson_15.shared_levels import network, runs, whole_numbers
from coursekit.lesson_15.squeeze import container
from coursekit.nets.data import enter_checksum, load_fashion_mnist
from coursekit.nets.measure import accuracy
from coursekit.nets.networks import lenet
from coursekit.nets.train import set_seed

DATA = Path(__file__).parents[2] / "data"
COLUMNS = ["seed", "climb", "share", "removed", "by", "bytes", "coded"]
COLUMNS += ["untrained", "validation", "test"]
SHARE, REMOVED, LEVELS, TUNED = 0.96, 3000, 8, 1e-3
BOTH = 1 - (round((1 - SHARE) * 266_200) - REMOVED) / 266_200  # as many zeros, by the climb alone
DARK = 0.1  # a pixel that is lit in fewer training images than this counts as black

its = definitions(Path(__file__).with_name("lesson.py"))
data = load_fashion_mnist()
train, validation = (part.tensors() for part in data.train.hold_out(2000))
test = data.test.tensors()
size = train[0].flatten(1).square().mean(0).sqrt()  # of each pixel, root mean square
by_magnitude = gradual.global_masks


def by_input(weights: Sequence[torch.Tensor], share: float) -> list[torch.Tensor]:
    """The same ranking, with the first layer's weights times the size of their pixels."""
    first, *others = weights
    return by_magnitude([first * size / size.mean(), *others], share)


def without(model: nn.Sequential, count: int, by: str) -> nn.Sequential:
    """A copy without the first layer's lowest scores that are left."""
    model = copy.deepcopy(model)
    weight = gradual.prunable(model)[0].data
    scores = weight.abs() * (size if by == "input" else 1)
    scores[weight == 0] = torch.inf
    weight.view(-1)[scores.flatten().argsort(stable=True)[:count]] = 0
    return model


def main() -> None:
    lr, rows = runs("trained", SHARE, epochs=20).lr.iloc[0], []
    for seed in range(5):
        for climb, rule in (("magnitude", by_magnitude), ("input", by_input)):
            for share in (SHARE, BOTH):
                gradual.global_masks = rule
                set_seed(seed)
                model = gradual.train_gradually(lenet(), train, 20, lr, share, seed=seed)
                cuts = [(0, "none")]
                if (climb, share) == ("magnitude", SHARE):
                    cuts += [(REMOVED, "magnitude"), (REMOVED, "input")]
                    weight = gradual.prunable(model)[0]
                    dark = (train[0].flatten(1) > 0).float().mean(0) < DARK
                    black, left = (weight[:, dark] != 0).sum(), (weight != 0).sum()
                    print(f"{seed}: {black} of {left} weights read black pixels", flush=True)
                for count, by in cuts:
                    cut = without(model, count, by)
                    before = accuracy(cut, *validation)
                    layers = its["tune"](its["share"](cut, LEVELS), train, 4, TUNED, seed)
                    squeezed = network(layers)
                    coded = container.write([whole_numbers(layer) for layer in layers])
                    found = [accuracy(squeezed, *part) for part in (validation, test)]
                    row = [seed, climb, round(share, 4), count, by, len(its["write"](layers))]
                    rows.append([*row, len(coded), before, *found])
                    print(*rows[-1], flush=True)
    path = DATA / "rim.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([COLUMNS, *rows])
    enter_checksum(path)


if __name__ == "__main__":
    main()
