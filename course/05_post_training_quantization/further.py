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
# # 05 · Post-training quantization, further
#
# This page holds what we measured for lesson 05 and left out of it. No exercise needs it. Read what you are curious about, in any order:
#
# 1. what converts and does not run, and four bits that are packed,
# 2. the older API, and one layer in integers,
# 3. a percentile for the end of a range,
# 4. one more float32: the order of images in memory,
# 5. layers that are harmless alone,
# 6. PT2E, a graph for a compiler.

# %%
import copy
import math
import warnings
from collections.abc import Iterable
from functools import partial

import numpy as np
import pandas as pd
import torch
from torch import nn

from coursekit.lesson_05 import pictures, quiet
from coursekit.nets.data import load_fashion_mnist, load_results
from coursekit.nets.measure import accuracy, latency, saved_bytes
from coursekit.nets.networks import lenet, small_cnn
from coursekit.nets.train import fit, set_seed
from coursekit.pictures import plot

quiet.torchao()
from torchao import quantization as ao

set_seed(0)


def quantized(model: nn.Module, config: object) -> nn.Module:
    """A copy of `model`, quantized by torchao."""
    model = copy.deepcopy(model)
    ao.quantize_(model, config)
    return model


def quantize_rows(
    weight: torch.Tensor, bits: int = 8, per_tensor: bool = False
) -> tuple[torch.Tensor, torch.Tensor]:
    """Weights (outputs, …) → integers, int8, same shape; and scales, shape (outputs, 1, …)."""
    largest = weight.abs().flatten(1).amax(1)
    if per_tensor:  # One scale for all: that of the largest weight there is.
        largest = largest.max().expand_as(largest)
    scale = (2 * largest / (2**bits - 1)).clamp(min=torch.finfo(torch.float32).eps)
    scale = scale.reshape(-1, *[1] * (weight.dim() - 1))
    steps = (weight * (1 / scale)).round()  # Not divided: to agree with torchao to the last bit.
    return steps.clamp(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1).to(torch.int8), scale


# %% [markdown]
# ## 1 · What converts and does not run
#
# `quantize_` has an argument, `filter_fn`, that says which layers it takes. We ask for the convolutions, too.

# %%
stubborn = nn.Sequential(nn.Conv2d(1, 32, 3, stride=2), nn.ReLU(), nn.Conv2d(32, 64, 3, stride=2))
before = saved_bytes(stubborn)
ao.quantize_(
    stubborn,
    ao.Int8WeightOnlyConfig(),
    filter_fn=lambda layer, name: isinstance(layer, nn.Linear | nn.Conv2d),
)
print(f"file: {saved_bytes(stubborn) / before:.2f} of float32")
try:
    stubborn(torch.rand(1, 1, 28, 28))
except NotImplementedError as error:
    print("run:", type(error).__name__, str(error)[:60])

# %% [markdown]
# The file shrank, and the network **doesn't run**: this version of torchao has int8 weights for convolutions and no code to compute with them.
#
# `IntxWeightOnlyConfig` puts each 4-bit number into a byte of its own. `Int4WeightOnlyConfig` packs two into one, for GPUs and other accelerators. For
# a CPU, torchao 0.18 has packed int4 among its prototypes, which may change at any time.

# %%
from torchao.prototype.quantization.int4 import PrototypeInt4WeightOnlyConfig

for name, net in {"1024 → 256": nn.Sequential(nn.Linear(1024, 256)), "LeNet": lenet()}.items():
    packed_net = quantized(net, PrototypeInt4WeightOnlyConfig(group_size=32))
    kinds_of_weight = {
        type(layer.weight).__name__ for layer in packed_net if hasattr(layer, "weight")
    }
    share = saved_bytes(packed_net) / saved_bytes(net)
    print(f"{name}: {share:.2f} of the float32 file, {', '.join(kinds_of_weight)}")
    assert (share < 0.25) == (name != "LeNet")

# %% [markdown]
# The larger layer takes a fifth of its float32 bytes: half a byte per weight, and a scale and an offset for every 32 weights of a row. LeNet was left
# alone without an error: 784, 300 and 100 inputs are no multiples of 32.
#
# ## 2 · The older API, and one layer in integers
#
# Much code uses `torch.ao.quantization`. It's deprecated, and has what torchao lacks: ready kernels, for convolutions too. Its line says
# `per_tensor_affine`: one scale for the whole matrix.

