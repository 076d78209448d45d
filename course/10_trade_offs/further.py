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
# # 10 · Trade-offs, further
#
# This page holds what we measured for lesson 10 and left out of it. No exercise needs it. Read what you are curious about, in any order:
#
# 1. how gzip gets below the entropy,
# 2. two networks on the same images, and why one seed of each proves little,
# 3. how much too good the best of many looks,
# 4. the zeros that come back,
# 5. a large sparse network against a small dense one,
# 6. what happens inside a network that is pruned too far,
# 7. limits from data sheets,
# 8. rounding at the very end.

# %%
import copy
import itertools
import math

import numpy as np
import pandas as pd
import torch

from coursekit.lesson_10 import shop
from coursekit.nets.combine import Network, hidden_units, pack, prune_weights, quantize, zipped
from coursekit.nets.data import load_fashion_mnist, load_results, load_tradeoffs
from coursekit.nets.evidence import verdict
from coursekit.nets.measure import accuracy, compare
from coursekit.nets.train import fit, set_seed
from coursekit.pictures import plot

# %% tags=["nbval-ignore-output"]
set_seed(0)
table, models = load_tradeoffs(), shop.shelf()
at = models.set_index(shop.SETTING)
train_split, validation_split = load_fashion_mnist().train.hold_out(2000)
train, validation = train_split.tensors(), validation_split.tensors()


def trained(seed: int) -> Network:
    """A quarter as wide as LeNet-300-100, after seven epochs."""
    set_seed(seed)
    model = Network(hidden_units(0.25))
    fit(model, train, epochs=7, seed=seed, quiet=True)
    return model


control, another = trained(0), trained(1)

# %% [markdown]
# ## 1 · Below the entropy
#
# Take 16 codes: twelve 0, two 1, one −1 and one 2. With a fixed width they need 2 bits each. But 0 is so frequent that it deserves a
# shorter code. Shannon (1948) showed what is possible: a code with share $p_c$ is worth $\log_2(1/p_c)$ bits.


# %%
def entropy(codes: torch.Tensor) -> float:
    """Bits per code, from how often each occurs."""
    shares = codes.flatten().unique(return_counts=True)[1].double() / codes.numel()
    return float((shares * (1 / shares).log2()).sum())


sixteen = torch.tensor([0] * 12 + [1] * 2 + [-1, 2])
for code in (0, 1, -1, 2):
    part = float((sixteen == code).double().mean())
    print(f"code {code:2}: share {part:.4f}, worth {math.log2(1 / part):.2f} bits")
print(f"entropy: {entropy(sixteen):.3f} bits per weight, {16 * entropy(sixteen):.1f} bits in all")


# %% [markdown]
# The lesson splits the entropy of pruned weights into *where* and *what*. Here is the bound that follows, for every sparsity.


# %%
def most_bits(zeros: np.ndarray | float, bits: int) -> np.ndarray | float:
    """h + (1 − p₀)·log2(2^b − 2): what a weight takes at most."""
    where = -zeros * np.log2(zeros) - (1 - zeros) * np.log2(1 - zeros)
    return where + (1 - zeros) * np.log2(2**bits - 2)


zeros = np.linspace(0.5, 0.99, 200)
fig, ax = plot.figure(height=3.4)
for bits in (8, 4, 2):
    ax.plot(100 * zeros, 32 / most_bits(zeros, bits), marker="", label=f"{bits} bits, at least")
ax.plot(100 * zeros, 4 / (1 - zeros), marker="", label="8 bits, gains multiplied")
ax.set(title="What zeros and few bits can give together", ylim=(0, 100))
ax.set(xlabel="zeros (% of the weights)", ylabel="times smaller than float32")
ax.legend()
plot.show(fig, alt="Curves that rise with sparsity, for 8, 4 and 2 bits, and the multiplied gains.")

# %% [markdown]
# Does a real compressor reach the entropy? Below is every quantized setting: gzip's bytes, divided by the entropy of its own codes
# with scales and biases as they are.

