"""The states of all generators of random numbers, read and set."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np

from grader.protocol.calls import ENCODER
from grader.sandboxed.codec.buffers import join
from grader.sandboxed.codec.libraries import torch_module
from grader.sandboxed.codec.packing import Packer
from grader.sandboxed.databases import begin_chance_elsewhere


def random_states() -> list[Any]:
    """The states of the generators that Python, NumPy and torch share in a process."""
    torch = torch_module()
    version, numbers, gauss = random.getstate()
    name, keys, place, has_gauss, cached = np.random.get_state()
    return [
        [version, np.array(numbers, np.uint64), gauss],
        [name, keys, place, has_gauss, cached],
        None if torch is None else torch.get_rng_state(),
    ]


def picture_of_states() -> bytes:
    packer = Packer(lambda value: None, {})
    return ENCODER.encode(packer.pack(random_states())) + join(packer.buffers)


def draw_on() -> bytes:
    """Goes on from other states, as the other side has from these; returns how they look. Which
    ones it has come to is not believed: a test may draw what it asks next."""
    torch = torch_module()
    random.random()
    np.random.random_sample()
    if torch is not None:
        torch.rand(1)
    return picture_of_states()


def set_random_states(states: list[Any]) -> None:
    """Goes on from states of `random_states`."""
    torch = torch_module()
    version, numbers, gauss = states[0]
    random.setstate((version, tuple(numbers.tolist()), gauss))
    np.random.set_state(tuple(states[1]))
    if torch is not None and states[2] is not None:
        torch.set_rng_state(states[2])


# The state that Python's own generator has where given cells have seeded it.
_seeded: Any = None
# Times that it makes 624 new numbers: about a million draws.
_MOST_MADE = 2_000


def note_if_seeded(before: Any) -> None:
    """Takes note of whether Python's own generator was seeded since: whether it is not what drawing
    has made of that state."""
    global _seeded
    now, draws = random.getstate(), random.Random()
    draws.setstate(before)
    for _ in range(_MOST_MADE):
        if draws.getstate()[1][:-1] == now[1][:-1]:
            return
        draws.getrandbits(32 * 624)
    _seeded = now


def go_on_if_seeded() -> None:
    """Goes on from there in a fork, in which Python has seeded its generator anew."""
    if _seeded is not None:
        random.setstate(_seeded)


class OwnChance:
    """Random numbers for tests that no player can draw, too.

    Player and judge are forked from one process. What given cells draw is to be the same in both;
    what a test draws without a seed is not. Python's own generator is another in every fork.
    """

    def __init__(self) -> None:
        # By library: what to call to go on as if no test had been.
        self._back: dict[str, tuple[Callable[[], None], object]] = {}

    def for_test(self) -> None:
        """A test begins: generators that nobody has seeded go on from somewhere else."""
        torch = torch_module()
        if "numpy" not in self._back and (mark := _numpy_unseeded()) is not None:
            numpy_state = np.random.get_state()
            np.random.set_state(np.random.RandomState().get_state())
            self._back["numpy"] = lambda: np.random.set_state(numpy_state), mark
        if "torch" not in self._back and torch is not None and _torch_unseeded(torch):
            torch_state = torch.get_rng_state()
            self._back["torch"] = lambda: torch.set_rng_state(torch_state), torch.seed()
        begin_chance_elsewhere()

    def for_given(self) -> None:
        """A given cell begins: it draws what it draws in the player, but for what tests seeded."""
        torch = torch_module()
        now = {"numpy": _numpy_unseeded(), "torch": torch and torch.initial_seed()}
        for library, (go_back, mark) in self._back.items():
            if now[library] == mark:
                go_back()
        self._back.clear()


# The seed that torch had when it was imported.
_imported_with: int | None = None


def imported_torch() -> None:
    """Takes note of the seed with which torch begins, before any cell runs."""
    global _imported_with
    torch = torch_module()
    if torch is not None and _imported_with is None:
        _imported_with = torch.initial_seed()


def _torch_unseeded(torch: Any) -> bool:
    return bool(torch.initial_seed() == _imported_with)


def _numpy_unseeded() -> object:
    """What NumPy's generator was made from; None once it has been seeded."""
    library: Any = np.random
    return getattr(library.get_bit_generator(), "seed_seq", None)
