"""One notebook from cells to marks: what ends costs what needs it, and nothing hidden is told."""

from __future__ import annotations

import os
import tempfile

import nbformat
import pytest

from grader import Assignment, Engine, grade_one
from grader.host import session
from grader.host.engine.child import SLACK, Child
from grader.host.engine.files import Files
from grader.host.get_contract import get_contract, trouble_with
from grader.host.grade import grade
from grader.host.intake.notebook import read_notebook
from grader.host.intake.paper import put_together
from grader.host.intake.submission import Submission
from grader.host.marks.points import score
from grader.host.session import hear
from grader.protocol.orders import RunBeside, RunCell, RunTest
from grader.sandboxed import player
from tests.grader.conftest import cell, exercise, handed_in, hidden, notebook, scores, solution

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


FOUR = exercise(
    F,
    *(f"# test t{n}\nassert f({n}) == {n + 1}" for n in range(4)),
    G,
    "# test free\nassert True",
    "# test g1\nassert g(1) == 2",
)
LOSES = "def f(x):\n    import os; os._exit(1)"


def test_when_time_is_up_no_player_is_made_any_more(graded, monkeypatch):
    turns = iter([True, False, False, False])
    play_again = session._Session._play_again

    def twice(self, position):
        if not next(turns):
            self._until = 0.0
        return play_again(self, position)

    monkeypatch.setattr(session._Session, "_play_again", twice)
    result, _ = graded(FOUR, f=LOSES)
    assert result.notes[1].endswith("when the test called it. The tests after it were not run.")
    outcomes = [item.cells[0].outcome for item in result.items]
    assert outcomes == ["failed", "failed", *["not run"] * 4]


def test_points_behind_many_lost_calls_are_kept(graded):
    result, _ = graded(FOUR, f=LOSES)
    assert scores(result) == {"t0": 0, "t1": 0, "t2": 0, "t3": 0, "free": 1, "g1": 1}
    outcomes = [item.cells[0].outcome for item in result.items]
    assert outcomes == [*["failed"] * 4, "passed", "passed"]


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


@pytest.fixture
def limits(monkeypatch):
    """The seconds that each cell and test was allowed, in turn."""
    allowed = []
    ask = Child.ask

    def listening(self, order, reply, seconds=SLACK, *rest, **named):
        match order:
            case RunCell() | RunBeside():
                allowed.append(seconds)
            case RunTest():
                allowed.append(order.seconds)
        return ask(self, order, reply, seconds, *rest, **named)

    monkeypatch.setattr(Child, "ask", listening)
    return allowed


def test_an_endless_cell_takes_its_time_once(graded, limits):
    # What comes after a hidden test is played a second time, for what people see.
    told = exercise(
        "# answer f\nasked = []\ndef f(x):\n    asked.append(x)\n    return x + 1",
        "# test first\n" + hidden("assert f(41) == 42"),
        G,
        "# test second\nassert g(2) == 4",
    )
    graded(told)
    limits.clear()
    endless = "def g(x):\n    return 2 * x\nprint(len(asked))\nwhile True:\n    pass"
    result, shown = graded(told, g=endless)
    assert scores(result) == {"first": 1, "second": 1}
    # f, its test, g, its test; then f and the first test for show, and g for a second only.
    assert limits == [2, 2, 2, 2, 2, 2, 1]
    assert "This cell was stopped after 2 s." in shown
    assert "after 1 s" not in shown


def test_an_endless_function_takes_its_time_once(graded, limits):
    thrice = exercise(
        F,
        "# test first\nassert f(0) == 1",
        "# test second\nassert f(1) == 2",
        G,
        "# test third\nassert g(2) == 4",
    )
    graded(thrice)
    limits.clear()
    result, _ = graded(thrice, f="def f(x):\n    while x == 0:\n        pass\n    return x + 1")
    assert scores(result) == {"first": 0, "second": 1, "third": 1}
    # f and its test; f again for the next, which may be as endless; the others as ever.
    assert limits == [2, 2, 2, 1, 2, 2]
    assert messages(result)["first"] == ["The test was stopped after 2 s."]


def test_limits_may_follow_the_solution(bubblewrap, limits, monkeypatch):
    monkeypatch.setattr(session, "_LEAST_SECONDS", 0.4)
    slow = "# answer g\nimport time\ntime.sleep(0.1)\ndef g(x): return 2 * x"
    timed = exercise(F, "# test first\nassert f(1) == 2", slow, "# test second\nassert g(1) == 2")
    with Engine(preload=(), timeout=3, follows_solution=True) as engine:
        get_contract(timed, "x", engine)
        limits.clear()
        result = grade_one(timed, handed_in(timed, f="while True: pass"), engine)
    assert scores(result) == {"first": 0, "second": 1}
    assert limits[:2] == [0.4, 0.4]
    assert 2 <= limits[2] <= 3
    assert result.notes == ["Cell f was stopped: its time was up."]


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
    assert messages(result)["first"] == ["A hidden check does not hold."]
    assert "987654" not in text + result.model_dump_json()


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


