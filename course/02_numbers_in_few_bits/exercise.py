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
# # 02 · Numbers in few bits: exercise
#
# Nine items, 22 points, about 90 minutes. Everything you need stands in
# [the lesson](../../notebooks/02_numbers_in_few_bits.ipynb); each item says where.
#
# - Write your answer in place of `raise NotImplementedError()`. Keep the names that the item asks for; all
#   other names are yours.
# - Run the tests under each item. They show a part of what is checked. The rest is checked on inputs that
#   you have not seen, so solve the task and not the example. Of a
#   decision (a name, a list of findings) they check the form; whether it is right comes with your mark.
# - The items do not need each other. If one resists, go on.
# - Everywhere, $b$ bits hold the codes from $-2^{b-1}$ to $2^{b-1}-1$. `values` is a float32 tensor of any
#   shape; it is never changed. A scale is a Python `float` above 0, a zero point an `int`.

# %% given=true
import math

import torch

from coursekit import explain

# %% [markdown]
# ## 1 · There and back (3 points)
#
# Write two functions.
#
# `quantize(values, scale, zero_point, bits)` returns the codes, a `torch.int32` tensor of the shape of
# `values`: count the steps, round (a half goes to the even neighbour), add the zero point, clip. `bits` is an
# `int` from 1 to 16. A NaN or an infinity among the values raises `ValueError`.
#
# `dequantize(codes, scale, zero_point)` returns the float32 tensor that such codes stand for.
#
# Example: `0.1234` at scale 0.01, zero point 0 and 8 bits is 12, and comes back as 0.12. With zero point -3 and 3
# bits, the values `[-0.5, 0.0, 0.9, 9.0]` have at scale 0.5 the codes `[-4, -3, -1, 3]`.
#
# *Lesson: parts 2, 3 and 5.*


# %% item="there" answers=["quantize", "dequantize"]
### BEGIN SOLUTION
def quantize(values, scale, zero_point, bits):
    if not values.isfinite().all():
        raise ValueError("can't quantize NaN or infinity")
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    codes = torch.round(values / scale) + zero_point
    return codes.clamp(low, high).to(torch.int32)


def dequantize(codes, scale, zero_point):
    return (codes - zero_point).float() * scale


### END SOLUTION

# %% test="there" points=1
torch.manual_seed(7)  # what is random below is the same each time
codes = quantize(torch.tensor([-0.5, 0.0, 0.9, 9.0]), 0.5, -3, 3)
assert codes.dtype == torch.int32, f"the codes should be torch.int32, not {codes.dtype}"
assert codes.tolist() == [-4, -3, -1, 3], (
    f"expected [-4, -3, -1, 3], but got {codes.tolist()} (lesson, part 3)"
)
back = dequantize(torch.tensor([12], dtype=torch.int32), 0.01, 0)
assert abs(back.item() - 0.12) < 1e-6, f"code 12 at scale 0.01 is 0.12, not {back.item()}"
### BEGIN HIDDEN TESTS
for bits, scale, zero_point in ((8, 0.03, -17), (4, 0.7, 2), (6, 0.002, 0), (5, 12.0, -16)):
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    wanted = torch.randint(low, high + 1, (6, 20))
    exact = (wanted - zero_point) * scale
    near = exact + (torch.rand(6, 20) - 0.5) * 0.8 * scale  # well away from ties
    codes = quantize(near.float(), scale, zero_point, bits)
    assert codes.shape == (6, 20), "Does the result have the shape of the values?"
    off = (codes - wanted).double().mean()
    assert not off < -0.3, "The codes are too small on average. How do you round?"
    assert torch.equal(codes.long(), wanted), (
        "Some codes are off. Does each value go to the nearest point?"
    )
    back = dequantize(wanted.to(torch.int32), scale, zero_point)
    assert back.dtype == torch.float32, "Which type do values have that come back?"
    assert torch.allclose(back.double(), exact.double(), rtol=1e-5, atol=1e-6 * scale), (
        "What a code stands for is off. Which code stands for 0?"
    )
### END HIDDEN TESTS

# %% test="there" points=1
torch.manual_seed(7)  # what is random below is the same each time
codes = quantize(torch.tensor([1.5, -1.5, 300.0]), 0.01, 0, 8)
assert codes.tolist() == [127, -128, 127], f"too large for 8 bits: clip; but got {codes.tolist()}"
### BEGIN HIDDEN TESTS
for bits in range(1, 17):
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    values = torch.cat([torch.randn(200) * 2.0**bits, torch.tensor([-7e4, 7e4, -1e30, 1e30])])
    zero_point = int(torch.randint(low, high + 1, ()))
    codes = quantize(values, 0.5, zero_point, bits)
    assert bits != 1 or set(codes.tolist()) == {-1, 0}, "Which two codes are there with 1 bit?"
    assert codes.min() >= low and codes.max() <= high, (
        "A code lies outside of what the bits can hold. What is the lowest code, and the highest?"
    )
    assert codes[-1] == high and codes[-2] == low, (
        "A very large value should get the last code. Try one far outside, and look at its sign."
    )
    assert (codes[values.argsort()].diff() >= 0).all(), (
        "A larger value has got a smaller code. What is clipped: the steps, or the code?"
    )
    inside = (values / 0.5 + zero_point >= low) & (values / 0.5 + zero_point <= high)
    back = dequantize(codes, 0.5, zero_point)
    assert ((back - values).abs() <= 0.25)[inside].all(), (
        "Inside the range no error may be larger than half a step."
    )
    again = quantize(back, 0.5, zero_point, bits)
    assert torch.equal(again, codes), "Quantizing what came back should change nothing."
    zero = dequantize(quantize(torch.zeros(1), 0.5, zero_point, bits), 0.5, zero_point)
    assert zero.item() == 0, "Quantize and dequantize 0.0. What came back?"
### END HIDDEN TESTS

