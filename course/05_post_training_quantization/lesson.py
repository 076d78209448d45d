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
# **One line of code made my network int8. Is it smaller? Is it faster? And does it still work?**
#
# We took PP-OCRv4, by which many programs read text, and ran the one line that
# ONNX Runtime has for it, `quantize_dynamic`. The file shrank from 10.8 MB to 2.9. Reading one line of text now takes 5.8 times as long.
# And what does it read? Nothing at all, without a single warning.
#
# By the end you'll know how to check all three, and it reads again, with weights of 8 bits.
#
# It takes about {minutes} minutes, with a place to stop after part 4. You need scale and zero point (lesson 02) and a little PyTorch: `nn.Linear`,
# `nn.Conv2d`, `state_dict`.
#
# Move the picture first. One of ten hidden units is doubled again and again, and what it adds to the answer is halved as often. In float32
# nothing changes. What happens to the other nine in int8?

# %% tags=["nbval-ignore-output"]
from coursekit.lesson_05.opening import large_unit

large_unit()

# %%
import copy
from functools import partial

import numpy as np
import torch
from torch import nn

from coursekit import guess, guesses, mark_guess, reveal
from coursekit.learn.explore import explore
from coursekit.learn.widgets import cards, pattern_test, practice, progress, quiz, respond, trace
from coursekit.lesson_05 import pictures, quiet
from coursekit.lesson_05.units import one_unit
from coursekit.nets.data import load_fashion_mnist, load_results
from coursekit.nets.measure import accuracy, compare, latency, saved_bytes
from coursekit.nets.networks import lenet, small_cnn
from coursekit.nets.train import fit, set_seed
from coursekit.pictures import plot

quiet.torchao()  # two harmless lines that it prints when it is imported
from torchao import quantization as ao

set_seed(0)


def quantized(model: nn.Module, config: object) -> nn.Module:
    """A copy of `model`, quantized by torchao. (`ao.quantize_` works in place.)"""
    model = copy.deepcopy(model)
    ao.quantize_(model, config)
    return model


# %% [markdown]
# Three questions from before.
#
# <details><summary>A symmetric range ends at 1.27: how large is a step of int8? (lesson 02)</summary>0.01.</details>
#
# <details><summary>Why must 0 have a code of its own? (lesson 02)</summary>Zeros are many: padding, silent ReLUs, pruned weights. Off by a bit, they'd all be off the same way.</details>
#
# <details><summary>Why does our timer shuffle the order? (lesson 01)</summary>The second candidate finds other caches than the first.</details>
#
# **Post-training quantization** takes a trained network and stores it, or runs it, in fewer bits. It needs no training, so it's the first thing
# to try. In PyTorch the library for it is torchao. Let's do what its front page says: LeNet-300-100 (784 inputs, 300 and 100 hidden units, 10
# outputs), int8 weights, int8 inputs. The file will be about a quarter. And the time for one image?

# %%
guess("int8 by torchao: time for one image", unit="× float32")

# %% tags=["nbval-ignore-output"]
untrained = lenet().eval()
puzzle = quantized(untrained, ao.Int8DynamicActivationInt8WeightConfig())
image = torch.rand(1, 1, 28, 28)
times = latency({"float32": lambda: untrained(image), "int8": lambda: puzzle(image)})
ratio = times["int8"].median / times["float32"].median
fig, ax = pictures.promised(saved_bytes(puzzle) / saved_bytes(untrained), ratio)
mark_guess(ax, "int8 by torchao: time for one image", axis="x")
plot.show(fig, alt="Two bars, for the file and the time, and a line at 1 for float32.")
reveal(
    "int8 by torchao: time for one image",
    ratio,
    between=(
        times["int8"].lower_quartile / times["float32"].median,
        times["int8"].upper_quartile / times["float32"].median,
    ),
)

# %% [markdown]
# A quarter of the bytes, several times the time. Nothing is broken: “int8” makes two promises, one about what is **stored** and one about
# what is **computed**. Smaller and faster are two questions.
#
# ## 1 · What is stored
#
# Begin with a layer that fits on the screen, three outputs with six weights each. An int8 holds 256 integers, from −128 to 127, so there are
# 255 steps. Row $i$ reaches from $-m_i$ to $m_i$, with $m_i=\max_j|w_{ij}|$, and one step, its **scale** $s_i$, is
#
# $$s_i = \frac{2\,m_i}{255}, \qquad q_{ij} = \operatorname{clamp}\big(\operatorname{round}(w_{ij} / s_i),\,
# -128,\, 127\big), \qquad \hat w_{ij} = s_i\, q_{ij}.$$
#
# $q$ is stored, with one float32 scale per row. $\hat w$ is what the layer works with. (That's torchao's scale; lesson 02 took $m_i/127$.) A scale for each output is called *per channel*; one
# for the whole matrix is *per tensor*.


