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
# # 14 · Taught and factored
#
# **My network is good, and too large. Two more roads are said to lead to a small one: let the large network teach it, or write each matrix
# as the product of two thin ones. When does either help?**
#
# You will teach small networks beside controls that get the same epochs, factor the matrices of a trained one, and mend few-bit weights with
# thin corrections.
#
# It takes about {minutes} minutes, with two places to stop, after parts 4 and 6. You need removed units (lesson 08) and few-bit weights (lesson 03).
#
# An image is a matrix, too. The picture writes five of them as products of two thin matrices, and asks a network what it sees. Move the rank before you run
# anything. How many numbers does a garment need?

# %% tags=["nbval-ignore-output"]
from coursekit.lesson_14.opening import thin_garments

thin_garments()

# %% [markdown]
# Three questions from before. Answer each before you unfold it.
#
# <details><summary>Half of the weights are set to zero. Is a dense matrix product faster? (lesson 07)</summary>No. It multiplies zeros like all else. Only smaller
# shapes, or a kernel that skips zeros, save time.</details>
#
# <details><summary>A pruned network was trained for two more epochs. What must stand beside it? (lesson 07)</summary>The dense network with two more epochs, and a
# small one from scratch with as many epochs in all.</details>
#
# <details><summary>What is stored for a row of 2-bit weights? (lesson 03)</summary>A code of 2 bits per weight and a scale per row.</details>

# %%
import copy
import math

import pandas as pd
import torch
from torch import nn
from torch.nn import functional as F

from coursekit import guess, guesses, reveal
from coursekit.learn.widgets import cards, pattern_test, practice, progress, quiz, respond, trace
from coursekit.lesson_14.distilled import ALL_LABELS, MENDED, NO_LABELS, by_rate, chosen
from coursekit.lesson_14.distilled import (
    compared,
    cut_down,
    mended,
    points,
    shuffled_wrong,
    two_thin,
)
from coursekit.nets.combine import Network, quantize
from coursekit.nets.data import FASHION_CLASSES, load_fashion_mnist, load_results
from coursekit.nets.evidence import verdict
from coursekit.nets.measure import accuracy, count_macs, latency
from coursekit.nets.networks import float_network, student_mlp
from coursekit.nets.train import learn, set_seed
from coursekit.pictures import plot

set_seed(0)

# %% [markdown]
# ## 1 · What a teacher's answer holds
#
# Our **teacher** is a CNN with three convolutions: 29,178 parameters, but 1.9 million MACs per image. It has seen 4,000 images with their labels. Another 4,000
# images have labels, too, but the teacher has not seen them: they play the part of images that nobody has labelled. The **student** is to
# be an MLP with 32 hidden units, which takes 76 times fewer MACs.

# %%
data = load_fashion_mnist()
train, validation = (part.tensors() for part in data.train.hold_out(2000))
test = data.test.tensors()
(images, unlabelled), (labels, hidden_labels) = train[0].split(4000), train[1].split(4000)
teacher = float_network("teacher")


@torch.no_grad()
def answers(model, some):
    """Logits, (images, 10), in evaluation mode."""
    return torch.cat([model.eval()(part) for part in some.split(1000)])


for name, model in {"teacher": teacher, "student": student_mlp()}.items():
    print(f"{name}: {count_macs(model, images[:1]):,} MACs")
taught = answers(teacher, images)

# %% [markdown]
# A label is one word: *shirt*. The teacher's answer has ten numbers. Divided by a **temperature** $T$ before the softmax, they become
# **soft targets** $q$; the higher $T$, the more even:
#
# $$q_i = \frac{e^{v_i/T}}{\sum_j e^{v_j/T}}, \qquad v: \text{the teacher's logits}$$


# %% tags=["nbval-ignore-output"]
def soft(logits: torch.Tensor, temperature: float) -> torch.Tensor:
    """Probabilities, (images, classes); the higher the temperature, the more even."""
    return (logits / temperature).softmax(1)


shown = [int((labels == label).nonzero()[0]) for label in (6, 9, 4)]
for temperature in (1, 4):
    for place in shown:
        q = soft(taught[place : place + 1], temperature)[0]
        first = ", ".join(f"{FASHION_CLASSES[i]} {q[i]:.3f}" for i in q.topk(3).indices)
        print(f"T = {temperature}, a {FASHION_CLASSES[labels[place]]:10}: {first}")
sure = (soft(taught, 1).amax(1) > 0.99).float().mean()
print(f"T = 1: on its own training images, {sure:.0%} of its answers are surer than 0.99")

# %% tags=["nbval-ignore-output"]
told = answers(teacher, test[0])
per_class = torch.stack([soft(told[test[1] == label], 4).mean(0) for label in range(10)])
fig, ax = plot.figure(width=8, height=4.4)
plot.matrix(ax, per_class.numpy(), decimals=2)
ax.set_xticks(range(10), FASHION_CLASSES, rotation=40, ha="right")
ax.set_yticks(range(10), FASHION_CLASSES)
ax.set(title="The teacher's mean answers, T = 4", xlabel="answer", aspect="auto")
wrong = per_class.clone().fill_diagonal_(0)
seconds = [f"{FASHION_CLASSES[i]}: {FASHION_CLASSES[wrong[i].argmax()]}" for i in range(10)]
plot.show(
    fig,
    alt="A grid of ten classes by ten answers, darkest on the diagonal. The likeliest wrong answer "
    f"per class: {'; '.join(seconds)}.",
)
assert FASHION_CLASSES[wrong[FASHION_CLASSES.index("sandal")].argmax()] == "trainer"

