"""What both sides have, by name: types, members of given enumerations, dtypes, constants.

A name leads only to what is listed, or to what a library has of one known kind.
"""

from __future__ import annotations

import enum
import sys
import types
from typing import TYPE_CHECKING, Any

import numpy as np

from grader.protocol.values import CannotCross, Named, Node
from grader.sandboxed.codec.failures import class_of, is_pythons, names_of
from grader.sandboxed.codec.families import lazy
from grader.sandboxed.codec.families.arrays import PLAIN_KINDS, is_plain
from grader.sandboxed.codec.family import NOT_MINE, NotMine
from grader.sandboxed.codec.libraries import BUILTIN_TYPES, from_library, torch_module

if TYPE_CHECKING:
    from grader.sandboxed.codec.packing import Packer
    from grader.sandboxed.codec.unpacking import Unpacker

_CONSTANTS = {"NotImplemented": NotImplemented, "Ellipsis": ..., "None": None}


def encode_member(value: Any, packer: Packer) -> Node | NotMine:
    """Of an enumeration of a given cell, whatever else it is; a mix of flags has a number only."""
    if not isinstance(value, enum.Enum):
        return NOT_MINE
    cls = type(value)
    if packer.is_given(cls) and value.name in cls.__members__:
        return Named("member", f"{cls.__name__}.{value.name}")
    return NOT_MINE


def encode_type(value: Any, packer: Packer) -> Node | NotMine:
    if not isinstance(value, type):
        return NOT_MINE
    if value in BUILTIN_TYPES:
        return Named("type", value.__name__)
    if packer.is_given(value):
        return Named("given", value.__name__)
    if packer.exact and is_pythons(value):
        return Named("error", value.__name__)
    if packer.exact and issubclass(value, Exception) and packer.is_own(value):
        return Named("error", " ".join(names_of(value, packer.given)))
    if issubclass(value, np.generic):
        return Named("numpy", value.__name__)
    if torch_module() is not None and lazy.modules().is_library_class(value):
        return Named("nn", value.__name__)
    return packer.live(value)


def encode(value: Any, packer: Packer) -> Node | NotMine:
    if value is Ellipsis or value is NotImplemented:
        return Named("constant", str(value))
    if isinstance(value, np.dtype) and value.kind in PLAIN_KINDS:
        return Named("numpy.dtype", value.str)
    torch = torch_module()
    if torch is not None:
        if isinstance(value, torch.device):
            return Named("torch.device", str(value))
        if isinstance(value, torch.dtype | torch.layout | torch.memory_format):
            return Named("torch", str(value).removeprefix("torch."))
    if isinstance(value, types.FunctionType) and _is_given(value, packer):
        return Named("given", value.__name__)
    if "pandas" in sys.modules and lazy.tables().is_constant(value):
        return Named("constant", str(value))
    return NOT_MINE


def encode_function(value: Any, packer: Packer) -> Node | NotMine:
    """The same for a function known by its type: what no given cell defines stays."""
    return Named("given", value.__name__) if _is_given(value, packer) else packer.live(value)


def _is_given(function: Any, packer: Packer) -> bool:
    return packer.given.get(function.__name__) is function


def decode(node: Named, unpacker: Unpacker) -> Any:
    torch = torch_module()
    match node.kind:
        case "constant":
            if node.name in _CONSTANTS:
                return _CONSTANTS[node.name]
            constant = lazy.tables().CONSTANTS[node.name]
            return constant if unpacker.narrow is None else unpacker.narrow.constant(constant)
        case "error":
            return class_of(node.name.split(" "), unpacker.given)
        case "type":
            return next(cls for cls in BUILTIN_TYPES if cls.__name__ == node.name)
        case "given":
            return unpacker.given[node.name]
        case "member":
            name, _, member = node.name.partition(".")
            members: Any = unpacker.given[name]
            if issubclass(members, enum.Enum):
                return members[member]
        case "numpy":
            found = getattr(np, node.name, None)
            if isinstance(found, type) and issubclass(found, np.generic):
                return found
        case "numpy.dtype":
            if is_plain(node.name):
                return np.dtype(node.name)
        case "torch.device" if torch is not None:
            return torch.device(node.name)
        case "torch" if torch is not None:
            found = getattr(torch, node.name, None)
            if isinstance(found, torch.dtype | torch.layout | torch.memory_format):
                return found
        case "nn" if torch is not None:
            return lazy.modules().library_class(node.name)
        case "library" if unpacker.trusted:
            return from_library(node.name)
        case "traceback" if unpacker.trusted:
            return _traceback()
    raise CannotCross(f"the name {node.name[:50]}")


def _traceback() -> types.TracebackType:
    """One that tells nothing of the other side."""
    return types.TracebackType(None, sys._getframe(), 0, 1)
