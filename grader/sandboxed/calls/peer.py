"""Calls between player and judge.

A function, class, instance or generator stays where it is; the other side holds a `Handle` of it,
whose calls, public methods and iteration become requests. What a call is lent can be called back
until it returns. What a side may ask, and what it believes, its `Rules` decide.

Both ends run a `Peer`: a request may be answered only after requests the other way, as with any
call that calls back.
"""

from __future__ import annotations

import collections
import contextlib
import enum
import json
import os
import sys
import types
from collections.abc import Container, Iterator, Sequence
from typing import Any, Literal

import numpy as np

from grader.protocol.calls import ENCODER, Patch, Raised, Reply, Request, Said
from grader.protocol.values import (
    DATA,
    MAX_LOGICAL,
    MAX_NODES,
    Array,
    Back,
    Budget,
    CannotCross,
    Given,
    Live,
    Module,
    Named,
    Node,
    Pairs,
    Seq,
    Yours,
    kind_of,
)
from grader.protocol.wire import Gone, Silent
from grader.sandboxed.calls import ambient, handed_files, left, patches, signatures
from grader.sandboxed.calls.answering import Answering
from grader.sandboxed.calls.budget import CallBudget, Stopped
from grader.sandboxed.calls.end import MAX_NESTING
from grader.sandboxed.calls.handle import OWN_CLASS, Handle, Method, node_of, origin_of, peer_of
from grader.sandboxed.calls.invoke import invoke
from grader.sandboxed.calls.kinds import backs, callable_nodes
from grader.sandboxed.calls.out_of_place import OutOfPlace, in_its_place
from grader.sandboxed.calls.pickles import unpickled
from grader.sandboxed.calls.randomness import draw_on, picture_of_states, random_states
from grader.sandboxed.calls.rules import Rules
from grader.sandboxed.calls.special_methods import DUNDERS, ITERATION
from grader.sandboxed.codec.buffers import join
from grader.sandboxed.codec.changes import assign
from grader.sandboxed.codec.failures import stands_for
from grader.sandboxed.codec.families import generators
from grader.sandboxed.codec.libraries import class_called
from grader.sandboxed.codec.packing import Packer
from grader.sandboxed.codec.registry import is_module
from grader.sandboxed.codec.unpacking import Unpacker


