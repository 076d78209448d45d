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
# # 13 · Large language models, further
#
# This page holds what we measured for lesson 13 and left out of it. No exercise needs it. Read what you are curious about, in any order:
#
# 1. which inverse GPTQ needs,
# 2. what a scale per word leaves of an outlier,
# 3. keys or values: which half of a cache may be rounded further,
# 4. many readers: what waits for memory, and what doesn't,
# 5. Wanda by brute force, and two of four.

# %%
import copy
import itertools
import math

import torch
from torch.nn import functional as F

from coursekit.lesson_13.runs import Beside, changed, inputs_of, matrices
from coursekit.lesson_13.stories import stories
from coursekit.lesson_13.transformer import endings, load_storyteller, numbers
from coursekit.nets.costs import Machine
from coursekit.nets.train import set_seed

set_seed(0)
told, calibration = stories(100, seed=2), stories(64, seed=3)
storyteller = load_storyteller()


def surprise(model, told):
    """For each story its nats, its words, and whether its ending is right."""
    read, following = numbers(told)  # what comes behind the end of a story is left out
    logits = model(read)
    nats = F.cross_entropy(logits.transpose(1, 2), following, reduction="none")
    return nats.sum(1), (following >= 0).sum(1), endings(logits, told)


def scales(w, bits, group=None):
    """A scale for each group of neighbours in a row, or for each row; in the shape of w."""
    group = group or w.shape[1]
    most = w.unflatten(1, (-1, group)).abs().amax(2) / (2 ** (bits - 1) - 0.5)
    return most.clamp(min=1e-12).repeat_interleave(group, dim=1)


def to_levels(w, scale, bits):
    low = -(2 ** (bits - 1))
    return scale * (w / scale).round().clamp(low, -low - 1)


def plain(w, bits, group=None):
    """Round to nearest: to the next level and back."""
    return to_levels(w, scales(w, bits, group), bits)


beside = Beside(surprise, storyteller, told)

# %% [markdown]
# ## 1 · Which inverse
#
# After column $j$ GPTQ divides the error by the first number of $H_j^{-1}$, and subtracts that times its first row from the columns behind. $H_j$ is $H$ without the columns that are done, which can't give anything back any more, so its inverse is another
# one for each $j$. One upper triangle $U$ with $U^\top U = H^{-1}$ holds all of these: its row $j$, divided by $u_{jj}$, is the first row of $H_j^{-1}$, divided by its first number. Two columns show it.

# %%
h = torch.tensor([[1.0, 0.8], [0.8, 1.0]])
inverse = torch.linalg.inv(h)
u = torch.linalg.cholesky(inverse, upper=True)
for name, matrix in {"inverse of H": inverse, "U": u}.items():
    print(name, [[round(value, 3) for value in row] for row in matrix.tolist()])
assert torch.isclose(inverse[0, 1] / inverse[0, 0], u[0, 1] / u[0, 0])
assert torch.isclose(u[1, 1] ** 2, 1 / h[1, 1])  # it knows of the second column alone

# %% [markdown]
# ## 2 · What a scale per word leaves
#
# Planted channels as in the lesson, weights in int8 with a scale per row, inputs in int8 with one scale per tensor, or one per word.


# %%
def readers(model):
    """Each norm of a block, the matrix that reads it, and the matrix's name."""
    for number, block in enumerate(model.blocks):
        yield block.norm1, block.qkv, f"{number}.qkv"
        yield block.norm2, block.up, f"{number}.up"


def rescale(norm, layer, s):
    """Channel j of the norm times s[j], and column j of its reader divided by it."""
    norm.weight.data *= s
    norm.bias.data *= s
    layer.weight.data /= s


