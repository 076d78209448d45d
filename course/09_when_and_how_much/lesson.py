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
# # 09 · When and how much
#
# **I cut most of my network's weights at once and trained on. Would a little at a time have been better? And how many could have gone?**
#
# It takes about {minutes} minutes, with a place to stop after part 3. You need masks, global pruning and the dense control (lesson 07).
#
# How many times can the weights of LeNet-300-100 be halved until its accuracy falls a point below the dense network's? Move *halvings* to your guess. Leave *uncovered* at 0 until part 3.

# %% tags=["nbval-ignore-output"]
from coursekit.lesson_09.opening import guessed_sparsity

guessed_sparsity()

# %% [markdown]
# Two questions from before.
#
# <details><summary>Pruned and trained for one more epoch, a network gains a point. What does it have to be compared with? (lesson 07)</summary>The dense one after the same extra epoch. Otherwise the epoch looks like a gain of pruning.</details>
#
# <details><summary>A layer is pruned by 50%, and then once more by 50%. How much of it is zero? (lesson 07)</summary>75%: the second call takes half of what the first one left.</details>

# %%
import copy
import math
from functools import partial

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils import prune

from coursekit import guess, guesses, mark_guess, reveal
from coursekit.learn.explore import explore
from coursekit.learn.widgets import cards, pattern_test, practice, progress, quiz, respond, trace
from coursekit.lesson_09 import pictures
from coursekit.lesson_09.pictures import at_best
from coursekit.nets.data import load_fashion_mnist, load_results
from coursekit.nets.measure import accuracy, sparsity
from coursekit.nets.networks import lenet
from coursekit.nets.train import evaluate, set_seed
from coursekit.pictures import plot

set_seed(0)

# %% [markdown]
# ## 1 · A schedule
#
# A **schedule** says how many of the weights are zero at each moment of the training. *One cut* (one-shot pruning) jumps. *Gradual magnitude pruning* climbs in many small cuts, on a cubic curve (Zhu and Gupta 2017): fast while there is much that isn't needed, ever more slowly when each weight hurts more. With $u$ for the share of the climb that is over,
#
# $$\rho(u) = \rho_{\text{final}}\,\bigl(1 - (1 - u)^3\bigr)$$


# %%
def cubic(share: float, done: float, begin: float = 0.1, end: float = 0.7) -> float:
    """The sparsity when `done` of the training is done (Zhu and Gupta)."""
    passed = min(max((done - begin) / (end - begin), 0), 1)
    return share * (1 - (1 - passed) ** 3)


def one_cut(share: float, done: float, when: float = 0.5) -> float:
    return share if done >= when else 0.0


# %% tags=["nbval-ignore-output"]
def draw_plans(begin, length):
    times, end = np.linspace(0, 1, 201), min(begin + length, 1)
    climbs = {"cubic": [cubic(0.9, t, begin, end) for t in times]}
    return pictures.plans(climbs | {"one cut, midway": [one_cut(0.9, t) for t in times]})


explore(
    draw_plans,
    alt="Sparsity against time: a cubic climb whose begin and length can be moved, and one cut.",
    begin=[0, 0.1, 0.2, 0.4],
    length=[0.2, 0.4, 0.6, 0.8, 1],
    start={"begin": 0.1, "length": 0.6},
)

# %% [markdown]
# Halfway through its time, the climb has only an eighth of the way to go. Leave time after it, too: what stays must learn to do without. Whatever the plan, each cut ranks the magnitudes of all layers together, as in lesson 07.


# %%
def prunable(model: nn.Module) -> list[torch.Tensor]:
    """The weights of its linear layers and convolutions, without biases."""
    kinds = nn.Linear | nn.Conv2d
    return [layer.weight for layer in model.modules() if isinstance(layer, kinds)]


