"""A test that reads what an earlier one has left is in doubt where that one is."""

from __future__ import annotations

import pytest

from grader import grade_one
from grader.host.engine import child
from grader.host.engine.files import Files
from grader.host.session.stage import Stage
from tests.grader.conftest import exercise, handed_in, scores

# What takes more for equal than is: the answer, the test that calls it, a later one, and what a
# learner has who does not know.
WEAK = {
    "an array without a value": (
        "def f(n):\n    return np.arange(1, n + 1)",
        "found = f(4)\nassert isinstance(found, np.ndarray)",
        "assert np.allclose(found, [1, 2, 3, 4])",
        "def f(n):\n    return np.zeros((0, 4))",
    ),
    "a narrow number": (
        "def f(n):\n    return 4 * n + 1",
        "found = f(10_000)\nassert found is not None",
        "assert found == 40_001",
        "def f(n):\n    return np.float16(40_000)",
    ),
    "nan": (
        "def f(n):\n    return n - n",
        "found = f(0.5)\nassert found is not None",
        "if abs(found) > 1e-3:\n    raise ValueError(found)",
        "def f(n):\n    return float('nan')",
    ),
    "the very object that was given": (
        "def f(xs):\n    return sorted(xs)",
        "xs = [3, 1, 2]\nfound = f(xs)\nassert len(found) == 3",
        "xs.sort()\nassert found == xs",
        "def f(xs):\n    return xs",
    ),
    "what a list keeps": (
        "def f(n):\n    return n - n",
        "several = []\nseveral.append(f(0.5))\nassert len(several) == 1",
        "assert not any(abs(x) > 1e-3 for x in several)",
        "def f(n):\n    return float('nan')",
    ),
    "what a given list keeps": (
        "def f(n):\n    return n - n",
        "kept.append(f(0.5))\nassert len(kept) == 1",
        "assert not any(abs(x) > 1e-3 for x in kept)",
        "def f(n):\n    return float('nan')",
    ),
    "what a given list gets in a comprehension": (
        "def f(n):\n    return n - n",
        "[kept.append(f(x)) for x in [0.5, 0.7]]\nassert len(kept) == 2",
        "assert not any(abs(x) > 1e-3 for x in kept)",
        "def f(n):\n    return float('nan')",
    ),
    "what a list in a given mapping keeps": (
        "def f(n):\n    return n - n",
        "by.setdefault('x', []).append(f(0.5))\nassert len(by) == 1",
        "assert not any(abs(x) > 1e-3 for x in by['x'])",
        "def f(n):\n    return float('nan')",
    ),
    "what a function of the test's reads": (
        "def f(n):\n    return n - n",
        "left = f(0.5)\ndef look():\n    assert not abs(left) > 1e-3",
        "look()",
        "def f(n):\n    return float('nan')",
    ),
    "what is made of it": (
        "def f(n):\n    return n - n",
        "left = f(0.5)",
        "twice = left * 2\nassert twice is not None",
        "def f(n):\n    return float('nan')",
    ),
}
LAST = {"what is made of it": "assert not abs(twice) > 1e-3"}


@pytest.mark.parametrize("case", WEAK)
def test_what_an_earlier_test_has_left_is_as_weak_as_it_was(graded, case):
    answer, first, second, weak = WEAK[case]
    cells = ["# given\nimport numpy as np\nkept, by = [], {}", f"# answer f\n{answer}"]
    tests = [first, second, LAST.get(case, "")]
    cells += [f"# test t{n}\n{test}" for n, test in enumerate(tests, 1) if test]
    made = exercise(*cells)
    last = f"t{len(cells) - 2}"
    assert all(scores(graded(made)[0]).values())
    assert scores(graded(made, f=weak)[0])[last] == 0


def test_only_what_reads_that_is_run_again(graded, monkeypatch):
    again = []
    aside = Stage.ask_aside

    def noted(self, position, *args, **more):
        again.append(position)
        return aside(self, position, *args, **more)

    monkeypatch.setattr(Stage, "ask_aside", noted)
    made = exercise(
        "# given\nimport numpy as np",
        "# answer f\ndef f(xs):\n    return sorted(xs)",
        "# test a\nfound = f([1, 2])\nnp.testing.assert_equal(found, [1, 2])",
        "# test b\nassert np.allclose(found, [1, 2])",
        "# test c\nassert np.allclose(1, 1)",
        "# test d\nfound = 3\nassert np.allclose(found, 3)",
        "# test e\nassert found == 3",
    )
    right = dict.fromkeys("abcde", 1)
    assert scores(graded(made)[0]) == right
    assert again == []
    # Right as it is: nothing is lost.
    honest = "def f(xs):\n    return xs if xs == sorted(xs) else sorted(xs)"
    assert scores(graded(made, f=honest)[0]) == right
    assert set(again) == {2, 3}