# %% test="there" points=1
torch.manual_seed(7)  # what is random below is the same each time
codes = quantize(torch.tensor([0.5, 1.5, 2.5, -0.5]), 1.0, 0, 8)
assert codes.tolist() == [0, 2, 2, 0], (
    f"a half goes to the even neighbour: [0, 2, 2, 0], not {codes.tolist()} (lesson, part 2)"
)
### BEGIN HIDDEN TESTS
ties = torch.arange(-20.0, 20.0) + 0.5
assert (quantize(ties * 0.25, 0.25, 3, 8) - 3).remainder(2).sum() == 0, (
    "Halves should go to an even number of steps, and the zero point be added then."
)
assert quantize(torch.zeros(0, 3), 0.1, 0, 4).shape == (0, 3), "What are the codes of no values?"
assert dequantize(torch.zeros(0, dtype=torch.int32), 0.1, 0).numel() == 0, (
    "What comes back for no codes at all?"
)
assert quantize(torch.tensor(0.3), 0.1, 1, 4).item() == 4, "Does it work for a single number?"
values = torch.randn(5, 4).t()
kept = values.clone()
codes = quantize(values, 0.1, 0, 8)
assert torch.equal(values, kept), "The values themselves have changed."
try:
    large = quantize(torch.full((2,), 3e38), 3e37, 0, 8).tolist()
except ValueError:
    large = "ValueError"
assert large == [10, 10], (
    "Values near the largest float32 are finite, though their sum is not. Look at each of them."
)
for bad in (math.nan, math.inf, -math.inf):
    try:
        quantize(torch.tensor([[0.0, 1.0], [bad, 2.0]]), 0.1, 0, 8)
        outcome = "no error"
    except ValueError:
        outcome = "ValueError"
    except Exception:
        outcome = "another error"
    assert outcome != "no error", "What should happen to a NaN, and what to an infinity?"
    assert outcome == "ValueError", "What kind of error does the prompt ask for?"
### END HIDDEN TESTS

# %% [markdown]
# ## 2 · Scale and zero point (3 points)
#
# Write `choose_scale(values, bits)` for asymmetric quantization. It returns a tuple `(scale, zero_point)`, a `float`
# and an `int`:
#
# - the range goes from the smallest to the largest value, **stretched to contain 0** if it does not;
# - the first of the $2^b$ points lies at one end of the range and the last at the other, before the zero point is
#   rounded to an integer;
# - if all values are 0, return `(1.0, 0)`;
# - no values at all, a NaN or an infinity raise `ValueError`.
#
# `bits` is an `int` from 1 to 16. Values may be as large as float32 allows, and as small as $10^{-34}$:
# `float(values.min())` is a Python float, which reaches further.
#
# Example: the values `[-0.5, 1.0, 3.0]` with 3 bits have the scale 0.5 and the zero point -3.
#
# *Lesson: parts 3 and 5.*


# %% item="range" answers=["choose_scale"]
### BEGIN SOLUTION
def choose_scale(values, bits):
    if values.numel() == 0 or not values.isfinite().all():
        raise ValueError("a range needs finite values, and at least one")
    bottom = min(float(values.min()), 0.0)  # Python's floats reach further than float32
    top = max(float(values.max()), 0.0)
    if bottom == top:
        return 1.0, 0
    scale = (top - bottom) / (2**bits - 1)
    return scale, -(2 ** (bits - 1)) - round(bottom / scale)


### END SOLUTION

# %% test="range" points=1
torch.manual_seed(7)  # what is random below is the same each time
scale, zero_point = choose_scale(torch.tensor([-0.5, 1.0, 3.0]), 3)
assert isinstance(scale, float), f"the scale should be a float, not {type(scale).__name__}"
assert isinstance(zero_point, int), f"the zero point: an int, not {type(zero_point).__name__}"
assert abs(scale - 0.5) < 1e-6, f"expected the scale 0.5, but got {scale}: " + explain(
    scale, {3.5 / 8: "how many gaps lie between 8 points?"}, "see the lesson, part 3"
)
assert zero_point == -3, f"expected the zero point -3, but got {zero_point} (lesson, part 3)"
### BEGIN HIDDEN TESTS
for bits in (8, 2, 4, 1, 5, 16):
    values = torch.randn(4, 30) * 3 + torch.randn(())
    bottom, top = float(values.min()), float(values.max())
    width, low = top - bottom, -(2 ** (bits - 1))
    scale, zero_point = choose_scale(values, bits)
    assert abs(scale - width / (2**bits - 1)) <= 1e-5 * scale, explain(
        scale,
        {
            width / 2**bits: "How many gaps are between 2**b points?",
            width / 255: "Is the scale right for every number of bits?",
            max(top, -bottom) / max(1, 2 ** (bits - 1) - 1): "Is that the symmetric scale?",
            width / max(1, 2**bits - 2): "How many points are there, and how many gaps?",
        },
        "How far is it from the first point to the last, and how many steps are that?",
    )
    exact = low - bottom / scale  # before rounding
    assert abs(zero_point - exact) <= 0.501, explain(
        zero_point,
        {
            0: "Which code does the smallest value get with your zero point?",
            round(-bottom / scale): "Which is the lowest code? Here they are signed.",
            math.floor(exact): "Is the zero point rounded, or cut off?",
            math.ceil(exact): "Is the zero point rounded, or cut off?",
        },
        "Which code stands for 0, if the smallest value gets the lowest code?",
    )
### END HIDDEN TESTS

# %% test="range" points=1
torch.manual_seed(7)  # what is random below is the same each time
scale, zero_point = choose_scale(torch.tensor([2.0, 7.0]), 3)
assert abs(scale - 1.0) < 1e-6, f"expected the scale 1.0 for [2, 7], but got {scale}: " + explain(
    scale,
    {5 / 7: "the range must contain 0", 7 / 8: "how many gaps lie between 8 points?"},
    "see the rules above",
)
### BEGIN HIDDEN TESTS
for bits in (1, 2, 4, 8):
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    for values, zero in (
        (torch.rand(50) + 0.5, low),
        (-torch.rand(50) - 0.5, high),
        (torch.full((3,), 4.0), low),
        (torch.full((3,), -4.0), high),
        (torch.tensor(0.25), low),
        (torch.relu(torch.randn(60)), low),
    ):
        scale, zero_point = choose_scale(values, bits)
        assert zero_point == zero, (
            "Quantize and dequantize 0.0. What comes back if all values lie on one side of 0?"
        )
        reach = float(values.abs().max())
        assert abs(scale * (2**bits - 1) - reach) <= 1e-5 * reach, (
            "For values on one side of 0, from where to where should the points go?"
        )
