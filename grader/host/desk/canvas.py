"""Canvas: its archive of submissions, its gradebook, and files that go back as comments.

The archive is what *Download Submissions* makes: files `NAME_USER_FILE_what.ipynb`, NAME being the
sortable name without spaces and signs in small letters, USER and FILE numbers; `LATE` stands
before USER where it came late. Where people are anonymous, `anon_abc12` is USER, and no name stands
before it. A text or an address that was typed in is `NAME_USER_text.html` or `_link.html`. Of
several attempts Canvas puts in the last. A file that was handed in again may end in `-1`. When it
was handed in, stands nowhere.

The gradebook is what *Export* in the gradebook makes: Student (or LastName, FirstName), ID,
SIS User ID, SIS Login ID, Section, then a column for each assignment, `Title (ID)`, below it a row
`Points Possible`. On the way back Canvas needs a column that names people, and leaves out
assignments that have none.

*Re-Upload Submissions* takes a zip of files under the names that they had in the archive, finds
USER and FILE in them, and gives each to its person as a comment, under the name that their own
file had: what is to go back for a notebook has to be a notebook.

Documentation, in the Canvas Instructor Guide: *How do I download all student submissions for an
assignment?* (https://community.instructure.com/en/kb/articles/660693), *How do I export grades in
the Gradebook?*, *How do I import grades in the Gradebook?*; what they leave open in Canvas itself:
lib/content_zipper.rb, lib/gradebook_exporter.rb, lib/gradebook_importer.rb, and for files that come
back infer_comment_context_from_filename in app/models/abstract_assignment.rb.
"""

from __future__ import annotations

import re

from grader.host.desk.record import Found, Known, Record
from grader.host.desk.sources import File, Source
from grader.host.intake.folder import is_notebook

SYSTEM = "canvas"
_WHAT = r"(?:(?P<file>\d+)_(?P<rest>.+)|(?P<typed>(?:text|link)\.html))"
_NAMED = re.compile(rf"(?P<begin>(?P<name>.+?)_(?:(?P<late>LATE)_)?(?P<user>\d+)_){_WHAT}")
# Nothing stands before it: else whoever calls a file so would hand it in for somebody else.
_ANONYMOUS = re.compile(
    rf"(?P<begin>(?:(?P<late>LATE)_)?(?P<user>anon_(?!\d+_)[A-Za-z0-9]+)_){_WHAT}"
)


def find(source: Source, known: Known) -> Found:
    """What *Download Submissions* put into an archive."""
    found = Found()
    # By name and number: whose name ends as somebody's number is not them.
    files: dict[tuple[str, str], dict[str, File]] = {}
    first: dict[tuple[str, str], re.Match[str]] = {}
    back: dict[tuple[str, str], str] = {}
    for path, file in source.files.items():
        name = path.rpartition("/")[2]
        match = _ANONYMOUS.fullmatch(name)
        if match is None and len(fitting := _readings(name, known)) > 1:
            source.refused[path] = "may be of several people: its numbers are those of each"
            continue
        if match is None:
            match = next(iter(fitting), None)
        if match is None:
            found.others.append(file)
            continue
        who = (match.groupdict().get("name") or "", match["user"])
        first.setdefault(who, match)
        name = match["typed"] or match["rest"]
        own = files.setdefault(who, {})
        # Canvas lets two files of one submission have the same name.
        own[name if name not in own else f"{match['file']}_{name}"] = file
        if match["file"] and (who not in back or is_notebook(name)):
            back[who] = f"{match['begin']}{match['file']}_"
    for who, own in files.items():
        match = first[who]
        name, user = who
        found.records.append(
            Record(
                SYSTEM,
                source.name,
                (back.get(who) or match["begin"]).rstrip("_"),
                user,
                name or user,
                own,
                late=bool(match["late"]),
                back=back.get(who, ""),
            )
        )
    return found


def _readings(written: str, known: Known) -> list[re.Match[str]]:
    """How a file's name can be read; nothing where it is of another kind.

    The first two numbers are the person's and the file's. But whoever is called ada_17 seems to be
    number 17: where one of the next numbers is somebody's, too, their names decide.
    """
    match = _NAMED.fullmatch(written)
    readings = []
    while match is not None:
        readings.append(match)
        # The same with a longer name, where another number follows at once.
        longer = f"{match['name']}_{match['user']}"
        match = re.compile(_NAMED.pattern.replace(".+?", re.escape(longer), 1)).fullmatch(written)
    theirs = [reading for reading in readings if reading["user"] in known.numbers]
    if len(theirs) < 2:
        return readings[:1]
    named = [r for r in theirs if r["name"].replace("_", "") in known.numbers[r["user"]]]
    return named if len(named) == 1 else theirs
