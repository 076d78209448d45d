"""The traces of lesson 02: what their numbers and words say is so."""

import pytest
import torch

from coursekit.lesson_02 import traces
from tests.coursekit.stages import column, read, stage


def test_a_row_in_few_bits_is_what_pytorch_makes_of_it():
    its = traces.affine(traces.ROW, traces.SEEN, traces.BITS)
    theirs = torch.fake_quantize_per_tensor_affine(
        its.values, its.scale, its.zero_point, its.low, its.high
    )
    assert torch.equal(its.back, theirs)
    assert (int(its.clipped.sum()), int(its.ties.sum()), int((its.values == 0).sum())) == (1, 2, 1)
    errors = column(stage("02", "affine-one-row", "Errors"), "error")
    causes = column(stage("02", "affine-one-row", "Errors"), "because of")
    back = column(stage("02", "affine-one-row", "Errors"), "back")
    codes = column(stage("02", "affine-one-row", "Back"), "code")
    for value, error in errors.items():
        assert read(error) == pytest.approx(read(back[value]) - read(value), abs=1e-9)
        assert read(back[value]) == its.scale * (read(codes[value]) - its.zero_point)
        assert (abs(read(error)) <= its.scale / 2) == (causes[value] != "clipping")
    assert errors["0"] == back["0"] == "0"
    # What the bank says to notice.
    rounded = stage("02", "affine-one-row", "Rounded").text
    assert "goes up to 2" in rounded
    assert "goes down to 2" in rounded
    assert len(set(codes.values())) < len(codes)


def test_a_row_without_ties_and_clipping_is_told_as_such():
    its = traces.affine([0.1, 0.9], traces.SEEN, traces.BITS)
    assert traces._ties(its).startswith("None lies")
    assert traces._rounding(its).endswith("No tie is here.")
    assert traces._clipping(its) == "None needs to be clipped."
    assert traces._same(its) == "None is as it was."
    assert traces._errors(its).endswith("Nothing was clipped.")
    assert traces._outside([]) == "All of them lie in it."
    assert traces._outside(["4", "5"]) == "4 and 5 lie outside."
    narrow = traces.affine([0.0, 3.1], traces.SEEN, traces.BITS)
    assert not narrow.clipped.any(), "outside of the range, and still nearest to the last point"
