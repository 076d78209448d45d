"""Cards: due ones first; who has turned one says how well it was known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from coursekit.learn import anki
from coursekit.learn.progress.schedule import CardKey, Deck, deck, intervals
from coursekit.learn.progress.store import Review, Store, Undone, current_time
from coursekit.learn.questions.find import where
from coursekit.learn.questions.schema import Bank, Card, lesson_title
from coursekit.learn.widgets.panel import (
    Button,
    Part,
    Still,
    Values,
    View,
    buttons,
    control,
    fold,
    html,
    meter,
    number_among,
    still,
)
from coursekit.learn.widgets.text import to_html

LEVELS = ("all levels", "beginner", "intermediate", "advanced")
RATINGS = {1: "Forgotten", 2: "Hard", 3: "Known", 4: "Easy"}


def span(time: timedelta) -> str:
    """How long, in the largest unit that fits: “10 min”, “3 days”."""
    minutes = round(time / timedelta(minutes=1))
    if minutes < 60:
        return f"{max(1, minutes)} min"
    if (hours := round(minutes / 60)) < 24:
        return f"{hours} h"
    days = round(time / timedelta(days=1))
    if days < 60:
        return "1 day" if days == 1 else f"{days} days"
    return f"{round(days / 30)} months" if days < 700 else f"{round(days / 365)} years"


class Flashcards:
    """The cards of a lesson that are due or new, one at a time.

    A card that was forgotten comes again at the end of the round.
    """

    def __init__(
        self, bank: Bank, store: Store, now: Callable[[], datetime] = current_time
    ) -> None:
        self._title = f"Cards · {lesson_title(bank.name)}"
        self._start([bank], store, now)

    def _start(self, banks: Sequence[Bank], store: Store, now: Callable[[], datetime]) -> None:
        self._banks = {bank.name: bank for bank in banks}
        self._store = store
        self._now = now
        self._level = 0
        # What was rated, so that it can be taken back.
        self._given: list[Review] = []
        self._begin(all_of_them=False)

    def _begin(self, all_of_them: bool) -> None:
        """A new round: what is due and new, or every card."""
        wanted = LEVELS[self._level]
        self._cards = {
            (bank.name, card.id): card
            for bank in self._banks.values()
            for card in bank.of(Card)
            if wanted in (LEVELS[0], card.level)
        }
        order = deck(self._cards, self._store, self._now())
        later = [key for _, key in order.later]
        again = later if all_of_them else self._forgotten(order)
        self._round: list[CardKey] = self._wanted(order) + again
        self._waiting = len(later) - len(again)
        self._done = 0
        self._rated = 0
        self._turned = False
        self._given.clear()
        self._say = self._aloud = ""
        self._focus = "place"

    def _wanted(self, order: Deck) -> list[CardKey]:
        """What a round is about."""
        return order.now

    def _forgotten(self, order: Deck) -> list[CardKey]:
        """Cards that are not due yet, but were forgotten: they come again in this round, too."""
        newest = {(review.lesson, review.card): review for review in self._store.events(Review)}
        return [key for _, key in order.later if newest[key].rating == 1]

    def act(self, key: str, values: Values) -> None:
        self._say = self._aloud = ""
        match key:
            case "level":
                self._level = number_among(values.get("level"), len(LEVELS))
                self._begin(all_of_them=False)
                self._focus = "level"
                self._aloud = f"{LEVELS[self._level]}: {len(self._round)} cards."
            case "again" | "more":
                self._begin(all_of_them=key == "again")
                self._focus = "front" if self._round else "end"
            case "turn" if self._round:
                self._turned = True
                self._focus = "answer"
                self._say = "How well did you know it?"
            case "skip" if self._round:
                self._round.append(self._round.pop(0))
                self._turned, self._focus = False, "front"
            case "undo" if self._given:
                self._undo()
            case "rate1" | "rate2" | "rate3" | "rate4" if self._round and self._turned:
                self._rate(int(key[-1]))

    def _rate(self, rating: int) -> None:
        lesson, card = key = self._round.pop(0)
        review = Review(lesson=lesson, card=card, rating=rating)  # type: ignore[arg-type]
        self._store.record(review)
        self._given.append(review)
        if rating == 1:
            self._round.append(key)
            self._say = "It comes again at the end."
        else:
            self._done += 1
        self._rated += 1
        self._turned = False
        self._focus = "front" if self._round else "end"

    def _undo(self) -> None:
        """Takes the newest rating back: its card is there again, turned."""
        review = self._given.pop()
        self._store.record(Undone(lesson=review.lesson, event=review.uid))
        key = (review.lesson, review.card)
        if review.rating == 1:
            self._round.remove(key)
        else:
            self._done -= 1
        self._round.insert(0, key)
        self._rated += 1
        self._turned = True
        self._focus = "answer"
        self._say = f"Taken back: {RATINGS[review.rating]}. How well did you know it?"

    def view(self) -> View:
        title = self._title
        parts = [html(title, "title", key="place")]
        if self._round:
            parts += self._card()
        else:
            parts += self._end()
        parts.append(control("level", "Show", LEVELS, self._level))
        return View(title, parts, self._say, self._focus, self._about, self._aloud)

    @property
    def _about(self) -> str:
        """The card, its side, and how many were rated: the same card may come again."""
        card = self._round[0][1] if self._round else ""
        return f"{card} {self._rated} {'back' if self._turned else 'front'}"

    def _card(self) -> list[Part]:
        card = self._cards[self._round[0]]
        total = self._done + len(self._round)
        waiting = f" · {self._waiting} not due yet" if self._waiting else ""
        parts = [
            meter(f"{self._done} of {total} · {card.level}{waiting}", self._done, total),
            html(card.front, "face", key="front", click="" if self._turned else "turn"),
        ]
        if not self._turned:
            show = Button("turn", "Show the answer", ("Space", "ArrowDown"), primary=True)
            return [*parts, buttons(show, Button("skip", "Later", ("ArrowRight",)), *self._back())]
        waits = intervals(self._round[0], self._store, self._now())
        rates = [
            Button(
                f"rate{rating}",
                # Until it is known, a card stays in the round.
                f"{rating} {word} · {'this round' if rating == 1 else span(waits[rating])}",
                (str(rating),),
                primary=rating == 3,
            )
            for rating, word in RATINGS.items()
        ]
        return [
            *parts,
            html("Answer", "head"),
            html(card.back, "right", key="answer"),
            html(f"From {where(card, self._banks[self._round[0][0]])}", "small"),
            buttons(*rates, *self._back()),
        ]

    def _back(self) -> list[Button]:
        """The button that takes the last rating back, once there is one."""
        return [Button("undo", "Undo", ("u",))] if self._given else []

    def _end(self) -> list[Part]:
        order = deck(self._cards, self._store, self._now())
        left = len(self._wanted(order))
        cards = "1 card" if self._done == 1 else f"{self._done} cards"
        text = f"**Done: {cards}.**" if self._done else "**Nothing is due.**"
        shown = []
        if left:
            shown.append(Button("more", f"Go on: {left} more", primary=True))
        elif order.later:
            first = order.later[0][0].astimezone()
            text += f" The next one is due on {first:%A, %d %B, at %H:%M}."
        else:
            text += " Turn cards in a lesson first: they come back here when they are due."
        if order.later:
            shown.append(Button("again", "All cards once more", primary=not left))
        return [html(text, "face", key="end"), buttons(*shown, *self._back())]

    def still(self) -> Still:
        folds = (
            fold(
                to_html(card.front, mathml=False, inline=True),
                to_html(card.back, mathml=False),
            )
            for bank in self._banks.values()
            for card in bank.of(Card)
        )
        return still(self._title, *folds)


class DueCards(Flashcards):
    """One deck of what is due, over all lessons, in rounds that one can finish.

    Cards that were never turned wait in their lessons.
    """

    ROUND = 20

    def __init__(
        self, banks: Sequence[Bank], store: Store, now: Callable[[], datetime] = current_time
    ) -> None:
        self._title = "Cards that are due · all lessons"
        self._download: tuple[str, str] | None = None
        self._start(banks, store, now)

    def _wanted(self, order: Deck) -> list[CardKey]:
        return order.due[: self.ROUND]

    def act(self, key: str, values: Values) -> None:
        super().act(key, values)
        self._download = None
        if key == "anki":
            self._download = anki.FILE, anki.text_of(self._banks.values())
            number = sum(len(bank.of(Card)) for bank in self._banks.values())
            self._focus = "anki"
            self._say = (
                f"The {number} cards of all lessons go to {anki.FILE}, in your downloads. "
                "In Anki: File → Import."
            )

    def view(self) -> View:
        view = super().view()
        view.parts.append(buttons(Button("anki", "All cards for Anki")))
        view.download = self._download
        return view

    def still(self) -> Still:
        text = (
            "<p>One deck over all lessons. It is empty until you have turned cards in a lesson.</p>"
        )
        return still(self._title, text)
