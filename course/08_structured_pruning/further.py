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
# # 08 · Structured pruning and N:M, further
#
# This page holds what we measured for lesson 08 and left out of it. No exercise needs it. Read what you are curious about, in any order:
#
# 1. only those who depended on a unit change,
# 2. a channel with no weights, and alive,
# 3. where the time goes: parts, first convolutions, pooling,
# 4. criteria: what they share, batch norm re-estimated, and all verdicts,
# 5. 2:4: storing it, and what it costs.

# %%
import copy
from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.nn import functional as F

from coursekit.lesson_08.pictures import measured
from coursekit.lesson_08.removal import (
    CRITERIA,
    fashion_parts,
    mask_2_of_4,
    remove_channels,
    silence,
    train_cnn,
    walk,
    weakest,
)
from coursekit.nets.data import load_results
from coursekit.nets.evidence import verdict
from coursekit.nets.measure import accuracy, latency
from coursekit.nets.train import set_seed
from coursekit.pictures import plot

train, validation = fashion_parts()
net = train_cnn(0)
shares = (0.25, 0.5, 0.75)

# %% [markdown]
# ## 1 · Only those who depended on a unit change
#
# If a unit that is alive goes, the outputs change, but only those that depended on it. The other units of its own layer don't read it, and an output whose weight for it is 0 is unaffected. That makes a good test for any code that removes something.

# %%
set_seed(0)
mlp = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 5), nn.ReLU(), nn.Linear(5, 3))
with torch.no_grad():
    mlp[2].weight[:2, 0] = 0  # units 0 and 1 of the second layer don't read unit 0
x = torch.randn(100, 6)
other = remove_channels(mlp, 0, [0])
assert torch.allclose(other[0](x), mlp[0](x)[:, 1:], atol=1e-6)  # its seven neighbours
change = (other[:3](x) - mlp[:3](x)).abs().amax(0)
for unit, largest in enumerate(change.tolist()):
    print(f"unit {unit} of layer 2:", "changed" if largest > 1e-6 else "the same")
assert (change[:2] < 1e-6).all() and (change[2:] > 1e-3).all()

# %% [markdown]
# ## 2 · A channel with no weights, and alive
#
# Set filter and bias of a channel to 0. Its batch norm sends a constant in evaluation mode, $\mathrm{relu}(\gamma(0 - \mu)/\sqrt{\sigma^2+\epsilon} + \beta)$. A linear reader has 49 columns for the channel: add the sum of their weights, times the constant, to the bias. For a reader that is a convolution do the same with the weights of its window. At how many positions of its map are the outputs kept? Channel 2 of both convolutions gets a zero filter (and β + 1, so that the constant is alive).


# %% tags=["nbval-ignore-output"]
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


constant = copy.deepcopy(net)
with torch.no_grad():
    for place in (0, 4):
        constant[place].weight[2], constant[place].bias[2] = 0, 0
        constant[place + 1].bias[2] += 1
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

# %% [markdown]
# Inside, and in the linear layer, only rounding is left of the difference. Along the border the padding sends 0 where the channel would have sent its constant, and one bias can't be right for both. So keep such a channel, or measure what the error at the border does to the accuracy.
#
# ## 3 · Where the time goes
#
# Each part alone, for eight images:

# %% tags=["nbval-ignore-output"]
assert inside < 1e-4 and after_linear < 1e-4 and border > 1e-2  # the map above
halved = remove_channels(remove_channels(net, 0, range(8)), 4, range(16))
masked = silence(silence(net, 0, range(8)), 4, range(16))
networks = {"full": net, "half silenced": masked, "half removed": halved}
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
# The silenced network may be *faster* than the full one, although it does all the multiplications: convolutions and linear layers take the same time with zeros, and *MaxPool2d* does not. And the **first convolution** gains nothing from half of its channels. Both can be measured: first convolutions with fewer and fewer channels, then pooling of maps of different content, in both memory orders.


