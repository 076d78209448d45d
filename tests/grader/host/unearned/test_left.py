"""What a call leaves in its process is seen by a test that looks at it, and by no other."""

from __future__ import annotations

import pytest

from grader.host.session.stage import Stage
from tests.grader.conftest import exercise, scores

# Of an answer: what it leaves, in the place of `pass`; and a test that asks that it leaves nothing.
LEFT = {
    "folder": ("import os\n    os.chdir('/')", "import os\nb = os.getcwd\n"),
    "environment": (
        "import os\n    os.environ['LEFT'] = ''",
        "import os\nb = lambda: {**os.environ}\n",
    ),
    "variable": (
        "import os\n    os.environ['TOKEN'] = ''",
        "import os\nb = lambda: 'TOKEN' in os.environ\n",
    ),
    "path": ("import sys\n    sys.path.append('x')", "import sys\nb = lambda: [*sys.path]\n"),
    "first of the path": (
        "import sys\n    sys.path.insert(0, 'x')",
        "import sys\nb = lambda: sys.path[0]\n",
    ),
    "arguments": ("import sys\n    sys.argv.append('x')", "import sys\nb = lambda: [*sys.argv]\n"),
    "filters": (
        "import warnings\n    warnings.simplefilter('ignore')",
        "import warnings\nb = lambda: [*warnings.filters]\n",
    ),
    "warnings": (
        "import warnings\n    warnings.simplefilter('ignore')",
        "import warnings\ndef b():\n    with warnings.catch_warnings(record=True) as heard:\n"
        "        warnings.warn('look')\n    return len(heard)\n",
    ),
    "locale": (
        "import locale\n    locale.setlocale(locale.LC_ALL, 'C.UTF-8')",
        "import locale\nb = lambda: locale.setlocale(locale.LC_ALL)\n",
    ),
    "depth": (
        "import sys\n    sys.setrecursionlimit(5_000)",
        "import sys\nb = sys.getrecursionlimit\n",
    ),
    "digits": (
        "import sys\n    sys.set_int_max_str_digits(0)",
        "import sys\nb = sys.get_int_max_str_digits\n",
    ),
    "decimal": (
        "import decimal\n    decimal.getcontext().prec = 3",
        "from decimal import Decimal\nb = lambda: Decimal(1) / 3\n",
    ),
    "random": ("import random\n    random.seed(1)", "import random\nb = random.getstate\n"),
    "numpy": ("np.seterr(all='ignore')", "b = np.geterr\n"),
    "printed": ("np.set_printoptions(precision=2)", "b = lambda: str(np.array([1.234]))\n"),
    "numpy.random": ("np.random.seed(1)", "b = lambda: np.random.get_state()[1].tolist()\n"),
    "torch": ("torch.set_grad_enabled(False)", "b = torch.is_grad_enabled\n"),
    "inference": (
        "f.kept = torch.inference_mode()\n    f.kept.__enter__()",
        "b = torch.is_inference_mode_enabled\n",
    ),
    "dtype": ("torch.set_default_dtype(torch.float64)", "b = lambda: torch.ones(1).dtype\n"),
    "torch.random": ("torch.manual_seed(1)", "b = lambda: torch.get_rng_state().tolist()\n"),
    "threads": ("torch.set_num_threads(3)", "b = torch.get_num_threads\n"),
    "matplotlib": (
        "plt.rcParams['lines.linewidth'] = 7",
        "b = lambda: plt.rcParams['lines.linewidth']\n",
    ),
    "figures": ("plt.figure()", "plt.figure()\nb = plt.get_fignums\n"),
    "pandas": (
        "pd.set_option('display.precision', 2)",
        "b = lambda: pd.get_option('display.precision')\n",
    ),
}
GIVEN = (
    "# given\nimport numpy as np\nimport pandas as pd\nimport torch\nimport matplotlib\n"
    "matplotlib.use('agg')\nimport matplotlib.pyplot as plt"
)


def function(does):
    return f"def f(x):\n    {does}\n    return 2 * x"


def leaving(test):
    return exercise(
        GIVEN,
        "# answer f\n" + function("pass"),
        f"# test looks\n{test}was = b()\nassert f(2) == 4 and f(3) == 6\nassert b() == was",
        "# test looks_away\nassert f(2) == 4",
    )


@pytest.mark.parametrize("kind", LEFT)
def test_what_a_call_leaves_is_seen_by_a_test_that_looks_at_it(graded, kind):
    does, test = LEFT[kind]
    result, _ = graded(leaving(test), f=function(does))
    assert scores(result) == {"looks": 0, "looks_away": 1}


