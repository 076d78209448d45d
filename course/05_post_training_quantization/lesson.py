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
# # 05 · Post-training quantization in PyTorch
#
# **I quantized my network to int8 with the library that PyTorch recommends. I had read that this makes it smaller
# and faster. Does it?**
#
# *Post-training quantization* takes a network that is trained already, and stores or computes it in fewer bits. It
# needs no training, so it is the first thing to try. This lesson shows its three kinds, what each one really gains,
# and how to prove it.
#
# It takes about {minutes} minutes, with two marked places to stop. You need a little PyTorch: `nn.Linear`, `nn.Conv2d`,
# `state_dict`. (Never used a convolution? [The primers](primers.ipynb) have one in five minutes.) From lesson 02 you need
# scale and zero point; part 1 repeats what it uses.
#
# Move the picture first. One of ten hidden units is doubled again and again, and what it adds to the answer is halved as
# often. In float32 nothing changes. What happens to the other units in int8?

# %% tags=["nbval-ignore-output"]
from coursekit.lesson_05.opening import large_unit

large_unit()

# %% [markdown]
# Three questions from lesson 02 before you begin. A symmetric range ends at 1.27: how large is a step of int8? What does one
# more bit bring, in decibels, if the range stays? Why must 0 have a level of its own?
#
# <details><summary>Answers</summary>
#
# 0.01. About 6 dB: the steps are half as large. Zeros are many (padding, silent ReLUs, pruned weights), and if they are off, they are all off in
# the same direction.
#
# </details>
#
# Now the question of the title. LeNet-300-100 (784 inputs, 300 and 100 hidden units, 10 outputs) goes through torchao's
# `quantize_` with `Int8DynamicActivationInt8WeightConfig`: int8 weights, int8 inputs. How big is the saved file, and how
# long does one image take? The float32 network counts as 1. Before a result that matters, a cell asks for your guess: type
# it into the field and press Enter, then run on.

# %%
import copy
import logging
import math
import warnings
from collections.abc import Iterable
from functools import partial

import numpy as np
import pandas as pd
import torch
from torch import nn

from coursekit import guess, guesses, mark_guess, reveal
from coursekit.pictures import plot
from coursekit.nets.data import load_fashion_mnist, load_results
from coursekit.nets.measure import accuracy, compare, latency, saved_bytes
from coursekit.nets.networks import lenet, small_cnn
from coursekit.nets.train import fit, set_seed
from coursekit.learn.widgets import cards, pattern_test, practice, progress, quiz, respond, trace

set_seed(0)

# %%
# Two harmless lines while torchao is imported: it registers a type twice, and Python 3.12 and later
# warn of how its source is written.
logging.getLogger("torch.utils._pytree").setLevel(logging.ERROR)
warnings.filterwarnings("ignore", message="invalid escape sequence", category=SyntaxWarning)
from torchao.quantization import (
    Int8DynamicActivationInt8WeightConfig,
    Int8StaticActivationInt8WeightConfig,
    Int8WeightOnlyConfig,
    IntxWeightOnlyConfig,
    PerAxis,
    PerRow,
    PerTensor,
    quantize_,
)
from torchao.quantization.quant_primitives import MappingType


# %%
def quantized(model: nn.Module, config: object) -> nn.Module:
    """A copy of `model`, quantized by torchao. (`quantize_` itself works in place.)"""
    model = copy.deepcopy(model)
    quantize_(model, config)
    return model


untrained = lenet().eval()
puzzle = quantized(untrained, Int8DynamicActivationInt8WeightConfig())

# %%
guess("int8 by torchao: size of the file", unit="× float32")

# %%
guess("int8 by torchao: time for one image", unit="× float32")

# %% tags=["nbval-ignore-output"]
image = torch.rand(1, 1, 28, 28)
times = latency({"float32": lambda: untrained(image), "int8": lambda: puzzle(image)})
time_ratio = times["int8"].median / times["float32"].median
file_ratio = saved_bytes(puzzle) / saved_bytes(untrained)

fig, ax = plot.figure(height=1.9)
plot.bars(ax, ["file", "time for one image"], [file_ratio, time_ratio], label="{:.2f}")
ax.axvline(1, color="black", linewidth=1)
ax.set(title="int8 by the book", xlabel="float32 network = 1")
mark_guess(ax, "int8 by torchao: time for one image", axis="x")
plot.show(fig, alt="Two bars, for the file and the time, and a line at 1 for float32.")
fast, slow = times["int8"].lower_quartile, times["int8"].upper_quartile
reveal("int8 by torchao: size of the file", file_ratio)
reveal(
    "int8 by torchao: time for one image",
    time_ratio,
    between=(fast / times["float32"].median, slow / times["float32"].median),
)

# %% [markdown]
# The file takes a quarter of the bytes, and one image takes several times as long. Nothing is broken. “int8” makes two
# promises: one about what is **stored**, one about what is **computed**. The three kinds of post-training quantization
# differ in just that:
#
# | kind | weights stored in | inputs of a layer | product computed in | part |
# |---|---|---|---|---|
# | *weight-only* | int8 | stay float32 | float32 | 1 and 2 |
# | dynamic | int8 | int8, range found anew in each call | int8 | 3 |
# | static | int8 | int8, range fixed beforehand | int8 | 4 and 5 |
#
# A product in int8 is faster only if there is a *kernel* for it: compiled code that uses the CPU's int8
# instructions. For each model we prove four things: **dtype, bytes, latency, accuracy**.
#
# ## 1 · Weight-only, by hand
#
# Begin with a layer that fits on the screen. Its rows are its outputs. The third is much smaller than the others.
#
# An int8 holds 256 integers, from −128 to 127, with 255 steps between them. Row $i$ has values from $-m_i$
# to $m_i$, with $m_i = \max_j |w_{ij}|$. One step, the **scale** $s_i$, is
#
# $$s_i = \frac{2\,m_i}{255}, \qquad q_{ij} = \operatorname{clamp}\big(\operatorname{round}(w_{ij} / s_i),\,
# -128,\, 127\big), \qquad \hat w_{ij} = s_i\, q_{ij}.$$
#
# $q$ is what we store, with one float32 scale for each row. $\hat w$ is what the layer computes with. Zero
# stays exactly zero. This is *symmetric* quantization, *per channel*: a scale for each output.


# %%
def quantize_rows(
    weight: torch.Tensor, bits: int = 8, per_tensor: bool = False
) -> tuple[torch.Tensor, torch.Tensor]:
    """Weights (outputs, …) → integers, int8, same shape; and scales, shape (outputs, 1, …)."""
    largest = weight.abs().flatten(1).amax(1)
    if per_tensor:  # One scale for all: that of the largest weight there is.
        largest = largest.max().expand_as(largest)
    scale = (2 * largest / (2**bits - 1)).clamp(min=torch.finfo(torch.float32).eps)
    scale = scale.reshape(-1, *[1] * (weight.dim() - 1))
    steps = (weight * (1 / scale)).round()  # Not divided: to agree with torchao to the last bit.
    return steps.clamp(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1).to(torch.int8), scale


# %%
weights = torch.tensor(
    [
        [0.90, -0.10, 0.40, 0.20, -0.70, 0.30],
        [-0.40, 0.60, 0.10, -0.80, 0.20, 1.27],
        [0.01, -0.02, 0.00, 0.03, -0.01, 0.02],
    ]
)
q, scale = quantize_rows(weights)

