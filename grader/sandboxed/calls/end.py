"""One end of the talk between player and judge: messages out and in, and what stands for what."""

from __future__ import annotations

import builtins
import threading
import types
import weakref
from abc import ABC, abstractmethod

# A test may put something else in its place.
from builtins import sorted
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from typing import Any

import msgspec

from grader.protocol.calls import (
    DECODER,
    ENCODER,
    MAX_BUFFERS,
    MAX_MANIFEST,
    Reply,
    Request,
)
from grader.protocol.terms import Terms
from grader.protocol.values import CannotCross, Live, Named, Node, Yours
from grader.protocol.wire import Channel, Gone
from grader.sandboxed.calls.budget import CallBudget
from grader.sandboxed.calls.handle import CONTAINERS, Handle, handle_class, node_of, peer_of
from grader.sandboxed.calls.kinds import NOBODY, SOMETHING, live_kind
from grader.sandboxed.calls.lent_objects import Lent
from grader.sandboxed.calls.raised import Errors
from grader.sandboxed.calls.rules import Enforcing, Rules, Trusting
from grader.sandboxed.calls.special_methods import EVERYWHERE, special_methods
from grader.sandboxed.codec import agreeing
from grader.sandboxed.codec.buffers import join, split
from grader.sandboxed.codec.libraries import library_class_of, library_name
from grader.sandboxed.codec.packing import Packer
from grader.sandboxed.codec.unpacking import Unpacker

# Calls that call back, one in the other.
MAX_NESTING = 50


