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
# **I set half of my network's channels to zero, and gained nothing. So I removed them, and now the shapes don't fit. What else has to go with a channel?**
#
# It takes about {minutes} minutes, with a place to stop after part 3. You need magnitude pruning and its dense control (lesson 07), `nn.Conv2d`, and what a batch norm does in evaluation mode ([the primers](primers.ipynb) have both, in five minutes).
#
# Choose a channel in the picture and cut it out step by step. Where does the network stop?

# %% tags=["nbval-ignore-output"]
from coursekit.lesson_08.opening import channel_walks

channel_walks()

# %% [markdown]
# Here's the goal. A small CNN, and two others beside it. In the first, half of each hidden layer is **set to zero**; the second has **half as many** channels and units from the start. Cost is counted in MACs. If the full network counts as 1, what does the second one need?

# %%
import copy
import os
import re
import subprocess
import sys
from functools import partial

import torch
import torch_pruning as tp
from torch import nn
from torch.nn import functional as F

from coursekit import guess, guesses, mark_guess, reveal
from coursekit.learn.explore import explore
from coursekit.learn.widgets import cards, pattern_test, practice, progress, quiz, respond, trace
from coursekit.lesson_08 import pictures
from coursekit.lesson_08.removal import cnn, fashion_parts, fold_constant_units, mask_2_of_4
from coursekit.lesson_08.removal import numbers, remove_channels, silence, train_cnn
from coursekit.lesson_08.removal import with_constant_units
from coursekit.nets.data import load_results
from coursekit.nets.measure import accuracy, count_macs, latency, saved_bytes
from coursekit.nets.train import fit, set_seed
from coursekit.pictures import plot

set_seed(0)

# %%
guess("half of each hidden layer gone: MACs", unit="× the full network's")

# %% tags=["nbval-ignore-output"]
full, narrow, image = cnn().eval(), cnn(8, 16, 32).eval(), torch.rand(1, 1, 28, 28)
zeroed = copy.deepcopy(full)
with torch.no_grad():
    for place in (0, 4, 9):
        zeroed[place].weight[: len(zeroed[place].weight) // 2] = 0  # rows are outputs
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
fig, ax = pictures.half_gone(shares)
mark_guess(ax, "half of each hidden layer gone: MACs", axis="x")
plot.show(fig, alt="Bars for MACs, file and time of the two networks; a line at the full one's.")
reveal("half of each hidden layer gone: MACs", shares["half gone"][0])

# %% [markdown]
# Zeros save nothing (lesson 07). With the channels gone, less than a third of the MACs is left, not a half. Now earn that second bar: from a *trained* network to the smaller one, with the answers kept.
#
# ## 1 · A unit
#
# Four inputs, three hidden units, two outputs. Each unit is **one term of a sum**:
#
# $$y = b_2 + \sum_{i} W_2[:, i]\;\mathrm{relu}\big(W_1[i, :] \cdot x + b_1[i]\big)$$
#
# Remove the unit, and its term goes, with all numbers that appear only there: a **row** where it's made, its **bias**, and a **column** where it's read. Choose which one goes:

# %%
w1 = torch.tensor([[0.5, -1.0, 0.8, 0.3], [0.0, 0.0, 0.0, 0.0], [-0.4, 0.9, 0.2, -0.7]])
b1 = torch.tensor([0.1, 0.0, -0.2])
w2, b2 = torch.tensor([[1.0, 0.6, -0.5], [-0.8, 0.4, 1.2]]), torch.tensor([0.2, -0.1])
x = torch.randn(5, 4)
before = F.linear(F.relu(F.linear(x, w1, b1)), w2, b2)


def without(unit):
    """The outputs with this unit's row, bias and column gone."""
    kept = [other for other in range(3) if other != unit]
    return F.linear(F.relu(F.linear(x, w1[kept], b1[kept])), w2[:, kept], b2)


assert torch.allclose(before, without(1))
explore(
    lambda unit: pictures.one_unit(w1, b1, w2, unit, float((without(unit) - before).abs().max())),
    alt="Framed: one row of W1, one entry of b1 and one column of W2. The unit can be chosen.",
    unit=[0, 1, 2],
    start={"unit": 1},
)

# %% [markdown]
# Unit 1 has no weights, and nothing changes. Is that always so? We train a network with 64 hidden units on clothes, and put in ten units by hand whose weights are all 0 and whose bias is 2. The network answers exactly as before, and is right for about 80% of the images. Then the ten units with the smallest weights are removed. What is left?

# %%
guess("ten units with zero weights removed: accuracy", unit="%", low=0, high=100)

# %% tags=["nbval-ignore-output"]
train, validation = fashion_parts()
set_seed(0)
trained = nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))
fit(trained, train, epochs=3, quiet=True)
doctored = with_constant_units(trained, 10, bias=2.0)
lowest = doctored[1].weight.detach().norm(dim=1).argsort()[:10].tolist()
networks = {
    "as it was": doctored,
    "ten weakest units removed": remove_channels(doctored, 1, lowest),
    "folded, then removed": fold_constant_units(doctored, 1, 3),
}
found = {name: 100 * accuracy(net, *validation) for name, net in networks.items()}
fig, ax = pictures.accuracies(found, "Ten units without weights")
mark_guess(ax, "ten units with zero weights removed: accuracy", axis="x")
plot.show(fig, alt="Bars of accuracy: as it was, ten units removed, and folded before.")
reveal("ten units with zero weights removed: accuracy", found["ten weakest units removed"])

