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
# **I set 80 % of my network's weights to zero, with PyTorch's own function. What have I gained?**
#
# This lesson shows what zeros do to a file and to a run time, which weights can go, and how to tell.
#
# It takes about {minutes} minutes, with places to stop after part 4 and within part 7. You need a little PyTorch: `nn.Linear`, a training loop, `state_dict`.
#
# Three questions from lesson 00 before you begin. Of 100 weights 30 are pruned: what shape has their tensor then? What
# is faster about it? Two models differ in four images: which one is better?
#
# <details><summary>Answers</summary>
#
# The same as before. Nothing: a zero is multiplied like any number. That can't be told from four images.
#
# </details>
#
# We start with the puzzle itself. Below, PyTorch's own pruning sets 80 % of the weights of
# LeNet-300-100 to zero. The network has 784 inputs, 300 and 100 hidden units, and 10 outputs.
# How big is the saved file afterwards, and how long does one image take? The dense network counts as 1. Before you look,
# two cells with `guess` ask for one each: run them, answer, and go on.
#
# The picture first (of another network, which was trained for a shorter time): how many weights can go before a garment loses its
# name?

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
import pandas as pd
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils import prune

from coursekit import guess, guesses, mark_guess, reveal
from coursekit.learn.widgets import cards, pattern_test, practice, progress, quiz, respond, trace
from coursekit.nets.data import load_fashion_mnist
from coursekit.nets.evidence import verdict
from coursekit.nets.measure import Latency, accuracy, compare, count_nonzero, latency
from coursekit.nets.measure import saved_bytes, sparsity
from coursekit.nets.networks import lenet
from coursekit.nets.train import fit, set_seed
from coursekit.pictures import plot

# %%
# PyTorch calls its CSR tensors, which we meet in part 5, a beta feature. It says so once a session.
warnings.filterwarnings("ignore", message="Sparse CSR tensor support")
set_seed(0)


# %%
def linears(model: nn.Module) -> list[nn.Linear]:
    return [layer for layer in model if isinstance(layer, nn.Linear)]


dense = lenet()
pruned = copy.deepcopy(dense)
for layer in linears(pruned):
    prune.l1_unstructured(layer, "weight", amount=0.8)

# %%
guess("80 % zeros: size of the file", unit="× the dense one")

# %%
guess("80 % zeros: time for one image", unit="× the dense one")

# %% tags=["nbval-ignore-output"]
image = torch.rand(1, 1, 28, 28)
times = latency({"dense": lambda: dense(image), "pruned": lambda: pruned(image)})
time_ratio = times["pruned"].median / times["dense"].median
file_ratio = saved_bytes(pruned) / saved_bytes(dense)
left = count_nonzero(pruned) / count_nonzero(dense)

fig, ax = plot.figure(height=2.2)
names = ["non-zero weights", "file", "time for one image"]
plot.bars(ax, names, [left, file_ratio, time_ratio], label="{:.2f}")
ax.axvline(1, color="black", linewidth=1)
ax.set(title="80 % of the weights set to zero", xlabel="dense network = 1")
mark_guess(ax, "80 % zeros: size of the file", axis="x")
plot.show(fig, alt="Three bars beside a line at one: non-zero weights, file, time for one image.")
reveal("80 % zeros: size of the file", file_ratio)
reveal("80 % zeros: time for one image", time_ratio)

# %%
assert 1.9 < file_ratio < 2.1

# %% [markdown]
# Read the bars from the top. One weight in five is left, and yet the file has doubled and each image
# takes longer. Each of the two long bars has a cause and a remedy:
#
# | bar | the reason | where |
# |---|---|---|
# | file | it holds the weights *and* a mask | parts 2 and 5 |
# | time | zeros are multiplied like any number, and the mask is applied again each time | part 6 |
#
# ## 1 · By hand
#
# Begin with a layer that fits on the screen: 8 inputs, 4 outputs. PyTorch stores its weights with the
# shape (outputs, inputs), so one **row** holds all weights of one output.
#
# **Magnitude pruning** removes the weights nearest to zero. The reason: a weight $w_{ij}$ adds
# $w_{ij}\,x_j$ to output $i$. Without it, the output changes by $|w_{ij}|\,|x_j|$. If all inputs have
# about the same size, small weights matter least.
#
# We want 50 % zeros: 16 of the 32 weights. The 16th smallest magnitude here is 0.4. A first idea: set
# everything with a magnitude below 0.4 to zero, or everything up to 0.4.

# %%
weights = torch.tensor(
    [
        [0.9, -0.1, 0.4, 0.2, -0.7, 0.3, 0.0, 0.5],
        [-0.4, 0.6, 0.1, -0.8, 0.2, 0.4, -0.3, 1.1],
        [0.1, -0.5, 0.4, 0.3, -0.2, -0.6, 0.7, -0.1],
        [1.2, 0.2, -0.9, 0.4, 0.5, -0.3, 0.6, -0.4],
    ]
)
fig, ax = plot.figure(height=2.6)
plot.matrix(ax, weights.numpy())
ax.set(title="A layer's weights: 4 outputs, 8 inputs", xlabel="input", ylabel="output")
plot.show(fig, alt="A grid of 4 rows and 8 columns of numbers from -0.9 to 1.2.")

# %%
threshold = weights.abs().flatten().sort().values[15]
below = int((weights.abs() < threshold).sum())
up_to = int((weights.abs() <= threshold).sum())
print(f"threshold {threshold:.1f}:  abs < threshold removes {below},  abs <= threshold {up_to}")
assert below < 16 < up_to

