"""What a learner is told of an exercise that was saved, item by item."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import nbformat
import pytest
from nbgrader.utils import compute_checksum

from coursekit.exercises import check as check_
from coursekit.exercises.check import Checked, check
from coursekit.exercises.items import (
    Exercise,
    ExerciseError,
    checksum,
    is_as_released,
    is_changed,
    learners_exercise,
)
from tests.conftest import ROOT
from tests.coursekit.exercises.small_exercise import RIGHT, cell, released, save, write



@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "exercises" / "01_small" / "01_small.ipynb"


def told(checked: Checked) -> dict[str, str]:
    return {item.title: f"{item.state}: {item.text}" for item in checked.items}


def test_a_blank_exercise_is_not_done_yet(path: Path) -> None:
    checked = check(save(path))
    assert checked.lines == [
        "○ 1 · Twice? – not done yet.",
        "○ 2 · Half – not done yet.",
        "○ 3 · Why – not done yet.",
        "0 of 3 pass what you can see, 3 to do. 4 more checks are kept for hand-in.",
    ]
    assert not checked.is_complete


def test_what_is_right_passes_and_it_says_how_much_is_left(path: Path) -> None:
    checked = check(save(path, RIGHT))
    assert checked.lines == [
        "✓ 1 · Twice? – passes what you can see; 3 more checks at hand-in.",
        "✓ 2 · Half – passes what you can see; 1 more check at hand-in.",
        "✓ 3 · Why – written. Somebody has to read it.",
        "2 of 3 pass what you can see, 1 written for somebody to read. 4 more checks are kept for "
        "hand-in.",
    ]
    assert checked.is_complete


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("def double(x)\n    return x", "SyntaxError in line 1: expected ':'."),
        ("def double(x):\nreturn x", "IndentationError in line 2: "),
        ("import os\nos._exit(1)", "your code ended Python."),
        ("def double(x):\n    import os\n    os._exit(1)", "your code ended Python when a test"),
        ("while True:\n    pass", "took longer than 2 s: is there a loop without an end?"),
        ("def double(x):\n    while True: pass", "a test took longer than 2 s"),
        (
            "def double(x):\n    y = 1\n    return y / 0",
            "ZeroDivisionError in line 3 of your answer",
        ),
        ("oops()", "NameError in line 1: name 'oops' is not defined."),
        ("def twice(x): return x", "NameError: name 'double' is not defined."),
        ("def double(x): return x ** 2", "TypeError in line 1 of your answer: "),
        ("def double(x): return 5", "two times two is four"),
        ("def double(x): return 2 * int(x)", "ValueError in line 1 of your answer"),
        ("double = 1\nraise NotImplementedError()", "`raise NotImplementedError()` still stands"),
    ],
)
def test_what_is_wrong_is_named_and_the_others_stand(path: Path, answer: str, text: str) -> None:
    checked = check(save(path, RIGHT | {"double": answer}), seconds=2)
    first, second, _ = checked.items
    assert (first.state, first.text[: len(text)]) == ("wrong", text)
    assert second.state == "passes"
    assert checked.notes == ()


def test_a_loop_that_does_not_stop_is_ended(path: Path) -> None:
    answer = "while True:\n    try:\n        while True: pass\n    except BaseException: pass"
    begun = time.monotonic()
    first, second, _ = check(save(path, RIGHT | {"double": answer}), seconds=1).items
    assert first.text.startswith("took longer than 1 s")
    assert second.state == "passes"
    assert time.monotonic() - begun < 40


def test_a_test_that_is_gone_or_changed_is_named(path: Path) -> None:
    checked = check(save(path, {**RIGHT, "half-test-1": "pass"}, gone=("double-test-2",)))
    again = "copy it from a fresh copy of the exercise."
    assert told(checked) == {
        "1 · Twice?": f"wrong: the test cell double-test-2 is gone: {again}",
        "2 · Half": f"wrong: the test cell half-test-1 was changed: {again}",
        "3 · Why": "written: written. Somebody has to read it.",
    }


def test_an_answer_cell_that_is_gone_is_named(path: Path) -> None:
    assert "its answer cell is gone" in check(save(path, gone=("half",))).items[1].text


def test_a_cell_of_ones_own_that_fails_is_named(path: Path) -> None:
    save(path, RIGHT)
    notebook = json.loads(path.read_text())
    own = cell("", "# mine\nlist(missing)")
    own["metadata"] = {}
    checked = check(write(path, [own, *notebook["cells"]]))
    assert [item.state for item in checked.items] == ["passes", "passes", "written"]
    [note] = checked.notes
    assert note == (
        "A cell of yours that begins with “# mine”: NameError in line 2: name 'missing' is not "
        "defined."
    )
    assert not checked.is_complete


def test_nothing_of_a_check_is_kept_as_progress(path: Path) -> None:
    answer = (
        "from coursekit.learn.progress.store import default_store\n"
        "def half(x):\n    return x / 2 if default_store().path is None else 0"
    )
    assert check(save(path, {"half": answer})).items[1].state == "passes"
    assert [p.name for p in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"cells": 1}',
        '{"cells": [], "metadata": {}}',
        '{"cells": [{"source": 3}], "metadata": {}}',
        '{"cells": [{"source": "\\ud800"}], "metadata": {}}',
        '{"cells": [{"source": "", "metadata": {"nbgrader": {"checksum": "", "grade": true, '
        '"points": "many"}}}], "metadata": {}}',
    ],
)
def test_what_is_no_exercise_is_said_in_a_sentence(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True)
    path.write_text(text)
    with pytest.raises(ExerciseError, match=r"is damaged|is no exercise"):
        check(path)


def test_a_file_that_is_being_saved_is_waited_for(path: Path) -> None:
    whole = save(path).read_text()
    path.write_text("")
    saving = threading.Timer(0.3, path.write_text, (whole,))
    saving.start()
    assert [item.state for item in check(path).items] == ["to do"] * 3
    saving.join()


def test_the_command_says_lines_or_json(path: Path) -> None:
    save(path)
    command = [sys.executable, "-m", "coursekit.exercises.check", str(path)]
    run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert (run.returncode, run.stderr) == (1, "")
    assert run.stdout.splitlines()[0] == "○ 1 · Twice? – not done yet."
    run = subprocess.run(
        [*command, "--json"], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert json.loads(run.stdout)["items"][0]["state"] == "to do"


def test_the_command_says_what_there_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert check_.main(["99"]) == 2
    assert capsys.readouterr().out.startswith("There is no exercise 99")


def test_the_learners_own_copy_comes_first(tmp_path: Path) -> None:
    plain = save(tmp_path / "exercises" / "01_small" / "01_small.ipynb")
    assert learners_exercise(tmp_path, "1") == plain
    own = save(tmp_path / "workspace" / "exercises" / "01_small" / "01_small.ipynb")
    save(own.with_name("01_small.kept-20260101-000000.ipynb"))
    assert learners_exercise(tmp_path, "01") == own
    assert learners_exercise(tmp_path, "01_small") == own
    with pytest.raises(ExerciseError, match="no exercise 02"):
        learners_exercise(tmp_path, "02")


@pytest.mark.parametrize("path", sorted(ROOT.glob("exercises/*/*.ipynb")), ids=lambda p: p.stem)
def test_the_checksum_is_nbgraders(path: Path) -> None:
    exercise = Exercise.read(path)
    cells = [c for c in nbformat.read(path, as_version=4).cells if c.metadata.get("nbgrader")]
    assert len(cells) == len(exercise.named) - ("" in exercise.named)
    for one in cells:
        assert checksum(one) == compute_checksum(one)
        assert is_as_released(one)


def test_every_exercise_tells_its_items() -> None:
    for path in ROOT.glob("exercises/*/*.ipynb"):
        exercise = Exercise.read(path)
        numbers = [item.title.split(" · ")[0] for item in exercise.items]
        assert numbers == [str(number) for number in range(1, len(numbers) + 1)]
        assert all(item.hidden for item in exercise.items if not item.is_text)
        assert all(name in exercise.named for item in exercise.items for name in item.tests)


def test_a_solution_which_nobody_released_was_not_changed() -> None:
    [test] = [one for one in released() if one["id"] == "half-test-1"]
    test["source"] += "\n"
    assert is_changed(test)
    del test["metadata"]["nbgrader"]["checksum"]
    assert not is_changed(test)
