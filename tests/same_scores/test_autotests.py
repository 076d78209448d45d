"""Tests that nbgrader makes of a solution: the same points from the engine as from nbgrader."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from grader import Course
from grader.protocol.errors import GraderError
from tests.grader.conftest import answered, cell, hidden, notebook, solution
from tests.same_scores.classroom import Classroom, write

TESTS = '''\
python3:
    setup: "from hashlib import sha256"
    hash: 'sha256({{snippet}}.encode() + b"{{salt}}").hexdigest()'
    dispatch: "type({{snippet}})"
    normalize: "str({{snippet}})"
    check: 'assert {{snippet}} == """{{value}}""", """{{message}}"""'
    success: "print('All well')"
    templates:
        default:
            - test: "type({{snippet}})"
              fail: "{{snippet}} is of another type"
            - test: "{{snippet}}"
              fail: "{{snippet}} has another value"
        list:
            - test: "len({{snippet}})"
              fail: "{{snippet}} is not as long"
            - test: "{{snippet}}"
              fail: "{{snippet}} holds something else"
'''

SOLVED = {
    "powers": "def powers(n):\n    return [2**k for k in range(n)]",
    "longest": "def longest(words):\n    return max(words, key=len)",
    "mean": "mean = sum(powers(4)) / 4",
}


def bakery() -> NotebookNode:
    """Plain, hashed, hidden, and several in a line, beside tests written by hand."""
    return notebook(
        [
            cell("words = ['rye', 'spelt', 'oat']", "given"),
            cell(solution(SOLVED["powers"]), "powers", solution=True),
            cell("### AUTOTEST powers(3); powers(0);\nassert powers(1) == [1]", "plain", points=1),
            cell("### HASHED AUTOTEST powers(5)", "hashed", points=2),
            cell(solution(SOLVED["longest"]), "longest", solution=True),
            cell(
                "assert longest(['a']) == 'a'\n"
                + hidden("more = ['x', 'xyz']\n### AUTOTEST longest(more)"),
                "unseen",
                points=1.5,
            ),
            cell("### HASHED AUTOTEST longest(words); longest(words[1:])", "several", points=1),
            cell(solution(SOLVED["mean"]), "mean", solution=True),
            cell("# AUTOTEST round(mean, 3)", "number", points=1),
        ]
    )


HANDED_IN: dict[str, Mapping[str, str]] = {
    "right": SOLVED,
    "restyled": {
        "powers": "def powers(n):\n    made = []\n    while len(made) < n:\n"
        "        made.append(made[-1] * 2 if made else 1)\n    return made",
        "longest": "longest = lambda words: sorted(words, key=len)[-1]",
        "mean": "mean = 3.75",
    },
    "squares": SOLVED | {"powers": "def powers(n):\n    return [k**2 for k in range(n)]"},
    "first": SOLVED | {"longest": "def longest(words):\n    return words[0]"},
    "tuple": SOLVED | {"powers": "def powers(n):\n    return tuple(2**k for k in range(n))"},
    "text": SOLVED | {"mean": "mean = '3.75'"},
    "blank": {},
}


@pytest.fixture
def room(classroom: Classroom, monkeypatch: pytest.MonkeyPatch) -> Classroom:
    # nbgrader looks for it where it was started.
    monkeypatch.chdir(classroom.root)
    (classroom.root / "autotests.yml").write_text(TESTS)
    write(classroom, "bakery", {"bakery": bakery()})
    return classroom


@pytest.mark.thorough
def test_tests_that_are_made_of_solutions_give_the_same_points(room: Classroom) -> None:
    release = room.release("bakery")
    assert not (room.root / "source_with_tests").exists()
    for student, answers in HANDED_IN.items():
        made = {name: answered(source, answers) for name, source in release.items()}
        room.hand_in(student, "bakery", made)
    both = room.grade()
    assert both.lost == frozenset()
    assert both.differences() == {}
    assert both.suggested == {}
    total = {
        student: sum(mark.score or 0 for place, mark in both.ours.items() if place[1] == student)
        for student in HANDED_IN
    }
    assert total["right"] == total["restyled"] == 6.5
    assert total["squares"] < total["right"]
    assert total["blank"] == 0
    # What is hidden of it is shown to nobody.
    page = (room.root / "out/feedback/first/bakery/bakery.html").read_text()
    assert "xyz" not in page


def graded(room: Classroom, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "grader", "grade", "--course", str(room.root)]
    command += ["--submitted", str(room.root / "submitted"), "--out", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, timeout=600)


HARM = {
    "no templates": "No autotests.yml file found",
    "templates that are none": "autotests.yml contains invalid YAML code",
    "templates for another kernel": "KeyError: 'python3'",
    "a solution that fails": "ValueError: lazy",
    "another kernel": "ValueError: Kernel octave has not been specified",
    "a cell without points": "AutoTest region detected in a non-grade cell",
}


@pytest.mark.parametrize("harm", HARM)
def test_what_cannot_be_filled_in_grades_nobody(room: Classroom, harm: str, tmp_path: Path) -> None:
    release = room.release("bakery")
    room.hand_in("amy", "bakery", release)
    source = bakery()
    if harm == "no templates":
        (room.root / "autotests.yml").unlink()
    elif harm == "templates that are none":
        (room.root / "autotests.yml").write_text("python3: [")
    elif harm == "templates for another kernel":
        (room.root / "autotests.yml").write_text("ir: {}")
    elif harm == "another kernel":
        source.metadata.kernelspec.name = "octave"
    elif harm == "a cell without points":
        source.cells.append(cell("### AUTOTEST powers(9)", "loose"))
    else:
        source.cells[1].source = solution("def powers(n):\n    raise ValueError('lazy')")
    (room.folders[0] / "bakery/bakery.ipynb").unlink()
    (room.folders[0] / "bakery").rmdir()
    write(room, "bakery", {"bakery": source})
    run = graded(room, tmp_path / "other")
    assert run.returncode == 1
    said = " ".join((run.stdout + run.stderr).split())
    assert f"has AUTOTEST lines, which are no tests yet ({HARM[harm]}" in said
    assert "nbgrader generate_assignment bakery --source_with_tests --force" in said
    assert not list((tmp_path / "other").glob("results/*/*"))


def test_tests_that_were_made_of_another_source_stop_the_run(
    room: Classroom, tmp_path: Path
) -> None:
    """Stock grades by the old ones."""
    room.hand_in("amy", "bakery", room.release("bakery"))
    fill = [sys.executable, "-m", "nbgrader", "generate_assignment", "bakery"]
    fill += ["--source_with_tests", "--force"]
    subprocess.run(fill, cwd=room.root, check=True, capture_output=True, timeout=600)
    assert (room.root / "source_with_tests/bakery/bakery.ipynb").is_file()
    assert graded(room, tmp_path / "one").returncode == 0
    path = room.folders[0] / "bakery/bakery.ipynb"
    for old, new in (
        # A solution, a line that tests are made of, a test beside it, and points.
        ("2**k for k", "3**k for k"),
        ("powers(3); powers(0)", "powers(4); powers(0)"),
        ("assert powers(1) == [1]", "assert powers(1) == [2]"),
        ('"points": 1.5', '"points": 5'),
    ):
        path.write_text(nbformat.writes(bakery()).replace(old, new))
        with pytest.raises(GraderError) as stopped:
            Course.open(room.root).load("bakery")
        said = str(stopped.value)
        assert "has changed since its tests were filled in" in said, new
        assert "nbgrader generate_assignment bakery --source_with_tests --force" in said
    assert graded(room, tmp_path / "other").returncode == 1


def test_below_a_header_hashes_are_released_with_another_salt(
    room: Classroom, tmp_path: Path
) -> None:
    """nbgrader counts the header's cells for the release, and not in source_with_tests."""
    nbformat.write(notebook([cell("import math")]), room.root / "head.ipynb")
    with (room.root / "nbgrader_config.py").open("a") as config:
        config.write("c.IncludeHeaderFooter.header = 'head.ipynb'\n")
    fill = [sys.executable, "-m", "nbgrader", "generate_assignment", "bakery"]
    fill += ["--source_with_tests", "--force"]
    subprocess.run(fill, cwd=room.root, check=True, capture_output=True, timeout=600)
    release = nbformat.read(room.folders[1] / "bakery/bakery.ipynb", 4)
    room.hand_in("amy", "bakery", {"bakery": answered(release, SOLVED)})
    assert graded(room, tmp_path / "other").returncode == 0
    assert '"amy","graded","no","6.5"' in (tmp_path / "other/grades.csv").read_text()
    # By another autotests.yml the release has tests of its own.
    (room.root / "autotests.yml").write_text(TESTS.replace("is not as long", "is longer"))
    run = graded(room, tmp_path / "one")
    assert run.returncode == 1
    assert "has other tests than those that were filled in" in run.stderr


