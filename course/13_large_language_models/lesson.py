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
# # 13 · Large language models
#
# **My language model has 7 billion weights, and my card has 8 GB. I rounded the model until it fitted, and now it talks nonsense. What went wrong?**
#
# A small model tells a story. Emma had a grey shoe and a blue bell, and nobody took them from her. Five versions of the model end it:
#
# | | At the end Emma went home with … |
# |---|---|
# | float32 | *the grey shoe and the blue bell.* |
# | 2 bits, a scale per row | *the grey ticket and the green kite.* |
# | 2.5 bits, in groups, by GPTQ | *the grey shoe and the blue bell.* |
# | 8 bits for activations too, two planted outlier channels | *the red hammer and the black candle.* |
# | the same, smoothed | *the grey shoe and the blue bell.* |
#
# Two and a half bits remember what eight forget. You'll make all five.
#
# It takes about {minutes} minutes, with a place to stop after part 4. You need scales and groups (lesson 03), pruning by magnitude (lesson 07), and
# attention ([the primer](primers.ipynb) tells it in a minute).
#
# Move the picture: tokens in rows, channels in columns, weights below. Where do the dark columns go?

# %% tags=["nbval-ignore-output"]
from coursekit.lesson_13.opening import smoothed_channels

smoothed_channels()

# %%
import copy
import itertools
import logging
import math

import torch
from torch.nn import functional as F

from coursekit import guess, guesses, reveal
from coursekit.learn.explore import explore
from coursekit.learn.widgets import cards, pattern_test, practice, progress, quiz, respond, trace
from coursekit.lesson_13 import pictures
from coursekit.lesson_13.runs import KINDS, Beside, changed, inputs_of, layer_calls, matrices
from coursekit.lesson_13.stories import as_text, stories
from coursekit.lesson_13.transformer import endings, load_storyteller, numbers, tell
from coursekit.nets.costs import Machine
from coursekit.nets.data import load_arrays, load_results
from coursekit.nets.measure import latency
from coursekit.nets.train import set_seed
from coursekit.pictures import plot

set_seed(0)

# %% [markdown]
# <details><summary>From before: why does one large value spoil a whole tensor in int8? (lesson 03)</summary>The range must reach it, and all others share the few levels near 0.</details>
#
# ## 1 · A model that tells stories
#
# A language model reads **tokens** and says how likely each is to come next. Tokens are pieces of words; ours are whole words, 226 of them. Ours is built like GPT-2, with 4 blocks and
# 128 channels, and has read 57,600 stories.
#
# We measure it in two ways. *Right endings*: of 100 unread stories, how often does it foresee the last sentence, for which it must remember who has what?
# And **perplexity**: minus the logarithm of the probability that it gave a token is its surprise, in *nats*; perplexity is e to the mean surprise. A model that hesitates between $k$ equally likely tokens has perplexity $k$.


# %% tags=["nbval-ignore-output"]
def surprise(model, told):
    """For each story its nats, its tokens, and whether its ending is right."""
    read, following = numbers(told)  # what comes behind the end of a story is left out
    logits = model(read)
    nats = F.cross_entropy(logits.transpose(1, 2), following, reduction="none")
    return nats.sum(1), (following >= 0).sum(1), endings(logits, told)


def perplexity(nats, tokens) -> float:
    return math.exp(nats.sum() / tokens.sum())


told = stories(100, seed=2)  # none of them was trained on
calibration = stories(64, seed=3)
storyteller = load_storyteller()
print(as_text(tell(storyteller, seed=1)))
beside = Beside(surprise, storyteller, told)  # sets what follows beside the float model
in_float = beside.right_in(storyteller)
least = perplexity(torch.tensor([story.nats for story in told]), beside.words)
print(f"perplexity {perplexity(beside.nats, beside.words):.2f}; least possible {least:.2f}")
print(f"right endings: {in_float:.0%}")

# %% [markdown]
# Nearly as good as the program that wrote the stories. And it mostly remembers. (100 stories tell endings to about five points.)
#
# ## 2 · One token reads every weight
#
# Telling is called **decode**: one token at a time, and for each the machine reads *all* weights, 2 bytes for 2 FLOPs in 16 bits.
# Reading your prompt is called **prefill**: many tokens at once, and a weight that was read serves them all. So does a *batch*, a token for each of many users.
#
# A *weight-only* kernel reads codes and turns them into floats on the way into the product. PyTorch has some for CPUs; its int4, with scale and zero point per group of 32, takes 5 bits per weight.
# One token goes through a layer of 4,096 × 4,096. What fraction of the 16-bit time does the 4-bit layer take?

