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
# # 10 · Trade-offs: exercise
#
# Seven items, 20 points, about 75 minutes. Everything you need is in [the
# lesson](../../notebooks/10_trade_offs.ipynb); each item says where.
#
# - Write your answer in place of `raise NotImplementedError()`. Keep the names that the item asks for; all
#   other names are yours.
# - Run the tests under each item. They show a part of what is checked. The rest is checked on inputs that
#   you have not seen, so solve the task and not the example. For a
#   decision (a name, a list of findings) they check only the form. You learn with your mark whether it is right.
# - The items do not need each other. If one resists, go on.

# %% given=true
import copy
import math

import torch
from torch import nn

from coursekit import explain

# %% [markdown]
# ## 1 · False alarms (2 points)
#
# You can test a test: run it where there is nothing to find, on networks of the *same* setting that differ only by their seed. That's an A/A test.
#
# Write `false_alarms(settings, test, limit)`. `settings` is a list of settings; each is a list of networks, one per
# seed. `test(first, second)` compares two networks and returns a p. The function returns, as a float, the fraction of all
# pairs of networks of the same setting that get a p **below** `limit`.
#
# - Each pair counts once, and no network is a pair with itself. A setting with three seeds has three pairs, one with a single
#   seed has none. All pairs count alike, whichever setting they are from.
# - The test tells nothing about order: call it once for each pair.
# - If there is no pair at all: `ValueError`.
#
# Example: `false_alarms([[1, 2, 4], [7]], lambda a, b: abs(a - b) / 10, 0.25)` is 2/3: of the pairs (1, 2), (1, 4) and
# (2, 4) the first and the last have a p below 0.25.
#
# Then leave in `means` what a fraction of 0.34 with a limit of 0.05 tells you, on networks trained as in the lesson: `"the
# settings differ"`, `"seeds differ by more than images alone explain"` or `"the test has too few images"`.
#
# *Lesson: part 2; its further page, part 2, runs such tests.*


# %% item="alarms" answers=["false_alarms", "means"]
### BEGIN SOLUTION
def false_alarms(settings, test, limit):
    alarms = [
        test(first, second) < limit
        for networks in settings
        for place, first in enumerate(networks)
        for second in networks[place + 1 :]
    ]
    if not alarms:
        raise ValueError("no setting has two networks")
    return sum(alarms) / len(alarms)


means = "seeds differ by more than images alone explain"
### END SOLUTION

# %% test="alarms" points=1
found = false_alarms([[1, 2, 4], [7]], lambda a, b: abs(a - b) / 10, 0.25)
assert isinstance(found, float), f"expected a float, but got {type(found).__name__}"
assert math.isclose(found, 2 / 3), f"two of the three pairs are alarms: expected 0.667, not {found}"
found = false_alarms([[1, 2], [5, 6, 20]], lambda a, b: abs(a - b) / 10, 0.25)
assert math.isclose(found, 0.5), (
    f"All pairs count alike: two of four are alarms, 0.5 and not {found:.3f}"
)
### BEGIN HIDDEN TESTS
asked = []


def noted(first, second):
    asked.append({first, second})
    return 0.001 * (first + second)


groups = [[1, 2], [10, 11, 12, 13], [20], [], [30, 31, 32]]
found = false_alarms(groups, noted, 0.0585)
wanted = {frozenset((a, b)) for group in groups for a in group for b in group if a < b}
assert all(len(pair) == 2 for pair in asked), "A network was compared with itself."
assert {frozenset(pair) for pair in asked} == wanted, explain(
    len({frozenset(pair) for pair in asked} - wanted) > 0,
    {True: "Networks of two settings were compared. Then there is something to find."},
    "All pairs of a setting count, not only neighbours.",
)
assert len(asked) == len(wanted), "The test was called more than once for a pair."
assert math.isclose(found, 0.7), explain(
    round(found, 4),
    {
        round(2 / 3, 4): "All pairs count alike. Are settings with few pairs given more weight?",
        0.3: "Is an alarm a p below the limit, or above it?",
    },
)
### END HIDDEN TESTS

# %% test="alarms" points=1
assert false_alarms([[1, 1]], lambda a, b: 0.05, 0.05) == 0, "a p of just the limit is not below it"
assert means in (
    "the settings differ",
    "seeds differ by more than images alone explain",
    "the test has too few images",
), "`means` should be one of the three texts"
### BEGIN HIDDEN TESTS
assert false_alarms([["a", "b"], ["c", "d"]], lambda a, b: 0.0, 1e-9) == 1, (
    "All alarms: the share is 1."
)
for nothing in ([], [[]], [[1], [2], [3]]):
    try:
        false_alarms(nothing, lambda a, b: 1.0, 0.05)
        outcome = "no error"
    except ValueError:
        outcome = "ValueError"
    except Exception:
        outcome = "another error"
    assert outcome == "ValueError", (
        "Without a pair there is no share. What does the prompt ask for?"
    )
assert means == "seeds differ by more than images alone explain", explain(
    means,
    {
        "the settings differ": "Which settings were compared with each other?",
        "the test has too few images": "With too few images, does a test find more, or less?",
    },
)
### END HIDDEN TESTS

