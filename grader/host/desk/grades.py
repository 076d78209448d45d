"""Marks on their way out: grades.csv of a graded class, as each system wants it.

    book = Book.read(out, submitted)
    book.moodle("07", into=Path("worksheet.csv"))       # an Export: the file's bytes, and notes

An LMS's own file is filled in rather than written anew wherever there is one: what it holds goes
back column for column. A cell stays empty where there is no mark: of a submission that was
rejected, and of one that a teacher has still to look at.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from grader.host.desk import canvas, moodle, tables
from grader.host.desk.placing import collected
from grader.host.desk.roster import Roster, squeezed
from grader.host.publish.formulas import harmless
from grader.host.publish.pages import number
from grader.host.publish.pseudonyms import nameless
from grader.host.publish.report import NEEDS_MANUAL
from grader.host.result_store import ResultStore
from grader.host.results.result import Result
from grader.protocol.errors import GraderError

# What grades.csv says of every submission; the other columns are items.
_NEEDED = ("assignment", "student", "status", "late", "total", "max", "reason", "notes")
_FIXED = {*_NEEDED, "penalty", "waits"}
_WORKSHEET = (
    *("Identifier", "Full name", "Email address", "Status", "Grade", "Maximum Grade"),
    *("Grade can be changed", "Last modified (submission)", "Last modified (grade)"),
    "Feedback comments",
)
_PEOPLE = (
    *("Student", "LastName", "FirstName", "ID", "SIS User ID", "SIS Login ID"),
    *("Integration ID", "Root Account", "Section"),
)
_POSSIBLE = "Points Possible"


def counted(out: Path) -> Iterator[Result]:
    """The results of what stands in grades.csv: of others the submission has gone since.

    Raises:
        GraderError: when nothing was graded into the folder.
    """
    store = ResultStore(out)
    for assignment, student in _rows(out):
        result = store.load(assignment, student)
        if result is not None:
            yield result


def _rows(out: Path) -> dict[tuple[str, str], dict[str, str]]:
    path, store = out / "grades.csv", ResultStore(out)
    if not path.is_file():
        raise GraderError(f"There is no grades.csv in {out}: grade the class first.")
    rows = tables.by_submission(path, _NEEDED)
    for key in rows:
        # The table alone may have been taken elsewhere.
        if (out / "results").is_dir() and not store.result(*key).is_file():
            raise GraderError(
                f"{path} has a row of {key[1]} for {key[0]}, of whom nothing was graded: a "
                "spreadsheet may have made 12 of 0012. `grader grade` writes it again."
            )
    return rows


@dataclass(frozen=True)
class Grade:
    """What grades.csv says of one submission.

    Attributes:
        total: None where there is no mark.
        waits: whether a teacher has still to mark a part, or to look at a mark again.
        items: by name, as it stands there.
    """

    assignment: str
    student: str
    status: str
    late: bool
    total: float | None
    points: float
    waits: bool
    reason: str
    notes: str
    items: Mapping[str, str]

    def said(self) -> str:
        """In a few words, for whoever handed it in."""
        if self.total is None:
            return self.reason
        some = ", a part is not marked yet" if self.waits else ""
        return f"{number(self.total)} of {number(self.points)} points{some}"


@dataclass
class Export:
    """A file for a system, and what its user should know, a sentence each."""

    data: bytes
    notes: list[str] = field(default_factory=list)


@dataclass
class Book:
    """All marks of a graded class, with what is known of its people.

    Attributes:
        partial: whether a mark goes out of which a teacher has still to give a part.
        scale: whether points become those that the system has for full marks; None refuses where
            these differ.
    """

    grades: list[Grade]
    people: dict[tuple[str, str], dict[str, str]]
    partial: bool = False
    scale: bool | None = None

    @classmethod
    def read(
        cls, out: Path, submitted: Path, partial: bool = False, scale: bool | None = None
    ) -> Book:
        """Reads what grading and collecting wrote.

        Raises:
            GraderError: when nothing was graded into the folder.
        """
        rows = [_grade(row) for row in _rows(out).values()]
        return cls(rows, collected(submitted), partial, scale)

    def of(self, assignment: str | None) -> list[Grade]:
        """Those of an assignment, by its name or how it begins; all for None.

        Raises:
            GraderError: when there are none.
        """
        if assignment is None:
            return self.grades
        names = sorted({grade.assignment for grade in self.grades})
        fitting = [n for n in names if n == assignment] or [
            n for n in names if n.startswith(assignment)
        ]
        if len(fitting) != 1:
            raise GraderError(
                f"grades.csv has no one assignment {assignment!r}; it has "
                f"{', '.join(names) or 'none'}."
            )
        return [grade for grade in self.grades if grade.assignment == fitting[0]]

    def one(self, assignment: str | None) -> list[Grade]:
        """Those of one assignment, which need not be named where there is no other.

        Raises:
            GraderError: when there are none, or of several.
        """
        grades = self.of(assignment)
        names = sorted({grade.assignment for grade in grades})
        if len(names) != 1:
            raise GraderError(
                f"Say with --assignment which one: {', '.join(names)}."
                if names
                else "grades.csv holds no submission."
            )
        return grades

    def under(self, called: Mapping[str, str]) -> Book:
        """The same marks under other names: without what says whose they are."""
        grades = []
        for grade in self.grades:
            person = self.person(grade)
            names = [grade.student, person.get("name", ""), person.get("email", "")]
            grades.append(
                replace(
                    grade,
                    student=called[grade.student],
                    reason=nameless(grade.reason, names),
                    notes=nameless(grade.notes, names),
                )
            )
        # In no order that the names had.
        grades.sort(key=lambda grade: (grade.assignment, grade.student))
        return Book(grades, {}, self.partial, self.scale)

    def person(self, grade: Grade) -> dict[str, str]:
        """What collecting knew of whose it is; nothing where it was not collected."""
        return self.people.get((grade.assignment, grade.student), {})

    # --- For scripts ---

    def csv(self, assignment: str | None) -> Export:
        """A row for each submission, with name, e-mail address and group."""
        grades = self.of(assignment)
        items = list(dict.fromkeys(name for grade in grades for name in grade.items))
        head = [*self._fields(grades[0]), *items] if grades else []
        rows = [{**self._fields(grade), **grade.items} for grade in grades]
        return Export(tables.dump(head, rows))

    def jsonl(self, assignment: str | None) -> Export:
        """The same as one JSON object a line, numbers as numbers, no mark as null."""
        lines = []
        for grade in self.of(assignment):
            told = {
                **self._fields(grade),
                "total": grade.total,
                "max": grade.points,
                "late": grade.late,
                "waits": grade.waits,
                "items": {
                    name: None if score == NEEDS_MANUAL else float(score)
                    for name, score in grade.items.items()
                },
            }
            lines.append(json.dumps(told, ensure_ascii=False))
        return Export("".join(f"{line}\n" for line in lines).encode("utf-8", "replace"))

    def _fields(self, grade: Grade) -> dict[str, str]:
        person = self.person(grade)
        return {
            "assignment": grade.assignment,
            "student": grade.student,
            "name": person.get("name", ""),
            "email": person.get("email", ""),
            "group": person.get("group", ""),
            "submitted": person.get("submitted", ""),
            "status": grade.status,
            "late": "yes" if grade.late else "no",
            "waits": "yes" if grade.waits else "no",
            "total": "" if grade.total is None else number(grade.total),
            "max": number(grade.points),
            "reason": grade.reason,
            "notes": grade.notes,
        }

    # --- For an LMS ---

    def moodle(self, assignment: str | None, into: Path | None = None) -> Export:
        """Moodle's grading worksheet, for *Upload grading worksheet*: see `moodle`.

        Args:
            into: the worksheet that Moodle wrote, in English; its Grade is filled in, and its
                Feedback comments where nothing stands in them.

        Raises:
            GraderError: when it is none, or has other full marks than the assignment.
        """
        grades = self.one(assignment)
        if into is None:
            return self._worksheet(grades)
        table = tables.read(into)
        grade_at, comment_at = table.column("Grade"), table.column("Feedback comments")
        if grade_at is None or table.column("Identifier") is None:
            raise GraderError(
                f"{into} is no grading worksheet with the columns Identifier and Grade: set Moodle "
                "to English and download it again."
            )
        export = Export(b"")
        by_key = {self.person(g).get("key"): g for g in grades if self._is(g, moodle.SYSTEM)}
        rest = {grade.student: grade for grade in grades}
        by_name = self._by_names(grades, moodle.SYSTEM, into)
        for row in table.rows:
            row += [""] * (len(table.header) - len(row))
            participant = table.cell(row, "Identifier").rpartition(" ")[2]
            grade = by_key.get(participant) or by_name.get(participant)
            if grade is None or rest.pop(grade.student, None) is None:
                continue
            most = table.cell(row, "Maximum Grade")
            row[grade_at] = self._mark(grade, most, export)
            if comment_at is not None and not row[comment_at].strip():
                row[comment_at] = harmless(grade.said())
        self._tell(rest, into.name, export)
        export.data = table.data()
        return export

    def _worksheet(self, grades: list[Grade]) -> Export:
        export, rows, rest = Export(b""), [], {}
        for grade in grades:
            person = self.person(grade)
            if not self._is(grade, moodle.SYSTEM):
                rest[grade.student] = grade
                continue
            called = [harmless(person[name]) for name in ("name", "email")]
            who = [f"{moodle.HIDDEN} {person['key']}", *called]
            marks = [self._mark(grade, "", export), number(grade.points)]
            said = harmless(grade.said())
            rows.append([*who, "Submitted for grading", *marks, "Yes", "-", "-", said])
        self._tell(rest, "the worksheet", export)
        export.data = tables.Table(list(_WORKSHEET), rows).data()
        return export

    def canvas(
        self, assignment: str | None, into: Path | None = None, column: str | None = None
    ) -> Export:
        """Canvas's gradebook with one assignment, for *Import*: see `canvas`.

        Args:
            into: the gradebook that Canvas wrote; the columns that name people go back with it.
            column: what Canvas calls the assignment, where that is not its name here.

        Raises:
            GraderError: when it is none, has no such column, or other full marks.
        """
        grades = self.one(assignment)
        title = column or grades[0].assignment
        export = Export(b"")
        if into is None:
            return self._gradebook(grades, title, export)
        table = tables.read(into)
        if table.column("ID") is None or table.column("Section") is None:
            raise GraderError(f"{into} is no gradebook with the columns ID and Section.")
        at = _column(table, title, into)
        shown = [n for n in range(len(table.header)) if table.header[n].strip() in _PEOPLE]
        by_key = {self.person(g).get("key"): g for g in grades if self._is(g, canvas.SYSTEM)}
        by_name = self._by_names(grades, canvas.SYSTEM, into)
        rest = {grade.student: grade for grade in grades}
        rows, most = [], ""
        for row in table.rows:
            row += [""] * (len(table.header) - len(row))
            people = [row[n] for n in shown]
            if any(cell.strip() == _POSSIBLE for cell in people):
                most = row[at].strip()
                rows.append([*people, most])
                continue
            key = table.cell(row, "ID")
            grade = by_key.get(key) or by_name.get(key)
            if grade is None or rest.pop(grade.student, None) is None:
                continue
            rows.append([*people, self._mark(grade, most, export)])
        self._tell(rest, into.name, export)
        head = [*(table.header[n] for n in shown), table.header[at]]
        export.data = tables.Table(head, rows, table.separator, table.bom).data()
        return export

    def _gradebook(self, grades: list[Grade], title: str, export: Export) -> Export:
        head = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", title]
        rows = [[f"    {_POSSIBLE}", "", "", "", "", number(grades[0].points)]]
        rest = {}
        for grade in grades:
            person = self.person(grade)
            if not self._is(grade, canvas.SYSTEM) or not person["key"].isdecimal():
                rest[grade.student] = grade
                continue
            mark = self._mark(grade, "", export)
            rows.append([harmless(person["name"]), person["key"], "", "", "", mark])
        if not title.endswith(")"):
            export.notes.append(
                f"Where Canvas has no assignment {title}, it makes a new one: give its export with "
                "--into, or its column with --column."
            )
        self._tell(rest, "the gradebook", export)
        export.data = tables.Table(head, rows).data()
        return export

    def _is(self, grade: Grade, system: str) -> bool:
        person = self.person(grade)
        return person.get("system") == system and bool(person.get("key"))

    def _by_names(self, grades: list[Grade], system: str, path: Path) -> dict[str, Grade]:
        """Marks of people who came in by another way, by what the system calls them."""
        people = Roster.read([path]).people
        # Where in the list, by what means somebody: a class may have thousands.
        by_call: defaultdict[str, set[int]] = defaultdict(set)
        by_name: defaultdict[str, set[int]] = defaultdict(set)
        for place, person in enumerate(people):
            by_name[squeezed(person.name)].add(place)
            for text in person.called:
                by_call[text].add(place)
        found: defaultdict[str, list[tuple[bool, Grade]]] = defaultdict(list)
        for grade in grades:
            if self._is(grade, system):
                continue
            email = self.person(grade).get("email", "").casefold()
            fitting = {*by_call.get(grade.student.casefold(), ()), *by_call.get(email, ())}
            of_that_name = by_name.get(squeezed(grade.student), set())
            if len(of_that_name) == 1:
                fitting |= of_that_name
            # Without a key it is a row that nothing says whose it is.
            if len(fitting) == 1 and (key := (person := people[fitting.pop()]).key(system)):
                found[key].append((grade.student in person.ids, grade))
        marks = {}
        for key, several in found.items():
            # Of two that may be one person, whoever is called just so; else nothing says which.
            best = [grade for exactly, grade in several if exactly or len(several) == 1]
            if len(best) == 1:
                marks[key] = best[0]
        return marks

    def _mark(self, grade: Grade, most: str, export: Export) -> str:
        """What goes into the cell."""
        if grade.total is None:
            return ""
        if grade.waits and not self.partial:
            export.notes.append(f"{grade.student} waits for a teacher: no mark was exported.")
            return ""
        full = _number(most)
        if full is None or full == grade.points:
            return number(grade.total)
        if self.scale is None:
            raise GraderError(
                f"Full marks are {number(grade.points)} here and {number(full)} there: say --scale "
                "to convert them, or --no-scale to export points as they are."
            )
        if not self.scale or not grade.points:
            return number(grade.total)
        return f"{grade.total / grade.points * full:.2f}"

    def _tell(self, rest: Mapping[str, Grade], where: str, export: Export) -> None:
        """Who has a mark that does not go out."""
        for student in sorted(rest):
            export.notes.append(f"{student} has no row in {where}: no mark was exported.")


def _grade(row: Mapping[str, str]) -> Grade:
    mine = f"{row['assignment']}:"
    # A spreadsheet may write numbers as its country does.
    items = {
        name.removeprefix(mine): cell if cell == NEEDS_MANUAL else cell.replace(",", ".")
        for name, cell in row.items()
        if name not in _FIXED and name.startswith(mine) and cell
    }
    total, points = _number(row["total"]), _number(row["max"])
    marks = [_number(cell) for cell in items.values() if cell != NEEDS_MANUAL]
    if points is None or None in marks or (total is None and row["status"] == "graded"):
        raise GraderError(
            f"In grades.csv, the row of {row['student']} for {row['assignment']} holds a mark that "
            "is no number: `grader grade` writes it again."
        )
    return Grade(
        row["assignment"],
        row["student"],
        row["status"],
        row["late"] == "yes",
        total,
        points,
        # A mark for an earlier version is a number, and waits, too.
        NEEDS_MANUAL in items.values() or row.get("waits") == "yes",
        row["reason"],
        row["notes"],
        items,
    )


def _number(text: str) -> float | None:
    try:
        found = float(text.replace(",", "."))
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def _column(table: tables.Table, title: str, path: Path) -> int:
    """Where an assignment stands: `Title (ID)`, whole or without the number."""
    fitting = [
        n
        for n, name in enumerate(table.header)
        if name.strip() == title or name.strip().rpartition(" (")[0] == title
    ]
    if len(fitting) != 1:
        others = [name for name in table.header if name.strip().endswith(")")]
        raise GraderError(
            f"{path} has no one column {title}: say with --column which it is of "
            f"{', '.join(others) or 'its columns'}."
        )
    return fitting[0]
