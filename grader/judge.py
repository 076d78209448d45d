"""From played cells to points, with nbgrader's own rules.

Two things differ from nbgrader, both on purpose: what a test prints on standard error is no
failure, and a test that never ran (because the process ended before it) earns nothing, where
nbgrader would lose the whole notebook.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Sequence
from dataclasses import dataclass

import nbformat
from nbformat import NotebookNode
from nbgrader.utils import determine_grade

from grader.assignment import Assignment, Kind, TeacherCell
from grader.intake import Paper
from grader.player import Error, Performance, Played
from grader.results import CellResult, ItemResult, Outcome


@dataclass(frozen=True)
class Judged:
    """A paper after it was played.

    Attributes:
        nodes: its cells with outputs.
        graded: the cells that have points, by grade_id.
        notes: what went wrong while it ran, a sentence each.
    """

    nodes: tuple[NotebookNode, ...]
    graded: dict[str, CellResult]
    notes: tuple[str, ...]


def code_cells(paper: Paper) -> list[str]:
    """What a player has to play, in order."""
    return [cell.node.source for cell in paper.cells if cell.node.cell_type == "code"]


def judge(name: str, paper: Paper, performance: Performance) -> Judged:
    """Points for the notebook `name`.

    Args:
        performance: of `code_cells(paper)`.
    """
    nodes = []
    graded: dict[str, CellResult] = {}
    notes = []
    position = -1
    for cell in paper.cells:
        node = cell.node.copy()
        played = None
        if node.cell_type == "code":
            position += 1
            played = performance.played.get(position)
            node.outputs = _nbformat_outputs(played)
            node.execution_count = played.execution_count if played else None
            label = _label(cell.teacher, position)
            if played is not None and played.interrupted:
                notes.append(f"{label} was stopped: its time was up.")
            if performance.stopped and position == performance.stopped_at:
                notes.append(f"{label} {performance.stopped}; the cells after it were not run.")
        nodes.append(node)
        if cell.teacher is not None and cell.teacher.kind.graded:
            result = _grade(name, cell.teacher, node, played)
            graded[result.grade_id] = result
    if performance.stopped and performance.stopped_at is None:
        notes.append(f"The notebook {performance.stopped}; not all of its cells were run.")
    return Judged(tuple(nodes), graded, tuple(notes))


def _nbformat_outputs(played: Played | None) -> list[NotebookNode]:
    if played is None:
        return []
    return [nbformat.from_dict(output.model_dump()) for output in played.outputs]


def _label(teacher: TeacherCell | None, position: int) -> str:
    if teacher is None:
        return f"An added cell (code cell {position + 1})"
    return f"Cell {teacher.grade_id}" if teacher.grade_id else f"Code cell {position + 1}"


def _grade(
    notebook: str, teacher: TeacherCell, node: NotebookNode, played: Played | None
) -> CellResult:
    def result(score: float | None, outcome: Outcome, message: str | None = None) -> CellResult:
        return CellResult(
            notebook=notebook,
            grade_id=str(teacher.grade_id),
            item=str(teacher.item),
            points=teacher.points,
            score=score,
            outcome=outcome,
            message=message,
        )

    if teacher.kind is Kind.TASK:
        return result(None, "needs manual", "A teacher grades this.")
    if teacher.kind is Kind.TEST and played is None:
        return result(0.0, "not run", "This test was not run: an earlier cell ended the process.")
    try:
        score, _ = determine_grade(_without_stderr(node))
    except (KeyError, ValueError) as error:
        # Its last line gave a number above its points, or nothing readable: the test is wrong.
        return result(None, "needs manual", f"The test gave no valid score ({error}).")
    if teacher.kind is Kind.MANUAL:
        if score is None:
            return result(None, "needs manual", "A teacher grades this.")
        return result(float(score), "no answer", "No answer.")
    if score is None or not math.isfinite(score):
        return result(None, "needs manual", "The test gave no valid score.")
    score = float(score)
    failure = next((o for o in (played.outputs if played else []) if isinstance(o, Error)), None)
    if failure is not None:
        line = played.error_line if played else None
        return result(score, "failed", _message(teacher, failure, line))
    if score < teacher.points:
        return result(score, "partial", f"{score:g} of {teacher.points:g} points.")
    return result(score, "passed")


def _without_stderr(node: NotebookNode) -> NotebookNode:
    if node.cell_type != "code":
        return node
    copy = node.copy()
    copy.outputs = [
        o for o in node.outputs if not (o.output_type == "stream" and o.name == "stderr")
    ]
    return copy


def _message(teacher: TeacherCell, failure: Error, line: int | None) -> str:
    """What a failed test says to the learner. Code of hidden tests is never part of it."""
    said = failure.evalue.strip()
    if failure.ename == "AssertionError":
        if said:
            return said
        statement = _visible_statement(teacher, line)
        return f"This does not hold: {statement}" if statement else "A check does not hold."
    if failure.ename in ("CellTimeoutError", "ProcessEnded"):
        return said.replace("This cell", "The test")
    return f"{failure.ename}: {said}" if said else failure.ename


def _visible_statement(teacher: TeacherCell, line: int | None) -> str | None:
    """The statement of a test cell at this line, if learners can see it."""
    if line is None:
        return None
    try:
        statements = ast.parse(teacher.node.source).body
    except SyntaxError:
        return None
    for statement in statements:
        if statement.lineno <= line <= (statement.end_lineno or line):
            source = ast.get_source_segment(teacher.node.source, statement) or ""
            return source if source and source in teacher.released else None
    return None


def blank(name: str, cells: Sequence[TeacherCell], reason: str) -> dict[str, CellResult]:
    """The graded cells of a notebook that could not be read, when others of its folder could."""
    return {
        str(cell.grade_id): CellResult(
            notebook=name,
            grade_id=str(cell.grade_id),
            item=str(cell.item),
            points=cell.points,
            score=0.0,
            outcome="damaged",
            message=reason,
        )
        for cell in cells
        if cell.kind.graded
    }


def to_items(assignment: Assignment, graded: dict[str, dict[str, CellResult]]) -> list[ItemResult]:
    """The assignment's items, from cells by notebook, then grade_id; all must be there."""
    return [
        ItemResult.of(item.name, [graded[item.notebook][grade_id] for grade_id in item.cells])
        for item in assignment.items
    ]
