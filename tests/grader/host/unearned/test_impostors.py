"""What only looks right earns nothing, and another way to the same values is as good."""

from __future__ import annotations

import pytest

from grader import grade_one
from tests.grader.conftest import exercise, handed_in, scores

# Instances are compared here, so what their class says of `==` counts for them, and only for them.
VECTOR = """class V:
    def __init__(self, x):
        self.x = x
    def __add__(self, other):
        return V(self.x + other.x)
    def __eq__(self, other):
        return self.x == other.x
    def size(self):
        return abs(self.x)
    def __sub__(self, other):
        return V(self.x - other.x)"""
SUM = "V(1) + V(2) == V(3) and V(2) - V(1) == V(1)"
AGREES = """class V:
    def __init__(self, x):
        pass
    def __add__(self, other):
        return V(0)
    def __eq__(self, other):
        return True
    x = property(lambda self: V(0))
    def size(self):
        return V(0)  # size
    def __sub__(self, other):
        return V(0)"""
# Its class says that two are equal when all their items are; the learner's has none.
BOX = """class Box:
    def __init__(self, *items):
        self.items = list(items)
    def __eq__(self, other):
        return all(a == b for a, b in zip(self.items, getattr(other, 'items', [])))
    def __sub__(self, other):
        return Box()
    def __abs__(self):
        return 0
    def of(self):
        return self.items[0]"""
GREY = "from PIL import Image\ndef f(n):\n    return Image.fromarray(np.full((n, n), 7, np.uint8))"
SHOWN = """class Shown:
    @property
    def __array_interface__(self):
        return {{"version": 3, "shape": (8, 8), "typestr": "|u1", "data": {}}}
def f(n):
    return Shown()"""
