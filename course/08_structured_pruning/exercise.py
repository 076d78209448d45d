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
# # 08 · Structured pruning and N:M: exercise
#
# Eight items, 20 points, about 80 minutes. Everything you need is in
# [the lesson](../../notebooks/08_structured_pruning.ipynb); each item says where.
#
# - Write your answer in place of `raise NotImplementedError()`. Keep the names that the item asks for; all
#   other names are yours.
# - Run the tests under each item. They show a part of what is checked. The rest is checked on inputs that
#   you have not seen, so solve the task and not the example. Of a
#   decision (a name, a list of findings) they check the form; whether it is right comes with your mark.
# - The items do not need each other. If one resists, go on.
# - All models and layers are in evaluation mode. *Returns a new one* means: what was passed in stays as it was.
#   `copy.deepcopy` is imported.
# - Whatever you return must fit itself: a layer with 3 outputs says `out_features` (or `out_channels`) 3.

# %% given=true
import copy
import math

import torch
from torch import nn
from torch.nn import functional as F

from coursekit import explain

# %% [markdown]
# ## 1 · Remove units (2 points)
#
# Two linear layers, with a ReLU between them: `layer` makes units, `reader` reads them.
#
# Write `remove_units(layer, reader, gone)`. `gone` is a list of unit numbers. It returns two new `nn.Linear`, the layer
# and the reader without these units. Those that stay keep their order.
#
# - `gone` may be empty, in any order, and may name a unit twice.
# - `layer` may have been made with `bias=False`, and then the new one has no bias either. `reader` always has a bias.
# - If a unit is named that is not there (numbers are 0 and up), or no unit would be left: `ValueError`.
#
# Example: from `nn.Linear(4, 3)` and `nn.Linear(3, 2)` with `gone=[1]` come an `nn.Linear(4, 2)` and an
# `nn.Linear(2, 2)`.
#
# *Lesson: part 1.*


# %% item="units" answers=["remove_units"]
### BEGIN SOLUTION
def remove_units(layer, reader, gone):
    count = layer.out_features
    kept = [unit for unit in range(count) if unit not in gone]
    if not kept or not all(unit in range(count) for unit in gone):
        raise ValueError(f"can't remove {gone} of {count} units")
    smaller = nn.Linear(layer.in_features, len(kept), bias=layer.bias is not None)
    smaller.weight.data = layer.weight.data[kept]
    if layer.bias is not None:
        smaller.bias.data = layer.bias.data[kept]
    smaller_reader = nn.Linear(len(kept), reader.out_features)
    smaller_reader.weight.data = reader.weight.data[:, kept]
    smaller_reader.bias.data = reader.bias.data.clone()
    return smaller, smaller_reader


### END SOLUTION

# %% test="units" points=1
torch.manual_seed(7)  # what is random below is the same each time
layer, reader = nn.Linear(4, 3), nn.Linear(3, 2)
with torch.no_grad():
    layer.weight[1], layer.bias[1] = 0, 0  # unit 1 sends 0 for every input
small, small_reader = remove_units(layer, reader, [1])
assert (small.in_features, small.out_features) == (4, 2), f"the layer is {small}, expected (4, 2)"
assert small_reader.weight.shape == (2, 2), (
    f"the reader's weight has the shape {tuple(small_reader.weight.shape)}, expected (2, 2)"
)
inputs = torch.randn(6, 4)
assert torch.allclose(
    small_reader(F.relu(small(inputs))), reader(F.relu(layer(inputs))), atol=1e-5
), "unit 1 sent nothing but 0, so the outputs should be the same without it (lesson, part 1)"
### BEGIN HIDDEN TESTS
for width, units, outputs, gone, biased in (
    (5, 9, 5, [2, 7, 0], True),
    (7, 7, 7, [6, 1], True),
    (3, 6, 2, [5, 4, 3, 1, 0], True),
    (4, 8, 3, [1, 6], False),
):
    layer, reader = nn.Linear(width, units, bias=biased), nn.Linear(units, outputs)
    with torch.no_grad():
        layer.weight[gone] = 0
        if biased:
            layer.bias[gone] = -1.0  # a negative constant: ReLU stops it
    asked = list(gone)
    small, small_reader = remove_units(layer, reader, gone)
    assert gone == asked, "The list that was passed in has changed."
    assert small.out_features == small_reader.in_features == units - len(gone), (
        "How many units are left, and does the reader read just as many?"
    )
    assert (small.bias is None) == (not biased), "Has the layer a bias only where the old one has?"
    stays = [unit for unit in range(units) if unit not in gone]
    inputs = torch.randn(20, width)
    assert torch.allclose(small(inputs), layer(inputs)[:, stays], atol=1e-5), (
        "A unit that stays computes something else now. Did its bias come along, and the order stay?"
    )
    assert torch.allclose(
        small_reader(F.relu(small(inputs))), reader(F.relu(layer(inputs))), atol=1e-4
    ), "The outputs differ. Which axis of the reader's weight reads this unit?"
### END HIDDEN TESTS

# %% test="units" points=1
torch.manual_seed(7)  # what is random below is the same each time
layer, reader = nn.Linear(4, 3), nn.Linear(3, 2)
small, small_reader = remove_units(layer, reader, [])
assert torch.equal(small.weight, layer.weight), "nothing to remove: all should stay as it is"
try:
    remove_units(layer, reader, [0, 1, 2])
    refused = False
except ValueError:
    refused = True
assert refused, "removing all units should raise a ValueError"
### BEGIN HIDDEN TESTS
layer, reader = nn.Linear(6, 5), nn.Linear(5, 4)
with torch.no_grad():
    layer.bias[3] = 1.0
    reader.weight[:2, 3] = 0  # outputs 0 and 1 do not read unit 3
originals = [t.detach().clone() for t in (layer.weight, layer.bias, reader.weight, reader.bias)]
inputs = torch.randn(30, 6)
before = reader(F.relu(layer(inputs)))
small, small_reader = remove_units(layer, reader, [3, 3])
now = [t.detach() for t in (layer.weight, layer.bias, reader.weight, reader.bias)]
assert all(torch.equal(a, b) for a, b in zip(originals, now, strict=True)), (
    "What was passed in has changed. Was it cut in place?"
)
change = (small_reader(F.relu(small(inputs))) - before).abs().amax(0)
assert small.out_features == 4, "A unit that is named twice is still one unit."
try:
    many = remove_units(layer, reader, [3] * 9)[0].out_features
except ValueError:
    many = 0
assert many == 4, "A unit that is named many times is still one unit."
assert change[:2].max() < 1e-5, "An output has changed that never read the unit."
assert change[2:].min() > 1e-4, "An output that did read the unit has not changed. Is it gone?"
for gone in ([], [3]):
    small, small_reader = remove_units(layer, reader, gone)
    with torch.no_grad():  # as training does
        for parameter in (*small.parameters(), *small_reader.parameters()):
            parameter.add_(1)
    assert torch.equal(reader(F.relu(layer(inputs))), before), (
        "Training the small layers changes the old ones. Are all parameters new?"
    )
