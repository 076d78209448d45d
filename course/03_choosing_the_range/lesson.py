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
# **I have two networks that compute exactly the same. I quantize both with the same function. Do they come out
# alike?**
#
# Quantization spreads a fixed number of levels over a range. This lesson is about who shares a range, where it ends,
# and where its levels lie. Each of these choices can matter more than another bit.
#
# It takes about {minutes} minutes, with two places to stop, after parts 2 and 3. You need scale, code, clipping
# and SQNR from lesson 02, and the paired test from lesson 00.
#
# Drag the end of the range before you run anything. A lamp is reflected in a few pixels of the boot. Where is the
# squared error least? And where would you leave the range, if you had to recognize the boot?

# %% tags=["nbval-ignore-output"]
from coursekit.lesson_03.opening import dragged_range

dragged_range()

# %% [markdown]
# Three questions from before. Answer each before you unfold it.
#
# <details><summary>How many gaps lie between the levels of 4 bits?</summary>15: 16 levels have one gap less.</details>
#
# <details><summary>How large is the error of a value inside the range, at most? And outside?</summary>Half a step inside.
# Outside it has no limit.</details>
#
# <details><summary>Two networks differ on 6 of 2,000 images, in both directions. Which one is better?</summary>Nobody can
# tell: chance makes such a difference easily.</details>
#
# Now the two networks. A ReLU lets a positive factor through: $\operatorname{relu}(a\,x) = a\operatorname{relu}(x)$ for
# $a > 0$. We multiply what goes into a hidden unit by $a$, weights and bias, and divide its weights in the next layer by
# $a$. With a power of two not even a bit of the result changes. Each unit of layer 1 gets its own factor from $2^{-7}$ to
# $2^7$, in three LeNets (without a convolution: 784, 300, 100 and 10 units) that are trained on pictures of clothes.

# %%
import logging
import warnings
import copy
import math
from functools import partial

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from coursekit import guess, guesses, mark_guess, reveal
from coursekit.pictures import plot
from coursekit.nets.measure import accuracy, compare
from coursekit.lesson_03.simulate import (
    after_relus,
    sqnr,
    trained_lenets,
    with_activations,
    with_weights,
)
from coursekit.nets.train import set_seed
from coursekit.learn.widgets import cards, pattern_test, practice, progress, quiz, respond, trace

# torchao says harmless things while it is imported (lesson 05).
logging.getLogger("torch.utils._pytree").setLevel(logging.ERROR)
warnings.filterwarnings("ignore", message="invalid escape sequence", category=SyntaxWarning)

# %% tags=["nbval-ignore-output"]
models, train, validation = trained_lenets(seeds=3)


def rescale(model: nn.Sequential, factors: torch.Tensor) -> nn.Sequential:
    """The same function: the units of layer 1 times `factors`, divided again in layer 2."""
    model = with_weights(model, torch.clone)
    model[1].weight.data *= factors[:, None]  # rows: what goes into the units
    model[1].bias.data *= factors
    model[3].weight.data /= factors  # columns: what comes out of them
    return model


set_seed(0)
powers = [2.0 ** torch.randint(-7, 8, (300,)) for _ in models]
rescaled = [rescale(model, factors) for model, factors in zip(models, powers, strict=True)]
for a, b in zip(models, rescaled, strict=True):
    assert torch.equal(a(validation[0]), b(validation[0]))  # every logit, bit for bit
full = np.array([accuracy(model, *validation) for model in models])
print(models[0])
print("float32:", full.round(3), "for both")


# %% [markdown]
# Both get int8 weights, with one scale for each matrix; the largest weight just fits. The networks as trained keep their
# accuracy of about 0.85. How accurate are the rescaled ones?

# %%
guess("Rescaled, int8, one scale per matrix: accuracy", low=0, high=1)


# %% tags=["nbval-ignore-output"]
def library_int8(weight: torch.Tensor) -> torch.Tensor:
    """int8 and back, one scale for the tensor, by PyTorch's own function."""
    scale = float(weight.abs().max()) / 127
    return torch.fake_quantize_per_tensor_affine(weight, scale, 0, -127, 127)


def accuracies(models: list[nn.Sequential], change) -> list[float]:
    """On validation images, with `change(weight)` in place of each weight."""
    return [accuracy(with_weights(model, change), *validation) for model in models]


pairs = {"as trained": models, "rescaled": rescaled}
in_int8 = {name: accuracies(each, library_int8) for name, each in pairs.items()}
print({name: np.round(values, 3).tolist() for name, values in in_int8.items()})
low, high = min(in_int8["rescaled"]), max(in_int8["rescaled"])
mean = np.mean(in_int8["rescaled"])
reveal("Rescaled, int8, one scale per matrix: accuracy", mean, between=(low, high))

# %%
assert min(in_int8["as trained"]) > 0.83 and high < 0.5  # on every machine

# %% [markdown]
# That is guessing: by chance one answer in ten is right. Float32 has a scale in every number, its exponent. Our int8 has
# one for the 235,200 weights of layer 1. Who shares a scale is the first choice.
#
# ## 1 · Who shares a scale?
#
# Begin with a small matrix. As in PyTorch, a row holds the weights of one output. Those of the third row are
# small. Symmetric quantization to $b$ bits gives a group of weights $w_j$ the scale $s$ and each weight its code $q_j$:
#
# $$s = \frac{\max_j |w_j|}{2^{b-1}-1}, \qquad q_j = \operatorname{round}(w_j / s), \qquad \hat w_j = s\,q_j$$
#
# A group may be the whole matrix (*per tensor*), a row (**per channel**), or a few neighbours in a row (**per group**).
# So that a group of zeros gets no scale of 0, no scale falls below the smallest normal float32.


# %%
TINY = torch.finfo(torch.float32).tiny  # the smallest normal float32


def grouped(weight: torch.Tensor, size: int | None = None) -> torch.Tensor:
    """(rows, columns) → (groups, size). A row's last group is filled with zeros. None: one group."""
    if size is None:
        return weight.reshape(1, -1)
    return F.pad(weight, (0, -weight.shape[1] % size)).reshape(-1, size)


