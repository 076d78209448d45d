"""Instances of classes that given cells define: what they hold, in dictionary and slots.

Both sides have the class; only the attributes cross.
"""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any

from grader.protocol.values import CannotCross, Given, Node
from grader.sandboxed.codec.family import NOT_MINE, NotMine

if TYPE_CHECKING:
    from grader.sandboxed.codec.packing import Packer
    from grader.sandboxed.codec.unpacking import Unpacker


def encode(value: Any, packer: Packer) -> Node | NotMine:
    if not packer.is_given(type(value)):
        return NOT_MINE
    packer.register(value)
    state = _attributes_of(value)
    return Given(type(value).__name__, {name: packer.pack(v) for name, v in state.items()})


def decode(node: Given, unpacker: Unpacker) -> Any:
    cls: Any = unpacker.given.get(node.cls)
    if not isinstance(cls, type):
        raise CannotCross(f"an instance of {node.cls[:50]}, which no given cell defines")
    made: Any = object.__new__(cls)
    unpacker.objects.append(made)
    slots = _slots_of(cls)
    for name, value in node.attributes.items():
        unpacked = unpacker.unpack(value)
        if name in slots:
            slots[name].__set__(made, unpacked)
        elif is_plain_attribute(cls, name):
            vars(made)[name] = unpacked
    return made


def assign(target: Any, value: Any) -> bool:
    """Whatever else crosses and can be changed: it is the last that is asked."""
    slots = _slots_of(type(target))
    for name, slot in slots.items():
        if hasattr(value, name):
            slot.__set__(target, slot.__get__(value))
    if hasattr(target, "__dict__") or not slots:
        vars(target).clear()
        vars(target).update(vars(value))
    return True


def _attributes_of(value: Any) -> dict[str, Any]:
    """What an object holds, by name: in its dictionary and in its slots."""
    cls = type(value)
    held = {name: slot for name, slot in _slots_of(cls).items() if hasattr(value, name)}
    state = getattr(value, "__dict__", {})
    return {
        **{name: own for name, own in state.items() if is_plain_attribute(cls, name)},
        **{name: slot.__get__(value) for name, slot in held.items()},
    }


def _slots_of(cls: type) -> dict[str, Any]:
    """The slots that a class and the bases beside it define, by name."""
    kinds = [vars(base) for base in reversed(cls.__mro__) if base.__module__ == cls.__module__]
    return {
        name: slot
        for names in kinds
        for name, slot in names.items()
        if isinstance(slot, types.MemberDescriptorType)
    }


def is_plain_attribute(cls: type, name: str) -> bool:
    """Whether an instance may have this name of its own: no method or property stands behind it."""
    behind = getattr(cls, name, None)
    # What a `cached_property` has found stands before it.
    special = callable(behind) or hasattr(type(behind), "__set__")
    return name.isidentifier() and not name.startswith("__") and not special
