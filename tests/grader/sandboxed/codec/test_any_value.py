"""What crosses arrives as it left, whatever it is made of; what is no data stays where it is."""

from __future__ import annotations

import collections
import datetime
import decimal
import pathlib

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as numpy_strategies
from torch import nn

from grader.protocol.values import CannotCross, kind_of
from grader.sandboxed.codec.unpacking import Unpacker
from tests.grader.sandboxed.codec.crossing import (
    GIVEN,
    SPARSE,
    Box,
    Colour,
    Level,
    Pair,
    Slotted,
    alike,
    cross,
    no_live,
    sent,
)

pytestmark = pytest.mark.filterwarnings("ignore:.*(deprecated|oneDNN|Sparse)")


plain = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=2**63, max_value=2**300).map(lambda n: -n if n % 2 else n),
    st.floats(),
    st.complex_numbers(),
    st.text(),
    st.binary(),
    st.binary().map(bytearray),
    st.decimals(),
    st.fractions(),
    st.sampled_from(
        [int, np.int8, torch.float16, torch.strided, np.dtype("f4"), nn.ReLU, ..., Box]
    ),
    st.builds(range, st.integers(), st.integers(), st.integers(1, 5)),
    st.builds(slice, st.none() | st.integers(), st.integers(), st.none()),
    st.lists(st.sampled_from("ab"), max_size=3).map(lambda parts: pathlib.PurePosixPath(*parts)),
)


array_types = st.one_of(
    numpy_strategies.boolean_dtypes(),
    numpy_strategies.integer_dtypes(endianness="="),
    numpy_strategies.integer_dtypes(endianness=">"),
    numpy_strategies.unsigned_integer_dtypes(),
    numpy_strategies.floating_dtypes(),
    numpy_strategies.complex_number_dtypes(),
    numpy_strategies.datetime64_dtypes(),
    numpy_strategies.timedelta64_dtypes(),
    numpy_strategies.unicode_string_dtypes(max_len=3),
    numpy_strategies.byte_string_dtypes(max_len=3),
)


arrays = numpy_strategies.arrays(
    array_types, numpy_strategies.array_shapes(min_dims=0, min_side=0, max_side=3)
)


tensors = numpy_strategies.arrays(
    st.sampled_from([np.float32, np.float64, np.int8, np.int64, np.uint8, np.bool_, np.complex64]),
    numpy_strategies.array_shapes(min_dims=0, min_side=0, max_side=3),
).map(torch.from_numpy)


hashable = st.one_of(st.integers(), st.text(max_size=3), st.tuples(st.booleans(), st.binary()))


values = st.recursive(
    plain | arrays | tensors | arrays.filter(np.size).map(lambda a: a.reshape(-1)[0]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.lists(inner, max_size=4).map(collections.deque),
        st.dictionaries(hashable, inner, max_size=4),
        st.dictionaries(hashable, inner, max_size=4).map(collections.OrderedDict),
        st.sets(hashable, max_size=4),
        st.frozensets(hashable, max_size=4),
        st.lists(hashable, max_size=4).map(collections.Counter),
        st.builds(Pair, inner, inner),
        st.builds(Box, inner),
    ),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(values)
def test_a_value_arrives_as_it_left(value):
    assert alike(cross(value), value)


UTC = datetime.timezone(datetime.timedelta(hours=-3, minutes=-30))


@pytest.mark.parametrize(
    "value",
    [
        datetime.datetime(2026, 3, 2, 12, 0, 1, 5, tzinfo=UTC),
        datetime.date(1, 1, 1),
        datetime.time(23, 59, 59, 999_999),
        datetime.timedelta(days=-3, microseconds=1),
        [Colour.RED, Level.LOW, {Colour.BLUE: 1}],
        Slotted([1, torch.ones(2)]),
    ],
    ids=repr,
)
def test_times_members_and_slots_arrive_as_they_left(value):
    got = cross(value)
    if isinstance(value, Slotted):
        assert type(got) is Slotted
        assert alike([got.left, got.right], [value.left, value.right])
    else:
        assert alike(got, value)


def test_subclasses_come_without_their_methods():
    class Always(torch.Tensor):
        @classmethod
        def __torch_function__(cls, function, types, args=(), kwargs=None):
            return True

    class Equal(np.ndarray):
        __eq__ = lambda self, other: True  # noqa: E731

    class Seven(int):
        __eq__ = lambda self, other: True  # noqa: E731
        __hash__ = int.__hash__

    class Word(str):
        __eq__ = lambda self, other: True  # noqa: E731
        __hash__ = str.__hash__

    tensor = torch.ones(2).as_subclass(Always)
    tensor_with_method = torch.ones(2)
    tensor_with_method.equal = lambda other: True
    got = cross([tensor, tensor_with_method, np.ones(2).view(Equal), Seven(7), Word("x")])
    assert [type(value) for value in got] == [torch.Tensor, torch.Tensor, np.ndarray, int, str]
    assert "equal" not in vars(got[1])


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (lambda x: x, "live"),
        (object(), "live"),
        (iter([1]), "live"),
        ([1, {"a": object()}], "live"),
        (np.array([None, object()]), "live"),
        (np.zeros(2, [("a", int)]), "an array of"),
        (torch.empty(2, device="meta"), "a tensor without data"),
        (nn.MultiheadAttention(4, 1), "live"),
    ],
    ids=range(8),
)
def test_what_is_no_data_does_not_cross(value, why):
    with pytest.raises(CannotCross, match=why):
        cross(value)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(values, min_size=1, max_size=4), st.data())
def test_both_sides_number_objects_alike(made, data):
    """References count on it: between them, whatever else is in the message."""
    anchors = [[n] for n in range(len(made))]
    mixed = [part for pair in zip(made, anchors, strict=True) for part in pair]
    nodes, buffers = sent(*mixed, *anchors)
    unpacker = Unpacker(buffers, no_live, no_live, GIVEN)
    got = [unpacker.unpack(node) for node in nodes]
    for number in range(len(made)):
        assert got[len(mixed) + number] is got[2 * number + 1]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (None, "None"),
        (True, "number"),
        (2**99, "number"),
        (np.float32(1), "number"),
        (decimal.Decimal(1), "number"),
        ("a", "text"),
        (b"a", "bytes"),
        (Pair(1, 2), "container"),
        (range(3), "container"),
        (np.ones(1), "array"),
        (pd.Series([1]), "array"),
        (SPARSE.to_sparse(), "tensor"),
        (nn.ReLU(), "module"),
        (torch.float32, "name"),
        (Box(1), "given instance"),
    ],
)
def test_a_contract_s_word_for_a_value(value, kind):
    [node], _ = sent(value)
    assert kind_of(node) == kind