# %% tags=["nbval-ignore-output"]
def against_first(calls: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Times relative to the first call, lower quartiles of calls in a shuffled order."""
    times = latency(calls, runs=200)
    base = next(iter(times.values())).lower_quartile
    return {name: round(time.lower_quartile / base, 2) for name, time in times.items()}


images = validation[0][:8]
first = {c: partial(nn.Conv2d(1, c, 5, padding=2), images) for c in (16, 15, 12, 8)}
print("first convolution, by channels: ", against_first(first))

wide = torch.randn(8, 16, 28, 28).relu()
contents = {"ReLU of noise": wide, "all zero": 0 * wide, "ascending": wide.sort(3).values}
for order in (torch.contiguous_format, torch.channels_last):
    maps = {name: x.contiguous(memory_format=order) for name, x in contents.items()}
    pooled = {name: partial(F.max_pool2d, x, 2) for name, x in maps.items()}
    print(f"max-pooling, {order}:", against_first(pooled))

# %% [markdown]
# Pooling asks of each value whether it is larger than the largest so far. In the default order its time depends on how predictable the answer is: the same values in ascending order take well under the time of the unsorted ones, so no zeros are needed for it. In `channels_last` the content hardly matters. No MAC count includes pooling or batch norm, nor the fixed cost of starting each of the twelve parts.
#
# ## 4 · Criteria
#
# What do the others remove, of the eight channels that L1 removes? Two random sets of eight out of sixteen share four on average.

# %% tags=["nbval-ignore-output"]
batch = train[0][:1000], train[1][:1000]  # training images; validation images are for judging
set_seed(100)
removed = {name: set(weakest(score(net, 0, batch), 8)) for name, score in CRITERIA.items()}
shared = [len(removed["L1"] & gone) for gone in removed.values()]
print("of the eight that L1 removes, the others remove:", dict(zip(CRITERIA, shared, strict=True)))

# %% [markdown]
# After channels are gone from the first convolution, the second one's batch norm sees other means and variances. Re-estimated, on all that were pruned:

# %%
results = load_results("structured_pruning")
pruned = results.dropna(subset=["recalibrated"])
gain = 100 * (pruned["recalibrated"] - pruned["before"])
assert (gain < 0).sum() > 10
print(f"worse after it: {(gain < 0).sum()} of {len(gain)} networks")
gain.groupby(pruned["share"]).agg(["mean", "min", "max"]).round(1).rename_axis("points gained")

# %% [markdown]
# On average it gives back points, and more where more was removed. But 16 of 105 networks got *worse* (45 of the 105 are draws of *random*). It costs nothing, so try it, and look.
#
# All verdicts. A criterion and random prune the same network of the same seed and are tuned on the same images: these are pairs. The small networks were trained from seeds of their own. They have no partner, so they get an unpaired interval. (Of 33 intervals at 95% one or two exclude 0 by chance.)

# %%
dense_control = measured("dense control", 0.0, "after")
paired = partial(verdict, shared="seeds", among=33)
unpaired = partial(verdict, shared="nothing", among=33)
table = {}
for share in shares:
    column = table.setdefault(f"{share:.0%} removed", {})
    after = {name: measured(name, share, "after") for name in CRITERIA}
    for name in ("L1", "L2", "BN scale", "Taylor"):
        column[f"{name}, against random"] = paired(after[name], after["random"])
    for name in CRITERIA:
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
# One of the 12 intervals against random excludes 0: BN scale, with 25% removed. So *perhaps* BN scale. For the others five seeds show no difference, though one of up to 1.5 points would fit the intervals. L1 is better than *small, 2 epochs* each time: four epochs in a larger network are worth more than none. With 75% removed about two points are lost against dense; with 25 and 50% the loss, if any, is too small for these seeds.
#
# ## 5 · 2:4
#
# To store it, write down the two values that stay, and which places of the four they had, two bits each. The metadata are the same for every type, 4 bits per group, so they weigh more beside int8.


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
pd.DataFrame(table).T

# %%
assert table["float16"]["%"] == 56.25 and table["int8"]["%"] == 62.5
try:
    torch.sparse.to_sparse_semi_structured((matrix * mask_2_of_4(matrix)).half())
except RuntimeError as error:
    print("RuntimeError:", str(error).splitlines()[0])

# %% [markdown]
# PyTorch packs only for a graphics card. What does it cost in accuracy? In the experiment above, the second convolution and the large linear layer got 2:4 masks, and were fine-tuned with the masks attached. “Four neighbouring entries of a row” is the pattern of a *linear* layer. For a convolution NVIDIA's tools take four **input channels** at the same position of the window; our experiment took four neighbours in memory, which lie in the window. The last lines compare the two on this network, without fine-tuning.

# %%
against = verdict(measured("2:4", 0.5, "after"), dense_control, shared="seeds")
untuned = measured("2:4", 0.5, "before").mean()
print(f"dense, not fine-tuned: accuracy {measured('dense control', 0.0, 'before').mean():.3f}")
print(f"2:4 along memory, not fine-tuned: accuracy {untuned:.3f}")
print(f"2:4 along memory, fine-tuned:     accuracy {measured('2:4', 0.5, 'after').mean():.3f}")
print(f"against the dense control: {against}")
assert against.word == "indistinguishable"
for column in ("before", "recalibrated"):
    quarter = [measured(name, 0.25, column).mean() for name in CRITERIA]
    print(f"25 % of the channels removed ({column}): {min(quarter):.3f} to {max(quarter):.3f}")
assert untuned > max(measured(name, 0.25, "before").mean() for name in CRITERIA)

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
# The interval includes 0: with two epochs of fine-tuning, five seeds can't tell 2:4 from dense; it allows a gain of 1.5 points and a loss of 0.4. Removing 25% of the channels keeps more weights than 2:4 (56% against 50%), yet cost more accuracy, or at best the same, with the best criterion and recalibration. On this one network the hardware's pattern, four input channels, is as good as four neighbours in memory.
