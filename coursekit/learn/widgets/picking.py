"""Which questions of a quiz or of practice are shown: all, only some, one of them; and stars."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from coursekit.learn.progress.retry import QuestionKey, due_again
from coursekit.learn.progress.store import Mode, Star, Store, current_time
from coursekit.learn.widgets.panel import Button, Part, Values, control, number_among, turned

SHOWN = ("all", "only those not right yet", "only starred ones", "wrong some days ago")
ALL, OPEN, STARRED, AGAIN = range(4)
NONE = (
    "",
    "All of them are right.",
    "None has a star.",
    "Nothing was wrong three days ago or before.",
)
KEYS = ("goto", "only", "star")


class Picker:
    """The questions shown, in their order, and the one where the learner is.

    Attributes:
        at: the place of that one among all.
        only: which are shown, a place in `SHOWN`.
        say: what is to be said of the last press.
        anew: the places of questions to be asked as if for the first time, after the last press.
    """

    def __init__(
        self,
        store: Store,
        mode: Mode,
        questions: Sequence[QuestionKey],
        right: Callable[[int], bool | None],
        now: Callable[[], datetime] = current_time,
    ) -> None:
        self._store = store
        self._mode = mode
        self._questions = list(questions)
        self._right = right
        self._now = now
        self.at = 0
        self.only = ALL
        self.say = ""
        self.anew: list[int] = []
        self._shown = list(range(len(self._questions)))
        self._stars = {(star.lesson, star.question): star.on for star in store.events(Star)}

    def act(self, key: str, values: Values) -> None:
        """One of `KEYS` was pressed or set, “next” or “back”."""
        self.say, self.anew = "", []
        match key:
            case "next" | "back":
                place = self._shown.index(self.at) if self.at in self._shown else -1
                self.at = self._shown[turned(place, key, len(self._shown))]
            case "goto":
                self.at = self._shown[number_among(values.get("goto"), len(self._shown))]
            case "only":
                self._choose(number_among(values.get("only"), len(SHOWN)))
            case "star":
                self._star()

    def _choose(self, only: int) -> None:
        places = range(len(self._questions))
        again = due_again(self._store, self._mode, now=self._now()) if only == AGAIN else []
        chosen = {
            ALL: list(places),
            OPEN: [place for place in places if not self._right(place)],
            STARRED: [place for place in places if self._stars.get(self._questions[place])],
            # What waited longest comes first.
            AGAIN: [self._questions.index(key) for key in again if key in self._questions],
        }[only]
        if not chosen:
            self.say = NONE[only]
            return
        self.only, self._shown = only, chosen
        self.anew = chosen if only == AGAIN else []
        if self.at not in chosen:
            self.at = chosen[0]
        self.say = f"Shown now: {SHOWN[only]}, {len(chosen)}."

    def _star(self) -> None:
        lesson, question = key = self._questions[self.at]
        on = self._stars[key] = not self._stars.get(key, False)
        self._store.record(Star(lesson=lesson, question=question, on=on))
        self.say = "It has a star now." if on else "The star is gone."

    @property
    def place(self) -> str:
        """Where the learner is, as in “question 2 of 5”."""
        if self.at not in self._shown:
            return f"{self.at + 1} of {len(self._questions)}"
        return f"{self._shown.index(self.at) + 1} of {len(self._shown)}"

    def star(self) -> Button:
        """The button that marks a question, to be found again."""
        on = self._stars.get(self._questions[self.at], False)
        return Button("star", "★ Starred" if on else "☆ Star", ("s",), pressed=on)

    def parts(self) -> list[Part]:
        """What to jump with, and what to choose with."""
        words = {None: "not answered", True: "right", False: "wrong"}
        shown = [
            f"{number}: {words[self._right(place)]}"
            + (", starred" if self._stars.get(self._questions[place]) else "")
            for number, place in enumerate(self._shown, 1)
        ]
        at = self._shown.index(self.at) if self.at in self._shown else 0
        return [control("goto", "Go to", shown, at), control("only", "Show", SHOWN, self.only)]
