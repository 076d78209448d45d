"""The lessons of the course: those that are there and those to come, and what needs what."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

# What the build makes of course/map.yaml and the lessons.
FILE = Path(__file__).parent / "lessons.json"


@dataclass(frozen=True)
class Lesson:
    """A lesson on the map.

    Attributes:
        name: as in 07_unstructured_pruning; empty while it is to come.
        part: of the course, in words.
        needs: the numbers of the lessons to read before.
        minutes: how long it takes without practice; 0 while it is to come.
    """

    number: str
    name: str
    title: str
    part: str
    needs: tuple[str, ...]
    minutes: int

    @property
    def is_there(self) -> bool:
        """Whether it is written."""
        return bool(self.name)


@cache
def lessons() -> tuple[Lesson, ...]:
    """All lessons in their order."""
    return read(FILE.read_text(encoding="utf-8"))


def read(text: str) -> tuple[Lesson, ...]:
    """The lessons of a built file, by its text."""
    return tuple(Lesson(**row | {"needs": tuple(row["needs"])}) for row in json.loads(text))
