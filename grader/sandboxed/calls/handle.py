"""Stands for something that stays on the other side: it is called, asked and iterated there."""

from __future__ import annotations

import itertools
import types
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NoReturn, SupportsIndex

from grader.protocol.values import Live
from grader.sandboxed.calls.kinds import SOMETHING
from grader.sandboxed.calls.special_methods import ITERATION

if TYPE_CHECKING:
    from grader.sandboxed.calls.end import End

# A test may ask that something is none of these.
CONTAINERS: dict[str, type] = {cls.__name__: cls for cls in (list, tuple, dict, set, frozenset)}
# As Python copies them: not at all.
_OWN_COPIES = ("function", "class")
# What hides it in a handle is for tests.
OWN_CLASS = object.__dict__["__class__"]


class Handle:
    """Something of the other side's that can be called, asked and iterated."""

    # No __dict__, which `vars` would find instead of the other side's.
    __slots__ = ("__weakref__", "_items", "_node", "_origin", "_peer")
    # For `Packer`, which must not ask a handle what it is.
    stays_where_it_is = True

    def __init__(self, peer: End, node: Live, origin: str) -> None:
        object.__setattr__(self, "_peer", peer)
        object.__setattr__(self, "_node", node)
        object.__setattr__(self, "_origin", origin)
        object.__setattr__(self, "_items", None)

    def __getattr__(self, name: str) -> Any:
        return peer_of(self).get(self, name)

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        node = node_of(self)
        if node.kind == "class":
            return type
        error = peer_of(self).error_of(node)
        if error is not None:
            return error
        # Other iterators count as generators, too, but isinstance tells them apart.
        if (node.kind, node.name) == ("generator",) * 2:
            return types.GeneratorType
        return CONTAINERS.get(node.base) or peer_of(self).library_class_of(self) or Handle

    @property
    def __bases__(self) -> tuple[type]:
        """Of a class, what `issubclass` sees."""
        cls = peer_of(self).library_class_of(self) if node_of(self).kind == "class" else None
        if cls is None:
            raise AttributeError  # as an instance has none
        return (cls,)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{self!r} can be called, but not changed")

    def __repr__(self) -> str:
        return f"<{node_of(self).kind} {origin_of(self)}>"

    def __copy__(self) -> Handle:
        if node_of(self).kind not in _OWN_COPIES:
            raise TypeError(f"{self!r} can't be copied")
        return self

    @property
    def __deepcopy__(self) -> Callable[[Any], Handle]:
        if node_of(self).kind not in _OWN_COPIES:
            raise AttributeError  # then the other side is asked
        return lambda memo: self

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise TypeError(f"{self!r} can't be copied")

    def __instancecheck__(self, value: Any) -> bool:
        return bool(peer_of(self).call(self, "__instancecheck__", (value,), {}))

    def __subclasscheck__(self, value: Any) -> bool:
        return bool(peer_of(self).call(self, "__subclasscheck__", (value,), {}))


def peer_of(handle: Handle) -> End:
    peer: End = object.__getattribute__(handle, "_peer")
    return peer


def node_of(handle: Handle) -> Live:
    node: Live = object.__getattribute__(handle, "_node")
    return node


def origin_of(handle: Handle) -> str:
    """Where it came from, in the teacher's words: an answer's name, then what was asked of it."""
    origin: str = object.__getattribute__(handle, "_origin")
    return origin


def _remote(name: str) -> Callable[..., Any]:
    def method(self: Handle, *args: Any, **kwargs: Any) -> Any:
        return peer_of(self).call(self, name, args, kwargs)

    method.__name__ = method.__qualname__ = name
    return method


def _call(self: Handle, *args: Any, **kwargs: Any) -> Any:
    return peer_of(self).call(self, "", args, kwargs)


def _await(self: Handle) -> Any:
    return peer_of(self).call(self, "__await__", (), {})
    # Whoever awaits wants a generator.
    yield


def _dir(self: Handle) -> list[str]:
    # What one of the learner's own that gives items holds is not asked for.
    asks = node_of(self).kind in _OWN_COPIES
    return [*object.__dir__(self)] if asks else dir(self.__class__)


def _doc(self: Handle) -> Any:
    return peer_of(self).get(self, "__doc__")


def _same_items(self: Handle) -> Iterator[Any]:
    """Its items, the same each time, as those of a list."""
    known = object.__getattribute__(self, "_items")
    if known is None:
        known = [], peer_of(self).call(self, "__iter__", (), {})
        object.__setattr__(self, "_items", known)
    items, rest = known
    for number in itertools.count():
        if number == len(items):
            try:
                items.append(next(rest))
            except StopIteration:
                return
        yield items[number]


def _some_items(self: Handle) -> Iterator[Any]:
    """The same, and something where there are none."""
    items = _same_items(self)
    yield next(items, SOMETHING)
    yield from items


def _some_length(self: Handle) -> int:
    """As many as it gives then."""
    return max(1, peer_of(self).call(self, "__len__", (), {}))


_handle_classes: dict[tuple[frozenset[str], str, bool, bool], type[Handle]] = {}


def handle_class(
    dunders: frozenset[str],
    name: str = Handle.__name__,
    again: bool = False,
    some: bool = False,
) -> type[Handle]:
    """A class of handles.

    Args:
        name: how it is called: that of an error is asked for its name.
        again: whether it gives the same items each time.
        some: whether it gives something where there are none.
    """
    key = dunders, name, again, some
    if key not in _handle_classes:
        methods: dict[str, Any] = {name: _remote(name) for name in dunders}
        methods |= {"__slots__": (), "__doc__": property(_doc)}
        if "__call__" in dunders:
            methods["__call__"] = _call
        if "__await__" in dunders:
            methods["__await__"] = _await
        if "__dir__" not in dunders:
            # Python's own looks at `__class__`, which says nothing of these.
            methods["__dir__"] = lambda self: [*_dir(self), *dunders]
        if "__eq__" in dunders and "__hash__" not in dunders:
            methods["__hash__"] = object.__hash__
        if again:
            methods["__iter__"] = _some_items if some else _same_items
        if some and "__len__" in dunders:
            methods["__len__"] = _some_length
        _handle_classes[key] = type(name, (Handle,), methods)
    return _handle_classes[key]


class Method:
    """A method of the other side's, bound."""

    def __init__(self, handle: Handle, name: str) -> None:
        self._handle = handle
        self.__name__ = name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return peer_of(self._handle).call(self._handle, self.__name__, args, kwargs)


def only_iterates(handle: Handle, again: bool) -> None:
    """Leaves of what the other side has nothing but its items.

    Args:
        again: whether they are the same each time.
    """
    node = node_of(handle)
    node.dunders, node.plain, node.again = list(ITERATION), True, again
    only = handle_class(frozenset(ITERATION), again=again, some=node.some)
    OWN_CLASS.__set__(handle, only)
