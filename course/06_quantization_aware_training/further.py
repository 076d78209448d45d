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
# # 06 · Quantization-aware training, further
#
# This page holds what we measured for lesson 06 and left out of it. No exercise needs it. Read what you are curious about, in any order:
#
# 1. does it have to be this slope?
# 2. what biases and weights add, a scale per row and one per tensor,
# 3. the gradient of a step, and what happens without LSQ's factor,
# 4. torchao's gradients,
# 5. three levels, two levels,
# 6. a depthwise network with rounded weights,
# 7. what a step of training costs.
#
# `make_qat.py` beside this page's source has run these functions for five seeds, float networks included.

# %%
import copy
import logging
import time
import warnings
from functools import partial

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.nn import functional as F

from coursekit.nets.data import load_fashion_mnist, load_results
from coursekit.nets.measure import accuracy, latency
from coursekit.nets.networks import float_network, folded
from coursekit.nets.train import fit, set_seed
from coursekit.pictures import plot

# torchao says harmless things while it is imported (lesson 05).
logging.getLogger("torch.utils._pytree").setLevel(logging.ERROR)
warnings.filterwarnings("ignore", message="invalid escape sequence", category=SyntaxWarning)
from torchao.quantization import IntxWeightOnlyConfig, PerAxis, quantize_
from torchao.quantization.qat import QATConfig

set_seed(0)

# %% [markdown]
# The functions of the lesson, with a choice of who shares a scale:


# %%
def codes(bits: int) -> tuple[int, int]:
    """The lowest and the highest code: −2 and 1 for 2 bits."""
    return -(2 ** (bits - 1)), 2 ** (bits - 1) - 1


