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
# It takes 45 to 55 minutes. You need a little PyTorch: `nn.Linear`, `nn.Conv2d`, `state_dict`. From lesson 02
# you need scale and zero point; part 1 repeats what it uses.
#
# LeNet-300-100 (784 inputs, 300 and 100 hidden units, 10 outputs) goes through torchao's `quantize_` with
# `Int8DynamicActivationInt8WeightConfig`: int8 weights, int8 inputs. How big is the saved file, and how long does one
# image take? The float32 network counts as 1. Before a result that matters, a cell asks for your guess: type it into
# the field and press Enter, then run the next cell.

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

# Two harmless lines while torchao is imported: it registers a type twice, and Python 3.12 and later
# warn of how its source is written.
logging.getLogger("torch.utils._pytree").setLevel(logging.ERROR)
warnings.filterwarnings("ignore", message="invalid escape sequence", category=SyntaxWarning)
from torchao.quantization import (
    Int8DynamicActivationInt8WeightConfig,
    Int8WeightOnlyConfig,
    IntxWeightOnlyConfig,
    PerAxis,
    PerRow,
    PerTensor,
    quantize_,
)

from coursekit import guess, guesses, plot, reveal
from coursekit.data import load_fashion_mnist
from coursekit.explore import explore
from coursekit.measure import accuracy, compare, latency, saved_bytes
from coursekit.train import fit, set_seed
from coursekit.widgets import cards, pattern_test, practice, progress, quiz, respond, trace

set_seed(0)


# %%
def lenet() -> nn.Sequential:
    """LeNet-300-100 for 28×28 images (LeCun et al. 1998)."""
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, 300),
        nn.ReLU(),
        nn.Linear(300, 100),
        nn.ReLU(),
        nn.Linear(100, 10),
    )


def quantized(model: nn.Module, config: object) -> nn.Module:
    """A copy of `model`, quantized by torchao. (`quantize_` itself works in place.)"""
    model = copy.deepcopy(model)
    quantize_(model, config)
    return model


untrained = lenet().eval()
puzzle = quantized(untrained, Int8DynamicActivationInt8WeightConfig())

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
plot.mark_guess(ax, "int8 by torchao: time for one image", axis="x")
plot.show(fig, alt="Two bars, for the file and the time, and a line at 1 for float32.")
fast, slow = times["int8"].lower_quartile, times["int8"].upper_quartile
reveal(
    "int8 by torchao: time for one image",
    time_ratio,
    between=(fast / times["float32"].median, slow / times["float32"].median),
)

# %% [markdown]
# The file keeps its promise. The time does not, and nothing is broken. “int8” is two promises: about what is
# **stored**, and about what is **computed**. Three kinds of post-training quantization differ in just that:
#
# | kind | weights stored in | inputs of a layer | product computed in | part |
# |---|---|---|---|---|
# | weight-only | int8 | stay float32 | float32 | 1 and 2 |
# | dynamic | int8 | int8, range found anew in each call | int8 | 3 |
# | static | int8 | int8, range fixed beforehand | int8 | 4 and 5 |
#
# A product in int8 is faster only if there is a *kernel* for it: compiled code that uses the CPU's int8
# instructions. So we prove four things for each model: **dtype, bytes, latency, accuracy**.
#
# ## 1 · Weight-only, by hand
#
# Begin with a layer that fits on the screen. Its rows are its outputs. The third is much smaller than the others.
#
# An int8 holds 256 whole numbers, from −128 to 127, with 255 steps between them. Row $i$ has values from $-m_i$
# to $m_i$, with $m_i = \max_j |w_{ij}|$. So one step, the **scale** $s_i$, is
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
    """Weights (outputs, …) → whole numbers, int8, same shape; and scales, shape (outputs, 1, …)."""
    largest = weight.abs().flatten(1).amax(1)
    if per_tensor:  # One scale for all: that of the largest weight there is.
        largest = largest.max().expand_as(largest)
    scale = (2 * largest / (2**bits - 1)).clamp(min=torch.finfo(torch.float32).eps)
    scale = scale.reshape(-1, *[1] * (weight.dim() - 1))
    steps = (weight * (1 / scale)).round()  # Not divided: to agree with torchao to the last bit.
    return steps.clamp(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1).to(torch.int8), scale


assert 0.25 < file_ratio < 0.27 and time_ratio > 1.3  # the puzzle, on every machine

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
    alt="Three grids: small weights, whole numbers from -99 to 127, differences of half a step.",
)
print("scales:", [f"{value:.5f}" for value in scale.flatten().tolist()])
assert ((q * scale - weights).abs() <= scale / 2 + 1e-6).all()

# %% [markdown]
# Look at the third row: its weights are small, and its whole numbers are not. Its own scale lets it use all
# 256 of them. No weight is off by more than half a step.
#
# (The largest weight of a row sits at 127.5 steps. If it is positive it is clamped to 127, which is just that
# half step. Other tools divide by 127 and leave −128 out; lesson 11 meets one.)
#
# Now a layer that stores $q$ and computes with $s\,q$. How many bytes does a 784→300 layer take, compared with
# float32?


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
assert torch.equal(weight.qdata, own.q)  # all 235,200 whole numbers
assert torch.equal(weight.scale, own.scale)
x = torch.rand(16, 784)
assert torch.allclose(library(x), own(x), atol=1e-5)

# %% [markdown]
# All 235,200 whole numbers agree, and all scales.
#
# **Trap 1: `weight.dtype` says float32.** The weight is a *tensor subclass*: outside it behaves like the
# float32 matrix that it stands for. What is stored is in `weight.qdata`. So a check such as
# `weight.dtype == torch.int8` fails on a network that is quantized. Look inside, or look at the bytes.
#
# Next: which layers does `quantize_` touch at all? Of two convolutional networks, the first ends in a large
# linear layer. The second has convolutions nearly everywhere. What becomes of each file?


