"""The course that quickstart makes gets the same points from the engine as from nbgrader."""

from __future__ import annotations

from pathlib import Path

import pytest
from nbgrader.apps import quickstartapp

from tests.grader.conftest import (
    answered,
)
from tests.same_scores.classroom import WITH_ALEMBIC, Classroom

SQUARES = """\
def squares(n):
    if n < 1:
        raise ValueError("n must be at least 1")
    return [i * i for i in range(1, n + 1)]
"""
QUICKSTART: dict[str, dict[str, str]] = {
    "right": {
        "squares": SQUARES,
        "sum_of_squares": "def sum_of_squares(n):\n    return sum(squares(n))",
        "sum_of_squares_equation": "$\\sum_{k=1}^{n} k^2$",
        "part-a": "It computes Fibonacci numbers.",
    },
    "partly": {
        "squares": "def squares(n):\n    return [i * i for i in range(1, n + 1)]",
        "sum_of_squares": "def sum_of_squares(n):\n    return sum(squares(n))",
        "part-b": "For numbers below zero it never ends.",
    },
    "wrong": {
        "squares": "def squares(n):\n    return [i * i for i in range(n)]",
        "sum_of_squares": "def sum_of_squares(n):\n    return squares(n)",
        "sum_of_squares_application": "sum_of_squares(3)",
    },
    "blank": {},
    "other-way": {
        "squares": SQUARES,
        "sum_of_squares": "def sum_of_squares(n):\n    return n * (n + 1) * (2 * n + 1) // 6",
    },
    "typo": {
        "squares": "def squares(n):\n    return [i * i for i in range(1, n + 1]",
        "sum_of_squares": "def sum_of_squares(n):\n    return sum(squares(n))",
    },
}


@pytest.mark.thorough
def test_the_course_of_quickstart(
    tmp_path: Path, classroom: Classroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several notebooks, tasks, manual cells, a picture beside them, a kernel named python."""
    # Half a minute of writing comments into a configuration file is left out.
    monkeypatch.setattr(
        quickstartapp.subprocess, "call", lambda *_, **__: Path("nbgrader_config.py").touch()
    )
    (tmp_path / "new").mkdir()
    monkeypatch.chdir(tmp_path / "new")
    app = quickstartapp.QuickStartApp()
    app.initialize(["demo"])
    app.start()
    monkeypatch.undo()
    room = Classroom(tmp_path / "new" / "demo")
    monkeypatch.setenv("PATH", WITH_ALEMBIC)
    monkeypatch.chdir(room.root)  # The header that its configuration names is relative.
    release = room.release("ps1")
    assert {made.metadata.kernelspec.name for made in release.values()} == {"python"}
    for student, answers in QUICKSTART.items():
        made = {name: answered(source, answers) for name, source in release.items()}
        room.hand_in(student, "ps1", made)
    both = room.grade()
    assert both.lost == frozenset()
    assert both.differences() == {}
    # One deletes a function and waits for a NameError: that is judged apart, too.
    assert both.suggested == {}
    given = {s: both.stock["ps1", s, "problem1", "correct_squares"].score for s in QUICKSTART}
    assert given == {"right": 1, "partly": 1, "wrong": 0, "blank": 0, "other-way": 1, "typo": 0}
