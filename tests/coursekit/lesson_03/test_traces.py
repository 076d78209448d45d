"""The traces of lesson 03: what their numbers and words say is so."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from coursekit.learn.traces import load_trace
from coursekit.lesson_03 import traces
from coursekit.nets import three_models
from tests.coursekit.stages import column, read, stage


def test_two_networks_are_equal_in_float_and_not_in_int8():
    its = traces.pair()
    for model in (its.second, its.equalized):
        assert torch.equal(model(its.images), its.first(its.images))
    assert not torch.equal(traces.weight_of(its.first, 0), traces.weight_of(its.second, 0))
    last = load_trace("03", "range-two-networks").stages[-1]
    for way, rows in traces._WAYS.items():
        told = column(last, way)
        for name, model in zip(("first", "second", "equalized"), traces._three(its), strict=True):
            assert told[name] == f"{100 * its.accuracy(model, rows):.1f}%"
    # What the bank says to notice.
    assert its.accuracy(its.first, False) - its.accuracy(its.second, False) > 0.3
    assert its.accuracy(its.second, True) - its.accuracy(its.second, False) > 0.3
    assert abs(its.accuracy(its.equalized, False) - its.accuracy(its.first, None)) < 0.01
    by_matrix, by_row = traces._zeros(its.second, False), traces._zeros(its.second, True)
    assert by_matrix[0] > 0.3 > 0.05 > by_row[0]
    assert min(by_matrix[1], by_row[1]) > 0.3
    # Both ways to tell an outcome.
    fell = stage("03", "range-two-networks", "int8, one scale per matrix").text
    assert "The second network loses" in fell
    same = replace(its, second=its.first)
    assert "The two are close" in traces._in_int8(same, False, [by_row, by_row]).text


def test_codes_of_int8_are_those_of_pytorch():
    weight = traces.weight_of(traces.pair().second, 0)
    codes, scale = traces.in_int8(weight, rows=True)
    theirs = torch.fake_quantize_per_channel_affine(
        weight, scale[:, 0], torch.zeros(len(weight)), 0, -127, 127
    )
    assert torch.allclose(codes * scale, theirs, rtol=1e-6)
    codes, scale = traces.in_int8(torch.zeros(2, 3), rows=True)
    assert (codes == 0).all()
    assert (scale > 0).all()


def test_eight_weights_go_into_four_bytes_and_come_back():
    its = traces.groups()
    assert its.packed.tolist() == [230, 148, 7, 1]
    assert torch.equal(its.back, its.codes * its.scales)
    assert ((its.back - its.weights).abs() <= its.scales * 0.5001).all()
    rows = stage("03", "range-one-group", "Bytes").table[1:]
    for low, high, byte, hexadecimal in rows:
        assert int(read(byte)) == int(read(low)) % 16 + 16 * (int(read(high)) % 16)
        assert int(hexadecimal, 16) == int(read(byte))
    # What the bank says to notice: the group without the large weight keeps its fine steps.
    first, second = its.scales.flatten().tolist()
    assert first < second / 5
    assert (its.codes[0] != 0).all()
    assert (its.codes[1] == 0).any()
    assert "No weight is off by more" in stage("03", "range-one-group", "Back").text


# Magnitudes of a Gaussian to a power: the higher it is, the longer the tail.
TAILS = (1, 2, 3)


def tail(power, count=20_000):
    """Quantiles, so without chance."""
    share = (torch.arange(count, dtype=torch.float64) + 0.5) / count
    return torch.special.ndtri(0.5 + share / 2) ** power


@pytest.mark.parametrize("power", TAILS)
@pytest.mark.parametrize("factor", [2.0**-20, 3.0, 2.0**40])
def test_entropy_ends_in_proportion_to_the_values(power, factor):
    values = tail(power)
    zeros = torch.zeros(5_000, dtype=torch.float64)
    end = traces.entropy(values)
    assert 0 < end <= float(values.max())
    assert traces.entropy(torch.cat([zeros, values * factor])) == pytest.approx(end * factor)


def test_entropy_looks_at_the_values():
    """It once ended at a quarter of the largest, whatever the values were."""
    assert traces.entropy(torch.linspace(0.001, 1, 20_000)) == pytest.approx(1)
    part = [traces.entropy(tail(power)) / float(tail(power).max()) for power in TAILS]
    assert part[0] == 1  # nothing to gain by clipping
    assert part[0] > part[1] + 0.2 > part[2] + 0.4
    # A unit of 333 that is large, as in the lesson: it is clipped, and a smaller one less so.
    large, less = (torch.cat([tail(1), factor * tail(1, 60)]) for factor in (256, 16))
    assert traces.entropy(large) < 0.3 * float(large.max())
    assert traces.entropy(large) / large.max() < traces.entropy(less) / less.max() < 0.7


def test_divergence_of_five_bins_by_hand():
    counts = np.array([8, 4, 2, 1, 1])
    p, r = np.array([8, 4, 2, 2]) / 16, np.array([6, 6, 1.5, 1.5]) / 15
    assert traces._divergence(counts, 4, 2) == pytest.approx((p * np.log(p / r)).sum())
    assert traces._divergence(counts, 4, 4) > 0  # clipping alone costs
    assert traces._divergence(counts, 5, 5) == 0
    assert traces._divergence(np.array([3, 0, 1]), 2, 2) == np.inf  # all that was clipped is lost


def test_four_ends_are_where_their_rules_put_them():
    its = traces.ends()
    found = {one.rule: one for one in its.ends}
    assert found["largest"].end == float(its.values.max())
    assert (its.values > found["percentile 99"].end).float().mean() == pytest.approx(0.01, abs=1e-3)
    errors = {
        rule: float((traces.to_levels(its.values, one.end) - its.values).double().square().sum())
        for rule, one in found.items()
    }
    assert min(errors, key=errors.get) == "least squares"
    # What the bank says to notice.
    for long in ("largest", "least squares"):
        for short in ("entropy", "percentile 99"):
            assert found[long].end > 2 * found[short].end
            assert found[long].others > found[short].others + 0.3
    assert (
        "No rule has a higher SQNR"
        in stage("03", "range-four-ends", "The rule “least squares”").text
    )
    for one in its.ends[1:]:
        told = column(stage("03", "range-four-ends", f"The rule “{one.rule}”"), "accuracy")
        assert told[one.rule] == f"{100 * one.accuracy:.1f}%"


def test_the_four_ends_can_be_the_first_trace_that_needs_the_trained_network(monkeypatch):
    def trains():
        assert torch.is_grad_enabled()
        raise StopAsyncIteration

    monkeypatch.setattr(three_models, "run", trains)
    with pytest.raises(StopAsyncIteration):
        traces.ends()
