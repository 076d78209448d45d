"""What the progress kept so far amounts to: the data that a drawing of it needs, and a table."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from pydantic import BaseModel

from coursekit.learn.progress import ledger
from coursekit.learn.progress.exercise_marks import State, read_exercise
from coursekit.learn.progress.schedule import due_dates
from coursekit.learn.progress.store import (
    MODES,
    Attempt,
    Guess,
    Mode,
    Pattern,
    Response,
    Review,
    Store,
    Visit,
    course_folder,
    default_store,
)
from coursekit.learn.questions.schema import lesson_title

# How many questions, cards, … a lesson has in each mode.
Totals = Mapping[str, Mapping[Mode, int]]

# What learners read of each mode, wherever it is named.
NAMES: dict[Mode, str] = {
    "lesson": "Runs",
    "sheet": "Cheat sheet",
    "cards": "Cards",
    "choice": "Quiz",
    "free": "In your own words",
    "practice": "Practice",
    "pattern": "Pattern test",
    "trace": "Traces",
    "exercise": "Exercise",
}


class Tally(BaseModel):
    """How far a lesson is in one mode; a question counts once, as it was answered last.

    Attributes:
        done: Questions answered, cards seen, patterns tested, test items run; times opened for
            what asks nothing.
        right: How many of them are right (strong, passed, not forgotten); None where nothing is.
        of: How many there are; None if that is not known.
    """

    done: int = 0
    right: int | None = None
    of: int | None = None


class Strength(BaseModel):
    """How the newest test of a pattern went."""

    topic: str
    right: int
    of: int
    seconds: float
    strong: bool
    at: datetime


class LessonSummary(BaseModel):
    """One lesson. `modes` holds all nine, in their order."""

    lesson: str
    modes: dict[Mode, Tally]
    patterns: list[Strength]
    due: int
    guesses: int
    exercise: dict[str, State]


class Summary(BaseModel):
    """All lessons. In a notebook it shows as a table of plain HTML, which needs no trust.

    Attributes:
        network: How small the course's one network is by now, in a sentence; empty before it is.
    """

    at: datetime
    lessons: list[LessonSummary]
    network: str = ""

    @property
    def due(self) -> int:
        """How many cards are due."""
        return sum(lesson.due for lesson in self.lessons)

    def _repr_html_(self) -> str:
        columns = "".join(f'<th scope="col">{heading}</th>' for heading in NAMES.values())
        rows = "".join(
            f'<tr><th scope="row">{escape(lesson_title(lesson.lesson))}</th>'
            + "".join(f"<td>{escape(_cell(lesson, mode))}</td>" for mode in NAMES)
            + "</tr>"
            for lesson in self.lessons
        )
        network = f"<p>{escape(self.network)}</p>" if self.network else ""
        return (
            f"{network}<table><caption>{escape(self._caption())}</caption>"
            f'<thead><tr><th scope="col">Lesson</th>{columns}</tr></thead>'
            f"<tbody>{rows}</tbody></table>"
        )

    def __repr__(self) -> str:
        lines = [self._caption()]
        for lesson in self.lessons:
            lines.append(lesson_title(lesson.lesson))
            lines += [
                f"  {heading}: {text}"
                for mode, heading in NAMES.items()
                if (text := _cell(lesson, mode)) != "–"
            ]
        return "\n".join([*lines, *([self.network] if self.network else [])])

    __str__ = __repr__

    def _caption(self) -> str:
        return (
            f"Your progress: {_some(self.due, 'card')} due. An exercise's hidden tests come on top."
        )


def summary(
    store: Store | None = None,
    course: Path | None = None,
    totals: Totals | None = None,
    now: datetime | None = None,
) -> Summary:
    """Sums up what is kept, and what the saved exercise notebooks show.

    Args:
        store: Where progress is; the learner's own if left out.
        course: The folder with notebooks/ and exercises/; found if left out.
        totals: How many questions each lesson has in each mode, for “2 of 5”.
        now: The time at which cards are due or not, with a time zone; the present if left out.
    """
    store = store or default_store()
    course = course or course_folder()
    totals = totals or {}
    now = now or datetime.now(UTC)

    # For each lesson and mode, each question once: was it right when it was answered last?
    newest: defaultdict[tuple[str, Mode], dict[str, bool | None]] = defaultdict(dict)
    for attempt in store.events(Attempt):
        # A pattern test counts as a whole, by its result.
        if attempt.mode != "pattern":
            newest[attempt.lesson, attempt.mode][attempt.question] = attempt.right
    for response in store.events(Response):
        newest[response.lesson, "free"][response.question] = response.named == response.of
    for review in store.events(Review):
        newest[review.lesson, "cards"][review.card] = review.rating > 1
    strengths: defaultdict[str, dict[str, Strength]] = defaultdict(dict)
    for test in store.events(Pattern):
        newest[test.lesson, "pattern"][test.topic] = test.strong
        strengths[test.lesson][test.topic] = Strength(
            **test.model_dump(include=set(Strength.model_fields))
        )
    visits = Counter((visit.lesson, visit.mode) for visit in store.events(Visit))
    guesses: defaultdict[str, set[str]] = defaultdict(set)
    for guess in store.events(Guess):
        guesses[guess.lesson].add(guess.question)
    due = [lesson for (lesson, _), date in due_dates(store).items() if date <= now]

    recorded = {lesson for lesson, _ in [*newest, *visits]} | set(guesses)
    lessons = []
    for lesson in sorted({*_lessons(course), *totals, *recorded}):
        exercise = read_exercise(course, lesson)
        known: Mapping[Mode, int] = totals.get(lesson, {})
        modes = {
            mode: _tally(newest[lesson, mode], visits[lesson, mode], known.get(mode))
            for mode in MODES
        }
        if exercise:
            modes["exercise"] = Tally(
                done=sum(state != "not run" for state in exercise.values()),
                right=sum(state == "passed" for state in exercise.values()),
                of=len(exercise),
            )
        lessons.append(
            LessonSummary(
                lesson=lesson,
                modes=modes,
                patterns=list(strengths[lesson].values()),
                due=due.count(lesson),
                guesses=len(guesses[lesson]),
                exercise=exercise,
            )
        )
    steps = ledger.ledger(store)
    return Summary(at=now, lessons=lessons, network=ledger.sentence(steps) if steps else "")


def _tally(answers: Mapping[str, bool | None], visits: int, of: int | None) -> Tally:
    judged = [right for right in answers.values() if right is not None]
    return Tally(done=len(answers) or visits, right=sum(judged) if judged else None, of=of)


def _lessons(course: Path) -> list[str]:
    """The names of the lessons that lie in the course's folder."""
    notebooks = [path.stem for path in course.glob("notebooks/*.ipynb")]
    exercises = [path.name for path in course.glob("exercises/*/")]
    return [name for name in notebooks + exercises if re.fullmatch(r"\d\d_[a-z0-9_]+", name)]


def _cell(lesson: LessonSummary, mode: Mode) -> str:
    """What stands in the table: words and numbers, nothing that only a colour would say."""
    tally = lesson.modes[mode]
    if mode == "pattern" and lesson.patterns:
        return ", ".join(
            f"{p.topic} {'strong' if p.strong else 'not yet'}" for p in lesson.patterns
        )
    if not tally.done:
        return "–" if tally.of is None else f"none of {tally.of}"
    if mode == "lesson":
        return f"{_some(tally.done, 'time')}, {_some(lesson.guesses, 'guess', 'guesses')}"
    if mode == "exercise" and tally.of:
        return f"{tally.right} of {_some(tally.of, 'item')} passed"
    text = str(tally.done) if tally.of is None else f"{tally.done} of {tally.of}"
    if mode == "cards":
        return f"{text} seen, {lesson.due} due"
    return text if tally.right is None else f"{text}, {tally.right} right"


def _some(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
