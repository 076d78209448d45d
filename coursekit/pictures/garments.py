"""Garments, and what a network calls them."""

from __future__ import annotations

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import nn

from coursekit.nets.data import FASHION_CLASSES, Split
from coursekit.pictures.moving import INK, MARK
from coursekit.pictures.opening_style import words

# Told apart at a glance: trousers, bag, ankle boot, pullover, dress.
CLASSES = (1, 8, 9, 2, 3)


def recognised(model: nn.Module, split: Split) -> list[int]:
    """Of each of these classes the first image that `model` takes for what it is."""
    right = names(model, split) == split.labels
    return [int((right & (split.labels == label)).argmax()) for label in CLASSES]


def names(model: nn.Module, split: Split) -> np.ndarray:
    """What `model` calls each image: (images,), classes from 0 to 9."""
    with torch.no_grad():
        answers: np.ndarray = model(split.tensors()[0]).argmax(1).numpy()
    return answers


def name_them(
    figure: Figure,
    called: np.ndarray,
    xs: list[int],
    y: int,
    size: float = 8.5,
    classes: tuple[int, ...] = CLASSES,
) -> None:
    """Under garments what they are called, in orange where they are called something else."""
    for x, name, label in zip(xs, called, classes, strict=True):
        colour = INK if name == label else MARK
        words(figure, x, y, FASHION_CLASSES[name], fontsize=size, color=colour)


def listed(called: np.ndarray) -> str:
    """The same as a text."""
    return ", ".join(FASHION_CLASSES[name] for name in called)