# %%
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    from torch.ao.quantization import quantize_dynamic

    older = quantize_dynamic(lenet(), {nn.Linear}, dtype=torch.qint8)
for kind in sorted({warning.category.__name__ for warning in caught}):
    print(kind)
print(older[1])
assert any(issubclass(warning.category, DeprecationWarning) for warning in caught)

# The warning has been shown; hide its repetitions.
warnings.filterwarnings("ignore", message="torch.ao.quantization is deprecated")
warnings.filterwarnings("ignore", message="torch.quantize_per_tensor")

# %% [markdown]
# Are its kernels faster? One linear layer, float32 against dynamic int8, one input and 64.

# %% tags=["nbval-ignore-output"]
widths = [64, 128, 256, 512, 1024, 2048]
speed = {batch: {"int8 kernels, dynamic": []} for batch in (1, 64)}
for width in widths:
    net = nn.Sequential(nn.Linear(width, width)).eval()
    small = quantize_dynamic(copy.deepcopy(net), {nn.Linear}, dtype=torch.qint8)
    for batch, curves in speed.items():
        x = torch.randn(batch, width)
        times = latency({"float32": partial(net, x), "int8": partial(small, x)}, runs=25)
        curves["int8 kernels, dynamic"].append(times["float32"].median / times["int8"].median)
plot.show(
    pictures.speeds(speed, widths),
    alt="Speed of the int8 kernels against the width of a layer, for one input and for 64.",
)

# %% [markdown]
# On a small layer int8 is slower even with kernels made for it, on a large one faster. With one input likely because it reads a quarter of the bytes
# (Williams et al. 2009), with 64 because the CPU multiplies more 8-bit integers at once; no cell here tests either.
#
# Static kernels: `prepare` puts **observers** in, which note the lowest and highest value of the calibration images. `convert` replaces layers by int8
# ones, convolutions included. `QuantStub` and `DeQuantStub` mark where integers begin and end; `fuse_modules` makes one layer of a convolution and its ReLU.

# %% tags=["nbval-ignore-output"]
data = load_fashion_mnist()
train_split, validation_split = data.train.hold_out(2000)
train, validation = train_split.tensors(), validation_split.tensors()

mlps, cnns = [], []
for seed in range(3):
    set_seed(seed)
    mlps.append(lenet())
    fit(mlps[-1], train, epochs=3, seed=seed)
    set_seed(seed)
    cnns.append(small_cnn())
    fit(cnns[-1], train, epochs=4, lr=2e-3, seed=seed)
calibration = train[0][:256]


# %%
def weighted_layers(model: nn.Sequential) -> dict[int, nn.Module]:
    """The layers that have weights, by their position in the model."""
    return {n: layer for n, layer in enumerate(model) if isinstance(layer, nn.Linear | nn.Conv2d)}


@torch.no_grad()
def observe(model: nn.Sequential, images: torch.Tensor) -> dict[int, torch.Tensor]:
    """What goes into each layer with weights, for all `images`: one long vector each."""
    seen: dict[int, torch.Tensor] = {}

    def hook_for(position: int):
        return lambda layer, inputs: seen.update({position: inputs[0].flatten()})

    hooks = [
        layer.register_forward_pre_hook(hook_for(position))
        for position, layer in weighted_layers(model).items()
    ]
    model(images)
    for hook in hooks:
        hook.remove()
    return seen