def ungrouped(groups: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """Back to the shape of `like`."""
    return groups.reshape(len(like), -1)[:, : like.shape[1]]


def quantize(groups: torch.Tensor, bits: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Codes, as floats, and one scale for each row of `groups`: shapes (n, size) and (n, 1)."""
    high = 2 ** (bits - 1) - 1
    scale = (groups.abs().amax(1, keepdim=True) / high).clamp(min=TINY)
    # PyTorch multiplies by 1/scale, which may round a tie differently from a division.
    return (groups * (1 / scale)).round().clamp(-high, high), scale


def rounded(weight: torch.Tensor, bits: int = 8, size: int | None = None) -> torch.Tensor:
    """There and back, with a scale for each group."""
    codes, scale = quantize(grouped(weight, size), bits)
    return ungrouped(codes * scale, weight)


# %%
small = torch.tensor(
    [
        [0.90, -0.10, 0.40, 0.20, -0.70, 0.30],
        [-0.40, 0.60, 0.10, -0.80, 0.20, 1.27],
        [0.01, -0.02, 0.00, 0.03, -0.01, 0.02],
    ]
)
fig, axes = plot.figure(1, 3, width=13, height=2.2)
sizes = {"per tensor": None, "per row": 6, "groups of 2": 2}
for ax, (title, size) in zip(axes, sizes.items(), strict=True):
    codes, scale = quantize(grouped(small, size), bits=4)
    plot.matrix(ax, ungrouped(codes, small).numpy(), decimals=0)
    ax.set(title=f"4-bit codes {title} (scales: {scale.numel()})", xlabel="input", ylabel="output")
plot.show(fig, alt="Three grids of 4-bit codes; the third row is zeros in the first grid only.")

# %% [markdown]
# With one scale the third output is gone. With its own scale its codes are as large as those of the others.
#
# The rescaled network has rows of very different size in layer 1, and columns of very different size in layer 2. We give it
# a scale for each **row**, 8 bits. How many percent of layer 2's weights become exactly 0?

# %%
guess("A scale per row: weights of layer 2 that become 0", unit="%", low=0, high=100)


# %%
def per_row(weight: torch.Tensor, bits: int = 8) -> torch.Tensor:
    return rounded(weight, bits, size=weight.shape[1])


def per_column(weight: torch.Tensor) -> torch.Tensor:
    return per_row(weight.t()).t()


schemes = {"per tensor": rounded, "per row": per_row, "per column": per_column}
schemes["groups of 28"] = partial(rounded, size=28)
outcome = {
    name: [accuracies(each, change) for change in schemes.values()] for name, each in pairs.items()
}

# %% tags=["nbval-ignore-output"]
fig, ax = plot.figure(width=8, height=3.2)
plot.ranges(ax, list(schemes), outcome)
ax.set(title="int8 weights: mean and range of three seeds", ylabel="accuracy", ylim=(0, 0.95))
plot.show(fig, alt="Accuracy for four ways to share scales, as trained and rescaled.")
for name, values in zip(schemes, outcome["rescaled"], strict=True):
    print(f"rescaled, {name:12} {np.round(values, 3)}")


# %% tags=["nbval-ignore-output"]
def zeros(scheme: str, layer: int) -> list[float]:
    """Percent of a layer's weights that become 0, in each rescaled network."""
    weights = [model[layer].weight.data for model in rescaled]
    return [100 * float((schemes[scheme](weight) == 0).float().mean()) for weight in weights]


for layer in (1, 3):
    found = {scheme: round(np.mean(zeros(scheme, layer))) for scheme in schemes}
    print(f"layer {layer // 2 + 1}, % that became 0: {found}")
for before, model, factors in zip(models, rescaled, powers, strict=True):
    gone, old = per_row(model[3].weight.data) == 0, before[3].weight.data.square()
    divided, others = (gone[:, which].float().mean() for which in (factors >= 1, factors < 1))
    print(
        f"became 0: {divided:.0%} in columns divided by 1 or more, {others:.0%} in others;", end=" "
    )
    print(f"as trained these weights had {old[gone].sum() / old.sum():.0%} of the squares")
gone = zeros("per row", 3)
mean, low, high = np.mean(gone), min(gone), max(gone)
reveal("A scale per row: weights of layer 2 that become 0", mean, between=(low, high))

# %% [markdown]
# In layer 1 the factors stand in the **rows**, and a scale for each row follows them exactly. In layer 2 they stand in the
# **columns**: each row holds weights of all sizes. Some were divided by $2^{-7}$. Beside these, weights that were divided by 1 or more,
# in 8 of 15 columns, are at least 128 times smaller, and nearly all of them become 0. A scale per column does the opposite. With a scale per
# row the accuracy is 0.82, with one per column 0.80, in place of 0.85. That is a lot for a layer that has lost half of its
# weights: in the network as trained they make up nearly half of its sum of squares. Groups of 28 are as good as rows in layer 1, and in
# layer 2 hardly better: within a group the columns still differ.
#
# Why not a scale per column, then? A layer sums over columns, $y_i = \sum_j w_{ij} x_j$. A row's scale
# can be taken out of the sum and applied once per output, so the sum runs over integers (lesson 04). A column's
# can't. A group's can, in part: one integer sum per group.
#
# The library agrees: `fake_quantize_per_channel_affine` for rows, and for any block, which is
# another name for a group, the functions of torchao, PyTorch's library for quantization (lesson 05). A block of (1, 28) is a group of 28 in one row.

# %%
from torchao.quantization.quant_primitives import (
    MappingType,
    choose_qparams_affine,
    dequantize_affine,
    quantize_affine,
)

weight = models[0][1].weight.data
scales = weight.abs().amax(1) / 127
rows = torch.fake_quantize_per_channel_affine(weight, scales, torch.zeros(300), 0, -127, 127)
assert torch.equal(rows, per_row(weight))
for size, block in {None: (300, 784), 784: (1, 784), 28: (1, 28)}.items():
    scale, zero = choose_qparams_affine(weight, MappingType.SYMMETRIC, block, torch.int8, -127, 127)
    codes = quantize_affine(weight, block, scale, zero, torch.int8, -127, 127)
    back = dequantize_affine(codes, block, scale, zero, torch.int8, -127, 127)
    assert torch.equal(back, rounded(weight, 8, size))
    print(f"block {block}: {scale.numel():,} scales, all 235,200 weights come back equal")

# %% [markdown]
# ## 2 · Where does a range end?
#
# Weights are known beforehand. *Activations* are not: their range is found on **calibration data**, images that are run
# through the network only to look at its values. Four rules are in use for where the range of the values $x$ ends:
#
# - **largest** (min-max): the largest value seen;
# - **percentile**: the value below which a share of them lies, 99.9 % or 99 %;
# - **least squares** (MSE): the end with the smallest $\sum (x - \hat x)^2$, clipping and rounding together;
# - **entropy calibration** (KL): the end at which the histogram loses least information. $p_i$ are the shares of the
#   bins up to the end, clipped values counted in the last one; $r_i$ are the shares without the clipped values, after the bins were
#   merged into one per level. The end with the smallest $\sum_i p_i \log (p_i / r_i)$, the *Kullback-Leibler divergence*, is taken
#   (Migacz 2017).
#
# <details><summary>Entropy calibration on five bins</summary>Bins of 8, 4, 2, 1 and 1 values, two levels, the end after the fourth
# bin. Then $p$ is 8, 4, 2, 2 over 16. Without the clipped value the bins have 8, 4, 2, 1; merged in pairs 6, 6, 1.5, 1.5, all
# over 15. The divergence is 0.05. Merging costs, and so does clipping.</details>
#
# Here are the four for values of ReLUs, which begin at 0.


# %%
def to_levels(x: torch.Tensor, end: float, bits: int) -> torch.Tensor:
    """Values from 0 to `end` there and back, by PyTorch's function."""
    top = 2**bits - 1
    return torch.fake_quantize_per_tensor_affine(x, end / top, 0, 0, top)


def largest(x: torch.Tensor, bits: int) -> float:
    return float(x.max())


def percentile(x: torch.Tensor, bits: int, share: float = 0.999) -> float:
    return float(np.quantile(x.numpy(), share))


def least_squares(x: torch.Tensor, bits: int) -> float:
    ends = (x.max() * torch.linspace(0.01, 1, 100)).tolist()
    return min(ends, key=lambda end: float((to_levels(x, end, bits) - x).double().square().sum()))


# %%
def divergence(counts: np.ndarray, n: int, levels: int) -> float:
    """Kullback-Leibler: n bins, what lies beyond in the last one, against levels without that."""
    kept = counts[:n].astype(float)
    p, r = kept.copy(), np.zeros(n)
    p[-1] += counts[n:].sum()
    for part in np.array_split(np.arange(n), levels):
        used = part[kept[part] > 0]  # an empty bin stays empty
        r[used] = kept[used].sum() / max(len(used), 1)
    p, r = p / p.sum(), r / r.sum()
    used = p > 0
    return np.inf if (r[used] == 0).any() else float((p[used] * np.log(p[used] / r[used])).sum())


def entropy(x: torch.Tensor, bits: int, bins: int = 2048) -> float:
    """The end, of all ends of bins, at which it is least. Zeros are exact, so they don't count."""
    counts, edges = np.histogram(x[x > 0].numpy(), bins=bins, range=(0, float(x.max())))
    ends = range(2**bits, bins + 1, 8)
    best = int(np.argmin([divergence(counts, n, 2**bits) for n in ends]))
    return float(edges[ends[best]])


assert round(divergence(np.array([8, 4, 2, 1, 1]), 4, 2), 3) == 0.05
assert entropy(torch.linspace(0.001, 1, 50_000), 8) > 0.9  # where all are equally frequent

# %% [markdown]
# Begin with 100,000 Gaussian numbers, the largest near 4.4, and a single 40. A symmetric range goes from $-c$ to $c$; its end
# $c$ is the **clip** of lesson 02. In **8 bits**, which clip has the least squared error? Weigh one large clipping error against
# 100,000 finer steps.

# %%
guess("8 bits, one 40 among 100,000: the best clip", low=0, high=40)


# %%
def squared_error(values: torch.Tensor, clip: float, bits: int) -> float:
    high = 2 ** (bits - 1) - 1
    back = torch.fake_quantize_per_tensor_affine(values, clip / high, 0, -high, high)
    return float((back - values).double().square().sum())


set_seed(1)
with_one = torch.cat([torch.randn(100_000), torch.tensor([40.0])])
clips = np.linspace(2, 40, 77)
errors = {
    bits: np.array([squared_error(with_one, clip, bits) for clip in clips]) for bits in (8, 6, 4)
}
best_clips = {bits: float(clips[values.argmin()]) for bits, values in errors.items()}

# %%
fig, ax = plot.figure(width=8, height=3)
for bits, values in errors.items():
    ax.plot(clips, values, marker="", label=f"{bits} bits: least at {best_clips[bits]:g}")
ax.set(title="One 40 among 100,000 numbers", xlabel="clip", ylabel="squared error", yscale="log")
ax.legend()
mark_guess(ax, "8 bits, one 40 among 100,000: the best clip", axis="x")
plot.show(fig, alt="Squared error against the clip, one line for each of 8, 6 and 4 bits.")
reveal("8 bits, one 40 among 100,000: the best clip", best_clips[8])

# %%
on_paper = 40 / (1 + 100_000 / (12 * 127**2))
print(f"on paper {on_paper:.1f}, found {best_clips[8]:.1f}")
assert abs(on_paper - best_clips[8]) < 0.5
assert best_clips[4] < best_clips[6] < best_clips[8] < 40

# %% [markdown]
# At 8 bits the best clip cuts a third off the single number, at 6 and 4 bits nearly all of it.
#
# <details><summary>The 8-bit clip on paper</summary>
#
# A value inside is off by up to half a step of $c/127$, its square by $(c/127)^2/12$ on average. So $n$ steps cost $n\,(c/127)^2/12$, and the
# clip costs $(40-c)^2$. The sum is least at $c = 40 / \bigl(1 + n/(12 \cdot 127^2)\bigr)$, for $n = 100{,}000$ at 26.4.
#
# </details>
#
# Now the network, with 8-bit activations and float32 weights. The four rules, the percentile with two shares, are tried on the
# networks as trained, and on networks that compute the same: the most active unit of layer 1 gets the factor 256, and
# what leaves it is 256 times as large as before. Which rule keeps the most accuracy then?

# %%
guess(
    "One unit × 256, 8-bit activations: the best rule",
    choices=["largest", "percentile 99.9", "percentile 99", "least squares", "entropy"],
)

# %%
calibration = train[0][:256]
rules = {"largest": largest, "percentile 99.9": percentile}
rules |= {"percentile 99": partial(percentile, share=0.99)}
rules |= {"least squares": least_squares, "entropy": entropy}
one_large = []
for model in models:
    factors = torch.ones(300)
    factors[after_relus(model, calibration)[0].mean(0).argmax()] = 256
    one_large.append(rescale(model, factors))


def calibrated(model: nn.Sequential, rule) -> tuple[float, float, float, int]:
    """8-bit activations: accuracy, p against float32, SQNR after layer 1, codes of its other units."""
    seen = after_relus(model, calibration)
    changes = [partial(to_levels, end=rule(x.flatten(), 8), bits=8) for x in seen]
    changed, back = with_activations(model, changes), changes[0](seen[0])
    others = torch.arange(300) != seen[0].mean(0).argmax()
    p, codes = compare(model, changed, *validation).p, back[:, others].unique().numel()
    return accuracy(changed, *validation), p, sqnr(seen[0], back), codes


# %% tags=["nbval-ignore-output"]
results = {
    name: np.array([[calibrated(model, rule) for model in each] for rule in rules.values()])
    for name, each in {"as trained": models, "one unit × 256": one_large}.items()
}
fig, ax = plot.figure(width=9, height=3.2)
plot.ranges(ax, list(rules), {name: values[..., 0] for name, values in results.items()})
ax.set(title="8-bit activations: mean and range of three seeds", ylabel="accuracy", ylim=(0, 0.95))
plot.show(fig, alt="Accuracy of five rules for the end of a range, for two equal networks.")
alike = results["one unit × 256"][..., 1].min(1) > 0.05  # no difference from float32 was found
reveal("One unit × 256, 8-bit activations: the best rule", np.array(list(rules))[alike].tolist())

# %% tags=["nbval-ignore-output"]
for name, values in results.items():
    print(f"{name}: accuracy, p against float32, SQNR after layer 1, codes of its other units")
    for rule, (scores, p, decibels, codes) in zip(rules, values.swapaxes(1, 2), strict=True):
        print(f"  {rule:16}", scores.round(3), p.round(4), f"{decibels.mean():.1f} dB", codes)
squares = [after_relus(model, calibration)[0].square().sum(0) for model in one_large]
print("share of squares:", [f"the unit has {float(s.max() / s.sum()):.2%}" for s in squares])
removed = []  # the control: the same unit, taken out of the float32 network
for model in models:
    net = copy.deepcopy(model)
    net[3].weight.data[:, after_relus(model, calibration)[0].mean(0).argmax()] = 0
    removed.append(compare(model, net, *validation).verdict)
print("float32 without the unit, in points:", [str(its) for its in removed])

# %%
means = dict(zip(rules, results["one unit × 256"].mean(1), strict=True))
assert results["as trained"][..., 1].min() > 0.05 / 15  # of 15 comparisons
assert means["least squares"][0] < min(means["percentile 99"][0], means["entropy"][0]) - 0.15
assert means["least squares"][2] > means["percentile 99"][2] + 10
assert all(its.points > -1.5 for its in removed)
seen = [x.flatten() for model in models for x in after_relus(model, calibration)]
assert len({round(entropy(x, 8) / float(x.max()), 2) for x in seen}) > 1  # the data decide

# %% [markdown]
# On the networks as trained no rule differs measurably from float32. With the large unit the rule with the **highest** SQNR
# is among the worst. One unit makes 99.9 % of the sum of squares, so least squares spends the range on it, and the
# other 299 units are left with two codes, 0 and 1. Clipping at 99 % cuts that unit to less than a hundredth of its values, an enormous
# squared error: it **deletes** the unit, and no difference from float32 is found. Why not? The last line removes the unit from float32, and nobody misses it there either. So this contest is won by
# whoever deletes a unit that can go. In large language models the tall features are those that can't (Dettmers et al. 2022; lesson 13). Entropy counts values and not their squares, so one unit of 300 weighs little; it leaves
# the others six codes, and no difference is found either. It is the boot of the opening again: the least squared error is not the best picture.
#
# Percentile 99 clips whatever is large, whether its size matters or not, so its success must be measured each time. Where a factor
# can be divided out, no rule need be chosen. **Equalization** (Nagel et al. 2019) gives each unit the factor $f$ that
# makes its row of one layer and its column of the next equally large: $\text{row} \cdot f = \text{column} / f$, so $f = \sqrt{\text{column}/\text{row}}$. Rounded to
# powers of two it changes no bit of the function.


# %% tags=["nbval-ignore-output"]
def equalize(model: nn.Sequential) -> nn.Sequential:
    """The same function, with factors that make a unit's row and its column equally large."""
    row = model[1].weight.data.abs().amax(1)
    column = model[3].weight.data.abs().amax(0)
    return rescale(model, 2.0 ** (column / row).sqrt().log2().round())


for name, each in {"all units rescaled": rescaled, "one unit × 256": one_large}.items():
    for before in each:
        model = equalize(before)
        assert torch.equal(model(validation[0]), before(validation[0]))
        in_weights = accuracy(with_weights(model, rounded), *validation)
        in_activations = calibrated(model, largest)[0]
        print(f"{name}: int8 weights {in_weights:.3f}, 8-bit activations {in_activations:.3f}")
        assert min(in_weights, in_activations) > 0.82

# %% [markdown]
# Both networks are back where they began, per tensor and with the largest value as the end. A unit whose row or column is all
# zeros would need a factor of its own; these networks have none.
#
# > **A place to stop.** You can say who shares a scale and where a range ends, and that a network can be made fit for int8
# > without changing its function. Before you go on: percentile 99 brought all of the accuracy
# > back, 99.9 all but four or five points. Why?
# > <details><summary>Answer</summary>One unit of 300 makes 0.33 % of the values. Percentile 99.9 clips 0.1 %, so its range
# > must still reach far out. Percentile 99 clips 1 %, which is more than the whole unit.</details>
#
# ## 3 · Four bits, two in a byte
#
# At 4 bits a row shares 15 levels among hundreds of weights. Groups help, and each group needs a scale. To gain anything,
# two codes must share a byte. With the low half first, as MXFP4 has it (part 4): the byte of the codes $q_0$ and $q_1$ is
# $(q_0 \bmod 16) + 16\,(q_1 \bmod 16)$.


# %%
def pack(codes: torch.Tensor) -> torch.Tensor:
    """Codes from -8 to 7, an even number of them in each row → bytes, half as many."""
    nibbles = codes.to(torch.int32).remainder(16)  # -1 becomes 15, as in two's complement
    return (nibbles[..., ::2] + 16 * nibbles[..., 1::2]).to(torch.uint8)


def unpack(packed: torch.Tensor) -> torch.Tensor:
    """And back."""
    nibbles = torch.stack([packed % 16, packed // 16], -1).flatten(-2).to(torch.int8)
    return torch.where(nibbles > 7, nibbles - 16, nibbles)


codes = torch.tensor([[-7, 3, 0, -1]])
print(codes.tolist(), "→", pack(codes).tolist(), "→", unpack(pack(codes)).tolist())
every = torch.cartesian_prod(torch.arange(-8, 8), torch.arange(-8, 8))
assert torch.equal(unpack(pack(every)), every.to(torch.int8))  # all 256 bytes

# %% [markdown]
# Layer 1 in groups of 28, packed, with a float32 scale for each group: how large is that, if the same layer in int8 per
# tensor counts as 1?

# %%
guess("4 bits, groups of 28: bytes", unit="× int8")

# %%
codes, scale = quantize(grouped(weight, 28), bits=4)
packed = pack(codes)
print(f"packed codes {packed.nbytes:,}, scales {scale.nbytes:,}, int8 {weight.numel():,} bytes")
assert torch.equal(unpack(packed).float(), codes)
reveal("4 bits, groups of 28: bytes", (packed.nbytes + scale.nbytes) / weight.numel())

# %% [markdown]
# A float32 scale for 28 weights is more than another bit for each of them. Per weight it takes $b + b_s/g$ bits, for groups of
# $g$ and scales of $b_s$ bits. Formats therefore store scales in 16 bits or 8. What is better, smaller groups or more
# bits? Each line below is one number of bits, with float16 scales; along it the groups shrink from a row to 14 weights.

# %% tags=["nbval-ignore-output"]
fig, ax = plot.figure(width=8, height=3.4)
sizes = [784, 196, 112, 56, 28, 14]
for bits in (2, 3, 4, 5):
    costs = [bits + 16 / size for size in sizes]
    decibels = [sqnr(weight, rounded(weight, bits, size)) for size in sizes]
    ax.plot(costs, decibels, label=f"{bits} bits")
ax.set(title="Layer 1, smaller groups", xlabel="bits per weight, with scales", ylabel="SQNR (dB)")
ax.legend()
plot.show(fig, alt="SQNR against bits per weight, scales included: a line for each number of bits.")
four = {size: round(sqnr(weight, rounded(weight, 4, size)), 1) for size in (None, 784, 64, 28, 14)}
print(f"4 bits, dB by size of a group (None: the tensor): {four}")
print(f"5 bits, per row: {sqnr(weight, rounded(weight, 5, 784)):.1f} dB")

# %% [markdown]
# From a row to groups of 28, 4 bits gain about 4 dB for half a bit; a fifth bit gains about 6.5 for a whole one. Smaller
# groups gain less: groups of 14 cost as much as a fifth bit, and 5 bits in long rows are better.
#
# > **A place to stop.** You can pack two codes in a byte, and count what the scales add. Before you go on: codes of 4 bits in
# > groups of 32, with a scale of 8 bits each. How many bits per weight?
# > <details><summary>Answer</summary>4 + 8/32 = 4.25. Part 4 meets a format that does just that.</details>
#
# ## 4 · Levels that are not evenly spaced
#
# So far one layer's SQNR has decided; the accuracies come at the end of this part. A code may also be an index into any list of 16
# numbers. Three formats do that, with two lists, each scaled per group:
#
# - **fp4** (e2m1): a float with two exponent bits, one fraction bit and the bias 1. By lesson 02's formula it has the values 1,
#   1.5, 2, 3, 4, 6; an exponent of zeros gives 0 and 0.5.
# - **MXFP4** (OCP Microscaling specification 1.0): fp4 in groups of 32, with a shared scale in 8 bits that is a power of two,
#   $2^{\lfloor \log_2 \max |w| \rfloor - 2}$: the $-2$ since the largest power of two in fp4 is $4 = 2^2$. What lies beyond 6 is clipped. Both a group
#   up to 4.1 and one up to 7.9 get the scale 1; the first leaves the level 6 idle, the second loses its 7.9 to 6.
# - **NF4** (Dettmers et al. 2023): levels at quantiles of a Gaussian, so that there are more of them where weights are frequent;
#   eight above 0, seven below, 0 itself exact.


# %%
def nearest(values: torch.Tensor, levels: torch.Tensor) -> torch.Tensor:
    """The index of the nearest of some sorted levels, for each value."""
    return torch.bucketize(values, (levels[1:] + levels[:-1]) / 2)


def e2m1(code: int) -> float:
    """What a code from 0 to 15 stands for: sign, two exponent bits, one fraction bit."""
    sign, exponent, fraction = code >> 3, code >> 1 & 3, code & 1
    size = 2 ** (exponent - 1) * (1 + fraction / 2) if exponent else fraction / 2
    return -size if sign else size


fp4 = torch.tensor(sorted({e2m1(code) for code in range(16)}))
gauss = torch.distributions.Normal(0, 1)
last = 0.9677083  # the outermost quantile, from the paper's code
above, below = (gauss.icdf(torch.linspace(last, 0.5, n)[:-1]) for n in (9, 8))
nf4 = torch.cat([-below, torch.zeros(1), above]).sort().values / above.max()
int4 = torch.arange(-7.0, 8.0)
print("fp4:", fp4.tolist())
print("NF4:", [round(v, 3) for v in nf4.tolist()])


# %%
def on_levels(weight: torch.Tensor, levels: torch.Tensor, size: int = 64) -> torch.Tensor:
    """On the nearest level; the largest weight of a group gets the last level. float16 scales."""
    groups = grouped(weight, size)
    scale = (groups.abs().amax(1, keepdim=True) / levels.max()).half().float()
    scale = scale.clamp(min=1e-7)  # float16 holds nothing below half of that
    return ungrouped(levels[nearest(groups / scale, levels)] * scale, weight)


def mxfp4(weight: torch.Tensor) -> torch.Tensor:
    """MXFP4: ties go to the level with the even code, as float rounding does."""
    groups = grouped(weight, 32)
    most = groups.abs().amax(1, keepdim=True).clamp(min=2.0**-120)  # 8 bits end near 2**-127
    scale = 2.0 ** (most.frexp().exponent - 1 - 2)  # frexp: exact, where log2 may round up
    size = (groups / scale).abs().clamp(max=6)
    step = torch.where(size < 2, 0.5, torch.where(size < 4, 1.0, 2.0))  # gaps of fp4
    return ungrouped((size / step).round() * step * groups.sign() * scale, weight)


# %% [markdown]
# Does it agree with the library? `to_mx` of torchao gives packed codes and scales; torch's own types decode the scales
# (`float8_e8m0fnu`) and name the packed codes (`float4_e2m1fn_x2`: two values per byte, storage without arithmetic).

# %%
from torchao.prototype.mx_formats.mx_tensor import to_mx  # a prototype: it may change
from torchao.quantization.quantize_.workflows.nf4.nf4_tensor import to_nf4

some = weight[:256, :768].contiguous() * 2.0 ** torch.arange(-30, 34, 0.25).round()[:, None]
shared, halves = to_mx(some, torch.float4_e2m1fn_x2, 32)
table = torch.tensor([e2m1(code) for code in range(16)])
decoded = table[torch.stack([halves % 16, halves // 16], -1).flatten(-2).long()]
theirs = decoded.reshape(-1, 32) * shared.float().reshape(-1, 1)
assert torch.equal(theirs.reshape(some.shape), mxfp4(some))
named = halves.view(torch.float4_e2m1fn_x2)
print("MXFP4: all equal;", named.dtype, tuple(named.shape), "for", tuple(some.shape))
their_levels = to_nf4(some, 64, 256).nf4
print(f"NF4: the 16 levels differ by at most {(their_levels - nf4).abs().max():.0e}")
assert torch.allclose(their_levels, nf4, atol=1e-4)

# %% [markdown]
# Compare like with like. Groups of 64 with float16 scales take 4.25 bits per weight, and so do groups of 32 with an 8-bit
# scale. How much better or worse is MXFP4 than plain int4 with levels from −7 to 7?

# %%
guess("Layer 1 at 4.25 bits: MXFP4 against int4", unit="dB better", low=-5, high=5)


# %% tags=["nbval-ignore-output"]
def all_codes(weight: torch.Tensor) -> torch.Tensor:
    """int4 with the sixteenth level, −8: the scale has the sign that puts the largest weight there."""
    groups = grouped(weight, 64)
    largest = groups.gather(1, groups.abs().argmax(1, keepdim=True))
    scale = (largest / -8).half().float()
    scale = torch.where(scale == 0, 1.0, scale)
    return ungrouped((groups / scale).round().clamp(-8, 7) * scale, weight)


kinds = {"int4, 15 levels": partial(on_levels, levels=int4), "int4, all 16": all_codes}
kinds |= {"NF4": partial(on_levels, levels=nf4), "fp4": partial(on_levels, levels=fp4)}
kinds |= {"MXFP4": mxfp4}
set_seed(2)
flat = torch.rand(300, 768) - 0.5
laplace = torch.distributions.Laplace(0.0, 1.0).sample((300, 768))
tried = {"layer 1": [m[1].weight.data for m in models], "uniform": [flat], "Laplace": [laplace]}
table = {
    name: {k: [sqnr(w, f(w)) for w in ws] for k, f in kinds.items()} for name, ws in tried.items()
}
for name, row in table.items():
    print(f"{name:8}", {kind: round(float(np.mean(values)), 1) for kind, values in row.items()})
gain = np.subtract(table["layer 1"]["MXFP4"], table["layer 1"]["int4, 15 levels"])
reveal("Layer 1 at 4.25 bits: MXFP4 against int4", gain.mean(), between=(gain.min(), gain.max()))

# %% tags=["nbval-ignore-output"]
assert gain.max() < 0
sixteen = np.subtract(table["layer 1"]["NF4"], table["layer 1"]["int4, all 16"])
assert (np.subtract(table["layer 1"]["NF4"], table["layer 1"]["int4, 15 levels"]) > 0.7).all()
assert (np.abs(sixteen) < 0.4).all()
four_bits = {kind: [with_weights(m, change) for m in models] for kind, change in kinds.items()}
for kind, changed in four_bits.items():
    pairs_p = [compare(m, c, *validation).p for m, c in zip(models, changed, strict=True)]
    scores = [round(accuracy(c, *validation), 3) for c in changed]
    print(f"{kind:16}", scores, "p =", [round(p, 2) for p in pairs_p])
    assert max(pairs_p) > 0.05

# %% [markdown]
# MXFP4 is behind plain int4 here, and behind fp4 with a float16 scale although its groups are half as large: a scale that
# must be a power of two wastes a part of the range, or clips. Its advantage is hardware that multiplies it
# directly; this lesson does not measure that. NF4 is about a decibel better than 15 even levels, and no better than **16** even levels,
# on these weights. Even levels win on uniform values, NF4 on Laplace ones, of which many are small and few large. No list of levels is
# best in itself. No format differs measurably from float32 on all three seeds; one or two of fifteen p-values may be below 0.05 by chance.
#
# ### Levels that the weights choose
#
# Why not place the levels by the weights themselves? **k-means** puts each level at the mean of the weights that are nearest
# to it, and repeats. The list of levels is a **codebook**; weights that share a level share their value (*weight sharing*, Han
# et al. 2016). One codebook serves the whole tensor: 16 floats.
#
# Per tensor, at 4 bits, int4 has about 12 dB on layer 1, and in groups of 64 about 19.6. Where does k-means with 16
# levels for the *whole tensor* come out?


# %%
guess("Layer 1, 16 levels by k-means for the tensor", unit="dB")


# %%
def codebook(values: torch.Tensor, count: int, steps: int = 60) -> torch.Tensor:
    """k-means in one dimension. Between two levels lies one border, so sorting does most of it."""
    x = values.flatten().double().sort().values
    sums = F.pad(x.cumsum(0), (1, 0))
    levels = torch.linspace(float(x[0]), float(x[-1]), count).double()
    for _ in range(steps):
        borders = torch.searchsorted(x, (levels[1:] + levels[:-1]) / 2)
        edges = torch.cat([torch.tensor([0]), borders, torch.tensor([len(x)])])
        sizes, totals = edges.diff(), sums[edges].diff()
        levels = torch.where(sizes > 0, totals / sizes.clamp(min=1), levels)  # an empty one stays
    return levels.float()


def shared_values(weight: torch.Tensor, count: int = 16) -> torch.Tensor:
    levels = codebook(weight, count)
    return levels[nearest(weight, levels)]


# %% tags=["nbval-ignore-output"]
first_layers = [m[1].weight.data for m in models]
by_means = [sqnr(w, shared_values(w)) for w in first_layers]
by_clip = []
for w in first_layers:
    ends = (w.abs().max() * torch.linspace(0.05, 1, 40)).tolist()
    backs = (torch.fake_quantize_per_tensor_affine(w, end / 7.5, 0, -8, 7) for end in ends)
    by_clip.append(max(sqnr(w, back) for back in backs))
by_largest = [sqnr(w, rounded(w, 4)) for w in first_layers]
found = {"int4, the largest fits": by_largest, "16 even levels, their best clip": by_clip}
for name, decibels in (found | {"k-means": by_means}).items():
    print(f"{name:31}", np.round(decibels, 1))
levels = codebook(weight, 16)
print("levels of k-means:", [round(v, 3) for v in levels.tolist()])
mean, low, high = np.mean(by_means), min(by_means), max(by_means)
reveal("Layer 1, 16 levels by k-means for the tensor", mean, between=(low, high))

# %%
assert min(by_means) > 5 + max(by_largest)
assert 0.5 < min(np.subtract(by_means, by_clip)) and max(np.subtract(by_means, by_clip)) < 4
assert not (levels == 0).any()

# %% [markdown]
# That is about as good as int4 with a scale for each 64 weights, and stores 16 numbers in place of 3,900. Most of the gain is part 2 again:
# k-means need not reach the largest weight, and 16 even levels with their best clip do not either. The uneven levels add
# a little over one decibel. The price is that there is no integer arithmetic,
# since a code is only an index, and no level at exactly 0, so pruned weights do not stay 0 unless the codebook is told
# to keep it (lesson 15).
#
# ## 5 · The 2-bit cliff: which levels?
#
# In lesson 02 a network fell to guessing at 2 bits, with the levels −1, 0 and 1 times the largest weight, and most of it came back with a better
# clip. Two bits have **four** codes. Three sets of levels, per tensor: $\{-1, 0, 1\}$, which leaves one code unused; $\{-2, -1, 0, 1\}$; and
# $\{-1.5, -0.5, 0.5, 1.5\}$. As a control, $\{-1, 0, 1\}$ with the step of the second set. The largest *magnitude* gets the outermost level.
# In the second set that is −2, so positive weights end at half of the largest magnitude. The third set has no 0, and every weight becomes at
# least a third of the largest magnitude. What is its accuracy?

# %%
guess("2 bits, four levels without a 0: accuracy", low=0, high=1)


# %%
def two_bits(weight: torch.Tensor, levels: list, most: float, rows: bool, search: bool):
    """On `levels`, one scale or one per row: the largest magnitude at `most`, or the best of 40 clips."""
    groups, points = grouped(weight, weight.shape[1] if rows else None), torch.tensor(levels)
    largest = groups.abs().amax(1, keepdim=True) / most
    tried = []
    for clip in torch.linspace(1, 0.05, 40)[: 40 if search else 1]:
        scale = (largest * clip).clamp(min=TINY)
        tried.append(points[nearest(groups / scale, points)] * scale)
    squares = torch.stack([(back - groups).square().sum(1) for back in tried])
    best = squares.argmin(0)
    return ungrouped(torch.stack(tried)[best, torch.arange(len(groups))], weight)


sets = {  # the levels, and where the largest magnitude lies
    "−1 0 1": ([-1.0, 0, 1], 1),
    "−1 0 1, half the step": ([-1.0, 0, 1], 2),
    "−2 −1 0 1": ([-2.0, -1, 0, 1], 2),
    "−1.5 −0.5 0.5 1.5": ([-1.5, -0.5, 0.5, 1.5], 1.5),
}
ways = {"tensor, largest fits": (False, False), "row, largest fits": (True, False)}
ways |= {"tensor, best clip": (False, True), "row, best clip": (True, True)}


# %% tags=["nbval-ignore-output"]
cliff: dict = {name: [] for name in sets}
for name, (points, most) in sets.items():
    for rows, search in ways.values():
        change = partial(two_bits, levels=points, most=most, rows=rows, search=search)
        cliff[name].append(accuracies(models, change))
fig, ax = plot.figure(width=9, height=3.4)
plot.ranges(ax, list(ways), cliff)
ax.axhline(full.mean(), color="grey", linewidth=1, marker="", linestyle="-")
ax.set(title="2 bits: three seeds (grey line: float32)", ylabel="accuracy", ylim=(0, 0.95))
mark_guess(ax, "2 bits, four levels without a 0: accuracy")
plot.show(fig, alt="Accuracy of four sets of levels, for two ways to share a scale and two clips.")
seeds = cliff["−1.5 −0.5 0.5 1.5"][0]
mean, low, high = np.mean(seeds), min(seeds), max(seeds)
reveal("2 bits, four levels without a 0: accuracy", mean, between=(low, high))

# %% tags=["nbval-ignore-output"]
for name, (values, most) in sets.items():
    back = two_bits(weight, values, most, rows=False, search=False)
    found = np.round(cliff[name][0], 3)
    print(f"{name:22} largest fits, per tensor: {found}, layer 1 {sqnr(weight, back):4.1f} dB")
third = back.abs() < 1.01 * weight.abs().max() / 3  # in the last set
print(f"{float(third.float().mean()):.1%} of its weights are ± a third of the largest")

# %% [markdown]
# The SQNR of the last set is below 0: the errors are *larger* than the weights. Nearly every weight becomes plus or minus a third of
# the largest: a network of **signs**. Is it the signs that count? Here are two controls: one bit per weight, the sign, times the mean magnitude of the
# layer; and all magnitudes with the signs shuffled.


# %% tags=["nbval-ignore-output"]
def signs(weight: torch.Tensor) -> torch.Tensor:
    return torch.where(weight >= 0, 1.0, -1.0) * weight.abs().mean()


def shuffled_signs(weight: torch.Tensor) -> torch.Tensor:
    order = torch.randperm(weight.numel(), generator=torch.Generator().manual_seed(0))
    return weight.abs() * torch.where(weight >= 0, 1.0, -1.0).flatten()[order].reshape(weight.shape)


no_zero = partial(two_bits, levels=sets["−1.5 −0.5 0.5 1.5"][0], most=1.5, rows=False, search=False)
controls = {"sign": signs, "shuffled": shuffled_signs, "without a 0": no_zero}
controls["all × 2.9"] = lambda weight: 2.9 * weight
found, factored = {}, {}
for name, change in controls.items():
    found[name], back = accuracies(models, change), change(weight)
    best = (weight * back).sum() / back.square().sum()  # the factor with the least squared error
    factored[name] = sqnr(weight, best * back) if name != "all × 2.9" else math.inf
    print(f"{name:11}", np.round(found[name], 3), f"layer 1: {sqnr(weight, back):4.1f} dB", end="")
    print(f", after the best common factor {factored[name]:4.1f} dB")

# %%
assert min(found["sign"]) > 0.65 and max(found["shuffled"]) < 0.35 < 0.8 < min(found["all × 2.9"])
assert factored["without a 0"] > factored["shuffled"] + 2
assert min(seeds) > 0.6 and max(cliff["−1 0 1"][0]) < 0.35
row_scale = np.mean(cliff["−1 0 1"][1])
half_step, fourth = (np.mean(cliff[n][0]) for n in ("−1 0 1, half the step", "−2 −1 0 1"))
assert row_scale < half_step and row_scale < fourth < np.mean(cliff["−2 −1 0 1"][1])
assert abs(half_step - fourth) < 0.04  # not the fourth level: the step
best_clip = np.mean([values[2:] for values in cliff.values()], axis=-1)
assert best_clip.min() > 0.77 and np.ptp(best_clip) < 0.06

# %% [markdown]
# On these networks the signs carry most of the answer. With the signs shuffled layer 1 has −3.0 dB, as much as the set without a 0, −2.9 dB: the
# same SQNR, and an accuracy of 0.09 against 0.77. Did the SQNR mislead us? It charges for a **common factor**, and the largest logit of a ReLU network hardly moves with one: all weights times 2.9 cost over 5 dB
# and next to no accuracy. After its best factor each set is ranked right. So take the factor out before you measure an error (or use the cosine).
#
# $\{-2, -1, 0, 1\}$ looks far better than $\{-1, 0, 1\}$, and it is not the fourth level: without −2 and with the same step the accuracy is about the
# same. The step is half as long, which is a better clip. With the **best clip** the means of all eight lie within two points of each other, and one to
# three below float32. Lesson 06 trains with the rounding in the loop.

# %% tags=["nbval-ignore-output"]
guesses()

# %% [markdown]
# ## You can now…
#
# - choose who shares a scale, and count its bytes;
# - find the end of a range by four rules, and say what each of them ignores;
# - make a network fit for int8 without changing its function;
# - pack two codes in a byte, and read NF4, fp4 and MXFP4;
# - let the weights choose a codebook;
# - say which choice mends a 2-bit network, and take a common factor out before you believe an SQNR.
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
# - T. Dettmers, A. Pagnoni, A. Holtzman, L. Zettlemoyer (2023): *QLoRA: Efficient Finetuning of Quantized LLMs*.
#   arXiv:2305.14314. NF4.
# - Open Compute Project (2023): *OCP Microscaling Formats (MX) Specification*, version 1.0. MXFP4 and its shared scale.
# - B. Rouhani et al. (2023): *Microscaling Data Formats for Deep Learning*. arXiv:2310.10537. Accuracy with MX formats,
#   emulated.
# - H. Xiao, K. Rasul, R. Vollgraf (2017): *Fashion-MNIST*. arXiv:1708.07747. The images.
# - PyTorch: [torchao](https://docs.pytorch.org/ao/stable/) and
#   [`fake_quantize_per_channel_affine`](https://docs.pytorch.org/docs/stable/generated/torch.fake_quantize_per_channel_affine.html).
