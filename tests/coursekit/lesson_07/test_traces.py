"""The traces of lesson 07: what their numbers and words say is so."""

import re
from itertools import pairwise

import pytest
import torch
from torch import nn

from coursekit.learn.traces import load_trace
from tests.coursekit.stages import read


def test_the_second_call_takes_a_share_of_what_is_left():
    """Counted again here, by hand."""
    torch.manual_seed(0)
    values = nn.Linear(10, 4).weight.detach().flatten().abs().sort().values
    assert len(values.unique()) == 40, "no ties"
    stages = load_trace("07", "pruning-two-calls").stages
    left = [int(row[1]) for row in stages[-1].table[1:]]
    assert left == [40, 20, 10, 10, 10]
    for one, count in zip(stages, left, strict=True):
        assert re.search(rf"\b{count}\b[^.]* left", one.text), one.text
        assert f"which {count} are not zero" in one.alt
    assert "the same as before" in stages[-1].text
    buffers = [row[4] for row in stages[-1].table[1:]]
    assert buffers == ["none", "weight_mask", "weight_mask", "none", "weight_mask"]


def test_a_masked_weight_stays_and_a_free_one_moves_as_the_formula_says():
    *_, last = load_trace("07", "pruning-mask-through-training").stages
    headings, *rows = last.table
    masked = [(read(row[1]), read(row[2])) for row in rows]
    assert masked == [(0, 0)] * len(rows)
    free = [(read(row[3]), read(row[4])) for row in rows]
    assert free[0][0] == 0
    assert free[0][1] != 0
    for (weight, gradient), (following, _) in pairwise(free):
        assert following == pytest.approx(weight - 0.5 * gradient, abs=2e-4)
    for one, (weight, _) in zip(
        load_trace("07", "pruning-mask-through-training").stages, free, strict=True
    ):
        if weight:
            assert f"to −{abs(weight):.4f}" in one.text or f"to {weight:.4f}" in one.text
            assert "stays at 0" in one.text
    assert len(headings) == len(set(headings))
