# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 00 · The pipeline, end to end
#
# **I have a network that reads digits. It must move to a chip with flash storage for a third of today's file. What can I take
# away, and how do I know that nothing broke?**
#
# At the end of this lesson's exercise you get a network of 31,360 bytes, and squeeze it below 1,500. It still reads digits.
# This lesson is the box of tools for that, from raw pixels to weights that are partly zero and take one byte each.
#
# It takes about {minutes} minutes, with a place to stop after stage 6. Run the cells from top to bottom (Shift + Enter). Before a
# result that matters, a cell asks for your guess. Type it, press Enter, and run the next cell. A wrong guess is where you learn something.
#
# But first move the two sliders. When does the network call the lower digit something else? And the upper one?

# %% tags=["nbval-ignore-output"]
from coursekit.lesson_00.opening import two_digits

two_digits()

# %%
import copy
import math

import numpy as np
import torch
from torch import nn
from torch.nn.utils import prune

from coursekit import guess, guesses, mark_guess, reveal
from coursekit.learn.explore import explore
from coursekit.learn.widgets import cards, pattern_test, practice, progress, quiz, respond, trace
from coursekit.lesson_00.prediction import draw_prediction, draw_stages
from coursekit.nets import measure
from coursekit.nets.data import load_digits
from coursekit.nets.train import fit, set_seed
from coursekit.pictures import plot

set_seed(0)
plot.show(
    draw_stages(),
    alt="Six boxes in a row: raw, scaled and flattened images; then the network 784 to 128 to 10, "
    "trained, pruned and in int8. The network's shape is the same in the last three.",
)

# %% [markdown]
# In the last three boxes 784→128→10 never changes, so nothing was added to the network. **Pruning and quantization are not layers
# that you add. They change the numbers inside the layers that are there.**
#
# ## Stage 1 · Raw
# You get 1,000 images to train on, 397 to watch the training with (*validation*), and 400 that are kept for the end (*test*).

# %%
digits = load_digits()
train, validation = digits.train.hold_out(397)
test = digits.test
image, label = test.images[0], int(test.labels[0])
fig, (left, right) = plot.figure(1, 2, width=9, height=4)
left.imshow(image, cmap="gray_r")
left.plot([10.5, 20.5, 20.5, 10.5, 10.5], [2.5, 2.5, 10.5, 10.5, 2.5], marker="", color="#D55E00")
left.grid(visible=False)
left.set(title=f"The first test image, a {label}", xlabel="column", ylabel="row")
plot.matrix(right, image[3:11, 11:21], decimals=0)
right.set(title="The framed part as numbers", xticks=[], yticks=[])
plot.show(
    fig,
    alt="Left: the first test image, a handwritten four, with a frame round a part of it. Right: the "
    "grey values of that part, from 0 for paper to 255 for full ink.",
)

# %% [markdown]
# An image is a table of integers from 0 (paper) to 255 (ink), one byte each.
#
# ## Stage 2 · Scaled to 0–1
# Each grey value becomes a float32 and is divided by 255, the largest value that a byte can hold.
#
# ## Stage 3 · Flattened to 784
# A linear layer takes a list of numbers, not a table. `flatten(1)` reads each image row by row, and leaves axis 0 alone, the images.

# %%
images = torch.from_numpy(train.images.astype(np.float32) / 255)
flat = images.flatten(1)
print("raw:      ", train.images.shape, train.images.dtype, f"{train.images.nbytes:,} bytes")
print("scaled:   ", tuple(images.shape), images.dtype, f"{images.nbytes:,} bytes")
print("flattened:", tuple(flat.shape), "  with flatten() instead:", tuple(images.flatten().shape))
assert torch.equal(flat[:, 2 * 28 + 3], images[:, 2, 3])  # row 2, column 3 is at position 59

# %% [markdown]
# The picture is the same, and takes **four times the bytes**, because a float32 has 32 bits. It holds no more detail than
# before. Stage 6 goes the other way, with the weights.
#
# Why not divide by each image's own maximum? Because the same grey would then become different numbers, depending on a pixel elsewhere. And
# plain `flatten()` is a trap: it runs all images together into one list.
#
# ## Stage 4 · A network, trained for five epochs
# Two linear layers with a ReLU between them. For one flattened image $x$:
#
# $$h = \max(0,\; W_1 x + b_1) \qquad y = W_2 h + b_2$$
#
# $h$ has 128 numbers, one per *hidden unit*. $y$ has 10, one per digit (the *logits*), and the largest is the answer. What shape
# must $W_1$ have? *Softmax* turns the logits into probabilities. The *cross-entropy loss* is minus the logarithm of the right
# digit's probability, averaged over the images: about $\ln 10 \approx 2.30$ if you know nothing. An *epoch* is one pass over the training images.