### END HIDDEN TESTS

# %% test="range" points=1
torch.manual_seed(7)  # what is random below is the same each time
assert choose_scale(torch.zeros(4), 8) == (1.0, 0), "for zeros only: (1.0, 0)"
### BEGIN HIDDEN TESTS
assert choose_scale(torch.zeros(2, 2), 1) == (1.0, 0), "And for zeros only, with another shape?"
largest = torch.finfo(torch.float32).max
for bits in (2, 8):
    scale, zero_point = choose_scale(torch.tensor([-largest, 0.0, largest]), bits)
    assert scale < 1e39, "Is the width of the range still a number, for the largest float32?"
    assert abs(scale / (2 * largest / (2**bits - 1)) - 1) < 1e-5, (
        "What is the width of the range, for the largest float32?"
    )
try:
    choose_scale(torch.tensor([0.0, largest, largest]), 8)
    outcome = "no error"
except ValueError:
    outcome = "ValueError"
assert outcome == "no error", (
    "Values near the largest float32 are finite, though their sum is not. Look at each of them."
)
for size in (1e-7, 2.0**-60, 1e-34):
    scale, zero_point = choose_scale(torch.tensor([-size, 0.0, 2 * size]), 4)
    assert 0.05 * size < scale < size, (
        "Small values that are not 0 are a range like any other. What is its scale?"
    )
values = torch.randn(6, 3)
kept = values.clone()
choose_scale(values, 4)
assert torch.equal(values, kept), "The values themselves have changed."
for bad in (
    torch.zeros(0),
    *(torch.tensor([1.0, x, -2.0]) for x in (math.nan, math.inf, -math.inf)),
):
    try:
        choose_scale(bad, 8)
        outcome = "no error"
    except ValueError:
        outcome = "ValueError"
    except Exception:
        outcome = "another error"
    assert outcome != "no error", "What should happen for a NaN, an infinity, or no values?"
    assert outcome == "ValueError", "What kind of error does the prompt ask for?"
### END HIDDEN TESTS

# %% [markdown]
# ## 3 · Signal and noise (2 points)
#
# Write `sqnr(values, back)`: the signal to quantization noise ratio in decibels, a `float`, for two tensors of the
# same shape. If `values` is empty or holds only zeros there is no signal, and it raises `ValueError`, whatever came back.
# Otherwise, if every value came back just as it was, it is `math.inf`. Values may be as large as float32 allows, and as small as $10^{-30}$.
#
# Example: for the values `[3., 4.]` that came back as `[3., 5.]` it is $10 \log_{10}(25/1) = 13.98$ dB.
#
# *Lesson: part 3.*


# %% item="sqnr" answers=["sqnr"]
### BEGIN SOLUTION
def sqnr(values, back):
    signal = float(values.double().square().sum())
    noise = float((values.double() - back.double()).square().sum())
    if signal == 0:
        raise ValueError("there is no signal")
    if noise == 0:
        return math.inf
    return 10 * math.log10(signal / noise)


### END SOLUTION

# %% test="sqnr" points=1
torch.manual_seed(7)  # what is random below is the same each time
result = sqnr(torch.tensor([3.0, 4.0]), torch.tensor([3.0, 5.0]))
assert isinstance(result, float), f"expected a float, but got {type(result).__name__}"
assert abs(result - 13.979) < 0.01, f"expected 13.98 dB, but got {result:.2f} (lesson, part 3)"
### BEGIN HIDDEN TESTS
for noise in (0.3, 0.01, 2.0):
    values = torch.randn(7, 40) * 5 + 3
    error = torch.randn(7, 40) * noise
    signal_square = float(values.double().square().sum())
    error = (values + error) - values  # what float32 makes of it
    noise_square = float(error.double().square().sum())
    wanted = 10 * math.log10(signal_square / noise_square)
    result = sqnr(values, values + error)
    variance = float((values - values.mean()).double().square().sum())
    assert abs(result - wanted) < 0.01, explain(
        round(result, 3),
        {
            round(-wanted, 3): "Is a good quantizer's SQNR high or low?",
            round(2 * wanted, 3): "Are the values squared already? Then is it 10, or 20?",
            round(wanted / 2, 3): "What are the values in a ratio of powers?",
            round(wanted * math.log(10), 3): "Which logarithm is it?",
            round(10 * math.log10(variance / noise_square), 3): "Does a signal need a mean of 0?",
        },
        "Sum the squares of the values, and the squares of the errors. What is their ratio in dB?",
    )
### END HIDDEN TESTS

# %% test="sqnr" points=1
torch.manual_seed(7)  # what is random below is the same each time
assert sqnr(torch.ones(3), torch.ones(3)) == math.inf, "no error at all: math.inf"
### BEGIN HIDDEN TESTS
values, error = torch.randn(100), torch.rand(100) * 0.02
first = sqnr(values, values + error)
assert abs(sqnr(1024 * values, 1024 * (values + error)) - first) < 0.01, (
    "Multiplying everything by a number should change nothing."
)
assert abs(sqnr(values, values + error / 2) - first - 6.02) < 0.05, (
    "How many dB does half of the error gain?"
)
assert abs(sqnr(values, torch.zeros(100))) < 0.001, (
    "What is it if the error is as large as the signal?"
)
assert abs(sqnr(values, -values) + 6.0206) < 0.001, "Can it be negative? Try the wrong sign."
huge = torch.tensor([1e30, -3e30])
assert abs(sqnr(huge, huge * 1.125) - 18.0618) < 0.01, (
    "What is the square of a very large float32? Is there a type that holds it?"
)
far = torch.tensor([3e38])
assert abs(sqnr(far, -far) + 6.0206) < 0.001, "In which type is the difference of huge values?"
try:
    small = sqnr(values * 2.0**-96, (values + error) * 2.0**-96)
