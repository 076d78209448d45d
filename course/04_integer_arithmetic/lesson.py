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
# **A small chip has no unit for floats. But every scale in my int8 network is a float. How can such a network run
# without computing a single one?**
#
# You will write the arithmetic of an int8 layer with nothing but integers, run an MLP and a CNN with it, and compare
# every output with those of LiteRT, the runtime for `.tflite` files (lesson 11).
#
# It takes about {minutes} minutes, with places to stop after parts 3 and 5. You need scale and zero point from
# lesson 02: the code $q$, an integer, stands for $s\,(q - z)$.
#
# The picture multiplies and adds four pairs of numbers, bit by bit. Move it before you run anything. What does one bit
# of the weight add, and what does its highest bit do? With which pair does the sum leave an int16?

# %% tags=["nbval-ignore-output"]
from coursekit.lesson_04.opening import multiply_accumulate

multiply_accumulate()

# %% [markdown]
# Three questions from lesson 02 before you begin. What does the int8 code −28 stand for, with scale 0.1 and zero point −128? How far off can a value
# inside the range be? Why must 0 come back exactly?
#
# <details><summary>Answers</summary>
#
# It stands for 0.1 · (−28 + 128) = 10. Half a step at most. Zeros are many (padding, silent ReLUs, pruned weights), and if they are off, they are all off in the
# same direction.
#
# </details>
#
# Now a look at what runs on such a chip. The course ships a small MLP as an int8 `.tflite` file: 784 inputs, 64 and 32
# hidden units, 10 outputs, trained on Fashion-MNIST, converted by TensorFlow's converter. `read` opens the file, and
# for each of its three layers the next cells print what goes in and what comes out.

# %%
import functools
import math
from dataclasses import replace

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from coursekit import guess, guesses, mark_guess, reveal
from coursekit.pictures import plot
from coursekit.nets.data import load_fashion_mnist
from coursekit.lesson_04.int8_networks import (
    Layer,
    float_network,
    int8_file,
    layers,
    predict_codes,
    roads,
)
from coursekit.nets.measure import accuracy
from coursekit.nets.tflite import read
from coursekit.nets.train import set_seed
from coursekit.learn.widgets import cards, pattern_test, practice, progress, quiz, respond, trace

set_seed(0)

# %%
file = read(int8_file("mlp"))
for operator, reads, writes in file.operators:
    print(operator)
    for name, tensor in zip(("input", "weights", "bias", "output"), (*reads, *writes), strict=True):
        scales = f"{len(tensor.scales)} scale" + "s" * (len(tensor.scales) > 1)
        print(f"   {name:8} {tensor.dtype:6} {tensor.shape!s:10} {scales}")
scales = {tensor.name: tensor.scales for tensor in file.tensors}
count = sum(len(values) for values in scales.values())
print(f"{count} scales in the file, all {next(iter(scales.values())).dtype}")

# %% [markdown]
# All tensors are integers: inputs, weights and outputs int8, biases int32. The scales are floats, one for each row of the
# weights (*per channel*, that is, one per output) and of the biases, and one for each tensor between layers. The zero points,
# which are not printed, are integers. So what becomes of the scales?
#
# ## 1 · Products, and a sum that is wide enough
#
# A layer multiplies and adds. PyTorch multiplies int8 matrices with `@`, as it does all others. What is 100 times 100?

# %%
guess("100 @ 100, both int8, in PyTorch")

# %%
hundred = torch.tensor([[100]], dtype=torch.int8)
as_int8 = hundred @ hundred
reveal("100 @ 100, both int8, in PyTorch", as_int8.item())
print("int8 @ int8: ", as_int8.item(), as_int8.dtype)

as_int32 = hundred.int() @ hundred.int()
print("int32 @ int32:", as_int32.item(), as_int32.dtype)
assert (10_000 + 128) % 256 - 128 == as_int8.item()
assert torch._int_mm(hundred, hundred).item() == 10_000

# %% [markdown]
# No error and no warning: the product has the type of its factors, and only the lowest eight bits of 10,000 are left. Two
# numbers of 8 bits have a product of up to 16 bits, so the sum needs a wider type, the **accumulator**. Nearly everywhere it is
# int32. `torch._int_mm` is PyTorch's own product of int8 matrices with an int32 accumulator. Its underscore means that it may
# change; `torch.matmul` on int32 gives the same.
#
# By hand, one input vector and three rows of weights:

# %%
x = torch.tensor([[12, -7, 100, 3]], dtype=torch.int8)
w = torch.tensor([[5, 0, 127, -1], [-3, 8, -90, 2], [0, 60, 1, 44]], dtype=torch.int8)

products = x.int() * w.int()
for row, total in zip(products.tolist(), products.sum(1).tolist(), strict=True):
    print(" + ".join(f"{p:6}" for p in row), f" = {total:6}")
sums = torch._int_mm(x, w.t().contiguous())
print("torch._int_mm:", sums.tolist(), sums.dtype)
assert sums.tolist() == [products.sum(1).tolist()]

