from collections.abc import Iterator

import pytest

from authoring.exercise import read_exercise
from authoring.given import changed_given
from authoring.sources import Lesson
from authoring.verify import verdicts
from grader.player import Player
from tests.authoring.test_exercise import change


@pytest.fixture(scope="module")
def player() -> Iterator[Player]:
    with Player(preload=["IPython"], timeout=10) as player:
        yield player


def failing(lesson: Lesson, player: Player) -> list[str]:
    return [verdict.answer for verdict in verdicts(lesson, player) if not verdict.holds]


def test_a_sound_bank_holds(lesson: Lesson, player: Player) -> None:
    assert [verdict.answer for verdict in verdicts(lesson, player)] == [
        "reference",
        "untouched",
        "a loop",
        "by filter",
        "counts all",
        "counts zeros",
        "stops at the first",
    ]
    assert failing(lesson, player) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "found"),
    [
        ("answers.py", "        if value != 0:", "        if value > 9:", ["a loop"]),
        ("answers.py", "keeps=1 ", "", ["stops at the first"]),
        ("answers.py", 'keeps=2 hint="two of', 'keeps=2 hint="three of', ["counts zeros"]),
        (
            "exercise.py",
            "(hidden_secret) == 1",
            "(numbers) == 2",
            ["counts zeros", "stops at the first"],
        ),
        ("exercise.py", "return sum(", "return 1 + sum(", ["reference"]),
        ("exercise.py", "    return sum(value", "    while True: pass\n    return sum(value", None),
    ],
)
def test_a_bank_that_lies_is_found(
    lesson: Lesson, player: Player, file: str, old: str, new: str, found: list[str] | None
) -> None:
    change(lesson.folder / file, old, new)
    if found is None:
        player.timeout = 1
        found = ["reference"]
    assert failing(lesson, player) == found


def test_a_given_value_that_the_solution_changes_is_found(lesson: Lesson, player: Player) -> None:
    path = lesson.folder / "exercise.py"
    assert changed_given(read_exercise(path), player) == set()
    change(path, "def count(values):", "numbers.append(3)\n\ndef count(values):")
    assert changed_given(read_exercise(path), player) == {"numbers"}
    change(path, 'answers=["count"]', 'answers=["count", "numbers"]')
    assert changed_given(read_exercise(path), player) == set()
