"""The file of shared weights gives back every value, and says in a sentence what is wrong."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.lesson_15.squeeze import shared
from coursekit.lesson_15.squeeze.shared import Shared, read, write


@st.composite
def networks(draw):
    """One or two layers with gaps short and long, up to no weight at all."""
    layers = []
    for _ in range(draw(st.integers(1, 2))):
        chance = np.random.default_rng(draw(st.integers(0, 1000)))
        shape = draw(st.integers(1, 9)), draw(st.integers(1, 200))
        count = draw(st.integers(1, 20))
        codes = chance.integers(1, count + 1, shape)
        codes[chance.random(shape) >= draw(st.sampled_from([0, 0.003, 0.1, 1]))] = 0
        values = chance.normal(size=count).astype(np.float16)
        layers.append(Shared(codes.astype(np.uint8), values, np.ones(shape[0], np.float16)))
    return layers


@given(networks())
@settings(deadline=None)
def test_what_is_written_is_read(layers):
    for before, after in zip(layers, read(write(layers)), strict=True):
        np.testing.assert_array_equal(before.codes, after.codes)
        np.testing.assert_array_equal(before.weight(), after.weight())
        np.testing.assert_array_equal(before.bias(), after.bias())


def test_a_long_gap_is_bridged_by_fillers():
    codes = np.zeros((1, 100), np.uint8)
    codes[0, [3, 34, 66, 99]] = [1, 2, 1, 1]
    which, gaps = shared.symbols(codes)
    assert which == [0, 1, 0, 0]
    assert gaps == [3, 30, 31, 0, 31, 1]


def small():
    """A file of a layer of 2 × 40, and its layer."""
    codes = np.zeros((2, 40), np.uint8)
    codes[0, ::7] = 2
    codes[1, 39] = 1
    layer = Shared(codes, np.array([-0.5, 0.25], np.float16), np.zeros(2, np.float16))
    return write([layer])


def test_a_file_cut_off_or_changed_anywhere_is_refused():
    file = small()
    for place in range(len(file)):
        changed = bytearray(file)
        changed[place] ^= 1
        for bad in (file[:place], bytes(changed)):
            with pytest.raises(ValueError, match=r"^(The|This) [^.]*\.$"):
                read(bad)


def with_checksum(body):
    return shared.MAGIC + zlib.crc32(body).to_bytes(4, "little") + body


@given(st.integers(0, 100), st.integers(1, 255))
def test_a_changed_byte_with_a_good_checksum_gives_a_network_or_one_sentence(place, change):
    body = bytearray(small()[7:])
    body[place % len(body)] ^= change
    message = "one sentence"
    try:
        read(with_checksum(bytes(body)))
    except ValueError as error:
        message = str(error)
    assert message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"\x01\xff\xff\xff\xff\x01", "claims 4,294,836,225 weights"),
        (b"\x01\x00\x00\x01\x00\x01", "claims 0 weights"),
        (b"\x01\x02\x00", "middle of a layer"),
        (b"\x01\x01\x00\x01\x00\x01" + b"\x00" * 4 + b"\xff" * 8 + b"\x01" * 33, "can't hold"),
    ],
)
def test_a_header_that_lies_is_refused(body, sentence):
    with pytest.raises(ValueError, match=sentence):
        read(with_checksum(body))


def test_what_the_file_cannot_hold_is_not_written():
    codes = np.full((1, 2), 3, np.int64)
    with pytest.raises(ValueError, match="uses only them"):
        write([Shared(codes, np.ones(2, np.float16), np.ones(1, np.float16))])
    with pytest.raises(ValueError, match="1 to 16 layers"):
        write([])
