"""The sample class, graded once: its marks, each answer of the banks, and stock nbgrader beside it.

nbgrader takes seconds for each submission, so it gets a spread of them. COURSE_THOROUGH=1 hands in
all that are whole.
"""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from authoring.check import sample_class
from authoring.check.answers import Verdict, engine_for, faults
from authoring.check.sample_class import Desk, Draft
from authoring.source.answers import read_bank
from authoring.source.exercise import read_exercise
from authoring.source.sources import Lesson, Sources
from grader import Engine, Result
from tests.conftest import ROOT
from tests.same_scores.classroom import (
    Both,
    Classroom,
    alembic_on_the_path,
    compared,
)

pytestmark = pytest.mark.thorough

COURSE = Sources.at(ROOT)
LESSONS = COURSE.lessons()
# How many of a lesson's submissions nbgrader gets; None for all.
SPREAD = None if os.environ.get("COURSE_THOROUGH") == "1" else 4

each_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=[lesson.name for lesson in LESSONS])


@cache
def everybody() -> list[tuple[Desk, str, Draft]]:
    return list(sample_class.drafts([Desk.of(lesson) for lesson in LESSONS]))


def whole(lesson: Lesson) -> dict[str, Draft]:
    """By student, what they have handed in to a lesson, but for what got damaged on its way."""
    return {
        student: draft
        for desk, student, draft in everybody()
        if desk.lesson == lesson and draft.damage is None
    }


@pytest.fixture(scope="module")
def submitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the sample class has handed in; beside it, expected.csv."""
    folder = tmp_path_factory.mktemp("sample_class")
    numbers = [lesson.number for lesson in LESSONS]
    sample_class.main(COURSE, numbers, folder / "submitted", folder / "expected.csv")
    return folder / "submitted"


def test_the_marks_it_must_get_follow_from_the_banks(submitted: Path) -> None:
    made = submitted.with_name("expected.csv").read_text()
    assert made == (ROOT / sample_class.EXPECTED).read_text(), "run authoring sample-class"


@pytest.fixture(scope="module")
def graded(bubblewrap: str, submitted: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make grade` does, but for the time that the endless loop of 02 may take."""
    out = tmp_path_factory.mktemp("graded")
    command = [sys.executable, "-m", "grader", "grade", "--course", str(ROOT)]
    command += ["--submitted", str(submitted), "--out", str(out)]
    command += ["--timeout", "auto"]
    for lesson in LESSONS:
        command += ["--due", f"{lesson.name}={sample_class.DUE}"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=2300)
    assert run.returncode == 0, run.stdout + run.stderr
    return out


def test_the_sample_class_gets_the_marks_it_must(graded: Path) -> None:
    expected = _rows(ROOT / sample_class.EXPECTED)
    got = _rows(graded / "grades.csv")
    columns = expected[0].keys()
    damaged = {(row["assignment"], row["student"]) for row in expected if not row["total"]}
    rejected = [row for row in got if row["status"] == "rejected"]
    assert [r["reason"] for r in rejected if (r["assignment"], r["student"]) not in damaged] == []
    assert [{column: row[column] for column in columns} for row in got] == expected
    assert all(row["reason"] for row in rejected)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def engine(bubblewrap: str) -> Iterator[Engine]:
    with engine_for(COURSE) as engine:
        yield engine


@each_lesson
def test_every_answer_of_the_bank_gets_its_points_and_its_hint(
    lesson: Lesson, graded: Path
) -> None:
    handed_in = whole(lesson)
    given = {(item, a.source) for draft in handed_in.values() for item, a in draft.answers.items()}
    bank = read_bank(lesson, read_exercise(lesson))
    assert [(a.item, a.name) for a in bank if (a.item, a.source) not in given] == []
    found = [verdict for student in handed_in for verdict in verdicts(lesson, student, graded)]
    assert [str(verdict) for verdict in found if not verdict.holds] == []


def verdicts(lesson: Lesson, student: str, graded: Path) -> Iterator[Verdict]:
    """How each of a student's answers that tests grade has fared."""
    result = Result.load(graded / "results" / lesson.name / f"{student}.json")
    assert result is not None
    for item, answer in whole(lesson)[student].answers.items():
        if answer.points is not None:
            got = result.item(item)
            name = f"{student}: {answer.source}"
            messages = tuple(got.messages)
            yield Verdict(item, name, got.score or 0, answer.points, messages, answer.hint)


@each_lesson
@pytest.mark.usefixtures("graded")  # which has made the contracts
def test_every_test_can_be_judged_apart_from_the_code(lesson: Lesson, engine: Engine) -> None:
    assert [str(fault) for fault in faults(lesson, engine)] == []


@pytest.fixture(scope="module")
def both(graded: Path, submitted: Path, tmp_path_factory: pytest.TempPathFactory) -> Both:
    """A spread of the class, graded by nbgrader too."""
    room = Classroom(tmp_path_factory.mktemp("stock"))
    shutil.copy2(ROOT / "nbgrader_config.py", room.root)
    with alembic_on_the_path():
        for lesson in LESSONS:
            shutil.copytree(ROOT / "solutions" / lesson.name, room.root / "solutions" / lesson.name)
            room.release(lesson.name)
            # The first hands in the solution, which nbval runs.
            _, *students = whole(lesson)
            for student in students[:: -(-len(students) // SPREAD)] if SPREAD else students:
                handed_in = Path(student, lesson.name)
                shutil.copytree(submitted / handed_in, room.root / "submitted" / handed_in)
        stock, lost = room.by_nbgrader()
    return compared(stock, lost, graded)


@each_lesson
def test_the_sample_class_gets_the_same_points_from_nbgrader(lesson: Lesson, both: Both) -> None:
    graded_twice = both.of(lesson.name)
    assert graded_twice.lost == frozenset()
    students = {place[1] for place in graded_twice.stock}
    ours = {place: mark for place, mark in graded_twice.ours.items() if place[1] in students}
    assert Both(graded_twice.stock, graded_twice.lost, ours, {}).differences() == {}
    assert graded_twice.suggested == {}, "every test of ours must be judged apart"
    scores = {mark.score for mark in graded_twice.stock.values()}
    assert {0.0, 1.0} <= scores, "right and wrong answers are both there"
