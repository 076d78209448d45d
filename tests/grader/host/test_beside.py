"""Tests that can't be judged apart run beside the code: what they come to is for the teacher."""

from __future__ import annotations

import nbformat
import pytest

from grader import Assignment, grade_one
from grader.host.engine.files import Files
from grader.host.get_contract import get_contract, trouble_with
from grader.host.grade import grade
from grader.host.intake.notebook import read_notebook
from grader.host.intake.paper import put_together
from grader.host.intake.submission import Submission
from grader.host.marks.points import score
from grader.host.session.hear import hear
from tests.grader.conftest import cell, exercise, handed_in, hidden, notebook, scores, solution
from tests.grader.host.conftest import F, G

# --- Beside the code ---------------------------------------------------------------------------

BESIDE = exercise(
    F,
    "# answer loud\ndef loud():\n    print(f(1))",
    "# test printed\nimport contextlib, inspect, io\nsaid = io.StringIO()\n"
    "with contextlib.redirect_stdout(said):\n    loud()\n"
    "assert inspect.getsource(loud) and said.getvalue() == '2\\n', 'prints two'",
    "# test apart\nassert f(1) == 2",
)
QUIET = "def loud():\n    pass"


@pytest.mark.parametrize(
    ("loud", "points"), [("def loud():\n    print(2)", 1), (QUIET, 0)], ids=["right", "wrong"]
)
def test_a_test_that_needs_live_objects_suggests_a_mark(graded, loud, points):
    result, _ = graded(BESIDE, loud=loud)
    [cell] = result.item("printed").cells
    assert (cell.score, cell.suggestion, cell.beside) == (None, points, True)
    assert cell.outcome == "needs manual"
    # What it suggests is the learner's word, and for the teacher only.
    assert cell.message == "A teacher grades this."
    assert f"{points} of 1 points" in cell.flag
    assert scores(result)["apart"] == 1
    [note] = result.notes
    assert note.startswith("printed can't be judged apart: apart from the code it ends with")


def test_a_test_beside_the_code_draws_on_from_a_seed_of_the_code(graded):
    seeded = exercise(
        "# answer draw\nimport random\nrandom.seed(3)\ndef draw():\n    return random.random()",
        "# test t\nimport inspect, random\n"
        "assert inspect.getsource(draw) and draw() == random.Random(3).random()",
    )
    [cell] = graded(seeded)[0].item("t").cells
    assert (cell.suggestion, cell.beside) == (1, True)


ACCOUNT = (
    "class Account:\n    def __init__(self, balance=0):\n        self.balance = balance\n"
    "    def add(self, amount):\n        self.balance += amount"
)
CHAIN = exercise(
    f"# answer Account\n{ACCOUNT}",
    "# test made\nimport inspect\naccount = Account()\n"
    "assert 'balance=0' in inspect.getsource(Account.__init__)",
    "# test added\naccount.add(25)\nassert account.balance == 25",
    "# test taken\naccount.add(-5)\nassert account.balance == 20",
    "# test kept\naccount.add(0)\nassert account.balance == 20",
)


@pytest.mark.parametrize(("sign", "points"), [("+=", [1, 1, 1, 1]), ("=", [1, 1, 0, 0])])
def test_what_tests_beside_the_code_change_is_changed_for_later_ones(graded, sign, points):
    result, _ = graded(CHAIN, Account=ACCOUNT.replace("+=", sign))
    names = ["made", "added", "taken", "kept"]
    assert [result.item(name).cells[0].suggestion for name in names] == points


@pytest.mark.parametrize("allowed", ["printed", "test-of-nothing"])
def test_a_teacher_may_let_it_count(graded, allowed):
    result, _ = graded(BESIDE, beside=[allowed])
    [cell] = result.item("printed").cells
    assert (cell.score, cell.suggestion) == ((1, None) if allowed == "printed" else (None, 1))
    assert cell.beside
    result, _ = graded(BESIDE, beside=["printed"], loud=QUIET)
    [cell] = result.item("printed").cells
    assert (cell.score, cell.outcome) == (0, "failed")
    assert cell.message == "Run beside the code, this test fails."


@pytest.mark.parametrize(
    "loud",
    ["def loud():\n    import os; os._exit(0)", "def loud():\n    while True: pass"],
    ids=["exits", "loops"],
)
def test_a_test_beside_the_code_that_does_not_end_well_gives_nothing(graded, loud):
    result, _ = graded(BESIDE, beside=["printed"], loud=loud)
    [cell] = result.item("printed").cells
    assert cell.score == 0
    assert scores(result)["apart"] == 1