# %% [markdown]
# Is int32 wide enough? $n$ products, each at most $2^{7} \cdot 2^{7} = 2^{14}$, sum to at most $n \cdot 2^{14}$. An int32
# ends at $2^{31} - 1$. So $n \cdot 2^{14} \le 2^{31} - 1$, which holds up to $n = 131{,}071$. Now one more, in the
# worst case:

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
# Past the end it **wraps around**, in silence again. Wrapping has a good side: 100 + 100 gave −56, and −120 led back
# to the right sum. An int8 counts modulo $2^8$, an int32 modulo $2^{32}$, so only the *final*
# sum must fit. Remember that for part 6.
#
# In a layer the input comes with its zero point subtracted, $q^x - z^x$, from 0 to 255 here. The first layer sums 784 products with
# weights from −127 to 127. How many bits hold any such sum? That depends on what is known: the types alone, or this layer's weights
# and biases as well, with the worst input that there can be.


# %%
def bits_for(low: int, high: int) -> int:
    """The fewest bits, the sign included, that hold both ends."""
    return 1 + max(high, -low - 1, 0).bit_length()


data = load_fashion_mnist()
labels = torch.from_numpy(data.test.labels).long()
# Pixels are 0 to 255, and the file's zero point is −128: an image needs no float to become int8.
codes = (torch.from_numpy(data.test.images).flatten(1).int() - 128).to(torch.int8)
mlp = layers(file)
assert mlp[0].input_zero == -128 and abs(mlp[0].input_scale * 255 - 1) < 1e-6

# %%
weights, bias = mlp[0].weights.int(), mlp[0].bias
positive, negative = weights.clamp(min=0).sum(1), weights.clamp(max=0).sum(1)
ends = {
    "types alone": (-784 * 255 * 127, 784 * 255 * 127),
    "these weights": (int((255 * negative + bias).min()), int((255 * positive + bias).max())),
}
for name, (low, high) in ends.items():
    print(f"{name:14} {low:12,} to {high:11,}   {bits_for(low, high)} bits")

# %% [markdown]
# A third answer comes from the sums that really come up in 2,000 test images. How many bits hold the largest, the sign counted
# as a bit?

# %%
guess("bits of the largest sum in layer 1, over 2,000 images", unit="bits")

# %%
sums = (codes.int() + 128) @ weights.t() + bias
low, high = int(sums.min()), int(sums.max())
print(f"2,000 images   {low:12,} to {high:11,}   {bits_for(low, high)} bits")
reveal("bits of the largest sum in layer 1, over 2,000 images", bits_for(low, high))

# %% [markdown]
# Each bit is a factor of two, so much smaller sums save only a few bits. 16 bits are far too few for the images, and 32
# have room to spare. The first line is a promise for every network of this shape, the bias apart. The second one is a promise for this network: a
# chip whose accumulator has 24 bits could run this layer. The third promises nothing: another image may reach further.
#
# ## 2 · What the zero points add
#
# A layer wants the sum of products of *values*, $s^x (q^x - z^x)$ and $s^w (q^w - z^w)$. The scales are the same for all
# products of a row, so they can wait. What is left is a sum of integers:
#
# $$\sum (q^x - z^x)(q^w - z^w) = \sum q^x q^w \;-\; z^w \sum q^x \;-\; z^x \sum q^w \;+\; n\, z^x z^w$$
#
# with $n$ terms in each sum. The first sum is the plain product of the stored integers, which kernels are good at. The other three are
# **corrections**. Here they are for the example above, with $z^x = -5$ and $z^w = 2$:

# %%
z_x, z_w = -5, 2
direct = (x.int() - z_x) @ (w.int() - z_w).t()
n = x.shape[1]
plain = x.int() @ w.int().t()
by_input = -z_w * x.int().sum(1, keepdim=True)  # anew for each input
by_weights = -z_x * w.int().sum(1)  # known before any input
constant = n * z_x * z_w
print("plain       ", plain.tolist())
print("− z^w Σ q^x ", by_input.tolist())
print("− z^x Σ q^w ", by_weights.tolist())
print("n z^x z^w   ", constant)
print("together    ", (plain + by_input + by_weights + constant).tolist())
assert torch.equal(plain + by_input + by_weights + constant, direct)

# %% [markdown]
# Of the three corrections only the first, $-z^w \sum q^x$, depends on the input, and it vanishes for $z^w = 0$. That is why weights are symmetric
# nearly everywhere. The second, $-z^x \sum q^w$, is known beforehand, so it is added to the bias once, and the zero point of the input
# costs nothing while the network runs.
#
# The **bias** is an integer too: int32, with zero point 0 and the scale $s^x s^w$, that of the products, so that it can be
# added to them. All in all a row computes
#
# $$a = q^b + \sum (q^x - z^x)\, q^w \qquad\text{which stands for}\qquad s^x s^w\, a$$
#
# Does the integer $a$ of the shipped MLP stand for what its float32 original computes?


