"""Multiple choice: a reason for every option, and another try after a wrong one."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

from pydantic import JsonValue

from coursekit.learn.progress.store import Attempt, Store
from coursekit.learn.questions.find import where
from coursekit.learn.questions.schema import Bank, Choice, Option, lesson_title
from coursekit.learn.widgets.panel import (
    Button,
    Mark,
    Part,
    Shown,
    Still,
    Values,
    View,
    buttons,
    choice,
    fold,
    html,
    meter,
    spoken,
    still,
)
from coursekit.learn.widgets.picking import KEYS, Picker
from coursekit.learn.widgets.resuming import Places
from coursekit.learn.widgets.text import to_html

RIGHT = "✓ Correct"
WRONG = "✗ Incorrect"


def order_of(question_id: str, options: Sequence[Option]) -> list[int]:
    """The places of the options in the order in which they are shown, always the same."""
    places = list(range(len(options)))
    random.Random(question_id).shuffle(places)
    return places


class Asked:
    """Options as a learner sees them: shuffled, with what was chosen and the reason for it.

    Args:
        question_id: fixes the order.
        prompt: the question.
        options: as in the bank; places are places in this list.
        several: whether more than one is right.
        kept: what was kept of an earlier answer: a list of places.

    Attributes:
        chosen: the places chosen last; None before an answer.
    """

    def __init__(
        self,
        question_id: str,
        prompt: str,
        options: Sequence[Option],
        several: bool = False,
        kept: object = None,
    ) -> None:
        self._prompt = prompt
        self._options = options
        self._several = several
        self._order = order_of(question_id, options)
        # The question may have got other options since.
        fits = isinstance(kept, list) and kept and all(n in range(len(options)) for n in kept)
        self.chosen: list[int] | None = list(kept) if fits else None  # type: ignore[call-overload]

    @property
    def right(self) -> bool | None:
        """Whether the answer is right; None before there is one."""
        wanted = [place for place, option in enumerate(self._options) if option.right]
        return None if self.chosen is None else self.chosen == wanted

    def check(self, values: Values) -> tuple[str, JsonValue]:
        """Takes the answer: what to say, and the places chosen, None if there is no answer."""
        shown = values.get("answer")
        numbers = shown if isinstance(shown, list) else []
        chosen = {self._order[n] for n in numbers if n in range(len(self._order))}
        if not chosen or (len(chosen) > 1 and not self._several):
            return "Choose an answer first.", None
        self.chosen = sorted(chosen)
        return self._verdict(), list(self.chosen)

    def _verdict(self) -> str:
        if self.right:
            return f"{RIGHT}."
        if all(self._options[place].right for place in self.chosen or []):
            return f"{WRONG}: what you chose is right, but there is more."
        return f"{WRONG}. Read why."

    def parts(self, *, over: bool = False) -> list[Part]:
        """The options, marked where they were chosen; every reason is told once it is right.

        Args:
            over: whether there is no other try, so that every reason is told anyway.
        """
        chosen = self.chosen or []
        shown = []
        for place in self._order:
            option = self._options[place]
            mark: Mark = "right" if option.right else "wrong"
            if place in chosen:
                verdict = RIGHT if option.right else WRONG
                shown.append(Shown(option.text, mark, f"**{verdict}.** {option.why}"))
            elif (self.right or over) and option.right:
                shown.append(Shown(option.text, mark, f"**✓ This is right.** {option.why}"))
            elif self.right or over:
                shown.append(Shown(option.text, "", option.why))
            else:
                shown.append(Shown(option.text))
        note = " *(More than one is right.)*" if self._several else ""
        at = [self._order.index(place) for place in chosen]
        prompt = self._prompt + note
        return [choice("answer", prompt, shown, at, several=self._several, locked=over)]


def still_choice(name: str, prompt: str, question_id: str, options: Sequence[Option]) -> str:
    """HTML of a question for a saved notebook, with its answers behind a line to click.

    Args:
        name: as in "Question 3", for who hears the line by itself.
    """
    order = order_of(question_id, options)
    items = "".join(
        f"<li>{to_html(options[p].text, mathml=False, inline=True)}</li>" for p in order
    )
    whys = "".join(
        f"<li><strong>{RIGHT if options[p].right else WRONG}.</strong> "
        f"{to_html(options[p].why, mathml=False, inline=True)}</li>"
        for p in order
    )
    return f"{to_html(prompt, mathml=False)}<ol>{items}</ol>" + fold(
        f"{name}: which is right, and why?", f"<ol>{whys}</ol>"
    )


class Quiz:
    """Multiple choice, one question at a time; begins with the first not answered right.

    Args:
        bank: where the questions are from.
        store: where answers are kept.
        questions: which of the bank to ask; all that are no entry check, if left out.
        title: what the quiz is called; after the lesson, if left out.
    """

    def __init__(
        self,
        bank: Bank,
        store: Store,
        questions: Sequence[Choice] | None = None,
        title: str | None = None,
    ) -> None:
        self._bank = bank
        self._store = store
        self._title = title or f"Quiz · {lesson_title(bank.name)}"
        self._questions = questions or [q for q in bank.of(Choice) if not q.primer]
        kept = store.latest(Attempt, bank.name, mode="choice")
        self._asked = [
            Asked(q.id, q.prompt, q.options, q.several, kept[q.id].answer if q.id in kept else None)
            for q in self._questions
        ]
        self._places = Places(store, bank.name, "choice")
        ids = [question.id for question in self._questions]
        keys = [(bank.name, question.id) for question in self._questions]
        self._pick = Picker(store, "choice", keys, lambda place: self._asked[place].right)
        self._pick.at = self._places.begin(ids, [bool(asked.right) for asked in self._asked])
        # How often a question is asked as if for the first time.
        self._times = Counter[int]()
        self._say = self._aloud = ""
        self._focus = ""

    @property
    def _at(self) -> int:
        return self._pick.at

    def act(self, key: str, values: Values) -> None:
        self._say, self._aloud, self._focus = "", "", ""
        match key:
            case "check":
                self._check(values)
            case "next" | "back":
                self._pick.act(key, values)
                self._go("place")
            case "open":
                rest = [n for n, asked in enumerate(self._asked) if not asked.right]
                self._pick.at = next(
                    (n for n in rest if n > self._at), rest[0] if rest else self._at
                )
                self._go("place")
            case _ if key in KEYS:
                before = self._at
                self._pick.act(key, values)
                self._say = self._pick.say
                for place in self._pick.anew:
                    q = self._questions[place]
                    self._asked[place] = Asked(q.id, q.prompt, q.options, q.several)
                    self._times[place] += 1
                if self._at != before:
                    self._aloud = spoken(self._questions[self._at].prompt)
                self._go(key)

    def _go(self, focus: str) -> None:
        self._focus = focus
        self._places.keep(self._questions[self._at].id)

    def _check(self, values: Values) -> None:
        question, asked = self._questions[self._at], self._asked[self._at]
        before = asked.right
        self._say, given = asked.check(values)
        if asked.right:
            self._focus = "next"
        if given is None or (asked.right and before):
            return
        self._store.record(
            Attempt(
                lesson=self._bank.name,
                question=question.id,
                mode="choice",
                answer=given,
                right=asked.right,
            )
        )

    def view(self) -> View:
        total = len(self._questions)
        question, asked = self._questions[self._at], self._asked[self._at]
        right = sum(bool(one.right) for one in self._asked)
        parts = [
            html(f"{self._title} · question {self._pick.place}", "title", key="place"),
            meter(f"{right} of {total} right", right, total),
            *asked.parts(),
            buttons(
                Button("check", "Check", primary=True),
                Button("back", "Back", ("ArrowLeft",)),
                Button("next", "Next", ("ArrowRight",)),
                Button("open", "To what is not right yet", disabled=right == total),
                self._pick.star(),
            ),
        ]
        if asked.right is False:
            parts.append(html(f"To read again: {where(question, self._bank)}.", "small"))
        parts += self._below()
        times = self._times[self._at]
        about = f"{question.id} {times}" if times else question.id
        return View(self._title, parts, self._say, self._focus, about, self._aloud)

    def _below(self) -> list[Part]:
        """What stands below the question."""
        parts = self._pick.parts()
        if not all(asked.right for asked in self._asked):
            return parts
        text = "**All of them are right.** What was wrong before comes again in three days."
        return [html(text), *parts]

    def still(self) -> Still:
        blocks = [
            still_choice(f"Question {number}", q.prompt, q.id, q.options)
            for number, q in enumerate(self._questions, 1)
        ]
        return still(self._title, *blocks)
