"""Manifests and buffers become values again: the way in. Nothing is unpickled.

Whatever stands in a manifest may be a lie: sizes are counted before memory is taken, and names lead
only to what both sides have.
"""

from __future__ import annotations

import builtins
import collections
import datetime
import decimal
import enum
import fractions
import math
import pathlib
import re
import sys
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from grader.protocol.values import (
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
    Frame,
    Given,
    Live,
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
    Yours,
)
from grader.sandboxed.codec.failures import error_class
from grader.sandboxed.codec.families.instances import is_plain_attribute, slots_of
from grader.sandboxed.codec.foreign_paths import FarPath
from grader.sandboxed.codec.libraries import BUILTIN_TYPES, from_library, torch_module


class Unpacker:
    """Builds values from manifests.

    Args:
        buffers: of the message.
        live: makes a handle of a live node.
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
            case Objects():
                return self._objects(node)
            case Masked():
                return self._masked(node)
            case Regex():
                return re.compile(self.unpack(node.pattern), node.flags)
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
        if node.kind in ("keys", "values", "items"):
            items = [self.unpack(item) for item in node.items]
            if node.kind == "values":
                return dict(enumerate(items)).values()
            return dict.fromkeys(items).keys() if node.kind == "keys" else dict(items).items()
        made: Any = {"list": list, "set": set}.get(node.kind, list)()
        if node.kind == "deque":
            made = collections.deque(maxlen=node.most)
        self.objects.append(made)
        add = made.add if node.kind == "set" else made.append
        for item in node.items:
            add(self.unpack(item))
        return made

    def _mapping(self, node: Pairs) -> Any:
        cls: Any = {name: cls for cls, name in MAPPINGS.items()}[node.kind]
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
        if node.kind == "Path":
            return pathlib.Path(text) if self._trusted else FarPath(text)
        for cls, kind in TIMES.items():
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

    def _array(self, node: Array, counts: bool = True) -> Any:
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
        if counts:
            self.objects.append(array)
        return array

    def _objects(self, node: Objects, counts: bool = True) -> Any:
        count = _count(node.shape)
        self._budget.take(logical=8 * count)
        if count != len(node.items):
            raise CannotCross("a shape that does not fit its data")
        flat = np.empty(count, object)
        made = flat.reshape(node.shape)
        if counts:
            self.objects.append(made)
        for place, item in enumerate(node.items):
            flat[place] = self.unpack(item)
        return made

    def _masked(self, node: Masked) -> Any:
        place = len(self.objects)
        self.objects.append(None)
        data, mask = node.data, node.mask
        values = (
            self._objects(data, counts=False)
            if isinstance(data, Objects)
            else self._array(data, counts=False)  # type: ignore[arg-type]
        )
        made: Any
        if node.matrix:
            made = np.asmatrix(values)
        elif not node.missing:
            made = values
        else:
            hidden = np.ma.nomask if mask is None else self._array(mask, counts=False)  # type: ignore[arg-type]
            made = np.ma.MaskedArray(values, hidden)
            if node.fill is not None:
                made.fill_value = self.unpack(node.fill)
        self.objects[place] = made
        return made

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
        from grader.sandboxed.codec.families import modules

        given = self._given.get(node.cls.removeprefix("given:"))
        return modules.rebuild(node, self.unpack, self.objects, given)

    def _given_instance(self, node: Given) -> Any:
        cls: Any = self._given.get(node.cls)
        if not isinstance(cls, type):
            raise CannotCross(f"an instance of {node.cls[:50]}, which no given cell defines")
        made: Any = object.__new__(cls)
        self.objects.append(made)
        slots = slots_of(cls)
        for name, value in node.attributes.items():
            unpacked = self.unpack(value)
            if name in slots:
                slots[name].__set__(made, unpacked)
            elif is_plain_attribute(cls, name):
                vars(made)[name] = unpacked
        return made

    def _frame(self, node: Frame) -> Any:
        from grader.sandboxed.codec.families import tables

        place = len(self.objects)
        self.objects.append(None)
        self.objects[place] = made = tables.rebuild(node, self.unpack)
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

    def _error(self, names: list[str]) -> type[BaseException]:
        """A class of exceptions of the other side's own."""
        for position, name in enumerate(names):
            base = self._given.get(name, getattr(builtins, name, None))
            if position and isinstance(base, type) and issubclass(base, Exception):
                return error_class(tuple(names[: position + 1]), base)
        raise CannotCross("a class of exceptions that is none")

    def _named(self, node: Named) -> Any:
        torch = torch_module()
        match node.kind:
            case "constant":
                constants = {"NotImplemented": NotImplemented, "Ellipsis": ...}
                if node.name in constants:
                    return constants[node.name]
                from grader.sandboxed.codec.families import tables

                return tables.CONSTANTS[node.name]
            case "error":
                return self._error(node.name.split(" ")[:20])
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
                from grader.sandboxed.codec.families import modules

                return modules.library_class(node.name)
            case "library" if self._trusted:
                return from_library(node.name)
        raise CannotCross(f"the name {node.name[:50]}")


# mypy wants the literals of a class statement.
_make_record: Callable[[str, list[str]], Any] = vars(collections)["namedtuple"]


def _count(shape: list[int]) -> int:
    if len(shape) > 32 or any(n < 0 for n in shape):
        raise CannotCross("a shape that is none")
    return math.prod(shape)
