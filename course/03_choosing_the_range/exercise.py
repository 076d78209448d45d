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
# # 03 · Choosing the range: exercise
#
# Eight items, 18 points, about 70 minutes. Everything you need stands in
# [the lesson](../../notebooks/03_choosing_the_range.ipynb); each item says where.
#
# - Write your answer in place of `raise NotImplementedError()`. Keep the names that the item asks for; all
#   other names are yours.
# - Run the tests under each item. They show a part of what is checked. The rest is checked on inputs that
#   you have not seen, so solve the task and not the example.
# - The items do not need each other. If one resists, go on.
# - Quantization is symmetric everywhere: $b$ bits use the codes from $-(2^{b-1}-1)$ to $2^{b-1}-1$, and the largest
#   magnitude of a group gets the outermost code. A tensor that is passed in is never changed.

# %% given=true
import math

import torch

from coursekit import explain
from coursekit.pictures import plot
from coursekit.lesson_03.diagnose import five_layers

# %% [markdown]
# ## 1 · A scale for each channel (3 points)
#
# Write `quantize_channels(weight, bits, axis)`. `weight` is a float32 tensor of any number of dimensions, `axis` says which of
# them counts the channels (0 for a linear layer or a convolution, 1 for a transposed convolution; −1 is the last), and `bits` goes from 2 to 8. It
# returns two tensors:
#
# - `codes`, **int8**, of the shape of `weight`: each weight over the scale of its channel, rounded to the nearest;
# - `scales`, float32, with as many dimensions as `weight` and the length 1 in all but `axis`, so that `codes * scales` comes
#   back to the weights.
#
# A channel of zeros gets the scale 1. A NaN or an infinity raises `ValueError`, and so does a tensor without values. Weights may be as
# large as float32 allows, and a channel's largest as small as $10^{-30}$.
#
# Example: `[[1.27, -0.5], [0.0, 0.0]]` with 8 bits and axis 0 has the codes `[[127, -50], [0, 0]]` and the scales
# `[[0.01], [1.0]]`.
#
# *Lesson: part 1.*


# %% item="channels" answers=["quantize_channels"]
### BEGIN SOLUTION
def quantize_channels(weight, bits, axis):
    if weight.numel() == 0 or not weight.isfinite().all():
        raise ValueError("weights must be finite, and at least one")
    high = 2 ** (bits - 1) - 1
    others = [d for d in range(weight.dim()) if d != axis % weight.dim()]
    largest = weight.abs().amax(others, keepdim=True) if others else weight.abs()
    scales = torch.where(largest == 0, 1.0, largest / high)
    return (weight / scales).round().clamp(-high, high).to(torch.int8), scales


### END SOLUTION

# %% test="channels" points=1
torch.manual_seed(7)  # what is random below is the same each time
codes, scales = quantize_channels(torch.tensor([[1.27, -0.5], [0.03, 0.06]]), 8, 0)
assert codes.dtype == torch.int8, f"the codes should be torch.int8, not {codes.dtype}"
assert scales.shape == (2, 1), (
    f"the scales should have the shape (2, 1), not {tuple(scales.shape)}: keep the dimension"
)
assert scales.dtype == torch.float32, f"the scales should be torch.float32, not {scales.dtype}"
assert codes.tolist() == [[127, -50], [64, 127]] or codes.tolist() == [[127, -50], [63, 127]], (
    f"expected [[127, -50], [64, 127]], but got {codes.tolist()}. Which weights share a scale? (lesson, part 1)"
)
### BEGIN HIDDEN TESTS
for bits in (8, 4, 2, 5):
    for shape in ((6, 40), (5, 5), (1, 9), (30, 1)):
        weight = torch.randn(shape) * 10.0 ** torch.randint(-4, 5, (shape[0], 1))
        kept = weight.clone()
        codes, scales = quantize_channels(weight, bits, 0)
        assert torch.equal(weight, kept), "The weights themselves have changed."
        assert codes.shape == shape and scales.shape == (shape[0], 1), (
            "Do codes and scales have the shapes that the task names?"
        )
        wanted = weight.abs().amax(1, keepdim=True) / (2 ** (bits - 1) - 1)
        assert torch.allclose(scales, wanted, rtol=1e-5, atol=0), explain(
            bool((scales == scales.max()).all()) and shape[0] > 1,
            {True: "All scales are the same. Which weights share one?"},
            "How many steps are there from 0 to the largest magnitude of a channel, with b bits?",
        )
        assert ((codes * scales - weight).abs() <= scales * 0.501).all(), (
            "A weight is off by more than half a step. Rounded, or cut off? And does row i get scale i?"
        )
### END HIDDEN TESTS

