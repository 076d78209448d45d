"""Classes of exceptions that only the other side has, by their names."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any

from grader.protocol.errors import OUR_ERRORS
from grader.protocol.values import CannotCross

_MAX_NAME = 100
# What a name of the learner's choice must not look like.
_TAKEN = frozenset((*OUR_ERRORS, CannotCross.__name__, "AssertionError"))
# Nobody gets one of these who has not got it as the nearest class: a judge asks about that.
_SIGNS = (StopIteration, StopAsyncIteration, IndexError, AttributeError, AssertionError)
# Of what a class is derived from.
_MOST_ABOVE = 20


# By names and base, so that one class is one class.
_made: dict[tuple[tuple[str, ...], type[BaseException]], type[BaseException]] = {}
_MOST = 4096


def error_class(names: tuple[str, ...], base: type[BaseException]) -> type[BaseException]:
    """A class of exceptions that is called like the other side's.

    Args:
        names: of the class and those that it is derived from, the nearest first, up to `base`.
        base: the last of them, which both sides have.
    """
    if len(names) == 1:
        return base
    if (names, base) not in _made:
        above = error_class(names[1:], base)
        name = names[0]
        fits = name.isidentifier() and len(name) <= _MAX_NAME and name not in _TAKEN
        if len(_made) > _MOST:
            return above
        own: dict[str, Any] = {"__module__": "__main__", "__getattr__": _ask}
        if base.__module__ == "__main__":
            # A method of a given class may be another in one that is derived from it.
            own |= {"__str__": BaseException.__str__, "__getattribute__": _ask_first}
        _made[names, base] = type(name, (above,), own) if fits else above
    return _made[names, base]


def names_of(cls: type, given: Mapping[str, Any]) -> list[str]:
    """What `class_of` makes a class of exceptions of: its name and those above, up to one that both
    sides have, and others of Python's that it is derived from."""
    above = cls.__mro__[:_MOST_ABOVE]
    names = [base.__name__ for base in above]
    pythons = [base.__name__ for base in above if base is getattr(builtins, base.__name__, None)]
    for position, name in enumerate(names):
        if position and (base := _shared(name, given)) is not None:
            others = [] if name in given else _others(base, pythons)
            return [*names[: position + 1], *(other.__name__ for other in others)]
    return names


def is_pythons(cls: type) -> bool:
    """Whether it is one of Python's own that may stand for a class of the learner's: an `except`
    for it catches neither everything nor an assertion of the test's."""
    known = issubclass(cls, Exception) and cls is getattr(builtins, cls.__name__, None)
    return known and cls not in (Exception, AssertionError)


def class_of(names: list[str], given: Mapping[str, Any]) -> type[BaseException]:
    """The class that `names_of` names, or one of Python's own, by its name alone.

    Raises:
        CannotCross: where there is none.
    """
    if len(names) == 1:
        own = getattr(builtins, names[0], None)
        if isinstance(own, type) and is_pythons(own):
            return own
    for position, name in enumerate(names[:_MOST_ABOVE]):
        if position and (base := _shared(name, given)) is not None:
            base = base if name in given else beside(base, names[position:])
            made = error_class(tuple(names[: position + 1]), base)
            if made is base:
                # Its name does not fit: an `except` for it would catch whatever is of its base.
                break
            return made
    raise CannotCross("a class of exceptions that is none")


def _shared(name: str, given: Mapping[str, Any]) -> type[BaseException] | None:
    found = given.get(name, getattr(builtins, name, None))
    return found if isinstance(found, type) and issubclass(found, Exception) else None


def beside(nearest: type[BaseException], names: Iterable[str]) -> type[BaseException]:
    """One of Python's own classes, with others of them that the other side's is derived from."""
    others = _others(nearest, names)
    return _joined((nearest, *others)) if others else nearest


def _others(nearest: type[BaseException], names: Iterable[str]) -> list[type[Exception]]:
    found: list[type[Exception]] = []
    if not issubclass(nearest, Exception) or nearest is AssertionError:
        return found
    for name in names:
        one: Any = getattr(builtins, name, None)
        fits = isinstance(one, type) and issubclass(one, Exception) and not issubclass(one, _SIGNS)
        if fits and not any(one in had.__mro__ or had in one.__mro__ for had in (nearest, *found)):
            found.append(one)
    return found


@lru_cache(maxsize=1_000)
def _joined(classes: tuple[Any, ...]) -> type[Exception]:
    nearest: type[Exception] = classes[0]
    # Not all of them can be had together.
    with suppress(TypeError):
        return type(nearest.__name__, classes, {"__module__": nearest.__module__})
    return nearest


def stands_for(error: BaseException, other: object) -> None:
    """Has an exception of such a class ask the other side's for what it doesn't have itself."""
    if type(error).__dict__.get("__getattr__") is _ask:
        vars(error)[_OTHER] = other


# No attribute is called so.
_OTHER = "the other side's"


def _ask_first(error: BaseException, name: str) -> Any:
    if not (name.startswith("_") or hasattr(BaseException, name)):
        with suppress(AttributeError):
            return _ask(error, name)
    return BaseException.__getattribute__(error, name)


def _ask(error: BaseException, name: str) -> Any:
    if name.startswith("_") or _OTHER not in vars(error):
        raise AttributeError(f"{type(error).__name__!r} object has no attribute {name!r}")
    return getattr(vars(error)[_OTHER], name)
