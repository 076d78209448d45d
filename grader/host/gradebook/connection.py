"""The database in which a gradebook lies: a file of SQLite's, or one on a server.

nbgrader's schema is written into an empty one; one of another version is refused. A server is held
for the length of a run, since two that write at the same time would enter everybody twice.
"""

from __future__ import annotations

import contextlib
import os
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from alembic.config import Config as AlembicConfig
from alembic.script import ScriptDirectory
from nbgrader.api import InvalidEntry
from nbgrader.dbutil import _temp_alembic_ini
from sqlalchemy import URL, Engine, NullPool, create_engine, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.orm import Session

from grader.protocol.errors import GraderError

_AGAIN = "then the same command goes on from here."
# What to do about what a database says.
_ADVICE = {
    "locked": f"close the program that writes to it, {_AGAIN}",
    "already exists": f"another run has just made it, {_AGAIN}",
    "UNIQUE constraint": f"another run has just entered the same, {_AGAIN}",
    "full": f"make room, {_AGAIN}",
    "No space left": f"make room on the server, {_AGAIN}",
    "readonly": "make it writable, or grade into another folder.",
    "read-only": f"make it writable, {_AGAIN}",
    "not a database": "grade into another folder.",
    "malformed": "it is damaged: put a copy of it back, or grade into another folder.",
    "onnection refused": f"start the server, {_AGAIN}",
    "could not translate host name": "there is no such server: mend the address.",
    "authentication failed": "mend the name or the password in the address.",
    "no password supplied": "put the password into PGPASSWORD, ~/.pgpass or the address.",
    "no such": "upgrade it with {upgrade}, or grade into another folder.",
    "does not exist": "create it on the server, or mend the address.",
    "permission denied": "let this user write to it, or name another.",
    "closed the connection": f"see that the server runs, {_AGAIN}",
    "terminating connection": f"see that the server runs, {_AGAIN}",
}
_OTHERWISE = {
    True: f"see that the file and its disk are sound, {_AGAIN}",
    False: f"see what the server says, {_AGAIN}",
}
# What of a file SQLite may keep in memory.
_CACHE_KIB = 65_536
# The number by which PostgreSQL knows that a run is entering something; any would do.
_HELD = 0x6772_6164_6573