# %% [markdown]
# ## 2 · A front that survives its noise (3 points)
#
# The front of the lesson compares means. You have every seed, so you can be stricter about who has to go.
#
# Write `sure_front(models)`. `models` is a list of pairs `(accuracies, size)`. `accuracies` is a list with one number per seed, and
# the seeds come in the same order for all models. One model **surely beats** another if it takes at most as many bytes
# and is more accurate in **every** seed. Your function returns the list of **positions**, in ascending order, of all
# models that no other one surely beats.
#
# - A seed in which both are equally accurate is no win.
# - Without models there is nothing on the front: return an empty list.
# - Raise `ValueError` if models differ in the number of seeds, if they have no seed at all, or if any number is NaN.
#
# Example: `sure_front([([0.9, 0.8], 100), ([0.7, 0.7], 100), ([0.8, 0.9], 300)])` is `[0, 2]`. The first model surely beats the
# second. It doesn't surely beat the third, which is larger but wins in one seed.
#
# *Lesson: part 2.*


# %% item="sure" answers=["sure_front"]
### BEGIN SOLUTION
def sure_front(models):
    if len({len(seeds) for seeds, size in models}) > 1:
        raise ValueError("all models need the same seeds")
    for seeds, size in models:
        if not seeds or any(math.isnan(number) for number in [*seeds, size]):
            raise ValueError("every model needs numbers, and NaN is none")
    return [
        place
        for place, (seeds, size) in enumerate(models)
        if not any(
            bytes_ <= size and all(a > b for a, b in zip(others, seeds))
            for others, bytes_ in models
        )
    ]


### END SOLUTION

# %% test="sure" points=1
front = sure_front([([0.9, 0.8], 100), ([0.7, 0.7], 100), ([0.8, 0.9], 300)])
assert list(front) == [0, 2], f"expected [0, 2], but got {front}"
front = sure_front([([0.8, 0.9], 300), ([0.81, 0.91], 200), ([0.5, 0.5], 50)])
assert list(front) == [1, 2], (
    f"the first loses both seeds to a smaller one: expected [1, 2], got {front}"
)
### BEGIN HIDDEN TESTS
generator = torch.Generator().manual_seed(7)
for seeds in (1, 2, 5):
    rows = torch.rand(60, seeds + 1, generator=generator).tolist()
    models = [(row[:seeds], round(100 * row[-1])) for row in rows]
    wanted = []
    for place, (mine, size) in enumerate(models):
        beaten = False
        for others, taken in models:
            wins = sum(a > b for a, b in zip(others, mine))
            beaten = beaten or (taken <= size and wins == seeds)
        if not beaten:
            wanted.append(place)
    found = list(sure_front(models))
    assert set(found) >= set(wanted), (
        "A model is missing that nobody surely beats. Must it lose in every seed, or only on average?"
    )
    assert set(found) <= set(wanted), "A model on your front is surely beaten by a smaller one."
    assert found == wanted, "Positions, in ascending order, each one once."
### END HIDDEN TESTS

# %% test="sure" points=1
front = sure_front([([0.9, 0.9], 100), ([0.9, 0.8], 100), ([0.9, 0.9], 100)])
assert list(front) == [0, 1, 2], (
    f"a seed with equal accuracies is no win: all stay, but got {front}"
)
assert list(sure_front([([0.9], 100), ([0.8], 100)])) == [0], "at the same size accuracy decides"
### BEGIN HIDDEN TESTS
assert list(sure_front([])) == [], "Without models there is nothing on the front."
assert list(sure_front([([0.5, 0.6], 9)])) == [0], "A single model has nobody above it."
assert list(sure_front([([0.9, 0.2], 10), ([0.3, 0.3], 20)])) == [0, 1], (
    "A higher mean is not a win in every seed."
)
assert list(sure_front([([0.2, 0.9], 10), ([0.8, 0.1], 20)])) == [0, 1], (
    "Seeds are compared with the same seed. Did you sort them, or compare best with worst?"
)
models = [([0.9, 0.9], 10), ([0.8, 0.8], 10)]
sure_front(models)
assert models == [([0.9, 0.9], 10), ([0.8, 0.8], 10)], "The list that was passed in has changed."
### END HIDDEN TESTS

# %% test="sure" points=1
try:
    sure_front([([0.9, 0.8], 100), ([0.9], 100)])
    outcome = "no error"
except ValueError:
    outcome = "ValueError"
except Exception:
    outcome = "another error"
assert outcome == "ValueError", f"two seeds and one can't be compared, but there was {outcome}"
### BEGIN HIDDEN TESTS
for models in (
    [([0.9, math.nan], 100)],
    [([0.9, 0.8], 100), ([0.9, 0.8], math.nan)],
    [([math.nan], 1), ([0.5], 2)],
    [([], 100)],
    [([], 100), ([], 200)],
):
    try:
        sure_front(models)
        outcome = "no error"
    except ValueError:
        outcome = "ValueError"
    except Exception:
        outcome = "another error"
    assert outcome != "no error", "A NaN, or a model without seeds, went through without a word."
    assert outcome == "ValueError", "What kind of error does the prompt ask for?"