# %%
def quantize_rows(weight: torch.Tensor, bits: int = 8, per_tensor: bool = False):
    """Weights (outputs, …) → integers, int8, same shape; and scales, shape (outputs, 1, …)."""
    largest = weight.abs().flatten(1).amax(1)
    if per_tensor:  # one scale for all: that of the largest weight there is
        largest = largest.max().expand_as(largest)
    scale = (2 * largest / (2**bits - 1)).clamp(min=torch.finfo(torch.float32).eps)
    scale = scale.reshape(-1, *[1] * (weight.dim() - 1))
    steps = (weight * (1 / scale)).round()  # not divided: to agree with torchao to the last bit
    return steps.clamp(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1).to(torch.int8), scale


weights = torch.tensor(
    [
        [0.90, -0.10, 0.40, 0.20, -0.70, 0.30],
        [-0.40, 0.60, 0.10, -0.80, 0.20, 1.27],
        [0.01, -0.02, 0.00, 0.03, -0.01, 0.02],
    ]
)
q, scale = quantize_rows(weights)
plot.show(
    pictures.grids(weights, q, scale),
    alt="Three grids: small weights, integers from -99 to 127, differences of half a step at most.",
)

# %% [markdown]
# The third row's weights are tiny, but thanks to its own scale its integers go from −85 to 127. With one scale for the whole matrix
# it would be left with −2 to 3.
#
# Now a layer that stores $q$ and computes with $s\,q$. That kind is called **weight-only**.


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
own_bytes = sum(buffer.nbytes for buffer in own.buffers())
print(f"{own_bytes / (layer.weight.nbytes + layer.bias.nbytes):.3f} of float32")

# %% [markdown]
# Nearly a quarter, because scales and biases stay float32. torchao does the same with `Int8WeightOnlyConfig()`. What will
# `layer.weight.dtype` say afterwards?

# %%
guess(
    "layer.weight.dtype after Int8WeightOnlyConfig",
    choices=["torch.int8", "torch.qint8", "torch.float16", "torch.float32"],
)

# %%
library = quantized(nn.Sequential(layer), ao.Int8WeightOnlyConfig())
weight = library[0].weight
reveal("layer.weight.dtype after Int8WeightOnlyConfig", str(weight.dtype))
print("type:  ", type(weight).__name__)
print("inside:", weight.qdata.dtype, tuple(weight.qdata.shape), "and scales", weight.scale.dtype)
assert torch.equal(weight.qdata, own.q)  # all 235,200 integers
assert torch.equal(weight.scale, own.scale)

# %% [markdown]
# Every integer agrees with ours, and still the dtype says float32. The weight is a *tensor subclass*: from outside it acts like the float32 matrix
# that it stands for. What's stored is in `weight.qdata`. So don't ask the dtype. **Look inside, or look at the bytes.**
#
# ## 2 · What isn't
#
# Let's look inside two networks with convolutions. One has a large linear layer; the other is nearly all convolution. How large is the second
# one's file after `quantize_`?

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
guess("Nearly all convolution, after quantize_: size of the file", unit="× float32")

# %%
int4 = ao.IntxWeightOnlyConfig(weight_dtype=torch.int4, granularity=ao.PerAxis(0))
after = {
    "a large linear layer": quantized(small_cnn(), ao.Int8WeightOnlyConfig()),
    "nearly all convolution": quantized(nearly_all_conv, ao.Int8WeightOnlyConfig()),
    "LeNet in “int4”": quantized(untrained, int4),
}
plot.show(
    pictures.stored(after),
    alt="kB of weights of each layer, with its type: convolutions float32, linear layers int8.",
)
share_left = saved_bytes(after["nearly all convolution"]) / saved_bytes(nearly_all_conv)
reveal("Nearly all convolution, after quantize_: size of the file", share_left)

