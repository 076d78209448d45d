"""What both sides have, by name: types, and functions and modules of libraries."""

from __future__ import annotations

import importlib
import sys
import types
from typing import Any

BUILTIN_TYPES = (
    bool,
    int,
    float,
    complex,
    str,
    bytes,
    list,
    tuple,
    dict,
    set,
    frozenset,
    type(None),
    type,
    object,
    Exception,
)


# Modules whose classes stand before what one asks for: `class Net(ABC, nn.Module)`.
_SAY_LITTLE = ("__main__", "abc", "builtins", "typing")


def torch_module() -> Any:
    """torch, if this process has imported it: what has not been imported has made no tensor."""
    return sys.modules.get("torch")


def library_name(value: Any) -> str | None:
    """Under which name a library has this function or module; None where it has not."""
    if isinstance(value, types.ModuleType):
        return value.__name__ if sys.modules.get(value.__name__) is value else None
    module = getattr(value, "__module__", None)
    # Functions written in C often say no module, or another one, or are named after a class.
    for place in (module, "torch", "torch.nn.functional", "builtins"):
        for name in (getattr(value, "__qualname__", None), getattr(value, "__name__", None)):
            if not isinstance(place, str) or place == "__main__" or not isinstance(name, str):
                continue
            found: Any = sys.modules.get(place)
            for part in name.split("."):
                found = getattr(found, part, None)
            if found is value:
                return f"{place}:{name}"
    return None


def library_class_of(cls: type) -> str:
    """The names of the classes of libraries' that a class is, or is derived from, the nearest
    first: who asks may not have imported all of them."""
    bases = [base for base in cls.__mro__ if base.__module__ not in _SAY_LITTLE]
    return " ".join(filter(None, map(library_name, bases)))


def class_called(name: str) -> type | None:
    """The class of this name, as `library_name` gives it, if this process has imported it.

    No module is asked for what it has: the name may be the learner's choice.
    """
    module, _, path = name.partition(":")
    found: Any = None if module == "__main__" else sys.modules.get(module)
    for part in path.split("."):
        found = vars(found).get(part) if isinstance(found, types.ModuleType | type) else None
    return found if isinstance(found, type) else None


def from_library(name: str) -> Any:
    """The function or module of this name, as `library_name` gives it."""
    module, _, path = name.partition(":")
    found: Any = sys.modules[module]
    for part in path.split(".") if path else ():
        found = getattr(found, part)
    return found


def imported_from(name: str) -> Any:
    """The same, imported where it is not yet.

    Raises:
        Exception: whatever the import of a module comes to.
    """
    module, _, part = name.partition(":")
    found = importlib.import_module(module)
    if part and not hasattr(found, part):
        # A module in a package.
        importlib.import_module(f"{module}.{part}")
    return from_library(name)
