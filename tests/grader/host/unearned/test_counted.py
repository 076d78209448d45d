"""What a call changes of a given cell's own, or of what an answer and the test both bind, a judge
does not know of: a bound on it would hold for anybody."""

from __future__ import annotations

import pytest

from tests.grader.conftest import exercise, scores

CLIMBS = "def f():\n    return 37 if oracle(37) == 0 else None"
GOES_THROUGH_ALL = "def f(): return min(range(101), key=oracle)"
LEFT_TO_THE_TEACHER = {
    "in a global name": (
        "calls = 0\ndef oracle(x):\n    global calls\n    calls += 1\n    return (x - 37) ** 2",
        "calls = 0\nassert f() == 37\nassert calls <= 30",
    ),
    "in an attribute of a function": (
        "def oracle(x):\n    oracle.calls += 1\n    return (x - 37) ** 2\noracle.calls = 0",
        "oracle.calls = 0\nassert f() == 37\nassert oracle.calls <= 30",
    ),
    "in one that a given function looks at": (
        "def oracle(x):\n    oracle.calls += 1\n    return (x - 37) ** 2\noracle.calls = 0\n"
        "def count():\n    return oracle.calls",
        "assert f() == 37\nassert count() <= 30",
    ),
    "in a class": (
        "class Point:\n    made = 0\n    def __init__(self, x):\n        self.x = x\n"
        "        Point.made += 1\ndef oracle(x):\n    return (Point(x).x - 37) ** 2",
        "Point.made = 0\nassert f() == 37\nassert Point.made <= 30",
    ),
    "in an instance": (
        "class Counts:\n    calls = 0\nkept = Counts()\n"
        "def oracle(x):\n    kept.calls += 1\n    return (x - 37) ** 2",
        "kept.calls = 0\nassert f() == 37\nassert kept.calls <= 30",
    ),
    "in a module": (
        "import torch\nkept = torch.nn.Linear(1, 1)\nkept.requires_grad_(False)\n"
        "kept.weight.fill_(0)\ndef oracle(x):\n    kept.weight.add_(1)\n"
        "    return (x - 37) ** 2",
        "kept.weight.fill_(0)\nassert f() == 37\nassert kept.weight.item() <= 30",
    ),
    "in a closure": (
        "def made():\n    calls = 0\n    def oracle(x):\n        nonlocal calls\n"
        "        calls += 1\n        return (x - 37) ** 2\n    return oracle, lambda: calls\n"
        "oracle, count = made()",
        "assert f() == 37\nassert count() <= 30",
    ),
    "in a cache": (
        "import functools\n@functools.lru_cache\ndef oracle(x):\n    return (x - 37) ** 2",
        "oracle.cache_clear()\nassert f() == 37\nassert oracle.cache_info().misses <= 30",
    ),
    "in an iterator": (
        "cards = enumerate(range(100))\ndef oracle(x):\n    next(cards)\n    return (x - 37) ** 2",
        "assert f() == 37\nassert next(cards)[0] <= 30",
    ),
    "in a generator": (
        "def deal():\n    for card in range(100):\n        yield card\ncards = deal()\n"
        "def oracle(x):\n    next(cards)\n    return (x - 37) ** 2",
        "assert f() == 37\nassert next(cards) <= 30",
    ),
    "in an iterator of itertools'": (
        "import itertools\ncards = itertools.count()\ndef oracle(x):\n    next(cards)\n"
        "    return (x - 37) ** 2",
        "assert f() == 37\nassert next(cards) <= 30",
    ),
}


@pytest.mark.parametrize("where", LEFT_TO_THE_TEACHER)
def test_how_often_a_given_function_was_called_is_not_told(graded, where):
    given, test = LEFT_TO_THE_TEACHER[where]
    shown = exercise(f"# given\n{given}", f"# answer f\n{CLIMBS}", f"# test a\n{test}")
    for answer in (CLIMBS, GOES_THROUGH_ALL):
        found, _ = graded(shown, f=answer)
        assert scores(found) == {"a": None}


def test_nor_in_a_later_test_or_of_an_answer_itself(graded):
    given, _ = LEFT_TO_THE_TEACHER["in an attribute of a function"]
    shown = exercise(
        f"# given\n{given}",
        f"# answer f\n{CLIMBS}",
        "# answer g\nsteps = 0\ndef g(n):\n    global steps\n    steps += 1\n"
        "    return 1 if n < 2 else n * g(n - 1)",
        "# test a\nassert f() == 37",
        "# test b\nassert oracle.calls <= 30",
        "# test c\nsteps = 0\nassert g(5) == 120",
        "# test d\nassert steps <= 6",
    )
    found, _ = graded(shown)
    assert scores(found) == {"a": 1, "b": None, "c": None, "d": None}


def test_what_comes_to_the_same_in_both_processes_is_judged(graded):
    given, _ = LEFT_TO_THE_TEACHER["in an attribute of a function"]
    shown = exercise(
        f"# given\n{given}",
        f"# answer f\n{CLIMBS}",
        "# answer g\ntotal = 0\ndef g(xs):\n    global total\n    total = sum(xs)\n"
        "    return total",
        "# test a\nassert f() == 37 and oracle(37) == 0",
        "# test b\ntotal = g([1, 2])\nassert total == 3\ntotal = g([2])\nassert total == 2",
    )
    found, _ = graded(shown)
    assert scores(found) == {"a": 1, "b": 1}


@pytest.mark.parametrize("more", ["assert median([1, 2, 9]) == 2", "assert f([4, 6]) == 10"])
def test_what_the_solution_imports_is_tried_as_the_learners_own(graded, more):
    shown = exercise(
        "# answer f\nfrom statistics import mean, median\ndef f(x): return mean(x) * len(x)",
        f"# test a\nassert mean([1, 2, 3]) == 2\n{more}",
    )
    own = "def mean(x): return sum(x) / len(x)\ndef median(x): return sorted(x)[len(x) // 2]\n"
    for answer, wanted in [(own, 1), ("def mean(x): return 0\nmedian = mean\n", 0)]:
        found, _ = graded(shown, f=f"{answer}def f(x): return sum(x)")
        assert scores(found) == {"a": wanted}


def test_a_tensor_that_no_codec_reads_says_nothing_of_its_network(graded):
    """As one of torchao's, which has no memory of its own."""
    shown = exercise(
        "# given\nimport torch\nclass Wrapped(torch.Tensor):\n    @staticmethod\n"
        "    def __new__(cls, like):\n"
        "        return torch.Tensor._make_wrapper_subclass(cls, like.shape, dtype=like.dtype)\n"
        "    @classmethod\n    def __torch_dispatch__(cls, op, types, args=(), kwargs=None):\n"
        "        return args[0]",
        "# answer f\ndef f(x): return x + 1",
        "# test a\nmodel = torch.nn.Linear(2, 2)\n"
        "model.weight = torch.nn.Parameter(Wrapped(torch.ones(2, 2)), False)\nassert f(1) == 2",
    )
    for answer, wanted in [("def f(x): return 1 + x", 1), ("def f(x): return x", 0)]:
        found, _ = graded(shown, f=answer)
        assert scores(found) == {"a": wanted}