# %%
def cnn() -> nn.Sequential:
    """Two convolutions and two linear layers, for 28×28 images."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(16 * 7 * 7, 64),
        nn.ReLU(),
        nn.Linear(64, 10),
    )


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
guess("Nearly all convolutions, after quantize_: size of the file", unit="× float32")


# %%
def stored_types(model: nn.Module) -> list[str]:
    """What each layer with weights really stores."""
    return [
        f"{type(layer).__name__} {getattr(layer.weight, 'qdata', layer.weight).dtype}"
        for layer in model
        if hasattr(layer, "weight")
    ]


shares = {}
for name, net in {"a large linear layer": cnn(), "nearly all conv": nearly_all_conv}.items():
    small = quantized(net, Int8WeightOnlyConfig())
    shares[name] = saved_bytes(small) / saved_bytes(net)
    print(f"{name}: {shares[name]:.2f} of the float32 file")
    print("   ", ", ".join(stored_types(small)))
reveal("Nearly all convolutions, after quantize_: size of the file", shares["nearly all conv"])

# %% [markdown]
# **Trap 2: `quantize_` takes linear layers only, unless told otherwise.** In the first network a linear layer
# holds most of the weights, so the file hides that both convolutions are still float32. In the second one next
# to nothing has happened, without an error or a warning.
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


def pack(values: torch.Tensor) -> torch.Tensor:
    """Numbers from −8 to 7, an even number of them → uint8, half as many: two in each byte."""
    low, high = (values.flatten() + 8).to(torch.uint8).reshape(-1, 2).unbind(1)
    return low | (high << 4)


def unpack(packed: torch.Tensor) -> torch.Tensor:
    """The way back: int8, twice as many."""
    return (torch.stack([packed & 15, packed >> 4], 1).flatten().to(torch.int8)) - 8


packed = pack(values)
assert torch.equal(unpack(packed), values.flatten())
print(f"layer 1: {values.nbytes:,} bytes as they are, {packed.nbytes:,} packed")

# %% [markdown]
# **Trap 3: the int4 file is no smaller than the int8 file.** Each number from −8 to 7 sits in a byte of its own. You
# get the error of 4 bits and the bytes of 8. A format for a certain device packs two numbers into a byte; on an
# ordinary CPU, and here, that is left to you.
#
# ## 3 · Dynamic: int8 inputs, too
#
# A weight-only layer turns its weights back to float32 in each call. To compute in int8, the inputs must be
# int8 as well. *Dynamic* quantization finds their range anew in each call: every row of inputs (here: every
# image) gets the scale of its own largest value.
#
# For row $n$ of the inputs with scale $t_n$ and whole numbers $p_{nj}$, and weights as before:
#
# $$y_{ni} = \sum_j x_{nj}\, w_{ij} + b_i \;\approx\; t_n\, s_i \underbrace{\sum_j p_{nj}\, q_{ij}}_{\text{whole
# numbers, int32}} + \; b_i$$
#
# The sum needs more than 8 bits: 784 products of up to 128 · 128 reach 12,845,056, so it is kept in int32.
#
# We compare our function with torchao. Then comes PyTorch's older API, `torch.ao.quantization`, which you will meet
# in much code. What does it say when it is used?


# %%
def dynamic_linear(x: torch.Tensor, layer: nn.Linear) -> torch.Tensor:
    """Inputs (n, inputs) → outputs (n, outputs): int8 · int8, summed in int32, scaled at the end."""
    p, input_scale = quantize_rows(x)
    q, weight_scale = quantize_rows(layer.weight.detach())
    sums = p.int() @ q.int().t()
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

# From here on it has been said.
warnings.filterwarnings("ignore", message="torch.ao.quantization is deprecated")
warnings.filterwarnings("ignore", message="torch.quantize_per_tensor")

# %% [markdown]
# The same numbers as torchao, and close to float32. So why did the puzzle's network take so long? torchao's layer
# does what our function does: find the range, divide, round, clamp, multiply, scale. Each step is a call from Python
# with its own overhead, whatever the size of the layer. `torch.compile` would melt the steps into one kernel, which
# needs a C++ compiler. We run them as they are, *eagerly*.
#
# The older API is deprecated: it still runs in this version and will not stay. Read its line, too:
# `per_tensor_affine` means one scale for the whole matrix. Part 7 comes back to that.
#
# But it has ready-made kernels, which do a whole layer in one call. Is int8 faster with them? We time one linear
# layer, float32 against int8, at widths from 64 to 2048. From which width on is the dynamic layer faster than
# float32, with one input? And with 64?

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
fig.suptitle("int8 pays where the layer is large, and its kernel is made for it")
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
plot.show(fig, alt="Speed against width: all begin below float32, the int8 kernels rise above it.")
assert speed[64][kinds[0]][-1] > 1.2 and speed[1][kinds[0]][0] < 1
assert speed[1][kinds[1]][0] < 1 and speed[1][kinds[2]][0] < 1

# %% [markdown]
# Look at three things. On a small layer int8 is **slower**, even with kernels made for it: finding the range and
# rounding costs more than the product. On a large one it is faster, with 64 inputs several times. And torchao's
# dynamic layer pays its fixed overhead: only with many inputs and a wide layer can the int8 product make up for it.
# So “int8 is faster” is a statement about a kernel, a size and a batch.
#
# ## 4 · Static: ranges fixed beforehand
#
# Dynamic quantization pays for finding a range in every call. *Static* quantization looks at some images once, and
# writes down the range of each layer's inputs. Those images are **calibration data**. Now the values between two
# layers never have to be float32 at all.
#
# After a ReLU no value is negative. A symmetric range would waste half of the numbers, so activations use
# *affine* quantization to uint8, with a scale $t$ and a zero point $z$, a whole number:
#
# $$p = \operatorname{clamp}\big(\operatorname{round}(x / t) + z,\, 0,\, 255\big), \qquad
# t = \frac{h - l}{255}, \qquad z = \operatorname{round}(-l / t), \qquad x \approx t\,(p - z)$$
#
# from the lowest value $l$ to the highest $h$; the range always includes 0, so that zero is exact.
#
# First three trained networks of each kind, from three seeds: one network is an anecdote. 2,000 of the
# 10,000 training images are held out for **validation**, where we make all choices. The test images wait for part 6.
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
    cnns.append(cnn())
    fit(cnns[-1], train, epochs=2, lr=2e-3, seed=seed)
float_accuracy = {
    "MLP": [accuracy(model, *validation) for model in mlps],
    "CNN": [accuracy(model, *validation) for model in cnns],
}
for name, values in float_accuracy.items():
    print(name, "validation accuracy:", [f"{value:.3f}" for value in values])
    assert all(value > 0.7 for value in values)


# %%
def with_weights(model: nn.Sequential) -> dict[int, nn.Module]:
    """The layers that have weights, by their place in the model."""
    return {
        place: layer
        for place, layer in enumerate(model)
        if isinstance(layer, nn.Linear | nn.Conv2d)
    }


@torch.no_grad()
def observe(model: nn.Sequential, images: torch.Tensor) -> dict[int, torch.Tensor]:
    """What goes into each layer with weights, for all `images`: one long vector each."""
    seen: dict[int, torch.Tensor] = {}

    def hook_for(place: int):
        return lambda layer, inputs: seen.update({place: inputs[0].flatten()})

    hooks = [
        layer.register_forward_pre_hook(hook_for(place))
        for place, layer in with_weights(model).items()
    ]
    model(images)
    for hook in hooks:
        hook.remove()
    return seen


calibration = train[0][:256]
ranges = {
    place: (float(values.min()), float(values.max()))
    for place, values in observe(cnns[0], calibration).items()
}
assert ranges[0] == (0.0, 1.0)  # the pixels themselves
assert all(low == 0 for low, _ in ranges.values())  # pixels, and what ReLU lets through

# %% [markdown]
# The older API makes static layers. `prepare` puts *observers* in, which note the lowest and highest value of the
# calibration images. `convert` puts int8 layers in their place, **convolutions included**. `QuantStub` and
# `DeQuantStub` mark where whole numbers begin and end. `fuse_modules` makes one layer of a convolution or linear
# layer and its ReLU, so that nothing is stored between them.
#
# Look for what the layers of the CNN are called now, and for the scale and zero point that each one has kept from
# calibration.


# %% tags=["nbval-ignore-output"]
def static(model: nn.Sequential, images: torch.Tensor) -> nn.Sequential:
    """`model` with static int8 layers, calibrated on `images` by lowest and highest value."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from torch.ao import quantization as older

        net = nn.Sequential(older.QuantStub(), *copy.deepcopy(model), older.DeQuantStub()).eval()
        places = with_weights(net)
        pairs = [[str(n), str(n + 1)] for n in places if isinstance(net[n + 1], nn.ReLU)]
        net = older.fuse_modules(net, pairs)
        net.qconfig = older.QConfig(
            activation=older.MinMaxObserver.with_args(dtype=torch.quint8),
            weight=older.PerChannelMinMaxObserver.with_args(
                dtype=torch.qint8, qscheme=torch.per_channel_symmetric
            ),
        )
        older.prepare(net, inplace=True)
        with torch.no_grad():
            net(images)
        return older.convert(net, inplace=True)


