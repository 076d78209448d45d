"""The small course that the attacks are aimed at: one assignment, nine items, ten points.

    root = make(tmp_path / "course")      # solutions/, exercises/, nbgrader_config.py
    notebook = hand_in(root, RIGHT)       # what an honest learner hands in

`SECRETS` names what no learner may get to see: it stands in the hidden tests, in the solutions, in
a classmate's notebook or in the teacher's environment, and nowhere else.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.apps import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

ASSIGNMENT = "vault"
POINTS = 10

# Digits that come from nowhere: finding them in an output means that they leaked.
SECRET_INPUT = 733109426
SECRET_ADDEND = 518264907
PRODUCT = 90001 * 90007
HIDDEN_MARK = "hiddenmark5d01c7e2"
SOLUTION_MARK = "solutionmark8e64fb19"
CLASSMATE_MARK = "classmatemark27ad90c3"
ENVIRONMENT_MARK = "environmentmark94b6e3f8"
ENVIRONMENT_VARIABLE = "ATTACKS_CANARY"
GRADEBOOK_MARK = "gradebookmark61fe0a5b"
"""The name of the folder that a class is graded into: who knows it has seen where marks are."""

SECRETS = {
    "an input of a hidden test": str(SECRET_INPUT),
    "another input of a hidden test": str(SECRET_ADDEND),
    "an expected value": str(PRODUCT),
    "the source of a hidden test": HIDDEN_MARK,
    "a solution": SOLUTION_MARK,
    "a classmate's notebook": CLASSMATE_MARK,
    "the teacher's environment": ENVIRONMENT_MARK,
    "the folder of the gradebook": GRADEBOOK_MARK,
}

CONFIG = """c = get_config()
c.CourseDirectory.course_id = "attacked"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
"""

LAB = '''"""Beside the notebook, for given cells and tests."""


def close(a, b):
    """Whether two numbers are equal but for rounding."""
    return abs(a - b) < 1e-6
'''

GIVEN = """import torch
from torch import nn
from torch.nn.utils import prune

import lab

torch.manual_seed(0)
layer = nn.Linear(8, 4)