# %%
few = table[table.bits < 32]
ratio = few.gzip_bytes / few.entropy_bytes
fig, ax = plot.figure(width=6.5, height=3.8)
for bits, marker in ((8, "o"), (4, "s"), (2, "^")):
    some = few[few.bits == bits]
    ax.plot(some.entropy_bytes / 1e3, ratio[some.index], marker, label=f"{bits} bits")
ax.axhline(1, color="black", linewidth=1)
ax.set(title="gzip against the entropy of single weights", xscale="log")
ax.set(xlabel="entropy bound (kB)", ylabel="gzip, bound = 1")
ax.legend()
plot.show(fig, alt="gzip against the bound: most points near 1, some with 2 and 4 bits below it.")
print(f"{(ratio < 1).sum()} of {len(few)} files are below the bound")
assert (ratio < 1).any() and ratio.max() < 1.5

# %% [markdown]
# Many files are *below* the bound. Is the theorem wrong? Read it again: no code for **single** symbols does better. gzip looks at
# neighbours too, and neighbouring weights can be alike, for example in a row of zeros. If that's the reason, it must go away when we
# shuffle the weights of each layer.


# %% tags=["nbval-ignore-output"]
def gzipped(layers: list[torch.Tensor], bits: int) -> int:
    """Bytes of all codes, packed at so many bits, after gzip."""
    return zipped(b"".join(pack(layer.numpy() + 2 ** (bits - 1), bits) for layer in layers))


shuffler = torch.Generator().manual_seed(0)
for bits, share in ((2, 0.95), (4, 0.0)):
    tiny = copy.deepcopy(control)
    quantize(tiny, bits)
    prune_weights(tiny, share)
    codes = [layer.codes().detach().flatten().int() for layer in tiny.layers]
    shuffled = [layer[torch.randperm(len(layer), generator=shuffler)] for layer in codes]
    bound = sum(entropy(layer) * len(layer) / 8 for layer in codes)
    before, after = gzipped(codes, bits), gzipped(shuffled, bits)
    print(f"{bits} bits, {share:.0%} zeros: bound {bound:,.0f} B; ", end="")
    print(f"gzip: as it is {before:,} B, shuffled {after:,} B")
    assert before < bound < after

# %% [markdown]
# Shuffled, gzip is above the bound again. The bound ignores order, and gzip uses it.
#
# ## 2 · Two networks, the same images
#
# Both networks see the same images, so only the images count that exactly one of them gets right: *lost* with the first only, *won*
# with the second only. If both were equally good, each of these images would be a fair coin. How often would all $m$ of them
# fall at least as unevenly? That is McNemar's exact test.
#
# $$p = \min\Bigl(1,\; \frac{2}{2^m} \sum_{k=0}^{\min(\text{lost},\,\text{won})} \binom{m}{k}\Bigr)$$
#
# By hand: 6 to 1. Eight of the 128 ways in which seven coins can fall have at most one head. Twice that, since it could have gone the
# other way: $p = 16/128 = 0.125$.


# %% tags=["nbval-ignore-output"]
def mcnemar(first: np.ndarray, second: np.ndarray) -> tuple[int, int, float]:
    """Lost, won and p from which images two models get right, both bool of shape (n,)."""
    lost, won = int((first & ~second).sum()), int((second & ~first).sum())
    coins = lost + won
    ways = sum(math.comb(coins, k) for k in range(min(lost, won) + 1))
    return lost, won, min(1.0, 2 * ways / 2**coins)


assert mcnemar(np.arange(7) < 6, np.arange(7) == 6) == (6, 1, 0.125)
with torch.no_grad():
    answers = [net(validation[0]).argmax(1) == validation[1] for net in (control, another)]
lost, won, p = mcnemar(*(right.numpy() for right in answers))
library = compare(control, another, *validation)
assert (lost, won) == (library.lost, library.won) and math.isclose(p, library.p)
print(f"two seeds of one plan: lost {lost}, won {won}, p = {p:.3f}")

# %% [markdown]
# The test tells whether the result would hold on other *images*, not with another *seed*. Test the test (an **A/A test**): compare
# networks of the *same* setting that differ by nothing but their seed. A test about settings would cry wolf in 5% of such pairs.

