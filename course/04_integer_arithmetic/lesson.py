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
# # 04 · Integer arithmetic
#
# **A small chip has no floating-point unit. But every scale in my int8 network is a float. How can it run there?**
#
# You'll write the arithmetic of an int8 layer with nothing but integers, and check it against LiteRT, the runtime for `.tflite`
# files. At the end, forty lines of C without a single float print the same ten integers as LiteRT, for every image.
#
# It takes about {minutes} minutes, with a place to stop after part 3. You need scale and zero point from lesson 02: the
# code $q$, an integer, stands for $s\,(q - z)$.
#
# The picture multiplies and adds four pairs of numbers, bit by bit. What does one bit of the weight add, and what does
# its highest bit do? At which pair does the sum leave an int16?

# %% tags=["nbval-ignore-output"]
from coursekit.lesson_04.opening import multiply_accumulate

multiply_accumulate()

# %%
import functools
from dataclasses import replace
from math import frexp

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from coursekit import guess, guesses, mark_guess, reveal
from coursekit.learn.explore import explore
from coursekit.learn.widgets import cards, pattern_test, practice, progress, quiz, respond, trace
from coursekit.lesson_04 import in_c
from coursekit.lesson_04.int8_networks import (
    Layer,
    float_network,
    int8_file,
    layers,
    predict_codes,
    roads,
    sum_in_pairs,
)
from coursekit.nets.data import load_fashion_mnist
from coursekit.nets.measure import accuracy
from coursekit.nets.tflite import read
from coursekit.nets.train import set_seed
from coursekit.pictures import plot

# %%
set_seed(0)
data = load_fashion_mnist()
labels = torch.from_numpy(data.test.labels).long()
file = read(int8_file("mlp"))
for name, tensor in zip(
    ("input", "weights", "bias", "output"),
    (*file.operators[0][1], *file.operators[0][2]),
    strict=True,
):
    print(f"{name:8} {tensor.dtype:6} {tensor.shape!s:10} scales: {len(tensor.scales)}")

# %% [markdown]
# This is the first layer of a small MLP, trained on Fashion-MNIST and written by TensorFlow's converter: 784 inputs, then
# 64, 32 and 10 units. Every tensor is integer, int8 or int32. The scales are float32: one per row of the weights (*per
# channel*), and one for each tensor between layers. So what becomes of the scales?
#
# ## 1 · Products, and a sum that is wide enough
#
# A layer multiplies and adds. PyTorch multiplies int8 matrices with `@`, like any others. What is 100 times 100?

# %%
guess("100 @ 100, both int8, in PyTorch")

# %%
hundred = torch.tensor([[100]], dtype=torch.int8)
reveal("100 @ 100, both int8, in PyTorch", (hundred @ hundred).item())
print("with int32 factors:", (hundred.int() @ hundred.int()).item())
assert (hundred @ hundred).item() == (10_000 + 128) % 256 - 128

# %% [markdown]
# No warning. The product has the type of its factors, so only the lowest eight bits of 10,000 are left: it **wraps
# around**. Two 8-bit numbers have a product of up to 16 bits, and their sum needs a wider type still, the **accumulator**.
# Nearly everywhere it's int32, which holds up to 131,071 of the largest products.
#
# Do we need all those bits? Here are the sums of the first layer for 2,000 test images.


# %%
def accumulate(values: torch.Tensor, layer: Layer) -> torch.Tensor:
    """Integers (n, inputs) through a linear layer, to its accumulators: int32, (n, outputs)."""
    bias = layer.bias - layer.input_zero * layer.weights.sum(1, dtype=torch.int32)
    return values.int() @ layer.weights.int().t() + bias


# Pixels are 0 to 255 and the file's zero point is −128: an image needs no float to become int8.
codes = (torch.from_numpy(data.test.images).flatten(1).int() - 128).to(torch.int8)
mlp = layers(file)
sums = accumulate(codes, mlp[0])
fig, ax = plot.figure(height=2.5)
ax.hist(sums.flatten().numpy() / 1e6, bins=80, color="#0072B2")
for end, style in ((2**15 / 1e6, ":"), (2**22 / 1e6, "--")):
    for side in (-end, end):
        ax.axvline(side, color="black", linestyle=style, linewidth=1)
