"""What nbgrader's configuration may say that this grader does not do: it says so, and stops.

What marks would come out otherwise by is told; what only looks otherwise is passed over.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from traitlets.config import Config

from grader.protocol.errors import GraderError

# nbgrader's steps on the way from source to marks. Switched off, they would leave in or out what is
# not to be left there.
_STEPS = (
    "AssignLatePenalties",
    "CheckCellMetadata",
    "ClearHiddenTests",
    "ClearMarkScheme",
    "ClearSolutions",
    "Execute",
    "InstantiateTests",
    "LockCells",
    "NbGraderPreprocessor",
    "OverwriteCells",
    "Preprocessor",
    "SaveAutoGrades",
)
# Lists of such steps, of somebody's own.
_LISTS = {
    "Autograde": ("sanitize_preprocessors", "autograde_preprocessors", "preprocessors"),
    "GenerateAssignment": ("preprocessors",),
    "GenerateSourceWithTests": ("preprocessors",),
}
# How nbgrader runs a notebook, beside how long.
_RUN = (
    *("allow_error_names", "extra_arguments", "kernel_manager_class", "kernel_name"),
    *("skip_cells_with_tag", "timeout_func"),
)
# Of whom and what nbgrader grades no more than a part.
_PARTS = ("notebook_id", "student_id", "student_id_exclude")
_STRUCTURE = os.path.join("{nbgrader_step}", "{student_id}", "{assignment_id}")


def check(config: Config) -> None:
    """Looks through nbgrader's configuration.

    Raises:
        GraderError: for the first setting that would change marks, and that is not followed here.
    """
    for name, advice in _found(config):
        raise GraderError(
            f"nbgrader_config.py sets c.{name}, which this grader does not follow: {advice}"
        )


def _found(config: Config) -> Iterator[tuple[str, str]]:
    def value(section: str, name: str) -> Any:
        return config.get(section, {}).get(name)

    take_out = "take it out, or grade with nbgrader."
    for section in _STEPS:
        if value(section, "enabled") is False:
            yield f"{section}.enabled", take_out
    for section, names in _LISTS.items():
        for name in names:
            if value(section, name) is not None:
                yield f"{section}.{name}", take_out
    if value("CourseDirectory", "directory_structure") not in (None, _STRUCTURE):
        yield "CourseDirectory.directory_structure", f"it reads {_STRUCTURE}."
    for name in _PARTS:
        if value("CourseDirectory", name) not in (None, "", "*"):
            yield f"CourseDirectory.{name}", "it grades everybody and every notebook."
    for section in ("Execute", "ExecutePreprocessor", "NotebookClient"):
        for name in _RUN:
            if value(section, name) not in (None, "", "python3"):
                yield f"{section}.{name}", take_out
        limit = value(section, "timeout")
        if limit is not None and value("Grader", "timeout") is None:
            yield f"{section}.timeout", "say c.Grader.timeout, too, in seconds."
