"""A claim is refused before anything is allocated; limits hold on both sides."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

from grader.protocol.values import (
    MAX_DEPTH,
    MAX_DIGITS,
    Array,
    Back,
    Big,
    CannotCross,
    Frame,
    Given,
    Live,
    Masked,
    Named,
    Numbers,
    Pairs,
    Quantized,
    Record,
    Seq,
    Sparse,
    Spelled,
    Yours,
)
from tests.grader.sandboxed.codec.crossing import BUFFERS, cross, dense, received, sent

pytestmark = pytest.mark.filterwarnings("ignore:.*(deprecated|oneDNN|Sparse)")


HUGE = 2**40


CLAIMS = {
    "an array of terabytes": Array("<f8", [HUGE], 0),
    "an array whose size overflows": Array("<f8", [2**62, 4, 2**62], 0),
    "an array of a wide type": Array("<U999999999", [1], 0),
    "a negative size": Array("<f8", [-1, -8], 0),
    "many dimensions": Array("<f8", [1] * 40, 0),
    "an array of objects": Array("|O", [1], 0),
    "an array of structures": Array("f4,O", [1], 0),
    "a buffer that is not there": Array("|u1", [8], 7),
    "a negative buffer": Array("|u1", [8], -1),
    "more than the buffer": Array("|u1", [9], 0),
    "less than the buffer": Array("|u1", [7], 0),
    "text out of range": Array("<U2", [1], 1),
    "a tensor of terabytes": dense(shape=(HUGE, HUGE)),
    "a view of terabytes": dense(shape=(2**20, 2**20), stride=[0, 0]),
    "a view beyond its memory": dense(shape=(2,), stride=[2**40]),
    "a view backwards": dense(shape=(2,), stride=[-1]),
    "a view of other rank": dense(shape=(2,), stride=[1, 1]),
    "a tensor of a function": dense("no_grad"),
    "a tensor of a raw quantized type": dense("qint8", (8,)),
    "whole numbers with gradient": dense("int64", (1,), requires_grad=True),
    "a gradient of another shape": dense(grad=dense("float64", (1,)), requires_grad=True),
    "sparse terabytes": Sparse(
        "coo", [HUGE, 1], [dense("int64", (2, 0), 2), dense(shape=(0,), buffer=2)]
    ),
    "sparse out of range": Sparse(
        "coo", [1, 1], [dense("int32", (2, 1), 1), dense("uint8", (1,), 3)]
    ),
    "sparse without parts": Sparse("csr", [2, 2], []),
    "rows that are none": Sparse(
        "csr", [1, 1], [dense("int32", (2,)), dense("uint8", (1,), 3), dense("uint8", (1,), 3)]
    ),
    "an axis that is not there": Quantized(dense("int8", (8,)), dense(), dense("int32"), 5),
    "scales of another length": Quantized(dense("int8", (8,)), dense(), dense("int32"), 0),
    "a scale and no zero point": Quantized(dense("int8", (8,)), dense(), 3, 0),
    "an integer of many digits": Big("0x" + "f" * MAX_DIGITS),
    "digits that are none": Big("one"),
    "a number of many digits": Spelled("Decimal", "1" * (MAX_DIGITS + 1)),
    "a fraction that takes hours": Spelled("Fraction", "1e999999999"),
    "a fraction by zero": Spelled("Fraction", "1/0"),
    "a named tuple with code for a name": Record("x(object)", ["a"], [1]),
    "a named tuple with code for a field": Record("P", ["a=__import__('os')"], [1]),
    "fields that are one": Record("P", ["foo", "ｆoo"], [1, 2]),
    "more items than fields": Record("P", ["a"], [1, 2]),
    "a named tuple without names": Record("P", [], []),
    "more items than there is room for": Seq("deque", [1], 0),
    "a range of one number": Numbers("range", [0]),
    "a table's value that is a list": Frame("Scalar", None, None, [Seq("list", [1])], ["object"]),
    "another name for whole numbers": dense("long", (1,)),
    "another name for a column of parts": Frame("Array", None, None, [Seq("list", [])], ["Sparse"]),
    "a list of narrow numbers": Frame("Array", None, None, [Seq("list", [7e4])], ["float16"]),
    "a list of what is no number": Frame("Array", None, None, [Seq("list", [None])], ["float64"]),
    "a list of times": Frame("Array", None, None, [Seq("list", [None])], ["datetime64[ns, UTC]"]),
    "a key that is a list": Pairs("dict", [(Seq("list", []), 1)]),
    "times in no unit with a mask": Masked(Array("<M8", [1], 1)),
    "spans of an odd unit with a mask": Masked(Array("<m8[25s]", [1], 0)),
    "a type that is none": Named("type", "nope"),
    "a function of a library": Named("library", "os:system"),
    "a given function that is none": Named("given", "nope"),
    "a function of NumPy": Named("numpy", "save"),
    "a function of torch": Named("torch", "load"),
    "a dtype with objects": Named("numpy.dtype", "|O"),
    "a reference to nothing": Back(3),
    "a negative reference": Back(-1),
    "somebody else's class": Given("Nobody", {}),
    "an instance of a function": Given("GivenNet.forward", {}),
    "a handle": Live(1, "function", "f", []),
    "a handle of ours": Yours(0),
    "half a character for a number": Spelled("Fraction", "\ud800"),
}


@pytest.mark.parametrize("node", CLAIMS.values(), ids=CLAIMS.keys())
def test_a_claim_is_refused_before_anything_is_allocated(node):
    tracemalloc.start()
    try:
        with pytest.raises(CannotCross):
            received(node, BUFFERS)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_a_claim_says_what_it_is():
    with pytest.raises(CannotCross, match="more than 256 MB of numbers"):
        received(CLAIMS["a view of terabytes"], BUFFERS)


def test_the_limits_are_for_all_of_a_message():
    """One buffer may be named many times: it counts each time."""
    megabyte = np.zeros(2**20, np.uint8)
    node = Seq("list", [Array("|u1", [2**20], 0)] * 257)
    with pytest.raises(CannotCross, match="more than 256 MB"):
        received(node, [megabyte])


@pytest.mark.parametrize("kind", [dense("float32"), Array("<f4", [2], 0)])
def test_two_do_not_name_one_buffer(kind):
    with pytest.raises(CannotCross, match="hold together"):
        received(Seq("list", [kind, kind]), [np.zeros(8, np.uint8)])


def nested(depth, leaf=0):
    value = leaf
    for _ in range(depth):
        value = [value]
    return value


def test_depth_is_limited_on_both_sides():
    assert cross(nested(MAX_DEPTH - 1)) == nested(MAX_DEPTH - 1)
    with pytest.raises(CannotCross, match="too deep"):
        cross(nested(MAX_DEPTH + 2))
    node: Any = 0
    for _ in range(3 * MAX_DEPTH):
        node = Seq("tuple", [node])
    with pytest.raises(CannotCross, match="too deep"):
        received(node)


def test_the_number_of_values_is_limited_on_both_sides(monkeypatch):
    from grader.protocol import values

    monkeypatch.setattr(values, "MAX_NODES", 100)
    monkeypatch.setattr(values.Budget.__init__, "__defaults__", (100, 1000))
    assert len(cross(list(range(90)))) == 90
    with pytest.raises(CannotCross, match="more than 100 values"):
        cross(list(range(101)))
    with pytest.raises(CannotCross, match="more than 100 values"):
        received(Seq("list", [None] * 101))
    with pytest.raises(CannotCross, match="MB of numbers"):
        sent(np.zeros(1001, np.uint8))


def test_digits_are_limited_on_both_sides():
    assert cross(16 ** (MAX_DIGITS // 2)) == 16 ** (MAX_DIGITS // 2)
    with pytest.raises(CannotCross, match="digits"):
        cross(16**MAX_DIGITS)


def test_truth_values_are_made_true_or_false():
    raw = [np.array([0, 1, 2, 255], np.uint8)]
    got = received(Array("|b1", [4], 0), raw)
    assert got.tobytes() == b"\0\1\1\1"
    assert received(dense("bool", (4,)), raw).sum() == 3


@pytest.mark.parametrize("order", "<>")
def test_texts_of_either_order_of_bytes_are_texts(order):
    made = np.array(["0", "ü", "\N{GRINNING FACE}"], dtype=f"{order}U1")
    assert (cross(made) == made).all()
    wrong = np.array([0x110000], dtype=f"{order}u4").tobytes()
    with pytest.raises(CannotCross, match="text that is none"):
        received(Array(f"{order}U1", [1], 0), [wrong])