# %% [markdown]
# Nothing gets through such a unit, and yet something comes out: $\mathrm{relu}(0 \cdot x + 2) = 2$, for every image, and the next layer counts on it. Zero *weights* are not a zero *output*. But a constant needs no unit. Move it into the bias of the **reader**, the layer that reads it, and remove the unit then: **folding**.
#
# $$b_2 \leftarrow b_2 + W_2[:, i]\;\mathrm{relu}(b_1[i])$$
#
# Real networks have such units. Here are two layers of PP-OCRv4, which reads text in photos; likely a penalty on large weights has emptied them.

# %% tags=["nbval-ignore-output"]
units = load_results("silent_units")
plot.show(
    pictures.silent(units),
    alt="Largest weight of the units of two layers: 28 of 60 and 31 of 120 are at nothing.",
)
print("what leaves the silent ones, at most:", units[units.removed == 1]["bias sent"].max())

# %% [markdown]
# Nothing leaves them, so 59 of 180 units can go for free: 43,259 numbers, and the network's scores stay as they were, to the fifth digit. They're in the file that people download.
#
# ## 2 · A channel
#
# In a convolution an output channel is a **filter**, a whole block `weight[c]`. After it come parts that handle each channel on its own, then the reader. Follow channel 7 of the second convolution of our CNN. Shapes:

# %%
x = image
for place, part in enumerate(full):
    x = part(x)
    if place in (4, 5, 7, 8, 9):
        tensors = {name: tuple(t.shape) for name, t in part.state_dict().items() if t.dim()}
        print(f"{place} {type(part).__name__}, out {tuple(x.shape[1:])}: {tensors}")

# %% [markdown]
# - **4, the convolution**: one filter, and one entry of the bias.
# - **5, batch norm**: *four* numbers for each channel. Two are learned, γ and β, two are measured, μ and σ², and in evaluation mode these decide.
# - **6 and 7, ReLU and pooling**: no numbers, and they never mix channels.
# - **8, flatten**: a channel becomes 7×7 = 49 values in a row, channel after channel. So channel $c$ owns columns $49c$ to $49c + 48$ of
# - **9, the reader**.

# %%
net = train_cnn(0)
ours, kept = copy.deepcopy(net), [c for c in range(32) if c != 7]
columns = [49 * c + i for c in kept for i in range(49)]
ours[4].weight, ours[4].bias = (nn.Parameter(p.detach()[kept]) for p in ours[4].parameters())
ours[4].out_channels = ours[5].num_features = 31
ours[5].weight, ours[5].bias = (nn.Parameter(p.detach()[kept]) for p in ours[5].parameters())
ours[5].running_mean, ours[5].running_var = ours[5].running_mean[kept], ours[5].running_var[kept]
ours[9].weight = nn.Parameter(ours[9].weight.detach()[:, columns])
ours[9].in_features = 31 * 49

theirs = copy.deepcopy(net)
graph = tp.DependencyGraph().build_dependency(theirs, example_inputs=image)
graph.get_pruning_group(theirs[4], tp.prune_conv_out_channels, idxs=[7]).prune()
for mine, other in zip(ours.state_dict().values(), theirs.state_dict().values(), strict=True):
    assert torch.equal(mine, other)
print(f"{numbers(net) - numbers(ours):,} numbers went with one channel")

# %% [markdown]
# The library `torch_pruning` records which operation reads which result, and finds the same parts: all tensors agree, number by number. Of 3,285 numbers, 3,136 are in the *reader*.
#
# In a hurry you can make two mistakes that raise no error. Someone builds a **new batch norm** and copies γ and β; μ and σ² stay those of a fresh one. Someone thinks that channels alternate after the flatten, and takes **columns** $c$, $c + 32$, $c + 64$, … To find out, silence eleven channels first, by γ = β = 0. A right removal then changes nothing. What do the wrong columns leave?

