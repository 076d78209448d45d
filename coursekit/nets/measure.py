"""What a model costs and what it can do, measured the same way in every lesson."""

from __future__ import annotations

import gzip
import io
import math
import random
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from coursekit.nets.evidence import Verdict, by_image
from coursekit.nets.train import evaluate, evaluating

# Each call is timed alone in so many blocks: a drift of the machine then hits all alike.
_BLOCKS = 4


def count_parameters(model: nn.Module) -> int:
    """How many numbers the model learns: weights and biases, zeros included."""
    return sum(parameter.numel() for parameter in model.parameters())


def count_nonzero(what: nn.Module | torch.Tensor) -> int:
    """How many numbers of a tensor, or of all weights and biases of a model, are not zero.

    A pruned layer counts as it is used: with its mask.
    """
    return sum(int(torch.count_nonzero(tensor)) for tensor in _tensors(what))


def sparsity(what: nn.Module | torch.Tensor) -> float:
    """The share of zeros, from 0 to 1, in a tensor or in all weights and biases of a model."""
    total = sum(tensor.numel() for tensor in _tensors(what))
    return 1 - count_nonzero(what) / total


def _tensors(what: nn.Module | torch.Tensor) -> list[torch.Tensor]:
    if isinstance(what, torch.Tensor):
        return [what]
    masks = {
        name.removesuffix("_mask") + "_orig": buffer
        for name, buffer in what.named_buffers()
        if name.endswith("_mask")
    }
    return [
        parameter * masks[name] if name in masks else parameter
        for name, parameter in what.named_parameters()
    ]


def saved_bytes(what: nn.Module | Mapping[str, Any], *, compressed: bool = False) -> int:
    """Bytes of the file that `torch.save` writes for a model's state_dict, or for a dict.

    Args:
        what: A model, or what would be saved.
        compressed: Whether the file is then compressed with gzip at level 9.
    """
    buffer = io.BytesIO()
    torch.save(what.state_dict() if isinstance(what, nn.Module) else what, buffer)
    content = buffer.getvalue()
    return len(gzip.compress(content, 9, mtime=0)) if compressed else len(content)


@torch.no_grad()
def count_macs(model: nn.Module, inputs: torch.Tensor) -> int:
    """Multiply-accumulates of matrix products and convolutions for `inputs`, a whole batch.

    Half of the floating-point operations that torch.utils.flop_counter counts. Zeros count like any
    other weight, because a dense kernel multiplies them too.
    """
    # In training mode a forward pass would change the statistics of a batch norm.
    with evaluating(model), FlopCounterMode(display=False) as counter:
        model(inputs)
    return counter.get_total_flops() // 2


def accuracy(model: nn.Module, inputs: torch.Tensor, labels: torch.Tensor) -> float:
    """The share, from 0 to 1, of `inputs` (n, …) whose largest logit is that of `labels` (n,)."""
    return evaluate(model, inputs, labels)[1]


@dataclass(frozen=True)
class Comparison:
    """How two models answer the same images.

    Attributes:
        right: how many the other model gets right.
        changed: how many it answers differently, right or wrong.
        lost: how many only the reference gets right.
        won: how many only the other gets right.
        p: how often fair coins fall at least as unevenly as `lost` to `won`, two-sided: the exact
            form of the test of McNemar 1947, Psychometrika 12, 153–157.
        images: how many there are.
    """

    right: int
    changed: int
    lost: int
    won: int
    p: float
    images: int

    @property
    def verdict(self) -> Verdict:
        """Whether the other model is better: the rule of the course."""
        return by_image(self.lost, self.won, self.images)


@torch.no_grad()
def compare(
    reference: nn.Module, other: nn.Module, inputs: torch.Tensor, labels: torch.Tensor
) -> Comparison:
    """Sets the answers of two models side by side, image by image.

    Args:
        reference: Maps inputs (n, …) to logits (n, classes); run in evaluation mode, as is `other`.
        other: The model that is compared with it.
        inputs: (n, …), what both models take.
        labels: (n,), int64.

    Raises:
        ValueError: if inputs and labels differ in number.
    """
    if len(inputs) != len(labels):
        raise ValueError(f"{len(inputs)} inputs, but {len(labels)} labels")
    before, after = _answers(reference, inputs), _answers(other, inputs)
    was_right, is_right = before == labels, after == labels
    lost, won = int((was_right & ~is_right).sum()), int((is_right & ~was_right).sum())
    tail = sum(math.comb(lost + won, k) for k in range(min(lost, won) + 1)) / 2 ** (lost + won)
    return Comparison(
        right=int(is_right.sum()),
        changed=int((before != after).sum()),
        lost=lost,
        won=won,
        p=min(1.0, 2 * tail),
        images=len(inputs),
    )


