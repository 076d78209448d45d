"""The start page: what to do now, what is due, and the map, before and after something was done."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import nbformat
import pytest

from coursekit.desk import start_page
from coursekit.desk.contents import Contents
from coursekit.desk.start_page import Progress, Standing, map_text, now_text, progress_in
from coursekit.learn.lessons import Lesson, lessons
from coursekit.learn.progress.store import FILE, Attempt, Guess, Review, Store, Visit
from tests.coursekit.exercises.test_exercises import visible_test

SEVEN = "07_unstructured_pruning"
NOW = datetime.now(UTC)
FEW = (
    Lesson("00", "00_pipeline", "The pipeline", "The idea", (), 55),
    Lesson("01", "", "What does it cost?", "The idea", ("00",), 0),
    Lesson("02", "02_numbers", "Numbers", "Fewer bits", ("00", "01"), 65),
)


def progress(**options: object) -> Progress:
    return Progress({}, **options)  # type: ignore[arg-type]


def test_who_has_not_begun_begins_with_the_first_lesson_or_the_entry_check() -> None:
    text = now_text(FEW, start_page.NOTHING)
    assert text.startswith("## Begin: [00 · The pipeline](00_pipeline.ipynb)")
    assert "[entry check](primers.ipynb)" in text
    assert "due" not in text


def test_who_has_begun_continues_where_they_were() -> None:
    found = Progress(
        {"02_numbers": Standing(True, 3, 8)}, "02_numbers", "#cell-id=part-3", "part 3"
    )
    text = now_text(FEW, found)
    assert text.startswith("## Continue: [02 · Numbers, part 3](02_numbers.ipynb#cell-id=part-3)")
    assert "[exercise 02](../exercises/02_numbers/02_numbers.ipynb): 3 of 8 items pass." in text


def test_after_a_lesson_is_done_the_next_is_offered_until_all_are() -> None:
    done = Standing(True, 2, 2)
    text = now_text(FEW, Progress({"00_pipeline": done}, "00_pipeline"))
    assert text.startswith("## Continue: [02 · Numbers](02_numbers.ipynb)")
    assert "Lesson 00 is done" in text
    both = {"00_pipeline": done, "02_numbers": done}
    assert now_text(FEW, Progress(both, "02_numbers")).startswith("## All lessons are done")
    # What was passed over comes before “all”.
    text = now_text(FEW, Progress({"02_numbers": done}, "02_numbers"))
    assert text.startswith("## Continue: [00 · The pipeline]")


@pytest.mark.parametrize(
    ("due", "again", "words"),
    [
        (12, 0, "**[12 cards are due](review.ipynb)**"),
        (1, 0, "**[1 card is due](review.ipynb)**"),
        (0, 3, "**[3 questions are to be tried again](review.ipynb)**"),
        (1, 1, "**[1 card is due and 1 question is to be tried again](review.ipynb)**"),
        (0, 0, "Nothing is due. [Review](review.ipynb)"),
    ],
)
def test_what_is_due_is_one_link(due: int, again: int, words: str) -> None:
    assert words in now_text(FEW, progress(last="00_pipeline", due=due, again=again))


def test_the_map_says_needs_minutes_and_how_far_one_is() -> None:
    rows = map_text(FEW, Progress({"02_numbers": Standing(True, 1, 8)})).splitlines()
    [first] = [row for row in rows if row.startswith("| [00")]
    [second] = [row for row in rows if row.startswith("| 01")]
    [third] = [row for row in rows if row.startswith("| [02")]
    assert first.endswith("| – | 55 | new |")
    assert second == "| 01 · What does it cost? | 00 | | *to come* |"
    assert third.endswith("| 00, 01 | 65 | begun, 1 of 8 items |")
    done = map_text(FEW, Progress({"00_pipeline": Standing(True, 2, 2)}))
    assert "| 55 | ✓ done |" in done


def test_the_course_has_sixteen_lessons_each_after_what_it_needs() -> None:
    found = lessons()
    assert [lesson.number for lesson in found] == [f"{number:02}" for number in range(16)]
    for place, lesson in enumerate(found):
        assert set(lesson.needs) <= {other.number for other in found[:place]}, lesson.number
        assert lesson.is_there == (lesson.minutes > 0)
    # Until all are told again and held to 60.
    assert all(40 <= lesson.minutes <= 115 for lesson in found if lesson.is_there)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """With a lesson of two parts, its exercise, of which one item passes, and a start page."""
    cells = [
        nbformat.v4.new_markdown_cell("## 1 · By hand", id="part-1"),
        nbformat.v4.new_code_cell('guess("How many?")'),
        nbformat.v4.new_markdown_cell("## 2 · The library", id="part-2"),
        nbformat.v4.new_code_cell('guess("How much?", unit="s")'),
    ]
    (tmp_path / "notebooks").mkdir()
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "notebooks" / f"{SEVEN}.ipynb")
    start = [
        nbformat.v4.new_markdown_cell("as built", id=name)
        for name in (start_page.NOW, start_page.MAP)
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=start), tmp_path / "notebooks" / "start.ipynb")
    exercise = tmp_path / "exercises" / SEVEN / f"{SEVEN}.ipynb"
    exercise.parent.mkdir(parents=True)
    tests = [visible_test("left", 1), visible_test("mask", None)]
    exercise.write_text(json.dumps({"cells": tests, "metadata": {}, "nbformat": 4}))
    return tmp_path


def test_what_was_done_is_found_in_the_learners_folder(workspace: Path) -> None:
    assert progress_in(workspace).last == ""
    store = Store(workspace / FILE)
    store.record(
        Guess(lesson=SEVEN, question="How many?", guess=1.0, at=NOW - timedelta(hours=2)),
        Guess(lesson=SEVEN, question="How much?", guess=1.0, at=NOW - timedelta(hours=1)),
        Review(lesson=SEVEN, card="a", rating=3, at=NOW - timedelta(days=30)),
        Attempt(
            lesson=SEVEN,
            question="q",
            mode="choice",
            answer=[0],
            right=False,
            at=NOW - timedelta(days=4),
        ),
        # Of no lesson that is there: one can't go on with it.
        Visit(lesson="99_gone", mode="lesson"),
    )
    found = progress_in(workspace)
    assert (found.last, found.place, found.part) == (SEVEN, "#cell-id=part-2", "part 2")
    assert (found.due, found.again) == (1, 1)
    assert found.standings[SEVEN] == Standing(begun=True, passed=1, of=2)
    assert found.trouble == ""


def test_looking_changes_no_file(workspace: Path) -> None:
    progress_in(workspace)
    assert not (workspace / FILE).exists()
    (workspace / FILE).write_text("no database")
    found = progress_in(workspace)
    assert (workspace / FILE).read_text() == "no database"
    assert found.trouble.startswith("What you did so far can't be shown here: ")
    assert "is damaged" in now_text(FEW, found)


def opened(workspace: Path) -> str:
    """The start page as JupyterLab gets it."""
    manager = Contents(root_dir=str(workspace))

    async def no_processes(path: str) -> set[int]:
        return set()

    manager._processes = no_processes  # type: ignore[method-assign]
    model = asyncio.run(manager.get("notebooks/start.ipynb"))
    return "\n".join(cell["source"] for cell in model["content"]["cells"])


def test_the_page_is_brought_up_to_date_whenever_it_is_opened(workspace: Path) -> None:
    assert "## Begin: [00" in opened(workspace)
    Store(workspace / FILE).record(Guess(lesson=SEVEN, question="How much?", guess=1.0))
    page = opened(workspace)
    assert f"## Continue: [07 · Unstructured pruning, part 2]({SEVEN}.ipynb#cell-id=part-2)" in page
    assert "begun, 1 of 2 items" in page
    # The file itself stays as it was.
    assert "as built" in (workspace / "notebooks" / "start.ipynb").read_text(encoding="utf-8")


def test_a_page_that_cannot_be_brought_up_to_date_opens_as_it_was(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(folder: Path) -> Progress:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr("coursekit.desk.contents.progress_in", fails)
    assert opened(workspace) == "as built\nas built"
