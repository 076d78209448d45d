"""The arithmetic coder gives back every bit, costs what it should, and uses no floats."""

from __future__ import annotations

import ast
import hashlib
import inspect
import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.lesson_15.squeeze import coder, predict
from coursekit.lesson_15.squeeze.coder import ONE, Counter, Decoder, Encoder, Mixer


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(1, ONE - 1)), max_size=400))
def test_every_bit_comes_back_whatever_its_chance(pairs):
    encoder = Encoder()
    for bit, chance in pairs:
        encoder.code(bit, chance)
    data = encoder.finish()
    decoder = Decoder(data)
    assert [decoder.code(0, chance) for _, chance in pairs] == [bit for bit, _ in pairs]
    counter = Counter()
    for bit, chance in pairs:
        counter.code(bit, chance)
    assert 8 * len(data) <= counter.bits + 16


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 3)), max_size=300))
@settings(deadline=None)
def test_encoder_and_decoder_learn_the_same(pairs):
    encoder, mixer = Encoder(), Mixer(2)
    for bit, key in pairs:
        mixer.code(encoder, bit, [0, key], key)
    decoder, mixer = Decoder(encoder.finish()), Mixer(2)
    assert [mixer.code(decoder, 0, [0, key], key) for _, key in pairs] == [b for b, _ in pairs]


def test_bits_of_known_chance_cost_close_to_their_entropy():
    chance = random.Random(0)
    mixer, encoder = Mixer(1), Encoder()
    count = 20_000
    bits = [int(chance.random() < 0.05) for _ in range(count)]
    for bit in bits:
        mixer.code(encoder, bit, [0])
    share = sum(bits) / count
    entropy = -(share * math.log2(share) + (1 - share) * math.log2(1 - share))
    assert 8 * len(encoder.finish()) / count == pytest.approx(entropy, rel=0.05)


def test_a_context_that_tells_something_is_found():
    chance = random.Random(0)
    bits = [chance.getrandbits(1) for _ in range(4000)]
    costs = []
    for keys in (lambda bit: [0, 0], lambda bit: [0, bit]):
        counter, mixer = Counter(), Mixer(2)
        for bit in bits:
            mixer.code(counter, bit, keys(bit))
        costs.append(counter.bits)
    assert costs[0] > 3950
    assert costs[1] < 200


def test_tables_are_exact_and_symmetric():
    stretch, squash = coder._stretch(), coder._squash()
    assert (len(stretch), len(squash)) == (4096, 2 * coder.FAR + 1)
    for place in (0, 7, 1000, 2047, 3000, 4095):
        odds = (place + 0.5) / (4095.5 - place)
        assert stretch[place] == int(math.log(odds) * coder.UNIT)
    assert [-number for number in reversed(stretch)] == stretch
    for place in (0, 100, coder.FAR, len(squash) - 1):
        wanted = ONE / (1 + math.exp((coder.FAR - place) / coder.UNIT))
        assert squash[place] == pytest.approx(wanted, abs=1)
    text = repr((stretch, squash)).encode()
    assert hashlib.sha256(text).hexdigest() == TABLES


TABLES = "703c2b9c92cef07658c90a6d899e3410db22edc03f1baa8e8d574b851b17b097"


@pytest.mark.parametrize("part", [Encoder, Decoder, Mixer, coder._stretch, coder._squash, predict])
def test_nothing_between_bits_and_bytes_is_a_float(part):
    tree = ast.parse(inspect.getsource(part))
    for node in ast.walk(tree):
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, float))
        assert not isinstance(node, ast.Div)
        names = {getattr(node, "id", ""), getattr(node, "attr", "")}
        assert not names & {"float", "numpy", "np", "math", "torch", "round"}
