"""The items of an exercise: what the build wrote into the notebook about them, and their cells.

An item is a prompt, an answer cell and its tests; or a text that somebody reads.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Cell = dict[str, Any]
# Seconds between looks at a file that may be in the middle of being saved.
_PAUSES = (0.05, 0.15, 0.3, 0.5)


class ExerciseError(Exception):
    """A notebook can't be used as an exercise; the text says why, and what to do."""


@dataclass(frozen=True)
class Item:
    """An item as the build knows it.

    Attributes:
        name: the grade_id of its answer cell.
        title: the heading of its prompt, without the points.
        tests: the grade_ids of its test cells; none where somebody reads the answer.
        hidden: how many checks are kept back until it is marked.
    """

    name: str
    title: str
    tests: tuple[str, ...]
    hidden: int

    @property
    def is_text(self) -> bool:
        """Whether it is free text, which no test can mark."""
        return not self.tests


@dataclass(frozen=True)
class Exercise:
    """A saved exercise.

    Attributes:
        cells: all cells, in order.
        named: the first cell of each grade_id.
    """

    path: Path
    items: tuple[Item, ...]
    cells: tuple[Cell, ...]
    named: Mapping[str, Cell]

    @classmethod
    def read(cls, path: Path) -> Exercise:
        """Reads a notebook file.

        Raises:
            ExerciseError: when it is missing, damaged, or none of the course's exercises.
        """
        try:
            notebook = _loaded(path)
            cells = tuple(cell for cell in notebook["cells"] if isinstance(cell, dict))
            told = notebook["metadata"].get("course", {}).get("items", [])
            items = tuple(
                Item(item["name"], item["title"], tuple(item["tests"]), int(item["hidden"]))
                for item in told
            )
            for cell in cells:
                # What can't be read or sent to a kernel is found here.
                source(cell).encode()
                is_changed(cell)
        except OSError as error:
            raise ExerciseError(f"{path} can't be read: {error.strerror}.") from error
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ExerciseError(
                f"{path.name} is damaged: copy your answers into a fresh copy of the exercise."
            ) from error
        if not items:
            raise ExerciseError(f"{path.name} is no exercise of this course: nothing to check.")
        named: dict[str, Cell] = {}
        for cell in cells:
            named.setdefault(grade_id(cell), cell)
        return cls(path, items, cells, named)


def _loaded(path: Path) -> Any:
    """What is in a file of JSON. JupyterLab empties a file before it writes it anew, so what is no
    JSON now may be in a moment."""
    for pause in _PAUSES:
        with contextlib.suppress(ValueError):
            return json.loads(path.read_text(encoding="utf-8"))
        time.sleep(pause)
    return json.loads(path.read_text(encoding="utf-8"))


def learners_exercise(root: Path, lesson: str) -> Path:
    """Where a learner solves the exercise of a lesson: in workspace/, if there is one.

    Args:
        lesson: its name, or its number as in "07".

    Raises:
        ExerciseError: when there is no such exercise.
    """
    folders = (root / "workspace" / "exercises", root / "exercises")
    wanted = lesson.zfill(2) if lesson.isdigit() else lesson
    for folder in folders:
        for path in sorted(folder.glob(f"{wanted}*/{wanted}*.ipynb")):
            if path.stem == path.parent.name and wanted in (path.stem, path.stem[:2]):
                return path
    raise ExerciseError(f"There is no exercise {lesson}: name a number, as in 07, or a notebook.")


def notebook_path() -> Path | None:
    """The notebook of this kernel, where Jupyter's server or VS Code say which that is."""
    import __main__

    # The first is set by VS Code, the second by Jupyter's server.
    path = getattr(__main__, "__vsc_ipynb_file__", None) or os.environ.get("JPY_SESSION_NAME", "")
    return Path(str(path)) if path and Path(str(path)).is_file() else None


def source(cell: Cell) -> str:
    """Its text."""
    text = cell.get("source", "")
    return text if isinstance(text, str) else "".join(map(str, text))


def nbgrader(cell: Cell) -> Mapping[str, Any]:
    """What nbgrader knows of it; nothing of a cell that it doesn't know."""
    metadata = cell.get("metadata")
    known = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    return known if isinstance(known, dict) else {}


def grade_id(cell: Cell) -> str:
    """nbgrader's name for it, or nothing."""
    return str(nbgrader(cell).get("grade_id", ""))


def is_as_released(cell: Cell) -> bool:
    """Whether it is as learners got it, by the checksum that nbgrader put into it."""
    return checksum(cell) == nbgrader(cell).get("checksum")


def is_changed(cell: Cell) -> bool:
    """Whether it is not as learners got it; a solution, which nobody released, never is."""
    return "checksum" in nbgrader(cell) and not is_as_released(cell)


def checksum(cell: Cell) -> str:
    """nbgrader's own sum of a cell. To import nbgrader would take as long as a whole check."""
    known = nbgrader(cell)
    parts = [source(cell), str(cell.get("cell_type"))]
    parts += [str(bool(known.get(flag))) for flag in ("grade", "solution", "locked")]
    parts.append(grade_id(cell))
    if known.get("grade"):
        parts.append(str(float(known.get("points", 0))))
    digest = hashlib.md5(usedforsecurity=False)
    for part in parts:
        digest.update(part.encode("utf-8", "replace"))
    return digest.hexdigest()
