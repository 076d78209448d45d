"""Trains the networks of lesson 06: writes depthwise_network.npz, qat.csv and few_bits.csv.

It runs the functions of lesson 06 themselves, those of its further page for qat.csv: `python
course/06_quantization_aware_training/make_qat.py`, about an hour and a half on one thread, or with
`few_bits` behind it the last file alone. The numbers depend a little on the CPU and on torch's
version.
"""

import copy
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from torch import nn

from authoring.source.definitions import definitions
from coursekit.nets.data import enter_checksum, load_fashion_mnist
from coursekit.nets.measure import accuracy
from coursekit.nets.networks import depthwise_cnn, float_network, folded, small_mlp
from coursekit.nets.train import fit, set_seed

DATA = Path(__file__).parents[2] / "data"
LESSON, FURTHER = (Path(__file__).with_name(name) for name in ("lesson.py", "further.py"))
MLPS, DEPTHWISE = range(5), range(3)
# Epochs in a row that bring nothing on validation images, before training ends.
PATIENCE = {"mlp": 5, "depthwise": 8}
EPOCHS = {"mlp": 12, "depthwise": 8}
# What each way is tried with, so that none is the worse for its learning rate (Adam, SGD).
LEARNING_RATES, SGD_RATES = (1e-3, 3e-3, 3e-4), (0.1, 0.03)
# At most so many epochs, where training goes on until more of them bring nothing.
AT_MOST, ENOUGH = 40, 4
# The start of the step size, as a multiple of what fits best.
FACTORS = (1 / 8, 1 / 2, 2, 8)
# Weights and activations: which bits, and what each way is tried with.
FEW_BITS, FEW_BITS_RATES = (8, 4, 3), (1e-3, 3e-3, 1e-2)

Parts = dict[str, Any]


@dataclass(frozen=True)
class Run:
    """What is tried, its bits, how the network is made, and for how many epochs it is trained."""

    what: str
    bits: int
    make: Callable[[], nn.Module]
    epochs: int
    lr: float = 3e-4
    train: str = "train_epoch"  # the lesson's function
    patience: int = 1000  # epochs in a row that bring nothing


def parts() -> Parts:
    """Training, validation and test images, by the names that the lesson gives them."""
    data = load_fashion_mnist()
    train, validation = data.train.hold_out(2000)
    both = {"train": train.tensors(), "validation": validation.tensors()}
    return both | {"test": data.test.tensors()}


def page_functions(images: Parts, page: Path) -> dict[str, Any]:
    """What a page defines: its imports, functions, classes and the table of slopes."""
    return definitions(page, images, tables=["slopes"])


def trained(kind: str, seed: int, images: Parts) -> nn.Sequential:
    """Until more epochs bring nothing; the weights of the epoch that was best on validation."""
    if (kind, seed) == ("mlp", 0):  # it has been shipped since lesson 04
        return float_network("mlp")
    set_seed(seed)
    model = small_mlp() if kind == "mlp" else depthwise_cnn()
    best, kept, since, epoch = 0.0, copy.deepcopy(model), 0, 0
    while since < PATIENCE[kind]:
        fit(model, images["train"], epochs=1, seed=100 * seed + epoch, quiet=True)
        now = accuracy(model, *images["validation"])
        epoch, since = epoch + 1, since + 1
        if now > best:
            best, kept, since = now, copy.deepcopy(model), 0
    print(f"{kind} {seed}: {epoch} epochs, validation accuracy {best:.4f}", flush=True)
    return kept.eval()


Made = Iterator[tuple[str, int, Callable[[], nn.Module], int]]


def mlp_runs(its: dict[str, Any], model: nn.Sequential, seed: int) -> Made:
    """The parts of each `Run`, for as many epochs each."""
    epochs, qat = EPOCHS["mlp"], partial(its["with_qat"], model)
    best, largest, learned = its["best_clip"], its["largest_fits"], its["LSQLinear"]
    yield "float", 32, lambda: copy.deepcopy(model), epochs
    for bits in (8, 4, 2):
        rest = epochs if bits == 2 else 0
        yield "from the largest", bits, partial(qat, bits, largest), 0 if bits == 4 else epochs
        yield "from the best clip", bits, partial(qat, bits, best), rest
        yield "tensor, best clip", bits, partial(qat, bits, partial(whole, best)), rest
    yield "learned, from the largest", 2, partial(qat, 2, largest, learned), epochs
    yield "learned, from the best clip", 2, partial(qat, 2, best, learned), epochs
    for name, slope in its["slopes"].items():
        yield name, 2, partial(qat, 2, best, partial(its["SlopedLinear"], slope=slope)), epochs
    for name in ("ternary", "one_bit"):
        make = partial(its["FewLevels"], levels=its[name])
        yield name, 2 if name == "ternary" else 1, partial(qat, 2, best, make), epochs
    yield "each step", 2, partial(qat, 2, best, its["EachStep"]), epochs
    yield "torchao", 2, partial(prepared, its, model), epochs
    for factor in FACTORS if seed < 3 else ():
        start = partial(times, best, factor)
        yield f"fixed, × {factor:g}", 2, partial(qat, 2, start), epochs
        yield f"learned, × {factor:g}", 2, partial(qat, 2, start, learned), epochs