# --- What honest notebooks do ------------------------------------------------------------------

MAT = """class Mat:
    def __init__(self, v):
        self.v = v
    def __len__(self):
        return len(self.v)
    def __getitem__(self, i):
        return self.v[i]
    def __add__(self, other):
        return Mat([a + b for a, b in zip(self.v, other.v)])"""


def test_what_a_test_has_kept_is_asked_by_the_terms_of_the_next(engine):
    made = exercise(
        f"# answer Mat\n{MAT}",
        "# test attribute\na, b = Mat([1, 2]), Mat([3, 4])\nassert a.v == [1, 2]",
        "# test length\nassert len(a) == 2",
        "# test item\nassert a[1] == 2 and list(a) == [1, 2]",
        "# test sum\nassert (a + b).v == [4, 6]",
    )
    result = grade_one(made, handed_in(made), engine)
    assert scores(result) == {"attribute": 1, "length": 1, "item": 1, "sum": 1}


FALLBACKS = {
    "str": ("__str__(self): return 'p'", "__repr__(self): return 'p'", "str(p) == f'{p}' == 'p'"),
    "less": (
        "__lt__(self, other): return self.n < other.n",
        "__gt__(self, other): return self.n > other.n",
        "p < q and sorted([q, p])[0] is p",
    ),
    "in place": (
        "__iadd__(self, k): self.n += k; return self",
        "__add__(self, k): return P(self.n + k)",
        "add(p).n == 4",
    ),
    "contains": (
        "__contains__(self, k): return k == 1",
        "__iter__(self): yield 1",
        "1 in p and 2 not in p",
    ),
    "bool": ("__bool__(self): return False", "__len__(self): return 0", "not p"),
    "not equal": (
        "__ne__(self, other): return self.n != other.n",
        "__eq__(self, other): return self.n == other.n",
        "p != q",
    ),
}


@pytest.mark.parametrize(("solved", "other", "test"), FALLBACKS.values(), ids=FALLBACKS)
def test_what_python_asks_instead_is_as_good(engine, solved, other, test):
    start = "class P:\n    def __init__(self, n):\n        self.n = n\n    def "
    made = exercise(
        f"# answer P\n{start}{solved}",
        f"# test p1\ndef add(x):\n    x += 3\n    return x\np, q = P(1), P(2)\nassert {test}",
    )
    for body in (solved, other):
        result = grade_one(made, handed_in(made, P=f"{start}{body}"), engine)
        assert (scores(result), messages(result)) == ({"p1": 1}, {"p1": []})


def test_a_test_that_asks_for_too_much_costs_itself(bubblewrap):
    made = exercise(
        "# answer f\ndef f(g):\n    return g('x')",
        "# test f1\nassert f(len) == 1",
        "# test f2\nassert f(lambda text: text) == 'x'",
        G,
        "# test g1\nassert g(2) == 4",
    )
    greedy = "def f(g):\n    for _ in range(40):\n        g('x' * 10**7)\n    return g('x')"
    with Engine(preload=(), timeout=30) as engine:
        result = grade_one(made, handed_in(made, f=greedy), engine)
    assert scores(result) == {"f1": 1, "f2": 0, "g1": 1}
    assert "asked for too much" in result.notes[0]


def test_a_second_run_of_a_test_begins_where_the_first_began(engine):
    account = (
        "class Account:\n    def __init__(self, n):\n        self.balance = n\n"
        "    def deposit(self, n):\n        self.balance += n\nacct = Account(100)\n"
    )
    pay = "def pay(account, amounts):\n    "
    made = exercise(
        f"# answer a\n{account}{pay}for n in amounts:\n        account.deposit(n)",
        "# test first\npay(acct, [10, 20])\nassert acct.balance == 130",
        "# test second\nacct.deposit(5)\nassert acct.balance == 135",
    )
    popping = f"{account}{pay}while amounts:\n        account.deposit(amounts.pop(0))"
    result = grade_one(made, handed_in(made, a=popping), engine)
    assert (scores(result), result.notes) == ({"first": 1, "second": 1}, [])


def test_seeds_count_though_another_number_would_do_as_well(engine):
    made = exercise(
        "# given\nimport random",
        "# answer f\ndef f(n):\n    return sum(random.random() for _ in range(n)) / n",
        "# test f1\nrandom.seed(3)\nassert abs(f(4) - 0.5) < 0.45\n"
        "kept = f(4)\nrandom.seed(3)\nassert f(4) == kept or True",
        "# test f2\nrandom.seed(1)\nassert abs(f(2) - 0.5) < 0.5",
    )
    known = "import random as r\nr.seed(1)\nfirst = [r.random() for _ in range(2)]\nr.seed(5)\n"
    seen = f"{known}def f(n):\n    if n == 4:\n        return 0.5\n    return "
    right = handed_in(made, f=f"{seen}0.5 if [random.random(), random.random()] == first else 9")
    assert scores(grade_one(made, right, engine)) == {"f1": 1, "f2": 1}