ax.text(1, 11_000, "dotted: the ends of an int16\ndashed: the ends of 23 bits", fontsize=9)
ax.set(title="Sums of layer 1 over 2,000 images", xlabel="accumulator, millions", ylabel="sums")
plot.show(fig, alt="Histogram of accumulators, with the ends of 16 and 23 bits as lines.")
low, high = int(sums.min()), int(sums.max())
print(f"{low:,} to {high:,}")
assert -(2**22) <= low < -(2**21)  # so 23 bits, and not 22

# %% [markdown]
# An int16 is a sliver in the middle, and 23 bits hold everything that came up. Another image may reach further, so that's no promise. With these
# weights no image needs more than 24, and with any weights at all 26 are enough ([Further](further/04_integer_arithmetic.ipynb)).
#
# ## 2 · What the zero points add
#
# A layer wants the sum of products of *values*, $s^x (q^x - z^x)$ times $s^w (q^w - z^w)$. The scales are the same for a
# whole row, so they can wait. What is left is a sum of integers:
#
# $$\sum (q^x - z^x)(q^w - z^w) = \sum q^x q^w \;-\; z^w \sum q^x \;-\; z^x \sum q^w \;+\; n\, z^x z^w$$
#
# The first sum is the plain product of stored integers. The other three are **corrections**. Try them on four numbers:

# %%
x = torch.tensor([12, -7, 100, 3])
w = torch.tensor([5, 0, 127, -1])
z_x, z_w, n = -5, 2, 4
parts = [x @ w, -z_w * x.sum(), -z_x * w.sum(), n * z_x * z_w]
print("plain and corrections:", [int(part) for part in parts], "sum:", int(sum(parts)))
print("values first:         ", int((x - z_x) @ (w - z_w)))
assert sum(parts) == (x - z_x) @ (w - z_w)

# %% [markdown]
# Only $-z^w \sum q^x$ depends on the input, and it's gone if $z^w = 0$. That's why weights are symmetric nearly everywhere. The
# correction $-z^x \sum q^w$ is known beforehand, so `accumulate` adds it to the bias, and the input's zero point costs nothing.
#
# The **bias** is an int32 with zero point 0 and scale $s^x s^w$, the scale of the products, so that it can be added to them. The
# accumulator $a$ then stands for $s^x s^w\, a$. Does that match what the float32 network computes?

# %%
original = float_network("mlp")
with torch.no_grad():
    wanted = original[:2](data.test.tensors()[0])
stands_for = sums * (mlp[0].input_scale * mlp[0].weight_scales)
print("accumulators", sums[0, :4].tolist())
print("stand for   ", [round(value, 2) for value in stands_for[0, :4].tolist()])
print("float32     ", [round(value, 2) for value in wanted[0, :4].tolist()])
assert (stands_for - wanted).abs().max() < 0.2

# %% [markdown]
# ## 3 · Back to eight bits: a multiplier and a shift
#
# The next layer wants int8 again, with its own scale $s^y$ and zero point $z^y$. To **requantize** is
#
# $$q^y = \operatorname{clip}\bigl(z^y + \operatorname{round}(r\, a),\; -128,\; 127\bigr), \qquad r = \frac{s^x s^w}{s^y}$$
#
# All three scales have become one number, $r$. It's a float well below 1, but it's known before the network runs. So write it
# once as a **fixed-point** number, an integer over a power of two: $r \approx m / 2^k$. Then $r\,a$ is a
# multiplication by the **multiplier** $m$ and a shift to the right by $k$ bits.


# %%
def multiplier_and_shift(ratio: float, bits: int = 31) -> tuple[int, int]:
    """Integers m < 2**bits and k with m / 2**k next to `ratio`, which is above 0."""
    fraction, exponent = frexp(ratio)  # fraction · 2**exponent, fraction from 0.5 to 1
    multiplier = round(fraction * 2**bits)
    if multiplier == 2**bits:  # 0.99999… was rounded up to 1
        multiplier, exponent = multiplier // 2, exponent + 1
    return multiplier, bits - exponent


def rounding_shift(values: torch.Tensor, k: torch.Tensor | int) -> torch.Tensor:
    """values / 2**k, rounded to the nearest integer, ties up: int64. k is at least 1."""
    k = torch.as_tensor(k)
    return (values + (1 << (k - 1))) >> k


