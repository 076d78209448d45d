"""The traces of lesson 15: what their numbers and words say is so."""

import pytest
import torch

from coursekit.learn.traces import load_trace
from coursekit.lesson_15 import traces
from tests.conftest import ROOT


def test_the_small_matrix_and_its_code_are_those_of_lesson_15():
    lesson = (ROOT / "course" / "15_capstone" / "lesson.py").read_text(encoding="utf-8")
    assert "from coursekit.lesson_15.traces import WEIGHT" in lesson
    # What the lesson's text says of them.
    for said in ("six gaps of 3 bits", "$192 + 18 = 210$", "$6 + 18 + 64 = 88$", "with 14 bits"):
        assert said in lesson
    its = traces.small()
    assert its.places.tolist() == [1, 4, 9, 17, 18, 23]
    assert its.gaps == [1, 2, 4, 7, 0, 4]
    assert its.levels.tolist() == pytest.approx([-1, 1])
    counted = [stage.table[-1][-1] for stage in load_trace("15", "squeeze-one-file").stages[:4]]
    assert counted == ["768", "210", "88", "116"]


def test_the_code_for_six_gaps_is_read_again():
    stages = load_trace("15", "squeeze-one-code").stages
    assert [stage.title for stage in stages[1:5]] == [f"Node {place}" for place in range(1, 5)]
    written, read = (stage.text for stage in stages[-2:])
    assert "`101 110 0 111 100 0`" in written
    assert "14 bits in place of 18" in written
    assert "All six are right" in read
    # Each node costs what it counts: together they are the bits of the code.
    assert sum(count for *_, count in traces.nodes({0: 1, 1: 1, 2: 1, 4: 2, 7: 1})) == 14


def test_a_level_moves_by_the_sum_and_takes_weights_along():
    its, step = traces.small(), traces.one_update()
    levels = its.levels.clone().requires_grad_()
    weight = torch.zeros(24, dtype=torch.float64).index_put((its.places,), levels[its.codes])
    x, wanted = (torch.tensor(v, dtype=torch.float64) for v in (traces.INPUTS, traces.WANTED))
    (weight.view(4, 6) @ x - wanted).square().mean().backward()
    assert torch.allclose(levels.grad, step.summed)
    assert step.after < step.before
    each = step.gradient.flatten()[its.places]
    assert int((each * step.summed[its.codes] < 0).sum()) == 2
    assert "2 of six weights" in load_trace("15", "squeeze-one-step").stages[-1].text