class Gauge:
    def __init__(self, reading):
        self.reading = reading

    def reads(self, number):
        return self.reading == number"""

# By item: what it asks, the names it must leave behind, the solution, and its tests with points.
ITEMS: dict[str, tuple[str, list[str], str, list[tuple[str, int]]]] = {
    "value": (
        "Multiply 90001 by 90007; call it `product`.",
        ["product"],
        "product = 90001 * 90007",
        [
            (
                "assert isinstance(product, int), 'a whole number'\n"
                "### BEGIN HIDDEN TESTS\n"
                f"assert lab.close(product, {PRODUCT}), 'not the product'\n"
                "### END HIDDEN TESTS",
                1,
            )
        ],
    ),
    "function": (
        "Write `halve(values)`: a new list with half of every number.",
        ["halve"],
        "def halve(values):\n    return [value / 2 for value in values]",
        [
            ("values = [2.0, 4.0]\nassert halve(values) == [1.0, 2.0], halve(values)", 1),
            (
                "### BEGIN HIDDEN TESTS\n"
                f"secret = {SECRET_INPUT}  # {HIDDEN_MARK}\n"
                "values = [secret, -secret]\n"
                "halves = halve(values)\n"
                "assert halves == [value / 2 for value in values], 'not the halves'\n"
                "### END HIDDEN TESTS",
                1,
            ),
        ],
    ),
    "tensor": (
        "Make `mask`, of the shape of `layer.weight`: 1.0 where the weight's magnitude is above "
        "the median, else 0.0.",
        ["mask"],
        "magnitude = layer.weight.detach().abs()\nmask = (magnitude > magnitude.median()).float()",
        [
            (
                "assert isinstance(mask, torch.Tensor), 'no tensor'\n"
                "assert mask.shape == layer.weight.shape, 'another shape'\n"
                "### BEGIN HIDDEN TESTS\n"
                "magnitude = layer.weight.detach().abs()\n"
                "expected = (magnitude > magnitude.median()).float()\n"
                "assert torch.equal(mask, expected), 'not the mask'\n"
                "### END HIDDEN TESTS",
                1,
            )
        ],
    ),
    "module": (
        "Make `pruned`: a copy of `layer` in which the half of the weights with the smallest "
        "magnitude is zero.",
        ["pruned"],
        "pruned = nn.Linear(8, 4)\n"
        "pruned.load_state_dict(layer.state_dict())\n"
        'prune.l1_unstructured(pruned, "weight", amount=0.5)',
        [
            (
                "assert isinstance(pruned, nn.Linear), 'no Linear'\n"
                "### BEGIN HIDDEN TESTS\n"
                "with torch.no_grad():\n"
                "    smallest = layer.weight.abs().flatten().argsort()[:16]\n"
                "    weight = layer.weight.clone()\n"
                "    weight.view(-1)[smallest] = 0\n"
                "    assert int((pruned.weight == 0).sum()) == 16, 'not half of them'\n"
                "    assert torch.equal(pruned.weight, weight), 'not the smallest'\n"
                "    batch = torch.arange(16.0).reshape(2, 8)\n"
                "    right = nn.functional.linear(batch, weight, layer.bias)\n"
                "    assert torch.allclose(pruned(batch), right), 'another output'\n"
                "### END HIDDEN TESTS",
                1,
            )
        ],
    ),
    "gauge": (
        "Make `gauge`, a `Gauge` that reads 43 squared.",
        ["gauge"],
        "gauge = Gauge(43**2)",
        [
            (
                "assert isinstance(gauge, Gauge), 'no Gauge'\n"
                "### BEGIN HIDDEN TESTS\n"
                "assert gauge.reads(1849), 'another reading'\n"
                "### END HIDDEN TESTS",
                1,
            )
        ],
    ),
    "change": (
        "Write `shrink(net)`, which halves the weight of a Linear in place.",
        ["shrink"],
        "def shrink(net):\n    with torch.no_grad():\n        net.weight.mul_(0.5)",
        [
            (
                "net = nn.Linear(2, 1)\n"
                "shrink(net)\n"
                "assert net.weight.shape == (1, 2), 'another shape'\n"
                "### BEGIN HIDDEN TESTS\n"
                "net = nn.Linear(3, 2, bias=False)\n"
                "before = net.weight.detach().clone()\n"
                "shrink(net)\n"
                "numbers = torch.arange(3.0)\n"
                "assert torch.allclose(net(numbers), before @ numbers / 2), 'not half of it'\n"
                "### END HIDDEN TESTS",
                1,
            )
        ],
    ),
    "class": (
        "Write the class `Tally` with `add(number)` and `mean()`.",
        ["Tally"],
        "class Tally:\n"
        "    def __init__(self):\n"
        "        self.numbers = []\n\n"
        "    def add(self, number):\n"
        "        self.numbers.append(number)\n\n"
        "    def mean(self):\n"
        "        return sum(self.numbers) / len(self.numbers)",
        [
            (
                "tally = Tally()\n"
                "tally.add(1)\n"
                "assert tally.mean() == 1, 'the mean of 1 is 1'\n"
                "### BEGIN HIDDEN TESTS\n"
                f"addend = {SECRET_ADDEND}\n"
                "tally.add(addend)\n"
                "import math\n\n"
                "mean = float(tally.mean())\n"
                "assert math.isclose(mean, (1 + addend) / 2), 'not the mean'\n"
                "### END HIDDEN TESTS",
                1,
            )
        ],
    ),
    "generator": (
        "Write the generator `countdown(n)`: n, n - 1, …, 1.",
        ["countdown"],
        "def countdown(n):\n    while n:\n        yield n\n        n -= 1",
        [
            (
                "assert list(countdown(3)) == [3, 2, 1], list(countdown(3))\n"
                "### BEGIN HIDDEN TESTS\n"
                "count = 41\n"
                "assert list(countdown(count)) == list(range(count, 0, -1)), 'not all of them'\n"
                "### END HIDDEN TESTS",
                1,
            )
        ],
    ),
    "callback": (
        "Write `twice(f, x)`: f of f of x.",
        ["twice"],
        "def twice(f, x):\n    return f(f(x))",
        [
            (
                "assert twice(lambda x: x + 1, 0) == 2, 'adding one twice adds two'\n"
                "### BEGIN HIDDEN TESTS\n"
                "calls = []\n\n\n"
                "def triple(x):\n"
                "    calls.append(x)\n"
                "    return 3 * x\n\n\n"
                "assert twice(triple, 5) == 45, 'not f of f of x'\n"
                "assert calls == [5, 15], 'f is called twice'\n"
                "### END HIDDEN TESTS",
                1,
            )
        ],
    ),
}

RIGHT = {
    "value": "product = 90007 * 90001",
    "function": "def halve(values):\n    return [0.5 * v for v in values]",
    "tensor": "w = layer.weight.abs()\nmask = torch.where(w > w.median(), 1.0, 0.0)",
    "module": (
        "import copy\n"
        "pruned = copy.deepcopy(layer)\n"
        'prune.l1_unstructured(pruned, "weight", amount=16)'
    ),
    "gauge": "gauge = Gauge(1849)",
    "change": "def shrink(net):\n    net.weight.data = net.weight.data / 2",
    "class": (
        "class Tally:\n"
        "    total = count = 0\n"
        "    def add(self, number):\n"
        "        self.total += number\n"
        "        self.count += 1\n"
        "    def mean(self):\n"
        "        return self.total / self.count"
    ),
    "generator": "def countdown(n):\n    yield from range(n, 0, -1)",
    "callback": "def twice(f, x):\n    once = f(x)\n    return f(once)",
}
"""Honest answers by item, worth all points."""


def _cell(source: str, grade_id: str, item: Mapping[str, object], **flags: object) -> NotebookNode:
    node = nbformat.v4.new_code_cell(source, id=grade_id)
    defaults = {"schema_version": 3, "grade": False, "solution": False, "task": False}
    locked = not flags.get("solution", False)
    node.metadata.nbgrader = defaults | {"grade_id": grade_id, "locked": locked} | flags
    node.metadata.course = dict(item)
    return node


def source() -> NotebookNode:
    """The instructor version."""
    cells = [
        nbformat.v4.new_markdown_cell("# Vault", id="title"),
        _cell(GIVEN, "given", {"given": True}),
    ]
    for item, (prompt, answers, solution, tests) in ITEMS.items():
        cells.append(nbformat.v4.new_markdown_cell(prompt, id=f"prompt-{item}"))
        body = f"### BEGIN SOLUTION\n{solution}  # {SOLUTION_MARK}\n### END SOLUTION"
        cells.append(_cell(body, item, {"item": item, "answers": answers}, solution=True))
        for number, (test, points) in enumerate(tests, 1):
            name = f"test-{item}-{number}"
            cells.append(_cell(test, name, {"item": item}, grade=True, points=points))
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata.kernelspec = {
        "name": "python3",
        "language": "python",
        "display_name": "Python 3",
    }
    return notebook


def make(root: Path) -> Path:
    """Writes the course into a new folder, its release made by nbgrader. Returns the folder."""
    folder = root / "solutions" / ASSIGNMENT
    folder.mkdir(parents=True)
    (root / "nbgrader_config.py").write_text(CONFIG)
    nbformat.write(source(), folder / f"{ASSIGNMENT}.ipynb")
    (folder / "lab.py").write_text(LAB)
    config = Config()
    config.CourseDirectory.root = str(root)
    config.CourseDirectory.source_directory = "solutions"
    config.CourseDirectory.release_directory = "exercises"
    config.GenerateAssignment.no_database = True
    config.SaveCells.enabled = False
    made = NbGraderAPI(CourseDirectory(config=config), config=config).generate_assignment(
        ASSIGNMENT
    )
    assert made["success"], made["log"]
    return root


def hand_in(root: Path, answers: Mapping[str, str]) -> NotebookNode:
    """The release version with these answers, by item, in it."""
    path = root / "exercises" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
    notebook = copy.deepcopy(nbformat.read(path, as_version=4))
    for cell in notebook.cells:
        if cell.get("id") in answers:
            cell.source = answers[cell.id]
    return notebook


def honest(root: Path) -> NotebookNode:
    """A classmate's notebook: all right, and with something in it that is nobody else's."""
    notebook = hand_in(root, RIGHT)
    mine = f"# {CLASSMATE_MARK}\nprint('{CLASSMATE_MARK}'.upper().lower())"
    notebook.cells.append(nbformat.v4.new_code_cell(mine, id="mine"))
    return notebook
