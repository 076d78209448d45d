"""Generators of random numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from grader.protocol.values import Back, CannotCross
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
