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
# Eight items, 20 points, about 80 minutes. Everything you need stands in [the
# lesson](../../notebooks/10_trade_offs.ipynb); each item says where.
#
# - Write your answer in place of `raise NotImplementedError()`. Keep the names that the item asks for; all
#   other names are yours.
# - Run the tests under each item. They show a part of what is checked. The rest is checked on inputs that
#   you have not seen, so solve the task and not the example. Of a
#   decision (a name, a list of findings) they check the form; whether it is right comes with your mark.
# - The items do not need each other. If one resists, go on.

# %% given=true
import math

import torch

from coursekit import explain

# %% [markdown]
# ## 1 · False alarms (2 points)
#
# An A/A test runs a test where there is nothing to find: on networks of the *same* setting that differ by their seed only.
#
# Write `false_alarms(settings, test, limit)`. `settings` is a list of settings; each is a list of networks, one per
# seed. `test(first, second)` compares two networks and returns a p. The function returns, as a float, which share of all
# pairs of networks of the same setting get a p **below** `limit`.
#
# - Each pair counts once, and no network is a pair with itself. A setting with three seeds has three pairs, one with a single
#   seed has none. All pairs count alike, whichever setting they are from.
# - The test tells nothing about order: call it once for each pair.
# - If there is no pair at all: `ValueError`.
#
# Example: `false_alarms([[1, 2, 4], [7]], lambda a, b: abs(a - b) / 10, 0.25)` is 2/3: of the pairs (1, 2), (1, 4) and
# (2, 4) the first and the last have a p below 0.25.
#
# Then leave in `means` what a share of 0.45 with a limit of 0.05 tells, on networks that were trained as the lesson's: `"the
# settings differ"`, `"seeds differ by more than images alone explain"` or `"the test has too few images"`.
#
# *Lesson: part 3.*


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
# ## 2 · What a file can't beat (2 points)
#
# Write `entropy_bytes(codes)` for a tensor of integers (any shape, any integer type, negative ones
# too). It returns as a float how many **bytes** a file of these codes takes at least, if each code is
# written by itself, with one table for all:
#
# $$\frac{n}{8}\,\sum_c p_c \log_2\frac{1}{p_c}$$
#
# $n$ is the number of codes and $p_c$ the share of those that are $c$. No codes take no bytes.
#
# Example: sixteen codes, 8 of them 0 and 8 of them 1, take 2 bytes.
#
# *Lesson: part 4.*


# %% item="entropy" answers=["entropy_bytes"]
### BEGIN SOLUTION
def entropy_bytes(codes):
    counts = codes.flatten().unique(return_counts=True)[1]
    shares = counts.double() / codes.numel()
    return float((shares * (1 / shares).log2()).sum()) * codes.numel() / 8


### END SOLUTION

# %% test="entropy" points=1
codes = torch.tensor([0, 1] * 8)
result = entropy_bytes(codes)
assert isinstance(result, float), f"expected a float, but got {type(result).__name__}"
assert math.isclose(result, 2.0, rel_tol=1e-5), f"sixteen codes of 1 bit take 2 bytes, not {result}"
result = entropy_bytes(codes - 3)
assert math.isclose(result, 2.0, rel_tol=1e-5), (
    f"the same with codes −3 and −2: 2 bytes, not {result}"
)
### BEGIN HIDDEN TESTS
codes = torch.tensor([3] * 500 + [-2] * 250 + [0] * 125 + [1] * 125)
try:
    result = entropy_bytes(codes)
except Exception:
    result = None
assert result is not None, "There was an error. Negative codes are codes like any other."
assert not math.isnan(result), "That gave NaN. Which share has no logarithm?"
assert math.isclose(result, 1000 * 1.75 / 8, rel_tol=1e-5), explain(
    result,
    {
        1000 * 1.75: "Is that in bits or in bytes?",
        1.75: "That is for one code. How many are there?",
        1.75 / 8: "That is for one code. How many are there?",
        1000 * 1.75 / 8 * math.log(2): "The logarithm to which base counts bits?",
        1000 * 2 / 8: "Those are bits of a fixed width. Do frequent codes not get shorter ones?",
    },
)
### END HIDDEN TESTS

