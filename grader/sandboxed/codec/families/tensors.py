"""Tensors of torch: dense, sparse, quantized. No tensor is there before somebody imports torch."""

from __future__ import annotations

import importlib
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from grader.protocol.values import CannotCross, Node, Quantized, Sparse, Tensor
from grader.sandboxed.codec import views
from grader.sandboxed.codec.families.arrays import count
from grader.sandboxed.codec.family import NOT_MINE, NotMine
from grader.sandboxed.codec.libraries import torch_module

if TYPE_CHECKING:
    from grader.sandboxed.codec.packing import Packer
    from grader.sandboxed.codec.unpacking import Unpacker


def encode(value: Any, packer: Packer) -> Node | NotMine:
    torch = torch_module()
    if torch is None or not isinstance(value, torch.Tensor):
        return NOT_MINE
    packer.register(value)
    try:
        # A subclass may have its own idea of everything.
        with torch._C.DisableTorchFunctionSubclass():
            return _encode(torch, value, _plain(torch, value), packer)
    except CannotCross:
        raise
    except Exception as error:
        # As torchao's, which have no memory of their own.
        raise CannotCross("a tensor of a class that does not show its numbers") from error


def encode_usual(value: Any, packer: Packer) -> Node | NotMine:
    """The same for torch's own two classes, known by their type."""
    packer.register(value)
    shown = views.encode(value, packer)
    return shown or _encode(torch_module(), value, value.detach(), packer)


def _plain(torch: Any, value: Any) -> Any:
    """A tensor of a subclass as one of torch's own class."""
    base = torch.Tensor.detach(value)
    return base if type(base) is torch.Tensor else base.as_subclass(torch.Tensor)


def _encode(torch: Any, value: Any, base: Any, packer: Packer) -> Node:
    requires_grad = bool(value.requires_grad)
    grad = value.grad if value.is_leaf else None
    if base.is_quantized:
        return _encode_quantized(torch, base, packer)
    if base.layout is not torch.strided:
        return _encode_sparse(torch, base, requires_grad, packer)
    if base.device.type == "meta":
        raise CannotCross("a tensor without data")
    if not (value.is_leaf or base.is_contiguous()):
        # As it comes out of `decode`.
        base = base.clone()
    node = _encode_dense(torch, base, packer)
    node.requires_grad, node.leaf = requires_grad, bool(value.is_leaf)
    node.inferred = bool(value.is_inference())
    node.parameter = isinstance(value, torch.nn.Parameter)
    node.grad = None if grad is None else packer.pack(grad)
    return node


def decode(node: Tensor | Sparse | Quantized, unpacker: Unpacker) -> Any:
    # Where no solution needs torch, it may be a learner's tool.
    torch = torch_module() or importlib.import_module("torch")
    # The number is taken before those of its parts, as in `encode`.
    place = unpacker.reserve()
    tensor: Any
    match node:
        case Quantized():
            tensor = _decode_quantized(torch, node, unpacker)
        case Sparse():
            tensor = _decode_sparse(torch, node, unpacker)
        case _:
            # Whatever the test itself is in.
            with inferring(torch, node.inferred):
                tensor = _decode_one(torch, node, unpacker)
    unpacker.objects[place] = tensor
    return tensor


def inferring(torch: Any, whether: bool) -> AbstractContextManager[None]:
    """What is made meanwhile is made in inference mode, or not."""
    if torch.is_inference_mode_enabled() == whether:
        return nullcontext()
    made: AbstractContextManager[None] = torch.inference_mode(whether)
    return made


def _decode_one(torch: Any, node: Tensor, unpacker: Unpacker) -> Any:
    tensor = _decode_wide(torch, node, unpacker)
    if node.parameter:
        tensor = torch.nn.Parameter(tensor, requires_grad=node.requires_grad)
    elif node.requires_grad:
        tensor.requires_grad_()
    if node.grad is not None:
        tensor.grad = unpacker.unpack(node.grad)
    if node.requires_grad and not node.leaf:
        with torch.enable_grad():
            computed = tensor.clone()
            # A parameter that a computation has written into still is one.
            if node.parameter:
                tensor = torch.nn.Parameter(tensor.detach(), False).copy_(computed)
            else:
                tensor = computed
    return tensor


