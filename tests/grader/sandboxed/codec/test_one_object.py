"""What is one object on one side is one on the other."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from grader.protocol.values import Back, Seq
from grader.sandboxed.codec.packing import Packer
from tests.grader.sandboxed.codec.crossing import Box, cross, no_live


def test_what_is_one_object_stays_one():
    shared, tensor, array = [1], torch.ones(2), np.ones(2)
    got = cross([shared, shared, {"a": shared}, tensor, (tensor,), array, [array], [1]])
    assert got[0] is got[1] is got[2]["a"]
    assert got[3] is got[4][0]
    assert got[5] is got[6][0]
    assert got[7] is not got[0]


def test_what_holds_itself_does_so_on_the_other_side():
    circle: list[Any] = [1]
    circle.append({"me": circle})
    got = cross(circle)
    assert got[1]["me"] is got
    box = Box(None)
    box.content = box
    assert (it := cross(box)).content is it


def test_known_objects_are_not_sent_again_and_can_be_shown_anew():
    known: list[Any] = [[1], torch.zeros(2)]
    packer = Packer(no_live, {}, known)
    assert packer.pack(known) != Back(0)
    packer = Packer(no_live, {}, known)
    assert [packer.pack(value) for value in known] == [Back(0), Back(1)]
    known[0].append(known[0])
    assert packer.pack_again(0) == Seq("list", [1, Back(0)])
    assert packer.pack(known[0]) == Back(0)
    packer.forget(known[0])
    assert isinstance(packer.pack(known[0]), Seq)
