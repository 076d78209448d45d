"""What several threads ask for, and is made once."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

T = TypeVar("T")


class Once:
    """By key, what was made. Who asks for one thing does not wait while another is made."""

    def __init__(self) -> None:
        self._made: dict[object, Any] = {}
        self._locks: dict[object, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, key: object, make: Callable[[], T]) -> T:
        """What `make` made the first time that it was asked for with this key."""
        with self.making(key):
            if key not in self._made:
                self._made[key] = make()
            made: T = self._made[key]
            return made

    @contextlib.contextmanager
    def making(self, key: object) -> Iterator[None]:
        """While nobody else makes what has this key."""
        with self._lock:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            yield
