"""GitHub Classroom: a folder for each repository, ASSIGNMENT-LOGIN.

`gh classroom clone student-repos` lays them into ASSIGNMENT-submissions/. The roster is the
classroom_roster.csv that *Download* in the students' tab makes: identifier, github_username,
github_id, name. The table of grades names each repository with the time at which it was handed in
(student_repository_name, submission_timestamp). The time of a commit is not read: whoever commits
writes it.

Documentation: https://docs.github.com/en/education/manage-coursework-with-github-classroom; the
columns of the table of grades are those of *Get assignment grades* at
https://docs.github.com/en/rest/classroom/classroom.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from grader.host.desk.record import Found, Known, Record
from grader.host.desk.sources import File, Source

SYSTEM = "classroom"
_ALL = "-submissions"


def find(source: Source, known: Known) -> Found:
    """What lies in folders that are named as Classroom names repositories."""
    found = Found()
    # By folder, what its assignment is called, where the folder round it says so, and its files.
    folders: dict[str, tuple[str, dict[str, File]]] = {}
    for path, file in source.files.items():
        parts = path.split("/")
        round_it = source.name
        if len(parts) > 2 and parts[0].endswith(_ALL):
            round_it, *parts = parts
        if len(parts) < 2:
            found.others.append(file)
            continue
        slug = round_it.removesuffix(_ALL) if round_it.endswith(_ALL) else ""
        folders.setdefault(parts[0], (slug, {}))[1]["/".join(parts[1:])] = file
    logins = set(known.logins)
    # How many folders begin so, as far as logins say where a login begins.
    begins = Counter(begin for folder in folders if (begin := _before_login(folder, logins)))
    for folder, (slug, files) in folders.items():
        begin = _assignment(folder, slug, known.assignments, begins, logins)
        if begin is None:
            found.others.extend(files.values())
            continue
        # GitHub itself takes small and capital letters of a login for the same.
        login = folder[len(begin) + 1 :].casefold()
        assignment = begin if begin in known.assignments else None
        found.records.append(Record(SYSTEM, source.name, folder, login, login, files, assignment))
    return found


def _assignment(
    folder: str,
    slug: str,
    names: Collection[str],
    begins: Mapping[str, int],
    logins: Collection[str],
) -> str | None:
    """The part of a repository's name that names the assignment; None if there is none.

    Both parts may hold the sign that stands between them, and whoever opens an account may call it
    x-ada: of 07-x-ada not Ada's login is the end that counts, but what follows 07.

    Args:
        slug: what the folder round it says; "" where none does.
        begins: how many folders seem to begin in which way.
    """
    if _begins(folder, slug):
        return slug
    fitting = [name for name in names if _begins(folder, name)]
    own = _before_login(folder, logins)
    if own is None or own in names:
        return own or max(fitting, key=len, default=None)
    # What most folders say; where as many say something else, the login is the longer one.
    likely = {begin: begins.get(begin, 0) + (begin in names) for begin in (*begins, *fitting)}
    others = [begin for begin in likely if _begins(folder, begin)]
    return min(others, key=lambda begin: (-likely[begin], len(begin)))


def _begins(folder: str, begin: str) -> bool:
    """Whether a folder is named by this and a login."""
    return bool(begin) and folder.startswith(f"{begin}-") and len(folder) > len(begin) + 1


def _before_login(folder: str, logins: Collection[str]) -> str | None:
    """What stands before the longest login in which a folder's name ends."""
    pieces = folder.split("-")
    for cut in range(1, len(pieces)):
        if "-".join(pieces[cut:]).casefold() in logins:
            return "-".join(pieces[:cut])
    return None
