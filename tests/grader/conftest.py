"""A small course to grade, made with nbgrader itself, ways to hand in, and what all rooms share."""

from __future__ import annotations

import copy
import csv
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode
from nbgrader.apps import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config
from typer.testing import CliRunner

from grader import Assignment, Course, Engine, Result
from grader.host.cli import app
from grader.host.engine.settings import EngineSettings
from tests.conftest import ROOT

CONFIG = """c = get_config()
c.CourseDirectory.course_id = "demo"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
"""
# A made-up user, to whom nothing belongs.
ORDINARY = 12345

linux = pytest.mark.skipif(sys.platform != "linux", reason="the warm process runs on Linux")


def cell(
    source: str,
    grade_id: str | None = None,
    *,
    cell_type: str = "code",
    solution: bool = False,
    points: float | None = None,
    task: bool = False,
    course: Mapping[str, Any] | None = None,
) -> NotebookNode:
    """A cell of an instructor version; without grade_id one that nbgrader does not know."""
    make = nbformat.v4.new_code_cell if cell_type == "code" else nbformat.v4.new_markdown_cell
    node = make(source)
    if grade_id is not None:
        node.id = grade_id
        node.metadata.nbgrader = {
            "schema_version": 3,
            "grade_id": grade_id,
            "solution": solution,
            "grade": points is not None and not task,
            "locked": not solution,
            "task": task,
        }
        if points is not None:
            node.metadata.nbgrader["points"] = points
    if course is not None:
        node.metadata.course = dict(course)
    return node


def solution(source: str) -> str:
    return f"### BEGIN SOLUTION\n{source}\n### END SOLUTION"


def hidden(source: str) -> str:
    return f"### BEGIN HIDDEN TESTS\n{source}\n### END HIDDEN TESTS"


def text(source: str) -> NotebookNode:
    return cell(source, cell_type="markdown")


def notebook(cells: list[NotebookNode]) -> NotebookNode:
    made = nbformat.v4.new_notebook(cells=cells)
    made.metadata.kernelspec = {"name": "python3", "language": "python", "display_name": "Python 3"}
    # Cells that nbgrader does not know have ids that stay, too.
    for number, node in enumerate(made.cells):
        if "nbgrader" not in node.metadata:
            node.id = f"text-{number}"
    return made


def numbers() -> NotebookNode:
    """Items square (3 points), triple (2) and why (a teacher's 3), with the course's metadata."""
    return notebook(
        [
            text("# Numbers"),
            cell("limit = 100", "given-1", course={"given": True}),
            text("Write `square(x)`."),
            cell(
                solution("def square(x):\n    return x * x"),
                "square",
                solution=True,
                course={"item": "square", "answers": ["square"]},
            ),
            cell(
                "assert square(2) == 4, 'two squared is four'\n"
                + hidden("assert square(-3) == 9, 'negative numbers have squares too'"),
                "test-square-1",
                points=1,
                course={"item": "square"},
            ),
            cell(
                "assert square(0) == 0\n" + hidden("secret = 12\nassert square(secret) == 144"),
                "test-square-2",
                points=2,
                course={"item": "square"},
            ),
            text("Write `triple(x)`."),
            cell(
                solution("def triple(x):\n    return 3 * x"),
                "triple",
                solution=True,
                course={"item": "triple", "answers": ["triple"]},
            ),
            cell(
                "assert triple(2) == 6, f'six, not {triple(2)}'",
                "test-triple",
                points=2,
                course={"item": "triple"},
            ),
            text("Why is a square never negative?"),
            cell(
                solution("Two equal signs cancel."),
                "why",
                cell_type="markdown",
                solution=True,
                points=3,
                course={"item": "why", "answers": []},
            ),
        ]
    )


def first_of_pair() -> NotebookNode:
    """Plain nbgrader: no metadata of the course, partial credit, a code cell a teacher grades."""
    return notebook(
        [
            cell("from helper import double\nloaded = open('data.txt').read()", "setup"),
            cell(solution("share = 0.75"), "share", solution=True),
            cell("share * 2", "test-share", points=2),
            cell(solution("text = double(loaded)"), "text", solution=True),
            cell("assert text == 'abab', text", "test-text", points=1),
            cell(solution("plot = 'drawn'"), "plot", solution=True, points=4),
        ]
    )


