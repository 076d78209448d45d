"""What a test puts in the place of something, so that the learner's code meets it: there are two
processes, so it is put there in both, in the player's while a call runs.

A test may patch `print` or `input`, lead dice, or delete a function and look whether another one
needs it.
"""

from __future__ import annotations

import contextlib
import random
import sys
from collections.abc import Iterator, MutableMapping
from typing import Any

# Modules, and of these the names that are looked at.
_PATCHABLE: dict[str, tuple[str, ...]] = {
    "builtins": ("print", "input", "open"),
    "random": tuple(name for name, value in vars(random).items() if callable(value)),
    "time": ("sleep", "time", "perf_counter"),
}
_BEFORE = {
    module: {name: getattr(sys.modules[module], name) for name in names}
    for module, names in _PATCHABLE.items()
}
_MISSING = object()


def in_modules() -> Iterator[tuple[str, str, Any]]:
    """What is another thing now than when this process began: module, name and value."""
    for module, names in _BEFORE.items():
        space = vars(sys.modules[module])
        for name, before in names.items():
            now = space.get(name, before)
            if now is not before:
                yield module, name, now


@contextlib.contextmanager
def applied(space: MutableMapping[str, Any], name: str, value: list[Any]) -> Iterator[None]:
    """Has a name stand for something else for a while, unless it is bound anew meanwhile.

    Args:
        value: what it stands for; empty if it is not to be there.
    """
    before = space.pop(name, _MISSING)
    if value:
        space[name] = value[0]
    try:
        yield
    finally:
        if space.get(name, _MISSING) is (value[0] if value else _MISSING):
            space.pop(name, None)
            if before is not _MISSING:
                space[name] = before
