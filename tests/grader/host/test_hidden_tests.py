"""What hidden tests ask is told to nobody: not by outputs, not by messages, not by what ends."""

from __future__ import annotations

import nbformat
import pytest

from grader import grade_one
from grader.host.engine.player_client import Player
from grader.host.get_contract import get_contract
from grader.host.grade import grade
from grader.host.intake.notebook import read_notebook
from grader.host.intake.paper import put_together
from grader.host.intake.submission import Submission
from grader.host.session import allowance
from grader.host.session.stage import Stage
from tests.grader.conftest import exercise, handed_in, hidden, scores
from tests.grader.host.conftest import F, messages

# --- What is told ------------------------------------------------------------------------------

KEPT_TEST = f"# test first\nassert f(1) == 2\n{hidden('assert f(987654) == 987655')}"
KEPT = exercise(
    F,
    KEPT_TEST,
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


# --- What comes out ----------------------------------------------------------------------------

SIX = exercise(
    *(f"# answer small{n}\ndef small{n}(x):\n    return x" for n in range(6)),
    *(f"# test hidden{n}\n" + hidden(f"assert small{n}(927345618) == 927345618") for n in range(6)),
)


def test_no_given_class_is_taken_for_what_the_engine_says(graded):
    made = exercise("# given\nclass Stopped(ValueError):\n    pass", F, KEPT_TEST)
    told = "def f(x):\n    if x > 5: raise Stopped(f'got {x}')\n    return x + 1"
    result, text = graded(made, f=told)
    assert messages(result)["first"] == ["A hidden check does not hold."]
    assert "987654" not in text + result.model_dump_json()


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
    first = Stage.new_player
    monkeypatch.setattr(Stage, "new_player", lambda self: made.append(1) or first(self))
    assert scores(grade_one(data, handed_in(data), engine)) == {"first": 1, "second": 1}
    assert len(made) == 1


@pytest.mark.parametrize(("added", "times"), [(0, 1), (1, 2)])
def test_what_shows_nothing_at_the_end_is_played_once(engine, monkeypatch, added, times):
    """Unless cells that the learner has added are there, with which it could tell much."""
    made = exercise(F, KEPT_TEST, "# answer shown\nshown = 1", "# answer last\nlast = 1")
    get_contract(made, "x", engine)
    notebook_ = handed_in(made, shown="print('shown')", last="last = 'once'")
    notebook_.cells += [nbformat.v4.new_code_cell("more = 1")] * added
    sources = []
    first = Player.cell
    monkeypatch.setattr(Player, "cell", lambda *args: sources.append(args[1]) or first(*args))
    result = grade_one(made, notebook_, engine)
    assert scores(result) == {"first": 1}
    assert (sources.count("print('shown')"), sources.count("last = 'once'")) == (2, times)


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
    monkeypatch.setattr(allowance, "MAX_OUTPUT", 20_000)
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


BEHIND = {
    "a text that is filled in": "assert x == want, f'{want} is right'",
    "a text that is put together": "assert x == want, 'right is ' + str(want)",
    "a library's words": "import numpy as np\nnp.testing.assert_equal(x, want)",
    "another error": "table = {x: 1}\nassert table[want]",
    "an error that the test raises": "if x != want:\n    raise ValueError(f'not {want}')",
    "a hidden check's name": "check(x)",
}


@pytest.mark.parametrize("line", BEHIND.values(), ids=BEHIND)
def test_no_visible_line_tells_what_hidden_ones_before_it_have_bound(graded, line):
    made = exercise(
        "# answer x\nx = 927345618",
        "# test t\n"
        + hidden("want = 927345618\ndef check(x):\n    assert x == want, want")
        + f"\n{line}",
    )
    assert scores(graded(made)[0]) == {"t": 1}
    result, text = graded(made, x="x = 5")
    assert scores(result) == {"t": 0}
    assert "927345618" not in text + result.model_dump_json()


WANT = "# test one\nassert x > 0\n" + hidden("want = 927345618")
LATER = {
    "in a text": (WANT, "# test two\nassert x == want, f'{want} is right'"),
    "in an error": (WANT, "# test two\n{x: 1}[want]"),
    "in a library's words": (
        WANT,
        "# test two\nimport numpy as np\nnp.testing.assert_equal(x, want)",
    ),
    "in what it prints": (WANT, "# test two\nprint(want)\nassert x == want"),
    "in a list that a visible line has made": (
        "# test one\nwanted = []\nassert x > 0\n" + hidden("wanted.append(927345618)"),
        "# test two\nassert x == wanted[0], wanted",
    ),
    "by another name": (
        WANT + "\nright = want + 0",
        "# test other\nalso = right",
        "# test two\nassert x == also, also",
    ),
    "in a function": (
        WANT,
        "# test other\ndef check(x):\n    assert x == want, want",
        "# test two\ncheck(x)",
    ),
}


@pytest.mark.parametrize("tests", LATER.values(), ids=LATER)
def test_nor_does_one_of_a_later_test(graded, tests):
    made = exercise("# answer x\nx = 927345618", *tests)
    assert scores(graded(made)[0])["two"] == 1
    result, text = graded(made, x="x = 5")
    assert scores(result)["two"] == 0
    assert "927345618" not in text + result.model_dump_json()


def test_what_a_later_test_says_before_that_is_said(graded):
    """Also where it binds the name itself, or the name is a library's."""
    made = exercise(
        "# answer x\nx = 7",
        "# test one\nassert x\n" + hidden("import math\nwant = 7\nassert x"),
        "# test two\nassert x == 7, f'not {x}'\nassert x == want",
        "# test three\nwant = 7\nassert x == want, f'not {x}, but {want}'",
        "# test four\nassert math.isclose(x, 7), f'nearly {x}'",
    )
    result, _ = graded(made, x="x = 5")
    assert messages(result) == {
        "one": [],
        "two": ["not 5"],
        "three": ["not 5, but 7"],
        "four": ["nearly 5"],
    }


def test_what_a_visible_line_says_in_the_teachers_own_words_is_said(graded):
    made = exercise(
        "# answer x\nx = 7",
        "# test words\n" + hidden("want = 7") + "\nassert x == want, f'not {x}, think again'",
        "# test bare\n" + hidden("want = 7") + "\nassert x == want",
        "# test early\nassert x == 7, f'not {x}'\n" + hidden("assert x == 7"),
    )
    result, _ = graded(made, x="x = 5")
    assert messages(result) == {
        "words": ["not …, think again"],
        "bare": ["This does not hold: assert x == want"],
        "early": ["not 5"],
    }


ASKED = "# answer f\ndef f(x):\n    return x + 1"
MEETS = f"# test first\nassert f(1) == 2\n{hidden('assert f({n}) == {n} + 1')}"
SPY = "seen = []\ndef f(x):\n    seen.append(x)\n    {}\n    return x + 1"


def _told(engine, number, last, spy="pass", added=(), tests=()):
    """What people see of a submission whose code knows a hidden input from then on."""
    made = exercise(ASKED, MEETS.format(n=number), *tests, "# answer last\nlast = 1")
    notebook_ = handed_in(made, f=SPY.format(spy), last=last)
    notebook_.cells[-1:-1] = [nbformat.v4.new_code_cell(source) for source in added]
    cells = read_notebook(nbformat.v4.writes(notebook_).encode(), "x.ipynb")
    paper = put_together(made.notebooks["x"], cells)
    done = grade(Submission(made, "s", {"x": paper}), engine)
    assert scores(done.result)["first"] == 1
    seen = [(c.get("execution_count"), c.get("outputs")) for c in done.notebooks["x"].cells]
    return str((done.result.notes, [item.messages for item in done.result.items], seen))


# What it shows after the hidden test, if the bit is set, and what the second player shows, which
# has met none: it has no second number.
BITS = [f"if len(seen) < 2 or seen[1] >> {bit} & 1: print('bit {bit}')" for bit in range(20)]


def test_no_cell_tells_by_showing_nothing(engine):
    """Of the two pictures of a cell, people see the second, also where the first is empty."""
    told = {_told(engine, number, "print('x')", added=BITS) for number in (987654, 456789)}
    assert len(told) == 1, told


def test_nor_does_a_test(engine):
    tests = [f"# test then{n}\nassert f({n}) == {n + 1}" for n in range(10, 14)]
    spy = "if 9 < x < 14 and (987 not in {n // 1000 for n in seen} or seen[1] >> x & 1): print(x)"
    told = {_told(engine, number, "print('x')", spy, tests=tests) for number in (987654, 987000)}
    assert len(told) == 1, told


def test_nor_by_how_much_it_has_shown(engine, monkeypatch):
    """What the first player shows then takes no room from what the second does."""
    monkeypatch.setattr(allowance, "MAX_OUTPUT", 40_000)
    first = "print('.' if len(seen) < 2 else 'x' * (10_000 + seen[1] % 20_000))"
    sizes = [f"print('.' if len(seen) > 1 else '{n} ' * {n // 8})" for n in (16000, 8000, 4000)]
    told = {_told(engine, n, "print('x')", added=[first, *sizes]) for n in (987654, 981234)}
    assert len(told) == 1, told


def test_nor_by_what_has_taken_too_long(engine):
    slow = (
        "import time\nprint('.')\nif len(seen) > 1 and seen[1] & 1:\n    time.sleep(30)\n"
        "if len(seen) < 2:\n    time.sleep(1.3)\n    print('there')"
    )
    told = {_told(engine, number, "print('x')", added=[slow]) for number in (987654, 987655)}
    assert len(told) == 1, told