for request in ([5], [0, 9], [-1], [4, 3, 2, 1, 0], [0, 1, 2, 3, 4, 4]):
    try:
        remove_units(nn.Linear(6, 5), nn.Linear(5, 4), request)
        outcome = "no error"
    except ValueError:
        outcome = "ValueError"
    except Exception:
        outcome = "another error"
    assert outcome != "no error", "A request that can't be met was accepted. Which are those?"
    assert outcome == "ValueError", "What kind of error does the prompt ask for?"
### END HIDDEN TESTS

# %% [markdown]
# ## 2 · Count the MACs (2 points)
#
# Write `macs(model, images)`. It returns, as an `int`, how many multiply-accumulates the convolutions and linear layers
# of an `nn.Sequential` need for **one** image. `images` is a batch of one or more, shape (n, channels, height, width).
# Biases, batch norm, ReLU, pooling and flatten count as 0. Strides and paddings may be anything; `groups` is always 1. Count
# yourself: PyTorch's counter is not needed.
#
# Example: `nn.Conv2d(1, 2, 3, padding=1)` on a 4×4 image makes 2 maps of 4×4, and each of their values takes
# 1·3·3 products: 2·16·9 = 288.
#
# *Lesson: part 4.*


# %% item="macs" answers=["macs"]
### BEGIN SOLUTION
def macs(model, images):
    total = 0
    for part in model:
        images = part(images)
        if isinstance(part, nn.Conv2d):
            total += images.shape[2] * images.shape[3] * part.weight.numel()
        elif isinstance(part, nn.Linear):
            total += part.weight.numel()
    return total


### END SOLUTION