def second_of_pair() -> NotebookNode:
    return notebook(
        [
            cell(solution("word = 'hello'"), "word", solution=True),
            cell("assert word == 'hello'", "test-word", points=1),
            cell("Hand in a drawing.", "drawing", cell_type="markdown", points=5, task=True),
        ]
    )


def exercise(
    *sources: str, answers: list[str] | None = None, files: Mapping[str, Path] | None = None
) -> Assignment:
    """An assignment of one notebook, x.

    Args:
        sources: cells; the first line says what each is: "# given", "# free", "# answer NAME" or
            "# test NAME". Each test has 1 point.
        answers: the names that the notebook's metadata declares; without, it has none.
        files: released beside it.
    """
    nodes = []
    for number, source in enumerate(sources):
        word, *names = source.splitlines()[0].removeprefix("# ").split()
        name = names[0] if names else f"{word}-{number}"
        match word:
            case "given":
                nodes.append(cell(source, name))
            case "answer":
                course = None if answers is None else {"item": name, "answers": answers}
                nodes.append(cell(solution(source), name, solution=True, course=course))
            case "test":
                nodes.append(cell(source, name, points=1))
            case _:
                nodes.append(cell(source))
    return Assignment.from_notebooks("x", {"x": notebook(nodes)}, files=files)


def handed_in(assignment: Assignment, **answers: str) -> NotebookNode:
    """The release of an `exercise` with these answers; the others are the teacher's own."""
    made = []
    for teacher in assignment.notebooks["x"].cells:
        node = copy.deepcopy(teacher.node)
        node.source = teacher.original if teacher.kind.for_answer else teacher.released
        made.append(node)
    return answered(nbformat.v4.new_notebook(cells=made), answers)


@dataclass(frozen=True)
class Desk:
    """A course on disk and an empty folder of submissions."""

    root: Path
    submitted: Path
    out: Path

    def course(self) -> Course:
        return Course.open(self.root)

    def grade(self, *options: object, code: int = 0) -> str:
        """Grades what lies here from the command line, and returns what it says."""
        arguments = ["grade", "--course", self.root, "--submitted", self.submitted]
        arguments += ["--out", self.out, *options]
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        assert result.exit_code == code, result.output
        assert "Traceback" not in result.output
        return result.output

    def source(self, assignment: str, name: str | None = None) -> NotebookNode:
        return self._read("solutions", assignment, name)

    def release(self, assignment: str, name: str | None = None) -> NotebookNode:
        return self._read("exercises", assignment, name)

    def _read(self, folder: str, assignment: str, name: str | None) -> NotebookNode:
        path = self.root / folder / assignment / f"{name or assignment}.ipynb"
        return nbformat.read(path, as_version=4)

    def folder(self, student: str, assignment: str = "numbers") -> Path:
        folder = self.submitted / student / assignment
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def hand_in(
        self,
        student: str,
        answers: Mapping[str, str] | None = None,
        change: Callable[[NotebookNode], None] | None = None,
        timestamp: str | None = None,
    ) -> Path:
        """Hands in numbers with these answers by grade_id, changed by hand afterwards."""
        made = answered(self.release("numbers"), RIGHT if answers is None else answers)
        if change is not None:
            change(made)
        path = self.folder(student) / "numbers.ipynb"
        nbformat.write(made, path)
        if timestamp is not None:
            (path.parent / "timestamp.txt").write_text(timestamp)
        return path


RIGHT = {
    "square": "def square(x):\n    return x ** 2",
    "triple": "def triple(x):\n    return x + x + x",
    "why": "Because minus times minus is plus.",
}


def answered(release: NotebookNode, answers: Mapping[str, str]) -> NotebookNode:
    made = copy.deepcopy(release)
    for node in made.cells:
        grade_id = node.metadata.get("nbgrader", {}).get("grade_id")
        if grade_id in answers:
            node.source = answers[grade_id]
    return made