### END HIDDEN TESTS

# %% [markdown]
# ## 3 · Choose under limits (3 points)
#
# A brief has limits, and something to save. Write `choose(models, limits, slack, save)`:
#
# - `models` is a list of dicts. Each has a `"name"`, an `"accuracy"` and some costs, such as `"bytes"` or
#   `"latency"`.
# - `limits` is a dict: for some costs the most that is allowed (the limit itself is allowed).
# - Of the models that keep **all** limits, those whose accuracy is at most `slack` below the best **of
#   these** count as equally accurate (add 1e-9 to `slack` for rounding). Of them, the one with the lowest
#   cost `save` is chosen; if several share it, the most accurate of these; then the first in the list.
# - It returns the chosen name, or `None` if no model keeps the limits.
#
# Then use it on `measured` below: one network in several forms, from the lesson's table. Half a point (0.005) may
# be lost. Leave in `chip` what it chooses for the lesson's microcontroller: at most 245,760 `"bytes"` for the model and
# 32,768 bytes of `"ram"` (what the layers pass on, and room to unpack 4-bit weights to int8), and it saves `"bytes"`. Leave
# in `page` what it chooses for a web page that may load 50,000 bytes `"zipped"`, and saves these.
#
# *Lesson: part 3.*

# %% given=true
columns = ("name", "accuracy", "bytes", "zipped", "ram")
rows = [
    ("dense", 0.867, 1_066_440, 990_174, 4_336),
    ("int8", 0.867, 269_480, 249_500, 1_084),
    ("80 % zeros, int8", 0.871, 269_480, 90_570, 1_084),
    ("4 bits", 0.866, 136_380, 119_357, 236_284),
    ("90 % zeros, 4 bits", 0.868, 136_380, 34_208, 236_284),
    ("half width, int8", 0.859, 127_280, 118_185, 934),
    ("eighth width, int8", 0.834, 30_848, 28_960, 822),
]
measured = [dict(zip(columns, row)) for row in rows]


# %% item="choose" answers=["choose", "chip", "page"]
### BEGIN SOLUTION
def choose(models, limits, slack, save):
    fitting = [m for m in models if all(m[cost] <= most for cost, most in limits.items())]
    if not fitting:
        return None
    best = max(m["accuracy"] for m in fitting)
    equal = [m for m in fitting if m["accuracy"] >= best - slack - 1e-9]
    return min(equal, key=lambda m: (m[save], -m["accuracy"]))["name"]


chip = choose(measured, {"bytes": 245_760, "ram": 32_768}, 0.005, "bytes")
page = choose(measured, {"zipped": 50_000}, 0.005, "zipped")
### END SOLUTION

# %% test="choose" points=1
models = [
    {"name": "a", "accuracy": 0.90, "bytes": 500, "latency": 1.0},
    {"name": "b", "accuracy": 0.85, "bytes": 200, "latency": 0.5},
    {"name": "c", "accuracy": 0.845, "bytes": 100, "latency": 0.6},
]
order = [id(model) for model in models]
before = [dict(model) for model in models]
assert choose(models, {"bytes": 300}, 0.0, "bytes") == "b", (
    "a does not fit; of b and c, b is better"
)
assert choose(models, {"bytes": 300}, 0.01, "bytes") == "c", "within 0.01 of b, and smaller"
assert choose(models, {"bytes": 50}, 0.0, "bytes") is None, "nothing fits in 50 bytes"
assert choose(models, {"bytes": 300, "latency": 0.55}, 0.01, "bytes") == "b", (
    "c is too slow. Are all limits kept, or only one of them?"
)
assert models == before and order == [id(model) for model in models], (
    "the list of models has changed: is it sorted in place?"
)
### BEGIN HIDDEN TESTS
assert choose(models, {"bytes": 200}, 0.0, "bytes") == "b", "Is the limit itself allowed?"
assert choose(models, {"bytes": 300, "latency": 0.55}, 0.01, "bytes") == "b", (
    "Are all limits kept, or only one of them?"
)
assert choose(models, {}, 0.0, "bytes") == "a", "Without limits the best accuracy is that of all."
assert choose(models, {"bytes": 300}, 0.02, "latency") == "b", "Which cost should be saved?"
assert choose([], {"bytes": 300}, 0.02, "latency") is None, "No models: nothing keeps the limits."
close = [{"name": n, "accuracy": a, "bytes": b} for n, a, b in (("p", 0.85, 9), ("q", 0.8351, 2))]
assert choose(close, {}, 0.0148, "bytes") == "p", "Is the difference rounded before it is compared?"
### END HIDDEN TESTS

