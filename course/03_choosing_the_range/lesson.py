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
# # 03 · Choosing the range
#
# **Two networks compute exactly the same. I quantize both with the same function. One answers as before, the other
# guesses. Can we save it without changing what it computes?**
#
# It takes about {minutes} minutes, with a place to stop after part 2. You need scale, code, clipping and SQNR from lesson 02, and the paired test from lesson 00.
#
# First drag the end of the range. A lamp is reflected in a few pixels of the boot. Where is the squared error least? And
# where would you leave the range if you had to recognize the boot?

# %% tags=["nbval-ignore-output"]
from coursekit.lesson_03.opening import dragged_range

dragged_range()

# %% [markdown]
# Two questions from before. Answer each before you unfold it.
#
# <details><summary>How large is the error of a value inside the range, at most? And outside?</summary>Half a step inside. Outside it has no limit.</details>
#
# <details><summary>Two networks differ on 6 of 2,000 images, in both directions. Which one is better?</summary>Nobody can tell: chance makes such a difference easily.</details>
#
# Here is the trick. A ReLU lets a positive factor through: $\operatorname{relu}(a\,x) = a\operatorname{relu}(x)$. So take a hidden unit, multiply its weights and its bias by $a$, and divide the weights that read it by $a$. The network computes what it did before, and if $a$ is a power of two, to the last bit. We take three networks that name clothes, and give each of the 300 units of layer 1 a factor of its own, from $2^{-7}$ to $2^7$. Call the results the *twins*.

# %%
import copy
import math
from functools import partial

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.nn import functional as F

from coursekit import guess, guesses, mark_guess, reveal
from coursekit.learn.explore import explore
from coursekit.learn.widgets import cards, pattern_test, practice, progress, quiz, respond, trace
from coursekit.lesson_03 import pictures
from coursekit.lesson_03.simulate import (
    after_relus,
    sqnr,
    trained_lenets,
    with_activations,
    with_weights,
)
from coursekit.nets.data import load_results
from coursekit.nets.measure import accuracy, compare
from coursekit.nets.train import set_seed
from coursekit.pictures import plot


# %% tags=["nbval-ignore-output"]
def rescale(model: nn.Sequential, factors: torch.Tensor) -> nn.Sequential:
    """The same function: the units of layer 1 times `factors`, divided again in layer 2."""
    model = with_weights(model, torch.clone)
    model[1].weight.data *= factors[:, None]  # rows: what goes into the units
    model[1].bias.data *= factors
    model[3].weight.data /= factors  # columns: what comes out of them
    return model


models, train, validation = trained_lenets(seeds=3)
set_seed(0)
powers = [2.0 ** torch.randint(-7, 8, (300,)) for _ in models]
twins = [rescale(model, factors) for model, factors in zip(models, powers, strict=True)]
for a, b in zip(models, twins, strict=True):
    assert torch.equal(a(validation[0]), b(validation[0]))  # every logit, bit for bit
full = [accuracy(model, *validation) for model in models]
print("float32, first and twin alike:", np.round(full, 3))


# %% [markdown]
# All get int8 weights, one scale for each matrix; the largest weight just fits. As trained they keep their accuracy of about 0.85. And the twins?

# %%
guess("Twins, int8, one scale per matrix: accuracy", low=0, high=1)


# %% tags=["nbval-ignore-output"]
def library_int8(weight: torch.Tensor) -> torch.Tensor:
    """int8 and back, one scale for the tensor, by PyTorch's own function."""
    scale = float(weight.abs().max()) / 127
    return torch.fake_quantize_per_tensor_affine(weight, scale, 0, -127, 127)


def accuracies(models: list[nn.Sequential], change) -> list[float]:
    """On validation images, with `change(weight)` in place of each weight."""
    return [accuracy(with_weights(model, change), *validation) for model in models]


pairs = {"as trained": models, "twins": twins}
in_int8 = {name: accuracies(each, library_int8) for name, each in pairs.items()}
print({name: np.round(values, 3).tolist() for name, values in in_int8.items()})
guessing = in_int8["twins"]
mean = np.mean(guessing)
reveal("Twins, int8, one scale per matrix: accuracy", mean, between=(min(guessing), max(guessing)))