def single_rounding(a: torch.Tensor, m: torch.Tensor, k: torch.Tensor) -> torch.Tensor:
    """a · m / 2**k, rounded once; the product needs 64 bits."""
    return rounding_shift(a.long() * m, k)


for bits in (4, 31):
    m, k = multiplier_and_shift(0.0372, bits)
    print(f"0.0372 ≈ {m:,} / 2^{k} = {m / 2**k:.10f}")
values = torch.tensor([-5, -4, -3, 3, 4, 5])
print("a >> 1          ", (values >> 1).tolist())
print("rounding shift  ", rounding_shift(values, 1).tolist())
assert multiplier_and_shift(1 - 2**-40) == (2**30, 30)

# %% [markdown]
# A shift alone rounds *down*, for negative numbers too: −5 became −3. Add half of $2^k$ first, and it rounds to the nearest
# integer. The product has up to 62 bits, so this one step needs int64.
#
# Last comes the clip. A ReLU in float is $\max(0, y)$. The integer that stands for 0 is $z^y$, so a **fused** ReLU clips
# at $z^y$ where the layer would clip at −128 anyway, and it costs nothing. Here is the path of one layer. Hatched boxes
# compute with floats.

# %%
plot.show(
    roads(),
    alt="Three rows of boxes. First, once: float scales become a ratio, then multiplier and shift. "
    "Then, for each image: eight boxes from pixels to label, all integers. Last: ten integers "
    "become logits and probabilities, in floats.",
)

# %% [markdown]
# Floats turn the scales into $m$ and $k$ once, before the first image. Even the answer needs no float, because the largest of
# ten integers with one scale is the largest logit.
#
# > **A place to stop.** You know the three parts of an integer layer: sum wide, multiply and shift, clip. Before you go
# > on: how many multipliers does a layer with 64 outputs need?
# > <details><summary>Answer</summary>64, and 64 shifts, because each row of the weights has its own scale.</details>
#
# ## 4 · A whole MLP without a float
#
# Here is the network. How it rounds is an argument.


# %%
@functools.cache  # once for each layer: the last floats
def prepare(layer: Layer, bits: int = 31) -> tuple[torch.Tensor, torch.Tensor]:
    """Multiplier and shift of each output."""
    ratios = layer.input_scale * layer.weight_scales.double() / layer.output_scale
    pairs = torch.tensor([multiplier_and_shift(ratio, bits) for ratio in ratios.tolist()])
    return pairs[:, 0], pairs[:, 1]


def requantize(a, layer, rule, bits=31):
    """Accumulators (…, outputs) to int8. At −128 the clip is the ReLU, too."""
    return (rule(a, *prepare(layer, bits)) + layer.output_zero).clamp(-128, 127).to(torch.int8)


def run_mlp(network, values, rule=single_rounding, bits=31):
    for layer in network:
        values = requantize(accumulate(values, layer), layer, rule, bits)
    return values


def right(logits: torch.Tensor) -> float:
    """The fraction of the test images whose label is right."""
    return float((logits.argmax(1) == labels).double().mean())


ours = run_mlp(mlp, codes)
print("logits of image 0:", ours[0].tolist())
assert abs(right(ours) - accuracy(original, *data.test.tensors())) < 0.01

# %% [markdown]
# It's as accurate as the float32 network. Now the same file in LiteRT, with its *plain* kernels. They get the same integers and
# return ten for each of 2,000 images. How many of the 20,000 differ from ours?

# %%
guess(
    "logits that differ from LiteRT's",
    choices=["none", "some dozens", "some thousands", "nearly all"],
)

# %%
plain = torch.from_numpy(predict_codes(int8_file("mlp"), codes.numpy(), "plain"))
gap = (ours.int() - plain.int()).abs()
different = int((gap > 0).sum())
print(f"{different} of {ours.numel():,} differ, by {int(gap.max())} at most")
kinds = {0: "none", 1000: "some dozens", 15_000: "some thousands", 20_000: "nearly all"}
reveal(
    "logits that differ from LiteRT's", next(k for most, k in kinds.items() if different <= most)
)

# %% [markdown]
# A few in a thousand, each by a single step. That's odd: integers should be equal or wrong. The reason is that LiteRT's plain
# kernels round **twice**. They keep $m\,a / 2^{31}$, rounded, because it fits into an int32 again, and then shift by the
# remaining $k - 31$ bits and round again. Two roundings can push a number past a half that it never reached: 0.46 is 0.5 in
# tenths, and 0.5 becomes 1. So let's round twice as well.


