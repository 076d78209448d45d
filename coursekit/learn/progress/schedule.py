"""When a flashcard is due: the schedule of the library fsrs over the reviews in the store.

A card's state is worked out from its reviews each time and kept nowhere, so it can't contradict
them: not after two notebooks reviewed the same card, nor after an import, nor with another fsrs.
https://github.com/open-spaced-repetition/py-fsrs
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import fsrs

from coursekit.learn.progress.store import Review, Store

# A lesson and the id of one of its cards.
CardKey = tuple[str, str]

# Without fuzzing, which draws random numbers, the same reviews always give the same dates.
_SCHEDULER = fsrs.Scheduler(enable_fuzzing=False)


@dataclass(frozen=True)
class Deck:
    """Cards in the order in which to show them.

    Attributes:
        due: Seen before and due now, the one that waited longest first.
        new: Never seen, in the order given.
        later: Not due yet, and when they will be, the soonest first.
    """

    due: list[CardKey]
    new: list[CardKey]
    later: list[tuple[datetime, CardKey]]

    @property
    def now(self) -> list[CardKey]:
        """What to show: what is due, then what is new."""
        return self.due + self.new


def due_dates(store: Store) -> dict[CardKey, datetime]:
    """When each card that was ever reviewed is due, in UTC."""
    reviews: defaultdict[CardKey, list[Review]] = defaultdict(list)
    for review in store.events(Review):
        reviews[review.lesson, review.card].append(review)
    return {card: _due(history) for card, history in reviews.items()}


def deck(cards: Iterable[CardKey], store: Store, now: datetime | None = None) -> Deck:
    """Which of `cards` are due, new, or wait for later.

    Args:
        cards: The cards in question; new ones come in this order, so put easy ones first.
        store: Where the reviews are.
        now: A time with a time zone; the present if left out.
    """
    now = now or datetime.now(UTC)
    dates = due_dates(store)
    wanted = list(dict.fromkeys(cards))
    seen = sorted((dates[card], card) for card in wanted if card in dates)
    return Deck(
        due=[card for date, card in seen if date <= now],
        new=[card for card in wanted if card not in dates],
        later=[(date, card) for date, card in seen if date > now],
    )


def intervals(key: CardKey, store: Store, now: datetime | None = None) -> dict[int, timedelta]:
    """How long a card would wait after each rating, if it got it now.

    Args:
        key: The card.
        store: Where the reviews are.
        now: A time with a time zone; the present if left out.
    """
    now = (now or datetime.now(UTC)).astimezone(UTC)
    lesson, name = key
    card = _card([review for review in store.events(Review, lesson) if review.card == name])
    return {
        int(rating): _SCHEDULER.review_card(card, rating, now)[0].due - now
        for rating in fsrs.Rating
    }


def _due(reviews: Iterable[Review]) -> datetime:
    """When the card is due after `reviews`, oldest first."""
    return _card(reviews).due


def _card(reviews: Iterable[Review]) -> fsrs.Card:
    """The card as fsrs knows it after `reviews`."""
    # fsrs would make up an id from the time, and wait a millisecond for the next to differ.
    card = fsrs.Card(card_id=0)
    for review in reviews:
        # fsrs takes nothing but this one time zone.
        moment = review.at.astimezone(UTC)
        card, _ = _SCHEDULER.review_card(card, fsrs.Rating(review.rating), moment)
    return card