# %% [markdown]
# Several weights share the magnitude 0.4, and a threshold treats **ties** alike: all of them stay, or all of them go.
# Weights that are already zero are tied with each other; quantized weights have many ties.
#
# The cure: choose *positions*, not a value. Sort the positions by magnitude and take the first $k$:
#
# $$k = \operatorname{round}(\rho\,n), \qquad M_{ij} = \begin{cases}0 & \text{if } (i,j)
# \text{ is among the } k \text{ smallest } |W_{ij}|\\ 1 & \text{otherwise}\end{cases}, \qquad
# W' = M \odot W$$
#
# $W$ holds the weights, $n$ is their number, $\rho$ the **sparsity** we want (the share of zeros). $M$ is
# the **mask**, which has the shape of $W$. $\odot$ multiplies entry by entry. Any of the tied weights may
# go, as long as exactly $k$ go.


# %%
def magnitude_mask(scores: torch.Tensor, share: float) -> torch.Tensor:
    """A mask of the shape of `scores`: 0 at the given share of smallest magnitudes, else 1."""
    remove = round(share * scores.numel())
    # Positions and not a threshold, so that ties can't change how many.
    smallest = scores.abs().flatten().argsort(stable=True)[:remove]
    mask = torch.ones(scores.numel())
    mask[smallest] = 0
    return mask.reshape(scores.shape)


mask = magnitude_mask(weights, 0.5)
fig, axes = plot.figure(1, 3, width=11, height=2.4)
pictures = {"weights $W$": weights, "mask $M$": mask, "$W' = M \\odot W$": weights * mask}
for ax, (title, values) in zip(axes, pictures.items(), strict=True):
    plot.matrix(ax, values.numpy(), decimals=0 if values is mask else 1)
    ax.set(title=title, xlabel="input", ylabel="output")
plot.show(fig, alt="Three grids: the weights, the mask of ones and zeros, and their product.")

assert (mask == 0).sum() == 16
assert (magnitude_mask(torch.zeros(10), 0.3) == 0).sum() == 3  # all tied: still exactly three

# %% [markdown]
# ## 2 · The library
#
# PyTorch does the same with `prune.l1_unstructured(layer, "weight", amount=…)`. *Unstructured* means
# that any single weight may go, wherever it stands. *L1* of a single number is its magnitude.
#
# A layer with 100 inputs and 50 outputs is pruned with `amount=0.2`. Look at how many entries `layer.weight` has
# afterwards, and how many are not zero.

# %%
layer = nn.Linear(100, 50)
before = layer.weight.detach().clone()
prune.l1_unstructured(layer, "weight", amount=0.2)
print(f"{layer.weight.numel():,} entries, {count_nonzero(layer.weight):,} not zero")
assert layer.weight.numel() == 5000 and count_nonzero(layer.weight) == 4000

for name, parameter in layer.named_parameters():
    print("parameter", name, tuple(parameter.shape))
for name, buffer in layer.named_buffers():
    print("buffer   ", name, tuple(buffer.shape))
assert torch.equal(layer.weight_mask, magnitude_mask(before, 0.2))  # our mask, entry by entry
assert torch.equal(layer.weight_orig, before)  # nothing is lost yet
assert torch.equal(layer.weight, layer.weight_orig * layer.weight_mask)

try:
    copy.deepcopy(layer)
    copied = True
except RuntimeError:
    copied = False
    print("deepcopy fails with a RuntimeError")
assert not copied

# %% [markdown]
# `amount` is the share that **goes**. The tensor keeps its 5,000 entries, since a mask changes values and
# never the shape. 4,000 of them are not zero.
#
# The parameter is called `weight_orig` now and still holds every original value. The buffer `weight_mask`
# holds the zeros and ones, and agrees with our mask in every entry. `weight` is no parameter any more: a hook
# computes it as `weight_orig * weight_mask` before each forward pass. This is called *reparametrization*.
#
# Why does the copy fail? `weight` is the result of a computation that autograd remembers, and `deepcopy`
# copies only tensors that were created as such. (After a forward pass under `no_grad`, or after `remove`, it works.) Copy
# before you prune.
#
# Now three traps. **1**: what do `amount=1` and `amount=1.0` leave of 5,000 weights? **2**: the same pruning line is called again, on the layer that has been pruned by 20 %. Which share of its weights is zero then?

# %%
guess("20 % pruned twice: share of zeros", unit="%", low=0, high=100)

# %%
for amount in (1, 1.0):
    other = nn.Linear(100, 50)
    prune.l1_unstructured(other, "weight", amount=amount)
    print(f"amount={amount} leaves {count_nonzero(other.weight):,}")

prune.l1_unstructured(layer, "weight", amount=0.2)
twice = sparsity(layer.weight)
reveal("20 % pruned twice: share of zeros", round(100 * twice, 2))

# %% [markdown]
# **3**: `prune.remove(layer, "weight")` sounds like an undo. What does it remove, the pruning or something
# else? After it, the cell prunes by 20 % once more.

# %%
assert math.isclose(twice, 1 - 0.8 * 0.8, abs_tol=1e-6)
prune.remove(layer, "weight")
print("parameters:", sorted(name for name, _ in layer.named_parameters()))
print("buffers:   ", sorted(name for name, _ in layer.named_buffers()))
print(f"non-zero:   {count_nonzero(layer.weight):,} after remove")
assert count_nonzero(layer.weight) == 3200
prune.l1_unstructured(layer, "weight", amount=0.2)
print(f"non-zero:   {count_nonzero(layer.weight):,} after one more call with amount=0.2")
assert count_nonzero(layer.weight) == 3200

