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
# # 13 · Large language models: exercise
#
# Nine items, 23 points, about 85 minutes. Everything you need is in
# [the lesson](../../notebooks/13_large_language_models.ipynb); each item says where. (A word is a token here.)
#
# - Write your answer in place of `raise NotImplementedError()`. Keep the names that the item asks for; all
#   other names are yours.
# - Run the tests under each item. They show a part of what is checked. The rest is checked on inputs that
#   you have not seen, so solve the task and not the example.
# - The items do not need each other. If one resists, go on.
# - *Returns a new one* means: what was passed in stays as it was. `copy` and `math` are imported.
# - Of a weight matrix `weight[i, j]` row `i` is an output and column `j` an input channel. Inputs have the shape (words, columns).

# %% given=true
import copy
import itertools
import math

import torch
from torch import nn

from coursekit import explain
from coursekit.pictures import plot


def plain(weight, bits, group):
    """To the nearest level and back, with a scale for each `group` of neighbours in a row."""
    groups = weight.reshape(len(weight), -1, group)
    scale = (groups.abs().amax(2, keepdim=True) / (2 ** (bits - 1) - 0.5)).clamp(min=1e-30)
    low = -(2 ** (bits - 1))
    return (scale * (groups / scale).round().clamp(low, -low - 1)).reshape(weight.shape)


# %% [markdown]
# ## 1 · Smooth (3 points)
#
# A layer norm is read by several linear layers at once (in many models queries, keys and values are three layers).
#
# Write `smooth(norm, layers, largest, alpha)`. `norm` is an `nn.LayerNorm` with weight and bias, `layers` a list of `nn.Linear` that all read it, `largest` a
# tensor with the largest magnitude that each channel between them had on calibration text. It returns a new layer norm and a list of new
# layers which compute the same, with channel $j$ divided by
#
# $$s_j = \frac{\text{largest}_j^{\,\alpha}}{m_j^{\,1-\alpha}}$$
#
# where $m_j$ is the largest magnitude in column $j$, over **all** layers that read it.
#
# - Where $\text{largest}_j$ or $m_j$ is 0, the channel stays as it is.
# - `alpha` is between 0 and 1, both included; otherwise `ValueError`.
# - Layers may have no bias. Those with a bias keep it.
#
# *Lesson: part 6.*


# %% item="smooth" answers=["smooth"]
### BEGIN SOLUTION
def smooth(norm, layers, largest, alpha):
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha should be between 0 and 1, and not {alpha}")
    norm, layers = copy.deepcopy(norm), copy.deepcopy(layers)
    with torch.no_grad():
        most = torch.cat([layer.weight for layer in layers]).abs().amax(0)
        s = torch.where((largest == 0) | (most == 0), 1.0, largest**alpha / most ** (1 - alpha))
        norm.weight /= s
        norm.bias /= s
        for layer in layers:
            layer.weight *= s
    return norm, layers


### END SOLUTION

# %% test="smooth" points=1
torch.manual_seed(7)  # what is random below is the same each time


def norm_and_layers(width, outputs, bias=True, seed=0):
    """A layer norm with uneven channels, and linear layers that read it."""
    random = torch.Generator().manual_seed(seed)
    norm = nn.LayerNorm(width)
    norm.weight.data = torch.randn(width, generator=random) * 4 ** torch.randn(
        width, generator=random
    )
    norm.bias.data = torch.randn(width, generator=random)
    layers = [nn.Linear(width, count, bias=bias) for count in outputs]
    for layer in layers:
        layer.weight.data = torch.randn(layer.weight.shape, generator=random)
    return norm, layers


norm, layers = norm_and_layers(6, (4, 3))
x = torch.randn(50, 6)
largest = norm(x).detach().abs().amax(0)
new_norm, new_layers = smooth(norm, layers, largest, 0.5)
assert len(new_layers) == 2, f"two layers read the norm, but {len(new_layers)} came back"
assert (new_norm(x) - norm(x)).abs().max() > 0.01, "the norm's channels are as large as before"
for old, new in zip(layers, new_layers, strict=True):
    assert torch.allclose(new(new_norm(x)), old(norm(x)), atol=1e-3), (
        "a layer computes something else now. What is divided in the norm, weight and bias, and what is multiplied in the layer? (lesson, part 6)"
    )
### BEGIN HIDDEN TESTS
for width, outputs, alpha, bias, seed in (
    (5, (5,), 0.25, True, 1),
    (9, (2, 7, 3), 0.8, False, 2),
    (4, (4, 4), 1.0, True, 3),
    (4, (3, 4), 0.0, True, 4),
):
    norm, layers = norm_and_layers(width, outputs, bias, seed)
    norm.eps = 0.1 * seed
    x = torch.randn(60, width)
    before = [layer(norm(x)) for layer in layers]
    largest = norm(x).detach().abs().amax(0)
    new_norm, new_layers = smooth(norm, layers, largest, alpha)
    for old, new in zip(before, new_layers, strict=True):
        assert torch.allclose(new(new_norm(x)), old, rtol=1e-3, atol=1e-3), (
            "The product of norm and layer has changed. Bias of the norm, bias of the layer, all layers?"
        )
    assert all(torch.equal(a, layer(norm(x))) for a, layer in zip(before, layers, strict=True)), (
        "What was passed in has changed."
    )
    with torch.no_grad():  # as training does
        for parameter in (part for new in (new_norm, *new_layers) for part in new.parameters()):
            parameter.add_(1)
    assert all(torch.equal(a, layer(norm(x))) for a, layer in zip(before, layers, strict=True)), (
        "Training the new layers changes the old ones. Are all parameters new?"
    )
### END HIDDEN TESTS

# %% test="smooth" points=1
norm, layers = nn.LayerNorm(2), [nn.Linear(2, 1), nn.Linear(2, 1)]
layers[0].weight.data = torch.tensor([[0.5, 1.0]])
layers[1].weight.data = torch.tensor([[-2.0, 0.25]])
new_norm, new_layers = smooth(norm, layers, torch.tensor([32.0, 4.0]), 0.5)
found = [round(value, 3) for value in new_norm.weight.tolist()]
assert found == [0.25, 0.5], (
    f"with m = [2, 1] the channels are divided by [4, 2], so the norm's weight is [0.25, 0.5], and not {found}. "
    "Over which layers is m the largest?"
)
new_norm, _ = smooth(norm, layers, torch.tensor([16.0, 4.0]), 1)
found = [round(value, 4) for value in new_norm.weight.tolist()]
assert found == [0.0625, 0.25], (
    f"with alpha = 1 the channels are divided by [16, 4], so the norm's weight is [0.0625, 0.25], and not {found}"
)
### BEGIN HIDDEN TESTS
for width, outputs, alpha, seed, power in (
    (6, (3, 5), 0.3, 5, 0),
    (7, (4, 2, 6), 0.65, 6, 0),
    (5, (4, 3), 0.5, 7, -30),
):
    norm, layers = norm_and_layers(width, outputs, True, seed)
    largest = 10 ** torch.randn(width) * 2.0**power
    most = torch.stack([layer.weight.detach().abs().amax(0) for layer in layers]).amax(0)
    new_norm, new_layers = smooth(norm, layers, largest, alpha)
    wanted = norm.weight / (largest**alpha / most ** (1 - alpha))
    assert torch.allclose(new_norm.weight, wanted, rtol=1e-3), (
        "The channels are not divided by the s of the formula. Which exponent has which magnitude, and is m the same for all layers?"
    )
