"""How much a lesson is: what is counted before its practice, and how much of it there may be."""

from __future__ import annotations

import ast
import html
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from authoring.build import glossary
from authoring.source.problems import SourceError
from authoring.source.sources import Lesson, SourceCell, read_cells

# How fast people read and guess. The lesson itself runs in about a minute.
WORDS_A_MINUTE = 130
SECONDS_A_LINE, SECONDS_A_GUESS, SECONDS_A_FIGURE, SECONDS_TO_RUN = 5, 90, 40, 60

_GUESS = re.compile(r"^\s*guess\(", re.MULTILINE)
_FIGURE = re.compile(r"^\s*(?:plot\.show|explore|plot\.hero)\(", re.MULTILINE)
_OPENING = re.compile(r"^from coursekit\.lesson_\d\d\.opening import ", re.MULTILINE)
# Practice is counted apart: one does as much of it as one likes.
_PRACTICE = re.compile(r"^## (?:Practise|References)\b", re.MULTILINE)
# The text of a link is read, its target is not; and nobody reads a tag, or a table's style.
_UNREAD = re.compile(r"(?<=\])\([^)]*\)|<style.*?</style>|<[^>]+>", re.DOTALL)


@dataclass(frozen=True)
class Measure:
    """What is counted before the practice.

    Attributes:
        cells: All of them, but for what the build adds.
        words: Of the text, folded or not, and of what cells print.
        lines: Of code, without empty ones and without cells that only assert, which are folded.
        terms: Words of the glossary that this lesson explains.
    """

    cells: int
    words: int
    lines: int
    terms: int
    guesses: int
    figures: int

    @property
    def minutes(self) -> float:
        seconds = 60 * self.words / WORDS_A_MINUTE + SECONDS_A_LINE * self.lines
        seconds += SECONDS_A_GUESS * self.guesses + SECONDS_A_FIGURE * self.figures
        return (seconds + SECONDS_TO_RUN) / 60

    @property
    def stated(self) -> int:
        """The minutes as a lesson says them, in full fives."""
        return 5 * max(1, round(self.minutes / 5))


# A reader of sixteen lessons needed 85 to 140 minutes for those that said 50 to 80.
MOST = Measure(cells=45, words=2200, lines=300, terms=10, guesses=5, figures=99)
MOST_MINUTES, FEWEST_FIGURES = 60, 6
_NAMES = ("cells", "words", "lines of code", "new terms", "guesses", "figures")


def measured(lesson: Lesson) -> Measure:
    """The measure of a lesson, with what its built notebook prints, as far as it has run."""
    cells = read_cells(lesson.folder / "lesson.py")
    found = glossary.read(lesson.course)
    terms = sum(term.lesson == lesson.number for term in found.terms) if found else 0
    return counted(cells, _outputs(lesson.notebook), terms)


def counted(
    cells: Sequence[SourceCell], outputs: dict[str, list[dict[str, Any]]], terms: int = 0
) -> Measure:
    """The measure of these cells; `outputs` are those of code cells, by their source."""
    texts, code, words = 0, [], 0
    for cell in cells:
        before, *practice = _PRACTICE.split(cell.source, maxsplit=1)
        if practice and cell.kind == "markdown":
            words += _words(before)
            break
        if cell.kind == "code":
            code.append(cell.source)
            # What a guess shows where no kernel runs is no text of the lesson.
            shown = [] if _GUESS.search(cell.source) else outputs.get(cell.source, [])
            words += sum(_words(text) for one in shown for text in _of(one))
        else:
            texts += 1
            words += _words(cell.source)
    return Measure(
        cells=texts + len(code),
        words=words,
        lines=sum(
            bool(line.strip()) for one in code if not only_asserts(one) for line in one.split("\n")
        ),
        terms=terms,
        guesses=sum(len(_GUESS.findall(one)) for one in code),
        figures=sum(len(_FIGURE.findall(one)) + len(_OPENING.findall(one)) for one in code),
    )


def check(lesson: Lesson) -> None:
    """Holds a lesson that has been told again to the measure.

    Raises:
        SourceError: for the first count that is off.
    """
    found = measured(lesson)
    source = lesson.folder / "lesson.py"
    for name, there, most in zip(_NAMES, astuple(found), astuple(MOST), strict=True):
        if there > most:
            raise SourceError(
                source, 1, f"{there} {name} before the practice, and {most} is the most: cut"
            )
    if found.minutes > MOST_MINUTES:
        problem = f"it takes {found.minutes:.0f} minutes, and {MOST_MINUTES} is the most: cut"
        raise SourceError(source, 1, problem)
    if found.figures < FEWEST_FIGURES:
        problem = f"{found.figures} figures, and {FEWEST_FIGURES} is the least: show it"
        raise SourceError(source, 1, problem)


def only_asserts(code: str) -> bool:
    """Whether a cell only holds the lesson to what it says; it is folded then."""
    try:
        statements = ast.parse(code).body
    except SyntaxError:
        # A line for IPython, such as %timeit.
        return False
    return bool(statements) and all(isinstance(node, ast.Assert) for node in statements)


def _words(text: str) -> int:
    return len(html.unescape(_UNREAD.sub(" ", text)).split())


def _of(output: dict[str, Any]) -> Iterator[str]:
    """What people read of an output: what is printed, or a table; of a picture nothing."""
    data = output.get("data", {})
    if output.get("name") == "stdout":
        yield "".join(output["text"])
    elif "text/html" in data:
        yield "".join(data["text/html"])
    elif "text/plain" in data and "image/png" not in data:
        yield "".join(data["text/plain"])


def _outputs(notebook: Path) -> dict[str, list[dict[str, Any]]]:
    try:
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError):
        # It has not been built, or is as a merge leaves it.
        return {}
    return {"".join(one["source"]): one["outputs"] for one in cells if one["cell_type"] == "code"}
