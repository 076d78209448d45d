# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 00 · The pipeline: exercise
#
# Nine items, 20 points, easy to hard, about an hour. Each stands on its own: if one won't work, go
# on with the next. Write your code where it says so, run the cell, then run the tests below it.
# There are more tests when your work is graded: they try other inputs, but ask nothing that the
# text above them doesn't say. [The lesson](../../notebooks/00_pipeline.ipynb) may stay open all the
# time.

# %% given=true
import copy
import gzip
import math
from itertools import pairwise

import torch
from torch import nn

from coursekit import explain
from coursekit.exercises import golf
from coursekit.nets.data import load_digits

# %% [markdown]
# ## 1 · Shapes (2 points)
# A batch of grey images goes through the network of the lesson: flattened, then `nn.Linear`, ReLU,
# `nn.Linear`. Write `shapes(images, height, width, hidden, classes)`. All five arguments are `int`:
# how many images, how high and wide they are, how many hidden units and classes there are. It
# returns a `dict` with these five keys, each with a shape as a `tuple` of `int`:
#
# | key | the shape of |
# |---|---|
# | `"flattened"` | the batch after flattening |
# | `"hidden"` | the batch after the first layer and ReLU |
# | `"logits"` | the batch after the last layer |
# | `"first weight"` | the weight of the first `nn.Linear`, as PyTorch stores it |
# | `"last weight"` | the weight of the last `nn.Linear`, as PyTorch stores it |
#
# Example: for 5 images of 2×3 pixels, `"flattened"` is `(5, 6)`. See stages 3 and 4 of the lesson.


# %% item="shapes" answers=["shapes"]
### BEGIN SOLUTION
def shapes(images, height, width, hidden, classes):
    pixels = height * width
    return {
        "flattened": (images, pixels),
        "hidden": (images, hidden),
        "logits": (images, classes),
        "first weight": (hidden, pixels),
        "last weight": (classes, hidden),
    }


### END SOLUTION

# %% test="shapes" points=1
found = shapes(5, 2, 3, 4, 7)
assert isinstance(found, dict), f"shapes should return a dict, not {type(found).__name__}"
for key in ("flattened", "hidden", "logits"):
    assert key in found, f"the key {key!r} is missing"
    assert all(type(size) is int for size in found[key]), f"{found[key]}: not every size is an int"
assert tuple(found["flattened"]) == (5, 6), (
    f"5 images of 2×3, flattened, should have shape (5, 6), not {found['flattened']}: see stage 3. "
    + explain(
        found["flattened"],
        {
            (6,): "How many images does the batch hold? Flattening leaves axis 0 alone.",
            (30,): "Now all images are one list. Flattening leaves axis 0 alone.",
        },
        "",
    )
)
### BEGIN HIDDEN TESTS
found = shapes(3, 4, 9, 11, 6)
assert tuple(found["flattened"]) == (3, 36), explain(
    tuple(found["flattened"]),
    {(36,): "The batch is gone: axis 0 counts the images.", (3, 784): "Not every image is 28×28."},
    "Images that are not square: how many pixels has each?",
)
assert tuple(found["hidden"]) == (3, 11), explain(
    tuple(found["hidden"]),
    {
        (11,): "One image has that many numbers. What does a batch of them have?",
        (11, 3): "Axis 0 counts the images, all the way through the network.",
        (3, 36): "ReLU keeps a shape. What does the layer before it do?",
    },
    "How many numbers does each image have after the first layer?",
)
assert tuple(found["logits"]) == (3, 6), explain(
    tuple(found["logits"]),
    {(6,): "One image has that many logits. What does a batch of them have?"},
    "How many logits does each image get?",
)
assert tuple(shapes(1, 5, 5, 2, 2)["logits"]) == (1, 2), "A batch of one is still a batch."
### END HIDDEN TESTS

# %% test="shapes" points=1
found = shapes(5, 2, 3, 4, 7)
for key in ("first weight", "last weight"):
    assert key in found, f"the key {key!r} is missing"
    assert len(found[key]) == 2, f"{key!r} should have two axes: outputs and inputs"
wanted = tuple(torch.nn.Linear(6, 4).weight.shape)
assert tuple(found["first weight"]) == wanted, (
    f"nn.Linear(6, 4).weight has the shape {wanted}, but you have {tuple(found['first weight'])}: "
    "does PyTorch store outputs or inputs first? See stage 4"
)
### BEGIN HIDDEN TESTS
found = shapes(3, 4, 9, 11, 6)
for key, inputs, outputs in (("first weight", 36, 11), ("last weight", 11, 6)):
    assert tuple(found[key]) == (outputs, inputs), explain(
        tuple(found[key]),
        {
            (inputs, outputs): "That is the order of the formula's text, not PyTorch's. Print "
            "nn.Linear(2, 3).weight.shape: which axis is outputs?",
            (3, outputs): "That is a shape of data. A weight knows nothing of the batch.",
        },
        "Which two numbers does this layer connect?",
    )
### END HIDDEN TESTS

# %% [markdown]
# ## 2 · Normalise (2 points)
# Write `normalise(images)`. `images` is a `torch.uint8` tensor of shape `(n, height, width)`. It
# returns a `torch.float32` tensor of the same shape with values in 0–1, so that **the same grey
# gives the same number in every image**, 255 gives 1, and 0 gives 0. `images` itself must stay as
# it is. A batch may be empty (`n` = 0).
#
# Example: `[[[0, 150, 255]]]` becomes about `[[[0.0, 0.5882, 1.0]]]`. See stage 2 of the lesson.


# %% item="normalise" answers=["normalise"]
### BEGIN SOLUTION
def normalise(images):
    return images.float() / 255


### END SOLUTION

