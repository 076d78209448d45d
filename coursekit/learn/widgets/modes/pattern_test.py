"""The pattern test: ten questions on one topic that say whether it is strong."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import get_args

from coursekit.learn.progress.store import Attempt, Pattern, Store
from coursekit.learn.questions.find import WidgetError, where
from coursekit.learn.questions.schema import (
    GENERAL,
    Bank,
    Choice,
    CodeAnswer,
    Difficulty,
    Practice,
    Question,
    Topic,
    difficulty_of,
)
from coursekit.learn.widgets.modes.practice import Solving
from coursekit.learn.widgets.modes.quiz import RIGHT, WRONG, Asked
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

# How many of each.
DRAWN: Mapping[Difficulty, int] = {"easy": 3, "medium": 4, "hard": 3}
LENGTH = sum(DRAWN.values())
STRONG, NEARLY = 9, 7


def askable(banks: Iterable[Bank], topic: Topic) -> dict[str, tuple[Question, Bank]]:
    """The questions of a topic that can be judged at once, by id, with their banks."""
    return {
        question.id: (question, bank)
        for bank in banks
        for question in bank.questions
        if question.topic == topic
        and question.part != "entry"
        and (
            isinstance(question, Choice)
            or (isinstance(question, Practice) and not isinstance(question.answer, CodeAnswer))
        )
    }


def draw(questions: Iterable[Question], asked: Mapping[str, int], seed: int) -> list[Question]:
    """Ten questions, easy ones first: three easy, four medium, three hard.

    Those asked least often come first, so that none is repeated until the bank is used up. Where
    there are too few of a difficulty, others take their place.

    Args:
        questions: to draw from.
        asked: how often each was asked, by its id.
        seed: of the draw.
    """
    shuffled = sorted(questions, key=lambda question: question.id)
    random.Random(seed).shuffle(shuffled)
    shuffled.sort(key=lambda question: asked.get(question.id, 0))
    chosen: list[Question] = []
    for difficulty, number in DRAWN.items():
        chosen += [q for q in shuffled if difficulty_of(q) == difficulty][:number]
    chosen += [q for q in shuffled if q not in chosen][: LENGTH - len(chosen)]
    return sorted(chosen, key=lambda question: list(DRAWN).index(difficulty_of(question)))


class PatternTest:
    """A test that goes on where it was left, in another kernel too; then its verdict, and another.

    Args:
        topic: what the questions are about.
        banks: to draw from.
        lesson: under which the result is kept.
        clock: seconds that only ever grow.
    """

    def __init__(
        self,
        topic: Topic,
        banks: Iterable[Bank],
        store: Store,
        lesson: str = GENERAL,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._topic = topic
        self._store = store
        self._lesson = lesson
        self._clock = clock
        self._questions = askable(banks, topic)
        if len(self._questions) < LENGTH:
            raise WidgetError(
                f"A test needs {LENGTH} questions, and there are {len(self._questions)} on "
                f"{topic}: take another of the topics {', '.join(get_args(Topic))}."
            )
        self._result: Pattern | None = None
        self._say = self._aloud = ""
        self._focus = ""
        tests = self._tests()
        self._load(len(tests))
        if tests and not self._right:
            # Nothing of a new test was answered: the result of the last one is still to be seen.
            self._load(len(tests) - 1)
            self._result = tests[-1]
        else:
            self._ask()

    def _tests(self) -> list[Pattern]:
        return [test for test in self._store.events(Pattern) if test.topic == self._topic]

    def _load(self, number: int) -> None:
        """The test of this number, counted from 0: what it asks, and what was answered of it."""
        ends = [test.at for test in self._tests()]
        attempts = [
            (sum(end < attempt.at for end in ends), attempt)
            for attempt in self._store.events(Attempt)
            if attempt.mode == "pattern" and attempt.question in self._questions
        ]
        asked = Counter(one.question for of, one in attempts if of < number)
        self._drawn = draw((question for question, _ in self._questions.values()), asked, number)
        self._seconds = 0.0
        self._right: dict[str, bool] = {}
        answered = {one.question: one for of, one in attempts if of == number}
        for question in self._drawn:
            if question.id in answered:
                one = answered[question.id]
                self._right[question.id] = bool(one.right)
                kept = one.answer if isinstance(one.answer, dict) else {}
                self._seconds += float(kept.get("seconds", 0))  # type: ignore[arg-type]
        self._at: Question | None = None

    def _ask(self) -> None:
        """The next question that has no answer yet."""
        left = [question for question in self._drawn if question.id not in self._right]
        self._at = left[0] if left else None
        if self._at is None:
            self._finish()
            return
        one = self._at
        self._asking: Asked | Solving = (
            Solving(one)
            if isinstance(one, Practice)
            else Asked(one.id, one.prompt, one.options, one.several)  # type: ignore[union-attr]
        )
        self._begun = self._clock()

    def _finish(self) -> None:
        right = sum(self._right.values())
        self._result = Pattern(
            lesson=self._lesson,
            topic=self._topic,
            right=right,
            of=len(self._drawn),
            seconds=round(self._seconds, 1),
            strong=right >= STRONG,
        )
        self._store.record(self._result)

    def act(self, key: str, values: Values) -> None:
        self._say = self._aloud = self._focus = ""
        match key:
            case "check" if self._at is not None and self._asking.right is None:
                self._check(values)
            case "next" if self._at is not None and self._at.id in self._right:
                self._ask()
                self._focus = "place"
                if self._result:
                    self._focus = "verdict"
                    right = f"{self._result.right} of {self._result.of} right."
                    self._aloud = f"{self._title}: {right}"
            case "another" if self._result:
                self._result = None
                self._load(len(self._tests()))
                self._ask()
                self._focus = "place"

    def _check(self, values: Values) -> None:
        assert self._at is not None
        if isinstance(self._asking, Solving):
            self._asking.note(values)
        self._say, given = self._asking.check(values)
        if given is None:
            return
        right = bool(self._asking.right)
        self._say = f"{RIGHT if right else WRONG}."
        self._focus = "next"
        seconds = round(self._clock() - self._begun, 1)
        self._seconds += seconds
        self._right[self._at.id] = right
        self._store.record(
            Attempt(
                lesson=self._questions[self._at.id][1].name,
                question=self._at.id,
                mode="pattern",
                answer={"given": given, "seconds": seconds},
                right=right,
            )
        )

    @property
    def _title(self) -> str:
        return f"Pattern test · {self._topic}"

    def view(self) -> View:
        parts = self._verdict(self._result) if self._result else self._question()
        about = self._at.id if self._at and not self._result else "result"
        return View(self._title, parts, self._say, self._focus, about, self._aloud)

    def _question(self) -> list[Part]:
        assert self._at is not None
        total, done = len(self._drawn), len(self._right)
        number = self._drawn.index(self._at) + 1
        place = f"{self._title} · question {number} of {total}, {difficulty_of(self._at)}"
        over = self._at.id in self._right
        parts = [
            html(place, "title", key="place"),
            meter(f"{done} of {total} answered", done, total),
        ]
        parts += self._asking.parts(over=over)
        last = "See the result" if done == total else "Next"
        parts.append(
            buttons(
                Button("next", last, ("ArrowRight",), primary=True)
                if over
                else Button("check", "Check", primary=True)
            )
        )
        if over and isinstance(self._asking, Solving):
            parts += self._asking.shown(where(*self._questions[self._at.id]))
        return parts

    def _verdict(self, result: Pattern) -> list[Part]:
        minutes, seconds = divmod(round(result.seconds), 60)
        if result.strong:
            verdict = f"**Strong.** On {self._topic} you can be asked anything."
        elif result.right >= NEARLY:
            verdict = "**Nearly.** A few gaps are left; close them and take another test."
        else:
            verdict = "**Not yet.** Read the sections below, then take another test."
        taken = f"{minutes} min {seconds:02d} s" if minutes else f"{seconds} s"
        parts = [
            html(self._title, "title", key="place"),
            html(verdict, "big", key="verdict"),
            html(f"{result.right} of {result.of} right, in {taken}."),
        ]
        wrong = [question for question in self._drawn if not self._right[question.id]]
        sections = Counter(where(*self._questions[question.id]) for question in wrong)
        if sections:
            lines = "\n".join(f"- {section}" for section in sections)
            parts += [html("To revise", "head"), html(lines, "note")]
        return [*parts, buttons(Button("another", "Another test", primary=True))]

    def still(self) -> Still:
        text = (
            f"<p>{LENGTH} questions on {self._topic}, from easy to hard; at the end you see "
            "whether the pattern is strong.</p>"
        )
        return still(self._title, text)
