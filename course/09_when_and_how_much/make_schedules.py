"""Trains the networks of lesson 09: writes schedules.csv.

It runs the functions of course/09_when_and_how_much/lesson.py themselves: `python
course/09_when_and_how_much/make_schedules.py`, about three quarters of an hour on one thread. Runs that stand in the table
already are not repeated, so that it can be stopped and begun again. Then enter the SHA-256 in
checksums.json and in README.md. The numbers depend a little on the CPU and on torch's version.
"""

import copy
import functools
import hashlib
import math
from collections.abc import Callable, Iterable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from authoring.source.definitions import definitions
from coursekit.nets.data import load_fashion_mnist
from coursekit.nets.measure import accuracy
from coursekit.nets.networks import batch_norm_cnn, lenet
from coursekit.nets.train import set_seed

DATA = Path(__file__).parents[2] / "data"
LESSON, FURTHER = (Path(__file__).with_name(name) for name in ("lesson.py", "further.py"))
TABLE = DATA / "schedules.csv"
SEEDS = range(5)
SHARES = (0.8, 0.92, 0.96, 0.98, 0.99)
SPLIT = 0.98
SMALL = (0.96, 0.98)
# What `gap_entries` counts at these.
GAP_ENTRIES = {0.96: 11_242, 0.98: 6_023}
EPOCHS = 8  # in all, whatever the schedule
# Learning rates, each about three times the one before. Where the best of three lies at the edge,
# the next one is tried, too.
RATES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1)
FIRST = (1e-3, 3e-3, 1e-2)
LOW = (3e-4, 1e-3, 3e-3)
# The sparsities of the rounds in which tickets are looked for.
ROUNDS = (0.5, 0.8, 0.92, 0.96, 0.98)
FEW, FEW_EPOCHS = 500, 30

Images = tuple[torch.Tensor, torch.Tensor]
COLUMNS = ["part", "what", "sparsity", "lr", "seed", "kept", "parameters"]
ACCURACIES = ["before", "train", "validation", "test"]
COLUMNS += ACCURACIES


its = definitions(FURTHER) | definitions(LESSON)
train_on_plan, prunable, apply = its["train_on_plan"], its["prunable"], its["apply"]
data = load_fashion_mnist()
train_split, validation_split = data.train.hold_out(2000)
train, validation, test = (one.tensors() for one in (train_split, validation_split, data.test))


