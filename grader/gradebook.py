"""nbgrader's own gradebook, filled so that Formgrader opens it.

One `Book` writes at a time. What a teacher entered by hand (scores, extra credit, comments) is
never touched, and comes back from `marks`.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from alembic.config import Config as AlembicConfig
from alembic.script import ScriptDirectory
from nbgrader.api import (
    Comment,
    Grade,
    Gradebook,
    MissingEntry,
    SubmittedAssignment,
    SubmittedNotebook,
)
from nbgrader.dbutil import _temp_alembic_ini
from sqlalchemy.exc import SQLAlchemyError

from grader.assignment import Assignment, Kind, TeacherNotebook
from grader.errors import GraderError
from grader.results import Result


class Book:
    """An open gradebook.

    Raises:
        GraderError: from every method, in one sentence, when the database fails.
    """

    def __init__(self, path: Path, course_id: str) -> None:
        self.path = path
        url = f"sqlite:///{path.absolute()}"
        with self._one_sentence():
            if not path.exists():
                _begin(path, url)
            self._book = Gradebook(url, course_id)

    def __enter__(self) -> Book:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, _: TracebackType | None
    ) -> None:
        self._book.close()

    @contextlib.contextmanager
    def _one_sentence(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error) as error:
            reason = str(error.__cause__ or error).split("\n")[0]
            raise GraderError(
                f"The gradebook {self.path} cannot be used ({reason}): close what has it open, or "
                f"upgrade it with `nbgrader db upgrade`, or grade into another folder."
            ) from error

    # --- The teacher's side --------------------------------------------------------------------

    def set_up(self, assignment: Assignment, due: datetime | None) -> None:
        """Enters an assignment with its notebooks and cells, or brings it up to date.

        Args:
            due: UTC without time zone; None keeps what the gradebook says.

        Raises:
            GraderError: also when a cell has gone that a teacher has graded by hand.
        """
        with self._one_sentence():
            options = {} if due is None else {"duedate": due}
            self._book.update_or_create_assignment(assignment.name, **options)
            for notebook in assignment.notebooks.values():
                self._set_up_notebook(assignment.name, notebook)
            self._book.db.commit()

    def _set_up_notebook(self, assignment: str, notebook: TeacherNotebook) -> None:
        book = self._book
        kernel = json.dumps(notebook.metadata.get("kernelspec", {}))
        entry = book.update_or_create_notebook(notebook.name, assignment, kernelspec=kernel)
        self._remove_old_cells(entry, assignment, notebook)
        for cell in notebook.cells:
            if cell.kind is Kind.FREE:
                continue
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

    def _remove_old_cells(self, entry: Any, assignment: str, notebook: TeacherNotebook) -> None:
        kinds = {cell.grade_id: cell.kind for cell in notebook.cells if cell.kind is not Kind.FREE}
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
                    f"{assignment} has no cell {cell.name} any more, but {self.path} holds marks "
                    f"given by hand for it: grade into another folder."
                )
            for row in [*grades, *comments]:
                database.delete(row)
            database.flush()
            database.delete(cell)
        for source_cell in entry.source_cells:
            if source_cell.name not in kinds:
                database.delete(source_cell)
        database.commit()

    # --- Learners ------------------------------------------------------------------------------

    def record(self, result: Result, assignment: Assignment, fresh: bool) -> bool:
        """Enters what was found for a submission. Returns whether it was late.

        A rejected submission has no automatic score, and needs a teacher.

        Args:
            fresh: it was graded in this run: then what a teacher graded before is to be looked at
                again, as in nbgrader.
        """
        with self._one_sentence():
            database = self._book.db
            self._book.update_or_create_student(result.student)
            submission = self._submission(result)
            submission.timestamp = result.timestamp
            found = {
                (cell.notebook, cell.grade_id): cell.score
                for item in result.items
                for cell in item.cells
            }
            for notebook in submission.notebooks:
                self._complete(notebook)
                for grade in notebook.grades:
                    score = found.get((notebook.name, grade.name))
                    by_hand = grade.manual_score is not None
                    grade.auto_score = score
                    if fresh or not by_hand:
                        grade.needs_manual_grade = by_hand or score is None
                for comment in notebook.comments:
                    empty = f"{notebook.name}/{comment.name}" in result.unanswered
                    comment.auto_comment = "No response." if empty else None
            database.commit()
            return bool(submission.total_seconds_late > 0)

    def _submission(self, result: Result) -> SubmittedAssignment:
        try:
            return self._book.find_submission(result.assignment, result.student)
        except MissingEntry:
            # nbgrader builds the rows one by one before it adds them to the session.
            with self._book.db.no_autoflush:
                return self._book.add_submission(result.assignment, result.student)

    def _complete(self, notebook: SubmittedNotebook) -> None:
        """Rows for cells that were added to the assignment after this submission was entered."""
        master = notebook.notebook
        graded = {grade.cell_id for grade in notebook.grades}
        commented = {comment.cell_id for comment in notebook.comments}
        for cell in [*master.grade_cells, *master.task_cells]:
            if cell.id not in graded:
                notebook.grades.append(Grade(cell=cell, notebook=notebook))
        for cell in [*master.solution_cells, *master.task_cells]:
            if cell.id not in commented:
                notebook.comments.append(Comment(cell=cell, notebook=notebook))

    def marks(self, assignment: str, student: str) -> tuple[dict[str, float], dict[str, str]]:
        """Scores and comments that a teacher gave by hand, by "notebook/grade_id"."""
        scores: dict[str, float] = {}
        comments: dict[str, str] = {}
        with self._one_sentence():
            try:
                submission = self._book.find_submission(assignment, student)
            except MissingEntry:
                return scores, comments
            for notebook in submission.notebooks:
                for grade in notebook.grades:
                    base = grade.auto_score if grade.manual_score is None else grade.manual_score
                    if base is not None and (grade.manual_score is not None or grade.extra_credit):
                        scores[f"{notebook.name}/{grade.name}"] = base + (grade.extra_credit or 0)
                for comment in notebook.comments:
                    if comment.manual_comment:
                        comments[f"{notebook.name}/{comment.name}"] = comment.manual_comment
        return scores, comments


def _begin(path: Path, url: str) -> None:
    """Writes the version of nbgrader's schema into a new database.

    nbgrader does so itself if the database is empty, but runs a program for it that takes seconds.
    """
    with _temp_alembic_ini(url) as settings:
        head = ScriptDirectory.from_config(AlembicConfig(settings)).get_current_head()
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        database.execute("INSERT INTO alembic_version VALUES (?)", (head,))
