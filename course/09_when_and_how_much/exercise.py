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
# # 09 · When and how much: exercise
#
# Nine items, 22 points, about 95 minutes. Everything you need is in
# [the lesson](../../notebooks/09_when_and_how_much.ipynb); each item says where.
#
# - Write your answer in place of `raise NotImplementedError()`. Keep the names that the item asks for; all
#   other names are yours.
# - Run the tests under each item. They show a part of what is checked. The rest is checked on inputs that
#   you have not seen, so solve the task and not the example.
# - The items do not need each other. If one resists, go on.
# - `copy` is imported. What is passed to a function stays as it was, unless the item says *in place*.

# %% given=true
import copy
import math
from itertools import pairwise

import torch
from torch import nn
from torch.nn.utils import prune

from coursekit import explain
from coursekit.pictures import plot

# %% [markdown]
# ## 1 · How many go at each cut (3 points)
#
# A layer with `weights` weights climbs from the sparsity `start` to `final` in `cuts` cuts. After cut $k$ of $n$ (the first one is $k = 1$) the sparsity should be
#
# $$\rho_k = \rho_\text{final} + (\rho_\text{start} - \rho_\text{final})\,(1 - k/n)^p$$
#
# with the power $p$ (3 is cubic, 1 is linear), and so `round(rho_k * weights)` weights are zero. Before the first cut it is `round(start * weights)`.
#
# - `gone_at(weights, start, final, cuts, power)` returns a list of `cuts` ints: how many *more* weights go at each cut.
# - `amounts(weights, start, final, cuts, power)` returns a list of `cuts` floats: each of these numbers as a share of the weights that are **left** just before its cut. It is 0.0 where none is left.
# - `ValueError` from both if `cuts` is below 1, or not `0 <= start <= final <= 1`.
#
# Example: 1,000 weights from 0 to 0.9 in 3 cuts with the power 3: 633, 234 and 33 weights go.
#
# *Lesson: part 1.*


# %% item="schedule" answers=["gone_at", "amounts"]
### BEGIN SOLUTION
def gone_at(weights, start, final, cuts, power):
    if cuts < 1 or not 0 <= start <= final <= 1:
        raise ValueError(f"no schedule from {start} to {final} in {cuts} cuts")
    shares = [final + (start - final) * (1 - k / cuts) ** power for k in range(cuts + 1)]
    zeros = [round(share * weights) for share in shares]
    return [after - before for before, after in pairwise(zeros)]


def amounts(weights, start, final, cuts, power):
    left, found = weights - round(start * weights), []
    for go in gone_at(weights, start, final, cuts, power):
        found.append(go / left if left else 0.0)
        left -= go
    return found


### END SOLUTION

# %% test="schedule" points=1
gone = gone_at(1000, 0, 0.9, 3, 3)
assert gone != [300, 300, 300], "that is a straight ramp: where is the power?"
assert gone != [0, 633, 234], "after cut 1 of 3, k is 1: the first cut takes something"
assert gone != [633, 867, 900], "that is how many are zero. How many more go at each cut?"
assert sum(gone) == 900, f"900 of 1,000 go in all, not {sum(gone)}. Is each cut rounded alone?"
assert list(gone) == [633, 234, 33], f"expected [633, 234, 33], but got {gone} (lesson, part 1)"
assert all(isinstance(go, int) for go in gone), (
    f"a number of weights is an int, not {type(gone[0]).__name__}"
)
### BEGIN HIDDEN TESTS
for weights, final, cuts, power in (
    (266_200, 0.98, 10, 3),
    (37, 0.5, 4, 1),
    (5, 0.9, 7, 3),
    (10, 0.5, 1, 3),
    (900, 0, 2, 3),
):
    wanted = [round(final * (1 - (1 - k / cuts) ** power) * weights) for k in range(cuts + 1)]
    gone = list(gone_at(weights, 0, final, cuts, power))
    assert len(gone) == cuts, "One number per cut."
    assert sum(gone) == round(final * weights), "How many weights are zero after the last cut?"
    assert gone == [b - a for a, b in pairwise(wanted)], "Other weights, shares, cuts or powers."
    assert all(isinstance(go, int) for go in gone), "A number of weights is an int."
### END HIDDEN TESTS

# %% test="schedule" points=1
gone = gone_at(100, 0.5, 0.9, 2, 1)
assert sum(gone) == 40, (
    f"from 50 to 90 zeros of 100, 40 go in all, not {sum(gone)}. Where does the climb start?"
)
refused = 0
for start, final, cuts in ((0.5, 0.4, 3), (0, 0.9, 0), (0, 1.1, 2)):
    try:
        gone_at(10, start, final, cuts, 3)
    except ValueError:
        refused += 1
assert refused == 3, "a climb downwards, no cut at all, and more than all weights are ValueErrors"
### BEGIN HIDDEN TESTS
for weights, start, final, cuts, power in (
    (1000, 0.5, 0.9, 4, 3),
    (266_200, 0.8, 0.99, 6, 3),
    (123, 0.25, 0.75, 5, 2),
    (50, 0.6, 0.6, 3, 3),
):
    zeros = [
        round((final + (start - final) * (1 - k / cuts) ** power) * weights)
        for k in range(cuts + 1)
    ]
    gone = list(gone_at(weights, start, final, cuts, power))
    assert gone == [b - a for a, b in pairwise(zeros)], (
        "Some weights are zero before the first cut."
    )
for start, final, cuts in ((-0.1, 0.5, 2), (0.9, 0.8, 1), (0, 1.01, 5), (0.2, 0.5, -1)):
    for function in (gone_at, amounts):
        try:
            function(20, start, final, cuts, 3)
            outcome = "no error"
        except ValueError:
            outcome = "ValueError"
        except Exception:
            outcome = "another error"
        assert outcome == "ValueError", "Wrong requests are ValueErrors, in both functions."
### END HIDDEN TESTS

# %% test="schedule" points=1
shares = amounts(100, 0, 0.75, 2, 1)
assert len(shares) == 2, f"one share per cut, but got {shares}"
assert isinstance(shares[0], float), f"a share is a float, not {type(shares[0]).__name__}"
assert abs(shares[0] - 0.38) < 1e-9, f"38 of 100 go at first, so 0.38, not {shares[0]}"
assert abs(shares[1] - 37 / 62) < 1e-9, explain(
    round(shares[1], 6),
    {0.37: "37 go, but not of 100: of what is left", 0.375: "of what is left, not of all"},
    f"37 of the 62 that are left go, so about 0.597, but got {shares[1]}",
)
### BEGIN HIDDEN TESTS
for weights, start, final, cuts, power in (
    (1000, 0, 0.9, 3, 3),
    (1000, 0.5, 0.9, 4, 3),
    (266_200, 0, 0.98, 8, 3),
    (10, 0, 1, 4, 3),
    (10, 1, 1, 2, 3),
):
    left, wanted = weights - round(start * weights), []
    for go in gone_at(weights, start, final, cuts, power):
        wanted.append(go / left if left else 0.0)
        left -= go
    found = amounts(weights, start, final, cuts, power)
    assert len(found) == cuts and all(abs(a - b) < 1e-9 for a, b in zip(found, wanted)), (
        "Each share is of the weights that are left just before its cut; 0.0 where none is."
    )
