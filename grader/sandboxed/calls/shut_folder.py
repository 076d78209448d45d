"""While the learner's code has something called that a test lends, no file can be opened in the
test's working folder: neither by Python nor by what a library opens itself.

A method that is lent gets whatever arguments the learner gives it: a path, or a query in which one
stands. Files for tests alone lie in that folder.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections.abc import Iterator
from typing import Any

# Names can be listed, as imports do, but lead nowhere.
_NAMES_ONLY = stat.S_IRUSR


class ShutFolder:
    """The working folder as it is now, to be shut for a while; calls may be nested."""

    def __init__(self) -> None:
        self._folder = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
        self._mode = stat.S_IMODE(os.fstat(self._folder).st_mode)
        self._depth = 0

    @property
    def is_shut(self) -> bool:
        return self._depth > 0

    def __enter__(self) -> None:
        self._depth += 1
        if self._depth == 1:
            os.fchmod(self._folder, _NAMES_ONLY)

    def __exit__(self, *_: object) -> None:
        self._depth -= 1
        if self._depth == 0:
            os.fchmod(self._folder, self._mode)


def database_of(target: Any) -> Any:
    """The connection that a call goes to, if it goes to a database of sqlite3."""
    sqlite3 = sys.modules.get("sqlite3")
    if sqlite3 is not None and isinstance(target, sqlite3.Cursor):
        target = target.connection
    return target if sqlite3 is not None and isinstance(target, sqlite3.Connection) else None


@contextlib.contextmanager
def unattached(connection: Any) -> Iterator[None]:
    """Meanwhile the connection of sqlite3 attaches no other file."""
    attached = sys.modules["sqlite3"].SQLITE_LIMIT_ATTACHED
    before = connection.setlimit(attached, 0)
    try:
        yield
    finally:
        connection.setlimit(attached, before)
