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
# # 15 · Capstone: Deep Compression, further
#
# This page holds what we measured for lesson 15 and left out of it. No exercise needs it. Read what you are curious about, in any order:
#
# 1. the gradient of a level,
# 2. 16, 8 or 4 levels,
# 3. each layer in a file of its own,
# 4. all orders of the steps,
# 5. lzma, and what its gain was,
# 6. memory, time, and what a factor is compared with,
# 7. 92, 96 and 98% zeros.

# %%
import heapq
import math
import struct
from collections import Counter
from dataclasses import replace
from itertools import chain, permutations

import numpy as np
import pandas as pd
import torch
from torch import nn

from coursekit.lesson_15 import pictures
from coursekit.lesson_15.gradual import batches, linears, prunable, train_gradually
from coursekit.lesson_15.shared_levels import Layer, against, by_lzma, k_means, network, runs
from coursekit.lesson_15.squeeze import huffman as package
from coursekit.lesson_15.traces import WEIGHT
from coursekit.nets.data import load_fashion_mnist
from coursekit.nets.measure import accuracy, latency
from coursekit.nets.networks import lenet
from coursekit.nets.train import set_seed

# %% [markdown]
# ## 1 · The gradient of a level
#
# Autograd finds the sum of the weights' gradients when weights are looked up in the codebook; `index_add` sums what an ordinary backward pass has left.

# %%
hand = torch.tensor(WEIGHT)
six = torch.where(hand.abs() > 0.5, hand, 0)
places = six.flatten().nonzero().flatten()
codebook = torch.tensor([-1.0, 1.0], requires_grad=True)
codes = (six[six != 0] > 0).long()
looked_up = torch.zeros(24).index_put((places,), codebook[codes]).view(4, 6)
looked_up.retain_grad()
(looked_up @ torch.arange(6.0)).square().sum().backward()
each = looked_up.grad.flatten()[places]
summed = torch.zeros(2).index_add(0, codes, each)
print("gradients of the six weights:", each.tolist())
print("of the two levels:", summed.tolist())
assert torch.equal(summed, codebook.grad)

# %% [markdown]
# The functions of the lesson, and its networks of seed 0:


# %%
SKIP = 255  # a gap that goes on: 255 zeros, and no weight yet