### END HIDDEN TESTS

# %% test="smooth" points=1
norm, layers = norm_and_layers(4, (3, 2))
try:
    smooth(norm, layers, torch.ones(4), 1.5)
    refused = False
except ValueError:
    refused = True
assert refused, "alpha = 1.5 should raise a ValueError"
new_norm, _ = smooth(norm, layers, torch.tensor([0.0, 1.0, 2.0, 3.0]), 0.5)
assert torch.isfinite(new_norm.weight).all(), "a channel that is always 0 is divided by 0"
### BEGIN HIDDEN TESTS
norm, layers = norm_and_layers(5, (3, 2), True, 8)
for layer in layers:
    layer.weight.data[:, 3] = 0
    layer.weight.data[:, 0] = 0
layers[0].weight.data[:, 1] = 0
largest = torch.tensor([0.0, 2.0, 8.0, 5.0, 1.0])
kept = largest.clone()
new_norm, new_layers = smooth(norm, layers, largest, 0.5)
assert torch.equal(largest, kept), "What was passed in has changed."
assert torch.equal(new_norm.weight[[0, 3]], norm.weight[[0, 3]]), (
    "A channel that sends nothing, or that nobody reads, should stay as it is."
)
assert not torch.allclose(new_norm.weight[1], norm.weight[1], rtol=1e-2), (
    "A channel that one of the layers reads should be smoothed."
)
assert all(torch.isfinite(layer.weight).all() for layer in new_layers), "A weight is not finite."
for alpha in (0, 1):  # a power of 0 is 1, and hides a 0
    new_norm, _ = smooth(norm, layers, largest, alpha)
    assert torch.equal(new_norm.weight[[0, 3]], norm.weight[[0, 3]]), (
        "A channel that sends nothing, or that nobody reads, should stay as it is, whatever alpha."
    )
for alpha in (-0.01, 1.01, 2):
    try:
        smooth(norm, layers, largest, alpha)
        outcome = "no error"
    except ValueError:
        outcome = "ValueError"
    except Exception:
        outcome = "another error"
    assert outcome == "ValueError", "Which values may alpha have, and what happens with others?"
### END HIDDEN TESTS

# %% [markdown]
# ## 2 · One column of GPTQ (3 points)
#
# GPTQ rounds a matrix column by column. Columns before `j` are done. Write `round_column(weight, inputs, j, scale, bits)`. It returns a new matrix:
#
# - columns before `j` are as they were;
# - column `j` holds, for each row, the level next to its weight: the scale of the row times a whole number from $-2^{b-1}$ to $2^{b-1}-1$ (ties as `torch.round`
#   does them). `scale` has one number per row, shape (rows,);
# - the columns behind `j` are changed so that, on these inputs, the output of each row is as near as possible to what it was before the call, in the sum of squares.
#
# There are more words than columns, and the columns of the inputs are linearly independent (they may be correlated). No damping. After the last column, nothing is left to correct.
#
# The lesson takes all columns at once from a Cholesky factor. Here it is one column, and any way that finds the minimum will do.
#
# *Lesson: part 4.*


# %% item="column" answers=["round_column"]
### BEGIN SOLUTION
def round_column(weight, inputs, j, scale, bits):
    new = weight.clone()
    low = -(2 ** (bits - 1))
    new[:, j] = scale * (weight[:, j] / scale).round().clamp(low, -low - 1)
    rest = inputs[:, j:].double()
    inverse = torch.linalg.inv(rest.T @ rest)
    error = (weight[:, j] - new[:, j]).double() / inverse[0, 0]
    new[:, j + 1 :] -= (error[:, None] * inverse[0, 1:]).to(weight.dtype)
    return new


### END SOLUTION

# %% test="column" points=1
torch.manual_seed(7)  # what is random below is the same each time
weight, scale = torch.tensor([[0.9, 0.3, -0.2], [-2.4, 0.6, 0.1]]), torch.tensor([0.5, 1.0])
inputs = torch.randn(40, 3)
before = weight.clone()
new = round_column(weight, inputs, 1, scale, 2)
assert torch.equal(weight, before), "the matrix that was passed in has changed"
assert new.shape == (2, 3), f"the shape should be (2, 3), not {tuple(new.shape)}"
assert [round(v, 4) for v in new[:, 1].tolist()] == [0.5, 1.0], (
    f"column 1 should be [0.5, 1.0] on the levels of its rows, but is {new[:, 1].tolist()}"
)
assert torch.equal(new[:, 0], weight[:, 0]), "column 0 was done before, and should stay"
done = round_column(weight, inputs, 0, scale, 2)[:, 0].tolist()
assert [round(v, 4) for v in done] == [0.5, -2.0], (
    f"with 2 bits the codes go from −2 to 1, so column 0 should be [0.5, −2.0], and not {done}"
)
### BEGIN HIDDEN TESTS
for rows, columns, j, bits in ((5, 7, 3, 3), (4, 6, 0, 2), (3, 5, 4, 4), (1, 4, 2, 8)):
    weight, inputs = torch.randn(rows, columns), torch.randn(60, columns)
    scale, kept = (torch.rand(rows) * 0.3 + 0.1) * 8 / 2**bits, inputs.clone()
    new = round_column(weight, inputs, j, scale, bits)
    assert torch.equal(inputs, kept), "The inputs have changed."
    low = -(2 ** (bits - 1))
    level = scale * (weight[:, j] / scale).round().clamp(low, -low - 1)
    assert torch.allclose(new[:, j], level, atol=1e-6), (
        "Column j is not on the nearest levels. Which scale belongs to which row, and which codes are there?"
    )
    assert torch.equal(new[:, :j], weight[:, :j]), "A column that was done has moved."
    assert torch.isfinite(new).all(), "The matrix has values that are not finite."
