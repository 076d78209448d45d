"""What crosses between player and judge: values as data, never code.

A value becomes a manifest (`Node`, MessagePack with a schema) and raw buffers (safetensors), and is
built anew on the other side from what the manifest says. Nothing is unpickled. Sizes, depth, counts
and digits are checked before anything is allocated. What is no data (functions, classes, instances,
generators) crosses as the number of a handle; see `grader.handles`.

Format of the buffers: https://huggingface.co/docs/safetensors.
"""

from __future__ import annotations

import collections
import datetime
import decimal
import enum
import fractions
import math
import pathlib
import re
import sys
import types
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, Union

import numpy as np
from msgspec import Struct
from safetensors import SafetensorError
from safetensors.numpy import load as load_buffers
from safetensors.numpy import save as save_buffers

MAX_DEPTH = 60
MAX_NODES = 2_000_000
MAX_DIGITS = 10_000
# Bytes that all tensors and arrays of one message may claim, counted as if each were dense.
MAX_LOGICAL = 256 * 2**20

_INT64 = range(-(2**63), 2**63)


class CannotCross(Exception):
    """A value that is no data, or breaks a limit; the text is a clause for a person."""


# --- The manifest ------------------------------------------------------------------------------


class Big(Struct, tag="big"):
    """An integer of more than 64 bits."""

    digits: str


class Complex(Struct, tag="complex"):
    real: float
    imag: float


class Seq(Struct, tag="seq"):
    kind: Literal["list", "tuple", "set", "frozenset", "deque"]
    items: list[Node]
    most: int | None = None


class Pairs(Struct, tag="pairs"):
    kind: Literal["dict", "OrderedDict", "defaultdict", "Counter"]
    items: list[tuple[Node, Node]]
    default: Node = None


class Record(Struct, tag="record"):
    """A named tuple."""

    name: str
    fields: list[str]
    items: list[Node]


class Spelled(Struct, tag="spelled"):
    """A value that its text says all about."""

    kind: Literal["Decimal", "Fraction", "PurePosixPath", "datetime", "date", "time"]
    text: str


class Raw(Struct, tag="raw"):
    kind: Literal["bytes", "bytearray"]
    data: bytes


class Numbers(Struct, tag="numbers"):
    """A range, a slice, or the days, seconds and microseconds between two times."""

    kind: Literal["range", "slice", "timedelta"]
    items: list[Node]


class Array(Struct, tag="array"):
    """A NumPy array, or with `scalar` one number of its type."""

    dtype: str
    shape: list[int]
    buffer: int
    scalar: bool = False


class Tensor(Struct, tag="tensor"):
    """A dense tensor. With `stride` the buffer is the memory that it looks at."""

    dtype: str
    shape: list[int]
    buffer: int
    stride: list[int] | None = None
    requires_grad: bool = False
    parameter: bool = False
    grad: Node = None


class Sparse(Struct, tag="sparse"):
    layout: Literal["coo", "csr", "csc", "bsr", "bsc"]
    shape: list[int]
    parts: list[Tensor]
    coalesced: bool = False
    requires_grad: bool = False


class Quantized(Struct, tag="quantized"):
    """Per tensor: integers, and scale and zero point as numbers; per channel: all as tensors."""

    integers: Tensor
    scale: float | Tensor
    zero_point: int | Tensor
    axis: int | None = None


class Module(Struct, tag="module"):
    """A torch.nn.Module of an allowed class; see `grader.modules`."""

    cls: str
    args: dict[str, Node]
    attributes: dict[str, Node]
    training: bool
    parameters: list[tuple[str, Node]]
    buffers: list[tuple[str, Node, bool]]
    children: list[tuple[str, Node]]
    pruned: list[str]


class Given(Struct, tag="given"):
    """An instance of a class that a given cell defines: both sides have the class."""

    cls: str
    attributes: dict[str, Node]


