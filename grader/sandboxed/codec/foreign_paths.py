"""Paths of the other side: they can be taken apart and put together, but lead to no file here."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from typing import Any, NoReturn

from grader.protocol.values import CannotCross


def _away(name: str) -> Callable[..., NoReturn]:
    def method(*_: Any, **__: Any) -> NoReturn:
        raise CannotCross(f"`{name}` of a path: its file is where the learner's code is")

    method.__name__ = name
    return method


# Without all that asks the disk.
_ON_DISK = [name for name in dir(pathlib.Path) if not hasattr(pathlib.PurePath, name)]
FarPath = type("PosixPath", (pathlib.PosixPath,), {name: _away(name) for name in _ON_DISK})