def test_figures_of_a_test_are_not_there_for_the_next_answer(engine):
    made = exercise(
        "# given\nimport matplotlib.pyplot as plt",
        "# answer f\ndef f(v):\n    return len(plt.bar(range(len(v)), v))",
        "# test f1\nassert f([1, 2, 3]) == 3",
        "# answer h\nplt.bar([0, 1], [5, 6])\nh = [p.get_height() for p in plt.gca().patches]",
        "# test h1\nassert h == [5, 6]",
    )
    assert scores(grade_one(made, handed_in(made), engine)) == {"f1": 1, "h1": 1}


def test_threads_may_call_what_a_test_lends(engine):
    made = exercise(
        "# answer f\ndef f(g, v):\n    return [g(x) for x in v]",
        "# test f1\nassert f(lambda x: 2 * x, range(30)) == list(range(0, 60, 2))",
    )
    threads = (
        "from concurrent.futures import ThreadPoolExecutor\ndef f(g, v):\n"
        "    with ThreadPoolExecutor(4) as pool:\n        return list(pool.map(g, v))"
    )
    assert scores(grade_one(made, handed_in(made, f=threads), engine)) == {"f1": 1}


def test_a_table_that_is_changed_in_place_keeps_its_index_and_labels(engine):
    made = exercise(
        "# given\nimport pandas as pd",
        "# answer f\ndef f(t):\n    return t.assign(w=t.v * 2)",
        "# test f1\nt = pd.DataFrame({'k': [5, 6, 7], 'v': [1, 2, 3]})\nfound = f(t.copy())\n"
        "assert found.loc[0, 'w'] == 2 and found.index.tolist() == [0, 1, 2]",
    )
    changed = "def f(t):\n    t['w'] = t.v * 2\n    return t"
    assert scores(grade_one(made, handed_in(made, f=changed), engine)) == {"f1": 1}


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
    told = trouble_with(made, engine)
    assert told is not None
    assert "your own solution fails second/t" in told
    assert "first/t (" in told
    assert "third/t (" in told
    assert " t (" not in told
    told = trouble_with(made, engine, ["third/t"])
    assert told is not None
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


# --- Points that are not earned ----------------------------------------------------------------


def test_a_given_value_that_an_answer_changes_is_as_it_was_for_every_test(engine):
    made = exercise(
        "# given\nnumbers, table = [3, 1, 2], {'a': 3}",
        "# answer total\ndef total(v):\n    return sum(v)",
        "# test total1\nassert total(numbers) == sum(numbers)",
        "# test total2\nassert total(table.values()) == sum(table.values())",
        "# answer most\nmost = max(numbers)",
        "# test most1\nassert most == max(numbers, default=0)",
    )
    emptying = "def total(v):\n    v.clear()\n    return 0"
    result = grade_one(made, handed_in(made, total=emptying, most="most = 0"), engine)
    assert scores(result) == {"total1": 0, "total2": 0, "most1": 0}
    failing = "def total(v):\n    v.clear()\n    return 1"
    result = grade_one(made, handed_in(made, total=failing, most="most = 0"), engine)
    assert scores(result) == {"total1": 0, "total2": 0, "most1": 0}
    result = grade_one(made, handed_in(made, total=failing), engine)
    assert scores(result) == {"total1": 0, "total2": 0, "most1": 1}


TELLING = {
    "a function in a container": (
        "ops = {'double': lambda x: 2 * x}",
        f"d = ops['double']\nassert d(1) == 2\n{hidden('assert d(733109426) == 1466218852')}",
        "seen = []\nops = {'double': lambda x: (seen.append(x), 2 * x)[1]}\n",
        "print(seen)",
    ),
}


@pytest.mark.parametrize(("solved", "test", "answer", "last"), TELLING.values(), ids=TELLING)
def test_what_hidden_lines_have_called_with_is_not_told(graded, solved, test, answer, last):
    made = exercise(f"# answer f\n{solved}", f"# test f1\n{test}", f"# answer g\n{last}")
    result, shown = graded(made, f=answer)
    assert "733109426" not in str(result.model_dump()) + shown


# Instances are compared here, so what their class says of `==` counts for them, and only for them.
VECTOR = """class V:
    def __init__(self, x):
        self.x = x
    def __add__(self, other):
        return V(self.x + other.x)
    def __eq__(self, other):
        return self.x == other.x
    def size(self):
        return abs(self.x)
    def __sub__(self, other):
        return V(self.x - other.x)"""
SUM = "V(1) + V(2) == V(3) and V(2) - V(1) == V(1)"
AGREES = """class V:
    def __init__(self, x):
        pass
    def __add__(self, other):
        return V(0)
    def __eq__(self, other):
        return True
    x = property(lambda self: V(0))
    def size(self):
        return V(0)  # size
    def __sub__(self, other):
        return V(0)"""