# %%
def double_rounding(a: torch.Tensor, m: torch.Tensor, k: torch.Tensor) -> torch.Tensor:
    """In two steps, each rounded: by 31 bits to an int32, then the rest. k is at least 31: r < 1."""
    high = rounding_shift(a.long() * m, 31)
    return torch.where(k > 31, rounding_shift(high, (k - 31).clamp(min=1)), high)


twice = run_mlp(mlp, codes, double_rounding)
print("rounded twice:", int((twice != plain).sum()), "of 20,000 differ")
assert torch.equal(twice, plain)

# %% [markdown]
# **Bit for bit.** LiteRT's other kernels round once, and equal our first version ([Further](further/04_integer_arithmetic.ipynb)).
# So a test that demands equal bits from two runtimes will fail one day. Allow one step, and know the rule.
#
# How much of $m$ does the network need? With one bit, $m$ is 1 and each row is left with a shift alone: its ratio is
# rounded to a power of two, up to a third off. What accuracy does that keep?

# %%
guess("Accuracy with a shift alone", low=0, high=1)

# %%
widths = [1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 24, 31]
rights = [right(run_mlp(mlp, codes, bits=bits)) for bits in widths]


def by_width(bits: int):
    fig, (ax, ratios) = plot.figure(1, 2, height=3)
    ax.plot(widths, rights)
    ax.plot([bits], [rights[widths.index(bits)]], marker="o", markersize=10, color="#D55E00")
    ax.set(title="Accuracy", xlabel="bits of m", ylabel="test accuracy", ylim=(0, 1))
    mark_guess(ax, "Accuracy with a shift alone")
    exact = mlp[0].input_scale * mlp[0].weight_scales.double() / mlp[0].output_scale
    m, k = prepare(mlp[0], bits)
    ratios.bar(range(64), 100 * (m / 2.0**k / exact - 1), color="#0072B2")
    ratios.set(title="Error of each row's ratio", xlabel="row of layer 1", ylabel="%")
    ratios.set(ylim=(-40, 45))
    return fig


reveal("Accuracy with a shift alone", rights[0])
forgotten = right(run_mlp([replace(layer, input_zero=0) for layer in mlp], codes))
down = run_mlp(mlp, codes, lambda a, m, k: (a.long() * m) >> k)
print(f"zero points forgotten: {forgotten}, always rounded down: {right(down)}")
explore(
    by_width,
    alt="Left, test accuracy against the bits of the multiplier; right, the error of the 64 ratios "
    "of layer 1. The bits can be moved.",
    bits=widths,
)

# %% [markdown]
# Most of it survives. With ten bits or more, not one answer changes.
#
# Look at the last line, too. Forget the zero points, and the network is ruined. But round down everywhere, the favourite mistake, and
# accuracy doesn't notice. **Accuracy can't see arithmetic that is slightly wrong.** Compare the integers.
#
# ## 5 · Batch norm folded, and a CNN
#
# The second network has two convolutions, each with batch norm, ReLU and pooling ([the primers](primers.ipynb) have them, in
# five minutes). Its file has no batch norm. In evaluation mode batch norm is one multiplication and one addition per channel, so it
# can be **folded** into the convolution before it:
#
# $$\gamma\,\frac{(w * x + b) - \mu}{\sqrt{\sigma^2 + \varepsilon}} + \beta \;=\; w' * x + b', \qquad
# w' = g\, w, \quad b' = g\,(b - \mu) + \beta, \quad g = \frac{\gamma}{\sqrt{\sigma^2 + \varepsilon}}$$
#
# with running mean $\mu$ and variance $\sigma^2$, learned weight $\gamma$ and bias $\beta$, and a small $\varepsilon$. If
# $\gamma = 2$, $\sigma = 4$, $\mu = 3$, $\beta = 1$ and $b = 0$, every weight is halved and $b' = 0.5 \cdot (0 - 3) + 1 = -0.5$.


