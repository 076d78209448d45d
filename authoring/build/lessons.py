"""The map of the lessons, for coursekit, which gets no sources: titles, needs, and minutes."""

from __future__ import annotations

import json
from typing import Any

from authoring.build.measure import measured
from authoring.build.text_file import TextFile
from authoring.source.problems import SourceError
from authoring.source.sources import Lesson, Sources


def lessons(course: Sources) -> TextFile:
    """The built file: JSON, a list of lessons as `coursekit.learn.lessons.Lesson` has them.

    Raises:
        SourceError: if a lesson does not begin with its title, or the map does not fit.
    """
    path = course.root / "coursekit" / "learn" / "lessons.json"
    return TextFile(path, json.dumps(_rows(course), ensure_ascii=False, indent=1) + "\n")


def _rows(course: Sources) -> list[dict[str, Any]]:
    there = {lesson.number: lesson for lesson in course.lessons()}
    source = course.map
    if not source.is_file():
        return [_row(lesson.number, lesson, "", {}) for lesson in there.values()]
    rows: list[dict[str, Any]] = []
    for part in course.parts():
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
        "minutes": measured(lesson).stated if lesson else 0,
    }