def global_masks(weights: list[torch.Tensor], share: float) -> list[torch.Tensor]:
    """1 where a weight stays: the largest magnitudes of all layers together."""
    sizes = [weight.abs().flatten() for weight in weights]
    magnitudes = torch.cat(sizes).detach()
    stay = len(magnitudes) - round(share * len(magnitudes))
    mask = torch.zeros_like(magnitudes)
    mask[magnitudes.topk(stay, sorted=False).indices] = 1
    parts = mask.split([len(size) for size in sizes])
    return [part.view_as(weight) for part, weight in zip(parts, weights, strict=True)]


@torch.no_grad()
def apply(masks: list[torch.Tensor], weights: list[torch.Tensor]) -> None:
    for mask, weight in zip(masks, weights, strict=True):
        weight *= mask


# %% [markdown]
# PyTorch has no schedules, only cuts. To go from sparsity $\rho$ to $\rho'$ ask its `prune` for `amount` $(\rho' - \rho)/(1 - \rho)$, the share of what is *left*.

# %%
layer = nn.Linear(40, 25)
ours, zeros = layer.weight.detach().clone(), 0
for u in (0.2, 0.4, 0.6, 0.8, 1.0):
    share = cubic(0.9, u, begin=0, end=1)
    amount = (share - zeros / 1000) / (1 - zeros / 1000)
    prune.l1_unstructured(layer, "weight", amount=amount)
    apply(global_masks([ours], share), [ours])
    assert torch.equal(layer.weight, ours)  # the library's mask and ours agree
    zeros = int((ours == 0).sum())
print(f"{zeros} of 1,000 weights are zero")

# %% [markdown]
# ## 2 · A fair race
#
# Blalock et al. (2020) went through 81 papers on pruning and found them hard to compare. These are the rules here. **Equal epochs**: each network sees its 8,000 images of Fashion-MNIST 8 times, before, between and after all cuts together. **Own learning rate**: the best of three or more on validation images, none at the edge. **Five seeds.** **Test images once.**


# %%
def falling(done: float) -> float:
    """The factor of the learning rate: from 1 to 0 in a straight line."""
    return 1 - done


def train_on_plan(
    model, images, epochs, lr, plan=None, rate=falling, seed=0, masks=global_masks, decay=0.0
):
    """Trains in place. `plan` tells the sparsity, `rate` the factor of `lr`, at each moment."""
    (x, y), weights = images, prunable(model)
    optimizer = torch.optim.AdamW(model.parameters(), lr, weight_decay=decay, fused=True)
    order = torch.Generator().manual_seed(seed)
    steps = epochs * math.ceil(len(x) / 64)
    batches = (b for _ in range(epochs) for b in torch.randperm(len(x), generator=order).split(64))
    now, kept = 0.0, [torch.ones_like(weight) for weight in weights]
    model.train()
    for step, batch in enumerate(batches):
        if plan and step % 25 == 0 and plan(step / steps) > now:  # a cut
            now = plan(step / steps)
            kept = masks(weights, now)
            apply(kept, weights)
        optimizer.param_groups[0]["lr"] = lr * rate(step / steps)
        optimizer.zero_grad()
        F.cross_entropy(model(x[batch]), y[batch]).backward()
        optimizer.step()
        apply(kept, weights)  # Adam moves what is pruned, too
    return model.eval()


# %% [markdown]
# The whole race takes three quarters of an hour (`make_schedules.py` runs these functions). You run one row of it: 96% zeros, the climb, seed 0.

# %% tags=["nbval-ignore-output"]
data = load_fashion_mnist()
train, validation = (part.tensors() for part in data.train.hold_out(2000))
set_seed(0)
lr = at_best("schedules", "cubic", 0.96, "lr")[0]
model = train_on_plan(lenet(), train, 8, lr, partial(cubic, 0.96))
zeros = sparsity(torch.cat([weight.flatten() for weight in prunable(model)]))
mine, theirs = accuracy(model, *validation), at_best("schedules", "cubic", 0.96)[0]
print(f"{zeros:.1%} zeros; validation accuracy {mine:.3f}, in the table {theirs:.3f}")
assert abs(zeros - 0.96) < 1e-4 and abs(mine - theirs) < 0.03  # on every machine