@pytest.fixture(scope="session")
def built_course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("course")
    sources = {
        "numbers": {"numbers": numbers()},
        "pair": {"first": first_of_pair(), "second": second_of_pair()},
    }
    (root / "nbgrader_config.py").write_text(CONFIG)
    for assignment, notebooks in sources.items():
        for name, made in notebooks.items():
            path = root / "solutions" / assignment / f"{name}.ipynb"
            path.parent.mkdir(parents=True, exist_ok=True)
            nbformat.write(made, path)
    (root / "solutions/pair/data.txt").write_text("ab")
    (root / "solutions/pair/helper.py").write_text("def double(x):\n    return x + x\n")
    config = Config()
    config.CourseDirectory.root = str(root)
    config.CourseDirectory.source_directory = "solutions"
    config.CourseDirectory.release_directory = "exercises"
    config.GenerateAssignment.no_database = True
    config.SaveCells.enabled = False
    api = NbGraderAPI(CourseDirectory(config=config), config=config)
    for assignment in sources:
        made = api.generate_assignment(assignment)
        assert made["success"], made["log"]
    return root


@pytest.fixture
def desk(built_course: Path, tmp_path: Path) -> Desk:
    """The course, copied where a test needs to change it: `desk.root` is this test's own."""
    root = tmp_path / "course"
    shutil.copytree(built_course, root)
    submitted = tmp_path / "submitted"
    submitted.mkdir()
    return Desk(root, submitted, tmp_path / "out")


@pytest.fixture(scope="session")
def assignment(built_course: Path) -> Assignment:
    return Course.open(built_course).load("numbers")


@pytest.fixture(scope="session")
def pair(built_course: Path) -> Assignment:
    return Course.open(built_course).load("pair")


@pytest.fixture(scope="session")
def engine(bubblewrap: str) -> Iterator[Engine]:
    """A warm process for all tests that need no torch."""
    # What takes long to import could else be what takes too long in a test.
    warm = ("numpy", "matplotlib.pyplot")
    with Engine(EngineSettings(preload=warm, timeout=2)) as made:
        yield made


@pytest.fixture
def readable_grader() -> Iterator[str]:
    """A folder in /tmp that holds this package, for whoever wants to import it."""
    with tempfile.TemporaryDirectory(dir="/tmp") as alone:
        # Its parent may be where Python looks: /tmp itself holds what others have left there.
        folder = Path(alone, "course")
        shutil.copytree(ROOT / "grader", folder / "grader")
        for path in (Path(alone), *Path(alone).rglob("*")):
            path.chmod(0o755)
        yield str(folder)


@pytest.fixture(params=["as we are", "as an ordinary user"])
def by(request: pytest.FixtureRequest, readable_grader: str) -> list[str] | None:
    """The beginning of a command line that runs Python as the user of that name."""
    if request.param == "as we are":
        return None
    as_them = ["env", f"PYTHONPATH={readable_grader}"]
    if os.getuid() != 0:
        return [*as_them, sys.executable]
    # Root's own Python may lie where nobody else may look.
    python = "/usr/bin/python3"
    recent = "import sys; sys.exit(sys.version_info < (3, 11))"
    if not os.path.exists(python) or subprocess.run([python, "-c", recent]).returncode:
        pytest.skip("there is no Python 3.11 or newer that an ordinary user may run")
    user = [f"--reuid={ORDINARY}", f"--regid={ORDINARY}", "--clear-groups"]
    return ["setpriv", *user, *as_them, python]


def rows(desk: Desk) -> dict[tuple[str, str], dict[str, str]]:
    """The lines of grades.csv, by assignment and student."""
    with (desk.out / "grades.csv").open(newline="") as file:
        return {(row["assignment"], row["student"]): row for row in csv.DictReader(file)}


def scores(result: Result) -> dict[str, float | None]:
    """The score of each item."""
    return {item.name: item.score for item in result.items}