# %% [markdown]
# **1**. An integer is a *number of weights*: `1` is one weight, `1.0` is all of them.
#
# **2**. 36 %, not 40 %. The second call takes 20 % of what the first one **left**: 1,000 of 5,000, then 800 of
# 4,000. After calls with the amounts $a_1, a_2, \dots$ the share $(1-a_1)(1-a_2)\cdots$ is left. To get
# from sparsity $\rho$ to $\rho'$, ask for $a = (\rho' - \rho)/(1 - \rho)$.
#
# **3**. `remove` removes the **mask**, and `weight_orig` with it. The zeros stay: it makes pruning permanent. The
# original values are gone. It also forgets: the last call wanted the 1,000 smallest of all 5,000 entries.
# 1,800 were zero already, so it took 1,000 of those and changed nothing. Without a mask, the formula for
# $a$ is wrong.
#
# ## 3 · A real network
#
# Fashion-MNIST: 28×28 grey images of clothes in ten classes. From the 10,000 training images we hold
# out 2,000 for **validation**: every choice in this lesson is made on them. The 2,000 test images are
# used once, at the end of part 4.
#
# We train LeNet-300-100 three times, from three seeds: a difference that one seed shows and the next one reverses is
# noise.
#
# Then we prune them. Which weights should go? Four ways to get the same number of zeros, with no training afterwards (such
# training is called *fine-tuning*, and comes in part 4):
#
# - **random**: any weights, the same share in every layer, one draw per network. It shows what chance alone would do.
# - **layer-wise**: the smallest magnitudes of each layer, the same share in every layer.
# - **layer-wise, last layer spared**: the same without the output layer. That one has only 100 × 10 of
#   all the weights, so the total hardly changes.
# - **global**: the smallest magnitudes of the whole network, wherever they are.
#
# The printed line compares them at 80 % zeros.

# %% tags=["nbval-ignore-output"]
data = load_fashion_mnist()
train_split, validation_split = data.train.hold_out(2000)
train, validation = train_split.tensors(), validation_split.tensors()

models = []
for seed in range(3):
    set_seed(seed)
    model = lenet()
    history = fit(model, train, validation, epochs=5, seed=seed)
    models.append(model)

dense_accuracies = [accuracy(model, *validation) for model in models]
print("validation accuracy:", [f"{value:.3f}" for value in dense_accuracies])
assert all(value > 0.8 for value in dense_accuracies)
history.round(3)


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

fig, ax = plot.figure(width=8, height=4)
percent = [100 * share for share in shares]
for name, values in found.items():
    plot.band(ax, percent, values.mean(0), values.min(0), values.max(0), label=name)
ax.axhline(np.mean(dense_accuracies), color="grey", linewidth=1, label="dense")
ax.set(
    title="Accuracy without fine-tuning: mean and range of three seeds",
    xlabel="zeros (% of the weights)",
    ylabel="validation accuracy",
    ylim=(0, 0.95),
)
ax.legend(loc="lower left")
plot.show(fig, alt="Accuracy against sparsity for four ways to prune, and the dense network's.")
# %% tags=["nbval-ignore-output"]
at = {name: dict(zip(shares, values.mean(0), strict=True)) for name, values in found.items()}
print("at 80 % zeros:", {name: round(float(values[0.8]), 3) for name, values in at.items()})
assert at["global"][0.7] > at["random"][0.7] + 0.15
lead = {
    name: sum(at["global"][share] - values[share] for share in (0.7, 0.8, 0.9))
    for name, values in at.items()
}
assert lead["layer-wise"] > 0 and lead["layer-wise, last spared"] < lead["layer-wise"] / 2

# %% [markdown]
# Look at three things. Random pruning falls first: the criterion is worth something. Global pruning beats
# layer-wise in the middle of the plot. And sparing the last layer closes that gap, at some shares with a little to spare: where the
# ranges overlap, three seeds can't tell the two apart.
#
# How sensitive is each layer? **Sensitivity** prunes one layer alone and leaves the others dense.

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
# When this was written the middle layer was the least sensitive: it can lose most. An equal share for every layer ignores
# that. A global ranking does not ask either; what it keeps of each layer is shown below.
#
# Is global always better, as one often reads? It compares magnitudes *across* layers. Here is a network that computes
# exactly the same: divide the weights and biases of the first layer by 8, and multiply the second layer's weights by 8.
# ReLU lets the factor through, and a power of two loses no bit. The total stays at 80 % zeros. How much of the second layer will
# global pruning keep now?


# %%
def global_masks(weights: list[torch.Tensor], share: float) -> list[torch.Tensor]:
    """Global pruning by hand: one long vector, one mask, cut up again."""
    mask = magnitude_mask(torch.cat([weight.flatten() for weight in weights]), share)
    parts = mask.split([weight.numel() for weight in weights])
    return [part.view_as(weight) for part, weight in zip(parts, weights, strict=True)]


rescaled = copy.deepcopy(models[0])
with torch.no_grad():
    linears(rescaled)[0].weight /= 8
    linears(rescaled)[0].bias /= 8
    linears(rescaled)[1].weight *= 8
same_function = torch.equal(rescaled(validation[0]), models[0](validation[0]))  # bit by bit
assert same_function

# %%
guess("rescaled, 80 % zeros: weights kept in layer 300→100", unit="%", low=0, high=100)

