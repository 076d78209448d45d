"""The cheat sheet of a lesson: the section of that name, for the widget of that name."""

from __future__ import annotations

import re

from authoring.build.text_file import TextFile
from authoring.source.sources import Lesson, read_cells

HEADING = "## Cheat sheet"


def sheet(lesson: Lesson) -> TextFile | None:
    """The section under that heading, up to the next; None for a lesson without one."""
    cells = read_cells(lesson.folder / "lesson.py")
    for cell in cells:
        if cell.kind == "markdown" and f"\n{HEADING}\n" in f"\n{cell.source}\n":
            after = cell.source.partition(HEADING)[2]
            text = re.split(r"^## ", after, maxsplit=1, flags=re.MULTILINE)[0].strip()
            path = (
                lesson.course.root
                / "coursekit"
                / "learn"
                / "questions"
                / "banks"
                / f"{lesson.name}.md"
            )
            return TextFile(path, f"{text}\n")
    return None
