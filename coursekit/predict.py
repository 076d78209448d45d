"""Predictions before results: a lesson asks for a guess, then sets it beside what came out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class _Entry:
    question: str
    guess: float | str | None
    result: float | str | None = None


class Ledger:
    """The guesses of one lesson and what came out, in the order in which they were asked."""

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}

    def guess(self, question: str, guess: float | str | None = None) -> None:
        """Notes a guess; None while the learner has not typed one. Asking again replaces it."""
        self._entries[question] = _Entry(question, guess)
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
        print(f"{question}: you guessed {_shown(entry.guess)}, it is {_shown(result)}.")

    def _repr_html_(self) -> str:
        from html import escape

        rows = "".join(
            f"<tr><td>{escape(e.question)}</td><td>{escape(_shown(e.guess))}</td>"
            f"<td>{escape(_shown(e.result))}</td></tr>"
            for e in self._entries.values()
        )
        head = "<tr><th>Question</th><th>Your guess</th><th>What came out</th></tr>"
        return f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>"

    def __repr__(self) -> str:
        lines = (
            f"{e.question}: guessed {_shown(e.guess)}, is {_shown(e.result)}"
            for e in self._entries.values()
        )
        return "\n".join(lines)


def _shown(value: float | str | None) -> str:
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    # Four digits alone would make 266,610 parameters 2.666e+05.
    number = float(value)
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.4g}"
