"""Special methods: which of them may be asked of the other side, and what stands in for which."""

from __future__ import annotations

from functools import cache
from typing import Any

# Asked of the object by its type, as Python does.
ITERATION = ("__iter__", "__next__")
# What a `with` asks for.
IN_BLOCKS = ("__enter__", "__exit__")
# With the reflected one of each, and the one that changes what stands on the left.
_BINARY = "add sub mul matmul truediv floordiv mod pow and or xor lshift rshift"
_OPERATIONS = _BINARY.split()
_OF_OPERATIONS = [f"{side}{name}" for name in _OPERATIONS for side in ("", "r", "i")]
_DUNDER_NAMES = """
    len getitem setitem delitem contains reversed bool int float complex index str repr format hash
    eq ne lt le gt ge divmod rdivmod neg pos abs invert round enter exit call dir setattr delattr
    await
"""
DUNDERS = frozenset(f"__{name}__" for name in [*_DUNDER_NAMES.split(), *_OF_OPERATIONS])
# Of several Python asks the one that a class has.
_ALIKE = [
    "bool len",
    "str repr format",
    "int index float complex",
    "contains getitem",
    "eq ne",
    "lt gt",
    "le ge",
    "divmod rdivmod",
    *(f"{name} r{name} i{name}" for name in _OPERATIONS),
]
# Without one of these nothing of the kind can be done, and an object is not taken for another one.
_DONE_TO_IT = ("__setitem__", "__delitem__", "__neg__", "__pos__", "__abs__", "__invert__")
OPERATORS = frozenset(
    (
        *_DONE_TO_IT,
        *(f"__{name}__" for name in ["lt", "le", "gt", "ge"]),
        *(f"__{side}{name}__" for name in [*_OPERATIONS, "divmod"] for side in ("", "r")),
    )
)
# Every object has these; a handle asks for them where the solution did.
EVERYWHERE = ("__dir__", "__setattr__", "__delattr__")
_GIVING = """
    call len getitem setitem delitem reversed int float complex index str repr format enter exit
    await
"""
# What gives a value to look at; other special methods say themselves what is equal, or less.
GIVES = frozenset((*ITERATION, *EVERYWHERE, *(f"__{name}__" for name in _GIVING.split())))


@cache
def with_others(names: frozenset[str]) -> frozenset[str]:
    """These, and what another class may have in their place."""
    alike = ({f"__{name}__" for name in group.split()} for group in _ALIKE)
    # Python walks backwards over what has these two.
    back = ["__getitem__", "__len__"] if "__reversed__" in names else []
    return names.union(back, *(group for group in alike if group & names))


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