# %% test="choose" points=1
models = [{"name": n, "accuracy": a, "bytes": b} for n, a, b in (("x", 0.8, 9), ("y", 0.81, 9))]
assert choose(models, {"bytes": 9}, 0.02, "bytes") == "y", "same cost: the more accurate one"
### BEGIN HIDDEN TESTS
generator = torch.Generator().manual_seed(7)
for turn in range(40):
    rows = torch.randint(0, 8, (12, 3), generator=generator).tolist()
    models = [
        {"name": str(99 - n), "accuracy": (80 + row[0]) / 100, "bytes": row[1], "latency": row[2]}
        for n, row in enumerate(rows)
    ]
    limits = {"bytes": turn % 8, "latency": 3 + turn % 5}
    slack, save = (turn % 3) / 100, ("bytes", "latency")[turn % 2]
    name = choose(models, limits, slack, save)
    fitting = [
        m for m in models if m["bytes"] <= limits["bytes"] and m["latency"] <= limits["latency"]
    ]
    if not fitting:
        assert name is None, "Where no model keeps the limits, what should come back?"
        continue
    assert name in [m["name"] for m in fitting], "The chosen model breaks a limit."
    top = max(m["accuracy"] for m in fitting)
    equal = [m for m in fitting if m["accuracy"] >= top - slack - 1e-9]
    assert name in [m["name"] for m in equal], (
        "The chosen one is more than the slack below the best. The best of those that fit, not of all."
    )
    least = min(m[save] for m in equal)
    cheapest = [m for m in equal if m[save] == least]
    assert name in [m["name"] for m in cheapest], "Among equally accurate ones, the cost decides."
    highest = max(m["accuracy"] for m in cheapest)
    wanted = next(m["name"] for m in cheapest if m["accuracy"] == highest)
    assert name == wanted, "At the same cost the more accurate one is chosen, then the first."
near = [{"name": "a", "accuracy": 0.8, "bytes": 2}, {"name": "b", "accuracy": 0.7, "bytes": 1}]
assert choose(near, {}, 0.1, "bytes") == "b", "What is 0.8 - 0.1 in Python? Allow for rounding."
### END HIDDEN TESTS

# %% test="choose" points=1
names = [model["name"] for model in measured]
assert chip in names and page in names, "chip and page should be names from the table"
for name, cost, most in ((chip, "bytes", 245_760), (chip, "ram", 32_768), (page, "zipped", 50_000)):
    taken = next(model[cost] for model in measured if model["name"] == name)
    assert taken <= most, f"{name} takes {taken:,} ({cost}), but at most {most:,} are allowed"
### BEGIN HIDDEN TESTS
assert chip == "half width, int8", explain(
    chip,
    {
        "int8": "Does it fit at all? 245,760 is the limit; scales and biases count.",
        "80 % zeros, int8": "Does it fit at all? A zero in the file takes as much as any code.",
        "4 bits": "Are all limits kept? Weights that are unpacked need room.",
        "eighth width, int8": "A ratio is no limit: is it within the slack of the best that fits?",
    },
)
assert page == "90 % zeros, 4 bits", explain(
    page,
    {
        "eighth width, int8": "A ratio is no limit: is it within the slack of the best that fits?",
        "80 % zeros, int8": "Does it fit at all? Look at the zipped bytes.",
    },
)
### END HIDDEN TESTS

# %% [markdown]
# ## 4 · Does the order matter? (3 points)
#
# Write two functions of a tensor of weights, a share and a number of bits (2 to 8). Both return a new
# tensor of the same shape, and leave the weights as they are. The tensor may be a transposed one.
#
# - `prune_then_quantize(weights, share, bits)` sets the `round(share * number)` smallest magnitudes to 0
#   and quantizes the result.
# - `quantize_then_prune(weights, share, bits)` quantizes first, and then sets as many of the smallest
#   magnitudes **of the result** to 0.
#
# Quantize like this: the step is $\max|w| / (2^{b-1}-1)$ of the tensor that you quantize, and each weight is rounded to
# a multiple of it. A tensor of zeros stays as it is. Among equal magnitudes any may go.
#
# Try both on random weights. Then leave in `differs` what can differ between the two results, unless every
# weight goes: `"the step"`, `"how many zeros"` or `"which of equal codes go"`.
#
# Example: `[4., -1., 3., 2.]` with share 0.5 and 3 bits gives `[4., 0., 2.6667, 0.]` with the first
# function, since the step is 4/3.
#
# *Lesson: part 4.*


# %% item="order" answers=["prune_then_quantize", "quantize_then_prune", "differs"]
### BEGIN SOLUTION
def pruned(weights, share):
    order = weights.abs().flatten().argsort()
    mask = torch.ones(weights.numel())
    mask[order[: round(share * weights.numel())]] = 0
    return weights * mask.view(weights.shape)


def quantized(weights, bits):
    widest = weights.abs().max()
    if widest == 0:
        return weights.clone()
    step = widest / (2 ** (bits - 1) - 1)
    return torch.round(weights / step) * step


def prune_then_quantize(weights, share, bits):
    return quantized(pruned(weights, share), bits)


def quantize_then_prune(weights, share, bits):
    return pruned(quantized(weights, bits), share)


differs = "which of equal codes go"
### END SOLUTION

