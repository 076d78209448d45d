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
# # 01 · What does a model cost, further
#
# This page holds what we measured for lesson 01 and left out of it. No exercise needs it. Read what you are curious about, in any order:
#
# 1. what zipping saves, and what fits on a chip,
# 2. what else a counter misses,
# 3. threads, memory layout, and PyTorch's own clock,
# 4. a batch that grows, under the roof,
# 5. energy,
# 6. which count puts models in order.

# %%
from functools import partial

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from coursekit.nets.costs import Machine, draw_roof, layer_costs
from coursekit.nets.measure import count_macs, count_parameters, latency, saved_bytes
from coursekit.nets.networks import six_for_one_job
from coursekit.nets.train import set_seed
from coursekit.pictures import plot

set_seed(0)
models = six_for_one_job()
image, images = torch.rand(1, 1, 28, 28), torch.rand(64, 1, 28, 28)

# %% [markdown]
# ## 1 · What zipping saves, and what fits on a chip
#
# The last layer of “wide, pruned” has 90% zeros. gzip squeezes them out of the file. Before it runs it must be unpacked, to its full size; a chip that reads its weights from flash can't unpack them.

# %%
layer = models["wide, pruned"][-1]
plain, zipped = 4 * count_parameters(layer), saved_bytes(layer, compressed=True)
print(f"{plain:,} bytes of weights, file with gzip {zipped:,}")
for name in ("wide", "CNN"):
    costs = layer_costs(models[name], image)
    for bits in (32, 8):
        flash = sum(c.weights for c in costs) * bits // 32
        ram = max(c.activations for c in costs) * bits // 32
        fits = "fits" if flash <= 1024 * 1024 and ram <= 128 * 1024 else "does not fit"
        print(f"{name:5} {bits:2} bits: flash {flash:>10,} bytes, RAM {ram:>7,} bytes: {fits}")

# %% [markdown]
# A chip with 1 MiB of flash and 128 KiB of RAM takes the CNN in int8, not in float32, and the wide network in neither. (This counts no scales, and biases are often int32, lesson 04. A chip's runtime takes some RAM, too.)
#
# ## 2 · What else a counter misses


