"""`authoring new`: what it writes builds and passes; what can't be a lesson is one sentence."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from authoring import new
from authoring.source.sources import Sources
from tests.conftest import ROOT

AUTHORING = "from authoring.cli import app; app()"


@pytest.mark.thorough
@pytest.mark.usefixtures("bubblewrap")
def test_the_skeleton_of_a_lesson_builds_and_passes(tmp_path: Path) -> None:
    for name in ("authoring", "course", "coursekit", "data", "grader", "notebooks"):
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignore)
    for name in ("pyproject.toml", "nbgrader_config.py"):
        shutil.copy2(ROOT / name, tmp_path)
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    for words in (["new", "99", "All that is left"], ["build", "99"], ["check", "99"]):
        run = subprocess.run(
            [sys.executable, "-c", AUTHORING, *words],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
        )
        if words[0] == "new":
            # On the map it is to come, as most are.
            path = tmp_path / "course" / "map.yaml"
            row = '    - {number: "99", needs: ["00"]}\n'
            path.write_text(path.read_text(encoding="utf-8") + row, encoding="utf-8")
        assert run.returncode == 0, run.stdout + run.stderr
    assert (tmp_path / "notebooks" / "99_all_that_is_left.ipynb").is_file()


def test_a_lesson_to_come_has_its_title_in_one_place(course: Sources) -> None:
    path = course.root / "course" / "map.yaml"
    path.write_text(
        '- part: First\n  lessons:\n    - {number: "01", needs: []}\n'
        '    - {number: "02", needs: ["01"], title: "What does it cost?"}\n'
    )
    lesson = new.main(course, "02", "What does it cost?")
    assert lesson.name == "02_what_does_it_cost"
    assert lesson.title == "What does it cost?"
    assert '{number: "02", needs: ["01"]}' in path.read_text()


@pytest.mark.parametrize(
    ("number", "title", "problem"),
    [
        ("6", "Counting on", "two digits"),
        ("02", "?", "needs a letter"),
        ("01", "Counting on", "Lesson 01 is there: course/01_counting"),
    ],
)
def test_what_can_be_no_lesson_is_one_sentence(
    course: Sources, number: str, title: str, problem: str
) -> None:
    with pytest.raises((ValueError, FileExistsError), match=problem):
        new.main(course, number, title)
    assert [lesson.number for lesson in course.lessons()] == ["01"]
