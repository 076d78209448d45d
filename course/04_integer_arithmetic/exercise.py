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
# # 04 · Integer arithmetic: exercise
#
# Nine items, 20 points, about 80 minutes. Everything you need stands in
# [the lesson](../../notebooks/04_integer_arithmetic.ipynb); each item says where.
#
# - Write your answer in place of `raise NotImplementedError()`. Keep the names that the item asks for; all
#   other names are yours.
# - Run the tests under each item. They show a part of what is checked. The rest is checked on inputs that
#   you have not seen, so solve the task and not the example.
# - The items do not need each other. If one resists, go on.
# - Tensors that you get are never changed. A zero point is an `int` that int8 can hold.

# %% given=true
import math
from itertools import pairwise

import numpy as np
import torch
from torch import nn

from coursekit import explain
from coursekit.pictures import plot
from coursekit.lesson_04.diagnose import three_colleagues
from coursekit.lesson_04.int8_networks import layers, predict_codes
from coursekit.nets.tflite import for_other_kernels, read, write_dense

# %% [markdown]
# ## 1 · A linear layer (3 points)
#
# Write `integer_linear(x, x_zero, w, w_zero, bias)`. `x` is int8 of the shape (n, inputs), `w` int8 of the shape (outputs,
# inputs), `bias` int32 of the shape (outputs,); `x_zero` and `w_zero` are their zero points. It returns the accumulators: for
# each row of `x` and each row of `w` the sum of $(q^x - z^x)(q^w - z^w)$, plus the bias, exactly, as `torch.int32` of the shape (n, outputs).
#
# No sum leaves int32. Example: `x = [[100, 100]]`, `w = [[100, 1]]`, zero points 0 and bias `[7]` give `[[10107]]`.
#
# *Lesson: parts 1 and 2.*


# %% item="linear" answers=["integer_linear"]
### BEGIN SOLUTION
def integer_linear(x, x_zero, w, w_zero, bias):
    return (x.int() - x_zero) @ (w.int() - w_zero).t() + bias


### END SOLUTION

# %% test="linear" points=1
torch.manual_seed(7)  # what is random below is the same each time
x = torch.tensor([[100, 100]], dtype=torch.int8)
w = torch.tensor([[100, 1]], dtype=torch.int8)
bias = torch.tensor([7], dtype=torch.int32)
a = integer_linear(x, 0, w, 0, bias)
assert a.dtype == torch.int32, f"the accumulators should be torch.int32, not {a.dtype}"
assert a.tolist() != [[10100]], "10100 is the sum of the products: what is the bias for?"
assert a.tolist() == [[10107]], (
    f"expected [[10107]], but got {a.tolist()}. Does your type hold a product of 10,000? (part 1)"
)
### BEGIN HIDDEN TESTS
for rows, inputs, outputs in ((1, 1, 1), (4, 9, 3), (2, 300, 5)):
    x = torch.randint(-128, 128, (rows, inputs), dtype=torch.int8)
    w = torch.randint(-128, 128, (outputs, inputs), dtype=torch.int8)
    bias = torch.randint(-(10**6), 10**6, (outputs,), dtype=torch.int32)
    exact = x.double() @ w.double().t()
    a = integer_linear(x, 0, w, 0, bias)
    assert a.shape == (rows, outputs), "Is there one accumulator for each row of x and each output?"
    assert not torch.equal(a.double(), exact), "The products are right. What is the bias for?"
    assert torch.equal(a.double(), exact + bias), "Sums are off, even with zero points of 0."
### END HIDDEN TESTS

# %% test="linear" points=1
torch.manual_seed(7)  # what is random below is the same each time
x = torch.tensor([[127, -128]], dtype=torch.int8)
w = torch.tensor([[1, 0], [0, 1]], dtype=torch.int8)
nothing = torch.zeros(2, dtype=torch.int32)
a = integer_linear(x, -128, w, 0, nothing)
assert a.tolist() == [[255, 0]], (
    f"with zero point -128 the two inputs are 255 and 0 steps above 0, but you get {a.tolist()}"
)
### BEGIN HIDDEN TESTS
for x_zero in (-128, 127, 5, -1):
    x = torch.randint(-128, 128, (3, 40), dtype=torch.int8)
    w = torch.randint(-127, 128, (6, 40), dtype=torch.int8)
    bias = torch.randint(-5000, 5000, (6,), dtype=torch.int32)
    exact = (x.double() - x_zero) @ w.double().t() + bias
    assert torch.equal(integer_linear(x, x_zero, w, 0, bias).double(), exact), (
        "Sums are off if the input has a zero point. What does an input of x_zero stand for?"
    )
### END HIDDEN TESTS

# %% test="linear" points=1
torch.manual_seed(7)  # what is random below is the same each time
x = torch.tensor([[4, 6]], dtype=torch.int8)
w = torch.tensor([[3, 2]], dtype=torch.int8)
a = integer_linear(x, 3, w, 2, torch.zeros(1, dtype=torch.int32))
assert a.tolist() == [[1]], f"(4−3)·(3−2) + (6−3)·(2−2) is 1, but you get {a.tolist()}"
### BEGIN HIDDEN TESTS
for x_zero, w_zero in ((-128, 127), (127, -128), (-7, 3), (0, 9)):
    x = torch.randint(-128, 128, (25, 4), dtype=torch.int8).t()  # not contiguous
    w = torch.randint(-128, 128, (5, 25), dtype=torch.int8)
    bias = torch.randint(-5000, 5000, (5,), dtype=torch.int32)
    kept = x.clone(), w.clone(), bias.clone()
    exact = (x.double() - x_zero) @ (w.double() - w_zero).t() + bias
    a = integer_linear(x, x_zero, w, w_zero, bias)
    assert torch.equal(a.double(), exact), (
        "Sums are off if both have a zero point. Which four sums does the product fall into?"
    )
    assert all(torch.equal(*pair) for pair in zip(kept, (x, w, bias), strict=True)), (
        "An argument has changed."
    )