# %% [markdown]
# Read a row: garments that look alike get a share of each other. A sandal is a little like a trainer, and not like a coat. This is what Hinton, Vinyals and Dean
# (2015) call **dark knowledge**: a label does not say it. Whether a student can use it is for a control to say.
#
# ## 2 · The loss, and its T²
#
# **Distillation** trains the student, with logits $z$ and probabilities $p$ at the same temperature, towards $q$, and a little to the label $y$:
#
# $$L = \alpha\, T^2 \Bigl(-\sum_i q_i \log p_i\Bigr) + (1-\alpha) \bigl(-\log \operatorname{softmax}(z)_y\bigr)$$
#
# The number $\alpha$, between 0 and 1, says how much the teacher counts beside the labels; 0.9 is usual. Where does $T^2$ come from? Look at the gradient of the soft part. For one image, it is
#
# $$\frac{\partial}{\partial z_i}\Bigl(-\sum_j q_j \log p_j\Bigr) = \frac1T (p_i - q_i)$$
#
# One $1/T$ is the chain rule, since $z$ is divided by $T$. And the higher $T$, the nearer $p$ and $q$ are to each other. Without the factor $T^2$, what becomes of the gradient, when $T$ goes
# from 8 to 16?


# %%
guess("T from 8 to 16, without T²: the gradient becomes", choices=["1/16", "1/4", "1/2", "equal"])


# %% tags=["nbval-ignore-output"]
def distillation_loss(logits, taught, labels, temperature, weight=0.9):
    """Hinton et al. (2015): towards the teacher's soft answers, and a little to the labels."""
    wanted = soft(taught.detach(), temperature)
    soft_loss = -(wanted * (logits / temperature).log_softmax(1)).sum(1).mean()
    return weight * temperature**2 * soft_loss + (1 - weight) * F.cross_entropy(logits, labels)


z, v = torch.randn(500, 10), 3 * torch.randn(500, 10)  # logits of a student and of a teacher
sizes = {}
for temperature in (1, 2, 4, 8, 16):
    leaf = z.clone().requires_grad_()
    loss = distillation_loss(leaf, v, torch.zeros(500, dtype=torch.long), temperature, weight=1)
    loss.backward()
    assert torch.allclose(
        leaf.grad, temperature * (soft(z, temperature) - soft(v, temperature)) / 500, atol=1e-6
    )
    sizes[temperature] = float(leaf.grad.norm()) / temperature**2
    print(
        f"T = {temperature:2}: without T² {sizes[temperature]:.5f}, with it {leaf.grad.norm():.3f}"
    )
reveal("T from 8 to 16, without T²: the gradient becomes", "1/4")

# %% [markdown]
# A quarter: at high temperatures softmax is nearly linear, $p_i - q_i \approx \bigl((z_i - \bar z) - (v_i - \bar v)\bigr)/(10\,T)$, with the means over the ten classes. So there are two factors
# $1/T$, and $T^2$ takes both away. It keeps the *balance* with the labels' part the same at each temperature. (With $\alpha = 1$ and Adam it would change next to
# nothing, since Adam divides by the gradient's size.) The formula says what high temperatures teach as well: to match **all ten logits**, the unlikely ones
# as much as the likely.
#
# PyTorch's own is `F.kl_div`, the Kullback–Leibler divergence $\mathrm{KL}(q\,\|\,p) = \sum_i q_i (\log q_i - \log p_i)$. It takes the *logarithm* of $p$ first. It is our soft loss less the entropy of $q$, which no student can change, so both have the same gradient. Its default
# `reduction="mean"` divides by images *times classes*; `"batchmean"` is what you want.

# %%
ours, theirs = z.clone().requires_grad_(), z.clone().requires_grad_()
distillation_loss(ours, v, torch.zeros(500, dtype=torch.long), 4, weight=1).backward()
log_p, log_q = (theirs / 4).log_softmax(1), (v / 4).log_softmax(1)
library = 16 * F.kl_div(log_p, log_q, reduction="batchmean", log_target=True)
library.backward()
assert torch.allclose(ours.grad, theirs.grad, atol=1e-6)
each = F.kl_div(log_p, log_q, reduction="none", log_target=True)
print(f"batchmean over mean: {(library / 16 / each.mean()).item():.1f} times")

# %% [markdown]
# ## 3 · All labels at hand
#
# The textbook's case: the same 4,000 images and labels for teacher and student. The student gets 20 epochs, with labels alone or with
# $\alpha = 0.9$ and $T = 4$. `learn` is Adam with a learning rate that falls to 0; it asks for the loss of a batch. `course/14_taught_and_factored/make_taught.py` has run the
# functions of this lesson for five seeds, each with its own teacher, and for three learning rates or more. Rate and length are chosen on validation
# images, by the mean over the seeds (`chosen`); all that is shown below are 2,000 *test* images, and half of a 95 % interval over the seeds, which are pairs (`points`). The cell that follows repeats two runs of the first seed.
#
# The student that is taught sees everything that the other one sees, and the teacher's answers on top. By how many points is it better or worse?

# %%
guess("All labels: taught at T = 4, less labels alone", unit="points", low=-6, high=6)

# %% tags=["nbval-ignore-output"]
set_seed(0)
alone, pupil = student_mlp(), student_mlp()
pupil.load_state_dict(alone.state_dict())


def by_labels(batch):
    return F.cross_entropy(alone(images[batch]), labels[batch])


def by_teacher(batch):
    return distillation_loss(pupil(images[batch]), taught[batch], labels[batch], temperature=4)


learn(alone, by_labels, len(images), epochs=20, lr=0.01)
learn(pupil, by_teacher, len(images), epochs=20, lr=0.01)
for name, model in {"teacher": teacher, "labels": alone, "taught": pupil}.items():
    same = (answers(model, test[0]).argmax(1) == told.argmax(1)).float().mean()
    print(f"{name:8}: accuracy {accuracy(model, *test):.4f}, agrees with the teacher on {same:.4f}")