# %%
model = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
for name, tensor in model.named_parameters():
    print(f"{name:9} {tuple(tensor.shape)!s:11} {tensor.numel():>7,}")
assert measure.count_parameters(model) == 784 * 128 + 128 + 128 * 10 + 10

# %% tags=["nbval-ignore-output"]
labels = torch.from_numpy(train.labels).long()
validation_images, validation_labels = validation.tensors()
history = fit(model, (flat, labels), (validation_images.flatten(1), validation_labels), epochs=5)
fig, axes = plot.figure(1, 2, width=9, height=2.8)
for ax, quantity, factor in zip(axes, ["loss", "accuracy"], [1, 100], strict=True):
    ax.plot(history["epoch"], factor * history[quantity], label="training, as seen")
    after = factor * history[f"validation_{quantity}"]
    ax.plot(history["epoch"], after, label="validation, after the epoch")
    ax.set(xlabel="epoch", xticks=range(1, 6), ylim=(0, None), title=quantity.capitalize())
axes[0].set_ylabel("cross-entropy loss")
axes[1].set_ylabel("% right")
axes[1].legend(loc="lower right")
plot.show(fig, alt="Left: training and validation loss fall. Right: both accuracies rise.")
assert history["validation_accuracy"].iloc[-1] > 0.88

# %% [markdown]
# Rows are outputs: one row of $W_1$ holds a unit's 784 weights. Validation is ahead in the first epoch, because the training
# line is averaged while the network is still learning. From here on this network is called **dense**: its weights aren't zero.
#
# ## Stage 5 · Pruned
# *Magnitude pruning* sets the weights nearest to zero to zero, because, on inputs of the same size, they change the sums least. *Sparsity* is the fraction of
# zeros. First by hand on 2×5 weights, then on the 100,352 weights of the first layer.


# %%
def prune_smallest(weight: torch.Tensor, share: float) -> torch.Tensor:
    """A copy of `weight` in which the given share, the smallest in magnitude, is zero."""
    values = weight.flatten().clone()
    smallest = values.abs().argsort()[: round(share * len(values))]
    values[smallest] = 0
    return values.reshape(weight.shape)


small = torch.tensor([[0.8, -0.1, 0.4, 0.05, -0.6], [-0.3, 0.9, -0.02, 0.5, -0.2]])
fig, axes = plot.figure(1, 2, width=9, height=2)
for ax, values, title in zip(
    axes, [small, prune_smallest(small, 0.3)], ["Dense", "30% pruned: three are 0"], strict=True
):
    plot.matrix(ax, values.numpy(), decimals=2)
    ax.set(title=title, xlabel="input", ylabel="output")
plot.show(fig, alt="A matrix of 2 by 5 weights; then the same with -0.1, 0.05 and -0.02 set to 0.")

# %%
pruned = copy.deepcopy(model)
pruned[0].weight.data = prune_smallest(model[0].weight.data, 0.3)
left = measure.count_nonzero(pruned[0].weight)
print(f"not zero: {left:,} weights, {left / pruned[0].weight.numel():.1%} of the layer", end=", ")
print(f"{1 - measure.sparsity(pruned):.1%} of the whole model")

library = copy.deepcopy(model)
prune.l1_unstructured(library[0], "weight", amount=0.3)
prune.remove(library[0], "weight")  # makes it final
# Sorted, because of two equal magnitudes at the border either may go.
ours, theirs = (m[0].weight.detach().abs().flatten().sort().values for m in (pruned, library))
assert torch.equal(ours, theirs)

# %% [markdown]
# −0.6 stays, though it's the smallest *number*. What counts is the magnitude, the distance from zero. “30% pruned” names what
# **goes**. And 70.0% of the layer isn't 70.4% of the model, so if somebody says “70% non-zero”, ask **of what**. PyTorch's own pruning agrees.
#
# ## Stage 6 · int8
# A float32 weight takes four bytes. An `int8` takes one, but it only knows the integers from −128 to 127. So you choose a step, the
# **scale** $s$, and store how many steps a weight is away from zero:
#
# $$q = \operatorname{clip}\!\left(\operatorname{round}\!\left(\frac{w}{s}\right),\, -128,\, 127\right) \qquad \hat w = s \cdot q$$
#
# $w$ is the weight, $q$ the stored integer, and $\hat w$ what you get back. *Clip* sends what lies outside to the nearer end.

