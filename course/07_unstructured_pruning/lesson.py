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
# # 07 · Unstructured pruning
#
# **I set 80% of my network's weights to zero, with PyTorch's own function. What have I gained?**
#
# It takes about {minutes} minutes, with a place to stop after part 4. You need lesson 00 and a little PyTorch: `nn.Linear`, a training loop, `state_dict`.
#
# The picture first: how many weights can go before a garment loses its name?

# %% tags=["nbval-ignore-output"]
from coursekit.lesson_07.opening import smallest_first

smallest_first()

# %%
import copy
import math
import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils import prune

from coursekit import guess, guesses, mark_guess, reveal
from coursekit.learn.explore import explore
from coursekit.learn.widgets import cards, pattern_test, practice, progress, quiz, respond, trace
from coursekit.lesson_07 import pictures
from coursekit.nets.data import load_fashion_mnist, load_results
from coursekit.nets.evidence import verdict
from coursekit.nets.measure import accuracy, count_nonzero, latency, saved_bytes, sparsity
from coursekit.nets.networks import lenet
from coursekit.nets.train import fit, set_seed
from coursekit.pictures import plot

# PyTorch calls its CSR tensors, which we meet in part 6, a beta feature. It says so once a session.
warnings.filterwarnings("ignore", message="Sparse CSR tensor support")
set_seed(0)

# %% [markdown]
# PyTorch's own pruning sets 80% of the weights of LeNet-300-100 to zero: 784 inputs, 300 and 100 hidden units, 10 outputs. How big is the saved file afterwards? The dense network counts as 1.

# %%
guess("80% zeros: size of the file", unit="× the dense one")


# %% tags=["nbval-ignore-output"]
def linears(model: nn.Module) -> list[nn.Linear]:
    return [layer for layer in model if isinstance(layer, nn.Linear)]


dense = lenet()
pruned = copy.deepcopy(dense)
for layer in linears(pruned):
    prune.l1_unstructured(layer, "weight", amount=0.8)
image = torch.rand(1, 1, 28, 28)
times = latency({"dense": lambda: dense(image), "pruned": lambda: pruned(image)})
time_ratio = times["pruned"].median / times["dense"].median
file_ratio = saved_bytes(pruned) / saved_bytes(dense)
fig, ax = pictures.puzzle(count_nonzero(pruned) / count_nonzero(dense), file_ratio, time_ratio)
mark_guess(ax, "80% zeros: size of the file", axis="x")
plot.show(fig, alt="Three bars beside a line at one: non-zero weights, file, time for one image.")
reveal("80% zeros: size of the file", file_ratio)

# %% [markdown]
# One weight in five is left, and yet the file has doubled, and each image takes longer. Why, and what would it take to gain something?
#
# ## 1 · By hand
#
# **Magnitude pruning** removes the weights nearest to zero: without $w_{ij}$ output $i$ changes by $|w_{ij}|\,|x_j|$, so if all inputs are about as large, small weights matter least. We want half of these 32 gone. Magnitude 0.4 comes up several times, so no threshold takes exactly 16: choose *positions*. A **mask** of zeros and ones, multiplied entry by entry, takes them out. The fraction of zeros is the **sparsity**.


# %%
def magnitude_mask(scores: torch.Tensor, share: float) -> torch.Tensor:
    """A mask of the shape of `scores`: 0 at the given share of smallest magnitudes, else 1."""
    remove = round(share * scores.numel())
    # Positions and not a threshold, so that ties can't change how many.
    smallest = scores.abs().flatten().argsort(stable=True)[:remove]
    mask = torch.ones(scores.numel())
    mask[smallest] = 0
    return mask.reshape(scores.shape)


weights = torch.tensor(
    [
        [0.9, -0.1, 0.4, 0.2, -0.7, 0.3, 0.0, 0.5],
        [-0.4, 0.6, 0.1, -0.8, 0.2, 0.4, -0.3, 1.1],
        [0.1, -0.5, 0.4, 0.3, -0.2, -0.6, 0.7, -0.1],
        [1.2, 0.2, -0.9, 0.4, 0.5, -0.3, 0.6, -0.4],
    ]
)