except ValueError:
    small = math.nan
assert abs(small - first) < 0.01, (
    "Multiplying everything by a small number should change nothing either."
)
nearly = torch.tensor([1.0, 1.0 + 2.0**-23])
assert 130 < sqnr(torch.ones(2), nearly) < 150, (
    "One value differs, in its last bit. Are they equal?"
)
assert abs(sqnr(torch.tensor([0.0, 1.0]), torch.tensor([0.1, 1.0])) - 20) < 0.01, (
    "Does it work if one of the values is 0?"
)
for bad in (torch.zeros(0), torch.zeros(3)):
    for back in (bad, bad + 1):
        try:
            sqnr(bad, back)
            outcome = "no error"
        except ValueError:
            outcome = "ValueError"
        except Exception:
            outcome = "another error"
        assert outcome != "no error", "What should happen if there is no signal?"
        assert outcome == "ValueError", "What kind of error does the prompt ask for?"
### END HIDDEN TESTS

# %% [markdown]
# ## 4 · How large can the error be? (2 points)
#
# Write `error_bound(values, scale, zero_point, bits)`. Without quantizing anything, it tells for each value how large
# its error can be at most, as a float32 tensor of the same shape:
#
# - for a value from the first point of the range to the last, half a step;
# - for a value outside, its distance to the nearest point of the range. (That is its error, then.)
#
# Example: 2 bits, scale 1.0 and zero point 0 have the points -2, -1, 0 and 1. The values `[0.3, 1.0, 1.2, 6.0, -5.0]`
# have the bounds `[0.5, 0.5, 0.2, 5.0, 3.0]`.
#
# *Lesson: part 4.*


# %% item="bound" answers=["error_bound"]
### BEGIN SOLUTION
def error_bound(values, scale, zero_point, bits):
    first = scale * (-(2 ** (bits - 1)) - zero_point)
    last = scale * (2 ** (bits - 1) - 1 - zero_point)
    outside = torch.maximum(values - last, first - values)
    return torch.where(outside > 0, outside, scale / 2)


### END SOLUTION

# %% test="bound" points=1
torch.manual_seed(7)  # what is random below is the same each time
bound = error_bound(torch.tensor([0.3, 1.0, 1.2, 6.0, -5.0]), 1.0, 0, 2)
assert bound.shape == (5,), f"one bound for each value, but the shape is {tuple(bound.shape)}"
assert bound.dtype == torch.float32, f"the bounds should be float32, not {bound.dtype}"
assert torch.allclose(bound, torch.tensor([0.5, 0.5, 0.2, 5.0, 3.0])), (
    f"expected [0.5, 0.5, 0.2, 5.0, 3.0], but got {[round(x, 3) for x in bound.tolist()]}. "
    "The last point is 1. What is the error of 1.2, exactly?"
)
### BEGIN HIDDEN TESTS
for bits in (1, 2, 4, 7):
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    inside = (torch.rand(5, 60) * (high - low) + low) * 0.998 + 0.001 * (high + low)
    bound = error_bound(inside * 0.3, 0.3, 0, bits)
    assert bound.shape == (5, 60), "Does the result have the shape of the values?"
    assert bound.max() <= 0.1501, (
        "Inside the range, how far can a value be from the nearest point? Where does the range end?"
    )
    assert torch.allclose(bound, torch.full((5, 60), 0.15)), (
        "Is it the error itself? The task asks how large it *can* be."
    )
### END HIDDEN TESTS

# %% test="bound" points=1
torch.manual_seed(7)  # what is random below is the same each time
bound = error_bound(torch.tensor([5.5, 20.0]), 2.0, -2, 2)
assert torch.allclose(bound, torch.tensor([1.0, 14.0])), (
    f"points 0, 2, 4 and 6: expected [1, 14], but got {bound.tolist()}"
)
### BEGIN HIDDEN TESTS
for bits in (1, 3, 5, 8, 12):
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    scale = 0.25 * bits
    for zero_point in sorted({low, 0, high}):
        first, last = scale * (low - zero_point), scale * (high - zero_point)
        values = torch.cat([torch.randn(300) * scale * 2**bits, torch.tensor([first, last])])
        kept = values.clone()
        bound = error_bound(values, scale, zero_point, bits)
        assert torch.equal(values, kept), "The values themselves have changed."
        nearest = values.clamp(first, last)
        out = nearest != values
        assert torch.allclose(bound[out], (values - nearest).abs()[out], rtol=1e-4, atol=1e-5), (
            "Where does the error stop being a saw-tooth? Look at clipped values, on both sides."
        )
        assert torch.allclose(bound[~out], torch.tensor(scale / 2)), (
            "Where do the points begin and end, if the zero point is not 0?"
        )
assert error_bound(torch.zeros(0, 2), 0.1, 0, 4).shape == (0, 2), (
    "What are the bounds of no values?"
)
### END HIDDEN TESTS

# %% [markdown]
# ## 5 · Find the bugs (3 points)
#
# A colleague has written a round trip: it chooses a range, quantizes, and dequantizes. “Nearly right,” he says. “The
# pictures look fine.” But at 8 bits a few bright pixels come back black, other bright ones get a little
# darker and dark ones a little brighter, and in tensors with negative values what was 0 is not quite 0 any more.
#
# ```python
# def round_trip(values, bits):
#     low, high = -2 ** (bits - 1), 2 ** (bits - 1) - 1
#     scale = (values.max() - values.min()) / 2 ** bits
#     zero_point = low - values.min() / scale
#     codes = (values / scale + zero_point).to(torch.int8)
#     codes = codes.clamp(low, high)
#     return (codes - zero_point) * scale
# ```
#
# Find the bugs (there are more than three) and write it so that, for any finite `values`, at least one, whose
# range float32 can express and is 0 or above $10^{-30}$, and `bits` from 2 to 8:
#
# - no error is larger than half a step, where a step is the width of the range divided by the number of gaps (the range
#   is that of the values, stretched to contain 0 if need be; a hair more for float32 is fine);
# - the points lie one step apart, and 0 is one of them, also if no value is 0; so a 0 comes back as exactly 0;
# - a larger value never comes back smaller, and all zeros come back as zeros.
#
# *Lesson: parts 2, 3 and 5.*


