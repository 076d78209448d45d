"""What crosses: values arrive as they left, and claims are refused before anything is allocated."""

from __future__ import annotations

import collections
import copy
import dataclasses
import datetime
import decimal
import enum
import math
import pathlib
import struct
import tracemalloc
import warnings
from typing import Any, NamedTuple, get_args

import msgspec
import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as numpy_strategies
from safetensors.numpy import load, save
from torch import nn
from torch.nn.utils import prune

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
    Named,
    Node,
    Objects,
    Pairs,
    Quantized,
    Record,
    Seq,
    Sparse,
    Spelled,
    Tensor,
    Yours,
    kind_of,
)
from grader.sandboxed.codec import packing
from grader.sandboxed.codec.buffers import join, split
from grader.sandboxed.codec.changes import assign
from grader.sandboxed.codec.families import modules
from grader.sandboxed.codec.libraries import library_name
from grader.sandboxed.codec.packing import Packer
from grader.sandboxed.codec.registry import BY_NODE, OF_TYPE
from grader.sandboxed.codec.unpacking import Unpacker

pytestmark = pytest.mark.filterwarnings("ignore:.*(deprecated|oneDNN|Sparse)")

DECODER = msgspec.msgpack.Decoder(Node)


class Pair(NamedTuple):
    left: Any
    right: Any


@dataclasses.dataclass
class Box:
    """A class of a given cell."""

    content: Any

    half = property(lambda self: self.content / 2)

    def check(self):
        return "the teacher's"


@dataclasses.dataclass(slots=True)
class Slotted:
    left: Any
    right: Any = 0


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Level(enum.IntEnum):
    LOW = 1


class GivenNet(nn.Module):
    def __init__(self, width=3):
        super().__init__()
        self.width = width
        self.first = nn.Linear(width, 2)
        self.scale = nn.Parameter(torch.tensor(2.0))
        self.register_buffer("seen", torch.zeros(1), persistent=False)

    def forward(self, x):
        return self.scale * self.first(x)


GIVEN = {cls.__name__: cls for cls in (Box, GivenNet, Slotted, Colour, Level)}


def no_live(value):
    raise CannotCross("live")


def sent(*values):
    """What one side sends: nodes, through their bytes, and buffers, through theirs."""
    packer = Packer(no_live, GIVEN)
    nodes = [packer.pack(value) for value in values]
    received = [DECODER.decode(msgspec.msgpack.encode(node)) for node in nodes]
    return received, split(join(packer.buffers))


def received(node, buffers=()):
    return Unpacker(list(buffers), no_live, no_live, GIVEN).unpack(node)


def cross(value):
    [node], buffers = sent(value)
    return received(node, buffers)


def alike(one, other) -> bool:
    """Whether two values have the same types and content, bit for bit, all the way down."""
    # A named tuple's class is made anew.
    fields = getattr(one, "_fields", None), getattr(other, "_fields", None)
    if fields[0] != fields[1] or (fields[0] is None and type(one) is not type(other)):
        return False
    if isinstance(one, decimal.Decimal):
        return str(one) == str(other)
    if isinstance(one, float | complex):
        return bits(one) == bits(other)
    if isinstance(one, np.ndarray | np.generic):
        same = (one.dtype, one.shape) == (other.dtype, other.shape)
        return same and one.tobytes() == other.tobytes()
    if isinstance(one, torch.Tensor):
        return alike_tensors(one, other)
    if isinstance(one, collections.Counter | dict):
        one, other = list(one.items()), list(other.items())
    if isinstance(one, list | tuple | collections.deque):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, Box):
        return alike(one.content, other.content)
    return bool(one == other)


def quietly(make, *args):
    """What it makes, without the words of caution that it writes."""
    with warnings.catch_warnings(action="ignore"):
        return make(*args)


def bits(number: complex) -> bytes:
    number = complex(number)
    # Any NaN is as good as another.
    parts = [math.nan if math.isnan(part) else part for part in (number.real, number.imag)]
    return struct.pack("dd", *parts)


def alike_tensors(one, other) -> bool:
    def look(tensor):
        return tensor.dtype, tensor.shape, tensor.layout, tensor.requires_grad, tensor.is_leaf

    if look(one) != look(other):
        return False
    if one.is_quantized:
        return one.qscheme() == other.qscheme() and alike_tensors(one.int_repr(), other.int_repr())
    if one.layout is not torch.strided:
        if one.layout is torch.sparse_coo and one.is_coalesced() != other.is_coalesced():
            return False
        return alike_tensors(one.detach().to_dense(), other.detach().to_dense())
    if not one.numel():
        return True
    flat = [t.detach().resolve_conj().contiguous().reshape(-1) for t in (one, other)]
    return torch.equal(*(t.view(torch.uint8) for t in flat))


# --- Round trips -------------------------------------------------------------------------------

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


def test_members_are_the_judge_s_own():
    assert cross(Colour.RED) is Colour.RED
    assert cross(Level.LOW) is Level.LOW


