"""Gradual pruning as lesson 09 built it: masks over all layers, a cubic climb, one loop."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import torch
from torch import nn
from torch.nn import functional as F

from coursekit.nets.train import Labelled

# How many steps lie between two cuts, and how many images a step sees.
EVERY, BATCH = 25, 64


def linears(model: nn.Module) -> list[nn.Linear]:
    """Its linear layers in their order."""
    return [layer for layer in model.modules() if isinstance(layer, nn.Linear)]


def prunable(model: nn.Module) -> list[torch.Tensor]:
    """The weights of its linear layers, without biases."""
    return [layer.weight for layer in linears(model)]


def stack(shapes: Sequence[tuple[int, int]]) -> nn.Sequential:
    """Linear layers with ReLU between them, untrained, for images: one for each (outputs, inputs).

    From the shapes of LeNet-300-100 it makes what `coursekit.nets.networks.lenet` makes.
    """
    layers: list[nn.Module] = [nn.Flatten()]
    for outputs, inputs in shapes:
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def cubic(share: float, done: float, begin: float = 0.1, end: float = 0.7) -> float:
    """The sparsity when `done` of the training is over (Zhu and Gupta 2017, arXiv:1710.01878).

    Args:
        share: the sparsity in the end, 0–1.
        done: the share of the training that is over, 0–1.
        begin: where the climb begins, a share of the training.
        end: where it ends.
    """
    passed = min(max((done - begin) / (end - begin), 0), 1)
    return float(share * (1 - (1 - passed) ** 3))


def global_masks(weights: Sequence[torch.Tensor], share: float) -> list[torch.Tensor]:
    """1 where a weight stays, of the weight's shape: the largest magnitudes of all together."""
    sizes = [weight.abs().flatten() for weight in weights]
    magnitudes = torch.cat(sizes).detach()
    stay = len(magnitudes) - round(share * len(magnitudes))
    mask = torch.zeros_like(magnitudes)
    mask[magnitudes.topk(stay, sorted=False).indices] = 1
    parts = mask.split([len(size) for size in sizes])
    return [part.view_as(weight) for part, weight in zip(parts, weights, strict=True)]


@torch.no_grad()
def apply(masks: Sequence[torch.Tensor], weights: Sequence[torch.Tensor]) -> None:
    """Sets to zero, in place, what a mask has as 0."""
    for mask, weight in zip(masks, weights, strict=True):
        weight *= mask


def batches(images: int, epochs: int, seed: int = 0) -> Iterator[tuple[float, torch.Tensor]]:
    """For each step the share of the training that is over, 0–1, and which images it sees, (64,).

    Args:
        images: how many there are.
        epochs: how many times each is seen.
        seed: fixes their order.
    """
    order = torch.Generator().manual_seed(seed)
    steps = epochs * math.ceil(images / BATCH)
    step = 0
    for _ in range(epochs):
        for batch in torch.randperm(images, generator=order).split(BATCH):
            yield step / steps, batch
            step += 1


def train_gradually(
    model: nn.Sequential,
    images: Labelled,
    epochs: int,
    lr: float,
    share: float = 0.0,
    *,
    seed: int = 0,
) -> nn.Sequential:
    """Trains in place with Adam, prunes on a cubic climb meanwhile; the learning rate falls to 0.

    Args:
        model: gives logits (batch, classes).
        images: inputs (n, …), float32, and labels (n,), int64.
        epochs: how many times every image is seen.
        lr: the learning rate at the start.
        share: the sparsity in the end, 0–1; at 0 the network stays dense.
        seed: fixes the order of the images.

    Returns:
        The model, in evaluation mode.
    """
    (x, y), weights = images, prunable(model)
    optimizer = torch.optim.Adam(model.parameters(), lr, fused=True)
    now, kept = 0.0, [torch.ones_like(weight) for weight in weights]
    model.train()
    for step, (done, batch) in enumerate(batches(len(x), epochs, seed)):
        if step % EVERY == 0 and cubic(share, done) > now:  # a cut
            now = cubic(share, done)
            kept = global_masks(weights, now)
            apply(kept, weights)
        optimizer.param_groups[0]["lr"] = lr * (1 - done)
        optimizer.zero_grad()
        F.cross_entropy(model(x[batch]), y[batch]).backward()
        optimizer.step()
        if now:
            apply(kept, weights)  # Adam moves what is pruned, too
    return model.eval()