def test_it_runs_with_the_code_as_it_was_at_its_turn(graded):
    late = exercise(
        F,
        "# test live\nimport inspect\nassert '(x)' in inspect.getsource(f)",
        "# answer again\nf = None",
        "# test apart\nassert f is None",
    )
    result, _ = graded(late, beside=["live"])
    assert scores(result) == {"live": 1, "apart": 1}


def test_it_finds_the_files_that_were_there_at_its_turn(graded):
    gone = exercise(
        "# answer note\nopen('note.txt', 'w').write('hi')",
        "# test live\nassert open('note.txt').read() == 'hi'",
        "# given\nimport os\nos.remove('note.txt')",
    )
    result, _ = graded(gone, beside=["live"])
    assert scores(result) == {"live": 1}


def test_what_answers_write_is_not_read_from_the_release(graded, tmp_path):
    """Whoever runs the solution beside its source leaves there what it writes."""
    (tmp_path / "note.txt").write_text("hi")
    (tmp_path / "read.txt").write_text("hi")
    files = {name: tmp_path / name for name in ("note.txt", "read.txt")}
    saved = exercise(
        "# given\nhello = open('read.txt').read()",
        "# answer note\nwith open('note.txt', 'w') as file:\n    file.write(hello)",
        "# test live\nassert open('note.txt').read() == 'hi'",
        "# test apart\nassert open('read.txt').read() == hello",
        files=files,
    )
    right, _ = graded(saved)
    assert scores(right) == {"live": None, "apart": 1}
    assert [cell.suggestion for item in right.items for cell in item.cells] == [1, None]
    wrong = graded(saved, note="open('note.txt', 'w').write('ho')")[0]
    assert [cell.suggestion for item in wrong.items for cell in item.cells] == [0, None]


def test_what_a_given_cell_reads_of_an_answer_s_file_is_the_learner_s(graded, tmp_path):
    (tmp_path / "note.txt").write_text("hi")
    saved = exercise(
        "# answer note\nwith open('note.txt', 'w') as file:\n    file.write('hi')",
        "# given\nback = open('note.txt').read()",
        "# given\nagain = 2 * back",
        "# test back\nassert back == 'hi'",
        "# test again\nassert again == 'hihi'",
        files={"note.txt": tmp_path / "note.txt"},
    )
    assert scores(graded(saved)[0]) == {"back": 1, "again": 1}
    wrong, _ = graded(saved, note="open('note.txt', 'w').write('ho')")
    assert scores(wrong) == {"back": 0, "again": 0}


@pytest.mark.parametrize(
    ("draw", "points"),
    [("ax.set_xlabel('bits')", 1), ("ax.set(xlabel='bits')", 1), ("ax.set_ylabel('bits')", 0)],
)
def test_what_is_drawn_on_is_for_the_teacher(graded, draw, points):
    """There are many ways to draw the same, of which the solution shows one."""
    drawn = exercise(
        "# given\nimport matplotlib.pyplot as plt",
        "# answer label\ndef label(ax):\n    ax.set_xlabel('bits')",
        "# test live\n_, ax = plt.subplots()\nlabel(ax)\nassert ax.get_xlabel() == 'bits'",
    )
    result, _ = graded(drawn, label=f"def label(ax):\n    {draw}")
    [cell] = result.item("live").cells
    assert (cell.score, cell.suggestion) == (None, points)


def test_beside_the_code_nobody_loses_what_the_solution_would_not_get(graded):
    """What a hidden line binds is not there when the test runs beside the code."""
    bound = exercise(
        F,
        f"# test binds\nassert f(1) == 2\n{hidden('wanted = 3')}",
        "# test live\nimport inspect\nassert inspect.getsource(f) and f(2) == wanted",
    )
    result, _ = graded(bound, beside=["live"])
    [cell] = result.item("live").cells
    assert (cell.score, cell.suggestion, cell.outcome) == (None, None, "needs manual")


def test_a_solution_that_reads_what_a_hidden_line_binds_is_named_as_the_cause(graded):
    result, _ = graded(
        exercise(
            F,
            f"# test binds\nassert f(1) == 2\n{hidden('A = 3')}",
            "# answer three\ndef three():\n    return A",
            "# test live\nassert three() == 3",
        )
    )
    [note] = result.notes
    assert "the solution reads A, which only a hidden test defines" in note


def test_what_a_test_beside_the_code_shows_is_told_to_nobody(graded):
    told = exercise(
        F,
        "# test live\nimport inspect\nprint('VISIBLE')\n"
        + hidden("print('SECRET', f(1))\nassert '(x)' in inspect.getsource(f)"),
    )
    result, text = graded(told, f="def f(y):\n    print('ASKED', y)\n    return y")
    assert result.item("live").cells[0].suggestion == 0
    assert "SECRET" not in text + result.model_dump_json()
    assert "ASKED" not in text


