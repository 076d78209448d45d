"""Arrays and tensors that show the memory of others: what is done to one is seen in the other.

So a test finds out whether an answer is a copy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from grader.protocol.values import Back, CannotCross
from grader.sandboxed.codec.libraries import torch_module

if TYPE_CHECKING:
    from grader.sandboxed.codec.packing import Packer


def as_array(value: Any) -> np.ndarray | None:
    """Its memory, if it is an array of NumPy's or a tensor that NumPy can look at."""
    if type(value) is np.ndarray:
        return value
    torch = torch_module()
    if torch is None or type(value) not in (torch.Tensor, torch.nn.Parameter):
        return None
    try:
        return value.detach().numpy()
    except (RuntimeError, TypeError):
        return None


def encode(value: Any, packer: Packer) -> Back | None:
    """The node of what shows the memory of something that the other side has; None of all else."""
    if not (packer.views and packer.known_arrays):
        return None
    is_tensor = type(value) is not np.ndarray
    array = as_array(value)
    if array is None or not array.size or array.flags.owndata:
        return None
    if is_tensor and (value.requires_grad or type(value) is torch_module().nn.Parameter):
        return None
    for number, known in packer.known_arrays:
        is_another = packer.objects[number] is not value
        if is_another and known.dtype == array.dtype and known.flags.forc:
            start, rest = divmod(_place(array) - _place(known), array.itemsize)
            steps = [divmod(step, array.itemsize) for step in array.strides]
            stride = [step for step, _ in steps]
            node = Back(number, list(array.shape), stride, start, is_tensor)
            if not rest and not any(more for _, more in steps) and _fits(node, known.size):
                return node
    return None


def _place(array: np.ndarray) -> int:
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


def decode(node: Back, known: Any) -> Any:
    """What shows the memory of a known array or tensor.

    Raises:
        CannotCross: when there is no such memory.
    """
    array = as_array(known)
    if array is None or not _fits(node, array.size):
        raise CannotCross("a part of an array that is not there")
    # Of numbers that do not lie as in the copy of the other side it is another copy.
    flat = (array.T if array.flags.fnc else np.ascontiguousarray(array)).reshape(-1)
    strides = [step * array.itemsize for step in node.stride]
    made = np.lib.stride_tricks.as_strided(flat[node.start :], node.shape, strides)
    return torch_module().from_numpy(made) if node.tensor else made