@pytest.mark.parametrize("name", ["Colour.GREEN", "Colour.__class__", "Box.content", "Nobody.RED"])
def test_a_member_that_nobody_has_is_refused(name):
    with pytest.raises(CannotCross):
        received(Named("member", name))


@pytest.mark.parametrize(
    ("kind", "text"), [("date", "yesterday"), ("time", "25:00"), ("datetime", "9" * 9_000)]
)
def test_a_time_that_is_none_is_refused(kind, text):
    with pytest.raises(CannotCross):
        received(Spelled(kind, text))


def test_what_a_container_does_later_crosses_too():
    counts = cross(collections.defaultdict(list, a=[1]))
    counts["b"].append(2)
    assert counts == {"a": [1], "b": [2]}
    # A function stays where it is.
    with pytest.raises(KeyError):
        cross(collections.defaultdict(lambda: 1))["c"]
    last = cross(collections.deque([1, 2], maxlen=2))
    last.append(3)
    assert list(last) == [2, 3]


def test_an_object_with_slots_can_be_changed():
    target = Slotted(1, 2)
    assign(target, Slotted(3, 4))
    assert (target.left, target.right) == (3, 4)


@pytest.mark.parametrize("name", ["float8_e4m3fn", "bfloat16", "float16", "uint16", "complex128"])
def test_types_that_numpy_does_not_have_cross(name):
    tensor = torch.arange(6).to(getattr(torch, name)).reshape(2, 3)
    assert alike(cross(tensor), tensor)


@pytest.mark.parametrize(
    ("make", "strides"),
    [
        (lambda: torch.arange(12.0).reshape(3, 4).t(), (1, 4)),
        (lambda: torch.arange(12.0).reshape(3, 4)[:, 1:3], (4, 1)),
        (lambda: torch.ones(1).expand(50), (0,)),
        (lambda: torch.arange(8.0).reshape(1, 2, 2, 2).to(memory_format=torch.channels_last), None),
        # Its column of a large matrix brings no matrix along.
        (lambda: torch.arange(10_000.0).reshape(100, 100)[:, 0], (1,)),
        (lambda: torch.tensor([1 + 2j, 3j]).conj(), (1,)),
    ],
)
def test_strides_stay_where_they_are_worth_it(make, strides):
    tensor = make()
    got = cross(tensor)
    assert alike(got, tensor)
    assert got.stride() == (strides or tensor.stride())
    assert got.untyped_storage().nbytes() <= max(1000, 4 * tensor.nbytes)


def test_gradients_and_parameters_cross():
    leaf = torch.tensor([1.0, 2.0], requires_grad=True)
    (leaf**2).sum().backward()
    got = cross(leaf)
    assert got.is_leaf
    assert got.requires_grad
    assert got.grad.tolist() == [2.0, 4.0]
    computed = cross(leaf * 3)
    assert computed.requires_grad
    assert computed.tolist() == [3.0, 6.0]
    parameter = cross(nn.Parameter(torch.ones(2), requires_grad=False))
    assert type(parameter) is nn.Parameter
    assert not parameter.requires_grad


SPARSE = torch.tensor([[0.0, 2, 0, 0], [1, 0, 0, 3], [0, 0, 0, 0], [0, 4, 0, 0]])


@pytest.mark.parametrize(
    "tensor",
    [
        SPARSE.to_sparse(),
        quietly(torch.sparse_coo_tensor, [[0, 0], [1, 1]], [1.0, 2.0], (2, 2)),
        torch.sparse_coo_tensor([[1]], torch.ones(1, 3), (2, 3)),
        SPARSE.to_sparse().requires_grad_(),
        quietly(SPARSE.to_sparse_csr),
        SPARSE.to_sparse_csc(),
        SPARSE.to_sparse_bsr((2, 2)),
        SPARSE.to_sparse_bsc((2, 2)),
        torch.zeros(2, 2).to_sparse(),
    ],
    ids=lambda tensor: f"{tensor.layout}-{'x'.join(map(str, tensor.shape))}",
)
def test_sparse_tensors_keep_their_layout(tensor):
    assert alike(cross(tensor), tensor)


@pytest.mark.parametrize("dtype", [torch.qint8, torch.quint8, torch.qint32])
def test_quantized_tensors_keep_scale_and_zero_point(dtype):
    one = torch.quantize_per_tensor(torch.linspace(-1, 1, 6).reshape(2, 3), 0.013, 7, dtype)
    got = cross(one)
    assert alike(got, one)
    assert (got.q_scale(), got.q_zero_point()) == (one.q_scale(), one.q_zero_point())
    scales, zeros = torch.tensor([0.1, 0.2, 0.3]), torch.tensor([0, 1, 2])
    one = torch.quantize_per_channel(
        torch.linspace(-1, 1, 6).reshape(2, 3), scales, zeros, 1, dtype
    )
    got = cross(one)
    assert torch.equal(got.dequantize(), one.dequantize())
    assert got.q_per_channel_axis() == 1


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