def with_int8(model, seen, per_word=False):
    """A copy with int8 weights, and 8 bits for what goes into each matrix."""
    model = changed(model, lambda _, w: plain(w, 8))
    for name, layer in matrices(model).items():
        fixed = seen[name].abs().max() / 127

        def rounded(_, given, fixed=fixed):
            [x] = given
            scale = x.abs().amax(-1, keepdim=True) / 127 if per_word else fixed
            return scale * (x / scale).round().clamp(-128, 127)

        layer.register_forward_pre_hook(rounded)
    return model


# %% tags=["nbval-ignore-output"]
natural = inputs_of(storyteller, calibration)
planted, s = copy.deepcopy(storyteller), torch.ones(128)
s[17], s[90] = 32, 64
for norm, layer, _ in readers(planted):
    rescale(norm, layer, s)
tall = inputs_of(planted, calibration)
even, _ = beside.show("no outliers, scale per tensor", with_int8(storyteller, natural))
by_tensor, right = beside.show("planted, scale per tensor", with_int8(planted, tall))
by_word, _ = beside.show("planted, scale per word", with_int8(planted, tall, per_word=True))
of_word, of_tensor = tall["2.up"].abs().amax(1), tall["2.up"].abs().max()
print(
    f"2.up: a word's step, in the median, is {(of_word / of_tensor).median():.2f} of the tensor's"
)
print(f"and {(of_word / natural['2.up'].abs().amax(1)).median():.0f} × its step without outliers")
assert by_tensor > 5 * by_word > 10 * abs(even)

# %% [markdown]
# A word's own scale removes 96% of the loss here, since most words are far less tall than the tallest: their step is about three tenths of the tensor's. It doesn't remove all of it, since each word is still tall in these channels.
#
# ## 3 · Keys or values
#
# The KV cache with other bits for keys than for values, a scale per vector of 32 numbers.


# %%
def rounded_vectors(x, bits):
    """A scale for each vector along the last axis."""
    return plain(x.reshape(-1, x.shape[-1]), bits).reshape(x.shape)


def with_cache(model, bits_of_keys, bits_of_values):
    """A copy whose keys and values are rounded when they are made."""
    model = copy.deepcopy(model)
    for block in model.blocks:
        block.kept = lambda key, value: (
            rounded_vectors(key, bits_of_keys),
            rounded_vectors(value, bits_of_values),
        )
    return model


# %% tags=["nbval-ignore-output"]
for bits in ((8, 8), (4, 4), (3, 3), (2, 2), (2, 4), (4, 2)):
    name = f"keys {bits[0]} bits, values {bits[1]} bits"
    beside.show(name, with_cache(storyteller, *bits))

# %% [markdown]
# Large models have outlier channels in their keys, and there a scale per channel of keys is better (KIVI, Liu et al. 2024). Ours has none.
#
# ## 4 · Many readers
#
# The *matrices* are read once for all readers, so with more of them computing becomes their limit. *Attention* reads each reader's own cache, and uses each number of it for two operations, whatever the number of readers: 1 FLOP per byte in 16 bits, left of every ridge. The
# sizes are those of Llama-2-7B, the machine reads 100 GB and does 10¹² FLOPs per second.

# %%
blocks, width, hidden, vocabulary = 32, 4096, 11008, 32000
in_blocks = blocks * (4 * width**2 + 3 * width * hidden)
laptop = Machine(peak=1e12, bandwidth=100e9)


def bits_per_number(bits, group=128):
    return bits if bits == 16 else bits + 16 / group


def gigabytes(bits, cache_bits, words=4096):
    """Weights, and the cache of one reader with so many words."""
    weights = in_blocks * bits_per_number(bits) / 8 + 2 * 2 * vocabulary * width
    cache = 2 * blocks * width * words * bits_per_number(cache_bits) / 8
    return weights / 1e9, cache / 1e9


def step_time(readers_at_once, words, bits, cache_bits):
    """Seconds in which each reader gets a word, at least: for the matrices, and for attention."""
    weights, cache = gigabytes(bits, cache_bits, words)
    read_once, computed = (
        weights * 1e9 / laptop.bandwidth,
        2 * in_blocks * readers_at_once / laptop.peak,
    )
    read_by_each = readers_at_once * cache * 1e9 / laptop.bandwidth
    attention = 4 * blocks * width * words * readers_at_once / laptop.peak
    return max(read_once, computed), max(read_by_each, attention)