# %% test="order" points=1
result = prune_then_quantize(torch.tensor([4.0, -1.0, 3.0, 2.0]), 0.5, 3)
wanted = torch.tensor([4.0, 0.0, 8 / 3, 0.0])
assert result.shape == (4,), f"the shape should stay (4,), not {tuple(result.shape)}"
assert torch.allclose(result, wanted, atol=1e-4), (
    f"expected {wanted.tolist()}, not {result.tolist()}"
)
turned = torch.tensor([[4.0, -1.0], [3.0, 2.2]]).t()
result = prune_then_quantize(turned, 0.25, 3)
wanted = torch.tensor([[4.0, 8 / 3], [0.0, 8 / 3]])
assert torch.allclose(result, wanted, atol=1e-4), (
    f"a transposed matrix: expected {wanted.tolist()}, not {result.tolist()}"
)
### BEGIN HIDDEN TESTS
generator = torch.Generator().manual_seed(7)
for shape, share, bits in (
    ((9, 11), 0.3, 8),
    ((40, 25), 0.7, 4),
    ((8, 8), 0.5, 2),
    ((5, 6), 0.0, 3),
):
    weights = torch.randn(shape, generator=generator)
    before = weights.clone()
    result = prune_then_quantize(weights, share, bits)
    assert torch.equal(weights, before), "The weights that were passed in have changed."
    assert result.shape == weights.shape, "The shape should stay."
    codes = result / (weights.abs().max() / (2 ** (bits - 1) - 1))
    assert torch.allclose(codes, codes.round(), atol=1e-3), (
        "Every weight is a multiple of the step."
    )
    gone = weights.abs().flatten().argsort()[: round(share * weights.numel())]
    assert (result.flatten()[gone] == 0).all(), "What was pruned must be exactly 0 at the end."
    kept = torch.ones(weights.numel(), dtype=torch.bool)
    kept[gone] = False
    step = weights.abs().max() / (2 ** (bits - 1) - 1)
    error = (result - weights).abs().flatten()[kept]
    assert (error <= step / 2 * 1.001).all(), (
        "What stays is off by more than half a step. Rounded, or cut off? And by how many levels?"
    )
tiny = torch.randn(7, 9, generator=generator).t()
for function in (prune_then_quantize, quantize_then_prune):
    for power in (-60, 60):
        result = function(tiny * 2.0**power, 0.5, 4)
        assert torch.allclose(
            result * 2.0**-power, function(tiny.contiguous(), 0.5, 4), atol=1e-4
        ), "Tiny, huge or transposed weights are weights like others."
assert (prune_then_quantize(torch.randn(6), 1.0, 4) == 0).all(), (
    "All gone: a tensor of zeros stays."
)
### END HIDDEN TESTS

# %% test="order" points=1
result = quantize_then_prune(torch.tensor([4.0, -1.0, 3.0, 2.2]), 0.25, 3)
assert result[1] == 0 and (result[[0, 2, 3]] != 0).all(), f"the -1 should go, not {result.tolist()}"
### BEGIN HIDDEN TESTS
generator = torch.Generator().manual_seed(9)
for shape, share, bits in (
    ((9, 11), 0.3, 8),
    ((40, 25), 0.7, 4),
    ((8, 9), 0.25, 3),
    ((5, 6), 0.0, 3),
):
    weights = torch.randn(shape, generator=generator)
    before = weights.clone()
    result = quantize_then_prune(weights, share, bits)
    assert torch.equal(weights, before), "The weights that were passed in have changed."
    assert result.shape == weights.shape, "The shape should stay."
    step = weights.abs().max() / (2 ** (bits - 1) - 1)
    codes = torch.round(weights / step)
    remove = round(share * weights.numel())
    zeros = int((result == 0).sum())
    assert zeros == max(remove, int((codes == 0).sum())), (
        "The number of zeros is off. Weights that round to 0 have the smallest magnitude there is."
    )
    kept = result != 0
    assert torch.allclose((result / step)[kept], codes[kept], atol=1e-3), (
        "What stays must be the rounded weight, with the step of the tensor that was quantized."
    )
    lost = codes.abs()[~kept]
    assert not kept.any() or lost.max() <= codes.abs()[kept].min(), (
        "Are those that went the smallest of the rounded magnitudes?"
    )
for function in (prune_then_quantize, quantize_then_prune):
    flat = function(torch.ones(10), 0.3, 4)
    assert int((flat == 0).sum()) == 3, (
        "Ten equal weights, 30 %: exactly 3 go. A threshold can't do it."
    )
assert (quantize_then_prune(torch.zeros(5), 0.4, 4) == 0).all(), "A tensor of zeros stays as it is."
### END HIDDEN TESTS

# %% test="order" points=1
answers = ("the step", "how many zeros", "which of equal codes go")
assert differs in answers, f"differs should be one of {answers}"
### BEGIN HIDDEN TESTS
assert differs == "which of equal codes go", explain(
    differs,
    {
        "the step": "Which weight sets the step? Is it among those that go?",
        "how many zeros": "Count them in both results, for many random tensors.",
    },
)
### END HIDDEN TESTS

# %% [markdown]
# ## 5 · Zeros that came back (2 points)
#
# A colleague prunes a layer to 80% zeros and quantizes it to 4 bits with the function below. Then she
# counts the zeros: none is left. (With another layer she gets NaN everywhere.) Find what is wrong and fix
# it, in `quantize_pruned(weights, bits)`:
#
# - it returns the quantized weights as floats, same shape, with at most $2^b$ different values, all from one
#   row of equally spaced levels; also where both ends of the range lie halfway between two levels, such as the weights −1.5,
#   −1, 0, 1 and 1.5 with 2 bits;
# - a weight that is 0 comes back as exactly 0, whatever the others are;
# - every weight is off by at most half a step, where the step is $(\max - \min)/(2^b - 1)$ of the range that
#   holds all weights **and 0**;
# - it may still be asymmetric; all-equal weights and all-zero weights give no NaN.
#
# *Lesson: part 4.*