fig, axes = plot.figure(1, 3, width=13, height=2.2)
plot.matrix(axes[0], weights.numpy(), decimals=2)
plot.matrix(axes[1], q.numpy(), decimals=0)
plot.matrix(axes[2], (q - weights / scale).numpy(), decimals=2)
titles = ("weights $w$", "stored: $q$, int8", "what is lost, in steps: $q - w/s$")
for ax, title in zip(axes, titles, strict=True):
    ax.set(title=title, xlabel="input", ylabel="output")
plot.show(
    fig,
    alt="Three grids: small weights, integers from -99 to 127, differences of half a step.",
)
print("scales:", [f"{value:.5f}" for value in scale.flatten().tolist()])
assert ((q * scale - weights).abs() <= scale / 2 + 1e-6).all()

# %% [markdown]
# The third row has small weights and large integers: its own scale spreads it from −85 to 127. No weight is off by more
# than half a step.
#
# Two rules here are torchao's. It divides by **127.5**, so the largest weight of a row sits at 127.5 steps and is
# clamped to 127 if it is positive: half a step. With a scale of max/127, as in lessons 00 and 02, no weight reaches −128.
# And no scale is smaller than `eps`, 1.2e-7: a row of weights below 1.5e-5 does not use all of its integers.
#
# Now a layer that stores $q$ and computes with $s\,q$.