def test_generators_of_random_numbers_go_on_where_they_were():
    ours, theirs = np.random.default_rng(3), torch.Generator().manual_seed(3)
    ours.random(), torch.rand(1, generator=theirs)
    got, got_torch = cross([ours, theirs])
    assert got.random(5).tolist() == ours.random(5).tolist()
    assert torch.equal(torch.rand(5, generator=got_torch), torch.rand(5, generator=theirs))


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": [0.5, math.nan]}, index=["i", "j"]),
        pd.DataFrame({"day": pd.to_datetime(["2020-01-01"]), "is": [True]}),
        pd.DataFrame(),
        pd.Series([1, 2, 3], name="n", index=[3, 2, 1]),
        pd.Index(["a", "b"], name="letters"),
    ],
    ids=["frame", "days", "empty", "series", "index"],
)
def test_tables_cross(table):
    check = {
        pd.DataFrame: pd.testing.assert_frame_equal,
        pd.Series: pd.testing.assert_series_equal,
    }.get(type(table), pd.testing.assert_index_equal)
    check(cross(table), table)


def test_an_instance_of_a_given_class_is_one_on_the_other_side():
    got = cross(Box([1, Box(2)]))
    assert got == Box([1, Box(2)])
    assert got.check() == "the teacher's"
    assert cross(Box) is Box


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


# --- One object is one object ------------------------------------------------------------------


def test_what_is_one_object_stays_one():
    shared, tensor, array = [1], torch.ones(2), np.ones(2)
    got = cross([shared, shared, {"a": shared}, tensor, (tensor,), array, [array], [1]])
    assert got[0] is got[1] is got[2]["a"]
    assert got[3] is got[4][0]
    assert got[5] is got[6][0]
    assert got[7] is not got[0]


def test_what_holds_itself_does_so_on_the_other_side():
    circle: list[Any] = [1]
    circle.append({"me": circle})
    got = cross(circle)
    assert got[1]["me"] is got
    box = Box(None)
    box.content = box
    assert (it := cross(box)).content is it


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


def test_known_objects_are_not_sent_again_and_can_be_shown_anew():
    known: list[Any] = [[1], torch.zeros(2)]
    packer = Packer(no_live, {}, known)
    assert packer.pack(known) != Back(0)
    packer = Packer(no_live, {}, known)
    assert [packer.pack(value) for value in known] == [Back(0), Back(1)]
    known[0].append(known[0])
    assert packer.pack_again(0) == Seq("list", [1, Back(0)])
    assert packer.pack(known[0]) == Back(0)
    packer.forget(known[0])
    assert isinstance(packer.pack(known[0]), Seq)


# --- Families ----------------------------------------------------------------------------------


def test_every_node_belongs_to_a_family_or_refers_to_something():
    structs = {cls for cls in get_args(Node) if issubclass(cls, msgspec.Struct)}
    assert structs == {*BY_NODE, Live, Yours, Back}


# What no number can be made of, and numbers with bytes in them that mean nothing.
NO_NUMBERS = {np.void, np.object_, np.longdouble, np.clongdouble}
TIMES = {np.datetime64, np.timedelta64}
# Others may have been told to NumPy: those of ml_dtypes, which TensorFlow brings.
FOREIGN = {cls for cls in np.sctypeDict.values() if cls.__module__ != "numpy"}
USUAL: list[Any] = [
    *([], [1, [2]], (), (1, 2), {}, {"a": [1]}, {1}, frozenset((1,))),
    *(collections.deque([1], 2), collections.OrderedDict(a=1), collections.defaultdict(list, a=1)),
    *(np.ones(2), np.array([None, 1]), np.datetime64(1, "s"), np.timedelta64(1, "s")),
    *(cls(1) for cls in sorted({*np.sctypeDict.values()} - NO_NUMBERS - TIMES - FOREIGN, key=str)),
    *(1j, b"a", bytearray(b"a"), range(3), slice(1), lambda: 1, len),
    *(int, Box, nn.ReLU, np.int8, ValueError, Pair),
    *(torch.ones(2, requires_grad=True), nn.Parameter(torch.ones(2))),
]


@pytest.mark.parametrize("exact", [False, True])
def test_usual_values_go_the_way_of_all_others(monkeypatch, exact):
    """Their families are found by type; in the order of all families they are the same."""

    def packed(value):
        packer = Packer(lambda live: Live(1, "function", "f", []), GIVEN, exact=exact)
        node = msgspec.msgpack.encode(packer.pack(value))
        return node, packer.buffers, [id(part) for part in packer.objects]

    assert {type(value) for value in USUAL} >= set(OF_TYPE) - NO_NUMBERS - FOREIGN
    at_first = [packed(value) for value in USUAL]
    monkeypatch.setattr(packing, "of_type", lambda cls: None)
    assert [packed(value) for value in USUAL] == at_first


# --- Modules -----------------------------------------------------------------------------------