# %%
fig, ax = plot.figure(width=9, height=1.9)
ax.plot([0.085, 0.165], [0, 0], marker="", color="black")
for q in range(9, 17):
    ax.plot(q / 100, 0, marker="|", markersize=14, color="black")
    ax.text(q / 100, -0.55, f"q = {q}", ha="center")
    ax.text(q / 100, -0.85, f"{q / 100:.2f}", ha="center")
ax.plot(0.1234, 0, marker="o", markersize=9, color="#D55E00")
ax.text(0.1234, 0.35, "0.1234", ha="center")
ax.set(title="Scale 0.01 puts a level every 0.01: 0.1234 goes to the nearest, 12", ylim=(-1, 0.7))
ax.set_axis_off()
plot.show(
    fig,
    alt="A number line with levels at 0.09, 0.10 and so on, named q = 9, 10 and so on. A dot at "
    "0.1234 lies between 12 and 13, nearer to 12.",
)


# %%
def quantize(values: torch.Tensor, scale: torch.Tensor | float) -> torch.Tensor:
    """The int8 that each of `values` becomes at this scale."""
    return torch.clamp(torch.round(values / scale), -128, 127).to(torch.int8)


for value in (0.1234, -0.1234, 1.5):
    q = quantize(torch.tensor(value), 0.01).item()
    print(f"{value:7} → {q:4}   back: {0.01 * q:5.2f}   error: {abs(value - 0.01 * q):.4f}")

# %% [markdown]
# **Rounding** costs at most half a step. **Clipping** can cost any amount: 1.5 would be 150, but int8 ends at 127. (A *level* is a number that an integer
# stands for. Halfway between two, a number goes to the even one.) What if you leave out the clip? What does the integer 150 become in int8?

# %%
guess("The integer 150, cast to int8 without clipping")

# %%
reveal("The integer 150, cast to int8 without clipping", torch.tensor(150).to(torch.int8).item())

# %% [markdown]
# **A cast does not clip.** It wraps around, to 150 − 256, and a large positive weight turns negative. Clip first, cast last.
#
# The scale is **your choice**, and the integer means nothing without it. For a whole tensor, start with the scale at which the
# largest weight just fits, $s = \max|w| / 127$. The largest weight of your layer is about 0.09. How many of the 256 integers
# would it use at 0.01, the scale of the examples so far?

# %%
guess("How many of the 256 integers does the first layer use at scale 0.01?")

# %% tags=["nbval-ignore-output"]
weight = model[0].weight.detach()
own_scale = weight.abs().max() / 127
at_example, at_own = (len(quantize(weight, scale).unique()) for scale in (0.01, own_scale))
print(f"at its own scale, {own_scale:.6f}, it uses {at_own}")
reveal("How many of the 256 integers does the first layer use at scale 0.01?", at_example)
assert at_example < 50 < 150 < at_own

# %% [markdown]
# A fine scale has small errors and a short reach, a coarse one the reverse. **A scale is chosen for a tensor.** Whether coarse
# steps cost answers is another question, and you'll measure it in the last item of the exercise.
#
# Now pack the pruned model: weights as int8, each tensor with its scale. To run it, the integers are multiplied by their
# scale again. It is *stored* in int8 and *computed* in float32. (Lesson 04 computes in integers.)


# %%
def pack(model: nn.Module) -> dict[str, torch.Tensor]:
    """What to store: int8 weights, a scale for each tensor of them, the biases as they are."""
    packed = {}
    for name, values in model.state_dict().items():
        if name.endswith("weight"):
            packed[f"{name}_scale"] = values.abs().max() / 127
            packed[name] = quantize(values, packed[f"{name}_scale"])
        else:
            packed[name] = values
    return packed


def unpack(packed: dict[str, torch.Tensor]) -> nn.Module:
    """The network with the weights that `packed` stands for, as float32."""
    network = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    for name, tensor in network.state_dict().items():
        tensor.copy_(packed[name] * packed.get(f"{name}_scale", 1))
    return network.eval()


packed = pack(pruned)
quantized = unpack(packed)
models = {"dense": model, "pruned": pruned, "quantized": quantized}

