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
# # 09 · When and how much, further
#
# This page holds what we measured for lesson 09 and left out of it. No exercise needs it. Read what you are curious about, in any order:
#
# 1. the race in numbers,
# 2. the plan or the split,
# 3. splits after training,
# 4. what the random ticket has from the ticket,
# 5. batch norm after a cut,
# 6. few images: does pruning keep a network from over-fitting?
# 7. large and sparse, or small and dense.

# %%
import copy
from functools import partial

import numpy as np
import pandas as pd
import torch
from torch import nn

from coursekit.lesson_09.pictures import at_best, control
from coursekit.nets.evidence import verdict
from coursekit.nets.networks import lenet

names = ("cubic", "one cut early", "one cut midway", "rate constant", "rate rewound")
shares = (0.8, 0.92, 0.96, 0.98, 0.99)
paired = partial(verdict, shared="seeds")  # the rule of lesson 00
dense = control()


def kept(part: str, what: str, share: float) -> np.ndarray:
    """Weights that stay in each layer, the mean of five seeds."""
    counts = [line.split() for line in at_best(part, what, share, "kept")]
    return np.array(counts, float).mean(0).round().astype(int)


# %% [markdown]
# ## 1 · The race in numbers
#
# Points against the dense control, whose rate falls once or is rewound, whichever is better on validation images; then the climb against each of the others. Of 30 intervals at 95% one or two exclude 0 by chance, so rows count for more than single cells.

# %%
columns = {}
for share in shares:
    climb = at_best("schedules", "cubic", share)
    rows = {"cubic, against dense": paired(climb, dense, among=30)}
    for name in names[1:]:
        rows[f"cubic, against {name}"] = paired(climb, at_best("schedules", name, share), among=30)
    columns[f"{share:.0%} zeros"] = rows
assert columns["98% zeros"]["cubic, against one cut early"].word == "better"
assert columns["96% zeros"]["cubic, against rate rewound"].word == "indistinguishable"
pd.DataFrame(columns).map(str)

# %%
for share in shares:
    pair = (at_best("schedules", f"rate {what}", share) for what in ("rewound", "constant"))
    print(f"{share:.0%} zeros: rate rewound, against constant: {paired(*pair, among=30)}")
steady = paired(at_best("schedules", "dense, rate constant"), dense)
print(f"dense, rate constant, against dense: {steady}")
losses = [100 * (dense - at_best("schedules", "cubic", s)) for s in shares]
ends = [100 - 100 * np.interp(1, loss, shares) for loss in np.transpose(losses)]
print(f"one point lost, by seed, at {min(ends):.1f} to {max(ends):.1f} % of the weights")

# %% [markdown]
# *Rate constant* is a point behind, also where pruning costs nothing: a rate that does not fall costs the dense network as much. So rewinding is shown to help at 80 and 92%; at 96% and above five seeds can't show it.
#
# The same on the 2,000 test images, which chose nothing. The race's rates were chosen on the images on which it was judged, so some verdicts may have been luck. From 96% on the climb beats both single cuts here, too; at 92% only one of them, and *rate constant* no longer. The ticket is 0.6 ± 0.5 behind the dense network.

# %%
rows = {}
for share in shares:
    its = {name: at_best("schedules", name, share, "test") for name in names}
    row = rows[f"{share:.0%} zeros"] = {}
    for name in ("cubic", "rate rewound"):
        row[f"{name}, against dense"] = paired(its[name], control("test"), among=30)
    for name in names[1:]:
        row[f"cubic, against {name}"] = paired(its["cubic"], its[name], among=30)
for name in ("ticket", "cubic, 48 epochs"):
    its_test = paired(at_best("lottery", name, 0.98, "test"), control("test"))
    print(f"98% zeros: {name}, against dense: {its_test}")
pd.DataFrame(rows).map(str)

# %% [markdown]
# With 48 epochs, 0.001 costs the climb to 98% only 0.15 points against 0.003: a high rate makes up for few steps.
#
# ## 2 · The plan or the split
#
# How many weights stay in each layer, and the control: the same cuts, each layer held to the number of weights that the climb of this seed leaves it. (To know that number the climb had to run first, so these rows are a control and no schedule.)

