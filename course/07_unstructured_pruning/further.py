# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 07 · Unstructured pruning, further
#
# This page holds what we measured for lesson 07 and left out of it. No exercise needs it. Read what you are curious about, in any order:
#
# 1. a threshold and its ties,
# 2. one layer pruned alone,
# 3. one cut, or three,
# 4. CSR by hand, and why its file is too large,
# 5. a small layer through a CSR kernel,
# 6. what an unstructured method is handed,
# 7. nine ways on real networks, and why 1:4 beats free choice by gradient.

# %%
import copy
import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils import prune

from coursekit.nets.data import load_fashion_mnist
from coursekit.nets.measure import accuracy, count_nonzero, latency, saved_bytes, sparsity
from coursekit.nets.networks import lenet
from coursekit.nets.train import fit, set_seed
from coursekit.pictures import plot

# PyTorch calls its CSR tensors a beta feature. It says so once a session.
warnings.filterwarnings("ignore", message="Sparse CSR tensor support")


# %% tags=["nbval-ignore-output"]
def linears(model: nn.Module) -> list[nn.Linear]:
    return [layer for layer in model if isinstance(layer, nn.Linear)]


def prune_globally(model: nn.Sequential, share: float) -> nn.Sequential:
    """A copy of `model` with the given share of all its linear weights masked."""
    model = copy.deepcopy(model)
    pairs = [(layer, "weight") for layer in linears(model)]
    prune.global_unstructured(pairs, prune.L1Unstructured, amount=share)
    return model


data = load_fashion_mnist()
train, validation = (part.tensors() for part in data.train.hold_out(2000))
models = []
for seed in range(3):
    set_seed(seed)
    model = lenet()
    fit(model, train, epochs=5, seed=seed, quiet=True)
    models.append(model)
shares = [0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95]
percent = [100 * share for share in shares]

# %% [markdown]
# ## 1 · A threshold and its ties
#
# Half of these 32 weights should go. The 16th smallest magnitude is 0.4. A first idea: set everything with a magnitude below 0.4 to zero, or everything up to 0.4.

# %%
weights = torch.tensor(
    [
        [0.9, -0.1, 0.4, 0.2, -0.7, 0.3, 0.0, 0.5],
        [-0.4, 0.6, 0.1, -0.8, 0.2, 0.4, -0.3, 1.1],
        [0.1, -0.5, 0.4, 0.3, -0.2, -0.6, 0.7, -0.1],
        [1.2, 0.2, -0.9, 0.4, 0.5, -0.3, 0.6, -0.4],
    ]
)


threshold = weights.abs().flatten().sort().values[15]
below = int((weights.abs() < threshold).sum())
up_to = int((weights.abs() <= threshold).sum())
print(f"threshold {threshold:.1f}:  abs < threshold removes {below},  abs <= threshold {up_to}")
assert below < 16 < up_to

# %% [markdown]
# A threshold treats ties alike: all of them stay, or all of them go. Weights that are already zero are tied with each other; quantized weights have many ties. So choose positions, not a value.
#
# ## 2 · One layer pruned alone

# %% tags=["nbval-ignore-output"]
fig, ax = plot.figure(width=8, height=3.4)
for number, name in enumerate(("784→300", "300→100", "100→10")):
    alone = []
    for model in models:
        nets = {share: copy.deepcopy(model) for share in shares}
        for share, net in nets.items():
            prune.l1_unstructured(linears(net)[number], "weight", amount=share)
        alone.append([accuracy(net, *validation) for net in nets.values()])
    plot.band(ax, percent, np.mean(alone, 0), np.min(alone, 0), np.max(alone, 0), label=name)
    print(f"{name}, 80 % zeros there: {np.mean(alone, 0)[shares.index(0.8)]:.2f}")