### END HIDDEN TESTS

# %% [markdown]
# ## 2 · Split a budget (3 points)
#
# A scan has measured, for each layer and each share of a short list, how far the loss rises when that share of this layer alone is pruned. Measured rises need not grow
# with the share, and a share may even *lower* the loss. Choose one share of the list for each layer, so that
#
# - at least `gone` weights go in all (a layer of `size` weights loses `round(share * size)`), and
# - among all such choices the **sum** of the rises is the smallest.
#
# Write `best_split(rises, sizes, shares, gone)`. `rises[layer][place]` belongs to `shares[place]`; there are at most five layers and six shares, so all choices can be tried. It returns a list with one share per
# layer. Among equally good choices any will do. `ValueError` if no choice takes enough.
#
# Example: two layers with 100 and 10 weights, the shares 0 and 0.5, rises `[[0, 0.3], [0, 0.1]]`. For `gone=5` the second layer does it: `[0, 0.5]`. For `gone=20` only the first one can.
#
# *Lesson: part 4, which splits by another rule.*


# %% item="split" answers=["best_split"]
### BEGIN SOLUTION
def best_split(rises, sizes, shares, gone):
    from itertools import product

    best, least = None, math.inf
    for places in product(range(len(shares)), repeat=len(sizes)):
        total = sum(round(shares[p] * size) for p, size in zip(places, sizes))
        damage = sum(rise[p] for rise, p in zip(rises, places))
        if total >= gone and damage < least:
            best, least = [shares[p] for p in places], damage
    if best is None:
        raise ValueError(f"no choice takes {gone} weights")
    return best


### END SOLUTION

# %% test="split" points=1
toy = [[0, 0.3], [0, 0.1]]
chosen = best_split(toy, [100, 10], [0, 0.5], 5)
assert list(chosen) != [0.5, 0], "the smaller rise that takes enough is that of the second layer"
assert list(chosen) == [0, 0.5], f"expected [0, 0.5] for the example, but got {chosen}"
assert list(best_split(toy, [100, 10], [0, 0.5], 20)) == [0.5, 0], (
    "the second layer has 10 weights: half of them are 5. Which layer can give 20?"
)
### BEGIN HIDDEN TESTS
for rises, sizes, shares, gone, wanted in (
    ([[0, 1, 3], [0, 2, 2.5]], [100, 100], [0, 0.5, 0.9], 90, [0.0, 0.9]),
    ([[0, 1, 3], [0, 2, 2.5]], [100, 100], [0, 0.5, 0.9], 91, [0.5, 0.5]),
    ([[0, 0.1, 9], [0, 0.2, 9]], [10, 1000], [0, 0.5, 1], 5, [0.5, 0]),
    ([[0, 0.2], [0, 0.2], [0, 0.3]], [50, 40, 90], [0, 1], 90, [0, 0, 1]),
    ([[0, 1e-6], [0, 3e-6]], [100, 100], [0, 0.5], 50, [0.5, 0]),
):
    assert list(best_split(rises, sizes, shares, gone)) == wanted, (
        "Look at all choices that take enough. Which has the smallest sum of rises?"
    )
### END HIDDEN TESTS

