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
# **My language model has 7 billion weights and a card of 8 GB. I rounded its weights to 8 bits, and all was well. I rounded its
# activations as well, and it talks nonsense. What may be rounded, how far, and what must be done before?**
#
# You will compress a small transformer with the methods that are used for large ones: weight-only int8 and int4, SmoothQuant, GPTQ, AWQ,
# Wanda, and a KV cache of few bits. Each stands beside plain rounding with the same bits.
#
# It takes about {minutes} minutes, with three places to stop, after parts 3, 5 and 7. You need scales and groups (lesson 03), pruning by magnitude
# (lesson 07), and what attention does ([the primer](primers.ipynb) tells it in a minute).
#
# The picture shows what goes into a layer, a row per word and a column per input channel, and the layer's weights below. Move the
# smoothing before you run anything. Where do the tall columns go?

# %% tags=["nbval-ignore-output"]
from coursekit.lesson_13.opening import smoothed_channels

smoothed_channels()

# %% [markdown]
# Three questions from before. Answer each before you unfold it.
#
# <details><summary>Why does one large value spoil a whole tensor in int8? (lesson 03)</summary>The range must reach it, so the step is as long
# as it is large, and all the others share the few levels near 0.</details>
#
# <details><summary>When is a layer memory-bound? (lesson 01)</summary>When reading its bytes takes longer than computing with them. Then
# fewer bytes make it faster, and fewer operations don't.</details>
#
# <details><summary>What does 2:4 mean? (lesson 08)</summary>Of each four neighbours in a row two are zero. Then half of the weights are stored, with two
# bits for the place of each.</details>

# %%
import copy
import itertools
import math

import torch
from torch.nn import functional as F

from coursekit import guess, guesses, reveal
from coursekit.pictures import plot
from coursekit.nets.costs import Machine
from coursekit.nets.data import load_results
from coursekit.nets.measure import latency
from coursekit.lesson_13.runs import (
    KINDS,
    Beside,
    changed,
    inputs_of,
    layer_calls,
    magnitudes,
    matrices,
)
from coursekit.lesson_13.stories import as_text, stories
from coursekit.nets.train import set_seed
from coursekit.lesson_13.transformer import endings, load_storyteller, numbers, tell
from coursekit.learn.widgets import cards, pattern_test, practice, progress, quiz, respond, trace

set_seed(0)

# %% [markdown]
# ## 1 · A model that tells stories
#
# A language model reads words and gives, for each word that could come next, a probability. Ours is built like GPT-2, 4 blocks
# with 128 channels, and has read 57,600 stories, each once. A program of the course makes them up, and can make as many as one wants. The first
# story below is one of those. The other two are what the model tells, a word at a time, each drawn by its probabilities:

# %% tags=["nbval-ignore-output"]
told = stories(100, seed=2)  # none of them was trained on
calibration = stories(64, seed=3)
storyteller = load_storyteller()
print("Made up:", as_text(told[0].words), "\n")
for seed in range(2):
    print("Told:", as_text(tell(storyteller, seed=seed)), "\n")

# %% [markdown]
# A story holds two things that change hands. Its last sentence can only be foreseen by a reader who remembers who has what, and in
# which colour. The share of stories whose last sentence is foreseen rightly, word by word, is one of our two measures: *right endings*.
#
# The other is **perplexity**. Take, for each word of stories that the model has not read, minus the logarithm of the probability it gave to this word: so many *nats* was
# it surprised. The mean over all words, in the exponent of e, is the perplexity. Who hesitates between $k$ words that are equally likely has
# perplexity $k$; who knows nothing has that of the vocabulary, here 226.
#
# Since a program writes the stories, we know more than one usually does: the true probability of each, and so the least perplexity that any model can
# have.


# %%
def surprise(model, told):
    """For each story its nats, its words, and whether its ending is right."""
    read, following = numbers(told)  # what comes behind the end of a story is left out
    logits = model(read)
    nats = F.cross_entropy(logits.transpose(1, 2), following, reduction="none")
    return nats.sum(1), (following >= 0).sum(1), endings(logits, told)


def perplexity(nats, words) -> float:
    return math.exp(nats.sum() / words.sum())


words = torch.tensor([len(story.words) - 1 for story in told])  # the first is not foreseen
least = perplexity(torch.tensor([story.nats for story in told]), words)
print(f"{int(words.sum()):,} words in {len(told)} stories; least perplexity {least:.3f}")

# %%
guess("The model's perplexity on stories it has not read", low=1.5, high=226)