ties = torch.tensor([[0.25, 1.0], [-0.75, 1.0], [0.75, 1.0]])
new = round_column(ties, torch.randn(9, 2), 0, torch.full((3,), 0.5), 4)
assert new[:, 0].tolist() == [0.0, -1.0, 1.0], (
    "Halfway between two levels: to which one does torch.round go?"
)
### END HIDDEN TESTS

# %% test="column" points=2
torch.manual_seed(8)
mixing = [[1.0, 0.9, 0.6, 0.0], [0.0, 0.4, 0.5, 0.0], [0.0, 0.0, 1.0, 0.3], [0.0, 0.0, 0.5, 1.0]]
mixed = torch.randn(200, 4) @ torch.tensor(mixing)
weight, scale = torch.tensor([[0.3, 0.8, -0.5, 0.2]]), torch.tensor([1.0])
start = weight.clone()
new = round_column(start.clone(), mixed, 0, scale, 3)
off, alone = (
    float(((w - start) @ mixed.T).square().sum())
    for w in (new, torch.tensor([[0.0, 0.8, -0.5, 0.2]]))
)
assert abs(float(new[0, 0])) < 1e-6, (
    f"column 0 should be 0, the level next to 0.3, and not {float(new[0, 0])}"
)
assert off < 0.5 * alone, (
    f"the output is off by {off:.2f} (sum of squares); rounding alone gives {alone:.2f}. "
    "What could the columns behind do for it, and in which direction?"
)
new = round_column(start.clone(), mixed, 1, scale, 3)
off = float(((new - start) @ mixed.T).square().sum())
rest = torch.linalg.lstsq(mixed[:, 2:], mixed[:, 1:2]).solution[:, 0]
nearest = torch.tensor([[0.3, 1.0, -0.5, 0.2]])
nearest[0, 2:] -= 0.2 * rest
best = float(((nearest - start) @ mixed.T).square().sum())
assert off < 1.01 * best + 1e-3, (
    f"for column 1 the output is off by {off:.3f}, and the least possible is {best:.3f}. "
    "Which columns can still move? The inverse should know of these alone."
)
### BEGIN HIDDEN TESTS
for rows, columns, j, bits, power, middle in (
    (6, 8, 2, 3, 0, 0),
    (4, 5, 0, 2, -12, 0),
    (3, 9, 7, 4, 8, 0),
    (5, 6, 3, 3, 0, 0),
    (4, 4, 1, 3, 0, 2),
):
    inputs = torch.randn(300, columns) @ (torch.randn(columns, columns) + torch.eye(columns))
    inputs = (inputs + middle) * 2.0**power
    weight, scale = torch.randn(rows, columns), torch.rand(rows) + 0.2
    new = round_column(weight.clone(), inputs, j, scale, bits)
    low = -(2 ** (bits - 1))
    level = scale * (weight[:, j] / scale).round().clamp(low, -low - 1)
    assert torch.allclose(new[:, j], level, atol=1e-6), "Column j is not on the nearest levels."
    error = (weight[:, j] - level).double()
    mend = torch.linalg.lstsq(inputs[:, j + 1 :].double(), inputs[:, j].double()[:, None]).solution
    wanted = weight[:, j + 1 :].double() + error[:, None] * mend[:, 0]
    assert (new[:, j + 1 :] - wanted).abs().max() < 2e-3 * (1 + wanted.abs().max()), (
        "On other inputs the columns behind are not at the minimum. Which columns may the inverse know, and at which scale of the inputs?"
    )
### END HIDDEN TESTS

# %% [markdown]
# ## 3 · The scale that protects (3 points)
#
# AWQ scales input channels before rounding, and divides afterwards. Write `protected(weight, calibration, held_out, bits, group, alphas)`:
#
# - for each `alpha` of the list, channel $j$ has the scale $s_j = a_j^{\alpha}$, where $a_j$ is the mean magnitude of column $j$ of `calibration`. A channel whose mean is 0 has the scale 1;
# - the weights become `plain(weight * s, bits, group) / s`; `plain` is given at the top of this notebook;
# - it returns the `alpha` whose **outputs** on `held_out` are nearest to those of `weight`, in the sum of squares, and the weights that belong to it: a pair (number, tensor).
#   If several are equally good, take the first.
# - An empty list is a `ValueError`.
#
# The lesson chooses on the calibration text itself. Here a different text chooses.
#
# *Lesson: part 7.*


# %% item="protect" answers=["protected"]
### BEGIN SOLUTION
def protected(weight, calibration, held_out, bits, group, alphas):
    if not alphas:
        raise ValueError("no alpha to choose from")
    size = calibration.abs().mean(0)
    tried = []
    for alpha in alphas:
        s = torch.where(size == 0, 1.0, size**alpha)
        rounded = plain(weight * s, bits, group) / s
        error = ((rounded - weight) @ held_out.T).square().sum().item()
        tried.append((error, alpha, rounded))
    _, alpha, rounded = min(tried, key=lambda its: its[0])
    return alpha, rounded


### END SOLUTION

# %% test="protect" points=1
torch.manual_seed(7)  # what is random below is the same each time
weight, text = torch.randn(8, 16), torch.randn(100, 16)
text[:, 5] *= 40
alpha, new = protected(weight, text, text, 3, 8, [0.0])
assert alpha == 0.0, f"the only alpha is 0.0, but {alpha} came back"
assert torch.allclose(new, plain(weight, 3, 8), atol=1e-5), "with alpha = 0 it is plain rounding"
alpha, new = protected(weight, text, torch.randn(30, 16), 3, 8, [1.0])
s = text.abs().mean(0)
assert torch.allclose(new, plain(weight * s, 3, 8) / s, atol=1e-4), (
    "with alpha = 1 the scale of a channel is its mean magnitude in `calibration`, and the weights are divided by it in the end (lesson, part 7)"
)
### BEGIN HIDDEN TESTS
for bits, group, alpha, seed in ((4, 4, 0.5, 1), (3, 16, 0.75, 2), (2, 8, 0.3, 3)):
    torch.manual_seed(seed)
    weight, text = torch.randn(5, 16), torch.randn(80, 16) * 10 ** torch.randn(16)
    other = torch.randn(30, 16)
    s = text.abs().mean(0) ** alpha
    found, new = protected(weight, text, other, bits, group, [alpha])
    assert found == alpha, "With one alpha in the list this is the one to return."
    near = (new - plain(weight * s, bits, group) / s).abs().max()
    assert near < 1e-2, "The weights are not those of this alpha. Where do the scales come from?"
### END HIDDEN TESTS

