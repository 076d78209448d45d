"""Generators of random numbers."""

from __future__ import annotations

import numpy as np
import torch

from tests.grader.sandboxed.codec.crossing import cross


def test_generators_of_random_numbers_go_on_where_they_were():
    ours, theirs = np.random.default_rng(3), torch.Generator().manual_seed(3)
    ours.random(), torch.rand(1, generator=theirs)
    got, got_torch = cross([ours, theirs])
    assert got.random(5).tolist() == ours.random(5).tolist()
    assert torch.equal(torch.rand(5, generator=got_torch), torch.rand(5, generator=theirs))