# %%
guess("wrong columns after flatten: accuracy", unit="%", low=0, high=100)

# %% tags=["nbval-ignore-output"]
gone = list(range(0, 32, 3))
quiet = silence(net, 4, gone)
right = remove_channels(quiet, 4, gone)
assert torch.allclose(quiet(validation[0][:500]), right(validation[0][:500]), atol=1e-4)
fresh_norm, wrong_columns = copy.deepcopy(right), copy.deepcopy(right)
fresh_norm[5].running_mean, fresh_norm[5].running_var = torch.zeros(21), torch.ones(21)
columns = [c + 32 * i for i in range(49) for c in range(32) if c not in gone]
wrong_columns[9].weight = nn.Parameter(quiet[9].weight.detach()[:, columns])
variants = {"silenced, not removed": quiet, "removed": right}
variants |= {"removed, fresh batch norm": fresh_norm, "removed, wrong columns": wrong_columns}
left = {name: 100 * accuracy(model, *validation) for name, model in variants.items()}
fig, ax = pictures.accuracies(left, "One right removal, two mistakes (chance: 10)")
mark_guess(ax, "wrong columns after flatten: accuracy", axis="x")
plot.show(fig, alt="Bars of accuracy: silenced, removed, and removed with each of the mistakes.")
reveal("wrong columns after flatten: accuracy", left["removed, wrong columns"])

# %% [markdown]
# The wrong columns leave chance. The fresh batch norm leaves so much that you'd take the loss for the price of pruning. Silence, remove, compare: that finds both in a second. (A channel whose filter is 0 may send a constant, too, through μ and β. Folding it into a convolution is exact everywhere but at the padded border: [further](further/08_structured_pruning.ipynb).)
#
# ## 3 · A sum
#
# A ResNet adds: $y = f(x) + x$. In this one four channels of $x$ are silent, and four *others* of $f(x)$. Remove each from its own side. Both sides have twelve channels left, and the shapes fit.


# %% tags=["nbval-ignore-output"]
class Residual(nn.Module):
    """Images (n, 1, 28, 28); two convolutions, and the second one's result is added to its input."""

    def __init__(self) -> None:
        super().__init__()
        self.before = nn.Sequential(nn.Conv2d(1, 16, 5, 2, 2), nn.BatchNorm2d(16), nn.ReLU())
        self.inside = nn.Sequential(nn.Conv2d(16, 16, 3, 1, 1), nn.BatchNorm2d(16))
        self.after = nn.Sequential(nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(784, 10))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.before(x)
        return self.after(self.inside(x) + x)


set_seed(0)
residual = Residual()
fit(residual, train, epochs=2, quiet=True)

# %% tags=["nbval-ignore-output"]
for part, silent in ((residual.before, range(4)), (residual.inside, range(4, 8))):
    for numbers_of in (part[1].weight, part[1].bias):
        numbers_of.data[list(silent)] = 0
wrong = copy.deepcopy(residual)
graph = tp.DependencyGraph().build_dependency(wrong, example_inputs=image)
linked = graph.get_pruning_group(wrong.before[0], tp.prune_conv_out_channels, idxs=[0])
kept = {"before": list(range(4, 16)), "inside": [*range(4), *range(8, 16)]}
for name, its in kept.items():
    conv, norm = getattr(wrong, name)[:2]
    conv.weight, conv.bias = nn.Parameter(conv.weight[its]), nn.Parameter(conv.bias[its])
    norm.weight, norm.bias = nn.Parameter(norm.weight[its]), nn.Parameter(norm.bias[its])
    norm.running_mean, norm.running_var = norm.running_mean[its], norm.running_var[its]
wrong.inside[0].weight = nn.Parameter(wrong.inside[0].weight[:, kept["before"]])
columns = [49 * c + i for c in kept["before"] for i in range(49)]
wrong.after[3].weight = nn.Parameter(wrong.after[3].weight[:, columns])
sums = [accuracy(each, *validation) for each in (residual, wrong)]
print(f"before {sums[0]:.3f}, silent channels removed {sums[1]:.3f}")
print("the library ties to channel 0 of x:", len(linked), "parts")