# %%
guess("One token through a layer, 4 bits per weight: time", unit="× 16 bits", low=0, high=2)

# %% tags=["nbval-ignore-output"]
part = {}
other = torch.ones(2**25)  # reading these 128 MB before each call empties the caches
for count, rounds in ((1, 60), (64, 15)):
    timed = latency(layer_calls(count), runs=rounds, warm_up=1, before=other.sum)
    quickest = {name: min(its.times) for name, its in timed.items()}
    name = "1 token" if count == 1 else f"{count} tokens"
    part[name] = {bits: time / quickest["16 bits"] for bits, time in quickest.items()}
plot.show(pictures.times(part), alt="Time with 16, 8 and 4 bits for one token and for 64.")
reveal("One token through a layer, 4 bits per weight: time", part["1 token"]["4 bits"])

# %%
laptop = Machine(peak=1e12, bandwidth=100e9)
plot.show(
    pictures.roofline(laptop, tokens=[1, 8, 64, 512], bits=[16, 4]),
    alt="A roofline with 1, 8, 64 and 512 tokens at once, in 16 and in 4 bits. One token lies on the slope.",
)

# %% [markdown]
# For one token the quickest time roughly follows bytes: 5/16 is 0.31. On the roofline (here for 100 GB and 10¹² FLOPs per second) it waits for memory, so fewer bytes lift it. 64 tokens reach the roof, and there
# these kernels are even *slower* than 16 bits. So int4 makes your model chat faster, not read your document faster.
#
# ## 3 · Fewer bits per weight
#
# How far can we go? We round the four matrices of each block, with a scale per row, or per group of 32 neighbours in it.


# %%
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


# %% tags=["nbval-ignore-output"]
shares = {"a scale per row": {}, "groups of 32": {}}
for bits in (8, 4, 3, 2):
    for its, group in zip(shares.values(), (None, 32), strict=True):
        rounded = changed(storyteller, lambda _, w, b=bits, g=group: plain(w, b, g))
        its[bits] = beside.right_in(rounded)
plot.show(
    pictures.endings(shares, in_float, "bits"),
    alt="Right endings against bits, with a scale per row and in groups of 32.",
)
forgetful = changed(storyteller, lambda _, w: plain(w, 2))
print(as_text(tell(forgetful, seed=1)).rsplit(". ", 1)[1])

# %% [markdown]
# Down to 3 bits we see no loss. At 2 bits, a scale per row, it still talks in perfect sentences, and hands Emma things that nobody had. Fluency outlives memory.
#
# We ask torchao for 4 bits in groups of 32. With a scale of 16 bits per group that's 4.5 bits per weight. How many does it store?

# %%
guess("torchao's int4 in groups of 32: bits stored per weight", low=4, high=16)

# %%
logging.getLogger("torch.utils._pytree").setLevel(logging.ERROR)  # harmless lines (lesson 05)
from torchao import quantization as ao

layer = copy.deepcopy(storyteller.blocks[0].up)
ours = plain(layer.weight.data, 4, 32)
four_bits = ao.IntxWeightOnlyConfig(weight_dtype=torch.int4, granularity=ao.PerGroup(32))
ao.quantize_(layer, four_bits)
same = ((layer.weight.dequantize() - ours).abs() < 1e-6).double().mean()
assert same > 0.99  # the others lie in the middle of two levels
held = {name: getattr(layer.weight, name) for name in ("qdata", "scale", "zero_point")}
print(held["qdata"].dtype, held["scale"].dtype)
bits_held = 8 * sum(tensor.nbytes for tensor in held.values()) / ours.numel()
reveal("torchao's int4 in groups of 32: bits stored per weight", bits_held)

