"""Canvas: its archive of submissions, its gradebook, and files that go back as comments.

The archive is what *Download Submissions* makes: files `NAME_USER_FILE_what.ipynb`, NAME being the
sortable name without spaces and signs in small letters, USER and FILE numbers; `LATE` stands
before USER where it came late. Where people are anonymous, they are `anon_abc12`. A text or an
address that was typed in is `NAME_USER_text.html` or `_link.html`. Of several attempts Canvas puts
in the last. A file that was handed in again may end in `-1`. When it was handed in, stands nowhere.

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
_NAME = re.compile(
    r"(?P<begin>(?:(?P<name>.+?)_)?(?:(?P<late>LATE)_)?(?P<user>\d+|anon_[A-Za-z0-9]+)_)"
    r"(?:(?P<file>\d+)_(?P<rest>.+)|(?P<typed>(?:text|link)\.html))",
    re.IGNORECASE,
)


def find(source: Source, known: Known) -> Found:
    """What *Download Submissions* put into an archive."""
    found = Found()
    files: dict[str, dict[str, File]] = {}
    first: dict[str, re.Match[str]] = {}
    back: dict[str, str] = {}
    for path, file in source.files.items():
        match = _NAME.fullmatch(path.rpartition("/")[2])
        if match is None or (match["name"] is None and match["user"].isdecimal()):
            found.others.append(file)
            continue
        user = match["user"]
        first.setdefault(user, match)
        name = match["typed"] or match["rest"]
        own = files.setdefault(user, {})
        # Canvas lets two files of one submission have the same name.
        own[name if name not in own else f"{match['file']}_{name}"] = file
        if match["file"] and (user not in back or is_notebook(name)):
            back[user] = f"{match['begin']}{match['file']}_"
    for user, own in files.items():
        match = first[user]
        found.records.append(
            Record(
                SYSTEM,
                source.name,
                (back.get(user) or match["begin"]).rstrip("_"),
                user,
                match["name"] or user,
                own,
                late=bool(match["late"]),
                back=back.get(user, ""),
            )
        )
    return found