ax.set(title="One layer pruned alone: mean and range of three seeds", ylim=(0, 0.95))
ax.set(xlabel="zeros (% of that layer's weights)", ylabel="validation accuracy")
ax.legend(loc="lower left")
plot.show(fig, alt="Accuracy against the sparsity of a single layer, for each of the three layers.")

# %% [markdown]
# The middle layer is the least sensitive: it can lose most. An equal share for every layer ignores that. A global ranking does not ask either: as trained it keeps *more* of the middle layer than of the first, although these curves say the opposite.
#
# ## 3 · One cut, or three
#
# Han et al. (2015) pruned, trained, and pruned again. With the formula for `amount` that is easy. At 95% zeros, with three more epochs for everybody:


# %% tags=["nbval-ignore-output"]
def in_steps(model: nn.Sequential, steps: list[float], seed: int) -> float:
    """Accuracy after pruning globally to each of three sparsities in turn, an epoch after each."""
    net, before = copy.deepcopy(model), 0.0
    for number, share in enumerate(steps):
        if share > before:
            pairs = [(layer, "weight") for layer in linears(net)]
            amount = (share - before) / (1 - before)
            prune.global_unstructured(pairs, prune.L1Unstructured, amount=amount)
        fit(net, train, epochs=1, seed=100 + 10 * number + seed)
        before = share
    return accuracy(net, *validation)


plans = {"dense control": [0, 0, 0], "one cut": [0.95] * 3, "three cuts": [0.7, 0.87, 0.95]}
by_plan = {
    name: [in_steps(model, steps, seed) for seed, model in enumerate(models)]
    for name, steps in plans.items()
}
print({name: [round(value, 3) for value in values] for name, values in by_plan.items()})

# %% [markdown]
# Three seeds can't tell three cuts from one here. Lesson 09 asks again, with five seeds, and a learning rate of its own for each schedule. Look at the control, too: after one epoch 95% zeros cost almost five points, after three they cost one to one and a half. What pruning costs depends on how long you train afterwards.
#
# Zeros that come back after `remove`: which of them stay zero?

# %% tags=["nbval-ignore-output"]
without_mask = prune_globally(models[0], 0.8)
for layer in linears(without_mask):
    prune.remove(layer, "weight")
fit(without_mask, train, epochs=1, seed=3, quiet=True)
first, images = linears(without_mask)[0], train[0].flatten(1)
dead = (first(images) <= 0).all(0)  # units that no training image switches on
there = int((first.weight[dead] == 0).sum())
total = int((first.weight == 0).sum())
print(f"zeros in the first layer: {total:,}, of these {there:,} in {int(dead.sum())} dead units")
assert there > total / 2

# %% [markdown]
# ## 4 · CSR by hand, and why its file is too large


# %%
def magnitude_mask(scores: torch.Tensor, share: float) -> torch.Tensor:
    """A mask of the shape of `scores`: 0 at the given share of smallest magnitudes, else 1."""
    remove = round(share * scores.numel())
    # Positions and not a threshold, so that ties can't change how many.
    smallest = scores.abs().flatten().argsort(stable=True)[:remove]
    mask = torch.ones(scores.numel())
    mask[smallest] = 0
    return mask.reshape(scores.shape)


sparse = weights * magnitude_mask(weights, 0.5)
values, columns, row_starts = [], [], [0]
for row in sparse.tolist():
    for column, value in enumerate(row):
        if value != 0:
            values.append(round(value, 1))
            columns.append(column)
    row_starts.append(len(values))
print("values ", values)
print("columns", columns)
print("rows   ", row_starts)


def csr_bytes(nonzeros: int, rows: int, value_bytes: int = 4, index_bytes: int = 8) -> int:
    return nonzeros * (value_bytes + index_bytes) + (rows + 1) * index_bytes


csr = sparse.to_sparse_csr()
assert csr.col_indices().tolist() == columns and csr.crow_indices().tolist() == row_starts
arrays = (csr.values(), csr.col_indices(), csr.crow_indices())
assert sum(array.nbytes for array in arrays) == csr_bytes(nonzeros=16, rows=4)
print(f"dense {sparse.nbytes} bytes, CSR {csr_bytes(16, 4)} bytes with indices of 8 bytes")

