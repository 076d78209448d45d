"""The traces of lesson 13: what their numbers and words say is so."""

import numpy as np
import pytest
import torch

from coursekit.learn.traces import load_trace
from coursekit.lesson_13 import traces


def test_gptq_rounds_four_weights_as_the_trace_says():
    steps = traces.one_row_steps()
    for place, step in enumerate(steps[1:]):
        assert step.row[: place + 1] == [float(round(value)) for value in step.row[: place + 1]]
    # The same by least squares, on inputs with that correlation.
    h = np.full((4, 4), traces.ALIKE) + (1 - traces.ALIKE) * np.eye(4)
    error = traces.ROW[0] - round(traces.ROW[0])
    mend = np.linalg.solve(h[1:, 1:], h[1:, 0]) * error
    assert np.allclose(steps[1].row[1:], np.array(traces.ROW[1:]) + mend)
    change = np.array(steps[-1].row) - np.array(traces.ROW)
    assert steps[-1].damage == pytest.approx(change @ h @ change)
    assert steps[-1].damage < traces.plain_damage() / 2
    assert "GPTQ does less damage" in load_trace("13", "llm-one-row").stages[-1].text


def test_smoothing_keeps_the_products_of_the_trace():
    before, after = traces.layer(torch.ones(3)), traces.layer(traces.factors())
    assert torch.allclose(before.outputs, after.outputs, rtol=1e-4)
    tall, heavy = after.inputs.abs().amax(0), after.weights.abs().amax(0)
    assert torch.allclose(tall, heavy, rtol=1e-4)  # the exponent is one half
    off = [float((its.rounded - before.outputs).abs().max()) for its in (before, after)]
    assert off[1] < off[0] / 10
    assert "nearer than before" in load_trace("13", "llm-one-smoothing").stages[-1].text