# %% test="split" points=1
odd = [[0, 0.4, 0.2], [0, 0.5, 0.9]]  # the first layer: more pruned, less rise
chosen = best_split(odd, [10, 10], [0, 0.5, 0.9], 5)
assert list(chosen) == [0.9, 0], f"0.2 is the smallest rise that takes 5 weights, but got {chosen}"
### BEGIN HIDDEN TESTS
generator = torch.Generator().manual_seed(11)
for layers, places in ((1, 6), (3, 4), (5, 6), (2, 5)):
    shares = sorted(torch.rand(places, generator=generator).double().tolist())
    sizes = torch.randint(1, 500, (layers,), generator=generator).tolist()
    rises = (torch.rand(layers, places, generator=generator).double() - 0.2).tolist()
    most = sum(round(shares[-1] * size) for size in sizes)
    for gone in (0, most // 2, most):
        try:
            chosen = best_split(rises, sizes, shares, gone)
        except ValueError:
            chosen = None
        assert chosen is not None, (
            "A choice that takes just enough is refused. How many weights does a layer lose?"
        )
        assert len(chosen) == layers and all(share in shares for share in chosen), (
            "One share of the list per layer."
        )
        total = sum(round(share * size) for share, size in zip(chosen, sizes))
        assert total >= gone, (
            "The choice takes too few weights. Do layers of all sizes count alike?"
        )
        damage = sum(rise[shares.index(share)] for rise, share in zip(rises, chosen))
        least = [(0.0, 0)]
        for rise, size in zip(rises, sizes):
            least = [(d + r, n + round(s * size)) for d, n in least for r, s in zip(rise, shares)]
        least = min(d for d, n in least if n >= gone)
        assert damage <= least + 1e-9, (
            "Another choice takes enough and does less damage. Were all tried?"
        )
### END HIDDEN TESTS

# %% test="split" points=1
try:
    best_split([[0, 0.3], [0, 0.1]], [100, 10], [0, 0.5], 56)
    refused = False
except ValueError:
    refused = True
assert refused, "half of 110 weights are 55, so 56 can't go: ValueError"
assert list(best_split([[0.5, -0.1]], [10], [0, 0.5], 0)) == [0.5], (
    "nothing has to go, but the loss falls if half does"
)
assert list(best_split([[0, -0.1], [0, -0.2]], [10, 10], [0, 0.5], 5)) == [0.5, 0.5], (
    "the loss falls with each of the two: both should go"
)
### BEGIN HIDDEN TESTS
kept = [[0.0, 0.3], [0.0, 0.1]]
best_split(kept, [100, 10], [0.0, 0.5], 5)
assert kept == [[0.0, 0.3], [0.0, 0.1]], "The table of rises has changed."
assert list(best_split([[9.0, 8.0], [9.0, 20.0]], [4, 4], [0.25, 0.5], 3)) == [0.5, 0.25], (
    "Is there always a share 0 in the list? And are rises always small?"
)
for rises, sizes, shares, gone in (
    ([[0, 1]], [10], [0, 0.9], 10),
    ([[0, 1], [0, 1], [0, 1]], [1, 1, 1], [0, 0.4], 1),
):
    try:
        best_split(rises, sizes, shares, gone)
        outcome = "no error"
    except ValueError:
        outcome = "ValueError"
    except Exception:
        outcome = "another error"
    assert outcome == "ValueError", "Where no choice takes enough: ValueError."
### END HIDDEN TESTS

# %% [markdown]
# ## 3 · A ticket that never went back (3 points)
#
# A colleague looks for a lottery ticket. `train` is a function that trains a model in place. Her function runs without an error, and what it returns is as good as the dense network; she calls it a winning ticket:
#
# ```python
# def ticket(model, train, share):
#     start = model.state_dict()
#     train(model)
#     for part in model:
#         if isinstance(part, nn.Linear):
#             prune.l1_unstructured(part, "weight", amount=1 - share)
#     model.load_state_dict(start, strict=False)
#     for part in model:
#         if isinstance(part, nn.Linear):
#             prune.remove(part, "weight")
#     return model
# ```
#
# Write `ticket(model, train, share)` so that it does what she meant, for an `nn.Sequential` of linear layers and parts without parameters:
#
# - of each linear layer `round(share * size)` of its `size` weights are zero: the smallest **after** `train`;
# - the weights that stay, and all biases, have their values from **before** `train`, bit for bit;
# - the masks are still attached (`weight_orig`, `weight_mask`), so that `train` can be called on what is returned and the zeros stay;
# - after the next forward pass at the latest, `part.weight` shows all this. The model passed in may be changed. Return it or a new one.
#
# *Lesson: part 5.*


# %% item="ticket" answers=["ticket"]
### BEGIN SOLUTION
def ticket(model, train, share):
    start = copy.deepcopy(model)
    train(model)
    for part, trained in zip(start, model):
        if isinstance(part, nn.Linear):
            scores = trained.weight.detach().abs()
            prune.l1_unstructured(part, "weight", amount=float(share), importance_scores=scores)
    return start


### END SOLUTION


# %% given=true
def net(*sizes, bias=True):
    """Linear layers of these sizes, with ReLU between them."""
    layers = []
    for inputs, outputs in pairwise(sizes):
        layers += [nn.Linear(inputs, outputs, bias=bias), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def reverse(model):
    """Trains like nothing else: the largest weights become the smallest, and all biases rise by 1."""
    with torch.no_grad():
        for part in model:
            if isinstance(part, nn.Linear):
                weight = getattr(part, "weight_orig", part.weight)
                weight.copy_(weight.sign() / (weight.abs() + 0.01))
                if part.bias is not None:
                    part.bias += 1


# %% test="ticket" points=1
torch.manual_seed(9)  # what is random below is the same each time
model = net(6, 4, 3)
before = copy.deepcopy(model.state_dict())
found = ticket(model, reverse, 0.25)
found(torch.rand(2, 6))  # a mask is laid on in the forward pass
zeros = [int((part.weight == 0).sum()) for part in found if isinstance(part, nn.Linear)]
assert zeros != [18, 9], "a quarter should go, and a quarter is what is left"
assert zeros == [6, 3], f"a quarter of 24 and of 12 weights go: [6, 3] zeros, not {zeros}"
stays = found[0].weight != 0
assert not torch.equal(
    stays, before["0.weight"].abs() >= before["0.weight"].abs().flatten().sort().values[6]
), "the smallest *before* training went. The mask comes from the trained weights"
### BEGIN HIDDEN TESTS


def turned(model):
    """Trains like nothing else, either: each row is read from its end."""
    with torch.no_grad():
        for part in model:
            if isinstance(part, nn.Linear):
                weight = getattr(part, "weight_orig", part.weight)
                weight.copy_(weight.flip(1))


model = net(9, 8, 4)
sizes = [part.weight.detach().flip(1).abs() for part in (model[0], model[2])]
found = ticket(model, turned, 0.5)
found(torch.rand(2, 9))
for part, size in zip((found[0], found[2]), sizes):
    assert size[part.weight != 0].min() > size[part.weight == 0].max(), (
        "The smallest after `train` go, wherever they come from and however far they have moved."
    )
for sizes, share in (
    ((5, 8, 2), 0.5),
    ((10, 10), 0.9),
    ((4, 6, 6, 3), 0.75),
    ((7, 5), 0.0),
    ((7, 5), 1.0),
):
    model = net(*sizes)
    before = copy.deepcopy(model.state_dict())
    trained = copy.deepcopy(model)
    reverse(trained)
    found = ticket(model, reverse, share)
    found(torch.rand(2, sizes[0]))
    for place, part in enumerate(found):
        if isinstance(part, nn.Linear):
            after = trained[place].weight.detach().abs().flatten()
            go = after.argsort(stable=True)[: round(share * len(after))]
            mask = torch.ones(len(after)).index_fill(0, go, 0).view_as(part.weight) != 0
            assert int((part.weight == 0).sum()) == len(go), (
                "How many weights of each layer are zero?"
            )
            assert torch.equal(part.weight != 0, mask), (
                "Which weights go: the smallest at which moment?"
            )
### END HIDDEN TESTS

# %% test="ticket" points=1
torch.manual_seed(9)  # what is random below is the same each time
model = net(6, 4, 3)
before = copy.deepcopy(model.state_dict())
found = ticket(model, reverse, 0.25)
found(torch.rand(2, 6))
stays = found[0].weight != 0
assert stays.any(), "all weights of the first layer are gone"
size = before["0.weight"].abs()  # `reverse` makes small what was large
assert size[stays].max() < size[~stays].min(), (
    "the smallest after `train` should go, not those before"
)
assert torch.equal(found[0].bias, before["0.bias"]), "a bias is not what it was before training"
assert torch.equal(found[0].weight[stays], before["0.weight"][stays]), (
    "a weight that stays is not what it was before training. Under a mask it is called weight_orig: "
    "did that go back? What does load_state_dict(strict=False) skip?"
)
### BEGIN HIDDEN TESTS
for sizes, share, bias in (
    ((5, 8, 2), 0.5, True),
    ((10, 10), 0.9, True),
    ((4, 6, 6, 3), 0.75, False),
):
    for scale in (1.0, 2.0**-40, 2.0**40):
        model = net(*sizes, bias=bias)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.mul_(scale)
        before = copy.deepcopy(model.state_dict())
        found = ticket(model, reverse, share)
        found(torch.rand(2, sizes[0]))
        some = 0
        for place, part in enumerate(found):
            if isinstance(part, nn.Linear):
                stays = part.weight != 0
                some += int(stays.sum())
                size = before[f"{place}.weight"].abs()
                if scale == 1 and stays.any():
                    assert size[stays].max() < size[~stays].min(), (
                        "Which weights go: the smallest at which moment?"
                    )
                assert torch.equal(part.weight[stays], before[f"{place}.weight"][stays]), (
                    "In each layer, are the weights that stay at their start?"
                )
                if bias:
                    assert torch.equal(part.bias, before[f"{place}.bias"]), "Biases go back, too."
        assert some, "Some weights should stay."
### END HIDDEN TESTS

# %% test="ticket" points=1
torch.manual_seed(9)  # what is random below is the same each time
found = ticket(net(6, 4, 3), reverse, 0.25)
assert hasattr(found[0], "weight_mask"), (
    "the mask is gone: nothing will hold the zeros in the next training"
)
found(torch.rand(2, 6))
zeros = found[0].weight == 0
size = found[0].weight_orig.abs()  # `reverse` makes small what was large
assert size[~zeros].max() < size[zeros].min(), (
    "weight_orig holds the start; those go that are smallest after `train`"
)
reverse(found)
found(torch.rand(2, 6))
assert int((found[0].weight == 0).sum()) == 6 and (found[0].weight[zeros] == 0).all(), (
    "after training once more, six weights should be zero, the same ones"
)
### BEGIN HIDDEN TESTS
times = []


def counted(model):
    times.append(1)
    reverse(model)


found = ticket(net(8, 5, 2), counted, 0.5)
assert len(times) == 1, "How often is the model trained?"
optimizer = torch.optim.SGD(found.parameters(), lr=0.1, momentum=0.9)
found(torch.rand(4, 8))
zeros = [part.weight == 0 for part in found if isinstance(part, nn.Linear)]
start = [part.weight.detach().clone() for part in found if isinstance(part, nn.Linear)]
for _ in range(3):
    optimizer.zero_grad()
    found(torch.rand(4, 8)).square().sum().backward()
    optimizer.step()
found(torch.rand(4, 8))
linears = [part for part in found if isinstance(part, nn.Linear)]
assert all((part.weight[gone] == 0).all() for part, gone in zip(linears, zeros)), (
    "Zeros did not stay zero in a real training."
)
assert any(not torch.equal(part.weight, old) for part, old in zip(linears, start)), (
    "What is returned can't be trained any more."
)
### END HIDDEN TESTS

# %% [markdown]
# ## 4 · Prune on (2 points)
#
# A model may have been pruned before, by this library, more in one layer than in another. Write `prune_to(model, total)`. In place, it brings **all linear layers together** to the sparsity `total`, with PyTorch's `prune.global_unstructured`:
#
# - in the end `round(total * weights)` of all weights of all linear layers are masked, exactly;
# - what was masked stays masked, and of the rest the smallest magnitudes of the whole network go;
# - layers that had no mask have one afterwards. If exactly that many are masked already, the masks stay as they are.
# - `ValueError` if *more* are masked already, or `total` is not between 0 and 1.
#
# Linear layers may stand anywhere in the model, also in blocks and beside parts of other kinds, which stay as they are. Only masks of *weights* count. It returns how many weights it has masked in this call, as an `int`.
#
# *Lesson: part 1. What does `amount` count in, if there are masks already?*


# %% item="prune_on" answers=["prune_to"]
### BEGIN SOLUTION
def prune_to(model, total):
    layers = [part for part in model.modules() if isinstance(part, nn.Linear)]
    weights = sum(layer.weight.numel() for layer in layers)
    masked = sum(
        int((layer.weight_mask == 0).sum()) for layer in layers if hasattr(layer, "weight_mask")
    )
    go = round(total * weights) - masked  # the library refuses what is below 0 or too many
    pairs = [(layer, "weight") for layer in layers]
    prune.global_unstructured(pairs, prune.L1Unstructured, amount=go)
    return go


### END SOLUTION

# %% test="prune_on" points=1
torch.manual_seed(9)  # what is random below is the same each time
model = net(20, 10, 5)  # 250 weights
count = prune_to(model, 0.4)
zeros = sum(int((part.weight == 0).sum()) for part in model if isinstance(part, nn.Linear))
assert zeros == 100, f"40 % of 250 weights are 100 zeros, not {zeros}"
assert isinstance(count, int), f"the count should be an int, not {type(count).__name__}"
assert count == 100, f"100 were masked in this call, but it returned {count}"
count = prune_to(model, 0.8)
zeros = sum(int((part.weight == 0).sum()) for part in model if isinstance(part, nn.Linear))
assert zeros == 200, explain(
    zeros,
    {
        220: "80 % of what is left is more than 80 % of all",
        160: "40 points more, but of what is left",
    },
    f"80 % of 250 weights are 200 zeros, not {zeros}",
)
### BEGIN HIDDEN TESTS
for sizes, totals in (
    ((30, 7, 3), (0.1, 0.5, 0.9, 1.0)),
    ((11, 13), (0.33, 0.34, 0.35)),
    ((5, 5, 5, 5), (0.0, 0.6)),
):
    model = nn.Sequential(nn.Sequential(net(*sizes)), nn.ReLU())
    linears = [part for part in model.modules() if isinstance(part, nn.Linear)]
    weights, before = sum(part.weight.numel() for part in linears), 0
    for total in totals:
        values = torch.cat([part.weight.detach().abs().flatten() for part in linears])
        count = prune_to(model, total)
        masks = torch.cat([part.weight_mask.flatten() for part in linears])
        assert int((masks == 0).sum()) == round(total * weights), (
            "How many of all weights are masked in all?"
        )
        assert isinstance(count, int) and count == round(total * weights) - before, (
            "How many has this call masked? As an int."
        )
        if 0 < int((masks == 0).sum()) < weights:
            assert values[masks == 0].max() <= values[masks != 0].min(), (
                "A weight has gone that is larger than one that stays, in the whole network."
            )
        before = int((masks == 0).sum())
### END HIDDEN TESTS

# %% test="prune_on" points=1
torch.manual_seed(9)  # what is random below is the same each time
model = net(20, 10, 5)
prune.random_unstructured(model[0], "weight", amount=0.5)  # 100 of 200; nothing in the second layer
before = model[0].weight_mask.clone()
count = prune_to(model, 0.6)
assert count == 50, f"100 of 250 were masked already, so 50 go, not {count}"
assert (model[0].weight_mask[before == 0] == 0).all(), "a weight that was masked has come back"
try:
    prune_to(model, 0.5)
    refused = False
except ValueError:
    refused = True
assert refused, "60 % are masked already: 0.5 is a ValueError"
### BEGIN HIDDEN TESTS
model = net(20, 10, 5)
with torch.no_grad():
    model[0].weight[0] = model[2].weight[0] = 0  # zeros that no mask made
prune.random_unstructured(model[0], "weight", amount=0.3)
assert prune_to(model, 0.5) == 125 - 60, "Zeros without a mask are not masked yet."
masks = [part.weight_mask.clone() for part in model if isinstance(part, nn.Linear)]
assert sum(int((mask == 0).sum()) for mask in masks) == 125, "How many are masked in all?"
assert prune_to(model, 0.5) == 0, "As many are masked already: nothing goes."
now = [part.weight_mask for part in model if isinstance(part, nn.Linear)]
assert all(torch.equal(a, b) for a, b in zip(masks, now)), (
    "As many are masked already: the masks stay."
)
for total in (1.2, -0.1, 0.49):
    try:
        prune_to(model, total)
        outcome = "no error"
    except ValueError:
        outcome = "ValueError"
    except Exception:
        outcome = "another error"
    assert outcome == "ValueError", "What can't be reached is a ValueError."
now = [part.weight_mask for part in model if isinstance(part, nn.Linear)]
assert all(torch.equal(a, b) for a, b in zip(masks, now)), (
    "A request that is refused changes nothing."
)
model = nn.Sequential(
    nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 6), nn.Linear(6, 2)
)
count = prune_to(model, 0.5)
assert not prune.is_pruned(model[0]) and not prune.is_pruned(model[1]), (
    "Which layers of the model are linear ones? The others stay as they are."
)
assert count == 30, "Which layers of the model are linear ones?"
model = net(10, 6, 2)
for part in (model[0], model[2]):
    part.weight.data = part.weight.data.sign()
prune_to(model, 0.5)
assert sum(int((part.weight_mask == 0).sum()) for part in (model[0], model[2])) == 36, (
    "Where many weights are equal, the number is off. Did you choose positions?"
)
model = net(8, 6, 2)
prune.random_unstructured(model[0], "bias", amount=3)
assert prune_to(model, 0.5) == 30, "A bias that is masked is no weight."
### END HIDDEN TESTS

# %% [markdown]
# ## 5 · Batch norm, again (2 points)
#
# Write `averaged_anew(model, images)`. It returns a **copy** of the model whose batch norms (`nn.BatchNorm1d` and `nn.BatchNorm2d`) hold mean and variance of *all* `images` together, however many there are. The model may have any parts and blocks.
#
# - The old statistics are forgotten: no share of them is left in the new ones. The variance may divide by $n$ or by $n - 1$.
# - All other parts work as in evaluation mode while the images run through: dropout drops nothing.
# - In the copy every part has the mode (`training`) and every batch norm the `momentum` that it had before, so that it can be trained on as before.
# - A batch norm with `track_running_stats=False` has none, and is left alone. No gradients, and the model passed in stays as it was.
#
# *Lesson 06, part 4, whose function averages over batches, knows flat models only, and leaves other parts in training mode.*


# %% item="norm" answers=["averaged_anew"]
### BEGIN SOLUTION
def averaged_anew(model, images):
    model = copy.deepcopy(model)
    modes = [(part, part.training) for part in model.modules()]
    model.eval()
    momenta = []
    for part in model.modules():
        if isinstance(part, (nn.BatchNorm1d, nn.BatchNorm2d)) and part.track_running_stats:
            momenta.append((part, part.momentum))
            part.reset_running_stats()
            part.momentum = None
            part.train()
    with torch.no_grad():
        model(images)
    for part, momentum in momenta:
        part.momentum = momentum
    for part, mode in modes:
        part.training = mode
    return model


### END SOLUTION

# %% test="norm" points=1
torch.manual_seed(9)  # what is random below is the same each time
images = 3 + 2 * torch.randn(50, 4)
model = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 2)).eval()
anew = averaged_anew(model, images)
inside = model[0](images).detach()
assert torch.equal(model[1].running_mean, torch.zeros(6)), "the model passed in has changed"
assert torch.allclose(anew[1].running_mean, inside.mean(0), atol=1e-4), (
    "the running mean should be that of all 50 images; is a share of the old one left? (lesson 06, part 4)"
)
### BEGIN HIDDEN TESTS
for count, size in ((64, 5), (7, 9), (203, 4)):
    images = torch.randn(count, 3, size, size) * torch.tensor([0.1, 1.0, 30.0]).view(1, 3, 1, 1) + 5
    block = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
    model = nn.Sequential(
        nn.BatchNorm2d(3), nn.Sequential(block, nn.Conv2d(4, 2, 1), nn.BatchNorm2d(2))
    )
    model.train()
    model(torch.randn(6, 3, size, size))
    model.eval()
    old = copy.deepcopy(model.state_dict())
    anew = averaged_anew(model, images)
    assert torch.allclose(anew[0].running_mean, images.mean((0, 2, 3)), rtol=1e-3, atol=1e-3), (
        "The running mean is that of all images together."
    )
    assert torch.allclose(anew[0].running_var, images.var((0, 2, 3)), rtol=1e-2), (
        "The running variance is that of all images together."
    )
    last = anew[1][2]
    twin = copy.deepcopy(model).train()
    seen = []
    twin[1][2].register_forward_pre_hook(
        lambda part, given, seen=seen: seen.append(given[0].detach())
    )
    with torch.no_grad():
        twin(images)
    assert torch.allclose(last.running_mean, seen[0].mean((0, 2, 3)), rtol=1e-3, atol=1e-3), (
        "A batch norm in a block, behind another one: what does it see?"
    )
    assert all(torch.equal(old[key], value) for key, value in model.state_dict().items()), (
        "The model passed in has changed."
    )
