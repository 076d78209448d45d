"""Where a learner is in a mode, so that another kernel goes on there."""

from __future__ import annotations

from collections.abc import Sequence

from coursekit.learn.progress.store import Mode, Place, Store


class Places:
    """The place in one mode of a lesson."""

    def __init__(self, store: Store, lesson: str, mode: Mode) -> None:
        self._store = store
        self._lesson = lesson
        self._mode = mode

    def keep(self, question: str, step: int = 0) -> None:
        """The learner went there."""
        self._store.record(
            Place(lesson=self._lesson, mode=self._mode, question=question, step=step)
        )

    def newest(self) -> tuple[str, int] | None:
        """Where the learner went last; None if nowhere."""
        kept = self._store.latest(Place, self._lesson).get(self._mode)
        return None if kept is None else (kept.question, kept.step)

    def begin(self, questions: Sequence[str], done: Sequence[bool]) -> int:
        """Where to begin: where the learner went last, or what comes next that is not done."""
        newest = self.newest()
        last = questions.index(newest[0]) if newest and newest[0] in questions else 0
        order = [*range(last, len(questions)), *range(last)]
        return next((number for number in order if not done[number]), 0)
