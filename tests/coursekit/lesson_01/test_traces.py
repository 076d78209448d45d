"""The traces of lesson 01: what their numbers and words say is so."""

import re

import pytest

from coursekit.learn.traces import load_trace
from coursekit.lesson_01 import traces


def test_the_cnns_shares_are_those_of_its_layers():
    small = traces.small_costs()
    assert sum(c.parameters for c in small) == 52_138
    last = load_trace("01", "cost-layers-of-a-cnn").stages[-1]
    assert "100.0% of the parameters, 100.0% of the MACs" in last.text
    assert f"peak of {max(c.activations for c in small):,} bytes" in last.text
    for row, cost in zip(last.table[1:], small, strict=True):
        assert row == (
            cost.kind,
            f"{cost.parameters:,}",
            f"{cost.macs:,}",
            f"{cost.activations:,}",
        )


def test_a_larger_batch_is_nearly_free_until_the_ridge():
    free, bound = [], []
    for stage_ in load_trace("01", "cost-batch-doubled").stages:
        found = re.search(r"\*\*(.*)-bound\*\*.*, ([\d.]+) times as long", stage_.text)
        bound.append(found[1])
        free.append(float(found[2]))
    assert bound == sorted(bound, reverse=True)
    assert set(bound) == {"memory", "compute"}
    one = traces.linear_cost(1)
    for batch, kind, times_as_long in zip(traces.BATCHES, bound, free, strict=True):
        cost = traces.linear_cost(batch)
        assert (kind == "memory") == (cost.intensity < traces.EXAMPLE.ridge)
        least = traces.EXAMPLE.least_time([cost]) / traces.EXAMPLE.least_time([one])
        assert times_as_long == pytest.approx(least, abs=0.006)
        assert kind == "compute" or times_as_long < 1.02


def test_only_turns_show_that_two_models_are_equal():
    stages = load_trace("01", "cost-benchmark-mended").stages
    assert ["nearly right" in stage_.text for stage_ in stages] == [False, False, False, True]
    # The same calls let either of them look faster.
    assert "B seems 41.1% faster" in stages[0].text
    assert "slower" in stages[2].text
