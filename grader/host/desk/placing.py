"""All that collecting writes: submitted/STUDENT/ASSIGNMENT/, what could not be placed, two tables.

    with Placing(submitted, unplaced) as placing:
        placing.place("ada", "07", {"07.ipynb": content}, submitted_at)

A file is written beside its place and renamed, and so is a submission's whole folder. What stands
there and gives way is moved to UNPLACED/earlier/, never removed. So whatever happens, the same
command goes on from there.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from grader.host.desk import tables
from grader.host.desk.sources import Unreadable, opened
from grader.host.intake.folder import TIMESTAMP, Folder
from grader.host.intake.submission import timestamp_of
from grader.host.result_store import cannot_write
from grader.host.results.result import write_atomically
from grader.host.tasks import COLLECTED
from grader.protocol.errors import GraderError

try:
    import fcntl
except ImportError:  # Not on Windows.
    fcntl = None  # type: ignore[assignment]

UNPLACED = "unplaced.csv"
EARLIER = "earlier"
_STAGE = ".collecting-"
_COLLECTED = (
    *("assignment", "student", "name", "email", "group", "submitted", "late", "system", "key"),
    *("back", "team", "source"),
)
_UNPLACED = ("source", "assignment", "place", "name", "reason", "kept")

Outcome = Literal["placed", "replaced", "unchanged", "older"]


@dataclass
class Placing:
    """Where submissions go.

    Attributes:
        collected: by assignment and student, what is known of them.
        refused: what could not be placed in this run.
        again: source and place of what was read in this run: what was said of it before is over.
    """

    submitted: Path
    unplaced: Path
    collected: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    refused: list[dict[str, str]] = field(default_factory=list)
    again: set[tuple[str, str]] = field(default_factory=set)

    @contextlib.contextmanager
    def held(self) -> Iterator[Placing]:
        """Makes the folder, keeps other runs out, and writes the tables at the end.

        Raises:
            GraderError: when it cannot be written, or another run holds it.
        """
        with self._writes(self.submitted):
            self.submitted.mkdir(parents=True, exist_ok=True)
            lock = (self.submitted / ".lock").open("a+")
        with lock:
            if fcntl is not None:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError as error:
                    raise GraderError(
                        f"Another run is collecting into {self.submitted}: wait until it is done."
                    ) from error
            # What a run was about to place when it ended.
            for left in self.submitted.glob(f"{_STAGE}*"):
                shutil.rmtree(left, ignore_errors=True)
            self.collected = collected(self.submitted)
            yield self

    def place(
        self,
        student: str,
        assignment: str,
        files: Mapping[str, bytes],
        when: datetime | None,
        late: bool = False,
    ) -> Outcome:
        """Lays a submission where it is graded from.

        Args:
            files: by path; a time that learners may have written is none of them.
            when: UTC without time zone; None where nobody knows.
            late: whether its system marks it as late. If it does so no longer, the time that was
                made up for that goes.

        Returns:
            "older" where a later one is there, or this one has given way to another before.

        Raises:
            GraderError: when it cannot be written.
        """
        # Not strftime, which writes the year 1 as 1.
        stamp = None if when is None else f"{when.isoformat(' ', 'microseconds')} UTC".encode()
        place = self.submitted / student / assignment
        with self._writes(place):
            there, since = _there(place)
            if there is not None and _fingerprint(there) == _fingerprint(files):
                before = self.collected.get((assignment, student), {})
                if stamp is None and before.get("late") and before["submitted"] and not late:
                    (place / TIMESTAMP).unlink(missing_ok=True)
                    return "replaced"
                if stamp is None or when == since:
                    return "unchanged"
                write_atomically(place / TIMESTAMP, stamp)
                return "replaced"
            own_past = self._past(student, assignment, _fingerprint(files))
            if there is not None and (
                (when < since) if when is not None and since is not None else own_past.exists()
            ):
                return "older"
            stage = self.submitted / f"{_STAGE}{secrets.token_hex(8)}"
            try:
                for path, content in files.items():
                    write_atomically(stage / path, content)
                if stamp is not None:
                    write_atomically(stage / TIMESTAMP, stamp)
                stage.mkdir(exist_ok=True)
                place.parent.mkdir(parents=True, exist_ok=True)
                if place.exists():
                    self._put_away(student, assignment, place, there or {})
                stage.rename(place)
            finally:
                shutil.rmtree(stage, ignore_errors=True)
        return "placed" if there is None else "replaced"

    def is_elsewhere(self, student: str, assignment: str) -> bool:
        """Whether a link in the way leads out of the folder."""
        folder = self.submitted / student
        return folder.is_symlink() or (folder / assignment).is_symlink()

    def _past(self, student: str, assignment: str, fingerprint: str) -> Path:
        return self.unplaced / EARLIER / student / f"{assignment}-{fingerprint[:12]}"

    def _put_away(
        self, student: str, assignment: str, place: Path, there: Mapping[str, bytes]
    ) -> None:
        past = self._past(student, assignment, _fingerprint(there))
        past.parent.mkdir(parents=True, exist_ok=True)
        while past.exists():
            past = past.with_name(f"{past.name}-{secrets.token_hex(2)}")
        # Not a rename: it may be another disk.
        shutil.move(place, past)

    def refuse(
        self,
        source: str,
        place: str,
        name: str,
        reason: str,
        files: Mapping[str, bytes] | None = None,
        assignment: str = "",
    ) -> None:
        """Notes what could not be placed, and keeps its files.

        Args:
            reason: the end of a sentence that begins with the place.

        Raises:
            GraderError: when they cannot be written.
        """
        kept = ""
        if files:
            # Archives of two assignments may have one name, and so may what is in them.
            own = f"{_folder_name(place)}-{_fingerprint(files)[:8]}"
            folder = self.unplaced / _folder_name(source) / own
            with self._writes(folder):
                for path, content in files.items():
                    file = folder / path
                    if not file.is_file() or file.read_bytes() != content:
                        write_atomically(file, content)
            kept = folder.relative_to(self.unplaced).as_posix()
        values = (source, assignment, place, name, reason, kept)
        self.refused.append(dict(zip(_UNPLACED, values, strict=True)))

    def save(self) -> None:
        """Writes the two tables, where something in them has changed.

        Raises:
            GraderError: when they cannot be written.
        """
        with self._writes(self.submitted):
            rows = [row for _, row in sorted(self.collected.items())]
            _write(self.submitted / COLLECTED, tables.dump(_COLLECTED, rows))
        path = self.unplaced / UNPLACED
        before = tables.load(path, _UNPLACED)
        again = self.again | {(row["source"], row["place"]) for row in self.refused}
        rows = [row for row in before if again.isdisjoint(_places(row))]
        rows = sorted([*rows, *self.refused], key=lambda row: [row[name] for name in _UNPLACED])
        kept = {row["kept"] for row in rows}
        if not rows and not before:
            return
        with self._writes(self.unplaced):
            _write(path, tables.dump(_UNPLACED, rows))
            for row in before:
                # It has been placed since: these were copies.
                if row["kept"] and row["kept"] not in kept:
                    shutil.rmtree(self.unplaced / row["kept"], ignore_errors=True)

    def _writes(self, folder: Path) -> contextlib.AbstractContextManager[None]:
        return cannot_write(folder, "What was collected is kept")


def collected(submitted: Path) -> dict[tuple[str, str], dict[str, str]]:
    """What is known of collected submissions, by assignment and student."""
    rows = tables.by_submission(submitted / COLLECTED, ("assignment", "student"))
    blank = dict.fromkeys(_COLLECTED, "")
    return {key: blank | row for key, row in rows.items()}


def _places(row: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What a row is about: a place, and what that is in."""
    parts = row["place"].split("/")
    return ((row["source"], "/".join(parts[:n])) for n in range(1, len(parts) + 1))


def _write(path: Path, data: bytes) -> None:
    if not path.is_file() or path.read_bytes() != data:
        write_atomically(path, data)


def _there(place: Path) -> tuple[dict[str, bytes] | None, datetime | None]:
    """What stands in a place, and since when; None where nothing does."""
    if not place.is_dir():
        return ({} if place.exists() else None), None
    files = {}
    with opened(place) as source:
        for path, file in source.files.items():
            # What cannot be read is not what is about to come.
            with contextlib.suppress(Unreadable):
                files[path] = file.read()
    stamp = files.pop(TIMESTAMP, b"")
    return files, timestamp_of(Folder({TIMESTAMP: stamp}))


def _fingerprint(files: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for path, content in sorted(files.items()):
        digest.update(os.fsencode(path) + b"\0" + hashlib.sha256(content).digest())
    return digest.hexdigest()


def _folder_name(text: str) -> str:
    """One part of a path, which is of this text alone."""
    safe = re.sub(r"[^\w.+@ -]", "_", text).strip(". ")[:80]
    if safe == text:
        return safe
    return f"{safe}-{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:8]}"
