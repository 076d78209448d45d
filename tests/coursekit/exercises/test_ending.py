"""The widget at the end of an exercise: what is to do, checking, marking, handing in."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from coursekit.exercises.ending import Ending
from coursekit.exercises.items import ExerciseError
from coursekit.exercises.outcome import Outcome
from coursekit.exercises import ending as ending_
from coursekit.learn.widgets.panel import View
from tests.coursekit.exercises.small_exercise import RIGHT, TESTS, save

NAME = "01_small"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return save(tmp_path / "exercises" / NAME / f"{NAME}.ipynb")


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A full copy of the course around it."""
    for folder in ("grader", "authoring"):
        (tmp_path / folder).mkdir()
    marked = "### BEGIN SOLUTION\nThe model **answer**.\n### END SOLUTION"
    save(tmp_path / "solutions" / NAME / f"{NAME}.ipynb", {**RIGHT, "why": marked})
    return tmp_path


def text_of(view: View) -> str:
    return json.dumps([part.get("html", "") for part in view.parts], ensure_ascii=False)


def keys(view: View) -> list[str]:
    shown = [part["buttons"] for part in view.parts if part["kind"] == "buttons"]
    return [button["key"] for buttons in shown for button in buttons]


def press(mode: Ending, key: str) -> View:
    """Presses a button, and waits for what comes of it."""
    done = threading.Event()
    mode.on_change = done.set
    mode.act(key, {})
    assert done.wait(60)
    return mode.view()


def test_it_says_what_is_still_to_do(path: Path) -> None:
    fine, failed = Outcome("fine"), Outcome("failed", "half of four is two")
    outcomes = {TESTS["double-test-1"]: fine, TESTS["half-test-1"]: failed}
    text = text_of(Ending(path, outcomes).view())
    assert "○ 1 · Twice? – not done yet." in text
    assert "✗ 2 · Half – half of four is two" in text
    assert "○ 3 · Why – not done yet, or not saved." in text
    outcomes |= {TESTS["double-test-2"]: fine, TESTS["half-test-1"]: fine}
    save(path, RIGHT)
    text = text_of(Ending(path, outcomes).view())
    assert "✓ 1 · Twice? – passes what you can see." in text
    assert "✓ 3 · Why – written." in text


def test_a_learners_copy_is_checked_and_says_how_to_hand_in(path: Path) -> None:
    save(path, RIGHT)
    mode = Ending(path, {})
    assert keys(mode.view()) == ["check"]
    assert "To hand in:" in text_of(mode.view())
    view = press(mode, "check")
    assert "✓ 1 · Twice? – passes what you can see; 3 more checks at hand-in." in text_of(view)
    assert view.say.startswith("What you saved at ")
    # Only the buttons that are there can be pressed.
    mode.act("mark", {})
    assert not mode.view().say.startswith("Marking")


def test_a_full_copy_marks_and_shows_the_feedback(
    course: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    page = course / "page.html"
    page.write_text('<p class="a">Well done</p>')

    def told(*arguments: Any) -> dict[str, Any]:
        asked.append(arguments)
        return {"lines": ["✓ 1 · Twice? – 3 of 3."], "page": str(page)}

    monkeypatch.setattr(ending_, "_told", told)
    mode = Ending(path, {})
    assert keys(mode.view()) == ["check", "mark"]
    view = press(mode, "mark")
    assert asked == [("authoring.mark", [NAME, "--notebook", str(path)], course)]
    assert "✓ 1 · Twice? – 3 of 3." in text_of(view)
    assert '<iframe title=\\"Feedback\\" sandbox=\\"\\"' in text_of(view)
    assert "&lt;p class=&quot;a&quot;&gt;Well done&lt;/p&gt;" in text_of(view)


def test_while_it_works_nothing_else_begins(
    course: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, count = threading.Event(), []

    def told(*arguments: Any) -> dict[str, Any]:
        count.append(arguments)
        go.wait(60)
        raise ExerciseError("No luck.")

    monkeypatch.setattr(ending_, "_told", told)
    mode = Ending(path, {})
    done = threading.Event()
    mode.on_change = done.set
    mode.act("check", {})
    mode.act("mark", {})
    assert all(b["disabled"] for p in mode.view().parts for b in p.get("buttons", []))
    go.set()
    assert done.wait(60)
    assert len(count) == 1
    assert "No luck." in text_of(mode.view())


def test_the_model_answer_opens_after_ones_own(course: Path, path: Path) -> None:
    mode = Ending(path, {})
    assert "the model answer opens once your own is written and saved" in text_of(mode.view())
    mode.act("model.why", {})
    assert "<strong>answer</strong>" not in text_of(mode.view())
    save(path, {"why": "Mine."})
    mode = Ending(path, {})
    assert keys(mode.view()) == ["check", "mark", "model.why"]
    mode.act("model.why", {})
    assert "The model <strong>answer</strong>" in text_of(mode.view())
    assert "SOLUTION" not in text_of(mode.view())
    mode.act("model.why", {})
    assert "<strong>answer</strong>" not in text_of(mode.view())


def test_where_there_is_no_file_it_says_so() -> None:
    view = Ending(None, {}).view()
    assert keys(view) == []
    assert "Download it" in text_of(view)


def test_a_command_that_fails_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ExerciseError, match="did not work"):
        ending_._told("this", [], tmp_path)
    (tmp_path / "lacking.py").write_text("import surely_not_there")
    with pytest.raises(ExerciseError, match="make mark LESSON=07"):
        ending_._told("lacking", ["07_x"], tmp_path)
    (tmp_path / "saying.py").write_text('print(\'{"error": "No."}\')')
    with pytest.raises(ExerciseError, match="No\\."):
        ending_._told("saying", [], tmp_path)
