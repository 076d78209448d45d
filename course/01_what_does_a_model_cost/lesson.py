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
# # 01 · What does a model cost?
#
# **I have six models for the same job. Which one is fast, and could I have said so without a clock?**
#
# You will count what a model costs, measure what this machine can do, and put both into one picture. With it you predict
# at the end what you can only guess at the start.
#
# It takes about {minutes} minutes, with places to stop after parts 2 and 4. You need the pipeline of lesson 00.
#
# The picture shows one layer on an example machine, which computes at most 100 GFLOP/s and reads 20 GB/s. (1 GFLOP is $10^9$ additions or
# multiplications of floats.) Each step of *doublings* gives the layer twice as many images at once, each step of *halvings* stores its weights in half as
# many bits (the layer still computes in float32). When does the point climb, when does it only move to the right, and which of the two bars is the longer one then?

# %% tags=["nbval-ignore-output"]
from coursekit.lesson_01.opening import roofline

roofline()

# %% [markdown]
# Three questions from lesson 00 before you begin. A first layer has 784 inputs and 128 units: how many weights are that? Pruning made 30 % of them
# zero: what did that do to the time? Why did we time a batch there and not one image?
#
# <details><summary>Answers</summary>
#
# 784 · 128 = 100,352 weights. Nothing: a dense product multiplies zeros too. One image took only some µs, and most of that was overhead, the price of
# calling the layers.
#
# </details>
#
# The six models. All take a 28×28 image and give ten logits. They are not trained, because the time of a dense model hardly depends on its values
# (very small *subnormal* numbers excepted).

# %%
import copy
from functools import partial

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from coursekit import guess, guesses, reveal
from coursekit.pictures import plot
from coursekit.nets.costs import Machine, draw_roof, layer_costs, peak_activations
from coursekit.nets.measure import (
    count_macs,
    count_parameters,
    fastest,
    latency,
    saved_bytes,
    slowest,
)
from coursekit.nets.networks import six_for_one_job, small_cnn
from coursekit.nets.train import set_seed
from coursekit.learn.widgets import cards, pattern_test, practice, progress, quiz, respond, trace

set_seed(0)

# %%
models = six_for_one_job()
made_of = {
    "one hidden layer": "784 → 256 → 10",
    "thin and deep": "784 → 16, then 59 layers of 16 → 16, → 10",
    "wide": "784 → 4096 → 1024 → 10",
    "wide, pruned": "the same, with 90 % of the weights zero",
    "CNN": "3 convolutions, 40 channels each",
    "separable CNN": "16 channels, each convolution cut into two cheap ones",
}
for name, model in models.items():
    print(f"{name:17} {count_parameters(model):>9,} parameters   {made_of[name]}")

# %% [markdown]
# Each of them gets **one** image.

# %%
guess("one image: which of the six is the fastest?", choices=list(made_of))

# %% tags=["nbval-ignore-output"]
image = torch.rand(1, 1, 28, 28)
calls = {name: partial(model, image) for name, model in models.items()}
one_image = latency(calls, runs=40, alone=True)  # among the others; alone, for part 3

fig, ax = plot.figure(height=3)
plot.latencies(ax, one_image)
ax.set_title("One image, one thread")
plot.show(fig, alt="Six bars: each model's time for one image, with its spread, printed below.")
reveal("one image: which of the six is the fastest?", fastest(one_image))
for name in sorted(models, key=lambda name: one_image[name].median):
    t, size = one_image[name], count_parameters(models[name])
    spread = f"{1e6 * t.lower_quartile:.0f} to {1e6 * t.upper_quartile:.0f}"
    busy = "" if t.upper_quartile < 1.5 * t.lower_quartile else "   (the machine is busy: repeat)"
    print(f"{name:17} {size:>9,} parameters {1e6 * t.median:>6.0f} µs, middle half {spread}{busy}")

dense, pruned = one_image["wide"].lower_quartile, one_image["wide, pruned"].lower_quartile
assert one_image["one hidden layer"].lower_quartile < dense
assert 0.5 < dense / pruned < 2  # with a tenth of the work it would be far from that

# %% [markdown]
# Sorted by parameters, the order would be different, and the two wide ones take about the same time, although 90 % of the weights of one are zeros. The number of parameters does not tell the time. What does?
# Bytes, MACs, the number of calls, and what the machine can do with each. Parts 1 and 2 count them, parts 3 and 4 measure the machine.
#
# ## 1 · Parameters and bytes: three memories and a bandwidth
#
# Count by hand first. A linear layer from $n$ inputs to $m$ outputs has $n\,m$ weights and $m$ biases. A convolution from $c_i$ to $c_o$ channels with a
# filter of $k \times k$ has $c_o\, c_i\, k^2$ weights and $c_o$ biases. With $g$ *groups* each output channel sees only the $c_i/g$ inputs of its own group, so $c_i$ becomes
# $c_i / g$.
#
# Together these are $P$ parameters. With $b$ bits per parameter they take $P\,b/8$ bytes. The file that `torch.save` writes is a bit larger, since it holds names, shapes and padding as well.
# Here are the layers of a small CNN for 28×28 images. Padding of 1 keeps height and width, and a pooling after each convolution halves them:

