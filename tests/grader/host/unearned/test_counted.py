"""What a call changes of a given cell's own, or of what an answer and the test both bind, a judge
does not know of: a bound on it would hold for anybody."""

from __future__ import annotations

import pytest

from grader import Engine, grade_one
from grader.host.engine.settings import EngineSettings
from tests.grader.conftest import exercise, handed_in, scores

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
    "in an instance that stands for the function": (
        "class Counted:\n    def __init__(self, f):\n        self.f, self.calls = f, 0\n"
        "    def __call__(self, x):\n        self.calls += 1\n        return self.f(x)\n"
        "@Counted\ndef oracle(x):\n    return (x - 37) ** 2",
        "oracle.calls = 0\nassert f() == 37\nassert oracle.calls <= 30",
    ),
    "in slots": (
        "class Counts:\n    __slots__ = 'calls', 'f'\nkept = Counts()\nkept.f = print\n"
        "kept.calls = 0\ndef oracle(x):\n    kept.calls += 1\n    return (x - 37) ** 2",
        "assert f() == 37\nassert kept.calls <= 30",
    ),
    "in a namespace": (
        "from types import SimpleNamespace\nkept = SimpleNamespace(calls=0)\n"
        "def oracle(x):\n    kept.calls += 1\n    return (x - 37) ** 2",
        "kept.calls = 0\nassert f() == 37\nassert kept.calls <= 30",
    ),
    "in a class that looks at it itself": (
        "class AtMost:\n    calls = 0\n    def __init__(self, n):\n        self.n = n\n"
        "    def __enter__(self):\n        AtMost.calls = 0\n"
        "    def __exit__(self, *_):\n        assert AtMost.calls <= self.n\n"
        "def oracle(x):\n    AtMost.calls += 1\n    return (x - 37) ** 2",
        "with AtMost(30):\n    assert f() == 37",
    ),
    "in what a helper's helper looks at": (
        "def oracle(x):\n    oracle.calls += 1\n    return (x - 37) ** 2\noracle.calls = 0\n"
        "def count():\n    return oracle.calls\ndef at_most(n):\n    assert count() <= n",
        "assert f() == 37\nat_most(30)",
    ),
    "in a mock": (
        "from unittest.mock import Mock\noracle = Mock(side_effect=lambda x: (x - 37) ** 2)",
        "oracle.reset_mock()\nassert f() == 37\nassert oracle.call_count <= 30",
    ),
    "in what a mock has": (
        "from unittest.mock import Mock\nkept = Mock()\n"
        "kept.oracle.side_effect = lambda x: (x - 37) ** 2\noracle = lambda x: kept.oracle(x)",
        "assert f() == 37\nassert len(kept.oracle.mock_calls) <= 30",
    ),
    "in a file in memory": (
        "import io\nlog = io.StringIO()\ndef oracle(x):\n    log.write('.')\n"
        "    return (x - 37) ** 2",
        "assert f() == 37\nassert len(log.getvalue()) <= 30",
    ),
    "in a queue": (
        "import queue\nasked = queue.Queue()\ndef oracle(x):\n    asked.put(x)\n"
        "    return (x - 37) ** 2\ndef count():\n    return asked.qsize()",
        "assert f() == 37\nassert count() <= 30",
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


@pytest.mark.parametrize(
    ("imports", "asks"),
    [
        ("import asked", "asked.reset()\nassert f() == 37\nassert asked.count() <= 30"),
        ("from asked import oracle, count", "assert f() == 37\nassert count() <= 30"),
        ("from asked import oracle", "assert f() == 37\nassert oracle.made <= 30"),
    ],
)
def test_nor_in_a_file_beside_the_notebook(graded, tmp_path, imports, asks):
    (tmp_path / "asked.py").write_text(
        "calls = 0\ndef oracle(x):\n    global calls\n    calls += 1\n    oracle.made += 1\n"
        "    return (x - 37) ** 2\noracle.made = 0\ndef count():\n    return calls\n"
        "def reset():\n    global calls\n    calls = 0\n"
    )
    oracle = "asked.oracle" if imports == "import asked" else "oracle"
    shown = exercise(
        f"# given\n{imports}",
        f"# answer f\n{CLIMBS.replace('oracle', oracle)}",
        f"# test a\n{asks}",
        files={"asked.py": tmp_path / "asked.py"},
    )
    found, _ = graded(shown, f=GOES_THROUGH_ALL.replace("oracle", oracle))
    assert scores(found) == {"a": None}


def test_nor_is_a_test_left_that_looks_at_none_of_it(graded):
    shown = exercise(
        "# given\nimport io\nfrom types import SimpleNamespace\nfrom unittest.mock import Mock\n"
        "log, kept, tell = io.StringIO(), SimpleNamespace(calls=0, limit=30), Mock()\n"
        "def oracle(x):\n    kept.calls += 1\n    log.write('.')\n    tell(x)\n"
        "    return (x - 37) ** 2",
        f"# answer f\n{CLIMBS}",
        "# test a\nassert f() == 37 and oracle(f()) == 0 and kept.limit == 30",
    )
    for answer, wanted in [(CLIMBS, 1), ("def f(): return 36", 0)]:
        found, _ = graded(shown, f=answer)
        assert scores(found) == {"a": wanted}


ACCOUNTS = """import itertools
class Account:
    numbers, made, all = itertools.count(), 0, []
    def __init__(self, money):
        self.number, self.money = next(Account.numbers), money
        Account.made += 1
        Account.all.append(money)
    @classmethod
    def count(cls):
        return cls.made
    def everyone(self):
        return Account.all
def fact(n):
    if n not in fact.memory:
        fact.memory[n] = n * fact(n - 1) if n else 1
    return fact.memory[n]
fact.memory = {}"""


def test_nor_what_numbers_or_keeps_what_is_made(graded):
    shown = exercise(
        f"# given\n{ACCOUNTS}",
        "# answer f\ndef f(n):\n    return Account(n)\ndef g(n, k):\n"
        "    return fact(n) // fact(k) // fact(n - k)",
        "# test a\nmade = f(3)\nassert isinstance(made, Account) and made.money == 3",
        "# test b\nassert g(5, 2) == fact(5) / 12",
        "# test c\nassert f(1) and Account.count() < 9",
        "# test d\nassert len(Account.everyone(f(1))) < 9",
    )
    found, _ = graded(shown)
    assert scores(found) == {"a": 1, "b": 1, "c": None, "d": None}
    found, _ = graded(shown, f="def f(n): return Account(0)\ndef g(n, k): return 1")
    assert scores(found) == {"a": 0, "b": 0, "c": None, "d": None}


def test_nor_is_a_test_left_for_what_nobody_can_look_at(graded):
    """Nor does a judge end for it."""
    shown = exercise(
        "# given\nimport itertools\npairs = itertools.pairwise([1, 2, 3])\n"
        "class Keys(dict):\n    __getattr__ = dict.__getitem__\n"
        "class Net:\n    keys = Keys(rate=2)\n    def rate(self):\n        return self.keys.rate",
        "# answer f\nkept = Keys(a=1)\ndef f(net):\n    return net.rate() + 1",
        "# test a\nassert f(Net()) == 3 and kept['a'] == 1",
        "# test b\nassert next(pairs) == (1, 2)",
    )
    found, _ = graded(shown)
    assert scores(found) == {"a": 1, "b": 1}
    found, _ = graded(shown, f="kept = Keys(a=2)\ndef f(net): return 3")
    assert scores(found) == {"a": 0, "b": 1}


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


def test_a_tensor_that_no_codec_reads_says_nothing_of_its_network(bubblewrap):
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
    # What torch imports for the first of them takes longer than other tests may.
    with Engine(EngineSettings(preload=("torch",), timeout=30)) as engine:
        for answer, wanted in [("def f(x): return 1 + x", 1), ("def f(x): return x", 0)]:
            assert scores(grade_one(shown, handed_in(shown, f=answer), engine)) == {"a": wanted}


CACHED = (
    "import functools\n@functools.cache\ndef f(n):\n    return n if n < 2 else f(n - 1) + f(n - 2)"
)
TIMED = (
    "import time\ndef timed(n):\n    t = time.perf_counter()\n    f(n)\n"
    "    return time.perf_counter() - t\n"
)
FOUND = (
    "import time\ndef found(n):\n    t = time.perf_counter()\n    y = f(n)\n"
    "    return y, time.perf_counter() - t\n"
)


@pytest.mark.parametrize(
    ("asks", "is_left"),
    [
        (f"{TIMED}first, second = timed(14), timed(14)\nassert second < first / 2", True),
        (f"{TIMED}first = timed(14)\nassert first / timed(14) > 2", True),
        (
            "import time\na = time.time()\nf(14)\nb = time.time()\nf(14)\nc = time.time()\n"
            "assert c - b < b - a",
            True,
        ),
        (
            "import time\nend = time.time() + 9\nstart = time.time()\nassert f(14) == 377\n"
            "took = time.time() - start\nassert took < 5 and time.time() < end",
            False,
        ),
        ("first = timed_before(14)\nassert timed_before(14) < first / 2", True),
        (f"{FOUND}(a, s), (b, t) = found(14), found(14)\nassert t < s / 2", True),
        (f"{FOUND}a, s = found(14)\nb, t = found(14)\nassert a == b and s < 5 and t < 5", False),
        (f"{TIMED}s, t = timed(14), timed(14)\nassert t < 5\nprint(f'{{s / t:.1f}} times')", False),
    ],
)
def test_a_first_call_takes_longer_for_what_the_engine_does(graded, asks, is_left):
    """As if the second one had been cached."""
    given = f"# given\n{TIMED.replace('timed', 'timed_before')}"
    shown = exercise(given, f"# answer f\n{CACHED}", f"# test a\n{asks}")
    found, _ = graded(shown, f=CACHED.replace("@functools.cache\n", ""))
    assert scores(found) == {"a": None if is_left else 1}