def assign(target: Any, value: Any) -> bool:
    torch = torch_module()
    if torch is None or not isinstance(target, torch.Tensor):
        return False
    with inferring(torch, target.is_inference()), torch.no_grad():
        dense = target.layout is torch.strided and value.layout is torch.strided
        same = target.shape == value.shape and target.dtype == value.dtype
        if dense and same and not target.is_quantized:
            # Into its own memory: views of it see the change, as they do where it was made.
            target.data.copy_(value.data)
        else:
            target.data = value.data
    target.requires_grad_(value.requires_grad)
    if value.is_leaf:
        target.grad = value.grad
    return True


# --- Dense -------------------------------------------------------------------------------------


def _encode_dense(torch: Any, tensor: Any, packer: Packer) -> Tensor:
    if _is_plain(torch, tensor) and tensor.is_contiguous():
        array = tensor.detach().numpy()
        name = _name_of(tensor.dtype)
        return Tensor(name, list(array.shape), packer.buffer(array.tobytes()), None)
    tensor = tensor.detach().cpu().resolve_conj().resolve_neg()
    shape, kept = list(tensor.shape), None
    if not tensor.is_contiguous():
        stride = list(tensor.stride())
        span = 1 + sum((n - 1) * step for n, step in zip(shape, stride, strict=True))
        # A column of a large matrix need not bring the matrix.
        if span <= 4 * tensor.numel() + 64:
            tensor, kept = torch.as_strided(tensor, (span,), (1,)), stride
    # One number may have any stride, and is contiguous all the same.
    flat = torch.as_strided(tensor.contiguous(), (tensor.numel(),), (1,))
    data = flat.view(torch.uint8).numpy().tobytes() if len(flat) else b""
    return Tensor(_name_of(tensor.dtype), shape, packer.buffer(data), kept)


def _decode_dense(torch: Any, node: Tensor, unpacker: Unpacker) -> Any:
    dtype: Any = getattr(torch, node.dtype, None)
    if not isinstance(dtype, torch.dtype) or node.dtype.startswith("q"):
        raise CannotCross(f"a tensor of {node.dtype[:20]}")
    length = items = count(node.shape)
    unpacker.budget.take(logical=items * dtype.itemsize)
    if node.stride is not None:
        if len(node.stride) != len(node.shape) or min(node.stride, default=0) < 0 or not items:
            raise CannotCross("strides that do not fit a shape")
        steps = zip(node.shape, node.stride, strict=True)
        length = 1 + sum((n - 1) * step for n, step in steps)
        unpacker.budget.take(logical=length * dtype.itemsize)
    data = unpacker.take_buffer(node.buffer, length * dtype.itemsize)
    if not length:
        return torch.empty(node.shape, dtype=dtype)
    if node.dtype == "bool":
        # Any other byte would be a truth value that is neither.
        data = (data != 0).astype(np.uint8)
    flat = torch.from_numpy(data).view(dtype)
    if node.stride is None:
        return flat.reshape(node.shape)
    return torch.as_strided(flat, node.shape, node.stride)


def _decode_wide(torch: Any, node: Tensor, unpacker: Unpacker) -> Any:
    """The same of numbers that are compared: `codec.narrow` says what becomes of them."""
    tensor = _decode_dense(torch, node, unpacker)
    narrow = unpacker.narrow
    return tensor if narrow is None else narrow.tensor(torch, tensor, node.dtype)


def look(value: Any) -> object:
    """What there is to see of a tensor of the usual kind; None for all else."""
    torch = torch_module()
    if torch is None or type(value) not in (torch.Tensor, torch.nn.Parameter):
        return None
    if not _is_plain(torch, value) or (value.is_leaf and value.grad is not None):
        return None
    data = value.detach().numpy()
    return value.dtype, data.shape, data.strides, value.requires_grad, data.tobytes()


