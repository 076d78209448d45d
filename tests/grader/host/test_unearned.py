"""What only looks right earns nothing, and another way to the same values is as good."""

from __future__ import annotations

import contextlib
import decimal
import pickle
import sqlite3
import sys
import zipfile
import zlib
from dataclasses import replace

import pytest

from grader import grade_one
from grader.host.engine import child
from grader.host.engine.files import Files
from grader.host.get_contract import get_contract
from grader.host.session import allowance
from grader.host.session.stage import Stage
from tests.grader.conftest import exercise, handed_in, hidden, scores
from tests.grader.host.conftest import THREE, messages

# --- Points that are not earned ----------------------------------------------------------------


def test_what_could_always_be_equal_is_what_it_is_made_of(graded):
    equal = "class Equal(int):\n    def __eq__(self, other): return True\n    __hash__ = None\n"
    four = exercise("# answer n\nn = 4", "# test t\nassert n == 4")
    result, _ = graded(four, n=f"{equal}n = Equal(5)")
    assert scores(result) == {"t": 0}
    result, _ = graded(THREE, f=f"{equal}def f(x): return Equal(0)")
    assert scores(result)["first"] == 0


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


SUMS = (
    "# answer total\ndef total(values):\n    return sum(values)",
    "# test t\nvalues = [2, 1, 4]\n"
    "got = [total(values)] + [total(values[n:]) for n in range(3)]\n"
    "want = [sum(values)] + [sum(values[n:]) for n in range(3)]\n",
)
EMPTIED = "def total(values):\n    values.clear()\n    return 0"
PARTS = {
    "points as the last line": ("sum(a == b for a, b in zip(got, want)) / 4", EMPTIED, 0),
    "points for what is not there": ("1 - len(values) / 4", EMPTIED, 1 / 4),
    "points caught one by one": (
        "points = 0\ntry:\n    assert total(values) == sum(values)\n    points += 1\n"
        "except AssertionError:\n    pass\npoints",
        EMPTIED,
        0,
    ),
}


@pytest.mark.parametrize(("last", "cheat", "earned"), PARTS.values(), ids=PARTS)
def test_points_are_those_of_the_tests_own_values(graded, last, cheat, earned):
    made = exercise(SUMS[0], SUMS[1] + last)
    assert scores(graded(made, total=cheat)[0])["t"] == pytest.approx(earned, abs=1e-9)


# By what stands in the place of a number of Python's: 1 for every square.
ONES = {
    "NumPy's": "np.int64(1)",
    "NumPy's, with a point": "np.float32(1)",
    "an array": "np.array([1])",
    "a tensor": "torch.tensor(1)",
    "a fraction": "fractions.Fraction(1)",
    "a decimal": "decimal.Decimal(1)",
    "a truth": "True",
}
# How a test may count, of 4: the last one asks for a difference.
COUNTS = {
    "by a sum": "sum(a == b for a, b in zip(got, want)) / 4",
    "one by one": "points = 0\nfor a, b in zip(got, want):\n    points += a == b\npoints / 4",
    "by what is there": "got[0] and got[0] / 4",
    "by a difference": "max(0, 1 - abs(got[1] - want[1]) / 4)",
}


@pytest.mark.parametrize("far", ["100", "float('inf')", "float('nan')", "np.float64(100)"])
def test_who_is_far_off_gets_no_points(graded, far):
    """What is below 0, or no number at all, is all of them in nbgrader."""
    made = exercise(
        "# given\nimport numpy as np",
        "# answer root\ndef root(x):\n    return x**0.5",
        "# test t\n1 - abs(root(9) - 3)",
    )
    assert scores(graded(made)[0]) == {"t": 1}
    assert scores(graded(made, root="def root(x):\n    return 2.75")[0]) == {"t": 0.75}
    assert scores(graded(made, root=f"def root(x):\n    return {far}")[0]) == {"t": 0}


@pytest.mark.parametrize("last", COUNTS.values(), ids=COUNTS)
@pytest.mark.parametrize("one", ONES.values(), ids=ONES)
def test_points_are_the_same_of_every_kind_of_number(graded, one, last):
    """nbgrader reads them off the text of the last line: one that is no number gives them all."""
    made = exercise(
        "# given\nimport decimal, fractions\nimport numpy as np, torch",
        "# answer square\ndef square(x):\n    return x * x",
        "# test t\nwant = [1, 4, 9, 25]\ngot = [square(x) for x in (1, 2, 3, 5)]\n" + last,
    )
    made_of = f"def square(x):\n    return {one}"
    assert scores(graded(made, square=made_of)[0]) == {"t": pytest.approx(1 / 4, abs=1e-6)}


def test_who_gives_no_number_gets_no_points(graded):
    """The last line of this test is what it has called, where that is nothing."""
    made = exercise(
        "# answer share\ndef share(x):\n    return 1 / x",
        "# test t\nassert share(1) != 0\nshare(1) and share(1) / 1",
    )
    assert scores(graded(made)[0]) == {"t": 1}
    assert scores(graded(made, share="def share(x):\n    return 0.25")[0]) == {"t": 0.25}
    for value in ("None", "''", "[]"):
        result, _ = graded(made, share=f"def share(x):\n    return {value}")
        assert scores(result) == {"t": 0}
        assert messages(result) == {"t": ["With your answer the test gives no number of points."]}


def test_a_test_that_shows_a_value_gives_all_its_points(graded):
    """As in nbgrader: with the solution it is no number."""
    made = exercise(
        "# given\nimport numpy as np",
        "# answer half\ndef half(x):\n    return np.float64(x) / 2",
        "# test t\nassert half(1) == 0.5\nhalf(1)",
    )
    for kind in ("np.float64(x)", "float(x)", "np.array(x)"):
        result, _ = graded(made, half=f"def half(x):\n    return {kind} / 2")
        assert scores(result) == {"t": 0.5 if kind == "float(x)" else 1}


@pytest.mark.parametrize("size", [15_000, 40_000], ids=["some", "much"])
def test_whoever_shows_much_gets_the_points_of_the_test(graded, monkeypatch, size):
    """No output of the notebook's cells is kept any more, but for what points are read off."""
    monkeypatch.setattr(allowance, "MAX_OUTPUT", 10_000)
    made = exercise(SUMS[0], SUMS[1] + PARTS["points as the last line"][0])
    show = f"print('y' * {size})"
    honest = f"def total(v):\n    {show}\n    return sum(v)"
    assert scores(graded(made, total=honest)[0]) == {"t": 1}
    cheat = f"def total(v):\n    {show}\n    return 7"
    assert scores(graded(made, total=cheat)[0]) == {"t": pytest.approx(2 / 4)}


def test_so_are_figures(engine):
    test = (
        f"{SUMS[1]}import sys\nbench = sys.modules.get('grading_bench')\n"
        "if bench: bench.figures(left=len(values))"
    )
    made = exercise(SUMS[0], test)
    [cell] = grade_one(made, handed_in(made, total=EMPTIED), engine).item("t").cells
    assert cell.figures == {"left": 3}


BEQUEATHED = (
    "# answer total\ndef total(v):\n    return sum(v)",
    "# answer most\ndef most(v):\n    return max(v, default=0)",
    "# test one\ndata = [3, 1, 2]\nassert total([2, 3]) == 5\n_ = total(data)",
    "# test two\nspare = [1]\nassert most(spare) == 1",
    "# test three\nfor value in data:\n    assert most([value, 0]) == value\n"
    "assert most(data) == max(data, default=0)",
)
UNDONE = {
    "what an earlier test has made": "v.clear() if len(v) == 3 else None\n    return 5",
    # Not in the run for the mark, which is withheld; in the one that shows what stock would see.
    "what it has made of the answer": "return 5 if len(v) == 2 else v.clear()",
}


@pytest.mark.parametrize("body", UNDONE.values(), ids=UNDONE)
def test_no_earlier_test_runs_again_with_the_learners_changes(graded, body):
    made = exercise(*BEQUEATHED)
    most = "def most(v):\n    n = len(v)\n    v.clear()\n    return int(n == 1)"
    result, _ = graded(made, total=f"def total(v):\n    {body}", most=most)
    assert scores(result) == {"one": 1, "two": 1, "three": 0}


def test_nor_where_a_judge_has_ended_meanwhile(engine):
    """The next judge runs the first test again: with what the solution would leave in its list."""
    made = exercise(
        "# answer total\ndef total(v):\n    return sum(v)",
        "# answer most\ndef most(v):\n    return max(v)",
        "# answer n\nn = 5",
        "# test one\ndata = [3, 1, 2]\nassert total([2, 3]) == 5\n_ = total(data)",
        "# test two\nassert sum(range(n)) == 10",
        "# test three\nfor value in data:\n    assert most([value, 0]) == value",
    )
    cheat = {
        "total": "def total(v):\n    v.clear() if len(v) == 3 else None\n    return 5",
        "most": "def most(v):\n    return 1",
    }
    huge = handed_in(made, n="n = 10**12", **cheat)
    assert scores(grade_one(made, huge, engine)) == {"one": 1, "two": 0, "three": 0}
    honest = handed_in(made, n="n = 10**12")
    assert scores(grade_one(made, honest, engine)) == {"one": 1, "two": 0, "three": 1}


# By how it is asked it knows when a test runs aside, with all that is changed.
MAKE = (
    "import os, sys\ndef make():\n    frame = sys._getframe()\n"
    "    while not hasattr(frame.f_locals.get('request'), 'keep'): frame = frame.f_back\n"
    "    if frame.f_locals['request'].keep is not None: return [3, 1, 2]\n    "
)
# Tests that see that `make` gives the right list, and leave `data` to the last one.
SEEN = {
    "by an assert": ["# test one\ndata = make()\nassert data == [3, 1, 2]"],
    "by points": ["# test one\ndata = make()\nint(data == [3, 1, 2])"],
    "by another test": [
        "# test zero\ndata = make()",
        "# test one\nassert data == [3, 1, 2]",
    ],
    "by a third one": [
        "# test zero\nraw = make()",
        "# test half\ndata = sorted(raw)",
        "# test one\nassert data == [1, 2, 3]",
    ],
    "bit by bit": ["# test one\ndata = []\ndata.extend(make())\nassert data == [3, 1, 2]"],
}


@pytest.mark.parametrize("last", ["return []", "os._exit(0)"], ids=["another", "none"])
@pytest.mark.parametrize("tests", SEEN.values(), ids=SEEN)
def test_what_a_test_has_held_for_is_what_later_ones_see(graded, tests, last):
    """Asked again, the same function gives something else; the test that would say so has its
    points already."""
    made = exercise(
        "# answer make\ndef make():\n    return [3, 1, 2]",
        "# answer most\ndef most(v):\n    return max(v, default=0)",
        *tests,
        "# test two\nspare = [1]\nassert most(spare) == 1",
        "# test three\nfor value in data:\n    assert most([value, 0]) == value\n"
        "assert most(data) == max(data, default=0)",
    )
    most = "def most(v):\n    n = len(v)\n    v.clear()\n    return int(n == 1)"
    marks = scores(graded(made, make=MAKE + last, most=most)[0])
    assert (marks["one"], marks["three"]) == (1, 0)
    assert set(scores(graded(made)[0]).values()) == {1}
    # Who changes what they are given, and nothing else, keeps what they have earned.
    honest = "def most(v):\n    v.sort()\n    return v[-1] if v else 0"
    assert set(scores(graded(made, most=honest)[0]).values()) == {1}


def test_where_nothing_is_left_a_given_value_takes_no_place(graded):
    made = exercise(
        "# given\ndata = []",
        "# answer make\ndef make():\n    return [3, 1, 2]",
        "# answer most\ndef most(v):\n    return max(v, default=0)",
        "# test one\ndata = make()\nassert data == [3, 1, 2]",
        "# test two\nspare = [1]\nassert most(spare) == 1",
        "# test three\nfor value in data:\n    assert most([value, 0]) == value",
    )
    most = "def most(v):\n    v.clear()\n    return 1"
    result, _ = graded(made, make=MAKE + "os._exit(0)", most=most)
    assert scores(result) == {"one": 1, "two": 1, "three": 0}
    assert set(scores(graded(made)[0]).values()) == {1}


SQUARE = "# answer square\ndef square(x):\n    return x * x"
MOST = "# answer most\ndef most(v):\n    return max(v, default=0)"
SORTS = "def most(v):\n    v.sort()\n    return v[-1] if v else 0"
# What tests leave to later ones, and how the last one reads it.
LEFT = {
    "in a given list": (
        "# given\nwrong = []\ndef check(ok):\n    if not ok: wrong.append(ok)",
        "check(square(3) == 9)",
        "assert not wrong",
    ),
    "in a given class": (
        "# given\nclass Log:\n    wrong = 0",
        "Log.wrong += square(3) != 9",
        "assert not Log.wrong",
    ),
    "in a default": (
        "# given\ndef check(ok, wrong=[]):\n    wrong.append(not ok)\n    return not any(wrong)",
        "_ = check(square(3) == 9)",
        "assert check(True)",
    ),
    "by counting": ("# given\nwrong = 0", "wrong += square(3) != 9", "assert not wrong"),
    "in what all must hold of": (
        "# given\nheld = []",
        "held.append(square(3) == 9)",
        "assert all(held)",
    ),
}
# Each makes the judge begin again, or once did.
BEGINS_AGAIN = {
    "sorts what it gets": {"most": SORTS},
    "ends the process": {"most": "import os\ndef most(v):\n    os._exit(0)"},
    "ends the judge": {"n": "n = 10**12"},
}


@pytest.mark.parametrize("answers", BEGINS_AGAIN.values(), ids=BEGINS_AGAIN)
@pytest.mark.parametrize(("given", "leaves", "reads"), LEFT.values(), ids=LEFT)
def test_what_tests_leave_is_lost_for_nobody(engine, monkeypatch, given, leaves, reads, answers):
    # Where a judge is to end, it does not do so when it is asked to, however long one waits.
    monkeypatch.setattr(child, "GRACE", 0.2)
    made = exercise(
        given,
        SQUARE,
        MOST,
        "# answer n\nn = 5",
        f"# test one\n{leaves}",
        "# test two\nassert most([7, 4]) == 7\nassert sum(range(n)) == 10",
        f"# test three\n{reads}",
    )
    wrong = handed_in(made, square="def square(x):\n    return 0", **answers)
    assert scores(grade_one(made, wrong, engine))["three"] == 0
    marks = scores(grade_one(made, handed_in(made, **answers), engine))
    assert marks["three"] == 1
    assert marks["two"] == ("most" in answers and answers["most"] == SORTS)


def test_after_a_judge_has_ended_tests_hold_for_what_they_held_for(engine, monkeypatch):
    """The model is small for the first test and, once its judge is gone, good for the last."""
    made = exercise(
        "# answer model\ndef model():\n    return [1] * 9",
        "# answer n\nn = 5",
        "# test small\nmade = model()\nassert len(made) < 10",
        "# test two\nassert sum(range(n)) == 10",
        "# test good\nassert sum(made) > 5",
    )
    again = Stage._again

    def with_a_sign(stage, position):
        stage._files = Files({**stage._files.paths, "again": b""})
        return again(stage, position)

    monkeypatch.setattr(Stage, "_again", with_a_sign)
    cheat = "import os\ndef model():\n    return [1] * (99 if os.path.exists('again') else 2)"
    huge = "n = 10**12"
    result = grade_one(made, handed_in(made, model=cheat, n=huge), engine)
    assert scores(result) == {"small": 1, "two": 0, "good": 0}
    [cell] = result.item("good").cells
    assert "did not come to the same again" in cell.message
    result = grade_one(made, handed_in(made, n=huge), engine)
    assert scores(result) == {"small": 1, "two": 0, "good": 1}


