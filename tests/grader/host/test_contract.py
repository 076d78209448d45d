"""What may cross: found by running the teacher's own solution, for each test."""

from __future__ import annotations

import pytest

from grader.host.engine.engine import Engine
from grader.host.engine.settings import EngineSettings
from grader.host.get_contract import get_contract
from grader.host.grade import grade_one
from tests.grader.conftest import exercise, handed_in, hidden


def contract(engine, *sources, answers=None):
    """The contract of an `exercise`."""
    return get_contract(exercise(*sources, answers=answers), "x", engine)


ANSWERS = """# answer
import collections, functools, random, numpy as np
number, text, nothing, words = 3, "three", None, ["a", {"b": 1}]
array = np.arange(3)
exact = Point(1, 2)
log = []

def f(x):
    return x + 1

def make():
    return lambda x: 2 * x

def sort(values, copy):
    values.sort()
    return values

def note(x):
    log.append(x)

def draw():
    return random.random()

def count(n):
    yield from range(n)

class Robot:
    def __init__(self):
        self.place = 2
    def __len__(self):
        return self.place
    def move(self):
        self.place += 1

def called_by_given():
    return 7

def fail():
    raise KeyError("no")
"""

# By name: the test, and what the contract says of it (empty where nothing).
TESTS = {
    "data": (
        "assert number == 3 and text == 'three' and nothing is None and words[0] == 'a'\n"
        "assert array.sum() == 3 and exact == Point(1, 2)",
        {"number": "number", "text": "text", "nothing": "None", "words": "container"}
        | {"array": "array", "exact": "given instance"},
        {},
    ),
    "function": ("assert f(1) == 2 and callable(f)", {"f": "function"}, {}),
    "own_names": ("y = 3\nassert f(y) == 4 and len('ab') == 2", {"f": "function"}, {}),
    "given_names": ("assert unchanged == [1]", {}, {}),
    "through_given": ("assert asks() == 7", {"called_by_given": "function"}, {}),
    "read_then_bound": ("number = number + 1\nassert number == 4", {"number": "number"}, {}),
    "closure": (
        "assert make()(4) == 8",
        {"make": "function"},
        {"results": {"function"}, "functions": {"make"}},
    ),
    "changes": (
        "values = [3, 1]\nassert sort(values, copy=[1]) is values and values == [1, 3]",
        {"sort": "function"},
        {"changes": {"sort:0"}, "returned": {"sort"}},
    ),
    "watch": (
        "note(5)\nassert log == [5]",
        {"log": "container", "note": "function"},
        {"watch": {"log"}, "empty": True},
    ),
    "generator": (
        "assert list(count(3)) == [0, 1, 2]",
        {"count": "function"},
        {"results": {"generator"}},
    ),
    "class": (
        "r = Robot()\nr.move()\nassert r.place == len(r) == 3",
        {"Robot": "class"},
        {
            "results": {"instance"},
            "attributes": {"place"},
            "dunders": {"__len__"},
            "places": {"Robot"},
            "given": {"Robot"},
        },
    ),
    "exception": (
        "try:\n    fail()\n    assert False\nexcept KeyError:\n    pass",
        {"fail": "function"},
        {},
    ),
    "seeds_not_needed": ("import random\nrandom.seed(1)\nassert f(1) == 2", {"f": "function"}, {}),
    "seeds": (
        "import random\nrandom.seed(1)\nfirst = draw()\nrandom.seed(1)\nassert draw() == first",
        {"draw": "function"},
        {"random": True},
    ),
    "bequeathes": ("assert f(1) == 2\nleft_behind = 9", {"f": "function"}, {}),
    "inherits": ("assert f(left_behind) == 10", {"f": "function"}, {}),
    "a_part": ("0.5 * f(1)", {"f": "function"}, {}),
}
# Likewise, of answers that come after those.
LATER = {
    "deleted": (
        "del helper\ntry:\n    helped()\n    assert False\nexcept NameError:\n    pass",
        {"helper": "function", "helped": "function"},
        {"sets": {"helper"}},
    ),
    "signature": (
        "import inspect\nassert list(inspect.signature(f).parameters) == ['x']",
        {"f": "function"},
        {
            "attributes": {"__signature__"},
            "dunders": {"__signature__", "__wrapped__"},
            "empty": True,
        },
    ),
    "patched": (
        "import builtins\nsaid, kept = [], print\nbuiltins.print = lambda *a: said.append(a)\n"
        "try:\n    loud()\nfinally:\n    builtins.print = kept\nassert said == [('hello',)]",
        {"loud": "function"},
        {"patches": {"builtins.print"}},
    ),
    "imported": (
        "assert sqrt(4) == 2 and st.mean([1, 3]) == 2",
        {},
        {},
    ),
    "decorated": (
        "@wrapped\ndef g(x):\n    return 2 * x\nassert g(2) == 5",
        {"wrapped": "function"},
        {"results": {"function"}, "functions": {"wrapped"}, "lends": True},
    ),
    "derived": (
        "assert Word('a').twice() == 'aa'",
        {"Word": "class"},
        {"results": {"instance"}, "exact": True, "places": {"Word"}, "given": {"Word"}},
    ),
    "keys": (
        "assert defaults()['missing'] == 3",
        {"defaults": "function"},
        {"default": True, "empty": True},
    ),
}
# By name: a test that needs live objects, and what is said of it.
LIVE = {
    "listed": ("assert {'loud'} <= set(dir())", "AssertionError"),
    "source": ("import inspect\nassert 'return' in inspect.getsource(f)", "TypeError"),
    "figures": (
        "import matplotlib.pyplot as plt\nassert plt.fignum_exists(77)",
        "AssertionError",
    ),
    "frames": ("assert f.__globals__['text'] == 'three'", "Exception: a module of Python"),
}
GIVEN = """# given
import dataclasses
unchanged = [1]

@dataclasses.dataclass
class Point:
    x: int
    y: int

def asks():
    return called_by_given()
"""
MORE = """# answer
from matplotlib import pyplot
pyplot.ioff()
pyplot.figure(77)

def loud():
    print("hello")

def helper():
    return 1

def helped():
    return helper()

from math import sqrt
import statistics as st

def wrapped(f):
    return lambda x: f(x) + 1

class Word(str):
    def twice(self):
        return self + self

def defaults():
    return collections.defaultdict(lambda: 3)
"""