# %% tags=["nbval-ignore-output"]
fig, ax = plot.figure(width=8, height=3)
kept, reached = {}, {}
for name, model in {"as trained": models[0], "rescaled": rescaled}.items():
    masked = prune_globally(model, 0.8)
    by_hand = global_masks([layer.weight.detach() for layer in linears(model)], 0.8)
    pairs = zip(linears(masked), by_hand, strict=True)
    differ = sum(int((layer.weight_mask != mask).sum()) for layer, mask in pairs)
    assert differ <= 2  # library and own lines agree, up to two weights that tie at the border
    kept[name] = [100 * float(mask.mean()) for mask in by_hand]
    reached[name] = accuracy(masked, *validation)
    layer_wise = accuracy(prune_each(model, 0.8), *validation)
    print(f"{name}: accuracy {reached[name]:.3f} global, {layer_wise:.3f} layer-wise")
plot.grouped_bars(ax, ["784→300", "300→100", "100→10"], kept)
ax.set(title="80 % zeros, globally: what each layer keeps", xlabel="weights kept (%)")
mark_guess(ax, "rescaled, 80 % zeros: weights kept in layer 300→100", axis="x")
plot.show(fig, alt="Weights kept in each of the three layers, as trained and rescaled.")
reveal("rescaled, 80 % zeros: weights kept in layer 300→100", kept["rescaled"][1])

# %% [markdown]
# As trained, global pruning keeps more of the middle layer than of the first, against the curves above. And the same
# function gets another mask. Compare the bars of the two networks, and then the printed lines: layer-wise pruning
# never compares two layers. Global pruning compares magnitudes across layers, and those depend on how the network happens
# to be scaled. It is a good **default** for a network trained from the usual initialisation, but not a rule.
#
# ## 4 · Fine-tuning, and an honest comparison
#
# A pruned network is trained a little more: the weights that stayed make up for those that went. With the
# mask attached, each forward pass multiplies by the mask again. So zeros stay zero, whatever happens to
# `weight_orig` (whose gradient is 0 there anyway). What if you call `remove` first and train then? Guess
# the share of zeros after one epoch.

# %%
assert kept["rescaled"][1] > 90 > kept["as trained"][1]
assert kept["rescaled"][0] < kept["as trained"][0] < kept["as trained"][2]
assert reached["rescaled"] < reached["as trained"]

# %%
with_mask = prune_globally(models[0], 0.8)
without_mask = prune_globally(models[0], 0.8)
for layer in linears(without_mask):
    prune.remove(layer, "weight")

# %%
guess("80 % zeros, remove, one epoch: share of zeros", unit="%", low=0, high=100)

# %% tags=["nbval-ignore-output"]
zeros = {}
for name, model in {"mask attached": with_mask, "removed first": without_mask}.items():
    fit(model, train, epochs=1, seed=3)
    zeros[name] = sparsity(torch.cat([layer.weight.flatten() for layer in linears(model)]))
    print(f"{name}: {zeros[name]:.1%} zeros after one epoch")
reveal("80 % zeros, remove, one epoch: share of zeros", 100 * zeros["removed first"])

# %%
assert math.isclose(zeros["mask attached"], 0.8, abs_tol=1e-4) and zeros["removed first"] < 0.3

# %% tags=["nbval-ignore-output"]
first, images = linears(without_mask)[0], train[0].flatten(1)
dead = (first(images) <= 0).all(0)  # units that no training image switches on
there = int((first.weight[dead] == 0).sum())
total = int((first.weight == 0).sum())
print(f"zeros in the first layer: {total:,}, of these {there:,} in {int(dead.sum())} dead units")
assert there > total / 2

# %% [markdown]
# To the optimizer, a zero without a mask is a weight like any other. Fine-tune
# first, `remove` last. The zeros that stay belong mostly to *dead* units, which no training image switches
# on: no activity, no gradient.
#
# Now the accuracy. We prune 80 % and fine-tune for one epoch, with the mask attached. The dense network gets the same
# extra epoch, with the same images in the same order: that is the **dense control**. In your own work, fix the rule
# before you look. Here it is: *take the highest sparsity whose mean validation accuracy, over three seeds, is at most one
# point below the control.*
#
# By how many points (1 point is 1 % of the images) will the accuracy at 80 % zeros differ from that of the *dense* network
# of part 3, which had five epochs? Minus if it gets worse, plus if it gets better.

# %%
guess("80 % zeros, fine-tuned for one epoch: against the dense network", unit="points")

# %% tags=["nbval-ignore-output"]
tuned = {0.0: [copy.deepcopy(model) for model in models]}  # 0.0: the dense control
for share in (0.7, 0.8, 0.9, 0.95):
    tuned[share] = [prune_globally(model, share) for model in models]
for candidates in tuned.values():
    for seed, model in enumerate(candidates):
        fit(model, train, epochs=1, seed=100 + seed)

scores = {share: np.array([accuracy(m, *validation) for m in ms]) for share, ms in tuned.items()}
unequal = {share: 100 * (values - dense_accuracies).mean() for share, values in scores.items()}
equal = {share: 100 * (values - scores[0.0]).mean() for share, values in scores.items()}
chosen = max((share for share in tuned if share and equal[share] >= -1), default=None)
assert chosen is not None, "no sparsity is within a point of the control here: try smaller ones"
print(f"chosen by the rule: {chosen:.0%} zeros")
gains = 100 * (scores[0.8] - dense_accuracies)  # one for each seed
reveal(
    "80 % zeros, fine-tuned for one epoch: against the dense network",
    gains.mean(),
    between=(gains.min(), gains.max()),
)
table = {
    "seed 0, 1, 2": [" ".join(f"{value:.3f}" for value in values) for values in scores.values()],
    "points against 5 epochs": unequal.values(),
    "points against control": equal.values(),
}
zeros_after = pd.Index([f"{share:.0%} zeros" for share in scores], name="5 + 1 epochs")
pd.DataFrame(table, index=zeros_after).round(2)