# %% [markdown]
# No error, and the wrong partners are added: channel 4 of $x$ meets channel 0 of $f(x)$. A sum ties its two sides: a channel can go only on **both**, with all who make it and all who read it. `torch_pruning` follows such ties in both directions.
#
# > **A place to stop.** Before you go on: all weights of a unit are 0. When may you simply remove it?
# > <details><summary>Answer</summary>When its bias gives 0 after the ReLU, too. Else fold its constant into the next layer's bias before.</details>
#
# ## 4 · What it saves
#
# A convolution uses each weight at every place of its output map, so it takes $h\,w \cdot c_\text{out}\,c_\text{in}\,k^2$ MACs; a linear layer $n_\text{out}\,n_\text{in}$. Half of the channels of both convolutions go.

# %%
halved = remove_channels(remove_channels(net, 0, range(8)), 4, range(16))


def macs_by_layer(model: nn.Sequential, x: torch.Tensor) -> dict[str, int]:
    """What PyTorch counts for each convolution and linear layer."""
    counts = {}
    for place, part in enumerate(model):
        if isinstance(part, nn.Conv2d | nn.Linear):
            counts[f"{place} {type(part).__name__}"] = count_macs(part, x)
        x = part(x)
    return counts


before, after = macs_by_layer(net, image), macs_by_layer(halved, image)
assert before["4 Conv2d"] == 14 * 14 * 32 * 16 * 3**2  # by the formula
plot.show(
    pictures.macs(before, after),
    alt="MACs of four layers: the first convolution loses half, the second three quarters.",
)

# %% [markdown]
# The first convolution loses half: its input is the image, which stays. The second falls to a **quarter**: it makes half as many channels *and* reads half as many. Does the time follow?

# %% tags=["nbval-ignore-output"]
masked = silence(silence(net, 0, range(8)), 4, range(16))
networks = {"full": net, "half silenced": masked, "half removed": halved}
networks |= {
    f"{name}, channels_last": copy.deepcopy(networks[name]).to(memory_format=torch.channels_last)
    for name in ("full", "half removed")
}
timed = {}
for size in (1, 8):
    inputs = validation[0][:size]
    timed[size] = latency({n: partial(model, inputs) for n, model in networks.items()}, runs=200)
plot.show(
    pictures.in_turn(timed),
    alt="Times of three networks, two of them in two memory orders; one image and eight.",
)
print(f"MACs left: {count_macs(halved, image) / count_macs(net, image):.2f}")

# %% [markdown]
# Less than the MACs promise. (Silencing helps a little at eight images, likely because equal values are quick to compare in pooling.) And the memory order of the full network alone ([lesson 05, further](further/05_post_training_quantization.ipynb)) brings about as much: give the baseline what you give the small network. **MACs are not time.** Why? Take one channel of 32 from the second convolution. How long does it take with 31?

# %%
guess("31 channels instead of 32: time of a convolution", unit="% of the time with 32", low=0)

# %% tags=["nbval-ignore-output"]
maps = torch.randn(8, 16, 14, 14)
calls = {str(c): partial(nn.Conv2d(16, c, 3, padding=1), maps) for c in (32, 31, 24, 17, 16, 8)}
by_channels = {int(n): t.lower_quartile for n, t in latency(calls, runs=300).items()}
fig, ax = pictures.steps(by_channels)
mark_guess(ax, "31 channels instead of 32: time of a convolution")
plot.show(fig, alt="Time of a convolution by its channels: flat from 32 to 17, then a step down.")
reveal("31 channels instead of 32: time of a convolution", 100 * by_channels[31] / by_channels[32])

# %% [markdown]
# It falls in **steps**. On x86 PyTorch hands a convolution to oneDNN, which keeps a log when asked:

# %% tags=["nbval-ignore-output"]
asked = """import torch
with torch.no_grad():
    for channels in (32, 31, 17, 16):
        torch.nn.Conv2d(16, channels, 3, padding=1)(torch.rand(8, 16, 14, 14))
"""
its = {"env": os.environ | {"ONEDNN_VERBOSE": "1"}, "capture_output": True, "text": True}
log = subprocess.run([sys.executable, "-c", asked], check=True, **its).stdout
pattern = r"exec,cpu,convolution,([\w:]+),.*?wei:f32:(\w+):blocked:(\w+):.* dst:.*_(ic\d+oc\d+)"
for kernel, weights, order, size in re.findall(pattern, log):
    print(f"{size} {kernel} {order} {'padded' if 'p' in weights else 'as they are'}")
if "convolution" not in log:
    print("oneDNN did not compute a convolution here.")