class Peer(Answering):
    """An end that asks, and answers meanwhile."""

    def begin(self, rules: Rules, budget: CallBudget) -> None:
        """Begins a test of a judge's."""
        self.rules, self.budget = rules, budget
        kinds = ((name, value) for name, value in self._given.items() if isinstance(value, type))
        rules.says_equal = {
            name
            for name, cls in kinds
            if issubclass(cls, enum.Enum) and isinstance(cls.__eq__, types.FunctionType)
        }
        self._brought = []
        self._left_at = None
        self._errors.begin()
        self._lent.begin()
        self._lent.take_back(self._lent.numbers)
        self.lost: str | None = None
        # Whether a call has come to nothing since what it has changed can't cross.
        self.spoiled = False
        # Whether the test has looked at what it can't have, and the solution has nothing of.
        self.looked_in_vain = False
        # By number, exceptions: of a given class they have what this side's has, too.
        self._exceptions: set[int] = set()
        # Answers that the test has, with what it costs to look at each after a call, and what that
        # has cost so far.
        self._taken: dict[str, int] = {}
        self._looked: collections.Counter[str] = collections.Counter()
        self._handles.clear()
        # What a test before has kept is asked by the rules of this one.
        kept = [(ref, handle) for ref in self._made if (handle := ref()) is not None]
        for _, handle in kept:
            OWN_CLASS.__set__(handle, self._class_of(node_of(handle)))
        self._made = [ref for ref, _ in kept]

    # What a side replaces: what becomes of outputs and of watched names.
    def on_said(self, said: list[Said]) -> None:
        """Gets what a call has shown."""

    def on_changed(self, name: str, value: Any) -> None:
        """Gets the new value of a watched name."""

    def _ask(self, request: Request, packer: Packer, place: str) -> tuple[Reply, Unpacker]:
        with self._asking:
            return self._ask_alone(request, packer, place)

    def _ask_alone(self, request: Request, packer: Packer, place: str) -> tuple[Reply, Unpacker]:
        if self.lost is not None:
            raise Stopped(self.lost)
        if self.budget is not None:
            self.budget.take(calls=1)
        self._nesting += 1
        away = self._errors.away
        try:
            if self._nesting > MAX_NESTING:
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
                swallowed = self._errors.swallowed(away, message.error)
                if swallowed and not self.rules.may_swallow(f"{place}:AssertionError"):
                    # Not the assertion: a test may ask that it comes through.
                    raise Stopped(_SWALLOWS)
                return message, self._unpacker(body, packer.objects)
        except Silent:
            self.lost = "timed out"
            raise Stopped(self.lost) from None
        except Gone:
            self.lost = "ended"
            raise Stopped(self.lost) from None
        finally:
            self._nesting -= 1

    def _request(
        self,
        op: Literal["take", "call", "get", "copy", "left", "state"],
        target: int,
        name: str,
        place: str,
    ) -> Request:
        self._requests += 1
        request = Request(self._requests, op, target, name, filed=self.rules.filed)
        request.exact, request.plain = self.rules.exact_at(place), self.rules.plain_at(place)
        request.called = op == "call" and self.rules.called_at(place)
        return request

    def take(self, name: str, library: str = "", called: bool = False) -> tuple[Node, Any]:
        """The value of a name of the other side's, and its node.

        Args:
            library: what it should be, as `library_name` gives it; then the value does not cross.
            called: whether it should be a function: what can be called stays, whatever else it is.

        Raises:
            KeyError: when there is no such name.
            CannotCross: when its value can't cross.
        """
        request = self._request("take", 0, name, name)
        request.library, request.known = library, len(self._brought)
        request.called = called
        if not library:
            request.watch = [name] if name in self.rules.watched({name}) else []
        reply, unpacker = self._ask(request, self._packer(self._brought), name)
        if reply.error is not None:
            if "KeyError" in reply.error.classes:
                raise KeyError(name)
            # The text is the learner's, but where the teacher's solution is being looked at.
            raise CannotCross(reply.error.text if self.rules.says_why else "nothing that can cross")
        self._origin = name
        if library and reply.value == Named("library", library):
            return reply.value, None
        self._check([reply.value], unpacker)
        if isinstance(reply.value, Live) and reply.value.kind != "instance":
            # An answer goes by its own name, also where another one is the same thing.
            self._handles.pop(self._key(reply.value), None)
        # What an answer is, the contract says of each; this is about what is in it.
        self.rules.admit(reply.value, name, but=reply.value)
        value = self._unpack(reply.value, unpacker, name, len(self._brought))
        self._brought = unpacker.objects
        if not library and self.rules.may_change(name):
            self._taken[name] = 0
        elif not library and kind_of(reply.value) in DATA:
            self._taken[name] = _size(unpacker.budget)
        if isinstance(reply.value, Back):
            # Another answer has brought it: it is what it was there, with what is live left out.
            return Packer(lambda live: None, self._given).pack(value), value
        return reply.value, value

    def get(self, handle: Handle, name: str) -> Any:
        """A method, or an attribute of data that the terms name.

        Raises:
            AttributeError: when there is none, or none to be had.
        """
        absent = AttributeError(f"{Handle.__repr__(handle)} has no {name} here")
        if name.startswith("_") and not (name.endswith("__") and self.rules.may_call(name)):
            raise absent
        place = _place_of(origin_of(handle))
        if not name.startswith("_") and not self.rules.may_ask(place, node_of(handle), name):
            raise absent
        request, packer = self._request("get", node_of(handle).id, name, name), self._packer()
        lent = self._lent.numbers
        # A property is a call, too.
        self._set_around(request, packer, [])
        try:
            reply, unpacker = self._ask(request, packer, name)
        finally:
            if not self._trusted:
                self._lent.returned(self._lent.numbers - lent, self.rules)
        self._leave(reply)
        if reply.refused:
            for copy in self._copy_of(handle):
                return getattr(copy, name)
        label = f"{origin_of(handle)}.{name}"
        self._hear_warnings(request, reply, label)
        if reply.error is not None:
            error = self._hear(reply.error, label, "")
            if isinstance(error, AttributeError) and not name.startswith("_"):
                # A test may ask that it is not there: then who has it is asked, too.
                self.rules.may_read(name)
            raise error
        if reply.method:
            return Method(handle, name)
        if not self.rules.may_read(name):
            if node_of(handle).id not in self._exceptions:
                self._look_in_vain()
            raise absent
        if reply.stays:
            return in_its_place(None, reply.stays, self._look_in_vain)
        self._check([reply.value], unpacker)
        try:
            self.rules.admit(reply.value, name)
        except CannotCross:
            self._look_in_vain()
            raise
        self._origin = f"{origin_of(handle)}.{name}"
        unpacker.own = self._own_at(name)
        value = unpacker.unpack(reply.value)
        self._look_for_tables(value, unpacker, name)
        if name == "__array_interface__":
            return self._with_its_numbers(value, name)
        return signatures.rebuild(value) if name == "__signature__" else value

    def _look_in_vain(self) -> None:
        self.looked_in_vain = True

    def class_of(self, handle: Handle) -> Any:
        """The class of what a handle stands for; that of the handle where the class is no class of
        the learner's, so that nothing there is of another type than it is."""
        known = handle.__class__
        if known is type or known is types.GeneratorType:
            return known
        request = self._request("get", node_of(handle).id, "__class__", "__class__")
        reply, unpacker = self._ask(request, self._packer(), "__class__")
        found = reply.value
        if reply.error is not None or not isinstance(found, Live) or found.kind != "class":
            return type(handle)
        self._check([found], unpacker)
        if self._key(found) not in self._handles:
            # It is none of the test's answers.
            found.dunders, found.plain = ["__call__"], True
        self._origin = f"{origin_of(handle)}.__class__"
        return self._handle(found)

    def library_class_of(self, handle: Handle) -> type | None:
        node = node_of(handle)
        if node.kind not in ("class", "instance") or not node.library:
            return None
        place, filed = _place_of(origin_of(handle)), self.filed.values()
        for name in node.library.split(" ", _MOST_CLASSES)[:_MOST_CLASSES]:
            cls = class_called(name)
            # One of a file beside the notebook crosses, or has methods of the learner's choice.
            if cls in filed:
                return None
            if cls is not None and self.rules.may_be_of(place, name, cls):
                return cls
        return None

    def _with_its_numbers(self, said: Any, place: str) -> dict[str, Any]:
        """What NumPy makes an array of, as an image has it: only with all numbers in it.

        It may say where in memory they lie, too, and NumPy would read there whatever there is.

        Raises:
            CannotCross: when they are not there.
        """
        try:
            node = Array(str(said["typestr"]), [*map(int, said["shape"])], 0)
            body = join([bytes(memoryview(said["data"]))])
        except Exception as error:
            raise CannotCross("an array without its numbers") from error
        self.rules.admit(node, place)
        made = self._unpacker(body).unpack(node)
        shown = {"shape": made.shape, "typestr": made.dtype.str, "data": made.tobytes()}
        return {"version": 3, **shown}

    def call(
        self, handle: Handle, method: str, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Calls something of the other side's, or its method.

        Raises:
            Stopped: when the test can't go on.
            Exception: what the call raised, as the nearest built-in class.
        """
        if method in DUNDERS and not self.rules.may_call(method):
            raise TypeError(f"{Handle.__repr__(handle)} has no {method} here")
        if method in _OF_CLASSES and not self.rules.may_ask(
            _place_of(origin_of(handle)), node_of(handle), method
        ):
            raise TypeError(f"{Handle.__repr__(handle)} is no class here")
        if method == "__iter__" and node_of(handle).kind == "instance":
            # Of another class that says itself what it holds, `in` asks that.
            self.rules.may_call("__contains__")
        if method == "__next__" and self.budget is not None:
            self.budget.take(items=1)
        lent = self._lent.numbers
        packer = self._packer()
        label = f"{origin_of(handle)}.{method}" if method else origin_of(handle)
        if label.endswith("()") and self.rules.calls_instance(_place_of(label), node_of(handle)):
            label = f"{label}.__call__"
        request = self._request("call", node_of(handle).id, method, _place_of(label))
        owners: list[str] = []
        for position, value in enumerate(args):
            request.args.append(packer.pack(value))
            owners.extend([str(position)] * (len(packer.objects) - len(owners)))
            self._lent.brought_by(str(position))
        for name, value in kwargs.items():
            request.kwargs[name] = packer.pack(value)
            self._lent.brought_by(name)
            owners.extend([name] * (len(packer.objects) - len(owners)))
        self._set_around(request, packer, owners)
        if self.rules.random and (self._left_at is None or picture_of_states() != self._left_at):
            request.random = packer.pack(random_states())
        if not self._trusted:
            self._looked.update(self._taken)
            taken = [name for name in self._taken if self._looked[name] <= _MOST_LOOKED]
            request.watch = self.rules.watched(taken)
            request.files = self._written(_place_of(label), args, kwargs)
        request.keep = self.rules.kept(label)
        try:
            reply, unpacker = self._ask(request, packer, _place_of(label))
        finally:
            if not self._trusted:
                self._lent.returned(self._lent.numbers - lent, self.rules)
        if reply.refused:
            for copy in self._copy_of(handle):
                # Two that are lent may know each other's class only.
                others = [[*self._copy_of(a), a][0] if isinstance(a, Handle) else a for a in args]
                return invoke(copy, method, others, kwargs)
        if self._trusted:
            # It may have changed.
            self._copies.pop(node_of(handle).id, None)
        # Through the test, as where a `finally` calls something.
        on_its_way = None if self._trusted else sys.exc_info()[1]
        thrown = None if self._trusted else _thrown(method, args)
        value = error = None
        try:
            value = self._settle(request, reply, unpacker, owners, label)
            if thrown is not None and issubclass(type(value), OutOfPlace):
                # As true as most things: the block swallows what it was left with.
                value = True
        except BaseException as raised:
            if isinstance(raised, KeyboardInterrupt | Stopped):
                raise
            error = raised
            relayed = reply.error is not None and reply.error.relayed is not None
            if isinstance(raised, CannotCross) and not relayed:
                self.spoiled = True
            if thrown is None:
                assertion = f"{_place_of(label)}:AssertionError"
                if (
                    self._errors.is_assertion(on_its_way)
                    and raised is not on_its_way
                    and not self.rules.may_swallow(assertion)
                ):
                    raise on_its_way from None
                raise
        return value if thrown is None else self._left(thrown, method, label, value, error)

    def _set_around(self, request: Request, packer: Packer, owners: list[str]) -> None:
        """Says what the test has set around what is asked, and put in the place of something.

        Args:
            owners: of the packer's objects, what each is of; gets those of its own.
        """
        if self._trusted:
            request.ambient = ambient.modes()
            return
        request.leaves = bool(self.rules.leaves)
        for patch, value in self._patches():
            patch.value.extend(map(packer.pack, value))
            for node in patch.value:
                if isinstance(node, Live):
                    self._lent.stands_in(node.id)
            request.patched.append(patch)
            owners.extend([f"={patch.name}"] * (len(packer.objects) - len(owners)))
        if self.ambient is not None and (around := self.ambient.changed()):
            request.ambient = packer.pack(around)

    def _copy_of(self, handle: Handle) -> list[Any]:
        """A player's copy of what a test lends, for what the solution doesn't ask of it; none if
        there is none to be had."""
        number = node_of(handle).id
        if self._trusted and number not in self._copies:
            reply, unpacker = self._ask(self._request("copy", number, "", ""), self._packer(), "")
            self._copies[number] = []
            # Its class may be another's than a library's, or not be here.
            with contextlib.suppress(Exception):
                if reply.error is None:
                    self._copies[number].append(unpickled(unpacker.unpack(reply.value)))
        return self._copies.get(number, [])

    def _patches(self) -> Iterator[tuple[Patch, list[Any]]]:
        """What the test has put in the place of something, and what that is now."""
        for place, name, now in () if self.patched is None else self.patched.found():
            self.rules.note("patches", f"{place}.{name}")
            yield Patch(place, name, []), now
        for name in self.rules.may_set:
            set_to = self.set_to(name)
            if set_to is not None:
                self.rules.note("sets", name)
                yield Patch("", name, []), set_to
        for name in self.rules.rebinds:
            if self.set_to(name) is not None:
                self.rules.note("rebinds", name)

    # The states of generators after a call has drawn: as long as they stay, the next goes on from
    # where that one has come to.
    _left_at: bytes | None = None
    # What a judge's tests put in the place of something.
    patched: patches.Patches | None = None
    # Of a judge: the test, with what it uses of given cells, where something is left to it.
    source = ""
    # What a judge's tests set around calls.
    ambient: ambient.Ambient | None = None
    # The files below a judge's working folder that the other side has, too.
    seen: handed_files.Seen | None = None

    def _written(
        self, place: str, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> dict[str, bytes]:
        """The files that a test has written since the last call.

        Where the solution reads none, only those that the test names, where it does for the
        solution, too: another answer may read them.
        """
        if self.seen is None:
            return {}
        if self.folder is not None and self.folder.is_shut:
            # The call that is being answered has brought what there was.
            return {}
        sends_all = self.rules.sends_files
        if not (sends_all or self.rules.named):
            return {}
        named = set()
        for name, value in (*enumerate(args), *kwargs.items()):
            argument = f"{place}:{name}"
            wanted = sends_all or argument in self.rules.named
            if wanted and handed_files.names_file(value):
                self.rules.note("named", argument)
                named.add(os.path.abspath(value))
        if not (sends_all or named):
            return {}
        files = handed_files.changed(self.seen, named, only=not sends_all)
        if files:
            self.rules.note("files")
        return files

    def set_to(self, name: str) -> list[Any] | None:
        """What a test has made of a name: nothing left, or a value; None where it did nothing."""
        return None

    def _settle(
        self, request: Request, reply: Reply, unpacker: Unpacker, owners: list[str], label: str
    ) -> Any:
        self.on_said(reply.said)
        self._leave(reply)
        if reply.read:
            self.rules.note("reads")
        self._check([*_nodes(reply.changed), *_nodes(reply.names), reply.value], unpacker)
        place = _place_of(label)
        for number, node in reply.changed:
            if not 0 <= number < len(owners):
                raise CannotCross("a change of nothing")
            self.rules.admit(node, f"{place}:{owners[number]}", but=node)
            # An argument may go on holding what the test has put into it.
            same = {n for n, owner in enumerate(owners) if owner == owners[number]}
            value = self._unpack(node, unpacker, f"{place}:{owners[number]}", len(owners), same)
            self.rules.changed(f"{label}:{owners[number]}")
            ours = unpacker.objects[number]
            is_kept = request.keep is None or owners[number] in request.keep
            if is_kept and (self._trusted or self._may_go_on(ours, value)):
                assign(ours, value)
        for owner in set(reply.withheld).intersection(owners):
            self.rules.changed(f"{label}:{owner}")
        for name, node in reply.names:
            if name not in request.watch or kind_of(node) not in DATA:
                raise CannotCross(f"the name {name[:50]}")
            may_change = self.rules.may_change(name)
            try:
                self.rules.admit(node, name)
            except CannotCross:
                if may_change:
                    raise
                fits = False
            else:
                # The test's own value stays.
                fits = may_change or self.set_to(name) is None
            self.rules.note("watch", name)
            now = self._unpack(node, unpacker, name, len(owners))
            if fits:
                self.on_changed(name, now)
        self._hear_warnings(request, reply, label)
        if reply.error is not None:
            error = self._hear(reply.error, label, request.name)
            self._origin = f"{label}()"
            match reply.value:
                case Seq(items=[other, Pairs() as held]):
                    self._give_attributes(error, other, held, unpacker, place, len(owners))
            raise error
        out_of_place = None
        try:
            if request.name == "__iter__":
                self.rules.admit_iterator(reply.value, place)
            else:
                self.rules.admit(reply.value, place, one=request.name == "__next__")
            for known in self._given_again(reply.value, unpacker.objects):
                self.rules.admit(known, place)
            if reply.stays:
                raise CannotCross(reply.stays)
        except CannotCross as error:
            # Maybe nobody looks at it.
            out_of_place = in_its_place(reply.value, str(error), self._look_in_vain)
        if self.rules.says_why:
            # Who makes such a thing anew makes it as the test's own are.
            self.rules.admit_like([*request.args, *request.kwargs.values()])
        if reply.drew and self.rules.random:
            self.rules.note("random")
            self._left_at = draw_on()
        if out_of_place is not None:
            return out_of_place
        self._origin = f"{label}()"
        return self._unpack(reply.value, unpacker, place, len(owners))

    def _may_go_on(self, ours: Any, theirs: Any) -> bool:
        """Whether a generator of the test's own has only been drawn from, or the solution does
        more; anything else may change in any way."""
        return generators.goes_on(ours, theirs) or self.rules.may_call_of_lent("Generator.seed")

    def _leave(self, reply: Reply) -> None:
        """Leaves here what a call has left there; see `left.leave`."""
        if not (reply.left and self.rules.leaves):
            return
        # Not as what the test has set.
        with contextlib.nullcontext() if self.ambient is None else self.ambient.given():
            left.leave(reply.left, self.rules.leaves, self.source)

    def have_left(self) -> Sequence[str]:
        """Kinds of what calls have left in their process since the last cell or question."""
        request = self._request("left", 0, "", "")
        try:
            reply, _ = self._ask(request, self._packer(), "")
            found = json.loads(reply.left)
            return [kind for kind in left.KINDS if kind in found and not self._shares(kind)]
        except (Stopped, Exception):
            # Whatever it says, the test is over.
            return ()

    def state(self, place: str) -> str:
        """What tells what is there in the player from anything else; see `states.picture`."""
        try:
            reply, _ = self._ask(self._request("state", 0, place, ""), self._packer(), "")
        except Stopped:
            return ""
        return reply.value if isinstance(reply.value, str) else ""

    def _shares(self, kind: str) -> bool:
        return self.rules.random and kind in left.CHANCE

    def _give_attributes(
        self,
        error: BaseException,
        other: Node,
        held: Pairs,
        unpacker: Unpacker,
        place: str,
        known: int,
    ) -> None:
        """Gives an exception what the other side's has.

        Args:
            known: how many objects are the test's own.
        """
        if any(cls.__name__ in self._given for cls in type(error).__mro__):
            # A call that has given something has another place.
            place = f"{place}!"
            with contextlib.suppress(CannotCross):
                self.rules.admit(held, place)
                for name, value in self._unpack(held, unpacker, place, known).items():
                    if isinstance(name, str) and name.isidentifier() and name[:2] != "__":
                        vars(error)[name] = value
        if isinstance(other, Live) and other.kind == "instance":
            other.dunders = []
            self._exceptions.add(other.id)
            stands_for(error, self._handle(other))

    def _hear_warnings(self, request: Request, reply: Reply, label: str) -> None:
        """Warns here of what the other side has warned of."""
        for raised in reply.warned if request.ambient is not None else ():
            ambient.warn(self._hear(raised, label, request.name))

    def _hear(self, raised: Raised, label: str, method: str) -> BaseException:
        if self.texts is not None:
            said = raised.text, *raised.args
            self.texts.update(one for one in said if isinstance(one, str))
        return self._errors.hear_of_call(raised, self.rules, label, method)

    def _unpack(
        self,
        node: Node,
        unpacker: Unpacker,
        place: str,
        known: int,
        there: Container[int] = (),
    ) -> Any:
        """A value; what it refers to is there as far as what is new at this place may be.

        Args:
            known: how many objects are the test's own, or in another answer.
            there: numbers of what was at this place before.
        """
        objects = unpacker.objects
        unpacker.own = self._own_at(place)
        kept = {
            back.number: objects[back.number]
            for back in (backs(node) if objects and not self._trusted else ())
            if 0 <= back.number < len(objects)
        }
        # What a test then does with its own object would be done to the answer.
        new = {number for number in kept if number < known and number not in there}
        copied = new if new and not self.rules.may_give_back(place) else ()
        for number, held in kept.items():
            is_there, is_new = number in there, number >= known
            objects[number] = self._admitted(held, place, is_there, number in copied, is_new)
        try:
            value = unpacker.unpack(node)
        finally:
            for number, held in kept.items():
                objects[number] = held
        if kept or unpacker.has_tables:
            self._look_for_tables(value, unpacker, place)
        return value

    def _admitted(
        self, known: Any, place: str, was_there: bool, as_copy: bool, is_new: bool
    ) -> Any:
        """Something that was brought before, where it is brought again.

        It is itself where all in it may come from this place, unless a copy is wanted; else a copy,
        in which handles do less, and an instance of a given class is nothing that equals anything.
        """
        if is_module(known) and not was_there and not self.rules.may_have_its_own(place):
            return object()
        if self.rules.says_why and not was_there:
            # Another answer makes modules anew.
            again = Packer(lambda live: None, self._given).pack(known)
            for found in callable_nodes(again):
                if isinstance(found, Module) and self.rules.may_have_its_own(place):
                    self.rules.note("results", "module")
        holds = isinstance(known, _HOLDING) or _holds_objects(known) or self._is_of_given(known)
        # Where the solution gives back what has nothing in it, a learner may make it anew.
        # What an argument has got since has been looked at for what that is.
        looks = as_copy or ((self.rules.says_why or is_new) and not was_there)
        if not (holds or looks):
            return known
        own: list[Any] = []
        less = False

        def live(value: Any) -> Node:
            nonlocal less
            if isinstance(value, Handle) and peer_of(value) is self:
                node = node_of(value)
                again = Live(node.id, node.kind, node.name, list(node.dunders))
                self.rules.admit_again(again, place)
                less |= self._key(again) != self._key(node)
                return again
            given = Given(type(value).__name__, {})
            if self._is_of_given(value) and not self.rules.admit_again(given, place):
                less, value = True, object()
            own.append(value)
            return Yours(len(own) - 1)

        # Without given classes, whose instances would be taken apart and made again.
        packer = Packer(live, {})
        node = packer.pack(known)
        for found in () if was_there else callable_nodes(node):
            if isinstance(found, Pairs):
                default = found.default
                self.rules.admit_default(found, place)
                less |= found.default is not default
        if looks:
            before = ENCODER.encode(node) if is_new else b""
            self.rules.admit_nothing(node, place)
            less |= is_new and ENCODER.encode(node) != before
        if not (less or as_copy):
            return known
        buffers = [np.frombuffer(buffer, np.uint8) for buffer in packer.buffers]
        return Unpacker(buffers, self._handle, own.__getitem__, {}).unpack(node)

    def _given_again(self, node: Node, objects: list[Any]) -> Iterator[Given]:
        """The instances of given classes that a call was brought and gives back."""
        for back in backs(node) if self._given else ():
            if 0 <= back.number < len(objects):
                known = objects[back.number]
                if self._is_of_given(known):
                    yield Given(type(known).__name__, {})

    def _is_of_given(self, value: Any) -> bool:
        """Whether it is an instance of a given class: a module or a container of one is what it
        always is."""
        if self._given.get(type(value).__name__) is not type(value):
            return False
        return isinstance(Packer(lambda live: None, self._given).pack(value), Given)

    def _left(
        self, thrown: Any, method: str, label: str, value: Any, error: BaseException | None
    ) -> Any:
        """What comes of leaving a block: a test's assertion is neither swallowed nor replaced.

        Args:
            thrown: what the block was left with, or its class.
            value, error: what has come of the call.

        Raises:
            Stopped: when it swallows what the teacher's solution lets through.
        """
        kind = thrown if isinstance(thrown, type) else type(thrown)
        is_assertion = issubclass(kind, AssertionError)
        if method == "throw":
            if is_assertion:
                raise thrown
            swallows = isinstance(error, StopIteration)
        else:
            # Asked once: an object may say something else the next time.
            swallows = error is None and bool(value)
        if swallows and not self.rules.may_swallow(f"{label}:{kind.__name__}"):
            raise Stopped(_SWALLOWS)
        if error is not None and not is_assertion:
            raise error
        return value if swallows or value is None or method == "throw" else False


_SWALLOWS = "Your code swallows an error that it should let through."
# What `isinstance` and `issubclass` ask of whatever says that it is a class.
_OF_CLASSES = ("__instancecheck__", "__subclasscheck__")
# As many classes of libraries' as one is looked up in.
_MOST_CLASSES = 50
_HOLDING = (list, dict, set, collections.deque)


def _holds_objects(value: Any) -> bool:
    """Whether it is a table, a graph or an array of any values, with a mask, too."""
    library = type(value).__module__.partition(".")[0]
    if library == "numpy":
        return getattr(getattr(value, "dtype", None), "kind", "") == "O"
    return library in ("networkx", "pandas")


def _thrown(method: str, args: tuple[Any, ...]) -> Any:
    """What a block is left with, where a call decides what becomes of it: that of an `__exit__`, of
    a function in its place, as in an `ExitStack`, or of a generator that is a block."""
    in_place = len(args) == 3 and isinstance(args[2], types.TracebackType)
    if method not in ("__exit__", "throw") and not in_place:
        return None
    # The class comes before the exception.
    for one in reversed(args[:2]):
        is_class = issubclass(type(one), type) and issubclass(one, BaseException)
        if is_class or isinstance(one, BaseException):
            return one
    return None


def _size(left: Budget) -> int:
    """What it costs to look at a value, in items of a list; looking at all costs as much as 100.

    Args:
        left: what the message that has brought it might have held beside it.
    """
    return 100 + MAX_NODES - left.nodes + (MAX_LOGICAL - left.logical) // 256


# At an answer in a test, which takes about 60 ms.
_MOST_LOOKED = 200_000


def _nodes(named: Sequence[tuple[int | str, Node]]) -> Iterator[Node]:
    return (node for _, node in named)


def _place_of(label: str) -> str:
    """The answer, method or attribute that a value comes from, whatever is iterated or called on
    the way."""
    parts = [part.rstrip("()") for part in label.split(".")]
    return next(part for part in reversed(parts) if part not in ITERATION)
