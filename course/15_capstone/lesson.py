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
# # 15 · Capstone: Deep Compression
#
# **A trained network is a file of a megabyte. How few bytes can hold it, so that somebody who has nothing but these bytes gets the same accuracy? And
# where do the bytes go that remain?**
#
# In 2016 Han, Mao and Dally put three steps in a row: prune, share values, code. LeNet-300-100 became 40 times smaller, at the error it had before. You will do the same from end to end, count every byte, and then look for what the
# forty times leave out.
#
# It takes about {minutes} minutes, with places to stop after parts 3, 5 and 7. You need the cubic climb (lesson 09), codebooks (lesson 03) and entropy (lesson 10).
#
# The picture shows the network while its weights go. Each *halving* leaves half of them. Which pixels and which hidden units are the first that nobody listens to?

# %% tags=["nbval-ignore-output"]
from coursekit.openings.lesson_15 import thinning_network

thinning_network()

# %% [markdown]
# Three questions from before. Answer each before you unfold it.
#
# <details><summary>A network is pruned while it is trained for 16 epochs. What stands beside it? (lesson 09)</summary>The dense network after 16 epochs, with a learning rate of its own,
# chosen on validation images.</details>
#
# <details><summary>What does a codebook of 16 levels store for a tensor? (lesson 03)</summary>16 numbers, and for each weight an index of 4 bits.</details>
#
# <details><summary>Pruning alone makes a file 5 times smaller, fewer bits alone 4 times. Why not 20 times together? (lesson 10)</summary>A weight that is gone has no
# bits left to save, and where the others stand takes bits however few bits a value has.</details>

# %%
import bz2
import heapq
import lzma
import math
import struct
import zlib
from collections import Counter
from dataclasses import dataclass
from itertools import chain, permutations

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.nn import functional as F

from coursekit import guess, guesses, plot, reveal
from coursekit.data import load_fashion_mnist, load_results
from coursekit.gradual import batches, linears, prunable, stack, train_gradually
from coursekit.measure import accuracy, latency
from coursekit.networks import lenet
from coursekit.train import set_seed
from coursekit.widgets import cards, pattern_test, practice, progress, quiz, respond, trace

set_seed(0)


# %% [markdown]
# ## 3 · Values that are shared


# %%
def k_means(values: torch.Tensor, count: int, steps: int = 40) -> torch.Tensor:
    """Levels for values in one dimension, the first ones evenly spaced: (count,), ascending."""
    x = values.double()
    levels = torch.linspace(x.min(), x.max(), count, dtype=torch.double)
    for _ in range(steps):
        codes = torch.bucketize(x, (levels[1:] + levels[:-1]) / 2)
        sizes, sums = codes.bincount(minlength=count), codes.bincount(x, count)
        levels = torch.where(sizes > 0, sums / sizes.clamp(min=1), levels)  # an empty one stays
    return levels.float()


@dataclass
class Layer:
    """A layer in few numbers: where its weights stand, which level each has, levels and biases."""

    shape: tuple[int, int]  # outputs, inputs
    places: torch.Tensor  # counted row by row from 0, ascending: (kept,)
    codes: torch.Tensor  # a level's number for each: (kept,)
    levels: torch.Tensor
    bias: torch.Tensor

    def weight(self) -> torch.Tensor:
        flat = torch.zeros(math.prod(self.shape))
        flat[self.places] = self.levels[self.codes]
        return flat.view(self.shape)


# %%
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


@torch.no_grad()
def network(layers: list[Layer]) -> nn.Sequential:
    """The network that these layers make: their shapes are all that is needed."""
    model = stack([layer.shape for layer in layers]).eval()
    for linear, layer in zip(linears(model), layers, strict=True):
        linear.weight.copy_(layer.weight())
        linear.bias.copy_(layer.bias)
    return model


# %%
def tune(layers: list[Layer], images, epochs: int, lr: float, seed: int = 0) -> list[Layer]:
    """Trains levels and biases; places and codes stay. New layers."""
    (x, y), model = images, network(layers)
    layers = [Layer(k.shape, k.places, k.codes, k.levels.clone(), k.bias) for k in layers]
    weights, levels = prunable(model), [layer.levels for layer in layers]
    optimizer = torch.optim.Adam([*levels, *(linear.bias for linear in linears(model))], lr)
    for done, batch in batches(len(x), epochs, seed):
        optimizer.param_groups[0]["lr"] = lr * (1 - done)
        model.zero_grad()
        F.cross_entropy(model(x[batch]), y[batch]).backward()
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
SKIP = 255  # a gap that goes on: 255 zeros, and no weight yet