static_cnn = static(cnns[0], calibration)
print(static_cnn)
first = static_cnn[1]
assert first.weight().dtype == torch.qint8 and first.weight().shape == (8, 1, 3, 3)
low, high = ranges[3]  # what our own hooks saw in front of the second convolution
assert math.isclose(first.scale, (high - low) / 255, rel_tol=1e-4)
ratio = saved_bytes(static_cnn) / saved_bytes(cnns[0])
print(f"file: {ratio:.2f} of float32")

# %% [markdown]
# Our hooks and the library's observers saw the same range, so they chose the same scale.
#
# ### One layer in whole numbers
#
# Now take a linear layer apart, whose products and sums are whole numbers. Its inputs are uint8 with scale $t$ and
# zero point $z$, its weights int8 with scales $s_i$. The bias becomes a whole number too, in steps of $t\,s_i$, so
# that it can be added to the sum. The result goes to uint8 with the output's own scale. Does our own int32 layer
# agree with the library's within one step?

# %%
static_mlp = static(mlps[0], calibration)
converted = static_mlp[2]  # after QuantStub and Flatten: linear layer 1 with its ReLU
x = static_mlp[0](validation[0][:64]).flatten(1)  # a quantized tensor
float_layer = mlps[0][1]

t, z = x.q_scale(), x.q_zero_point()
q, scale = quantize_rows(float_layer.weight.detach())
s = scale.flatten()
bias = (float_layer.bias.detach() / (t * s)).round().int()
sums = (x.int_repr().int() - z) @ q.int().t() + bias  # int32
by_hand = (sums * (t * s) / converted.scale).round() + converted.zero_point
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
# | `QuantStub`, `fuse_modules`, `prepare`, `convert` | static, *eager mode* | PT2E, part 9 |
# | `prepare_fx`, `convert_fx` | static, found in a traced graph | PT2E, part 9 |
# | `prepare_qat`, `convert` | training with quantization | lesson 06 |
# | `get_default_qconfig("x86")` | observers and bits for a backend | the quantizer of the backend |
#
# `torch.quantization` without `ao` is older still, and the same.
#
# ## 5 · Calibration: which images, and how many?
#
# To try many calibrations, we simulate: round each layer's inputs to the grid that the calibration gives, and compute
# on in float32. That is called *fake quantization*; it shows the accuracy of int8, not its speed.
#
# Five ways to calibrate the CNN. All of them finish without a complaint:
#
# - **1 image** and **256 images** from the training data;
# - **noise**: 256 images of random pixels;
# - **dark**: the 256 images at a tenth of their brightness;
# - **one unscaled**: the 256 images, and one whose pixels somebody forgot to divide by 255.
#
# Which of them ruin the network? Guess the accuracy with the unscaled image.


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
        p = ((x / self.scale).round() + self.zero_point).clamp(0, self.top)
        return (p - self.zero_point) * self.scale


