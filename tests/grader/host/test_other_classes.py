"""A right answer of another class than the solution's loses no point, in either direction."""

from __future__ import annotations

import textwrap

import pytest

from grader import Engine, grade_one
from grader.host.engine.settings import EngineSettings
from tests.grader.conftest import exercise, handed_in, linux, scores

pytestmark = linux

POINT = """
class Point:
    def __init__(self, x, y): self.x, self.y = x, y
    def __add__(self, other): return Point(self.x + other.x, self.y + other.y)
    def __eq__(self, other): return (self.x, self.y) == (other.x, other.y)
    def __iter__(self): return iter((self.x, self.y))
    def norm(self): return (self.x ** 2 + self.y ** 2) ** 0.5
"""
POINTS = """
p = Point(3, 4)
assert p.norm() == 5 and p.x == 3 and list(p) == [3, 4]
assert p + Point(1, 1) == Point(4, 5)
"""
COLOURS = """
assert Colour.RED.value == 1 and Colour(2) is Colour.GREEN
assert [c.name for c in Colour] == ["RED", "GREEN"]
"""
STORE = """
def store(db):
    db.execute("create table p (name text, age int)")
    db.executemany("insert into p values (?, ?)", [("Ada", 30), ("Bo", 40)])
    db.commit()
"""
STORED = """
import sqlite3
db = sqlite3.connect(":memory:")
store(db)
assert db.execute("select max(age) from p").fetchone() == (40,)
"""
OLDEST = """
def oldest(db):
    return db.execute("select name from p order by age desc").fetchone()[0]
"""
OLD = """
import sqlite3
db = sqlite3.connect(":memory:")
db.execute("create table p (name text, age int)")
db.executemany("insert into p values (?, ?)", [("Ada", 30), ("Bo", 40)])
assert oldest(db) == "Bo"
assert db.execute("select count(*) from p").fetchone() == (2,)
"""
TWICE = "twice = lambda f, x: f(f(x))"
CALLED = """
times = []
def counted(x):
    times.append(x)
    return x + 1
assert twice(counted, 1) == 3 and times == [1, 2]
"""
REMEMBERS = """
def f(g):
    known = {}
    def asked(x):
        if x not in known:
            known[x] = g(x)
        return known[x]
    return asked
"""
REMEMBERED = """
times = []
def counted(x):
    times.append(x)
    return x + 1
h = f(counted)
assert h(1) == h(1) == 2 and h(2) == 3 and times == [1, 2]
"""
MAPS = """
class f(dict):
    def __init__(self, g): self.g = g
    def __call__(self, x): return self[x]
    def __missing__(self, x):
        self[x] = self.g(x)
        return self[x]
"""
LIST, FOUND = "f = lambda n: [n, 2 * n]", "assert f(1) == [1, 2] and len(f(2)) == 2"
MAPPING = "f = lambda n: {'a': n}"
SHOWN = "assert f(2)['a'] == 2 and set(f(1)) == {'a'} and f(3) == {'a': 3}"
LAYER = "import torch\nlayer = torch.nn.Linear(3, 2)"
COMPUTES = "assert layer.weight.shape == (2, 3) and layer(torch.ones(1, 3)).shape == (1, 2)"
REACH = """
def reach(g, start):
    seen, todo = {start: 0}, [start]
    for one in todo:
        for near in g.neighbors(one):
            if near not in seen:
                seen[near] = seen[one] + 1
                todo.append(near)
    return seen
"""
REACHED = """
import networkx as nx
g = nx.Graph([(2, 1), (1, 0), (5, 6)])
assert reach(g, 1) == {1: 0, 2: 1, 0: 1} and list(g) == [2, 1, 0, 5, 6]
"""
LINK = "def link(g, a, b):\n    g.add_edge(a, b, km=2)"
LINKED = """
import networkx as nx
g = nx.DiGraph([(2, 1), (1, 0)])
link(g, 0, 2)
assert g[0][2] == {"km": 2} and nx.is_strongly_connected(g) and list(g) == [2, 1, 0]
"""
PILE = """
class Pile:
    def __init__(self, *things): self.things = list(things)
"""
HEARD = """
class Bell:
    def __init__(self): self.fs = []
    def tell(self, f): self.fs.append(f)
    def leave(self, f): self.fs.remove(f)
    def ring(self, x):
        for f in self.fs: f(x)
"""
HEARS = """
heard, others = [], []
bell = Bell()
bell.tell(heard.append)
bell.tell(others.append)
bell.ring(1)
bell.leave(heard.append)
bell.ring(2)
assert (heard, others) == ([1], [1, 2])
"""
DAY = "import datetime\nf = lambda n: datetime.date(2024, 2, n)"
TABLE = "import pandas as pd\nframe = pd.DataFrame({'x': [1, 2]})"

