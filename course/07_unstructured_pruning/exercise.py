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
# # 07 · Unstructured pruning: exercise
#
# Ten items, 22 points, about 90 minutes. Everything you need stands in
# [the lesson](../../notebooks/07_unstructured_pruning.ipynb); each item says where.
#
# - Write your answer in place of `raise NotImplementedError()`. Keep the names that the item asks for; all
#   other names are yours.
# - Run the tests under each item. They show a part of what is checked. The rest is checked on inputs that
#   you have not seen, so solve the task and not the example. Of a
#   decision (a name, a list of findings) they check the form; whether it is right comes with your mark.
# - The items do not need each other. If one resists, go on.
# - Functions get `nn.Linear` layers, `nn.Sequential` models or tensors. *In place* means: the layer that was
#   passed in is changed. A weight "goes" when `layer.weight` is 0 there.

# %% given=true
import warnings

import torch
from torch import nn
from torch.nn.utils import prune

from coursekit import explain

warnings.filterwarnings("ignore", message="Sparse CSR tensor support")

# %% [markdown]
# ## 1 · What is left? (2 points)
#
# Write `prune_layer(layer, share)`. It sets exactly `round(share * number of weights)` weights of a linear layer
# to zero, in place: the ones with the smallest magnitudes (`prune.l1_unstructured` does it). It returns how many
# weights are **not** zero afterwards, as an `int`. The bias stays as it is. `share` is a float from 0.0 to 1.0.
#
# Then leave in `left` that count for a layer with `inputs` inputs and `outputs` outputs, after pruning 20%. As the numbers are
# here, these are 100 and 50. Write the names, not the numbers, because somebody else may get other ones.
#
# Example: the weights `[[3., -1., 2.], [2., 5., 2.]]` with `share=0.5` leave 3 weights. 5 and 3 are among
# them, -1 is not; which one of the 2s stays does not matter.
#
# *Lesson: part 2.*

# %% given=true of="left"
mine = 0  ### VARIANT
inputs, outputs = 100 + 10 * mine, 50


# %% item="left" answers=["prune_layer", "left"]
### BEGIN SOLUTION
def prune_layer(layer, share):
    prune.l1_unstructured(layer, "weight", amount=share)
    return int(torch.count_nonzero(layer.weight))


left = prune_layer(nn.Linear(inputs, outputs), 0.2)
### END SOLUTION

# %% test="left" points=1
assert isinstance(left, int), f"left should be an int, not {type(left).__name__}"
weights_of_all = (100 + 10 * mine) * 50  # later items may call something else `inputs`
assert left > weights_of_all / 2, (
    f"20% of the {weights_of_all:,} weights go, so most are left, not {left}. "
    "Does `amount` name the share that goes, or the share that stays?"
)
### BEGIN HIDDEN TESTS
gone = weights_of_all // 5
assert left == weights_of_all - gone, explain(
    left,
    {
        4000: "That fits 100 inputs and 50 outputs. How many does your layer have?",
        gone: "Does `amount` name the share that goes, or the share that stays?",
        weights_of_all: "A mask does not change the shape. How many of the values are zero now?",
        weights_of_all - gone + 50: "Which tensor does the question name? The bias isn't it.",
    },
)
### END HIDDEN TESTS

# %% test="left" points=1
torch.manual_seed(7)  # what is random below is the same each time
layer = nn.Linear(3, 2)
layer.weight.data = torch.tensor([[3.0, -1.0, 2.0], [2.0, 5.0, 2.0]])
result = prune_layer(layer, 0.5)
assert isinstance(result, int), f"expected an int, but got {type(result).__name__}"
assert result == 3, f"half of six weights should be left, that is 3, not {result} (lesson, part 2)"
assert int((layer.weight == 0).sum()) == 3, "the layer itself should hold three zeros now"
result = prune_layer(nn.Linear(4, 2), 0.25)
assert result == 6, (
    f"25 % of eight weights go, so 6 are left, not {result}. "
    "Does `amount` name the share that goes, or the share that stays?"
)
### BEGIN HIDDEN TESTS
for outputs, inputs, share in (
    (10, 10, 0.3),
    (7, 11, 0.4),
    (7, 3, 0.3),
    (40, 5, 0.75),
    (1, 3, 0.0),
    (4, 2, 1.0),
    (2, 5, 0.25),
):
    layer = nn.Linear(inputs, outputs)
    total = outputs * inputs
    magnitudes = torch.randperm(total).reshape(outputs, inputs) + 1.0
    before = magnitudes * torch.where(torch.rand(outputs, inputs) < 0.5, -1.0, 1.0)
    bias = torch.randn(outputs)
    layer.weight.data = before.clone()
    layer.bias.data = bias.clone()
    gone = round(share * total)
    result = prune_layer(layer, share)
    assert result == total - gone, explain(
        result,
        {
            total - gone + 1: "Is the number rounded, or cut off? Compare int() and round().",
            total - gone - 1: "Is the number rounded, or raised? Compare math.ceil() and round(), "
            "also where a number ends in .5.",
            gone: "Does `amount` name the share that goes, or the share that stays?",
            total: "A mask does not change the shape. How many of the values are zero now?",
            total - gone + outputs: "Which tensor does the question name? The bias isn't it.",
        },
    )
    after = layer.weight.detach()
    stays = after != 0
    assert int(stays.sum()) == total - gone, "The number does not fit the layer that was passed in."
    assert torch.equal(after[stays], before[stays]), "A weight that stays must keep its value."
    largest = before.abs() > gone  # magnitudes are 1, 2, 3, …
    assert torch.equal(stays, largest), (
        "Are the survivors the largest? Compare them with those that went."
    )
    assert torch.equal(layer.bias.detach(), bias), "The bias should stay as it is."
### END HIDDEN TESTS

# %% [markdown]
# ## 2 · The same share in every row (3 points)
#
# Some methods prune every *output* alike: each row of the weight matrix loses the same number of weights.
#
# Write `row_mask(weights, share)` for a tensor of the shape (rows, columns). It returns a mask, a tensor of
# the same shape: 1 (or `True`) where a weight stays and 0 (or `False`) where it goes.
#
# - In **every** row exactly `round(share * columns)` weights go, also where many are equal.
# - The ones that go have the smallest magnitudes of their row. Among equal ones any may go.
# - `weights` itself is not changed. It may have no rows at all; then the mask has none either.
# - A `share` below 0 or above 1 raises `ValueError`.
#
# Example: `row_mask(torch.tensor([[4., -1., 3., 2.], [0., 0., 0., 0.]]), 0.5)` has the first row
# `[1, 0, 1, 0]`, and two ones and two zeros in any order in the second.
#
# *Lesson: part 1.*