# %%
def accumulate(values: torch.Tensor, layer: Layer) -> torch.Tensor:
    """Integers (n, inputs) through a linear layer, to its accumulators: int32, (n, outputs)."""
    bias = layer.bias - layer.input_zero * layer.weights.sum(1, dtype=torch.int32)
    return values.int() @ layer.weights.int().t() + bias


original = float_network("mlp")
test_images = data.test.tensors()[0]
sums = accumulate(codes, mlp[0])
stands_for = sums * (mlp[0].input_scale * mlp[0].weight_scales)
with torch.no_grad():
    wanted = original[:2](test_images)
print("accumulators", sums[0, :4].tolist())
print("stand for   ", [round(v, 2) for v in stands_for[0, :4].tolist()])
print("float32     ", [round(v, 2) for v in wanted[0, :4].tolist()])
error = (stands_for - wanted).abs()
print(f"largest error {error.max():.2f}, values up to {wanted.abs().max():.1f}")
assert sums.dtype == torch.int32 and error.max() < 0.2

# %% [markdown]
# ## 3 · Back to eight bits: a multiplier and a shift
#
# The next layer wants int8, with its own scale $s^y$ and zero point $z^y$. To **requantize** is
#
# $$q^y = \operatorname{clip}\bigl(z^y + \operatorname{round}(r\, a),\; -128,\; 127\bigr), \qquad r = \frac{s^x s^w}{s^y}$$
#
# All three scales have become one number, $r$. It is a float, and well below 1, as the next cell shows for this file. But it is known before the
# network runs. So write it as an integer over a power of two, once:
#
# $$r \approx \frac{m}{2^k}, \qquad r\,a \approx \frac{m\,a}{2^k}$$
#
# That is a **fixed-point** number: a multiplication by the integer $m$, the **multiplier**, then a shift to the right by $k$ bits.
# To lose as little as possible, $m$ gets as many bits as there are, 31 without the sign. `math.frexp` finds them: it
# writes $r$ as $f \cdot 2^e$ with $f$ from 0.5 to 1.


# %%
def multiplier_and_shift(ratio: float, bits: int = 31) -> tuple[int, int]:
    """Integers m < 2**bits and k with m / 2**k next to `ratio`, which is above 0."""
    fraction, exponent = math.frexp(ratio)
    multiplier = round(fraction * 2**bits)
    if multiplier == 2**bits:  # 0.99999… was rounded up to 1
        multiplier, exponent = multiplier // 2, exponent + 1
    return multiplier, bits - exponent


for ratio in (0.75, 0.0372, 0.0003):
    for bits in (4, 31):
        m, k = multiplier_and_shift(ratio, bits)
        print(f"{ratio:<7} ≈ {m:>13,} / 2^{k:<3} = {m / 2**k:.12f}")
assert multiplier_and_shift(1 - 2**-40) == (2**30, 30)
found = [float(s) * one.input_scale / one.output_scale for one in mlp for s in one.weight_scales]
print(f"the {len(found)} ratios of this file: {min(found):.5f} to {max(found):.5f}")

# %% [markdown]
# Now the shift. `a >> k` drops the lowest $k$ bits, which rounds *down*, also for negative numbers: `-5 >> 1` is −3. To round to the nearest integer, add half of
# $2^k$ first; a tie then goes up. And $m\,a$ has up to 31 + 31 bits, so for this one step we need int64: chips have an
# instruction that multiplies two int32 and keeps all 64 bits, or the upper half of them.


# %%
def rounding_shift(values: torch.Tensor, k: torch.Tensor | int) -> torch.Tensor:
    """values / 2**k, rounded to the nearest integer, ties up: int64. k is at least 1."""
    k = torch.as_tensor(k)
    return (values + (1 << (k - 1))) >> k


def single_rounding(a: torch.Tensor, m: torch.Tensor, k: torch.Tensor) -> torch.Tensor:
    """round(m · a / 2**k), with 64 bits in between."""
    return rounding_shift(a.long() * m, k)


numbers = torch.tensor([-5, -4, -3, 3, 4, 5])
print("numbers        ", numbers.tolist())
print(">> 1           ", (numbers >> 1).tolist())
print("rounding shift ", rounding_shift(numbers, 1).tolist())
m, k = multiplier_and_shift(0.0372)
a = torch.tensor([1000, -1000, 26, 27])
print("0.0372 ·", a.tolist(), "→", single_rounding(a, torch.tensor(m), torch.tensor(k)).tolist())
assert (-5 >> 1) == -3

# %% [markdown]
# Last, the clip. A ReLU in float is $\max(0, y)$. In integers 0 is $z^y$, so a **fused** ReLU is
# a clip whose lower end is $z^y$ in place of −128. The clip is there anyway, so ReLU costs nothing. After a ReLU no value is below 0,
# so the converter puts $z^y$ itself at −128 (lesson 02): −128 is the right lower end with and without a ReLU.
#
# This is the road of one layer; hatched boxes compute with floats.

