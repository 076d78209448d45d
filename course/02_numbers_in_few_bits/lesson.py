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
# # 02 · Numbers in few bits
#
# **An int8 is an integer from −128 to 127. My weights are numbers like 0.1234. How can a network live in
# 8 bits, and how few are too few?**
#
# For an integer to stand for a weight, it needs a *scale* and a *zero point*. With these two you can say in advance how large each
# error is. And at the end you'll rescue a network that fell to guessing, by moving one number per layer.
#
# It takes about {minutes} minutes, with a place to stop after part 4. You need lesson 00 and a little PyTorch.
#
# Move the two numbers of the picture first. Where do the eight stairs have to lie, and how high may they be, for the boot to come
# through?

# %% tags=["nbval-ignore-output"]
from coursekit.lesson_02.opening import staircase

staircase()

# %%
import copy
import math
from collections.abc import Callable

import numpy as np
import torch
from torch import nn
from torch.ao.quantization import MinMaxObserver

from coursekit import guess, guesses, mark_guess, reveal
from coursekit.learn.explore import explore
from coursekit.learn.widgets import cards, pattern_test, practice, progress, quiz, respond, trace
from coursekit.lesson_02.formats import bits_of, draw_bits, draw_points, every_value
from coursekit.nets.data import load_fashion_mnist
from coursekit.nets.measure import accuracy, saved_bytes
from coursekit.nets.networks import lenet
from coursekit.nets.train import fit, set_seed
from coursekit.pictures import plot


# %%
def with_weights(model: nn.Sequential, change: Callable, bits: int) -> nn.Sequential:
    """A copy of `model` with `change(weight, bits)` in place of each linear layer's weight."""
    model = copy.deepcopy(model)
    for layer in model:
        if isinstance(layer, nn.Linear):
            layer.weight.data = change(layer.weight.data, bits)
    return model


def accuracies(change: Callable, at: list[int]) -> np.ndarray:
    """Validation accuracy of each model at each number of bits: shape (models, bits)."""
    changed = [[with_weights(model, change, bits) for bits in at] for model in models]
    return np.array([[accuracy(model, *validation) for model in row] for row in changed])


def largest_fits(weight: torch.Tensor, bits: int) -> torch.Tensor:
    """To `bits` bits and back to float32, with PyTorch's own function."""
    high = 2 ** (bits - 1) - 1
    scale = float(weight.abs().max()) / high
    return torch.fake_quantize_per_tensor_affine(weight, scale, 0, -high, high)


# %% [markdown]
# We train LeNet-300-100 (784 inputs, 300 and 100 hidden units, 10 outputs) on Fashion-MNIST, pictures of clothes, from three seeds, which
# draw the first weights. Then all weights are rounded to $b$ bits, with one scale per layer, such that the largest weight just fits (*absmax* in papers). In float32, the accuracy is
# about 0.85. What is left at 2 bits?

# %% tags=["nbval-ignore-output"]
data = load_fashion_mnist()
train_split, validation_split = data.train.hold_out(2000)
train, validation = train_split.tensors(), validation_split.tensors()
models = []
for seed in range(3):
    set_seed(seed)
    model = lenet()
    fit(model, train, epochs=5, seed=seed)
    models.append(model)
full = np.array([accuracy(model, *validation) for model in models])

# %%
guess("Accuracy at 2 bits", low=0, high=1)

# %% tags=["nbval-ignore-output"]
all_bits = [8, 7, 6, 5, 4, 3, 2]
fitting = accuracies(largest_fits, all_bits)
low, middle, high = fitting.min(0), fitting.mean(0), fitting.max(0)
fig, ax = plot.figure(height=3)
plot.band(ax, all_bits, middle, low, high, label="all weights rounded")
ax.axhline(full.mean(), color="grey", linewidth=1, label="float32")
ax.axhline(0.1, color="grey", linewidth=1, linestyle=":", label="chance")
ax.set(title="Accuracy against bits (mean, range of three seeds)", xlabel="bits per weight")
ax.set(ylabel="validation accuracy", ylim=(0, 1))
ax.invert_xaxis()
ax.legend(loc="lower left")
mark_guess(ax, "Accuracy at 2 bits")
plot.show(fig, alt="Accuracy against bits, from 8 to 2, with lines for float32 and for chance.")
reveal("Accuracy at 2 bits", middle[-1], between=(low[-1], high[-1]))

