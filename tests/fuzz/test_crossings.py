"""Every damaged crossing ends as a value or is refused, in bounded time and memory.

Conversations between a judge and an honest player are recorded. Then the judge has them again, and
what comes from the player is damaged: bytes of the stream, or manifest or buffers of one frame.
"""

from __future__ import annotations

import collections
import contextlib
import decimal
import fractions
import math
import pathlib
import re
import socket
import struct
import threading
import time
import types
from typing import Any, NamedTuple, NoReturn, get_args

import msgspec
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils import prune

from grader.protocol import wire
from grader.protocol.terms import Terms
from grader.protocol.values import CannotCross, Node
from grader.protocol.wire import Channel, Gone
from grader.sandboxed.calls.budget import CallBudget, Stopped
from grader.sandboxed.calls.handle import Handle
from grader.sandboxed.calls.peer import Peer
from grader.sandboxed.calls.rules import Enforcing
from grader.sandboxed.codec.buffers import join
from grader.sandboxed.codec.packing import Packer
from tests.fuzz.damage import EXAMPLES, SECONDS, bounded, damaged_bytes, damaged_tree


class Pair(NamedTuple):
    left: int
    right: str


class Boxed:
    """A class of the given cells."""

    def __init__(self) -> None:
        self.content = [1, 2]


class Robot:
    """A class of the learner's."""

    position = 3

    def move(self, by: int) -> int:
        return self.position + by

    def __len__(self) -> int:
        return 2


def _values() -> dict[str, Any]:
    """One answer of every kind that crosses."""
    torch.manual_seed(0)
    shared = [1, 2]
    pruned = nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.Embedding(4, 2))
    prune.l1_unstructured(pruned[0], "weight", amount=0.5)
    with_gradient = torch.tensor([1.0, 2.0], requires_grad=True)
    (with_gradient**2).sum().backward()
    return {
        "nothing": None,
        "numbers": [True, 7, -(2**63), 2**200, 0.5, math.inf, 1 + 2j],
        "texts": ["", "é\n", b"ab", bytearray(b"cd")],
        "exact": [decimal.Decimal("1.10"), fractions.Fraction(1, 3), range(1, 9, 2), slice(1, 2)],
        "containers": [shared, shared, {1, 2}, frozenset("a"), (1, (2, [])), {"a": {2: [3]}}],
        "collections": [
            collections.Counter("aab"),
            collections.deque([1]),
            collections.OrderedDict(a=1),
            Pair(1, "x"),
        ],
        "arrays": [
            np.arange(6).reshape(2, 3),
            np.float32(2),
            np.array(["a", "bc"]),
            np.array(True),
        ],
        "tensors": [
            torch.arange(6.0).reshape(2, 3),
            torch.arange(6).reshape(2, 3).t(),
            torch.zeros(0, 4),
            torch.tensor(True),
            torch.ones(2, dtype=torch.bfloat16),
            with_gradient,
        ],
        "sparse": [torch.eye(3).to_sparse(), torch.eye(3).to_sparse_csr()],
        "quantized": [
            torch.quantize_per_tensor(torch.ones(2, 2), 0.1, 3, torch.qint8),
            torch.quantize_per_channel(
                torch.ones(2, 2), torch.tensor([0.1, 0.2]), torch.tensor([0, 1]), 0, torch.qint8
            ),
        ],
        "objects": [np.array([1, "a", None, [2]], dtype=object)],
        "masked": [np.ma.masked_array([1, 2, 3], mask=[False, True, False])],
        "patterns": [re.compile("a+", re.IGNORECASE), re.compile(b"[0-9]")],
        "tables": [
            pd.DataFrame({"a": [1, 2], "b": ["x", None]}),
            pd.Series([0.5, math.nan], name="s"),
            pd.Timestamp("2026-03-01"),
        ],
        "graphs": [
            nx.Graph([(1, 2, {"km": [3]}), (2, "a")], name="roads"),
            nx.MultiDiGraph([(1, 2, "k"), (1, 2), (2, 1)]),
        ],
        "types": [int, np.float32, torch.float16, np.dtype("int8"), ...],
        "module": pruned,
        "generators": [torch.Generator().manual_seed(1), np.random.default_rng(1)],
        "boxed": Boxed(),
        "function": lambda values: [values.append(1), len(values)],
        "caller": lambda f: f(f(1)),
        "steps": iter(range(5)),
        "robot": Robot(),
        "class": Robot,
    }