# %%
scale, before, after = packed["0.weight_scale"], pruned[0].weight.data, quantized[0].weight.data
assert (after - before).abs().max() <= scale / 2 * 1.0001  # off by half a step at most
assert (after[before == 0] == 0).all()  # zeros stay zero

# %% tags=["nbval-ignore-output"]
unit = int(model[0].weight.norm(dim=1).argmax())
edge = float(before[before != 0].abs().min())
fig, axes = plot.figure(2, 3, width=9.5, height=5, height_ratios=[1.5, 1], sharey="row")
for (above, below), (name, network) in zip(axes.T, models.items(), strict=True):
    weight = network[0].weight.detach()
    above.imshow(weight[unit].abs().reshape(28, 28), cmap="gray_r", vmin=0, vmax=0.06)
    above.set(title=f"{name}: one unit", xticks=[], yticks=[])
    below.hist(weight.flatten(), edge * np.linspace(0.6, 1.6, 97), color=plot.COLOURS[1])
    below.set(xlabel=f"weight, {name}", xticks=[0.01, 0.015])
axes[1, 0].set_ylabel("number of weights")
axes[1, 1].set_title("none near zero but 0")
axes[1, 2].set_title("only on levels")
plot.show(
    fig,
    alt="For each model the magnitudes of one hidden unit's weights as a picture, and a histogram of "
    "the layer's weights in a narrow window. Pruned: pale pixels turn white, and the histogram is "
    "empty up to a threshold. Quantized: the picture looks the same, the histogram is a comb.",
)

# %% [markdown]
# Pruning turns the palest pixels white and empties the histogram up to a threshold. Quantization moves every weight to the nearest
# level, and you can't see it in the picture.
#
# > **A place to stop.** Before you go on: which numbers did pruning change, and which did quantization change?
# > <details><summary>Answer</summary>Pruning set the smallest 30% of the first layer's weights to 0. Quantization moved nearly every weight, each by half a step at most.</details>
#
# ## What did you gain? Bytes
# Store the model in five ways, as `torch.save` writes it. How large is the pruned file?

# %%
guess("30% of the first layer zero: size of the file", unit="× the dense one")

# %% tags=["nbval-ignore-output"]
stored = {
    "dense, float32": model,
    "pruned, float32": pruned,
    "quantized,\nkept as float32": quantized,
    "dense, as int8": pack(model),
    "quantized (pruned),\nas int8": packed,
}
files = [measure.saved_bytes(what) for what in stored.values()]
zipped = [measure.saved_bytes(what, compressed=True) for what in stored.values()]
reveal("30% of the first layer zero: size of the file", files[1] / files[0])
fig, ax = plot.figure(width=9, height=3.8)
sizes = {"as saved": np.divide(files, files[0]), "then gzip": np.divide(zipped, files[0])}
plot.grouped_bars(ax, list(stored), sizes, label="{:.2f}")
ax.axvline(1 / 3, color="black", linestyle=":", marker="")
ax.set(title="Five ways to store it", xlabel="size (dense file = 1); dotted: a third of it")
mark_guess(ax, "30% of the first layer zero: size of the file", axis="x")
plot.show(
    fig,
    alt="Bars for five ways to store the model, as saved and then through gzip, and a dotted line at "
    "a third of the dense file.",
)

# %%
assert files[0] == files[1] == files[2] and max(files[3:]) < files[0] / 3
assert zipped[1] < 0.95 * zipped[0] and zipped[4] < 0.95 * zipped[3]

# %% [markdown]
# **The pruned file isn't one byte smaller.** A zero is a float32 like any other number. Only a format that finds the zeros gains,
# as gzip does. And int8 is about a quarter, but only if it's *stored* as int8: the third row holds the same numbers as float32.
#
# So int8 fits into the new flash, and zeros alone don't. RAM is another limit. `unpack` built a float32 network again, and RAM
# only shrinks if the weights stay integers in memory (lesson 05).
#
# ## What did you gain? Time
# We time a batch of 256 images through four networks. The fourth is the *control*: half of its units are really gone. How long does
# the pruned model take?

# %%
guess("Time of the pruned model", unit="× the dense one")

# %% tags=["nbval-ignore-output"]
control = nn.Sequential(nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))
batch = flat[:256]
timed = {**models, "control, half the units": control}
times = measure.latency(
    {name: lambda network=network: network(batch) for name, network in timed.items()}, runs=300
)
fig, ax = plot.figure(width=9, height=2.6)
plot.latencies(ax, times)
ax.set_title("Time for 256 images, one thread")
plot.show(fig, alt="Four bars: the times of dense, pruned, quantized, and the control.")
dense_time, its = times["dense"].median, times["pruned"]
reveal(
    "Time of the pruned model",
    its.median / dense_time,
    between=(its.lower_quartile / dense_time, its.upper_quartile / dense_time),
)

