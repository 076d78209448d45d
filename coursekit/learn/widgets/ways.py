"""The ways to learn by their names, as notebooks and pages call them."""

from __future__ import annotations

from typing import Literal, cast, get_args

from coursekit.learn.progress.store import Store
from coursekit.learn.questions.find import WidgetError, bank_names, bank_of
from coursekit.learn.questions.schema import GENERAL, Bank, Topic
from coursekit.learn.widgets.panel import Mode

Way = Literal[
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


def begun(way: Way, of: str, store: Store, lesson: str = "") -> Mode:
    """A way to learn, as it goes on from what the store knows.

    Args:
        way: Each is imported when somebody first takes it.
        of: The number of a lesson; of a pattern test the topic; for ways over all lessons "".
        store: Where what is done is kept.
        lesson: The name of the lesson in which a pattern test is taken.

    Raises:
        WidgetError: if there is no such lesson, or no such topic, or too few questions on it.
    """
    match way:
        case "again":
            from coursekit.learn.widgets.modes.try_again import TryAgain

            return TryAgain(_all_banks(), store)
        case "cards" if not of:
            from coursekit.learn.widgets.modes.cards import DueCards

            return DueCards(_all_banks(), store)
        case "cards":
            from coursekit.learn.widgets.modes.cards import Flashcards

            return Flashcards(bank_of(of), store)
        case "cheat_sheet":
            from coursekit.learn.widgets.modes.cheat_sheet import CheatSheet

            return CheatSheet(bank_of(of).name, store)
        case "entry_check":
            from coursekit.learn.widgets.modes.entry_check import EntryCheck

            return EntryCheck(bank_of(GENERAL), store)
        case "pattern_test":
            from coursekit.learn.widgets.modes.pattern_test import PatternTest

            topics = get_args(Topic)
            if of not in topics:
                raise WidgetError(f"There is no topic “{of}”. There are {', '.join(topics)}.")
            return PatternTest(cast(Topic, of), _all_banks(), store, lesson or GENERAL)
        case "practice":
            from coursekit.learn.widgets.modes.practice import WorkedPractice

            return WorkedPractice(bank_of(of), store)
        case "progress":
            from coursekit.learn.widgets.modes.progress import Overview

            return Overview(store)
        case "quiz":
            from coursekit.learn.widgets.modes.quiz import Quiz

            return Quiz(bank_of(of), store)
        case "respond":
            from coursekit.learn.widgets.modes.respond import FreeResponse

            return FreeResponse(bank_of(of), store)
        case "trace":
            from coursekit.learn.widgets.modes.trace import Tracing

            return Tracing(bank_of(of), store)


def _all_banks() -> list[Bank]:
    return [bank_of(name) for name in bank_names()]