# %% test="normalise" points=1
greys = torch.tensor([[[0, 150, 255]], [[255, 51, 0]]], dtype=torch.uint8)
scaled = normalise(greys)
assert isinstance(scaled, torch.Tensor), f"expected a tensor, got {type(scaled).__name__}"
assert scaled.dtype == torch.float32, f"expected float32, got {scaled.dtype}"
assert scaled.shape == greys.shape, f"the shape changed from {greys.shape} to {scaled.shape}"
expected = torch.tensor([[[0, 0.5882353, 1]], [[1, 0.2, 0]]])
assert torch.allclose(scaled, expected, rtol=0, atol=5e-7), (
    f"150 should become about 0.5882, and 255 exactly 1; you got {scaled.tolist()}: see stage 2. "
    + explain(
        round(scaled[0, 0, 1].item(), 6),
        {
            0.585938: "How large is the largest value of a uint8?",
            0.0: "Was the division done in integers?",
            0.176471: "Is the middle of the greys the middle of your numbers?",
        },
        "",
    )
)
### BEGIN HIDDEN TESTS
generator = torch.Generator().manual_seed(2)
wide = torch.randint(0, 256, (4, 6, 10), generator=generator, dtype=torch.uint8)
wide[:, 0, 0] = 255
striped = wide[:, :, ::2]  # not contiguous
kept = striped.clone()
scaled = normalise(striped)
assert torch.equal(striped, kept), "Your function changed the images that it was given."
assert scaled.dtype == torch.float32 and scaled.shape == kept.shape, "Type or shape is off."
assert torch.allclose(scaled, kept.float() / 255, rtol=0, atol=2e-6), (
    "On other images some values are off."
)
### END HIDDEN TESTS

# %% test="normalise" points=1
faint = normalise(torch.tensor([[[0, 51]]], dtype=torch.uint8))[0, 0, 1].item()
assert abs(faint - 0.2) < 2e-6, (
    f"In an image with greys 0 and 51, 51 should become about 0.2, not {faint:.4f}. "
    + explain(
        faint,
        {
            1.0: "Would the same grey get the same value in two images? What does your scale depend on?"
        },
        "",
    )
)
### BEGIN HIDDEN TESTS
generator = torch.Generator().manual_seed(3)
dark = torch.randint(0, 90, (3, 5, 4), generator=generator, dtype=torch.uint8)
dark[1] //= 3
kept = dark.clone()
assert torch.allclose(normalise(dark).double(), kept.double() / 255, rtol=0, atol=2e-6), (
    "With images of different brightness: would the same grey get the same value in two images?"
)
few = torch.tensor([[[0, 1]]], dtype=torch.uint8)
assert abs(normalise(few)[0, 0, 1].item() - 1 / 255) < 2e-6, (
    "A batch with the greys 0 and 1 only: is it divided all the same?"
)
flat_grey = torch.full((2, 3, 3), 77, dtype=torch.uint8)
kept = flat_grey.clone()
assert torch.allclose(normalise(flat_grey).double(), kept.double() / 255, rtol=0, atol=2e-6), (
    "Images of one single grey: would the same grey get the same value in two images?"
)
blank = normalise(torch.zeros((1, 3, 3), dtype=torch.uint8))
assert blank.abs().max() == 0, "A blank image should become zeros, not nan."
empty = normalise(torch.zeros((0, 3, 3), dtype=torch.uint8))
assert empty.shape == (0, 3, 3), "An empty batch should stay an empty batch."
### END HIDDEN TESTS

# %% [markdown]
# ## 3 · Sparsity after pruning (3 points)
# Write `prune_first(model, share)`. `model` is an `nn.Sequential` that begins with an `nn.Linear`.
# The function
#
# - sets `round(share * n)` of the `n` numbers in the first layer's **weight** to zero, those with
#   the smallest magnitude, in `model` itself;
# - leaves everything else in `model` as it is;
# - returns two `float`s as a `tuple`: the share of zeros in the first layer's weight, and the share
#   of zeros among **all** weights and biases of the model, also of those that were zero before.
#
# You may do it by hand or with `torch.nn.utils.prune`, with or without `remove`. If magnitudes are
# equal, any of them may go.
#
# Example: `nn.Sequential(nn.Linear(5, 2), nn.ReLU(), nn.Linear(2, 1))`, without zeros, and share
# 0.3 gives `(0.3, 0.2)`: 3 of 10, and 3 of 15. See stage 5 of the lesson.


# %% item="sparsity" answers=["prune_first"]
### BEGIN SOLUTION
def prune_first(model, share):
    weight = model[0].weight.data
    values = weight.flatten().clone()
    values[values.abs().argsort()[: round(share * len(values))]] = 0
    weight.copy_(values.reshape(weight.shape))
    everything = torch.cat([p.detach().flatten() for p in model.parameters()])
    return (values == 0).float().mean().item(), (everything == 0).float().mean().item()


### END SOLUTION

# %% test="sparsity" points=1
torch.manual_seed(5)
network = nn.Sequential(nn.Linear(5, 2), nn.ReLU(), nn.Linear(2, 1))
result = prune_first(network, 0.3)
assert isinstance(result, tuple) and len(result) == 2, f"expected two floats in a tuple: {result!r}"
assert isinstance(result[0], float), f"expected a float, got {type(result[0]).__name__}"
assert abs(result[0] - 0.3) < 1e-6, (
    f"3 of 10 weights are zero: expected 0.3, got {result[0]:.4f}: see stage 5. "
    + explain(result[0], {0.7: "What share is zero? Count it on a 2×5 example."}, "")
)
### BEGIN HIDDEN TESTS
torch.manual_seed(6)
for share in (0.25, 0.7, 0.0, 1.0, 0.33, 0.34):
    network = nn.Sequential(nn.Linear(8, 5), nn.ReLU(), nn.Linear(5, 3))
    count = round(share * 40)
    result = prune_first(network, share)
    assert abs(result[0] - count / 40) < 1e-6, explain(
        result[0],
        {
            1 - count / 40: "What share is zero? Count it on a 2×5 example.",
            share: "A share is asked, counted in the weight: what share of it really is zero?",
            (count - 1) / 40: "How many is `round(share * n)` if `share * n` is not whole?",
            (count + 1) / 40: "How many is `round(share * n)` if `share * n` is not whole?",
        },
        "The first number is off for another share. Which tensor does the question name?",
    )