# %% given=true
def quantize_broken(weights, bits):
    low, high = weights.min(), weights.max()
    step = (high - low) / (2**bits - 1)
    codes = torch.round((weights - low) / step)
    return codes * step + low


# %% item="zeros" answers=["quantize_pruned"]
### BEGIN SOLUTION
def quantize_pruned(weights, bits):
    low, high = weights.min().clamp(max=0), weights.max().clamp(min=0)
    if low == high:
        return torch.zeros_like(weights)
    step = (high - low) / (2**bits - 1)
    zero_point = torch.round(-low / step)
    codes = (torch.round(weights / step) + zero_point).clamp(0, 2**bits - 1)
    return (codes - zero_point) * step


### END SOLUTION

# %% test="zeros" points=1
weights = torch.tensor([0.9, 0.0, -0.35, 0.0, 0.0, 0.2])
result = quantize_pruned(weights.clone(), 4)
assert result.shape == weights.shape, f"the shape should stay (6,), not {tuple(result.shape)}"
assert (result[weights == 0] == 0).all(), f"zeros should stay exactly 0: {result.tolist()}"
step = 1.25 / 15
steps = result / step
assert torch.allclose(steps, steps.round(), atol=1e-3), (
    f"all results should be multiples of the step, {step:.4f}: the levels are not equally spaced around 0 ({result.tolist()})"
)
assert (
    quantize_pruned(torch.tensor([2.0, 3.0]), 2) - torch.tensor([2.0, 3.0])
).abs().max() <= 0.5, (
    "from 0 to 3 there are four levels with 2 bits: 2 and 3 should come back. Is the range that of all weights and 0?"
)
### BEGIN HIDDEN TESTS
generator = torch.Generator().manual_seed(7)
for bits, shift in ((2, 0.0), (4, 0.3), (8, -0.7), (4, 3.0), (3, -4.0)):
    weights = torch.randn(20, 15, generator=generator) * 0.2 + shift
    weights[torch.rand(20, 15, generator=generator) < 0.8] = 0
    result = quantize_pruned(weights.clone(), bits)
    assert (result[weights == 0] == 0).all(), (
        "A zero came back as another number. Is 0 one of the levels, whatever the range?"
    )
### END HIDDEN TESTS

# %% test="zeros" points=1
assert quantize_pruned(torch.zeros(4), 4).tolist() == [0, 0, 0, 0], "all zeros should stay zeros"
result = quantize_pruned(torch.tensor([-1.5, -1.0, 0.0, 1.0, 1.5]), 2)
assert len(result.unique()) <= 4, (
    f"2 bits name four values at most, and these are {result.tolist()}"
)
### BEGIN HIDDEN TESTS
generator = torch.Generator().manual_seed(8)
for bits, shift, gone in (
    (2, 0.0, 0.2),
    (4, 0.1, 0.0),
    (8, -0.2, 0.2),
    (4, 2.0, 0.0),
    (3, -2.0, 0.2),
):
    weights = torch.randn(20, 15, generator=generator) * 0.3 + shift
    weights[torch.rand(20, 15, generator=generator) < gone] = 0
    result = quantize_pruned(weights.clone(), bits)
    low, high = min(0.0, float(weights.min())), max(0.0, float(weights.max()))
    step = (high - low) / (2**bits - 1)
    assert (result - weights).abs().max() <= step * 0.501, (
        "A weight is off by more than half a step. Is the range that of all weights and 0?"
    )
    levels = result.unique()
    assert len(levels) <= 2**bits, "There are more levels than that many bits can name."
    gaps = (levels[1:] - levels[:-1]) / (levels[1:] - levels[:-1]).min()
    assert torch.allclose(gaps, gaps.round(), atol=1e-2), "The levels are not equally spaced."
for bits in (2, 3):
    # Both ends lie half a step off the levels: rounding both outwards would make a level too many.
    end = (2**bits - 1) / 2
    weights = torch.cat([torch.tensor([-end, end]), torch.arange(-int(end), int(end) + 1).float()])
    result = quantize_pruned(weights.clone(), bits)
    assert len(result.unique()) <= 2**bits, (
        "There are more levels than that many bits can name. What holds the codes in their range?"
    )
    assert (result - weights).abs().max() <= 0.501, "A weight is off by more than half a step."
for value in (0.7, -0.7):
    result = quantize_pruned(torch.full((3, 2), value), 4)
    assert torch.isfinite(result).all(), "Equal weights gave NaN. What is divided by what?"
    assert (result - value).abs().max() <= 0.7 / 15 * 0.501, (
        "Weights that are all equal came back as something else."
    )