def simulate_static(
    model: nn.Sequential, images: torch.Tensor, percentile: float = 100
) -> nn.Sequential:
    """int8 weights, and the inputs of each layer rounded, with ranges calibrated on `images`."""
    layers = list(copy.deepcopy(model))
    for place, values in reversed(observe(model, images).items()):
        q, scale = quantize_rows(layers[place].weight.detach())
        layers[place].weight.data = q * scale
        high = float(values.quantile(percentile / 100))
        layers.insert(place, Rounded(float(values.min()), high))
    return nn.Sequential(*layers)


# %%
set_seed(0)
calibrations = {
    "256 images": calibration,
    "1 image": calibration[:1],
    "noise": torch.rand(256, 1, 28, 28),
    "dark": calibration / 10,
    "one unscaled": torch.cat([calibration, calibration[:1] * 255]),
}

# %%
guess("CNN calibrated with one unscaled image: accuracy", low=0, high=1)

# %% tags=["nbval-ignore-output"]
calibrated = {
    name: [accuracy(simulate_static(model, images), *validation) for model in cnns]
    for name, images in calibrations.items()
}
check = accuracy(static_cnn, *validation)
print(f"256 images, seed 0: simulated {calibrated['256 images'][0]:.3f}, int8 kernels {check:.3f}")
assert abs(check - calibrated["256 images"][0]) < 0.015

fig, ax = plot.figure(width=9, height=3.2)
shown = {"float32": float_accuracy["CNN"], **calibrated}
plot.ranges(ax, list(shown), {"CNN, static int8": list(shown.values())})
ax.set(
    title="Five calibrations of the CNN: mean and range of three seeds",
    ylabel="validation accuracy",
    ylim=(0, 0.95),
)
plot.mark_guess(ax, "CNN calibrated with one unscaled image: accuracy")
plot.show(fig, alt="Accuracy of float32 and of five calibrations: mean and range of three seeds.")
mean = {name: float(np.mean(values)) for name, values in shown.items()}
seeds = calibrated["one unscaled"]
reveal(
    "CNN calibrated with one unscaled image: accuracy",
    mean["one unscaled"],
    between=(min(seeds), max(seeds)),
)

# %% [markdown]
# The simulation agrees with the int8 kernels, so we may believe it. Then read the plot:
#
# - 256 real images cost nothing that three seeds could show. Already one image comes close, here.
# - *Noise*: look where it came out on your machine. Nothing ties its range to that of real images; it is luck.
# - *Dark* images make the range too small. Everything brighter is **clipped**.
# - *One* unscaled image among 257 makes the range of the pixels 255 times too large. Real pixels then share two whole
#   numbers, 0 and 1: all of it is **rounding error**.
#
# So calibrate on images like those the device will see, prepared by the same code. Not on test images: they are
# for the last word.
#
# What can be done about a rare freak value? Leave it outside. A **percentile** in place of the highest value clips
# the largest 1 % or so, and gives all others a finer grid. In the next picture, move the bits and the percentile, and
# watch the two errors (mean squares, times 10,000): a lower percentile clips more on the right, and makes finer steps
# on the left.
#
# Does that help the network which one unscaled image has ruined, at 8 bits? The cell after the picture tells.

# %% tags=["nbval-ignore-output"]
# As the last picture showed, on every machine.
assert abs(mean["256 images"] - mean["float32"]) < 0.015
assert mean["dark"] < mean["float32"] - 0.15 and mean["one unscaled"] < mean["float32"] - 0.1

values = observe(cnns[0], calibrations["one unscaled"])[7]  # what enters the first linear layer
usual = observe(cnns[0], calibration)[7]
counts, edges = np.histogram(usual.numpy(), bins=80, range=(0, float(usual.max())))
percentiles = [100.0, 99.9, 99.0, 95.0]
ends = {p: float(values.quantile(p / 100)) for p in percentiles}


def draw(bits: int, percentile: float):
    rounded = Rounded(0.0, ends[percentile], bits)
    squares = (rounded(usual) - usual) ** 2
    outside = usual > ends[percentile]
    clipping = float(squares[outside].sum() / len(usual))
    rounding = float(squares[~outside].sum() / len(usual))
    fig, ax = plot.figure(width=8, height=3)
    ax.stairs(counts + 0.5, edges, fill=True, color=plot.COLOURS[5], label="activations")
    if bits <= 6:
        steps = np.arange(2**bits) * rounded.scale
        ax.vlines(steps, 0.5, counts.max(), color="black", linewidth=0.6)
    end = min(ends[percentile], edges[-1])
    ax.axvline(end, color=plot.COLOURS[2], linewidth=2, marker="", label="end of the range")
    plot.log_y(ax)
    ax.set(
        title=f"{bits} bits, {percentile:g} %: error {1e4 * clipping:.2f} by clipping, "
        f"{1e4 * rounding:.2f} by rounding",
        xlabel="value that enters the first linear layer",
        ylabel="how many",
        xlim=(0, edges[-1]),
    )
    ax.legend(loc="upper right")
    return fig