# %% [markdown]
# The row of 0 % zeros is the control itself: against five epochs, it shows what the epoch alone does. The
# middle column adds that to every row. Only the last column compares equal budgets. There, 95 % zeros
# cost clearly more than a point.
#
# The control has a limit: after five epochs the training was not finished, so the extra epoch trains and repairs at
# once. And one cut is only one **schedule**. Han et al. (2015) pruned, trained, and pruned again; Zhu and Gupta (2017)
# raise the sparsity a little at a time. With the formula of part 2 that is easy. At 95 % zeros, with three more epochs for
# everybody:


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
# On the machine that made this page three cuts were a point better in one seed and level with one cut in the other two:
# after three more epochs for everybody, three seeds can't tell them apart. Lesson 09 asks again, with five seeds, and a learning rate of its own for each schedule.
#
# Look at the control, too. After one epoch 95 % zeros cost almost five points; after three epochs they cost one to one and a half. What
# pruning costs depends on how long you train afterwards: the shares in the table above are those of one epoch.
#
# How large must a difference be to count? In lesson 00 there was one network and many images, so coins did. Here are three
# networks, and we ask how much they differ from each other. Two things make a difference uncertain:
#
# - **The images.** Two models differ only on the images that one gets right and the other wrong. Of $n$
#   images, *lost* are those that only the control gets right, *won* those that only the pruned model gets right. The
#   difference is $(\text{won}-\text{lost})/n$, half of its interval about $2\sqrt{\text{won}+\text{lost}}/n$. `compare` counts both.
# - **The seed.** Another start, another difference. That shows only in the spread over seeds. With three of
#   them, the 95 % interval is the mean ± 4.3 standard errors (Student's $t$, two degrees of freedom).
#
# The rule is that of lesson 00. The choice is made, so now, once, the test images.

# %%
assert equal[0.95] < -1  # from the table above

# %% tags=["nbval-ignore-output"]
images, labels = data.test.tensors()
rows = []
for control, candidate in zip(tuned[0.0], tuned[chosen], strict=True):
    both = compare(control, candidate, images, labels)
    rows.append(
        {
            "control": round(accuracy(control, images, labels), 3),
            f"{chosen:.0%} zeros": round(both.right / len(labels), 3),
            "over images": str(both.verdict),
        }
    )
by_seed = [[accuracy(model, images, labels) for model in tuned[z]] for z in (chosen, 0.0)]
print(f"{chosen:.0%} zeros against the control: {verdict(*by_seed, shared='seeds')}")
pd.DataFrame(rows).rename_axis("seed")

# %% [markdown]
# Look at one row first. If this were your only run, would you claim a difference? Then look at
# the other two. An interval over images says nothing about the next seed; the printed interval over seeds
# does. That interval says nothing about other images, though: all three seeds were judged on the same images. And
# *indistinguishable* is not *equal*: the interval says how large a difference three seeds could have missed.
#
# > **A place to stop.** You can prune, fine-tune and compare fairly. Before you go on: beside which network does a pruned and
# > fine-tuned one have to stand?
#
# <details><summary>Answer</summary>
#
# Beside the dense one after as many epochs more. Otherwise the epochs look like a gain of pruning.
#
# </details>
#
# ## 5 · Bytes
#
# Back to the puzzle. We prune the first network by 90 % and store it in five ways. The dense file counts as 1.

# %%
masked = prune_globally(models[0], 0.9)
removed = prune_globally(models[0], 0.9)
for layer in linears(removed):
    prune.remove(layer, "weight")

# %% tags=["nbval-ignore-output"]
unit = saved_bytes(models[0])
sizes = {
    "dense": 1.0,
    "dense, gzip": saved_bytes(models[0], compressed=True) / unit,
    "90 % zeros, mask attached": saved_bytes(masked) / unit,
    "90 % zeros, after remove": saved_bytes(removed) / unit,
    "after remove, gzip": saved_bytes(removed, compressed=True) / unit,
}
fig, ax = plot.figure(width=8, height=2.6)
plot.bars(ax, list(sizes), list(sizes.values()), label="{:.2f}")
ax.set(title="One network, stored in five ways", xlabel="file size (dense = 1)")
plot.show(fig, alt="Bars of file sizes: dense, with the mask, after remove, and through gzip.")
assert sizes["dense, gzip"] > 0.85 and 0.99 < sizes["90 % zeros, after remove"] < 1.01
assert sizes["after remove, gzip"] < 0.3

# %% [markdown]
# A float32 zero takes 4 bytes like any float32. `remove` only throws the second tensor away. gzip finds
# the runs of zero bytes; on dense weights it finds next to nothing.
#
# A sparse format stores only what is not zero. **CSR** (compressed sparse row) keeps three arrays:
#
# - `values`: the non-zero weights, row after row;
# - `columns`: the column of each value;
# - `rows`: where each row begins in these two, and at last where the last one ends: rows + 1 numbers.
#
# With $b_v$ bytes per value and $b_i$ bytes per index, a matrix with $\mathrm{nnz}$ non-zeros and $r$ rows takes
# $\mathrm{nnz}\,(b_v + b_i) + (r+1)\,b_i$ bytes. Here is our 4×8 matrix from part 1, half of it zero, by hand and with
# PyTorch. PyTorch's indices take 8 bytes by default.