# %% test="protect" points=1
torch.manual_seed(16)
weight, text, held_out = torch.randn(8, 16), torch.randn(100, 16), torch.randn(90, 16)
text[:, 5], held_out[:, 5] = 40 * text[:, 5], 8 * held_out[:, 5]
alphas = [0.0, 0.25, 0.5, 0.75, 1.0]
alpha, new = protected(weight, text, held_out, 3, 8, alphas)
alone = [protected(weight, text, held_out, 3, 8, [one])[1] for one in alphas]
chosen, *each = (float(((w - weight) @ held_out.T).square().sum()) for w in (new, *alone))
assert chosen <= 1.001 * min(each), (
    f"the output is off by {chosen:.0f}, and with another alpha of the list by {min(each):.0f}. "
    "Which error decides, that of weights or that of outputs, and on which text?"
)
### BEGIN HIDDEN TESTS
for seed in range(20, 28):
    torch.manual_seed(seed)
    weight = torch.randn(6, 16)
    text, held_out = (
        torch.randn(60, 16) * 6 ** torch.randn(16),
        torch.randn(60, 16) * 6 ** torch.randn(16),
    )
    weight = weight / text.abs().mean(0) ** (
        seed % 2
    )  # in half of them large inputs meet small weights
    alphas = [0.1, 0.35, 0.6, 0.85]
    s = [text.abs().mean(0) ** a for a in alphas]
    errors = [
        float(((plain(weight * one, 3, 8) / one - weight) @ held_out.T).square().sum()) for one in s
    ]
    alpha, new = protected(weight, text, held_out, 3, 8, alphas)
    best = alphas[errors.index(min(errors))]
    ranked = sorted(errors)
    if ranked[1] > 1.01 * ranked[0]:
        assert alpha == best, (
            "On other texts another alpha is best. Which text gives the scales, and which one chooses?"
        )
        one = text.abs().mean(0) ** best
        assert torch.allclose(new, plain(weight * one, 3, 8) / one, rtol=1e-3, atol=1e-3), (
            "The weights that came back belong to another alpha."
        )
### END HIDDEN TESTS

# %% test="protect" points=1
torch.manual_seed(7)
weight, text = torch.randn(4, 8), torch.randn(50, 8)
text[:, 2] = 0
alpha, new = protected(weight, text, text, 4, 4, [0.5])
assert torch.isfinite(new).all(), "a channel that is always 0 makes weights that are not finite"
try:
    protected(weight, text, text, 4, 8, [])
    refused = False
except ValueError:
    refused = True
assert refused, "an empty list should raise a ValueError"
### BEGIN HIDDEN TESTS
s = torch.where(text.abs().mean(0) == 0, 1.0, text.abs().mean(0) ** 0.5)
assert torch.allclose(new, plain(weight * s, 4, 4) / s, atol=1e-4), (
    "Which scale has a channel whose mean is 0?"
)
zeros = torch.zeros(4, 8)
alpha, new = protected(zeros, text, text, 4, 8, [0.7, 0.2, 0.4])
assert alpha == 0.7, "All are equally good here. Which of them is to be returned?"
kept, same = weight.clone(), text.clone()
protected(weight, text, text, 3, 4, [0.0, 0.5])
assert torch.equal(weight, kept), "The weights that were passed in have changed."
assert torch.equal(text, same), "The text has changed."
### END HIDDEN TESTS

# %% [markdown]
# ## 4 · What a model takes (3 points)
#
# Write `needed(model, bits, group, cache_bits, words, users)`. `model` is a `dict` as `llama` below. It returns two whole numbers (`int`), the bytes of all weights
# and the bytes of the KV cache.
#
# - In each of `layers` blocks there are four matrices of attention: queries and output, `width` × `width`, and keys and values, `width` × (`kv_heads` · `head`); and three matrices of the MLP,
#   `width` × `hidden`. Each of these weights takes `bits` bits, and each group of `group` weights 16 bits more for its scale. All sides are multiples of the group. With `bits=16` there is no scale.
# - Embedding and head, `vocabulary` × `width` each, always have 16 bits per weight. Norms are left out.
# - For each word that is kept, each block keeps a key and a value for each of its `kv_heads`, `head` numbers each, at `cache_bits` bits. Below 16 bits each of these
#   vectors of `head` numbers takes 16 bits more for its scale. `users` talk at the same time, and each has `words` words in the cache.
#
# Example: `llama` with `bits=16` has 13,476,298,752 bytes of weights, and with `cache_bits=16`, 4,096 words and one user 2,147,483,648 bytes of cache.
#
# *Lesson: part 9.*

# %% given=true of="bytes"
llama = {
    "layers": 32,
    "width": 4096,
    "hidden": 11008,
    "kv_heads": 32,
    "head": 128,
    "vocabulary": 32000,
}
small = {"layers": 3, "width": 512, "hidden": 1024, "kv_heads": 2, "head": 64, "vocabulary": 1000}