# %% [markdown]
# `quantize_` takes **linear layers only**, and says nothing about the rest. On the left a big linear layer hides it; in the middle next to nothing
# happened. (You can force convolutions with `filter_fn`. The file shrinks, and then the network [doesn't run](further/05_post_training_quantization.ipynb).
# Converting proves nothing. Running does.)
#
# On the right we asked for four bits, and got int8: each number from −8 to 7 sits in a byte of its own. You pay the error of four bits and the
# bytes of eight. Packing two into one byte takes a format for your device, or your own hands (lesson 03).
#
# ## 3 · What is computed
#
# A weight-only layer turns its weights back into floats in each call. To *multiply* in int8, the inputs have to be int8, too. There are two ways
# to get their range:
#
# - **dynamic**: find it in every call, for each row of inputs;
# - **static**: look at some images once, and write the range down.
#
# Either way the layer sums products of integers, in int32, and scales once at the end. For row $n$ of the inputs:
#
# $$y_{ni} \;\approx\; s^x_n\, s_i \underbrace{\sum_j q^x_{nj}\, q_{ij}}_{\text{integers}} + \; b_i$$


# %%
def dynamic_linear(x: torch.Tensor, layer: nn.Linear) -> torch.Tensor:
    """Inputs (n, inputs) → outputs (n, outputs): int8 · int8, summed in int32, scaled at the end."""
    inputs, input_scale = quantize_rows(x)
    q, weight_scale = quantize_rows(layer.weight.detach())
    sums = inputs.int() @ q.int().t()
    return sums * input_scale * weight_scale.t() + layer.bias


x = torch.rand(16, 784)
library = quantized(nn.Sequential(layer), ao.Int8DynamicActivationInt8WeightConfig())
assert torch.allclose(dynamic_linear(x, layer), library(x), atol=1e-5)
with torch.no_grad():
    print(f"largest difference to float32: {(dynamic_linear(x, layer) - layer(x)).abs().max():.3f}")

# %% [markdown]
# Five lines, and they agree with torchao. Static has to look first. **Hooks** are functions that PyTorch calls before a layer with what goes in.
# Ours keep it; its lowest and highest value are the range. After a ReLU nothing is negative, so a symmetric range would waste half the integers:
# inputs get an *affine* one, with a zero point.
#
# And it needs networks worth calibrating: three LeNets and three small CNNs, trained from three seeds on grey images of clothes. 2,000 training
# images are held out for **validation**, where we make all choices.

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


# %%
@torch.no_grad()
def observe(model: nn.Sequential, images: torch.Tensor) -> dict[int, torch.Tensor]:
    """What goes into each layer with weights, for all `images`: one long vector each."""
    seen: dict[int, torch.Tensor] = {}

    def hook_for(place: int):
        return lambda layer, inputs: seen.update({place: inputs[0].flatten()})

    hooks = [
        layer.register_forward_pre_hook(hook_for(place))
        for place, layer in enumerate(model)
        if isinstance(layer, nn.Linear | nn.Conv2d)
    ]
    model(images)
    for hook in hooks:
        hook.remove()
    return seen


# %%
def static(model: nn.Sequential, images: torch.Tensor) -> nn.Sequential:
    """A copy whose linear layers are static int8 by torchao, calibrated on `images`."""
    net = copy.deepcopy(model)
    for place, values in observe(model, images).items():
        config = ao.Int8StaticActivationInt8WeightConfig(
            act_quant_scale=((values.max() - values.min()) / 255).reshape(1, 1),
            act_quant_zero_point=torch.tensor([[-128]]),  # where its integers begin
            granularity=[ao.PerTensor(), ao.PerRow()],  # of the inputs, of the weights
            act_mapping_type=ao.MappingType.ASYMMETRIC,
        )
        ao.quantize_(net[place], config)  # a convolution stays as it is
    return net


calibration = train[0][:256]
kinds = {
    "weight-only": partial(quantized, config=ao.Int8WeightOnlyConfig()),
    "dynamic": partial(quantized, config=ao.Int8DynamicActivationInt8WeightConfig()),
    "static": partial(static, images=calibration),
}

# %% tags=["nbval-ignore-output"]
for kind, make in kinds.items():
    pair = compare(mlps[0], make(mlps[0]), *validation)
    share = saved_bytes(make(mlps[0])) / saved_bytes(mlps[0])
    print(f"{kind:12} {share:.2f} of the file; of 2,000 answers {pair.lost} lost, {pair.won} won")
    assert 0.24 < share < 0.3 and pair.lost < 30

