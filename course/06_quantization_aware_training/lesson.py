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
# # 06 · Quantization-aware training
#
# **Two bits cost my network points that I need. Training could mend that, but a rounded weight does not move when I push it a
# little: the derivative of rounding is 0. How can one train through a staircase?**
#
# You will train networks with 8 down to 1 bits per weight, beside controls that get the same extra epochs.
#
# It takes about {minutes} minutes, with two places to stop, after parts 4 and 6. You need scale and clipping (lesson 02), and
# torchao's `quantize_` (lesson 05).
#
# The picture trains five weights that may only take the values −2, −1, 0 and 1, so that together they compute what a float row does. A weight is orange while its code is
# not the first one. Move the training step before you run anything.
# What moves, what does not, and when does a rounded weight change?

# %% tags=["nbval-ignore-output"]
from coursekit.lesson_06.opening import pulled_to_levels

pulled_to_levels()

# %% [markdown]
# Three questions from before. Answer each before you unfold it.
#
# <details><summary>What is a fake-quantized weight? (lesson 05)</summary>A float that has gone to the nearest level and back: the
# code times the scale. The network computes in floats, with the numbers that the integers stand for.</details>
#
# <details><summary>Why may a shorter range be better at 2 bits, although it clips? (lesson 02)</summary>The step becomes shorter. Most
# weights gain, and the few large ones that are clipped lose.</details>
#
# <details><summary>Is 0.861 better than 0.856, on 2,000 images? (lesson 00)</summary>Nobody can tell from these two numbers: ten images make
# the difference, and chance easily makes as many.</details>

# %%
import copy
import time
from functools import partial

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.nn import functional as F

from coursekit import guess, guesses, reveal
from coursekit.pictures import plot
from coursekit.nets.data import load_fashion_mnist, load_results
from coursekit.nets.measure import accuracy, latency
from coursekit.nets.networks import float_network, folded
from coursekit.nets.train import fit, set_seed
from coursekit.learn.widgets import cards, pattern_test, practice, progress, quiz, respond, trace

set_seed(0)

# %% [markdown]
# ## 1 · Rounding in the loop
#
# **Quantization-aware training** (QAT) rounds the weights in every forward pass, so that the loss is that of the quantized
# network. With $b$ bits there are the codes from $-2^{b-1}$ to $2^{b-1}-1$; at 2 bits −2, −1, 0 and 1. A weight $w$ with the scale
# $s$ becomes
#
# $$q = \operatorname{clip}\bigl(\operatorname{round}(w/s)\bigr), \qquad \hat w = s\,q$$
#
# Activations are usually rounded in the same way; in this lesson they stay float.
#
# Here are six weights, $s = 0.5$, and what autograd says about them when the loss is simply the sum of $\hat w$.


# %%
def codes(bits: int) -> tuple[int, int]:
    """The lowest and the highest code: −2 and 1 for 2 bits."""
    return -(2 ** (bits - 1)), 2 ** (bits - 1) - 1


six = torch.tensor([-1.3, -0.8, -0.2, 0.1, 0.3, 0.9], requires_grad=True)
rounded = 0.5 * (six / 0.5).round().clamp(*codes(2))
rounded.sum().backward()
for name, values in {"weights": six, "rounded": rounded, "gradient": six.grad}.items():
    print(f"{name:8}", [f"{value + 0:.1f}" for value in values.tolist()])

# %% [markdown]
# Six zeros, and autograd is right: a staircase is flat except where it jumps, and there it has no derivative. Such a weight
# learns nothing from the loss: plain SGD and Adam leave it where it is. (Weight decay would only shrink it.)
#
# The way out (Hinton 2012; Bengio et al. 2013): in the forward pass, round. In the backward pass, act as if nothing had
# been rounded, and take the derivative of round to be 1. That is the **straight-through estimator** (STE). In code it is one line:
# a value without a gradient, plus a zero that has one.


