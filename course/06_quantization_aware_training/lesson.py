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
# # 06 · Quantization-aware training
#
# **Three bits for weights and activations, and a network for phones guesses. Training could save it, but a rounded weight doesn't move when you push it a little: a staircase has no slope. How do you train through a staircase?**
#
# It takes about {minutes} minutes, with a place to stop after part 3. You need scale and clipping (lesson 02), torchao's `quantize_` (lesson 05), and, for part 4, batch norm and its folding (lesson 04, part 5).
#
# Five weights may only take the values −2, −1, 0 and 1, so that together they compute what a float row does. A weight is orange while its code is not the first one. Move the training step. When does a rounded weight change?

# %% tags=["nbval-ignore-output"]
from coursekit.lesson_06.opening import pulled_to_levels

pulled_to_levels()

# %% [markdown]
# Two questions from before. Answer each before you unfold it.
#
# <details><summary>What is a fake-quantized weight? (lesson 02)</summary>A float that has gone to the nearest level and back: the code times the scale. The network computes in floats, with the numbers that the integers stand for.</details>
#
# <details><summary>Why may a shorter range be better at 2 bits, although it clips? (lesson 02)</summary>The step becomes shorter. Most weights gain, and the few large ones that are clipped lose.</details>

# %%
import copy
import logging
import warnings
from functools import partial

import torch
from torch import nn
from torch.nn import functional as F

from coursekit import guess, guesses, reveal
from coursekit.learn.explore import explore
from coursekit.learn.widgets import cards, pattern_test, practice, progress, quiz, respond, trace
from coursekit.lesson_06 import pictures
from coursekit.lesson_06.pictures import best
from coursekit.nets.data import load_fashion_mnist
from coursekit.nets.measure import accuracy
from coursekit.nets.networks import float_network
from coursekit.nets.train import fit, set_seed
from coursekit.pictures import plot

# torchao says harmless things while it is imported (lesson 05).
logging.getLogger("torch.utils._pytree").setLevel(logging.ERROR)
warnings.filterwarnings("ignore", message="invalid escape sequence", category=SyntaxWarning)
from torchao.quantization import IntxWeightOnlyConfig, PerAxis, quantize_
from torchao.quantization.qat import QATConfig

set_seed(0)

# %% [markdown]
# ## 1 · Rounding in the loop
#
# **Quantization-aware training** (QAT) rounds in every forward pass, so that the loss is that of the quantized network. A weight $w$ with the scale $s$ and $b$ bits becomes
#
# $$q = \operatorname{clip}\bigl(\operatorname{round}(w/s),\ -2^{b-1},\ 2^{b-1}-1\bigr), \qquad \hat w = s\,q$$
#
# Here are six weights, two bits, $s = 0.5$, and what autograd says about them when the loss is simply the sum of $\hat w$.


# %%
def codes(bits: int) -> tuple[int, int]:
    """The lowest and the highest code: −2 and 1 for 2 bits."""
    return -(2 ** (bits - 1)), 2 ** (bits - 1) - 1


six = torch.tensor([-1.3, -0.8, -0.2, 0.1, 0.3, 0.9], requires_grad=True)
rounded = 0.5 * (six / 0.5).round().clamp(*codes(2))
rounded.sum().backward()
for name, values in {"weights": six, "rounded": rounded, "gradient": six.grad}.items():
    print(f"{name:8}", [f"{value + 0:.1f}" for value in values.tolist()])

# %% [markdown]
# Six zeros, and autograd is right: a staircase is flat except where it jumps, and there it has no derivative.
#
# The way out (Hinton 2012; Bengio et al. 2013): forwards, round. Backwards, act as if nothing had been rounded. That's the **straight-through estimator** (STE), and in code it's one line: a value without a gradient, plus a zero that has one.