explore(
    draw,
    alt="Histogram of activations with the grid of a chosen number of bits and the end of its range.",
    bits=[3, 4, 5, 6, 8],
    percentile=percentiles,
    start={"bits": 4, "percentile": 99.0},
)

# %% tags=["nbval-ignore-output"]
fig, ax = plot.figure(width=8, height=3.2)
places = range(len(percentiles))
saved = {}
for name in ("256 images", "one unscaled"):
    runs = [
        [accuracy(simulate_static(m, calibrations[name], p), *validation) for m in cnns]
        for p in percentiles
    ]
    saved[name] = np.mean(runs, 1)
    plot.band(ax, places, saved[name], np.min(runs, 1), np.max(runs, 1), label=name)
ax.set_xticks(places, [f"{p:g}" for p in percentiles])
ax.set(
    title="A percentile survives one bad image: 8 bits, mean and range of three seeds",
    xlabel="percentile taken as the end of the range",
    ylabel="validation accuracy",
    ylim=(0, 0.95),
)
ax.legend(loc="lower right")
plot.show(fig, alt="Accuracy against percentile: with one bad image it is low at 100, good at 99.")
good, bad = saved["256 images"], saved["one unscaled"]
assert bad[2] > bad[0] + 0.1 and abs(bad[2] - good[0]) < 0.03

# %% [markdown]
# The bad image is 1 of 257, so 0.4 % of the values: 99.9 leaves too much of it inside, 99 leaves it out. Now the
# other line, the clean images: is any percentile better there than the highest value, by more than the three seeds
# differ? With fewer bits percentiles matter more; lesson 03 looks for the best end of a range.
#
# ## 6 · What each kind shrinks and speeds up
#
# Now all kinds side by side, on both networks: bytes, time and accuracy. The choice of calibration is made, so the
# **test images** come out, once. Time is measured in turn against float32 of the same run, for one image and for 64.
# Accuracy is compared image by image: `lost` counts the images that only float32 gets right, `won` those that only
# int8 gets right, and `p` says how easily chance alone makes such a pair. Which kind is fastest for the CNN with 64
# images? And with one?

# %%
test = data.test.tensors()
rows = []
for network, model in {"MLP": mlps[0], "CNN": cnns[0]}.items():
    kinds = {
        "float32": model,
        "weight-only, torchao": quantized(model, Int8WeightOnlyConfig()),
        "dynamic, torchao": quantized(model, Int8DynamicActivationInt8WeightConfig()),
        "dynamic, int8 kernels": quantize_dynamic(
            copy.deepcopy(model), {nn.Linear}, dtype=torch.qint8
        ),
        "static, int8 kernels": static(model, calibration),
    }
    times = {
        batch: latency({k: partial(m, test[0][:batch]) for k, m in kinds.items()}, runs=60)
        for batch in (1, 64)
    }
    for kind, quantized_model in kinds.items():
        both = compare(model, quantized_model, *test)
        rows.append(
            {
                "network": network,
                "kind": kind,
                "file": saved_bytes(quantized_model) / saved_bytes(model),
                "time, 1 image": times[1][kind].median / times[1]["float32"].median,
                "time, 64 images": times[64][kind].median / times[64]["float32"].median,
                "accuracy": both.right / len(test[1]),
                "lost": both.lost,
                "won": both.won,
                "p": both.p,
            }
        )
table = pd.DataFrame(rows).set_index(["network", "kind"])

# %% tags=["nbval-ignore-output"]
fig, axes = plot.figure(1, 2, width=12, height=3.6)
fig.suptitle("Time against the same runtime's float32 (below 1: faster)")
for ax, network in zip(axes, ("MLP", "CNN"), strict=True):
    part = table.loc[network].drop("float32")
    series = {batch: part[f"time, {batch}"].tolist() for batch in ("1 image", "64 images")}
    plot.grouped_bars(ax, list(part.index), series, label="{:.2f}")
    ax.axvline(1, color="black", linewidth=1)
    ax.set(title=network, xlabel="time (float32 = 1)")
plot.show(
    fig, alt="Bars of time for four kinds and two batches, one panel for MLP and one for CNN."
)
assert table["file"].drop("float32", level="kind").between(0.2, 0.35).all()
assert (table["lost"] - table["won"]).abs().max() < 40
assert table.loc[("CNN", "dynamic, torchao"), "time, 1 image"] > 1
table.round({"file": 2, "time, 1 image": 2, "time, 64 images": 2, "accuracy": 3, "p": 2})

# %% [markdown]
# Read the table one column at a time.
#
# - **file**: about a quarter for all of them, since linear layers dominate here. The CNN's convolutions are int8
#   in the last row only.
# - **time, 1 image**: look for a number below 1. These networks are so small that overhead decides. Dynamic
#   quantization of the CNN adds its steps to the linear layers and leaves everything else as it is.
# - **time, 64 images**: look at the rows with int8 kernels. The dynamic one helps the MLP, which is all linear
#   layers, and does next to nothing for the CNN. The static one helps both.
# - **p**: is any of them small? Where it is above 0.05, the accuracy is *indistinguishable* from float32 on these
#   2,000 images. That is not *equal*: a difference of half a point would hide in it.
#
# So int8 convolutions are fast? Take the static CNN apart: which part of it has gained the most time?

