"""Grades any nbgrader course, faster than nbgrader and without one submission stopping another.

    from grader import Course, Engine, grade_one

    assignment = Course.open(Path(".")).load("07_unstructured_pruning")
    with Engine() as engine:
        result = grade_one(assignment, path_or_notebook, engine)

The parts, in the order in which a submission passes them:

- `assignment` (what the teacher wrote), `intake` (an untrusted file becomes a submission or is
  rejected), `prepare` and `contract` (what may cross, from the teacher's own solution);
- `engine` (the warm process and what it forks), `sandbox`, `isolate` and `seccomp` (what shuts
  them in), `stage` (the warm process itself), `rehearsal` and `memory` (what it does so that
  forks cost little);
- `session` (one notebook: its cells and tests in their turn), `player` and `judge` (its two
  processes as the conductor sees them), `playing` and `judging` (what runs in these), `shell`
  (cells and their outputs), `names` (which names a cell binds and reads);
- `wire` (frames of bytes), `manifest` (the schema of values as data), `packing` and `unpacking`
  (values out and in, with `modules`, `frames`, `attributes` and `libraries`), `changes` (to what
  was lent), `handles` (calls), `handed` (files);
- `score` and `messages` (points and words), `results` (what is stored), `clean` (outputs made
  harmless), `gradebook`, `feedback` and `report` (who gets to see what), `conduct` (many at a
  time), `cli`.

docs/grading.md says what this guarantees.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from grader.assignment import Assignment as Assignment
    from grader.conduct import grade_class as grade_class
    from grader.conduct import grade_one as grade_one
    from grader.course import Course as Course
    from grader.engine import Engine as Engine
    from grader.errors import GraderError as GraderError
    from grader.results import Result as Result

_HOME = {
    "Assignment": "grader.assignment",
    "Course": "grader.course",
    "grade_class": "grader.conduct",
    "grade_one": "grader.conduct",
    "Engine": "grader.engine",
    "GraderError": "grader.errors",
    "Result": "grader.results",
}


def __getattr__(name: str) -> Any:
    # Not imported up front: the process in which learners' code runs imports this package too.
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
