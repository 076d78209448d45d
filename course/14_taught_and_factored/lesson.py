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
# **My network is good, and too large. Can it teach a smaller one what it knows? Or can I write it more thinly?**
#
# Two ideas that everybody has heard are good: let the large network teach a small one, and write a matrix as a product of two thin ones. We believed
# in both. Then we ran the controls.
#
# It takes about {minutes} minutes, with a place to stop after part 5. You need pruning and its controls (lesson 07 and lesson 08) and few-bit weights (lesson 03).
#
# An image is a matrix, too. The picture writes five of them as products of two thin matrices, and asks a network what it sees. Move the rank: how many numbers does a garment need?

# %% tags=["nbval-ignore-output"]
from coursekit.lesson_14.opening import thin_garments

thin_garments()

# %%
import copy

import torch
from torch import nn
from torch.nn import functional as F

from coursekit import guess, guesses, reveal
from coursekit.learn.explore import explore
from coursekit.learn.widgets import cards, pattern_test, practice, progress, quiz, respond, trace
from coursekit.lesson_14 import pictures
from coursekit.lesson_14.distilled import chosen, points, shuffled_wrong, two_thin
from coursekit.nets.combine import Network, prune_weights, quantize
from coursekit.nets.data import load_fashion_mnist
from coursekit.nets.measure import accuracy, count_macs
from coursekit.nets.networks import float_network, student_mlp
from coursekit.nets.train import learn, set_seed
from coursekit.pictures import plot

set_seed(0)

# %% [markdown]
# ## 1 · What a teacher's answer holds
#
# Our **teacher** is a CNN with three convolutions. It has seen 4,000 labelled images of clothes. Another 4,000 play the part of images that nobody has labelled. The student is an MLP with 32 hidden units, which
# takes 76 times fewer MACs.
#
# A label is one word: *shirt*. The teacher's answer has ten numbers. Divided by a **temperature** $T$ before the softmax, they become **soft targets** $q$:
#
# $$q_i = \frac{e^{v_i/T}}{\sum_j e^{v_j/T}}, \qquad v: \text{the teacher's logits}$$
#
# Move $T$.


# %%
data = load_fashion_mnist()
train, validation = (part.tensors() for part in data.train.hold_out(2000))
test = data.test.tensors()
(images, unlabelled), (labels, _) = train[0].split(4000), train[1].split(4000)
teacher = float_network("teacher")


@torch.no_grad()
def answers(model, some):
    """Logits, (images, 10), in evaluation mode."""
    return torch.cat([model.eval()(part) for part in some.split(1000)])


def soft(logits: torch.Tensor, temperature: float) -> torch.Tensor:
    """Probabilities, (images, classes); the higher the temperature, the more even."""
    return (logits / temperature).softmax(1)


taught = answers(teacher, images)

# %% tags=["nbval-ignore-output"]
shown = [int((labels == label).nonzero()[0]) for label in (6, 9, 4)]


def draw_soft(temperature):
    return pictures.softened(images[shown], soft(taught[shown], temperature), temperature)


explore(
    draw_soft,
    alt="Three garments and the teacher's ten probabilities for each; the temperature can be moved.",
    temperature=[1, 2, 4, 8, 16],
)

# %% tags=["nbval-ignore-output"]
told = answers(teacher, test[0])
plot.show(
    pictures.per_class(soft(told, 4), test[1]),
    alt="A grid of ten classes by ten mean answers, darkest on the diagonal; garments that look alike share.",
)

