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
# # 14 · Taught and factored, further
#
# This page holds what we measured for lesson 14 and left out of it. No exercise needs it. Read what you are curious about, in any order:
#
# 1. all labels at hand: every control, and what the learning rate does,
# 2. images without labels: every control,
# 3. factors beside removed units and small networks,
# 4. the time of thin pairs,
# 5. adapters at 2, 3 and 4 bits, and merging them,
# 6. NF4 and PEFT.
#
# Accuracies are of 2,000 test images; ± is half a 95% interval over five paired seeds. Each row has the learning rate and length that were best for it on validation images, unless it says otherwise.

# %%
import copy
import math

import pandas as pd
import torch
from torch import nn
from torch.nn import functional as F

from coursekit.lesson_05 import quiet
from coursekit.lesson_14.distilled import (
    ALL_LABELS,
    MENDED,
    NO_LABELS,
    by_rate,
    chosen,
    compared,
    cut_down,
    mended,
    points,
    two_thin,
)
from coursekit.nets.combine import Network, quantize
from coursekit.nets.data import load_fashion_mnist, load_results
from coursekit.nets.evidence import verdict
from coursekit.nets.measure import latency
from coursekit.nets.train import learn, set_seed

set_seed(0)

# %% [markdown]
# ## 1 · All labels at hand: every control
#
# *Moved* images are moved by a pixel, in a direction drawn anew each time; the teacher is asked once, about the image as it was, or anew. The MLP as teacher has 512 hidden units.

# %%
compared(ALL_LABELS, "taught")

# %% [markdown]
# No row is better than labels alone by more than a fifth of a point, and of thirteen intervals of 95% one may miss 0 by chance. At $T = 1$, 4 and 8 the CNN's student is worse by more than the interval. Nor do students trade accuracy for imitation: they agree with the CNN about as often as the one that had labels alone.
#
# How far does this hang on the learning rate? And do larger students with more patience gain (Beyer et al. 2021)?

# %%
rates = (0.003, 0.01, 0.03)
pairs = {f"T = {t}, less labels alone": (("teacher", t), ("labels", 0)) for t in (1, 2, 4, 8)}
pairs["T = 4: shuffled, less as they are"] = ("shuffled", 4), ("teacher", 4)
by_rate(pairs, rates, "taught")

# %%
lost = pd.DataFrame(
    {
        lr: chosen("taught", "shuffled", 4, lr=lr).test - chosen("taught", "teacher", 4, lr=lr).test
        for lr in rates
    }
).mean(axis=1)
print(
    f"as they are, less shuffled, mean of three rates: {verdict(-lost, 0 * lost, shared='seeds')}"
)
print("128 hidden units, moved images, teacher asked anew, less labels alone:")
for epochs in (10, 40):
    reference = chosen("patience", "moved, labels", 0, epochs)
    print(f"{epochs} epochs: labels {100 * reference.test.mean():.1f}", end="")
    for temperature in (1, 4):
        its = chosen("patience", "moved, asked anew", temperature, epochs)
        print("; T = {} {:+.1f} ± {:.1f}".format(temperature, *points(its, reference)), end="")
    print()

# %% [markdown]
# The shuffled answers are behind at each of the three rates. So the wrong answers do carry something; it doesn't make up for what a high temperature costs. With one rate each, 0.01 against 0.03, the same comparison shows nothing: a choice of rates can hide an effect of this size. A student with 128 units loses nothing any more, and gains nothing that five
# seeds could show. What *is* worth two points is patience, with the teacher and without.
#
# ## 2 · Images without labels: every control

# %%
compared(NO_LABELS, "unlabelled")

# %%
mixed = by_rate({"": (("shuffled", 4), ("teacher", 4))}, rates, "unlabelled")
print("T = 4: shuffled, less as they are:", mixed.iloc[0].to_dict())

# %% [markdown]
# Even on the 300 images alone a teacher's answers are worth two to three points more than their labels.
#
# ## 3 · Factors beside others
#
# *Units* are removed by the sum of magnitudes (lesson 08); *small* and *thin from scratch* begin at random. The last rows have equal epochs for all: twelve and four of tuning, or sixteen from scratch.

# %%
whole, more = chosen("factored", "dense", 0, 0), chosen("factored", "dense", 0, 4)
print(f"dense: {100 * whole.test.mean():.1f}, with four more epochs {100 * more.test.mean():.1f}")
cut_down(ranks=(4, 8, 16, 32))

# %% [markdown]
# Not trained, the factors keep nearly all at rank 32 and lose about a point at 16. Knowing the inputs saves much at rank 4, half a point at 16, and nothing that five seeds could show at 8 and 32. Tuned factors are ahead of tuned units at each rank. The *thin* network from scratch is as good as the one that began with the SVD.
#
# ## 4 · The time of thin pairs
#
# A matrix with seven eighths of its weights at zero has as few useful products as two thin ones with an eighth of the MACs. *A copy* is the same dense layer once more, so it shows how far two equal products come apart.