# %% [markdown]
# Nothing happens down to 4 bits, and little at 3. Then comes the cliff: at 2 bits the network only guesses. To see
# why, let's follow one number.
#
# ## 1 · Formats: bits, and points on a line
#
# Here is 0.1234 in seven formats. A **float** has a sign bit, exponent bits $e$ and fraction bits $f$. Read as integers, they stand for
#
# $$x = (-1)^{\text{sign}} \cdot 2^{\,e - \text{bias}} \cdot \left(1 + \frac{f}{2^m}\right)$$
#
# with $m$ fraction bits and the bias $2^{k-1}-1$ for $k$ exponent bits. The exponent picks the interval from one power of two to the next,
# the fraction the place in it. An **integer** just counts steps: 0.1234 is about 12 steps of 0.01, or one step of 1/7.

# %%
formats = {  # bits for sign, exponent, fraction
    "float32": (torch.float32, (1, 8, 23)),
    "float16": (torch.float16, (1, 5, 10)),
    "bfloat16": (torch.bfloat16, (1, 8, 7)),
    "fp8 e4m3": (torch.float8_e4m3fn, (1, 4, 3)),
    "fp8 e5m2": (torch.float8_e5m2, (1, 5, 2)),
}
rows = {name: (bits_of(0.1234, dtype), sizes) for name, (dtype, sizes) in formats.items()}
rows["int8: 12"] = (bits_of(12, torch.int8), (8,))
rows["int4: 1"] = (bits_of(1, torch.int8)[4:], (4,))
fig, ax = plot.figure(width=10, height=3.2)
draw_bits(ax, rows)
ax.set_title("0.1234 in seven formats, bit by bit")
plot.show(fig, alt="Rows of bits: sign, exponent and fraction for five floats; two integers.")

# %%
points = {name: every_value(dtype) for name, (dtype, _) in formats.items() if name != "float32"}
points["int8 · 1/127"] = np.arange(-127, 128) / 127
points["int4 · 1/7"] = np.arange(-7, 8) / 7
fig, axes = plot.figure(1, 2, width=11, height=3)
draw_points(axes[0], {k: v for k, v in points.items() if "16" not in k}, -1.02, 1.02)
axes[0].set(title="All values from −1 to 1", xlabel="value")
draw_points(axes[1], points, 0.1, 0.15)
axes[1].plot([0.1234] * 2, [-0.5, 5.5], color="#D55E00", marker="", linestyle="--")
axes[1].set(title="Near 0.1234 (dashed)", xlabel="value")
plot.show(fig, alt="Ticks on lines for the values of five formats; then a zoom.")

# %% [markdown]
# A float's gaps grow with the number, because there are equally many numbers from each power of two to the next. Its error is
# **relative**. bfloat16 is float32 cut to its first half: the same range, few digits. float16 has more digits and ends at 65,504.
#
# An integer's gaps are all alike. Its error is **absolute**, at most half a gap. So it matters where you put the
# **levels**, the numbers that integers stand for, and that is what scale and zero point are for.
#
# ## 2 · From 0.1234 to an integer and back
#
# The **scale** $s$ is the distance from one level to the next. To **quantize** $x$, count how many steps of size $s$ lead to it,
# round, and keep the result within what $b$ bits can hold. To **dequantize**, multiply.
#
# $$q = \operatorname{clip}\!\left(\operatorname{round}\!\left(\frac{x}{s}\right),\; q_{\min},\;
# q_{\max}\right), \qquad \hat x = s\,q$$
#
# $q$ is the **code**, an integer from $q_{\min} = -2^{b-1}$ to $q_{\max} = 2^{b-1}-1$. At scale 0.01, 0.1234 is 12.34 steps,
# so its code is 12. Work out two more by hand: its code at scale 0.001, and what comes back from 1.5 in int8 at scale 0.01.


# %%
def code_range(bits: int) -> tuple[int, int]:
    """The lowest and the highest code that `bits` bits can hold."""
    return -(2 ** (bits - 1)), 2 ** (bits - 1) - 1


print("value   scale   code   back")
for value, scale in ((0.1234, 0.01), (0.1234, 0.001), (0.1234, 1.0), (1.5, 0.01)):
    code = int(torch.round(torch.tensor(value / scale)).clamp(*code_range(8)))
    print(f"{value:6}  {scale:5}   {code:4}   {scale * code:.3f}")
