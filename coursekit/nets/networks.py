"""The small networks that several lessons train and compress."""

from __future__ import annotations

import copy
from itertools import pairwise
from typing import Literal

import torch
from torch import nn
from torch.nn.utils import prune
from torch.nn.utils.fusion import fuse_conv_bn_eval

from coursekit.nets.data import load_arrays


def lenet() -> nn.Sequential:
    """LeNet-300-100 for 28×28 images (LeCun et al. 1998), untrained."""
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, 300),
        nn.ReLU(),
        nn.Linear(300, 100),
        nn.ReLU(),
        nn.Linear(100, 10),
    )


def small_cnn() -> nn.Sequential:
    """Two convolutions and two linear layers for 28×28 images, untrained."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(16 * 7 * 7, 64),
        nn.ReLU(),
        nn.Linear(64, 10),
    )


def small_mlp() -> nn.Sequential:
    """Three linear layers for 28×28 images, untrained: 784, 64, 32 and 10."""
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, 64),
        nn.ReLU(),
        nn.Linear(64, 32),
        nn.ReLU(),
        nn.Linear(32, 10),
    )


def batch_norm_cnn() -> nn.Sequential:
    """Two convolutions, each with batch norm and pooling, and a linear layer, untrained."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(16 * 7 * 7, 10),
    )


def six_for_one_job() -> dict[str, nn.Sequential]:
    """Six networks for 28×28 images and ten classes, untrained, that cost very different things."""

    def linear(*sizes: int) -> list[nn.Module]:
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(sizes):
            layers += [nn.Linear(inputs, outputs), nn.ReLU()]
        return layers[:-1]

    def convolution(inputs: int, outputs: int, size: int, groups: int = 1) -> list[nn.Module]:
        layer = nn.Conv2d(inputs, outputs, size, padding=size // 2, groups=groups)
        return [layer, nn.ReLU()]

    def answer(channels: int) -> list[nn.Module]:
        return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10)]

    wide = nn.Sequential(nn.Flatten(), *linear(784, 4096, 1024, 10))
    pruned = copy.deepcopy(wide)
    for layer in pruned:
        if isinstance(layer, nn.Linear):
            prune.l1_unstructured(layer, "weight", amount=0.9)
            prune.remove(layer, "weight")
    cnn: list[nn.Module] = [*convolution(1, 40, 3), *convolution(40, 40, 3), nn.MaxPool2d(2)]
    cnn += [*convolution(40, 40, 3), *answer(40)]
    separable: list[nn.Module] = [*convolution(1, 16, 3)]
    for _ in range(2):
        separable += [*convolution(16, 16, 3, groups=16), *convolution(16, 16, 1)]
    models = {
        "one hidden layer": nn.Sequential(nn.Flatten(), *linear(784, 256, 10)),
        "thin and deep": nn.Sequential(nn.Flatten(), *linear(784, *[16] * 60, 10)),
        "wide": wide,
        "wide, pruned": pruned,
        "CNN": nn.Sequential(*cnn),
        "separable CNN": nn.Sequential(*separable, *answer(16)),
    }
    return {name: model.eval() for name, model in models.items()}


def depthwise_cnn() -> nn.Sequential:
    """Four pairs of a depthwise and a pointwise convolution for 28×28 images, untrained.

    MobileNet's building block (Howard et al. 2017, arXiv:1704.04861), batch norm after each.
    """
    layers: list[nn.Module] = [*_with_norm(nn.Conv2d(1, 16, 3, 2, 1, bias=False))]
    for inputs, outputs, stride in ((16, 16, 1), (16, 32, 1), (32, 32, 2), (32, 32, 1)):
        depthwise = nn.Conv2d(inputs, inputs, 3, stride, 1, groups=inputs, bias=False)
        layers += [*_with_norm(depthwise), *_with_norm(nn.Conv2d(inputs, outputs, 1, bias=False))]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10))


def teacher_cnn() -> nn.Sequential:
    """Three convolutions with batch norm, and dropout, for 28×28 images, untrained."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise((1, 16, 32, 64)):
        conv = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        layers += [*_with_norm(conv), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.3), nn.Linear(64 * 9, 10))


def student_mlp(hidden: int = 32) -> nn.Sequential:
    """One hidden layer for 28×28 images, untrained."""
    return nn.Sequential(nn.Flatten(), nn.Linear(784, hidden), nn.ReLU(), nn.Linear(hidden, 10))


def _with_norm(conv: nn.Conv2d) -> tuple[nn.Module, ...]:
    return conv, nn.BatchNorm2d(conv.out_channels), nn.ReLU()


# Those that the course ships trained, and the file that holds each.
_SHIPPED = {
    "mlp": (small_mlp, "integer_networks.npz"),
    "cnn": (batch_norm_cnn, "integer_networks.npz"),
    "depthwise": (depthwise_cnn, "depthwise_network.npz"),
    "teacher": (teacher_cnn, "taught_teacher.npz"),
}


def float_network(name: Literal["mlp", "cnn", "depthwise", "teacher"]) -> nn.Sequential:
    """A network in float32 as it was trained, until more epochs brought nothing, to evaluate.

    Raises:
        DataError: if the file is missing or damaged.
    """
    make, file = _SHIPPED[name]
    model, arrays = make(), load_arrays(file)
    state = {key: torch.from_numpy(arrays[f"{name}.{key}"]) for key in model.state_dict()}
    model.load_state_dict(state)
    return model.eval()


def folded(model: nn.Sequential) -> nn.Sequential:
    """A copy to evaluate, each batch norm folded into the convolution before it (lesson 04)."""
    layers = list(copy.deepcopy(model).eval())
    for place in range(len(layers) - 1, 0, -1):
        conv, norm = layers[place - 1 : place + 1]
        if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
            layers[place - 1 : place + 1] = [fuse_conv_bn_eval(conv, norm)]
    return nn.Sequential(*layers)
