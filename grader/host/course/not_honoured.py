"""What nbgrader's configuration may say that this grader does not do: it says so, and stops.

What marks would come out otherwise by is told; what only looks otherwise is passed over.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from traitlets.config import Config
from traitlets.config.loader import JSONFileConfigLoader, PyFileConfigLoader

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
    "Exporter": ("preprocessors",),
    "NotebookExporter": ("preprocessors",),
}
# What runs code of somebody's own before or after a step, or in the place of one.
_OWN_CODE = {
    "Autograde": ("pre_convert_hook", "post_convert_hook", "exporter_class"),
    "BaseConverter": ("pre_convert_hook", "post_convert_hook", "exporter_class"),
    "GenerateAssignment": ("exporter_class",),
}
# How nbgrader runs a notebook, beside how long.
_RUN = (
    *("allow_error_names", "extra_arguments", "force_raise_errors", "kernel_manager_class"),
    *("kernel_name", "skip_cells_with_tag", "timeout_func"),
    *("on_notebook_start", "on_notebook_complete", "on_notebook_error", "on_cell_start"),
    *("on_cell_execute", "on_cell_complete", "on_cell_executed", "on_cell_error"),
)
# What nbgrader still takes by older names: section, and what it is called today.
_OLD = {
    **dict.fromkeys(("Assign", "AssignApp"), "GenerateAssignment"),
    "AutogradeApp": "Autograde",
    "BaseNbConvertApp": "BaseConverter",
    "TransferApp": "Exchange",
    **dict.fromkeys(("BaseApp", "BaseNbGraderApp", "BasicConfig", "NbGraderConfig"), "NbGrader"),
}
_OLD_OF_COURSE = (
    *("assignment_id", "autograded_directory", "course_directory", "course_id", "db_url"),
    *("directory_structure", "feedback_directory", "ignore", "notebook_id", "release_directory"),
    *("solution_directory", "source_directory", "student_id", "submitted_directory"),
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


# What marks hang on that this grader follows, where the course says it.
_FOLLOWED: dict[str, tuple[str, ...] | None] = {
    **dict.fromkeys(
        (
            *("AssignLatePenalties", "ClearHiddenTests", "ClearMarkScheme", "ClearSolutions"),
            *("IncludeHeaderFooter", "InstantiateTests", "LateSubmissionPlugin"),
        )
    ),
    "Autograde": ("exclude_overwriting",),
    "CourseDirectory": (
        *("ignore", "release_directory", "source_directory", "source_with_tests_directory"),
    ),
}


def elsewhere() -> Iterator[tuple[str, Config]]:
    """What nbgrader reads beside a course's own configuration: that of this user and of this
    machine, by file."""
    from jupyter_core.paths import jupyter_config_path

    for folder in jupyter_config_path():
        # Jupyter's own is read by all its programs.
        for name in ("jupyter_config", "nbgrader_config"):
            for ending, loader in ((".py", PyFileConfigLoader), (".json", JSONFileConfigLoader)):
                try:
                    other = loader(name + ending, path=folder).load_config()
                except Exception:
                    # Of what it can't read nbgrader itself goes on without.
                    continue
                yield os.path.join(folder, name + ending), other


def check_elsewhere(config: Config) -> None:
    """Looks through what is not read here of nbgrader's configuration.

    Args:
        config: the course's, which stands above all.

    Raises:
        GraderError: for the first setting there that would change marks.
    """
    for path, other in elsewhere():
        _compare(other, config, path)


def _compare(other: Config, config: Config, path: str) -> None:
    found = {name for name, _ in _found(other)}
    for section, names in _FOLLOWED.items():
        known = other.get(section, {})
        found |= {f"{section}.{name}" for name in known if names is None or name in names}
    for place in sorted(found):
        section, _, name = place.partition(".")
        if name not in config.get(section, {}):
            raise GraderError(
                f"{path} sets c.{place}, and this grader reads the course's configuration alone: "
                "say it there."
            )


def _found(config: Config) -> Iterator[tuple[str, str]]:
    def value(section: str, name: str) -> Any:
        return config.get(section, {}).get(name)

    take_out = "take it out, or grade with nbgrader."
    everybody = "it grades everybody and every notebook."
    for section in _STEPS:
        if value(section, "enabled") is False:
            yield f"{section}.enabled", take_out
    if value("ClearHiddenTests", "enforce_metadata") is False:
        yield "ClearHiddenTests.enforce_metadata", "hidden lines stand in cells of tests alone."
    for section, today in _OLD.items():
        for name in config.get(section, {}):
            yield f"{section}.{name}", f"today it is c.{today}.{name}."
    for name in _OLD_OF_COURSE:
        if value("NbGrader", name) is not None:
            today = "root" if name == "course_directory" else name
            yield f"NbGrader.{name}", f"today it is c.CourseDirectory.{today}."
    for section, names in [*_LISTS.items(), *_OWN_CODE.items()]:
        for name in names:
            if value(section, name) is not None:
                yield f"{section}.{name}", take_out
    if value("CourseDirectory", "directory_structure") not in (None, _STRUCTURE):
        yield "CourseDirectory.directory_structure", f"it reads {_STRUCTURE}."
    for name in _PARTS:
        if value("CourseDirectory", name) not in (None, "", "*"):
            yield f"CourseDirectory.{name}", everybody
    if value("Autograde", "create_student") is False:
        yield "Autograde.create_student", everybody
    for section in ("Execute", "ExecutePreprocessor", "NotebookClient"):
        for name in _RUN:
            if value(section, name) not in (None, False, "", "python3"):
                yield f"{section}.{name}", take_out
        if "timeout" in config.get(section, {}) and value("Grader", "timeout") is None:
            yield f"{section}.timeout", "say c.Grader.timeout, too, in seconds."
