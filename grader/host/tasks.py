"""What was handed in, folder by folder, and by which name each student goes."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.host.course.assignment import Assignment
from grader.host.course.course import Course
from grader.host.intake.folder import NOT_LOOKED_AT, is_notebook, printable
from grader.protocol.errors import GraderError

# The table that collecting writes beside the students' folders.
COLLECTED = "collected.csv"
# Bytes of a student's name: what nbgrader has room for in a gradebook.
MAX_NAME = 128
# Files in the folder of all that are told by name.
_NAMED = 5
_ARCHIVES = (".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".7z", ".rar")
# By whether a folder is a link.
_NO_STUDENT = "No student's folder begins with a dot.", "This folder is a link: it is not followed."
# Signs that take no room, besides those that Unicode calls formats: joiners, fillers, selectors.
_NO_WIDTH = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)
# Small Cyrillic and Greek letters that look, small or large, as a Latin one does.
_LATIN = str.maketrans("авсԁенһіјкморԛѕтухԝαβεηικνορτυχ", "abcdehhijkmopqstyxwabehiknoptyx")


@dataclass(frozen=True)
class Task:
    """A folder that was handed in.

    Attributes:
        reason: why it can't be graded, where its place tells.
    """

    assignment: Assignment
    student: str
    folder: Path
    reason: str | None = None


def find_tasks(
    submitted: Path, assignments: Mapping[str, Assignment]
) -> tuple[list[Task], dict[str, str]]:
    """What was handed in for these assignments, as nbgrader lays it out: STUDENT/ASSIGNMENT/.

    Returns:
        The tasks, sorted, and by "STUDENT/FOLDER" why another folder is no submission.

    Raises:
        GraderError: when the folder of all cannot be read.
    """
    try:
        entries = sorted(submitted.iterdir())
        folders = [path for path in entries if path.is_dir()]
    except OSError as error:
        raise GraderError(f"Cannot read {submitted}: {error.strerror}.") from error
    names = names_of_students([folder.name for folder in folders])
    # Macs may write ü as two signs.
    spelled = {unicodedata.normalize("NFC", name): name for name in assignments}
    tasks: dict[tuple[str, str], Task] = {}
    others = {}
    loose = [_printable(path.name) for path in entries if _may_be_work(path)]
    if loose:
        more = f" and {len(loose) - _NAMED} more" if len(loose) > _NAMED else ""
        others[f"{', '.join(loose[:_NAMED])}{more}"] = (
            "What lies right here is nobody's: it belongs into STUDENT/ASSIGNMENT/."
        )
    for folder in folders:
        student = names[folder.name]
        try:
            found = sorted(folder.iterdir())
        except OSError as error:
            others[student] = f"The folder cannot be read ({error.strerror})."
            continue
        there = {path.name for path in found}
        for inside in found:
            name = spelled.get(unicodedata.normalize("NFC", inside.name))
            # Of two that are spelled in two ways, the one that is spelled as it should be.
            is_its = name == inside.name or name not in there
            assignment = assignments[name] if name is not None and is_its else None
            if assignment is not None and (inside.is_dir() or inside.is_symlink()):
                if folder.name.startswith("."):
                    others[student] = _NO_STUDENT[False]
                else:
                    tasks[assignment.name, student] = Task(assignment, student, inside)
            elif folder.name.startswith(".") or folder.is_symlink():
                if folder.name not in NOT_LOOKED_AT and _may_be_work(inside):
                    others.setdefault(student, _NO_STUDENT[folder.is_symlink()])
            elif inside.is_dir():
                if inside.name not in NOT_LOOKED_AT:
                    place = f"{student}/{_printable(inside.name)}"
                    others[place] = "This is no assignment that is being graded."
            else:
                like = list(_named_like(inside.name, assignments))
                for wrong in like:
                    task = Task(wrong, student, folder / wrong.name, _too_high(inside.name))
                    # It may lie in its place, too.
                    tasks.setdefault((wrong.name, student), task)
                if not like and _may_be_work(inside):
                    place = f"{student}/{_printable(inside.name)}"
                    others[place] = "This lies in no assignment's folder."
    return list(tasks.values()), others


def _may_be_work(path: Path) -> bool:
    """Whether something that lies in no assignment's folder may be what somebody has handed in."""
    return path.is_file() and (is_notebook(path.name) or path.name.lower().endswith(_ARCHIVES))


def _named_like(file: str, assignments: Mapping[str, Assignment]) -> Iterator[Assignment]:
    """The assignments that have a notebook of this name."""
    for assignment in assignments.values():
        if is_notebook(file) and Path(file).stem in assignment.notebooks:
            yield assignment


def _too_high(file: str) -> str:
    return f"{printable(file)} lies in the student's folder: it belongs one folder deeper."


def names_of_students(folders: Sequence[str]) -> dict[str, str]:
    """What to call the students whose folders these are: two of them never get the same name."""
    names = {folder: _printable(folder) for folder in folders}
    taken = {folder for folder, name in names.items() if folder == name}
    for folder, name in names.items():
        again = 0
        while name != folder and name in taken:
            again += 1
            name = _printable(folder, again)
        names[folder] = name
        taken.add(name)
    return names


def look_alikes(students: Collection[str]) -> dict[str, str]:
    """By student, what to tell a teacher of names that others can't be told apart from."""
    alike: dict[str, list[str]] = {}
    for student in sorted(students):
        alike.setdefault(_looks(student), []).append(student)
    return {
        student: f"{len(names)} students' names look like {student!a}: they are "
        f"{', '.join(map(ascii, names))}."
        for names in alike.values()
        if len(names) > 1
        for student in names
    }


def _looks(name: str) -> str:
    """The same for names that look the same: in other letters, or with signs of no width."""
    whole = unicodedata.normalize("NFKC", name).casefold().translate(_LATIN)
    seen = (c for c in whole if unicodedata.category(c) != "Cf" and not _NO_WIDTH.match(c))
    return " ".join("".join(seen).split())


def why_no_student(name: str) -> str | None:
    """Why no student can go by this name, as the end of a sentence; None where one can."""
    if not name or name != name.strip() or name.startswith("."):
        return "is empty, or begins with a dot or a space"
    if "/" in name or "\\" in name:
        return "has a sign in it that parts folders"
    if name.casefold() == COLLECTED:
        return "is that of the table which lies beside the students' folders"
    return None if _printable(name) == name else "is too long, or has signs in it that are not text"


def _printable(name: str, again: int = 0) -> str:
    """A folder's name as text that can be written, also as the name of a file with an ending.

    Bytes that are no UTF-8 get backslashes. A very long name is cut, and one with signs that
    Formgrader would take for HTML goes without them; a hash tells these from others.

    Args:
        again: how many other names of this one are taken.
    """
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    safe = re.sub(r'[<>"\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]', "_", text)
    if safe == text and len(text.encode()) <= MAX_NAME and not again:
        return text
    digest = hashlib.sha256(os.fsencode(name)).hexdigest()
    return f"{safe[:50]}-{digest[: 16 + again]}"


def load_assignments(
    course: Course, submitted: Path, names: Sequence[str]
) -> dict[str, Assignment]:
    """The assignments named, or else all for which something was handed in.

    Raises:
        GraderError: when a name is unknown or a source damaged.
    """
    return {name: course.load(name) for name in names or course.handed_in(submitted)}
