import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone

import pytest

from coursekit.learn.progress.schedule import deck, due_dates
from coursekit.learn.progress.store import Review, Store

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
CARD = ("07", "mask")


@pytest.fixture
def store():
    return Store(None)


def review(store, card, rating, at=NOW):
    store.record(Review(lesson=card[0], card=card[1], rating=rating, at=at))


def learn(store, card, at=NOW):
    """Known twice, as far as the first interval of days."""
    review(store, card, 3, at)
    review(store, card, 3, at + timedelta(minutes=10))


def test_cards_never_seen_come_in_the_order_given_and_once(store):
    cards = [("07", "z"), ("00", "a"), ("07", "z"), ("07", "m")]
    found = deck(cards, store, NOW)
    assert found.now == found.new == [("07", "z"), ("00", "a"), ("07", "m")]
    assert found.later == []


def test_due_cards_come_first_the_one_that_waited_longest_before_the_others(store):
    cards = [("07", name) for name in ("new", "short", "long", "resting")]
    review(store, cards[1], 1, NOW - timedelta(minutes=5))
    review(store, cards[2], 1, NOW - timedelta(minutes=50))
    learn(store, cards[3], NOW - DAY / 2)
    found = deck(cards, store, NOW)
    assert found.due == [("07", "long"), ("07", "short")]
    assert found.now == [*found.due, ("07", "new")]
    [(date, waiting)] = found.later
    assert waiting == ("07", "resting")
    assert date > NOW


def test_a_card_is_due_at_its_minute_and_not_before(store):
    learn(store, CARD)
    date = due_dates(store)[CARD]
    assert deck([CARD], store, date - timedelta(seconds=1)).due == []
    assert deck([CARD], store, date).due == [CARD]


def test_a_forgotten_card_comes_back_in_minutes_a_known_one_in_days_and_ever_later(store):
    learn(store, CARD)
    first = due_dates(store)[CARD]
    assert DAY < first - NOW < 30 * DAY
    review(store, CARD, 3, first)
    second = due_dates(store)[CARD]
    assert second - first > first - NOW
    review(store, CARD, 1, second)
    assert due_dates(store)[CARD] - second < timedelta(hours=1)


def test_harder_cards_come_back_sooner(store):
    dates = []
    for rating in (1, 2, 3, 4):
        card = ("07", str(rating))
        review(store, card, rating)
        dates.append(due_dates(store)[card])
    assert dates == sorted(set(dates))


def test_the_same_reviews_always_give_the_same_date(store):
    for number in range(6):
        review(store, CARD, 3, NOW + number * 20 * DAY)
    other = Store(None)
    for event in reversed(store.events(Review)):
        # Written down in another order and another time zone, as an import may.
        at = event.at.astimezone(timezone(timedelta(hours=5)))
        other.record(event.model_copy(update={"at": at}))
    assert due_dates(store) == due_dates(other) == due_dates(store)


def test_cards_of_two_lessons_may_have_the_same_id(store):
    learn(store, ("07", "goal"))
    assert deck([("00", "goal"), ("07", "goal")], store, NOW + DAY).new == [("00", "goal")]
    review(store, ("00", "goal"), 1, NOW + DAY)
    dates = due_dates(store)
    assert dates["00", "goal"] - NOW < timedelta(hours=25) < dates["07", "goal"] - NOW


def test_the_schedule_needs_no_torch():
    code = "import sys, coursekit.learn.progress.schedule\n"
    code += "print({'torch', 'numpy', 'pandas'} & set(sys.modules))"
    run = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {sys.path!r}; {code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == "set()\n"