# %% test="macs" points=1
torch.manual_seed(7)  # what is random below is the same each time
count = macs(nn.Sequential(nn.Conv2d(1, 2, 3, padding=1)), torch.rand(1, 1, 4, 4))
assert isinstance(count, int), f"expected an int, but got {type(count).__name__}"
assert count == 288, f"expected 288 for the example, but got {count} (lesson, part 4)"
### BEGIN HIDDEN TESTS
for inside, outside, size, side in ((2, 5, 3, 8), (4, 2, 5, 9), (2, 7, 1, 6)):
    conv = nn.Conv2d(inside, outside, size, padding=size // 2)
    weights = inside * outside * size * size
    count = macs(nn.Sequential(conv), torch.rand(1, inside, side, side))
    assert count == weights * side * side, explain(
        count,
        {
            weights: "That is the number of weights. How often is each of them used?",
            weights * side * side + outside * side * side: "Are biases multiplied?",
            outside * size * size * side * side: "How many input channels does one filter read?",
            inside * outside * size * side * side: "A filter has two sides.",
            2 * weights * side * side: "One MAC is a multiplication *and* an addition.",
            inside * outside * side * side: "How large is a filter?",
        },
    )
### END HIDDEN TESTS

# %% test="macs" points=1
torch.manual_seed(7)  # what is random below is the same each time
model = nn.Sequential(
    nn.Conv2d(1, 2, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8, 3)
)
count = macs(model, torch.rand(5, 1, 4, 4))
assert count == 288 + 8 * 3, f"expected 288 + 24 for one image, but got {count}"
count = macs(nn.Sequential(nn.Conv2d(1, 2, 3, stride=2, padding=1)), torch.rand(1, 1, 4, 4))
assert count == 72, (
    f"with stride 2 the map is 2×2, so 72 MACs, but got {count}. "
    "Is it the map that goes in, or the one that comes out?"
)
### BEGIN HIDDEN TESTS
for stride, padding, side, pool in ((2, 1, 9, 1), (1, 0, 10, 2), (3, 2, 12, 1)):
    first, second = (
        nn.Conv2d(3, 4, 3, stride=stride, padding=padding, bias=False),
        nn.Conv2d(4, 6, (3, 1), padding=1),
    )
    out = (side + 2 * padding - 3) // stride + 1
    pooled = out // pool
    height, width = pooled, pooled + 2  # a 3×1 filter with padding 1
    model = nn.Sequential(
        first,
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.MaxPool2d(pool),
        second,
        nn.Flatten(),
        nn.Linear(6 * height * width, 5, bias=False),
        nn.ReLU(),
        nn.Linear(5, 3),
    ).eval()
    linear = 6 * height * width * 5 + 15
    wanted = out * out * 3 * 4 * 9 + height * width * 4 * 6 * 3 + linear
    count = macs(model, torch.rand(3, 3, side, side))
    assert count == wanted, explain(
        count,
        {
            3 * wanted: "That is for the whole batch. What is it for one image?",
            wanted - 15: "Is the last layer a layer like the others?",
            wanted - linear: "What about the linear layers?",
            side * side * 108
            + pooled * pooled * 72
            + linear: "Is it the map that goes in, or the one that comes out?",
            out * out * 108 + height * width * 216 + linear: "Is a filter always as wide as high?",
            out * out * 108 + height * width * 24 + linear: "Is a filter always as wide as high?",
        },
        "Strides, paddings and pooling change the size of a map. Which size counts?",
    )
uneven = nn.Sequential(nn.Conv2d(2, 3, 3, stride=(2, 1), padding=(0, 2)))
assert macs(uneven, torch.rand(1, 2, 9, 9)) == 4 * 11 * 54, (
    "A stride or a padding can differ between height and width."
)
assert macs(nn.Sequential(nn.ReLU(), nn.Flatten()), torch.rand(1, 1, 2, 2)) == 0, (
    "What does a model without any such layer need?"
)
### END HIDDEN TESTS

# %% [markdown]
# ## 3 · 2:4 (3 points)
#
# Write `mask_2_of_4(weight)` for a tensor of the shape (rows, columns). It returns a mask of the same shape: 1 (or
# `True`) where a weight stays and 0 (or `False`) where it goes.
#
# - In **every** group of four neighbours in a row (columns 0 to 3, 4 to 7, …) exactly two stay, those with the largest
#   magnitudes. Also where several are equal, or all are zero; then any two will do.
# - It works for float32, float16 and bfloat16, and leaves `weight` as it is.
# - If the columns do not come in fours: `ValueError`.
#
# Write `packed_bytes(weight)` too. It returns, as an `int`, the bytes of that matrix in 2:4 form: for each group the two
# values that stay, at the size of the tensor's type (`weight.element_size()`), and two bits for the place of each of them.
# Bits fill whole bytes (12 bits take 2 bytes).
#
# Example: for the row `[[3., -5., 1., 4.]]` the mask is `[[0, 1, 0, 1]]`, and float32 takes 2·4 + 1 = 9 bytes.
#
# *Lesson: part 6.*


# %% item="two_of_four" answers=["mask_2_of_4", "packed_bytes"]
### BEGIN SOLUTION
def mask_2_of_4(weight):
    if weight.shape[1] % 4:
        raise ValueError(f"the columns of {tuple(weight.shape)} are no groups of four")
    groups = weight.detach().abs().reshape(-1, 4)
    best = groups.topk(2, dim=1).indices
    return torch.zeros_like(groups).scatter(1, best, 1).reshape(weight.shape)


def packed_bytes(weight):
    groups = weight.numel() // 4
    return 2 * groups * weight.element_size() + (4 * groups + 7) // 8


### END SOLUTION

# %% test="two_of_four" points=1
torch.manual_seed(7)  # what is random below is the same each time
mask = mask_2_of_4(torch.tensor([[3.0, -5.0, 1.0, 4.0]]))
assert mask.shape == (1, 4), f"the mask's shape is {tuple(mask.shape)}, expected (1, 4)"
assert (mask == torch.tensor([[0, 1, 0, 1]])).all(), f"expected [[0, 1, 0, 1]], not {mask.tolist()}"
### BEGIN HIDDEN TESTS
for rows, columns in ((5, 8), (3, 20), (16, 4)):
    # All magnitudes differ; half of the groups are larger than the other half.
    ranks = torch.rand(rows, columns // 4, 4).argsort(dim=2).argsort(dim=2)
    signs = torch.where(torch.rand(rows, columns // 4, 4) < 0.5, -1.0, 1.0)
    size = 10.0 ** torch.arange(columns // 4)[None, :, None]
    weight = ((ranks + 1) * signs * size).reshape(rows, columns)
    copy_of_weight = weight.clone()
    mask = mask_2_of_4(weight)
    wanted = (ranks >= 2).reshape(rows, columns)
    assert not ((mask == 0) == wanted).all(), "What does a 1 in the mask mean: stays, or goes?"
    per_group = (mask != 0).reshape(rows, -1, 4).sum(2)
    assert (per_group == 2).all(), "Is it two of *each* four neighbours? Count group by group."
    assert ((mask != 0) == wanted).all(), "In each group, are the two largest in magnitude left?"
    assert torch.equal(weight, copy_of_weight), "The weights themselves have changed."
### END HIDDEN TESTS

# %% test="two_of_four" points=1
torch.manual_seed(7)  # what is random below is the same each time
mask = mask_2_of_4(torch.tensor([[2.0, 2.0, -2.0, 2.0, 0.0, 0.0, 0.0, 1.0]]))
per_group = (mask != 0).reshape(-1, 4).sum(1).tolist()
assert per_group == [2, 2], f"two of each four should stay, also among equal ones, not {per_group}"
### BEGIN HIDDEN TESTS
for dtype in (torch.float32, torch.float16, torch.bfloat16):
    weight = torch.randint(-2, 3, (12, 16)).to(dtype)
    weight[0] = 0
    mask = mask_2_of_4(weight)
    assert ((mask != 0).reshape(12, 4, 4).sum(2) == 2).all(), (
        "With equal weights or zeros in a group the count is off. Do you choose places?"
    )
    magnitude = weight.abs().float().reshape(-1, 4)
    stays = torch.as_tensor(mask != 0).reshape(-1, 4)
    assert (
        torch.where(stays, magnitude, 9.0).amin(1) >= torch.where(stays, -1.0, magnitude).amax(1)
    ).all(), "In each group, are the two largest in magnitude left?"
weight = torch.randn(8, 3).t()  # 3 rows, 8 columns, not contiguous in memory
mask = mask_2_of_4(weight)
wanted = mask_2_of_4(weight.contiguous())
assert ((mask != 0) == (wanted != 0)).all(), "A transposed matrix has rows and columns too."
for dtype, power in ((torch.float16, -14), (torch.float32, -60), (torch.float32, 100)):
    ranks = torch.rand(40, 2, 4).argsort(dim=2).argsort(dim=2).reshape(40, 8)
    # Magnitudes of 1 to 1.03: next to equal, and far from 1 once they are scaled.
    weight = ((1 + ranks / 100).to(dtype) * torch.tensor(2.0, dtype=dtype) ** power).to(dtype)
    assert ((mask_2_of_4(weight) != 0) == (ranks >= 2)).all(), (
        "Weights that are tiny, huge or nearly equal: are the two largest left by their magnitudes themselves?"
    )
for columns in (1, 6, 10):
    try:
        mask_2_of_4(torch.randn(4, columns))
        outcome = "no error"
    except ValueError:
        outcome = "ValueError"
    except Exception:
        outcome = "another error"
    assert outcome == "ValueError", "What should happen when the columns do not come in fours?"
### END HIDDEN TESTS

# %% test="two_of_four" points=1
torch.manual_seed(7)  # what is random below is the same each time
size = packed_bytes(torch.tensor([[3.0, -5.0, 1.0, 4.0]]))
assert isinstance(size, int), f"expected an int, but got {type(size).__name__}"
assert size == 9, f"expected 9 bytes for the example, but got {size} (lesson, part 6)"
size = packed_bytes(torch.tensor([[3.0, -5.0, 1.0, 4.0, 1.0, 2.0, 3.0, 4.0]]))
assert size == 17, f"two groups take 16 bytes of values and 8 bits of metadata: 17, not {size}"
### BEGIN HIDDEN TESTS
for dtype, value in ((torch.int8, 1), (torch.float16, 2), (torch.float32, 4), (torch.float64, 8)):
    weight = torch.randint(-3, 4, (6, 40)).to(dtype)
    size = packed_bytes(weight)
    assert size == 120 * value + 30, explain(
        size,
        {
            120 * value: "How does the reader know which two of the four they are?",
            120 * value + 60: "How many bits does a place among four need?",
            120 * value + 15: "Two values stay in each group. Has each a place?",
            120 * value + 120: "A place needs fewer bits than a byte has.",
            120 * value + 240: "Bits or bytes?",
            120 * 4 + 30: "Does every type of number take 4 bytes?",
            240 * value + 30: "How many of the values are stored?",
        },
    )
assert packed_bytes(torch.randn(3, 4)) == 24 + 2, "Bits come in whole bytes. Up, or down?"
assert packed_bytes(torch.randn(1, 4).half()) == 4 + 1, "Bits come in whole bytes. Up, or down?"
assert packed_bytes(torch.zeros(2, 8)) == 32 + 2, (
    "Are zeros left out? The pattern stores two values of each group, whatever they are."
)
### END HIDDEN TESTS

# %% [markdown]
# ## 4 · Remove channels (4 points)
#
# Write `remove_channels(model, place, gone)` for an `nn.Sequential`. `model[place]` is an `nn.Conv2d` whose channels in
# the list `gone` go. Return a new, smaller model. Behind the convolution there may be, in this order, `nn.BatchNorm2d` or none,
# then any of `nn.ReLU`, `nn.MaxPool2d` and `nn.Flatten`, then the reader: the next `nn.Conv2d`, or, after an
# `nn.Flatten`, an `nn.Linear`. More parts may follow the reader, and more may stand before the convolution; they
# stay as they are.
#
# - Batch norm keeps four vectors for its channels. Convolutions may have been made with `bias=False`. Strides,
#   dilations, paddings and the `eps` of a batch norm may be anything, and stay as they are.
# - The new model shares no parameter with the old one.
# - The channels that stay keep their order. `gone` may be empty or in any order.
# - `ValueError`, with a message that tells why, if a channel is named that is not there, if none would be left, and if
#   on the way to the reader there is a part of another kind than those named above, a linear layer that no flatten precedes,
#   or no reader at all.
# - `groups` is always 1.
#
# *Lesson: part 2.*


# %% item="channels" answers=["remove_channels"]
### BEGIN SOLUTION
def remove_channels(model, place, gone):
    count = model[place].out_channels
    kept = [channel for channel in range(count) if channel not in gone]
    if not kept:
        raise ValueError("no channel would be left")
    if any(channel not in range(count) for channel in gone):
        raise ValueError(f"there are {count} channels, numbered from 0: {gone} won't do")
    smaller = copy.deepcopy(model)
    conv = smaller[place]
    conv.weight = nn.Parameter(conv.weight.detach()[kept])
    if conv.bias is not None:
        conv.bias = nn.Parameter(conv.bias.detach()[kept])
    conv.out_channels = len(kept)
    flat = False
    for part in list(smaller)[place + 1 :]:
        if isinstance(part, nn.BatchNorm2d):
            part.weight = nn.Parameter(part.weight.detach()[kept])
            part.bias = nn.Parameter(part.bias.detach()[kept])
            part.running_mean = part.running_mean[kept]
            part.running_var = part.running_var[kept]
            part.num_features = len(kept)
        elif isinstance(part, nn.Conv2d) and not flat:
            part.weight = nn.Parameter(part.weight.detach()[:, kept])
            part.in_channels = len(kept)
            return smaller
        elif isinstance(part, nn.Linear) and flat:
            each = part.in_features // count
            columns = [each * channel + i for channel in kept for i in range(each)]
            part.weight = nn.Parameter(part.weight.detach()[:, columns])
            part.in_features = len(columns)
            return smaller
        elif isinstance(part, nn.Flatten):
            flat = True
        elif not isinstance(part, (nn.ReLU, nn.MaxPool2d)):
            raise ValueError(f"what does {type(part).__name__} do to a channel?")
    raise ValueError("nothing reads these channels")


### END SOLUTION


# %% given=true
def plain(first, second, units, bias=True):
    """A network for images (n, 2, 8, 8) with random weights and batch norm statistics."""
    model = nn.Sequential(
        nn.Conv2d(2, first, 3, padding=1, bias=bias),
        nn.BatchNorm2d(first),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(first, second, 3, padding=1, bias=bias),
        nn.BatchNorm2d(second),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(second * 4, units),
        nn.ReLU(),
        nn.Linear(units, 3),
    )
    for norm in (model[1], model[5]):
        for vector in (norm.weight.data, norm.bias.data, norm.running_mean):
            vector.copy_(torch.randn(len(vector)))
        norm.running_var.copy_(torch.rand(len(norm.running_var)) + 0.5)
    return model.eval()


def silenced(model, place, gone):
    """A copy whose batch norm behind model[place] sends 0 for these channels."""
    model = copy.deepcopy(model)
    model[place + 1].weight.data[gone] = 0
    model[place + 1].bias.data[gone] = 0
    return model


# %% test="channels" points=1
torch.manual_seed(7)  # what is random below is the same each time
model = silenced(plain(6, 5, 4), 0, [1, 4])
small = remove_channels(model, 0, [1, 4]).eval()
assert small[0].weight.shape == (4, 2, 3, 3), (
    f"the convolution's weight has the shape {tuple(small[0].weight.shape)}, expected (4, 2, 3, 3)"
)
images = torch.randn(3, 2, 8, 8)
assert torch.allclose(small(images), model(images), atol=1e-4), (
    "channels 1 and 4 sent nothing but 0, so the outputs should be the same (lesson, part 2)"
)
### BEGIN HIDDEN TESTS
for first, second, gone, bias in ((9, 4, [0, 8, 3], True), (5, 5, [3, 1, 0, 4], False)):
    model = silenced(plain(first, second, 6, bias), 0, gone)
    small = remove_channels(model, 0, gone).eval()
    left = first - len(gone)
    assert (small[0].out_channels, small[1].num_features, small[4].in_channels) == (left,) * 3, (
        "How many channels do convolution, batch norm and reader say they have?"
    )
    images = torch.randn(4, 2, 8, 8)
    assert torch.allclose(
        small[:2](images),
        model[:2](images)[:, [c for c in range(first) if c not in gone]],
        atol=1e-4,
    ), "What leaves the batch norm differs. How many vectors does it keep per channel?"
    assert torch.allclose(small(images), model(images), atol=1e-4), (
        "The outputs differ. Which axis of the next weight reads this channel?"
    )
strided = nn.Sequential(
    nn.Conv2d(2, 4, 3, stride=2, padding=2, dilation=2, padding_mode="reflect"),
    nn.BatchNorm2d(4, eps=0.5),
    nn.ReLU(),
    nn.Conv2d(4, 3, 3, stride=2, padding=1, dilation=2, padding_mode="circular"),
).eval()
small = remove_channels(silenced(strided, 0, [1]), 0, [1]).eval()
images = torch.randn(3, 2, 13, 11)
wanted = silenced(strided, 0, [1])(images)
assert small(images).shape == wanted.shape, (
    "Maps have another size than before. Did stride, padding and dilation come along?"
)
assert torch.allclose(small(images), wanted, atol=1e-4), (
    "What else does a layer know but its weights? Compare what the old and the new one print."
)
# Other parts before the convolution and behind the reader, two poolings, no batch norm.
amid = nn.Sequential(
    nn.Conv2d(1, 2, 3),
    nn.Sigmoid(),
    nn.Conv2d(2, 4, 3),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.MaxPool2d(2),
    nn.Conv2d(4, 3, 2),
    nn.Tanh(),
).eval()
amid[2].weight.data[[1, 3]] = 0
amid[2].bias.data[[1, 3]] = -1
gone, images = [3, 1], torch.randn(3, 1, 16, 20)
small = remove_channels(amid, 2, gone).eval()
assert gone == [3, 1], "The list that was passed in has changed."
assert len(small) == len(amid) and torch.allclose(small(images), amid(images), atol=1e-4), (
    "Which parts stand before the convolution, on the way to the reader, and behind it?"
)
### END HIDDEN TESTS

# %% test="channels" points=1
torch.manual_seed(7)  # what is random below is the same each time
model = silenced(plain(3, 5, 4), 4, [2])
small = remove_channels(model, 4, [2]).eval()
assert small[9].in_features == 4 * 4, (
    f"each channel is 2×2 after pooling, so 4 of them make 16 inputs, not {small[9].in_features}"
)
### BEGIN HIDDEN TESTS
for second, units, gone in ((5, 4, [2]), (8, 3, [7, 0, 4]), (6, 24, [5, 1])):
    model = silenced(plain(4, second, units), 4, gone)
    small = remove_channels(model, 4, gone).eval()
    images = torch.randn(4, 2, 8, 8)
    assert small[9].weight.shape == (units, 4 * (second - len(gone))), (
        "How many columns of the linear layer does one channel own?"
    )
    assert torch.allclose(small(images), model(images), atol=1e-4), (
        "The outputs differ after flatten. Which columns belong to one channel? Try it on 2 channels of 2×2."
    )
    assert model[4].out_channels == second, "The model that was passed in should not change."
tall = nn.Sequential(
    nn.Tanh(), nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.ReLU(), nn.Linear(4 * 3 * 7, 2)
).eval()
tall[1].weight.data[[0, 2]] = 0
tall[1].bias.data[[0, 2]] = -1
small = remove_channels(tall, 1, [2, 0]).eval()
images = torch.randn(3, 1, 5, 9)
assert torch.allclose(small(images), tall(images), atol=1e-4), (
    "Does it work for maps that are not square, and without batch norm?"
)
### END HIDDEN TESTS

# %% test="channels" points=1
torch.manual_seed(7)  # what is random below is the same each time
model = plain(4, 6, 5)
images = torch.randn(3, 2, 8, 8)
before = model(images).detach()
small = remove_channels(model, 4, [0]).eval()
assert torch.equal(model(images).detach(), before), "the model that was passed in should not change"
### BEGIN HIDDEN TESTS
for place, gone in ((0, [2]), (4, [5, 3])):
    model = plain(4, 6, 5)
    count = model[place].out_channels
    stays = [channel for channel in range(count) if channel not in gone]
    reader = model[4] if place == 0 else model[9]
    each = reader.weight.shape[1] // count
    with torch.no_grad():  # the reader's outputs 0 and 1 do not read what goes
        model[place + 1].bias[gone] = 2.0  # alive for sure
        for channel in gone:
            reader.weight[:2, channel * each : (channel + 1) * each] = 0
    small = remove_channels(model, place, gone).eval()
    images = torch.randn(5, 2, 8, 8)
    end = 5 if place == 0 else 10
    assert torch.allclose(
        small[: place + 3](images), model[: place + 3](images)[:, stays], atol=1e-4
    ), "A channel that stays has changed. Nothing in it depended on those that went."
    change = (small[:end](images) - model[:end](images)).abs()
    change = change.amax((0, 2, 3)) if place == 0 else change.amax(0)
    assert change[:2].max() < 1e-4, "An output has changed that never read what went."
    assert change[2:].min() > 1e-4, "An output that did read it has not changed. Is it gone?"
    assert torch.equal(reader.bias, small[4].bias if place == 0 else small[9].bias), (
        "Should the reader's own bias change?"
    )
    assert all(
        torch.equal(a, b)
        for a, b in zip(model[10:].state_dict().values(), small[10:].state_dict().values())
    ), "A part behind the reader has changed."
model = plain(4, 6, 5)
images = torch.randn(3, 2, 8, 8)
before = model(images).detach()
small = remove_channels(model, 4, [0])
with torch.no_grad():  # as training does
    for parameter in small.parameters():
        parameter.add_(1)
assert torch.equal(model(images).detach(), before), (
    "Training the small model changes the old one. Are all its parts new?"
)
twice = remove_channels(remove_channels(plain(6, 4, 3), 0, [5, 0]), 0, [1]).eval()
assert twice(torch.randn(2, 2, 8, 8)).shape == (2, 3), "Can the smaller model be cut once more?"
### END HIDDEN TESTS

# %% test="channels" points=1
torch.manual_seed(7)  # what is random below is the same each time
model = plain(3, 4, 2)
try:
    remove_channels(model, 0, [0, 1, 2])
    refused = False
except ValueError:
    refused = True
assert refused, "removing all channels should raise a ValueError"
### BEGIN HIDDEN TESTS
images = torch.randn(2, 2, 8, 8)
assert torch.equal(remove_channels(model, 0, []).eval()(images), model(images)), (
    "With nothing to remove the model should compute just the same."
)
strange = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Softmax(dim=1), nn.Conv2d(4, 2, 3))
pooled = nn.Sequential(nn.Conv2d(1, 4, 3), nn.AvgPool2d(2), nn.Conv2d(4, 2, 3))
unread = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU()).eval()
curved = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Tanh(), nn.Conv2d(4, 2, 3))
dropping = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Dropout(), nn.Conv2d(4, 2, 3)).eval()
along = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Linear(8, 2))  # reads the width of a map
requests = (
    (model, 0, [3]),
    (model, 4, [1, 7]),
    (model, 0, [-1]),
    (model, 4, [3, 2, 1, 0]),
    (strange, 0, [1]),
    (pooled, 0, [1]),
    (curved, 0, [1]),
    (dropping, 0, [1]),
    (unread, 0, [1]),
    (along, 0, [1]),
)
for request in requests:
    reason = None
    try:
        remove_channels(*request)
        outcome = "no error"
    except ValueError as error:
        outcome, reason = "ValueError", str(error).strip()
    except Exception:
        outcome = "another error"
    assert outcome != "no error", explain(
        {id(strange): 1, id(pooled): 2, id(curved): 2, id(dropping): 2, id(along): 3}.get(
            id(request[0]), 0
        ),
        {
            1: "A part that mixes channels was passed over in silence.",
            2: "A part of another kind than those named was passed over. Which ones do you refuse?",
            3: "A linear layer without an `nn.Flatten` before it reads the columns of a map, not the channels.",
        },
        "A request that can't be met was accepted. Read the list of errors in the prompt.",
    )
    assert outcome == "ValueError", "What kind of error does the prompt ask for?"
    assert reason, "The prompt asks for a message that tells why."