# %% item="bytes" answers=["needed"]
### BEGIN SOLUTION
def needed(model, bits, group, cache_bits, words, users):
    width, kept = model["width"], model["kv_heads"] * model["head"]
    block = 2 * width * width + 2 * width * kept + 3 * width * model["hidden"]
    weights = model["layers"] * block
    in_bits = weights * bits + (weights // group * 16 if bits < 16 else 0)
    in_bits += 2 * model["vocabulary"] * width * 16
    vectors = 2 * model["layers"] * model["kv_heads"] * words * users
    each = model["head"] * cache_bits + (16 if cache_bits < 16 else 0)
    return in_bits // 8, vectors * each // 8


### END SOLUTION

# %% test="bytes" points=1
found = needed(llama, 16, 128, 16, 4096, 1)
assert len(found) == 2, f"two numbers are expected, not {found}"
assert all(isinstance(one, int) for one in found), f"two ints are expected, not {found}"
few = needed(llama, 4, 128, 4, 10, 1)
assert all(isinstance(one, int) for one in few), f"two ints are expected, not {few}"
assert found[0] == 13_476_298_752, (
    f"in 16 bits the weights take 13,476,298,752 bytes, not {found[0]:,}"
)
found = needed(llama, 8, 4096, 16, 1, 1)[0]
assert found == 7_003_455_488, (
    f"in 8 bits with a scale per 4,096 weights they take 7,003,455,488 bytes, not {found:,}. "
    "Which weights keep 16 bits, and where do scales go?"
)
### BEGIN HIDDEN TESTS
weights = 3 * (2 * 512 * 512 + 2 * 512 * 128 + 3 * 512 * 1024)
ends = 2 * 1000 * 512
for bits, group in ((4, 32), (4, 128), (3, 64), (2, 32), (12, 64)):
    wanted = weights * bits // 8 + weights // group * 2 + ends * 2
    found = needed(small, bits, group, 16, 10, 1)[0]
    assert found == wanted, explain(
        found,
        {
            weights * bits // 8 + ends * 2: "What does a group need besides its codes?",
            weights * bits // 8
            + weights // group * 2
            + ends * bits // 8: "Which bits have embedding and head?",
            weights * bits // 8
            + weights // group * 2
            + ends: "Embedding and head: are they one matrix or two?",
            weights * bits // 8 + weights // group * 4 + ends * 2: "How many bits has a scale?",
            8 * wanted: "Bits or bytes?",
        },
        "For a model with fewer heads for keys and values the weights are off. Which matrices become narrower?",
    )
### END HIDDEN TESTS

# %% test="bytes" points=2
found = needed(llama, 16, 128, 16, 4096, 1)[1]
assert found == 2_147_483_648, f"the cache of the example has 2,147,483,648 bytes, not {found:,}"
found = needed(llama, 4, 32, 4, 4096, 2)[1]
assert found == 1_107_296_256, (
    f"with 4 bits and two users the cache has 1,107,296,256 bytes, not {found:,}. What does each vector need besides its codes?"
)
fewer = needed({**llama, "kv_heads": 8}, 16, 128, 16, 4096, 1)[1]
assert fewer == 2_147_483_648 // 4, (
    f"a quarter of the heads keeps a quarter of the cache, not {fewer:,}"
)
### BEGIN HIDDEN TESTS
for bits, words, users in (
    (16, 100, 3),
    (8, 77, 5),
    (4, 1000, 1),
    (3, 8, 2),
    (2, 64, 2),
    (12, 9, 2),
):
    for model in (small, {**small, "kv_heads": 4, "head": 128}, {**small, "head": 40}):
        vectors = 2 * model["layers"] * model["kv_heads"] * words * users
        wanted = vectors * (model["head"] * bits + (16 if bits < 16 else 0)) // 8
        found = needed(model, 4, 32, bits, words, users)[1]
        assert found == wanted, explain(
            found,
            {
                wanted // 2: "Keys and values: how many vectors are kept per head?",
                wanted // users: "Who shares a cache?",
                vectors
                * model["head"]
                * bits
                // 8: "What does each vector need besides its codes?",
                vectors * (model["head"] * bits + 16) // 8: "Do 16 bits need a scale?",
            },
            "The cache is off. What is kept per word, block and head?",
        )
### END HIDDEN TESTS

# %% [markdown]
# ## 5 · The library (2 points)
#
# torchao refuses a layer whose columns do not fill its groups, and the whole model with it. Write `int4_where_it_fits(model, group, x)` for an `nn.Sequential`. It makes a copy, quantizes those of its linear layers
# that have a multiple of `group` inputs to int4 with a scale per group (`IntxWeightOnlyConfig`, `PerGroup`), leaves the others in float, and returns a `dict`:
#
# - `"quantized"`: the list of the places in the model (0, 1, …) of the layers that are quantized now;
# - `"logits"`: what the quantized model gives for `x`.
#
# `model` itself stays as it was. `quantize_` takes a `filter_fn=…`, a function of a module and its name that says whether it is to be quantized.
#
# *Lesson: part 3.*

# %% given=true of="library"
import logging

# torchao says harmless things while it is imported (lesson 05).
logging.getLogger("torch.utils._pytree").setLevel(logging.ERROR)

from torchao.quantization import IntxWeightOnlyConfig, PerGroup, quantize_  # noqa: E402


def network(*sizes, seed=0):
    """Linear layers of these sizes with ReLU between them."""
    random = torch.Generator().manual_seed(seed)
    parts = []
    for inside, outside in itertools.pairwise(sizes):
        parts += [nn.Linear(inside, outside), nn.ReLU()]
        parts[-2].weight.data = torch.randn(outside, inside, generator=random) / inside**0.5
    return nn.Sequential(*parts[:-1]).requires_grad_(False)


# %% item="library" answers=["int4_where_it_fits"]
### BEGIN SOLUTION
def int4_where_it_fits(model, group, x):
    model = copy.deepcopy(model)

    def fits(part, name):
        return isinstance(part, nn.Linear) and part.in_features % group == 0

    places = [place for place, part in enumerate(model) if fits(part, "")]
    config = IntxWeightOnlyConfig(weight_dtype=torch.int4, granularity=PerGroup(group))
    quantize_(model, config, filter_fn=fits)
    return {"quantized": places, "logits": model(x)}


### END SOLUTION

# %% test="library" points=1
### BEGIN HIDDEN TESTS


def by_hand(model, group, bits=4):
    """The same in floats, where the columns fill the groups."""
    model = copy.deepcopy(model)
    for part in model:
        if isinstance(part, nn.Linear) and part.in_features % group == 0:
            part.weight.data = plain(part.weight.data, bits, group)
    return model


### END HIDDEN TESTS
torch.manual_seed(7)  # what is random below is the same each time
model, x = network(64, 32, 3), torch.randn(5, 64)
before = model(x)
found = int4_where_it_fits(model, 32, x)
assert isinstance(found, dict), f"a dict is expected, not {type(found).__name__}"
assert sorted(found) == ["logits", "quantized"], (
    f"the keys are logits and quantized, not {sorted(found)}"
)
assert found["quantized"] == [0, 2], (
    f"layers 0 and 2 have 64 and 32 inputs, so both fit: not {found['quantized']}"
)
assert torch.equal(model(x), before), "the model that was passed in has changed"
off = ((found["logits"] - before).abs().mean() / before.abs().mean()).item()
assert off > 1e-3, "the logits are those of the float model"
assert off > 0.05, (
    f"the logits are {off:.0%} off the float model's: 4 bits change them far more. Which type do the weights get?"
)
### BEGIN HIDDEN TESTS


for sizes, group, seed in (((64, 64, 5), 32, 1), ((128, 32, 32, 4), 32, 2), ((128, 64, 3), 64, 3)):
    model, x = network(*sizes, seed=seed), torch.randn(9, sizes[0])
    found = int4_where_it_fits(model, group, x)["logits"]
    off = (found - by_hand(model, group)(x)).abs().mean()
    unquantized = (found - model(x)).abs().mean()
    assert off < 0.4 * unquantized, (
        "The logits are not those of 4 bits with a scale per group. Which type, and which granularity?"
    )
### END HIDDEN TESTS

