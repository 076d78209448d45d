"""Calls between player and judge.

A function, class, instance or generator stays where it is; the other side holds a `Proxy` of it,
whose calls, public methods and iteration become requests. What a call is lent can be called back
until it returns. The judge serves and believes only what the contract's `Terms` name.

Both ends run a `Peer`: a request may be answered only after requests the other way, as with any
call that calls back.
"""

from __future__ import annotations

import builtins
import contextlib
import copy
import itertools
import random
import sys
import threading
import types
import weakref
from collections.abc import Callable, Collection, Iterable, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, TypeGuard

import msgspec
import numpy as np
from msgspec import Struct

from grader.protocol.terms import Terms
from grader.protocol.values import (
    DATA,
    Back,
    CannotCross,
    Frame,
    Given,
    Kind,
    Live,
    Masked,
    Module,
    Named,
    Node,
    Pairs,
    Record,
    Yours,
    kind_of,
    with_article,
)
from grader.protocol.wire import Channel, Gone, Silent
from grader.sandboxed.calls import handed, patches, signatures
from grader.sandboxed.codec.buffers import join, split
from grader.sandboxed.codec.changes import assign
from grader.sandboxed.codec.failures import error_class
from grader.sandboxed.codec.libraries import from_library, library_name, torch_module
from grader.sandboxed.codec.packing import Packer
from grader.sandboxed.codec.unpacking import Unpacker

# Manifests are small beside their buffers.
MAX_MANIFEST = 16 * 2**20
MAX_BUFFERS = 256 * 2**20
_MAX_NESTING = 50
_MAX_TEXT = 2_000

# Asked of the object by its type, as Python does.
ITERATION = ("__iter__", "__next__")
_DUNDER_NAMES = """
    len getitem setitem delitem contains reversed bool int float complex index str repr format hash
    eq ne lt le gt ge add radd iadd sub rsub isub mul rmul imul matmul rmatmul truediv rtruediv
    floordiv rfloordiv mod rmod pow rpow and or xor neg pos abs invert lshift rshift round enter
    exit call dir setattr delattr await
"""
DUNDERS = frozenset(f"__{name}__" for name in _DUNDER_NAMES.split())
# What Python asks in the place of one that a class lacks.
_IN_PLACE = "add sub mul matmul truediv floordiv mod pow"
_FALLBACKS = {
    "str": "repr",
    "format": "str repr",
    "ne": "eq",
    "lt": "gt",
    "gt": "lt",
    "le": "ge",
    "ge": "le",
    "bool": "len",
    "contains": "getitem len",
    "reversed": "getitem len",
    "int": "index",
    "float": "index",
    "complex": "float index",
    **{f"i{name}": f"{name} r{name}" for name in _IN_PLACE.split()},
    **{name: f"r{name}" for name in _IN_PLACE.split()},
    **{f"r{name}": name for name in _IN_PLACE.split()},
}
# Every object has these; a proxy asks for them where the solution did.
_EVERYWHERE = ("__dir__", "__setattr__", "__delattr__")
_GIVING = """
    call len getitem setitem delitem reversed int float complex index str repr format enter exit
    await
"""
# What gives a value to look at; other special methods say themselves what is equal, or less.
_GIVES = frozenset((*ITERATION, *_EVERYWHERE, *(f"__{name}__" for name in _GIVING.split())))
# What hides it in a proxy is for tests.
_OWN_CLASS = object.__dict__["__class__"]


@cache
def _with_fallbacks(names: frozenset[str]) -> frozenset[str]:
    others = (_FALLBACKS.get(name.strip("_"), "").split() for name in names)
    return names | DUNDERS.intersection(f"__{name}__" for found in others for name in found)


class Stopped(BaseException):
    """The test can't go on. No `except Exception` of a test's may swallow it."""


# --- Messages ----------------------------------------------------------------------------------


class Request(Struct, tag="request"):
    """What one side asks of the other.

    Attributes:
        op: take the value of `name`; call `target`, or its method `name`; get its attribute `name`.
        keep: positions of arguments whose changes come back; None for all.
        watch: names of which the other side is to say when they have changed.
        random: states of the generators of random numbers to go on from.
        known: how many objects the answers that were taken before have brought.
        library: what is taken if it is this of a library's, as "module:name".
        exact: what is derived from a class of Python's own keeps what is its own.
        patched: what the test has put in the place of something while this call runs.
        files: what the test has written since the last call, by path.
    """

    id: int
    op: Literal["take", "call", "get"]
    target: int = 0
    name: str = ""
    args: list[Node] = []
    kwargs: dict[str, Node] = {}
    keep: list[str] | None = None
    watch: list[str] = []
    random: Node = None
    known: int = 0
    library: str = ""
    exact: bool = False
    patched: list[Patch] = []
    files: dict[str, bytes] = {}


class Patch(Struct):
    """What a name is while a call runs; without a value it is not there.

    Attributes:
        place: the module; "" for the names of the notebook.
    """

    place: str
    name: str
    value: list[Node]


class Raised(Struct):
    """An exception: the names of its classes, the nearest first.

    Attributes:
        relayed: the number of the other side's own exception, if it is that one.
        modules: where the classes come from.
    """

    classes: list[str]
    text: str
    relayed: int | None = None
    modules: list[str] = []


class Stream(Struct, tag="stream", tag_field="output_type"):
    """Text that a call has written."""

    name: Literal["stdout", "stderr"]
    text: str


class Display(Struct, tag="display_data", tag_field="output_type"):
    """What a call has shown, by MIME type."""

    data: dict[str, str]


Said = Stream | Display


