"""The entry check: ten questions, and at the end a verdict, which primers to read."""

from __future__ import annotations

from coursekit.learn.progress.store import Attempt, Store
from coursekit.learn.questions.find import where
from coursekit.learn.questions.schema import Bank, Choice
from coursekit.learn.widgets.modes.quiz import Quiz
from coursekit.learn.widgets.panel import Part, Values, html, spoken

TITLE = "Entry check: which primers do you need?"
BEGIN = "[lesson 00](./00_pipeline.ipynb)"


class EntryCheck(Quiz):
    """A quiz whose first answers count: whoever tries again has read why by then."""

    def __init__(self, bank: Bank, store: Store) -> None:
        questions = [question for question in bank.of(Choice) if question.primer]
        super().__init__(bank, store, questions, TITLE)
        self._first: dict[str, bool] = {}
        for attempt in store.events(Attempt, bank.name):
            if attempt.mode == "choice" and attempt.question not in self._first:
                self._first[attempt.question] = bool(attempt.right)

    def _check(self, values: Values) -> None:
        was_over = self._is_over
        super()._check(values)
        question, asked = self._questions[self._at], self._asked[self._at]
        if asked.right is not None:
            self._first.setdefault(question.id, bool(asked.right))
        if self._is_over and not was_over:
            self._aloud = f"The verdict is below: {spoken(self._verdict())}"

    @property
    def _is_over(self) -> bool:
        return all(question.id in self._first for question in self._questions)

    def _below(self) -> list[Part]:
        left = sum(question.id not in self._first for question in self._questions)
        if left:
            return [html(f"The verdict comes after {left} more.", "small"), *self._pick.parts()]
        return [
            html("Your verdict", "head"),
            html(self._verdict(), "note", key="verdict"),
            *self._pick.parts(),
        ]

    def _verdict(self) -> str:
        right = sum(self._first[question.id] for question in self._questions)
        wrong = [question for question in self._questions if not self._first[question.id]]
        # A primer that two questions lead to is named once.
        primers = dict.fromkeys(where(question, self._bank) for question in wrong)
        score = f"{right} of {len(self._questions)} right at the first try."
        if not primers:
            return f"**You need no primer.** {score}\n\nBegin with {BEGIN}."
        lines = "\n".join(f"- {primer}" for primer in primers)
        return (
            f"**Read {_counted(len(primers))} first.** {score}\n\n{lines}\n\n"
            f"Each fits on a screen. Then begin with {BEGIN}."
        )


def _counted(number: int) -> str:
    return "this primer" if number == 1 else f"these {number} primers"
