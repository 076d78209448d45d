"""Classes of exceptions that only the other side has, by their names."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from grader.protocol.errors import OUR_ERRORS
from grader.protocol.values import CannotCross

_MAX_NAME = 100
# What a name of the learner's choice must not look like.
_TAKEN = frozenset((*OUR_ERRORS, CannotCross.__name__, "AssertionError"))


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
