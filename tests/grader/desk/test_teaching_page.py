"""The teacher's guide, typed line by line, from an empty folder to returned feedback."""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.grader.desk.conftest import worksheet, zipped

NAME = "07_unstructured_pruning"
FILE = "assignsubmission_file"
# In the place of a person at the page: full marks for every text.
MARKING = """
import sys
from pathlib import Path
from grader import Course
from grader.host.desk.reviewing import Change, Review, State
from grader.host.gradebook.connection import Database
from grader.host.result_store import ResultStore

out = Path("out")
database = Database.of_file(out / "gradebook.db")
review = Review(ResultStore(out), database, [Course.open(Path()).load(sys.argv[1])])
for place in review.places:
    shown = review.texts(place)
    marks = [
        Change(one["id"], one["state"], State(shown["points"], False, "Well read."))
        for group in shown["groups"] for one in group
    ]
    assert not review.save(marks).changed
    print(f"{len(marks)} texts marked.")
"""


@pytest.fixture
def teacher(tmp_path: Path) -> Path:
    """The course's folder as a teacher has it, as far as lesson 07 needs it, and two downloads."""
    home = tmp_path / "course"
    home.mkdir()
    shutil.copy2(ROOT / "nbgrader_config.py", home)
    for name in ("coursekit", "data", f"solutions/{NAME}", f"exercises/{NAME}"):
        shutil.copytree(ROOT / name, home / name, ignore=shutil.ignore_patterns("__pycache__"))
    downloads = home / "downloads"
    downloads.mkdir()
    handed_in = {"Ada King_7": "solutions", "Bob Moss_8": "exercises"}
    zipped(
        downloads / "submissions.zip",
        {
            f"{who}_{FILE}/{NAME}.ipynb": (ROOT / where / NAME / f"{NAME}.ipynb").read_bytes()
            for who, where in handed_in.items()
        },
    )
    worksheet(
        downloads / "worksheet.csv",
        ("7", "Ada King", "ada@x.org", "Friday, 27 November 2026, 9:00 PM"),
        ("8", "Bob Moss", "bob@x.org", "Friday, 27 November 2026, 11:00 PM"),
        most="22.00",
    )
    return home


@pytest.mark.thorough
def test_a_teacher_follows_the_page_to_returned_feedback(
    teacher: Path, tmp_path: Path, bubblewrap: str
) -> None:
    page = (ROOT / "docs/teaching.md").read_text("utf-8")
    lines = "".join(re.findall(r"^```sh\n(.*?)^```$", page, re.DOTALL | re.MULTILINE))
    marking = tmp_path / "marking.py"
    marking.write_text(MARKING)
    python = f'"{sys.executable}"'
    # What the folder of a teacher has besides: the whole repository, and a person at the page.
    stand_ins = f"""
make() {{ (cd "{ROOT}" && "{Path(sys.executable).parent}/authoring" class "{tmp_path}/my-class"); }}
grader() {{
  if [ "$1" = review ]; then {python} "{marking}" {NAME}; else {python} -m grader "$@"; fi
}}
"""
    done = subprocess.run(
        ["bash", "-euc", stand_ins + lines],
        cwd=teacher,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=500,
    )
    said = done.stdout
    assert done.returncode == 0, said
    assert "2 placed" in said
    assert "2 graded, 0 rejected, 1 late" in said
    assert "2 texts marked." in said
    assert not re.search(r"solution", str(sorted((tmp_path / "my-class").rglob("*.ipynb"))))
    out = teacher / "out"
    with (out / "grades.csv").open(newline="") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    assert [rows[who]["total"] for who in ("ada@x.org", "bob@x.org")] == ["22", "3"]
    with (out / "marks-moodle.csv").open(newline="", encoding="utf-8-sig") as file:
        marks = {row["Full name"]: row["Grade"] for row in csv.DictReader(file)}
    assert marks == {"Ada King": "22", "Bob Moss": "3"}
    with zipfile.ZipFile(out / "feedback-moodle.zip") as archive:
        feedback = archive.read(f"Bob Moss_8_{FILE}/{NAME}.html").decode()
    assert "Well read." in feedback
    for place in re.findall(r"`((?:out|reports)/[^`]+\.\w+)`", page):
        assert (teacher / place).stat().st_size > 0, place


def test_the_page_names_what_there_is() -> None:
    page = (ROOT / "docs/teaching.md").read_text("utf-8")
    for command in re.findall(r"^grader (\w+)", page, re.MULTILINE):
        shown = subprocess.run(
            [sys.executable, "-m", "grader", command, "--help"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, "COLUMNS": "200"},
        )
        assert shown.returncode == 0, command
        [*lines] = re.findall(rf"^grader {command} (.*)$", page, re.MULTILINE)
        for option in {word for line in lines for word in re.findall(r"--[a-z-]+", line)}:
            assert option in shown.stdout, f"{command} {option}"