# %% [markdown]
# One answer in ten is right by chance. Float32 has a scale in every number, its exponent. Our int8 has one for the 235,200 weights of layer 1.
#
# ## 1 · Who shares a scale?
#
# A row holds the weights of one output, as in PyTorch. Symmetric quantization to $b$ bits gives a group of weights $w_j$ one scale $s$:
#
# $$s = \frac{\max_j |w_j|}{2^{b-1}-1}, \qquad q_j = \operatorname{round}(w_j / s), \qquad \hat w_j = s\,q_j$$
#
# A group may be the whole matrix (**per tensor**), a row (**per channel**), or a few neighbours in a row (**per group**).


# %%
TINY = torch.finfo(torch.float32).tiny  # so that a group of zeros gets no scale of 0


def grouped(weight: torch.Tensor, size: int | None = None) -> torch.Tensor:
    """(rows, columns) → (groups, size). A row's last group is filled with zeros. None: one group."""
    if size is None:
        return weight.reshape(1, -1)
    return F.pad(weight, (0, -weight.shape[1] % size)).reshape(-1, size)


def quantize(groups: torch.Tensor, bits: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Codes, as floats, and one scale for each row of `groups`: shapes (n, size) and (n, 1)."""
    high = 2 ** (bits - 1) - 1
    scale = (groups.abs().amax(1, keepdim=True) / high).clamp(min=TINY)
    # PyTorch multiplies by 1/scale, which may round a tie differently from a division.
    return (groups * (1 / scale)).round().clamp(-high, high), scale


def rounded(weight: torch.Tensor, bits: int = 8, size: int | None = None) -> torch.Tensor:
    """There and back, with a scale for each group."""
    codes, scale = quantize(grouped(weight, size), bits)
    return (codes * scale).reshape(len(weight), -1)[:, : weight.shape[1]]


# %%
small = torch.tensor(
    [
        [0.90, -0.10, 0.40, 0.20, -0.70, 0.30],
        [-0.40, 0.60, 0.10, -0.80, 0.20, 1.27],
        [0.01, -0.02, 0.00, 0.03, -0.01, 0.02],
    ]
)
sizes = {"per tensor": None, "per row": 6, "groups of 2": 2}
codes = {name: quantize(grouped(small, size), bits=4) for name, size in sizes.items()}
plot.show(
    pictures.small_codes(codes, small.shape),
    alt="Three grids of 4-bit codes; the third row is zeros in the first grid only.",
)

# %% [markdown]
# With one scale the third output is gone; with its own it lives. So give each row of the twins a scale, at 8 bits. In layer 1 the factors are in the rows, in layer 2 in the columns. What percentage of layer 2's weights becomes exactly 0?

# %%
guess("A scale per row: weights of layer 2 that become 0", unit="%", low=0, high=100)


# %% tags=["nbval-ignore-output"]
def per_row(weight: torch.Tensor) -> torch.Tensor:
    return rounded(weight, size=weight.shape[1])


schemes = {"per tensor": rounded, "per row": per_row, "groups of 28": partial(rounded, size=28)}
schemes["per column"] = lambda weight: per_row(weight.t()).t()
outcome = {
    name: [accuracies(each, change) for change in schemes.values()] for name, each in pairs.items()
}
gone = [100 * float((per_row(model[3].weight.data) == 0).float().mean()) for model in twins]
fig, ax = plot.figure(width=8, height=3.2)
plot.ranges(ax, list(schemes), outcome)
ax.set(title="int8 weights: mean and range of three seeds", ylabel="accuracy", ylim=(0, 0.95))
plot.show(fig, alt="Accuracy for four ways to share scales, as trained and for the twins.")
mean = np.mean(gone)
reveal("A scale per row: weights of layer 2 that become 0", mean, between=(min(gone), max(gone)))

# %% [markdown]
# Remarkably good: half of the layer's weights are zeros now, and three points are lost. If a row holds weights of all sizes, those that were divided by most vanish next to the others. Groups of 28 hardly help there, as the columns still differ within a group.
#
# Why not a scale per column, at least in layer 2? A layer sums over columns, $y_i = \sum_j w_{ij} x_j$. A row's scale can be taken out of the sum and applied once per output, so the sum runs over integers (lesson 04). A column's can't.
#
# The library agrees, weight by weight:

# %%
weight = models[0][1].weight.data
scales = weight.abs().amax(1) / 127
rows = torch.fake_quantize_per_channel_affine(weight, scales, torch.zeros(300), 0, -127, 127)
assert torch.equal(rows, per_row(weight)) and torch.equal(library_int8(weight), rounded(weight))

# %% [markdown]
# Are the twins a trick of ours? Here is a layer of PP-OCRv4, which reads lines of text for many people: 480 outputs, and the largest weight of each.

# %%
reader = load_results("reader_rows")
plot.show(
    pictures.rows(reader["largest"].to_numpy()),
    alt="The largest weight of 480 outputs, from largest to smallest, and the half step of one scale.",
)
print(f"{(reader['zeros'] == 1).sum()} of {len(reader)} outputs are all zeros with one scale")

# %% [markdown]
# One output is 38 times as large as the one in the middle. With one scale for the layer, three weights in four become 0. Lesson 05 shows what the network reads then.
#
# ## 2 · What does a scale cost?
#
# At 4 bits a row shares 15 levels among hundreds of weights, so groups help. Two codes are **packed** into a byte, $(q_0 \bmod 16) + 16\,(q_1 \bmod 16)$, and each group keeps a scale. Layer 1 in groups of 28, packed, with float32 scales: how large is it compared with int8?

# %%
guess("4 bits, groups of 28: bytes", unit="× int8")


# %%
codes, scale = quantize(grouped(weight, 28), bits=4)
packed = codes.numel() // 2
print(f"packed codes {packed:,}, scales {scale.nbytes:,}, int8 {weight.numel():,} bytes")
reveal("4 bits, groups of 28: bytes", (packed + scale.nbytes) / weight.numel())

# %% tags=["nbval-ignore-output"]
group_sizes = [784, 196, 112, 56, 28, 14]
lines = {
    bits: [(bits + 16 / size, sqnr(weight, rounded(weight, bits, size))) for size in group_sizes]
    for bits in (2, 3, 4, 5)
}
plot.show(
    pictures.groups(lines),
    alt="SQNR against bits per weight, scales included: a line for each number of bits.",
)

# %% [markdown]
# A weight takes $b + b_s/g$ bits, for groups of $g$ and scales of $b_s$ bits: a float32 scale for 28 weights is more than another bit for each. So formats store scales in 16 bits or 8. Along each line the groups shrink. First that's a bargain; then another bit is cheaper.
#
# <details><summary>Four other ways to spend 4 bits: fp4, MXFP4 (the exercise reads a file of it), NF4, k-means</summary>
#
# A code may also be an index into any 16 numbers. **fp4** (e2m1) is a tiny float: 0, 0.5, 1, 1.5, 2, 3, 4, 6, with a sign. **MXFP4** is fp4 in groups of 32 with a shared power of two in 8 bits, $2^{\lfloor \log_2 \max |w| \rfloor - 2}$; what lies beyond 6 is clipped. **NF4** has its levels at quantiles of a Gaussian, 0 among them. By **k-means** the weights choose: each level is the mean of the weights nearest to it, and a whole tensor shares the list, its **codebook**; no level need be 0, and there's no integer arithmetic. All of them compete [further](further/03_choosing_the_range.ipynb), with a surprise.
#
# </details>
#
# > **A place to stop.** Before you go on: why does a scale per row save layer 1 of the twins, and not all of layer 2?
# > <details><summary>Answer</summary>In layer 1 a unit's factor is in its row. In layer 2 it's in a column, so a row holds weights of all sizes.</details>
#
# ## 3 · Where does a range end?
#
# Weights are known beforehand. **Activations** aren't: their range is found on **calibration data**, images that are run through the network only to look at its values. Rules in use take the *largest* value; a *percentile*, below which 99.9% or 99% of them lie; or the end with the *least squared error*, clipping and rounding together. (A fourth, *entropy calibration*, compares histograms: [further](further/03_choosing_the_range.ipynb).)


# %%
def to_levels(x: torch.Tensor, end: float, bits: int = 8) -> torch.Tensor:
    """Values from 0 to `end` there and back, by PyTorch's function."""
    top = 2**bits - 1
    return torch.fake_quantize_per_tensor_affine(x, end / top, 0, 0, top)


def percentile(x: torch.Tensor, share: float) -> float:
    return float(np.quantile(x.numpy(), share))


def least_squares(x: torch.Tensor) -> float:
    ends = (x.max() * torch.linspace(0.01, 1, 100)).tolist()
    return min(ends, key=lambda end: float((to_levels(x, end) - x).double().square().sum()))


rules = {"largest": lambda x: float(x.max()), "least squares": least_squares}
rules |= {
    f"percentile {100 * share:g}": partial(percentile, share=share) for share in (0.999, 0.99)
}

# %% [markdown]
# Another kind of twin: the most active unit of layer 1 gets the factor 256, so what leaves it is 256 times as large. The function is the same. Weights stay float32, activations get 8 bits. Which rule keeps the accuracy?

# %%
guess(
    "One unit × 256, 8-bit activations: the best rule",
    choices=["largest", "least squares", "percentile 99.9", "percentile 99"],
)

# %% tags=["nbval-ignore-output"]
calibration = train[0][:256]
busiest = [int(after_relus(model, calibration)[0].mean(0).argmax()) for model in models]
one_large = []
for model, unit in zip(models, busiest, strict=True):
    factors = torch.ones(300)
    factors[unit] = 256
    one_large.append(rescale(model, factors))


def calibrated(model: nn.Sequential, rule) -> tuple[float, float, float]:
    """8-bit activations: accuracy, p against float32, SQNR of what leaves layer 1."""
    seen = after_relus(model, calibration)
    changes = [partial(to_levels, end=rule(x.flatten())) for x in seen]
    changed = with_activations(model, changes)
    p = compare(model, changed, *validation).p
    return accuracy(changed, *validation), p, sqnr(seen[0], changes[0](seen[0]))


results = np.array([[calibrated(model, rule) for model in one_large] for rule in rules.values()])
plot.show(
    pictures.two_scores(list(rules), results[..., 2], results[..., 0], "SQNR (dB)", "accuracy"),
    alt="For four rules: the SQNR of the activations, and the accuracy, of three seeds each.",
)
alike = results[..., 1].min(1) > 0.05  # no difference from float32 was found
reveal("One unit × 256, 8-bit activations: the best rule", np.array(list(rules))[alike].tolist())

# %% [markdown]
# The rules with the best SQNR are the worst. One unit makes nearly all of the sum of squares, so they spend the range on it, and the other 299 share two codes. Percentile 99 clips the large unit to less than a hundredth of its values: it *deletes* the unit. And nothing is lost? Delete it in float32, as a control.

# %% tags=["nbval-ignore-output"]
without = []
for model, unit in zip(models, busiest, strict=True):
    net = copy.deepcopy(model)
    net[3].weight.data[:, unit] = 0
    without.append(compare(model, net, *validation).verdict)
print("float32 without the unit, in points:", [str(its) for its in without])

# %% [markdown]
# Nobody misses it in float32, either. So the winner of this contest is the rule that deletes what you can do without. Don't carry that over to language models: zeroing their few outlier channels ruins them (Dettmers et al. 2022), so lesson 13 keeps them.
#
# ## 4 · An error that nobody notices
#
# The SQNR misled us once. Once more: multiply *all* weights by 2.9. The error is 1.9 times the weights, so the SQNR is below 0. The accuracy?

# %%
guess("All weights × 2.9: accuracy", low=0, high=1)


# %% tags=["nbval-ignore-output"]
def shuffled_signs(weight: torch.Tensor) -> torch.Tensor:
    order = torch.randperm(weight.numel(), generator=torch.Generator().manual_seed(0))
    return weight.abs() * weight.sign().flatten()[order].reshape(weight.shape)


changes = {"all × 2.9": lambda weight: 2.9 * weight, "signs shuffled": shuffled_signs}
changes["only signs"] = lambda weight: weight.sign() * weight.abs().max() / 3
changes |= {f"{bits} bits": partial(rounded, bits=bits) for bits in (3, 4, 5)}
found = {}
for name, change in changes.items():
    back = change(weight)
    best = (weight * back).sum() / back.square().sum()  # the factor with the least squared error
    after = min(sqnr(weight, best * back), 40)
    found[name] = (sqnr(weight, back), after, np.mean(accuracies(models, change)))
fig, ax = pictures.errors(found)
mark_guess(ax, "All weights × 2.9: accuracy")
plot.show(
    fig,
    alt="Accuracy against the SQNR, as it is and after the best factor, for six changes.",
)
reveal("All weights × 2.9: accuracy", found["all × 2.9"][2])

# %% [markdown]
# Move the factor yourself.


# %% tags=["nbval-ignore-output"]
FACTORS = [0.1, 0.25, 0.5, 1, 1.5, 2, 2.9, 5, 10]
by_factor = {
    factor: np.mean(accuracies(models, lambda weight, factor=factor: factor * weight))
    for factor in FACTORS
}


def draw_factor(factor):
    decibels = 20 * math.log10(1 / max(abs(1 - factor), 1e-3))
    return pictures.factor(by_factor, factor, decibels)


explore(
    draw_factor,
    alt="Accuracy against a factor for all weights, nearly flat; the SQNR for one is in the title.",
    factor=FACTORS,
    start={"factor": 2.9},
)

# %% [markdown]
# A common factor changes the sizes of the logits, not which one is largest, until it's so small that the biases, which we left alone, take over. The SQNR charges for it all the same. Take the best factor out before you measure (or use the cosine), and the cloud on the left falls into order (× 2.9 has no error left then; the chart ends at 40 dB): shuffled signs ruin a network, and *signs alone*, one bit a weight, keep most of it.
#
# ## 5 · Fix the network, not the range
#
# Scales per row save one layer of the twins. But what was multiplied can be divided. **Equalization** (Nagel et al. 2019) gives each unit the factor $f$ that makes its row of one layer and its column of the next equally large: $\text{row} \cdot f = \text{column} / f$. Rounded to a power of two, it changes no bit of the function.


# %% tags=["nbval-ignore-output"]
def equalize(model: nn.Sequential) -> nn.Sequential:
    """The same function, with factors that make a unit's row and its column equally large."""
    row = model[1].weight.data.abs().amax(1)
    column = model[3].weight.data.abs().amax(0)
    return rescale(model, 2.0 ** (column / row).sqrt().log2().round())


mended = {"twins": [equalize(m) for m in twins], "one unit × 256": [equalize(m) for m in one_large]}
before = {"twins": twins, "one unit × 256": one_large}
scores = {}
for state, each in (("before", before), ("equalized", mended)):
    weights = accuracies(each["twins"], rounded)
    scores[state] = [weights, [calibrated(m, rules["largest"])[0] for m in each["one unit × 256"]]]
fig, ax = plot.figure(width=6, height=3)
plot.ranges(ax, ["int8 weights", "8-bit activations"], scores)
ax.set(title="One scale per tensor, the largest fits", ylabel="accuracy", ylim=(0, 0.95))
plot.show(fig, alt="Accuracy of both kinds of twins before and after equalization: 0.85 after.")

# %%
for name, each in mended.items():
    for a, b in zip(before[name], each, strict=True):
        assert torch.equal(a(validation[0]), b(validation[0]))  # what it computes has not changed
assert np.min(scores["equalized"]) > 0.82 and min(in_int8["as trained"]) > 0.83
assert max(guessing) < 0.5 and min(gone) > 25  # on every machine
means = dict(zip(rules, results.mean(1), strict=True))
assert means["least squares"][0] < means["percentile 99"][0] - 0.15
assert means["least squares"][2] > means["percentile 99"][2] + 10
assert all(its.points > -1.5 for its in without)
assert found["all × 2.9"][0] < 0 and found["all × 2.9"][2] > 0.8 and reader["zeros"].mean() > 0.7
assert found["only signs"][2] > 0.6 > 0.35 > found["signs shuffled"][2]

# %% [markdown]
# From guessing back to 0.85, with one scale per tensor and the simplest rule, and not a bit of what the network computes has changed. The problem was never the range, but who had to share it.

# %% tags=["nbval-ignore-output"]
guesses()

# %% [markdown]
# ## You can now…
#
# - choose who shares a scale, and count its bytes;
# - find the end of a range by three rules, and say what each of them ignores;
# - make a network fit for int8 without changing its function;
# - take a common factor out before you believe an SQNR.
#
# **Common mistakes**
#
# - A scale per column where the sum runs over columns.
# - Scales of the shape (n,) against weights (n, n): broadcasting takes them for columns, without an error.
# - Choosing a range by the squared error of a tensor, and not looking at the network.
# - Praising a clip for an outlier that nobody needed: remove it, and look.
# - Counting 4 bits per weight, and forgetting the scales.
# - Comparing formats at different bits per weight.
#
# ## Cheat sheet
#
# | to | write |
# |---|---|
# | give each row a scale | `w.abs().amax(1, keepdim=True) / 127`; keep the dimension |
# | give each group one | reshape to (groups, size) first; torchao: `block_size=(1, size)` |
# | do it with the library | `torch.fake_quantize_per_channel_affine(w, scales, zeros, 0, -127, 127)` |
# | end a range at few bits | least squared error; then look at the accuracy |
# | end it for activations with outliers | equalize first; else percentile or entropy, measured on validation images |
# | equalize | factor $\sqrt{\text{column}/\text{row}}$ per unit, rounded to a power of two |
# | measure an error | after the best common factor, or by the cosine; then the network |
# | count bits per weight | $b + b_s/g$: codes, and scales of $b_s$ bits for groups of $g$ |
# | pack 4 bits | `(q[::2] % 16) + 16 * (q[1::2] % 16)` as uint8, low half first |
# | use fp4 (e2m1) | ± 0, 0.5, 1, 1.5, 2, 3, 4, 6 |
# | use MXFP4 | groups of 32, scale $2^{\lfloor\log_2\max\lvert w\rvert\rfloor-2}$, 4.25 bits per weight |
# | use NF4 | quantiles of a Gaussian, 0 exact; groups of 64 |
# | let the weights choose | k-means: nearest level, mean of its weights, repeat |
#
# Order of work: equalize → scale per row → groups where the bits are few → clip by error → measure the network, not the tensor.

# %% [markdown]
# ## Practise
#
# Nothing below is marked, and nothing leaves this machine. What you do is kept in one file, `progress.sqlite`,
# in the folder above this one, so you can stop at any time and go on where you were. Everything works by mouse and by keyboard.
# In any notebook, `cheat_sheet("03")` from `coursekit.learn.widgets` brings the page above back.
#
# **Cards.** Say the answer aloud before you turn one. Those you forget come back soon.

# %%
cards("03")

# %% [markdown]
# **Quiz.** Each option tells why it is right or wrong, and you may try again.

# %%
quiz("03")

# %% [markdown]
# **In your own words.** Write two or three sentences. You see which ideas were found in them.

# %%
respond("03")

# %% [markdown]
# **Practice.** From easy to hard, with a hint and worked steps when you want them.

# %%
practice("03")

# %% [markdown]
# **Traces.** Follow a run step by step. Say what comes next before you press the button.

# %% tags=["nbval-ignore-output"]
trace("03")

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
# - R. Krishnamoorthi (2018): *Quantizing deep convolutional networks for efficient inference: A whitepaper*.
#   arXiv:1806.08342. Per channel against per tensor.
# - M. Nagel, M. van Baalen, T. Blankevoort, M. Welling (2019): *Data-Free Quantization Through Weight Equalization and
#   Bias Correction*. ICCV. arXiv:1906.04721. Equalization.
# - S. Migacz (2017): *8-bit Inference with TensorRT*. GPU Technology Conference, S7310. Entropy calibration.
# - H. Wu et al. (2020): *Integer Quantization for Deep Learning Inference: Principles and Empirical Evaluation*.
#   arXiv:2004.09602. Largest, percentile and entropy compared.
# - S. Han, H. Mao, W. Dally (2016): *Deep Compression*. ICLR. arXiv:1510.00149. Weight sharing by k-means.
# - S. Lloyd (1982): *Least Squares Quantization in PCM*. IEEE Transactions on Information Theory 28, 129–137. The algorithm
#   behind k-means, written in 1957.
# - T. Dettmers, M. Lewis, Y. Belkada, L. Zettlemoyer (2022): *LLM.int8()*. arXiv:2208.07339. What outlier features do, and what
#   becomes of a model without them.
# - T. Dettmers, A. Pagnoni, A. Holtzman, L. Zettlemoyer (2023): *QLoRA: Efficient Finetuning of Quantized LLMs*.
#   arXiv:2305.14314. NF4.
# - Open Compute Project (2023): *OCP Microscaling Formats (MX) Specification*, version 1.0. MXFP4 and its shared scale.
# - B. Rouhani et al. (2023): *Microscaling Data Formats for Deep Learning*. arXiv:2310.10537. Accuracy with MX formats,
#   emulated.
# - H. Xiao, K. Rasul, R. Vollgraf (2017): *Fashion-MNIST*. arXiv:1708.07747. The images.
# - PyTorch: [torchao](https://docs.pytorch.org/ao/stable/) and
#   [`fake_quantize_per_channel_affine`](https://docs.pytorch.org/docs/stable/generated/torch.fake_quantize_per_channel_affine.html).
