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
# # 14 · Taught and factored: exercise
#
# Eight items, 20 points, about 75 minutes. Everything you need is in
# [the lesson](../../notebooks/14_taught_and_factored.ipynb); each item says where.
#
# - Write your answer in place of `raise NotImplementedError()`. Keep the names that the item asks for; all
#   other names are yours.
# - Run the tests under each item. They show a part of what is checked. The rest is checked on inputs that
#   you have not seen, so solve the task and not the example. Of a
#   decision they check the form; whether it is right comes with your mark.
# - The items do not need each other. If one resists, go on.
# - Whatever you return must fit itself: a layer that reads 3 inputs says `in_features` 3.
# - What is passed in stays as it was. `copy.deepcopy` is imported.

# %% given=true
import copy
import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from coursekit import explain
from coursekit.lesson_14.diagnose import three_students

# %% [markdown]
# ## 1 · A loss for images with and without labels (3 points)
#
# Write `distillation_loss(logits, taught, labels, temperature, weight)`. `logits` are the student's and `taught` the teacher's, float32 of the shape (images, classes). `labels`
# are int64 of the shape (images,), and **−1 where nobody has labelled the image**. It returns
#
# $$\alpha\,T^2\,\overline{\mathrm{KL}(q\,\|\,p)} + (1 - \alpha)\,\overline{-\log \operatorname{softmax}(z)_y}$$
#
# with $\alpha$ for `weight`, $p$ and $q$ for the student's and the teacher's probabilities at the temperature $T$, and $\mathrm{KL}(q\,\|\,p) = \sum_i q_i (\log q_i - \log p_i)$, which is 0 where both agree.
#
# - The first mean is over all images, the second over those **with a label**. If there is none with a label, the second part is 0.
# - No gradient reaches the teacher.
# - Logits may be far apart, up to a thousand.
#
# `with_gradients` runs your function forwards and backwards. The tests look at what comes out of it, so leave the last line as it is.
#
# *Lesson: part 2.*


# %% given=true
def with_gradients(function):
    """A loss as a function that returns three tensors: the loss, and the gradients of `logits` and of `taught`.
    None stands for a gradient that does not arrive.
    """

    def forwards_and_backwards(logits, taught, labels, temperature, weight):
        leaves = logits.clone().requires_grad_(), taught.clone().requires_grad_()
        loss = function(*leaves, labels, temperature, weight)
        if not isinstance(loss, torch.Tensor):
            raise TypeError(f"the function returns no tensor, but {type(loss).__name__}")
        gradients = (None, None)
        if loss.requires_grad:
            gradients = torch.autograd.grad(loss, leaves, allow_unused=True)
        return loss.detach(), *gradients

    return forwards_and_backwards


# %% item="loss" answers=["loss_of"]
### BEGIN SOLUTION
def distillation_loss(logits, taught, labels, temperature, weight):
    log_p = (logits / temperature).log_softmax(1)
    log_q = (taught.detach() / temperature).log_softmax(1)
    loss = weight * temperature**2 * (log_q.exp() * (log_q - log_p)).sum(1).mean()
    known = labels >= 0
    if known.any():
        loss = loss + (1 - weight) * F.cross_entropy(logits[known], labels[known])
    return loss


### END SOLUTION

loss_of = with_gradients(distillation_loss)  # leave this line: the tests need it

# %% test="loss" points=1
### BEGIN HIDDEN TESTS


def wanted_loss(z, v, y, temperature, weight):
    """The formula in float64, image by image."""
    soft, hard = [], []
    for one, other, label in zip(z.double(), v.double(), y.tolist(), strict=True):
        log_p = torch.log_softmax(one / temperature, 0)
        log_q = torch.log_softmax(other / temperature, 0)
        soft.append(float((log_q.exp() * (log_q - log_p)).sum()))
        if label >= 0:
            hard.append(-float(torch.log_softmax(one, 0)[label]))
    return (
        weight * temperature**2 * sum(soft) / len(soft),
        (1 - weight) * sum(hard) / max(1, len(hard)),
    )


### END HIDDEN TESTS
torch.manual_seed(7)  # what is random below is the same each time
z, v = torch.tensor([[2.0, 0.0, 0.0]]), torch.tensor([[0.0, 3.0, 1.0]])
none = torch.tensor([-1])
agreed = loss_of(z, z, torch.tensor([0]), 1.0, 1.0)[0]  # weight 1: the label does not count
assert agreed.abs() < 1e-6, (
    f"where student and teacher agree KL is 0, but got {agreed:.3f}. Is the teacher's entropy in your loss?"
)
value = loss_of(z, v, none, 1.0, 1.0)[0].item()
assert abs(value - 1.6313) < 1e-3, explain(
    round(value, 3),
    {
        0.544: "KL is a sum over the classes and a mean over the images. Which axis is averaged here? (lesson, part 2)",
        2.078: "this is KL(p‖q). Whose probabilities weigh the logarithms in the formula?",
    },
    f"expected 1.631 for weight 1 and temperature 1, but got {value:.3f}",
)
twins = loss_of(z.repeat(2, 1), v.repeat(2, 1), none.repeat(2), 1.0, 1.0)[0].item()
assert abs(twins - value) < 1e-3, (
    f"two images that are alike: the mean is that of one, {value:.3f}, but got {twins:.3f}"
)
at_two = loss_of(z, v, none, 2.0, 1.0)[0].item()
assert abs(at_two - 2.0210) < 1e-3, explain(
    round(at_two, 3),
    {
        0.505: "which factor keeps the gradient at its size when T changes? (lesson, part 2)",
        1.01: "T is in the loss once. Which factor does the lesson have?",
    },
    f"expected 2.021 at temperature 2, but got {at_two:.3f}",
)
### BEGIN HIDDEN TESTS
for images, classes, temperature in ((5, 10, 1.0), (40, 3, 4.0), (1, 7, 20.0), (8, 2, 0.5)):
    z, v = 3 * torch.randn(images, classes), 3 * torch.randn(images, classes)
    kept = z.clone(), v.clone()
    y = torch.full((images,), -1)
    found = loss_of(z, v, y, temperature, 0.7)[0].item()
    assert torch.equal(z, kept[0]) and torch.equal(v, kept[1]), "An argument has changed."
    first, _ = wanted_loss(z, v, y, temperature, 0.7)
    assert math.isclose(found, first, rel_tol=1e-3, abs_tol=1e-5), explain(
        round(found, 4),
        {
            round(
                first / 0.7, 4
            ): "`weight` is 0.7 here. Without labels it still weighs the teacher's part.",
        },
        "Without any label the loss is off. Other temperatures, weights, classes?",
    )
### END HIDDEN TESTS