steps = torch.tensor([150])
print("150 steps, clip, then cast:", steps.clamp(-128, 127).to(torch.int8).tolist(), end="; ")
print("cast, then clip:", steps.to(torch.int8).clamp(-128, 127).tolist())

# %% [markdown]
# There are two kinds of error. 0.1234 became 0.12: that is **rounding**, never more than half a step. 1.5 became 1.27, the last
# level there is: that is **clipping**, and it has no limit. Mind the order: if you cast first, 150 comes
# back negative.
#
# `torch.round` sends a **tie**, a number halfway between two levels, to the even neighbour, because rounding all of them up would
# push a whole layer in one direction ([Further](further/02_numbers_in_few_bits.ipynb)).
#
# ## 3 · The zero point
#
# Pixels, and everything after a ReLU, are never negative, so half of all codes would never be used. We shift the levels: the
# **zero point** $z$ is the code that stands for 0.
#
# $$q = \operatorname{clip}\!\left(\operatorname{round}\!\left(\frac{x}{s}\right) + z,\; q_{\min},\;
# q_{\max}\right), \qquad \hat x = s\,(q - z)$$
#
# For values from $l$ to $h$, put the first level at $l$ and the last at $h$:
#
# $$s = \frac{h - l}{2^b - 1}, \qquad z = q_{\min} - \operatorname{round}\!\left(\frac{l}{s}\right)$$
#
# $2^b$ levels have $2^b - 1$ gaps. The range must contain 0, and $z$ is rounded. This is **asymmetric** (or affine)
# quantization. **Symmetric** quantization fixes $z = 0$ and takes $s = \max|x| / (2^{b-1}-1)$.
#
# By hand, for 3 bits and values from −0.5 to 3: $s = 3.5/7 = 0.5$, and $z = -4 - (-1) = -3$.


# %%
def choose_scale(values: torch.Tensor, bits: int) -> tuple[torch.Tensor, int]:
    """Scale (float32) and zero point: the range of `values`, with 0 in it, just fits."""
    low, high = code_range(bits)
    bottom = values.min().clamp(max=0)  # the range must contain 0
    top = values.max().clamp(min=0)
    scale = (top - bottom) / (high - low)
    return scale, low - int(torch.round(bottom / scale))


def symmetric_scale(values: torch.Tensor, bits: int) -> tuple[torch.Tensor, int]:
    """The same with zero point 0: the largest magnitude just fits, on either side."""
    return values.abs().max() / code_range(bits)[1], 0


def fake_quantize(values, scale, zero_point: int, bits: int) -> torch.Tensor:
    """Quantize and dequantize in one go: what the codes stand for, as floats (so it is "fake")."""
    codes = (torch.round(values * (1 / scale)) + zero_point).clamp(*code_range(bits))
    return (codes - zero_point) * scale


example = torch.tensor([-0.5, 0.0, 0.1, 0.9, 2.2, 3.0])
scale, zero_point = choose_scale(example, bits=3)
print(
    f"scale {scale:g}, zero point {zero_point}, back:",
    [round(v, 2) for v in fake_quantize(example, scale, zero_point, 3).tolist()],
)

# %% [markdown]
# 0 comes back as exactly 0. Are those two rules worth it? Zero is the padding around an image, every ReLU that is off, and every
# weight that was pruned.
#
# So here is layer 1 with 80% of its weights set to zero. We quantize it to 4 bits twice, once with a rounded zero point, and once
# *without* rounding it, so that the first level lies exactly on the most negative weight. What percentage of the weights is still zero then?

# %%
guess("Zero point not rounded: weights that are still zero", unit="%", low=0, high=100)

