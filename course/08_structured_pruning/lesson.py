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
# # 08 · Structured pruning and N:M
#
# **I set half of my network's channels to zero, and gained nothing. So I removed the channels, and now the shapes
# do not fit. What else has to go with a channel?**
#
# It takes about {minutes} minutes, with a place to stop after part 4. You need `nn.Linear`, `nn.Conv2d`, and what a batch norm does in evaluation mode ([the primers](primers.ipynb) have both, in five minutes).
#
# Choose a channel in the picture and cut it out step by step, before you run anything. Where does the network stop?

# %% tags=["nbval-ignore-output"]
from coursekit.lesson_08.opening import channel_walks

channel_walks()

# %% [markdown]
# Three questions from lesson 07 before you begin. What does a layer with 80 % zeros save in time? How large is its file while the mask
# is attached? What share is zero after 20 % were pruned twice?
#
# <details><summary>Answers</summary>
#
# Nothing: zeros are multiplied like any number. Twice as large as before: it holds weights and mask. 36 %.
#
# </details>
#
# Now the goal: a small network for 28×28 images, of two convolutions and two linear layers, and two others beside
# it. In the first, half of each hidden layer is **set to zero**. The second has **half as many** channels and units
# from the start. The cost is counted in **MACs**, multiply-accumulates:
# one multiplication and one addition. If the full network counts as 1, what does the first one need? And the second?
# A cell asks for your guess.

# %%
import copy
import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.nn import functional as F

from coursekit import guess, guesses, mark_guess, reveal
from coursekit.pictures import plot
from coursekit.nets.data import load_fashion_mnist, load_results
from coursekit.nets.evidence import verdict
from coursekit.nets.measure import accuracy, count_macs, count_parameters, latency, saved_bytes
from coursekit.nets.train import fit, set_seed
from coursekit.learn.widgets import cards, pattern_test, practice, progress, quiz, respond, trace

set_seed(0)


# %%
def cnn(first: int = 16, second: int = 32, units: int = 64) -> nn.Sequential:
    """A plain network for images (n, 1, 28, 28): each part reads the one before it."""
    return nn.Sequential(
        nn.Conv2d(1, first, 5, padding=2),  # 0
        nn.BatchNorm2d(first),  # 1
        nn.ReLU(),  # 2
        nn.MaxPool2d(2),  # 3: 28×28 → 14×14
        nn.Conv2d(first, second, 3, padding=1),  # 4
        nn.BatchNorm2d(second),  # 5
        nn.ReLU(),  # 6
        nn.MaxPool2d(2),  # 7: 14×14 → 7×7
        nn.Flatten(),  # 8
        nn.Linear(second * 7 * 7, units),  # 9
        nn.ReLU(),  # 10
        nn.Linear(units, 10),  # 11
    )


full, narrow = cnn().eval(), cnn(8, 16, 32).eval()
zeroed = copy.deepcopy(full)
with torch.no_grad():
    for place in (0, 4, 9):
        half = len(zeroed[place].weight) // 2
        zeroed[place].weight[:half] = 0  # rows are outputs: channels, or units

# %%
guess("half of each hidden layer gone: MACs", unit="× the full network's")

# %% tags=["nbval-ignore-output"]
image = torch.rand(1, 1, 28, 28)
networks = {"full": full, "half set to zero": zeroed, "half gone": narrow}
times = latency({name: partial(net, image) for name, net in networks.items()}, runs=200)
shares = {
    name: [
        count_macs(net, image) / count_macs(full, image),
        saved_bytes(net) / saved_bytes(full),
        times[name].lower_quartile / times["full"].lower_quartile,
    ]
    for name, net in networks.items()
    if name != "full"
}
fig, ax = plot.figure(height=2.8)
plot.grouped_bars(ax, ["MACs", "file", "time for one image"], shares, label="{:.2f}")
ax.axvline(1, color="black", linewidth=1)
ax.set(title="Half set to zero, and half gone", xlabel="full network = 1", xlim=(0, 1.7))
ax.legend(loc="center right")
mark_guess(ax, "half of each hidden layer gone: MACs", axis="x")
plot.show(fig, alt="Bars for MACs, file and time of the two networks; a line at the full one's.")
reveal("half of each hidden layer gone: MACs", shares["half gone"][0])

# %% [markdown]
# Zeros save no MACs and no bytes: the kernels multiply them like any number (lesson 07). With the channels gone, the
# MACs fall to less than a third, not to a half; part 4 tells why. The time falls less, since a call costs something
# whatever its size. (Times of such small networks vary by a tenth and more from run to run. Part 4 shows how much.)
#
# Now we earn that second bar: from a *trained* network to the smaller one, with the answers kept.
#
# ## 1 · A unit, by hand
#
# The smallest case: 4 inputs, 3 hidden units, 2 outputs.
#
# $$y = b_2 + W_2\,\mathrm{relu}(W_1 x + b_1) = b_2 + \sum_{i} \underbrace{W_2[:, i]}_{\text{column}}\;
# \mathrm{relu}\big(\underbrace{W_1[i, :]}_{\text{row}} \cdot x + b_1[i]\big)$$
#
# $x$ has the shape (4,), $W_1$ (3, 4), $b_1$ (3,), $W_2$ (2, 3), $b_2$ and $y$ (2,). **Each unit $i$ is one term of
# a sum.** To remove the unit is to drop its term, and with it all numbers that appear only there.
#
# Below, unit 1 (the middle one) has only zeros in its row, and its bias is 0. How many numbers go when it goes?

# %%
assert shares["half set to zero"][0] == 1 and shares["half gone"][0] < 0.35
w1 = torch.tensor([[0.5, -1.0, 0.8, 0.3], [0.0, 0.0, 0.0, 0.0], [-0.4, 0.9, 0.2, -0.7]])
b1 = torch.tensor([0.1, 0.0, -0.2])
w2 = torch.tensor([[1.0, 0.6, -0.5], [-0.8, 0.4, 1.2]])
b2 = torch.tensor([0.2, -0.1])


def tensors(*titles: str):
    """A figure of the three tensors under these titles, and its axes."""
    fig, axes = plot.figure(1, 3, width=10, height=2.4)
    for ax, title, values in zip(axes, titles, (w1, b1[:, None], w2), strict=True):
        plot.matrix(ax, values.numpy())
        ax.set_title(title)
    axes[0].set(xlabel="input", ylabel="unit")
    axes[1].set(ylabel="unit", xticks=[])
    axes[2].set(xlabel="unit", ylabel="output")
    return fig, axes


fig, _ = tensors("$W_1$", "$b_1$", "$W_2$")
plot.show(fig, alt="The numbers of W1 (3×4), b1 (3) and W2 (2×3).")

# %%
kept = [0, 2]
x = torch.randn(5, 4)  # five inputs
before = F.linear(F.relu(F.linear(x, w1, b1)), w2, b2)
after = F.linear(F.relu(F.linear(x, w1[kept], b1[kept])), w2[:, kept], b2)
print("W1", tuple(w1[kept].shape), " b1", tuple(b1[kept].shape), " W2", tuple(w2[:, kept].shape))
assert torch.allclose(before, after)
gone_numbers = w1[1].numel() + 1 + w2[:, 1].numel()
fig, axes = tensors("$W_1$: a row", "$b_1$: an entry", "$W_2$: a column")
for around in (axes[0].axhspan, axes[1].axhspan, axes[2].axvspan):
    around(0.5, 1.5, facecolor="none", edgecolor="black", linewidth=4)
plot.show(fig, alt="Framed: one row of W1, one entry of b1 and one column of W2.")
print("numbers that go with the unit:", gone_numbers)

# %% [markdown]
# A **row** where the unit is made, its **bias**, and a **column** where it is read. The outputs are equal,
# because the term that was dropped was $W_2[:, 1] \cdot \mathrm{relu}(0) = 0$ for every input.
#
# Now for any pair of linear layers. We call the second one the **reader**. Two requests end in a
# `ValueError`: a unit that is not there, and all units at once.
#
# What if a unit did matter? Then the outputs change, but **only those that depended on it**. The other units of its
# own layer don't read it, and an output whose weight for it is 0 is unaffected. That makes a good test for any code
# that removes something. Below, two silent units go first, then one that is alive.


