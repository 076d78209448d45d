"""Points: nbgrader's rules, and the two places where they are mended."""

from __future__ import annotations

import json

import nbformat
import pytest

from grader import grade_one
from grader.host import clerk
from grader.host.get_contract import get_contract
from grader.host.intake.notebook import read_notebook
from grader.host.intake.paper import put_together
from grader.host.marks.points import score
from grader.host.transcript import Heard
from tests.hostile import much_to_read


@pytest.fixture
def result_of(desk, assignment, engine):
    """The result of numbers with these answers in place of right ones."""

    def make(change=None, **answers):
        path = desk.hand_in("s", {**RIGHT, **answers}, change)
        return grade_one(assignment, path, engine)

    return make


RIGHT = {
    "square": "def square(x):\n    return x ** 2",
    "triple": "def triple(x):\n    return x + x + x",
    "why": "Because minus times minus is plus.",
}


def scores(result):
    return [item.score for item in result.items]


def test_right_answers_get_all_that_tests_can_give(result_of):
    result = result_of()
    assert scores(result) == [3, 2, None]
    assert (result.total, result.points, result.status) == (5, 8, "graded")
    assert result.item("why").needs_manual
    assert result.unanswered == []


def test_wrong_answers_lose_their_own_points_and_hear_why(result_of):
    result = result_of(square="def square(x):\n    return x + x", triple="triple = lambda x: 7")
    assert scores(result) == [0, 0, None]
    assert result.item("square").messages == [
        "negative numbers have squares too",
        "A hidden check does not hold.",
    ]
    assert result.item("triple").messages == ["six, not 7"]


def test_how_long_an_item_ran_is_that_of_its_own_cells(result_of):
    slow = f"import time\ntime.sleep(0.4)\n{RIGHT['triple']}"
    times = result_of(triple=slow).times
    assert times.keys() == {"square", "triple"}
    assert times["triple"] >= 0.4 > times["square"]


def test_a_part_counts(result_of):
    assert scores(result_of(square="square = lambda x: x * x if x < 5 else 0")) == [1, 2, None]


def test_a_visible_check_without_a_message_is_quoted_and_a_hidden_one_is_not(result_of):
    quoted = result_of(square="square = lambda x: x * x or 1").item("square").messages
    assert quoted == ["This does not hold: assert square(0) == 0"]
    hidden = result_of(square="square = lambda x: x * x % 100").item("square").messages
    assert hidden == ["A hidden check does not hold."]


def test_other_errors_are_named(result_of):
    messages = result_of(triple="def triple(x):\n    return x.y").item("triple").messages
    assert messages == ["AttributeError: 'int' object has no attribute 'y'"]


def test_an_untouched_text_gets_nothing_and_a_touched_one_waits(desk, assignment, engine):
    result = grade_one(assignment, desk.release("numbers"), engine)
    assert scores(result) == [0, 0, 0]
    assert result.unanswered == ["numbers/square", "numbers/triple", "numbers/why"]
    assert [cell.outcome for cell in result.item("why").cells] == ["no answer"]


def test_the_solution_is_right(desk, assignment, engine):
    assert scores(grade_one(assignment, desk.source("numbers"), engine)) == [3, 2, None]


def test_a_warning_is_no_failure(result_of):
    warn = "import warnings\ndef triple(x):\n    warnings.warn('slow')\n    return 3 * x"
    assert scores(result_of(triple=warn)) == [3, 2, None]


def test_what_never_ran_earns_nothing_and_what_was_earned_stays(result_of):
    result = result_of(triple="import os\nos._exit(0)")
    assert scores(result) == [3, 0, None]
    [cell] = result.item("triple").cells
    assert cell.outcome == "not run"
    assert result.notes == ["Cell triple ended the process; the cells after it were not run."]


def test_an_exit_that_comes_first_leaves_no_points(result_of):
    assert scores(result_of(square="import os\nos._exit(0)")) == [0, 0, None]


