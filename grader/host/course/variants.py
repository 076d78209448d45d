"""Exercises that differ by learner: numbers of a given cell come from one that each has for itself.

A line of a given cell such as `mine = 0  ### VARIANT` holds it. `grader release` writes another
number into each learner's copy and into variants.json, in the folder of the course, whose it is;
whoever is not in there has the 0 that the course was written with. What is graded is the notebook
with the number that the learner was given, whatever the file says that was handed in.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from grader.protocol import decoders
from grader.protocol.errors import GraderError

if TYPE_CHECKING:
    from nbformat import NotebookNode

FILE = "variants.json"
MARK = "### VARIANT"
# Numbers are 1 to this; 0 is the notebook as it was written.
MOST = 100

# By assignment and student.
Numbers = Mapping[str, Mapping[str, int]]

_LINE = re.compile(rf"^(\w+ *= *)(\d+)( *{MARK} *)$", re.MULTILINE)


def key(name: str, variant: int) -> str:
    """What an assignment with this number is known by where all others are."""
    return f"{name}/{variant}" if variant else name


def of_key(key: str) -> tuple[str, int]:
    """Name and number."""
    name, _, variant = key.partition("/")
    return name, int(variant or 0)


def number_in(source: str) -> int | None:
    """The number that a cell's source has; None where it has none."""
    found = _LINE.search(source)
    return int(found[2]) if found else None


def with_number(source: str, number: int) -> str:
    """The source with another number."""
    return _LINE.sub(lambda line: f"{line[1]}{number}{line[3]}", source)


def places(notebook: NotebookNode, where: str) -> Iterator[NotebookNode]:
    """The cells with a number.

    Args:
        where: the notebook, for messages.

    Raises:
        GraderError: when the mark stands where it is none.
    """
    for place, cell in enumerate(notebook.cells, 1):
        marks = cell.source.count(MARK) if cell.cell_type == "code" else 0
        if not marks:
            continue
        about = cell.metadata.get("nbgrader", {})
        given = about.get("locked") and not about.get("solution") and not about.get("grade")
        if not given or len(_LINE.findall(cell.source)) != marks:
            raise GraderError(
                f"Cell {place} of {where} has {MARK}: it belongs behind a number in a given cell "
                f"(locked, no answer, no test), as in `mine = 0  {MARK}`."
            )
        yield cell


def numbered(notebook: NotebookNode, number: int, where: str) -> NotebookNode:
    """The notebook with this number, and checksums that follow; with 0, as it was written.

    Raises:
        GraderError: as `places`.
    """
    made = copy.deepcopy(notebook)
    for cell in places(made, where):
        if number:
            from nbgrader.utils import compute_checksum

            cell.source = with_number(cell.source, number)
            if "checksum" in cell.metadata.nbgrader:
                cell.metadata.nbgrader["checksum"] = compute_checksum(cell)
    return made


def read_numbers(root: Path) -> dict[str, dict[str, int]]:
    """Who was given which number, by assignment, in the course of this folder.

    Raises:
        GraderError: when the file cannot be understood.
    """
    path = root / FILE
    try:
        found = decoders.from_json(dict[str, dict[str, int]]).decode(path.read_bytes())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise GraderError(f"{path} cannot be read: {error.strerror}.") from error
    except msgspec.MsgspecError as error:
        raise GraderError(
            f"{path} says who was given which exercise, and cannot be understood ({error}): take "
            "an older copy of it, or release again."
        ) from error
    for name, numbers in found.items():
        for student, number in numbers.items():
            if not 0 < number <= MOST:
                raise GraderError(f"{path}: {student} has the number {number} in {name}.")
    return found


def as_file(numbers: Numbers) -> bytes:
    """variants.json."""
    return json.dumps(numbers, indent=1, sort_keys=True, ensure_ascii=False).encode()