# %% tags=["nbval-ignore-output"]
explore(
    lambda zeros: pictures.by_hand(weights, magnitude_mask(weights, zeros / 32)),
    alt="Three grids: the weights, the mask of ones and zeros, and their product.",
    zeros=[0, 4, 8, 12, 16, 20, 24, 28],
    start={"zeros": 16},
)

# %% [markdown]
# ## 2 · The library
#
# PyTorch does the same with `prune.l1_unstructured`. *Unstructured*: any single weight may go. *L1* of a single number is its magnitude.

# %%
layer = nn.Linear(100, 50)
before = layer.weight.detach().clone()
prune.l1_unstructured(layer, "weight", amount=0.2)
print(f"{layer.weight.numel():,} entries, {count_nonzero(layer.weight):,} not zero")
print("parameters:", [name for name, _ in layer.named_parameters()])
print("buffers:   ", [name for name, _ in layer.named_buffers()])
assert layer.weight.numel() == 5000 and count_nonzero(layer.weight) == 4000
assert torch.equal(layer.weight_mask, magnitude_mask(before, 0.2))  # our mask, entry by entry
assert torch.equal(layer.weight, layer.weight_orig * layer.weight_mask)

# %% [markdown]
# `amount` is the fraction that **goes**. The tensor keeps its 5,000 entries: a mask changes values, never the shape. The parameter is `weight_orig` now and still holds every original value; `weight_mask` agrees with ours; `weight` is computed from both before each forward pass. So there's the file: it holds the weights *and* a mask as large.
#
# (One can't `deepcopy` it now. Copy before you prune.)
#
# The same line is called again, on the layer that has been pruned by 20%. How much of it is zero then?

# %%
guess("20% pruned twice: share of zeros", unit="%", low=0, high=100)

# %%
prune.l1_unstructured(layer, "weight", amount=0.2)
twice = sparsity(layer.weight)
reveal("20% pruned twice: share of zeros", round(100 * twice, 2))
for amount in (1, 1.0):
    other = nn.Linear(100, 50)
    prune.l1_unstructured(other, "weight", amount=amount)
    print(f"amount={amount} leaves {count_nonzero(other.weight):,}")
prune.remove(layer, "weight")
print(f"after remove: {count_nonzero(layer.weight):,}", end="")
prune.l1_unstructured(layer, "weight", amount=0.2)
print(f", and after 20% more: {count_nonzero(layer.weight):,}")
assert count_nonzero(layer.weight) == 3200

# %% [markdown]
# Three traps. The second call takes 20% of what the first one **left**: to get from sparsity $\rho$ to $\rho'$, ask for $(\rho' - \rho)/(1 - \rho)$. An integer is a *number* of weights: `1` is one, `1.0` is all. And `remove` sounds like an undo; it removes the **mask**, and makes the zeros permanent. It also forgets: the last call wanted the 1,000 smallest of all 5,000, found 1,800 zeros, and changed nothing.
#
# ## 3 · Which weights?
#
# LeNet learns clothes from 8,000 images, with three seeds. Every choice is made on 2,000 **validation** images. Then 80% must go, with no training afterwards: *layer-wise*, the smallest of each layer; the same with the *last layer spared*, which has a thousand weights; **global**, the smallest of the whole network; and at *random*, to see what chance alone would do.

# %% tags=["nbval-ignore-output"]
data = load_fashion_mnist()
train, validation = (part.tensors() for part in data.train.hold_out(2000))
models = []
for seed in range(3):
    set_seed(seed)
    model = lenet()
    fit(model, train, epochs=5, seed=seed, quiet=True)
    models.append(model)
dense_accuracies = [accuracy(model, *validation) for model in models]


# %%
def prune_globally(model: nn.Sequential, share: float) -> nn.Sequential:
    """A copy of `model` with the given share of all its linear weights masked."""
    model = copy.deepcopy(model)
    pairs = [(layer, "weight") for layer in linears(model)]
    prune.global_unstructured(pairs, prune.L1Unstructured, amount=share)
    return model


def prune_each(
    model: nn.Sequential,
    share: float,
    method: Callable[..., object] = prune.l1_unstructured,
    spared: int = 0,
) -> nn.Sequential:
    """A copy of `model` with the same share masked in each linear layer but the last `spared`."""
    model = copy.deepcopy(model)
    for layer in linears(model)[: len(linears(model)) - spared]:
        method(layer, "weight", amount=share)
    return model