class Reply(Struct, tag="reply"):
    """An answer.

    Attributes:
        method: what was asked for can be called.
        changed: arguments that have changed, by number.
        names: watched names that have changed.
        said: what the call showed, as outputs of nbformat.
        drew: whether the call has used up random numbers that it was given.
    """

    id: int
    value: Node = None
    method: bool = False
    changed: list[tuple[int, Node]] = []
    names: list[tuple[str, Node]] = []
    error: Raised | None = None
    said: list[Said] = []
    drew: bool = False


_DECODER: msgspec.msgpack.Decoder[Request | Reply] = msgspec.msgpack.Decoder(Request | Reply)
_ENCODER = msgspec.msgpack.Encoder()


# --- What is allowed ---------------------------------------------------------------------------


@dataclass
class Allowance:
    """What one test may still use up.

    Attributes:
        deadline: on the clock of `time.monotonic`.
        items: steps of iterations.
    """

    deadline: float
    calls: int = 200_000
    bytes: int = 512 * 2**20
    items: int = 200_000

    def take(self, calls: int = 0, bytes: int = 0, items: int = 0) -> None:
        self.calls -= calls
        self.bytes -= bytes
        self.items -= items
        for left, what in (
            (self.calls, "calls of your code"),
            (self.bytes, "bytes to and from your code"),
            (self.items, "items from your code"),
        ):
            if left < 0:
                raise Stopped(f"The test was ended: it took too many {what}.")


# --- Proxies -----------------------------------------------------------------------------------


class Proxy:
    """Something of the other side's that can be called, asked and iterated."""

    # No __dict__, which `vars` would find instead of the other side's.
    __slots__ = ("__weakref__", "_node", "_origin", "_peer")
    # For `Packer`, which must not ask a proxy what it is.
    stays_where_it_is = True

    def __init__(self, peer: Peer, node: Live, origin: str) -> None:
        object.__setattr__(self, "_peer", peer)
        object.__setattr__(self, "_node", node)
        object.__setattr__(self, "_origin", origin)

    def __getattr__(self, name: str) -> Any:
        return _peer(self).get(self, name)

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        node = _node(self)
        if node.kind == "class":
            return type
        # Other iterators count as generators, too, but isinstance tells them apart.
        return types.GeneratorType if (node.kind, node.name) == ("generator",) * 2 else Proxy

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{self!r} can be called, but not changed")

    def __repr__(self) -> str:
        return f"<{_node(self).kind} {_origin(self)}>"

    def __instancecheck__(self, value: Any) -> bool:
        return bool(_peer(self).call(self, "__instancecheck__", (value,), {}))

    def __subclasscheck__(self, value: Any) -> bool:
        return bool(_peer(self).call(self, "__subclasscheck__", (value,), {}))


def _peer(proxy: Proxy) -> Peer:
    peer: Peer = object.__getattribute__(proxy, "_peer")
    return peer


def _node(proxy: Proxy) -> Live:
    node: Live = object.__getattribute__(proxy, "_node")
    return node


def _origin(proxy: Proxy) -> str:
    """Where it came from, in the teacher's words: an answer's name, then what was asked of it."""
    origin: str = object.__getattribute__(proxy, "_origin")
    return origin


def _remote(name: str) -> Callable[..., Any]:
    def method(self: Proxy, *args: Any, **kwargs: Any) -> Any:
        return _peer(self).call(self, name, args, kwargs)

    method.__name__ = method.__qualname__ = name
    return method


def _call(self: Proxy, *args: Any, **kwargs: Any) -> Any:
    return _peer(self).call(self, "", args, kwargs)


def _await(self: Proxy) -> Any:
    return _peer(self).call(self, "__await__", (), {})
    # Whoever awaits wants a generator.
    yield


def _doc(self: Proxy) -> Any:
    return _peer(self).get(self, "__doc__")


_proxy_classes: dict[frozenset[str], type[Proxy]] = {}


def _proxy_class(dunders: frozenset[str]) -> type[Proxy]:
    if dunders not in _proxy_classes:
        methods: dict[str, Any] = {name: _remote(name) for name in dunders}
        methods |= {"__slots__": (), "__doc__": property(_doc)}
        if "__call__" in dunders:
            methods["__call__"] = _call
        if "__await__" in dunders:
            methods["__await__"] = _await
        if "__eq__" in dunders and "__hash__" not in dunders:
            methods["__hash__"] = object.__hash__
        _proxy_classes[dunders] = type("Proxy", (Proxy,), methods)
    return _proxy_classes[dunders]


class _Method:
    """A method of the other side's, bound."""

    def __init__(self, proxy: Proxy, name: str) -> None:
        self._proxy = proxy
        self.__name__ = name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return _peer(self._proxy).call(self._proxy, self.__name__, args, kwargs)


# --- A peer ------------------------------------------------------------------------------------