# %% tags=["nbval-ignore-output"]
weight = models[0][1].weight.data
threshold = weight.abs().flatten().kthvalue(round(0.8 * weight.numel())).values
sparse = torch.where(weight.abs() <= threshold, 0.0, weight)
scale, zero_point = choose_scale(sparse, bits=4)
rounded = fake_quantize(sparse, scale, zero_point, 4)
start = sparse.min()  # the first point; the others follow at distances of one scale
unrounded = start + scale * torch.round((sparse - start) / scale).clamp(0, 15)
zeros = [100 * float((w == 0).float().mean()) for w in (sparse, rounded, unrounded)]
reveal("Zero point not rounded: weights that are still zero", zeros[2])
off = float(unrounded[sparse == 0].abs().max() / scale)
signs = torch.where(torch.rand_like(weight) < 0.5, -1, 1)
random_signs = torch.where(sparse == 0, signs * unrounded, unrounded)
moved = [validation[0].flatten(1) @ (w - sparse).t() for w in (rounded, unrounded, random_signs)]
errors = [float(values.abs().mean()) for values in moved]
print(f"zeros off by {off:.0%} of a step: {errors[1] / errors[0]:.1f} times the output's error")
print(f"the same with random signs: {errors[2] / errors[0]:.1f} times")

# %% [markdown]
# Not one zero is left. Each is off by only a small part of a step, but all of them in the *same* direction, so nothing cancels when
# the layer adds them up. The last line is the control: give the same errors random signs, and most of the harm is gone. That's why the range must contain 0, and why $z$ must be an integer.
#
# What does the shift gain? We measure by the **SQNR**, the signal to quantization noise ratio, in decibels:
#
# $$\text{SQNR} = 10 \log_{10} \frac{\sum x^2}{\sum (x - \hat x)^2}$$
#
# At 20 dB the errors are ten times smaller than the values, at 40 dB a hundred times.


# %% tags=["nbval-ignore-output"]
def sqnr(values: torch.Tensor, back: torch.Tensor) -> float:
    """Decibels; `values` must not be all zero."""
    values, back = values.double(), back.double()
    return 10 * math.log10(float(values.square().sum() / (values - back).square().sum()))


after_relu = models[0][:3](validation[0][:500]).detach()
quality = {
    name: [sqnr(x, fake_quantize(x, *f(x, 8), 8)) for f in (symmetric_scale, choose_scale)]
    for name, x in {"weights of layer 1": weight, "outputs of ReLU 1": after_relu}.items()
}
fig, ax = plot.figure(height=2.4)
plot.grouped_bars(ax, ["symmetric", "asymmetric"], quality, label="{:.1f}")
ax.set(title="What the zero point gains at 8 bits", xlabel="SQNR (dB)", xlim=(0, 62))
ax.legend(loc="right")
plot.show(fig, alt="Bars of SQNR, symmetric and asymmetric, for weights and for ReLU outputs.")

# %% [markdown]
# One-sided values gain about 6 dB, because their step is half as long. Weights lie on both sides of zero and gain little. So the usual
# advice is symmetric for weights, asymmetric for *activations*, the values that layers pass on (Nagel et al. 2021).
#
# ## 4 · The staircase
#
# What comes back, drawn over what went in, is a staircase. Below it is the error. Before you move anything: what happens to the
# *height* of a stair and to the *range* if the scale doubles? And where does the staircase go if the zero point rises by 1?


# %%
def staircase(bits: int, scale: float, zero_point: int) -> plot.Figure:
    low, high = code_range(bits)
    x = torch.linspace(-2, 2, 1601)
    back = fake_quantize(x, torch.tensor(scale), zero_point, bits)
    first, last = scale * (low - zero_point), scale * (high - zero_point)
    fig, (above, below) = plot.figure(2, 1, width=7, height=5, sharex=True)
    above.plot(x, x, color="grey", marker="", linewidth=1, linestyle=":", label="no error")
    above.plot(x, back, color="black", marker="", linestyle="-", label="what comes back")
    above.plot(0, 0, color="#D55E00", marker="o", linestyle="", label=f"0 is code {zero_point}")
    title = f"{bits} bits: {2**bits} stairs from {first:g} to {last:g}, one every {scale:g}"
    above.set(title=title, ylabel="value out", ylim=(-2.2, 2.2))
    above.legend(loc="upper left")
    below.plot(x, back - x, color="black", marker="")
    for edge in (-scale / 2, scale / 2):
        below.axhline(edge, color="#0072B2", linewidth=1, linestyle="--")
    for ax in (above, below):
        ax.axvspan(-2, max(-2, first - scale / 2), color="#EEEEEE")
        ax.axvspan(min(2, last + scale / 2), 2, color="#EEEEEE")
    below.set_title(f"Error: at most {scale / 2:g} (dashed), unless clipped (grey)")
    below.set(xlabel="value in", ylabel="error", xlim=(-2, 2), ylim=(-1.1, 1.1))
    return fig