X, IMAGE, VOLUME, SIGNAL = (
    torch.rand(s) for s in ((3, 4), (2, 4, 6, 6), (1, 4, 4, 4, 4), (2, 4, 6))
)
IDS, LABELS = torch.tensor([[1, 2], [0, 3]]), torch.tensor([1, 0, 3])
PAIRS = (X, X.flip(0))
SIGNS = torch.tensor([1.0, -1, 1])
POOLED2 = torch.nn.functional.max_pool2d(IMAGE, 2, return_indices=True)
POOLED1 = torch.nn.functional.max_pool1d(SIGNAL, 2, return_indices=True)
POOLED3 = torch.nn.functional.max_pool3d(VOLUME, 2, return_indices=True)

# A module of every class that is said to cross, and an input. None: it can't be called by itself.
MODULES: list[tuple[nn.Module, Any]] = [
    (nn.AdaptiveAvgPool1d(3), (SIGNAL,)),
    (nn.AdaptiveAvgPool2d((2, None)), (IMAGE,)),
    (nn.AdaptiveAvgPool3d(2), (VOLUME,)),
    (nn.AdaptiveMaxPool1d(3), (SIGNAL,)),
    (nn.AdaptiveMaxPool2d(2, return_indices=True), (IMAGE,)),
    (nn.AdaptiveMaxPool3d(2), (VOLUME,)),
    (nn.AlphaDropout(0.3).eval(), (X,)),
    (nn.AvgPool1d(2), (SIGNAL,)),
    (nn.AvgPool2d(2, stride=1, divisor_override=3), (IMAGE,)),
    (nn.AvgPool3d(2), (VOLUME,)),
    (nn.BCELoss(weight=torch.rand(3, 4)), PAIRS),
    (nn.BCEWithLogitsLoss(pos_weight=torch.rand(4)), PAIRS),
    (nn.BatchNorm1d(4), (X,)),
    (nn.BatchNorm2d(4, momentum=None), (IMAGE,)),
    (nn.BatchNorm3d(4, affine=False), (VOLUME,)),
    (nn.Bilinear(4, 4, 2), PAIRS),
    (nn.CELU(0.7), (X,)),
    (
        nn.CTCLoss(blank=1),
        (torch.rand(5, 1, 4).log_softmax(2), torch.tensor([[2, 3]]), [5], [2]),
    ),
    (nn.ChannelShuffle(2), (IMAGE,)),
    (nn.CircularPad1d(1), (SIGNAL,)),
    (nn.CircularPad2d((1, 0, 2, 1)), (IMAGE,)),
    (nn.CircularPad3d(1), (VOLUME,)),
    (nn.ConstantPad1d(1, 3.5), (SIGNAL,)),
    (nn.ConstantPad2d(1, 3.5), (IMAGE,)),
    (nn.ConstantPad3d(1, 3.5), (VOLUME,)),
    (nn.Conv1d(4, 2, 3, padding="same"), (SIGNAL,)),
    (nn.Conv2d(4, 6, (3, 2), stride=2, groups=2, bias=False, padding_mode="circular"), (IMAGE,)),
    (nn.Conv3d(4, 2, 2, dilation=2), (VOLUME,)),
    (nn.ConvTranspose1d(4, 2, 3, output_padding=1, stride=2), (SIGNAL,)),
    (nn.ConvTranspose2d(4, 2, 3, bias=False), (IMAGE,)),
    (nn.ConvTranspose3d(4, 2, 2), (VOLUME,)),
    (nn.CosineEmbeddingLoss(0.2), (*PAIRS, SIGNS)),
    (nn.CosineSimilarity(0), PAIRS),
    (nn.CrossEntropyLoss(torch.rand(4), label_smoothing=0.1), (X, LABELS)),
    (nn.CrossMapLRN2d(3, alpha=0.1), (IMAGE,)),
    (nn.Dropout(0.3).eval(), (X,)),
    (nn.Dropout1d(0.3).eval(), (SIGNAL,)),
    (nn.Dropout2d(0.3).eval(), (IMAGE,)),
    (nn.Dropout3d(0.3).eval(), (VOLUME,)),
    (nn.ELU(0.7), (X,)),
    (nn.Embedding(5, 3, padding_idx=1, max_norm=0.5), (IDS,)),
    (nn.EmbeddingBag(5, 3, mode="max", padding_idx=2), (IDS,)),
    (nn.FeatureAlphaDropout(0.3).eval(), (IMAGE,)),
    (nn.Flatten(2), (IMAGE,)),
    (nn.Fold((3, 3), 2), (torch.rand(1, 8, 4),)),
    (nn.FractionalMaxPool2d(2, output_size=3, _random_samples=torch.rand(2, 4, 2)), (IMAGE,)),
    (
        nn.FractionalMaxPool3d(2, output_ratio=0.5, _random_samples=torch.rand(1, 4, 3)),
        (VOLUME,),
    ),
    (nn.GELU("tanh"), (X,)),
    (nn.GLU(1), (X,)),
    (nn.GRU(4, 3, 2, batch_first=True), (SIGNAL.transpose(1, 2),)),
    (nn.GRUCell(4, 3), (X,)),
    (nn.GaussianNLLLoss(full=True), (*PAIRS, X + 1)),
    (nn.GroupNorm(2, 4), (IMAGE,)),
    (nn.Hardshrink(0.3), (X,)),
    (nn.Hardsigmoid(), (X,)),
    (nn.Hardswish(), (X,)),
    (nn.Hardtanh(-0.2, 0.3), (X,)),
    (nn.HingeEmbeddingLoss(0.5), (X[:, 0], SIGNS)),
    (nn.HuberLoss(delta=0.2), PAIRS),
    (nn.Identity(), (X,)),
    (nn.InstanceNorm1d(4, affine=True), (SIGNAL,)),
    (nn.InstanceNorm2d(4, track_running_stats=True), (IMAGE,)),
    (nn.InstanceNorm3d(4), (VOLUME,)),
    (nn.KLDivLoss(reduction="sum", log_target=True), PAIRS),
    (nn.L1Loss(reduction="none"), PAIRS),
    (nn.LPPool1d(2, 2), (SIGNAL,)),
    (nn.LPPool2d(2, 2), (IMAGE,)),
    (nn.LPPool3d(2, 2), (VOLUME,)),
    (nn.LSTM(4, 3, 2, bidirectional=True, bias=False), (SIGNAL.transpose(1, 2),)),
    (nn.LSTM(4, 3, proj_size=2, batch_first=True), (SIGNAL.transpose(1, 2),)),
    (nn.LSTMCell(4, 3), (X,)),
    (nn.LayerNorm((6, 6), elementwise_affine=False), (IMAGE,)),
    (nn.LeakyReLU(0.3), (X - 0.5,)),
    (nn.Linear(4, 2), (X,)),
    (nn.LocalResponseNorm(2), (IMAGE,)),
    (nn.LogSigmoid(), (X,)),
    (nn.LogSoftmax(1), (X,)),
    (nn.MSELoss(reduction="sum"), PAIRS),
    (nn.MarginRankingLoss(0.1), (X[:, 0], X[:, 1], SIGNS)),
    (nn.MaxPool1d(2, dilation=2), (SIGNAL,)),
    (nn.MaxPool2d(2, ceil_mode=True), (IMAGE,)),
    (nn.MaxPool3d(2, return_indices=True), (VOLUME,)),
    (nn.MaxUnpool1d(2), POOLED1),
    (nn.MaxUnpool2d(2), POOLED2),
    (nn.MaxUnpool3d(2), POOLED3),
    (nn.Mish(), (X,)),
    (nn.ModuleDict({"a": nn.Linear(4, 2)}), None),
    (nn.ModuleList([nn.Linear(4, 2), nn.ReLU()]), None),
    (nn.MultiLabelMarginLoss(), (X, torch.tensor([[3, 0, -1, 1]] * 3))),
    (nn.MultiLabelSoftMarginLoss(torch.rand(4)), PAIRS),
    (nn.MultiMarginLoss(2, 0.7), (X, LABELS)),
    (nn.NLLLoss(torch.rand(4), ignore_index=3), (X, LABELS)),
    (quietly(nn.NLLLoss2d), (X, LABELS)),
    (nn.PReLU(4, init=0.1), (X - 0.5,)),
    (nn.PairwiseDistance(3, keepdim=True), PAIRS),
    (nn.ParameterDict({"a": torch.ones(2), "b": torch.zeros(1)}), None),
    (nn.ParameterList([torch.ones(2), torch.zeros(1)]), None),
    (nn.PixelShuffle(2), (IMAGE,)),
    (nn.PixelUnshuffle(2), (IMAGE,)),
    (nn.PoissonNLLLoss(log_input=False), PAIRS),
    (nn.RMSNorm(4, eps=0.1), (X,)),
    (nn.RNN(4, 3, nonlinearity="relu"), (SIGNAL.transpose(1, 2),)),
    (nn.RNNCell(4, 3, bias=False, nonlinearity="relu"), (X,)),
    (nn.RReLU(0.1, 0.3).eval(), (X - 0.5,)),
    (nn.ReLU(), (X - 0.5,)),
    (nn.ReLU6(), (X * 9,)),
    (nn.ReflectionPad1d(1), (SIGNAL,)),
    (nn.ReflectionPad2d(1), (IMAGE,)),
    (nn.ReflectionPad3d(1), (VOLUME,)),
    (nn.ReplicationPad1d(1), (SIGNAL,)),
    (nn.ReplicationPad2d((1, 2, 0, 0)), (IMAGE,)),
    (nn.ReplicationPad3d(1), (VOLUME,)),
    (nn.SELU(), (X,)),
    (nn.Sequential(nn.Linear(4, 2), nn.Sequential(nn.ReLU(), nn.BatchNorm1d(2)).eval()), (X,)),
    (nn.SiLU(), (X,)),
    (nn.Sigmoid(), (X,)),
    (nn.SmoothL1Loss(beta=0.3), PAIRS),
    (nn.SoftMarginLoss(), (X[:, 0], SIGNS)),
    (nn.Softmax(0), (X,)),
    (nn.Softmax2d(), (IMAGE,)),
    (nn.Softmin(1), (X,)),
    (nn.Softplus(2, 0.5), (X,)),
    (nn.Softshrink(0.2), (X,)),
    (nn.Softsign(), (X,)),
    (nn.SyncBatchNorm(4).eval(), (X,)),
    (nn.Tanh(), (X,)),
    (nn.Tanhshrink(), (X,)),
    (nn.Threshold(0.4, 7.0), (X,)),
    (nn.TripletMarginLoss(0.3, swap=True), (X, X.flip(0), X.flip(1))),
    (nn.Unflatten(1, (2, 2)), (X,)),
    (nn.Unfold(2, stride=2), (IMAGE,)),
    (nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True), (IMAGE,)),
    (nn.UpsamplingBilinear2d(scale_factor=2), (IMAGE,)),
    (nn.UpsamplingNearest2d((3, 3)), (IMAGE,)),
    (nn.ZeroPad1d(1), (SIGNAL,)),
    (nn.ZeroPad2d((1, 0, 0, 1)), (IMAGE,)),
    (nn.ZeroPad3d(1), (VOLUME,)),
]