# %%
def survivors(count: int, gone: Sequence[int]) -> list[int]:
    """The places 0, 1, …, count - 1 that are not in `gone`, in order.

    Raises ValueError for a place that is not there, and if nothing would be left.
    """
    if not set(gone) <= set(range(count)):
        raise ValueError(f"can't remove {sorted(set(gone))}: the places are 0 to {count - 1}")
    kept = [place for place in range(count) if place not in set(gone)]
    if not kept:
        raise ValueError(f"can't remove all {count}: the next layer would have nothing to read")
    return kept


def keep_outputs(layer: nn.Linear | nn.Conv2d, kept: list[int]) -> None:
    """Leaves only these rows of weight and bias, in place."""
    layer.weight = nn.Parameter(layer.weight.detach()[kept])
    if layer.bias is not None:
        layer.bias = nn.Parameter(layer.bias.detach()[kept])
    setattr(layer, "out_features" if isinstance(layer, nn.Linear) else "out_channels", len(kept))


def keep_inputs(layer: nn.Linear | nn.Conv2d, kept: list[int]) -> None:
    """Leaves only these columns of the weight, in place; the bias belongs to the outputs."""
    layer.weight = nn.Parameter(layer.weight.detach()[:, kept])
    setattr(layer, "in_features" if isinstance(layer, nn.Linear) else "in_channels", len(kept))


# %%
def remove_units(model: nn.Sequential, place: int, reader: int, gone: Sequence[int]) -> nn.Module:
    """A copy of `model` without these units of layer `place`, which layer `reader` reads."""
    kept = survivors(model[place].out_features, gone)
    smaller = copy.deepcopy(model)
    keep_outputs(smaller[place], kept)
    keep_inputs(smaller[reader], kept)
    return smaller


# %%
set_seed(0)
mlp = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 5), nn.ReLU(), nn.Linear(5, 3))
with torch.no_grad():
    for silent in (2, 5):
        mlp[0].weight[silent], mlp[0].bias[silent] = 0, 0
    mlp[2].weight[:2, 0] = 0  # units 0 and 1 of the second layer don't read unit 0
x = torch.randn(100, 6)
smaller = remove_units(mlp, 0, 2, [2, 5])
print(smaller)
assert torch.allclose(mlp(x), smaller(x), atol=1e-6)
assert torch.equal(mlp(x), remove_units(mlp, 0, 2, [])(x))  # removing none changes nothing
for request in (range(8), [8]):
    try:
        remove_units(mlp, 0, 2, request)
    except ValueError as error:
        print("refused:", error)

other = remove_units(mlp, 0, 2, [0])  # unit 0 is alive
assert torch.allclose(other[0](x), mlp[0](x)[:, 1:], atol=1e-6)  # its seven neighbours
change = (other[:3](x) - mlp[:3](x)).abs().amax(0)
for unit, largest in enumerate(change.tolist()):
    print(f"unit {unit} of layer 2:", "changed" if largest > 1e-6 else "the same")
assert (change[:2] < 1e-6).all() and (change[2:] > 1e-3).all()

# %% [markdown]
# ## 2 · A unit with no weights
#
# A unit whose incoming weights are all zero looks dead: nothing gets through. A criterion that looks at the size of
# the weights gives it the lowest score there is. So can it go?
#
# We train a network with 64 hidden units on Fashion-MNIST: grey 28×28 images of clothes in ten classes. Then we put
# in ten units by hand whose incoming weights are 0 and whose bias is 2. The output layer reads them with random weights
# of standard deviation 1, about nine times as large as those that it has learnt, so that an effect will show; its biases
# are adjusted until the network answers exactly as before.
#
# The network is right for about 80 % of the validation images. Now remove the ten units with the smallest norm.
# Which accuracy is left?


# %%
def fashion_parts() -> tuple[tuple[torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor]]:
    """8,000 images to train on and 2,000 for validation, with their labels."""
    train, validation = load_fashion_mnist().train.hold_out(2000)
    return train.tensors(), validation.tensors()


def with_constant_units(
    model: nn.Sequential, count: int, bias: float, size: float = 1.0
) -> nn.Sequential:
    """Adds units with zero weights and this bias to layer 1, and takes their effect off layer 3."""
    wider = copy.deepcopy(model)
    layer, reader = wider[1], wider[3]
    columns = size * torch.randn(reader.out_features, count)
    layer.weight = nn.Parameter(F.pad(layer.weight.detach(), (0, 0, 0, count)))
    layer.bias = nn.Parameter(F.pad(layer.bias.detach(), (0, count), value=bias))
    reader.weight = nn.Parameter(torch.cat([reader.weight.detach(), columns], 1))
    reader.bias = nn.Parameter(reader.bias.detach() - columns.sum(1) * max(bias, 0))
    layer.out_features += count
    reader.in_features += count
    return wider


train, validation = fashion_parts()

# %%
guess("ten units with zero weights removed: accuracy", unit="%", low=0, high=100)

# %% tags=["nbval-ignore-output"]
set_seed(0)
trained = nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))
fit(trained, train, epochs=3)
doctored = with_constant_units(trained, 10, bias=2.0)
norms = doctored[1].weight.detach().norm(dim=1)
lowest = norms.argsort()[:10].tolist()
without = remove_units(doctored, 1, 3, lowest)
found = {
    "as it was": 100 * accuracy(doctored, *validation),
    "ten weakest units removed": 100 * accuracy(without, *validation),
}
print("norms of the ten:", norms[lowest].tolist())
usual = with_constant_units(trained, 10, bias=2.0, size=float(trained[3].weight.std()))
usual = 100 * accuracy(remove_units(usual, 1, 3, lowest), *validation)
print({name: round(value, 1) for name, value in found.items()})
print(f"ten removed that were read with weights of the usual size: {usual:.1f}")
reveal("ten units with zero weights removed: accuracy", found["ten weakest units removed"])

# %% [markdown]
# Nothing gets through such a unit, and yet something comes out: $\mathrm{relu}(0 \cdot x + 2) = 2$, for every
# image. The next layer has counted on that. Zero *weights* are not a zero *output*. How much it costs depends on how
# the unit is read: with weights of the usual size only a few points (the last line).
#
# But a constant needs no unit. Its term of the sum in part 1, $W_2[:, i]\,\mathrm{relu}(b_1[i])$, is the same for
# every $x$. So move it into the bias of the reader, and remove the unit then. This is called **folding**:
#
# $$b_2 \leftarrow b_2 + W_2[:, i]\;\mathrm{relu}(b_1[i])$$
#
# If the bias is negative, ReLU makes it 0 and nothing is left to fold. Will the accuracy come back in full?


# %% tags=["nbval-ignore-output"]
def fold_constant_units(model: nn.Sequential, place: int, reader: int) -> nn.Sequential:
    """Removes units with zero weights; what they send after a ReLU goes into the reader's bias."""
    layer = model[place]
    constant = (layer.weight == 0).all(1).nonzero().flatten().tolist()
    if len(constant) == layer.out_features:
        constant = constant[1:]  # one must stay, or the reader would have no input
    folded = copy.deepcopy(model)
    with torch.no_grad():
        sent = F.relu(layer.bias[constant])
        folded[reader].bias += folded[reader].weight[:, constant] @ sent
    return remove_units(folded, place, reader, constant)


assert norms[lowest].max() == 0
assert found["ten weakest units removed"] < found["as it was"] - 10
folded = fold_constant_units(doctored, 1, 3)
found["folded, then removed"] = 100 * accuracy(folded, *validation)
fig, ax = plot.figure(width=8, height=2)
plot.bars(ax, list(found), list(found.values()), label="{:.1f}")
ax.set(title="Ten units without weights", xlabel="validation accuracy (%)", xlim=(0, 100))
mark_guess(ax, "ten units with zero weights removed: accuracy", axis="x")
plot.show(fig, alt="Bars of accuracy: as it was, ten units removed, and folded before.")
assert folded[1].out_features == 64
assert torch.allclose(folded(validation[0]), doctored(validation[0]), atol=1e-3)
assert abs(found["folded, then removed"] - found["as it was"]) < 0.2