def _is_plain(torch: Any, tensor: Any) -> bool:
    """Whether NumPy can have its memory as it is."""
    strided = tensor.layout is torch.strided and not tensor.is_quantized
    usual = strided and tensor.is_cpu and tensor.dtype in _of_numpy(torch)
    return usual and not tensor.is_conj() and not tensor.is_neg()


@cache
def _of_numpy(torch: Any) -> frozenset[Any]:
    return frozenset((torch.float32, torch.float64, torch.int64, torch.bool, torch.uint8))


@cache
def _name_of(dtype: Any) -> str:
    return str(dtype).removeprefix("torch.")


# --- Sparse ------------------------------------------------------------------------------------


def _encode_sparse(torch: Any, tensor: Any, requires_grad: bool, packer: Packer) -> Node:
    layout = str(tensor.layout).removeprefix("torch.sparse_").removeprefix("torch.")
    coalesced = False
    if layout == "coo":
        parts = [tensor._indices(), tensor._values()]
        coalesced = tensor.is_coalesced()
    elif layout in ("csr", "bsr"):
        parts = [tensor.crow_indices(), tensor.col_indices(), tensor.values()]
    elif layout in ("csc", "bsc"):
        parts = [tensor.ccol_indices(), tensor.row_indices(), tensor.values()]
    else:
        raise CannotCross(f"a tensor of layout {layout}")
    nodes = [_encode_dense(torch, part, packer) for part in parts]
    return Sparse(layout, list(tensor.shape), nodes, coalesced, requires_grad)  # type: ignore[arg-type]


def _decode_sparse(torch: Any, node: Sparse, unpacker: Unpacker) -> Any:
    *where, numbers = node.parts
    values = [_decode_dense(torch, part, unpacker) for part in where]
    values.append(_decode_wide(torch, numbers, unpacker))
    unpacker.budget.take(logical=count(node.shape) * values[-1].dtype.itemsize)
    if node.layout == "coo":
        tensor = torch.sparse_coo_tensor(
            *values,
            node.shape,
            is_coalesced=node.coalesced or None,
            check_invariants=True,
        )
    else:
        make = getattr(torch, f"sparse_{node.layout}_tensor")
        tensor = make(*values, node.shape, check_invariants=True)
    return tensor.requires_grad_() if node.requires_grad else tensor


# --- Quantized ---------------------------------------------------------------------------------


def _encode_quantized(torch: Any, tensor: Any, packer: Packer) -> Node:
    integers = _encode_dense(torch, tensor.int_repr(), packer)
    scheme = tensor.qscheme()
    if scheme in (torch.per_tensor_affine, torch.per_tensor_symmetric):
        return Quantized(integers, tensor.q_scale(), tensor.q_zero_point())
    if scheme in (torch.per_channel_affine, torch.per_channel_symmetric):
        return Quantized(
            integers,
            _encode_dense(torch, tensor.q_per_channel_scales(), packer),
            _encode_dense(torch, tensor.q_per_channel_zero_points(), packer),
            tensor.q_per_channel_axis(),
        )
    raise CannotCross(f"a tensor quantized by {scheme}")


def _decode_quantized(torch: Any, node: Quantized, unpacker: Unpacker) -> Any:
    integers = _decode_dense(torch, node.integers, unpacker)
    if isinstance(node.scale, Tensor) and isinstance(node.zero_point, Tensor):
        if node.axis is None or not 0 <= node.axis < integers.dim():
            raise CannotCross("an axis that a tensor has not")
        scales = _decode_wide(torch, node.scale, unpacker)
        zero_points = _decode_wide(torch, node.zero_point, unpacker)
        if not len(scales) == len(zero_points) == integers.shape[node.axis]:
            raise CannotCross("scales that do not fit a tensor")
        return torch._make_per_channel_quantized_tensor(integers, scales, zero_points, node.axis)
    scale: Any = node.scale
    # What it stands for is a number of 32 bits.
    one = np.array(scale, np.float32)
    if unpacker.narrow is not None and unpacker.narrow.numbers(one) is not one:
        # Numbers of half as many bits are made with it.
        scale = torch.finfo(torch.half).max
    return torch._make_per_tensor_quantized_tensor(integers, scale, node.zero_point)