### END HIDDEN TESTS

# %% [markdown]
# ## 5 · Units without weights (2 points)
#
# Two linear layers, with a ReLU between them. Some units of `layer` have only zeros as incoming weights. Their biases may be
# anything.
#
# Write `drop_constant_units(layer, reader)`. It returns two new `nn.Linear`, the layer and the reader without all these units.
# **For every input the outputs must stay the same** (up to rounding). Both layers have biases.
#
# - If there is no such unit, nothing changes.
# - If all units are such, exactly one stays, whichever you like. The outputs must still be the same.
#
# Example: a unit with weights 0 and bias 2 is read with the weight 3. It adds 6 to the output, always.
#
# *Lesson: part 1.*


# %% item="constant" answers=["drop_constant_units"]
### BEGIN SOLUTION
def drop_constant_units(layer, reader):
    constant = (layer.weight.detach() == 0).all(1)
    if constant.all():
        constant[0] = False
    smaller = nn.Linear(layer.in_features, int((~constant).sum()))
    smaller.weight.data = layer.weight.data[~constant]
    smaller.bias.data = layer.bias.data[~constant]
    smaller_reader = nn.Linear(smaller.out_features, reader.out_features)
    smaller_reader.weight.data = reader.weight.data[:, ~constant]
    sent = F.relu(layer.bias.data[constant])
    smaller_reader.bias.data = reader.bias.data + reader.weight.data[:, constant] @ sent
    return smaller, smaller_reader