# One after the other they grow, and the last 300 are unlike the others: batches differ from all.
images = torch.arange(2300.0).view(-1, 1) / 230 + torch.randn(2300, 4)
images[2000:] -= 50
anew = averaged_anew(nn.Sequential(nn.BatchNorm1d(4)), images)[0]
assert torch.allclose(anew.running_mean, images.mean(0), rtol=1e-3), (
    "The running mean is that of all images together, however many there are."
)
assert torch.allclose(anew.running_var, images.var(0), rtol=1e-2), (
    "The variance of all images together is more than the mean of the batches' variances."
)
### END HIDDEN TESTS

# %% test="norm" points=1
torch.manual_seed(9)  # what is random below is the same each time
images = torch.randn(40, 4)
model = nn.Sequential(nn.Dropout(0.5), nn.BatchNorm1d(4, momentum=0.2), nn.Linear(4, 2)).train()
anew = averaged_anew(model, images)
assert torch.allclose(anew[1].running_var, images.var(0), rtol=0.03), (
    "the variance is not that of the images. Has dropout dropped something?"
)
assert anew[1].momentum == 0.2, f"momentum was 0.2 and is {anew[1].momentum} now"
assert anew.training, "the model was in training mode, and its copy is not"
### BEGIN HIDDEN TESTS
plain = nn.BatchNorm1d(4, track_running_stats=False)
frozen = nn.BatchNorm1d(4, momentum=None)
with torch.no_grad():
    frozen.weight.uniform_(0.5, 1.5)
    frozen.bias.uniform_(0.5, 1.5)