# Other ways to leave the folder than in a call that returns; what takes the place of `pass`.
ROADS = {
    "property": "class C:\n    @property\n    def two(self):\n        {}\n        return 2\n"
    "    def __iter__(self):\n        yield",
    "generator": "class C:\n    two = 2\n    def __iter__(self):\n        {}\n        yield",
    # Nobody waits for it: what it leaves comes with the next call.
    "thread": "import threading\ndef go():\n    {}\nclass C:\n    two = 2\n"
    "    def __init__(self):\n        threading.Timer(0.1, go).start()\n"
    "    def __iter__(self):\n        yield",
}


@pytest.mark.parametrize("road", ROADS)
def test_by_whatever_road(graded, road):
    looks = exercise(
        "# given\nimport os, time",
        "# answer c\nclass C:\n    two = 2\n    def __iter__(self):\n        yield",
        "# test t\nwas, c = os.getcwd(), C()\nassert c.two == 2\ntime.sleep(0.2)\n"
        "assert len([*c]) == 1\nassert os.getcwd() == was",
    )
    assert scores(graded(looks, c=ROADS[road].format("pass"))[0]) == {"t": 1}
    assert scores(graded(looks, c=ROADS[road].format("os.chdir('/')"))[0]) == {"t": 0}


def test_so_are_the_points_of_a_test_that_counts_them(graded):
    counts = exercise(
        "# given\nimport os",
        "# answer f\n" + function("pass"),
        "# test t\nwas = os.getcwd()\nsum([f(2) == 4, os.getcwd() == was]) / 2",
    )
    assert scores(graded(counts, f=function("os.chdir('/')"))[0]) == {"t": 0.5}
    assert scores(graded(counts, f=function("os.environ['LEFT'] = ''"))[0]) == {"t": 1}


def test_a_test_may_look_by_what_a_given_cell_defines(graded):
    looks = exercise(
        "# given\nimport numpy as np\ndef b():\n    return np.random.get_state()[1].tolist()",
        "# answer f\n" + function("pass"),
        "# test t\nwas = b()\nassert f(2) == 4 and b() == was",
    )
    assert scores(graded(looks, f=function("np.random.seed(0)"))[0]) == {"t": 0}
    assert scores(graded(looks, f=function("np.random.default_rng(0)"))[0]) == {"t": 1}


def test_what_a_test_has_set_counts_whatever_a_call_has_left(graded):
    sets = exercise(
        "# given\nimport os",
        "# answer f\ndef f():\n    return os.environ.get('MODE')",
        "# test t\nos.environ['MODE'] = 'x'\nassert f() == 'x' and f() == 'x'\n"
        "del os.environ['MODE']\nassert f() is None",
    )
    leaves = "def f():\n    os.environ['SEEN'] = os.environ.get('SEEN', '') + '1'\n"
    assert scores(graded(sets, f=f"{leaves}    return os.getenv('MODE')")[0]) == {"t": 1}
    assert scores(graded(sets, f=f"{leaves}    return 'x'")[0]) == {"t": 0}


def test_who_leaves_nothing_is_judged_once(graded, monkeypatch):
    monkeypatch.setattr(Stage, "ask_aside", None)
    result, _ = graded(leaving("b = int\n"), f=function("np.random.default_rng(0).random()"))
    assert scores(result) == {"looks": 1, "looks_away": 1}


def test_so_is_who_seeds_after_the_test_has_drawn(graded, monkeypatch):
    monkeypatch.setattr(Stage, "ask_aside", None)
    draws = exercise(
        GIVEN,
        "# answer f\n" + function("pass"),
        "# test t\nx = np.random.rand()\nassert f(x) == 2 * x",
    )
    assert scores(graded(draws, f=function("np.random.seed(0)"))[0]) == {"t": 1}


def test_so_is_who_leaves_what_the_solution_leaves(graded, monkeypatch):
    monkeypatch.setattr(Stage, "ask_aside", None)
    seeds = exercise(
        GIVEN,
        "# answer f\n" + function("np.random.seed(0); plt.figure()"),
        "# test t\nassert f(2) == 4",
    )
    result, _ = graded(seeds, f=function("np.random.rand(); plt.plot([1])"))
    assert scores(result) == {"t": 1}