# Every live kind, and all that tests ask of live things below.
TERMS = Terms(
    results={"function", "class", "instance", "generator"},
    attributes={"position"},
    dunders={"__len__"},
    changes={"<lambda>:0"},
    watch={"nothing"},
    missing=True,
    empty=True,
)


def talk(judge: Peer, name: str) -> Any:
    """What a test might do: takes an answer and calls what can be called.

    Raises:
        CannotCross: when the answer is refused; the item is lost then, with a reason.
        KeyError: when there is none.
        Stopped: when the conversation ends.
        CallFailed: when the answer came, and a call of it failed, as any call may.
    """
    _, value = judge.take(name)
    try:
        match name:
            case "function":
                values = [0]
                return [value(values), values]
            case "caller":
                return value(lambda x: x + 1)
            case "steps":
                return list(value)
            case "robot":
                return [value.move(2), value.position, len(value)]
            case "class":
                return value().move(1)
    except Exception as error:
        raise CallFailed from error
    return value


class CallFailed(Exception):
    """What would fail a test."""


# --- Recording ---------------------------------------------------------------------------------

Frame = tuple[bytes, bytes]


class _Recorder(Channel):
    """Keeps what it receives."""

    frames: list[Frame]

    def receive(self, deadline: float | None = None) -> Frame:
        frame = super().receive(deadline)
        self.frames.append(frame)
        return frame


def _judge(channel: Channel) -> Peer:
    judge = Peer(channel, {"Boxed": Boxed})
    judge.begin(Enforcing(TERMS), CallBudget(time.monotonic() + SECONDS))
    return judge


def _serve(player: Peer) -> None:
    try:
        while True:
            player.serve()
    except Gone:
        return


def record(name: str) -> tuple[list[Frame], Any]:
    """What an honest player sends when asked for an answer, and what the judge makes of it."""
    ours, theirs = wire.pair()
    recorder = _Recorder(ours)
    recorder.frames = []
    player = Peer(Channel(theirs), {"Boxed": Boxed}, _values(), trusted=True)
    thread = threading.Thread(target=_serve, args=(player,), daemon=True)
    thread.start()
    try:
        return recorder.frames, talk(_judge(recorder), name)
    finally:
        ours.close()
        thread.join()
        theirs.close()


RECORDED = {name: record(name)[0] for name in _values()}

# --- Damaging ----------------------------------------------------------------------------------

