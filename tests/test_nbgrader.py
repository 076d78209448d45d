"""The plain nbgrader way, by its own commands, with nbgrader_config.py of this repository."""

from __future__ import annotations

import csv
import filecmp
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from authoring.check import sample_class
from authoring.source.sources import Sources
from tests.conftest import ROOT

LESSON = "07_unstructured_pruning"
STUDENTS = ("s02", "s05")


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("course")
    shutil.copytree(ROOT / "solutions", folder / "solutions")
    shutil.copy2(ROOT / "nbgrader_config.py", folder)
    made = tmp_path_factory.mktemp("sample_class")
    sample_class.main(Sources.at(ROOT), [LESSON[:2]], made / "submitted", made / "expected.csv")
    for student in STUDENTS:
        shutil.copytree(
            made / "submitted" / student / LESSON, folder / "submitted" / student / LESSON
        )
    return folder


def nbgrader(course: Path, *arguments: str) -> str:
    programs = Path(sys.executable).parent
    run = subprocess.run(
        [programs / "nbgrader", *arguments],
        cwd=course,
        env=os.environ | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout + run.stderr


def test_stock_nbgrader_releases_grades_and_explains(course: Path) -> None:
    nbgrader(course, "generate_assignment", LESSON)
    released = Path("exercises") / LESSON / f"{LESSON}.ipynb"
    assert filecmp.cmp(course / released, ROOT / released, shallow=False)

    nbgrader(course, "autograde", LESSON)
    nbgrader(course, "export")
    with (ROOT / sample_class.EXPECTED).open(newline="") as file:
        expected = {
            row["student"]: float(row["total"])
            for row in csv.DictReader(file)
            if row["assignment"] == LESSON and row["student"] in STUDENTS
        }
    with (course / "grades.csv").open(newline="") as file:
        assert {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)} == expected

    nbgrader(course, "generate_feedback", LESSON)
    for student in STUDENTS:
        assert (course / "feedback" / student / LESSON / f"{LESSON}.html").stat().st_size > 10_000


def test_validate_tells_a_solution_from_an_untouched_exercise(course: Path) -> None:
    solved = nbgrader(course, "validate", str(ROOT / "solutions" / LESSON / f"{LESSON}.ipynb"))
    assert "Success! Your notebook passes all the tests." in solved
    untouched = nbgrader(course, "validate", str(ROOT / "exercises" / LESSON / f"{LESSON}.ipynb"))
    assert "failed" in untouched
    assert "Success" not in untouched
