"""One notebook from cells to marks: what ends costs what needs it, and nothing hidden is told."""

from __future__ import annotations

import nbformat
import pytest

from grader import grade_one, session
from grader.conduct import contract_of, grade
from grader.engine import Files
from grader.intake import Submission, put_together, read_notebook
from grader.score import score
from grader.session import hear
from tests.grader.conftest import exercise, handed_in, hidden

F = "# answer f\ndef f(x):\n    return x + 1"
G = "# answer g\ndef g(x):\n    return 2 * x"


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


def scores(result):
    return {item.name: item.score for item in result.items}


def messages(result):
    return {item.name: item.messages for item in result.items}


# --- What ends ---------------------------------------------------------------------------------

THREE = exercise(
    F,
    "# test first\nassert f(1) == 2, 'one more'",
    G,
    "# test second\nassert g(2) == 4, 'twice'\nfound = 7",
    "# test third\nassert f(found) == 8, 'one more again'",
)


def test_the_solution_gets_everything(engine):
    result = grade_one(THREE, handed_in(THREE), engine)
    assert scores(result) == {"first": 1, "second": 1, "third": 1}
    assert result.notes == []


@pytest.mark.parametrize(
    ("body", "note", "message"),
    [
        ("    while True: pass", "took too long", "The test was stopped after 2 s."),
        ("    import os; os._exit(0)", "ended its process", "Your code ended its process"),
        ("    import ctypes; ctypes.string_at(0)", "ended its process", "Your code ended"),
    ],
    ids=["loops", "exits", "crashes"],
)
def test_a_call_that_ends_the_player_costs_its_own_test(graded, body, note, message):
    result, _ = graded(THREE, g=f"def g(x):\n{body}")
    assert scores(result) == {"first": 1, "second": 0, "third": 0}
    assert result.item("second").messages[0].startswith(message)
    # The third needs a name that the second would have bound; the player itself was replaced.
    assert result.item("third").messages == ["NameError: name 'found' is not defined"]
    [said] = result.notes
    assert said == f"Cell second: the learner's code {note} when the test called it."


def test_after_a_lost_call_the_cells_are_played_again(graded):
    apart = exercise(
        F,
        "# answer log\nlog = []",
        "# test first\nassert f(1) == 2",
        G,
        "# test second\nassert g(2) == 4",
        "# answer more\nlog.append(1)",
        "# test third\nassert f(2) == 3 and log == [1]",
    )
    result, _ = graded(apart, g="def g(x):\n    import os; os._exit(1)")
    assert scores(result) == {"first": 1, "second": 0, "third": 1}


def test_what_tests_have_bound_for_the_learner_is_there_again(graded):
    handing_on = exercise(
        F,
        "# test first\nresult = f(2)\nassert result == 3",
        "# answer used\ndef used():\n    return result",
        "# test ends\nassert used() == 3",
        G,
        "# test after\nassert used() == 3 and g(1) == 2",
    )
    lost = "import os\ndef used():\n    'again' in globals() or os._exit(1)\n    return result"
    result, _ = graded(handing_on, used=lost, g="again = 1\ndef g(x): return 2 * x")
    assert scores(result) == {"first": 1, "ends": 0, "after": 1}


def test_after_some_lost_calls_no_player_is_made_any_more(graded, monkeypatch):
    monkeypatch.setattr(session, "MAX_REPLAYS", 1)
    four = exercise(
        F, *(f"# test t{n}\nassert f({n}) == {n + 1}" for n in range(4)), "# test free\nassert True"
    )
    result, _ = graded(four, f="def f(x):\n    import os; os._exit(1)")
    assert scores(result) == {"t0": 0, "t1": 0, "t2": 0, "t3": 0, "free": 1}
    assert result.notes[1].endswith("when the test called it. The tests after it were not run.")
    assert [item.cells[0].outcome for item in result.items] == [
        *("failed", "failed", "not run", "not run", "passed")
    ]


def test_a_cell_that_ends_the_player_loses_what_comes_after(graded):
    result, _ = graded(THREE, g="import os\nos._exit(3)")
    assert scores(result) == {"first": 1, "second": 0, "third": 0}
    why = "Cell g ended the process (exit status 3); the cells after it were not run."
    assert result.notes == [why]