# %% test="entropy" points=1
assert entropy_bytes(torch.zeros(100, dtype=torch.int8)) == 0, "one code for all: nothing to tell"
### BEGIN HIDDEN TESTS
assert entropy_bytes(torch.zeros(0, dtype=torch.int64)) == 0, "No codes take no bytes."
assert entropy_bytes(torch.tensor([5])) == 0, "One code is all there is: what is left to tell?"
generator = torch.Generator().manual_seed(7)
for bits in (1, 3, 8):
    even = torch.arange(2**bits).repeat(40) - 2 ** (bits - 1)
    even = even[torch.randperm(len(even), generator=generator)]
    assert math.isclose(entropy_bytes(even), len(even) * bits / 8, rel_tol=1e-5), (
        "Where all codes are equally frequent, nothing beats the fixed width. Negative ones count too."
    )
matrix = torch.randint(-7, 8, (30, 20), generator=generator).to(torch.int8)
values = matrix.flatten().tolist()
shares = [values.count(value) / 600 for value in set(values)]
wanted = -600 / 8 * sum(share * math.log2(share) for share in shares)
assert math.isclose(entropy_bytes(matrix), wanted, rel_tol=1e-5), "Does a matrix work too?"
assert math.isclose(entropy_bytes(torch.tensor([0, 256, 512, 1024])), 1.0, rel_tol=1e-5), (
    "Codes may be larger than an int8 can hold."
)
assert math.isclose(entropy_bytes(torch.tensor([2048, 2049, 4464, 70_000])), 1.0, rel_tol=1e-5), (
    "Codes may be larger than an int16 can hold, and next to each other. What are they turned into?"
)
assert math.isclose(entropy_bytes(matrix.t()), wanted, rel_tol=1e-5), (
    "Only how often each code occurs matters, not where."
)
### END HIDDEN TESTS

# %% [markdown]
# ## 3 · The Pareto front (3 points)
#
# Write `pareto_front(points, best)`. `points` is a list of models; each is a tuple of $k$ numbers. `best`
# is a list of $k$ texts, `"max"` or `"min"`: whether more or less is better in that place. It returns the
# list of **positions**, in ascending order, of all points that no other point dominates. A point dominates another if it
# is at least as good in every place, and better in at least one.
#
# - Equal points do not dominate each other: both stay, or both go.
# - There may be no points, one point, or one criterion; infinity is a number like others.
# - A NaN anywhere, or a text other than these two, raises `ValueError`.
#
# Example: `pareto_front([(0.9, 300), (0.8, 100), (0.7, 200)], ["max", "min"])` is `[0, 1]`.
#
# *Lesson: part 2.*


# %% item="front" answers=["pareto_front"]
### BEGIN SOLUTION
def pareto_front(points, best):
    if any(way not in ("max", "min") for way in best):
        raise ValueError("best holds max and min only")
    if any(math.isnan(value) for point in points for value in point):
        raise ValueError("NaN can't be compared")
    signs = [1 if way == "max" else -1 for way in best]
    higher = [tuple(s * v for s, v in zip(signs, point)) for point in points]
    front = []
    for place, one in enumerate(higher):
        beaten = any(all(o >= v for o, v in zip(other, one)) and other != one for other in higher)
        if not beaten:
            front.append(place)
    return front


### END SOLUTION

# %% test="front" points=1
front = pareto_front([(0.9, 300), (0.8, 100), (0.7, 200)], ["max", "min"])
assert list(front) == [0, 1], f"the third is dominated by the second: expected [0, 1], got {front}"
front = pareto_front([(3, 9), (1, 4), (2, 8)], ["min", "max"])
assert list(front) == [0, 1, 2] and list(pareto_front([(3, 9), (1, 9)], ["min", "max"])) == [1], (
    "here less is better in the first place. Does your function read each direction?"
)
### BEGIN HIDDEN TESTS
generator = torch.Generator().manual_seed(7)
for best in (["max", "min"], ["min", "min"], ["min", "max", "max"], ["max", "max", "min", "min"]):
    points = [tuple(row) for row in torch.rand(60, len(best), generator=generator).tolist()]
    signs = [1 if way == "max" else -1 for way in best]
    wanted = []
    for place, one in enumerate(points):
        beaten = False
        for other in points:
            gains = [sign * (o - v) for sign, o, v in zip(signs, other, one)]
            beaten = beaten or (min(gains) >= 0 and max(gains) > 0)
        if not beaten:
            wanted.append(place)
    front = list(pareto_front(points, best))
    assert set(front) >= set(wanted), (
        "A point is missing that nobody dominates. Does your function read each direction?"
    )
    assert set(front) <= set(wanted), (
        "A point on your front is dominated. Is it better in one and worse in none, for all criteria?"
    )
    assert front == wanted, "Positions, in ascending order, each one once."
