"""A learner's way down in byte golf: what is kept, drawn and said of it."""

from __future__ import annotations

import pytest

from coursekit.desk.start_page import Progress, now_text
from coursekit.learn.lessons import lessons
from coursekit.learn.progress import ledger
from coursekit.learn.progress.store import Golf, Store
from coursekit.learn.progress.summary import summary
from coursekit.learn.widgets.modes.progress import Overview

SEVEN = "07_unstructured_pruning"
SHOULD = {"00_pipeline": ledger.Size(738, 373), SEVEN: ledger.Size(210, 370)}


@pytest.fixture
def store(monkeypatch) -> Store:
    monkeypatch.setattr(ledger, "reference", lambda: SHOULD)
    return Store(None)


def passed(store: Store, lesson: str, size: int, right: int = 371) -> None:
    store.record(Golf(lesson=lesson, bytes=size, right=right, of=397))


def test_the_smallest_that_passed_counts_beside_ours(store):
    assert ledger.ledger(store) == []
    for size in (900, 800, 850):
        passed(store, "00_pipeline", size, size // 3)
    passed(store, "99_elsewhere", 10)
    first, second = ledger.ledger(store)
    assert (first.number, first.yours, first.ours.bytes) == ("00", ledger.Size(800, 266), 738)
    assert second == ledger.Step(SEVEN, None, SHOULD[SEVEN])
    assert "down to 800: 39 times smaller" in ledger.sentence([first, second])


def test_it_is_drawn_and_said_once_there_is_one(store, tmp_path):
    def texts():
        return [part.get("html", "") for part in Overview(store, tmp_path).view().parts]

    assert not any("Your network" in text for text in texts())
    assert summary(store, tmp_path).network == ""
    passed(store, SEVEN, 314)
    shown = "\n".join(texts())
    assert "Your network" in shown
    assert 'aria-label="Bytes of one network' in shown
    assert "dense: 31,400; lesson 07: 314." in shown
    assert "<td>314</td><td>371</td><td>210</td><td>370</td>" in shown
    found = summary(store, tmp_path)
    assert "down to 314: 100 times smaller" in found._repr_html_()
    assert "down to 314" in repr(found)


def test_the_start_page_says_how_small_it_is():
    said = "Your network of 31,400 bytes is down to 314: 100 times smaller."
    assert said in now_text(lessons(), Progress({}, network=said))
    assert "network of" not in now_text(lessons(), Progress({}))


def test_ours_goes_down_with_each_lesson():
    sizes = [size.bytes for size in ledger.reference().values()]
    assert list(ledger.reference()) == sorted(ledger.reference())
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) == len(sizes)