# %% tags=["nbval-ignore-output"]
def factors(weight: torch.Tensor, rank: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Two thin matrices, (outputs, rank) and (rank, inputs), with the nearest product."""
    left, sizes, right = torch.linalg.svd(weight, full_matrices=False)
    return left[:, :rank] * sizes[:rank], right[:rank]


def time_shares(m, n, batch):
    """Times of two thin layers, and of a matrix with 7/8 zeros, against the dense one."""
    x, big = torch.randn(batch, n), nn.Linear(n, m)
    twin, sparse = copy.deepcopy(big), copy.deepcopy(big)
    with torch.no_grad():
        sparse.weight *= torch.rand(m, n) < 1 / 8
    calls = {"dense": lambda: big(x), "a copy": lambda: twin(x), "7/8 zeros": lambda: sparse(x)}
    for share in (1 / 2, 1 / 4, 1 / 8):
        pair = two_thin(big, *factors(big.weight.detach(), round(share * m * n / (m + n))))
        calls[f"{share:g} of the MACs"] = lambda pair=pair: pair(x)
    times = latency(calls, runs=100)
    return {name: its.median / times["dense"].median for name, its in times.items()}


shares = {
    f"{m}×{n}, batch {batch}": time_shares(m, n, batch)
    for m, n in ((300, 784), (1024, 1024))
    for batch in (1, 64)
}
pd.DataFrame(shares).T.round(2)

# %% [markdown]
# The thin pairs are faster once they're large enough: at 300×784 and batch 1, half of the MACs saves little or nothing, since two calls cost twice the overhead (lesson 01). No zero is skipped.
#
# ## 5 · Adapters at 2, 3 and 4 bits


# %%
def bytes_of(bits, rank, shapes=((300, 784), (100, 300), (10, 100))):
    """Codes, float32 scales and biases, float16 adapters, of all linear layers."""
    codes = sum(math.ceil(bits * m * n / 8) for m, n in shapes)
    return codes + sum(8 * m + 2 * rank * (m + n) for m, n in shapes)


shown = pd.concat({f"{bits} bits": mended(bits) for bits in (2, 3, 4)}, axis=1).fillna("")
for bits in (2, 3, 4):
    shown[f"{bits} bits", "bytes"] = [f"{bytes_of(bits, rank):,}" for _, rank, _ in MENDED.values()]
shown.sort_index(axis=1, level=0, sort_remaining=False)

# %% [markdown]
# At 3 and 4 bits whatever is trained comes within half a point of float. LoftQ's five turns gained nothing over one. Now merge: add the trained adapters of rank 4 to the weights, and round again.

# %%
for bits in (2, 3, 4):
    only = chosen(f"adapters {bits}", "rounded")
    for way, start in {"residual": "the residual", "zero": "U = 0"}.items():
        its = chosen(f"adapters {bits}", way, 4, 3)
        print(
            "{} bits, from {:12}: {:+.1f} ± {:.1f}".format(bits, start, *points(its, only)), end=""
        )
        again = its.assign(test=its.merged)
        print("; merged and rounded {:+.1f} ± {:.1f}".format(*points(again, only)))

# %% tags=["nbval-ignore-output"]
data = load_fashion_mnist()
train, _ = (part.tensors() for part in data.train.hold_out(2000))
set_seed(0)
dense = Network()


def all_images(batch):
    return F.cross_entropy(dense(train[0][batch]), train[1][batch])


learn(dense, all_images, len(train[0]), epochs=12)
two_bits = copy.deepcopy(dense)
quantize(two_bits, 2)
with torch.no_grad():
    up, down = factors(dense[1].weight - two_bits[1].used(), 4)
    small = ((up @ down).abs() < two_bits[1].steps / 2).float().mean()
print(f"the residual's corrections of layer 1 below half a step: {small:.1%}")
assert small > 0.9

# %% [markdown]
# What rounding has left over is less than half the distance between two levels, and rounding it again takes it for nothing.
#
# ## 6 · NF4 and PEFT
#
# NF4 (lesson 03) is QLoRA's type: 16 levels that are quantiles of a Gaussian, with a scale per 64 weights that is itself rounded to 8 bits. torchao has it, with a linear layer through which gradients pass.

# %% tags=["nbval-ignore-output"]
quiet.torchao()
from torchao.quantization.quantize_.workflows.nf4.nf4_tensor import linear_nf4, to_nf4

weight = dense[1].weight.detach()[:256, :256].contiguous()  # blocks of 64, in groups of 256
in_nf4 = to_nf4(weight, 64, 256)
levels, block = in_nf4.nf4, weight.reshape(-1, 64)
scale = block.abs().amax(1, keepdim=True)
ours = levels[((block / scale)[..., None] - levels).abs().argmin(-1)] * scale
theirs = in_nf4.get_original_weight()
print("levels:", [round(level, 2) for level in levels.tolist()])
print(f"largest difference, ours to theirs: {(ours.reshape_as(theirs) - theirs).abs().max():.4f}")
x = train[0][:50].flatten(1)[:, :256].requires_grad_()
output = linear_nf4(x, in_nf4)
assert torch.allclose(output, F.linear(x, theirs), atol=1e-4)
output.sum().backward()
assert x.grad.abs().sum() > 0

# %% [markdown]
# For adapters there is PEFT, the library that most people use. `course/14_taught_and_factored/make_peft.py` has compared it with the lesson's `Adapted`: the same numbers at the start, the same epoch of training.

# %%
peft = load_results("peft").set_index("what").value
assert float(peft["largest difference"]) < 1e-4
assert float(peft["largest difference, merged"]) < 1e-4
assert peft["trained, ours"] == peft["trained, PEFT"]
print(peft.to_string())
