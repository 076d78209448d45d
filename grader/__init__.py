"""Grades any nbgrader course, faster than nbgrader and without one submission stopping another::

    from grader import Course, Engine, grade_one

    assignment = Course.open(Path(".")).load("07_unstructured_pruning")
    with Engine() as engine:
        result = grade_one(assignment, path_or_notebook, engine)

Three rooms by trust, one door between them:

- `host` holds the teacher's rights. A submission passes, in this order, `course` (what the teacher
  wrote), `intake` (an untrusted file becomes a submission or is rejected), `make_contract` (what
  may cross, from the teacher's own solution), `session` (its cells and tests in their turn) through
  `engine` (the processes, seen from outside), `marks`, `results`, `publish` and `gradebook`;
  `grade` does so for one, `grade_folder` with pages, `batch` for a class, `cli` is the command;
  `desk` brings submissions in from an LMS, and marks and feedback back.
- `sandboxed` is all that runs shut in: `zygote` (the warm process), `isolation` and `syscalls`
  (what a fork does to itself first), `player`, `judge`, `cells`, `calls` between the two, and
  `codec` (values as messages).
- `protocol` is all that crosses: frames of bytes, the schema of values, terms, limits.

`host` and `sandboxed` import from `protocol` only, and never from each other.

docs/grading.md says what this guarantees.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from grader.host.batch import grade_class as grade_class
    from grader.host.course.assignment import Assignment as Assignment
    from grader.host.course.course import Course as Course
    from grader.host.engine.engine import Engine as Engine
    from grader.host.engine.settings import EngineSettings as EngineSettings
    from grader.host.grade import grade_one as grade_one
    from grader.host.grade_folder import grade_folder as grade_folder
    from grader.host.marking import Marking as Marking
    from grader.host.results.result import ItemResult as ItemResult
    from grader.host.results.result import Result as Result
    from grader.protocol.errors import GraderError as GraderError

_HOME = {
    "Assignment": "grader.host.course.assignment",
    "Course": "grader.host.course.course",
    "grade_class": "grader.host.batch",
    "grade_one": "grader.host.grade",
    "grade_folder": "grader.host.grade_folder",
    "Engine": "grader.host.engine.engine",
    "EngineSettings": "grader.host.engine.settings",
    "ItemResult": "grader.host.results.result",
    "GraderError": "grader.protocol.errors",
    "Result": "grader.host.results.result",
    "Marking": "grader.host.marking",
}


def __getattr__(name: str) -> Any:
    # Not imported up front: the process in which learners' code runs imports this package too.
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