# %% item="row_mask" answers=["row_mask"]
### BEGIN SOLUTION
def row_mask(weights, share):
    if not 0 <= share <= 1:
        raise ValueError(f"share should be between 0 and 1, not {share}")
    rows, columns = weights.shape
    order = weights.abs().argsort(dim=1)
    mask = torch.ones(rows, columns)
    return mask.scatter(1, order[:, : round(share * columns)], 0)


### END SOLUTION

# %% test="row_mask" points=1
torch.manual_seed(7)  # what is random below is the same each time
example = torch.tensor([[4.0, -1.0, 3.0, 2.0], [0.0, 0.0, 0.0, 0.0]])
mask = row_mask(example, 0.5)
assert mask.shape == example.shape, f"the mask's shape is {tuple(mask.shape)}, expected (2, 4)"
assert ((mask == 0) | (mask == 1)).all(), "a mask holds only 0 and 1 (or False and True)"
assert (mask[0] == torch.tensor([1, 0, 1, 0])).all(), f"the first row is {mask[0].tolist()}"
### BEGIN HIDDEN TESTS
for rows, columns, share in ((5, 8, 0.25), (3, 20, 0.9), (6, 30, 0.5)):
    # Each row has magnitudes of its own size, all different.
    ranks = torch.rand(rows, columns).argsort(dim=1).argsort(dim=1)
    signs = torch.where(torch.rand(rows, columns) < 0.5, -1.0, 1.0)
    mask = row_mask((ranks + 1.0) * signs * 10.0 ** torch.arange(rows)[:, None], share)
    wanted = ranks >= round(share * columns)
    assert not ((mask == 0) == wanted).all(), "What does a 1 in the mask mean: stays, or goes?"
    per_row = (mask == 0).sum(1)
    assert per_row.min() == per_row.max(), (
        "Do all rows lose the same number? Count the zeros row by row."
    )
    assert ((mask != 0) == wanted).all(), (
        "In each row, are those that go the smallest in magnitude?"
    )
### END HIDDEN TESTS

# %% test="row_mask" points=1
torch.manual_seed(7)  # what is random below is the same each time
mask = row_mask(torch.full((3, 10), -2.0), 0.3)
assert (mask == 0).sum(1).tolist() == [3, 3, 3], (
    "ten equal weights, 30 %: exactly 3 should go in each row"
)
### BEGIN HIDDEN TESTS
for rows, columns, share in ((4, 12, 0.5), (9, 40, 0.7), (2, 7, 0.29)):
    weights = torch.randint(-2, 3, (rows, columns)).float()
    mask = row_mask(weights, share)
    gone = round(share * columns)
    assert ((mask == 0).sum(1) == gone).all(), (
        "With equal weights in a row the number of zeros is off. A threshold can't tell them apart."
    )
    largest_gone = torch.where(mask == 0, weights.abs(), -1.0).amax(1)
    smallest_kept = torch.where(mask == 0, 9.0, weights.abs()).amin(1)
    assert (largest_gone <= smallest_kept).all(), "In each row, are those that go the smallest?"
### END HIDDEN TESTS

# %% test="row_mask" points=1
torch.manual_seed(7)  # what is random below is the same each time
assert (row_mask(torch.ones(2, 5), 0.0) != 0).all(), "with share 0 nothing goes"
### BEGIN HIDDEN TESTS
assert (row_mask(torch.randn(3, 4), 1.0) == 0).all(), (
    "Both ends of the range are shares too: nothing goes, or everything."
)
assert row_mask(torch.randn(0, 6), 0.5).shape == (0, 6), (
    "What comes back for a matrix without rows?"
)
assert row_mask(torch.randn(2, 1), 0.4).sum() == 2, (
    "Is round(share * columns) right for a very narrow matrix too?"
)
weights = torch.randn(100, 3).t()
copy_of_weights = weights.clone()
mask = row_mask(weights, 0.29)
assert mask.shape == (3, 100), "Is the shape right for a transposed matrix too?"
assert ((mask == 0).sum(1) == 29).all(), (
    "Is the number rounded, or cut off? Compare int() and round()."
)
assert torch.equal(weights, copy_of_weights), "The weights themselves have changed."
assert ((row_mask(torch.arange(10.0).reshape(2, 5), 0.5) == 0).sum(1) == 2).all(), (
    "The prompt says round(). What does it make of a number that ends in .5?"
)
for share in (-0.1, 1.5):
    try:
        row_mask(torch.ones(2, 2), share)
        outcome = "no error"
    except ValueError:
        outcome = "ValueError"
    except Exception:
        outcome = "another error"
    assert outcome != "no error", "What should happen for a share that is no share?"
    assert outcome == "ValueError", "What kind of error does the prompt ask for?"
### END HIDDEN TESTS

# %% [markdown]
# ## 3 · Globally, but not the last layer (2 points)
#
# Write `prune_hidden(model, share)` for an `nn.Sequential` with at least two linear layers. It prunes **all
# linear layers but the last one together**, in place: of all their weights, exactly `round(share * their number)`
# go, also where many are equal: those with the smallest magnitudes, whichever layer they are in. Biases and the
# last linear layer stay as they are. `share` is a float from 0.0 to 1.0. The linear layers stand directly in the
# model, none is nested.
#
# It returns a list of `int`: how many weights are not zero in each layer that was pruned, in their order.
#
# Example: `nn.Sequential(nn.Linear(2, 1), nn.ReLU(), nn.Linear(1, 2), nn.Linear(2, 1))` with the weights
# `[[1., 2.]]`, `[[3.], [4.]]` and `[[0.1, 0.1]]`, and `share=0.5`: the 1 and the 2 go, and the list is
# `[0, 2]`.
#
# *Lesson: part 3.*


# %% item="global" answers=["prune_hidden"]
### BEGIN SOLUTION
def prune_hidden(model, share):
    hidden = [layer for layer in model if isinstance(layer, nn.Linear)][:-1]
    places = [(layer, "weight") for layer in hidden]
    prune.global_unstructured(places, prune.L1Unstructured, amount=share)
    return [int(torch.count_nonzero(layer.weight)) for layer in hidden]


### END SOLUTION

