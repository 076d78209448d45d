"""What was wrong some days ago in a quiz or in practice, from all lessons, asked again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from coursekit.learn.progress.retry import DAYS, QuestionKey, due_again
from coursekit.learn.progress.store import Attempt, Store, current_time
from coursekit.learn.questions.find import where
from coursekit.learn.questions.schema import Bank, Choice, Practice, lesson_title
from coursekit.learn.widgets.modes.practice import Solving
from coursekit.learn.widgets.modes.quiz import Asked
from coursekit.learn.widgets.panel import (
    Button,
    Part,
    Still,
    Values,
    View,
    buttons,
    html,
    meter,
    still,
)

TITLE = "What was wrong, again"
# What one can finish at a sitting.
ROUND = 10


class TryAgain:
    """The questions one by one, each with one try now; what is wrong comes again days later."""

    def __init__(
        self, banks: Sequence[Bank], store: Store, now: Callable[[], datetime] = current_time
    ) -> None:
        self._store = store
        self._now = now
        self._questions: dict[QuestionKey, tuple[Choice | Practice, Bank]] = {
            (bank.name, question.id): (question, bank)
            for bank in banks
            for question in bank.questions
            if isinstance(question, Choice | Practice)
        }
        self._say = ""
        self._focus = ""
        self._begin()

    def _begin(self) -> None:
        due = due_again(self._store, now=self._now())
        self._round = [key for key in due if key in self._questions][:ROUND]
        self._right: dict[QuestionKey, bool] = {}
        self._at = 0
        self._ask()

    def _ask(self) -> None:
        """Loads the question at the learner's place."""
        if self._at == len(self._round):
            return
        key = lesson, name = self._round[self._at]
        question, _ = self._questions[key]
        self._asking: Asked | Solving
        if isinstance(question, Choice):
            self._asking = Asked(question.id, question.prompt, question.options, question.several)
            return
        kept = self._store.latest(Attempt, lesson, mode="practice").get(name)
        self._asking = Solving(question, kept)
        self._asking.draw()

    def act(self, key: str, values: Values) -> None:
        self._say = self._focus = ""
        over = self._at == len(self._round)
        match key:
            case "check" if not over and self._round[self._at] not in self._right:
                self._check(values)
            case "next" if not over and self._round[self._at] in self._right:
                self._at += 1
                self._ask()
                self._focus = "place" if self._at < len(self._round) else "end"
            case "more" if over:
                self._begin()
                self._focus = "place"

    def _check(self, values: Values) -> None:
        key = self._round[self._at]
        question, bank = self._questions[key]
        if isinstance(self._asking, Solving):
            self._asking.note(values)
        self._say, given = self._asking.check(values)
        if given is None:
            return
        right = self._right[key] = bool(self._asking.right)
        self._focus = "next"
        self._store.record(
            Attempt(
                lesson=bank.name,
                question=question.id,
                mode="choice" if isinstance(question, Choice) else "practice",
                answer=given,
                right=right,
            )
        )

    def view(self) -> View:
        if self._at == len(self._round):
            return View(TITLE, self._end(), self._say, self._focus, "end")
        key = self._round[self._at]
        question, bank = self._questions[key]
        over = key in self._right
        done, total = len(self._right), len(self._round)
        place = f"{TITLE} · question {self._at + 1} of {total}"
        parts = [
            html(place, "title", key="place"),
            meter(f"{done} of {total} answered", done, total),
            html(f"From {lesson_title(bank.name)}", "small"),
            *self._asking.parts(over=over),
            buttons(
                Button("next", "Next", ("ArrowRight",), primary=True)
                if over
                else Button("check", "Check", primary=True)
            ),
        ]
        if over and isinstance(self._asking, Solving):
            parts += self._asking.shown(where(question, bank))
        elif over and not self._right[key]:
            parts.append(html(f"To read again: {where(question, bank)}.", "small"))
        about = self._asking.about if isinstance(self._asking, Solving) else question.id
        return View(TITLE, parts, self._say, self._focus, f"again {about}")

    def _end(self) -> list[Part]:
        right, of = sum(self._right.values()), len(self._round)
        more = len([key for key in due_again(self._store, now=self._now()) if self._knows(key)])
        if not of:
            text = (
                "**Nothing is to be tried again.** What you get wrong in a quiz or in practice "
                f"comes here {DAYS.days} days later."
            )
        elif right == of:
            text = f"**All right now: {right} of {of}.** They do not come again."
        else:
            text = f"**{right} of {of} right now.** The others come again in {DAYS.days} days."
        parts = [html(TITLE, "title", key="place"), html(text, "face", key="end")]
        if more:
            parts.append(buttons(Button("more", f"Go on: {more} more", primary=True)))
        return parts

    def _knows(self, key: QuestionKey) -> bool:
        # An update of the course may have dropped a question.
        return key in self._questions

    def still(self) -> Still:
        text = f"<p>Questions come here {DAYS.days} days after you got them wrong.</p>"
        return still(TITLE, text)
