import json
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest

from coursekit.learn.progress.store import (
    MODES,
    Attempt,
    Guess,
    Pattern,
    Response,
    Review,
    Store,
    Visit,
)
from coursekit.learn.progress.summary import Tally, summary
from tests.coursekit.exercises.test_exercises import ERROR, visible_test

LESSON = "07_unstructured_pruning"
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.fixture
def store():
    return Store(None)


@pytest.fixture
def course(tmp_path):
    for name in ("00_pipeline", LESSON):
        (tmp_path / "exercises" / name).mkdir(parents=True)
        (tmp_path / "notebooks").mkdir(exist_ok=True)
        (tmp_path / "notebooks" / f"{name}.ipynb").write_text("{}")
    (tmp_path / "notebooks" / "start.ipynb").write_text("{}")
    return tmp_path


def attempt(question, right, mode="choice", minute=0):
    at = NOW + timedelta(minutes=minute)
    return Attempt(lesson=LESSON, question=question, mode=mode, answer=1, right=right, at=at)


def pattern(topic, right, minute=0):
    at = NOW + timedelta(minutes=minute)
    return Pattern(
        lesson=LESSON, topic=topic, right=right, of=10, seconds=90, strong=right > 7, at=at
    )


def of_lesson(store, course, **options):
    found = {lesson.lesson: lesson for lesson in summary(store, course, **options).lessons}
    return found[LESSON]


def test_lessons_come_from_the_course_and_from_what_was_kept(store, course):
    store.record(Visit(lesson="03_range", mode="lesson"))
    names = [lesson.lesson for lesson in summary(store, course, {"11_tflite": {}}).lessons]
    assert names == ["00_pipeline", "03_range", LESSON, "11_tflite"]


def test_a_lesson_not_begun_has_all_nine_modes_with_nothing_in_them(store, course):
    lesson = of_lesson(store, course, totals={LESSON: {"choice": 7}})
    assert tuple(lesson.modes) == MODES
    assert len(MODES) == 9
    assert lesson.modes["choice"] == Tally(done=0, right=None, of=7)
    assert lesson.modes["cards"] == Tally()


def test_a_question_counts_once_as_it_was_answered_last(store, course):
    store.record(
        attempt("a", False), attempt("a", True, minute=1), attempt("b", True), attempt("c", None)
    )
    store.record(attempt("b", False, minute=2), attempt("a", False, "practice", 3))
    modes = of_lesson(store, course, totals={LESSON: {"choice": 5}}).modes
    assert modes["choice"] == Tally(done=3, right=1, of=5)
    assert modes["practice"] == Tally(done=1, right=0)


def test_a_free_text_is_right_with_all_its_concepts(store, course):
    for question, found in (("a", ("x", "y")), ("b", ("x",))):
        store.record(Response(lesson=LESSON, question=question, text="", found=found, of=2))
    assert of_lesson(store, course).modes["free"] == Tally(done=2, right=1)


def test_the_newest_test_of_a_pattern_says_how_strong_it_is(store, course):
    store.record(pattern("ties", 9), pattern("csr", 3), pattern("ties", 6, minute=5))
    store.record(attempt("one of ten", True, "pattern"))
    lesson = of_lesson(store, course)
    assert [(p.topic, p.right, p.strong) for p in lesson.patterns] == [
        ("ties", 6, False),
        ("csr", 3, False),
    ]
    assert lesson.modes["pattern"] == Tally(done=2, right=0)


def test_cards_are_counted_with_those_due(store, course):
    for card, rating in (("a", 4), ("b", 1), ("c", 3)):
        store.record(Review(lesson=LESSON, card=card, rating=rating, at=NOW))
    later = NOW + timedelta(minutes=5)
    lesson = of_lesson(store, course, now=later)
    assert lesson.modes["cards"] == Tally(done=3, right=2)
    assert lesson.due == 1
    assert summary(store, course, now=NOW + timedelta(days=400)).due == 3


def test_lessons_run_and_guesses(store, course):
    for _ in range(2):
        store.record(Visit(lesson=LESSON, mode="lesson"))
        store.record(Guess(lesson=LESSON, question="size", guess=1))
    lesson = of_lesson(store, course)
    assert lesson.modes["lesson"] == Tally(done=2)
    assert lesson.guesses == 1


def test_what_asks_nothing_counts_how_often_it_was_opened(store, course):
    for mode in ("sheet", "trace", "trace"):
        store.record(Visit(lesson=LESSON, mode=mode))
    modes = of_lesson(store, course).modes
    assert (modes["sheet"], modes["trace"]) == (Tally(done=1), Tally(done=2))
    store.record(attempt("shape", True, "trace"))
    assert of_lesson(store, course).modes["trace"] == Tally(done=1, right=1)


def test_the_exercise_is_read_from_its_saved_notebook(store, course):
    cells = [visible_test("a", 1), visible_test("b", 2, [ERROR]), visible_test("c", None)]
    notebook = course / "exercises" / LESSON / f"{LESSON}.ipynb"
    notebook.write_text(json.dumps({"cells": cells}))
    lesson = of_lesson(store, course)
    assert lesson.exercise == {"a": "passed", "b": "failed", "c": "not run"}
    assert lesson.modes["exercise"] == Tally(done=2, right=1, of=3)


def test_it_crosses_to_a_widget_as_json(store, course):
    store.record(pattern("ties", 9), attempt("a", True))
    found = summary(store, course, now=NOW)
    assert type(found).model_validate_json(found.model_dump_json()) == found


class Table(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.rows, self.scopes, self.tags = [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("th", "td"):
            self.rows[-1].append("")
            if tag == "th":
                self.scopes.append(dict(attributes).get("scope"))

    def handle_data(self, data):
        if self.rows:
            self.rows[-1][-1] += data


def test_the_table_says_all_in_words_and_names_its_rows_and_columns(store, course):
    store.record(Visit(lesson=LESSON, mode="lesson"), Guess(lesson=LESSON, question="s", guess=1))
    store.record(attempt("a", True), pattern("ties", 9), pattern("<csr>", 2))
    store.record(Review(lesson=LESSON, card="a", rating=1, at=NOW - timedelta(days=1)))
    found = summary(store, course, {LESSON: {"choice": 4, "free": 2}}, NOW)
    table = Table(found._repr_html_())
    assert table.tags[:2] == ["table", "caption"]
    assert table.scopes == ["col"] * 10 + ["row"] * 2
    assert {len(row) for row in table.rows} == {10}
    assert set(table.tags) == {"table", "caption", "thead", "tbody", "tr", "th", "td"}
    cells = dict(zip(table.rows[0], table.rows[-1], strict=True))
    assert cells == {
        "Lesson": "07 · Unstructured pruning",
        "Runs": "1 time, 1 guess",
        "Cheat sheet": "–",
        "Cards": "1 seen, 1 due",
        "Quiz": "1 of 4, 1 right",
        "In your own words": "none of 2",
        "Practice": "–",
        "Pattern test": "ties strong, <csr> not yet",
        "Traces": "–",
        "Exercise": "–",
    }
    assert "1 card due" in found._repr_html_()


def test_as_text_it_names_only_what_was_begun(store, course):
    store.record(attempt("a", False))
    assert repr(summary(store, course)).splitlines()[1:] == [
        "00 · The pipeline, end to end",
        "07 · Unstructured pruning",
        "  Quiz: 1, 0 right",
    ]