# %% [markdown]
# **Zeros are not speed.** A dense matrix product doesn't check for zeros. The control shows that the measurement can see a gain if
# there is one. Speed needs code that uses the change: rows that are gone (lesson 08), a *kernel*, the routine that
# computes a layer, that skips zeros (07), or integer arithmetic (04, 05, 11). We timed a batch, because for one image
# most of the time is *overhead*, the price of calling three layers at all.
#
# ## What did it cost? Answers
# Now the 400 test images, on which no choice has depended so far. All models get the **same** images, so only those count on
# which the two differ: *lost* ones (only dense is right) and *won* ones (only the other is). **If both are equally good, each is a coin toss.**
# The *p-value* says how often fair coins fall at least that unevenly. How often for 6 lost and 2 won?

# %%
guess("Lost 6, won 2: how often do fair coins fall at least that unevenly?", unit="%")


# %%
def coin_toss(lost: int, won: int) -> float:
    """How often fair coins split `lost + won` tosses at least this unevenly (two-sided)."""
    tosses = lost + won
    tail = sum(math.comb(tosses, k) for k in range(min(lost, won) + 1)) / 2**tosses
    return min(1.0, 2 * tail)


for lost, won in [(1, 0), (5, 0), (6, 0), (6, 2), (20, 3)]:
    print(f"lost {lost:2}, won {won}: p = {coin_toss(lost, won):.4f}")
reveal("Lost 6, won 2: how often do fair coins fall at least that unevenly?", 100 * coin_toss(6, 2))

# %% [markdown]
# **One rule for the whole course.** A difference comes with an interval. As long as 0 lies in it (or p is 0.05 or more), we call the two **indistinguishable**.
# What both share decides how it's computed: the same images, the same seeds, or nothing. And you say how many comparisons
# you made, because one in twenty misses 0 by chance. `compare` does it for two models, `verdict(one, other, shared=…)` for several seeds.

# %% tags=["nbval-ignore-output"]
ruined = copy.deepcopy(model)  # so that you see the test say “worse” too
ruined[0].weight.data = prune_smallest(model[0].weight.data, 0.98)
others = {"pruned": pruned, "int8": unpack(pack(model)), "quantized": quantized}
test_images, test_labels = test.tensors()
compared = {
    name: measure.compare(model, other, test_images.flatten(1), test_labels)
    for name, other in {**others, "98% pruned": ruined}.items()
}
fig, ax = plot.figure(height=2.4)
for row, (name, its) in enumerate(compared.items()):
    ax.errorbar(its.verdict.points, row, xerr=its.verdict.half, fmt="o", color="black", capsize=4)
    print(
        f"{name:11} changed {its.changed:3}, lost {its.lost:3}, won {its.won}: {its.verdict.word}"
    )
ax.axvline(0, color="grey", linestyle=":")
ax.set_yticks(range(4), list(compared))
ax.invert_yaxis()
ax.set(title="Accuracy less dense's, with 95% interval", xlabel="percentage points")
plot.show(fig, alt="Four points with intervals, and a dotted line at zero.")

# %%
assert all(math.isclose(its.p, coin_toss(its.lost, its.won)) for its in compared.values())
assert min(compared["pruned"].p, compared["quantized"].p) > 0.05 > 50 * compared["98% pruned"].p

# %% [markdown]
# Three of the four are **indistinguishable** from dense on these images. That doesn't mean equal: if five
# images were lost and none won, more than a point, we'd still have to call it chance. And these digits have 784 pixels but the detail of 64, so don't take “30% for free” for a law. **How
# much you may take away must be measured, every time.**
#
# ## One image, traced through three models
# Choose a test image, how much is pruned, and how many bits each weight gets. Which layer changes first? When does an answer flip?

# %%
explore(
    draw_prediction,
    alt="One test image, the weights of three models, their hidden units and the softmax of each.",
    image=[0, 1, 17, 26, 33, 52],
    sparsity=[0.0, 0.3, 0.5, 0.8, 0.9, 0.95],
    bits=[8, 4, 3, 2],
    start={"sparsity": 0.3},
)