# %% [markdown]
# Folded, the network is as small as the one that failed, and answers as before. Ask of a unit without weights: **what
# leaves it after the activation?**
#
# ## 3 · A channel: convolution, batch norm, and the next layer
#
# In a convolution the weight has the shape (output channels, input channels, height, width). One output channel is
# a **filter**: a whole block `weight[c]`. After it come parts that handle each channel on its own, then the reader.
# Here are all shapes of our network. How many numbers of the
# network disappear with **one** channel of the second convolution?

# %%
x = image
print("part                output            tensors")
for place, part in enumerate(full):
    x = part(x)
    tensors = {name: tuple(t.shape) for name, t in part.state_dict().items() if t.dim()}
    listed = ", ".join(f"{name} {shape}" for name, shape in tensors.items())
    print(f"{place:>2} {type(part).__name__:<12} {tuple(x.shape)!s:<18} {listed}")

# %%
guess("one channel of the second convolution goes: numbers that go with it")

# %%
goes = {
    name: sum(tensor.numel() for tensor in full[place].state_dict().values() if tensor.dim()) / 32
    for name, place in {"convolution (4)": 4, "batch norm (5)": 5}.items()
}
goes["linear layer (9)"] = full[9].weight.numel() / 32  # its columns; the bias stays
for name, count in goes.items():
    print(f"{name}: {count:,.0f}")
reveal("one channel of the second convolution goes: numbers that go with it", sum(goes.values()))

# %% [markdown]
# Each of the 32 channels has its share of these tensors. Follow one down the list:
#
# - **4, the convolution** that makes it: one filter, and one entry of the bias.
# - **5, batch norm**: *four* numbers for each channel. Two are learned, `weight` (γ) and `bias` (β). Two are measured,
#   `running_mean` (μ) and `running_var` (σ²), and they decide in evaluation mode:
#   $\hat z = \gamma\,(z - \mu)/\sqrt{\sigma^2 + \epsilon} + \beta$.
# - **6 and 7, ReLU and pooling**: no numbers, and they never mix channels.
# - **8, flatten**: still no numbers, but a channel is now a map of 7×7 = 49 values in a row.
# - **9, the reader**: it has one column for each of these 49 values.
#
# Which 49 columns? Here is flatten on three channels of 2×2. Which places does channel 1 get?