def depthwise_runs(its: dict[str, Any], model: nn.Sequential, seed: int) -> Made:
    """The same for the depthwise network; 0 epochs where nothing is trained."""
    epochs, qat = EPOCHS["depthwise"], partial(its["with_qat"], model, make=its["either"])
    best, largest = its["best_clip"], its["largest_fits"]
    yield "float", 32, lambda: copy.deepcopy(model), epochs
    for bits in (8, 4, 3, 2):
        yield "from the largest", bits, partial(qat, bits, largest), 0
        some = epochs if bits in (4, 3) else 0
        yield "from the best clip", bits, partial(qat, bits, best), some
        flat = partial(its["with_qat"], folded(model), bits, make=its["either"])
        yield "folded, tensor, largest", bits, partial(flat, partial(whole, largest)), 0
        some = epochs if bits == 4 else 0
        yield "folded, tensor, best clip", bits, partial(flat, partial(whole, best)), some
    yield "weights fixed", 3, partial(fixed_weights, partial(qat, 3, best)), epochs


def compared_runs(its: dict[str, Any], model: nn.Sequential) -> Iterator[Run]:
    """Biases alone beside weights and biases, each with the learning rate and epochs it needs."""
    qat, best = partial(its["with_qat"], model), its["best_clip"]
    made = {
        "row": partial(qat, 2, best),
        "tensor": partial(qat, 2, partial(whole, best)),
    }
    few = {name: partial(its["FewLevels"], levels=its[name]) for name in ("ternary", "one_bit")}
    some = partial(Run, epochs=AT_MOST, patience=ENOUGH)
    for lr in LEARNING_RATES:
        yield some("float: weights and biases", 32, lambda: copy.deepcopy(model), lr=lr)
        for name, make in made.items():
            yield some(f"{name}: biases alone", 2, partial(fixed_weights, make), lr=lr)
            yield some(f"{name}: weights and biases", 2, make, lr=lr)
    for lr in LEARNING_RATES[:2]:
        for name, levels in few.items():
            bits = 2 if name == "ternary" else 1
            make = partial(qat, 2, best, levels)
            yield some(f"{name}: biases alone", bits, partial(fixed_weights, make), lr=lr)


def sgd_runs(its: dict[str, Any], model: nn.Sequential) -> Iterator[Run]:
    """The slopes, with plain SGD."""
    for lr in SGD_RATES:
        for name, slope in its["slopes"].items():
            layer = partial(its["SlopedLinear"], slope=slope)
            make = partial(its["with_qat"], model, 2, its["best_clip"], layer)
            yield Run(f"SGD, {name}", 2, make, EPOCHS["mlp"], lr, "train_sgd")


def whole(choose: Any, w: Any, bits: int) -> Any:
    """One scale for the tensor, repeated for each row."""
    return choose(w.reshape(1, -1), bits).expand(len(w), 1).clone()


def times(choose: Any, factor: float, w: Any, bits: int) -> Any:
    return factor * choose(w, bits)


def fixed_weights(make: Callable[[], Any]) -> Any:
    """Only biases and what batch norm learns are trained."""
    model = make()
    for layer in model:
        if hasattr(layer, "bits"):
            layer.weight.requires_grad_(False)
    return model


def prepared(its: dict[str, Any], model: nn.Sequential) -> Any:
    model = copy.deepcopy(model)
    base = its["IntxWeightOnlyConfig"](
        weight_dtype=its["torch"].int2, granularity=its["PerAxis"](0)
    )
    its["quantize_"](model, its["QATConfig"](base, step="prepare"))
    return model


def on_levels(model: Any) -> list[Any]:
    return [layer.rounded().detach() for layer in model if hasattr(layer, "bits")]


def changed(now: list[Any], first: list[Any]) -> float:
    """The share of weights on another level; scales must be as they were."""
    moved = sum(int((a != b).sum()) for a, b in zip(now, first, strict=True))
    return moved / sum(a.numel() for a in now)


