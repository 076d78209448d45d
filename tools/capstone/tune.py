"""Quantization-aware tuning: every weight on its layer's grid, and the bits in the loss."""

from __future__ import annotations

import math

import numpy as np
import torch

from coursekit.lesson_15.squeeze.container import Layer, half
from tools.capstone.data import Images
from tools.capstone.student import SIZES, Note, Recipe, Student, batches, error, forward, loss_of


def tune(
    images: Images, answers: torch.Tensor | None, student: Student, recipe: Recipe, note: Note
) -> list[Layer]:
    """Trains on with rounded weights (straight-through, Bengio et al. 2013) and gives the layers.

    A weight that is 0 on its grid may come back, unless it was pruned before.
    """
    weights = student.parameters[:3]
    steps = [
        recipe.step * weight.abs().sum() / mask.sum()
        for weight, mask in zip(weights, student.masks, strict=True)
    ]
    # Biases are few, and their grid may be coarse: two steps of the weights'.
    steps += [2 * step for step in steps]
    steps = [torch.tensor(half(float(step))) for step in steps]
    # As logarithms, so that a step of Adam is a share of the grid's.
    logs = torch.stack(steps).log()
    adam = torch.optim.Adam([logs], lr=recipe.step_lr)
    student.restart()
    total = recipe.tune * -(-len(images) // recipe.batch)
    step = 0
    for epoch in range(recipe.tune):
        for inputs, labels, taught in batches(images, answers, student, recipe):
            lr = recipe.tune_lr * (0.01 + 0.99 * (1 + math.cos(math.pi * step / total)) / 2)
            leaves = [p.requires_grad_() for p in student.parameters]
            if recipe.step_lr:
                leaves.append(logs.requires_grad_())
                steps = list(logs.exp())
            rounded = [_round(p, s) for p, s in zip(leaves, steps, strict=False)]
            loss = loss_of(forward(inputs, rounded), labels, taught, recipe)
            if recipe.price:
                bits = sum(
                    (1 + p.abs() / s).log2().sum()
                    for p, s in zip(leaves[:3], steps[:3], strict=True)
                )
                loss = loss + recipe.price * 1e-6 * bits
            gradients = list(torch.autograd.grad(loss, leaves))
            for leaf in leaves:
                leaf.requires_grad_(False)
            if recipe.step_lr:
                logs.grad = gradients.pop()
                adam.param_groups[0]["lr"] = recipe.step_lr * lr / recipe.tune_lr
                adam.step()
                steps = list(logs.exp())
            student.adam(gradients, lr)
            step += 1
        if epoch % 5 == 4 or epoch + 1 == recipe.tune:
            rounded = [_round(p, s) for p, s in zip(student.parameters, steps, strict=True)]
            left = sum(int((p != 0).sum()) for p in rounded[:3])
            wrong = error(student, rounded, images.validation)
            note(f"tuning, epoch {epoch + 1}: {left} weights, {wrong:.4f}")
    return layers_of(student, [torch.tensor(half(float(step))) for step in steps])


def _round(parameter: torch.Tensor, step: torch.Tensor) -> torch.Tensor:
    """The nearest number on the grid; its gradient goes to `parameter` as if there were none.

    A step that is learned gets what is left over, near − exact, in steps (Esser et al. 2020, LSQ).
    """
    exact = parameter / step
    return (exact + (exact.round() - exact).detach()) * step


def layers_of(student: Student, steps: list[torch.Tensor]) -> list[Layer]:
    """The network in its full shape, what was taken out as zeros."""
    layers = []
    for place in range(3):
        small = (student.parameters[place] / steps[place]).round().int().numpy()
        bias = (student.parameters[3 + place] / steps[3 + place]).round().int().numpy()
        levels = np.zeros((SIZES[place + 1], SIZES[place]), np.int32)
        columns = student.pixels.numpy() if place == 0 else np.arange(small.shape[1])
        levels[np.ix_(np.arange(len(small)), columns)] = small
        biases = np.zeros(SIZES[place + 1], np.int32)
        biases[: len(bias)] = bias
        layers.append(Layer(levels, float(steps[place]), biases, float(steps[3 + place])))
    return layers