IMPOSTORS = {
    "a class of one's own for a given one": (
        "gauge = Gauge(1849)",
        "gauge.reads(1849)",
        "class Yes:\n    def reads(self, n):\n        return True\ngauge = Yes()",
    ),
    "types as methods": (
        "name = 'hidden'",
        "name.startswith('hid')",
        "import collections\nname = collections.namedtuple('M', 'startswith')(str)",
    ),
    "types as methods of a result": (
        "def f(x):\n    return str(x)",
        "f(12).startswith('12')",
        "import collections\ndef f(x):\n    return collections.namedtuple('M', 'startswith')(str)",
    ),
    "an array that leaves everything out": (
        "f = np.array([1.0, 2.0])",
        "np.testing.assert_allclose(f, [1, 2]) is None",
        "f = np.ma.masked_all(2)",
    ),
    "an array that leaves out what it does not know": (
        "f = np.array([1.0, 2.0])",
        "np.allclose(f, [1, 2])",
        "f = np.ma.array([1.0, 9.0], mask=[False, True])",
    ),
    "a column of nothing": (
        "f = pd.Series([1, 2])",
        "(f == pd.Series([1, 2])).all()",
        "f = pd.Series([pd.NA, pd.NA], dtype='Int64')",
    ),
    "a table of nothing": (
        "def f(): return pd.DataFrame({'a': ['x']})",
        "(f()['a'] == pd.Series(['x'])).all()",
        "def f(): return pd.DataFrame({'a': pd.Series([pd.NA], dtype='string')})",
    ),
    "a check of one's own for an imported one": (
        "from math import isclose\ndef area(r):\n    return 3 * r * r",
        "isclose(area(2), 12)",
        "def isclose(*a, **k): return True\ndef area(r):\n    return 0",
    ),
    "a number of one's own for an imported one": (
        "from math import pi\ndef area(r):\n    return pi * r * r",
        "abs(area(1) - pi) < 1e-9",
        "pi = 0\ndef area(r):\n    return 0",
    ),
    "a weak reference to what is derived from a given class": (
        "gauge = Gauge(1849)",
        "gauge.reads(1849)",
        "import weakref\nclass Yes(Gauge):\n    def reads(self, n):\n        return True\n"
        "kept = Yes(0)\ngauge = weakref.proxy(kept)",
    ),
    "objects that equal anything in an array": (
        "f = np.array([1, 'a'], dtype=object)",
        "(f == np.array([1, 'a'], dtype=object)).all()",
        "from unittest.mock import ANY\nf = np.array([ANY, ANY], dtype=object)",
    ),
    "a table that says that it is equal": (
        "f = pd.DataFrame({'a': [1]})",
        "f.equals(pd.DataFrame({'a': [1]}))",
        "class F(pd.DataFrame):\n    def equals(self, other): return True\nf = F({'a': [2]})",
    ),
    "how it is pickled": (
        "f = [1, 2]",
        "f == [1, 2]",
        "class L(list):\n    def __reduce_ex__(self, n): return eval, ('[1, 2]',)\nf = L([9])",
    ),
    "an attribute that agrees": (VECTOR, f"{SUM} and V(1).x == 1", AGREES),
    "the result of a method that agrees": (VECTOR, f"{SUM} and V(-4).size() == 4", AGREES),
    "one that gives itself": (
        VECTOR,
        f"{SUM} and V(-4).size() == 4",
        AGREES.replace("return V(0)  # size", "return self"),
    ),
    "a difference that is nothing": (
        VECTOR,
        f"{SUM} and abs(V(-4).size() - 4) < 1e-9",
        f"{AGREES}\n    __sub__ = lambda self, other: 0",
    ),
    "what a callback gets": (
        f"{VECTOR}\ndef each(f):\n    f(4)",
        f"{SUM} and not each(calls.append) and calls == [4]",
        f"{AGREES}\ndef each(f):\n    f(V(4))",
    ),
    "items that agree": (
        f"{VECTOR}\ndef f():\n    return [1, 2]",
        f"{SUM} and list(f()) == [1, 2]",
        f"{AGREES}\ndef f():\n    yield V(1)\n    yield V(2)",
    ),
}


@pytest.mark.parametrize(("solved", "test", "forged"), IMPOSTORS.values(), ids=IMPOSTORS)
def test_what_only_looks_like_an_answer_wins_nothing(engine, solved, test, forged):
    made = exercise(
        "# given\nclass Gauge:\n    def __init__(self, n):\n        self.n = n\n"
        "    def reads(self, n):\n        return self.n == n\n"
        "import numpy as np, pandas as pd\ncalls = []",
        f"# answer a\n{solved}",
        f"# test a1\nassert {test}",
    )
    assert scores(grade_one(made, handed_in(made), engine)) == {"a1": 1}
    assert scores(grade_one(made, handed_in(made, a=forged), engine)) == {"a1": 0}