# %%
cnn = small_cnn().eval()
by_hand = {
    "conv 1→8, 3×3, on 28×28": 8 * 1 * 3**2 + 8,
    "conv 8→16, 3×3, on 14×14": 16 * 8 * 3**2 + 16,
    "linear 784→64": 784 * 64 + 64,
    "linear 64→10": 64 * 10 + 10,
}
total = sum(by_hand.values())
for name, count in by_hand.items():
    print(f"{name:24} {count:>7,} parameters  {count / total:6.1%}")
print(f"{'together':24} {total:>7,}")
assert total == count_parameters(cnn)

for bits in (32, 16, 8, 4):
    print(f"{bits:2} bits per parameter: {total * bits / 8:>9,.0f} bytes")
print(f"torch.save, float32:  {saved_bytes(cnn):>9,} bytes")
layer = models["wide, pruned"][-1]
plain, zipped = 4 * count_parameters(layer), saved_bytes(layer, compressed=True)
print(f"last layer of “wide, pruned”: {plain:,} bytes of weights, file with gzip {zipped:,}")

# %% [markdown]
# What is pruned becomes small with gzip, but before it runs it must be unpacked, to its full size. “How much memory does it take?” may mean three memories, or a bandwidth, and
# people who mean one often answer another:
#
# | memory | what lies in it | who asks |
# |---|---|---|
# | **file** | the weights as they are sent and stored, perhaps compressed | whoever downloads the app |
# | **flash** | the weights on the device, while it is off too. Many microcontrollers read them there while they run, so a compressed file doesn't help | the chip |
# | **RAM** while it runs | activations: a layer's input and output at the same time. On phones and PCs the weights as well | the chip, and all other apps |
# | no memory: **bandwidth** | nothing lies in it. It is how many bytes per *second* come from memory, and limits speed | whoever waits |
#
# The RAM of the activations needs no training to count. While a layer runs, its input and its output must both be there; when it is done, its
# input can go. So in a **chain** of layers the peak is the largest sum of the two. (A skip connection keeps a tensor alive for longer.) Take the model “CNN” from above: 40 channels, 118,760 bytes of float32
# weights, and padding that keeps 28×28 until the pooling after the second convolution.

# %%
guess("CNN, one image: most activations alive at once", unit="× the bytes of its weights")

# %%
weights = 4 * count_parameters(models["CNN"])
for cost in layer_costs(models["CNN"], image)[:6]:
    print(f"{cost.kind:9} weights {cost.weights:>6,}, input + output {cost.activations:>7,} bytes")
peak = max(cost.activations for cost in layer_costs(models["CNN"], image))
print(f"weights {weights:,}, most activations {peak:,} bytes")
reveal("CNN, one image: most activations alive at once", peak / weights)

alive = peak_activations(models["CNN"], image)  # counts all tensors while they live
print(f"alive at once while PyTorch ran: {alive:,} bytes, the image's {image.nbytes:,} included")
assert alive == peak + image.nbytes
for name in ("wide", "CNN"):
    costs = layer_costs(models[name], image)
    for bits in (32, 8):
        flash = sum(c.weights for c in costs) * bits // 32
        ram = max(c.activations for c in costs) * bits // 32
        fits = "fits" if flash <= 1024 * 1024 and ram <= 128 * 1024 else "does not fit"
        print(f"{name:5} {bits:2} bits: flash {flash:>10,} bytes, RAM {ram:>7,} bytes: {fits}")

# %% [markdown]
# In a convolutional network the activations may need more than the weights, and each further image in the batch needs the same again. PyTorch kept exactly the tensors that
# the rule names, and the image, which our own variable holds. (What a kernel needs inside itself for a moment comes on top, and is not seen here.) A chip with 1 MiB of flash and 128 KiB of RAM
# takes the CNN in int8, not in float32, and the wide network in neither. (1 KiB is 1024 bytes. This counts no scales, and biases are often int32, lesson 04. A chip's runtime takes some RAM, too: a real plan leaves room.)
#
# ## 2 · MACs
#
# A layer multiplies and adds: one **MAC** is a multiplication and the addition of its product, that is, two **FLOPs**. Many papers call a MAC a FLOP, so look what
# is counted before you compare. Let us count every one of them in a convolution, a 3×3 filter over a 5×5 image:

# %%
pixels, filter_weights = torch.arange(25.0).reshape(5, 5), torch.ones(3, 3)
macs, output = 0, torch.zeros(3, 3)
for row in range(3):
    for column in range(3):
        for i in range(3):
            for j in range(3):
                output[row, column] += pixels[row + i, column + j] * filter_weights[i, j]
                macs += 1
