"""The small networks that several lessons train and compress."""

from __future__ import annotations

from typing import Literal

import torch
from torch import nn

from coursekit.data import load_arrays


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


def depthwise_cnn() -> nn.Sequential:
    """Four pairs of a depthwise and a pointwise convolution for 28×28 images, untrained.

    MobileNet's building block (Howard et al. 2017, arXiv:1704.04861), batch norm after each.
    """
    layers: list[nn.Module] = [*_with_norm(nn.Conv2d(1, 16, 3, 2, 1, bias=False))]
    for inputs, outputs, stride in ((16, 16, 1), (16, 32, 1), (32, 32, 2), (32, 32, 1)):
        depthwise = nn.Conv2d(inputs, inputs, 3, stride, 1, groups=inputs, bias=False)
        layers += [*_with_norm(depthwise), *_with_norm(nn.Conv2d(inputs, outputs, 1, bias=False))]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10))


def _with_norm(conv: nn.Conv2d) -> tuple[nn.Module, ...]:
    return conv, nn.BatchNorm2d(conv.out_channels), nn.ReLU()


# Those that the course ships trained, and the file that holds each.
_SHIPPED = {
    "mlp": (small_mlp, "integer_networks.npz"),
    "cnn": (batch_norm_cnn, "integer_networks.npz"),
    "depthwise": (depthwise_cnn, "depthwise_network.npz"),
}


def float_network(name: Literal["mlp", "cnn", "depthwise"]) -> nn.Sequential:
    """A network in float32 as it was trained, until more epochs brought nothing, to evaluate.

    Raises:
        DataError: if the file is missing or damaged.
    """
    make, file = _SHIPPED[name]
    model, arrays = make(), load_arrays(file)
    state = {key: torch.from_numpy(arrays[f"{name}.{key}"]) for key in model.state_dict()}
    model.load_state_dict(state)
    return model.eval()