class Table:
    """The rows so far, in the file that is their only memory."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        if TABLE.is_file():
            self.rows = [dict(row) for _, row in pd.read_csv(TABLE).iterrows()]

    def has(self, **key: Any) -> bool:
        return any(all(row[name] == value for name, value in key.items()) for row in self.rows)

    def add(self, **row: Any) -> None:
        self.rows.append(row)
        pd.DataFrame(self.rows, columns=COLUMNS).to_csv(TABLE, index=False)
        print(*(f"{value:g}" if isinstance(value, float) else value for value in row.values()))

    def mean(self, part: str, what: str, sparsity: float, lr: float) -> float:
        """Mean validation accuracy over the seeds."""
        key = {"part": part, "what": what, "sparsity": sparsity, "lr": lr}
        found = [row for row in self.rows if all(row[name] == key[name] for name in key)]
        return float(np.mean([row["validation"] for row in found]))


table = Table()
# Makes and trains a network from a learning rate and a seed; tells its accuracy before training.
Make = Callable[[float, int], tuple[Any, float]]


def add(part: str, what: str, sparsity: float, lr: float, seed: int, make: Make) -> None:
    """One row, unless it is there."""
    key: dict[str, Any] = {"part": part, "what": what, "sparsity": sparsity, "lr": lr, "seed": seed}
    if table.has(**key):
        return
    model, before = make(lr, seed)
    images = few_images(seed) if part == "few images" else (train[0][:2000], train[1][:2000])
    kept = " ".join(str(int((weight != 0).sum())) for weight in prunable(model))
    numbers = sum(parameter.numel() for parameter in model.parameters())
    table.add(
        **key,
        kept=kept,
        parameters=numbers,
        before=before,
        train=accuracy(model, *images),
        validation=accuracy(model, *validation),
        test=accuracy(model, *test),
    )


def runs(
    part: str, what: str, sparsity: float, make: Make, rates: tuple[float, ...] = FIRST
) -> float:
    """All seeds with each rate, and with more where the best one lies at the edge. The best one."""
    tried = list(rates)
    while True:
        for lr in tried:
            for seed in SEEDS:
                add(part, what, sparsity, lr, seed, make)
        best = max(tried, key=lambda lr: table.mean(part, what, sparsity, lr))
        place = RATES.index(best)
        if best == tried[-1] and place + 1 < len(RATES):
            tried.append(RATES[place + 1])
        elif best == tried[0] and place:
            tried.insert(0, RATES[place - 1])
        else:
            return best


def fresh(seed: int, make: Callable[[], Any] = lenet) -> Any:
    set_seed(seed)
    return make()


def from_scratch(
    lr: float, seed: int, epochs: int = EPOCHS, make: Callable[[], Any] = lenet, **options: Any
) -> tuple[Any, float]:
    model = fresh(seed, make)
    return train_on_plan(model, train, epochs, lr, seed=seed, **options), math.nan


@functools.cache
def base(seed: int) -> Any:
    """Trained for half of the epochs, with the rate that is best for it."""
    lr = runs("base", "dense, half the epochs", 0.0, partial(from_scratch, epochs=EPOCHS // 2))
    return from_scratch(lr, seed, EPOCHS // 2)[0]


def second_half(
    lr: float, seed: int, share: float, masks: Any = its["global_masks"], **options: Any
) -> tuple[Any, float]:
    """The base network, cut at once, and trained for the other half of the epochs."""
    model = copy.deepcopy(base(seed))
    weights = prunable(model)
    if share:
        apply(masks(weights, share), weights)
    before = accuracy(model, *validation)
    plan = (lambda done: share) if share else None
    options = {"plan": plan, "masks": masks, "seed": 100 + seed} | options
    return train_on_plan(model, train, EPOCHS // 2, lr, **options), before


def constant(done: float) -> float:
    return 1.0


def schedules() -> None:
    for epochs in (EPOCHS, 2 * EPOCHS):
        runs("schedules", f"dense, {epochs} epochs", 0.0, partial(from_scratch, epochs=epochs))
    runs("schedules", "dense, rate rewound", 0.0, partial(second_half, share=0.0))
    steady = partial(second_half, share=0.0, rate=constant)
    runs("schedules", "dense, rate constant", 0.0, steady, LOW)
    for share in SHARES:
        plans = {
            "cubic": partial(its["cubic"], share),
            "one cut midway": partial(its["one_cut"], share),
            "one cut early": partial(its["one_cut"], share, when=0.1),
        }
        for name, plan in plans.items():
            runs("schedules", name, share, partial(from_scratch, plan=plan))
        runs("schedules", "rate rewound", share, partial(second_half, share=share))
        tuned = partial(second_half, share=share, rate=constant)
        runs("schedules", "rate constant", share, tuned, LOW)


def budgets() -> None:
    """Other splits over the layers than the global one, which stands in `schedules`."""

    @functools.cache
    def split(seed: int, share: float) -> Any:
        model = base(seed)
        rises = its["scan"](model, (train[0][:2000], train[1][:2000]))
        sizes = np.array([weight.numel() for weight in prunable(model)])
        return its["equal_damage"](rises, sizes, share)

    def by_scan(lr: float, seed: int, share: float) -> tuple[Any, float]:
        masks = partial(its["masks_by_layer"], split(seed, share))
        return second_half(lr, seed, share, masks)

    def each(lr: float, seed: int, share: float) -> tuple[Any, float]:
        return second_half(lr, seed, share, partial(its["masks_by_layer"], [share] * 3))

    runs("budgets", "equal damage", SPLIT, partial(by_scan, share=SPLIT))
    runs("budgets", "equal share", SPLIT, partial(each, share=SPLIT))


@functools.cache
def tickets(seed: int) -> dict[float, Any]:
    """Masks by magnitude after training, rewound to the start, and so on, round after round."""
    lr = runs("schedules", f"dense, {EPOCHS} epochs", 0.0, from_scratch)
    masks, found = None, {}
    for share in ROUNDS:
        model = started(fresh(seed), masks)
        options: dict[str, Any] = (
            {} if masks is None else {"plan": constant, "masks": partial(given, masks)}
        )
        train_on_plan(model, train, EPOCHS, lr, seed=seed, **options)
        masks = found[share] = its["global_masks"](prunable(model), share)
    return found


def given(masks: Any, weights: Any, share: float) -> Any:
    return masks


def started(model: Any, masks: Any) -> Any:
    if masks is not None:
        apply(masks, prunable(model))
    return model


def kept_by_climb(seed: int, share: float) -> np.ndarray:
    """How many weights of each layer the cubic climb has left, at its best learning rate."""
    lr = runs("schedules", "cubic", share, partial(from_scratch, plan=partial(its["cubic"], share)))
    key = {"part": "schedules", "what": "cubic", "sparsity": share, "lr": lr, "seed": seed}
    (row,) = (row for row in table.rows if all(row[name] == key[name] for name in key))
    return np.array(row["kept"].split(), int)


def plan_or_split() -> None:
    """Schedules that differ with the split held: the climb's, or that of the ticket."""
    sizes = np.array([weight.numel() for weight in prunable(lenet())])

    def held(splits: Callable[[int], np.ndarray], share: float, seed: int) -> Any:
        """Masks by magnitude in each layer; on the way there all layers are equally far."""
        gone = 1 - splits(seed) / sizes
        return lambda weights, now: its["masks_by_layer"](gone * now / share, weights)

    def rewound(lr: float, seed: int, share: float, splits: Any) -> tuple[Any, float]:
        return second_half(lr, seed, share, held(splits, share, seed))

    def in_one(lr: float, seed: int, share: float, splits: Any, plan: Any) -> tuple[Any, float]:
        return from_scratch(lr, seed, plan=plan, masks=held(splits, share, seed))

    for share in (0.98, 0.99):
        climbs = partial(kept_by_climb, share=share)
        for name, plan in {
            "one cut early": partial(its["one_cut"], share, when=0.1),
            "one cut midway": partial(its["one_cut"], share),
        }.items():
            make = partial(in_one, share=share, splits=climbs, plan=plan)
            runs("budgets", f"{name}, the climb's split", share, make)
        make = partial(rewound, share=share, splits=climbs)
        runs("budgets", "rate rewound, the climb's split", share, make)

    def of_ticket(seed: int) -> np.ndarray:
        return np.array([int(mask.sum()) for mask in tickets(seed)[SPLIT]])

    climb = partial(in_one, share=SPLIT, splits=of_ticket, plan=partial(its["cubic"], SPLIT))
    runs("budgets", "cubic, the ticket's split", SPLIT, climb)
    make = partial(rewound, share=SPLIT, splits=of_ticket)
    runs("budgets", "rate rewound, the ticket's split", SPLIT, make)