assert torch.isfinite(quantize_pruned(torch.zeros(2, 3), 2)).all(), "Zeros gave NaN."
weights = torch.randn(50, generator=generator)
step = 2.0**-60 * float(weights.max() - weights.min()) / 15
assert (
    (quantize_pruned(weights * 2.0**-60, 4) - weights * 2.0**-60).abs() <= 0.501 * step
).all(), "Tiny weights have a tiny step. What keeps yours from getting small?"
### END HIDDEN TESTS

# %% [markdown]
# ## 6 · Wake it up without a label (4 points)
#
# In the lesson you set all biases to zero, which is crude. You can do better with a few images, and you don't need their labels.
# After pruning, each output of a layer has a different mean and a different spread. Put both back.
#
# Write `revived(pruned, dense, inputs)`. `pruned` and `dense` are two `nn.Linear` of the same shape, `inputs` has the shape (images,
# inputs). It returns a **new** `nn.Linear`. Over these inputs, each of its outputs has the same mean and the same
# standard deviation as that output of `dense`.
#
# - You may multiply each row of the weights by a positive number, and choose the biases. So what was zero stays zero.
# - An output without any weight left doesn't move, and there is nothing to stretch. Leave its row at zero, and give it the right mean.
# - `pruned` and `dense` stay as they are. Either may come without a bias; the new layer always has one.
#
# *Lesson: part 5.*


# %% item="revive" answers=["revived"]
### BEGIN SOLUTION
def revived(pruned, dense, inputs):
    layer = nn.Linear(pruned.in_features, pruned.out_features)
    with torch.no_grad():
        wanted, there = dense(inputs), inputs @ pruned.weight.t()
        spread = there.std(0)
        factor = torch.where(spread > 0, wanted.std(0) / spread, 1.0)
        layer.weight.copy_(pruned.weight * factor[:, None])
        layer.bias.copy_(wanted.mean(0) - factor * there.mean(0))
    return layer


### END SOLUTION

# %% test="revive" points=1
torch.manual_seed(1)
dense = nn.Linear(20, 6)
pruned = copy.deepcopy(dense)
with torch.no_grad():
    pruned.weight[pruned.weight.abs() < 0.15] = 0
inputs = torch.rand(50, 20)
layer = revived(pruned, dense, inputs)
assert isinstance(layer, nn.Linear) and layer is not pruned, "expected a new nn.Linear"
wanted, result = dense(inputs).detach(), layer(inputs).detach()
assert torch.allclose(result.mean(0), wanted.mean(0), atol=1e-4), (
    "the outputs' means over the images should be those of the dense layer"
)
### BEGIN HIDDEN TESTS
generator = torch.Generator().manual_seed(7)
for outputs, width, scale in ((5, 30, 1.0), (40, 12, 0.01), (3, 100, 20.0)):
    dense, pruned = nn.Linear(width, outputs), nn.Linear(width, outputs)
    with torch.no_grad():
        dense.weight.copy_(scale * torch.randn(outputs, width, generator=generator))
        dense.bias.copy_(scale * torch.randn(outputs, generator=generator))
        gone = torch.rand(outputs, width, generator=generator) < 0.6
        gone[:, 0] = False
        pruned.weight.copy_(dense.weight.masked_fill(gone, 0))
        pruned.bias.copy_(dense.bias)
    inputs = torch.rand(80, width, generator=generator) * 3 + 1
    result, wanted = revived(pruned, dense, inputs)(inputs), dense(inputs)
    assert torch.allclose(result.mean(0), wanted.mean(0), rtol=1e-3, atol=1e-3 * scale), (
        "The means are off. Were they put right before the rows were stretched?"
    )
### END HIDDEN TESTS

# %% test="revive" points=1
torch.manual_seed(2)
dense = nn.Linear(20, 6)
pruned = copy.deepcopy(dense)
with torch.no_grad():
    pruned.weight[pruned.weight.abs() < 0.15] = 0
inputs = torch.rand(50, 20)
layer = revived(pruned, dense, inputs)
wanted, result = dense(inputs).detach(), layer(inputs).detach()
assert torch.allclose(result.std(0), wanted.std(0), rtol=1e-3), (
    "each output should move as much from image to image as that of the dense layer"
)
### BEGIN HIDDEN TESTS
generator = torch.Generator().manual_seed(8)
for outputs, width, scale in ((5, 30, 1.0), (40, 12, 0.01), (3, 100, 20.0), (4, 20, 1e-5)):
    dense, pruned = nn.Linear(width, outputs), nn.Linear(width, outputs)
    with torch.no_grad():
        dense.weight.copy_(scale * torch.randn(outputs, width, generator=generator))
        gone = torch.rand(outputs, width, generator=generator) < 0.6
        gone[:, 0] = False
        pruned.weight.copy_(dense.weight.masked_fill(gone, 0))
    inputs = torch.rand(80, width, generator=generator) * 3 - 1
    layer = revived(pruned, dense, inputs)
    assert torch.allclose(layer(inputs).std(0), dense(inputs).std(0), rtol=1e-3), (
        "The spread is off. Is it one factor per output, and not one for the layer?"
    )
    assert (layer.weight[pruned.weight == 0] == 0).all(), "A pruned weight came back."
    factor = layer.weight[:, 0] / pruned.weight[:, 0]
    assert (factor > 0).all(), "A row was turned around: the factors are positive."
    assert torch.allclose(layer.weight, pruned.weight * factor[:, None], rtol=1e-3, atol=1e-6), (
        "Within a row all weights have the same factor."
    )
