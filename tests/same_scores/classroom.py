"""A class that is graded twice, by nbgrader itself and by the engine, and compared cell by cell."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import nbformat
import pytest
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from grader.host.results.result import Result

# nbgrader looks for alembic there.
WITH_ALEMBIC = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

# Assignment, student, notebook, grade_id.
Place = tuple[str, str, str, str]
T = TypeVar("T")


@dataclass(frozen=True)
class Mark:
    """What a gradebook says of a cell."""

    score: float | None
    needs_manual: bool

    def __str__(self) -> str:
        return "a teacher's" if self.needs_manual else f"{self.score:g}"


@dataclass(frozen=True)
class Both:
    """The same class, graded twice.

    Attributes:
        stock: nbgrader's marks.
        lost: submissions that nbgrader gave up on, as (assignment, student).
        ours: the engine's marks.
        suggested: what tests gave that the engine leaves to a teacher.
    """

    stock: Mapping[Place, Mark]
    lost: frozenset[tuple[str, str]]
    ours: Mapping[Place, Mark]
    suggested: Mapping[Place, float]

    def of(self, assignment: str) -> Both:
        """One assignment of several."""

        def only(marks: Mapping[Place, T]) -> dict[Place, T]:
            return {place: mark for place, mark in marks.items() if place[0] == assignment}

        lost = frozenset(key for key in self.lost if key[0] == assignment)
        return Both(only(self.stock), lost, only(self.ours), only(self.suggested))

    def differences(self) -> dict[Place, str]:
        """Where the two do not agree. A suggestion is what the engine would have given."""
        found = {}
        for place in sorted(self.stock.keys() | self.ours.keys()):
            stock, ours = self.stock.get(place), self.ours.get(place)
            if place in self.suggested:
                ours = Mark(self.suggested[place], False)
            if stock != ours:
                found[place] = f"nbgrader {stock or 'none'}, ours {ours or 'none'}"
        return found


@dataclass
class Classroom:
    """A course folder, as nbgrader lays it out, and what was handed in."""

    root: Path

    @property
    def api(self) -> NbGraderAPI:
        config = Config(PyFileConfigLoader("nbgrader_config.py", str(self.root)).load_config())
        config.CourseDirectory.root = str(self.root)
        return NbGraderAPI(CourseDirectory(config=config), config=config)

    @property
    def folders(self) -> tuple[Path, Path]:
        """Of instructor and of release versions."""
        directory = self.api.coursedir
        return self.root / directory.source_directory, self.root / directory.release_directory

    def release(self, assignment: str) -> dict[str, NotebookNode]:
        """Makes the release with nbgrader, and returns its notebooks by name."""
        made = self.api.generate_assignment(assignment, force=True)
        assert made["success"], made["log"]
        return _read_all(self.folders[1] / assignment)

    def hand_in(self, student: str, assignment: str, notebooks: Mapping[str, NotebookNode]) -> None:
        folder = self.root / "submitted" / student / assignment
        shutil.copytree(self.folders[1] / assignment, folder)
        for name, made in notebooks.items():
            nbformat.write(made, folder / f"{name}.ipynb")

    def grade(self) -> Both:
        """Grades everything with nbgrader, and again with the engine."""
        stock, lost = self.by_nbgrader()
        out = self.root / "out"
        command = [sys.executable, "-m", "grader", "grade", "--course", str(self.root)]
        command += ["--submitted", str(self.root / "submitted"), "--out", str(out)]
        run = subprocess.run(command, capture_output=True, text=True, timeout=600)
        assert run.returncode == 0, run.stdout + run.stderr
        return compared(stock, lost, out)

    def by_nbgrader(self) -> tuple[dict[Place, Mark], frozenset[tuple[str, str]]]:
        """Grades everything with nbgrader: its marks, and the submissions that it gave up on."""
        lost = set()
        for path in sorted((self.root / "submitted").glob("*/*")):
            done = self.api.autograde(path.name, path.parent.name)
            if not done["success"]:
                lost.add((path.name, path.parent.name))
        marks = _marks(self.root / "gradebook.db")
        return {place: mark for place, mark in marks.items() if place[:2] not in lost}, frozenset(
            lost
        )


def compared(stock: Mapping[Place, Mark], lost: frozenset[tuple[str, str]], out: Path) -> Both:
    """What nbgrader says, beside what the engine has written to `out`."""
    return Both(stock, lost, _marks(out / "gradebook.db"), dict(_suggested(out / "results")))


def _read_all(folder: Path) -> dict[str, NotebookNode]:
    paths = sorted(folder.glob("*.ipynb"))
    return {path.stem: nbformat.read(path, as_version=4) for path in paths}


def _marks(database: Path) -> dict[Place, Mark]:
    marks = {}
    with Gradebook(f"sqlite:///{database}") as book:
        for assignment in book.assignments:
            for submission in assignment.submissions:
                for graded in submission.notebooks:
                    for grade in graded.grades:
                        place = (assignment.name, submission.student.id, graded.name, grade.name)
                        waits = bool(grade.needs_manual_grade)
                        marks[place] = Mark(None if waits else grade.auto_score, waits)
    return marks


def _suggested(results: Path) -> Iterator[tuple[Place, float]]:
    for path in results.glob("*/*.json"):
        result = Result.load(path)
        assert result is not None, path
        for item in result.items:
            for graded in item.cells:
                if graded.suggestion is not None:
                    place = (result.assignment, result.student, graded.notebook, graded.grade_id)
                    yield place, graded.suggestion


@contextmanager
def alembic_on_the_path() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", WITH_ALEMBIC)
        yield


def write(room: Classroom, assignment: str, notebooks: Mapping[str, NotebookNode]) -> None:
    folder = room.folders[0] / assignment
    folder.mkdir(parents=True)
    for name, made in notebooks.items():
        nbformat.write(made, folder / f"{name}.ipynb")


def lose_metadata(made: NotebookNode) -> None:
    for node in made.cells:
        node.metadata = NotebookNode()
