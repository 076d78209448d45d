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
# Everybody has an answer: count the parameters. Or the MACs. Or look at the file. Each of them will fail in the first ten minutes. Then you'll measure what your machine
# can do, put it all into one estimate, and turn a cloud of points into a line. At the end the clock itself gets a surprise.
#
# It takes about {minutes} minutes, with a place to stop after part 2. You need the pipeline of lesson 00.
#
# The picture shows one layer on an example machine, which computes at most 100 GFLOP/s (1 GFLOP is $10^9$ additions or multiplications) and reads 20 GB/s. *Doublings* gives it twice as many images at once, *halvings* stores its weights in half as
# many bits. When does the point climb, and when does it only move to the right?

# %% tags=["nbval-ignore-output"]
from coursekit.lesson_01.opening import roofline

roofline()

# %%
import copy
from functools import partial

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from coursekit import guess, guesses, reveal
from coursekit.learn.explore import explore
from coursekit.learn.widgets import cards, pattern_test, practice, progress, quiz, respond, trace
from coursekit.lesson_01 import pictures
from coursekit.nets.costs import Machine, layer_costs, peak_activations
from coursekit.nets.measure import count_parameters, latency, saved_bytes, slowest
from coursekit.nets.networks import six_for_one_job, small_cnn
from coursekit.nets.train import set_seed
from coursekit.pictures import plot

set_seed(0)

# %%
models = six_for_one_job()
made_of = {
    "one hidden layer": "784 → 256 → 10",
    "thin and deep": "784 → 16, then 59 layers of 16 → 16, → 10",
    "wide": "784 → 4096 → 1024 → 10",
    "wide, pruned": "the same, with 90% of the weights zero",
    "CNN": "3 convolutions, 40 channels each",
    "separable CNN": "16 channels, each convolution cut into two cheap ones",
}
for name, model in models.items():
    print(f"{name:17} {count_parameters(model):>9,} parameters   {made_of[name]}")

# %% [markdown]
# <details><summary>From lesson 00: 30% of the weights were zero. What did that do to the time?</summary>Nothing: a dense product multiplies zeros, too.</details>
#
# All six take a 28×28 image and give ten logits. They aren't trained, as the time of a dense model hardly depends on its values. Each gets **one** image, and then 64 at once. How many times as long do the 64 take *thin and deep*?

# %%
guess("thin and deep: time for 64 images", unit="× the time for one")

# %% tags=["nbval-ignore-output"]
image, images = torch.rand(1, 1, 28, 28), torch.rand(64, 1, 28, 28)
by_batch = {"one": image, "64": images}
timed = {
    batch: latency(
        {name: partial(model, given) for name, model in models.items()},
        runs=40 if batch == "one" else 12,
        alone=True,  # among the others, and then each alone: for part 5
    )
    for batch, given in by_batch.items()
}
fig, ax = plot.figure(height=3)
plot.latencies(ax, timed["one"])
ax.set_title("One image, one thread")
plot.show(fig, alt="Six bars: each model's time for one image, with its spread.")
thin = timed["64"]["thin and deep"].median / timed["one"]["thin and deep"].median
reveal("thin and deep: time for 64 images", thin)

# %% tags=["nbval-ignore-output"]
costs = {
    batch: {name: layer_costs(model, given) for name, model in models.items()}
    for batch, given in by_batch.items()
}
counts = {
    "parameters": lambda layers: sum(cost.parameters for cost in layers),
    "MACs": lambda layers: sum(cost.macs for cost in layers),
    "bytes moved": lambda layers: sum(cost.moved for cost in layers),
}
scores = {
    what: {
        batch: {name: count(its) for name, its in all_of.items()} for batch, all_of in costs.items()
    }
    for what, count in counts.items()
}
plot.show(
    pictures.against_time(scores, timed),
    alt="Measured time against parameters, against MACs and against bytes, for one and 64 images.",
)

# %% [markdown]
# Three clouds. Follow the two wide networks, of which one has 90% zeros: the same place, every time. Follow *thin and deep*: a seventh of *one hidden layer*'s parameters, and for one image several times its time. None of the three counts tells the time. But each knows a part of it, so first learn to count.
#
# ## 1 · Parameters and bytes: three memories and a bandwidth
#
# A linear layer from $n$ inputs to $m$ outputs has $nm$ weights and $m$ biases. A convolution from $c_i$ to $c_o$ channels with $k \times k$ filters has $c_o c_i k^2$ weights and $c_o$ biases. (With $g$ *groups*, $c_i$ becomes
# $c_i/g$.) With $b$ bits each, $P$ parameters take $Pb/8$ bytes.
#
# “How much memory does it take?” may mean three memories, or none:
#
# - the **file**, perhaps compressed; **flash**, where a chip reads the weights while it runs, so zipping doesn't help;
# - **RAM** while it runs: a layer's input and output at the same time. In a **chain** of layers the peak is the largest sum of the two;
# - and **bandwidth**, which is no memory: how many bytes per *second* arrive.
#
# Take the model *CNN*, 118,760 bytes of weights. How much RAM do its activations need?