def gaps(places: torch.Tensor) -> np.ndarray:
    """Zeros before each weight, a byte each; what is longer is cut by SKIP."""
    zeros = np.diff(places.numpy(), prepend=-1) - 1
    parts = ([SKIP] * (gap // SKIP) + [gap % SKIP] for gap in zeros.tolist())
    return np.fromiter(chain.from_iterable(parts), np.uint8)


def share(model: nn.Sequential, count: int) -> list[Layer]:
    """Each layer's own k-means, over the weights that are not zero."""
    layers = []
    for linear in linears(model):
        flat = linear.weight.detach().flatten()
        places = flat.nonzero().flatten()
        levels = k_means(flat[places], count)
        codes = torch.bucketize(flat[places], (levels[1:] + levels[:-1]) / 2)
        layers.append(Layer((*linear.weight.shape,), places, codes, levels, linear.bias.detach()))
    return layers


# %%
def tune(layers: list[Layer], images, epochs: int, lr: float, seed: int = 0) -> list[Layer]:
    """Trains levels and biases; places and codes stay. New layers."""
    (x, y), model = images, network(layers)
    layers = [replace(layer, levels=layer.levels.clone()) for layer in layers]
    weights, levels = prunable(model), [layer.levels for layer in layers]
    optimizer = torch.optim.Adam([*levels, *(linear.bias for linear in linears(model))], lr)
    for done, batch in batches(len(x), epochs, seed):
        optimizer.param_groups[0]["lr"] = lr * (1 - done)
        model.zero_grad()
        nn.functional.cross_entropy(model(x[batch]), y[batch]).backward()
        for weight, layer in zip(weights, layers, strict=True):
            each = weight.grad.flatten()[layer.places]
            layer.levels.grad = torch.zeros_like(layer.levels).index_add(0, layer.codes, each)
        optimizer.step()
        for weight, layer in zip(weights, layers, strict=True):
            weight.data.view(-1)[layer.places] = layer.levels[layer.codes]
    for linear, layer in zip(linears(model), layers, strict=True):
        layer.bias = linear.bias.detach()
    return layers


# %%
def huffman(counts: dict) -> dict:
    """The length of each symbol's code, in bits."""
    heap = [(count, i, [symbol]) for i, (symbol, count) in enumerate(counts.items())]
    lengths = dict.fromkeys(counts, int(len(heap) == 1))  # one symbol alone has a bit, too
    heapq.heapify(heap)
    while len(heap) > 1:
        (one, _, left), (other, i, right) = heapq.heappop(heap), heapq.heappop(heap)
        for symbol in left + right:
            lengths[symbol] += 1
        heapq.heappush(heap, (one + other, i, left + right))
    return lengths


def coded_bytes(symbols: np.ndarray) -> tuple[float, float]:
    """What Huffman's code takes, and the entropy of single symbols; without tables."""
    counts = Counter(symbols.tolist())
    lengths, total = huffman(counts), len(symbols)
    taken = sum(count * lengths[symbol] for symbol, count in counts.items())
    return taken / 8, sum(n * math.log2(total / n) for n in counts.values()) / 8


def encode(symbols: np.ndarray) -> tuple[bytes, bytes]:
    """A table of lengths, with its own length before it, and the symbols in their codes."""
    lengths = package.code_lengths(Counter(symbols.tolist()))
    table = bytes(lengths.get(symbol, 0) for symbol in range(max(lengths) + 1))
    return bytes([max(lengths)]) + table, package.encode(symbols.tolist(), lengths)


MAGIC = b"FEWB"
PER_LAYER = struct.Struct("<HHIIB")  # outputs, inputs, gaps, weights, levels


def pieces(layers: list[Layer]) -> list[tuple[str, bytes]]:
    """The file in pieces: what each is, and its bytes."""
    streams = {"positions": [gaps(layer.places) for layer in layers]}
    streams |= {"values": [layer.codes.numpy() for layer in layers]}
    out = [("header", MAGIC + bytes([len(layers)]))]
    for layer, gap in zip(layers, streams["positions"], strict=True):
        sizes = len(gap), len(layer.codes), len(layer.levels)
        out.append(("header", PER_LAYER.pack(*layer.shape, *sizes)))
        out.append(("levels", layer.levels.numpy().astype("<f2").tobytes()))
        out.append(("biases", layer.bias.numpy().astype("<f2").tobytes()))
    for name, stream in streams.items():
        codes, coded = encode(np.concatenate(stream))
        out += [("tables", codes), ("header", struct.pack("<I", len(coded))), (name, coded)]
    return out


# %% tags=["nbval-ignore-output"]
train, validation = (part.tensors() for part in load_fashion_mnist().train.hold_out(2000))
control, sparse = runs("trained", 0), runs("trained", 0.96, epochs=20)
set_seed(0)
dense = train_gradually(lenet(), train, 24, control.lr.iloc[0])
set_seed(0)
pruned = train_gradually(lenet(), train, 20, sparse.lr.iloc[0], share=0.96)
layers = tune(share(pruned, 8), train, 4, 1e-3)
zeros = np.concatenate([gaps(layer.places) for layer in layers])
indices = np.concatenate([layer.codes.numpy() for layer in layers]).astype(np.uint8)
assert torch.equal(torch.nonzero(pruned[5].weight.flatten()).flatten(), layers[2].places)

# %% [markdown]
# ## 2 · 16, 8 or 4 levels

# %% tags=["nbval-ignore-output"]
with16 = runs("file", 0.96, 16)
rows = {}
for count in (16, 8, 4):
    its = runs("file", 0.96, count)
    rows[f"{count} levels"] = {
        "k-means, against pruned": against(its.before, sparse.validation),
        "trained, against k-means": against(its.validation, its.before),
        "trained, against dense control": against(its.validation, control.validation),
        "trained, against 16 levels": against(its.validation, with16.validation),
    }
pd.DataFrame(rows).T

# %% [markdown]
# Five seeds can't distinguish 8 or 4 levels from 16, and fewer levels take fewer bits. Nor do they show that four epochs of training improve on k-means. (16 levels have the best of three learning rates, the others the middle one.)
#
# ## 3 · Each layer in a file of its own

# %% tags=["nbval-ignore-output"]
kinds = Counter()
for name, part in pieces(layers):
    kinds[name] += len(part)
file_size = sum(kinds.values())
rows = {}
for layer, name in zip(layers, ("784→300", "300→100", "100→10"), strict=True):
    alone = Counter()
    for kind, part in pieces([layer]):
        alone[kind] += len(part)
    rows[name] = {"weights": len(layer.codes)} | dict(alone)
    rows[name]["bits per weight, all in"] = round(8 * sum(alone.values()) / len(layer.codes), 1)
rows["all in one"] = {"weights": len(indices)} | dict(kinds)
rows["all in one"]["bits per weight, all in"] = round(8 * file_size / len(indices), 1)
pd.DataFrame(rows).T

# %% [markdown]
# In the last layer the description (tables, levels, header, biases) takes nearly as much as what it describes. One table for all three layers fits each less well, and saves bytes all the same.
#
# ## 4 · All orders of the steps
#
# Each step's factor, at least and at most, over all six orders:

# %% tags=["nbval-ignore-output"]
parts = {}
for gone, model, its in ((True, pruned, layers), (False, dense, share(dense, 8))):
    values = np.concatenate([w.detach()[w != 0].numpy() for w in prunable(model)])
    codes = np.concatenate([layer.codes.numpy() for layer in its]).astype(np.uint8)
    parts[gone] = values, codes, np.concatenate([gaps(layer.places) for layer in its])
sizes, STEPS = pictures.sizes_by_steps(parts, encode), ("prune", "share", "code")
none, every = sizes[frozenset()], sizes[frozenset(STEPS)]
print(f"all three: {none / every:.1f} times smaller")
table_of = {}
for step in STEPS:
    factors = {}
    for order in permutations(STEPS):
        k = order.index(step)
        factors[order] = sizes[frozenset(order[:k])] / sizes[frozenset(order[: k + 1])]
    table_of[step] = {"at least": min(factors.values()), "at most": max(factors.values())}
pd.DataFrame(table_of).T.round(2)

# %% [markdown]
# All three together make not 220, the product of each alone, but some 64 (85 with float16 for the rest). A weight that is gone has no value to shorten, and values that are short leave pruning less to remove. Coding alone does nearly nothing for floats, and gives more the later it comes: it feeds on symbols that repeat, which the other steps make.
#
# ## 5 · lzma, and what its gain was
#
# Give the two streams, a byte per gap and half a byte per index, to a compressor that knows nothing of networks: lzma (7-Zip, xz) searches for repeats and ends in an adaptive coder. Its container is left out.


# %% tags=["nbval-ignore-output"]
def two_in_one(symbols: np.ndarray) -> np.ndarray:
    """Two symbols of 4 bits in each byte."""
    pairs = np.append(symbols, np.zeros(len(symbols) % 2, np.uint8)).reshape(-1, 2)
    return pairs[:, 0] << 4 | pairs[:, 1]


ours = {"positions": zeros, "values": indices}
mixed = {name: np.random.default_rng(0).permutation(its) for name, its in ours.items()}
rows = {"fixed width": {"positions": len(zeros), "values": 3 * len(indices) // 8}}
rows["Huffman"] = {name: sum(map(len, encode(its))) for name, its in ours.items()}
for name, its in (("lzma", ours), ("lzma, in random order", mixed)):
    streams = {"positions": its["positions"], "values": two_in_one(its["values"])}
    rows[name] = {kind: by_lzma(stream.tobytes()) for kind, stream in streams.items()}
rows["entropy of single symbols"] = {name: coded_bytes(its)[1] for name, its in ours.items()}
sums = {name: sum(row.values()) for name, row in rows.items()}

# %% tags=["nbval-ignore-output"]
assert sums["lzma"] < 0.99 * min(sums["Huffman"], sums["lzma, in random order"])
coded = pd.DataFrame(rows).T
coded["together"] = coded.sum(axis=1)
coded["bits per weight"] = 8 * coded.together / len(indices)
coded.round(1)

# %% [markdown]
# lzma has beaten Huffman, and for values even *the entropy*. Both are true: the entropy of single symbols bounds codes in which each symbol has one code throughout. lzma looks at what came before. In a random order it loses what it gained, so its gain was in the order: symbols are not independent. Where weights stand, a coder that knows more needs less:


# %% tags=["nbval-ignore-output"]
stays = (layers[0].weight() != 0).numpy()


def known(context: np.ndarray) -> float:
    """Entropy of all places in bytes, for one who knows `context` at each and how often it helps."""
    return sum(coded_bytes(stays[context == value])[1] for value in np.unique(context))


left = np.pad(stays, ((0, 0), (1, 0)))[:, :-1]
above = np.pad(stays, ((0, 0), (28, 0)))[:, :-28]
knowing = {
    "nothing": 0 * stays,
    "how full the unit's row is (told apart)": np.broadcast_to(stays.sum(1)[:, None], stays.shape),
}
knowing |= {"whether the pixel to the left is read": left}
knowing |= {"that, and the pixel above": 2 * left + above}
print(f"a weight stays: {stays.mean():.0%}; if the one to its left does: {stays[left].mean():.0%}")
print(f"gaps that are 0: {(zeros == 0).mean():.0%}; at random places it would be 4%")
print(f"hidden units of 300 without an input: {(stays.sum(1) == 0).sum()}")
assert stays[left].mean() > 4 * stays.mean()
pd.DataFrame({"bytes at least": {name: known(its) for name, its in knowing.items()}}).round()

# %% [markdown]
# A coder that looks at those two neighbours, which the decoder already has, needs a fifth less. How full a row is must be told first, some 300 bytes that the table leaves out. Gaps know a part of all this: where weights stand side by side the gap is 0, which Huffman's table calls frequent.
#
# ## 6 · Memory, time, and what a factor is compared with

# %% tags=["nbval-ignore-output"]
running = network(layers)
one_image = validation[0][:1]
for name, model in (("dense", dense), ("from the file", running)):
    print(f"{name}: {4 * sum(p.numel() for p in model.parameters()):,} bytes in memory", end=", ")
    print(f"{sum(layer.in_features * layer.out_features for layer in linears(model)):,} products")
calls = {"dense": lambda: dense(one_image), "from the file": lambda: running(one_image)}
times = latency(calls, runs=300)
ratio = times["from the file"].median / times["dense"].median
print(f"time for one image, against the dense network: {ratio:.2f}")

# %% [markdown]
# The hidden units without an input are constants and could be taken out at once. "40 times" is against float32, which nobody has to ship. And "without loss" is against some dense network: which one?

# %% tags=["nbval-ignore-output"]
halved = [parameter.half().float() for parameter in dense.parameters()]
as_half = lenet().eval()
for parameter, value in zip(as_half.parameters(), halved, strict=True):
    parameter.data = value
print(f"dense {accuracy(dense, *validation):.4f}, ", end="")
print(f"in float16 {accuracy(as_half, *validation):.4f}, half of the bytes")
set_seed(0)
brief = train_gradually(lenet(), train, 4, control.lr.iloc[0])
for name, model in (("24 epochs", dense), ("4 epochs", brief)):
    gain = 100 * (accuracy(running, *validation) - accuracy(model, *validation))
    print(f"the network from the file, against dense with {name}: {gain:+.1f} points")

# %% [markdown]
# Compared with a dense network of 4 epochs, the squeezed one looks like a *gain*. The paper's own error fell too, from 1.64 to 1.58%: six of 10,000 test images, with no interval given, which shows nothing either way.
#
# ## 7 · 92, 96 and 98% zeros

# %% tags=["nbval-ignore-output"]
tried = (0.92, 0.96, 0.98)
rows = {}
for zero in tried:
    its = runs("file", zero, 8)
    left = its.kept.map(lambda text: sum(map(int, text.split()))).to_numpy()
    rows[f"{zero:.0%} zeros"] = {
        "bytes": round(its["bytes"].mean()),
        "times smaller": round(1_066_440 / its["bytes"].mean(), 1),
        "bits per weight, all in": round((8 * its["bytes"].to_numpy() / left).mean(), 1),
        "against the dense control": against(its.validation, control.validation),
    }
larger, smaller = (runs("file", zero, 8)["bytes"].to_numpy() for zero in (0.96, 0.98))
ratios = larger / smaller
pd.DataFrame(rows).T

# %% [markdown]
# From 96 to 98% zeros half of the weights that were left go, and the file is not half as long. Biases, tables and header stay, and the fewer weights are left, the more it takes to say where each stands. (At 92 and 98% only two learning rates were tried.) On the test images:

# %% tags=["nbval-ignore-output"]
for zero in tried:
    its = runs("file", zero, 8)
    points = against(its.test, control.test)
    print(f"{zero:.0%} zeros, {1_066_440 / its['bytes'].mean():.0f} times smaller: {points} points")

# %% [markdown]
# At 92% zeros, 54 times smaller, the whole interval is above −0.5. It is above 0, too, which is no gain: validation images say −0.02 ± 0.68, and all seeds are judged by the same 2,000 images. At 96%: by the mean; the interval holds both 0 and a loss of a point. At 98%: no.
#
# Step by step the course's long recipe on MNIST is 38 times pruned, 115 with few values, 188 with Huffman codes, 289 with arithmetic coding. Its dense control, with the same teacher, images and epochs, has 0.74% (two seeds): half a point is the price.