repeated = chosen("taught", "labels", lr=0.01).test[0]
assert abs(accuracy(alone, *test) - repeated) < 0.015  # 0 on the machine that made the table
by_words, at_four = chosen("taught", "labels"), chosen("taught", "teacher", 4)
gained = 100 * (at_four.test - by_words.test)
between = (gained.min(), gained.max())
reveal("All labels: taught at T = 4, less labels alone", gained.mean(), between=between)

# %% [markdown]
# Worse, on average, with everything at hand. Is it that the wrong answers mislead? Here is a control for them. `shuffled_wrong` leaves the teacher's first choice and how
# sure it is, and deals its other nine logits anew, image by image. What was dark knowledge is now noise: a sandal is as much like a coat as like a trainer. Both are taught at the same learning rate; the answer is the mean over three rates.
#
# Below the answer stand all controls, each at its own best rate. *Moved* images are moved by a pixel, in a direction drawn anew each time; the teacher is asked once, about the image as it was, or anew. The teacher of *another family* is an MLP with 512 hidden units, trained on moved images.


# %%
guess("Taught at T = 4: shuffled, less as they are", unit="points", low=-6, high=6)

# %% tags=["nbval-ignore-output"]
rates = (0.003, 0.01, 0.03)
lost = pd.DataFrame(
    {
        lr: chosen("taught", "shuffled", 4, lr=lr).test - chosen("taught", "teacher", 4, lr=lr).test
        for lr in rates
    }
).mean(axis=1)
between = (100 * lost.min(), 100 * lost.max())
answer = round(100 * lost.mean(), 2)
reveal("Taught at T = 4: shuffled, less as they are", answer, between=between)
print(
    f"as they are, less shuffled, mean of three rates: {verdict(-lost, 0 * lost, shared='seeds')}"
)
one = answers(teacher, test[0][:1])
for name, logits in {"its logits": one, "shuffled": shuffled_wrong(one)}.items():
    print(f"{name:10}", [round(value, 1) for value in logits[0].tolist()])
for name, kind in {"the teacher": "cnn", "the MLP as teacher": "mlp"}.items():
    print(f"{name}: {100 * chosen('teachers', kind).test.mean():.1f}")
assert all(points(chosen("taught", *way), by_words)[0] < 0.5 for way in ALL_LABELS.values())
compared(ALL_LABELS, "taught")

# %% [markdown]
# No row is better than labels alone by more than a fifth of a point, and of thirteen intervals of 95 % one may miss 0 by chance. At $T = 1$, 4 and 8 the CNN's student is worse by more than the interval. The MLP knows nearly as much as the CNN and more than the student; taught by it, the student loses nothing at $T = 1$, and about as much as with the CNN at $T = 4$. Whether that is the family, or how sure the MLP is, these runs don't say.
# Nor does a student copy its teacher at the price of the truth: agreement, with the CNN in each row, is within about a point of that of labels alone. Moved images help neither way, and a teacher that is asked anew about each of them helps no more than its labels. Four rates were tried for each row, up to 0.06, and none was best at either end.
#
# How far does this hang on the learning rate? And why did others see a gain? Two things can be tried: other rates, and a larger student with more patience (Beyer et al. 2021).

# %% tags=["nbval-ignore-output"]
print("128 hidden units, moved images, teacher asked anew, less labels alone:")
for epochs in (10, 40):
    reference = chosen("patience", "moved, labels", 0, epochs)
    print(f"{epochs} epochs: labels {100 * reference.test.mean():.1f}", end="")
    for temperature in (1, 4):
        its = chosen("patience", "moved, asked anew", temperature, epochs)
        print("; T = {} {:+.1f} ± {:.1f}".format(temperature, *points(its, reference)), end="")
    print()
pairs = {f"T = {t}, less labels alone": (("teacher", t), ("labels", 0)) for t in (1, 2, 4, 8)}
pairs["T = 4: shuffled, less as they are"] = ("shuffled", 4), ("teacher", 4)
by_rate(pairs, rates, "taught")

# %% [markdown]
# At equal rates $T = 4$ costs 1.2 ± 0.7 points at 0.003 and 0.7 ± 0.7 at 0.01, where labels alone are best. At 0.03 it costs nothing, since labels lose there themselves. Each at its own best rate the difference is larger, 1.3 ± 1.0, and a part of that is the choice: on validation images 0.03 was hardly ahead of 0.01 for $T = 4$. What holds at every choice is that no temperature gained anything.
# The shuffled answers are behind at each of the three rates, by 0.7 ± 0.4 points in the mean. The wrong answers do carry something, then. It does not make up for what a high temperature costs. With one rate each, 0.01 against 0.03, the same comparison shows nothing (−0.4 ± 1.0): a choice of rates can hide an effect of this size.
#
# A student with 128 units loses nothing any more, after ten epochs or forty; it gains nothing that five
# seeds could show, either. What *is* worth two points here is patience, with the teacher and without. Published gains come with many more classes, students and epochs than ours; which of these makes them, our runs can't say.
#
# ## 4 · Images without labels
#
# Now the case that teaching is for. The teacher is there, its training data are not. We have 4,000 other images, and money for 300 labels. A
# student trained on these 300 has 74.7 % on test images, and 75.5 % if the images are moved as well; both numbers are in the table below. The teacher has 87.2 %.
#
# Another student sees none of the labels: the teacher looks at the 4,000 images, at $T = 4$, and $\alpha$ is 1. It takes as many training steps as the one with 300 labels may take, which did best with a fifth of them. Which accuracy does
# it reach?

# %%
guess("Taught on 4,000 images, no label: accuracy", low=0.7, high=0.9)

# %% tags=["nbval-ignore-output"]
set_seed(0)
unpaid = student_mlp()
told_anew = answers(teacher, unlabelled)
nothing = torch.zeros(len(unlabelled), dtype=torch.long)  # α = 1: no label counts


def without_labels(batch):
    logits = unpaid(unlabelled[batch])
    return distillation_loss(logits, told_anew[batch], nothing[batch], 4, weight=1)