# %% tags=["nbval-ignore-output"]
beside = Beside(surprise, storyteller, told)  # sets what follows beside the float model
model_perplexity = perplexity(beside.nats, words)
reveal("The model's perplexity on stories it has not read", model_perplexity)
right_in_float = float(beside.right.double().mean())
print(f"right endings: {right_in_float:.0%}")
assert torch.equal(beside.words, words) and least < model_perplexity < 1.95

# %% [markdown]
# A perplexity near the least one: it has learnt how these stories go, and it mostly remembers who has what. From now on `beside.show` prints two numbers for each compressed model: right endings, and, since methods differ by little,
# the nats per word *more than the float model has on the same stories*. An interval says how far stories differ: 2,000 times we draw 100 of the stories
# with replacement and take the middle 95 % of the means (a bootstrap). The share of right endings has a standard error of about five points with 100 stories.
#
# These are the parts of each block. What a word carries from block to block is its *hidden state*, 128 numbers, one per *channel*. A *norm* (layer norm) brings them to mean 0 and
# standard deviation 1, then multiplies each channel by a weight and adds a bias.
#
# | matrix | rows × columns | reads | makes |
# |---|---|---|---|
# | `qkv` | 384 × 128 | the first norm | a query, a key and a value, 128 numbers each, in 4 heads |
# | `out` | 128 × 128 | the values that attention has averaged | what is added to the hidden state |
# | `up` | 512 × 128 | the second norm | 512 numbers, the inside of the MLP |
# | `down` | 128 × 512 | those, after GELU | what is added to the hidden state |
#
# `2.up` is `up` of the third block. An *embedding* gives each word its first hidden state, and the *head* makes 226 logits of the last one. The matrices of the blocks hold nine tenths of all weights.
#
# ## 2 · One word reads every weight
#
# To tell a word, the model needs all of its weights once: each is read, multiplied and added, two operations. For the next word all of them are read again. By the roofline of lesson 01 a
# 16-bit weight has an intensity of 2 FLOPs per 2 bytes, left of every ridge. Telling words to one reader is memory-bound, and
#
# $$\text{words per second} \;\le\; \frac{\text{bandwidth}}{\text{bytes of all weights}}$$
#
# With $B$ words at once, a prompt (the text that one gives it) that is read or a word for each of $B$ readers, a weight that was read is used $B$ times: $2B$ FLOPs for its bytes. Once that passes the ridge, the matrices are compute-bound.
#
# Few bits per weight, with activations in floats, are called **weight-only** quantization: the kernel reads codes, and makes floats of them on the way into the product. That costs operations more, not
# fewer. Below is one layer of 4,096 × 4,096, by the kernels that PyTorch has for a CPU (`_weight_int8pack_mm` and `_weight_int4pack_mm_for_cpu`; int4 has a scale and a zero point per group of 32, so 5 bits per weight). All three compute in bfloat16.
# One word goes through it. Which part of the time with 16 bits does it take with 4 bits per weight?

# %%
guess("One word through a layer, 4 bits per weight: time", unit="× 16 bits", low=0, high=2)

# %% tags=["nbval-ignore-output"]
quickest, read = {}, {"16 bits": 16, "8 bits": 8, "4 bits": 5}
other = torch.ones(2**25)  # reading these 128 MB before each call empties the caches
for count, rounds in ((64, 15), (1, 60)):
    times = latency(layer_calls(count), runs=rounds, warm_up=1, before=other.sum)
    for name, bits in read.items():
        quickest[name] = min(times[name].times)
        part = quickest[name] / quickest["16 bits"]
        middle = times[name].median / times["16 bits"].median
        rate = 4096**2 * bits / 8 / quickest[name] / 1e9
        print(f"{count:2} words, {name:7} {part:.2f} × 16 bits (medians {middle:.2f} ×)", end="")
        print(f", {rate:4.1f} GB of weights per second")
reveal(
    "One word through a layer, 4 bits per weight: time", quickest["4 bits"] / quickest["16 bits"]
)

# %% [markdown]
# Each ratio is of the quickest of the rounds, in shuffled order and with empty caches, since other work on a machine can only make a round longer. For *one* word time goes about as bytes do, which are 5/16 = 0.31 with 4 bits and 0.5 with 8. If the medians say something else, other programs
# use the machine: the large read suffers most, and a median then flatters the small one. (A CPU for which nobody wrote such a kernel may even be slower: measure.)
#
# With 64 words a weight that was read is used 64 times. Far fewer bytes arrive per second, so reading is no longer what takes the time, and both weight-only kernels are *slower* than 16 bits. How much slower depends on the CPU. An accelerator's ridge lies further right, so there the turn comes with more words. All this is about matrices. What
# else is read for each reader comes in parts 8 and 9.
#
# ## 3 · Fewer bits per weight
#
# How far can we go? We quantize the four matrices of each block. Embedding, head and norms stay as they are. A scale serves a row or a group of 32 neighbours in it:


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


