"""The file gives back every level; whatever is wrong with it is said in one sentence."""

from __future__ import annotations

import hashlib
import time
import zlib
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.lesson_15.squeeze import container
from coursekit.lesson_15.squeeze.container import Layer, read, sort_units, state_dict, write
from coursekit.nets.networks import lenet

STEPS = st.sampled_from([container.half(step) for step in (0.001, 0.1, 1, 60000)])


@st.composite
def networks(draw):
    """Stacks of linear layers, most levels 0 or small, some huge, some rows and columns empty."""
    sizes = draw(st.lists(st.integers(1, 12), min_size=2, max_size=4))
    layers = []
    for inputs, outputs in pairwise(sizes):
        seed = draw(st.integers(0, 1000))
        chance = np.random.default_rng(seed)
        scale = draw(st.sampled_from([0.3, 2, 40, 9000]))
        levels = np.clip(chance.laplace(0, scale, (outputs, inputs)).round(), -32768, 32768)
        levels *= chance.random((outputs, inputs)) < draw(st.sampled_from([0, 0.1, 0.6, 1]))
        levels[:, chance.random(inputs) < 0.3] = 0
        biases = chance.normal(0, 2, outputs).round().astype(np.int32)
        layers.append(Layer(levels.astype(np.int32), draw(STEPS), biases, draw(STEPS)))
    return layers


def same(some, others):
    """Whether two networks are equal, level by level."""
    return len(some) == len(others) and all(
        np.array_equal(a.levels, b.levels)
        and np.array_equal(a.bias_levels, b.bias_levels)
        and (a.step, a.bias_step) == (b.step, b.bias_step)
        for a, b in zip(some, others, strict=True)
    )


@given(networks(), st.sampled_from([0, 1, 3]))
@settings(deadline=None)
def test_what_is_written_is_read(layers, side):
    side = min(side, layers[0].levels.shape[1])
    assert same(read(write(layers, side)), layers)


@given(networks(), st.data())
@settings(deadline=None)
def test_a_changed_byte_is_noticed(layers, data):
    file = bytearray(write(layers, 0))
    place = data.draw(st.integers(0, len(file) - 1))
    file[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(ValueError, match=r"^(The|This) [^.]*\.$"):
        read(bytes(file))


def small():
    """A network of 12 weights that the tests damage."""
    levels = np.array([[0, 3, 0, -1], [1, 0, 0, 0]], np.int32)
    first = Layer(levels, 0.5, np.array([2, 0], np.int32), 0.25)
    return [first, Layer(np.array([[0, -40], [1, 5]]), 0.125, np.array([0, 1]), 1.0)]


def test_a_file_cut_off_anywhere_is_refused():
    file = write(small(), 2)
    for length in range(len(file)):
        with pytest.raises(ValueError, match=r"^(The|This) [^.]*\.$"):
            read(file[:length])


def with_checksum(body):
    """A file whose checksum fits, whatever its content."""
    return container.MAGIC + zlib.crc32(body).to_bytes(4, "little") + body


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "ends in the middle of its header"),
        (b"\x00", "claims 0 layers"),
        (b"\xff", "claims 255 layers"),
        (b"\x01\x02", "ends in the middle of its header"),
        (b"\x01\x80\x80\x80\x80\x10\x80\x80\x80\x80\x10\x00" + b"\x00\x3c" * 2, "claims 18,44"),
        (b"\x01" + b"\xff" * 20, "has no end"),
        (b"\x01\x00\x05\x00" + b"\x00\x3c" * 2, "claims 0 weights"),
        (b"\x01\x02\x03\x04" + b"\x00\x3c" * 2, "images 4 pixels wide"),
        (b"\x01\x02\x03\x00" + b"\x00\x00" * 2, "no positive number"),
        (b"\x01\x02\x03\x00" + b"\x00\x7c" * 2, "no positive number"),
        (b"\x01\x02\x03\x00" + b"\x00\x3c", "ends in the middle of its header"),
    ],
)
def test_a_header_that_lies_is_refused_before_anything_is_made(body, sentence):
    start = time.process_time()
    with pytest.raises(ValueError, match=sentence):
        read(with_checksum(body))
    assert time.process_time() - start < 0.1


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_garbage_after_a_good_header_gives_a_network_or_one_sentence(noise):
    header = b"\x01\x06\x09\x03" + b"\x00\x3c" * 2
    found = "one sentence."
    try:
        assert read(with_checksum(header + noise))[0].levels.shape == (6, 9)
    except ValueError as error:
        found = str(error)
    assert found.count(".") == 1


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"levels": np.ones(3, np.int32)}, "no linear layer"),
        ({"levels": np.ones((0, 3), np.int32)}, "no linear layer"),
        ({"bias_levels": np.ones(3, np.int32)}, "no linear layer"),
        ({"levels": np.ones((2, 4))}, "whole numbers"),
        ({"levels": np.full((2, 4), 1 << 16)}, "32,768"),
        ({"step": 0.0}, "no positive number"),
        ({"step": 0.1}, "no positive number"),
        ({"bias_step": float("nan")}, "no positive number"),
        ({"levels": np.zeros((2, 1 << 20), np.int8)}, "at most 1,048,576"),
    ],
)
def test_what_the_file_cannot_hold_is_not_written(change, sentence):
    layer = Layer(**{**vars(small()[0]), **change})
    with pytest.raises(ValueError, match=sentence):
        write([layer], 0)
    with pytest.raises(ValueError, match="1 to 16 layers"):
        write([], 0)


def sparse_lenet(seed=0):
    """LeNet-300-100 with a few weights left, as it is after pruning."""
    chance = np.random.default_rng(seed)
    layers = []
    for inputs, outputs, part in ((784, 300, 4), (300, 100, 10), (100, 10, 50)):
        levels = chance.integers(0, 4, (outputs, inputs)) - chance.integers(0, 4, (outputs, inputs))
        levels[chance.integers(0, 100, (outputs, inputs)) >= part] = 0
        if outputs > 10:
            levels[:, chance.integers(0, 10, inputs) < 3] = 0
            levels[outputs // 3 :] = 0
        biases = chance.integers(-5, 6, outputs)
        biases[outputs // 3 if outputs > 10 else outputs :] = 0
        layers.append(Layer(levels, container.half(0.1), biases, container.half(0.2)))
    return layers


def test_sorted_units_answer_the_same_and_cost_less():
    layers = sparse_lenet()
    images = torch.rand(64, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    logits = []
    for some in (layers, sort_units(layers)):
        model = lenet()
        model.load_state_dict(state_dict(some))
        logits.append(model(images).detach())
    torch.testing.assert_close(logits[0], logits[1])


def test_the_same_network_gives_the_same_bytes_on_every_machine():
    file = write(sort_units(sparse_lenet()))
    assert hashlib.sha256(file).hexdigest() == FILE, (len(file), file[:40].hex())
    assert same(read(file), sort_units(sparse_lenet()))


FILE = "bfd1548010bb930028b60cd657ce0ea3fee71e8f6a407db6952b1b9e252cdd32"
