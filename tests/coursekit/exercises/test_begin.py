"""What an exercise says in the kernel of who works on it, and that it is silent when graded."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert.filters import strip_ansi

from coursekit import begin_exercise, end_exercise
from tests.coursekit.exercises.small_exercise import BLANK, TESTS

BEGIN = "from coursekit import begin_exercise\nbegin_exercise()"
OUTCOMES = (
    "from coursekit.exercises import begin\n"
    "print([(o.how, o.text) for o in list(begin._follower.outcomes.values())[1:]])"
)


def run(*sources: str, tmp_path: Path, **environment: str) -> list[nbformat.NotebookNode]:
    """The cells, run one after the other whatever fails."""
    cells = [nbformat.v4.new_code_cell(source) for source in (BEGIN, *sources)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    told = {name: value for name, value in os.environ.items() if name != "NBGRADER_EXECUTION"}
    NotebookClient(
        notebook,
        kernel_name="python3",
        allow_errors=True,
        resources={"metadata": {"path": str(tmp_path)}},
    ).execute(env=told | environment)
    return notebook.cells[1:]


def said(cell: nbformat.NotebookNode) -> str:
    """The text of its error."""
    [output] = [out for out in cell.outputs if out.output_type == "error"]
    return strip_ansi("\n".join(output.traceback))


def test_an_item_that_is_not_done_says_so_in_a_line(tmp_path: Path) -> None:
    blank, test, another, outcomes = run(
        BLANK, TESTS["double-test-1"], TESTS["double-test-2"], OUTCOMES, tmp_path=tmp_path
    )
    assert said(blank) == "Not done yet."
    assert said(test) == said(another) == "Not done yet: the cell above is to define `double`."
    assert outcomes.outputs[0].text.count("'blank'") == 3


def test_errors_of_ones_own_are_shown_as_ever(tmp_path: Path) -> None:
    name, inside, after, wrong, outcomes = run(
        "oops()",
        "def f():\n    raise NotImplementedError()\nf()",
        f"{BLANK}\n",
        "double = 1\nassert double == 2, 'no two'",
        OUTCOMES,
        tmp_path=tmp_path,
    )
    assert "NameError" in said(name)
    assert "oops()" in said(name)
    assert "in f()" in said(inside)
    assert said(after) == "Not done yet."
    assert "no two" in said(wrong)
    assert "('failed', 'no two')" in outcomes.outputs[0].text


@pytest.mark.parametrize("how", ["autograde", "validate"])
def test_while_it_is_graded_nothing_is_changed(tmp_path: Path, how: str) -> None:
    blank, test, end = run(
        BLANK,
        TESTS["double-test-1"],
        "from coursekit import end_exercise\nend_exercise()",
        tmp_path=tmp_path,
        NBGRADER_EXECUTION=how,
    )
    assert "NotImplementedError" in said(blank)
    assert "NameError" in said(test)
    assert end.outputs == []


@pytest.fixture
def _no_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    monkeypatch.setattr("IPython.get_ipython", lambda: None)


@pytest.mark.usefixtures("_no_shell")
def test_outside_of_a_notebook_nothing_happens() -> None:
    begin_exercise()
    assert end_exercise() is None