ways = {
    "global": prune_globally,
    "layer-wise, last spared": partial(prune_each, spared=1),
    "layer-wise": prune_each,
    "random": partial(prune_each, method=prune.random_unstructured),
}

# %% tags=["nbval-ignore-output"]
shares = [0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95]
set_seed(100)  # Seeds 0 to 2 drew the weights: the same random numbers again would not be chance.
found = {
    name: np.array(
        [[accuracy(way(model, share), *validation) for share in shares] for model in models]
    )
    for name, way in ways.items()
}
plot.show(
    pictures.ways(shares, found, np.mean(dense_accuracies)),
    alt="Accuracy against sparsity for four ways to prune, and the dense network's.",
)

# %% [markdown]
# Random pruning falls first, so the criterion is worth something. Global beats layer-wise, and sparing the last layer closes nearly all of that gap. Is global always better, as one often reads?
#
# It compares magnitudes *across* layers. So divide the weights and biases of the first layer by 8, and multiply the second layer's weights by 8. ReLU lets the factor through (lesson 03), and the network computes the same, bit by bit. How much of the second layer will global pruning keep now?

# %%
guess("rescaled, 80% zeros: weights kept in layer 300→100", unit="%", low=0, high=100)

# %% tags=["nbval-ignore-output"]
rescaled = copy.deepcopy(models[0])
with torch.no_grad():
    linears(rescaled)[0].weight /= 8
    linears(rescaled)[0].bias /= 8
    linears(rescaled)[1].weight *= 8
assert torch.equal(rescaled(validation[0]), models[0](validation[0]))
kept, reached = {}, {}
for name, model in {"as trained": models[0], "rescaled": rescaled}.items():
    masked = prune_globally(model, 0.8)
    kept[name] = [100 * float(layer.weight_mask.mean()) for layer in linears(masked)]
    reached[name] = accuracy(masked, *validation)
fig, ax = pictures.kept(kept)
mark_guess(ax, "rescaled, 80% zeros: weights kept in layer 300→100", axis="x")
plot.show(fig, alt="Weights kept in each of the three layers, as trained and rescaled.")
print({name: round(value, 3) for name, value in reached.items()})
reveal("rescaled, 80% zeros: weights kept in layer 300→100", kept["rescaled"][1])

# %% [markdown]
# The same function gets another mask, and another accuracy. Global is a good **default** for a network trained from the usual initialization, not a law. Layer-wise pruning never compares two layers.
#
# LeNet gives away six weights in ten for next to nothing. Does a network that people use? PP-OCRv4 reads lines of text.

# %% tags=["nbval-ignore-output"]
reader = load_results("pruned_reader")
plot.show(
    pictures.reader(reader),
    alt="Percentage of characters misread against zeros, pruned globally and layer by layer.",
)
some = reader[(reader.way == "layer-wise") & reader.line.str.startswith("Fewer")]
for share, reads in zip(some.share, some.reads.fillna(""), strict=True):
    if share in (0.2, 0.25, 0.3, 0.4):
        print(f"{share:.0%} zeros: {reads}")

# %% [markdown]
# It has far less to spare, pruned globally too: there the cliff comes only a little later. It was made small to begin with, which is probably why. What pruning is worth depends on how much too large a network is.
#
# ## 4 · Two axes
#
# "The smallest single weights" is two choices in one. **Granularity** is what goes as one group: a single weight (*unstructured*); of every M neighbours in a row all but N (**N:M**); a whole row, a **unit**. The **criterion** gives each a *score*: its magnitude; its gradient, $|w \cdot \partial L/\partial w|$, which estimates how the loss would change without it; or chance, as the yardstick. In PyTorch they're two arguments: the method, and `importance_scores`. For N:M there's no method, so write one.


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
set_seed(0)
made_up = weights * torch.randn(4, 8)  # in place of gradients
examples = {"magnitude": weights, "gradient": made_up, "random": torch.rand(4, 8)}
nine = {}
for granularity, remove_by in granularities(0.5, 2).items():
    for criterion, scores in examples.items():
        layer = nn.Linear(8, 4)
        layer.weight.data = weights.clone()
        remove_by(layer, importance_scores=scores)
        nine[granularity, criterion] = layer.weight.detach().numpy()