def test_so_do_tests_that_were_released_by_another_autotests_yml(room: Classroom) -> None:
    """nbgrader makes them anew for each release, and grades by these."""
    make = [sys.executable, "-m", "nbgrader", "generate_assignment", "bakery", "--force"]
    fill = [*make, "--source_with_tests"]
    subprocess.run(fill, cwd=room.root, check=True, capture_output=True, timeout=600)
    (room.root / "autotests.yml").write_text(TESTS.replace("is not as long", "is longer"))
    assert Course.open(room.root).load("bakery").notebooks
    subprocess.run(make, cwd=room.root, check=True, capture_output=True, timeout=600)
    with pytest.raises(GraderError, match="has other tests than those that were filled in"):
        Course.open(room.root).load("bakery")
    subprocess.run(fill, cwd=room.root, check=True, capture_output=True, timeout=600)
    assert Course.open(room.root).load("bakery").notebooks


def test_a_cell_that_nbgrader_would_not_run_stops_the_run(room: Classroom, tmp_path: Path) -> None:
    room.hand_in("amy", "bakery", room.release("bakery"))
    path = room.folders[0] / "bakery/bakery.ipynb"
    notebook = nbformat.read(path, 4)
    cell = next(cell for cell in notebook.cells if cell.cell_type == "code")
    cell.metadata["tags"] = ["skip-execution"]
    nbformat.write(notebook, path)
    run = graded(room, tmp_path / "other")
    assert run.returncode == 1
    assert "has the tag skip-execution" in " ".join((run.stdout + run.stderr).split())