# %% test="channels" points=1
torch.manual_seed(7)  # what is random below is the same each time
codes, scales = quantize_channels(torch.tensor([[1.0, 0.1], [0.5, -0.2]]), 2, 1)
assert scales.flatten().tolist() == torch.tensor([1.0, 0.2]).tolist(), (
    f"along axis 1 the scales are [1.0, 0.2], not {scales.flatten().tolist()}"
)
filters = torch.arange(-8.0, 4.0).reshape(2, 3, 1, 2)
codes, scales = quantize_channels(filters, 2, 1)
assert scales.shape == (1, 3, 1, 1), (
    f"a convolution, axis 1: the scales have the shape (1, 3, 1, 1), not {tuple(scales.shape)}"
)
assert scales.flatten().tolist() == [8, 6, 4], (
    f"a convolution, axis 1: the scales are [8, 6, 4], not {scales.flatten().tolist()}"
)
### BEGIN HIDDEN TESTS
for axis, shape in (
    (1, (4, 4)),
    (0, (3, 5, 2, 2)),
    (1, (3, 5, 2, 2)),
    (-1, (6, 7)),
    (2, (2, 3, 4)),
    (0, (9,)),
):
    place = axis % len(shape)
    form = [1] * len(shape)
    form[place] = shape[place]
    weight = torch.randn(shape) * (10.0 ** torch.randint(-3, 4, (shape[place],))).reshape(form)
    codes, scales = quantize_channels(weight, 6, axis)
    assert tuple(scales.shape) == tuple(form), (
        "Which dimension of the scales counts the channels, for another axis or more dimensions?"
    )
    others = [d for d in range(len(shape)) if d != place]
    largest = weight.abs().amax(others, keepdim=True) if others else weight.abs()
    assert torch.allclose(scales, largest / 31, rtol=1e-5, atol=0), (
        "A filter of a convolution has three dimensions. Is the largest taken over all but the axis?"
    )
    assert ((codes * scales - weight).abs() <= scales * 0.501).all(), (
        "A weight is off by more than half a step of its channel."
    )
weight = torch.randn(5, 8).t()
codes, scales = quantize_channels(weight, 8, 0)
assert ((codes * scales - weight).abs() <= scales * 0.501).all(), "And for a transposed matrix?"
### END HIDDEN TESTS

# %% test="channels" points=1
torch.manual_seed(7)  # what is random below is the same each time
codes, scales = quantize_channels(torch.tensor([[0.0, 0.0], [1.0, 0.0]]), 8, 0)
assert codes.tolist() == [[0, 0], [127, 0]], f"zeros stay zeros, but the codes are {codes.tolist()}"
assert scales[0].item() == 1, f"a channel of zeros has the scale 1, not {scales[0].item()}"
try:
    quantize_channels(torch.tensor([[1.0, math.nan]]), 8, 0)
    raised = False
except ValueError:
    raised = True
assert raised, "a NaN should raise ValueError"
### BEGIN HIDDEN TESTS
largest = torch.finfo(torch.float32).max
for size in (2.0**-60, 2.0**100, 1e-30, largest / 4):
    weight = (torch.rand(4, 30) * 2 - 1) * size
    codes, scales = quantize_channels(weight, 4, 0)
    assert torch.allclose(scales, weight.abs().amax(1, keepdim=True) / 7, rtol=1e-4, atol=0), (
        "Very small or very large weights are a range like any other. What is its scale?"
    )
    assert codes.abs().amax(1).tolist() == [7] * 4, "Does the largest magnitude get the last code?"
    assert ((codes * scales - weight).abs() <= scales * 0.501).all(), (
        "A very small or very large weight is off by more than half a step. Is each weight divided by its own scale and rounded, and nothing multiplied before?"
    )
codes, _ = quantize_channels(torch.full((3, 2), -4.0), 3, 0)
assert codes.tolist() == [[-3, -3]] * 3, "What are the codes if all weights are the same?"
for bad in (
    torch.zeros(0, 3),
    torch.zeros(3, 0),
    *(torch.tensor([[1.0, 2.0], [x, 0.0]]) for x in (math.nan, math.inf, -math.inf)),
):
    try:
        quantize_channels(bad, 8, 0)
        outcome = "no error"
    except ValueError:
        outcome = "ValueError"
    except Exception:
        outcome = "another error"
    assert outcome != "no error", "What should happen to a NaN, to an infinity, or without values?"
    assert outcome == "ValueError", "What kind of error does the prompt ask for?"
### END HIDDEN TESTS

# %% [markdown]
# ## 2 · A clip for each row (2 points)
#
# With few bits it pays to clip, and each row has a best clip of its own. Write `best_clips(weight, bits, shares)`. `weight` is a
# float32 matrix, at least one row and one column, and `shares` a list of numbers above 0 and up to 1, at least one, in any order. The possible
# clips of a row are its largest magnitude times each of the shares. A clip $c$ has the scale $c/(2^{b-1}-1)$; what is larger
# in magnitude is clipped.
#
# Return a float32 tensor of the shape (rows,): for each row the clip with the smallest squared error, rounding and
# clipping together. If two are equally good, the **longer** one. A row of zeros has the clip 0. Weights may be as large as $10^{30}$
# and as small as $10^{-30}$: their squares fit in a float64, and not in a float32.
#
# Example: the row `[1, 1, -1, 1, 10]` with 2 bits and the shares `[1.0, 0.1]` has the clip 10: the four ones are off by 1 each.
# With clip 1 the 10 would be off by 9.
#
# *Lesson: part 3; lesson 02, part 7.*