# %% [markdown]
# Many take Adam's usual 0.001 for all. How many points lie between the best and the worst of 0.001, 0.003 and 0.01, for the climb to 96%?

# %%
guess("96% zeros: best learning rate less the worst of three", unit="points", low=0, high=20)

# %% tags=["nbval-ignore-output"]
table = load_results("schedules")
its = table[table.part == "schedules"]
by_rate = {}
for what, share in (("dense, 8 epochs", 0.0), ("cubic", 0.96)):
    some = its[(its.what == what) & (its.sparsity == share)]
    by_rate[f"{what}, {share:.0%} zeros"] = some.groupby("lr").validation.mean().to_dict()
plot.show(
    pictures.rates(by_rate), alt="Accuracy against the learning rate: dense, and at 96% zeros."
)
three = [by_rate["cubic, 96% zeros"][rate] for rate in (0.001, 0.003, 0.01)]
spread = 100 * (max(three) - min(three))
reveal("96% zeros: best learning rate less the worst of three", spread)

# %% [markdown]
# Almost six. With one rate for all, a race shows whom the rate suits. (It holds for 8 epochs: a high rate makes up for few steps.)
#
# ## 3 · One cut, or many
#
# Five schedules. *Cubic*: the climb. *One cut early* and *midway*: the rate falls once, over all 8 epochs. *Rate constant*: 4 epochs, a cut, 4 more at a rate that doesn't fall, which is fine-tuning as in lesson 07. *Rate rewound*: the same, but the rate begins high again and falls to 0 once more (*learning-rate rewinding*, Renda et al. 2020).
#
# The best of them loses a point against the dense network, when how many of the weights are left?

# %%
guess("the best schedule loses a point: weights left", unit="%", low=0, high=30)

# %% tags=["nbval-ignore-output"]
fig, ax = pictures.race()
mark_guess(ax, "the best schedule loses a point: weights left", axis="x")
plot.show(
    fig,
    alt="Accuracy against weights left: a band for each of five schedules.",
)
reveal("the best schedule loses a point: weights left", pictures.point_lost())
for name in ("cubic", "rate rewound"):
    print(f"99% zeros, {name}: each layer keeps", at_best("schedules", name, 0.99, "kept")[0])

# %% [markdown]
# A twentieth. Down to 8% it hardly matters how you cut: that's the mark of Han et al. (2015), who pruned this network on digits. Below, the climb leads, and the cut midway, with no new start of the rate, falls deepest. (Pale: the validation images on which rates were chosen. Dark: test images, seen once.)
#
# But look *which* weights are left. At 99% the climb keeps four times as many in the middle layer as a late cut does. Is it the plan that helps, or this split? A control: the same single cuts, each layer held to the number that the climb leaves it.

# %% tags=["nbval-ignore-output"]
rows = {}
for name in ("one cut early", "one cut midway", "rate rewound"):
    climb, free = (at_best("schedules", its, 0.99) for its in ("cubic", name))
    held = at_best("budgets", f"{name}, the climb's split", 0.99)
    rows[f"{name}, global"] = (climb, free, "seeds")
    rows[f"{name}, the climb's split"] = (climb, held, "seeds")
plot.show(
    pictures.verdicts(rows, "99% zeros: the climb, points ahead of"),
    alt="The climb's lead over three single cuts, each twice: as it is, and with the climb's split.",
)

# %% [markdown]
# Its lead is gone, and two of the three single cuts are even ahead. What the climb does well there is *how many weights it leaves to each layer*. (At 98% zeros a part of its lead stays: [further](further/09_when_and_how_much.ipynb).)
#
# > **A place to stop.** Before you go on: which control took the climb's lead away?
# > <details><summary>Answer</summary>Single cuts that leave each layer as many weights as the climb does.</details>
#
# ## 4 · How much from which layer
#
# So ask each layer. A **sensitivity scan** prunes one layer alone, by more and more, and notes how far the loss rises.


# %%
SHARES = np.array([0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 1])