def lottery() -> None:
    def ticket(lr: float, seed: int, share: float, what: str) -> tuple[Any, float]:
        masks = tickets(seed)[share]
        if what == "random places, the climb's split":
            masks = [
                (torch.arange(mask.numel()) < left).float().view_as(mask)
                for mask, left in zip(masks, kept_by_climb(seed, share), strict=True)
            ]
        if what.startswith("random"):
            masks = its["random_masks"](masks, seed)
        model = started(fresh(1000 + seed if what == "re-initialised" else seed), masks)
        fixed = partial(given, masks)
        model = train_on_plan(model, train, EPOCHS, lr, constant, seed=200 + seed, masks=fixed)
        return model, math.nan

    split = "random places, the climb's split"
    for what in ("ticket", "re-initialised", "random ticket", split):
        runs("lottery", what, ROUNDS[-1], partial(ticket, share=ROUNDS[-1], what=what))


def as_long_as_a_search() -> None:
    """A climb with as many epochs as a ticket takes, those of the search counted."""
    epochs = EPOCHS * (len(ROUNDS) + 1)
    plan = partial(its["cubic"], ROUNDS[-1])
    make = partial(from_scratch, epochs=epochs, plan=plan)
    runs("lottery", f"cubic, {epochs} epochs", ROUNDS[-1], make)