# %% test="global" points=1
torch.manual_seed(7)  # what is random below is the same each time
model = nn.Sequential(nn.Linear(2, 1), nn.ReLU(), nn.Linear(1, 2), nn.Linear(2, 1))
model[0].weight.data = torch.tensor([[1.0, 2.0]])
model[2].weight.data = torch.tensor([[3.0], [4.0]])
model[3].weight.data = torch.tensor([[0.1, 0.1]])
counts = prune_hidden(model, 0.5)
assert list(counts) == [0, 2], f"expected [0, 2], but got {counts} (lesson, part 3: global pruning)"
assert all(type(count) is int for count in counts), (
    f"the counts should be int, not {type(counts[0]).__name__}"
)
### BEGIN HIDDEN TESTS
model = nn.Sequential(
    nn.Linear(6, 9), nn.ReLU(), nn.Linear(9, 5), nn.Tanh(), nn.Linear(5, 7), nn.Linear(7, 3)
)
sizes = [54, 45, 35]
values = torch.cat([torch.randperm(134) + 1.0, torch.full((21,), 0.5)])
values[:54] *= 0.71828  # the first layer's weights are smaller than the rest
weights = [part.clone() for part in values.split([54, 45, 35, 21])]
linears = [layer for layer in model if isinstance(layer, nn.Linear)]
for layer, part in zip(linears, weights, strict=True):
    layer.weight.data = part.reshape(layer.weight.shape).clone()
gone = round(0.6 * 134)
threshold = values[:134].sort().values[gone - 1]
wanted = [int((part > threshold).sum()) for part in weights[:3]]
each_alike = [size - round(0.6 * size) for size in sizes]
counts = prune_hidden(model, 0.6)
assert len(counts) == 3, "One number for each layer that was pruned: how many are those?"
assert list(counts) == wanted, explain(
    tuple(counts),
    {
        tuple(sizes): "Does the mask change the shape? Count values, not entries.",
        tuple(each_alike): "Every layer has kept the same share. Should the layers not compete?",
    },
    "Is it the given share of all *hidden* weights together, the smallest ones first?",
)
### END HIDDEN TESTS

# %% test="global" points=1
torch.manual_seed(7)  # what is random below is the same each time
model = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 2))
last = model[4].weight.detach().clone()
counts = prune_hidden(model, 0.25)
assert sum(counts) == 45, f"25 % of 60 hidden weights go, so 45 are left, not {sum(counts)}"
assert torch.equal(model[4].weight.detach(), last), "the last linear layer should stay as it is"
### BEGIN HIDDEN TESTS
model = nn.Sequential(nn.Linear(8, 5), nn.Sigmoid(), nn.Linear(5, 10), nn.Linear(10, 4), nn.ReLU())
linears = [layer for layer in model if isinstance(layer, nn.Linear)]
before = [layer.weight.detach().clone() for layer in linears]
biases = [layer.bias.detach().clone() for layer in linears]
counts = prune_hidden(model, 0.7)
after = [layer.weight.detach() for layer in linears]
assert torch.equal(after[2], before[2]), "Which one is the last *linear* layer?"
assert all(torch.equal(layer.bias.detach(), b) for layer, b in zip(linears, biases, strict=True)), (
    "Biases should stay."
)
assert [int((weight != 0).sum()) for weight in after[:2]] == list(counts), (
    "The counts do not fit the model that was passed in. Was it changed in place?"
)
together = torch.cat([weight.flatten() for weight in before[:2]]).abs()
stays = torch.cat([weight.flatten() for weight in after[:2]]) != 0
assert int((~stays).sum()) == round(0.7 * 90), (
    "Is it the given share of all hidden weights together?"
)
survivors = torch.cat([weight.flatten() for weight in after[:2]])[stays]
assert torch.equal(survivors, torch.cat([weight.flatten() for weight in before[:2]])[stays]), (
    "The weights that stay have other values now. Is the mask multiplied, or written over them?"
)
assert together[stays].min() >= together[~stays].max(), (
    "Did the smallest of all go, or those of each layer?"
)
for share in (0.0, 0.35, 0.6, 1.0):
    model = nn.Sequential(nn.Linear(7, 10), nn.ReLU(), nn.Linear(10, 5), nn.Linear(5, 3))
    for place in (0, 2, 3):
        model[place].weight.data = torch.randint(1, 4, model[place].weight.shape).float()
    counts = prune_hidden(model, share)
    assert sum(counts) == 120 - round(share * 120), (
        "With many equal weights, or at the ends of the range, the number is off. Did you choose positions?"
    )
assert sum(prune_hidden(nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 2)), 0.5)) == 5, (
    "The prompt says round(). What does it make of a number that ends in .5?"
)
### END HIDDEN TESTS

# %% [markdown]
# ## 4 · Make it permanent (2 points)
#
# Write `make_permanent(model)`. It makes the pruning of **every** pruned tensor in the model permanent, in
# place, and returns how many tensors those were, as an `int`. Afterwards:
#
# - the `state_dict` has the keys of a model that was never pruned: no `…_orig`, no `…_mask`;
# - the zeros are still there, and the model computes the same as before;
# - every weight and bias is a parameter again, so that it can be trained;
# - layers that are not pruned are unchanged, and so are buffers that have nothing to do with pruning, such as a
#   layer's own `causal_mask`. A model may have no pruned layer at all: then return 0.
#
# Models may be nested (an `nn.Sequential` inside another one), and biases may be pruned as well as weights.
#
# *Lesson: part 2. `model.modules()` walks through all layers, nested ones too, and
# `layer.named_buffers(recurse=False)` names the masks of one layer (make a list of them first: `remove` changes
# the layer).*


# %% item="permanent" answers=["make_permanent"]
### BEGIN SOLUTION
def make_permanent(model):
    count = 0
    for module in model.modules():
        names = [name for name, _ in module.named_buffers(recurse=False)]
        for name in names:
            tensor = name.removesuffix("_mask")
            if hasattr(module, tensor + "_orig"):
                prune.remove(module, tensor)
                count += 1
    return count


### END SOLUTION

# %% test="permanent" points=1
torch.manual_seed(7)  # what is random below is the same each time
model = nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 2))
prune.l1_unstructured(model[0], "weight", amount=0.5)
count = make_permanent(model)
assert count == 1, f"one tensor is pruned, so the count should be 1, not {count}"
keys = sorted(model.state_dict())
assert keys == ["0.bias", "0.weight", "2.bias", "2.weight"], f"the keys are {keys} (lesson, part 2)"
### BEGIN HIDDEN TESTS
model = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 3))
untouched = model[2].weight.detach().clone()
parameters = sorted(name for name, _ in model.named_parameters())
prune.random_unstructured(model[0], "weight", amount=0.6)
prune.l1_unstructured(model[4], "weight", amount=0.25)
inputs = torch.randn(5, 6)
outputs = model(inputs).detach()
pruned_weight = model[0].weight.detach().clone()
count = make_permanent(model)
assert not any(key.endswith(("_orig", "_mask")) for key in model.state_dict()), (
    "Which keys are in the file now? Look for …_orig and …_mask."
)
assert sorted(name for name, _ in model.named_parameters()) == parameters, (
    "Can every weight be trained again? Compare the parameters with those before pruning."
)
assert torch.equal(model[0].weight.detach(), pruned_weight), (
    "The weights are not those that the pruned model used. Are the zeros still there?"
)
assert torch.equal(model[2].weight.detach(), untouched), "A layer that was not pruned has changed."
assert torch.allclose(model(inputs).detach(), outputs), "The model computes something else now."
assert count == 2, (
    "How many tensors were pruned? A tensor counts once, and an unpruned one not at all."
)
### END HIDDEN TESTS