plot.show(
    pictures.nine(nine),
    alt="Nine grids: three granularities by three criteria, half of each removed.",
)

# %% [markdown]
# From top to bottom the zeros get more regular, and easier for hardware. From left to right other weights go. On LeNet single weights keep most, and units lose most, whatever the criterion; and a poor *score* can cost more than the granularity does ([further](further/07_unstructured_pruning.ipynb)). A method needs three things: `PRUNING_TYPE`, `__init__`, and `compute_mask`, which returns the new mask. On a layer that's pruned already, `"global"` hands it the whole matrix, `"unstructured"` a flat vector of what is left: if you need rows, say `"global"`.
#
# > **A place to stop.** Before you go on: which two choices are in “the smallest single weights”?
# > <details><summary>Answer</summary>The granularity, which says what goes as one group, and the criterion, which scores each group.</details>
#
# ## 5 · Train on, and compare honestly
#
# **Fine-tuning** trains the pruned network a little more: what stayed makes up for what went. With the mask attached zeros stay zero. What if you call `remove` first, and then train for an epoch?

# %%
guess("80% zeros, remove, one epoch: share of zeros", unit="%", low=0, high=100)

# %% tags=["nbval-ignore-output"]
zeros = {}
for name in ("mask attached", "removed first"):
    model = prune_globally(models[0], 0.8)
    if name == "removed first":
        for layer in linears(model):
            prune.remove(layer, "weight")
    fit(model, train, epochs=1, seed=3, quiet=True)
    zeros[name] = sparsity(torch.cat([layer.weight.flatten() for layer in linears(model)]))
    print(f"{name}: {zeros[name]:.1%} zeros after one epoch")
reveal("80% zeros, remove, one epoch: share of zeros", 100 * zeros["removed first"])

# %% [markdown]
# To the optimizer a zero without a mask is a weight like any other. Fine-tune first, `remove` last. (Those that stay mostly belong to *dead* units, which no training image switches on: no activity, no gradient.)
#
# Now the accuracy, after one epoch of fine-tuning. Compared with what? The dense network of before had five epochs, the pruned one six. So the dense one gets the same epoch more, with the same images in the same order: the **dense control**. And the rule is fixed beforehand: *the highest sparsity whose mean is at most a point below the control.*

# %% tags=["nbval-ignore-output"]
tuned = {0.0: [copy.deepcopy(model) for model in models]}  # 0.0: the dense control
for share in (0.7, 0.8, 0.9, 0.95):
    tuned[share] = [prune_globally(model, share) for model in models]
for candidates in tuned.values():
    for seed, model in enumerate(candidates):
        fit(model, train, epochs=1, seed=100 + seed, quiet=True)
scores = {share: np.array([accuracy(m, *validation) for m in ms]) for share, ms in tuned.items()}
points = {
    "the network of before": {f"{s:.0%}": 100 * (v - dense_accuracies) for s, v in scores.items()},
    "the control": {f"{s:.0%}": 100 * (v - scores[0.0]) for s, v in scores.items()},
}
fig, ax = pictures.against(points, "Fine-tuned for one epoch, three seeds")
plot.show(fig, alt="Points against the dense network of before: gains; against the control: none.")
equal = {share: 100 * (values - scores[0.0]).mean() for share, values in scores.items()}
chosen = max((share for share in tuned if share and equal[share] >= -1), default=None)
assert chosen is not None, "no sparsity is within a point of the control here: try smaller ones"
images, labels = data.test.tensors()
by_seed = [[accuracy(model, images, labels) for model in tuned[z]] for z in (chosen, 0.0)]
print(f"{chosen:.0%} zeros, test images: {verdict(*by_seed, shared='seeds')}")

# %% [markdown]
# Pruned *and better*, one may read off the round points. They show what the epoch alone does, as the column of 0% tells. The test images were used once, after the choice. And *indistinguishable* isn't *equal*: the interval says how large a difference three seeds could have missed.
#
# ## 6 · Bytes
#
# A float32 zero takes 4 bytes like any float32. A sparse format stores only what isn't zero. **CSR** (compressed sparse row): the values, row after row; the column of each; and where each row begins. With $b_v$ bytes a value and $b_i$ an index, that's $\mathrm{nnz}\,(b_v + b_i) + (r+1)\,b_i$. PyTorch's indices take 8 bytes. A **bitmap** has one bit for every entry, and then the values. How many zeros does CSR need to be smaller than dense?

