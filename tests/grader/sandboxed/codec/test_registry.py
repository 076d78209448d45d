"""Which family a value belongs to."""

from __future__ import annotations

import collections
from typing import Any, get_args

import msgspec
import numpy as np
import pytest
import torch
from torch import nn

from grader.protocol.values import Back, Live, Node, Yours
from grader.sandboxed.codec import packing
from grader.sandboxed.codec.packing import Packer
from grader.sandboxed.codec.registry import BY_NODE, OF_TYPE
from tests.grader.sandboxed.codec.crossing import GIVEN, Box, Pair

pytestmark = pytest.mark.filterwarnings("ignore:.*(deprecated|oneDNN|Sparse)")


def test_every_node_belongs_to_a_family_or_refers_to_something():
    structs = {cls for cls in get_args(Node) if issubclass(cls, msgspec.Struct)}
    assert structs == {*BY_NODE, Live, Yours, Back}


# What no number can be made of, and numbers with bytes in them that mean nothing.
NO_NUMBERS = {np.void, np.object_, np.longdouble, np.clongdouble}


TIMES = {np.datetime64, np.timedelta64}


# Others may have been told to NumPy: those of ml_dtypes, which TensorFlow brings.
FOREIGN = {cls for cls in np.sctypeDict.values() if cls.__module__ != "numpy"}


USUAL: list[Any] = [
    *([], [1, [2]], (), (1, 2), {}, {"a": [1]}, {1}, frozenset((1,))),
    *(collections.deque([1], 2), collections.OrderedDict(a=1), collections.defaultdict(list, a=1)),
    *(np.ones(2), np.array([None, 1]), np.datetime64(1, "s"), np.timedelta64(1, "s")),
    *(cls(1) for cls in sorted({*np.sctypeDict.values()} - NO_NUMBERS - TIMES - FOREIGN, key=str)),
    *(1j, b"a", bytearray(b"a"), range(3), slice(1), lambda: 1, len),
    *(int, Box, nn.ReLU, np.int8, ValueError, Pair),
    *(torch.ones(2, requires_grad=True), nn.Parameter(torch.ones(2))),
]


@pytest.mark.parametrize("exact", [False, True])
def test_usual_values_go_the_way_of_all_others(monkeypatch, exact):
    """Their families are found by type; in the order of all families they are the same."""

    def packed(value):
        packer = Packer(lambda live: Live(1, "function", "f", []), GIVEN, exact=exact)
        node = msgspec.msgpack.encode(packer.pack(value))
        return node, packer.buffers, [id(part) for part in packer.objects]

    assert {type(value) for value in USUAL} >= set(OF_TYPE) - NO_NUMBERS - FOREIGN
    at_first = [packed(value) for value in USUAL]
    monkeypatch.setattr(packing, "of_type", lambda cls: None)
    assert [packed(value) for value in USUAL] == at_first
