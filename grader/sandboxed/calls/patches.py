"""What a test puts in the place of something, so that the learner's code meets it: there are two
processes, so it is put there in both, in the player's while a call runs.

A test may patch `print` or `input`, lead dice, delete a function and look whether another one needs
it, or have a function of a library fail that is not to be used. Which names those are is seen while
the contract is made, in all modules and classes that the test names; a mark looks at these alone.
"""

from __future__ import annotations

import contextlib
import importlib
import re
import sys
import types
from collections.abc import (
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    MutableMapping,
)
from typing import Any

from grader.protocol.names import imports_of_cell
from grader.sandboxed.calls.handle import Handle, node_of
from grader.sandboxed.codec.libraries import imported_from

# Modules that are looked at whether a test names them or not.
_ALWAYS = ("builtins", "random", "time")
# Of Python's own names, which a shell changes, too: others only where a test says them.
_BUILT_IN = ("print", "input", "open")
# Of these only functions that a test says: the rest has a way of its own to the other side; see
# `calls.ambient`. So have names that a test binds itself.
_IN_PART = ("__main__", "sys", "warnings")
_ELSEWHERE = ("showwarning", "displayhook", "excepthook")
# Modules that are not to be imported.
_IMPORTED = "sys:modules"
# As in `np.linalg.inv = …`, `patch("numpy.linalg.inv")`, `patch.object(np.linalg, "inv")`.
_DOTTED = re.compile(r"(?<![\w.])[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_WORD = re.compile(r"\w+")
# Of a class that is written in C.
_IMMUTABLE = 1 << 8
_MISSING = object()


class Patches:
    """A judge's, who says what a test has put in the place of something.

    Places are "module" or "module:Class".
    """

    def __init__(self) -> None:
        # What each place had when it was looked at first.
        self._before = {place: dict(vars(sys.modules[place])) for place in _ALWAYS}
        self._watched: list[tuple[str, str, object]] = []

    def watch(self, names: Iterable[str]) -> None:
        """Looks at these, as "place.name"."""
        self._watched = []
        for known in names:
            place, _, name = known.rpartition(".")
            if known.startswith(_IMPORTED):
                place, name = _IMPORTED, known.removeprefix(f"{_IMPORTED}.")
            with contextlib.suppress(Exception):
                importlib.import_module(place.partition(":")[0])
            self._watched.append((place, name, self._had(place).get(name, _MISSING)))

    def watch_all(
        self, source: str, names: Mapping[str, object], binds: Collection[str] = ()
    ) -> None:
        """Looks at whatever a test may patch.

        Args:
            source: the test, with what it calls of given cells.
            names: what stands for what there.
            binds: those that the test binds itself.
        """
        words = set(_WORD.findall(source)).difference(_ELSEWHERE)
        self._watched = []
        for place in dict.fromkeys((*_ALWAYS, *_IN_PART, *_places_in(source, names))):
            for name, was in self._had(place).items():
                if place in _IN_PART:
                    is_meant = name in words and callable(was)
                    is_meant = is_meant and not (place == "__main__" and name in binds)
                elif place == "builtins":
                    is_meant = name in _BUILT_IN or name in words
                else:
                    is_meant = name in words or (callable(was) and name[:1] != "_")
                if is_meant:
                    self._watched.append((place, name, was))
            if isinstance(owner := owner_of(place), type):
                # What it has from another class.
                more = words.intersection(dir(owner)).difference(vars(owner))
                self._watched += [(place, name, _MISSING) for name in more]
        if "modules" in words:
            said = words.union(_DOTTED.findall(source))
            self._watched += [(_IMPORTED, name, _MISSING) for name in said]

    def _had(self, place: str) -> dict[str, Any]:
        owner = owner_of(place)
        if place == "__main__":
            # What has been put there since is no patch.
            return dict(vars(owner))
        if place not in self._before:
            self._before[place] = {} if owner is None else dict(_names_of(owner))
        return self._before[place]

    def found(self) -> Iterator[tuple[str, str, list[Any]]]:
        """What is another thing now: place, name and what it is; nothing if it is not there."""
        for place, name, was in self._watched:
            owner = owner_of(place)
            now = was if owner is None else _names_of(owner).get(name, _MISSING)
            if place == _IMPORTED and now is not None:
                continue
            if now is not was:
                yield place, name, [] if now is _MISSING else [now]


def _names_of(owner: Any) -> Mapping[str, Any]:
    return owner if isinstance(owner, Mapping) else vars(owner)


def owner_of(place: str) -> Any:
    """The module or the class; None if it is not here."""
    module, _, path = place.partition(":")
    owner: Any = sys.modules.get(module)
    for part in path.split(".") if path else ():
        owner = None if owner is None else vars(owner).get(part)
    return owner


def _places_in(source: str, names: Mapping[str, object]) -> Iterator[str]:
    """The modules and classes of libraries that a test names."""
    imports = imports_of_cell(source)
    for text in _DOTTED.findall(source):
        first, *parts = text.split(".")
        owner: Any = names.get(first)
        if not _may_be_patched(owner):
            owner = sys.modules.get(first)
            with contextlib.suppress(Exception):
                owner = imported_from(imports[first])
        for part in (*parts, ""):
            if not _may_be_patched(owner):
                break
            place = owner.__name__
            if isinstance(owner, type):
                place = f"{owner.__module__}:{owner.__qualname__}"
            if place not in _IN_PART and owner_of(place) is owner:
                yield place
            owner = vars(owner).get(part)


def _may_be_patched(owner: Any) -> bool:
    # What stands for something of the other side's says of itself that it is a class.
    kind = type(owner)
    if issubclass(kind, type):
        return not owner.__flags__ & _IMMUTABLE
    return issubclass(kind, types.ModuleType)


@contextlib.contextmanager
def applied(owner: Any, name: str, value: list[Any]) -> Iterator[None]:
    """Has a name stand for something else for a while, unless it is bound anew meanwhile.

    Args:
        owner: the names of a notebook, a module or a class.
        value: what it stands for; empty if it is not to be there.
    """
    now = value[0] if value else _MISSING
    if isinstance(owner, type) and isinstance(now, Handle) and node_of(now).kind == "function":
        # Of an instance it is a method.
        now = _as_function(now)
    names = owner if isinstance(owner, MutableMapping) else vars(owner)
    before = names.get(name, _MISSING)
    _put(owner, name, now)
    try:
        yield
    finally:
        if names.get(name, _MISSING) is now:
            _put(owner, name, before)


def _put(owner: Any, name: str, value: Any) -> None:
    if isinstance(owner, MutableMapping):
        owner.pop(name, None)
        if value is not _MISSING:
            owner[name] = value
    elif value is not _MISSING:
        setattr(owner, name, value)
    elif name in vars(owner):
        delattr(owner, name)


def _as_function(handle: Any) -> Callable[..., Any]:
    def function(*args: Any, **kwargs: Any) -> Any:
        return handle(*args, **kwargs)

    return function
