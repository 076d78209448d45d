"""The traces of lesson 06: what their numbers and words say is so."""

from itertools import pairwise

import pytest
import torch

from coursekit.learn.traces import load_trace
from coursekit.lesson_06 import traces


def test_a_gradient_goes_straight_through_the_rounding_as_autograd_has_it():
    its = traces.one_row()
    latent = torch.tensor(traces.LATENT, dtype=torch.float64, requires_grad=True)
    steps = (latent / traces.SCALE).clamp(traces.LOW, traces.HIGH)
    rounded = traces.SCALE * (steps + (steps.round() - steps).detach())
    output = rounded @ torch.tensor(traces.INPUTS, dtype=torch.float64)
    (0.5 * (output - traces.WANTED).square()).backward()
    assert its.output == pytest.approx(output.item())
    assert latent.grad is not None
    assert its.passed == pytest.approx(latent.grad.tolist())
    # One is clipped and stays; the step makes the row better.
    assert its.passed.count(0) == 1
    assert its.updated[its.passed.index(0)] == traces.LATENT[its.passed.index(0)]
    assert abs(its.new_output - traces.WANTED) < abs(its.output - traces.WANTED)


def test_a_weight_between_two_levels_crosses_their_border_in_both_directions():
    path = traces.one_path()
    jumps = [b.code - a.code for a, b in pairwise(path)]
    assert jumps.count(1) >= 2
    assert -1 in jumps
    for place, its in enumerate(path):
        assert its.gradient == pytest.approx(traces.SCALE * its.code - traces.TARGET)
        text = load_trace("06", "qat-one-weight").stages[place].text
        assert ("crossed" in text) == (place > 0 and jumps[place - 1] != 0)


def test_a_scale_that_learns_has_the_slopes_of_autograd_and_gets_better():
    rounds = traces.one_scale()
    row = torch.tensor(traces.ROW, dtype=torch.float64)
    for its in rounds:
        scale = torch.tensor(its.scale, dtype=torch.float64, requires_grad=True)
        steps = (row / scale).clamp(traces.LOW, traces.HIGH)
        back = scale * (steps + (steps.round() - steps).detach())
        (0.5 * (back - row).square().sum()).backward()
        assert scale.grad is not None
        assert its.gradient == pytest.approx(scale.grad.item())
        assert its.damped == pytest.approx(its.gradient / len(traces.ROW) ** 0.5)
    errors = [its.error for its in rounds]
    assert errors == sorted(errors, reverse=True)