class Peer:
    """One end of the conversation between player and judge.

    Args:
        given: the classes and functions that given cells define, by name; may grow.
        lookup: the names of this side that the other may take; none by default.
        trusted: whether the other side is: the player trusts the judge, never the reverse.
    """

    def __init__(
        self,
        channel: Channel,
        given: dict[str, Any],
        lookup: MutableMapping[str, Any] | None = None,
        trusted: bool = False,
    ) -> None:
        self.channel = channel
        channel.max_header = MAX_MANIFEST
        channel.max_body = MAX_BUFFERS
        self._given = given
        self._lookup = {} if lookup is None else lookup
        self._trusted = trusted
        self._requests = 0
        self._nesting = 0
        # What this side has shown the other: all of a player's, a call's worth of a judge's.
        self._exported: dict[int, Any] = {}
        self._numbers: dict[int, int] = {}
        self._exports = 0
        self._proxies: dict[tuple[int, type[Proxy]], Proxy] = {}
        self._made: list[weakref.ref[Proxy]] = []
        # The learner's code may have threads that all call what a test has lent.
        self._asking = threading.RLock()
        self._pictures: dict[str, bytes] = {}
        # Copies of what is lent, for methods that the solution does not call.
        self._copies: dict[int, Any] = {}
        self._raised_here: list[BaseException] = []
        self._relayed: list[tuple[BaseException, int]] = []
        # What the answers taken for this test have brought; answers may share objects.
        self._brought: list[Any] = []
        # What was lent to calls that have returned.
        self._returned: set[int] = set()

    # What a judge sets for a test, and learns when there are no terms yet.
    terms: Terms | None = None
    allowance: Allowance | None = None
    withhold = False
    share_random = False
    exact = False
    # Names that a test may bind for the answers, as far as is known before it runs.
    may_set: Collection[str] = ()

    def begin(self, terms: Terms | None, allowance: Allowance, withhold: bool = False) -> None:
        """Begins a test.

        Args:
            terms: what it may ask; None to find that out.
            withhold: keep changes of arguments from the test that the terms do not name.
        """
        self.terms, self.allowance, self.withhold = terms, allowance, withhold
        self.share_random = terms is not None and terms.random
        self.exact = terms is not None and terms.exact
        self.may_set = () if terms is None else terms.sets
        self.learned = Terms(places=set())
        self._brought = []
        self._returned.clear()
        if not self._trusted:
            self._take_back(set(self._exported))
        self.undeclared: set[str] = set()
        self.lost: str | None = None
        self._taken: set[str] = set()
        self._proxies.clear()
        # What a test before has kept is asked by the terms of this one.
        kept = [(ref, proxy) for ref in self._made if (proxy := ref()) is not None]
        for _, proxy in kept:
            _OWN_CLASS.__set__(proxy, self._class_of(_node(proxy)))
        self._made = [ref for ref, _ in kept]

    # What a side replaces: what becomes of outputs and of watched names, and what catches the
    # outputs of a call.
    def on_said(self, said: list[Said]) -> None:
        """Gets what a call has shown."""

    def on_changed(self, name: str, value: Any) -> None:
        """Gets the new value of a watched name."""

    @contextmanager
    def capture(self) -> Iterator[list[Said]]:
        """Catches what a call shows."""
        yield []

    # -- Out and in

    def _send(self, message: Request | Reply, packer: Packer) -> None:
        try:
            header, body = _ENCODER.encode(message), join(packer.buffers)
        except UnicodeEncodeError as error:
            raise CannotCross("text with half a character") from error
        if len(header) > MAX_MANIFEST or len(body) > MAX_BUFFERS:
            raise CannotCross(f"too large ({(len(header) + len(body)) // 2**20} MB)")
        if self.allowance is not None:
            self.allowance.take(bytes=len(header) + len(body))
        self.channel.send(header, body)

    def _receive(self) -> tuple[Request | Reply, bytes]:
        deadline = None if self.allowance is None else self.allowance.deadline
        header, body = self.channel.receive(deadline)
        if self.allowance is not None:
            self.allowance.take(bytes=len(header) + len(body))
        try:
            return _DECODER.decode(header), body
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Gone("a message that is none") from error

    def _packer(self, known: Iterable[Any] = ()) -> Packer:
        return Packer(self._export, self._given, known, self.exact and self._trusted)

    def _unpacker(self, body: bytes, known: Iterable[Any] = ()) -> Unpacker:
        return Unpacker(split(body), self._proxy, self._own, self._given, known, self._trusted)

    def _export(self, value: Any) -> Node:
        """A node for what is no data."""
        if isinstance(value, Proxy) and _peer(value) is self:
            return Yours(_node(value).id)
        if not self._trusted:
            # The judge speaks: the player knows libraries by the same names.
            name = library_name(value)
            if name is not None:
                return Named("library", name)
        elif isinstance(value, types.ModuleType):
            raise CannotCross("a module of Python")
        number = self._numbers.get(id(value))
        if number is None:
            self._exports += 1
            number = self._exports
            self._exported[number] = value
            self._numbers[id(value)] = number
        kind = _live_kind(value)
        own = None if kind == "generator" else getattr(value, "__name__", None)
        name = str(own or type(value).__name__)[:200]
        offered = _special_methods(type(value)) if type(value) is not type else set()
        if kind in ("class", "instance"):
            offered.update(_EVERYWHERE)
        if callable(value):
            offered.add("__call__")
        return Live(number, kind, name, sorted(offered))

    def _own(self, number: int) -> Any:
        if number not in self._exported:
            raise CannotCross("a handle that is not there")
        self.learned.lends |= number in self._returned
        return self._exported[number]

    def _proxy(self, node: Live) -> Proxy:
        # What may do less at one place than at another is two things.
        key = node.id, self._class_of(node)
        if key not in self._proxies:
            self._proxies[key] = made = key[1](self, node, self._origin)
            self._made.append(weakref.ref(made))
        return self._proxies[key]

    def _class_of(self, node: Live) -> type[Proxy]:
        allowed = {"__call__", *ITERATION}
        if self._trusted or self.terms is None:
            allowed |= DUNDERS
        else:
            allowed |= _with_fallbacks(frozenset(self.terms.dunders))
        return _proxy_class(frozenset(allowed.intersection(node.dunders)))

    # Where the value that is being unpacked comes from; see the function of this name.
    _origin = ""

    # -- Asking

    def _ask(self, request: Request, packer: Packer) -> tuple[Reply, Unpacker]:
        with self._asking:
            return self._ask_alone(request, packer)

    def _ask_alone(self, request: Request, packer: Packer) -> tuple[Reply, Unpacker]:
        if self.lost is not None:
            raise Stopped(self.lost)
        if self.allowance is not None:
            self.allowance.take(calls=1)
        self._nesting += 1
        try:
            if self._nesting > _MAX_NESTING:
                raise RecursionError("calls that call back are nested too deep")
            self._send(request, packer)
            while True:
                try:
                    message, body = self._receive()
                    if isinstance(message, Request):
                        self._answer(message, body)
                except Stopped:
                    # The other side waits for an answer that will not come.
                    self.lost = self.lost or "used up"
                    raise
                if isinstance(message, Request):
                    continue
                if message.id != request.id:
                    raise Gone("an answer out of turn")
                else:
                    return message, self._unpacker(body, packer.objects)
        except Silent:
            self.lost = "timed out"
            raise Stopped(self.lost) from None
        except Gone:
            self.lost = "ended"
            raise Stopped(self.lost) from None
        finally:
            self._nesting -= 1

    lost: str | None = None

    def _request(self, op: Literal["take", "call", "get"], target: int, name: str) -> Request:
        self._requests += 1
        return Request(self._requests, op, target, name, exact=self.exact)

    def take(self, name: str, library: str = "") -> tuple[Node, Any]:
        """The value of a name of the other side's, and its node.

        Args:
            library: what it should be, as `library_name` gives it; then the value does not cross.

        Raises:
            KeyError: when there is no such name.
            CannotCross: when its value can't cross.
        """
        request = self._request("take", 0, name)
        request.library, request.known = library, len(self._brought)
        if not library:
            self._taken.add(name)
        if not library and (self.terms is None or name in self.terms.watch):
            request.watch = [name]
        reply, unpacker = self._ask(request, self._packer(self._brought))
        if reply.error is not None:
            if "KeyError" in reply.error.classes:
                raise KeyError(name)
            # The text is the learner's, but where the teacher's solution is being looked at.
            learning = self.terms is None
            raise CannotCross(reply.error.text if learning else "nothing that can cross")
        self._origin = name
        if library and reply.value == Named("library", library):
            return reply.value, None
        if isinstance(reply.value, Live) and reply.value.kind != "instance":
            # An answer goes by its own name, also where another one is the same thing.
            self._proxies.pop((reply.value.id, self._class_of(reply.value)), None)
        # What an answer is, the contract says of each; this is about what is in it.
        self._check_live(reply.value, name, but=reply.value)
        value = unpacker.unpack(reply.value)
        self._brought = unpacker.objects
        if isinstance(reply.value, Back):
            # Another answer has brought it: it is what it was there, with what is live left out.
            return Packer(lambda live: None, self._given).pack(value), value
        return reply.value, value

    def get(self, proxy: Proxy, name: str) -> Any:
        """A method, or an attribute of data that the terms name.

        Raises:
            AttributeError: when there is none, or none to be had.
        """
        absent = AttributeError(f"{Proxy.__repr__(proxy)} has no {name} here")
        if name.startswith("_") and not (name.endswith("__") and self._may(name, "dunders")):
            raise absent
        reply, unpacker = self._ask(self._request("get", _node(proxy).id, name), self._packer())
        if reply.error is not None:
            raise self._exception(reply.error)
        if reply.method:
            return _Method(proxy, name)
        if not self._may(name, "attributes"):
            raise absent
        self._check_live(reply.value, name)
        self._origin = f"{_origin(proxy)}.{name}"
        value = unpacker.unpack(reply.value)
        return signatures.rebuild(value) if name == "__signature__" else value

    def _may(self, name: str, what: Literal["dunders", "attributes"]) -> bool:
        if self._trusted:
            return True
        if self.terms is None:
            getattr(self.learned, what).add(name)
            return True
        if what == "dunders":
            return name in _with_fallbacks(frozenset(self.terms.dunders))
        return name in self.terms.attributes

    def call(self, proxy: Proxy, method: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Calls something of the other side's, or its method.

        Raises:
            Stopped: when the test can't go on.
            Exception: what the call raised, as the nearest built-in class.
        """
        if method in DUNDERS and not self._may(method, "dunders"):
            raise TypeError(f"{Proxy.__repr__(proxy)} has no {method} here")
        if method == "__next__" and self.allowance is not None:
            self.allowance.take(items=1)
        lent = set(self._exported)
        packer = self._packer()
        request = self._request("call", _node(proxy).id, method)
        owners: list[str] = []
        for position, value in enumerate(args):
            request.args.append(packer.pack(value))
            owners.extend([str(position)] * (len(packer.objects) - len(owners)))
        for name, value in kwargs.items():
            request.kwargs[name] = packer.pack(value)
            owners.extend([name] * (len(packer.objects) - len(owners)))
        label = f"{_origin(proxy)}.{method}" if method else _origin(proxy)
        for patch, value in self._patches():
            patch.value.extend(map(packer.pack, value))
            request.patched.append(patch)
            owners.extend([f"={patch.name}"] * (len(packer.objects) - len(owners)))
        if self.share_random:
            request.random = packer.pack(random_states())
        if not self._trusted:
            request.watch = sorted(self._taken if self.terms is None else self.terms.watch)
            request.files = self._written()
        if self.withhold and self.terms is not None:
            ends = [place.rpartition(":") for place in self.terms.changes]
            request.keep = [position for function, _, position in ends if function == label]
        try:
            reply, unpacker = self._ask(request, packer)
        finally:
            if not self._trusted:
                self._returned_from(set(self._exported) - lent)
        value = self._settle(request, reply, unpacker, owners, label)
        if method == "__exit__":
            return self._swallows(value, args[0] if args else None, label)
        return value

    def _patches(self) -> Iterator[tuple[Patch, list[Any]]]:
        """What the test has put in the place of something, and what that is now."""
        if self._trusted:
            return
        for place, name, now in patches.in_modules():
            yield Patch(place, name, []), [now]
        for name in sorted(self.may_set):
            set_to = self.set_to(name)
            if set_to is not None:
                self.learned.sets.add(name)
                yield Patch("", name, []), set_to

    # The files below a judge's working folder that the other side has, too.
    seen: handed.Seen | None = None

    def _written(self) -> dict[str, bytes]:
        """The files that a test has written since the last call."""
        if self.seen is None or not (self.terms is None or self.terms.files):
            return {}
        files = handed.changed(self.seen)
        self.learned.files |= bool(files)
        return files

    def set_to(self, name: str) -> list[Any] | None:
        """What a test has made of a name: nothing left, or a value; None where it did nothing."""
        return None

    def _returned_from(self, lent: set[int]) -> None:
        """What was lent to a call is dead when it returns, if the solution needs no more of it."""
        if self.terms is None:
            self._returned |= lent
        elif not self.terms.lends:
            self._take_back(lent)

    def _take_back(self, lent: set[int]) -> None:
        for number in lent:
            self._numbers.pop(id(self._exported.pop(number)), None)
            self._copies.pop(number, None)

    def _settle(
        self, request: Request, reply: Reply, unpacker: Unpacker, owners: list[str], label: str
    ) -> Any:
        self.on_said(reply.said)
        place = _place_of(label)
        for number, node in reply.changed:
            if not 0 <= number < len(owners):
                raise CannotCross("a change of nothing")
            self._check_live(node, f"{place}:{owners[number]}", but=node)
            value = unpacker.unpack(node)
            self._note_change(f"{label}:{owners[number]}")
            if request.keep is None or owners[number] in request.keep:
                assign(unpacker.objects[number], value)
        for name, node in reply.names:
            if name not in request.watch or kind_of(node) not in DATA:
                raise CannotCross(f"the name {name[:50]}")
            self._check_live(node, name)
            self.learned.watch.add(name)
            self.on_changed(name, unpacker.unpack(node))
        if reply.error is not None:
            raise self._without_control(self._exception(reply.error, label), request.name, label)
        # Who may iterate may have what iterates, whatever it is with the solution.
        is_iterator = request.name == "__iter__" and self.terms is not None
        self._check_live(reply.value, place, but=reply.value if is_iterator else None)
        self.learned.random |= reply.drew
        self._origin = f"{label}()"
        return unpacker.unpack(reply.value)

    learned = Terms()

    def _without_control(self, error: BaseException, method: str, label: str) -> BaseException:
        """An exception of a call's, which must not decide where the test goes on.

        A loop would end with it, and a test in it pass. As in generators (PEP 479), it becomes a
        RuntimeError where the teacher's solution raises no such thing.
        """
        if self._trusted or method == "__next__" or not _decides(error):
            return error
        kinds = (cls for cls in type(error).__mro__ if cls.__module__ == "builtins")
        place = f"{label}:{next(kinds).__name__}"
        if self.terms is None:
            self.learned.raises.add(place)
        elif place not in self.terms.raises:
            return RuntimeError(f"it raised {type(error).__name__}")
        return error

    def _swallows(self, value: Any, raised: object, label: str) -> Any:
        """What an `__exit__` may give back: it never swallows a test's assertion.

        Args:
            raised: the type of what was raised in its block, if something was.

        Raises:
            Stopped: when it swallows what the teacher's solution lets through.
        """
        if self._trusted or not isinstance(raised, type) or not value:
            return value
        place = f"{label}:{raised.__name__}"
        if self.terms is None:
            self.learned.swallows.add(place)
        elif place not in self.terms.swallows and not issubclass(raised, AssertionError):
            raise Stopped(
                "An `__exit__` of your code swallows an error that it should let through."
            )
        return False if issubclass(raised, AssertionError) else value

    def _note_change(self, place: str) -> None:
        if self._trusted:
            return
        if self.terms is None:
            self.learned.changes.add(place)
        elif place not in self.terms.changes:
            self.undeclared.add(place)

    def _check_live(self, node: Node, place: str, but: Node = None) -> None:
        """What can be called comes only where the teacher's solution brought some.

        Args:
            place: what has brought it; see `Terms`.
        """
        if self._trusted:
            return
        for found in _callable_nodes(node):
            if isinstance(found, Pairs):
                self._check_default(found)
                continue
            if isinstance(found, Masked | Frame):
                self._check_missing(found)
                continue
            if found is but and not isinstance(found, Record):
                continue
            kind: Kind = "name" if isinstance(found, Record) else kind_of(found)
            if self.terms is None:
                self.learned.results.add(kind)
            elif kind == "name" and kind not in self.terms.results:
                raise CannotCross("a type where plain values are expected")
            elif gives_values(found) and kind not in self.terms.results:
                # Whoever may have values may have what gives them one by one, and does no more.
                found.dunders = list(ITERATION)
            elif kind != "name" and not any(serves_as(found, k) for k in self.terms.results):
                raise CannotCross(f"{with_article(kind)} where plain values are expected")
            if isinstance(found, Live):
                self._check_place(found, place)

    def _check_sent(self, nodes: list[Node]) -> None:
        """The same for what a test's own function is called with, which may be anything."""
        if self._trusted:
            return
        for found in itertools.chain.from_iterable(map(_callable_nodes, nodes)):
            if isinstance(found, Live):
                self._check_place(found, "()")
            elif isinstance(found, Masked | Frame):
                self._check_missing(found)

    def _check_place(self, node: Live, place: str) -> None:
        """Where the solution has plain values, what comes instead does not say what it equals."""
        if self.terms is None:
            assert self.learned.places is not None
            self.learned.places.add(place)
        elif self.terms.places is not None and place not in self.terms.places:
            node.dunders = [name for name in node.dunders if name in _GIVES]

    def _check_missing(self, node: Masked | Frame) -> None:
        """What is left out passes many a comparison: it is where the solution leaves things out."""
        if isinstance(node, Masked):
            self.learned.missing |= node.mask is not None
        else:
            from grader.sandboxed.codec import tables

            self.learned.missing |= any(map(tables.has_missing, node.dtypes))
        if self.terms is not None:
            node.missing = self.terms.missing

    def _check_default(self, mapping: Pairs) -> None:
        """What gives values of missing keys is there where the solution has such a thing."""
        if self.terms is None:
            self.learned.default = True
        elif isinstance(mapping.default, Live) and not self.terms.default:
            mapping.default = None

    def _exception(self, raised: Raised, label: str = "") -> BaseException:
        number = -1 if raised.relayed is None or self._trusted else raised.relayed
        if 0 <= number < len(self._raised_here):
            return self._raised_here[number]
        error = self._nearest(raised, label)
        if raised.relayed is not None:
            self._relayed.append((error, raised.relayed))
        return error

    def _nearest(self, raised: Raised, label: str) -> BaseException:
        text = raised.text[:_MAX_TEXT]
        if CannotCross.__name__ in raised.classes[:1]:
            return CannotCross(text)
        own: list[str] = []
        for name, module in itertools.zip_longest(raised.classes[:20], raised.modules[:20]):
            if name is None:
                break
            if label and (of_library := self._of_library(name, module, text, label)) is not None:
                return of_library
            found = self._given.get(name, getattr(builtins, name, None))
            if isinstance(found, type) and issubclass(found, Exception | SystemExit):
                try:
                    # The names of a test's own classes are the test's business.
                    names = (name,) if self._trusted else (*own, name)
                    error: BaseException = error_class(names, found)(text)
                except Exception:
                    continue
                return error
            own.append(name)
        return Exception(text)

    def _of_library(
        self, name: str, module: str | None, text: str, label: str
    ) -> BaseException | None:
        """An exception of a library's, where the teacher's solution raises it at this place.

        Some end or skip what catches them. So elsewhere it is one that has the same name.
        """
        if self._trusted or module in (None, "builtins", "__main__"):
            return None
        place = f"{label}:{module}.{name}"
        found: Any = getattr(sys.modules.get(str(module)), name, None)
        if not isinstance(found, type) or not issubclass(found, Exception):
            return None
        if str(module).partition(".")[0] == "grader":
            return None
        if self.terms is None:
            self.learned.raises.add(place)
        elif place not in self.terms.raises:
            return None
        try:
            # Its constructor may ask for more than a text.
            error: BaseException = found.__new__(found, text)
            str(error)
        except Exception:
            return None
        return error

    # -- Answering

    def serve(self) -> None:
        """Answers one request.

        Raises:
            Gone: when there is nobody any more.
        """
        message, body = self._receive()
        if isinstance(message, Request):
            self._answer(message, body)

    def _answer(self, request: Request, body: bytes) -> None:
        if self.allowance is not None:
            self.allowance.take(calls=1)
        if self._trusted:
            self.exact = request.exact
        reply = Reply(request.id)
        packer = self._packer()
        self._nesting += 1
        try:
            if self._nesting > _MAX_NESTING:
                raise RecursionError("calls that call back are nested too deep")
            if request.op == "take":
                packer = self._packer(self._brought[: request.known])
                self._give(request, reply, packer)
            elif request.op == "get":
                self._get(request, reply, packer)
            else:
                packer = self._called(request, body, reply)
        except (Gone, Silent, Stopped):
            raise
        except BaseException as error:
            # Nothing half packed: only why there is no value.
            packer = self._packer()
            reply = Reply(request.id, error=self._raised(error), said=reply.said)
        finally:
            self._nesting -= 1
        try:
            self._send(reply, packer)
        except CannotCross as error:
            self._send(Reply(request.id, error=self._raised(error)), self._packer())

    def _raised(self, error: BaseException) -> Raised:
        above = [cls for cls in type(error).__mro__ if cls is not object]
        classes = [cls.__name__ for cls in above]
        if not self._trusted:
            # What a test raises in a callback may say what it is about.
            self._raised_here.append(error)
            return Raised(classes, "", len(self._raised_here) - 1)
        try:
            text = str(error)[:_MAX_TEXT].encode("utf-8", "replace").decode()
        except Exception as broken:
            text = f"<its message could not be made: {type(broken).__name__}>"
        relayed = (number for known, number in self._relayed if known is error)
        modules = [str(cls.__module__) for cls in above]
        return Raised(classes, text, next(relayed, None), modules)

    def _give(self, request: Request, reply: Reply, packer: Packer) -> None:
        if not self._trusted:
            raise CannotCross("a name of the test's")
        value = self._lookup[request.name]
        if request.library and _is_library(value, request.library):
            reply.value = Named("library", request.library)
            return
        reply.value = packer.pack(value)
        self._brought = packer.objects
        for name in request.watch:
            self._pictures[name] = self._picture(name)

    def _picture(self, name: str) -> bytes:
        """Tells whether a name has changed; nothing for what is no data."""
        packer = self._packer()
        try:
            node = packer.pack(self._lookup[name])
        except (CannotCross, KeyError):
            return b""
        if kind_of(node) not in DATA:
            return b""
        return _ENCODER.encode(node) + join(packer.buffers)

    def _get(self, request: Request, reply: Reply, packer: Packer) -> None:
        name = self._reachable(request.name)
        target = self._own(request.target)
        if self.terms is not None and name not in self.terms.attributes:
            # Not even looked at: a property may do something.
            self._to_call(request.target, name)
            reply.method = True
            return
        if name == "__signature__" and self._trusted:
            reply.value = packer.pack(signatures.describe(target))
            return
        value = getattr(target, name)
        if callable(value) and not isinstance(value, type):
            reply.method = True
        elif self._may(name, "attributes"):
            reply.value = packer.pack(value)
        else:
            raise AttributeError(name)

    def _reachable(self, name: str) -> str:
        """What a player may call of what a test lends: public methods, and iteration."""
        private = name.startswith("_") and name not in (*ITERATION, "__call__")
        if self._trusted or not private or (name in DUNDERS and self._may(name, "dunders")):
            return name
        raise AttributeError(f"{name} of what a test lends")

    def _to_call(self, number: int, name: str) -> Any:
        """The object whose method is called.

        Of what a test lends, a call may call what can only be meant to be called, and what the
        teacher's solution calls, too. Other methods could change the test's own object: those of a
        few kinds that can be copied are called on a copy.

        Raises:
            AttributeError: when the method is not to be had.
        """
        target = self._own(number)
        if self._trusted or name in _MEANT_FOR.get(_live_kind(target), ()):
            return target
        place = _place(target, name)
        if self.terms is None:
            self.learned.methods.add(place)
        elif place not in self.terms.methods:
            if type(target).__module__.partition(".")[0] not in _COPIED:
                raise AttributeError(f"{name} of what a test lends")
            if number not in self._copies:
                self._copies[number] = copy.deepcopy(target)
            return self._copies[number]
        return target

    def _called(self, request: Request, body: bytes, reply: Reply) -> Packer:
        name = self._reachable(request.name)
        target = self._to_call(request.target, name)
        self._check_sent([*request.args, *request.kwargs.values()])
        unpacker = self._unpacker(body)
        objects = unpacker.objects
        owners: list[str] = []
        args = []
        for position, node in enumerate(request.args):
            args.append(unpacker.unpack(node))
            owners.extend([str(position)] * (len(objects) - len(owners)))
        kwargs = {}
        for key, node in request.kwargs.items():
            kwargs[key] = unpacker.unpack(node)
            owners.extend([key] * (len(objects) - len(owners)))
        patched = []
        for patch in request.patched if self._trusted else ():
            patched.append((patch, [unpacker.unpack(node) for node in patch.value]))
            owners.extend([f"={patch.name}"] * (len(objects) - len(owners)))
        states = None
        if request.random is not None and self._trusted:
            set_random_states(unpacker.unpack(request.random))
            states = _picture_of_states()
        before = self._looks(objects)
        value = None
        if self._trusted:
            handed.put(request.files)
        with contextlib.ExitStack() as meanwhile:
            for patch, now in patched:
                space = vars(sys.modules[patch.place]) if patch.place else self._lookup
                meanwhile.enter_context(patches.applied(space, patch.name, now))
            with self.capture() as reply.said:
                try:
                    value = _invoke(target, name, args, kwargs)
                except (Gone, Silent, Stopped):
                    raise
                except BaseException as error:
                    reply.error = self._raised(error)
            reply.drew = states is not None and states != _picture_of_states()
            return self._reported(request, reply, objects, owners, before, value)

    def _reported(
        self,
        request: Request,
        reply: Reply,
        objects: list[Any],
        owners: list[str],
        before: list[object],
        value: Any,
    ) -> Packer:
        """Puts what came of a call into the reply."""
        packer = self._packer(objects)
        for number, (look, now) in enumerate(zip(before, self._looks(objects), strict=True)):
            if look == now:
                continue
            if request.keep is None or owners[number] in request.keep:
                reply.changed.append((number, packer.pack_again(number)))
            else:
                # The other side's object stays as it was: a result that is this one is another.
                packer.forget(objects[number])
        for watched in request.watch:
            picture = self._picture(watched)
            if picture and picture != self._pictures.get(watched):
                self._pictures[watched] = picture
                reply.names.append((watched, packer.pack(self._lookup[watched])))
        reply.value = packer.pack(value)
        return packer

    def _looks(self, objects: list[Any]) -> list[object]:
        """The own content of each object; what it holds counts by identity."""
        packer = self._packer(objects)
        return [packer.look(number) for number in range(len(objects))]


def random_states() -> list[Any]:
    """The states of the generators that Python, NumPy and torch share in a process."""
    torch = torch_module()
    version, numbers, gauss = random.getstate()
    name, keys, place, has_gauss, cached = np.random.get_state()
    return [
        [version, np.array(numbers, np.uint64), gauss],
        [name, keys, place, has_gauss, cached],
        None if torch is None else torch.get_rng_state(),
    ]


def _picture_of_states() -> bytes:
    packer = Packer(lambda value: None, {})
    return _ENCODER.encode(packer.pack(random_states())) + join(packer.buffers)


def set_random_states(states: list[Any]) -> None:
    """Goes on from states of `random_states`."""
    torch = torch_module()
    version, numbers, gauss = states[0]
    random.setstate((version, tuple(numbers.tolist()), gauss))
    np.random.set_state(tuple(states[1]))
    if torch is not None and states[2] is not None:
        torch.set_rng_state(states[2])


def _place_of(label: str) -> str:
    """The answer, method or attribute that a value comes from, whatever is iterated or called on
    the way."""
    parts = [part.rstrip("()") for part in label.split(".")]
    return next(part for part in reversed(parts) if part not in ITERATION)


def _invoke(target: Any, name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
    match name:
        case "" | "__call__":
            return target(*args, **kwargs)
        case "__iter__":
            return iter(target)
        case "__next__":
            return next(target)
        case "__await__":
            return _awaited(target)
        case "__instancecheck__":
            return isinstance(args[0], target)
        case "__subclasscheck__":
            return issubclass(args[0], target)
        case _ if name in DUNDERS:
            return getattr(type(target), name)(target, *args, **kwargs)
    return getattr(target, name)(*args, **kwargs)


def _awaited(target: Any) -> Any:
    """What comes of something that can be awaited, in a loop of its own."""
    import asyncio

    async def whole() -> Any:
        return await target

    return asyncio.run(whole())


def _is_library(value: Any, name: str) -> bool:
    """Whether a value is what a library has under this name."""
    try:
        return value is from_library(name)
    except (KeyError, AttributeError):
        return False


def only_iterates(proxy: Proxy) -> None:
    """Leaves of what the other side has nothing but its items."""
    _node(proxy).dunders = list(ITERATION)
    _OWN_CLASS.__set__(proxy, _proxy_class(frozenset(ITERATION)))


def gives_values(node: Node) -> TypeGuard[Live]:
    """Whether it is what gives values one by one, such as a generator."""
    return isinstance(node, Live) and node.kind == "generator" and {*ITERATION} <= {*node.dunders}


def _live_kind(value: Any) -> Literal["function", "class", "instance", "generator"]:
    if isinstance(value, type):
        return "class"
    if callable(value) and type(value).__module__ in ("builtins", "functools"):
        return "function"
    if isinstance(value, Iterator):
        return "generator"
    return "instance"


# What a call may do with what a test lends it, by kind, whatever the teacher's solution does.
_MEANT_FOR: dict[str, tuple[str, ...]] = {
    "function": ("", "__call__"),
    "class": ("", "__call__"),
    "generator": ITERATION,
}
# Who may ask a database may do so in any of these ways.
_QUERIES = frozenset(("cursor", "execute", "fetchone", "fetchmany", "fetchall", *ITERATION))
# Top-level modules of classes whose copies share nothing with what they are copied from.
_COPIED = ("random", "numpy", "_io")


def _place(target: Any, name: str) -> str:
    """A method of something lent, as `Terms.methods` names it; iteration and calls go by one."""
    if type(target).__module__ == "sqlite3" and name in _QUERIES:
        return "sqlite3.query"
    owner = f"type {target.__qualname__}" if isinstance(target, type) else type(target).__qualname__
    alike = {"": "__call__", "__next__": "__iter__"}
    return f"{owner}.{alike.get(name, name)}"


def _decides(error: BaseException) -> bool:
    """Whether Python takes an exception for a sign of where to go on."""
    if isinstance(error, StopIteration | StopAsyncIteration):
        return True
    # So a sequence of the test's own ends, and an attribute is not there.
    signs = {IndexError: "__getitem__", AttributeError: "__getattr__"}
    names = {name for kind, name in signs.items() if isinstance(error, kind)}
    frame: types.FrameType | None = sys._getframe() if names else None
    while frame is not None:
        if frame.f_code.co_name in names and frame.f_globals.get("__name__") == "__main__":
            return True
        frame = frame.f_back
    return False


def _special_methods(cls: type) -> set[str]:
    """Those that a class has, and not only because every object has them."""
    names = DUNDERS.union(ITERATION).intersection(dir(cls))
    return {name for name in names if getattr(cls, name) is not getattr(object, name, None)}


def serves_as(node: Node, wanted: Kind) -> bool:
    """Whether a value may cross where the teacher's solution has one of this kind.

    Plain data may cross for other plain data: a test can tell them apart. What can be called is a
    function, what can be iterated a generator, whatever else it is.
    """
    kind = kind_of(node)
    if kind == wanted or (kind in DATA and wanted in DATA):
        return True
    if (kind, wanted) == ("given instance", "instance"):
        return True
    if wanted == "generator" and kind == "container":
        return True
    needed = {"function": "__call__", "generator": "__next__"}.get(wanted)
    return isinstance(node, Live) and needed in node.dunders


def _callable_nodes(node: Node) -> Iterator[Node]:
    """What needs a look: live values, modules, named tuples with types as their methods, mappings
    with values for missing keys, and what may leave values out."""
    if isinstance(node, Live | Module):
        yield node
        return
    if isinstance(node, Record) and any(isinstance(item, Named | Given) for item in node.items):
        yield node
    if isinstance(node, Masked | Frame):
        yield node
    if isinstance(node, Pairs) and node.default is not None:
        yield node
        for pair in node.items:
            yield from _callable_nodes(pair[0])
            yield from _callable_nodes(pair[1])
    elif isinstance(node, Struct):
        for name in _fields_with_nodes(type(node)):
            yield from _callable_nodes(getattr(node, name))
    elif isinstance(node, list | tuple):
        for item in node:
            yield from _callable_nodes(item)
    elif isinstance(node, dict):
        for item in node.values():
            yield from _callable_nodes(item)


@cache
def _fields_with_nodes(cls: type[Struct]) -> tuple[str, ...]:
    """The fields of a part of a manifest that are nodes, or hold some."""
    types = cls.__annotations__
    return tuple(name for name in types if "Node" in types[name] or "Tensor" in types[name])
