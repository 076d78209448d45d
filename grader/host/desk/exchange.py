"""nbgrader's exchange: its inbound folder, STUDENT+ASSIGNMENT+TIME, with random letters after that.

Every attempt lies there; the last counts. The time in the folder's name is the server's.

Documentation: https://nbgrader.readthedocs.io/en/stable/user_guide/managing_assignment_files.html
"""

from __future__ import annotations

import re

from grader.host.desk.record import Found, Known, Record
from grader.host.desk.sources import File, Source
from grader.host.intake.submission import parse_time

SYSTEM = "nbgrader"
_FOLDER = re.compile(
    r"(?P<student>[^+]+)\+(?P<assignment>[^+]+)\+(?P<time>\d{4}-\d\d-\d\d [^+]+?)(\+[^+]*)?"
)


def find(source: Source, known: Known) -> Found:
    """What lies in folders that `nbgrader submit` has made."""
    found = Found()
    folders: dict[str, tuple[re.Match[str], dict[str, File]]] = {}
    for path, file in source.files.items():
        parts = path.split("/")
        matches = [(number, _FOLDER.fullmatch(part)) for number, part in enumerate(parts[:-1])]
        number, match = next(((n, m) for n, m in matches if m), (0, None))
        if match is None:
            found.others.append(file)
            continue
        _, files = folders.setdefault(parts[number], (match, {}))
        files["/".join(parts[number + 1 :])] = file
    for folder, (match, files) in folders.items():
        try:
            submitted = parse_time(match["time"])
        except ValueError:
            found.others.extend(files.values())
            continue
        student, assignment = match["student"], match["assignment"]
        found.records.append(
            Record(SYSTEM, source.name, folder, student, student, files, assignment, submitted)
        )
    return found