class End(ABC):
    """What sends and gets messages, and knows what stands for what.

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
        self._defined = given
        self._lookup = {} if lookup is None else lookup
        self._trusted = trusted
        # A judge may ask nothing before its first test begins.
        self.rules: Rules = Trusting() if trusted else Enforcing(Terms())
        self._requests = 0
        self._nesting = 0
        self._lent = Lent()
        self._copies: dict[int, list[Any]] = {}
        self._errors = Errors(given, trusted)
        self._handles: dict[tuple[int, type[Handle], bool], Handle] = {}
        self._made: list[weakref.ref[Handle]] = []
        # The learner's code may have threads that all call what a test has lent.
        self._asking = threading.RLock()
        self._pictures: dict[str, bytes] = {}
        # How they have crossed: whether as `Packer.exact` and `Packer.plain` say.
        self._given_as: dict[str, tuple[bool, bool]] = {}
        # Files that a test has written.
        self._handed: set[str] = set()
        # What tables show where the solution has none.
        self.shown: set[str] = set()
        self._had_tables = False
        # What things that are lent were called with, as text that is written in parts is one; and
        # by their number where in this list.
        self.written: list[str] = []
        self._written_at: dict[int, int] = {}
        # What the answers taken for this test have brought; answers may share objects.
        self._brought: list[Any] = []

    # Where texts and bytes that come are noted, if anybody wants to know.
    texts: set[str | bytes] | None = None
    budget: CallBudget | None = None
    # Classes of files beside the notebook, by name; may grow.
    filed: Mapping[str, Any] = types.MappingProxyType({})
    lost: str | None = None

    @property
    def _given(self) -> dict[str, Any]:
        return {**self.filed, **self._defined} if self.rules.filed else self._defined

    @abstractmethod
    def get(self, handle: Handle, name: str) -> Any:
        """Asks for an attribute of what a handle stands for."""

    @abstractmethod
    def class_of(self, handle: Handle) -> Any:
        """Asks for the class of what a handle stands for."""

    @abstractmethod
    def library_class_of(self, handle: Handle) -> type | None:
        """The class of a library's that it is of, or is derived from if it is a class itself."""

    @abstractmethod
    def call(
        self, handle: Handle, method: str, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Asks for a call of it."""

    def _send(self, message: Request | Reply, packer: Packer) -> None:
        try:
            header, body = ENCODER.encode(message), join(packer.buffers)
        except UnicodeEncodeError as error:
            raise CannotCross("text with half a character") from error
        if len(header) > MAX_MANIFEST or len(body) > MAX_BUFFERS:
            raise CannotCross(f"too large ({(len(header) + len(body)) // 2**20} MB)")
        if self.budget is not None:
            self.budget.take(bytes=len(header) + len(body))
        self.channel.send(header, body, deadline=self._deadline())

    def _deadline(self) -> float | None:
        return None if self.budget is None else self.budget.deadline

    def _receive(self) -> tuple[Request | Reply, bytes]:
        header, body = self.channel.receive(self._deadline())
        if self.budget is not None:
            self.budget.take(bytes=len(header) + len(body))
        try:
            return DECODER.decode(header), body
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Gone("a message that is none") from error

    def _packer(self, known: Iterable[Any] = ()) -> Packer:
        packer = Packer(self._export, self._given, known, self.rules.exact and self._trusted)
        packer.views = packer.hooks = self._trusted
        if self.rules.fill:
            # The learner's code gets back what it gave.
            packer.without = SOMETHING
        return packer

    def _unpacker(self, body: bytes, known: Iterable[Any] = ()) -> Unpacker:
        made = Unpacker(split(body), self._handle, self._own, self._given, known, self._trusted)
        made.texts, made.narrow = self.texts, self.rules.narrow
        return made

    def _look_for_tables(self, value: Any, unpacker: Unpacker, place: str) -> None:
        """Takes note of what tables show in a value that has come, once any table has: a value may
        refer to what has come before."""
        self._had_tables |= unpacker.has_tables
        if self._had_tables and self.texts is not None:
            packer = Packer(lambda live: None, self._given)
            self.shown.update(self.rules.strange_in(lambda: packer.pack(value), place))

    def _check(self, nodes: list[Node], unpacker: Unpacker) -> None:
        """Looks at all nodes of a message, if whoever has sent it is not trusted."""
        if not self._trusted:
            agreeing.check(nodes, unpacker)

    def _export(self, value: Any) -> Node:
        """A node for what is no data."""
        if isinstance(value, Handle) and peer_of(value) is self:
            return Yours(node_of(value).id)
        if not self._trusted:
            # The judge speaks: the player knows libraries by the same names.
            name = library_name(value)
            if name is not None:
                return Named("library", name)
            if isinstance(value, types.TracebackType):
                # `throw`, and so a `contextmanager` of the learner's, takes a real one alone.
                return Named("traceback", "")
        elif isinstance(value, types.ModuleType):
            raise CannotCross("a module of Python")
        number = self._lent.lend(value)
        kind = live_kind(value)
        own = None if kind == "generator" else getattr(value, "__name__", None)
        name = str(own or type(value).__name__)[:200]
        if (kind, name) == ("generator",) * 2 and type(value) is not types.GeneratorType:
            # A class of the learner's may be called so.
            name = "iterator"
        offered = special_methods(type(value)) if type(value) is not type else set()
        if kind in ("class", "instance"):
            offered.update(EVERYWHERE)
        elif kind == "function":
            # What is the same one has the same handle.
            offered -= {"__eq__", "__ne__", "__hash__"}
        if self._trusted and "__getitem__" in offered:
            # By that Python iterates over it, too.
            offered.add("__iter__")
        if callable(value):
            offered.add("__call__")
        bases = (base for base, cls in CONTAINERS.items() if issubclass(type(value), cls))
        made = Live(number, kind, name, sorted(offered), base=next(bases, ""))
        if kind in ("class", "instance") and self._trusted:
            made.library = library_class_of(value if kind == "class" else type(value))
        return made

    def error_of(self, node: Live) -> type[BaseException] | None:
        """The class of an exception that a test lends: an `__exit__` may ask for it."""
        if not self._trusted or node.kind != "instance":
            return None
        found = self._given.get(node.name, getattr(builtins, node.name, None))
        return found if isinstance(found, type) and issubclass(found, BaseException) else None

    def _own(self, number: int) -> Any:
        return self._lent.get(number, self.rules)

    def _own_at(self, place: str) -> Callable[[int], Any]:
        """The same at a place: nothing in particular where it may not be itself, or was lent only
        to a call that has returned, as what a mock has given there."""

        def own(number: int) -> Any:
            if self._lent.has_taken_back(number):
                return object()
            thing = self._own(number)
            if not self.rules.may_have_its_own(place):
                return object()
            if live_kind(thing) == "function":
                # Another answer gives one around it.
                self.rules.note("results", "function")
            return thing

        return own

    def _handle(self, node: Live) -> Any:
        if node.id == NOBODY and node.kind == "instance":
            return object()
        # What may do less at one place than at another is two things.
        key = self._key(node)
        if key not in self._handles:
            self._handles[key] = made = key[1](self, node, self._origin)
            self._made.append(weakref.ref(made))
        return self._handles[key]

    def _key(self, node: Live) -> tuple[int, type[Handle], bool]:
        return node.id, self._class_of(node), node.plain

    def _class_of(self, node: Live) -> type[Handle]:
        error = self.error_of(node)
        name = Handle.__name__ if error is None else error.__name__
        return handle_class(self.rules.offered(node), name, node.again, node.some)

    # Where the value that is being unpacked comes from; see the function of this name.
    _origin = ""