model = nn.Sequential(plain, nn.Dropout(0.9), nn.Sequential(frozen, nn.ReLU()), nn.Linear(4, 3))
model.train()
frozen.eval()
frozen.running_mean += 5
modes = [part.training for part in model.modules()]
parameters = [parameter.detach().clone() for parameter in model.parameters()]
images = 7 + torch.randn(90, 4)
anew = averaged_anew(model, images)
assert [part.training for part in anew.modules()] == modes, (
    "Each part has the mode that it had, also a frozen one."
)
assert [part.training for part in model.modules()] == modes, (
    "The modes of the model passed in have changed."
)
assert anew[2][0].momentum is None and anew[0].momentum == 0.1, (
    "Each batch norm has the momentum that it had."
)
assert (frozen.running_mean == 5).all(), "The model passed in has changed."
assert anew[0].running_mean is None, "A batch norm without running statistics is left alone."
assert anew[2][0].running_mean.abs().max() < 1e-3, (
    "What does the second batch norm see of these images?"
)
assert all(torch.equal(a, b) for a, b in zip(parameters, anew.parameters())), (
    "A parameter has changed."
)
assert all(parameter.requires_grad for parameter in anew.parameters()), (
    "The copy is to be trained on as before: do its parameters still learn?"
)
two = nn.Sequential(nn.BatchNorm1d(4, momentum=0.2), nn.BatchNorm1d(4, momentum=0.7))
assert [part.momentum for part in averaged_anew(two, images)] == [0.2, 0.7], (
    "Each batch norm has the momentum that it had."
)
assert all(parameter.grad is None for parameter in anew.parameters()), "No gradients are needed."
assert not anew[2][0].running_mean.requires_grad, "No gradients are needed."
# Where gradients are on, PyTorch refuses to change such images in place.
try:
    averaged_anew(
        nn.Sequential(nn.ReLU(inplace=True), nn.BatchNorm1d(4)), images.clone().requires_grad_()
    )
    with_gradients = False
