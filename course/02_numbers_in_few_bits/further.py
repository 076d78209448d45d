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
# # 02 · Numbers in few bits, further
#
# This page holds what we measured for lesson 02 and left out of it, mostly for people who write quantizers. No exercise needs it. Read
# what you are curious about, in any order:
#
# 1. a float, read bit by bit,
# 2. three ways to round,
# 3. what the levels can be trusted to do,
# 4. PyTorch, to the last bit,
# 5. what goes wrong in silence.

# %%
import math
from collections.abc import Callable

import numpy as np
import torch
from torch.ao.quantization import MinMaxObserver

from coursekit.lesson_02.formats import bits_of, every_value
from coursekit.nets.data import load_fashion_mnist
from coursekit.nets.train import set_seed
from coursekit.pictures import plot

data = load_fashion_mnist()


def code_range(bits: int) -> tuple[int, int]:
    """The lowest and the highest code that `bits` bits can hold."""
    return -(2 ** (bits - 1)), 2 ** (bits - 1) - 1


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


def fake_quantize(
    values: torch.Tensor, scale: torch.Tensor, zero_point: int, bits: int
) -> torch.Tensor:
    """Quantize and dequantize in one go: what the codes stand for, as floats (so it is "fake")."""
    low, high = code_range(bits)
    codes = (torch.round(values / scale) + zero_point).clamp(low, high)
    return (codes - zero_point) * scale


# %% [markdown]
# ## 1 · A float, read bit by bit
#
# The formula of lesson 02 holds for numbers that are not very small. (An exponent of only zeros is special: it makes room for 0 and for very small
# numbers. The course's e4m3 is PyTorch's `float8_e4m3fn`, which has no infinity.) Here are the bits of 0.1234, read by that formula, and what PyTorch reads.


# %%
formats = {  # bits for sign, exponent, fraction
    "float32": (torch.float32, (1, 8, 23)),
    "float16": (torch.float16, (1, 5, 10)),
    "bfloat16": (torch.bfloat16, (1, 8, 7)),
    "fp8 e4m3": (torch.float8_e4m3fn, (1, 4, 3)),
    "fp8 e5m2": (torch.float8_e5m2, (1, 5, 2)),
}


def decode(bits: str, exponent_bits: int, fraction_bits: int) -> float:
    """The formula above, for numbers that are not very small."""
    end, bias = 1 + exponent_bits, 2 ** (exponent_bits - 1) - 1
    sign, exponent, fraction = int(bits[0]), int(bits[1:end], 2), int(bits[end:], 2)
    return (-1) ** sign * 2.0 ** (exponent - bias) * (1 + fraction / 2**fraction_bits)


for name, (dtype, (_, exponent_bits, fraction_bits)) in formats.items():
    back = decode(bits_of(0.1234, dtype), exponent_bits, fraction_bits)
    print(f"{name:9} {back:.10f}   off by {abs(back - 0.1234):.1e}")
    assert back == torch.tensor(0.1234).to(dtype).item()  # the library reads the bits as we do

# %%
points = {name: every_value(dtype) for name, (dtype, _) in formats.items() if name != "float32"}
print("format       largest     next after 1   smallest above 0")
for name, values in points.items():
    after_one, above_zero = values[values > 1], values[values > 0][0]
    print(f"{name:12} {values[-1]:<11.4g} 1 + 1/{1 / (after_one[0] - 1):<10g} {above_zero:.2g}")
    assert after_one[0] == 1 + torch.finfo(formats[name][0]).eps

# %% [markdown]
# ## 2 · Three ways to round
#
# The lazy way is `int()`, which cuts off. We round numbers from 0 to 100 steps, as after a ReLU, and the means of two neighbouring pixels, many of which
# lie exactly between two integers: a tie. The plot shows the mean error of each way.