# %% [markdown]
# At $T=1$ there's hardly more than a label. Higher, similar garments get a share: a sandal is a little like a trainer, and not like a coat. Hinton, Vinyals and Dean (2015) call that **dark knowledge**. A label doesn't tell it. Whether a
# student can use it, a control must say.
#
# ## 2 · The loss, and its T²
#
# **Distillation** trains the student, with logits $z$ and probabilities $p$ at the same temperature, towards $q$, and a little towards the label $y$:
#
# $$L = \alpha\, T^2 \Bigl(-\sum_i q_i \log p_i\Bigr) + (1-\alpha) \bigl(-\log \operatorname{softmax}(z)_y\bigr)$$
#
# Why $T^2$? The gradient of the soft part is $(p_i - q_i)/T$. One $1/T$ is the chain rule. And the higher $T$, the closer $p$ and $q$ are, by about another $1/T$. Without $T^2$ the labels would drown the teacher.


# %%
def distillation_loss(logits, taught, labels, temperature, weight=0.9):
    """Hinton et al. (2015): towards the teacher's soft answers, and a little to the labels."""
    wanted = soft(taught.detach(), temperature)
    soft_loss = -(wanted * (logits / temperature).log_softmax(1)).sum(1).mean()
    return weight * temperature**2 * soft_loss + (1 - weight) * F.cross_entropy(logits, labels)


z, v = torch.randn(500, 10), 3 * torch.randn(500, 10)  # logits of a student and of a teacher
unlabelled_all = torch.zeros(500, dtype=torch.long)
for temperature in (1, 4, 16):
    leaf = z.clone().requires_grad_()
    distillation_loss(leaf, v, unlabelled_all, temperature, weight=1).backward()
    size = leaf.grad.norm()
    print(f"T = {temperature:2}: without T² {size / temperature**2:.5f}, with it {size:.3f}")
log_p, log_q = (leaf / 16).log_softmax(1), (v / 16).log_softmax(1)
ours = leaf.grad.clone()
leaf.grad = None
(16**2 * F.kl_div(log_p, log_q, reduction="batchmean", log_target=True)).backward()
assert torch.allclose(leaf.grad, ours, atol=1e-6)

# %% [markdown]
# The assert says that PyTorch's `F.kl_div` gives the same gradient, if you hand it *logarithms* and `reduction="batchmean"`. Its default divides by ten times too much.
#
# ## 3 · All labels at hand
#
# The textbook's case: the same 4,000 labelled images for teacher and student, 20 epochs for each student, one with labels alone, one taught with $\alpha=0.9$ and $T=4$. The taught one sees all that the other one sees, and the teacher's answers on top. By how many points is it better?

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


for model, loss in ((alone, by_labels), (pupil, by_teacher)):
    learn(model, loss, len(images), epochs=20, lr=0.01)
print(f"this seed: labels {accuracy(alone, *test):.3f}, taught {accuracy(pupil, *test):.3f}")
by_words, at_four = chosen("taught", "labels"), chosen("taught", "teacher", 4)
gained = 100 * (at_four.test - by_words.test)
between = (gained.min(), gained.max())
reveal("All labels: taught at T = 4, less labels alone", gained.mean(), between=between)

# %% [markdown]
# Worse. (The answer is the mean of five seeds, each with its own teacher, each way with the learning rate that was best for *it* on validation images; tests are on test images.)
#
# Maybe the wrong answers mislead? A control: keep the teacher's first choice and its sureness, and shuffle its other nine logits. What was dark knowledge is now noise.

# %% tags=["nbval-ignore-output"]
one = answers(teacher, test[0][:1])
for name, logits in {"its logits": one, "shuffled": shuffled_wrong(one)}.items():
    print(f"{name:10}", [round(value, 1) for value in logits[0].tolist()])
ways = {
    "labels alone": ("labels", 0),
    "T = 1": ("teacher", 1),
    "T = 4": ("teacher", 4),
    "T = 4, shuffled": ("shuffled", 4),
    "T = 1, an MLP as teacher": ("other family", 1),
}
plot.show(
    pictures.beside(ways, "taught", "All labels at hand: five seeds"),
    alt="Points more than labels alone for four ways to be taught, with intervals.",
)

# %%
assert all(points(chosen("taught", *way), by_words)[0] < 0.5 for way in ways.values())

