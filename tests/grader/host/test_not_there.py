"""A test may ask that something is not so: what the solution lacks other answers may have."""

from __future__ import annotations

import pytest

from grader import grade_one
from tests.grader.conftest import exercise, handed_in, scores

GIVEN = (
    "# given\nimport functools, operator\nimport numpy as np, pandas as pd, torch\n"
    "from torch import nn\n"
    "class Box:\n    def __init__(self, w, h):\n        self.w, self.h = w, h\n"
    "    @functools.cached_property\n    def area(self):\n        return self.w * self.h\n"
    "def fails(f, kind):\n    try:\n        f()\n    except kind:\n        return True\n"
    "    return False"
)
ERROR = "class E({}): pass\ndef f(x):\n    if x < 0: raise E('below 0')\n    return x"
TOLD = "def f(x):\n    if x < 0: raise {}\n    return x"
BLOCK = "class Block:\n    def __enter__(self): return self\n    def __exit__(self, *a): return {}"
KEPT = (
    "def told():\n    try:\n        f(-1)\n    except Exception as error:\n"
    "        return error.args[0]\n"
)
VECTOR = (
    "class V:\n    def __init__(self, x): self.x = x\n"
    "    def __eq__(self, o): return self.x == o.x\n"
    "    def __getitem__(self, n): return self.x\n    def __add__(self, o): return V(self.x + o.x)"
)
ACCOUNT = "class A:\n    def __init__(self, n): self.{0} = n\n    def get(self): return self.{0}"
STACK = (
    "class Stack:\n    def __init__(self): self.xs = []\n"
    "    def push(self, x): self.xs.append(x)\n"
    "    def pop(self): return self.xs.pop()"
)
LOOK = (
    "def look(net, x):\n    seen = []\n"
    "    handle = net[0].register_forward_hook(lambda m, i, o: seen.append(o))\n"
    "    net(x)\n    {}\n    return seen[0]"
)
TWICE = (
    "def twice(net, x):\n"
    "    handle = net[0].register_forward_hook(lambda m, i, o: 2 * o)\n"
    "    y = net(x)\n    {}\n    return y"
)
LOOKED = (
    "net, x = nn.Sequential(nn.Linear(2, 3), nn.ReLU()), torch.randn(4, 2)\n"
    "assert torch.allclose(look(net, x), net[0](x))\n"
)
ROWS = (
    "rows = [('a', 1), ('b', 1), ('b', 2)]\n"
    "df = pd.DataFrame({'x': [1, 2, 3]}, index=pd.MultiIndex.from_tuples(rows))\n"
)
PART = "def part(df):\n    out = df.loc[['a']].copy()\n    {}\n    return out"
# The solution, the test, a wrong answer, and another right one.
CASES = {
    "an error that no `except Exception` catches": (
        ERROR.format("Exception"),
        "assert f(1) == 1 and fails(lambda: f(-1), Exception)",
        ERROR.format("BaseException"),
        ERROR.format("LookupError"),
    ),
    "a sign for Python in the place of an error": (
        TOLD.format("ValueError"),
        "assert fails(lambda: f(-1), Exception)",
        TOLD.format("KeyboardInterrupt"),
        TOLD.format("OverflowError(10**30)"),
    ),
    "an assertion that a block keeps": (
        BLOCK.format("False"),
        "def leave():\n    with Block():\n        raise AssertionError\n"
        "assert fails(leave, AssertionError)",
        BLOCK.format("True"),
        BLOCK.format("None"),
    ),
    "an assertion that a function keeps": (
        "def run(f):\n    return f()",
        "def leave():\n    raise AssertionError\nassert fails(lambda: run(leave), AssertionError)",
        "def run(f):\n    try:\n        return f()\n    except Exception:\n        pass",
        "def run(f):\n    try:\n        return f()\n    finally:\n        pass",
    ),
    "an error without a text": (
        TOLD.format("ValueError('below 0')"),
        f"{KEPT}assert isinstance(told(), str)",
        TOLD.format("ValueError(x)"),
        TOLD.format("ValueError(f'{x} is below 0')"),
    ),
    "the text of a KeyError": (
        TOLD.format("KeyError('x')"),
        f"{KEPT}assert told() == 'x'",
        TOLD.format("KeyError(\"'x'\")"),
        TOLD.format("KeyError(str('x'))"),
    ),
    "items that can be set": (
        VECTOR,
        "v = V(1)\nassert v[0] == 1 and fails(lambda: operator.setitem(v, 0, 2), "
        "TypeError) and v[0] == 1",
        f"{VECTOR}\n    def __setitem__(self, n, x): self.x = x",
        VECTOR.replace("return self.x\n", "return (self.x,)[0]\n"),
    ),
    "an order": (
        VECTOR,
        "assert V(1) == V(1) and fails(lambda: V(1) < V(2), TypeError)",
        f"{VECTOR}\n    def __lt__(self, o): return True",
        f"{VECTOR}\n    def __lt__(self, o): return NotImplemented",
    ),
    "a sum from the other side": (
        VECTOR,
        "assert V(1) + V(2) == V(3) and fails(lambda: 3 + V(1), TypeError)",
        f"{VECTOR}\n    def __radd__(self, o): return self",
        VECTOR.replace("self.x + o.x", "o.x + self.x"),
    ),
    "a sign": (
        VECTOR,
        "assert fails(lambda: -V(1), TypeError)",
        f"{VECTOR}\n    def __neg__(self): return V(-self.x)",
        f"{VECTOR}\n    def __neg__(self): raise TypeError",
    ),
    "an attribute that all see": (
        ACCOUNT.format("_n"),
        "assert A(3).get() == 3 and not hasattr(A(3), 'balance')",
        ACCOUNT.format("balance"),
        ACCOUNT.format("amount"),
    ),
    "a base that is a list": (
        STACK,
        "s = Stack()\ns.push(4)\nassert s.pop() == 4 and not isinstance(s, list)",
        "class Stack(list):\n    def push(self, x): self.append(x)",
        STACK.replace("[]", "list()"),
    ),
    "a value that is out of date": (
        "def widen(box, w):\n    box.w = w\n    vars(box).pop('area', None)",
        "box = Box(2, 3)\nassert box.area == 6\nwiden(box, 5)\nassert box.area == 15",
        "def widen(box, w):\n    box.w = w",
        "def widen(box, w):\n    box.w = w\n    box.area = w * box.h",
    ),
    "a hook that is left": (
        LOOK.format("handle.remove()"),
        f"{LOOKED}assert not net[0]._forward_hooks",
        LOOK.format("pass"),
        LOOK.format("net[0]._forward_hooks.clear()"),
    ),
    "a hook that changes what the test's network gives": (
        LOOK.format("handle.remove()"),
        f"{LOOKED}assert net(x).shape == (4, 3)",
        LOOK.format("net[1].register_forward_hook(lambda m, i, o: o[:1])"),
        LOOK.format("net[1].register_forward_hook(lambda m, i, o: o.sum() and None)"),
    ),
    "a call that comes in the place of the network's": (
        LOOK.format("handle.remove()"),
        f"{LOOKED}assert net(x).shape == (4, 3)",
        LOOK.format("net[1].forward = lambda x: x[:1]"),
        LOOK.format("net[1].forward = lambda x: x.relu()"),
    ),
    "a hook that is left for the next call": (
        TWICE.format("handle.remove()"),
        "net, x = nn.Sequential(nn.Linear(2, 3), nn.ReLU()), torch.ones(4, 2)\n"
        "nn.init.ones_(net[0].weight)\nassert torch.equal(twice(net, x), twice(net, x))",
        TWICE.format("pass"),
        "def twice(net, x):\n    return net[1](2 * net[0](x))",
    ),
    "memory that is the argument's": (
        "def tail(x):\n    return x[1:].copy()",
        "x = np.arange(4)\ny = tail(x)\ny[0] = 9\nassert list(x) == [0, 1, 2, 3] and len(y) == 3",
        "def tail(x):\n    return x[1:]",
        "def tail(x):\n    return np.array(list(x)[1:])",
    ),
    "parts of the argument's memory": (
        "def halves(x):\n    return [x[:2].clone(), x[2:].clone()]",
        "x = torch.zeros(4)\na, b = halves(x)\nb += 1\nassert not x.any() and a.sum() == 0",
        "def halves(x):\n    return x.chunk(2)",
        "def halves(x):\n    return x.clone().chunk(2)",
    ),
    "memory that is another answer's": (
        "a = np.arange(4)\nb = a.copy()",
        "b[0] = 7\nassert a[0] == 0 and b[1] == 1",
        "a = np.arange(4)\nb = a.view()",
        "a = np.arange(4)\nb = np.arange(4)",
    ),
    "rows that do not lie in one piece": (
        "def ones():\n    return np.ones((2, 3))",
        "assert ones().shape == (2, 3) and ones().flags['C_CONTIGUOUS']",
        "def ones():\n    return np.ones((3, 2)).T",
        "def ones():\n    return np.full((2, 3), 1)",
    ),
    "labels that no row uses any more": (
        PART.format("out.index = out.index.remove_unused_levels()"),
        f"{ROWS}assert list(part(df).index.levels[0]) == ['a'] and len(part(df)) == 1",
        PART.format("pass"),
        "def part(df):\n    return df.reset_index().query('level_0 == \"a\"')"
        ".set_index(['level_0', 'level_1'])",
    ),
}