def scan(model, images) -> np.ndarray:
    """How much the loss rises when one layer alone is pruned: (layers, shares)."""
    rows = []
    for place in range(len(prunable(model))):
        losses = []
        for share in SHARES:
            cut = copy.deepcopy(model)
            alone = [prunable(cut)[place]]
            apply(global_masks(alone, share), alone)
            losses.append(evaluate(cut, *images)[0])
        rows.append(np.array(losses) - losses[0])
    return np.array(rows)


# %% tags=["nbval-ignore-output"]
set_seed(0)
base = train_on_plan(lenet(), train, 4, at_best("base", "dense, half the epochs", 0, "lr")[0])
few = train[0][:2000], train[1][:2000]
rises = scan(base, few)
layers = ("784→300", "300→100", "100→10")
plot.show(
    pictures.scanned(rises, SHARES, layers),
    alt="Rise of the loss against the share of zeros, for each of three layers.",
)

# %% [markdown]
# To split a budget by such curves, let all layers do the *same damage*: choose a rise of the loss, read off each curve how much of its layer it allows, and halve an interval until the sum fits. How good is that?


# %%
def at_most(rises: np.ndarray, damage: float) -> np.ndarray:
    """For each layer the share at which its loss has risen by `damage`."""
    # Measured curves may dip. `interp` needs them to rise, if only by a hair at each point.
    never_falls = np.maximum.accumulate(rises, 1) + 1e-9 * np.arange(rises.shape[1])
    return np.array([np.interp(damage, rise, SHARES) for rise in never_falls])


def equal_damage(rises: np.ndarray, sizes: np.ndarray, share: float) -> np.ndarray:
    """The share of each layer: all do the same damage, and the whole reaches `share`."""
    low, high = 0.0, float(rises.max()) + 1
    for _ in range(60):  # halve the interval in which the damage lies
        middle = (low + high) / 2
        enough = (at_most(rises, middle) * sizes).sum() >= share * sizes.sum()
        low, high = (low, middle) if enough else (middle, high)
    return at_most(rises, high)


def masks_by_layer(shares, weights, share=None) -> list[torch.Tensor]:
    """The largest magnitudes of each layer, by its own share (`train_on_plan` sends `share`)."""
    pairs = zip(weights, shares, strict=True)
    return [global_masks([weight], own)[0] for weight, own in pairs]


# %% tags=["nbval-ignore-output"]
sizes = np.array([weight.numel() for weight in prunable(base)])
ways = {
    "equal damage": masks_by_layer(equal_damage(rises, sizes, 0.92), prunable(base)),
    "global": global_masks(prunable(base), 0.92),
    "equal share": masks_by_layer([0.92] * 3, prunable(base)),
}
after_cut = {}
for name, masks in ways.items():
    cut = copy.deepcopy(base)
    apply(masks, prunable(cut))
    after_cut[name] = accuracy(cut, *validation)
    print(f"{name:12} {after_cut[name]:.3f}, left: {[int(mask.sum()) for mask in masks]}")

# %% [markdown]
# The split that asked each layer isn't the best. The middle layer gives up two thirds of what *global* leaves it, so that the first, eight times as large, keeps a little more. Equal damage per layer isn't the least damage: what counts is damage per *weight* (your exercise). And once each has been trained on, five seeds can't tell the three apart ([further](further/09_when_and_how_much.ipynb)). Compare splits after training.
#
# ## 5 · Lottery tickets
#
# Is a pruned network good because of what its weights learnt, or because of *which* are left? Frankle and Carbin (2019) take the mask of a trained network, set what is left back to its value **before** training, which is **rewinding**, and train again. If that reaches the dense network, they call it a *winning ticket*. Here is how one usually goes back, with `strict=False`, since the names have changed. What is rewound?

# %%
guess(
    "rewound by load_state_dict(start, strict=False): what is at its start?",
    choices=["weights and biases", "biases only", "weights only", "nothing"],
)