# %%
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
# Another format, the **bitmap**, stores one bit for every entry (zero or not) and then the values. Now the first
# layer of LeNet, as large as it is. From which share of zeros on does each format pay?

# %%
guess(
    "784→300 layer: zeros from which CSR with 8-byte indices is smaller", unit="%", low=0, high=100
)

# %%
zeros = np.linspace(0, 1, 101)
nonzeros = (1 - zeros) * 300 * 784
formats = {
    "dense": np.full(101, 300 * 784 * 4.0),
    "CSR, 8-byte indices": csr_bytes(nonzeros, 300, index_bytes=8),
    "CSR, 4-byte indices": csr_bytes(nonzeros, 300, index_bytes=4),
    "CSR, 2-byte indices": csr_bytes(nonzeros, 300, index_bytes=2),
    "bitmap": nonzeros * 4 + 300 * 784 / 8,
}

# %%
fig, ax = plot.figure(width=8, height=3.8)
for name, size in formats.items():
    ax.plot(100 * zeros, size / 1000, label=name, marker="")
ax.set(
    title="One layer in five formats",
    xlabel="zeros (%)",
    ylabel="size of a 784→300 layer (kB)",
    ylim=(0, None),
)
ax.legend()
mark_guess(ax, "784→300 layer: zeros from which CSR with 8-byte indices is smaller", axis="x")
plot.show(fig, alt="Five lines of size against zeros: dense, three of CSR, bitmap.")
pays = {}
for name, size in list(formats.items())[1:]:  # straight lines: where does each cross the dense one?
    pays[name] = 100 * (size[0] - formats["dense"][0]) / (size[0] - size[-1])
    print(f"{name}: smaller than dense from {pays[name]:.1f} % zeros")
reveal(
    "784→300 layer: zeros from which CSR with 8-byte indices is smaller",
    pays["CSR, 8-byte indices"],
)

# %% [markdown]
# Half of the 4×8 entries were zero, and CSR was *bigger* than the dense matrix: each value drags its index
# along. The fewer bytes an index takes, the earlier CSR pays. (With 2 bytes the formula is a little too kind: a
# row start can exceed 65,535, so real formats give it more.)
#
# Does the file keep what the formula promises? `to_sparse_csr` makes `columns` a view: a window on half of a
# larger block of memory. `torch.save` writes the whole block. `clone` gives the array a block of its own.

# %% tags=["nbval-ignore-output"]
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

# %% tags=["nbval-ignore-output"]
files["zeros, gzip"] = sizes["after remove, gzip"]
bitmap = {name: value for name, value in removed.state_dict().items() if name.endswith("bias")}
for name, value in removed.state_dict().items():
    if name.endswith("weight"):
        bitmap[f"{name}_places"] = torch.from_numpy(np.packbits(value.numpy() != 0))
        bitmap[f"{name}_values"] = value[value != 0]
files["bitmap"] = saved_bytes(bitmap) / unit
files["bitmap, gzip"] = saved_bytes(bitmap, compressed=True) / unit

fig, ax = plot.figure(width=8, height=2.2)
plot.bars(ax, list(files), list(files.values()), label="{:.2f}")
ax.set(title="90 % zeros in a file: measure it, not the formula", xlabel="file size (dense = 1)")
plot.show(
    fig,
    alt="Bars of file sizes: CSR in three ways, gzip without CSR, a bitmap, a bitmap with gzip.",
)
plain, cloned, int32 = (files[kind] for kind in kinds)
assert files["bitmap, gzip"] < files["bitmap"] < files["zeros, gzip"] < int32
assert plain > 1.3 * cloned > 1.5 * int32

# %% [markdown]
# Three times the same numbers as CSR, and the file shrinks at every step: first the unused part of the block goes,
# then half of every index. Yet gzip alone is smaller than all three, without any CSR. And the bitmap beats gzip, because one bit a place is less
# than gzip spends on the runs of zeros. For a file, store the places compactly, *then* compress; CSR is for computing without unpacking (part 6).
#
# ## 6 · Time
#
# Now the second bar of the puzzle. Three networks, measured in turn, in a shuffled order, so that a busy machine disturbs all
# alike: dense; 90 % zeros with the mask removed; 90 % zeros with the mask attached.

# %% tags=["nbval-ignore-output"]
networks = {"dense": models[0], "zeros, mask removed": removed, "zeros, mask attached": masked}
fig, axes = plot.figure(1, 2, width=10, height=2.4)
fig.suptitle("Three networks of the same shape")
timed = {}
for ax, batch in zip(axes, (1, 64), strict=True):
    inputs = validation[0][:batch]
    timed[batch] = latency({name: partial(net, inputs) for name, net in networks.items()}, runs=200)
    plot.latencies(ax, timed[batch])
    ax.set_title(f"batch of {batch}")
plot.show(fig, alt="Times of three networks, for two batch sizes.")
one = timed[1]["zeros, mask removed"]
times = [t / timed[1]["dense"].median for t in (one.median, one.lower_quartile, one.upper_quartile)]
print("one image, mask removed: {:.2f} × the dense time (quartiles {:.2f}, {:.2f})".format(*times))