# %% item="clips" answers=["best_clips"]
### BEGIN SOLUTION
def best_clips(weight, bits, shares):
    high = 2 ** (bits - 1) - 1
    largest = weight.abs().amax(1, keepdim=True)
    best, least = torch.zeros_like(largest), torch.full_like(largest, math.inf, dtype=torch.float64)
    for share in sorted(shares, reverse=True):
        clip = largest * share
        scale = torch.where(clip == 0, 1.0, clip / high)
        back = (weight / scale).round().clamp(-high, high) * scale
        error = (weight - back).double().square().sum(1, keepdim=True)
        best, least = torch.where(error < least, clip, best), torch.minimum(error, least)
    return best[:, 0]


### END SOLUTION

# %% test="clips" points=1
torch.manual_seed(7)  # what is random below is the same each time
one = torch.tensor([[1.0, 1.0, -1.0, 1.0, 10.0]])
assert best_clips(one, 2, [0.1, 1.0]).tolist() == [10.0], "expected [10.0] for the example"
two = torch.cat([torch.linspace(-1, 1, 999), torch.tensor([8.0])]).repeat(2, 1)
two[1] = torch.linspace(-4, 4, 1000)
clips = best_clips(two, 3, [0.25, 1.0])
assert clips.shape == (2,), f"one clip for each row, but the shape is {tuple(clips.shape)}"
assert clips.tolist() == [2.0, 4.0], (
    f"expected [2, 4], but got {clips.tolist()}. One row has an outlier and the other none: does each row choose for itself?"
)
large = best_clips(torch.tensor([[1.0, -1.0, 1.0, 2.0]]) * 2.0**70, 2, [0.5, 1.0])
assert large.tolist() == [2.0**70], (
    f"clip 2^71 is off by 2^70 three times, clip 2^70 once, but got {large.tolist()}. Does a float32 hold the squares?"
)
### BEGIN HIDDEN TESTS
shares = [n / 16 for n in range(1, 17)]
for bits in (2, 3, 4, 8):
    for size in (1.0, 2.0**-70, 2.0**70):
        weight = torch.cat(
            [torch.randn(4, 300), torch.rand(3, 300) - 0.5, torch.randn(4, 300) ** 3]
        )
        weight = weight * size * 10.0 ** torch.randint(-2, 3, (11, 1))
        kept, given = weight.clone(), shares[::2] + shares[1::2]
        order = list(given)
        clips = best_clips(weight, bits, given)
        assert torch.equal(weight, kept), "The weights themselves have changed."
        assert given == order, "The list of shares has changed."
        assert clips.shape == (11,) and clips.dtype == torch.float32, (
            "Shape and type of the result should be those that the task names."
        )
        high, largest = 2 ** (bits - 1) - 1, weight.abs().amax(1)
        place = clips / largest * 16
        assert torch.allclose(place, place.round(), atol=1e-3), (
            "Is each clip one of the shares of that row's own largest magnitude?"
        )
        tried = []
        for share in shares:
            scale = (largest * share / high)[:, None]
            back = (weight / scale).round().clamp(-high, high) * scale
            tried.append((weight - back).double().square().sum(1))
        tried = torch.stack(tried)
        reached = tried.gather(0, (place.round().long() - 1)[None])[0]
        worse = reached > tried.min(0).values * 1.01
        assert not worse.any(), explain(
            int(place.round().min()),
            {
                16: "Every row keeps its largest magnitude. What happens to the steps of all others?",
                1: "Is it the smallest error? Does every weight count, clipped or not?",
            },
            "For each row, sum the squares of all errors, of what is rounded and of what is clipped.",
        )
### END HIDDEN TESTS

# %% test="clips" points=1
torch.manual_seed(7)  # what is random below is the same each time
clips = best_clips(torch.tensor([[0.0, 0.0], [3.0, -3.0]]), 4, [0.5, 1.0])
assert clips.tolist() == [0.0, 3.0], f"a row of zeros has the clip 0, but got {clips.tolist()}"
assert best_clips(torch.tensor([[1.0, 2.0]]), 2, [0.5, 1.0]).tolist() == [2.0], (
    "the clips 1 and 2 are both off by 1 in all: the longer one should come back"
)
### BEGIN HIDDEN TESTS
assert best_clips(torch.tensor([[2.0]]), 2, [1.0]).tolist() == [2.0], "And a single weight?"
several = torch.cat([torch.randn(2, 3000) * 0.1, torch.tensor([[5.0], [0.1]])], 1)
chosen_clips = best_clips(several, 4, [0.06, 1.0])
assert chosen_clips[0] < 1, "One weight in 3,000 is far away. Is the clip right for the others?"
assert chosen_clips[1] > 0.2, (
    "A row without an outlier: is its clip its own, and what does clipping cost?"
)
tie = torch.tensor([[4.0, 0.0, 0.0], [4.0, 4.0, 1.0]])
assert best_clips(tie, 3, [1.0]).tolist() == [4.0, 4.0], "What if there is only one share?"
equal = torch.tensor([[-3.0, 6.0]])  # clips 3 and 6 are off by 3 each, 2 bits
for order in ([0.5, 1.0], [1.0, 0.5]):
    assert best_clips(equal, 2, order).tolist() == [6.0], (
        "The shares come in any order. Does it decide between two clips that are equally good?"
    )
