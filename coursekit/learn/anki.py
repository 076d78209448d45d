"""The cards of the course as a text file that Anki imports, by File → Import.

A line for each card, fields between tabs; the first lines tell Anki what they are
(https://docs.ankiweb.net/importing/text-files.html). With ids of their own, cards that are imported
again are brought up to date and keep Anki's schedule.
"""

from __future__ import annotations

from collections.abc import Iterable

from coursekit.learn.questions.schema import Bank, Card
from coursekit.learn.widgets.text import to_anki

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
