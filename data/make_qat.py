"""Trains the networks of lesson 06: writes depthwise_network.npz and qat.csv.

It runs the functions of course/06_quantization_aware_training/lesson.py themselves: `python
data/make_qat.py`, about twenty minutes on one thread. Then enter each SHA-256 in checksums.json and
in README.md. The numbers depend a little on the CPU and on torch's version.
"""

import ast
import copy
import hashlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from torch import nn

from coursekit.data import load_fashion_mnist
from coursekit.measure import accuracy
from coursekit.networks import depthwise_cnn, float_network, folded, small_mlp
from coursekit.train import fit, set_seed

HERE = Path(__file__).parent
LESSON = HERE.parent / "course" / "06_quantization_aware_training" / "lesson.py"
MLPS, DEPTHWISE = range(5), range(3)
# Epochs in a row that bring nothing on validation images, before training ends.
PATIENCE = {"mlp": 5, "depthwise": 8}
EPOCHS = {"mlp": 12, "depthwise": 8}
# The start of the step size, as a multiple of what fits best.
FACTORS = (1 / 8, 1 / 2, 2, 8)

Parts = dict[str, Any]


def parts() -> Parts:
    """Training, validation and test images, by the names that the lesson gives them."""
    data = load_fashion_mnist()
    train, validation = data.train.hold_out(2000)
    both = {"train": train.tensors(), "validation": validation.tensors()}
    return both | {"test": data.test.tensors()}


def lesson_functions(images: Parts) -> dict[str, Any]:
    """What the lesson defines: its imports, functions, classes and the table of slopes."""
    tree = ast.parse(LESSON.read_text(encoding="utf-8"))
    kinds = ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef
    kept: list[ast.stmt] = [
        node
        for node in tree.body
        if isinstance(node, kinds)
        or (isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "slopes")
    ]
    namespace: dict[str, Any] = dict(images)
    exec(compile(ast.Module(kept, []), str(LESSON), "exec"), namespace)
    return namespace


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
    """What is tried, its bits, how the network is made, and for how many epochs it is trained."""
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
    yield "weights fixed", 3, partial(fixed_weights, qat, best), epochs


def whole(choose: Any, w: Any, bits: int) -> Any:
    """One scale for the tensor, repeated for each row."""
    return choose(w.reshape(1, -1), bits).expand(len(w), 1).clone()


def times(choose: Any, factor: float, w: Any, bits: int) -> Any:
    return factor * choose(w, bits)


def fixed_weights(qat: Any, choose: Any) -> Any:
    """Only biases and what batch norm learns are trained."""
    model = qat(3, choose)
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


def rows_of(its: dict[str, Any], network: str, seed: int, images: Parts) -> list[dict[str, Any]]:
    model = trained(network, seed, images)
    if (network, seed) == ("depthwise", 0):
        arrays = {f"depthwise.{key}": value.numpy() for key, value in model.state_dict().items()}
        np.savez_compressed(HERE / "depthwise_network.npz", **arrays)
    rows = []
    for what, bits, make, epochs in (mlp_runs if network == "mlp" else depthwise_runs)(
        its, model, seed
    ):
        set_seed(seed)
        tried = make()
        for epoch in range(epochs + 1):
            if epoch:
                its["train_epoch"](tried, epoch - 1, seed)
            anew = its["recalibrated"](tried) if network == "depthwise" else None
            row = {"network": network, "seed": seed, "what": what, "bits": bits, "epoch": epoch}
            for part in ("validation", "test"):
                row[part] = accuracy(tried, *images[part])
                row[f"{part}_anew"] = accuracy(anew, *images[part]) if anew else None
            rows.append(row)
        print(network, seed, what, bits, rows[-1]["validation"], flush=True)
    return rows


def main() -> None:
    images = parts()
    its = lesson_functions(images)
    rows = []
    for network, seeds in (("depthwise", DEPTHWISE), ("mlp", MLPS)):
        for seed in seeds:
            rows += rows_of(its, network, seed, images)
    pd.DataFrame(rows).to_csv(HERE / "qat.csv", index=False)
    for name in ("depthwise_network.npz", "qat.csv"):
        content = (HERE / name).read_bytes()
        print(name, len(content), hashlib.sha256(content).hexdigest())


if __name__ == "__main__":
    main()