# %%
explore(
    staircase,
    alt="A staircase around the diagonal, and below it a saw-tooth error that runs away where "
    "values are clipped; bits, scale and zero point can be moved.",
    bits=[2, 3, 4],
    scale=[0.1, 0.2, 0.25, 0.4, 0.5, 0.8],
    zero_point=[-2, -1, 0, 1],
    start={"bits": 3, "scale": 0.4, "zero_point": -1},
)

# %% [markdown]
# A larger scale makes the stairs higher *and* the range wider. Only more bits give you small errors and a wide range at once. The
# zero point moves the whole staircase along the diagonal.
#
# In the white, the error is rounding; in the grey, clipping.
#
# $$|x - \hat x| \le \frac{s}{2} \quad\text{as long as}\quad s\,(q_{\min}-z) \le x \le s\,(q_{\max}-z)$$
#
# > **A place to stop.** Before you go on: how far off can a value come back that lies inside the range, and one that lies outside?
# > <details><summary>Answer</summary>Inside, half a step at most. Outside, by as much as it lies beyond the last level, and that has no limit.</details>
#
# ## 5 · The library
#
# PyTorch has the same two pieces. An **observer** looks at values and chooses scale and zero point.
# `torch.fake_quantize_per_tensor_affine` does the round trip. Do they agree with our code, bit for bit?

# %%
set_seed(2)
for trial in range(200):
    bits = 2 + trial % 7
    low, high = code_range(bits)
    x = torch.randn(500) * torch.rand(()) * 5 + torch.randn(())
    observer = MinMaxObserver(dtype=torch.qint8, quant_min=low, quant_max=high)
    observer(x)
    scale, zero_point = choose_scale(x, bits)
    assert observer.calculate_qparams() == (scale, zero_point)
    theirs = torch.fake_quantize_per_tensor_affine(x, scale.item(), zero_point, low, high)
    assert torch.equal(fake_quantize(x, scale, zero_point, bits), theirs)
print("scale, zero point, and all 500 values: equal in 200 of 200 tensors")

# %% [markdown]
# They do. Two surprises: a NaN becomes an ordinary number without a word, so **refuse what is not finite** before you
# quantize. And PyTorch's symmetric observer divides by 127.5, not 127. That hardly matters at 8 bits; at 2 bits its step is
# a third shorter ([Further](further/02_numbers_in_few_bits.ipynb) has these and other edges).
#
# *Fake*-quantized weights lie on few levels, but they are float32. Does the file shrink?


# %%
def codes(bits: int) -> dict[str, torch.Tensor]:
    """All tensors of the first model as int8 codes; a scale for each comes on top."""
    state = models[0].state_dict().items()
    return {k: torch.round(v / symmetric_scale(v, bits)[0]).to(torch.int8) for k, v in state}


contents = {
    "fake-quantized, 2 bits": with_weights(models[0], largest_fits, 2).state_dict(),
    "int8 codes, 8 bits": codes(8),
    "int8 codes, 2 bits": codes(2),
}
ratios = [saved_bytes(content) / saved_bytes(models[0]) for content in contents.values()]
fig, ax = plot.figure(height=2)
plot.bars(ax, list(contents), ratios, label="{:.2f}")
ax.set(title="A file shrinks with its type, not its points", xlabel="float32 = 1")
plot.show(fig, alt="Three bars: fake-quantized as large as float32, both int8 files a quarter.")

# %% [markdown]
# Only the type counts. A 2-bit code in an int8 takes 8 bits. To get to 2 bits per weight, four codes must be **packed** into one
# byte.
#
# ## 6 · Noise in decibels
#
# How much does one more bit buy? If the error is equally likely to lie anywhere between $-s/2$ and $s/2$, its mean square is
#
# $$\frac1s \int_{-s/2}^{s/2} u^2\,\mathrm{d}u = \frac{s^2}{12}$$
#
# One bit more halves $s$ and leaves a quarter of the noise: 6 dB. That's the *6 dB per bit* you can read everywhere. Here it is on
# uniform values, and on Gaussian ones, which weights resemble more.


# %%
def best_clip(values: torch.Tensor, bits: int) -> torch.Tensor:
    """Symmetric, at the best of 60 clips, from 2% to 100% of the largest magnitude."""
    high = code_range(bits)[1]
    scales = (values.abs().max() / high * torch.linspace(0.02, 1, 60)).tolist()
    tried = (torch.fake_quantize_per_tensor_affine(values, s, 0, -high, high) for s in scales)
    return max(tried, key=lambda back: sqnr(values, back))


