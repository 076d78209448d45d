"""SQLite, below what Python offers of it."""

from __future__ import annotations

import ctypes
from functools import cache
from importlib import import_module
from typing import Any


@cache
def _library() -> Any:
    """Its own functions; None where they can't be had."""
    try:
        # dbm brings it, too, when somebody opens a shelf.
        library: Any = ctypes.CDLL(import_module("_sqlite3").__file__)
        library.sqlite3_vfs_find.restype = ctypes.c_void_p
        library.sqlite3_vfs_register.argtypes = ctypes.c_void_p, ctypes.c_int
        library.sqlite3_randomness.argtypes = ctypes.c_int, ctypes.c_void_p
    except (ImportError, AttributeError, OSError, TypeError):
        return None
    return library


def share_none() -> None:
    """Has it share no database with other processes unless told to (sqlite.org/vfs.html).

    With a log of what is written ahead, which a shelf has from Python 3.13 on, it asks who else
    holds a lock, and nobody is told that here.
    """
    library = _library()
    if library is not None and (alone := library.sqlite3_vfs_find(b"unix-excl")):
        library.sqlite3_vfs_register(alone, 1)


def begin_chance_elsewhere() -> None:
    """Has random() go on from somewhere else: it has no seed that anybody could set."""
    if (library := _library()) is not None:
        library.sqlite3_randomness(0, None)
