"""A training loop small enough to read, the same for every lesson."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pandas as pd
import torch
from torch import nn
from torch.nn import functional as F
from tqdm.auto import tqdm

Labelled = tuple[torch.Tensor, torch.Tensor]


def set_seed(seed: int, threads: int = 1) -> None:
    """Fixes what makes a run repeatable: torch's random numbers and its number of threads.

    One thread gives bitwise the same results on the same CPU and library; another number of threads
    adds the same numbers in another order.
    """
    torch.manual_seed(seed)
    torch.set_num_threads(threads)


def fit(
    model: nn.Module,
    train: Labelled,
    validation: Labelled | None = None,
    *,
    epochs: int = 5,
    lr: float = 1e-3,
    batch_size: int = 64,
    seed: int = 0,
    quiet: bool = False,
) -> pd.DataFrame:
    """Trains `model` in place with Adam on the cross-entropy of its outputs.

    Args:
        model: Maps inputs (batch, …) to logits (batch, classes).
        train: Inputs (n, …), float32, and labels (n,), int64.
        validation: The same, never trained on; measured after each epoch.
        epochs: How many times every example is seen.
        lr: Adam's step size (Kingma and Ba 2015, arXiv:1412.6980).
        batch_size: Examples a step.
        seed: Fixes the order of the examples, apart from torch's global random numbers.
        quiet: Whether to leave out the progress bar.

    Returns:
        One row an epoch: `epoch`, `loss` and `accuracy` on the training examples as they were seen
        (so measured while the model changes), and with `validation` also `validation_loss` and
        `validation_accuracy` after the epoch. Accuracies are between 0 and 1.

    Raises:
        ValueError: if inputs and labels differ in number.
    """
    inputs, labels = train
    if len(inputs) != len(labels):
        raise ValueError(f"{len(inputs)} inputs, but {len(labels)} labels")
    order = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    rows = []
    turns = range(1, epochs + 1)
    for epoch in tqdm(turns, desc="training", unit="epoch", leave=False, disable=quiet):
        model.train()
        loss_sum = 0.0
        correct = 0
        for batch in torch.randperm(len(inputs), generator=order).split(batch_size):
            logits = model(inputs[batch])
            loss = F.cross_entropy(logits, labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss_sum += loss.item() * len(batch)
            correct += int((logits.argmax(1) == labels[batch]).sum())
        row = {"epoch": epoch, "loss": loss_sum / len(inputs), "accuracy": correct / len(inputs)}
        if validation is not None:
            row["validation_loss"], row["validation_accuracy"] = evaluate(model, *validation)
        rows.append(row)
    model.eval()
    return pd.DataFrame(rows)


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Puts a model into evaluation mode for a while; then each of its parts has its own mode again.

    A frozen batch norm in a model that is trained, for example, stays frozen.
    """
    modes = [(part, part.training) for part in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for part, training in modes:
            part.training = training


@torch.no_grad()
def evaluate(
    model: nn.Module, inputs: torch.Tensor, labels: torch.Tensor, batch_size: int = 1000
) -> tuple[float, float]:
    """Mean cross-entropy and accuracy (0–1) of `model` in evaluation mode.

    Args:
        inputs: (n, …), what the model takes.
        labels: (n,), int64.
        batch_size: Examples at a time; it changes memory, not the result.
    """
    loss_sum = 0.0
    correct = 0
    with evaluating(model):
        for some, wanted in zip(inputs.split(batch_size), labels.split(batch_size), strict=True):
            logits = model(some)
            loss_sum += F.cross_entropy(logits, wanted, reduction="sum").item()
            correct += int((logits.argmax(1) == wanted).sum())
    return loss_sum / len(labels), correct / len(labels)


@contextmanager
def fixed(seed: int = 0) -> Iterator[None]:
    """One thread and this seed while it lasts; then threads and random numbers are as before."""
    threads = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]):
        set_seed(seed)
        try:
            yield
        finally:
            torch.set_num_threads(threads)


def learn(
    model: nn.Module,
    loss: Callable[[torch.Tensor], torch.Tensor],
    count: int,
    *,
    epochs: int,
    lr: float = 1e-3,
    batch_size: int = 64,
    seed: int = 0,
) -> None:
    """Trains what requires a gradient, in place, with Adam; the rate falls to 0 along a cosine.

    Args:
        model: What is trained; it is in evaluation mode afterwards.
        loss: The loss of a batch, from the places of its examples, int64, shape (batch,).
        count: How many examples there are.
        epochs: How many times each of them is seen.
        lr: Adam's first learning rate.
        batch_size: Examples per step.
        seed: Fixes the order of the examples, apart from torch's global random numbers.
    """
    order = torch.Generator().manual_seed(seed)
    learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.Adam(learned, lr=lr)
    steps = epochs * math.ceil(count / batch_size)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(epochs):
        model.train()
        for batch in torch.randperm(count, generator=order).split(batch_size):
            value = loss(batch)
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            schedule.step()
    model.eval()