def test_a_call_that_asks_for_too_much_spares_nobody_the_second_run(graded):
    """A test that takes whatever comes goes on after it."""
    takes = "try:\n    assert {}\n    points += 0.5\nexcept:\n    pass\n"
    made = exercise(
        "# answer total\ndef total(values):\n    return sum(values)",
        "# answer ones\ndef ones(n):\n    yield from [1] * n",
        "# test t\nvalues, points = [2, 1, 4], 0\n"
        + takes.format("total(values) == sum(values)")
        + takes.format("list(ones(3)) == [1] * 3")
        + "points",
    )
    empties = "def total(v):\n    v.clear()\n    return 0"
    greedy = "def ones(n):\n    while True: yield 'x' * 2**23"
    assert scores(graded(made)[0]) == {"t": 1}
    assert scores(graded(made, total=empties)[0]) == {"t": 0.5}
    result, _ = graded(made, total=empties, ones=greedy)
    assert scores(result) == {"t": 0}
    # On a busy machine its time is up first.
    ends = ("asked for too much", "took too long")
    assert any(end in note for note in result.notes for end in ends)


def test_what_a_test_has_raised_outlives_it_for_nobody(graded):
    """As itself it would pass for what the next test's own callback raises."""
    made = exercise(
        "# given\nclass Full(Exception):\n    pass",
        "# answer each\ndef each(f, x):\n    return f(x)",
        "# test one\ndef full(x):\n    raise Full(x)\n"
        "try:\n    each(full, 7)\nexcept Full as error:\n    assert error.args == (7,)",
        "# test two\ndef full(x):\n    raise Full(x)\n"
        "try:\n    each(full, 7)\nexcept Full as error:\n    assert error.args == (7,)\n"
        "else:\n    assert False, 'it went through'",
    )
    cheat = (
        "def each(f, x):\n    if hasattr(each, 'kept'): raise each.kept\n"
        "    try: f(x)\n    except Exception as error: each.kept = error; raise"
    )
    assert scores(graded(made)[0]) == {"one": 1, "two": 1}
    assert scores(graded(made, each=cheat)[0]) == {"one": 1, "two": 0}


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
# Its class says that two are equal when all their items are; the learner's has none.
BOX = """class Box:
    def __init__(self, *items):
        self.items = list(items)
    def __eq__(self, other):
        return all(a == b for a, b in zip(self.items, getattr(other, 'items', [])))
    def __sub__(self, other):
        return Box()
    def __abs__(self):
        return 0
    def of(self):
        return self.items[0]"""
GREY = "from PIL import Image\ndef f(n):\n    return Image.fromarray(np.full((n, n), 7, np.uint8))"
SHOWN = """class Shown:
    @property
    def __array_interface__(self):
        return {{"version": 3, "shape": (8, 8), "typestr": "|u1", "data": {}}}
def f(n):
    return Shown()"""
