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
# # 03 · Choosing the range, further
#
# This page holds what we measured for lesson 03 and left out of it. No exercise needs it. Read what you are curious about, in any order:
#
# 1. one 40 among 100,000: where the best clip lies,
# 2. entropy calibration,
# 3. two codes in a byte, and what torchao says,
# 4. levels that are not evenly spaced: fp4, MXFP4, NF4,
# 5. levels that the weights choose,
# 6. two bits: which levels?

# %%
import logging
import math
import warnings
from functools import partial

import numpy as np
import torch
from torch.nn import functional as F

from coursekit.lesson_03.simulate import after_relus, sqnr, trained_lenets, with_weights
from coursekit.nets.measure import accuracy, compare
from coursekit.nets.train import set_seed
from coursekit.pictures import plot

# torchao says harmless things while it is imported (lesson 05).
logging.getLogger("torch.utils._pytree").setLevel(logging.ERROR)
warnings.filterwarnings("ignore", message="invalid escape sequence", category=SyntaxWarning)

TINY = torch.finfo(torch.float32).tiny  # so that a group of zeros gets no scale of 0


# %% tags=["nbval-ignore-output"]
def grouped(weight: torch.Tensor, size: int | None = None) -> torch.Tensor:
    """(rows, columns) → (groups, size). A row's last group is filled with zeros. None: one group."""
    if size is None:
        return weight.reshape(1, -1)
    return F.pad(weight, (0, -weight.shape[1] % size)).reshape(-1, size)


