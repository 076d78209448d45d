"""What people get to see of a submission: its notebooks as they were played, and feedback.

To clean and render what a learner wrote may take any time and memory: clerks do it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import nbformat
from nbformat import NotebookNode

from grader.host.clerk import Clerks, TooMuch
from grader.host.course.assignment import Assignment
from grader.host.publish import feedback
from grader.host.publish.clean import clean_notebook, spare_notebook
from grader.host.results.result import CellResult, Result
from grader.protocol import decoders

# The job of a clerk's that makes pages.
RENDER = "render"


class Pages(msgspec.Struct):
    """What is written for people of one submission, by name of the notebook."""

    autograded: dict[str, bytes]
    feedback: dict[str, bytes]


class _Asked(msgspec.Struct):
    """A result and the notebooks to show, as JSON."""

    result: bytes
    notebooks: dict[str, bytes]


class Renderer:
    """Makes pages.

    Args:
        assignments: by name.
        show_hidden_tests: whether notebooks and feedback show the code of hidden tests.
    """

    def __init__(
        self, assignments: Mapping[str, Assignment], show_hidden_tests: bool = False
    ) -> None:
        self._assignments = assignments
        self._show_hidden_tests = show_hidden_tests
        # Who makes them; without, they are made here.
        self.clerks: Clerks | None = None

    def pages(self, result: Result, notebooks: Mapping[str, NotebookNode]) -> tuple[Pages, Result]:
        """The pages, and the result with what is to be said of them.

        Args:
            notebooks: as they were played, by name.
        """
        if self.clerks is None:
            return self._make(result, notebooks), result
        try:
            return _ask(self.clerks, result, notebooks), result
        except TooMuch as error:
            note = f"To show all of it {error}: feedback and notebook show less."
        less = {name: spare_notebook(notebook) for name, notebook in notebooks.items()}
        noted = result.model_copy(update={"notes": [*result.notes, note]})
        try:
            return _ask(self.clerks, noted, less), noted
        except TooMuch:
            none = {
                name: teacher.as_released()
                for name, teacher in self._assignments[result.assignment].notebooks.items()
                if name in notebooks
            }
            return self._make(noted, none), noted

    def job(self, question: bytes) -> bytes:
        """A clerk's side of it."""
        asked = decoders.from_msgpack(_Asked).decode(question)
        notebooks = {
            name: nbformat.from_dict(decoders.from_json(Any).decode(file))
            for name, file in asked.notebooks.items()
        }
        made = self._make(Result.model_validate_json(asked.result), notebooks)
        return msgspec.msgpack.encode(made)

    def _make(self, result: Result, notebooks: Mapping[str, NotebookNode]) -> Pages:
        assignment = self._assignments[result.assignment]
        return make_pages(result, notebooks, assignment, self._show_hidden_tests)


def _ask(clerks: Clerks, result: Result, notebooks: Mapping[str, NotebookNode]) -> Pages:
    # No file yet: as one, in lines, each would be in memory twice more.
    files = {name: as_json(notebook) for name, notebook in notebooks.items()}
    asked = _Asked(result.model_dump_json().encode("utf-8"), files)
    answer = clerks.ask(RENDER, msgspec.msgpack.encode(asked))
    return decoders.from_msgpack(Pages).decode(answer)


def make_pages(
    result: Result,
    notebooks: Mapping[str, NotebookNode],
    assignment: Assignment,
    show_hidden_tests: bool,
) -> Pages:
    """The notebooks as they may be shown, and feedback.

    Args:
        notebooks: as they were played, by name.
    """
    graded = _by_cell(result)
    cleaned = {
        name: clean_notebook(
            notebook, assignment.notebooks[name], graded.get(name, {}), show_hidden_tests
        )
        for name, notebook in notebooks.items()
    }
    pages = {
        name: feedback.render(result, teacher, cleaned.get(name)).encode("utf-8", "replace")
        for name, teacher in assignment.notebooks.items()
    }
    return Pages({name: as_file(notebook) for name, notebook in cleaned.items()}, pages)


def as_file(notebook: NotebookNode) -> bytes:
    """As nbformat writes it, but for the lines of a text, which stay together.

    nbformat takes ten times as long.
    """
    return msgspec.json.format(as_json(notebook), indent=1)


def as_json(notebook: NotebookNode) -> bytes:
    """The same in one line."""
    try:
        return msgspec.json.encode(notebook, order="sorted")
    except (UnicodeEncodeError, OverflowError):
        # Half a character, or a number beyond 64 bits.
        return nbformat.v4.writes(notebook).encode("utf-8", "replace")


def _by_cell(result: Result) -> dict[str, dict[str, CellResult]]:
    """Results of cells by notebook, then grade_id."""
    graded: dict[str, dict[str, CellResult]] = {}
    for item in result.items:
        for cell in item.cells:
            graded.setdefault(cell.notebook, {})[cell.grade_id] = cell
    return graded