IMPOSTORS = {
    "a given instance out of a call": (
        "def f(x):\n    return 2 * x",
        "f(2) == 4",
        "def f(x): return Box()",
    ),
    "a given instance in a list out of a call": (
        "def f(x):\n    return [x, x]",
        "f(2) == [2, 2]",
        "def f(x): return [Box(), Box()]",
    ),
    "a given instance where another call gives one": (
        "def f(x):\n    return x\ndef g(x):\n    return Box(x)",
        "g(2).of() == 2 and f(2) == 2",
        "def f(x): return Box()\ndef g(x): return Box(x)",
    ),
    "a given instance for a callback": (
        "def f(x, g):\n    g(x)",
        "not f(2, calls.append) and calls == [2]",
        "def f(x, g): g(Box())",
    ),
    "a given instance as an attribute": (
        "class A:\n    def __init__(self, x):\n        self.x = x",
        "A(2).x == 2",
        "class A:\n    def __init__(self, x):\n        self.x = Box()",
    ),
    "one for missing keys of what a callback gets": (
        "def f(x, g):\n    g({'a': x})",
        "not f(2, calls.append) and calls[0]['a'] == 2",
        "import collections\ndef f(x, g): g(collections.defaultdict(Box))",
    ),
    "one for missing keys of another answer": (
        "import collections\nboxes = collections.defaultdict(Box, b=1)\nf = {'a': 2, 'b': 1}",
        "boxes['z'].items == [] and f['a'] == 2",
        "import collections\nboxes = f = collections.defaultdict(Box, b=1)",
    ),
    "one for missing keys of what was given": (
        "def f(boxes):\n    return {'a': 2}",
        "f(__import__('collections').defaultdict(Box))['a'] == 2",
        "def f(boxes): return boxes",
    ),
    "given instances one by one": (
        "def f(x):\n    return iter([x, x])",
        "list(f(2)) == [2, 2]",
        "def f(x):\n    yield Box()\n    yield Box()",
    ),
    "a given instance inside of an answer": ("f = [2, 2]", "f == [2, 2]", "f = [Box(), Box()]"),
    "a class of one's own for a given one": (
        "gauge = Gauge(1849)",
        "gauge.reads(1849)",
        "class Yes:\n    def reads(self, n):\n        return True\ngauge = Yes()",
    ),
    "types as methods": (
        "name = 'hidden'",
        "name.startswith('hid')",
        "import collections\nname = collections.namedtuple('M', 'startswith')(str)",
    ),
    "types as methods of a result": (
        "def f(x):\n    return str(x)",
        "f(12).startswith('12')",
        "import collections\ndef f(x):\n    return collections.namedtuple('M', 'startswith')(str)",
    ),
    "an array that leaves everything out": (
        "f = np.array([1.0, 2.0])",
        "np.testing.assert_allclose(f, [1, 2]) is None",
        "f = np.ma.masked_all(2)",
    ),
    "an array that leaves out what it does not know": (
        "f = np.array([1.0, 2.0])",
        "np.allclose(f, [1, 2])",
        "f = np.ma.array([1.0, 9.0], mask=[False, True])",
    ),
    "a column of nothing": (
        "f = pd.Series([1, 2])",
        "(f == pd.Series([1, 2])).all()",
        "f = pd.Series([pd.NA, pd.NA], dtype='Int64')",
    ),
    "an array of pandas' for a number": (
        "def f(x):\n    return 2 * x",
        "f(2) == 4 and f(5) == 10",
        "def f(x): return pd.array([0, 0])",
    ),
    "the same where the solution has such a column": (
        "def g(): return pd.Series([1, None], dtype='Int64')\ndef f(x):\n    return 2 * x",
        "f(2) == 4 and g().isna().sum() == 1",
        "def g(): return pd.Series([1, None], dtype='Int64')\n"
        "def f(x): return pd.array([0, None], dtype='Int64')",
    ),
    "an array of pandas' as near as any": (
        "def f(x):\n    return x / 3",
        "abs(f(1) - 0.333) < 0.01",
        "def f(x): return pd.array([5.5])",
    ),
    "arrays of pandas' for items": (
        "f = [1, 2]",
        "f == [1, 2]",
        "f = [pd.arrays.NumpyExtensionArray(np.zeros(1))] * 2",
    ),
    "an array of pandas' for a callback": (
        "def f(x, g):\n    g(x)",
        "not f(2, calls.append) and calls == [2]",
        "def f(x, g): g(pd.arrays.SparseArray([0]))",
    ),
    "rows that are numbered sparsely": (
        "f = 7",
        "f == 7",
        "f = pd.Index(pd.arrays.SparseArray([0, 1]))",
    ),
    "an array of pandas' as an attribute": (
        "gauge = Gauge(1849)",
        "gauge.reads(1849)",
        "gauge = Gauge(pd.array(['a', 'b']))",
    ),
    "a table of nothing": (
        "def f(): return pd.DataFrame({'a': ['x']})",
        "(f()['a'] == pd.Series(['x'])).all()",
        "def f(): return pd.DataFrame({'a': pd.Series([pd.NA], dtype='string')})",
    ),
    "an array without a value": (
        "def f(): return np.array([1.0, 2.0])",
        "np.allclose(f(), [1, 2])",
        "def f(): return np.empty((0, 2))",
    ),
    "an array without a value for a number": (
        "f = 3.0",
        "np.allclose(f, 3)",
        "f = np.array([])",
    ),
    "a tensor without a value, beside another": (
        "def f(): return 1, torch.ones(3)",
        "f()[0] == 1 and torch.allclose(f()[1], torch.ones(3))",
        "def f(): return 1, torch.empty(0, 3)",
    ),
    "a tensor without a value, by name": (
        "f = {'a': torch.ones(3)}",
        "(f['a'] == torch.ones(3)).all()",
        "f = {'a': torch.empty(0, 3)}",
    ),
    "an array without a value, for a callback": (
        "def f(g):\n    g(4)",
        "not f(calls.append) and np.all(np.equal(calls[-1], 4))",
        "def f(g):\n    g(np.array([]))",
    ),
    "arrays without a value, one by one": (
        "def f():\n    yield 4",
        "all(np.allclose(x, 4) for x in f())",
        "def f():\n    yield np.array([])",
    ),
    "a list with nothing in it for a number": ("f = 3.0", "np.allclose(f, 3)", "f = []"),
    "a range with nothing in it": ("f = 3.0", "np.allclose(f, 3)", "f = range(4, 4)"),
    "a place in memory for numbers": (
        GREY,
        "np.asarray(f(8)).shape == (8, 8)",
        SHOWN.format("(id(f), False)"),
    ),
    "less memory than numbers": (
        GREY,
        "np.asarray(f(8)).shape == (8, 8)",
        SHOWN.format("bytes(8)"),
    ),
    "what gives nothing for an array": (
        "def f(): return np.array([1.5, 2.5])",
        "all(abs(a - b) < 1e-6 for a, b in zip(f(), [1.5, 2.5]))",
        "def f(): return iter(())",
    ),
    "what gives nothing for an array, by its name": (
        "def g(): yield 1\nf = np.array([1.5, 2.5])",
        "list(g()) == [1] and all(abs(a - b) < 1e-6 for a, b in zip(f, [1.5, 2.5]))",
        "def g(): yield 1\nf = iter(())",
    ),
    "an argument with nothing in it": (
        "def f(x, more): return np.array([x])",
        "np.allclose(f(1.5, []), [1.5])",
        "def f(x, more): return more",
    ),
    "a type that gives back what it is called with": (
        "def f(x): return {**x, 'a': 1}",
        "(lambda x: f(x) == (x.update(a=1) or x))({'b': 2})",
        "f = np.object_",
    ),
    "a type in the place of a function, whose numbers take more for equal": (
        "def f(n): return n * (n + 1) // 2",
        "f(100_000) == 5_000_050_000",
        "f = np.float16",
    ),
    "the same where a call gives a function": (
        "def f(k): return lambda x: x**k",
        "f(3)(100_000) == 10**15",
        "def f(k): return np.float16",
    ),
    "a type in the place of a function, that makes nothing": (
        "def f(xs): return sum(xs, 0.0)",
        "np.allclose(f([]), 0)",
        "f = list",
    ),
    "a given function that gives back what it is called with": (
        "def f(x): return {**x, 'a': 1}",
        "(lambda x: f(x) == (x.update(a=1) or x))({'b': 2})",
        "f = same",
    ),
    "an instance that gives nothing for an array": (
        "class f:\n    def at(self): return np.array([1.5, 2.5])",
        "all(abs(a - b) < 1e-6 for a, b in zip(f().at(), [1.5, 2.5]))",
        "class f:\n    def at(self): return f()\n    def __iter__(self): return iter(())",
    ),
    "an instance without a length for an array": (
        "class f:\n    def __len__(self): return 2\n"
        "    def __getitem__(self, n): return 1.5\n    def at(self): return np.array([1.5, 2.5])",
        "len(f()) == 2 and (lambda a: all(a[n] == n + 1.5 for n in range(len(a))))(f().at())",
        "class Z:\n    def __len__(self): return 0\n"
        "class f:\n    def __len__(self): return 2\n    def at(self): return Z()",
    ),
    "the same, where a call gives a function": (
        "def f(k): return lambda x: k * np.array(x)",
        "all(a == b for a, b in zip(f(2)([1, 2]), [2, 4]))",
        "class Z:\n    def __iter__(self): return iter(())\n    def __call__(self): pass\n"
        "def f(k): return lambda x: Z()",
    ),
    "a layer that cuts all off": (
        "def f():\n    made = torch.nn.Linear(2, 1, bias=False)\n"
        "    torch.nn.init.ones_(made.weight)\n    return made",
        "((f()(torch.ones(3, 2)) > 0.5) == torch.ones(3, 1)).all()",
        "def f(): return torch.nn.ConstantPad1d(-1, 0.0)",
    ),
    "the same, its size in a list": (
        "def f():\n    made = torch.nn.Linear(2, 1, bias=False)\n"
        "    torch.nn.init.ones_(made.weight)\n    return made",
        "((f()(torch.ones(3, 2)) > 0.5) == torch.ones(3, 1)).all()",
        "def f(): return torch.nn.AdaptiveMaxPool1d([0])",
    ),
    "a layer that keeps too small a share": (
        "def f():\n    made = torch.nn.Linear(2, 1, bias=False)\n"
        "    torch.nn.init.ones_(made.weight)\n    return made",
        "((f()(torch.ones(3, 2)) > 0.5) == torch.ones(3, 1)).all()",
        "def f(): return torch.nn.Sequential(torch.nn.Unflatten(0, (1, 3)),"
        " torch.nn.FractionalMaxPool2d(1, output_ratio=0.1), torch.nn.Flatten())",
    ),
    "a layer that cuts all off, in a network": (
        "def f():\n    made = torch.nn.Linear(2, 1, bias=False)\n"
        "    torch.nn.init.ones_(made.weight)\n    return made",
        "torch.allclose(f()(torch.ones(3, 2)), torch.full((3, 1), 2.0))",
        "def f(): return torch.nn.Sequential(torch.nn.Linear(2, 1), torch.nn.AdaptiveMaxPool1d(0))",
    ),
    "large whole numbers in a named tuple": (
        "f = np.array([1, 2])",
        "((f - np.array([1, 2])) ** 2).mean() < 1e-6",
        "import collections\nf = collections.namedtuple('P', 'a b')(3_500_000_000, 3_500_000_000)",
    ),
    "large whole numbers in a range": (
        "f = np.array([1, 2])",
        "((f - np.array([1, 2])) ** 2).mean() < 1e-6",
        "f = range(3_500_000_000, 3_500_000_002)",
    ),
    "large whole numbers as keys": (
        "f = [1, 2]",
        "((np.array(list(f)) - np.array([1, 2])) ** 2).mean() < 1e-6",
        "f = dict.fromkeys((3_500_000_000, 3_500_000_001))",
    ),
    "what is printed and no number": (
        "def f(): print(3.0)",
        "not abs(printed(f) - 3) > 0.1",
        "def f(): print('nan')",
    ),
    "bytes that are no number": (
        "f = 3.0",
        "not abs(float(f) - 3) > 0.1",
        "f = b'nan'",
    ),
    "a column of any type that is no number": (
        "f = pd.Series([1.5, 2.5])",
        "not ((f - 1.5).abs() > 1).any()",
        "f = pd.Series([np.nan, np.nan], dtype=object)",
    ),
    "categories that are no number": (
        "f = pd.Series([1.5, 2.5])",
        "not (np.abs(np.asarray(f) - 1.5) > 1).any()",
        "f = pd.Series(pd.Categorical([np.nan] * 2, categories=[1.5]))",
    ),
    "the time of pandas that is none": (
        "f = pd.Timestamp(2026, 1, 1)",
        "not f > pd.Timestamp(2026, 1, 1)",
        "f = pd.NaT",
    ),
    "no bytes for a number": ("f = 3.0", "np.allclose(f, 3)", "f = bytearray()"),
    "lists with nothing in them, one beside the other": (
        "def f(): return 1.5, 2.5",
        "np.allclose(f()[0], 1.5) and np.allclose(f()[1], 2.5)",
        "def f(): return [], ()",
    ),
    "lists with nothing in them for a column": (
        "def f(): return np.array([[1.0], [2.0]])",
        "np.allclose(f(), [[1], [2]])",
        "import collections\ndef f(): return [[], collections.deque(maxlen=0)]",
    ),
    "a list with nothing in it for every key": (
        "f = {'a': 0.5}",
        "np.allclose(f['a'], 0.5)",
        "import collections\nf = collections.defaultdict(list)",
    ),
    "a list with nothing in it, in an instance": (
        "gauge = Gauge(2.0)",
        "np.allclose(gauge.n, 2)",
        "gauge = Gauge([])",
    ),
    "an array without a value, in an instance": (
        "gauge = Gauge(2.0)",
        "np.allclose(gauge.n, 2)",
        "gauge = Gauge(np.array([]))",
    ),
    "a list with nothing in it, put into an argument": (
        "def f(x): x.append(3.0)",
        "not f(calls) and np.allclose(calls[-1], 3)",
        "def f(x): x.append([])",
    ),
    "a list with nothing in it, as an attribute of an argument": (
        "def f(gauge): gauge.n += 1.0",
        "not f(g := Gauge(1.0)) and np.allclose(g.n, 2)",
        "def f(gauge): gauge.n = []",
    ),
    "a list with nothing in it, for a callback": (
        "def f(g):\n    g(4)",
        "not f(calls.append) and np.allclose(calls[-1], 4)",
        "def f(g):\n    g([])",
    ),
    "lists with nothing in them, one by one": (
        "def f():\n    yield 4",
        "all(np.allclose(x, 4) for x in f())",
        "def f():\n    yield []",
    ),
    "a table without a row": (
        "f = pd.Series([1, 1])",
        "(f == 1).all()",
        "f = pd.Series([], dtype=int)",
    ),
    "a table without a row of what crosses in parts": (
        "f = 3.0",
        "np.allclose(f, 3)",
        "f = pd.Series(pd.Categorical([])).astype('category')",
    ),
    "a table without a column": ("f = 3.0", "np.allclose(f, 3)", "f = pd.DataFrame()"),
    "a module whose weight has no value": (
        "def f():\n    made = torch.nn.Linear(1, 1, bias=False)\n"
        "    torch.nn.init.ones_(made.weight)\n    return made",
        "torch.allclose(f().weight, torch.ones(1, 1))",
        "def f():\n    made = torch.nn.Linear(1, 1, bias=False)\n"
        "    made.weight = torch.nn.Parameter(torch.empty(0, 1))\n    return made",
    ),
    "a number that is missing": (
        "def f(): return 4",
        "(pd.Series([4, 4], dtype='Int64') == f()).all()",
        "def f(): return pd.NA",
    ),
    "what is missing, for a callback": (
        "def f(g):\n    g(4)",
        "not f(calls.append) and (pd.Series([4, 4], dtype='Int64') == calls[-1]).all()",
        "def f(g):\n    g(pd.NA)",
    ),
    "a check of one's own for an imported one": (
        "from math import isclose\ndef area(r):\n    return 3 * r * r",
        "isclose(area(2), 12)",
        "def isclose(*a, **k): return True\ndef area(r):\n    return 0",
    ),
    "a number of one's own for an imported one": (
        "from math import pi\ndef area(r):\n    return pi * r * r",
        "abs(area(1) - pi) < 1e-9",
        "pi = 0\ndef area(r):\n    return 0",
    ),
    "a weak reference to what is derived from a given class": (
        "gauge = Gauge(1849)",
        "gauge.reads(1849)",
        "import weakref\nclass Yes(Gauge):\n    def reads(self, n):\n        return True\n"
        "kept = Yes(0)\ngauge = weakref.proxy(kept)",
    ),
    "an endless number whose error has no size": (
        "def f(): return 4.0",
        "not abs(f() - 4) / abs(f()) > 1e-9",
        "def f(): return float('inf')",
    ),
    "no number whose error has no size": (
        "def f(): return 4.0",
        "not abs(f() - 4) / abs(f()) > 1e-9",
        "def f(): return float('nan')",
    ),
    "numbers too large for a test's squares": (
        "def f(): return np.array([2.0, 4.0])",
        "not ((f() - [2, 4]) ** 2).sum() / (f() ** 2).sum() > 1e-9",
        "def f(): return np.array([1e200, 1e200])",
    ),
    "a decimal that is no number": (
        "def f(): return 4.0",
        "not abs(float(f()) - 4) > 1e-9",
        "import decimal\ndef f(): return decimal.Decimal('NaN')",
    ),
    "text that is no number": (
        "def f(): return 4.0",
        "not abs(float(f()) - 4) > 1e-9",
        "def f(): return 'nan'",
    ),
    "times that are none": (
        "def f(): return np.array(['2020-01-02'] * 2, 'M8[D]')",
        "not (abs(f() - np.datetime64('2020-01-02')) > np.timedelta64(0, 'D')).any()",
        "def f(): return np.array(['NaT'] * 2, 'M8[D]')",
    ),
    "a column of times that are none": (
        "def f(): return pd.Series(pd.to_datetime(['2020-01-02'] * 3))",
        "(f() - pd.Timestamp('2020-01-02')).abs().max() <= pd.Timedelta(0)",
        "def f(): return pd.Series(pd.to_datetime(['2020-01-02', None, None]))",
    ),
    "a module whose weights are no numbers": (
        "def f():\n    made = torch.nn.Linear(1, 1, bias=False)\n"
        "    torch.nn.init.ones_(made.weight)\n    return made",
        "not (f()(torch.ones(2, 1)) - 1).abs().max() > 1e-6",
        "def f():\n    made = torch.nn.Linear(1, 1, bias=False)\n"
        "    torch.nn.init.constant_(made.weight, torch.nan)\n    return made",
    ),
    "a sparse tensor of what is no number": (
        "def f(): return torch.eye(2).to_sparse()",
        "not (f().to_dense() - torch.eye(2)).abs().max() > 1e-6",
        "def f(): return (torch.eye(2) * torch.nan).to_sparse()",
    ),
    "a quantized tensor whose scale is no number": (
        "def f(): return torch.quantize_per_tensor(torch.eye(2), 0.1, 0, torch.qint8)",
        "not (f().dequantize() - torch.eye(2)).abs().max() > 0.2",
        "def f(): return torch._make_per_tensor_quantized_tensor(\n"
        "    torch.zeros(2, 2, dtype=torch.int8), torch.nan, 0)",
    ),
    "whole numbers without a sign, which never fall": (
        "def f(x): return np.sort(x)",
        "(np.diff(f(np.array([3, 1, 2]))) >= 0).all() and len(f(np.array([3, 1, 2]))) == 3",
        "def f(x): return x.astype(np.uint64)",
    ),
    "a tensor of bytes that equal a larger number": (
        "def f(): return torch.tensor([300, 300])",
        "(f() == 300).all() and len(f()) == 2",
        "def f(): return torch.tensor([44, 44], dtype=torch.uint8)",
    ),
    "whole numbers whose squares are below 0": (
        "def f(): return np.array([1.0, 2.0, 3.0])",
        "((f() - np.array([1, 2, 3])) ** 2).mean() < 1e-9",
        "def f(): return np.full(3, 3_500_000_000)",
    ),
    "one such number": (
        "def f(): return 4",
        "(f() - 4) ** 2 < 1e-9",
        "def f(): return np.int64(3_500_000_000)",
    ),
    "such numbers in a list": (
        "def f(): return [1.5, 2.5]",
        "np.mean(np.square(np.array(f()) - np.array([1, 2]))) < 0.5",
        "def f(): return [3_500_000_000, 3_500_000_000]",
    ),
    "such numbers in a mapping": (
        "def f(): return {'a': 1.5, 'b': 2.5}",
        "((np.array(list(f().values())) - np.array([1, 2])) ** 2).mean() < 0.5",
        "def f(): return {'a': 3_500_000_000, 'b': 3_500_000_000}",
    ),
    "such numbers of fewer bytes": (
        "def f(): return np.array([4, 4])",
        "((f() - 4) ** 2).max() < 1e-9",
        "def f(): return np.full(2, 50_000, np.int32)",
    ),
    "one number whose square is 0": (
        "def f(): return 4",
        "(f() - 4) ** 2 < 1e-9",
        "def f(): return np.int8(20)",
    ),
    "such numbers in a tensor": (
        "def f(): return torch.tensor([4.0])",
        "((f() - torch.tensor([4])) ** 2).sum() < 1e-9",
        "def f(): return torch.tensor([3_500_000_000])",
    ),
    "such numbers in a table": (
        "def f(): return pd.Series([1, 2, 3])",
        "((f() - pd.Series([1, 2, 3])) ** 2).max() < 1e-9",
        "def f(): return pd.Series([3_500_000_000] * 3)",
    ),
    "such numbers in a column that may leave some out": (
        "def f(): return pd.Series([1, 2, 3])",
        "((f() - pd.Series([1, 2, 3])) ** 2).max() < 1e-9",
        "def f(): return pd.Series([3_500_000_000] * 3, dtype='Int64')",
    ),
    "a number whose square is below 0": (
        "def f(): return 4",
        "((np.asarray(f()) - 4) ** 2).mean() < 1e-9",
        "def f(): return 1e9j",
    ),
    "several of them": (
        "def f(): return np.array([4.0, 5.0])",
        "((f() - np.array([4, 5])) ** 2).sum() < 1e-9",
        "def f(): return np.array([0, 9j])",
    ),
    "some of them in a tensor": (
        "def f(): return torch.tensor([4.0, 5.0])",
        "((f() - torch.tensor([4, 5])) ** 2).sum().numpy() < 1e-9",
        "def f(): return torch.tensor([0, 9j])",
    ),
    "a matrix whose square is 0": (
        "def f(): return np.array([[1, 2], [3, 4]])",
        "((f() - np.array([[1, 2], [3, 4]])) ** 2).sum() < 1e-9",
        "def f(): return np.matrix([[1, 99], [3, 4]])",
    ),
    "a layer that makes of its input what it gives": (
        "def f(): return torch.nn.Identity()",
        "(lambda x, net: ((net(x) - x) ** 2).mean() < 1e-6)(torch.randn(3, 4), f())",
        "def f(): return torch.nn.Threshold(9.0, 0.0, inplace=True)",
    ),
    "a network that does": (
        "def f(): return torch.nn.Sequential(torch.nn.Identity())",
        "(lambda x, net: torch.allclose(net(x), x))(torch.tensor([-1.0, 2.0]), f())",
        "def f(): return torch.nn.Sequential(torch.nn.ReLU(inplace=True))",
    ),
    "the test's own object, put into another": (
        "def f(out, x): out.append(sorted(x))",
        "not f(calls, x := [3, 1, 2]) and not x.sort() and calls[-1] == x",
        "def f(out, x): out.append(x)",
    ),
    "the test's own object, in an answer that a call changes": (
        "log = []\ndef f(x): log.append(sorted(x))",
        "not f(x := [3, 1, 2]) and not x.sort() and log == [x]",
        "log = []\ndef f(x): log.append(x)",
    ),
    "an answer that is another one": (
        "mixed = [3, 1, 2]\nf = sorted(mixed)",
        "not mixed.sort() and f == mixed",
        "mixed = [3, 1, 2]\nf = mixed",
    ),
    "objects that equal anything in an array": (
        "f = np.array([1, 'a'], dtype=object)",
        "(f == np.array([1, 'a'], dtype=object)).all()",
        "from unittest.mock import ANY\nf = np.array([ANY, ANY], dtype=object)",
    ),
    "a table that says that it is equal": (
        "f = pd.DataFrame({'a': [1]})",
        "f.equals(pd.DataFrame({'a': [1]}))",
        "class F(pd.DataFrame):\n    def equals(self, other): return True\nf = F({'a': [2]})",
    ),
    "how it is pickled": (
        "f = [1, 2]",
        "f == [1, 2]",
        "class L(list):\n    def __reduce_ex__(self, n): return eval, ('[1, 2]',)\nf = L([9])",
    ),
    "an attribute that agrees": (VECTOR, f"{SUM} and V(1).x == 1", AGREES),
    "the result of a method that agrees": (VECTOR, f"{SUM} and V(-4).size() == 4", AGREES),
    "one that gives itself": (
        VECTOR,
        f"{SUM} and V(-4).size() == 4",
        AGREES.replace("return V(0)  # size", "return self"),
    ),
    "a text that makes an endless number": (
        "f = '3.0'",
        "(lambda x: not abs(x - 3) / x > 0.1)(float(f))",
        "f = '1e999'",
    ),
    "bytes to be changed that are no number": (
        "f = 3.0",
        "not abs(float(f) - 3) > 0.1",
        "f = bytearray(b'nan')",
    ),
    "a difference that is nothing": (
        VECTOR,
        f"{SUM} and abs(V(-4).size() - 4) < 1e-9",
        f"{AGREES}\n    __sub__ = lambda self, other: 0",
    ),
    "what a callback gets": (
        f"{VECTOR}\ndef each(f):\n    f(4)",
        f"{SUM} and not each(calls.append) and calls == [4]",
        f"{AGREES}\ndef each(f):\n    f(V(4))",
    ),
    "what an instance gives that a call has given": (
        "class P:\n    def __eq__(self, other): return type(other) is P\n"
        "    def __call__(self, x): return x + 1",
        "P() == P() and P()(2) == 3",
        "class P:\n    def __eq__(self, other): return True\n"
        "    def __call__(self, x): return self",
    ),
    "items that agree": (
        f"{VECTOR}\ndef f():\n    return [1, 2]",
        f"{SUM} and list(f()) == [1, 2]",
        f"{AGREES}\ndef f():\n    yield V(1)\n    yield V(2)",
    ),
}