# %% tags=["nbval-ignore-output"]
def static(model: nn.Sequential, images: torch.Tensor) -> nn.Module:
    """`model` with static int8 layers, calibrated on `images` by lowest and highest value."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from torch.ao import quantization as older

        net = nn.Sequential(older.QuantStub(), *copy.deepcopy(model), older.DeQuantStub()).eval()
        pairs = [
            [str(n), str(n + 1)] for n in weighted_layers(net) if isinstance(net[n + 1], nn.ReLU)
        ]
        net = older.fuse_modules(net, pairs)
        by_row = older.PerChannelMinMaxObserver.with_args(
            dtype=torch.qint8, qscheme=torch.per_channel_symmetric
        )
        range_of_inputs = older.MinMaxObserver.with_args(dtype=torch.quint8)
        net.qconfig = older.QConfig(activation=range_of_inputs, weight=by_row)
        older.prepare(net, inplace=True)
        with torch.no_grad():
            net(images)
        return older.convert(net, inplace=True)


# %% tags=["nbval-ignore-output"]
static_cnn = static(cnns[0], calibration)
print(static_cnn)
first = static_cnn[1]
assert first.weight().dtype == torch.qint8 and first.weight().shape == (8, 1, 3, 3)
high = float(observe(cnns[0], calibration)[3].max())  # in front of the second convolution
assert math.isclose(first.scale, high / 255, rel_tol=1e-4)
ratio = saved_bytes(static_cnn) / saved_bytes(cnns[0])
print(f"file: {ratio:.2f} of float32")

# %% [markdown]
# Our hooks and the library's observers chose the same scale. Now take a linear layer apart, whose products and sums are integers. Its inputs are uint8 with
# scale $s^x$ and zero point $z$, its weights int8 with scales $s_i$. The bias becomes an integer in steps of $s^x s_i$, so that it can be added to
# the sum. Does our own int32 layer agree with the library's?
#
# $$y_{ni} \approx s^x\, s_i \Big(\sum_j (q^x_{nj} - z)\, q_{ij} + q^b_i\Big), \qquad q^b_i =
# \operatorname{round}\!\left(\frac{b_i}{s^x s_i}\right)$$

# %%
usual = torch.backends.quantized.engine
if "qnnpack" in torch.backends.quantized.supported_engines:
    # Without VNNI the usual engine saturates sums of pairs: further reading of lesson 04.
    torch.backends.quantized.engine = "qnnpack"
static_mlp = static(mlps[0], calibration)
converted = static_mlp[2]  # after QuantStub and Flatten: linear layer 1 with its ReLU
x = static_mlp[0](validation[0][:64]).flatten(1)  # a quantized tensor
float_layer = mlps[0][1]

q, scale = quantize_rows(float_layer.weight.detach())
step = x.q_scale() * scale.flatten()  # of the sums, one for each output
bias = (float_layer.bias.detach() / step).round().int()
sums = (x.int_repr().int() - x.q_zero_point()) @ q.int().t() + bias  # int32
by_hand = (sums * step / converted.scale).round() + converted.zero_point
by_hand = by_hand.clamp(converted.zero_point, 255)  # ReLU: not below the zero point

same_weights = torch.equal(converted.weight().int_repr(), q)
steps = (converted(x).int_repr().int() - by_hand.int()).abs()
torch.backends.quantized.engine = usual
print("weights: all equal" if same_weights else "weights differ")
print("outputs: at most one step apart" if steps.max() <= 1 else "outputs differ")
assert same_weights and steps.max() <= 1 and (steps > 0).float().mean() < 0.01

# %% [markdown]
# All weights are equal, and no output is more than one step away: the library adds the bias and rounds in a slightly different order.
#
# | older (`torch.ao.quantization`) | what it does | today |
# |---|---|---|
# | `quantize_dynamic(model, {nn.Linear})` | dynamic, with kernels | `quantize_` and a config, then `torch.compile` |
# | `QuantStub`, `fuse_modules`, `prepare`, `convert` | static, *eager mode* | linear layers: `Int8StaticActivationInt8WeightConfig`; all: PT2E |
# | `prepare_fx`, `convert_fx` | static, found in a traced graph | PT2E |
# | `prepare_qat`, `convert` | training with quantization | lesson 06 |
#
# ## 3 · A percentile for the end of a range
#
# One unscaled image among 257 ruined the lesson's range. A **percentile** in place of the highest value leaves the largest 1% or so outside. Does it
# leave the bad image outside, too?


# %%
class Rounded(nn.Module):
    """Rounds to the grid of affine quantization, from `low` to `high`, and stays float32."""

    def __init__(self, low: float, high: float, bits: int = 8) -> None:
        super().__init__()
        self.top = 2**bits - 1
        low, high = min(low, 0.0), max(high, 0.0)  # zero must be on the grid
        self.scale = (high - low) / self.top
        self.zero_point = round(-low / self.scale)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        codes = ((x / self.scale).round() + self.zero_point).clamp(0, self.top)
        return (codes - self.zero_point) * self.scale


def simulate_static(
    model: nn.Sequential, images: torch.Tensor, percentile: float = 100
) -> nn.Sequential:
    """int8 weights, and the inputs of each layer rounded, with ranges calibrated on `images`."""
    layers = list(copy.deepcopy(model))
    for position, values in reversed(observe(model, images).items()):
        q, scale = quantize_rows(layers[position].weight.detach())
        layers[position].weight.data = q * scale
        high = float(values.quantile(percentile / 100))
        layers.insert(position, Rounded(float(values.min()), high))
    return nn.Sequential(*layers)


# %% tags=["nbval-ignore-output"]
unscaled = torch.cat([calibration, calibration[:1] * 255])
bad = {
    top: float(
        np.mean([accuracy(simulate_static(net, unscaled, top), *validation) for net in cnns])
    )
    for top in (100.0, 99.9, 99.0)
}
good = float(np.mean([accuracy(simulate_static(net, calibration), *validation) for net in cnns]))
print(
    {top: round(value, 3) for top, value in bad.items()}, "without the bad image:", round(good, 3)
)
assert bad[99.0] > bad[100.0] + 0.1 and abs(bad[99.0] - good) < 0.03

# %% [markdown]
# The bad image is 1 of 257, so 0.4% of the values: 99.9 leaves too much of it inside, 99 leaves it out. That's no reason to clip always: lesson 03 compares
# rules for the end of a range, on clean images too.
#
# ## 4 · One more float32
#
# A batch of images can lie in memory in two orders: image, channel, row, column (*contiguous*, PyTorch's default), or image, row, column, channel
# (`channels_last`). PyTorch's int8 convolution returns its result in `channels_last`. So we give float32 that order, too, and nothing else, and time each part of the
# CNN by itself, on 64 images, among the others and then alone (lesson 01).

# %%
test = data.test.tensors()
reordered = copy.deepcopy(cnns[0]).to(memory_format=torch.channels_last)
nets = {"float32": cnns[0], "float32, channels_last": reordered, "static int8": static_cnn}
parts = {  # positions in the float32 network, and in the static one, which begins with QuantStub
    "convolution 1, ReLU": (slice(0, 2), slice(1, 3)),
    "max-pooling 1": (slice(2, 3), slice(3, 4)),
    "convolution 2, ReLU": (slice(3, 5), slice(4, 6)),
    "max-pooling 2": (slice(5, 6), slice(6, 7)),
    "linear 1, ReLU": (slice(7, 9), slice(8, 10)),
    "linear 2": (slice(9, 10), slice(10, 11)),
}
calls = {}
with torch.no_grad():
    for part, (in_float, in_static) in parts.items():
        for name, net in nets.items():
            where = in_static if net is static_cnn else in_float
            calls[part, name] = partial(net[where], net[: where.start](test[0][:64]))

# %% tags=["nbval-ignore-output"]
timed = latency(calls, runs=40, alone=True)
spent = {name: [1e6 * timed[part, name].lower_quartile for part in parts] for name in nets}
fig, ax = plot.figure(width=9, height=5)
plot.grouped_bars(ax, list(parts), spent)
ax.set(
    title="Where the time goes in the CNN",
    xlabel="µs for 64 images (lower quartile of 40 runs, shuffled)",
)
plot.show(
    fig, alt="Bars of time for six parts of the CNN: float32 in both orders, and static int8."
)
by_itself = {
    name: [1e6 * timed[part, name].alone.lower_quartile for part in parts] for name in nets
}
print("each part alone, µs:")
print(pd.DataFrame(by_itself, index=list(parts)).round(0).astype(int).to_string())
gains = pd.DataFrame(
    {
        name: np.divide(its["static int8"], its["float32, channels_last"])
        for name, its in {"among the others": spent, "alone": by_itself}.items()
    },
    index=list(parts),
)
print("static int8, as a share of float32 in channels_last:")
print(gains.round(2).to_string())

# %% [markdown]
# **A baseline in another memory layout measures the layout.** On the machine that made this page the order brings most to max-pooling, and int8 gains on
# both convolutions beyond what the order gives, among the others and alone. For the whole network the two come close all the same, because
# pooling takes a large part of the time, and int8 adds little there.
#
# (An earlier clock of ours took the parts in one fixed order. Then the same linear layer took 251 µs under one name and 133 under the next, and the
# convolutions seemed to gain nothing by int8. Whatever runs first pays to fill the caches.)
#
# ## 5 · Layers that are harmless alone
#
# In the lesson one unit was large, and one layer to blame. Now every hidden unit of layer 1 gets a factor from $2^{-6}$ to $2^6$, and is divided by it again in
# layer 2; 8 bits, one scale for each matrix. Beside it the network as trained, at 2 bits.


# %%
def rescale(model: nn.Sequential, top: int, seed: int = 0) -> nn.Sequential:
    """The same function: hidden units of layer 1 times powers of two, divided again in layer 2."""
    model = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(seed)
    factors = 2.0 ** torch.randint(-top, top + 1, (300,), generator=generator)
    with torch.no_grad():
        model[1].weight *= factors[:, None]  # rows: what goes into the units
        model[1].bias *= factors
        model[3].weight /= factors  # columns: what comes out of them
    return model


def simulate_weights(
    model: nn.Sequential,
    bits: int = 8,
    per_tensor: bool = False,
    only: Iterable[int] | None = None,
) -> nn.Sequential:
    """A copy whose weights are rounded; `only`: the positions of the layers, else all."""
    model = copy.deepcopy(model)
    for position, layer in weighted_layers(model).items():
        if only is None or position in only:
            q, scale = quantize_rows(layer.weight.detach(), bits, per_tensor)
            layer.weight.data = q * scale
    return model


# %% tags=["nbval-ignore-output"]
layers = {"layer 1": [1], "layer 2": [3], "layer 3": [5], "all three": [1, 3, 5]}
rescaled = [rescale(model, top=6, seed=seed) for seed, model in enumerate(mlps)]
for before, after in zip(mlps, rescaled, strict=True):
    assert torch.equal(before(validation[0]), after(validation[0]))  # bit by bit
cases = {
    "as trained, 2 bits, per row": (mlps, 2, False),
    "all units rescaled, 8 bits, per tensor": (rescaled, 8, True),
}
drops = {}
for case, (models, bits, per_tensor) in cases.items():
    drops[case] = [
        [
            100
            * (
                accuracy(model, *validation)
                - accuracy(simulate_weights(model, bits, per_tensor, only), *validation)
            )
            for model in models
        ]
        for only in layers.values()
    ]
plot.show(
    pictures.one_at_a_time(list(layers), drops),
    alt="Accuracy lost by each layer alone and by all three, in two cases.",
)
alone = np.mean(drops["all units rescaled, 8 bits, per tensor"], axis=1)
assert alone[3] > alone[:3].sum() + 10

# %% [markdown]
# That's the trap: alone the layers cost a few points each, together they ruin the network. A likely reason, which no cell here tests: layer 1 loses its *small*
# units, layer 2 those that were scaled *up*, because its weights for them were divided by the same factor, and each alone leaves the others. One layer at a time finds where to
# begin, not what is left in the end. And where ranges overlap, as in 2 bits, three seeds can't name a worst layer.
#
# ## 6 · PT2E, a graph for a compiler
#
# *PyTorch 2 export quantization* is the new way to static int8 for a whole network. `torch.export` records it as a graph. A **quantizer**, for
# example `X86InductorQuantizer`, marks where to round, convolutions included. Then come `prepare_pt2e`, calibration and `convert_pt2e`, from
# `torchao.quantization.pt2e`; `course/05_post_training_quantization/make_compiled.py` does it in five lines.
#
# What comes out is a description for a compiler. Run as it is, it computes in float32 between `dequantize` and `quantize`, and its `state_dict` holds the
# originals too. `torch.compile` makes int8 kernels of it only with `torch._inductor.config.freezing = True`. The CNN's times, measured with the lesson's:

# %%
plot.show(
    pictures.compiled(load_results("compiled"), "CNN"),
    alt="Times of the eager and compiled CNN in float32 and three kinds, for one image and for 64.",
)

# %% [markdown]
# For one image nothing beats eager float32, and for 64 static int8 gains nothing over it: compiled float32 is among the fastest.