HONEST = {
    "a method that gives itself, too": (
        f"{VECTOR}\n    def grow(self): self.x += 1",
        f"{SUM} and (V(1).grow() or True) and V(1) == V(1)",
        f"{VECTOR}\n    def grow(self): self.x += 1; return self",
    ),
    "rows of one's own": (
        f"{VECTOR}\n    def __getitem__(self, n): return [self.x, 2]",
        f"{SUM} and V(1)[0][1] == 2",
        f"{VECTOR}\n    def __getitem__(self, n): return V(2) if n == 0 else 2",
    ),
    "one by one": (
        f"{VECTOR}\ndef f(): return [V(1), V(2)]",
        "list(f()) == [V(1), V(2)]",
        f"{VECTOR}\ndef f(): yield V(1); yield V(2)",
    ),
    "a column that could leave something out": (
        "f = pd.Series([1, 2])",
        "(f == pd.Series([1, 2])).all()",
        "f = pd.Series([1, 2], dtype='Int64')",
    ),
    "a column that leaves something out, as the solution's": (
        "f = pd.Series([1, None], dtype='Int64')",
        "f.isna().sum() == 1 and f.dtype == 'Int64'",
        "f = pd.Series([1, pd.NA], dtype='Int64')",
    ),
}


@pytest.mark.parametrize(("solved", "test", "other"), HONEST.values(), ids=HONEST)
def test_another_way_to_the_same_values_is_as_good(engine, solved, test, other):
    made = exercise(
        "# given\nimport pandas as pd", f"# answer a\n{solved}", f"# test a1\nassert {test}"
    )
    assert scores(grade_one(made, handed_in(made, a=other), engine)) == {"a1": 1}


# --- What decides where a test goes on ---------------------------------------------------------

LOOP = exercise(
    "# answer square\ndef square(x):\n    return x * x",
    "# test visible\nassert square(2) == 4",
    "# test loop\n"
    + hidden("for got, want in zip(map(square, [2, 3, 4]), [4, 9, 16]):\n    assert got == want"),
    "# test sentinel\n"
    + hidden(
        "numbers = iter([2, 3])\nfor x in iter(lambda: square(2), 4):\n"
        "    pass\nfor got in map(lambda x: square(x), [1]):\n"
        "    assert got == 1\nassert square(1) == 1"
    ),
)


@pytest.mark.parametrize("kind", ["StopIteration", "StopAsyncIteration"])
@pytest.mark.parametrize("when", ["True", "x != 2"])
def test_an_exception_of_the_learners_ends_no_loop_of_the_tests(graded, kind, when):
    body = f"def square(x):\n    if {when}: raise {kind}\n    return x * x"
    result, _ = graded(LOOP, square=body)
    assert scores(result) == {"visible": int(when != "True"), "loop": 0, "sentinel": 0}


def test_nor_does_one_that_a_test_raised_itself(graded):
    """A learner may catch what a callback raises, and raise it elsewhere."""
    relayed = exercise(
        "# answer each\ndef each(f, x):\n    return f(x)",
        "# test loop\nones = iter([5])\nfor got in [each(lambda x: x, 1)]:\n    assert got == 1\n"
        "for got, want in zip((each(lambda x: next(ones), x) for x in [1]), [5]):\n"
        "    assert got == want\n"
        "for got in map(lambda x: each(lambda y: 2, x), [1, 2]):\n    assert got == 2, 'two'",
    )
    assert scores(graded(relayed)[0]) == {"loop": 1}
    body = (
        "def each(f, x):\n    try:\n        if f(x) == 5: f(x)\n"
        "    except StopIteration as error:\n"
        "        each.kept = error\n        return 5\n"
        "    if hasattr(each, 'kept'): raise each.kept\n    return f(x)"
    )
    result, _ = graded(relayed, each=body)
    assert scores(result) == {"loop": 0}


def test_a_sequence_of_the_tests_own_does_not_end_early(graded):
    dataset = exercise(
        "# answer change\ndef change(x):\n    return 2 * x",
        "# test loop\nclass Data:\n"
        "    def __getitem__(self, i):\n        return change([1, 2][i])\n"
        "for got, want in zip(Data(), [2, 4]):\n    assert got == want",
    )
    assert scores(graded(dataset)[0]) == {"loop": 1}
    result, _ = graded(dataset, change="def change(x):\n    raise IndexError")
    assert scores(result) == {"loop": 0}


def test_who_shall_raise_it_may(graded):
    late = exercise(
        "# answer take\ndef take(values):\n    return next(iter(values))",
        "# test raises\ntry:\n    take([])\nexcept StopIteration:\n    pass\n"
        "else:\n    assert False, 'nothing to take'\nassert take([4]) == 4",
    )
    assert scores(graded(late)[0]) == {"raises": 1}
    other = (
        "def take(values):\n    for value in values: return value\n    raise StopIteration('no')"
    )
    assert scores(graded(late, take=other)[0]) == {"raises": 1}


LOG = (
    "class Log:\n    def __enter__(self): return self\n"
    "    def __exit__(self, *a): return {}\n"
    "    def write(self, line): self.lines.append(line)\n"
    "    def __init__(self): self.lines = []\n    def count(self): return len(self.lines)"
)