# %% item="trip" answers=["round_trip"]
### BEGIN SOLUTION
def round_trip(values, bits):
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    bottom, top = values.min().clamp(max=0), values.max().clamp(min=0)
    if bottom == top:
        return torch.zeros_like(values)
    scale = (top - bottom) / (high - low)
    zero_point = low - torch.round(bottom / scale)
    codes = (torch.round(values / scale) + zero_point).clamp(low, high)
    return (codes - zero_point) * scale


### END SOLUTION

# %% test="trip" points=1
torch.manual_seed(7)  # what is random below is the same each time
values = torch.linspace(-1, 2, 301)
back = round_trip(values, 4)
assert back.shape == values.shape, f"the shape is {tuple(back.shape)}, expected (301,)"
worst = float((back - torch.linspace(-1, 2, 301)).abs().max())
assert len(back.unique()) <= 16, f"4 bits have 16 points, but {len(back.unique())} values came back"
assert worst <= 0.1001, f"a step is 3/15 = 0.2, so no error is above 0.1; but one is {worst:.3f}"
### BEGIN HIDDEN TESTS
for bits in range(2, 9):
    for spread in (1.0, 1e-3, 500.0, 2.0**-60):
        for top in (2.0, 1.0):  # from -1 to 1 both ends lie just between two points
            # As wide as it gets, so that both ends are there; no value on one side only.
            values = torch.cat([torch.rand(400) * (top + 1) - 1, torch.tensor([-1.0, top])])
            values *= spread
            back = round_trip(values.clone(), bits)
            error = (back - values) / ((top + 1) * spread / (2**bits - 1))  # in steps
            assert error.abs().max() < 2, (
                "A value has come back far away. Which codes can the type hold, and when do you clip?"
            )
            assert len(back.unique()) <= 2**bits, "Are there more points than the bits allow?"
            assert abs(float(error.mean())) < 0.2, (
                "The mean error is not near 0. Does every value go to its *nearest* point?"
            )
            assert error.abs().max() <= 0.501, (
                "An error is larger than half a step. How many gaps are between 2**b points?"
            )
### END HIDDEN TESTS

# %% test="trip" points=1
torch.manual_seed(7)  # what is random below is the same each time
back = round_trip(torch.tensor([-1.0, 0.0, 0.7]), 3)
assert back[1].item() == 0, (
    f"0 should come back as exactly 0, not {back[1].item()} (lesson, part 3)"
)
### BEGIN HIDDEN TESTS
for bits in range(2, 9):
    for shift in (0.37, -0.61, 3.3, -2.9):
        some = torch.rand(50) + shift
        values = torch.where(torch.rand(50) < 0.4, 0.0, some)
        back = round_trip(values, bits)
        assert (back[values == 0] == 0).all(), (
            "Quantize and dequantize 0.0 among other values. What came back? Is there a point for it?"
        )
        step = (max(float(values.max()), 0) - min(float(values.min()), 0)) / (2**bits - 1)
        assert (back - values).abs().max() <= 0.501 * step, (
            "0 is exact, but another error is too large. Which range must the points cover?"
        )
        back = round_trip(some, bits)
        step = (max(float(some.max()), 0) - min(float(some.min()), 0)) / (2**bits - 1)
        places = back / step
        assert (places - places.round()).abs().max() < 0.02, (
            "Without a 0 among the values, is 0 still one of the points?"
        )
### END HIDDEN TESTS

# %% test="trip" points=1
torch.manual_seed(7)  # what is random below is the same each time
back = round_trip(torch.zeros(3), 8).tolist()
assert back == [0, 0, 0], f"zeros come back as zeros, but {back} came back. What is 0 / 0?"
back = round_trip(torch.tensor([2.0, 6.0]), 3).tolist()
assert abs(back[0] - 12 / 7) < 1e-4 and abs(back[1] - 6) < 1e-4, (
    f"[2, 6]: 0 must be one of the points, so a step is 6/7 and [1.714, 6] comes back, not {back}"
)
### BEGIN HIDDEN TESTS
for bits in range(2, 9):
    values = (torch.randn(2, 100) * 10).flatten().sort().values.reshape(2, 100)
    kept = values.clone()
    back = round_trip(values, bits)
    assert torch.equal(values, kept), "The values themselves have changed."
    assert back.shape == (2, 100), "Does the result have the shape of the values?"
    assert (back.flatten().diff() >= 0).all(), (
        "A larger value has come back smaller. What happens to a code that the type can't hold?"
    )
    assert len(back.unique()) <= 2**bits, "Are there more points than the bits allow?"
    assert torch.allclose(round_trip(back, bits), back, rtol=1e-4, atol=1e-5), (
        "A second round trip should change nothing."
    )
    for number in (4.0, -0.3):
        back = round_trip(torch.full((3,), number), bits)
        assert ((back - number).abs() <= 1e-5 * abs(number)).all(), (
            "All values are the same and not 0. What came back? How long is the range then?"
        )
### END HIDDEN TESTS

# %% [markdown]
# ## 6 · The best clip (2 points)
#
# Symmetric quantization with a clip $c$ has the zero point 0 and the scale $c/(2^{b-1}-1)$; it uses the codes from
# $-(2^{b-1}-1)$ to $2^{b-1}-1$. Whatever is larger than $c$ in magnitude is clipped.
#
# Write `best_clip(values, bits, clips)`. It tries every clip of the list `clips` (positive numbers, in any order, at least
# one) and returns the one with the smallest mean squared error. If two are equally good, it returns the smaller one. `bits`
# is at least 2.
#
# Example: for the values `[1., 1., -1., 1., 10.]` with 2 bits and the clips `[10.0, 1.0]` it returns 10.0: then only
# the four ones are off, by 1 each. With clip 1.0 the 10 alone is off by 9.
#
# *Lesson: parts 3 and 7.*


