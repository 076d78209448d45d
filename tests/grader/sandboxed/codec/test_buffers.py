"""Buffers travel as a file of safetensors."""

from __future__ import annotations

import numpy as np
import pytest
from safetensors.numpy import load, save

from grader.protocol.values import CannotCross
from grader.sandboxed.codec.buffers import join, split


@pytest.mark.parametrize("data", [b"x", b"\xff" * 9, b"\x10" + bytes(7) + b"{}", bytes(2000)])
def test_buffers_that_are_none_are_refused(data):
    with pytest.raises(CannotCross, match="damaged buffers"):
        split(data)


def test_buffers_are_a_file_that_the_library_reads():
    buffers = [b"", b"abc", b"", b"\0\xff" * 50]
    assert [bytes(buffer) for buffer in split(join(buffers))] == buffers
    assert join([]) == b""
    assert {name: bytes(b) for name, b in load(join(buffers)).items()} == {
        str(number): buffer for number, buffer in enumerate(buffers)
    }


def test_buffers_of_another_kind_are_refused():
    for found in (
        {"0": np.zeros(2, np.float32)},
        {"1": np.zeros(2, np.uint8)},
        {"0": np.zeros((1, 2), np.uint8)},
    ):
        with pytest.raises(CannotCross, match="damaged buffers"):
            split(save(found))