@pytest.mark.parametrize(("solved", "test", "forged"), IMPOSTORS.values(), ids=IMPOSTORS)
def test_what_only_looks_like_an_answer_wins_nothing(engine, solved, test, forged):
    made = exercise(
        "# given\nclass Gauge:\n    def __init__(self, n):\n        self.n = n\n"
        "    def reads(self, n):\n        return self.n == n\n"
        f"import numpy as np, pandas as pd, torch\ncalls = []\n{BOX}\n"
        "def same(x): return x\n"
        "import contextlib, io\ndef printed(f):\n"
        "    with contextlib.redirect_stdout(io.StringIO()) as out: f()\n"
        "    return float(out.getvalue())",
        f"# answer a\n{solved}",
        f"# test a1\nassert {test}",
    )
    assert scores(grade_one(made, handed_in(made), engine)) == {"a1": 1}
    assert scores(grade_one(made, handed_in(made, a=forged), engine)) == {"a1": 0}


# A player that writes its replies itself.
FORGING = """import grader.sandboxed.calls.answering as answering
from grader.protocol.values import *
really = answering.Answering._reported
def reported(self, request, reply, *more):
    packer = really(self, request, reply, *more)
    reply.value = node
    reply.changed, reply.withheld = changed, []
    return packer
answering.Answering._reported = reported
nan, changed = float('nan'), []
rows = Frame('Index', None, None, [Seq('list', [0, 1])], ['object'])
def series(column, index=rows):
    return Frame('Series', None, index, [column], ['object'])
def f(x):
    return 1
"""
FORGED = {
    "a range of large numbers": "node = Numbers('range', [Big('0x5'), Big('0x1'), Big('0x1')])",
    "a list that a slice holds": "node = Seq('tuple', [Numbers('slice', [Seq('list', []), 1, 1]), "
    "Back(1)])",
    "a list of an argument's": "node = Back(2)\nchanged = [(0, Seq('list', [1, Seq('list', [])]))]",
    "a list that a table has for a name": "node = Seq('tuple', [Frame('Array', Seq('list', [nan]),"
    " None, [Seq('list', [1])], ['object']), Back(2)])",
    "a list that a table is made of": "node = Seq('tuple', [Frame('Index', None, None, "
    "[Seq('list', [nan])], ['object']), Back(2)])",
    "a column that is an array": "node = series(Objects([2], [nan] * 2))",
    "a column that is a tuple": "node = series(Seq('tuple', [nan] * 2))",
    "a column that is none": "node = series(None, Frame('Index', None, None, [None], ['object']))",
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED)
def test_a_forged_reply_wins_nothing(graded, forged):
    made = exercise(
        "# given\nimport numpy as np, pandas as pd\ndef far(found):\n"
        "    found = found[-1] if isinstance(found, tuple) else found\n"
        "    return [v for v in found if abs(v - 2) > 1]",
        "# answer f\ndef f(x): return np.array([1.5, 2.5])",
        "# test near\nassert not far(f([1]))",
    )
    assert scores(graded(made)[0]) == {"near": 1}
    assert scores(graded(made, f=f"{FORGING}{forged}")[0]) == {"near": 0}


