"""Files, several notebooks, partial credit: the same points from the engine as from nbgrader."""

from __future__ import annotations

import pytest

from tests.grader.conftest import (
    answered,
    cell,
    first_of_pair,
    notebook,
    second_of_pair,
    solution,
)
from tests.same_scores.classroom import Classroom, write


@pytest.mark.thorough
def test_files_notebooks_and_partial_credit(classroom: Classroom) -> None:
    write(classroom, "pair", {"first": first_of_pair(), "second": second_of_pair()})
    folder = classroom.folders[0] / "pair"
    (folder / "data.txt").write_text("ab")
    (folder / "helper.py").write_text("def double(x):\n    return x + x\n")
    release = classroom.release("pair")
    # One answer each: `share`, `text`, `plot` and `word`.
    handed_in: dict[str, dict[str, str]] = {
        "right": {
            "share": "share = 1",
            "text": "text = double(loaded)",
            "plot": "plot = 'lines'",
            "word": "word = 'hello'",
        },
        "part": {
            "share": "share = 0.25",
            "text": "text = double(open('data.txt').read())",
            "word": "word = 'bye'",
        },
        "numpy": {
            "share": "import numpy as np\nshare = np.float64(0.25)",
            "text": "from mine import twice\ntext = twice(loaded)",
        },
        "no-number": {"share": "share = [0.5]", "text": "text = loaded"},
    }
    for student, answers in handed_in.items():
        made = {name: answered(source, answers) for name, source in release.items()}
        classroom.hand_in(student, "pair", made)
    submitted = classroom.root / "submitted"
    (submitted / "numpy/pair/mine.py").write_text("def twice(x):\n    return 2 * x\n")
    (submitted / "part/pair/data.txt").write_text("changed")
    both = classroom.grade()
    assert both.lost == frozenset()
    # NumPy shows its numbers as np.float64(0.5), which nbgrader takes for no number: all points.
    assert both.differences() == {
        ("pair", "no-number", "first", "test-share"): "nbgrader 2, ours 0",
        ("pair", "numpy", "first", "test-share"): "nbgrader 2, ours 0.5",
    }
    assert both.suggested == {}
    shares = {s: both.stock["pair", s, "first", "test-share"].score for s in handed_in}
    assert shares == {"right": 2, "part": 0.5, "numpy": 2, "no-number": 2}
    texts = {s: both.stock["pair", s, "first", "test-text"].score for s in handed_in}
    assert texts == {"right": 1, "part": 1, "numpy": 1, "no-number": 0}


SHAPES = """\
from dataclasses import dataclass
from enum import Enum


class Colour(Enum):
    RED = 1
    BLUE = 2


@dataclass
class Point:
    x: float
    y: float

    def __add__(self, other):
        if not isinstance(other, Point):
            return NotImplemented
        return Point(self.x + other.x, self.y + other.y)


class Line:
    def __init__(self, start, end):
        self.start, self.end = start, end
"""


@pytest.mark.thorough
@pytest.mark.parametrize("imports", ["from shapes import *", "import shapes\nPoint = shapes.Point"])
def test_classes_of_a_module_beside_the_notebook(classroom: Classroom, imports: str) -> None:
    cells = [
        cell(imports, "imports"),
        cell(solution("def shifted(p):\n    return p + Point(1, 1)"), "shifted", solution=True),
        cell("assert shifted(Point(1, 2)) == Point(2, 3)", "test-shifted", points=1),
        cell(
            "import shapes\nline = shapes.Line(Point(0, 0), shifted(Point(1, 2)))\n"
            "assert isinstance(line.end, Point) and (line.end + Point(1, 0)).x == 3",
            "test-line",
            points=1,
        ),
        cell(
            solution("def flip(line):\n    line.start, line.end = line.end, line.start"),
            "flip",
            solution=True,
        ),
        cell("line = shapes.Line(1, 2)\nflip(line)\nassert line.start == 2", "test-flip", points=1),
        cell(
            solution(
                "import shapes\ndef other(colour):\n    return shapes.Colour(3 - colour.value)"
            ),
            "other",
            solution=True,
        ),
        cell("assert other(shapes.Colour.RED) is shapes.Colour.BLUE", "test-other", points=1),
        cell(
            solution("import shapes\ndef ends():\n    return shapes.Line(1, 2)"),
            "ends",
            solution=True,
        ),
        cell("assert (ends().start, ends().end) == (1, 2)", "test-ends", points=1),
    ]
    write(classroom, "drawn", {"drawn": notebook(cells)})
    (classroom.folders[0] / "drawn/shapes.py").write_text(SHAPES)
    release = classroom.release("drawn")["drawn"]
    forged = "import shapes\nshapes.Point.__eq__ = lambda self, other: True\n"
    handed_in = {
        "right": {
            "shifted": "def shifted(p):\n    return Point(p.x + 1, p.y + 1)",
            "flip": "def flip(it):\n    was = it.start\n    it.start = it.end\n    it.end = was",
            "other": "import shapes\ndef other(c):\n    return (set(shapes.Colour) - {c}).pop()",
            "ends": "class Line:\n    start, end = 1, 2\ndef ends():\n    return Line()",
        },
        "wrong": {
            "shifted": "def shifted(p):\n    return p",
            "flip": "def flip(line):\n    return line.end, line.start",
            "other": "def other(colour):\n    return colour",
            "ends": "def ends():\n    return shapes.Line(2, 1)",
        },
        "forged": {"shifted": f"{forged}def shifted(p):\n    return Point(2, 0)"},
    }
    for student, answers in handed_in.items():
        classroom.hand_in(student, "drawn", {"drawn": answered(release, answers)})
    both = classroom.grade()
    assert both.lost == frozenset()
    assert both.suggested == {}
    assert both.differences() == {
        ("drawn", "forged", "drawn", "test-shifted"): "nbgrader 1, ours 0"
    }