_HUGE = [2**20, 2**20]
_FLOATS = {"type": "tensor", "dtype": "float32", "buffer": 0}
_BYTES = {"type": "tensor", "dtype": "int8", "shape": [4], "buffer": 0}
_LINEAR = {"type": "module", "cls": "Linear", "attributes": {}, "training": True}
_GRAPH: dict[str, Any] = {
    "type": "graph",
    "kind": "Graph",
    "attributes": [],
    "nodes": [[1, []], [2, []]],
    "edges": [],
    "orders": [],
}
_EMPTY: dict[str, Any] = {"parameters": [], "buffers": [], "children": [], "pruned": []}
# What an honest player would never send: claims that are far too large, names of what is not data.
NODES: tuple[dict[str, Any], ...] = (
    {"type": "complex", "real": "x", "imag": 1},
    {
        "type": "pairs",
        "kind": "Counter",
        "items": [[{"type": "seq", "kind": "list", "items": []}, 1]],
    },
    {"type": "raw", "kind": "bytearray", "data": 2**40},
    {"type": "objects", "shape": _HUGE, "items": [None]},
    {"type": "objects", "shape": [-1, 2], "items": []},
    {"type": "masked", "data": None, "mask": 1},
    {"type": "masked", "data": {"type": "objects", "shape": [1], "items": [1]}, "fill": _FLOATS},
    {"type": "regex", "pattern": "(a*)*" * 5_000, "flags": 2**40},
    {"type": "regex", "pattern": 3, "flags": 0},
    {
        "type": "frame",
        "kind": "DataFrame",
        "labels": None,
        "index": None,
        "columns": [1],
        "dtypes": ["object"],
    },
    {
        "type": "frame",
        "kind": "Scalar",
        "labels": None,
        "index": None,
        "columns": [],
        "dtypes": ["category"],
    },
    {"type": "big", "digits": "0x" + "f" * 20_000},
    {"type": "seq", "kind": "set", "items": [{"type": "seq", "kind": "list", "items": []}]},
    {"type": "seq", "kind": "list", "items": [{"type": "back", "number": 0}]},
    {**_FLOATS, "shape": _HUGE, "stride": [0, 0]},
    {**_FLOATS, "shape": [1], "stride": [-1]},
    {**_FLOATS, "shape": [2], "stride": [2**40]},
    {**_FLOATS, "shape": [-1, -1]},
    {**_FLOATS, "shape": [1], "dtype": "save"},
    {**_FLOATS, "shape": [1], "dtype": "quint8"},
    {**_FLOATS, "shape": [1], "grad": 3},
    {"type": "sparse", "layout": "coo", "shape": _HUGE, "parts": [{**_FLOATS, "shape": [1]}] * 2},
    {"type": "quantized", "integers": _BYTES, "scale": 0.0, "zero_point": 2**40},
    {"type": "quantized", "integers": _BYTES, "scale": _BYTES, "zero_point": _BYTES, "axis": 9},
    {"type": "array", "dtype": "<f8", "shape": _HUGE, "buffer": 0},
    {"type": "array", "dtype": "|O8", "shape": [1], "buffer": 0},
    {"type": "array", "dtype": "<U1", "shape": [], "buffer": 0, "scalar": True},
    {"type": "array", "dtype": "|S999999999", "shape": [], "buffer": 0},
    {"type": "spelled", "kind": "Decimal", "text": "1e999999999"},
    {"type": "spelled", "kind": "Fraction", "text": "1e99999999"},
    {"type": "numbers", "kind": "range", "items": [0, 2**62, 0]},
    {"type": "record", "name": "__class__", "fields": ["_make", "count"], "items": [1, 2]},
    {"type": "named", "kind": "library", "name": "os:system"},
    {"type": "named", "kind": "nn", "name": "Module"},
    {"type": "named", "kind": "torch", "name": "load"},
    {"type": "named", "kind": "given", "name": "__builtins__"},
    {"type": "given", "cls": "Boxed", "attributes": {"__class__": 1, "content": 2}},
    {**_LINEAR, **_EMPTY, "args": {"in_features": 2**40, "out_features": 2**40}},
    {**_LINEAR, **_EMPTY, "args": {"in_features": 1, "out_features": 1, "device": "cuda"}},
    {**_LINEAR, **_EMPTY, "args": {}, "cls": "given:Boxed"},
    {**_LINEAR, **_EMPTY, "args": {}, "parameters": [["forward", None]]},
    {**_GRAPH, "nodes": [[{"type": "seq", "kind": "list", "items": []}, []]]},
    {**_GRAPH, "edges": [[1, 2, None, []]], "orders": [[1], []]},
    {**_GRAPH, "edges": [[1, 2, None, []]], "orders": [[2**40], [0]]},
    {**_GRAPH, "kind": "MultiGraph", "edges": [[1, None, 3, []]]},
    {"type": "random", "kind": "torch", "state": "x"},
    {"type": "live", "id": 99, "kind": "function", "name": "f", "dunders": ["__eq__", "__bool__"]},
    {"type": "yours", "id": 1},
    {"type": "back", "number": -1},
)


