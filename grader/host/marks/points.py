"""From cells that ran to points, with nbgrader's own rules.

Two things differ from nbgrader, both on purpose: output on standard error is no failure here
(where a test itself complains there, its judge has made an error of that), and a test that never
ran (because the process ended before it) earns nothing, where nbgrader would lose the whole
notebook.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import nbformat
from nbformat import NotebookNode
from nbgrader.utils import determine_grade

from grader.host.contract import Contract
from grader.host.course.assignment import Assignment, Kind, TeacherCell
from grader.host.intake.paper import Paper
from grader.host.marks.hints import message_for, visible_statement
from grader.host.results.result import CellResult, ItemResult, Outcome
from grader.host.transcript import Heard, Played, as_node
from grader.protocol.errors import OUR_ERRORS
from grader.protocol.names import tree_of_cell
from grader.protocol.outputs import Error, ExecuteResult


@dataclass(frozen=True)
class Scored:
    """A paper after it was heard.

    Attributes:
        nodes: its cells with outputs.
        graded: the cells that have points, by grade_id.
        unjudged: sentences on tests that could not be judged apart.
    """

    nodes: tuple[NotebookNode, ...]
    graded: dict[str, CellResult]
    unjudged: tuple[str, ...]


def score(
    name: str, paper: Paper, heard: Heard, contract: Contract, beside: Collection[str] = ()
) -> Scored:
    """Points for the notebook `name`.

    Args:
        beside: grade_ids of tests whose result counts though it came from beside the code.
    """
    nodes = []
    graded: dict[str, CellResult] = {}
    unjudged = []
    position = -1
    count = 0
    for cell in paper.cells:
        node = cell.node.copy()
        played = shown = None
        if node.cell_type == "code":
            position += 1
            played = heard.played.get(position)
            shown = heard.shown.get(position, played)
            node.outputs = _nbformat_outputs(played)
            count += played is not None
            node.execution_count = count if played else None
        nodes.append(node)
        teacher = cell.teacher
        if teacher is not None and teacher.kind.graded:
            result = _grade(name, teacher, node, played, shown)
            clause = contract.tests.get(result.grade_id)
            if clause is not None and clause.live is not None:
                says = played is not None and clause.suggests
                # Where the solution itself would not pass so, nobody is to lose points by it.
                allowed = result.grade_id in beside and clause.suggests
                result = _not_apart(result, allowed, says)
                if result.score is None:
                    unjudged.append(f"{result.grade_id} can't be judged apart: {clause.live}.")
            graded[result.grade_id] = result
        if position in heard.beside:
            # It may hold what hidden tests are about.
            node.outputs = []
        elif teacher is not None and teacher.kind is Kind.TEST and played is not None:
            node.outputs = _shown(teacher, played, shown or played, graded[str(teacher.grade_id)])
        elif node.cell_type == "code":
            node.outputs = _nbformat_outputs(shown)
        # A player's own count may tell what it likes.
        for output in node.get("outputs", ()):
            if output.output_type == "execute_result":
                output.execution_count = node.execution_count
    return Scored(tuple(nodes), graded, tuple(unjudged))


def _not_apart(result: CellResult, allowed: bool, says: bool) -> CellResult:
    """The mark of a test that ran beside the learner's code: a suggestion, unless allowed.

    Args:
        says: whether the result tells something.
    """
    if allowed:
        said = None if result.outcome == "passed" else "Run beside the code, this test fails."
        return result.model_copy(update={"beside": True, "message": said})
    # The suggestion is the learner's word, and may tell what a hidden part called: no learner is to
    # read it.
    return result.model_copy(
        update={
            "score": None,
            "suggestion": (result.score or 0.0) if says else None,
            "beside": True,
            "outcome": "needs manual",
            "message": "A teacher grades this.",
        }
    )


def _shown(
    teacher: TeacherCell, played: Played, shown: Played, result: CellResult
) -> list[NotebookNode]:
    """What people see of a test: its outputs, and in place of a traceback what it said."""
    nodes: list[NotebookNode] = []
    for output in shown.outputs:
        if isinstance(output, Error):
            continue
        source = teacher.node.source
        if not isinstance(output, ExecuteResult) or _last_line(source) in teacher.early_lines:
            nodes.append(as_node(output))
    failure = played.error
    if failure is not None:
        said = result.message or ""
        statement = visible_statement(teacher, played.error_line)
        text = [f"line {played.error_line}: {statement}", said] if statement else [said]
        # Its name may tell of hidden lines, as its words may.
        seen = played.error_line in teacher.visible_lines or not teacher.has_hidden_tests
        told = shown.error if seen else None
        name = told.ename if told else "AssertionError"
        name = failure.ename if failure.ename in OUR_ERRORS else name
        nodes.append(nbformat.v4.new_output("error", ename=name, evalue=said, traceback=text))
    return nodes


def _last_line(source: str) -> int:
    """Where the last expression of a cell begins: its value is the cell's result."""
    body = tree_of_cell(source).body
    return body[-1].lineno if body else 0


def _nbformat_outputs(played: Played | None) -> list[NotebookNode]:
    if played is None:
        return []
    return [as_node(output) for output in played.outputs]


def _grade(
    notebook: str,
    teacher: TeacherCell,
    node: NotebookNode,
    played: Played | None,
    shown: Played | None,
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
            figures=dict(played.figures) if played else {},
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
    failure = played.error if played else None
    if failure is not None:
        line = played.error_line if played else None
        early = line in teacher.early_lines or not teacher.meets_hidden
        if line in teacher.visible_lines and shown is not None and shown is not played:
            # The words come from a process that has met no hidden test. Where that does not fail,
            # the name of the error may tell of one.
            failure, early = shown.error or Error("AssertionError", "", []), True
        known = played is not None and played.from_teacher
        return result(score, "failed", _message(teacher, failure, line, early, known))
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


def _message(
    teacher: TeacherCell, failure: Error, line: int | None, early: bool, known: bool
) -> str:
    """What a failed test says to the learner.

    Args:
        early: whether nothing hidden can be in its words: what a visible line fills in behind a
            hidden one may come from there.
        known: whether its text is the teacher's, wherever it stands.
    """
    if failure.ename in OUR_ERRORS:
        return failure.evalue.strip()
    if known and failure.ename == "AssertionError":
        early = True
    return message_for(teacher, failure.ename, failure.evalue, line, early)


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
