"""What calls a learner back: one deck, an undo, stars, what was wrong again, and Anki."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from coursekit.learn import anki
from coursekit.learn.progress.retry import DAYS, due_again
from coursekit.learn.progress.schedule import intervals
from coursekit.learn.progress.store import Attempt, Review, Star, Store
from coursekit.learn.questions.find import bank_names, bank_of
from coursekit.learn.questions.schema import Bank, Card, Choice, Practice
from coursekit.learn.widgets import again, cards, entry_check
from coursekit.learn.widgets.modes.cards import DueCards, Flashcards, span
from coursekit.learn.widgets.modes.practice import WorkedPractice
from coursekit.learn.widgets.modes.quiz import Quiz, order_of
from coursekit.learn.widgets.modes.try_again import TryAgain
from coursekit.learn.widgets.panel import Still, View
from coursekit.learn.widgets.picking import AGAIN, ALL, OPEN, STARRED

BANKS = [bank_of(name) for name in bank_names()]
SEVEN = bank_of("07")
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def store() -> Store:
    return Store(None)


def labels(view: View) -> dict[str, str]:
    """The buttons, by key."""
    return {
        button["key"]: button["label"]
        for part in view.parts
        if part["kind"] == "buttons"
        for button in part["buttons"]
    }


def text_of(view: View) -> str:
    return " ".join(part.get("html", "") for part in view.parts)


def part(view: View, key: str) -> dict:
    return next(part for part in view.parts if part.get("key") == key)


def turned(bank: Bank, number: int, at: datetime, rating: int = 3) -> Review:
    """That a card was turned at some time."""
    card = bank.of(Card)[number]
    return Review(lesson=bank.name, card=card.id, rating=rating, at=at)  # type: ignore[arg-type]


def answered(question: Choice | Practice, right: bool, at: datetime, lesson: str) -> Attempt:
    mode = "choice" if isinstance(question, Choice) else "practice"
    return Attempt(lesson=lesson, question=question.id, mode=mode, answer=[0], right=right, at=at)


def numbers_of(question: Choice, *, right: bool) -> list[int]:
    """The options to choose, as they are shown."""
    order = order_of(question.id, question.options)
    chosen = [n for n, place in enumerate(order) if question.options[place].right is right]
    return chosen if right else chosen[:1]


# Cards.


def test_one_deck_holds_what_is_due_of_all_lessons_and_nothing_new(store: Store) -> None:
    clock = Clock()
    first, other = BANKS[0], SEVEN
    store.record(turned(other, 0, NOW - timedelta(days=30)), turned(first, 2, NOW))
    store.record(turned(first, 1, NOW - timedelta(days=20)))
    deck = DueCards(BANKS, store, clock)
    fronts = [other.of(Card)[0], first.of(Card)[1]]
    assert [deck._cards[key] for key in deck._round] == fronts
    for _ in fronts:
        deck.act("turn", {})
        deck.act("rate3", {})
    assert "Done: 2 cards." in text_of(deck.view())
    # Each review is kept under its own lesson.
    assert {review.lesson for review in store.events(Review)} == {first.name, other.name}
    assert DueCards(BANKS, store, clock)._round == []


def test_a_round_of_the_deck_can_be_finished(store: Store) -> None:
    old = NOW - timedelta(days=60)
    store.record(*(turned(bank, n, old) for bank in BANKS[:3] for n in range(10)))
    deck = DueCards(BANKS, store, Clock())
    assert len(deck._round) == DueCards.ROUND == 20
    for _ in range(20):
        deck.act("turn", {})
        deck.act("rate4", {})
    assert labels(deck.view())["more"] == "Go on: 10 more"
    deck.act("more", {})
    assert len(deck._round) == 10


def test_who_turned_no_card_is_told_where_they_are(store: Store) -> None:
    view = cards(store=store)._exchange.mode.view()
    assert "Turn cards in a lesson first" in text_of(view)
    assert "again" not in labels(view)


def test_each_rating_says_when_the_card_comes_back(store: Store) -> None:
    clock = Clock()
    mode = Flashcards(SEVEN, store, clock)
    mode.act("turn", {})
    told = labels(mode.view())
    waits = intervals(mode._round[0], store, NOW)
    assert told["rate1"] == "1 Forgotten · this round"
    assert [told[f"rate{n}"] for n in (2, 3, 4)] == [
        f"{n} {word} · {span(waits[n])}" for n, word in ((2, "Hard"), (3, "Known"), (4, "Easy"))
    ]
    assert waits[1] < waits[2] < waits[3] < waits[4]
    # It is no promise only: that is when the card is due.
    key = mode._round[0]
    mode.act("rate4", {})
    [review] = store.events(Review)
    later = Flashcards(SEVEN, store, lambda: review.at + waits[4] - timedelta(minutes=1))
    assert key not in later._round
    assert key in Flashcards(SEVEN, store, lambda: review.at + waits[4])._round


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (timedelta(seconds=10), "1 min"),
        (timedelta(minutes=10), "10 min"),
        (timedelta(hours=5), "5 h"),
        (timedelta(days=1), "1 day"),
        (timedelta(days=9), "9 days"),
        (timedelta(days=90), "3 months"),
        (timedelta(days=1000), "3 years"),
    ],
)
def test_spans_are_said_in_the_largest_unit_that_fits(time: timedelta, text: str) -> None:
    assert span(time) == text


@pytest.mark.parametrize("rating", [1, 3])
def test_a_rating_is_taken_back_as_if_it_never_was(store: Store, rating: int) -> None:
    mode = Flashcards(SEVEN, store)
    before = list(mode._round)
    assert "undo" not in labels(mode.view())
    mode.act("turn", {})
    mode.act(f"rate{rating}", {})
    assert labels(mode.view())["undo"] == "Undo"
    about = mode.view().about
    mode.act("undo", {})
    view = mode.view()
    assert mode._round == before
    assert (view.focus, view.about != about) == ("answer", True)
    assert view.say.startswith("Taken back: ")
    assert store.events(Review) == []
    assert "undo" not in labels(view)
    # For another kernel, too: the card is new again.
    assert Flashcards(SEVEN, store)._round == before
    mode.act("rate4", {})
    assert [review.rating for review in store.events(Review)] == [4]


def test_what_was_undone_stays_undone_in_the_file_and_in_an_export(tmp_path: Path) -> None:
    store = Store(tmp_path / "progress.sqlite")
    mode = Flashcards(SEVEN, store)
    for key in ("turn", "rate2", "undo"):
        mode.act(key, {})
    assert store.events(Review) == []
    store.export(tmp_path / "out.json")
    other = Store(tmp_path / "other.sqlite")
    other.import_(tmp_path / "out.json")
    assert other.events(Review) == []


# Quiz and practice: go to a question, star it, only some.


@pytest.mark.parametrize("kind", [Quiz, WorkedPractice])
def test_a_question_is_gone_to_and_told(store: Store, kind: type) -> None:
    mode = kind(SEVEN, store)
    mode.act("goto", {"goto": 4})
    view = mode.view()
    assert " 5 of " in part(view, "place")["html"]
    assert part(view, "goto")["index"] == 4
    # Focus stays on the list, so what is new is read out.
    assert view.focus == "goto"
    assert view.aloud


@pytest.mark.parametrize("kind", [Quiz, WorkedPractice])
def test_only_starred_questions_are_shown(store: Store, kind: type) -> None:
    mode = kind(SEVEN, store)
    for number in (1, 3):
        mode.act("goto", {"goto": number})
        mode.act("star", {})
    assert mode.view().say == "It has a star now."
    assert part(mode.view(), "goto")["options"][3] == "4: not answered, starred"
    again = kind(SEVEN, store)
    again.act("only", {"only": STARRED})
    assert again.view().say == "Shown now: only starred ones, 2."
    seen = []
    for _ in range(3):
        seen.append(again._pick.at)
        again.act("next", {})
    # It goes on where the other one was.
    assert seen == [3, 1, 3]
    again.act("star", {})
    assert [star.on for star in store.events(Star)] == [True, True, False]


def test_where_none_is_to_be_shown_that_is_said_and_nothing_changes(store: Store) -> None:
    mode = Quiz(SEVEN, store)
    mode.act("only", {"only": STARRED})
    assert mode.view().say == "None has a star."
    assert part(mode.view(), "only")["index"] == ALL


def test_only_what_is_not_right_yet(store: Store) -> None:
    questions = [question for question in SEVEN.of(Choice) if not question.primer]
    for number, question in enumerate(questions):
        store.record(answered(question, number > 1, NOW, SEVEN.name))
    mode = Quiz(SEVEN, store)
    for number, question in enumerate(questions):
        mode.act("goto", {"goto": number})
        mode.act("check", {"answer": numbers_of(question, right=number > 1)})
    mode.act("only", {"only": OPEN})
    assert mode.view().say == "Shown now: only those not right yet, 2."
    assert part(mode.view(), "goto")["options"] == ["1: wrong", "2: wrong"]


# What was wrong, again.


def test_what_was_wrong_comes_days_later_until_it_is_right_then(store: Store) -> None:
    question = SEVEN.of(Choice)[0]

    def due(at: datetime) -> bool:
        return due_again(store, now=at) == [(SEVEN.name, question.id)]

    store.record(answered(question, False, NOW, SEVEN.name))
    assert not due(NOW + DAYS - timedelta(minutes=1))
    assert due(NOW + DAYS)
    # Right at once, with the reason on the screen, is no proof.
    store.record(answered(question, True, NOW + timedelta(minutes=1), SEVEN.name))
    assert due(NOW + DAYS)
    store.record(answered(question, False, NOW + DAYS, SEVEN.name))
    assert not due(NOW + DAYS + timedelta(days=1))
    assert due(NOW + 2 * DAYS)
    store.record(answered(question, True, NOW + 2 * DAYS, SEVEN.name))
    assert not due(NOW + 10 * DAYS)


def test_what_was_always_right_does_not_come_again(store: Store) -> None:
    store.record(answered(SEVEN.of(Choice)[0], True, NOW, SEVEN.name))
    assert due_again(store, now=NOW + 10 * DAYS) == []


def test_the_quiz_asks_it_as_if_for_the_first_time(store: Store) -> None:
    question = SEVEN.of(Choice)[2]
    old = datetime.now(UTC) - 2 * DAYS
    store.record(answered(question, False, old, SEVEN.name))
    mode = Quiz(SEVEN, store)
    mode.act("goto", {"goto": 2})
    about = mode.view().about
    mode.act("only", {"only": AGAIN})
    assert mode.view().say == "Shown now: wrong some days ago, 1."
    assert part(mode.view(), "answer")["chosen"] == []
    assert mode.view().about != about


def test_one_round_over_all_lessons_and_its_end(store: Store) -> None:
    choice = next(question for question in BANKS[0].of(Choice) if not question.primer)
    problem = next(problem for problem in SEVEN.of(Practice) if problem.fresh)
    old = NOW - 2 * DAYS
    store.record(answered(choice, False, old, BANKS[0].name))
    store.record(
        Attempt(
            lesson=SEVEN.name,
            question=problem.id,
            mode="practice",
            answer="1",
            right=False,
            at=old + timedelta(minutes=1),
        )
    )
    mode = TryAgain(BANKS, store, Clock())
    assert "question 1 of 2" in part(mode.view(), "place")["html"]
    mode.act("next", {})
    assert "question 1 of 2" in part(mode.view(), "place")["html"], "nothing was answered"
    mode.act("check", {"answer": numbers_of(choice, right=True)})
    assert mode.view().focus == "next"
    mode.act("next", {})
    # With other numbers than last time.
    solving = mode._asking
    assert solving.problem.prompt != problem.prompt  # type: ignore[union-attr]
    mode.act("check", {"answer": "0.12345"})
    assert mode.view().say.startswith("✗ Incorrect")
    mode.act("next", {})
    view = mode.view()
    assert "1 of 2 right now.</strong> The others come again in 3 days." in text_of(view)
    assert view.focus == "end"


def test_nothing_to_try_again_is_said(store: Store) -> None:
    assert "Nothing is to be tried again" in text_of(again(store)._exchange.mode.view())


# The entry check.


def test_the_entry_check_ends_in_a_verdict(store: Store) -> None:
    mode = entry_check(store)._exchange.mode
    questions = [question for question in bank_of("general").of(Choice) if question.primer]
    missed = questions[3]
    for number, question in enumerate(questions):
        assert f"The verdict comes after {len(questions) - number} more." in text_of(mode.view())
        mode.act("check", {"answer": numbers_of(question, right=question is not missed)})
        if number < len(questions) - 1:
            mode.act("next", {})
    view = mode.view()
    assert "Read this primer first." in part(view, "verdict")["html"]
    assert "9 of 10 right at the first try." in part(view, "verdict")["html"]
    assert part(view, "verdict")["html"].count("primers.ipynb#") == 1
    assert view.aloud.startswith("The verdict is below: Read this primer first.")
    # The first answer counts: by the second, the reasons have been read.
    mode.act("goto", {"goto": 3})
    mode.act("check", {"answer": numbers_of(missed, right=True)})
    assert "9 of 10" in part(mode.view(), "verdict")["html"]
    assert "9 of 10" in part(entry_check(store)._exchange.mode.view(), "verdict")["html"]


def test_who_knows_everything_is_sent_to_the_first_lesson(store: Store) -> None:
    mode = entry_check(store)._exchange.mode
    for question in [one for one in bank_of("general").of(Choice) if one.primer]:
        mode.act("check", {"answer": numbers_of(question, right=True)})
        mode.act("next", {})
    verdict = part(mode.view(), "verdict")["html"]
    assert "You need no primer." in verdict
    assert "00_pipeline.ipynb" in verdict


# Anki.


def test_the_file_for_anki_has_its_head_and_a_line_for_each_card(store: Store) -> None:
    deck = DueCards(BANKS, store)
    assert deck.view().download is None
    deck.act("anki", {})
    view = deck.view()
    assert view.download is not None
    name, text = view.download
    lines = text.splitlines()
    head = [line for line in lines if line.startswith("#")]
    assert head == list(anki.HEAD)
    # As Anki reads it: by tabs, with quotes of CSV.
    rows = list(csv.reader(lines[len(head) :], delimiter="\t"))
    every = [card for bank in BANKS for card in bank.of(Card)]
    assert len(rows) == len(every) >= 10 * len(BANKS)
    assert all(len(row) == 4 for row in rows)
    assert len({row[0] for row in rows}) == len(rows)
    assert (view.say, view.focus) == (
        f"The {len(every)} cards of all lessons go to {name}, in your downloads. "
        "In Anki: File → Import.",
        "anki",
    )
    # It is sent once, to who asked.
    deck.act("turn", {})
    assert deck.view().download is None


def test_maths_and_code_are_as_anki_shows_them() -> None:
    text = anki.to_anki("Is $a < b$ in `x`?\n\n```python\na\tb\nc\n```\n\n$$x^2$$")
    assert r"\(a &lt; b\)" in text
    assert r"\[x^2\]" in text
    assert "<code>x</code>" in text
    assert "a b<br>c" in text
    assert "\n" not in text
    assert "\t" not in text


def test_what_comes_back_says_what_it_is_in_a_saved_notebook(store: Store) -> None:
    for mode in (DueCards(BANKS, store), TryAgain(BANKS, store)):
        shown: Still = mode.still()
        assert "Run this cell" in shown["text/html"]
        assert "<details>" not in shown["text/html"]