def test_every_class_that_crosses_is_tried():
    assert {type(module).__name__ for module, _ in MODULES} == set(modules._classes())


def alike_modules(one: nn.Module, other: nn.Module) -> bool:
    states = one.state_dict(), other.state_dict()
    shapes = [(name, type(part), part.training) for name, part in one.named_modules()]
    return (
        shapes == [(name, type(part), part.training) for name, part in other.named_modules()]
        and list(states[0]) == list(states[1])
        and all(map(alike_tensors, states[0].values(), states[1].values()))
        and [p.requires_grad for p in one.parameters()]
        == [p.requires_grad for p in other.parameters()]
    )


@pytest.mark.parametrize(("module", "inputs"), MODULES, ids=lambda v: type(v).__name__)
def test_a_module_is_rebuilt(module, inputs):
    for parameter in module.parameters():
        nn.init.uniform_(parameter)
    # A second one of the same sizes is not made from its arguments again.
    first = cross(module)
    first.register_forward_hook(lambda *_: None)
    first.register_buffer("more", torch.zeros(1))
    got = cross(module)
    assert not got._forward_hooks
    assert alike_modules(got, module)
    assert repr(got) == repr(module)
    if inputs is None:
        assert len(got) == len(module)
        return
    # Running statistics change by a call, so each has one call.
    torch.manual_seed(0)
    wanted = module(*inputs)
    torch.manual_seed(0)
    found = got(*inputs)
    assert alike(cross(found), cross(wanted))