set_seed(4)
uniform, gaussian = torch.rand(20_000), torch.randn(20_000)
some_bits = list(range(2, 9))
lines = {
    "uniform, 0 to 1": [
        sqnr(uniform, fake_quantize(uniform, torch.tensor(1 / (2**b - 1)), -(2 ** (b - 1)), b))
        for b in some_bits
    ],
    "Gaussian, best clip": [sqnr(gaussian, best_clip(gaussian, b)) for b in some_bits],
    "Gaussian, largest fits": [sqnr(gaussian, largest_fits(gaussian, b)) for b in some_bits],
}

# %%
fig, ax = plot.figure(height=3.4)
ax.plot(some_bits, [6.02 * (b + 1) for b in some_bits], color="grey", marker="", label="6 dB a bit")
for name, values in lines.items():
    ax.plot(some_bits, values, label=name)
ax.set(title="What bits buy", xlabel="bits", ylabel="SQNR (dB)")
ax.legend()
plot.show(fig, alt="SQNR against bits for three kinds of values, beside a line of 6 dB per bit.")
gain = (lines["Gaussian, best clip"][4] - lines["Gaussian, best clip"][0]) / 4
print(f"Gaussian, best clip: {gain:.1f} dB a bit from 2 to 6 bits")

# %%
assert (np.abs(middle[:5] - full.mean()) < 0.015).all()
assert middle[-2] > 0.75 and middle[-1] < 0.35
assert zeros[1] >= zeros[0] > zeros[2] and errors[1] > 2 * errors[2]
assert 5 < quality["outputs of ReLU 1"][1] - quality["outputs of ReLU 1"][0] < 7
assert abs(quality["weights of layer 1"][1] - quality["weights of layer 1"][0]) < 3
assert gain < 6.2 and all(
    abs(decibel - 20 * math.log10(2 * (2**b - 1))) < 0.15
    for b, decibel in zip(some_bits, lines["uniform, 0 to 1"], strict=True)
)

# %% [markdown]
# 6 dB is right for uniform values. The Gaussian gains less at its best clip, because with more levels its best range gets *longer*,
# so the step doesn't quite halve. And if the largest value must fit, 2 bits begin near 0 dB, where the errors are as
# large as the values. That's a first hint at what makes the cliff.
#
# ## 7 · Clip or round?
#
# A range that is too short clips, and one that is too long has coarse steps. Both errors are measured on the Gaussian values
# below. In 2 bits, where is the best clip, in standard deviations? The largest of the 20,000 values lies at about 4.


# %%
def two_errors(values: torch.Tensor, clip: float, bits: int) -> tuple[float, float]:
    """Mean squares of the rounding error and of the clipping error; together, the whole error."""
    high = code_range(bits)[1]
    back = torch.fake_quantize_per_tensor_affine(values, clip / high, 0, -high, high)
    squares = (back - values).square()
    outside = values.abs() > clip
    mean = len(values)
    return float(squares[~outside].sum()) / mean, float(squares[outside].sum()) / mean


# %%
guess("Gaussian values in 2 bits: the best clip", unit="standard deviations")

# %%
clips = [round(0.5 + 0.25 * n, 2) for n in range(19)]
measured = {b: np.array([two_errors(gaussian, clip, b) for clip in clips]) for b in some_bits}
bests = {bits: clips[int(errors.sum(1).argmin())] for bits, errors in measured.items()}


def rounding_or_clipping(bits: int, clip: float) -> plot.Figure:
    rounding, clipping = measured[bits].T
    fig, ax = plot.figure(height=3.6)
    ax.plot(clips, rounding, label="rounding")
    ax.plot(clips, np.maximum(clipping, 1e-9), label="clipping")
    ax.plot(clips, rounding + clipping, label="both", linewidth=2)
    ax.axvline(clip, color="grey", linewidth=1)
    here, best = measured[bits][clips.index(clip)].sum(), bests[bits]
    title = f"{bits} bits: at clip {clip:g} the error is {here:.2g}; it is least near {best:g}"
    ax.set(title=title, xlabel="clip (standard deviations)", ylabel="mean squared error")
    ax.set(yscale="log", ylim=(1e-5, 2))
    ax.legend(loc="lower left")
    if bits == 2:
        mark_guess(ax, "Gaussian values in 2 bits: the best clip", axis="x")
    return fig


