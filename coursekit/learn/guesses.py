"""Predictions before results: a lesson asks for a guess, then sets it beside what came out.

A cell with `guess("…")` alone asks, the next one ends with `reveal("…", result)`, and near the end
of a lesson `guesses()` shows how near all of them were. What is asked, guessed and revealed in one
run of the kernel belongs together by the text of the question.
"""

from __future__ import annotations

import functools
import math
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from coursekit.learn.asked import NEAR, Asked, Result, Value, how_to_type, plain

if TYPE_CHECKING:
    from coursekit.learn.progress.store import Store
    from coursekit.learn.widgets.jupyter import Panel


def guess(
    question: str,
    value: object = None,
    *,
    unit: str = "",
    choices: Sequence[str] = (),
    low: float | None = None,
    high: float | None = None,
) -> Panel | None:
    """Asks for a guess: a field to type a number into, or a list to choose from.

    A guess counts if it was noted before `reveal` had the result, in this run of the kernel; one of
    an earlier run is there already, and can be changed until then.

    Args:
        question: What is asked; it is unique in the lesson, and `reveal` repeats it.
        value: The guess itself, where no widget can be shown.
        unit: What follows the number, such as “%”.
        choices: The texts to choose from, instead of a number.
        low: With `high` a slider from here to there stands beside the field.
        high: See `low`.
    """
    asked = _notes().ask(Asked(question, unit, tuple(choices), low, high))
    if value is not None:
        print(_given(asked, value))
        return None
    try:
        from coursekit.learn.widgets.guessing import Guessing
        from coursekit.learn.widgets.jupyter import Panel
    except ImportError:
        print(how_to_type(asked))
        return None
    asked.panel = Panel(Guessing(asked, _notes().note), _notes().store)
    return asked.panel


def _given(asked: Asked, value: object) -> str:
    """Notes a guess that was given in code, and says so."""
    understood = asked.understood(value)
    if understood is None:
        return asked.what_to_type
    if asked.result is not None and understood != asked.guess:
        return f"The result is out, so this guess no longer counts. {asked.line()}"
    _notes().note(asked, understood)
    return asked.noted if asked.result is None else asked.line()


def reveal(
    question: str,
    result: object,
    *,
    between: tuple[float, float] | None = None,
) -> None:
    """Prints what came out beside the guess, and how near it was; kind to who made none.

    Args:
        question: As `guess` has it.
        result: What came out: a number, or of `choices` one text, or a list of those that can't be
            told apart.
        between: The lowest and the highest of several runs, in the line, and right as a guess.
    """
    asked = _notes().find(question)
    _notes().come_out(asked, _result(result), between and (float(between[0]), float(between[1])))
    print(asked.line())
    if asked.panel is not None:
        asked.panel.refresh()


def guessed(question: str) -> float | None:
    """The number that was guessed, for a plot; None if there is none."""
    guess = _notes().find(question).guess
    return None if isinstance(guess, str) else guess


@dataclass(frozen=True)
class Guesses:
    """Questions, guesses and results of a lesson as a table, and a sentence on all of them."""

    asked: Sequence[Asked]

    @property
    def rows(self) -> list[tuple[str, str, str, str]]:
        return [
            (one.question, one.with_unit(one.guess), one.with_unit(one.result), one.nearness or "–")
            for one in self.asked
        ]

    @property
    def sentence(self) -> str:
        judged = [one for one in self.asked if one.nearness]
        if not judged:
            return "No guess of yours can be set beside its result yet."
        texts = [one for one in judged if isinstance(one.guess, str)]
        numbers = [one for one in judged if not isinstance(one.guess, str)]
        counts = []
        if numbers:
            near = sum(one.near for one in numbers)
            counts.append(f"{near} of {len(numbers)} within a factor of {NEAR}")
        if texts:
            right = sum(one.right for one in texts)
            counts.append(f"{right} of {len(texts)} {'choices' if numbers else 'guesses'} right")
        return f"{', '.join(counts)}."

    def _repr_html_(self) -> str:
        rows = "".join(
            "<tr>" + "".join(f"<td>{escape(text)}</td>" for text in row) + "</tr>"
            for row in self.rows
        )
        heads = ("Question", "Your guess", "What came out", "How near")
        head = "<tr>" + "".join(f"<th>{text}</th>" for text in heads) + "</tr>"
        table = f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>"
        return f"{table}<p>{escape(self.sentence)}</p>"

    def __repr__(self) -> str:
        lines = [
            f"{question}: guessed {guess}, is {result}: {near}"
            for question, guess, result, near in self.rows
        ]
        return "\n".join([*lines, self.sentence])


