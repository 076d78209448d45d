"""While the learner's code asks a database of sqlite3 that a test lends, that attaches no other
file, and changes only what the solution changes.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Any


def database_of(target: Any) -> Any:
    """The connection that a call goes to, by SQLAlchemy or not, if it goes to one of sqlite3."""
    sqlite3 = sys.modules.get("sqlite3")
    if type(target).__module__.startswith("sqlalchemy."):
        # Of a connection is asked for the one below, which has the driver's.
        below = getattr(target, "connection", target)
        target = getattr(below, "dbapi_connection", target)
    if sqlite3 is not None and isinstance(target, sqlite3.Cursor):
        target = target.connection
    return target if sqlite3 is not None and isinstance(target, sqlite3.Connection) else None


# What an authorizer is asked about that changes nothing: select, read, function, recursive.
_READING = frozenset((21, 20, 31, 33))
_PRAGMA = 19
# With these tables are changed past their names, and temporary ones end.
_PAST_NAMES = frozenset(("writable_schema", "temp_store"))
_ALTER = 26
# What makes an index (of a temporary table, too), and what works on one; which table a trigger, an
# index or another name for it belongs to stands second.
_ON_INDICES = frozenset((1, 3, 27, 28))
_TRIGGERS = frozenset((5, 7))
_SECOND = frozenset((*_TRIGGERS, 10, 12, 14, 16, 26))
# Transactions, points to go back to: a `with` or a script ends what the test has begun, though it
# only asks. Where the solution changes nothing there is nothing of a call's to end: as if it had.
_TRANSACTIONS = frozenset((22, 32))
# With files.
_OF_ITSELF = frozenset((24, 25, *_TRANSACTIONS))
_TELLING = frozenset(("table_info", "table_xinfo", "table_list", "index_list", "index_info"))
# Connections of which one call is under way, within which there may be others.
_called: set[int] = set()


@contextlib.contextmanager
def unattached(
    connection: Any, may_write: Callable[[str], bool], own: set[str] | None
) -> Iterator[None]:
    """Meanwhile the connection of sqlite3 attaches no other file, and changes no table of the
    test's that the solution leaves alone.

    Args:
        may_write: asked only before something changes: a table, or with "" the database itself.
        own: tables of the learner's, which may change; those that are made meanwhile are added.
            None where nothing may change, or all.
    """
    if id(connection) in _called:
        # The rest of a script, of which a function is called, is held to it, too.
        yield
        return
    library = sys.modules["sqlite3"]
    attached = library.SQLITE_LIMIT_ATTACHED
    before = connection.setlimit(attached, 0)
    # The test may look at what its database is asked: nothing without need.
    there = None if own is None else _tables(connection)
    beside = {row[1] for row in told(connection, "database_list")} if own is not None else set()
    has_others = not beside <= {b"main", b"temp"}

    def may(action: int, first: str, second: str) -> bool:
        if action in _READING or (action == _PRAGMA and first in _TELLING):
            return True
        name = (second if action in _SECOND else first).lower()
        if action in _OF_ITSELF | _ON_INDICES or name.startswith("sqlite_"):
            name = ""
        elif action == _PRAGMA:
            name = name if name in _PAST_NAMES else ""
        elif own is not None and there is not None and name not in there - own:
            if action in _TRIGGERS:
                own.add(f"trigger of {name}")
            # Nobody tells the new name of a table: of one that comes before the test's where its
            # queries name that, or brings a trigger along.
            covers = first != "main" or has_others or f"trigger of {name}" in own
            name = name if action == _ALTER and covers else ""
        # What a trigger does it does for the test, too.
        return may_write(f"trigger of {name}" if action in _TRIGGERS and name else name)

    def authorize(action: int, first: str | None, second: str | None, *_: object) -> int:
        if may(action, first or "", second or ""):
            return int(library.SQLITE_OK)
        passes = action in _TRANSACTIONS
        return int(library.SQLITE_IGNORE if passes else library.SQLITE_DENY)

    connection.set_authorizer(authorize)
    _called.add(id(connection))
    try:
        yield
    finally:
        _called.remove(id(connection))
        connection.set_authorizer(None)
        connection.setlimit(attached, before)
        if own is not None and there is not None:
            own |= (_tables(connection) or there) - there


def _tables(connection: Any) -> set[str] | None:
    """The names of a database's tables and views; None where they can't be had."""
    rows = told(connection, "table_list")
    return {name.decode(errors="replace").lower() for _, name, *_ in rows} or None


def told(connection: Any, pragma: str) -> list[Any]:
    """What a database says of itself, with texts as bytes; nothing where it can't.

    A table of the learner's may be called like the one that has the same in it, pragma_table_list.
    """
    # The learner may have chosen what makes rows, and texts.
    kept, connection.text_factory = connection.text_factory, bytes
    try:
        cursor = connection.cursor()
        cursor.row_factory = None
        rows: list[Any] = cursor.execute(f"pragma {pragma}").fetchall()
    except sys.modules["sqlite3"].Error:
        rows = []
    finally:
        connection.text_factory = kept
    return rows


def knows(connection: Any, name: str) -> bool:
    """Whether a database has a function or a way to sort of this name."""
    functions = {row[0].lower() for row in told(connection, "function_list")}
    orders = {row[1].lower() for row in told(connection, "collation_list")}
    # Where it doesn't tell, it may.
    return not functions or name.lower().encode() in functions | orders