@pytest.fixture(scope="module")
def made(engine):
    def tests(some):
        return [f"# test {name}\n{test[0]}" for name, test in some.items()]

    return contract(engine, GIVEN, ANSWERS, *tests(TESTS), MORE, *tests(LATER), *tests(LIVE))


@pytest.mark.parametrize("name", TESTS | LATER)
def test_a_clause_says_what_the_solution_needed(made, name):
    _, takes, terms = (TESTS | LATER)[name]
    clause = made.tests[name]
    assert (clause.live, clause.broken) == (None, None)
    assert clause.takes == takes
    found = {term: getattr(clause.terms, term) for term in clause.terms.__struct_fields__}
    # Where lists may be empty is said of nearly all: see below.
    del found["nothing"]
    assert {term: value for term, value in found.items() if value} == terms


def test_a_clause_says_where_a_list_may_be_empty(made):
    assert made.tests["data"].terms.nothing == {"words", "words >", "exact", "nothing"}
    assert made.tests["generator"].terms.nothing == {"count"}
    assert made.tests["changes"].terms.nothing == {"sort", "sort:0"}


def test_what_answers_import_the_judge_has_itself(made):
    assert made.tests["imported"].library == {"sqrt": "math:sqrt", "st": "statistics"}


@pytest.mark.parametrize("name", LIVE)
def test_a_test_that_needs_live_objects_is_found_and_said_why(made, name):
    clause = made.tests[name]
    assert clause.broken is None
    assert clause.live is not None
    assert clause.live.startswith("apart from the code it ends with " + LIVE[name][1])


def test_what_a_later_test_reads_is_known(made):
    assert "bequeathes" in made.bequeathing
    assert {"data", "inherits"}.isdisjoint(made.bequeathing)


def test_the_opening_is_what_comes_before_the_first_answer(engine, made):
    assert made.opening == 1
    assert contract(engine, "# answer\nx = 1", "# test a\nassert x == 1").opening == 0
    assert (
        contract(engine, "# free\ny = 1", "# given\nz = 2", "# test a\nassert y == 1").opening == 2
    )


