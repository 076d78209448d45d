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
# **A trained network is a file of a megabyte. How few bytes can hold it, so that somebody who has nothing but these bytes gets the same accuracy? And where do the bytes go that remain?**
#
# In 2016 Han, Mao and Dally pruned, shared values and coded: LeNet-300-100 became 40 times smaller. You'll do it from end to end, count every byte, and find more than the forty.
#
# It takes about {minutes} minutes, with a place to stop after part 4. You need the cubic climb (lesson 09), codebooks (lesson 03) and entropy (lesson 10).
#
# Each *halving* leaves half of the weights. Which pixels and which hidden units are the first that nobody listens to?

# %% tags=["nbval-ignore-output"]
from coursekit.lesson_15.opening import thinning_network

thinning_network()

# %%
import heapq
import io
import math
import struct
from collections import Counter
from dataclasses import replace
from itertools import chain, permutations

import numpy as np
import torch
from torch import nn

from coursekit import guess, guesses, mark_guess, reveal
from coursekit.learn.explore import explore
from coursekit.learn.widgets import cards, pattern_test, practice, progress, quiz, respond, trace
from coursekit.lesson_15 import pictures
from coursekit.lesson_15.gradual import batches, linears, prunable, train_gradually
from coursekit.lesson_15.shared_levels import Layer, k_means, network, runs, whole_numbers
from coursekit.lesson_15.squeeze import container
from coursekit.lesson_15.squeeze import huffman as package
from coursekit.lesson_15.traces import WEIGHT
from coursekit.nets.data import load_fashion_mnist, load_results
from coursekit.nets.measure import accuracy
from coursekit.nets.networks import lenet
from coursekit.nets.train import set_seed
from coursekit.pictures import plot

# %% [markdown]
# Two questions from before.
#
# <details><summary>A network is pruned while it is trained for 20 epochs. What is it compared with? (lesson 09)</summary>The dense network after 20 epochs, with a learning rate of its own, chosen on validation images.</details>
#
# <details><summary>A symbol makes up a quarter of a stream. How many bits is it worth? (lesson 10)</summary>$\log_2 4 = 2$ bits. The mean over all symbols is the entropy of the stream, in bits per symbol.</details>
#
# ## 1 · Twenty-four weights, by hand
#
# A layer with four outputs and six inputs: $24 \cdot 32 = 768$ bits. **Prune**: the six largest stay. **Share**: they get two values, so each is an index of one bit into a codebook of two floats. **Code**: where do the six stand? Read row by row, say how many zeros come before each, its **gap**.

# %%
hand = torch.tensor(WEIGHT)
six = torch.where(hand.abs() > 0.5, hand, 0)
shared = torch.where(six > 0, six[six > 0].mean(), six[six < 0].mean()) * (six != 0)
plot.show(
    pictures.by_hand({"trained": hand, "pruned": six, "shared": shared}),
    alt="The same matrix of 4 by 6 three times: all weights, six of them, two values.",
)
places = six.flatten().nonzero().flatten()
print("gaps:", (places.diff(prepend=torch.tensor([-1])) - 1).tolist())

# %% [markdown]
# Pruned: six floats and six gaps of 3 bits, $192 + 18 = 210$ bits. Shared: $6 + 18 + 64 = 88$, most of it *codebook*. The gap 4 comes twice, so it may have a shorter code: part 4 finds one with 14 bits for all six. But there are $\binom{24}{6}$ ways to place six weights, and to name one takes 17 bits. Fourteen are fewer, since the list of codes isn't in the count. So from now on count bytes of a *file* that is read again.
#
# ## 2 · Prune, and say where
#
# LeNet-300-100 has 266,200 weights and 410 biases, 1,066,440 bytes in float32. It learns clothes: 8,000 images to train, 2,000 to choose, 2,000 for the end. Fixed *now*: at most half a point below the **dense control** with equal epochs and the best rate of its own. Five seeds were run; you make seed 0, with 96% zeros.

# %% tags=["nbval-ignore-output"]
data = load_fashion_mnist()
train, validation = (part.tensors() for part in data.train.hold_out(2000))
control, sparse = runs("trained", 0), runs("trained", 0.96, epochs=20)
set_seed(0)
pruned = train_gradually(lenet(), train, 20, sparse.lr.iloc[0], share=0.96)
mine, theirs = accuracy(pruned, *validation), sparse.validation.iloc[0]
print(f"96% zeros: validation accuracy {mine:.3f}, in the table {theirs:.3f}")
print(f"dense control: {control.validation.mean():.3f}")
assert abs(mine - theirs) < 0.03  # on every machine

