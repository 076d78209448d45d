"""nbgrader's exchange: its inbound folder, STUDENT+ASSIGNMENT+TIME, with random letters after that.

Every attempt lies there; the last counts. Folder, name and time are made by `nbgrader submit`,
which runs as the student: so a folder may claim to be somebody else's. Where people's logins are
what nbgrader calls them, it is known by its owner. The time is the student's word, as in nbgrader.

Documentation: https://nbgrader.readthedocs.io/en/stable/user_guide/managing_assignment_files.html
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Mapping
from pathlib import Path

try:
    import pwd
except ImportError:  # Not on Windows.
    pwd = None  # type: ignore[assignment]

from grader.host.desk.record import Found, Known, Record
from grader.host.desk.sources import File, Source
from grader.host.intake.submission import parse_time

SYSTEM = "nbgrader"
# What lies in the exchange of a course: attempts in the first of these.
INBOUND = "inbound"
FOLDERS = frozenset((INBOUND, "outbound", "feedback"))
_FOLDER = re.compile(
    r"(?P<student>[^+]+)\+(?P<assignment>[^+]+)"
    r"\+(?P<time>\d{4}-\d\d-\d\d [^+]+?( \+\d+)?)(\+[^+]*)?"
)


def find(source: Source, known: Known) -> Found:
    """What lies in folders that `nbgrader submit` has made."""
    found = Found()
    folders: dict[str, tuple[re.Match[str], dict[str, File]]] = {}
    students: dict[str, str] = {}
    for path, file in source.files.items():
        parts = path.split("/")
        matches = [(number, _FOLDER.fullmatch(part)) for number, part in enumerate(parts[:-1])]
        number, match = next(((n, m) for n, m in matches if m), (0, None))
        if match is None:
            found.others.append(file)
            continue
        # By its whole place: in a folder of one's own one may call another as somebody's.
        place = "/".join(parts[: number + 1])
        _, files = folders.setdefault(place, (match, {}))
        files["/".join(parts[number + 1 :])] = file
        students[place] = match["student"]
    claimed = _claimed(source, students)
    source.refused |= claimed
    for place in claimed:
        del folders[place]
    for folder, (match, files) in folders.items():
        submitted = None
        with contextlib.suppress(ValueError):
            submitted = parse_time(match["time"], zone=known.zone)
        student, assignment = match["student"], match["assignment"]
        found.records.append(
            Record(SYSTEM, source.name, folder, student, student, files, assignment, submitted)
        )
    return found


def _claimed(source: Source, students: Mapping[str, str]) -> dict[str, str]:
    """The folders that are not of whom they name, and why that is known.

    Of a copy, or where all work with one account, nothing is known: no folder is its student's.
    """
    if source.root is None:
        return {}
    owners = {folder: _owner(source.root / folder) for folder in students}
    if not any(owners[folder] == student for folder, student in students.items()):
        return {}
    # What somebody has laid there who may is theirs to decide.
    trusted = {"root", _owner(source.root)}
    return {
        folder: f"says that it is of {student}, but belongs to {owners[folder]}"
        for folder, student in students.items()
        if owners[folder] not in {student, *trusted}
    }


def _owner(folder: Path) -> str:
    """The login of whom a folder belongs to, or their number; "" where that has no meaning."""
    try:
        number = os.lstat(folder).st_uid
    except OSError:
        return ""
    if pwd is None:
        return ""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)
