"""Which family is asked: about a value in this order, about a node by its type.

A new family gets its lines here; all else about it stands in its own file. A file that imports a
library is loaded when there is something of that library.
"""

from __future__ import annotations

import collections
import sys
import types
from typing import TYPE_CHECKING, Any

import numpy as np

from grader.protocol.values import (
    Array,
    Big,
    CannotCross,
    Complex,
    Frame,
    Given,
    Graph,
    Masked,
    Module,
    Named,
    Node,
    Numbers,
    Objects,
    Pairs,
    Quantized,
    Random,
    Raw,
    Record,
    Regex,
    Seq,
    Sparse,
    Spelled,
    Tensor,
)
from grader.sandboxed.codec.families import (
    arrays,
    containers,
    generators,
    instances,
    lazy,
    names,
    numbers,
    spelled,
    tensors,
    text,
)
from grader.sandboxed.codec.family import NOT_MINE, Assign, Decode, Encode, NotMine
from grader.sandboxed.codec.libraries import torch_module

if TYPE_CHECKING:
    from grader.sandboxed.codec.packing import Packer
    from grader.sandboxed.codec.unpacking import Unpacker

# --- Families whose files import a library -----------------------------------------------------


def is_module(value: Any) -> bool:
    torch = torch_module()
    return torch is not None and isinstance(value, torch.nn.Module)


def _encode_module(value: Any, packer: Packer) -> Node | NotMine:
    return lazy.modules().encode(value, packer) if is_module(value) else NOT_MINE


def look(value: Any) -> object:
    """What there is to see of a tensor or a module of the usual kind; None for all else."""
    torch = torch_module()
    if torch is None:
        return None
    if isinstance(value, torch.nn.Module):
        return lazy.modules().look(value)
    return tensors.look(value)


def _decode_module(node: Module, unpacker: Unpacker) -> Any:
    if torch_module() is None:
        raise CannotCross("a module where there is no torch")
    return lazy.modules().decode(node, unpacker)


def _assign_module(target: Any, value: Any) -> bool:
    return is_module(target) and lazy.modules().assign(target, value)


def _encode_table(value: Any, packer: Packer) -> Node | NotMine:
    if "pandas" not in sys.modules:
        return NOT_MINE
    return lazy.tables().encode(value, packer)


def _decode_table(node: Frame, unpacker: Unpacker) -> Any:
    return lazy.tables().decode(node, unpacker)


def _assign_column(target: Any, value: Any) -> bool:
    return "pandas" in sys.modules and lazy.tables().assign(target, value)


def _encode_graph(value: Any, packer: Packer) -> Node | NotMine:
    if "networkx" not in sys.modules:
        return NOT_MINE
    return lazy.graphs().encode(value, packer)


def _decode_graph(node: Graph, unpacker: Unpacker) -> Any:
    if "networkx" not in sys.modules:
        raise CannotCross("a graph where there is no networkx")
    return lazy.graphs().decode(node, unpacker)


def _assign_graph(target: Any, value: Any) -> bool:
    if not type(target).__module__.startswith("networkx."):
        return False
    return lazy.graphs().assign(target, value)


# --- Whose a value is --------------------------------------------------------------------------

# Asked first, also about what is of a class of the learner's own. A value may be several things at
# once: a number of NumPy is also one of Python, a member of an enumeration may be a text.
FIRST: tuple[Encode, ...] = (
    arrays.encode_scalar,
    names.encode_member,
    numbers.encode,
    text.encode,
    arrays.encode,
    tensors.encode,
    names.encode_type,
    _encode_module,
    containers.encode_record,
)
# Asked then, about what is not: a list of the learner's own class does what the learner says.
THEN: tuple[Encode, ...] = (
    containers.encode,
    spelled.encode,
    text.encode_bytearray,
    names.encode,
    generators.encode,
    _encode_table,
    _encode_graph,
    # What is more than that, whatever a given class is derived from, has been found by now.
    instances.encode,
)
# What is of one of these types by itself, no class derived from it, only one family can say yes to.
# All are written in C: nobody can change them, nor have them say that they are the learner's own.
OF_TYPE: dict[type, Encode] = {
    **dict.fromkeys((list, tuple, dict, set, frozenset), containers.encode),
    **dict.fromkeys(
        (collections.deque, collections.OrderedDict, collections.defaultdict), containers.encode
    ),
    **dict.fromkeys(np.sctypeDict.values(), arrays.encode_scalar),
    np.ndarray: arrays.encode,
    complex: numbers.encode,
    bytes: text.encode,
    bytearray: text.encode_bytearray,
    range: spelled.encode,
    slice: spelled.encode,
    type: names.encode_type,
    types.FunctionType: names.encode_function,
}


def of_type(cls: type) -> Encode | None:
    """The family of all values of a type; None where the families have to be asked."""
    torch = sys.modules.get("torch")
    if torch is not None:
        if cls is torch.Tensor or cls is torch.nn.Parameter:
            return tensors.encode_usual
        if cls.__module__.startswith("torch.nn.modules."):
            return _encode_module
    return OF_TYPE.get(cls)


# --- Whose a node is ---------------------------------------------------------------------------

BY_NODE: dict[type, Decode] = {
    Big: numbers.decode_integer,
    Complex: numbers.decode_complex,
    Raw: text.decode,
    Seq: containers.decode_sequence,
    Pairs: containers.decode_mapping,
    Record: containers.decode_record,
    Spelled: spelled.decode,
    Numbers: spelled.decode_numbers,
    Regex: spelled.decode_regex,
    Array: arrays.decode,
    Objects: arrays.decode_objects,
    Masked: arrays.decode_masked,
    Tensor: tensors.decode,
    Sparse: tensors.decode,
    Quantized: tensors.decode,
    Module: _decode_module,
    Given: instances.decode,
    Frame: _decode_table,
    Graph: _decode_graph,
    Random: generators.decode,
    Named: names.decode,
}

# --- Whose a change is -------------------------------------------------------------------------

CHANGED: tuple[Assign, ...] = (
    containers.assign,
    text.assign,
    arrays.assign,
    tensors.assign,
    _assign_module,
    _assign_column,
    _assign_graph,
    generators.assign,
    instances.assign,
)