# %% test="library" points=1
model, x = network(64, 20, 32, 3), torch.randn(5, 64)
found = int4_where_it_fits(model, 32, x)
assert found["quantized"] == [0, 4], (
    f"layer 2 has 20 inputs, no multiple of 32, and stays in float: [0, 4] are quantized, not {found['quantized']}"
)
### BEGIN HIDDEN TESTS
for sizes, group, places in (
    ((32, 50, 64, 4), 32, [0, 4]),
    ((20, 30, 4), 32, []),
    ((96, 64, 64, 4), 64, [2, 4]),
    ((16, 32, 8, 4), 8, [0, 2, 4]),
    ((96, 40, 32, 4), 32, [0, 4]),
):
    model, x = network(*sizes, seed=5), torch.randn(9, sizes[0])
    found = int4_where_it_fits(model, group, x)
    assert found["quantized"] == places, "Which layers have a multiple of the group as inputs?"
    off = (found["logits"] - by_hand(model, group)(x)).abs().mean()
    assert off <= 0.4 * (found["logits"] - model(x)).abs().mean() + 1e-6, (
        "The layers that do not fit should stay in float, and the others be quantized."
    )
    assert model.training, "The model that was passed in is in another mode now."
# Behind a layer without weights linear layers have other places.
shifted = int4_where_it_fits(nn.Sequential(nn.Flatten(), *model), 32, x.reshape(9, 8, 12))
assert shifted["quantized"] == [1, 5], "Are the places those in the model, whatever else is in it?"
assert torch.allclose(shifted["logits"], found["logits"], atol=1e-4), (
    "With a layer that changes no number in front, the logits are others."
)
### END HIDDEN TESTS

# %% [markdown]
# ## 6 · A perplexity that is too good (3 points)
#
# A colleague's function says 9.7 for a model whose perplexity is 14. Mend it.
#
# ```python
# def perplexity(logits, words, lengths):
#     log_p = logits.log_softmax(-1)
#     nats = -log_p.gather(2, words[:, :, None])[:, :, 0]
#     return nats.mean(1).exp().mean().item()
# ```
#
# - `logits` has the shape (stories, places, vocabulary). At place $t$ the model has read the words up to $t$, with $t$ included, and its logits are about the **next** word, $t + 1$.
# - `words` holds the numbers of the words, (stories, places). A story has `lengths[i]` words, at least two; what stands behind them is filling and counts for nothing.
# - The first word of a story is not foreseen by anybody. So a story of 5 words has 4 that count.
# - It returns one number, a Python `float`: e to the mean number of nats per word, over **all words of all stories**, so that a long story counts for more than a short one.
#
# The filling may be any number of the vocabulary, and logits there may be anything, also `nan`.
#
# *Lesson: part 1.*


# %% item="bugs" answers=["perplexity"]
### BEGIN SOLUTION
def perplexity(logits, words, lengths):
    nats, count = 0.0, 0
    for story, its, length in zip(logits, words, lengths, strict=True):
        length = int(length)
        log_p = story.double().log_softmax(-1)
        nats -= log_p.gather(1, its[1:length, None]).sum().item()
        count += length - 1
    return math.exp(nats / count)


### END SOLUTION

# %% test="bugs" points=1
### BEGIN HIDDEN TESTS


def wanted_of(logits, words, lengths):
    """The definition, word by word."""
    nats = [
        -logits[i, t].double().log_softmax(0)[words[i, t + 1]].item()
        for i in range(len(words))
        for t in range(int(lengths[i]) - 1)
    ]
    return math.exp(sum(nats) / len(nats))


### END HIDDEN TESTS
torch.manual_seed(7)  # what is random below is the same each time
even = torch.zeros(2, 5, 8)
found = perplexity(even, torch.randint(8, (2, 5)), torch.tensor([5, 5]))
assert isinstance(found, float), f"a float is expected, not {type(found).__name__}"
assert abs(found - 8) < 1e-3, f"who knows nothing of 8 words has perplexity 8, not {found:.3f}"
# Words 0, 1, 2, 3: the model is nearly sure of each next one.
words = torch.tensor([[0, 1, 2, 3]])
sure = torch.zeros(1, 4, 8)
sure[0, [0, 1, 2], [1, 2, 3]] = 20.0
found = perplexity(sure, words, torch.tensor([4]))
assert found < 1.01, (
    f"each next word is nearly sure, so the perplexity is 1, and not {found:.3f}. Which word are the logits at place t about?"
)
### BEGIN HIDDEN TESTS


for stories, places, vocabulary, size in ((3, 6, 5, 1.0), (1, 9, 4, 3.0), (4, 2, 7, 0.5)):
    logits = size * torch.randn(stories, places, vocabulary)
    words = torch.randint(vocabulary, (stories, places))
    lengths = torch.full((stories,), places)
    found = perplexity(logits, words, lengths)
    assert abs(found / wanted_of(logits, words, lengths) - 1) < 1e-3, (
        "For stories of one length it is off. Which logits foresee which word?"
    )
### END HIDDEN TESTS

# %% test="bugs" points=1
torch.manual_seed(8)
logits, words = torch.randn(2, 6, 5), torch.randint(5, (2, 6))
short = perplexity(logits, words, torch.tensor([6, 3]))
words[1, 3:] = (words[1, 3:] + 1) % 5
again = perplexity(logits, words, torch.tensor([6, 3]))
assert abs(short - again) < 1e-5, (
    f"other filling gives another perplexity, {again:.3f} in place of {short:.3f}. Which words count?"
)
one = perplexity(logits[1:, :3], words[1:, :3], torch.tensor([3]))
filled = perplexity(logits[1:], words[1:], torch.tensor([3]))
assert abs(one - filled) < 1e-4, f"three words alone give {one:.3f}, with filling {filled:.3f}"
### BEGIN HIDDEN TESTS
logits, words = torch.randn(1, 8, 5), torch.randint(5, (1, 8))
for length in (2, 4, 7):
    lengths = torch.tensor([length])
    found = perplexity(logits, words, lengths)
    assert abs(found / wanted_of(logits, words, lengths) - 1) < 1e-3, (
        "For a story with filling behind it, it is off. How many words count in a story of 5?"
    )
    with_nan = logits.clone()
    with_nan[0, length:] = float("nan")
    found = perplexity(with_nan, words, lengths)
    assert abs(found / wanted_of(logits, words, lengths) - 1) < 1e-3, (
        "Where logits of the filling are nan, the perplexity is off."
    )
### END HIDDEN TESTS