class Frame(Struct, tag="frame"):
    """A pandas DataFrame, Series or Index; columns of plain types only."""

    kind: Literal["DataFrame", "Series", "Index"]
    labels: Node
    index: Node
    columns: list[Node]
    dtypes: list[str]


class Random(Struct, tag="random"):
    """A generator of random numbers, by its state."""

    kind: Literal["torch", "numpy"]
    state: Node


class Named(Struct, tag="named"):
    """Something that both sides have, by name: a dtype, a type, a member of a given enumeration."""

    kind: str
    name: str


class Live(Struct, tag="live"):
    """Something that stays where it is and can only be called, asked or iterated."""

    id: int
    kind: Literal["function", "class", "instance", "generator"]
    name: str
    dunders: list[str]
    cls: int | None = None


class Yours(Struct, tag="yours"):
    """A live thing of the receiver's own, handed back."""

    id: int


class Back(Struct, tag="back"):
    """An object that this message, or the one that it answers, has brought already."""

    number: int


Node = Union[  # noqa: UP007  (msgspec resolves it by name)
    None,
    bool,
    int,
    float,
    str,
    Raw,
    Big,
    Complex,
    Seq,
    Pairs,
    Record,
    Spelled,
    Numbers,
    Array,
    Tensor,
    Sparse,
    Quantized,
    Module,
    Given,
    Frame,
    Random,
    Named,
    Live,
    Yours,
    Back,
]

Kind = Literal[
    "None",
    "number",
    "text",
    "bytes",
    "container",
    "array",
    "tensor",
    "module",
    "function",
    "class",
    "instance",
    "generator",
    "name",
]
# Values of these kinds are only data: a test can tell them apart, so one may cross for another.
DATA: frozenset[Kind] = frozenset(
    ("None", "number", "text", "bytes", "container", "array", "tensor", "name")
)
LIVE: frozenset[Kind] = frozenset(("function", "class", "instance", "generator"))


def kind_of(node: Node) -> Kind:
    """What a contract calls a value."""
    match node:
        case None:
            return "None"
        case bool() | int() | float() | Big() | Complex():
            return "number"
        case Spelled(kind="Decimal" | "Fraction") | Numbers(kind="timedelta"):
            return "number"
        case Array(scalar=True):
            return "number"
        case str() | Spelled():
            return "text"
        case Raw():
            return "bytes"
        case Seq() | Pairs() | Record() | Numbers():
            return "container"
        case Array() | Frame():
            return "array"
        case Tensor() | Sparse() | Quantized():
            return "tensor"
        case Module():
            return "module"
        case Live(kind=kind):
            return kind
        case Named():
            return "name"
        case _:
            return "instance"


# --- Buffers -----------------------------------------------------------------------------------


def join(buffers: list[np.ndarray]) -> bytes:
    """Raw buffers as one safetensors file; no bytes for no buffers."""
    if not buffers:
        return b""
    return save_buffers({str(number): buffer for number, buffer in enumerate(buffers)})


