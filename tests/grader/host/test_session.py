"""One notebook from cells to marks: what ends costs what needs it, and what is right counts."""

from __future__ import annotations

import mmap
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import pytest

from grader import Engine, grade_one
from grader.host.engine.child import SLACK, Child, Ended
from grader.host.engine.settings import EngineSettings
from grader.host.get_contract import get_contract
from grader.host.session import allowance
from grader.host.session.stage import Stage
from grader.protocol.errors import NotSetUp
from grader.protocol.limits import MIB, Limits
from grader.protocol.orders import RunBeside, RunCell, RunTest
from tests.grader.conftest import exercise, handed_in, hidden, linux, scores
from tests.grader.host.conftest import THREE, F, G, messages

# --- What ends ---------------------------------------------------------------------------------


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
    play_again = Stage.play_again

    def twice(self, position):
        if not next(turns):
            self._allowance._until = 0.0
        return play_again(self, position)

    monkeypatch.setattr(Stage, "play_again", twice)
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


def test_code_that_no_longer_reads_costs_the_test_that_speaks_to_it(graded):
    """What is sent backs up, and the judge waited until somebody interrupted it."""
    silent = """
import signal, time

def hang(*_):
    while True:
        time.sleep(1)

def f(x):
    if x is None:
        signal.signal(signal.SIGALRM, hang)
        signal.setitimer(signal.ITIMER_REAL, 0.05)
    return x
"""
    test = "f(None)\ntime.sleep(0.3)\nassert len(f(bytes(10**7))) == 10**7"
    made = exercise(
        "# answer f\ndef f(x):\n    return x",
        f"# test one\nimport time\n{test}",
        "# test two\nassert f(2) == 2",
    )
    result, _ = graded(made, f=silent)
    assert messages(result) == {"one": ["The test was stopped after 2 s."], "two": []}
    assert result.total == 1
    assert result.notes == [
        "Cell one: the learner's code took too long when the test called it.",
    ]


def test_all_in_all_a_notebook_has_a_limit(graded, monkeypatch):
    monkeypatch.setattr(allowance, "TIMES_IN_ALL", 0.5)
    slow = "import time\ntime.sleep(0.7)"
    result, _ = graded(THREE, f=f"{slow}\ndef f(x): return x + 1", g=f"{slow}\ng = f")
    assert scores(result) == {"first": 1, "second": 0, "third": 0}
    assert result.notes == [
        "All in all it took more than 1 s: nothing from Cell second on was run."
    ]


def test_what_runs_once_more_takes_nothing_of_that(graded, monkeypatch):
    monkeypatch.setattr(allowance, "TIMES_IN_ALL", 2)
    tests = [f"# test t{n}\nassert f([{n}]) == [{n}, 1]" for n in range(5)]
    made = exercise("# answer f\ndef f(v):\n    return v + [1]", *tests)
    in_place = "def f(v):\n    v.append(1)\n    return v"
    result, _ = graded(made, f=f"import time\ntime.sleep(0.8)\n{in_place}")
    assert result.total == 5


PICTURE = """# given
class {0}:
    def _repr_mimebundle_(self, **_):
        return {{"text/plain": "drawn"}}
{0}.__module__ = "{1}"
display({0}())
"""


@pytest.mark.parametrize(("module", "drawn"), [("a_library", [1, 0]), ("__main__", [1, 1])])
def test_a_judge_draws_no_picture_of_a_library(engine, monkeypatch, module, drawn):
    """What a class of the notebook does when it is shown may be what a test is about."""
    shown = PICTURE.format("Shown", module)
    made = exercise(F, "# test first\nassert f(1) == 2", shown, "# test last\nassert f(2) == 3")
    get_contract(made, "x", engine)
    replies, ask = [], Child.ask

    def listening(self, order, *rest, **named):
        reply = ask(self, order, *rest, **named)
        if isinstance(order, RunCell) and order.source == shown:
            replies.append(str(reply.outputs).count("drawn"))
        return reply

    monkeypatch.setattr(Child, "ask", listening)
    assert scores(grade_one(made, handed_in(made), engine)) == {"first": 1, "last": 1}
    assert replies == drawn


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


def test_an_endless_cell_behind_a_hidden_test_has_its_time_twice(graded, limits):
    # What comes after a hidden test is played a second time, for what people see: all of it with
    # its own time, or how much it took at first would tell what the hidden test has asked.
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
    # f, its test, g, its test; then f, the first test and g for show, and the second test.
    assert limits[:7] == [2, 2, 2, 2, 2, 2, 2]
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
    monkeypatch.setattr(allowance, "_LEAST_SECONDS", 0.4)
    slow = "# answer g\nimport time\ntime.sleep(0.1)\ndef g(x): return 2 * x"
    timed = exercise(F, "# test first\nassert f(1) == 2", slow, "# test second\nassert g(1) == 2")
    with Engine(EngineSettings(preload=(), timeout=3, follows_solution=True)) as engine:
        get_contract(timed, "x", engine)
        limits.clear()
        result = grade_one(timed, handed_in(timed, f="while True: pass"), engine)
    assert scores(result) == {"first": 0, "second": 1}
    assert limits[:2] == [0.4, 0.4]
    assert 2 <= limits[2] <= 3
    assert result.notes == ["Cell f was stopped: its time was up."]


