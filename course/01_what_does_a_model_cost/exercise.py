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
# # 01 · What does a model cost?: exercise
#
# Eight items, 20 points, about 75 minutes. Everything you need stands in
# [the lesson](../../notebooks/01_what_does_a_model_cost.ipynb); each item says where.
#
# - Write your answer in place of `raise NotImplementedError()`. Keep the names that the item asks for; all
#   other names are yours.
# - Run the tests under each item. They show a part of what is checked. The rest is checked on inputs that
#   you have not seen, so solve the task and not the example. Of a
#   decision (a name, a list of findings) they check the form; whether it is right comes with your mark.
# - The items do not need each other. If one resists, go on.
# - Nothing is timed with a real clock, so a busy machine does no harm.

# %% given=true
import copy
import math
from itertools import pairwise

import numpy as np
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from coursekit import explain
from coursekit.pictures import plot

# %% [markdown]
# ## 1 · Parameters and MACs (3 points)
#
# Write `cost(model, shape)`. `model` is an `nn.Sequential` of convolutions (`nn.Conv2d`), linear layers (after an `nn.Flatten`), batch norms and layers without parameters; `shape` is
# that of **one** image, such as `(1, 28, 28)`. It returns a tuple of two `int`s: how many parameters the model has, biases and batch norms included, and how many MACs its convolutions and
# linear layers take for one image, without biases. The model stays as it is: the mode of each layer, and the statistics of a batch norm too. Don't use `FlopCounterMode`: you may want it to check your answer.
#
# Example: `nn.Sequential(nn.Conv2d(1, 2, 3))` on `(1, 5, 5)` costs `(20, 162)`.
#
# *Lesson: parts 1 and 2.*


