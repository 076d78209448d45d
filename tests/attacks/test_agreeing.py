"""Answers that agree with whatever a test asks of them, instead of being right.

A test asks a text whether it starts with something, a table whether it equals another one. If
something that says yes to everything may stand there, nobody has to know the answer. A class with
every such attack is graded from the command line, between two honest classmates: none wins the
point it is after.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.attacks.small_course import grade, lay
from tests.grader.conftest import cell, notebook, solution

NAME = "asking"
GIVEN = """import collections
import sys
import unittest.mock
import numpy as np
import pandas as pd
import torch
from torch import nn

class Bag:
    def __init__(self, items): self.items = items
    def __iter__(self): return iter(self.items)
    def __eq__(self, other): return all(a == b for a, b in zip(self, other))


def by_itself(source, data):
    bench = sys.modules.get('grading_bench')
    if bench is not None:
        return bench.call_alone(source, 'double', (data,), seconds=10)
    names = {}
    exec(source, names)
    return 'value', names['double'](list(data))"""
# By item: the solution, and the test.
ITEMS = {
    "word": ("word = 'hidden'", "assert word.startswith('hid')"),
    "label": ("def label(n):\n    return f'{n} g'", "assert label(12).endswith('12 g')"),
    "table": (
        "def table():\n    return pd.DataFrame({'a': [1, 2]})",
        "assert table().equals(pd.DataFrame({'a': [1, 2]}))",
    ),
    "numbers": (
        "def numbers():\n    return torch.arange(3.0)",
        "assert numbers().allclose(torch.arange(3.0))",
    ),
    "items": (
        "def items():\n    yield from ['ab', 'ac']",
        "assert all(item.startswith('a') for item in items())",
    ),
    "vector": (
        "class V:\n    def __init__(self, x): self.x = x\n"
        "    def __add__(self, other): return V(self.x + other.x)\n"
        "    def __eq__(self, other): return self.x == other.x\n"
        "    def name(self): return f'V({self.x})'",
        "assert V(1) + V(2) == V(3)\nassert V(3).name().startswith('V(3')",
    ),
    "adder": (
        "def adder(n):\n    return lambda x: x + n\ndef title(n):\n    return f'plus {n}'",
        "assert adder(2)(3) == 5\nassert title(2).endswith('2')",
    ),
    "leaving": (
        "def leaving(kind, error, trace):\n    return kind is KeyError",
        "import contextlib\nwith contextlib.ExitStack() as stack:\n    stack.push(leaving)\n"
        "    raise KeyError\nassert leaving(ValueError, ValueError(), None) is False\n"
        "with contextlib.ExitStack() as stack:\n    stack.push(leaving)\n"
        "    assert leaving(OSError, None, None) is False, 'no key'",
    ),
    "kind": ("kind = float", "assert isinstance(3.5, kind)"),
    "layer": (
        "def layer():\n    return nn.Linear",
        "assert isinstance(nn.Linear(2, 2), layer())",
    ),
    "visited": (
        "def visited(visit):\n    visit('node')",
        "def check(name):\n    seen.append(name.startswith('n'))\n"
        "seen = []\nvisited(check)\nassert seen and all(seen)",
    ),
    "net": (
        "def net():\n    return nn.Linear(3, 1)\n"
        "def about(n):\n    return type(n).__name__\ndef named():\n    return 'Linear'",
        "n = net()\nassert n.weight.shape == (1, 3)\n"
        "assert about(n).startswith('Lin') and named().startswith('Lin')",
    ),
    "bag": ("def bag():\n    return Bag([1, 2, 3])", "assert bag().items == [1, 2, 3]"),
    "tree": (
        "def tree(n):\n    return Bag([Bag([]), n])",
        "assert 2 in [item for item in tree(2) if type(item) is int]",
    ),
    "bus": (
        "def subscribe(called):\n    global handler\n    handler = called\n"
        "def publish(event):\n    handler(event)\ndef title():\n    return 'Bus'",
        "mock = unittest.mock.Mock()\nsubscribe(mock)\npublish('x')\n"
        "mock.assert_called_with('x')\nassert title().startswith('Bus')",
    ),
    "product": (
        "def product(n):\n    return 1 if n < 2 else n * product(n - 1)",
        "assert product(10) == 3628800 and [product(9)] == [362880]",
    ),
    "parts": (
        "def parts(n):\n    return np.arange(n)",
        "assert parts(1000).sum() == 499500 and len(parts(1000)) != 1",
    ),
    "count": ("def count(things):\n    return len(things)", "assert count(range(300)) == 300"),
    "halved": (
        "def halved(s):\n    return s / 2",
        "s = pd.Series([4.0, 6.0])\nassert ((halved(s) - s * 0.5).abs() < 1e-6).all()",
    ),
    "deposit": (
        "def deposit(account, amount):\n    account.balance += amount",
        "class Account:\n    __slots__ = ('__dict__', 'bank')\n"
        "    def __init__(self): self.balance, self.bank = 0, 'A'\n"
        "    def holds(self, n): return self.balance == n\n"
        "account = Account()\ndeposit(account, 50)\nassert account.holds(50)",
    ),
    "funds": (
        "class NoFunds(Exception):\n    pass\n"
        "def withdraw(balance, n):\n    if n > balance:\n        raise NoFunds(n)\n"
        "    return balance - n",
        "assert withdraw(5, 3) == 2\ntry:\n    withdraw(5, 9)\n    assert False, 'no error'\n"
        "except NoFunds:\n    pass",
    ),
    "decay": (
        "def decay(y, h, n):\n    return [y * (1 - h) ** k for k in range(n)]",
        "got = decay(2.0, 0.5, 4)\nassert len(got) == 4\n"
        "assert max(abs(a - b) for a, b in zip(got, [2, 1, 0.5, 0.25])) < 1e-6",
    ),
    "by_age": (
        "def by_age(df):\n    return df.sort_values('age')",
        "df = pd.DataFrame({'age': [30, 25, 41]})\ngot = by_age(df)\n"
        "assert sorted(got['age']) == [25, 30, 41]\nassert got['age'].is_monotonic_increasing",
    ),
    "in_order": (
        "def in_order(xs):\n    return sorted(xs)",
        "xs = [5, 2, 8]\ngot = in_order(xs)\nxs.sort()\nassert got == xs",
    ),
    "arranged": (
        "def arranged(xs):\n    return sorted(xs)",
        "import itertools\nxs = [5, 2, 8]\ngot = arranged(xs)\n"
        "assert sorted(got) == sorted(xs)\n"
        "assert all(a <= b for a, b in itertools.pairwise(got))",
    ),
    "shares": (
        "def shares(rows):\n    return [[x / sum(row) for x in row] for row in rows]",
        "rows = [[1.0, 3.0], [2.0, 2.0]]\ngot = shares(rows)\n"
        "for row in rows:\n    whole = sum(row)\n    row[:] = [x / whole for x in row]\n"
        "assert got == rows",
    ),
    "double": (
        "source = 'def double(data): return [2 * x for x in data]'",
        "data = [3, 1, 2]\nhow, got = by_itself(source, data)\n"
        "assert how == 'value' and got == [2 * x for x in data]",
    ),
}
AGREES = """class Agrees:
    def __iter__(self): return self
    def __next__(self): raise StopIteration
    def __getattr__(self, name):
        if name.startswith('_'): raise AttributeError(name)
        return lambda *args, **kwargs: True
