"""Notebooks that no system has named: a folder for each person, or their name in the file's name.

STUDENT/ASSIGNMENT/x.ipynb as nbgrader lays submissions out, STUDENT/x.ipynb, STUDENT_x.ipynb,
x_STUDENT.ipynb, or STUDENT.ipynb, where x is the name of a notebook of the course. The sign between
may be `_`, `-`, `+`, `.` or a space, or ` - `, as people name what they send.

Documentation: https://nbgrader.readthedocs.io/en/stable/user_guide/philosophy.html
"""

from __future__ import annotations

import os
import re
from pathlib import PurePosixPath

from grader.host.desk.record import Found, Known, Record
from grader.host.desk.sources import File, Source
from grader.host.intake.folder import is_notebook

SYSTEM = "loose"
_BETWEEN = (" - ", *"_-+. ")


def find(source: Source, known: Known) -> Found:
    """What can be read from the names of folders and files alone."""
    found = Found()
    # By student, assignment, and the how manieth of the same name.
    own: dict[tuple[str, str | None, int], dict[str, File]] = {}
    round_all = {path.split("/")[0] for path in source.files}
    outside = {*known.assignments, PurePosixPath(source.name).stem}
    for path, file in source.files.items():
        parts = path.split("/")
        if len(round_all) == 1 and len(parts) > 1 and parts[0] in outside:
            # A folder round all of them, which is nobody's.
            parts = parts[1:]
        if len(parts) > 2 and parts[1] in known.assignments:
            own.setdefault((parts[0], parts[1], 0), {})["/".join(parts[2:])] = file
        elif len(parts) > 1:
            own.setdefault((parts[0], None, 0), {})["/".join(parts[1:])] = file
        elif is_notebook(parts[0]) and (named := _named(PurePosixPath(parts[0]).stem, known)):
            student, notebook = named
            name = f"{notebook or student}.ipynb"
            assignments = [a for a, names in known.assignments.items() if notebook in names]
            assignment = assignments[0] if len(assignments) == 1 else None
            again = 0
            while name in own.setdefault((student, assignment, again), {}):
                again += 1
            own[student, assignment, again][name] = file
        else:
            found.others.append(file)
    for (student, assignment, _), files in own.items():
        paths = [file.path for file in files.values()]
        place = os.path.commonpath(paths) if len(paths) > 1 else paths[0]
        found.records.append(
            Record(SYSTEM, source.name, place or student, student, student, files, assignment)
        )
    return found


def _named(stem: str, known: Known) -> tuple[str, str | None] | None:
    """The student, and the notebook, that a file's name names; None when it names no student."""
    # What a browser adds to a name that is there already.
    stem = re.sub(r" ?\(\d+\)$", "", stem)
    notebooks = {name for names in known.assignments.values() for name in names}
    if stem in notebooks:
        return None
    for notebook in sorted(notebooks, key=len, reverse=True):
        for sign in _BETWEEN:
            if stem.startswith(f"{notebook}{sign}"):
                return stem[len(notebook) + len(sign) :], notebook
            if stem.endswith(f"{sign}{notebook}"):
                return stem[: -len(notebook) - len(sign)], notebook
    return stem, None