### END HIDDEN TESTS

# %% test="revive" points=1
torch.manual_seed(2)
dense = nn.Linear(20, 6)
pruned = copy.deepcopy(dense)
with torch.no_grad():
    pruned.weight[pruned.weight.abs() < 0.15] = 0
    pruned.weight[2] = 0
inputs = torch.rand(50, 20)
layer = revived(pruned, dense, inputs)
assert torch.isfinite(layer.weight).all() and torch.isfinite(layer.bias).all(), (
    "An output without weights has spread 0. What is divided by what?"
)
### BEGIN HIDDEN TESTS
assert (layer.weight[2] == 0).all(), "A row of zeros stays one."
wanted, result = dense(inputs).detach(), layer(inputs).detach()
assert torch.allclose(result.mean(0), wanted.mean(0), atol=1e-4), (
    "An output without weights still gets the mean that it had before."
)
others = [0, 1, 3, 4, 5]
assert torch.allclose(result.std(0)[others], wanted.std(0)[others], rtol=1e-3), (
    "One output without weights must not change what the others get."
)
### END HIDDEN TESTS

# %% test="revive" points=1
torch.manual_seed(3)
dense, pruned = nn.Linear(8, 4), nn.Linear(8, 4, bias=False)
inputs = torch.rand(30, 8)
before = [copy.deepcopy(one.state_dict()) for one in (dense, pruned)]
layer = revived(pruned, dense, inputs)
assert layer.bias is not None, "the new layer always has a bias"
for one, old in zip((dense, pruned), before):
    assert all(torch.equal(one.state_dict()[key], value) for key, value in old.items()), (
        "the layers that were passed in should stay as they are"
    )
### BEGIN HIDDEN TESTS
with torch.no_grad():
    layer.weight.zero_()
    layer.bias.zero_()
for one, old in zip((dense, pruned), before):
    assert all(torch.equal(one.state_dict()[key], value) for key, value in old.items()), (
        "Training the new layer changes an old one. Do they share memory?"
    )
dense, pruned = nn.Linear(8, 4, bias=False), nn.Linear(8, 4)
try:
    result = revived(pruned, dense, inputs)(inputs)
except Exception:
    result = None
assert result is not None, "There was an error. `dense` may come without a bias as well."
assert torch.allclose(result.mean(0), dense(inputs).mean(0), atol=1e-4), (
    "The means are off where the dense layer has no bias."
)
### END HIDDEN TESTS

# %% [markdown]
# ## 7 · One page for the team (3 points, graded by your teacher)
#
# Your team builds a camera that sorts clothes. The chip has 256 KiB of flash, of which 240 KiB are left for the model, int8 kernels,
# none for sparse matrices, and not enough RAM to unpack a compressed model. A colleague says: *“Prune to 95
# % and quantize to 2 bits. That is 20 times 16, so 320 times smaller. I tried it on one seed, and it had
# the best accuracy of all that fit, on the test images.”*
#
# Write a recommendation of half a page to one page: what you would ship, or which candidates you would
# still compare, and why; what is wrong with the factor 320; what is wrong with how the winner was found;
# how you would decide, with which data and which rule. Use numbers from the lesson where they help.
#
# *Lesson: parts 1, 2, 3 and 5.*

# %% [markdown] item="page" manual=true points=3
# ### BEGIN SOLUTION
# **Recommendation.** A narrower network in int8, chosen among those that fit by the rule below. It is
# dense, so the chip reads it as it is, and it has fewer multiply-accumulates. With half of the units removed LeNet-300-100 takes
# 127,280 bytes and loses about half a point. A 4-bit version would need a kernel that reads 4 bits, or RAM for a whole layer
# of int8 weights, which is more than the chip has.
#
# **The factor.** Gains don't multiply. The chip keeps the weights unpacked, so a zero takes as many bits as
# any code: 95% zeros save nothing there, and the factor is at most 16, less scales and biases. Only a
# compressed file profits from zeros, and that has a bound, the entropy: besides the values a file
# must say where the zeros are, which costs as much with 2 bits as with 8.
#
# **The winner.** One seed is an anecdote. The best of many candidates is best partly by luck, and on the
# test images that luck was used up for the choice: the number no longer says what to expect. Choose on
# validation images, with several seeds and the same training for all, the dense control too; compare the
# last candidates seed by seed (a paired interval); call what is within noise equal, and take
# the cheaper one. Look at the test images once, at the end.
#
# Rubric, 1 point each:
#
# 1. Recommends something that fits this chip **and** says why in its terms (bytes as stored, kernels). A
#    recommendation that needs sparse kernels or unpacking: half a point at most.
# 2. The factor: dense storage of zeros **or** the shared saving of zeros and few bits (entropy), for half a
#    point each.
# 3. The choice: names selection on test images **and** one seed as faults, and validation data, seeds or a
#    paired comparison as the remedy. One of the faults with its remedy: half a point.
# ### END SOLUTION
