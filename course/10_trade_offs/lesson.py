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
# # 10 · Trade-offs
#
# **I can pay for 50,000 bytes. Which network should I buy?**
#
# We filled a shop for you: one small network, pruned and quantized in 112 ways, five seeds of each. You'll read its price tags, find
# out that the best offer is often just lucky, and end with a bargain that looks like trash.
#
# It takes about {minutes} minutes, with a place to stop after part 3. You need rounding to few bits (lesson 02) and pruning (lesson 07).
#
# Move the budget first. Then set *gzip* to 1: the same shop, but now you pay for compressed files. Which networks get cheap?

# %% tags=["nbval-ignore-output"]
from coursekit.lesson_10.opening import budget_of_bytes

budget_of_bytes()

# %% [markdown]
# Three questions from before.
#
# <details><summary>What should you compare a pruned, fine-tuned network with? (lesson 07)</summary>A dense one that trained for as many epochs.</details>
#
# <details><summary>What does global magnitude pruning compare? (lesson 07)</summary>The magnitudes of all layers' weights, in one ranking.</details>
#
# <details><summary>How far off can rounding put a value inside the range? (lesson 02)</summary>Half a step.</details>

# %%
import copy
import itertools

import numpy as np
import torch

from coursekit import guess, guesses, mark_guess, reveal
from coursekit.learn.explore import explore
from coursekit.learn.widgets import cards, pattern_test, practice, progress, quiz, respond, trace
from coursekit.lesson_10 import pictures, shop
from coursekit.nets.combine import Network, encode, hidden_units, prune_weights, quantize, zipped
from coursekit.nets.data import load_fashion_mnist, load_results
from coursekit.nets.evidence import verdict
from coursekit.nets.measure import accuracy
from coursekit.nets.train import fit, learn, set_seed
from coursekit.pictures import plot

# %%
set_seed(0)
models = shop.shelf()
at = models.set_index(shop.SETTING)
print(f"{len(models)} settings, five seeds each")
models[["width", "structure", "share", "bits", "accuracy", "raw_bytes", "gzip_bytes"]].iloc[
    [0, 9, 22]
].round(3)

# %% [markdown]
# ## 1 · The price tag
#
# Every network here began as LeNet-300-100, or a narrower one, with five epochs of Fashion-MNIST. Then we pruned it in one shot, fine-tuned it
# for two epochs (*tuned*, for short), and rounded its weights. In the table, `structure` and `share` say what was pruned and how much of it. The
# dense control got the same epochs, and everybody got their own learning rate for tuning.
#
# Take the popular recipe. 80% zeros leave a fifth of the weights, and int8 takes a quarter of the bits. So the file should be 20 times
# smaller, and gzip should squeeze out the zeros. How many times smaller is it really?

# %%
guess("80% zeros and int8, after gzip: times smaller", unit="×")

# %%
recipes = {
    "80% zeros": ("weights", 0.8, 32),
    "int8": ("none", 0.0, 8),
    "80% zeros, int8": ("weights", 0.8, 8),
}
dense = at.loc[1, "none", 0, 32]
smaller = {
    name: [dense.raw_bytes / at.loc[(1, *recipe)][cost] for recipe in recipes.values()]
    for cost, name in shop.COSTS.items()
}
fig, ax = plot.figure(height=2.8)
pictures.prices(ax, list(recipes), smaller, promised=20)
ax.set(title="One network, three price tags")
mark_guess(ax, "80% zeros and int8, after gzip: times smaller", axis="x")
plot.show(
    fig, alt="How many times smaller three files are, as stored and after gzip; a line at 20."
)
reveal("80% zeros and int8, after gzip: times smaller", smaller["bytes after gzip"][2])