IMPOSTORS = {
    "a given instance out of a call": (
        "def f(x):\n    return 2 * x",
        "f(2) == 4",
        "def f(x): return Box()",
    ),
    "a given instance in a list out of a call": (
        "def f(x):\n    return [x, x]",
        "f(2) == [2, 2]",
        "def f(x): return [Box(), Box()]",
    ),
    "a given instance where another call gives one": (
        "def f(x):\n    return x\ndef g(x):\n    return Box(x)",
        "g(2).of() == 2 and f(2) == 2",
        "def f(x): return Box()\ndef g(x): return Box(x)",
    ),
    "a given instance for a callback": (
        "def f(x, g):\n    g(x)",
        "not f(2, calls.append) and calls == [2]",
        "def f(x, g): g(Box())",
    ),
    "a given instance as an attribute": (
        "class A:\n    def __init__(self, x):\n        self.x = x",
        "A(2).x == 2",
        "class A:\n    def __init__(self, x):\n        self.x = Box()",
    ),
    "given instances one by one": (
        "def f(x):\n    return iter([x, x])",
        "list(f(2)) == [2, 2]",
        "def f(x):\n    yield Box()\n    yield Box()",
    ),
    "a given instance inside of an answer": ("f = [2, 2]", "f == [2, 2]", "f = [Box(), Box()]"),
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
    "an array without a value": (
        "def f(): return np.array([1.0, 2.0])",
        "np.allclose(f(), [1, 2])",
        "def f(): return np.empty((0, 2))",
    ),
    "an array without a value for a number": (
        "f = 3.0",
        "np.allclose(f, 3)",
        "f = np.array([])",
    ),
    "a tensor without a value, beside another": (
        "def f(): return 1, torch.ones(3)",
        "f()[0] == 1 and torch.allclose(f()[1], torch.ones(3))",
        "def f(): return 1, torch.empty(0, 3)",
    ),
    "a tensor without a value, by name": (
        "f = {'a': torch.ones(3)}",
        "(f['a'] == torch.ones(3)).all()",
        "f = {'a': torch.empty(0, 3)}",
    ),
    "an array without a value, for a callback": (
        "def f(g):\n    g(4)",
        "not f(calls.append) and np.all(np.equal(calls[-1], 4))",
        "def f(g):\n    g(np.array([]))",
    ),
    "arrays without a value, one by one": (
        "def f():\n    yield 4",
        "all(np.allclose(x, 4) for x in f())",
        "def f():\n    yield np.array([])",
    ),
    "a list with nothing in it for a number": ("f = 3.0", "np.allclose(f, 3)", "f = []"),
    "a range with nothing in it": ("f = 3.0", "np.allclose(f, 3)", "f = range(4, 4)"),
    "a place in memory for numbers": (
        GREY,
        "np.asarray(f(8)).shape == (8, 8)",
        SHOWN.format("(id(f), False)"),
    ),
    "less memory than numbers": (
        GREY,
        "np.asarray(f(8)).shape == (8, 8)",
        SHOWN.format("bytes(8)"),
    ),
    "what gives nothing for an array": (
        "def f(): return np.array([1.5, 2.5])",
        "all(abs(a - b) < 1e-6 for a, b in zip(f(), [1.5, 2.5]))",
        "def f(): return iter(())",
    ),
    "what gives nothing for an array, by its name": (
        "def g(): yield 1\nf = np.array([1.5, 2.5])",
        "list(g()) == [1] and all(abs(a - b) < 1e-6 for a, b in zip(f, [1.5, 2.5]))",
        "def g(): yield 1\nf = iter(())",
    ),
    "an argument with nothing in it": (
        "def f(x, more): return np.array([x])",
        "np.allclose(f(1.5, []), [1.5])",
        "def f(x, more): return more",
    ),
    "a type that gives back what it is called with": (
        "def f(x): return {**x, 'a': 1}",
        "(lambda x: f(x) == (x.update(a=1) or x))({'b': 2})",
        "f = np.object_",
    ),
    "large whole numbers in a named tuple": (
        "f = np.array([1, 2])",
        "((f - np.array([1, 2])) ** 2).mean() < 1e-6",
        "import collections\nf = collections.namedtuple('P', 'a b')(3_500_000_000, 3_500_000_000)",
    ),
    "large whole numbers in a range": (
        "f = np.array([1, 2])",
        "((f - np.array([1, 2])) ** 2).mean() < 1e-6",
        "f = range(3_500_000_000, 3_500_000_002)",
    ),
    "large whole numbers as keys": (
        "f = [1, 2]",
        "((np.array(list(f)) - np.array([1, 2])) ** 2).mean() < 1e-6",
        "f = dict.fromkeys((3_500_000_000, 3_500_000_001))",
    ),
    "what is printed and no number": (
        "def f(): print(3.0)",
        "not abs(printed(f) - 3) > 0.1",
        "def f(): print('nan')",
    ),
    "bytes that are no number": (
        "f = 3.0",
        "not abs(float(f) - 3) > 0.1",
        "f = b'nan'",
    ),
    "a column of any type that is no number": (
        "f = pd.Series([1.5, 2.5])",
        "not ((f - 1.5).abs() > 1).any()",
        "f = pd.Series([np.nan, np.nan], dtype=object)",
    ),
    "categories that are no number": (
        "f = pd.Series([1.5, 2.5])",
        "not (np.abs(np.asarray(f) - 1.5) > 1).any()",
        "f = pd.Series(pd.Categorical([np.nan] * 2, categories=[1.5]))",
    ),
    "the time of pandas that is none": (
        "f = pd.Timestamp(2026, 1, 1)",
        "not f > pd.Timestamp(2026, 1, 1)",
        "f = pd.NaT",
    ),
    "no bytes for a number": ("f = 3.0", "np.allclose(f, 3)", "f = bytearray()"),
    "lists with nothing in them, one beside the other": (
        "def f(): return 1.5, 2.5",
        "np.allclose(f()[0], 1.5) and np.allclose(f()[1], 2.5)",
        "def f(): return [], ()",
    ),
    "lists with nothing in them for a column": (
        "def f(): return np.array([[1.0], [2.0]])",
        "np.allclose(f(), [[1], [2]])",
        "import collections\ndef f(): return [[], collections.deque(maxlen=0)]",
    ),
    "a list with nothing in it for every key": (
        "f = {'a': 0.5}",
        "np.allclose(f['a'], 0.5)",
        "import collections\nf = collections.defaultdict(list)",
    ),
    "a list with nothing in it, in an instance": (
        "gauge = Gauge(2.0)",
        "np.allclose(gauge.n, 2)",
        "gauge = Gauge([])",
    ),
    "an array without a value, in an instance": (
        "gauge = Gauge(2.0)",
        "np.allclose(gauge.n, 2)",
        "gauge = Gauge(np.array([]))",
    ),
    "a list with nothing in it, put into an argument": (
        "def f(x): x.append(3.0)",
        "not f(calls) and np.allclose(calls[-1], 3)",
        "def f(x): x.append([])",
    ),
    "a list with nothing in it, as an attribute of an argument": (
        "def f(gauge): gauge.n += 1.0",
        "not f(g := Gauge(1.0)) and np.allclose(g.n, 2)",
        "def f(gauge): gauge.n = []",
    ),
    "a list with nothing in it, for a callback": (
        "def f(g):\n    g(4)",
        "not f(calls.append) and np.allclose(calls[-1], 4)",
        "def f(g):\n    g([])",
    ),
    "lists with nothing in them, one by one": (
        "def f():\n    yield 4",
        "all(np.allclose(x, 4) for x in f())",
        "def f():\n    yield []",
    ),
    "a table without a row": (
        "f = pd.Series([1, 1])",
        "(f == 1).all()",
        "f = pd.Series([], dtype=int)",
    ),
    "a table without a row of what crosses in parts": (
        "f = 3.0",
        "np.allclose(f, 3)",
        "f = pd.Series(pd.Categorical([])).astype('category')",
    ),
    "a table without a column": ("f = 3.0", "np.allclose(f, 3)", "f = pd.DataFrame()"),
    "a module whose weight has no value": (
        "def f():\n    made = torch.nn.Linear(1, 1, bias=False)\n"
        "    torch.nn.init.ones_(made.weight)\n    return made",
        "torch.allclose(f().weight, torch.ones(1, 1))",
        "def f():\n    made = torch.nn.Linear(1, 1, bias=False)\n"
        "    made.weight = torch.nn.Parameter(torch.empty(0, 1))\n    return made",
    ),
    "a number that is missing": (
        "def f(): return 4",
        "(pd.Series([4, 4], dtype='Int64') == f()).all()",
        "def f(): return pd.NA",
    ),
    "what is missing, for a callback": (
        "def f(g):\n    g(4)",
        "not f(calls.append) and (pd.Series([4, 4], dtype='Int64') == calls[-1]).all()",
        "def f(g):\n    g(pd.NA)",
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
    "an endless number whose error has no size": (
        "def f(): return 4.0",
        "not abs(f() - 4) / abs(f()) > 1e-9",
        "def f(): return float('inf')",
    ),
    "no number whose error has no size": (
        "def f(): return 4.0",
        "not abs(f() - 4) / abs(f()) > 1e-9",
        "def f(): return float('nan')",
    ),
    "numbers too large for a test's squares": (
        "def f(): return np.array([2.0, 4.0])",
        "not ((f() - [2, 4]) ** 2).sum() / (f() ** 2).sum() > 1e-9",
        "def f(): return np.array([1e200, 1e200])",
    ),
    "a decimal that is no number": (
        "def f(): return 4.0",
        "not abs(float(f()) - 4) > 1e-9",
        "import decimal\ndef f(): return decimal.Decimal('NaN')",
    ),
    "text that is no number": (
        "def f(): return 4.0",
        "not abs(float(f()) - 4) > 1e-9",
        "def f(): return 'nan'",
    ),
    "times that are none": (
        "def f(): return np.array(['2020-01-02'] * 2, 'M8[D]')",
        "not (abs(f() - np.datetime64('2020-01-02')) > np.timedelta64(0, 'D')).any()",
        "def f(): return np.array(['NaT'] * 2, 'M8[D]')",
    ),
    "a column of times that are none": (
        "def f(): return pd.Series(pd.to_datetime(['2020-01-02'] * 3))",
        "(f() - pd.Timestamp('2020-01-02')).abs().max() <= pd.Timedelta(0)",
        "def f(): return pd.Series(pd.to_datetime(['2020-01-02', None, None]))",
    ),
    "a module whose weights are no numbers": (
        "def f():\n    made = torch.nn.Linear(1, 1, bias=False)\n"
        "    torch.nn.init.ones_(made.weight)\n    return made",
        "not (f()(torch.ones(2, 1)) - 1).abs().max() > 1e-6",
        "def f():\n    made = torch.nn.Linear(1, 1, bias=False)\n"
        "    torch.nn.init.constant_(made.weight, torch.nan)\n    return made",
    ),
    "a sparse tensor of what is no number": (
        "def f(): return torch.eye(2).to_sparse()",
        "not (f().to_dense() - torch.eye(2)).abs().max() > 1e-6",
        "def f(): return (torch.eye(2) * torch.nan).to_sparse()",
    ),
    "a quantized tensor whose scale is no number": (
        "def f(): return torch.quantize_per_tensor(torch.eye(2), 0.1, 0, torch.qint8)",
        "not (f().dequantize() - torch.eye(2)).abs().max() > 0.2",
        "def f(): return torch._make_per_tensor_quantized_tensor(\n"
        "    torch.zeros(2, 2, dtype=torch.int8), torch.nan, 0)",
    ),
    "whole numbers without a sign, which never fall": (
        "def f(x): return np.sort(x)",
        "(np.diff(f(np.array([3, 1, 2]))) >= 0).all() and len(f(np.array([3, 1, 2]))) == 3",
        "def f(x): return x.astype(np.uint64)",
    ),
    "a tensor of bytes that equal a larger number": (
        "def f(): return torch.tensor([300, 300])",
        "(f() == 300).all() and len(f()) == 2",
        "def f(): return torch.tensor([44, 44], dtype=torch.uint8)",
    ),
    "whole numbers whose squares are below 0": (
        "def f(): return np.array([1.0, 2.0, 3.0])",
        "((f() - np.array([1, 2, 3])) ** 2).mean() < 1e-9",
        "def f(): return np.full(3, 3_500_000_000)",
    ),
    "one such number": (
        "def f(): return 4",
        "(f() - 4) ** 2 < 1e-9",
        "def f(): return np.int64(3_500_000_000)",
    ),
    "such numbers in a list": (
        "def f(): return [1.5, 2.5]",
        "np.mean(np.square(np.array(f()) - np.array([1, 2]))) < 0.5",
        "def f(): return [3_500_000_000, 3_500_000_000]",
    ),
    "such numbers in a mapping": (
        "def f(): return {'a': 1.5, 'b': 2.5}",
        "((np.array(list(f().values())) - np.array([1, 2])) ** 2).mean() < 0.5",
        "def f(): return {'a': 3_500_000_000, 'b': 3_500_000_000}",
    ),
    "such numbers of fewer bytes": (
        "def f(): return np.array([4, 4])",
        "((f() - 4) ** 2).max() < 1e-9",
        "def f(): return np.full(2, 50_000, np.int32)",
    ),
    "one number whose square is 0": (
        "def f(): return 4",
        "(f() - 4) ** 2 < 1e-9",
        "def f(): return np.int8(20)",
    ),
    "such numbers in a tensor": (
        "def f(): return torch.tensor([4.0])",
        "((f() - torch.tensor([4])) ** 2).sum() < 1e-9",
        "def f(): return torch.tensor([3_500_000_000])",
    ),
    "such numbers in a table": (
        "def f(): return pd.Series([1, 2, 3])",
        "((f() - pd.Series([1, 2, 3])) ** 2).max() < 1e-9",
        "def f(): return pd.Series([3_500_000_000] * 3)",
    ),
    "such numbers in a column that may leave some out": (
        "def f(): return pd.Series([1, 2, 3])",
        "((f() - pd.Series([1, 2, 3])) ** 2).max() < 1e-9",
        "def f(): return pd.Series([3_500_000_000] * 3, dtype='Int64')",
    ),
    "a matrix whose square is 0": (
        "def f(): return np.array([[1, 2], [3, 4]])",
        "((f() - np.array([[1, 2], [3, 4]])) ** 2).sum() < 1e-9",
        "def f(): return np.matrix([[1, 99], [3, 4]])",
    ),
    "a layer that makes of its input what it gives": (
        "def f(): return torch.nn.Identity()",
        "(lambda x, net: ((net(x) - x) ** 2).mean() < 1e-6)(torch.randn(3, 4), f())",
        "def f(): return torch.nn.Threshold(9.0, 0.0, inplace=True)",
    ),
    "a network that does": (
        "def f(): return torch.nn.Sequential(torch.nn.Identity())",
        "(lambda x, net: torch.allclose(net(x), x))(torch.randn(3, 4), f())",
        "def f(): return torch.nn.Sequential(torch.nn.ReLU(inplace=True))",
    ),
    "the test's own object, put into another": (
        "def f(out, x): out.append(sorted(x))",
        "not f(calls, x := [3, 1, 2]) and not x.sort() and calls[-1] == x",
        "def f(out, x): out.append(x)",
    ),
    "the test's own object, in an answer that a call changes": (
        "log = []\ndef f(x): log.append(sorted(x))",
        "not f(x := [3, 1, 2]) and not x.sort() and log == [x]",
        "log = []\ndef f(x): log.append(x)",
    ),
    "an answer that is another one": (
        "mixed = [3, 1, 2]\nf = sorted(mixed)",
        "not mixed.sort() and f == mixed",
        "mixed = [3, 1, 2]\nf = mixed",
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
        f"import numpy as np, pandas as pd, torch\ncalls = []\n{BOX}\n"
        "import contextlib, io\ndef printed(f):\n"
        "    with contextlib.redirect_stdout(io.StringIO()) as out: f()\n"
        "    return float(out.getvalue())",
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
    "an image of one's own": (
        GREY,
        "(np.asarray(f(8)) == np.full((8, 8), 7)).all()",
        SHOWN.format("bytes([7] * 64)"),
    ),
    "nothing that is given back, made anew": (
        "def f(x): return x * 2 if len(x) else x",
        "f(np.array([])).size == 0 and (f(np.array([1])) == [2]).all()",
        "def f(x): return np.array(x) * 2",
    ),
    "items for an array": (
        "def f(): return np.array([1.5, 2.5])",
        "all(abs(a - b) < 1e-6 for a, b in zip(f(), [1.5, 2.5]))",
        "def f(): yield from (1.5, 2.5)",
    ),
    "a time that is none, as the solution's": (
        "f = pd.NaT",
        "not f > pd.Timestamp(2026, 1, 1)",
        "f = pd.to_datetime(None)",
    ),
    "an endless number that is only compared": (
        "def f(d, n): return d.get(n, 10**6)",
        "f({1: 2}, 1) == 2 and f({}, 1) > 1000",
        "def f(d, n): return d.get(n, float('inf'))",
    ),
    "a large whole number, rounded": (
        "def f(n): return 10**n",
        "np.isclose(float(f(200)), 1e200)",
        "def f(n): return 10.0**n",
    ),
    "a layer that works in place": (
        "def f(): return torch.nn.Sequential(torch.nn.Identity(), torch.nn.ReLU())",
        "(lambda x, net: torch.equal(net(x * 1), x.relu()))(torch.randn(3, 4), f())",
        "def f(): return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.ReLU(inplace=True))",
    ),
    "a layer that works in place, as the solution's": (
        "def f(): return torch.nn.ReLU(inplace=True)",
        "f().inplace and (lambda x: f()(x) is x)(torch.randn(3, 4))",
        "def f():\n    made = torch.nn.ReLU()\n    made.inplace = True\n    return made",
    ),
    "large whole numbers, of another type": (
        "def f(n): return math.factorial(n)",
        "f(20) == 2432902008176640000 and f'{f(19)}' == '121645100408832000'",
        "def f(n): return np.prod(np.arange(1, n + 1))",
    ),
    "large whole numbers for others": (
        "def f(): return [1e10, 2e10]",
        "np.allclose(f(), [1e10, 2e10]) and all(isinstance(n, (int, float)) for n in f())",
        "def f(): return [10**10, 2 * 10**10]",
    ),
    "large whole numbers for others, in an array": (
        "def f(x): return x * 1e5",
        "np.array_equal(f(np.array([10**6])), [10**11])",
        "def f(x): return x * 10**5",
    ),
    "large whole numbers that only other answers see": (
        "def none(): return set()\ndef add(s, n): return s | {n}\ndef size(s): return len(s)",
        "size(none()) == 0 and size(add(add(none(), 40), 3)) == 2",
        "def none(): return 0\ndef add(s, n): return s | 1 << n\ndef size(s): return s.bit_count()",
    ),
    "a hash that is large": (
        "class P:\n    def __init__(self, x): self.x = x\n    def __hash__(self): return self.x\n"
        "    def __eq__(self, o): return self.x == o.x",
        "len({P(1), P(1), P(2)}) == 2",
        "class P:\n    def __init__(self, x): self.x = x\n"
        "    def __hash__(self): return hash((self.x, 'P'))\n"
        "    def __eq__(self, o): return self.x == o.x",
    ),
    "whole numbers of fewer bytes": (
        "def f(x): return x * 2",
        "np.array_equal(f(np.array([30_000])), [60_000]) and f(np.array([1]))[0] == 2",
        "def f(x): return (x * 2).astype(np.int32)",
    ),
    "a matrix": (
        "def f(): return np.array([[1, 2], [3, 4]])",
        "np.allclose(f(), [[1, 2], [3, 4]]) and f().sum() == 10",
        "def f(): return np.matrix([[1, 2], [3, 4]])",
    ),
    "a matrix, as the solution's": (
        "def f(): return np.matrix([[1, 1], [0, 1]])",
        "(f() * f() == np.matrix([[1, 2], [0, 1]])).all()",
        "def f(): return np.asmatrix(np.triu(np.ones((2, 2))))",
    ),
    "bytes for whole numbers": (
        "def f(x): return x // 2",
        "np.array_equal(f(np.array([2, 4])), [1, 2])",
        "def f(x): return (x // 2).astype(np.uint8)",
    ),
    "an answer that is another one, and not changed": (
        "a = [1, 2]\nb = [1, 2]",
        "a == b == [1, 2]",
        "a = b = [1, 2]",
    ),
    "rows of one's own": (
        f"{VECTOR}\n    def __getitem__(self, n): return [self.x, 2]",
        f"{SUM} and V(1)[0][1] == 2",
        f"{VECTOR}\n    def __getitem__(self, n): return V(2) if n == 0 else 2",
    ),
    "given instances where the solution has some": (
        "def f():\n    return [Box(1), Box(2)]\ndef g(box):\n    box.items.append(3)",
        "f()[1].of() == 2 and (b := Box()) is not None and (g(b) or b.of() == 3)",
        "def f():\n    return (Box(1), Box(2))\ndef g(box):\n    box.items = [3]",
    ),
    "a given instance that is changed though the solution's is not": (
        "def f(boxes):\n    return sorted(box.of() for box in boxes)",
        "f([Box(2), Box(1)]) == [1, 2]",
        "def f(boxes):\n    boxes.sort(key=Box.of)\n    boxes[0] = Box(1)\n"
        "    return [box.of() for box in boxes]",
    ),
    "an array without a value for a list without one": (
        "def f(n):\n    return list(range(n))",
        "len(f(0)) == 0 and sum(f(3)) == 3",
        "def f(n):\n    return np.arange(n)",
    ),
    "a list with nothing in it that no test looks at": (
        "def f(xs): return {'n': len(xs)}",
        "f([1, 2])['n'] == 2",
        "def f(xs): return {'n': len(xs), 'errors': [], 'more': {}}",
    ),
    "a list with nothing in it for what is false": (
        "def f(x): return x > 3",
        "not f(1) and f(4)",
        "def f(x): return [y for y in [x] if y > 3]",
    ),
    "a list with nothing in it for what there is not": (
        "def f(x):\n    if x > 3:\n        return x",
        "not f(1) and f(4) == 4",
        "def f(x): return x if x > 3 else []",
    ),
    "a list with nothing in it that a test lets pass, in an argument and for a callback": (
        "def f(seen, g):\n    for x in 1, 2:\n        seen[x] = None\n        g(x, 0)",
        "not f(s := {}, lambda x, more: calls.append(x)) and [*s] == calls == [1, 2]",
        "def f(seen, g):\n    for x in 1, 2:\n        g(x, [])\n"
        "        assert all(v == [] for v in seen.values())\n        seen[x] = []",
    ),
    "a list with nothing in it, one by one as the solution's": (
        "def f(xs, n):\n    yield from (xs[i:i + n] for i in range(0, len(xs) + 1, n))",
        "[len(x) for x in f([1, 2], 2)] == [2, 0]",
        "def f(xs, n):\n    yield tuple(xs)\n    yield []",
    ),
    "a list with nothing in it for a generator": (
        "def f(n):\n    yield from range(n)",
        "list(f(2)) == [0, 1] and list(f(0)) == []",
        "def f(n): return list(range(n))",
    ),
    "a list with nothing in it for an array": (
        "def f(x, most): return x[x < most]",
        "np.allclose(f(np.arange(4), 2), [0, 1]) and len(f(np.arange(4), 0)) == 0",
        "def f(x, most): return [n for n in x if n < most]",
    ),
    "a list with nothing in it that only other answers see": (
        "def none(): return 0\ndef add(s, n): return s | 1 << n\ndef size(s): return s.bit_count()",
        "size(none()) == 0 and size(add(add(none(), 3), 3)) == 1",
        "def none(): return []\ndef add(s, n):\n    if n not in s:\n        s = [*s, n]\n"
        "    return s\ndef size(s): return len(s)",
    ),
    "a mapping with nothing in it that only other answers see": (
        "def board(): return np.zeros((3, 3))\ndef move(b, x, y):\n    b = b.copy()\n"
        "    b[x, y] = 1\n    return b\ndef stones(b): return int(b.sum())",
        "stones(board()) == 0 and stones(move(board(), 1, 2)) == 1",
        "def board(): return {}\ndef move(b, x, y): return {**b, (x, y): 1}\n"
        "def stones(b): return sum(b.values())",
    ),
    "a list that is used up": (
        "def f(xs): return sum(xs)",
        "f([1, 2, 3]) == 6",
        "def f(xs):\n    total = 0\n    while xs:\n        total += xs.pop()\n    return total",
    ),
    "lists without one in an answer": (
        "f = {'a': [], 'b': [1]}",
        "len(f['a']) == 0 and f['b'][0] == 1",
        "f = {'a': np.array([]), 'b': np.array([1])}",
    ),
    "what is missing, where the solution's is": (
        "def f(): return [1, pd.NA]",
        "f()[1] is pd.NA and f()[0] == 1",
        "def f(): return (1, pd.NA)",
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
        f"# given\nimport math\nimport numpy as np, pandas as pd, torch\ncalls = []\n{BOX}",
        f"# answer a\n{solved}",
        f"# test a1\nassert {test}",
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


# By where an assertion of the test's passes through the learner's code: the solution, the test, and
# who swallows it.
SWALLOWED = {
    "an exit that says another thing each time": (
        LOG.format(None) + "\n    def __len__(self): return len(self.lines)",
        "with Log() as log:\n    log.write('a')\n    assert len(log) == 1",
        LOG.format("Other()") + "\n    def __len__(self): return 7\n"
        "class Other:\n    asked = []\n    def __len__(self):\n"
        "        self.asked.append(1)\n        return 1 - len(self.asked) % 2",
    ),
    "an exit that raises something else": (
        LOG.format(None),
        "try:\n    with Log() as log:\n        log.write('a')\n"
        "        assert log.count() == 1\n        raise KeyError\nexcept KeyError:\n    pass",
        LOG.format("exec('raise KeyError')").replace("len(self.lines)", "7"),
    ),
    "what is closed at last, and raises something else": (
        LOG.format(None) + "\n    def close(self): pass",
        "try:\n    with contextlib.closing(Log()) as log:\n        log.write('a')\n"
        "        assert log.count() == 1\n        raise KeyError\nexcept KeyError:\n    pass",
        LOG.format(None).replace("len(self.lines)", "7") + "\n    def close(self): raise KeyError",
    ),
    "a function in the place of an exit, behind another one": (
        "def leave(kind, *_): return kind is KeyError\ndef f(): return 4",
        "def check():\n    assert f() == 4\nwith contextlib.ExitStack() as stack:\n"
        "    stack.push(leave)\n    stack.callback(check)",
        "def leave(kind, *_): return kind is not None\ndef f(): return 7",
    ),
    "a callback's": (
        "def each(f):\n    f(4)",
        "seen = []\ndef check(x):\n    seen.append(x)\n    assert x == 4\n"
        "each(check)\nassert len(seen) == 1",
        "def each(f):\n    try: f(7)\n    except AssertionError: pass",
    ),
    "a callback's, in a call that raises something else": (
        "def each(f):\n    f(4)\n    raise KeyError",
        "def check(x):\n    assert x == 4\ntry:\n    each(check)\nexcept KeyError:\n    pass\n"
        "else:\n    assert False",
        "def each(f):\n    try: f(7)\n    except AssertionError: raise KeyError",
    ),
    "one of an object that is lent": (
        "def save(file):\n    file.write('a')",
        "class File:\n    def write(self, text):\n        assert text == 'a'\nsave(File())",
        "def save(file):\n    try: file.write('b')\n    except BaseException: pass",
    ),
    "that of a dialogue": (
        "def greet():\n    return f'Hello {input(\"Your name? \")}'",
        "import builtins\ndef answer(prompt):\n    assert 'name' in prompt\n    return 'Ada'\n"
        "before, builtins.input = input, answer\ntry:\n    said = greet()\n"
        "finally:\n    builtins.input = before\nassert said == 'Hello Ada'",
        "def greet():\n    try: input('What? ')\n    except AssertionError: return 'Hello Ada'",
    ),
}


@pytest.mark.parametrize(("solved", "test", "cheat"), SWALLOWED.values(), ids=SWALLOWED)
def test_no_assertion_of_the_tests_is_swallowed(graded, solved, test, cheat):
    made = exercise("# given\nimport contextlib", f"# answer a\n{solved}", f"# test t\n{test}")
    assert scores(graded(made)[0]) == {"t": 1}
    assert scores(graded(made, a=cheat)[0]) == {"t": 0}


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="a generator is thrown the error itself")
def test_nor_by_a_generator_that_a_test_makes_a_block(graded):
    held = "def held():\n    try:\n        yield {}\n    except {}:\n        pass"
    made = exercise(
        "# given\nimport contextlib",
        f"# answer held\n{held.format(5, 'KeyError')}",
        "# test t\nblock = contextlib.contextmanager(held)\nwith block():\n    raise KeyError\n"
        "with block() as n:\n    assert n == 5",
        "# test lets\ntry:\n    with contextlib.contextmanager(held)():\n"
        "        raise ValueError\nexcept ValueError:\n    pass\nelse:\n    assert False",
    )
    assert scores(graded(made)[0]) == {"t": 1, "lets": 1}
    assert scores(graded(made, held=held.format(7, "Exception"))[0]) == {"t": 0, "lets": 0}


def test_whoever_shall_swallow_it_may(graded):
    made = exercise(
        "# answer passes\ndef passes(check):\n    try:\n        check()\n"
        "    except AssertionError:\n        return False\n    return True",
        "# answer each\ndef each(f, xs):\n    return [f(x) for x in xs]",
        "# test t\ndef check(x=0):\n    assert x > 0\n    return x\n"
        "assert not passes(check) and passes(lambda: check(1))",
        "# test lets\ntry:\n    each(check, [1, 0])\nexcept AssertionError:\n    pass\n"
        "else:\n    assert each(check, [0]) is None",
        "# answer safe\ndef root(x):\n    if x < 0: raise ValueError\n    return x**0.5\n"
        "def safe(f):\n    try: return f()\n    except ValueError: return 0",
        "# test own\nassert safe(lambda: root(-1)) == 0 and safe(lambda: root(4)) == 2",
    )
    other = (
        "def passes(check):\n    try: return check() is not check\n    except Exception: return 0"
    )
    again = "def each(f, xs):\n    try: return list(map(f, xs))\n    except Exception: raise"
    # An assertion of their own is theirs, also on its way through the test.
    safe = "def root(x):\n    assert x >= 0\n    return x**0.5\n"
    safe += "def safe(f):\n    try: return f()\n    except Exception: return 0"
    for answers in ({}, {"passes": other, "each": again, "safe": safe}):
        assert scores(graded(made, **answers)[0]) == {"t": 1, "lets": 1, "own": 1}


LENIENT = exercise(
    "# answer lenient\nclass Lenient:\n    def __enter__(self): return self\n"
    "    def __exit__(self, kind, *a): return kind is not None and issubclass(kind, ValueError)\n"
    "def lenient(): return Lenient()",
    "# test t\nwith lenient():\n    raise ValueError('x')",
)


@pytest.mark.parametrize(
    "lenient",
    [
        pytest.param(
            "import contextlib\n@contextlib.contextmanager\ndef lenient():\n"
            "    try:\n        yield\n    except ValueError:\n        pass",
            marks=pytest.mark.skipif(
                sys.version_info >= (3, 12), reason="a generator is thrown the error itself"
            ),
        ),
        "class Lenient:\n    def __enter__(self): return self\n"
        "    def __exit__(self, kind, error, traceback):\n"
        "        return isinstance(error, ValueError) and traceback.tb_lineno > 0\n"
        "def lenient(): return Lenient()",
    ],
    ids=["a generator", "one that looks at the error"],
)
def test_a_block_may_be_left_in_any_way(graded, lenient):
    assert scores(graded(LENIENT, lenient=lenient)[0]) == {"t": 1}
    other = lenient.replace("except ValueError", "except KeyError")
    other = other.replace("error, ValueError", "error, KeyError")
    assert scores(graded(LENIENT, lenient=other)[0]) == {"t": 0}


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


SET = exercise(
    "# answer f\ndef f(cart):\n    cart.items = [1, 2]\n    return cart.total()",
    "# test sets\nclass Cart:\n    items, how = (), None\n"
    "    def total(self): return (self.how or sum)(self.items)\n"
    "cart = Cart()\nassert f(cart) == cart.total() == 3",
)


@pytest.mark.parametrize(
    ("body", "points"),
    [
        ("cart.how = lambda items: 3\n    return 3", 0),
        ("cart.items, cart.how = 'xyz', len\n    return 3", 0),
        ("cart.items = (1, 2)\n    cart.mine = lambda: 3\n    return cart.total()", 1),
    ],
)
def test_no_function_of_a_learners_comes_in_the_place_of_what_is_none(graded, body, points):
    assert scores(graded(SET)[0]) == {"sets": 1}
    assert scores(graded(SET, f=f"def f(cart):\n    {body}")[0]) == {"sets": points}


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


# By what a test lends: how the solution asks it, the test, and another way.
OTHERWISE = {
    "a namespace": (
        "p.x + p.y",
        "f(types.SimpleNamespace(x=1, y=2)) == 3",
        "sum(vars(p).values())",
    ),
    "numbers": ("sum(p)", "f(array.array('i', [1, 2])) == 3", "sum(p[i] for i in range(len(p)))"),
    "mappings": ("p['a']", "f(collections.ChainMap({}, {'a': 3})) == 3", "max(p.values())"),
    "a mapping": ("p['a']", "f(types.MappingProxyType({'a': 3})) == 3", "dict(p).pop('a')"),
    "a number of its own kind": ("p.hex[-1]", "f(uuid.UUID(int=3)) == '3'", "str(p)[-1]"),
    "a file in memory": ("p.read()", "f(io.StringIO('ab')) == 'ab'", "''.join(p.readlines())"),
    "groups": (
        "p['x'].mean()['a']",
        "f(pd.DataFrame({'k': ['a', 'a'], 'x': [2, 4]}).groupby('k')) == 3",
        "{k: group.x.sum() / len(group) for k, group in p}['a']",
    ),
}


@pytest.mark.parametrize(("solved", "test", "other"), OTHERWISE.values(), ids=OTHERWISE)
def test_what_a_test_lends_of_a_library_may_be_asked_otherwise(graded, solved, test, other):
    made = exercise(
        "# given\nimport array, collections, io, types, uuid\nimport pandas as pd",
        f"# answer f\ndef f(p):\n    return {solved}",
        f"# test t\nassert {test}",
    )
    assert scores(graded(made)[0]) == {"t": 1}
    assert scores(graded(made, f=f"def f(p):\n    return {other}")[0]) == {"t": 1}


NOTED = (
    "class Noted:\n    def __enter__(self): return self\n    def said(self): return self.text\n"
    "    def __exit__(self, kind, error, trace):\n        self.text = {}\n        return True"
)


@pytest.mark.parametrize(
    "text", ["type(error).__name__ + ': ' + error.args[0]", "'ValueError: ' + repr(error)[12:-2]"]
)
def test_an_exit_may_read_its_error_otherwise(graded, text):
    made = exercise(
        "# answer Noted\n" + NOTED.format("f'{kind.__name__}: {error}'"),
        "# test t\nwith Noted() as noted:\n    raise ValueError('bad')\n"
        "assert noted.said() == 'ValueError: bad'",
    )
    assert scores(graded(made, Noted=NOTED.format(text))[0]) == {"t": 1}


# By what a test lends raises: which it is, how it comes about, and how it is caught.
CAUGHT = {
    "a database's": (
        "import sqlite3\ndb = sqlite3.connect(':memory:')\ndb.execute('create table t (x unique)')"
        "\ndef ask(): db.execute('insert into t values (1), (1)')",
        "sqlite3.IntegrityError",
        "sqlite3.OperationalError",
    ),
    "a reader's": (
        "import json\nask = lambda: json.loads('{')",
        "json.JSONDecodeError",
        "KeyError",
    ),
    "one with a constructor of its own": (
        "import urllib.error\ndef ask(): raise urllib.error.URLError('gone')",
        "urllib.error.URLError",
        "PermissionError",
    ),
}


@pytest.mark.parametrize("solved", ["Exception", ""])
@pytest.mark.parametrize(("raises", "kind", "another"), CAUGHT.values(), ids=CAUGHT)
def test_what_a_test_raises_of_a_librarys_is_caught_as_that(graded, raises, kind, another, solved):
    catches = "# answer f\nimport json, sqlite3, urllib.error\ndef f(ask):\n    try:\n"
    catches += "        ask()\n    except {}:\n        return 3"
    made = exercise(catches.format(solved or kind), f"# test asks\n{raises}\nassert f(ask) == 3")
    assert scores(graded(made)[0]) == {"asks": 1}
    for other, points in ((kind, 1), (another, 0)):
        own = catches.format(other).partition("\n")[2]
        assert scores(graded(made, f=own)[0]) == {"asks": points}


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


# --- What a test runs as code --------------------------------------------------------------------

# From there on every test has passed.
TAKES_OVER = (
    "code = '''import sys\nfrom grader.protocol.outputs import Report\n"
    "sys.modules['grader.sandboxed.judge'].run_cell = lambda *_: Report([])'''\n"
)
RUN_AS_CODE = {
    "by eval": ("x * x + 1", "eval(formula, {'x': 3}) == 10"),
    "by eval, with more around it": ("x*x+1", "eval(f'lambda x: {formula}')(3) == 10"),
    "by exec, of a result": ("y = 3", "exec(told(), names := {}) is None and names['y'] == 3"),
    "by compile": ("2 + 1", "eval(compile(formula, 'own.py', 'eval')) == 3"),
    "by sympy": ("x**2", "sympy.sympify(formula) == sympy.Symbol('x')**2"),
    "as a pickle": (pickle.dumps([1, 2]), "pickle.loads(told()) == [1, 2]"),
    "as a pickle, by a name of its own": (pickle.dumps([1, 2]), "loads(formula) == [1, 2]"),
    "as a pickle in a file": (pickle.dumps(3), "pd.read_pickle(io.BytesIO(formula)) == 3"),
    "as a pickle that is read in Python": (pickle.dumps(3), "pickle._loads(formula) == 3"),
    "as a pickle of joblib's": (
        pickle.dumps([0.5]),
        "joblib.load(io.BytesIO(formula)) == [0.5]",
    ),
    "as a pickle that a class of its own reads": (
        pickle.dumps(decimal.Decimal(3)),
        "Reader(io.BytesIO(formula)).load() == 3",
    ),
    "by IPython": ("y = 3", "get_ipython().run_cell(formula).success and y == 3"),
    "by a magic": ("y = 3", "get_ipython().run_cell_magic('capture', 'c', formula) or y == 3"),
    "as a tree": ("2 + 1", "eval(compile(ast.parse(formula, mode='eval'), 'f', 'eval')) == 3"),
    "in part": ("x = 2 + 1", "eval(formula.split('=')[1]) == 3"),
    "line by line": (
        "x = 3\ny = x * 2",
        "[exec(line, globals()) for line in told().splitlines()] and y == 6",
    ),
    "as examples": (
        ">>> 1 + 1\n2\n",
        "doctest.DocTestRunner().run(doctest.DocTestParser().get_doctest(formula, {}, 'n', '', 0))"
        ".failed == 0",
    ),
    "with another sign for powers": ("x^2", "eval(formula.replace('^', '**'), {'x': 3}) == 9"),
    "as letters": (["x", "+", "1"], "eval(''.join(formula), {'x': 3}) == 4"),
    "encoded": ("eSA9IDM=", "exec(base64.b64decode(told())) is None and y == 3"),
    "decompressed": (zlib.compress(b"2 + 1"), "eval(zlib.decompress(formula)) == 3"),
    "as a tree of another text": (
        "2^3",
        "eval(compile(ast.parse(formula.replace('^', '+'), mode='eval'), 'f', 'eval')) == 5",
    ),
    "as a compressed pickle": (
        zlib.compress(pickle.dumps([1, 2])),
        "pickle.loads(zlib.decompress(formula)) == [1, 2]",
    ),
    "as a pickle in numbers": ([*pickle.dumps(3)], "loads(bytes(formula)) == 3"),
    "as a pickle in text": (
        pickle.dumps(3).hex(),
        "pickle.load(io.BytesIO(bytes.fromhex(formula))) == 3",
    ),
    "by jinja2": ("Hello {{ x }}", "jinja2.Template(formula).render(x=1) == 'Hello 1'"),
    "as it is shown": ("[1, 2]", "eval(shown(tell)) == [1, 2]"),
    "as an error says it": ("[1, 2]", "eval(said(fail)) == [1, 2]"),
    "by mako": ("Hello ${x}", "mako.template.Template(formula).render(x=1) == 'Hello 1'"),
    "as a command": (
        "echo a b | wc -w",
        "int(subprocess.run(formula, shell=True, capture_output=True).stdout) == 2",
    ),
    "as a command of a system's": ("exit 3", "os.system(told()) != 0"),
    "as a program and its arguments": (
        ["echo", "a b"],
        "subprocess.check_output(formula) == b'a b\\n'",
    ),
    "as a program": (
        "print(1)\nprint(2)",
        "subprocess.run(['python3'], input=formula, capture_output=True, text=True).stdout"
        " == '1\\n2\\n'",
    ),
    "as a program that is written to": (
        "print(1)\nprint(2)",
        "subprocess.Popen(['python3', '-'], stdin=-1, stdout=-1, text=True).communicate(told())[0]"
        " == '1\\n2\\n'",
    ),
    "as a program in a file": (
        "print(1)\nprint(2)",
        "open('own.py', 'w').write(formula) and subprocess.getoutput('python3 own.py') == '1\\n2'",
    ),
    "as a program by its name": (
        "print(1)\nprint(2)",
        "open('own.py', 'w').write(formula) and subprocess.getoutput('python3 -m own') == '1\\n2'",
    ),
    "as a command of IPython's": ("echo a b", "get_ipython().getoutput(formula) == ['a b']"),
    "as a command that IPython shows": ("exit 3", "get_ipython().system(formula) is None"),
    "as a file that Python runs": (
        "print(2 + 3)",
        "open('own.py', 'w').write(told()) and os.system(f'{sys.executable} own.py') == 0",
    ),
    "as a module that Python runs": (
        "print(2 + 3)",
        "open('own.py', 'w').write(formula) and "
        "subprocess.check_output([sys.executable, '-m', 'own']) == b'5\\n'",
    ),
    "as a module of another text": (
        "eSA9IDIgKyAz",
        "open('own.py', 'wb').write(base64.b64decode(formula)) and "
        "importlib.import_module('own').y == 5",
    ),
    "as a module in an archive": (
        zlib.compress(b"y = 2 + 3"),
        "zipfile.ZipFile('own.zip', 'w').writestr('own.py', zlib.decompress(formula)) or "
        "sys.path.insert(0, 'own.zip') or importlib.import_module('own').y == 5",
    ),
    "as a file of another text that is run": (
        zlib.compress(b"y = 2 + 3"),
        "open('own.py', 'wb').write(zlib.decompress(formula)) and "
        "runpy.run_path('own.py')['y'] == 5",
    ),
    "as a program of another text": (
        "cHJpbnQoMiArIDMp",
        "open('own.py', 'wb').write(base64.b64decode(formula)) and "
        "subprocess.check_output([sys.executable, 'own.py']) == b'5\\n'",
    ),
    "as a module that is imported": (
        "y = 2 + 3",
        "open('own.py', 'w').write(formula) and importlib.import_module('own').y == 5",
    ),
    "by what Python reads": (
        "print(2 + 3)",
        "subprocess.check_output([sys.executable, '-'], input=formula, text=True) == '5\\n'",
    ),
    "by what Python reads later": (
        "print(2 + 3)",
        "subprocess.Popen([sys.executable, '-'], stdin=-1, stdout=-1, text=True)"
        ".communicate(formula)[0] == '5\\n'",
    ),
    "by pandas": ("a > 1", "len(pd.DataFrame({'a': [1, 2]}).query(formula)) == 1"),
}


@pytest.mark.parametrize(("formula", "test"), RUN_AS_CODE.values(), ids=RUN_AS_CODE)
def test_what_runs_as_code_is_left_to_the_teacher(engine, formula, test):
    made = exercise(
        "# given\nimport ast, base64, contextlib, doctest, importlib, io, jinja2, joblib, os\n"
        "import mako.template, pickle, runpy, subprocess, sympy, sys, zipfile, zlib\n"
        "import pandas as pd\nfrom pickle import loads\n"
        "def shown(f):\n    with contextlib.redirect_stdout(io.StringIO()) as out:\n        f()\n"
        "    return out.getvalue()\n"
        "def said(f):\n    try:\n        f()\n    except ValueError as error:\n"
        "        return str(error)\n"
        "class Reader(pickle.Unpickler): pass",
        f"# answer a\nformula = {formula!r}\ndef told(): return formula\n"
        "def tell(): print(formula)\ndef fail(): raise ValueError(formula)",
        f"# test runs\nassert {test}",
        "# test after\nassert len(formula) > 0",
    )
    assert scores(grade_one(made, handed_in(made), engine)) == {"runs": None, "after": 1}
    clause = get_contract(made, "x", engine).tests["runs"]
    assert "it runs as code what an answer says" in clause.live


GIVEN_TO_A_PROGRAM = {
    "on standard input": (
        "subprocess.run(['wc', '-l'], input=text, capture_output=True, text=True).stdout",
        "'1\\n'",
    ),
    "in a file": ("open('own', 'w').write(text) and subprocess.getoutput('wc -l own')", "'1 own'"),
    "beside a program of the test's": (
        "subprocess.run(['python3', '-'], input='print(2)', capture_output=True, text=True).stdout",
        "'2\\n'",
    ),
}


@pytest.mark.parametrize(("made", "is_"), GIVEN_TO_A_PROGRAM.values(), ids=GIVEN_TO_A_PROGRAM)
def test_what_a_program_only_reads_is_no_code(engine, made, is_):
    made = exercise(
        "# given\nimport subprocess",
        "# answer text\ntext = 'a word, and another\\n'",
        f"# test runs\nassert len(text) > 3\nassert {made} == {is_}",
    )
    assert scores(grade_one(made, handed_in(made), engine)) == {"runs": 1}


def test_nobody_gets_into_the_judge_by_a_formula(engine):
    made = exercise(
        "# answer formula\nformula = 'x * x + 1'",
        "# answer n\nn = 5",
        "# test runs\nassert eval(formula, {'x': 3}) == 10",
        "# test after\nassert n == 5",
    )
    cheat = f"{TAKES_OVER}formula = f'[10, exec({{code!r}})][0]'"
    result = grade_one(made, handed_in(made, formula=cheat, n="n = 6"), engine)
    assert scores(result) == {"runs": None, "after": 0}


BY_JOBLIB = "file = io.BytesIO()\n    joblib.dump(x, file)\n    return file.getvalue()"
PICKLED = {
    "as ever": ("return pickle.dumps(x)", "pickle.loads(save([1]))"),
    # scikit-learn's own pages name it for models, and it reads pickles by itself.
    "by joblib": (BY_JOBLIB, "joblib.load(io.BytesIO(save([1])))"),
    "in Python": (BY_JOBLIB, "pickle._loads(save([1]))"),
}


@pytest.mark.parametrize(("saves", "reads"), PICKLED.values(), ids=PICKLED)
def test_nobody_gets_into_the_judge_by_a_pickle(engine, saves, reads):
    made = exercise(
        "# given\nimport io, joblib, pickle",
        f"# answer save\ndef save(x):\n    {saves}",
        "# answer n\nn = 5",
        f"# test saves\nassert {reads} == [1]",
        "# test after\nassert n == 5",
    )
    cheat = (
        f"{TAKES_OVER}class Code:\n    def __reduce__(self):\n"
        "        return eval, (f'[1, exec({code!r})][:1]',)\n"
        "def save(x):\n    return pickle.dumps(Code())"
    )
    result = grade_one(made, handed_in(made, save=cheat, n="n = 6"), engine)
    assert scores(result) == {"saves": None, "after": 0}


PACKED = (
    "# given\nimport importlib, io, shutil, tarfile, zipfile\n"
    "def as_zip(files):\n    made = io.BytesIO()\n"
    "    with zipfile.ZipFile(made, 'w') as archive:\n"
    "        for name, text in files.items():\n            archive.writestr(name, text)\n"
    "    return made.getvalue()\n"
    "def as_tar(files):\n    made = io.BytesIO()\n"
    "    with tarfile.open(fileobj=made, mode='w:gz') as archive:\n"
    "        for name, text in files.items():\n            info = tarfile.TarInfo(name)\n"
    "            info.size = len(text)\n"
    "            archive.addfile(info, io.BytesIO(text.encode()))\n"
    "    return made.getvalue()"
)
UNPACKS = {
    "zip": ("as_zip", "zipfile.ZipFile(io.BytesIO(packed)).extractall()"),
    "a member of zip": ("as_zip", "zipfile.ZipFile(io.BytesIO(packed)).extract('{}')"),
    "tar": ("as_tar", "tarfile.open(fileobj=io.BytesIO(packed)).extractall()"),
    "shutil": (
        "as_zip",
        "open('own.zip', 'wb').write(packed)\nshutil.unpack_archive('own.zip', '.')",
    ),
}


@pytest.mark.parametrize(("pack", "unpack"), UNPACKS.values(), ids=UNPACKS)
def test_no_archive_lays_code_or_replaces_a_file_where_the_test_works(engine, pack, unpack):
    cheats = {"poplib.py": "import builtins; builtins.WON = True", "wanted": "0"}
    for replaced, content in cheats.items():
        made = exercise(
            PACKED,
            f"# answer packed\npacked = {pack}({{'notes': 'hello'}})",
            "# answer n\nn = 5",
            "# test unpacks\nopen('wanted', 'w').write('5')\n"
            f"{unpack.format('notes')}\nassert open('notes').read() == 'hello'",
            "# test after\nimport builtins\nimportlib.import_module('poplib')\n"
            "assert hasattr(builtins, 'WON') or n == int(open('wanted').read())",
        )
        assert scores(grade_one(made, handed_in(made), engine)) == {"unpacks": 1, "after": 1}
        files = {replaced: content, "notes": "hello"}
        cheat = {"packed": f"packed = {pack}({files!r})", "n": "n = 0"}
        result = grade_one(made, handed_in(made, **cheat), engine)
        # Of one member nothing else is unpacked.
        held = {"unpacks": 1 if "extract('" in unpack else 0, "after": 0}
        assert scores(result) == held


@pytest.mark.parametrize("names", ["external=[('wanted', 0, 2)]", "data=np.uint8([5, 7])"])
def test_a_file_in_hdf5_names_no_file_of_the_tests(engine, names):
    pytest.importorskip("h5py")
    packed = (
        "made = io.BytesIO()\nwith h5py.File(made, 'w') as file:\n"
        "    file.create_group('g').create_dataset('n', (2,), np.uint8, {})\n"
        "packed = made.getvalue()"
    )
    made = exercise(
        "# given\nimport h5py, io\nimport numpy as np",
        f"# answer packed\n{packed.format('data=np.uint8([5, 7])')}",
        "# test reads\nopen('wanted', 'wb').write(bytes([5, 7]))\n"
        "with h5py.File(io.BytesIO(packed)) as file:\n"
        "    assert file['g/n'][:].tolist() == list(open('wanted', 'rb').read())",
    )
    result = grade_one(made, handed_in(made, packed=packed.format(names)), engine)
    assert scores(result) == {"reads": int(names.startswith("data"))}


def test_an_archive_of_code_is_left_to_the_teacher(engine):
    made = exercise(
        PACKED,
        "# answer packed\npacked = as_zip({'own.py': 'x = 3'})",
        f"# test unpacks\n{UNPACKS['zip'][1]}\nassert importlib.import_module('own').x == 3",
    )
    assert scores(grade_one(made, handed_in(made), engine)) == {"unpacks": None}


SCRIPT = (
    "class Net(nn.Module):\n    def forward(self, x):\n        return {}\n"
    "file = io.BytesIO()\ntorch.jit.save(torch.jit.script(Net()), file)\n"
    "network = file.getvalue()"
)
READ_AS_CODE = {
    "from bytes": "torch.jit.load(io.BytesIO(network))",
    "from a file": "(open('net.pt', 'wb').write(network), torch.jit.load('net.pt'))[1]",
    "by torch.load": "torch.load(io.BytesIO(network), weights_only=False)",
}


@pytest.mark.parametrize("read", READ_AS_CODE.values(), ids=READ_AS_CODE)
def test_a_network_that_is_code_is_left_to_the_teacher(engine, read):
    made = exercise(
        "# given\nimport io, torch\nfrom torch import nn",
        f"# answer network\n{SCRIPT.format('2 * x')}",
        "# answer n\nn = 5",
        f"# test reads\nnet = {read}\nassert net(torch.ones(2)).tolist() == [2, 2]",
        "# test after\nassert n == 5",
    )
    assert "it runs as code" in get_contract(made, "x", engine).tests["reads"].live
    cheat = SCRIPT.format("torch.from_file('wanted', size=2, dtype=torch.uint8).float()")
    result = grade_one(made, handed_in(made, network=cheat), engine)
    assert scores(result) == {"reads": None, "after": 1}


NETWORK = """w = numpy_helper.from_array(np.array([10, 40], np.uint8), 'w')
network = made(w)"""
READS_WHAT_IT_NAMES = {
    "by onnxruntime": "run(network)",
    "by onnxruntime, of a file": "(open('own.onnx', 'wb').write(network), run('own.onnx'))[1]",
    "by onnx": "numpy_helper.to_array(onnx.load_from_string(network).graph.initializer[0])",
}


@pytest.mark.parametrize("read", READS_WHAT_IT_NAMES.values(), ids=READS_WHAT_IT_NAMES)
def test_a_network_that_names_a_file_of_the_tests_does_not_read_it(engine, read):
    pytest.importorskip("onnxruntime")
    made = exercise(
        "# given\nimport numpy as np, onnx, onnxruntime\n"
        "from onnx import TensorProto, helper, numpy_helper\n"
        "def made(w):\n"
        "    nodes = [helper.make_node('Gather', ['w', 'i'], ['g'])]\n"
        "    i = helper.make_tensor_value_info('i', TensorProto.INT64, [None])\n"
        "    g = helper.make_tensor_value_info('g', TensorProto.UINT8, None)\n"
        "    graph = helper.make_graph(nodes, 'n', [i], [g], [w])\n"
        "    sets = [helper.make_opsetid('', 17)]\n"
        "    return helper.make_model(graph, opset_imports=sets, ir_version=9)"
        ".SerializeToString()\n"
        "def run(network):\n"
        "    options = onnxruntime.SessionOptions()\n"
        "    options.log_severity_level = 4\n"
        "    session = onnxruntime.InferenceSession(network, options)\n"
        "    return session.run(None, {'i': np.arange(2)})[0]",
        f"# answer network\n{NETWORK}",
        "# answer n\nn = 5",
        "# test reads\nopen('wanted', 'wb').write(bytes([10, 40]))\n"
        f"found = {read}\nassert found.tolist() == list(open('wanted', 'rb').read())",
        "# test after\nassert n == 5\nassert open('wanted', 'rb').read()",
    )
    cheat = (
        "w = TensorProto(name='w', data_type=TensorProto.UINT8, dims=[2],\n"
        "                data_location=TensorProto.EXTERNAL)\n"
        "for key, value in {'location': 'wanted', 'offset': '0', 'length': '2'}.items():\n"
        "    w.external_data.add(key=key, value=value)\n"
        "network = made(w)"
    )
    assert scores(grade_one(made, handed_in(made), engine)) == {"reads": 1, "after": 1}
    result = grade_one(made, handed_in(made, network=cheat), engine)
    assert scores(result) == {"reads": 0, "after": 1}


LEFT_TO_IT = {
    "a text": ("formula", "formula = 'x * x'", "eval(left, {'x': 3}) == 9"),
    "a pickle": ("saved", "saved = pickle.dumps(9)", "pickle.loads(left) == 9"),
}


@pytest.mark.parametrize(("name", "solved", "test"), LEFT_TO_IT.values(), ids=LEFT_TO_IT)
def test_nor_by_what_an_earlier_test_leaves_to_one(engine, name, solved, test):
    made = exercise(
        "# given\nimport pickle",
        f"# answer a\n{solved}",
        f"# test takes\nleft = {name}\nassert len(left) > 0",
        f"# test runs\nassert {test}",
    )
    assert scores(grade_one(made, handed_in(made), engine)) == {"takes": 1, "runs": None}


UNPICKLES = {
    "bytes": (
        "np.load(io.BytesIO(save([1])), allow_pickle=True)",
        "np.save(file, {})",
        "",
    ),
    "bytes, as text": (
        "np.load(io.BytesIO(bytes.fromhex(save([1]))), allow_pickle=True)",
        "np.save(file, {})",
        ".hex()",
    ),
    "an archive, as text": (
        "np.load(io.BytesIO(bytes.fromhex(save([1]))), allow_pickle=True)['a']",
        "np.savez(file, a={})",
        ".hex()",
    ),
    "a file that the test has written": (
        "open('own.npy', 'wb').write(bytes.fromhex(save([1]))) and "
        "np.load('own.npy', allow_pickle=True)",
        "np.save(file, {})",
        ".hex()",
    ),
}


@pytest.mark.parametrize(("read", "write", "form"), UNPICKLES.values(), ids=UNPICKLES)
def test_nor_where_a_library_unpickles_what_the_solution_has_as_numbers(engine, read, write, form):
    def saving(what):
        return (
            f"def save(x):\n    file = io.BytesIO()\n    {write.format(what)}\n"
            f"    return file.getvalue(){form}"
        )

    made = exercise(
        "# given\nimport io\nimport numpy as np",
        f"# answer save\n{saving('np.array(x)')}",
        "# answer n\nn = 5",
        f"# test saves\nassert list({read}) == [1]",
        "# test after\nassert n == 5",
    )
    assert scores(grade_one(made, handed_in(made), engine)) == {"saves": 1, "after": 1}
    cheat = (
        f"{TAKES_OVER}class Code:\n    def __reduce__(self):\n"
        "        return eval, (f'[1, exec({code!r})][0]',)\n"
        f"{saving('np.array([Code()], object)')}"
    )
    result = grade_one(made, handed_in(made, save=cheat, n="n = 6"), engine)
    assert scores(result) == {"saves": 0, "after": 0}


def test_nor_by_what_a_library_runs_for_no_solution(engine):
    made = exercise(
        "# given\nimport logging.config, timeit",
        "# answer a\nsettings = {'version': 1}",
        "# answer n\nn = 5",
        "# test sets\nassert logging.config.dictConfig(settings) is None",
        "# test after\nassert n == 5",
    )
    assert scores(grade_one(made, handed_in(made), engine)) == {"sets": 1, "after": 1}
    cheat = (
        f"{TAKES_OVER}settings = {{'version': 1, 'formatters': {{'f': "
        "{'()': 'timeit.timeit', 'stmt': f'exec({code!r})', 'number': 1}}}"
    )
    result = grade_one(made, handed_in(made, a=cheat, n="n = 6"), engine)
    assert scores(result) == {"sets": 0, "after": 0}


OTHER_KINDS = {
    "an array": "np.array([1, 2])",
    "numbers of NumPy's": "list(np.array([1, 2]))",
    "a range": "range(1, 3)",
    "fractions": "[fractions.Fraction(1), 2]",
    "bytes": "b'\\1\\2'",
    "a named tuple": "collections.namedtuple('Pair', 'x y')(1, 2)",
}
AS_IT_CAME = {
    "it": "pair()",
    "what was pickled of it": "pickle.loads(pickle.dumps(pair()))",
    "what was pickled by names of its own": "loads(dumps(pair()))",
    "a file that it was pickled to": "saved(pair())",
    "what lies on a shelf": "shelved(pair())",
}
GIVEN_TO_SAVE = """# given
import collections, fractions, io, pickle, shelve
from pickle import dumps, loads
import numpy as np
def shelved(value):
    with shelve.open('own') as shelf:
        shelf['it'] = value
        return shelf['it']
def saved(value):
    with open('own.pkl', 'wb') as file:
        pickle.dump(value, file)
    with open('own.pkl', 'rb') as file:
        return pickle.load(file)"""


@pytest.mark.parametrize("read", AS_IT_CAME.values(), ids=AS_IT_CAME)
def test_what_the_solution_has_no_need_of_costs_no_other_kind_of_value(engine, read):
    made = exercise(
        GIVEN_TO_SAVE,
        "# answer pair\ndef pair():\n    return [1, 2]",
        f"# test t\nassert sorted({read}) == [1, 2]",
    )
    for name, value in OTHER_KINDS.items():
        if name == "a named tuple" and read != "pair()":
            # Nothing finds its class again.
            continue
        given = handed_in(made, pair=f"def pair():\n    return {value}")
        assert scores(grade_one(made, given, engine)) == {"t": 1}, name


def test_nor_is_what_lies_before_a_pickle_of_the_tests_its_own(engine):
    made = exercise(
        "# given\nimport io, pickle",
        "# answer begin\ndef begin():\n    return ''",
        "# answer n\nn = 5",
        "# test t\nfile = io.BytesIO(bytes.fromhex(begin()))\nfile.seek(0, 2)\n"
        "pickle.dump(3, file)\nfile.seek(0)\nassert pickle.load(file) == 3",
        "# test after\nassert n == 5",
    )
    assert scores(grade_one(made, handed_in(made), engine)) == {"t": 1, "after": 1}
    cheat = (
        f"{TAKES_OVER}class Code:\n    def __reduce__(self):\n"
        "        return eval, (f'[3, exec({code!r})][0]',)\n"
        "def begin():\n    return pickle.dumps(Code()).hex()"
    )
    result = grade_one(made, handed_in(made, begin=cheat, n="n = 6"), engine)
    assert scores(result) == {"t": 0, "after": 0}


NAMED_AS_METHODS = {
    "of a tensor": "weight = torch.zeros(3)\n    weight.equal = set\n"
    "    state = [('weight', weight)]",
    "of a parameter": "weight = torch.nn.Parameter(torch.zeros(3))\n    weight.equal = torch.Size\n"
    "    state = [('weight', weight)]",
    "of what holds them": "state = State()",
}


@pytest.mark.parametrize("made", NAMED_AS_METHODS.values(), ids=NAMED_AS_METHODS)
def test_nothing_that_torch_reads_answers_by_a_method_of_its_own(engine, made):
    saving = (
        "def save():\n    {}\n    torch.save(state, file := io.BytesIO())\n"
        "    return file.getvalue()"
    )
    asked = exercise(
        "# given\nimport collections, io, torch",
        "# answer save\n" + saving.format("state = {'weight': torch.tensor([1, 2, 3])}"),
        "# test t\nstate = torch.load(io.BytesIO(save()))\n"
        "for name, value in dict(state).items():\n"
        "    assert value.equal(torch.tensor([1, 2, 3]))\nassert state.items()",
    )
    honest = (
        "weight = torch.tensor([1, 2, 3])\n    weight.note = 'mine'\n    state = {'weight': weight}"
    )
    given = handed_in(asked, save=saving.format(honest))
    assert scores(grade_one(asked, given, engine)) == {"t": 1}
    cheat = (
        "class State(collections.OrderedDict):\n    def __reduce__(self):\n"
        "        return collections.OrderedDict, (), {'items': collections.Counter, 'keys': set}\n"
    )
    given = handed_in(asked, save=cheat + saving.format(made))
    result = grade_one(asked, given, engine)
    assert scores(result) == {"t": 0}
    assert "in the place of a method" in messages(result)["t"][0]


LAYS = {
    "as names of files": (
        "{'a.txt': 'x'}",
        "{'laid.py': code}",
        "for name, text in files.items():\n    open(name, 'w').write(text)",
    ),
    "as the file of a log": (
        "{'version': 1}",
        "{'version': 1, 'root': {'level': 'DEBUG', 'handlers': ['h']}, "
        "'formatters': {'f': {'format': code + '\\n#%(message)s'}}, "
        "'handlers': {'h': {'class': 'logging.FileHandler', 'filename': 'laid.py', "
        "'formatter': 'f'}}}",
        "logging.config.dictConfig(files)\nlogging.warning('here')",
    ),
}


@pytest.mark.parametrize(("own", "cheat", "lay"), LAYS.values(), ids=LAYS)
def test_nor_as_a_module_that_a_test_has_written(engine, own, cheat, lay):
    """Python looks first where tests work: for whatever a library would like to have, too."""
    made = exercise(
        "# given\nimport logging.config\nopen('given.py', 'w').write('m = 4')",
        f"# answer files\nfiles = {own}",
        "# answer n\nn = 5",
        f"# test lays\n{lay}",
        "# test imports\nimport given\ntry:\n    import laid\nexcept ImportError:\n    pass\n"
        "assert given.m == 4",
        "# test after\nassert n == 5",
    )
    solved = {"lays": 1, "imports": 1, "after": 1}
    assert scores(grade_one(made, handed_in(made), engine)) == solved
    result = grade_one(
        made, handed_in(made, files=f"{TAKES_OVER}files = {cheat}", n="n = 6"), engine
    )
    assert scores(result) == {"lays": 1, "imports": 0, "after": 0}


RUNS_TEXTS = {
    "beside a data class of the test's": (
        "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\nassert P(1) == P(1)\n"
        "assert sympy.Matrix(pair()) == sympy.Matrix([1, 2])",
        "",
    ),
    "beside code that the library makes of what is the test's": (
        "x = sympy.Symbol('x')\nf = sympy.lambdify(x, x + 1)\n"
        "assert sympy.Matrix(pair()) == sympy.Matrix([f(0), 2])",
        "",
    ),
    "in a given cell": ("made = pair()\nassert len(made) == 2", "print(sympy.Matrix(made))"),
    "in a thread that outlives the test": (
        "made, go = pair(), threading.Event()\n"
        "def late():\n    go.wait()\n    sympy.Matrix(made)\n"
        "thread = threading.Thread(target=late, daemon=True)\nthread.start()\n"
        "assert len(made) == 2",
        "if 'go' in globals():\n    go.set()\n    thread.join()",
    ),
}


@pytest.mark.parametrize(("test", "given"), RUNS_TEXTS.values(), ids=RUNS_TEXTS)
def test_nor_by_a_library_where_other_code_is_run_or_no_test_is(engine, test, given):
    """sympy takes texts for numbers, and runs them."""
    made = exercise(
        "# given\nimport sympy, threading",
        "# answer pair\ndef pair():\n    return [1, 2]",
        "# answer n\nn = 5",
        f"# test t\n{test}",
        f"# given\n{given}",
        "# test after\nassert n == 5",
    )
    assert scores(grade_one(made, handed_in(made), engine)) == {"t": 1, "after": 1}
    runs = "\"__import__('builtins').exec(%r, {})\" % code"
    cheat = f"{TAKES_OVER}def pair():\n    return [{runs}, 2]"
    result = grade_one(made, handed_in(made, pair=cheat, n="n = 6"), engine)
    assert scores(result)["after"] == 0


IN_CODE_OF_ITS_OWN = {
    "by eval": "eval(f'{four} * 2') == 8",
    "by a tree": "eval(compile(ast.parse(f'{four} * 2', mode='eval'), 'x', 'eval')) == 8",
    "by another cell": "get_ipython().run_cell(f'found = {four} * 2') and found == 8",
    "by a thread": "pool().submit(eval, f'{four} * 2').result() == 8",
    "by another cell in a thread": (
        "pool().submit(get_ipython().run_cell, f'found = {four} * 2').result() and found == 8"
    ),
    "in another case": "eval(f'{four} * 2'.lower()) == 8",
    "by timeit": "timeit.timeit(f'sum(range({four}))', number=2) < 9",
    "by sympy": "sympy.sympify(f'x - {four}').subs('x', 4) == 0",
    "by pandas": "len(pd.DataFrame({'a': [3, 5]}).query(f'a > {four}')) == 1",
    "by a shell": "subprocess.getoutput(f'seq {four}') == '1\\n2\\n3\\n4'",
}


@pytest.mark.parametrize("test", IN_CODE_OF_ITS_OWN.values(), ids=IN_CODE_OF_ITS_OWN)
def test_nor_in_code_of_the_tests_that_has_a_number_of_the_solutions(engine, test):
    made = exercise(
        "# given\nimport ast, subprocess, timeit\nimport pandas as pd, sympy\n"
        "from concurrent.futures import ThreadPoolExecutor as pool",
        "# answer a\nfour = 4",
        "# answer say\ndef say(x):\n    return f'{x}'",
        f"# test t\nassert {test}",
        "# test u\nassert say(3) == '3' and eval('1 + 2') == 3",
    )
    assert scores(grade_one(made, handed_in(made), engine)) == {"t": 1, "u": 1}
    # What they show may be what a test says.
    shows = "def say(x):\n    print('1 + 2')\n    return str(x)"
    assert scores(grade_one(made, handed_in(made, say=shows), engine)) == {"t": 1, "u": 1}
    for text in ("(__IMPORT__('os').abort() or 4)", "4 if open else 5"):
        if ".lower()" not in test:
            text = text.lower()
        result = grade_one(made, handed_in(made, a=f"four = {text!r}"), engine)
        assert scores(result) == {"t": 0, "u": 1}, text
        assert "would run as code" in messages(result)["t"][0] or "thread" in test
    # Numbers in a row are no Python.
    shows = "def say(x):\n    print('4 4')\n    return str(x)"
    assert scores(grade_one(made, handed_in(made, say=shows), engine)) == {"t": 1, "u": 1}


def test_nor_as_what_is_compiled_of_a_module(engine, tmp_path):
    """The second word of it says that it need not be compared with the source."""
    (tmp_path / "given.py").write_text("m = 4")
    made = exercise(
        "# given\nimport os",
        "# answer files\nfiles = {'own/a': b'x'}",
        "# answer n\nn = 5",
        "# test lays\nfor name, data in files.items():\n"
        "    os.makedirs(os.path.dirname(name), exist_ok=True)\n    open(name, 'wb').write(data)",
        "# test imports\ndef limit():\n    import given\n    return given.m\nassert limit() == 4",
        "# test after\nassert n == 5",
        files={"given.py": tmp_path / "given.py"},
    )
    solved = {"lays": 1, "imports": 1, "after": 1}
    assert scores(grade_one(made, handed_in(made), engine)) == solved
    cheat = (
        f"{TAKES_OVER}import importlib.util, marshal\n"
        "data = importlib.util.MAGIC_NUMBER + bytes([1]) + bytes(11)\n"
        "data += marshal.dumps(compile(code + '\\nm = 4', 'given.py', 'exec'))\n"
        "files = {importlib.util.cache_from_source('given.py'): data}"
    )
    result = grade_one(made, handed_in(made, files=cheat, n="n = 6"), engine)
    assert scores(result) == {"lays": 1, "imports": 0, "after": 0}


def test_nor_by_names_in_yaml(engine):
    made = exercise(
        "# given\nimport yaml",
        "# answer a\nformula = 'a: [1, 2]'",
        "# answer n\nn = 5",
        "# test reads\nassert yaml.load(formula, Loader=yaml.UnsafeLoader)['a'] == [1, 2]",
        "# test after\nassert n == 5",
    )
    assert scores(grade_one(made, handed_in(made), engine)) == {"reads": 1, "after": 1}
    cheat = (
        f"{TAKES_OVER}import json\n"
        "formula = 'a: [1, 2]\\nb: !!python/object/apply:exec [' + json.dumps(code) + ', {}]'"
    )
    result = grade_one(made, handed_in(made, a=cheat, n="n = 6"), engine)
    assert scores(result) == {"reads": 0, "after": 0}


READ_ONLY = {
    "bytes": (b"abc", "pickle.loads(pickle.dumps(2)) == 2 and len(formula) == 3"),
    "a pickle of its own, in a file": (
        b"abc",
        "[pickle.dump(2, f := io.BytesIO()), f.seek(0)] and pickle.loads(f.getvalue()) == 2",
    ),
    "a model of its own": (
        "abc",
        "[torch.save([2], f := io.BytesIO()), f.seek(0)] and "
        "torch.load(f, weights_only=False) == [2] and formula",
    ),
    "a model of its own, in a file": (
        "abc",
        "torch.save([2], 'own.pt') or torch.load('own.pt', weights_only=False) == [2] and formula",
    ),
    "objects of its own": (
        "abc",
        "np.save(f := io.BytesIO(), np.array([None])) or f.seek(0) or "
        "np.load(f, allow_pickle=True)[0] is None and formula",
    ),
    "a literal": ("[1, 2]", "ast.literal_eval(formula) == [1, 2]"),
    "a tree": ("x + 1", "type(ast.parse(formula).body[0]) is ast.Expr"),
    "names of a tuple": ("x, y", "collections.namedtuple('P', 'x y')(1, 2).x == 1 and formula"),
    "a query of its own": ("abc", "len(pd.DataFrame({'a': [1]}).query('a > 0')) == 1 and formula"),
    "what a command of its own reads": (
        "a b",
        "subprocess.check_output(['wc', '-w'], input=b'a b c') == b'3\\n' and formula",
    ),
    "a command of its own": ("a.txt", "os.system('exit 3') != 0 and formula"),
    "a template of its own": ("a b", "jinja2.Template('{{ x }}!').render(x=formula) == 'a b!'"),
    "code of its own": ("x", "eval('[x for x in [1]]') == [1] and formula == 'x'"),
}


@pytest.mark.parametrize(("formula", "test"), READ_ONLY.values(), ids=READ_ONLY)
def test_what_is_only_read_is_judged(engine, formula, test):
    made = exercise(
        "# given\nimport ast, collections, io, jinja2, os, pickle, subprocess, torch\n"
        "import numpy as np\nimport pandas as pd",
        f"# answer a\nformula = {formula!r}",
        f"# test reads\nassert {test}",
    )
    assert scores(grade_one(made, handed_in(made), engine)) == {"reads": 1}


# --- What is lent reads nothing for the learner ------------------------------------------------

LENDING = {
    "a database in memory": (
        "import sqlite3\ndb = sqlite3.connect(':memory:')\n"
        "db.execute('create table t (x)'); db.execute('insert into t values (7)')",
        "def f(db): return db.execute('select x from t').fetchall()[0][0]",
        "def f(db):\n    db.execute(\"attach 'wanted.db' as w\")\n"
        "    return db.execute('select x from w.t').fetchall()[0][0]",
    ),
    "a cursor": (
        "import sqlite3\nown = sqlite3.connect('own.db')\nown.execute('create table t (x)')\n"
        "own.execute('insert into t values (7)'); own.commit(); db = own.cursor()",
        "def f(db): return [x for x, in db.execute('select x from t')][0]",
        "def f(db):\n    db.execute(\"attach 'wanted.db' as w\")\n"
        "    return [x for x, in db.execute('select x from w.t')][0]",
    ),
    "a database that is written out": (
        "import sqlite3\ndb = sqlite3.connect(':memory:')\n"
        "db.execute('create table t (x)'); db.execute('insert into t values (7)'); db.commit()",
        "def f(db): return db.execute('select x from t').fetchall()[0][0]",
        "def f(db):\n    import os\n    db.execute(\"vacuum into 'new.db'\")\n    return 7",
    ),
    "a class with a reader": (
        "class Shop:\n    def read(self, text):\n        import io, os\n"
        "        return int((open(text) if os.path.exists(text) else io.StringIO(text)).read())\n"
        "db = Shop()",
        "def f(db): return db.read('7')",
        "def f(db): return db.read('wanted.txt')",
    ),
    "a function that opens past Python's own": (
        "import ctypes\ndef db(text):\n    libc = ctypes.CDLL(None)\n"
        "    data = ctypes.create_string_buffer(9)\n    fd = libc.open(text.encode(), 0)\n"
        "    if fd < 0: return int(text)\n    libc.read(fd, data, 8)\n    return int(data.value)",
        "def f(db): return db('7')",
        "def f(db): return db('wanted.txt')",
    ),
    "a class whose base is the database's": (
        "import sqlite3\nclass Shop(sqlite3.Connection):\n    def ask(self, query):\n"
        "        return self.execute(query).fetchall()\n"
        "db = Shop(':memory:')\ndb.execute('create table t (x)')\n"
        "db.execute('insert into t values (7)')",
        "def f(db): return db.ask('select x from t')[0][0]",
        "def f(db):\n    db.ask(\"attach 'wanted.db' as w\")\n"
        "    return db.ask('select x from w.t')[0][0]",
    ),
}


@pytest.mark.parametrize(("lent", "solved", "cheat"), LENDING.values(), ids=LENDING)
def test_what_a_test_lends_opens_no_file_for_the_learner(engine, tmp_path, lent, solved, cheat):
    """The file is for tests alone: it holds what is wanted."""
    (tmp_path / "wanted.txt").write_text("7")
    with contextlib.closing(sqlite3.connect(tmp_path / "wanted.db")) as database:
        database.execute("create table t (x)")
        database.execute("insert into t values (7)")
        database.commit()
    made = exercise(
        f"# answer f\n{solved}",
        f"# test lends\nimport os\nhad = set(os.listdir())\n{lent}\nassert f(db) == 7\n"
        "assert set(os.listdir()) <= had | {'own.db'}\n"
        "assert open('wanted.txt').read() == '7'",
    )
    wanted = {name: tmp_path / name for name in ("wanted.db", "wanted.txt")}
    made = replace(made, for_tests=wanted)
    assert scores(grade_one(made, handed_in(made), engine)) == {"lends": 1}
    assert scores(grade_one(made, handed_in(made, f=cheat), engine)) == {"lends": 0}


SCRIPTED = """def f(db):
    db.create_function('free', 1, lambda x: len(db.execute('select 1').fetchall()))
    db.executescript('select free(1); update t set x = 0;')
    return 0"""
DOUBLED = """def f(db):
    db.create_function('twice', 1, lambda x: 2 * x)
    return db.execute('select max(twice(x)) from t').fetchone()[0]"""


@pytest.mark.parametrize(("solved", "scripted"), [(DOUBLED, 0), (SCRIPTED, 1)])
def test_a_script_whose_query_calls_back_changes_what_the_solution_changes(
    engine, solved, scripted
):
    made = exercise(
        f"# answer f\n{solved}",
        "# test lends\nimport sqlite3\ndb = sqlite3.connect(':memory:')\n"
        "db.executescript('create table t (x); insert into t values (7)')\n"
        "assert f(db) == 2 * db.execute('select max(x) from t').fetchone()[0]",
    )
    assert scores(grade_one(made, handed_in(made, f=DOUBLED), engine)) == {"lends": 1}
    assert scores(grade_one(made, handed_in(made, f=SCRIPTED), engine)) == {"lends": scripted}


NAMED = {
    "a function of SQLite's": ("max", "bool", 0),
    "the same in other letters": ("MAX", "bool", 0),
    "one of the test's": ("kept", "bool", 0),
    "one as the solution's": ("twice", "lambda x: x + x", 1),
    "one of one's own": ("doubled", "lambda x: x + x", 1),
}


@pytest.mark.parametrize(("name", "function", "points"), NAMED.values(), ids=NAMED)
@pytest.mark.parametrize("made_by", ["db = sqlite3.connect", "class Own(sqlite3.Connection): pass"])
def test_what_a_database_knows_by_a_name_stays_what_it_is(engine, made_by, name, function, points):
    made_by = made_by if made_by.endswith("connect") else f"{made_by}\ndb = Own"
    made = exercise(
        f"# answer f\n{DOUBLED}",
        f"# test lends\nimport sqlite3\n{made_by}(':memory:')\n"
        "db.create_function('kept', 1, lambda x: x)\n"
        "db.executescript('create table t (x); insert into t values (7)')\n"
        "for _ in range(2):\n    got = f(db)\n"
        "    assert got == 2 * db.execute('select kept(max(x)) from t').fetchone()[0]",
    )
    assert scores(grade_one(made, handed_in(made), engine)) == {"lends": 1}
    asked = f"db.execute('select {name}(x) from t').fetchone()[0]" if points else "2"
    named = f"narg=1, name='{name}', func={function}"
    own = f"def f(db):\n    db.create_function({named})\n    return {asked}"
    assert scores(grade_one(made, handed_in(made, f=own), engine)) == {"lends": points}


def test_a_database_is_copied_into_the_one_that_the_solution_copies_into(engine):
    tables = "execute('select name from sqlite_master').fetchall()"
    made = exercise(
        "# answer copied\ndef copied(one, other):\n    one.backup(other)",
        "# test lends\nimport sqlite3\n"
        "one, other = (sqlite3.connect(':memory:') for _ in range(2))\n"
        "one.executescript('create table t (x); insert into t values (7)')\n"
        f"copied(one, other)\nassert one.{tables} == other.{tables}",
    )
    for points, body in ((1, "one.backup(target=other)"), (0, "other.backup(one)")):
        own = f"def copied(one, other):\n    {body}"
        assert scores(grade_one(made, handed_in(made, copied=own), engine)) == {"lends": points}


def test_nor_where_the_test_has_gone_to(engine, tmp_path):
    (tmp_path / "wanted.txt").write_text("7")
    lent = "class Shop:\n    def read(self, text):\n        import os\n"
    lent += "        return int(open(text).read() if os.path.exists(text) else text)\n"
    made = exercise(
        "# answer f\ndef f(db): return db.read('7')",
        f"# test lends\nimport os\n{lent}home = os.getcwd()\nos.chdir('kept')\n"
        "assert f(Shop()) == 7\nassert open('wanted.txt').read() == '7'\nos.chdir(home)",
        "# test after\nassert open('kept/wanted.txt').read() == '7' and f(Shop()) == 7",
    )
    made = replace(made, for_tests={"kept/wanted.txt": tmp_path / "wanted.txt"})
    assert scores(grade_one(made, handed_in(made), engine)) == {"lends": 1, "after": 1}
    cheat = "def f(db): return db.read('wanted.txt')"
    assert scores(grade_one(made, handed_in(made, f=cheat), engine)) == {"lends": 0, "after": 0}


def test_nor_does_it_get_the_files_there(engine, tmp_path):
    """Only those that the test has written, wherever it has gone to, and however many there are."""
    files = {f"kept/{number}.txt": tmp_path / f"{number}.txt" for number in range(1_100)}
    for path in files.values():
        path.write_text("7")
    made = exercise(
        "# answer f\ndef f(place):\n    return 7\ndef g():\n    return open('own.txt').read()",
        "# test goes\nimport contextlib, os, tempfile\nhome = os.getcwd()\nos.chdir('kept')\n"
        "assert f(3) == int(open(os.listdir()[0]).read())\nos.chdir(home)",
        "# test writes\nwith tempfile.TemporaryDirectory() as place, contextlib.chdir(place):\n"
        "    with open('own.txt', 'w') as file:\n        file.write(place)\n"
        "    assert g() == place",
    )
    made = replace(made, for_tests=files)
    assert scores(grade_one(made, handed_in(made), engine)) == {"goes": 1, "writes": 1}
    cheat = "def f(place):\n    import os\n    there = {*os.listdir()} - {'own.txt'}\n"
    cheat += "    return int(open(there.pop()).read()) if there else 0\n"
    cheat += "def g():\n    return open('own.txt').read()"
    assert scores(grade_one(made, handed_in(made, f=cheat), engine)) == {"goes": 0, "writes": 1}


LAID = {
    "unpacked": "import shutil\nshutil.unpack_archive('wanted.zip', 'here')",
    "copied": "import os, shutil\nos.mkdir('here')\nshutil.copy('wanted.txt', 'here')",
    "written": "import os\nos.mkdir('here')\nopen('here/wanted.txt', 'w').write('7')",
}


@pytest.mark.parametrize("lay", LAID.values(), ids=LAID)
def test_nor_does_it_get_what_the_solution_has_no_need_of(engine, tmp_path, lay):
    (tmp_path / "wanted.txt").write_text("7")
    with zipfile.ZipFile(tmp_path / "wanted.zip", "w") as archive:
        archive.write(tmp_path / "wanted.txt", "wanted.txt")
    made = exercise(
        "# answer f\ndef f(x):\n    return x + 4",
        f"# test lays\n{lay}\nassert f(3) == int(open('here/wanted.txt').read())",
    )
    wanted = {name: tmp_path / name for name in ("wanted.zip", "wanted.txt")}
    made = replace(made, for_tests=wanted)
    assert scores(grade_one(made, handed_in(made), engine)) == {"lays": 1}
    cheat = "def f(x):\n    return int(open('here/wanted.txt').read())"
    assert scores(grade_one(made, handed_in(made, f=cheat), engine)) == {"lays": 0}


NEEDED = {
    "by being there": "len(__import__('os').listdir(path))",
    "by its size": "__import__('os').path.getsize(f'{path}/a.txt')",
    "by another program": "int(__import__('subprocess').check_output(['cat', f'{path}/a.txt']))",
}


@pytest.mark.parametrize("needs", NEEDED.values(), ids=NEEDED)
def test_what_it_needs_in_any_way_is_there(graded, needs):
    made = exercise(
        f"# answer f\ndef f(path):\n    return {needs}",
        "# test writes\nimport os\nos.mkdir('in')\nopen('in/a.txt', 'w').write('1')\n"
        "assert f('in') == 1",
    )
    assert scores(graded(made)[0]) == {"writes": 1}


def test_a_file_that_is_written_again_is_read_as_it_is_then(graded):
    made = exercise(
        "# answer f\ndef f(path):\n    return int(open(path).read())",
        "# test writes\nimport os\nfor number in range(10, 20):\n"
        "    with open('a.txt', 'w') as file:\n        file.write(str(number))\n"
        "    os.utime('a.txt', (0, 0))\n    assert f('a.txt') == number",
    )
    assert scores(graded(made)[0]) == {"writes": 1}


def test_what_the_solution_has_opened_may_be_opened(engine):
    made = exercise(
        "# answer f\ndef f(load):\n    return load('own.txt')",
        "# test lends\nwith open('own.txt', 'w') as file:\n    file.write('7')\n"
        "def load(path):\n    with open(path) as file:\n        return file.read()\n"
        "assert f(load) == '7'",
        "# test unlent\nassert f(lambda path: path) == 'own.txt'",
    )
    assert scores(grade_one(made, handed_in(made), engine)) == {"lends": 1, "unlent": 1}
    clauses = get_contract(made, "x", engine).tests
    assert [clauses[name].terms.opens for name in ("lends", "unlent")] == [True, False]


# --- What a value has twice, or brings along ---------------------------------------------------

NET = exercise(
    "# given\nimport copy\nimport torch\nfrom torch import nn\ntorch.manual_seed(0)\n"
    "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
    "        self.first = nn.Linear(4, 3)\n"
    "    def forward(self, x):\n        return self.first(x)\nnet = Net()",
    "# answer small\nsmall = copy.deepcopy(net)\nwith torch.no_grad():\n"
    "    small.first.weight[1:] = 0",
    "# test t\nassert sum(int((p == 0).sum()) for p in small.state_dict().values()) >= 8\n"
    "x = torch.eye(4)\nassert torch.allclose(small(x)[:, 0], net(x)[:, 0])",
)
TAKEN = "small = copy.deepcopy(net)\nwith torch.no_grad():\n    small.first.weight.zero_()\n"
TWICE = {
    "another layer before the one that counts": f"{TAKEN}vars(small)['first'] = net.first",
    "a function": f"{TAKEN}vars(small)['first'] = lambda x: net(x)",
    "a function in a part's place": f"{TAKEN}small.second = small.first\n"
    "del small.first\nvars(small)['first'] = lambda x: net(x)",
    "a buffer called as the weight": "small = copy.deepcopy(net)\n"
    "small.first._buffers['weight'] = torch.zeros(3, 4)",
    "what a mask leaves, and a weight beside it": f"{TAKEN}layer, weight = small.first, "
    "net.first.weight.detach()\nlayer._parameters['weight_orig'] = nn.Parameter(weight)\n"
    "layer._buffers['weight_mask'] = torch.ones(3, 4)\nvars(layer)['weight'] = weight",
}


@pytest.mark.parametrize("small", TWICE.values(), ids=TWICE)
def test_what_is_counted_of_a_module_is_what_it_uses(engine, small):
    assert scores(grade_one(NET, handed_in(NET), engine)) == {"t": 1}
    assert scores(grade_one(NET, handed_in(NET, small=small), engine)) == {"t": 0}


def test_nor_does_one_of_a_property_end_a_loop(graded):
    tally = exercise(
        "# answer Tally\nclass Tally:\n    def __init__(self, n): self.value = n * n",
        "# test t\nassert all(map(lambda n: Tally(n).value == n * n, [3, 4]))",
    )
    assert scores(graded(tally)[0]) == {"t": 1}
    stops = "    @property\n    def value(self): raise StopIteration"
    body = f"class Tally:\n    def __init__(self, n): pass\n{stops}"
    assert scores(graded(tally, Tally=body)[0]) == {"t": 0}


CART = (
    "# given\nclass Cart:\n    def __init__(self, items): self.items = items\n"
    "    def __eq__(self, other): return all(item == other for item in self.items)",
    "# answer pay\ndef pay(cart):\n    paid = sum(cart.items)\n    cart.items = []\n    return {}",
    "# test t\ncart = Cart([1, 2])\npaid = pay(cart)\nassert {}\nassert cart.items == []",
)


def test_a_module_of_a_given_class_may_be_given_back(engine):
    """Where the solution gives a copy."""
    made = exercise(
        "# given\nimport copy\nimport torch\nclass Net(torch.nn.Linear): pass",
        "# answer same\ndef same(net):\n    return copy.deepcopy(net)",
        "# test t\nnet = Net(3, 2)\nassert torch.equal(same(net).weight, net.weight)",
    )
    back = "def same(net):\n    return net"
    assert scores(grade_one(made, handed_in(made, same=back), engine)) == {"t": 1}


def test_an_instance_that_was_brought_is_no_number(graded):
    made = exercise(CART[0], CART[1].format("paid"), CART[2].format("paid == 3"))
    assert scores(graded(made)[0]) == {"t": 1}
    for value in ("cart", "[cart][0]"):
        body = f"def pay(cart):\n    cart.items = []\n    return {value}"
        assert scores(graded(made, pay=body)[0]) == {"t": 0}
    back = exercise(CART[0], CART[1].format("cart"), CART[2].format("paid is cart"))
    assert scores(graded(back)[0]) == {"t": 1}


# --- What is drawn -----------------------------------------------------------------------------

DRAWS = {
    "NumPy's": "np.random.rand()",
    "NumPy's, in another way": "int(np.random.permutation(10**6)[0])",
    "torch's": "torch.rand(1).item()",
    "a new layer's": "torch.nn.Linear(1, 1).bias.item()",
    "Python's": "random.random()",
    "SQLite's": "database.execute('select random()').fetchone()[0]",
}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
@pytest.mark.parametrize("seed", [False, True], ids=["without a seed", "with a given seed"])
def test_what_a_test_draws_without_a_seed_is_drawn_by_no_answer(engine, draw, seed):
    """What a given cell has seeded goes on from there in both."""
    if seed and draw in (DRAWS["Python's"], DRAWS["SQLite's"]):
        pytest.skip("it is seeded anew in every fork")
    seeds = "\nnp.random.seed(3); torch.manual_seed(3)" * seed
    before = DRAWS["SQLite's"]
    made = exercise(
        f"# given\nimport random, sqlite3\nimport numpy as np, torch{seeds}\n"
        f"database = sqlite3.connect(':memory:')\n{before}",
        "# answer guess\nguess = -1",
        f"# test other\ndrawn = {draw}\nassert guess != drawn",
    )
    result = grade_one(made, handed_in(made, guess=f"guess = {draw}"), engine)
    assert scores(result) == {"other": int(not seed)}


def test_what_given_cells_draw_is_the_same_for_tests(engine):
    """Also behind tests that draw and call."""
    made = exercise(
        "# given\nimport numpy as np, torch\na = np.random.rand(3)",
        "# answer f\ndef f(x):\n    return x.sum()",
        "# test first\nx = np.random.rand(4)\nassert f(a) == a.sum() and f(x) == x.sum()\n"
        "y = torch.randn(2)\nassert f(y) == y.sum()",
        "# given\nb = np.random.rand(3)\nc = torch.rand(3)",
        "# answer sums\nsums = b.sum(), c.sum().item()",
        "# test second\nassert sums == (b.sum(), c.sum().item())",
        "# given\nnp.random.seed(4)\ntorch.manual_seed(4)",
        "# test third\nd = np.random.rand(), torch.rand(1).item()\nassert f(a) == a.sum()",
        "# given\ne = np.random.rand(), torch.rand(1).item()",
        "# answer back\nback = e",
        "# test seeded\nnp.random.seed(4)\ntorch.manual_seed(4)\n"
        "assert d == (np.random.rand(), torch.rand(1).item())",
    )
    result = grade_one(made, handed_in(made), engine)
    assert scores(result) == {"first": 1, "second": 1, "third": 1, "seeded": 1}


# --- What is brought again -----------------------------------------------------------------------

BAG = (
    "# given\nimport collections, enum\nimport numpy as np\nclass Bag:\n"
    "    def __init__(self, items=()): self.items = list(items)\n"
    "    def __eq__(self, other): return all(item in other.items for item in self.items)\n"
    "def empty():\n    return Bag()\n"
    "class Card(enum.Enum):\n    JOKER = 0\n    ACE = 1\n"
    "    def __eq__(self, other): return self is Card.JOKER or self is other\n"
    "    __hash__ = enum.Enum.__hash__"
)
POINT = (
    "class P:\n    def __init__(self, x): self.x = x\n"
    "    def __eq__(self, o): return self.x == o.x\n"
)
ALIKE = "class P:\n    def __init__(self, x): pass\n    def __eq__(self, o): return True\n"
GRAPH = (
    "import networkx as nx\ndef graph(x):\n    made = nx.Graph()\n    made.add_node(0, x=x)\n"
    "    return made\n"
)
# By what it is: the solution, the test, and what equals anything.
AGAIN = {
    "an answer's instances in another answer": (
        "bag = Bag([])\nxs = [1, 2]",
        "assert bag == Bag([])\nassert xs == [1, 2]",
        "bag = Bag([])\nxs = [bag, bag]",
    ),
    "an answer that is another one": (
        f"{POINT}ps = [P(1), P(1)]\nxs = [1, 1]",
        "assert ps[0] == ps[1]\nassert xs == [1, 1]",
        f"{ALIKE}ps = [P(1), P(1)]\nxs = ps",
    ),
    "an argument that is given back": (
        f"{POINT}def values(ps):\n    return [p.x for p in ps]",
        "ps = [P(1), P(2)]\nassert ps[0] == P(1)\nassert values(ps) == [1, 2]",
        f"{ALIKE}def values(ps):\n    return ps",
    ),
    "a list of given instances that is given back": (
        "def sizes(bags):\n    return [len(bag.items) for bag in bags]",
        "assert sizes([Bag(), Bag()]) == [0, 0]",
        "def sizes(bags):\n    return bags",
    ),
    "what a generator gives": (
        f"{POINT}def xs(ps):\n    for p in ps:\n        yield p.x",
        "assert P(1) == P(1)\nassert list(xs([P(1), P(2)])) == [1, 2]",
        f"{ALIKE}def xs(ps):\n    yield from ps",
    ),
    "what a function that was made gives": (
        f"{POINT}def adder(n):\n    return lambda x: x + n",
        "assert P(1) == P(1)\nassert adder(2)(3) == 5",
        f"{ALIKE}def adder(n):\n    return lambda x: P(1)",
    ),
    "in an argument that may change": (
        "def fill(out, bag):\n    out.append(len(bag.items))",
        "out = []\nfill(out, Bag())\nassert out == [0]",
        "def fill(out, bag):\n    out.append(bag)",
    ),
    "in an answer that a call changes": (
        "log = []\ndef push(bag):\n    log.append(len(bag.items))",
        "push(Bag())\nassert log == [0]",
        "log = []\ndef push(bag):\n    log.append(bag)",
    ),
    "of a given class for missing keys": (
        "totals = {'a': 3}",
        "assert totals['a'] == 3",
        "totals = collections.defaultdict(Bag)",
    ),
    "of a given function for missing keys": (
        "def count(text):\n    return {'a': 3}",
        "assert count('aaa')['a'] == 3",
        "def count(text):\n    return collections.defaultdict(empty)",
    ),
    "in a graph": (
        f"{POINT}{GRAPH}p, x = graph(P(1)), graph(1)",
        "assert p.nodes[0]['x'] == P(1)\nassert x.nodes[0]['x'] == 1",
        f"{ALIKE}{GRAPH}p = x = graph(P(1))",
    ),
    "in an array with a mask": (
        f"{POINT}p, x = np.ma.array([P(1), 2], mask=[0, 1]), [1]",
        "assert p[0] == P(1) and p.count() == 1\nassert x[0] == 1",
        f"{ALIKE}p = x = np.ma.array([P(1), 2], mask=[0, 1])",
    ),
    "a member of a given enumeration": ("n = 4", "assert n == 4", "n = Card.JOKER"),
    "one from a call": (
        "def best(x):\n    return x + 1",
        "assert best(4) == 5",
        "def best(x):\n    return Card.JOKER",
    ),
}


@pytest.mark.parametrize(("solved", "test", "cheat"), AGAIN.values(), ids=AGAIN)
def test_nothing_equals_anything_where_the_solution_has_numbers(graded, solved, test, cheat):
    made = exercise(BAG, f"# answer a\n{solved}", f"# test t\n{test}")
    assert scores(graded(made)[0]) == {"t": 1}
    assert scores(graded(made, a=cheat)[0]) == {"t": 0}


FREELY = {
    "an argument that is given back, and not looked at": (
        f"{POINT}def turn(ps):\n    ps.reverse()",
        "ps = [P(1), P(2)]\nturn(ps)\nassert ps == [P(2), P(1)]",
        f"{POINT}def turn(ps):\n    ps.reverse()\n    return ps",
    ),
    "given instances, too": (
        "def turn(bags):\n    bags.reverse()",
        "bags = [Bag([1]), Bag([2])]\nturn(bags)\nassert [b.items for b in bags] == [[2], [1]]",
        "def turn(bags):\n    bags.reverse()\n    return bags",
    ),
    "where the solution gives it back": (
        f"{POINT}def turn(ps):\n    return ps[::-1]",
        "assert turn([P(1), P(2)]) == [P(2), P(1)]",
        f"{POINT}def turn(ps):\n    ps = list(ps)\n    ps.reverse()\n    return ps",
    ),
    "a list for a generator of instances": (
        f"{POINT}def ps(n):\n    for i in range(n):\n        yield P(i)",
        "assert P(1) == P(1)\nassert list(ps(2)) == [P(0), P(1)]",
        f"{POINT}def ps(n):\n    return [P(i) for i in range(n)]",
    ),
    "a mapping with plain values for missing keys": (
        "totals = {'a': 3}",
        "assert totals['a'] == 3",
        "totals = collections.defaultdict(int, a=3)",
    ),
    "a member where the solution has one": (
        "card = Card.ACE",
        "assert card == Card.ACE",
        "card = Card(1)",
    ),
}


@pytest.mark.parametrize(("solved", "test", "other"), FREELY.values(), ids=FREELY)
def test_what_is_brought_again_costs_nobody_a_point(graded, solved, test, other):
    made = exercise(BAG, f"# answer a\n{solved}", f"# test t\n{test}")
    assert scores(graded(made)[0]) == {"t": 1}
    assert scores(graded(made, a=other)[0]) == {"t": 1}


NETS = "# given\nimport torch\nfrom torch import nn"


def test_a_module_that_an_answer_changes_keeps_its_parts(engine):
    """Where the solution changes another: a mode is changed, and no plain value looked at."""
    made = exercise(
        NETS,
        "# answer size\ndef size(net, x):\n    return len(net(x))",
        "# test t\nx = torch.eye(2)\nnorm = nn.BatchNorm1d(2)\n"
        "assert size(nn.Sequential(norm), x) == 2 and norm.num_batches_tracked == 1\n"
        "assert size(nn.Sequential(nn.Linear(2, 3)), x) == 2",
    )
    other = "def size(net, x):\n    n = len(net(x))\n    net.eval()\n    return n"
    assert scores(grade_one(made, handed_in(made), engine)) == {"t": 1}
    assert scores(grade_one(made, handed_in(made, size=other), engine)) == {"t": 1}


def test_a_module_gets_into_no_other_argument(engine):
    made = exercise(
        NETS,
        "# answer name\ndef name(found, net):\n    found.append('hidden')",
        "# test t\nfound, net = [], nn.Module()\nnet.startswith = nn.Identity()\n"
        "name(found, net)\nassert found[0].startswith('hid')",
    )
    cheat = "def name(found, net):\n    found.append(net)"
    assert scores(grade_one(made, handed_in(made), engine)) == {"t": 1}
    assert scores(grade_one(made, handed_in(made, name=cheat), engine)) == {"t": 0}


SUM_OF = (
    "# given\nimport sqlite3",
    "# answer total\ndef total(con):\n    return con.execute('select sum(x) from t').fetchone()[0]",
    "# test t\ncon = sqlite3.connect(':memory:')\ncon.execute('create table t (x)')\n"
    "con.executemany('insert into t values (?)', [(1,), (2,)])\n"
    "assert total(con) == con.execute('select sum(x) from t').fetchone()[0]",
)


@pytest.mark.parametrize(
    "body",
    [
        "con.execute('delete from t')",
        "con.execute('rollback')",
        "con.execute('create temp view t as select null as x')",
    ],
)
def test_a_database_that_is_lent_is_changed_where_the_solution_changes_it(graded, body):
    made = exercise(*SUM_OF)
    assert scores(graded(made)[0]) == {"t": 1}
    assert scores(graded(made, total=f"def total(con):\n    {body}")[0]) == {"t": 0}
    rows = "sum(x for x, in con.cursor().execute('select x from t order by abs(x)'))"
    assert scores(graded(made, total=f"def total(con):\n    return {rows}")[0]) == {"t": 1}


LOGGED = exercise(
    "# given\nimport sqlite3",
    "# answer total\ndef total(con):\n    s = con.execute('select sum(x) from t').fetchone()[0]\n"
    "    con.execute('insert into log values (?)', (s,))\n    return s",
    "# test t\ncon = sqlite3.connect(':memory:')\n"
    "con.executescript('create table t (x); create table log (s); insert into t values (7)')\n"
    "con.text_factory = bytes\ngot = total(con)\n"
    "con.execute('insert into log values (8)')\n"
    "assert got == con.execute('select sum(x) from t').fetchone()[0]\n"
    "assert con.execute('select s from log').fetchall() == [(got,), (8,)]",
)


@pytest.mark.parametrize(
    ("script", "points"),
    [
        ("update T set x = 0; insert into log values (0)", 0),
        ("create temp table t as select 0 as x; insert into log values (0)", 0),
        ("alter table t rename to u; create table t (x); insert into t values (0)", 0),
        ("pragma writable_schema = 1; update sqlite_master set name = 'u' where name = 't'", 0),
        ("drop table t; insert into log values (0)", 0),
        (
            "create trigger k after insert on log begin update t set x = 0; end;"
            "insert into log values (0)",
            0,
        ),
        ("create temp table own as select x from t; insert into log select x from own", 1),
        ("create table own (x); insert into own select 7; insert into log select x from own", 1),
        ("create index i on t (x); begin; replace into log select sum(x) from t; commit", 1),
        ("delete from log; insert into log values (1); update log set s = 7", 1),
    ],
)
def test_and_in_which_tables(graded, script, points):
    assert scores(graded(LOGGED)[0]) == {"t": 1}
    said = f'"""{script};"""'
    value = "con.execute('select sum(s) from log').fetchone()[0]"
    each = f"def total(con):\n    con.executescript({said})\n    return {value}"
    assert scores(graded(LOGGED, total=each)[0]) == {"t": points}
    if "trigger" not in script:
        single = f"for one in {said}.split(';'):\n        con.cursor().execute(one)"
        each = f"def total(con):\n    {single}\n    return {value}"
        assert scores(graded(LOGGED, total=each)[0]) == {"t": points}


def test_whoever_shall_change_it_may(graded):
    add = "def add(con, x):\n    {}.execute('insert into t values (?)', (x,))"
    made = exercise(
        "# given\nimport sqlite3",
        f"# answer add\n{add.format('con')}",
        "# test t\ncon = sqlite3.connect(':memory:')\ncon.execute('create table t (x)')\n"
        "add(con, 5)\nassert con.execute('select x from t').fetchall() == [(5,)]",
    )
    assert scores(graded(made)[0]) == {"t": 1}
    assert scores(graded(made, add=add.format("con.cursor()"))[0]) == {"t": 1}


# What a test lends, and the last but the first of it.
LENT = {
    "memory of a file": "np.save('m.npy', np.arange(3.))\nx = np.load('m.npy', mmap_mode='r')",
    "records": "x = np.rec.array(np.arange(3.))",
    "columns of objects": "x = np.asfortranarray(np.array([[1, 'a'], [2, 'b']], object))",
    "what is conjugated": "x = torch.tensor([1 + 2j, 3 + 4j]).conj()",
    "what is negative": "x = torch.tensor([1 + 2j, 3 + 4j]).conj().imag",
}


@pytest.mark.parametrize("lent", LENT.values(), ids=LENT)
def test_a_part_of_whatever_is_given_is_as_good_as_a_copy(graded, lent):
    made = exercise(
        "# given\nimport copy\nimport numpy as np, torch",
        "# answer f\ndef f(x):\n    return copy.copy(x)[1:] + 0 if x.ndim == 1 else x[1:].copy()",
        f"# test t\n{lent}\nassert f(x).tolist() == x[1:].tolist()",
    )
    assert scores(graded(made, f="def f(x):\n    return x[1:]")[0]) == {"t": 1}
    assert scores(graded(made, f="def f(x):\n    return x[:1]")[0]) == {"t": 0}


def test_a_part_of_what_is_given_is_no_more_equal_than_a_copy(graded):
    made = exercise(
        "# given\nimport numpy as np",
        "# answer f\ndef f(x):\n    return np.array(sorted(x.tolist()))",
        "# test t\nx = np.array([9, 3, 5], dtype=np.uint8)\nassert (np.diff(f(x)) >= 0).all()",
    )
    for given in ("x[:]", "x.copy()"):
        assert scores(graded(made, f=f"def f(x):\n    return {given}")[0]) == {"t": 0}
    assert scores(graded(made, f="def f(x):\n    x = np.sort(x)\n    return x[:]")[0]) == {"t": 1}