# %% [markdown]
# A scale of 16 bits per group of 32 adds half a bit to each weight. What is lost with 8, 4, 3 and 2 bits? First choose the bits from which on the model has lost
# more than a tenth of its right endings, with a scale per row.

# %%
guess("From how many bits down are endings forgotten", choices=["8", "4", "3", "2"])

# %% tags=["nbval-ignore-output"]
forgotten = []
for bits in (8, 4, 3, 2):
    by_row = changed(storyteller, lambda _, w, bits=bits: plain(w, bits))
    _, right = beside.show(f"{bits} bits, a scale per row", by_row)
    in_groups = changed(storyteller, lambda _, w, bits=bits: plain(w, bits, 32))
    beside.show(f"{bits + 0.5} bits, groups of 32", in_groups)
    if right < 0.9 * right_in_float:
        forgotten.append(str(bits))
reveal("From how many bits down are endings forgotten", forgotten[0])

# %% [markdown]
# Eight bits cost nothing that 100 stories could show, and 4 and 3 bits little. At 2 bits, which a scale of 16 bits per group makes 2.5, groups lose half as much as rows: a large weight spoils the step of its 31 neighbours and not of a whole row. The library people use gives the same numbers. What does it store?

# %%
import logging

# torchao says harmless things while it is imported (lesson 05).
logging.getLogger("torch.utils._pytree").setLevel(logging.ERROR)

from torchao.quantization import IntxWeightOnlyConfig, PerGroup, quantize_  # noqa: E402

layer = copy.deepcopy(storyteller.blocks[0].up)
ours = plain(layer.weight.data, 4, 32)
quantize_(layer, IntxWeightOnlyConfig(weight_dtype=torch.int4, granularity=PerGroup(32)))
library = layer.weight.dequantize()
step = scales(storyteller.blocks[0].up.weight.data, 4, 32)
same = ((library - ours).abs() < 1e-6).double().mean()
assert same > 0.99  # the others lie in the middle of two levels
assert ((library - ours).abs() <= 1.001 * step).all()
print(type(layer.weight).__name__, "and ours agree, but for weights in the middle of two levels")
held = {name: getattr(layer.weight, name) for name in ("qdata", "scale", "zero_point")}
for name, tensor in held.items():
    print(f"{name:10} {tensor.dtype!s:13} {tensor.nbytes:6,} bytes")
bits_held = 8 * sum(tensor.nbytes for tensor in held.values()) / ours.numel()
print(f"together {bits_held:.2f} bits per weight")
assert held["qdata"].dtype == torch.int8 and bits_held == 9.25

# %% [markdown]
# **Nine and a quarter bits**, where we counted four and a half. Each code of 4 bits has a byte to itself, each scale is a float32, and each group has a zero point as well: `Unpacked` stands in the name. The numbers are right, and the card of 8 GB wouldn't notice. This form is for trying out accuracy and for a
# kernel that packs it later. Lesson 11's rule holds here, too: look at the types and at the size.

# %% [markdown]
# > **A place to stop.** Telling words to one reader reads all weights for each, so fewer bits of weights make it faster, and 4 bits in groups cost little. Before you go on: why does reading a long prompt
# > gain less by weight-only int4?
# >
# > <details><summary>An answer</summary>Each weight that is read serves all words of the prompt. Past the ridge, computing takes the time, and that has not become less.</details>
#
# ## 4 · Outliers
#
# For many words at once, computing must become cheaper: integers in the product, which needs **activations** in int8 as well. One scale per tensor, from calibration text, is what integer kernels like best (lesson 04).
#
# In large transformers a few channels of the hidden state are 20 to 100 times as large as the others, for most words (Dettmers et al. 2022; Xiao et al. 2022). What about ours?


# %%
def largest(x):
    """The largest magnitude of each channel."""
    return x.abs().amax(0)


natural = inputs_of(storyteller, calibration)  # what goes into each matrix: (words, columns)
for name in ("0.qkv", "0.up", "3.qkv", "3.up"):
    each = largest(natural[name])
    print(f"{name:6} largest channel over the median one: {each.max() / each.median():.1f}")
    assert each.max() / each.median() < 5

# %% [markdown]
# Ours has none. Its size is not the reason: in MiniLM-L6, which has 22 million weights and turns sentences into vectors, one channel was 12 to 13 times the median magnitude, when measured once on one text. So we **plant** them, and every result below that says *planted* hangs on that. The norm multiplies each channel by a weight. Make it $s_j$ times as large, its bias too, and
# divide column $j$ of the matrix that reads it by $s_j$. The product is what it was:
#
# $$\sum_j (x_j s_j)\,\frac{w_{ij}}{s_j} = \sum_j x_j w_{ij}$$
#
# With powers of two it is even the same to the last bit. Two channels of 128 get 32 and 64, in every norm of a block:


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