# %% [markdown]
# Twelve. As stored, the zeros didn't save a single byte, because a zero is a code like any other and takes its 8 bits. gzip does
# squeeze them out. But then the file must say *where* the other weights were, and that isn't free.
#
# What does it cost? A code $c$ that makes up a fraction $p_c$ of the weights is worth $\log_2(1/p_c)$ bits (Shannon 1948). The average over
# all weights is the **entropy**, $H=\sum_c p_c\log_2\frac1{p_c}$. Coded one by one, weights take no less. Split it: a weight first says
# whether it is zero, and only the others name one of $2^b-2$ values.
#
# $$H \le h(p_0) + (1-p_0)\,\log_2(2^b-2), \qquad h(p_0)=p_0\log_2\tfrac1{p_0}+(1-p_0)\log_2\tfrac1{1-p_0}$$
#
# At 80% zeros, $h$ alone is 0.72 bits per weight, on top of the 1.6 that ×20 had promised. Lesson 15 builds a file format from this; [the further page](further/10_trade_offs.ipynb)
# shows how gzip even beats the entropy.
#
# **Does it hold there?** This shop sells toys. So we took a network that people use, *magika*, which recognizes file types, and gave its
# 781,376 weights the same treatment (sizes only).

# %%
real = load_results("real_file").set_index(["share", "bits"])
whole = real.raw_bytes[0, 32]
both = {
    "our LeNet": smaller["bytes after gzip"],
    "magika": [whole / real.gzip_bytes[place] for place in ((0.8, 32), (0, 8), (0.8, 8))],
}
fig, ax = plot.figure(height=2.8)
pictures.prices(ax, list(recipes), both, promised=20)
ax.set(title="After gzip: a toy, and a network that people use")
plot.show(
    fig, alt="Times smaller after gzip for LeNet and for magika, three recipes each; a line at 20."
)

# %% [markdown]
# Twelve again. Don't believe our table either. Make a row of it, a quarter as wide, with 90% zeros and 4 bits.


# %% tags=["nbval-ignore-output"]
train_split, validation_split = load_fashion_mnist().train.hold_out(2000)
train, validation = train_split.tensors(), validation_split.tensors()


def trained(seed: int, width: float = 0.25) -> Network:
    set_seed(seed)
    model = Network(hidden_units(width))
    fit(model, train, epochs=5, seed=seed, quiet=True)
    return model