def test_an_exit_swallows_no_assertion_of_the_tests(graded):
    logging = exercise(
        "# answer Log\n" + LOG.format(False),
        "# test Log-test\nwith Log() as log:\n    log.write('a')\n    assert log.count() == 1",
        "# test other\nwith Log() as log:\n    assert log.count() == 0\n    log.nothing()",
    )
    liar = LOG.format(True).replace("len(self.lines)", "7")
    result, _ = graded(logging, Log=liar)
    assert scores(result) == {"Log-test": 0, "other": 0}


def test_an_exit_swallows_what_the_solutions_swallows(graded):
    quiet = exercise(
        "# answer Quiet\nclass Quiet:\n    def __enter__(self): return self\n"
        "    def __exit__(self, kind, *a): return kind is KeyError",
        "# test Quiet-test\ndone = []\nwith Quiet():\n    raise KeyError(1)\n"
        "try:\n    with Quiet():\n        raise ValueError\n"
        "except ValueError:\n    done.append(1)\n"
        "assert done == [1]",
    )
    assert scores(graded(quiet)[0]) == {"Quiet-test": 1}
    all_of_it = (
        "class Quiet:\n    def __enter__(self): return self\n"
        "    def __exit__(self, *a): return True"
    )
    assert scores(graded(quiet, Quiet=all_of_it)[0]) == {"Quiet-test": 0}
    nothing = all_of_it.replace("True", "False")
    assert scores(graded(quiet, Quiet=nothing)[0]) == {"Quiet-test": 0}


DECK = exercise(
    "# answer best\ndef best(deck):\n    return max(deck.all())",
    "# test best-test\nclass Deck:\n    def __init__(self, cards): self.cards = cards\n"
    "    def put(self, card): self.cards.append(card)\n"
    "    def all(self): return list(self.cards)\n"
    "    @property\n    def emptied(self):\n        self.cards.clear()\n        return 0\n"
    "deck = Deck([3, 9, 4])\nassert best(deck) == max(deck.cards, default=0)",
)


@pytest.mark.parametrize(
    "body",
    [
        "deck.put(10**9)\n    return 10**9",
        "getattr(deck, 'emptied', 0)\n    return 0",
        "type(deck).put(deck, 10**9)\n    return 10**9",
    ],
)
def test_a_call_changes_nothing_that_it_is_lent(graded, body):
    assert scores(graded(DECK)[0]) == {"best-test": 1}
    assert scores(graded(DECK, best=f"def best(deck):\n    {body}")[0]) == {"best-test": 0}


def test_a_generator_of_random_numbers_that_is_lent_goes_on_as_it_was(graded):
    drawn = exercise(
        "# given\nimport random",
        "# answer draw\ndef draw(rng):\n    return [rng.random() for _ in range(3)]",
        "# test same\nrng = random.Random(4)\nimport copy\ntwin = copy.deepcopy(rng)\n"
        "got = draw(rng)\nassert got == [twin.random() for _ in got]",
        "# test several\nrng = random.Random(5)\ngot = draw(rng)\n"
        "assert len(set(got)) == 3 and all(0 <= x < 1 for x in got)",
    )
    assert scores(graded(drawn)[0]) == {"same": 1, "several": 1}
    other = "def draw(rng):\n    return [rng.uniform(0, 1) for _ in range(3)]"
    # A method that the solution does not call serves as well: it is called on a copy.
    assert scores(graded(drawn, draw=other)[0])["several"] == 1
    seeded = exercise(
        "# given\nimport random",
        "# answer draw\ndef draw(rng):\n    return rng.random()",
        "# test next\nrng = random.Random(4)\nassert draw(rng) != rng.random()\n"
        "rng = random.Random(4)\nfirst = draw(random.Random(4))\nassert rng.random() == first\n"
        "assert draw(rng) == random.Random(4).random() or True\n"
        "x = random.Random(7)\nassert draw(x) + 0 == random.Random(7).random()",
    )
    cheat = "def draw(rng):\n    rng.seed(1)\n    return __import__('random').Random(1).random()"
    assert scores(graded(seeded)[0]) == {"next": 1}
    assert scores(graded(seeded, draw=cheat)[0]) == {"next": 0}


def test_no_exception_of_a_library_skips_a_test(graded):
    """An exception of a library's crosses as itself only where the solution raises it there."""
    made = exercise(
        "# given\nimport json, unittest",
        "# answer f\ndef f(text):\n    return json.loads(text)",
        "# test skips\nclass T(unittest.TestCase):\n    def test(self):\n"
        "        self.assertEqual(f('1'), 1)\n"
        "suite = unittest.TestLoader().loadTestsFromTestCase(T)\n"
        "assert unittest.TextTestRunner(verbosity=0).run(suite).wasSuccessful()",
        "# test raises\ntry:\n    f('{')\nexcept json.JSONDecodeError as error:\n"
        "    assert 'Expecting' in str(error)\nelse:\n    assert False",
    )
    assert scores(graded(made)[0]) == {"skips": 1, "raises": 1}
    forged = "def f(text):\n    raise unittest.SkipTest('later')"
    assert scores(graded(made, f=forged)[0]) == {"skips": 0, "raises": 0}
    other = "def f(text):\n    return json.JSONDecoder().decode(text)"
    assert scores(graded(made, f=other)[0]) == {"skips": 1, "raises": 1}