# %%
seeds_of = table.groupby(shop.SETTING).right.apply(list)
alike = [
    mcnemar(one, other)[2] < 0.05
    for networks in seeds_of
    for one, other in itertools.combinations(networks, 2)
]
print(f"same setting, another seed: p < 0.05 in {np.mean(alike):.0%} of {len(alike)} pairs")
assert np.mean(alike) > 0.15

# %% [markdown]
# So never compare two *plans* by one network each. The lesson pairs seeds instead.
#
# ## 3 · The winner's curse
#
# Choose the best of the 112 settings on one half of the validation images, then look at it on the other half. How many points does it
# lose? We cut the images in 300 ways, for each of the five seeds.

# %%
rng = np.random.default_rng(1)
losses = []
for _, some in table.groupby("seed"):
    all_right = np.stack(list(some.right))  # shape (112, 2000)
    cuts = []
    for _ in range(300):
        order = rng.permutation(2000)
        choose_on, look_at = all_right[:, order[:1000]], all_right[:, order[1000:]]
        best = choose_on.mean(1).argmax()
        cuts.append(100 * (choose_on[best].mean() - look_at[best].mean()))
    losses.append(np.mean(cuts))
print(
    f"the winner loses {np.mean(losses):.1f} points; by seed {min(losses):.1f} to {max(losses):.1f}"
)
assert min(losses) > 0.1

# %% [markdown]
# Nobody cheated. The maximum of many noisy numbers is too high.
#
# ## 4 · The zeros that come back
#
# Eight weights are pruned by half and rounded to 3 bits. *Symmetric* rounding keeps 0, since 0 is a level. Rounding evenly from minimum
# to maximum doesn't, unless a zero point puts a level there.

# %%
eight = torch.tensor([0.31, -0.05, 0.22, 1.20, -0.44, 0.12, -0.78, 0.27])


def keep_largest(weights: torch.Tensor, share: float) -> torch.Tensor:
    mask = torch.ones_like(weights)
    mask[weights.abs().argsort(stable=True)[: round(share * len(weights))]] = 0
    return weights * mask


def symmetric(weights: torch.Tensor, bits: int) -> torch.Tensor:
    step = weights.abs().max() / (2 ** (bits - 1) - 1)
    return (weights / step).round() * step


def min_to_max(weights: torch.Tensor, bits: int) -> torch.Tensor:
    step = (weights.max() - weights.min()) / (2**bits - 1)
    return ((weights - weights.min()) / step).round() * step + weights.min()


# %%
ways = {
    "weights": eight,
    "prune, symmetric": symmetric(keep_largest(eight, 0.5), 3),
    "prune, min to max": min_to_max(keep_largest(eight, 0.5), 3),
    "symmetric": symmetric(eight, 3),
    "symmetric, prune": keep_largest(symmetric(eight, 3), 0.5),
}
fig, ax = plot.figure(width=8, height=2.8)
plot.matrix(ax, torch.stack(list(ways.values())).numpy(), decimals=2)
ax.set_yticks(range(len(ways)), list(ways))
ax.set(title="Half pruned, 3 bits: two roundings, two orders", xticks=[])
plot.show(fig, alt="Five rows of eight numbers; min to max has no zero, the symmetric rows do.")
assert (ways["prune, min to max"] == 0).sum() == 0
assert (ways["prune, symmetric"] == 0).sum() == (ways["symmetric, prune"] == 0).sum() == 4

# %% [markdown]
# Rows 2 and 5 have four zeros each, but not in the same places. After rounding, 0.31, 0.22, 0.27 and −0.44 have the same magnitude, so
# mere order decides which two of the four stay.
#
# ## 5 · Large and sparse, or small and dense?
#
# Two ways lead to few weights: train a small dense network, or prune a large one. Zhu and Gupta (2017) found the large sparse one ahead at
# the same number of weights.