# %% [markdown]
# There's a `16` in the layout: maps lie in memory in **blocks of 16 channels**, as wide as a vector register. What doesn't fill its last block is *padded*, and 31 channels cost what 32 cost. Such blocks are common, and their size depends on the device. Remove whole blocks.
#
# ## 5 · Which channels?
#
# Each **criterion** gives a score, and the lowest go: *L1* and *L2*, the norm of a filter; *BN scale*, $|\gamma|$; *Taylor*, how much the loss would change if the channel's map were 0, from one backward pass; and *random*, the yardstick. Five networks, trained for 4 epochs; channels go; batch norm is re-estimated (lesson 06); then 2 epochs of fine-tuning. The rival: *small*, the same shape from scratch, for all 6 epochs. With three quarters gone, by how many points is L1 above it? (A loss with a minus.)

# %%
guess("75% removed, fine-tuned: L1 above small, 6 epochs", unit="points")

# %% tags=["nbval-ignore-output"]
plot.show(
    pictures.by_criterion((0.25, 0.5, 0.75)),
    alt="Accuracy of five criteria with three shares removed, before and after tuning.",
)
plot.show(
    pictures.three_rows(0.75),
    alt="75% removed: four criteria, points above random, above the small network, above dense.",
)
means = {n: pictures.measured(n, 0.75, "after").mean() for n in ("L1", "small, 6 epochs")}
reveal(
    "75% removed, fine-tuned: L1 above small, 6 epochs",
    100 * (means["L1"] - means["small, 6 epochs"]),
)

# %% [markdown]
# For single weights chance was clearly the worst (lesson 07). Here, before fine-tuning (left), *random* has the highest mean of all at 75%. After it (second figure), no criterion is shown to be better than chance, and three of four are *worse* than the small network that never was large (Liu et al. 2019). With a quarter or half removed five seeds can't tell. So ask for chance and for *small* before you believe a criterion.
#
# ## 6 · 2:4
#
# Between single weights and channels lies **N:M**: of every M neighbours in a row N stay. Most common is **2:4**.

# %%
row = torch.tensor([[0.9, -0.1, 0.4, 0.2, 0.3, 0.3, -0.3, 0.3, 0.0, 0.0, 0.0, -1.1]])
mask = mask_2_of_4(row)
plot.show(pictures.two_of_four(row, mask), alt="Three groups of four weights, two kept in each.")
assert (mask.reshape(-1, 4).sum(1) == 2).all()  # also where all four are equal, or zero

# %% [markdown]
# The pattern is a promise about **places**. What's stored: two values of four, and for each two bits, *which place*, the **metadata**. For int8 that's 20 of 32 bits. Graphics cards since NVIDIA's Ampere skip the zeros, for up to twice the throughput (Mishra et al. 2021; not measured here). On a CPU:

# %% tags=["nbval-ignore-output"]
dense, inputs = torch.randn(512, 512), torch.randn(512, 16)
calls = {"dense": dense, "2:4": dense * mask_2_of_4(dense), "half of the rows": dense[:256]}
products = latency({name: partial(torch.matmul, w, inputs) for name, w in calls.items()}, runs=300)
for name in ("2:4", "half of the rows"):
    ratio = products[name].lower_quartile / products["dense"].lower_quartile
    print(f"{name}: {ratio:.2f} times the time of dense")

# %% [markdown]
# Ordinary kernels don't know the pattern. In accuracy it's cheap: after two epochs of fine-tuning, five seeds can't tell 2:4 from dense ([further](further/08_structured_pruning.ipynb)). Removing a quarter of the channels leaves *more* weights of the second convolution, and costs more before training. Regular enough for the hardware, free enough for the network.
#
# What has to go with a channel? Its filter and bias, four numbers of its batch norm, its block of columns in the reader, and its partner in every sum. Then count in the device's blocks.

# %% jupyter={"source_hidden": true}
assert shares["half set to zero"][0] == 1 and shares["half gone"][0] < 0.35
assert found["ten weakest units removed"] < found["as it was"] - 10
assert abs(found["folded, then removed"] - found["as it was"]) < 0.2
assert max(left["removed, fresh batch norm"], left["removed, wrong columns"]) < left["removed"] - 5
assert units.removed.sum() == 59 and sums[1] < sums[0] - 0.05
assert numbers(net) - numbers(ours) == (16 * 3 * 3 + 1) + 4 + 64 * 49
random = pictures.measured("random", 0.75, "recalibrated").mean()
assert all(
    random > pictures.measured(n, 0.75, "recalibrated").mean() for n in ("L1", "L2", "Taylor")
)

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
# | share of bytes with 2:4 | $(2 \cdot 16 + 4)/(4 \cdot 16)$ = 56.25% for 16 bits per value, 62.5% for 8 |
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