# %% [markdown]
# Nine and a quarter. The numbers are ours, but each code has a byte to itself, each scale is a float32, and a zero point comes on top. Look at types and sizes (lesson 05).
#
# ## 4 · GPTQ: rounding that looks at data
#
# Plain rounding (round-to-nearest, RTN) asks which level is nearest. But only the *output* counts, and inputs are correlated: what one column gets wrong, another can make good.
#
# By hand: two weights, 0.3 and 1.4, whole numbers as levels. On calibration text both inputs have mean square 1, and their product has mean 0.8. Round the first
# weight to 0, and 0.3 of its input is lost. The second input resembles it by 0.8, so 0.8 · 0.3 more of the second weight gives some back. Only then round it.

# %%
w, h = torch.tensor([0.3, 1.4]), torch.tensor([[1.0, 0.8], [0.8, 1.0]])
repaired = w[1] + 0.8 * (w[0] - w[0].round())
by_hand = torch.stack([w[0].round(), repaired.round()])
for name, rounded in {"plain": w.round(), "by hand": by_hand}.items():
    d = rounded - w
    print(f"{name:8} {rounded.tolist()}, the output is off by {d @ h @ d:.3f}")
u = torch.linalg.cholesky(torch.linalg.inv(h), upper=True)
assert torch.isclose(w[1] - (w[0] - w[0].round()) / u[0, 0] * u[0, 1], repaired)

# %% [markdown]
# The second weight went *away* from its nearest level, and the output came closer. **GPTQ** (Frantar et al. 2022) does it column by column, and spreads each error over all columns after it. The shares are row $j$ of $U$ divided by $u_{jj}$, where
# $U$ is the upper triangle with $U^\top U = H^{-1}$, and $H = X^\top X$.


# %%
def gptq(w, x, bits, group=None):
    """Rounds w so that its output on x changes little; x has the shape (words, columns)."""
    group = group or w.shape[1]
    h = x.double().T @ x.double()
    h += 0.01 * h.diag().mean() * torch.eye(len(h))  # so that it can be inverted
    u = torch.linalg.cholesky(torch.linalg.inv(h), upper=True)
    w, q = w.double().clone(), torch.zeros_like(w, dtype=torch.double)
    for j in range(w.shape[1]):
        if j % group == 0:  # the scale of a group, once its turn has come
            scale = scales(w[:, j : j + group], bits)[:, :1]
        q[:, j : j + 1] = to_levels(w[:, j : j + 1], scale, bits)
        error = (w[:, j] - q[:, j]) / u[j, j]
        w[:, j + 1 :] -= error[:, None] * u[j, j + 1 :]
    return q.float()


natural = inputs_of(storyteller, calibration)  # what goes into each matrix: (tokens, columns)
losses = {"plain rounding": {}, "GPTQ": {}}
for name, group in {"a scale per row": None, "groups of 32": 32}.items():
    nearest = changed(storyteller, lambda _, w, g=group: plain(w, 2, g))
    losses["plain rounding"][name] = beside.loss(nearest)
    by_gptq = changed(storyteller, lambda name, w, g=group: gptq(w, natural[name], 2, g))
    losses["GPTQ"][name] = beside.loss(by_gptq)
plot.show(
    pictures.losses(losses, "2 bits"), alt="Nats per token more than in float32, two formats."
)
print(*[as_text(tell(m, seed=1)).rsplit(". ", 1)[1] for m in (nearest, by_gptq)], sep="\n")

# %% [markdown]
# That's what a token costs in nats compared with float32. Emma has her shoe again, but groups alone (the first line) give it back, too, with a drum that she had. Trust losses: in the same format GPTQ loses much less.
#
# > **A place to stop.** Before you go on: why does a long prompt gain less from int4?
# > <details><summary>An answer</summary>A weight that is read serves all its tokens, so computing takes the time.</details>
#
# ## 5 · Outliers
#
# To make *computing* cheaper the product must be in integers, so **activations** must go to int8, too. Here large models break. These are 201 tokens on their way into a layer of MiniLM-L6, which many people use for search.

# %%
real = load_arrays("real_layer.npz")
tokens, matrix = (torch.from_numpy(real[name]).float() for name in ("inputs", "weight"))
plot.show(
    pictures.tall(tokens),
    alt="A map of 201 tokens and 384 channels with a few dark columns, and the largest of each channel.",
)


# %%
def to_int8(x, per_token=False):
    scale = (x.abs().amax(-1, keepdim=True) if per_token else x.abs().max()) / 127
    return scale * (x / scale).round().clamp(-128, 127)