def test_a_test_that_asks_for_too_much_costs_itself(bubblewrap):
    made = exercise(
        "# answer f\ndef f(g):\n    return g('x')",
        "# test f1\nassert f(len) == 1",
        "# test f2\nassert f(lambda text: text) == 'x'",
        G,
        "# test g1\nassert g(2) == 4",
    )
    greedy = "def f(g):\n    for _ in range(40):\n        g('x' * 10**7)\n    return g('x')"
    with Engine(EngineSettings(preload=(), timeout=30)) as engine:
        result = grade_one(made, handed_in(made, f=greedy), engine)
    assert scores(result) == {"f1": 1, "f2": 0, "g1": 1}
    assert "asked for too much" in result.notes[0]


@linux
@pytest.mark.parametrize("times", [1, 2], ids=["once", "always"])
def test_what_the_grader_s_own_end_costs_is_not_the_learner_s_fault(times, monkeypatch):
    made = exercise(
        "# given\nlimit = 3",
        "# answer y\nimport time\ntime.sleep(1)\ny = limit",
        "# test y1\nassert y == limit",
    )
    ask, ended = Child.ask, []

    def seen_ask(child, message, *args, **kwargs):
        if "sleep(1)" in str(message) and len(ended) < times:
            ended.append(child)
            # As when the machine's memory is used up: the room ends, and its players with it.
            child._warm.close()
        return ask(child, message, *args, **kwargs)

    with Engine(EngineSettings(preload=(), timeout=30)) as engine:
        grade_one(made, handed_in(made), engine)
        monkeypatch.setattr(Child, "ask", seen_ask)
        # No verdict, then: the others' players have ended with it, whoever's doing it was.
        ends = pytest.raises(NotSetUp, match="The grader's own process ended")
        with nullcontext() if times == 1 else ends:
            result = grade_one(made, handed_in(made), engine)
            assert (scores(result), result.notes) == ({"y1": 1}, [])
        assert scores(grade_one(made, handed_in(made), engine)) == {"y1": 1}


@linux
@pytest.mark.parametrize("role", ["player", "judge"])
@pytest.mark.parametrize("times", [1, 2], ids=["once", "always"])
def test_a_process_that_ends_while_it_comes_up_is_had_once_more(role, times, monkeypatch):
    made = exercise("# answer y\ny = 3", "# test y1\nassert y == 3")
    fork, ended = Engine.fork, []

    def seen_fork(engine, room, wanted, *args, **kwargs):
        child = fork(engine, room, wanted, *args, **kwargs)
        if wanted == role and len(ended) < times:
            ended.append(child)
            child.end()
            raise Ended("broke the process it ran in")
        return child

    with Engine(EngineSettings(preload=(), timeout=30)) as engine:
        grade_one(made, handed_in(made), engine)
        monkeypatch.setattr(Engine, "fork", seen_fork)
        result = grade_one(made, handed_in(made), engine)
    assert len(ended) == times
    assert scores(result) == {"y1": 2 - times}


# --- What runs by itself -----------------------------------------------------------------------


@linux
def test_the_learners_processes_stand_still_while_a_source_runs_by_itself(engine, monkeypatch):
    """They could tell it what it is to find out, by being busy."""
    made = exercise(
        "# answer source\nsource = 'def f(x):\\n    return x + 1'",
        "# test alone\nimport sys\nbench = sys.modules.get('grading_bench')\n"
        "for n in (1, 2) if bench else ():\n"
        "    assert bench.call_alone(source, 'f', (n,)) == ('value', n + 1)",
        "# test after\nassert len(source) > 9",
    )
    get_contract(made, "x", engine)
    seen = []
    pause, fork_alone = Child.pause, Engine.fork_alone

    def seen_pause(child, stop):
        seen.append("stop" if stop else "go on")
        return pause(child, stop)

    def seen_fork(engine):
        seen.append("alone")
        return fork_alone(engine)

    monkeypatch.setattr(Child, "pause", seen_pause)
    monkeypatch.setattr(Engine, "fork_alone", seen_fork)
    assert scores(grade_one(made, handed_in(made), engine)) == {"alone": 1, "after": 1}
    assert seen == ["stop", "alone", "go on"] * 2


