"""The ways to learn, as widgets: `cards("07")`, `quiz("07")` and so on.

They keep what was done in `coursekit.learn.progress.store`. A notebook that was not run, or is not
trusted, shows the same questions to read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from coursekit.learn.progress.store import Store, default_store
from coursekit.learn.questions.find import WidgetError
from coursekit.learn.widgets.ways import Way, begun

if TYPE_CHECKING:
    from coursekit.learn.widgets.jupyter import Panel

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
    return _panel("cheat_sheet", lesson, store)


def cards(lesson: str = "", store: Store | None = None) -> Panel:
    """The cards of a lesson, due ones first; without a lesson, those of all that are due."""
    return _panel("cards", lesson, store)


def quiz(lesson: str, store: Store | None = None) -> Panel:
    """The multiple choice of a lesson."""
    return _panel("quiz", lesson, store)


def again(store: Store | None = None) -> Panel:
    """What was wrong some days ago, from all lessons."""
    return _panel("again", "", store)


def entry_check(store: Store | None = None) -> Panel:
    """Ten questions that say which primers to read."""
    return _panel("entry_check", "", store)


def respond(lesson: str, store: Store | None = None) -> Panel:
    """The free questions of a lesson."""
    return _panel("respond", lesson, store)


def practice(lesson: str, store: Store | None = None) -> Panel:
    """The practice of a lesson, from easy to hard."""
    return _panel("practice", lesson, store)


def pattern_test(topic: str, store: Store | None = None) -> Panel:
    """Ten questions on a topic, from all lessons.

    Raises:
        WidgetError: if there is no such topic, or too few questions on it.
    """
    return _panel("pattern_test", topic, store)


def trace(lesson: str, store: Store | None = None) -> Panel:
    """The traces of a lesson: data, training, a prediction, step by step."""
    return _panel("trace", lesson, store)


def progress(store: Store | None = None) -> Panel:
    """All lessons and modes: what was done, what is strong, what is due."""
    return _panel("progress", "", store)


def _panel(way: Way, of: str, store: Store | None) -> Panel:
    from coursekit.learn.guesses import notebook_lesson
    from coursekit.learn.widgets.jupyter import Panel

    store = store or default_store()
    return Panel(begun(way, of, store, notebook_lesson() or ""), store)