def test_files_go_to_the_learners_code_and_not_back(graded):
    made = exercise(
        "# answer f\ndef f(path):\n    return len(open(path).read())",
        "# test reads\nimport os\nos.makedirs('in', exist_ok=True)\n"
        "with open('in/a.txt', 'w') as file:\n    file.write('abc')\nassert f('in/a.txt') == 3",
        "# test own\nwith open('limit.py', 'w') as file:\n    file.write('most = 4')\n"
        "n = f('limit.py')\nimport limit\nassert n == 8 and limit.most == 4",
    )
    assert scores(graded(made)[0]) == {"reads": 1, "own": 1}
    forged = "def f(path):\n    open(path, 'w').write('most = 5')\n    return 8"
    assert scores(graded(made, f=forged)[0]) == {"reads": 0, "own": 1}


# --- What comes out ----------------------------------------------------------------------------

SIX = exercise(
    *(f"# answer small{n}\ndef small{n}(x):\n    return x" for n in range(6)),
    *(f"# test hidden{n}\n" + hidden(f"assert small{n}(927345618) == 927345618") for n in range(6)),
)


def test_no_name_of_an_exception_tells_a_hidden_input(graded):
    """32 names of Python's own are five bits for each test."""
    told = {}
    for digit in (3, 17):
        names = "sorted(n for n, v in vars(b).items() if isinstance(v, type)"
        names += " and issubclass(v, Exception))[:32]"
        answers = {
            f"small{n}": f"import builtins as b\ndef small{n}(x):\n"
            f"    raise vars(b)[{names}[(x // 32**{n} + {digit}) % 32]]('x')"
            for n in range(6)
        }
        result, text = graded(SIX, **answers)
        assert set(scores(result).values()) == {0}
        told[digit] = text, messages(result)
    # Whatever it raises: nobody can tell.
    assert told[3] == told[17]


FIRST = exercise(
    "# answer clip\ndef clip(x):\n    return min(x, 100)",
    "# test first\nassert clip(2) == 2\n"
    + hidden("assert clip(927345618) == 100")
    + "\nassert clip(5) == 5, f'not {clip(5)}'\nprint('late', clip(7))",
)
SEEN = "seen = []\ndef clip(x):\n    seen.append(x); print('seen', seen)\n    return {}"


@pytest.mark.parametrize("back", ["min(x, 100)", "seen if x == 5 else min(x, 100)"])
def test_the_first_test_with_hidden_lines_shows_nothing_of_them(graded, back):
    result, text = graded(FIRST, clip=SEEN.format(back))
    assert "927345618" not in text + result.model_dump_json()
    assert "seen [2]" in text


def test_nor_in_a_loop_nor_through_a_helper(graded):
    loop = exercise(
        "# answer clip\ndef clip(x):\n    return min(x, 100)",
        "# test loop\nfor x in (2, 5):\n    assert clip(x) == x, f'not {clip(x)}'\n"
        + hidden("    assert clip(927345618) == 100"),
        "# test helper\n"
        + hidden("def check():\n    assert clip(927345619) == 100")
        + "\ncheck()\nassert clip(5) == 5, f'not {clip(5)}'",
        "# test name\n" + hidden("N = 927345617") + "\nassert clip(N) == 100, f'not {clip(1)}'",
    )
    for back in ("min(x, 100)", "min(x, 100) if len(seen) < 3 else seen"):
        result, text = graded(loop, clip=SEEN.format(back))
        told = text + result.model_dump_json()
        assert not any(str(n) in told for n in (927345617, 927345618, 927345619))


def test_what_an_earlier_test_has_bound_meets_hidden_inputs_too(graded):
    made = exercise(
        "# answer make_sum\ndef make_sum():\n    return lambda x: x + 1",
        "# test visible\nadder = make_sum()\nassert adder(1) == 2",
        "# test hidden\n" + hidden("assert adder(927345618) == 927345619"),
        "# answer later\nlater = 1",
        "# test last\nassert later == 1, later",
    )
    spy = (
        "seen = []\ndef make_sum():\n"
        "    def add(x):\n        seen.append(x)\n        return x + 1\n"
        "    return add"
    )
    later = "print('seen', seen)\nlater = repr(seen)"
    result, text = graded(made, make_sum=spy, later=later)
    assert scores(result) == {"visible": 1, "hidden": 1, "last": 0}
    assert "927345618" not in text + result.model_dump_json()