GIVEN_FUNCTIONS = {
    "a given list": "wrong = []\ndef check(fits):\n    if not fits: wrong.append(fits)",
    "a name": "wrong = 0\ndef check(fits):\n    global wrong\n    wrong += not fits",
    "a default": "def check(fits, wrong=[]):\n    wrong.append(not fits)\n    return any(wrong)",
    "what a function around it knows": "def make():\n    wrong = []\n    def check(fits):\n"
    "        wrong.append(not fits)\n        return any(wrong)\n    return check\ncheck = make()",
    "an argument": "wrong = []\ndef put(x, xs):\n    xs.append(x)\n"
    "def check(fits):\n    return fits or put(3, wrong)",
    "an instance": "class Log:\n    wrong = 0\n    def note(self, fits):\n"
    "        self.wrong += not fits\n        return self.wrong\ncheck = Log().note",
}


@pytest.mark.parametrize("square", ["float('nan')", "os._exit(0)"])
@pytest.mark.parametrize("given", GIVEN_FUNCTIONS.values(), ids=GIVEN_FUNCTIONS)
def test_so_is_what_it_has_left_by_a_function_of_a_given_cell(graded, given, square):
    wrong = "wrong" if given.startswith("wrong") else "check(True)"
    made = exercise(
        f"# given\n{given}",
        "# answer square\ndef square(x):\n    return x * x",
        "# test one\n_ = check(not abs(square(3) - 9) > 1e-3)",
        f"# test two\nassert not {wrong}",
    )
    assert scores(graded(made)[0]) == {"one": 1, "two": 1}
    cheat = f"import os\ndef square(x):\n    return {square}"
    assert scores(graded(made, square=cheat)[0])["two"] == 0


@pytest.mark.parametrize("square", ["float('nan')", "os._exit(0)"])
@pytest.mark.parametrize(
    "imports", ["import lab", "from lab import check, wrong", "from lab import *"]
)
def test_so_is_what_it_has_left_in_a_module_beside_the_notebook(graded, tmp_path, imports, square):
    (tmp_path / "lab.py").write_text(GIVEN_FUNCTIONS["a given list"])
    lab = "lab." if imports == "import lab" else ""
    made = exercise(
        f"# given\n{imports}",
        "# answer square\ndef square(x):\n    return x * x",
        f"# test one\n{lab}check(not abs(square(3) - 9) > 1e-3)",
        f"# test two\nassert not {lab}wrong",
        files={"lab.py": tmp_path / "lab.py"},
    )
    assert scores(graded(made)[0]) == {"one": 1, "two": 1}
    cheat = f"import os\ndef square(x):\n    return {square}"
    assert scores(graded(made, square=cheat)[0])["two"] == 0


OFF = "abs(square(3) - 9) > 1e-3"
# By how it changes a given list, and whether that is seen where the test is stopped, too.
CHANGES = {
    "in what is bound": (f"_ = [wrong.append(x) for x in [3] if {OFF}]", True),
    "behind an or": (f"not {OFF} or wrong.append(3)", True),
    "one of two": (f"(wrong if {OFF} else fine).append(3)", True),
    "as a function": (f"_ = [*map(wrong.append, [3] * ({OFF}))]", True),
    "by a library": (f"if {OFF}: heapq.heappush(wrong, 3)", False),
    "by another name": (f"w = wrong\nif {OFF}: w.append(3)", False),
}


@pytest.mark.parametrize(("changes", "always"), CHANGES.values(), ids=CHANGES)
def test_it_may_change_what_it_reads_in_any_way(graded, changes, always):
    made = exercise(
        "# given\nimport heapq\nwrong, fine = [], []",
        "# answer square\ndef square(x):\n    return x * x",
        f"# test one\n{changes}",
        "# test two\nassert not wrong",
    )
    assert scores(graded(made)[0]) == {"one": 1, "two": 1}
    weak = "def square(x):\n    return float('nan')"
    assert scores(graded(made, square=weak)[0]) == {"one": 1, "two": 0}
    if always:
        ends = "import os\ndef square(x):\n    os._exit(0)"
        assert scores(graded(made, square=ends)[0]) == {"one": 0, "two": 0}