def ungrouped(groups: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """Back to the shape of `like`."""
    return groups.reshape(len(like), -1)[:, : like.shape[1]]


def quantize(groups: torch.Tensor, bits: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Codes, as floats, and one scale for each row of `groups`, as in the lesson."""
    high = 2 ** (bits - 1) - 1
    scale = (groups.abs().amax(1, keepdim=True) / high).clamp(min=TINY)
    return (groups * (1 / scale)).round().clamp(-high, high), scale


def rounded(weight: torch.Tensor, bits: int = 8, size: int | None = None) -> torch.Tensor:
    """There and back, with a scale for each group."""
    codes, scale = quantize(grouped(weight, size), bits)
    return ungrouped(codes * scale, weight)


def accuracies(models: list, change) -> list[float]:
    """On validation images, with `change(weight)` in place of each weight."""
    return [accuracy(with_weights(model, change), *validation) for model in models]


models, train, validation = trained_lenets(seeds=3)
weight = models[0][1].weight.data
full = np.array([accuracy(model, *validation) for model in models])

# %% [markdown]
# ## 1 · One 40 among 100,000
#
# 100,000 Gaussian numbers, the largest near 4.4, and a single 40. A symmetric range goes from $-c$ to $c$. Which clip $c$ has the least squared error?


# %%
def squared_error(values: torch.Tensor, clip: float, bits: int) -> float:
    high = 2 ** (bits - 1) - 1
    back = torch.fake_quantize_per_tensor_affine(values, clip / high, 0, -high, high)
    return float((back - values).double().square().sum())


set_seed(1)
with_one = torch.cat([torch.randn(100_000), torch.tensor([40.0])])
clips = np.linspace(2, 40, 77)
errors = {
    bits: np.array([squared_error(with_one, clip, bits) for clip in clips]) for bits in (8, 6, 4)
}
best_clips = {bits: float(clips[values.argmin()]) for bits, values in errors.items()}

# %%
fig, ax = plot.figure(width=8, height=3)
for bits, values in errors.items():
    ax.plot(clips, values, marker="", label=f"{bits} bits: least at {best_clips[bits]:g}")
ax.set(title="One 40 among 100,000 numbers", xlabel="clip", ylabel="squared error", yscale="log")
ax.legend()
plot.show(fig, alt="Squared error against the clip, one line for each of 8, 6 and 4 bits.")

# %%
on_paper = 40 / (1 + 100_000 / (12 * 127**2))
print(f"on paper {on_paper:.1f}, found {best_clips[8]:.1f}")
assert abs(on_paper - best_clips[8]) < 0.5
assert best_clips[4] < best_clips[6] < best_clips[8] < 40

# %% [markdown]
# At 8 bits the best clip cuts the single 40 to about two thirds, at 6 and 4 bits to nearly nothing.
#
# On paper: a value inside is off by up to half a step of $c/127$, its square by $(c/127)^2/12$ on average. So $n$ steps cost $n\,(c/127)^2/12$, and the clip costs $(40-c)^2$. The sum is least at $c = 40 / \bigl(1 + n/(12 \cdot 127^2)\bigr)$, for $n = 100{,}000$ at 26.4.
#
# ## 2 · Entropy calibration
#
# It takes the end at which the histogram loses least (Migacz 2017). $p_i$ are the shares of the bins up to the end, clipped values counted in the last one; $r_i$ are the shares without the clipped values, after the bins were merged into one per level. It chooses the end with the smallest $\sum_i p_i \log (p_i / r_i)$, the *Kullback-Leibler divergence*.
#
# Five bins hold 8, 4, 2, 1 and 1 values, there are two levels, and the end lies after the fourth bin. Then $p$ is 8, 4, 2, 2 over 16. Without the clipped value the bins have 8, 4, 2, 1; merged in pairs 6, 6, 1.5, 1.5, all over 15. The divergence is 0.05. Merging costs, and so does clipping.


# %%
def divergence(counts: np.ndarray, n: int, levels: int) -> float:
    """Kullback-Leibler: n bins, what lies beyond in the last one, against levels without that."""
    kept = counts[:n].astype(float)
    p, r = kept.copy(), np.zeros(n)
    p[-1] += counts[n:].sum()
    for part in np.array_split(np.arange(n), levels):
        used = part[kept[part] > 0]  # an empty bin stays empty
        r[used] = kept[used].sum() / max(len(used), 1)
    p, r = p / p.sum(), r / r.sum()
    used = p > 0
    return np.inf if (r[used] == 0).any() else float((p[used] * np.log(p[used] / r[used])).sum())


def entropy(x: torch.Tensor, bits: int, bins: int = 2048) -> float:
    """The end, of all ends of bins, at which it is least. Zeros are exact, so they don't count."""
    counts, edges = np.histogram(x[x > 0].numpy(), bins=bins, range=(0, float(x.max())))
    ends = range(2**bits, bins + 1, 8)
    best = int(np.argmin([divergence(counts, n, 2**bits) for n in ends]))
    return float(edges[ends[best]])


assert round(divergence(np.array([8, 4, 2, 1, 1]), 4, 2), 3) == 0.05
assert entropy(torch.linspace(0.001, 1, 50_000), 8) > 0.9  # where all are equally frequent

# %% tags=["nbval-ignore-output"]
calibration = train[0][:256]
for model in models:
    seen = after_relus(model, calibration)
    ends = [entropy(x.flatten(), 8) / float(x.max()) for x in seen]
    print("where it ends, as a share of the largest value:", np.round(ends, 2))
all_ends = [
    entropy(x.flatten(), 8) / float(x.max()) for m in models for x in after_relus(m, calibration)
]
assert len({round(end, 2) for end in all_ends}) > 1  # the data decide

# %% [markdown]
# Entropy counts values, not their squares. So one huge unit of 300 weighs little, and the others keep a few codes: with the lesson's unit times 256 no difference from float32 is found, and with the squared error nearly thirty points are lost.
#
# ## 3 · Two codes in a byte, and the library
#
# With the low half first the byte of the codes $q_0$ and $q_1$ is $(q_0 \bmod 16) + 16\,(q_1 \bmod 16)$.


# %%
def pack(codes: torch.Tensor) -> torch.Tensor:
    """Codes from -8 to 7, an even number of them in each row → bytes, half as many."""
    nibbles = codes.to(torch.int32).remainder(16)  # -1 becomes 15, as in two's complement
    return (nibbles[..., ::2] + 16 * nibbles[..., 1::2]).to(torch.uint8)


def unpack(packed: torch.Tensor) -> torch.Tensor:
    """And back."""
    nibbles = torch.stack([packed % 16, packed // 16], -1).flatten(-2).to(torch.int8)
    return torch.where(nibbles > 7, nibbles - 16, nibbles)


codes = torch.tensor([[-7, 3, 0, -1]])
print(codes.tolist(), "→", pack(codes).tolist(), "→", unpack(pack(codes)).tolist())
every = torch.cartesian_prod(torch.arange(-8, 8), torch.arange(-8, 8))
assert torch.equal(unpack(pack(every)), every.to(torch.int8))  # all 256 bytes

# %% [markdown]
# torchao, PyTorch's library for quantization (lesson 05), has scales for any block. A block of (1, 28) is a group of 28 in one row.

# %%
from torchao.quantization.quant_primitives import (
    MappingType,
    choose_qparams_affine,
    dequantize_affine,
    quantize_affine,
)

for size, block in {None: (300, 784), 784: (1, 784), 28: (1, 28)}.items():
    scale, zero = choose_qparams_affine(weight, MappingType.SYMMETRIC, block, torch.int8, -127, 127)
    codes = quantize_affine(weight, block, scale, zero, torch.int8, -127, 127)
    back = dequantize_affine(codes, block, scale, zero, torch.int8, -127, 127)
    assert torch.equal(back, rounded(weight, 8, size))
    print(f"block {block}: {scale.numel():,} scales, all 235,200 weights come back equal")

# %% [markdown]
# ## 4 · Levels that are not evenly spaced
#
# A code may also be an index into any list of 16
# numbers. Three formats do that, with two lists, each scaled per group:
#
# - **fp4** (e2m1): a float with two exponent bits, one fraction bit and the bias 1. By lesson 02's formula it has the values 1,
#   1.5, 2, 3, 4, 6; an exponent of zeros gives 0 and 0.5.
# - **MXFP4** (OCP Microscaling specification 1.0): fp4 in groups of 32, with a shared scale in 8 bits that is a power of two,
#   $2^{\lfloor \log_2 \max |w| \rfloor - 2}$: the $-2$ since the largest power of two in fp4 is $4 = 2^2$. What lies beyond 6 is clipped. Both a group
#   up to 4.1 and one up to 7.9 get the scale 1; the first leaves the level 6 idle, the second loses its 7.9 to 6.
# - **NF4** (Dettmers et al. 2023): levels at quantiles of a Gaussian, so that there are more of them where weights are frequent;
#   eight above 0, seven below, 0 itself exact.


# %%
def nearest(values: torch.Tensor, levels: torch.Tensor) -> torch.Tensor:
    """The index of the nearest of some sorted levels, for each value."""
    return torch.bucketize(values, (levels[1:] + levels[:-1]) / 2)


def e2m1(code: int) -> float:
    """What a code from 0 to 15 stands for: sign, two exponent bits, one fraction bit."""
    sign, exponent, fraction = code >> 3, code >> 1 & 3, code & 1
    size = 2 ** (exponent - 1) * (1 + fraction / 2) if exponent else fraction / 2
    return -size if sign else size


fp4 = torch.tensor(sorted({e2m1(code) for code in range(16)}))
gauss = torch.distributions.Normal(0, 1)
last = 0.9677083  # the outermost quantile, from the paper's code
above, below = (gauss.icdf(torch.linspace(last, 0.5, n)[:-1]) for n in (9, 8))
nf4 = torch.cat([-below, torch.zeros(1), above]).sort().values / above.max()
int4 = torch.arange(-7.0, 8.0)
print("fp4:", fp4.tolist())
print("NF4:", [round(v, 3) for v in nf4.tolist()])


# %%
def on_levels(weight: torch.Tensor, levels: torch.Tensor, size: int = 64) -> torch.Tensor:
    """On the nearest level; the largest weight of a group gets the last level. float16 scales."""
    groups = grouped(weight, size)
    scale = (groups.abs().amax(1, keepdim=True) / levels.max()).half().float()
    scale = scale.clamp(min=1e-7)  # float16 holds nothing below half of that
    return ungrouped(levels[nearest(groups / scale, levels)] * scale, weight)


def mxfp4(weight: torch.Tensor) -> torch.Tensor:
    """MXFP4: ties go to the level with the even code, as float rounding does."""
    groups = grouped(weight, 32)
    most = groups.abs().amax(1, keepdim=True).clamp(min=2.0**-120)  # 8 bits end near 2**-127
    scale = 2.0 ** (most.frexp().exponent - 1 - 2)  # frexp: exact, where log2 may round up
    size = (groups / scale).abs().clamp(max=6)
    step = torch.where(size < 2, 0.5, torch.where(size < 4, 1.0, 2.0))  # gaps of fp4
    return ungrouped((size / step).round() * step * groups.sign() * scale, weight)


# %% [markdown]
# Does it agree with the library? `to_mx` of torchao gives packed codes and scales; torch's own types decode the scales
# (`float8_e8m0fnu`) and name the packed codes (`float4_e2m1fn_x2`: two values per byte, storage without arithmetic).

# %%
from torchao.prototype.mx_formats.mx_tensor import to_mx  # a prototype: it may change
from torchao.quantization.quantize_.workflows.nf4.nf4_tensor import to_nf4

some = weight[:256, :768].contiguous() * 2.0 ** torch.arange(-30, 34, 0.25).round()[:, None]
shared, halves = to_mx(some, torch.float4_e2m1fn_x2, 32)
table = torch.tensor([e2m1(code) for code in range(16)])
decoded = table[torch.stack([halves % 16, halves // 16], -1).flatten(-2).long()]
theirs = decoded.reshape(-1, 32) * shared.float().reshape(-1, 1)
assert torch.equal(theirs.reshape(some.shape), mxfp4(some))
named = halves.view(torch.float4_e2m1fn_x2)
print("MXFP4: all equal;", named.dtype, tuple(named.shape), "for", tuple(some.shape))
their_levels = to_nf4(some, 64, 256).nf4
print(f"NF4: the 16 levels differ by at most {(their_levels - nf4).abs().max():.0e}")
assert torch.allclose(their_levels, nf4, atol=1e-4)

# %% [markdown]
# Compare like with like. Groups of 64 with float16 scales take 4.25 bits per weight, and so do groups of 32 with an 8-bit scale.


# %% tags=["nbval-ignore-output"]
def all_codes(weight: torch.Tensor) -> torch.Tensor:
    """int4 with the sixteenth level, −8: the scale has the sign that puts the largest weight there."""
    groups = grouped(weight, 64)
    largest = groups.gather(1, groups.abs().argmax(1, keepdim=True))
    scale = (largest / -8).half().float()
    scale = torch.where(scale == 0, 1.0, scale)
    return ungrouped((groups / scale).round().clamp(-8, 7) * scale, weight)


kinds = {"int4, 15 levels": partial(on_levels, levels=int4), "int4, all 16": all_codes}
kinds |= {"NF4": partial(on_levels, levels=nf4), "fp4": partial(on_levels, levels=fp4)}
kinds |= {"MXFP4": mxfp4}
set_seed(2)
flat = torch.rand(300, 768) - 0.5
laplace = torch.distributions.Laplace(0.0, 1.0).sample((300, 768))
tried = {"layer 1": [m[1].weight.data for m in models], "uniform": [flat], "Laplace": [laplace]}
table = {
    name: {k: [sqnr(w, f(w)) for w in ws] for k, f in kinds.items()} for name, ws in tried.items()
}
for name, row in table.items():
    print(f"{name:8}", {kind: round(float(np.mean(values)), 1) for kind, values in row.items()})
gain = np.subtract(table["layer 1"]["MXFP4"], table["layer 1"]["int4, 15 levels"])
print("MXFP4 against int4, dB:", np.round(gain, 2))

# %% tags=["nbval-ignore-output"]
assert gain.max() < 0
sixteen = np.subtract(table["layer 1"]["NF4"], table["layer 1"]["int4, all 16"])
assert (np.subtract(table["layer 1"]["NF4"], table["layer 1"]["int4, 15 levels"]) > 0.7).all()
assert (np.abs(sixteen) < 0.4).all()
four_bits = {kind: [with_weights(m, change) for m in models] for kind, change in kinds.items()}
for kind, changed in four_bits.items():
    pairs_p = [compare(m, c, *validation).p for m, c in zip(models, changed, strict=True)]
    scores = [round(accuracy(c, *validation), 3) for c in changed]
    print(f"{kind:16}", scores, "p =", [round(p, 2) for p in pairs_p])
    assert max(pairs_p) > 0.05

# %% [markdown]
# MXFP4 is behind plain int4 here, and behind fp4 with a float16 scale although its groups are half as large: a scale that must be a power of two wastes a part of the range, or clips. What it is for is hardware that multiplies it directly; nothing here measures that. NF4 is about a decibel better than 15 even levels, and no better than **16** even levels, on these weights. Even levels win on uniform values, NF4 on Laplace ones, of which many are small and few large. No list of levels is best in itself. No format differs measurably from float32 on all three seeds; one or two of fifteen p-values may be below 0.05 by chance.
#
# ## 5 · Levels that the weights choose
#
# **k-means** puts each level at the mean of the weights that are nearest to it, and repeats. The list of levels is a **codebook**; weights that share a level share their value (*weight sharing*, Han et al. 2016). One codebook serves the whole tensor: 16 floats. Per tensor, at 4 bits, int4 has about 12 dB on layer 1, and in groups of 64 about 19.6.


# %%
def codebook(values: torch.Tensor, count: int, steps: int = 60) -> torch.Tensor:
    """k-means in one dimension. Between two levels lies one border, so sorting does most of it."""
    x = values.flatten().double().sort().values
    sums = F.pad(x.cumsum(0), (1, 0))
    levels = torch.linspace(float(x[0]), float(x[-1]), count).double()
    for _ in range(steps):
        borders = torch.searchsorted(x, (levels[1:] + levels[:-1]) / 2)
        edges = torch.cat([torch.tensor([0]), borders, torch.tensor([len(x)])])
        sizes, totals = edges.diff(), sums[edges].diff()
        levels = torch.where(sizes > 0, totals / sizes.clamp(min=1), levels)  # an empty one stays
    return levels.float()


def shared_values(weight: torch.Tensor, count: int = 16) -> torch.Tensor:
    levels = codebook(weight, count)
    return levels[nearest(weight, levels)]


# %% tags=["nbval-ignore-output"]
first_layers = [m[1].weight.data for m in models]
by_means = [sqnr(w, shared_values(w)) for w in first_layers]
by_clip = []
for w in first_layers:
    ends = (w.abs().max() * torch.linspace(0.05, 1, 40)).tolist()
    backs = (torch.fake_quantize_per_tensor_affine(w, end / 7.5, 0, -8, 7) for end in ends)
    by_clip.append(max(sqnr(w, back) for back in backs))
by_largest = [sqnr(w, rounded(w, 4)) for w in first_layers]
found = {"int4, the largest fits": by_largest, "16 even levels, their best clip": by_clip}
for name, decibels in (found | {"k-means": by_means}).items():
    print(f"{name:31}", np.round(decibels, 1))
levels = codebook(weight, 16)
print("levels of k-means:", [round(v, 3) for v in levels.tolist()])

# %%
assert min(by_means) > 5 + max(by_largest)
assert 0.5 < min(np.subtract(by_means, by_clip)) and max(np.subtract(by_means, by_clip)) < 4
assert not (levels == 0).any()

# %% [markdown]
# About as good as int4 with a scale for each 64 weights, and it stores 16 numbers in place of 3,900. Most of the gain is the clip again: neither k-means nor 16 evenly spaced levels at their best clip reach out to the largest weight. The uneven levels add a little over one decibel. The price: there is no integer arithmetic, since a code is only an index, and no level at exactly 0, so pruned weights don't stay 0 unless the codebook is told to keep it (lesson 15).
#
# ## 6 · Two bits: which levels?
#
# In lesson 02 a network fell to guessing at 2 bits, with the levels −1, 0 and 1 times the largest weight, and most of it came back with a better clip. Two bits have **four** codes. Three sets of levels, per tensor: $\{-1, 0, 1\}$, which leaves one code unused; $\{-2, -1, 0, 1\}$; and $\{-1.5, -0.5, 0.5, 1.5\}$. As a control, $\{-1, 0, 1\}$ with the step of the second set. The largest *magnitude* gets the outermost level.


# %%
def two_bits(weight: torch.Tensor, levels: list, most: float, rows: bool, search: bool):
    """On `levels`, one scale or one per row: the largest magnitude at `most`, or the best of 40 clips."""
    groups, points = grouped(weight, weight.shape[1] if rows else None), torch.tensor(levels)
    largest = groups.abs().amax(1, keepdim=True) / most
    tried = []
    for clip in torch.linspace(1, 0.05, 40)[: 40 if search else 1]:
        scale = (largest * clip).clamp(min=TINY)
        tried.append(points[nearest(groups / scale, points)] * scale)
    squares = torch.stack([(back - groups).square().sum(1) for back in tried])
    best = squares.argmin(0)
    return ungrouped(torch.stack(tried)[best, torch.arange(len(groups))], weight)


sets = {  # the levels, and where the largest magnitude lies
    "−1 0 1": ([-1.0, 0, 1], 1),
    "−1 0 1, half the step": ([-1.0, 0, 1], 2),
    "−2 −1 0 1": ([-2.0, -1, 0, 1], 2),
    "−1.5 −0.5 0.5 1.5": ([-1.5, -0.5, 0.5, 1.5], 1.5),
}
ways = {"tensor, largest fits": (False, False), "row, largest fits": (True, False)}
ways |= {"tensor, best clip": (False, True), "row, best clip": (True, True)}


# %% tags=["nbval-ignore-output"]
cliff: dict = {name: [] for name in sets}
for name, (points, most) in sets.items():
    for rows, search in ways.values():
        change = partial(two_bits, levels=points, most=most, rows=rows, search=search)
        cliff[name].append(accuracies(models, change))
fig, ax = plot.figure(width=9, height=3.4)
plot.ranges(ax, list(ways), cliff)
ax.axhline(full.mean(), color="grey", linewidth=1, marker="", linestyle="-")
ax.set(title="2 bits: three seeds (grey line: float32)", ylabel="accuracy", ylim=(0, 0.95))
plot.show(fig, alt="Accuracy of four sets of levels, for two ways to share a scale and two clips.")
seeds = cliff["−1.5 −0.5 0.5 1.5"][0]

# %% tags=["nbval-ignore-output"]
for name, (values, most) in sets.items():
    back = two_bits(weight, values, most, rows=False, search=False)
    found = np.round(cliff[name][0], 3)
    print(f"{name:22} largest fits, per tensor: {found}, layer 1 {sqnr(weight, back):4.1f} dB")
third = back.abs() < 1.01 * weight.abs().max() / 3  # in the last set
print(f"{float(third.float().mean()):.1%} of its weights are ± a third of the largest")

# %% [markdown]
# The SQNR of the last set is below 0: the errors are *larger* than the weights. Nearly every weight becomes plus or minus a third of
# the largest: a network of **signs**. Is it the signs that count? Here are two controls: one bit per weight, the sign, times the mean magnitude of the
# layer; and all magnitudes with the signs shuffled.


# %% tags=["nbval-ignore-output"]
def signs(weight: torch.Tensor) -> torch.Tensor:
    return torch.where(weight >= 0, 1.0, -1.0) * weight.abs().mean()


def shuffled_signs(weight: torch.Tensor) -> torch.Tensor:
    order = torch.randperm(weight.numel(), generator=torch.Generator().manual_seed(0))
    return weight.abs() * torch.where(weight >= 0, 1.0, -1.0).flatten()[order].reshape(weight.shape)


no_zero = partial(two_bits, levels=sets["−1.5 −0.5 0.5 1.5"][0], most=1.5, rows=False, search=False)
controls = {"sign": signs, "shuffled": shuffled_signs, "without a 0": no_zero}
controls["all × 2.9"] = lambda weight: 2.9 * weight
found, factored = {}, {}
for name, change in controls.items():
    found[name], back = accuracies(models, change), change(weight)
    best = (weight * back).sum() / back.square().sum()  # the factor with the least squared error
    factored[name] = sqnr(weight, best * back) if name != "all × 2.9" else math.inf
    print(f"{name:11}", np.round(found[name], 3), f"layer 1: {sqnr(weight, back):4.1f} dB", end="")
    print(f", after the best common factor {factored[name]:4.1f} dB")

# %%
assert min(found["sign"]) > 0.65 and max(found["shuffled"]) < 0.35 < 0.8 < min(found["all × 2.9"])
assert factored["without a 0"] > factored["shuffled"] + 2
assert min(seeds) > 0.6 and max(cliff["−1 0 1"][0]) < 0.35
row_scale = np.mean(cliff["−1 0 1"][1])
half_step, fourth = (np.mean(cliff[n][0]) for n in ("−1 0 1, half the step", "−2 −1 0 1"))
assert row_scale < half_step and row_scale < fourth < np.mean(cliff["−2 −1 0 1"][1])
assert abs(half_step - fourth) < 0.04  # not the fourth level: the step
best_clip = np.mean([values[2:] for values in cliff.values()], axis=-1)
assert best_clip.min() > 0.77 and np.ptp(best_clip) < 0.06

# %% [markdown]
# The signs carry most of the answer. Shuffled, they have the same SQNR as the set without a 0, and an accuracy of 0.09 against 0.77; after its best common factor each set is ranked right.
#
# $\{-2, -1, 0, 1\}$ looks far better than $\{-1, 0, 1\}$, and it is not the fourth level: without −2 and with the same step the accuracy is about the same. The step is half as long, which is a better clip. With the **best clip** the means of all eight lie within two points of each other, and one to three below float32. Lesson 06 trains with the rounding in the loop.
#
# ## References
#
# - S. Migacz (2017): *8-bit Inference with TensorRT*. GPU Technology Conference, S7310. Entropy calibration.
# - H. Wu et al. (2020): *Integer Quantization for Deep Learning Inference: Principles and Empirical Evaluation*. arXiv:2004.09602. Largest, percentile and entropy compared.
# - S. Han, H. Mao, W. Dally (2016): *Deep Compression*. ICLR. arXiv:1510.00149. Weight sharing by k-means.
# - S. Lloyd (1982): *Least Squares Quantization in PCM*. IEEE Transactions on Information Theory 28, 129–137. The algorithm behind k-means, written in 1957.
# - T. Dettmers, A. Pagnoni, A. Holtzman, L. Zettlemoyer (2023): *QLoRA: Efficient Finetuning of Quantized LLMs*. arXiv:2305.14314. NF4.
# - Open Compute Project (2023): *OCP Microscaling Formats (MX) Specification*, version 1.0. MXFP4 and its shared scale.
# - B. Rouhani et al. (2023): *Microscaling Data Formats for Deep Learning*. arXiv:2310.10537. Accuracy with MX formats, emulated.