def guesses() -> Guesses:
    """A table of the lesson's guesses, what came out, and how near they were.

    Before this run has asked anything, as in a new kernel, it shows what was kept of earlier runs.
    So a lesson's cell with this is tagged nbval-ignore-output.
    """
    return Guesses(_notes().all())


class _Notes:
    """The guesses of one lesson and what came out, in the order in which they were asked.

    They are kept with the learner's progress too; without a lesson nothing is kept.
    """

    def __init__(self, lesson: str | None) -> None:
        self._lesson = lesson
        self._asked: dict[str, Asked] = {}
        self._kept: dict[str, Asked] = {}
        self.store: Store | None = None
        if lesson is None:
            return
        # Here, so that who imports coursekit for something else does not wait for it.
        from coursekit.learn.progress.store import Guess, Outcome, Visit, default_store

        self.store = default_store()
        for event in self.store.latest(Guess, lesson).values():
            self._kept[event.question] = Asked(event.question, guess=event.guess)
        for found in self.store.latest(Outcome, lesson).values():
            kept = self._kept.setdefault(found.question, Asked(found.question))
            kept.result, kept.between = found.result, found.between
        self.store.record(Visit(lesson=lesson, mode="lesson"))

    def all(self) -> list[Asked]:
        """The questions of this run; before there are any, those kept."""
        return list((self._asked or self._kept).values())

    def find(self, question: str) -> Asked:
        """The question as this run knows it, with the guess of an earlier run if it has none."""
        if question not in self._asked:
            kept = self._kept.get(question)
            guess = kept.guess if kept else None
            self._asked[question] = Asked(question, guess=guess, earlier=guess is not None)
        return self._asked[question]

    def ask(self, wanted: Asked) -> Asked:
        """The question, to be asked as `wanted` says."""
        asked = self.find(wanted.question)
        asked.unit, asked.choices = wanted.unit, wanted.choices
        asked.low, asked.high = wanted.low, wanted.high
        possible = asked.guess in asked.choices if asked.choices else type(asked.guess) is not str
        if asked.earlier and not possible:
            # The lesson asked in another way then.
            asked.guess, asked.earlier = None, False
        return asked

    def note(self, asked: Asked, guess: Value) -> None:
        """Notes a guess, unless the result is out."""
        if asked.result is not None:
            return
        asked.guess, asked.earlier = guess, False
        kept = self._kept.setdefault(asked.question, Asked(asked.question))
        # Running again adds nothing to the progress but what is new.
        if self.store is not None and self._lesson is not None and guess != kept.guess:
            from coursekit.learn.progress.store import Guess

            kept.guess = guess
            self.store.record(Guess(lesson=self._lesson, question=asked.question, guess=guess))

    def come_out(self, asked: Asked, result: Result, between: tuple[float, float] | None) -> None:
        """Notes a result."""
        asked.result, asked.between = result, between
        if between is not None and not all(map(math.isfinite, between)):
            between = None
        kept = self._kept.setdefault(asked.question, Asked(asked.question))
        if (
            self.store is None
            or self._lesson is None
            or (result, between)
            == (
                kept.result,
                kept.between,
            )
        ):
            return
        from coursekit.learn.progress.store import Outcome

        kept.result, kept.between = result, between
        self.store.record(
            Outcome(lesson=self._lesson, question=asked.question, result=result, between=between)
        )


@functools.cache
def _notes_of(lesson: str | None) -> _Notes:
    return _Notes(lesson)


def _notes() -> _Notes:
    return _notes_of(notebook_lesson())


def notebook_lesson() -> str | None:
    """The lesson that this kernel's notebook is: the NN_name that its file's name begins with."""
    import __main__

    # The first is set by VS Code, the second by Jupyter's server.
    path = getattr(__main__, "__vsc_ipynb_file__", None) or os.environ.get("JPY_SESSION_NAME", "")
    found = re.match(r"\d\d_[a-z0-9_]+", Path(str(path)).name)
    return found and found[0]


def _result(value: object) -> Result:
    if isinstance(value, list | tuple) and value and all(isinstance(one, str) for one in value):
        return value[0] if len(value) == 1 else tuple(value)
    return plain(value)