# %% [markdown]
# None gains more than a fifth of a point. Nor does any of the 13 ways that we tried ([further](further/14_taught_and_factored.ipynb)), and of so many intervals one may miss 0 by chance. With four times the units and twice the epochs, the student stops losing, but it doesn't gain. Shuffling makes it slightly worse, if anything, so it isn't the wrong answers that mislead. Published gains usually come with many more classes, larger students and far more epochs.
#
# ## 4 · Images without labels
#
# This is the case that teaching is for. You have 4,000 images and money for 300 labels. A student with these 300, and shifted copies of them, reaches 75%. Another student sees no label at all: the teacher just looks at the 4,000 images. What does it reach? (The teacher itself: 87%.)

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
ways = {
    "300 labels": ("300 labels, moved", 0),
    "its first choice as a label": ("first choice", 0),
    "taught, T = 4": ("teacher", 4),
    "taught, T = 1": ("teacher", 1),
    "all 4,000 true labels": ("all labels", 0),
}
plot.show(
    pictures.beside(ways, "unlabelled", "No labels, five seeds"),
    alt="Points more than 300 labels for four ways, with intervals.",
)

# %% [markdown]
# Seven points, and at $T=1$ it's indistinguishable from a student that had all 4,000 true labels. But look at *first choice*: most of it comes from the images, and that somebody answers. Dark knowledge adds less than a point.
#
# ## 5 · Its own teacher
#
# And now what you may need tomorrow. Somebody gives you a trained network, and you cut 96% of its weights in one go. It's ruined. You have images, but not one label. All that still knows the answers is the network that it *was*. Let that one teach what is left.

# %%
guess("Cut to 4%, repaired by its former self, no label: accuracy", low=0, high=1)

# %% tags=["nbval-ignore-output"]
set_seed(0)
former = Network()


def by_word(batch):
    return F.cross_entropy(former(images[batch]), labels[batch])


learn(former, by_word, len(images), epochs=12)
cut = copy.deepcopy(former)
prune_weights(cut, 0.96)
print(f"as it was {accuracy(former, *test):.3f}, cut {accuracy(cut, *test):.3f}", end="")
remembered = answers(former, unlabelled)


def by_former_self(batch):
    return distillation_loss(cut(unlabelled[batch]), remembered[batch], nothing[batch], 1, weight=1)


learn(cut, by_former_self, len(unlabelled), epochs=8, lr=0.03)
print(f", repaired {accuracy(cut, *test):.3f}")

# %%
own = pictures.own("others", 0.96, "taught", 1)
reveal(
    "Cut to 4%, repaired by its former self, no label: accuracy",
    own.test.mean(),
    between=(own.test.min(), own.test.max()),
)
ways = {
    "cut, nothing trained": ("none", "untrained", 0),
    "taught by its former self, no label": ("others", "taught", 1),
    "the same images, true labels": ("others", "labels", 0),
}
plot.show(
    pictures.own_teacher(ways),
    alt="Accuracy against zeros: cut, repaired without labels, and with them; a line for the original.",
)

# %% [markdown]
# Not one label, and it's nearly what it was: half a point short with 4% of its weights, one point with 2%. It can't give more than it knew. True labels for the same images go past it, and on the images that it was trained on, labels alone are at least as good. A former self repairs; it teaches nothing new.
#
# > **A place to stop.** Before you go on: what would show that a gain comes from a teacher's *wrong* answers?
# > <details><summary>Answer</summary>The same first choices with the other probabilities shuffled, at the same learning rates.</details>
#
# ## 6 · A matrix as two thin ones
#
# The second idea. A matrix $W$, $m \times n$, needs $mn$ MACs. If $W \approx AB$ with $A$ of shape $m \times r$ and $B$ of shape $r \times n$, two layers do its work with $r(m+n)$. The number $r$ is the **rank**; below the **break-even rank** $mn/(m+n)$ it saves.

