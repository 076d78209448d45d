"""Cells that a course puts around each of its notebooks count as in nbgrader."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from tests.grader.conftest import answered, cell, hidden, notebook, solution, text
from tests.same_scores.classroom import Classroom, write

CONFIG = """
c.IncludeHeaderFooter.header = "solutions/header.ipynb"
c.IncludeHeaderFooter.footer = "solutions/footer.ipynb"
"""
HEADER = [text("# Who you are"), cell("NAME = ''"), cell("import math\nTEN = 10")]
MADE = [
    cell(solution("def f(x):\n    return x + TEN"), "f", solution=True),
    cell("assert f(1) == 11\n" + hidden("assert math.isclose(f(0.5), 10.5)"), "f1", points=2),
]
FOOTER = [cell("assert f(-10) == 0", "last", points=3)]
HANDED_IN = {
    "right": "def f(x):\n    return TEN + x",
    "half": "def f(x):\n    return abs(x) + TEN",
    "wrong": "def f(x):\n    return x",
}


@pytest.fixture
def room(classroom: Classroom, monkeypatch: pytest.MonkeyPatch) -> Classroom:
    # nbgrader looks for them where it was started.
    monkeypatch.chdir(classroom.root)
    with (classroom.root / "nbgrader_config.py").open("a") as config:
        config.write(CONFIG)
    write(classroom, "sums", {"sums": notebook(MADE)})
    for name, cells in (("header", HEADER), ("footer", FOOTER)):
        nbformat.write(notebook(cells), classroom.folders[0] / f"{name}.ipynb")
    return classroom


@pytest.mark.parametrize("minor", [4, 5])
def test_header_and_footer_are_graded_as_nbgrader_does(room: Classroom, minor: int) -> None:
    if minor == 4:
        for path in room.folders[0].rglob("*.ipynb"):
            made = nbformat.read(path, 4)
            made.nbformat_minor = minor
            for node in made.cells:
                del node["id"]
            nbformat.write(made, path)
    release = room.release("sums")
    for student, body in HANDED_IN.items():
        made = answered(release["sums"], {"f": body})
        named = next(node for node in made.cells if node.source.startswith("NAME"))
        named.source = f"NAME = {student!r}"
        room.hand_in(student, "sums", {"sums": made})
    both = room.grade()
    assert both.lost == frozenset()
    assert both.differences() == {}
    scores = {key[1::2]: mark.score for key, mark in both.ours.items()}
    assert scores == {
        ("right", "f1"): 2,
        ("right", "last"): 3,
        ("half", "f1"): 2,
        ("half", "last"): 0,
        ("wrong", "f1"): 0,
        ("wrong", "last"): 0,
    }


def test_a_header_that_is_missing_is_one_sentence(room: Classroom, tmp_path: Path) -> None:
    from grader import Course
    from grader.protocol.errors import GraderError

    (room.folders[0] / "header.ipynb").unlink()
    with pytest.raises(GraderError, match=r"header\.ipynb cannot be read"):
        Course.open(room.root).load("sums")