# %% test="permanent" points=1
torch.manual_seed(7)  # what is random below is the same each time
assert make_permanent(nn.Sequential(nn.Linear(2, 2), nn.ReLU())) == 0, "nothing is pruned here: 0"
### BEGIN HIDDEN TESTS
for others in (
    nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 2, 3)),
    nn.Sequential(nn.Embedding(6, 4), nn.Linear(4, 2)),
):
    prune.l1_unstructured(others[0], "weight", amount=0.5)
    count = make_permanent(others)
    assert count == 1 and not any(key.endswith("_mask") for key in others.state_dict()), (
        "Not every layer with weights is linear. Which kinds of layers does your loop look at?"
    )
model = nn.Sequential(
    nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Sequential(nn.Linear(6, 6))), nn.Linear(6, 2)
)
model[1].register_buffer("causal_mask", torch.ones(2, 2).tril())
names = sorted(model.state_dict())
parameters = sorted(name for name, _ in model.named_parameters())
prune.l1_unstructured(model[0][0], "weight", amount=0.5)
prune.l1_unstructured(model[0][0], "bias", amount=0.5)
prune.l1_unstructured(model[0][2][0], "weight", amount=0.2)
prune.l1_unstructured(model[0][2][0], "weight", amount=0.2)
prune.random_unstructured(model[1], "bias", amount=0.5)
inputs = torch.randn(3, 4)
outputs = model(inputs).detach()
try:
    count = make_permanent(model)
except ValueError:
    count = "ValueError"
assert count != "ValueError", (
    "prune.remove was asked to remove what is not there. Is every mask a pruning mask?"
)
found = sorted(model.state_dict())
assert "1.causal_mask" in found, (
    "A layer has lost a buffer of its own. Is every mask a pruning mask?"
)
assert not any(key.endswith("weight_mask") for key in found), (
    "A weight still has its mask. Does your loop reach a layer inside a layer?"
)
assert found == names, (
    "Something is still masked. What else can be pruned in a layer, beside its weight?"
)
assert sorted(name for name, _ in model.named_parameters()) == parameters, (
    "Can every weight be trained again? Compare the parameters with those before pruning."
)
assert torch.allclose(model(inputs).detach(), outputs), "The model computes something else now."
assert count == 4, "How many tensors were pruned? One that was pruned twice is still one tensor."
model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 2)).train()
model[1].requires_grad_(False)
prune.l1_unstructured(model[0], "weight", amount=0.5)
make_permanent(model)
assert model.training and not model[1].weight.requires_grad, (
    "A layer that is not pruned stays as it is, also one that is not to be trained."
)
### END HIDDEN TESTS

# %% [markdown] item="come-back" choice="07-choice-graded-come-back" points=1
# ## 5 · Which zeros stay? (1 point)
#
# *Lesson: part 5.*

# %% [markdown]
# ## 6 · How many bytes? (2 points)
#
# Write `format_bytes(weight, index_bytes)`. It returns the bytes that a 2-D tensor takes in three formats, as a
# `dict` with the keys `"dense"`, `"csr"` and `"bitmap"`; each value is an `int`.
#
# - Each value takes as many bytes as the tensor's type needs (`weight.element_size()`: 4 for float32, 2 for
#   float16).
# - CSR has three arrays: values, columns and row starts. Each index takes `index_bytes`.
# - The bitmap has one bit for each entry, zero or not, in whole bytes (9 bits take 2 bytes), and the values.
#
# Example: a float32 matrix with 3 rows, 4 columns and 5 non-zeros, with `index_bytes=2`, takes 12·4 = 48 bytes
# dense, 5·4 + 5·2 + 4·2 = 38 as CSR, and 2 + 5·4 = 22 as a bitmap.
#
# *Lesson: part 6.*


