"""What the HTML pages share: templates, style, and text from untrusted notebooks made harmless."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup, escape

if TYPE_CHECKING:
    from grader.host.course.assignment import TeacherNotebook

_FOLDER = Path(__file__).parent / "templates"
# Colours and cursor movements of terminals, control characters but tab and line end, and those that
# turn the direction of writing: with them, text is not what it looks like.
_CONTROL = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b.?"
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"
)


_HEADING = re.compile(r"^# +(.+?) *$", re.MULTILINE)
# Blanks and blank lines that are kept in a row.
MAX_BLANKS = 100
MAX_BLANK_LINES = 10
_BLANKS = re.compile(rf"([^\S\n]{{{MAX_BLANKS}}})[^\S\n]+")
_BLANK_LINES = re.compile(rf"(?:\n[^\S\n]*+){{{MAX_BLANK_LINES},}}+")


def plain(text: str) -> str:
    """The text without terminal codes and control characters."""
    return _CONTROL.sub("", text)


def few_blanks(text: str) -> str:
    """With so many blanks and blank lines in a row as people need: what colours code looks from
    each of them to the last."""
    return _BLANK_LINES.sub("\n" * MAX_BLANK_LINES, _BLANKS.sub(r"\1", text))


def cut(text: str, limit: int) -> str:
    """The beginning and the end of what is too long: an error stands at the end."""
    if len(text) <= limit:
        return text
    end = limit // 4
    left_out = len(text) - limit
    return f"{text[: limit - end]}\n… {left_out} characters left out …\n{text[len(text) - end :]}"


def number(value: float) -> str:
    """Points as people write them: 2, 1.5."""
    return f"{value:.4f}".rstrip("0").rstrip(".")


def titles(notebook: TeacherNotebook) -> dict[str, str]:
    """The titles of a notebook's items, by name, where the course says them."""
    told = notebook.metadata.get("course", {}).get("items", [])
    return {one["name"]: plain(one["title"]) for one in told}


def title(notebook: TeacherNotebook) -> str:
    """The notebook's first heading; its name if it has none."""
    for cell in notebook.cells:
        if cell.node.cell_type == "markdown" and (found := _HEADING.search(cell.released)):
            return plain(found[1])
    return plain(notebook.name)


def _message(text: str) -> Markup:
    """Text with what stands between backticks set as code."""
    return Markup(re.sub(r"`([^`\n]+)`", r"<code>\1</code>", str(escape(text))))


@cache
def environment() -> Environment:
    """Jinja2 for the templates of this package; everything is escaped that is not marked safe."""
    made = Environment(loader=FileSystemLoader(_FOLDER), autoescape=True, trim_blocks=True)
    made.filters["points"] = number
    made.filters["message"] = _message
    made.globals["style"] = Markup((_FOLDER / "style.css").read_text("utf-8"))
    return made
