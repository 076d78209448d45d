"""Marks that a person gives to texts: what there is to read, and each mark into the gradebook.

    review = Review(store, database, assignments)
    review.texts("numbers", "why")            # with the state of each mark
    review.save([Change(id, seen, wanted)])   # what was saved, and what somebody else had changed

The gradebook is the one that Formgrader opens. A mark is saved where the gradebook still holds what
its teacher saw, and only there: so two teachers never write over one another without being told.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec import Struct
from nbformat import NotebookNode
from nbgrader.api import Assignment as BookAssignment
from nbgrader.api import (
    BaseCell,
    Comment,
    Grade,
    SubmittedAssignment,
    SubmittedNotebook,
    new_uuid,
)
from nbgrader.api import Notebook as BookNotebook
from sqlalchemy import (
    Connection,
    Select,
    Table,
    and_,
    create_engine,
    func,
    insert,
    select,
    update,
)

from grader.host.course.assignment import Assignment, Kind, TeacherCell, TeacherNotebook
from grader.host.desk.alike import Idea, groups, ideas
from grader.host.gradebook.connection import Database
from grader.host.publish.pages import cut, plain, titles
from grader.host.publish.pseudonyms import nameless
from grader.host.result_store import ResultStore
from grader.protocol.errors import GraderError

# Characters of a text and of a comment.
MAX_TEXT = 20_000
MAX_COMMENT = 10_000

# What stands between a mark's id and the submission that was read for it.
_READ = "@"
# An end of line within a paragraph.
_BROKEN = re.compile(r"(?<=\S) *\n(?![ \t]*(?:\n|[-*#>•]|\d+[.)])) *")

_GRADES: Table = Grade.__table__
_COMMENTS: Table = Comment.__table__
_CELLS: Table = BaseCell.__table__
_COMMENTED = _CELLS.alias("commented")
_NOTEBOOKS: Table = SubmittedNotebook.__table__
_SUBMISSIONS: Table = SubmittedAssignment.__table__
_BOOK_NOTEBOOKS: Table = BookNotebook.__table__
_BOOK_ASSIGNMENTS: Table = BookAssignment.__table__


class State(Struct, frozen=True):
    """What the gradebook holds of one mark.

    Attributes:
        score: what a teacher gave; None for nothing.
        waits: whether a teacher has still to look.
        comment: what a teacher wrote.
    """

    score: float | None = None
    waits: bool = True
    comment: str = ""


class Change(Struct, frozen=True):
    """A mark to be saved.

    Attributes:
        id: of the mark, as `texts` names it.
        seen: what its teacher saw there.
        wanted: what is to stand there.
    """

    id: str
    seen: State
    wanted: State


class Saved(Struct, frozen=True):
    """What came of it: the state that each mark has now, by its id.

    Attributes:
        saved: those that were written.
        changed: those that somebody else had changed: nothing was written there.
    """

    saved: dict[str, State]
    changed: dict[str, State]


@dataclass(frozen=True)
class Place:
    """A cell that a person marks."""

    assignment: Assignment
    notebook: TeacherNotebook
    cell: TeacherCell

    @property
    def id(self) -> str:
        return f"{self.assignment.name}/{self.notebook.name}/{self.cell.grade_id}"

    @property
    def title(self) -> str:
        """As the course calls it."""
        item = str(self.cell.item or self.cell.grade_id)
        return titles(self.notebook).get(item, plain(item))

    @property
    def rubric(self) -> str:
        """What the teacher wrote in the place of the answer."""
        lines = self.cell.original.splitlines()
        return "\n".join(line for line in lines if not line.strip().startswith("### "))

    @property
    def is_text(self) -> bool:
        return bool(self.cell.node.cell_type == "markdown")

    @property
    def prompt(self) -> str:
        """The text above it."""
        position = self.notebook.cells.index(self.cell)
        above = reversed(self.notebook.cells[:position])
        found = (c.released for c in above if c.node.cell_type == "markdown" and c.grade_id is None)
        return next(found, "")


class Review:
    """The texts of a graded class, and their marks.

    Args:
        called: what to call each student; by their names where it says nothing.
        people: by assignment and student, what `collect` knows of them: with pseudonyms, their
            texts are shown without it.
    """

    def __init__(
        self,
        store: ResultStore,
        database: Database,
        assignments: Iterable[Assignment],
        called: Mapping[str, str] | None = None,
        people: Mapping[tuple[str, str], Mapping[str, str]] | None = None,
    ) -> None:
        if database.is_missing:
            raise GraderError(f"There is no gradebook {database}: grade the class first.")
        self._store = store
        self._database = database
        self._called = called
        self._people = people or {}
        self._engine = create_engine(database.url, pool_pre_ping=True)
        self.places = {place.id: place for place in _places(assignments)}
        # By mark, where it stands and whose it is.
        self._whose: dict[str, tuple[Place, str]] = {}

    def counts(self) -> dict[str, tuple[int, int]]:
        """By place, how many wait, and how many there are.

        Raises:
            GraderError: as from every method, when the gradebook can't be used.
        """
        found = {}
        with self._database.one_sentence(), self._engine.connect() as connection:
            for place in self.places.values():
                rows = self._rows(connection, place)
                found[place.id] = sum(state.waits for _, _, state in rows), len(rows)
        return found

    def texts(self, place: str) -> dict[str, object]:
        """All that the page shows of a place: rubric, and groups of texts with marks.

        Raises:
            KeyError: when there is no such place.
        """
        here = self.places[place]
        with self._database.one_sentence(), self._engine.connect() as connection:
            rows = self._rows(connection, here)
        known = ideas(here.rubric)
        written, compared = {}, {}
        for _, student, _ in rows:
            written[student], pictures = self._text(here, student)
            compared[student] = f"{written[student]}\n{pictures}"
        of = {student: (mark, state) for mark, student, state in rows}
        return {
            "id": here.id,
            "title": here.title,
            "points": here.cell.points,
            "prompt": plain(_lines(here.prompt)),
            "rubric": plain(_lines(here.rubric) if here.is_text else here.rubric),
            "ideas": [idea.text for idea in known],
            "groups": [
                [self._member(here, who, written[who], *of[who], known) for who in group]
                for group in groups(compared, is_code=here.cell.node.cell_type == "code")
            ],
        }

    def _member(
        self,
        place: Place,
        student: str,
        text: str,
        mark: str,
        state: State,
        known: Sequence[Idea],
    ) -> dict[str, object]:
        called = plain(student if self._called is None else self._called[student])
        person = self._people.get((place.assignment.name, student), {})
        names = [student, person.get("name", ""), person.get("email", "")]
        shown = text if self._called is None else nameless(text, names)
        return {
            "id": f"{mark}{_READ}{self._handed_in(mark)}",
            "student": called,
            "text": shown,
            "state": state,
            "ideas": [round(idea.shown(text), 2) for idea in known],
        }

    def _text(self, place: Place, student: str) -> tuple[str, str]:
        """What somebody wrote, and what tells the pictures in it from others."""
        notebook = self._store.notebook(place.assignment.name, student, place.notebook.name)
        if notebook is None:
            return "", ""
        cells = notebook.cells
        if place.cell.kind is Kind.TASK:
            # It has no place for an answer: what was written stands somewhere.
            released = {cell.released.strip() for cell in place.notebook.cells}
            own = [cell for cell in cells if cell.source.strip() not in released]
            text = "\n\n".join(cell.source for cell in own)
            return cut(plain(text), MAX_TEXT), _pictures(own)
        for cell in cells:
            if cell.metadata.get("nbgrader", {}).get("grade_id") == place.cell.grade_id:
                blank = cell.source.strip() == place.cell.released.strip()
                text = _lines(cell.source) if place.is_text else cell.source
                return "" if blank else cut(plain(text), MAX_TEXT), _pictures([cell])
        return "", ""

    def _rows(self, connection: Connection, place: Place) -> list[tuple[str, str, State]]:
        """Of everybody whose submission could be graded: the mark's id, the student, its state."""
        wanted = (
            _marks()
            .join(_BOOK_NOTEBOOKS, _BOOK_NOTEBOOKS.c.id == _CELLS.c.notebook_id)
            .join(_BOOK_ASSIGNMENTS, _BOOK_ASSIGNMENTS.c.id == _BOOK_NOTEBOOKS.c.assignment_id)
            .where(_CELLS.c.name == place.cell.grade_id)
            .where(_BOOK_NOTEBOOKS.c.name == place.notebook.name)
            .where(_BOOK_ASSIGNMENTS.c.name == place.assignment.name)
        )
        pages = self._store.folder / "autograded"
        rows = [
            (row.id, row.student_id, _state_of(row))
            for row in connection.execute(wanted)
            if (pages / row.student_id / place.assignment.name).is_dir()
        ]
        self._whose.update((mark, (place, student)) for mark, student, _ in rows)
        return rows

    def _handed_in(self, mark: str) -> str:
        """A fingerprint of what the student of this mark has handed in."""
        place, student = self._whose[mark]
        result = self._store.load(place.assignment.name, student)
        return "" if result is None else result.handed_in

    # --- Saving ---

    def save(self, changes: Sequence[Change]) -> Saved:
        """Saves marks, each at once and for good.

        Raises:
            GraderError: when a mark is unknown, or no number of points that can be had, or when the
                student has handed in other work since it was read.
        """
        for change in changes:
            self._check(change)
        done = Saved({}, {})
        with self._database.one_sentence():
            for change in changes:
                with self._engine.connect() as connection:
                    if self._write(connection, change):
                        connection.commit()
                        done.saved[change.id] = change.wanted
                    else:
                        connection.rollback()
                        row = _row(connection, _mark_of(change))
                        done.changed[change.id] = State() if row is None else _state_of(row)
        return done

    def _check(self, change: Change) -> None:
        mark = _mark_of(change)
        if mark not in self._whose:
            raise GraderError("There is no such mark: load the page again.")
        most = self._whose[mark][0].cell.points
        if change.id.partition(_READ)[2] != self._handed_in(mark):
            raise GraderError("Somebody has handed in other work meanwhile: load the page again.")
        score = change.wanted.score
        # Not a number compares as false, too.
        if score is not None and not 0 <= score <= most:
            raise GraderError(f"{score:g} is not from 0 to {most:g} points.")
        if len(change.wanted.comment) > MAX_COMMENT or "\0" in change.wanted.comment:
            raise GraderError(f"A comment has at most {MAX_COMMENT:,} characters of text.")

    @staticmethod
    def _write(connection: Connection, change: Change) -> bool:
        """Writes one mark where the gradebook holds what was seen. Returns whether it did."""
        g, c = _GRADES.c, _COMMENTS.c
        seen, wanted = change.seen, change.wanted
        done = connection.execute(
            update(_GRADES)
            .where(g.id == _mark_of(change))
            .where(g.manual_score.is_not_distinct_from(seen.score))
            .where(g.needs_manual_grade == seen.waits)
            .values(manual_score=wanted.score, needs_manual_grade=wanted.waits)
        )
        if done.rowcount != 1:
            return False
        row = _row(connection, _mark_of(change))
        if row is None or (row.manual_comment or "") != seen.comment:
            return False
        if wanted.comment == seen.comment:
            return True
        if row.comment is None:
            # Where two come to this at once, the table lets one of them in.
            connection.execute(
                insert(_COMMENTS).values(
                    id=new_uuid(),
                    notebook_id=row.notebook_id,
                    cell_id=row.commented,
                    manual_comment=wanted.comment,
                )
            )
            return True
        done = connection.execute(
            update(_COMMENTS)
            .where(c.id == row.comment)
            .where(func.coalesce(c.manual_comment, "") == seen.comment)
            .values(manual_comment=wanted.comment or None)
        )
        return done.rowcount == 1