# %%
def counted(call) -> int:
    """What FlopCounterMode says of one call without gradients."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        call()
    return counter.get_total_flops()


attention, tokens = nn.MultiheadAttention(64, 4, batch_first=True).train(), torch.rand(1, 16, 64)
matrix, lstm = torch.rand(8, 8), nn.LSTM(8, 8)
int8 = torch.ones(8, 8, dtype=torch.int8)
calls = {
    "attention, train()": (589_824, lambda: attention(tokens, tokens, tokens)),
    "matrix @ column": (2 * 8 * 8, lambda: matrix @ matrix[0][:, None]),
    "matrix @ vector": (2 * 8 * 8, lambda: matrix @ matrix[0]),
    "LSTM, 3 steps": (2 * 3 * 2 * 4 * 8 * 8, lambda: lstm(torch.rand(3, 1, 8))),
    "int8 @ int8": (2 * 8**3, lambda: torch._int_mm(int8, int8)),
}
for name, (right, call) in calls.items():
    print(f"{name:19} by hand {right:>7,}   counted {counted(call):>7,}")
for model in models.values():
    assert count_macs(model, image) == sum(cost.macs for cost in layer_costs(model, image))

# %% [markdown]
# The list of what it knows grows: with another version of PyTorch another line may be 0. Our six models are counted to the last one.
#
# ## 3 · Threads, memory layout, and PyTorch's own clock
#
# The same CNN, the same 16 images; the number of threads and the memory layout differ. *channels_last* stores the channels of a pixel side by side.

# %% tags=["nbval-ignore-output"]
fresh = six_for_one_job()["CNN"]
batch = torch.rand(16, 1, 28, 28)
last = six_for_one_job()["CNN"].to(memory_format=torch.channels_last)
last.load_state_dict(fresh.state_dict())
batch_last = batch.to(memory_format=torch.channels_last)
with torch.no_grad():
    assert torch.allclose(fresh(batch), last(batch_last), atol=1e-4)
for threads in (1, 2):
    calls = {"contiguous": lambda: fresh(batch), "channels_last": lambda: last(batch_last)}
    calls["one hidden layer"] = lambda: models["one hidden layer"](batch)
    found = latency(calls, runs=8, warm_up=3, threads=threads)
    for name, t in found.items():
        spread = f"{1e6 * t.lower_quartile:.0f} to {1e6 * t.upper_quartile:.0f}"
        print(f"{threads} thread(s), {name:16} {1e6 * t.median:>6.0f} µs (middle half {spread})")
    assert found["one hidden layer"].lower_quartile < found["contiguous"].lower_quartile

# %% tags=["nbval-ignore-output"]
from torch.utils import benchmark  # where there is no CUDA it may say so, which does no harm

ours = latency({"CNN": lambda: fresh(image)}, runs=40, warm_up=5)["CNN"]
with torch.inference_mode():
    timer = benchmark.Timer("model(image)", globals={"model": fresh, "image": image})
    theirs = timer.blocked_autorange(min_run_time=0.2)
print(f"latency:               median {1e6 * ours.median:.0f} µs, middle half ", end="")
print(f"{1e6 * ours.lower_quartile:.0f} to {1e6 * ours.upper_quartile:.0f} µs, of 40 calls")
print(f"torch.utils.benchmark: median {1e6 * theirs.median:.0f} µs, ", end="")
print(f"of {len(theirs.times)} block(s) of {theirs.number_per_run} calls")
assert min(ours.times) < 2 * theirs.median  # no block's mean is under its fastest call

# %% [markdown]
# If these lines differ by more than their spread, a comparison that doesn't state threads and layout is worthless. PyTorch's own `benchmark.Timer` warms up, times *blocks* of calls, and takes the median over the blocks' means, on one thread unless told otherwise. It times one model and takes no turns. A GPU returns from a call before the work is
# done, so a clock there needs `torch.cuda.synchronize()` before each reading.
#
# ## 4 · A batch that grows, under the roof

# %% tags=["nbval-ignore-output"]
big, square = torch.rand(2**26), torch.rand(512, 512)
work = {"read": big.sum, "multiply": lambda: square @ square}
seconds = {name: min(t.alone.times) for name, t in latency(work, runs=40, alone=True).items()}
tiny, number = nn.Linear(1, 1), torch.rand(1, 1)
machine = Machine(
    peak=2 * 512**3 / seconds["multiply"],
    bandwidth=big.nbytes / seconds["read"],
    overhead=latency({"tiny": lambda: tiny(number)}, runs=500, warm_up=50)["tiny"].median,
)
layer = nn.Linear(2048, 2048)
sizes = (1, 2, 4, 8, 16, 64, 256)
inputs = {n: torch.rand(n, 2048) for n in sizes}
cost_of = {n: layer_costs(layer, inputs[n]) for n in sizes}
swept = latency({str(n): partial(layer, inputs[n]) for n in sizes}, runs=20)
fig, ax = plot.figure(height=4)
draw_roof(ax, machine)
for n in sizes:
    [cost] = cost_of[n]
    speed = 2 * cost.macs / swept[str(n)].median
    ax.plot(cost.intensity, speed / 1e9, "o", color=plot.COLOURS[1])
    ax.annotate(f"batch {n}", (cost.intensity, speed / 1e9), (6, -12), textcoords="offset points")
ax.set_title("Roofline of this machine, one thread, float32")
plot.show(fig, alt="A roofline, and a linear layer at seven batch sizes, further right with each.")
least = {n: machine.least_time(cost_of[n]) for n in sizes}
for n in sizes[1:]:
    took = swept[str(n)].median / swept["1"].median
    print(f"{n:3} images: the roof allows {least[n] / least[1]:4.1f} × the time of one, ", end="")
    print(f"it took {took:4.1f} ×")
assert swept["256"].lower_quartile > swept["1"].lower_quartile

# %% [markdown]
# The roof is a bound for each time, and none for their ratio. A kernel need not reach it. A point above the *slope* had its weights in a cache; one above the *flat* part means that the peak was measured too low, on a busy machine.
#
# ## 5 · Energy
#
# Mark Horowitz (2014) published what operations cost in a 45 nm chip at 0.9 V, in picojoules. Newer chips need less, but the *ratios* are what one quotes. Mind the **width**: his reads are of 64 bits.

# %%
ADD = {"int8": 0.03, "int32": 0.1, "float16": 0.4, "float32": 0.9}
MULTIPLY = {"int8": 0.2, "int32": 3.1, "float16": 1.1, "float32": 3.7}
READ_64_BITS = {"cache, 8 KB": 10, "cache, 32 KB": 20, "cache, 1 MB": 100, "DRAM": 1300}  # to 2600

mac, small_mac = MULTIPLY["float32"] + ADD["float32"], MULTIPLY["int8"] + ADD["int32"]
read = READ_64_BITS["DRAM"] / 2  # one float32 weight
for name, one_mac, one_read in (("float32", mac, read), ("int8", small_mac, read / 4)):
    for n in (1, 64):
        joule = 2048**2 * (one_read + n * one_mac) / n * 1e-12
        print(f"{name:7} batch {n:2}: {1e6 * joule:7.1f} µJ per image", end="")
        print(f", {one_read / (one_read + n * one_mac):4.0%} of it for reading")

# %% [markdown]
# A weight from DRAM costs more than a hundred times its MAC; in a small cache about a hundredth of that, which is why chips are built around caches.
#
# ## 6 · Which count puts models in order

# %% tags=["nbval-ignore-output"]
told = dict.fromkeys(("estimate", "MACs", "bytes", "parameters"), 0.0)
for title, given, runs in (("one image", image, 40), ("64 images", images, 12)):
    times = latency({name: partial(model, given) for name, model in models.items()}, runs=runs)
    slower = [  # a slower than b, by more than the spread
        (a, b) for a in models for b in models if times[a].lower_quartile > times[b].upper_quartile
    ]
    costs = {name: layer_costs(model, given) for name, model in models.items()}
    scores = {
        "estimate": {name: machine.least_time(layers) for name, layers in costs.items()},
        "MACs": {name: sum(c.macs for c in layers) for name, layers in costs.items()},
        "bytes": {name: sum(c.moved for c in layers) for name, layers in costs.items()},
        "parameters": {name: count_parameters(model) for name, model in models.items()},
    }
    for what, score in scores.items():
        agree = sum(score[a] > score[b] for a, b in slower)
        told[what] += agree / len(slower)
        print(f"{title}: {what:10} orders {agree:2} of {len(slower):2} pairs as the clock does")
assert told["estimate"] > told["parameters"]

# %% [markdown]
# Only pairs that the clock can tell apart by more than their spread are counted. Look for the counts that fail at one of the two batches. Six models are few: this is an example and no law.
