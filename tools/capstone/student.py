"""LeNet-300-100 trained, pruned and quantized, and kept as small as it has become.

Units and pixels that no weight uses any longer are taken out of the matrices at once: an epoch of a
network with 4,000 weights left costs a tenth of the first one, so there can be many.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import torch
from torch.nn import functional as F

from coursekit.lesson_15.squeeze.container import Layer
from tools.capstone.data import SHIFTS, Images

Note = Callable[[str], None]
SIZES = (784, 300, 100, 10)


@dataclass(frozen=True)
class Recipe:
    """What a run does; each ablation changes one entry.

    Attributes:
        keep: weights left after pruning.
        epochs: of training while pruning; of these, `warm` dense ones first and `settle` at the end
            with nothing more pruned.
        tune: epochs of quantization-aware tuning.
        lr, tune_lr: Adam's largest step sizes; both fall to a hundredth along a cosine.
        batch: images a step.
        teach: weight of the teacher's answers in the loss; 0: labels alone.
        temperature: of the teacher's and the student's answers.
        shifts: whether half of each batch is shifted by a pixel.
        score: `fisher`: w² times Adam's second moment; `magnitude`: |w|.
        per_bit: whether scores are divided by the bits that a weight is estimated to cost.
        everywhere: whether all layers are ranked together; else each keeps its share.
        step: of a layer's grid, as a multiple of its mean |w|.
        step_lr: Adam's largest step, as a share of a grid's step, for steps that are learned while
            tuning; 0: they stay.
        price: loss a bit, in millionths, of the estimated bits while tuning; 0: none.
    """

    keep: int = 4600
    epochs: int = 40
    warm: int = 3
    settle: int = 4
    tune: int = 14
    lr: float = 1.5e-3
    tune_lr: float = 3e-4
    batch: int = 128
    teach: float = 0.7
    temperature: float = 2.0
    shifts: bool = True
    score: str = "fisher"
    per_bit: bool = True
    everywhere: bool = True
    step: float = 0.4
    step_lr: float = 0.0
    price: float = 0.0


@dataclass
class Student:
    """The network as it is now, with Adam's moments: three matrices and three biases.

    Attributes:
        pixels: which of the 784 inputs the first matrix still sees, ascending.
        masks: float32, 1 where a weight is left; shaped as the weights.
        parameters, first, second: weights, biases and, while tuning, steps; Adam's two moments.
    """

    pixels: torch.Tensor
    masks: list[torch.Tensor]
    parameters: list[torch.Tensor]
    first: list[torch.Tensor] = field(default_factory=list)
    second: list[torch.Tensor] = field(default_factory=list)
    steps: int = 0

    @classmethod
    def new(cls, seed: int) -> Student:
        """As torch starts linear layers."""
        torch.manual_seed(seed)
        layers = [torch.nn.Linear(a, b) for a, b in pairwise(SIZES)]
        parameters = [layer.weight.detach().clone() for layer in layers]
        parameters += [layer.bias.detach().clone() for layer in layers]
        student = cls(torch.arange(784), [torch.ones_like(w) for w in parameters[:3]], parameters)
        student.restart()
        return student

    @classmethod
    def of(cls, layers: Sequence[Layer]) -> Student:
        """A squeezed network to train on; what is zero in it stays so."""
        masks = [torch.from_numpy(layer.levels != 0).float() for layer in layers]
        parameters = [torch.from_numpy(layer.weight()) for layer in layers]
        parameters += [torch.from_numpy(layer.bias()) for layer in layers]
        student = cls(torch.arange(masks[0].shape[1]), masks, parameters)
        student.restart()
        student.compact()
        return student

    def restart(self) -> None:
        """Forgets Adam's moments."""
        self.first = [torch.zeros_like(p) for p in self.parameters]
        self.second = [torch.zeros_like(p) for p in self.parameters]
        self.steps = 0

    def adam(self, gradients: list[torch.Tensor], lr: float) -> None:
        """One step (Kingma and Ba 2015), no weight moved that is pruned."""
        self.steps += 1
        torch._fused_adam_(
            self.parameters,
            gradients,
            self.first,
            self.second,
            [],
            [torch.tensor(float(self.steps))] * len(gradients),
            lr=lr,
            beta1=0.9,
            beta2=0.999,
            weight_decay=0.0,
            eps=1e-8,
            amsgrad=False,
            maximize=False,
        )
        torch._foreach_mul_(self.parameters[:3], self.masks)

    def left(self) -> int:
        """Weights not pruned."""
        return int(sum(mask.sum() for mask in self.masks))

    def prune(self, keep: int, recipe: Recipe) -> None:
        """Leaves the `keep` weights with the highest scores, then takes out what is unused."""
        scores = []
        for place, (weight, mask) in enumerate(zip(self.parameters, self.masks, strict=False)):
            score = weight.square()
            if recipe.score == "fisher":
                score = score * self.second[place]
            if recipe.per_bit:
                score = score / estimated_bits(mask)
            scores.append(torch.where(mask > 0, score, -1.0))
        if recipe.everywhere:
            ranked = torch.cat([score.flatten() for score in scores])
            cut = ranked.topk(min(keep, len(ranked))).values[-1]
            cuts = [cut] * 3
        else:
            share = keep / self.left()
            cuts = [
                score.flatten().topk(max(1, round(share * int(mask.sum())))).values[-1]
                for score, mask in zip(scores, self.masks, strict=True)
            ]
        self.masks = [
            (s >= c).float() * m for s, c, m in zip(scores, cuts, self.masks, strict=True)
        ]
        self.compact()

    def compact(self) -> None:
        """Takes out pixels and units that no weight uses, which leaves every answer as it was."""
        torch._foreach_mul_(self.parameters[:3], self.masks)
        for place in (1, 0):
            fed = self.masks[place].any(1)
            heard = self.masks[place + 1].any(0)
            # A unit that hears nothing says its bias for ever: the next layer's biases say it.
            constant = torch.where(fed, 0.0, self.parameters[3 + place].relu())
            self.parameters[4 + place] += self.parameters[place + 1] @ constant
            stay = (fed & heard).nonzero().flatten()
            for tensors in (self.parameters, self.first, self.second, self.masks):
                tensors[place] = tensors[place][stay]
                tensors[place + 1] = tensors[place + 1][:, stay]
                if tensors is not self.masks:
                    tensors[3 + place] = tensors[3 + place][stay]
        seen = self.masks[0].any(0).nonzero().flatten()
        self.pixels = self.pixels[seen]
        for tensors in (self.parameters, self.first, self.second, self.masks):
            tensors[0] = tensors[0][:, seen].contiguous()