@pytest.mark.parametrize("cls", modules._ONLY_KEPT)
def test_a_module_of_other_sizes_than_the_one_before_has_its_own(cls):
    names = modules._ONLY_KEPT[cls]
    small, large = (cls(**dict.fromkeys(names, size)) for size in (2, 5))
    rest = [vars(module).keys() - names - {"_parameters"} for module in (small, large)]
    assert rest[0] == rest[1]
    assert all(vars(small)[name] == vars(large)[name] for name in rest[0])
    for module in (small, large, small):
        got = cross(module)
        assert repr(got) == repr(module)
        assert alike_modules(got, module)


def test_containers_of_parameters_keep_names_and_order():
    some = nn.ParameterList([torch.ones(2), torch.zeros(1)])
    assert [p.tolist() for p in cross(some)] == [[1, 1], [0]]
    named = nn.ParameterDict({"b": torch.ones(2), "a": torch.zeros(1)})
    assert {k: v.tolist() for k, v in cross(named).items()} == {"b": [1, 1], "a": [0]}
    assert list(cross(nn.ModuleDict({"b": nn.ReLU(), "a": nn.Tanh()}))) == ["b", "a"]


def test_whatever_else_hangs_on_a_module_stays_behind():
    layer = nn.Linear(4, 2)
    layer.forward = lambda x: torch.full((3, 2), 7.0)
    layer.parameters = lambda: iter([])
    layer.register_forward_hook(lambda *_: torch.full((3, 2), 7.0))
    layer.note = "mine"
    got = cross(nn.Sequential(layer))[0]
    assert torch.equal(got(X), nn.functional.linear(X, layer.weight, layer.bias))
    assert len(list(got.parameters())) == 2
    assert not hasattr(got, "note")


def test_a_parameter_used_twice_is_one_parameter():
    one, other = nn.Linear(4, 4), nn.Linear(4, 4)
    other.weight = one.weight
    got = cross(nn.Sequential(one, other, one))
    assert got[0] is got[2]
    assert got[0].weight is got[1].weight