empty = integer_linear(
    torch.zeros(0, 3, dtype=torch.int8), 5, torch.ones(2, 3, dtype=torch.int8), 1, nothing
)
assert empty.shape == (0, 2), "What comes out if there are no inputs at all?"
wide = torch.full((1, 30_000), 127, dtype=torch.int8)
total = integer_linear(wide, -128, wide, -128, torch.ones(1, dtype=torch.int32)).item()
assert total == 30_000 * 255 * 255 + 1, "Is a large sum exact, to the last step? Count in integers."
### END HIDDEN TESTS

# %% [markdown]
# ## 2 · A multiplier and a shift (3 points)
#
# Write two functions.
#
# `multiplier_and_shift(ratio)` gets a `float` from $10^{-9}$ to $10^{6}$ and returns two `int`s $m$ and $k$ with $2^{30} \le m < 2^{31}$,
# so that $m / 2^k$ is as near to `ratio` as such an $m$ allows.
#
# `requantize(a, m, k, zero_point)` gets accumulators, an int32 tensor of any shape, and `int`s $m$ below $2^{31}$ and $k$ from **−10** to 60. It
# returns int8: $m\,a / 2^k$, rounded **once** to the nearest integer (a tie goes up), plus the zero point, clipped to −128 … 127. In the lesson $k$
# was at least 1; here the ratio may be a whole number, $m$ or, with a negative $k$, more. $m\,a / 2^k$ fits into int64.
#
# Example: 0.75 becomes $m = 1610612736$ and $k = 31$. With them, the accumulators `[4, 2, -2, -4, 1000]` and zero point 0 become
# `[3, 2, -1, -3, 127]`.
#
# *Lesson: part 3.*


# %% item="fixed" answers=["multiplier_and_shift", "requantize"]
### BEGIN SOLUTION
def multiplier_and_shift(ratio):
    fraction, exponent = math.frexp(ratio)
    m = round(fraction * 2**31)
    if m == 2**31:
        return 2**30, 30 - exponent
    return m, 31 - exponent


def requantize(a, m, k, zero_point):
    product = a.long() * m
    rounded = (product + (1 << (k - 1))) >> k if k > 0 else product << -k
    return (rounded + zero_point).clamp(-128, 127).to(torch.int8)


### END SOLUTION

# %% test="fixed" points=1
torch.manual_seed(7)  # what is random below is the same each time
m, k = multiplier_and_shift(0.75)
assert isinstance(m, int), f"m should be an int, not {type(m).__name__}"
assert isinstance(k, int), f"k should be an int, not {type(k).__name__}"
assert (m, k) == (1610612736, 31), explain(
    m,
    {
        3: "3/2^2 is 0.75, too, but m should use its 31 bits",
        0: "is the ratio cut off to an integer?",
    },
    f"0.75 should become (1610612736, 31), but you get {(m, k)}",
)
### BEGIN HIDDEN TESTS
for ratio in (1e-9, 0.0003, 0.1, 0.4999999, 0.5, 1.0, 1.7, 300.0, 1e6, 2.0**-20, 1 / 3, 0.7):
    m, k = multiplier_and_shift(ratio)
    assert 2**30 <= m < 2**31, "How large is m? It should have 31 bits for every ratio."
    assert abs(m / 2**k - ratio) <= 2.0 ** (-k - 1) * 1.0001, (
        "m / 2**k could be nearer to the ratio. Is m rounded, or cut off? Does k fit?"
    )
for ratio in (1 - 2**-40, 2.0**-9 - 2.0**-48):
    m, k = multiplier_and_shift(ratio)
    assert 2**30 <= m < 2**31, "A ratio just below a power of two: does m still fit into 31 bits?"
    assert abs(m / 2**k / ratio - 1) < 1e-9, "A ratio just below a power of two: is m / 2**k near?"
### END HIDDEN TESTS

