"""What is done for the other side: a name given, an attribute shown, a call made."""

from __future__ import annotations

import contextlib
import json
import types
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from grader.protocol.calls import ENCODER, Patch, Reply, Request, Said
from grader.protocol.values import DATA, CannotCross, Named, Node, kind_of
from grader.protocol.wire import Gone, Silent
from grader.sandboxed.calls import ambient, handed_files, left, patches, signatures, states
from grader.sandboxed.calls.budget import Stopped
from grader.sandboxed.calls.end import MAX_NESTING, End
from grader.sandboxed.calls.invoke import invoke
from grader.sandboxed.calls.kinds import live_kind
from grader.sandboxed.calls.lent_databases import database_of, unattached
from grader.sandboxed.calls.lent_objects import Refused, is_code
from grader.sandboxed.calls.randomness import picture_of_states, set_random_states
from grader.sandboxed.calls.shut_folder import ShutFolder
from grader.sandboxed.calls.special_methods import DUNDERS, IN_BLOCKS, ITERATION
from grader.sandboxed.codec.buffers import join
from grader.sandboxed.codec.libraries import from_library
from grader.sandboxed.codec.packing import Packer
from grader.sandboxed.codec.registry import is_module
from grader.sandboxed.codec.unpacking import Unpacker

# What is asked in order to print something, and of a function or class.
_SHOWS = ("__repr__", "__str__", "__format__")
_NAMES = ("__name__", "__qualname__", "__doc__")
# Characters of texts that are written in parts.
_LONGEST = 100_000
_SETTING = ("__setattr__", "__delattr__")


