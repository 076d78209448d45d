"""What the host's tests share: ways to grade one notebook, and a class."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook

from grader.host.grade import grade
from grader.host.intake.notebook import read_notebook
from grader.host.intake.paper import put_together
from grader.host.intake.submission import Submission
from grader.host.results.result import Result
from tests.grader.conftest import exercise, handed_in

F = "# answer f\ndef f(x):\n    return x + 1"
G = "# answer g\ndef g(x):\n    return 2 * x"
THREE = exercise(
    F,
    "# test first\nassert f(1) == 2, 'one more'",
    G,
    "# test second\nassert g(2) == 4, 'twice'\nfound = 7",
    "# test third\nassert f(found) == 8, 'one more again'",
)


@pytest.fixture
def graded(engine):
    """A result, and the outputs that people see."""

    def make(assignment, beside=(), **answers):
        made = handed_in(assignment, **answers)
        cells = read_notebook(nbformat.v4.writes(made).encode(), "x.ipynb")
        paper = put_together(assignment.notebooks["x"], cells)
        done = grade(Submission(assignment, "s", {"x": paper}), engine, beside)
        return done.result, str([cell.get("outputs") for cell in done.notebooks["x"].cells])

    return make


def results(out: Path) -> list[Result]:
    """What was graded into a folder."""
    found = map(Result.load, sorted((out / "results").glob("*/*.json")))
    return [result for result in found if result is not None]


def messages(result):
    return {item.name: item.messages for item in result.items}


# --- A class from the command line -------------------------------------------------------------


@pytest.fixture
def run(desk):
    """Grades what lies on the desk."""

    def make(*options, code=0):
        return desk.grade("--timeout", 1, "--workers", 1, *options, code=code)

    return make


def mend(desk, old, new, *more):
    """Changes the source of the assignment."""
    path = desk.root / "solutions/numbers/numbers.ipynb"
    text = path.read_text()
    for before, after in [(old, new), *more]:
        assert before in text
        text = text.replace(before, after)
    path.write_text(text)


def open_book(desk):
    return Gradebook(f"sqlite:///{desk.out / 'gradebook.db'}", "demo")


def give(desk, cell="why", student="a", url=None, **values):
    """Enters into the gradebook what a teacher gives somebody for a cell, as Formgrader does."""
    with Gradebook(url, "demo") if url else open_book(desk) as book:
        mark = book.find_grade(cell, "numbers", "numbers", student)
        mark.needs_manual_grade = False
        for name, value in values.items():
            setattr(mark, name, value)
        book.db.commit()
