"""`authoring new`: the skeleton of a lesson, which builds and passes, to be written over.

What stands in it is as many parts, guesses, items, answers and questions as a lesson must have.
"""

from __future__ import annotations

import re
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from authoring.source.sources import Lesson, Sources

# In course/, and in coursekit/.
FILES = ("lesson.py", "exercise.py", "answers.py", "questions.yaml")
ROOM = ("__init__.py", "traces.py")
_PLACES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "skeleton"),
    undefined=StrictUndefined,
    trim_blocks=True,
    keep_trailing_newline=True,
    autoescape=False,  # It makes no page.
)


def main(course: Sources, number: str, title: str) -> Lesson:
    """Writes the sources of a new lesson and its room, and takes its title out of course/map.yaml.

    Args:
        number: two digits.
        title: as it stands on the map; the folder is named after it.

    Raises:
        ValueError: if the number or the title can't be one.
        FileExistsError: if there is a lesson of this number.
    """
    if not re.fullmatch(r"\d\d", number):
        raise ValueError(f"A lesson's number has two digits, as in 06, not {number}.")
    slug = re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")
    if not slug:
        raise ValueError("A lesson's title needs a letter or a digit.")
    if taken := [lesson for lesson in course.lessons() if lesson.number == number]:
        raise FileExistsError(f"Lesson {number} is there: course/{taken[0].name}.")
    lesson = Lesson(course, f"{number}_{slug}")
    room = course.root / "coursekit" / f"lesson_{number}"
    for folder, names in ((lesson.folder, FILES), (room, ROOM)):
        folder.mkdir(parents=True)
        for name in names:
            text = _PLACES.get_template(f"{name}.j2").render(
                number=number, title=title, name=lesson.name
            )
            (folder / name).write_text(text, encoding="utf-8")
    _untitle(course.map, number)
    return lesson


def _untitle(path: Path, number: str) -> None:
    """A lesson that is there has its title in lesson.py."""
    if path.is_file():
        row = re.compile(rf'^(.*number: "{number}".*?), title: .*\}}$', re.MULTILINE)
        path.write_text(row.sub(r"\1}", path.read_text(encoding="utf-8")), encoding="utf-8")
