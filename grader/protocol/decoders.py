"""What reads messages and files: a decoder for each form, made once, by one thread at a time.

msgspec notes what it knows of a class before it knows all of it. A thread that reads its first
message of a class while another one does the same finds half of it, and ends the process.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar, overload

import msgspec

T = TypeVar("T")

_LOCK = threading.Lock()


@overload
def from_json(form: type[T]) -> msgspec.json.Decoder[T]: ...
@overload
def from_json(form: Any) -> msgspec.json.Decoder[Any]: ...
def from_json(form: Any) -> msgspec.json.Decoder[Any]:
    """What reads this form as JSON."""
    with _LOCK:
        return _made(msgspec.json.Decoder, form)


@overload
def from_msgpack(form: type[T]) -> msgspec.msgpack.Decoder[T]: ...
@overload
def from_msgpack(form: Any) -> msgspec.msgpack.Decoder[Any]: ...
def from_msgpack(form: Any) -> msgspec.msgpack.Decoder[Any]:
    """What reads this form as MessagePack."""
    with _LOCK:
        return _made(msgspec.msgpack.Decoder, form)


@cache
def _made(kind: Callable[[Any], T], form: Any) -> T:
    return kind(form)