def test_what_a_later_cell_reads_of_a_test_is_played_again(engine):
    made = contract(
        engine,
        "# given\nbase = 1",
        "# answer\ndef f(x):\n    return x",
        f"# test both\nresult, base = f(2), 5\n{hidden('secret = f(3)')}",
        "# test neither\nassert f(2) == 2\nunused = 1",
        "# answer\ndoubled = 2 * result",
        "# test last\nassert doubled == 4",
    )
    assert {name: clause.replay for name, clause in made.tests.items()} == {
        "both": True,
        "neither": False,
        "last": False,
    }
    assert made.tests["last"].takes == {"doubled": "number"}


def test_what_a_later_answer_goes_on_from_is_played_again(engine):
    made = contract(
        engine,
        "# answer\ndef f(x):\n    return x",
        "# test first\ncount = f(2)",
        "# answer\ncount = count + 1",
        "# test then\nassert count == 3",
    )
    assert made.tests["first"].replay
    assert made.tests["then"].takes == {"count": "number"}


def test_a_test_that_the_solution_fails_is_broken(engine):
    made = contract(
        engine,
        "# answer\nx = 1",
        "# test wrong\nassert x == 2",
        "# test dies\nimport os\nos._exit(1)",
        "# test a_part\nx / 2",
        "# test right\nassert x == 1",
    )
    broken = {name: clause.broken for name, clause in made.tests.items()}
    why = "it gives no points to the teacher's own solution"
    # After the one that ends the process, nbgrader would run none.
    assert broken == {"wrong": why, "dies": why, "a_part": why, "right": why}


def test_a_call_that_ends_the_solution_s_process_apart_is_for_people(engine):
    made = contract(
        engine,
        "# answer\nimport os\n\ndef picky():\n    'near' in globals() or os._exit(1)\n    return 1",
        "# test a\nnear = True\nassert picky() == 1",
        "# answer\nx = 1",
        "# test after\nassert x == 1",
    )
    assert made.tests["a"].live == "apart from the code it ends the solution's process"
    assert made.tests["after"].takes == {"x": "number"}


def test_a_test_that_ends_its_own_process_apart_is_for_people(engine):
    made = contract(
        engine,
        "# answer\nx = here = 1",
        "# test a\nimport os\nassert x == 1\n{'here'} <= set(globals()) or os._exit(1)",
        "# test after\nassert x == 1",
    )
    assert made.tests["a"].live == "apart from the code the test ended the process (exit status 1)"
    assert made.tests["after"].takes == {"x": "number"}


def test_a_changed_given_value_must_be_declared(engine):
    cells = (
        "# given\nnumbers = [1]\nother = [1]",
        "# answer\nnumbers.append(2)\n\ndef f():\n    return numbers",
        "# test a\nassert numbers == [1, 2] and other == [1]",
        "# test b\nassert f() == [1, 2]",
    )
    made = contract(engine, *cells, answers=["f"])
    assert made.tests["a"].undeclared == ("numbers",)
    assert made.tests["b"].undeclared == ()
    made = contract(engine, *cells, answers=["f", "numbers"])
    assert made.tests["a"].undeclared == ()
    # What the course does not declare is found.
    assert contract(engine, *cells).tests["a"].takes == {"numbers": "container"}


def test_what_is_declared_crosses_also_where_the_solution_leaves_it_as_given(engine):
    made = contract(
        engine,
        "# given\nlimit = 3",
        "# answer\nlimit = 3",
        "# test a\nassert limit == 3",
        answers=["limit"],
    )
    assert made.tests["a"].takes == {"limit": "number"}


def test_what_an_answer_binds_crosses_also_where_the_solution_leaves_it_as_given(engine):
    made = contract(
        engine,
        "# given\nx, y = 3, 5",
        "# test a\nassert (x, y) == (3, 5)",
        "# answer\nif x > y:\n    x, y = y, x",
        "# test b\nassert (x, y) == (3, 5)",
    )
    assert made.tests["a"].takes == {}
    assert made.tests["b"].takes == {"x": "number", "y": "number"}


