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
        left, following = struct.unpack("=i4xQ", state.numpy().tobytes()[8:24])
        if left + following > _WORDS + 1:
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
