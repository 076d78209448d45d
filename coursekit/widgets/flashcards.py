"""Mode 3, flashcards: due ones first; who has turned one says how well it was known."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from coursekit.cards import CardKey, Deck, deck
from coursekit.questions import Bank, Card, lesson_title
from coursekit.store import Review, Store
from coursekit.widgets.banks import where
from coursekit.widgets.panel import (
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
from coursekit.widgets.text import to_html

LEVELS = ("all levels", "beginner", "intermediate", "advanced")
RATINGS = {1: "Forgotten", 2: "Hard", 3: "Known", 4: "Easy"}


def _now() -> datetime:
    return datetime.now(UTC)


class Flashcards:
    """The cards of a lesson that are due or new, one at a time.

    A card that was forgotten comes again at the end of the round.
    """

    def __init__(self, bank: Bank, store: Store, now: Callable[[], datetime] = _now) -> None:
        self._bank = bank
        self._store = store
        self._now = now
        self._level = 0
        self._begin(all_of_them=False)

    def _begin(self, all_of_them: bool) -> None:
        """A new round: what is due and new, or every card."""
        wanted = LEVELS[self._level]
        cards = [c for c in self._bank.of(Card) if wanted in (LEVELS[0], c.level)]
        self._cards = {(self._bank.name, card.id): card for card in cards}
        order = deck(self._cards, self._store, self._now())
        later = [key for _, key in order.later]
        again = later if all_of_them else self._forgotten(order)
        self._round: list[CardKey] = order.now + again
        self._waiting = len(later) - len(again)
        self._done = 0
        self._rated = 0
        self._turned = False
        self._say = self._aloud = ""
        self._focus = "place"

    def _forgotten(self, order: Deck) -> list[CardKey]:
        """Cards that are not due yet, but were forgotten: they come again in this round, too."""
        newest = self._store.latest(Review, self._bank.name)
        return [key for _, key in order.later if newest[key[1]].rating == 1]

    def act(self, key: str, values: Values) -> None:
        self._say = self._aloud = ""
        match key:
            case "level":
                self._level = number_among(values.get("level"), len(LEVELS))
                self._begin(all_of_them=False)
                self._focus = "level"
                self._aloud = f"{LEVELS[self._level]}: {len(self._round)} cards."
            case "again":
                self._begin(all_of_them=True)
                self._focus = "front"
            case "turn" if self._round:
                self._turned = True
                self._focus = "answer"
                self._say = "How well did you know it?"
            case "skip" if self._round:
                self._round.append(self._round.pop(0))
                self._turned, self._focus = False, "front"
            case "rate1" | "rate2" | "rate3" | "rate4" if self._round and self._turned:
                self._rate(int(key[-1]))

    def _rate(self, rating: int) -> None:
        lesson, card = key = self._round.pop(0)
        self._store.record(Review(lesson=lesson, card=card, rating=rating))  # type: ignore[arg-type]
        if rating == 1:
            self._round.append(key)
            self._say = "It comes again at the end."
        else:
            self._done += 1
        self._rated += 1
        self._turned = False
        self._focus = "front" if self._round else "end"

    def view(self) -> View:
        title = f"Cards · {lesson_title(self._bank.name)}"
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
            return [*parts, buttons(show, Button("skip", "Later", ("ArrowRight",)))]
        rates = (
            Button(f"rate{rating}", f"{rating} {word}", (str(rating),), primary=rating == 3)
            for rating, word in RATINGS.items()
        )
        return [
            *parts,
            html("Answer", "head"),
            html(card.back, "right", key="answer"),
            html(f"From {where(card, self._bank)}", "small"),
            buttons(*rates),
        ]

    def _end(self) -> list[Part]:
        order = deck(self._cards, self._store, self._now())
        text = "**Nothing is due.**" if self._done == 0 else f"**Done: {self._done} cards.**"
        if order.later:
            first = order.later[0][0].astimezone()
            text += f" The next one is due on {first:%A, %d %B, at %H:%M}."
        return [
            html(text, "face", key="end"),
            buttons(Button("again", "All cards once more", primary=True)),
        ]

    def still(self) -> Still:
        folds = (
            fold(
                to_html(card.front, mathml=False, inline=True),
                to_html(card.back, mathml=False),
            )
            for card in self._bank.of(Card)
        )
        return still(f"Cards · {lesson_title(self._bank.name)}", *folds)