# %% item="cost" answers=["cost"]
### BEGIN SOLUTION
def cost(model, shape):
    parameters = sum(values.numel() for values in model.parameters())
    x, macs = torch.zeros(1, *shape), 0
    with torch.no_grad():
        for layer in copy.deepcopy(model).eval():
            x = layer(x)
            if isinstance(layer, nn.Conv2d | nn.Linear):
                macs += layer.weight.numel() * (x.numel() // x.shape[1])
    return parameters, macs


### END SOLUTION

# %% test="cost" points=1
answer = cost(nn.Sequential(nn.Conv2d(1, 2, 3)), (1, 5, 5))
assert isinstance(answer, tuple) and len(answer) == 2, f"expected a tuple of two, but got {answer}"
assert all(isinstance(part, int) for part in answer), f"both should be int, but you get {answer}"
assert answer[0] == 20, explain(
    answer[0],
    {18: "18 weights, and what else does a convolution have?", 2: "those are the biases alone"},
    f"2 filters of 9 weights and 2 biases are 20 parameters, not {answer[0]}",
)
### BEGIN HIDDEN TESTS
for wanted, layers in (
    (
        52138,
        [
            nn.Conv2d(1, 8, 3),
            nn.Conv2d(8, 16, 3),
            nn.AdaptiveAvgPool2d(7),
            nn.Flatten(),
            nn.Linear(784, 64),
            nn.ReLU(),
            nn.Linear(64, 10),
        ],
    ),
    (
        77,
        [
            nn.Conv2d(1, 4, (2, 5), bias=False),
            nn.BatchNorm2d(4),
            nn.Conv2d(4, 4, (2, 3), groups=4, bias=False),
            nn.ReLU(),
            nn.Conv2d(4, 1, 1, bias=True),
            nn.BatchNorm2d(1, affine=False),
            nn.MaxPool2d(2),
        ],
    ),
):
    parameters = cost(nn.Sequential(*layers), (1, 28, 28))[0]
    assert parameters != wanted - 8, "A batch norm learns numbers, too."
    assert parameters == wanted, (
        "Parameters: is each one counted once, of every layer that has some?"
    )
frozen = nn.Sequential(nn.Flatten(), nn.Linear(12, 5)).requires_grad_(False)
assert cost(frozen, (3, 2, 2))[0] == 65, "A layer that is not trained has parameters, too."
### END HIDDEN TESTS

# %% test="cost" points=1
answer = cost(nn.Sequential(nn.Conv2d(1, 2, 3)), (1, 5, 5))
assert answer[1] == 162, explain(
    answer[1],
    {
        324: "those are FLOPs: a MAC is a multiplication and its addition",
        450: "a 3×3 filter without padding fits into a 5×5 image at 3×3 positions",
        18: "18 weights, each of them used at how many positions?",
        180: "biases are not counted as MACs",
        81: "one output channel takes 81 MACs. How many are there?",
    },
    f"18 weights, each at 3×3 positions, are 162 MACs, not {answer[1]} (lesson, part 2)",
)
macs = cost(nn.Sequential(nn.Flatten(), nn.Linear(12, 5), nn.ReLU(), nn.Linear(5, 2)), (3, 2, 2))[1]
assert macs == 70, f"12·5 + 5·2 are 70 MACs, not {macs}"
macs = cost(nn.Sequential(nn.Conv2d(4, 4, 3, groups=4), nn.Conv2d(4, 2, (1, 3))), (4, 5, 5))[1]
assert macs == 396, explain(
    macs,
    {1368: "with 4 groups a filter sees one channel, not four"},
    f"36 weights at 9 positions and 24 weights at 3 are 396 MACs, not {macs}",
)
### BEGIN HIDDEN TESTS
for shape, layer in (
    ((1, 28, 28), nn.Conv2d(1, 8, 3, padding=1)),
    ((4, 9, 7), nn.Conv2d(4, 6, (5, 2), stride=(2, 1), padding=(1, 0))),
    ((16, 14, 14), nn.Conv2d(16, 16, 3, padding=1, stride=2, groups=16)),
    ((6, 7, 7), nn.Conv2d(6, 16, 3, dilation=2, groups=2)),
    ((8, 2, 5), nn.Conv2d(8, 4, 1, bias=False)),
):
    with torch.no_grad():
        positions = layer(torch.zeros(1, *shape))[0, 0].numel()
    wanted = positions * layer.weight.numel()
    got = cost(nn.Sequential(layer), shape)[1]
    assert got != 2 * wanted, "Twice too many: MACs are asked for, not FLOPs."
    assert got == wanted, (
        "A convolution is off. Think of padding, stride, groups, and filters that are not square."
    )
### END HIDDEN TESTS

# %% test="cost" points=1
norm = nn.BatchNorm2d(2)
model = nn.Sequential(nn.Conv2d(1, 2, 3), norm, nn.Flatten(), nn.Linear(18, 3))
model.train()
answer = cost(model, (1, 5, 5))
assert answer == (81, 216), f"expected (81, 216) with a batch norm and a linear layer, not {answer}"
assert model.training, "the model was in training mode and is not any more"
assert int(norm.num_batches_tracked) == 0, "a run in training mode has changed the batch norm"
### BEGIN HIDDEN TESTS
for channels, side in ((3, 12), (1, 20), (2, 9)):
    norm = nn.BatchNorm2d(7)
    norm.running_mean += 0.5
    body = [
        nn.Conv2d(channels, 7, 3, padding=1),
        norm,
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(7, 5, 2, stride=2),
    ]
    half = side // 2 // 2
    model = nn.Sequential(*body, nn.Flatten(), nn.Linear(5 * half * half, 4)).eval()
    wanted = (
        channels * 63 + 7 + 14 + 140 + 5 + 5 * half * half * 4 + 4,
        side * side * channels * 63 + half * half * 140 + 5 * half * half * 4,
    )
    before = {name: values.clone() for name, values in model.state_dict().items()}
    assert cost(model, (channels, side, side)) == wanted, (
        "A whole CNN is off. Does pooling change what comes after it?"
    )
    now = model.state_dict()
    assert all(torch.equal(before[name], now[name]) for name in before), "The model has changed."
    assert not any(part.training for part in model.modules()), "The model's mode has changed."
frozen = nn.BatchNorm2d(2)
model = nn.Sequential(nn.Conv2d(1, 2, 3), frozen).train()
frozen.eval()
cost(model, (1, 5, 5))
assert model.training and not frozen.training, (
    "A layer that was in evaluation mode is not any more."
)
### END HIDDEN TESTS

# %% [markdown]
# ## 2 · Does it fit? (3 points)
#
# Write two functions; both return an `int`.
#
# `weight_bytes(parameters, bits)`: the bytes of so many parameters with so many bits each, packed without gaps. A byte that is begun counts.
#
# `peak_bytes(sizes, bits)`: `sizes` says how many values there are between the layers, from the input of the first layer to the output of the last; two numbers or more. While a layer runs, its input and its output are
# alive, nothing else. It returns the most bytes that are alive at once. Each of the two tensors is packed by itself.
#
# Then decide for the chip below (“convolutions” is the CNN of the lesson): leave in `widest` a `dict` from each name in `candidates` to the largest of 32, 16, 8 and 4 bits with which the weights fit into its flash **and** the activations into its RAM, or to `None`
# where there is none. Weights and activations get the same number of bits.
#
# Example: 5 parameters in 4 bits take 3 bytes; `peak_bytes([10, 4, 6], 8)` is 14.
#
# *Lesson: part 1.*

# %% given=true of="memory"
flash, ram = 512 * 1024, 128 * 1024  # bytes
candidates = {  # parameters, and how many values there are between the layers
    "one hidden layer": (203_530, [784, 256, 256, 10]),
    "convolutions": (29_690, [784, 31_360, 31_360, 31_360, 31_360, 7840, 7840, 7840, 40, 10]),
    "wide": (1_050_000, [784, 1300, 1300, 10]),
    "large image": (4_000, [65_536, 131_072, 131_072, 32_768, 10]),
    "tiny": (1_194, [784, 12_544, 12_544, 16, 10]),
    "huge image": (900, [150_528, 200_704, 50_176, 10]),
    "thin and deep": (131_072, [784, *[64] * 30, 10]),
    "patches": (400_000, [3072, 8192, 4096, 100]),
}


# %% item="memory" answers=["weight_bytes", "peak_bytes", "widest"]
### BEGIN SOLUTION
def weight_bytes(parameters, bits):
    return -(-parameters * bits // 8)


def peak_bytes(sizes, bits):
    packed = [weight_bytes(size, bits) for size in sizes]
    return max(a + b for a, b in pairwise(packed))


widest = {
    name: next(
        (
            bits
            for bits in (32, 16, 8, 4)
            if weight_bytes(parameters, bits) <= flash and peak_bytes(sizes, bits) <= ram
        ),
        None,
    )
    for name, (parameters, sizes) in candidates.items()
}
### END SOLUTION

# %% test="memory" points=1
size = weight_bytes(5, 4)
assert isinstance(size, int), f"bytes are an int, not {type(size).__name__}"
assert size == 3, explain(
    size,
    {
        20: "those are bits",
        2: "20 bits are 2.5 bytes, and the half byte is needed",
        5: "two values of 4 bits share a byte",
    },
    f"5 parameters of 4 bits are 20 bits, so 3 bytes, not {size}",
)
### BEGIN HIDDEN TESTS
for parameters, bits, wanted in (
    (1000, 32, 4000),
    (1000, 1, 125),
    (1001, 1, 126),
    (8, 1, 1),
    (9, 1, 2),
    (0, 8, 0),
    (3, 3, 2),
    (7_000_000_001, 4, 3_500_000_001),
    (1, 2, 1),
    (16, 3, 6),
):
    assert weight_bytes(parameters, bits) == wanted, (
        "Bytes of the weights: other widths, or numbers of bits that don't fill a byte."
    )
### END HIDDEN TESTS

# %% test="memory" points=1
peak = peak_bytes([10, 4, 6], 8)
assert isinstance(peak, int), f"bytes are an int, not {type(peak).__name__}"
assert peak == 14, explain(
    peak,
    {
        20: "not all activations are alive at once: when a layer is done, its input can go",
        10: "while a layer runs, its output is there as well as its input",
        16: "the input of the first layer and the output of the last are never alive together",
        112: "those are bits",
    },
    f"the first layer has 10 bytes in and 4 out: 14, not {peak} (lesson, part 1)",
)
peak = peak_bytes([2, 9, 8, 1], 8)
assert peak == 17, f"the second layer has 9 bytes in and 8 out: 17, not {peak}"
peak = peak_bytes([3, 5], 4)
assert peak == 5, f"2 bytes and 3 bytes, since each tensor is packed by itself: 5, not {peak}"
### BEGIN HIDDEN TESTS
for sizes, bits, wanted in (
    ([3, 5], 4, 5),
    ([1, 1, 1], 1, 2),
    ([100, 1, 100, 2], 32, 408),
    ([5, 9, 9, 5], 16, 36),
    ([784, 31360, 31360, 10], 32, 250880),
    ([2, 3, 50, 60, 1], 8, 110),
    ([7, 0, 7], 3, 3),
    ((1, 2, 30, 9, 30), 8, 39),
):
    assert peak_bytes(sizes, bits) == wanted, (
        "The peak is off. Which two tensors are alive together, and is each rounded up?"
    )
### END HIDDEN TESTS

# %% test="memory" points=1
assert isinstance(widest, dict), f"expected a dict, but got {type(widest).__name__}"
assert sorted(widest) == sorted(candidates), f"one entry for each candidate, not {sorted(widest)}"
assert all(bits in (32, 16, 8, 4, None) for bits in widest.values()), "32, 16, 8, 4 or None"
### BEGIN HIDDEN TESTS
assert widest["one hidden layer"] == 16, "One of them fits in RAM at any width. And its weights?"
assert widest["convolutions"] == 16, (
    "One of them has few weights. Which width do its activations allow?"
)
assert widest["wide"] is None, (
    "A number of weights just too large is too large. (512 KiB are 512 · 1024 bytes.)"
)
assert widest["large image"] == 4, (
    "Two large activations are alive at once. Does a limit reached exactly fit?"
)
assert widest["tiny"] == 32, "Is a smaller width needed where all fits as it is?"
assert widest["thin and deep"] == 32, "Do weights that fill the flash exactly fit?"
assert widest["patches"] == 8, (
    "One of them fits with a width between. Which are there to choose from?"
)
assert widest["huge image"] is None, "What if even 4 bits are too many?"
### END HIDDEN TESTS

# %% [markdown]
# ## 3 · An honest clock (3 points)
#
# Write `compare(calls, runs, warm_up, clock)`. `calls` is a `dict`, which may be empty, from names to functions without arguments, `clock()` says the time in seconds. Call each `warm_up` times, untimed; then each `runs` times
# (2 or more), **in turn**, so that a machine that slows down meets all alike. (In which order within a round is up to you; the lesson's `latency` shuffles it.) It returns a `dict` from each name to a tuple of three `float`s: lower quartile, median, and upper quartile of its times, as
# `np.percentile(times, [25, 50, 75])` computes them.
#
# The tests bring a clock of their own, which moves only when a call says so. Real code would pass `time.perf_counter`.
#
# *Lesson: part 5.*


# %% item="clock" answers=["compare"]
### BEGIN SOLUTION
def compare(calls, runs, warm_up, clock):
    for _ in range(warm_up):
        for call in calls.values():
            call()
    times = {name: [] for name in calls}
    for _ in range(runs):
        for name, call in calls.items():
            start = clock()
            call()
            times[name].append(clock() - start)
    return {
        name: tuple(float(v) for v in np.percentile(values, [25, 50, 75]))
        for name, values in times.items()
    }


### END SOLUTION

# %% test="clock" points=1
now, log = [0.25], []


def clock():
    return now[0]


def call_of(name, seconds):
    """A call that takes so many seconds of the clock above: the next of a list, then the last."""
    left = list(seconds)

    def call():
        log.append(name)
        now[0] += left.pop(0) if len(left) > 1 else left[0]

    return call


found = compare({"a": call_of("a", [9, 1, 2, 3, 4, 50])}, 5, 1, clock)
assert isinstance(found, dict) and list(found) == ["a"], (
    f"expected a dict with 'a', but got {found}"
)
assert len(found["a"]) == 3, f"three numbers for each name, but got {found['a']}"
assert len(log) == 6, f"1 call to warm up and 5 that count, but it was called {len(log)} times"
middle = found["a"][1]
assert abs(middle - 3) < 1e-6, explain(
    round(float(middle), 6),
    {
        12: "12 is the mean: a single slow call moves it",
        4: "is the call of the warm-up timed, too?",
        3.5: "is the call of the warm-up timed, too?",
        1: "1 is the fastest call. The median is asked for",
    },
    f"the median of 1, 2, 3, 4 and 50 s is 3, not {middle}",
)
### BEGIN HIDDEN TESTS
for runs, warm_up, seconds in (
    (4, 3, [90, 80, 70, 4, 1, 3, 2]),
    (2, 0, [5, 1]),
    (7, 1, [0.5, 3, 3, 3, 3, 900, 1, 2]),
    (6, 2, [0, 0, 1e-6, 2e-6, 3e-6, 4e-6, 5e-6, 9e-3]),
):
    log.clear()
    now[0] = 0.0
    got = compare({"x": call_of("x", seconds)}, runs, warm_up, clock)["x"]
    assert len(log) == runs + warm_up, "How often is a call made, with the warm-up?"
    wanted = np.percentile(seconds[warm_up:], [25, 50, 75])
    assert abs(got[1] - wanted[1]) < 1e-7 + 1e-6 * wanted[1], (
        "Medians are off. Which calls count? What if their number is even?"
    )
### END HIDDEN TESTS

# %% test="clock" points=1
log.clear()
compare({"a": call_of("a", [1]), "b": call_of("b", [1])}, 3, 1, clock)
assert len(log) == 8, f"two names, 4 calls each: 8 calls, not {len(log)}"
rounds = ["".join(sorted(log[n : n + 2])) for n in range(0, 8, 2)]
assert rounds == ["ab"] * 4, f"they should take turns, but the calls were {' '.join(log)}"
### BEGIN HIDDEN TESTS
for names, runs, warm_up in (("abc", 5, 2), ("pq", 20, 0), ("z", 3, 1), ("stuvw", 2, 3)):
    log.clear()
    equal = {}
    for name in names:

        def slower(name=name):
            log.append(name)
            now[0] += 1 + 0.01 * len(log)  # the machine gets warm

        equal[name] = slower
    got = compare(equal, runs, warm_up, clock)
    assert sorted(got) == sorted(names), "Is there an entry for each name?"
    chunks = [log[n : n + len(names)] for n in range(0, len(log), len(names))]
    assert len(chunks) == runs + warm_up, "How often is each of several calls made?"
    assert all(sorted(chunk) == sorted(names) for chunk in chunks[warm_up:]), (
        "Do the calls take turns, all the time?"
    )
    medians = [got[name][1] for name in names]
    assert max(medians) - min(medians) < 0.01 * len(names), (
        "Equal calls on a machine that slows down come out unequal."
    )
### END HIDDEN TESTS

# %% test="clock" points=1
found = compare({"a": call_of("a", [0, 1, 2, 3, 4, 5])}, 5, 1, clock)["a"]
assert isinstance(found, tuple), f"expected a tuple, but got {type(found).__name__}"
assert np.allclose(found, [2, 3, 4]), (
    f"the middle half of 1, 2, 3, 4, 5 s lies from 2 to 4: expected (2, 3, 4), but got {found}"
)
### BEGIN HIDDEN TESTS
for first, second in (([3, 1, 4, 1.5], [10, 40, 20, 30]), ([2, 2, 2, 2], [0.25, 1, 8, 3])):
    got = compare({"a": call_of("a", first), "b": call_of("b", second)}, 4, 0, clock)
    for name, seconds in (("a", first), ("b", second)):
        assert np.allclose(got[name], np.percentile(seconds, [25, 50, 75])), (
            "Two calls: are each one's own times summed up, as np.percentile does it?"
        )
        assert all(isinstance(value, float) for value in got[name]), "Are all three floats?"
assert compare({}, 3, 1, clock) == {}, "What comes out if there is nothing to time?"
### END HIDDEN TESTS

# %% [markdown]
# ## 4 · Which of the two waits for memory? (3 points)
#
# Write two functions. `peak` is in FLOPs per second, `bandwidth` in bytes per second.
#
# `bound(flops, moved, peak, bandwidth)` returns a tuple: `"memory"` or `"compute"`, whichever takes longer (`"compute"` if both take equally long), and the least time in seconds that the roofline allows.
#
# `smallest_batch(inputs, outputs, bits, peak, bandwidth)`: a linear layer moves its weights in `bits` bits, once per batch, and for each image its inputs and its outputs in float32; there is no bias. It returns the smallest batch, an `int`, with which the
# layer is compute-bound, or `None` if no batch is.
#
# Then decide. For each of the models in `two` there is money for one change: `"fewer bytes"` halves `moved`, `"faster arithmetic"` doubles the peak. Leave in `buy` a `dict` from each name to a tuple: the change
# after which it takes less time on `chip`, and the least time in seconds that the roofline allows then.
#
# Example: 100 FLOPs and 10 bytes with peak 20 and bandwidth 5 make `("compute", 5.0)`. A layer of 8×8 in 32 bits with peak 4 and bandwidth 4 needs a batch of 4.
#
# *Lesson: part 3.*

# %% given=true of="roof"
chip = {"peak": 50e9, "bandwidth": 10e9}
two = {  # FLOPs, and bytes moved
    "chat, one word": (2.4e9, 1.2e9),
    "camera, one frame": (6.0e9, 0.7e9),
}


# %% item="roof" answers=["bound", "smallest_batch", "buy"]
### BEGIN SOLUTION
def bound(flops, moved, peak, bandwidth):
    computing, moving = flops / peak, moved / bandwidth
    return ("memory" if moving > computing else "compute"), max(moving, computing)


def smallest_batch(inputs, outputs, bits, peak, bandwidth):
    weights = inputs * outputs * bits / 8 / bandwidth
    gain = 2 * inputs * outputs / peak - 4 * (inputs + outputs) / bandwidth
    return math.ceil(weights / gain) if gain > 0 else None


buy = {}
for name, (flops, moved) in two.items():
    fewer = bound(flops, moved / 2, **chip)[1]
    faster = bound(flops, moved, 2 * chip["peak"], chip["bandwidth"])[1]
    buy[name] = min((fewer, "fewer bytes"), (faster, "faster arithmetic"))[::-1]
### END SOLUTION

# %% test="roof" points=1
answer = bound(100, 10, 20, 5)
assert isinstance(answer, tuple) and len(answer) == 2, f"expected a tuple of two, but got {answer}"
assert answer[0] == "compute", f"computing takes 5 s and moving 2 s: “compute”, not {answer[0]!r}"
assert abs(answer[1] - 5) < 1e-9, explain(
    answer[1],
    {
        7: "both happen at the same time: don't add them",
        2: "the shorter of both can't be all",
        0.2: "that is the inverse",
    },
    f"the longer of 5 s and 2 s is 5, not {answer[1]}",
)
answer = bound(8, 8, 4, 4)
assert answer[0] == "compute", f"both take 2 s: that is “compute”, not {answer[0]!r}"
### BEGIN HIDDEN TESTS
for flops, moved, peak, bandwidth, kind, seconds in (
    (8, 100, 4, 5, "memory", 20),
    (8, 8, 4, 4, "compute", 2),
    (0, 64, 1e9, 16, "memory", 4),
    (2e12, 1e6, 1e12, 1e9, "compute", 2),
    (3, 1000, 1000, 1000, "memory", 1),
    (2.0**60, 2.0**58, 2.0**50, 2.0**48, "compute", 1024),
):
    answer = bound(flops, moved, peak, bandwidth)
    assert answer[0] == kind, (
        "Memory or compute: what is compared, and what if both take equally long?"
    )
    assert abs(answer[1] - seconds) <= 1e-9 * seconds, "The least time is off."
### END HIDDEN TESTS

# %% test="roof" points=1
n = smallest_batch(8, 8, 32, 4, 4)
assert n is not None, "None, although a batch of 4 would do: a MAC is two FLOPs"
assert isinstance(n, int), f"a batch is an int, not {type(n).__name__}"
assert n == 4, explain(
    n,
    {
        2: "inputs and outputs are moved, too, for each image",
        32: "32 bits are 4 bytes",
        5: "equal counts as compute-bound",
        3: "with 3 images, moving still takes longer",
    },
    f"with 4 images, moving and computing take 128 s each: expected 4, but got {n}",
)
n = smallest_batch(8, 8, 16, 5, 4)
assert n == 4, explain(
    n,
    {
        2: "inputs and outputs stay float32",
        3: "with 3 images moving still takes longer",
    },
    f"with weights in 16 bits and a peak of 5, a batch of 4 is expected, but got {n}",
)
### BEGIN HIDDEN TESTS
for inputs, outputs, bits, peak, bandwidth in (
    (1024, 1024, 32, 100e9, 20e9),
    (1024, 1024, 8, 100e9, 20e9),
    (2048, 512, 4, 1e12, 50e9),
    (300, 784, 16, 7e9, 3e9),
    (64, 64, 32, 100e9, 20e9),
    (4096, 4096, 32, 90e9, 1e9),
    (2, 2, 32, 1, 1),
    (16, 16, 8, 64, 64),
    (10, 1000, 32, 100e9, 30e9),
    (512, 512, 32, 1e9, 100e9),
    (4, 4, 32, 1, 1),
    (8, 8, 32, 100e9, 1e9),
    (3, 5, 4, 30 / 39.25, 1),
    (64, 64, 32, 15.99e9, 1e9),
):
    n = smallest_batch(inputs, outputs, bits, peak, bandwidth)
    each = 2 * inputs * outputs / peak, 4 * (inputs + outputs) / bandwidth  # seconds per image
    weights = inputs * outputs * bits / 8 / bandwidth
    if each[0] <= each[1]:
        assert n is None, "For some layers no batch is large enough. Why?"
    else:
        assert n is not None, "None, although a batch would do."
        assert n * each[0] >= (weights + n * each[1]) * (1 - 1e-9), (
            "With that batch the layer still waits for memory."
        )
        assert n == 1 or (n - 1) * each[0] < weights + (n - 1) * each[1], (
            "A smaller batch would do."
        )
### END HIDDEN TESTS

# %% test="roof" points=1
assert isinstance(buy, dict), f"expected a dict, but got {type(buy).__name__}"
assert sorted(buy) == sorted(two), f"one entry for each model, not {sorted(buy)}"
assert all(isinstance(value, tuple) and len(value) == 2 for value in buy.values()), (
    f"each is a tuple of two, but you have {buy}"
)
offers = ("fewer bytes", "faster arithmetic")
assert all(change in offers for change, _ in buy.values()), f"each change is one of {offers}"
### BEGIN HIDDEN TESTS
change, seconds = buy["chat, one word"]
assert change == "fewer bytes", "One of the two waits for memory. What shortens that?"
assert abs(seconds - 0.06) < 1e-9, "How long does the one take that waits for memory, after that?"
change, seconds = buy["camera, one frame"]
assert change == "faster arithmetic", "One of the two waits for arithmetic. What shortens that?"
assert abs(seconds - 0.07) < 1e-9, (
    "Twice the peak does not always halve the time. What is the longer one after it?"
)
### END HIDDEN TESTS

# %% [markdown]
# ## 5 · Find the bugs (2 points)
#
# A colleague counts the MACs of a convolution. “Right for all layers of my model.” For other layers the number is too large or too small.
#
# ```python
# def conv_macs(layer, height, width):
#     out_h = (height - layer.kernel_size[0]) // layer.stride[0] + 1
#     out_w = (width - layer.kernel_size[0]) // layer.stride[0] + 1
#     per_position = layer.in_channels * layer.out_channels * layer.kernel_size[0] ** 2
#     return out_h * out_w * per_position
# ```
#
# `layer` is an `nn.Conv2d` with a padding of numbers (not `"same"`) and no dilation; `height` and `width` are those of its input. Find the bugs and write it so that it returns the MACs for one image, an `int`. It must not run the layer, because
# a count should be possible before there is memory for the image, and it leaves the layer as it is.
#
# *Lesson: part 2.*


# %% item="bugs" answers=["conv_macs"]
### BEGIN SOLUTION
def conv_macs(layer, height, width):
    positions = 1
    for axis, size in enumerate((height, width)):
        around = size + 2 * layer.padding[axis]
        positions *= (around - layer.kernel_size[axis]) // layer.stride[axis] + 1
    filters = layer.in_channels // layer.groups * layer.out_channels
    return positions * filters * layer.kernel_size[0] * layer.kernel_size[1]


### END SOLUTION

# %% test="bugs" points=1
n = conv_macs(nn.Conv2d(1, 2, 3, padding=1), 5, 5)
assert isinstance(n, int), f"expected an int, but got {type(n).__name__}"
assert n == 450, explain(
    n,
    {
        162: "with a padding of 1 the output is as large as the image",
        288: "padding is on both sides",
    },
    f"25 positions of 18 weights are 450 MACs, not {n}",
)
n = conv_macs(nn.Conv2d(8, 8, 3, groups=8), 5, 5)
assert n == 648, explain(
    n,
    {
        5184: "in a depthwise convolution a filter sees only one of the 8 channels",
        81: "the groups reduce the inputs of a filter, and not also the outputs",
    },
    f"9 positions, 8 channels, 9 weights each: 648 MACs, not {n}",
)
### BEGIN HIDDEN TESTS
for inputs, outputs, kernel, stride, padding, groups, side in (
    (3, 16, 3, 1, 1, 1, 32),
    (16, 32, 5, 2, 2, 4, 15),
    (6, 6, 1, 1, 0, 3, 9),
    (4, 8, 3, 3, 1, 2, 10),
    (1, 1, 7, 2, 3, 1, 224),
    (12, 4, 2, 2, 0, 4, 7),
):
    layer = nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=padding, groups=groups)
    out = (side + 2 * padding - kernel) // stride + 1
    assert conv_macs(layer, side, side) == out * out * layer.weight.numel(), (
        "Square layers and images: padding, stride or groups are still off."
    )
### END HIDDEN TESTS

# %% test="bugs" points=1
n = conv_macs(nn.Conv2d(1, 1, (1, 3)), 4, 6)
assert n == 48, explain(
    n,
    {
        16: "the filter has 1×3 weights, not 1×1",
        24: "the filter has 1×3 weights, not 1×1",
        72: "the output's width depends on the filter's width",
    },
    f"a filter 1 high and 3 wide on 4×6: 4·4 positions of 3 weights are 48 MACs, not {n}",
)
n = conv_macs(nn.Conv2d(1, 1, 3, stride=(1, 2)), 5, 9)
assert n == 108, f"the stride has two numbers, too: 3·4 positions of 9 weights, not {n} MACs"
### BEGIN HIDDEN TESTS
for kernel, stride, padding, height, width in (
    ((3, 1), (1, 2), (0, 0), 12, 9),
    ((1, 5), (2, 1), (0, 2), 8, 31),
    ((2, 4), (3, 2), (1, 0), 11, 10),
    ((5, 3), (1, 3), (2, 1), 5, 40),
    ((3, 3), (1, 1), (1, 1), 100_000, 100_000),
):
    layer = nn.Conv2d(4, 6, kernel, stride=stride, padding=padding, groups=2, bias=False)
    rows = (height + 2 * padding[0] - kernel[0]) // stride[0] + 1
    columns = (width + 2 * padding[1] - kernel[1]) // stride[1] + 1
    assert conv_macs(layer, height, width) == rows * columns * layer.weight.numel(), (
        "Filters, strides, paddings or images that are not square: which number belongs to which axis?"
    )
    assert layer.padding == padding and layer.weight.device.type == "cpu", (
        "The count has changed the layer. Can someone still use it?"
    )
### END HIDDEN TESTS

# %% [markdown]
# ## 6 · A count that says what it misses (3 points)
#
# Write `audit(model, inputs, known)`. `model` is an `nn.Sequential`. It is run in the mode in which it is, without gradients, under `FlopCounterMode`, and can be trained afterwards as before. A layer of the sequence is **silent** if it has a parameter with two or more dimensions and
# the counter sees no FLOP in it. `known` is a `dict` from names of layers, such as `"2"`, to the MACs that someone has counted by hand for these inputs.
#
# It returns a tuple: the MACs of the whole model, where silent layers count as `known` has them (0 if it doesn't), and a list of the names of those silent layers which `known` lacks, in the model's order. An entry of `known` for a layer that is not silent is not used.
#
# `counter.get_flop_counts()` has, under each module's path such as `"Sequential.2"`, a `dict` from operations to FLOPs (sum its values); what counted nothing may be missing. A block of which the counter sees only a part passes this check: one would audit its parts.
#
# Example: for a linear layer 8 → 8, batch 1, and an `nn.LSTM(8, 8)`, `known={"1": 512}`: `(576, [])`. With `known={}`: `(64, ["1"])`.
#
# *Lesson: part 2.*


# %% item="audit" answers=["audit"]
### BEGIN SOLUTION
def audit(model, inputs, known):
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(inputs)
    counts = counter.get_flop_counts()
    macs, missing = counter.get_total_flops() // 2, []
    for name, layer in model.named_children():
        has_matrix = any(values.ndim > 1 for values in layer.parameters())
        seen = sum(counts.get(f"{type(model).__name__}.{name}", {}).values())
        if has_matrix and not seen:
            macs += known.get(name, 0)
            if name not in known:
                missing.append(name)
    return macs, missing


### END SOLUTION

# %% test="audit" points=1
model = nn.Sequential(nn.Linear(8, 8), nn.LSTM(8, 8))
answer = audit(model, torch.rand(1, 8), {"1": 512})
assert isinstance(answer, tuple) and len(answer) == 2, f"expected a tuple of two, but got {answer}"
assert answer[0] == 576, explain(
    answer[0],
    {
        64: "the counter says 0 for the LSTM. Take what `known` has for it",
        640: "FLOPs are two for each MAC, and `known` has MACs",
        128: "FLOPs are two for each MAC",
        1152: "FLOPs are two for each MAC, and `known` has MACs already",
    },
    f"64 MACs that are counted and 512 that are known make 576, not {answer[0]}",
)
assert isinstance(answer[0], int), f"MACs are an int, not {type(answer[0]).__name__}"
assert answer[1] == [], f"the LSTM is known, so nothing is missing, but you get {answer[1]}"
### BEGIN HIDDEN TESTS
for width, batch, hand in ((4, 3, 77), (16, 1, 1000), (5, 9, 1)):
    model = nn.Sequential(nn.Linear(width, 6), nn.ReLU(), nn.Linear(6, width), nn.LSTM(width, 2))
    answer = audit(model, torch.rand(batch, width), {"3": hand})
    assert answer == (batch * width * 12 + hand, []), (
        "Linear layers and a known LSTM: the MACs, or what is missing, are off."
    )
### END HIDDEN TESTS

# %% test="audit" points=1
model = nn.Sequential(nn.Linear(8, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.LSTM(8, 8)).eval()
answer = audit(model, torch.rand(1, 8), {})
assert "1" not in answer[1], "a batch norm has no matrix, so the counter has nothing to miss there"
assert answer == (64, ["3"]), (
    f"the LSTM is silent and not known: expected (64, ['3']), but got {answer}"
)
answer = audit(model, torch.rand(1, 8), {"0": 1000})
assert answer == (64, ["3"]), f"what the counter has seen counts, not `known`; but you get {answer}"
### BEGIN HIDDEN TESTS
model = nn.Sequential(
    nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(18, 4), nn.LSTM(4, 3)
).eval()
images = torch.rand(2, 1, 5, 5)
assert audit(model, images, {}) == (2 * 162 + 2 * 72, ["4"]), (
    "A CNN that ends in a recurrent layer: what is seen, and what is silent?"
)
assert audit(model, images, {"4": 7, "3": 9, "9": 5}) == (475, []), (
    "Only entries for silent layers of the model count."
)
assert audit(model, images, {"4": 0}) == (468, []), "Someone has counted 0 by hand: is it missing?"
gru = nn.Sequential(nn.Linear(4, 4), nn.GRU(4, 3))
assert audit(gru, torch.rand(2, 4), {"1": 5}) == (32 + 126, []), (
    "Not every recurrent layer is silent. Is the counter asked about each one?"
)
assert audit(nn.Sequential(nn.ReLU()), torch.rand(2, 3), {"0": 4}) == (0, []), (
    "A model without weights."
)
# A layer norm over two axes has a matrix, and no product.
mixed = nn.Sequential(nn.Linear(8, 8), nn.LayerNorm((2, 8)), nn.PReLU(2), nn.LayerNorm(8))
assert audit(mixed, torch.rand(3, 2, 8), {}) == (384, ["1"]), (
    "Silent is what has a matrix and no FLOP, whatever its class."
)
norm = nn.BatchNorm1d(8)
in_training = nn.Sequential(nn.Linear(8, 8), norm).train()
assert audit(in_training, torch.rand(4, 8), {}) == (256, []), (
    "A model in training mode: the MACs, or what is missing, are off."
)
assert in_training.training and int(norm.num_batches_tracked) > 0, (
    "The mode is that in which the model is."
)
assert all(values.requires_grad for values in in_training.parameters()), (
    "The model can't be trained any more."
)
long = nn.Sequential(*[nn.ReLU() for _ in range(21)])
long[2], long[10] = nn.LayerNorm((2, 8)), nn.Sequential(nn.LayerNorm((3, 2, 8)))
assert audit(long.requires_grad_(False), torch.rand(3, 2, 8), {}) == (0, ["2", "10"]), (
    "A block has the parameters of its layers, one that is not trained has some, too, and 10 comes after 2."
)
long[20] = nn.Linear(8, 8)
long[0].register_buffer("table", torch.ones(2, 2))
assert audit(long, torch.rand(3, 2, 8), {}) == (384, ["2", "10"]), (
    "Layer 20 has FLOPs, which layer 2 has not, and a matrix that is no parameter doesn't count."
)
### END HIDDEN TESTS

# %% test="audit" points=1
words = nn.Sequential(nn.Embedding(10, 8), nn.Linear(8, 8), nn.LSTM(8, 4)).eval()
tokens = torch.tensor([1, 2, 3])
answer = audit(words, tokens, {"2": 576})
assert answer == (768, ["0"]), (
    "an embedding has a matrix and no FLOPs, so someone has to say what it costs: "
    f"expected (768, ['0']), but got {answer}"
)
answer = audit(words, tokens, {"0": 0, "2": 576})
assert answer == (768, []), f"someone says that the embedding costs 0 MACs, but you get {answer}"
### BEGIN HIDDEN TESTS
for batch in (1, 5):
    given = torch.arange(batch)
    kept, had = given.clone(), {"0": 3}
    assert audit(words, given, had) == (64 * batch + 3, ["2"]), (
        "Several silent layers, of which one is known: the MACs, or what is missing, are off."
    )
    assert audit(words, given, {}) == (64 * batch, ["0", "2"]), (
        "Several silent layers: are all there, in the model's order?"
    )
    assert torch.equal(given, kept) and had == {"0": 3}, "An argument has changed."
assert audit(nn.Sequential(nn.Embedding(4, 2)), torch.tensor([1]), {"0": 9}) == (9, []), (
    "What if the counter sees nothing at all?"
)
### END HIDDEN TESTS

# %% [markdown]
# ## 7 · What would help? (1 point)
#
# Three layers on one machine, measured. The line is the machine's roof. For each layer one change would shorten its time the most:
#
# - `"fewer bits"`: its weights in a quarter of the bytes
# - `"faster arithmetic"`: a unit that computes four times as fast
# - `"fewer calls"`: several such layers in one call, with one overhead
# - `"smaller file"`: the file compressed with gzip
#
# Leave in `remedy` a `dict` from `"A"`, `"B"` and `"C"` to the change.
#
# *Lesson: part 3.*

# %% given=true of="remedy"
fig, ax = plot.figure(height=3.5)
intensity = np.geomspace(0.1, 1000, 100)
ax.plot(intensity, np.minimum(20 * intensity, 100), color="black", marker="", linestyle="-")
for name, at, speed, mark in (("A", 60, 92, "o"), ("B", 0.5, 9.4, "s"), ("C", 20, 0.4, "^")):
    ax.plot([at], [speed], mark, color="black", markersize=8)
    ax.annotate(name, (at, speed), (8, -14), textcoords="offset points", weight="bold")
ax.set(xscale="log", yscale="log", xlabel="intensity (FLOP per byte)", ylabel="speed (GFLOP/s)")
ax.set_title("Three layers under a roof")
plot.show(
    fig,
    alt="A roofline: a slope up to 5 FLOPs per byte, flat at 100 GFLOP/s from there. A lies at 60 FLOPs per byte, "
    "just below the flat part; B at 0.5, just below the slope; C at 20, hundreds of times below the flat part.",
)

# %% item="remedy" answers=["remedy"]
### BEGIN SOLUTION
remedy = {"A": "faster arithmetic", "B": "fewer bits", "C": "fewer calls"}
### END SOLUTION

# %% test="remedy" points=1
known = ("fewer bits", "faster arithmetic", "fewer calls", "smaller file")
assert isinstance(remedy, dict), f"expected a dict, but got {type(remedy).__name__}"
assert sorted(remedy) == ["A", "B", "C"], f"the keys are A, B and C, not {sorted(remedy)}"
assert all(value in known for value in remedy.values()), f"each is one of {', '.join(known)}"
### BEGIN HIDDEN TESTS
assert remedy["A"] == "faster arithmetic", "A lies below the flat part. What is flat there?"
assert remedy["B"] == "fewer bits", "B lies below the slope. What does it wait for?"
assert remedy["C"] == "fewer calls", (
    "C is far below any roof. Which cost does the roofline not know?"
)
### END HIDDEN TESTS

# %% [markdown]
# ## 8 · A report (2 points, graded by your teacher)
#
# A colleague has pruned the old model, without a change of its layers, and writes: *“The new one is better in every way. Its file is 5 times smaller (zipped; 80% of its weights are zero now). `FlopCounterMode` says 0 for its
# attention layers, so they are free. I timed it too: first 100 calls of the old model, then 100 of the new one, and the mean is 8% lower. So it will fit our chip with 256 KiB of RAM, where the old one did not.”*
#
# Answer in four to eight sentences, so that he can act on it: which of his conclusions do not follow, and why; and what he should count or measure instead.
#
# *Lesson: parts 1, 2 and 5.*

# %% [markdown] item="report" manual=true points=2
# ### BEGIN SOLUTION
# **File.** A zipped file says what a download takes. Zeros stored densely take as many bytes in flash and in RAM as any other weight, and as many MACs. So neither memory nor time follows from it.
#
# **FLOPs.** 0 means that the counter doesn't know the operation (attention runs as one fused kernel in `eval()` without gradients), not that it is free. Count these layers by hand.
#
# **Time.** One after the other, a machine that warms up or is used by others can change the result by more than 8% (slow it down evenly by 30% on the way, and the second one looks 14% slower); and a mean is moved by a few slow calls. Warm up, call both in turn, report median and spread, with the same threads
# and layout. A time on his computer does not say much about the chip either.
#
# **RAM.** On the chip RAM holds activations: the largest input and output of a layer together. Pruning has not changed a single shape, so the need is the same as before. Count it for both.
#
# Rubric, 1 point each:
#
# 1. Says that the zipped file shows neither RAM nor speed, **and** that RAM is about activations, which have not changed. One of them: half a point.
# 2. Says that the counter's 0 is no count, **and** how to time (in turn, median and spread, warm-up). One of them: half a point.
# ### END SOLUTION
