"""Moodle's assignment activity: its archive of submissions, its grading worksheet, its feedback.

The archive is what *Download all submissions* makes: a folder for each person and kind of
submission, `Full name_ID_assignsubmission_file`, or, where folders are switched off, files that
begin so. Moodle up to 4.0 ends the folder's name with another `_`. ID belongs to a person in this
assignment; the worksheet has it as Identifier, `Participant 123`. Where a group hands in together,
the folder has the group's name and number; feedback goes to each member by their own.

The worksheet is what *Download grading worksheet* makes, with the setting *Offline grading
worksheet*. On the way back Moodle looks for the columns Identifier, Grade, Last modified (grade)
and those of feedback, by their names in the language of whoever uploads, and leaves out rows that
are newer in Moodle, unless one ticks the box that says otherwise.

*Upload multiple feedback files in a zip* finds people by the same names as in the archive.

Documentation: https://docs.moodle.org/en/Using_Assignment, and what it leaves open in Moodle's
mod/assign: classes/downloader.php and gradingtable.php for what goes out,
feedback/file/importziplib.php and feedback/offline/importgradeslib.php for what comes in.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from grader.host.desk.record import Found, Known, Record
from grader.host.desk.sources import File, Source

SYSTEM = "moodle"
HIDDEN = "Participant"
# Underscores in names become spaces in Moodle, so what stands between two of them is whole.
_PART = re.compile(
    r"(?P<begin>(?P<name>[^_]+)_(?P<id>\d+)_(?P<kind>assign[a-z]+)_(?P<plugin>[a-z]+))_?(?P<rest>.*)"
)
_TIMES = ("%A, %d %B %Y, %I:%M %p", "%A, %B %d, %Y, %I:%M %p", "%A, %d %B %Y, %H:%M")


def find(source: Source, known: Known) -> Found:
    """What *Download all submissions* put into an archive, with folders or without."""
    found = Found()
    files: dict[tuple[str, str], dict[str, File]] = {}
    back: dict[tuple[str, str], str] = {}
    for path, file in source.files.items():
        parts = path.split("/")
        # Whoever unpacks the archive and packs it again may have put a folder round it.
        matches = [(number, _PART.fullmatch(part)) for number, part in enumerate(parts)]
        number, match = next(((n, m) for n, m in matches if m), (0, None))
        if match is None or match["kind"] == "assignfeedback":
            found.others.append(file)
            continue
        who = (match["name"], match["id"])
        inside = [*([match["rest"]] if match["rest"] else []), *parts[number + 1 :]]
        files.setdefault(who, {})["/".join(inside)] = file
        if match["plugin"] == "file" or who not in back:
            is_folder = number < len(parts) - 1
            begin = match["begin"] if match["rest"] or not is_folder else match[0]
            back[who] = f"{begin}/" if is_folder else f"{begin}_"
    for (name, number_), own in files.items():
        begin = f"{name}_{number_}"
        found.records.append(
            Record(
                SYSTEM,
                source.name,
                begin,
                number_,
                f"{name} {number_}" if name == HIDDEN else name,
                own,
                back=back[name, number_],
                stable=False,
            )
        )
    return found


def of_member(record: Record, name: str, keys: Collection[tuple[str, str]]) -> Record:
    """What a group handed in, as if this member had.

    Args:
        keys: system, and by what it knows the member.
    """
    own = [key for system, key in keys if system == SYSTEM]
    if len(own) != 1:
        # Two worksheets know two: nothing says which is of this assignment.
        return replace(record, key="", back="", team=record.name)
    back = f"{name}_{own[0]}_assignsubmission_file/"
    return replace(record, key=own[0], back=back, team=record.name)


def parse_time(text: str) -> datetime:
    """A time as the English worksheet writes it, without time zone: it is that of the teacher.

    Raises:
        ValueError: when it is written in another way.
    """
    for form in _TIMES:
        try:
            return datetime.strptime(text.strip(), form)
        except ValueError:
            continue
    raise ValueError(f"{text} is no time of Moodle's")