def rows_of(
    its: dict[str, Any], network: str, seed: int, images: Parts, runs: Iterator[Run]
) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for run in runs:
        set_seed(seed)
        tried, most, since = run.make(), 0.0, 0
        first = on_levels(tried) if run.train == "train_sgd" else None
        for epoch in range(run.epochs + 1):
            if epoch:
                its[run.train](tried, epoch - 1, seed, lr=run.lr)
            anew = its["recalibrated"](tried) if network == "depthwise" else None
            row = {"network": network, "seed": seed, "what": run.what, "bits": run.bits}
            row |= {"lr": run.lr, "epoch": epoch}
            for part in ("validation", "test"):
                row[part] = accuracy(tried, *images[part])
                row[f"{part}_anew"] = accuracy(anew, *images[part]) if anew else None
            row["changed"] = round(changed(on_levels(tried), first), 5) if first else None
            rows.append(row)
            since = 0 if row["validation"] > most else since + 1
            most = max(most, row["validation"])
            if since == run.patience:
                break
        print(network, seed, run.what, run.bits, run.lr, epoch, most, flush=True)
    return rows


def few_bits_of(seed: int) -> list[list[object]]:
    """Weights and activations of one depthwise network: rounded only, and trained in three ways."""
    images = parts()
    its = page_functions(images, LESSON)
    model = trained("depthwise", seed, images)
    rows: list[list[object]] = []

    def add(way: str, bits: int, lr: float, epoch: int, net: nn.Module) -> float:
        found = [accuracy(net, *images[part]) for part in ("validation", "test")]
        rows.append([seed, way, bits, lr, epoch, *found])
        return found[0]

    def train(way: str, bits: int, made: Callable[[], nn.Module]) -> None:
        most = 0.0
        for lr in FEW_BITS_RATES:
            net = made()
            for epoch in range(EPOCHS["depthwise"]):
                fit(net, images["train"], epochs=1, lr=lr, seed=100 * seed + epoch, quiet=True)
                most = max(most, add(way, bits, lr, epoch + 1, net))
        print(seed, way, bits, most, flush=True)

    add("float", 32, 0, 0, model)
    train("float", 32, lambda: copy.deepcopy(model))
    for bits in FEW_BITS:
        few = partial(its["in_few_bits"], model, bits)
        add("rounded only", bits, 0, 0, few(learned=False))
        train("weights fixed", bits, partial(without_weights, few))
        train("observers", bits, partial(few, learned=False))
        train("learned steps", bits, partial(few, learned=True))
    return rows


def without_weights(few: Callable[..., nn.Module]) -> nn.Module:
    """All but the weights of convolutions are trained: steps, batch norm, the last layer."""
    model = few(learned=True)
    for part in model.modules():
        if isinstance(part, nn.Conv2d):
            part.weight.requires_grad_(False)
    return model


def write_few_bits() -> None:
    columns = ["seed", "way", "bits", "lr", "epoch", "validation", "test"]
    with ProcessPoolExecutor() as pool:
        rows = [row for some in pool.map(few_bits_of, DEPTHWISE) for row in some]
    pd.DataFrame(rows, columns=columns).to_csv(DATA / "few_bits.csv", index=False)
    enter_checksum(DATA / "few_bits.csv")


def main() -> None:
    write_few_bits()
    if sys.argv[1:] == ["few_bits"]:
        return
    images = parts()
    its = page_functions(images, FURTHER)
    rows = []
    for seed in DEPTHWISE:
        model = trained("depthwise", seed, images)
        if seed == 0:
            state = model.state_dict()
            arrays = {f"depthwise.{key}": value.numpy() for key, value in state.items()}
            np.savez_compressed(DATA / "depthwise_network.npz", **arrays)
        runs = (Run(*parts) for parts in depthwise_runs(its, model, seed))
        rows += rows_of(its, "depthwise", seed, images, runs)
    models = {seed: trained("mlp", seed, images) for seed in MLPS}
    for seed, model in models.items():
        runs = (Run(*parts) for parts in mlp_runs(its, model, seed))
        rows += rows_of(its, "mlp", seed, images, runs)
    for more in (compared_runs, sgd_runs):
        for seed, model in models.items():
            rows += rows_of(its, "mlp", seed, images, more(its, model))
    pd.DataFrame(rows).to_csv(DATA / "qat.csv", index=False)
    for name in ("depthwise_network.npz", "qat.csv"):
        enter_checksum(DATA / name)


if __name__ == "__main__":
    main()