# %%
guess(
    "784→300 layer: zeros from which CSR with 8-byte indices is smaller", unit="%", low=0, high=100
)


# %%
def csr_bytes(nonzeros: int, rows: int, value_bytes: int = 4, index_bytes: int = 8) -> int:
    return nonzeros * (value_bytes + index_bytes) + (rows + 1) * index_bytes


nonzeros = (1 - np.linspace(0, 1, 101)) * 300 * 784
formats = {
    "dense": np.full(101, 300 * 784 * 4.0),
    "CSR, 8-byte indices": csr_bytes(nonzeros, 300),
    "CSR, 2-byte indices": csr_bytes(nonzeros, 300, index_bytes=2),
    "bitmap": nonzeros * 4 + 300 * 784 / 8,
}
fig, ax = pictures.formats(formats)
mark_guess(ax, "784→300 layer: zeros from which CSR with 8-byte indices is smaller", axis="x")
plot.show(
    fig, alt="Four lines of size against zeros: dense, CSR with large and small indices, bitmap."
)
largest, dense_line = formats["CSR, 8-byte indices"], formats["dense"][0]
pays = 100 * (largest[0] - dense_line) / (largest[0] - largest[-1])
reveal("784→300 layer: zeros from which CSR with 8-byte indices is smaller", pays)
csr = (weights * magnitude_mask(weights, 0.5)).to_sparse_csr()
arrays = (csr.values(), csr.col_indices(), csr.crow_indices())
assert sum(array.nbytes for array in arrays) == csr_bytes(nonzeros=16, rows=4)

# %% [markdown]
# Each value drags its index along. So half of the entries can be zero, and CSR is still *bigger*. Does the file keep what the formula promises?

# %% tags=["nbval-ignore-output"]
masked, removed = (prune_globally(models[0], 0.9) for _ in range(2))
for layer in linears(removed):
    prune.remove(layer, "weight")
state, as_csr, bitmap = removed.state_dict(), {}, {}
for name, value in state.items():
    as_csr[name] = value.to_sparse_csr() if name.endswith("weight") else value
    if name.endswith("weight"):
        bitmap[f"{name}_places"] = torch.from_numpy(np.packbits(value.numpy() != 0))
    bitmap[name] = value[value != 0] if name.endswith("weight") else value
files = {"mask attached": masked, "after remove": removed, "CSR": as_csr, "bitmap": bitmap}
unit = saved_bytes(models[0])
sizes = {name: saved_bytes(its) / unit for name, its in files.items()}
for name in ("after remove", "bitmap"):
    sizes[f"{name}, gzip"] = saved_bytes(files[name], compressed=True) / unit
plot.show(
    pictures.stored(sizes),
    alt="Bars of file sizes: mask attached 2, after remove 1, then CSR, bitmap, and both through gzip.",
)

# %% [markdown]
# gzip alone beats CSR: it finds the runs of zero bytes. The bitmap beats gzip, as one bit a place is less than gzip spends on the runs. For a file, store the places compactly, *then* compress. CSR is for computing without unpacking. (Its file is even larger than the formula says, for a reason: [further](further/07_unstructured_pruning.ipynb).)
#
# ## 7 · Time
#
# The last bar of the puzzle. Three networks, measured in turn, in a shuffled order: dense; 90% zeros with the mask removed; and with the mask attached.

# %% tags=["nbval-ignore-output"]
networks = {"dense": models[0], "zeros, mask removed": removed, "zeros, mask attached": masked}
timed = {}
for batch in (1, 64):
    inputs = validation[0][:batch]
    timed[batch] = latency({name: partial(net, inputs) for name, net in networks.items()}, runs=200)
plot.show(pictures.three_times(timed), alt="Times of three networks, for two batch sizes.")

# %% [markdown]
# **Zeros are not speed.** A dense product doesn't check for zeros. With the mask attached it's worse, as all weights are multiplied by it before each pass. To gain time, use a kernel that skips zeros, such as a CSR product. How many zeros does it take? Here's one 1024×1024 matrix.