def test_a_test_that_ends_its_judge_costs_itself(graded):
    """Here it is the test that crashes; a learner's bytes may do it to whatever parses them."""
    crashing = exercise(
        "# given\nbase = 1",
        "# answer n\nn = 1",
        "# test first\nassert n > 0\nfound = base + n",
        "# test second\nimport ctypes\nn == 13 and ctypes.string_at(0)\nassert n == 1",
        "# given\nlater = base + 1",
        "# test third\nassert found == base + n and later == 2",
    )
    result, _ = graded(crashing)
    assert scores(result) == {"first": 1, "second": 1, "third": 1}
    result, _ = graded(crashing, n="n = 13")
    assert scores(result) == {"first": 1, "second": 0, "third": 1}
    assert messages(result)["second"] == ["The test ended the process (SIGSEGV)."]
    assert result.notes == ["Cell second ended the process that judges it."]


def test_all_in_all_a_notebook_has_a_limit(graded, monkeypatch):
    monkeypatch.setattr(session, "TIMES_IN_ALL", 0.5)
    slow = "import time\ntime.sleep(0.7)"
    result, _ = graded(THREE, f=f"{slow}\ndef f(x): return x + 1", g=f"{slow}\ng = f")
    assert scores(result) == {"first": 1, "second": 0, "third": 0}
    assert result.notes == [
        "All in all it took more than 1 s: nothing from Cell second on was run."
    ]


# --- What is right -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("f = 3", "`f` should be a function, but is a number."),
        ("f = None", "`f` should be a function, but is None."),
        ("class f: pass", None),
        ("import sys\nf = sys", "`f` is nothing that can cross to the tests."),
        ("", "NameError: name 'f' is not defined"),
    ],
)
def test_an_answer_of_another_kind_is_said_so(graded, answer, message):
    result, _ = graded(THREE, f=answer)
    assert scores(result) == {"first": 0, "second": 1, "third": 0}
    if message:
        assert result.item("first").messages == [message]


def test_what_could_always_be_equal_is_what_it_is_made_of(graded):
    equal = "class Equal(int):\n    def __eq__(self, other): return True\n    __hash__ = None\n"
    four = exercise("# answer n\nn = 4", "# test t\nassert n == 4")
    result, _ = graded(four, n=f"{equal}n = Equal(5)")
    assert scores(result) == {"t": 0}
    result, _ = graded(THREE, f=f"{equal}def f(x): return Equal(0)")
    assert scores(result)["first"] == 0


SORTED = exercise(
    "# answer ordered\ndef ordered(values):\n    return sorted(values)",
    "# test same\nv = [2, 1]\nassert ordered(v) == [1, 2]\nassert v == [2, 1], 'changed'",
    "# test other\nassert ordered([3, 1, 2]) == [1, 2, 3]",
)


def test_a_changed_argument_is_seen_by_the_test(graded):
    result, _ = graded(SORTED, ordered="def ordered(values):\n    values.sort()\n    return values")
    assert scores(result) == {"same": 0, "other": 1}
    assert messages(result)["same"] == ["changed"]


def test_a_test_that_holds_only_because_its_values_were_changed_does_not_hold(graded):
    sums = exercise(
        "# answer total\ndef total(values):\n    return sum(values)",
        "# test t\nvalues = [2, 1]\nassert total(values) == sum(values)",
    )
    cheat = "def total(values):\n    values.clear()\n    return 0"
    result, _ = graded(sums, total=cheat)
    assert scores(result) == {"t": 0}
    text = "The test holds only because total changes what it is given."
    assert messages(result) == {"t": [text]}
    assert result.notes == [f"Cell t: {text}"]


def test_seeds_of_a_test_count_in_the_learner_s_code(graded):
    seeded = exercise(
        "# given\nimport random, numpy as np",
        "# answer draw\ndef draw():\n    return random.random() + np.random.rand()",
        "# test t\nrandom.seed(3)\nnp.random.seed(3)\nfirst = draw()\nrandom.seed(3)\n"
        "np.random.seed(3)\nassert first == random.random() + np.random.rand()",
    )
    assert scores(graded(seeded)[0]) == {"t": 1}
    result, _ = graded(seeded, draw="def draw():\n    return random.random()")
    assert scores(result) == {"t": 0}


def test_every_test_gets_the_answers_as_they_are_at_its_turn(graded):
    turns = exercise(
        "# answer one\nx = 1",
        "# test first\nassert x == 1",
        "# answer two\nx = 2",
        "# test second\nassert x == 2",
    )
    assert scores(graded(turns)[0]) == {"first": 1, "second": 1}
    assert scores(graded(turns, two="pass")[0]) == {"first": 1, "second": 0}