# %%
reveal("Gaussian values in 2 bits: the best clip", bests[2])
assert sorted(bests.values()) == list(bests.values()) and max(bests.values()) < clips[-1]
explore(
    rounding_or_clipping,
    alt="Rounding error rises with the clip, clipping error falls, their sum has a minimum between; "
    "bits and clip can be moved.",
    bits=some_bits,
    clip=clips,
    start={"bits": 2, "clip": 2.5},
)

# %% [markdown]
# The fewer bits, the shorter the best range. At 8 bits it reaches nearly to the largest value. At 2 bits it pays to clip a good part of
# the values, so that the rest get finer steps.
#
# ## 8 · The 2-bit cliff
#
# Back to the network, with layer 1's weights at 2 bits. Symmetric 2-bit codes have three levels: 0, and plus and
# minus the largest weight. What percentage of the weights becomes 0?

# %%
guess("Layer 1 at 2 bits: weights that become 0", unit="%", low=0, high=100)

# %% tags=["nbval-ignore-output"]
pictures = {
    "4 bits, largest fits": largest_fits(weight, 4),
    "2 bits, largest fits": largest_fits(weight, 2),
    "2 bits, best clip": best_clip(weight, 2),
}
fig, axes = plot.figure(1, 3, width=12, height=3.2, sharey=True)
for ax, (title, back) in zip(axes, pictures.items(), strict=True):
    ax.hist(weight.flatten().numpy(), bins=80, color="#CCCCCC")
    for point in back.unique().tolist():
        ax.axvline(point, color="#D55E00", linewidth=1, linestyle="--")
    became_zero = 100 * float((back == 0).float().mean())
    ax.set(title=f"{title}: {became_zero:.0f}% at 0", xlabel="weight", xlim=(-0.28, 0.28))
axes[0].set_ylabel("weights")
plot.show(fig, alt="Three histograms of weights with the points to which they are rounded.")
share = 100 * float((pictures["2 bits, largest fits"] == 0).float().mean())
reveal("Layer 1 at 2 bits: weights that become 0", share)
decibels = [sqnr(weight, back) for back in pictures.values()]
assert share > 90 and decibels[2] > 4 + decibels[1]

# %% [markdown]
# There is the cliff. A few large weights fix the range, the levels lie where hardly any weights are, and nearly everything rounds
# to 0. The third picture has three levels too, at the clip with the best SQNR (*MSE clipping*). Now we give each layer such a clip. Still 2 bits, still
# no training.

# %%
guess("Accuracy at 2 bits with the best clip", low=0, high=1)

# %% tags=["nbval-ignore-output"]
clipped = accuracies(best_clip, [4, 3, 2])
at_two = clipped[:, -1]
fig, ax = plot.figure(height=3)
for name, values in (("largest weight fits", fitting), ("best clip", clipped)):
    at = all_bits[-values.shape[1] :]
    plot.band(ax, at, values.mean(0), values.min(0), values.max(0), label=name)
ax.axhline(full.mean(), color="grey", linewidth=1, label="float32")
ax.set(title="Another scale, same bits (mean, range of three seeds)", xlabel="bits per weight")
ax.set(ylabel="validation accuracy", ylim=(0, 1))
ax.invert_xaxis()
ax.legend(loc="lower left")
mark_guess(ax, "Accuracy at 2 bits with the best clip")
plot.show(fig, alt="Accuracy against bits for two choices of range, with a line for float32.")
reveal("Accuracy at 2 bits with the best clip", at_two.mean(), between=(at_two.min(), at_two.max()))
assert (at_two > fitting[:, -1] + 0.3).all() and at_two.mean() > 0.75

# %% [markdown]
# The three networks guessed, and now they read clothes again, because three scales changed. **Two bits aren't
# too few. Two bits with the wrong scale are.**

# %% tags=["nbval-ignore-output"]
guesses()