# %%
parts = {  # places in the float32 network, and in the static one, which begins with QuantStub
    "convolution 1, ReLU": (slice(0, 2), slice(1, 3)),
    "max-pooling 1": (slice(2, 3), slice(3, 4)),
    "convolution 2, ReLU": (slice(3, 5), slice(4, 6)),
    "max-pooling 2": (slice(5, 6), slice(6, 7)),
    "linear 1, ReLU": (slice(7, 9), slice(8, 10)),
    "linear 2": (slice(9, 10), slice(10, 11)),
}
calls = {}
with torch.no_grad():
    for part, places in parts.items():
        for name, net, place in zip(
            ("float32", "static"), (cnns[0], static_cnn), places, strict=True
        ):
            into = net[: place.start](test[0][:64])
            calls[part, name] = partial(net[place], into)

# %% tags=["nbval-ignore-output"]
times = latency(calls, runs=40)
spent = {name: [1e6 * times[part, name].median for part in parts] for name in ("float32", "static")}
fig, ax = plot.figure(width=9, height=4)
plot.grouped_bars(ax, list(parts), {"float32": spent["float32"], "static int8": spent["static"]})
ax.set(title="Where the time goes in the CNN", xlabel="µs for 64 images (median of 40 runs)")
plot.show(fig, alt="Bars of time for six parts of the CNN, float32 beside static int8.")
gained = np.subtract(spent["float32"], spent["static"])
print("the part that gained the most time:", list(parts)[int(gained.argmax())])
assert sum(spent["static"]) < 1.2 * sum(spent["float32"])

# %% [markdown]
# On the machine that made this page it is the **max-pooling**, which was also the slowest part. (A likely reason: it
# only compares numbers, and a uint8 is a quarter of the bytes.) The convolutions gained far less. So the network got
# faster, and not for the reason that everybody would have named. What takes the time on yours? (Each part was timed
# alone, so the parts need not add up to the whole network's time.)
#
# ## 7 · The same function with other weights
#
# So far int8 cost nothing. Here is a network that computes **exactly** the same as ours. What does int8 cost now?
#
# A ReLU lets a positive factor through: $\operatorname{relu}(a\,x) = a\operatorname{relu}(x)$ for $a > 0$. So
# multiply all weights into a hidden unit (and its bias) by $a$, and divide the weights out of it by $a$: nothing
# changes. With a power of two not even a bit does. We draw a factor from $2^{-6}$ to $2^{6}$ for each of the 300
# units, for three seeds.
#
# Is that far-fetched? Batch norm folded into a layer makes such factors (Nagel et al. 2019), and large language models
# have such units (Dettmers et al. 2022; lesson 13). We store the weights in int8 with one scale for each whole matrix,
# and with one for each row. Guess the accuracy with one scale for each matrix.


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

# %%
guess("Rescaled, int8 with one scale for each matrix: accuracy", low=0, high=1)

# %% tags=["nbval-ignore-output"]
schemes = {
    "float32": copy.deepcopy,
    "int8 weights, per tensor": partial(
        quantized, config=Int8WeightOnlyConfig(granularity=PerTensor())
    ),
    "int8 weights, per row": partial(quantized, config=Int8WeightOnlyConfig(granularity=PerRow())),
    "static: rows, and int8 inputs": partial(static, images=calibration),
}
outcome = {
    "as trained": [[accuracy(s(m), *validation) for m in mlps] for s in schemes.values()],
    "rescaled": [[accuracy(s(m), *validation) for m in rescaled] for s in schemes.values()],
}
fig, ax = plot.figure(width=9, height=3.4)
plot.ranges(ax, list(schemes), outcome)
ax.set(
    title="Two networks that compute the same: mean and range of three seeds",
    ylabel="validation accuracy",
    ylim=(0, 0.95),
)
plot.mark_guess(ax, "Rescaled, int8 with one scale for each matrix: accuracy")
plot.show(fig, alt="Accuracy of four schemes, each for the network as trained and rescaled.")
mean = dict(zip(schemes, np.mean(outcome["rescaled"], 1), strict=True))
before = dict(zip(schemes, np.mean(outcome["as trained"], 1), strict=True))
seeds = outcome["rescaled"][1]
reveal(
    "Rescaled, int8 with one scale for each matrix: accuracy",
    mean["int8 weights, per tensor"],
    between=(min(seeds), max(seeds)),
)

# %% [markdown]
# With one scale for the matrix the largest unit sets the step, and small units round to nothing. With one for each row,
# every unit keeps its own step, and most of the accuracy stays. Not all: in layer 2 the factors stand in the
# *columns*, and a row's scale can't follow those.
#
# Now compare the ranges of the last two columns. Static quantization has a scale for each row of the weights, too,
# but only **one scale for all inputs** of a layer. Between layers 1 and 2 the units now differ by factors up to
# 4,096.
#
# Move the largest factor and the scheme below. Each point is a unit of layer 1, the line is half of the step in which
# its weights are stored. A unit is lost where its largest weight falls below that line.

# %% tags=["nbval-ignore-output"]
# As the last picture showed, on every machine.
assert mean["int8 weights, per tensor"] < before["int8 weights, per tensor"] - 0.15
assert mean["int8 weights, per row"] > mean["int8 weights, per tensor"] + 0.15

moved = {top: rescale(mlps[0], top) for top in (0, 2, 4, 6, 8)}
reached = {
    (top, scheme): accuracy(schemes[f"int8 weights, {scheme}"](m), *validation)
    for top, m in moved.items()
    for scheme in ("per tensor", "per row")
}