### END HIDDEN TESTS

# %% test="front" points=1
assert list(pareto_front([(1, 5), (1, 5), (2, 9)], ["max", "min"])) == [0, 1, 2], (
    "equal points do not dominate each other: both stay"
)
### BEGIN HIDDEN TESTS
assert list(pareto_front([], ["max", "min"])) == [], "No points have no front."
assert list(pareto_front([(0.5, 3)], ["max", "min"])) == [0], "One point has nobody above it."
assert list(pareto_front([(3,), (1,), (3,)], ["max"])) == [0, 2], "One criterion: all the best."
assert list(pareto_front([(1, math.inf), (0, 4)], ["max", "min"])) == [0, 1], (
    "Infinity is a number like others."
)
assert list(pareto_front([(1, 5), (1, 4), (2, 5)], ["max", "min"])) == [1, 2], (
    "Two points are equal in one criterion. Who is better in the other one?"
)
assert list(pareto_front([(0.5, math.inf), (0.4, math.inf)], ["max", "min"])) == [0], (
    "Two infinite sizes are equal, and infinity is a number like others."
)
assert list(pareto_front([(1, 2**24), (1, 2**24 + 1)], ["max", "min"])) == [0], (
    "Two sizes that nearly agree are not equal. What are your numbers turned into?"
)
generator = torch.Generator().manual_seed(8)
for best in (["max", "min"], ["min", "max"], ["max", "min", "min"]):
    points = [
        tuple(row) for row in torch.randint(0, 5, (80, len(best)), generator=generator).tolist()
    ]
    points += points[:20]
    signs = [1 if way == "max" else -1 for way in best]
    wanted = []
    for place, one in enumerate(points):
        beaten = False
        for other in points:
            gains = [sign * (o - v) for sign, o, v in zip(signs, other, one)]
            beaten = beaten or (min(gains) >= 0 and max(gains) > 0)
        if not beaten:
            wanted.append(place)
    front = list(pareto_front(points, best))
    assert set(front) >= set(wanted), "With ties a point is missing. Do equal points both stay?"
    assert set(front) <= set(wanted), (
        "With ties a dominated point is on the front. Equal in one and worse in the other: dominated."
    )
### END HIDDEN TESTS

# %% test="front" points=1
try:
    pareto_front([(0.9, 300), (math.nan, 100)], ["max", "min"])
    outcome = "no error"
except ValueError:
    outcome = "ValueError"
except Exception:
    outcome = "another error"
assert outcome == "ValueError", f"a NaN should raise ValueError, but there was {outcome}"
### BEGIN HIDDEN TESTS
for points, best in (
    ([(math.nan, 1)], ["max", "min"]),
    ([(1, 2), (2, math.nan)], ["max", "min"]),
    ([(1, 2), (2, 3)], ["max", "least"]),
    ([(1,), (2,)], ["MAX"]),
    ([], ["largest"]),
    ([(1,)], ["most"]),
):
    try:
        pareto_front(points, best)
        outcome = "no error"
    except ValueError:
        outcome = "ValueError"
    except Exception:
        outcome = "another error"
    assert outcome != "no error", "A NaN, or a direction that is none, went through without a word."
    assert outcome == "ValueError", "What kind of error does the prompt ask for?"
### END HIDDEN TESTS

# %% [markdown]
# ## 4 · Two models, the same images (2 points)
#
# Write `paired(first, second)`. Both are lists of `bool`, as long as each other: whether each image was
# answered right by the first model, and by the second. It returns a tuple `(lost, won, p)`:
#
# - `lost`: how many images only the **first** gets right; `won`: how many only the second; both `int`;
# - `p`: how often `lost + won` fair coins fall at least as unevenly, both ways counted: $p = \min\left(1,\;
#   2 \sum_{k=0}^{\min(\text{lost},\,\text{won})} \binom{m}{k} \,/\, 2^m\right)$ with $m$ for lost and won together.
#
# Lists of different lengths raise `ValueError`. There may be thousands of images on which the two differ.
#
# Example: with `first = [True] * 6 + [False]` and `second = [False] * 6 + [True]` it returns `(6, 1,
# 0.125)`.
#
# *Lesson: part 3.*