# %%
stays = {f"{s:.0%} zeros": {n: kept("schedules", n, s) for n in names} for s in (0.98, 0.99)}
pd.DataFrame(stays)

# %%
rows = {}
for name in ("one cut early", "one cut midway", "rate rewound"):
    row = rows[f"cubic, against {name}"] = {}
    for share in (0.98, 0.99):
        ours = at_best("schedules", "cubic", share)
        free = at_best("schedules", name, share)
        held = at_best("budgets", f"{name}, the climb's split", share)
        for split, its in {"global": free, "the climb's split": held}.items():
            row[f"{share:.0%}, {split}"] = paired(ours, its, among=12)
assert rows["cubic, against rate rewound"]["99%, the climb's split"].word == "worse"
pd.DataFrame(rows).map(str).T

# %% [markdown]
# At 98% the climb is still ahead of both single cuts, but by less. At 99% nothing of its lead is left.
#
# ## 3 · Splits after training
#
# Each split got 4 more epochs, the rate rewound, each its own best rate, at 98% zeros.

# %%
splits = {"equal damage": "budgets", "equal share": "budgets", "rate rewound": "schedules"}
moments = {"after the cut": "before", "trained on": "validation"}
rows = {
    moment: {what: at_best(part, what, 0.98, column) for what, part in splits.items()}
    for moment, column in moments.items()
}
means = pd.DataFrame(rows).map(lambda seeds: 100 * seeds.mean()).round(1)
means["weights that stay"] = [str(kept(part, what, 0.98)) for what, part in splits.items()]
means = means.rename(index={"rate rewound": "global"})
for name in ("equal damage", "equal share"):
    its = paired(rows["trained on"][name], rows["trained on"]["rate rewound"])
    print(f"trained on: {name}, against global: {its}")
means

# %% [markdown]
# At this depth seeds differ a lot, and five of them can't tell any split from the global one, whose mean is the highest. And look at the last layer, which has 1,000 weights: none of the three spares it. Global leaves it about 60, equal share 20.
#
# ## 4 · What the random ticket has from the ticket
#
# The random ticket's places are drawn by lot, and it is not far from the climb. What it has from the ticket is *how many* weights each layer keeps:

# %%
lots = at_best("lottery", "random ticket", 0.98)
its_splits = {
    "ticket": ("lottery", "ticket"),
    "random, the climb's split": ("lottery", "random places, the climb's split"),
    "cubic, 48 epochs": ("lottery", "cubic, 48 epochs"),
    "cubic, 8 epochs": ("schedules", "cubic"),
    "cubic, the ticket's split": ("budgets", "cubic, the ticket's split"),
}
sizes = np.array([784 * 300, 300 * 100, 1000])
for name, (part, what) in its_splits.items():
    shares_left = (100 * kept(part, what, 0.98) / sizes).round(1)
    against = paired(lots, at_best(part, what, 0.98))
    print(f"{name}: {shares_left} % of the layers stay; random ticket, against it {against}")

# %% [markdown]
# Five seeds can't tell the random ticket from the climb. The control with such places, a fixed mask, its own best rate and the *climb's* split is 6.5 ± 2.4 points worse. So the ticket's split makes up for much, as Su et al. (2020) found in other networks. In larger networks the start helps only with a small learning rate (Liu et al. 2019); Frankle et al. (2020) rewind those to an *early epoch*.


# %%
def random_masks(like: list[torch.Tensor], seed: int) -> list[torch.Tensor]:
    """As many ones in each layer, at random places."""
    order = torch.Generator().manual_seed(seed)
    return [
        mask.flatten()[torch.randperm(mask.numel(), generator=order)].view_as(mask) for mask in like
    ]


# %% [markdown]
# ## 5 · Batch norm after a cut
#
# A pruned layer's outputs have other means and variances. Lessons 06 and 08 re-estimated the statistics. Here it is for single weights: a small CNN, five seeds, trained for 4 epochs, then cut once and *not* trained on: once over all layers, once in the convolutions alone.


