"""Classes of exceptions that only the other side has, by their names."""

from __future__ import annotations

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
        _made[names, base] = type(name, (above,), {"__module__": "__main__"}) if fits else above
    return _made[names, base]