planted, s = copy.deepcopy(storyteller), torch.ones(128)
s[17], s[90] = 32, 64
for norm, layer, _ in readers(planted):
    rescale(norm, layer, s)
tall = inputs_of(planted, calibration)
assert torch.equal(surprise(planted, told)[0], beside.nats)  # to the last bit
times_median = largest(tall["0.qkv"]).max() / largest(tall["0.qkv"]).median()
print(f"0.qkv, planted: largest channel over the median one: {times_median:.0f}")

# %% [markdown]
# The same function, so the same perplexity. Now weights get 8 bits with a scale per row, and the inputs of each matrix 8 bits with one fixed scale per tensor. Without the
# planted channels that costs next to nothing. With them, how many of the endings are still right?

# %%
guess("Planted outliers, int8 weights and activations: right endings", unit="%", low=0, high=100)


# %% tags=["nbval-ignore-output"]
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


even, _ = beside.show("no outliers, scale per tensor", with_int8(storyteller, natural))
by_tensor, right = beside.show("planted, scale per tensor", with_int8(planted, tall))
by_word, _ = beside.show("planted, scale per word", with_int8(planted, tall, per_word=True))
reveal("Planted outliers, int8 weights and activations: right endings", 100 * right)
of_word, of_tensor = tall["2.up"].abs().amax(1), tall["2.up"].abs().max()
print(
    f"2.up: a word's step, in the median, is {(of_word / of_tensor).median():.2f} of the tensor's"
)
print(f"and {(of_word / natural['2.up'].abs().amax(1)).median():.0f} × its step without outliers")
assert by_tensor > 5 * by_word > 10 * abs(even)

# %% [markdown]
# The step is as long as the tallest channel of the tallest word wants it, and 126 channels share the few levels around 0. The control gives each *word* a scale of its own, found while it runs. That removes 96 % of the loss here, since most words are far less tall than the tallest: their step is about three tenths of the tensor's. It does not remove all of it, and the interval
# of what stays is above 0, since each word is still tall in these channels. A scale per *channel* would fit, but it can't be had: an integer product adds over the channels, and only what is outside of the sum can be multiplied afterwards.
#
# ## 5 · Smoothing
#
# **SmoothQuant** (Xiao et al. 2022) takes the way back: divide channel $j$ by $s_j$ and multiply its column by $s_j$, in the norm's own weights, so that nothing runs that did not run before. Both sides are quantized, so the difficulty is shared by an exponent α:
#
# $$s_j = \frac{\max|x_j|^{\alpha}}{\max|w_j|^{1-\alpha}}$$
#
# Here $\max|x_j|$ is the largest magnitude of channel $j$ on calibration text, and $\max|w_j|$ that of column $j$. With α = 1 all channels of the activations become equally tall; with α = 0 all columns of the weights do.


# %%
def smoothed(model, seen, alpha):
    """A copy whose norms and readers share the outliers."""
    model = copy.deepcopy(model)
    for norm, layer, name in readers(model):
        s = largest(seen[name]) ** alpha / largest(layer.weight.data) ** (1 - alpha)
        rescale(norm, layer, 1 / s)
    return model


calm = smoothed(planted, tall, 0.5)
seen_calm = inputs_of(calm, calibration)
more = (surprise(calm, told)[0] - surprise(planted, told)[0]).abs().max()
assert more < 0.01  # nats of a whole story: the same function, but for float rounding
fig = magnitudes({"What goes into 2.up, before": tall["2.up"], "after, α = 0.5": seen_calm["2.up"]})
plot.show(
    fig,
    alt="Two maps of 40 words and 128 channels of what goes into 2.up, each as dark as its largest value. Before: two dark "
    "columns, channels 17 and 90, on white. After: grey all over.",
)

# %% [markdown]
# Calibration text alone has undone the planting: nobody told the method which channels. Five exponents:

# %% tags=["nbval-ignore-output"]
lost = {}
for alpha in (0, 0.25, 0.5, 0.75, 1):
    model = smoothed(planted, tall, alpha)
    lost[alpha], _ = beside.show(f"α = {alpha}", with_int8(model, inputs_of(model, calibration)))
assert all(abs(value) < by_word / 2 for value in lost.values())