class Answering(End):
    """An end that does what the other one asks for.

    Attributes:
        folder: a judge's, which is shut meanwhile.
    """

    folder: ShutFolder | None = None
    # How this process was before the first call since a cell ran, or since that was asked.
    _stood: left.State | None = None
    # How many buffers hold what has come of the last call beside what it gives.
    _besides = 0

    def settled(self) -> None:
        """What is now is what was to be."""
        self._stood = None

    def _tell_what_is_left(self, reply: Reply) -> None:
        if not self._trusted:
            raise CannotCross("what the test's calls have left")
        reply.left = json.dumps(
            [] if self._stood is None else left.differing(self._stood, left.state())
        )
        self.settled()

    def _tell_how_it_is(self, request: Request, reply: Reply) -> None:
        if not self._trusted:
            raise CannotCross("a name of the test's")
        reply.value = states.picture(self._lookup, request.name, self._given)

    def _note_how_it_stands(self) -> None:
        if self._trusted and self._stood is None:
            self._stood = left.state()

    def _tell_what_it_leaves(self, request: Request, reply: Reply) -> None:
        """Also what was left since the call before, by what goes on by itself."""
        if request.leaves and self._stood is not None:
            now = left.state()
            reply.left, self._stood = left.told(self._stood, now), now

    # What catches the outputs of a call; a side replaces it.
    @contextmanager
    def capture(self) -> Iterator[list[Said]]:
        """Catches what a call shows."""
        yield []

    def serve(self) -> None:
        """Answers one request.

        Raises:
            Gone: when there is nobody any more.
        """
        message, body = self._receive()
        if isinstance(message, Request):
            self._answer(message, body)

    def _answer(self, request: Request, body: bytes) -> None:
        if self.budget is not None:
            self.budget.take(calls=1)
        if self._trusted:
            self.rules.exact, self.rules.filed = request.exact, request.filed
        reply = Reply(request.id)
        packer = self._packer()
        packer.plain = request.plain and self._trusted
        self._nesting += 1
        try:
            if self._nesting > MAX_NESTING:
                raise RecursionError("calls that call back are nested too deep")
            if request.op == "take":
                packer = self._packer(self._brought[: request.known])
                packer.plain = request.plain and self._trusted
                self._give(request, reply, packer)
            elif self._only_shown(request):
                reply.value = packer.pack(self._shown(request))
            elif request.op == "copy":
                self._copy(request, reply, packer)
            elif request.op == "left":
                self._tell_what_is_left(reply)
            elif request.op == "state":
                self._tell_how_it_is(request, reply)
            elif request.op == "get":
                unpacker = self._unpacker(body)
                around, patched = self._around(request, unpacker, [])
                self._note_how_it_stands()
                try:
                    with ambient.applied(around) as warned, self._put(patched):
                        self._get(request, reply, packer)
                finally:
                    self._tell_what_it_leaves(request, reply)
                reply.warned = [self._errors.tell(one) for one in ambient.messages(warned)]
            else:
                packer = self._called(request, body, reply)
        except (Gone, Silent, Stopped):
            raise
        except BaseException as error:
            # Nothing half packed: only why there is no value.
            packer = self._packer()
            refused = isinstance(error, Refused)
            told = self._errors.tell(error)
            reply = Reply(request.id, error=told, said=reply.said, refused=refused)
        finally:
            self._nesting -= 1
        try:
            self._send(reply, packer)
        except CannotCross as error:
            if self._gives_too_much(request, reply, packer, error):
                return
            self._send(Reply(request.id, error=self._errors.tell(error)), self._packer())

    def _gives_too_much(
        self, request: Request, reply: Reply, packer: Packer, error: CannotCross
    ) -> bool:
        """Whether only what a call gives was too large; then all else of it has been sent."""
        if not self._trusted or request.op != "call" or reply.error is not None:
            return False
        reply.value, reply.stays = None, str(error)
        del packer.buffers[self._besides :]
        with contextlib.suppress(CannotCross):
            self._send(reply, packer)
            return True
        return False

    def _give(self, request: Request, reply: Reply, packer: Packer) -> None:
        if not self._trusted:
            raise CannotCross("a name of the test's")
        value = self._lookup[request.name]
        if request.library and _is_library(value, request.library):
            reply.value = Named("library", request.library)
            return
        reply.value = packer.pack_called(value) if request.called else packer.pack(value)
        self._brought = packer.objects
        for name in request.watch if kind_of(reply.value) in DATA else ():
            self._given_as[name] = packer.exact, packer.plain
            self._pictures[name] = self._picture(name)

    def _as_given(self, name: str, packer: Packer) -> Node:
        """What a name stands for now, as it crossed before."""
        before = packer.exact, packer.plain
        packer.exact, packer.plain = self._given_as.get(name, (packer.exact, False))
        try:
            return packer.pack(self._lookup[name])
        finally:
            packer.exact, packer.plain = before

    def _picture(self, name: str) -> bytes:
        """Tells whether a name has changed; nothing for what is no data."""
        value = self._lookup.get(name)
        if type(value) is int:
            return b"%x" % value
        packer = self._packer()
        try:
            node = self._as_given(name, packer)
        except (CannotCross, KeyError):
            return b""
        if kind_of(node) not in DATA:
            return b""
        return ENCODER.encode(node) + join(packer.buffers)

    def _get(self, request: Request, reply: Reply, packer: Packer) -> None:
        name = self._reachable(request.name)
        target = self._own(request.target)
        told = not self._trusted and (
            name in _NAMES or self._lent.tells(request.target, name, self.rules)
        )
        if not told and not self.rules.may_look_at(name):
            self._to_call(request.target, name)
            reply.method = True
            return
        if name == "__signature__" and self._trusted:
            reply.value = packer.pack(signatures.describe(target))
            return
        with self._no_files_for(target) if not self._trusted else contextlib.nullcontext():
            # What it says that it is, it may not be.
            value = type(target) if name == "__class__" else getattr(target, name)
        if callable(value) and not isinstance(value, type):
            reply.method = True
        elif told or self.rules.may_read(name):
            try:
                reply.value = packer.pack(value)
            except CannotCross as error:
                if not self._trusted:
                    raise
                packer.buffers.clear()
                reply.stays = str(error) or "a value"
        else:
            raise AttributeError(name)

    def _copy(self, request: Request, reply: Reply, packer: Packer) -> None:
        if self._trusted:
            raise CannotCross("a copy of the learner's")
        with self._no_files_for(self._own(request.target)):
            reply.value = packer.pack(self._lent.copy(request.target, self.rules))

    def _reachable(self, name: str) -> str:
        """What a player may call of what a test lends: public methods, iteration, blocks."""
        private = name.startswith("_") and name not in (*ITERATION, *IN_BLOCKS, "__call__")
        asked = name in DUNDERS or name in _NAMES
        if self._trusted or not private or (asked and self.rules.may_call(name)):
            return name
        raise Refused(name)

    def _only_shown(self, request: Request) -> bool:
        """Whether a player prints what a test lends, and the solution doesn't."""
        if self._trusted or request.op == "copy":
            return False
        if request.name in _SHOWS:
            may_call = self.rules.may_call(request.name)
            return not (may_call or self._lent.has_copy(request.target, self.rules))
        if request.name not in _NAMES or self.rules.may_call(request.name):
            return False
        return live_kind(self._lent.get(request.target, self.rules)) in ("function", "class")

    def _shown(self, request: Request) -> str | None:
        """What it sees there: that something is lent, and nothing that the test's code says."""
        thing = self._lent.get(request.target, self.rules)
        return None if request.name == "__doc__" else f"{live_kind(thing)}_{request.target}"

    def _to_call(self, number: int, name: str) -> Any:
        """The object whose method is called."""
        if self._trusted:
            return self._own(number)
        return self._lent.to_call(number, name, self.rules)

    def _called(self, request: Request, body: bytes, reply: Reply) -> Packer:
        name = self._reachable(request.name)
        target = self._to_call(request.target, name)
        unpacker = self._unpacker(body)
        nodes = [*request.args, *request.kwargs.values()]
        self._check(nodes, unpacker)
        self.rules.admit_arguments(nodes)
        unpacker.own = self._own_at("()")
        self._origin = "an argument"
        objects = unpacker.objects
        owners: list[str] = []
        args = []
        for position, node in enumerate(request.args):
            args.append(unpacker.unpack(node))
            owners.extend([str(position)] * (len(objects) - len(owners)))
        if name in _SETTING and not self._trusted:
            if request.kwargs:
                # A class of the test's own may take what it sets by name; nobody looks at that.
                raise Refused(name)
            code = len(args) > 1 and is_code(request.args[1], args[1])
            self._lent.check_attribute(request.target, name, [*args, None][0], code, self.rules)
        kwargs = {}
        if self.texts is not None:
            self.texts.update(request.kwargs)
        for key, node in request.kwargs.items():
            kwargs[key] = unpacker.unpack(node)
            owners.extend([key] * (len(objects) - len(owners)))
        if not self._trusted:
            first = [*args, kwargs.get("name", kwargs.get("target"))][0]
            self._lent.check_named(request.target, name, first, self.rules)
        self._look_for_tables([*args, *kwargs.values()], unpacker, "()")
        around, patched = self._around(request, unpacker, owners)
        self._note_how_it_stands()
        states = None
        if request.random is not None and self._trusted:
            set_random_states(unpacker.unpack(request.random))
            states = picture_of_states()
            self._stood = {**(self._stood or {}), **left.chance()}
        before = self._looks(objects)
        value = None
        if self._trusted:
            self._handed |= handed_files.put(request.files)
        with contextlib.ExitStack() as meanwhile:
            if not self._trusted:
                meanwhile.enter_context(self._no_files_for(target))
                meanwhile.enter_context(ambient.computing(request.ambient))
            with self.capture() as reply.said:
                warned: list[Any] = []
                try:
                    with ambient.applied(around) as warned, self._put(patched):
                        value = invoke(target, name, args, kwargs)
                    if self.texts is not None:
                        self._note_parts(request.target, args)
                except (Gone, Silent, Stopped):
                    raise
                except BaseException as error:
                    reply.error = self._errors.tell(error)
                    if self._trusted and type(error).__module__ == "__main__":
                        # A test may ask what it has.
                        value = self._of_own_class(error)
                reply.warned = [self._errors.tell(one) for one in ambient.messages(warned)]
            reply.read = handed_files.was_read(self._handed)
            if reply.read:
                self._handed.clear()
            reply.drew = states is not None and states != picture_of_states()
            self._tell_what_it_leaves(request, reply)
            try:
                pictures = {**self._pictures}
                return self._reported(request, reply, objects, owners, before, value)
            except CannotCross as error:
                if not self._trusted or reply.error is not None:
                    raise
                # It is no error of the call's: a test may ask for one.
                self._pictures = pictures
                reply.changed, reply.names, reply.stays = [], [], str(error) or "a value"
                return self._reported(request, reply, objects, owners, before, None)

    def _of_own_class(self, error: BaseException) -> tuple[BaseException | None, dict[str, Any]]:
        """An exception of the notebook's, unless its class is given, and what it has by one."""
        names = [cls.__name__ for cls in type(error).__mro__]
        held = {}
        for name, value in vars(error).items() if self._given.keys() & names else ():
            with contextlib.suppress(CannotCross):
                Packer(_no_live, self._given).pack(value)
                held[name] = value
        return None if names[0] in self._given else error, held

    def _around(
        self, request: Request, unpacker: Unpacker, owners: list[str]
    ) -> tuple[Any, list[tuple[Patch, list[Any]]]]:
        """What `Peer._set_around` has said, in its order."""
        patched: list[tuple[Patch, list[Any]]] = []
        if not self._trusted:
            return None, patched
        for patch in request.patched:
            patched.append((patch, [unpacker.unpack(node) for node in patch.value]))
            owners.extend([f"={patch.name}"] * (len(unpacker.objects) - len(owners)))
        return unpacker.unpack(request.ambient), patched

    def _put(self, patched: list[tuple[Patch, list[Any]]]) -> AbstractContextManager[None]:
        return self._putting(patched) if patched else nullcontext()

    @contextmanager
    def _putting(self, patched: list[tuple[Patch, list[Any]]]) -> Iterator[None]:
        with contextlib.ExitStack() as meanwhile:
            for patch, now in patched:
                owner = patches.owner_of(patch.place) if patch.place else self._lookup
                if owner is not None:
                    meanwhile.enter_context(patches.applied(owner, patch.name, now))
            yield

    def _note_parts(self, number: int, args: list[Any]) -> None:
        """Takes note of texts that something lent is called with, one after the other."""
        texts = (one for arg in args for one in (arg if isinstance(arg, list) else [arg]))
        said = "".join(one for one in texts if isinstance(one, str))
        place = self._written_at.get(number)
        # What is run is in one of two, then.
        if place is None or len(self.written[place]) > _LONGEST:
            self._written_at[number] = len(self.written)
            self.written.append(said)
        else:
            self.written[place] += said

    def _no_files_for(self, target: Any) -> contextlib.AbstractContextManager[None]:
        """While the learner's code calls this it opens no file of the test's.

        A database goes on with its own, which may lie there.
        """
        database = database_of(target)
        if database is not None:
            own = self._lent.own_tables(database) if self.rules.own_tables else None
            return unattached(database, self.rules.may_write, own)
        if self.folder is None or self.rules.opens:
            return contextlib.nullcontext()
        return self.folder

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
        looks = zip(before, self._looks(objects), strict=True)
        changed = [number for number, (look, now) in enumerate(looks) if look != now]
        # What a layer's mask makes of its weight hangs on both as they are now.
        changed.sort(key=lambda number: is_module(objects[number]))
        if request.keep is not None:
            kept = {*request.keep}
            reply.withheld = [owner for n in changed if (owner := owners[n]) not in kept]
        # The other side's argument stays as it was: a result that is this one, or what holds what
        # has changed of it, is another.
        for number, owner in enumerate(owners):
            if owner in reply.withheld:
                packer.forget(objects[number])
        for number in changed:
            if owners[number] not in reply.withheld:
                reply.changed.append((number, packer.pack_again(number)))
        for watched in request.watch:
            picture = self._picture(watched)
            if picture and picture != self._pictures.get(watched):
                self._pictures[watched] = picture
                reply.names.append((watched, self._as_given(watched, packer)))
        self._besides = len(packer.buffers)
        packer.plain = request.plain and self._trusted
        if self._trusted and isinstance(value, types.ModuleType):
            # Maybe nobody looks at it: `return plt`.
            value = object()
        stays = request.called and self._trusted
        reply.value = packer.pack_called(value) if stays else packer.pack(value)
        return packer

    def _looks(self, objects: list[Any]) -> list[object]:
        """The own content of each object; what it holds counts by identity."""
        packer = self._packer(objects)
        return [packer.look(number) for number in range(len(objects))]


def _no_live(value: Any) -> Node:
    raise CannotCross("something live")


def _is_library(value: Any, name: str) -> bool:
    """Whether a value is what a library has under this name."""
    try:
        return value is from_library(name)
    except (KeyError, AttributeError):
        return False