# %%
fig, axes = plot.figure(1, 3, width=14, height=3.6, sharey=True)
kinds = {"dense, narrower": models.structure == "none"}
kinds["full width, pruned"] = (models.width == 1) & (models.structure == "weights")
left = table.groupby(shop.SETTING, sort=False).nonzero.mean().to_numpy()
counted = {"weights left": left, "bytes stored": models.raw_bytes, "bytes, gzip": models.gzip_bytes}
for ax, (label, cost) in zip(axes, counted.items(), strict=True):
    for name, kind in kinds.items():
        some = models.assign(cost=cost)[kind & (models.bits == 32)].sort_values("cost")
        plot.band(ax, some.cost / 1000, some.accuracy, some.low, some.high, label=name)
    ax.set(title=f"float32, by {label}", xlabel=f"thousand {label}", ylabel="accuracy")
axes[0].legend()
plot.show(fig, alt="Accuracy of narrow dense and of wide pruned networks, by weights and by bytes.")

# %%
for width, share in ((0.5, 0.5), (0.25, 0.8), (0.125, 0.9)):
    small, sparse = at.loc[width, "none", 0, 32], at.loc[1, "weights", share, 32]
    against = verdict(sparse.seeds, small.seeds, shared="seeds", among=3)
    print(f"{share:.0%} pruned against width {width:g}: {against}")
    assert against.word == "better"

# %% [markdown]
# The sparse network had as many epochs, but each of its epochs took two to nine times the multiplications. As *stored* bytes its
# advantage is gone, because the file holds the zeros too.
#
# ## 6 · Inside a network that is pruned too far

# %% tags=["nbval-ignore-output"]
rows = []
for share in (0.5, 0.8, 0.9, 0.95, 0.98, 0.99):
    net = copy.deepcopy(control)
    prune_weights(net, share)
    with torch.no_grad():
        logits = net(validation[0])
        black = net(torch.zeros(1, 1, 28, 28)).argmax()  # what the biases alone answer
    answered = logits.argmax(1)
    no_input = sum(int((layer.used() == 0).all(1).sum()) for layer in net.layers[:2])
    rows.append(
        {
            "zeros": f"{share:.0%}",
            "accuracy": accuracy(net, *validation),
            "hidden units without input (of 100)": no_input,
            "pixels that are read (of 784)": int((net.layers[0].used() != 0).any(0).sum()),
            "spread of the logits": float(logits.std(0).mean()),
            "classes ever answered": len(answered.unique()),
            "answered like a black image": float((answered == black).double().mean()),
        }
    )
inside = pd.DataFrame(rows).set_index("zeros")
assert inside.loc["99%", "accuracy"] < 0.5 < inside.loc["80%", "accuracy"]
inside.round(3)

# %% [markdown]
# The logits move less and less from image to image, and in the end every image gets the answer that a black image gets, which is what
# the biases alone say. The lesson's last part takes the biases away.
#
# ## 7 · Limits from data sheets
#
# | device | limit, and where it is from | may lose | saves |
# |---|---|---|---|
# | microcontroller | 256 KiB flash (SAM D21 data sheet), less 16 KiB for the runtime (TensorFlow Lite Micro), so 245,760 bytes as stored; 32 KiB of RAM for what the layers pass on, and for weights that must be unpacked | 2 points | stored bytes |
# | web page | a 400 kbit/s link (Russell 2017) for at most 1 s (Nielsen 1993), so 50,000 bytes after gzip | 1 point | gzip bytes |
# | phone | 200 MB after compression (Google Play, base module) | 1 point | time |
# | server | 250 MB unpacked (AWS Lambda, deployment package) | nothing | time |
#
# int8 weights are read where they lie, in flash. For 4-bit weights the runtime unpacks a whole layer to int8 in RAM first (TensorFlow Lite
# Micro's reference kernel does, `fully_connected.cc`, when this was written). The rule: of all settings that keep the limit and lose at
# most so much against the dense control, take the cheapest; at the same cost the most accurate.