def test_what_is_drawn_after_a_call_is_drawn_from_what_it_left(graded):
    """An answer that seeds makes what the test draws next the same each time."""
    draws = exercise(
        GIVEN,
        "# answer f\n" + function("pass"),
        "# test t\ndrawn = set()\nfor _ in range(3):\n"
        "    assert f(1) == 2\n    drawn.add(np.random.rand())\nassert len(drawn) == 3",
    )
    assert scores(graded(draws, f=function("np.random.seed(0)"))[0]) == {"t": 0}
    # One that draws doesn't.
    assert scores(graded(draws, f=function("np.random.rand()"))[0]) == {"t": 1}


@pytest.mark.parametrize(
    "asks",
    [
        "from time import process_time as t\nwas = t()\nassert f(2) == 4 and t() - was < 1",
        "import tracemalloc\ntracemalloc.start()\nassert f(2) == 4\ntracemalloc.stop()",
        "import inspect\nassert not inspect.isgeneratorfunction(f)",
        "import inspect\nassert not inspect.isbuiltin(f)",
        "import cProfile\nassert cProfile.Profile().runcall(f, 2) == 4",
    ],
)
def test_a_test_that_asks_what_only_the_process_can_tell_is_left_to_the_teacher(graded, asks):
    asking = exercise("# answer f\n" + function("pass"), f"# test t\n{asks}")
    result, _ = graded(asking, f=function("pass"))
    assert scores(result) == {"t": None}


PATCH = "from unittest.mock import patch\n"
# A test that has something fail in the place of what is not to be used, and an answer that uses it.
FORBIDDEN = {
    "builtin": (
        "with patch('builtins.sum', side_effect=ValueError):\n    assert f(2) == 4",
        "sum([x])",
    ),
    "names of a module": (
        "import math\nfor n in ['pow', 'sqrt']:\n"
        "    with patch.object(math, n, side_effect=ValueError):\n        assert f(2) == 4",
        "import math; math.sqrt(x)",
    ),
    "gone": (
        "import math\nkept = math.sqrt\ndel math.sqrt\nassert f(2) == 4\nmath.sqrt = kept",
        "import math; math.sqrt(x)",
    ),
    "method": (
        "with patch.object(pd.DataFrame, 'iterrows', side_effect=ValueError):\n"
        "    assert f(2) == 4",
        "[*pd.DataFrame([x]).iterrows()]",
    ),
    "sorted": (
        "with patch('builtins.sorted', side_effect=ValueError):\n    assert f(2) == 4",
        "sorted([x])",
    ),
    "of another class": (
        "with patch.object(pd.Series, 'rolling', side_effect=ValueError):\n    assert f(2) == 4",
        "pd.Series([1, 2]).rolling(2)",
    ),
    "given class": (
        "with patch.object(Given, 'm', side_effect=ValueError):\n    assert f(2) == 4",
        "Given().m()",
    ),
    "derived class": (
        "with patch.object(Derived, 'm', side_effect=ValueError):\n    assert f(2) == 4",
        "Derived().m()",
    ),
    "given function": (
        "with patch('__main__.given', side_effect=ValueError):\n    assert f(2) == 4",
        "given()",
    ),
    "given function by its name": (
        "kept = globals()['given']\nglobals()['given'] = None\nassert f(2) == 4\n"
        "globals()['given'] = kept",
        "given()",
    ),
    "warnings": (
        "with patch('warnings.warn', side_effect=ValueError):\n    assert f(2) == 4",
        "import warnings; warnings.warn('x')",
    ),
    "recursion limit": (
        "with patch('sys.setrecursionlimit', side_effect=ValueError):\n    assert f(2) == 4",
        "import sys; sys.setrecursionlimit(5_000)",
    ),
    "import": (
        "import sys\nwith patch.dict(sys.modules, {'statistics': None}):\n    assert f(2) == 4",
        "import statistics",
    ),
    "import of a part": (
        "import sys\nwith patch.dict('sys.modules', {'xml.dom': None}):\n    assert f(2) == 4",
        "from xml.dom import Node",
    ),
    "by a given helper": (
        "with without_inverse():\n    assert f(2) == 4",
        "np.linalg.inv(np.eye(2))",
    ),
    "of a layer": (
        "with patch('torch.nn.ReLU.forward', side_effect=ValueError):\n    assert f(2) == 4",
        "torch.nn.ReLU()(torch.ones(1))",
    ),
}


