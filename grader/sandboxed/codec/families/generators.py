"""Generators of random numbers, of NumPy and torch, by their states."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from grader.protocol.values import CannotCross, Node, Random
from grader.sandboxed.codec.family import NOT_MINE, NotMine
from grader.sandboxed.codec.libraries import torch_module

if TYPE_CHECKING:
    from grader.sandboxed.codec.packing import Packer
    from grader.sandboxed.codec.unpacking import Unpacker

# Of a Mersenne Twister.
_WORDS = 624
# Where the words of one of torch's stand, and how often new ones are made in about a million draws.
_OF_TORCH = slice(24, 24 + 8 * _WORDS)
_MOST_MADE = 2_000
# Of NumPy's: steps of a draw each.
_STEP, _BITS, _MOST_STEPS = 0x2360ED051FC65DA44385DF649FCCF645, 128, 2**40


def encode(value: Any, packer: Packer) -> Node | NotMine:
    torch = torch_module()
    if isinstance(value, np.random.Generator):
        packer.register(value)
        return Random("numpy", packer.pack(value.bit_generator.state))
    if torch is not None and isinstance(value, torch.Generator):
        packer.register(value)
        return Random("torch", packer.pack(value.get_state()))
    return NOT_MINE


def decode(node: Random, unpacker: Unpacker) -> Any:
    place = unpacker.reserve()
    # Its numbers are compared with nothing.
    narrow, unpacker.narrow = unpacker.narrow, None
    state = unpacker.unpack(node.state)
    unpacker.narrow = narrow
    made: Any
    if node.kind == "torch":
        made = torch_module().Generator()
        if sum(_place_of(state)) > _WORDS + 1:
            # It would draw from what lies behind its numbers.
            raise CannotCross("a generator that goes on beyond its state")
        made.set_state(state)
    else:
        made = np.random.Generator(np.random.PCG64())
        made.bit_generator.state = state
    unpacker.objects[place] = made
    return made


def assign(target: Any, value: Any) -> bool:
    torch = torch_module()
    if torch is not None and isinstance(target, torch.Generator):
        target.set_state(value.get_state())
    elif isinstance(target, np.random.Generator):
        target.bit_generator.state = value.bit_generator.state
    else:
        return False
    return True


def goes_on(ours: Any, theirs: Any) -> bool:
    """Whether one of this side's may be what the other side has made of it: what drawing comes to.
    Else it goes on from somewhere else: which numbers are drawn next, no other state decides."""
    torch = torch_module()
    if isinstance(ours, np.random.Generator):
        before, now = (one.bit_generator.state for one in (ours, theirs))
        if before["bit_generator"] == now["bit_generator"] == "PCG64":
            (start, odd), (end, other) = (one["state"].values() for one in (before, now))
            if odd == other and _steps(start, end, odd) <= _MOST_STEPS:
                return True
        ours.random()
    elif torch is not None and isinstance(ours, torch.Generator):
        before, now, twin = ours.get_state(), theirs.get_state(), torch.Generator()
        (left, _), (still, following) = _place_of(before), _place_of(now)
        twin.set_state(before)
        for made in range(_MOST_MADE):
            if torch.equal(twin.get_state()[_OF_TORCH], now[_OF_TORCH]):
                is_on = still + following == _WORDS + 1 and (made > 0 or still <= left)
                if is_on or _place_of(before) == _place_of(now):
                    return True
                break
            torch.empty(_WORDS, dtype=torch.int32).random_(generator=twin)
        torch.empty(1).random_(generator=ours)
    else:
        return True
    return False


def _place_of(state: Any) -> tuple[int, int]:
    """Of one of torch's, how many words are left until new ones are made, and which is the next."""
    left, following = struct.unpack("=i4xQ", state.numpy().tobytes()[8:24])
    return left, following


def _steps(state: int, end: int, odd: int) -> int:
    """How many steps lead from one state to another, found bit by bit."""
    factor, more, steps = _STEP, odd, 0
    for bit in (1 << place for place in range(_BITS)):
        if (state ^ end) & bit:
            state, steps = (state * factor + more) % 2**_BITS, steps | bit
        factor, more = factor * factor % 2**_BITS, (factor + 1) * more % 2**_BITS
    return steps