# What two processes in which a test runs are told apart by, in the place of a clock.
RUN = "import os\nrun = sum(os.path.exists(f'run{n}') for n in (1, 2))\n"
# How a test notes what is wrong, and what gives something else in a later run: with what a later
# test would hold, though the same test comes to no other end.
OTHERWISE = {
    "a number that any check passes, once the judge has ended": (
        "fine.append(not abs(square(3) - 9) > 1e-3)",
        "return float('nan') if run else 0",
        "n = 10**12",
    ),
    "an error before anything is noted": (
        "fits = square(3) == 9\nfine.append(fits)\nassert fits",
        "return 1 / 0 if run else 0",
        "n = 10**12",
    ),
    "an error, aside": (
        "fine.append(not abs(square(3) - 9) > 1e-3)",
        "return 1 / 0 if run == 2 else float('nan')",
        "n = 5",
    ),
}


@pytest.fixture
def signed(monkeypatch):
    """Runs after the first have a sign of it, for `RUN`."""
    new_player = Stage.new_player

    def with_a_sign(stage):
        player, paths = new_player(stage), stage._files.paths
        stage._files = Files({**paths, f"run{len(paths) + 1}": b""})
        return player

    monkeypatch.setattr(Stage, "new_player", with_a_sign)


@pytest.mark.usefixtures("signed")
@pytest.mark.parametrize(("notes", "gives", "n"), OTHERWISE.values(), ids=OTHERWISE)
def test_a_later_run_of_it_comes_to_the_same_in_the_same_way(engine, monkeypatch, notes, gives, n):
    monkeypatch.setattr(child, "GRACE", 0.2)
    made = exercise(
        "# given\nfine = []",
        "# answer square\ndef square(x):\n    return x * x",
        "# answer n\nn = 5",
        f"# test one\n{notes}",
        "# test two\nassert sum(range(n)) == 10",
        "# test three\nassert all(fine)",
    )
    cheat = handed_in(made, square=f"{RUN}def square(x):\n    {gives}", n=n)
    assert scores(grade_one(made, cheat, engine))["three"] == 0
    assert scores(grade_one(made, handed_in(made, n=n), engine))["three"] == 1


@pytest.mark.usefixtures("signed")
def test_what_it_finds_nothing_of_need_not_come_to_the_same(engine):
    """A test that runs once more goes by what it reads, and not by the luck of all before it."""
    made = exercise(
        "# answer roll\ndef roll():\n    return 3",
        "# answer f\ndef f(xs):\n    return sorted(xs)",
        "# test one\nrolled = roll()\nassert rolled == 3",
        "# test two\nassert f([2, 3, 1]) == [1, 2, 3]",
        "# test three\nassert f([rolled, 2]) == [2, 3]",
    )
    for number, good in ((1, "not run"), (0, "run")):
        other = f"{RUN}def roll():\n    return 3 if {good} else 1 / 0"
        sorts = "def f(xs):\n    xs.sort()\n    return xs"
        found = scores(grade_one(made, handed_in(made, roll=other, f=sorts), engine))
        assert found == {"one": number, "two": 1, "three": 0}


# Between tests of an answer that changes what it is given, by what it does: what fails by that
# there, as in one process, and the points here.
BETWEEN = {
    "asks that it is as it was": ("assert own == [3, 1, 2]", 0),
    "notes how it was": ("was = [*own]\nassert was == [3, 1, 2]", 0),
    "is of another answer": ("assert last(own) == 2", 1),
}


@pytest.mark.parametrize(("between", "points"), BETWEEN.values(), ids=BETWEEN)
def test_what_fails_behind_changes_takes_nothing_from_tests_after_it(engine, between, points):
    made = exercise(
        "# given\nown = [3, 1, 2]\nwas = own",
        "# answer first\ndef first(xs):\n    return sorted(xs)[0]",
        "# answer last\ndef last(xs):\n    return xs[-1]",
        "# test one\nassert first(own) == 1",
        f"# test two\n{between}",
        "# test three\nassert first(own) == 1 and len(was) == 3",
        "# test four\nassert first(own) + len(own) == 4",
    )
    sorts = "def first(xs):\n    xs.sort()\n    return xs[0]"
    result = grade_one(made, handed_in(made, first=sorts), engine)
    assert scores(result) == {"one": 1, "two": points, "three": 1, "four": 1}
