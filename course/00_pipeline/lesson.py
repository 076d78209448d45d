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
# **You have a network that reads digits. It must move to a chip whose flash, the memory that keeps files, holds only a
# third of today's file. What can you take away, and how do you know that nothing broke?**
#
# This lesson walks the whole way once, on small images: from raw pixels to a network whose weights
# are partly zero and stored in one byte each. It takes about {minutes} minutes, with a place to stop after stage 6. Every later lesson opens one of these stages and
# looks inside.
#
# How to read it: run the cells from top to bottom (Shift + Enter). Before a result that matters,
# a cell asks for your guess. Type it into the field and press Enter, even if it is a wild one, then
# run the next cell. A wrong guess is where you learn something.
#
# Before you run anything, move the two sliders of the picture. Two digits go in, one above the other. When does the
# network call the lower one something else? And when the upper one?

# %% tags=["nbval-ignore-output"]
from coursekit.lesson_00.opening import two_digits

two_digits()

# %%
import copy
import math

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.nn.utils import prune

from coursekit import guess, guesses, mark_guess, reveal
from coursekit.nets import measure
from coursekit.pictures import plot
from coursekit.nets.data import load_digits
from coursekit.learn.explore import explore
from coursekit.lesson_00.prediction import draw_prediction
from coursekit.nets.train import evaluate, fit, set_seed
from coursekit.learn.widgets import (
    cards,
    pattern_test,
    practice,
    progress,
    quiz,
    respond,
    trace,
)

set_seed(0)

# %% jupyter={"source_hidden": true}
stages = [
    ("1 · raw", "1000×28×28\n0 … 255", "#DDDDDD"),
    ("2 · scaled", "1000×28×28\n0 … 1", "#DDDDDD"),
    ("3 · flattened", "1000×784\n0 … 1", "#DDDDDD"),
    ("4 · trained", "784→128→10\nfloat32", "#FFFFFF"),
    ("5 · pruned", "784→128→10\nmany weights 0", "#F5C27A"),
    ("6 · int8", "784→128→10\n1 byte per weight", "#F5C27A"),
]
fig, ax = plot.figure(width=9.5, height=1.8)
for at, (name, text, colour) in enumerate(stages):
    box = {"boxstyle": "round,pad=0.5", "facecolor": colour}
    ax.text(at, 0, f"{name}\n{text}", ha="center", va="center", fontsize=9, bbox=box)
    if at:
        ax.annotate("", (at - 0.36, 0), (at - 0.64, 0), arrowprops={"arrowstyle": "->"})
ax.set(xlim=(-0.5, 5.5), ylim=(-1, 1))
ax.set_axis_off()
ax.set_title("Stages 2 and 3 change the data, 4 makes the weights, 5 and 6 change the weights")
plot.show(
    fig,
    alt="Six boxes in a row: raw, scaled and flattened images; then the network 784 to 128 to 10, "
    "trained, pruned and in int8. The network's shape is the same in the last three.",
)

# %% [markdown]
# Look at the last three boxes: `784→128→10` stays: nothing is added to the network. **Pruning and
# quantization are not layers that you add. They change the numbers inside the layers that are
# there.** Now do it.
#
# ## Stage 1 · Raw
# 1,000 images to train on, 397 to watch the training with (*validation*), and 400 kept for the end
# (*test*). The first test image is shown here, and at the end traced through three finished models.

# %%
digits = load_digits()
train, validation = digits.train.hold_out(397)
test = digits.test
for name, part in {"train": train, "validation": validation, "test": test}.items():
    print(f"{name:10}  images {part.images.shape} {part.images.dtype}   labels {part.labels.shape}")

image, label = test.images[0], int(test.labels[0])
fig, (left, right) = plot.figure(1, 2, width=9, height=4)
left.imshow(image, cmap="gray_r")
left.plot([10.5, 20.5, 20.5, 10.5, 10.5], [2.5, 2.5, 10.5, 10.5, 2.5], marker="", color="#D55E00")
left.grid(visible=False)
left.set(title=f"The first test image, a {label}", xlabel="column", ylabel="row")
plot.matrix(right, image[3:11, 11:21], decimals=0)
right.set_xticks(range(10), range(11, 21))
right.set_yticks(range(8), range(3, 11))
right.set(title="The framed part as numbers", xlabel="column", ylabel="row")
plot.show(
    fig,
    alt="Left: the first test image, a handwritten four, with a frame round a part of it. Right: the "
    "grey values of that part, from 0 for paper to 255 for full ink.",
)

# %% [markdown]
# An image is a table of integers from 0 (paper) to 255 (ink), one byte each. These digits were written by hand and
# scanned as 32×32 points, black or white. Counting the points in each block of 4×4 made them 8×8 numbers from 0 to 16; the
# course has enlarged them to 28×28. An image has 784 numbers and the detail of 64.
#
# ## Stage 2 · Scaled to 0–1
# Raw grey values would make every weighted sum of pixels 255 times as large. Each grey value becomes a
# float32 and is divided by 255, the largest value that one byte can hold. Stage 4 shows what training makes of the raw ones.

