"""Numbers of Python. Those that a message holds as they are never ask a family on their way in."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from grader.protocol.values import MAX_DIGITS, Big, CannotCross, Complex, Node
from grader.sandboxed.codec.family import NOT_MINE, NotMine

if TYPE_CHECKING:
    from grader.sandboxed.codec.packing import Packer
    from grader.sandboxed.codec.unpacking import Unpacker

_OURS = (int, float, complex)
_INT64 = range(-(2**63), 2**63)


def encode(value: Any, packer: Packer) -> Node | NotMine:
    if not isinstance(value, _OURS):
        return NOT_MINE
    if isinstance(value, bool):
        return bool(value)
    if isinstance(value, int):
        return encode_integer(int.__index__(value))
    if isinstance(value, float):
        return float.__float__(value)
    return Complex(value.real, value.imag)


def encode_integer(value: int) -> Node:
    if value in _INT64:
        return value
    # 3.32 bits a digit, before the digits are computed.
    if value.bit_length() > MAX_DIGITS * 3.32:
        raise CannotCross(f"an integer of more than {MAX_DIGITS} digits")
    return Big(hex(value))


def decode_integer(node: Big, unpacker: Unpacker) -> int:
    if len(node.digits) > MAX_DIGITS:
        raise CannotCross(f"an integer of more than {MAX_DIGITS} digits")
    value = int(node.digits, 16)
    if unpacker.narrow is not None:
        unpacker.narrow.note_whole(value)
    return value


def decode_complex(node: Complex, unpacker: Unpacker) -> complex:
    value = complex(node.real, node.imag)
    if unpacker.narrow is not None:
        value = unpacker.narrow.complex(value)
        size = math.nan if value != value else math.hypot(value.real, value.imag)
        number = unpacker.narrow.number(size)
        return value if number is size else complex(number)
    return value