# %%
set_seed(0)
anything = torch.rand(100_000) * 100
pixels = torch.from_numpy(data.train.images[:500]).float()
pairs = (pixels[:, :, 0::2] + pixels[:, :, 1::2]) / 2
ways = {
    "cut off": torch.trunc,
    "half goes up": lambda x: torch.floor(x + 0.5),
    "half goes to even": torch.round,
}
series = {
    "any values": [float((way(anything) - anything).mean()) for way in ways.values()],
    "means of two pixels": [float((way(pairs) - pairs).double().mean()) for way in ways.values()],
}
fig, ax = plot.figure(height=2.6)
shown = {name: [round(v, 2) + 0.0 for v in values] for name, values in series.items()}  # no -0.00
plot.grouped_bars(ax, list(ways), shown, label="{:.2f}")
ax.axvline(0, color="black", linewidth=1)
ax.set(title="Three ways to round", xlabel="mean error (steps)", xlim=(-0.6, 0.25))
ax.legend(loc="lower left")
plot.show(fig, alt="Bars of the mean error for three ways to round and two kinds of values.")
halves = torch.tensor([0.5, 1.5, 2.5, 3.5])
print(halves.tolist(), "become", torch.round(halves).tolist())
assert abs(series["means of two pixels"][2]) < 0.01 < series["means of two pixels"][1]

# %% [markdown]
# Cutting off makes values smaller by half a step on average. One such error is small, but a layer adds up hundreds, all in the same direction. Rounding
# half up errs in one direction too, if there are ties. `torch.round` sends ties to the **even** neighbour, sometimes up and sometimes down: 2.5 becomes 2, and 3.5
# becomes 4. That is fair as long as even and odd neighbours turn up about equally often.
#
# ## 3 · What the levels can be trusted to do
#
# Random tensors, scales and zero points. We test the bound of half a step; that a larger value never comes back smaller (monotonic); that a second round trip
# changes nothing (idempotent); and that 0 stays exactly 0.

# %%
set_seed(1)
for trial in range(1000):
    bits = 2 + trial % 7
    low, high = code_range(bits)
    scale = torch.rand(()) + 0.01
    zero_point = int(torch.randint(low, high + 1, ()))
    x = torch.randn(500).sort().values * scale * 2**bits
    back = fake_quantize(x, scale, zero_point, bits)

    inside = (x >= scale * (low - zero_point)) & (x <= scale * (high - zero_point))
    # Products of float32 numbers are rounded too: a few parts in 2**24 of the value.
    slack = 4 * x.abs() * torch.finfo(torch.float32).eps
    assert ((back - x).abs() <= scale / 2 + slack)[inside].all()
    assert (back.diff() >= 0).all()
    assert torch.equal(fake_quantize(back, scale, zero_point, bits), back)
    assert fake_quantize(torch.zeros(1), scale, zero_point, bits) == 0
print("bound, monotonic, idempotent, exact zero: 1,000 of 1,000")

# %% [markdown]
# ## 4 · PyTorch, to the last bit
#
# Lesson 02's `fake_quantize` equals PyTorch's. The one above divides by the scale instead. Half of these test numbers are ties, up to float32
# rounding. Of a million, how many come back different?

# %%
set_seed(2)
cases = []
for trial in range(100):
    bits = 2 + trial % 7
    low, high = code_range(bits)
    scale = torch.rand(()) * 0.1 + 0.001
    zero_point = int(torch.randint(low, high + 1, ()))
    ties = (torch.randint(2 * low, 2 * high, (5000,)) + 0.5) * scale
    cases.append((torch.cat([ties, torch.randn(5000)]), scale, zero_point, bits))


def differences(ours: Callable[..., torch.Tensor]) -> int:
    """In how many of the numbers of all cases `ours` and PyTorch differ."""
    count = 0
    for x, scale, zero_point, bits in cases:
        theirs = torch.fake_quantize_per_tensor_affine(
            x, scale.item(), zero_point, *code_range(bits)
        )
        count += int((ours(x, scale, zero_point, bits) != theirs).sum())
    return count