# %%
def straight_through(x: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """The value of `value`, with the gradient of `x`; both finite."""
    return value.detach() + (x - x.detach())


def ste_round(x: torch.Tensor) -> torch.Tensor:
    return straight_through(x, x.round())


def fake_quantize(w: torch.Tensor, scale: torch.Tensor, bits: int) -> torch.Tensor:
    """To the nearest of the levels and back. Where it clips, the gradient is 0."""
    return scale * ste_round((w * (1 / scale)).clamp(*codes(bits)))


again = six.detach().clone().requires_grad_()
values = fake_quantize(again, torch.tensor(0.5), bits=2)
values.sum().backward()
for name, its in {"rounded": values, "gradient": again.grad}.items():
    print(f"{name:8}", [f"{value + 0:.1f}" for value in its.tolist()])
assert torch.equal(values, rounded)

# %% [markdown]
# The values are the same, and the gradient is 1 wherever nothing is clipped. The clip is left as it is: a weight beyond the last level gets 0. (The code
# multiplies by `1 / scale` as the libraries do; `w / scale` may differ at a tie.)
#
# A layer keeps float weights and rounds them in each forward pass; the optimizer updates the floats. These *latent weights* are thrown away in the end, and only the codes are shipped. Two ways to choose the scale of a row are known from lessons 02 and
# 03: the largest weight fits, or the clip with the least squared error.


# %%
def largest_fits(w: torch.Tensor, bits: int) -> torch.Tensor:
    """One scale per row, (rows, 1): the largest weight has the magnitude of the lowest level."""
    most = w.abs().amax(1, keepdim=True) / -codes(bits)[0]
    return most.clamp(min=1e-12)  # a row of zeros


def best_clip(w: torch.Tensor, bits: int) -> torch.Tensor:
    """One scale per row: of 40 ranges, the one with the least squared error."""
    tried = largest_fits(w, bits) * torch.linspace(0.05, 1, 40)[:, None, None]  # (40, rows, 1)
    errors = (fake_quantize(w, tried, bits) - w).square().sum(2, keepdim=True)
    return tried.gather(0, errors.argmin(0, keepdim=True))[0]


def for_the_tensor(choose, w: torch.Tensor, bits: int) -> torch.Tensor:
    """The same with one scale for the whole tensor, (1, 1)."""
    return choose(w.reshape(1, -1), bits)


# %%
class QATLinear(nn.Module):
    """A linear layer that keeps float weights and computes with their rounded values."""

    def __init__(self, layer: nn.Linear | nn.Conv2d, bits: int, scale: torch.Tensor) -> None:
        super().__init__()
        self.weight, self.bias, self.bits = layer.weight, layer.bias, bits
        self.scale = nn.Parameter(scale, requires_grad=False)  # part 4 lets it learn

    def rounded(self) -> torch.Tensor:
        return fake_quantize(self.weight, self.scale, self.bits)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.linear(x, self.rounded(), self.bias)


def with_qat(model, bits, choose=best_clip, make=QATLinear):
    """A copy in which linear layers and convolutions compute with rounded weights."""
    model = copy.deepcopy(model)
    for place, layer in enumerate(model):
        if isinstance(layer, nn.Linear | nn.Conv2d):
            scale = choose(layer.weight.detach().flatten(1), bits)
            model[place] = make(layer, bits, scale)
    return model


# %% [markdown]
# The network is the MLP of lesson 04: 784 inputs, 64 and 32 hidden units, 10 outputs, trained on 8,000 pictures of clothes until five epochs
# in a row brought nothing. All three layers get 2 bits, before any training:

# %% tags=["nbval-ignore-output"]
data = load_fashion_mnist()
train, validation = (part.tensors() for part in data.train.hold_out(2000))
test = data.test.tensors()
mlp = float_network("mlp")
ways = {"largest fits": largest_fits, "best clip": best_clip}
print(f"float32: {accuracy(mlp, *validation):.3f}")
for name, choose in ways.items():
    for shared, scale in (("row", choose), ("tensor", partial(for_the_tensor, choose))):
        model = with_qat(mlp, 2, scale)
        error = float((model[1].rounded() - mlp[1].weight).square().sum())
        print(f"2 bits, {name:12} per {shared:6}: {accuracy(model, *validation):.3f},", end=" ")
        print(f"squared error of layer 1: {error:.1f}")

# %% [markdown]
# Accuracies are on 2,000 validation images. Note the last two lines: with the best clip, the scale per row has the smaller squared error
# and the *worse* network (lesson 03 has warned). The baseline to beat is the best of these numbers.
#
# ## 2 · Is it a gradient at all?
#
# The derivative of round is 0, and we say 1. First take the true one seriously. Below, any slope can stand in the place of 1.


# %%
def soft_round(x: torch.Tensor, width: float) -> torch.Tensor:
    """A smooth staircase from −2 to 1. Its steps are `width` wide."""
    return -2 + sum(torch.sigmoid((x - border) / width) for border in (-1.5, -0.5, 0.5))


def soft_slope(x: torch.Tensor, width: float) -> torch.Tensor:
    risen = [torch.sigmoid((x - border) / width) for border in (-1.5, -0.5, 0.5)]
    return sum(part * (1 - part) for part in risen) / width


class SlopedLinear(QATLinear):
    """The same rounding, with any slope in the backward pass."""

    def __init__(self, layer, bits, scale, slope):
        super().__init__(layer, bits, scale)
        self.slope = slope

    def rounded(self) -> torch.Tensor:
        steps = (self.weight * (1 / self.scale)).clamp(*codes(self.bits))
        slope = self.slope(steps.detach())
        return self.scale * straight_through(slope * steps, steps.round())


# %%
def train_epoch(model, epoch, seed=0, lr=3e-4):
    fit(model, train, epochs=1, lr=lr, seed=100 * seed + epoch, quiet=True)


def train_more(model, epochs=12, seed=0):
    """Trains in place; the accuracy on validation images after each epoch."""
    reached = []
    for epoch in range(epochs):
        train_epoch(model, epoch, seed)
        reached.append(accuracy(model, *validation))
    return reached


# %%
table = load_results("qat")  # five seeds of what you run once below
runs = table[table.network == "mlp"]


def best(what, bits=2, column="validation", among=None):
    """At the epoch that was best on validation images: one value per seed."""
    among = runs if among is None else among
    chosen = among[(among.what == what) & (among.bits == bits)]
    return chosen.loc[chosen.groupby("seed").validation.idxmax()].set_index("seed")[column]


# %% [markdown]
# `course/06_quantization_aware_training/make_qat.py` has run these functions for five seeds, float networks included; you repeat the first, and answers show the range of all.
# We take the 2-bit network with the best clip per row (0.75) and train it for twelve epochs with the **true** derivative, 0. Which
# accuracy on validation images does it reach, at the best of these epochs?

# %%
guess("2 bits, true derivative: accuracy", low=0, high=1)

# %% tags=["nbval-ignore-output"]
honest = with_qat(mlp, 2, make=partial(SlopedLinear, slope=torch.zeros_like))
by_truth = train_more(honest)
pairs = zip(honest[1::2], mlp[1::2], strict=True)
weights_moved = [int((after.weight != before.weight).sum()) for after, before in pairs]
print("weights that moved:", weights_moved, "of", [layer.weight.numel() for layer in mlp[1::2]])
truth = best("true derivative: 0")
reveal("2 bits, true derivative: accuracy", max(by_truth), between=(truth.min(), truth.max()))
assert weights_moved == [0, 0, 0]
assert 0.81 < max(by_truth) < 0.855  # on every machine

# %% [markdown]
# No weight has moved, and most of the loss is made good by 106 biases (64 + 32 + 10), which are not rounded. Whoever compares QAT with an untrained network
# credits straight-through with these points. This network is the control for all that follows.
#
# Now the slope. A smooth staircase is a **surrogate** for the hard one. It has a true derivative everywhere, and the narrower its steps, the
# closer it is to rounding.

# %%
x = torch.linspace(-2.6, 1.6, 400)
fig, (left, right) = plot.figure(1, 2, width=10, height=3)
left.plot(x, x.round().clamp(-2, 1), marker="", label="round and clip")
right.plot(x, ((x > -2) & (x < 1)).float(), marker="", label="straight-through")
for width in (0.05, 0.2):
    left.plot(x, soft_round(x, width), marker="", label=f"smooth, width {width}")
    right.plot(x, soft_slope(x, width), marker="", label=f"smooth, width {width}")
left.set(title="Staircases", xlabel="w / s", ylabel="code")
right.set(title="Their slopes", xlabel="w / s", ylabel="slope")
left.legend()
right.legend(loc="upper left", bbox_to_anchor=(1, 1))
alt = "A hard staircase and two smooth ones; the slopes of these are spikes of 5 and 1.25, straight-through is 1 from −2 to 1."
plot.show(fig, alt=alt)

crowd = torch.linspace(-3, 2, 1_000_001, dtype=torch.float64)
moved = (crowd + 0.1).round().clamp(-2, 1) - crowd.round().clamp(-2, 1)
print(f"a crowd moved by 0.1: its codes rise by {moved.mean() / 0.1:.3f} of that")
print(f"straight-through says:                  {((crowd > -2) & (crowd < 1)).double().mean():.3f}")

# %% [markdown]
# However narrow its steps, a staircase rises by one step per step: its slope is 1 *on average*. That is what the straight-through estimator
# puts in place of the spikes. For a crowd of weights, evenly spread, it is exact even for hard rounding: move a million of them by a tenth of a step, and
# those few that jump lift the sum as much as if all had moved.
#
# But a loss is no sum of weights, so straight-through is no gradient of the rounded network's loss. With the same rounded forward pass it agrees in every sign with a smooth slope, because both multiply what comes from above
# by something positive; they differ in how hard each weight is pushed.
#
# ## 3 · The same epochs, straight through
#
# From the same start we train for the same twelve epochs, now straight through. What accuracy does it reach, at the best of them?

# %%
guess("2 bits, straight-through: accuracy", low=0.75, high=0.9)

# %% tags=["nbval-ignore-output"]
two_bits = with_qat(mlp, 2)
at_first = [layer.rounded().detach() for layer in two_bits[1::2]]
by_ste = train_more(two_bits)
rescued = best("from the best clip")
reveal("2 bits, straight-through: accuracy", max(by_ste), between=(rescued.min(), rescued.max()))

# %% [markdown]
# Now the fair comparison: the biases alone, weights and biases, and float. Each was trained with the learning rates 0.0003, 0.001 and 0.003, until four more epochs brought
# nothing. Rate and epoch are chosen on validation images; the table shows 2,000 *test* images, which chose nothing.

# %% tags=["nbval-ignore-output"]
untrained = runs[runs.epoch == 0]
lines = {
    "float32": best("float", 32, "test", untrained),
    "float32, more epochs": best("float: weights and biases", 32, "test"),
}
for each, what in (("row", "from the best clip"), ("tensor", "tensor, best clip")):
    lines[f"{each}, best clip"] = best(what, 2, "test", untrained)
    for trained in ("biases alone", "weights and biases"):
        lines[f"{each}, {trained}"] = best(f"{each}: {trained}", 2, "test")
        assert best(f"{each}: {trained}", 2, "epoch").max() < 40  # it ended before the search did
    both, biases = lines[f"{each}, weights and biases"], lines[f"{each}, biases alone"]
    print(f"{each}: points that the weights add:", (100 * (both - biases)).round(1).add(0).tolist())
    less = 100 * (both - lines["float32, more epochs"])
    print(f"{each}: weights and biases less float32: ", less.round(1).add(0).tolist())
    assert 0.5 < 100 * (both - biases).mean() < 3 and abs(less.mean()) < 1.5
assert abs(max(by_ste) - rescued[0]) < 0.015  # the shipped run, repeated
assert max(by_ste) > max(by_truth)
pd.DataFrame(lines).T.agg(["mean", "min", "max"], axis=1).round(3)

# %% [markdown]
# The biases alone go most of the way. What the *weights* add is 1.1 points in the mean with a scale per row, from 0 to 2.6 over the seeds, and 1.7 with one per tensor, from 0.5 to 2.7. Read these
# differences as rough: each way was given three rates, and and the best may lie beyond them. The better start, one scale per tensor, ends no better than five seeds could tell. Against float32 with as many epochs more, half a point or less is left in the mean, with both signs.
#
# Two things about *how*. First: how many of the 52,000 weights end on another level than the one they started on?

# %%
guess("Weights that end on another level", unit="%", low=0, high=100)

# %% tags=["nbval-ignore-output"]
at_last = [layer.rounded().detach() for layer in two_bits[1::2]]
changed = sum(int((a != b).sum()) for a, b in zip(at_first, at_last, strict=True))
total = sum(a.numel() for a in at_first)
train_epoch(two_bits, epoch=12)
later = [layer.rounded().detach() for layer in two_bits[1::2]]
flips = sum(int((a != b).sum()) for a, b in zip(at_last, later, strict=True))
triples = zip(at_first, at_last, later, strict=True)
back = sum(int(((a == c) & (b != c)).sum()) for a, b, c in triples)
print(f"one more epoch: {flips / total:.1%} change again, {back / flips:.0%} of them back")
reveal("Weights that end on another level", 100 * changed / total)

# %% tags=["nbval-ignore-output"]
fig, axes = plot.figure(1, 2, width=10, height=2.8, sharey=True)
beyond = []  # the shares within a tenth of a step beyond the last levels
for ax, title, layer in zip(axes, ("Before", "After"), (mlp[1], two_bits[1]), strict=True):
    latent = (layer.weight.detach() / two_bits[1].scale).flatten()
    ax.hist(latent.numpy(), bins=np.arange(-4, 3.01, 0.1), color="#56B4E9", edgecolor="black")
    for low in (-2.1, 1):
        beyond.append(float(((latent > low) & (latent <= low + 0.1)).float().mean()))
    ax.set(title=f"{title} the training", xlabel="latent weight, in steps", xticks=range(-4, 4))
assert beyond[2] > beyond[0] and beyond[3] > 1.5 * beyond[1]
told = "just beyond −2 {0:.1%} before and {2:.1%} after, just beyond 1 {1:.1%} and {3:.1%}"
plot.show(fig, alt=f"Latent weights of layer 1, two bells around 0: {told.format(*beyond)}.")

# %% [markdown]
# Fewer than one in ten do. Most weights stay where rounding has put them, and a few thousand moves make the difference. The latent weights
# gather only just beyond the two last levels: whatever is pushed over these is clipped, gets no gradient, and soon comes to rest. Nor does training come to rest: in one more epoch about one percent of all
# weights change again, many of them back to where they began. Some may be **oscillating** (Nagel et al. 2022): a weight whose best value lies between two levels is pushed over the border and
# back, as one is in the picture at the top for a while.
#
# Second: does it have to be this slope? Here are five seeds of each backward pass, twelve epochs of Adam and twelve of plain SGD with the better of two learning rates; the
# forward pass is always the same hard rounding. *Moved* is the share of weights that end on another level.

# %% tags=["nbval-ignore-output"]
slopes: dict = {
    "true derivative: 0": torch.zeros_like,
    "straight-through: 1": torch.ones_like,
    "smooth, width 0.05": partial(soft_slope, width=0.05),
    "smooth, width 0.2": partial(soft_slope, width=0.2),
    "random, 1 on average": lambda steps: 2 * torch.rand_like(steps),
    "smooth, half a step off": lambda steps: soft_slope(steps + 0.5, width=0.05),
}
columns = {"Adam": ("", "test"), "SGD": ("SGD, ", "test"), "SGD, moved": ("SGD, ", "changed")}
by_slope = pd.DataFrame(
    {
        title: {name: best(way + name, 2, column).mean() for name in slopes}
        for title, (way, column) in columns.items()
    }
)
adam, changed_by_sgd = by_slope["Adam"], by_slope["SGD, moved"]
assert adam.iloc[1:].max() - adam.iloc[1:].min() < 0.012
assert adam.iloc[1:].min() > adam.iloc[0] + 0.01
narrow = best("SGD, smooth, width 0.05", 2, "test")
assert (narrow > best("SGD, straight-through: 1", 2, "test")).all()
assert changed_by_sgd["smooth, half a step off"] < 0.01 < changed_by_sgd["straight-through: 1"]
by_slope.round(3)

# %% [markdown]
# With Adam all five do alike, and that is Adam's doing: it divides each weight's gradient by its own usual size, so that a factor in front of it cancels. With plain SGD the slope half a
# step off moves fewer than one weight in a thousand, and five seeds can't tell where it ends from straight-through. The narrow slope at the right place is better than straight-through in each of the five seeds. Where the
# slope stands does matter; Adam hides it.
#
# ## 4 · A step size that learns
#
# Until now the scale was chosen once. **Learned step size** quantization, LSQ (Esser et al. 2020), trains it like a weight. What is the
# derivative of $\hat w = s\,q$ with respect to $s$? Autograd knows it already, from our own function:

# %%
w = torch.tensor([[-1.3, -0.8, -0.2, 0.1, 0.3, 0.9]])
scale = torch.tensor(0.5)
by_autograd = torch.autograd.functional.jacobian(lambda s: fake_quantize(w, s, bits=2), scale)
steps = w / 0.5
q = steps.round().clamp(-2, 1)
formula = torch.where((steps > -2) & (steps < 1), q - steps, q)
print("autograd:", [round(v, 2) for v in by_autograd[0].tolist()])
print("formula: ", [round(v, 2) for v in formula[0].tolist()])
assert torch.allclose(by_autograd, formula, atol=1e-6)

# %% [markdown]
# $$\frac{\partial \hat w}{\partial s} = \begin{cases} q - w/s & \text{inside the range} \\ q & \text{where it is clipped} \end{cases}$$
#
# This is LSQ's gradient, and straight-through rounding gives it: the product rule gives $q$, and the derivative of
# $w/s$, passed straight through, gives $-w/s$.
#
# Is it right? For one weight that does not jump, the true derivative is $q$, without $-w/s$. A finite difference decides, and again it
# should be asked of a crowd: a million weights, spread evenly over eight steps, and a scale that grows by one percent.

# %%
crowd = torch.linspace(-4, 4, 1_000_001, dtype=torch.float64)


def mean_rounded(scale: float) -> float:
    return float((scale * (crowd / scale).round().clamp(-2, 1)).mean())


measured = (mean_rounded(1.01) - mean_rounded(0.99)) / 0.02
q = crowd.round().clamp(-2, 1)
inside = (crowd > -2) & (crowd < 1)
print(f"finite difference, jumps included: {measured:.4f}")
print(f"LSQ's gradient, on average:        {torch.where(inside, q - crowd, q).mean():.4f}")
print(f"q alone, as if none would jump:    {q.mean():.4f}")
assert abs(measured - torch.where(inside, q - crowd, q).mean()) < 1e-3

# %% [markdown]
# When the scale grows, some weights jump to the code nearer to 0. Each of them moves by a whole step, and together they are the term $-w/s$. LSQ's
# gradient counts them; $q$ alone does not.
#
# One scale collects the gradients of all $N$ weights that share it, so its gradient can be much larger than that of any
# weight. LSQ therefore multiplies it by $g = 1/\sqrt{N\,q_{\max}}$, with $q_{\max}$ the highest code.


# %%
def scale_gradient(x: torch.Tensor, factor: float) -> torch.Tensor:
    """The value of `x`; its gradient comes out times `factor`."""
    return straight_through(factor * x, x)


def lsq_factor(weights: int, bits: int) -> float:
    """1 / √(N · q_max), with N weights for one scale."""
    return (weights * codes(bits)[1]) ** -0.5


class LSQLinear(QATLinear):
    """The scales are learned, too (Esser et al. 2020)."""

    def __init__(self, layer, bits, scale, damped=True):
        super().__init__(layer, bits, scale)
        self.scale.requires_grad_()
        share = layer.weight.numel() // scale.numel()
        self.factor = lsq_factor(share, bits) if damped else 1.0

    def rounded(self) -> torch.Tensor:
        return fake_quantize(self.weight, scale_gradient(self.scale, self.factor), self.bits)


# %% [markdown]
# Each layer gets **one** learned scale, starting from the best clip (0.81), and an epoch of plain SGD with the learning rate 0.1. Somebody
# forgets $g$. Which accuracy comes out?

# %%
guess("Learned scales, SGD, gradient scale forgotten: accuracy", low=0, high=1)


# %% tags=["nbval-ignore-output"]
def train_sgd(model, epoch=0, seed=0, lr=0.1):
    """One epoch of plain SGD, without momentum."""
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    order = torch.Generator().manual_seed(100 * seed + epoch)
    for batch in torch.randperm(len(train[0]), generator=order).split(64):
        loss = F.cross_entropy(model(train[0][batch]), train[1][batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


makes = {"with g": LSQLinear, "without": partial(LSQLinear, damped=False)}
by_sgd = {}
for name, make in makes.items():
    tried = with_qat(mlp, 2, partial(for_the_tensor, best_clip), make)
    before = tried[1].scale.item()
    train_sgd(tried)
    by_sgd[name] = accuracy(tried, *validation)
    print(f"{name}: {by_sgd[name]:.3f}, layer 1's scale × {tried[1].scale.item() / before:.2f}")
reveal("Learned scales, SGD, gradient scale forgotten: accuracy", by_sgd["without"])

# %% tags=["nbval-ignore-output"]
assert by_sgd["with g"] > 0.75 and by_sgd["without"] < 0.6
by_adam = [with_qat(mlp, 2, make=make) for make in makes.values()]
for tried in by_adam:
    train_epoch(tried, epoch=0)
apart = (by_adam[0][1].scale / by_adam[1][1].scale - 1).abs().max().item()
print(f"Adam: scales with and without g, apart by at most {apart:.3%}")
assert apart < 0.01

# %% [markdown]
# The scale of layer 1 becomes many times too long, and the network is ruined. With **Adam** $g$ makes hardly any
# difference, as the last cell measures with a scale per row: there a factor cancels (part 3).
#
# Does learning the scale pay, with a scale per row? Here are five seeds from the best clip, and three from starts that are wrong on purpose:

# %% tags=["nbval-ignore-output"]
learned = best("learned, from the best clip", 2, "test")
more = 100 * (learned - best("from the best clip", 2, "test"))
print("learned less fixed, from the best clip, in points:", more.round(1).tolist())
factors = [0.125, 0.5, 2, 8]
from_wrong = {
    kind: [best(f"{kind}, × {factor:g}", 2, "test").mean() for factor in factors]
    for kind in ("fixed", "learned")
}
gained = np.subtract(from_wrong["learned"], from_wrong["fixed"])
assert gained[0] > 0.1 and abs(gained[1:]).max() < 0.03 and abs(more.mean()) < 1
pd.DataFrame(from_wrong, index=[f"× {factor:g}" for factor in factors]).T.round(3)

# %% [markdown]
# From a good start learning the scale brings nothing that five seeds could show. From half the step it gains two points. From an eighth
# it saves the network: what is clipped gets no gradient, and the scale can still move. From eight times the step, twelve epochs lead out in neither way.
#
# > **A place to stop.** Rounding is in the loop, its gradient is a convention that works, and the scale can learn. Before you go
# > on: which control shows what the *weights* contribute to a rescue?
# > <details><summary>Answer</summary>Training with the true derivative, or with the weights held fixed: then only biases learn.</details>
#
# ## 5 · The library: torchao
#
# In PyTorch, QAT is a part of torchao, in two steps. `prepare` puts fake quantization into each linear layer, `convert` replaces its weights by codes.

# %%
import logging
import warnings

# torchao says harmless things while it is imported (lesson 05).
logging.getLogger("torch.utils._pytree").setLevel(logging.ERROR)
warnings.filterwarnings("ignore", message="invalid escape sequence", category=SyntaxWarning)

from torchao.quantization import IntxWeightOnlyConfig, PerAxis, quantize_
from torchao.quantization.qat import QATConfig

base = IntxWeightOnlyConfig(weight_dtype=torch.int2, granularity=PerAxis(0))
prepared = copy.deepcopy(mlp)
quantize_(prepared, QATConfig(base, step="prepare"))
train_epoch(prepared, epoch=0)
with torch.no_grad():
    before = prepared(validation[0])
    quantize_(prepared, QATConfig(base, step="convert"))
    assert torch.equal(prepared(validation[0]), before)
weight = prepared[1].weight
print(type(weight).__name__, "| codes:", weight.qdata.unique().tolist(), weight.qdata.dtype)

# %% [markdown]
# What was trained is what is shipped: `convert` changes no logit, not by a bit. Each code takes a byte. torchao computes the scale
# anew in each step, $s = \max |w| / 1.5$ for each row at 2 bits. Does it train as we do? Here are the values and the gradients of
# layer 1.


# %%
def torchao_order(w: torch.Tensor, scale: torch.Tensor, bits: int) -> torch.Tensor:
    """The same values as `fake_quantize`: rounds first, then clips."""
    return scale * ste_round(w * (1 / scale)).clamp(*codes(bits))


class EachStep(QATLinear):
    """The scale follows the largest weight of the row at each step, as in torchao."""

    def __init__(self, layer, bits, scale, quantizer=fake_quantize):
        super().__init__(layer, bits, scale)
        self.quantizer = quantizer

    def rounded(self) -> torch.Tensor:
        most = self.weight.detach().abs().amax(1, keepdim=True)
        return self.quantizer(self.weight, most / (2 ** (self.bits - 1) - 0.5), self.bits)


# %% tags=["nbval-ignore-output"]
def logits_and_gradient(model):
    logits = model(train[0][:500])
    F.cross_entropy(logits, train[1][:500]).backward()
    return logits.detach(), model[1].weight.grad


library = copy.deepcopy(mlp)
quantize_(library, QATConfig(base, step="prepare"))
logits, by_library = logits_and_gradient(library)
differ = {}
for name, quantizer in {"ours": fake_quantize, "rounded first": torchao_order}.items():
    ours, by_us = logits_and_gradient(with_qat(mlp, 2, make=partial(EachStep, quantizer=quantizer)))
    assert torch.allclose(ours, logits, atol=1e-4)
    differ[name] = int((~torch.isclose(by_us, by_library, rtol=1e-3, atol=1e-6)).sum())
    print(f"{name:13}: equal logits; other gradients: {differ[name]:,} of 50,176")
assert differ["ours"] and not differ["rounded first"]

# %% [markdown]
# The logits are equal. The gradients are equal as well, all 50,176 of them, once two operations are exchanged: round first, then clip. To a value that makes no
# difference. What does it do to a gradient? Here are twelve weights and three rules:

# %%
some_steps = torch.tensor([-2.6, -2.3, -1.9, -1.6, -1.4, -0.6, 0.0, 0.4, 0.6, 0.9, 1.2, 1.6])
one = torch.tensor(1.0)
rules = {
    "ours (LSQ)": lambda w: fake_quantize(w, one, 2),
    "torch.fake_quantize_…": lambda w: torch.fake_quantize_per_tensor_affine(w, 1.0, 0, -2, 1),
    "torchao": lambda w: torchao_order(w, one, 2),
}
print(f"{'w / s':21}", *(f"{value:4.1f}" for value in some_steps.tolist()))
print(f"{'code':21}", *(f"{value:4.0f}" for value in rules["torchao"](some_steps).tolist()))
for name, rule in rules.items():
    w = some_steps.clone().requires_grad_()
    rule(w).sum().backward()
    print(f"{name:21}", *(f"{value:4.0f}" for value in w.grad.tolist()))
edge = torch.tensor(1.0, requires_grad=True)
edge.clamp(-2, 1).backward()
print("derivative of clamp exactly at its end, in this version:", edge.grad.item())

# %% [markdown]
# All three give the same codes. Ours stops the gradient beyond the last *level*, `torch.fake_quantize_…` half a step further out. In torchao
# a weight gets no gradient as soon as its **code** is the lowest or the highest: it is rounded exactly onto the end of the clip, where this
# PyTorch's `clamp` has the derivative 0. At 2 bits half of the codes are ends; at 8 bits two of 256 are.
# Two libraries that both “do QAT” need not train alike.
#
# A colleague forgets `prepare`: takes the float network, trains it, and calls `quantize_` with
# `QATConfig(base, step="convert")`. What comes out?

# %%
guess("convert without prepare", choices=["an error", "a warning", "int2 weights", "float weights"])

# %%
forgot = copy.deepcopy(mlp)
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    quantize_(forgot, QATConfig(base, step="convert"))
reveal("convert without prepare", "float weights")
print("warnings:", len(said), "| weight:", type(forgot[1].weight).__name__, forgot[1].weight.dtype)
assert torch.equal(forgot(validation[0]), mlp(validation[0]))

# %% [markdown]
# Nothing is said. `convert` replaces the layers that were prepared, and there were none. Look at `type(layer.weight)` of a linear layer before you believe a result. This
# version has two more limits: it takes linear layers only, and embeddings if a filter asks for them, so convolutions need a class of your own (part 7); and learned scales are a prototype
# without LSQ's $g$.
#
# ## 6 · Three levels, two levels
#
# Fewer than four levels need no new idea, only another function from weights to levels. **Ternary** weights are $-a$, 0 and $a$ (Li et al. 2016);
# weights of **one bit** are $-a$ and $a$ (Courbariaux et al. 2015; Rastegari et al. 2016). Each row has its own $a$.


# %%
def ternary(w: torch.Tensor) -> torch.Tensor:
    """−a, 0 or a per row: 0 below 0.7 times the mean magnitude (Li et al. 2016)."""
    stays = (w.abs() > 0.7 * w.abs().mean(1, keepdim=True)).float()
    a = (w.abs() * stays).sum(1, keepdim=True) / stays.sum(1, keepdim=True).clamp(min=1)
    return a * stays * w.sign()


def one_bit(w: torch.Tensor) -> torch.Tensor:
    """−a or a per row, with a the mean magnitude (Rastegari et al. 2016)."""
    return torch.where(w >= 0, 1.0, -1.0) * w.abs().mean(1, keepdim=True)


class FewLevels(QATLinear):
    """A linear layer whose weights go through `levels`, straight-through."""

    def __init__(self, layer, bits, scale, levels):
        super().__init__(layer, bits, scale)
        self.levels = levels

    def rounded(self) -> torch.Tensor:
        return straight_through(self.weight, self.levels(self.weight))


# %% [markdown]
# No weight is clipped here, and the gradient of $a$ is left out.
#
# All three layers of the MLP get one bit per weight: a sign, and one $a$ per row. Which accuracy does it reach on validation
# images when it is trained for twelve epochs?

# %%
guess("One bit per weight, trained: accuracy", low=0, high=1)

# %% tags=["nbval-ignore-output"]
shown = {}
for name, bits in (("ternary", 2), ("one_bit", 1)):
    shown[f"{name}, untrained"] = best(name, bits, "test", untrained)
    shown[f"{name}, biases alone"] = best(f"{name}: biases alone", bits, "test")
    shown[f"{name}, trained"] = best(name, bits, "test")
shown["2 bits, trained"] = best("from the best clip", 2, "test")
shown["float32, best of 0 to 12 more epochs"] = best("float", 32, "test")
signs_add = 100 * (shown["one_bit, trained"] - shown["one_bit, biases alone"])
print("points that the signs add:", signs_add.round(1).tolist())
assert (shown["one_bit, biases alone"] - shown["one_bit, untrained"]).mean() > 0.1
assert (signs_add > 2).all()
assert 0 < (shown["float32, best of 0 to 12 more epochs"] - shown["one_bit, trained"]).mean() < 0.05
print(pd.DataFrame(shown).T.agg(["mean", "min", "max"], axis=1).round(3))
signs = best("one_bit", 1)
reveal("One bit per weight, trained: accuracy", signs.mean(), between=(signs.min(), signs.max()))

# %% [markdown]
# It ends about two points below float32, with a thirty-second of its bits per weight. Untrained, the signs lose far more. Biases alone, with as many epochs as they
# needed, bring back most of it, to 0.77 in the mean; letting the signs move brings 3.4 to 7.1 points more. On large images
# it is harder: Rastegari et al. (2016) report 8.5 points less for ResNet-18 on ImageNet.
#
# > **A place to stop.** A network of signs works, if it is trained. Before you go on: a scale per row and batch norm both multiply a row of
# > a convolution. What becomes of the two in the end?
# > <details><summary>Answer</summary>One number: the scale times the factor of batch norm. The codes stay as they are.</details>
#
# ## 7 · Depthwise convolutions and batch norm
#
# Small networks for phones use **depthwise** convolutions: one 3×3 filter per channel, nine weights, and no sum over channels. They are
# known to be hard to quantize (Krishnamoorthi 2018). Ours has four of them, each followed by a 1×1 convolution, with batch norm after each:
# 4,602 parameters. It was trained until eight epochs in a row brought nothing. Beside it stands the CNN of lesson 04, treated alike.


# %%
class QATConv2d(QATLinear):
    """A convolution, rounded with a scale per output channel; batch norm stays behind it."""

    def __init__(self, layer: nn.Conv2d, bits: int, scale: torch.Tensor) -> None:
        super().__init__(layer, bits, scale[:, :, None, None])
        self.rest = layer.stride, layer.padding, layer.dilation, layer.groups

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.conv2d(x, self.rounded(), self.bias, *self.rest)


def either(layer, bits, scale):
    return (QATConv2d if isinstance(layer, nn.Conv2d) else QATLinear)(layer, bits, scale)


# %% tags=["nbval-ignore-output"]
networks = {"CNN": float_network("cnn"), "depthwise": float_network("depthwise")}
each_tensor = partial(for_the_tensor, largest_fits)
untuned = {}
for name, net in networks.items():
    print(f"{name}, float32: {accuracy(net, *validation):.3f}")
    tried = {"tensor, largest fits": (folded(net), each_tensor), "row, best clip": (net, best_clip)}
    for way, (start, choose) in tried.items():
        quantized = {b: with_qat(start, b, choose, either) for b in (8, 4, 3)}
        untuned[name, way] = {f"{b} bits": accuracy(q, *validation) for b, q in quantized.items()}
pd.DataFrame(untuned).T.round(3)

# %% [markdown]
# (Batch norm is folded into the weights of the first way and not of the second.) Eight bits per weight cost neither network as much as a point, even with one scale per tensor.
# Activations are float here; reports of depthwise networks that break in int8 round these as well. With fewer bits the two part: at 4 the CNN keeps nearly all and the depthwise network loses a lot; at 3 little of the depthwise one is left.
#
# Now do this and nothing else: take the network with 3 bits per weight, a scale per row, best clip, and let its batch norms average
# 2,000 training images anew. No weight changes, no label is used. What accuracy comes back?


# %%
def recalibrated(model):
    """A copy whose batch norms average 2,000 training images anew. No label, no gradient."""
    model = copy.deepcopy(model).train()
    for part in model:
        if isinstance(part, nn.BatchNorm2d):
            part.reset_running_stats()
            part.momentum = None  # the plain mean over all batches
    with torch.no_grad():
        for some in train[0][:2000].split(500):
            model(some)
    return model.eval()


# %%
guess("Batch norm averaged anew: accuracy", low=0, high=1)

# %% tags=["nbval-ignore-output"]
three = with_qat(networks["depthwise"], 3, make=either)
rounded_only, mended = (accuracy(net, *validation) for net in (three, recalibrated(three)))
print(f"3 bits: {rounded_only:.3f}, averaged anew {mended:.3f}")
deep = table[table.network == "depthwise"]
first = deep[(deep.epoch == 0) & (deep.bits == 3) & (deep.what == "from the best clip")]
seeds = first.validation_anew
reveal("Batch norm averaged anew: accuracy", seeds.mean(), between=(seeds.min(), seeds.max()))

# %% [markdown]
# Rounding changes the mean and the variance of what each channel sends on, and batch norm still holds the statistics of the float
# network. Most of what looked like lost weights was this shift. Averaging batch norm anew takes a moment and no label; do it before anything
# else. Here is what training adds, for eight epochs at 3 bits. The control keeps the rounded weights fixed and trains biases and batch norm only.


# %% tags=["nbval-ignore-output"]
assert mended > rounded_only + 0.3


def anew_at_best(what, bits=3):
    """Test accuracy, averaged anew, at the epoch that was best on validation, averaged anew."""
    chosen = deep[(deep.what == what) & (deep.bits == bits)]
    return chosen.loc[chosen.groupby("seed").validation_anew.idxmax()].set_index("seed").test_anew


# %% tags=["nbval-ignore-output"]
levels = {
    "float32, best of 0 to 8 more epochs": best("float", 32, "test", deep),
    "3 bits": first.set_index("seed").test,
    "3 bits, averaged anew": first.set_index("seed").test_anew,
    "weights fixed, rest trained": best("weights fixed", 3, "test", deep),
    "weights fixed, rest trained, averaged anew": anew_at_best("weights fixed"),
    "QAT, as it is": best("from the best clip", 3, "test", deep),
    "QAT, averaged anew": anew_at_best("from the best clip"),
    "4 bits, QAT, averaged anew": anew_at_best("from the best clip", 4),
}
print(pd.DataFrame(levels).T.round(3))
qat, calibrated = levels["QAT, averaged anew"], levels["3 bits, averaged anew"]
assert (qat > calibrated + 0.02).all()
assert (levels["QAT, as it is"] < levels["weights fixed, rest trained"]).all()
for what, bits in (("float", 32), ("weights fixed", 3), ("from the best clip", 3)):
    tuned = deep[(deep.what == what) & (deep.bits == bits) & (deep.epoch > 0)]
    lag = 100 * (tuned.validation_anew - tuned.validation)
    print(f"{what}: averaging anew {lag.mean():+.1f} points, {lag.min():+.1f} to {lag.max():+.1f}")
assert lag.mean() > 1

# %% [markdown]
# Averaging anew brings most of the rescue, and training biases and batch norm with fixed weights a further part. Training the weights as well adds a point or two in two
# of the three seeds and nothing in the third, and with more epochs the control might still gain. And look at *QAT, as it is*: in each seed it ends **below** the control whose weights are fixed,
# and only averaging anew shows what it has gained, in two of three seeds. The running statistics are those of the last steps, in which levels were still jumping; where none jumps, in float or with
# fixed weights, averaging anew changes next to nothing on average.
#
# ## 8 · What it costs, and when it gains nothing
#
# Here is what rounding in the loop costs: processor time for 64 images, forward and backward.


# %% tags=["nbval-ignore-output"]
def one_step(model):
    @torch.enable_grad()
    def run():
        F.cross_entropy(model(train[0][:64]), train[1][:64]).backward()

    return run


sizes = [4 * 4 * weight.numel() for weight in mlp.parameters()]
print(f"weights, gradients and Adam's two numbers: {sum(sizes):,} bytes, whatever the bits")
calls = {"float32": one_step(copy.deepcopy(mlp)), "QAT": one_step(with_qat(mlp, 2))}
for name, its in latency(calls, runs=60, clock=time.process_time).items():
    middle = f"{1e3 * its.lower_quartile:.2f} to {1e3 * its.upper_quartile:.2f}"
    print(f"{name:8} {1e3 * its.median:.2f} ms (middle half {middle})")

eight = 100 * (best("from the largest", 8, "test") - best("float", 32, "test"))
simple = 100 * (best("from the largest", 8, "test", untrained) - lines["float32"])
print("int8, trained, less float32 trained alike, in points:", eight.round(1).tolist())
print("int8, only rounded, less float32, in points:     ", simple.round(1).tolist())
assert abs(eight.mean()) < 0.7 and abs(simple).max() < 0.7

# %% [markdown]
# A step takes longer, since it rounds every weight anew. And at 8 bits per weight, with float activations, there is nothing to gain: rounding alone loses nothing, and
# trained alike, int8 is ahead of float32 by 0.3 points in the mean, from −0.1 to 0.7, which five seeds can't tell from 0. Train for int8 only where rounding has *measurably* hurt, and ask first for the clip, for batch norm, and for the biases.

# %% tags=["nbval-ignore-output"]
guesses()

# %% [markdown]
# ## You can now…
#
# - train a network with its rounding in the loop, by a straight-through estimator of your own, and say why a true gradient would not do;
# - say which weights get a gradient, which get none, and what becomes of those at the end codes;
# - let a scale learn, with the right gradient and the right factor;
# - do the same with torchao, and prove by a type that it is converted;
# - tell what is lost in weights from what is lost in batch norm's statistics;
# - say what few bits cost and what training gains, each against the network that differs in nothing else.
#
# **Common mistakes**
#
# - Rounding without a detour. Every gradient is 0, nothing is raised, and only biases learn.
# - Rounding first and `clamp` after it, in this PyTorch: weights on the two end codes get no gradient.
# - `convert` on a model that was never prepared. It stays float, in silence.
# - Comparing with a float network that trained less, or with two bits whose range is bad.
# - Measuring with batch norm in training mode, or with statistics of other weights.
#
# ## Cheat sheet
#
# | to | write |
# |---|---|
# | round with a gradient | `x.round().detach() + (x - x.detach())` |
# | quantize in the loop | $\hat w = s \cdot \operatorname{round}(\operatorname{clip}(w/s,\ -2^{b-1},\ 2^{b-1}-1))$; clip first, then round |
# | know the gradient of a weight | what comes from above if it is inside, 0 if it is clipped (ours; torchao: 0 at both end codes; signs and ternary: never 0) |
# | let the scale learn | $\partial\hat w/\partial s = q - w/s$ inside, $q$ where clipped; times $1/\sqrt{N q_{\max}}$ |
# | have three levels | 0 if $\lvert w\rvert \le 0.7$ of the row's mean magnitude, else $\pm a$; $a$: mean magnitude of those that stay |
# | have two levels | $a \cdot \operatorname{sign}(w)$, $a$: mean magnitude of the row |
# | use torchao | `quantize_(m, QATConfig(base, step="prepare"))`, train, `quantize_(m, QATConfig(base, step="convert"))` |
# | prove it | `type(layer.weight).__name__` of a linear layer is not `Parameter`; linear layers only |
# | mend batch norm | statistics averaged anew with the quantized weights, no labels; measure in `eval()` |
# | judge it | float with equal epochs, two bits with the best clip, several seeds |
#
# Order of work: round only, with the best clip → statistics anew → enough? stop → prepare → train → convert → look at the type → measure.

# %% [markdown]
# ## Practise
#
# Nothing below is marked, and nothing leaves this machine. What you do is kept in one file, `progress.sqlite`,
# in the folder above this one, so you can stop at any time and go on where you were. Everything works by mouse and by keyboard.
# In any notebook, `cheat_sheet("06")` from `coursekit.learn.widgets` brings the page above back.
#
# **Cards.** Say the answer aloud before you turn one. Those you forget come back soon.

# %%
cards("06")

# %% [markdown]
# **Quiz.** Each option tells why it is right or wrong, and you may try again.

# %%
quiz("06")

# %% [markdown]
# **In your own words.** Write two or three sentences. You see which ideas were found in them.

# %%
respond("06")

# %% [markdown]
# **Practice.** From easy to hard, with a hint and worked steps when you want them.

# %%
practice("06")

# %% [markdown]
# **Traces.** Follow a run step by step. Say what comes next before you press the button.

# %% tags=["nbval-ignore-output"]
trace("06")

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
# - Y. Bengio, N. Léonard, A. Courville (2013): *Estimating or Propagating Gradients Through Stochastic Neurons for Conditional
#   Computation*. arXiv:1308.3432. Straight-through, which they credit to G. Hinton's lectures of 2012.
# - B. Jacob et al. (2018): *Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
#   Inference*. CVPR. arXiv:1712.05877. Fake quantization during training.
# - S. Esser, J. McKinstry, D. Bablani, R. Appuswamy, D. Modha (2020): *Learned Step Size Quantization*. ICLR.
#   arXiv:1902.08153. LSQ.
# - P. Yin et al. (2019): *Understanding Straight-Through Estimator in Training Activation Quantized Neural Nets*. ICLR.
#   arXiv:1903.05662. When it descends, and when it does not.
# - M. Nagel, M. Fournarakis, Y. Bondarenko, T. Blankevoort (2022): *Overcoming Oscillations in Quantization-Aware Training*.
#   ICML. arXiv:2203.11086. Weights at a border, and batch norm's statistics.
# - F. Li, B. Zhang, B. Liu (2016): *Ternary Weight Networks*. arXiv:1605.04711.
# - M. Courbariaux, Y. Bengio, J.-P. David (2015): *BinaryConnect: Training Deep Neural Networks with Binary Weights during
#   Propagations*. NeurIPS. arXiv:1511.00363.
# - M. Rastegari, V. Ordonez, J. Redmon, A. Farhadi (2016): *XNOR-Net: ImageNet Classification Using Binary Convolutional Neural
#   Networks*. ECCV. arXiv:1603.05279. A scale beside each row of signs.
# - R. Krishnamoorthi (2018): *Quantizing deep convolutional networks for efficient inference: A whitepaper*.
#   arXiv:1806.08342. Depthwise convolutions.
# - A. Howard et al. (2017): *MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications*.
#   arXiv:1704.04861.
# - PyTorch: [torchao, quantization-aware training](https://docs.pytorch.org/ao/stable/).
# - H. Xiao, K. Rasul, R. Vollgraf (2017): *Fashion-MNIST*. arXiv:1708.07747. The images.