# %%
steps = torch.arange(6.0)
small = torch.stack([steps, 5 - steps, 2 + 0 * steps, 3 + torch.tensor([1, -1, 0, 0, -1, 1.0])])
left, sizes, right = torch.linalg.svd(small, full_matrices=False)
near = {rank: left[:, :rank] * sizes[:rank] @ right[:rank] for rank in (1, 2)}
for rank, its in near.items():
    assert torch.isclose((its - small).norm(), sizes[rank:].norm(), atol=1e-5)
plot.show(
    pictures.thin(small, near), alt="Three grids: the matrix and its products of rank 1 and 2."
)
print("singular values:", [round(value, 2) for value in sizes.tolist()])

# %% [markdown]
# The **singular value decomposition** is $W = \sum_k \sigma_k u_k v_k^\top$, largest first. Keep $r$ terms. No other matrix of rank $r$ is closer (Eckart and Young 1936), and it's off by $\sqrt{\sigma_{r+1}^2 + \dots}$.
#
# Closest to *what*, though? To the matrix, in all directions alike. But pixels aren't alike, and what counts are the *outputs*. With $C$, the mean of $xx^\top$ over some inputs, and its Cholesky root, $C = RR^\top$, take the SVD of $WR$, and undo $R$ on the right.


# %%
def factors(weight: torch.Tensor, rank: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Two thin matrices, (outputs, rank) and (rank, inputs), with the nearest product."""
    left, sizes, right = torch.linalg.svd(weight, full_matrices=False)
    return left[:, :rank] * sizes[:rank], right[:rank]


def aware_factors(weight, rank, inputs):
    """The product whose *outputs* are nearest on `inputs`, (images, inputs)."""
    second = inputs.double().T @ inputs.double() / len(inputs)
    second += 1e-6 * second.diagonal().mean() * torch.eye(len(second))
    root = torch.linalg.cholesky(second)  # second = root @ root.T
    left, right = factors(weight.double() @ root, rank)
    back = torch.linalg.solve_triangular(root, right, upper=False, left=False)
    return left.float(), back.float()


# %% tags=["nbval-ignore-output"]
set_seed(0)
dense = Network()


def all_images(batch):
    return F.cross_entropy(dense(train[0][batch]), train[1][batch])


learn(dense, all_images, len(train[0]), epochs=12)
weight, inputs = dense[1].weight.detach(), train[0][:1000].flatten(1)
unseen = validation[0].flatten(1)
errors = {"plain": {}, "aware of the inputs": {}}
for rank in (2, 4, 8, 16, 32, 64, 128):
    for its, (a, b) in zip(
        errors.values(),
        (factors(weight, rank), aware_factors(weight, rank, inputs)),
        strict=True,
    ):
        lost = a @ b - weight
        outputs = (unseen @ lost.T).norm() / (unseen @ weight.T).norm()
        its[rank] = (float(lost.norm() / weight.norm()), float(outputs))
plot.show(
    pictures.two_errors(errors, rank=16),
    alt="Error of the matrix and of the outputs against rank, for plain and aware factors.",
)

# %% [markdown]
# At rank 16 the matrix is off by more than half of its size. The outputs of the aware factors, on images they've never seen, are off by less than a tenth. The matrix isn't close to low rank; *what it puts out* is.
#
# ## 7 · Fewer MACs, with and without training
#
# Do that to LeNet's first two matrices. At rank 16 it has 9% of its MACs. Nothing is trained. How many points does it lose with plain factors?


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
guess("Rank 16, 9% of the MACs, not trained: loses", unit="points", low=0, high=70)

# %% tags=["nbval-ignore-output"]
for name, model in {"dense": dense, "rank 16": factored(dense, 16)}.items():
    print(f"{name}: {count_macs(model, test[0][:1]):,} MACs, {accuracy(model, *test):.3f}")
fallen = 100 * (chosen("factored", "dense", 0, 0).test - chosen("factored", "plain", 16, 0).test)
between = (fallen.min(), fallen.max())
reveal("Rank 16, 9% of the MACs, not trained: loses", fallen.mean(), between=between)
names = {
    "units": "units removed, not trained",
    "plain": "factors, not trained",
    "small": "small, from scratch",
    "thin from scratch": "thin, from scratch",
    "plain, tuned": "factors, tuned",
}
plot.show(
    pictures.cut((4, 8, 16, 32), names),
    alt="Test accuracy against rank for five networks of equal MACs.",
)

# %% [markdown]
# About one point. Remove *units* instead, as in lesson 08, and little is left. That's the gift of low rank: most of the MACs gone, from the matrix alone, without an image. But give everybody the same epochs, and a *thin* network from a random start is as good. Then what you needed was the shape, not the
# SVD. (And time? A thin pair is faster once it's large enough, zeros in a dense matrix never: [further](further/14_taught_and_factored.ipynb).)
#
# ## 8 · A low-rank correction
#
# Third, both halves of the course at once. Weights in few bits are off by a residual. An **adapter** is a correction of low rank beside the frozen matrix:
#
# $$y = \hat W x + U (D x) + b, \qquad U: m \times r, \quad D: r \times n$$
#
# **LoRA** (Hu et al. 2021) begins with $U=0$ and trains $U$ and $D$. Or begin with the SVD of the residual (LoftQ, Li et al. 2023).


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


# %% tags=["nbval-ignore-output"]
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


far = float("inf")
for rank in (0, 1, 4, 8):
    mended = adapted(dense, 2, rank)
    print(f"2 bits, rank {rank}, not trained: {accuracy(mended, *test):.3f}")
    far, before = float((mended[1].merged() - dense[1].weight).norm()), far
    assert far < before

# %% [markdown]
# Now train, three epochs each, the best of three rates. There's a control that papers often leave out, and it's free: train **nothing but the biases**, 410 numbers. How much of the gap between rounding and QAT (lesson 06) do they close at 2 bits?

# %%
guess("2 bits: the biases' share of the way to QAT", unit="%", low=0, high=100)

# %% tags=["nbval-ignore-output"]
start, end = chosen("adapters 2", "rounded"), chosen("adapters 2", "qat")
way = 100 * (chosen("adapters 2", "biases").test - start.test) / (end.test - start.test)
reveal(
    "2 bits: the biases' share of the way to QAT",
    100
    * (chosen("adapters 2", "biases").test - start.test).mean()
    / (end.test - start.test).mean(),
    between=(way.min(), way.max()),
)
names = ["rank 8 of the residual, not trained", "biases alone", "LoRA from 0, rank 1"]
names += ["LoRA from 0, rank 4", "LoRA from the residual, rank 4", "LoRA from the residual, rank 8"]
plot.show(
    pictures.mended(2, [*names, "QAT"]),
    alt="Points more than rounding alone at 2 bits, for adapters, biases and QAT, with intervals.",
)

# %% [markdown]
# Most of the way, for not a single byte. Adapters of rank 4 add about a point. So if a paper shows adapters against rounding alone, ask for the biases.
#
# And merge them? In float, $W+UD$ is exact. In few bits, round the sum again and all that the residual's adapters had won at 2 bits is lost ([further](further/14_taught_and_factored.ipynb)): most corrections are smaller than half a step, so rounding wipes them out. Adapters on a few-bit layer stay separate.
#
# Why are large models fine-tuned like this, then? Count a model of 6.7 billion weights, activations left out. A *trained* number takes 16 bytes with Adam, a frozen one two, or half a byte in NF4 (QLoRA, Dettmers et al. 2023).

# %%
blocks = 32 * (4 * 4096**2 + 3 * 4096 * 11008)
words = 2 * 32000 * 4096  # embedding and output: QLoRA leaves them in 16 bits
adapters = 32 * 4 * 16 * (4096 + 4096)  # rank 16 beside the four attention matrices
nf4 = 4 + 8 / 64 + 32 / (64 * 256)  # bits per weight: codes, 8-bit scales per 64, and their scales
GB = 1e9
memory = {
    "all weights": (2 * (blocks + words) / GB, 14 * (blocks + words) / GB),
    "LoRA, base in 16 bits": (2 * (blocks + words) / GB, 16 * adapters / GB),
    "QLoRA, blocks in NF4": ((nf4 * blocks / 8 + 2 * words) / GB, 16 * adapters / GB),
}
plot.show(pictures.memory(memory), alt="GB of weights and of training for three ways to tune.")

# %% [markdown]
# A hundred GB become four. That, and not a byte saved when it runs, is what adapters are for.
#
# Teach where there are no labels. Factor where there's no time to train. Adapt where there's no memory. And whatever you do, put the dull control beside it.

# %% tags=["nbval-ignore-output"]
guesses()

# %% [markdown]
# ## You can now…
#
# - write the loss of distillation, and say where its $T^2$ comes from;
# - set a taught student beside the controls that it needs, and say when a teacher paid here;
# - factor a matrix below its break-even rank, by its own size or by its outputs;
# - add an adapter to a few-bit layer, and say why it can't be merged there;
# - count what tuning a large model takes.
#
# **Common mistakes**
#
# - Other epochs, or one learning rate for both, for the taught student and its control.
# - `F.kl_div` with probabilities, or with its default `reduction`.
# - A teacher in training mode: dropout answers by chance.
# - Adapters against untrained rounding, and not against the biases alone.
#
# ## Cheat sheet
#
# | to | write |
# |---|---|
# | teach | $\alpha T^2 \cdot$ cross-entropy with the teacher's softmax at $T$, plus $(1-\alpha) \cdot$ cross-entropy with labels |
# | do it in PyTorch | `F.kl_div((z / T).log_softmax(1), (v / T).log_softmax(1), reduction="batchmean", log_target=True)`, teacher in `eval()` |
# | judge it | labels alone, equal epochs, each its best rate; wrong answers shuffled; first choice as a label |
# | factor $m \times n$ | $r(m+n)$ MACs; pays below $r = mn/(m+n)$ |
# | be nearest to the matrix | SVD, cut at $r$; error $\sqrt{\sigma_{r+1}^2 + \dots}$ |
# | be nearest to the outputs | SVD of $W R$ with $C = R R^\top$; undo $R$ on the right |
# | correct few bits | $\hat W x + U(Dx)$: $16\,r(m+n)/(mn)$ bits per weight more |
# | judge it | biases alone, and QAT, with equal epochs |

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
# - L. Beyer et al. (2021): *Knowledge distillation: A good teacher is patient and consistent*. arXiv:2106.05237. Long training, and a teacher queried for every augmented image.
# - C. Eckart, G. Young (1936): *The approximation of one matrix by another of lower rank*. Psychometrika 1, 211–218.
# - E. Denton, W. Zaremba, J. Bruna, Y. LeCun, R. Fergus (2014): *Exploiting Linear Structure Within Convolutional Networks for Efficient
#   Evaluation*. NeurIPS. arXiv:1404.0736. Low rank in trained networks.
# - E. Hu et al. (2021): *LoRA: Low-Rank Adaptation of Large Language Models*. arXiv:2106.09685.
# - T. Dettmers, A. Pagnoni, A. Holtzman, L. Zettlemoyer (2023): *QLoRA: Efficient Finetuning of Quantized LLMs*. NeurIPS. arXiv:2305.14314. NF4.
# - Y. Li et al. (2023): *LoftQ: LoRA-Fine-Tuning-Aware Quantization for Large Language Models*. arXiv:2310.08659. Rounding and correcting in turn.
# - H. Touvron et al. (2023): *Llama 2: Open Foundation and Fine-Tuned Chat Models*. arXiv:2307.09288. The shapes of the 7B model.
# - H. Xiao, K. Rasul, R. Vollgraf (2017): *Fashion-MNIST*. arXiv:1708.07747. The images.