# %%
guess("CNN, one image: most activations alive at once", unit="× the bytes of its weights")

# %%
layers = layer_costs(models["CNN"], image)
peak = max(cost.activations for cost in layers)
weights = sum(cost.weights for cost in layers)
print(f"weights {weights:,} bytes, file {saved_bytes(models['CNN']):,}, most activations {peak:,}")
reveal("CNN, one image: most activations alive at once", peak / weights)
assert peak_activations(models["CNN"], image) == peak + image.nbytes  # what PyTorch really kept

# %% [markdown]
# More than the weights, for a single image. Twice as many images, twice as much again. On a chip with 128 KiB of RAM, this network fits only in int8.
#
# ## 2 · MACs
#
# One **MAC** is a multiplication and the addition of its product: two **FLOPs**. (Many papers call a MAC a FLOP. Look before you compare.) Let's count every single one, for a 3×3 filter over a 5×5 image.

# %%
pixels, filter_weights = torch.arange(25.0).reshape(5, 5), torch.ones(3, 3)
macs, output = 0, torch.zeros(3, 3)
for row in range(3):
    for column in range(3):
        for i in range(3):
            for j in range(3):
                output[row, column] += pixels[row + i, column + j] * filter_weights[i, j]
                macs += 1
print("MACs:", macs)
assert torch.equal(output, F.conv2d(pixels[None, None], filter_weights[None, None])[0, 0])

# %% [markdown]
# Nine positions, nine each. A convolution uses each weight at every position of its output, a linear layer uses it once:
#
# $$\text{linear: } n\,m \qquad\qquad \text{convolution: } h\,w \cdot c_o\,\frac{c_i}{g}\,k^2$$

# %%
cnn = small_cnn().eval()
parameters = {
    "conv 1→8, on 28×28": 8 * 1 * 3**2 + 8,
    "conv 8→16, on 14×14": 16 * 8 * 3**2 + 16,
    "linear 784→64": 784 * 64 + 64,
    "linear 64→10": 64 * 10 + 10,
}
by_hand = {
    "conv 1→8, on 28×28": 28 * 28 * 8 * 1 * 3**2,
    "conv 8→16, on 14×14": 14 * 14 * 16 * 8 * 3**2,
    "linear 784→64": 784 * 64,
    "linear 64→10": 64 * 10,
}
assert sum(parameters.values()) == count_parameters(cnn)
plot.show(
    pictures.shares(parameters, by_hand),
    alt="Bars per layer: the linear layer has 96% of the parameters, the convolutions most MACs.",
)

# %% [markdown]
# For a smaller file you look at one layer; for fewer MACs, at others.
#
# PyTorch counts, too. `FlopCounterMode` watches the operations while a model runs. Here it counts the CNN, and then the heart of every language model: attention over sixteen tokens of width 64. By hand that's $4 \cdot 16 \cdot 64^2 + 2 \cdot 16^2 \cdot 64$ MACs, 589,824 FLOPs. What does it say?

# %%
guess("FlopCounterMode: FLOPs of this attention layer in eval(), under no_grad", unit="FLOPs")