def off(x, w, per_token=False):
    """How far int8 puts the output: the root of the squared error over the squared output."""
    exact = x @ w.T
    return float((to_int8(x, per_token) @ plain(w, 8).T - exact).norm() / exact.norm())


error = {"a scale for all": off(tokens, matrix), "a scale per token": off(tokens, matrix, True)}
for name, value in error.items():
    print(f"{name:18} {100 * value:4.1f}% off")

# %% [markdown]
# Nobody planned that. One channel is typically twelve times the median; another explodes at the first token only. With one scale for all they set the step, and the output is 8% off. A scale for each *token*, found while it runs, helps. One per *channel* won't do: an integer product sums over them.
#
# Our storyteller has no outliers, so we **plant** them. The norm before a matrix multiplies each channel by a weight: make two of these 32 and 64 times as large, and divide
# the matrix's columns by as much. It's the same function, to the last bit. Then int8 for weights and activations, a scale per tensor. How many endings are still right? (Printed first: nats per token lost, with a 95% interval.)

# %%
guess("Planted outliers, int8 weights and activations: right endings", unit="%", low=0, high=100)


# %% tags=["nbval-ignore-output"]
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


def with_int8(model, seen):
    """A copy with int8 weights, and 8 bits, a scale per tensor, for what goes into each matrix."""
    model = changed(model, lambda _, w: plain(w, 8))
    for name, layer in matrices(model).items():
        step = seen[name].abs().max() / 127

        def rounded(_, given, step=step):
            return step * (given[0] / step).round().clamp(-128, 127)

        layer.register_forward_pre_hook(rounded)
    return model


# %% tags=["nbval-ignore-output"]
planted, s = copy.deepcopy(storyteller), torch.ones(128)
s[17], s[90] = 32, 64
for norm, layer, _ in readers(planted):
    rescale(norm, layer, s)
high = inputs_of(planted, calibration)
assert torch.equal(surprise(planted, told)[0], beside.nats)  # to the last bit
beside.show("int8, no outliers", with_int8(storyteller, natural))
spoilt = with_int8(planted, high)
_, right = beside.show("int8, two planted channels", spoilt)
print(as_text(tell(spoilt, seed=1)).rsplit(". ", 1)[1])
reveal("Planted outliers, int8 weights and activations: right endings", 100 * right)

# %% [markdown]
# ## 6 · Share it, or spread it
#
# **SmoothQuant** (Xiao et al. 2022) divides channel $j$ by $s_j$ in the norm's own weights, and multiplies its column by $s_j$. It's free at run time. An exponent α shares the trouble between inputs and weights:
#
# $$s_j = \frac{\max|x_j|^{\alpha}}{\max|w_j|^{1-\alpha}}$$
#
# Move α, on the real layer. At 0 all columns of the weights are alike, at 1 all channels of the inputs.


# %%
def share(x, w, alpha):
    """What channels are divided by: (columns,)."""
    return x.abs().amax(0) ** alpha / w.abs().amax(0) ** (1 - alpha)


def draw_shared(alpha):
    s = share(tokens, matrix, alpha)
    x, w = tokens / s, matrix * s
    return pictures.shared(x.abs().amax(0), w.abs().amax(0), alpha, off(x, w))


explore(
    draw_shared,
    alt="Largest input and largest weight of each channel over their medians; α can be moved.",
    alpha=[0.0, 0.25, 0.5, 0.75, 1.0],
    start={"alpha": 0.0},
)

# %% [markdown]
# The other way is to *spread* it. Multiply inputs and columns by an orthogonal $R$, since $(xR)(WR)^\top = xW^\top$. A **Hadamard matrix** has only +1 and −1 (over a root), so each new channel is a mix of all, and no outlier survives a
# mix (QuaRot, Ashkboos et al. 2024). Two lines make one.

# %%
hadamard = torch.ones(1, 1)
while len(hadamard) < 128:
    hadamard = torch.kron(torch.tensor([[1.0, 1.0], [1.0, -1.0]]), hadamard) / 2**0.5


def turned(m):
    """Channels mixed, 128 at a time."""
    return (m.unflatten(1, (-1, 128)) @ hadamard).flatten(1)