# %% [markdown]
# 10,648 weights are left. *Where* are they? With the best code there is, for weights strewn at random: how many bits per weight that stays?

# %%
guess("96% zeros: bits to say where a weight is, at best", unit="bits", low=0, high=40)

# %% [markdown]
# If a fraction $p$ of the places is taken, each place is worth $h(p) = p\log_2\frac1p + (1-p)\log_2\frac1{1-p}$ bits, and per weight that stays $h(p)/p$. Beside it: a bit mask, $1/p$ bits; and gaps of a byte. A gap that doesn't fit is cut: a special symbol says "255 zeros, and no weight yet".


# %%
def bound(share: float) -> float:
    """Bits of position per weight that stays, when `share` of the places is taken at random."""
    return -math.log2(share) - (1 - share) / share * math.log2(1 - share)


fig, ax = pictures.saying_where(bound)
mark_guess(ax, "96% zeros: bits to say where a weight is, at best")
plot.show(fig, alt="Bits per weight that stays against the share of zeros: mask, gaps, bound.")
reveal("96% zeros: bits to say where a weight is, at best", bound(0.04))


SKIP = 255  # a gap that goes on: 255 zeros, and no weight yet


def gaps(places: torch.Tensor) -> np.ndarray:
    """Zeros before each weight, a byte each; what is longer is cut by SKIP."""
    zeros = np.diff(places.numpy(), prepend=-1) - 1
    parts = ([SKIP] * (gap // SKIP) + [gap % SKIP] for gap in zeros.tolist())
    return np.fromiter(chain.from_iterable(parts), np.uint8)


def places_of(symbols: np.ndarray) -> torch.Tensor:
    """The same backwards."""
    steps = np.where(symbols == SKIP, SKIP, symbols.astype(int) + 1).cumsum() - 1
    return torch.tensor(steps[symbols != SKIP])


# %% [markdown]
# Six bits. We take gaps of a byte, and let part 4 shorten them.
#
# ## 3 · Values that are shared
#
# Each layer gets a **codebook**: 16 levels, by k-means over the weights that are *not* zero (lesson 03). 10,648 floats become 48. Nothing is trained yet. How many points does that cost?


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


# %%
guess("16 levels per layer, nothing trained: points lost", unit="points", low=-5, high=30)

# %% tags=["nbval-ignore-output"]
plot.show(
    pictures.codebook(pruned[1].weight, share(pruned, 16)[0].levels),
    alt="A histogram with two humps and nothing around 0, and a line for each level.",
)
lost = 100 * (sparse.validation.to_numpy() - runs("file", 0.96, 16).before.to_numpy())
reveal(
    "16 levels per layer, nothing trained: points lost",
    lost.mean(),
    between=(lost.min(), lost.max()),
)

# %% [markdown]
# Next to nothing, although two of the 16 levels serve nobody: they began in the empty middle, and stayed there. Five seeds can't tell 8 levels from 16, so take **eight**. Levels can be trained, too. All weights of a level move together, so its gradient is the **sum** of theirs: $\partial L/\partial c_k = \sum_{i:\ \text{code}_i = k} \partial L/\partial w_i$.


# %% tags=["nbval-ignore-output"]
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


layers = tune(share(pruned, 8), train, 4, 1e-3)
print(f"8 levels, trained, seed 0: {accuracy(network(layers), *validation):.3f}")

# %% [markdown]
# ## 4 · Codes of unequal length
#
# A symbol that makes up a fraction $p_c$ is worth $\log_2(1/p_c)$ bits (Shannon 1948). The **Huffman code** (1952) is the best that gives each symbol a whole number of bits: put the two rarest under one node, which counts as a symbol of both counts together, and repeat. **Canonical** codes are handed out in the order of length, then of symbol, so that the *lengths* are all a reader needs.


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


def canonical(lengths: dict) -> dict:
    """Each symbol's code as text of 0 and 1, from the lengths alone."""
    code, before, codes = 0, 0, {}
    for symbol, length in sorted(lengths.items(), key=lambda item: (item[1], item[0])):
        code <<= length - before
        codes[symbol], code, before = f"{code:0{length}b}", code + 1, length
    return codes


by_hand = Counter([1, 2, 4, 7, 0, 4])  # the gaps of part 1
print(canonical(huffman(by_hand)))
assert package.codewords(huffman(by_hand)) == canonical(huffman(by_hand))  # ours and the package's

# %% [markdown]
# A bit mask of 96% zeros has an entropy of 0.24 bits per place. How many times smaller does Huffman make it, with a code for each place?

# %%
guess("the bit mask, 96% zeros: smaller by Huffman", unit="×", low=0.5, high=10)


# %% tags=["nbval-ignore-output"]
def coded_bytes(symbols: np.ndarray) -> tuple[float, float]:
    """What Huffman's code takes, and the entropy of single symbols; without tables."""
    counts = Counter(symbols.tolist())
    lengths, total = huffman(counts), len(symbols)
    taken = sum(count * lengths[symbol] for symbol, count in counts.items())
    return taken / 8, sum(n * math.log2(total / n) for n in counts.values()) / 8


mask = np.concatenate([(weight != 0).flatten().numpy() for weight in prunable(pruned)])
eights = np.packbits(mask)
zeros = np.concatenate([gaps(layer.places) for layer in layers])
indices = np.concatenate([layer.codes.numpy() for layer in layers]).astype(np.uint8)
streams = {"mask, place by place": (mask, 1), "mask, 8 places at once": (eights, 8)}
streams |= {"gaps": (zeros, 8), "indices of values": (indices, 3)}
rows = {}
for name, (symbols, width) in streams.items():
    bits = 8 * np.array([width * len(symbols) / 8, *coded_bytes(symbols)]) / len(indices)
    rows[name] = bits.tolist()
plot.show(
    pictures.coded(rows),
    alt="Bits per weight of four streams: at fixed width, by Huffman, and their entropy.",
)
reveal("the bit mask, 96% zeros: smaller by Huffman", len(mask) / 8 / coded_bytes(mask)[0])

# %% [markdown]
# Not at all. No code is shorter than one bit, so **Huffman loses up to a bit per symbol**, which hurts most when symbols carry little information. The remedy is larger symbols: gaps. They're within 1% of their entropy.
#
# Strange, though: gaps through Huffman take fewer bits than the bound of 6.06. Part 6 comes back to it.
#
# > **A place to stop.** Before you go on: why code the gaps, and not the mask?
# > <details><summary>Answer</summary>No code is shorter than a bit, so the mask stays as it is. A gap is a larger symbol, worth several bits.</details>
#
# ## 5 · One file
#
# In pieces, each with its name: **header** (a magic number, shapes, counts); **levels** and **biases** in float16; **tables**, the lengths of the codes; **positions** and **values** in their codes. The reader gets bytes and nothing else.


# %%
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


def write(layers: list[Layer]) -> bytes:
    return b"".join(part for _, part in pieces(layers))


# %%
def take(file: io.BytesIO, count: int) -> bytes:
    data = file.read(count)
    if len(data) < count:
        raise ValueError("the file ends before its network does")
    return data


def read_stream(file: io.BytesIO, counts: list[int]) -> list[np.ndarray]:
    """One stream, in parts of so many symbols."""
    codes = take(file, take(file, 1)[0] + 1)
    [size] = struct.unpack("<I", take(file, 4))
    lengths = {symbol: length for symbol, length in enumerate(codes) if length}
    symbols, _ = package.decode(take(file, size), lengths, sum(counts))
    return np.split(np.array(symbols, np.uint8), np.cumsum(counts)[:-1])


# %%
def read(data: bytes) -> list[Layer]:
    """The layers, from these bytes and nothing else."""
    file = io.BytesIO(data)
    if take(file, len(MAGIC)) != MAGIC:
        raise ValueError("this is no file of ours")
    heads, numbers = [], []
    for _ in range(take(file, 1)[0]):
        heads.append(PER_LAYER.unpack(take(file, PER_LAYER.size)))
        outputs, *_, levels = heads[-1]
        halves = np.frombuffer(take(file, 2 * (levels + outputs)), "<f2")
        numbers.append(torch.from_numpy(halves.astype(np.float32)).split([levels, outputs]))
    zeros = read_stream(file, [gaps for _, _, gaps, _, _ in heads])
    codes = read_stream(file, [kept for _, _, _, kept, _ in heads])
    return [
        Layer(head[:2], places_of(gap), torch.from_numpy(code).long(), *number)
        for head, gap, code, number in zip(heads, zeros, codes, numbers, strict=True)
    ]


# %% tags=["nbval-ignore-output"]
file = write(layers)
back = read(file)
assert all(torch.equal(a.places, b.places) for a, b in zip(layers, back, strict=True))
assert all(torch.equal(a.codes, b.codes) for a, b in zip(layers, back, strict=True))
print(f"{len(file):,} bytes, {1_066_440 / len(file):.1f} times smaller than in float32")
print(f"accuracy from the bytes: {accuracy(network(back), *validation):.4f}")
kinds = Counter()
for name, part in pieces(layers):
    kinds[name] += len(part)
plot.show(
    pictures.every_byte(kinds), alt="A bar for each kind of piece; positions are the longest."
)

# %% [markdown]
# More than half of the file says *where*. And 820 bytes are biases, 0.15% of the network's numbers.
#
# Which step's work was it? Choose an order, and read the factors.

# %% tags=["nbval-ignore-output"]
set_seed(0)
dense = train_gradually(lenet(), train, 24, control.lr.iloc[0])
parts = {}
for gone, model, its in ((True, pruned, layers), (False, dense, share(dense, 8))):
    values = np.concatenate([w.detach()[w != 0].numpy() for w in prunable(model)])
    codes = np.concatenate([layer.codes.numpy() for layer in its]).astype(np.uint8)
    parts[gone] = values, codes, np.concatenate([gaps(layer.places) for layer in its])
sizes = pictures.sizes_by_steps(parts, encode)
explore(
    lambda order: pictures.waterfall(sizes, order.split(", ")),
    alt="A waterfall from a megabyte down to the file; the order of the steps can be chosen.",
    order=[", ".join(order) for order in permutations(("prune", "share", "code"))],
)

# %% [markdown]
# Pruning gives 19 times when it comes first, 6 after sharing, 21 after coding. (Here biases stay float32, so the three factors make 85, not 91.) **A waterfall shows one order, and each order tells another story.** So "90 times" means little without its order, its baseline (float16 halves every factor, and costs nothing), its control, and the loss it cost.
#
# ## 6 · Below the bound
#
# How can gaps take fewer bits than the bound for where they stand? That bound is for weights strewn *at random*. Here's where they really stand, in the 784→300 layer, and how often each pixel is lit.

# %% tags=["nbval-ignore-output"]
stays = (layers[0].weight() != 0).numpy()
pixels = train[0].flatten(1)
lit = (pixels > 0).float().mean(0).numpy()
plot.show(
    pictures.where(stays, lit),
    alt="Weights of each unit; weights of each pixel, most at the rim; how often pixels are lit, least at the rim.",
)

# %% [markdown]
# In heaps: in few hidden units, side by side, and *at the rim of the image*. A bound is one for a **model**, and who knows more has a lower one. **Adaptive arithmetic coding** (Witten, Neal and Cleary 1987) uses all of it: bit by bit it says how probable a 1 is, from what writer and reader have both seen, and pays fractions of a bit. Its probabilities are whole numbers, since a float that's rounded otherwise on another machine turns the rest into noise.

# %% tags=["nbval-ignore-output"]
whole = [whole_numbers(layer) for layer in layers]
gap_bytes, value_bytes = (sum(map(len, encode(its))) for its in (zeros, indices))
at_random = (bound(0.04) + 3) * len(indices) / 8
known = {
    "the bound at random places, 3 bits a value": at_random,
    "Huffman: which symbols are frequent": gap_bytes + value_bytes,
    "contexts: how full row and column are, and the neighbours": len(container.write(whole)),
    "the same, hidden units in order": len(container.write(container.sort_units(whole))),
}
plot.show(
    pictures.sizes(known),
    alt="Four bars of bytes: at random, Huffman, arithmetic coding with contexts, with units sorted.",
)

# %% [markdown]
# But why are they at the rim? Probably because a pixel that's nearly always black needs large weights to be heard at all, and magnitude pruning keeps what is large. So look at the 104 pixels that are lit in fewer than a tenth of the images. What fraction of the weights that are left reads *them*?

# %%
guess("96% zeros: weights that read nearly black pixels", unit="%", low=0, high=50)

# %% tags=["nbval-ignore-output"]
black = 100 * stays[:, lit < 0.1].sum() / stays.sum()
reveal("96% zeros: weights that read nearly black pixels", black)
deaf = [weight.detach().clone() for weight in prunable(pruned)]
deaf[0][:, lit < 0.1] = 0
hears, silent = lenet(), accuracy(pruned, *validation)
hears.load_state_dict(pruned.state_dict())
for weight, its in zip(prunable(hears), deaf, strict=True):
    weight.data = its
print(f"accuracy {silent:.4f}, without these weights {accuracy(hears, *validation):.4f}")

# %% [markdown]
# More than a quarter of the positions, which are most of the file, pay for pixels that are nearly always black. Take them all out, and the accuracy moves by an image or two of 2,000. Magnitude asked the wrong question: what counts is the weight *times what goes into it*, $|w_{ij}|\cdot\mathrm{rms}(x_j)$. That's Wanda, which lesson 13 prunes language models by. Three thousand weights fewer, nothing trained:

# %% tags=["nbval-ignore-output"]
table = load_results("rim")
plot.show(
    pictures.rim(table),
    alt="Bytes against accuracy: as it was, 3,000 fewer by size and by size times input, two climbs.",
)
by_input = table[(table.climb == "input") & (table.share == 0.9713)]
coded = by_input["coded"] + kinds["levels"] + kinds["biases"]  # the whole file, with contexts
for name, size_of in (("Huffman", by_input["bytes"]), ("contexts", coded)):
    print(f"size × input, {name}: {1_066_440 / size_of.mean():.0f} times smaller")
points = 100 * (by_input.validation.to_numpy() - control.validation.to_numpy())
print(f"against the dense control: {points.mean():+.2f} points, from {points.min():+.2f}")

# %% [markdown]
# By size alone it costs more than seven points, by size times input a fifth of one. Then the control: the climb, simply gone on to as many zeros. Five seeds can't tell whether it went by size or by size times input; with contexts, the second one's file is 4% smaller. A climb has time to repair what the wrong question breaks. Where nobody trains any more, as with a language model, the question is everything.
#
# ## 7 · What is small now
#
# The *file* is. Decoded, it's the dense network with other numbers: the same megabyte in memory, the same products, the same time. For those the *running* form must be small: fewer units (lesson 08), int8 (lesson 05), a kernel that skips zeros (lesson 07).
#
# And now the test images, once. At 96% zeros and by size alone:

# %% tags=["nbval-ignore-output"]
by_size = runs("file", 0.96, 8)
for name, its, size_of in (
    ("by size", by_size, by_size["bytes"]),
    ("by size times input, more zeros, contexts", by_input, coded),
):
    less = 100 * (its.test.to_numpy() - control.test.to_numpy())
    print(
        f"{name}: {1_066_440 / size_of.mean():.0f} times smaller, {less.mean():+.2f} points", end=""
    )
    print(f" ({less.min():+.2f} to {less.max():+.2f})")

# %% [markdown]
# So 91 times keeps to half a point, by the mean, and 148 times just misses it. (Five seeds leave room for a loss of a point.) How far does it go? On MNIST, with this network, the paper has 40 times, and Oktay et al. (2020), who made bits a part of the loss, 124. The course's own long recipe (`docs/capstone.md`), with a teacher, shifted images, 80 epochs and the coder of part 6, has 289 times at an error of 1.29%. Your turn.

# %% jupyter={"source_hidden": true}
assert math.isclose(bound(0.04), 6.057, abs_tol=1e-3) and sum(kinds.values()) == len(file)
assert coded_bytes(mask)[0] == len(mask) / 8 and abs(lost.mean()) < 1
assert coded_bytes(zeros)[0] < 1.03 * coded_bytes(zeros)[1]
assert 50 < 100 * kinds["positions"] / len(file) < 68 and black > 20
assert accuracy(hears, *validation) > silent - 0.01
for bad in (file[:-100], b"", b"\x89PNG" + file[4:]):
    try:
        read(bad)
        raise AssertionError("read a bad file")
    except ValueError:
        pass

# %% tags=["nbval-ignore-output"]
guesses()

# %% [markdown]
# ## You can now…
#
# - take a network through pruning, shared values and codes to one file, and read it back from its bytes alone;
# - say where a file's bytes go, and what positions cost at best;
# - build Huffman's code, send only its lengths, and say when it loses;
# - say what a bound on the bytes assumes, and what a coder with contexts knows beyond it;
# - report “times smaller” with the order of the steps, the baseline, the control and the loss you allowed.
#
# **Common mistakes**
#
# - Counting bits per weight and forgetting positions, codebooks, tables, biases and the header.
# - A reader that takes shapes, or the tree, from the program that wrote the file.
# - A dense control with fewer epochs, or with the pruned network's learning rate.
# - Taking a small file for a small or a fast network.
#
# ## Cheat sheet
#
# | to | write |
# |---|---|
# | say where, at best, at random | $h(p)/p = \log_2\frac1p + \frac{1-p}{p}\log_2\frac1{1-p}$ bits per weight that stays; 6 at 96% zeros |
# | say where, in a file | gaps of a byte with a symbol for "goes on", through Huffman; a mask costs $1/p$ bits |
# | share values | k-means over what is not zero, 8 or 16 levels per layer; gradient of a level: the sum of its weights', `index_add` |
# | find Huffman's lengths | a heap; the two rarest under one node, until one is left |
# | send the code | lengths only; canonical: by length, then by symbol, each one more, shifted when longer |
# | judge a coder | against $\sum n_c \log_2(n/n_c)$, tables counted; it bounds only codes of single symbols |
# | come below it | adaptive arithmetic coding with contexts, in whole numbers |
# | check a file | read it from bytes alone; same places, same codes, same accuracy; cut it off and read again |
# | count | positions, values, levels, tables, biases, header: their sum is `len(file)` |
# | share the credit | each step's factor over all orders, at least and at most |
# | report | times smaller than what (float32? float16?), below which control (epochs, rate), at which allowance, how many seeds |

# %% [markdown]
# ## Practise
#
# Nothing below is marked, and nothing leaves this machine. What you do is kept in one file, `progress.sqlite`,
# in the folder above this one, so you can stop at any time and go on where you were. Everything works by mouse and by keyboard.
# In any notebook, `cheat_sheet("15")` from `coursekit.learn.widgets` brings the page above back.
#
# **Cards.** Say the answer aloud before you turn one. Those you forget come back soon.

# %%
cards("15")

# %% [markdown]
# **Quiz.** Each option tells why it is right or wrong, and you may try again.

# %%
quiz("15")

# %% [markdown]
# **In your own words.** Write two or three sentences. You see which ideas were found in them.

# %%
respond("15")

# %% [markdown]
# **Practice.** From easy to hard, with a hint and worked steps when you want them.

# %%
practice("15")

# %% [markdown]
# **Traces.** Follow a run step by step. Say what comes next before you press the button.

# %% tags=["nbval-ignore-output"]
trace("15")

# %% [markdown]
# **Pattern test.** Ten questions on *size* from all lessons. Take it when the rest feels easy.

# %%
pattern_test("size")

# %% [markdown]
# **How far you are**, in this lesson and in the others.

# %% tags=["nbval-ignore-output"]
progress()

# %% [markdown]
# ## References
#
# - S. Han, H. Mao, W. Dally (2016): *Deep Compression: Compressing Deep Neural Networks with Pruning, Trained Quantization and Huffman Coding*. ICLR.
#   arXiv:1510.00149. LeNet-300-100 on MNIST, 40 times smaller, and the order prune, share, code.
# - C. Shannon (1948): *A Mathematical Theory of Communication*. Bell System Technical Journal 27. Entropy.
# - D. Huffman (1952): *A Method for the Construction of Minimum-Redundancy Codes*. Proceedings of the IRE 40(9).
# - I. Witten, R. Neal, J. Cleary (1987): *Arithmetic Coding for Data Compression*. Communications of the ACM 30(6).
# - M. Zhu, S. Gupta (2017): *To prune, or not to prune: exploring the efficacy of pruning for model compression*. arXiv:1710.01878. The
#   cubic climb.
# - K. Ullrich, E. Meeds, M. Welling (2017): *Soft Weight-Sharing for Neural Network Compression*. ICLR. arXiv:1702.04008. Pruning and sharing by one loss.
# - D. Oktay, J. Ballé, S. Singh, A. Shrivastava (2020): *Scalable Model Compression by Entropy Penalized Reparameterization*. ICLR. arXiv:1906.06624. Bits as a part of the loss.
# - H. Xiao, K. Rasul, R. Vollgraf (2017): *Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning Algorithms*. arXiv:1708.07747. The images.