@st.composite
def damaged_stream(draw: st.DrawFn) -> tuple[str, bytes]:
    """The name of an answer, and the bytes that come when it is asked for."""
    name = draw(st.sampled_from(sorted(RECORDED)))
    frames = list(RECORDED[name])
    place = draw(st.integers(0, len(frames) - 1))
    header, body = frames[place]
    match draw(st.sampled_from(_FRAME_DAMAGE)):
        case "manifest":
            tree = draw(damaged_tree(msgspec.msgpack.decode(header), NODES))
            frames[place] = msgspec.msgpack.encode(tree), body
        case "raw manifest":
            frames[place] = draw(damaged_bytes(header)), body
        case "buffers":
            frames[place] = header, draw(damaged_bytes(body))
        case "frames":
            frames = draw(st.lists(st.sampled_from(frames), max_size=6))
        case "stream":
            return name, draw(damaged_bytes(_stream(frames)))
    return name, _stream(frames)


# Most of what is damaged otherwise is no message any more, and ends the conversation at once.
_FRAME_DAMAGE = (*["manifest"] * 6, "raw manifest", "buffers", "buffers", "frames", "stream")


def _stream(frames: list[Frame]) -> bytes:
    return b"".join(struct.pack(">II", len(h), len(b)) + h + b for h, b in frames)


def replay(name: str, stream: bytes) -> Any:
    """What a judge makes of it, when it asks for an answer and this comes."""
    ours, theirs = wire.pair()

    def feed() -> None:
        with contextlib.suppress(OSError):
            theirs.sendall(stream)
            theirs.shutdown(socket.SHUT_WR)

    thread = threading.Thread(target=feed, daemon=True)
    thread.start()
    try:
        return talk(_judge(Channel(ours)), name)
    finally:
        ours.close()
        thread.join()
        theirs.close()


def look_at(value: Any) -> None:
    """What came is what it says it is: it can be looked at and can cross again."""
    with contextlib.suppress(CannotCross):
        Packer(_refuse, {"Boxed": Boxed}).pack(value)
    todo = [value]
    for _ in range(100):
        if not todo:
            break
        one = todo.pop()
        if isinstance(one, torch.Tensor):
            assert type(one) in (torch.Tensor, nn.Parameter)
            assert not vars(one)
            # It may not be able to compute; it must not end the process or fill its memory.
            with contextlib.suppress(RuntimeError):
                (one.dequantize() if one.is_quantized else one.to_dense()).sum()
        elif isinstance(one, nn.Module):
            # A hook would be code of the player's.
            assert type(one).__module__.startswith("torch.nn.")
            todo.extend(one.state_dict().values())
        elif isinstance(one, np.ma.MaskedArray):
            todo.extend([one.data, one.mask])
        elif isinstance(one, np.ndarray):
            assert type(one) in (np.ndarray, np.matrix)
            one.copy()
            todo.extend(one.ravel() if one.dtype.hasobject else [])
        elif isinstance(
            one, pd.DataFrame | pd.Series | pd.Index | pd.api.extensions.ExtensionArray
        ):
            one.copy()
            todo.extend(one.to_numpy(object).ravel())
        elif isinstance(one, nx.Graph):
            assert type(one).__module__.startswith("networkx.classes.")
            todo.extend([*one, *one.graph.values(), *one.edges(data=True)])
        elif isinstance(one, re.Pattern):
            assert isinstance(one.pattern, str | bytes)
        elif isinstance(one, dict):
            todo.extend(one.values())
        elif isinstance(one, list | tuple | set | frozenset | collections.deque):
            todo.extend(one)
        elif isinstance(one, Boxed):
            todo.extend(vars(one).values())
        elif type(one) is not object:
            # What was lent to a call that has returned is nothing in particular.
            assert isinstance(one, PLAIN | Handle), f"something of type {type(one)}"


