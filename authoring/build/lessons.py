"""The map of the lessons, for coursekit, which gets no sources: titles, needs, and minutes."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

from authoring.build.text_file import TextFile
from authoring.source.problems import SourceError
from authoring.source.sources import Lesson, SourceCell, Sources, read_cells

# How fast people read and guess; a lesson itself runs in less than a minute.
WORDS_A_MINUTE = 150
SECONDS_A_LINE, SECONDS_A_LOOK, SECONDS_TO_RUN = 4, 30, 60
# What is looked at or guessed, one by one.
_LOOK = re.compile(r"^\s*(?:guess|plot\.show|explore|plot\.hero)\(", re.MULTILINE)
# Practice is counted apart: one does as much of it as one likes.
_PRACTICE = re.compile(r"^## (?:Practise|References)\b", re.MULTILINE)


def lessons(course: Sources) -> TextFile:
    """The built file: JSON, a list of lessons as `coursekit.learn.lessons.Lesson` has them.

    Raises:
        SourceError: if a lesson does not begin with its title, or the map does not fit.
    """
    path = course.root / "coursekit" / "learn" / "lessons.json"
    return TextFile(path, json.dumps(_rows(course), ensure_ascii=False, indent=1) + "\n")


def _rows(course: Sources) -> list[dict[str, Any]]:
    there = {lesson.number: lesson for lesson in course.lessons()}
    source = course.root / "course" / "map.yaml"
    if not source.is_file():
        return [_row(lesson.number, lesson, "", {}) for lesson in there.values()]
    rows: list[dict[str, Any]] = []
    for part in yaml.safe_load(source.read_text(encoding="utf-8")):
        for entry in part["lessons"]:
            number, lesson = entry["number"], there.pop(entry["number"], None)
            if (lesson is None) != ("title" in entry):
                problem = (
                    f"lesson {number} has its title in lesson.py: drop it here"
                    if lesson
                    else f"lesson {number} is to come: give it a title"
                )
                raise SourceError(source, 1, problem)
            if unknown := set(entry["needs"]) - {row["number"] for row in rows}:
                problem = f"lesson {number} needs {min(unknown)}, which does not come before it"
                raise SourceError(source, 1, problem)
            rows.append(_row(number, lesson, part["part"], entry))
    if there:
        problem = f"lesson {min(there)} is missing: add it, with what it needs"
        raise SourceError(source, 1, problem)
    return rows


def _row(number: str, lesson: Lesson | None, part: str, entry: dict[str, Any]) -> dict[str, Any]:
    return {
        "number": number,
        "name": lesson.name if lesson else "",
        "title": lesson.title if lesson else entry["title"],
        "part": part,
        "needs": entry.get("needs", []),
        "minutes": minutes(read_cells(lesson.folder / "lesson.py")) if lesson else 0,
    }


def minutes(cells: list[SourceCell]) -> int:
    """How long a lesson takes to read, guess and run, in full five minutes; practice apart."""
    seconds = float(SECONDS_TO_RUN)
    for cell in cells:
        if cell.kind == "code":
            seconds += SECONDS_A_LINE * sum(bool(line.strip()) for line in cell.source.splitlines())
            seconds += SECONDS_A_LOOK * len(_LOOK.findall(cell.source))
            continue
        before, *practice = _PRACTICE.split(cell.source, maxsplit=1)
        # The text of a link is read, its target is not.
        words = re.sub(r"\]\([^)]*\)", "]", before).split()
        seconds += 60 * len(words) / WORDS_A_MINUTE
        if practice:
            break
    return 5 * max(1, round(seconds / 60 / 5))