# %%
plot.show(
    roads(),
    alt="Three rows of boxes. First, once: float scales become a ratio, then multiplier and shift. "
    "Then, for each image: eight boxes from pixels to label, all integers. Last: ten integers "
    "become logits and probabilities, in floats.",
)

# %% [markdown]
# Floats are needed once, to turn the scales into $m$ and $k$. A `.tflite` file holds the scales, so LiteRT does it when it loads the
# file, on a small chip in software, before the first image. Other tools do it beforehand and ship only integers. Even the answer needs no
# float: the largest of ten integers with one scale belongs to the largest logit. Only who wants probabilities turns the ten integers back.
#
# > **A place to stop.** You know the three parts of an integer layer: sum wide, multiply and shift, clip. Before you go
# > on: the file has a scale for each *row* of the weights. How many multipliers does a layer with 64 outputs need?
# > <details><summary>Answer</summary>64, and 64 shifts: one pair for each row, since its scale is in the ratio.</details>
#
# ## 4 · A whole MLP without a float
#
# Here is the network. The rule by which it rounds is an argument.


# %%
@functools.cache  # once for each layer
def prepare(layer: Layer, bits: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Multiplier and shift of each output: the last floats, before anything runs."""
    ratios = layer.input_scale * layer.weight_scales.double() / layer.output_scale
    pairs = torch.tensor([multiplier_and_shift(ratio, bits) for ratio in ratios.tolist()])
    return pairs[:, 0], pairs[:, 1]


def requantize(a, layer, rule, bits=31):
    """Accumulators (…, outputs) to int8. At −128 the clip is the ReLU, too."""
    m, k = prepare(layer, bits)
    return (rule(a, m, k) + layer.output_zero).clamp(-128, 127).to(torch.int8)


def run_mlp(network, values, rule=single_rounding, bits=31):
    for layer in network:
        values = requantize(accumulate(values, layer), layer, rule, bits)
    return values


def right(logits: torch.Tensor) -> float:
    """The share of the test images whose label is right."""
    return float((logits.argmax(1) == labels).double().mean())


# %% tags=["nbval-ignore-output"]
for layer in mlp:
    prepare(layer, 31)  # the last floats
prepared = prepare.cache_info().misses
ours = run_mlp(mlp, codes)
assert prepare.cache_info().misses == prepared  # nothing was left to prepare
print("int8, without a float:", right(ours))
print("float32:              ", accuracy(original, *data.test.tensors()))
print("logits of image 0:", ours[0].tolist(), ours.dtype)

# %% [markdown]
# Three images in 2,000 more than in float32 are right, which is no difference (lesson 00). Now the same file in LiteRT, which has three
# sets of kernels: *plain*, its own, without XNNPACK; *reference*, slow ones that are meant to be read; and *fast*, XNNPACK's, which are the
# default. The plain ones get the same 2,000 × 784 integers and give 2,000 × 10 integers. They are integers, so “close” is no excuse. How
# many of the 20,000 differ from ours?

# %%
guess(
    "logits that differ from LiteRT's",
    choices=["none", "some dozens", "some thousands", "nearly all"],
)

# %%
theirs = torch.from_numpy(predict_codes(int8_file("mlp"), codes.numpy(), "plain"))
different = int((ours != theirs).sum())
largest = int((ours.int() - theirs.int()).abs().max())
print(f"{different} of {ours.numel():,} differ, the largest difference is {largest}")
kinds = {0: "none", 1000: "some dozens", 15_000: "some thousands", 20_000: "nearly all"}
reveal(
    "logits that differ from LiteRT's", next(k for most, k in kinds.items() if different <= most)
)

# %% [markdown]
# A few in a thousand, each by a single step. LiteRT's plain kernels round **twice**. They multiply, keep
# $m\,a / 2^{31}$, rounded, which fits into an int32 again, and then shift by the remaining $k - 31$ bits, rounded
# again. Each rounding is right within a half; two in a row are not. They can take a number over a half that it did not reach: 0.46 is 0.5
# when it is rounded to tenths, and 0.5 then becomes 1. Let us do the same, and ask all three sets of kernels.


# %%
def double_rounding(a: torch.Tensor, m: torch.Tensor, k: torch.Tensor) -> torch.Tensor:
    """In two steps, each rounded: by 31 bits to an int32, then the rest. k is at least 31: r < 1."""
    high = rounding_shift(a.long() * m, 31)
    return torch.where(k > 31, rounding_shift(high, (k - 31).clamp(min=1)), high)


rules = {"rounded once": single_rounding, "rounded twice": double_rounding}
kernels = ("plain", "reference", "fast")
answers = {kind: predict_codes(int8_file("mlp"), codes.numpy(), kind) for kind in kernels}
assert [layer.output_zero for layer in mlp[:-1]] == [-128, -128]  # so the clip is the ReLU

# %% tags=["nbval-ignore-output"]
print(f"{'logits that differ':20}", *(f"{kind:>10}" for kind in kernels))
off = {}
for name, rule in rules.items():
    mine = run_mlp(mlp, codes, rule).int()
    gaps = [(mine - torch.from_numpy(answers[kind]).int()).abs() for kind in kernels]
    off[name] = [int((gap > 0).sum()) for gap in gaps]
    print(f"{name:20}", *(f"{count:10}" for count in off[name]))
    assert max(int(gap.max()) for gap in gaps) <= 1
assert off["rounded twice"][0] == 0 and off["rounded once"][1] == 0

# %% [markdown]
# **Bit for bit.** With two roundings all 20,000 are equal to the plain kernels', with one to those of the other two, which round in linear layers
# once. No result is more than one step away from any other. And the default is not without a float: XNNPACK multiplies by
# a float32, where the processor has one, so on another processor its column may change. LiteRT's kernels for microcontrollers work on integers
# (Jacob et al. 2018 have the scheme). LiteRT's kernels have rounded in different ways over the years
# ([issue 25087](https://github.com/tensorflow/tensorflow/issues/25087)), so a test that demands equal bits from two runtimes will
# fail one day. A test that allows one step, and then looks at the accuracy, is the one to write.
#
# What happens if a part is left out? Begin with the zero points: this network stores 0 as −128 nearly everywhere. Somebody multiplies
# the stored integers as they are, and adds the bias. What accuracy is left?

# %%
guess("Accuracy with the zero points forgotten", low=0, high=1)

# %%
forgotten = [replace(layer, input_zero=0) for layer in mlp]
without = right(run_mlp(forgotten, codes))
reveal("Accuracy with the zero points forgotten", without)

# %%
assert without < 0.3  # in ints, so it holds on every machine

# %% [markdown]
# Hardly better than chance. The term that is missing, $-z^x \sum q^w$, is the same for every image, a wrong bias on each unit,
# and a large one: 128 times the sum of a row.
#
# Now the other end. A multiplier of 31 bits follows the scales to nine digits. How much of that does the network need? Below
# $m$ has fewer and fewer bits, down to a single one: then $m$ is 1, and each row is left with a shift alone, a ratio that
# is rounded to a power of two. What accuracy does the network keep with a shift alone?

# %%
guess("Accuracy with a shift alone", low=0, high=1)

# %%
widths = [1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 24, 31]
by_width = [run_mlp(mlp, codes, bits=bits) for bits in widths]
rights = [right(logits) for logits in by_width]
changed = [int((logits.argmax(1) != ours.argmax(1)).sum()) for logits in by_width]
fig, ax = plot.figure(height=3)
ax.plot(widths, rights, label="int8 network")
ax.axhline(right(ours), color="grey", linewidth=1, marker="", linestyle="--", label="31 bits")
ax.set(title="Accuracy against bits of the multiplier", xlabel="bits of m", ylim=(0, 1))
ax.set_ylabel("test accuracy")
ax.legend(loc="lower right")
mark_guess(ax, "Accuracy with a shift alone")
plot.show(fig, alt="Test accuracy against the bits of the multiplier, from 1 to 31.")
print("bits of m:        ", *(f"{width:4}" for width in widths))
print("answers that differ", *(f"{count:4}" for count in changed))
reveal("Accuracy with a shift alone", rights[0])


# %%
def rounded_down(a: torch.Tensor, m: torch.Tensor, k: torch.Tensor) -> torch.Tensor:
    return (a.long() * m) >> k


down = run_mlp(mlp, codes, rounded_down)
moved = accumulate(codes, mlp[0])
steps = requantize(moved, mlp[0], rounded_down).int() - requantize(moved, mlp[0], single_rounding)
print(
    f"rounded down: accuracy {right(down)}, answers that differ {int((down.argmax(1) != ours.argmax(1)).sum())}"
)
print(f"   mean error of layer 1: {steps.double().mean():.2f} steps")
assert rights[0] > 0.75 and abs(right(down) - right(ours)) < 0.01

# %% [markdown]
# This network keeps most of its accuracy even with a shift alone, where a row's ratio is wrong by up to a third. With 10 bits and more
# no answer changes. Rounding down, the favourite mistake, costs nothing that 2,000 images could show, although a third of layer 1's outputs
# are one step too low. It found the
# forgotten zero points, and it does not find this: **accuracy does not find arithmetic that is slightly wrong.** Compare the integers.
#
# ## 5 · Batch norm folded, and a CNN
#
# The second network has two convolutions, each with batch norm, ReLU and pooling, and a linear layer ([the primers](primers.ipynb) have them, in
# five minutes). But its file has no batch norm.
# In evaluation mode batch norm is one multiplication and one addition per channel, with the running mean $\mu$ and variance $\sigma^2$ that
# training has left, its learned weight $\gamma$ and bias $\beta$, and a small $\varepsilon$. They can be **folded** into the convolution before it:
#
# $$\gamma\,\frac{(w * x + b) - \mu}{\sqrt{\sigma^2 + \varepsilon}} + \beta \;=\; w' * x + b', \qquad
# w' = \frac{\gamma}{\sqrt{\sigma^2 + \varepsilon}}\, w, \quad b' = \frac{\gamma}{\sqrt{\sigma^2 + \varepsilon}}\,(b - \mu) + \beta$$
#
# Here $*$ is the convolution and $b$ its bias; all but $x$ and $w$ are vectors with an entry per output channel. The weights are quantized after that.


# %%
def fold(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> tuple[torch.Tensor, torch.Tensor]:
    """Weights and bias of one convolution that does the work of both, in evaluation mode."""
    factor = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    bias = torch.zeros_like(norm.bias) if conv.bias is None else conv.bias
    return conv.weight * factor[:, None, None, None], factor * (
        bias - norm.running_mean
    ) + norm.bias


# %%
cnn_original = float_network("cnn")
cnn_layers = layers(read(int8_file("cnn")))
with torch.no_grad():
    for place, layer in zip((0, 4), cnn_layers, strict=False):
        conv, norm = cnn_original[place], cnn_original[place + 1]
        weight, bias = fold(conv, norm)
        library = fuse_conv_bn_eval(conv, norm)
        assert torch.allclose(weight, library.weight, atol=1e-6)
        assert torch.allclose(bias, library.bias, atol=1e-5)
        scales = weight.abs().amax((1, 2, 3)) / 127
        q = (weight / scales[:, None, None, None]).round().to(torch.int8)
        q_bias = (bias / (layer.input_scale * layer.weight_scales)).round().int()
        weights_off = int((q.permute(0, 2, 3, 1) != layer.weights).sum())
        print(f"{q.numel():5} weights: {weights_off} differ from the file's,", end=" ")
        print(f"biases: {int((q_bias - layer.bias).abs().max())} steps at most")
        before, after = (w.abs().amax((1, 2, 3)) for w in (conv.weight, weight))
        for name, size in (("before", before), ("after", after)):
            print(
                f"      largest channel {name} folding: {size.max() / size.min():.1f} times the smallest"
            )
        assert weights_off == 0

# %% [markdown]
# PyTorch's `fuse_conv_bn_eval` agrees, and so does the converter, which folds before it quantizes: all int8 weights and all biases are
# the file's. Folding multiplies each channel by a factor of its own: in the first convolution the largest channel is 4.3 times as large as the
# smallest after it, and was 1.6 times before; in the second hardly anything changes. That is one more reason for a scale per channel.
#
# The convolution is the same sum of products, over patches of 3×3 pixels. Each patch becomes a row, and what remains is part
# 4's product. Max pooling compares integers of one scale, so no scale changes.
#
# One thing is new. *Same* padding puts a border around each picture, one pixel wide: in front of the second convolution 60 of 16·16
# pixels are border. Zero padding means the *value* 0. A colleague's code pads with the integer 0, `F.pad`'s default. What accuracy does the
# CNN keep?

# %%
guess("CNN, padded with the integer 0: accuracy", low=0, high=1)


# %%
def run_cnn(images, in_convolutions=double_rounding, in_linear=double_rounding, border=None):
    """int8 images (n, 28, 28, 1) to int8 logits. `border` replaces the zero point in the padding."""
    values = images
    for layer in cnn_layers[:2]:
        edge = layer.input_zero if border is None else border
        padded = F.pad(values, (0, 0, 1, 1, 1, 1), value=edge)
        windows = padded.unfold(1, 3, 1).unfold(2, 3, 1)  # (n, height, width, channels, 3, 3)
        patches = windows.permute(0, 1, 2, 4, 5, 3).flatten(3)  # (n, height, width, 9 · channels)
        flat = replace(layer, weights=layer.weights.flatten(1))  # (outputs, 9 · channels)
        a = accumulate(patches.flatten(0, 2), flat)  # a row per pixel
        values = requantize(a, layer, in_convolutions).reshape(*patches.shape[:3], -1)
        n, height, width, channels = values.shape
        values = values.reshape(n, height // 2, 2, width // 2, 2, channels).amax((2, 4))
    return requantize(accumulate(values.flatten(1), cnn_layers[2]), cnn_layers[2], in_linear)


pictures = codes.reshape(-1, 28, 28, 1)
cnn_ours = run_cnn(pictures)

# %%
padded_wrong = run_cnn(pictures, border=0)
kept = right(padded_wrong)
reveal("CNN, padded with the integer 0: accuracy", kept)

# %%
wrong_share = float((padded_wrong.argmax(1) != cnn_ours.argmax(1)).double().mean())
print(f"{wrong_share:.0%} of the answers have changed")
value = cnn_layers[1].input_scale * (0 - cnn_layers[1].input_zero)
print(f"the integer 0 stands for {value:.2f} in front of the second convolution")
assert kept < 0.6

# %% [markdown]
# The integer 0 is no zero. It stands for 128 steps: half-bright grey around the image, and a strong activation around all
# maps of the second convolution. With the zero point $z^x$ the CNN is right. Is it LiteRT's, bit for bit?

# %% tags=["nbval-ignore-output"]
print("int8, without a float:", right(cnn_ours))
print("float32:              ", accuracy(cnn_original, *data.test.tensors()))
roundings = {"twice": (double_rounding, double_rounding)}
roundings["twice, in the linear layer once"] = (double_rounding, single_rounding)
roundings["once"] = (single_rounding, single_rounding)
theirs = {
    k: torch.from_numpy(predict_codes(int8_file("cnn"), pictures.numpy(), k)) for k in kernels
}
print(f"{'logits that differ, rounded':32}", *(f"{kind:>10}" for kind in kernels))
off = {}
for name, pair in roundings.items():
    mine = run_cnn(pictures, *pair).int()
    assert max(int((mine - codes).abs().max()) for codes in theirs.values()) <= 1
    off[name] = [int((mine != codes).sum()) for codes in theirs.values()]
    print(f"{name:32}", *(f"{count:10}" for count in off[name]))
assert off["twice"][0] == 0 and off["twice, in the linear layer once"][1] == 0

# %% [markdown]
# A whole CNN in integers. Rounded twice it is equal to the plain kernels in all 20,000 logits. The reference kernels round twice in convolutions and
# once in linear layers: with that rule they are equal as well. XNNPACK's float ratio is next to one rounding: 2 logits differ. No result is more
# than one step from another.
#
# > **A place to stop.** Both networks run in integers and equal LiteRT's. Before you go on: wrapping around did no harm
# > in the middle of a sum, because the sum led back. What if a sum stops at the end of the type, and stays there?
# > <details><summary>Answer</summary>Then nothing leads back: what was cut off is missing from the result. Part 6 shows it.</details>
#
# ## 6 · Sums that saturate
#
# An older instruction of x86 processors (`vpmaddubsw`) multiplies a uint8 by an int8, twice, adds the two products, and puts the
# sum of the **pair** into an int16. What does not fit **saturates**: it becomes 32,767 or −32,768. The largest pair is
# $255 \cdot 127 + 255 \cdot 127 = 64{,}770$. Kernels used it, since it does 32 products at once. In the picture
# at the top it was the third pair that left an int16. This machine need not have the instruction; we emulate it with exact integers. Inputs are uint8 here, $q^x + 128$, which is $q^x - z^x$.


# %%
def sum_in_pairs(inputs: torch.Tensor, weights: torch.Tensor, *, saturate: bool) -> torch.Tensor:
    """uint8 (n, inputs) times int8 (outputs, inputs), neighbours in pairs, each pair an int16."""
    results = []
    for some in inputs.int().split(100):
        products = some[:, None] * weights.int()
        pairs = products[..., 0::2] + products[..., 1::2]
        results.append((pairs.clamp(-32768, 32767) if saturate else pairs).sum(2))
    return torch.cat(results)


def finish(first_sums: torch.Tensor) -> torch.Tensor:
    """The rest of the MLP, exactly, from the first layer's accumulators."""
    return run_mlp(mlp[1:], requantize(first_sums, mlp[0], double_rounding), double_rounding)


inputs = codes.int() + 128
exact = sum_in_pairs(inputs, mlp[0].weights, saturate=False)
saturated = sum_in_pairs(inputs, mlp[0].weights, saturate=True)
print(f"sums that are wrong: {float((exact != saturated).double().mean()):.0%}")
before, after = finish(exact + mlp[0].bias), finish(saturated + mlp[0].bias)
print(f"accuracy: {right(before)} exact, {right(after)} saturated")
assert torch.equal(before, run_mlp(mlp, codes, double_rounding))

# %% [markdown]
# 15 % of the sums are wrong, and the accuracy hardly moves. Now the same network behind a scanner whose images are
# **black on white**: each pixel $p$ comes as $255 - p$. No training is needed for it. Change the sign of the first layer's weights and add
# the constant to its bias:
#
# $$\sum p\,w + b = \sum (255 - p)(-w) + \Bigl(b + 255 \sum w\Bigr)$$
#
# The two networks compute the same, to the last bit, as long as sums are exact. Most pixels of these images are background, so
# most inputs are 255 now. What percentage of the first layer's sums goes wrong, if pairs saturate?

# %%
guess("black on white: sums that saturation makes wrong", unit="%", low=0, high=100)

# %%
scanned, turned = 255 - inputs, -mlp[0].weights
turned_bias = mlp[0].bias + 255 * mlp[0].weights.sum(1, dtype=torch.int32)
scan_exact = sum_in_pairs(scanned, turned, saturate=False) + turned_bias
assert torch.equal(scan_exact, exact + mlp[0].bias)  # the same network
scan_saturated = sum_in_pairs(scanned, turned, saturate=True) + turned_bias
wrong = 100 * float((scan_exact != scan_saturated).double().mean())
reveal("black on white: sums that saturation makes wrong", wrong)

# %%
bad = finish(scan_saturated)
print(f"accuracy: {right(before)} exact, {right(bad)} saturated")
print(f"answers that differ: {int((bad.argmax(1) != before.argmax(1)).sum())} of 2,000")
assert wrong > 95 and right(bad) < right(before) - 0.03

# %% [markdown]
# The weights are the same but for their sign, the function is the same, and with this instruction it loses nearly six points. Tests on a processor
# without it find nothing.
#
# The remedy has the name `reduce_range`: PyTorch gives up one bit of the *inputs*, ONNX Runtime, another runtime, one bit of the *weights*. With
# inputs from 0 to 127 the largest pair is $127 \cdot 127 \cdot 2 = 32{,}258$, which fits. The bit has its price.

# %%
reduced = (scanned * 127 / 255).round().int()
coarse = replace(mlp[0], input_scale=mlp[0].input_scale * 255 / 127)
coarse_bias = (turned_bias * 127 / 255).round().int()  # in the new, longer steps
pairs_sum = sum_in_pairs(reduced, turned, saturate=True)
assert torch.equal(pairs_sum, sum_in_pairs(reduced, turned, saturate=False))
first = requantize(pairs_sum + coarse_bias, coarse, double_rounding)
half = run_mlp(mlp[1:], first, double_rounding)
names = ["exact", "pairs saturate", "pairs saturate, 7-bit inputs"]
changed = [int((logits.argmax(1) != before.argmax(1)).sum()) for logits in (before, bad, half)]
fig, ax = plot.figure(height=2)
plot.bars(ax, names, changed)
ax.set(title="Black on white: answers that differ from exact sums", xlabel="of 2,000 images")
plot.show(fig, alt="Three bars: answers that differ with exact sums, saturated, and with 7 bits.")
print("answers that differ:", changed)
print("accuracy:", [right(logits) for logits in (before, bad, half)])
for backend in ("x86", "onednn"):
    settings = torch.ao.quantization.get_default_qconfig(backend).activation.p.keywords
    print(f"PyTorch's default for {backend}: reduce_range={settings['reduce_range']}")

# %% [markdown]
# One bit less changes 11 answers of 2,000, as any coarser step does, and no sum is wrong. PyTorch's older API (deprecated: lesson 05) reduces the range by default for its engine `x86`, also on processors
# with VNNI, the instruction that replaced it, which adds into an int32 at once and needs no such care. Ask three questions of a kernel: how wide
# is its accumulator, where does it saturate, and how does it round?

# %% tags=["nbval-ignore-output"]
guesses()

# %% [markdown]
# ## You can now…
#
# - compute a quantized layer with integers: accumulate in int32, correct for zero points, requantize;
# - turn a ratio of scales into a multiplier and a shift, and round it as a given kernel does;
# - fold batch norm into the layer before it, and pad with the right integer;
# - say how wide an accumulator must be, for a type, a layer, or some images, and what each is worth;
# - compare two runtimes: bit for bit where the rule is known, within one step elsewhere.
#
# **Common mistakes**
#
# - Multiplying int8 by int8 without a wider type. The result wraps, in silence.
# - Forgetting the input's zero point, or padding with the integer 0.
# - `>>` without the half: everything is rounded down. Accuracy won't tell you.
# - Clipping at 0 for ReLU. In integers the value 0 is the zero point.
# - Quantizing first and folding batch norm afterwards.
# - Judging integer code by accuracy. Compare the integers.
#
# ## Cheat sheet
#
# | to | write |
# |---|---|
# | multiply int8 matrices | `torch._int_mm(x, w.t().contiguous())`, or `x.int() @ w.int().t()` |
# | correct for zero points | $\sum q^x q^w - z^w \sum q^x - z^x \sum q^w + n z^x z^w$ |
# | put the bias in | $q^b = \operatorname{round}(b / (s^x s^w))$, int32, less $z^x \sum q^w$ |
# | know the ratio | $r = s^x s^w / s^y$, one for each row of the weights |
# | make it an integer | `f, e = math.frexp(r)`, $m = \operatorname{round}(f \cdot 2^{31})$, $k = 31 - e$ |
# | requantize | $z^y + ((m\,a + 2^{k-1}) \gg k)$ with 64 bits, then clip to −128 … 127 |
# | have a ReLU | clip from $z^y$ on in place of −128 |
# | fold batch norm | $w' = w\,\gamma/\sqrt{\sigma^2+\varepsilon}$, $b' = (b-\mu)\,\gamma/\sqrt{\sigma^2+\varepsilon} + \beta$: `fuse_conv_bn_eval` |
# | pad | with $z^x$ |
# | bound a sum | $n$ times the largest product; int8 · int8 in int32: $n \le 131{,}071$ |
# | be safe from int16 pairs | inputs from 0 to 127 (PyTorch's `reduce_range`) |
#
# Order of work: fold batch norm → quantize weights and biases → multiplier and shift for each row → accumulate in int32 →
# multiply, shift with rounding → add the zero point, clip → compare integers with a runtime's.

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
