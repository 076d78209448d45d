"""Shared by the tests of the codec: classes of given cells, a way across, and what is alike."""

from __future__ import annotations

import collections
import dataclasses
import decimal
import enum
import math
import struct
import warnings
from typing import Any, NamedTuple

import msgspec
import numpy as np
import torch
from torch import nn

from grader.protocol.values import CannotCross, Node, Tensor
from grader.sandboxed.codec.agreeing import check
from grader.sandboxed.codec.buffers import join, split
from grader.sandboxed.codec.packing import Packer
from grader.sandboxed.codec.unpacking import Unpacker

DECODER = msgspec.msgpack.Decoder(Node)


class Pair(NamedTuple):
    left: Any
    right: Any


@dataclasses.dataclass
class Box:
    """A class of a given cell."""

    content: Any

    half = property(lambda self: self.content / 2)

    def check(self):
        return "the teacher's"


@dataclasses.dataclass(slots=True)
class Slotted:
    left: Any
    right: Any = 0


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Level(enum.IntEnum):
    LOW = 1


class GivenNet(nn.Module):
    def __init__(self, width=3):
        super().__init__()
        self.width = width
        self.first = nn.Linear(width, 2)
        self.scale = nn.Parameter(torch.tensor(2.0))
        self.register_buffer("seen", torch.zeros(1), persistent=False)

    def forward(self, x):
        return self.scale * self.first(x)


GIVEN = {cls.__name__: cls for cls in (Box, GivenNet, Slotted, Colour, Level)}


def no_live(value):
    raise CannotCross("live")


def sent(*values):
    """What one side sends: nodes, through their bytes, and buffers, through theirs."""
    packer = Packer(no_live, GIVEN)
    nodes = [packer.pack(value) for value in values]
    received = [DECODER.decode(msgspec.msgpack.encode(node)) for node in nodes]
    return received, split(join(packer.buffers))


def received(node, buffers=()):
    unpacker = Unpacker(list(buffers), no_live, no_live, GIVEN)
    check([node], unpacker)
    return unpacker.unpack(node)


def cross(value):
    [node], buffers = sent(value)
    return received(node, buffers)


def alike(one, other) -> bool:
    """Whether two values have the same types and content, bit for bit, all the way down."""
    # A named tuple's class is made anew.
    fields = getattr(one, "_fields", None), getattr(other, "_fields", None)
    if fields[0] != fields[1] or (fields[0] is None and type(one) is not type(other)):
        return False
    if isinstance(one, decimal.Decimal):
        return str(one) == str(other)
    if isinstance(one, float | complex):
        return bits(one) == bits(other)
    if isinstance(one, np.ndarray | np.generic):
        same = (one.dtype, one.shape) == (other.dtype, other.shape)
        return same and one.tobytes() == other.tobytes()
    if isinstance(one, torch.Tensor):
        return alike_tensors(one, other)
    if isinstance(one, collections.Counter | dict):
        one, other = list(one.items()), list(other.items())
    if isinstance(one, list | tuple | collections.deque):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, Box):
        return alike(one.content, other.content)
    return bool(one == other)


def quietly(make, *args):
    """What it makes, without the words of caution that it writes."""
    with warnings.catch_warnings(action="ignore"):
        return make(*args)


def bits(number: complex) -> bytes:
    number = complex(number)
    # Any NaN is as good as another.
    parts = [math.nan if math.isnan(part) else part for part in (number.real, number.imag)]
    return struct.pack("dd", *parts)


def alike_tensors(one, other) -> bool:
    def look(tensor):
        return tensor.dtype, tensor.shape, tensor.layout, tensor.requires_grad, tensor.is_leaf

    if look(one) != look(other):
        return False
    if one.is_quantized:
        return one.qscheme() == other.qscheme() and alike_tensors(one.int_repr(), other.int_repr())
    if one.layout is not torch.strided:
        if one.layout is torch.sparse_coo and one.is_coalesced() != other.is_coalesced():
            return False
        return alike_tensors(one.detach().to_dense(), other.detach().to_dense())
    if not one.numel():
        return True
    flat = [t.detach().resolve_conj().contiguous().reshape(-1) for t in (one, other)]
    return torch.equal(*(t.view(torch.uint8) for t in flat))


SPARSE = torch.tensor([[0.0, 2, 0, 0], [1, 0, 0, 3], [0, 0, 0, 0], [0, 4, 0, 0]])


# An input of a layer with four.
X = torch.rand(3, 4)


def alike_modules(one: nn.Module, other: nn.Module) -> bool:
    states = one.state_dict(), other.state_dict()
    shapes = [(name, type(part), part.training) for name, part in one.named_modules()]
    return (
        shapes == [(name, type(part), part.training) for name, part in other.named_modules()]
        and list(states[0]) == list(states[1])
        and all(map(alike_tensors, states[0].values(), states[1].values()))
        and [p.requires_grad for p in one.parameters()]
        == [p.requires_grad for p in other.parameters()]
    )


def dense(dtype="float32", shape=(2,), buffer=0, **others):
    return Tensor(dtype, list(shape), buffer, **others)


BUFFERS = [
    np.zeros(8, np.uint8),
    np.full(8, 255, np.uint8),
    np.zeros(0, np.uint8),
    np.ones(1, np.uint8),
]