# %% item="bytes" answers=["format_bytes"]
### BEGIN SOLUTION
def format_bytes(weight, index_bytes):
    rows, columns = weight.shape
    nonzeros = int(torch.count_nonzero(weight))
    value_bytes = weight.element_size()
    return {
        "dense": rows * columns * value_bytes,
        "csr": nonzeros * (value_bytes + index_bytes) + (rows + 1) * index_bytes,
        "bitmap": -(-rows * columns // 8) + nonzeros * value_bytes,
    }


### END SOLUTION

# %% test="bytes" points=1
torch.manual_seed(7)  # what is random below is the same each time
weight = torch.tensor([[1.0, 0.0, 2.0, 0.0], [0.0, 0.0, 0.0, 0.0], [3.0, 0.0, 4.0, 5.0]])
size = format_bytes(weight, 2)["csr"]
assert isinstance(size, int), f"expected an int, but got {type(size).__name__}"
assert size == 38, f"expected 38 bytes for the example, but got {size} (lesson, part 6)"
### BEGIN HIDDEN TESTS
for rows, columns, share, index_bytes in ((97, 103, 0.333, 4), (30, 7, 0.5, 8), (1, 25, 0.1, 1)):
    weight = torch.randn(rows, columns)
    gone = torch.randperm(rows * columns)[: round(share * rows * columns)]
    weight.view(-1)[gone] = 0
    nonzeros = rows * columns - len(gone)
    arrays = nonzeros * (4 + index_bytes)
    starts = (rows + 1) * index_bytes
    size = format_bytes(weight, index_bytes)["csr"]
    assert size == arrays + starts, explain(
        size,
        {
            arrays: "How does a reader know where a row begins?",
            arrays + rows * index_bytes: "Where does the last row end?",
            arrays + columns * index_bytes: "Compressed sparse *row*: what is counted per row?",
            arrays
            + (columns + 1)
            * index_bytes: "Which of the two sizes of the matrix is its number of rows?",
            nonzeros * 4: "Values alone do not say where they stand.",
            nonzeros
            * (
                4 + 2 * index_bytes
            ): "A row and a column for each value is another format. What does CSR store per row?",
            rows * columns * (4 + index_bytes)
            + starts: "Does the mask change the shape? Count values, not entries.",
            int((weight > 0).sum()) * (4 + index_bytes)
            + starts: "Which values are not zero? Those below zero count too.",
            nonzeros * 12
            + (rows + 1) * 8: "PyTorch's own indices take 8 bytes. What does the prompt say?",
        },
    )
assert format_bytes(torch.zeros(3, 4), 4)["csr"] == 16, "What is left of CSR without any values?"
weight = torch.randn(5, 8).t()
assert format_bytes(weight, 4)["csr"] == 40 * 8 + 9 * 4, (
    "Which axis of a transposed matrix are the rows?"
)
tiny = torch.tensor([[1e-9, 0.0]])
assert format_bytes(tiny, 4)["csr"] == 16, "A value that is very small is not 0."
### END HIDDEN TESTS

# %% test="bytes" points=1
torch.manual_seed(7)  # what is random below is the same each time
weight = torch.tensor([[1.0, 0.0, 2.0, 0.0], [0.0, 0.0, 0.0, 0.0], [3.0, 0.0, 4.0, 5.0]])
sizes = format_bytes(weight, 2)
assert sizes["dense"] == 48, f"expected 48 bytes for the dense example, but got {sizes['dense']}"
assert sizes["bitmap"] == 22, f"expected 22 bytes for the bitmap, but got {sizes['bitmap']}"
### BEGIN HIDDEN TESTS
for dtype, value_bytes in ((torch.float16, 2), (torch.float64, 8), (torch.int8, 1)):
    weight = torch.randint(-3, 4, (11, 6)).to(dtype)
    nonzeros = int((weight != 0).sum())
    sizes = format_bytes(weight, 2)
    assert sizes["dense"] == 66 * value_bytes, explain(
        sizes["dense"],
        {
            66 * 4: "Does every type of number take 4 bytes?",
            nonzeros * value_bytes: "A dense matrix stores its zeros too.",
        },
        "Try a matrix that is not float32.",
    )
    assert sizes["bitmap"] == 9 + nonzeros * value_bytes, explain(
        sizes["bitmap"],
        {
            9 + nonzeros * 4: "Does every type of number take 4 bytes?",
            8 + nonzeros * value_bytes: "Is there room for every bit? Bytes come whole.",
            66 + nonzeros * value_bytes: "How many entries fit into one byte, at a bit each?",
            9: "The bits say where the values stand. Where are the values?",
            9 + 66 * value_bytes: "Which values does the bitmap store: all of them?",
            9 + int((weight > 0).sum()) * value_bytes: "Those below zero count too.",
        },
        "Count the bits first, and then the bytes that hold them.",
    )
values = torch.randint(1, 5, (6, 5))
wide, narrow = (
    format_bytes(values.to(dtype), 2)["csr"] for dtype in (torch.float64, torch.float16)
)
assert wide - narrow == 30 * 6, "Does CSR count a value's bytes by its type?"
sizes = format_bytes(torch.zeros(8, 4), 4)
assert sizes["bitmap"] == 4 and sizes["dense"] == 128, (
    "What do the formats take without any values?"
)
### END HIDDEN TESTS

# %% [markdown]
# ## 7 · Find the bug (2 points)
#
# A colleague prunes a layer in steps, with fine-tuning in between (left out here). After the three steps, 20%,
# 40% and 60% of the weights should be zero. She wrote:
#
# ```python
# def prune_in_steps(layer, targets):
#     shares = []
#     for target in targets:
#         prune.l1_unstructured(layer, "weight", amount=target)
#         shares.append(float((layer.weight == 0).float().mean()))
#     return shares
#
# prune_in_steps(nn.Linear(100, 50), [0.2, 0.4, 0.6])   # far more than 60% are zero at the end
# ```
#
# Write it so that it does what she meant. `targets` is a list of floats from 0 to 1. After each step the share
# of zeros among all weights of the layer is the target, as near as whole weights allow (one weight more or less
# is fine). Weights that have gone stay gone, and the smallest of those that are left go next. It works in place
# and returns the list of shares after each step.
#
# The layer may be pruned already when it comes in, with its mask attached or with the mask removed. What counts is
# how many weights are zero. A target that is not above the share of zeros at that moment changes nothing.
#
# *Lesson: part 2; the cheat sheet has a line for a mask of your own.*


# %% item="steps" answers=["prune_in_steps"]
### BEGIN SOLUTION
def prune_in_steps(layer, targets):
    shares = []
    total = layer.weight.numel()
    for target in targets:
        magnitudes = layer.weight.detach().abs().flatten()
        gone = max(round(target * total), int((magnitudes == 0).sum()))
        mask = torch.ones(total)
        mask[magnitudes.argsort()[:gone]] = 0  # zeros come first: they are among those that go
        prune.custom_from_mask(layer, "weight", mask.view_as(layer.weight))
        shares.append(1 - int(torch.count_nonzero(layer.weight)) / total)
    return shares


### END SOLUTION

# %% test="steps" points=1
torch.manual_seed(7)  # what is random below is the same each time
shares = prune_in_steps(nn.Linear(100, 50), [0.2, 0.4, 0.6])
assert len(shares) == 3, f"expected one share for each target, but got {len(shares)}"
assert abs(shares[0] - 0.2) < 0.001, (
    f"after the first step 20 % should be zero, not {shares[0]:.1%}"
)
assert abs(shares[2] - 0.6) < 0.001, f"after the last step 60 % should be zero, not {shares[2]:.1%}"
### BEGIN HIDDEN TESTS
for inputs, outputs, targets in (
    (40, 25, [0.5, 0.6, 0.9, 0.95]),
    (13, 7, [0.1, 0.3]),
    (20, 10, [0.8, 1.0]),
):
    layer = nn.Linear(inputs, outputs)
    total = inputs * outputs
    before = layer.weight.detach().abs().clone()
    shares = prune_in_steps(layer, targets)
    assert len(shares) == len(targets), "One share for each target: how many came back?"
    assert all(
        abs(share - target) <= 1.01 / total for share, target in zip(shares, targets, strict=True)
    ), "The shares are off after the first step. 20 % of how many, the second time?"
    stays = layer.weight.detach() != 0
    assert abs(1 - float(stays.float().mean()) - shares[-1]) < 1e-5, (
        "The last share does not fit the layer."
    )
    kept, lost = before[stays], before[~stays]
    assert len(kept) == 0 or kept.min() >= lost.max(), "Are those that are left the largest?"
### END HIDDEN TESTS

# %% test="steps" points=1
torch.manual_seed(7)  # what is random below is the same each time
layer = nn.Linear(10, 10)
prune.l1_unstructured(layer, "weight", amount=0.3)
shares = prune_in_steps(layer, [0.5])
assert abs(shares[0] - 0.5) < 0.011, (
    f"30 % were zero, the target is 50 %, and {shares[0]:.0%} are zero now"
)
### BEGIN HIDDEN TESTS
layer = nn.Linear(20, 20)
prune.random_unstructured(layer, "weight", amount=0.25)
gone = layer.weight.detach() == 0
before = layer.weight.detach().abs().clone()
try:
    shares = prune_in_steps(layer, [0.1, 0.25, 0.5, 0.4, 0.5])
except Exception:
    shares = None
assert shares is not None, (
    "Your function ended with an error. What should a target do that has been passed already?"
)
wanted = [0.25, 0.25, 0.5, 0.5, 0.5]
assert len(shares) == 5, "One share for each target, also for one that changes nothing."
assert abs(shares[0] - 0.25) < 0.003, "What should a target do that has been passed already?"
assert all(abs(share - target) < 0.003 for share, target in zip(shares, wanted, strict=True)), (
    "The layer came in with zeros, or a target was passed already. Does each step count what is zero now?"
)
after = layer.weight.detach()
assert (after[gone] == 0).all(), "A weight that had gone has come back."
stays = after != 0
new = (after == 0) & ~gone
assert before[stays].min() >= before[new].max(), "Are the smallest of those that were left gone?"
layer = nn.Linear(20, 20)
prune.random_unstructured(layer, "weight", amount=0.3)
prune.remove(layer, "weight")
gone = layer.weight.detach() == 0
shares = prune_in_steps(layer, [0.2, 0.5, 0.6])
assert all(
    abs(share - target) < 0.003 for share, target in zip(shares, [0.3, 0.5, 0.6], strict=True)
), "The layer came in with zeros and without a mask. What is `amount` a share of then?"
assert abs(float((layer.weight == 0).float().mean()) - 0.6) < 0.003, (
    "The last share does not fit the layer."
)
assert (layer.weight.detach()[gone] == 0).all(), "A weight that had gone has come back."
layer = nn.Linear(20, 20)
layer.weight.data = torch.where(torch.rand(20, 20) < 0.5, -1.0, 1.0)
shares = prune_in_steps(layer, [0.2, 0.6])
assert all(abs(share - target) < 0.003 for share, target in zip(shares, [0.2, 0.6], strict=True)), (
    "Where many weights have the same magnitude, the shares are off. Did you choose positions?"
)
### END HIDDEN TESTS

# %% [markdown]
# ## 8 · A claim (3 points, graded by your teacher)
#
# A colleague writes: *“I pruned my network globally to 80% zeros and fine-tuned it for one epoch. It now gets
# 85.5% on validation data; before, it had 84.9%. So pruning improved it. But pruning is useless for our app:
# the file from `torch.save(model.state_dict())` has doubled, and inference takes more than twice as long.”*
#
# Answer in five to ten sentences, so that she can act on it: what may explain the higher accuracy and how she
# can find out; why the file has doubled and what to do; why it is not faster, what made it slower, and what to do.
#
# *Lesson: parts 5, 6 and 7.*

# %% [markdown] item="why" manual=true points=3
# ### BEGIN SOLUTION
# **Accuracy.** Before and after do not have the same training budget: the pruned network got an epoch more. Give
# a copy of the dense network the same epoch, with the same data, and compare with that control. A difference of
# 0.6 points on one seed and a few thousand images is also within the noise: use several seeds and look at the
# spread. Until then "pruning improved it" is not shown.
#
# **File.** The masks are still attached. The file holds `weight_orig` and `weight_mask`, both at full size. After
# fine-tuning call `prune.remove` for each layer: the file is as large as the dense one again. A zero still takes
# 4 bytes, so it gets smaller only with a sparse format (CSR, bitmap) or with compression such as gzip.
#
# **Time.** A dense kernel multiplies zeros like any other number, so zeros alone gain nothing. While the mask is
# attached, each forward pass also computes `weight_orig * weight_mask`; that made it slower, and `prune.remove`
# ends it. To be faster than the dense network she must remove whole units or channels, or use a sparse kernel,
# which at this sparsity need not pay: she has to measure on her machine.
#
# Rubric, 1 point each:
#
# 1. Accuracy: names the unequal training (the extra epoch) **and** a dense control with the same budget. Noise or
#    several seeds alone: half a point.
# 2. File: names mask and original both in the file **and** `remove`, and that a sparse format or compression is
#    needed to get below the dense size. Only `remove`, or only compression: half a point.
# 3. Time: dense kernels do not skip zeros **and** a way out (remove structure, or a sparse kernel at enough
#    sparsity); the mask's hook as the cause of the slowdown is expected for the full point. One of these: half.
# ### END SOLUTION

# %% [markdown]
# ## 9 · Your own pruning method (3 points)
#
# Magnitude pruning looks at the weights only. But a weight acts through its input: $w_{ij}\,x_j$. You have a
# layer and some of the inputs that it will see, a tensor of the shape (examples, `layer.in_features`). Can you
# choose better?
#
# Write a pruning method of your own: a function `prune_with_data(layer, inputs, share)` that prunes the layer's
# weight, in place, and returns the layer. A class derived from `prune.BasePruningMethod` is PyTorch's way; a mask
# that you compute and hand to `prune.custom_from_mask` will do.
#
# - In every row, of the weights that are still there (mask 1; on a layer without a mask: all of them), exactly
#   `round(share * number still there)` go. On a fresh layer that is `round(share * layer.in_features)` in each row.
# - **Which** ones go is your choice. It is judged by what the layer computes: on new inputs from the same source,
#   the mean squared difference of the outputs before and after must be at most half of what magnitude pruning
#   with the same share in each row gives. The tests use inputs of very different sizes, some of them constant
#   and some always 0; others are positive as often as negative. Some of the examples may be all zeros.
# - The mask stays attached: the layer has `weight_orig` and `weight_mask` afterwards.
# - It stacks: on a layer that is pruned already, what has gone stays gone.
#
# Example: a layer with the weights `[[5., 1., 4., 2.]]` and inputs whose columns 0 and 2 are always 0. With
# `share=0.5` the weights 5 and 4 can go, and the output does not change at all.
#
# *Lesson: parts 1 and 4. A setting of your class can be a tensor. Mind `PRUNING_TYPE`.*


# %% item="own" answers=["prune_with_data"]
### BEGIN SOLUTION
class ByEffect(prune.BasePruningMethod):
    """Row by row, removes the weights with the smallest |weight| times input size (Sun et al. 2023,
    arXiv:2306.11695)."""

    PRUNING_TYPE = "global"

    def __init__(self, input_size, share):
        self.input_size = input_size  # shape (in_features,)
        self.share = share

    def compute_mask(self, t, default_mask):
        scores = t.abs() * self.input_size
        mask = default_mask.clone()
        for row in range(len(mask)):
            there = default_mask[row].nonzero().flatten()
            order = scores[row, there].argsort()
            mask[row, there[order[: round(self.share * len(there))]]] = 0
        return mask


def prune_with_data(layer, inputs, share):
    size = inputs.pow(2).mean(0).sqrt()
    ByEffect.apply(layer, "weight", size, share)
    return layer


### END SOLUTION

# %% test="own" points=1
torch.manual_seed(7)  # what is random below is the same each time
layer = nn.Linear(4, 1)
layer.weight.data = torch.tensor([[5.0, 1.0, 4.0, 2.0]])
inputs = torch.randn(50, 4) * torch.tensor([0.0, 1.0, 0.0, 1.0])
pruned = prune_with_data(layer, inputs, 0.5)
buffers = [name for name, _ in pruned.named_buffers()]
assert "weight_mask" in buffers, "the mask should stay attached, as weight_mask (lesson, part 4)"
assert int((pruned.weight == 0).sum()) == 2, "two of the four weights should go"
### BEGIN HIDDEN TESTS
for outputs, width, share in ((6, 10, 0.7), (3, 24, 0.5), (9, 5, 0.0)):
    layer = nn.Linear(width, outputs)
    original = layer.weight.detach().clone()
    inputs = torch.randn(64, width) * torch.rand(width)
    pruned = prune_with_data(layer, inputs, share)
    per_row = (pruned.weight_mask == 0).sum(1)
    assert int(per_row.sum()) == outputs * round(share * width), (
        "Does the right number of weights go in all?"
    )
    assert (per_row == round(share * width)).all(), (
        "Does every row lose the same number? Count row by row."
    )
    assert torch.equal(pruned.weight_orig.detach(), original), (
        "weight_orig should hold the original values."
    )
    outcome = pruned(inputs)
    assert torch.equal(pruned.weight.detach(), original * pruned.weight_mask), (
        "weight is not orig * mask."
    )
### END HIDDEN TESTS

# %% test="own" points=1
torch.manual_seed(7)  # what is random below is the same each time
layer = nn.Linear(4, 1)
layer.weight.data = torch.tensor([[5.0, 1.0, 4.0, 2.0]])
inputs = torch.randn(50, 4) * torch.tensor([0.0, 1.0, 0.0, 1.0])
pruned = prune_with_data(layer, inputs, 0.5)
assert (pruned.weight.detach() == torch.tensor([[0.0, 1.0, 0.0, 2.0]])).all(), (
    f"columns 0 and 2 never matter here, but the weights are {pruned.weight.detach().tolist()}"
)
### BEGIN HIDDEN TESTS
layer, width = nn.Linear(64, 16), 64
layer.weight.data = torch.randn(16, width) * torch.where(torch.rand(16, width) < 0.5, 1.0, 0.1)
original = layer.weight.detach().clone()
inputs = torch.randn(128, width) * (0.9 + 0.2 * torch.rand(width))
by_inputs = original * torch.ones(16, width).scatter(
    1, inputs.norm(dim=0).argsort()[:32].repeat(16, 1), 0
)
pruned = prune_with_data(layer, inputs, 0.5)
fresh = torch.randn(256, width)
own_error = (fresh @ (pruned.weight.detach() - original).t()).pow(2).mean()
assert own_error < (fresh @ (by_inputs - original).t()).pow(2).mean() / 4, (
    "Inputs of about one size, weights of very different size: do the weights count as well?"
)
for kind in ("sizes", "constant", "both"):
    width = 64
    layer = nn.Linear(width, 16)
    layer.weight.data = torch.randn(16, width)
    original, bias = layer.weight.detach().clone(), layer.bias.detach().clone()
    scale = (
        torch.where(torch.rand(width) < 0.3, 3.0, 0.1)
        if kind != "constant"
        else torch.full((width,), 0.3)
    )
    level = (
        torch.where(torch.rand(width) < 0.2, 5.0, 0.0) if kind != "sizes" else torch.zeros(width)
    )
    # As often negative as positive, in steps of 1/64, so that nothing but `level` is left of the mean.
    half = (torch.randn(128, width) * scale * 64).round() / 64
    blank = torch.zeros(1 if kind == "sizes" else 0, width)
    seen = torch.cat([blank, half + level, level - half, blank])
    fresh = torch.randn(256, width) * scale + level
    pruned = prune_with_data(layer, seen, 0.5)
    assert ((pruned.weight_mask == 0).sum(1) == 32).all(), (
        "Half of every row should go here, whatever its inputs are. Count row by row."
    )
    weight = pruned.weight_orig.detach() * pruned.weight_mask
    smallest = original.abs().argsort(dim=1)[:, :32]
    by_magnitude = original.scatter(1, smallest, 0)
    shift = pruned.bias.detach() - bias  # whoever moves a constant into the bias may
    own_error = (fresh @ (weight - original).t() + shift).pow(2).mean()
    their_error = (fresh @ (by_magnitude - original).t()).pow(2).mean()
    assert not torch.equal(weight, by_magnitude), (
        "The inputs make no difference yet. What does a weight act through?"
    )
    assert kind == "sizes" or own_error <= their_error / 2, (
        "An input that is always the same still adds to every output. Does your criterion see it?"
    )
    assert own_error <= their_error / 2, (
        "The outputs change too much. How large is each input, typically?"
    )
### END HIDDEN TESTS

# %% test="own" points=1
torch.manual_seed(7)  # what is random below is the same each time
layer = nn.Linear(8, 2)
prune.l1_unstructured(layer, "weight", amount=0.25)
gone = layer.weight_mask == 0
pruned = prune_with_data(layer, torch.randn(30, 8), 0.5)
assert (pruned.weight_mask[gone] == 0).all(), (
    "what had gone should stay gone (lesson, part 4: default_mask)"
)
for had, has in zip((~gone).sum(1).tolist(), pruned.weight_mask.sum(1).int().tolist(), strict=True):
    assert has == had - round(0.5 * had), (
        f"a row had {had} weights left, so {round(0.5 * had)} should go; but {had - has} went"
    )
### BEGIN HIDDEN TESTS
layer = nn.Linear(30, 12)
prune.random_unstructured(layer, "weight", amount=0.3)
gone = layer.weight_mask == 0
inputs = torch.randn(40, 30)
inputs[:, :10] = 0  # weights on these inputs and weights that are gone have no effect, both
pruned = prune_with_data(layer, inputs, 0.4)
there = (~gone).sum(1).tolist()
stays = pruned.weight_mask.sum(1).tolist()
assert (pruned.weight_mask[gone] == 0).all(), "A weight that had gone has come back."
assert [int(n) for n in stays] == [n - round(0.4 * n) for n in there], (
    "The second time, the share is taken of something else. How many weights were still there in a row?"
)
pruned = prune_with_data(nn.Linear(20, 4), torch.randn(40, 20), 0.5)
pruned = prune_with_data(pruned, torch.randn(40, 20), 0.5)
assert (pruned.weight_mask.sum(1) == 5).all(), (
    "Applied twice, it leaves another number than it should. The share is taken of what is left."
)
### END HIDDEN TESTS

# %% [markdown]
# <details><summary>When the tests of item 9 pass</summary>If you ranked each row's weights by their size times the size of their inputs, you have found <b>Wanda</b> (Sun et al. 2023, arXiv:2306.11695), by which language models with billions of weights are pruned without any training. Lesson 13 uses it.</details>

# %% [markdown]
# ## 10 · Byte golf: masks (2 points)
#
# A network with a single layer, 784→10, reads digits. `golf.least_squares` finds it from 1,000 images without any training, and as float32 it takes
# 31,400 bytes. How many of its weights does it need?
#
# Write `squeeze(images, labels)`. It gets 1,000 images, float32 of the shape (1000, 784) in 0–1, and their labels. It returns the `bytes` of a
# file, which `golf.pack(q, step, bias)` makes for you. The network in the file has the weights `q * step`, where `q` holds whole numbers in an
# integer type. A zero costs far less than anything else. What counts is `len(file)`.
#
# Compared with the float32 network, at most 12 right answers may be lost on the 397 validation images, and at most 20 on 400 images that you don't see.
#
# - 1 point for at most 260 bytes.
# - 1 point for at most 225 bytes.
#
# Ours takes 184 bytes. There are no points for beating it, only glory.
#
# A mask takes most weights away. What is left can learn to do without them, and it can learn with the rounding in the forward pass, as in lesson 06.
# `squeeze` has to work for 1,000 other images too, also where they show other shapes than digits, so write no numbers that you found on these. If you want to choose something, hold out some of the images that it gets.
# It may take a few seconds. `golf.least_squares(images, labels)` returns a weight (10, 784) and a bias (10,).
#
# *Lesson: parts 1 and 5.*

# %% given=true of="golf"
from coursekit.exercises import golf  # noqa: E402

# golf.lost(file, golf_train, golf_validation) counts the answers lost.
golf_train, golf_validation = golf.draw()
golf_images, golf_labels = golf.flat(golf_train)
# On a layer this small, threads that wait for each other cost more than they bring.
torch.set_num_threads(1)


# %% item="golf" answers=["squeeze"]
### BEGIN SOLUTION
def squeeze(images, labels):
    torch.manual_seed(0)
    step, share = 0.6, 0.87
    weight, bias = golf.least_squares(images, labels)
    mask = torch.ones(10, 784)
    mask.view(-1)[weight.abs().flatten().argsort()[: round(share * weight.numel())]] = 0
    optimizer = torch.optim.Adam([weight.requires_grad_(), bias.requires_grad_()], lr=2.5e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 480)
    for _ in range(30):
        for batch in torch.randperm(len(images)).split(64):
            # The mask, then whole steps. Backward, rounding passes the gradient on as it is.
            masked = weight * mask
            rounded = masked + (step * (masked / step).round() - masked).detach()
            outputs = images[batch] @ rounded.T + bias
            optimizer.zero_grad()
            nn.functional.cross_entropy(outputs, labels[batch]).backward()
            optimizer.step()
            schedule.step()
    q = (weight.detach() * mask / step).round()
    return golf.pack(q.int(), step, bias.detach())


### END SOLUTION

# %% test="golf" points=1
golf_train, golf_validation = golf.draw()
file = squeeze(*golf.flat(golf_train))
assert isinstance(file, bytes), (
    f"squeeze should return the bytes that golf.pack makes, not {type(file).__name__}"
)
assert len(file) <= 260, (
    f"{len(file):,} bytes; at most 260 are asked for. {int((golf.unpack(file)[0] != 0).sum())} weights are not 0. "
    "How many are needed, and how many levels do they need?"
)
missing = golf.lost(file, golf_train, golf_validation)
assert missing <= golf.MOST_LOST, (
    f"{missing} right answers are lost on the validation images; {golf.MOST_LOST} may be. "
    "After the mask and the rounding, did the weights that are left get a chance to make up for it?"
)
golf.note(file)
### BEGIN HIDDEN TESTS
assert golf.lost(file, golf_train, golf.unseen()) <= 20, (
    "On images that you don't see, more than 20 answers are lost. How near to the limit were you on the validation images?"
)
# Other images: five of the digits are shapes that nobody has seen, and all have other names.
first = file
others, theirs = golf.draw(1, shapes=91283)
file = squeeze(*golf.flat(others))
assert golf.lost(file, others, theirs) <= golf.MOST_LOST + 6, (
    "For 1,000 other images, of other shapes, too many answers are lost. Is everything in the file made from what squeeze gets?"
)
assert len(file) <= min(286, 1.2 * len(first)), (
    "For 1,000 other images the file is too long. Is there a number in squeeze that fits these images only?"
)
### END HIDDEN TESTS

# %% test="golf" points=1
golf_train, golf_validation = golf.draw()
file = squeeze(*golf.flat(golf_train))
assert isinstance(file, bytes), (
    f"squeeze should return the bytes that golf.pack makes, not {type(file).__name__}"
)
assert len(file) <= 225, (
    f"{len(file):,} bytes; at most 225 are asked for. How many of the weights that are left does a longer step round to 0, "
    "and can the training make up for it?"
)
missing = golf.lost(file, golf_train, golf_validation)
assert missing <= golf.MOST_LOST, (
    f"{missing} right answers are lost on the validation images; {golf.MOST_LOST} may be. "
    "After the mask and the rounding, did the weights that are left get a chance to make up for it?"
)
golf.note(file)
### BEGIN HIDDEN TESTS
assert golf.lost(file, golf_train, golf.unseen()) <= 20, (
    "On images that you don't see, more than 20 answers are lost. How near to the limit were you on the validation images?"
)
# Other images: five of the digits are shapes that nobody has seen, and all have other names.
first = file
others, theirs = golf.draw(2, shapes=60529)
file = squeeze(*golf.flat(others))
assert golf.lost(file, others, theirs) <= golf.MOST_LOST + 6, (
    "For 1,000 other images, of other shapes, too many answers are lost. Is everything in the file made from what squeeze gets?"
)
assert len(file) <= min(248, 1.2 * len(first)), (
    "For 1,000 other images the file is too long. Is there a number in squeeze that fits these images only?"
)
### END HIDDEN TESTS
