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
# # 00 · The pipeline, further
#
# This page holds what we measured for lesson 00 and left out of it. No exercise needs it. Read what you are curious about, in any order:
#
# 1. each image by its own maximum,
# 2. trained on raw greys,
# 3. what five epochs show,
# 4. one number at three scales, and PyTorch's own rounding,
# 5. what one image costs at least,
# 6. one image, layer by layer.

# %%
import copy
import math

import numpy as np
import pandas as pd
import torch
from torch import nn

from coursekit.nets import measure
from coursekit.nets.data import load_digits
from coursekit.nets.three_models import three_models
from coursekit.nets.train import evaluate, fit, set_seed
from coursekit.pictures import plot

set_seed(0)
digits = load_digits()
train, validation = digits.train.hold_out(397)
flat, labels = train.tensors()[0].flatten(1), train.tensors()[1]
validation_data = validation.tensors()[0].flatten(1), validation.tensors()[1]

# %% [markdown]
# ## 1 · Each image by its own maximum
#
# These digits were written by hand and scanned as 32×32 points, black or white. Counting the points in each block of 4×4 made them 8×8 numbers from 0 to 16, and the
# course has enlarged them to 28×28. What if you divide each image by its own maximum instead of by 255?

# %%
strong = train.images[0]
faint = strong // 4  # the same digit in pencil: a quarter of the ink
print("                      divided by 255   by its own maximum")
for name, picture in {"strong": strong, "faint": faint}.items():
    print(f"grey 60 in the {name:6} {60 / 255:14.3f} {60 / picture.max():20.3f}")

# %% [markdown]
# The same grey becomes two very different numbers, because of a pixel elsewhere. A scale that is fixed in advance keeps images comparable, also with
# those that come after training.
#
# ## 2 · Trained on raw greys
#
# Raw grey values make every weighted sum of pixels 255 times as large. Do they train worse? Three seeds each.

# %% tags=["nbval-ignore-output"]
model = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
reached = {"divided by 255": [], "raw greys": []}
for found, size in zip(reached.values(), (1, 255), strict=True):
    for seed in range(3):
        set_seed(seed)
        other = copy.deepcopy(model)
        for layer in (other[0], other[2]):
            layer.reset_parameters()
        fit(other, (size * flat, labels), epochs=5, quiet=True)
        found.append(evaluate(other, size * validation_data[0], validation_data[1])[1])
for name, found in reached.items():
    print(f"{name:15}", [round(value, 3) for value in found])
assert min(reached["raw greys"]) > 0.85

# %% [markdown]
# The raw ones do as well. Adam probably makes the difference: it divides each step by the size of the gradients, so a factor of 255 hardly matters.
# Plain gradient descent would need another learning rate. Divide or don't, but do the same with every image that comes later.
#
# ## 3 · What five epochs show

# %% tags=["nbval-ignore-output"]
set_seed(0)
untrained = *evaluate(model, flat, labels), *evaluate(model, *validation_data)
history = fit(model, (flat, labels), validation_data, epochs=5).set_index("epoch")
history.loc[0] = untrained
history = history.sort_index()
accuracy = history["validation_accuracy"]
assert abs(history["validation_loss"][0] - math.log(10)) < 0.1, "untrained should be near chance"
assert accuracy[0] < 0.3 and accuracy[1] > 0.6 and accuracy[5] > 0.88
assert (history["validation_loss"].diff()[1:] < 0).all(), "the loss should fall in every epoch"
right = (accuracy * len(validation)).round().astype(int)
gained = right.diff().fillna(0).astype(int)
sure = np.exp(-history["validation_loss"])  # the loss turned back into a probability
spread = math.sqrt(right[4] * (1 - accuracy[4]))
print(f"""\
Epoch 1: from {right[0]} to {right[1]} of {len(validation)} right, {gained[1] / (right[5] - right[0]):.0%} of the whole gain.
Epoch 2: {gained[2]:+d} images. The right digit now gets {sure[2]:.0%}, after epoch 1 {sure[1]:.0%}.
Epoch 4: {gained[4]:+d} images. On other images the count {right[4]} could differ by about ±{spread:.0f}.""")
history.round(3)

# %% [markdown]
# - “The right digit gets …” is $e^{-\text{loss}}$, the *geometric mean* over all images: multiply the $n$ probabilities and take the $n$-th root. Accuracy
#   only sees which digit is largest, so the loss goes on falling when accuracy hardly moves.
# - *Over-fitting* would be training that goes on getting better while validation gets worse. The validation loss fell in every epoch, so: not yet.
# - ± is the standard error, $\sqrt{n\,a\,(1-a)}$ for accuracy $a$ on $n$ images: how much such a count would vary with other images.
#
# ## 4 · One number at three scales, and PyTorch's own rounding


