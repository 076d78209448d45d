"""Grades any nbgrader course, faster than nbgrader and without one submission stopping another.

    from grader import Course, Player, grade_one

    assignment = Course.open(Path(".")).load("07_unstructured_pruning")
    with Player() as player:
        result = grade_one(assignment, path_or_notebook, player)

The parts, in the order in which a submission passes them: `assignment` (what the teacher wrote),
`intake` (an untrusted file becomes a submission or is rejected), `player` and `stage` (run it),
`judge` (points), `results` (what is stored), `gradebook`, `feedback` and `report` (who gets to see
what), `conduct` (many at a time), `cli`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from grader.assignment import Assignment as Assignment
    from grader.assignment import Course as Course
    from grader.conduct import grade_class as grade_class
    from grader.conduct import grade_one as grade_one
    from grader.errors import GraderError as GraderError
    from grader.player import Player as Player
    from grader.results import Result as Result

_HOME = {
    "Assignment": "grader.assignment",
    "Course": "grader.assignment",
    "grade_class": "grader.conduct",
    "grade_one": "grader.conduct",
    "GraderError": "grader.errors",
    "Player": "grader.player",
    "Result": "grader.results",
}


def __getattr__(name: str) -> Any:
    # Not imported up front: the process in which learners' code runs imports this package too.
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