@linux
def test_a_source_by_itself_that_no_longer_reads_is_slow(graded):
    """What is sent to it backs up; the test goes on when its seconds are over."""
    stuck = """
import _socket, socket, time

def recv(end, size, flags=0):
    # What is small is read.
    size > 2**16 and time.sleep(60)
    return _socket.socket.recv(end, size, flags)

socket.socket.recv = recv
"""
    whole = "def f(x):\n    return len(x)"
    made = exercise(
        f"# answer source\nsource = {whole!r}",
        "# test alone\nimport sys\nbench = sys.modules.get('grading_bench')\n"
        "outcome = bench and bench.call_alone(source, 'f', (bytes(10**7),), seconds=0.8)\n"
        "assert outcome in (None, ('value', 10**7)), outcome",
    )
    result, _ = graded(made, source=f"source = {stuck + whole!r}")
    assert messages(result)["alone"] == ["('slow', '')"]


@linux
@pytest.mark.parametrize("name", ["tools", "library.tools"])
def test_a_source_by_itself_finds_nothing_of_what_is_shown(tmp_path, name):
    """Its files are covered, but a module that is imported needs none."""
    (tmp_path / "tools.py").write_text("def decode(x):\n    return x + 1\n")
    borrows = f"from {name} import decode as f"
    made = exercise(
        f"# given\nfrom {name} import decode",
        "# answer source\nsource = 'def f(x):\\n    return x + 1'",
        "# test alone\nimport sys\nbench = sys.modules.get('grading_bench')\n"
        "outcome = bench and bench.call_alone(source, 'f', (1,))\n"
        "assert outcome in (None, ('value', 2)) and decode(1) == 2, outcome",
    )
    show = {f"/course/{name.replace('.', '/')}.py": tmp_path / "tools.py"}
    with Engine(EngineSettings(preload=(name,), timeout=10, show=show)) as engine:
        assert scores(grade_one(made, handed_in(made), engine)) == {"alone": 1}
        result = grade_one(made, handed_in(made, source=f"source = {borrows!r}"), engine)
    assert scores(result) == {"alone": 0}


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


SORTED = exercise(
    "# answer ordered\ndef ordered(values):\n    return sorted(values)",
    "# test same\nv = [2, 1]\nassert ordered(v) == [1, 2]\nassert v == [2, 1], 'changed'",
    "# test other\nassert ordered([3, 1, 2]) == [1, 2, 3]",
)


def test_a_changed_argument_is_seen_by_the_test(graded):
    result, _ = graded(SORTED, ordered="def ordered(values):\n    values.sort()\n    return values")
    assert scores(result) == {"same": 0, "other": 1}
    assert messages(result)["same"] == ["changed"]


@pytest.fixture
def judges(monkeypatch):
    """The judges that were made so far."""
    made, new_judge = [], Stage._new_judge

    def counted(stage):
        made.append(judge := new_judge(stage))
        return judge

    monkeypatch.setattr(Stage, "_new_judge", counted)
    return made


def test_tests_that_run_once_more_share_their_processes(engine, judges):
    made = exercise(
        "# given\nown = [5, 4]",
        "# answer f\ndef f(values):\n    return sorted(values)",
        "# test one\nassert f([2, 1]) == [1, 2]",
        "# test two\nassert f([3, 1]) == [1, 3]",
        "# answer g\ndef g(values):\n    return sorted(values)",
        "# test three\nassert g([3, 1, 2]) == [1, 2, 3]",
        "# test four\nassert f(own) == [4, 5]",
        "# test five\nassert own == [5, 4] and g(own) == [4, 5]",
    )
    assert set(scores(grade_one(made, handed_in(made), engine)).values()) == {1}
    judges.clear()
    sorts = "(values):\n    values.sort()\n    return list(values)"
    result = grade_one(made, handed_in(made, f=f"def f{sorts}", g=f"def g{sorts}"), engine)
    assert scores(result) == {"one": 1, "two": 1, "three": 1, "four": 1, "five": 0}
    # Its own, one that is kept, and one that has met all before the last.
    assert len(judges) == 3
    assert all(judge.ended for judge in judges)


def test_what_the_learner_s_code_needs_of_other_tests_is_there_when_one_runs_once_more(engine):
    made = exercise(
        "# answer count\ndef count():\n    return 1",
        "# answer f\ndef f(values):\n    return sorted(values)",
        "# test one\nassert count() == 1",
        "# test two\nassert f([2, 1]) == [1, 2]",
    )
    counts = "calls = []\ndef count():\n    calls.append(1)\n    return 1"
    sorts = "def f(values):\n    values.sort()\n    return values if calls else None"
    result = grade_one(made, handed_in(made, count=counts, f=sorts), engine)
    assert scores(result) == {"one": 1, "two": 1}


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