# %% [markdown]
# `to_sparse_csr` makes `columns` a view: a window on half of a larger block of memory. `torch.save` writes the whole block. `clone` gives the array a block of its own. (With 2-byte indices the formula is a little too kind: a row start can exceed 65,535, so real formats give it more.)

# %% tags=["nbval-ignore-output"]
removed = prune_globally(models[0], 0.9)
for layer in linears(removed):
    prune.remove(layer, "weight")
unit = saved_bytes(models[0])
kinds = {
    "as PyTorch makes it": lambda index: index,
    "indices cloned": torch.clone,
    "indices as int32": lambda index: index.to(torch.int32),
}
files = {}
for kind, change in kinds.items():
    state = dict(removed.state_dict())
    for name, value in removed.state_dict().items():
        if name.endswith("weight"):
            csr = value.to_sparse_csr()
            rows, columns = change(csr.crow_indices()), change(csr.col_indices())
            state[name] = torch.sparse_csr_tensor(
                rows, columns, csr.values(), value.shape, check_invariants=True
            )
            assert torch.equal(state[name].to_dense(), value)
    files[kind] = saved_bytes(state) / unit
print({kind: round(size, 2) for kind, size in files.items()}, "of the dense file")
plain, cloned, int32 = files.values()
assert plain > 1.3 * cloned > 1.5 * int32

# %% [markdown]
# Three times the same numbers, and the file shrinks at every step: first the unused part of the block goes, then half of every index.
#
# ## 5 · A small layer through a CSR kernel
#
# The first layer of the pruned LeNet, called as a layer, and its product alone:

# %% tags=["nbval-ignore-output"]
weight, bias = linears(removed)[0].weight.detach(), linears(removed)[0].bias.detach()
as_csr = weight.to_sparse_csr()
for batch in (1, 64):
    inputs = validation[0][:batch].flatten(1)
    calls = {"dense": partial(F.linear, inputs, weight, bias)}
    calls["CSR"] = lambda inputs=inputs: (as_csr @ inputs.t()).t() + bias
    assert torch.allclose(calls["dense"](), calls["CSR"](), atol=1e-4)
    column = inputs.t().contiguous()
    calls["dense, product alone"] = partial(torch.matmul, weight, column)
    calls["CSR, product alone"] = partial(torch.matmul, as_csr, column)
    times = {name: t.lower_quartile for name, t in latency(calls, runs=200).items()}
    alone = times["CSR, product alone"] / times["dense, product alone"]
    print(f"784→300, {sparsity(weight):.0%} zeros, {batch} images: CSR takes ", end="")
    print(f"{times['CSR'] / times['dense']:.2f} × the dense time; the product alone {alone:.2f} ×")

# %% [markdown]
# A ratio above 1 says that CSR is slower. When this was written it was slower for one image and faster for 64. For the 1024×1024 matrix of the lesson one input was enough to make CSR faster. Do the bias and the two transposes around the product cost that much? No: the product alone has nearly the same ratio. What differs is the size, since this layer has less than a quarter as many weights. Likely a sparse call has a fixed price that so few weights can't pay back.
#
# ## 6 · What an unstructured method is handed


# %%
class KeepNofM(prune.BasePruningMethod):
    """Keeps the `n` highest scores of every `m` neighbouring inputs of a linear layer."""

    PRUNING_TYPE = "global"  # compute_mask sees the whole matrix, also when pruning a second time

    def __init__(self, n: int, m: int) -> None:
        self.n = n
        self.m = m

    def compute_mask(self, t: torch.Tensor, default_mask: torch.Tensor) -> torch.Tensor:
        """Scores (outputs, inputs) and the mask so far → the new mask, same shape."""
        groups = (t.abs() * default_mask).reshape(len(t), -1, self.m)
        best = groups.topk(self.n, dim=2).indices
        mask = torch.zeros_like(groups).scatter(2, best, 1)
        return mask.reshape(t.shape) * default_mask  # what was gone stays gone