# What is neither made of other values nor a handle.
PLAIN = (
    bool
    | int
    | float
    | complex
    | str
    | bytes
    | bytearray
    | range
    | slice
    | decimal.Decimal
    | fractions.Fraction
    | pathlib.PurePosixPath
    | np.generic
    | np.dtype
    | np.random.Generator
    | torch.Generator
    | torch.dtype
    | torch.layout
    | torch.memory_format
    | torch.device
    | pd.Timestamp
    | pd.Timedelta
    | pd.Period
    | pd.Interval
    | type(pd.NaT)
    | type(pd.NA)
    | type
    | types.NoneType
    | types.EllipsisType
    | types.NotImplementedType
)


def _refuse(value: Any) -> NoReturn:
    raise CannotCross("something live")


@pytest.mark.parametrize("name", sorted(RECORDED))
def test_what_is_not_damaged_crosses(name: str) -> None:
    """Otherwise damage would show nothing."""
    value = replay(name, _stream(RECORDED[name]))
    look_at(value)
    wanted = _values()[name]
    results: dict[str, Any] = {
        "function": [[None, 2], [0, 1]],
        "caller": 3,
        "steps": [0, 1, 2, 3, 4],
        "robot": [5, 3, 2],
        "class": 4,
    }
    if name in results:
        assert value == results[name]
    else:
        assert type(value) is type(wanted)
        assert repr(value)[:9] == repr(wanted)[:9]


@pytest.mark.parametrize("node", NODES, ids=lambda node: node["type"])
def test_what_no_player_would_send_is_plain_or_refused(node: dict[str, Any]) -> None:
    reply = {"type": "reply", "id": 1, "value": node}
    body = join([np.full(4, 255, np.uint8)])
    with bounded(), contextlib.suppress(CannotCross, Stopped):
        look_at(replay("nothing", _stream([(msgspec.msgpack.encode(reply), body)])))


def _tags(tree: Any) -> set[str]:
    """The kinds of nodes in what crosses, by their tags."""
    parts = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    own = {tree.get("type")} & TAGS if isinstance(tree, dict) else set()
    return own.union(*map(_tags, parts))


# Every part of the schema that a value may be made of.
TAGS = {
    str(node.__struct_config__.tag)
    for node in get_args(Node)
    if isinstance(node, type) and issubclass(node, msgspec.Struct)
}


def test_every_kind_of_node_crosses_here_and_is_lied_about() -> None:
    """A new family without a case fails here."""
    sent = [msgspec.msgpack.decode(header) for frames in RECORDED.values() for header, _ in frames]
    assert TAGS - _tags(sent) - {"yours"} == set(), "give _values() one"
    assert TAGS - {node["type"] for node in NODES} == set(), "give NODES one"


def test_every_damaged_crossing_ends_as_a_value_or_is_refused() -> None:
    counts: collections.Counter[str] = collections.Counter()

    # A millisecond each; of fewer the shares below would be a matter of luck.
    @settings(EXAMPLES, max_examples=max(1000, EXAMPLES.max_examples))
    @given(damaged_stream())
    def ends(damaged: tuple[str, bytes]) -> None:
        outcome = "value"
        with bounded():
            try:
                look_at(replay(*damaged))
            except (CannotCross, KeyError, Stopped, CallFailed) as error:
                outcome = type(error).__name__
        counts[outcome] += 1

    ends()
    # Damage that is always noticed, or never, would test one half only.
    assert counts["value"] > 0.05 * counts.total(), counts
    assert counts["CannotCross"] > 0.1 * counts.total(), counts
    assert counts["Stopped"] > 0.05 * counts.total(), counts
