"""The traces of lesson 04: what their numbers and words say is so."""

import numpy as np

from coursekit.learn.traces import load_trace
from coursekit.lesson_04 import traces
from tests.coursekit.stages import read, stage


def test_one_output_in_integers_is_what_floats_would_make_of_it():
    its = traces.one_output()
    ratio = traces.INPUT_SCALE * traces.WEIGHT_SCALE / traces.OUTPUT_SCALE
    up = np.array(traces.INPUTS) - traces.INPUT_ZERO
    total = up @ np.array(traces.WEIGHTS) + traces.BIAS
    assert its.accumulator == total
    assert its.code == np.clip(round(ratio * total) + traces.OUTPUT_ZERO, -128, 127)
    last = stage("04", "integer-one-layer", "Zero point and clip")
    assert f"{its.shifted}".replace("-", "−") in last.text


def test_more_bits_bring_the_ratio_nearer():
    off = []
    for bits in traces.RATIO_BITS:
        m, k = traces.multiplier_and_shift(traces.RATIO, bits)
        assert 0 < m < 2**bits
        off.append(abs(m / 2**k - traces.RATIO))
    assert off == sorted(off, reverse=True)
    assert off[-1] < 1e-9
    assert traces.multiplier_and_shift(1 - 2**-40) == (2**30, 30)


def test_wrapping_leads_back_and_saturating_does_not():
    ends = {
        stage.title: read(stage.table[-1][0])
        for stage in load_trace("04", "integer-four-accumulators").stages[1:]
    }
    exact = sum(x * w for x, w in traces.PAIRS)
    assert ends["Exactly, in int32"] == ends["In an int16 that wraps"] == exact
    assert ends["In an int16 that saturates"] != exact
    assert ends["Each pair in a saturating int16, then int32"] != exact
    for stage_ in load_trace("04", "integer-four-accumulators").stages[1:]:
        assert ("the right sum is" in stage_.text) == (ends[stage_.title] != exact)