network = nn.Sequential(nn.Linear(8, 5), nn.ReLU(), nn.Linear(5, 3))
with torch.no_grad():
    network[0].weight.abs_()
    network[0].weight[:2] = 0  # more zeros than the share asks for
result = prune_first(network, 0.25)
assert abs(result[0] - 0.4) < 1e-6, (
    "The first number is off where many weights are zero beforehand. Count what is zero afterwards."
)
network = nn.Sequential(nn.Linear(8, 5), nn.ReLU(), nn.Linear(5, 3))
with torch.no_grad():
    network[0].weight.mul_(1e-9)
assert abs(prune_first(network, 0.25)[0] - 0.25) < 1e-6, "A tiny weight counts as zero. Is it?"
### END HIDDEN TESTS

# %% test="sparsity" points=1
torch.manual_seed(7)
network = nn.Sequential(nn.Linear(5, 2), nn.ReLU(), nn.Linear(2, 1))
original = copy.deepcopy(network)
prune_first(network, 0.3)
zeros = int((network[0].weight == 0).sum())
assert zeros == 3, (
    f"3 of the 10 weights should be zero in the model itself, but {zeros} are: see stage 5. "
    + explain(zeros, {7: "`share` is what goes, not what stays.", 0: "Was a copy pruned?"}, "")
)
### BEGIN HIDDEN TESTS
torch.manual_seed(8)
for share in (0.45, 0.8, 0.329, 0.338):
    network = nn.Sequential(nn.Linear(12, 10), nn.ReLU(), nn.Linear(10, 4))
    with torch.no_grad():
        network[0].weight[3] *= 20  # a row of large weights, and one of small ones
        network[0].weight[4] /= 20
    original = copy.deepcopy(network)
    prune_first(network, share)
    before, after = original[0].weight.detach(), network[0].weight.detach()
    gone = after == 0
    assert int(gone.sum()) == round(share * 120), (
        "The number of zeros is off for another share: how many is `round(share * n)`?"
    )
    assert before.abs()[gone].max() <= before.abs()[~gone].min(), (
        "A weight is gone that is larger in magnitude than one that stayed. What about the sign, and "
        "about rows whose weights are all large?"
    )
    assert torch.equal(after[~gone], before[~gone]), (
        "The weights that stay should keep their values."
    )
    assert torch.equal(network[0].bias, original[0].bias), "Biases are to stay as they are."
    assert torch.equal(network[2].weight, original[2].weight), (
        "Which tensor does the question name? Another layer changed."
    )
    assert torch.equal(network[2].bias, original[2].bias), (
        "Which tensor does the question name? A bias of another layer changed."
    )
network = nn.Sequential(nn.Linear(6, 5))
with torch.no_grad():
    network[0].weight.fill_(0.5)
prune_first(network, 0.2)
assert int((network[0].weight == 0).sum()) == 6, (
    "What happens if many weights are equal? Count them."
)
network = nn.Sequential(nn.Linear(6, 5), nn.BatchNorm1d(5), nn.Linear(5, 2)).train()
prune_first(network, 0.2)
assert network.training and all(p.requires_grad for p in network.parameters()), (
    "Everything else stays as it is: the mode of the model, and that its weights can be trained."
)
### END HIDDEN TESTS

# %% test="sparsity" points=1
torch.manual_seed(5)
network = nn.Sequential(nn.Linear(5, 2), nn.ReLU(), nn.Linear(2, 1))
result = prune_first(network, 0.3)
assert isinstance(result[1], float), f"expected a float, got {type(result[1]).__name__}"
assert abs(result[1] - 0.2) < 1e-6, (
    f"3 of 15 numbers are zero: expected 0.2, got {result[1]:.4f}: see stage 5. "
    + explain(
        result[1],
        {
            0.25: "3 of 12: are the biases in?",
            0.3: "That is the share in the layer. How many numbers does the whole model have?",
            0.8: "What share is zero? That is the share of the others.",
            0.0: "With a mask on, `parameters()` shows the weights before it. What does the layer use?",
        },
        "",
    )
)
### BEGIN HIDDEN TESTS
torch.manual_seed(9)
network = nn.Sequential(nn.Linear(10, 6), nn.ReLU(), nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 2))
with torch.no_grad():
    network[2].weight[0] = 0
    network[4].bias[1] = 0
result = prune_first(network, 0.5)
assert abs(result[1] - 37 / 104) < 1e-6, explain(
    result[1],
    {
        30 / 104: "Are there zeros in this model that pruning did not make?",
        36 / 92: "Are the biases in?",
        0.5: "That is the share in the layer. How many numbers does the whole model have?",
    },
    "Count zeros and numbers of every weight and every bias, tensor by tensor.",
)
network = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Linear(3, 2))
assert abs(prune_first(network, 0.5)[1] - 9 / 29) < 1e-6, (
    "Not only linear layers have weights and biases: what does a batch norm have?"
)
### END HIDDEN TESTS

