"""What of nbgrader's configuration is followed, and what stops a run with a sentence."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from grader import Assignment, Course
from grader.host.course import not_honoured
from grader.protocol.errors import GraderError
from tests.grader.conftest import CONFIG, Desk, cell, hidden, notebook, solution

Load = Callable[..., Assignment]


def made() -> NotebookNode:
    return notebook(
        [
            cell(solution("x = 5"), "x", solution=True),
            cell("assert x == 5\n" + hidden("assert x != 6"), "x1", points=1),
        ]
    )


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Reads an assignment of a course that has this configuration."""

    def loaded(setting: str = "", source: NotebookNode | None = None) -> Assignment:
        (tmp_path / "nbgrader_config.py").write_text(f"{CONFIG}{setting}\n")
        (tmp_path / "solutions/x").mkdir(parents=True, exist_ok=True)
        nbformat.write(source or made(), tmp_path / "solutions/x/x.ipynb")
        return Course.open(tmp_path).load("x")

    return loaded


STOP = {
    "c.ClearSolutions.enabled = False": "ClearSolutions.enabled",
    "c.ClearHiddenTests.enforce_metadata = False": "ClearHiddenTests.enforce_metadata",
    "c.Autograde.pre_convert_hook = print": "Autograde.pre_convert_hook",
    "c.Autograde.post_convert_hook = 'own.after'": "Autograde.post_convert_hook",
    "c.BaseConverter.pre_convert_hook = print": "BaseConverter.pre_convert_hook",
    "c.Autograde.exporter_class = 'own.Exporter'": "Autograde.exporter_class",
    "c.NotebookExporter.preprocessors = ['own.Step']": "NotebookExporter.preprocessors",
    "c.Exporter.preprocessors = ['own.Step']": "Exporter.preprocessors",
    "c.Execute.on_cell_start = print": "Execute.on_cell_start",
    "c.Execute.timeout = None": "Execute.timeout",
    "c.Assign.preprocessors = []": "Assign.preprocessors",
    "c.TransferApp.timezone = 'CET'": "TransferApp.timezone",
    "c.NbGrader.student_id = 'amy'": "NbGrader.student_id",
    "c.CourseDirectory.notebook_id = 'x*'": "CourseDirectory.notebook_id",
    "c.ClearHiddenTests.enabled = False": "ClearHiddenTests.enabled",
    "c.Autograde.autograde_preprocessors = []": "Autograde.autograde_preprocessors",
    "c.Execute.timeout = 60": "Execute.timeout",
    "c.Execute.skip_cells_with_tag = 'slow'": "Execute.skip_cells_with_tag",
    "c.Execute.force_raise_errors = True": "Execute.force_raise_errors",
    "c.ExecutePreprocessor.kernel_name = 'ir'": "ExecutePreprocessor.kernel_name",
    "c.NbGraderPreprocessor.enabled = False": "NbGraderPreprocessor.enabled",
    "c.Autograde.create_student = False": "Autograde.create_student",
    "c.CourseDirectory.student_id_exclude = 'amy'": "CourseDirectory.student_id_exclude",
    "c.CourseDirectory.directory_structure = '{nbgrader_step}/{assignment_id}'": (
        "CourseDirectory.directory_structure"
    ),
}


@pytest.mark.parametrize(("setting", "name"), STOP.items())
def test_what_would_change_marks_stops_the_run(load: Load, setting: str, name: str) -> None:
    sentence = f"sets c.{name}, which this grader does not follow"
    with pytest.raises(GraderError, match=re.escape(sentence)):
        load(setting)


def test_the_command_line_says_so_and_grades_nobody(desk: Desk) -> None:
    desk.hand_in("amy")
    with (desk.root / "nbgrader_config.py").open("a") as config:
        config.write("c.Execute.timeout = 60\n")
    said = desk.grade(code=1)
    assert "sets c.Execute.timeout, which this grader does not follow" in " ".join(said.split())


def test_a_course_that_lies_elsewhere_is_not_taken_for_this_one(load: Load, tmp_path: Path) -> None:
    (tmp_path / "other/solutions").mkdir(parents=True)
    for same in (".", f"{tmp_path}/../{tmp_path.name}", "not/there"):
        assert load(f"c.CourseDirectory.root = {same!r}").points == 1
    with pytest.raises(GraderError, match=r"sets c\.CourseDirectory\.root to .*other: name that"):
        load("c.CourseDirectory.root = 'other'")


@pytest.mark.parametrize(
    ("setting", "kept"),
    [
        ("c.Autograde.exclude_overwriting = {'x': ['own.py']}", {"own.py"}),
        ("c.Autograde.exclude_overwriting.update({'x': ['own.py']})", {"own.py"}),
        ("c.Autograde.exclude_overwriting = {'y': ['own.py']}", set()),
    ],
)
def test_files_of_the_learners_are_kept_as_nbgrader_reads_it(
    load: Load, setting: str, kept: set[str]
) -> None:
    assert load(setting).keep == kept