s = share(tokens, matrix, 0.5)
error["smoothed, α = 0.5"] = off(tokens / s, matrix * s)
error["turned"] = off(turned(tokens), turned(matrix))
fig, ax = plot.figure(height=2.4)
plot.bars(ax, list(error), [100 * value for value in error.values()], label="{:.1f}")
ax.set(title="A real layer in int8", xlabel="how far the output is off, %")
plot.show(
    fig, alt="Four bars: a scale for all, per token, smoothed and turned; turned is shortest."
)

# %% tags=["nbval-ignore-output"]
calm = copy.deepcopy(planted)
for norm, layer, name in readers(calm):
    rescale(norm, layer, 1 / share(high[name], layer.weight.data, 0.5))
smooth = with_int8(calm, inputs_of(calm, calibration))
_, right = beside.show("int8, planted, smoothed", smooth)
print(as_text(tell(smooth, seed=1)).rsplit(". ", 1)[1])
assert right > in_float - 0.05

# %% [markdown]
# Turning won on the real layer without calibration, but inputs must be turned at run time. Smoothing needs only some text. In the storyteller it restores every ending: we'd planted just what it digs up, which is why the real layer is here.
#
# ## 7 · What a weight does
#
# A weight does $|w_{ij}|$ times the size of its input. Two methods use that. **AWQ** (Lin et al. 2023) protects: it multiplies columns with large inputs before rounding and divides afterwards. **Wanda** (Sun et al. 2023) prunes: in each row the half with the smallest $|w_{ij}|\,\lVert x_j\rVert$ goes.


# %%
def damage(w, rounded, x):
    """The squared change of the outputs on x."""
    return float(((rounded - w) @ x.T).square().sum())


def awq_scale(w, x, bits, group):
    """The scale of each channel: of 21 exponents the one with the least damage on x."""
    size = x.abs().mean(0)
    tried = []
    for alpha in torch.linspace(0, 1, 21).tolist():
        s = size**alpha / (size.max() * size.min()) ** (alpha / 2)
        tried.append((damage(w, plain(w * s, bits, group) / s, x), alpha, s))
    return min(tried, key=lambda its: its[0])[2]


def awq(model, seen, bits, group=32, kinds=KINDS):
    """A copy: qkv and up protected by a scale, then matrices of these kinds rounded as before."""
    model = copy.deepcopy(model)
    for norm, layer, name in readers(model):
        s = awq_scale(layer.weight.data, seen[name], bits, group)
        rescale(norm, layer, 1 / s)
    return changed(model, lambda _, w: plain(w, bits, group), kinds)


# %% tags=["nbval-ignore-output"]
def keep_half(score, w):
    return w * (score >= score.median(dim=1, keepdim=True).values)


losses = {"no outliers": {}, "two planted": {}}
for its, model, seen in zip(losses.values(), (storyteller, planted), (natural, high), strict=True):
    three = changed(model, lambda _, w: plain(w, 3, 32))
    half = changed(model, lambda _, w: keep_half(w.abs(), w))
    wanda = changed(model, lambda name, w, x=seen: keep_half(w.abs() * x[name].norm(dim=0), w))
    its["3 bits, plain"] = beside.loss(three)
    its["3 bits, AWQ"] = beside.loss(awq(model, seen, 3))
    its["half pruned, magnitude"] = beside.loss(half)
    its["half pruned, Wanda"] = beside.loss(wanda)
plot.show(
    pictures.losses(losses, "What a weight does"),
    alt="Nats per token more than in float32 for four methods, without outliers and with two planted.",
)

# %%
plot.show(
    pictures.methods(
        load_results("language_model"),
        {
            "no outliers": ("natural", "all"),
            "planted, only matrices\nbehind a norm": ("planted", "behind a norm"),
            "planted, all": ("planted", "all"),
            "planted where\nAWQ can't reach": ("before out", "all"),
        },
        bits=3,
    ),
    alt="Loss of plain rounding, GPTQ and AWQ in four cases, with the range over five draws.",
)

# %% [markdown]
# Without outliers AWQ and Wanda have little to protect. With two, plain rounding and magnitude suffer, and Wanda's loss is the same to the last digit: $|w/s|\cdot\lVert sx\rVert=|w|\,\lVert x\rVert$. In the second figure GPTQ is best or tied everywhere. AWQ keeps up only behind a norm, where it can reach the outliers.
#
# ## 8 · The KV cache
#
# To tell token 500 the model needs the keys and values of the 499 before, so they're kept: the **KV cache**. It grows with every token and every user. It can be rounded, too, with a scale for each vector of 32 numbers. With 4 bits,
# how many are still right?