# %%
print(f"by hand: 150 / 255 = {150 / 255:.2f}")
scaled = train.images.astype(np.float32) / 255
print(f"before: {train.images.shape} {train.images.dtype}   {train.images.nbytes:,} bytes")
print(f"after:  {scaled.shape} {scaled.dtype} {scaled.nbytes:,} bytes")
assert scaled.nbytes == 4 * train.images.nbytes
# The course's helper does the same, and adds an axis of length 1 for the colour.
assert torch.equal(train.tensors()[0].squeeze(1), torch.from_numpy(scaled))

strong = train.images[0]
faint = strong // 4  # the same digit in pencil: a quarter of the ink
print("\n                      divided by 255   by its own maximum")
for name, picture in {"strong": strong, "faint": faint}.items():
    print(f"grey 60 in the {name:6} {60 / 255:14.3f} {60 / picture.max():20.3f}")

# %% [markdown]
# Same shape, same picture, **four times the bytes**: a float32 has 32 bits, the grey value had 8.
# No detail was won, there are still at most 256 different greys. Stage 6 does the opposite with the weights: 32 bits become
# 8.
#
# Divided by each image's own maximum, **the same grey becomes two very different numbers**, because
# of a pixel elsewhere. Divided by 255 it is always the same. A scale that is fixed in advance keeps
# images comparable, also with those that come after training.
#
# ## Stage 3 · Flattened to 784
# A linear layer takes a list of numbers, not a table. The next cell shows on a 2×3 “image” how the
# table is read: row by row.

# %%
tiny = torch.tensor([[1, 2, 3], [4, 5, 6]])
print(tiny, "→", tiny.flatten())

# %%
images = torch.from_numpy(scaled)
flat = images.flatten(1)
position = 2 * 28 + 3
assert torch.equal(flat[:, position], images[:, 2, 3])
print(f"row 2, column 3 of 28×28 is at position {position}, counted from 0")

print("images.flatten(1):", tuple(images.shape), "→", tuple(flat.shape))
print("images.flatten(): ", tuple(images.shape), "→", tuple(images.flatten().shape))

# %% [markdown]
# `flatten(1)` leaves axis 0 alone, the images, and joins the rest. Plain `flatten()` joins
# everything: 1,000 images run into one list, and the borders between the images are lost.
#
# ## Stage 4 · A network, trained for five epochs
# Two linear layers with a ReLU between them. For one flattened image $x$ (784 numbers):
#
# $$h = \max(0,\; W_1 x + b_1) \qquad y = W_2 h + b_2$$
#
# $h$ has 128 numbers, one for each *hidden unit*. $y$ has 10, one for each digit (the *logits*);
# the largest is the answer. $b_1$ and $b_2$ have 128 and 10 numbers. What shape must $W_1$ have, so
# that 784 numbers go in and 128 come out?
#
# *Softmax* turns ten logits into ten positive numbers that sum to 1: a probability for each digit.
# The *cross-entropy loss* is the mean over the images of minus the logarithm of the right digit's
# probability. An untrained network gives each digit about one tenth, so its loss is about
# $-\ln 0.1 = \ln 10 \approx 2.30$. An *epoch* is one pass over the 1,000 training images.
# `fit` takes them in small batches, and after each batch one step of *Adam*, a kind of gradient descent.

# %%
model = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
for name, tensor in model.named_parameters():
    print(f"{name:9} {tuple(tensor.shape)!s:11} {tensor.numel():>7,}")

# Rows are outputs: one row of W₁ holds the 784 weights of one hidden unit, one for each pixel.
print(f"in all    {measure.count_parameters(model):>19,}")
assert measure.count_parameters(model) == 784 * 128 + 128 + 128 * 10 + 10

# %%
guess("Validation accuracy after one epoch of training", unit="%", low=0, high=100)

# %% tags=["nbval-ignore-output"]
labels = torch.from_numpy(train.labels).long()
validation_images, validation_labels = validation.tensors()
validation_data = validation_images.flatten(1), validation_labels

untrained = *evaluate(model, flat, labels), *evaluate(model, *validation_data)
history = fit(model, (flat, labels), validation_data, epochs=5).set_index("epoch")
history.loc[0] = untrained
history = history.sort_index()

accuracy = history["validation_accuracy"]
reveal("Validation accuracy after one epoch of training", 100 * accuracy[1])
history.round(3)

# %% [markdown]
# Do raw greys train worse? The next cell trains the same network anew, once on grey values divided by 255 and once on raw
# ones.

# %%
guess("Trained on raw greys: validation accuracy", unit="%", low=0, high=100)

# %% tags=["nbval-ignore-output"]
measure_of = {}
for name, size in {"divided by 255": 1, "raw greys": 255}.items():
    torch.manual_seed(1)
    other = copy.deepcopy(model)
    for layer in (other[0], other[2]):
        layer.reset_parameters()
    fit(other, (size * flat, labels), epochs=5)
    measure_of[name] = evaluate(other, size * validation_data[0], validation_labels)[1]
