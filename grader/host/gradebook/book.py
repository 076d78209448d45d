"""nbgrader's own gradebook, filled so that Formgrader opens it.

One `Book` writes at a time. What a teacher entered by hand (scores, extra credit, comments) is
never touched, and comes back from `record`. Submissions are entered with a few plain statements
each: nbgrader's own way takes five times as long, and keeps all of them in memory.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any

from nbgrader.api import (
    Comment,
    Grade,
    Gradebook,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
    new_uuid,
)
from nbgrader.preprocessors import AssignLatePenalties
from sqlalchemy import Table, bindparam, insert, or_, select, text, update
from tornado.log import app_log
from traitlets.config import Config

from grader.host.course.assignment import Assignment, Kind, TeacherCell, TeacherNotebook
from grader.host.gradebook.connection import Database
from grader.host.results.result import Result
from grader.protocol.errors import GraderError

# Submissions that are entered in one transaction.
BATCH = 100

_STUDENTS: Table = Student.__table__
_SUBMISSIONS: Table = SubmittedAssignment.__table__
_NOTEBOOKS: Table = SubmittedNotebook.__table__
_GRADES: Table = Grade.__table__
_COMMENTS: Table = Comment.__table__


@dataclass(frozen=True)
class Entry:
    """What the gradebook says of a submission.

    Attributes:
        late: whether it came after its time.
        penalty: the points that this costs.
        scores: those that a teacher gave by hand, by "notebook/grade_id".
        comments: likewise.
        outdated: of these, those whose submission has changed since, and nobody has looked.
    """

    late: bool
    penalty: float = 0.0
    scores: Mapping[str, float] = field(default_factory=dict)
    comments: Mapping[str, str] = field(default_factory=dict)
    outdated: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Sheet:
    """A notebook of an assignment: its id, and by grade_id those of cells with grade or comment."""

    name: str
    id: str
    graded: Mapping[str, str]
    commented: Mapping[str, str]


@dataclass(frozen=True)
class _Known:
    """An assignment as the database knows it."""

    id: str
    due: datetime | None
    sheets: tuple[_Sheet, ...]


class Book:
    """An open gradebook.

    Args:
        config: the course's, for nbgrader's plugin that says what being late costs.

    Raises:
        GraderError: from every method, in one sentence, when the database fails.
    """

    def __init__(self, database: Database, course_id: str, config: Config | None = None) -> None:
        self._database = database
        self._exits = contextlib.ExitStack()
        with contextlib.ExitStack() as exits:
            with database.one_sentence():
                database.prepare()
                self._book = Gradebook(database.url, course_id)
                exits.callback(self._book.close)
                database.prepare_session(self._book.db)
                self._students = set(self._book.db.scalars(select(_STUDENTS.c.id)))
            self._penalties = _penalties(config or Config())
            self._exits = exits.pop_all()
        self._assignments: dict[str, _Known] = {}
        self._waiting = 0

    def __enter__(self) -> Book:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, _: TracebackType | None
    ) -> None:
        with self._exits:
            if kind is None:
                self.commit()

    def commit(self) -> None:
        """Writes what was entered."""
        with self._one_sentence():
            self._book.db.commit()
            self._waiting = 0

    def _one_sentence(self) -> contextlib.AbstractContextManager[None]:
        return self._database.one_sentence()

    # --- The teacher's side --------------------------------------------------------------------

    def knows(self, assignment: str) -> bool:
        """Whether an assignment of this name was entered."""
        with self._one_sentence():
            return any(entry.name == assignment for entry in self._book.assignments)

    def set_up(self, assignment: Assignment, due: datetime | None) -> None:
        """Enters an assignment with its notebooks and cells, or brings it up to date.

        Args:
            due: UTC without time zone; None keeps what the gradebook says.

        Raises:
            GraderError: also when a cell has gone, by itself or with its notebook, that a teacher
                has graded by hand.
        """
        with self._one_sentence():
            options = {} if due is None else {"duedate": due}
            with self._one_transaction():
                entry = self._book.update_or_create_assignment(assignment.name, **options)
                for notebook in assignment.notebooks.values():
                    self._set_up_notebook(assignment.name, notebook)
                for old in [n for n in entry.notebooks if n.name not in assignment.notebooks]:
                    self._remove_old_cells(old, assignment.name, ())
                    self._book.remove_notebook(old.name, assignment.name)

    def due(self, assignment: str) -> datetime | None:
        """When it was due, UTC without time zone."""
        with self._one_sentence():
            return self._read(assignment).due

    def set_due(self, assignment: str, due: datetime) -> None:
        """Enters when an assignment was due, UTC without time zone, and nothing else of it."""
        with self._one_sentence():
            self._book.update_or_create_assignment(assignment, duedate=due)

    @contextlib.contextmanager
    def _one_transaction(self) -> Iterator[None]:
        """Has nbgrader's functions, each of which commits, wait for the disk once for them all.

        They log what goes wrong with a traceback: it is one sentence here.
        """
        database = self._book.db
        database.commit = database.flush
        told, app_log.disabled = app_log.disabled, True
        try:
            yield
        except BaseException:
            database.rollback()
            raise
        finally:
            del database.commit
            app_log.disabled = told
        database.commit()

    def _set_up_notebook(self, assignment: str, notebook: TeacherNotebook) -> None:
        book = self._book
        kernel = json.dumps(notebook.metadata.get("kernelspec", {}))
        entry = book.update_or_create_notebook(notebook.name, assignment, kernelspec=kernel)
        self._remove_old_cells(entry, assignment, notebook.cells)
        before = {cell.name: cell for cell in [*entry.grade_cells, *entry.task_cells]}
        for cell in notebook.cells:
            if cell.kind is Kind.FREE:
                continue
            known = before.get(cell.grade_id) if cell.kind.graded else None
            if known is not None and known.max_score != cell.points:
                # A mark by hand is out of the points that there were.
                book.db.execute(
                    update(_GRADES)
                    .where(_GRADES.c.cell_id == known.id)
                    .where(or_(_GRADES.c.manual_score.is_not(None), _GRADES.c.extra_credit != 0))
                    .values(needs_manual_grade=True)
                )
            place = (cell.grade_id, notebook.name, assignment)
            if cell.kind in (Kind.TEST, Kind.MANUAL):
                book.update_or_create_grade_cell(
                    *place, max_score=cell.points, cell_type=cell.node.cell_type
                )
            if cell.kind in (Kind.ANSWER, Kind.MANUAL):
                book.update_or_create_solution_cell(*place)
            if cell.kind is Kind.TASK:
                book.update_or_create_task_cell(
                    *place, max_score=cell.points, cell_type=cell.node.cell_type
                )
            book.update_or_create_source_cell(
                *place,
                cell_type=cell.node.cell_type,
                locked=cell.kind.locked,
                source=cell.node.source,
                checksum=cell.node.metadata.nbgrader.get("checksum"),
            )

    def _remove_old_cells(self, entry: Any, assignment: str, cells: Iterable[TeacherCell]) -> None:
        kinds = {cell.grade_id: cell.kind for cell in cells if cell.kind is not Kind.FREE}
        wanted = {
            "GradeCell": (Kind.TEST, Kind.MANUAL),
            "SolutionCell": (Kind.ANSWER, Kind.MANUAL),
            "TaskCell": (Kind.TASK,),
        }
        database = self._book.db
        for cell in [*entry.grade_cells, *entry.solution_cells, *entry.task_cells]:
            if kinds.get(cell.name) in wanted[type(cell).__name__]:
                continue
            grades = database.query(Grade).filter(Grade.cell_id == cell.id).all()
            comments = database.query(Comment).filter(Comment.cell_id == cell.id).all()
            by_hand = any(g.manual_score is not None or g.extra_credit for g in grades)
            if by_hand or any(c.manual_comment for c in comments):
                raise GraderError(
                    f"{assignment} has no cell {cell.name} any more, but {self._database} holds "
                    "marks given by hand for it: grade into another folder."
                )
            for row in [*grades, *comments]:
                database.delete(row)
            database.flush()
            database.delete(cell)
        for source_cell in entry.source_cells:
            if source_cell.name not in kinds:
                database.delete(source_cell)
        database.commit()

    def count_run(self) -> int | None:
        """How many runs have entered something before, and counts this one, too. A copy of earlier
        knows of fewer. None on a server."""
        database = self._book.db
        if database.get_bind().dialect.name != "sqlite":
            return None
        with self._one_sentence():
            before = int(database.scalar(text("PRAGMA user_version")))
            database.execute(text(f"PRAGMA user_version = {before + 1}"))
        return before

    def forget(self, student: str) -> int:
        """Removes somebody with all that was entered for them. Returns how many submissions."""
        if student not in self._students:
            return 0
        database = self._book.db
        with self._one_sentence():
            if database.get_bind().dialect.name == "sqlite":
                # What is deleted is overwritten, too.
                database.execute(text("PRAGMA secure_delete = ON"))
            submissions = len(self._book.student_submissions(student))
            with self._one_transaction():
                self._book.remove_student(student)
        self._students.discard(student)
        return submissions

    # --- Learners ------------------------------------------------------------------------------

    def record(self, result: Result, assignment: Assignment, look_again: bool | None) -> Entry:
        """Enters what was found for a submission. Returns what the gradebook says of it then.

        A rejected submission has no automatic score, and needs a teacher.

        Args:
            look_again: it is another submission than the gradebook knows: what a teacher graded is
                then to be looked at again, as in nbgrader. So is what a test now sees differently.
                None if only the gradebook could tell: it is the same if its time is.
        """
        scores: dict[str, float] = {}
        comments: dict[str, str] = {}
        outdated: set[str] = set()
        penalty = 0.0
        with self._one_sentence():
            known = self._assignments.get(assignment.name) or self._read(assignment.name)
            submission, extension, is_same = self._enter_submission(result, known)
            if look_again is None:
                look_again = not is_same
            due = known.due + (extension or timedelta()) if known.due else None
            late = (result.timestamp - due).total_seconds() if result.timestamp and due else 0.0
            said = _comments(result, assignment)
            for sheet in known.sheets:
                notebook, before = self._enter_notebook(submission, sheet)
                total = self._enter_grades(result, sheet, notebook, look_again, scores, outdated)
                self._enter_comments(said, sheet, notebook, comments)
                cost = self._cost(result, total, late)
                penalty += cost or 0.0
                if cost != before:
                    changed = update(_NOTEBOOKS).where(_NOTEBOOKS.c.id == notebook)
                    self._book.db.execute(changed.values(late_submission_penalty=cost))
            self._waiting += 1
        if self._waiting >= BATCH:
            self.commit()
        return Entry(late > 0, penalty, scores, comments, frozenset(outdated))

    def _read(self, assignment: str) -> _Known:
        """The ids of an assignment, which do not change once it is set up."""
        found = self._book.find_assignment(assignment)
        sheets = [
            _Sheet(
                notebook.name,
                notebook.id,
                {cell.name: cell.id for cell in [*notebook.grade_cells, *notebook.task_cells]},
                {cell.name: cell.id for cell in [*notebook.solution_cells, *notebook.task_cells]},
            )
            for notebook in found.notebooks
        ]
        known = _Known(found.id, found.duedate, tuple(sheets))
        self._assignments[assignment] = known
        return known

    def _enter_submission(
        self, result: Result, known: _Known
    ) -> tuple[str, timedelta | None, bool]:
        """Its id, by how much its due date was extended, and whether one of this time was there."""
        database = self._book.db
        if result.student not in self._students:
            # Formgrader may have entered them since it was opened.
            if not database.scalar(select(_STUDENTS.c.id).where(_STUDENTS.c.id == result.student)):
                database.execute(insert(_STUDENTS), {"id": result.student})
            self._students.add(result.student)
        table = _SUBMISSIONS.c
        row = database.execute(
            select(table.id, table.timestamp, table.extension)
            .where(table.assignment_id == known.id)
            .where(table.student_id == result.student)
        ).first()
        if row is None:
            values = {
                "id": new_uuid(),
                "assignment_id": known.id,
                "student_id": result.student,
                "timestamp": result.timestamp,
            }
            database.execute(insert(_SUBMISSIONS), values)
            return values["id"], None, False
        if row.timestamp != result.timestamp:
            changed = update(_SUBMISSIONS).where(table.id == row.id)
            database.execute(changed.values(timestamp=result.timestamp))
            return row.id, row.extension, False
        return row.id, row.extension, row.timestamp is not None

    def _enter_notebook(self, submission: str, sheet: _Sheet) -> tuple[str, float | None]:
        """Its id, and what being late has cost so far."""
        table = _NOTEBOOKS.c
        row = self._book.db.execute(
            select(table.id, table.late_submission_penalty)
            .where(table.assignment_id == submission)
            .where(table.notebook_id == sheet.id)
        ).first()
        if row is not None:
            return row.id, row.late_submission_penalty
        values = {"id": new_uuid(), "assignment_id": submission, "notebook_id": sheet.id}
        self._book.db.execute(insert(_NOTEBOOKS), values)
        return values["id"], None

    def _enter_grades(
        self,
        result: Result,
        sheet: _Sheet,
        notebook: str,
        look_again: bool,
        scores: dict[str, float],
        outdated: set[str],
    ) -> float:
        """The points of the notebook; what was given by hand is put into `scores`, and what of it
        is to be looked at again, into `outdated`."""
        found = {
            cell.grade_id: cell.score
            for item in result.items
            for cell in item.cells
            if cell.notebook == sheet.name
        }
        total = 0.0
        rows = self._rows(_GRADES, notebook, sheet.graded)
        new, changed = [], []
        for name, cell in sheet.graded.items():
            score = found.get(name)
            row = rows.get(cell)
            values = {"auto_score": score, "needs_manual_grade": score is None}
            if row is None:
                new.append({"cell_id": cell, "notebook_id": notebook, **values})
                total += score or 0.0
                continue
            marked = row.manual_score is not None
            by_hand = marked or bool(row.extra_credit)
            base = row.manual_score if marked else score
            if by_hand and not result.handed_in:
                # The grader could not look at it: that is no news of the submission.
                values["auto_score"] = row.auto_score
                values["needs_manual_grade"] = row.needs_manual_grade
            elif by_hand:
                news = look_again or row.auto_score != score
                values["needs_manual_grade"] = base is None or news or row.needs_manual_grade
            if by_hand and base is not None and values["needs_manual_grade"]:
                outdated.add(f"{sheet.name}/{name}")
            if (row.auto_score, row.needs_manual_grade) != tuple(values.values()):
                changed.append({"row": row.id, **values})
            if base is not None:
                total += base + (row.extra_credit or 0.0)
                if by_hand:
                    scores[f"{sheet.name}/{name}"] = base + (row.extra_credit or 0.0)
        self._write(_GRADES, new, changed)
        return total

    def _enter_comments(
        self, said: Mapping[str, str], sheet: _Sheet, notebook: str, comments: dict[str, str]
    ) -> None:
        """What was written by hand is put into `comments`."""
        rows = self._rows(_COMMENTS, notebook, sheet.commented)
        new, changed = [], []
        for name, cell in sheet.commented.items():
            place = f"{sheet.name}/{name}"
            row = rows.get(cell)
            comment = said.get(place)
            if row is None:
                new.append({"cell_id": cell, "notebook_id": notebook, "auto_comment": comment})
                continue
            if row.auto_comment != comment:
                changed.append({"row": row.id, "auto_comment": comment})
            if row.manual_comment:
                comments[place] = row.manual_comment
        self._write(_COMMENTS, new, changed)

    def _rows(self, table: Table, notebook: str, cells: Mapping[str, str]) -> dict[str, Any]:
        """What a table holds of cells of a submission's notebook, by the cell's id."""
        # nbgrader's index begins with the cell: without it a large table is read as a whole.
        wanted = select(table).where(table.c.cell_id.in_(cells.values()))
        rows = self._book.db.execute(wanted.where(table.c.notebook_id == notebook))
        return {row.cell_id: row for row in rows}

    def _write(
        self, table: Table, new: list[dict[str, Any]], changed: list[dict[str, Any]]
    ) -> None:
        if new:
            self._book.db.execute(insert(table), new)
        if changed:
            # The keys name the columns that change.
            self._book.db.connection().execute(
                update(table).where(table.c.id == bindparam("row")), changed
            )

    def _cost(self, result: Result, total: float, late: float) -> float | None:
        """What the course's plugin takes off for being late; None for nothing."""
        if self._penalties is None or late <= 0 or result.status == "rejected":
            return None
        try:
            cost = self._penalties.late_submission_penalty(result.student, total, late)
            # Extra credit below 0 can leave a notebook less than nothing to take off.
            return None if cost is None else max(0.0, min(float(cost), total))
        except Exception as error:
            raise GraderError(
                f"The course's plugin for late submissions failed on {result.student} "
                f"({type(error).__name__}: {error})."
            ) from error


