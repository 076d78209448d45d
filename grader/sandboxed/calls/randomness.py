"""The states of all generators of random numbers, read and set."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from grader.protocol.calls import ENCODER
from grader.sandboxed.codec.buffers import join
from grader.sandboxed.codec.libraries import torch_module
from grader.sandboxed.codec.packing import Packer


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


def set_random_states(states: list[Any]) -> None:
    """Goes on from states of `random_states`."""
    torch = torch_module()
    version, numbers, gauss = states[0]
    random.setstate((version, tuple(numbers.tolist()), gauss))
    np.random.set_state(tuple(states[1]))
    if torch is not None and states[2] is not None:
        torch.set_rng_state(states[2])