# %%
guess("KV cache of 4 bits: right endings", unit="%", low=0, high=100)


# %% tags=["nbval-ignore-output"]
def with_cache(model, bits):
    """A copy whose keys and values are rounded when they are made, a scale for each vector."""
    model = copy.deepcopy(model)
    for block in model.blocks:
        block.kept = lambda *both: [plain(x.flatten(0, -2), bits).view_as(x) for x in both]
    return model


kept = {bits: beside.right_in(with_cache(storyteller, bits)) for bits in (8, 4, 3, 2)}
plot.show(
    pictures.endings({"keys and values": kept}, in_float, "bits of the KV cache"),
    alt="Right endings against the bits of the KV cache.",
)
reveal("KV cache of 4 bits: right endings", 100 * kept[4])
more, _, _ = beside.loss(with_cache(storyteller, 2))
print(f"2 bits: {more:.3f} nats per token more, right endings {kept[2]:.0%}")

# %% [markdown]
# Four bits cost nothing that we can see. At two, a token costs hardly more, and a third of the right endings is gone. A small mean loss can hide that.
#
# ## 9 · Seven billion weights
#
# Now your card. Llama-2-7B has 32 blocks, width 4,096, an MLP of three matrices 4,096 × 11,008, 32,000 tokens. Scales take 16 bits per group of 128; embedding and head stay in 16 bits. Make it fit.

# %%
blocks, width, hidden, vocabulary = 32, 4096, 11008, 32000
in_blocks = blocks * (4 * width**2 + 3 * width * hidden)


def bits_per_number(bits, group=128):
    return bits if bits == 16 else bits + 16 / group


def fits(weight_bits, cache_bits, tokens, users):
    weights = in_blocks * bits_per_number(weight_bits) / 8 + 2 * 2 * vocabulary * width
    cache = 2 * blocks * width * tokens * users * bits_per_number(cache_bits) / 8
    speed = laptop.bandwidth / (weights + cache)
    title = f"{(weights + cache) / 1e9:.1f} GB: at most {speed:.1f} steps per second at 100 GB/s"
    return pictures.memory(weights / 1e9, cache / 1e9, 8, title)


explore(
    fits,
    alt="Gigabytes of weights and KV cache beside a card of 8 GB; bits, tokens and users can be chosen.",
    weight_bits=[16, 8, 4, 3],
    cache_bits=[16, 8, 4],
    tokens=[1024, 4096, 16384],
    users=[1, 8],
    start={"tokens": 4096},
)

# %% [markdown]
# Int8 weights leave less than a gigabyte for the cache, so 4,096 tokens fit only if the cache has 4 bits. Int4 weights leave four. With 8 users the cache is larger than the weights, and stays memory-bound: each number serves one user ([more](further/13_large_language_models.ipynb)).
#
# So: few bits for **weights** make decode fast, int8 for **activations** makes prefill fast, few bits for the **cache** let more users in. And a model that talks in perfect sentences may have forgotten
# everything: ask it for something that it must remember.

# %%
assert least < perplexity(beside.nats, beside.words) < 1.95 and 0.6 < in_float < 0.8
assert held["qdata"].dtype == torch.int8 and bits_held == 9.25
assert error["turned"] < error["a scale per token"] < error["a scale for all"] / 3
assert kept[2] < kept[8] - 0.1 and kept[4] > kept[8] - 0.1

# %% tags=["nbval-ignore-output"]
guesses()