# %% tags=["nbval-ignore-output"]
set_seed(0)
small = nn.Sequential(nn.Flatten(), nn.Linear(784, 20), nn.ReLU(), nn.Linear(20, 10))
start = copy.deepcopy(small.state_dict())
train_on_plan(small, few, 1, 0.01)
prune.l1_unstructured(small[1], "weight", amount=0.8)
report = small.load_state_dict(start, strict=False)
print("missing:", report.missing_keys[:1], "unexpected:", report.unexpected_keys)
same = {
    "weights": torch.equal(small[1].weight_orig, start["1.weight"]),
    "biases": torch.equal(small[1].bias, start["1.bias"]),
}
kept_back = [name for name, its in same.items() if its]
came_out = f"{kept_back[0]} only" if len(kept_back) == 1 else str(same)
reveal("rewound by load_state_dict(start, strict=False): what is at its start?", came_out)

# %% [markdown]
# No error, and the wrong network: after pruning the weight is called `weight_orig`, and `strict=False` skips what it doesn't find. It *says* so in what it returns, which hardly anybody reads. This is right:

# %%
with torch.no_grad():
    small[1].weight_orig.copy_(start["1.weight"])
    small[1].bias.copy_(start["1.bias"])
small(train[0][:1])  # only the next forward pass computes `weight` again
assert torch.equal(small[1].weight, start["1.weight"] * small[1].weight_mask)

# %% [markdown]
# For real tickets LeNet was trained for 8 epochs, cut and rewound, five times in a row, to 98% zeros. Each was then trained for 8 epochs, beside two controls: *re-initialised*, the same mask with another start; and the *random ticket*, the same start with as many weights in each layer, at random places. By how many points does the ticket lie above the random ticket?

# %%
guess("98% zeros: ticket less random ticket", unit="points", low=-5, high=60)

# %% tags=["nbval-ignore-output"]
ticket = at_best("lottery", "ticket", 0.98)
lead = 100 * (ticket - at_best("lottery", "random ticket", 0.98))
rows = {
    "re-initialised": (ticket, at_best("lottery", "re-initialised", 0.98), "nothing"),
    "random ticket": (ticket, at_best("lottery", "random ticket", 0.98), "seeds"),
    "the climb, 8 epochs": (ticket, at_best("schedules", "cubic", 0.98), "seeds"),
    "the climb, 48 epochs": (ticket, at_best("lottery", "cubic, 48 epochs", 0.98), "seeds"),
    "dense": (ticket, pictures.control(), "seeds"),
}
plot.show(
    pictures.verdicts(rows, "98% zeros: the ticket, points ahead of"),
    alt="The ticket's lead over five others, with intervals.",
)
reveal("98% zeros: ticket less random ticket", lead.mean(), between=(lead.min(), lead.max()))

# %% [markdown]
# The start counts, and the places count. With a fiftieth of its weights the ticket is indistinguishable from the dense network on these images (on the test images it's half a point behind). Does it beat the climb? It took 48 epochs to find. Give the climb 48, and its lead is gone as well. Tickets say something about *why* sparse networks train well. They're an expensive way to get one.
#
# ## 6 · What else is said of pruning
#
# *It works against **over-fitting**, as a **regularizer** does.* With 500 images and 30 epochs five seeds show nothing of it, nor of the usual remedies. *A sparse network beats a small dense one.* With equal weights, by points. With equal *bytes*, the positions of the weights counted, a part of that lead is gone, and the dense one runs fast on every kernel. *It's broken after the cut.* If there's batch norm, re-estimate it before you judge (lesson 06). All three are measured [further](further/09_when_and_how_much.ipynb).
#
# So: a little at a time is better where little is left, and most of what it's better *at* is leaving each layer its share. Equal budgets decide who wins a race.

# %% jupyter={"source_hidden": true}
dense, climb = pictures.control(), at_best("schedules", "cubic", 0.98)
assert 3.5 < pictures.point_lost() < 7 and 4 < spread < 8
assert after_cut["global"] > after_cut["equal damage"] and came_out == "biases only"
assert lead.min() > 0 and abs((ticket - dense).mean()) < 0.01 < (dense - climb).mean()