# %% [markdown]
# ## 4 · Quantize (3 points)
# Write `quantize(value, scale)` for int8. `scale` is a `float`.
#
# - If `value` is a Python `float`, it returns a Python `int`; if `value` is a float32 tensor of any
#   shape, also empty, it returns a `torch.int8` tensor of that shape.
# - Values go to the nearest integer number of steps, exact halves to the even one, and what lies
#   outside −128 … 127 to the nearer end.
# - A `scale` that is not greater than 0 (0, below 0, or `nan`) raises `ValueError`, whatever `value` is. A tensor that is
#   handed in stays as it is.
#
# Examples: `quantize(0.1234, 0.01)` is `12`; `quantize(torch.tensor([1.5, -0.25]), 0.5)` is
# `tensor([3, 0], dtype=torch.int8)`, because −0.5 is a half and 0 is even. See stage 6 of the
# lesson.


# %% item="quantize" answers=["quantize"]
### BEGIN SOLUTION
def quantize(value, scale):
    if not scale > 0:
        raise ValueError(f"the scale must be greater than 0, not {scale}")
    if isinstance(value, torch.Tensor):
        return torch.clamp(torch.round(value / scale), -128, 127).to(torch.int8)
    return max(-128, min(127, round(value / scale)))


### END SOLUTION

# %% test="quantize" points=1
stored = quantize(0.1234, 0.01)
assert isinstance(stored, int), f"a float should give an int, not {type(stored).__name__}"
assert stored == 12, f"0.1234 at scale 0.01 should be 12, not {stored}: see stage 6"
assert quantize(-0.1234, 0.01) == -12, f"-0.1234 should be -12, not {quantize(-0.1234, 0.01)}"
assert quantize(0.128, 0.01) == 13, (
    f"12.8 steps should become 13, not {quantize(0.128, 0.01)}. "
    "Was it cut off, where it should go to the nearest?"
)
### BEGIN HIDDEN TESTS
for value, step, wanted in (
    (0.1279, 0.01, 13),
    (-0.1279, 0.01, -13),
    (20.8, 0.5, 42),
    (0.0, 3.0, 0),
    (0.0305, 7e-4, 44),
    (100.0, 7.0, 14),
):
    stored = quantize(value, step)
    assert stored == wanted, explain(
        stored,
        {
            12: "Was it cut off, where it should go to the nearest?",
            -12: "Was it cut off, where it should go to the nearest?",
        },
        "Which level on the number line is nearest?",
    )
for value, wanted in ((0.625, 2), (-0.625, -2), (0.875, 4), (0.125, 0), (-0.375, -2)):
    stored = quantize(value, 0.25)
    assert stored == wanted, (
        "Exactly between two levels: which of the two is even? Try 0.5, 1.5 and 2.5 by hand."
    )
### END HIDDEN TESTS

# %% test="quantize" points=1
stored = quantize(1.5, 0.01)
assert stored == 127, (
    f"1.5 at scale 0.01 should be 127, the end of int8, not {stored}: see stage 6. "
    + explain(
        stored,
        {
            150: "Which values can int8 hold?",
            -106: "It wrapped. Which values can the type hold? Check before casting.",
        },
        "",
    )
)
### BEGIN HIDDEN TESTS
for value, wanted in (
    (-1.5, -128),
    (-1.28, -128),
    (1e6, 127),
    (-1e6, -128),
    (1.28, 127),
    (1.26, 126),
):
    stored = quantize(value, 0.01)
    assert stored == wanted, explain(
        stored,
        {
            -127: "int8 has one more value below zero than above.",
            106: "It wrapped. Which values can the type hold? Check before casting.",
        },
        "Which values can int8 hold, at both ends?",
    )
large = quantize(torch.tensor([1.5, -1.5, 300.0, -300.0, 1e12, -1e12]), 0.01)
assert large.tolist() == [127, -128] * 3, (
    "In a tensor, too: which values can the type hold? Check before casting."
)
### END HIDDEN TESTS

# %% test="quantize" points=1
stored = quantize(torch.tensor([[1.5, -0.25], [0.5, 2.0]]), 0.5)
assert isinstance(stored, torch.Tensor), (
    f"a tensor should give a tensor, not {type(stored).__name__}"
)
assert stored.dtype == torch.int8, f"expected int8, got {stored.dtype}"
assert stored.tolist() == [[3, 0], [1, 4]], f"expected [[3, 0], [1, 4]], got {stored.tolist()}"
for bad in (-1.0, float("nan")):
    outcome = "nothing"
    try:
        quantize(torch.ones(2), bad)
    except Exception as error:
        outcome = type(error).__name__
    assert outcome == "ValueError", (
        f"a scale of {bad} is not greater than 0: ValueError is asked, but {outcome} was raised"
    )
### BEGIN HIDDEN TESTS
generator = torch.Generator().manual_seed(4)
wanted = torch.randint(-120, 121, (6, 8), generator=generator)
offsets = torch.rand((6, 8), generator=generator) * 0.8 - 0.4  # well away from the halves
values = ((wanted + offsets) * 0.03)[:, ::2]  # not contiguous
kept = values.clone()
stored = quantize(values, 0.03)
assert torch.equal(values, kept), "Your function changed the tensor that it was given."
assert stored.shape == values.shape, "The shape changed."
assert torch.equal(stored.long(), wanted[:, ::2]), (
    "Some integers of a tensor are off. Which level is nearest to each value, also below zero?"
)
halves = torch.tensor([0.625, -0.625, 0.875, 0.125])
assert quantize(halves, 0.25).tolist() == [2, -2, 4, 0], (
    "In a tensor, too: exactly between two levels, which of the two is even?"
)
for shape in ((), (1,), (0, 3)):
    stored = quantize(torch.zeros(shape), 0.1)
    assert stored.shape == shape and stored.dtype == torch.int8, (
        "Shapes: also tensors without axes, and empty ones."
    )