print("validation accuracy:", {name: round(value, 3) for name, value in measure_of.items()})
reveal("Trained on raw greys: validation accuracy", 100 * measure_of["raw greys"])

# %% [markdown]
# From one seed the raw ones did as well. A likely reason, which no cell here tests: Adam divides each step by the size of
# the gradients, so a factor of 255 hardly matters. Plain gradient descent would need another learning rate. Divide or
# don't, but do the same with every image that comes later: the network knows only the scale it was trained on.

# %%
fig, axes = plot.figure(1, 2, width=9, height=3.2)
for ax, quantity, factor in zip(axes, ["loss", "accuracy"], [1, 100], strict=True):
    after = factor * history[f"validation_{quantity}"]
    ax.plot(history.index, factor * history[quantity], label="training, as seen")
    ax.plot(history.index, after, label="validation, after the epoch")
    ax.set(xlabel="epoch (0: untrained)", ylim=(0, None))
axes[0].axhline(math.log(10), color="grey", linestyle=":", marker="")
axes[0].set(title="Loss falls from chance (dotted)", ylabel="cross-entropy loss")
axes[1].set(title="Accuracy", ylabel="accuracy (% right)")
axes[1].legend(loc="lower right")
mark_guess(axes[1], "Validation accuracy after one epoch of training")
plot.show(
    fig,
    alt="Left: training and validation loss fall from about 2.3, steeply at first. Right: both "
    "accuracies rise, the validation one most of the way in the first epoch.",
)
assert abs(history["validation_loss"][0] - math.log(10)) < 0.1, "untrained should be near chance"
assert accuracy[0] < 0.3 and accuracy[1] > 0.6 and accuracy[5] > 0.88
assert (history["validation_loss"].diff()[1:] < 0).all(), "the loss should fall in every epoch"

# %% tags=["nbval-ignore-output"]
right = (accuracy * len(validation)).round().astype(int)
gained = right.diff().fillna(0).astype(int)
fall = -history["validation_loss"].pct_change()
sure = np.exp(-history["validation_loss"])  # the loss turned back into a probability
spread = math.sqrt(right[4] * (1 - accuracy[4]))
print(f"""\
What to notice, computed from your run:
Epoch 1: from {right[0]} to {right[1]} of {len(validation)} right, {gained[1] / (right[5] - right[0]):.0%} of the whole gain. Training shows
         only {history["accuracy"][1]:.0%}: it is averaged while the network is still learning.
Epoch 2: {gained[2]:+d} images, and the loss falls by {fall[2]:.0%}. The right digit now gets {sure[2]:.0%}, after epoch 1
         {sure[1]:.0%} (see below). Accuracy only sees which digit is largest.
Epoch 3: {gained[3]:+d} images. Training is at {history["accuracy"][3]:.1%}, validation at {accuracy[3]:.1%}.
Epoch 4: {gained[4]:+d} images. On {len(validation)} other images the count {right[4]} could differ by about ±{spread:.0f}.
Epoch 5: the validation loss still falls, by {fall[5]:.0%}: the training is not finished.""")
assert accuracy[1] > history["accuracy"][1], "validation should be ahead in epoch 1"
assert history["accuracy"][3] - accuracy[3] < 0.06, "training should not run away"
assert gained[1] > 0.6 * (right[5] - right[0])

# %% [markdown]
# - “The right digit gets …” is $e^{-\text{loss}}$, the *geometric mean* over all images: multiply
#   the $n$ probabilities and take the $n$-th root.
# - *Over-fitting* would be training that goes on getting better while validation gets worse. The
#   validation loss fell in every epoch (the cell of the plot asserts it), so: not yet.
# - ± is the standard error, $\sqrt{n\,a\,(1-a)}$ for accuracy $a$ on $n$ images: how far the choice
#   of images moves such a count. Whether one model beats another on the **same** images is a sharper
#   question. It gets its own test below, under “Answers”.
#
# This trained network is called **dense** from here on: its weights are not zero.
#
# ## Stage 5 · Pruned
# *Magnitude pruning* sets the weights nearest to zero to zero. The idea: they change the sums
# least. *Sparsity* is the share of zeros. First by hand, on 2×5 weights; then, *layer-wise*, on the
# 100,352 weights of the first layer. Its biases and the second layer stay as they are.

# %%
small = torch.tensor([[0.8, -0.1, 0.4, 0.05, -0.6], [-0.3, 0.9, -0.02, 0.5, -0.2]])
print(small)


# %%
def prune_smallest(weight: torch.Tensor, share: float) -> torch.Tensor:
    """A copy of `weight` in which the given share, the smallest in magnitude, is zero."""
    values = weight.flatten().clone()
    smallest = values.abs().argsort()[: round(share * len(values))]
    values[smallest] = 0
    return values.reshape(weight.shape)