total = sum(len(x) for x, *_ in cases)
by_division = differences(fake_quantize)
print(f"by division {by_division:,} of {total:,} differ")

# %% [markdown]
# [PyTorch's documentation](https://docs.pytorch.org/docs/stable/generated/torch.fake_quantize_per_tensor_affine.html) gives our formula,
# `input / scale`. But the library divides *once*: it computes $1/s$ as a float32 and multiplies by that. The two results may differ in their last bit, and at a tie the last
# bit decides.


# %%
def fake_quantize(
    values: torch.Tensor, scale: torch.Tensor, zero_point: int, bits: int
) -> torch.Tensor:
    """Quantize and dequantize in one go, with the arithmetic of PyTorch."""
    low, high = code_range(bits)
    codes = (torch.round(values * (1 / scale)) + zero_point).clamp(low, high)
    return (codes - zero_point) * scale


for x, scale, *_ in cases:
    odd = torch.round(x / scale) != torch.round(x * (1 / scale))
    if odd.any():
        break
value = x[odd][0]
print(f"scale {scale:.9f}: {value:.9f} is {value / scale:.7f} or {value * (1 / scale):.7f} steps")
print(f"by division {by_division:,} of {total:,} differ, with the reciprocal", end=" ")
print(differences(fake_quantize))
assert 0 < by_division < total / 10
assert differences(fake_quantize) == 0

# %% [markdown]
# None differ. Neither way is more right: both land within half a step. Remember it when you compare two implementations. “One step off, now and then” is often no bug but a tie.
#
# Next the observer.

# %%
set_seed(3)
for _ in range(200):
    x = torch.randn(100) * torch.rand(()) * 5 + torch.randn(())
    bits = int(torch.randint(2, 9, ()))
    low, high = code_range(bits)
    observer = MinMaxObserver(dtype=torch.qint8, quant_min=low, quant_max=high)
    observer(x)
    theirs = observer.calculate_qparams()
    ours = choose_scale(x, bits)
    assert ours[0] == theirs[0]  # the scale, bit for bit
    assert ours[1] == theirs[1]  # the zero point
print("asymmetric: scale and zero point agree, 200 of 200")

tiny = torch.tensor([-1e-5, 5e-6])
observer = MinMaxObserver(dtype=torch.qint8, quant_min=-128, quant_max=127)
observer(tiny)
theirs = observer.calculate_qparams()[0].item()
print(f"small values: our scale {choose_scale(tiny, 8)[0]:.2g}, theirs {theirs:.2g}")
assert theirs == torch.finfo(torch.float32).eps

# %%
observer = MinMaxObserver(dtype=torch.qint8, qscheme=torch.per_tensor_symmetric)
x = torch.tensor([-1.0, 0.25, 1.0])
observer(x)
their_scale, _ = observer.calculate_qparams()
print(
    f"symmetric: ours is 1/{1 / symmetric_scale(x, 8)[0]:.1f}, PyTorch's is 1/{1 / their_scale.item():.1f}"
)
assert math.isclose(their_scale.item(), 1 / 127.5, rel_tol=1e-6)

# %% [markdown]
# **Small values**: PyTorch's observers never choose a scale below `eps`, 1.19e-7. A tensor with a narrower range does not use all its codes.
#
# **Symmetric**: 127.5 is half of all 255 gaps. PyTorch's symmetric range ends, on the positive side, a little below the largest value (at 127/127.5 of it), and uses
# the code −128. Ours leaves −128 idle. At 8 bits nobody notices. At 2 bits that is one code in four.
#
# ## 5 · What goes wrong in silence
#
# Real tensors hold a NaN now and then, or an infinity, or only zeros. What does PyTorch's `fake_quantize` make of them, at scale 0.1 in int8?

