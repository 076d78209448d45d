"""What one learner handed in for one assignment: a folder's notebooks, its files, and when.

submission = collect(assignment, folder, student)     # or Rejected
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from fnmatch import fnmatchcase
from pathlib import Path
from unicodedata import normalize

from dateutil.tz import gettz
from nbgrader.utils import parse_utc

from grader.host.course.assignment import Assignment, TeacherNotebook
from grader.host.intake.folder import (
    TIMESTAMP,
    Folder,
    few,
    is_notebook,
    printable,
    read_folder,
)
from grader.host.intake.notebook import Rejected, too_large
from grader.host.intake.paper import Paper, read_paper

# Its name, such as Europe/Berlin or EST5EDT, or seconds.
_ZONE = re.compile(r"[A-Za-z][\w+-]*(/[\w+-]+)*|[+-]?\d+")


@dataclass(frozen=True)
class Submission:
    """What one learner handed in for one assignment.

    Attributes:
        papers: by name of the notebook; `Rejected` where one of several is missing or damaged.
        files: contents of what lies beside the notebooks, by relative path.
        timestamp: when it was handed in, UTC without time zone as in nbgrader; None if unknown.
        notes: about the folder, a sentence each.
    """

    assignment: Assignment
    student: str
    papers: Mapping[str, Paper | Rejected]
    files: Mapping[str, bytes] = field(default_factory=dict)
    timestamp: datetime | None = None
    notes: tuple[str, ...] = ()


Reader = Callable[[TeacherNotebook, bytes, str], Paper | Rejected]


def collect(
    assignment: Assignment, folder: Path | Folder, student: str, read: Reader | None = None
) -> Submission | Rejected:
    """Takes what a learner handed in.

    A single notebook under another name is graded under the assignment's, and that is noted. Of
    several notebooks, those that are missing or damaged count as not answered.

    Args:
        folder: STUDENT/ASSIGNMENT, or what was read of it.
        read: what to read a notebook with, instead of `read_paper`.
    """
    if isinstance(folder, Path):
        folder = read_folder(folder)
    if folder.reason is not None:
        return Rejected(folder.reason)
    notes = list(folder.notes)
    notebooks = {
        path for path in (*folder.files, *folder.too_large) if "/" not in path and is_notebook(path)
    }
    if not notebooks:
        return Rejected(" ".join(["The folder holds no notebook.", *notes]))
    wanted = {f"{name}.ipynb": name for name in assignment.notebooks}
    # By the name that was expected, the name that was found. Macs may write ü as two signs.
    spelled = {normalize("NFC", name): name for name in notebooks}
    found = {
        expected: expected if expected in notebooks else spelled[normalize("NFC", expected)]
        for expected in wanted
        if expected in notebooks or normalize("NFC", expected) in spelled
    }
    if len(notebooks) == 1 and len(wanted) == 1 and not found:
        (other,), (expected,) = notebooks, wanted
        notes.append(f"The notebook is named {printable(other)}, not {expected}.")
        found = {expected: other}
    elif not found:
        others = ", ".join(map(printable, sorted(notebooks)[:5]))
        return Rejected(f"None of its notebooks ({others}) is named {' or '.join(wanted)}.")
    papers: dict[str, Paper | Rejected] = {}
    for expected, name in wanted.items():
        if expected not in found:
            papers[name] = Rejected(f"{expected} was not handed in.")
            continue
        file = found[expected]
        if file in folder.too_large:
            papers[name] = too_large(printable(file), folder.too_large[file])
            continue
        teacher = assignment.notebooks[name]
        papers[name] = (read or read_paper)(teacher, folder.files[file], printable(file))
    if all(isinstance(paper, Rejected) for paper in papers.values()):
        reasons = [paper.reason for paper in papers.values() if isinstance(paper, Rejected)]
        return Rejected(" ".join(reasons))
    extra = sorted(notebooks - set(found.values()))
    notes += few(
        [f"{printable(n)} is no notebook of this assignment and was not graded." for n in extra]
    )
    timestamp = timestamp_of(folder, assignment.zone)
    if TIMESTAMP in folder.files and timestamp is None:
        notes.append(f"{TIMESTAMP} cannot be read as a time.")
    files = {
        path: content
        for path, content in folder.files.items()
        if path != TIMESTAMP and not is_notebook(path) and not _is_ignored(path, assignment.ignored)
    }
    return Submission(assignment, student, papers, files, timestamp, tuple(notes))


def _is_ignored(path: str, patterns: Sequence[str]) -> bool:
    """Whether a file, or a folder that it lies in, has a name that nbgrader would pass over."""
    return any(fnmatchcase(part, one) for part in path.split("/") for one in patterns)


def timestamp_of(folder: Folder, zone: str = "UTC") -> datetime | None:
    """nbgrader's timestamp.txt, as UTC without time zone; None when it holds no time.

    Args:
        zone: as of `parse_time`.
    """
    try:
        # Windows' editors begin a file with a mark.
        return parse_time(folder.files[TIMESTAMP][:100].decode("utf-8-sig"), zone=zone)
    except (KeyError, ValueError):
        return None


# How a teacher types a time, as an error shows it.
TYPED = "2026-11-30T23:59+01:00 or 2026-11-30 23:59 Europe/Berlin"


def parse_time(text: str, typed: bool = False, zone: str = "UTC") -> datetime:
    """A time in ISO 8601 or as nbgrader writes it, as UTC without time zone; UTC if it names none.

    Args:
        typed: by the teacher, who can say it better: a number may be PM.
        zone: where nbgrader wrote it. It writes what that zone is called on that day, such as CEST
            or CST: two continents may have that name, or no list of zones.

    Raises:
        ValueError: when it is neither, its zone is not known, or UTC has no room for it.
    """
    text = re.sub(r"\s+(?=([+-]\d\d(:?\d\d)?|Z)$)", "", text.strip().removesuffix(" UTC"))
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        # nbgrader's own way also knows the names of zones; it would read a date into anything, and
        # take the third word for a file's name, if it is no zone's.
        words = text.split(" ")
        named = words[2:] if len(words) == 3 else []
        if not re.match(r"\d{4}-\d\d-\d\d ", text) or not all(map(_ZONE.fullmatch, named)):
            raise
        there = _when_called(words[0] + " " + words[1], named[0], gettz(zone)) if named else None
        # nbgrader takes a name that it does not know for UTC. A number would be seconds.
        if there is None and any(gettz(w) is None if w[0].isalpha() else typed for w in named):
            raise
        try:
            when = there or parse_utc(text)
        except (OverflowError, TypeError, AttributeError) as error:
            raise ValueError(f"{text} is no time") from error
    try:
        return when.astimezone(UTC).replace(tzinfo=None) if when.tzinfo else when
    except (OverflowError, ValueError) as error:
        raise ValueError(f"{text} is no time in UTC") from error


def _when_called(text: str, name: str, zone: tzinfo | None) -> datetime | None:
    """A time in the zone, if that is called so then: each name once where clocks are put back."""
    both = (datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    return next((when for when in both if when.tzname() == name), None)