except Exception:
    with_gradients = True
assert not with_gradients, "No gradients are needed."
### END HIDDEN TESTS

# %% [markdown]
# ## 6 · Read the race (2 points)
#
# `rows` is a list of runs; each is a dict with the keys `"schedule"`, `"epochs"` (in all), `"lr"`, `"seed"`, `"validation"` and `"test"` (accuracies from 0 to 1). Write `verdicts(rows, epochs, control)`. It returns a dict: for each schedule a pair of the learning rate that was chosen, and what can be said.
#
# - Only runs with exactly `epochs` epochs count. A schedule without any such run is left out.
# - For each schedule the learning rate with the highest **mean validation** accuracy over its seeds is chosen. All seeds of a schedule were run with all of its rates.
# - If the chosen rate is the smallest or the largest of those that were tried for this schedule, only `"edge"` can be said. With one rate only, that rate is an edge.
# - Else the **test** accuracies of its seeds are compared with those of the schedule `control` (at its own chosen rate, whether at the edge or not), seed by seed: `"better"`, `"worse"` or `"indistinguishable"`, by the mean difference and its 95% interval, `STUDENT[n - 1]` standard errors, for
#   $n$ seeds; the standard deviation in it divides by $n - 1$. A mean just at the end of the interval is indistinguishable.
# - `control` itself is left out of the result.
#
# Then apply it to `RACE`, for 8 epochs and the control `"dense"`, and leave in `differ` a list of the schedules, by name, that are better or worse than the control.
#
# *Lesson: parts 2 and 3.*

# %% given=true
STUDENT = [None, 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228]


def runs(schedule, epochs, lr, validation, test):
    """A run per seed, from accuracies in per cent."""
    return [
        {
            "schedule": schedule,
            "epochs": epochs,
            "lr": lr,
            "seed": seed,
            "validation": v / 100,
            "test": t / 100,
        }
        for seed, (v, t) in enumerate(zip(validation, test))
    ]


RACE = [
    *runs("dense", 8, 0.001, [86.1, 86.4, 86.0, 86.3], [84.9, 85.3, 84.8, 85.0]),
    *runs("dense", 8, 0.003, [87.0, 87.4, 86.8, 87.2], [85.2, 85.7, 85.0, 85.5]),
    *runs("dense", 8, 0.01, [86.5, 86.2, 86.9, 86.6], [85.9, 85.8, 86.2, 85.9]),
    *runs("one cut", 8, 0.001, [84.0, 84.4, 83.9, 84.2], [82.5, 82.9, 82.2, 82.6]),
    *runs("one cut", 8, 0.003, [85.9, 86.3, 85.6, 86.2], [84.0, 84.6, 83.9, 84.3]),
    *runs("one cut", 8, 0.01, [85.8, 86.0, 85.5, 86.1], [85.5, 86.0, 85.2, 85.6]),
    *runs("gradual", 8, 0.001, [84.9, 85.1, 84.6, 85.0], [83.4, 83.8, 83.2, 83.6]),
    *runs("gradual", 8, 0.003, [86.3, 86.4, 86.0, 86.1], [84.7, 85.9, 84.6, 85.8]),
    *runs("gradual", 8, 0.01, [86.2, 86.0, 86.1, 86.2], [84.0, 84.1, 84.3, 84.0]),
    *runs("gradual", 24, 0.003, [88.3, 88.4, 88.0, 88.1], [87.7, 87.9, 87.6, 87.8]),
    *runs("rewound", 8, 0.001, [85.5, 85.7, 85.4, 85.6], [84.2, 84.4, 84.1, 84.0]),
    *runs("rewound", 8, 0.003, [86.9, 87.0, 86.6, 86.8], [86.2, 86.6, 86.1, 86.5]),
]


# %% item="race" answers=["verdicts", "differ"]
### BEGIN SOLUTION
def verdicts(rows, epochs, control):
    tried = {}
    for row in rows:
        if row["epochs"] == epochs:
            tried.setdefault(row["schedule"], {}).setdefault(row["lr"], {})[row["seed"]] = row
    best = {}
    for name, by_rate in tried.items():
        # As many seeds for each rate: the largest sum is the largest mean.
        best[name] = max(by_rate, key=lambda lr: sum(r["validation"] for r in by_rate[lr].values()))
    found = {}
    for name, lr in best.items():
        if name == control:
            continue
        if lr in (min(tried[name]), max(tried[name])):
            found[name] = lr, "edge"
            continue
        ours, theirs = tried[name][lr], tried[control][best[control]]
        points = [ours[seed]["test"] - theirs[seed]["test"] for seed in ours]
        n = len(points)
        mean = sum(points) / n
        error = math.sqrt(sum((p - mean) ** 2 for p in points) / (n - 1) / n)
        half = STUDENT[n - 1] * error
        word = "indistinguishable" if abs(mean) <= half else "better" if mean > 0 else "worse"
        found[name] = lr, word
    return found


differ = [
    name for name, (_, word) in verdicts(RACE, 8, "dense").items() if word in ("better", "worse")
]
### END SOLUTION

# %% test="race" points=1
toy = [
    *runs("dense", 4, 0.1, [75, 76, 77], [80, 81, 82]),
    *runs("dense", 4, 0.5, [80, 81, 82], [70, 71, 72]),
    *runs("fast", 4, 0.1, [80, 81, 82], [75, 76, 77]),
    *runs("fast", 4, 1.0, [81, 82, 83], [75, 76, 77]),
    *runs("slow", 4, 0.01, [70, 71, 72], [90, 91, 92]),
    *runs("slow", 4, 0.1, [80, 81, 82], [71, 72, 73.1]),
    *runs("slow", 4, 1.0, [78, 79, 80], [60, 61, 62]),
    *runs("mid", 4, 0.01, [70, 71, 72], [60, 61, 62]),
    *runs("mid", 4, 0.1, [80, 81, 82], [70.67, 72.2, 73.73]),
    *runs("mid", 4, 1.0, [70, 71, 72], [60, 61, 62]),
    *runs("slow", 9, 1.0, [99, 99, 99], [99, 99, 99]),
    *runs("fast", 9, 10.0, [70, 71, 72], [70, 71, 72]),
]
said = verdicts(toy, 4, "dense")
assert "dense" not in said, "the control is left out of the result"
assert said.get("slow") != (0.01, "edge"), (
    "that rate is best on the *test* images: chosen on the wrong ones"
)
assert said.get("slow") != (1.0, "edge"), "only runs with exactly 4 epochs count, not those with 9"
assert said.get("slow") != (0.1, "worse"), (
    "the control has a rate of its own: 0.5, best on its validation images, not that of slow"
)
assert said.get("mid") != (0.1, "better"), (
    "three seeds: better by 0.67, 1.2 and 1.73 points; half of the interval is 1.32. "
    "Which t? And is it n or n - 1?"
)
assert said.get("fast") == (1.0, "edge"), (
    f"1.0 is the largest rate of fast that was tried for 4 epochs, but you say {said.get('fast')}"
)
wanted = {"slow": (0.1, "better"), "mid": (0.1, "indistinguishable"), "fast": (1.0, "edge")}
assert said == wanted, f"expected {wanted}, but got {said}"
### BEGIN HIDDEN TESTS
generator = torch.Generator().manual_seed(5)
for n in (3, 4, 5, 7, 10):
    base = (80 + torch.randn(n, generator=generator)).double()
    noise = torch.randn(n, generator=generator).double()
    noise -= noise.mean()
    half = STUDENT[n - 1] * float(noise.std()) / n**0.5
    for shift, word in (
        (1.03 * half, "better"),
        (0.97 * half, "indistinguishable"),
        (-0.97 * half, "indistinguishable"),
        (-1.03 * half, "worse"),
    ):
        for name in ("a", "z"):  # before and behind the control by its name
            rows = [
                *runs("control", 1000, 0.9, base.tolist(), (base - 3).tolist()),
                *runs("control", 1000, 0.5, (base - 5).tolist(), (base + 20 + noise).tolist()),
                *runs(name, 1000, 0.2, [50] * n, [99] * n),
                *runs(name, 1000, 0.5, [60] * n, (base - 3 + shift + noise).tolist()),
                *runs(name, 1000, 0.7, [55] * n, [10] * n),
                *runs("other", 1001, 0.5, [60] * n, [60] * n),
            ]
            for order in (rows, rows[::-1]):
                assert verdicts(order, 1000, "control") == {name: (0.5, word)}, (
                    "Seed by seed, at the chosen rates: mean and interval. And whose epochs are others?"
                )
            mixed = [*rows[: 2 * n], *rows[2 * n :][::-1]]
            assert verdicts(mixed, 1000, "control") == {name: (0.5, word)}, (
                "Which runs belong together: those with the same seed, or the same place in the list?"
            )
