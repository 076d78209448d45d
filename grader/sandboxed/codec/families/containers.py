"""Sequences, sets, mappings, what shows the content of a dictionary, and named tuples."""

from __future__ import annotations

import collections
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from grader.protocol.values import CONTAINERS, MAPPINGS, CannotCross, Node, Pairs, Record, Seq
from grader.sandboxed.codec.family import NOT_MINE, NotMine

if TYPE_CHECKING:
    from grader.sandboxed.codec.packing import Packer
    from grader.sandboxed.codec.unpacking import Unpacker

_VIEWS: dict[Any, Any] = {
    type({}.keys()): "keys",
    type({}.values()): "values",
    type({}.items()): "items",
}
_MAPPING_OF = {name: cls for cls, name in MAPPINGS.items()}


def encode(value: Any, packer: Packer) -> Node | NotMine:
    for cls, name in CONTAINERS.items():
        if isinstance(value, cls):
            if cls is not tuple and cls is not frozenset:
                packer.register(value)
            most = value.maxlen if isinstance(value, collections.deque) else None
            items = [item for item in cls.__iter__(value) if item is not packer.without]
            return Seq(name, [packer.pack(item) for item in items], most)
    for cls, name in MAPPINGS.items():
        if isinstance(value, cls):
            packer.register(value)
            pairs: list[Any] = list(dict.items(value))
            # Another class may look for it among the keys.
            is_default = isinstance(value, collections.defaultdict)
            known = _default(value.default_factory if is_default else None, packer)
            kept = [pair for pair in pairs if pair[0] is not packer.without]
            return Pairs(name, [(packer.pack(k), packer.pack(v)) for k, v in kept], known)
    for cls, kind in _VIEWS.items():
        if isinstance(value, cls):
            return Seq(kind, [packer.pack(item) for item in value])
    return NOT_MINE


def _default(factory: Any, packer: Packer) -> Node:
    """What makes the values of missing keys; nothing where that can't cross."""
    try:
        return None if factory is None else packer.pack(factory)
    except CannotCross:
        return None


def decode_sequence(node: Seq, unpacker: Unpacker) -> Any:
    if node.kind in ("tuple", "frozenset"):
        items = [_item(item, unpacker) for item in node.items]
        return tuple(items) if node.kind == "tuple" else frozenset(items)
    if node.kind in ("keys", "values", "items"):
        items = [_item(item, unpacker) for item in node.items]
        if node.kind == "values":
            return dict(enumerate(items)).values()
        return dict.fromkeys(items).keys() if node.kind == "keys" else dict(items).items()
    made: Any = {"list": list, "set": set}.get(node.kind, list)()
    if node.kind == "deque":
        made = collections.deque(maxlen=node.most)
    unpacker.objects.append(made)
    add = made.add if node.kind == "set" else made.append
    for item in node.items:
        add(_item(item, unpacker))
    return made


def _item(node: Node, unpacker: Unpacker) -> Any:
    value = unpacker.unpack(node)
    return value if unpacker.narrow is None else unpacker.narrow.item(value)


def decode_mapping(node: Pairs, unpacker: Unpacker) -> Any:
    made = _MAPPING_OF[node.kind]()
    if node.default is not None:
        made.default_factory = unpacker.unpack(node.default)
    unpacker.objects.append(made)
    for key, value in node.items:
        unpacked = _item(key, unpacker)
        made[unpacked] = _item(value, unpacker)
    return made


def assign(target: Any, value: Any) -> bool:
    if isinstance(target, list):
        target[:] = value
    elif isinstance(target, dict | set):
        target.clear()
        target.update(value)
    elif isinstance(target, collections.deque):
        target.clear()
        target.extend(value)
    else:
        return False
    return True


# --- Named tuples ------------------------------------------------------------------------------


def encode_record(value: Any, packer: Packer) -> Node | NotMine:
    """Also of a class of the learner's own: its items are all that crosses."""
    fields = _fields(value)
    if not fields:
        return NOT_MINE
    items = [packer.pack(item) for item in tuple.__iter__(value)]
    return Record(type(value).__name__, fields, items)


def _fields(value: Any) -> list[str]:
    """The names of a named tuple's items, also of one written in C; none of any other value."""
    if not isinstance(value, tuple):
        return []
    names: Any = getattr(value, "_fields", None) or getattr(type(value), "__match_args__", ())
    return [str(name) for name in names] if len(names) == len(value) else []


def decode_record(node: Record, unpacker: Unpacker) -> Any:
    cls: Any = _make_record(node.name, node.fields)
    return cls._make(_item(item, unpacker) for item in node.items)


# mypy wants the literals of a class statement.
_make_record: Callable[[str, list[str]], Any] = vars(collections)["namedtuple"]