def gaps(places: torch.Tensor) -> np.ndarray:
    """Zeros before each weight, a byte each; what is longer is cut by SKIP."""
    zeros = np.diff(places.numpy(), prepend=-1) - 1
    parts = ([SKIP] * (gap // SKIP) + [gap % SKIP] for gap in zeros.tolist())
    return np.fromiter(chain.from_iterable(parts), np.uint8)


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


# %%
def canonical(lengths: dict) -> dict:
    """Each symbol's code as text of 0 and 1, from the lengths alone."""
    code, before, codes = 0, 0, {}
    for symbol, length in sorted(lengths.items(), key=lambda item: (item[1], item[0])):
        code <<= length - before
        codes[symbol], code, before = f"{code:0{length}b}", code + 1, length
    return codes


def encode(symbols: np.ndarray) -> tuple[bytes, bytes]:
    """A table of lengths, and the symbols in their codes; each begins at a new byte."""
    values = symbols.tolist()
    lengths = huffman(Counter(values))
    codes = canonical(lengths)
    bits = "".join(map(codes.__getitem__, values))
    table = bytes(lengths.get(symbol, 0) for symbol in range(max(lengths) + 1))
    return bytes([max(lengths)]) + table, np.packbits(np.array([*bits], np.uint8)).tobytes()


def decode(table: bytes, coded: bytes, count: int) -> tuple[list[int], int]:
    """`count` symbols, and how many bytes they took."""
    lengths = {symbol: length for symbol, length in enumerate(table) if length}
    meaning = {code: symbol for symbol, code in canonical(lengths).items()}
    symbols, word, at = [], "", 0
    while len(symbols) < count:
        word += "1" if coded[at // 8] >> (7 - at % 8) & 1 else "0"
        at += 1
        if word in meaning:
            symbols.append(meaning[word])
            word = ""
    return symbols, -(-at // 8)


# %%
MAGIC = b"FEWB"
PER_LAYER = struct.Struct("<HHIIB")  # outputs, inputs, gaps, weights, levels


def pieces(layers: list[Layer], together: bool) -> list[tuple[str, int, bytes]]:
    """The file in pieces: what each is, of which layer (−1: of all), its bytes."""
    zeros = [gaps(layer.places) for layer in layers]
    out = [("header", -1, MAGIC + bytes([len(layers), together]))]
    for i, (k, gap) in enumerate(zip(layers, zeros, strict=True)):
        sizes = PER_LAYER.pack(*k.shape, len(gap), len(k.codes), len(k.levels))
        out += [("header", i, sizes), ("levels", i, k.levels.half().numpy().tobytes())]
        out += [("biases", i, k.bias.half().numpy().tobytes())]
    streams = {"positions": zeros, "values": [k.codes.numpy() for k in layers]}
    for name, stream in streams.items():
        parts = [(-1, np.concatenate(stream))] if together else enumerate(stream)
        for i, symbols in parts:
            table, coded = encode(symbols)
            out += [("tables", i, table), (name, i, coded)]
    return out


def write(layers: list[Layer], together: bool = True) -> bytes:
    return b"".join(part for _, _, part in pieces(layers, together))


# %%
def read(data: bytes) -> list[Layer]:
    """The layers, from these bytes and nothing else."""
    at = 0

    def take(count: int) -> bytes:
        nonlocal at
        if at + count > len(data):
            raise ValueError("the file ends before its network does")
        at += count
        return data[at - count : at]

    def stream(counts: list[int]) -> list[np.ndarray]:
        nonlocal at
        out = []
        for count in [sum(counts)] if together else counts:
            table = take(take(1)[0] + 1)
            symbols, used = decode(table, data[at:], count)
            take(used)
            out += symbols
        return np.split(np.array(out), np.cumsum(counts)[:-1])

    if take(4) != MAGIC:
        raise ValueError("this is no file of ours")
    count, together = take(2)
    heads, numbers = [], []
    for _ in range(count):
        heads.append(PER_LAYER.unpack(take(PER_LAYER.size)))
        halves = np.frombuffer(take(2 * (heads[-1][4] + heads[-1][0])), np.float16)
        numbers.append(torch.tensor(halves.astype(np.float32)).split([heads[-1][4], heads[-1][0]]))
    zeros, codes = stream([head[2] for head in heads]), stream([head[3] for head in heads])
    return [
        Layer(head[:2], places_of(gap), torch.tensor(code), *number)
        for head, gap, code, number in zip(heads, zeros, codes, numbers, strict=True)
    ]


def places_of(symbols: np.ndarray) -> torch.Tensor:
    """`gaps` backwards."""
    steps = np.where(symbols == SKIP, SKIP, symbols + 1).cumsum() - 1
    return torch.tensor(steps[symbols != SKIP])