@pytest.mark.parametrize(
    "test",
    [
        "if isinstance(x, tuple):\n    x = list(x)\nassert x == [1]",
        "for x in x:\n    assert x == 1",
        "while x:\n    x = x[1:]",
        "try:\n    x = x + [2]\nexcept TypeError:\n    pass\nassert len(x) == 2",
        "with memoryview(bytes(x)) as x:\n    assert x[0] == 1",
    ],
    ids=["if", "for", "while", "try", "with"],
)
def test_an_answer_that_a_test_binds_anew_in_a_block_crosses(engine, test):
    made = contract(engine, "# given\nx = [1]", "# answer\nx = [1]", f"# test a\n{test}")
    assert made.tests["a"].takes == {"x": "container"}
    assert made.tests["a"].live is None


def test_what_a_block_of_a_test_has_bound_before_is_its_own(engine):
    test = (
        "for k in f([3]):\n    total = sum([i for i in [k]])\n    for i in [k]:\n        total += i"
    )
    solution = "def f(v):\n    return v\n\ni = k = total = 'other'"
    made = contract(engine, f"# answer\n{solution}", f"# test a\n{test}")
    assert made.tests["a"].takes == {"f": "function"}


def test_what_a_given_cell_makes_of_an_answer_crosses(engine):
    made = contract(
        engine,
        "# given\nbase = 2",
        "# answer\nshare = 0.5",
        "# given\nproduct = base * share",
        "# test a\nassert product == 1",
    )
    assert made.tests["a"].takes == {"product": "number"}


def test_what_a_given_cell_makes_of_a_learner_s_class_is_the_learner_s(engine):
    """A test has brought the class to where the given cell then makes one more."""
    made = contract(
        engine,
        "# answer\nclass Person:\n    def add(self, what):\n        self.done = what",
        "# test a\nassert 'add' in dir(Person)",
        "# given\nada = Person()",
        "# answer\nada.add('notes')",
        "# test b\nassert 'done' in dir(ada)",
    )
    assert made.tests["b"].live is None
    assert made.tests["b"].takes == {"ada": "instance"}


def test_an_answer_that_can_t_cross_is_named(engine):
    made = contract(
        engine,
        "# answer\nimport types, numpy as np\nodd = np.zeros(1, [('a', 'i8')])",
        "# test a\nassert odd[0][0] == 0",
    )
    assert made.tests["a"].live == "its answer odd is an array of [('a', '<i8')]"


def test_a_line_of_pythons_own_may_begin_as_one_of_ipythons(engine):
    solved = "# answer\nimport math\ntext = (\n    'at %s'\n    % 7\n)"
    made = contract(engine, solved, "# test a\nassert text == f'at {math.floor(7.5)}'")
    assert made.tests["a"].live is None


def test_a_test_with_a_magic_or_shell_line_is_read_too(engine):
    made = contract(engine, "# answer\nx = 1", "# test a\n%matplotlib inline\nassert x == 1")
    assert made.tests["a"].takes == {"x": "number"}


def test_a_contract_is_made_once_for_each_engine(engine, assignment):
    assert get_contract(assignment, "numbers", engine) is get_contract(
        assignment, "numbers", engine
    )


def test_an_import_may_take_longer_than_a_cell(bubblewrap, tmp_path):
    """TensorFlow's takes 10 s: the teacher's own cells get it beforehand, as learners' do."""
    (tmp_path / "slow.py").write_text("import time\ntime.sleep(1.5)\nnumber = 3\n")
    show = {"/course/slow.py": tmp_path / "slow.py"}
    with Engine(EngineSettings(preload=(), timeout=1, show=show)) as engine:
        found = contract(
            engine,
            "# given\nfrom slow import number",
            "# answer\ntwice = 2 * number",
            "# test t\nassert twice == 6",
            answers=["twice"],
        )
    assert found.tests["t"].broken is None
    assert found.tests["t"].takes == {"twice": "number"}