# %% item="clip" answers=["best_clip"]
### BEGIN SOLUTION
def best_clip(values, bits, clips):
    high = 2 ** (bits - 1) - 1

    def error(clip):
        scale = clip / high
        back = torch.round(values / scale).clamp(-high, high) * scale
        return float((values - back).double().square().mean())

    return min(sorted(clips), key=error)


### END SOLUTION

# %% test="clip" points=1
torch.manual_seed(7)  # what is random below is the same each time
values = torch.tensor([1.0, 1.0, -1.0, 1.0, 10.0])
assert best_clip(values, 2, [10.0, 1.0]) == 10.0, "expected 10.0 for the example"
assert best_clip(values, 8, [1.0, 10.0]) == 10.0, "with 8 bits there is no reason to clip"
many = torch.cat([torch.linspace(-1, 1, 1000), torch.tensor([10.0])])
assert best_clip(many, 3, [10.0, 1.5]) == 1.5, (
    "one value of 1,001 is far away. The largest value just fits: is that the best for all the others? What happens to the steps?"
)
### BEGIN HIDDEN TESTS
clips = [0.25 * n for n in range(1, 25)]
for bits in (2, 3, 4, 5):
    for values in (torch.randn(2000), torch.rand(500) - 0.5, torch.randn(30, 40) ** 3):
        size = float(values.std())
        high = 2 ** (bits - 1) - 1
        tried = [size * clip for clip in clips]
        errors = []
        for clip in tried:
            back = torch.round(values / clip * high).clamp(-high, high) * clip / high
            errors.append(float((back - values).double().square().mean()))
        chosen = best_clip(values, bits, tried[::-1])
        assert any(abs(chosen - clip) < 1e-6 * clip for clip in tried), (
            "Is it one of the clips that were given?"
        )
        place = min(range(24), key=lambda n: abs(tried[n] - chosen))
        least = min(errors)
        most = float(values.abs().max())
        beyond = min(range(24), key=lambda n: abs(tried[n] - most))
        nothing = next((n for n in range(24) if tried[n] >= most), 23)
        assert errors[place] <= least * 1.01, explain(
            place,
            {
                beyond: "The largest value just fits. Is that the best for all the others?",
                nothing: "With this clip nothing at all gets clipped. What happens to the steps?",
                23: "Is the longest range always the best? What happens to the steps?",
                0: "Is it the smallest error, or the largest? Does every value get clipped?",
            },
            "Compute the whole error for each clip: of values that are rounded and that are clipped. "
            "Do you use the codes that the prompt names?",
        )
### END HIDDEN TESTS

# %% test="clip" points=1
torch.manual_seed(7)  # what is random below is the same each time
assert best_clip(torch.zeros(3), 4, [2.0, 0.5, 1.0]) == 0.5, "all equally good: the smallest clip"
### BEGIN HIDDEN TESTS
assert best_clip(torch.tensor([1.0, -2.0]), 3, [1.0]) == 1.0, "What if there is only one clip?"
assert best_clip(torch.tensor([-3.0, 3.0]), 2, [12.0, 3.0, 6.5]) == 3.0, (
    "Try values that lie exactly on the points of one of the clips."
)
assert best_clip(torch.tensor([-4.0, 1.0, 1.0]), 2, [1.0, 2.0, 4.0]) == 4.0, (
    "Do negative values get clipped at the right place? How many codes are there below 0?"
)
assert best_clip(torch.tensor([0.0, 4.0]), 4, [4.0, 28.0, 14.0]) == 4.0, (
    "If several clips are equally good, which one should come back?"
)
values, clips = torch.randn(50), [3.0, 1.0, 2.0]
kept = values.clone()
best_clip(values, 4, clips)
assert torch.equal(values, kept), "The values themselves have changed."
assert clips == [3.0, 1.0, 2.0], "The list of clips has changed."
ones = torch.tensor([1.0] * 20 + [10.0])
assert best_clip(ones, 2, [1.0, 2.0, 10.0]) == 10.0, (
    "The error may rise from one clip to the next and fall again. Is every clip of the list tried?"
)
outlier = torch.cat([torch.randn(5000) * 0.1, torch.tensor([5.0])])
assert best_clip(outlier, 4, [0.1, 0.3, 1.0, 5.0]) == 0.3, (
    "One value in 5,000 is far away. Is the clip right for the others?"
)
### END HIDDEN TESTS

# %% [markdown]
# ## 7 · How many bits? (2 points)
#
# A network must go into a sensor with little flash. Each layer's weights are packed without gaps into whole bytes (9 bits
# take 2 bytes), layer by layer, and each layer needs 5 bytes more: a float32 scale and an int8 zero point.
#
# Write `choose_bits(sizes, accuracies, most_bytes, least_accuracy)`. `sizes` lists how many weights each layer has, and
# `accuracies` is a `dict` from bits to the measured accuracy. Among the bit widths that fit into `most_bytes` **and** reach
# `least_accuracy` it returns the smallest, or `None` if there is none. (Why not the most accurate one? Half a point more is
# within the noise of the measurement; the bytes are not.)
#
# Then decide: leave in `sensor` the result for the layers and accuracies below, at most 135,000 bytes and at least 0.84.
#
# *Lesson: parts 5 and 8.*

# %% given=true
sensor_sizes = [235_201, 30_003, 1_001]  # weights of each layer
sensor_accuracies = {8: 0.848, 6: 0.851, 5: 0.846, 4: 0.849, 3: 0.833, 2: 0.098}  # measured


# %% item="bits" answers=["choose_bits", "sensor"]
### BEGIN SOLUTION
def choose_bits(sizes, accuracies, most_bytes, least_accuracy):
    good = [
        bits
        for bits, accuracy in accuracies.items()
        if accuracy >= least_accuracy
        and sum(math.ceil(size * bits / 8) + 5 for size in sizes) <= most_bytes
    ]
    return min(good, default=None)


sensor = choose_bits(sensor_sizes, sensor_accuracies, 135_000, 0.84)
### END SOLUTION