@pytest.mark.parametrize(("solved", "test", "wrong", "right"), CASES.values(), ids=CASES)
def test_what_is_not_to_be_there_is_looked_for(engine, solved, test, wrong, right):
    made = exercise(GIVEN, f"# answer a\n{solved}", f"# test t\n{test}")
    for answer, earned in ((solved, 1), (right, 1), (wrong, 0)):
        assert scores(grade_one(made, handed_in(made, a=answer), engine)) == {"t": earned}


FREELY = {
    "an error of any value": (
        TOLD.format("ValueError('below 0')"),
        "assert fails(lambda: f(-1), ValueError)",
        TOLD.format("ValueError([x], '\\ud800')"),
    ),
    "a hook that a test does not look for": (LOOK.format("handle.remove()"), LOOKED, "pass"),
    "an operator that a test does not ask for": (
        VECTOR,
        "assert V(1) + V(2) == V(3)",
        f"{VECTOR}\n    def __radd__(self, o): return self\n    def __lt__(self, o): return True",
    ),
    "an assertion that a block keeps, as the solution's": (
        BLOCK.format("a[0] is AssertionError"),
        "with Block():\n    raise AssertionError",
        BLOCK.format("bool(a[0]) and issubclass(a[0], AssertionError)"),
    ),
    "columns of little": (
        "def f(s):\n    return pd.get_dummies(s)",
        "assert f(pd.Series(['a', 'b', 'a']))['a'].sum() == 2",
        "def f(s):\n    return pd.get_dummies(s, sparse=True)",
    ),
    "a part that a test does not change": (
        "def tail(x):\n    return x[1:].copy()",
        "assert list(tail(np.arange(4))) == [1, 2, 3] and tail(np.ones(3)).sum() == 2",
        "def tail(x):\n    return x[1:]",
    ),
    "a part where the solution has one": (
        "def column(x):\n    return x[:, 0]",
        "x = np.eye(2)\ncolumn(x)[1] = 5\nassert x[1, 0] == 5",
        "def column(x):\n    return x.T[0]",
    ),
    "a part of what was changed": (
        "def tail(x):\n    return x[1:] * 2",
        "assert list(tail(np.arange(3))) == [2, 4]",
        "def tail(x):\n    x *= 2\n    return x[1:]",
    ),
    "a part of a table with all its labels": (
        PART.format("pass"),
        f"{ROWS}pd.testing.assert_frame_equal(part(df), df.iloc[:1])",
        "def part(df):\n    return df[df.index.get_level_values(0) == 'a']",
    ),
    "a class that is a list, as the solution's": (
        "class S(list):\n    def top(self): return self[-1]",
        "s = S([1, 2])\nassert isinstance(s, list) and s.top() == 2 and [*s] == [1, 2]",
        "class S(list):\n    def top(self): return self[len(self) - 1]",
    ),
}


@pytest.mark.parametrize(("solved", "test", "other"), FREELY.values(), ids=FREELY)
def test_what_nobody_asks_about_costs_nobody_a_point(engine, solved, test, other):
    made = exercise(GIVEN, f"# answer a\n{solved}", f"# test t\n{test}")
    other = LOOK.format(other) if other == "pass" else other
    for answer in (solved, other):
        assert scores(grade_one(made, handed_in(made, a=answer), engine)) == {"t": 1}


def test_a_hook_of_the_tests_own_outlives_a_change(engine):
    made = exercise(
        GIVEN,
        "# answer a\ndef quiet(net):\n    net.eval()",
        "# test t\nseen, net = [], nn.Linear(2, 2)\n"
        "net.register_forward_hook(lambda m, i, o: seen.append(o))\nquiet(net)\n"
        "net(torch.ones(1, 2))\nassert len(seen) == 1 and not net.training",
    )
    assert scores(grade_one(made, handed_in(made), engine)) == {"t": 1}