# %% [markdown]
# All three kinds take a quarter of the bytes and hardly change an answer. Images that only one of two models gets right are called
# *discordant*; with fewer than six of them nothing can be shown (lesson 00).
#
# ## 4 · Which images to calibrate on
#
# The static kind has a new way to fail: its range. To see it, we round to 256 levels and stay in float32, *fake quantization* as in lesson 02.
# Move the end of the range, and watch one garment.


# %%
class Rounded(nn.Module):
    """Rounds to 256 levels from `low` to `high`, and stays float32."""

    def __init__(self, low: float, high: float) -> None:
        super().__init__()
        low, high = min(low, 0.0), max(high, 0.0)  # zero must be on the grid
        self.scale = (high - low) / 255
        self.zero_point = round(-low / self.scale)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        codes = ((x / self.scale).round() + self.zero_point).clamp(0, 255)
        return (codes - self.zero_point) * self.scale


def draw_range(end: float) -> plot.Figure:
    garment = validation[0][3, 0]
    return pictures.rounded_garment(garment.numpy(), Rounded(0, end)(garment).numpy(), end)


explore(
    draw_range,
    alt="A garment, the same rounded to a range of pixels whose end can be moved, and the levels used.",
    end=[0.1, 0.25, 0.5, 1.0, 4.0, 16.0, 64.0, 255.0],
    start={"end": 1.0},
)

# %% [markdown]
# Too small a range **clips** whatever is brighter. Too large a one leaves real pixels a few levels, or two. Here are five ways people calibrate, and
# none raises an error: 256 training images; one image; 256 tensors of `torch.randn`, because it's at hand; the 256 images at a tenth of their
# brightness; and the 256 plus a single image whose pixels somebody forgot to divide by 255. How much is left with that one?

# %%
guess("CNN calibrated with one unscaled image among 257: accuracy", low=0, high=1)


# %% tags=["nbval-ignore-output"]
def simulate_static(model: nn.Sequential, images: torch.Tensor) -> nn.Sequential:
    """int8 weights, and the inputs of each layer rounded, with ranges calibrated on `images`."""
    layers = list(copy.deepcopy(model))
    for place, values in reversed(observe(model, images).items()):
        q, scale = quantize_rows(layers[place].weight.detach())
        layers[place].weight.data = q * scale
        layers.insert(place, Rounded(float(values.min()), float(values.max())))
    return nn.Sequential(*layers)


set_seed(0)
ways = {
    "256 images": calibration,
    "1 image": calibration[:1],
    "noise": torch.randn(256, 1, 28, 28),
    "dark": calibration / 10,
    "one unscaled": torch.cat([calibration, calibration[:1] * 255]),
}
left = {"float32": [accuracy(model, *validation) for model in cnns]}
for way, images in ways.items():
    left[way] = [accuracy(simulate_static(model, images), *validation) for model in cnns]

# %% tags=["nbval-ignore-output"]
fig, ax = pictures.calibrations(left)
mark_guess(ax, "CNN calibrated with one unscaled image among 257: accuracy")
plot.show(fig, alt="Accuracy of float32 and of five calibrations: mean and range of three seeds.")
bad = left["one unscaled"]
reveal(
    "CNN calibrated with one unscaled image among 257: accuracy",
    np.mean(bad),
    between=(min(bad), max(bad)),
)

# %% [markdown]
# A single real image is as good as 256. Dark ones clip, and a single *wrong* one ruins it: the range of the pixels becomes 255 times too large. And noise did no harm that we could see, which is
# luck, as nothing ties its range to your images. So calibrate on images like those the device will see, prepared by the same code. A
# range that leaves the largest 1% outside (a *percentile*) would have survived the bad image, too.
#
# > **A place to stop.** You can quantize in three ways, look inside, and calibrate. Before you go on: what does dynamic do in each call that static
# > doesn't have to?
#
# <details><summary>Answer</summary>
#
# It looks for the range of the inputs.
#
# </details>
#
# ## 5 · Is it faster?
#
# One square linear layer, in all three kinds against float32, on a shuffled clock.

# %% tags=["nbval-ignore-output"]
widths = [64, 128, 256, 512, 1024, 2048]
speed = {batch: {kind: [] for kind in kinds} for batch in (1, 64)}
for width in widths:
    net = nn.Sequential(nn.Linear(width, width)).eval()
    kinds["static"] = partial(static, images=torch.randn(64, width).relu())
    nets = {"float32": net, **{kind: make(net) for kind, make in kinds.items()}}
    for batch, curves in speed.items():
        calls = {name: partial(one, torch.rand(batch, width)) for name, one in nets.items()}
        times = latency(calls, runs=25, warm_up=3)
        for kind in kinds:
            curves[kind].append(times["float32"].median / times[kind].median)