# %% tags=["nbval-ignore-output"]
broken = torch.tensor([math.nan, math.inf, 1.0])
silent = torch.fake_quantize_per_tensor_affine(broken, 0.1, 0, -128, 127)
print("fake_quantize:", broken.tolist(), "->", [round(v, 2) for v in silent.tolist()])
assert silent.isfinite().all()

observer = MinMaxObserver(dtype=torch.qint8, quant_min=-128, quant_max=127)
observer(broken[1:])
print("an observer that saw one infinity has the scale", observer.calculate_qparams()[0].item())
largest = torch.finfo(torch.float32).max
for x in (torch.zeros(3), torch.tensor([-largest, 0.0, largest]), torch.tensor([-1e-40, 0.0])):
    scale = (x.max() - x.min()) / 255
    print(f"{x.tolist()} has the scale {scale:.2g}:", fake_quantize(x, scale, 0, 8).tolist())

# %% [markdown]
# A NaN became an ordinary number, without a word: a check for NaN, to find a broken layer, finds nothing now. (Which number may depend on the processor.) One infinity makes the scale infinite. If all values
# are 0, so is the scale, and what comes back is NaN. Finite values can fail as well: the width from
# −3.4e38 to 3.4e38 is no float32 any more, and at a very small scale $1/s$ is infinite.
#
# A quantizer you can trust refuses what is not finite, computes the width in Python's floats (float64), and never
# lets the scale fall below the smallest normal float32, `tiny`. PyTorch's `eps` of part 4 is such a floor, too. The
# final version:


# %%
def safe_scale(values: torch.Tensor, bits: int) -> tuple[torch.Tensor, int]:
    """Scale and zero point for any finite float32 values, and from 2 to 16 bits.

    Raises ValueError for NaN, for infinities, and for no values at all.
    """
    if values.numel() == 0 or not values.isfinite().all():
        raise ValueError("a range needs at least one value, and finite ones only")
    low, high = code_range(bits)
    bottom, top = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    scale = max((top - bottom) / (high - low), torch.finfo(torch.float32).tiny)
    return torch.tensor(scale), low - round(bottom / scale)


def safe_round_trip(values: torch.Tensor, bits: int) -> torch.Tensor:
    """What comes back. The outermost points can lie beyond float32: they become its ends."""
    return fake_quantize(values, *safe_scale(values, bits), bits).clamp(-largest, largest)


# %%
zeros = torch.zeros(3)
unusual = {"zeros": zeros, "a constant": torch.full((3,), 3.0)}
unusual["negative"] = -torch.tensor([0.0, 0.1, 0.9, 2.2, 3.0])
unusual["the largest"] = torch.tensor([-largest, 0.0, largest])
unusual["denormal"] = torch.tensor([-1e-45, 0.0, 1e-40])
for name, x in unusual.items():
    scale, zero_point = safe_scale(x, 8)
    shown = [float(f"{v:.3g}") for v in safe_round_trip(x, 8).tolist()]
    print(f"{name:11} scale {scale:.3g}, zero point {zero_point:4}, back {shown}")

set_seed(5)
for trial in range(1000):
    size = 2.0 ** float(torch.randint(-149, 128, ()))
    x = torch.cat([(torch.rand(50) * 2 - 1) * size, zeros[:1]])
    bits = (2, 3, 4, 8, 12, 16)[trial % 6]
    scale, _ = safe_scale(x, bits)
    back = safe_round_trip(x, bits)
    slack = 4 * x.abs().double() * torch.finfo(torch.float32).eps
    assert ((back.double() - x.double()).abs() <= float(scale) / 2 + slack).all() and back[-1] == 0
print("half a step and exact zero, at sizes from 1e-45 to 1e38: 1,000 of 1,000")

# %%
for x in (broken, torch.zeros(0)):
    try:
        safe_scale(x, 8)
        refused = False
    except ValueError:
        refused = True
    assert refused