small_pruned = prune_smallest(small, 0.3)
fig, axes = plot.figure(1, 2, width=9, height=2)
for ax, values, title in zip(
    axes, [small, small_pruned], ["Dense", "30 % pruned: three are 0"], strict=True
):
    plot.matrix(ax, values.numpy(), decimals=2)
    ax.set(title=title, xlabel="input", ylabel="output")
plot.show(fig, alt="A matrix of 2 by 5 weights; then the same with -0.1, 0.05 and -0.02 set to 0.")
print(f"not zero: {measure.count_nonzero(small_pruned)} of {small.numel()}")

# %%
pruned = copy.deepcopy(model)
pruned[0].weight.data = prune_smallest(model[0].weight.data, 0.3)

weight = pruned[0].weight
print(f"first layer: shape {tuple(weight.shape)}, sparsity {measure.sparsity(weight):.3f}")
left = measure.count_nonzero(weight)
print(f"not zero: {left:,} weights of the layer ({left / weight.numel():.1%})")
print(f"not zero: {1 - measure.sparsity(pruned):.1%} of the whole model")

library = copy.deepcopy(model)
prune.l1_unstructured(library[0], "weight", amount=0.3)
prune.remove(library[0], "weight")
# Sorted, because of two equal magnitudes at the border either may go.
ours, theirs = (m[0].weight.detach().abs().flatten().sort().values for m in (pruned, library))
assert torch.equal(ours, theirs)
print("prune.l1_unstructured leaves the same weights.")

# %% [markdown]
# - In the 2×5 example −0.6 stays, though it is the smallest *number*: what counts is the magnitude,
#   the distance from zero.
# - “30 % pruned” names what **goes**: sparsity 0.3, and 70 % are left. The shape does not change.
# - 70.0 % of the layer is left, and 70.4 % of the model, which also counts the second layer and the biases. When somebody says “70 % non-zero”, ask **of what**.
# - PyTorch's own pruning leaves the same weights. `remove` makes it final (more in lesson 07).
#
# ## Stage 6 · int8
# A float32 weight takes four bytes. An `int8` takes one, but it only knows the integers from
# −128 to 127. So you choose a step, the **scale** $s$, and store how many steps a weight is away
# from zero:
#
# $$q = \operatorname{clip}\!\left(\operatorname{round}\!\left(\frac{w}{s}\right),\, -128,\, 127\right) \qquad \hat w = s \cdot q$$
#
# $w$ is the weight, $q$ the integer that is stored, $\hat w$ what you get back. *Clip* means: what
# lies outside goes to the nearer end.

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


for value in (0.1234, -0.1234, 1.5, -1.5):
    q = quantize(torch.tensor(value), 0.01).item()
    print(f"{value:7} → {q:4}   back: {0.01 * q:5.2f}   error: {abs(value - 0.01 * q):.4f}")

halves = torch.tensor([0.5, 1.5, 2.5, 3.5, 4.5, 5.5])
for name, steps in {"round": torch.round(halves), "always up": torch.floor(halves + 0.5)}.items():
    print(f"{name:9} {steps.int().tolist()}   mean error {(steps - halves).mean():.1f}")
assert [round(half) for half in halves.tolist()] == torch.round(halves).tolist()

# %% [markdown]
# And if you leave `clamp` out? At scale 0.01 the weight 1.5 is 150 steps away from zero.

# %%
guess("The integer 150, cast to int8 without clipping")

# %%
reveal("The integer 150, cast to int8 without clipping", torch.tensor(150).to(torch.int8).item())

# %% [markdown]
# - Two kinds of error. **Rounding** costs at most half a step, here 0.005. **Clipping** costs more:
#   1.5 would be 150, but int8 ends at 127, so 1.27 is the best it can do.
# - **A cast does not clip.** The integer 150 wraps to 150 − 256 = −106: a large positive weight
#   turns negative. For a float outside int8, what a cast gives is not even defined. Clip first, cast
#   last.
# - What lies exactly between two levels goes to the **even** one (*round half to even*; Python's
#   `round` does the same, the cell asserts it). Rounding every half up adds half a step to each of them.
#
# The scale is **your choice**, and the integer means nothing without it. The next cell shows 0.5 at
# three scales. For a whole tensor, a good start is the scale at which its largest weight just fits:
# $s = \max|w| / 127$. (Not 128: int8 ends at 127 above zero, so a largest weight that is positive
# would be clipped.) The largest weight of your layer is about 0.09. Is 0.01, the scale of the examples so far, a good one
# for it? Guess below.

# %%
for scale in (0.1, 0.01, 0.001):
    stored = quantize(torch.tensor(0.5), scale).item()
    print(
        f"scale {scale:5}: 0.5 is {round(0.5 / scale):3} steps, int8 stores {stored:3}, back "
        f"{scale * stored:5.3f};  int8 reaches {127 * scale:6.3f}, int16 {32767 * scale:8.3f}"
    )

# %%
guess("How many of the 256 integers does the first layer use at scale 0.01?")