# %% [markdown]
# All of them serve, and each interval holds 0. That is no wonder: we had planted on both sides at once, larger activations and smaller columns, in the very place that smoothing rescales. Large models have tall channels whose columns are *not* small, and there α matters; the
# paper finds 0.5 good for most, and more for those with stronger outliers. It is chosen on calibration text.
#
# > **A place to stop.** Channels that are tall in every word break one scale per tensor. A scale per word removed 96 % of that loss here and has to be found while the model runs; smoothing removed all that we can measure, for nothing at run time. Before you go on: why must the norm's
# > bias be divided, too?
# >
# > <details><summary>An answer</summary>The layer reads weight times normalized input *plus* bias. Its column is multiplied for both parts, so both have to be divided.</details>
#
# ## 6 · GPTQ: rounding that looks at data
#
# Back to weights alone, and to fewer bits. Plain rounding asks of each weight which level is nearest. But what counts is the *output* on real inputs, and inputs are correlated: an error in one column can be made good by another one.
#
# By hand, with two weights, 0.3 and 1.4, and whole numbers as levels. On calibration words both inputs have the mean square 1, and the mean of their product is 0.8. Write these means as a matrix, $H = \begin{pmatrix}1 & 0.8\\0.8 & 1\end{pmatrix}$: if the weights change by $d_1$ and $d_2$, the output
# changes by $d_1^2 + 2 \cdot 0.8\, d_1 d_2 + d_2^2$ in the mean of squares. Rounding the first weight to 0 loses 0.3 of its input. The second input is 0.8 like the first (the mean product over its own mean square, 0.8/1), so 0.8 · 0.3 = 0.24 more of the second weight gives back what it can. Only then is the second one rounded.

# %%
w, h = torch.tensor([0.3, 1.4]), torch.tensor([[1.0, 0.8], [0.8, 1.0]])
error = w[0] - w[0].round()
mended = w[1] + 0.8 * error
by_hand = torch.stack([w[0].round(), mended.round()])
for name, rounded in {"plain": w.round(), "by hand": by_hand}.items():
    d = rounded - w
    print(f"{name:8} {rounded.tolist()}, the output is off by {d @ h @ d:.3f}")

inverse = torch.linalg.inv(h)
u = torch.linalg.cholesky(inverse, upper=True)  # upper triangle, with u transposed · u = inverse
for name, matrix in {"inverse of H": inverse, "U": u}.items():
    print(name, [[round(value, 3) for value in row] for row in matrix.tolist()])
assert torch.isclose(w[1] - error / inverse[0, 0] * inverse[0, 1], mended)
assert torch.isclose(w[1] - error / u[0, 0] * u[0, 1], mended)
assert torch.isclose(u[1, 1] ** 2, 1 / h[1, 1])  # it knows of the second column alone

# %% [markdown]
# The second weight went *away* from its nearest level, and the output is nearer. The asserts hold the rule in general. $X$ holds the layer's inputs for the calibration words, a row per word, and $H = X^\top X$ (sums in place of means; the factor cancels). **GPTQ** (Frantar et al.
# 2022) rounds column by column. After column $j$ it takes its error, divides it by the first number of $H_j^{-1}$, and subtracts that times the first row of $H_j^{-1}$ from the columns behind $j$. $H_j$ is $H$ without the columns that are done, which can't mend any more, so its inverse is another one for each $j$. One upper
# triangle $U$ with $U^\top U = H^{-1}$, the Cholesky factor, holds all of these: its row $j$, divided by $u_{jj}$, is the first row of $H_j^{-1}$, divided by its first number.


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


def damage(w, rounded, x):
    """The squared change of the outputs on x."""
    return float(((rounded - w) @ x.T).square().sum())


def by_gptq(name, w):
    return gptq(w, natural[name], 2, 32)


# %% tags=["nbval-ignore-output"]
mended_by_gptq = changed(storyteller, by_gptq)
beside.show("2 bits in groups of 32, plain", changed(storyteller, lambda _, w: plain(w, 2, 32)))
beside.show("2 bits in groups of 32, GPTQ", mended_by_gptq)
print("Told by the last:", as_text(tell(mended_by_gptq, seed=1)))


# %% [markdown]
# Now the model without planted channels, with the same bits and groups for both. A draw of 64 calibration stories is chance. So `course/13_large_language_models/make_language_model.py` has run these functions with five draws, each tested on 400 other stories. (All matrices see the float model's
# inputs; the paper goes block by block, through blocks that are quantized already.)


# %%
table, METHODS = load_results("language_model"), ("plain", "gptq", "awq")


def of_draws(network, method, bits, which="all"):
    """A row for each draw of calibration text."""
    rows = table[(table.network == network) & (table.method == method) & (table.bits == bits)]
    return rows[rows.matrices == which]


def line(network, method, bits, which="all"):
    """Nats per word more than in float, in the mean, and the lowest and highest draw."""
    its = of_draws(network, method, bits, which).extra
    draws = f" ({its.min():.4f} to {its.max():.4f})" if len(its) > 1 else ""
    return f"{its.mean():.4f}{draws}"


