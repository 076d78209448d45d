"""The ways from notebook to notebook: lessons that a text names, the parts that an item names, and
where to go at the end."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from authoring.sources import Course, Lesson, SourceCell, read_cells

# Not in a heading, in code, or in the text of a link.
_APART = re.compile(r"(^#.*$|`[^`\n]*`|\[[^\]]*\]\([^)]*\)|<[^>\n]*>)", re.MULTILINE)
_MENTION = re.compile(r"\b([Ll]esson) (\d\d)\b(?! \(to come\))")
# *Lesson: part 2.* and *Lesson: parts 1 and 3.*, as items say where they come from.
_WHERE = re.compile(r"^\*Lesson: .*\*$", re.MULTILINE)
_PART = re.compile(r"\b(parts? )?(\d+)\b")
_HEADING = re.compile(r"^## (\d+) · .*$", re.MULTILINE)


def with_lessons(course: Course, text: str, up: str, own: str) -> str:
    """Markdown in which every lesson that is named is linked, or marked as to come.

    Args:
        up: The way from the notebook's folder to the one of lessons, as "../../notebooks/".
        own: The lesson that the text stands in; it is not linked.
    """
    there = {lesson.number: lesson for lesson in course.lessons()}

    def way(match: re.Match[str]) -> str:
        if match[2] == own[:2]:
            return match[0]
        if match[2] not in there:
            return f"{match[0]} (to come)"
        return f"[{match[0]}]({up}{there[match[2]].name}.ipynb)"

    pieces = _APART.split(text)
    return "".join(
        piece if number % 2 else _MENTION.sub(way, piece) for number, piece in enumerate(pieces)
    )


def with_parts(lesson: Lesson, text: str) -> str:
    """Markdown of an exercise, with a link for each part of the lesson that an item names."""
    headings = dict(_headings(read_cells(lesson.folder / "lesson.py")))

    def way(match: re.Match[str]) -> str:
        anchor = headings.get(match[2])
        if anchor is None:
            return match[0]
        return f"[{match[0]}](../../notebooks/{lesson.name}.ipynb#{anchor})"

    return _WHERE.sub(lambda line: _PART.sub(way, line[0]), text)


def _headings(cells: Sequence[SourceCell]) -> Iterator[tuple[str, str]]:
    """The number of each part, and its heading's name in the address."""
    for cell in cells:
        if cell.kind == "markdown":
            for match in _HEADING.finditer(cell.source):
                yield match[1], match[0].removeprefix("## ").strip().replace(" ", "-")


def onward(lesson: Lesson, exercise: bool) -> str:
    """The last cell of a lesson, or of its exercise: where to go from here."""
    lessons = lesson.course.lessons()
    after = lessons[lessons.index(lesson) + 1 :]
    up = "../../notebooks/" if exercise else ""
    own = (
        f"[Back to the lesson]({up}{lesson.name}.ipynb)"
        if exercise
        else f"[The exercise](../exercises/{lesson.name}/{lesson.name}.ipynb)"
    )
    ways = [own]
    if after:
        ways.append(f"Next: [{after[0].number} · {after[0].title}]({up}{after[0].name}.ipynb)")
    ways.append(f"[Start page]({up}start.ipynb)")
    return " · ".join(ways)