@pytest.mark.parametrize(
    "answer", ["def square(:", "import sys\nsys.exit()", "exit()", "while True: pass"]
)
def test_a_broken_cell_costs_its_own_item_only(result_of, answer):
    assert scores(result_of(square=answer)) == [0, 2, None]


def test_a_test_that_takes_too_long_fails(result_of):
    result = result_of(triple="def triple(x):\n    while True: pass")
    assert scores(result) == [3, 0, None]
    assert result.item("triple").messages == ["The test was stopped after 2 s."]


@pytest.mark.parametrize(
    ("share", "score"),
    [("0.75", 1.5), ("0", 0), ("1", 2), ("'text'", 0), ("float('nan')", 0), ("-1", 0)],
)
def test_a_number_is_partial_credit_and_nothing_else_is(pair, desk, engine, share, score):
    cell = grade_pair(pair, desk, engine, share).item("first/test-share").cells[0]
    assert cell.score == score


def test_a_number_above_the_points_needs_a_teacher(pair, desk, engine):
    cell = grade_pair(pair, desk, engine, "7").item("first/test-share").cells[0]
    assert (cell.score, cell.outcome) == (None, "needs manual")
    assert "no valid score" in cell.message


def grade_pair(pair, desk, engine, share):
    made = desk.source("pair", "first")
    [answer] = [c for c in made.cells if c.id == "share"]
    answer.source = f"share = {share}"
    path = desk.folder("s", "pair") / "first.ipynb"
    nbformat.write(made, path)
    return grade_one(pair, path, engine)


def test_files_manual_code_and_missing_notebooks(pair, desk, engine):
    result = grade_pair(pair, desk, engine, "1")
    found = {item.name: item.score for item in result.items}
    assert found == {
        "first/test-share": 2,
        "first/test-text": 1,
        "first/plot": None,
        "second/test-word": 0,
        "second/drawing": 0,
    }
    assert result.notes == ["second.ipynb was not handed in. Its items count 0 points."]


def test_a_task_always_needs_a_teacher(pair, desk, engine):
    path = desk.folder("s", "pair") / "second.ipynb"
    nbformat.write(desk.release("pair", "second"), path)
    assert grade_one(pair, path, engine).item("second/drawing").needs_manual


def test_damaged_and_foreign_files_are_rejected(assignment, pair, engine, tmp_path):
    path = tmp_path / "numbers.ipynb"
    path.write_text("{")
    result = grade_one(assignment, path, engine, "anna")
    assert (result.status, result.total, result.student) == ("rejected", None, "anna")
    assert "not valid JSON" in result.reason
    path.write_text(nbformat.writes(nbformat.v4.new_notebook()))
    assert "is none of first, second" in grade_one(pair, path, engine).reason


def test_a_single_file_that_takes_too_much_to_read_is_rejected(
    assignment, engine, tmp_path, monkeypatch
):
    monkeypatch.setattr(clerk, "MEMORY", 192 * 2**20)
    content = nbformat.v4.new_notebook()
    content.metadata["a"] = much_to_read()
    path = tmp_path / "numbers.ipynb"
    path.write_text(json.dumps(content))
    result = grade_one(assignment, path, engine)
    assert result.reason == "To read numbers.ipynb takes too much memory."
    # It has no bytes to read, but terabytes to go through.
    with path.open("wb") as file:
        file.truncate(3 * 10**12)
    assert "more than 25 MB is not read" in grade_one(assignment, path, engine).reason


def test_nothing_played_is_nothing_earned(assignment, desk, engine):
    """Whatever happens to player and judge, silence is not success."""
    cells = read_notebook(desk.hand_in("s").read_bytes(), "x")
    paper = put_together(assignment.notebooks["numbers"], cells)
    contract = get_contract(assignment, "numbers", engine)
    scored = score("numbers", paper, Heard(), contract)
    assert [c.score for c in scored.graded.values()] == [0, 0, 0, None]
    assert {c.outcome for c in scored.graded.values()} == {"not run", "needs manual"}