def perceptron(first: int, second: int) -> Any:
    """784 inputs, 10 outputs; `second` 0 leaves out the second hidden layer."""
    sizes = [784, first, *([second] if second else [])]
    layers: list[nn.Module] = [nn.Flatten()]
    for inputs, outputs in pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(sizes[-1], 10))


def of_size(numbers: float, hidden: int) -> tuple[int, int]:
    """Hidden units of the dense network that has about so many numbers."""

    def shape(first: int) -> tuple[int, int]:
        return first, max(10, round(first / 3)) if hidden == 2 else 0

    def count(first: int) -> int:
        return sum(parameter.numel() for parameter in perceptron(*shape(first)).parameters())

    return shape(min(range(1, 301), key=lambda first: abs(count(first) - numbers)))


def gap_entries(share: float) -> int:
    """Entries of a climbed network, seed 0, that stores gaps: a float32 and one byte each.

    A byte says how many zeros stand before the weight. Where 256 or more do, a weight that is
    zero is stored on the way (Han et al. 2016).
    """
    make = partial(from_scratch, plan=partial(its["cubic"], share))
    model, _ = make(runs("schedules", "cubic", share, make), 0)
    entries = 0
    for weight in prunable(model):
        places = torch.cat((torch.tensor([-1]), weight.flatten().nonzero().flatten()))
        entries += len(places) - 1 + int(((places.diff() - 1) // 256).sum())
    return entries


def sparse_numbers(share: float) -> dict[str, float]:
    """Numbers of a dense network of equal weights, and of equal bytes in float32."""
    weights, rows, biases = 266_200, 410, 410
    left = weights - round(share * weights)
    bitmap, columns = weights / 8 + 4 * left, 6 * left + 4 * (rows + 3)
    numbers = {
        "equal weights": left + biases,
        "equal bytes": min(bitmap, columns) / 4 + biases,
    }
    if share in GAP_ENTRIES:
        numbers["equal bytes, gaps"] = 5 * GAP_ENTRIES[share] / 4 + biases
    return numbers


def small() -> None:
    for share in SMALL:
        for equal, numbers in sparse_numbers(share).items():
            for hidden in (2, 1) if share > 0.97 else (2,):
                shape = of_size(numbers, hidden)
                make = partial(from_scratch, make=partial(perceptron, *shape))
                name = f"{equal}, {hidden} hidden"
                runs("small and dense", name, share, make)


def few_images(seed: int) -> Images:
    some = torch.randperm(len(train[0]), generator=torch.Generator().manual_seed(seed))[:FEW]
    return train[0][some], train[1][some]


class Moved(nn.Module):
    """Moves each training image by up to so many pixels in both directions; zeros come in."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        if not self.training:
            return images
        padded = nn.functional.pad(images, [self.most] * 4)
        down, right = torch.randint(0, 2 * self.most + 1, (2, len(images), 1))
        rows, columns = torch.arange(28) + down, torch.arange(28) + right
        which = torch.arange(len(images))[:, None, None]
        return padded[which, 0, rows[:, :, None], columns[:, None, :]][:, None]


def moved_lenet(most: int) -> Any:
    return nn.Sequential(Moved(most), *lenet())


def dropped_lenet(share: float) -> Any:
    """With dropout after both hidden layers."""
    flat, one, relu, two, relu_2, out = lenet()
    return nn.Sequential(flat, one, relu, nn.Dropout(share), two, relu_2, nn.Dropout(share), out)


def few() -> None:
    def make(
        lr: float, seed: int, epochs: int = FEW_EPOCHS, network: Any = lenet, **options: Any
    ) -> tuple[Any, float]:
        model = fresh(seed, network)
        images = few_images(seed)
        return train_on_plan(model, images, epochs, lr, seed=seed, **options), math.nan

    for share in (0.8, 0.92, 0.98):
        plan = partial(its["cubic"], share)
        runs("few images", "cubic", share, partial(make, plan=plan), LOW)
    for epochs in (8, 15, FEW_EPOCHS):
        runs("few images", f"dense, {epochs} epochs", 0.0, partial(make, epochs=epochs), LOW)
    for decay in (0.3, 1.0):
        runs("few images", f"dense, decay {decay:g}", 0.0, partial(make, decay=decay), LOW)
    for share in (0.2, 0.5):
        network = partial(dropped_lenet, share)
        runs("few images", f"dense, dropout {share:g}", 0.0, partial(make, network=network), LOW)
    for most in (1, 2):
        network = partial(moved_lenet, most)
        runs("few images", f"dense, moved by {most}", 0.0, partial(make, network=network), LOW)
    shape = of_size(sparse_numbers(0.92)["equal weights"], 2)
    runs("few images", "small", 0.92, partial(make, network=partial(perceptron, *shape)), LOW)


def batch_norm() -> None:
    """Cut at once, statistics as they were, averaged anew, or after one more epoch."""

    @functools.cache
    def trained(seed: int) -> Any:
        return train_on_plan(fresh(seed, batch_norm_cnn), train, EPOCHS // 2, 1e-2, seed=seed)

    def cut(lr: float, seed: int, share: float, last: int = 3) -> tuple[Any, float]:
        """The first layers, up to `last`: 2 leaves the linear layer as it is."""
        model = copy.deepcopy(trained(seed))
        weights = prunable(model)[:last]
        apply(its["global_masks"](weights, share), weights)
        return model, accuracy(model, *validation)

    def anew(lr: float, seed: int, share: float, last: int = 3) -> tuple[Any, float]:
        model, before = cut(lr, seed, share, last)
        return its["recalibrated"](model, train[0]), before

    def tuned(lr: float, seed: int, share: float) -> tuple[Any, float]:
        model, before = cut(lr, seed, share)
        return train_on_plan(model, train, 1, lr, lambda done: share, seed=100 + seed), before

    for share in (0.0, 0.5, 0.7, 0.8, 0.9):
        for seed in SEEDS:
            add("batch norm", "cut", share, 0.0, seed, partial(cut, share=share))
            add("batch norm", "averaged anew", share, 0.0, seed, partial(anew, share=share))
            make = partial(cut, share=share, last=2)
            add("batch norm", "convolutions cut", share, 0.0, seed, make)
            make = partial(anew, share=share, last=2)
            add("batch norm", "convolutions cut, averaged anew", share, 0.0, seed, make)
    for share in (0.0, 0.9):
        runs("batch norm", "one epoch", share, partial(tuned, share=share))


def main() -> None:
    parts: Iterable[Callable[[], None]] = (
        schedules,
        budgets,
        lottery,
        small,
        few,
        batch_norm,
        plan_or_split,
        as_long_as_a_search,
    )
    for part in parts:
        part()
    print("entries with gaps:", {share: gap_entries(share) for share in SMALL}, GAP_ENTRIES)
    rows = pd.DataFrame(table.rows, columns=COLUMNS)
    rows = rows.sort_values(["part", "what", "sparsity", "lr", "seed"], kind="stable")
    rows[ACCURACIES] = rows[ACCURACIES].round(4)
    rows.to_csv(TABLE, index=False)
    content = TABLE.read_bytes()
    print(TABLE.name, len(content), hashlib.sha256(content).hexdigest())


if __name__ == "__main__":
    main()
