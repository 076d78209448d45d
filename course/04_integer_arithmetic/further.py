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
# # 04 · Integer arithmetic, further
#
# This page holds what we measured for lesson 04 and left out of it. No exercise needs it. Read what you are curious about, in any order:
#
# 1. how wide a sum can get,
# 2. all kernels of LiteRT, and which of them round twice,
# 3. what folding does to the channels,
# 4. what one bit of `reduce_range` costs.

# %%
import warnings
from dataclasses import replace

import torch
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from coursekit.lesson_04.int8_networks import (
    float_network,
    int8_file,
    layers,
    predict_codes,
    sum_in_pairs,
)
from coursekit.lesson_04.traces import multiplier_and_shift
from coursekit.nets.data import load_fashion_mnist
from coursekit.nets.tflite import read
from coursekit.pictures import plot

data = load_fashion_mnist()
labels = torch.from_numpy(data.test.labels).long()
codes = (torch.from_numpy(data.test.images).flatten(1).int() - 128).to(torch.int8)
mlp, cnn = (layers(read(int8_file(name))) for name in ("mlp", "cnn"))


def accumulate(values, layer):
    bias = layer.bias - layer.input_zero * layer.weights.sum(1, dtype=torch.int32)
    return values.int() @ layer.weights.int().t() + bias


def shifted(values, k):
    return (values + (1 << (k - 1))) >> k


def once(a, m, k):
    return shifted(a.long() * m, k)


def twice(a, m, k):
    high = shifted(a.long() * m, torch.tensor(31))
    return torch.where(k > 31, shifted(high, (k - 31).clamp(min=1)), high)


def requantize(a, layer, rule):
    ratios = layer.input_scale * layer.weight_scales.double() / layer.output_scale
    pairs = torch.tensor([multiplier_and_shift(ratio) for ratio in ratios.tolist()])
    return (rule(a, *pairs.unbind(1)) + layer.output_zero).clamp(-128, 127).to(torch.int8)


def run_mlp(network, values, rule):
    for layer in network:
        values = requantize(accumulate(values, layer), layer, rule)
    return values


def right(logits):
    return float((logits.argmax(1) == labels).double().mean())


# %% [markdown]
# ## 1 · How wide a sum can get
#
# $n$ products of int8, each at most $2^{14}$, sum to at most $n \cdot 2^{14}$. An int32 ends at $2^{31} - 1$, so it holds 131,071 of them. One more,
# and it wraps around, without a word:

# %%
for n in (131_071, 131_072, 140_000):
    lowest = torch.full((1, n), -128, dtype=torch.int8)
    total = torch._int_mm(lowest, lowest.t().contiguous()).item()
    print(f"{n:,} products of (−128)·(−128): {total:,}, exact would be {n * 2**14:,}")

# Going over the end on the way does no harm, as long as the whole sum fits.
on_the_way = torch.tensor([100, 100, -120], dtype=torch.int8)
print("running sums in int8:", on_the_way.cumsum(0, dtype=torch.int8).tolist())
assert on_the_way.sum(dtype=torch.int8) == 80

# %% [markdown]
# How many bits does layer 1 of the MLP need? It depends on what you know: only the types, these weights with the worst image there can be, or
# the sums of 2,000 real images.


# %%
def bits_for(low: int, high: int) -> int:
    """The fewest bits, the sign included, that hold both ends."""
    return 1 + max(high, -low - 1, 0).bit_length()


weights, bias = mlp[0].weights.int(), mlp[0].bias
positive, negative = weights.clamp(min=0).sum(1), weights.clamp(max=0).sum(1)
sums = accumulate(codes, mlp[0])
ends = {
    "types alone": (-784 * 255 * 127, 784 * 255 * 127),
    "these weights": (int((255 * negative + bias).min()), int((255 * positive + bias).max())),
    "2,000 images": (int(sums.min()), int(sums.max())),
}
for name, (low, high) in ends.items():
    print(f"{name:14} {low:12,} to {high:11,}   {bits_for(low, high)} bits")
assert [bits_for(*pair) for pair in ends.values()] == [26, 24, 23]

# %% [markdown]
# Each bit is a factor of two, so much smaller sums save only a few bits. The first line is a promise for every network of this shape, the bias apart. The
# second is a promise for this network: a chip whose accumulator has 24 bits could run this layer. The third promises nothing.
#
# ## 2 · All kernels of LiteRT
#
# LiteRT has three sets: *plain*, its own, without XNNPACK; *reference*, slow ones that are meant to be read; and *fast*, XNNPACK's, the
# default. Here is how many of 20,000 logits differ from ours, for each rounding rule.