plot.show(
    pictures.speeds(speed, widths),
    alt="Speed of three kinds against the width of a layer, for one input and for 64.",
)

# %% [markdown]
# Everything below the grey line is slower than float32. For one input all of it is; with 64, dynamic and static gained on some wide layers, when we ran it. (Why eager static falls behind on the widest, we don't know.) torchao does what our five lines do: find the range, divide, round, clamp, multiply, scale,
# each a call of its own. That's called running *eagerly*, and on a small layer the calls cost more than the product.
#
# `torch.compile` fuses such steps into one **kernel**, code for a whole layer. It needs a C++ compiler and its time, so we ran it once, on one machine,
# in a shuffled order. Mind the control: *float32 is compiled as well*.

# %%
plot.show(
    pictures.compiled(load_results("compiled")),
    alt="Times of eager and compiled LeNet in float32 and three kinds, for one image and for 64.",
)

# %% [markdown]
# For **one image** of a small network nothing beats plain float32. For **64 images** compiled int8 does, where the inputs are int8, too, while compiled
# weight-only and float32 don't. (*Static* is PT2E's, from `torch.export`.) So int8 pays where there's a kernel and enough work for it. (Convolutions, memory layouts, older kernels and PT2E are in
# [the further page](further/05_post_training_quantization.ipynb).)
#
# ## 6 · Does it still work?
#
# A ReLU lets a positive factor through (lesson 03 builds whole networks on it), so we can multiply what goes into a hidden unit by 1,024 and divide what comes out of it by 1,024: the
# same function, bit for bit. Then round one layer at a time and leave the others alone. That's called **sensitivity**, and it finds the layer to blame.


# %% tags=["nbval-ignore-output"]
def rounded(model: nn.Sequential, only: list[int], per_tensor: bool) -> nn.Sequential:
    """A copy in which the weights of the layers at these places are rounded to 8 bits."""
    model = copy.deepcopy(model)
    for place in only:
        q, scale = quantize_rows(model[place].weight.detach(), per_tensor=per_tensor)
        model[place].weight.data = q * scale
    return model


layers = {"layer 1": [1], "layer 2": [3], "layer 3": [5], "all three": [1, 3, 5]}
large = [one_unit(model, calibration) for model in mlps]
drops = {}
for name, per_tensor in {"a scale per matrix": True, "a scale per output": False}.items():
    drops[name] = [
        [
            100
            * (accuracy(net, *validation) - accuracy(rounded(net, only, per_tensor), *validation))
            for net in large
        ]
        for only in layers.values()
    ]
plot.show(
    pictures.one_at_a_time(list(layers), drops),
    alt="Accuracy lost by each layer alone and by all three, with a scale per matrix and per output.",
)
whole = [accuracy(static(net, calibration), *validation) for net in large]
print("static, a scale per output:", [f"{value:.2f}" for value in whole])

# %%
assert share_left > 0.95 and ((q - weights / scale).abs() <= 0.5 + 1e-4).all()
assert abs(np.mean(left["256 images"]) - np.mean(left["float32"])) < 0.015
assert np.mean(left["dark"]) < np.mean(left["float32"]) - 0.15
assert np.mean(left["one unscaled"]) < np.mean(left["float32"]) - 0.1
assert np.mean(drops["a scale per matrix"], axis=1)[0] > 20
assert max(np.mean(drops["a scale per matrix"], axis=1)[1:3]) < 5
assert np.mean(drops["a scale per output"]) < 1 and max(whole) < 0.7

# %% [markdown]
# Layer 1 alone is to blame, and a scale per output repairs it. But look at the printed line. Static int8 has a scale per output, and still
# fails. Its weights cost nothing, so it's the inputs: what goes into *layer 2* has one range for all units, and the large one stretches it. So a large value hurts in two places: in
# **weights** that share a scale, and in **inputs** that share a range.
#
# We rounded only the weights of the text reader, in two ways. In 8 bits, with a scale per output, how many of 186 characters will it get
# wrong? (Float32 misreads one, a 0 as an O.)

# %%
guess("Reader, 8-bit weights with a scale per output: characters misread of 186")

# %%
reader = load_results("reader")
plot.show(
    pictures.misread(reader),
    alt="Characters misread against bits, with a scale per matrix and with one per output.",
)
wrong = reader.groupby(["kind", "bits"], sort=False)["errors"].sum()
reveal(
    "Reader, 8-bit weights with a scale per output: characters misread of 186",
    int(wrong["weights, a scale per output", 8]),
)