# %% [markdown]
# An answer flips when the logits move by more than the largest one leads.
#
# ## The insight
# > **Pruning and quantization change the numbers in a network, not its layers.** That pays only if zeros are skipped and few bits are
# > stored as few bits, and it counts only if the answers were measured.
#
# And the chip? int8 alone fits the file into its flash, and 400 images show no difference. What zeros are good for, you'll find out in the
# exercise, where both together go below 1,500 bytes.

# %% tags=["nbval-ignore-output"]
guesses()

# %% [markdown]
# ## You can now…
# - prune the smallest weights of a layer and say what fraction is left, and of what;
# - turn a number into int8 and back, and choose a scale;
# - say when zeros and small integers save bytes, and why neither saves time by itself;
# - compare two models on the same images, and call a difference indistinguishable when it is.
#
# **Common mistakes**
# - `flatten()` for `flatten(1)`: the images run together.
# - Reading “30% pruned” as 30% left; counting biases or other layers in.
# - Casting before clipping: 150 becomes −106.
# - Looking for speed in zeros, or for bytes in integers that are kept as float32.
# - “One more image is right after pruning, so pruning helps.” One image is a coin toss.
#
# ## Cheat sheet
# | | what | code | bytes |
# |---|---|---|---|
# | scale | same grey, same number | `x / 255` | ×4 (uint8 → float32) |
# | flatten | row by row, images apart | `x.flatten(1)` | same |
# | prune | smallest magnitudes to 0 | `prune.l1_unstructured(layer, "weight", amount=0.3)`, then `prune.remove(layer, "weight")` | same after `remove` |
# | sparsity | fraction of zeros, of a named tensor | `measure.sparsity(w)` | |
# | int8 | $\operatorname{clip}(\operatorname{round}(w/s), -128, 127)$ | `torch.clamp(torch.round(w / s), -128, 127).to(torch.int8)` | ÷4, if stored so |
# | back | $\hat w = s\,q$, off by $s/2$ at most unless clipped | `q * s` | ×4 |
# | scale of a layer | the largest just fits | `w.abs().max() / 127` | 4 |
# | compare | lost and won images; seeds: `verdict(one, other, shared="seeds")` | `measure.compare(dense, other, x, y).verdict` | |

# %% [markdown]
# ## Practise
#
# Nothing below is marked, and nothing leaves this machine. What you do is kept in one file, `progress.sqlite`,
# in the folder above this one, so you can stop at any time and go on where you were. Everything works by mouse and by keyboard.
# In any notebook, `cheat_sheet("00")` from `coursekit.learn.widgets` brings the page above back.
#
# **Cards.** Say the answer aloud before you turn one. Those you forget come back soon.

# %%
cards("00")

# %% [markdown]
# **Quiz.** Each option tells why it is right or wrong, and you may try again.

# %%
quiz("00")

# %% [markdown]
# **In your own words.** Write two or three sentences. You see which ideas were found in them.

# %%
respond("00")

# %% [markdown]
# **Practice.** From easy to hard, with a hint and worked steps when you want them.

# %%
practice("00")

# %% [markdown]
# **Traces.** Follow a run step by step. Say what comes next before you press the button.

# %% tags=["nbval-ignore-output"]
trace("00")

# %% [markdown]
# **Pattern test.** Ten questions on *quantization* from all lessons. Take it when the rest feels easy.

# %%
pattern_test("quantization")

# %% [markdown]
# **How far you are**, in this lesson and in the others.

# %% tags=["nbval-ignore-output"]
progress()

# %% [markdown]
# ## References
#
# - E. Alpaydin, C. Kaynak (1998), *Optical Recognition of Handwritten Digits*, UCI Machine Learning
#   Repository, doi:10.24432/C50P49: the images.
# - S. Han, J. Pool, J. Tran, W. Dally (2015), *Learning both Weights and Connections for Efficient
#   Neural Networks*, arXiv:1506.02626: magnitude pruning.
# - S. Han, H. Mao, W. Dally (2016), *Deep Compression*, arXiv:1510.00149: prune, quantize, then
#   encode, as a pipeline.
# - B. Jacob et al. (2018), *Quantization and Training of Neural Networks for Efficient
#   Integer-Arithmetic-Only Inference*, arXiv:1712.05877: scale and int8.
# - D. Kingma, J. Ba (2015), *Adam*, arXiv:1412.6980: the training step inside `fit`.
# - Q. McNemar (1947), *Note on the sampling error of the difference between correlated proportions
#   or percentages*, Psychometrika 12, 153–157: the paired test.