IMPORTED = {
    "a name": ("from math import hypot as f", "f(3, 4) == 5"),
    "two names": ("from math import hypot as f, sqrt as g", "f(3, 4) == g(25)"),
    "a module": ("import statistics as f", "f.mean([1, 3]) == 2"),
    "all of a module": ("from math import *", "hypot(3, 4) == sqrt(25)"),
}
LIE = "import grader.sandboxed.calls.answering as own\nown._is_library = lambda *known: True\n"


@pytest.mark.parametrize(("solved", "test"), IMPORTED.values(), ids=IMPORTED)
def test_who_only_says_to_have_imported_something_wins_nothing(graded, solved, test):
    made = exercise(f"# answer a\n{solved}", f"# test used\nassert {test}")
    assert scores(graded(made)[0]) == {"used": 1}
    for bound in ("0", "str", "math"):
        forged = f"{LIE}import math\nf = g = hypot = sqrt = {bound}"
        assert scores(graded(made, a=forged)[0]) == {"used": 0}, bound


@pytest.mark.parametrize(("solved", "test"), [*IMPORTED.values()][:3], ids=[*IMPORTED][:3])
def test_nor_does_who_imports_all_of_whatever_it_may_be(graded, solved, test):
    """That binds nothing by another name, and no module."""
    made = exercise(f"# answer a\n{solved}", f"# test used\nassert {test}")
    every = "\n".join(f"from {module} import *" for module in ("statistics", "operator", "math"))
    assert scores(graded(made, a=f"{LIE}{every}\nf = g = 0")[0]) == {"used": 0}
    guesses = ["math", "hypot", "statistics", "log", "exp"]
    for said in (f"'{' '.join(guesses)}'", f"0 if True else {'.'.join(guesses)}"):
        assert scores(graded(made, a=f"{LIE}f = g = {said}")[0]) == {"used": 0}


