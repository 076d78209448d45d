"""The traces of lesson 10: what their numbers and words say is so."""

from dataclasses import replace

import pytest

from coursekit.learn.traces import load_trace
from coursekit.lesson_10 import traces
from coursekit.nets.measure import accuracy
from tests.coursekit.stages import read


@pytest.fixture(scope="module")
def shots():
    return traces.steps()


def test_the_file_after_each_step_is_what_the_table_says(shots):
    *_, last = load_trace("10", "tradeoffs-file-after-each-step").stages
    for shot, (name, zeros, bits, stored, gzip, bound, right) in zip(
        shots.shots, last.table[1:], strict=True
    ):
        assert name == shot.name
        assert int(bits) == shot.bits
        assert read(stored) == len(traces.encode(shot.model))
        assert read(gzip) == traces.zipped(traces.encode(shot.model))
        assert read(bound) == round(traces.entropy_bytes(shot.model))
        assert zeros == f"{100 * shot.zeros:.0f}%"
        assert right == f"{100 * shot.accuracy:.1f}%"
    _, held = traces.load_fashion_mnist().train.hold_out(traces.HELD)
    last_shot = shots.shots[-1]
    assert accuracy(last_shot.model, *held.tensors()) == last_shot.accuracy
    # What the bank says to notice.
    trained, pruned, tuned, quantized = shots.shots
    assert trained.stored == pruned.stored == tuned.stored > quantized.stored
    assert pruned.gzip < trained.gzip
    assert tuned.accuracy > pruned.accuracy
    assert abs(tuned.gzip / pruned.gzip - 1) < 0.1
    assert trained.stored / quantized.gzip < 32 / traces.BITS / (1 - traces.SHARE)
    assert "don't multiply" in last.text


def test_bytes_and_accuracy_are_told_as_they_moved(shots):
    assert traces._kept(5, 5) == "stay 5"
    assert traces._kept(5, 4) == "go down from 5 to 4"
    assert traces._kept(4, 5) == "go up from 4 to 5"
    assert traces._moved(0.5, 0.5) == "stays 50.0%"
    assert traces._moved(0.5, 0.6) == "rises from 50.0% to 60.0%"
    assert traces._moved(0.6, 0.5) == "falls from 60.0% to 50.0%"
    assert traces._moved(0.5, 0.505).endswith("less than its standard error")
    dense, *_, last = shots.shots
    over, under, at = (replace(last) for _ in range(3))
    for shot, bound in ((over, 0.5), (under, 2.0), (at, 1.0)):
        vars(shot)["bound"] = bound * last.gzip
    assert "100% above the bound" in traces._of_gzip(dense, over)
    assert "50% below the bound, which holds only" in traces._of_gzip(dense, under)
    assert "just at the bound" in traces._of_gzip(dense, at)
    for control, says in ((0.9, "points above"), (0.1, "points below")):
        assert says in traces._of_tuned(shots.shots[1], last, control)
    assert "level with" in traces._of_tuned(shots.shots[1], last, last.accuracy)
