"""What an object holds, in its dictionary and in its slots."""

from __future__ import annotations

import types
from typing import Any


def attributes_of(value: Any) -> dict[str, Any]:
    """What an object holds, by name: in its dictionary and in its slots."""
    held = {name: slot for name, slot in slots_of(type(value)).items() if hasattr(value, name)}
    return {
        **getattr(value, "__dict__", {}),
        **{name: slot.__get__(value) for name, slot in held.items()},
    }


def slots_of(cls: type) -> dict[str, Any]:
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
    special = callable(behind) or hasattr(type(behind), "__get__")
    return name.isidentifier() and not name.startswith("__") and not special