# %% test="loss" points=1
torch.manual_seed(7)  # what is random below is the same each time
z, v = torch.randn(4, 3), torch.randn(4, 3)
y = torch.tensor([2, -1, 0, -1])
both, teacher_only = (loss_of(z, v, y, 2.0, weight)[0].item() for weight in (0.0, 1.0))
cross_entropy = F.cross_entropy(z[[0, 2]], y[[0, 2]]).item()
assert abs(both - cross_entropy) < 1e-4, explain(
    round(both, 3),
    {round(cross_entropy / 2, 3): "half of these images have a label. Over how many is the mean?"},
    f"with weight 0 only the two images with a label count: expected {cross_entropy:.3f}, but got {both:.3f}",
)
assert abs(teacher_only - loss_of(z, v, y * 0 - 1, 2.0, 1.0)[0].item()) < 1e-5, (
    "with weight 1 labels should not matter"
)
### BEGIN HIDDEN TESTS
for images, classes, temperature, weight in (
    (6, 10, 3.0, 0.9),
    (50, 4, 1.0, 0.25),
    (7, 5, 8.0, 0.5),
):
    z, v = 2 * torch.randn(images, classes), 2 * torch.randn(images, classes)
    for share in (0.0, 0.5, 1.0):
        y = torch.randint(classes, (images,))
        y[torch.rand(images) < share] = -1
        first, second = wanted_loss(z, v, y, temperature, weight)
        kept = y.clone()
        found = loss_of(z, v, y, temperature, weight)[0].item()
        assert torch.equal(y, kept), "The labels have changed."
        assert math.isfinite(found), "Without any label the loss is not a number."
        swapped = first * (1 - weight) / weight + second * weight / (1 - weight)
        assert math.isclose(found, first + second, rel_tol=1e-3, abs_tol=1e-5), explain(
            round(found, 3),
            {round(swapped, 3): "Which part does `weight` weigh, and which 1 − `weight`?"},
            "With some labels the loss is off. Is the labels' part at temperature 1, and without T²?",
        )
### END HIDDEN TESTS

# %% test="loss" points=1
torch.manual_seed(7)  # what is random below is the same each time
z, v, y = torch.randn(20, 5), torch.randn(20, 5), torch.full((20,), -1)
_, gradient, to_teacher = loss_of(z, v, y, 8.0, 1.0)
assert gradient is not None, "no gradient comes back to the student"
twice = loss_of(z, v, y, 16.0, 1.0)[1]
ratio = (twice.norm() / gradient.norm()).item()
assert 0.9 < ratio < 1.1, (
    f"from T = 8 to 16 the gradient should keep its size, but it becomes {ratio:.2f} times as large"
)
assert to_teacher is None or not to_teacher.any(), (
    "a gradient reaches the teacher: it would be trained towards its student"
)
### BEGIN HIDDEN TESTS
for temperature, weight in ((1.0, 1.0), (4.0, 0.6), (12.0, 0.1)):
    z, v, y = torch.randn(9, 6), torch.randn(9, 6), torch.randint(-1, 6, (9,))
    loss, gradient, to_teacher = loss_of(z, v, y, temperature, weight)
    assert to_teacher is None or not to_teacher.any(), "A gradient reaches the teacher."
    known = y >= 0
    p, q = (t / temperature for t in (z, v))
    wanted = weight * temperature * (p.softmax(1) - q.softmax(1)) / 9
    hard = (z.softmax(1) - F.one_hot(y.clamp(min=0), 6)) * known[:, None] / known.sum().clamp(min=1)
    assert gradient is not None and torch.allclose(
        gradient, wanted + (1 - weight) * hard, atol=1e-5
    ), "The student's gradient is not that of the loss. Is something detached that should not be?"
far = 1000 * torch.eye(4)
loss, gradient, _ = loss_of(far, far.flip(0), torch.arange(4), 1.0, 0.5)
assert loss.isfinite() and gradient.isfinite().all(), (
    "Logits that are a thousand apart make the loss infinite. Which function takes softmax and logarithm in one?"
)
assert math.isclose(loss.item(), 500, rel_tol=1e-3), (
    "Logits that are a thousand apart: the loss is off."
)
### END HIDDEN TESTS

# %% [markdown]
# ## 2 · Into a budget (3 points)
#
# Write `into_budget(layer, macs)` for an `nn.Linear`, with or without a bias. It returns a new module that computes nearly the same with at most `macs` MACs for one input:
#
# - If the layer itself fits: a copy of it.
# - Else an `nn.Sequential` of two `nn.Linear` with the largest rank that fits, and with the product nearest to the layer's weight. The bias stays what it was, in the second of them. The first has none.
# - If not even rank 1 fits: `ValueError`.
#
# Example: `nn.Linear(8, 6)` takes 48 MACs. With `macs=40` it becomes an `nn.Linear(8, 2)` and an `nn.Linear(2, 6)`.
#
# *Lesson: part 6.*