# %% tags=["nbval-ignore-output"]
weight = model[0].weight.detach()
own_scale = weight.abs().max() / 127
at_example, at_own = (len(quantize(weight, scale).unique()) for scale in (0.01, own_scale))
print(f"largest weight {weight.abs().max():.4f}, so the layer's own scale is {own_scale:.6f}")
print(f"different integers in use: {at_example} at 0.01, {at_own} at the layer's own scale")
reveal("How many of the 256 integers does the first layer use at scale 0.01?", at_example)

# %% [markdown]
# A fine scale has a small rounding error and a short reach; a coarse one the reverse. A wider type
# such as int16 gives you both, for more bytes.
#
# At 0.01 all these weights share a few integers, and most of int8 is not used. At its own scale the
# layer uses most of it. **A scale is chosen for a tensor.** Whether coarse steps cost answers is
# another question. It is answered by measuring, as you will in the last item of the exercise.
#
# Now pack the pruned model: weights as int8, each tensor with its scale; the few biases stay
# float32. `state_dict()` gives a model's tensors by name. To run the packed model, the integers are
# multiplied by their scale again, and `copy_` writes the result into a fresh network: *stored* in
# int8, *computed* in float32. Lesson 04 computes in integers.


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


packed = pack(pruned)
for name, tensor in packed.items():
    print(f"{name:14} {tuple(tensor.shape)!s:11} {tensor.dtype!s:14} {tensor.nbytes:>7,} bytes")
assert at_example < 50 < 150 < at_own


# %% tags=["nbval-ignore-output"]
def unpack(packed: dict[str, torch.Tensor]) -> nn.Module:
    """The network with the weights that `packed` stands for, as float32."""
    network = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    for name, tensor in network.state_dict().items():
        tensor.copy_(packed[name] * packed.get(f"{name}_scale", 1))
    return network.eval()


quantized = unpack(packed)
scale, before, after = packed["0.weight_scale"], pruned[0].weight.data, quantized[0].weight.data
assert (after - before).abs().max() <= scale / 2 * 1.0001, "off by half a step at most"
assert (after[before == 0] == 0).all(), "zeros stay zero"

# PyTorch in one go: values, scale, zero point (the integer for 0), smallest and largest integer.
theirs = torch.fake_quantize_per_tensor_affine(before, scale.item(), 0, -128, 127)
elsewhere = int(((theirs - after).abs() > scale / 2).sum())
print(f"PyTorch puts {elsewhere} of {after.numel():,} weights on another level than we do.")
assert elsewhere < 100

# %%
models = {"dense": model, "pruned": pruned, "quantized": quantized}
titles = ["dense: one unit", "pruned: palest gone", "quantized: looks the same"]
unit = int(model[0].weight.norm(dim=1).argmax())
threshold = float(before[before != 0].abs().min())
fig, axes = plot.figure(2, 3, width=9.5, height=5.2, height_ratios=[1.5, 1], sharey="row")
for (above, below), (name, network), title in zip(axes.T, models.items(), titles, strict=True):
    weight = network[0].weight.detach()
    drawn = above.imshow(weight[unit].abs().reshape(28, 28), cmap="gray_r", vmin=0, vmax=0.06)
    above.set(title=title, xticks=[], yticks=[])
    below.hist(weight.flatten(), threshold * np.linspace(0.6, 1.6, 97), color=plot.COLOURS[1])
    below.set(xlabel=f"weight, {name}")
axes[1, 0].set(title="weights of all sizes", ylabel="number of weights")
axes[1, 1].set_title("none near zero but 0")
axes[1, 2].set_title("only on levels")
fig.colorbar(drawn, ax=axes[0], label="magnitude", shrink=0.8, extend="max")
plot.show(
    fig,
    alt="For each model the magnitudes of one hidden unit's weights as a picture, and a histogram of "
    "the layer's weights in a narrow window. Pruned: pale pixels turn white, and the histogram is "
    "empty up to a threshold. Quantized: the picture looks the same, the histogram is a comb.",
)

# %% [markdown]
# Three models: **dense**, **pruned**, and **quantized** (the pruned one, in int8). On top the 784
# weights of one hidden unit, laid out as a picture again, dark where the magnitude is large:
# pruning turns the palest pixels white, and quantization changes nothing that one could see. The lower row shows a narrow
# window of the weights (the zeros lie outside it, on the left): pruning empties it up to a threshold,
# and quantization moves every weight to the nearest of a few levels, a scale apart.
#
# PyTorch multiplies by $1/s$ where we divide by $s$. The last bit can differ, so a weight exactly between two levels could
# go to the other one (lesson 02).
#
# > **A place to stop.** You have the three models. Before you go on: which numbers did pruning change, and which did
# > quantization change?
#
# <details><summary>Answer</summary>
#
# Pruning set the smallest 30 % of the first layer's weights to 0 and left all others as they were. Quantization moved nearly
# every weight, each by half a step at most.
#
# </details>
#
# ## What did it bring? Bytes
# Store them in five ways. The sizes are those of the files that `torch.save` writes.