### END SOLUTION

# %% test="constant" points=1
torch.manual_seed(7)  # what is random below is the same each time
layer, reader = nn.Linear(3, 4), nn.Linear(4, 1)
with torch.no_grad():
    layer.weight[2], layer.bias[2], reader.weight[:, 2] = 0, 2, 3
inputs = torch.randn(5, 3)
wanted = reader(F.relu(layer(inputs)))
small, small_reader = drop_constant_units(layer, reader)
assert small.out_features == 3, f"one unit of four should go, but {small.out_features} are left"
found = small_reader(F.relu(small(inputs)))
assert torch.allclose(found, wanted, atol=1e-4), (
    f"the first output was {float(wanted[0]):.3f} and is {float(found[0]):.3f} (lesson, part 1)"
)
### BEGIN HIDDEN TESTS
for width, units, outputs, constant in ((5, 8, 3, [0, 3, 7]), (4, 6, 6, [2, 5])):
    layer, reader = nn.Linear(width, units), nn.Linear(units, outputs)
    with torch.no_grad():
        layer.weight[constant] = 0
        layer.bias[constant] = torch.rand(len(constant)) + 0.5
    inputs = torch.randn(20, width)
    wanted = reader(F.relu(layer(inputs)))
    small, small_reader = drop_constant_units(layer, reader)
    assert small.out_features == small_reader.in_features == units - len(constant), (
        "Are all units without weights gone, and no other?"
    )
    assert torch.allclose(small_reader(F.relu(small(inputs))), wanted, atol=1e-4), (
        "The outputs differ. What left such a unit, and who counted on it?"
    )