# %%
BRIEFS = {
    "microcontroller": ("raw_bytes", 245_760, 2, "raw_bytes"),
    "web page": ("gzip_bytes", 50_000, 1, "gzip_bytes"),
    "phone": ("gzip_bytes", 200e6, 1, "latency"),
    "server": ("raw_bytes", 250e6, 0, "latency"),
}
dense = at.loc[1, "none", 0, 32]
ram = (784 + models.units) * np.where(models.bits == 32, 4, 1)
models["ram"] = ram + np.where(models.bits < 8, 784 * models.units, 0)
rows = []
for brief, (limited, most, lose, saves) in BRIEFS.items():
    room = 32 * 1024 if brief == "microcontroller" else math.inf
    fits = models[(models[limited] <= most) & (models.ram <= room)]
    good = fits[fits.accuracy >= dense.accuracy - lose / 100]
    row = good.sort_values([saves, "accuracy"], ascending=[True, False]).iloc[0]
    against = verdict(row.test, dense.test, shared="seeds", among=4)
    chosen = f"width {row.width:g}, {row.share:.0%} of {row.structure}, {row.bits} bits"
    rows.append((brief, chosen, f"{row[saves]:,.5g}", str(against)))
columns = ["brief", "chosen", "cost", "points against dense, test images"]
pd.DataFrame(rows, columns=columns).set_index("brief")

# %% [markdown]
# On the chip, zeros don't count. On the page they do. Phone and server have room for all of them, so the honest first question there is
# whether to compress at all. `latency` is the time for one image in LiteRT on one thread, dense float32 = 1. We timed shapes in float32
# and in int8; zeros are multiplied like any number, and 4 and 2 bits are taken to be unpacked to int8 when the file is loaded.
#
# ## 8 · Rounding at the very end
#
# The lesson tunes *after* both pruning and rounding. The easy way is to prune, tune, and round last. Here is what tuning with rounding on gains
# over it, with steps that follow, each with its best learning rate, on test images and paired by seed.

# %%
key = ["structure", "share", "bits", "order", "steps"]
orders = load_results("orders")
means = orders.groupby([*key, "lr"], as_index=False).validation.mean()
best = means.loc[means.groupby(key).validation.idxmax(), [*key, "lr"]]
runs = {place: some.test.to_numpy() for place, some in orders.merge(best).groupby(key)}
gains = {}
for structure, share, bits in orders[key[:3]].drop_duplicates().itertuples(index=False):
    after = runs[structure, share, bits, "prune, quantize, tune", "again"]
    last = runs[structure, share, bits, "prune, tune, quantize", "found last"]
    gains[f"{share:.0%}\n{structure}\n{bits} bits"] = verdict(after, last, shared="seeds", among=12)
fig, ax = plot.figure(width=11, height=3.4)
points, halves = zip(*((its.points, its.half) for its in gains.values()), strict=True)
ax.errorbar(range(len(gains)), points, halves, fmt="o", capsize=4)
ax.axhline(0, color="black", linewidth=1)
ax.set_xticks(range(len(gains)), list(gains))
ax.set(title="Tuning with rounding on, against rounding last", ylabel="points gained")
plot.show(
    fig, alt="Points that tuning with rounding on gains, with 95% intervals, twelve settings."
)

# %% [markdown]
# At 8 and 4 bits, tuning with rounding on never gained anything that five seeds can show, and at 95% of the weights it lost about a point. At 2
# bits and 95% of the weights it gained a point and a half.
#
# ## References
#
# - Q. McNemar (1947): *Note on the sampling error of the difference between correlated proportions or percentages*. Psychometrika 12,
#   153–157.
# - M. Zhu, S. Gupta (2017): *To prune, or not to prune: exploring the efficacy of pruning for model compression*. arXiv:1710.01878.
# - C. Shannon (1948): *A Mathematical Theory of Communication*. Bell System Technical Journal 27.
# - Limits: Microchip, *SAM D21/DA1 Family Data Sheet* (flash and SRAM sizes); TensorFlow, [*TensorFlow Lite for
#   Microcontrollers*](https://www.tensorflow.org/lite/microcontrollers) (16 KB core runtime); A. Russell (2017): [*Can You Afford
#   It?*](https://infrequently.org/2017/10/can-you-afford-it-real-world-web-performance-budgets/) (400 kbit/s); J. Nielsen (1993):
#   [*Response Times: The 3 Important Limits*](https://www.nngroup.com/articles/response-times-3-important-limits/); Google, [*Play
#   maximum size limits*](https://support.google.com/googleplay/android-developer/answer/9859372); Amazon, [*Lambda
#   quotas*](https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
