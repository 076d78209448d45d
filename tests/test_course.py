"""The course itself: what is built is fresh, and exercises tell right answers from wrong ones."""

from __future__ import annotations

import csv
import filecmp
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from authoring.build import build
from authoring.check import sample_class
from authoring.check.answers import engine_for, faults, verdicts
from authoring.source.exercise import BEGIN_HIDDEN, BEGIN_SOLUTION, END_HIDDEN, END_SOLUTION
from authoring.source.sources import Course, Lesson
from grader import Engine
from grader.host.intake.submission import parse_time
from tests.conftest import ROOT

COURSE = Course.at(ROOT)
LESSONS = COURSE.lessons()
SAMPLE = ROOT / "data" / "sample_class"

each_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=[lesson.name for lesson in LESSONS])


@pytest.fixture(scope="module")
def engine(bubblewrap: str) -> Iterator[Engine]:
    with engine_for(COURSE) as engine:
        yield engine


def test_what_is_built_is_what_the_sources_say() -> None:
    assert list(build.stale(COURSE)) == [], "run make build, and commit what it built"


@each_lesson
def test_every_answer_of_the_bank_gets_its_points_and_its_hint(
    lesson: Lesson, engine: Engine
) -> None:
    assert [str(verdict) for verdict in verdicts(lesson, engine) if not verdict.holds] == []
    assert [str(fault) for fault in faults(lesson, engine)] == []


@each_lesson
def test_the_release_holds_no_line_of_a_solution_or_a_hidden_test(lesson: Lesson) -> None:
    secret: set[str] = set()
    shown: set[str] = set()
    for cell in nbformat.read(lesson.solution, as_version=4).cells:
        inside = False
        for line in map(str.strip, cell.source.splitlines()):
            inside = (inside or line in (BEGIN_SOLUTION, BEGIN_HIDDEN)) and line not in (
                END_SOLUTION,
                END_HIDDEN,
            )
            (secret if inside else shown).add(line)
    released = {
        line.strip()
        for cell in nbformat.read(lesson.exercise, as_version=4).cells
        for line in cell.source.splitlines()
    }
    # A line that stands in a visible test too, or one as short as `return x`, gives nothing away.
    assert {line for line in secret & released - shown if len(line) > 12} == set()
    assert {BEGIN_SOLUTION, BEGIN_HIDDEN} <= secret


def test_the_sample_class_is_what_its_script_writes(tmp_path: Path) -> None:
    sample_class.main(COURSE, [lesson.number for lesson in LESSONS], tmp_path)
    written = {path.relative_to(tmp_path) for path in tmp_path.rglob("*")}
    committed = {path.relative_to(SAMPLE) for path in SAMPLE.rglob("*")} - {Path("README.md")}
    assert written == committed, "run authoring sample-class"
    files = [str(path) for path in written if (tmp_path / path).is_file()]
    assert filecmp.cmpfiles(tmp_path, SAMPLE, files, shallow=False)[1:] == ([], [])


@pytest.mark.usefixtures("bubblewrap")
def test_the_sample_class_gets_the_marks_it_must(tmp_path: Path) -> None:
    """What `make grade` does, but for the time that the endless loop of 02 may take."""
    command = [sys.executable, "-m", "grader", "grade", "--course", str(ROOT)]
    command += ["--submitted", str(SAMPLE / "submitted"), "--out", str(tmp_path)]
    command += ["--timeout", "auto"]
    for lesson in LESSONS:
        command += ["--due", f"{lesson.name}={sample_class.DUE}"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert run.returncode == 0, run.stdout + run.stderr
    expected = _rows(SAMPLE / "expected.csv")
    got = _rows(tmp_path / "grades.csv")
    columns = expected[0].keys()
    assert [{column: row[column] for column in columns} for row in got] == expected
    assert all(row["reason"] for row in got if row["status"] == "rejected")


def test_make_grade_knows_when_the_sample_class_was_due() -> None:
    lines = (ROOT / "Makefile").read_text().splitlines()
    (due,) = (line.removeprefix("DUE := ") for line in lines if line.startswith("DUE := "))
    assert parse_time(due) == parse_time(sample_class.DUE)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@each_lesson
def test_no_cell_of_a_lesson_is_longer_than_a_screen(lesson: Lesson) -> None:
    cells = nbformat.read(lesson.notebook, as_version=4).cells
    shown = [
        len([line for line in cell.source.splitlines() if line.strip()])
        for cell in cells
        if cell.cell_type == "code" and not cell.metadata.get("jupyter", {}).get("source_hidden")
    ]
    assert max(shown) <= 25


@each_lesson
def test_the_readme_leads_to_every_lesson(lesson: Lesson) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"[{lesson.title}](notebooks/{lesson.name}.ipynb)" in readme
    assert f"(exercises/{lesson.name}/{lesson.name}.ipynb)" in readme