# %% item="paired" answers=["paired"]
### BEGIN SOLUTION
def paired(first, second):
    if len(first) != len(second):
        raise ValueError(f"{len(first)} answers, but {len(second)}")
    lost = sum(1 for a, b in zip(first, second) if a and not b)
    won = sum(1 for a, b in zip(first, second) if b and not a)
    coins = lost + won
    tail = sum(math.comb(coins, k) for k in range(min(lost, won) + 1)) / 2**coins
    return lost, won, min(1.0, 2 * tail)


### END SOLUTION

# %% test="paired" points=1
lost, won, p = paired([True] * 6 + [False], [False] * 6 + [True])
assert (lost, won) == (6, 1), f"expected 6 lost and 1 won, but got {lost} and {won}"
assert type(lost) is int and type(won) is int, "lost and won should be int"
assert math.isclose(p, 0.125, rel_tol=1e-6), f"the p of 6 to 1 is 0.125, not {p}"
### BEGIN HIDDEN TESTS
# With this seed the counts are never equal: that edge belongs to the next test.
generator = torch.Generator().manual_seed(1)
for n in (20, 300, 2000):
    one = (torch.rand(n, generator=generator) < 0.85).tolist()
    turns = (torch.rand(n, generator=generator) < 0.1).tolist()
    two = [(not a) if turn else a for a, turn in zip(one, turns)]
    for first, second in ((one, two), (two, one)):
        b = sum(x > y for x, y in zip(first, second))
        c = sum(x < y for x, y in zip(first, second))
        lost, won, p = paired(first, second)
        assert (lost, won) == (b, c), explain(
            (lost, won),
            {(c, b): "Who is right alone? Lost is what only the first gets right."},
            "Count the images on which exactly one of the two is right.",
        )
        tail = sum(math.comb(b + c, k) for k in range(min(b, c) + 1)) / 2 ** (b + c)
        assert math.isclose(p, min(1.0, 2 * tail), rel_tol=1e-6), explain(
            p,
            {
                tail: "Both ways count: it could as well have fallen to the other side.",
                1: "Is it always the same model that wins less often?",
            },
            "The p does not fit these counts. Images that both get right play no part.",
        )
### END HIDDEN TESTS

# %% test="paired" points=1
same = paired([True, False, True], [True, False, True])
assert tuple(same) == (0, 0, 1), f"two models that answer alike: expected (0, 0, 1), got {same}"
### BEGIN HIDDEN TESTS
lost, won, p = paired([True, False] * 3, [False, True] * 3)
assert p == 1, "Three to three is as even as it gets. A probability is never above 1."
lost, won, p = paired([True] * 1500 + [False] * 1450, [False] * 1500 + [True] * 1450)
coins, half = 2950, 0
for k in range(1451):
    half += math.comb(coins, k)
assert math.isclose(p, 2 * half / 2**coins, rel_tol=1e-6), (
    "With thousands of images the p is off. Python's whole numbers have no limit; floats do."
)
assert tuple(paired([], [])) == (0, 0, 1), "No images show no difference."
for first, second in (([True], []), ([True, False], [True]), ([], [False])):
    try:
        paired(first, second)
        outcome = "no error"
    except ValueError:
        outcome = "ValueError"
    except Exception:
        outcome = "another error"
    assert outcome == "ValueError", "What should happen when the lists differ in length?"
### END HIDDEN TESTS

# %% [markdown]
# ## 5 · Choose under limits (3 points)
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
# Then use it on `measured` below: one network in several forms, from the lesson's table. One point (0.01) may
# be lost. Leave in `chip` what it chooses for the lesson's microcontroller: at most 245,760 `"bytes"` for the model and
# 32,768 bytes of `"ram"` (what the layers pass on, and room to unpack 4-bit weights to int8), and it saves `"bytes"`. Leave
# in `page` what it chooses for a web page that may load 50,000 bytes `"zipped"`, and saves these.
#
# *Lesson: part 8. Its `slack` counts from the dense control; this one counts from the best that fits.*

