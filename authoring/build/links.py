"""Links between notebooks: lessons that a text names, parts that an item names, where to go on."""

from __future__ import annotations

import re
from collections.abc import Callable

from authoring.source.sources import Lesson, Sources, read_cells

# Not in a heading, in code, or in the text of a link; nor in what is folded, up to its first empty
# line: that is HTML, in which nobody reads Markdown.
_APART = re.compile(
    r"(^#.*$|`[^`\n]*`|\[[^\]]*\]\([^)]*\)|<details>(?:.|\n(?!\n))*|<[^>\n]*>)", re.MULTILINE
)
_MENTION = re.compile(r"\b([Ll]esson) (\d\d)\b(?! \(to come\))")
# *Lesson: part 2.* and *Lesson: parts 1 and 3.*, as items say where they come from.
_WHERE = re.compile(r"^\*Lesson: .*\*$", re.MULTILINE)
_PART = re.compile(r"\b(parts? )?(\d+)\b")
NEXT = "## What to do next"
_HEADING = re.compile(r"^## (\d+) · .*$", re.MULTILINE)


def with_lessons(course: Sources, text: str, up: str, own: str) -> str:
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

    return in_text(text, lambda piece: _MENTION.sub(way, piece))


def in_text(text: str, change: Callable[[str], str]) -> str:
    """Markdown in which headings, code, tags and links stay, and `change` is made to the rest."""
    pieces = _APART.split(text)
    return "".join(piece if number % 2 else change(piece) for number, piece in enumerate(pieces))


def with_parts(lesson: Lesson, text: str) -> str:
    """Markdown of an exercise, with a link for each part of the lesson that an item names.

    It leads to the cell in which the part begins: JupyterLab does not find a heading that holds a
    sign beyond ASCII, such as the dot after its number.
    """
    begin = {
        number: part_id(cell.source)
        for cell in read_cells(lesson.folder / "lesson.py")
        if cell.kind == "markdown"
        for number in _HEADING.findall(cell.source)
    }

    def way(match: re.Match[str]) -> str:
        if match[2] not in begin:
            return match[0]
        return f"[{match[0]}](../../notebooks/{lesson.name}.ipynb#cell-id={begin[match[2]]})"

    return _WHERE.sub(lambda line: _PART.sub(way, line[0]), text)


def part_id(text: str) -> str | None:
    """The id of a lesson's cell in which a part begins; None for any other cell."""
    found = _HEADING.search(text)
    return f"part-{found[1]}" if found else None


def onward(lesson: Lesson, exercise: bool) -> str:
    """The last cell of a lesson, or of its exercise: what to do next, one thing first."""
    lessons = lesson.course.lessons()
    after = lessons[lessons.index(lesson) + 1 :][:1]
    up = "../../notebooks/" if exercise else ""
    start = f"back to the [start page]({up}start.ipynb)"
    on = [f"on to [{one.number} · {one.title}]({up}{one.name}.ipynb)" for one in after]
    way = f"{on[0]}**, or {start}" if on else f"{start}**"
    if exercise:
        return (
            f"{NEXT}\n\n**Go {way}. In some days [Review]({up}review.ipynb) brings back what you "
            f"learnt in [lesson {lesson.number}]({up}{lesson.name}.ipynb)."
        )
    own = f"[exercise {lesson.number}](../exercises/{lesson.name}/{lesson.name}.ipynb)"
    return f"{NEXT}\n\n**Solve {own}.** Then go {way.replace('**', '')}."