def test_a_module_of_another_type_of_numbers_and_frozen_parts():
    module = nn.Linear(4, 2).to(torch.bfloat16)
    module.bias.requires_grad_(False)
    assert alike_modules(cross(module), module)


def test_masks_cross_and_are_masks_on_the_other_side():
    net = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Conv2d(2, 3, 2))
    prune.l1_unstructured(net[0], "weight", amount=0.4)
    prune.random_structured(net[0], "weight", amount=1, dim=0)
    prune.custom_from_mask(net[0], "bias", torch.tensor([1.0, 0, 1, 0, 1]))
    prune.identity(net[2], "weight")
    got = cross(net)
    assert prune.is_pruned(got)
    assert alike_modules(got, net)
    assert torch.equal(got[0].weight, net[0].weight)
    assert torch.equal(got[0].bias, net[0].bias)
    x = torch.rand(3, 6)
    assert torch.equal(got[0](x), net[0](x))
    with torch.no_grad():
        got[0].weight_orig.fill_(1.0)
    got[0](x)
    assert torch.equal(got[0].weight, got[0].weight_mask), "the mask is applied in every call"
    prune.remove(got[0], "weight")
    prune.remove(got[0], "bias")
    assert sorted(dict(got[0].named_parameters())) == ["bias", "weight"]
    assert not prune.is_pruned(got[0])
    got[2](torch.rand(1, 2, 3, 3)).sum().backward()


def test_a_mask_whose_hook_a_refused_request_took_away_crosses_as_it_is():
    layer = nn.Linear(4, 2)
    prune.random_unstructured(layer, "weight", amount=3)
    with pytest.raises(ValueError, match="should be smaller"):
        prune.l1_unstructured(layer, "weight", amount=100)
    assert not prune.is_pruned(layer)
    got = cross(layer)
    assert not prune.is_pruned(got)
    assert torch.equal(got.weight, layer.weight)
    assert torch.equal(got.weight_mask, layer.weight_mask)
    with torch.no_grad():
        got.weight_orig.fill_(1.0)
    assert torch.equal(got(X), layer(X)), "the weight is what it was"


def test_a_network_of_a_given_class_crosses_with_its_plain_attributes():
    net = GivenNet(4)
    net.note = ["kept"]
    net._hidden = 1
    [node], buffers = sent(net)
    node.attributes |= {"forward": "forged", "parameters": "forged", "_modules": "forged"}
    got = received(node, buffers)
    assert type(got) is GivenNet
    assert torch.equal(got(X), 2 * nn.functional.linear(X, net.first.weight, net.first.bias))
    assert (got.width, got.note, len(list(got.parameters()))) == (4, ["kept"], 3)
    assert not hasattr(got, "_hidden")
    assert list(got.state_dict()) == list(net.state_dict())


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"cls": "Transformer"}, "the class Transformer"),
        ({"cls": "given:Nobody"}, "which no given cell defines"),
        ({"cls": "given:Box"}, "which no given cell defines"),
        ({"args": {"in_features": 4, "out_features": 2, "device": "cpu"}}, "other arguments"),
        ({"args": {"in_features": 2**40, "out_features": 2}}, "size"),
        ({"args": {"in_features": Seq("list", [Seq("list", [2**40])])}}, "size"),
        ({"args": {"in_features": Named("type", "int"), "out_features": 2}}, "no number or text"),
        ({"parameters": [("weight", 3)]}, "a parameter that is none"),
        ({"parameters": [("forward", None)]}, "a parameter that is none"),
        ({"parameters": [("__class__", None)]}, "a parameter that is none"),
        ({"parameters": [("a.b", None)]}, "a parameter that is none"),
        ({"buffers": [("state_dict", None, True)]}, "a buffer that is none"),
        ({"buffers": [("ok", "text", True)]}, "a buffer that is none"),
        ({"children": [("0", Seq("list", []))]}, "a part of a module that is none"),
        ({"pruned": ["weight"]}, "a mask that does not fit"),
        ({"pruned": ["forward"]}, "a mask that does not fit"),
        ({"unhooked": ["weight"]}, "a mask that does not fit"),
    ],
    ids=range(17),
)
def test_a_description_that_does_not_hold_together_is_refused(change, why):
    [node], buffers = sent(nn.Linear(4, 2))
    for name, value in change.items():
        setattr(node, name, value)
    with pytest.raises(CannotCross, match=why):
        received(node, buffers)