@pytest.mark.parametrize(
    "setting",
    [
        "c.Autograde.exclude_overwriting = ['own.py']",
        "c.Autograde.exclude_overwriting = {'x': 5}",
        "c.CourseDirectory.ignore = 5",
    ],
)
def test_a_value_that_nbgrader_does_not_take_is_one_sentence(load: Load, setting: str) -> None:
    with pytest.raises(GraderError, match=r"nbgrader_config\.py can't be followed: "):
        load(setting)


PASSED_OVER = (
    "c.LockCells.enabled = False",
    "c.LockCells.lock_grade_cells = False",
    "c.LimitOutput.max_lines = 5",
    "c.IgnorePattern.enabled = True\nc.IgnorePattern.pattern = 'noise'",
    "c.GenerateFeedback.pre_convert_hook = print",
    "c.CourseDirectory.groupshared = True",
    "c.Execute.timeout = 60\nc.Grader.timeout = 60",
    "c.NbGrader.logfile = 'log'",
)


@pytest.mark.parametrize("setting", PASSED_OVER)
def test_what_changes_no_mark_is_passed_over(load: Load, setting: str) -> None:
    assert load(setting).points == 1


def test_a_configuration_in_json_counts_too(load: Load, tmp_path: Path) -> None:
    path = tmp_path / "nbgrader_config.json"
    marks = {"begin_test_delimeter": "FROM", "end_test_delimeter": "UNTIL"}
    path.write_text(json.dumps({"ClearHiddenTests": marks}))
    source = made()
    source.cells[1].source = "assert x == 5\n# FROM\nassert x != 6\n# UNTIL"
    cells = load(source=source).notebooks["x"].cells
    assert cells[1].released == "assert x == 5"
    path.write_text(json.dumps({"Execute": {"timeout": 5}}))
    with pytest.raises(GraderError, match=r"sets c\.Execute\.timeout"):
        load()
    path.write_text("{")
    with pytest.raises(GraderError, match=r"nbgrader_config\.json cannot be read"):
        load()


@pytest.mark.parametrize("file", ["nbgrader_config.py", "jupyter_config.py"])
@pytest.mark.parametrize(
    ("setting", "name"),
    [
        ("c.Execute.timeout = 90", "Execute.timeout"),
        ("c.CourseDirectory.ignore = ['*.csv']", "CourseDirectory.ignore"),
        ("c.ClearSolutions.text_stub = 'Now you'", "ClearSolutions.text_stub"),
        ("c.CourseDirectory.student_id = 'a*'", "CourseDirectory.student_id"),
        ("c.IncludeHeaderFooter.header = 'head.ipynb'", "IncludeHeaderFooter.header"),
    ],
)
def test_what_this_machine_says_of_nbgrader_is_told(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, setting: str, name: str
) -> None:
    """nbgrader reads it, and this grader the course's own configuration alone."""
    place = tmp_path / "jupyter" / file
    place.parent.mkdir()
    place.write_text(f"{setting}\nc.Exchange.root = '/srv/exchange'\n")
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", str(place.parent))
    desk.hand_in("amy")
    assert f"{place} sets c.{name}, and this grader" in desk.grade(code=1)
    # What the course says stands above it.
    with (desk.root / "nbgrader_config.py").open("a") as config:
        config.write(f"{setting}\n")
    not_honoured.check_elsewhere(Course.open(desk.root).config)


def test_an_exchange_that_this_machine_names_is_hidden(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may lie among what learners' code is shown, such as the environment."""
    places = {"root": "/usr/share/handed-in", "cache": "/usr/share/handed-in-before"}
    lines = [f"c.Exchange.{name} = '{place}'\n" for name, place in places.items()]
    (tmp_path / "nbgrader_config.py").write_text("".join(lines))
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", str(tmp_path))
    assert set(map(Path, places.values())) <= set(Course.open(desk.root).hidden)


@pytest.mark.parametrize(
    "metadata",
    [
        {"kernelspec": {"name": "ir", "language": "R", "display_name": "R"}},
        {"kernelspec": {"name": "ir", "display_name": "R"}, "language_info": {"name": "R"}},
    ],
    ids=["kernel", "language"],
)
def test_a_notebook_in_another_language_is_not_graded_as_python(
    load: Load, metadata: dict[str, dict[str, str]]
) -> None:
    source = made()
    source.metadata = nbformat.from_dict(metadata)
    with pytest.raises(GraderError, match="is in R: this grader grades Python"):
        load(source=source)
