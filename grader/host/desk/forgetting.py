"""Removes what is kept of one student, and says what that was.

Pages and tables that may speak of them are removed too, since they can be made again; what stands
elsewhere (downloads, exports under other names, backups) is not known here. What was removed before
something failed stays removed: the same command goes on from there.
"""

from __future__ import annotations

import contextlib
import csv
import io
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from grader.host.course import variants
from grader.host.course.course import Course
from grader.host.desk import tables
from grader.host.desk.placing import EARLIER, UNPLACED, Placing, collected
from grader.host.desk.roster import squeezed
from grader.host.gradebook.book import Book
from grader.host.gradebook.connection import Database
from grader.host.publish import pseudonyms
from grader.host.publish.formulas import bare
from grader.host.result_store import ResultStore, cannot_write
from grader.host.results.result import write_atomically
from grader.host.tasks import COLLECTED, names_of_students
from grader.protocol.errors import GraderError

# What stands in OUT and may speak of anybody: it can be made again.
_DERIVED = (
    *("report.html", "report", "report-pseudonyms", "leaderboard", "similar-*.html"),
    *("marks-*.csv", "marks-*.jsonl", "feedback-*.zip"),
)
_KEPT = "What was removed stays removed"


@dataclass(frozen=True)
class Kept:
    """Where something of a student is kept.

    Args:
        database: the gradebook.
    """

    student: str
    out: Path
    submitted: Path
    unplaced: Path
    database: Database

    def __post_init__(self) -> None:
        # A folder's name, and none that leads elsewhere.
        named = self.student and Path(self.student).name == self.student
        if not named or self.student.startswith("."):
            raise GraderError(f"{self.student!r} is no student: give a name from grades.csv.")

    def folders(self) -> list[Path]:
        """Files and folders that are of this student alone."""
        # Handed in under a name that a table can't hold, it goes by another there.
        there = sorted(self.submitted.glob("*"))
        handed_in = [path.name for path in there if path.is_dir() or path.is_symlink()]
        names = names_of_students(handed_in)
        found = [
            *(self.out / part / self.student for part in ("autograded", "feedback")),
            self.out / "feedback_of_nbgrader" / self.student,
            *(self.submitted / name for name in handed_in if names[name] == self.student),
            self.unplaced / EARLIER / self.student,
        ]
        results = self.out / "results"
        found += [folder / f"{self.student}.json" for folder in results.glob("*/")]
        return [path for path in found if path.exists() or path.is_symlink()]

    def derived(self) -> list[Path]:
        """What can be made again without this student."""
        return sorted(path for name in _DERIVED for path in self.out.glob(name))

    def namesakes(self) -> list[str]:
        """What lies in UNPLACED under the name of this student: it may be somebody else's."""
        names = {squeezed(self.student)}
        for (_, student), row in collected(self.submitted).items():
            if student == self.student:
                names.add(squeezed(row["name"]))
        rows = tables.load(self.unplaced / UNPLACED, ("place", "name"))
        return [row["place"] for row in rows if squeezed(row["name"]) in names]


def forget(kept: Kept, course: Course) -> list[str]:
    """Removes it all. Returns what was, a sentence each; nothing where nothing was kept.

    Raises:
        GraderError: when something cannot be removed, or a run uses the folders.
    """
    with contextlib.ExitStack() as exits:
        if kept.out.is_dir():
            exits.enter_context(ResultStore(kept.out).held())
        if kept.submitted.is_dir():
            exits.enter_context(Placing(kept.submitted, kept.unplaced).held())
        namesakes = kept.namesakes()
        told = list(_forget(kept, course))
    if told:
        told += [f"Look at {kept.unplaced / place}: it has the same name." for place in namesakes]
    return told


def _forget(kept: Kept, course: Course) -> Iterator[str]:
    student = kept.student
    if not kept.database.is_missing:
        with Book(kept.database, course.course_id) as book:
            if submissions := book.forget(student):
                yield f"{submissions} submissions in the gradebook, with marks and comments."
    for path in kept.folders():
        with cannot_write(path, _KEPT):
            if path.is_dir() and not path.is_symlink():
                try:
                    shutil.rmtree(path)
                except RecursionError as error:
                    raise GraderError(
                        f"{path} holds folders too deep to be removed here: remove it with rm -r, "
                        "then the same command goes on from here."
                    ) from error
            else:
                path.unlink()
        yield f"{path}"
    for path in (kept.out / "grades.csv", kept.submitted / COLLECTED):
        if count := _drop_rows(path, student):
            yield f"{count} rows in {path}."
    numbers = variants.read_numbers(course.root)
    if any(student in given for given in numbers.values()):
        for given in numbers.values():
            given.pop(student, None)
        path = course.root / variants.FILE
        with cannot_write(path, _KEPT):
            write_atomically(path, variants.as_file(numbers))
        yield f"The numbers of exercises that differ by learner, in {path}."
    store = ResultStore(kept.out)
    entered = store.entered()
    rest = {key: value for key, value in entered.items() if key.partition("/")[2] != student}
    with cannot_write(kept.out, _KEPT):
        drawn = pseudonyms.known(kept.out)
        if rest != entered:
            store.save_entered(rest)
        if drawn.pop(student, None) is not None:
            pseudonyms.save(kept.out, drawn)
            yield f"The pseudonym in {pseudonyms.key(kept.out)}."


def remove_derived(kept: Kept) -> list[Path]:
    """Removes pages and tables that can be made again. Returns which.

    Raises:
        GraderError: when one cannot be removed.
    """
    found = kept.derived()
    for path in found:
        with cannot_write(path, _KEPT):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return found


def _drop_rows(path: Path, student: str) -> int:
    """Writes a table without the rows of a student. Returns how many these were."""
    if not path.is_file():
        return 0
    table = tables.read(path)
    rows = [row for row in table.rows if bare(table.cell(row, "student")) != student]
    gone = len(table.rows) - len(rows)
    if gone:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(
            [table.header, *rows]
        )
        with cannot_write(path, _KEPT):
            write_atomically(path, text.getvalue().encode("utf-8", "replace"))
    return gone
