"""Text and bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from grader.protocol.values import Node, Raw
from grader.sandboxed.codec.family import NOT_MINE, NotMine

if TYPE_CHECKING:
    from grader.sandboxed.codec.packing import Packer
    from grader.sandboxed.codec.unpacking import Unpacker

_OURS = (str, bytes)


def encode(value: Any, packer: Packer) -> Node | NotMine:
    if not isinstance(value, _OURS):
        return NOT_MINE
    if isinstance(value, str):
        return str.__str__(value)
    return Raw("bytes", bytes.__getitem__(value, slice(None)))


def encode_bytearray(value: Any, packer: Packer) -> Node | NotMine:
    if not isinstance(value, bytearray):
        return NOT_MINE
    packer.register(value)
    return Raw("bytearray", bytes(value))


def decode(node: Raw, unpacker: Unpacker) -> Any:
    data = node.data if unpacker.narrow is None else unpacker.narrow.octets(node.data)
    if node.kind == "bytes":
        return data
    made = bytearray(data)
    unpacker.objects.append(made)
    return made


def assign(target: Any, value: Any) -> bool:
    if not isinstance(target, bytearray):
        return False
    target[:] = value
    return True