# %%
small = torch.tensor([[[10, 11], [12, 13]], [[20, 21], [22, 23]], [[30, 31], [32, 33]]])
print("channel 1:", small[1].flatten().tolist())
print("flattened:", small.flatten().tolist())
owned = [place for place, value in enumerate(small.flatten().tolist()) if value // 10 == 2]
print("its places:", owned)
assert owned == list(range(1 * 4, 2 * 4))  # h·w neighbours, from c·h·w on

# %% [markdown]
# Channel after channel: channel $c$ owns the columns from $c\,h\,w$ up to, not including, $(c+1)\,h\,w$. The
# number of the reader's columns, divided by the number of channels, is what each one owns. So the code need not know
# $h$ and $w$.
#
# To remove a channel, follow it: begin at the layer that makes it, go forward, note which parts keep numbers for it, and
# stop at the reader. A part that the walk does not know is an error, and so is a linear layer that no flatten precedes or a
# convolution with `groups`: they read a channel in other ways.


# %%
def walk(model: nn.Sequential, place: int) -> list[tuple[int, str]]:
    """Which parts hold numbers for the outputs of model[place], and how: (place, what).

    Raises ValueError if a part on the way is unknown, or nobody reads the outputs.
    """
    touched, flat = [(place, "outputs")], isinstance(model[place], nn.Linear)
    for later in range(place + 1, len(model)):
        part = model[later]
        if isinstance(part, nn.BatchNorm2d) and part.affine:
            touched.append((later, "norm"))
        elif isinstance(part, nn.Linear) and flat:
            return [*touched, (later, "inputs")]
        elif isinstance(part, nn.Conv2d) and not flat and part.groups == 1:
            return [*touched, (later, "inputs")]
        elif isinstance(part, nn.Flatten):
            flat = True
        elif not isinstance(part, nn.ReLU | nn.MaxPool2d):
            raise ValueError(f"part {later}: what does {type(part).__name__} do to a channel?")
    raise ValueError(f"nobody reads part {place}: its outputs are the network's answers")


def keep_norm(norm: nn.BatchNorm2d, kept: list[int]) -> None:
    """Leaves only these channels of all four vectors, in place."""
    norm.weight = nn.Parameter(norm.weight.detach()[kept])
    norm.bias = nn.Parameter(norm.bias.detach()[kept])
    norm.running_mean = norm.running_mean[kept]
    norm.running_var = norm.running_var[kept]
    norm.num_features = len(kept)


# %%
for place in (0, 4, 9):
    print(place, "→", walk(full, place))
try:
    walk(full, 11)
except ValueError as error:
    print("refused:", error)


# %%
def remove_channels(model: nn.Sequential, place: int, gone: Sequence[int]) -> nn.Sequential:
    """A copy of `model` without these outputs of model[place]: channels, or units."""
    count = len(model[place].weight)
    kept = survivors(count, gone)
    smaller = copy.deepcopy(model)
    for other, what in walk(model, place):
        part = smaller[other]
        if what == "outputs":
            keep_outputs(part, kept)
        elif what == "norm":
            keep_norm(part, kept)
        else:
            each = part.weight.shape[1] // count  # 1, or height × width after a flatten
            keep_inputs(part, [c * each + i for c in kept for i in range(each)])
    return smaller


def numbers(model: nn.Module) -> int:
    """All numbers that the model keeps, the running statistics among them."""
    return sum(tensor.numel() for tensor in model.state_dict().values() if tensor.dim())


one_less = remove_channels(full, 4, [7])
gone_numbers = numbers(full) - numbers(one_less)
print(f"one channel of the second convolution less: {gone_numbers:,} numbers less")
assert gone_numbers == (16 * 3 * 3 + 1) + 4 + 64 * 49 == sum(goes.values())

# %% [markdown]
# One channel takes 3,285 numbers along, and 3,136 of them stand in the *reader*: 49 columns of 64.
#
# Are the answers right? Two tests:
#
# - **Silence, remove, compare.** Set γ and β of some channels of a trained network to 0. Their maps are 0 then,
#   whatever the filters say, so removing these channels must keep the outputs.
# - **Another implementation.** The library `torch_pruning` records which operation reads which result, and finds the
#   parts to change from that record. Both must agree in every number, also when the channels that go are *not* zero.


# %% tags=["nbval-ignore-output"]
def train_cnn(seed: int, *widths: int, epochs: int = 4) -> nn.Sequential:
    """A network of these widths, trained from this seed."""
    set_seed(seed)
    model = cnn(*widths)
    fit(model, fashion_parts()[0], epochs=epochs, seed=seed)
    return model


def silence(model: nn.Sequential, place: int, gone: Sequence[int]) -> nn.Sequential:
    """A copy in which the batch norm behind model[place] sends 0 for these channels."""
    model = copy.deepcopy(model)
    with torch.no_grad():
        model[place + 1].weight[list(gone)] = 0
        model[place + 1].bias[list(gone)] = 0
    return model


net = train_cnn(0)
print(f"validation accuracy {accuracy(net, *validation):.3f}")
quiet = silence(silence(net, 0, [1, 4, 9]), 4, range(0, 32, 3))
small_net = remove_channels(remove_channels(quiet, 0, [1, 4, 9]), 4, range(0, 32, 3))
outputs, small_outputs = quiet(validation[0][:500]), small_net(validation[0][:500])
print(f"largest difference of an output: {(outputs - small_outputs).abs().max():.1e}")
assert accuracy(net, *validation) > 0.82
assert torch.allclose(outputs, small_outputs, atol=1e-4)

# %%
import torch_pruning as tp  # noqa: E402 (here, where it is used first)

theirs = copy.deepcopy(net)
graph = tp.DependencyGraph().build_dependency(theirs, example_inputs=image)
for place, gone in ((0, [3, 11]), (4, [0, 17, 30]), (9, [5])):
    group = graph.get_pruning_group(
        theirs[place],
        tp.prune_linear_out_channels if place == 9 else tp.prune_conv_out_channels,
        idxs=gone,
    )
    group.prune()
ours = remove_channels(remove_channels(remove_channels(net, 0, [3, 11]), 4, [0, 17, 30]), 9, [5])
pairs = zip(ours.state_dict().items(), theirs.state_dict().values(), strict=True)
for (name, mine), other in pairs:
    assert torch.equal(mine, other), name
print(f"all {len(ours.state_dict())} tensors agree with torch_pruning, number by number")

# %% [markdown]
# Both hold. The outputs differ only by rounding, since the sums are added up in another order.
#
# What if the walk is done by hand, in a hurry? Two mistakes that raise no error:
#
# - **A new batch norm.** Someone builds `BatchNorm2d(21)` and copies `weight` and `bias`. μ and σ² stay those of a
#   fresh one, 0 and 1.
# - **The wrong columns after flatten.** Someone thinks that the channels alternate, and takes columns $c$, $c + 32$,
#   $c + 64$, … Their number is right.
#
# We remove eleven channels of `quiet` that send only zeros, so a right removal loses nothing. Which accuracies do
# the two mistakes leave? Guess the second one.

# %%
gone = list(range(0, 32, 3))
kept = survivors(32, gone)
right = remove_channels(quiet, 4, gone)

fresh_norm = copy.deepcopy(right)
fresh_norm[5].running_mean = torch.zeros(21)
fresh_norm[5].running_var = torch.ones(21)

wrong_columns = copy.deepcopy(right)
columns = [c + 32 * i for i in range(49) for c in kept]
wrong_columns[9].weight = nn.Parameter(quiet[9].weight.detach()[:, columns])

# %%
guess("wrong columns after flatten: accuracy", unit="%", low=0, high=100)

# %% tags=["nbval-ignore-output"]
variants = {
    "silenced, not removed": quiet,
    "removed": right,
    "removed, fresh batch norm": fresh_norm,
    "removed, wrong columns": wrong_columns,
}
left = {name: 100 * accuracy(model, *validation) for name, model in variants.items()}
fig, ax = plot.figure(width=8, height=2.2)
plot.bars(ax, list(left), list(left.values()), label="{:.1f}")
ax.set(
    title="One right removal, two mistakes",
    xlabel="validation accuracy (%; chance: 10)",
    xlim=(0, 100),
)
mark_guess(ax, "wrong columns after flatten: accuracy", axis="x")
plot.show(fig, alt="Bars of accuracy: silenced, removed, and removed with each of the mistakes.")
reveal("wrong columns after flatten: accuracy", left["removed, wrong columns"])

# %% [markdown]
# No error. The wrong columns leave chance; the fresh batch norm leaves so much that one could take the loss for the price of
# pruning. Silencing channels and comparing outputs finds both mistakes in a second.
#
# ### A channel with no weights, and alive
#
# The trap of part 2 has a twin here. Set filter and bias of a channel to 0. What leaves its batch norm in
# evaluation mode: 0, or something else? (Use the formula for $\hat z$ above with $z = 0$.)
#
# If it is a constant $a$, we can try to fold it. A linear reader has 49 columns for the channel, and each of
# them gets $a$: add the sum of their weights, times $a$, to the bias. For a reader that is a convolution do the
# same with the weights of its window. At how many positions of its map are the outputs kept?
#
# Channel 2 of both convolutions gets a zero filter (and β + 1, so that the constant is alive). Then we fold, and
# compare what the readers compute.


# %%
def fold_channel(model: nn.Sequential, place: int, channel: int) -> nn.Sequential:
    """Removes a channel with a zero filter; its constant goes into the reader's bias."""
    norm, reader = model[place + 1], walk(model, place)[-1][0]
    scale = norm.weight[channel] / (norm.running_var[channel] + norm.eps).sqrt()
    centred = model[place].bias[channel] - norm.running_mean[channel]  # the filter adds nothing
    sent = F.relu(centred * scale + norm.bias[channel])
    folded = copy.deepcopy(model)
    by_channel = model[reader].weight.unflatten(1, (len(model[place].weight), -1))
    with torch.no_grad():
        folded[reader].bias += sent * by_channel[:, channel].flatten(1).sum(1)
    return remove_channels(folded, place, [channel])


assert abs(left["removed"] - left["silenced, not removed"]) < 0.2  # the bars above
mistakes = left["removed, fresh batch norm"], left["removed, wrong columns"]
assert max(mistakes) < left["removed"] - 5

constant = copy.deepcopy(net)
with torch.no_grad():
    for place in (0, 4):
        constant[place].weight[2], constant[place].bias[2] = 0, 0
        constant[place + 1].bias[2] += 1

# %%
guess(
    "folded into the convolution that follows: where are its outputs kept?",
    choices=["everywhere", "at some positions", "nowhere"],
)

# %% tags=["nbval-ignore-output"]
some = validation[0][:200]
for place in (0, 4):
    sent = constant[: place + 3](some)[:, 2]
    print(f"part {place}: channel 2 sends {sent.min():.3f} to {sent.max():.3f} after its ReLU")
    assert sent.max() - sent.min() < 1e-5
after_conv = (fold_channel(constant, 0, 2)[:5](some) - constant[:5](some)).abs().amax((0, 1))
after_linear = (fold_channel(constant, 4, 2)[:10](some) - constant[:10](some)).abs().max()

fig, axes = plot.figure(1, 2, width=9, height=3.4)
shown = axes[0].imshow(after_conv.detach(), cmap="gray_r", vmin=0)
axes[0].set(title="Reader: convolution, padding 1", xlabel="column", ylabel="row")
axes[0].grid(visible=False)
fig.colorbar(shown, ax=axes[0], label="largest difference")
inside, border = after_conv[1:-1, 1:-1].max().item(), after_conv.max().item()
names = ["convolution, border", "convolution, inside", "linear layer"]
plot.bars(axes[1], names, [border, inside, after_linear.item()], label="{:.1e}")
axes[1].set(title="Both kinds of reader", xlabel="largest difference")
plot.show(fig, alt="A 14×14 map of the largest difference at each place; three bars.")
kept = (after_conv < 1e-4).float().mean().item()
kept_at = "everywhere" if kept == 1 else "at some positions" if kept else "nowhere"
reveal("folded into the convolution that follows: where are its outputs kept?", kept_at)

# %% [markdown]
# Both channels send something without any weights, and the same everywhere. Now the map. Inside,
# and in the linear layer, only rounding is left of the difference. Along the border the padding sends 0 where the
# channel would have sent its constant, and one bias can't be right for both. So keep such a channel, or measure what
# the error at the border does to the accuracy.
#
# ## 4 · What it saves
#
# A convolution uses each of its weights once at every place of its output map, a linear layer uses each once. So the
# MACs for one image are
#
# $$\text{MACs} = \sum_{\text{convolutions}} h_\text{out}\,w_\text{out} \cdot
# \underbrace{c_\text{out}\,c_\text{in}\,k_h\,k_w}_{\text{weights}} \;+ \sum_{\text{linear}}
# \underbrace{n_\text{out}\,n_\text{in}}_{\text{weights}}$$
#
# ($c$: channels; $k_h \times k_w$: the filter's size; $h \times w$: the map's; $n$: features. Biases, batch norm
# and pooling are left out, as is usual.)
#
# We remove half of the channels of **both convolutions**; the 64 units stay.


# %%
def macs_by_layer(model: nn.Sequential, image: torch.Tensor) -> dict[str, int]:
    """Multiply-accumulates of each convolution and linear layer for one image (1, …)."""
    counts, x = {}, image
    for place, part in enumerate(model):
        x = part(x)
        if isinstance(part, nn.Conv2d):
            height, width = x.shape[2:]
            counts[f"{place} Conv2d"] = height * width * part.weight.numel()
        elif isinstance(part, nn.Linear):
            counts[f"{place} Linear"] = part.weight.numel()
    return counts


# %%
assert inside < 1e-4 and after_linear < 1e-4 and border > 1e-2  # the map above

# %%
halved = remove_channels(remove_channels(net, 0, range(8)), 4, range(16))

# %%
before, after = macs_by_layer(net, image), macs_by_layer(halved, image)
assert sum(before.values()) == count_macs(net, image)  # as PyTorch counts them
assert sum(after.values()) == count_macs(halved, image)
table = pd.DataFrame({"MACs": before, "MACs, halved": after})
table["left"] = (table["MACs, halved"] / table["MACs"]).round(2)
weights = {name: [net[int(name.split()[0])], halved[int(name.split()[0])]] for name in before}
table["parameters"] = [count_parameters(pair[0]) for pair in weights.values()]
table["parameters, halved"] = [count_parameters(pair[1]) for pair in weights.values()]
table

# %% [markdown]
# Look at the column *left*. The first convolution loses half: its input is the image, which stays. The second
# falls to a **quarter**: it makes half as many channels *and* reads half as many. The linear layer reads half.
#
# Then compare MACs with parameters. The second convolution does most of the work and has few parameters; with the
# first linear layer it is the other way round. Fewer MACs: take channels where the maps are large and both sides
# shrink. Fewer bytes: take what the big linear layer reads, or its units.
#
# Does the time follow the MACs? Three networks, measured in turn and in a shuffled order, for one image and for eight, and the first and the last
# once more in the memory order `channels_last` (lesson 05). Then each part alone, for eight.

# %% tags=["nbval-ignore-output"]
masked = silence(silence(net, 0, range(8)), 4, range(16))
networks = {"full": net, "half silenced": masked, "half removed": halved}
ordered = {
    f"{name}, channels_last": copy.deepcopy(networks[name]).to(memory_format=torch.channels_last)
    for name in ("full", "half removed")
}
fig, axes = plot.figure(1, 2, width=12, height=3)
fig.suptitle("The times of a call")
ratios = {}
for ax, size in zip(axes, (1, 8), strict=True):
    inputs = validation[0][:size]
    timed = latency(
        {name: partial(model, inputs) for name, model in {**networks, **ordered}.items()},
        runs=200,
    )
    plot.latencies(ax, timed)
    ax.set_title("1 image" if size == 1 else f"{size} images")
    ratios[size] = timed["half removed"].lower_quartile / timed["full"].lower_quartile
plot.show(
    fig, alt="Times of three networks, two of them in two memory orders; one image and eight."
)
mac_ratio = count_macs(halved, image) / count_macs(net, image)
print(f"left: MACs {mac_ratio:.2f}, time for 8 images {ratios[8]:.2f}, for one {ratios[1]:.2f}")
file_ratio = saved_bytes(halved) / saved_bytes(net)
print(f"      file {file_ratio:.2f}, parameters {numbers(halved) / numbers(net):.2f}")

# %% tags=["nbval-ignore-output"]
rows, x = [], dict.fromkeys(networks, validation[0][:8])
for place, part in enumerate(net):
    parts = {name: partial(model[place], x[name]) for name, model in networks.items()}
    timed = {name: 1e6 * t.median for name, t in latency(parts, runs=100).items()}
    rows.append({"part": f"{place} {type(part).__name__}", **timed})
    with torch.no_grad():
        x = {name: model[place](x[name]) for name, model in networks.items()}
table = pd.DataFrame(rows).set_index("part")
table.round(0).astype(int).rename_axis(columns="µs, 8 images")

# %% [markdown]
# The lines show how much the times vary; where a line is as long as its bar, run the cell again. On a quiet machine the
# network with half of its channels took about 0.6 of the time for eight images and 0.8 for one: the removed channels bring
# time, but less than the MACs promise. And the memory order of the full network alone brought about as much. Do both, and
# give the baseline what you give the small network.
#
# For eight images the silenced network may be *faster* than the full one, although it does all the multiplications. The table shows where: convolutions and linear layers take
# the same time with zeros, and *MaxPool2d* does not. And look at the **first convolution** with half of its channels: it
# has gained nothing, and may even be slower.
#
# Both have reasons that can be measured: first convolutions with fewer and fewer channels, then pooling of maps of
# different content, in both memory orders. First guess: how long does the second convolution take with 31 channels
# instead of 32?

# %%
guess("31 channels instead of 32: time of a convolution", unit="% of the time with 32", low=0)


# %% tags=["nbval-ignore-output"]
def against_first(calls: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Times relative to the first call, lower quartiles of calls in a shuffled order."""
    times = latency(calls, runs=200)
    base = next(iter(times.values())).lower_quartile
    return {name: round(time.lower_quartile / base, 2) for name, time in times.items()}


images = validation[0][:8]
first = {c: partial(nn.Conv2d(1, c, 5, padding=2), images) for c in (16, 15, 12, 8)}
print("first convolution, by channels: ", against_first(first))
maps = torch.randn(8, 16, 14, 14)
second = {c: partial(nn.Conv2d(16, c, 3, padding=1), maps) for c in (32, 31, 24, 17, 16, 8)}
by_channels = against_first(second)
print("second convolution, by channels:", by_channels)
reveal("31 channels instead of 32: time of a convolution", 100 * by_channels[31])

wide = torch.randn(8, 16, 28, 28).relu()
contents = {"ReLU of noise": wide, "all zero": 0 * wide, "ascending": wide.sort(3).values}
for order in (torch.contiguous_format, torch.channels_last):
    maps = {name: x.contiguous(memory_format=order) for name, x in contents.items()}
    pooled = {name: partial(F.max_pool2d, x, 2) for name, x in maps.items()}
    print(f"max-pooling, {order}:", against_first(pooled))

# %% [markdown]
# On the machine that made this page the second convolution gets faster in a **step**: not before 16 of its 32 channels are
# gone, and then no further. Why? On x86 PyTorch hands a convolution to a library, oneDNN, and oneDNN keeps a log when asked. We ask it in a process of its own, where the log
# is all that it prints:

# %% tags=["nbval-ignore-output"]
asked = """import torch
torch.set_num_threads(1)
with torch.no_grad():
    for channels in (32, 31, 17, 16, 8):
        torch.nn.Conv2d(16, channels, 3, padding=1)(torch.rand(8, 16, 14, 14))
"""
log = subprocess.run(
    [sys.executable, "-c", asked],
    env=os.environ | {"ONEDNN_VERBOSE": "1"},
    capture_output=True,
    text=True,
    check=True,
).stdout
pattern = r"exec,cpu,convolution,([\w:]+),.*?wei:f32:(\w+):blocked:(\w+):.*? dst:f32:\w+:blocked:(\w+):.*_(ic\d+oc\d+)"
for kernel, weights, order, out, size in re.findall(pattern, log):
    padded = "padded" if "p" in weights else "as they are"
    print(f"{size:9} {kernel}, weights {order} {padded}, output in blocks {out}")
if "convolution" not in log:
    print("oneDNN did not compute a convolution here.")

# %% [markdown]
# The `16b` says it: maps lie in memory in **blocks of 16 channels**, as wide as a vector register that holds 16 floats. All five run the same kernel, on whole blocks. 31 channels are
# *padded* to 32, 17 to 32 as well, and 8 to 16, so they cost as much. Such blocks are common, with 8, 16 or 32 channels by device. So remove whole blocks, and find out how large yours are.
#
# Pooling asks of each value whether it is larger than the largest so far. In the default order its time depends on how
# predictable the answer is: the same values in ascending order take well under the time of the unsorted ones, so no zeros are
# needed for it. In `channels_last` the
# content hardly matters. Pooling stands in no MAC count, nor does batch norm, nor the fixed cost of starting each of the
# twelve parts. **MACs are not time.**
#
# > **A place to stop.** You can remove a channel with everything that hangs on it, and say what it saves. Before you go on:
# > which tensors lose something with a channel in front of a batch norm and a flatten?
#
# <details><summary>Answer</summary>
#
# The convolution loses a filter and its bias, the batch norm one entry in four tensors, and the linear layer behind the flatten
# a block of columns, one for each pixel of the map.
#
# </details>
#
# ## 5 · Which channels?
#
# Five **criteria** give each channel a score; the lowest go:
#
# - **L1**: the sum of its weights' magnitudes. **L2**: the root of the sum of their squares.
# - **BN scale**: $|\gamma|$ of its batch norm, which multiplies the whole map.
# - **Taylor**: how much would the loss change if the channel's map $m$ were 0? The loss changes by about the gradient times
#   the change of the map, and that change is $-m$: $\big|\sum m\, \partial L / \partial m\big|$, averaged over images. It
#   needs images and one backward pass.
# - **random**: chance, the yardstick.


# %%
def l1(model: nn.Sequential, place: int) -> torch.Tensor:
    """A score for each output channel: the sum of its weights' magnitudes."""
    return model[place].weight.detach().abs().flatten(1).sum(1)


def weakest(scores: torch.Tensor, count: int) -> list[int]:
    """The positions of the `count` lowest scores."""
    return scores.argsort(stable=True)[:count].tolist()


def taylor(
    model: nn.Sequential, place: int, images: torch.Tensor, labels: torch.Tensor
) -> torch.Tensor:
    """A score for each channel that leaves the ReLU behind model[place], from these images."""
    maps = model[: place + 3](images).detach().requires_grad_()  # convolution, batch norm, ReLU
    loss = F.cross_entropy(model[place + 3 :](maps), labels)
    (gradient,) = torch.autograd.grad(loss, maps)
    return (maps * gradient).sum((2, 3)).abs().mean(0).detach()


# %%
criteria: dict[str, Callable[[nn.Sequential, int, tuple], torch.Tensor]] = {
    "L1": lambda model, place, batch: l1(model, place),
    "L2": lambda model, place, batch: model[place].weight.detach().flatten(1).norm(dim=1),
    "BN scale": lambda model, place, batch: model[place + 1].weight.detach().abs(),
    "Taylor": lambda model, place, batch: taylor(model, place, *batch),
    "random": lambda model, place, batch: torch.rand(len(model[place].weight)),
}


# %% tags=["nbval-ignore-output"]
batch = train[0][:1000], train[1][:1000]  # training images; validation images are for judging
set_seed(100)
removed = {name: set(weakest(score(net, 0, batch), 8)) for name, score in criteria.items()}
shared = [len(removed["L1"] & gone) for gone in removed.values()]
print("of the eight that L1 removes, the others remove:", dict(zip(criteria, shared, strict=True)))

# %% [markdown]
# Two random sets of eight out of sixteen share four on average; compare. L2 looks at the same weights in almost the same
# way; BN scale and Taylor look at other things.
#
# Which is best? This was measured once, on five networks from five seeds
# (`course/08_structured_pruning/make_structured_pruning.py` runs this lesson's own functions). For each seed: train for 4 epochs; remove 25,
# 50 or 75 % of the channels of both convolutions; **fine-tune for 2 epochs**. *Random* is the mean of three draws per
# network.  The controls:
#
# - **dense**: nothing removed, and the same 2 epochs more;
# - **small, 6 epochs**: the small network, trained from scratch for as long as the pruned one in all;
# - **small, 2 epochs**: the same, only for the 2 epochs that fine-tuning takes.
#
# The next cell has the functions that did it.


# %%
results = load_results("structured_pruning")


def prune_convolutions(
    model: nn.Sequential, criterion: str, share: float, batch: tuple
) -> nn.Sequential:
    """A copy without this share of the channels of both convolutions: the lowest scores go."""
    scores = {place: criteria[criterion](model, place, batch) for place in (0, 4)}
    for place, score in scores.items():
        model = remove_channels(model, place, weakest(score, round(share * len(score))))
    return model


def fine_tuned(model: nn.Sequential, seed: int) -> nn.Sequential:
    """Two more epochs, in place; the dense control gets the same images in the same order."""
    fit(model, fashion_parts()[0], epochs=2, seed=100 + seed)
    return model


# %% [markdown]
# One thing is easy to forget. After channels are gone from the first convolution, what the second one's batch norm sees has
# another mean and variance, and its running statistics are stale. They can be estimated anew from a thousand training
# images or fewer, without a label or a gradient. The table below has all that were pruned: five networks, each criterion.


# %% tags=["nbval-ignore-output"]
def recalibrated(model: nn.Sequential, images: torch.Tensor) -> nn.Sequential:
    """A copy whose batch norms have the statistics of these images."""
    model = copy.deepcopy(model).train()
    for part in model:
        if isinstance(part, nn.BatchNorm2d):
            part.reset_running_stats()
            part.momentum = None  # the plain mean over all batches
    with torch.no_grad():
        for some in images.split(100):
            model(some)
    return model.eval()


small = prune_convolutions(net, "L1", 0.5, batch)
anew = accuracy(recalibrated(small, batch[0]), *validation)
print(f"L1, half removed: {accuracy(small, *validation):.3f}, recalibrated {anew:.3f}")

# %%
pruned = results.dropna(subset=["recalibrated"])
gain = 100 * (pruned["recalibrated"] - pruned["before"])
assert (gain < 0).sum() > 10
print(f"worse after it: {(gain < 0).sum()} of {len(gain)} networks")
gain.groupby(pruned["share"]).agg(["mean", "min", "max"]).round(1).rename_axis("points gained")

# %% [markdown]
# On average recalibration gives back points, and more where more was removed. But one network in seven got *worse*. It costs
# nothing, so try it, and look.
#
# Now the fine-tuned ones. With 75 % of the channels removed and two epochs of fine-tuning: by how many points of
# accuracy (84 % against 83 % is one point) does L1 lie above *small, 6 epochs*, on average? (Write a loss with a minus.)

# %%
guess("75 % removed, fine-tuned: L1 above small, 6 epochs", unit="points")

# %%
shares = (0.25, 0.5, 0.75)


def measured(what: str, share: float, column: str) -> np.ndarray:
    """The accuracies of five seeds, in their order; where there are several draws, their means."""
    rows = results[(results["what"] == what) & (results["share"] == share)]
    return rows.groupby("seed")[column].mean().to_numpy()


dense_control = measured("dense control", 0.0, "after")
fig, axes = plot.figure(1, 2, width=12, height=4)
for ax, column in zip(axes, ("recalibrated", "after"), strict=True):
    shown = list(criteria) if column == "recalibrated" else [*criteria, "small, 6 epochs"]
    series = {name: [measured(name, share, column) for share in shares] for name in shown}
    plot.ranges(ax, [f"{100 * share:.0f} %" for share in shares], series)
    ax.set(xlabel="channels removed from both convolutions")
axes[1].axhspan(dense_control.min(), dense_control.max(), color="grey", alpha=0.25)
axes[1].axhline(dense_control.mean(), color="grey", label="dense control", marker="")
axes[0].get_legend().remove()
axes[1].legend(loc="lower left", ncols=2)
axes[0].set(title="Recalibrated, not fine-tuned", ylabel="validation accuracy", ylim=(0, 0.95))
axes[1].set_title("After 2 epochs of fine-tuning")
fig.suptitle("Mean and range of five seeds (mind the two scales)")
plot.show(fig, alt="Accuracy of five criteria with three shares removed, before and after tuning.")
above = measured("L1", 0.75, "after").mean() - measured("small, 6 epochs", 0.75, "after").mean()
reveal("75 % removed, fine-tuned: L1 above small, 6 epochs", 100 * above)

# %% [markdown]
# On the left, without training, look at the length of the lines, and at *random*, whose mean is the highest of all five at 75 %. At 50 and 75 % the
# seeds of most criteria differ by more than the criteria do. On the right, after two epochs, all have moved up
# and together.
#
# Is what is left a difference at all? The yardstick is **random**. A criterion and random prune the same network of the
# same seed and are tuned on the same images: these are pairs. Of the five differences we take the mean and its 95 %
# interval: ± 2.78 standard errors (Student's t with four degrees of freedom). The small networks were trained from seeds of
# their own. They pair with nobody, so they get an unpaired interval (Welch's: the variances of both add up). Both are the `verdict` of lesson 00, which also says how many of them we ask for.


# %%
paired = partial(verdict, shared="seeds", among=33)
unpaired = partial(verdict, shared="nothing", among=33)
table = {}
for share in shares:
    column = table.setdefault(f"{share:.0%} removed", {})
    after = {name: measured(name, share, "after") for name in criteria}
    for name in ("L1", "L2", "BN scale", "Taylor"):
        column[f"{name}, against random"] = paired(after[name], after["random"])
    for name in criteria:
        small = measured("small, 6 epochs", share, "after")
        column[f"{name}, against small, 6 epochs"] = unpaired(after[name], small)
    small = measured("small, 2 epochs", share, "after")
    column["L1, against small, 2 epochs"] = unpaired(after["L1"], small)
    column["L1, against dense control"] = paired(after["L1"], dense_control)
assert sum(map(len, table.values())) == 33
pd.DataFrame(table).map(str)

# %%
assert table["25% removed"]["BN scale, against random"].word == "better"
assert table["75% removed"]["L1, against small, 6 epochs"].word == "worse"
assert table["75% removed"]["BN scale, against small, 6 epochs"].word == "indistinguishable"
assert table["75% removed"]["L1, against dense control"].word == "worse"

# %% [markdown]
# Read it row by row.
#
# - **The criteria against random.** No mean is below 0, and one of 12 intervals leaves out 0: BN scale, with 25 %
#   removed. Of 12 intervals at 95 % 0.6 would do so by chance, and of all 33 one or two. So *perhaps* BN scale. For the others five seeds show nothing, with up to 1.5 points of room.
# - **small, 6 epochs.** With 75 % removed the small network trained from scratch is **better** than L1, L2, Taylor and
#   random, by about a point, with as many epochs in all (four of the pruned network's six even trained the large one). With
#   BN scale the five seeds can't tell, and with 25 and 50 % removed they can't for any; that is not *equal*. Liu et al.
#   (2019) found that training from scratch does as well or better for large networks.
# - **small, 2 epochs.** L1 is better each time: four epochs in a larger network are worth more than none.
# - **dense control.** With 75 % removed, about two points are lost. With 25 and 50 % the loss, if any, is too small for
#   these seeds.
#
# What carries over is the way to ask: random as the yardstick, equal budgets, several seeds, pairs only where there are
# pairs.
#
# ## 6 · 2:4: a pattern that hardware can use
#
# Between single weights and whole channels lies **N:M**: of every M neighbouring entries of a row, N stay. The most
# common one is **2:4**: each group of four keeps exactly two. By hand, on one row:

# %%
row = torch.tensor([[0.9, -0.1, 0.4, 0.2, 0.3, 0.3, -0.3, 0.3, 0.0, 0.0, 0.0, -1.1]])


def mask_2_of_4(weight: torch.Tensor) -> torch.Tensor:
    """A mask of the same shape: in each group of four neighbours the two largest magnitudes stay.

    Raises ValueError if the entries of a row do not come in fours.
    """
    if weight[0].numel() % 4:
        raise ValueError(f"{weight[0].numel()} entries per row can't be cut into groups of four")
    groups = weight.detach().abs().reshape(-1, 4)
    best = groups.topk(2, dim=1).indices  # two places, whatever the ties
    return torch.zeros_like(groups).scatter(1, best, 1).reshape(weight.shape)


mask = mask_2_of_4(row)
for name, values in {"weights": row, "mask": mask, "what stays": row * mask}.items():
    groups = [" ".join(f"{value:4.1f}" for value in group) for group in values.view(3, 4).tolist()]
    print(f"{name:10} | {' | '.join(groups)} |")
assert (mask.reshape(-1, 4).sum(1) == 2).all()  # also where all four are equal, or zero

# %% [markdown]
# In the second group all magnitudes are equal, and two stay all the same. The third had one weight that is not zero, and
# its mask still has two ones. The pattern is a promise about **places**, not about values.
#
# To store it, write down the two values that stay, and for each *which place* of the four it had: 0, 1, 2 or 3, which
# takes two bits. These are the **metadata**. An int8 matrix stored in this way: what share of its dense bytes does
# it take?


# %%
def pack(weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """A 2:4 matrix (rows, columns; columns in eights) as values and codes, two places each.

    Returns values (rows, columns / 2), and codes, uint8 (rows, columns / 8): four bits per group.
    """
    groups = weight.reshape(len(weight), -1, 4)
    places = mask_2_of_4(weight).reshape(groups.shape).topk(2, dim=2).indices.sort(dim=2).values
    values = groups.gather(2, places).flatten(1)
    nibbles = places[..., 0] + 4 * places[..., 1]  # two bits, and two bits
    return values, (nibbles[:, 0::2] + 16 * nibbles[:, 1::2]).to(torch.uint8)


# %%
guess("2:4 of an int8 matrix: size", unit="% of the dense bytes", low=0, high=100)

# %%
set_seed(0)
matrix = torch.randn(256, 512)
table = {}
for dtype in (torch.float16, torch.int8):
    dense = (20 * matrix).to(dtype)
    sparse = dense * mask_2_of_4(dense)
    values, codes = pack(sparse)
    table[str(dtype).removeprefix("torch.")] = {
        "dense bytes": dense.nbytes,
        "values": values.nbytes,
        "metadata": codes.nbytes,
        "%": 100 * (values.nbytes + codes.nbytes) / dense.nbytes,
    }
reveal("2:4 of an int8 matrix: size", table["int8"]["%"])
pd.DataFrame(table).T

# %% [markdown]
# The metadata are the same for every type: 4 bits per group. A dense group of four has 64 bits in float16 and 32 in int8,
# so 4 bits are the larger share of the second.
#
# And time? Graphics cards since NVIDIA's Ampere have units that skip the zeros of this pattern, for up to twice the
# throughput of a dense matrix product (Mishra et al. 2021; not measured here). And a **CPU** with ordinary kernels?
# The cell times a product with a 2:4 matrix, and asks PyTorch's own function for the packed form.

# %%
assert table["float16"]["%"] == 56.25 and table["int8"]["%"] == 62.5

# %%
dense, inputs = torch.randn(512, 512), torch.randn(512, 16)
sparse = dense * mask_2_of_4(dense)
half = dense[:256]  # half of the outputs gone, for comparison

# %% tags=["nbval-ignore-output"]
calls = {"dense": dense, "2:4": sparse, "half of the rows gone": half}
timed = latency({name: partial(torch.matmul, w, inputs) for name, w in calls.items()}, runs=300)
for name in ("half of the rows gone", "2:4"):
    ratio = timed[name].lower_quartile / timed["dense"].lower_quartile
    print(f"{name}: {ratio:.2f} times the time of dense")
try:
    torch.sparse.to_sparse_semi_structured(sparse.half())
    raise AssertionError("packed on a CPU")
except RuntimeError as error:
    print("RuntimeError:", str(error).splitlines()[0])

# %% [markdown]
# The 2:4 product takes about as long as the dense one; with half of the rows gone the product is faster. PyTorch packs
# only for a graphics card. 2:4 is faster only where kernel and hardware know the pattern, and only for large products:
# look that up for your device, then measure.
#
# What does it cost in accuracy? In the experiment of part 5, the second convolution and the large linear layer got
# 2:4 masks, and were fine-tuned with the masks attached. One warning: “four neighbouring entries of a row” is the pattern
# of a *linear* layer. For a convolution NVIDIA's tools take four **input channels** at the same position of the window; our
# experiment took four neighbours in memory, which lie in the window. The last lines compare the two on this network,
# without fine-tuning.

# %%
against = verdict(measured("2:4", 0.5, "after"), dense_control, shared="seeds")
untuned = measured("2:4", 0.5, "before").mean()
print(f"dense, not fine-tuned: accuracy {measured('dense control', 0.0, 'before').mean():.3f}")
print(f"2:4 along memory, not fine-tuned: accuracy {untuned:.3f}")
print(f"2:4 along memory, fine-tuned:     accuracy {measured('2:4', 0.5, 'after').mean():.3f}")
print(f"against the dense control: {against}")
assert against.word == "indistinguishable"
for column in ("before", "recalibrated"):
    quarter = [measured(name, 0.25, column).mean() for name in criteria]
    print(f"25 % of the channels removed ({column}): {min(quarter):.3f} to {max(quarter):.3f}")
assert untuned > max(measured(name, 0.25, "before").mean() for name in criteria)

# %% tags=["nbval-ignore-output"]
weight = net[4].weight.detach()
channels_last = mask_2_of_4(weight.permute(2, 3, 0, 1).reshape(-1, weight.shape[1]))
patterns = {"four neighbours in memory": mask_2_of_4(weight)}
patterns["four input channels"] = channels_last.reshape(3, 3, *weight.shape[:2]).permute(2, 3, 0, 1)
for name, mask in patterns.items():
    masked = copy.deepcopy(net)
    masked[4].weight.data = weight * mask
    print(f"second convolution, {name}: {accuracy(masked, *validation):.3f}")

# %% [markdown]
# The interval holds 0: with two epochs of fine-tuning, five seeds can't tell 2:4 from dense; it allows a gain of 1.5 points
# and a loss of 0.4. Without tuning about two points were lost (the first two lines). Removing 25 % of the channels leaves the
# second convolution more weights than 2:4 does ($0.75^2 = 0.56$ against 0.5) and lost more all the same, or as much where the
# best criterion was recalibrated. On this one network the hardware's
# pattern, four input channels, is as good as four neighbours in memory.
#
# ## 7 · Further: a network with shortcuts
#
# *This part is optional; the exercise does not need it.* ResNet-18 has shortcuts: $y = f(x) + x$. An addition
# needs the same channels on both sides. So channel 3 of $f(x)$ can't go alone: channel 3 of $x$ must go too, and
# with it whatever makes $x$, which may be an addition again. Our walk only goes forward along one line. `torch_pruning`
# follows such ties in both directions: build the graph of a ResNet as in part 3, ask it for
# `get_pruning_group(model.conv1, tp.prune_conv_out_channels, idxs=[3])`, and print its members.

# %% tags=["nbval-ignore-output"]
guesses()

# %% [markdown]
# ## You can now…
#
# - remove units and channels with all that must follow, and prove the result by equal outputs;
# - tell a dead unit from one that only has no weights, and fold its constant, knowing where that is exact;
# - count MACs by hand, and say what removed channels save in MACs, bytes and time;
# - compare criteria with seeds, intervals and two controls; store a 2:4 matrix, and say what it saves where.
#
# **Common mistakes**
#
# - Setting channels to zero and expecting a smaller file or a faster network.
# - Slicing the next layer along its outputs. It is the *columns* that read the channel.
# - Only γ and β of a batch norm: it keeps **four** vectors for its channels.
# - After a flatten: one column per channel, or columns that alternate. It is $h\,w$ neighbours.
# - Zero weights taken for a zero output. The bias, or β, may be alive.
# - Half of the channels taken for half of the MACs, or MACs for time.
# - 2:4 taken for half of the bytes, or for speed on any hardware.
#
# ## Cheat sheet
#
# | to remove channel $c$ | keep the rest of |
# |---|---|
# | from `nn.Linear` or `nn.Conv2d` that makes it | `weight[kept]`, `bias[kept]` |
# | from `nn.BatchNorm2d` | `weight`, `bias`, `running_mean`, `running_var` |
# | from ReLU, pooling, flatten | nothing there; they have no numbers |
# | from the `nn.Conv2d` that reads it | `weight[:, kept]` |
# | from the `nn.Linear` behind a flatten | all but the columns $c\,h\,w$ to $(c+1)\,h\,w - 1$ |
# | from a sum, $f(x) + x$ | the same $c$ on both sides, and all who make or read it |
#
# | to know | compute |
# |---|---|
# | what a unit without weights sends | $\mathrm{relu}(b_i)$ |
# | what a channel without weights sends | $\mathrm{relu}(\gamma (b - \mu)/\sqrt{\sigma^2+\epsilon} + \beta)$ |
# | the bias after folding a constant $a$ | $b \leftarrow b + a \sum W[:, i]$; not exact at a padded border |
# | MACs of a convolution | $h_\text{out}\,w_\text{out}\,c_\text{out}\,c_\text{in}\,k_h\,k_w$ |
# | MACs of a linear layer | $n_\text{out}\,n_\text{in}$ |
# | share of bytes with 2:4 | $(2 \cdot 16 + 4)/(4 \cdot 16)$ = 56.25 % for 16 bits per value, 62.5 % for 8 |
#
# Order of work: score → remove for real → check the shapes, and equal outputs with silenced channels → fine-tune, and
# give a dense and a from-scratch control the same → measure MACs, bytes and time on the device.

# %% [markdown]
# ## Practise
#
# Nothing below is marked, and nothing leaves this machine. What you do is kept in one file, `progress.sqlite`,
# in the folder above this one, so you can stop at any time and go on where you were. Everything works by mouse and by keyboard.
# In any notebook, `cheat_sheet("08")` from `coursekit.learn.widgets` brings the page above back.
#
# **Cards.** Say the answer aloud before you turn one. Those you forget come back soon.

# %%
cards("08")

# %% [markdown]
# **Quiz.** Each option tells why it is right or wrong, and you may try again.

# %%
quiz("08")

# %% [markdown]
# **In your own words.** Write two or three sentences. You see which ideas were found in them.

# %%
respond("08")

# %% [markdown]
# **Practice.** From easy to hard, with a hint and worked steps when you want them.

# %%
practice("08")

# %% [markdown]
# **Traces.** Follow a run step by step. Say what comes next before you press the button.

# %% tags=["nbval-ignore-output"]
trace("08")

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
# - H. Li, A. Kadav, I. Durdanovic, H. Samet, H. P. Graf (2017): *Pruning Filters for Efficient ConvNets*. ICLR.
#   arXiv:1608.08710. Filters by their L1 norm, removed together with their readers.
# - Z. Liu et al. (2017): *Learning Efficient Convolutional Networks through Network Slimming*. ICCV.
#   arXiv:1708.06519. The batch norm's scale as criterion.
# - P. Molchanov, S. Tyree, T. Karras, T. Aila, J. Kautz (2017): *Pruning Convolutional Neural Networks for Resource
#   Efficient Inference*. ICLR. arXiv:1611.06440. The first-order Taylor criterion.
# - Z. Liu, M. Sun, T. Zhou, G. Huang, T. Darrell (2019): *Rethinking the Value of Network Pruning*. ICLR.
#   arXiv:1810.05270. The small network from scratch as a control.
# - A. Mishra et al. (2021): *Accelerating Sparse Deep Neural Networks*. arXiv:2104.08378. 2:4, metadata, hardware.
# - G. Fang, X. Ma, M. Song, M. B. Mi, X. Wang (2023): *DepGraph: Towards Any Structural Pruning*. CVPR.
#   arXiv:2301.12900. The method behind `torch_pruning`.
# - S. Ioffe, C. Szegedy (2015): *Batch Normalization*. arXiv:1502.03167. K. He, X. Zhang, S. Ren, J. Sun (2016):
#   *Deep Residual Learning for Image Recognition*. arXiv:1512.03385. ResNet-18.
# - H. Xiao, K. Rasul, R. Vollgraf (2017): *Fashion-MNIST*. arXiv:1708.07747. The images.
