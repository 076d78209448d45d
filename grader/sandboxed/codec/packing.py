"""Values become manifests and buffers: the way out of a player or a judge."""

from __future__ import annotations

import collections
import datetime
import decimal
import enum
import fractions
import pathlib
import re
import sys
import types
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import msgspec
import numpy as np

from grader.protocol.values import (
    CONTAINERS,
    MAPPINGS,
    MAX_DEPTH,
    MAX_DIGITS,
    TIMES,
    Array,
    Back,
    Big,
    Budget,
    CannotCross,
    Complex,
    Given,
    Masked,
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
from grader.sandboxed.codec.families.instances import attributes_of
from grader.sandboxed.codec.libraries import BUILTIN_TYPES, torch_module

_ENCODER = msgspec.msgpack.Encoder()
_INT64 = range(-(2**63), 2**63)
_VIEWS: dict[Any, Any] = {
    type({}.keys()): "keys",
    type({}.values()): "values",
    type({}.items()): "items",
}


class Packer:
    """Makes manifests of values.

    Args:
        live: makes a node of what is no data.
        given: the classes that given cells define, by name.
        known: objects that the other side has already, by their number.
        exact: what is derived from a class of Python's own stays where it is, with what is its own.

    Attributes:
        buffers: what the manifests refer to.
        objects: by number, every object that can be referred to again, those of `known` first.
    """

    def __init__(
        self,
        live: Callable[[Any], Node],
        given: dict[str, type],
        known: Iterable[Any] = (),
        exact: bool = False,
    ) -> None:
        self.buffers: list[bytes] = []
        self.objects: list[Any] = list(known)
        self._numbers = {id(value): number for number, value in enumerate(self.objects)}
        self._live = live
        self._given = given
        self._exact = exact
        self._depth = 0
        self._budget = Budget()

    def pack(self, value: Any) -> Node:
        """The node of a value.

        Raises:
            CannotCross: when there is none.
        """
        self._budget.take(nodes=1)
        cls = type(value)
        if value is None or cls is bool or cls is str or cls is float:
            return value
        if cls is int:
            return _integer(value)
        if getattr(cls, "stays_where_it_is", False):
            return self._live(value)
        number = self._numbers.get(id(value))
        if number is not None:
            return Back(number)
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise CannotCross("nested too deep")
        try:
            return self._pack(value)
        finally:
            self._depth -= 1

    def pack_again(self, number: int) -> Node:
        """The node of a known object as it is now."""
        return self._pack(self.objects[number])

    def look(self, number: int) -> object:
        """The own content of a known object, to be compared; what it holds counts by identity."""
        quick = _look_at_tensor(self.objects[number])
        if quick is not None:
            return quick
        buffers, self.buffers, self._budget = self.buffers, [], Budget()
        known = len(self.objects)
        try:
            node = self.pack_again(number)
            return _ENCODER.encode(node) + b"".join(self.buffers)
        except CannotCross as error:
            return str(error).encode()
        finally:
            for value in self.objects[known:]:
                # A known object is there once more.
                if self._numbers.get(id(value), 0) >= known:
                    del self._numbers[id(value)]
            del self.objects[known:]
            self.buffers, self._budget = buffers, Budget()

    def forget(self, value: Any) -> None:
        """Makes a known object cross by value from here on."""
        self._numbers.pop(id(value), None)

    def _register(self, value: Any) -> None:
        # What refers to a known object means itself, not a later picture of it.
        self._numbers.setdefault(id(value), len(self.objects))
        self.objects.append(value)

    def _pack(self, value: Any) -> Node:
        torch = torch_module()
        if torch is not None and type(value) in (torch.Tensor, torch.nn.Parameter):
            self._register(value)
            return self._tensor(torch, value, value.detach())
        if self._exact and self._is_own(type(value)):
            return self._live(value)
        if isinstance(value, np.generic):
            return self._array(np.asarray(value), scalar=True)
        if isinstance(value, enum.Enum) and self._is_member(value):
            return Named("member", f"{type(value).__name__}.{value.name}")
        if isinstance(value, bool):
            return bool(value)
        if isinstance(value, int):
            return _integer(int.__index__(value))
        if isinstance(value, float):
            return float.__float__(value)
        if isinstance(value, complex):
            return Complex(value.real, value.imag)
        if isinstance(value, str):
            return str.__str__(value)
        if isinstance(value, bytes):
            return Raw("bytes", bytes.__getitem__(value, slice(None)))
        if isinstance(value, np.ndarray):
            self._register(value)
            return self._any_array(value)
        if torch is not None and isinstance(value, torch.Tensor):
            self._register(value)
            # A subclass may have its own idea of everything.
            with torch._C.DisableTorchFunctionSubclass():
                return self._tensor(torch, value, _plain(torch, value))
        if isinstance(value, type):
            return self._type(value)
        if torch is not None and isinstance(value, torch.nn.Module):
            return self._module(value)
        return self._container(value)

    def _container(self, value: Any) -> Node:
        fields = _fields(value)
        if fields:
            items = [self.pack(item) for item in tuple.__iter__(value)]
            return Record(type(value).__name__, fields, items)
        if self._is_own(type(value)):
            # A class of the learner's own, whatever it is made of.
            return self._live(value)
        for cls, name in CONTAINERS.items():
            if isinstance(value, cls):
                if cls is not tuple and cls is not frozenset:
                    self._register(value)
                most = value.maxlen if isinstance(value, collections.deque) else None
                return Seq(name, [self.pack(item) for item in cls.__iter__(value)], most)
        for cls, name in MAPPINGS.items():
            if isinstance(value, cls):
                self._register(value)
                pairs: list[Any] = list(dict.items(value))
                known = self._default(getattr(value, "default_factory", None))
                return Pairs(name, [(self.pack(k), self.pack(v)) for k, v in pairs], known)
        for cls, kind in _VIEWS.items():
            if isinstance(value, cls):
                return Seq(kind, [self.pack(item) for item in value])
        if isinstance(value, re.Pattern):
            return Regex(self.pack(value.pattern), value.flags)
        if isinstance(value, range):
            return Numbers("range", [self.pack(v) for v in (value.start, value.stop, value.step)])
        if isinstance(value, slice):
            return Numbers("slice", [self.pack(v) for v in (value.start, value.stop, value.step)])
        if isinstance(value, decimal.Decimal):
            return Spelled("Decimal", str(value))
        if isinstance(value, fractions.Fraction):
            return Spelled("Fraction", str(value))
        # Not subclasses: those of pandas say more.
        if type(value) in TIMES:
            return Spelled(TIMES[type(value)], value.isoformat())
        if type(value) is datetime.timedelta:
            return Numbers("timedelta", [value.days, value.seconds, value.microseconds])
        if isinstance(value, bytearray):
            self._register(value)
            return Raw("bytearray", bytes(value))
        if isinstance(value, pathlib.PurePath):
            has_file = isinstance(value, pathlib.Path)
            return Spelled("Path" if has_file else "PurePosixPath", str(value))
        named = _named(value)
        if named is not None:
            return named
        if isinstance(value, types.FunctionType) and self._given.get(value.__name__) is value:
            return Named("given", value.__name__)
        if isinstance(value, np.random.Generator):
            self._register(value)
            return Random("numpy", self.pack(value.bit_generator.state))
        torch = torch_module()
        if torch is not None and isinstance(value, torch.Generator):
            self._register(value)
            return Random("torch", self.pack(value.get_state()))
        if "pandas" in sys.modules:
            from grader.sandboxed.codec.families import tables

            if tables.is_constant(value):
                return Named("constant", str(value))
            if tables.is_of_pandas(value):
                self._register(value)
                return tables.describe(value, self.pack)
        if self._is_given(type(value)):
            self._register(value)
            state = attributes_of(value)
            return Given(type(value).__name__, {k: self.pack(v) for k, v in state.items()})
        return self._live(value)

    def _default(self, factory: Any) -> Node:
        """What makes the values of missing keys; nothing where that can't cross."""
        try:
            return None if factory is None else self.pack(factory)
        except CannotCross:
            return None

    def _is_member(self, value: enum.Enum) -> bool:
        """Whether a given cell names it: a combination of flags has a number only."""
        return self._is_given(type(value)) and value.name in type(value).__members__

    def _is_given(self, cls: type) -> bool:
        return self._given.get(cls.__name__) is cls

    def _is_own(self, cls: type) -> bool:
        return cls.__module__ == "__main__" and not self._is_given(cls)

    def _type(self, cls: type) -> Node:
        if cls in BUILTIN_TYPES:
            return Named("type", cls.__name__)
        if self._is_given(cls):
            return Named("given", cls.__name__)
        if self._exact and issubclass(cls, Exception) and self._is_own(cls):
            return Named("error", " ".join(base.__name__ for base in cls.__mro__))
        if issubclass(cls, np.generic):
            return Named("numpy", cls.__name__)
        if torch_module() is not None:
            from grader.sandboxed.codec.families import modules

            if modules.is_library_class(cls):
                return Named("nn", cls.__name__)
        return self._live(cls)

    def _module(self, value: Any) -> Node:
        from grader.sandboxed.codec.families import modules

        if self._is_given(type(value)) or modules.is_supported(value):
            self._register(value)
            return modules.describe(value, self.pack, self._is_given(type(value)))
        return self._live(value)

    def _buffer(self, data: bytes) -> int:
        self._budget.take(logical=len(data))
        self.buffers.append(data)
        return len(self.buffers) - 1

    def _any_array(self, value: np.ndarray) -> Node:
        plain = np.asarray(value)
        if isinstance(value, np.ma.MaskedArray):
            mask = None if value.mask is np.ma.nomask else self._array(np.asarray(value.mask))
            fill = None if value.dtype.kind == "O" else self.pack(value.fill_value)
            return Masked(self._array(plain), mask, fill)
        if isinstance(value, np.matrix):
            return Masked(self._array(plain), matrix=True)
        return self._array(plain)

    def _array(self, value: np.ndarray, scalar: bool = False) -> Node:
        if value.dtype.kind == "O":
            return Objects(list(value.shape), [self.pack(item) for item in value.reshape(-1)])
        if value.dtype.kind not in "biufcSUMm":
            raise CannotCross(f"an array of {value.dtype}")
        return Array(value.dtype.str, list(value.shape), self._buffer(value.tobytes()), scalar)

    def _tensor(self, torch: Any, value: Any, base: Any) -> Node:
        requires_grad = bool(value.requires_grad)
        grad = value.grad if value.is_leaf else None
        if base.is_quantized:
            return self._quantized(torch, base)
        if base.layout is not torch.strided:
            return self._sparse(torch, base, requires_grad)
        if base.device.type == "meta":
            raise CannotCross("a tensor without data")
        node = self._dense(torch, base)
        node.requires_grad = requires_grad
        node.parameter = isinstance(value, torch.nn.Parameter)
        node.grad = None if grad is None else self.pack(grad)
        return node

    def _dense(self, torch: Any, tensor: Any) -> Tensor:
        if _is_plain(torch, tensor) and tensor.is_contiguous():
            array = tensor.detach().numpy()
            name = _name_of(tensor.dtype)
            return Tensor(name, list(array.shape), self._buffer(array.tobytes()), None)
        tensor = tensor.detach().cpu().resolve_conj().resolve_neg()
        shape, kept = list(tensor.shape), None
        if not tensor.is_contiguous():
            stride = list(tensor.stride())
            span = 1 + sum((n - 1) * step for n, step in zip(shape, stride, strict=True))
            # A column of a large matrix need not bring the matrix.
            if span <= 4 * tensor.numel() + 64:
                tensor, kept = torch.as_strided(tensor, (span,), (1,)), stride
        flat = tensor.contiguous().reshape(-1)
        data = flat.view(torch.uint8).numpy().tobytes() if len(flat) else b""
        return Tensor(_name_of(tensor.dtype), shape, self._buffer(data), kept)

    def _sparse(self, torch: Any, tensor: Any, requires_grad: bool) -> Node:
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
        nodes = [self._dense(torch, part) for part in parts]
        return Sparse(layout, list(tensor.shape), nodes, coalesced, requires_grad)  # type: ignore[arg-type]

    def _quantized(self, torch: Any, tensor: Any) -> Node:
        integers = self._dense(torch, tensor.int_repr())
        scheme = tensor.qscheme()
        if scheme in (torch.per_tensor_affine, torch.per_tensor_symmetric):
            return Quantized(integers, tensor.q_scale(), tensor.q_zero_point())
        if scheme in (torch.per_channel_affine, torch.per_channel_symmetric):
            return Quantized(
                integers,
                self._dense(torch, tensor.q_per_channel_scales()),
                self._dense(torch, tensor.q_per_channel_zero_points()),
                tensor.q_per_channel_axis(),
            )
        raise CannotCross(f"a tensor quantized by {scheme}")


def _look_at_tensor(value: Any) -> object:
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


def _plain(torch: Any, value: Any) -> Any:
    """A tensor of a subclass as one of torch's own class."""
    base = torch.Tensor.detach(value)
    return base if type(base) is torch.Tensor else base.as_subclass(torch.Tensor)


@cache
def _name_of(dtype: Any) -> str:
    return str(dtype).removeprefix("torch.")


def _fields(value: Any) -> list[str]:
    """The names of a named tuple's items, also of one written in C; none of any other value."""
    if not isinstance(value, tuple):
        return []
    names: Any = getattr(value, "_fields", None) or getattr(type(value), "__match_args__", ())
    return [str(name) for name in names] if len(names) == len(value) else []


def _integer(value: int) -> Node:
    if value in _INT64:
        return value
    # 3.32 bits a digit, before the digits are computed.
    if value.bit_length() > MAX_DIGITS * 3.32:
        raise CannotCross(f"an integer of more than {MAX_DIGITS} digits")
    return Big(hex(value))


def _named(value: Any) -> Node | None:
    if value is Ellipsis or value is NotImplemented:
        return Named("constant", str(value))
    if isinstance(value, np.dtype) and value.kind in "biufcSUMm":
        return Named("numpy.dtype", value.str)
    torch = torch_module()
    if torch is not None:
        if isinstance(value, torch.device):
            return Named("torch.device", str(value))
        if isinstance(value, torch.dtype | torch.layout | torch.memory_format):
            return Named("torch", str(value).removeprefix("torch."))
    return None