### END HIDDEN TESTS

# %% test="constant" points=1
torch.manual_seed(7)  # what is random below is the same each time
layer, reader = nn.Linear(3, 4), nn.Linear(4, 2)
small, small_reader = drop_constant_units(layer, reader)
assert small.out_features == 4, "every unit has weights here: all four should stay"
with torch.no_grad():
    layer.weight[1], layer.bias[1] = 0, -2
inputs = torch.randn(5, 3)
wanted = reader(F.relu(layer(inputs)))
small, small_reader = drop_constant_units(layer, reader)
assert torch.allclose(small_reader(F.relu(small(inputs))), wanted, atol=1e-4), (
    "the outputs differ when such a bias is negative, here −2: what leaves the unit?"
)
### BEGIN HIDDEN TESTS
layer, reader = nn.Linear(6, 7), nn.Linear(7, 3)
with torch.no_grad():
    layer.weight[[1, 4, 5]] = 0
    layer.bias[[1, 4, 5]] = torch.tensor([-2.0, 3.0, 0.0])
    layer.weight[2], layer.weight[2, 3] = 0, 0.5  # one weight left: it is no constant
    layer.weight[3] = torch.tensor([1.0, -1.0, 2.0, -2.0, 0.5, -0.5])  # sums to 0
    layer.weight[6] *= 1e-4  # small, but it does depend on the input
    layer.weight[0] = -layer.weight[0].abs()  # none above 0
    reader.weight[:, 0] = 0  # nothing reads it, but it does depend on the input
originals = [t.detach().clone() for t in (layer.weight, layer.bias, reader.weight, reader.bias)]
inputs = torch.randn(40, 6)
wanted = reader(F.relu(layer(inputs)))
small, small_reader = drop_constant_units(layer, reader)
assert small.out_features == 4, (
    "Which units depend on no input at all? Small weights, or weights that add up to 0, are weights."
)
assert torch.allclose(small_reader(F.relu(small(inputs))), wanted, atol=1e-4), (
    "The outputs differ when such a bias is negative. What leaves the unit after ReLU?"
)
now = [t.detach() for t in (layer.weight, layer.bias, reader.weight, reader.bias)]
assert all(torch.equal(a, b) for a, b in zip(originals, now, strict=True)), (
    "What was passed in has changed. Was it changed in place?"
)
layer, reader = nn.Linear(6, 3), nn.Linear(3, 2)
with torch.no_grad():
    layer.weight[1] = 2.0**-40  # tiny, but it does depend on the input
wanted = reader(F.relu(layer(inputs)))
small, small_reader = drop_constant_units(layer, reader)
assert small.out_features == 3, "Tiny weights are weights. Only zeros make a unit constant."
with torch.no_grad():  # as training does
    for parameter in (*small.parameters(), *small_reader.parameters()):
        parameter.add_(1)
assert torch.equal(reader(F.relu(layer(inputs))), wanted), (
    "Training the small layers changes the old ones. Are all parameters new?"
)
for biases in (torch.rand(7) + 1, -torch.rand(7), torch.linspace(-1, 1, 7), torch.ones(1)):
    layer, reader = nn.Linear(6, len(biases)), nn.Linear(len(biases), 3)
    layer.weight.data.zero_()
    layer.bias.data = biases
    small, small_reader = drop_constant_units(layer, reader)
    assert small.out_features == 1, "All units are constant: exactly one should stay."
    assert torch.allclose(
        small_reader(F.relu(small(inputs))), reader(F.relu(layer(inputs))), atol=1e-4
    ), "All units are constant: the outputs should be the same all the same."
### END HIDDEN TESTS

# %% [markdown]
# ## 6 · Find the bugs (2 points)
#
# A colleague removes channels from networks of one kind: convolution, batch norm, ReLU, flatten, linear. She wants the
# channels with the **largest** L1 norms to stay, `keep` of them, in their old order. Her function runs without an error, the shapes
# fit, and the accuracy is gone:
#
# ```python
# def slim(model, keep):
#     conv, norm, relu, flatten, linear = model
#     scores = conv.weight.detach().abs().flatten(1).sum(1)
#     kept = scores.argsort()[:keep].sort().values
#
#     conv2 = nn.Conv2d(conv.in_channels, keep, conv.kernel_size, padding=conv.padding)
#     conv2.weight.data, conv2.bias.data = conv.weight.data[kept], conv.bias.data[kept]
#
#     norm2 = nn.BatchNorm2d(keep)
#     norm2.weight.data, norm2.bias.data = norm.weight.data[kept], norm.bias.data[kept]
#
#     maps = linear.weight.data.reshape(linear.out_features, -1, conv.out_channels)
#     linear2 = nn.Linear(maps.shape[1] * keep, linear.out_features)
#     linear2.weight.data = maps[:, :, kept].reshape(linear.out_features, -1)
#     linear2.bias.data = linear.bias.data.clone()
#     return nn.Sequential(conv2, norm2, nn.ReLU(), nn.Flatten(), linear2).eval()
# ```
#
# There are three bugs. Write `slim(model, keep)` so that it does what she meant. `keep` is from 1 to the number of
# channels; all convolutions have a bias and stride 1, and all channels have different norms.
#
# *Lesson: part 2. Test it on a network whose weakest channels send only zeros.*