# %% [markdown]
# One, the same as in float32. Per matrix, 8 bits leave it blind; per output, even 6 bits read. The one-line tool has an option for that,
# `per_channel=True`. So the reader is saved?

# %%
plot.show(
    pictures.readings(
        reader,
        {
            ("float32", 32): "float32",
            ("quantize_dynamic", 8): "quantize_dynamic",
            ("quantize_dynamic, per channel", 8): "quantize_dynamic, per_channel=True",
            ("inputs of convolutions", 8): "only inputs of convolutions, int8",
            ("weights, a scale per output", 8): "only weights, a scale per output",
            ("weights, a scale per output", 5): "the same in 5 bits",
        },
    ),
    alt="A line of text and how six networks read it: both files of the tool read nothing.",
)
tool = reader[reader.kind == "quantize_dynamic, per channel"].iloc[0]
print(f"per_channel=True: each convolution's weights have {tool.scales:.0f} scale")

# %% [markdown]
# Blind again. So look inside, as in part 1: the option reached the tool's linear layers, and all 38 convolutions still have a single scale each.
#
# It isn't what goes into the convolutions, this time: when only that is rounded, it still reads. Give the weights a scale per output, and 8 bits read every line as float32 does. (We rounded the weights and computed in float32, so it's no faster; why ONNX Runtime is slow here we didn't measure.)
#
# Smaller, faster, still right: three questions, and each has a proof of its own. **Bytes, time, answers.** Never a dtype, never an option's name, never the silence of a tool.

# %% tags=["nbval-ignore-output"]
guesses()

# %% [markdown]
# ## You can now…
#
# - quantize weights per output by hand, and get the library's integers;
# - tell weight-only, dynamic and static apart, and say what each stores and computes;
# - calibrate with hooks, and see what a bad image does to a range;
# - prove bytes, time and answers, against a float32 that had the same chances;
# - find the layer that breaks, and say who shares a scale or a range there.
#
# **Common mistakes**
#
# - Reading `weight.dtype`, or hearing no error, as proof.
# - Forgetting that `quantize_` takes linear layers only.
# - Timing eager torchao and calling it the speed of int8, or compiled int8 against eager float32.
# - Calibrating on images that were prepared in another way, or on test images.
#
# ## Cheat sheet
#
# | to | write |
# |---|---|
# | quantize a row by hand | $s = 2\max\lvert w\rvert / 255$; $q$ = round($w/s$), clamped to −128…127 |
# | weight-only int8 (linear layers) | `quantize_(model, ao.Int8WeightOnlyConfig())`, in place |
# | dynamic int8 | `quantize_(model, ao.Int8DynamicActivationInt8WeightConfig())` |
# | static int8, linear layers | `Int8StaticActivationInt8WeightConfig(act_quant_scale=…)`, after calibration |
# | static int8, all layers | `torch.export` → `prepare_pt2e` → calibrate → `convert_pt2e` → compile (further) |
# | 4 bits (not packed) | `IntxWeightOnlyConfig(weight_dtype=torch.int4, granularity=PerAxis(0))` |
# | prove what is stored | `weight.qdata.dtype` and the size of the file |
# | prove the speed | medians in shuffled turns; compile float32, too |
# | prove the answers | the same images, compared one by one |
#
# Order of work: weight-only with a scale per output → enough? stop → static, calibrated, where there's a kernel → prove all three → sensitivity where it
# breaks → training with quantization (lesson 06) last.

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
# - PP-OCRv4, the reader: [PaddleOCR](https://github.com/PaddlePaddle/PaddleOCR), Apache-2.0, in the package rapidocr-onnxruntime 1.4.4;
#   [`quantize_dynamic`](https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html) of ONNX Runtime.
# - B. Jacob et al. (2018): *Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
#   Inference*. CVPR. arXiv:1712.05877. Static int8 with int32 sums.
# - R. Krishnamoorthi (2018): *Quantizing deep convolutional networks for efficient inference: A whitepaper*.
#   arXiv:1806.08342. Per channel against per tensor.
# - M. Nagel, M. van Baalen, T. Blankevoort, M. Welling (2019): *Data-Free Quantization Through Weight Equalization and
#   Bias Correction*. ICCV. arXiv:1906.04721. Undoing such a rescaling (lesson 03).
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