for bits in (4, 3, 2):
    for method in METHODS[:2]:
        endings_right = of_draws("natural", method, bits).right.mean()
        text = line("natural", method, bits)
        print(f"{bits} bits, {method:5} {text}   right endings {endings_right:.0%}")
    lost_by = (of_draws("natural", method, bits).extra for method in ("gptq", "plain"))
    assert next(lost_by).max() < next(lost_by).min()

# %% [markdown]
# The range in brackets is over draws. Plain rounding needs no calibration, so it has one value. In each draw GPTQ loses less. At 4 bits both lose about as little as 400 stories can show, and endings differ by less than their standard error, 2.4 points with 400 stories, at 4 and 3 bits.
#
# ## 7 · AWQ: scale what matters
#
# **AWQ** (Lin et al. 2023) looks at activations as well, and does no more than rescale. A weight whose input is tall does more damage with the same error. Multiply its column by $s_j > 1$ before rounding and divide afterwards: the step stays
# nearly what it was, and the error of this column becomes $s_j$ times smaller. Too much of it makes the step longer for its neighbours in the group. So $s_j = a_j^{\alpha}$ with $a_j$ the mean magnitude of the channel, and of 21 exponents the one with the
# least damage on calibration text. Where a norm precedes, the division costs nothing: it is `rescale` once more. So AWQ treats `qkv` and `up`, 7 of 12 weights, and `out` and `down` are rounded plainly. (The paper treats `out`, too, where the values before it can be divided. GELU stands before our `down`.)


# %%
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


# %% [markdown]
# Does AWQ help our model, as it was trained, at 3 bits in groups of 32? The cell below compares on the same matrices, those *behind a norm*, with all others in float, and on *all* of them. Of the planted outliers there are two kinds now: *planted*, as before, in the norms; and
# *before out*, the same factors in two channels of the values, with the columns of `out` divided, where our AWQ does not reach.

# %%
guess(
    "AWQ without outliers, 3 bits: does it help",
    choices=["hardly or not", "it saves a third to a half", "it saves nearly all of the loss"],
)

# %%
shown = [(its, which) for its in ("natural", "planted") for which in ("behind a norm", "all")]
for network, which in [*shown, ("before out", "all")]:
    print(f"{network}, {which}")
    for bits in (4, 3, 2):
        its = (f"{method} {line(network, method, bits, which)}" for method in METHODS)
        print(f"   {bits} bits   " + "   ".join(its))


def loss(network, method, bits, which):
    return of_draws(network, method, bits, which).extra


where = "behind a norm"
assert loss("natural", "awq", 3, where).mean() > 0.85 * loss("natural", "plain", 3, where).mean()
reveal("AWQ without outliers, 3 bits: does it help", "hardly or not")
planted_4, planted_3 = ([loss("planted", its, b, where) for its in ("awq", "gptq")] for b in (4, 3))
assert planted_4[0].max() < planted_4[1].min()
assert planted_3[0].min() < planted_3[1].max() and planted_3[1].min() < planted_3[0].max()
for network in ("planted", "before out"):
    assert loss(network, "gptq", 3, "all").max() < loss(network, "awq", 3, "all").min()

# %% [markdown]
# Compare within one heading: the same network, the same matrices. AWQ is for channels that differ. Where nothing was planted there is nothing to protect, and it loses as much as plain rounding. With outliers in the norms, on the matrices it treats, it loses less than GPTQ at 4 bits; at 3 bits the draws of both
# overlap; at 2 bits it saves nothing (why, was not tried). On all matrices GPTQ has mended `out` and `down` as well, and AWQ has not: at 3 bits it is GPTQ then that loses less. With the outliers before `out`, where AWQ does not reach, it does no better than plain rounding, and GPTQ does. The planting in the norms is the very rescaling that AWQ looks for, so it shows AWQ at its best.
# GPTQ, which knows correlations too, gains in all lines, in the mean of draws. Which is better depends on the model, the bits, and where the outliers are: that needs a table of this kind for your model.
#
# > **A place to stop.** GPTQ mends in later columns what rounding breaks in one; AWQ scales columns before they are rounded. Before you go on: why does AWQ's gain with the planted channels say little about a model of yours?
# >
# > <details><summary>An answer</summary>They were planted in the norms, by the very operation that AWQ searches backwards. What your model has must be measured on your model.</details>
#
# ## 8 · The KV cache
#
# Telling word 500 needs the keys and values of the 499 before. They are kept: the **KV cache**. It grows with each word and each reader, while the weights are shared. It can be quantized as well, each key and value when it is made, with
# a scale per vector of 32 numbers (one head of one word).
#
# Our stories are a test for memory: an ending is right only if the model finds again who holds what. With 4 bits for keys and values, weights in float: how many endings are right?


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


