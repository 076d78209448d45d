"""Which questions a learner means by “07”."""

from __future__ import annotations

import functools
import re
from urllib.parse import quote

from coursekit.learn.questions.schema import (
    BANKS,
    GENERAL,
    Bank,
    Primer,
    Question,
    lesson_title,
    load_bank,
)

# The headings of notebooks/primers.ipynb.
PRIMERS: dict[Primer, str] = {
    "pytorch": "PyTorch in ten lines",
    "convolution": "Convolution, batch norm, torch.export",
    "shapes": "Shapes through a CNN",
    "keras": "Keras for PyTorch people",
    "attention": "Attention",
}


class WidgetError(Exception):
    """What was asked for is not there. A notebook shows the sentence alone, without a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


@functools.cache
def bank_of(lesson: str) -> Bank:
    """The bank of a lesson, given by its number (“07”) or name, or “general”.

    Raises:
        WidgetError: if there is none.
    """
    for name in bank_names():
        if lesson in (name, name.partition("_")[0]):
            return load_bank(name)
    there = ", ".join(f"“{name.partition('_')[0]}”" for name in bank_names())
    raise WidgetError(f"There is no lesson “{lesson}”. There are {there}.")


def bank_names() -> list[str]:
    """The names of all banks, lessons in their order, then “general”."""
    lessons = sorted(path.stem for path in BANKS.glob("[0-9]*.json"))
    return [*lessons, GENERAL]


def where(question: Question, bank: Bank) -> str:
    """Markdown that names the section to read for a question, with a link to its notebook."""
    if question.primer:
        heading = PRIMERS[question.primer]
        return f"[{heading}]({_link('primers', heading)})"
    if bank.name == GENERAL:
        return f"lesson {question.lesson}"
    section = question.section or ""
    return f"[{lesson_title(bank.name)}, {section}]({_link(bank.name, section)})"


def _link(notebook: str, heading: str) -> str:
    """The address of a heading, as JupyterLab makes it; of a part, that of the cell it begins in.

    JupyterLab does not find a heading that holds a sign beyond ASCII, as after a part's number.
    """
    if part := re.match(r"(\d+) · ", heading):
        return f"./{notebook}.ipynb#cell-id=part-{part[1]}"
    return f"./{notebook}.ipynb#{quote(heading.replace(' ', '-'), safe='')}"