for value, step in (
    (1.0, 0.0),
    (1.0, -0.5),
    (1.0, float("nan")),
    (torch.ones(2), 0.0),
    (torch.ones(2), float("nan")),
):
    raised = None
    try:
        quantize(value, step)
    except Exception as error:
        raised = error
    assert raised is not None, (
        "A scale that is not greater than 0 should raise ValueError: 0, what lies below it, and nan; "
        "for numbers and for tensors."
    )
    assert isinstance(raised, ValueError), (
        f"Another exception was raised, {type(raised).__name__}; ValueError is asked."
    )
### END HIDDEN TESTS

# %% [markdown] item="finer" choice="00-choice-graded-scales" points=1
# ## 5 · Finer steps (1 point)
# See stage 6 of the lesson.

# %% [markdown]
# ## 6 · Twelve or a hundred and twenty-three? (2 points, graded by a teacher)
# In the lesson 0.1234 became 12. A colleague stores the same weight as **123**. Nobody made a
# mistake. Explain in three to six sentences
#
# 1. how that can be: with which scale, and what each of the two comes back as;
# 2. what the colleague gains, in numbers;
# 3. what it costs: which weights can int8 still hold in the colleague's way, and what would you do,
#    at what price, if another weight of the same tensor is 1.5?

# %% [markdown] item="why" manual=true points=2
# ### BEGIN SOLUTION
# An integer means nothing without its scale: the value is integer × scale. At scale 0.01, 0.1234 /
# 0.01 = 12.34 goes to 12 and comes back as 0.12. At scale 0.001, 0.1234 / 0.001 = 123.4 goes to 123
# and comes back as 0.123.
#
# The gain is ten times finer steps: the error falls from 0.0034 to 0.0004 (at most 0.0005, where it
# was at most 0.005).
#
# The cost is reach. int8 ends at 127, so at scale 0.001 it holds only −0.128 … 0.127. 123 just
# fits; a weight of 1.5 would be 1500 and be clipped to 0.127. For such a tensor take a wider type,
# such as int16 (to 32767, two bytes per weight), or a coarser scale, about 1.5 / 127.
#
# **Rubric**
#
# - 1 point: another scale, 0.001, with 0.1234 / 0.001 = 123.4 → 123; the value is integer × scale
#   (0.12 and 0.123); and finer steps, so a smaller error, with a number: 0.0004 against 0.0034, or
#   half a step, 0.0005 against 0.005. Half if the scale is named without the arithmetic, or the gain
#   without a number. Any scale from about 0.0009992 to 0.0010073 gives 123; some will answer
#   0.1234 / 123, which comes back exactly.
# - 1 point: int8 ends at 127, so it reaches only about ±0.127, and 1.5 is clipped; a wider type
#   such as int16 with its price in bytes, or a coarser scale with its price in error. Half for the
#   limit without a remedy, or a remedy without its price. “123 does not fit in int8” is wrong (it does, just), and earns at most
#   half here.
# ### END SOLUTION

# %% [markdown]
# ## 7 · Bytes (2 points)
# A network of linear layers has the widths `widths`, a list of `int`: `[784, 128, 10]` is the one
# of the lesson. Write `stored_bytes(widths)`. It returns a tuple of two `int`s, the bytes of the
# numbers alone (no names, no file around them):
#
# - with all weights and biases as float32;
# - with weights as int8, **one float32 scale for each layer**, and biases as float32, as in `pack`
#   in the lesson.
#
# Example: `[3, 2]` is one layer with 6 weights and 2 biases: `(32, 18)`. `pairwise(widths)`, imported
# above, gives the widths two by two: `(784, 128)`, then `(128, 10)`.


# %% item="bytes" answers=["stored_bytes"]
### BEGIN SOLUTION
def stored_bytes(widths):
    layers = list(pairwise(widths))
    weights = sum(inputs * outputs for inputs, outputs in layers)
    biases = sum(outputs for _, outputs in layers)
    return 4 * (weights + biases), weights + 4 * len(layers) + 4 * biases


### END SOLUTION

# %% test="bytes" points=1
result = stored_bytes([784, 128, 10])
assert isinstance(result, tuple) and len(result) == 2, f"expected two ints in a tuple: {result!r}"
assert result[0] == 407080, (
    f"all of [784, 128, 10] as float32 should take 407,080 bytes, not {result[0]:,}: see stages 4 and 6. "
    + explain(
        result[0],
        {
            406528: "Are the biases in?",
            101770: "That many numbers. How many bytes does each take?",
        },
        "",
    )
)
assert isinstance(result[0], int), f"bytes are an int, not {type(result[0]).__name__}"
### BEGIN HIDDEN TESTS
for widths, wanted in (([7, 5], 160), ([6, 9, 4, 3], 472), ([1, 1], 8), ([4, 4, 4], 160)):
    found = stored_bytes(widths)[0]
    assert found == wanted, "Another network: go through it layer by layer, weights, then biases."
### END HIDDEN TESTS

# %% test="bytes" points=1
result = stored_bytes([3, 2])
assert isinstance(result[1], int), f"expected an int, got {type(result[1]).__name__}"
assert result[1] == 18, (
    f"[3, 2] with int8 weights should take 18 bytes, not {result[1]}: see `pack` in stage 6. "
    + explain(
        result[1],
        {
            8: "Only weights are int8 here. What else is stored?",
            14: "How does the reader know what an integer stands for?",
            12: "A quarter of everything, and a scale? Which numbers stay float32?",
        },
        "",
    )
)
### BEGIN HIDDEN TESTS
for widths, wanted in (([6, 9, 4, 3], 178), ([784, 128, 10], 102192), ([1, 1], 9), ([4, 4, 4], 72)):
    found = stored_bytes(widths)[1]
    assert found == wanted, explain(
        found,
        {wanted - 4 * (len(widths) - 2): "How many scales does `pack` store for several layers?"},
        "With several layers: list what is stored for each, as the lesson prints it for `packed`.",
    )
