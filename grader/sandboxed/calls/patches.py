"""What a test puts in the place of something, so that the learner's code meets it: there are two
processes, so it is put there in both, in the player's while a call runs.

A test may patch `print` or `input`, lead dice, delete a function and look whether another one needs
it, or have a function of a library fail that is not to be used.
"""

from __future__ import annotations

import contextlib
import random
import re
import sys
import types
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
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


# As in `np.linalg.inv = …` or `patch("numpy.linalg.inv")`; as in `patch.object(np.linalg, "inv")`.
_DOTTED = re.compile(r"(?<![\w.])[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
_APART = re.compile(r"(?<![\w.])([A-Za-z_][\w.]*)\s*,\s*[\"'](\w+)[\"']")

# A module, a name of it, and what that stands for.
Named = tuple[str, str, object]


def named_in(source: str, names: Mapping[str, object], imports: Mapping[str, str]) -> list[Named]:
    """Functions and classes of libraries that a test names, as they are before it runs.

    Args:
        names: what stands for what there.
        imports: what the test itself imports.
    """
    texts = [*_DOTTED.findall(source), *map(".".join, _APART.findall(source))]
    found = {}
    for text in dict.fromkeys(texts):
        first, *between, name = text.split(".")
        owner = names.get(first)
        if not isinstance(owner, types.ModuleType):
            owner = sys.modules.get(imports.get(first, first))
        for part in between:
            owner = vars(owner).get(part) if isinstance(owner, types.ModuleType) else None
        if isinstance(owner, types.ModuleType) and owner.__name__ not in (*_PATCHABLE, "sys"):
            value = vars(owner).get(name)
            if callable(value) and sys.modules.get(owner.__name__) is owner:
                found[owner.__name__, name] = value
    return [(place, name, value) for (place, name), value in found.items()]


def of_libraries(named: Sequence[Named]) -> Iterator[tuple[str, str, object]]:
    """What is another thing now than before the test began."""
    for place, name, before in named:
        now = vars(sys.modules[place]).get(name, _MISSING)
        if now is not before and now is not _MISSING:
            yield place, name, now


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