print("readers  words   matrices  attention   with int4 weights   and an int8 cache")
for readers_at_once, kept in itertools.product((1, 8, 64), (128, 4096)):
    parts = step_time(readers_at_once, kept, 16, 16)
    less, both = (sum(step_time(readers_at_once, kept, 4, bits)) / sum(parts) for bits in (16, 8))
    print(
        f"{readers_at_once:7} {kept:6} {parts[0]:8.2f} s {parts[1]:8.2f} s {less:15.2f} × {both:16.2f} ×"
    )

# %% [markdown]
# With one reader reading is nearly everything, and int4 weights help, less where the cache is long. With 64 readers they gain nothing by this bound, for two reasons: with 128 words each, computing takes the time; with 4,096 words each, attention takes more than the matrices, and what helps is a
# cache of fewer bits. (These 64 caches fill 137 GB, so memory is full before.) Another machine has its turn elsewhere: put in its two numbers.
#
# ## 5 · Wanda by brute force
#
# Wanda's score is what removing a weight alone does to the output. On six columns around a planted one all 20 ways to keep three can be tried; then half of the model's weights, freely in each row, or two of each four.


# %%
def damage(w, rounded, x):
    """The squared change of the outputs on x."""
    return float(((rounded - w) @ x.T).square().sum())


def keep_half(score, w, of=None):
    """The better half of each row, or two of each four with of=4; the rest is 0."""
    groups = score.unflatten(1, (-1, of or score.shape[1]))
    best = groups.topk(groups.shape[2] // 2, dim=2).indices
    return w * torch.zeros_like(groups).scatter(2, best, 1).flatten(1)


def wanda(w, x):
    return w.abs() * x.norm(dim=0)


x, w = natural["1.up"], storyteller.blocks[1].up.weight.data
alone = torch.stack([(w[0, j] * x[:, j]).square().sum().sqrt() for j in range(128)])
assert torch.allclose(alone, wanda(w, x)[0], rtol=1e-4)  # brute force: each weight removed alone
x, w = tall["1.up"][:, 14:20], planted.blocks[1].up.weight.data[:50, 14:20]
halves = [
    torch.zeros(6).scatter(0, torch.tensor(c), 1) for c in itertools.combinations(range(6), 3)
]
best = [min(damage(row, row * half, x) for half in halves) for row in w[:, None]]
for name, score in {"magnitude": w.abs(), "Wanda": wanda(w, x)}.items():
    rows = zip(w[:, None], keep_half(score, w)[:, None], best, strict=True)
    ratio = torch.tensor([damage(row, kept, x) / least for row, kept, least in rows])
    print(f"{name:9} removes three of six weights: median {ratio.median():.2f} × the least damage")


# %% tags=["nbval-ignore-output"]
by_wanda = {}
for network, model, seen in (("natural", storyteller, natural), ("planted", planted, tall)):
    for of, pattern in ((None, "half of each row"), (4, "2:4")):
        pruned = changed(model, lambda _, w, of=of: keep_half(w.abs(), w, of))
        beside.show(f"{network}, {pattern}, magnitude", pruned)
        pruned = changed(
            model, lambda name, w, of=of, seen=seen: keep_half(wanda(w, seen[name]), w, of)
        )
        by_wanda[network, of], _ = beside.show(f"{network}, {pattern}, Wanda", pruned)
assert abs(by_wanda["planted", None] - by_wanda["natural", None]) < 1e-3

# %% [markdown]
# Its score can't be fooled by a rescaling: a proof, and it holds for any model. Where nothing was rescaled it loses a little less than magnitude here, and the intervals overlap: these stories don't decide it. Two of four cost more than the free choice, as in lesson 08.