def _mark_of(change: Change) -> str:
    return change.id.partition(_READ)[0]


def _marks() -> Select[Any]:
    """Marks, with whose they are, their comments, and the cells to which these belong."""
    return (
        select(
            _GRADES.c.id,
            _GRADES.c.notebook_id,
            _GRADES.c.manual_score,
            _GRADES.c.needs_manual_grade,
            _SUBMISSIONS.c.student_id,
            _COMMENTED.c.id.label("commented"),
            _COMMENTS.c.id.label("comment"),
            _COMMENTS.c.manual_comment,
        )
        .join(_CELLS, _CELLS.c.id == _GRADES.c.cell_id)
        .join(_NOTEBOOKS, _NOTEBOOKS.c.id == _GRADES.c.notebook_id)
        .join(_SUBMISSIONS, _SUBMISSIONS.c.id == _NOTEBOOKS.c.assignment_id)
        .outerjoin(
            _COMMENTED,
            and_(
                _COMMENTED.c.name == _CELLS.c.name,
                _COMMENTED.c.notebook_id == _CELLS.c.notebook_id,
                # A mark belongs to one cell of the table, the comment beside it to another.
                _COMMENTED.c.type.in_(("SolutionCell", "TaskCell")),
            ),
        )
        .outerjoin(
            _COMMENTS,
            and_(
                _COMMENTS.c.cell_id == _COMMENTED.c.id,
                _COMMENTS.c.notebook_id == _GRADES.c.notebook_id,
            ),
        )
        .order_by(_SUBMISSIONS.c.student_id)
    )