# %% [markdown]
# ## You can now…
#
# - say where a format has its levels, and what that does to errors;
# - quantize to any number of bits and back, with a scale and a zero point, with PyTorch's numbers;
# - say how large an error can be: half a step inside the range, without limit outside it;
# - measure the noise in dB, and tell what one more bit buys;
# - explain the 2-bit cliff, and rescue a network from it.
#
# **Common mistakes**
#
# - Dividing the range by $2^b$. There is one gap less.
# - Casting to an integer before clipping: large values wrap around.
# - A range without 0, or a zero point that isn't an integer: padding, ReLU and pruned weights are off.
# - “6 dB per bit” for every kind of data.
# - Taking a fake-quantized network for a small one.
#
# ## Cheat sheet
#
# | to | write |
# |---|---|
# | get the codes of $b$ bits | from $-2^{b-1}$ to $2^{b-1}-1$ |
# | choose a symmetric scale | $s = \max\lvert x\rvert / (2^{b-1}-1)$, $z = 0$ |
# | choose an asymmetric one | $s = (h-l)/(2^b-1)$, $z = q_{\min} - \operatorname{round}(l/s)$, with $l \le 0 \le h$ |
# | quantize | `(torch.round(x * (1 / s)) + z).clamp(low, high).to(torch.int8)` |
# | dequantize | `(q.float() - z) * s` |
# | do both, as the library | `torch.fake_quantize_per_tensor_affine(x, s, z, low, high)` |
# | bound an error in the range | $s/2$; its mean square is about $s^2/12$ |
# | measure the noise | $\text{SQNR} = 10\log_{10}\left(\sum x^2 / \sum (x-\hat x)^2\right)$ dB |
# | know what a bit buys | 6 dB if the range stays; about 5.5 for a Gaussian at its best clip |
# | look at a float's limits | `torch.finfo(torch.bfloat16)`: `max`, `eps`, `tiny` |
# | count bytes | numbers × bits / 8, rounded up, plus scales; but int8 takes 8 bits for each code |

# %% [markdown]
# ## Practise
#
# Nothing below is marked, and nothing leaves this machine. What you do is kept in one file, `progress.sqlite`,
# in the folder above this one, so you can stop at any time and go on where you were. Everything works by mouse and by keyboard.
# In any notebook, `cheat_sheet("02")` from `coursekit.learn.widgets` brings the page above back.
#
# **Cards.** Say the answer aloud before you turn one. Those you forget come back soon.

# %%
cards("02")

# %% [markdown]
# **Quiz.** Each option tells why it is right or wrong, and you may try again.

# %%
quiz("02")

# %% [markdown]
# **In your own words.** Write two or three sentences. You see which ideas were found in them.

# %%
respond("02")

# %% [markdown]
# **Practice.** From easy to hard, with a hint and worked steps when you want them.

# %%
practice("02")

# %% [markdown]
# **Traces.** Follow a run step by step. Say what comes next before you press the button.

# %% tags=["nbval-ignore-output"]
trace("02")

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
# - W. R. Bennett (1948): *Spectra of Quantized Signals*. Bell System Technical Journal 27, 446–472. The noise $s^2/12$.
# - J. Max (1960): *Quantizing for Minimum Distortion*. IRE Transactions on Information Theory 6, 7–12. The best steps for
#   a Gaussian.
# - R. M. Gray, D. L. Neuhoff (1998): *Quantization*. IEEE Transactions on Information Theory 44, 2325–2383. Its history.
# - D. Goldberg (1991): *What Every Computer Scientist Should Know About Floating-Point Arithmetic*. ACM Computing
#   Surveys 23, 5–48.
# - B. Jacob et al. (2018): *Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
#   Inference*. CVPR. arXiv:1712.05877. Scale and zero point, and why 0 must be exact.
# - M. Nagel et al. (2021): *A White Paper on Neural Network Quantization*. arXiv:2106.08295. Clipping against rounding.
# - P. Micikevicius et al. (2022): *FP8 Formats for Deep Learning*. arXiv:2209.05433.
# - D. Kalamkar et al. (2019): *A Study of BFLOAT16 for Deep Learning Training*. arXiv:1905.12322.
# - H. Xiao, K. Rasul, R. Vollgraf (2017): *Fashion-MNIST*. arXiv:1708.07747. The images.
# - Y. LeCun et al. (1998): *Gradient-Based Learning Applied to Document Recognition*. Proc. IEEE 86. LeNet-300-100.
# - PyTorch: [`fake_quantize_per_tensor_affine`](https://docs.pytorch.org/docs/stable/generated/torch.fake_quantize_per_tensor_affine.html).