# %%
guess("30 % of the first layer zero: size of the file", unit="× the dense one")
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
for name, size in zip(stored, files, strict=True):
    print(f"{' '.join(name.split()):27} {size:>7,} bytes")
reveal("30 % of the first layer zero: size of the file", files[1] / files[0])
while_it_runs = sum(parameter.nbytes for parameter in quantized.parameters())
in_the_file = sum(tensor.nbytes for tensor in packed.values())
print(
    f"\nthe int8 model: {in_the_file:,} bytes of numbers in the file, {while_it_runs:,} while it runs"
)

# %%
fig, ax = plot.figure(width=9, height=3.8)
sizes = {"as saved": np.divide(files, files[0]), "then gzip": np.divide(zipped, files[0])}
plot.grouped_bars(ax, list(stored), sizes, label="{:.2f}")
ax.axvline(1 / 3, color="black", linestyle=":", marker="")
ax.set(
    title="Five ways to store the model",
    xlabel="size (the dense file = 1); dotted: a third of it",
)
mark_guess(ax, "30 % of the first layer zero: size of the file", axis="x")
plot.show(
    fig,
    alt="Bars for five ways to store the model, as saved and then through gzip, and a dotted line at "
    "a third of the dense file.",
)
assert files[0] == files[1] == files[2], "the same shapes and types make the same size"
assert max(files[3:]) < files[0] / 3 < files[1], "int8 fits into a third, zeros in float32 don't"
assert zipped[1] < 0.95 * zipped[0] and zipped[4] < 0.95 * zipped[3], "gzip finds the zeros"

# %% [markdown]
# - **The question at the top: a third of the flash.** The dotted line says what fits. The pruned
#   float32 file doesn't. The int8 file does, pruned or not. (So does the third row through gzip, just: but then the chip
#   must unpack it.)
# - **RAM is another limit.** To run the int8 file, `unpack` built a float32 network of it: all bytes of the original are
#   there again, as the last printed line says. RAM shrinks only if the weights stay integers in memory: what computes with
#   them takes them as they are, or makes floats of one layer or tile at a time (lessons 05, 11 and 13).
# - **The pruned file is not one byte smaller.** A zero is a float32 like any other number. Only a
#   format that finds the zeros gains: gzip does.
# - **int8 is about a quarter, if it is stored as int8.** The third row holds the very numbers of
#   the last one, kept as float32: nothing saved. (With gzip it shrinks, because few different
#   numbers repeat. gzip gets most of the same gain.)
# - The weights are exactly a quarter. The file is a bit more: names, scales and biases are still
#   there.
#
# ## What did it bring? Time
# A batch of 256 images, the models in turn and in a shuffled order, so that a busy moment of the machine hits all alike.
# Beside the three models stands a fourth, the *control*: you will see why.

# %%
guess("Time of the pruned model", unit="× the dense one")

# %% tags=["nbval-ignore-output"]
control = nn.Sequential(nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))
batch = flat[:256]
timed = {**models, "control, half the units": control}
times = measure.latency(
    {name: lambda network=network: network(batch) for name, network in timed.items()}, runs=300
)
dense_time = times["dense"].median
for name, time in times.items():
    print(f"{name:23} {time.median / dense_time:.2f}")

fig, ax = plot.figure(width=9, height=2.6)
plot.latencies(ax, times)
ax.set_title("Time for 256 images, one thread")
plot.show(fig, alt="Four bars: the times of dense, pruned, quantized, and the control.")
fast, slow = times["pruned"].lower_quartile, times["pruned"].upper_quartile
reveal(
    "Time of the pruned model",
    times["pruned"].median / dense_time,
    between=(fast / dense_time, slow / dense_time),
)

# %% tags=["nbval-ignore-output"]
one = flat[:1]
for name, network in timed.items():
    print(f"{measure.count_macs(network, one):>7,} multiply-accumulates (MACs): {name}")
smallest = nn.Sequential(nn.Linear(1, 1), nn.ReLU(), nn.Linear(1, 1))
times = measure.latency(
    {"dense": lambda: model(one), "1→1→1": lambda: smallest(one[:, :1])}, runs=500, warm_up=50
)
for name, time in times.items():
    print(f"one image through {name:5}: {1e6 * time.median:5.1f} µs")

# %% [markdown]
# **Zeros are not speed.** A dense matrix product does not check for zeros.
# The control is a network that really is smaller: half of its hidden units are gone, not zero. It shows that the measurement
# can see a gain where there is one. And the quantized model computes in float32, on numbers that happen to be multiples of a scale. Speed
# needs code that uses the change: whole rows removed (as in the control; lesson 08), a *kernel*
# (the routine that computes a layer) that skips zeros (07); integer arithmetic may give it (04, 05, 11).
#
# MACs are the multiplications of a layer, each with its addition: the same for the three models, half
# for the control. We timed a batch because one image takes only some µs, most of it overhead. The last cell shows how much:
# its second network, of 1 input, 1 unit and 1 output, computes next to nothing.
# Its time is *overhead*, the price of calling three layers. It is most of the dense model's time for one image, too, and
# hides what is behind it.