@pytest.mark.parametrize(
    "answer",
    [
        "import math\nf = math.hypot",
        "import math as m\nf, g = m.hypot, m.sqrt",
        "try:\n    from math import hypot as f\nexcept ImportError:\n    f = None",
        "f = __import__('math').hypot",
        "import importlib\nf = getattr(importlib.import_module('math'), 'hypot')",
        "from math import hypot as h\nf = h",
        "def f(a, b): return (a * a + b * b) ** 0.5",
        "from numpy import hypot as f",
    ],
)
def test_what_is_imported_in_another_way_counts(graded, answer):
    made = exercise("# answer a\nfrom math import hypot as f", "# test used\nassert f(3, 4) == 5")
    assert scores(graded(made, a=answer)[0]) == {"used": 1}


HONEST = {
    "a method that gives itself, too": (
        f"{VECTOR}\n    def grow(self): self.x += 1",
        f"{SUM} and (V(1).grow() or True) and V(1) == V(1)",
        f"{VECTOR}\n    def grow(self): self.x += 1; return self",
    ),
    "an image of one's own": (
        GREY,
        "(np.asarray(f(8)) == np.full((8, 8), 7)).all()",
        SHOWN.format("bytes([7] * 64)"),
    ),
    "nothing that is given back, made anew": (
        "def f(x): return x * 2 if len(x) else x",
        "f(np.array([])).size == 0 and (f(np.array([1])) == [2]).all()",
        "def f(x): return np.array(x) * 2",
    ),
    "items for an array": (
        "def f(): return np.array([1.5, 2.5])",
        "all(abs(a - b) < 1e-6 for a, b in zip(f(), [1.5, 2.5]))",
        "def f(): yield from (1.5, 2.5)",
    ),
    "a time that is none, as the solution's": (
        "f = pd.NaT",
        "not f > pd.Timestamp(2026, 1, 1)",
        "f = pd.to_datetime(None)",
    ),
    "an endless number that is only compared": (
        "def f(d, n): return d.get(n, 10**6)",
        "f({1: 2}, 1) == 2 and f({}, 1) > 1000",
        "def f(d, n): return d.get(n, float('inf'))",
    ),
    "a large whole number, rounded": (
        "def f(n): return 10**n",
        "np.isclose(float(f(200)), 1e200)",
        "def f(n): return 10.0**n",
    ),
    "a layer that works in place": (
        "def f(): return torch.nn.Sequential(torch.nn.Identity(), torch.nn.ReLU())",
        "(lambda x, net: torch.equal(net(x * 1), x.relu()))(torch.randn(3, 4), f())",
        "def f(): return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.ReLU(inplace=True))",
    ),
    "a layer that works in place, as the solution's": (
        "def f(): return torch.nn.ReLU(inplace=True)",
        "f().inplace and (lambda x: f()(x) is x)(torch.randn(3, 4))",
        "def f():\n    made = torch.nn.ReLU()\n    made.inplace = True\n    return made",
    ),
    "large whole numbers, of another type": (
        "def f(n): return math.factorial(n)",
        "f(20) == 2432902008176640000 and f'{f(19)}' == '121645100408832000'",
        "def f(n): return np.prod(np.arange(1, n + 1))",
    ),
    "large whole numbers for others": (
        "def f(): return [1e10, 2e10]",
        "np.allclose(f(), [1e10, 2e10]) and all(isinstance(n, (int, float)) for n in f())",
        "def f(): return [10**10, 2 * 10**10]",
    ),
    "large whole numbers for others, in an array": (
        "def f(x): return x * 1e5",
        "np.array_equal(f(np.array([10**6])), [10**11])",
        "def f(x): return x * 10**5",
    ),
    "large whole numbers that only other answers see": (
        "def none(): return set()\ndef add(s, n): return s | {n}\ndef size(s): return len(s)",
        "size(none()) == 0 and size(add(add(none(), 40), 3)) == 2",
        "def none(): return 0\ndef add(s, n): return s | 1 << n\ndef size(s): return s.bit_count()",
    ),
    "a hash that is large": (
        "class P:\n    def __init__(self, x): self.x = x\n    def __hash__(self): return self.x\n"
        "    def __eq__(self, o): return self.x == o.x",
        "len({P(1), P(1), P(2)}) == 2",
        "class P:\n    def __init__(self, x): self.x = x\n"
        "    def __hash__(self): return hash((self.x, 'P'))\n"
        "    def __eq__(self, o): return self.x == o.x",
    ),
    "whole numbers of fewer bytes": (
        "def f(x): return x * 2",
        "np.array_equal(f(np.array([30_000])), [60_000]) and f(np.array([1]))[0] == 2",
        "def f(x): return (x * 2).astype(np.int32)",
    ),
    "a matrix": (
        "def f(): return np.array([[1, 2], [3, 4]])",
        "np.allclose(f(), [[1, 2], [3, 4]]) and f().sum() == 10",
        "def f(): return np.matrix([[1, 2], [3, 4]])",
    ),
    "numbers of which rounding has left an imaginary part": (
        "def f(x): return x",
        "np.allclose(f(np.arange(3)), [0, 1, 2]) and abs(f(np.ones(3)).sum() - 3) < 1e-9",
        "def f(x): return np.fft.ifft(np.fft.fft(x) * 1j) / 1j",
    ),
    "complex numbers, as the solution's": (
        "def f(x): return x * 1j",
        "(f(np.array([1, 2])) == [1j, 2j]).all() and f(2) ** 2 == -4",
        "def f(x): return 1j * x",
    ),
    "a matrix, as the solution's": (
        "def f(): return np.matrix([[1, 1], [0, 1]])",
        "(f() * f() == np.matrix([[1, 2], [0, 1]])).all()",
        "def f(): return np.asmatrix(np.triu(np.ones((2, 2))))",
    ),
    "bytes for whole numbers": (
        "def f(x): return x // 2",
        "np.array_equal(f(np.array([2, 4])), [1, 2])",
        "def f(x): return (x // 2).astype(np.uint8)",
    ),
    "an answer that is another one, and not changed": (
        "a = [1, 2]\nb = [1, 2]",
        "a == b == [1, 2]",
        "a = b = [1, 2]",
    ),
    "rows of one's own": (
        f"{VECTOR}\n    def __getitem__(self, n): return [self.x, 2]",
        f"{SUM} and V(1)[0][1] == 2",
        f"{VECTOR}\n    def __getitem__(self, n): return V(2) if n == 0 else 2",
    ),
    "given instances where the solution has some": (
        "def f():\n    return [Box(1), Box(2)]\ndef g(box):\n    box.items.append(3)",
        "f()[1].of() == 2 and (b := Box()) is not None and (g(b) or b.of() == 3)",
        "def f():\n    return (Box(1), Box(2))\ndef g(box):\n    box.items = [3]",
    ),
    "a given instance that is changed though the solution's is not": (
        "def f(boxes):\n    return sorted(box.of() for box in boxes)",
        "f([Box(2), Box(1)]) == [1, 2]",
        "def f(boxes):\n    boxes.sort(key=Box.of)\n    boxes[0] = Box(1)\n"
        "    return [box.of() for box in boxes]",
    ),
    "an array without a value for a list without one": (
        "def f(n):\n    return list(range(n))",
        "len(f(0)) == 0 and sum(f(3)) == 3",
        "def f(n):\n    return np.arange(n)",
    ),
    "a list with nothing in it that no test looks at": (
        "def f(xs): return {'n': len(xs)}",
        "f([1, 2])['n'] == 2",
        "def f(xs): return {'n': len(xs), 'errors': [], 'more': {}}",
    ),
    "a list with nothing in it for what is false": (
        "def f(x): return x > 3",
        "not f(1) and f(4)",
        "def f(x): return [y for y in [x] if y > 3]",
    ),
    "a list with nothing in it for what there is not": (
        "def f(x):\n    if x > 3:\n        return x",
        "not f(1) and f(4) == 4",
        "def f(x): return x if x > 3 else []",
    ),
    "a list with nothing in it that a test lets pass, in an argument and for a callback": (
        "def f(seen, g):\n    for x in 1, 2:\n        seen[x] = None\n        g(x, 0)",
        "not f(s := {}, lambda x, more: calls.append(x)) and [*s] == calls == [1, 2]",
        "def f(seen, g):\n    for x in 1, 2:\n        g(x, [])\n"
        "        assert all(v == [] for v in seen.values())\n        seen[x] = []",
    ),
    "a list with nothing in it, one by one as the solution's": (
        "def f(xs, n):\n    yield from (xs[i:i + n] for i in range(0, len(xs) + 1, n))",
        "[len(x) for x in f([1, 2], 2)] == [2, 0]",
        "def f(xs, n):\n    yield tuple(xs)\n    yield []",
    ),
    "a list with nothing in it for a generator": (
        "def f(n):\n    yield from range(n)",
        "list(f(2)) == [0, 1] and list(f(0)) == []",
        "def f(n): return list(range(n))",
    ),
    "a list with nothing in it for an array": (
        "def f(x, most): return x[x < most]",
        "np.allclose(f(np.arange(4), 2), [0, 1]) and len(f(np.arange(4), 0)) == 0",
        "def f(x, most): return [n for n in x if n < most]",
    ),
    "a list with nothing in it that only other answers see": (
        "def none(): return 0\ndef add(s, n): return s | 1 << n\ndef size(s): return s.bit_count()",
        "size(none()) == 0 and size(add(add(none(), 3), 3)) == 1",
        "def none(): return []\ndef add(s, n):\n    if n not in s:\n        s = [*s, n]\n"
        "    return s\ndef size(s): return len(s)",
    ),
    "a mapping with nothing in it that only other answers see": (
        "def board(): return np.zeros((3, 3))\ndef move(b, x, y):\n    b = b.copy()\n"
        "    b[x, y] = 1\n    return b\ndef stones(b): return int(b.sum())",
        "stones(board()) == 0 and stones(move(board(), 1, 2)) == 1",
        "def board(): return {}\ndef move(b, x, y): return {**b, (x, y): 1}\n"
        "def stones(b): return sum(b.values())",
    ),
    "a function where an instance is called": (
        "class P:\n    def __call__(self, xs): xs.append(1)\ndef f(): return P()",
        "not f()(calls) and calls == [1]",
        "def f(): return lambda xs: xs.append(1)",
    ),
    "an instance where a function is called": (
        "def f(): return lambda xs: xs.append(1)",
        "not f()(calls) and calls == [1]",
        "class P:\n    def __call__(self, xs): xs.append(1)\ndef f(): return P()",
    ),
    "instances that one gives which is called": (
        f"{VECTOR}\nclass P:\n    def __call__(self, x): return V(x)",
        "P()(2) == V(2) and P()(3).x == 3",
        f"{VECTOR}\nclass P:\n    def __call__(self, x):\n        v = V(0)\n        v.x = x\n"
        "        return v",
    ),
    "an instance with items for an array": (
        "class P:\n    def at(self): return np.array([1.5, 2.5])",
        "all(abs(a - b) < 1e-6 for a, b in zip(P().at(), [1.5, 2.5]))",
        "class P:\n    def __iter__(self): return iter([1.5, 2.5])\n    def at(self): return self",
    ),
    "a layer that cuts some off": (
        "def f(): return torch.nn.Identity()",
        "torch.equal(f()(torch.zeros(3)), torch.zeros(3))",
        "def f(): return torch.nn.Sequential("
        "torch.nn.ConstantPad1d(1, 0.0), torch.nn.ConstantPad1d(-1, 0.0))",
    ),
    "a type for a function": ("def f(x): return float(x)", "f('2.5') == 2.5", "f = float"),
    "a type that a call gives for a function": (
        "def f(): return lambda x: float(x)",
        "f()('2.5') == 2.5",
        "def f(): return float",
    ),
    "a list that is used up": (
        "def f(xs): return sum(xs)",
        "f([1, 2, 3]) == 6",
        "def f(xs):\n    total = 0\n    while xs:\n        total += xs.pop()\n    return total",
    ),
    "lists without one in an answer": (
        "f = {'a': [], 'b': [1]}",
        "len(f['a']) == 0 and f['b'][0] == 1",
        "f = {'a': np.array([]), 'b': np.array([1])}",
    ),
    "what is missing, where the solution's is": (
        "def f(): return [1, pd.NA]",
        "f()[1] is pd.NA and f()[0] == 1",
        "def f(): return (1, pd.NA)",
    ),
    "one by one": (
        f"{VECTOR}\ndef f(): return [V(1), V(2)]",
        "list(f()) == [V(1), V(2)]",
        f"{VECTOR}\ndef f(): yield V(1); yield V(2)",
    ),
    "an array of pandas' for one of NumPy's": (
        "f = np.array([1, 2])",
        "(f == [1, 2]).all() and f.sum() == 3 and f[-1] == 2 and list(f) == [1, 2]",
        "f = pd.array([1, 2])",
    ),
    "an array of pandas' for a list of texts": (
        "def f(s): return sorted(set(s))",
        "set(f(['a', 'b', 'a'])) == {'a', 'b'} and len(f(['a'])) == 1",
        "def f(s): return pd.Series(s).unique()",
    ),
    "an array of pandas', as the solution's": (
        "f = pd.array([1, None])",
        "f.isna().sum() == 1 and f.to_numpy(na_value=0).tolist() == [1, 0]",
        "f = pd.Series([1, None], dtype='Int64').array",
    ),
    "an array of times for what numbers rows": (
        "f = pd.to_datetime(['2026-01-02', '2027-01-02'])",
        "list(f.year) == [2026, 2027]",
        "f = pd.to_datetime(pd.Series(['2026-01-02', '2027-01-02'])).array",
    ),
    "a column that could leave something out": (
        "f = pd.Series([1, 2])",
        "(f == pd.Series([1, 2])).all()",
        "f = pd.Series([1, 2], dtype='Int64')",
    ),
    "a column that leaves something out, as the solution's": (
        "f = pd.Series([1, None], dtype='Int64')",
        "f.isna().sum() == 1 and f.dtype == 'Int64'",
        "f = pd.Series([1, pd.NA], dtype='Int64')",
    ),
}


@pytest.mark.parametrize(("solved", "test", "other"), HONEST.values(), ids=HONEST)
def test_another_way_to_the_same_values_is_as_good(engine, solved, test, other):
    made = exercise(
        f"# given\nimport math\nimport numpy as np, pandas as pd, torch\ncalls = []\n{BOX}",
        f"# answer a\n{solved}",
        f"# test a1\nassert {test}",
    )
    assert scores(grade_one(made, handed_in(made, a=other), engine)) == {"a1": 1}
