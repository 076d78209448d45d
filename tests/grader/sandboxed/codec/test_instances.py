"""Instances of classes of given cells."""

from __future__ import annotations

import pytest

from grader.protocol.values import CannotCross
from grader.sandboxed.codec.changes import assign
from tests.grader.sandboxed.codec.crossing import Box, Slotted, cross, received, sent


def test_an_object_with_slots_can_be_changed():
    target = Slotted(1, 2)
    assign(target, Slotted(3, 4))
    assert (target.left, target.right) == (3, 4)


def test_an_instance_of_a_given_class_is_one_on_the_other_side():
    got = cross(Box([1, Box(2)]))
    assert got == Box([1, Box(2)])
    assert got.check() == "the teacher's"
    assert cross(Box) is Box


def test_an_instance_gets_no_attribute_that_stands_before_a_method():
    box = Box(4)
    vars(box).update({"check": "own", "half": "own", "no name": 1, "more": 2, "__class__": "own"})
    got = cross(box)
    assert (got.check(), got.half, type(got)) == ("the teacher's", 2, Box)
    assert sorted(vars(got)) == ["content", "more"]


@pytest.mark.parametrize("name", ["check", "half", "__class__", "__dict__", "no name"])
def test_an_instance_that_says_it_has_one_is_refused(name):
    [node], _ = sent(Box(4))
    node.attributes[name] = "forged"
    with pytest.raises(CannotCross, match="hold together"):
        received(node)
