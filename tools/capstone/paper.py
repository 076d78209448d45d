"""Deep Compression (Han et al. 2016, arXiv:1510.00149): prune, share, Huffman."""

from __future__ import annotations

import math

import numpy as np
import torch

from coursekit.lesson_15.squeeze.shared import Shared
from tools.capstone.data import Images
from tools.capstone.student import SIZES, Note, Recipe, Student, batches, error, forward, loss_of


def kmeans(weights: torch.Tensor, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Lloyd's algorithm in one dimension, begun with values at equal distances, as in the paper.

    Args:
        weights: float32 (n,).
        count: of shared values.

    Returns:
        The values, ascending, float32 (count,), and which one each weight takes, int64 (n,).
    """
    values = torch.linspace(float(weights.min()), float(weights.max()), count)
    for _ in range(50):
        which = torch.bucketize(weights, (values[1:] + values[:-1]) / 2)
        members = torch.bincount(which, minlength=count)
        sums = torch.zeros(count).index_add_(0, which, weights)
        values = torch.where(members > 0, sums / members.clamp_min(1), values)
    return values, torch.bucketize(weights, (values[1:] + values[:-1]) / 2)


def share(
    images: Images, student: Student, counts: tuple[int, int, int], recipe: Recipe, note: Note
) -> list[Shared]:
    """Gives the weights of each layer `counts` values, and trains these and the biases on.

    The gradient of a shared value is the sum over all weights that take it, which is what autograd
    makes of an index.
    """
    places = [mask.bool() for mask in student.masks]
    found = [
        kmeans(weight[place], count)
        for weight, place, count in zip(student.parameters, places, counts, strict=False)
    ]
    which = [codes for _, codes in found]
    leaves = [values.clone() for values, _ in found] + student.parameters[3:]

    def parameters() -> list[torch.Tensor]:
        weights = [
            torch.zeros(place.shape).masked_scatter(place, values[codes])
            for place, codes, values in zip(places, which, leaves, strict=False)
        ]
        return weights + leaves[3:]

    optimizer = torch.optim.Adam(leaves, lr=recipe.tune_lr)
    total = recipe.tune * -(-len(images) // recipe.batch)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: 0.01 + 0.99 * (1 + math.cos(math.pi * min(1, step / total))) / 2
    )
    for leaf in leaves:
        leaf.requires_grad_(True)
    for epoch in range(recipe.tune):
        for inputs, labels, _ in batches(images, None, student, recipe):
            loss = loss_of(forward(inputs, parameters()), labels, None, recipe)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        note(f"shared values, epoch {epoch + 1} of {recipe.tune}")
    for leaf in leaves:
        leaf.requires_grad_(False)
    note(f"shared: {error(student, parameters(), images.validation):.4f} on validation images")
    return [_layer(student, place, which[place], leaves) for place in range(3)]


def _layer(student: Student, place: int, which: torch.Tensor, leaves: list[torch.Tensor]) -> Shared:
    """One layer in its full shape."""
    small = np.zeros(student.masks[place].shape, np.uint8)
    small[student.masks[place].bool().numpy()] = which.numpy() + 1
    codes = np.zeros((SIZES[place + 1], SIZES[place]), np.uint8)
    columns = student.pixels.numpy() if place == 0 else np.arange(small.shape[1])
    codes[np.ix_(np.arange(len(small)), columns)] = small
    biases = np.zeros(SIZES[place + 1], np.float16)
    biases[: small.shape[0]] = leaves[3 + place].half().numpy()
    return Shared(codes, leaves[place].half().numpy(), biases)