both = torch.tensor([[-6.0, 1.0, 1.0, 2.0, -2.0], [6.0, -1.0, -1.0, -2.0, 2.0]])
clips = best_clips(both, 3, [1 / 3, 1.0])
assert clips[0] == clips[1], "Is a negative outlier treated as a positive one?"
dead = torch.cat([torch.zeros(1, 50), torch.randn(2, 50)])
assert best_clips(dead, 4, [0.3, 0.6, 1.0]).isfinite().all(), "A row of zeros spoils the result."
### END HIDDEN TESTS

# %% [markdown]
# ## 3 · Two codes in a byte (2 points)
#
# Write two functions.
#
# `pack(codes)` takes a tensor of whole numbers from −8 to 7, of one dimension and any length and integer type, and returns them as
# **uint8**, two in a byte: the first code of a pair in the low half, the second in the high half, each as two's complement (−1 is 15). If
# their number is odd, the last high half is 0. A code that 4 bits can't hold raises `ValueError`.
#
# `unpack(packed, count)` returns the `count` codes, int8.
#
# Example: `[-7, 3, -1]` is packed to `[57, 15]`, since −7 is 9 in four bits, and 9 + 16 · 3 = 57.
#
# *Lesson: part 2.*


# %% item="pack" answers=["pack", "unpack"]
### BEGIN SOLUTION
def pack(codes):
    if ((codes < -8) | (codes > 7)).any():
        raise ValueError("4 bits hold -8 to 7")
    halves = torch.zeros(len(codes) + len(codes) % 2, dtype=torch.int32)
    halves[: len(codes)] = codes.to(torch.int32) % 16
    return (halves[::2] + 16 * halves[1::2]).to(torch.uint8)