# %% item="budget" answers=["into_budget"]
### BEGIN SOLUTION
def into_budget(layer, macs):
    outputs, inputs = layer.weight.shape
    if macs >= outputs * inputs:
        return copy.deepcopy(layer)
    rank = int(macs // (outputs + inputs))
    if rank < 1:
        raise ValueError(f"{macs} MACs are too few for rank 1: it takes {outputs + inputs}")
    left, sizes, right = torch.linalg.svd(layer.weight.detach(), full_matrices=False)
    first = nn.Linear(inputs, rank, bias=False)
    second = nn.Linear(rank, outputs, bias=layer.bias is not None)
    first.weight.data = right[:rank].clone()
    second.weight.data = left[:, :rank] * sizes[:rank]
    if layer.bias is not None:
        second.bias.data = layer.bias.detach().clone()
    return nn.Sequential(first, second)


### END SOLUTION

# %% test="budget" points=1
torch.manual_seed(7)  # what is random below is the same each time
layer = nn.Linear(8, 6)
small = into_budget(layer, 40)
assert isinstance(small, nn.Sequential) and len(small) == 2, (
    f"expected an nn.Sequential of two linear layers, but got {type(small).__name__}"
)
shapes = tuple(tuple(part.weight.shape) for part in small)
assert shapes == ((2, 8), (6, 2)), explain(
    shapes,
    {
        ((1, 8), (6, 1)): "does rank 2 fit as well?",
        ((3, 8), (6, 3)): "rank 3 takes 3·(8 + 6) MACs. Do they fit into 40?",
        ((5, 8), (6, 5)): "rank 5 takes 5·(8 + 6) MACs, more than the layer itself",
        ((2, 6), (8, 2)): "the first layer reads eight inputs",
    },
    f"expected weights of the shapes (2, 8) and (6, 2), but got {shapes}",
)
assert small[0].bias is None, "the first of the two has no bias"
### BEGIN HIDDEN TESTS
for outputs, inputs, macs in (
    (30, 50, 799),
    (30, 50, 800),
    (7, 40, 279),
    (40, 7, 48),
    (20, 20, 399),
):
    layer = nn.Linear(inputs, outputs)
    small = into_budget(layer, macs)
    rank = macs // (inputs + outputs)
    shapes = [tuple(part.weight.shape) for part in small]
    assert shapes == [(rank, inputs), (outputs, rank)], (
        "Is it the largest rank whose MACs, rank · (inputs + outputs), fit?"
    )
    assert (small[0].in_features, small[0].out_features, small[1].in_features) == (
        inputs,
        rank,
        rank,
    ), "The weights have other shapes than their layers say."
### END HIDDEN TESTS

# %% test="budget" points=1
torch.manual_seed(7)  # what is random below is the same each time
layer = nn.Linear(8, 8)
small = into_budget(layer, 48)  # rank 3
apart = (small[1].weight @ small[0].weight - layer.weight).norm().item()
least = torch.linalg.svdvals(layer.weight.detach())[3:].norm().item()
assert apart < 1.01 * least, (
    f"the product is off by {apart:.3f}; the nearest one of rank 3 by {least:.3f} (lesson, part 6)"
)
assert torch.equal(small[1].bias, layer.bias), "the bias should be what it was"
### BEGIN HIDDEN TESTS
for outputs, inputs, rank, size in ((12, 30, 5, 1.0), (30, 12, 8, 2.0**-60), (9, 9, 1, 2.0**60)):
    layer = nn.Linear(inputs, outputs)
    with torch.no_grad():
        layer.weight *= size
        layer.weight[2] = 0
    kept = copy.deepcopy(layer.state_dict())
    small = into_budget(layer, rank * (inputs + outputs))
    apart = (small[1].weight.double() @ small[0].weight.double() - layer.weight).norm().item()
    least = torch.linalg.svdvals(layer.weight.detach().double())[rank:].norm().item()
    assert apart <= 1.01 * least, "The product is not the nearest one of this rank."
    x = torch.randn(5, inputs)
    assert torch.allclose(
        small(x),
        x @ (small[1].weight @ small[0].weight).T + layer.bias,
        rtol=1e-3,
        atol=1e-3 * size,
    ), "The two layers do not compute their product and the bias."
    with torch.no_grad():  # as training does
        for parameter in small.parameters():
            parameter.add_(1)
    assert all(torch.equal(value, kept[name]) for name, value in layer.state_dict().items()), (
        "Training the small layers changes the old one. Are all parameters new?"
    )
### END HIDDEN TESTS

# %% test="budget" points=1
torch.manual_seed(7)  # what is random below is the same each time
layer = nn.Linear(6, 4)
same = into_budget(layer, 24)
assert isinstance(same, nn.Linear), (
    f"24 MACs are enough for the layer itself: expected an nn.Linear, but got {type(same).__name__}"
)
assert torch.equal(same.weight, layer.weight), "a layer that fits stays as it is"
try:
    into_budget(layer, 9)
    refused = False
except ValueError:
    refused = True
assert refused, "rank 1 takes 10 MACs, so 9 should raise a ValueError"
### BEGIN HIDDEN TESTS
for outputs, inputs in ((5, 9), (9, 5), (4, 4)):
    layer = nn.Linear(inputs, outputs, bias=False)
    for macs in (outputs * inputs, outputs * inputs + 1, 10**9):
        same = into_budget(layer, macs)
        assert isinstance(same, nn.Linear), (
            "The layer fits, and came back factored. When does that pay?"
        )
        assert same.bias is None and torch.equal(same.weight, layer.weight), (
            "A layer that fits, without a bias, is not what it was."
        )
        with torch.no_grad():
            before = layer.weight.clone()
            same.weight.add_(1)
        assert torch.equal(layer.weight, before), "A copy shares its weight with the layer."
    biased = nn.Linear(inputs, outputs)
    kept, same = biased.bias.detach().clone(), into_budget(biased, outputs * inputs)
    assert same.bias is not None and torch.equal(same.bias, kept), (
        "A layer that fits came back with another bias, or with none."
    )
    with torch.no_grad():
        same.bias.add_(1)
    assert torch.equal(biased.bias, kept), "A copy shares its bias with the layer."
    small = into_budget(layer, outputs * inputs - 1)
    assert isinstance(small, nn.Sequential) and small[1].bias is None, (
        "Just below the layer's own MACs, without a bias: expected two layers and no bias."
    )
    for macs in (outputs + inputs - 1, 0):
        try:
            into_budget(layer, macs)
            outcome = "no error"
        except ValueError:
            outcome = "ValueError"
        except Exception:
            outcome = "another error"
        assert outcome == "ValueError", "Not even rank 1 fits. What does the task ask for then?"
### END HIDDEN TESTS

# %% [markdown]
# ## 3 · The outputs that count (3 points)
#
# Write `best_outputs(layer, inputs, rank)`. It returns an `nn.Sequential` of two `nn.Linear`, the first without a bias and with `rank` outputs, for an `nn.Linear` with a bias. `inputs` are
# examples of what the layer reads, float32 of the shape (examples, inputs). On **other** examples of the same kind the mean squared error of the outputs should be small.
#
# - The **bias** may change, too. Inputs may have a mean far from 0; then the part of the outputs that never changes needs no rank. Subtract the mean of the inputs before you choose the factors, and let the bias make up for what
#   they leave out of it.
# - There may be fewer examples than inputs, and inputs that are always 0. Nothing may become infinite or NaN.
# - `rank` is between 1 and the number of outputs.
#
# The tests compare with plain SVD of the weight, and with the best that can be reached.
#
# *Lesson: part 6.*


# %% item="outputs" answers=["best_outputs"]
### BEGIN SOLUTION
def best_outputs(layer, inputs, rank):
    weight, x = layer.weight.detach().double(), inputs.double()
    mean = x.mean(0)
    # The directions in which the outputs change most; what is left out is left out of all of them.
    changes = (x - mean) @ weight.T
    directions = torch.linalg.svd(changes.T @ changes)[0][:, :rank]
    thin = directions.T @ weight
    first = nn.Linear(weight.shape[1], rank, bias=False)
    second = nn.Linear(rank, len(weight))
    first.weight.data, second.weight.data = thin.float(), directions.float()
    second.bias.data = (layer.bias.detach() + (weight - directions @ thin) @ mean).float()
    return nn.Sequential(first, second)


### END SOLUTION

# %% test="outputs" points=1
### BEGIN HIDDEN TESTS


def examples(count, columns, mixed):
    """Inputs of a kind: some directions much larger than others."""
    return (torch.randn(count, len(mixed)) @ mixed)[:, :columns]


### END HIDDEN TESTS
torch.manual_seed(7)  # what is random below is the same each time


def output_error(model, layer, inputs):
    """The mean squared error of the outputs."""
    with torch.no_grad():
        return float((model(inputs) - layer(inputs)).square().mean())


def plain(layer, rank):
    """Two linear layers by the SVD of the weight, whatever the inputs."""
    left, sizes, right = torch.linalg.svd(layer.weight.detach(), full_matrices=False)
    first, second = (
        nn.Linear(layer.in_features, rank, bias=False),
        nn.Linear(rank, layer.out_features),
    )
    first.weight.data, second.weight.data = right[:rank], left[:, :rank] * sizes[:rank]
    second.bias.data = layer.bias.detach().clone()
    return nn.Sequential(first, second)


def least_error(layer, inputs, rank):
    """What no product of this rank, with any bias, can go below on these inputs."""
    outputs = layer(inputs).detach().double()
    sizes = torch.linalg.svdvals(outputs - outputs.mean(0))
    return float(sizes[rank:].square().sum()) / outputs.numel()


layer, spread = nn.Linear(20, 10), torch.logspace(-1, 1, 20)
seen, new = torch.randn(500, 20) * spread, torch.randn(500, 20) * spread
model = best_outputs(layer, seen, 3)
shapes = [tuple(part.weight.shape) for part in model]
assert shapes == [(3, 20), (10, 3)], f"expected the shapes (3, 20) and (10, 3), but got {shapes}"
assert model[0].bias is None, "the first of the two has no bias"
mine, by_svd = output_error(model, layer, new), output_error(plain(layer, 3), layer, new)
assert mine < 0.7 * by_svd, (
    f"error of the outputs {mine:.3f}, by plain SVD {by_svd:.3f}. Which inputs are large here, and does your product know it? (lesson, part 6)"
)
### BEGIN HIDDEN TESTS
for outputs, columns, rank in ((12, 30, 4), (30, 12, 3), (8, 8, 2)):
    layer = nn.Linear(columns, outputs)
    mixed = torch.randn(columns, columns) * torch.logspace(1, -1.5, columns)[:, None]
    seen, new = examples(800, columns, mixed), examples(800, columns, mixed)
    kept = seen.clone(), layer.weight.clone(), layer.bias.clone()
    model = best_outputs(layer, seen, rank)
    assert all(
        torch.equal(a, b) for a, b in zip(kept, (seen, layer.weight, layer.bias), strict=True)
    ), "What was passed in has changed."
    assert [tuple(p.weight.shape) for p in model] == [(rank, columns), (outputs, rank)], (
        "The two layers have other shapes than the task says."
    )
    assert (model[0].in_features, model[1].in_features) == (columns, rank), (
        "The weights have other shapes than their layers say."
    )
    error = output_error(model, layer, new)
    assert error < output_error(plain(layer, rank), layer, new), (
        "On new examples plain SVD is better. What should be small: an error of the weight, or of the outputs?"
    )
    assert error < 1.3 * least_error(layer, new, rank), (
        "On new examples the outputs could be nearer, with this rank. Do you know how inputs vary *together*?"
    )
### END HIDDEN TESTS

# %% test="outputs" points=1
torch.manual_seed(7)  # what is random below is the same each time
layer, spread = nn.Linear(20, 10), torch.logspace(-1, 1, 20)
seen, new = (torch.randn(500, 20) * spread + 50 for _ in range(2))  # a mean far from 0
model = best_outputs(layer, seen, 1)
shapes = [tuple(part.weight.shape) for part in model]
assert shapes == [(1, 20), (10, 1)], f"expected the shapes (1, 20) and (10, 1), but got {shapes}"
mine, least = output_error(model, layer, new), least_error(layer, new, 1)
assert mine < 1.2 * least, (
    f"with a mean far from 0, at rank 1: error {mine:.3f}, and {least:.3f} can be reached. What is always there needs no rank: it can be in the bias"
)
### BEGIN HIDDEN TESTS
for outputs, columns, rank, size in ((12, 30, 3, 1.0), (6, 15, 1, 1e-4), (20, 10, 2, 1e4)):
    layer = nn.Linear(columns, outputs)
    mixed = size * torch.randn(columns, columns) * torch.logspace(1, -1, columns)[:, None]
    seen, new = (examples(800, columns, mixed) + size * 30 for _ in range(2))
    model = best_outputs(layer, seen, rank)
    assert [tuple(p.weight.shape) for p in model] == [(rank, columns), (outputs, rank)], (
        "The two layers have other shapes than the task says."
    )
    error, least = output_error(model, layer, new), least_error(layer, new, rank)
    assert error < 1.5 * least + 1e-8 * size**2, (
        "With a mean far from 0 the outputs could be nearer. Is it subtracted, and does the bias make up for it?"
    )
### END HIDDEN TESTS

# %% test="outputs" points=1
torch.manual_seed(7)  # what is random below is the same each time
layer = nn.Linear(20, 10)
few = torch.randn(6, 20)
few[:, :5] = 0
model = best_outputs(layer, few, 6)
shapes = [tuple(part.weight.shape) for part in model]
assert shapes == [(6, 20), (10, 6)], f"expected the shapes (6, 20) and (10, 6), but got {shapes}"
assert all(parameter.isfinite().all() for parameter in model.parameters()), (
    "six examples of twenty inputs, five of them always 0: some weights are not finite. Which matrix has no inverse?"
)
error = output_error(model, layer, few)
assert error < 1e-4, (
    f"six examples, rank 6: nothing needs to be lost on them, but the error is {error:.4f}"
)
### BEGIN HIDDEN TESTS
for count, columns, outputs, rank in ((1, 8, 5, 1), (4, 30, 12, 4), (10, 40, 20, 9), (3, 6, 4, 4)):
    layer = nn.Linear(columns, outputs)
    few = torch.randn(count, columns)
    few[:, ::3] = 0
    model = best_outputs(layer, few, rank)
    assert [tuple(p.weight.shape) for p in model] == [(rank, columns), (outputs, rank)], (
        "The two layers have other shapes than the task says."
    )
    assert all(parameter.isfinite().all() for parameter in model.parameters()), (
        "With few examples some weights are not finite."
    )
    assert output_error(model, layer, few) < 1e-3, (
        "So few examples need no more than this rank, and yet their outputs are off."
    )
full = best_outputs(layer, torch.randn(500, 6), 4)
x = torch.randn(9, 6)
assert torch.allclose(full(x), layer(x), atol=1e-3), "With full rank nothing should be lost."
### END HIDDEN TESTS

# %% [markdown]
# ## 4 · Merge, and take out again (2 points)
#
# An adapter has `up`, (outputs, rank), and `down`, (rank, inputs), in float32. As in the paper, the correction is $\frac{\alpha}{r}\, U D$, with $r$ for the rank and $\alpha$ a number that is given. The `layer` is an `nn.Linear` whose
# weight may be float32, float16 or bfloat16.
#
# Write `merge(layer, up, down, alpha)`. It returns a new `nn.Linear` with the correction in its weight, in the type of the layer's weight, and the same bias (there may be none). Compute the sum in float32 or finer, and round once.
#
# Write `survives(layer, up, down, alpha)`. It returns, as a `float`, how much of the correction $\Delta$ is left after `merge`: with the change $M$ of the weight, as stored, $\langle M, \Delta\rangle / \langle\Delta, \Delta\rangle$, the sum of
# products over the sum of squares. In float32 it is 1, or nearly. If the correction is 0, return 1.0.
#
# *Lesson: part 8.*


# %% item="merge" answers=["merge", "survives"]
### BEGIN SOLUTION
def correction(up, down, alpha):
    return alpha / up.shape[1] * up.detach().double() @ down.detach().double()


def merge(layer, up, down, alpha):
    merged = copy.deepcopy(layer)
    whole = layer.weight.detach().double() + correction(up, down, alpha)
    merged.weight.data = whole.to(layer.weight.dtype)
    return merged


def survives(layer, up, down, alpha):
    wanted = correction(up, down, alpha)
    if not wanted.any():
        return 1.0
    merged = merge(layer, up, down, alpha).weight.detach().double()
    change = merged - layer.weight.detach().double()
    return float((change * wanted).sum() / wanted.square().sum())


### END SOLUTION

# %% test="merge" points=1
torch.manual_seed(7)  # what is random below is the same each time
layer = nn.Linear(3, 4)
up = torch.tensor([[1.0, 0.0], [0.0, 2.0], [0.0, 0.0], [0.0, 0.0]])
down = torch.tensor([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
wanted = torch.tensor([[2.0, 2.0, 0.0], [0.0, 0.0, 4.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
merged = merge(layer, up, down, 4)
change = (merged.weight - layer.weight).detach()
assert torch.allclose(change, wanted, atol=1e-5), explain(
    round(float(change.sum()), 2),
    {
        4.0: "alpha is divided by the rank. Which side of `up` is that?",
        16.0: "alpha is divided by the rank",
    },
    f"with alpha 4 and rank 2 expected the change {wanted.tolist()}, but got {change.tolist()}",
)
assert torch.equal(merged.bias, layer.bias), "the bias should be the same"
coarse, column = nn.Linear(1, 1, dtype=torch.bfloat16), torch.ones(1, 1)
with torch.no_grad():
    coarse.weight.fill_(1.0)
merged = merge(coarse, column * (2**-8 + 2**-18), column, 1)  # a little more than half a step
assert merged.weight.dtype == torch.bfloat16, (
    f"the layer's weight is bfloat16, and that of the merged one {merged.weight.dtype}"
)
assert merged.weight.item() == 1 + 2**-7, (
    f"1 and a little more than half a step of bfloat16 is nearer to {1 + 2**-7} than to 1, but got {merged.weight.item()}. Is the sum rounded once, at the end?"
)
### BEGIN HIDDEN TESTS
for outputs, inputs, rank, alpha in ((7, 5, 3, 8), (4, 9, 1, 0.5), (6, 6, 4, -2)):
    for dtype in (torch.float32, torch.float16, torch.bfloat16):
        for biased in (True, False):
            layer = nn.Linear(inputs, outputs, bias=biased, dtype=dtype)
            up, down = torch.randn(outputs, rank), torch.randn(rank, inputs)
            kept = layer.weight.detach().clone(), up.clone(), down.clone()
            merged = merge(layer, up, down, alpha)
            wanted = (layer.weight.double() + alpha / rank * up.double() @ down.double()).to(dtype)
            assert merged.weight.dtype == dtype, (
                "The merged weight's dtype differs from the layer's."
            )
            assert (merged.bias is not None) == biased, (
                "A layer without a bias has one now, or the other way round."
            )
            apart = (merged.weight.double() - wanted.double()).abs()
            step = torch.finfo(dtype).eps * wanted.double().abs() + 1e-6
            assert (apart <= step).all(), (
                "The merged weight is off. alpha over the rank? Summed in float32 or finer, rounded once?"
            )
            assert dtype == torch.float32 or (apart == 0).double().mean() > 0.9, (
                "Rounded more than once: is the correction rounded first?"
            )
            if biased:
                kept = *kept, layer.bias.detach().clone()
                assert merged.bias.dtype == dtype and torch.equal(merged.bias, layer.bias), (
                    "The bias should have the type and the values of the layer's."
                )
            with torch.no_grad():
                for parameter in merged.parameters():
                    parameter.add_(1)
            now = layer.weight, up, down, *([layer.bias] if biased else [])
            assert all(torch.equal(a, b) for a, b in zip(kept, now, strict=True)), (
                "What was passed in has changed, or shares its memory."
            )
### END HIDDEN TESTS

# %% test="merge" points=1
torch.manual_seed(7)  # what is random below is the same each time
layer, tiny = nn.Linear(64, 64, dtype=torch.bfloat16), torch.full((64, 1), 1e-3)
with torch.no_grad():
    layer.weight.fill_(1.0)
share = survives(layer, tiny, tiny.T, 1)
assert isinstance(share, float), f"expected a float, but got {type(share).__name__}"
assert share == 0, (
    f"1 + 0.000001 is 1 in bfloat16: nothing of the correction is left, but got {share}"
)
assert abs(survives(nn.Linear(64, 64), torch.randn(64, 2), torch.randn(2, 64), 4) - 1) < 1e-3, (
    "in float32 nearly all of a large correction is left"
)
assert survives(layer, torch.zeros(64, 3), torch.randn(3, 64), 2) == 1.0, (
    "a correction of 0 loses nothing: 1.0"
)
### BEGIN HIDDEN TESTS
for dtype, size in ((torch.bfloat16, 0.01), (torch.float16, 0.001), (torch.bfloat16, 0.1)):
    layer = nn.Linear(40, 30, dtype=dtype)
    with torch.no_grad():
        layer.weight.copy_(torch.randn(30, 40))
    up, down = size * torch.randn(30, 2), torch.randn(2, 40)
    wanted = 1.5 * up.double() @ down.double()
    stored = layer.weight.detach().double()
    change = (stored + wanted).to(dtype).double() - stored
    exact = float((change * wanted).sum() / wanted.square().sum())
    found = survives(layer, up, down, 3)
    assert math.isclose(found, exact, rel_tol=1e-3), explain(
        round(found, 4),
        {
            round(
                float(change.norm() / wanted.norm()), 4
            ): "That is a ratio of lengths. What changed in another direction does not count.",
        },
        "The share is off. Is the change taken from the weights as they are stored?",
    )
assert survives(layer.bfloat16(), up * 1e-9, down, 1) < 0.5, (
    "A correction that is tiny, and not 0: how much of it is left in bfloat16?"
)
single = nn.Linear(1, 1, dtype=torch.bfloat16)
with torch.no_grad():
    single.weight.fill_(1.0)
half = torch.full((1, 1), 2**-8 + 2**-18)
assert math.isclose(survives(single, half, torch.ones(1, 1), 1), 2, rel_tol=0.01), (
    "A little more than half a step becomes a whole one: the share is nearly 2."
)
### END HIDDEN TESTS

# %% [markdown]
# ## 5 · Who was taught? (2 points)
#
# Three students have the same shape and the same number of epochs. One had labels alone, one had labels smoothed by 0.1, one was taught at $T = 4$. Here are their logits, `students["A"]` and so on, for 500 test images, and those of the
# `teacher`; each has the shape (500, 10).
#
# Write `likeness(student, teacher)`. For each image leave out the teacher's first choice, and subtract from the nine logits that are left their mean, for both. It returns, as a `float`, the cosine between all of the student's values and all of the teacher's: the sum of
# products, over all images, divided by the root of the product of both sums of squares. If one of the two is all 0, return 0.0.
#
# Then leave in `made` a dict from letter to `"labels"`, `"smoothed"` or `"taught"`. Look at what each student's logits are like as well.
#
# *Lesson: parts 1 and 3.*

# %% given=true
teacher, students = three_students()


# %% item="who" answers=["likeness", "made"]
### BEGIN SOLUTION
def likeness(student, teacher):
    first = teacher.argmax(1, keepdim=True)
    others = torch.ones_like(teacher, dtype=torch.bool).scatter(1, first, False)
    both = []
    for logits in (student, teacher):
        wrong = logits[others].reshape(len(logits), -1).double()
        both.append(wrong - wrong.mean(1, keepdim=True))
    one, other = both
    size = (one.square().sum() * other.square().sum()).sqrt()
    return float((one * other).sum() / size) if size else 0.0


like = {letter: likeness(logits, teacher) for letter, logits in students.items()}
# Smoothing draws all wrong logits to one value.
spread = {letter: float(logits.std()) for letter, logits in students.items()}
taught_one = max(like, key=like.get)
smoothed_one = min((letter for letter in students if letter != taught_one), key=spread.get)
made = dict.fromkeys(students, "labels") | {taught_one: "taught", smoothed_one: "smoothed"}
### END SOLUTION

# %% test="who" points=1
torch.manual_seed(7)  # what is random below is the same each time
one, other = torch.tensor([[9.0, 1.0, 3.0, 2.0]]), torch.tensor([[5.0, -2.0, 0.0, -1.0]])
same = likeness(one, other)
assert isinstance(same, float), f"expected a float, but got {type(same).__name__}"
assert abs(same - 1) < 1e-5, (
    f"the teacher's first choice is left out; of the others both find class 2 better by 2 than class 1, with class 3 between: the cosine is 1, not {same:.3f}"
)
found = likeness(one, torch.tensor([[1.0, 5.0, 0.0, 2.0]]))
assert abs(found + 0.132) < 1e-3, explain(
    round(found, 3),
    {-0.993: "the teacher's first choice is class 1 here. Whose first choice is left out?"},
    f"where the teacher's logits are 1, 5, 0 and 2 the cosine is −0.132, not {found:.3f}",
)
### BEGIN HIDDEN TESTS
for images, classes in ((1, 3), (30, 10), (400, 4)):
    student, wise = torch.randn(images, classes), 5 * torch.randn(images, classes)
    kept = student.clone(), wise.clone()
    products = squares = own = 0.0
    for a, b in zip(student.double(), wise.double(), strict=True):
        stays = [k for k in range(classes) if k != int(b.argmax())]
        a, b = a[stays] - a[stays].mean(), b[stays] - b[stays].mean()
        products += float((a * b).sum())
        own, squares = own + float((a * a).sum()), squares + float((b * b).sum())
    found = likeness(student, wise)
    assert abs(found - products / math.sqrt(own * squares)) < 1e-4, (
        "The cosine is off. One for all images together? Means per image, of the nine that are left?"
    )
    assert torch.equal(student, kept[0]) and torch.equal(wise, kept[1]), "An argument has changed."
assert likeness(torch.zeros(4, 3), torch.randn(4, 3)) == 0.0, (
    "A student whose logits are all 0: what does the task ask for?"
)
assert likeness(torch.randn(4, 3), torch.zeros(4, 3)) == 0.0, (
    "A teacher whose logits are all 0: what does the task ask for?"
)
### END HIDDEN TESTS

# %% test="who" points=1
assert sorted(made) == ["A", "B", "C"], f"`made` has the letters A, B and C, not {sorted(made)}"
assert sorted(made.values()) == ["labels", "smoothed", "taught"], (
    "each of “labels”, “smoothed” and “taught” stands once in `made`"
)
### BEGIN HIDDEN TESTS
nearest = max(
    students,
    key=lambda letter: F.cosine_similarity(
        students[letter] - students[letter].mean(1, keepdim=True),
        teacher - teacher.mean(1, keepdim=True),
    ).mean(),
)
smallest = min(students, key=lambda letter: students[letter].std())
assert made[nearest] == "taught", "Whose wrong answers are most like the teacher's?"
assert (
    made[
        min(
            (letter for letter in students if letter != nearest),
            key=lambda letter: students[letter].std(),
        )
    ]
    == "smoothed"
), (
    "Smoothed labels ask for the same small probability of every wrong class. What does that do to the size of logits?"
)
### END HIDDEN TESTS

# %% [markdown]
# ## 6 · A teacher in the wrong mode (2 points)
#
# A colleague writes: “My student gets worse the longer it is taught. The teacher, which had 88%, has 79% now, although I never train it. And each time I ask it about the same image it answers something else.”
#
# ```python
# def ask(teacher, images, size):
#     teacher.train()
#     return torch.cat([teacher(images[at : at + size]) for at in range(0, len(images), size)])
# ```
#
# Find what is wrong, and write `ask(teacher, images, size)` so that it returns the teacher's logits, (images, classes), asked `size` images at a time, and
#
# - the answer to an image does not depend on chance, on `size`, or on the other images;
# - nothing about the teacher has changed afterwards: no statistics, and each of its **parts** is in the mode in which it was (a batch norm may be frozen in a teacher that is otherwise in training mode);
# - the logits carry no gradient;
# - with no images it returns a tensor of the shape (0, classes).
#
# *Lesson: parts 1 and 2; lesson 06 knows about batch norm.*


# %% item="mode" answers=["ask"]
### BEGIN SOLUTION
def ask(teacher, images, size):
    modes = [(part, part.training) for part in teacher.modules()]
    teacher.eval()
    with torch.no_grad():
        logits = torch.cat([teacher(part) for part in images.split(size)])
    for part, training in modes:
        part.training = training
    return logits


### END SOLUTION

# %% test="mode" points=1
torch.manual_seed(7)  # what is random below is the same each time


def some_teacher(inputs, classes):
    """A small network with dropout and batch norm whose statistics are not those at the start."""
    model = nn.Sequential(
        nn.Linear(inputs, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, classes)
    )
    with torch.no_grad():
        for _ in range(30):
            model(2 + 3 * torch.randn(50, inputs))
    return model


wise, images = some_teacher(5, 3), torch.randn(12, 5)
statistics = wise[1].running_mean.clone()
logits = ask(wise, images, 4)
assert logits.shape == (12, 3), f"12 images, 3 classes: the shape is {tuple(logits.shape)}"
assert torch.equal(wise[1].running_mean, statistics), (
    "batch norm's running mean has changed: asking has trained the teacher. In which mode does it stay as it is?"
)
assert torch.allclose(ask(wise, images, 12), logits, atol=1e-5), (
    "asked 12 at a time it answers something else than 4 at a time"
)
assert not logits.requires_grad, "the logits carry a gradient"
across = nn.Sequential(nn.Softmax(0), nn.Linear(5, 3))  # its answer tells how many were asked about
by_four = torch.cat([across(part) for part in images.split(4)]).detach()
assert torch.allclose(ask(across, images, 4), by_four, atol=1e-5), (
    "with size 4 the teacher was asked about another number of images at a time"
)
### BEGIN HIDDEN TESTS
for inputs, classes, count, size in ((4, 2, 9, 4), (6, 10, 1, 1), (3, 5, 20, 100)):
    wise, images = some_teacher(inputs, classes), torch.randn(count, inputs)
    twin = copy.deepcopy(wise).eval()
    logits = ask(wise, images, size)
    assert torch.allclose(logits, twin(images), atol=1e-4), (
        "These are not the logits of the evaluation mode. A last batch that is smaller, dropout, batch norm?"
    )
    assert not logits.requires_grad, "The logits carry a gradient."
    now, then = wise.state_dict(), twin.state_dict()
    assert all(torch.equal(now[name], then[name]) for name in then), "The teacher has changed."
### END HIDDEN TESTS

# %% test="mode" points=1
torch.manual_seed(7)  # what is random below is the same each time
wise = some_teacher(5, 3)
ask(wise, torch.randn(4, 5), 2)
assert wise.training and wise[3].training, (
    "the teacher was in training mode, and is not any more: “nothing about the teacher has changed afterwards”"
)
empty = ask(wise, torch.empty(0, 5), 2)
assert empty.shape == (0, 3), f"no images: expected the shape (0, 3), not {tuple(empty.shape)}"
### BEGIN HIDDEN TESTS
for frozen in ((), (1,), (1, 3), (0, 1, 2, 3, 4)):
    wise = some_teacher(4, 6)
    for place in frozen:
        wise[place].eval()
    if len(frozen) == 5:
        wise.eval()
    before = [part.training for part in wise.modules()]
    images, twin = torch.randn(7, 4), copy.deepcopy(wise).eval()
    assert torch.allclose(ask(wise, images, 3), twin(images), atol=1e-4), (
        "These are not the logits of the evaluation mode. Where some parts are frozen already, are the others?"
    )
    assert [part.training for part in wise.modules()] == before, (
        "A part of the teacher is in another mode than before. Is it the mode of *each* part that is kept?"
    )
    assert all(parameter.requires_grad for parameter in wise.parameters()), (
        "The teacher's parameters can't be trained any more."
    )
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in wise.modules()), (
        "A hook is left in the teacher."
    )
wise = nn.Sequential(nn.Sequential(some_teacher(4, 6), nn.ReLU()), nn.Linear(6, 2))
wise[0][0][1].eval()
before = [part.training for part in wise.modules()]
ask(wise, torch.randn(7, 4), 3)
assert [part.training for part in wise.modules()] == before, (
    "A part of a part of the teacher is in another mode than before."
)
### END HIDDEN TESTS

# %% [markdown]
# ## 7 · What does it take? (2 points)
#
# `TRIED` has six ways to put a network into few bits: accuracies of five seeds (the first of each belong together, and so on), and the bytes of the file. They come
# from the runs of the lesson, and none of them is best in both. If you choose with these accuracies, measure what you chose on other images.
#
# Write `verdict(one, other)` for two such lists of equal length. With the mean $d$ of the differences (one less other), their standard deviation $s$ (over $n - 1$) and $t$ from `STUDENT` (for $n$ values), it returns `"better"` if $d - t\,s/\sqrt n > 0$, `"worse"` if
# $d + t\,s/\sqrt n < 0$, and else `"indistinguishable"`. Exactly 0 is not more than 0.
#
# Write `cheapest(tried)`. It returns the name of the way with the fewest bytes among those that are **not** shown to be worse than the most accurate one (by the mean). At equal bytes, take the more accurate. It works for any dict of this form.
#
# *Lesson: parts 3 and 8.*

# %% given=true
STUDENT = {
    2: 12.706,
    3: 4.303,
    4: 3.182,
    5: 2.776,
    6: 2.571,
    7: 2.447,
    8: 2.365,
    9: 2.306,
    10: 2.262,
}
TRIED = {
    "2 bits, rounded": ([0.808, 0.8215, 0.800, 0.802, 0.792], 69_830),
    "2 bits, biases alone": ([0.834, 0.831, 0.838, 0.8355, 0.827], 69_830),
    "2 bits, adapters of rank 1": ([0.835, 0.835, 0.8395, 0.841, 0.836], 73_018),
    "2 bits, adapters of rank 4": ([0.839, 0.843, 0.8455, 0.8455, 0.840], 82_582),
    "2 bits, adapters of rank 8": ([0.842, 0.844, 0.8455, 0.849, 0.8455], 95_334),
    "3 bits, biases alone": ([0.843, 0.845, 0.8465, 0.8465, 0.8415], 103_105),
}


# %% item="verdict" answers=["verdict", "cheapest"]
### BEGIN SOLUTION
def verdict(one, other):
    differences = np.subtract(one, other)
    mean = differences.mean()
    half = STUDENT[len(differences)] * differences.std(ddof=1) / math.sqrt(len(differences))
    if mean - half > 0:
        return "better"
    return "worse" if mean + half < 0 else "indistinguishable"


def cheapest(tried):
    def mean(name):
        return np.mean(tried[name][0])

    best = max(tried, key=mean)
    good = [name for name in tried if verdict(tried[name][0], tried[best][0]) != "worse"]
    return min(good, key=lambda name: (tried[name][1], -mean(name)))


### END SOLUTION

# %% test="verdict" points=1
assert verdict([0.82, 0.83, 0.84], [0.81, 0.82, 0.829]) == "better", (
    "the differences are 1, 1 and 1.1 points: better"
)
found = verdict([0.80, 0.86, 0.83], [0.81, 0.82, 0.82])
assert found == "indistinguishable", (
    f"the differences are −1, 4 and 1 points: their interval contains 0, but got {found!r}"
)
assert verdict([0.81, 0.82, 0.829], [0.82, 0.83, 0.84]) == "worse", (
    "which way round is the difference?"
)
### BEGIN HIDDEN TESTS
random = np.random.default_rng(7)
for count in (2, 4, 5, 10):
    for shift in (-0.02, -0.004, 0.0, 0.004, 0.02):
        base = 0.8 + 0.05 * random.random(count)
        differences = shift + 0.005 * random.standard_normal(count)
        half = STUDENT[count] * differences.std(ddof=1) / math.sqrt(count)
        mean = differences.mean()
        if min(abs(mean - half), abs(mean + half)) < 1e-5:
            continue
        wanted = "better" if mean > half else "worse" if mean < -half else "indistinguishable"
        found = verdict((base + differences).tolist(), base.tolist())
        assert found == wanted, (
            "A verdict is off. Are the differences paired, s over n − 1, and divided by the root of n?"
        )
assert verdict([0.8] * 3, [0.8] * 3) == "indistinguishable", (
    "Equal in each seed: is one of them better?"
)
assert verdict([0.812, 0.822, 0.832], [0.8] * 3) == "indistinguishable", (
    "Three seeds, close to the limit. Is the standard deviation over n − 1?"
)
### END HIDDEN TESTS

# %% test="verdict" points=1
two = {"small": ([0.80, 0.81, 0.80], 10), "large": ([0.85, 0.86, 0.85], 99)}
assert cheapest(two) == "large", "the small one is shown to be worse, so its bytes do not count"
alike = {"small": ([0.60, 0.90, 0.80], 10), "large": ([0.86, 0.87, 0.86], 99)}
assert cheapest(alike) == "small", (
    "the small one is not shown to be worse: the differences are −26, 3 and −6 points. Which has fewer bytes?"
)
found = cheapest(TRIED)
assert found in TRIED, f"the name of one of the ways is wanted, not {found!r}"
assert TRIED[found][1] > 69_830, f"is {found!r} shown to be worse than the most accurate?"
### BEGIN HIDDEN TESTS
assert cheapest(TRIED) == "2 bits, adapters of rank 4", (
    "`TRIED` has another answer. Which are not shown to be worse, and which of these has the fewest bytes?"
)
close = [0.840, 0.850, 0.845]
cases = {
    "b": {
        "a": ([0.842, 0.846, 0.849], 50),
        "b": ([0.848, 0.845, 0.841], 20),
        "c": ([0.70, 0.71, 0.70], 5),
    },
    "x": {"x": (close, 10)},
    "p": {"q": ([0.842, 0.846, 0.846], 30), "p": (close, 30), "r": ([0.847, 0.849, 0.843], 31)},
    "w": {"w": ([0.60, 0.90, 0.80], 1), "v": ([0.86, 0.87, 0.86], 2)},
    "l": {  # the best of all seeds, and not the best mean
        "k": ([0.840, 0.841, 0.843], 10),
        "l": ([0.900, 0.800, 0.800], 20),
        "m": ([0.860, 0.861, 0.862], 30),
    },
}
for wanted, tried in cases.items():
    kept = copy.deepcopy(tried)
    assert cheapest(tried) == wanted, (
        "For another table it is not the cheapest. Compared with the most accurate? At equal bytes, which one?"
    )
    assert tried == kept, "The table has changed."
### END HIDDEN TESTS

# %% [markdown]
# ## 8 · A plan (3 points, graded by your teacher)
#
# A colleague has a network that tells the ripeness of fruit from 1,024 numbers of its spectrum, at 93%: three linear layers of $1024 \times 1024$ and a small last one. It was trained on 20,000 labelled spectra, which are still there. For
# a scale in shops it is too slow. She writes: *“I'll teach a small network with the large one, at $T = 4$ as in the paper: that gave a
# point on ImageNet, so it will here. If it is not enough, I'll write each matrix as two thin ones, rank 512: half the work. And since distillation is free accuracy, I'll report the taught network next to the small one that I trained last year for ten
# epochs.”*
#
# Answer in five to ten sentences, so that she can act on it: what her comparison lacks, and when teaching does pay; what becomes of the work at that rank, in MACs, and how to choose one; what else she should compare both with.
#
# *Lesson: parts 3, 4 and 7.*

# %% [markdown] item="plan" manual=true points=3
# ### BEGIN SOLUTION
# **Teaching.** With all labels at hand it need not gain anything: in the lesson no temperature was better than labels alone. What pays is spectra without labels: she can take thousands in the shops and let the large
# network answer. The small network of last year had other epochs, perhaps another learning rate. The control is the same small network with the same epochs, its own best rate chosen on validation data, labels alone, and with several seeds; smoothed labels and shuffled wrong
# answers would show whether it is the teacher's knowledge.
#
# **Rank.** Two thin matrices take r(m + n) MACs. At rank 512 that is 512 · 2,048 = 1,048,576, exactly as many as 1024 · 1024. Half of the work is rank 256. Choose the rank by accuracy on validation data, with factors that know the inputs, and then measure the time on the scale: two calls take more
# overhead than one.
#
# **Beside both.** A small dense network from scratch and removed units at the same MACs, with the same epochs for all, several seeds and intervals.
#
# Rubric, 1 point each:
#
# 1. Teaching: equal epochs (and rate, seeds) for labels alone **and** that it pays with unlabelled data, or few labels. One of the two: half a point.
# 2. Rank: 512 saves nothing (512 · 2,048 = 1024², the break-even rank), **and** a rank chosen on validation data or time measured on the device. One of the two: half a point.
# 3. Another way at equal MACs (small from scratch, removed units) with equal epochs, **and** several seeds or an interval. One of the two: half a point.
# ### END SOLUTION