same = [*runs("c", 2, 0.1, [80, 81], [70, 71]), *runs("c", 2, 0.2, [70, 71], [1, 1])]
for lr, v in ((0.1, 50), (0.2, 60), (0.3, 50)):
    same += runs("s", 2, lr, [v, v], [70, 71])
assert verdicts(same, 2, "c") == {"s": (0.2, "indistinguishable")}, (
    "All seeds are equal: the mean lies just at the end of its interval."
)
### END HIDDEN TESTS

# %% test="race" points=1
assert isinstance(differ, list) and set(differ) <= {"one cut", "gradual", "rewound"}, (
    f"differ should be a list of schedules of RACE, not {differ}"
)
assert differ, "a schedule that is worse than the control differs from it, too"
alone = [*runs("dense", 2, 0.1, [80, 81], [70, 71]), *runs("slow", 2, 0.1, [80, 81], [90, 91])]
assert verdicts(alone, 2, "dense") == {"slow": (0.1, "edge")}, "one rate only is an edge"
assert verdicts(alone, 3, "dense") == {}, "nobody was trained for 3 epochs"
### BEGIN HIDDEN TESTS
assert set(differ) == {"one cut"}, explain(
    tuple(sorted(differ)),
    {
        ("one cut", "rewound"): "Is each chosen rate one that others enclose?",
        ("gradual", "one cut"): "Which epochs count, and is 0 outside every interval?",
    },
    "Own best rate on validation images, equal epochs, not at the edge, an interval without 0: who is left?",
)
rows = [
    *runs("c", 1, 0.05, [1, 1, 1], [99, 99, 99]),
    *runs("c", 1, 0.1, [70, 71, 72], [60, 61, 62]),
    *runs("c", 1, 0.3, [71, 72, 73], [70, 71, 72]),
    *runs("s", 1, 0.1, [1, 1, 1], [99, 99, 99]),
    *runs("s", 1, 0.3, [5, 5, 7], [65, 66, 67.1]),
    *runs("s", 1, 0.9, [8, 3, 3], [1, 1, 1]),
    *runs("m", 1, 0.1, [1, 1, 1], [99, 99, 99]),
    *runs("m", 1, 0.3, [4, 4, 9], [65, 66, 67.1]),
    *runs("m", 1, 0.9, [5, 5, 5], [1, 1, 1]),
    *runs("l", 1, 0.1, [9, 9, 9], [1, 1, 1]),
    *runs("l", 1, 0.3, [5, 5, 5], [2, 2, 2]),
    *runs("l", 1, 0.9, [1, 1, 1], [3, 3, 3]),
]
before = copy.deepcopy(rows)
said = verdicts(rows, 1, "c")
assert rows == before, "The list of runs has changed."
assert said.pop("l", None) == (0.1, "edge"), "A chosen rate at either end of those tried: an edge."
assert said == {"s": (0.3, "worse"), "m": (0.3, "worse")}, (
    "The control has a best rate of its own, even at the edge; the best *mean* decides, no single seed and no median."
)
### END HIDDEN TESTS

# %% [markdown]
# ## 7 · A picture in a report (2 points)
#
# A vendor shows this picture, with the words: *“Gradual pruning, our method, against one-shot pruning and the dense model. LeNet-300-100, Fashion-MNIST. Dense: 5 epochs. One-shot: 5 epochs, cut, 1 epoch. Gradual: 24 epochs. All with Adam and the
# rate 0.001, found best for gradual on the validation images. Mean over five seeds, shaded: range.”*

# %% given=true of="picture"
fig, ax = plot.figure(width=7, height=3.2)
zeros = [80, 90, 95, 98]
plot.band(
    ax,
    zeros,
    [87.1, 87.0, 86.6, 85.6],
    [86.8, 86.6, 86.2, 85.1],
    [87.4, 87.3, 87.0, 86.0],
    label="gradual (ours)",
)
plot.band(
    ax,
    zeros,
    [85.4, 84.9, 84.2, 83.6],
    [85.1, 84.5, 83.9, 83.2],
    [85.8, 85.2, 84.6, 84.1],
    label="one-shot",
)
ax.axhline(85.2, color="grey", marker="", label="dense")
ax.set(
    ylim=(83, 87.5),
    xlabel="zeros (%)",
    ylabel="validation accuracy (%)",
    title="Gradual beats one-shot and dense",
)
ax.legend(loc="lower left")
plot.show(
    fig,
    alt="Accuracy from 83 to 87.5 % against zeros: gradual above dense up to 98%, one-shot below dense at 90% and more.",
)

# %% [markdown]
# Which of these are wrong with it? Leave in `faults` the set of their letters. Some describe things that are not the case, or that are no fault.
#
# - `"a"`: The dense model and one-shot had fewer epochs, so more training may explain all of the lead.
# - `"b"`: There are no seeds, so nobody knows the spread.
# - `"c"`: The learning rate was chosen for one of the three and given to all.
# - `"d"`: The picture shows accuracy on the images by which the rate was chosen. Other images are needed to confirm the lead.
# - `"e"`: The axis begins at 83%, but a line of accuracies must begin at 0.
# - `"f"`: Gradual has more weights left than one-shot at the same place of the axis.
#
# *Lesson: parts 2 and 3.*

# %% item="picture" answers=["faults"]
### BEGIN SOLUTION
faults = {"a", "c", "d"}
### END SOLUTION