def granularities(share: float, n: int) -> dict[str, Callable[..., object]]:
    """Each takes a layer and its importance_scores; n of 4 is the share that stays."""
    return {
        "weight": partial(prune.l1_unstructured, name="weight", amount=share),
        f"{n}:4": partial(KeepNofM.apply, name="weight", n=n, m=4),
        "unit": partial(prune.ln_structured, name="weight", amount=share, n=1, dim=0),
    }


# %%
layer = nn.Linear(8, 4)
layer.weight.data = weights.clone()
KeepNofM.apply(layer, "weight", n=2, m=4)
per_group = layer.weight_mask.reshape(-1, 4).sum(1)
print("kept in each group of four:", per_group.int().tolist())
assert (per_group == 2).all()


# %%
class Probe(prune.BasePruningMethod):
    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: torch.Tensor, default_mask: torch.Tensor) -> torch.Tensor:
        print("an unstructured method is now handed the shape", tuple(t.shape))
        return default_mask


prune.l1_unstructured(layer, "weight", amount=0.5)
print("non-zero after pruning half of the rest:", count_nonzero(layer.weight))
Probe.apply(layer, "weight")
assert count_nonzero(layer.weight) == 8  # the probe left the mask as it was

# %% [markdown]
# A flat vector: rows and columns are gone. A method that needs rows must say `"global"`. (`prune.custom_from_mask` needs no class at all.)
#
# ## 7 · Nine ways on real networks
#
# 75% of the first two layers go, without fine-tuning. (A unit's bias stays; lesson 08 removes units for real.) The gradients come from *training* images.

# %% tags=["nbval-ignore-output"]
importance = {
    "magnitude": lambda weight: weight.detach(),
    "gradient": lambda weight: (weight * weight.grad).detach(),
    "random": lambda weight: torch.rand_like(weight),
}
nine: dict[tuple[str, str], list[float]] = {}  # accuracies, one per seed
set_seed(100)  # again not a seed that drew the weights
for model in models:
    for criterion, importance_of in importance.items():
        for granularity, apply in granularities(0.75, 1).items():
            net = copy.deepcopy(model)
            F.cross_entropy(net(train[0][:2000]), train[1][:2000]).backward()
            for layer in linears(net)[:2]:
                apply(layer, importance_scores=importance_of(layer.weight))
            nine.setdefault((granularity, criterion), []).append(accuracy(net, *validation))

# %% tags=["nbval-ignore-output"]
kinds = list(granularities(0.75, 1))
fig, ax = plot.figure(width=8, height=3.6)
plot.ranges(ax, kinds, {c: [nine[kind, c] for kind in kinds] for c in importance})
ax.set(
    title="75 % zeros: mean and range of three seeds",
    xlabel="granularity",
    ylabel="validation accuracy",
    ylim=(0, 0.95),
)
plot.show(fig, alt="Accuracy for three granularities and three criteria, three seeds each.")

mean = {key: float(np.mean(values)) for key, values in nine.items()}
by_gradient = {kind: np.array(nine[kind, "gradient"]) for kind in kinds}
print({kind: values.round(3).tolist() for kind, values in by_gradient.items()})

# %%
assert mean["weight", "magnitude"] > mean["weight", "random"] + 0.1
assert all(mean["unit", criterion] < mean["weight", criterion] for criterion in importance)

