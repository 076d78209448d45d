"""In the place of what a call gives where the teacher's solution gives nothing of the kind: a
function for a number, say.

A test that doesn't look at it goes on, as it does beside the code. Whoever looks gets to know.
"""

from __future__ import annotations

from typing import Any

from grader.protocol.values import CannotCross
from grader.sandboxed.calls.special_methods import DUNDERS


def _refuse(self: Any, *_: Any, **__: Any) -> Any:
    raise CannotCross(object.__getattribute__(self, "_why"))


# Nor can it be called or iterated; it has no methods for that, as others may ask.
_REFUSED = DUNDERS.difference(("__call__", "__setattr__")).union(("__getattribute__",))


class OutOfPlace:
    """Says why it can't cross, whatever it is asked."""

    __slots__ = ("_why",)

    def __init__(self, why: str) -> None:
        object.__setattr__(self, "_why", why)

    def __setattr__(self, name: str, value: Any) -> None:
        _refuse(self)


for _name in _REFUSED:
    setattr(OutOfPlace, _name, _refuse)