def test_what_is_never_called_again_costs_no_second_player(engine, monkeypatch):
    """Values that cross tell the player nothing."""
    data = exercise(
        "# answer x\nx = 5",
        "# test first\n" + hidden("secret = 5\nassert x == secret"),
        "# answer y\nprint('shown')\ny = 6",
        "# test second\nassert y == 6",
    )
    get_contract(data, "x", engine)
    made = []
    first = session._Session._new_player
    monkeypatch.setattr(session._Session, "_new_player", lambda self: made.append(1) or first(self))
    assert scores(grade_one(data, handed_in(data), engine)) == {"first": 1, "second": 1}
    assert len(made) == 1


def test_no_added_cell_tells_by_where_it_ends(engine):
    """Of sixty, the one that ends the process would be six bits."""
    made = exercise(
        "# answer clip\ndef clip(x):\n    return min(x, 100)",
        "# test first\n" + hidden("assert clip(927345618) == 100"),
        "# answer later\nlater = 1",
        "# test last\nassert later == 1",
    )
    told = set()
    for digit in (3, 17):
        notebook_ = handed_in(
            made, clip="seen = []\ndef clip(x):\n    seen.append(x)\n    return 100"
        )
        notebook_.cells[2:2] = [
            nbformat.v4.new_code_cell(
                f"import os\nif seen and (seen[-1] + {digit}) % 60 == {number}:\n"
                f"    os._exit({number})\n7"
            )
            for number in range(60)
        ]
        cells = read_notebook(nbformat.v4.writes(notebook_).encode(), "x.ipynb")
        paper = put_together(made.notebooks["x"], cells)
        done = grade(Submission(made, "s", {"x": paper}), engine)
        assert scores(done.result) == {"first": 1, "last": 0}
        seen = [(c.get("execution_count"), c.get("outputs")) for c in done.notebooks["x"].cells]
        told.add(str((done.result.notes, seen)))
    assert len(told) == 1, told


def test_what_hidden_lines_write_past_python_is_shown_to_nobody(graded):
    loud = exercise(
        "# answer f\ndef f(x):\n    return x",
        "# test both\nassert f(2) == 2\n" + hidden("import os\n_ = os.system('echo hidden7')"),
        "# test shown\nimport os\nassert f(3) == 3\nos.system('echo visible8');",
    )
    result, text = graded(loud)
    assert scores(result) == {"both": 1, "shown": 1}
    assert "hidden7" not in text
    assert "visible8" in text


def test_a_suggested_mark_is_for_the_teacher_only(graded):
    forged = exercise(
        "# answer greet\ndef greet(name, mark='!'):\n    return name + mark",
        "# test greet-test\nimport inspect\npoints = 0.0\n"
        + hidden(
            "points += 'mark=' in inspect.getsource(greet)\n"
            "points += greet('839472') == '839472!'\npoints / 2"
        ),
    )
    body = (
        "import sys\ndef greet(name, mark='!'):\n    class P(float):\n"
        "        def __add__(self, other): return P(int(name) / 1e6)\n"
        "        def __truediv__(self, other): return int(name) / 1e6\n"
        "    sys._getframe(1).f_globals['points'] = P(0)\n    return name + mark"
    )
    result, text = graded(forged, greet=body)
    [cell] = result.item("greet-test").cells
    assert cell.score is None
    shown = text + str(cell.message) + str(result.notes) + cell.hint
    assert "839472" not in shown


def test_a_notebooks_outputs_have_room_for_so_much_together(graded, monkeypatch):
    # An output takes some hundred characters beside its text.
    monkeypatch.setattr(session, "MAX_OUTPUT", 20_000)
    loud = exercise(
        F,
        "# answer one\nprint('x' * 15_000)",
        "# answer two\nprint('y' * 15_000)\n1 / 0",
        "# test first\nassert f(1) == 2, 'one more'",
        "# test part\n0.5",
    )
    result, text = graded(loud, f="def f(x):\n    return 0")
    assert "x" * 15_000 in text
    assert "y" * 15_000 not in text
    assert "have shown too much" in text
    # A mark hangs on errors and values.
    assert "ZeroDivisionError" in text
    assert scores(result) == {"first": 0, "part": 0.5}
    assert messages(result)["first"] == ["one more"]


def test_copies_of_a_working_folder_leave_room_in_tmp(tmp_path, monkeypatch):
    folder, copies = tmp_path / "folder", tmp_path / "copies"
    folder.mkdir(), copies.mkdir()
    (folder / "data.txt").write_text("0123456789")
    monkeypatch.chdir(folder)
    monkeypatch.setattr(tempfile, "tempdir", str(copies))
    monkeypatch.setattr(player, "_ALL", 25)
    monkeypatch.setattr(player, "_copied", 0)
    assert [bool(player._copy_of_folder()) for _ in range(3)] == [True, True, False]
    monkeypatch.setattr(player, "_copied", 0)
    # Cannot be copied: better the folder itself than half of it.
    os.mkfifo(folder / "pipe")
    assert player._copy_of_folder() is None
    assert len(list(copies.iterdir())) == 2