# %% test="bits" points=1
assert sensor in (8, 6, 5, 4, 3, 2, None), f"one of the bit widths, or None; but it is {sensor}"
fits = choose_bits([100, 10], {8: 0.9, 6: 0.9, 4: 0.89, 2: 0.4}, 110, 0.85)
assert fits == 4, f"at 4 bits it takes 65 bytes and is accurate enough: 4, not {fits}"
### BEGIN HIDDEN TESTS
assert sensor == 4, explain(
    sensor,
    {
        3: "Does it reach the accuracy that is asked for?",
        2: "Does it reach the accuracy that is asked for?",
        6: "Does it fit? And is its accuracy different from the others, given the noise?",
        5: "Does it fit? How many bytes are 5 bits for each weight?",
        8: "Does it fit? How many bytes are 8 bits for each weight?",
    },
    "How many bytes does each width take, and which of those that fit are accurate enough?",
)
assert choose_bits([800], {8: 0.9, 6: 0.84, 4: 0.9}, 10_000, 0.85) == 4, (
    "Accuracies are measured, and need not fall with the bits. Is every width looked at?"
)
table = {2: 0.5, 7: 0.91, 3: 0.8, 5: 0.9, 8: 0.9}  # in no order
assert choose_bits([800], table, 10_000, 0.85) == 5, explain(
    choose_bits([800], table, 10_000, 0.85),
    {
        7: "Is the most accurate one asked for?",
        2: "Is it accurate enough?",
        8: "More than one fits. Which of them is asked for?",
    },
    "Of those that fit and are accurate enough, which is the smallest?",
)
assert choose_bits([800], table, 10_000, 0.8) == 3, "Is the least accuracy itself enough?"
assert choose_bits([800], {8: 0.9, 4: 0.8499}, 10_000, 0.85) == 8, (
    "The noise of a measurement is no reason to take what lies below the limit."
)
assert choose_bits([800], table, 304, 0.8) is None, "What if nothing both fits and is accurate?"
assert choose_bits([800], table, 10_000, 0.95) is None, "What if nothing is accurate enough?"
### END HIDDEN TESTS

# %% test="bits" points=1
assert choose_bits([8], {4: 0.9}, 9, 0.5) == 4, "8 weights of 4 bits take 4 bytes, and 5 more"
assert choose_bits([3, 3, 3], {3: 0.9}, 20, 0.5) is None, (
    "three layers of 3 weights in 3 bits: 9 bits take 2 bytes in each, and 5 more: 21, not 20"
)
### BEGIN HIDDEN TESTS
assert choose_bits([8], {4: 0.9}, 8, 0.5) is None, (
    "Which bytes does a layer need beside its weights?"
)
assert choose_bits([3, 3, 3], {3: 0.9}, 21, 0.5) == 3, (
    "9 bits take 2 bytes. Are they rounded up once for each layer?"
)
assert choose_bits([3, 3, 3], {3: 0.9}, 20, 0.5) is None, (
    "9 bits take 2 bytes. Is it rounded up, and for each layer on its own?"
)
assert choose_bits([16, 24], {1: 0.6, 2: 0.6}, 15, 0.5) == 1, "Do 1 bit and several layers fit?"
assert choose_bits([16, 24], {1: 0.6, 2: 0.6}, 14, 0.5) is None, (
    "Does each layer have its own scale?"
)
assert choose_bits([100_000, 1], {6: 0.7, 8: 0.8}, 75_011, 0.7) == 6, (
    "Try layers of different size."
)
assert choose_bits([], {4: 0.9, 3: 0.9}, 0, 0.5) == 3, "What does a network without weights take?"
assert choose_bits([5], {}, 100, 0.5) is None, "What if nothing has been measured?"
### END HIDDEN TESTS

# %% [markdown]
# ## 8 · A report (3 points, graded by your teacher)
#
# A colleague writes: *“I quantized our network to 4 bits with one scale per layer, so that the largest weight fits. Accuracy fell
# from 85% to 41%, so 4 bits are too few for us. By the way, the zero point came out as 6.3, and I used it like that. And it does
# not even pay: the file that I save with `torch.save` after `fake_quantize` is as large as before.”* You look at her weights: nearly
# all lie between −0.1 and 0.1, three of them near −2.
#
# Answer in five to ten sentences, so that she can act on it: what ruined the accuracy, how she can see it in a number, and what to
# try before giving up 4 bits; what is wrong with the zero point and whom it hurts; and why the file has not shrunk.
#
# *Lesson: parts 3, 5, 7 and 8.*

# %% [markdown] item="report" manual=true points=3
# ### BEGIN SOLUTION
# **Accuracy.** Three weights near −2 fix the range. From about −2 to 0.1, 15 gaps are 0.14 each, so the points lie further apart than
# nearly all weights are from 0, and most weights round to 0 or to one neighbour. The SQNR of the layer shows it (a few dB or less,
# where about 20 dB are possible at 4 bits), and so does the share of weights that became 0. Choose a shorter range: clip the three, by the
# clip with the smallest squared error. The many get fine steps, the three get a large error each. Then measure accuracy again on data that
# nothing was chosen on; a scale for each channel would help too. Only then judge 4 bits.
#
# **Zero point.** It must be an integer, and the range must contain 0; otherwise no code stands for 0. Then 0 comes back as a part of a
# step, always with the same sign: padding, the zeros after a ReLU and pruned weights are all off by the same amount, and it adds up in
# every sum. Round it (to 6) before anything is quantized.
#
# **File.** Fake quantization rounds values and leaves them in float32, 4 bytes each. To save anything, store the codes in an integer type
# with scale and zero point; int8 gives about a quarter. For 4 bits two codes must be packed into a byte.
#
# Rubric, 1 point each:
#
# 1. Accuracy: names the few large weights that stretch the range (coarse steps, most weights to 0) **and** clipping (or another better
#    range) as the thing to try. With a number to look at (SQNR, share of zeros) for the full point. One of them alone: half a point.
# 2. Zero point: says that 0 is not exact any more **and** what it hurts (padding, ReLU, pruned weights, sums). Only “must be an integer”:
#    half a point.
# 3. File: float32 is still what is stored **and** integer codes, for 4 bits packed. Only the first: half a point.
# ### END SOLUTION