def draw(largest_factor: int, scheme: str):
    top = largest_factor.bit_length() - 1
    weight = moved[top][1].weight.detach()
    largest, order = weight.abs().amax(1).sort()
    _, scale = quantize_rows(weight, per_tensor=scheme == "per tensor")
    fig, ax = plot.figure(width=8, height=3)
    ax.plot(largest, label="largest weight of the unit", linestyle="none", markersize=3)
    ax.plot(scale.flatten()[order] / 2, label="half a step", marker="", linewidth=2)
    ax.set_yscale("log")
    ax.minorticks_off()
    ax.set(
        title=f"factors up to {largest_factor}, {scheme}: accuracy {reached[top, scheme]:.3f}",
        xlabel="units of layer 1, sorted by their largest weight",
        ylabel="magnitude",
    )
    ax.legend()
    return fig


explore(
    draw,
    alt="The largest weight of each unit, sorted, and half of the step in which it is stored.",
    largest_factor=[1, 4, 16, 64, 256],
    scheme=["per tensor", "per row"],
    start={"largest_factor": 64},
)

# %% [markdown]
# ## 8 · Which layer breaks?
#
# A network got worse, and you want to know where. **Sensitivity**, one layer at a time: quantize a single layer,
# leave all others in float32, measure, put it back, go on with the next. Then spend more bits, or a finer scale, on
# the worst one.
#
# Two cases. On the left the network as trained, at only 2 bits. On the right another disguise: **one** of the 300
# units of layer 1, the most active one, times 1,024, and divided again in layer 2; 8 bits, one scale for each matrix.
# Which layer is the worst, in each of them?


# %%
def simulate_weights(
    model: nn.Sequential,
    bits: int = 8,
    per_tensor: bool = False,
    only: Iterable[int] | None = None,
) -> nn.Sequential:
    """A copy whose weights are rounded to the grid; `only`: the places of the layers, else all."""
    model = copy.deepcopy(model)
    for place, layer in with_weights(model).items():
        if only is None or place in only:
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


outlier = [one_unit(model) for model in mlps]
assert all(
    torch.equal(a(validation[0]), b(validation[0])) for a, b in zip(mlps, outlier, strict=True)
)

# %% tags=["nbval-ignore-output"]
layers = {"layer 1": [1], "layer 2": [3], "layer 3": [5], "all three": [1, 3, 5]}
cases = {
    "as trained, 2 bits, per row": (mlps, 2, False),
    "one large unit, 8 bits, per tensor": (outlier, 8, True),
    "all units rescaled, 8 bits, per tensor": (rescaled, 8, True),
}
drops = {
    case: [
        [
            100 * (was - accuracy(simulate_weights(model, bits, per_tensor, only), *validation))
            for model, was in zip(models, float_accuracy["MLP"], strict=True)
        ]
        for only in layers.values()
    ]
    for case, (models, bits, per_tensor) in cases.items()
}
fig, axes = plot.figure(1, 2, width=11, height=3.4)
fig.suptitle("One layer at a time: mean and range of three seeds")
for ax, case in zip(axes, cases, strict=False):
    plot.ranges(ax, list(layers), {"points lost": drops[case]})
    ax.axhline(0, color="grey", linewidth=1, marker="", linestyle="-")
    ax.set(title=case, ylabel="accuracy lost (points)")
plot.show(
    fig, alt="Accuracy lost by each layer alone and by all, in two cases; in one layer 1 only."
)
broken = np.mean(drops["one large unit, 8 bits, per tensor"], 1)
assert broken[0] > 20 and broken[1] < 5 and broken[2] < 5

# %% [markdown]
# On the right the culprit is plain: layer 1 alone costs as much as all three together. On the left, compare
# the ranges before you name a worst layer: do they overlap?
#
# So mend layer 1, and only layer 1: one scale for each of its rows, one scale for the whole matrix elsewhere. And will
# static int8, which has a scale for each row anyway, do as well on this network? Guess its accuracy.
#
# A third case was measured, too: the network of part 7, all units rescaled. Which of its layers will be the worst?

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

rescaled_case = "all units rescaled, 8 bits, per tensor"
lost = dict(zip(layers, np.mean(drops[rescaled_case], 1).tolist(), strict=True))
print("all units rescaled, points lost:", {name: round(value, 1) for name, value in lost.items()})
assert lost["all three"] > lost["layer 1"] + lost["layer 2"] + lost["layer 3"] + 10

# %% [markdown]
# The weights are mended, for 1,196 bytes: 300 scales of 4 bytes in place of one. Static int8 breaks all the same. One
# scale has to serve all *inputs* of layer 2, and the large unit stretches it until the others round to nothing. No
# scale for a row of weights can help there. Dividing the unit again would: that is equalization (Nagel et al. 2019).
#
# The last line is the trap. No layer alone does much harm, and together they ruin the network. Layer 1 loses its
# *small* units. Layer 2 loses those that were made *large*, for it divides them. Alone, each leaves the other half
# alive. So one at a time finds a layer that breaks by itself. That all layers pass does not prove that the network
# does. And do not quantize one more layer at each step: then every bar holds the damage of those before it.
#
# ## 9 · Further reading: PT2E, a graph for a compiler
#
# The new way to static int8 is *PyTorch 2 export quantization*. `torch.export` records the network as a graph, and a
# **quantizer**, here that of x86 CPUs, marks where to round: no stubs, no fusing by hand, convolutions included. Then
# `prepare_pt2e`, calibration, `convert_pt2e`. How large is its `state_dict` then?

# %%
from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e
from torchao.quantization.pt2e.quantizer.x86_inductor_quantizer import (
    X86InductorQuantizer,
    get_default_x86_inductor_quantization_config,
)