### END HIDDEN TESTS

# %% [markdown]
# ## 8 · Find the bugs (2 points)
# A colleague wrote `squeeze_broken(weight)` to store a float32 tensor as int8 with a scale that
# fits it. On the first layer it tried it worked. On the next one, large weights came back with the
# wrong sign. On a layer that was pruned to nothing it stored a scale of 0, which no reader can divide
# by. Run it on `torch.tensor([0.5, -0.9])` and on `torch.zeros(3)`, and look at the scale, and at
# `weight / scale` inside.


# %% given=true
def squeeze_broken(weight):
    """Broken on purpose: int8 and scale for a tensor of weights."""
    scale = weight.max() / 127
    steps = torch.round(weight / scale).int()
    return steps.to(torch.int8), scale.item()


# %% [markdown]
# Write `squeeze(weight)` without the bugs. It returns a tuple `(q, scale)`: `q` a `torch.int8`
# tensor of the shape of `weight`, `scale` a `float` greater than 0.
#
# - `scale` is $\max|w| / 127$, as in the lesson (a relative error up to 0.000001 is fine).
# - `q * scale` is off by at most half a step, for every weight.
# - If all weights are zero, `q` is all zero, and `scale` is any finite number greater than 0.
# - `weight` has at least one element, and stays as it is.


# %% item="debug" answers=["squeeze"]
### BEGIN SOLUTION
def squeeze(weight):
    scale = weight.abs().max().item() / 127 or 1.0
    return torch.clamp(torch.round(weight / scale), -128, 127).to(torch.int8), scale


### END SOLUTION

# %% test="debug" points=1
sample = torch.tensor([0.5, -0.9])
codes, step = squeeze(sample)
assert isinstance(codes, torch.Tensor) and codes.dtype == torch.int8, "q should be an int8 tensor"
assert isinstance(step, float) and step > 0, f"scale should be a float above 0, not {step!r}"
assert codes[1] < 0, (
    f"-0.9 came back as {codes[1].item() * step:.3f}: the sign is wrong, so it wrapped. "
    "How many steps away from zero is it? Which weight decides the scale?"
)
### BEGIN HIDDEN TESTS
generator = torch.Generator().manual_seed(10)
noise = torch.randn((7, 9), generator=generator)
cases = {
    "both signs": noise,
    "all below zero": -noise.abs() - 0.1,
    "all above zero": noise.abs() + 0.1,
    "not contiguous": noise.t()[::2],
    "a single weight below zero": torch.tensor([-0.3]),
    "all equal": torch.full((2, 2), -2.0),
    "one far larger than the others, below zero": torch.tensor([0.02, -3.0, 0.01]),
}
for name, sample in cases.items():
    kept = sample.clone()
    codes, step = squeeze(sample)
    assert torch.equal(sample, kept), "Your function changed the tensor that it was given."
    assert codes.shape == sample.shape, f"Weights that are {name}: the shape changed."
    assert step > 0, f"Weights that are {name}: the scale is not above 0. Which weight decides it?"
    wanted = kept.abs().max().item() / 127
    assert abs(step - wanted) < 2e-6 * wanted, (
        f"Weights that are {name}: this is not the scale at which the largest magnitude just fits 127."
    )
    # Half a step, and what float32 can't tell apart at the largest weight.
    assert (codes.float() * step - kept).abs().max() <= step * 0.5001, (
        f"Weights that are {name}: one comes back off by more than half a step."
    )
### END HIDDEN TESTS

# %% test="debug" points=1
sample = torch.zeros(3)
codes, step = squeeze(sample)
assert isinstance(codes, torch.Tensor) and codes.tolist() == [0, 0, 0], "zeros should stay zeros"
assert isinstance(step, float), f"scale should be a float, not {type(step).__name__}"
assert 0 < step < float("inf"), (
    f"a layer of zeros needs a finite scale above 0, not {step}: what is 0 / 0?"
)
### BEGIN HIDDEN TESTS
for shape in ((1,), (4, 5)):
    codes, step = squeeze(torch.zeros(shape))
    assert isinstance(step, float), "Zeros of another shape: scale should be a float."
    assert 0 < step < float("inf"), "Zeros of another shape: what is 0 / 0?"
    assert codes.shape == shape and codes.dtype == torch.int8, (
        "Zeros of another shape: type or shape is off."
    )
    assert not codes.any(), "Zeros of another shape: they should stay zeros."
# A guard for zeros must not change what is small, but not zero.
codes, step = squeeze(torch.tensor([1e-4, -2e-4]))
assert codes.tolist() in ([63, -127], [64, -127]), (
    "A layer of very small weights is not a layer of zeros. When does your guard step in?"
)
for largest in (2e-7, 2e-20):
    codes, step = squeeze(torch.tensor([largest / 2, -largest]))
    assert codes.tolist() in ([63, -127], [64, -127]), (
        "Some weights are smaller still, and not zero. Is there a least scale?"
    )
### END HIDDEN TESTS

