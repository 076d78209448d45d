"""What an exercise tells of its items, and that a learner can mark it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import nbformat
import pytest

from authoring import mark as mark_
from authoring.build.items import items_metadata
from authoring.build.notebook import instructor_notebook
from authoring.build.release import release_notebooks
from authoring.source.exercise import GOES_ON, read_exercise
from authoring.source.sources import Lesson
from grader import GraderError
from grader.host import grade_folder
from tests.conftest import ROOT
from tests.hostile import much_to_read

PRUNING = "07_unstructured_pruning"


def test_items_are_told_by_title_and_hidden_checks_by_number_only(lesson: Lesson) -> None:
    assert items_metadata(read_exercise(lesson)) == [
        {
            "name": "count",
            "title": "1 · Count",
            "tests": ["count-test-1", "count-test-2"],
            "hidden": 1,
        },
        {"name": "why", "title": "2 · Why", "tests": [], "hidden": 0},
    ]


def test_a_title_comes_without_its_points(lesson: Lesson) -> None:
    path = lesson.folder / "exercise.py"
    path.write_text(path.read_text().replace("## 1 · Count", "## 1 · Count (all) (3 points)"))
    assert items_metadata(read_exercise(lesson))[0]["title"] == "1 · Count (all)"


def test_run_all_goes_on_past_answers_and_tests_and_nothing_else(lesson: Lesson) -> None:
    notebook = instructor_notebook(lesson)
    release = release_notebooks([(lesson.name, notebook)])[lesson.name]
    goes_on = [cell.id for cell in release.cells if GOES_ON in cell.metadata.get("tags", [])]
    assert goes_on == ["count", "count-test-1", "count-test-2"]
    assert release.metadata["course"] == notebook.metadata["course"]


def test_an_exercise_begins_and_ends_with_what_all_share(lesson: Lesson) -> None:
    release = release_notebooks([(lesson.name, instructor_notebook(lesson))])[lesson.name]
    code = [cell for cell in release.cells if cell.cell_type == "code"]
    assert (code[0].id, code[-1].id) == ("setup", "finish")
    assert "begin_exercise()" in code[0].source
    assert "end_exercise()" in code[-1].source
    assert not code[-1].metadata["editable"]
    assert "Tests and given code are locked" in release.cells[0].source


@pytest.fixture
def handed_in(tmp_path: Path) -> Path:
    """An exercise with one right answer, one wrong, a text, and nothing else."""
    path = tmp_path / PRUNING / f"{PRUNING}.ipynb"
    path.parent.mkdir()
    shutil.copy2(ROOT / "exercises" / PRUNING / path.name, path)
    solution = nbformat.read(ROOT / "solutions" / PRUNING / path.name, as_version=4)
    notebook = nbformat.read(path, as_version=4)
    for cell, solved in zip(notebook.cells, solution.cells, strict=True):
        match cell.id:
            case "left":
                cell.source = solved.source
            case "come-back":
                cell.source = 'choice_come_back = "Z"'
            case "why":
                cell.source = "Because."
    nbformat.write(notebook, path)
    return path


@pytest.mark.usefixtures("bubblewrap")
def test_a_learners_exercise_is_marked_with_hidden_tests_and_titles(
    handed_in: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arguments = ["07", "--notebook", str(handed_in), "--out", str(tmp_path / "out")]
    assert mark_.main([*arguments, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["lines"][0] == "✓ 1 · What is left? – 2 of 2."
    assert told["lines"][1] == "○ 2 · The same share in every row – 0 of 3. Not done yet."
    assert told["lines"][4].startswith("✗ 5 · Which zeros stay? – 0 of 1. ")
    assert told["lines"][7] == "○ 8 · A claim – 3 points, for whoever reads it."
    assert told["lines"][-1] == "2 of 22 points. 3 are for a text that somebody has to read."
    page = Path(told["page"]).read_text()
    assert "BEGIN HIDDEN" not in page
    assert "of 22 points" in page

    def made_again(*arguments: object) -> None:
        raise AssertionError("the contract was kept the first time")

    monkeypatch.setattr("grader.host.get_contract.make_contract", made_again)
    assert mark_.main([*arguments, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["lines"] == told["lines"]


@pytest.mark.thorough
@pytest.mark.usefixtures("bubblewrap")
def test_what_takes_too_much_to_read_is_said_and_ends_nothing(
    handed_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grader.host.clerk.MEMORY", 64 * 2**20)
    content = json.loads(handed_in.read_text())
    content["metadata"]["a"] = much_to_read()
    handed_in.write_text(json.dumps(content))
    marked = mark_.mark(ROOT, handed_in, tmp_path / "out")
    (line,) = marked.lines
    assert line == f"✗ It can't be marked: To read {PRUNING}.ipynb takes too much memory."
    assert "takes too much memory" in marked.page.read_text()


def test_without_a_sandbox_ones_own_code_is_marked_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing() -> None:
        raise GraderError("none")

    monkeypatch.setattr(grade_folder.bubblewrap, "check", missing)
    assert not grade_folder._has_sandbox()


def test_what_can_not_be_marked_is_said_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert mark_.main(["99"]) == 1
    assert capsys.readouterr().out.startswith("There is no exercise 99")
    (tmp_path / "x.ipynb").write_text("{")
    assert mark_.main(["07", "--notebook", str(tmp_path / "x.ipynb"), "--json"]) == 1
    assert "is damaged" in json.loads(capsys.readouterr().out)["error"]