# %% [markdown]
# ## What did it cost? Answers
# Now the 400 test images, on which no weight and no choice has depended so far. All models get the
# **same** images, so compare them image by image. An image that both get right, or both wrong, says
# nothing about which is better. Only the images on which the two differ count: *lost* ones (only dense is right) and *won*
# ones (only the other is right).
#
# **If two models are equally good, each lost or won image is a coin toss.** `coin_toss` computes
# how often fair coins fall at least that unevenly: the *p-value* of McNemar's test. From 0.05 up,
# call the two **indistinguishable**. With fewer than six images that differ no p-value falls below 0.05: 6 lost and none
# won give 0.03.
#
# **One rule for the whole course.** A difference comes with an interval, and while that holds 0 we call the two indistinguishable. What both share says how it's computed: the same images, so the
# lost and won ones count; the same seeds, so the difference of each pair counts (from lesson 07 on); or nothing, so the spreads of both add up. And you say how many comparisons you made, because of twenty one misses 0 by
# chance. `compare` brings the verdict for two models, and `verdict(one, other, shared=…)` for several seeds.

# %%
guess("Lost 6, won 2: how often do fair coins fall at least that unevenly?", unit="%")


# %%
def coin_toss(lost: int, won: int) -> float:
    """How often fair coins split `lost + won` tosses at least this unevenly (two-sided)."""
    tosses = lost + won
    tail = sum(math.comb(tosses, k) for k in range(min(lost, won) + 1)) / 2**tosses
    return min(1.0, 2 * tail)


for lost, won in [(1, 0), (2, 0), (5, 0), (6, 0), (6, 2), (20, 3)]:
    print(f"lost {lost:2}, won {won}: p = {coin_toss(lost, won):.4f}")
reveal("Lost 6, won 2: how often do fair coins fall at least that unevenly?", 100 * coin_toss(6, 2))

# %%
guess("For how many of the 400 does quantized answer something else than dense?")

# %% tags=["nbval-ignore-output"]
ruined = copy.deepcopy(model)  # so that you see the test say “worse” too
ruined[0].weight.data = prune_smallest(model[0].weight.data, 0.98)

whole = unpack(pack(model))  # the price of int8 alone
test_images, test_labels = test.tensors()
compared = {  # for each model: right, changed, lost and won images, and p
    name: measure.compare(model, other, test_images.flatten(1), test_labels)
    for name, other in {**models, "int8, not pruned": whole, "98 % pruned": ruined}.items()
}
reveal(
    "For how many of the 400 does quantized answer something else than dense?",
    compared["quantized"].changed,
)
assert all(math.isclose(c.p, coin_toss(c.lost, c.won)) for c in compared.values())
table = pd.DataFrame(compared.values(), index=compared).drop(columns="images")
table["p"] = table["p"].map("{:.2g}".format)
table["points"] = [str(its.verdict) for its in compared.values()]
table

# %% [markdown]
# Four models were compared with dense. Pruned, quantized and int8 alone are **indistinguishable** from it on these images. That does not mean
# equal: two images lost and none won give p = 0.5, so 400 images can't show a difference
# of half a percentage point. The interval says how large a loss could hide. And one image won would not make it better.
#
# These images have 784 pixels and the detail of 64, so do not take “30 % for free” for a law. With 98 % pruned the same test
# says clearly “worse”. How much you may take away must be **measured**, every time.
#
# `changed` can be more than lost and won together: an image that goes from one wrong digit to
# another is neither.
#
# ## One image, traced through three models
# Back to the first test image. It passes through each model, and you stop after every layer.


# %% tags=["nbval-ignore-output"]
def through(network: nn.Module, values: torch.Tensor) -> dict[str, torch.Tensor]:
    """What one flattened image, shape (784,), becomes after each layer, and its softmax."""
    steps = {"input": values}
    for name, layer in zip(["linear 784→128", "ReLU", "linear 128→10"], network, strict=True):
        steps[name] = values = layer(values).detach()
    return steps | {"softmax": values.softmax(0)}


traces = {name: through(network, test_images[0].flatten()) for name, network in models.items()}
rows = {}
for step, dense in traces["dense"].items():
    at = int(dense.argmax())  # follow the number that is largest in the dense model
    off = max(float((steps[step] - dense).abs().max()) for steps in traces.values())
    follow = [float(steps[step][at]) for steps in traces.values()]
    rows[step] = [tuple(dense.shape), at, *follow, off]
assert str(model) == str(pruned) == str(quantized), "the same layers"
columns = ["shape", "number at position", *models, "largest difference to dense"]
pd.DataFrame.from_dict(rows, orient="index", columns=columns).round(4)

# %% tags=["nbval-ignore-output"]
first, second = traces["dense"]["linear 128→10"].topk(2).values.tolist()
off = rows["linear 128→10"][-1]
print(
    f"the largest logit leads the second by {first - second:.2f}; no logit moved by more than {off:.2f}"
)
assert first - second > 2 * off
assert min(compared["pruned"].p, compared["quantized"].p) > 0.05 > 50 * compared["98 % pruned"].p