print(output)
print("MACs:", macs)
assert macs == 3 * 3 * 3**2
assert torch.equal(output, F.conv2d(pixels[None, None], filter_weights[None, None])[0, 0])

# %% [markdown]
# Each position of the output takes $k^2$ MACs, per pair of an input and an output channel. So a convolution with an output of $h \times w$ uses **each weight** $h\,w$ **times**, a linear layer uses each
# of its weights once. Per image:
#
# $$\text{linear: } n\,m \qquad\qquad \text{convolution: } h\,w \cdot c_o\,\frac{c_i}{g}\,k^2$$
#
# Padding counts as pixels, and biases, ReLU and pooling are left out, as in most papers. The layer `linear 784→64` holds 96 % of the small CNN's parameters. Which share of its MACs?

# %%
guess("small CNN: share of the MACs in the layer with 96 % of the parameters", low=0, high=1)

# %%
by_hand = {
    "conv 1→8, 3×3, on 28×28": 28 * 28 * 8 * 1 * 3**2,
    "conv 8→16, 3×3, on 14×14": 14 * 14 * 16 * 8 * 3**2,
    "linear 784→64": 784 * 64,
    "linear 64→10": 64 * 10,
}
total = sum(by_hand.values())
for name, count in by_hand.items():
    print(f"{name:24} {count:>8,} MACs  {count / total:6.1%}")
share = by_hand["linear 784→64"] / total
reveal("small CNN: share of the MACs in the layer with 96 % of the parameters", share)

# %% [markdown]
# In this CNN the parameters sit in a linear layer and the MACs in the convolutions. Whoever wants a smaller file and whoever wants fewer MACs must look at different layers.
#
# PyTorch counts too. `FlopCounterMode` watches the operations while a model runs, and counts two FLOPs for a MAC:

# %%
with FlopCounterMode(display=False) as counter, torch.no_grad():
    cnn(image)
print("by hand:", 2 * total, "  FlopCounterMode:", counter.get_total_flops())
assert counter.get_total_flops() == 2 * total

with FlopCounterMode(display=False) as counter, torch.no_grad():
    cnn(torch.rand(64, 1, 28, 28))