def _penalties(config: Config) -> Any:
    """The course's plugin that says what being late costs; None where it names none."""
    if not {"AssignLatePenalties", "LateSubmissionPlugin"} & config.keys():
        return None
    try:
        preprocessor = AssignLatePenalties(config=config)
        preprocessor.init_plugin()
    except Exception as error:
        raise GraderError(
            f"The course's plugin for late submissions cannot be loaded ({error})."
        ) from error
    return preprocessor.plugin_inst


def _comments(result: Result, assignment: Assignment) -> dict[str, str]:
    """What to say beside answers, by "notebook/grade_id".

    Tests have no place for comments: what there is to say of one stands with the answer before it.
    """
    said = {place: ["No response."] for place in result.unanswered}
    flagged = {
        (cell.notebook, cell.grade_id): cell
        for item in result.items
        for cell in item.cells
        if cell.beside
    }
    for notebook in assignment.notebooks.values() if flagged else ():
        place = None
        for cell in notebook.cells:
            if cell.kind.for_answer or cell.kind is Kind.TASK:
                place = f"{notebook.name}/{cell.grade_id}"
            test = flagged.get((notebook.name, str(cell.grade_id)))
            if test is not None and place is not None:
                said.setdefault(place, []).append(test.hint)
    # PostgreSQL has no place for the character 0 in a text.
    return {place: " ".join(said[place]).replace("\0", "") for place in said}