# %%
class WeightOnlyLinear(nn.Module):
    """A linear layer whose weights are stored as int8: it computes in float32 with s·q."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        q, scale = quantize_rows(layer.weight.detach())
        self.register_buffer("q", q)  # (outputs, inputs), int8
        self.register_buffer("scale", scale)  # (outputs, 1), float32
        self.register_buffer("bias", layer.bias.detach().clone())  # (outputs,), float32

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x @ (self.q * self.scale).t() + self.bias


layer = nn.Linear(784, 300)
own = WeightOnlyLinear(layer)
for name, buffer in own.named_buffers():
    print(f"{name:6} {buffer.dtype!s:14} {tuple(buffer.shape)!s:11} {buffer.nbytes:7,} bytes")
own_bytes = sum(buffer.nbytes for buffer in own.buffers())
print(f"{own_bytes / (layer.weight.nbytes + layer.bias.nbytes):.3f} of float32")
assert own_bytes == 300 * 784 + 300 * 4 + 300 * 4

# %% [markdown]
# Close to a quarter, and never quite: scales and biases stay float32.
#
# ## 2 · Weight-only, with the library
#
# torchao does this with `quantize_(model, Int8WeightOnlyConfig())`. Does it agree with ours, number by number?
# And before you look: what will `layer.weight.dtype` say about the quantized layer?

# %%
guess(
    "layer.weight.dtype after Int8WeightOnlyConfig",
    choices=["torch.int8", "torch.qint8", "torch.float16", "torch.float32"],
)

# %%
library = quantized(nn.Sequential(layer), Int8WeightOnlyConfig())
weight = library[0].weight
reveal("layer.weight.dtype after Int8WeightOnlyConfig", str(weight.dtype))

# %%
print("type:  ", type(weight).__name__)
print("inside:", weight.qdata.dtype, tuple(weight.qdata.shape), "and scales", weight.scale.dtype)
print("bias:  ", library[0].bias.dtype)
assert torch.equal(weight.qdata, own.q)  # all 235,200 integers
assert torch.equal(weight.scale, own.scale)
x = torch.rand(16, 784)
assert torch.allclose(library(x), own(x), atol=1e-5)

# %% [markdown]
# **Trap 1: `weight.dtype` says float32.** The weight is a *tensor subclass*: outside it behaves like the
# float32 matrix that it stands for. What is stored is in `weight.qdata`. A check such as
# `weight.dtype == torch.int8` fails on a network that is quantized. Look inside, or look at the bytes.
#
# Next, two convolutional networks go through `quantize_`: one with a large linear layer, and the one below, which is nearly
# all convolutions. How large is the file of this one afterwards?


# %%
nearly_all_conv = nn.Sequential(
    nn.Conv2d(1, 32, 3, stride=2),
    nn.ReLU(),
    nn.Conv2d(32, 64, 3, stride=2),
    nn.ReLU(),
    nn.Conv2d(64, 64, 3),
    nn.AdaptiveAvgPool2d(1),
    nn.Flatten(),
    nn.Linear(64, 10),
)

# %%
guess("The network above, after quantize_: size of the file", unit="× float32")


# %%
def stored_types(model: nn.Module) -> list[str]:
    """What each layer with weights really stores."""
    return [
        f"{type(layer).__name__} {getattr(layer.weight, 'qdata', layer.weight).dtype}"
        for layer in model
        if hasattr(layer, "weight")
    ]


shares = {}
for name, net in {"a large linear layer": small_cnn(), "nearly all conv": nearly_all_conv}.items():
    small = quantized(net, Int8WeightOnlyConfig())
    shares[name] = saved_bytes(small) / saved_bytes(net)
    print(f"{name}: {shares[name]:.2f} of the float32 file")
    print("   ", ", ".join(stored_types(small)))
reveal("The network above, after quantize_: size of the file", shares["nearly all conv"])

# %% [markdown]
# **Trap 2: `quantize_` takes linear layers only.** In the first network a linear layer
# holds most of the weights, so the file hides that both convolutions are still float32. In the second one next
# to nothing has happened, without an error or a warning.
#
# `quantize_` has an argument, `filter_fn`, that says which layers it takes. Let us ask for the convolutions, too.

# %%
stubborn = copy.deepcopy(nearly_all_conv)
quantize_(
    stubborn,
    Int8WeightOnlyConfig(),
    filter_fn=lambda layer, name: isinstance(layer, nn.Linear | nn.Conv2d),
)
print("converted:", ", ".join(stored_types(stubborn)))
print(f"file: {saved_bytes(stubborn) / saved_bytes(nearly_all_conv):.2f} of float32")
try:
    stubborn(image)
except NotImplementedError as error:
    print("run:", type(error).__name__, str(error)[:60])

# %% [markdown]
# The convolutions were converted, the file shrank, and the network **does not run**: this version of torchao has int8
# weights for convolutions and no code to compute with them. Converting proves nothing; running does.
#
# Next, fewer bits: `IntxWeightOnlyConfig` takes `torch.int4`. How big is its file, compared with the int8 file?

# %%
guess("LeNet in int4: size of the file", unit="× int8")

# %%
int8 = quantized(untrained, Int8WeightOnlyConfig())
int4 = quantized(untrained, IntxWeightOnlyConfig(weight_dtype=torch.int4, granularity=PerAxis(0)))
ratio = saved_bytes(int4) / saved_bytes(int8)
reveal("LeNet in int4: size of the file", ratio)

# %%
values = int4[1].weight.qdata
print("values from", int(values.min()), "to", int(values.max()), "stored as", values.dtype)
assert math.isclose(ratio, 1, abs_tol=0.01) and values.dtype == torch.int8
assert shares["a large linear layer"] < 0.35 and shares["nearly all conv"] > 0.95

# %% [markdown]
# **Trap 3: the int4 file is no smaller than the int8 file.** Each integer from −8 to 7 sits in a byte of its own. You
# get the error of 4 bits and the bytes of 8. Formats for certain devices pack two integers into a byte. `Int4WeightOnlyConfig`
# is made for GPUs and other accelerators. For a CPU torchao 0.18 has packed int4 among its
# prototypes, which may change at any time. We try it on a larger layer and on LeNet.

# %%
from torchao.prototype.quantization.int4 import PrototypeInt4WeightOnlyConfig

for name, net in {"1024 → 256": nn.Sequential(nn.Linear(1024, 256)), "LeNet": lenet()}.items():
    packed_net = quantized(net, PrototypeInt4WeightOnlyConfig(group_size=32))
    kinds_of_weight = {
        type(layer.weight).__name__ for layer in packed_net if hasattr(layer, "weight")
    }
    share = saved_bytes(packed_net) / saved_bytes(net)
    print(f"{name}: {share:.2f} of the float32 file, {', '.join(kinds_of_weight)}")
    assert (share < 0.25) == (name != "LeNet")

# %% [markdown]
# The larger layer takes a fifth of its float32 bytes: half a byte per weight, and a scale and an offset for every 32
# weights of a row. LeNet was left alone without an error: 784, 300 and 100 inputs are no multiples of 32.
#
# ## 3 · Dynamic: int8 inputs, too
#
# A weight-only layer turns its weights back to float32 in each call. To compute in int8, the inputs must be
# int8 as well. *Dynamic* quantization finds their range anew in each call: every row of inputs, that is every
# image, gets the scale of its own largest value.
#
# For row $n$ of the inputs with scale $s^x_n$ and integers $q^x_{nj}$, and weights as before:
#
# $$y_{ni} = \sum_j x_{nj}\, w_{ij} + b_i \;\approx\; s^x_n\, s_i \underbrace{\sum_j q^x_{nj}\, q_{ij}}_{\text{integers,
# int32}} + \; b_i$$
#
# The sum needs more than 8 bits: 784 products of up to 128 · 128 reach 12,845,056, so it is kept in int32.
#
# After our function comes PyTorch's older API, `torch.ao.quantization`, which much code uses.


# %%
def dynamic_linear(x: torch.Tensor, layer: nn.Linear) -> torch.Tensor:
    """Inputs (n, inputs) → outputs (n, outputs): int8 · int8, summed in int32, scaled at the end."""
    inputs, input_scale = quantize_rows(x)
    q, weight_scale = quantize_rows(layer.weight.detach())
    sums = inputs.int() @ q.int().t()
    return sums * input_scale * weight_scale.t() + layer.bias


by_hand = dynamic_linear(x, layer)
library = quantized(nn.Sequential(layer), Int8DynamicActivationInt8WeightConfig())
assert torch.allclose(by_hand, library(x), atol=1e-5)
with torch.no_grad():
    print(f"largest difference to torchao: below {1e-5:.0e}")
    print(f"largest difference to float32: {(by_hand - layer(x)).abs().max():.3f}")

# %%
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    from torch.ao.quantization import quantize_dynamic

    older = quantize_dynamic(copy.deepcopy(untrained), {nn.Linear}, dtype=torch.qint8)
for kind in sorted({warning.category.__name__ for warning in caught}):
    print(kind)
print(older[1])
assert any(issubclass(warning.category, DeprecationWarning) for warning in caught)

# The warning has been shown; hide its repetitions.
warnings.filterwarnings("ignore", message="torch.ao.quantization is deprecated")
warnings.filterwarnings("ignore", message="torch.quantize_per_tensor")

# %% [markdown]
# The numbers are torchao's, and close to float32. Why did the puzzle's network take so long? torchao's dynamic layer
# does what our function does: find the range, divide, round, clamp, multiply, scale. Each step is a call from Python
# with its own overhead, which matters less the larger a layer is. Its weight-only layer writes the whole matrix $s\,q$ in float32
# before each product. `torch.compile` can fuse such steps into one kernel; part 6 shows what that gained. Until then we
# run them as they are, *eagerly*.
#
# The older API is deprecated: it still runs in this version and will not stay. Its line says `per_tensor_affine`: one scale
# for the whole matrix (part 7).
#
# It has ready-made kernels, which do a whole layer in one call. Is int8 faster with them? We time one linear
# layer, float32 against int8, at widths from 64 to 2048, with one input and with 64.

# %%
widths = [64, 128, 256, 512, 1024, 2048]
kinds = ["int8 kernels, dynamic", "torchao weight-only, eager", "torchao dynamic, eager"]
speed: dict[int, dict[str, list[float]]] = {
    batch: {kind: [] for kind in kinds} for batch in (1, 64)
}
for width in widths:
    net = nn.Sequential(nn.Linear(width, width)).eval()
    nets = {
        "float32": net,
        kinds[0]: quantize_dynamic(copy.deepcopy(net), {nn.Linear}, dtype=torch.qint8),
        kinds[1]: quantized(net, Int8WeightOnlyConfig()),
        kinds[2]: quantized(net, Int8DynamicActivationInt8WeightConfig()),
    }
    for batch in speed:
        inputs = torch.randn(batch, width)
        times = latency(
            {name: partial(net, inputs) for name, net in nets.items()}, runs=25, warm_up=3
        )
        for kind in kinds:
            speed[batch][kind].append(times["float32"].median / times[kind].median)

# %% tags=["nbval-ignore-output"]
fig, axes = plot.figure(1, 2, width=11, height=3.6, sharey=True)
fig.suptitle("One linear layer: speed of int8 against float32")
for ax, (batch, curves) in zip(axes, speed.items(), strict=True):
    for kind, curve in curves.items():
        ax.plot(widths, curve, label=kind)
    ax.axhline(1, color="grey", linewidth=1, marker="", linestyle="-")
    ax.set_xscale("log", base=2)
    ax.set_xticks(widths, [str(width) for width in widths])
    plot.log_y(ax)
    many = "one input" if batch == 1 else f"{batch} inputs"
    ax.set(title=many, xlabel="width of the layer", ylabel="speed (float32 = 1)")
    first = [width for width, gain in zip(widths, curves[kinds[0]], strict=True) if gain > 1]
    tried = f"from width {first[0]}" if first else "at no width that we tried"
    print(f"{many}: the dynamic int8 kernels are faster {tried}")
axes[1].legend()
plot.show(
    fig, alt="Speed against the width of a layer, for three kinds, with one input and with 64."
)
print("MB of float32 weights:", {width: round(4 * width**2 / 2**20, 2) for width in widths})

# %% [markdown]
# On a small layer int8 is **slower**, even with kernels made for it. Is it the search for the range? The static kernels of part 6 spare it, and are no faster for one image, so likely it's the
# fixed cost of a call. On a large one they are faster, with one input and with 64, and for two different reasons.
#
# - **One input: bytes decide**, a likely cause that no cell here tests. Each weight is read once and used once. While the
#   weights fit the CPU's cache (1 or 2 MB next to each core on many CPUs), reading them is cheap. Once they don't, the time
#   goes into reading, and int8 reads a quarter of the bytes (Williams et al. 2009).
# - **64 inputs: arithmetic decides**, as likely and as untested. Each weight that was read is used 64 times, and the CPU multiplies more
#   8-bit integers than floats at once. From width 1024 on even torchao's eager dynamic layer gained.
#
# A language model that answers one person reads billions of weights for each token, one input at a time. That is what
# weight-only int8 and int4 are for, **if** a kernel reads the small weights and scales them on the way. torchao's eager
# weight-only layer first writes the float32 matrix into memory, so it moves more bytes than float32, not fewer.
#
# > **A place to stop.** You know two of the three kinds, and why a quarter of the bytes need not be faster. Before you go
# > on: what does dynamic quantization do in each call that a static layer could spare?
#
# <details><summary>Answer</summary>
#
# It looks for the range of the inputs, to get their scale. A static layer has that written down.
#
# </details>
#
# ## 4 · Static: ranges fixed beforehand
#
# *Static* quantization looks at some images once, and writes down the range of each layer's inputs. Those images are
# **calibration data**. Now the values between two layers never have to be float32 at all.
#
# After a ReLU no value is negative. A symmetric range would waste half of the integers. Activations therefore use
# *affine* quantization to uint8, with a scale $s^x$ and a zero point $z$, an integer:
#
# $$q^x = \operatorname{clamp}\big(\operatorname{round}(x / s^x) + z,\, 0,\, 255\big), \qquad
# s^x = \frac{h - l}{255}, \qquad z = \operatorname{round}(-l / s^x), \qquad x \approx s^x\,(q^x - z)$$
#
# from the lowest value $l$ to the highest $h$; the range always includes 0, so that zero is exact.
#
# First we train three networks of each kind, from three seeds, on 28×28 grey images of clothes in ten classes. 2,000 of the
# 10,000 training images are held out for **validation**, where we make all choices. The test images wait for part 6. A few
# epochs do not finish the training; each network is compared with its own float32.
#
# Then **hooks** observe the inputs of every layer: functions that PyTorch calls before each layer with what goes in.
# Ours keep all of it; its lowest and highest value are the range. Afterwards the hooks must come off.

# %% tags=["nbval-ignore-output"]
data = load_fashion_mnist()
train_split, validation_split = data.train.hold_out(2000)
train, validation = train_split.tensors(), validation_split.tensors()

mlps, cnns = [], []
for seed in range(3):
    set_seed(seed)
    mlps.append(lenet())
    fit(mlps[-1], train, epochs=3, seed=seed)
    set_seed(seed)
    cnns.append(small_cnn())
    fit(cnns[-1], train, epochs=4, lr=2e-3, seed=seed)
float_accuracy = {
    "MLP": [accuracy(model, *validation) for model in mlps],
    "CNN": [accuracy(model, *validation) for model in cnns],
}
for name, values in float_accuracy.items():
    print(name, "validation accuracy:", [f"{value:.3f}" for value in values])
    assert all(value > 0.7 for value in values)


# %%
def weighted_layers(model: nn.Sequential) -> dict[int, nn.Module]:
    """The layers that have weights, by their position in the model."""
    return {n: layer for n, layer in enumerate(model) if isinstance(layer, nn.Linear | nn.Conv2d)}


@torch.no_grad()
def observe(model: nn.Sequential, images: torch.Tensor) -> dict[int, torch.Tensor]:
    """What goes into each layer with weights, for all `images`: one long vector each."""
    seen: dict[int, torch.Tensor] = {}

    def hook_for(position: int):
        return lambda layer, inputs: seen.update({position: inputs[0].flatten()})

    hooks = [
        layer.register_forward_pre_hook(hook_for(position))
        for position, layer in weighted_layers(model).items()
    ]
    model(images)
    for hook in hooks:
        hook.remove()
    return seen


# %% [markdown]
# torchao takes such a range for each linear layer. Its integers begin at −128, so that is the zero point of a range that
# begins at 0.


# %% tags=["nbval-ignore-output"]
def static_torchao(model: nn.Sequential, images: torch.Tensor) -> nn.Sequential:
    """A copy whose linear layers are static int8 by torchao, calibrated on `images`."""
    net = copy.deepcopy(model)
    for position, values in observe(model, images).items():
        config = Int8StaticActivationInt8WeightConfig(
            act_quant_scale=((values.max() - values.min()) / 255).reshape(1, 1),
            act_quant_zero_point=torch.tensor([[-128]]),
            granularity=[PerTensor(), PerRow()],  # of the inputs, of the weights
            act_mapping_type=MappingType.ASYMMETRIC,
        )
        quantize_(net[position], config)  # linear layers only: a convolution stays as it is
    return net


calibration = train[0][:256]
check = accuracy(static_torchao(mlps[0], calibration), *validation)
print(f"MLP, seed 0: float32 {float_accuracy['MLP'][0]:.3f}, static by torchao {check:.3f}")

# %% [markdown]
# Part 6 times it. The older API has static *kernels*, for convolutions too. `prepare` puts *observers* in, which note the lowest and highest value of the
# calibration images. `convert` replaces layers by int8 ones, **convolutions included**. `QuantStub` and
# `DeQuantStub` mark where integers begin and end. `fuse_modules` makes one layer of a convolution or linear
# layer and its ReLU, so that nothing is stored between them.
#
# The output names the layers of the CNN, and the scale and zero point that each has kept from calibration.


# %% tags=["nbval-ignore-output"]
def static(model: nn.Sequential, images: torch.Tensor) -> nn.Module:
    """`model` with static int8 layers, calibrated on `images` by lowest and highest value."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from torch.ao import quantization as older

        net = nn.Sequential(older.QuantStub(), *copy.deepcopy(model), older.DeQuantStub()).eval()
        pairs = [
            [str(n), str(n + 1)] for n in weighted_layers(net) if isinstance(net[n + 1], nn.ReLU)
        ]
        net = older.fuse_modules(net, pairs)
        by_row = older.PerChannelMinMaxObserver.with_args(
            dtype=torch.qint8, qscheme=torch.per_channel_symmetric
        )
        range_of_inputs = older.MinMaxObserver.with_args(dtype=torch.quint8)
        net.qconfig = older.QConfig(activation=range_of_inputs, weight=by_row)
        older.prepare(net, inplace=True)
        with torch.no_grad():
            net(images)
        return older.convert(net, inplace=True)