# %% tags=["nbval-ignore-output"]
levels = [0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99]
set_seed(0)
full = torch.randn(1024, 1024)
by_batch = {}
for batch in (1, 128):
    inputs, calls = torch.randn(1024, batch), {}
    for share in levels:
        matrix = full * magnitude_mask(full, share)
        csr = matrix.to_sparse_csr()
        assert torch.allclose(csr @ inputs, matrix @ inputs, atol=1e-3)
        calls[f"dense {share}"] = partial(torch.matmul, matrix, inputs)
        calls[f"CSR {share}"] = partial(torch.matmul, csr, inputs)
    times = latency(calls, runs=40, warm_up=3)
    by_batch[batch] = {
        kind: [times[f"{kind} {share}"] for share in levels] for kind in ("dense", "CSR")
    }
plot.show(
    pictures.products(levels, by_batch),
    alt="Time against zeros for two batches: the dense product stays, the CSR product falls.",
)

# %% [markdown]
# The CSR line falls with the zeros: it skips them, but reads an index with each value. Where the two cross depends on the machine, the batch, and the size: for our 784→300 layer with 90% zeros and one image CSR was slower when this was written. So measure the layer that you have.
#
# What have you gained, then, with 80% zeros? Nothing, yet. A smaller *file*, once you remove the mask and store the places compactly. *Time* only with a kernel that skips, and enough zeros; or by removing whole rows and columns, which is lesson 08.

# %%
assert 1.9 < file_ratio < 2.1 and math.isclose(twice, 0.36, abs_tol=1e-6)
at = {name: dict(zip(shares, values.mean(0), strict=True)) for name, values in found.items()}
assert at["global"][0.7] > at["random"][0.7] + 0.15
assert kept["rescaled"][1] > 90 > kept["as trained"][1]
assert reached["rescaled"] < reached["as trained"]
assert math.isclose(zeros["mask attached"], 0.8, abs_tol=1e-4) and zeros["removed first"] < 0.3
assert equal[0.95] < -1 and 66 < pays < 67
assert sizes["bitmap, gzip"] < sizes["bitmap"] < sizes["after remove, gzip"] < sizes["CSR"]

# %% tags=["nbval-ignore-output"]
guesses()

# %% [markdown]
# ## You can now…
#
# - build a mask with an exact number of zeros, by hand and with `torch.nn.utils.prune`, and stack masks;
# - say what `weight`, `weight_orig` and `weight_mask` are, and make pruning permanent;
# - compare random, layer-wise and global pruning, with seeds, a dense control and one look at the test set;
# - tell what zeros do to a file and to a run time, and from when a sparse format pays;
# - write a pruning method of your own, and place any method on the two axes.
#
# **Common mistakes**
#
# - `amount` is what goes. `amount=1` is one weight, `amount=1.0` all of them.
# - 20% twice is 36%. After `remove` it counts from all entries again.
# - `remove` and then fine-tune: the zeros come back.
# - Saving, or timing, with the mask attached.
# - Counting `numel()` where non-zeros were meant.
# - "Pruned and better": against which control?
#
# **Check yourself**
#
# <details><summary>A layer has 10,000 weights. You prune 50%, then 50%, then 50%. How many are
# left?</summary>1,250: half of a half of a half. The fractions that stay multiply.</details>
#
# <details><summary>Your pruned checkpoint is twice as large as the dense one. Which keys do you look
# for?</summary><code>weight_orig</code> and <code>weight_mask</code>. Both have the full shape. After
# <code>prune.remove</code> there is one tensor again.</details>
#
# <details><summary>A colleague's pruned network needs the same time as before. Must there be a bug?
# </summary>No. A dense kernel does not look for zeros. She needs removed rows and columns, or a kernel
# that skips zeros and enough of them.</details>
#
# ## Cheat sheet
#
# | to | write |
# |---|---|
# | prune one layer by magnitude | `prune.l1_unstructured(layer, "weight", amount=0.2)` |
# | prune at random | `prune.random_unstructured(layer, "weight", amount=0.2)` |
# | prune whole rows | `prune.ln_structured(layer, "weight", amount=0.2, n=1, dim=0)` |
# | prune a network as one | `prune.global_unstructured([(layer, "weight"), …], prune.L1Unstructured, amount=0.8)` |
# | use another criterion | `importance_scores=…`, in the shape of the weight |
# | set your own mask | `prune.custom_from_mask(layer, "weight", mask)` |
# | get from sparsity $\rho$ to $\rho'$ | `amount = (new - old) / (1 - old)`, with the mask attached |
# | see whether a layer is pruned | `prune.is_pruned(layer)`, or look for `weight_orig` |
# | make it permanent | `prune.remove(layer, "weight")`, after fine-tuning |
# | count what is left | `int(torch.count_nonzero(layer.weight))` |
# | CSR bytes | $\mathrm{nnz}\,(b_v + b_i) + (r+1)\,b_i$ |
# | bitmap bytes | $n/8$, rounded up, $+\;\mathrm{nnz}\,b_v$ |
#
# Order of work: copy → prune → fine-tune with the mask, and give a dense control the same → choose on
# validation data → `remove` → save sparse or compressed → measure size and time.

