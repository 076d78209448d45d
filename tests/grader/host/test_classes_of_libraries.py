"""What of a library's stays with the learner's code is of that library's class for a test."""

from __future__ import annotations

import textwrap

import pytest

from grader import Engine, grade_one
from grader.host.engine.settings import EngineSettings
from tests.grader.conftest import exercise, handed_in, linux, scores

pytestmark = linux

GIVEN = "# given\nimport sqlite3\nimport matplotlib.pyplot as plt\nfrom torch import nn"
DRAW = """
def draw():
    _, ax = plt.subplots()
    ax.set_title("Growth")
    return ax
"""
DRAWN = """
from matplotlib.axes import Axes
ax = draw()
assert isinstance(ax, Axes) and isinstance(ax, plt.Axes), "give back the axes"
assert not isinstance(ax, plt.PolarAxes), "no circle"
assert ax.get_title() == "Growth"
"""
FIGURE = """
def draw():
    fig = plt.figure()
    fig.get_title = lambda: "Growth"
    return fig
"""
SAYS_SO = """
class Drawn:
    __module__ = "matplotlib.axes._axes"
    __qualname__ = "Axes"
    __class__ = plt.Axes
    def get_title(self): return "Growth"
draw = Drawn
"""
NET = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.last = nn.Linear(3, 2)
    def forward(self, x): return self.last(x)
    def width(self): return self.last.out_features
net = Net()
"""
NO_NET = """
class Net:
    def __init__(self): self.last = nn.Linear(3, 2)
    def __call__(self, x): return self.last(x)
    def width(self): return self.last.out_features
net = Net()
"""
OPENED = """
db = opened()
assert isinstance(db, sqlite3.Connection)
assert db.execute("select 1").fetchone() == (1,)
"""
# By kind: what the solution is, what the test asks, a right answer, and wrong ones.
ASKED = {
    "axes": (
        DRAW,
        DRAWN,
        """
def draw():
    return plt.figure().add_subplot(title="Growth")
""",
        [
            FIGURE,
            SAYS_SO,
            'draw = lambda: plt.figure().add_subplot(projection="polar", title="Growth")',
            'draw = lambda: plt.figure().add_subplot(title="Growth").get_title()',
        ],
    ),
    "a network": (
        NET,
        "assert isinstance(net, nn.Module) and net.width() == 2",
        NET.replace("nn.Module", "nn.Sequential"),
        [NO_NET, "net = nn.Module"],
    ),
    "a class": (
        NET,
        "assert issubclass(Net, nn.Module) and Net().width() == 2",
        NET.replace("nn.Module", "nn.Sequential"),
        [NO_NET, "Net = nn.Module", "Net = lambda: nn.Linear(3, 2)"],
    ),
    "what a test's own function is called with": (
        NET + "def each(use):\n    use(net)\n    use(net.last)",
        """
seen = []
def use(part):
    seen.append(isinstance(part, nn.Module))
each(use)
assert seen == [True, True]
""",
        NET.replace("nn.Module", "nn.Sequential") + "def each(use):\n    use(net)\n    use(Net())",
        [
            "def each(use):\n    use(1)\n    use(2)",
            NO_NET + "def each(use):\n    use(net)\n    use(net.last)",
        ],
    ),
    "a connection": (
        "def opened(): return sqlite3.connect(':memory:')",
        OPENED,
        "class Own(sqlite3.Connection): pass\ndef opened(): return Own(':memory:')",
        [
            "def opened(): return sqlite3.connect(':memory:').cursor()",
            "class Own(sqlite3.Cursor): pass\n"
            "def opened(): return Own(sqlite3.connect(':memory:'))",
        ],
    ),
}


BASES = {
    "ABC, nn.Module": "from abc import ABC",
    "BaseEstimator, nn.Module": "from sklearn.base import BaseEstimator",
    "AlexNet": "from torchvision.models import AlexNet",
}


def test_of_whichever_of_its_bases_a_test_asks_for(bubblewrap):
    """The tests' process need not have imported the nearest of them."""
    solution, test, _, _ = ASKED["a network"]
    made = exercise(GIVEN, f"# answer f\n{solution}", f"# test t\n{test}")
    with Engine(EngineSettings(preload=("torch", "matplotlib.pyplot"))) as engine:
        abstract = f"from abc import ABC{NET.replace('nn.Module', 'ABC, nn.Module')}"
        both = exercise(GIVEN, f"# answer f\n{abstract}", f"# test t\n{test}")
        assert scores(grade_one(both, handed_in(both, f=NET), engine)) == {"t": 1}
        for bases, imports in BASES.items():
            other = f"{imports}{NET.replace('nn.Module', bases)}"
            other = other.replace("super().__init__()", "nn.Module.__init__(self)")
            assert scores(grade_one(made, handed_in(made, f=other), engine)) == {"t": 1}, bases


@pytest.mark.parametrize("kind", ASKED)
def test_isinstance_is_true_of_what_is_one(engine, kind):
    solution, test, other, wrong = ASKED[kind]
    made = exercise(GIVEN, f"# answer f\n{solution}", f"# test t\n{test}")
    assert scores(grade_one(made, handed_in(made), engine)) == {"t": 1}
    assert scores(grade_one(made, handed_in(made, f=other), engine)) == {"t": 1}
    for answer in wrong:
        answer = textwrap.dedent(answer)
        assert scores(grade_one(made, handed_in(made, f=answer), engine)) == {"t": 0}, answer