"""
NO_ITERATOR = AGREES.replace("__iter__", "_i").replace("__next__", "_n")
IS_ANY = """class IsAny:
    def __iter__(self): return self
    def __next__(self): raise StopIteration
    def __instancecheck__(self, value): return True
"""
ONE_FIELD = "T = collections.namedtuple('T', 'startswith')\n"
# A module whose part is what a test takes for a method: it gives back what it gets.
PART = (
    "def net():\n    made = nn.Linear(3, 1)\n"
    "    made._modules['startswith'] = nn.Identity()\n    return made\n"
)
ADDS = "def adder(n): return lambda x: x + n\n"
SAYS_YES = "lambda *args: True"


@dataclass(frozen=True)
class Attack:
    """What is handed in for an item."""

    item: str
    source: str


ATTACKS = {
    "iterator-for-a-text": Attack("word", f"{AGREES}word = Agrees()"),
    "iterator-out-of-a-call": Attack("label", f"{AGREES}def label(n): return Agrees()"),
    "iterator-for-a-table": Attack("table", f"{AGREES}def table(): return Agrees()"),
    "iterator-for-a-tensor": Attack("numbers", f"{AGREES}def numbers(): return Agrees()"),
    "iterators-one-by-one": Attack("items", f"{AGREES}def items(): yield Agrees()"),
    "instance-where-another-call-gives-one": Attack(
        "vector", f"{ITEMS['vector'][0].replace('return f', 'return Agrees() or f')}\n{NO_ITERATOR}"
    ),
    "function-with-an-attribute": Attack(
        "adder", f"{ADDS}def yes(x): pass\nyes.endswith = {SAYS_YES}\ndef title(n): return yes"
    ),
    "named-tuple-with-a-function": Attack(
        "adder",
        f"{ADDS}def title(n): return collections.namedtuple('T', 'endswith')({SAYS_YES})",
    ),
    "function-that-swallows-what-fails": Attack(
        "leaving", "def leaving(kind, *_):\n    return kind not in (ValueError,)"
    ),
    "iterator-for-a-class": Attack("kind", f"{IS_ANY}kind = IsAny()"),
    "iterator-for-a-class-out-of-a-call": Attack("layer", f"{IS_ANY}def layer(): return IsAny()"),
    "named-tuple-for-an-argument": Attack(
        "visited", f"{ONE_FIELD}def visited(visit): visit(T({SAYS_YES}))"
    ),
    "named-tuple-with-a-type-for-an-argument": Attack(
        "visited", f"{ONE_FIELD}def visited(visit): visit(T(str))"
    ),
    "module-for-an-argument": Attack("visited", f"{PART}def visited(visit): visit(net())"),
    "module-for-a-text": Attack(
        "net", f"{PART}def about(n): return 'Linear'\ndef named(): return net()"
    ),
    "module-of-the-test-for-a-text": Attack(
        "net", f"{PART}def about(n): return n\ndef named(): return 'Linear'"
    ),
    "named-tuple-with-a-module": Attack(
        "net",
        f"{PART}{ONE_FIELD}def about(n): return 'Linear'\ndef named(): return T(nn.Identity())",
    ),
    "instance-in-an-instance": Attack("bag", "def bag(): return Bag(Bag([]))"),
    "what-the-test-has-lent": Attack(
        "bus", ITEMS["bus"][0].replace("return 'Bus'", "return handler")
    ),
    "half-a-number-that-is-endless": Attack("product", "def product(n): return np.float16('inf')"),
    "half-a-tensor-that-is-endless": Attack(
        "product", "def product(n): return torch.tensor(float('inf'), dtype=torch.half)"
    ),
    "half-numbers-that-add-up-to-an-endless-one": Attack(
        "parts", "def parts(n): return np.full(200, 600, dtype='float16')"
    ),
    "half-weights-that-add-up-to-an-endless-one": Attack(
        "parts", "def parts(n): return torch.full((200,), 600.0, dtype=torch.half)"
    ),
    "half-a-column-that-adds-up-to-an-endless-one": Attack(
        "parts", "def parts(n): return pd.Series([6e4] * 9, dtype='float16')"
    ),
    "a-tensor-of-eight-bits": Attack(
        "product", "def product(n): return torch.tensor(1e4).to(torch.float8_e4m3fn)"
    ),
    "a-number-that-wraps": Attack(
        "count", "def count(things): return torch.tensor(44, dtype=torch.uint8)"
    ),
    "a-column-with-other-labels": Attack(
        "halved", "def halved(s): return pd.Series([0.0], index=[9], dtype='Float64')"
    ),
    "function-for-a-method-of-what-is-lent": Attack(
        "deposit", "def deposit(account, amount): account.holds = lambda n: True"
    ),
    "type-for-a-method-of-what-is-lent": Attack(
        "deposit", "def deposit(account, amount): account.holds = type(amount)"
    ),
    "all-errors-for-one-of-ones-own": Attack(
        "funds", "NoFunds = Exception\ndef withdraw(balance, n): return balance - n"
    ),
    "error-with-the-name-of-an-assertion": Attack(
        "funds",
        "class AssertionError(Exception): pass\nNoFunds = AssertionError\n"
        "def withdraw(balance, n): return balance - n",
    ),
    "what-is-no-number-after-the-first": Attack(
        "decay", "def decay(y, h, n): return [y] + [float('nan')] * (n - 1)"
    ),
    "array-of-what-is-no-number": Attack(
        "decay", "def decay(y, h, n): return np.array([y] + [np.nan] * (n - 1))"
    ),
    "tensor-of-what-is-no-number": Attack(
        "decay", "def decay(y, h, n): return torch.tensor([y] + [torch.nan] * (n - 1))"
    ),
    "column-of-what-is-no-number": Attack(
        "decay", "def decay(y, h, n): return pd.Series([y] + [np.nan] * (n - 1))"
    ),
    "complex-ones-that-are-none": Attack(
        "decay", "def decay(y, h, n): return [y] + [complex('nan')] * (n - 1)"
    ),
    "categories-in-an-order-of-their-own": Attack(
        "by_age",
        "def by_age(df):\n    order = df['age'].tolist()\n"
        "    return df.assign(age=pd.Categorical(order, categories=order, ordered=True))",
    ),
    "the-argument-given-back": Attack("in_order", "def in_order(xs): return xs"),
    "what-is-in-the-argument-given-back": Attack(
        "shares", "def shares(rows): return [row for row in rows]"
    ),
    "iterator-that-is-used-up": Attack("arranged", "def arranged(xs): return iter(xs)"),
    "iterator-of-other-things-each-time": Attack(
        "arranged",
        "class Turns:\n    def __init__(self, xs): self.turns = [[], xs]\n"
        "    def __iter__(self): return iter(self.turns.pop())\n"
        "    def __next__(self): raise StopIteration\n"
        "def arranged(xs): return Turns(xs)",
    ),
    "object-that-says-nothing": Attack("label", f"{NO_ITERATOR}def label(n): return Agrees()"),
    "what-runs-alone-empties-its-argument": Attack(
        "double", "source = 'def double(data):\\n    data.clear()\\n    return []'"
    ),
    "what-runs-alone-shortens-what-it-gives-back": Attack(
        "double", "source = 'def double(data):\\n    del data[:]\\n    return data'"
    ),
    "what-runs-alone-gives-no-data": Attack(
        "double", "source = 'def double(data):\\n    yield from [2 * x for x in data]'"
    ),
}
# What is as right as the solution, by item.
ALSO_RIGHT = {
    "word": "import pathlib\nword = str(pathlib.Path('hidden'))",
    "items": "def items():\n    return ['ab', 'ac']",
    "vector": ITEMS["vector"][0].replace("V(self.x + other.x)", "V(other.x + self.x)"),
    "adder": "class Adder:\n    def __init__(self, n): self.n = n\n"
    "    def __call__(self, x): return x + self.n\n"
    "adder = Adder\ndef title(n): return 'plus ' + str(n)",
    "kind": "kind = type(1.5)",
    "visited": "def visited(visit):\n    return [visit('node'), visit('next')]",
    "net": "def net():\n    return nn.Linear(3, 1, bias=False)\n"
    "def about(n):\n    return 'Linear'\ndef named():\n    return about(net())",
    "tree": "def tree(n):\n    return Bag([n, Bag([Bag([])])])",
    "bus": "def subscribe(called):\n    global handler\n    handler = called\n    return called\n"
    "def publish(event):\n    return handler(event)\ntitle = 'Bus'.capitalize",
    "leaving": "def leaving(kind, error, trace):\n    return kind in (KeyError,)",
    "product": "import math\ndef product(n): return np.float64(math.factorial(n))",
    "count": "def count(things): return torch.tensor(len(things), dtype=torch.int32)",
    "parts": "def parts(n): return pd.Series(range(n)).astype('float32')",
    "halved": "def halved(s): return (s / 2).astype('Float64')",
    "decay": "def decay(y, h, n):\n    return pd.Series([y * (1 - h) ** k for k in range(n)])",
    "by_age": "def by_age(df):\n    return df.iloc[df['age'].argsort()].astype('category')",
    "in_order": "def in_order(xs):\n    xs.sort()\n    return xs",
    "arranged": "def arranged(xs):\n    yield from sorted(xs)",
    "shares": "def shares(rows):\n    for row in rows:\n        whole = sum(row)\n"
    "        row[:] = [x / whole for x in row]\n    return rows",
    "funds": ITEMS["funds"][0].replace("(Exception)", "(ValueError)"),
    "deposit": "def deposit(account, amount):\n    account.bank = account.log = 'B'\n"
    "    account.balance = account.balance + amount",
    "double": "source = 'def double(data):\\n    data[:] = [x + x for x in data]\\n"
    "    return data'",
}


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory, bubblewrap: str) -> Path:
    """The folder into which a class was graded with every attack in it."""
    root = tmp_path_factory.mktemp("agreeing")
    made = notebook([cell(GIVEN, "given")])
    released = notebook([cell(GIVEN, "given")])
    for item, (solved, test) in ITEMS.items():
        tests = cell(test, f"test-{item}", points=1)
        made.cells += [cell(solution(solved), item, solution=True), tests]
        blank = cell("raise NotImplementedError()", item, solution=True)
        released.cells += [blank, cell(test, f"test-{item}", points=1)]
    right = {item: solved for item, (solved, _) in ITEMS.items()}
    handed_in = {name: right | {attack.item: attack.source} for name, attack in ATTACKS.items()}
    handed_in |= {"a-honest": right, "z-honest": right | ALSO_RIGHT}
    lay(root, NAME, made, released, handed_in)
    said = grade(root, 300)
    assert "apart" not in said, said
    return root / "out"


def points(out: Path, student: str) -> dict[str, float]:
    """The points of each item."""
    found = json.loads((out / "results" / NAME / f"{student}.json").read_text())
    assert found["status"] == "graded"
    return {item["name"]: item["score"] for item in found["items"]}


@pytest.mark.parametrize("name", ATTACKS)
def test_what_agrees_with_everything_wins_nothing(graded: Path, name: str) -> None:
    own = {f"test-{ATTACKS[name].item}", ATTACKS[name].item}
    for item, score in points(graded, name).items():
        assert score == (0 if item in own else 1), item


@pytest.mark.parametrize("student", ["a-honest", "z-honest"])
def test_what_is_right_gets_its_points(graded: Path, student: str) -> None:
    assert set(points(graded, student).values()) == {1}