# %%
def run_cnn(images, in_convolutions, in_linear):
    values = images
    for layer in cnn[:2]:
        padded = F.pad(values, (0, 0, 1, 1, 1, 1), value=layer.input_zero)
        windows = padded.unfold(1, 3, 1).unfold(2, 3, 1)
        patches = windows.permute(0, 1, 2, 4, 5, 3).flatten(3)
        flat = replace(layer, weights=layer.weights.flatten(1))
        values = requantize(accumulate(patches.flatten(0, 2), flat), layer, in_convolutions)
        values = values.reshape(*patches.shape[:3], -1)
        n, height, width, channels = values.shape
        values = values.reshape(n, height // 2, 2, width // 2, 2, channels).amax((2, 4))
    return requantize(accumulate(values.flatten(1), cnn[2]), cnn[2], in_linear)


pictures = codes.reshape(-1, 28, 28, 1)
ours = {
    ("mlp", "once"): run_mlp(mlp, codes, once),
    ("mlp", "twice"): run_mlp(mlp, codes, twice),
    ("cnn", "once"): run_cnn(pictures, once, once),
    ("cnn", "twice"): run_cnn(pictures, twice, twice),
    ("cnn", "twice, once in the linear layer"): run_cnn(pictures, twice, once),
}

# %% tags=["nbval-ignore-output"]
kernels = ("plain", "reference", "fast")
inputs = {"mlp": codes.numpy(), "cnn": pictures.numpy()}
theirs = {
    (network, kind): torch.from_numpy(predict_codes(int8_file(network), inputs[network], kind))
    for network in inputs
    for kind in kernels
}
differ = {
    (network, rule): [int((mine != theirs[network, kind]).sum()) for kind in kernels]
    for (network, rule), mine in ours.items()
}
print(f"{'network, rounded':40}", *(f"{kind:>10}" for kind in kernels))
for (network, rule), counts in differ.items():
    print(f"{network + ', ' + rule:40}", *(f"{count:10}" for count in counts))
assert differ["mlp", "twice"][0] == 0 and differ["mlp", "once"][1] == 0
assert differ["cnn", "twice"][0] == 0
assert differ["cnn", "twice, once in the linear layer"][1] == 0
for (network, _), mine in ours.items():
    gaps = [(mine.int() - theirs[network, kind].int()).abs().max() for kind in kernels]
    assert max(gaps) <= 1

# %% [markdown]
# The plain kernels round twice everywhere. The reference kernels round twice in convolutions and once in linear layers. XNNPACK, the default, multiplies by
# a float32 and comes next to one rounding. No result is more than one step from any other. The kernels for microcontrollers work on
# integers (Jacob et al. 2018 describe the scheme), and the rounding has changed over the years
# ([issue 25087](https://github.com/tensorflow/tensorflow/issues/25087)).
#
# ## 3 · What folding does to the channels
#
# Folding multiplies each channel by a factor of its own. How far apart are the largest weights of the channels, before and after?

# %%
original = float_network("cnn")
spreads = {}
with torch.no_grad():
    for name, place in (("convolution 1", 0), ("convolution 2", 4)):
        conv, norm = original[place], original[place + 1]
        for when, layer in (("before", conv), ("after", fuse_conv_bn_eval(conv, norm))):
            size = layer.weight.abs().amax((1, 2, 3))
            spreads[f"{name}, {when}"] = float(size.max() / size.min())
fig, ax = plot.figure(height=2)
plot.bars(ax, list(spreads), list(spreads.values()), label="{:.1f}")
ax.set(title="Largest channel over smallest channel", xlabel="ratio")
plot.show(fig, alt="Four bars: two convolutions, before and after batch norm is folded.")
assert spreads["convolution 1, after"] > 2 * spreads["convolution 1, before"]

# %% [markdown]
# In the first convolution the channels drift apart, in the second hardly. That is one more reason for a scale per channel.
#
# ## 4 · What one bit of `reduce_range` costs
#
# In lesson 04 the network behind a scanner lost nearly six points, because pairs saturated. PyTorch's remedy gives up one bit of the inputs, and
# ONNX Runtime's gives up one bit of the weights. What does PyTorch's cost?

# %%
scanned, turned = 255 - (codes.int() + 128), -mlp[0].weights
turned_bias = mlp[0].bias + 255 * mlp[0].weights.sum(1, dtype=torch.int32)
reduced = (scanned * 127 / 255).round().int()
coarse = replace(mlp[0], input_scale=mlp[0].input_scale * 255 / 127)
coarse_bias = (turned_bias * 127 / 255).round().int()  # in the new, longer steps
firsts = {
    "exact": (accumulate(codes, mlp[0]), mlp[0]),
    "pairs saturate": (sum_in_pairs(scanned, turned, saturate=True) + turned_bias, mlp[0]),
    "pairs saturate, 7-bit inputs": (
        sum_in_pairs(reduced, turned, saturate=True) + coarse_bias,
        coarse,
    ),
}
logits = {
    name: run_mlp(mlp[1:], requantize(a, layer, twice), twice)
    for name, (a, layer) in firsts.items()
}
changed = [int((one.argmax(1) != logits["exact"].argmax(1)).sum()) for one in logits.values()]
fig, ax = plot.figure(height=2)
plot.bars(ax, list(logits), changed)
ax.set(title="Black on white: answers that differ from exact sums", xlabel="of 2,000 images")
plot.show(fig, alt="Three bars: answers that differ with exact sums, saturated, and with 7 bits.")
print("accuracy:", {name: right(one) for name, one in logits.items()})
for backend in ("x86", "onednn"):
    with warnings.catch_warnings(action="ignore"):  # on a processor without VNNI it has one
        settings = torch.ao.quantization.get_default_qconfig(backend).activation.p.keywords
    print(f"PyTorch's default for {backend}: reduce_range={settings['reduce_range']}")
assert changed[2] < changed[1] / 5

# %% [markdown]
# One bit less changes a handful of answers, as any coarser step does, and no sum is wrong. PyTorch's older API (deprecated: lesson 05) reduces the range by
# default for its engine `x86`, also on processors with VNNI, which don't need it.
