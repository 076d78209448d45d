"""Brings an object up to date with a changed copy of it that has crossed."""

from __future__ import annotations

import sys
from typing import Any

from grader.protocol.values import CannotCross
from grader.sandboxed.codec.families import lazy
from grader.sandboxed.codec.registry import CHANGED


def assign(target: Any, value: Any) -> None:
    """Makes an object equal to another one of its type, in place.

    Raises:
        CannotCross: when it can't be.
    """
    if type(value) is not type(target):
        if "pandas" in sys.modules and lazy.tables().rename(target, value):
            return
        raise CannotCross("a change into something else")
    try:
        # The last family takes what no other one does.
        any(assign_one(target, value) for assign_one in CHANGED)
    except (TypeError, ValueError, RuntimeError) as error:
        raise CannotCross("a change that can't be followed") from error