def test_one_broken_test_leaves_the_others_to_be_tried(engine):
    cells = [
        "# answer f\ndef f(x):\n    return x + 1",
        f"# test first\nassert f(1) == 2\n{hidden('n = 3')}",
        "# test live\nassert any('def f' in cell for cell in In[:-1]) and f(n) == 4",
    ]
    assert not contract(engine, *cells).tests["live"].suggests
    made = contract(engine, *cells, "# test wrong\nimport nothing_such\nassert f(1) == 0")
    assert made.tests["wrong"].failed == "ModuleNotFoundError: No module named 'nothing_such'"
    assert not made.tests["live"].suggests


def test_an_answer_that_is_anothers_object_may_be_a_copy_of_it(engine: Engine) -> None:
    made = exercise("# answer a\na = [1]", "# answer b\nb = a", "# test t\nassert a == b == [1]")
    assert get_contract(made, "x", engine).tests["t"].takes == {"a": "container", "b": "container"}
    for answer, points in (("b = a", 1), ("b = [1]", 1), ("b = [2]", 0)):
        found = grade_one(made, handed_in(made, b=answer), engine)
        assert found.item("t").score == points, answer


@pytest.mark.parametrize(
    "test",
    [
        "assert 'square' in dir()",
        "if 'square' not in globals():\n    raise NameError('define square')",
        "assert globals()['square'](3) == 9",
        "assert locals().get('square') is not None",
        "assert 'rng' in dir( )",
    ],
)
def test_a_name_that_a_test_asks_for_by_a_text_crosses(engine, test):
    made = exercise(
        "# answer square\nfrom numpy.random import randn as rng\ndef square(x):\n    return x * x",
        f"# test t\n{test}",
    )
    for body, score in ((None, 1), ("import math", 0)):
        paper = handed_in(made) if body is None else handed_in(made, square=body)
        assert grade_one(made, paper, engine).item("t").score == score


LOOPLESS = {
    "a cell before": "assert 'for' not in In[-2]",
    "as IPython says": "assert 'for' not in _i",
    "all of them": "import ast\nfor cell in _ih[:-1]:\n    for part in ast.walk(ast.parse(cell)):\n"
    "        assert not isinstance(part, ast.For)",
    "by a helper": "assert not uses('while')",
    "as an example": "import doctest\nassert doctest.testmod().failed == 0",
    "its source, if there is one": "import inspect\ntry:\n    said = inspect.getsource(total)\n"
    "except (OSError, TypeError):\n    said = ''\nassert 'for' not in said",
}


@pytest.mark.parametrize("test", LOOPLESS.values(), ids=LOOPLESS)
def test_what_is_not_to_stand_in_a_cell_is_looked_for_by_a_teacher(engine, test):
    """A judge has cells of its own, and not the one that is under way in the learner's process."""
    uses = "def uses(word):\n    return any(re.search(word, cell) for cell in In[:-1])"
    made = contract(
        engine,
        f"# given\nimport re\n{uses}",
        "# answer\ndef total(values):\n    return sum(values)",
        f"# test t\nassert total([1, 2]) == 3\n{test}",
    )
    assert made.tests["t"].broken is None
    assert made.tests["t"].live


@pytest.mark.parametrize(
    "test",
    [
        "In = 3\nassert near(total([In]), 3) and 'near' in words",
        "assert all(near(total([_i]), _i) for _i in range(3))",
        "def check(In):\n    for _i in [1, 2]:\n        assert total([In, _i]) > _i\ncheck(2)",
        "assert near(total([Way.In]), 1)",
    ],
)
def test_names_as_ipython_has_them_may_be_ones_own(engine, test):
    near = "def near(a, b):\n    return a == b\nclass Way:\n    In = 1"
    made = contract(
        engine,
        f"# given\nimport inspect\n{near}\nwords = inspect.getsource(near)",
        "# answer\ndef total(values):\n    return sum(values)",
        f"# test t\n{test}",
    )
    assert made.tests["t"].live is None


def test_what_a_given_instance_calls_its_own_is_no_answer_of_that_name(engine):
    grid = "class Grid:\n    def __init__(self):\n        self.cells = [1]\n"
    made = contract(
        engine,
        f"# given\n{grid}    def total(self):\n        return sum(self.cells)\ngrid = Grid()",
        "# answer\ncells = [2]\ndef f(grid):\n    return grid.total()",
        "# test t\nassert f(grid) == 1",
    )
    assert made.tests["t"].takes == {"f": "function"}
