"""The cheat sheet: one page of a lesson, which the build takes from it."""

from __future__ import annotations

from coursekit.learn.progress.store import Store, Visit
from coursekit.learn.questions.find import WidgetError
from coursekit.learn.questions.schema import BANKS, lesson_title
from coursekit.learn.widgets.panel import Still, Values, View, html
from coursekit.learn.widgets.text import to_html


class CheatSheet:
    """Shows the sheet of a lesson, and keeps that it was opened."""

    def __init__(self, lesson: str, store: Store) -> None:
        path = BANKS / f"{lesson}.md"
        if not path.is_file():
            raise WidgetError(f"{lesson_title(lesson)} has no cheat sheet: fetch the course again.")
        self._title = f"Cheat sheet · {lesson_title(lesson)}"
        self._text = path.read_text(encoding="utf-8")
        store.record(Visit(lesson=lesson, mode="sheet"))

    def act(self, key: str, values: Values) -> None:
        """There is nothing to press."""

    def view(self) -> View:
        return View(self._title, [html(self._title, "title"), html(self._text)])

    def still(self) -> Still:
        text = to_html(self._text, mathml=False)
        return {"text/html": f"<p><strong>{self._title}</strong></p>{text}"}
