"""The cards of the course as a text file that Anki imports, by File → Import.

A line for each card, fields between tabs; the first lines tell Anki what they are
(https://docs.ankiweb.net/importing/text-files.html). With ids of their own, cards that are imported
again are brought up to date and keep Anki's schedule.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from coursekit.questions import Bank, Card
from coursekit.store import course_folder
from coursekit.widgets.banks import bank_names, bank_of
from coursekit.widgets.text import to_anki

DECK = "Fewer Bits, Fewer Weights"
FILE = "fewer-bits-anki.txt"
HEAD = (
    "#separator:tab",
    "#html:true",
    f"#deck:{DECK}",
    "#notetype:Basic",
    "#guid column:1",
    "#tags column:4",
)


def text_of(banks: Iterable[Bank]) -> str:
    """The file's text: id, front, back and tags of each card."""
    rows = [
        "\t".join(
            (
                f"fewer-bits-{card.id}",
                to_anki(card.front),
                to_anki(card.back),
                f"{bank.name} {card.topic} {card.level}",
            )
        )
        for bank in banks
        for card in bank.of(Card)
    ]
    return "\n".join((*HEAD, *rows)) + "\n"


def export(path: Path | str | None = None) -> str:
    """Writes the cards of all lessons to a file, and says where it is.

    Args:
        path: The file; beside notebooks/ if left out.
    """
    target = Path(path) if path is not None else course_folder() / FILE
    banks = [bank_of(name) for name in bank_names()]
    try:
        target.write_text(text_of(banks), encoding="utf-8")
    except OSError as error:
        return f"{target} can't be written: {error.strerror or error}. Name another file."
    count = sum(len(bank.of(Card)) for bank in banks)
    lessons = sum(bool(bank.of(Card)) for bank in banks)
    return f"{count} cards of {lessons} lessons are in {target.name}. In Anki: File → Import."