# %% tags=["nbval-ignore-output"]
static_cnn = static(cnns[0], calibration)
print(static_cnn)
first = static_cnn[1]
assert first.weight().dtype == torch.qint8 and first.weight().shape == (8, 1, 3, 3)
high = float(observe(cnns[0], calibration)[3].max())  # in front of the second convolution
assert math.isclose(first.scale, high / 255, rel_tol=1e-4)
ratio = saved_bytes(static_cnn) / saved_bytes(cnns[0])
print(f"file: {ratio:.2f} of float32")

# %% [markdown]
# Our hooks and the library's observers chose the same scale.
#
# ### One layer in integers
#
# Now take a linear layer apart, whose products and sums are integers. Its inputs are uint8 with scale $s^x$ and
# zero point $z$, its weights int8 with scales $s_i$. The bias becomes an integer too, in steps of $s^x s_i$, so
# that it can be added to the sum. The result goes to uint8 with the output's own scale. Does our own int32 layer
# agree with the library's within one step?
#
# $$y_{ni} \;\approx\; s^x\, s_i \Big(\sum_j (q^x_{nj} - z)\, q_{ij} + q^b_i\Big), \qquad q^b_i =
# \operatorname{round}\!\left(\frac{b_i}{s^x s_i}\right)$$

# %%
static_mlp = static(mlps[0], calibration)
converted = static_mlp[2]  # after QuantStub and Flatten: linear layer 1 with its ReLU
x = static_mlp[0](validation[0][:64]).flatten(1)  # a quantized tensor
float_layer = mlps[0][1]

q, scale = quantize_rows(float_layer.weight.detach())
step = x.q_scale() * scale.flatten()  # of the sums, one for each output
bias = (float_layer.bias.detach() / step).round().int()
sums = (x.int_repr().int() - x.q_zero_point()) @ q.int().t() + bias  # int32
by_hand = (sums * step / converted.scale).round() + converted.zero_point
by_hand = by_hand.clamp(converted.zero_point, 255)  # ReLU: not below the zero point

same_weights = torch.equal(converted.weight().int_repr(), q)
steps = (converted(x).int_repr().int() - by_hand.int()).abs()
print("weights: all equal" if same_weights else "weights differ")
print("outputs: at most one step apart" if steps.max() <= 1 else "outputs differ")
assert same_weights and steps.max() <= 1 and (steps > 0).float().mean() < 0.01