# %%
guess("KV cache of 4 bits: right endings", unit="%", low=0, high=100)

# %% tags=["nbval-ignore-output"]
right = {}
for bits in ((8, 8), (4, 4), (3, 3), (2, 2), (2, 4), (4, 2)):
    _, right[bits] = beside.show(
        f"keys {bits[0]} bits, values {bits[1]} bits", with_cache(storyteller, *bits)
    )
reveal("KV cache of 4 bits: right endings", 100 * right[4, 4])
assert right[2, 2] < right[8, 8] - 0.1

# %% [markdown]
# At 4 bits no loss can be seen with 100 stories. At 2 bits look at both columns: 0.026 nats per word are less than 3 % of perplexity, since most words of a story need no memory; the endings do, and a third of the right ones has gone. A small loss per word can hide that what the cache is for is lost. (Large models have outlier channels in their
# keys, and there a scale per channel of keys is better: KIVI, Liu et al. 2024. Ours has none, and nothing of it was tried here.)
#
# ## 9 · Seven billion weights
#
# What does it all mean for the model of the question? Llama-2-7B has 32 blocks, width 4,096, an MLP of three matrices 4,096 × 11,008, and 32,000 words. Scales are counted, one of 16 bits per group of 128; embedding and head stay in 16 bits. The cache is for one reader with 4,096
# words. Let the machine read 100 GB per second and do 10¹² FLOPs per second: its ridge is at 10 FLOPs per byte. Which part of the memory, weights and cache, is left with int4 weights and a cache in 16 bits?

# %%
guess("7B, int4 weights, cache in 16 bits: memory", unit="× all in 16 bits", low=0, high=1)

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


print("weights  cache    GB of weights  GB of cache  together  words per second at most")
for bits, cache_bits in ((16, 16), (8, 16), (4, 16), (4, 8), (4, 4), (3, 4)):
    weights, cache = gigabytes(bits, cache_bits)
    speed = laptop.bandwidth / 1e9 / (weights + cache)
    print(
        f"{bits:2} bits  {cache_bits:2} bits {weights:14.1f} {cache:12.2f} {weights + cache:9.1f} {speed:10.1f}"
    )
reveal(
    "7B, int4 weights, cache in 16 bits: memory",
    sum(gigabytes(4, 16)) / sum(gigabytes(16, 16)),
)

# %% [markdown]
# The last column is the roofline's bound, with the cache read for each word as well. Not a quarter is left: scales, embedding, head and cache are there. On the card of 8 GB, int8 does not leave room enough for the cache, and int4 does.
#
# Now several readers at once. Two things run one after the other. The *matrices* are read once for all readers, so with more of them computing becomes their limit (part 2). *Attention* reads each reader's own cache, and uses each number of it for two operations, whatever the number of readers:
# 1 FLOP per byte in 16 bits, left of every ridge. It stays memory-bound.


# %%
def step_time(readers, words, bits, cache_bits):
    """Seconds in which each reader gets a word, at least: for the matrices, and for attention."""
    weights, cache = gigabytes(bits, cache_bits, words)
    read_once, computed = weights * 1e9 / laptop.bandwidth, 2 * in_blocks * readers / laptop.peak
    read_by_each = readers * cache * 1e9 / laptop.bandwidth
    attention = 4 * blocks * width * words * readers / laptop.peak
    return max(read_once, computed), max(read_by_each, attention)


print("readers  words   matrices  attention   with int4 weights   and an int8 cache")
for readers_at_once, kept in itertools.product((1, 8, 64), (128, 4096)):
    parts = step_time(readers_at_once, kept, 16, 16)
    less, both = (sum(step_time(readers_at_once, kept, 4, bits)) / sum(parts) for bits in (16, 8))
    print(
        f"{readers_at_once:7} {kept:6} {parts[0]:8.2f} s {parts[1]:8.2f} s {less:15.2f} × {both:16.2f} ×"
    )

# %% [markdown]
# With one reader reading is nearly everything, and int4 weights help, less where the cache is long. With 64 readers they gain nothing by this bound, for two reasons: with 128 words each, computing takes the time; with 4,096 words each, attention takes more than the matrices, is memory-bound, and what helps is a cache of fewer bits. (These 64 caches fill 137 GB, so memory is full
# before.) With 8 readers it lies between. Another machine has its turn elsewhere: put in its two numbers.
#
# ## 10 · Further: Wanda, what a weight does
#
# *This part is optional; the exercise does not need it.* Pruning has the blind spot of plain rounding: magnitude looks at the weight alone (lesson 07). **Wanda** (Sun et al. 2023) scores a weight by what it does to the output: removing $w_{ij}$ alone changes output $i$ by $w_{ij} x_j$, in the root of the sum of squares over all words
# $|w_{ij}|\,\lVert x_j\rVert$. In each row the half with the lower scores goes; nothing is trained afterwards. The cell tries it on six columns around a planted one, where all 20 ways to keep three can be tried.
#
# Then half of the weights of the model. Magnitude is given the same share of each row. Both networks are one function, natural and planted. What does Wanda lose on the planted one, compared with the natural one?