# %% test="bugs" points=1
two = torch.zeros(2, 9, 4)
words = torch.zeros(2, 9, dtype=torch.long)
two[1, 0, 0] = 50.0  # a story of two words, of which the second is sure
found = perplexity(two, words, torch.tensor([9, 2]))
assert abs(found - 4 ** (8 / 9)) < 1e-3, (
    f"eight words have log(4) nats each and one has none, so it is {4 ** (8 / 9):.3f}, and not {found:.3f}. Is the mean over words, or over stories?"
)
### BEGIN HIDDEN TESTS
for seed in range(4):
    torch.manual_seed(30 + seed)
    logits, words = 4 * torch.randn(5, 12, 6), torch.randint(6, (5, 12))
    lengths = torch.tensor([12, 2, 5, 3, 9])
    wanted = wanted_of(logits, words, lengths)
    found = perplexity(logits, words, lengths)
    assert abs(found / wanted - 1) < 1e-3, (
        "With stories of many lengths it is off. What is the mean over?"
    )
far = 100 * torch.randn(3, 5, 6)
words = torch.randint(6, (3, 5))
found = perplexity(far, words, torch.tensor([5, 4, 2]))
assert abs(found / wanted_of(far, words, torch.tensor([5, 4, 2])) - 1) < 1e-3, (
    "With logits that are far apart it is off. Were probabilities made before their logarithm?"
)
### END HIDDEN TESTS

# %% [markdown]
# ## 7 · Four layers (1 point)
#
# Below are the inputs of four layers on calibration text, a row per word and a column per channel; the darker, the larger the magnitude. Their weights are rounded to int8 per row, and that costs nothing. Now the inputs
# are to have 8 bits as well, and be multiplied as integers. For each layer choose the **cheapest** of these that *serves* it, which means: at least half of the magnitudes are ten steps or more.
#
# - `"tensor"`: one scale for the tensor, fixed beforehand
# - `"word"`: one scale per word, found while it runs
# - `"smooth"`: smoothing first, with α = 1, so that all channels are equally tall; then one scale for the tensor
# - `"smooth, word"`: smoothing first, then one scale per word
#
# They are ordered from cheap to dear. Leave in `remedy` a `dict` from `"A"`, `"B"`, `"C"` and `"D"` to these texts.
#
# *Lesson: parts 5 and 6.*

# %% given=true of="maps"
random = torch.Generator().manual_seed(5)
maps = {name: torch.randn(24, 32, generator=random).abs() for name in "ABCD"}
maps["A"][[6, 15]] = 40 + maps["A"][[6, 15]]
maps["B"][:, [4, 21]] *= 25
maps["D"][18] = 40 + maps["D"][18]
maps["D"][:, 11] *= 25
fig, axes = plot.figure(1, 4, width=13, height=3)
for ax, (name, values) in zip(axes, maps.items(), strict=True):
    ax.imshow(values.sqrt().numpy(), cmap="Greys", vmin=0, vmax=8, aspect="auto")
    ax.set(title=name, xlabel="channel", ylabel="word")
    ax.grid(visible=False)
plot.show(
    fig,
    alt="Four maps of 24 words and 32 channels. A: two dark rows, words 6 and 15. B: two dark columns, channels 4 and 21. "
    "C: even. D: one dark column, channel 11, and one dark row, word 18.",
)

# %% item="maps" answers=["remedy"]
### BEGIN SOLUTION
remedy = {"A": "word", "B": "smooth", "C": "tensor", "D": "smooth, word"}
### END SOLUTION

# %% test="maps" points=1
known = ("tensor", "word", "smooth", "smooth, word")
assert isinstance(remedy, dict), f"expected a dict, but got {type(remedy).__name__}"
assert sorted(remedy) == ["A", "B", "C", "D"], f"the keys are A to D, not {sorted(remedy)}"
assert all(its in known for its in remedy.values()), f"the texts are {known}, not {remedy}"
for name, its in remedy.items():
    values = maps[name] / (maps[name].amax(0) if "smooth" in its else 1)
    step = (values.amax(1, keepdim=True) if "word" in its else values.max()) / 127
    steps = float((values / step).median())
    assert steps >= 10, (
        f"{name} with {its!r}: half of the magnitudes are {steps:.1f} steps or less. "
        "What makes the step so long, a tall channel or a tall word? (lesson, parts 5 and 6)"
    )
### BEGIN HIDDEN TESTS
assert remedy["C"] == "tensor", (
    "One layer has no outliers at all. Which is the cheapest that serves it?"
)
assert remedy["A"] == "word", "For one layer a cheaper one serves."
assert remedy["B"] == "smooth", "For one layer a cheaper one serves."
assert remedy["D"] == "smooth, word", "One layer has both kinds of outliers."
### END HIDDEN TESTS

# %% [markdown]
# ## 8 · Three deployments (2 points)
#
# `schemes` holds six ways to store a model of the size of Llama-2-7B: the bytes of its weights, those of the KV cache **per word** that is kept, and how many nats per word it loses against 16 bits: the mean and the ends of a 95% interval
# over texts. (Bytes are the lesson's. The losses are made up for this item.) The machine of each deployment reads 100 GB per second.
#
# Leave in `choice` a `dict` from each deployment to the name of a scheme. Of all schemes that keep **every** limit choose the one with the smallest loss (its mean); if none does, `None`.
#
# - 1 GB is $10^9$ bytes. Weights and caches of all users must fit together.
# - A limit on the loss holds only if the *upper end* of the interval keeps it.
# - Words per second are the most that one user can get, by the lesson's bound: for each word all weights and the whole cache of the user are read.
#
# - `"laptop"`: 8 GB, one user with 4,096 words, a loss of at most 0.022, at least 16.5 words per second
# - `"server"`: 24 GB, 16 users with 4,096 words each, a loss of at most 0.03
# - `"tablet"`: 6 GB, one user with 2,048 words, a loss of at most 0.05, at least 20.2 words per second
# - `"phone"`: 4 GB, one user with 2,048 words, a loss of at most 0.05, at least 20 words per second
#
# Leave in `bytes_of` a `dict` from each deployment to the bytes, of weights and all caches, of the scheme that takes the **fewest**, whether it keeps the other limits or not.
#
# *Lesson: parts 8 and 9.*