def _answers(model: nn.Module, inputs: torch.Tensor) -> torch.Tensor:
    with evaluating(model):
        answers: torch.Tensor = model(inputs).argmax(1)
    return answers


@dataclass(frozen=True)
class Latency:
    """Times of one call in seconds, on `threads` threads.

    Attributes:
        times: Of every timed call, from the first on.
        threads: How many threads torch used.
        order: "shuffled": among other calls, each round in another order, so most calls find caches
            that another one has filled. "alone": only calls of the same before it, so it finds its
            own.
        alone: The same call timed alone, where that was asked for.
    """

    times: tuple[float, ...] = field(repr=False)
    threads: int
    order: Literal["shuffled", "alone"]
    alone: Latency | None = None

    @property
    def runs(self) -> int:
        return len(self.times)

    @property
    def lower_quartile(self) -> float:
        return self._quartiles()[0]

    @property
    def median(self) -> float:
        return self._quartiles()[1]

    @property
    def upper_quartile(self) -> float:
        return self._quartiles()[2]

    def _quartiles(self) -> list[float]:
        return statistics.quantiles(self.times, n=4, method="inclusive")


@torch.no_grad()
def latency(
    calls: Mapping[str, Callable[[], Any]],
    *,
    runs: int = 100,
    warm_up: int = 10,
    threads: int = 1,
    alone: bool = False,
    seed: int = 0,
    before: Callable[[], object] = lambda: None,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Latency]:
    """Times several calls in rounds, each round in another order.

    In turn, a drift of the machine hits all alike. In a fixed order each call would be timed with
    the caches that always the same neighbour leaves it, so the order is shuffled in every round.

    Args:
        calls: A name and a call without arguments for each thing to time.
        runs: How many timed calls each gets; at least 2.
        warm_up: Untimed calls before that: lazy set-up happens.
        threads: How many threads torch uses meanwhile.
        alone: Whether each is then timed alone as well, as often, in four blocks that take turns:
            in each it is called again and again, the first `warm_up` times untimed.
        seed: Of the orders.
        before: Called, untimed, before every timed call, for example to empty the caches.
        clock: Tells the time in seconds.

    Returns:
        A `Latency` for each name, whose `order` says how it was timed. Compare medians of the same
        order, and say so when the quartiles overlap.

    Raises:
        ValueError: if `runs` is under 2, or `warm_up` under 0.
    """
    if runs < 2 or warm_up < 0:
        raise ValueError("latency needs at least 2 runs and no negative warm-up")
    draw = random.Random(seed)

    def timed(rounds: int, warm: int, times: int) -> dict[str, tuple[float, ...]]:
        """Seconds, from rounds in which each is called `warm` times untimed, then `times` times."""
        found: dict[str, list[float]] = {name: [] for name in calls}
        for _ in range(rounds):
            for name in draw.sample(list(calls), len(calls)):
                call = calls[name]
                for _ in range(warm):
                    call()
                for _ in range(times):
                    before()
                    start = clock()
                    call()
                    found[name].append(clock() - start)
        return {name: tuple(seconds) for name, seconds in found.items()}

    threads_before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        timed(warm_up, 1, 0)
        shuffled = timed(runs, 0, 1)
        blocks = timed(_BLOCKS, warm_up, math.ceil(runs / _BLOCKS)) if alone else {}
    finally:
        torch.set_num_threads(threads_before)
    order: Literal["shuffled", "alone"] = "shuffled" if len(calls) > 1 else "alone"
    by_itself = {name: Latency(times, threads, "alone") for name, times in blocks.items()}
    return {
        name: Latency(times, threads, order, by_itself.get(name))
        for name, times in shuffled.items()
    }


def slowest(times: Mapping[str, Latency]) -> tuple[str, ...]:
    """The name with the largest median, and all whose quartiles meet its own."""
    loser = max(times.values(), key=lambda time: time.median)
    return tuple(
        name for name, time in times.items() if time.upper_quartile >= loser.lower_quartile
    )
