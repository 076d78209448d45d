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
# Where the words of one of torch's stand, and how often new ones are made in some million draws.
_OF_TORCH = slice(24, 24 + 8 * _WORDS)
_MOST_MADE = 20_000
# Of NumPy's: steps of a draw each.
_STEP, _BITS, _MOST_STEPS = 0x2360ED051FC65DA44385DF649FCCF645, 128, 2**40
# In how many of the last draws what is kept of one of them is looked for.
_MOST_LAST = 2**22


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
    if type(ours) is not type(theirs):
        return True  # then nothing goes on: see `assign`
    if isinstance(ours, np.random.Generator):
        before, now = (one.bit_generator.state for one in (ours, theirs))
        if before["bit_generator"] == now["bit_generator"] == "PCG64":
            (start, odd), (end, other) = (one["state"].values() for one in (before, now))
            steps = _steps(start, end, odd) if odd == other else _MOST_STEPS + 1
            if steps <= _MOST_STEPS and _has_kept(before, now, steps):
                return True
        ours.random()
    elif torch is not None and isinstance(ours, torch.Generator):
        before, now, twin = ours.get_state(), theirs.get_state(), torch.Generator()
        (left, _), (still, following) = _place_of(before), _place_of(now)
        twin.set_state(before)
        for made in range(_MOST_MADE):
            if torch.equal(twin.get_state()[_OF_TORCH], now[_OF_TORCH]):
                is_on = still + following == _WORDS + 1 and (made > 0 or still <= left)
                drawn = made * _WORDS + left - still
                is_on = is_on or _place_of(before) == _place_of(now)
                if is_on and torch.equal(before[:8], now[:8]) and _has_normal(before, now, drawn):
                    return True
                break
            torch.empty(_WORDS, dtype=torch.int32).random_(generator=twin)
        torch.empty(1).random_(generator=ours)
    else:
        return True
    return False


def _has_kept(before: Any, now: Any, steps: int) -> bool:
    """Whether half a draw that one of NumPy's keeps for the next, if any, comes of its draws."""
    half = "has_uint32", "uinteger"
    if not now["has_uint32"] or all(before[name] == now[name] for name in half):
        return True
    last, twin = min(steps, _MOST_LAST), np.random.PCG64()
    twin.state = before
    halves = twin.advance(steps - last).random_raw(last) >> np.uint64(32)
    return bool((halves == now["uinteger"]).any())


def _has_normal(before: Any, now: Any, drawn: int) -> bool:
    """Whether the normal number that one of torch's keeps for the next, if any, comes of so many
    draws: each two are made of two numbers, of two words each."""
    torch = torch_module()
    was, kept = (one.numpy().tobytes()[_OF_TORCH.stop :] for one in (before, now))
    # Of floats torch itself keeps none.
    number, is_kept, is_single = struct.unpack("=8xd8xi8x?3x", kept)
    if was == kept or not (is_kept or is_single):
        return True
    before_last = max(0, drawn - _MOST_LAST) // _WORDS
    last = drawn - before_last * _WORDS
    for odd in range(2):
        twin = torch.Generator()
        twin.set_state(before)
        for count in (*[_WORDS] * before_last, odd):
            torch.empty(count, dtype=torch.int32).random_(generator=twin)
        share = torch.empty(last // 2 + 1, dtype=torch.double).uniform_(generator=twin).numpy()
        normal = np.sqrt(-2 * np.log1p(-share[1:])) * np.sin(2 * np.pi * share[:-1])
        if not is_single and np.isclose(normal, number, 1e-12, 0).any():
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
