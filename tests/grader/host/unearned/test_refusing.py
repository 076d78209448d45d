"""A test that wants an error gets none of the engine's own: that a value can't cross, or that too
much was asked for."""

from __future__ import annotations

import pytest

from grader import Engine, grade_one
from grader.host.engine.settings import EngineSettings
from tests.grader.conftest import exercise, handed_in, scores


@pytest.mark.parametrize(
    ("few", "many"), [("math.factorial(n)", 10_000), ("[0] * n", 3_000_000), ("'é' * n", 10**7)]
)
def test_what_is_too_large_to_cross_is_no_error(graded, few, many):
    solved = f"def f(n):\n    if n > 1000:\n        raise ValueError\n    return {few}"
    shown = exercise(
        "# given\nimport math",
        f"# answer f\n{solved}",
        f"# test a\nassert f(3)\ntry:\n    f({many})\nexcept Exception:\n    pass\n"
        "else:\n    raise AssertionError",
    )
    for answer, wanted in [(solved, 1), (f"def f(n): return {few}", 0)]:
        found, _ = graded(shown, f=answer)
        assert scores(found) == {"a": wanted}


CIRCLE = """class C:
    def __init__(self, n):
        self.n = n
    @property
    def size(self):
        {}return 10 ** self.n"""
GROWS = "def f(v, n):\n    {}v.append(10 ** n)"


@pytest.mark.parametrize(
    ("written", "asks"), [(CIRCLE, "C({}).size"), (GROWS, "f([], {})")], ids=["read", "changed"]
)
def test_nor_is_what_is_read_or_what_an_argument_has_got(graded, written, asks):
    solved = written.format("assert self.n < 9\n        " if "self" in written else "")
    solved = solved.replace("def f(v, n):\n", "def f(v, n):\n    assert n < 9\n")
    shown = exercise(
        f"# answer f\n{solved}",
        f"# test a\n{asks.format(3)}\ntry:\n    {asks.format(20_000)}\nexcept Exception:\n"
        "    pass\nelse:\n    raise ValueError",
    )
    for answer, wanted in [(solved, 1), (written.format(""), 0)]:
        found, _ = graded(shown, f=answer)
        assert scores(found) == {"a": wanted}


def test_it_may_be_there_where_nobody_looks_and_says_why_elsewhere(graded):
    shown = exercise(
        "# answer f\ndef f(v):\n    v.append(1)\n    return v",
        "# test a\nv = []\nf(v)\nassert v == [1]",
        "# test b\nassert f([]) == [1]",
    )
    found, _ = graded(shown, f="def f(v):\n    v.append(1)\n    return 10 ** 20_000")
    assert scores(found) == {"a": 1, "b": 0}
    assert "more than 10000 digits" in found.items[1].cells[0].message


def test_whoever_asks_for_too_much_has_not_refused():
    """An `except` without a class catches what ends a test, too."""
    solved = "def f(n):\n    if n < 0:\n        raise ValueError\n    yield n"
    shown = exercise(
        "# given\nimport numpy as np",
        f"# answer f\n{solved}",
        "# test a\nassert list(f(2)) == [2]\ntry:\n    for _ in f(-1):\n        pass\nexcept:\n"
        "    pass\nelse:\n    raise AssertionError",
    )
    endless = "def f(n):\n    yield n\n    while n < 0:\n        yield np.ones(2 ** 23)"
    with Engine(EngineSettings(timeout=30)) as engine:
        found = grade_one(shown, handed_in(shown, f=endless), engine)
    assert scores(found) == {"a": 0}
    assert found.items[0].cells[0].message == "Your code asked for too much."


ASKS = {
    "a message": "problem = f'it gave {f(-1)}'",
    "a display": "print(f(-1))\n    problem = 'no error'",
    "a comparison": "problem = f(-1) == 1 or 'no error'",
}


@pytest.mark.parametrize("how", ASKS)
def test_nor_is_looking_at_what_is_none_of_the_solutions_kind(graded, how):
    shown = exercise(
        "# answer f\ndef f(x):\n    if x < 0:\n        raise ValueError\n    return x * 2",
        f"# test a\nassert f(2) == 4\ntry:\n    {ASKS[how]}\nexcept Exception:\n"
        "    problem = None\nassert problem is None, problem",
    )
    found, _ = graded(shown)
    assert scores(found) == {"a": 1}
    found, _ = graded(shown, f="def f(x): return x * 2 if x >= 0 else print")
    assert scores(found) == {"a": 0}
    found, _ = graded(shown, f="def f(x): return x * 2 if x >= 0 else (lambda: 0)")
    assert scores(found) == {"a": 0}


ACCOUNT = """class Account:
    def __init__(self, money):
        self.money = money
    def take(self, n):
        {}self.money -= n"""


@pytest.mark.parametrize("asks", ["account.money", "account.owner"])
def test_nor_an_attribute_that_the_test_reads_only_where_nothing_was_raised(graded, asks):
    shown = exercise(
        f"# answer f\n{ACCOUNT.format('assert n <= self.money, n' + chr(10) + ' ' * 8)}",
        "# test a\naccount = Account(10)\ntry:\n    account.take(100)\n"
        f"    problem = f'left: {{{asks}}}'\nexcept Exception:\n    problem = None\n"
        "assert problem is None, problem",
    )
    found, _ = graded(shown)
    assert scores(found) == {"a": 1}
    sly = ACCOUNT.format("").replace("= money", "= self.owner = money")
    found, _ = graded(shown, f=sly)
    assert scores(found) == {"a": 0}


def test_points_are_not_lost_for_it(graded):
    shown = exercise(
        "# answer f\ndef f(x): return x * 2",
        "# test a\npoints = 0\nfor x in range(4):\n    try:\n        points += f(x) == x * 2\n"
        "    except Exception:\n        pass\npoints / 4",
    )
    found, _ = graded(shown, f="def f(x): return x * 2 if x else print")
    assert scores(found) == {"a": 0.75}