# %%
def quantize(values: torch.Tensor, scale: torch.Tensor | float) -> torch.Tensor:
    """The int8 that each of `values` becomes at this scale."""
    return torch.clamp(torch.round(values / scale), -128, 127).to(torch.int8)


for scale in (0.1, 0.01, 0.001):
    stored = quantize(torch.tensor(0.5), scale).item()
    print(
        f"scale {scale:5}: 0.5 is {round(0.5 / scale):3} steps, int8 stores {stored:3}, back "
        f"{scale * stored:5.3f};  int8 reaches {127 * scale:6.3f}, int16 {32767 * scale:8.3f}"
    )

halves = torch.tensor([0.5, 1.5, 2.5, 3.5, 4.5, 5.5])
for name, steps in {"round": torch.round(halves), "always up": torch.floor(halves + 0.5)}.items():
    print(f"{name:9} {steps.int().tolist()}   mean error {(steps - halves).mean():.1f}")
assert [round(half) for half in halves.tolist()] == torch.round(halves).tolist()

# %% [markdown]
# A fine scale has a small rounding error and a short reach, a coarse one the reverse. A wider type such as int16 gives you both, for more bytes. What lies
# exactly between two levels goes to the even one, as in Python's `round`. Rounding every half up would add half a step to each of them.
#
# PyTorch quantizes in one go. It multiplies by $1/s$ where lesson 00 divides by $s$, so the last bit can differ, and a weight exactly between two levels
# could go to the other one (lesson 02).

# %% tags=["nbval-ignore-output"]
weight = model[0].weight.detach()
scale = float(weight.abs().max() / 127)
ours = quantize(weight, scale) * scale
theirs = torch.fake_quantize_per_tensor_affine(weight, scale, 0, -128, 127)
elsewhere = int(((theirs - ours).abs() > scale / 2).sum())
print(f"PyTorch puts {elsewhere} of {weight.numel():,} weights on another level than we do.")
assert elsewhere < 100

# %% [markdown]
# ## 5 · What one image costs at least
#
# MACs are the multiplications of a layer, each with its addition. They are the same for the dense, the pruned and the quantized model. For a single image they
# hardly matter: the second network, of 1 input, 1 unit and 1 output, computes next to nothing.

# %% tags=["nbval-ignore-output"]
one = flat[:1]
print(f"{measure.count_macs(model, one):,} multiply-accumulates (MACs)")
smallest = nn.Sequential(nn.Linear(1, 1), nn.ReLU(), nn.Linear(1, 1))
times = measure.latency(
    {"dense": lambda: model(one), "1→1→1": lambda: smallest(one[:, :1])}, runs=500, warm_up=50
)
fig, ax = plot.figure(height=1.8)
plot.latencies(ax, times)
ax.set_title("Time for one image, one thread")
plot.show(fig, alt="Two bars: the times of the dense network and of one that computes nothing.")
assert times["1→1→1"].median > 0.2 * times["dense"].median

# %% [markdown]
# Its time is *overhead*, the price of calling three layers. It is most of the dense model's time for one image, too, and hides what is behind it.
#
# ## 6 · One image, layer by layer
#
# The first test image passes through the three models of lesson 00, and you stop after every layer.


# %% tags=["nbval-ignore-output"]
def through(network: nn.Module, values: torch.Tensor) -> dict[str, torch.Tensor]:
    """What one flattened image, shape (784,), becomes after each layer, and its softmax."""
    steps = {"input": values}
    for name, layer in zip(["linear 784→128", "ReLU", "linear 128→10"], network, strict=True):
        steps[name] = values = layer(values).detach()
    return steps | {"softmax": values.softmax(0)}


models = three_models()
image = digits.test.tensors()[0][0].flatten()
traces = {name: through(network, image) for name, network in models.items()}
rows = {}
for step, dense in traces["dense"].items():
    at = int(dense.argmax())  # follow the number that is largest in the dense model
    off = max(float((steps[step] - dense).abs().max()) for steps in traces.values())
    follow = [float(steps[step][at]) for steps in traces.values()]
    rows[step] = [tuple(dense.shape), at, *follow, off]
first, second = traces["dense"]["linear 128→10"].topk(2).values.tolist()
assert first - second > 2 * rows["linear 128→10"][-1]
columns = ["shape", "number at position", *models, "largest difference to dense"]
pd.DataFrame.from_dict(rows, orient="index", columns=columns).round(4)

# %% [markdown]
# The input is the same. After the first layer the numbers differ a little, because the weights do. ReLU sets negative numbers to zero, whatever they
# were. At the end the largest logit leads by more than twice the largest difference, so the answer must stay. If the lead is smaller than that, an answer can flip.