SHOUT = "class Shout(str):\n    def loud(self): return {}\nf = Shout"

# Solution, test, and what somebody else writes.
RIGHT: dict[str, tuple[str, str, str]] = {
    "a list of one's own": (
        LIST,
        FOUND,
        "class Row(list):\n    def head(self): return self[0]\nf = lambda n: Row([n, 2 * n])",
    ),
    "a list that is kept": (
        LIST,
        FOUND,
        "from collections import UserList\nf = lambda n: UserList([n, 2 * n])",
    ),
    "a mapping to be read": (
        MAPPING,
        SHOWN,
        "from types import MappingProxyType\nf = lambda n: MappingProxyType({'a': n})",
    ),
    "a mapping that is kept": (
        MAPPING,
        SHOWN,
        "from collections import UserDict\nf = lambda n: UserDict(a=n)",
    ),
    "several mappings": (
        MAPPING,
        SHOWN,
        "from collections import ChainMap\nf = lambda n: ChainMap({'a': n}, {'a': 0})",
    ),
    "a number of sympy's": (
        "f = lambda n: n * n",
        "assert [f(n) for n in range(3)] == [0, 1, 4]",
        "import sympy\nf = lambda n: sympy.Integer(n) ** 2",
    ),
    "a fraction of one's own": (
        "from fractions import Fraction\nhalf = Fraction(1, 2)",
        "assert half + half == 1 and half.denominator == 2",
        "from fractions import Fraction\nclass Ratio(Fraction): pass\nhalf = Ratio(1, 2)",
    ),
    "a day of one's own": (
        DAY,
        "assert f(29).month == 2 and f(1) == datetime.date(2024, 2, 1)",
        "import datetime\nclass Day(datetime.date): pass\nf = lambda n: Day(2024, 2, n)",
    ),
    "a view of bytes": ("data = b'abc'", "assert data == b'abc'", "data = memoryview(b'abc')"),
    "a table of one's own": (
        TABLE,
        "assert frame.equals(pd.DataFrame({'x': [1, 2]})) and frame.x.sum() == 3",
        "import pandas as pd\nclass Mine(pd.DataFrame): pass\nframe = Mine({'x': [1, 2]})",
    ),
    "weights that are made": (
        LAYER,
        COMPUTES,
        f"{LAYER}\ntorch.nn.utils.parametrizations.weight_norm(layer)",
    ),
    "a named tuple with methods": (
        POINT,
        POINTS,
        """
        from typing import NamedTuple
        class Point(NamedTuple):
            x: float
            y: float
            def __add__(self, other): return Point(self.x + other.x, self.y + other.y)
            def norm(self): return (self.x ** 2 + self.y ** 2) ** 0.5
        """,
    ),
    "a complex number with methods": (
        POINT,
        POINTS,
        """
        class Point(complex):
            def __new__(cls, x, y): return super().__new__(cls, x, y)
            x, y = property(lambda self: self.real), property(lambda self: self.imag)
            def __add__(self, other): return Point(self.x + other.x, self.y + other.y)
            def __iter__(self): return iter((self.x, self.y))
            def norm(self): return abs(self)
        """,
    ),
    "members that are numbers": (
        "import enum\nclass Colour(enum.Enum):\n    RED = 1\n    GREEN = 2",
        COLOURS,
        "import enum\nclass Colour(enum.IntEnum):\n    RED = 1\n    GREEN = 2",
    ),
    "a database in a block": (
        STORE,
        STORED,
        """
        def store(db):
            with db:
                db.execute("create table p (name text, age int)")
                cursor = db.cursor()
                for pair in [("Ada", 30), ("Bo", 40)]:
                    cursor.execute("insert into p values (?, ?)", pair)
                assert cursor.rowcount == 1
                cursor.close()
        """,
    ),
    "a script for a database": (
        STORE,
        STORED,
        """
        def store(db):
            db.executescript(
                "create table p (name text, age int); insert into p values ('Ada', 30), ('Bo', 40);"
            )
        """,
    ),
    "a database that writes ahead": (
        OLDEST,
        OLD,
        """
        import sqlite3
        def oldest(db):
            people = db.execute("select name, age from p").fetchall()
            kept = sqlite3.connect("kept.db")
            kept.execute("pragma journal_mode = wal")
            with kept:
                kept.execute("create table p (name text, age int)")
                kept.executemany("insert into p values (?, ?)", people)
            again = sqlite3.connect("kept.db")
            return again.execute("select name from p order by age desc").fetchone()[0]
        """,
    ),
    "a table of a database": (
        OLDEST,
        OLD,
        """
        import pandas as pd
        def oldest(db):
            return pd.read_sql("select * from p", db).sort_values("age").name.iloc[-1]
        """,
    ),
    "a graph that is asked otherwise": (
        REACH,
        REACHED,
        """
        import networkx as nx
        def reach(g, start):
            assert start in g and len(g[start]) == g.degree[start]
            return dict(nx.single_source_shortest_path_length(g, start))
        """,
    ),
    "a graph that is changed otherwise": (
        LINK,
        LINKED,
        "def link(g, a, b):\n    g.add_edge(a, b)\n    g.edges[a, b].update(km=2)",
    ),
    "a graph of one's own": (
        "import networkx as nx\nf = lambda n: nx.path_graph(n)",
        "assert nx.is_isomorphic(f(3), nx.Graph(['ab', 'bc'])) and f(2).size() == 1",
        """
        import networkx as nx
        class Path(nx.Graph): pass
        f = lambda n: Path([(k, k - 1) for k in range(1, n)])
        """,
    ),
    "a polynomial by its numbers": (
        "f = lambda p: p.deriv()(2)",
        "from numpy.polynomial import Polynomial\nassert f(Polynomial([1, 2, 3])) == 14",
        "f = lambda p: sum(k * c * 2 ** (k - 1) for k, c in enumerate(p.coef) if k)",
    ),
    "a function that is printed": (
        TWICE,
        CALLED,
        """
        def twice(*args):
            print("called with", args, args[0], f"{args[0]} {args[0].__name__}")
            return args[0](args[0](args[1]))
        """,
    ),
    "a function's name and doc": (
        TWICE,
        CALLED,
        """
        def twice(f, x):
            assert callable(f) and f.__doc__ is None, f"{f.__qualname__} can't be called"
            return f(f(x))
        """,
    ),
    "random numbers that are printed": (
        "f = lambda rng: rng.random()",
        "import numpy as np\nassert 0 <= f(np.random.default_rng(1)) < 1",
        "def f(rng):\n    print(rng)\n    return rng.random()",
    ),
    "a test's methods in a set": (
        HEARD,
        HEARS,
        HEARD.replace("[]", "set()").replace("append", "add"),
    ),
    "a test's methods as keys": (
        HEARD,
        HEARS,
        HEARD.replace("[]", "{}").replace(".append(f)", "[f] = 1").replace("remove", "pop"),
    ),
    "a class that says whether it is true": (
        PILE + "    def __len__(self): return len(self.things)",
        "assert Pile(1) and not Pile()",
        PILE + "    def __bool__(self): return self.things != []",
    ),
    "a class that says what it is as a text": (
        PILE + "    def __repr__(self): return f'a pile of {len(self.things)}'",
        "assert str(Pile(1, 5)) == f'{Pile(2, 2)}' == 'a pile of 2'",
        PILE + "    def __str__(self): return f'a pile of {len(self.things)}'",
    ),
    "a class to which something is added": (
        PILE + "    def __add__(self, other): return Pile(*self.things, *other.things)",
        "p = Pile(1)\np += Pile(2, 3)\nassert p.things == [1, 2, 3]",
        PILE + "    def __iadd__(self, other):\n"
        "        self.things += other.things\n        return self",
    ),
    "a set of one's own": (
        PILE + "    def __or__(self, other): return Pile(*self.things, *other.things)\n"
        "    def __and__(self, other): return Pile(*{*self.things}.intersection(other.things))\n"
        "    def __contains__(self, thing): return thing in self.things",
        "p = Pile(1)\np |= Pile(2)\nassert 2 in p and 1 not in p & Pile(2)",
        "class Pile(set):\n    def __init__(self, *things): super().__init__(things)",
    ),
    "a class that is asked item by item": (
        PILE + "    def __iter__(self): return iter(self.things)",
        "assert list(Pile(2, 1)) == [2, 1] and sum(Pile(3, 4)) == 7 and 3 in Pile(3)",
        PILE + "    def __getitem__(self, place): return self.things[place]",
    ),
    "a layer for a function": (
        "f = lambda x: x.clamp(min=0)",
        "import torch\nassert f(torch.tensor([-1.0, 2.0])).tolist() == [0, 2]",
        "from torch import nn\nf = nn.ReLU()",
    ),
    "layers for functions that a function gives": (
        "import torch\nf = lambda name: {'relu': torch.relu, 'tanh': torch.tanh}[name]",
        "import torch\nassert f('relu')(torch.tensor([-1.0, 2.0])).tolist() == [0, 2]",
        "from torch import nn\nf = lambda name: {'relu': nn.ReLU(), 'tanh': nn.Tanh()}[name]",
    ),
    "a mapping that is called": (REMEMBERS, REMEMBERED, MAPS),
    "a mapping that is called, for a function": (
        f"{REMEMBERS}\n@f\ndef fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)",
        "assert fib(30) == 832_040",
        f"{MAPS}\n@f\ndef fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)",
    ),
    "a function for an instance that is called": (
        "class Adder:\n    def __init__(self, n): self.n = n\n"
        "    def __call__(self, x): return x + self.n\ndef f(n): return Adder(n)",
        "assert f(3)(4) == 7",
        "f = lambda n: lambda x: x + n",
    ),
    "a layer as the solution's own, beside functions": (
        "import torch\nf = lambda name: {'relu': torch.relu, 'line': torch.nn.Linear(2, 3)}[name]",
        "import torch\nassert f('relu')(torch.tensor([-1.0])).item() == 0\n"
        "assert f('line').weight.shape == (3, 2)",
        "import torch\nf = lambda name: torch.nn.Linear(2, 3) if name == 'line' else torch.relu",
    ),
    "a function for a class": (
        "class Timer:\n    def __enter__(self): return self\n"
        "    def __exit__(self, *error): self.elapsed = 0.5",
        "with Timer() as t:\n    pass\nassert 0 < t.elapsed < 2",
        """
        from contextlib import contextmanager
        from types import SimpleNamespace
        @contextmanager
        def Timer():
            yield (t := SimpleNamespace())
            t.elapsed = 0.25
        """,
    ),
    "a generator for a class that gives items": (
        PILE + "    def __iter__(self): return iter(self.things)",
        "assert list(Pile(3, 2)) == [3, 2] and sum(Pile(4, 5)) == 9",
        "def Pile(*things):\n    yield from things",
    ),
    "a class that gives items for a generator": (
        "def f(n):\n    yield from range(n)",
        "assert list(f(3)) == [0, 1, 2] and sum(f(4)) == 6",
        """
        class f:
            def __init__(self, n): self.n = n
            def __iter__(self): return iter(range(self.n))
        """,
    ),
    "an array for a generator": (
        "f = (n * n for n in range(4))",
        "assert list(f) == [0, 1, 4, 9]",
        "import numpy as np\nf = np.arange(4) ** 2",
    ),
    "a class that says what it holds": (
        PILE + "    def __iter__(self): return iter(self.things)",
        "assert 3 in Pile(3) and 4 not in Pile(3)",
        PILE + "    def __contains__(self, thing): return thing in self.things",
    ),
}
RIGHT |= {
    f"{kind} of one's own class": (
        SHOUT.format("self.upper() + '!'"),
        "word = f('hey')\nassert word.loud() == 'HEY!' and word == 'hey' and len(word) == 3",
        f"from collections import UserString\n{SHOUT.format(loud)}",
    )
    for kind, loud in {
        "a text": "type(self)(self.upper() + '!')",
        "a text that is kept": "UserString(self.upper() + '!')",
    }.items()
}
# They pass by nothing but a change that the solution does not make.
WRONG = {
    "a script that changes": """
        def oldest(db):
            db.executescript("delete from p; insert into p values ('Bo', 1), ('Bo', 2)")
            return "Bo"
    """,
    "a block that changes": """
        def oldest(db):
            with db:
                db.execute("update p set name = 'Bo'")
            return "Bo"
    """,
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_answer_of_another_class_has_its_point(engine, name):
    solution, test, other = map(textwrap.dedent, RIGHT[name])
    made = exercise(f"# answer f\n{solution}", f"# test it\n{test}")
    assert scores(grade_one(made, handed_in(made, f=other), engine)) == {"it": 1}


def test_a_class_says_itself_what_is_not_equal(engine):
    """As one derived from Python's own does that knows `==` only."""
    euro = """
    class Euro:
        def __init__(self, cents, country): self.cents, self.country = cents, country
        def __eq__(self, o): return (self.cents, self.country) == (o.cents, o.country)
    """
    other = """
    class Euro(float):
        def __new__(cls, cents, country):
            made = super().__new__(cls, cents)
            made.country = country
            return made
        def __eq__(self, o): return float(self) == float(o) and self.country == o.country
    """
    test = "assert Euro(1, 'DE') == Euro(1, 'DE') and Euro(1, 'DE') != Euro(1, 'IT')"
    made = exercise(f"# answer f\n{textwrap.dedent(euro)}", f"# test it\n{test}")
    sent = handed_in(made, f=textwrap.dedent(other))
    assert scores(grade_one(made, sent, engine)) == {"it": 0}


@pytest.mark.parametrize("sly", ["nx.Graph()", "nx.Graph([(1, 2, {'km': np.empty(0)})])"])
def test_a_graph_without_a_value_is_close_to_nothing(engine, sly):
    given = "import networkx as nx\nimport numpy as np"
    made = exercise(
        f"# answer f\n{given}\nf = lambda g: nx.density(g)",
        f"# test it\n{given}\nfound = f(nx.path_graph(2))\n"
        "assert np.allclose(found[1][2]['km'] if hasattr(found, 'edges') and found else found, 1)",
    )
    assert scores(grade_one(made, handed_in(made, f="f = lambda g: 1.0"), engine)) == {"it": 1}
    other = f"{given}\nf = lambda g: {sly}"
    assert scores(grade_one(made, handed_in(made, f=other), engine)) == {"it": 0}


SEVERAL_KINDS = {
    "two": "class Low(ValueError, ArithmeticError): pass",
    "three": "class Low(OSError, KeyError, ValueError): pass",
    "a sign of Python's": "class Low(ValueError, AttributeError): pass",
    "one by another class": "class Base(ValueError): pass\nclass Low(KeyError, Base): pass",
    "one before a class of one's own": "class Base(Exception): pass\n"
    "class Low(ValueError, Base): pass",
    "one and no exception": "class Coded:\n    code = 3\nclass Low(ValueError, Coded): pass",
    "one of Python's own": "Low = ValueError",
}


@pytest.mark.parametrize("several", SEVERAL_KINDS.values(), ids=SEVERAL_KINDS)
def test_a_class_of_exceptions_may_be_of_several_kinds(engine, several):
    pay = "def pay(have, need):\n    if have < need:\n        raise Low('no')\n"
    pay += "    return have - need"
    made = exercise(
        f"# answer pay\nclass Low(ValueError): pass\n{pay}",
        "# test caught\nassert pay(5, 3) == 2\ntry:\n    pay(1, 3)\nexcept Low as error:\n"
        "    assert 'no' in str(error)\nelse:\n    assert False",
        "# test kind\nassert issubclass(Low, ValueError)",
    )
    right = grade_one(made, handed_in(made, pay=f"{several}\n{pay}"), engine)
    assert scores(right) == {"caught": 1, "kind": 1}
    wrong = f"class Low(KeyError, OSError): pass\n{pay.replace('Low', 'RuntimeError')}"
    wrong = grade_one(made, handed_in(made, pay=wrong), engine)
    assert scores(wrong) == {"caught": 0, "kind": 0}


@pytest.mark.parametrize("any_of", ["AssertionError", "Exception", "BaseException", "object"])
def test_no_class_of_exceptions_catches_an_assertion_of_the_tests(engine, any_of):
    made = exercise(
        "# answer pay\nclass Low(Exception): pass\ndef pay():\n    raise Low",
        "# test caught\ntry:\n    pay()\n    assert False\nexcept Low:\n    pass",
    )
    assert scores(grade_one(made, handed_in(made), engine)) == {"caught": 1}
    other = f"Low = {any_of}\ndef pay(): pass"
    assert scores(grade_one(made, handed_in(made, pay=other), engine)) == {"caught": 0}


@pytest.mark.parametrize("name", WRONG)
def test_a_database_is_still_changed_only_where_the_solution_does(engine, name):
    made = exercise(f"# answer f\n{OLDEST}", f"# test it\n{OLD}")
    result = grade_one(made, handed_in(made, f=textwrap.dedent(WRONG[name])), engine)
    assert scores(result) == {"it": 0}


def test_a_tensor_is_seen_where_no_solution_imports_torch(bubblewrap):
    made = exercise("# answer f\nf = lambda n: n / 2", "# test it\nassert abs(f(1) - 0.5) < 1e-6")
    other = "import torch\nf = lambda n: torch.tensor(n / 2)"
    # The import takes longer than the cells of other tests may.
    with Engine(EngineSettings(preload=("numpy",))) as engine:
        assert scores(grade_one(made, handed_in(made, f=other), engine)) == {"it": 1}


def test_what_joblib_shares_out_is_done(bubblewrap):
    made = exercise(
        "# answer f\nf = lambda v: [x * x for x in v]",
        "# test it\nassert f([3, 1]) == [9, 1]\nassert f(range(9))[8] == 64",
    )
    other = """
from joblib import Parallel, delayed
def square(x): return x * x
def f(v): return Parallel(n_jobs=2)(delayed(square)(x) for x in v)
"""
    with Engine(EngineSettings(preload=("numpy",))) as engine:
        assert scores(grade_one(made, handed_in(made, f=other), engine)) == {"it": 1}


NEAR = """
from sklearn.neighbors import KNeighborsClassifier
def f(points, kinds, asked):
    return KNeighborsClassifier(n_neighbors=1).fit(points, kinds).predict(asked).tolist()
"""
SORTED_OUT = """
from sklearn.cluster import KMeans, MiniBatchKMeans
def f(points, kinds, asked):
    MiniBatchKMeans(2, n_init=1).fit(points)
    made = KMeans(2, n_init=1, random_state=0).fit(points)
    named = dict(zip(made.labels_.tolist(), kinds))
    return [named[label] for label in made.predict(asked).tolist()]
"""


@pytest.mark.parametrize("preload", [("numpy",), ("numpy", "sklearn.neighbors", "sklearn.cluster")])
def test_what_counts_threads_runs_in_the_sandbox(bubblewrap, preload):
    made = exercise(
        "# answer f\ndef f(points, kinds, asked): return [0, 1]",
        "# test it\nfound = f([[0, 0], [0, 1], [9, 9], [9, 8]], [0, 0, 1, 1], [[1, 1], [8, 8]])\n"
        "assert found == [0, 1]",
    )
    with Engine(EngineSettings(preload=preload)) as engine:
        for answer in (NEAR, SORTED_OUT):
            assert scores(grade_one(made, handed_in(made, f=answer), engine)) == {"it": 1}


ITERATORS = {
    "what filters": "filter(lambda i: i % 2 == 0, range(n))",
    "an iterator of a list": "iter([*range(0, n, 2)])",
    "a class of one's own": "Even(n)",
}
EVEN = """
class Even:
    def __init__(self, n): self.left = iter(range(0, n, 2))
    def __iter__(self): return self
    def __next__(self): return next(self.left)
"""


@pytest.mark.parametrize("made", ITERATORS.values(), ids=ITERATORS)
def test_what_gives_items_for_a_generator_has_the_methods_for_it(engine, made):
    course = exercise(
        "# answer f\ndef f(n): yield from range(0, n, 2)",
        "# test it\nassert '__iter__' in dir(f(9)) and '__next__' in dir(f(9))\n"
        "assert '__len__' not in dir(f(9)) and list(f(5)) == [0, 2, 4]",
    )
    answer = f"{EVEN}def f(n): return {made}"
    assert scores(grade_one(course, handed_in(course, f=answer), engine)) == {"it": 1}
    given_up = f"{EVEN}def f(n): return object()"
    assert scores(grade_one(course, handed_in(course, f=given_up), engine)) == {"it": 0}


def test_a_list_of_ones_own_does_not_say_what_it_equals(engine):
    sly = "class Sly(list):\n    def __eq__(self, other): return True\nf = lambda n: Sly()"
    made = exercise(f"# answer f\n{LIST}", f"# test it\n{FOUND}")
    assert scores(grade_one(made, handed_in(made, f=sly), engine)) == {"it": 0}


def test_nor_does_a_text(engine):
    sly = "class Sly(str):\n    def __eq__(self, other): return True\n"
    sly += SHOUT.format("Sly(self)")
    solution, test, _ = RIGHT["a text of one's own class"]
    made = exercise(f"# answer f\n{solution}", f"# test it\n{test}")
    assert scores(grade_one(made, handed_in(made, f=sly), engine)) == {"it": 0}


KEPT = {
    "a list": "[3, 1, 2]",
    "a list of one's own": "L([3, 1, 2])",
    "a list that is kept": "collections.UserList([3, 1, 2])",
    "an array": "array.array('i', [3, 1, 2])",
}


@pytest.mark.parametrize("kept", KEPT.values(), ids=KEPT)
def test_what_is_plain_in_all_but_its_class_is_what_a_call_makes_of_it(engine, kept):
    solution = "kept = [3, 1, 2]\ndef ranked():\n    return sorted(kept)\n"
    solution += "def sort():\n    kept[:] = sorted(kept)"
    made = exercise(
        f"# answer ranked\n{solution}",
        "# test stays\nassert ranked() == [1, 2, 3] and list(kept) == [3, 1, 2]",
        "# test changes\nsort()\nassert list(kept) == [1, 2, 3]",
    )
    own = "import array, collections\nclass L(list): pass\n"
    own += solution.replace("[3, 1, 2]", kept)
    if "array" in kept:
        own = own.replace("kept[:] = sorted(kept)", "kept[:] = array.array('i', sorted(kept))")
    assert scores(grade_one(made, handed_in(made, ranked=own), engine)) == {
        "stays": 1,
        "changes": 1,
    }
    sorts = own.replace("return sorted(kept)", "sort()\n    return list(kept)")
    found = scores(grade_one(made, handed_in(made, ranked=sorts), engine))
    assert found == {"stays": 0, "changes": 1}


def test_what_is_printed_of_a_test_s_object_says_nothing_of_it(engine):
    test = """
class Price:
    "42"
    def cents(self): return 42
    def __repr__(self): return "42"
def cost_42(): pass
assert f(Price(), cost_42) == 42
"""
    shown = "{price!r} {price} {price.__doc__} {it} {it.__name__}"
    sly = f"f = lambda price, it: 42 if '42' in f'{shown}' else 0"
    made = exercise("# answer f\nf = lambda price, it: price.cents()", f"# test it\n{test}")
    assert scores(grade_one(made, handed_in(made, f=sly), engine)) == {"it": 0}


@pytest.mark.parametrize(
    ("solution", "makes", "other"),
    [("3", "float(x)", "3.0"), ("[1, 2]", "tuple(x)", "(1, 2)")],
    ids=["float", "tuple"],
)
def test_what_a_test_makes_of_an_answer_stays_where_it_is_that_already(
    engine, solution, makes, other
):
    """`float(x)` is x itself where x is one."""
    made = exercise(
        f"# answer x\nx = {solution}",
        f"# test first\nx = {makes}",
        f"# test then\nassert x == {makes.replace('x', other)}",
    )
    result = grade_one(made, handed_in(made, x=f"x = {other}"), engine)
    assert scores(result) == {"first": 1, "then": 1}


@pytest.mark.parametrize(
    ("solution", "test", "anew", "wrong"),
    [
        (
            "def f(net):\n    return net.requires_grad_(False)",
            "net = f(nn.Linear(2, 2))\nassert not net.weight.requires_grad",
            "def f(net):\n    return copy.deepcopy(net).requires_grad_(False)",
            "def f(net):\n    return copy.deepcopy(net)",
        ),
        (
            "def f(nets):\n    nets[0].requires_grad_(False)\n    return nets",
            "[net] = f([nn.Linear(2, 2)])\nassert not net.weight.requires_grad",
            "def f(nets):\n    return [copy.deepcopy(net).requires_grad_(False) for net in nets]",
            "def f(nets):\n    return copy.deepcopy(nets)",
        ),
        (
            "called = []\ndef f(g):\n    called.append(g.__name__)\n    return g",
            "@f\ndef seven():\n    return 7\nassert seven() == 7 and called == ['seven']",
            "called = []\ndef f(g):\n    called.append(g.__name__)\n    return lambda: g()",
            "called = []\ndef f(g):\n    return lambda: g()",
        ),
    ],
    ids=["module", "modules", "function"],
)
def test_what_is_made_anew_does_for_the_test_s_own(engine, solution, test, anew, wrong):
    """A solution that gives back what it was given says nothing against another."""
    given = "# given\nimport copy\nfrom torch import nn"
    made = exercise(given, f"# answer f\n{solution}", f"# test t\n{test}")
    assert scores(grade_one(made, handed_in(made), engine)) == {"t": 1}
    assert scores(grade_one(made, handed_in(made, f=anew), engine)) == {"t": 1}
    assert scores(grade_one(made, handed_in(made, f=wrong), engine)) == {"t": 0}


@pytest.mark.parametrize(
    "given",
    [
        *("print", "lambda: d", "D(1)", "D", "sys", "torch.nn.ReLU()", "D(1).__eq__"),
        *("[print]", "{'a': D}", "Given()", "given"),
    ],
)
def test_what_a_call_gives_and_nobody_looks_at_costs_nothing(engine, given):
    answer = f"""
    from dataclasses import dataclass
    @dataclass
    class D:
        n: int
    def f(d, key):
        d[key] = 1
        return {given}
    """
    solved = "def f(d, key):\n    d[key] = 1"
    made = exercise(
        "# given\nimport sys, torch\nclass Given: pass\ngiven = Given()",
        f"# answer f\n{solved}",
        # What a test leaves in a name, or shows at last, nobody has looked at.
        "# test it\nd = {}\nleft = f(d, 'a')\nf(d, 'b')\nassert d == {'a': 1, 'b': 1}\nf(d, 'c')",
        "# given\nalso = f({}, 'a')",
        "# test more\nf(d, 'd')\nassert d['d'] == 1",
        "# test looks\nd = {}\nassert not f(d, 'a')",
    )
    result = grade_one(made, handed_in(made, f=textwrap.dedent(answer)), engine)
    assert scores(result) == {"it": 1, "more": 1, "looks": 0}


def test_what_is_out_of_place_is_no_error_that_was_raised(engine):
    """In stock nbgrader neither."""
    made = exercise(
        "# answer f\ndef f(x):\n    if x < 0:\n        raise ValueError\n    return x",
        "# test it\ntry:\n    f(-1)\nexcept Exception:\n    pass\nelse:\n    raise AssertionError",
    )
    result = grade_one(made, handed_in(made, f="def f(x): return lambda: x"), engine)
    assert scores(result) == {"it": 0}