# %% tags=["nbval-ignore-output"]
guesses()

# %% [markdown]
# ## You can now…
#
# - write a schedule as a function, and turn its cuts into the library's `amount`;
# - race schedules with equal epochs, each with its own learning rate, and say what the race shows;
# - scan layers, and split a budget over them;
# - rewind a network for real, and give a lottery ticket the controls that it needs.
#
# **Common mistakes**
#
# - One learning rate for all. The race then shows whom it suits.
# - Counting only the epochs after the cut.
# - Taking the best of three rates although it lies at the edge.
# - `load_state_dict(start, strict=False)` after `prune`: only biases go back.
# - A random ticket as the control for the *start*. It changes the places.
#
# ## Cheat sheet
#
# | to | write |
# |---|---|
# | climb on a cubic curve | $\rho(u) = \rho_f\,(1 - (1-u)^3)$, $u$: share of the climb that is over; leave time after it |
# | cut with the library from $\rho$ to $\rho'$ | `amount` $= (\rho'-\rho)/(1-\rho)$, or an int: how many more |
# | keep zeros | lay the mask on after every step, or in the forward pass; Adam moves them otherwise |
# | train after one cut | let the learning rate begin high again and fall: rate rewinding (shown to help at 80 and 92%) |
# | race fairly | equal epochs in all; own best rate of three or more, none at the edge, on validation images; five seeds, an interval; test once |
# | scan | one layer pruned alone, then put back |
# | split a budget | the share at which each layer does the same damage; compare with global *after* training; look at what the smallest layers keep |
# | rewind | `start = copy.deepcopy(model.state_dict())`; later `layer.weight_orig.copy_(start[...])` under `no_grad` |
# | judge a ticket | dense; same mask, other start; same start, random places; and what the search cost |
# | re-estimate batch norm | on training images, then look |
# | judge a sparse network | a dense one of equal weights *and* of equal bytes, positions counted |
#
# Order of work: dense control → one cut with the rate rewound, or a cubic climb → own learning rate → enough? → only then splits and tickets → bytes, against a small dense network.

# %% [markdown]
# ## Practise
#
# Nothing below is marked, and nothing leaves this machine. What you do is kept in one file, `progress.sqlite`,
# in the folder above this one, so you can stop at any time and go on where you were. Everything works by mouse and by keyboard.
# In any notebook, `cheat_sheet("09")` from `coursekit.learn.widgets` brings the page above back.
#
# **Cards.** Say the answer aloud before you turn one. Those you forget come back soon.

# %%
cards("09")

# %% [markdown]
# **Quiz.** Each option tells why it is right or wrong, and you may try again.

# %%
quiz("09")

# %% [markdown]
# **In your own words.** Write two or three sentences. You see which ideas were found in them.

# %%
respond("09")

# %% [markdown]
# **Practice.** From easy to hard, with a hint and worked steps when you want them.

# %%
practice("09")

# %% [markdown]
# **Traces.** Follow a run step by step. Say what comes next before you press the button.

# %% tags=["nbval-ignore-output"]
trace("09")

# %% [markdown]
# **Pattern test.** Ten questions on *pruning* from all lessons. Take it when the rest feels easy.

# %%
pattern_test("pruning")

# %% [markdown]
# **How far you are**, in this lesson and in the others.

# %% tags=["nbval-ignore-output"]
progress()

# %% [markdown]
# ## References
#
# - M. Zhu, S. Gupta (2017): *To prune, or not to prune: exploring the efficacy of pruning for model compression*. arXiv:1710.01878. The
#   cubic schedule; large and sparse against small and dense.
# - S. Han, J. Pool, J. Tran, W. Dally (2015): *Learning both Weights and Connections for Efficient Neural Networks*. NeurIPS.
#   arXiv:1506.02626. LeNet-300-100 with 8% of its weights on MNIST.
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
# - H. Xiao, K. Rasul, R. Vollgraf (2017): *Fashion-MNIST*. arXiv:1708.07747. The images.