learn(unpaid, without_labels, len(unlabelled), epochs=20, lr=0.01)
print(f"this run: {accuracy(unpaid, *test):.3f}")
free = chosen("unlabelled", "teacher", 4)
between = (free.test.min(), free.test.max())
reveal("Taught on 4,000 images, no label: accuracy", free.test.mean(), between=between)

# %% tags=["nbval-ignore-output"]
few, true = chosen("unlabelled", "300 labels, moved"), chosen("unlabelled", "all labels")
at_one, first = chosen("unlabelled", "teacher", 1), chosen("unlabelled", "first choice")
print("T = 1 less all true labels: {:+.1f} ± {:.1f}".format(*points(at_one, true)))
print("T = 1 less first choice:    {:+.1f} ± {:.1f}".format(*points(at_one, first)))
assert points(free, few)[0] > 5 and abs(points(at_one, true)[0]) < 1
mixed = by_rate({"": (("shuffled", 4), ("teacher", 4))}, rates, "unlabelled")
print("T = 4: shuffled, less as they are:", mixed.iloc[0].to_dict())
compared(NO_LABELS, "unlabelled")

# %% [markdown]
# Seven points more than the best of 300 labels, without seeing one. At $T = 1$ the taught student can't be told from the one that had all 4,000 true labels. Where does it come from? Mostly from the *images*: the teacher's first choice as a plain
# label is worth seven points as well. What its other answers say comes on top, and it is little: shuffled, at equal rates, they cost between 0.2 and 0.9 points, and at $T = 1$ the soft answers are 0.8 ± 0.6 points ahead of the first choice. Even on the 300 images alone its answers are worth two to three points more than their labels. *That* somebody answers matters most here.
#
# > **A place to stop.** In these experiments a teacher is worth what it adds: little beside all labels, much beside few. All of them had one small student, a teacher of another kind, 4,000 images and at most 40 epochs, so take that for no law: large models are distilled with all labels at hand, and lesson 15 lets a network teach its own pruned self, which was not tried here. Before you go on: what would show that a gain comes from
# > the wrong answers of a teacher?
# > <details><summary>Answer</summary>The same first choices with the other probabilities shuffled, at the same learning rates. What is lost then came from the wrong answers.</details>
#
# ## 5 · A matrix as two thin ones
#
# The second road. A layer with $n$ inputs and $m$ outputs has a matrix $W$, $m \times n$, and needs $mn$ MACs. If $W \approx A B$ with $A$ of the shape
# $m \times r$ and $B$ of the shape $r \times n$, two layers without anything between them do its work, with $r(m + n)$ MACs. The number $r$ is the **rank**. Here is a
# matrix small enough to see.

# %%
steps = torch.arange(6.0)
small = torch.stack([steps, 5 - steps, 2 + 0 * steps, 3 + torch.tensor([1, -1, 0, 0, -1, 1.0])])
left, sizes, right = torch.linalg.svd(small, full_matrices=False)
fig, axes = plot.figure(1, 3, width=11, height=2.8)
names = ["the matrix, 4×6"]
plot.matrix(axes[0], small.numpy())
for ax, rank in zip(axes[1:], (1, 2), strict=True):
    near = left[:, :rank] * sizes[:rank] @ right[:rank]
    plot.matrix(ax, near.numpy())
    names.append(f"rank {rank}: off by {(near - small).norm():.2f}")
    assert torch.isclose((near - small).norm(), sizes[rank:].norm(), atol=1e-5)
for ax, name in zip(axes, names, strict=True):
    ax.set(title=name, xticks=[], yticks=[])
plot.show(fig, alt=f"Three grids of numbers. {'; '.join(names)}. Rank 2 has nearly all of it.")
print("singular values:", [round(value, 2) for value in sizes.tolist()])

# %% [markdown]
# The **singular value decomposition** writes a matrix as a sum of $\min(m, n)$ products of a column $u_k$ and a row $v_k^\top$, each of length 1 and times a **singular value** $\sigma_k$, largest first: $W = \sum_k \sigma_k u_k v_k^\top$. Keep the first $r$
# of them. Eckart and Young (1936) showed that no other matrix of rank $r$ is nearer to $W$; its distance is $\sqrt{\sigma_{r+1}^2 + \sigma_{r+2}^2 + \dots}$, as the cell asserts.
#
# Before you cut anything, count. Two thin layers cost as much as the matrix at the **break-even rank** $mn/(m+n)$, which is less than the smaller side. Only below it is there anything to gain.