# %% [markdown]
# ## 9 · Byte golf: the step and the levels (2 points)
#
# Here is a network of a single layer, 784→10, found by least squares on 1,000 digits. As float32 it takes 31,400 bytes.
# How small can you make it if all you may choose is where the levels lie?
#
# Write `squeeze(images, labels)`. It gets 1,000 images, float32 of the shape (1000, 784) in 0–1, and their labels. It returns the `bytes` of a
# file, which `golf.pack(q, step, bias)` makes for you. The network in the file has the weights `q * step`, where `q` holds whole numbers in an integer type, so the
# fewer different ones there are, and the more of them are 0, the shorter the file. The bias is yours to choose, too.
#
# `len(file)` is what counts. Compared with the float32 network, at most 12 right answers may be lost on the 397 validation images,
# and at most 20 on 400 images that you don't see.
#
# - 1 point for at most 750 bytes.
# - 1 point for at most 500 bytes.
#
# Ours takes 310 bytes, without any training. There are no points for beating it, only glory.
#
# `squeeze` has to work for 1,000 other images too, also where they are faint, or show other shapes than digits, so write no step in it that you found on these. Let it hold out some of the images that it
# gets, and choose on them. It may take a few seconds. `golf.least_squares(images, labels)` finds the float32 network, a weight (10, 784) and a bias (10,).
#
# *Lesson: parts 3, 7 and 8.*

# %% given=true of="golf"
from coursekit.exercises import golf  # noqa: E402

train, validation = golf.draw()  # `golf.lost(file, train, validation)` counts the answers lost
images, labels = golf.flat(train)


# %% item="golf" answers=["squeeze"]
### BEGIN SOLUTION
def three_levels(weight, bias, images, width):
    """-1, 0 and 1, a step of `width` standard deviations, and the bias that goes with them."""
    step = width * float(weight.std())
    q = (weight / step).round().clamp(-1, 1)
    # Rounding shifts the mean of each output. The bias takes it back.
    return q.to(torch.int8), step, bias + (images @ (weight - q * step).T).mean(0)


def squeeze(images, labels):
    held, fitted = images[:250], images[250:]
    dense = golf.least_squares(fitted, labels[250:])

    def right(width):
        q, step, bias = three_levels(*dense, fitted, width)
        return int(((held @ (q * step).T + bias).argmax(1) == labels[:250]).sum())

    # Steps far longer than the best clip's: more errors in the weights, hardly any in the answers.
    width = max((4.0, 2.3, 1.9), key=right)
    return golf.pack(*three_levels(*golf.least_squares(images, labels), images, width))


### END SOLUTION

# %% test="golf" points=1
train, validation = golf.draw()
file = squeeze(*golf.flat(train))
assert isinstance(file, bytes), (
    f"squeeze should return the bytes that golf.pack makes, not {type(file).__name__}"
)
assert len(file) <= 750, (
    f"{len(file):,} bytes; at most 750 are asked for. How many different numbers does q hold, and how many does the network need?"
)
missing = golf.lost(file, train, validation)
zeros = float((golf.unpack(file)[0] == 0).float().mean())
assert missing <= golf.MOST_LOST, (
    f"{missing} right answers are lost on the validation images; {golf.MOST_LOST} may be. "
    + (
        f"{zeros:.0%} of the weights have become 0. Which weight decides on your step, and how do you round? (lesson, part 8)"
        if zeros > 0.9
        else "What did you choose by: the error of the weights, or answers to images that you held out?"
    )
)
golf.note(file)
### BEGIN HIDDEN TESTS
assert golf.lost(file, train, golf.unseen()) <= 20, (
    "On images that you don't see, more than 20 answers are lost. How near to the limit were you on the validation images?"
)
# Other images: five of the digits are shapes that nobody has seen, and all have other names.
first = file
others, theirs = golf.draw(1, shapes=91283)
file = squeeze(*golf.flat(others))
assert golf.lost(file, others, theirs) <= golf.MOST_LOST + 6, (
    "For 1,000 other images, of other shapes, too many answers are lost. Is everything in the file made from what squeeze gets?"
)
assert len(file) <= min(825, 1.2 * len(first)), (
    "For 1,000 other images the file is too long. Is there a number in squeeze that fits these images only?"
)
### END HIDDEN TESTS

# %% test="golf" points=1
train, validation = golf.draw()
file = squeeze(*golf.flat(train))
assert isinstance(file, bytes), (
    f"squeeze should return the bytes that golf.pack makes, not {type(file).__name__}"
)
assert len(file) <= 500, (
    f"{len(file):,} bytes; at most 500 are asked for. Must the step come from the largest weight? What happens to the others if you make it longer?"
)
missing = golf.lost(file, train, validation)
assert missing <= golf.MOST_LOST, (
    f"{missing} right answers are lost on the validation images; {golf.MOST_LOST} may be. Rounding has moved the outputs. Which of them came out too large or too small on average?"
)
golf.note(file)
### BEGIN HIDDEN TESTS
assert golf.lost(file, train, golf.unseen()) <= 20, (
    "On images that you don't see, more than 20 answers are lost. How near to the limit were you on the validation images?"
)
# Other images: five of the digits are shapes that nobody has seen, and all have other names.
first = file
others, theirs = golf.draw(2, shapes=60529)
file = squeeze(*golf.flat(others))
assert golf.lost(file, others, theirs) <= golf.MOST_LOST + 6, (
    "For 1,000 other images, of other shapes, too many answers are lost. Is everything in the file made from what squeeze gets?"
)
assert len(file) <= min(550, 1.2 * len(first)), (
    "For 1,000 other images the file is too long. Is there a number in squeeze that fits these images only?"
)
# With 3% of the ink the network's weights are less than half as large.
inked, names = golf.flat(train)
steps = []
for file in (first, squeeze(inked * 0.03, names)):
    weights = golf.unpack(file)[0].abs()
    steps.append(float(torch.where(weights > 0, weights, 9).min()))
assert steps[1] < steps[0], (
    "For faint images the step is no shorter, though the weights are. Is it a number in squeeze?"
)
### END HIDDEN TESTS