# %% test="fixed" points=1
torch.manual_seed(7)  # what is random below is the same each time
y = requantize(torch.tensor([4, 2, -2, -4, 1000], dtype=torch.int32), 1610612736, 31, 0)
assert y.dtype == torch.int8, f"the result should be torch.int8, not {y.dtype}"
assert y.tolist() == [3, 2, -1, -3, 127], explain(
    tuple(y.tolist()),
    {
        (3, 1, -2, -3, 127): "a shift alone rounds down: 1.5 became 1 (lesson, part 3)",
        (3, 1, -1, -3, 127): "cut off: 1.5 became 1",
        (3, 2, -2, -3, 127): "a tie goes up here: -1.5 becomes -1",
        (3, 2, -1, -3, -18): "750 does not fit into int8: clip before the cast",
    },
    f"expected [3, 2, -1, -3, 127], but got {y.tolist()}",
)
### BEGIN HIDDEN TESTS
for m, k in ((2**30, 31), (3, 2), (1_500_000_001, 40), (2**31 - 1, 33), (1, 1), (2**30 + 1, 60)):
    near = 60 * 2**k // m
    top = min(near, 2**31 - 1)
    a = torch.randint(-top, top + 1, (4, 50), dtype=torch.int32)
    exact = [(value * m * 2 + 2**k) // 2 ** (k + 1) for value in a.flatten().tolist()]
    y = requantize(a, m, k, 0)
    assert y.shape == (4, 50), "Does the result have the shape of the accumulators?"
    off = [got - wanted for got, wanted in zip(y.flatten().tolist(), exact, strict=True)]
    assert max(map(abs, off)) < 2, "Far off. How many bits does the product of a and m take?"
    assert not any(off), (
        "Some are off by one step. Is it rounded to the nearest, ties up, and once?"
    )
# Their product is one less than a tie, and takes more digits than a float64 has.
y = requantize(torch.tensor([2**29 - 1], dtype=torch.int32), 2**29 + 1, 59, 0)
assert y.tolist() == [0], "Just below a tie: was the product rounded, before the result was?"
### END HIDDEN TESTS

# %% test="fixed" points=1
torch.manual_seed(7)  # what is random below is the same each time
y = requantize(torch.tensor([0, 100, -100], dtype=torch.int32), 2**30, 30, 100)
assert y.tolist() == [100, 127, 0], (
    f"with ratio 1 and zero point 100: expected [100, 127, 0], but got {y.tolist()}"
)
for whole_k, wanted in ((0, [6, -9]), (-3, [48, -72])):
    y = requantize(torch.tensor([2, -3], dtype=torch.int32), 3, whole_k, 0)
    assert y.tolist() == wanted, (
        f"m = 3 and k = {whole_k}: there is nothing to round, expected {wanted}, but got {y.tolist()}"
    )
### BEGIN HIDDEN TESTS
for zero_point in (-128, 127, -3, 40):
    a = torch.tensor([-(2**31), 2**31 - 1, 0, 1, -1], dtype=torch.int32)
    y = requantize(a, 2**31 - 1, 31, zero_point)
    assert y[2] == zero_point, "Which integer stands for 0?"
    assert y.tolist()[:2] == [-128, 127], (
        "What happens to the largest and the smallest accumulator?"
    )
    assert y.tolist()[3:] == [min(zero_point + 1, 127), max(zero_point - 1, -128)], (
        "What is clipped: the steps, or the sum of steps and zero point?"
    )
for k in range(-10, 1):
    a = torch.randint(-200, 201, (60,), dtype=torch.int32)
    for m in (1, 2, 2**31 - 1):
        exact = [min(127, max(-128, value * m * 2**-k - 7)) for value in a.tolist()]
        assert requantize(a, m, k, -7).tolist() == exact, (
            "A ratio that is a whole number: what does a shift by 0 bits do, and by fewer?"
        )
a = torch.arange(-400, 400, dtype=torch.int32)
kept = a.clone()
y = requantize(a, 2**30, 30, -28)
assert torch.equal(a, kept), "The accumulators themselves have changed."
assert torch.equal(y.long(), (a.long() - 28).clamp(-128, 127)), "Where does the clip lie?"
assert requantize(torch.zeros(0, 2, dtype=torch.int32), 5, 3, 1).shape == (0, 2), (
    "What comes out if there are no accumulators?"
)
assert requantize(torch.tensor(6, dtype=torch.int32), 1, 1, 1).item() == 4, (
    "And for a single number?"
)
### END HIDDEN TESTS

# %% [markdown]
# ## 3 · Batch norm, folded (2 points)
#
# Write `fold(weight, bias, norm)`. `weight` is that of a convolution, of the shape (outputs, inputs, height, width), **or** of a linear
# layer, (outputs, inputs); `bias` has the shape (outputs,) or is `None`. `norm` is a batch norm (`nn.BatchNorm2d` or
# `nn.BatchNorm1d`) in evaluation mode, with `.weight`, `.bias`, `.running_mean`, `.running_var` and `.eps`. It returns a tuple: weight and bias, both
# tensors without gradients, of one layer that does the work of both.
#
# Example: one weight 3 and bias 1, and a batch norm with weight 2, bias 5, mean 4, variance 9 (eps 0) make weight 2 and bias 3.
#
# *Lesson: part 5.*


# %% item="fold" answers=["fold"]
### BEGIN SOLUTION
def fold(weight, bias, norm):
    with torch.no_grad():
        factor = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        if bias is None:
            bias = torch.zeros_like(norm.running_mean)
        folded = weight * factor.reshape(-1, *[1] * (weight.ndim - 1))
        return folded, (bias - norm.running_mean) * factor + norm.bias


### END SOLUTION

# %% test="fold" points=1
torch.manual_seed(7)  # what is random below is the same each time


def batch_norm(weight, bias, mean, variance, eps=0.0, kind=nn.BatchNorm2d):
    """A batch norm in evaluation mode, from lists."""
    norm = kind(len(weight), eps=eps).eval()
    for name, values in (("weight", weight), ("bias", bias)):
        getattr(norm, name).data = torch.tensor(values, dtype=torch.float32)
    norm.running_mean = torch.tensor(mean, dtype=torch.float32)
    norm.running_var = torch.tensor(variance, dtype=torch.float32)
    return norm


weight, bias = fold(
    torch.full((1, 1, 1, 1), 3.0), torch.ones(1), batch_norm([2.0], [5.0], [4.0], [9.0])
)
assert weight.shape == (1, 1, 1, 1), f"the weight keeps its shape, but it is {tuple(weight.shape)}"
assert abs(weight.item() - 2) < 1e-5, explain(
    weight.item(),
    {
        6.0: "the variance is forgotten",
        2 / 3: "the variance is no standard deviation: which root is missing?",
        18.0: "multiplied where it should be divided",
    },
    f"the folded weight should be 2, not {weight.item()} (lesson, part 5)",
)
assert abs(bias.item() - 3) < 1e-5, explain(
    bias.item(),
    {
        5.0: "only the batch norm's bias is left. What becomes of the mean?",
        7 / 3: "the layer's own bias is forgotten",
        5 / 3: "the mean is subtracted without the factor",
        10 / 3: "the layer's own bias is added without the factor",
        2.0: "neither the layer's own bias nor the mean is multiplied by the factor",
    },
    f"the folded bias should be 3, not {bias.item()} (lesson, part 5)",
)
two = batch_norm([1.0, 1.0], [0.0, 0.0], [0.0, 0.0], [1.0, 4.0])
weight, bias = fold(torch.ones(2, 1, 1, 1), torch.zeros(2), two)
assert weight.shape == (2, 1, 1, 1), (
    f"two outputs, one input: the weight became {tuple(weight.shape)}. Which axis holds the outputs?"
)
### BEGIN HIDDEN TESTS
for shape in ((4, 3, 3, 3), (5, 1, 1, 1), (3, 2, 5, 1)):
    outputs = shape[0]
    norm = batch_norm(
        torch.randn(outputs).tolist(),
        torch.randn(outputs).tolist(),
        torch.randn(outputs).tolist(),
        (torch.rand(outputs) + 0.1).tolist(),
        eps=1e-3,
    )
    weight, bias = torch.randn(shape), torch.randn(outputs)
    images = torch.randn(2, shape[1], 8, 8)
    both = fold(weight, bias, norm)  # outside of no_grad, which would take all gradients off
    with torch.no_grad():
        wanted = norm(torch.conv2d(images, weight, bias))
        got = torch.conv2d(images, *both)
    assert torch.allclose(got, wanted, atol=1e-3, rtol=1e-3), (
        "The folded convolution computes something else than convolution and batch norm together."
    )
    assert not any(part.requires_grad for part in both), "Do weight and bias still need gradients?"
### END HIDDEN TESTS

# %% test="fold" points=1
torch.manual_seed(7)  # what is random below is the same each time
weight, bias = fold(torch.full((1, 1, 1, 1), 3.0), None, batch_norm([2.0], [5.0], [4.0], [9.0]))
assert abs(bias.item() - 7 / 3) < 1e-5, (
    f"without a bias in the convolution: expected {7 / 3:.4f}, but got {bias.item():.4f}"
)
norm = batch_norm([1.0, 2.0], [0.0, 0.0], [0.0, 0.0], [1.0, 3.0], eps=1.0, kind=nn.BatchNorm1d)
weight, bias = fold(torch.ones(2, 3), None, norm)
assert weight.shape == (2, 3), (
    f"a linear layer's weight keeps its two dimensions, but it became {tuple(weight.shape)}"
)
assert abs(weight[1, 0].item() - 1) < 1e-5, (
    f"2/√(3 + eps) with eps 1 is 1, but you get {weight[1, 0].item():.4f}: where is eps?"
)
### BEGIN HIDDEN TESTS
weight, bias = torch.randn(6, 10), torch.randn(6)
norm = batch_norm(
    [1.0, -2.0, 0.0, 0.5, 3.0, 1.0],
    [0.0, 1.0, 2.0, -1.0, 0.5, 0.0],
    [0.3, 5.0, -2.0, 0.0, 1.0, 1.0],
    [1.0, 0.0, 4.0, 1e-8, 25.0, 1.0],
    eps=1e-5,
    kind=nn.BatchNorm1d,
)
kept = weight.clone(), bias.clone(), norm.running_mean.clone(), norm.weight.detach().clone()
values = torch.randn(7, 10)
for some_bias in (bias, None):
    with torch.no_grad():
        wanted = norm(torch.nn.functional.linear(values, weight, some_bias))
        got = torch.nn.functional.linear(values, *fold(weight, some_bias, norm))
    assert torch.allclose(got, wanted, atol=1e-2, rtol=1e-3), (
        "A linear layer with batch norm comes out wrong. Which axis holds the outputs? Where is eps?"
    )
now = weight, bias, norm.running_mean, norm.weight.detach()
assert all(torch.equal(*pair) for pair in zip(kept, now, strict=True)), (
    "The layer or the batch norm has changed."
)
### END HIDDEN TESTS

# %% [markdown]
# ## 4 · How long may a sum be? (2 points)
#
# Write `longest_sum(x_low, x_high, w_low, w_high, bits)`. Inputs (zero point subtracted) are integers from `x_low` to `x_high`, weights from `w_low` to
# `w_high`. It returns the largest number of products whose sum fits into a signed accumulator of `bits` bits **whatever the inputs and weights are**, as an `int`; and
# `None` if any number fits, because all products are 0. The low end is never above the high end.
#
# Example: int8 times int8, −128 to 127 both, into 32 bits: 131071.
#
# *Lesson: part 1.*


# %% item="longest" answers=["longest_sum"]
### BEGIN SOLUTION
def longest_sum(x_low, x_high, w_low, w_high, bits):
    products = [x * w for x in (x_low, x_high) for w in (w_low, w_high)]
    ends = []
    if max(products) > 0:
        ends.append((2 ** (bits - 1) - 1) // max(products))
    if min(products) < 0:
        ends.append(2 ** (bits - 1) // -min(products))
    return min(ends, default=None)


### END SOLUTION

# %% test="longest" points=1
n = longest_sum(-128, 127, -128, 127, 32)
assert isinstance(n, int), f"expected an int, but got {type(n).__name__}"
assert n == 131071, explain(
    n,
    {
        131072: "131,072 products of (−128)·(−128) make 2^31. Is that an int32? (lesson, part 1)",
        133144: "127 · 127 is not the largest product",
        132104: "−128 · 127 is not the product that is furthest from 0",
        262143: "one bit is the sign",
        262144: "one bit is the sign",
    },
    f"expected 131071, but got {n}",
)
### BEGIN HIDDEN TESTS
for x_high, bits, wanted in (
    (255, 32, 66311),
    (255, 24, 259),
    (255, 16, 1),
    (15, 16, 17),
    (255, 15, 0),
):
    n = longest_sum(0, x_high, -127, 127, bits)
    assert n == wanted, "Inputs of 0 and more, and symmetric weights: which sums are the largest?"
### END HIDDEN TESTS

# %% test="longest" points=1
n = longest_sum(0, 128, -1, 0, 16)
assert n == 256, f"products from −128 to 0 in 16 bits, which reach down to −32,768: 256, not {n}"
n = longest_sum(0, 0, -128, 127, 32)
assert n is None, f"all products are 0, so any number fits: None, not {n}"
n = longest_sum(-4, -1, 2, 5, 8)
assert n == 6, f"products from −20 to −2, none above 0, in 8 bits: 6, not {n}"
### BEGIN HIDDEN TESTS
assert longest_sum(0, 1, -1, 0, 8) == 128, "How far does an accumulator reach below 0?"
assert longest_sum(0, 1, 0, 1, 8) == 127, "How far does an accumulator reach above 0?"
assert longest_sum(-3, -1, 2, 5, 10) == 34, (
    "Inputs that are all negative: which product is the lowest?"
)
assert longest_sum(-4, -2, -7, -3, 12) == 73, "Negative times negative: how far does the sum reach?"
assert longest_sum(-1, 4, -8, 1, 9) == 8, "Which end of the accumulator is reached first?"
assert longest_sum(-8, 1, -8, 2, 8) == 1, "Which end of the accumulator is reached first?"
assert longest_sum(-1, 1, 0, 1, 8) == 127, (
    "Products as far below 0 as above: which end of the accumulator is reached first?"
)
assert longest_sum(0, 0, -128, 127, 32) is None, "What if all inputs are 0?"
assert longest_sum(-5, 9, 0, 0, 8) is None, "What if all weights are 0?"
assert longest_sum(0, 3, 1, 1, 64) == (2**63 - 1) // 3, "Is a long accumulator counted exactly?"
### END HIDDEN TESTS

# %% [markdown]
# ## 5 · Find the bugs (3 points)
#
# A colleague's layer “works on the first test image”. On others, bright inputs count as nothing, outputs are a little
# too low, some large outputs come back negative, and behind a ReLU values are missing that should be there.
#
# ```python
# def integer_layer(x, x_zero, w, bias, m, k, y_zero, relu):
#     a = (x - x_zero).int() @ w.int().t() + bias
#     y = ((a * m) >> k) + y_zero
#     if relu:
#         y = y.clamp(min=0)
#     return y.to(torch.int8)
# ```
#
# `x` is int8 (n, inputs), `w` int8 (outputs, inputs) with zero point 0, `bias` int32, `x_zero` and `y_zero` are `int`s, `m` and `k` int64 tensors with one
# number for each output, $k \ge 1$, and `relu` is a `bool`. Find the bugs and write it so that it returns int8: $m\,a/2^k$ rounded to the nearest integer (ties up), plus
# the zero point, clipped to what int8 holds, and, for a ReLU, to the values that are not below 0.
#
# *Lesson: parts 1 to 3.*


# %% item="layer" answers=["integer_layer"]
### BEGIN SOLUTION
def integer_layer(x, x_zero, w, bias, m, k, y_zero, relu):
    a = (x.int() - x_zero) @ w.int().t() + bias
    y = ((a * m + (1 << (k - 1))) >> k) + y_zero
    return y.clamp(y_zero if relu else -128, 127).to(torch.int8)


### END SOLUTION

# %% test="layer" points=1
torch.manual_seed(7)  # what is random below is the same each time


def numbers(*values, dtype=torch.int64):
    return torch.tensor(values, dtype=dtype)


one = numbers(1, dtype=torch.int8).reshape(1, 1)
none = numbers(0, dtype=torch.int32)
y = integer_layer(
    numbers(127, dtype=torch.int8).reshape(1, 1), -128, one, none, numbers(1), numbers(2), 0, False
)
assert y.dtype == torch.int8, f"the result should be torch.int8, not {y.dtype}"
assert y.item() == 64, explain(
    y.item(),
    {
        -1: "the input 127 is 255 steps above its zero point. What is 127 − (−128) in int8?",
        0: "the input 127 is 255 steps above its zero point. What is 127 − (−128) in int8?",
        63: "255/4 is 63.75: round it",
    },
    f"255 steps at ratio 1/4 are 64, but you get {y.item()}",
)
### BEGIN HIDDEN TESTS
for x_zero in (-128, 127, -20):
    x = torch.randint(-128, 128, (9, 30), dtype=torch.int8)
    w = torch.randint(-127, 128, (4, 30), dtype=torch.int8)
    bias = torch.randint(-3000, 3000, (4,), dtype=torch.int32)
    m, k = torch.randint(2**30, 2**31, (4,)), torch.tensor([42, 43, 44, 42])
    kept = x.clone(), w.clone(), bias.clone(), m.clone(), k.clone()
    a = ((x.double() - x_zero) @ w.double().t() + bias).long()
    wanted = torch.div(2 * a * m + (1 << k), 2 << k, rounding_mode="floor").clamp(-128, 127)
    y = integer_layer(x, x_zero, w, bias, m, k, 0, False).long()
    now = x, w, bias, m, k
    assert all(torch.equal(*pair) for pair in zip(kept, now, strict=True)), (
        "An argument has changed."
    )
    gap = (y - wanted).abs()
    assert gap.max() <= 1, "Far off. What does an input minus its zero point become in int8?"
    assert not gap.any(), "Some outputs are one step too low. What does a shift do to 63.75?"
### END HIDDEN TESTS

# %% test="layer" points=1
torch.manual_seed(7)  # what is random below is the same each time
x = numbers(-3, 5, dtype=torch.int8).reshape(2, 1)
y = integer_layer(x, 0, one, none, numbers(2), numbers(1), -100, True)
assert y.flatten().tolist() == [-100, -95], (
    f"behind a ReLU, with zero point −100: expected [-100, -95], but got {y.flatten().tolist()}"
)
### BEGIN HIDDEN TESTS
for y_zero in (-128, -40, 0, 60, 127):
    x = torch.arange(-100, 100, dtype=torch.int8).reshape(-1, 1)
    with_relu, without = (
        integer_layer(x, 0, one, none, numbers(2), numbers(1), y_zero, relu).flatten().long()
        for relu in (True, False)
    )
    steps = x.flatten().long()
    assert torch.equal(without, (steps + y_zero).clamp(-128, 127)), (
        "Without a ReLU, what is clipped?"
    )
    assert torch.equal(with_relu, (steps.clamp(min=0) + y_zero).clamp(-128, 127)), (
        "A ReLU clips values below 0. Which integer is the value 0?"
    )
### END HIDDEN TESTS

# %% test="layer" points=1
torch.manual_seed(7)  # what is random below is the same each time
x = numbers(100, -100, dtype=torch.int8).reshape(2, 1)
y = integer_layer(x, 0, one, none, numbers(8), numbers(2), 0, False)
assert y.flatten().tolist() == [127, -128], (
    f"200 and −200 steps do not fit into int8: expected [127, -128], but got {y.flatten().tolist()}"
)
### BEGIN HIDDEN TESTS
x = torch.randint(-128, 128, (20, 6), dtype=torch.int8)
w = torch.randint(-127, 128, (3, 6), dtype=torch.int8)
bias = numbers(5, -9, 100_000, dtype=torch.int32)
for relu in (True, False):
    y = integer_layer(x, 3, w, bias, numbers(1, 3, 2), numbers(3, 9, 12), 11, relu).long()
    a = (x.long() - 3) @ w.long().t() + bias
    wanted = torch.floor(a * numbers(1, 3, 2) / 2.0 ** numbers(3, 9, 12) + 0.5).long() + 11
    wanted = wanted.clamp(11 if relu else -128, 127)
    assert y.shape == (20, 3), "One output for each row of the weights?"
    assert torch.equal(y, wanted), "Large outputs, and a ratio for each output: what comes back?"
ties = integer_layer(
    numbers(1, 5, -3, dtype=torch.int8)[:, None], 0, one, none, *[numbers(1)] * 2, 0, False
)
assert ties.flatten().tolist() == [1, 3, -1], "0.5, 2.5 and −1.5: where does a tie go?"
# Accumulator times m is one less than a tie, and takes more digits than a float64 has.
y = integer_layer(-one, 0, one, none + 2**29, numbers(2**29 + 1), numbers(59), 0, False)
assert y.item() == 0, "Just below a tie: is there a float on the way, which rounds before you do?"
none_at_all = integer_layer(x[:0], 3, w, bias, numbers(1, 3, 2), numbers(3, 9, 12), 11, True)
assert none_at_all.shape == (0, 3), "What comes out if there are no inputs?"
### END HIDDEN TESTS

# %% [markdown]
# ## 6 · Run a file (2 points)
#
# Write `run_file(content, codes)`. `content` is an int8 `.tflite` file of linear layers with a ReLU after each but the last. `codes` is an int8
# array of the shape (n, inputs), as the file's input wants it. Return what the file answers, an int8 array of the shape (n, outputs), without running it with
# LiteRT. Each number may be off by one step, because there is more than one way to round.
#
# `layers(read(content))` gives the layers. Each has `.weights` (int8), `.bias` (int32), `.input_scale`, `.input_zero`, `.weight_scales` (float32, one for each output),
# `.output_scale` and `.output_zero`. Weights and biases are torch tensors. `predict_codes(content, codes)` is what LiteRT
# answers: compare with it. The tests hand you files that ask for kernels of another chip. They can be read, and LiteRT can't run them.
#
# *Lesson: part 4.*


# %% given=true
def small_file(seed, *sizes, ranges):
    """An int8 file with random layers: small_file(0, 20, 60, 5, …) has 20 inputs and 5 outputs."""
    rng = np.random.default_rng(seed)
    made = []
    for inputs, outputs in pairwise(sizes):
        weights = rng.normal(size=(outputs, inputs)) / np.sqrt(inputs)
        made.append((weights.astype("float32"), rng.normal(size=outputs).astype("float32")))
    return write_dense(made, "int8", ranges=ranges)


# %% item="file" answers=["run_file"]
### BEGIN SOLUTION
def run_file(content, codes):
    values = torch.from_numpy(codes)
    network = layers(read(content))
    for layer in network:
        a = (values.int() - layer.input_zero) @ layer.weights.int().t() + layer.bias
        ratio = layer.input_scale * layer.weight_scales.double() / layer.output_scale
        y = torch.round(a * ratio) + layer.output_zero
        low = -128 if layer is network[-1] else layer.output_zero
        values = y.clamp(low, 127).to(torch.int8)
    return values.numpy()


### END SOLUTION

# %% test="file" points=1
rng = np.random.default_rng(7)
content = small_file(1, 12, 5, ranges=[(-1, 2), (-4, 4)])
codes = rng.integers(-128, 128, (30, 12)).astype(np.int8)
answer = run_file(for_other_kernels(content), codes)
assert isinstance(answer, np.ndarray), f"expected a NumPy array, but got {type(answer).__name__}"
assert answer.dtype == np.int8, f"the answer should be int8, not {answer.dtype}"
assert answer.shape == (30, 5), f"expected the shape (30, 5), but got {answer.shape}"
gap = np.abs(answer.astype(int) - predict_codes(content, codes)).max()
assert gap <= 1, f"one layer: the answer is up to {gap} steps from LiteRT's (lesson, part 4)"
### BEGIN HIDDEN TESTS
for seed, inputs, outputs, ranges in (
    (2, 7, 1, [(0, 1), (-2, 3)]),
    (3, 40, 9, [(-3, 3), (-1, 1)]),
    (4, 5, 12, [(-1, 0.2), (-6, 1)]),
):
    content = small_file(seed, inputs, outputs, ranges=ranges)
    codes = rng.integers(-128, 128, (50, inputs)).astype(np.int8)
    kept = codes.copy()
    answer = run_file(for_other_kernels(content), codes)
    gap = np.abs(answer.astype(int) - predict_codes(content, codes)).max()
    assert gap <= 1, "One layer, other sizes and ranges: an answer is more than a step off."
    assert (codes == kept).all(), "The codes themselves have changed."
# Weights from -3 to 3, and a step out for a product of 1. What is made anew from floats has others.
ones, nothing = np.ones((9, 7), np.float32), np.zeros(9, np.float32)
content = write_dense([(ones, nothing)], "int8", ranges=[(-1, 1), (-1 / 127, 1 / 127)])
at, levels = read(content).weights[0].start, rng.integers(-3, 4, 63).astype(np.int8)
content = content[:at] + levels.tobytes() + content[at + 63 :]
codes = rng.integers(-128, 128, (50, 7)).astype(np.int8)
answer = run_file(for_other_kernels(content), codes)
gap = np.abs(answer.astype(int) - predict_codes(content, codes)).max()
assert gap <= 1, "Small weights: an answer is more than a step off. Are they those of the file?"
### END HIDDEN TESTS

# %% test="file" points=1
content = small_file(5, 10, 8, 4, ranges=[(-1, 1), (-2, 3), (-3, 3)])
codes = rng.integers(-128, 128, (40, 10)).astype(np.int8)
answer = run_file(for_other_kernels(content), codes)
gap = np.abs(answer.astype(int) - predict_codes(content, codes)).max()
assert gap <= 1, (
    f"two layers, and a zero point that is not −128 behind the ReLU: up to {gap} steps from LiteRT's"
)
### BEGIN HIDDEN TESTS
for seed, sizes, ranges in (
    (6, (6, 20, 3), [(0, 1), (-1, 4), (-5, 5)]),
    (7, (16, 9, 2), [(-2, 2), (0, 3), (-1, 2)]),
    (8, (8, 12, 6, 3), [(-1, 1), (-0.5, 3), (-1, 3), (-4, 4)]),
):
    content = small_file(seed, *sizes, ranges=ranges)
    codes = rng.integers(-128, 128, (60, sizes[0])).astype(np.int8)
    answer = run_file(for_other_kernels(content), codes)
    gap = np.abs(answer.astype(int) - predict_codes(content, codes)).max()
    assert gap <= 1, "Several layers: an answer is more than a step off. Which layers have a ReLU?"
### END HIDDEN TESTS

# %% [markdown]
# ## 7 · Three colleagues (1 point)
#
# Three colleagues have each written the same int8 layer with two outputs. The pictures show, for many inputs, how far their output is from the right one, in
# steps. Each has made one of these mistakes, and no two the same:
#
# - `"no zero point"`: multiplies the inputs as they are stored
# - `"no rounding"`: shifts without adding the half
# - `"no clip"`: casts to int8 without clipping
# - `"relu at 0"`: clips at the integer 0 in place of the zero point
#
# Leave in `diagnosis` a `dict` from `"A"`, `"B"` and `"C"` to the mistake.
#
# *Lesson: parts 2 to 4.*

# %% given=true of="colleagues"
right, theirs = three_colleagues()
fig, axes = plot.figure(1, 3, width=11, height=3)
for ax, (name, made) in zip(axes, theirs.items(), strict=True):
    for unit, mark in enumerate("ox"):
        x_axis, off = right[:, unit], (made - right)[:, unit]
        ax.plot(x_axis, off, mark, linestyle="", markersize=4, label=f"output {unit}")
    ax.set(title=f"Colleague {name}", xlabel="right output (int8)", ylabel="off by (steps)")
axes[0].legend(loc="upper right")
plot.show(
    fig,
    alt="How far three colleagues' outputs are off, against the right output. A: two bands, one for each "
    "output, other than 0, but for the ends. B: 0 nearly everywhere; at 127 far below, at −128 far above. "
    "C: 0 or −1 everywhere between the ends.",
)

# %% item="colleagues" answers=["diagnosis"]
### BEGIN SOLUTION
diagnosis = {"A": "no zero point", "B": "no clip", "C": "no rounding"}
### END SOLUTION

# %% test="colleagues" points=1
known = ("no zero point", "no rounding", "no clip", "relu at 0")
assert isinstance(diagnosis, dict), f"expected a dict, but got {type(diagnosis).__name__}"
assert sorted(diagnosis) == ["A", "B", "C"], f"the keys are A, B and C, not {sorted(diagnosis)}"
assert all(value in known for value in diagnosis.values()), f"each is one of {', '.join(known)}"
assert len(set(diagnosis.values())) == 3, "three colleagues, three different mistakes"
print("Which letter is which is checked later.")
### BEGIN HIDDEN TESTS
assert diagnosis["B"] == "no clip", (
    "B is right nearly everywhere. At which outputs is B wrong, and by how much?"
)
assert diagnosis["C"] == "no rounding", "C is never more than one step off. In which direction?"
assert diagnosis["A"] == "no zero point", (
    "A is off by one amount for each output, give or take a few steps. What is such a term called?"
)
### END HIDDEN TESTS

# %% [markdown]
# ## 8 · Which layers need a shorter range? (2 points)
#
# A kernel multiplies uint8 inputs by int8 weights and adds each pair of neighbours, the inputs 0 and 1, 2 and 3, and so on, in a **saturating** int16. With an odd number
# of inputs the last one stands alone. Inputs go from 0 to `top`.
#
# Write `safe_top(weights)`: for an int8 tensor of the shape (outputs, inputs) it returns the largest `top` up to 255, an `int`, with which no pair can leave int16 (−32,768 to
# 32,767), whatever the inputs are.
#
# Then decide: a layer that is safe keeps all 8 bits, because the shorter range costs precision; any other one gets 7. Leave in `tops` a `dict` from each name of
# `old_chip` to 255 or 127.
#
# Example: for the weights `[[100, 100, -128, 127]]` the first pair sums to at most `200 * top`, so the largest `top` is 163.
#
# *Lesson: part 6.*

# %% given=true
torch.manual_seed(5)
old_chip = {  # int8 weights of each layer
    "stem": torch.randint(-60, 61, (16, 27), dtype=torch.int8),
    "middle": torch.randint(-127, 128, (32, 64), dtype=torch.int8),
    "narrow": torch.tensor([[127, -128, 127, -128], [-128, 127, 1, 127]], dtype=torch.int8),
    "head": torch.randint(-40, 41, (10, 33), dtype=torch.int8),
    "last": torch.tensor([[64, 64, 3], [-64, -65, 9]], dtype=torch.int8),
}


# %% item="pairs" answers=["safe_top", "tops"]
### BEGIN SOLUTION
def safe_top(weights):
    even = nn.functional.pad(weights.int(), (0, weights.shape[1] % 2))
    pairs = even.reshape(-1, 2)
    most = int(pairs.clamp(min=0).sum(1).max())
    least = int(pairs.clamp(max=0).sum(1).min())
    return min(255, 32767 // max(most, 1), -32768 // min(least, -1))


tops = {name: 255 if safe_top(weights) == 255 else 127 for name, weights in old_chip.items()}
### END SOLUTION

# %% test="pairs" points=1
top = safe_top(torch.tensor([[100, 100, -128, 127]], dtype=torch.int8))
assert isinstance(top, int), f"expected an int, but got {type(top).__name__}"
assert top == 163, explain(
    top,
    {
        81: "each input goes with one weight: is the pair counted twice?",
        255: "two products of 255 · 100 are 51,000. Does that fit into int16?",
        128: "32768 // 255 is the sum of a single pair of −128 and 127, added as if both were positive",
        127: "not 127 at once: the largest top that is safe for these weights is asked for",
        72: "weights of all pairs are added. Only neighbours share an int16",
    },
    f"expected 163, but got {top}",
)
assert safe_top(torch.tensor([[127, -128]], dtype=torch.int8)) == 255, (
    "127 and −128 are one pair. Which inputs make its sum the largest, and which the lowest?"
)
assert safe_top(torch.tensor([[-128, -128]], dtype=torch.int8)) == 128, "the low end is −32,768"
assert safe_top(torch.tensor([[1, 1, 127]], dtype=torch.int8)) == 255, (
    "with three inputs the last one stands alone"
)
### BEGIN HIDDEN TESTS
for rows, wanted in (
    ([[127, 127]], 129),
    ([[-128, -128]], 128),
    ([[-127, -127]], 129),
    ([[127, -128]], 255),
    ([[0, 0], [0, 0]], 255),
    ([[64, 64]], 255),
    ([[64, 65]], 254),
    ([[-64, -64]], 255),
    ([[-64, -65]], 254),
    ([[1, 2], [90, 100]], 172),
    ([[5, 100, 100, 5]], 255),
    ([[1, 1, 127]], 255),
    ([[127, 127, 127, 1]], 129),
    ([[0, 0, 127, 127]], 129),
    ([[100, 117]], 151),
    ([[3], [-128]], 255),
    ([[1, 127, 127, 1], [-120, -110, 3, 3]], 142),
):
    top = safe_top(torch.tensor(rows, dtype=torch.int8))
    assert top == wanted, (
        "Some weights come out wrong. Which inputs make a pair's sum the largest, and which the lowest? Which two make a pair?"
    )
weights = torch.tensor([[5, -100], [-90, 7]], dtype=torch.int8)
kept = weights.clone()
safe_top(weights)
assert torch.equal(weights, kept), "The weights themselves have changed."
### END HIDDEN TESTS

# %% test="pairs" points=1
assert isinstance(tops, dict), f"expected a dict, but got {type(tops).__name__}"
assert sorted(tops) == sorted(old_chip), f"one entry for each layer, not {sorted(tops)}"
assert all(top in (255, 127) for top in tops.values()), "each layer gets 255 or 127"
print("Which layer gets which is checked later.")
### BEGIN HIDDEN TESTS
assert tops["middle"] == 127, "One layer has two large neighbours of the same sign. What about it?"
assert tops["narrow"] == 255, "Large neighbours of opposite signs: can their pair saturate?"
assert tops["last"] == 127, "A pair that is just too large is too large."
assert tops["stem"] == 255, "Is the shorter range needed for small weights?"
assert tops["head"] == 255, "Is the shorter range needed for small weights?"
### END HIDDEN TESTS

# %% [markdown]
# ## 9 · A report (2 points, graded by your teacher)
#
# A colleague has ported an int8 CNN to a chip without floats. He writes: *“My integer kernel is right: on 500 test images the accuracy is the same as LiteRT's, 0.86. The single
# outputs differ from LiteRT's in most places by one to three steps, but that is surely the well-known ‘one step off’ of rounding. At the borders of the image they differ more. By the way,
# I got rid of the rounding constant before the shift: nobody needs it.”*
#
# Answer in four to eight sentences, so that he can act on it: what equal accuracy shows and what it doesn't; which of the differences are to be expected and which
# are bugs, with the likely cause of each; and what he should compare instead, layer by layer.
#
# *Lesson: parts 3 to 5.*

# %% [markdown] item="report" manual=true points=2
# ### BEGIN SOLUTION
# **Accuracy.** Equal accuracy on 500 images shows little: rounding down everywhere, or multipliers of a few bits, change hardly any answers, and 500 images could not show a loss of a percentage
# point or two. It does not show that the arithmetic is right.
#
# **Differences.** Two correct kernels may differ by one step, in a small share of the outputs, because they round in different ways. One to three steps in most places is something else: without the
# constant $2^{k-1}$ the shift rounds down, half a step too low on average in every layer, and it adds up through the layers. Put it back. The larger differences at the border point to the padding: it
# must be the zero point of the input and not the integer 0.
#
# **Instead.** Compare integers and not accuracies: give each layer LiteRT's own input and compare its int8 output (and the int32 accumulators, which must be exact), so that errors do not
# add up. Allow one step, count how many differ, and look where: everywhere, at borders, per channel.
#
# Rubric, 1 point each:
#
# 1. Says that equal accuracy does not prove the arithmetic (hardly sensitive, few images) **and** that one step in a few outputs is to be expected, but most outputs or more steps are not. One of them: half a point.
# 2. Names both causes, the missing rounding constant (rounds down) and the padding (zero point), **and** compares integers layer by layer. Two of these three: half a point.
# ### END SOLUTION