fig, axes = plot.figure(2, 3, width=9, height=4.4, height_ratios=[1, 1.3])
for (above, below), (name, steps) in zip(axes.T, traces.items(), strict=True):
    drawn = above.imshow(steps["ReLU"].reshape(8, 16), cmap="gray_r", vmin=0, vmax=5)
    above.set(title=f"{name}: hidden units", xticks=[], yticks=[])
    below.bar(range(10), steps["softmax"], color=plot.COLOURS[1])
    below.set(title=f"{name} says {steps['softmax'].argmax()}", xlabel="digit", ylim=(0, 1))
    below.set_xticks(range(10))
axes[1, 0].set_ylabel("probability")
fig.colorbar(drawn, ax=axes[0], label="after ReLU", extend="max", shrink=0.8)
plot.show(
    fig,
    alt="For each model: the 128 hidden units after ReLU as an 8 by 16 grid of greys, nearly the same "
    "three times, and the softmax over ten digits with one high bar, at 4, three times.",
)

# %% [markdown]
# The same three layers, the same shapes, the same number of multiply-accumulates: **pruning and
# quantization change weights; they are not layers.**
#
# Read the table downwards. The input is the same. After the first layer the numbers differ a
# little, because the weights do. ReLU sets negative numbers to zero, whatever they were. At the end
# the largest logit leads by more than twice the largest difference, so the answer must stay. Where
# the lead is smaller than that, an answer can flip.
#
# ## The insight
# > **Pruning and quantization change the numbers in a network, not its layers.** That pays only
# > where zeros are skipped and few bits are stored as few bits, and counts only if the answers were
# > measured.
#
# ## Check yourself
# <details><summary>Which of the six stages changes a shape, and which change a type?</summary>
#
# Only flattening changes a shape. Scaling goes from uint8 to float32, quantization from float32 to
# int8: opposite directions.
# </details>
#
# <details><summary>A layer has 200 weights. 45 % are pruned. What is its sparsity, and how many numbers does its tensor hold?</summary>
#
# Sparsity 0.45: 90 zeros, 110 others. The tensor still holds 200 numbers.
# </details>
#
# <details><summary>At scale 0.25, what does int8 make of 0.625, and of −40?</summary>
#
# 0.625 / 0.25 = 2.5, exactly between 2 and 3: the even one, 2. −40 / 0.25 = −160, clipped to −128,
# which is −32 when you go back.
# </details>
#
# ## You can now…
# - name the six stages, and say which change shapes, which types, which values;
# - prune the smallest weights of a layer and say what share is left, and of what;
# - turn a number into int8 and back, with rounding to even and clipping;
# - say when zeros and small integers save bytes, and why neither saves time by itself;
# - compare two models by what they share, and call a difference indistinguishable when it is.
#
# ## Common mistakes
# - `flatten()` for `flatten(1)`: the images run together.
# - Scaling each image by its own maximum: the same grey becomes different numbers.
# - Reading “30 % pruned” as 30 % left; counting biases or other layers in.
# - Casting before clipping: 150 becomes −106.
# - Looking for speed in zeros, or for bytes in integers that are kept as float32.
# - “One more image is right after pruning, so pruning helps.” One image is a coin toss.
# - Timing one image and finding that nothing helps: most of it may be overhead.
#
# ## Cheat sheet
# | | what | code | shape | bytes |
# |---|---|---|---|---|
# | scale | same grey, same number | `x / 255` | same | ×4 (uint8 → float32) |
# | flatten | row by row, images apart | `x.flatten(1)` | `(n, 28, 28)` → `(n, 784)` | same |
# | linear | rows are outputs | `nn.Linear(784, 128)` | weight `(128, 784)` | 4 per number |
# | prune | smallest magnitudes to 0 | `prune.l1_unstructured(layer, "weight", amount=0.3)`, then `prune.remove(layer, "weight")` | same | same after `remove` |
# | sparsity | share of zeros, of a named tensor | `measure.sparsity(w)` | | |
# | int8 | $\operatorname{clip}(\operatorname{round}(w/s), -128, 127)$ | `torch.clamp(torch.round(w / s), -128, 127).to(torch.int8)` | same | ÷4, if stored so |
# | back | $\hat w = s\,q$, off by $s/2$ at most unless clipped | `q * s` | same | ×4 |
# | scale of a layer | the largest just fits | `w.abs().max() / 127` | one number | 4 |
# | compare | lost and won images; seeds: `verdict(one, other, shared="seeds")` | `measure.compare(dense, other, x, y).verdict` | | |
#
# ## Your guesses and what came out

# %% tags=["nbval-ignore-output"]
guesses()

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
# **Move something.** Choose a test image, how much of the first layer is pruned, and in how many bits each weight
# is stored. Which layer changes first? When does an answer flip? Guess before you move.

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
