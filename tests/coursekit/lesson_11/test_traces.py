"""The traces of lesson 11: what their numbers and words say is so."""

from dataclasses import replace

import numpy as np
import pytest

from coursekit.learn.traces import load_trace
from coursekit.lesson_11 import traces
from coursekit.nets import three_models
from tests.coursekit.stages import read


@pytest.fixture(scope="module")
def matrix():
    return traces.kernel()


def test_the_matrix_in_the_file_is_that_of_pytorch(matrix):
    theirs = three_models.run().trained[2].weight.detach().numpy()
    assert np.array_equal(matrix.torch, theirs)
    assert np.array_equal(matrix.keras, theirs.T)
    assert matrix.raw == theirs.astype("<f4").tobytes()
    levels, scales = matrix.by_hand
    assert np.array_equal(levels, matrix.levels)
    assert np.allclose(scales, matrix.scales, rtol=1e-6)
    assert np.array_equal(matrix.restored, matrix.levels * matrix.scales[:, None])
    assert (np.abs(matrix.restored - theirs) <= matrix.scales[:, None] * 0.5001).all()
    rows = load_trace("11", "tflite-one-matrix").stages[-1].table[1:]
    for place, weight, code, back, error in rows:
        assert read(code) == matrix.levels[0, int(place)]
        assert read(back) == pytest.approx(read(code) * float(matrix.scales[0]), abs=6e-5)
        assert read(error) == pytest.approx(read(back) - read(weight), abs=2e-4)
    shapes = [one.after for one in load_trace("11", "tflite-one-matrix").stages]
    assert shapes == [(10, 128), (128, 10), *[(10, 128)] * 4]


def test_a_matrix_that_is_another_in_the_file_is_told(matrix):
    levels, scales = matrix.by_hand
    assert traces._agree(matrix, levels, scales).startswith("All 1,280 codes are")
    other = traces._agree(matrix, levels + 1, scales * 2)
    assert other == "1,280 of 1,280 codes differ from the file's, and the scales are others."
    assert "bit for bit" in traces._in_file(matrix)
    assert "numbers differ" in traces._in_file(replace(matrix, in_file=matrix.in_file + 1))
    assert "order is not" in traces._in_file(replace(matrix, in_file=matrix.in_file.T))
    one = replace(matrix, scales=matrix.scales[:1])
    assert traces._scales(one) == "it has one scale"
    assert len(one.by_hand[1]) == 1
    assert "more than half" in traces._back(replace(matrix, torch=matrix.torch * 2)).replace(
        "no more", ""
    )