# %%
def recalibrated(model, images):
    """A copy with batch norm re-estimated on 2,000 training images. No label, no gradient."""
    model = copy.deepcopy(model).train()
    for part in model:
        if isinstance(part, nn.BatchNorm2d):
            part.reset_running_stats()
            part.momentum = None  # the plain mean over all batches
    with torch.no_grad():
        for some in images[:2000].split(500):
            model(some)
    return model.eval()


rows = {}
for share in (0.0, 0.5, 0.7, 0.8, 0.9):
    row = rows[f"{share:.0%} zeros"] = {}
    for name, before, anew in (
        ("all", "cut", "averaged anew"),
        ("convolutions", "convolutions cut", "convolutions cut, averaged anew"),
    ):
        was, its = (at_best("batch norm", what, share) for what in (before, anew))
        gains = 100 * (its - was)
        row[f"{name}: cut"] = f"{was.mean():.1%}"
        row[f"{name}: gain"] = str(paired(its, was, among=10))
        row[f"{name}: from, to"] = f"{gains.min():+.1f}, {gains.max():+.1f}"
pd.DataFrame(rows).T

# %% [markdown]
# A global cut hardly touches what a batch norm sees: 86% of the weights stand in the last linear layer, which no batch norm follows. So it gains next to nothing, and at 90% the five differ too much to say. Where the convolutions are cut the mean gain grows with the cut, but only at 90% can five seeds show it, and there one of them lost two points. It takes a moment, so try it; but look.
#
# ## 6 · Few images
#
# Fewer weights can learn less by heart. So pruning may work against *over-fitting*, as a **regularizer** does. We take 500 images, 30 epochs, five seeds, and the cubic climb. The dense network gets what one would try first: weight decay, dropout, images moved by a pixel or two (two strengths each), fewer epochs, a smaller shape; each with its best rate. How much does pruning change the validation accuracy, against the *plain* dense network?

# %%
plain = at_best("few images", "dense, 30 epochs")
rivals = {"weight decay": ("decay 0.3", "decay 1"), "dropout": ("dropout 0.2", "dropout 0.5")}
rivals |= {"moved images": ("moved by 1", "moved by 2"), "fewer epochs": ("8 epochs", "15 epochs")}
rows = {"small shape, as many weights as at 92 %": at_best("few images", "small", 0.92)}
for name, tried in rivals.items():
    its = (at_best("few images", f"dense, {what}") for what in tried)
    rows[f"{name}, the best"] = max(its, key=np.mean)
rows |= {f"cubic, {s:.0%} zeros": at_best("few images", "cubic", s) for s in (0.8, 0.92, 0.98)}
own = [("plain dense", "dense, 30 epochs", 0), ("92 % zeros", "cubic", 0.92)]
for name, what, share in own:
    learnt = at_best("few images", what, share, "train").mean()
    print(f"{name}: {learnt:.1%} of its own 500 images right")
print(f"plain dense, of the validation images: {plain.mean():.1%}")
against = {name: str(paired(its, plain, among=len(rows))) for name, its in rows.items()}
pd.DataFrame({"against plain dense": against})

# %% [markdown]
# Nothing that five seeds can show. The dense network knows its 500 images by heart; the one with 92% zeros gets ten fewer of them right, and on new images the two are equally accurate. The usual remedies don't help either, and moved images cost a little: here none that was tried was needed, so none can show what it is worth. (More epochs were not tried.) At 98% too little is left, and a smaller dense network is worse to begin with. “Pruning reduces over-fitting” is a *may*, and this table is what a claim needs.
#
# ## 7 · Large and sparse, or small and dense
#
# A network of the same kind can be small from the start. Two ways to be as small: as many *weights*, or as many *bytes*. A sparse network has to store where its weights stand. With float32 values the cheaper of two formats of lesson 07 counts: a bitmap, one bit per place, or two bytes of column per weight.