def estimated_bits(mask: torch.Tensor) -> torch.Tensor:
    """About what a weight costs: 3.5 bits for its value, and its place.

    A place in a full row and a full column costs less than another.

    Args:
        mask: 1 where a weight is left, (outputs, inputs).
    """
    rows, columns = mask.mean(1, keepdim=True), mask.mean(0, keepdim=True)
    chance = rows * columns / mask.mean().clamp_min(1e-9)
    return 3.5 - chance.clamp(1e-5, 1).log2()


def inputs_of(
    images: Images, which: torch.Tensor, pixels: torch.Tensor, shift: int
) -> torch.Tensor:
    """The `pixels` of the training images `which`, shifted: float32 (batch, pixels) in 0–1."""
    down, right = SHIFTS[shift]
    places = (pixels // 28 + 1 - down) * 30 + pixels % 28 + 1 - right
    # In this order it takes a quarter of the time of an index into bytes.
    rows = images.padded.view(len(images), 900).index_select(0, which)
    return rows.float().index_select(1, places).div_(255)


def batches(
    images: Images, answers: torch.Tensor | None, student: Student, recipe: Recipe
) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]]:
    """One epoch, batch by batch: inputs, labels, the teacher's logits."""
    for which in torch.randperm(len(images)).split(recipe.batch):
        cut = len(which) // 2 if recipe.shifts else 0
        shift = int(torch.randint(1, len(SHIFTS), ()))
        parts = [(shift, which[:cut]), (0, which[cut:])]
        inputs = torch.cat([inputs_of(images, some, student.pixels, s) for s, some in parts])
        taught = None
        if answers is not None and recipe.teach:
            taught = torch.cat([answers[s].index_select(0, some) for s, some in parts]).float()
        yield inputs, images.labels[which], taught