# %%
def straight_through(x: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """The value of `value`, with the gradient of `x`; both finite."""
    return value.detach() + (x - x.detach())


def fake_quantize(x: torch.Tensor, scale: torch.Tensor, ends: tuple[int, int]) -> torch.Tensor:
    """To the nearest of the levels and back. Where it clips, the gradient is 0."""
    steps = (x * (1 / scale)).clamp(*ends)
    return scale * straight_through(steps, steps.round())


again = six.detach().clone().requires_grad_()
values = fake_quantize(again, torch.tensor(0.5), codes(2))
values.sum().backward()
print("gradient", [f"{value + 0:.1f}" for value in again.grad.tolist()])
assert torch.equal(values, rounded)

# %% [markdown]
# The same values, and a gradient of 1 wherever nothing is clipped. Is that cheating? Replace the staircase by a smooth one, a **surrogate**. Make its steps narrower, and look at its slope.


# %% tags=["nbval-ignore-output"]
explore(
    pictures.staircase,
    alt="A hard and a smooth staircase, and their slopes; the width of the smooth steps can be moved.",
    width=[0.02, 0.05, 0.1, 0.2, 0.3],
    start={"width": 0.2},
)

# %% [markdown]
# However narrow its steps, it rises by one per step: the slope is 1 *on average*. That's what straight-through puts in place of the spikes. For a crowd of weights it's right; for a single one it's a convention that works.
#
# A layer keeps float weights, its **latent weights**, rounds them in each forward pass, and the optimizer moves the floats. In the end only the codes are shipped.


# %%
def best_clip(w: torch.Tensor, bits: int) -> torch.Tensor:
    """One scale per row, (rows, 1): of 40 ranges, the one with the least squared error."""
    most = (w.abs().amax(1, keepdim=True) / -codes(bits)[0]).clamp(min=1e-12)
    tried = most * torch.linspace(0.05, 1, 40)[:, None, None]  # (40, rows, 1)
    errors = (fake_quantize(w, tried, codes(bits)) - w).square().sum(2, keepdim=True)
    return tried.gather(0, errors.argmin(0, keepdim=True))[0]


class QATLinear(nn.Module):
    """A linear layer that keeps float weights and computes with their rounded values."""

    def __init__(self, layer: nn.Linear, bits: int) -> None:
        super().__init__()
        self.weight, self.bias, self.bits = layer.weight, layer.bias, bits
        self.scale = best_clip(layer.weight.detach(), bits)

    def rounded(self) -> torch.Tensor:
        return fake_quantize(self.weight, self.scale, codes(self.bits))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.linear(x, self.rounded(), self.bias)


# %% [markdown]
# ## 2 · Who does the work?
#
# The MLP of lesson 04 knows clothes: 784 inputs, 64 and 32 hidden units, 10 outputs. All three layers get 2 bits. First a control. Train it for twelve epochs with the **true** derivative, 0. It starts from 0.75. What does it reach?

# %%
guess("2 bits, true derivative: accuracy", low=0, high=1)


# %% tags=["nbval-ignore-output"]
def with_qat(model: nn.Sequential, bits: int, true_derivative: bool = False) -> nn.Sequential:
    """A copy whose linear layers compute with rounded weights."""
    model = copy.deepcopy(model)
    for place, layer in enumerate(model):
        if isinstance(layer, nn.Linear):
            model[place] = QATLinear(layer, bits)
            layer.weight.requires_grad_(not true_derivative)  # a gradient of 0, or none
    return model


def train_more(model: nn.Module, epochs: int = 12) -> float:
    """Trains in place; the best accuracy on validation images after any epoch."""
    reached = []
    for epoch in range(epochs):
        fit(model, train, epochs=1, lr=3e-4, seed=epoch, quiet=True)
        reached.append(accuracy(model, *validation))
    return max(reached)


data = load_fashion_mnist()
train, validation = (part.tensors() for part in data.train.hold_out(2000))
mlp = float_network("mlp")
start = accuracy(with_qat(mlp, 2), *validation)
by_truth = train_more(with_qat(mlp, 2, true_derivative=True))
print(f"float {accuracy(mlp, *validation):.3f}, two bits {start:.3f}, trained {by_truth:.3f}")
truth = best("true derivative: 0")
reveal("2 bits, true derivative: accuracy", by_truth, between=(truth.min(), truth.max()))

# %% [markdown]
# No weight has moved. The 106 biases did it, which aren't rounded. Compare QAT with an untrained network, and you credit straight-through with their work. Now straight through, from the same start, for the same epochs. How many of the 52,000 weights end on another level than the one they started on?

# %%
guess("Weights that end on another level", unit="%", low=0, high=100)

# %% tags=["nbval-ignore-output"]
two_bits = with_qat(mlp, 2)
first = [layer.rounded().detach() for layer in two_bits[1::2]]
by_ste = train_more(two_bits)
last = [layer.rounded().detach() for layer in two_bits[1::2]]
changed = sum(int((a != b).sum()) for a, b in zip(first, last, strict=True))
print(f"straight through: {by_ste:.3f}")
plot.show(
    pictures.latent(mlp[1].weight, two_bits[1]),
    alt="Latent weights of layer 1: a bell around 0; after training with spikes just beyond both ends.",
)
reveal("Weights that end on another level", 100 * changed / sum(a.numel() for a in first))

# %% [markdown]
# Fewer than one in ten. Most weights stay where rounding has put them; a few thousand moves make the difference. The two spikes are weights that crossed an end: out there the gradient is 0, and they stay. Others never come to rest, *oscillating* between two levels: at each of them the gradient points to the other one. What are the moves worth? Five networks, each way with the learning rate and the epochs that it needs, chosen on validation images.

# %% tags=["nbval-ignore-output"]
plot.show(
    pictures.who_did_it(),
    alt="Points more than float trained on, for two bits: as rounded, biases alone, all trained.",
)

# %% [markdown]
# The biases go most of the way, the weights add about a point, and then two bits are as good as float, as far as five seeds can tell. (Any backward pass with the right average does alike with Adam, even a random one. And fewer levels need no new idea: *ternary* weights are $-a$, 0 and $a$, and signs alone, one bit each, end two points below float. Both are on the [further page](further/06_quantization_aware_training.ipynb).)
#
# ## 3 · The same with a library
#
# In PyTorch, QAT is a part of torchao, in two steps. `prepare` puts fake quantization into each linear layer, `convert` replaces its weights by codes.

# %%
base = IntxWeightOnlyConfig(weight_dtype=torch.int2, granularity=PerAxis(0))
prepared = copy.deepcopy(mlp)
quantize_(prepared, QATConfig(base, step="prepare"))
fit(prepared, train, epochs=1, lr=3e-4, quiet=True)
with torch.no_grad():
    before = prepared(validation[0])
    quantize_(prepared, QATConfig(base, step="convert"))
    assert torch.equal(prepared(validation[0]), before)
weight = prepared[1].weight
print(type(weight).__name__, "| codes:", weight.qdata.unique().tolist(), weight.qdata.dtype)

# %% [markdown]
# What was trained is what is shipped: `convert` changes no logit, not by a bit. A colleague forgets `prepare`: takes the float network, trains it, and calls `quantize_` with `QATConfig(base, step="convert")`. What comes out?

# %%
guess("convert without prepare", choices=["an error", "a warning", "int2 weights", "float weights"])

# %%
forgot = copy.deepcopy(mlp)
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    quantize_(forgot, QATConfig(base, step="convert"))
kind = "float" if forgot[1].weight.dtype == torch.float32 else "int2"
reveal("convert without prepare", "a warning" if said else f"{kind} weights")
assert torch.equal(forgot(validation[0]), mlp(validation[0]))

# %% [markdown]
# Nothing is said, and nothing is quantized. Look at `type(layer.weight)` before you believe a result. It also takes linear layers only, so convolutions need a class of your own, as in part 5. And torchao rounds before it clips, so in this PyTorch a weight on either *end code* gets no gradient; at two bits, half of the codes are ends. Two libraries that both "do QAT" need not train alike ([further](further/06_quantization_aware_training.ipynb)).
#
# > **A place to stop.** Before you go on: which weights get no gradient from straight-through?
# > <details><summary>Answer</summary>Those that are clipped, and in torchao all that lie on an end code.</details>
#
# ## 4 · A network for phones
#
# **Depthwise** convolutions have one 3×3 filter per channel, nine weights, and no sum over channels. Ours has four of them, each followed by a 1×1 convolution, with batch norm after each: 4,602 parameters. With weights of 3 bits, it's ruined.
#
# Before you train, try what takes a second. Batch norm still holds the statistics of the float network. Re-estimate them on 2,000 training images: no weight changes, no label is used. What accuracy comes back?


# %%
def recalibrated(model: nn.Sequential, first: int = 9) -> nn.Sequential:
    """A copy, its `first` batch norms re-estimated on 2,000 training images. No label, no gradient."""
    model = copy.deepcopy(model).eval()
    for norm in [part for part in model if isinstance(part, nn.BatchNorm2d)][:first]:
        norm.train().reset_running_stats()
        norm.momentum = None  # the plain mean over all batches
    with torch.no_grad():
        for some in train[0][:2000].split(500):
            model(some)
    return model.eval()


# %%
guess("Batch norm re-estimated: accuracy", low=0, high=1)

# %% tags=["nbval-ignore-output"]
depthwise = float_network("depthwise")
weights_only = copy.deepcopy(depthwise)
for layer in weights_only:
    if isinstance(layer, nn.Conv2d | nn.Linear):
        flat = layer.weight.data.flatten(1)
        layer.weight.data = fake_quantize(flat, best_clip(flat, 3), codes(3)).view_as(layer.weight)
averaged = recalibrated(weights_only)
anew = [accuracy(net, *validation) for net in (weights_only, averaged)]
plot.show(
    pictures.statistics(weights_only, averaged),
    alt="Means and deviations of 224 channels, as batch norm remembers them and as they are.",
)
print(f"weights of 3 bits: {anew[0]:.3f}, re-estimated {anew[1]:.3f}")
seeds = pictures.rounded_only("from the best clip", 3, "validation_anew", "depthwise")
reveal("Batch norm re-estimated: accuracy", seeds.mean(), between=(seeds.min(), seeds.max()))

# %% [markdown]
# Most of what looked like lost weights was a shift of means and variances, for nothing else has changed. That's odd: look how near the lines the dots are. Can shifts so small ruin a network? Re-estimate only some of the nine batch norms, from the front.

# %% tags=["nbval-ignore-output"]
by_first = [accuracy(recalibrated(weights_only, first), *validation) for first in range(10)]
fig, ax = plot.figure(height=2.6)
ax.plot(range(10), by_first)
ax.set(title="Accuracy with 3-bit weights", ylabel="validation accuracy", ylim=(0, 1))
ax.set(xlabel="batch norms re-estimated, from the front", xticks=range(10))
plot.show(fig, alt="Accuracy against how many of the nine batch norms are re-estimated.")

# %% [markdown]
# They add up: each layer shifts what comes next a little further.
#
# ## 5 · Activations, and a step that learns
#
# In a real integer network the activations are rounded as well (lesson 04). Their range isn't known beforehand. An **observer** follows it while training: a moving average of the largest value. Or let the scale *learn*, like a weight: **LSQ**, learned step size quantization (Esser et al. 2020). Its gradient comes out of our function already:

# %%
w = torch.tensor([-1.3, -0.8, -0.2, 0.1, 0.3, 0.9])
by_autograd = torch.autograd.functional.jacobian(
    lambda s: fake_quantize(w, s, codes(2)), torch.tensor(0.5)
)
steps = w / 0.5
q = steps.round().clamp(-2, 1)
formula = torch.where((steps > -2) & (steps < 1), q - steps, q)
print([round(v, 2) for v in formula.tolist()])
assert torch.allclose(by_autograd, formula, atol=1e-6)

# %% [markdown]
# $$\frac{\partial \hat w}{\partial s} = \begin{cases} q - w/s & \text{inside the range} \\ q & \text{where it is clipped} \end{cases}$$
#
# A clipped value counts with its code, an inner one with its distance from the level. One step collects the gradients of all $N$ values that share it, so LSQ multiplies by $1/\sqrt{N\,q_{\max}}$.


# %%
class Rounder(nn.Module):
    """Rounds what passes. Its scale learns (LSQ), or follows the largest value (an observer)."""

    def __init__(self, ends: tuple[int, int], scale: torch.Tensor, learned: bool) -> None:
        super().__init__()
        self.ends, self.learned = ends, learned
        self.scale = nn.Parameter(scale, requires_grad=learned)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        scale = self.scale
        if self.learned:
            damped = scale * (x[0].numel() * self.ends[1]) ** -0.5
            scale = straight_through(damped, scale)
        elif self.training:
            most = x.detach().abs().flatten(1).amax(1)  # of a row, or of an image
            most = most.view_as(scale) if scale.dim() else most.max()
            scale.data.lerp_(most / max(-self.ends[0], self.ends[1]), 0.1)
        return fake_quantize(x, scale, self.ends)


# %% [markdown]
# On a phone batch norm is folded into the weights (lesson 04). So fold it *in the loop*, before the rounding, and what is trained is what is shipped (Jacob et al. 2018).


# %%
class Folded(nn.Module):
    """A convolution that folds its batch norm in, and rounds what comes out; in training, too."""

    def __init__(self, conv: nn.Conv2d, norm: nn.BatchNorm2d, bits: int, learned: bool) -> None:
        super().__init__()
        self.conv, self.norm = conv, norm
        scale = best_clip(self.folded(norm.running_var).detach().flatten(1), bits)
        self.rounder = Rounder(codes(bits), scale[:, :, None, None], learned)

    def factor(self, variance: torch.Tensor) -> torch.Tensor:
        return self.norm.weight / (variance + self.norm.eps).sqrt()

    def folded(self, variance: torch.Tensor) -> torch.Tensor:
        return self.conv.weight * self.factor(variance)[:, None, None, None]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mean, variance = self.norm.running_mean, self.norm.running_var
        if self.training:
            y = self.conv(x)
            self.norm(y)  # for its running statistics
            mean, variance = y.mean((0, 2, 3)), y.var((0, 2, 3), unbiased=False)
        bias = self.norm.bias - mean * self.factor(variance)
        weight, conv = self.rounder(self.folded(variance)), self.conv
        return F.conv2d(x, weight, bias, conv.stride, conv.padding, groups=conv.groups)


# %%
@torch.no_grad()
def in_few_bits(model: nn.Sequential, bits: int, learned: bool) -> nn.Sequential:
    """All convolutions and activations in `bits`; the last layer, 330 numbers, stays float."""
    layers, x, made = list(copy.deepcopy(model).eval()), train[0][:256], []
    for conv, norm in zip(layers[0:27:3], layers[1:27:3], strict=True):
        made += [Folded(conv, norm, bits, learned).eval(), nn.ReLU()]
        x = nn.Sequential(*made[-2:])(x)
        made.append(Rounder((0, 2**bits - 1), x.max() / (2**bits - 1), learned).eval())
        x = made[-1](x)
    return nn.Sequential(*made, *layers[27:]).eval()


print(f"float32: {accuracy(depthwise, *validation):.3f}")
for bits in (8, 4):
    its = accuracy(in_few_bits(depthwise, bits, learned=False), *validation)
    print(f"{bits} bits, rounded only: {its:.3f}")

# %% [markdown]
# Eight bits for weights and activations cost next to nothing here, and four cost a lot. At three it guesses. Train that one, with steps that learn. The cell does two epochs; we ran eight, on three networks. What do these reach?

# %%
guess("3 bits for weights and activations, trained: accuracy", low=0, high=1)

# %% tags=["nbval-ignore-output"]
three = in_few_bits(depthwise, 3, learned=True)
rounded_only = accuracy(three, *validation)
fit(three, train, epochs=2, lr=3e-3, quiet=True)
print(f"rounded only {rounded_only:.3f}, after two epochs {accuracy(three, *validation):.3f}")
plot.show(
    pictures.few_bits(),
    alt="Test accuracy at 8, 4 and 3 bits: rounded only, weights fixed, observers, learned steps.",
)
learned = pictures.of_few_bits("learned steps", 3, "validation")
reveal(
    "3 bits for weights and activations, trained: accuracy",
    learned.mean(),
    between=(learned.min(), learned.max()),
)

# %% [markdown]
# From guessing to 0.80 on test images, four points short of float, at 3 bits for weights *and* activations. And who did it? With the weights *fixed*, where only steps, batch norm and the last layer learn, it's 0.76 already, as much as all weights reach with an observer. Letting the steps learn together with the weights brings the rest. (The observer's best rate lies at the edge of those that were tried.)
#
# Read the left end, too. At 8 bits, which most devices run, rounding alone costs one of the three networks a point, and the others nothing that shows. So first the clip, then batch norm, then what isn't rounded: biases and steps. If it still hurts, train through the staircase.

# %%
assert 0.81 < by_truth < 0.855 and by_ste > by_truth and changed < 8000  # on every machine
assert by_first[0] + 0.1 < by_first[4] < by_first[8] - 0.1
assert anew[1] > anew[0] + 0.3 and accuracy(three, *validation) > rounded_only + 0.3

# %% tags=["nbval-ignore-output"]
guesses()

# %% [markdown]
# ## You can now…
#
# - train a network with its rounding in the loop, by a straight-through estimator of your own, and say why a true gradient would not do;
# - say which weights get a gradient, which get none, and what becomes of those at the end codes;
# - round activations, too, by an observer or a step that learns, with batch norm folded in the loop;
# - do the same with torchao, and prove by a type that it is converted;
# - tell what is lost in weights from what is lost in batch norm's statistics;
# - say what few bits cost and what training gains, each against the network that differs in nothing else.
#
# **Common mistakes**
#
# - Rounding without a detour. Every gradient is 0, nothing is raised, and only biases learn.
# - Rounding first and `clamp` after it, in this PyTorch: weights on the two end codes get no gradient.
# - `convert` on a model that was never prepared. It stays float, in silence.
# - Comparing with a float network that trained less, or with two bits whose range is bad.
# - Measuring with batch norm in training mode, or with statistics of other weights.
#
# ## Cheat sheet
#
# | to | write |
# |---|---|
# | round with a gradient | `x.round().detach() + (x - x.detach())` |
# | quantize in the loop | $\hat w = s \cdot \operatorname{round}(\operatorname{clip}(w/s,\ -2^{b-1},\ 2^{b-1}-1))$; clip first, then round |
# | know the gradient of a weight | what comes from above if it is inside, 0 if it is clipped (ours; torchao: 0 at both end codes; signs and ternary: never 0) |
# | let the scale learn | $\partial\hat w/\partial s = q - w/s$ inside, $q$ where clipped; times $1/\sqrt{N q_{\max}}$ |
# | have three levels | 0 if $\lvert w\rvert \le 0.7$ of the row's mean magnitude, else $\pm a$; $a$: mean magnitude of those that stay |
# | have two levels | $a \cdot \operatorname{sign}(w)$, $a$: mean magnitude of the row |
# | use torchao | `quantize_(m, QATConfig(base, step="prepare"))`, train, `quantize_(m, QATConfig(base, step="convert"))` |
# | prove it | `type(layer.weight).__name__` of a linear layer is not `Parameter`; linear layers only |
# | re-estimate batch norm | statistics over training images with the quantized weights, no labels; measure in `eval()` |
# | judge it | float with equal epochs, two bits with the best clip, several seeds |
#
# Order of work: round only, with the best clip → re-estimate batch norm → enough? stop → prepare → train → convert → look at the type → measure.

# %% [markdown]
# ## Practise
#
# Nothing below is marked, and nothing leaves this machine. What you do is kept in one file, `progress.sqlite`,
# in the folder above this one, so you can stop at any time and go on where you were. Everything works by mouse and by keyboard.
# In any notebook, `cheat_sheet("06")` from `coursekit.learn.widgets` brings the page above back.
#
# **Cards.** Say the answer aloud before you turn one. Those you forget come back soon.

# %%
cards("06")

# %% [markdown]
# **Quiz.** Each option tells why it is right or wrong, and you may try again.

# %%
quiz("06")

# %% [markdown]
# **In your own words.** Write two or three sentences. You see which ideas were found in them.

# %%
respond("06")

# %% [markdown]
# **Practice.** From easy to hard, with a hint and worked steps when you want them.

# %%
practice("06")

# %% [markdown]
# **Traces.** Follow a run step by step. Say what comes next before you press the button.

# %% tags=["nbval-ignore-output"]
trace("06")

# %% [markdown]
# **Pattern test.** Ten questions on *quantization* from all lessons. Take it when the rest feels easy.

# %%
pattern_test("quantization")

# %% [markdown]
# **How far you are**, in this lesson and in the others.

# %% tags=["nbval-ignore-output"]
progress()

# %% [markdown]
# ## References
#
# - Y. Bengio, N. Léonard, A. Courville (2013): *Estimating or Propagating Gradients Through Stochastic Neurons for Conditional
#   Computation*. arXiv:1308.3432. Straight-through, which they credit to G. Hinton's lectures of 2012.
# - B. Jacob et al. (2018): *Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
#   Inference*. CVPR. arXiv:1712.05877. Fake quantization during training.
# - S. Esser, J. McKinstry, D. Bablani, R. Appuswamy, D. Modha (2020): *Learned Step Size Quantization*. ICLR.
#   arXiv:1902.08153. LSQ.
# - P. Yin et al. (2019): *Understanding Straight-Through Estimator in Training Activation Quantized Neural Nets*. ICLR.
#   arXiv:1903.05662. When it descends, and when it does not.
# - M. Nagel, M. Fournarakis, Y. Bondarenko, T. Blankevoort (2022): *Overcoming Oscillations in Quantization-Aware Training*.
#   ICML. arXiv:2203.11086. Weights at a border, and batch norm's statistics.
# - F. Li, B. Zhang, B. Liu (2016): *Ternary Weight Networks*. arXiv:1605.04711.
# - M. Courbariaux, Y. Bengio, J.-P. David (2015): *BinaryConnect: Training Deep Neural Networks with Binary Weights during
#   Propagations*. NeurIPS. arXiv:1511.00363.
# - M. Rastegari, V. Ordonez, J. Redmon, A. Farhadi (2016): *XNOR-Net: ImageNet Classification Using Binary Convolutional Neural
#   Networks*. ECCV. arXiv:1603.05279. A scale beside each row of signs.
# - R. Krishnamoorthi (2018): *Quantizing deep convolutional networks for efficient inference: A whitepaper*.
#   arXiv:1806.08342. Depthwise convolutions.
# - A. Howard et al. (2017): *MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications*.
#   arXiv:1704.04861.
# - PyTorch: [torchao, quantization-aware training](https://docs.pytorch.org/ao/stable/).
# - H. Xiao, K. Rasul, R. Vollgraf (2017): *Fashion-MNIST*. arXiv:1708.07747. The images.
