"""In the place of what a call gives where the teacher's solution gives nothing of the kind: a
function for a number, say.

A test that doesn't look at it goes on, as it does beside the code. Whoever looks gets to know, and
whose it is: a test that wants any error must not have found one in that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from grader.protocol.values import CannotCross, Live, Module, Node
from grader.sandboxed.calls.special_methods import DUNDERS, ITERATION


def _refuse(self: Any, *_: Any, **__: Any) -> Any:
    object.__getattribute__(self, "_tell")()
    raise CannotCross(object.__getattribute__(self, "_why"))


_REFUSED = DUNDERS.difference(("__call__", "__setattr__")).union(ITERATION, ("__getattribute__",))


class OutOfPlace:
    """Says why it can't cross, whatever it is asked."""

    __slots__ = ("_tell", "_why")
    # For `Results`: what the last line of a test comes to is shown, whether anybody looks or not.
    stays_unseen = True

    def __init__(self, why: str, tell: Callable[[], object]) -> None:
        object.__setattr__(self, "_why", why)
        object.__setattr__(self, "_tell", tell)

    def __setattr__(self, name: str, value: Any) -> None:
        _refuse(self)


for _name in _REFUSED:
    setattr(OutOfPlace, _name, _refuse)


class _Called(OutOfPlace):
    """In the place of what can be called: `callable` asks nobody."""

    __slots__ = ()
    __call__ = _refuse


def in_its_place(node: Node, why: str, tell: Callable[[], object]) -> OutOfPlace:
    """What a test gets in the place of something.

    Args:
        tell: called when anybody looks at it.
    """
    can_be_called = isinstance(node, Live) and "__call__" in node.dunders
    return (_Called if can_be_called or isinstance(node, Module) else OutOfPlace)(why, tell)