# %%
def counted(call) -> int:
    """What FlopCounterMode says of one call without gradients."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        call()
    return counter.get_total_flops()


print(f"CNN: by hand {2 * sum(by_hand.values()):,}, counted {counted(lambda: cnn(image)):,}")
attention, tokens = nn.MultiheadAttention(64, 4, batch_first=True).eval(), torch.rand(1, 16, 64)
silent = counted(lambda: attention(tokens, tokens, tokens))
reveal("FlopCounterMode: FLOPs of this attention layer in eval(), under no_grad", silent)
matrix, vector = torch.rand(8, 8), torch.rand(8)
print("matrix @ column:", counted(lambda: matrix @ vector[:, None]), end="")
print(", matrix @ vector:", counted(lambda: matrix @ vector))

# %% [markdown]
# Zero, in silence. The counter has a list of operations that it knows, and everything else is free. In evaluation without gradients attention takes a *fused* path that isn't on the list; with gradients it's counted. So check with a count by hand, one layer at a time.
#
# > **A place to stop.** Before you go on: *thin and deep* has the fewest MACs of all. What costs time there?
# > <details><summary>Answer</summary>Its calls: 61 linear layers and 60 ReLUs, each of which costs some µs, however small it is.</details>
#
# ## 3 · The roofline
#
# A layer must move its bytes, and compute. The machine does both at once, so the longer one decides:
#
# $$\text{time} \;\ge\; \max\left(\frac{\text{bytes}}{\text{bandwidth}},\; \frac{\text{FLOPs}}{\text{peak}}\right)$$
#
# **Memory-bound** if the first is longer, **compute-bound** if the second. Two numbers describe your machine: reading a tensor larger than the caches gives its **bandwidth**, multiplying matrices that stay in a cache its peak. A third comes along: a layer with one weight has nothing to do, so its time is the price of a call, the *overhead*.

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
print(
    f"reads {machine.bandwidth / 1e9:.0f} GB/s, computes {machine.peak / 1e9:.0f} GFLOP/s", end=""
)
print(f", {1e6 * machine.overhead:.1f} µs per call")

# %% [markdown]
# Divide FLOPs by that time, and the law becomes a picture. A layer's **intensity** is its FLOPs per byte moved. Far left, a layer waits for its bytes: the slope. Far right, the flat roof: it computes as fast as it can. That's the **roofline** (Williams et al. 2009), and this one is yours. Move the batch, and find where 2048×2048 stops waiting for memory.


# %% tags=["nbval-ignore-output"]
def draw_layer(width, images):
    layer = nn.Linear(width, width)
    its = layer_costs(layer, torch.rand(images, width))
    return pictures.under_the_roof(machine, its, f"{width}×{width}, batch {images}")


explore(
    draw_layer,
    alt="The roofline of this machine with one layer on it; its width and the batch can be moved.",
    width=[64, 256, 1024, 2048],
    images=[1, 4, 16, 64, 256],
    start={"width": 2048},
)

# %% [markdown]
# One image uses each weight once: 2 FLOPs for 4 bytes. More images use the same weights again, so on the slope they're nearly free. It also tells what int8 may buy: a quarter of the bytes, so up to four times the speed left of the ridge, and nothing on the roof, unless the machine *computes* faster in 8 bits, too.
#
# <details><summary>And energy? (Horowitz 2014, a 45 nm chip)</summary>Reading 32 bits from DRAM took 650 pJ, from a small cache about 5 to 10; a float32 MAC 4.6 pJ, an int8 one 0.3. So a weight from memory costs more than a hundred times its MAC, and where 64 images share one read, reading is still two thirds of the energy. Mind the width: his reads are of 64 bits.</details>
#
# ## 4 · Predict, then measure
#
# For each layer: the overhead, and the longer of the two. Summed over the layers, that's the estimate.
#
# $$\text{time} \approx \sum_{\text{layers}} \left(\text{overhead} + \max\left(\frac{\text{bytes}}{\text{bandwidth}},\; \frac{2 \cdot \text{MACs}}{\text{peak}}\right)\right)$$
#
# Which of the six is the slowest for 64 images? Here's what you need.

# %% tags=["nbval-ignore-output"]
for name, layers in costs["64"].items():
    megabytes, millions = (sum(its) / 1e6 for its in zip(*((c.moved, c.macs) for c in layers)))
    print(f"{name:17} {len(layers):3} calls, {megabytes:5.1f} MB, {millions:5.1f} million MACs")

# %%
guess("64 images: which of the six is the slowest?", choices=list(made_of))

# %% tags=["nbval-ignore-output"]
scores["estimated, s"] = {
    batch: {name: machine.least_time(layers) for name, layers in all_of.items()}
    for batch, all_of in costs.items()
}
plot.show(
    pictures.against_time(scores, timed),
    alt="The three clouds, and measured against estimated time, where the points lie near a line.",
)
reveal("64 images: which of the six is the slowest?", slowest(timed["64"]))

# %% [markdown]
# The same twelve points, and on the right they're a line. None of the six was timed for that: we counted, and took three numbers of your machine. Above the dotted line are likely kernels that don't reach the roof. When two estimates are close, you can't say who's faster.
#
# That also answers when a **smaller file isn't a faster model**: when what you made smaller isn't what it waits for. By the estimate, the wide network waits for bytes, the CNN for MACs, and the thin one for its calls, which are as many for one image as for 64.
#
# ## 5 · An honest clock
#
# We believed the clock all the time. Should we? Look at single calls.


# %% tags=["nbval-ignore-output"]
fresh = copy.deepcopy(models["CNN"])
single = [1e6 * s for s in latency({"it": lambda: fresh(image)}, runs=150, warm_up=0)["it"].times]
plot.show(
    pictures.calls(single),
    alt="Left: the time of each of 150 calls. Right: how often each time came up.",
)
print(
    f"mean {sum(single) / 150:.0f} µs, median {sorted(single)[75]:.0f}, longest {max(single):.0f}"
)

# %% [markdown]
# The first calls are often slower, so **warm up**, untimed. The tail has one side only, as nothing makes a call faster than it can be: report a **median** and the spread. A laptop gets warm and slows down, so don't time first all of A and then all of B: take turns, **interleaved**. And say under **which
# conditions**, threads and memory layout above all ([further](further/01_what_does_a_model_cost.ipynb)). The course's `latency` does all that.
#
# So it was fair. Every model had its turn among the others, and found the caches as a neighbour left them. Now give each the machine for itself. The fastest of the first plot, *one hidden layer*: how much longer did it take there than alone?

# %%
guess("one hidden layer: time among the others", unit="× the time alone", low=0.5, high=5)

# %% tags=["nbval-ignore-output"]
fig, ax = pictures.among_and_alone(timed["one"])
plot.show(
    fig, alt="Two bars per model: the time among the others, and alone; alone is shorter for most."
)
among = timed["one"]["one hidden layer"]
reveal("one hidden layer: time among the others", among.median / among.alone.median)

# %% [markdown]
# The same model, the same image, the same machine. The wide networks read about 30 MB each, and likely they push the others' weights out of the caches. Neither figure is wrong. *Alone* is a model that does nothing else all day; *among others* is one on a phone that's asked now and then. (In a
# *fixed* order it's worse: each would always inherit from the same neighbour. So `latency` shuffles.) Say which you mean, and never compare one with the other.
#
# Count, measure the machine, estimate. Then take the clock, and say how you held it.

# %%
assert among.alone.lower_quartile < among.median and max(single) > 1.2 * sorted(single)[75]
assert silent == 0 and peak > weights
wide, pruned = (timed["one"][name].lower_quartile for name in ("wide", "wide, pruned"))
assert 0.5 < wide / pruned < 2  # with a tenth of the work it would be far from that
assert thin < 8  # calls, as many for 64 images as for one
assert timed["64"]["one hidden layer"].lower_quartile < timed["64"]["CNN"].lower_quartile

# %% tags=["nbval-ignore-output"]
guesses()

# %% [markdown]
# ## You can now…
#
# - count parameters, bytes, MACs and peak activations by hand, and check a counter;
# - name which memory is meant: file, flash, RAM while it runs, or bandwidth;
# - tell memory-bound from compute-bound with a roofline, and what a batch or fewer bits will change;
# - predict which of two models is faster, and know when you can't;
# - time models so that the difference is theirs, and say how you did it.
#
# **Common mistakes**
#
# - Taking parameters, or the size of the file, for the time.
# - Mixing up MACs and FLOPs: a factor of two.
# - Believing a FLOP counter that says 0.
# - Timing the first call, or the mean; timing A and then B; a time alone against a time among others.
# - Forgetting activations when RAM is small.
#
# ## Cheat sheet
#
# | to | write |
# |---|---|
# | count parameters | linear $n\,m + m$; convolution $c_o\, (c_i/g)\, k^2 + c_o$ |
# | know the bytes | $P\,b/8$ with $P$ parameters of $b$ bits |
# | know the RAM of activations | in a chain: largest input + output of a layer, times bytes per value |
# | count MACs | weights, times positions of the output ($h\,w$; 1 for linear), times images |
# | let PyTorch count | `FlopCounterMode(display=False)`, `.get_total_flops() // 2`; 0 means *unknown* |
# | know the intensity | $I$ = FLOPs / (weights + input + output, in bytes) |
# | know the bound | memory-bound if $I <$ peak / bandwidth |
# | estimate a time | per layer, overhead + max(bytes / bandwidth, FLOPs / peak), summed |
# | time honestly | warm up, shuffled turns, median and middle half, same threads and layout: `latency({...})`; `alone=True` for each by itself as well |
#
# Order of work: say what is meant (bytes, RAM, time, energy) → count by hand → measure the machine → estimate → only then time.

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
