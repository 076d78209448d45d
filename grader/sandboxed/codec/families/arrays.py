"""NumPy's arrays, with masks too, and its single numbers."""

from __future__ import annotations

import math
import re
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from grader.protocol.values import Array, CannotCross, Masked, Node, Objects
from grader.sandboxed.codec import views
from grader.sandboxed.codec.family import NOT_MINE, NotMine

if TYPE_CHECKING:
    from grader.sandboxed.codec.packing import Packer
    from grader.sandboxed.codec.unpacking import Unpacker

# Types of a fixed size, without fields or objects in them.
PLAIN_KINDS = "biufcSUMm"
_PLAIN = re.compile(rf"[<>|=][{PLAIN_KINDS}]\d{{1,9}}(\[\w{{1,8}}\])?")


def encode_scalar(value: Any, packer: Packer) -> Node | NotMine:
    if not isinstance(value, np.generic):
        return NOT_MINE
    return _encode_array(np.asarray(value), packer, scalar=True)


def encode(value: Any, packer: Packer) -> Node | NotMine:
    if not isinstance(value, np.ndarray):
        return NOT_MINE
    packer.register(value)
    shown = views.encode(value, packer) if type(value) is np.ndarray else None
    if shown is not None:
        return shown
    plain = np.asarray(value)
    if isinstance(value, np.ma.MaskedArray):
        hidden = value.mask is not np.ma.nomask
        mask = _encode_array(np.asarray(value.mask), packer) if hidden else None
        # That of text may be longer than there is room for.
        has_fill = value.dtype.kind != "O"
        fill = packer.pack(np.array(value.fill_value, value.dtype)[()]) if has_fill else None
        return Masked(_encode_array(plain, packer), mask, fill)
    if isinstance(value, np.matrix):
        return Masked(_encode_array(plain, packer), matrix=True)
    node = _encode_array(plain, packer)
    if isinstance(node, Array):
        node.fixed = not value.flags.writeable
    return node


def _encode_array(value: np.ndarray, packer: Packer, scalar: bool = False) -> Node:
    if value.dtype.kind == "O":
        return Objects(list(value.shape), [packer.pack(item) for item in value.reshape(-1)])
    if value.dtype.kind not in PLAIN_KINDS:
        raise CannotCross(f"an array of {value.dtype}")
    fortran = value.flags.fnc
    data = packer.buffer(value.tobytes("F" if fortran else "C"))
    return Array(value.dtype.str, list(value.shape), data, scalar, fortran)


def decode(node: Array, unpacker: Unpacker, counts: bool = True) -> Any:
    if not is_plain(node.dtype):
        raise CannotCross(f"an array of {node.dtype[:20]}")
    dtype = np.dtype(node.dtype)
    size = count(node.shape) * dtype.itemsize
    unpacker.budget.take(logical=size)
    data = unpacker.take_buffer(node.buffer, size)
    if dtype.kind == "b":
        # Any other byte would be a truth value that is neither.
        data = (data != 0).astype(np.uint8)
    order: Any = "F" if node.fortran else "C"
    array = np.frombuffer(bytearray(data), dtype).reshape(node.shape, order=order)
    if dtype.kind == "U":
        signs = np.frombuffer(data, np.dtype(np.uint32).newbyteorder(dtype.byteorder))
        if (signs > sys.maxunicode).any():
            raise CannotCross("text that is none")
    if unpacker.texts is not None and dtype.kind in "SU":
        unpacker.texts.update(array.ravel().tolist())
    if unpacker.narrow is not None:
        array = unpacker.narrow.array(unpacker.narrow.numbers(array))
    if node.scalar:
        return array.reshape(())[()]
    if node.fixed:
        array.flags.writeable = False
    if counts:
        unpacker.objects.append(array)
    return array


def decode_objects(node: Objects, unpacker: Unpacker, counts: bool = True) -> Any:
    length = count(node.shape)
    unpacker.budget.take(logical=8 * length)
    if length != len(node.items):
        raise CannotCross("a shape that does not fit its data")
    flat = np.empty(length, object)
    made = flat.reshape(node.shape)
    if counts:
        unpacker.objects.append(made)
    narrow = unpacker.narrow
    for place, item in enumerate(node.items):
        value = unpacker.unpack(item)
        flat[place] = value if narrow is None else narrow.item(value)
    return made


def decode_masked(node: Masked, unpacker: Unpacker) -> Any:
    place = unpacker.reserve()
    data, mask = node.data, node.mask
    values = (
        decode_objects(data, unpacker, counts=False)
        if isinstance(data, Objects)
        else decode(data, unpacker, counts=False)  # type: ignore[arg-type]
    )
    made: Any
    if node.matrix:
        narrow = unpacker.narrow
        made = np.asmatrix(values) if narrow is None else narrow.matrix(values)
    elif not node.missing:
        made = values
    else:
        hidden = np.ma.nomask if mask is None else decode(mask, unpacker, counts=False)  # type: ignore[arg-type]
        made = np.ma.MaskedArray(values, hidden)
        if node.fill is not None:
            made.fill_value = unpacker.unpack(node.fill)
    unpacker.objects[place] = made
    return made


def assign(target: Any, value: Any) -> bool:
    if not isinstance(target, np.ndarray):
        return False
    if target.size != value.size:
        # Its memory would be given back, and a test may have another array that shows it.
        raise CannotCross("an array of another size")
    if target.shape != value.shape:
        target.resize(value.shape, refcheck=False)
    # Whoever has changed one that is fixed had to lift that first.
    target.flags.writeable = True
    target[...] = value
    target.flags.writeable = value.flags.writeable
    return True


def is_plain(dtype: str) -> bool:
    """Whether a text names a type of numbers, times or text that NumPy may be asked for."""
    return _PLAIN.fullmatch(dtype) is not None


def count(shape: list[int]) -> int:
    """How many items an array or tensor of this shape has.

    Raises:
        CannotCross: when it is the shape of none.
    """
    if len(shape) > 32 or any(n < 0 for n in shape):
        raise CannotCross("a shape that is none")
    return math.prod(shape)
