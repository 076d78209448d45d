"""Arrays and tensors that show the memory of others: what is done to one is seen in the other.

So a test finds out whether an answer is a copy.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from grader.protocol.values import Back, CannotCross
from grader.sandboxed.codec.libraries import torch_module

if TYPE_CHECKING:
    from grader.sandboxed.codec.packing import Packer
    from grader.sandboxed.codec.unpacking import Unpacker


def as_array(value: Any) -> np.ndarray | None:
    """Its memory, if it is an array of NumPy's or a tensor that NumPy can look at.

    Of a tensor whose numbers are not what lies there, it is a copy.
    """
    if isinstance(value, np.ndarray):
        return np.asarray(value)
    torch = torch_module()
    if torch is None or not isinstance(value, torch.Tensor):
        return None
    try:
        # A subclass may have its own idea of everything.
        with torch._C.DisableTorchFunctionSubclass():
            return value.detach().resolve_conj().resolve_neg().numpy()
    except (RuntimeError, TypeError):
        return None


def encode(value: Any, packer: Packer) -> Back | None:
    """The node of what shows the memory of something that the other side has, or gets before it;
    None of all else."""
    if not packer.views:
        return None
    array = as_array(value)
    if array is None or not array.nbytes:
        return None
    shown = _shown(value, array, packer)
    if shown is None and array.flags.forc:
        packer.brings(value, array)
    return shown


def _shown(value: Any, array: np.ndarray, packer: Packer) -> Back | None:
    is_tensor = type(value) is not np.ndarray
    if is_tensor and value.is_inference():
        return None
    trains = is_tensor and value.requires_grad
    is_parameter = is_tensor and type(value) is torch_module().nn.Parameter
    # Of another's memory a tensor has all, as after `new.weight.data = old.weight.data`, or a part.
    number = packer.tensors.get(value.data_ptr()) if is_tensor else None
    if is_tensor and number is None:
        number = packer.tensors.get(value.untyped_storage().data_ptr())
    same = None if number is None else as_array(packer.objects[number])
    others = [] if number is None or same is None else [(number, same, place_of(same))]
    if trains or is_parameter:
        if not value.is_leaf or value.grad is not None:
            return None
    elif array.flags.owndata:
        # What has memory of its own may have been shown by an array before.
        others += packer.brought
    else:
        others += [*packer.known_arrays, *packer.brought]
    size, place, shape = array.itemsize, place_of(array), list(array.shape)
    if any(step % size for step in array.strides):
        return None
    stride = [step // size for step in array.strides]
    for number, known, begins in others:
        if not begins <= place < begins + known.nbytes or packer.objects[number] is value:
            continue
        if known.dtype == array.dtype and known.flags.forc:
            start, rest = divmod(place - begins, size)
            node = Back(number, shape, stride, start, is_tensor, known.flags.fnc)
            node.fixed = not (is_tensor or array.flags.writeable)
            node.requires_grad, node.parameter = trains, is_parameter
            if not rest and _fits(node, known.size):
                return node
    return None


def place_of(array: np.ndarray) -> int:
    """Where its memory begins."""
    place: int = array.__array_interface__["data"][0]
    return place


def _fits(node: Back, size: int) -> bool:
    """Whether all that is shown is there, of so many numbers."""
    shape: list[int] = node.shape or []
    if len(shape) != len(node.stride) or len(shape) > 32 or min(shape, default=1) < 1:
        return False
    ends = [(n - 1) * step for n, step in zip(shape, node.stride, strict=True)]
    lowest = node.start + sum(end for end in ends if end < 0)
    return lowest >= 0 and node.start + sum(end for end in ends if end > 0) < size


def decode(node: Back, known: Any, unpacker: Unpacker) -> Any:
    """What shows the memory of a known array or tensor.

    Raises:
        CannotCross: when there is no such memory.
    """
    array = as_array(known)
    if array is None or not _fits(node, array.size):
        raise CannotCross("a part of an array that is not there")
    # One number may be shown any number of times.
    unpacker.budget.take(logical=math.prod(node.shape or []) * array.itemsize)
    narrow = unpacker.narrow
    # Of numbers that do not lie as in the copy of the other side it is another copy.
    order: Any = "F" if node.fortran else "C"
    flat = np.asarray(array, order=order).reshape(-1, order=order)
    strides = [step * array.itemsize for step in node.stride]
    made = np.lib.stride_tricks.as_strided(flat[node.start :], node.shape, strides)
    if node.tensor:
        torch = torch_module()
        tensor = torch.from_numpy(made)
        name = str(tensor.dtype).removeprefix("torch.")
        tensor = tensor if narrow is None else narrow.tensor(torch, tensor, name)
        if node.parameter:
            return torch.nn.Parameter(tensor, requires_grad=node.requires_grad)
        return tensor.requires_grad_(node.requires_grad)
    if narrow is not None:
        made = narrow.array(narrow.numbers(made))
    if node.fixed:
        made.flags.writeable = False
    return made