# %%
def prunable(model: nn.Module) -> list[torch.Tensor]:
    """The weights of its linear layers and convolutions, without biases."""
    kinds = nn.Linear | nn.Conv2d
    return [layer.weight for layer in model.modules() if isinstance(layer, kinds)]


def sparse_bytes(model: nn.Sequential, share: float) -> int:
    """Of the weights, float32, in the cheaper of two formats; biases as they are."""
    weights = sum(weight.numel() for weight in prunable(model))
    rows = sum(len(weight) for weight in prunable(model))
    left = weights - round(share * weights)
    bitmap = 4 * left + weights // 8
    columns = (4 + 2) * left + 4 * (rows + 3)  # CSR: where each row begins takes 4 bytes
    return min(bitmap, columns) + 4 * rows


net = lenet()
for share in shares:
    dense_bytes = 4 * (round((1 - share) * 266_200) + 410)
    print(f"{share:.0%} zeros: {sparse_bytes(net, share):7,} bytes; ", end="")
    print(f"as many weights, dense: {dense_bytes:7,}")

# %% [markdown]
# All have 8 epochs, each its best learning rate; at 98% small networks with one and with two hidden layers were tried, and the better one counts.


# %%
def small_dense(equal: str, share: float) -> np.ndarray:
    tried = [f"{equal}, {hidden} hidden" for hidden in ((2, 1) if share > 0.97 else (2,))]
    return max((at_best("small and dense", what, share) for what in tried), key=np.mean)


rows = {}
for share in (0.96, 0.98):
    sparse = at_best("schedules", "cubic", share)
    row = rows[f"{share:.0%} zeros"] = {"large and sparse": f"{sparse.mean():.1%}"}
    for equal in ("equal weights", "equal bytes", "equal bytes, gaps"):
        dense = small_dense(equal, share)
        row[f"against small and dense, {equal}"] = verdict(sparse, dense, shared="nothing", among=6)
pd.DataFrame(rows).map(str).T

# %% [markdown]
# At equal weights large and sparse wins by points, as Zhu and Gupta found. At equal bytes, in these two formats, the small network gets one and a half times as many weights, and part of that lead goes: of 3.1 points 1.8 are left at 96%; at 98% the lead of 5.8 shrinks to 1.8 ± 1.8, which five seeds can't tell from none. (“Gaps” is a format of one byte per weight for the zeros before it: there 2.0 and 1.6 points are left.) With int8 values the positions would weigh four times as much beside them. And the small network runs fast on every kernel, the sparse one needs its own (lesson 07).
#
# ## References
#
# - M. Zhu, S. Gupta (2017): *To prune, or not to prune: exploring the efficacy of pruning for model compression*. arXiv:1710.01878. The
#   cubic schedule; large and sparse against small and dense.
# - A. Renda, J. Frankle, M. Carbin (2020): *Comparing Rewinding and Fine-tuning in Neural Network Pruning*. ICLR.
#   arXiv:2003.02389. Learning-rate rewinding.
# - J. Frankle, M. Carbin (2019): *The Lottery Ticket Hypothesis: Finding Sparse, Trainable Neural Networks*. ICLR.
#   arXiv:1803.03635.
# - Z. Liu, M. Sun, T. Zhou, G. Huang, T. Darrell (2019): *Rethinking the Value of Network Pruning*. ICLR. arXiv:1810.05270. Tickets and
#   re-initialised networks under other learning rates.
# - J. Frankle, G. Dziugaite, D. Roy, M. Carbin (2020): *Linear Mode Connectivity and the Lottery Ticket Hypothesis*. ICML.
#   arXiv:1912.05671. Larger networks, rewound to an early epoch.
# - J. Su, Y. Chen, T. Cai, T. Wu, R. Gao, L. Wang, J. Lee (2020): *Sanity-Checking Pruning Methods: Random Tickets can Win the
#   Jackpot*. NeurIPS. arXiv:2009.11094. Random places, with a good split.
# - D. Blalock, J. Gonzalez Ortiz, J. Frankle, J. Guttag (2020): *What is the State of Neural Network Pruning?* MLSys.
#   arXiv:2003.03033. How unlike the comparisons in the literature are.
