"""The teacher: a small convolutional network, and its answers to every training image and shift."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional as F

from coursekit.nets.networks import teacher_cnn
from coursekit.nets.train import evaluate, set_seed
from tools.capstone.data import SHIFTS, Images

Note = Callable[[str], None]


def train_teacher(images: Images, seed: int, epochs: int, note: Note) -> nn.Sequential:
    """Trains with Adam, one cycle of the step size, half of each batch shifted by a pixel."""
    set_seed(seed)
    model = teacher_cnn()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    steps = epochs * -(-len(images) // 128)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps)
    for epoch in range(epochs):
        model.train()
        for which in torch.randperm(len(images)).split(128):
            half = len(which) // 2
            shift = int(torch.randint(1, len(SHIFTS), ()))
            inputs = torch.cat([images.batch(which[:half], shift), images.batch(which[half:])])
            loss = F.cross_entropy(model(inputs), images.labels[which])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        note(f"teacher, epoch {epoch + 1} of {epochs}")
    return model.eval()


@torch.no_grad()
def answers(model: nn.Module, images: Images, note: Note) -> torch.Tensor:
    """The teacher's logits for each training image under each shift: float16 (shifts, n, 10)."""
    everyone = torch.arange(len(images))
    found = []
    for shift in range(len(SHIFTS)):
        logits = [model(images.batch(which, shift)) for which in everyone.split(500)]
        found.append(torch.cat(logits).half())
        note(f"teacher's answers, {shift + 1} of {len(SHIFTS)} shifts")
    return torch.stack(found)


def error(model: nn.Module, part: tuple[torch.Tensor, torch.Tensor]) -> float:
    """Share of images answered wrongly, 0 to 1."""
    return 1 - evaluate(model, *part)[1]