for original, by_row, at_once in zip(float_accuracy["MLP"], mended, static_accuracy, strict=True):
    assert abs(by_row - original) < 0.03 and at_once < original - 0.2  # part 8, on every machine

quantizer = X86InductorQuantizer()
quantizer.set_global(get_default_x86_inductor_quantization_config())
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    graph = torch.export.export(cnns[0], (calibration,)).module()
    prepared = prepare_pt2e(graph, quantizer)
    prepared(calibration)
    exported = convert_pt2e(prepared)

# %%
guess("CNN through PT2E: size of the state_dict", unit="× float32")

# %% tags=["nbval-ignore-output"]
state = exported.state_dict()
ratio = saved_bytes(state) / saved_bytes(cnns[0])
reveal("CNN through PT2E: size of the state_dict", ratio)

# %% tags=["nbval-ignore-output"]
for name, tensor in state.items():
    if tensor.numel() > 50:
        print(f"{name:15} {tensor.dtype!s:14} {tuple(tensor.shape)}")
assert ratio > 1
names = [node.name for node in exported.graph.nodes]
rounding = [name for name in names if name.startswith(("quantize_", "dequantize_"))]
print(f"{len(rounding)} of {len(names)} nodes of the graph round or turn back to float32")
same = exported(calibration).argmax(1) == static_cnn(calibration).argmax(1)
agree = float(same.float().mean())
print(f"same answer as the int8 kernels of part 4: {agree:.1%} of {len(same)} calibration images")
assert agree > 0.9

# %% [markdown]
# **Trap 4: the `state_dict` has grown.** It holds the int8 weights (`_frozen_param…`) *and* the float32 originals,
# under their old names. And the graph computes in float32 between `dequantize` and `quantize`. It is a
# description for a compiler: `torch.compile` with the x86 backend, or ExecuTorch for a phone, makes int8 kernels of it
# and throws the originals away. Until then it is neither small nor fast.

# %% tags=["nbval-ignore-output"]
guesses()

# %% [markdown]
# ## You can now…
#
# - quantize weights per row by hand, and get the library's whole numbers;
# - tell weight-only, dynamic and static apart, and say what each needs and computes;
# - calibrate with hooks, and see what a bad image does to a range;
# - prove dtype, bytes, latency and accuracy, each in its own way;
# - find a layer that breaks, and say what one at a time can't see.
#
# **Common mistakes**
#
# - Reading `weight.dtype`, or hearing no error, as proof.
# - Forgetting that `quantize_` takes linear layers only: convolutions stay float32.
# - Taking bits for bytes: int4 without packing is int8 on disk.
# - Timing eager torchao or a PT2E graph and calling it the speed of int8.
# - Calibrating on noise, on test images, or with other preprocessing.
# - Measuring sensitivity while the layers before are quantized, too.
#
# ## Cheat sheet
#
# | to | write |
# |---|---|
# | quantize a row by hand | $s = 2\max\lvert w\rvert / 255$; $q$ = round($w/s$), clamped to −128…127 |
# | weight-only int8 (linear layers) | `quantize_(model, Int8WeightOnlyConfig())`, in place |
# | one scale a matrix | `Int8WeightOnlyConfig(granularity=PerTensor())` |
# | dynamic int8 | `quantize_(model, Int8DynamicActivationInt8WeightConfig())`; compile for speed |
# | 4 bits (not packed) | `IntxWeightOnlyConfig(weight_dtype=torch.int4, granularity=PerAxis(0))` |
# | int8 kernels, dynamic (older) | `torch.ao.quantization.quantize_dynamic(model, {nn.Linear}, dtype=torch.qint8)` |
# | int8 kernels, static (older) | `QuantStub` → `fuse_modules` → `prepare` → calibrate → `convert` |
# | static, today | `torch.export` → `prepare_pt2e` → calibrate → `convert_pt2e` → compile |
# | prove the dtype | `weight.qdata.dtype` (torchao), `layer.weight().dtype` (older) |
# | prove the bytes | save the file, look at its size |
# | prove the speed | medians in turn with the same runtime's float32, with the batch you need |
# | prove the accuracy | the same test images, compared one by one |
# | quiet import of torchao | `logging.getLogger("torch.utils._pytree").setLevel(logging.ERROR)` before it |
#
# Order of work: weight-only first → enough? stop → static with calibration for speed → prove all four → sensitivity where it
# breaks → finer scales or more bits for that layer → training with quantization (lesson 06) last.

# %% [markdown]
# ## Practise
#
# Nothing below is marked, and nothing leaves this machine. What you do is kept in one file, `progress.sqlite`,
# in the folder above this one, so you can stop at any time and go on where you were. Everything works by mouse and by keyboard.
# In any notebook, `cheat_sheet("05")` from `coursekit.widgets` brings the page above back.
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
# **Is the pattern strong?** Ten questions on *quantization* from all lessons. Take it when the rest feels easy.

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
# - T. Dettmers, M. Lewis, Y. Belkada, L. Zettlemoyer (2022): *LLM.int8()*. arXiv:2208.07339. Outlier units in large language models.
# - H. Xiao, K. Rasul, R. Vollgraf (2017): *Fashion-MNIST*. arXiv:1708.07747. The images.
# - Y. LeCun et al. (1998): *Gradient-Based Learning Applied to Document Recognition*. Proc. IEEE 86. LeNet-300-100.
# - PyTorch: [torchao](https://docs.pytorch.org/ao/stable/) and its [PT2E pages](https://docs.pytorch.org/ao/stable/pt2e_quantization/index.html);
#   [`torch.ao.quantization`](https://docs.pytorch.org/docs/stable/quantization.html), the older one.
#
# **Now you:** [the exercise](../exercises/05_post_training_quantization/05_post_training_quantization.ipynb).