# %% item="slim" answers=["slim"]
### BEGIN SOLUTION
def slim(model, keep):
    conv, norm, _, _, linear = model
    scores = conv.weight.detach().abs().flatten(1).sum(1)
    kept = scores.argsort(descending=True)[:keep].sort().values

    conv2 = nn.Conv2d(conv.in_channels, keep, conv.kernel_size, padding=conv.padding)
    conv2.weight.data, conv2.bias.data = conv.weight.data[kept], conv.bias.data[kept]

    norm2 = nn.BatchNorm2d(keep)
    norm2.weight.data, norm2.bias.data = norm.weight.data[kept], norm.bias.data[kept]
    norm2.running_mean, norm2.running_var = norm.running_mean[kept], norm.running_var[kept]

    maps = linear.weight.data.reshape(linear.out_features, conv.out_channels, -1)
    linear2 = nn.Linear(maps.shape[2] * keep, linear.out_features)
    linear2.weight.data = maps[:, kept].reshape(linear.out_features, -1)
    linear2.bias.data = linear.bias.data.clone()
    return nn.Sequential(conv2, norm2, nn.ReLU(), nn.Flatten(), linear2).eval()


### END SOLUTION


# %% given=true
def short(channels, side, size, outputs):
    """A network of her kind for images (n, 2, side, side + 1), with random weights and statistics."""
    model = nn.Sequential(
        nn.Conv2d(2, channels, size, padding=size // 2),
        nn.BatchNorm2d(channels),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(channels * side * (side + 1), outputs),
    )
    model[1].weight.data = torch.rand(channels) + 0.5
    model[1].bias.data = torch.randn(channels)
    model[1].running_mean = torch.randn(channels)
    model[1].running_var = torch.rand(channels) + 0.5
    return model.eval()


# %% test="slim" points=1
torch.manual_seed(7)  # what is random below is the same each time
model = short(5, 4, 3, 3)
small = slim(model, 2).eval()
norms = model[0].weight.detach().abs().flatten(1).sum(1)
stays = sorted(norms.argsort().tolist()[-2:])
assert torch.equal(small[0].weight.detach(), model[0].weight.detach()[stays]), (
    f"the norms are {[round(n, 2) for n in norms.tolist()]}: channels {stays} should stay, in this order"
)
### BEGIN HIDDEN TESTS
for channels, side, size, keep in ((5, 4, 3, 2), (8, 3, 1, 5), (7, 5, 5, 7), (6, 3, 3, 1)):
    model = short(channels, side, size, 4)
    small = slim(model, keep).eval()
    norms = model[0].weight.detach().abs().flatten(1).sum(1)
    stays = sorted(norms.argsort().tolist()[-keep:])
    assert torch.equal(small[0].weight.detach(), model[0].weight.detach()[stays]), (
        "Do the strongest channels stay, in their old order?"
    )
    images = torch.randn(4, 2, side, side + 1)
    wanted = model[:2](images)[:, stays]
    assert torch.allclose(small[:2](images), wanted, atol=1e-4), (
        "What leaves the batch norm differs. How many vectors does it keep per channel?"
    )
### END HIDDEN TESTS

# %% test="slim" points=1
torch.manual_seed(7)  # what is random below is the same each time
model = short(5, 4, 3, 3)
small = slim(model, 5).eval()
images = torch.randn(3, 2, 4, 5)
assert torch.allclose(small(images), model(images), atol=1e-4), (
    "with all five channels kept, the outputs should be the same"
)
weakest = model[0].weight.detach().abs().flatten(1).sum(1).argsort()[:2]
model[1].weight.data[weakest] = model[1].bias.data[weakest] = 0
assert torch.allclose(slim(model, 3).eval()(images), model(images), atol=1e-3), (
    "The channels that went sent only zeros, and yet the outputs differ. Which columns does a channel own?"
)
### BEGIN HIDDEN TESTS
for channels, side, size, keep in ((6, 4, 3, 3), (8, 3, 3, 1), (4, 2, 1, 3), (6, 5, 3, 5)):
    model = short(channels, side, size, 5)
    norms = model[0].weight.detach().abs().flatten(1).sum(1)
    goes = norms.argsort()[: channels - keep]
    model[1].weight.data[goes] = 0
    model[1].bias.data[goes] = 0
    kept_weights = model[4].weight.detach().clone()
    small = slim(model, keep).eval()
    assert small[4].in_features == keep * side * (side + 1), (
        "Does the linear layer say how many inputs it has?"
    )
    images = torch.randn(4, 2, side, side + 1)
    assert torch.allclose(small(images), model(images), atol=1e-3), (
        "The channels that went sent only zeros, and yet the outputs differ. Which columns does a channel own?"
    )
    assert torch.equal(model[4].weight.detach(), kept_weights), "The model passed in has changed."
### END HIDDEN TESTS

# %% [markdown]
# ## 7 · Is there a difference? (2 points)
#
# `one` and `other` are lists of accuracies, from 0 to 1, of networks from several seeds. Write `difference(one, other,
# pairs)`. It returns two numbers in points of accuracy (0.01 is one point): by how much the mean of `one` lies above that of
# `other`, negative if it lies below, and half of the 95% interval of this difference, $t$ times its standard error.
#
# - `pairs=True`: the first of both lists belong together, the second, and so on. With the $n$ differences, their
#   standard deviation $s$ (over $n - 1$) and $n - 1$ degrees of freedom it is $t\,s/\sqrt{n}$.
# - `pairs=False`: nothing belongs together, and the lists may differ in length. With $a = s_1^2/n_1$ and $b = s_2^2/n_2$, from
#   the standard deviation and the length of each list, it is $t\sqrt{a+b}$, for
#   $(a+b)^2 \big/ \big(\frac{a^2}{n_1-1} + \frac{b^2}{n_2-1}\big)$ degrees of freedom, cut to a whole number (Welch).
# - `STUDENT[freedom]` below is $t$. Pairs of lists that differ in length: `ValueError`. No list has fewer than two values, or
#   only equal ones.
#
# Then look at `MEASURED`. Its names say how the networks were made; decide for each comparison whether there are pairs.
# Leave in `shown` a list of the names of those comparisons whose interval doesn't contain 0.
#
# Example: `difference([0.86, 0.87], [0.85, 0.85], True)` is 1.5 and about 6.35.
#
# *Lesson: part 5.*

# %% given=true
STUDENT = [None, 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228]
STUDENT += [2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101]  # up to 18 degrees of freedom

MEASURED = {
    "L1 and random, each cut out of the same five networks": (
        [0.861, 0.872, 0.853, 0.880, 0.866],
        [0.857, 0.866, 0.850, 0.875, 0.861],
    ),
    "L1, and small networks from scratch with seeds of their own": (
        [0.860, 0.866, 0.871, 0.878, 0.855],
        [0.856, 0.861, 0.868, 0.873, 0.850],
    ),
    "half the training, with seeds of its own, and L1": (
        [0.858, 0.862, 0.855, 0.864, 0.860],
        [0.872, 0.868, 0.874, 0.870, 0.869],
    ),
    "Taylor and L1, each cut out of the same five networks": (
        [0.861, 0.872, 0.853, 0.880, 0.866],
        [0.865, 0.866, 0.858, 0.871, 0.868],
    ),
}


# %% item="difference" answers=["difference", "shown"]
### BEGIN SOLUTION
def squared_error(values):
    mean = sum(values) / len(values)
    return sum((value - mean) ** 2 for value in values) / (len(values) - 1) / len(values)


def difference(one, other, pairs):
    mean = 100 * (sum(one) / len(one) - sum(other) / len(other))
    if pairs:
        gains = [100 * (first - second) for first, second in zip(one, other, strict=True)]
        return mean, STUDENT[len(gains) - 1] * squared_error(gains) ** 0.5
    a, b = 100**2 * squared_error(one), 100**2 * squared_error(other)
    freedom = int((a + b) ** 2 / (a**2 / (len(one) - 1) + b**2 / (len(other) - 1)))
    return mean, STUDENT[freedom] * (a + b) ** 0.5


shown = []
for name, (one, other) in MEASURED.items():
    mean, half = difference(one, other, "the same five" in name)
    if abs(mean) > half:
        shown.append(name)
### END SOLUTION

# %% test="difference" points=1
mean, half = difference([0.86, 0.87], [0.85, 0.85], True)
assert abs(mean - 1.5) < 1e-3, f"the first mean lies 1.5 points above the second, not {mean}"
assert abs(half - 6.353) < 0.01, (
    f"the differences are 1 and 2 points, s is 0.707, t is 12.706: half is 6.353, not {half}"
)
### BEGIN HIDDEN TESTS
generator = torch.Generator().manual_seed(7)
for count in (2, 5, 10):
    one, other = (
        0.8 + 0.05 * torch.rand(2, count, generator=generator, dtype=torch.float64)
    ).tolist()
    gains = 100 * (torch.tensor(one).double() - torch.tensor(other).double())
    mean, half = difference(one, other, True)
    assert abs(mean - float(gains.mean())) < 1e-3, explain(
        round(mean, 2),
        {
            round(-float(gains.mean()), 2): "Which of the two is higher? A difference has a sign.",
        },
    )
    alone = difference(one, other, False)[0]
    assert abs(alone - float(gains.mean())) < 1e-3, (
        "A difference has a sign, with pairs and without."
    )
    error = float(gains.std()) / count**0.5
    assert math.isclose(half, STUDENT[count - 1] * error, rel_tol=1e-3), explain(
        round(half, 2),
        {
            round(1.96 * error, 2): "So few seeds need a larger factor than many do.",
            round(STUDENT[count] * error, 2): "How many degrees of freedom do n differences have?",
        },
        "Pairs: the interval comes from the differences. Is their spread over n - 1?",
    )
for lengths in ((3, 4), (5, 2)):
    try:
        difference(*([0.8 + 0.01 * k for k in range(n)] for n in lengths), True)
        outcome = "no error"
    except ValueError:
        outcome = "ValueError"
    except Exception:
        outcome = "another error"
    assert outcome == "ValueError", (
        "A run without a partner is in no pair. What should happen then?"
    )
### END HIDDEN TESTS

# %% test="difference" points=1
mean, half = difference([0.86, 0.87, 0.88], [0.85, 0.855, 0.86], False)
assert abs(mean - 1.5) < 1e-3, f"the first mean lies 1.5 points above the second, not {mean}"
assert abs(half - 2.778) < 0.01, (
    f"a is 0.333, b is 0.083, and 2.94 degrees of freedom are cut to 2: half is 2.778, not {half}"
)
assert set(shown) <= set(MEASURED), "shown should be a list of names in MEASURED"
### BEGIN HIDDEN TESTS
generator = torch.Generator().manual_seed(8)
for first, second, spread in ((5, 5, 1.0), (3, 7, 4.0), (10, 10, 1.0), (4, 2, 0.1)):
    one = (0.8 + 0.02 * torch.rand(first, generator=generator, dtype=torch.float64)).tolist()
    two = torch.rand(second, generator=generator, dtype=torch.float64)
    other = (0.8 + 0.02 * spread * two).tolist()
    a, b = (1e4 * float(torch.tensor(x).double().var()) / len(x) for x in (one, other))
    freedom = (a + b) ** 2 / (a**2 / (first - 1) + b**2 / (second - 1))
    mean, half = difference(one, other, False)
    wanted = 100 * (sum(one) / first - sum(other) / second)
    assert abs(abs(mean) - abs(wanted)) < 1e-3, "No pairs: each list has a mean of its own."
    assert math.isclose(half, STUDENT[int(freedom)] * (a + b) ** 0.5, rel_tol=1e-3), (
        "No pairs: both lists add to the variance. For which degrees of freedom is t, and cut or rounded?"
    )
assert len(set(shown)) == 2, explain(
    len(set(shown)),
    {
        3: "Who shares a network with whom? Only those are pairs.",
        1: "Who shares a network with whom? Only those are pairs. And may a difference be below 0?",
    },
)
assert {name[:9] for name in shown} == {"L1 and ra", "half the "}, (
    "Two are right in number. Which of them have pairs, and which intervals don't contain 0?"
)
### END HIDDEN TESTS

# %% [markdown]
# ## 8 · A report (3 points, graded by your teacher)
#
# A colleague writes: *“I removed half of the channels by L1 norm and fine-tuned for two epochs: 86.4%. With random channels
# it was 86.1%, so L1 finds the right ones. The MACs are down to a third, so on the phone it should be three times as
# fast. It is only 1.6 times as fast, so I'll use 2:4 as well: that halves the bytes and doubles the speed.”*
#
# Answer in five to ten sentences, so that she can act on it: what her two accuracies show, and which comparisons are missing; why
# the time does not follow the MACs, and what to measure; what 2:4 will do to her bytes and to her time.
#
# *Lesson: parts 4, 5 and 6.*

# %% [markdown] item="report" manual=true points=3
# ### BEGIN SOLUTION
# **Accuracy.** A difference of 0.3 points on one seed is within the noise, so the two are indistinguishable so far. Repeat it with
# ten seeds or more, compare on the same seeds, with several draws of random, and give the interval of the difference; fewer seeds
# can't show a difference of 0.3 points. Missing are the controls with the same
# budget: the dense network with two more epochs, and the small network trained from scratch. If the small one does as well, it is
# the shape that counts and not which channels were picked.
#
# **Time.** MACs count only the products of convolutions and linear layers. Batch norm, pooling, reading memory and starting each
# layer cost time as well and shrink less, and small layers use a processor less well. MACs are not time. Measure the latency on
# the phone itself, with its runtime: warm up, run both networks in turn, compare medians.
#
# **2:4.** The bytes do not halve: each group of four also needs 4 bits that say which two stayed, so float16 comes to 56.25%, int8 to
# 62.5%. Speed comes only from hardware and kernels that know the pattern, such as some graphics cards. On a phone's CPU with
# ordinary dense kernels the time stays the same. She has to look up what her device supports, and measure.
#
# Rubric, 1 point each:
#
# 1. Accuracy: noise or one seed **and** a missing control with equal budget (dense or from scratch). One of the two: half a point.
# 2. Time: something that MACs leave out **and** measuring on the device. One of the two: half a point.
# 3. 2:4: metadata (more than half of the bytes) **and** no speed without hardware or kernels for it. One of the two: half a point.
# ### END SOLUTION
