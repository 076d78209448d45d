"""What a function may be called with, as data: `inspect.signature` asks a handle for it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from grader.protocol.values import CannotCross
from grader.sandboxed.codec.libraries import BUILTIN_TYPES

_PLAIN = (type(None), bool, int, float, str, bytes, tuple, list, dict, set)
_EMPTY = inspect.Parameter.empty


def describe(function: Callable[..., Any]) -> list[Any]:
    """Names, kinds, defaults and annotations. What is no plain value becomes its text."""
    signature = inspect.signature(function)
    rows = [
        [one.name, int(one.kind), _default(one.default), _annotation(one.annotation)]
        for one in signature.parameters.values()
    ]
    return [rows, _annotation(signature.return_annotation)]


def _default(value: object) -> list[object]:
    if value is _EMPTY:
        return []
    return [value if isinstance(value, _PLAIN) else repr(value)]


def _annotation(value: object) -> list[object]:
    if value is _EMPTY:
        return []
    return [value if value in BUILTIN_TYPES else str(value)]


def rebuild(described: Any) -> inspect.Signature:
    """The signature that `describe` described.

    Raises:
        CannotCross: when the description does not hold together.
    """
    try:
        rows, returned = described
        parameters = [
            inspect.Parameter(
                name, inspect._ParameterKind(kind), default=_one(default), annotation=_one(noted)
            )
            for name, kind, default, noted in rows
        ]
        return inspect.Signature(parameters, return_annotation=_one(returned))
    except (TypeError, ValueError) as error:
        raise CannotCross("a signature that is none") from error


def _one(values: list[Any]) -> Any:
    return values[0] if values else _EMPTY