def straight_through(x: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """The value of `value`, with the gradient of `x`; both finite."""
    return value.detach() + (x - x.detach())


def ste_round(x: torch.Tensor) -> torch.Tensor:
    return straight_through(x, x.round())


def fake_quantize(w: torch.Tensor, scale: torch.Tensor, bits: int) -> torch.Tensor:
    """To the nearest of the levels and back. Where it clips, the gradient is 0."""
    return scale * ste_round((w * (1 / scale)).clamp(*codes(bits)))


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


# %% tags=["nbval-ignore-output"]
data = load_fashion_mnist()
train, validation = (part.tensors() for part in data.train.hold_out(2000))
test = data.test.tensors()
mlp = float_network("mlp")


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
# ## 1 · Does it have to be this slope?
#
# The derivative of round is 0, and straight-through says 1. Any slope can stand in the place of 1.


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
crowd = torch.linspace(-3, 2, 1_000_001, dtype=torch.float64)
moved = (crowd + 0.1).round().clamp(-2, 1) - crowd.round().clamp(-2, 1)
print(f"a crowd moved by 0.1: its codes rise by {moved.mean() / 0.1:.3f} of that")
print(f"straight-through says:                  {((crowd > -2) & (crowd < 1)).double().mean():.3f}")

# %% [markdown]
# For a crowd of weights, evenly spread, straight-through is exact even for hard rounding: move a million of them by a tenth of a step, and those few that jump lift the sum as much as if all had moved. But a loss is no sum of weights, so it's no gradient of the rounded network's loss.
#
# Here are five seeds of each backward pass, twelve epochs of Adam, and twelve of plain SGD with the better of two learning rates; the forward pass is always the same hard rounding. *Moved* is the share of weights that end on another level.

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
# With Adam all five slopes do alike, and that is Adam's doing: it divides each weight's gradient by its own usual size, so a factor in front of it cancels. With plain SGD the slope half a step off moves fewer than one weight in a thousand, and five seeds can't tell where it ends from straight-through. The narrow slope at the right place is better than straight-through in each of the five seeds. Where the slope stands does matter; Adam hides it. (Both rates of SGD are at an edge of what was tried.)
#
# ## 2 · What biases and weights add
#
# Each was trained with the learning rates 0.0003, 0.001 and 0.003, until four more epochs gained nothing. Rate and epoch are chosen on validation images; the table shows 2,000 *test* images, which chose nothing.

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
pd.DataFrame(lines).T.agg(["mean", "min", "max"], axis=1).round(3)

# %% [markdown]
# What the *weights* add is 1.1 points on average with a scale per row, from 0 to 2.6 over the seeds, and 1.7 with one per tensor, from 0.5 to 2.7. Read these differences as rough: each way was given three rates, and the best may lie beyond them. One scale per tensor starts better but ends no better, as far as five seeds can tell. The gap to float32 is half a point or less on average, and not always in the same direction.
#
# Training doesn't come to rest. Some weights are **oscillating** (Nagel et al. 2022): one whose best value lies between two levels is pushed over the border and back.

# %% tags=["nbval-ignore-output"]
two_bits = with_qat(mlp, 2)
at_first = [layer.rounded().detach() for layer in two_bits[1::2]]
train_more(two_bits)
at_last = [layer.rounded().detach() for layer in two_bits[1::2]]
train_epoch(two_bits, epoch=12)
later = [layer.rounded().detach() for layer in two_bits[1::2]]
flips = sum(int((a != b).sum()) for a, b in zip(at_last, later, strict=True))
triples = zip(at_first, at_last, later, strict=True)
back = sum(int(((a == c) & (b != c)).sum()) for a, b, c in triples)
total = sum(a.numel() for a in at_first)
print(f"one more epoch: {flips / total:.1%} change again, {back / flips:.0%} of them back")

# %% [markdown]
# ## 3 · The gradient of a step
#
# For one weight that does not jump, the true derivative of $\hat w = s\,q$ is $q$, without the $-w/s$ of LSQ. A finite difference decides, and it should be asked of a crowd: a million weights, spread evenly over eight steps, and a scale that grows by one percent.

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
# When the scale grows, some weights jump to the code nearer to 0. Each of them moves by a whole step, and together they are the term $-w/s$. LSQ's gradient counts them; $q$ alone does not.
#
# One scale collects the gradients of all $N$ weights that share it. LSQ therefore multiplies by $g = 1/\sqrt{N\,q_{\max}}$. Each layer gets **one** learned scale, starting from the best clip, and an epoch of plain SGD with the learning rate 0.1. Somebody forgets $g$:


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

# %% tags=["nbval-ignore-output"]
assert by_sgd["with g"] > 0.75 and by_sgd["without"] < 0.6
by_adam = [with_qat(mlp, 2, make=make) for make in makes.values()]
for tried in by_adam:
    train_epoch(tried, epoch=0)
apart = (by_adam[0][1].scale / by_adam[1][1].scale - 1).abs().max().item()
print(f"Adam: scales with and without g, apart by at most {apart:.3%}")
assert apart < 0.01

# %% [markdown]
# The scale of layer 1 becomes many times too long, and the network is ruined. With **Adam** $g$ makes hardly any difference, as the last line measures with a scale per row: a factor cancels there.
#
# Does learning the scale pay for weights, with a scale per row? Here are five seeds from the best clip, and three from starts that are wrong on purpose:

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
# From a good start learning the scale gains nothing that five seeds could show. From half the step it gains two points. From an eighth it saves the network: what is clipped gets no gradient, and the scale can still move. From eight times the step twelve epochs are not enough to recover, fixed or learned. (With rounded activations it's another matter: see the lesson.)
#
# ## 4 · torchao's gradients
#
# torchao computes the scale again in each step, $s = \max |w| / 1.5$ for each row at 2 bits. Does it train as we do? Here are the values and the gradients of layer 1.


# %%
base = IntxWeightOnlyConfig(weight_dtype=torch.int2, granularity=PerAxis(0))


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
# The logits are equal. The gradients are equal as well, all 50,176 of them, once two operations are exchanged: round first, then clip. To a value that makes no difference. What does it do to a gradient? Here are twelve weights and three rules:

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
# All three give the same codes. Ours stops the gradient beyond the last *level*, `torch.fake_quantize_…` half a step further out. In torchao a weight gets no gradient as soon as its **code** is the lowest or the highest: it is rounded exactly onto the end of the clip, where this PyTorch's `clamp` has the derivative 0. At 2 bits half of the codes are ends; at 8 bits two of 256 are. Embeddings are taken if a filter asks for them, and learned scales are a prototype without LSQ's $g$.
#
# ## 5 · Three levels, two levels
#
# Fewer than four levels need no new idea, only another function from weights to levels. **Ternary** weights are $-a$, 0 and $a$ (Li et al. 2016); weights of **one bit** are $-a$ and $a$ (Courbariaux et al. 2015; Rastegari et al. 2016). Each row has its own $a$. No weight is clipped here, and the gradient of $a$ is left out.


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
print(pd.DataFrame(shown).T.agg(["mean", "min", "max"], axis=1).round(3))

# %%
assert (shown["one_bit, biases alone"] - shown["one_bit, untrained"]).mean() > 0.1
assert (signs_add > 2).all()
assert 0 < (shown["float32, best of 0 to 12 more epochs"] - shown["one_bit, trained"]).mean() < 0.05

# %% [markdown]
# One bit ends about two points below float32, with a thirty-second of its bits per weight. Untrained, the signs lose far more. Biases alone bring back most of it, to 0.77 on average; letting the signs move adds 3.4 to 7.1 points. On large images it is harder: Rastegari et al. (2016) report 8.5 points less for ResNet-18 on ImageNet.
#
# ## 6 · A depthwise network with rounded weights
#
# Depthwise networks are known to be hard to quantize (Krishnamoorthi 2018). Beside ours stands the CNN of lesson 04, treated alike: only weights are rounded, activations stay float.


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
# (Batch norm is folded into the weights of the first way and not of the second.) Eight bits per weight cost neither of these two networks as much as a point, even with one scale per tensor. With fewer bits they part: at 4 the CNN keeps nearly all and the depthwise network loses a lot; at 3 little of the depthwise one is left.
#
# Re-estimating batch norm takes a moment and no label. Here is what training adds, for eight epochs at 3 bits. The control keeps the rounded weights fixed and trains biases and batch norm only.


# %%
def recalibrated(model):
    """A copy with batch norm re-estimated on 2,000 training images. No label, no gradient."""
    model = copy.deepcopy(model).train()
    for part in model:
        if isinstance(part, nn.BatchNorm2d):
            part.reset_running_stats()
            part.momentum = None  # the plain mean over all batches
    with torch.no_grad():
        for some in train[0][:2000].split(500):
            model(some)
    return model.eval()


# %% tags=["nbval-ignore-output"]
deep = table[table.network == "depthwise"]
first = deep[(deep.epoch == 0) & (deep.bits == 3) & (deep.what == "from the best clip")]


def anew_at_best(what, bits=3):
    """Test accuracy, re-estimated, at the epoch that was best on validation, re-estimated."""
    chosen = deep[(deep.what == what) & (deep.bits == bits)]
    return chosen.loc[chosen.groupby("seed").validation_anew.idxmax()].set_index("seed").test_anew


# %% tags=["nbval-ignore-output"]
levels = {
    "float32, best of 0 to 8 more epochs": best("float", 32, "test", deep),
    "3 bits": first.set_index("seed").test,
    "3 bits, re-estimated": first.set_index("seed").test_anew,
    "weights fixed, rest trained": best("weights fixed", 3, "test", deep),
    "weights fixed, rest trained, re-estimated": anew_at_best("weights fixed"),
    "QAT, as it is": best("from the best clip", 3, "test", deep),
    "QAT, re-estimated": anew_at_best("from the best clip"),
    "4 bits, QAT, re-estimated": anew_at_best("from the best clip", 4),
}
print(pd.DataFrame(levels).T.round(3))
qat, calibrated = levels["QAT, re-estimated"], levels["3 bits, re-estimated"]
assert (qat > calibrated + 0.02).all()
assert (levels["QAT, as it is"] < levels["weights fixed, rest trained"]).all()
for what, bits in (("float", 32), ("weights fixed", 3), ("from the best clip", 3)):
    tuned = deep[(deep.what == what) & (deep.bits == bits) & (deep.epoch > 0)]
    lag = 100 * (tuned.validation_anew - tuned.validation)
    print(f"{what}: re-estimating {lag.mean():+.1f} points, {lag.min():+.1f} to {lag.max():+.1f}")
assert lag.mean() > 1

# %% [markdown]
# Re-estimating the statistics recovers most of it; training only biases and batch norm recovers some more. Training the weights as well adds a point or two in two of the three seeds and nothing in the third. And look at *QAT, as it is*: in each seed it ends **below** the control whose weights are fixed, and only re-estimating shows what it has gained. The running statistics are those of the last steps, in which levels were still jumping; where none jumps, re-estimating changes next to nothing on average.
#
# ## 7 · What a step of training costs
#
# Processor time for 64 images, forward and backward:


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
# A step takes longer, since it rounds every weight again. And at 8 bits per weight, with float activations, there is nothing to gain: rounding alone loses nothing, and trained alike, int8 is ahead of float32 by 0.3 points on average, from −0.1 to 0.7, which five seeds can't tell from 0.
#
# ## References
#
# - Y. Bengio, N. Léonard, A. Courville (2013): *Estimating or Propagating Gradients Through Stochastic Neurons for Conditional
#   Computation*. arXiv:1308.3432. Straight-through, which they credit to G. Hinton's lectures of 2012.
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
