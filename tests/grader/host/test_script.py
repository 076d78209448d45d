"""What the grader's own process reads of a learner's code."""

from __future__ import annotations

import nbformat
import pytest

from grader.host.contract import Clause, Contract
from grader.host.intake.paper import Paper, read_paper
from grader.host.session import script
from grader.host.session.script import Script
from tests.grader.conftest import exercise, handed_in


def reading(*added: str) -> Script:
    """A notebook in which the test binds a name of the given cell's, with these cells added."""
    made = exercise(
        "# given\nvalues = [1]\ncount = 0",
        "# answer total\ndef total(values):\n    return sum(values)",
        "# test one\nvalues = [1, 2]\ncount = 3\nassert total(values) == 3",
    )
    notebook = handed_in(made, total="def total(given):\n    return sum(given) + count")
    notebook.cells += [nbformat.v4.new_code_cell(source) for source in added]
    paper = read_paper(made.notebooks["x"], nbformat.writes(notebook).encode(), "x.ipynb")
    assert isinstance(paper, Paper)
    return Script(paper, Contract({"one": Clause()}))


def test_names_that_functions_read_are_those_that_a_test_may_bind_for_them():
    assert reading().rebinds(2) == ["count"]


@pytest.mark.parametrize("text", ["a\n", "f'{a}' ", "1;"])
def test_of_much_code_words_are_read_and_nothing_is_taken_apart(monkeypatch, text):
    taken_apart = []
    real = script.read_in_functions
    monkeypatch.setattr(script, "read_in_functions", lambda s: taken_apart.append(s) or real(s))
    found = reading(text * (60_000 // len(text)), "def unused():\n    return values").rebinds(2)
    assert found == ["count", "values"]
    assert sum(map(len, taken_apart)) < 50_000