@pytest.mark.parametrize(
    ("column", "dtype"),
    [
        (2**31, "period[Y-DEC]"),
        (0.5, "period[Y-DEC]"),
        (None, "period[Y-DEC]"),
        ("2020", "period[Y-DEC]"),
        (Objects([1], [1]), "period[Y-DEC]"),
        (Array("<i4", [2], 0), "period[Y-DEC]"),
        (Array("<i8", [1, 1], 0), "period[Y-DEC]"),
        (Array("<i8", [1], 0), "period[nothing]"),
        (2**31, "category"),
        (Seq("list", [2**31, 2**31]), "category"),
        (Seq("list", [Array("<i8", [1], 0), Seq("list", [])]), "category"),
        (2**31, "interval right"),
        (Seq("list", [2**31, 2**31]), "interval right"),
        (Seq("list", [Seq("list", [0]), Seq("list", [1])]), "interval nowhere"),
        (Seq("list", ["x"]), "datetime64[ns, UTC]"),
        (Seq("list", ["x"]), "Int64"),
        (Seq("list", ["x"]), "nothing"),
    ],
    ids=range(17),
)
def test_a_table_that_does_not_hold_together_is_refused(column, dtype):
    frame = Frame("Scalar", None, None, [column], [dtype])
    with pytest.raises(CannotCross):
        received(frame, BUFFERS)


# --- Limits ------------------------------------------------------------------------------------

HUGE = 2**40


def dense(dtype="float32", shape=(2,), buffer=0, **others):
    return Tensor(dtype, list(shape), buffer, **others)


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
    "a key that is a list": Pairs("dict", [(Seq("list", []), 1)]),
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
BUFFERS = [
    np.zeros(8, np.uint8),
    np.full(8, 255, np.uint8),
    np.zeros(0, np.uint8),
    np.ones(1, np.uint8),
]


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
    assert len(received(Seq("list", node.items[:3]), [megabyte])) == 3


def test_two_that_name_one_buffer_do_not_share_memory():
    raw = [np.zeros(8, np.uint8)]
    for kind in (dense("float32"), Array("<f4", [2], 0)):
        one, other = received(Seq("list", [kind, kind]), raw)
        one += 1
        assert other.tolist() == [0, 0]
    assert raw[0].tolist() == [0] * 8


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


def test_truth_values_are_made_true_or_false():
    raw = [np.array([0, 1, 2, 255], np.uint8)]
    got = received(Array("|b1", [4], 0), raw)
    assert got.tobytes() == b"\0\1\1\1"
    assert received(dense("bool", (4,)), raw).sum() == 3


def test_an_instance_gets_no_attribute_that_stands_before_a_method():
    [node], _ = sent(Box(4))
    node.attributes |= {
        "check": "forged",
        "half": "forged",
        "__class__": "forged",
        "__dict__": "forged",
        "no name": 1,
        "more": 2,
    }
    got = received(node)
    assert (got.check(), got.half, type(got)) == ("the teacher's", 2, Box)
    assert sorted(vars(got)) == ["content", "more"]


# --- Words and changes -------------------------------------------------------------------------


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


@pytest.mark.parametrize(
    ("target", "value"),
    [
        ([1, 2], [3]),
        ({"a": 1}, {"b": 2}),
        ({1}, {2, 3}),
        (bytearray(b"ab"), bytearray(b"c")),
        (collections.deque([1]), collections.deque([2, 3])),
        (np.ones(3), np.arange(3.0)),
        (np.ones(3), np.arange(6.0)),
        (torch.ones(3), torch.arange(3.0)),
        (torch.ones(3), torch.arange(6.0).reshape(2, 3).double()),
        (Box(1), Box([2])),
    ],
    ids=range(10),
)
def test_a_change_is_made_in_place(target, value):
    assign(target, value)
    assert alike(target, value)


def test_a_change_of_a_tensor_is_seen_through_its_views():
    base = torch.zeros(4)
    view = base[1:3]
    assign(view, torch.ones(2))
    assert base.tolist() == [0, 1, 1, 0]
    assert view.data_ptr() == base[1:].data_ptr()


def test_a_change_of_a_module_keeps_the_module():
    layer = nn.Linear(4, 2)
    changed = copy.deepcopy(layer)
    prune.l1_unstructured(changed, "weight", amount=0.5)
    assign(layer, cross(changed))
    assert alike_modules(layer, changed)
    assert torch.equal(layer(X), changed(X))


@pytest.mark.parametrize(
    ("target", "value"),
    [
        ([1], (1,)),
        (torch.ones(1), nn.Parameter(torch.ones(1))),
        (nn.Linear(1, 1), Box(1)),
        (Box(1), nn.Linear(1, 1)),
        (nn.ReLU(), nn.Tanh()),
        (np.ones(2), torch.ones(2)),
        (torch.ones(2), torch.zeros(2).to_sparse()),
        (3, 4),
    ],
    ids=range(8),
)
def test_a_change_into_something_else_is_refused(target, value):
    with pytest.raises(CannotCross):
        assign(target, value)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (torch.nn.functional.relu, "torch.nn.functional:relu"),
        (torch.relu, "torch:relu"),
        (len, "builtins:len"),
        (math, "math"),
        (np.sin, "numpy:sin"),
        (lambda x: x, None),
        (Box(1).check, None),
    ],
    ids=range(7),
)
def test_functions_of_libraries_have_names_for_the_player(value, name):
    assert library_name(value) == name
    if name is not None:
        found = Unpacker([], no_live, no_live, {}, trusted=True).unpack(Named("library", name))
        assert found is value