# %% [markdown]
# **Zeros are not speed.** With the mask removed the time is the same within the noise: a dense
# matrix product does not check for zeros. With the mask attached it is worse,
# because the hook multiplies all weights by the mask before each pass. That is the same work for one image
# as for 64, so a large batch hides it.
#
# To gain time, either remove whole rows and columns (lesson 08), or use a kernel that skips zeros, such as
# a CSR product. We time it against the dense product for one 1024×1024 matrix, with one input and with 128 at a time.

# %%
levels = [0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99]
set_seed(0)
full = torch.randn(1024, 1024)
timed: dict[int, dict[str, list[Latency]]] = {}
for batch in (1, 128):
    inputs = torch.randn(1024, batch)
    calls = {}
    for share in levels:
        matrix = full * magnitude_mask(full, share)
        csr = matrix.to_sparse_csr()
        assert torch.allclose(csr @ inputs, matrix @ inputs, atol=1e-3)
        calls[f"dense {share}"] = partial(torch.matmul, matrix, inputs)
        calls[f"CSR {share}"] = partial(torch.matmul, csr, inputs)
    times = latency(calls, runs=40, warm_up=3)
    timed[batch] = {
        f"{kind} product": [times[f"{kind} {share}"] for share in levels]
        for kind in ("dense", "CSR")
    }

# %% tags=["nbval-ignore-output"]
fig, axes = plot.figure(1, 2, width=10, height=3.6)
fig.suptitle("One 1024×1024 product, dense and CSR")
for ax, (batch, both) in zip(axes, timed.items(), strict=True):
    for name, times in both.items():
        quartiles = np.array([[t.lower_quartile, t.median, t.upper_quartile] for t in times])
        low, median, high = 1e6 * quartiles.T
        plot.band(ax, [100 * share for share in levels], median, low, high, label=name)
    ax.set(title=f"batch of {batch}", xlabel="zeros (%)", ylabel="time (µs), quartiles shaded")
    plot.log_y(ax)
    ax.legend()
    pairs = zip(levels, both["dense product"], both["CSR product"], strict=True)
    faster = [share for share, dense_time, csr_time in pairs if csr_time.median < dense_time.median]
    many = "1 input" if batch == 1 else f"{batch} inputs"
    first = f"first at {100 * faster[0]:.0f} % zeros" if faster else "at none that we tried"
    medians = [time.median for time in both["dense product"]]
    spread = max(medians) / min(medians)
    print(f"{many}: the CSR product is faster {first}; dense, slowest over fastest: {spread:.2f}")
plot.show(fig, alt="Time against zeros for two batches: the dense product and the CSR product.")

# %% [markdown]
# The dense product does the same work at every point, so its ups and downs are the noise of your machine: the cell
# prints their size. If the slowest takes much more than the fastest, run the cell again before you read a crossing
# from it. The CSR line falls with the zeros: it skips them, but it also reads an index with each value. Where the two cross depends on the machine, and may depend on
# the batch. Measure on yours, and measure the layer that you have: here is the first layer of our pruned LeNet, called as
# a layer.

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
# A ratio above 1 says that CSR is slower. When this was written it was slower for one image and faster for 64. Above, one
# input was enough to make CSR faster. Do the bias and the two transposes around the product cost that much? No: the product alone has nearly the same ratio. What differs is the size,
# since this layer has less than a quarter as many weights. Likely a sparse call has a fixed price that so few weights can't pay back.
#
# ## 7 · Two axes: granularity and criterion
#
# So far we asked *how big* a single weight is. Those are two choices in one:
#
# - **granularity**: what is pruned as one group? A single weight; a few of every M neighbours in a row (**N:M**: of every
#   M neighbouring inputs, N stay); or a whole row, that is a **unit** (in a convolution: a channel).
# - **criterion**: what says that a group matters little? Its **magnitude**; its **gradient**, here
#   $|w \cdot \partial L/\partial w|$, a first-order estimate of how much the loss would change
#   without it; or **chance**, as the yardstick. The gradients here are one signed sum over 2,000 training images.
#
# Any row can be combined with any column. In PyTorch they are even two arguments: the method is the
# granularity, `importance_scores` the criterion. For rows it is `ln_structured` with `dim=0`: a unit's score is
# the sum of its weights' magnitudes with `n=1`, the L1 norm (not the N of N:M). For N:M there is no method, so
# we write one. A pruning method of your own is a class with three things:
#
# 1. `PRUNING_TYPE`. On a layer that is pruned already, `"global"` hands `compute_mask` the whole matrix;
#    `"unstructured"` hands over only the entries that are left, **as a flat vector**; the third, `"structured"`, hands over
#    the rows (along `dim`) in which something is left.
# 2. `__init__`, for its settings.
# 3. `compute_mask(t, default_mask)`, which returns the new mask. `t` holds the `importance_scores` if you
#    passed them, else the weights. `default_mask` is what earlier calls left.
#
# `KeepNofM.apply(layer, "weight", n=2, m=4)` does the rest: `weight_orig`, `weight_mask`, hook. The class stacks
# with any other method. The second cell has a probe print the shape that an `"unstructured"` one is handed.