# %% tags=["nbval-ignore-output"]
def factors(weight: torch.Tensor, rank: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Two thin matrices, (outputs, rank) and (rank, inputs), with the nearest product."""
    left, sizes, right = torch.linalg.svd(weight, full_matrices=False)
    return left[:, :rank] * sizes[:rank], right[:rank]


set_seed(0)
dense = Network()


def all_images(batch):
    return F.cross_entropy(dense(train[0][batch]), train[1][batch])


learn(dense, all_images, len(train[0]), epochs=12)
for place in (1, 3, 5):
    weight = dense[place].weight.detach()
    energy = torch.linalg.svdvals(weight).square().cumsum(0)
    needed = [int((energy < share * energy[-1]).sum()) + 1 for share in (0.9, 0.99)]
    m, n = weight.shape
    print(f"{m:3} × {n}: 90 % of the squared norm in rank {needed[0]}, 99 % in {needed[1]}", end="")
    print(f" of {min(m, n)}; break-even {m * n / (m + n):.1f}")

# %% [markdown]
# The network is trained on all 8,000 images with labels. Its first two matrices may be worth factoring; the last one, $10 \times 100$, is not. None of them is close to a matrix of low rank: to keep 99 % of its squared norm, each needs a rank above break-even, where nothing is saved.
#
# **The best approximation of what?** SVD is best for the *matrix*: it counts an error in each direction alike. But pixels are not alike: some are always
# 0, and neighbours say the same. What should be small is the error of the *outputs*, $\lVert (W - AB) X \rVert$, over the inputs $X$ that come. With $C$, the mean of $x x^\top$ over the inputs,
# and its Cholesky root, the lower triangular $R$ with $C = R R^\top$, that is $\lVert (W - AB) R \rVert$, up to a factor. So take the SVD of $W R$, and undo $R$ in the right factor. It takes 1,000 images and no label.


# %% tags=["nbval-ignore-output"]
def aware_factors(weight, rank, inputs):
    """The product whose *outputs* are nearest on `inputs`, (images, inputs)."""
    second = inputs.double().T @ inputs.double() / len(inputs)
    second += 1e-6 * second.diagonal().mean() * torch.eye(len(second))
    root = torch.linalg.cholesky(second)  # second = root @ root.T
    left, right = factors(weight.double() @ root, rank)
    back = torch.linalg.solve_triangular(root, right, upper=False, left=False)
    return left.float(), back.float()


weight, inputs = dense[1].weight.detach(), train[0][:1000].flatten(1)
made = {"plain": factors(weight, 16), "aware": aware_factors(weight, 16, inputs)}
of_matrix, of_outputs = {}, {}
for name, (a, b) in made.items():
    lost = a @ b - weight
    of_matrix[name] = (lost.norm() / weight.norm()).item()
    for place, some in {"seen": inputs, "not seen": validation[0].flatten(1)}.items():
        of_outputs[name] = ((some @ lost.T).norm() / (some @ weight.T).norm()).item()
        print(f"{name}: error of the matrix {of_matrix[name]:.2f}", end="")
        print(f", of the outputs on images {place} {of_outputs[name]:.3f}")
assert of_matrix["plain"] < of_matrix["aware"] and of_outputs["aware"] < of_outputs["plain"]
energy = torch.linalg.svdvals(inputs @ weight.T).square().cumsum(0)
needed = [int((energy < share * energy[-1]).sum()) + 1 for share in (0.9, 0.99)]
print(f"the 300 outputs of 1,000 images: 90 % in rank {needed[0]}, 99 % in {needed[1]}")


# %% [markdown]
# The plain factors lose more than half of the matrix, by its norm, but only a third of the outputs. The aware ones are a little worse as a matrix, and lose less than a tenth of the outputs, also on images that they have not seen. That is because the *outputs* are close to low rank, which the matrix is not: the images have few directions in which they vary much.
#
# ## 6 · Fewer MACs, with and without training
#
# `factored` puts two linear layers in the place of each of the first two. At rank 16 the network has 24,744 MACs of 266,200, nine percent. Nothing is
# trained. How many points of accuracy does it lose with plain factors?


# %%
@torch.no_grad()
def factored(model, rank, images=None):
    """A copy whose matrices, but for the last, are factored; with images, by their outputs."""
    model = copy.deepcopy(model)
    for place in (1, 3):
        weight = model[place].weight
        if images is None:
            left, right = factors(weight, rank)
        else:
            inputs = nn.Sequential(*list(model)[:place])(images)
            left, right = aware_factors(weight, rank, inputs)
        model[place] = two_thin(model[place], left, right)
    return model


# %%
guess("Rank 16, 9 % of the MACs, not trained: loses", unit="points", low=0, high=70)

# %% tags=["nbval-ignore-output"]
thin, whole = chosen("factored", "plain", 16, 0), chosen("factored", "dense", 0, 0)
for name, model in {"dense": dense, "rank 16": factored(dense, 16)}.items():
    print(f"{name}: {count_macs(model, test[0][:1]):,} MACs, {accuracy(model, *test):.3f}")
fallen = 100 * (whole.test - thin.test)
between = (fallen.min(), fallen.max())
reveal("Rank 16, 9 % of the MACs, not trained: loses", fallen.mean(), between=between)

# %% [markdown]
# One layer puts out little that a thin product could not. Does the whole network keep its accuracy, and is that special to factors? The table sets them against two other dense networks with as
# many MACs, or up to five percent more: **units removed** (lesson 08, by the sum of magnitudes), and a **small** network trained from scratch. The last rows have equal epochs for all: twelve and
# four of tuning, each at the best of five rates, or sixteen from scratch, at the best of three; *small* had a fourth, which was never best. *Thin from scratch* has the shape of the factored network and a random start.

# %% tags=["nbval-ignore-output"]
more = chosen("factored", "dense", 0, 4)
print(f"dense: {100 * whole.test.mean():.1f}, with four more epochs {100 * more.test.mean():.1f}")
cut_down(ranks=(4, 8, 16, 32))

# %% [markdown]
# Not trained, the factors keep nearly all at rank 32 and lose about a point at 16; removed units leave little of the network. Knowing the inputs saves much at rank 4, half a point at rank 16, and nothing that five seeds could show at 8 and 32: a smaller error of a layer's outputs is not always a better answer.
#
# With equal epochs, each at its own best rate, it is another story. Tuned factors are ahead of tuned units at each rank. Of a small dense network from scratch they are ahead by half a point at rank 16; elsewhere five seeds can't tell, at 4 and 8 because the small networks differ by points from seed to seed. And the *thin* network from scratch is as good as the one that began with the SVD: what few MACs need there is the shape.
# The gift of the SVD is not a better network but one that needs **no training**: a fifth of the MACs for less than half a point, from the matrix alone.
#
# And time? A matrix with seven eighths of its weights at zero has as few useful products as two thin ones with an eighth of the MACs. At batch 1, a matrix of $1024 \times 1024$: what is the time of the thin pair
# with an **eighth** of the MACs (rank 64), as a share of the dense one?

# %%
guess("An eighth of the MACs, batch 1: share of the time", low=0, high=2)


# %% tags=["nbval-ignore-output"]
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
reveal(
    "An eighth of the MACs, batch 1: share of the time",
    shares["1024×1024, batch 1"]["0.125 of the MACs"],
)
pd.DataFrame(shares).T.round(2)

# %% [markdown]
# The thin pairs are faster from some size on: at $300 \times 784$ and batch 1, half of the MACs saves little or nothing, since two calls cost twice the overhead (lesson 01). The column *a copy* is the same dense layer once more, so it shows how far two equal products can come apart in such a
# measurement. The zeros stay as close to it as that: no zero is skipped.
#
# > **A place to stop.** Factors made a network smaller without an image to learn from. Before you go on: why can the product with the larger error of the matrix be the better one?
# > <details><summary>Answer</summary>What counts is the error on the inputs that come. An error in a direction that no input has costs nothing.</details>
#
# ## 7 · An adapter beside few bits
#
# Third, the two halves of the course together. Weights in few bits are off by a residual, $E = W - \hat W$. An **adapter** is a correction of low rank beside the frozen matrix:
#
# $$y = \hat W x + U (D x) + b, \qquad U: m \times r, \quad D: r \times n$$
#
# Two starts are usual. **LoRA** (Hu et al. 2021) begins with $U = 0$ and $D$ random, so that nothing changes at first, and trains. Or $U D$ is the SVD of the
# residual: that helps before any training (LoftQ, Li et al. 2023, does it in turns with the rounding). Few bits come from `quantize` of lesson 10: symmetric levels, a scale per row, the clip with the least squared error; its 2 bits are three levels. Every byte counts:
# codes, scales and biases as float32, adapters as float16.


# %%
class Adapted(nn.Module):
    """A frozen linear layer and a correction of low rank beside it: (W + up · down) x + bias."""

    def __init__(self, layer: nn.Linear, rank: int, residual: torch.Tensor | None = None) -> None:
        super().__init__()
        weight = layer.used().detach()  # codes times scales
        self.register_buffer("weight", weight)
        self.bias = nn.Parameter(layer.bias.detach().clone(), requires_grad=False)
        if residual is None:  # LoRA: the product is 0 at first
            up = torch.zeros(len(weight), rank)
            down = torch.randn(rank, weight.shape[1]) / weight.shape[1] ** 0.5
        else:
            up, down = factors(residual, rank)
        self.up, self.down = nn.Parameter(up), nn.Parameter(down)

    def merged(self) -> torch.Tensor:
        return self.weight + self.up @ self.down

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.linear(x, self.weight, self.bias) + (x @ self.down.T) @ self.up.T


# %%
@torch.no_grad()
def adapted(base, bits, rank, from_residual=True):
    """A copy of `base` with frozen weights of few bits and an adapter in each linear layer."""
    rounded = copy.deepcopy(base)
    quantize(rounded, bits)
    for place, layer in enumerate(rounded):
        if isinstance(layer, nn.Linear):
            lost = base[place].weight - layer.used() if from_residual else None
            rounded[place] = Adapted(layer, rank, lost)
    return rounded


# %% tags=["nbval-ignore-output"]
def bytes_of(bits, rank, shapes=((300, 784), (100, 300), (10, 100))):
    """Codes, float32 scales and biases, float16 adapters, of all linear layers."""
    codes = sum(math.ceil(bits * m * n / 8) for m, n in shapes)
    return codes + sum(8 * m + 2 * rank * (m + n) for m, n in shapes)


for bits in (2, 3, 4):
    rounded = copy.deepcopy(dense)
    quantize(rounded, bits)
    print(
        f"{bits} bits: {accuracy(rounded, *test):.3f} rounded, {bytes_of(bits, 0):,} bytes", end=""
    )
    for rank in (1, 4, 8):
        corrected = adapted(dense, bits, rank)
        print(f"; rank {rank} {accuracy(corrected, *test):.3f}", end="")
    print()
per_weight = 8 * (bytes_of(2, 4) - bytes_of(2, 0)) / 266_200
print(f"rank 4 adds {per_weight:.2f} bits per weight")

# %% [markdown]
# More numbers need not be more accurate: some of these differences go the wrong way, and with one network and 2,000 images a point is noise.
#
# Now training, three epochs each, with the best of three rates. The strongest control is the cheapest: **nothing but the biases**, 410 numbers. Of the way from rounded weights to QAT (lesson 06: all weights
# learn, rounded in the loop), how much do the biases alone go at 2 bits?

# %%
guess("2 bits: the biases' share of the way to QAT", unit="%", low=0, high=100)

# %% tags=["nbval-ignore-output"]
start, end = chosen("adapters 2", "rounded"), chosen("adapters 2", "qat")
biases = chosen("adapters 2", "biases")
way = 100 * (biases.test - start.test).mean() / (end.test - start.test).mean()
each = 100 * (biases.test - start.test) / (end.test - start.test)
between = (each.min(), each.max())
reveal("2 bits: the biases' share of the way to QAT", way, between=between)
float_more = chosen("adapters 32", "float")
print(f"float32, three more epochs: {100 * float_more.test.mean():.1f}, 1,066,440 bytes")
shown = pd.concat({f"{bits} bits": mended(bits) for bits in (2, 3, 4)}, axis=1).fillna("")
for bits in (2, 3, 4):
    shown[f"{bits} bits", "bytes"] = [f"{bytes_of(bits, rank):,}" for _, rank, _ in MENDED.values()]
shown.sort_index(axis=1, level=0, sort_remaining=False)

# %% [markdown]
# At 2 bits the biases go most of the way, for no byte more, though one seed's went less than half of it. Adapters of rank 4 and 8 add about a point to that, from either start; rank 1 adds less than half a point, if anything. QAT can't be told from adapters of rank 4 and needs no byte; rank 8 from the residual is ahead of it by 0.4 ± 0.3. At 3 and 4 bits whatever is trained comes within half
# a point of float. Rank 8 of the residual, *not trained*, is half a point ahead of the trained biases, for a third more bytes; LoftQ's five turns brought nothing over one. The adapters had rates of 0.001 to 0.01; from $U = 0$ the highest was the best at 2 bits for ranks 4 and 8, ahead of the next by 0.2 points or less on validation images. Where a paper shows adapters against rounding alone, ask for the biases.
#
# ## 8 · Merging, and seven billion weights
#
# An adapter costs two more products per layer. In **float** it can be merged: $W + UD$ is a matrix like any other. In few bits? Take the 2-bit network with its trained adapters, rank 4, from the
# residual. Add them to its weights, and round the result to 2 bits again. Which accuracy is left?

# %%
guess("2 bits, adapters merged and rounded again: accuracy", low=0.5, high=0.9)

# %% tags=["nbval-ignore-output"]
beside = chosen("adapters 2", "residual", 4, 3)
between = (beside.merged.min(), beside.merged.max())
reveal("2 bits, adapters merged and rounded again: accuracy", beside.merged.mean(), between=between)
for bits in (2, 3, 4):
    only = chosen(f"adapters {bits}", "rounded")
    for way, start in {"residual": "the residual", "zero": "U = 0"}.items():
        its = chosen(f"adapters {bits}", way, 4, 3)
        print(
            "{} bits, from {:12}: {:+.1f} ± {:.1f}".format(bits, start, *points(its, only)), end=""
        )
        again = its.assign(test=its.merged)
        print("; merged and rounded {:+.1f} ± {:.1f}".format(*points(again, only)))
two_bits = copy.deepcopy(dense)
quantize(two_bits, 2)
its, step = adapted(dense, 2, 4)[1], two_bits[1].steps
small = ((its.up @ its.down).abs() < step / 2).float().mean()
print(f"the residual's corrections of layer 1 below half a step: {small:.1%}")

# %% tags=["nbval-ignore-output"]
layer, x = Adapted(dense[1], 4), test[0].flatten(1)
with torch.no_grad():
    layer.up.normal_(std=0.01)
    off = (F.linear(x, layer.merged(), layer.bias) - layer(x)).abs().max()
    back = layer.merged() - layer.up @ layer.down
assert off < 1e-4
print(f"in float32: outputs off by at most {off:.0e};", end=" ")
print(
    f"taken out again, {(back != layer.weight).float().mean():.0%} of the weights differ in a bit"
)

# %% [markdown]
# The table says how many points each is above rounding alone. Added to the residual's start, the adapters won nearly four points at 2 bits, and merging loses them all; at 3 bits it loses all that they had won as well. From $U = 0$ it loses most of it at 2 bits. At 4 bits there was hardly half a point to lose. The reason is plain where the adapter begins with the residual: what rounding has left over is less than
# half the distance between two levels, and rounding it again takes it for nothing. In float merging is exact up to the last bits; keep the base if it has to come back bit by bit.
#
# **Why large models are tuned like this.** Count what must be in memory to train a model with 6.7 billion weights, in 32 blocks and two matrices of words (width 4096, inner width 11,008, as Llama 2 7B), activations left out:
# weights and gradients in 16 bits, Adam's two numbers and a float32 copy for each weight that is *trained*. Adapters of rank 16 stand beside the four attention
# matrices.

# %%
blocks = 32 * (4 * 4096**2 + 3 * 4096 * 11008)
words = 2 * 32000 * 4096  # embedding and output: QLoRA leaves them in 16 bits
weights = blocks + words
adapters = 32 * 4 * 16 * (4096 + 4096)
nf4 = 4 + 8 / 64 + 32 / (64 * 256)  # bits per weight: codes, 8-bit scales per 64, and their scales
GB = 1e9
memory = {
    "all weights": (2 * weights, 14 * weights),
    "LoRA, base in 16 bits": (2 * weights, 16 * adapters),
    "QLoRA, blocks in NF4": (nf4 * blocks / 8 + 2 * words, 16 * adapters),
}
print(f"{weights:,} weights, {adapters:,} in adapters: {adapters / weights:.2%}")
for name, (frozen, trained) in memory.items():
    print(f"{name:22}: {frozen / GB:5.1f} GB + {trained / GB:5.2f} GB for training", end="")
    print(f" = {(frozen + trained) / GB:6.1f} GB")

# %% [markdown]
# What goes is the state of the optimizer, and then nearly three quarters of the base. NF4 (lesson 03) is QLoRA's type (Dettmers et al. 2023): 16 levels that are quantiles of a Gaussian, with a scale per 64
# weights that is itself rounded to 8 bits. torchao has it, with a linear layer through which gradients pass:

# %% tags=["nbval-ignore-output"]
import logging
import warnings

# torchao says harmless things while it is imported (lesson 05).
logging.getLogger("torch.utils._pytree").setLevel(logging.ERROR)
warnings.filterwarnings("ignore", message="invalid escape sequence", category=SyntaxWarning)

from torchao.quantization.quantize_.workflows.nf4.nf4_tensor import linear_nf4, to_nf4

weight = dense[1].weight.detach()[:256, :256].contiguous()  # blocks of 64, in groups of 256
in_nf4 = to_nf4(weight, 64, 256)
levels, block = in_nf4.nf4, weight.reshape(-1, 64)
scale = block.abs().amax(1, keepdim=True)
ours = levels[((block / scale)[..., None] - levels).abs().argmin(-1)] * scale
theirs = in_nf4.get_original_weight()
print("levels:", [round(level, 2) for level in levels.tolist()])
print(f"largest difference, ours to theirs: {(ours.reshape_as(theirs) - theirs).abs().max():.4f}")
x = validation[0][:50].flatten(1)[:, :256].requires_grad_()
output = linear_nf4(x, in_nf4)
assert torch.allclose(output, F.linear(x, theirs), atol=1e-4)
output.sum().backward()
assert x.grad.abs().sum() > 0

# %% [markdown]
# Our levels, scales and rounding come out as torchao's, up to its rounded scales. For adapters there is PEFT, the library that most people use. It brings transformers along, which is too much for one cell, so
# `course/14_taught_and_factored/make_peft.py` has compared it with `Adapted`: LeNet-300-100, the same numbers at the start, the same epoch of training. PEFT's factor `lora_alpha / r` was 1; its `merge_and_unload()` is our `merged()`.

# %%
peft = load_results("peft").set_index("what").value
assert float(peft["largest difference"]) < 1e-4
assert float(peft["largest difference, merged"]) < 1e-4
assert peft["trained, ours"] == peft["trained, PEFT"]
print(peft.to_string())

# %% tags=["nbval-ignore-output"]
guesses()

# %% [markdown]
# ## You can now…
#
# - write the loss of distillation, say where its $T^2$ comes from, and set a taught student beside the controls that it needs;
# - say when a teacher paid here: where images had no labels;
# - factor a matrix below its break-even rank, by its own size or by its outputs, and tell the two errors apart;
# - set factors beside removed units and small networks at equal MACs and equal epochs;
# - put an adapter beside weights in few bits, count its bytes, merge it where that is possible, and say why it is not in few bits.
#
# **Common mistakes**
#
# - Comparing a taught student with one that had other epochs, or the same learning rate in place of its own best one.
# - `F.kl_div` with probabilities, or with its default `reduction`.
# - A teacher in training mode: dropout answers by chance, and batch norm learns while it is asked.
# - Adapters compared with untrained rounding, and not with the biases alone.
# - Adapters merged into few bits, and not measured again.
#
# ## Cheat sheet
#
# | to | write |
# |---|---|
# | teach | $\alpha T^2 \cdot$ cross-entropy with the teacher's softmax at $T$, plus $(1-\alpha) \cdot$ cross-entropy with labels |
# | do it in PyTorch | `F.kl_div((z / T).log_softmax(1), (v / T).log_softmax(1), reduction="batchmean", log_target=True)`, teacher in `eval()`, without gradient |
# | judge it | labels alone with equal epochs and the best rate of its own; the wrong answers shuffled, at equal rates; the first choice as a label; five seeds |
# | gain by it | images without labels, in these experiments; a network that teaches its own pruned self was not tried |
# | factor $m \times n$ | $r(m+n)$ MACs; pays below $r = mn/(m+n)$ |
# | be nearest to the matrix | SVD, cut at $r$; error $\sqrt{\sigma_{r+1}^2 + \dots}$ |
# | be nearest to the outputs | SVD of $W R$ with $C = R R^\top$ from some hundred inputs; undo $R$ on the right |
# | judge it | units removed, small from scratch, thin from scratch: equal MACs, equal epochs, best rates |
# | correct few bits | $\hat W x + U(Dx)$; start with the SVD of the residual, or with $U = 0$ |
# | count it | $16\,r(m+n)/(mn)$ bits per weight more |
# | judge it | biases alone, and QAT, with equal epochs |
# | merge | $W + UD$ in float; in few bits rounding takes most of it away again: measure |
# | tune a large model | frozen base in 4 bits (NF4), adapters in 16: `linear_nf4(x, to_nf4(w, 64, 256))`, PEFT's `LoraConfig` |

# %% [markdown]
# ## Practise
#
# Nothing below is marked, and nothing leaves this machine. What you do is kept in one file, `progress.sqlite`,
# in the folder above this one, so you can stop at any time and go on where you were. Everything works by mouse and by keyboard.
# In any notebook, `cheat_sheet("14")` from `coursekit.learn.widgets` brings the page above back.
#
# **Cards.** Say the answer aloud before you turn one. Those you forget come back soon.

# %%
cards("14")

# %% [markdown]
# **Quiz.** Each option tells why it is right or wrong, and you may try again.

# %%
quiz("14")

# %% [markdown]
# **In your own words.** Write two or three sentences. You see which ideas were found in them.

# %%
respond("14")

# %% [markdown]
# **Practice.** From easy to hard, with a hint and worked steps when you want them.

# %%
practice("14")

# %% [markdown]
# **Traces.** Follow a run step by step. Say what comes next before you press the button.

# %% tags=["nbval-ignore-output"]
trace("14")

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
# - G. Hinton, O. Vinyals, J. Dean (2015): *Distilling the Knowledge in a Neural Network*. arXiv:1503.02531. The loss, and dark knowledge.
# - L. Beyer et al. (2021): *Knowledge distillation: A good teacher is patient and consistent*. arXiv:2106.05237. Long training, and a teacher asked anew.
# - C. Eckart, G. Young (1936): *The approximation of one matrix by another of lower rank*. Psychometrika 1, 211–218.
# - E. Denton, W. Zaremba, J. Bruna, Y. LeCun, R. Fergus (2014): *Exploiting Linear Structure Within Convolutional Networks for Efficient
#   Evaluation*. NeurIPS. arXiv:1404.0736. Low rank in trained networks.
# - E. Hu et al. (2021): *LoRA: Low-Rank Adaptation of Large Language Models*. arXiv:2106.09685.
# - T. Dettmers, A. Pagnoni, A. Holtzman, L. Zettlemoyer (2023): *QLoRA: Efficient Finetuning of Quantized LLMs*. NeurIPS. arXiv:2305.14314. NF4.
# - Y. Li et al. (2023): *LoftQ: LoRA-Fine-Tuning-Aware Quantization for Large Language Models*. arXiv:2310.08659. Rounding and correcting in turn.
# - H. Touvron et al. (2023): *Llama 2: Open Foundation and Fine-Tuned Chat Models*. arXiv:2307.09288. The shapes of the 7B model.
# - H. Xiao, K. Rasul, R. Vollgraf (2017): *Fashion-MNIST*. arXiv:1708.07747. The images.