def test_what_a_visible_test_binds_is_there_for_the_learner_and_hidden_names_are_not(graded):
    handing_on = exercise(
        F,
        f"# test first\nresult = f(2)\n{hidden('secret = 99')}\nassert result == 3",
        "# answer used\nused = result",
        "# test second\nassert used == 3",
    )
    assert scores(graded(handing_on)[0]) == {"first": 1, "second": 1}
    result, text = graded(handing_on, used="used = 3\nprint('secret' in globals(), result)")
    assert scores(result) == {"first": 1, "second": 1}
    assert "False 3" in text


# --- What is told ------------------------------------------------------------------------------

KEPT = exercise(
    F,
    f"# test first\nassert f(1) == 2\n{hidden('assert f(987654) == 987655')}",
    "# answer later\nlater = 'nothing'",
    "# test second\nassert later == 'nothing', f'not {later}'",
    "# test third\nassert f(5) == 6, f'not {f(5)}'",
)


def test_what_a_function_keeps_of_hidden_tests_is_not_told_by_later_cells(graded):
    keep = "kept = []\ndef f(x):\n    kept.append(x)\n    return x + 1"
    result, text = graded(KEPT, f=keep, later="later = 'nothing'\nprint('kept', kept)")
    assert scores(result) == {"first": 1, "second": 1, "third": 1}
    assert "987654" not in text
    # People see what the cell shows where only visible tests have run.
    assert "kept [1]" in text


def test_nor_by_what_later_tests_say(graded):
    keep = "kept = []\ndef f(x):\n    kept.append(x)\n    return x + 1 if len(kept) < 3 else kept"
    result, text = graded(KEPT, f=keep, later="later = repr(kept)")
    assert scores(result) == {"first": 1, "second": 0, "third": 0}
    told = text + result.model_dump_json()
    assert "987654" not in told
    # Marks come from the first player, words from the second.
    assert messages(result)["second"] == ["not [1]"]


def test_what_a_call_shows_is_told_for_visible_lines_only(graded):
    loud = "def f(x):\n    print('got', x)\n    return x + 1"
    result, text = graded(KEPT, f=loud)
    assert scores(result)["first"] == 1
    assert "got 1" in text
    assert "987654" not in text
    crying = "def f(x):\n    if x > 5: raise ValueError(f'got {x}')\n    return x + 1"
    result, text = graded(KEPT, f=crying)
    assert scores(result) == {"first": 0, "second": 1, "third": 1}
    assert messages(result)["first"] == ["A hidden check ended with ValueError."]
    assert "987654" not in text + result.model_dump_json()


# --- Beside the code ---------------------------------------------------------------------------

BESIDE = exercise(
    F,
    "# answer loud\ndef loud():\n    print(f(1))",
    "# test printed\nimport builtins\nkept, said = print, []\nbuiltins.print = said.append\n"
    "try:\n    loud()\nfinally:\n    builtins.print = kept\nassert said == [2], 'prints two'",
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
    assert f"{points} of 1 points" in cell.message
    assert scores(result)["apart"] == 1
    [note] = result.notes
    assert note.startswith("printed can't be judged apart: apart from the code it ends with")


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
        "# test live\nimport inspect\nassert list(inspect.signature(f).parameters) == ['x']",
        "# answer again\nf = None",
        "# test apart\nassert f is None",
    )
    result, _ = graded(late, beside=["live"])
    assert scores(result) == {"live": 1, "apart": 1}


def test_what_a_test_beside_the_code_shows_is_told_to_nobody(graded):
    told = exercise(
        F,
        "# test live\nimport inspect\nprint('VISIBLE')\n"
        + hidden("print('SECRET', f(1))\nassert inspect.signature(f).parameters['x']"),
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
        "# test live\nimport inspect\nassert inspect.signature(f)\nassert look() == []",
    )
    paper = put_together(
        spying.notebooks["x"],
        read_notebook(nbformat.v4.writes(handed_in(spying)).encode(), "x.ipynb"),
    )
    contract = contract_of(spying, "x", engine)
    assert contract.tests["live"].live
    heard = hear(paper, contract, engine, Files(), Files())
    [position] = heard.beside
    assert heard.played[position].error is None
    marks = score("x", paper, heard, contract, ["live"]).graded
    assert {name: cell.score for name, cell in marks.items()} == {"first": 1, "live": 1}
