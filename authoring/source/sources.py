"""Finds the lessons in course/ and reads their jupytext files cell by cell."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import jupytext
import yaml

from authoring.source.problems import SourceError

CELL_MARK = re.compile(r"^# %%( |$)")


@dataclass(frozen=True)
class Sources:
    """A checkout of the course, and where it is hosted.

    Attributes:
        repository: owner/name; empty while the course is no public place.
        branch: what badges open.
        commit: what notebooks fetch where the course is not installed.
    """

    root: Path
    repository: str
    branch: str
    commit: str

    @classmethod
    def at(cls, root: Path) -> Sources:
        """Reads [tool.course] of pyproject.toml, the one place that names the host.

        Raises:
            LookupError: if `root` is no course.
        """
        try:
            text = (root / "pyproject.toml").read_text(encoding="utf-8")
            settings = tomllib.loads(text)["tool"]["course"]
        except (OSError, KeyError) as error:
            raise LookupError(
                f"{root.resolve()} is no course: run this where course/ is"
            ) from error
        branch = settings["branch"]
        return cls(root.resolve(), settings["repository"], branch, settings.get("commit") or branch)

    @property
    def map(self) -> Path:
        """What names all lessons, part by part, and what each needs."""
        return self.root / "course" / "map.yaml"

    def parts(self) -> list[dict[str, Any]]:
        """The parts of the map; none where there is no map."""
        found = yaml.safe_load(self.map.read_text("utf-8")) if self.map.is_file() else []
        return list(found)

    def lessons(self) -> list[Lesson]:
        """All lessons, in the order of their numbers."""
        folders = sorted((self.root / "course").glob("[0-9][0-9]_*"))
        return [Lesson(self, folder.name) for folder in folders if folder.is_dir()]

    def lesson(self, number: str) -> Lesson:
        """The lesson with this number, as in "07".

        Raises:
            LookupError: if there is none.
        """
        for lesson in self.lessons():
            if lesson.number == number.zfill(2):
                return lesson
        raise LookupError(f"there is no lesson {number} in {self.root / 'course'}")


@dataclass(frozen=True)
class Lesson:
    """One folder of course/ and what is built from it."""

    course: Sources
    name: str

    @property
    def number(self) -> str:
        return self.name[:2]

    @property
    def folder(self) -> Path:
        return self.course.root / "course" / self.name

    @property
    def notebook(self) -> Path:
        return self.course.root / "notebooks" / f"{self.name}.ipynb"

    @property
    def solution(self) -> Path:
        return self.course.root / "solutions" / self.name / f"{self.name}.ipynb"

    @property
    def exercise(self) -> Path:
        return self.course.root / "exercises" / self.name / f"{self.name}.ipynb"

    @property
    def further(self) -> Path:
        """What was cut from the lesson, to read and run; not every lesson has it."""
        return self.folder / "further.py"

    @property
    def is_held(self) -> bool:
        """Whether it has been told again, and is held to the measure (`held: true` in the map)."""
        rows = [row for part in self.course.parts() for row in part["lessons"]]
        return any(row["number"] == self.number and row.get("held", False) for row in rows)

    @property
    def title(self) -> str:
        """What follows `# NN · ` on the first line of the lesson."""
        heading = read_cells(self.folder / "lesson.py")[0]
        match = re.match(r"# \d\d · (.+)", heading.source)
        if heading.kind != "markdown" or not match:
            raise SourceError(
                heading.path, heading.line, "begin with a markdown cell “# NN · Title”"
            )
        return match[1]


@dataclass(frozen=True)
class SourceCell:
    """One cell of a source file, with the line on which it begins (from 1)."""

    path: Path
    line: int
    kind: str
    source: str
    metadata: dict[str, Any]

    def problem(self, text: str, offset: int = 0) -> SourceError:
        """An error at this cell, `offset` lines below its mark."""
        return SourceError(self.path, self.line + offset, text)


def read_cells(path: Path) -> list[SourceCell]:
    """The cells of a py:percent file.

    Raises:
        SourceError: if the file is missing or no UTF-8, if text stands before the first `# %%`, or
            if a cell's metadata can't be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise SourceError(
            path, 1, "the file is missing: write it, or see CONTRIBUTING.md"
        ) from error
    except UnicodeDecodeError as error:
        raise SourceError(path, 1, "the file is no UTF-8: save it as UTF-8") from error
    lines = [number for number, line in enumerate(text.splitlines(), 1) if CELL_MARK.match(line)]
    cells = _parse(path, text)
    if len(cells) != len(lines):
        raise SourceError(path, 1, "every cell begins with “# %%”, the first one too")
    return [
        SourceCell(path, line, kind, source, dict(metadata))
        for line, (kind, source, metadata) in zip(lines, cells, strict=True)
    ]


# A lesson is asked for by every question of its bank, and takes a tenth of a second.
@lru_cache(maxsize=32)
def _parse(path: Path, text: str) -> list[tuple[str, str, dict[str, Any]]]:
    cells = []
    for cell in jupytext.reads(text, fmt="py:percent").cells:
        metadata = {k: v for k, v in cell.metadata.items() if not k.startswith("lines_to_")}
        if "incorrectly_encoded_metadata" in metadata:
            wrong = metadata["incorrectly_encoded_metadata"]
            line = next(n for n, text_line in enumerate(text.splitlines(), 1) if wrong in text_line)
            raise SourceError(path, line, f"metadata are written key=JSON value, not “{wrong}”")
        cells.append((cell.cell_type, cell.source, metadata))
    return cells
