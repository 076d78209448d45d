"""Makes own_teacher.csv: does a network teach its own pruned self? `python course/14_taught_and_factored/make_own_teacher.py`.

LeNet-300-100, trained on 4,000 images with labels, loses most of its weights in one shot, and what
is left is trained on: with labels, or taught by the network that it was; on the same images, or on
4,000 others. A quarter of an hour on two threads. What each column holds: see README.md in data/.
"""

import copy
import csv
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from pathlib import Path

import torch
from torch.nn import functional as F

from authoring.source.definitions import definitions
from coursekit.nets.combine import Network, prune_weights
from coursekit.nets.data import enter_checksum, load_fashion_mnist
from coursekit.nets.measure import accuracy
from coursekit.nets.train import learn, set_seed

DATA = Path(__file__).parents[2] / "data"
COLUMNS = ["images", "share", "way", "temperature", "lr", "seed", "validation", "test"]
SHARES, SEEDS, EPOCHS, BASE_EPOCHS = (0.9, 0.96, 0.98), range(5), 8, 12
RATES = (1e-3, 3e-3, 1e-2, 3e-2, 6e-2)
WAYS = {
    "same": (("labels", 0), ("taught", 1), ("taught", 4)),
    "others": (("labels", 0), ("first choice", 0), ("taught", 1), ("taught", 2), ("taught", 4)),
}


def of_seed(seed: int) -> list[list[object]]:
    """The rows of one dense network."""
    torch.set_num_threads(1)
    loss = definitions(Path(__file__).parent / "lesson.py")["distillation_loss"]
    data = load_fashion_mnist()
    train, validation = (part.tensors() for part in data.train.hold_out(2000))
    test = data.test.tensors()
    parts = list(zip(train[0].split(4000), train[1].split(4000), strict=True))
    both = dict(zip(WAYS, parts, strict=True))
    set_seed(seed)
    dense = Network()
    x, y = both["same"]

    def by_labels(batch: torch.Tensor) -> torch.Tensor:
        return F.cross_entropy(dense(x[batch]), y[batch])

    learn(dense, by_labels, len(y), epochs=BASE_EPOCHS, seed=seed)

    def found(model: Network) -> list[float]:
        return [accuracy(model, *validation), accuracy(model, *test)]

    rows: list[list[object]] = [["same", 0, "dense", 0, 0, seed, *found(dense)]]
    for share in SHARES:
        cut = copy.deepcopy(dense)
        prune_weights(cut, share)
        rows.append(["none", share, "untrained", 0, 0, seed, *found(cut)])
        for images, (some, true) in both.items():
            with torch.no_grad():
                told = dense(some)
            for (way, temperature), lr in product(WAYS[images], RATES):
                pruned = copy.deepcopy(cut)
                labels = told.argmax(1) if way == "first choice" else true
                # Of other images nobody knows a label: the teacher alone counts.
                weight = 1.0 if images == "others" else 0.9

                def of_batch(
                    batch: torch.Tensor,
                    pruned: Network = pruned,
                    some: torch.Tensor = some,
                    told: torch.Tensor = told,
                    labels: torch.Tensor = labels,
                    at: tuple[str, float, float] = (way, temperature, weight),
                ) -> torch.Tensor:
                    way, temperature, weight = at
                    logits = pruned(some[batch])
                    if way != "taught":
                        return F.cross_entropy(logits, labels[batch])
                    made: torch.Tensor = loss(
                        logits, told[batch], labels[batch], temperature, weight
                    )
                    return made

                learn(pruned, of_batch, len(true), epochs=EPOCHS, lr=lr, seed=100 + seed)
                rows.append([images, share, way, temperature, lr, seed, *found(pruned)])
    return rows


def main() -> None:
    with ProcessPoolExecutor(2) as pool:
        rows = [row for rows in pool.map(of_seed, SEEDS) for row in rows]
    path = DATA / "own_teacher.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows)
    enter_checksum(path)


if __name__ == "__main__":
    main()