def _row(connection: Connection, mark: str) -> Any:
    return connection.execute(_marks().where(_GRADES.c.id == mark)).first()


def _state_of(row: Any) -> State:
    return State(row.manual_score, bool(row.needs_manual_grade), row.manual_comment or "")


def _pictures(cells: Iterable[NotebookNode]) -> str:
    """A fingerprint of the pictures of cells, pasted or shown; "" where there is none."""
    held = [
        (kind, data)
        for cell in cells
        for bundle in (
            *cell.get("attachments", {}).values(),
            *(output.get("data", {}) for output in cell.get("outputs", ())),
        )
        for kind, data in bundle.items()
        if kind.startswith("image/")
    ]
    return hashlib.sha256(repr(held).encode()).hexdigest() if held else ""


def _lines(text: str) -> str:
    """Markdown with a line for each paragraph or point, as it is read; tables and code stay."""
    if "```" in text or "\n|" in text or "\n    " in text:
        return text
    return _BROKEN.sub(" ", text)


def _places(assignments: Iterable[Assignment]) -> Iterator[Place]:
    for assignment in assignments:
        for notebook in assignment.notebooks.values():
            for cell in notebook.cells:
                if cell.kind in (Kind.MANUAL, Kind.TASK):
                    yield Place(assignment, notebook, cell)