# %% given=true
columns = ("name", "accuracy", "bytes", "zipped", "ram")
rows = [
    ("dense", 0.857, 1_066_440, 990_500, 4_336),
    ("int8", 0.856, 269_480, 248_442, 1_084),
    ("80 % zeros, int8", 0.861, 269_480, 88_934, 1_084),
    ("4 bits", 0.856, 136_380, 118_584, 236_284),
    ("90 % zeros, 4 bits", 0.853, 136_380, 34_283, 236_284),
    ("half width, int8", 0.848, 127_280, 118_203, 934),
    ("eighth width, int8", 0.825, 30_848, 29_237, 822),
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


chip = choose(measured, {"bytes": 245_760, "ram": 32_768}, 0.01, "bytes")
page = choose(measured, {"zipped": 50_000}, 0.01, "zipped")
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
        {"name": str(n), "accuracy": (80 + row[0]) / 100, "bytes": row[1], "latency": row[2]}
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
# ## 6 · Does the order matter? (3 points)
#
# Write two functions of a tensor of weights, a share and a number of bits (2 to 8). Both return a new
# tensor of the same shape, and leave the weights as they are.
#
# - `prune_then_quantize(weights, share, bits)` sets the `round(share * number)` smallest magnitudes to 0
#   and quantizes the result.
# - `quantize_then_prune(weights, share, bits)` quantizes first, and then sets as many of the smallest
#   magnitudes **of the result** to 0.
#
# To quantize is here: step $= \max|w| / (2^{b-1}-1)$ of the tensor that is quantized, round each weight to
# a multiple of the step. A tensor of zeros stays as it is. Among equal magnitudes any may go.
#
# Try both on random weights. Then leave in `differs` what can differ between the two results, unless every
# weight goes: `"the step"`, `"how many zeros"` or `"which of equal codes go"`.
#
# Example: `[4., -1., 3., 2.]` with share 0.5 and 3 bits gives `[4., 0., 2.6667, 0.]` with the first
# function, since the step is 4/3.
#
# *Lesson: part 5.*


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
flat = quantize_then_prune(torch.ones(10), 0.3, 4)
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
# ## 7 · Zeros that came back (2 points)
#
# A colleague prunes a layer to 80 % zeros and quantizes it to 4 bits with the function below. Then she
# counts the zeros: none is left. (With another layer she gets NaN everywhere.) Find what is wrong and mend
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
# *Lesson: part 5.*


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
result = quantize_pruned(weights, 4)
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
    result = quantize_pruned(weights, bits)
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
    result = quantize_pruned(weights, bits)
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
    result = quantize_pruned(weights, bits)
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
# ## 8 · One page for the team (3 points, graded by your teacher)
#
# Your team builds a camera that sorts clothes. The chip has 256 KiB of flash, of which 240 KiB are left for the model, int8 kernels,
# none for sparse matrices, and not enough RAM to unpack a compressed model. A colleague says: *“Prune to 95
# % and quantize to 2 bits. That is 20 times 16, so 320 times smaller. I tried it on one seed, and it had
# the best accuracy of all that fit, on the test images.”*
#
# Write a recommendation of half a page to one page: what you would ship, or which candidates you would
# still compare, and why; what is wrong with the factor 320; what is wrong with how the winner was found;
# how you would decide, with which data and which rule. Use numbers from the lesson where they help: the table of part 8, the verdicts of
# part 3.
#
# *Lesson: parts 3, 4, 6 and 8.*

# %% [markdown] item="page" manual=true points=3
# ### BEGIN SOLUTION
# **Recommendation.** A narrower network in int8, chosen among those that fit by the rule below. It is
# dense, so the chip reads it as it is, and it has fewer multiply-accumulates. The lesson's choice for this chip has 75 and
# 25 hidden units and takes 61,805 bytes. A 4-bit version would need a kernel that reads 4 bits, or RAM for a whole layer
# of int8 weights, which is more than the chip has.
#
# **The factor.** Gains don't multiply. The chip keeps the weights unpacked, so a zero takes as many bits as
# any code: 95 % zeros save nothing there, and the factor is at most 16, less scales and biases. Only a
# compressed file profits from zeros, and that has a bound, the entropy: besides the values a file
# must say where the zeros are, which costs as much with 2 bits as with 8.
#
# **The winner.** One seed is an anecdote. The best of many candidates is best partly by luck, and on the
# test images that luck was used up for the choice: the number no longer says what to expect. Choose on
# validation images, with several seeds and the same training for all, the dense control too; compare the
# last candidates image by image (McNemar or a paired interval); call what is within noise equal, and take
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