# %% [markdown]
# ## Practise
#
# Nothing below is marked, and nothing leaves this machine. What you do is kept in one file, `progress.sqlite`,
# in the folder above this one, so you can stop at any time and go on where you were. Everything works by mouse and by keyboard.
# In any notebook, `cheat_sheet("07")` from `coursekit.learn.widgets` brings the page above back.
#
# **Cards.** Say the answer aloud before you turn one. Those you forget come back soon.

# %%
cards("07")

# %% [markdown]
# **Quiz.** Each option tells why it is right or wrong, and you may try again.

# %%
quiz("07")

# %% [markdown]
# **In your own words.** Write two or three sentences. You see which ideas were found in them.

# %%
respond("07")

# %% [markdown]
# **Practice.** From easy to hard, with a hint and worked steps when you want them.

# %%
practice("07")

# %% [markdown]
# **Traces.** Follow a run step by step. Say what comes next before you press the button.

# %% tags=["nbval-ignore-output"]
trace("07")

# %% [markdown]
# **Pattern test.** Ten questions on *pruning* from all lessons. Take it when the rest feels easy.

# %%
pattern_test("pruning")

# %% [markdown]
# **How far you are**, in this lesson and in the others.

# %% tags=["nbval-ignore-output"]
progress()

# %% [markdown]
# ## References
#
# - Y. LeCun, J. Denker, S. Solla (1990): *Optimal Brain Damage*. Advances in Neural Information Processing
#   Systems 2. Which weights can go, from derivatives of the loss.
# - S. Han, J. Pool, J. Tran, W. Dally (2015): *Learning both Weights and Connections for Efficient Neural
#   Networks*. arXiv:1506.02626. Magnitude pruning with retraining.
# - M. Zhu, S. Gupta (2017): *To prune, or not to prune: exploring the efficacy of pruning for model compression*.
#   arXiv:1710.01878. The sparsity rises a little at a time.
# - P. Molchanov, S. Tyree, T. Karras, T. Aila, J. Kautz (2017): *Pruning Convolutional Neural Networks for
#   Resource Efficient Inference*. ICLR. arXiv:1611.06440. The first-order (gradient) criterion.
# - P. Molchanov, A. Mallya, S. Tyree, I. Frosio, J. Kautz (2019): *Importance Estimation for Neural Network Pruning*.
#   CVPR. arXiv:1906.10771. The squared product of weight and gradient.
# - D. Blalock et al. (2020): *What is the State of Neural Network Pruning?* arXiv:2003.03033. Why so many
#   comparisons can't be trusted.
# - A. Mishra et al. (2021): *Accelerating Sparse Deep Neural Networks*. arXiv:2104.08378. N:M sparsity.
# - H. Xiao, K. Rasul, R. Vollgraf (2017): *Fashion-MNIST*. arXiv:1708.07747. The images.
# - Y. LeCun et al. (1998): *Gradient-Based Learning Applied to Document Recognition*. Proc. IEEE 86.
#   LeNet-300-100.
# - PyTorch: [`torch.nn.utils.prune`](https://docs.pytorch.org/docs/stable/nn.html#utilities) and its
#   [pruning tutorial](https://docs.pytorch.org/tutorials/intermediate/pruning_tutorial.html).
