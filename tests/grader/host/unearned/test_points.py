"""Points are those of the tests' own values, and each test sees what it shall."""

from __future__ import annotations

import pytest

from grader import grade_one
from grader.host.engine import child
from grader.host.engine.files import Files
from grader.host.session import allowance
from grader.host.session.stage import Stage
from tests.grader.conftest import exercise, handed_in, scores
from tests.grader.host.conftest import THREE, messages


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


ORDERED = "# answer ordered\ndef ordered(values):\n    return sorted(values)"
IN_PLACE = "def ordered(values):\n    values.sort()\n    return list(values)"


def test_what_is_to_stay_as_it_was_may_bring_points_of_its_own(graded):
    made = exercise(
        ORDERED,
        "# test t\ndata, points = [3, 1, 2], 0\npoints += 0.75 * (ordered(data) == [1, 2, 3])\n"
        "points += 0.25 * (data == [3, 1, 2])\npoints",
    )
    assert scores(graded(made)[0]) == {"t": 1}
    assert scores(graded(made, ordered=IN_PLACE)[0]) == {"t": 0.75}


LATER = {
    "of the test before": ("data = [3, 1, 2]", "assert data == [3, 1, 2]"),
    "that is given": ("", "assert kept == [3, 1, 2]"),
    "of which another is made": ("data = [3, 1, 2]", "assert first == 3"),
    "that a helper reads": ("data = [3, 1, 2]", "assert is_kept()"),
    "that a helper hands out": (
        "found = of_kept(ordered)\ndata = [3, 1, 2]",
        "assert kept == [3, 1, 2]",
    ),
}


@pytest.mark.parametrize("case", LATER)
def test_so_may_a_later_test(graded, case):
    data, test = LATER[case]
    made = exercise(
        "# given\nkept = [3, 1, 2]\ndef of_kept(f):\n    return f(kept)\n"
        "def is_kept():\n    return data == kept == [3, 1, 2]",
        ORDERED,
        f"# test a\n{data or 'data = kept'}\nassert ordered(data) == [1, 2, 3]",
        "# test b\nassert ordered([2, 1]) == [1, 2]",
        "# free\nfirst = data[0]",
        f"# test c\n{test}",
        "# test d\nkept = data = [0]\nassert kept == data == ordered([0])",
    )
    assert set(scores(graded(made)[0]).values()) == {1}
    found = scores(graded(made, ordered=IN_PLACE)[0])
    assert found == {"a": 1, "b": 1, "c": 0, "d": 1}


NOTED = {
    "a list": (
        "try:\n    fits = square(3) == 9\nexcept Exception:\n    fits = False\n"
        "if not fits:\n    wrong.append(3)\nassert fits",
        "assert not wrong",
    ),
    "a truth": ("fine = square(3) == 9\nassert fine", "assert fine"),
}


@pytest.mark.parametrize("cheat", ["square = 9", "import os\ndef square(x):\n    os._exit(0)"])
@pytest.mark.parametrize("case", NOTED)
def test_no_error_is_noted_by_a_test_that_is_stopped(graded, case, cheat):
    """Nobody is there any more to be asked; or it fails here where it notes one as in stock, or may
    not come so far."""
    notes, test = NOTED[case]
    made = exercise(
        "# given\nwrong, fine = [], True",
        "# answer square\ndef square(x):\n    return x * x",
        "# answer twice\ndef twice(x):\n    return 2 * x",
        f"# test a\n{notes}",
        f"# test b\n{test}",
        "# test c\nassert twice(2) == 4 and not wrong",
        "# test d\n1 - len(wrong)",
    )
    assert set(scores(graded(made)[0]).values()) == {1}
    is_noted = int(case == "a list" and cheat == "square = 9")
    found = scores(graded(made, square=cheat)[0])
    assert found == {"a": 0, "b": 0, "c": 1 - is_noted, "d": 1 - is_noted}


@pytest.mark.parametrize("cheat", ["return print", "os._exit(0)"])
def test_what_an_answer_gave_before_that_is_no_note(graded, cheat):
    """Nor does nbgrader take these points away."""
    made = exercise(
        "# given\nimport os\nfine = True",
        "# answer square\ndef square(x):\n    return x * x",
        "# answer off\ndef off(x):\n    return x - 9",
        "# test a\nnine = square(3)\nalso = [nine]\nfine = square(2) == 4\nwrong = []\n"
        "if off(nine):\n    wrong.append(nine)\nassert not wrong",
        "# test b\nassert nine == 9 and also == [9]",
        "# test c\nassert not wrong",
        "# test d\nassert fine",
    )
    assert set(scores(graded(made)[0]).values()) == {1}
    found = graded(made, off=f"def off(x):\n    {cheat}")[0]
    assert scores(found) == {"a": 0, "b": 1, "c": 0, "d": 0}


def test_nor_is_what_an_object_of_an_answers_gave(graded):
    net = "class Net:\n    def forward(self, x): return 2 * x\n    def step(self):"
    made = exercise(
        f"# answer Net\n{net} pass",
        "# test a\nnet = Net()\nassert net.forward(1) == 2",
        "# test b\nout = net.forward(2)\nnet.step()\nassert out == 4",
        "# test c\nassert out == 4",
    )
    assert set(scores(graded(made)[0]).values()) == {1}
    found = graded(made, Net=f"import os\n{net} os._exit(0)")[0]
    assert scores(found) == {"a": 1, "b": 0, "c": 1}


COMPLAINTS = {
    "by itself": "if square(3) != 9:\n    print('not 9', file=sys.stderr)",
    "of what it has caught": "try:\n    assert square(3) == 9\nexcept AssertionError:\n"
    "    traceback.print_exc()",
    "by a helper": "check(square(3) == 9)",
    "by a helper's helper": "check_square(3)",
}


@pytest.mark.parametrize("test", COMPLAINTS.values(), ids=COMPLAINTS)
def test_what_a_test_says_on_standard_error_is_a_failure(graded, test):
    """As in nbgrader; what an answer writes there is none, nor a warning."""
    check = "def check(fits):\n    if not fits:\n        sys.stderr.write('wrong')"
    check += "\ndef check_square(x):\n    check(square(x) == x * x)"
    made = exercise(
        f"# given\nimport sys, traceback, warnings\n{check}",
        "# answer square\ndef square(x):\n    return x * x",
        f"# test t\nsquare(1) or warnings.warn('0')\n{test}",
    )
    assert scores(graded(made)[0]) == {"t": 1}
    loud = "def square(x):\n    print('here', file=sys.stderr)\n    return x * x if x > 1 else 0"
    assert scores(graded(made, square=loud)[0]) == {"t": 1}
    assert scores(graded(made, square="def square(x):\n    return 6")[0]) == {"t": 0}


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


def test_an_answer_that_cannot_be_judged_has_no_figures(engine):
    test = (
        "# test t\nimport sys\nbench = sys.modules.get('grading_bench')\n"
        "if bench: bench.figures(bytes=5)\nassert len(data) >= 1"
    )
    made = exercise("# answer data\ndata = b'12345'", test)
    [cell] = grade_one(made, handed_in(made), engine).item("t").cells
    assert cell.figures == {"bytes": 5}
    wrong = handed_in(made, data="def data():\n    return 1")
    [cell] = grade_one(made, wrong, engine).item("t").cells
    assert (cell.score, cell.figures) == (0, {})


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