# %% test="picture" points=1
assert isinstance(faults, (set, frozenset, list, tuple)) and set(faults) <= set("abcdef"), (
    f"faults should be a set of letters from a to f, not {faults!r}"
)
assert 0 < len(set(faults)) < 6, "neither none of them nor all are wrong"
### BEGIN HIDDEN TESTS
found = set(faults) & set("acd")
assert not set(faults) & set("bef"), (
    "One of your faults is not there, or is none. Read caption and axes once more."
)
assert len(found) > 1, "More than one of them is missing."
### END HIDDEN TESTS

# %% test="picture" points=1
assert len(set(faults)) > 1, "one fault is not all"
### BEGIN HIDDEN TESTS
assert set(faults) == set("acd"), (
    "Something is missing or too much. Who got how many epochs and which rate, chosen on which images?"
)
### END HIDDEN TESTS

# %% [markdown]
# ## 8 · A report (3 points, graded by your teacher)
#
# A colleague writes: *“I found a winning ticket. I trained LeNet for 8 epochs, masked the 98% smallest weights, in five rounds, rewound and trained again: 84%. A random ticket gets only 76%, so the start that the ticket drew is what counts. It has just
# 5,300 weights, so I'll ship it: a fiftieth of the bytes of the dense network. And looking for it was cheap, since the last training has only 5,300 weights.”* (The numbers are made up.)
#
# Answer in five to ten sentences, so that he can act on it: what his control shows and what it does not, and which *two* are missing; what the bytes will be; what the search has cost, and what he should try that costs less.
#
# *Lesson: parts 3, 5 and 6.*

# %% [markdown] item="report" manual=true points=3
# ### BEGIN SOLUTION
# **Control.** A random ticket has other positions, and so another mask; the start is the same. So his control shows that the positions count, not that the start does. Two are missing. The *re-initialised* network has the same mask and another random start: if it does as well
# as the ticket, the start does not matter. One seed is not enough either; take five and give the interval, and give each its own best learning rate. And the *dense* network, with equal epochs: a ticket that does not reach it is not a winning one.
#
# **Bytes.** 5,300 float32 values take a fiftieth, but a file must also say where they stand. With two bytes of column per weight it is half as much again, with a bitmap 33 KB more. Compare with a small dense network of as many *bytes*.
#
# **Cost.** He trained the network five times for 8 epochs to find the mask, all weights in use in the first of them, and then once more; zeros do not make training faster on ordinary kernels. A cubic climb, or one cut with the learning rate rewound, needs 8 epochs in all. He should run
# them with equal epochs before he looks for tickets.
#
# Rubric, 1 point each:
#
# 1. The random ticket changes the mask, not the start, **and** two are missing, the re-initialised network and the dense one, each with what it would show. One or two of these three things: half a point. “Was it random within each layer?” may stand for one.
# 2. Positions must be stored, so it is more than a fiftieth, **and** a small dense network of equal bytes (or measuring the file) as the thing to compare. One of the two: half a point.
# 3. The search costs several trainings (rounds × epochs) **and** a schedule such as cubic or rate rewinding as the cheaper way. One of the two: half a point.
# ### END SOLUTION

# %% [markdown]
# ## 9 · Byte golf: the climb (2 points)
#
# A network with a single layer, 784→10, reads digits. `golf.least_squares` finds it from 1,000 images without any training, and as float32 it takes 31,400 bytes. Exercise 07 cut it once and trained what was left. What if the zeros come little by little, while it trains?
#
# Write `squeeze(images, labels)`. It gets 1,000 images, float32 of the shape (1000, 784) in 0–1, and their labels. It returns the `bytes` of a file, which `golf.pack(q, step, bias)` makes for you. The network in the file has the weights `q * step`, where `q` holds whole numbers in an integer type. What counts is `len(file)`.
#
# Compared with the float32 network, at most 12 right answers may be lost on the 397 validation images, and at most 20 on 400 images that you don't see.
#
# - 1 point for at most 230 bytes.
# - 1 point for at most 190 bytes.
#
# Ours takes 143 bytes. There are no points for beating it, only glory.
#
# Climb while it trains, and round in the forward pass, as in lesson 06. That gets you the first point. For the second one, think of what a cut does to a weight that is large until the moment it goes.
#
# `squeeze` has to work for 1,000 other images too, also where they show other shapes than digits, so write no numbers that you found on these. If you want to choose something, hold out some of the images that it gets. It may take a few seconds. `golf.least_squares(images, labels)` returns a weight (10, 784) and a bias (10,).
#
# *Lesson: part 1.*

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
    step, final, price = 0.8, 0.97, 2e-3
    weight, bias = golf.least_squares(images, labels)
    mask = torch.ones(10, 784)
    optimizer = torch.optim.Adam([weight.requires_grad_(), bias.requires_grad_()], lr=4e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 640)
    for epoch in range(40):
        climb = min(epoch / 24, 1)
        share = final * (1 - (1 - climb) ** 3)
        gone = (weight * mask).abs().flatten().argsort()[: round(share * weight.numel())]
        mask.view(-1)[gone] = 0
        for batch in torch.randperm(len(images)).split(64):
            masked = weight * mask
            rounded = masked + (step * (masked / step).round() - masked).detach()
            loss = nn.functional.cross_entropy(images[batch] @ rounded.T + bias, labels[batch])
            # What is soon to go becomes small before: each weight pays for its magnitude. After the
            # climb what is left pays no more, and the mask keeps out what would come back. Paid to
            # the end, the price alone would do: hardly a weight would be left to cut.
            if climb < 1:
                loss = loss + price * masked.abs().sum()
            optimizer.zero_grad()
            loss.backward()
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
assert len(file) <= 230, (
    f"{len(file):,} bytes; at most 230 are asked for. {int((golf.unpack(file)[0] != 0).sum())} weights are not 0. "
    "How far did you climb, and how many levels are there?"
)
missing = golf.lost(file, golf_train, golf_validation)
assert missing <= golf.MOST_LOST, (
    f"{missing} right answers are lost on the validation images; {golf.MOST_LOST} may be. "
    "How much time did the others have to make up for each cut, and for the rounding?"
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
assert len(file) <= min(253, 1.2 * len(first)), (
    "For 1,000 other images the file is too long. Is there a number in squeeze that fits these images only?"
)
### END HIDDEN TESTS

# %% test="golf" points=1
golf_train, golf_validation = golf.draw()
file = squeeze(*golf.flat(golf_train))
assert isinstance(file, bytes), (
    f"squeeze should return the bytes that golf.pack makes, not {type(file).__name__}"
)
assert len(file) <= 190, (
    f"{len(file):,} bytes; at most 190 are asked for. How large is a weight just before its cut, "
    "and what could make it smaller by then?"
)
missing = golf.lost(file, golf_train, golf_validation)
assert missing <= golf.MOST_LOST, (
    f"{missing} right answers are lost on the validation images; {golf.MOST_LOST} may be. "
    "How much time did the others have to make up for each cut, and for the rounding?"
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
assert len(file) <= min(209, 1.2 * len(first)), (
    "For 1,000 other images the file is too long. Is there a number in squeeze that fits these images only?"
)
### END HIDDEN TESTS