def unpack(packed, count):
    halves = torch.stack([packed % 16, packed // 16], 1).flatten()[:count].to(torch.int8)
    return torch.where(halves > 7, halves - 16, halves)


### END SOLUTION

# %% test="pack" points=1
torch.manual_seed(7)  # what is random below is the same each time
packed = pack(torch.tensor([-7, 3, 0, -1], dtype=torch.int8))
assert packed.dtype == torch.uint8, f"bytes are torch.uint8, not {packed.dtype}"
assert packed.tolist() == [57, 240], (
    f"expected [57, 240], but got {packed.tolist()}. Which code comes first, and what is −1 in four bits?"
)
### BEGIN HIDDEN TESTS
every = torch.cartesian_prod(torch.arange(-8, 8), torch.arange(-8, 8))
wanted = (every[:, 0] % 16) + 16 * (every[:, 1] % 16)
for dtype in (torch.int8, torch.int64, torch.int16):
    codes = every.flatten().to(dtype)
    kept = codes.clone()
    packed = pack(codes)
    assert torch.equal(codes, kept), "The codes themselves have changed."
    assert packed.shape == (256,), "How many bytes do two codes take?"
    assert torch.equal(packed.long(), wanted), explain(
        torch.equal(packed.long(), 16 * (every[:, 0] % 16) + every[:, 1] % 16),
        {True: "Which half of the byte does the first code of a pair get?"},
        "Try all pairs of two codes. Which four bits does a negative code have?",
    )
### END HIDDEN TESTS

# %% test="pack" points=1
torch.manual_seed(7)  # what is random below is the same each time
odd = pack(torch.tensor([-7, 3, -1]))
assert odd.tolist() == [57, 15], f"an odd number of codes: [57, 15], not {odd.tolist()}"
back = unpack(torch.tensor([57, 15], dtype=torch.uint8), 3)
assert back.dtype == torch.int8, f"the codes should be int8, not {back.dtype}"
assert back.tolist() == [-7, 3, -1], f"expected [-7, 3, -1], but got {back.tolist()}: signs?"
### BEGIN HIDDEN TESTS
for count in (0, 1, 2, 5, 64, 1001):
    codes = torch.randint(-8, 8, (count,))
    packed = pack(codes)
    assert packed.numel() == (count + 1) // 2, "How many bytes do an odd number of codes take?"
    assert count % 2 == 0 or packed[-1] < 16, (
        "What stands in the last high half, if there is no code for it?"
    )
    kept = packed.clone()
    back = unpack(packed, count)
    assert torch.equal(packed, kept), "The bytes themselves have changed."
    assert back.shape == (count,), "How many codes should come back?"
    assert torch.equal(back.long(), codes), "Packed and unpacked, the codes should be as before."
back = unpack(torch.arange(256, dtype=torch.uint8), 512)
assert set(back.tolist()) == set(range(-8, 8)), "Which sixteen codes are there in four bits?"
for bad in ([8], [-9, 0], [1, 100], [259], [0, -256]):
    try:
        pack(torch.tensor(bad))
        outcome = "no error"
    except ValueError:
        outcome = "ValueError"
    except Exception:
        outcome = "another error"
    assert outcome != "no error", "What should happen to a code that 4 bits can't hold?"
    assert outcome == "ValueError", "What kind of error does the prompt ask for?"
### END HIDDEN TESTS

# %% [markdown]
# ## 4 · Which scheme fits? (2 points)
#
# Write `stored_bytes(shapes, bits, size, scale_bits)`: the bytes that the weights of a network take. `shapes` lists
# (rows, columns) of each layer. Each row is cut into groups of `size` weights, the last one may be shorter; `size=None` means one group
# for the **whole layer**. Each group has a scale of `scale_bits` bits. All bits of a layer, codes and scales, are packed without gaps and rounded up to
# whole bytes, layer by layer.
#
# Then decide. A device has 135,000 bytes of flash for the network below. Suppose that these accuracies were measured for the schemes in the table. Leave in
# `chosen` the name of the scheme that **fits** and has the **highest accuracy**. If the best two are within 0.005 of each
# other, they can't be told apart on these images, and the smaller of the two is to be taken.
#
# *Lesson: part 2.*

# %% given=true
network = [(300, 784), (100, 300), (10, 100)]
schemes = {  # bits, size of a group, bits of a scale, measured accuracy
    "int8, per tensor": (8, None, 32, 0.853),
    "int4, per tensor": (4, None, 32, 0.781),
    "int4, groups of 128": (4, 128, 16, 0.849),
    "int3, groups of 16": (3, 16, 16, 0.846),
    "int3, groups of 32": (3, 32, 16, 0.845),
    "int3, groups of 128": (3, 128, 16, 0.838),
    "int2, groups of 16": (2, 16, 16, 0.792),
    "int2, groups of 8": (2, 8, 16, 0.803),
}


# %% item="fits" answers=["stored_bytes", "chosen"]
### BEGIN SOLUTION
def stored_bytes(shapes, bits, size, scale_bits):
    total = 0
    for rows, columns in shapes:
        groups = 1 if size is None else rows * math.ceil(columns / size)
        total += math.ceil((rows * columns * bits + groups * scale_bits) / 8)
    return total


chosen = "int3, groups of 32"
### END SOLUTION

# %% test="fits" points=1
result = stored_bytes([(10, 64)], 4, 32, 16)
assert isinstance(result, int), f"bytes are an int, not {type(result).__name__}"
assert result == 360, f"320 bytes of codes and 20 scales of 2 bytes: 360, not {result}"
result = stored_bytes([(1, 5)], 3, 4, 8)
assert result == 4, f"5 codes of 3 bits and 2 scales of 8 bits are 31 bits: 4 bytes, not {result}"
result = stored_bytes([(2, 4)], 8, None, 32)
assert result == 12, f"`size=None` is one scale of 4 bytes for the whole layer: 12, not {result}"
### BEGIN HIDDEN TESTS
assert stored_bytes([(10, 64), (3, 8)], 8, None, 32) == 672, (
    "With `size=None`, how many scales does a layer have?"
)
assert stored_bytes([(10, 65)], 4, 32, 16) == 385, (
    "How many groups does a row of 65 weights have, if the size is 32?"
)
assert stored_bytes([(1, 3), (1, 3)], 3, None, 8) == 6, (
    "Codes and scales are packed, then rounded up. For each layer?"
)
assert stored_bytes([(1, 4)], 3, 4, 4) == 2, (
    "Are codes and scales rounded up together, or each alone?"
)
assert stored_bytes([(4, 5)], 1, 5, 32) == 19, "Does it work for 1 bit and float32 scales?"
assert stored_bytes([], 4, 32, 16) == 0, "What does a network without weights take?"
assert stored_bytes([(7, 10)], 2, 100, 16) == 32, "And groups that are longer than a row?"
### END HIDDEN TESTS

# %% test="fits" points=1
assert chosen in schemes, f"one of the names in the table, but it is {chosen!r}"
assert chosen != "int8, per tensor", (
    "266,200 weights of 8 bits take 266,200 bytes, and the device has 135,000"
)
print("Whether it is the right choice is checked later.")
### BEGIN HIDDEN TESTS
assert chosen == "int3, groups of 32", explain(
    chosen,
    {
        "int8, per tensor": "How many bytes does it take? Does it fit?",
        "int4, groups of 128": "4 bits are not all that it takes. What do the scales add, and does it fit then?",
        "int3, groups of 16": "Is it really better than the next one, given the noise? Which of the two is smaller?",
        "int3, groups of 128": "How far is its accuracy from the best of those that fit?",
    },
    "Of those that fit, which ones are the most accurate?",
)
### END HIDDEN TESTS

# %% [markdown]
# ## 5 · Find the bugs (2 points)
#
# A colleague has written fake quantization with a scale for each row. “With my layer of 300×784 it stops with an error, so I tested
# it with 64×64, and there it runs. But it is worse than one scale for all! And in one layer the result is NaN.”
#
# ```python
# def per_row(weight, bits):
#     high = 2 ** (bits - 1)
#     scales = weight.abs().max(dim=1).values / high
#     codes = (weight / scales).round().clamp(-high, high - 1)
#     return codes * scales
# ```
#
# Find the bugs and write it so that, for any float32 matrix of finite numbers and `bits` from 2 to 8:
#
# - each row has a scale of its own, its largest magnitude over $2^{b-1}-1$, and no weight is off by more than half of it;
# - each row has at most $2^b - 1$ different values, the same on both sides of 0;
# - a row of zeros comes back as zeros. The shape stays, and `weight` too.
#
# *Lesson: part 1.*


# %% item="bugs" answers=["per_row"]
### BEGIN SOLUTION
def per_row(weight, bits):
    high = 2 ** (bits - 1) - 1
    largest = weight.abs().amax(1, keepdim=True)
    scales = torch.where(largest == 0, 1.0, largest / high)
    return (weight / scales).round().clamp(-high, high) * scales


### END SOLUTION

# %% test="bugs" points=1
torch.manual_seed(7)  # what is random below is the same each time
weight = torch.tensor([[1.0, 0.4], [0.01, -0.004]])
back = per_row(weight.clone(), 3)
assert torch.allclose(back, torch.tensor([[1.0, 1 / 3], [0.01, -0.01 / 3]])), (
    f"expected [[1, 0.333], [0.01, -0.0033]], but got {back.tolist()}. Which scale meets which weight?"
)
### BEGIN HIDDEN TESTS
for bits in range(2, 9):
    for shape in ((16, 16), (5, 40), (40, 5), (1, 9)):
        for size in (1.0, 2.0**-60, 2.0**100):
            weight = torch.randn(shape) * size * 10.0 ** torch.randint(-4, 5, (shape[0], 1))
            kept = weight.clone()
            back = per_row(weight, bits)
            assert torch.equal(weight, kept), "The weights themselves have changed."
            assert back.shape == shape, "Does the result have the shape of the weights?"
            high = 2 ** (bits - 1) - 1
            scales = weight.abs().amax(1, keepdim=True) / high
            assert ((back - weight).abs() <= scales * 0.501).all(), (
                "A weight is off by more than half a step of its own row. Try a square matrix, "
                "and the largest weight of a row."
            )
            steps = back / scales
            assert (steps - steps.round()).abs().max() < 0.01, (
                "The values of a row do not lie on its steps. How many are there from 0 to the largest?"
            )
### END HIDDEN TESTS

# %% test="bugs" points=1
torch.manual_seed(7)  # what is random below is the same each time
back = per_row(torch.tensor([[0.0, 0.0, 0.0], [1.0, -1.0, 0.0]]), 4)
assert back.tolist() == [[0, 0, 0], [1, -1, 0]], (
    f"zeros come back as zeros, but got {back.tolist()}"
)
### BEGIN HIDDEN TESTS
for bits in range(2, 9):
    weight = torch.randn(6, 6)
    weight[2] = 0
    back = per_row(weight, bits)
    assert (back[2] == 0).all() and back.isfinite().all(), "A row of zeros spoils the result."
    assert torch.allclose(per_row(-weight, bits), -back), "Is it the same on both sides of 0?"
    largest = weight.abs().amax(1)
    assert torch.allclose(back.abs().amax(1), largest, rtol=1e-5), (
        "The largest weight of a row should come back. Is there a code for it, on either side?"
    )
    steps = (back / largest.clamp(min=1e-30)[:, None]) * (2 ** (bits - 1) - 1)
    assert (steps - steps.round()).abs().max() < 0.01, (
        "The values of a row do not lie on its steps. How many are there from 0 to the largest?"
    )
    tiny = weight.clone()
    tiny[3] = torch.tensor([1e-9, -3e-10, 0, 0, 0, 0])
    assert per_row(tiny, 8)[3, 0] > 0, "A row of small weights is not a row of zeros."
### END HIDDEN TESTS

# %% [markdown]
# ## 6 · Read an MXFP4 file (2 points)
#
# A model's weights came in MXFP4: two tensors of type uint8. `packed` has the shape (rows, columns / 2), two fp4 codes (e2m1) in a byte,
# the first in the low half. `scales` has the shape (rows, columns / 32), one scale for 32 neighbouring weights, in the format **e8m0**: PyTorch
# knows it as `torch.float8_e8m0fnu`. Write `read_mxfp4(packed, scales)`: the float32 tensor of the shape (rows, columns). There
# may be no rows.
#
# Let PyTorch decode the scales: `scales.view(torch.float8_e8m0fnu).float()`. For the fp4 codes it has only a name, so decode them
# yourself: code 0 is 0, and code 8 is −0; the highest of the four bits is the sign.
#
# Example: the byte 0x9A = 154 holds the codes 10 and 9, which stand for −1 and −0.5. With the scale 128 (which is $2^{128-127} = 2$) they
# are −2 and −1.
#
# *Lesson: part 2.*


# %% item="mxfp4" answers=["read_mxfp4"]
### BEGIN SOLUTION
def read_mxfp4(packed, scales):
    sizes = torch.tensor([0, 0.5, 1, 1.5, 2, 3, 4, 6])
    table = torch.cat([sizes, -sizes])
    codes = torch.stack([packed % 16, packed // 16], -1).flatten(-2).long()
    each = scales.view(torch.float8_e8m0fnu).float().repeat_interleave(32, 1)
    return table[codes] * each


### END SOLUTION

# %% test="mxfp4" points=1
torch.manual_seed(7)  # what is random below is the same each time
packed = torch.zeros(1, 16, dtype=torch.uint8)
packed[0, 0], packed[0, 1] = 154, 0x71
back = read_mxfp4(packed, torch.tensor([[128]], dtype=torch.uint8))
assert back.shape == (1, 32), f"16 bytes hold 32 weights: (1, 32), not {tuple(back.shape)}"
assert back.dtype == torch.float32, f"the weights should be float32, not {back.dtype}"
assert back[0, :4].tolist() == [-2, -1, 1, 12], (
    f"expected -2, -1, 1, 12 at the beginning, but got {back[0, :4].tolist()} (lesson, part 2)"
)
### BEGIN HIDDEN TESTS
sizes = [0, 0.5, 1, 1.5, 2, 3, 4, 6]
for code in range(16):
    value = sizes[code % 8] * (-1 if code > 7 else 1)
    packed = torch.full((2, 16), code + 16 * code, dtype=torch.uint8)
    back = read_mxfp4(packed, torch.full((2, 1), 127, dtype=torch.uint8))
    assert (back == value).all(), explain(
        float(back[0, 0]),
        {
            float(
                code
            ): "A code is not the number itself. What do its exponent and its fraction say?",
            float(code - 16): "fp4 has a sign bit. Is that two's complement?",
            -value: "Which of the four bits is the sign, and what does it say if it is 0?",
        },
        "Try all 16 codes, with the scale 1. What do exponent 0 and the other exponents mean?",
    )
### END HIDDEN TESTS

# %% test="mxfp4" points=1
torch.manual_seed(7)  # what is random below is the same each time
scales = torch.tensor([[127, 128], [126, 130]], dtype=torch.uint8)
back = read_mxfp4(torch.full((2, 32), 0x22, dtype=torch.uint8), scales)  # code 2 is 1
assert back[:, ::32].tolist() == [[1, 2], [0.5, 8]], (
    f"expected the groups [[1, 2], [0.5, 8]], but got {back[:, ::32].tolist()}: which 32 weights share a scale?"
)
### BEGIN HIDDEN TESTS
sizes = [0, 0.5, 1, 1.5, 2, 3, 4, 6]
for rows, groups in ((3, 4), (1, 1), (7, 2), (0, 3)):
    packed = torch.randint(0, 256, (rows, 16 * groups), dtype=torch.uint8)
    scales = torch.randint(60, 190, (rows, groups), dtype=torch.uint8)
    kept = packed.clone(), scales.clone()
    back = read_mxfp4(packed, scales)
    assert torch.equal(packed, kept[0]) and torch.equal(scales, kept[1]), "An input has changed."
    assert back.shape == (rows, 32 * groups), "What is the shape of the weights?"
    table = torch.tensor([*sizes, *(-size for size in sizes)])
    low, high = table[(packed & 15).long()], table[(packed >> 4).long()]
    each = (2.0 ** (scales.double() - 127)).repeat_interleave(16, 1)
    assert torch.equal(back[:, ::2].double(), low * each), (
        "Some even weights are off: low half, and the right scale?"
    )
    assert torch.equal(back[:, 1::2].double(), high * each), (
        "Some odd weights are off: high half, and the right scale?"
    )
small = read_mxfp4(
    torch.full((1, 16), 0x77, dtype=torch.uint8), torch.tensor([[2]], dtype=torch.uint8)
)
assert small[0, 0].item() == 6 * 2.0**-125, "Are very small scales read right?"
nan = read_mxfp4(
    torch.full((1, 16), 0x22, dtype=torch.uint8), torch.tensor([[255]], dtype=torch.uint8)
)
assert nan.isnan().all(), "In e8m0 the code 255 is NaN. What does PyTorch's type say about it?"
### END HIDDEN TESTS

# %% [markdown]
# ## 7 · Five histograms (2 points)
#
# Five layers were quantized to int8, and something went wrong in four of them. `layers` holds their codes, (rows, columns). Run `look()` to
# see the histogram of all codes of each layer, and beside it the largest code of each row. Name the finding for each letter in
# `findings`, a `dict` from letter to one of these texts:
#
# - `"fine"`: the codes are used well;
# - `"too long"`: a few weights far away stretch the range of each row;
# - `"too short"`: many weights were clipped;
# - `"one scale"`: rows of different size share a scale;
# - `"one-sided"`: the values are not negative, and half of the codes lie idle.
#
# *Lesson: parts 1 and 3; lesson 02, part 3.*

# %% given=true of="findings"
mine = 0  ### VARIANT
layers = five_layers(mine)


def look():
    fig, axes = plot.figure(2, 5, width=14, height=4.5)
    for (above, below), (name, codes) in zip(axes.T, layers.items(), strict=True):
        above.hist(codes.flatten().numpy(), bins=range(-128, 129, 4), color="black")
        above.set(title=name, xlim=(-130, 130), xlabel="code", yticks=[])
        below.plot(codes.abs().amax(1).numpy(), linestyle="none", markersize=3)
        below.set(xlabel="row", ylim=(0, 135))
    axes[0, 0].set_ylabel("weights")
    axes[1, 0].set_ylabel("largest code")
    plot.show(fig, alt="Histograms of the codes of five layers, and the largest code of each row.")


# %% item="findings" answers=["findings"]
### BEGIN SOLUTION
findings = {}
for letter, codes in layers.items():
    largest = codes.abs().amax(1)
    if codes.min() >= 0:
        findings[letter] = "one-sided"
    elif (codes.abs() == 127).float().mean() > 0.05:
        findings[letter] = "too short"
    elif largest.min() < 127:
        findings[letter] = "one scale"
    elif codes.float().abs().median() < 5:
        findings[letter] = "too long"
    else:
        findings[letter] = "fine"
### END SOLUTION

# %% test="findings" points=1
assert isinstance(findings, dict), f"`findings` should be a dict, not {type(findings).__name__}"
assert sorted(findings) == [*"ABCDE"], f"one finding for each of A to E, but got {sorted(findings)}"
_texts = {"fine", "too long", "too short", "one scale", "one-sided"}
assert set(findings.values()) <= _texts, (
    f"only the texts of the list, not {set(findings.values()) - _texts}"
)
assert len(set(findings.values())) == 5, "each of the five texts fits exactly one layer"
print("Which letter is which is checked later.")
### BEGIN HIDDEN TESTS
_first = ("fine", "too long", "one-sided", "one scale", "too short")
_of = {  # by finding, the letter
    finding: next(name for name in layers if torch.equal(layers[name], codes))
    for finding, codes in zip(_first, five_layers().values(), strict=True)
}
assert findings[_of["too short"]] == "too short", explain(
    findings[_of["too short"]],
    {"fine": "In the layer that you call fine, how many weights have one of the two last codes?"},
    "What does a heap at both ends of a histogram say?",
)
assert findings[_of["one-sided"]] == "one-sided", "Which layer never uses half of its codes?"
### END HIDDEN TESTS

# %% test="findings" points=1
assert len(findings) == 5, "one finding for each layer"
print("Which letter is which is checked later.")
### BEGIN HIDDEN TESTS
_first = ("fine", "too long", "one-sided", "one scale", "too short")
_of = {  # by finding, the letter
    finding: next(name for name in layers if torch.equal(layers[name], codes))
    for finding, codes in zip(_first, five_layers().values(), strict=True)
}
assert findings[_of["one scale"]] == "one scale", explain(
    findings[_of["one scale"]],
    {
        "too long": "In two layers most codes are near 0. In which of them does every row reach 127?",
        "fine": "In the layer that you call fine, how large is the largest code of the last rows?",
    },
    "Look at the largest code of each row. In which layer does it say something about the rows?",
)
assert findings[_of["too long"]] == "too long", explain(
    findings[_of["too long"]],
    {"fine": "In the layer that you call fine, how many codes are larger than 40?"},
    "In one layer every row reaches its last code, yet nearly all codes are near 0. How can that be?",
)
assert findings[_of["fine"]] == "fine", (
    "In one layer nothing is wrong: no code is idle, no heap at an end, no row without codes. Which?"
)
### END HIDDEN TESTS

# %% [markdown]
# ## 8 · A letter (3 points, graded by your teacher)
#
# A team quantizes a network for a phone and asks for advice: *“We use int8 with one scale per tensor. Weights are fine. But a few channels of one
# activation are 200 times as large as the others, and with int8 activations our accuracy falls from 91% to 40%. We searched for the range
# with the smallest squared error, and it is nearly the largest value; the SQNR is a good 35 dB. So the range cannot be the problem, can it? Someone proposes
# scales per channel for the activations, someone else int4 with groups of 32 for the weights.”*
#
# Answer in six to ten sentences: why a good SQNR and a ruined accuracy do not contradict each other; what you would try first, why it changes nothing
# in float32, and how to see that it worked; and what you say about the two proposals.
#
# *Lesson: parts 1, 3, 4 and 5.*

# %% [markdown] item="letter" manual=true points=3
# ### BEGIN SOLUTION
# **SQNR.** The sum of squares belongs to the few large channels, so the smallest squared error serves them: the range reaches out for them, and all
# other channels share the few codes near 0 and become 0 or ±1 step. The error is small against the *sum*, and large against each small
# channel. The network reads the small channels as well, so accuracy falls. A number per tensor can't see that; accuracy on validation images, or
# the SQNR of each channel, can.
#
# **First step.** Equalize: divide the large channels by a power of two, in the weights (and bias) that make them, and multiply the weights that read them by
# the same. With ReLU between the layers the function is the same, with powers of two even bit for bit, so compare the float outputs before and after.
# Then calibrate again, and measure accuracy on validation images. A shorter range (percentile or entropy) may do, if the large
# channels' exact size does not matter; that must be measured.
#
# **Proposals.** A scale per channel of the activations can't be taken out of the sum over channels, so the product would no longer be one of integers;
# equalization does the same and puts the factors into the weights. int4 with groups changes the weights, which are fine already; it makes the
# file smaller and does nothing for the activations.
#
# Rubric, 1 point each:
#
# 1. SQNR: the large channels make the sum of squares, **and** the small ones lose their codes. Only one of both: half a point.
# 2. Equalization (or an equal rescaling) with the reason that float32 does not change, **and** a check (float outputs equal, accuracy on validation images).
#    Only clipping or percentile, with a measurement: half a point.
# 3. Both proposals are judged: per-channel activations and the sum; int4 weights do not touch the problem. One of them: half a point.
# ### END SOLUTION