def loss_of(
    logits: torch.Tensor, labels: torch.Tensor, taught: torch.Tensor | None, recipe: Recipe
) -> torch.Tensor:
    """α·T²·KL to the teacher's softened answers + (1 − α)·cross-entropy (Hinton et al. 2015)."""
    loss = F.cross_entropy(logits, labels)
    if taught is None:
        return loss
    heat = recipe.temperature
    target = F.softmax(taught / heat, 1)
    teach = F.kl_div(F.log_softmax(logits / heat, 1), target, reduction="batchmean")
    return recipe.teach * heat**2 * teach + (1 - recipe.teach) * loss


def forward(inputs: torch.Tensor, parameters: list[torch.Tensor]) -> torch.Tensor:
    """Logits (batch, 10) of the network with three weights and three biases."""
    hidden = F.relu(F.linear(inputs, parameters[0], parameters[3]))
    hidden = F.relu(F.linear(hidden, parameters[1], parameters[4]))
    return F.linear(hidden, parameters[2], parameters[5])


def train(
    images: Images,
    answers: torch.Tensor | None,
    student: Student,
    recipe: Recipe,
    note: Note,
) -> Student:
    """Trains a student and prunes it on the way; `keep` of its weights or more: it stays dense."""
    student.restart()
    total = student.left()
    steps = recipe.epochs * -(-len(images) // recipe.batch)
    each = steps // recipe.epochs
    begin, end = recipe.warm * each, (recipe.epochs - recipe.settle) * each
    step = 0
    for epoch in range(recipe.epochs):
        for inputs, labels, taught in batches(images, answers, student, recipe):
            lr = recipe.lr * (0.01 + 0.99 * (1 + math.cos(math.pi * step / steps)) / 2)
            lr *= min(1, (step + 1) / 200)
            leaves = [p.requires_grad_() for p in student.parameters]
            loss = loss_of(forward(inputs, leaves), labels, taught, recipe)
            gradients = list(torch.autograd.grad(loss, leaves))
            for leaf in leaves:
                leaf.requires_grad_(False)
            student.adam(gradients, lr)
            step += 1
        # Zhu and Gupta 2017, arXiv:1710.01878: fast at first, slowly in the end.
        if recipe.keep < total and step > begin:
            done = min(1.0, (step - begin) / (end - begin))
            student.prune(round(recipe.keep + (total - recipe.keep) * (1 - done) ** 3), recipe)
        if epoch % 5 == 4:
            sizes = [len(student.pixels), *(len(p) for p in student.parameters[:2])]
            wrong = error(student, student.parameters, images.validation)
            note(f"epoch {epoch + 1}: {student.left()} weights, {sizes}, {wrong:.4f}")
    return student


def error(
    student: Student, parameters: list[torch.Tensor], part: tuple[torch.Tensor, torch.Tensor]
) -> float:
    """Share of images answered wrongly, 0 to 1."""
    logits = logits_of(student, parameters, part[0])
    return float((logits.argmax(1) != part[1]).float().mean())


@torch.no_grad()
def logits_of(
    student: Student, parameters: list[torch.Tensor], images: torch.Tensor
) -> torch.Tensor:
    """Logits (n, 10) for float32 images (n, 1, 28, 28)."""
    return forward(images.flatten(1)[:, student.pixels], parameters)