def test_hidden_lines_of_other_tests_are_not_in_its_process(engine):
    """It is the last to run, in a process that has seen what learners have, and its own test."""
    spying = exercise(
        F,
        f"# test first\nassert f(1) == 2\n{hidden('planted = f(41)')}",
        "# answer look\ndef look():\n    return sorted(k for k in globals() if 'plant' in k)",
        "# test live\nassert look() == []",
    )
    paper = put_together(
        spying.notebooks["x"],
        read_notebook(nbformat.v4.writes(handed_in(spying)).encode(), "x.ipynb"),
    )
    contract = get_contract(spying, "x", engine)
    assert contract.tests["live"].live
    heard = hear(paper, contract, engine, Files(), Files())
    [position] = heard.beside
    assert heard.played[position].error is None
    marks = score("x", paper, heard, contract, ["live"]).graded
    assert {name: cell.score for name, cell in marks.items()} == {"first": 1, "live": 1}


# --- A contract is tried -----------------------------------------------------------------------

DOCUMENTED = "def f(x):\n    'Squares.'\n    return x * x"
CASES = exercise(
    f"# answer f\n{DOCUMENTED}",
    "# test live\nimport inspect\ncases = [(2, 4), (3, 9)]\n"
    "assert 'Squares' in inspect.getsource(f), 'no text'",
    "# test later\nfor x, y in cases:\n    assert f(x) == y",
    "# test apart\nassert f(5) == 25",
)


def suggestions(result):
    return {item.name: [cell.suggestion for cell in item.cells] for item in result.items}


def test_a_test_that_needs_one_that_needs_live_objects_goes_to_the_teacher_too(engine):
    right = grade_one(CASES, handed_in(CASES), engine)
    assert scores(right) == {"live": None, "later": None, "apart": 1}
    assert suggestions(right) == {"live": [1], "later": [1], "apart": [None]}
    wrong = grade_one(CASES, handed_in(CASES, f="def f(x):\n    return 2 * x"), engine)
    assert suggestions(wrong) == {"live": [0], "later": [0], "apart": [None]}


def test_two_notebooks_with_the_same_names_are_told_apart(engine):
    """Each is named with its notebook, in what is told and by who names one of them."""
    source = {
        name: notebook(
            [
                cell(solution("def f(x):\n    'Text.'\n    return x"), "f", solution=True),
                cell(f"import inspect\nassert '{text}' in inspect.getsource(f)", "t", points=1),
            ]
        )
        for name, text in (("first", "Text."), ("second", "No such text"), ("third", "Text."))
    }
    made = Assignment.from_notebooks("several", source)
    trouble = trouble_with(made, engine)
    assert trouble is not None
    assert trouble.broken
    told = trouble.sentence
    assert "your own solution fails second/t" in told
    assert "first/t (" in told
    assert "third/t (" in told
    assert " t (" not in told
    trouble = trouble_with(made, engine, ["third/t"])
    assert trouble is not None
    told = trouble.sentence
    assert "first/t (" in told
    assert "third/t" not in told
    stopped = cell("def f(x):\n    'Text.'\nwhile True:\n    pass", "f", solution=True)
    papers = {
        name: put_together(
            made.notebooks[name],
            read_notebook(nbformat.v4.writes(notebook([stopped])).encode(), name),
        )
        for name in source
    }
    result = grade(Submission(made, "s", papers), engine, ["third/t"]).result
    assert {item.name: item.score for item in result.items} == {
        "first/t": None,
        "second/t": 0,
        "third/t": 1,
    }
    for name in source:
        assert f"{name}.ipynb: Cell f was stopped: its time was up." in result.notes
    assert [flag.split(" ran ")[0] for flag in result.flags if " ran " in flag] == ["third/t"]
    assert [flag for flag in result.flags if flag.startswith("first/t can't be judged apart")]


def test_suggestions_survive_a_lost_player(engine):
    made = exercise(
        f"# answer f\n{DOCUMENTED}",
        "# test first\nimport inspect\nassert inspect.getsource(f)",
        G,
        "# test lost\nassert g(2) == 4",
        "# test last\nassert 'Squares.' in inspect.getsource(f)",
    )
    result = grade_one(made, handed_in(made, g="import os\ndef g(x):\n    os._exit(0)"), engine)
    assert scores(result) == {"first": None, "lost": 0, "last": None}
    assert suggestions(result) == {"first": [1], "lost": [None], "last": [1]}


def test_where_nothing_was_run_nothing_is_suggested(engine):
    live = "# test f1\nimport inspect\nassert inspect.getsource(f)"
    made = exercise(f"# answer f\n{DOCUMENTED}", live)
    result = grade_one(made, handed_in(made, f="import os\nos._exit(0)"), engine)
    assert suggestions(result) == {"f1": [None]}
    assert [cell.message for cell in result.item("f1").cells] == ["A teacher grades this."]
