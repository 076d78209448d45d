"""Huffman's code is a prefix code, and within a bit a symbol of the entropy."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursekit.lesson_15.squeeze import entropy, huffman

SYMBOLS = st.lists(st.integers(-40, 40), min_size=1, max_size=300)


@given(SYMBOLS)
def test_what_is_encoded_is_decoded_within_a_bit_a_symbol_of_the_entropy(symbols):
    counts = Counter(symbols)
    lengths = huffman.code_lengths(counts)
    data = huffman.encode(symbols, lengths)
    assert huffman.decode(data + b"more", lengths, len(symbols)) == (symbols, len(data))
    bits = huffman.coded_bits(counts, lengths)
    assert len(data) == math.ceil(bits / 8)
    bound = entropy.entropy_bits(np.array(symbols))
    assert bound - 1e-6 <= bits <= bound + len(symbols)


@given(SYMBOLS)
def test_no_codeword_begins_another(symbols):
    words = sorted(huffman.codewords(huffman.code_lengths(Counter(symbols))).values())
    assert not any(b.startswith(a) for a, b in pairwise(words))


def test_codewords_are_canonical_and_lengths_those_of_the_textbook():
    lengths = huffman.code_lengths({0: 5, 1: 2, 2: 1, 3: 1})
    assert lengths == {0: 1, 1: 2, 2: 3, 3: 3}
    assert huffman.codewords(lengths) == {0: "0", 1: "10", 2: "110", 3: "111"}
    assert huffman.coded_bits({0: 5, 1: 2, 2: 1, 3: 1}, lengths) == 15


def test_codewords_over_32_bits_are_refused():
    fibonacci = [1, 1]
    while len(fibonacci) < 40:
        fibonacci.append(sum(fibonacci[-2:]))
    with pytest.raises(ValueError, match="longer than 32 bits"):
        huffman.code_lengths(dict(enumerate(fibonacci)))


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: huffman.code_lengths({}), "no symbol"),
        (lambda: huffman.code_lengths({1: 0}), "no symbol"),
        (lambda: huffman.code_lengths({1: -1}), "fewer than 0"),
        (lambda: huffman.codewords({1: 1, 2: 2}), "no complete prefix code"),
        (lambda: huffman.codewords({1: 1, 2: 1, 3: 1}), "no complete prefix code"),
        (lambda: huffman.codewords({1: 0}), "1 to 32 bits"),
        (lambda: huffman.codewords({1: 33}), "1 to 32 bits"),
        (lambda: huffman.codewords({}), "1 to 32 bits"),
        (lambda: huffman.encode([3], {1: 1, 2: 1}), "3 has no codeword"),
        (lambda: huffman.decode(b"\xff", {1: 1}, 3), "does not have|end in the middle"),
        (lambda: huffman.decode(b"\x00", {1: 1, 2: 2, 3: 2}, 9), "can't hold 9"),
        (lambda: huffman.decode(b"\xff", {1: 1, 2: 2, 3: 2}, 8), "end in the middle"),
        (lambda: huffman.decode(b"", {1: 1}, 1 << 40), "can't hold"),
    ],
)
def test_what_is_no_code_is_refused_with_one_sentence(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()


def test_entropy_splits_into_positions_and_values():
    levels = np.array([[0, 0, 1, -1], [0, 0, 0, 2]])
    assert entropy.entropy_bits(np.array([0, 1, 0, 1])) == pytest.approx(4)
    assert entropy.entropy_bits(np.array([], np.int64)) == 0
    assert entropy.value_bits(levels) == pytest.approx(3 * math.log2(3))
    both = entropy.position_bits(levels) + entropy.value_bits(levels)
    assert both == pytest.approx(entropy.entropy_bits(levels))
    with pytest.raises(TypeError, match="float64"):
        entropy.entropy_bits(np.array([0.5]))
