"""Predictions before results: a lesson asks for a guess, then sets it beside what came out."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coursekit.store import Store


@dataclass
class _Entry:
    question: str
    guess: float | str | None
    result: float | str | None = None


class Ledger:
    """The guesses of one lesson and what came out, in the order in which they were asked.

    Guesses and results are kept with the learner's progress too. What `guess` and `reveal` print
    belongs to this run of the notebook alone, whatever was kept before. The table does not: where
    this run has no guess, it shows the one kept; and before this run has asked anything, as in a
    new kernel, it shows the questions, guesses and results of the runs before. So a lesson's cell
    that shows the table is tagged nbval-ignore-output.

    Args:
        lesson: The lesson's name. Left out, it is that of the notebook, where Jupyter or VS Code
            tells; where nobody does, nothing is kept.
        store: Where to keep it; the learner's own progress if left out.
    """

    def __init__(self, lesson: str | None = None, store: Store | None = None) -> None:
        self._entries: dict[str, _Entry] = {}
        self._kept: dict[str, _Entry] = {}
        self._lesson = lesson or notebook_lesson()
        self._store = store
        if self._lesson is None:
            return
        # Here, so that who imports coursekit for something else does not wait for it.
        from coursekit.store import Guess, Outcome, Visit, default_store

        self._store = store or default_store()
        for asked in self._store.latest(Guess, self._lesson).values():
            self._kept[asked.question] = _Entry(asked.question, asked.guess)
        for found in self._store.latest(Outcome, self._lesson).values():
            entry = self._kept.setdefault(found.question, _Entry(found.question, None))
            entry.result = found.result
        self._store.record(Visit(lesson=self._lesson, mode="lesson"))

    def guess(self, question: str, guess: float | str | None = None) -> None:
        """Notes a guess; None while the learner has not typed one. Asking again replaces it."""
        self._entries[question] = _Entry(question, guess)
        if guess is not None:
            self._keep(question, guess=guess)
        print(
            "Noted." if guess is not None else "No guess yet: type one, then run this cell again."
        )

    def reveal(self, question: str, result: float | str) -> None:
        """Notes what came out for a question asked before, and prints both.

        Raises:
            KeyError: if the question was not asked.
        """
        if question not in self._entries:
            raise KeyError(f"no guess was asked for: {question!r}")
        entry = self._entries[question]
        entry.result = result
        self._keep(question, result=result)
        print(f"{question}: you guessed {shown(entry.guess)}, it is {shown(result)}.")

    def _keep(
        self, question: str, guess: float | str | None = None, result: float | str | None = None
    ) -> None:
        """Adds to the learner's progress what is not there yet: running again adds nothing."""
        if self._lesson is None or self._store is None:
            return
        from coursekit.store import Guess, Outcome

        kept = self._kept.setdefault(question, _Entry(question, None))
        if guess is not None and (guess := _plain(guess)) != kept.guess:
            kept.guess = guess
            self._store.record(Guess(lesson=self._lesson, question=question, guess=guess))
        if result is not None and (result := _plain(result)) != kept.result:
            kept.result = result
            self._store.record(Outcome(lesson=self._lesson, question=question, result=result))

    def _rows(self) -> list[tuple[str, str, str]]:
        rows = []
        for entry in (self._entries or self._kept).values():
            kept = self._kept.get(entry.question)
            guess = kept.guess if entry.guess is None and kept else entry.guess
            rows.append((entry.question, shown(guess), shown(entry.result)))
        return rows

    def _repr_html_(self) -> str:
        from html import escape

        rows = "".join(
            "<tr>" + "".join(f"<td>{escape(text)}</td>" for text in row) + "</tr>"
            for row in self._rows()
        )
        head = "<tr><th>Question</th><th>Your guess</th><th>What came out</th></tr>"
        return f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>"

    def __repr__(self) -> str:
        return "\n".join(
            f"{question}: guessed {guess}, is {result}" for question, guess, result in self._rows()
        )


def notebook_lesson() -> str | None:
    """The lesson that this kernel's notebook is: the NN_name that its file's name begins with."""
    import __main__

    # The first is set by VS Code, the second by Jupyter's server.
    path = getattr(__main__, "__vsc_ipynb_file__", None) or os.environ.get("JPY_SESSION_NAME", "")
    found = re.match(r"\d\d_[a-z0-9_]+", Path(str(path)).name)
    return found and found[0]


def _plain(value: float | str) -> float | str:
    """What JSON can hold: a finite number, or text. A tensor of one number is a number here."""
    if isinstance(value, str):
        return value
    try:
        number = float(value)
    except (TypeError, ValueError):
        return str(value)
    return number if abs(number) < float("inf") else str(number)


def shown(value: float | str | None) -> str:
    """A guess or a result as it is printed; a dash where there is none."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    # Four digits alone would make 266,610 parameters 2.666e+05.
    number = float(value)
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.4g}"
