"""The titles of the lessons, for coursekit, which gets no lessons."""

from __future__ import annotations

import json

from authoring.sources import Course
from authoring.text_file import TextFile


def titles(course: Course) -> TextFile:
    """The built file: JSON, name of the lesson → its title.

    Raises:
        SourceError: if a lesson does not begin with its title.
    """
    found = {lesson.name: lesson.title for lesson in course.lessons()}
    path = course.root / "coursekit" / "titles.json"
    return TextFile(path, json.dumps(found, ensure_ascii=False, indent=1) + "\n")
