"""Members, times and functions, told by name or spelled."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from grader.protocol.values import CannotCross, Named, Spelled
from grader.sandboxed.codec.libraries import library_name
from grader.sandboxed.codec.unpacking import Unpacker
from tests.grader.sandboxed.codec.crossing import Box, Colour, Level, cross, no_live, received


def test_members_are_the_judge_s_own():
    assert cross(Colour.RED) is Colour.RED
    assert cross(Level.LOW) is Level.LOW


@pytest.mark.parametrize("name", ["Colour.GREEN", "Colour.__class__", "Box.content", "Nobody.RED"])
def test_a_member_that_nobody_has_is_refused(name):
    with pytest.raises(CannotCross):
        received(Named("member", name))


@pytest.mark.parametrize(
    ("kind", "text"), [("date", "yesterday"), ("time", "25:00"), ("datetime", "9" * 9_000)]
)
def test_a_time_that_is_none_is_refused(kind, text):
    with pytest.raises(CannotCross):
        received(Spelled(kind, text))


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (torch.nn.functional.relu, "torch.nn.functional:relu"),
        (torch.relu, "torch:relu"),
        (len, "builtins:len"),
        (math, "math"),
        (np.sin, "numpy:sin"),
        (lambda x: x, None),
        (Box(1).check, None),
    ],
    ids=range(7),
)
def test_functions_of_libraries_have_names_for_the_player(value, name):
    assert library_name(value) == name
    if name is not None:
        found = Unpacker([], no_live, no_live, {}, trusted=True).unpack(Named("library", name))
        assert found is value