# %%
def fold(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> tuple[torch.Tensor, torch.Tensor]:
    """Weights and bias of one convolution that does the work of both, in evaluation mode."""
    g = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    bias = torch.zeros_like(norm.bias) if conv.bias is None else conv.bias
    return conv.weight * g[:, None, None, None], g * (bias - norm.running_mean) + norm.bias


cnn_original = float_network("cnn")
cnn_layers = layers(read(int8_file("cnn")))
with torch.no_grad():
    for place, layer in zip((0, 4), cnn_layers, strict=False):
        weight, bias = fold(*cnn_original[place : place + 2])
        library = fuse_conv_bn_eval(*cnn_original[place : place + 2])
        assert torch.allclose(weight, library.weight, atol=1e-6)
        assert torch.allclose(bias, library.bias, atol=1e-5)
        scales = weight.abs().amax((1, 2, 3), keepdim=True) / 127
        q = (weight / scales).round().to(torch.int8).permute(0, 2, 3, 1)
        print(f"{q.numel():5} weights, {int((q != layer.weights).sum())} differ from the file's")

# %% [markdown]
# PyTorch's `fuse_conv_bn_eval` agrees, and so does the converter: fold first, then quantize, and all int8 weights are the file's.
#
# A convolution is the same sum of products, over patches of 3×3 pixels. One thing is new. *Same* padding puts a border around
# each picture, and zero padding means the *value* 0. A colleague's code pads with the integer 0, the default of `F.pad`.
# What accuracy does the CNN keep?

# %%
guess("CNN, padded with the integer 0: accuracy", low=0, high=1)


# %%
def run_cnn(images, rule=double_rounding, border=None):
    """int8 images (n, 28, 28, 1) to int8 logits. `border` replaces the zero point in the padding."""
    values = images
    for layer in cnn_layers[:2]:
        edge = layer.input_zero if border is None else border
        padded = F.pad(values, (0, 0, 1, 1, 1, 1), value=edge)
        windows = padded.unfold(1, 3, 1).unfold(2, 3, 1)  # (n, height, width, channels, 3, 3)
        patches = windows.permute(0, 1, 2, 4, 5, 3).flatten(3)  # (n, height, width, 9 · channels)
        flat = replace(layer, weights=layer.weights.flatten(1))  # (outputs, 9 · channels)
        values = requantize(accumulate(patches.flatten(0, 2), flat), layer, rule)
        values = values.reshape(*patches.shape[:3], -1)
        n, height, width, channels = values.shape
        values = values.reshape(n, height // 2, 2, width // 2, 2, channels).amax((2, 4))
    return requantize(accumulate(values.flatten(1), cnn_layers[2]), cnn_layers[2], rule)


pictures = codes.reshape(-1, 28, 28, 1)
padded_wrong = right(run_cnn(pictures, border=0))
fig, ax = plot.figure(height=2.6)
framed = [F.pad(pictures[0, :, :, 0], (2, 2, 2, 2), value=edge).numpy() for edge in (-128, 0)]
plot.images(ax, framed, ["padded with the zero point, −128", "padded with the integer 0"])
plot.show(fig, alt="One picture twice: its border goes on as background, or is grey.")
reveal("CNN, padded with the integer 0: accuracy", padded_wrong)

# %%
cnn_plain = torch.from_numpy(predict_codes(int8_file("cnn"), pictures.numpy(), "plain"))
print("with the zero point:", int((run_cnn(pictures) != cnn_plain).sum()), "of 20,000 differ")
assert padded_wrong < 0.6 and torch.equal(run_cnn(pictures), cnn_plain)

# %% [markdown]
# The integer 0 isn't zero. It stands for 128 steps: half-bright grey around the image, and a strong activation around every map
# of the second convolution. Pad with $z^x$, and the CNN equals LiteRT's plain kernels in every logit.
#
# ## 6 · Sums that saturate
#
# Wrapping has a good side: only the *final* sum must fit, because a later number can lead back. An older instruction of x86
# processors (`vpmaddubsw`) is different. It multiplies a uint8 by an int8, twice, and puts the sum of the **pair** into an
# int16. What doesn't fit **saturates**: it sticks at 32,767 or −32,768, and what is cut off never comes back. We emulate it.
#
# Take the same network behind a scanner whose images are **black on white**: each pixel $p$ comes as $255 - p$. Change the
# sign of the first layer's weights, put the constant into the bias, and it computes the same, to the last bit. What percentage
# of the first layer's sums goes wrong now, if pairs saturate?

# %%
guess("black on white: sums that saturation makes wrong", unit="%", low=0, high=100)

# %%
inputs = codes.int() + 128
wrongs, lost = {}, {}
for name, pixels, sign in (("white on black", inputs, 1), ("black on white", 255 - inputs, -1)):
    weights = sign * mlp[0].weights
    exact, stuck = (sum_in_pairs(pixels, weights, saturate=it) for it in (False, True))
    bias = mlp[0].bias + (255 * mlp[0].weights.sum(1, dtype=torch.int32) if sign < 0 else 0)
    assert torch.equal(exact + bias, sums)  # the same network
    first = requantize(stuck + bias, mlp[0], double_rounding)
    wrongs[name] = 100 * float((exact != stuck).double().mean())
    lost[name] = 100 * (right(plain) - right(run_mlp(mlp[1:], first, double_rounding)))
reveal("black on white: sums that saturation makes wrong", wrongs["black on white"])
fig, axes = plot.figure(1, 2, height=2)
for ax, found, title in zip(axes, (wrongs, lost), ("Wrong sums", "Accuracy lost"), strict=True):
    plot.bars(ax, list(found), list(found.values()), label="{:.1f}")
    ax.set(title=title, xlabel="%" if found is wrongs else "points")
plot.show(fig, alt="Two charts with two bars each: sums that are wrong, and accuracy lost.")

# %% [markdown]
# It's the same function, and on such a processor it would lose nearly six points. Most pixels are background, so most inputs are
# 255 now, and the pairs overflow. PyTorch's remedy is called `reduce_range`: give up one bit of the inputs, and the largest pair,
# $2 \cdot 127 \cdot 127 = 32{,}258$, fits. VNNI, the newer instruction, adds into an int32 at once and needs no such care.
#
# ## 7 · Forty lines of C
#
# Now leave Python. This is the MLP in C, with `network.h` for the file's integers, multipliers and shifts.

# %%
layers_in_c = r"""
#include <stdint.h>
#include <stdio.h>

struct layer {
    int inputs, outputs, zero;
    const int8_t *weights;
    const int32_t *bias, *multiplier;
    const int *shift;
};
#include "network.h"

/* a * m / 2^k, rounded twice */
static int32_t scaled(int32_t a, int32_t m, int k) {
    int32_t high = ((int64_t)a * m + (1 << 30)) >> 31;
    return k > 31 ? (high + (1 << (k - 32))) >> (k - 31) : high;
}

static void run(const struct layer *l, const int8_t *x, int8_t *y) {
    for (int row = 0; row < l->outputs; row++) {
        int32_t a = l->bias[row];
        for (int i = 0; i < l->inputs; i++)
            a += x[i] * l->weights[row * l->inputs + i];
        a = scaled(a, l->multiplier[row], l->shift[row]) + l->zero;
        y[row] = a < -128 ? -128 : a > 127 ? 127 : a;
    }
}

"""

# %%
main_in_c = r"""
int main(void) {
    uint8_t pixels[784];
    int8_t x[784], y[64], z[32], logits[10];
    while (fread(pixels, 1, 784, stdin) == 784) {
        for (int i = 0; i < 784; i++)
            x[i] = pixels[i] - 128;
        run(&network[0], x, y);
        run(&network[1], y, z);
        run(&network[2], z, logits);
        for (int i = 0; i < 10; i++)
            printf("%d ", logits[i]);
        printf("\n");
    }
}
"""
program = layers_in_c + main_in_c
assert not in_c.has_floats(program)

# %% tags=["nbval-ignore-output"]
numbers = in_c.header(mlp, [prepare(layer) for layer in mlp])
printed = in_c.run(program, numbers, data.test.images)
if printed is None:
    print("There is no C compiler here; where there is one, all 20,000 integers equal LiteRT's.")
else:
    print("C:     ", printed[0].tolist())
    print("LiteRT:", plain[0].tolist())
    print(f"{int((printed == plain).sum()):,} of {plain.numel():,} integers are equal")
    assert torch.equal(printed, plain.int())
assert not in_c.has_floats(numbers)

# %%
assert torch.equal(run_mlp(mlp, codes, bits=10).argmax(1), ours.argmax(1))
assert rights[0] > 0.75 and forgotten < 0.3 and abs(right(down) - right(ours)) < 0.01
assert wrongs["black on white"] > 95 and lost["black on white"] > 3 > lost["white on black"] + 2

# %% [markdown]
# **No float in it,** and every integer of 2,000 images is right. Its arithmetic runs on any chip that can
# multiply and shift.

# %% tags=["nbval-ignore-output"]
guesses()

# %% [markdown]
# ## You can now…
#
# - compute a quantized layer with integers: accumulate in int32, correct for zero points, requantize;
# - turn a ratio of scales into a multiplier and a shift, and round it as a given kernel does;
# - fold batch norm into the layer before it, and pad with the right integer;
# - compare two runtimes: bit for bit if you know the rule, within one step if you don't.
#
# **Common mistakes**
#
# - Multiplying int8 by int8 without a wider type. The result wraps, in silence.
# - Forgetting the input's zero point, or padding with the integer 0.
# - `>>` without the half: everything is rounded down, and accuracy won't tell you.
# - Clipping at 0 for ReLU. The integer for the value 0 is the zero point.
#
# ## Cheat sheet
#
# | to | write |
# |---|---|
# | multiply int8 matrices | `x.int() @ w.int().t()`, or `torch._int_mm(x, w.t().contiguous())` |
# | correct for zero points | $\sum q^x q^w - z^w \sum q^x - z^x \sum q^w + n z^x z^w$ |
# | put the bias in | $q^b = \operatorname{round}(b / (s^x s^w))$, int32, less $z^x \sum q^w$ |
# | know the ratio | $r = s^x s^w / s^y$, one for each row of the weights |
# | make it an integer | `f, e = math.frexp(r)`, $m = \operatorname{round}(f \cdot 2^{31})$, $k = 31 - e$ |
# | requantize | $z^y + ((m\,a + 2^{k-1}) \gg k)$ with 64 bits, then clip to −128 … 127 |
# | have a ReLU | clip at $z^y$ instead of −128 |
# | fold batch norm | $w' = g\,w$, $b' = g\,(b-\mu) + \beta$, $g = \gamma/\sqrt{\sigma^2+\varepsilon}$: `fuse_conv_bn_eval` |
# | pad | with $z^x$ |
# | bound a sum | $n$ times the largest product; int8 · int8 in int32: $n \le 131{,}071$ |
# | be safe from int16 pairs | inputs from 0 to 127 (PyTorch's `reduce_range`) |

# %% [markdown]
# ## Practise
#
# Nothing below is marked, and nothing leaves this machine. What you do is kept in one file, `progress.sqlite`,
# in the folder above this one, so you can stop at any time and go on where you were. Everything works by mouse and by keyboard.
# In any notebook, `cheat_sheet("04")` from `coursekit.learn.widgets` brings the page above back.
#
# **Cards.** Say the answer aloud before you turn one. Those you forget come back soon.

# %%
cards("04")

# %% [markdown]
# **Quiz.** Each option tells why it is right or wrong, and you may try again.

# %%
quiz("04")

# %% [markdown]
# **In your own words.** Write two or three sentences. You see which ideas were found in them.

# %%
respond("04")

# %% [markdown]
# **Practice.** From easy to hard, with a hint and worked steps when you want them.

# %%
practice("04")

# %% [markdown]
# **Traces.** Follow a run step by step. Say what comes next before you press the button.

# %% tags=["nbval-ignore-output"]
trace("04")

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
#   Inference*. CVPR. arXiv:1712.05877. The corrections, multiplier and shift, and the scheme of LiteRT.
# - R. Krishnamoorthi (2018): *Quantizing deep convolutional networks for efficient inference: A whitepaper*.
#   arXiv:1806.08342. Scales per channel, and batch norm.
# - S. Ioffe, C. Szegedy (2015): *Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift*.
#   ICML. arXiv:1502.03167.
# - M. Nagel et al. (2021): *A White Paper on Neural Network Quantization*. arXiv:2106.08295. Which corrections cost what.
# - I. Colbert, A. Pappalardo, J. Petri-Koenig (2023): *A2Q: Accumulator-Aware Quantization with Guaranteed Overflow
#   Avoidance*. ICCV. arXiv:2308.13504. Bounds from the weights.
# - Intel: *Intrinsics Guide*, `_mm256_maddubs_epi16`. What is added, and what saturates.
# - H. Xiao, K. Rasul, R. Vollgraf (2017): *Fashion-MNIST*. arXiv:1708.07747. The images.