# %% [markdown]
# Units cost more than weights, whatever the criterion. (The comparison is not equal. A removed unit also makes the weights that read it useless: all they get is the constant that its bias makes. In the second layer 25% of the weights stay, but only 25% of 25% still see the image.)
#
# By gradient, 1:4 does better than the free choice of single weights, which keeps the highest scores there are. Two things can be measured.
#
# - **Which weights go together.** A unit that loses all its inputs is cut off, and a unit that nobody reads is useless. We count them. As a control, a third pattern keeps the same share in every row.
# - **The score.** In one signed sum over 2,000 images, gradients of opposite sign cancel. Squares over small batches don't (Molchanov et al. 2019): the root of the mean of $(w \cdot \partial L/\partial w)^2$ over 100 batches of 20 images.


# %%
def squared_scores(model: nn.Sequential) -> list[torch.Tensor]:
    """For the first two layers the root of the mean square of w · dL/dw, over batches of 20."""
    layers = linears(model)[:2]
    total = [torch.zeros_like(layer.weight) for layer in layers]
    for images, labels in zip(train[0][:2000].split(20), train[1][:2000].split(20), strict=True):
        model.zero_grad()
        F.cross_entropy(model(images), labels).backward()
        for sums, layer in zip(total, layers, strict=True):
            sums += (layer.weight * layer.weight.grad).detach().square() / 100
    return [sums.sqrt() for sums in total]


def same_share_per_row(layer: nn.Linear, importance_scores: torch.Tensor) -> None:
    """Prunes the 75 % of each row that have the lowest scores."""
    gone = round(0.75 * layer.in_features)
    lowest = importance_scores.abs().argsort(1)[:, :gone]
    prune.custom_from_mask(layer, "weight", torch.ones_like(layer.weight).scatter(1, lowest, 0))


# %% tags=["nbval-ignore-output"]
patterns = dict(list(granularities(0.75, 1).items())[:2])
patterns["same share per row"] = same_share_per_row
rows = []
for seed, model in enumerate(models):
    for name, squared in {"one signed sum": False, "squares over batches": True}.items():
        for granularity, apply in patterns.items():
            net = copy.deepcopy(model)
            F.cross_entropy(net(train[0][:2000]), train[1][:2000]).backward()
            layers = linears(net)[:2]
            scores = [importance["gradient"](layer.weight) for layer in layers]
            if squared:
                scores = squared_scores(net)
            for layer, score in zip(layers, scores, strict=True):
                apply(layer, importance_scores=score)
            dead = sum(int((layer.weight_mask == 0).all(1).sum()) for layer in layers)
            unread = int((layers[1].weight_mask == 0).all(0).sum())
            row = {"score": name, "choice": granularity, "seed": seed, "units without inputs": dead}
            rows.append(row | {"never read": unread, "accuracy": accuracy(net, *validation)})
measured = pd.DataFrame(rows).groupby(["score", "choice"], sort=False)
measured.agg({"units without inputs": "mean", "never read": "mean", "accuracy": list}).round(3)

# %% [markdown]
# With one signed sum, free choice leaves dozens of the 400 units without a single input; 1:4 and the control leave none. Yet the control was better than free choice with one seed only. And with squares free choice comes within about two points of 1:4. What is shown: the constraint protects from a poor score. So look at the **score** first; three seeds don't exclude that the units matter, too.
#
# ## References
#
# - S. Han, J. Pool, J. Tran, W. Dally (2015): *Learning both Weights and Connections for Efficient Neural
#   Networks*. arXiv:1506.02626. Magnitude pruning with retraining.
# - P. Molchanov, S. Tyree, T. Karras, T. Aila, J. Kautz (2017): *Pruning Convolutional Neural Networks for
#   Resource Efficient Inference*. ICLR. arXiv:1611.06440. The first-order (gradient) criterion.
# - P. Molchanov, A. Mallya, S. Tyree, I. Frosio, J. Kautz (2019): *Importance Estimation for Neural Network Pruning*.
#   CVPR. arXiv:1906.10771. The squared product of weight and gradient.
# - A. Mishra et al. (2021): *Accelerating Sparse Deep Neural Networks*. arXiv:2104.08378. N:M sparsity.