# %%
class KeepNofM(prune.BasePruningMethod):
    """Keeps the `n` highest scores of every `m` neighbouring inputs of a linear layer."""

    PRUNING_TYPE = "global"  # compute_mask sees the whole matrix, also when pruning a second time

    def __init__(self, n: int, m: int) -> None:
        self.n = n
        self.m = m

    def compute_mask(self, t: torch.Tensor, default_mask: torch.Tensor) -> torch.Tensor:
        """Scores (outputs, inputs) and the mask so far → the new mask, same shape.

        Raises RuntimeError if `m` does not divide the number of inputs.
        """
        groups = (t.abs() * default_mask).reshape(len(t), -1, self.m)
        best = groups.topk(self.n, dim=2).indices
        mask = torch.zeros_like(groups).scatter(2, best, 1)
        return mask.reshape(t.shape) * default_mask  # what was gone stays gone


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
# A flat vector: rows and columns are gone. A method that needs rows must say `"global"`.
#
# Now all nine combinations on the 4×8 matrix, half of it going each time. From top to bottom the zeros get
# more regular. From left to right the criterion changes, and other weights go. (On the small matrix the gradients are made up.)
#
# Regular zeros are easier for hardware to use, and they leave less choice. What does that cost? After the
# picture, the same nine on the real networks: 75 % of the first two layers go, without fine-tuning. (A unit's
# bias stays; lesson 08 removes units for real.) The gradients come from *training* images. Take one column alone, the
# gradient's: of its three, which will keep most accuracy?


# %%
def granularities(share: float, n: int) -> dict[str, Callable[..., object]]:
    """Each takes a layer and its importance_scores; n of 4 is the share that stays."""
    return {
        "weight": partial(prune.l1_unstructured, name="weight", amount=share),
        f"{n}:4": partial(KeepNofM.apply, name="weight", n=n, m=4),
        "unit": partial(prune.ln_structured, name="weight", amount=share, n=1, dim=0),
    }


set_seed(0)
made_up = weights * torch.randn(4, 8)  # in place of gradients; the real networks have real ones
examples = {"magnitude": weights, "gradient": made_up, "random": torch.rand(4, 8)}
fig, axes = plot.figure(3, 3, width=12, height=6.4)
for line, (granularity, apply) in zip(axes, granularities(0.5, 2).items(), strict=True):
    for ax, (criterion, scores) in zip(line, examples.items(), strict=True):
        layer = nn.Linear(8, 4)
        layer.weight.data = weights.clone()
        apply(layer, importance_scores=scores)
        plot.matrix(ax, layer.weight.detach().numpy())
        ax.set(title=f"{granularity}, {criterion}", xticks=[], yticks=[])
        assert (layer.weight_mask == 0).sum() == 16
fig.supxlabel("input")
fig.supylabel("output")
plot.show(fig, alt="Nine grids: three granularities by three criteria, half of each removed.")

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

# %%
guess("75 % zeros, by gradient: what keeps most accuracy?", choices=["weight", "1:4", "unit"])

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
best, worst = max(mean, key=mean.get), min(mean, key=mean.get)
print("best of nine:", ", ".join(best), "– worst:", ", ".join(worst))
by_gradient = {kind: np.array(nine[kind, "gradient"]) for kind in kinds}
highest = max(by_gradient.values(), key=np.mean)
# What is as good in one seed or more can't be told from the best.
level = [kind for kind, values in by_gradient.items() if (values >= highest).any()]
reveal("75 % zeros, by gradient: what keeps most accuracy?", level)
print({kind: values.round(3).tolist() for kind, values in by_gradient.items()})

# %%
assert mean["weight", "magnitude"] > mean["weight", "random"] + 0.1
assert all(mean["unit", criterion] < mean["weight", criterion] for criterion in importance)

# %% [markdown]
# Compare the seeds of one criterion pair by pair, as part 4 taught. Units cost more than weights, whatever the criterion.
# By gradient, the free choice of single weights keeps the highest scores there are; compare it with 1:4. Both remove 75 %,
# so the number of zeros can't be the reason.
#
# > **A place to stop.** You can place any method on the two axes. What follows asks why 1:4 does so well by gradient. Before
# > you go on: what are the two axes?
#
# <details><summary>Answer</summary>
#
# Granularity, which weights go together (single ones, so many of each group, whole units), and the criterion, which says what
# matters least (magnitude, gradient, chance).
#
# </details>

# %% [markdown]
# ### Why 1:4 won
#
# Two other things can be measured.
#
# - **Which weights go together.** A unit that loses all its inputs is cut off, and a unit that nobody reads is useless. We
#   count them. As a control, a third pattern keeps the same share in every row, so that no unit loses all its inputs.
# - **The score.** In one signed sum over 2,000 images, gradients of opposite sign cancel. Squares over small batches
#   don't (Molchanov et al. 2019): the root of the mean of $(w \cdot \partial L/\partial w)^2$ over 100 batches of 20 images.


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
# With one signed sum, free choice leaves dozens of the 400 units without a single input; 1:4 and the control leave none.
# Yet the control was better than free choice with one seed only. And with squares free choice cuts off nearly as many
# units, and comes within about two points of 1:4. So look at the **score** before you look at these units, which three seeds don't clear of all guilt. “1:4 beats free choice by
# gradient” was mostly a statement about a poor score.
#
# The units' comparison is not equal. A removed unit also makes the weights that read it useless: all they get is
# the constant that its bias makes. In the second layer 25 % of the weights stay, but only 25 % of 25 % still
# see the image. What regular zeros give back is speed, and that is lesson 08.

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
# - 20 % twice is 36 %. After `remove` it counts from all entries again.
# - `remove` and then fine-tune: the zeros come back.
# - Saving, or timing, with the mask attached.
# - Counting `numel()` where non-zeros were meant.
# - "Pruned and better": against which control?
#
# **Check yourself**
#
# <details><summary>A layer has 10,000 weights. You prune 50 %, then 50 %, then 50 %. How many are
# left?</summary>1,250: half of a half of a half. The shares that stay multiply.</details>
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