# %% [markdown]
# ## 9 · As small as you can (3 points)
# Here is a network of a single layer, 784→10, found without training (by least squares): `weight`
# has shape `(10, 784)`, `bias` has shape `(10,)`. As float32, the weights take 31,360 bytes.
# **Store the weights in as few bytes as you can without losing more than a few answers**, and say
# honestly what it cost. Leave behind:
#
# - `q`, a `torch.int8` tensor of shape `(10, 784)`, and `scale`, a `float` greater than 0. The
#   network is then run with the weights `q * scale`. The bias stays.
# - `counted(q, scale)`, a function for any `q` and `scale` of these kinds. It returns two `int`s as a
#   `tuple`: on how many of the 397 images of `validation` is only the original weight right, and on
#   how many only `q * scale`?
# - `lost` and `won`: these two for your own `q` and `scale`.
# - `is_worse(lost, won)`, a function for any two counts, 0 too. It returns a `bool`: are more lost
#   than won, and are the two, as coin tosses, uneven enough to call a network *worse*, at p below
#   0.05? (See “Answers” in the lesson; you may copy `coin_toss` from there.)
#
# You have:
#
# - `packed_bytes(q)`: how large `q` is, compressed with gzip. That is the size that counts. Another
#   version of gzip may come to a slightly other size, so leave a few per cent.
# - `answers_of(weight, split)`: the digit that the network answers for each image of a split, shape
#   `(n,)`. The right ones are in `validation.labels`.
# - `baseline`: the original weight, for comparing. Leave it as it is; `weight`, a copy, is yours.
#
# Choose on `validation`. The 400 test images have the last word:
#
# - 1 point: below 3,000 bytes, with at most 12 right answers fewer than the original on `validation`
#   and **at most 20 fewer on the test images** (other images, other luck);
# - 1 point: the same below 1,500 bytes;
# - 1 point: `lost`, `won` and both functions are right, whatever your network costs, if `q` is below
#   3,000 bytes.
#
# Both stages of the lesson are yours to use: prune, and choose a scale. Which one costs fewer
# answers for the bytes that it saves? Try before you believe. How far down can you get?
#
# The same network comes back in later exercises, each time with a new tool. `progress()` draws its
# way down, with `q` coded as the capstone does it, which takes about half of what gzip needs.

# %% given=true of="small"
train, validation = golf.draw()
prepared, least_squares = golf.flat, golf.least_squares
baseline, bias = least_squares(*prepared(train))
weight = baseline.clone()


def answers_of(weight, split):
    """The digit that the network with this weight answers for each image, shape (n,)."""
    return (prepared(split)[0] @ weight.T + bias).argmax(1)


def packed_bytes(q):
    """Bytes of an int8 tensor, compressed with gzip."""
    return len(gzip.compress(q.numpy().tobytes(), 9, mtime=0))


def given_unchanged():
    """Stops the tests if a name of this cell no longer stands for what it did."""
    message = (
        "A given name was changed. Is `baseline` still as it was given? Restart the kernel, run the given "
        "cell again, and use other names."
    )
    assert all(callable(f) for f in (prepared, least_squares, answers_of, packed_bytes)), message
    assert len(validation) == 397 and len(train) == 1000, message
    fresh = least_squares(*prepared(train))
    assert torch.allclose(baseline, fresh[0]) and torch.allclose(bias, fresh[1]), message


# %% item="small" answers=["q", "scale", "counted", "lost", "won", "is_worse"]
### BEGIN SOLUTION
# Few levels cost few answers; pruning on top hardly helps, because coarse steps make zeros themselves.
scale = weight.abs().max().item() / 3.5
q = torch.clamp(torch.round(weight / scale), -128, 127).to(torch.int8)


def counted(q, scale):
    labels = torch.from_numpy(validation.labels)
    was_right = answers_of(baseline, validation) == labels
    is_right = answers_of(q * scale, validation) == labels
    return int((was_right & ~is_right).sum()), int((is_right & ~was_right).sum())


def is_worse(lost, won):
    tosses = lost + won
    tail = sum(math.comb(tosses, k) for k in range(min(lost, won) + 1)) / 2**tosses
    return lost > won and 2 * tail < 0.05


lost, won = counted(q, scale)
### END SOLUTION

# %% test="small" points=1
given_unchanged()
assert isinstance(q, torch.Tensor) and q.dtype == torch.int8, "q should be an int8 tensor"
assert q.shape == (10, 784), f"q should have shape (10, 784), not {tuple(q.shape)}"
assert isinstance(scale, float) and 0 < scale < float("inf"), "scale should be a float above 0"
assert packed_bytes(q) < 3000, (
    f"{packed_bytes(q):,} bytes; below 3,000 is asked. gzip finds zeros. What else could repeat?"
)
right_then, right_now = [
    int((answers_of(used, validation).numpy() == validation.labels).sum())
    for used in (baseline, q * scale)
]
assert right_then - right_now <= 12, (
    f"{right_then - right_now} right answers fewer than with the original weight, on the validation "
    "images. Which of your two tools took them? Try one at a time."
)
golf.note(golf.pack(q, scale, bias))
### BEGIN HIDDEN TESTS
assert len(gzip.compress(q.numpy().tobytes(), 9, mtime=0)) < 3000, (
    "Compressed with gzip, q is larger than packed_bytes says. Was a given name changed?"
)
test_split = load_digits().test
test_inputs = torch.from_numpy(test_split.images).flatten(1).float() / 255
right_then, right_now = [
    int(((test_inputs @ used.T + bias).argmax(1).numpy() == test_split.labels).sum())
    for used in (baseline, q * scale)
]
assert right_then - right_now <= 20, (
    "On the test images more than 20 right answers are gone. How close to the limit were you on the "
    "validation images?"
)
### END HIDDEN TESTS