# %% [markdown]
# All weights are equal, and no output is more than one step away: the library adds the bias and rounds in
# a slightly different order.
#
# **How to read older code.** The left column still runs, with the warning:
#
# | older (`torch.ao.quantization`) | what it does | today |
# |---|---|---|
# | `quantize_dynamic(model, {nn.Linear})` | dynamic, with kernels | `quantize_` and a config, then `torch.compile` |
# | `QuantStub`, `fuse_modules`, `prepare`, `convert` | static, *eager mode* | linear layers: `Int8StaticActivationInt8WeightConfig`; convolutions: PT2E, part 9 |
# | `prepare_fx`, `convert_fx` | static, found in a traced graph | PT2E, part 9 |
# | `prepare_qat`, `convert` | training with quantization | lesson 06 |
#
# ## 5 · Calibration: which images, and how many?
#
# To try many calibrations, we simulate: round each layer's inputs to the levels that the calibration gives, and compute
# on in float32. That is called *fake quantization*; it shows the accuracy of int8, not its speed.
#
# Five ways to calibrate the CNN, none of which raises an error:
#
# - **1 image** and **256 images** from the training data;
# - **noise**: 256 tensors of normal noise, `torch.randn`, which many people use because it is at hand;
# - **dark**: the 256 images at a tenth of their brightness;
# - **one unscaled**: the 256 images, and one whose pixels somebody forgot to divide by 255.
#
# Which of them ruin the network?


# %%
class Rounded(nn.Module):
    """Rounds to the grid of affine quantization, from `low` to `high`, and stays float32."""

    def __init__(self, low: float, high: float, bits: int = 8) -> None:
        super().__init__()
        self.top = 2**bits - 1
        low, high = min(low, 0.0), max(high, 0.0)  # zero must be on the grid
        self.scale = (high - low) / self.top
        self.zero_point = round(-low / self.scale)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        codes = ((x / self.scale).round() + self.zero_point).clamp(0, self.top)
        return (codes - self.zero_point) * self.scale


def simulate_static(
    model: nn.Sequential, images: torch.Tensor, percentile: float = 100
) -> nn.Sequential:
    """int8 weights, and the inputs of each layer rounded, with ranges calibrated on `images`."""
    layers = list(copy.deepcopy(model))
    for position, values in reversed(observe(model, images).items()):
        q, scale = quantize_rows(layers[position].weight.detach())
        layers[position].weight.data = q * scale
        high = float(values.quantile(percentile / 100))
        layers.insert(position, Rounded(float(values.min()), high))
    return nn.Sequential(*layers)


# %%
set_seed(0)
calibrations = {
    "256 images": calibration,
    "1 image": calibration[:1],
    "noise": torch.randn(256, 1, 28, 28),
    "dark": calibration / 10,
    "one unscaled": torch.cat([calibration, calibration[:1] * 255]),
}
calibrated = {
    name: [accuracy(simulate_static(model, images), *validation) for model in cnns]
    for name, images in calibrations.items()
}

# %%
guess("CNN calibrated with one unscaled image: accuracy", low=0, high=1)

# %% tags=["nbval-ignore-output"]
fig, ax = plot.figure(width=9, height=3.2)
shown = {"float32": float_accuracy["CNN"], **calibrated}
plot.ranges(ax, list(shown), {"CNN, static int8": list(shown.values())})
ax.set(
    title="Five calibrations of the CNN: mean and range of three seeds",
    ylabel="validation accuracy",
    ylim=(0, 0.95),
)
mark_guess(ax, "CNN calibrated with one unscaled image: accuracy")
plot.show(fig, alt="Accuracy of float32 and of five calibrations: mean and range of three seeds.")
mean = {name: float(np.mean(values)) for name, values in shown.items()}
seeds = calibrated["one unscaled"]
reveal(
    "CNN calibrated with one unscaled image: accuracy",
    mean["one unscaled"],
    between=(min(seeds), max(seeds)),
)

# %% tags=["nbval-ignore-output"]
check = accuracy(static_cnn, *validation)
print(f"256 images, seed 0: simulated {calibrated['256 images'][0]:.3f}, int8 kernels {check:.3f}")
lowest, highest = calibrations["noise"].aminmax()
print("levels that noise leaves for the pixels:", round(255 / float(highest - lowest)))
assert abs(check - calibrated["256 images"][0]) < 0.015
assert abs(mean["256 images"] - mean["float32"]) < 0.015
assert mean["dark"] < mean["float32"] - 0.15 and mean["one unscaled"] < mean["float32"] - 0.1

# %% [markdown]
# The simulation agrees with the int8 kernels. Then read the plot:
#
# - With 256 real images no cost can be seen in three seeds. Even a single image comes close here.
# - *Noise* showed no cost on this network, although it leaves the pixels only about 28 of the 256 levels. Don't rely on it:
#   nothing ties its range to that of your images.
# - *Dark* images make the range too small. Everything brighter is **clipped**.
# - *One* unscaled image among 257 makes the range of the pixels 255 times too large. Real pixels then share two
#   integers, 0 and 1: all of it is **rounding error**.
#
# Calibrate on images like those the device will see, prepared by the same code. Do not use test images: they are used
# once, at the end.
#
# A **percentile** in place of the highest value leaves the largest 1 % or so outside the range. Does it leave the bad image
# outside, too? Accuracy with the unscaled image among the 256, mean of three seeds:

# %% tags=["nbval-ignore-output"]
percentiles = [100.0, 99.9, 99.0]
bad = {
    top: np.mean(
        [accuracy(simulate_static(m, calibrations["one unscaled"], top), *validation) for m in cnns]
    )
    for top in percentiles
}
print({top: round(float(value), 3) for top, value in bad.items()})

# %%
assert bad[99.0] > bad[100.0] + 0.1 and abs(bad[99.0] - mean["256 images"]) < 0.03

# %% [markdown]
# The bad image is 1 of 257, so 0.4 % of the values: 99.9 leaves too much of it inside, 99 leaves it out. That is no reason
# to clip always: lesson 03 compares four rules for the end of a range, on clean images too.
#
# ## 6 · What each kind shrinks and speeds up
#
# Now all kinds side by side, on both networks. Calibration is settled, so now we use the **test images**, once.
#
# - Time is measured in a shuffled order against float32 of the same run, for one image and for 64.
# - Accuracy is compared image by image, for three seeds. An image that only one of the two models gets right is
#   *discordant*: `lost` counts those that only float32 gets right, `won` those that only int8 gets right.
# - `p` is the smallest of the three seeds' p-values: how easily chance alone makes such a pair. Six images lost and
#   none won give p = 0.03; with five lost and none won, p is 0.06.


# %%
def all_kinds(model: nn.Sequential) -> dict[str, nn.Module]:
    """float32, and the kinds of this lesson that run without a compiler."""
    dynamic = quantize_dynamic(copy.deepcopy(model), {nn.Linear}, dtype=torch.qint8)
    return {
        "float32": model,
        "weight-only, torchao": quantized(model, Int8WeightOnlyConfig()),
        "dynamic, torchao": quantized(model, Int8DynamicActivationInt8WeightConfig()),
        "static, torchao": static_torchao(model, calibration),
        "dynamic, int8 kernels": dynamic,
        "static, int8 kernels": static(model, calibration),
    }