def split(data: bytes) -> list[np.ndarray]:
    """The buffers of `join`, as uint8 arrays.

    Raises:
        CannotCross: when it is no such file.
    """
    if not data:
        return []
    try:
        found = load_buffers(data)
        buffers = [found[str(number)] for number in range(len(found))]
    except (SafetensorError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise CannotCross("damaged buffers") from error
    if any(buffer.dtype != np.uint8 or buffer.ndim != 1 for buffer in buffers):
        raise CannotCross("damaged buffers")
    return buffers


# --- Out ---------------------------------------------------------------------------------------

_CONTAINERS: dict[Any, Any] = {
    list: "list",
    tuple: "tuple",
    set: "set",
    frozenset: "frozenset",
    collections.deque: "deque",
}
_MAPPINGS: dict[Any, Any] = {
    collections.OrderedDict: "OrderedDict",
    collections.defaultdict: "defaultdict",
    collections.Counter: "Counter",
    dict: "dict",
}
_TIMES: dict[Any, Any] = {
    datetime.datetime: "datetime",
    datetime.date: "date",
    datetime.time: "time",
}
_VIEWS: Any = (type({}.keys()), type({}.values()), type({}.items()))
BUILTIN_TYPES = (
    bool,
    int,
    float,
    complex,
    str,
    bytes,
    list,
    tuple,
    dict,
    set,
    frozenset,
    type(None),
    type,
    object,
    Exception,
)


def torch_module() -> Any:
    """torch, if this process has imported it: what has not been imported has made no tensor."""
    return sys.modules.get("torch")


class Packer:
    """Makes manifests of values.

    Args:
        live: makes a node of what is no data.
        given: the classes that given cells define, by name.
        known: objects that the other side has already, by their number.

    Attributes:
        buffers: what the manifests refer to.
        objects: by number, every object that can be referred to again, those of `known` first.
    """

    def __init__(
        self,
        live: Callable[[Any], Node],
        given: dict[str, type],
        known: Iterable[Any] = (),
    ) -> None:
        self.buffers: list[np.ndarray] = []
        self.objects: list[Any] = list(known)
        self._numbers = {id(value): number for number, value in enumerate(self.objects)}
        self._live = live
        self._given = given
        self._depth = 0
        self._budget = Budget()

    def pack(self, value: Any) -> Node:
        """The node of a value.

        Raises:
            CannotCross: when there is none.
        """
        self._budget.take(nodes=1)
        if value is None or type(value) in (bool, str, float):
            return value
        if type(value) is int:
            return _integer(value)
        if getattr(type(value), "stays_where_it_is", False):
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

    @contextmanager
    def aside(self) -> Iterator[None]:
        """What is packed meanwhile is only looked at: it leaves no buffers and no known objects."""
        known = len(self.objects)
        try:
            yield
        finally:
            for value in self.objects[known:]:
                # A known object is there once more.
                if self._numbers.get(id(value), 0) >= known:
                    del self._numbers[id(value)]
            del self.objects[known:]
            self.buffers.clear()
            self._budget = Budget()

    def forget(self, value: Any) -> None:
        """Makes a known object cross by value from here on."""
        self._numbers.pop(id(value), None)

    def _register(self, value: Any) -> None:
        # What refers to a known object means itself, not a later picture of it.
        self._numbers.setdefault(id(value), len(self.objects))
        self.objects.append(value)

    def _pack(self, value: Any) -> Node:
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
            return self._array(np.asarray(value))
        torch = torch_module()
        if torch is not None and isinstance(value, torch.Tensor):
            self._register(value)
            return self._tensor(torch, value)
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
        if type(value).__module__ == "__main__" and not self._is_given(type(value)):
            # A class of the learner's own, whatever it is made of.
            return self._live(value)
        for cls, name in _CONTAINERS.items():
            if isinstance(value, cls):
                if cls is not tuple and cls is not frozenset:
                    self._register(value)
                most = value.maxlen if isinstance(value, collections.deque) else None
                return Seq(name, [self.pack(item) for item in cls.__iter__(value)], most)
        for cls, name in _MAPPINGS.items():
            if isinstance(value, cls):
                self._register(value)
                pairs: list[Any] = list(dict.items(value))
                default = getattr(value, "default_factory", None)
                known = self.pack(default) if default in BUILTIN_TYPES else None
                return Pairs(name, [(self.pack(k), self.pack(v)) for k, v in pairs], known)
        if isinstance(value, _VIEWS):
            return Seq("list", [self.pack(item) for item in value])
        if isinstance(value, range):
            return Numbers("range", [self.pack(v) for v in (value.start, value.stop, value.step)])
        if isinstance(value, slice):
            return Numbers("slice", [self.pack(v) for v in (value.start, value.stop, value.step)])
        if isinstance(value, decimal.Decimal):
            return Spelled("Decimal", str(value))
        if isinstance(value, fractions.Fraction):
            return Spelled("Fraction", str(value))
        # Not subclasses: those of pandas say more.
        if type(value) in _TIMES:
            return Spelled(_TIMES[type(value)], value.isoformat())
        if type(value) is datetime.timedelta:
            return Numbers("timedelta", [value.days, value.seconds, value.microseconds])
        if isinstance(value, bytearray):
            self._register(value)
            return Raw("bytearray", bytes(value))
        if isinstance(value, pathlib.PurePath):
            return Spelled("PurePosixPath", str(value))
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
        pandas = sys.modules.get("pandas")
        if pandas is not None and isinstance(
            value, pandas.DataFrame | pandas.Series | pandas.Index
        ):
            from grader import frames

            self._register(value)
            return frames.describe(value, self.pack)
        if self._is_given(type(value)):
            self._register(value)
            state = attributes_of(value)
            return Given(type(value).__name__, {k: self.pack(v) for k, v in state.items()})
        return self._live(value)

    def _is_member(self, value: enum.Enum) -> bool:
        """Whether a given cell names it: a combination of flags has a number only."""
        return self._is_given(type(value)) and value.name in type(value).__members__

    def _is_given(self, cls: type) -> bool:
        return self._given.get(cls.__name__) is cls

    def _type(self, cls: type) -> Node:
        if cls in BUILTIN_TYPES:
            return Named("type", cls.__name__)
        if self._is_given(cls):
            return Named("given", cls.__name__)
        if issubclass(cls, np.generic):
            return Named("numpy", cls.__name__)
        if torch_module() is not None:
            from grader import modules

            if modules.is_library_class(cls):
                return Named("nn", cls.__name__)
        return self._live(cls)

    def _module(self, value: Any) -> Node:
        from grader import modules

        if self._is_given(type(value)) or modules.is_supported(value):
            self._register(value)
            return modules.describe(value, self.pack, self._is_given(type(value)))
        return self._live(value)

    def _buffer(self, data: np.ndarray) -> int:
        self._budget.take(logical=data.nbytes)
        self.buffers.append(np.ascontiguousarray(data).reshape(-1))
        return len(self.buffers) - 1

    def _array(self, value: np.ndarray, scalar: bool = False) -> Node:
        if value.dtype.kind not in "biufcSUMm":
            if value.dtype.kind == "O":
                raise CannotCross("an array of objects")
            raise CannotCross(f"an array of {value.dtype}")
        data = np.frombuffer(value.tobytes(), np.uint8)
        return Array(value.dtype.str, list(value.shape), self._buffer(data), scalar)

    def _tensor(self, torch: Any, value: Any) -> Node:
        # A subclass may have its own idea of everything.
        with torch._C.DisableTorchFunctionSubclass():
            base = torch.Tensor.detach(value)
            if type(base) is not torch.Tensor:
                base = base.as_subclass(torch.Tensor)
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
        tensor = tensor.detach().cpu().resolve_conj().resolve_neg()
        shape, stride = list(tensor.shape), list(tensor.stride())
        kept = None
        if not tensor.is_contiguous():
            span = 1 + sum((n - 1) * step for n, step in zip(shape, stride, strict=True))
            # A column of a large matrix need not bring the matrix.
            if span <= 4 * tensor.numel() + 64:
                tensor, kept = torch.as_strided(tensor, (span,), (1,)), stride
        flat = tensor.contiguous().reshape(-1)
        data = flat.view(torch.uint8).numpy() if flat.numel() else np.empty(0, np.uint8)
        name = str(tensor.dtype).removeprefix("torch.")
        return Tensor(name, shape, self._buffer(np.array(data)), kept)

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


# --- In ----------------------------------------------------------------------------------------


@dataclass
class Budget:
    """What may still come in."""

    nodes: int = MAX_NODES
    logical: int = MAX_LOGICAL

    def take(self, nodes: int = 0, logical: int = 0) -> None:
        self.nodes -= nodes
        self.logical -= logical
        if self.nodes < 0:
            raise CannotCross(f"more than {MAX_NODES} values")
        if self.logical < 0:
            raise CannotCross(f"more than {MAX_LOGICAL // 2**20} MB of numbers")


class Unpacker:
    """Builds values from manifests.

    Args:
        buffers: of the message.
        live: makes a proxy of a live node.
        own: finds what a `Yours` node means.
        given: the classes that given cells define, by name.
        known: as in `Packer`.
        trusted: whether the sender is: names of library functions are followed only then.
    """

    def __init__(
        self,
        buffers: list[np.ndarray],
        live: Callable[[Live], Any],
        own: Callable[[int], Any],
        given: dict[str, type],
        known: Iterable[Any] = (),
        trusted: bool = False,
    ) -> None:
        self.objects: list[Any] = list(known)
        self._buffers = buffers
        self._live = live
        self._own = own
        self._given = given
        self._trusted = trusted
        self._budget = Budget()
        self._depth = 0

    def unpack(self, node: Node) -> Any:
        """The value of a node.

        Raises:
            CannotCross: when the manifest does not hold together or breaks a limit.
        """
        self._budget.take(nodes=1)
        if node is None or isinstance(node, bool | int | float | str):
            return node
        self._depth += 1
        if self._depth > 2 * MAX_DEPTH:
            raise CannotCross("nested too deep")
        try:
            return self._unpack(node)
        except CannotCross:
            raise
        except Exception as error:
            raise CannotCross("a value that does not hold together") from error
        finally:
            self._depth -= 1

    def _unpack(self, node: Any) -> Any:
        match node:
            case Big(digits=digits):
                if len(digits) > MAX_DIGITS:
                    raise CannotCross(f"an integer of more than {MAX_DIGITS} digits")
                return int(digits, 16)
            case Complex():
                return complex(node.real, node.imag)
            case Seq():
                return self._sequence(node)
            case Pairs():
                return self._mapping(node)
            case Record():
                cls: Any = _make_record(node.name, node.fields)
                return cls._make(self.unpack(item) for item in node.items)
            case Spelled():
                return self._spelled(node)
            case Raw(kind="bytes"):
                return node.data
            case Raw():
                made = bytearray(node.data)
                self.objects.append(made)
                return made
            case Numbers():
                make: Any = {"range": range, "slice": slice}.get(node.kind, datetime.timedelta)
                return make(*(self.unpack(item) for item in node.items))
            case Array():
                return self._array(node)
            case Tensor() | Sparse() | Quantized():
                return self._any_tensor(node)
            case Module():
                return self._module(node)
            case Given():
                return self._given_instance(node)
            case Frame():
                return self._frame(node)
            case Random():
                return self._random(node)
            case Named():
                return self._named(node)
            case Live():
                return self._live(node)
            case Yours(id=number):
                return self._own(number)
            case Back(number=number):
                if not 0 <= number < len(self.objects):
                    raise CannotCross("a reference to nothing")
                return self.objects[number]
        raise CannotCross("something unknown")

    def _sequence(self, node: Seq) -> Any:
        if node.kind in ("tuple", "frozenset"):
            items = [self.unpack(item) for item in node.items]
            return tuple(items) if node.kind == "tuple" else frozenset(items)
        made: Any = {"list": list, "set": set}.get(node.kind, list)()
        if node.kind == "deque":
            made = collections.deque(maxlen=node.most)
        self.objects.append(made)
        add = made.add if node.kind == "set" else made.append
        for item in node.items:
            add(self.unpack(item))
        return made

    def _mapping(self, node: Pairs) -> Any:
        cls: Any = {name: cls for cls, name in _MAPPINGS.items()}[node.kind]
        made = cls()
        if node.default is not None:
            made.default_factory = self.unpack(node.default)
        self.objects.append(made)
        for key, value in node.items:
            unpacked = self.unpack(key)
            made[unpacked] = self.unpack(value)
        return made

    def _spelled(self, node: Spelled) -> Any:
        text = node.text
        if len(text) > MAX_DIGITS:
            raise CannotCross(f"a number of more than {MAX_DIGITS} digits")
        if node.kind == "PurePosixPath":
            return pathlib.PurePosixPath(text)
        for cls, kind in _TIMES.items():
            if node.kind == kind:
                return cls.fromisoformat(text)
        # No exponent: Fraction("1e999999999") computes for hours.
        if node.kind == "Fraction":
            if not re.fullmatch(r"-?\d+(/\d+)?", text):
                raise CannotCross("a fraction that is none")
            return fractions.Fraction(text)
        return decimal.Decimal(text)

    def _take_buffer(self, number: int, size: int) -> np.ndarray:
        if not 0 <= number < len(self._buffers) or len(self._buffers[number]) != size:
            raise CannotCross("a shape that does not fit its data")
        # A copy: two nodes may name one buffer, and it may start anywhere in memory.
        return np.array(self._buffers[number])

    def _array(self, node: Array) -> Any:
        if not re.fullmatch(r"[<>|=][biufcSUMm]\d{1,9}(\[\w{1,8}\])?", node.dtype):
            raise CannotCross(f"an array of {node.dtype[:20]}")
        dtype = np.dtype(node.dtype)
        size = _count(node.shape) * dtype.itemsize
        self._budget.take(logical=size)
        data = self._take_buffer(node.buffer, size)
        if dtype.kind == "b":
            # Any other byte would be a truth value that is neither.
            data = (data != 0).astype(np.uint8)
        array = np.frombuffer(bytearray(data), dtype).reshape(node.shape)
        if dtype.kind == "U" and (np.frombuffer(data, np.uint32) > sys.maxunicode).any():
            raise CannotCross("text that is none")
        if node.scalar:
            return array.reshape(())[()]
        self.objects.append(array)
        return array

    def _any_tensor(self, node: Tensor | Sparse | Quantized) -> Any:
        torch = torch_module()
        if torch is None:
            raise CannotCross("a tensor where there is no torch")
        # The number is taken before those of its parts, as in `Packer`.
        place = len(self.objects)
        self.objects.append(None)
        tensor: Any
        match node:
            case Quantized():
                tensor = self._quantized(torch, node)
            case Sparse():
                tensor = self._sparse(torch, node)
            case _:
                tensor = self._dense(torch, node)
                if node.parameter:
                    tensor = torch.nn.Parameter(tensor, requires_grad=node.requires_grad)
                elif node.requires_grad:
                    tensor.requires_grad_()
                if node.grad is not None:
                    tensor.grad = self.unpack(node.grad)
        self.objects[place] = tensor
        return tensor

    def _dense(self, torch: Any, node: Tensor) -> Any:
        dtype = getattr(torch, node.dtype, None)
        if not isinstance(dtype, torch.dtype) or node.dtype.startswith("q"):
            raise CannotCross(f"a tensor of {node.dtype[:20]}")
        count = _count(node.shape)
        self._budget.take(logical=count * dtype.itemsize)
        length = count
        if node.stride is not None:
            if len(node.stride) != len(node.shape) or min(node.stride, default=0) < 0 or not count:
                raise CannotCross("strides that do not fit a shape")
            steps = zip(node.shape, node.stride, strict=True)
            length = 1 + sum((n - 1) * step for n, step in steps)
            self._budget.take(logical=length * dtype.itemsize)
        data = self._take_buffer(node.buffer, length * dtype.itemsize)
        if not length:
            return torch.empty(node.shape, dtype=dtype)
        if node.dtype == "bool":
            # Any other byte would be a truth value that is neither.
            data = (data != 0).astype(np.uint8)
        flat = torch.from_numpy(data).view(dtype)
        if node.stride is None:
            return flat.reshape(node.shape)
        return torch.as_strided(flat, node.shape, node.stride)

    def _sparse(self, torch: Any, node: Sparse) -> Any:
        values = [self._dense(torch, part) for part in node.parts]
        self._budget.take(logical=_count(node.shape) * values[-1].dtype.itemsize)
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

    def _quantized(self, torch: Any, node: Quantized) -> Any:
        integers = self._dense(torch, node.integers)
        if isinstance(node.scale, Tensor) and isinstance(node.zero_point, Tensor):
            if node.axis is None or not 0 <= node.axis < integers.dim():
                raise CannotCross("an axis that a tensor has not")
            scales = self._dense(torch, node.scale)
            zero_points = self._dense(torch, node.zero_point)
            if not len(scales) == len(zero_points) == integers.shape[node.axis]:
                raise CannotCross("scales that do not fit a tensor")
            return torch._make_per_channel_quantized_tensor(
                integers, scales, zero_points, node.axis
            )
        return torch._make_per_tensor_quantized_tensor(integers, node.scale, node.zero_point)

    def _module(self, node: Module) -> Any:
        if torch_module() is None:
            raise CannotCross("a module where there is no torch")
        from grader import modules

        given = self._given.get(node.cls.removeprefix("given:"))
        return modules.rebuild(node, self.unpack, self.objects, given)

    def _given_instance(self, node: Given) -> Any:
        cls: Any = self._given.get(node.cls)
        if not isinstance(cls, type):
            raise CannotCross(f"an instance of {node.cls[:50]}, which no given cell defines")
        made: Any = object.__new__(cls)
        self.objects.append(made)
        slots = _slots(cls)
        for name, value in node.attributes.items():
            unpacked = self.unpack(value)
            if name in slots:
                slots[name].__set__(made, unpacked)
            elif is_plain_attribute(cls, name):
                vars(made)[name] = unpacked
        return made

    def _frame(self, node: Frame) -> Any:
        from grader import frames

        place = len(self.objects)
        self.objects.append(None)
        self.objects[place] = made = frames.rebuild(node, self.unpack)
        return made

    def _random(self, node: Random) -> Any:
        place = len(self.objects)
        self.objects.append(None)
        state = self.unpack(node.state)
        made: Any
        if node.kind == "torch":
            made = torch_module().Generator()
            made.set_state(state)
        else:
            made = np.random.Generator(np.random.PCG64())
            made.bit_generator.state = state
        self.objects[place] = made
        return made

    def _named(self, node: Named) -> Any:
        torch = torch_module()
        match node.kind:
            case "constant":
                return NotImplemented if node.name == "NotImplemented" else ...
            case "type":
                return next(cls for cls in BUILTIN_TYPES if cls.__name__ == node.name)
            case "given":
                return self._given[node.name]
            case "member":
                name, _, member = node.name.partition(".")
                members: Any = self._given[name]
                if issubclass(members, enum.Enum):
                    return members[member]
            case "numpy":
                found = getattr(np, node.name, None)
                if isinstance(found, type) and issubclass(found, np.generic):
                    return found
            case "numpy.dtype":
                if re.fullmatch(r"[<>|=][biufcSUMm]\d{1,9}(\[\w{1,8}\])?", node.name):
                    return np.dtype(node.name)
            case "torch.device" if torch is not None:
                return torch.device(node.name)
            case "torch" if torch is not None:
                found = getattr(torch, node.name, None)
                if isinstance(found, torch.dtype | torch.layout | torch.memory_format):
                    return found
            case "nn" if torch is not None:
                from grader import modules

                return modules.library_class(node.name)
            case "library" if self._trusted:
                return _from_library(node.name)
        raise CannotCross(f"the name {node.name[:50]}")


# mypy wants the literals of a class statement.
_make_record: Callable[[str, list[str]], Any] = vars(collections)["namedtuple"]


def attributes_of(value: Any) -> dict[str, Any]:
    """What an object holds, by name: in its dictionary and in its slots."""
    held = {name: slot for name, slot in _slots(type(value)).items() if hasattr(value, name)}
    return {
        **getattr(value, "__dict__", {}),
        **{name: slot.__get__(value) for name, slot in held.items()},
    }


def _slots(cls: type) -> dict[str, Any]:
    kinds = [vars(base) for base in reversed(cls.__mro__) if base.__module__ == cls.__module__]
    return {
        name: slot
        for names in kinds
        for name, slot in names.items()
        if isinstance(slot, types.MemberDescriptorType)
    }


def is_plain_attribute(cls: type, name: str) -> bool:
    """Whether an instance may have this name of its own: no method or property stands behind it."""
    behind = getattr(cls, name, None)
    special = callable(behind) or hasattr(type(behind), "__get__")
    return name.isidentifier() and not name.startswith("__") and not special


def _count(shape: list[int]) -> int:
    if len(shape) > 32 or any(n < 0 for n in shape):
        raise CannotCross("a shape that is none")
    return math.prod(shape)


def library_name(value: Any) -> str | None:
    """Under which name a library has this function or module; None where it has not."""
    if isinstance(value, types.ModuleType):
        return value.__name__ if sys.modules.get(value.__name__) is value else None
    module = getattr(value, "__module__", None)
    # Functions written in C often say no module, or another one, or are named after a class.
    for place in (module, "torch", "torch.nn.functional", "builtins"):
        for name in (getattr(value, "__qualname__", None), getattr(value, "__name__", None)):
            if not isinstance(place, str) or place == "__main__" or not isinstance(name, str):
                continue
            found: Any = sys.modules.get(place)
            for part in name.split("."):
                found = getattr(found, part, None)
            if found is value:
                return f"{place}:{name}"
    return None


def _from_library(name: str) -> Any:
    module, _, path = name.partition(":")
    found: Any = sys.modules[module]
    for part in path.split(".") if path else ():
        found = getattr(found, part)
    return found


# --- Changes -----------------------------------------------------------------------------------


def assign(target: Any, value: Any) -> None:
    """Makes an object equal to another one of its type, in place.

    Raises:
        CannotCross: when it can't be.
    """
    torch = torch_module()
    if type(value) is not type(target):
        raise CannotCross("a change into something else")
    try:
        if isinstance(target, list | bytearray):
            target[:] = value
        elif isinstance(target, dict | set):
            target.clear()
            target.update(value)
        elif isinstance(target, collections.deque):
            target.clear()
            target.extend(value)
        elif isinstance(target, np.ndarray):
            if target.shape != value.shape:
                target.resize(value.shape, refcheck=False)
            target[...] = value
        elif torch is not None and isinstance(target, torch.Tensor):
            _assign_tensor(torch, target, value)
        elif torch is not None and isinstance(target, torch.nn.Module):
            target.__dict__.clear()
            target.__dict__.update(value.__dict__)
        elif type(target).__module__.startswith("pandas."):
            from grader import frames

            frames.assign(target, value)
        elif torch is not None and isinstance(target, torch.Generator):
            target.set_state(value.get_state())
        elif isinstance(target, np.random.Generator):
            target.bit_generator.state = value.bit_generator.state
        else:
            slots = _slots(type(target))
            for name, slot in slots.items():
                if hasattr(value, name):
                    slot.__set__(target, slot.__get__(value))
            if hasattr(target, "__dict__") or not slots:
                vars(target).clear()
                vars(target).update(vars(value))
    except (TypeError, ValueError, RuntimeError) as error:
        raise CannotCross("a change that can't be followed") from error


def _assign_tensor(torch: Any, target: Any, value: Any) -> None:
    with torch.no_grad():
        dense = target.layout is torch.strided and value.layout is torch.strided
        same = target.shape == value.shape and target.dtype == value.dtype
        if dense and same and not target.is_quantized:
            # Into its own memory: views of it see the change, as they do where it was made.
            target.data.copy_(value.data)
        else:
            target.data = value.data
    target.requires_grad_(value.requires_grad)
    target.grad = value.grad
