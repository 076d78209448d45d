"""A guess before its result: a field to type a number into, or a list to choose from."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from coursekit.learn.asked import Asked, Value, how_to_type
from coursekit.learn.widgets.panel import (
    NEXT_CELL,
    Button,
    Part,
    Shown,
    Still,
    Values,
    View,
    buttons,
    choice,
    entry,
    html,
)
from coursekit.learn.widgets.text import to_html
from coursekit.pictures.numbers import shown


class Guessing:
    """Asks, until the result is out; then it shows guess and result.

    Args:
        asked: the question.
        note: is told each guess.
    """

    def __init__(self, asked: Asked, note: Callable[[Asked, Value], None]) -> None:
        self._asked = asked
        self._note = note
        self._typed = "" if asked.guess is None else shown(asked.guess)
        self._say = ""
        self._focus = ""

    def act(self, key: str, values: Values) -> None:
        self._focus = ""
        if self._asked.result is not None:
            return
        given = values.get("guess")
        if self._asked.choices:
            self._typed = self._chosen(given)
        else:
            self._typed = given if isinstance(given, str) else ""
        understood = self._asked.understood(self._typed)
        if understood is None:
            self._say = self._asked.what_to_type
            return
        self._note(self._asked, understood)
        self._say = ""
        # Who only left the field has gone where they wanted already.
        self._focus = NEXT_CELL if key == "note" else ""

    def _chosen(self, numbers: object) -> str:
        """The choice that was made, by its number."""
        match numbers:
            case [int(number)] if number in range(len(self._asked.choices)):
                return self._asked.choices[number]
        return ""

    def view(self) -> View:
        asked = self._asked
        out = asked.result is not None
        parts = self._field(locked=out)
        if out:
            parts.append(html(asked.line(alone=False), "right" if asked.right else "note"))
        say = self._say
        if not out and not say and asked.guess is not None:
            say = asked.noted
        title = f"Your guess: {asked.question}"
        return View(title, parts, "" if out else say, self._focus, about=asked.question)

    def _field(self, *, locked: bool) -> list[Part]:
        asked = self._asked
        question = f"**{asked.question}**"
        if asked.choices:
            options = [Shown(text) for text in asked.choices]
            chosen = [n for n, text in enumerate(asked.choices) if text == asked.guess]
            return [choice("guess", question, options, chosen, locked=locked, at_once=True)]
        kept = "" if asked.guess is None else shown(asked.guess)
        field = entry(
            "guess",
            question,
            kept if locked else self._typed,
            numeric=True,
            unit=asked.unit,
            locked=locked,
            at_once=True,
            limits=None if asked.low is None or asked.high is None else (asked.low, asked.high),
        )
        return [field] if locked else [field, buttons(Button("note", "Note it", primary=True))]

    def still(self) -> Still:
        asked = self._asked
        text = how_to_type(asked)
        where = f"Run this cell to guess here. If no field appears: {text.splitlines()[-1]}"
        question = to_html(f"**{asked.question}**", mathml=False, inline=True)
        return {
            "text/html": f"<p>Your guess: {question}</p><p>{escape(where)}</p>",
            "text/plain": text,
        }