# %%
test = data.test.tensors()
rows = []
for network, models in {"MLP": mlps, "CNN": cnns}.items():
    seeds = [all_kinds(model) for model in models]
    times = {
        n: latency({k: partial(m, test[0][:n]) for k, m in seeds[0].items()}, runs=60)
        for n in (1, 64)
    }
    for kind in seeds[0]:
        pairs = [compare(kinds["float32"], kinds[kind], *test) for kinds in seeds]
        row = {"network": network, "kind": kind}
        row["file"] = saved_bytes(seeds[0][kind]) / saved_bytes(models[0])
        for n, timed in times.items():
            row[f"time, {n}"] = timed[kind].median / timed["float32"].median
        row["lost"] = [pair.lost for pair in pairs]
        row["won"] = [pair.won for pair in pairs]
        row["p"] = min(pair.p for pair in pairs)
        rows.append(row)
table = pd.DataFrame(rows).set_index(["network", "kind"])

# %% tags=["nbval-ignore-output"]
fig, axes = plot.figure(1, 2, width=12, height=3.6)
fig.suptitle("Time against the same runtime's float32")
for ax, network in zip(axes, ("MLP", "CNN"), strict=True):
    part = table.loc[network].drop("float32")
    series = {name: part[f"time, {n}"].tolist() for n, name in ((1, "1 image"), (64, "64 images"))}
    plot.grouped_bars(ax, list(part.index), series, label="{:.2f}")
    ax.axvline(1, color="black", linewidth=1)
    ax.set(title=network, xlabel="time (float32 = 1)")
plot.show(
    fig, alt="Bars of time for five kinds and two batches, one panel for MLP and one for CNN."
)
table.round({"file": 2, "time, 1": 2, "time, 64": 2, "p": 2})

# %%
assert table["file"].drop("float32", level="kind").between(0.2, 0.35).all()

# %% [markdown]
# - **file**: about a quarter for all of them, since linear layers dominate here. The CNN's convolutions are int8
#   in the last row only.
# - **time, 1 image**: these networks are so small that overhead decides. A ratio that overhead makes is not the same twice:
#   for the same kind of network the opening and the last table of this part have other numbers.
# - **time, 64 images**: torchao's static layer spares the search for a range, and run eagerly it is slower than float32 all
#   the same. Of the int8 kernels the dynamic one helps the MLP, which is all linear layers. The static one helps
#   both. Whether int8 earned that is the next question.
# - **p**: where it is above 0.05, the accuracy is *indistinguishable* from float32 on these
#   2,000 images. That is not *equal*. With the 10 to 17 discordant images of the static kernels a difference of 8 or 9
#   images (nearly half a point) would just show; a smaller one would not. Most other pairs have fewer than six discordant
#   images and can show nothing (lesson 00). And the table has 30 tests, of which each row shows the smallest of three: a
#   single $p$ below 0.05 may be chance.
#
# ### One more float32
#
# A batch of images can lie in memory in two orders: image, channel, row, column (*contiguous*, PyTorch's
# default), or image, row, column, channel (`channels_last`). PyTorch's int8 convolution returns its result in
# `channels_last`. Float32 had the default order. We give float32 the other order, too, and nothing else:
# `model.to(memory_format=torch.channels_last)`. The static int8 network counts as 1.

# %%
guess("CNN, 64 images: time of float32 in channels_last", unit="× static int8")

# %% tags=["nbval-ignore-output"]
reordered = copy.deepcopy(cnns[0]).to(memory_format=torch.channels_last)
nets = {"float32": cnns[0], "float32, channels_last": reordered, "static int8": static_cnn}
same = torch.equal(nets["float32"](test[0]).argmax(1), reordered(test[0]).argmax(1))
ratios = []
for _ in range(3):
    timed = latency({name: partial(net, test[0][:64]) for name, net in nets.items()}, runs=40)
    ratios.append(
        {name: t.lower_quartile / timed["static int8"].lower_quartile for name, t in timed.items()}
    )
for name in nets:
    print(f"{name:23} {[round(ratio[name], 2) for ratio in ratios]} × static int8")
print("same answers in both orders:", same)
fair = sorted(ratio["float32, channels_last"] for ratio in ratios)
reveal("CNN, 64 images: time of float32 in channels_last", fair[1], between=(fair[0], fair[-1]))

# %% [markdown]
# The static int8 network takes half of the time of float32 in the default order, and when this was written float32 in
# `channels_last` was as fast as int8 or faster. **A baseline in another memory layout measures the layout.** Which parts of
# the network does the order change, and which does int8 change? We time each part by itself, on 64 images, among the others and then alone (lesson 01).

# %%
parts = {  # positions in the float32 network, and in the static one, which begins with QuantStub
    "convolution 1, ReLU": (slice(0, 2), slice(1, 3)),
    "max-pooling 1": (slice(2, 3), slice(3, 4)),
    "convolution 2, ReLU": (slice(3, 5), slice(4, 6)),
    "max-pooling 2": (slice(5, 6), slice(6, 7)),
    "linear 1, ReLU": (slice(7, 9), slice(8, 10)),
    "linear 2": (slice(9, 10), slice(10, 11)),
}
calls = {}
with torch.no_grad():
    for part, (in_float, in_static) in parts.items():
        for name, net in nets.items():
            where = in_static if net is static_cnn else in_float
            calls[part, name] = partial(net[where], net[: where.start](test[0][:64]))

# %% tags=["nbval-ignore-output"]
timed = latency(calls, runs=40, alone=True)
spent = {name: [1e6 * timed[part, name].lower_quartile for part in parts] for name in nets}
fig, ax = plot.figure(width=9, height=5)
plot.grouped_bars(ax, list(parts), spent)
ax.set(
    title="Where the time goes in the CNN",
    xlabel="µs for 64 images (lower quartile of 40 runs, shuffled)",
)
plot.show(
    fig, alt="Bars of time for six parts of the CNN: float32 in both orders, and static int8."
)
by_itself = {
    name: [1e6 * timed[part, name].alone.lower_quartile for part in parts] for name in nets
}
print("each part alone, µs:")
print(pd.DataFrame(by_itself, index=list(parts)).round(0).astype(int).to_string())
gains = pd.DataFrame(
    {
        name: np.divide(its["static int8"], its["float32, channels_last"])
        for name, its in {"among the others": spent, "alone": by_itself}.items()
    },
    index=list(parts),
)
print("static int8, as a share of float32 in channels_last:")
print(gains.round(2).to_string())

# %% [markdown]
# Compare in the same way: first the two orders of float32, then int8. On the machine that made this page the order brings most to **max-pooling**, and **int8 gains on both convolutions** beyond what the order gives,
# among the others and alone. For the whole network the two come close all the same, because pooling takes a large part of the time, and int8 adds little there.
#
# (An earlier clock of ours took the parts in one fixed order. Then the same linear layer took 251 µs under one name and 133 under the next, and the convolutions seemed to gain nothing by int8. Who comes first pays for the caches.)
#
# ### What compiling gains, and what it costs
#
# `torch.compile` turns a network into code for this machine. It needs a C++ compiler and takes its time, so the lesson
# does not run it: the next table was measured once, by `course/05_post_training_quantization/make_compiled.py`, on an x86 CPU with int8 instructions, one
# thread, three rounds of 300 runs: *shuffled* among each other, so that caches are cold, and each *alone*, with warm ones. Time is against *eager float32* (for the CNN in `channels_last`). The
# control is *compiled float32*: what int8 can claim is its distance from that. (PT2E, in the last rows, is a graph for a
# compiler: part 9.)

# %%
compiled = load_results("compiled")
by = ["network", "kind", "images", "order"]
rounds = compiled.groupby(by, sort=False)["time"].agg(["min", "max"])
shown = rounds.apply(lambda row: f"{row['min']:.2f} to {row['max']:.2f}", axis=1)
shown = shown.unstack(["images", "order"])[[(n, o) for n in (1, 64) for o in ("shuffled", "alone")]]
shown.columns = [f"{n}, {order}" for n, order in shown.columns]
seconds = compiled.groupby(["network", "kind"])["seconds"].first()
shown["compiling, s"] = seconds.map("{:.0f}".format).replace("nan", "–")
shown

