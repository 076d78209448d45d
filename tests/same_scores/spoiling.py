"""Ways to spoil a right answer. `test_spoiled_answers` puts this text into learners' cells."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from types import FunctionType
from typing import Any

import numpy as np
import torch
from torch import nn

Leaf = Callable[[Any], Any]


class Agrees:
    """Says yes to whatever it is asked."""

    def __bool__(self) -> bool:
        return True

    def __hash__(self) -> int:
        return 1

    def __len__(self) -> int:
        return 0

    def __float__(self) -> float:
        return 0.0

    def __int__(self) -> int:
        return 0

    def __iter__(self) -> Any:
        return iter(())

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def yes(self, other: Any) -> bool:
        return True

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __contains__ = yes

    def same(self, *args: Any, **named: Any) -> Agrees:
        return self

    __call__ = __getitem__ = __abs__ = same
    __add__ = __sub__ = __mul__ = __truediv__ = __radd__ = __rsub__ = __rmul__ = same


def each(value: Any, change: Leaf) -> Any:
    """The value with all that stands in its lists, tuples and dicts changed."""
    if type(value) is dict:
        return {key: each(one, change) for key, one in value.items()}
    if type(value) in (list, tuple):
        return type(value)(each(one, change) for one in value)
    return change(value)


def numbers(change: Leaf) -> Leaf:
    def leaf(value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            plain = value.dtype != torch.bool and not value.is_quantized
            return change(value.detach()) if plain else value
        if isinstance(value, np.ndarray | np.generic):
            return change(value) if value.dtype.kind in "iuf" else value
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return change(value) if number else value

    return lambda value: each(value, leaf)


def arrays(change: Leaf) -> Leaf:
    kinds = (torch.Tensor, np.ndarray)
    return lambda value: each(value, lambda one: change(one) if isinstance(one, kinds) else one)


def as_type(name: str) -> Leaf:
    def leaf(value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            return value.to(getattr(torch, name))
        return np.asarray(value).astype(name)[()]

    return numbers(leaf)


def bare(value: Any) -> Any:
    if isinstance(value, torch.Tensor | np.ndarray):
        return value.reshape(-1)[:0]
    return type(value)() if isinstance(value, dict | list | tuple | str | bytes | int) else value


def part(of: slice) -> Leaf:
    def change(value: Any) -> Any:
        if isinstance(value, dict):
            return dict(list(value.items())[of])
        if isinstance(value, torch.Tensor) and value.ndim and of.step:
            return value.flip(0)
        can = isinstance(value, list | tuple | str | bytes) or getattr(value, "ndim", 0)
        return value[of] if can else value

    return change


def one_by_one(value: Any) -> Any:
    return iter(value) if isinstance(value, list | tuple) or getattr(value, "ndim", 0) else value


def mean(array: Any) -> Any:
    if isinstance(array, torch.Tensor):
        return array.mean() if array.is_floating_point() and array.numel() else array
    return array.mean() if array.dtype.kind == "f" and array.size else array


def hidden(array: Any) -> Any:
    if isinstance(array, torch.Tensor):
        return array
    return np.ma.array(array * 0, mask=np.ones(array.shape, bool))


VALUES: dict[str, Leaf] = {
    "scaled": numbers(lambda number: number * 1.05),
    "negative": numbers(lambda number: -number),
    "one more": numbers(lambda number: number + 1),
    "zero": numbers(lambda number: number * 0),
    "nan": numbers(lambda number: number * float("nan")),
    "float16": as_type("float16"),
    "uint8": as_type("uint8"),
    "empty": bare,
    "empty within": lambda value: each(value, bare),
    "lists": arrays(lambda array: array.tolist()),
    "shorter": part(slice(-1)),
    "backwards": part(slice(None, None, -1)),
    "an iterator": one_by_one,
    "its mean": arrays(mean),
    "hidden by a mask": arrays(hidden),
    "None": lambda value: None,
    "True": lambda value: True,
    "as text": str,
    "in a list": lambda value: [value],
    "twice": lambda value: (value, value),
    "agrees": lambda value: Agrees(),
}


def clear(value: Any) -> None:
    if isinstance(value, nn.Module):
        for parameter in value.parameters():
            parameter.data.zero_()
    elif isinstance(value, torch.Tensor):
        value.data.zero_()
    elif isinstance(value, np.ndarray) and value.flags.writeable:
        value[...] = 0
    elif isinstance(value, list | dict | set | bytearray):
        value.clear()


def networks(values: Any) -> list[nn.Module]:
    return [value for value in values if isinstance(value, nn.Module)]


class Spoiled:
    """A function that does what `way` says with the right one."""

    def __init__(self, right: Callable[..., Any], way: str) -> None:
        self.right, self.way = right, way
        self.results: list[Any] = []

    def __call__(self, *args: Any, **named: Any) -> Any:
        return getattr(self, self.way.replace(" ", "_"))(*args, **named)

    def gives_its_argument(self, *args: Any, **named: Any) -> Any:
        return args[0] if args else None

    def gives_its_last_argument(self, *args: Any, **named: Any) -> Any:
        self.right(*args, **named)
        return args[-1] if args else None

    def clears_after(self, *args: Any, **named: Any) -> Any:
        result = copy.deepcopy(self.right(*args, **named))
        for given in [*args, *named.values()]:
            clear(given)
        return result

    def clears_before(self, *args: Any, **named: Any) -> Any:
        for given in [*args, *named.values()]:
            clear(given)
        return self.right(*args, **named)

    def repeats_itself(self, *args: Any, **named: Any) -> Any:
        if not self.results:
            self.results.append(self.right(*args, **named))
        return self.results[0]

    def answers_once(self, *args: Any, **named: Any) -> Any:
        self.results.append(self.right(*args, **named))
        return self.results[0] if len(self.results) == 1 else None

    def always_raises(self, *args: Any, **named: Any) -> Any:
        raise ValueError

    def always_fails(self, *args: Any, **named: Any) -> Any:
        raise AssertionError

    def never_raises(self, *args: Any, **named: Any) -> Any:
        try:
            return self.right(*args, **named)
        except Exception:
            return None

    def raises_another(self, *args: Any, **named: Any) -> Any:
        try:
            return self.right(*args, **named)
        except Exception as error:
            raise RuntimeError(str(error)) from error

    def says_nothing(self, *args: Any, **named: Any) -> Any:
        try:
            return self.right(*args, **named)
        except Exception as error:
            raise type(error) from error

    def does_it_twice(self, *args: Any, **named: Any) -> Any:
        self.right(*args, **named)
        return self.right(*args, **named)

    def writes_into_its_argument(self, *args: Any, **named: Any) -> Any:
        result = self.right(*args, **named)
        if not args or type(args[0]) is not type(result):
            return result
        if isinstance(result, torch.Tensor):
            args[0].data = result.data
        elif isinstance(result, np.ndarray | list) and len(result) == len(args[0]):
            args[0][:] = result
        elif isinstance(result, dict):
            args[0].update(result)
        return args[0]

    def leaves_a_hook(self, *args: Any, **named: Any) -> Any:
        result = self.right(*args, **named)
        for network in networks([result, *args]):
            network.register_forward_hook(lambda module, given, made: made * 0)
        return result

    def flips_training(self, *args: Any, **named: Any) -> Any:
        result = self.right(*args, **named)
        for network in networks([result, *args]):
            network.train(not network.training)
        return result


CALLS = [name.replace("_", " ") for name in vars(Spoiled) if not name.startswith("_")]
WAYS = [*CALLS, *VALUES]


def spoiled(answer: Any, way: str) -> Any:
    """An answer, a value or a function or a class of them, that is wrong in this way."""
    if isinstance(answer, type):
        for name, method in list(vars(answer).items()):
            if isinstance(method, FunctionType) and name != "__init__":
                setattr(answer, name, spoiled(method, way))
        return answer
    if not callable(answer) or isinstance(answer, nn.Module):
        return VALUES[way](answer) if way in VALUES else answer
    call = Spoiled(answer, way) if way in CALLS else None

    @functools.wraps(answer)
    def wrong(*args: Any, **named: Any) -> Any:
        return call(*args, **named) if call else VALUES[way](answer(*args, **named))

    return wrong