HELPERS = (
    "\nfrom unittest.mock import patch\nclass Given:\n    def m(self):\n        pass\n"
    "class Derived(Given):\n    pass\ndef given():\n    pass\n"
    "def without_inverse():\n    return patch('numpy.linalg.inv', side_effect=ValueError)"
)


@pytest.mark.parametrize("what", FORBIDDEN)
def test_what_a_test_forbids_is_forbidden_to_the_learners_code(graded, what):
    test, does = FORBIDDEN[what]
    forbids = exercise(
        GIVEN + HELPERS, "# answer f\n" + function("pass"), f"# test t\n{PATCH}{test}\n"
    )
    assert scores(graded(forbids)[0]) == {"t": 1}
    assert scores(graded(forbids, f=function(does))[0]) == {"t": 0}


def test_nor_does_a_property_use_it(graded):
    given = "# given\nfrom unittest.mock import patch"
    solved = "class C:\n    @property\n    def two(self):\n        return 2"
    test = "# test t\nc = C()\nwith patch('builtins.sum', side_effect=ValueError):\n"
    forbids = exercise(given, f"# answer c\n{solved}", f"{test}    assert c.two == 2")
    assert scores(graded(forbids)[0]) == {"t": 1}
    assert scores(graded(forbids, c=solved.replace("2", "sum([2])"))[0]) == {"t": 0}


@pytest.mark.parametrize("name", ["given", "Given.m"])
def test_a_mock_in_the_place_of_what_is_given_is_called(graded, name):
    calls = exercise(
        GIVEN + HELPERS,
        f"# answer f\ndef f():\n    return {name.replace('.', '().')}()",
        f"# test t\nwith patch('__main__.{name}', return_value=7) as m:\n    assert f() == 7\n"
        "m.assert_called_once_with()",
    )
    assert scores(graded(calls)[0]) == {"t": 1}
    assert scores(graded(calls, f="def f():\n    return 7")[0]) == {"t": 0}


def test_what_a_mock_gives_may_be_given_back(graded):
    """As by `lambda: print(x)`, which has no other result than None beside the test."""
    prints = exercise(
        "# given\nfrom unittest.mock import Mock, patch",
        "# answer f\ndef f(x):\n    print(x)\ndef each(g, v):\n    for x in v:\n        g(x)",
        "# test t\nwith patch('builtins.print') as p:\n    f(3)\np.assert_called_once_with(3)\n"
        "m = Mock()\neach(m, [1, 2])\nassert m.call_count == 2",
    )
    styles = "f = lambda x: print(x)\ndef each(g, v):\n    return [g(x) for x in v]"
    assert scores(graded(prints, f=styles)[0]) == {"t": 1}


def test_whoever_leaves_what_cannot_be_read_is_judged_all_the_same(graded):
    """As after a generator of another kind, or in a folder that has gone."""
    for does in (
        "np.random.set_bit_generator(np.random.PCG64())",
        "import os, tempfile; d = tempfile.mkdtemp(); os.chdir(d); os.rmdir(d)",
        "import random, sys; random.getstate = sys.argv = sys.path = None",
    ):
        result, _ = graded(leaving("b = int\n"), f=function(f"{does}\n    x += 0"))
        assert scores(result) == {"looks": 1, "looks_away": 1}, does


LATER = {
    "numpy": ("np.seterr(all='ignore')", "assert np.geterr()['divide'] == 'warn'"),
    "figures": ("plt.figure()", "assert not plt.get_fignums()"),
    "random": ("random.seed(1)", "assert random.getstate() == began"),
    "folder": ("os.chdir('/')", "assert os.getcwd() == home"),
}


@pytest.mark.parametrize("left", LATER)
def test_what_is_left_is_seen_by_a_later_test(graded, left):
    """Whether or not it calls something that leaves nothing more."""
    leaves, test = LATER[left]
    made = exercise(
        "# given\nimport os, random\nimport matplotlib\nmatplotlib.use('agg')\n"
        "import matplotlib.pyplot as plt, numpy as np",
        "# answer f\ndef f(x):\n    return x + 1",
        "# test a\nbegan, home = random.getstate(), os.getcwd()\nassert f(1) == 2",
        f"# test b\n{test}",
        "# test c\nassert f(3) == 4",
        f"# test d\nassert f(2) == 3\n{test}",
    )
    assert set(scores(graded(made)[0]).values()) == {1}
    answer = f"def f(x):\n    if x == 1:\n        {leaves}\n    return x + 1"
    assert scores(graded(made, f=answer)[0]) == {"a": 1, "b": 0, "c": 1, "d": 0}
