"""Generators of random numbers."""

from __future__ import annotations

import copy
import struct

import numpy as np
import pytest
import torch

from grader.protocol.values import Back, CannotCross
from grader.sandboxed.codec.families.generators import goes_on
from tests.grader.sandboxed.codec.crossing import cross, received, sent


def test_generators_of_random_numbers_go_on_where_they_were():
    ours, theirs = np.random.default_rng(3), torch.Generator().manual_seed(3)
    ours.random(), torch.rand(1, generator=theirs)
    got, got_torch = cross([ours, theirs])
    assert got.random(5).tolist() == ours.random(5).tolist()
    assert torch.equal(torch.rand(5, generator=got_torch), torch.rand(5, generator=theirs))


def test_none_draws_from_beyond_its_state():
    """What lies there is the judge's."""
    [made], (state,) = sent(torch.Generator())
    state = state.copy()
    state[8:12].view(np.int32)[:] = state[16:24].view(np.uint64)[:] = 624
    with pytest.raises(CannotCross, match="beyond its state"):
        received(made, [state])


def test_nothing_refers_to_what_a_state_is_made_of():
    """Its numbers are not looked at: nobody else's are to be among them."""
    [made], buffers = sent([np.random.default_rng(3)])
    assert received(made, buffers)
    made.items.append(Back(2))
    with pytest.raises(CannotCross, match="hold together"):
        received(made, buffers)


def of_torch(count: int) -> torch.Generator:
    made = torch.Generator().manual_seed(5)
    torch.rand(count, generator=made)
    return made


@pytest.mark.parametrize("count", [0, 1, 523, 524, 525, 1148, 100_000])
def test_who_has_only_drawn_goes_on(count):
    assert goes_on(of_torch(100), of_torch(100 + count))
    ours, theirs = np.random.default_rng(3), np.random.default_rng(3)
    theirs.random(count), theirs.integers(6, size=count), theirs.normal(size=count)
    assert goes_on(ours, theirs)


def test_so_does_who_keeps_a_part_of_a_draw():
    """A half of NumPy's, or the second of two normal numbers."""
    ours, theirs = np.random.default_rng(3), np.random.default_rng(3)
    theirs.random(5), theirs.integers(6), theirs.random(1_000)
    assert theirs.bit_generator.state["has_uint32"]
    assert goes_on(ours, theirs)
    theirs.bit_generator.state = {**theirs.bit_generator.state, "uinteger": 5}
    assert not goes_on(ours, theirs)
    for before, after in [(0, 0), (1, 700), (630, 2_000_000), (5_000_001, 4)]:
        drawn = of_torch(before)
        torch.randn(3, generator=drawn), torch.rand(after, generator=drawn)
        torch.randn(4, generator=drawn)
        assert goes_on(of_torch(0), drawn)
        # Its seed, and the number.
        for start, value in ((0, 1.0), (5024, 2.0)):
            state = bytearray(drawn.get_state().numpy().tobytes())
            state[start : start + 8] = struct.pack("=d", value)
            chosen = torch.Generator()
            chosen.set_state(torch.frombuffer(state, dtype=torch.uint8).clone())
            assert not goes_on(of_torch(0), chosen)


def test_a_player_may_say_that_it_is_another_kind():
    """Which `assign` refuses."""
    assert goes_on(np.random.default_rng(3), of_torch(0))
    assert goes_on(of_torch(0), [])


def test_who_has_not_does_not():
    """What is drawn then is another's choice, such as what was drawn before, or always the same."""
    for other in (torch.Generator().manual_seed(6), of_torch(99)):
        ours = of_torch(100)
        assert not goes_on(ours, other)
        assert not torch.equal(ours.get_state(), other.get_state())
    stuck, back = np.random.default_rng(3), np.random.default_rng(3)
    stuck.bit_generator.state = {
        **stuck.bit_generator.state,
        "state": {"state": 0, "inc": 0},
    }
    back.bit_generator.advance(-1)
    for other in (stuck, back, np.random.default_rng(4)):
        ours = np.random.default_rng(3)
        before = copy.deepcopy(ours.bit_generator.state)
        assert not goes_on(ours, other)
        assert ours.bit_generator.state != before