# %% [markdown]
# - Compiling removes most of the overhead of torchao's dynamic layers: shuffled, from more than 6 to about 2 for one image of the MLP, from 2 to 0.7 for 64.
# - For **one image** nothing beats plain eager float32, and compiled int8 doesn't beat compiled float32 either.
# - For **64 images** int8 wins for the MLP: compiled it takes about 0.7, alone 0.4, where compiled float32 takes more than 1. For the CNN compiled float32 is among the fastest, and static
#   int8 gains nothing over eager float32.
#
# Always measure compiled float32 as well: its time is the control. Compiling takes seconds, for the very first network longer,
# and another batch size is compiled anew.
#
# So when is int8 faster, on a CPU such as this one?
#
# | what you run | the answer here |
# |---|---|
# | a small network, one image | no int8 beats plain float32 |
# | large linear layers, or many images through linear layers | int8 kernels do, and compiled int8 |
# | convolutions | `channels_last` first, since it helps pooling as well; the int8 kernels gain on each convolution beyond that, the compiled ones don't |
#
# > **A place to stop.** You can quantize, calibrate, and prove what was gained against a fair baseline. What follows is
# > about networks that int8 breaks. Before you go on: which four things do you prove for each model?
#
# <details><summary>Answer</summary>
#
# The dtype of its weights, its bytes, its time beside a float32 network in the same memory layout, and its accuracy, image by image.
#
# </details>
#
# ## 7 · The same function with other weights
#
# So far no cost of int8 could be seen. There are networks that compute **exactly** the same as ours, and int8 breaks them.
#
# A ReLU lets a positive factor through: $\operatorname{relu}(a\,x) = a\operatorname{relu}(x)$ for $a > 0$.
# Multiply all weights into a hidden unit, and its bias, by $a$, and divide the weights out of it by $a$: nothing
# changes. With a power of two not even a bit does. We draw a factor from $2^{-6}$ to $2^{6}$ for each of the 300
# units, for three seeds.
#
# Such factors occur. Batch norm folded into a layer makes them (Nagel et al. 2019), and large language models
# have features of such sizes (Dettmers et al. 2022). In the opening picture it was one unit.
#
# With one scale for a whole matrix the largest unit sets the step, and small units round to zero. Lesson 03 has such a
# network, what int8 makes of it, and who should share a scale. Here it is the third of three patients: how do you find the
# layer that breaks?


# %%
def rescale(model: nn.Sequential, top: int, seed: int = 0) -> nn.Sequential:
    """The same function: hidden units of layer 1 times powers of two, divided again in layer 2."""
    model = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(seed)
    factors = 2.0 ** torch.randint(-top, top + 1, (300,), generator=generator)
    with torch.no_grad():
        model[1].weight *= factors[:, None]  # rows: what goes into the units
        model[1].bias *= factors
        model[3].weight /= factors  # columns: what comes out of them
    return model


rescaled = [rescale(model, top=6, seed=seed) for seed, model in enumerate(mlps)]
equal = [
    torch.equal(a(validation[0]), b(validation[0])) for a, b in zip(mlps, rescaled, strict=True)
]
print("outputs equal, bit by bit:", equal)
assert all(equal)

# %% [markdown]
# ## 8 · Which layer breaks?
#
# A network got worse, and you want to know where. **Sensitivity**, one layer at a time: quantize a single layer,
# leave all others in float32, measure, put it back, go on with the next. Then spend more bits, or a finer scale, on
# the worst one.
#
# On the left is the network as trained, at only 2 bits. In the middle **one** of the 300 units of layer 1, the most active
# one, is multiplied by 1,024 and divided again in layer 2; 8 bits, one scale for each matrix. On the right is the network of
# part 7, whose units all have factors; also 8 bits, one scale for each matrix.


# %%
def simulate_weights(
    model: nn.Sequential,
    bits: int = 8,
    per_tensor: bool = False,
    only: Iterable[int] | None = None,
) -> nn.Sequential:
    """A copy whose weights are rounded; `only`: the positions of the layers, else all."""
    model = copy.deepcopy(model)
    for position, layer in weighted_layers(model).items():
        if only is None or position in only:
            q, scale = quantize_rows(layer.weight.detach(), bits, per_tensor)
            layer.weight.data = q * scale
    return model


def one_unit(model: nn.Sequential, factor: float = 1024.0) -> nn.Sequential:
    """The same function, with the most active unit of layer 1 made large."""
    model = copy.deepcopy(model)
    with torch.no_grad():
        unit = int(model[:3](calibration).mean(0).argmax())
        model[1].weight[unit] *= factor
        model[1].bias[unit] *= factor
        model[3].weight[:, unit] /= factor
    return model


# %%
outlier = [one_unit(model) for model in mlps]

# %% tags=["nbval-ignore-output"]
layers = {"layer 1": [1], "layer 2": [3], "layer 3": [5], "all three": [1, 3, 5]}
cases = {
    "as trained, 2 bits, per row": (mlps, 2, False),
    "one large unit, 8 bits, per tensor": (outlier, 8, True),
    "all units rescaled, 8 bits, per tensor": (rescaled, 8, True),
}


def points_lost(case: str, only: list[int]) -> list[float]:
    """What rounding these layers alone costs each seed's network."""
    models, bits, per_tensor = cases[case]
    rounded = [simulate_weights(model, bits, per_tensor, only) for model in models]
    pairs = zip(rounded, float_accuracy["MLP"], strict=True)
    return [100 * (was - accuracy(model, *validation)) for model, was in pairs]


drops = {case: [points_lost(case, only) for only in layers.values()] for case in cases}
fig, axes = plot.figure(1, 3, width=14, height=3.4)
fig.suptitle("One layer at a time: mean and range of three seeds")
for ax, case in zip(axes, cases, strict=True):
    plot.ranges(ax, list(layers), {"points lost": drops[case]})
    ax.axhline(0, color="grey", linewidth=1, marker="", linestyle="-")
    ax.set(title=case, ylabel="accuracy lost (points)")
plot.show(fig, alt="Accuracy lost by each layer alone and by all three, in three cases.")
for case in cases:
    print(case, np.mean(drops[case], 1).round(1).tolist())

# %%
broken = np.mean(drops["one large unit, 8 bits, per tensor"], 1)
assert broken[0] > 20 and broken[1] < 5 and broken[2] < 5
alone = np.mean(drops["all units rescaled, 8 bits, per tensor"], 1)
assert alone[3] > alone[:3].sum() + 10

# %% [markdown]
# - **In the middle** layer 1 alone costs as much as all three together.
# - **On the left**, compare the ranges before you name a worst layer: where they overlap, three seeds can't tell. (Here 2
#   bits cost a few points, and in lesson 02 they cost everything. Lesson 03 finds out why.)
# - **On the right** is the trap: alone the layers cost a few points each, together they ruin the network. A likely reason,
#   which no cell here tests: layer 1 loses its *small* units, layer 2 loses the units that were scaled *up*, because its
#   weights for them were divided by the same factor, and each alone leaves the others.
#
# One layer at a time finds where to begin, not what is left in the end. Do not add one layer after another: each bar would
# then include the damage of the layers before it.
#
# Now mend the patient in the middle, in layer 1 only: one scale for each of its rows, one scale for the whole matrix
# elsewhere. Static int8 has a scale for each row anyway.