print("batch of 64:", counter.get_total_flops(), "=", counter.get_total_flops() // total // 2, "×")
for model in models.values():
    assert count_macs(model, image) == sum(cost.macs for cost in layer_costs(model, image))

# %% [markdown]
# It agrees to the last one, for the six models as well. The next layer is the heart of every language model: attention, `nn.MultiheadAttention`. Sixteen tokens of width
# $d = 64$ go in. By hand: four products with $d \times d$ weights for each token, and two products of 16×16 between the tokens: $4 \cdot 16 \cdot 64^2 + 2 \cdot 16^2 \cdot 64 = 294{,}912$ MACs, 589,824 FLOPs.

# %%
guess("FlopCounterMode: FLOPs of this attention layer in eval(), under no_grad", unit="FLOPs")


# %%
def counted(call) -> int:
    """What FlopCounterMode says of one call without gradients."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        call()
    return counter.get_total_flops()


attention, tokens = nn.MultiheadAttention(64, 4, batch_first=True).eval(), torch.rand(1, 16, 64)
silent = counted(lambda: attention(tokens, tokens, tokens))
reveal("FlopCounterMode: FLOPs of this attention layer in eval(), under no_grad", silent)

# %%
with FlopCounterMode(display=False) as counter:  # the same call with gradients
    attention(tokens, tokens, tokens)
for path, of_operation in sorted(counter.get_flop_counts().items()):
    print(f"{path:20} {sum(of_operation.values()):>7,} FLOPs of {len(of_operation)} operations")
matrix, vector, lstm = torch.rand(8, 8), torch.rand(8), nn.LSTM(8, 8)
int8 = torch.ones(8, 8, dtype=torch.int8)
attention.train()
calls = {
    "attention, train()": (589_824, lambda: attention(tokens, tokens, tokens)),
    "matrix @ column": (2 * 8 * 8, lambda: matrix @ vector[:, None]),
    "matrix @ vector": (2 * 8 * 8, lambda: matrix @ vector),
    "LSTM, 3 steps": (2 * 3 * 2 * 4 * 8 * 8, lambda: lstm(torch.rand(3, 1, 8))),
    "int8 @ int8": (2 * 8**3, lambda: torch._int_mm(int8, int8)),
}
for name, (right, call) in calls.items():
    print(f"{name:19} by hand {right:>7,}   counted {counted(call):>7,}")

# %% [markdown]
# It has a list of operations that it knows, and everything else counts **0, in silence**. In evaluation mode **and without gradients**, self-attention takes a *fused* path, several operations in one, which is not on
# the list. With gradients, or in training mode, it is counted. The same product is counted for a column and not for a vector. So always compare with a count by hand, one layer at a time, and look at a sum that seems too small. (The list grows: with another
# version of PyTorch another line may be 0.)
#
# > **A place to stop.** You can count bytes, peak activations and MACs. Before you go on: the thin, deep network has the
# > fewest MACs of all six. Look at its time in the first plot. What is it that costs time there?
# > <details><summary>Answer</summary>Its calls: 61 linear layers and 60 ReLUs, each of which costs some µs of overhead, however small it is.</details>
#
# ## 3 · An honest clock
#
# A time is easily wrong. Five precautions make it worth something. For the first two look at single times.


# %% tags=["nbval-ignore-output"]
def one_by_one(model, runs):
    """Microseconds of each call, from the first on."""
    timed = latency({"it": lambda: model(image)}, runs=runs, warm_up=0)["it"]
    return [1e6 * seconds for seconds in timed.times]


fresh = six_for_one_job()["CNN"]
single = one_by_one(fresh, 150)
fig, axes = plot.figure(1, 2, width=10, height=2.8)
axes[0].plot(single, marker=".", linestyle="")
axes[0].set(title="The calls of a new model, one by one", xlabel="call", ylabel="µs")
axes[1].hist(single[10:], bins=40, color=plot.COLOURS[1])
axes[1].set(title="The same from call 10 on", xlabel="µs", ylabel="calls")
plot.show(fig, alt="Left: the time of each of 150 calls. Right: how often each time came up.")
middle = sorted(single)[75]
print(f"mean {sum(single) / 150:.0f} µs, median {middle:.0f}, longest {max(single):.0f}")
assert max(single) - middle > middle - min(single)  # the tail has one side
new = [one_by_one(copy.deepcopy(fresh), 11) for _ in range(10)]
slower = [first / sorted(later)[5] for first, *later in new]
print(f"first calls of ten new models: {min(slower):.1f} to {max(slower):.1f} × a usual one")

# %% [markdown]
# Look at the first few calls, at the tail to the right, and at where the mean lies. The first calls of a model are often slower. (What they pay for is not measured here.) So, first, **warm up**, untimed. The tail has one
# side only, because nothing makes a call faster than it can be, but much makes it slower: second, report a **median and the spread**, for example the middle half of the runs.
#
# Third, take turns: a laptop gets warm and slows down. Take two models that are *equal*, and call each 100 times, first all calls of A, then all of B, while
# the machine slows down steadily by 30 % in all. By the medians B then seems 14 % slower.
# So the clock takes turns, A B A B …, **interleaved**, and both models meet the same machine. The course's `latency` does all three. Here it is beside PyTorch's own clock:


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
# PyTorch's own `benchmark.Timer` warms up, times *blocks* of calls, and takes the median over the blocks' means, on one thread unless told otherwise. A slow call still moves its block, so on a busy machine
# its time may be the longer one. It times one model and takes no turns.
# Both are for a CPU. A GPU returns from a call before the work is done, so a clock there needs `torch.cuda.synchronize()` before each reading.
#
# Fourth, say **under which conditions**. The same CNN, the same 16 images, the same numbers come out; two conditions differ, the number of threads and the
# memory layout. *channels_last* stores the channels of a pixel side by side in place of whole maps one after the other.

# %% tags=["nbval-ignore-output"]
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

# %% [markdown]
# If these lines differ by more than their spread, a comparison that doesn't state threads and layout is worthless. A compressed model in one layout against an original in the other measures the layout. A second thread may help
# the CNN and do nothing for a small network. Where other programs use the machine it may do harm, even to the CNN.
#
# Fifth, ask **who was there before**. Taking turns has a price: each call finds the caches as the call before it left them. In a fixed order that is always the same neighbour, so `latency`
# shuffles the order in every round. It can also time each model *alone*, again and again, so that it finds its own weights and code. In the first plot each of the six came among the others. How long does the smallest of the fast ones, *one hidden layer*, take there, compared with alone?

# %%
guess("one hidden layer: time among the others", unit="× the time alone", low=0.5, high=5)

# %% tags=["nbval-ignore-output"]
for name, t in one_image.items():
    print(f"{name:17} {t.order} {1e6 * t.median:>6.0f} µs, ", end="")
    print(f"{t.alone.order} {1e6 * t.alone.median:>6.0f} µs, {t.median / t.alone.median:.1f} ×")
among = one_image["one hidden layer"]
reveal("one hidden layer: time among the others", among.median / among.alone.median)
assert among.alone.lower_quartile < among.median

# %% [markdown]
# That's the same model, the same image and the same machine. The wide networks read about 30 MB each, and likely they push the others' weights and code out of the caches. Neither figure is wrong. *Alone* is a
# model that does nothing else all day; *among others* is one that is asked now and then, on a phone that meanwhile does other things. So say which of the two you mean, and never set one beside the other.
#
# ## 4 · The roofline
#
# A layer must do two things: move its bytes from memory, and compute. The machine does both at the same time, so the longer one decides:
#
# $$\text{time} \;\ge\; \max\left(\frac{\text{bytes}}{\text{bandwidth}},\; \frac{\text{FLOPs}}{\text{peak}}\right)$$
#
# A layer is **memory-bound** if the first is longer, and **compute-bound** if the second is. Two numbers describe the machine, and we can measure them: reading a tensor larger than the caches gives the bandwidth, and a
# product of matrices that stay in a cache gives the peak. What a machine can do *at best* shows in the fastest call, not in the median. A third number comes along, for part 6: a layer with one weight has nothing to do, so its time is the price of the
# call, the **overhead**.

# %% tags=["nbval-ignore-output"]
big, square = torch.rand(2**26), torch.rand(512, 512)
work = {"read": big.sum, "multiply": lambda: square @ square}
seconds = {name: t.alone.times for name, t in latency(work, runs=40, alone=True).items()}
amount = {"read": big.nbytes, "multiply": 2 * 512**3}
for name, unit in (("read", "GB/s"), ("multiply", "GFLOP/s")):
    in_order = sorted(seconds[name])
    best, usual = amount[name] / in_order[0] / 1e9, amount[name] / in_order[20] / 1e9
    busy = "" if best < 1.5 * usual else "   (the machine is busy: repeat this cell)"
    print(f"{name:8} {best:.1f} {unit} in the fastest call, {usual:.1f} in the median{busy}")

tiny, number = nn.Linear(1, 1), torch.rand(1, 1)
overhead = latency({"tiny": lambda: tiny(number)}, runs=500, warm_up=50)["tiny"].median
machine = Machine(
    peak=amount["multiply"] / min(seconds["multiply"]),
    bandwidth=amount["read"] / min(seconds["read"]),
    overhead=overhead,
)
print(f"overhead of calling a layer {1e6 * overhead:.1f} µs")
print(f"peak / bandwidth {machine.ridge:.1f} FLOPs per byte")

# %% [markdown]
# Divide FLOPs by that time, and the law becomes a picture. A layer's **intensity** is its FLOPs per byte moved, and
#
# $$\text{speed} \;\le\; \min(\text{peak},\; \text{intensity} \cdot \text{bandwidth})$$
#
# On logarithmic axes this is a slope that ends in a flat roof: the **roofline**. Both meet at the *ridge*, where intensity is peak / bandwidth. Layers to the left of it are memory-bound.
#
# How intense is a linear layer of 2048×2048 in float32? It must move its weights, once per *batch*, and inputs and outputs:

# %%
layer = nn.Linear(2048, 2048)
for n in (1, 4, 16, 64, 256):
    flops = 2 * n * 2048 * 2048
    moved = 4 * (2048 * 2048 + 2048 + n * (2048 + 2048))
    [cost] = layer_costs(layer, torch.rand(n, 2048))
    assert cost.moved == moved and 2 * cost.macs == flops
    print(f"batch {n:3}: {flops:>13,} FLOPs, {moved:>10,} bytes: {flops / moved:6.2f} per byte")

# %% [markdown]
# One image uses each weight once: 2 FLOPs for 4 bytes, one half. More images use the same weights again, so intensity grows nearly with the batch. A batch of 64 is 64 times the work. By the roof, how many times as long is that, with the figures just measured?

# %%
guess(
    "linear 2048×2048, 64 images: how many times as long as one, by the roof?",
    unit="× the time of one",
    low=1,
    high=64,
)

# %% tags=["nbval-ignore-output"]
sizes = (1, 2, 4, 8, 16, 64, 256)
inputs = {n: torch.rand(n, 2048) for n in sizes}
cost_of = {n: layer_costs(layer, inputs[n]) for n in sizes}
least = {n: machine.least_time(cost_of[n]) for n in sizes}
reveal(
    "linear 2048×2048, 64 images: how many times as long as one, by the roof?",
    least[64] / least[1],
)
swept = latency({str(n): partial(layer, inputs[n]) for n in sizes}, runs=20)
for n in sizes[1:]:
    took = swept[str(n)].median / swept["1"].median
    print(f"{n:3} images: the roof allows {least[n] / least[1]:4.1f} × the time of one, ", end="")
    print(f"it took {took:4.1f} ×")
assert swept["256"].lower_quartile > swept["1"].lower_quartile

# %% [markdown]
# The roof is a bound for each time, and none for their ratio: the time of one image may be further above its own bound than the time of 64. Look at the picture. Its last point is **yours**: change the layer and the batch, say first where it will lie, and run again.

# %% tags=["nbval-ignore-output"]
mine, my_batch = nn.Linear(784, 300), torch.rand(8, 784)  # change these

fig, ax = plot.figure(height=4)
draw_roof(ax, machine)
my_time = latency({"mine": lambda: mine(my_batch)}, runs=100)["mine"].median
points = {f"batch {n}": (*cost_of[n], swept[str(n)].median) for n in sizes}
points["mine"] = (*layer_costs(mine, my_batch), my_time)
for name, (cost, took) in points.items():
    speed = 2 * cost.macs / took
    mark, colour = ("^", plot.COLOURS[2]) if name == "mine" else ("o", plot.COLOURS[1])
    ax.plot(cost.intensity, speed / 1e9, mark, color=colour)
    ax.annotate(name, (cost.intensity, speed / 1e9), (6, -12), textcoords="offset points")
    above = "   (above the flat part)" if speed > machine.peak else ""
    print(f"{name:9} {cost.intensity:6.1f} FLOPs per byte, {speed / 1e9:6.1f} GFLOP/s{above}")
ax.set_title("Roofline of this machine, one thread, float32")
plot.show(
    fig,
    alt="A slope that becomes a flat roof, on logarithmic axes; a linear layer at seven batch sizes, "
    "further right with each, and a point of your own, with the values printed here.",
)

# %% [markdown]
# On the slope the roof allows more images for nearly nothing, because the weights come anyway. Compare that with the lines of 2 and 4 images: a kernel need not reach it. The roof is a bound and no promise. Under the flat part, time grows in proportion to the work.
# If a point lies above the *slope*, its weights were still in a cache, which is faster than memory. A point above the *flat* part means that the peak was measured too low, on a busy machine: measure it again.
# A very small layer lies far below: its time is overhead, which the roofline does not know.
#
# From here you can say what quantization may buy. Weights in 8 bits are a quarter of the bytes: up to four times faster where the layer is memory-bound and the kernel reads 8 bits, and nothing where it is compute-bound, unless the machine
# also *computes* faster in 8 bits (lessons 04, 05).
#
# > **A place to stop.** You can measure honestly, and tell memory-bound from compute-bound. Before you go on: a chat model
# > answers one user, word by word, each word through all its weights. Which bound, and what would help?
# > <details><summary>Answer</summary>Memory-bound, as every large linear layer at batch 1 whose weights do not fit into a cache: half a FLOP per byte in float32.
# > Fewer bits per weight help, or more users at once (more words per second in all, not a faster answer).</details>
#
# ## 5 · Energy
#
# On a battery the question is not only how long, but how many joules. Mark Horowitz published what operations cost in a 45 nm chip at 0.9 V. The figures are old, and
# newer chips need less, but the *ratios* are what one quotes. In picojoules (1 pJ is $10^{-12}$ J):

# %%
ADD = {"int8": 0.03, "int32": 0.1, "float16": 0.4, "float32": 0.9}
MULTIPLY = {"int8": 0.2, "int32": 3.1, "float16": 1.1, "float32": 3.7}
READ_64_BITS = {"cache, 8 KB": 10, "cache, 32 KB": 20, "cache, 1 MB": 100, "DRAM": 1300}  # to 2600

for name in ADD:
    print(f"{name:8} add {ADD[name]:5.2f} pJ   multiply {MULTIPLY[name]:5.2f} pJ")
for name, energy in READ_64_BITS.items():
    print(f"{name:12} {energy:>5} pJ per 64 bits, {energy / 2:>5} pJ per 32 bits")

# %% [markdown]
# Mind the **width**: his reads are of 64 bits, his operations of one number. Tables that compare one with the other are common, and wrong by a factor of two or more.
#
# A layer of 2048×2048 runs in float32, and each weight comes from DRAM, once per batch. Count the weights' reads and the MACs, nothing else. For one image nearly all energy goes into reading: 650 pJ per weight, against 4.6 pJ for its MAC. Which share is it
# for a batch of 64?

# %%
guess("64 images, weights from DRAM: share of the energy for reading", unit="%", low=0, high=100)

# %%
mac = MULTIPLY["float32"] + ADD["float32"]
read = READ_64_BITS["DRAM"] / 2  # one float32 weight
part = 100 * read / (read + 64 * mac)
reveal("64 images, weights from DRAM: share of the energy for reading", part)

small_mac = MULTIPLY["int8"] + ADD["int32"]  # the sum needs int32
count = 2048 * 2048
for name, one_mac, one_read in (("float32", mac, read), ("int8", small_mac, read / 4)):
    for n in (1, 64):
        joule = count * (one_read + n * one_mac) / n * 1e-12
        print(f"{name:7} batch {n:2}: {1e6 * joule:7.1f} µJ per image", end="")
        print(f", {one_read / (one_read + n * one_mac):4.0%} of it for reading")

# %% [markdown]
# In this count, a weight from DRAM costs more than a hundred times its MAC. Fewer bits save energy twice, if the kernel also *computes* in few bits: fewer bytes to read, and cheaper arithmetic. A batch shares the reads. And a weight that stays in a small cache
# costs about a hundredth of one from DRAM, which is why chips are built around caches.
#
# ## 6 · Predict, then measure
#
# Back to the six models, with **64** images at once. The table holds all you need: what the layers do together, and your machine's figures. For each model estimate
#
# $$\text{time} \approx \sum_{\text{layers}} \left(\text{overhead} + \max\left(\frac{\text{bytes}}{\text{bandwidth}},\; \frac{2 \cdot \text{MACs}}{\text{peak}}\right)\right)$$
#
# With the sums of the table in place of each layer's own figures it becomes a little less, which is good enough for a guess.

# %% tags=["nbval-ignore-output"]
images = torch.rand(64, 1, 28, 28)
costs = {name: layer_costs(model, images) for name, model in models.items()}
for name, layers in costs.items():
    megabytes = sum(cost.moved for cost in layers) / 1e6
    print(f"{name:17} {len(layers):3} calls, {megabytes:5.1f} MB, ", end="")
    print(f"{sum(cost.macs for cost in layers) / 1e6:5.1f} million MACs")
print(f"\noverhead {1e6 * machine.overhead:.1f} µs per call, ", end="")
print(f"{machine.bandwidth / 1e9:.0f} MB per ms, {machine.peak / 1e9:.0f} million FLOPs per ms")

# %%
guess("64 images: which of the six is the slowest?", choices=list(made_of))

# %% tags=["nbval-ignore-output"]
calls = {name: partial(model, images) for name, model in models.items()}
many = latency(calls, runs=12, alone=True)

fig, ax = plot.figure(height=3)
plot.latencies(ax, many)
ax.set_title("64 images, one thread")
plot.show(
    fig, alt="Six bars: each model's time for 64 images, with its spread; printed further below."
)
reveal("64 images: which of the six is the slowest?", slowest(many))
assert many["one hidden layer"].lower_quartile < many["CNN"].lower_quartile

# %% [markdown]
# Was it the one that you computed? For both batches, the estimate, layer by layer, against what was measured, and the three terms of it:

# %% tags=["nbval-ignore-output"]
fig, ax = plot.figure(height=4)
ax.plot((2e-5, 1), (2e-5, 1), color="grey", linestyle=":", marker="", label="measured = estimated")
for name, colour, mark in zip(models, plot.COLOURS, plot.MARKERS, strict=True):
    ax.plot([], [], mark, color=colour, label=name)
    for given, times, filled in ((image, one_image, "none"), (images, many, "full")):
        layers, took = layer_costs(models[name], given), times[name].median
        estimate = machine.least_time(layers)
        alone = times[name].alone.median
        ax.plot([estimate, estimate], [alone, took], color=colour, marker="", linewidth=1)
        ax.plot(estimate, took, mark, color=colour, fillstyle=filled, markersize=8)
        overhead = len(layers) * machine.overhead
        moving = sum(cost.moved for cost in layers) / machine.bandwidth
        computing = 2 * sum(cost.macs for cost in layers) / machine.peak
        print(f"{name:17} {len(given):2} image(s), ms: calls {1e3 * overhead:6.3f}, ", end="")
        print(f"bytes {1e3 * moving:6.3f}, MACs {1e3 * computing:6.3f}, ", end="")
        print(f"estimated {1e3 * estimate:6.3f}, ", end="")
        print(f"measured {1e3 * took:6.3f}, alone {1e3 * alone:6.3f}")
ax.set(xscale="log", yscale="log", xlabel="estimated (s)", ylabel="measured (s)")
ax.set_title("Hollow: one image. Full: 64 images. A line leads to the time alone")
ax.legend()
plot.show(
    fig,
    alt="Measured time against estimated time for six models, both axes logarithmic, once for one image "
    "and once for 64, with a line where both are equal. The values are printed here.",
)

# %% tags=["nbval-ignore-output"]
told = dict.fromkeys(("estimate", "MACs", "bytes", "parameters"), 0.0)
for title, given, times in (("one image", image, one_image), ("64 images", images, many)):
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
# The estimate takes every byte from memory, at full speed. So it knows nothing of what a neighbour leaves in the caches, and for a model that fits into them look at the end of its line, the time alone. What is above the dotted line then likely has kernels that do not reach the roof, or calls that cost more than the tiny layer's. Where calls are nearly all of the estimate, bytes explain nothing. When two estimates are close you can't say which of two
# models is faster. The last cell says how many of the pairs that the clock can tell apart the estimate puts in the right order, and how many a single count does. Look for the counts that fail at one of the two batches. Six models are few: this is an example and no law.
#
# Look also at the terms: by the estimate, the wide network's largest at batch 1 are its bytes, the CNN's at batch 64 its MACs, and the thin one's at both its calls.
#
# That also answers when a **smaller file is not a faster model**: when what was made smaller is not what the model waits for. Fewer parameters don't help a model that computes, fewer MACs don't help one
# that moves bytes or makes calls, zeros help neither unless a kernel skips them.

# %% tags=["nbval-ignore-output"]
guesses()

# %% [markdown]
# ## You can now…
#
# - count parameters, bytes, MACs and peak activations of a model by hand, and check a counter that says otherwise;
# - name which memory is meant: file, flash, RAM while it runs, or bandwidth;
# - time two models so that the difference is theirs, and say with which spread;
# - tell memory-bound from compute-bound with a roofline, and what a batch or fewer bits will change;
# - predict which of two models is faster, and know when you can't.
#
# **Common mistakes**
#
# - Taking parameters, or the size of the file, for the time.
# - Mixing up MACs and FLOPs: a factor of two.
# - Believing a FLOP counter that says 0.
# - Timing the first call, or the mean; timing A and then B; another layout or number of threads on one side; a time alone beside a time among others.
# - Forgetting activations where RAM is small.
# - Comparing energies of different widths.
#
# ## Cheat sheet
#
# | to | write |
# |---|---|
# | count parameters | linear $n\,m + m$; convolution $c_o\, (c_i/g)\, k^2 + c_o$; `sum(p.numel() for p in model.parameters())` |
# | know the bytes | $P\,b/8$ with $P$ parameters of $b$ bits |
# | know the RAM of activations | in a chain: largest input + output of a layer, times bytes per value |
# | count MACs | weights, times positions of the output ($h\,w$; 1, or the number of tokens, for linear), times images |
# | let PyTorch count | `FlopCounterMode(display=False)`, `.get_total_flops() // 2`; 0 for a layer with weights means *unknown* |
# | time honestly | warm up, take turns in a shuffled order, median and middle half, same threads and layout: `latency({...})`; `alone=True` for each by itself as well |
# | time one call | `torch.utils.benchmark.Timer("f()", globals=...).blocked_autorange()` |
# | know the intensity | $I$ = FLOPs / (weights + input + output, in bytes) |
# | know the bound | memory-bound if $I <$ peak / bandwidth |
# | estimate a time | per layer, overhead + max(bytes / bandwidth, FLOPs / peak), summed |
# | estimate energy | reads · pJ per read + MACs · pJ per MAC, with equal widths |
#
# Order of work: say what is meant (bytes, RAM, time, energy) → count by hand → measure the machine → estimate → only then time, in shuffled turns → report
# median, spread, order, threads, layout and batch.

# %% [markdown]
# ## Practise
#
# Nothing below is marked, and nothing leaves this machine. What you do is kept in one file, `progress.sqlite`,
# in the folder above this one, so you can stop at any time and go on where you were. Everything works by mouse and by keyboard.
# In any notebook, `cheat_sheet("01")` from `coursekit.learn.widgets` brings the page above back.
#
# **Cards.** Say the answer aloud before you turn one. Those you forget come back soon.

# %%
cards("01")

# %% [markdown]
# **Quiz.** Each option tells why it is right or wrong, and you may try again.

# %%
quiz("01")

# %% [markdown]
# **In your own words.** Write two or three sentences. You see which ideas were found in them.

# %%
respond("01")

# %% [markdown]
# **Practice.** From easy to hard, with a hint and worked steps when you want them.

# %%
practice("01")

# %% [markdown]
# **Traces.** Follow a run step by step. Say what comes next before you press the button.

# %% tags=["nbval-ignore-output"]
trace("01")

# %% [markdown]
# **Pattern test.** Ten questions on *speed* from all lessons. Take it when the rest feels easy.

# %%
pattern_test("speed")

# %% [markdown]
# **How far you are**, in this lesson and in the others.

# %% tags=["nbval-ignore-output"]
progress()

# %% [markdown]
# ## References
#
# - S. Williams, A. Waterman, D. Patterson (2009): *Roofline: An Insightful Visual Performance Model for Multicore
#   Architectures*. Communications of the ACM 52(4), 65–76. The picture, and the ridge.
# - M. Horowitz (2014): *Computing's energy problem (and what we can do about it)*. ISSCC, 10–14. The energies.
# - S. Han, J. Pool, J. Tran, W. J. Dally (2015): *Learning both Weights and Connections for Efficient Neural Networks*. NIPS.
#   arXiv:1506.02626. Energy as a reason to make networks smaller.
# - V. Sze, Y.-H. Chen, T.-J. Yang, J. Emer (2017): *Efficient Processing of Deep Neural Networks: A Tutorial and Survey*.
#   Proceedings of the IEEE 105(12). arXiv:1703.09039. What moving data costs.
# - A. G. Howard et al. (2017): *MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications*.
#   arXiv:1704.04861. Separable convolutions.
# - PyTorch: `torch.utils.flop_counter`, `torch.utils.benchmark`.