# %% test="small" points=1
given_unchanged()
assert isinstance(q, torch.Tensor) and q.dtype == torch.int8, "q should be an int8 tensor"
assert q.shape == (10, 784), f"q should have shape (10, 784), not {tuple(q.shape)}"
assert isinstance(scale, float) and 0 < scale < float("inf"), "scale should be a float above 0"
assert packed_bytes(q) < 1500, (
    f"{packed_bytes(q):,} bytes; below 1,500 is asked. How many different integers does q use, and "
    "how many does it need?"
)
right_then, right_now = [
    int((answers_of(used, validation).numpy() == validation.labels).sum())
    for used in (baseline, q * scale)
]
assert right_then - right_now <= 12, (
    f"{right_then - right_now} right answers fewer than with the original weight, on the validation "
    "images. Which of your two tools took them? Try one at a time."
)
golf.note(golf.pack(q, scale, bias))
### BEGIN HIDDEN TESTS
assert len(gzip.compress(q.numpy().tobytes(), 9, mtime=0)) < 1500, (
    "Compressed with gzip, q is larger than packed_bytes says. Was a given name changed?"
)
test_split = load_digits().test
test_inputs = torch.from_numpy(test_split.images).flatten(1).float() / 255
right_then, right_now = [
    int(((test_inputs @ used.T + bias).argmax(1).numpy() == test_split.labels).sum())
    for used in (baseline, q * scale)
]
assert right_then - right_now <= 20, (
    "On the test images more than 20 right answers are gone. How close to the limit were you on the "
    "validation images?"
)
### END HIDDEN TESTS

# %% test="small" points=1
given_unchanged()
assert isinstance(q, torch.Tensor) and q.dtype == torch.int8, "q should be an int8 tensor"
assert q.shape == (10, 784), f"q should have shape (10, 784), not {tuple(q.shape)}"
assert isinstance(scale, float) and 0 < scale < float("inf"), "scale should be a float above 0"
assert packed_bytes(q) < 3000, (
    f"{packed_bytes(q):,} bytes; below 3,000 is asked before the cost is counted."
)
for name, value in {"lost": lost, "won": won}.items():
    assert type(value).__name__ == "int", f"{name} should be an int, not {type(value).__name__}"
right_then, right_now = [
    int((answers_of(used, validation).numpy() == validation.labels).sum())
    for used in (baseline, q * scale)
]
assert lost - won == right_then - right_now, (
    f"{right_then} answers are right with the original weight, {right_now} with yours: lost - won "
    f"should be the difference, but is {lost - won}. "
    + explain(
        lost - won,
        {right_now - right_then: "Which of the two counts is `lost`: who alone is right?"},
        "Count the images that only one of the two gets right. Is `baseline` still as it was given?",
    )
)
both_counts = counted(q, scale)
assert isinstance(both_counts, tuple) and both_counts == (lost, won), (
    f"counted(q, scale) should be the tuple (lost, won), that is {(lost, won)}, not {both_counts}"
)
verdict = is_worse(20, 3)
assert isinstance(verdict, bool), f"is_worse should return a bool, not {type(verdict).__name__}"
assert verdict, "20 lost, 3 won: with the lesson's p of 0.0005 that is worse"
### BEGIN HIDDEN TESTS
assert len(gzip.compress(q.numpy().tobytes(), 9, mtime=0)) < 3000, (
    "Compressed with gzip, q is larger than packed_bytes says. Was a given name changed?"
)


def count_again(used):
    """lost and won of a weight, without the given functions."""
    inputs = torch.from_numpy(validation.images).flatten(1).float() / 255
    then, now = [
        (inputs @ one.T + bias).argmax(1).numpy() == validation.labels for one in (baseline, used)
    ]
    return int((then & ~now).sum()), int((now & ~then).sum())


true_counts = count_again(q * scale)
assert (lost, won) == true_counts, explain(
    lost,
    {
        true_counts[0]
        - true_counts[1]: "A difference of right answers hides images: one may be lost while "
        "another is won. Compare image by image."
    },
    "lost and won are off. Compare image by image: who alone is right?",
)
# With steps this small the bias decides more of the answers, so a scale left out shows.
for step_count in (1.5, 3.5):
    coarse_step = baseline.abs().max().item() / step_count
    other_q = torch.round(baseline / coarse_step).to(torch.int8)
    both_counts = counted(other_q, coarse_step / 10)
    assert both_counts == count_again(other_q * (coarse_step / 10)), explain(
        both_counts,
        {
            (lost, won): "For another q and scale, your function gives the counts of your own.",
            count_again(other_q.float()): "With another scale the counts should be others. Which "
            "weights does the network run with?",
        },
        "For another q and scale the counts are off. Does your function use what it is given?",
    )
p_of = {  # to both sides, as in the lesson
    (first, second): 2
    * sum(math.comb(first + second, k) for k in range(min(first, second) + 1))
    / 2 ** (first + second)
    for first in range(26)
    for second in range(26)
}
try:
    without_tosses = is_worse(0, 0)
except ZeroDivisionError:
    without_tosses = None
assert without_tosses is not None, (
    "Nothing lost and nothing won: without a toss there is no share to compute. What is the "
    "verdict then?"
)
called_worse = frozenset(pair for pair in p_of if is_worse(*pair))
more_lost = frozenset(pair for pair in p_of if pair[0] > pair[1])
assert called_worse == {pair for pair in more_lost if p_of[pair] < 0.05}, explain(
    called_worse,
    {
        more_lost: "More lost than won is not yet worse. How often do coin tosses fall that "
        "unevenly?",
        frozenset(pair for pair in more_lost if p_of[pair] < 0.1): "Fair coins can fall that "
        "unevenly to either side. Does your p count both?",
        frozenset(pair for pair in p_of if p_of[pair] < 0.05): "A network that wins many more "
        "answers than it loses is not worse.",
    },
    "For some counts the verdict is off. Which p does the lesson compute for them, and how large "
    "must p be for it to call two models indistinguishable?",
)
### END HIDDEN TESTS