# %% given=true of="decide"
GB = 10**9
schemes = {
    "16 bits": {"weights": 13.5 * GB, "cache": 524288, "loss": (0.0, 0.0, 0.0)},
    "int8": {"weights": 7.1 * GB, "cache": 524288, "loss": (0.001, 0.0, 0.002)},
    "int4, plain": {"weights": 3.9 * GB, "cache": 524288, "loss": (0.044, 0.036, 0.053)},
    "int4, GPTQ": {"weights": 3.9 * GB, "cache": 524288, "loss": (0.017, 0.012, 0.022)},
    "int4, GPTQ, cache int8": {
        "weights": 3.9 * GB,
        "cache": 266240,
        "loss": (0.018, 0.011, 0.021),
    },
    "int3, GPTQ, cache int4": {
        "weights": 3.1 * GB,
        "cache": 135168,
        "loss": (0.047, 0.038, 0.058),
    },
}
# The same limits as numbers: bytes, users, words of each, nats per word, words per second.
limits = {
    "laptop": {"room": 8 * GB, "users": 1, "words": 4096, "loss": 0.022, "speed": 16.5},
    "server": {"room": 24 * GB, "users": 16, "words": 4096, "loss": 0.03, "speed": 0},
    "tablet": {"room": 6 * GB, "users": 1, "words": 2048, "loss": 0.05, "speed": 20.2},
    "phone": {"room": 4 * GB, "users": 1, "words": 2048, "loss": 0.05, "speed": 20},
}

# %% item="decide" answers=["choice", "bytes_of"]
### BEGIN SOLUTION
choice, bytes_of = {}, {}
for deployment, limit in limits.items():
    caches = {name: its["cache"] * limit["words"] for name, its in schemes.items()}
    taken = {name: its["weights"] + limit["users"] * caches[name] for name, its in schemes.items()}
    kept = [
        name
        for name, its in schemes.items()
        if taken[name] <= limit["room"]
        and its["loss"][2] <= limit["loss"]
        and 100 * GB / (its["weights"] + caches[name]) >= limit["speed"]
    ]
    choice[deployment] = min(kept, key=lambda name: schemes[name]["loss"][0], default=None)
    bytes_of[deployment] = min(taken.values())
### END SOLUTION

# %% test="decide" points=1
places = ["laptop", "phone", "server", "tablet"]
assert isinstance(bytes_of, dict), f"expected a dict, but got {type(bytes_of).__name__}"
assert sorted(bytes_of) == places, f"the keys are {places}, not {sorted(bytes_of)}"
assert all(abs(its) > 3 * GB for its in bytes_of.values()), (
    "these are bytes, of weights and caches together"
)
assert bytes_of["server"] > 2 * bytes_of["phone"], (
    f"16 users with 4,096 words each are said to take {bytes_of['server']:,.0f} bytes, and one with 2,048 "
    f"{bytes_of['phone']:,.0f}. Who shares the weights, and who shares a cache?"
)
### BEGIN HIDDEN TESTS
for deployment, words in (("server", 65536), ("laptop", 4096), ("phone", 2048), ("tablet", 2048)):
    wanted = 3.1 * GB + 135168 * words
    assert abs(bytes_of[deployment] / wanted - 1) < 1e-6, explain(
        bytes_of[deployment],
        {
            3.1 * GB + 135168 * 4096: "Do all users share one cache?",
            3.1 * GB: "What else lies in memory, beside the weights?",
            3.1 * GB + 135168: "The cache is per word that is kept.",
        },
        "Weights once, and a cache for each word of each user: which scheme takes the least?",
    )
### END HIDDEN TESTS

# %% test="decide" points=1
assert isinstance(choice, dict), f"expected a dict, but got {type(choice).__name__}"
assert sorted(choice) == places, f"the keys are {places}, not {sorted(choice)}"
assert all(its is None or its in schemes for its in choice.values()), (
    f"each is the name of a scheme, or None: not {choice}"
)
for deployment, name in choice.items():
    if name is not None:
        limit, its = limits[deployment], schemes[name]
        cache = its["cache"] * limit["words"]
        needs = its["weights"] + limit["users"] * cache
        assert needs <= limit["room"], (
            f"{deployment} with {name!r}: weights and caches of all users take {needs / GB:.1f} GB"
        )
        most = 100 * GB / (its["weights"] + cache)
        assert most >= limit["speed"], (
            f"{deployment} with {name!r}: at most {most:.1f} words per second, since the cache is read, too (lesson, part 9)"
        )
### BEGIN HIDDEN TESTS
assert choice["server"] == "int4, GPTQ, cache int8", (
    "Of the schemes that serve 16 users, which loses least?"
)
assert choice["laptop"] == "int4, GPTQ", "Of those that fit, which loses least?"
assert choice["phone"] != "int3, GPTQ, cache int4", "Look at the end of the interval."
assert choice["phone"] is None, (
    "Add up what the phone has to hold, and look at the end of the interval."
)
assert choice["tablet"] == "int4, GPTQ, cache int8", (
    "Which schemes are fast enough where both weights and cache are read?"
)
### END HIDDEN TESTS

# %% [markdown]
# ## 9 · A report (3 points)
#
# A colleague writes:
#
# > *We compressed our 7B model to 4 bits with AWQ in groups of 128. Its perplexity on our 64 calibration texts is 5.61; plain rounding with one scale per row has 5.79, and GPTQ in groups of 128 on another set of texts
# > 5.70. So AWQ is the best method. It is now 4 bits per weight, a quarter of the memory, so four times as many users fit on the card, and the server answers four times as many of them per second.*
#
# Which of his conclusions do not follow, and what must be measured or computed in their place? Answer in about 150 words.
#
# *Lesson: all parts.*

# %% [markdown] item="report" manual=true points=3
# ### BEGIN SOLUTION
# **The comparison.** Perplexity was measured on the text that AWQ was calibrated with; it needs other text. Plain rounding had one scale per row, and AWQ had groups of 128, so part of the gain may be the groups: plain rounding needs the same groups. GPTQ
# was measured on other texts, so the numbers can't be compared. All three belong on the same held-out texts, with the difference per text and an interval, and several draws of calibration text.
#
# **The memory.** A group of 128 has a scale, so it is about 4.125 bits and more with zero points; embedding and head usually keep 16 bits. The KV cache does not become smaller by AWQ, and with many users it is the larger part. The number of users follows from
# what the weights leave free, divided by the cache of a user.
#
# **The speed.** A quarter of the bytes of weights makes at most four times the words per second for one user, where reading weights is the limit and a kernel reads 4 bits. With many users in a batch
# the weights are read once for all, and computing or the caches become the limit. Measure words per second at the batch size that is served.
#
# Rubric, 1 point each:
#
# 1. Calibration text is no test text, **and** the same groups and the same texts for all (with an interval or several draws). One of them: half a point.
# 2. Scales and what stays in 16 bits, **and** the KV cache that stays as it is. One of them: half a point.
# 3. Weight-only helps where reading weights is the limit (one user, few users); in a large batch it does not give four times as many answers. Measure it.
# ### END SOLUTION