@pytest.mark.parametrize("calls", [1, 20])
def test_a_function_may_write_much_past_python(graded, calls):
    """A library of C does, or a program that it starts: no pipe is to fill while a test runs."""
    made = exercise(
        "# answer f\nimport os\ndef f(x):\n    return x + 1",
        f"# test calls\nassert [f(x) for x in range({calls})] == [x + 1 for x in range({calls})]",
    )
    loud = f"import os\ndef f(x):\n    os.write(1, b'x' * {300_000 // calls})\n    return x + 1"
    result, _ = graded(made, f=loud)
    assert scores(result) == {"calls": 1}
    assert result.notes == []


def test_a_helper_that_is_called_as_a_test_calls_something_of_its_own_is_none_of_the_test_s(graded):
    """Only what the teacher's notebook has a test can mean: `limit` here, and no `half`."""
    made = exercise(
        "# answer ratio\nlimit = 4\ndef ratio(x):\n    return x / 2",
        "# test t\nhalf, limit = ratio(8), None\nassert half == ratio(9) - 0.5 == 4",
    )
    helped = "limit = 4\ndef half(x):\n    return x / 2\ndef ratio(x):\n    return half(x)"
    assert scores(graded(made, ratio=helped)[0]) == {"t": 1}
    leaning = "limit = 4\ndef ratio(x):\n    return x * 2 / limit"
    assert scores(graded(made, ratio=leaning)[0]) == {"t": 0}


def test_who_is_ended_for_shared_memory_of_another_s_is_heard_again(bubblewrap, monkeypatch):
    """Nobody knows whose it is, until who was ended for it has gone and it is still there."""
    made = exercise("# answer x\nx = 7", "# test holds\nassert x == 7")
    shares = "import mmap, time\npage = mmap.mmap(-1, 13)\nx = 7\ntime.sleep(2)"
    lost: list[bool] = []
    close = Stage.close

    def closed(stage):
        close(stage)
        lost.append(stage.lost_its_room)

    monkeypatch.setattr(Stage, "close", closed)
    limits = Limits(memory=128 * MIB)
    with Engine(EngineSettings(preload=(), timeout=10, limits=limits)) as engine:
        assert scores(grade_one(made, handed_in(made), engine)) == {"holds": 1}
        lost.clear()
        with ThreadPoolExecutor() as another, mmap.mmap(-1, 300 * MIB) as held:
            another.submit(lambda: (time.sleep(0.8), held.write(b"x" * len(held))))
            assert scores(grade_one(made, handed_in(made, x=shares), engine)) == {"holds": 1}
        assert lost == [True, False]
        # Whose it is has no other try.
        lost.clear()
        own = (
            "import mmap, os, time\nkept = []\n"
            "for _ in range(4):\n"
            "    if os.fork() == 0:\n"
            "        kept = mmap.mmap(-1, 100 * 2**20)\n"
            "        if os.fork() == 0:\n"
            "            [kept.write(bytes(2**20)) for _ in range(100)]\n"
            "            os._exit(0)\n"
            "        time.sleep(5)\n"
            "        os._exit(0)\n"
            "    time.sleep(0.4)\n"
            "x = 7\ntime.sleep(2)"
        )
        assert scores(grade_one(made, handed_in(made, x=own), engine)) == {"holds": 0}
        assert lost == [False]


def test_nobody_is_ended_for_files_of_who_was_forked_elsewhere(bubblewrap, monkeypatch):
    """Files in memory have a limit of their own, whichever room their owner comes from."""
    made = exercise("# answer x\nx = 7", "# test holds\nassert x == 7")
    other = exercise("# given\nlimit = 1", "# answer y\ny = 7", "# test holds\nassert y == 7")
    shares = "import mmap, time\npage = mmap.mmap(-1, 13)\nx = 7\ntime.sleep(3)"
    fills = (
        "import time\ntime.sleep(0.8)\nfor place in ('/tmp/a', '/dev/shm/a'):\n"
        "    with open(place, 'wb') as file:\n"
        "        for _ in range(150):\n            file.write(bytes(2**20))\n"
        "time.sleep(2)\ny = 7"
    )
    lost: list[bool] = []
    close = Stage.close

    def closed(stage):
        close(stage)
        lost.append(stage.lost_its_room)

    limits = Limits(memory=128 * MIB)
    with Engine(EngineSettings(preload=(), timeout=10, limits=limits)) as engine:
        for assignment in (made, other):
            assert scores(grade_one(assignment, handed_in(assignment), engine)) == {"holds": 1}
        monkeypatch.setattr(Stage, "close", closed)
        with ThreadPoolExecutor() as another:
            filled = another.submit(grade_one, other, handed_in(other, y=fills), engine)
            assert scores(grade_one(made, handed_in(made, x=shares), engine)) == {"holds": 1}
            assert scores(filled.result()) == {"holds": 1}
    assert lost == [False, False]