class Database:
    """A database, before anything is written into it.

    Args:
        url: as SQLAlchemy has it, for example "sqlite:////home/ada/gradebook.db" or
            "postgresql://ada@server/grades".

    Raises:
        GraderError: when it is no such address, or Python can't speak to what it names.
    """

    def __init__(self, url: str | URL) -> None:
        try:
            self.url = make_url(url)
            file = self.url.database
            if self._is_file and file and not file.startswith((":memory:", "file:")):
                # It is written down for whoever starts elsewhere.
                self.url = self.url.set(database=str(Path(file).absolute()))
            self._engine()
        except NoSuchModuleError:
            raise GraderError(
                f"The gradebook {self} cannot be used: SQLAlchemy knows no database "
                f"{self.url.drivername}."
            ) from None
        except ArgumentError:
            # It may hold a password.
            raise GraderError(
                "The address of the gradebook is none: it should be like "
                "postgresql://NAME@SERVER/DATABASE or sqlite:////FOLDER/gradebook.db."
            ) from None
        except ImportError as error:
            raise GraderError(
                f"The gradebook {self} cannot be used: install the Python package {error.name}."
            ) from None

    @classmethod
    def of_file(cls, path: Path) -> Database:
        return cls(URL.create("sqlite", database=str(path.absolute())))

    def __str__(self) -> str:
        """How people know it: the file, or the address without its password."""
        return (self._is_file and self.url.database) or self.url.render_as_string()

    @property
    def _is_file(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    @property
    def is_missing(self) -> bool:
        """Whether it is a file that is not there."""
        return self._is_file and str(self) != ":memory:" and not Path(str(self)).exists()

    @property
    def _upgrade(self) -> str:
        """What to type to have a gradebook of today. Without the address it would be that of the
        course's folder."""
        return f"`nbgrader db upgrade --db {shlex.quote(self.url.render_as_string())}`"

    def _engine(self) -> Engine:
        return create_engine(self.url, poolclass=NullPool)

    @contextlib.contextmanager
    def one_sentence(self) -> Iterator[None]:
        """Turns what a database says when it fails into a sentence on what to do."""
        try:
            yield
        # What nbgrader's functions make of it.
        except (SQLAlchemyError, InvalidEntry) as error:
            said = error.__context__ if isinstance(error, InvalidEntry) else error
            reason = str((said and said.__cause__) or said).strip().split("\n")[0]
            known = (advice for sign, advice in _ADVICE.items() if sign in reason)
            advice = next(known, _OTHERWISE[self._is_file]).format(upgrade=self._upgrade)
            raise GraderError(
                f"The gradebook {self} cannot be used ({reason}): {advice}"
            ) from error

    def prepare(self) -> None:
        """Writes the version of nbgrader's schema into it if it is empty, and nothing otherwise.

        nbgrader does so itself if there is nothing, but runs a program for it that takes seconds.

        Raises:
            GraderError: when it holds something else than a gradebook of this version.
        """
        newest = _scripts().get_current_head()
        if self.is_missing:
            # It holds marks: its owner's alone, as SQLite then makes the journals beside it.
            with contextlib.suppress(OSError):
                os.close(os.open(str(self), os.O_CREAT | os.O_RDWR, 0o600))
        found = set() if self._is_file and Path(str(self)).is_dir() else self._versions()
        if found is None:
            with self._engine().begin() as connection:
                connection.execute(
                    text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
                )
                connection.execute(
                    text("INSERT INTO alembic_version VALUES (:version)"), {"version": newest}
                )
            return
        if found == {newest}:
            return
        elsewhere = "grade into another folder" if self._is_file else "name another gradebook"
        if not found:
            reason = f"is no gradebook of nbgrader's: {elsewhere}"
        elif found <= {script.revision for script in _scripts().walk_revisions()}:
            upgrade = f"upgrade it with {self._upgrade}"
            reason = f"was written by an older nbgrader: {upgrade}, or {elsewhere}"
        else:
            reason = f"was written by another nbgrader: use that one, or {elsewhere}"
        raise GraderError(f"{self} {reason}.")

    def due_dates(self) -> dict[str, str]:
        """When assignments are due, UTC, by name, as far as the database says so."""
        known = text("SELECT name, duedate FROM assignment WHERE duedate IS NOT NULL")
        with contextlib.suppress(SQLAlchemyError), self._engine().connect() as connection:
            return {name: str(due)[:19] for name, due in connection.execute(known)}
        return {}

    def prepare_session(self, session: Session) -> None:
        """Gives SQLite room for what a large class has: its own 2 MiB are full after 300.

        On a server, keeps other runs from entering into it as long as this connection is there, by
        which all is written: who has lost the one has lost the other. SQLite does so by itself.

        Raises:
            GraderError: when another run enters something.
        """
        if self._is_file:
            session.execute(text(f"PRAGMA cache_size = -{_CACHE_KIB}"))
        elif self.url.get_backend_name() == "postgresql":
            ask = text("SELECT pg_try_advisory_lock(:held)")
            if not session.scalar(ask, {"held": _HELD}):
                raise GraderError(
                    f"Another run enters marks into {self}: wait until it is done, {_AGAIN}"
                )

    def _versions(self) -> set[str] | None:
        """Of which versions of nbgrader's schema it says that it is; None when it is empty."""
        with self._engine().connect() as connection:
            tables = inspect(connection).get_table_names()
            if "alembic_version" in tables:
                return set(connection.scalars(text("SELECT version_num FROM alembic_version")))
            if "submitted_assignment" in tables:
                # Up to 0.4 nbgrader wrote no version.
                return set(_scripts().get_bases())
            return set() if tables else None


@cache
def _scripts() -> ScriptDirectory:
    """nbgrader's schemas, old and new."""
    with _temp_alembic_ini("sqlite://") as settings:
        scripts = ScriptDirectory.from_config(AlembicConfig(settings))
        scripts.get_heads()  # Reads all of them: the settings are about to go.
        return scripts
