"""The ways to learn, as widgets: `cards("07")`, `quiz("07")` and so on.

They keep what was done in `coursekit.learn.progress.store`. A notebook that was not run, or is not
trusted, shows the same questions to read.
"""

from __future__ import annotations

from typing import cast, get_args

from coursekit.learn.guesses import notebook_lesson
from coursekit.learn.progress.store import Store, default_store
from coursekit.learn.questions.find import WidgetError, bank_names, bank_of
from coursekit.learn.questions.schema import GENERAL, Topic
from coursekit.learn.widgets.panel import Panel

__all__ = [
    "WidgetError",
    "again",
    "cards",
    "cheat_sheet",
    "entry_check",
    "pattern_test",
    "practice",
    "progress",
    "quiz",
    "respond",
    "trace",
]


def cheat_sheet(lesson: str, store: Store | None = None) -> Panel:
    """The cheat sheet of a lesson, given by its number.

    Raises:
        WidgetError: if there is no such lesson; so do the others.
    """
    from coursekit.learn.widgets.modes.cheat_sheet import CheatSheet

    store = store or default_store()
    return Panel(CheatSheet(bank_of(lesson).name, store), store)


def cards(lesson: str = "", store: Store | None = None) -> Panel:
    """The cards of a lesson, due ones first; without a lesson, those of all that are due."""
    from coursekit.learn.widgets.modes.cards import DueCards, Flashcards

    store = store or default_store()
    if not lesson:
        return Panel(DueCards([bank_of(name) for name in bank_names()], store), store)
    return Panel(Flashcards(bank_of(lesson), store), store)


def quiz(lesson: str, store: Store | None = None) -> Panel:
    """The multiple choice of a lesson."""
    from coursekit.learn.widgets.modes.quiz import Quiz

    store = store or default_store()
    return Panel(Quiz(bank_of(lesson), store), store)


def again(store: Store | None = None) -> Panel:
    """What was wrong some days ago, from all lessons."""
    from coursekit.learn.widgets.modes.try_again import TryAgain

    store = store or default_store()
    return Panel(TryAgain([bank_of(name) for name in bank_names()], store), store)


def entry_check(store: Store | None = None) -> Panel:
    """Ten questions that say which primers to read."""
    from coursekit.learn.widgets.modes.entry_check import EntryCheck

    store = store or default_store()
    return Panel(EntryCheck(bank_of(GENERAL), store), store)


def respond(lesson: str, store: Store | None = None) -> Panel:
    """The free questions of a lesson."""
    from coursekit.learn.widgets.modes.respond import FreeResponse

    store = store or default_store()
    return Panel(FreeResponse(bank_of(lesson), store), store)


def practice(lesson: str, store: Store | None = None) -> Panel:
    """The practice of a lesson, from easy to hard."""
    from coursekit.learn.widgets.modes.practice import WorkedPractice

    store = store or default_store()
    return Panel(WorkedPractice(bank_of(lesson), store), store)


def pattern_test(topic: str, store: Store | None = None) -> Panel:
    """Ten questions on a topic, from all lessons.

    Raises:
        WidgetError: if there is no such topic, or too few questions on it.
    """
    from coursekit.learn.widgets.modes.pattern_test import PatternTest

    store = store or default_store()
    topics = get_args(Topic)
    if topic not in topics:
        raise WidgetError(f"There is no topic “{topic}”. There are {', '.join(topics)}.")
    banks = [bank_of(name) for name in bank_names()]
    lesson = notebook_lesson() or GENERAL
    return Panel(PatternTest(cast(Topic, topic), banks, store, lesson), store)


def trace(lesson: str, store: Store | None = None) -> Panel:
    """The traces of a lesson: data, training, a prediction, step by step."""
    from coursekit.learn.widgets.modes.trace import Tracing

    store = store or default_store()
    return Panel(Tracing(bank_of(lesson), store), store)


def progress(store: Store | None = None) -> Panel:
    """All lessons and modes: what was done, what is strong, what is due."""
    from coursekit.learn.widgets.modes.progress import Overview

    store = store or default_store()
    return Panel(Overview(store), store)