# %% [markdown]
# ## You can now…
#
# - measure a language model by perplexity and by what it must remember;
# - bound tokens per second from bytes;
# - round weights in groups, by GPTQ and by AWQ, each against plain rounding in the same format;
# - find outliers, and share them (SmoothQuant) or spread them (a Hadamard rotation);
# - compute what a model takes, with scales and KV cache.
#
# **Common mistakes**
#
# - Perplexity on the calibration text.
# - GPTQ or AWQ with groups against plain rounding without.
# - Expecting weight-only to speed up prefill.
# - Looking at the mean loss alone.
#
# ## Cheat sheet
#
# | to | write |
# |---|---|
# | measure | perplexity = e to the mean nats per token of held-out text |
# | bound the speed for one user | tokens per second ≤ bandwidth / (bytes of weights + cache) |
# | round weights | a scale per group of 32 to 128; bits per weight = $b$ + 16 / group |
# | GPTQ | round column $j$; later columns − error / $u_{jj}$ · row $j$ of $U$, $U^\top U = (X^\top X)^{-1}$ |
# | smooth | norm (weight and bias) / $s_j$, column · $s_j$, $s_j = \max\lvert x_j\rvert^{\alpha} / \max\lvert w_j\rvert^{1-\alpha}$ |
# | turn | inputs and columns · $R$, a Hadamard matrix over its root |
# | Wanda | remove the smallest $\lvert w_{ij}\rvert \cdot \lVert x_j\rVert$ of each row |
# | count the cache | 2 · blocks · KV heads · head size · tokens · users · bits / 8 |

# %% [markdown]
# ## Practise
#
# Nothing below is marked, and nothing leaves this machine. What you do is kept in one file, `progress.sqlite`,
# in the folder above this one, so you can stop at any time and go on where you were. Everything works by mouse and by keyboard.
# In any notebook, `cheat_sheet("13")` from `coursekit.learn.widgets` brings the page above back.
#
# **Cards.** Say the answer aloud before you turn one. Those you forget come back soon.

# %%
cards("13")

# %% [markdown]
# **Quiz.** Each option tells why it is right or wrong, and you may try again.

# %%
quiz("13")

# %% [markdown]
# **In your own words.** Write two or three sentences. You see which ideas were found in them.

# %%
respond("13")

# %% [markdown]
# **Practice.** From easy to hard, with a hint and worked steps when you want them.

# %%
practice("13")

# %% [markdown]
# **Traces.** Follow a run step by step. Say what comes next before you press the button.

# %% tags=["nbval-ignore-output"]
trace("13")

# %% [markdown]
# **Pattern test.** Ten questions on *quantization* from all lessons. Take it when the rest feels easy.

# %%
pattern_test("quantization")

# %% [markdown]
# **How far you are**, in this lesson and in the others.

# %% tags=["nbval-ignore-output"]
progress()

# %% [markdown]
# ## References
#
# - A. Radford et al. (2019): *Language Models are Unsupervised Multitask Learners*. OpenAI. GPT-2, after which our model is built.
# - T. Dettmers, M. Lewis, Y. Belkada, L. Zettlemoyer (2022): *LLM.int8(): 8-bit Matrix Multiplication for Transformers at Scale*. NeurIPS.
#   arXiv:2208.07339. Outlier channels, and when they arise.
# - G. Xiao, J. Lin, M. Seznec, H. Wu, J. Demouth, S. Han (2022): *SmoothQuant: Accurate and Efficient Post-Training Quantization for Large Language
#   Models*. ICML 2023. arXiv:2211.10438.
# - E. Frantar, S. Ashkboos, T. Hoefler, D. Alistarh (2022): *GPTQ: Accurate Post-Training Quantization for Generative Pre-trained
#   Transformers*. ICLR 2023. arXiv:2210.17323.
# - J. Lin et al. (2023): *AWQ: Activation-aware Weight Quantization for LLM Compression and Acceleration*. MLSys 2024. arXiv:2306.00978. It also
#   searches a clip, which is left out here.
# - S. Ashkboos et al. (2024): *QuaRot: Outlier-Free 4-Bit Inference in Rotated LLMs*. NeurIPS. arXiv:2404.00456.
# - M. Sun, Z. Liu, A. Bair, J. Z. Kolter (2023): *A Simple and Effective Pruning Approach for Large Language Models*. ICLR 2024.
#   arXiv:2306.11695. Wanda.
# - Z. Liu et al. (2024): *KIVI: A Tuning-Free Asymmetric 2bit Quantization for KV Cache*. ICML. arXiv:2402.02750.
# - H. Touvron et al. (2023): *Llama 2: Open Foundation and Fine-Tuned Chat Models*. arXiv:2307.09288. The sizes of the 7B model.
# - W. Wang et al. (2020): *MiniLM: Deep Self-Attention Distillation*. NeurIPS. arXiv:2002.10957; the layer is of [all-MiniLM-L6-v2](https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2), Apache-2.0.
# - PyTorch: [torchao](https://docs.pytorch.org/ao/stable/).