def tune(model: Network, lr: float, seed: int) -> None:
    """Two more epochs; what is pruned stays zero."""

    def loss(batch: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.cross_entropy(model(train[0][batch]), train[1][batch])

    learn(model, loss, len(train[1]), epochs=2, lr=lr, seed=100 + seed)


# %% tags=["nbval-ignore-output"]
networks = [trained(seed) for seed in range(5)]  # part 5 needs the other four
mine = copy.deepcopy(networks[0])
prune_weights(mine, 0.9)
tune(mine, lr=0.03, seed=0)
quantize(mine, 4)
row = at.loc[0.25, "weights", 0.9, 4]
print(f"accuracy {accuracy(mine, *validation):.3f} here, {row.seeds[0]:.3f} in the table")
print(f"bytes after gzip {zipped(encode(mine)):,} here, {row.gzip_bytes:,.0f} in the table")
assert abs(accuracy(mine, *validation) - row.seeds[0]) < 0.03  # another CPU rounds otherwise

# %% [markdown]
# ## 2 · What is worth its bytes
#
# Some offers are plainly bad. A network **dominates** another if it's at least as good in everything and better in something. The
# networks that nobody dominates form the **Pareto front**. Everything else can leave the shop.


# %%
def front(accuracies, costs) -> np.ndarray:
    """Whether nobody dominates each network. Shape (n,)."""
    a, c = np.asarray(accuracies), np.asarray(costs)
    if np.isnan(a).any() or np.isnan(c).any():
        raise ValueError("NaN can't be compared: every comparison with it is False")
    as_good = (a[:, None] >= a) & (c[:, None] <= c)  # row beats column?
    better = (a[:, None] > a) | (c[:, None] < c)
    return ~(as_good & better).any(axis=0)


def draw_front(cost: str, bits: str) -> plot.Figure:
    return pictures.shelf_with_front(models, front(models.accuracy, models[cost]), cost, bits)


# %%
explore(
    draw_front,
    alt="Accuracy against bytes for all settings, the Pareto front dark. Cost and bits can be chosen.",
    cost=list(shop.COSTS),
    bits=["all", "32", "8", "4", "2"],
    start={"cost": "raw_bytes"},
)

# %% [markdown]
# Switch the cost and watch the *shapes* on the front. Pay for stored bytes, and squares win, because removed units really leave the
# file. Pay after gzip, and the triangles take over. Mark 32 bits, too: no float32 network is on either front.
#
# Each dark point has a line that spans its five seeds. Look how long some are, compared with the gaps between neighbours. So here's a
# question that papers rarely answer. Draw the front of stored bytes for each seed alone. Each has about a dozen settings. How many are on
# all five?

# %%
guess("settings on the front of all five seeds", unit="settings")

# %%
fronts = np.stack([front(seed, models.raw_bytes) for seed in np.stack(models.seeds).T])
times = fronts.sum(0)  # on how many seeds' fronts each setting is
ever = int((times > 0).sum())
fig, ax = plot.figure(height=2.6)
plot.bars(ax, [f"on {n} of 5" for n in range(1, 6)], [int((times == n).sum()) for n in range(1, 6)])
ax.set(title=f"{ever} settings were on some seed's front", xlabel="settings")
plot.show(fig, alt="Bars: settings on the front of one, two, three, four and all five seeds.")
reveal("settings on the front of all five seeds", int((times == 5).sum()))

# %% [markdown]
# Two. Most of what "is on the front" was lucky. There's a name for what happens if you buy by such a list: the **winner's curse**. The best of
# 112 is best partly because these images and this seed suit it. On other images it loses that part, and [the further
# page](further/10_trade_offs.ipynb) measures how much. So choose on validation images and several seeds, and look at the test images
# once.
#
# ## 3 · Buy a kind, not a winner
#
# If single settings are lucky, what can you rely on? Forget the exact width and sparsity, and ask what *kind* of network the money should
# buy: narrower, with units removed, or with weights pruned, and in how many bits. Move the budget.

# %%
explore(
    lambda cost, budget: pictures.spent(models, cost, budget, dense.accuracy),
    alt="Dots and means of the best setting of each kind that a budget buys. Cost and budget can be chosen.",
    cost=list(shop.COSTS)[::-1],
    budget=[15_000, 20_000, 30_000, 50_000, 70_000, 100_000],
    start={"budget": 50_000},
)

# %% [markdown]
# Now test that advice on a seed that had no say. Let four seeds choose the best setting for a budget, and let the fifth choose alone. Do
# they pick the same setting? At least the same number of bits, or the same pruning?


# %%
def chosen_by(seeds: list[int], cost: str, budget: float) -> int:
    """Which setting these seeds buy: the highest mean accuracy within the budget."""
    means = np.stack(models.seeds)[:, seeds].mean(1)
    return int(np.where(models[cost] <= budget, means, 0).argmax())


BUDGETS = [10_000, 15_000, 20_000, 30_000, 50_000, 70_000, 100_000, 150_000]
agree, bought = {}, {}
for cost, budget, out in itertools.product(shop.COSTS, BUDGETS, range(5)):
    four = models.loc[chosen_by([s for s in range(5) if s != out], cost, budget)]
    one = models.loc[chosen_by([out], cost, budget)]
    agree[cost, budget, out] = {
        "setting": four.name == one.name,
        "bits": four.bits == one.bits,
        "pruning": four.structure == one.structure,
    }
    bought.setdefault(cost, set()).add(f"{four.structure} in {four.bits} bits")
fig = pictures.agreement(agree)
plot.show(
    fig, alt="On how many of five seeds the fifth agrees with the other four, for eight budgets."
)
for cost, kinds in bought.items():
    print(f"{shop.COSTS[cost]}: {', '.join(sorted(kinds))}")

# %% [markdown]
# There's your answer, and it isn't a setting. **If you pay for stored bytes, buy 4 bits. If you pay after gzip, buy pruned weights.** All five
# seeds say so at every budget. Which setting exactly? They rarely agree, so don't pay for the difference.
#
# And what do your 50,000 bytes buy after gzip? Full width, 90% zeros, 4 bits, 34 kB. On the test images, five seeds can't tell it from
# the dense network that takes 1,066 kB.

# %%
best = at.loc[1, "weights", 0.9, 4]
against = verdict(best.test, dense.test, shared="seeds")
print(f"{best.gzip_bytes:,.0f} bytes, against dense: {against}")
assert against.word == "indistinguishable"

# %% [markdown]
# A real customer has more than a budget. Ask in this order: what are the **limits**, what may you **lose**, and what do you want to **save**?
# A chip with 240 KiB of flash and 32 KiB of RAM can't unpack a wide layer of 4-bit weights, so it takes int8 and a narrower network. A web page loads
# a compressed file, so zeros count. If you pay in time, zeros don't help a dense kernel (lesson 07), but fewer units do.
#
# > **A place to stop.** You know what a budget should buy. Before you go on: why don't zeros count as stored bytes?
# >
# > <details><summary>Answer</summary>A zero is a code like any other, and takes its bits.</details>

# %% [markdown]
# ## 4 · Prune first, or quantize first?
#
# You've picked a kind, say pruned weights in 4 bits. Who goes first? We tried both orders, tuned the network for two epochs *after both*,
# and gave each way its own learning rate. And we did all of it twice, once with the quantization steps as rounding had found them, and once with
# steps that we searched again every 25 batches.
#
# Everybody asks about the order. At 95% zeros and 4 bits, what matters more?

# %%
guess(
    "95% zeros, 4 bits: what matters more?",
    choices=["the order", "whether the steps may follow", "neither"],
)

# %%
effects = shop.order_effects()
place = effects.set_index(["structure", "share", "bits"]).loc["weights", 0.95, 4]
order, follow = abs(place.points.iloc[1]), place.follow.iloc[0]
fig = pictures.order_effects(effects)
plot.show(
    fig,
    alt="Effect of quantizing first with 95% intervals, for weights and units, three numbers "
    "of bits and two sparsities; steps fixed or searched again.",
)
print(
    f"the order, with steps that follow, is worth {order:.1f} points; steps that follow, {follow:.1f}"
)
reveal(
    "95% zeros, 4 bits: what matters more?",
    "whether the steps may follow" if follow > order else "the order",
)

# %% [markdown]
# That's odd. The first time, we had only run it with fixed steps, and we'd have told you that quantizing first costs points. Then we looked at the
# weights that pruning had left. After tuning, at least three in four lay beyond the outermost level. They want to grow, and their steps couldn't.
#
# Let the steps follow, and with pruned weights at 8 and 4 bits the order is worth about a third of a point, if anything. For removed units the bars are
# wide, and the order that wins changes from setting to setting. And if 4 bits are enough, there's an easier way: prune, tune, and round at the very end
# ([further](further/10_trade_offs.ipynb), part 8).
#
# Only at 2 bits with pruned weights, quantizing first still costs three points and more. Look inside: prune 90% and round to 2 bits, in both
# orders, and count the units of the first layer that have no weight left.

# %% tags=["nbval-ignore-output"]
prune_first, quantize_first = copy.deepcopy(networks[0]), copy.deepcopy(networks[0])
prune_weights(prune_first, 0.9)
quantize(prune_first, 2)
quantize(quantize_first, 2)
prune_weights(quantize_first, 0.9)
for name, net in {"prune first": prune_first, "quantize first": quantize_first}.items():
    used = net.layers[0].used().detach()
    print(f"{name}: {int((used == 0).all(1).sum())} of {len(used)} units are empty")

# %% [markdown]
# A row of 2-bit codes has three levels, 0 and $\pm s$. All its nonzero weights have the *same* magnitude, the row's step, so a global ranking
# of weights ranks rows, and whole units lose everything at once. **Prune first, and let the steps follow if you tune with rounding on.** And
# keep zeros exact: round symmetrically, or put a level at 0. Rounding evenly from minimum to maximum brings them back as small numbers.
#
# ## 5 · The bargain that looks broken
#
# The cheapest networks have 95% zeros. Before tuning, they look like this.

# %%
guess("95% zeros, before tuning: accuracy", unit="%", low=0, high=100)


# %% tags=["nbval-ignore-output"]
ZEROS = [0, 0.5, 0.8, 0.9, 0.95, 0.98]


def pruned(model: Network, share: float) -> Network:
    smaller = copy.deepcopy(model)
    prune_weights(smaller, share)
    return smaller


def reached(change=lambda net, dense: net) -> np.ndarray:
    """Accuracy of five seeds at each sparsity, after a change. Shape (5, 6)."""
    return np.array(
        [[accuracy(change(pruned(n, s), n), *validation) for s in ZEROS] for n in networks]
    )


ways = {"pruned": reached()}
fig, ax = pictures.collapse(ZEROS, ways, "Five networks, pruned and not tuned")
mark_guess(ax, "95% zeros, before tuning: accuracy", axis="y")
plot.show(fig, alt="Accuracy against zeros, mean and range of five seeds.")
at_95 = 100 * ways["pruned"][:, 4]
reveal("95% zeros, before tuning: accuracy", at_95.mean(), between=(at_95.min(), at_95.max()))

# %% [markdown]
# First it fades, and at 98% it's guessing. The obvious story is that each removed weight was small, but together they carried the signal, and
# the signal is gone. It's a good story. Let's try to break it.
#
# Pruning shrinks what every unit receives, but it leaves the **biases** alone. Suppose the signal isn't gone, only drowned. Then take the biases
# away. Set all of them to zero, change nothing else, and don't train. In the dense network that costs a point or two. And at 95% zeros?

# %%
guess("95% zeros, all biases set to zero: accuracy", unit="%", low=0, high=100)


# %% tags=["nbval-ignore-output"]
@torch.no_grad()
def without_biases(net: Network, dense: Network) -> Network:
    for layer in net.layers:
        layer.bias.zero_()
    return net


ways["biases set to zero"] = reached(without_biases)
fig, ax = pictures.collapse(ZEROS, ways, "The same networks, and all biases set to zero")
mark_guess(ax, "95% zeros, all biases set to zero: accuracy", axis="y")
plot.show(fig, alt="Accuracy against zeros, as pruned and with all biases set to zero, five seeds.")
at_95 = 100 * ways["biases set to zero"][:, 4]
reveal(
    "95% zeros, all biases set to zero: accuracy", at_95.mean(), between=(at_95.min(), at_95.max())
)
one = [f"{100 * way[0, 4]:.0f}%" for way in ways.values()]
print(f"the network of part 1: {one[0]} becomes {one[1]}")

# %% [markdown]
# You deleted 110 numbers, and the accuracy about doubled. (The network of part 1 is the luckiest of the five.) So a lot of the signal was still there. (We'd believed the good story, too.) Two more controls tell what was wrong. *Stretch*
# multiplies each layer's weights by one number, until its products spread as in the dense network; the biases stay. *Shuffle* keeps the
# biases and deals them to other units of their layer.


# %% tags=["nbval-ignore-output"]
@torch.no_grad()
def stretched(net: Network, dense: Network) -> Network:
    here = there = train[0][:500].flatten(1)  # no labels needed
    for layer, old in zip(net.layers, dense.layers):
        layer.weight *= (there @ old.weight.T).std() / (here @ layer.used().T).std()
        here, there = layer(here).relu(), old(there).relu()
    return net


@torch.no_grad()
def shuffled(net: Network, dense: Network) -> Network:
    dealer = torch.Generator().manual_seed(0)
    for layer in net.layers:
        layer.bias.copy_(layer.bias[torch.randperm(len(layer.bias), generator=dealer)])
    return net


ways |= {"weights stretched": reached(stretched), "biases shuffled": reached(shuffled)}
fig, ax = pictures.collapse(ZEROS, ways, "What was wrong? Four answers")
plot.show(fig, alt="Accuracy against zeros for four ways, mean and range of five seeds.")

# %% jupyter={"source_hidden": true}
gained = {name: (way - ways["pruned"])[:, 4] for name, way in ways.items()}
assert min(gained["biases set to zero"]) > 0 and gained["biases set to zero"].mean() > 0.1
assert min(gained["weights stretched"]) > 0 and gained["weights stretched"].mean() > 0.08

# %% [markdown]
# Stretching the weights rescues nearly as much as deleting the biases. So the *balance* was wrong: the signal had shrunk, and the biases hadn't.
# Even biases dealt at random do better than the trained ones, likely because those pull all images towards the same few classes. None of
# the ways brings everything back, so some signal is really gone.
#
# You've met the same idea as re-estimated batch-norm statistics (lesson 06). And two epochs of tuning?

# %% tags=["nbval-ignore-output"]
rescued = pruned(networks[0], 0.95)
before = accuracy(rescued, *validation)
tune(rescued, lr=0.03, seed=0)
print(f"before tuning {before:.1%}, after it {accuracy(rescued, *validation):.1%}; ", end="")
quantize(rescued, 4)
print(
    f"in 4 bits {accuracy(rescued, *validation):.1%}, {zipped(encode(rescued)):,} bytes after gzip"
)
small, thin = at.loc[0.25, "none", 0, 32], at.loc[0.25, "weights", 0.95, 4]
print(f"all five seeds, against dense: {verdict(thin.seeds, small.seeds, shared='seeds')}")
assert accuracy(rescued, *validation) > before + 0.3

# %% [markdown]
# There's your bargain, a point or two below the dense network, for five kilobytes. **A pruned network that can't see may still have its
# signal. Its own biases drown it.**

# %% tags=["nbval-ignore-output"]
guesses()

# %% [markdown]
# ## You can now…
#
# - read a price tag: what zeros and few bits really save, as stored and after gzip;
# - find a Pareto front, and tell how much of it is luck;
# - choose a kind of network for a budget, and check the choice on a seed that had no say;
# - prune and quantize in an order that doesn't hurt;
# - tell a network that lost its signal from one that only drowned it.
#
# **Common mistakes**
#
# - ×5 and ×4 make ×20. The positions of the zeros have to be stored too.
# - Shipping the best of many, on one seed.
# - Tuning with rounding on and steps that can't move.
# - Throwing a pruned network away because of what it does before tuning.
#
# ## Cheat sheet
#
# | question | answer |
# |---|---|
# | does A dominate B? | at least as good in everything, better in something |
# | on the front? | nobody dominates it; equal points stay together; NaN is refused |
# | fewest bytes of codes | $nH/8$ with $H=\sum_c p_c\log_2(1/p_c)$, plus scales and biases |
# | zeros and bits together | $H\le h+(1-p_0)\log_2(2^b-2)$; 80% zeros and 8 bits gave 12×, not 20× |
# | pays as stored | fewer bits, fewer units |
# | pays after gzip | zeros too |
# | how to choose | limits first, then what you may lose, then what to save; by kind; several seeds; test images once |
# | prune or quantize first? | prune first; at 2 bits it matters, since rounded magnitudes tie |
# | rounding on while tuning | let the steps follow |
# | keep zeros exact | symmetric rounding, or a zero point that is a level |
# | pruned too far? | set the biases to zero and look; then tune |

# %% [markdown]
# ## Practise
#
# Nothing below is marked, and nothing leaves this machine. What you do is kept in one file, `progress.sqlite`,
# in the folder above this one, so you can stop at any time and go on where you were. Everything works by mouse and by keyboard.
# In any notebook, `cheat_sheet("10")` from `coursekit.learn.widgets` brings the page above back.
#
# **Cards.** Say the answer aloud before you turn one. Those you forget come back soon.

# %%
cards("10")

# %% [markdown]
# **Quiz.** Each option tells why it is right or wrong, and you may try again.

# %%
quiz("10")

# %% [markdown]
# **In your own words.** Write two or three sentences. You see which ideas were found in them.

# %%
respond("10")

# %% [markdown]
# **Practice.** From easy to hard, with a hint and worked steps when you want them.

# %%
practice("10")

# %% [markdown]
# **Traces.** Follow a run step by step. Say what comes next before you press the button.

# %% tags=["nbval-ignore-output"]
trace("10")

# %% [markdown]
# **Pattern test.** Ten questions on *comparing* from all lessons. Take it when the rest feels easy.

# %%
pattern_test("comparing")

# %% [markdown]
# **How far you are**, in this lesson and in the others.

# %% tags=["nbval-ignore-output"]
progress()

# %% [markdown]
# ## References
#
# - C. Shannon (1948): *A Mathematical Theory of Communication*. Bell System Technical Journal 27. Entropy as the bound.
# - S. Han, H. Mao, W. Dally (2016): *Deep Compression*. ICLR. arXiv:1510.00149. Prune, share weights, then Huffman codes.
# - D. Blalock et al. (2020): *What is the State of Neural Network Pruning?* arXiv:2003.03033. Why comparisons need controls.
# - Y. Bengio, N. Léonard, A. Courville (2013): *Estimating or Propagating Gradients Through Stochastic Neurons*. arXiv:1308.3432. The
#   straight-through gradient behind tuning with rounding on.
# - H. Xiao, K. Rasul, R. Vollgraf (2017): *Fashion-MNIST*. arXiv:1708.07747. The images.
# - Y. Fratantonio et al. (2024): *Magika: AI-Powered Content-Type Detection*. arXiv:2409.13768. The network of the second figure.
# - Limits of real devices, with their sources, are in [the further page](further/10_trade_offs.ipynb).