# %%
guess("One large unit, static int8 with a scale for each row: accuracy", low=0, high=1)

# %% tags=["nbval-ignore-output"]
static_accuracy, mended = [], []
for seed, model in enumerate(outlier):
    rows_in_first = simulate_weights(model, only=[1])
    by_rows = simulate_weights(rows_in_first, per_tensor=True, only=[3, 5])
    mended.append(accuracy(by_rows, *validation))
    static_accuracy.append(accuracy(static(model, calibration), *validation))
    original = float_accuracy["MLP"][seed]
    print(
        f"seed {seed}: float32 {original:.3f}, mended {mended[-1]:.3f}, "
        f"static {static_accuracy[-1]:.3f}"
    )
reveal(
    "One large unit, static int8 with a scale for each row: accuracy",
    np.mean(static_accuracy),
    between=(min(static_accuracy), max(static_accuracy)),
)

# %%
for original, by_row, at_once in zip(float_accuracy["MLP"], mended, static_accuracy, strict=True):
    assert abs(by_row - original) < 0.03 and at_once < original - 0.2

# %% [markdown]
# The weights are mended, for 1,196 bytes: 300 scales of 4 bytes in place of one. Static int8 breaks all the same. One
# scale has to serve all *inputs* of layer 2, and the large unit stretches it until the others round to nothing. No scale for
# a row of weights can help there. Dividing the unit again would: that is equalization (Nagel et al. 2019; lesson 03).
#
# ## 9 · Further reading: PT2E, a graph for a compiler
#
# The new way to static int8 for a whole network is *PyTorch 2 export quantization*. `torch.export` records the network as
# a graph. A **quantizer**, for example `X86InductorQuantizer`, marks where to round, convolutions included. Then come `prepare_pt2e`, calibration and `convert_pt2e`, all from
# `torchao.quantization.pt2e`. `course/05_post_training_quantization/make_compiled.py` does it in five lines.
#
# **Trap 4: what comes out is a description for a compiler.** Run as it is, it computes in float32 between `dequantize` and
# `quantize`, and takes several times as long (part 6). `torch.compile` makes int8 kernels of it only with
# `torch._inductor.config.freezing = True`.

# %% tags=["nbval-ignore-output"]
guesses()

# %% [markdown]
# ## You can now…
#
# - quantize weights per row by hand, and get the library's integers;
# - tell weight-only, dynamic and static apart, and say what each needs and computes;
# - compare with a float32 that has the same memory layout, batch and compiler;
# - calibrate with hooks, and see what a bad image does to a range;
# - prove dtype, bytes, latency and accuracy, each in its own way;
# - find a layer that breaks, and say what one at a time can't see.
#
# **Common mistakes**
#
# - Reading `weight.dtype`, or hearing no error, as proof.
# - Forgetting that `quantize_` takes linear layers only: convolutions stay float32.
# - Timing eager torchao or a PT2E graph and calling it the speed of int8.
# - Calibrating on test images, or on images that were prepared in another way.
#
# ## Cheat sheet
#
# | to | write |
# |---|---|
# | quantize a row by hand | $s = 2\max\lvert w\rvert / 255$; $q$ = round($w/s$), clamped to −128…127 |
# | weight-only int8 (linear layers) | `quantize_(model, Int8WeightOnlyConfig())`, in place |
# | dynamic int8 | `quantize_(model, Int8DynamicActivationInt8WeightConfig())`; try `torch.compile`, and measure |
# | 4 bits (not packed) | `IntxWeightOnlyConfig(weight_dtype=torch.int4, granularity=PerAxis(0))` |
# | int8 kernels, dynamic (older) | `torch.ao.quantization.quantize_dynamic(model, {nn.Linear}, dtype=torch.qint8)` |
# | int8 kernels, static (older) | `QuantStub` → `fuse_modules` → `prepare` → calibrate → `convert` |
# | static, today | linear: `Int8StaticActivationInt8WeightConfig(act_quant_scale=…)`; all: `torch.export` → `prepare_pt2e` → calibrate → `convert_pt2e` → compile with `freezing` |
# | a fair float32 on the CPU, for convolutions | `model.to(memory_format=torch.channels_last)` |
# | prove the dtype | `weight.qdata.dtype` (torchao: the container, int4 says int8, too) and one forward pass, `layer.weight().dtype` (older) |
# | prove the bytes | save the file, look at its size |
# | prove the speed | medians in shuffled turns with a float32 of the same runtime, memory layout and batch, compiled if yours is |
# | prove the accuracy | the same test images, compared one by one |
#
# Order of work: weight-only first → enough? stop → static with calibration for speed → prove all four → sensitivity where it
# breaks → finer scales or more bits for that layer → training with quantization (lesson 06) last.

# %% [markdown]
# ## Practise
#
# Nothing below is marked, and nothing leaves this machine. What you do is kept in one file, `progress.sqlite`,
# in the folder above this one, so you can stop at any time and go on where you were. Everything works by mouse and by keyboard.
# In any notebook, `cheat_sheet("05")` from `coursekit.learn.widgets` brings the page above back.
#
# **Cards.** Say the answer aloud before you turn one. Those you forget come back soon.

# %%
cards("05")

# %% [markdown]
# **Quiz.** Each option tells why it is right or wrong, and you may try again.

# %%
quiz("05")

# %% [markdown]
# **In your own words.** Write two or three sentences. You see which ideas were found in them.

# %%
respond("05")

# %% [markdown]
# **Practice.** From easy to hard, with a hint and worked steps when you want them.

# %%
practice("05")

# %% [markdown]
# **Traces.** Follow a run step by step. Say what comes next before you press the button.

# %% tags=["nbval-ignore-output"]
trace("05")

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
# - B. Jacob et al. (2018): *Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
#   Inference*. CVPR. arXiv:1712.05877. Static int8 with int32 sums.
# - R. Krishnamoorthi (2018): *Quantizing deep convolutional networks for efficient inference: A whitepaper*.
#   arXiv:1806.08342. Per channel against per tensor.
# - M. Nagel, M. van Baalen, T. Blankevoort, M. Welling (2019): *Data-Free Quantization Through Weight Equalization and
#   Bias Correction*. ICCV. arXiv:1906.04721. Undoing the rescaling of part 7.
# - M. Nagel et al. (2021): *A White Paper on Neural Network Quantization*. arXiv:2106.08295. Ranges, calibration, and
#   finding the layer that breaks.
# - H. Wu et al. (2020): *Integer Quantization for Deep Learning Inference: Principles and Empirical Evaluation*.
#   arXiv:2004.09602. Percentile calibration; sensitivity one layer at a time.
# - T. Dettmers, M. Lewis, Y. Belkada, L. Zettlemoyer (2022): *LLM.int8()*. arXiv:2208.07339. Outlier features in large language models.
# - S. Williams, A. Waterman, D. Patterson (2009): *Roofline: An Insightful Visual Performance Model for Multicore
#   Architectures*. Communications of the ACM 52(4). When bytes decide, and when arithmetic.
# - H. Xiao, K. Rasul, R. Vollgraf (2017): *Fashion-MNIST*. arXiv:1708.07747. The images.
# - Y. LeCun et al. (1998): *Gradient-Based Learning Applied to Document Recognition*. Proc. IEEE 86. LeNet-300-100.
# - PyTorch: [torchao](https://docs.pytorch.org/ao/stable/) and its [PT2E pages](https://docs.pytorch.org/ao/stable/pt2e_quantization/index.html);
#   [`torch.ao.quantization`](https://docs.pytorch.org/docs/stable/quantization.html), the older one.
