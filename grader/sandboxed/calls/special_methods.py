"""Special methods: which of them may be asked of the other side, and what stands in for which."""

from __future__ import annotations

from functools import cache
from typing import Any

# Asked of the object by its type, as Python does.
ITERATION = ("__iter__", "__next__")
# What a `with` asks for.
IN_BLOCKS = ("__enter__", "__exit__")
_DUNDER_NAMES = """
    len getitem setitem delitem contains reversed bool int float complex index str repr format hash
    eq ne lt le gt ge add radd iadd sub rsub isub mul rmul imul matmul rmatmul truediv rtruediv
    floordiv rfloordiv mod rmod pow rpow and or xor neg pos abs invert lshift rshift round enter
    exit call dir setattr delattr await
"""
DUNDERS = frozenset(f"__{name}__" for name in _DUNDER_NAMES.split())
# What Python asks in the place of one that a class lacks.
_IN_PLACE = "add sub mul matmul truediv floordiv mod pow"
_FALLBACKS = {
    "str": "repr",
    "format": "str repr",
    "ne": "eq",
    "lt": "gt",
    "gt": "lt",
    "le": "ge",
    "ge": "le",
    "bool": "len",
    "contains": "getitem len",
    "reversed": "getitem len",
    "int": "index",
    "float": "index",
    "complex": "float index",
    **{f"i{name}": f"{name} r{name}" for name in _IN_PLACE.split()},
    **{name: f"r{name}" for name in _IN_PLACE.split()},
    **{f"r{name}": name for name in _IN_PLACE.split()},
}
# Without one of these nothing of the kind can be done, and an object is not taken for another one.
_OPERATIONS = "add sub mul matmul truediv floordiv mod pow and or xor lshift rshift"
_DONE_TO_IT = ("__setitem__", "__delitem__", "__neg__", "__pos__", "__abs__", "__invert__")
OPERATORS = frozenset(
    (
        *_DONE_TO_IT,
        *(f"__{name}__" for name in ["lt", "le", "gt", "ge"]),
        *(f"__{side}{name}__" for name in _OPERATIONS.split() for side in ("", "r")),
    )
).intersection(DUNDERS)
# Every object has these; a handle asks for them where the solution did.
EVERYWHERE = ("__dir__", "__setattr__", "__delattr__")
_GIVING = """
    call len getitem setitem delitem reversed int float complex index str repr format enter exit
    await
"""
# What gives a value to look at; other special methods say themselves what is equal, or less.
GIVES = frozenset((*ITERATION, *EVERYWHERE, *(f"__{name}__" for name in _GIVING.split())))


@cache
def with_fallbacks(names: frozenset[str]) -> frozenset[str]:
    others = (_FALLBACKS.get(name.strip("_"), "").split() for name in names)
    return names | DUNDERS.intersection(f"__{name}__" for found in others for name in found)


def lacking(name: str) -> Any:
    """What comes of an operator that a class lacks.

    Raises:
        TypeError: where Python asks no other object.
    """
    if name in _DONE_TO_IT:
        raise TypeError(f"it has no {name}")
    return NotImplemented


def special_methods(cls: type) -> set[str]:
    """Those that a class has, and not only because every object has them."""
    names = DUNDERS.union(ITERATION).intersection(dir(cls))
    return {name for name in names if getattr(cls, name) is not getattr(object, name, None)}