# %%
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

# %%
guess("Wanda, planted channels: loss", unit="× the loss without them", low=0, high=5)

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
reveal(
    "Wanda, planted channels: loss",
    by_wanda["planted", None] / by_wanda["natural", None],
)
assert abs(by_wanda["planted", None] - by_wanda["natural", None]) < 1e-3

# %% [markdown]
# The same, since $|w_{ij}/s_j| \cdot \lVert s_j x_j\rVert = |w_{ij}|\,\lVert x_j\rVert$: its score can't be fooled by a rescaling. That is a proof, and it holds for any model. Where nothing was rescaled it loses a little less than magnitude here, and the intervals overlap: these stories don't decide it. 2:4 costs more than the free choice, as in lesson 08.

# %% tags=["nbval-ignore-output"]
guesses()

# %% [markdown]
# ## You can now…
#
# - measure a language model by perplexity, on text that nothing was fitted to, with an interval;
# - say which part is memory-bound, the matrices with few readers and attention with any, and bound the words per second from bytes;
# - round weights in groups, and by GPTQ and AWQ, each beside plain rounding with the same bits and groups;
# - move outliers out of activations by smoothing, and say what a scale per word leaves of their loss;
# - prune by what a weight does, and tell which score a rescaling can fool;
# - compute what a model takes, with scales and KV cache.
#
# **Common mistakes**
#
# - Perplexity on the calibration text.
# - GPTQ or AWQ with groups against plain rounding without.
# - AWQ, which rescales some matrices, against GPTQ on all of them, or on outliers that sit where it rescales.
# - Believing that weight-only makes a large batch, or the reading of a long prompt, faster.
# - Forgetting the cache, which many readers make larger than the weights.
# - Looking at the mean loss alone: what needs memory is a small part of all words.
#
# ## Cheat sheet
#
# | to | write |
# |---|---|
# | measure | perplexity = e to the mean nats per word, over all words of held-out text |
# | bound the speed of one reader | words per second ≤ bandwidth / (bytes of weights + cache) |
# | bound the time for $B$ readers | matrices: the larger of bytes / bandwidth and 2 · weights · $B$ / peak; attention: $B$ · cache / bandwidth |
# | round weights | a scale per group of 32 to 128; bits per weight = $b$ + 16 / group |
# | try 4 bits in torchao | `quantize_(m, IntxWeightOnlyConfig(weight_dtype=torch.int4, granularity=PerGroup(32)))`: int4's numbers, a byte per weight, 9.25 bits with scales |
# | find outliers | largest magnitude per channel, over the median channel |
# | smooth | norm (weight and bias) / $s_j$, column · $s_j$, $s_j = \max\lvert x_j\rvert^{\alpha} / \max\lvert w_j\rvert^{1-\alpha}$ |
# | GPTQ | round column $j$; later columns − error / $u_{jj}$ · row $j$ of $U$, where $U^\top U = (X^\top X)^{-1}$, $U$ upper triangular: the inverse of the columns from $j$ on, not of all |
# | AWQ | column · $s_j$, round, divide by $s_j$; $s_j = a_j^{\alpha}$, α by the least damage to the output |
# | Wanda | remove the smallest $\lvert w_{ij}\rvert \cdot \lVert x_j\rVert$ of each row, or two of four |
# | count the cache | 2 · blocks · KV heads · head size · words · readers · bits / 8 |
#
# Order of work: bytes, readers and words first → int8 or int4 weights in groups → enough? stop → GPTQ or AWQ → integers in the product? look for outliers, smooth → long texts or many readers? the cache.

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
# - M. Sun, Z. Liu, A. Bair, J. Z. Kolter (2023): *A Simple and Effective Pruning Approach for Large Language Models*. ICLR 2024.
#   arXiv:2306.11695. Wanda.
# - Z. Liu et al. (2024): *KIVI: A Tuning-Free Asymmetric 2bit Quantization for KV Cache*. ICML. arXiv:2402.02750.
# - H. Touvron et al. (2023): *Llama 2: Open Foundation and Fine-Tuned Chat Models*. arXiv:2307.09288. The sizes of the 7B model.
# - PyTorch: [torchao](https://docs.pytorch.org/ao/stable/).
