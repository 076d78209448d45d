from collections.abc import Iterator
from dataclasses import replace

import pytest

from authoring.check.answers import faults, verdicts
from authoring.source.sources import Lesson
from grader import Engine
from grader.host.engine.settings import EngineSettings
from tests.authoring.test_exercise import change, line_of


@pytest.fixture(scope="module")
def engine(bubblewrap: str) -> Iterator[Engine]:
    with Engine(EngineSettings(preload=["IPython"], timeout=10)) as engine:
        yield engine


def failing(lesson: Lesson, engine: Engine) -> list[str]:
    return [verdict.answer for verdict in verdicts(lesson, engine) if not verdict.holds]


def test_a_sound_bank_holds(lesson: Lesson, engine: Engine) -> None:
    assert [verdict.answer for verdict in verdicts(lesson, engine)] == [
        "reference",
        "untouched",
        "a loop",
        "by filter",
        "counts all",
        "counts zeros",
        "stops at the first",
    ]
    assert failing(lesson, engine) == []
    assert list(faults(lesson, engine)) == []


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
    lesson: Lesson,
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    file: str,
    old: str,
    new: str,
    found: list[str] | None,
) -> None:
    change(lesson.folder / file, old, new)
    if found is None:
        monkeypatch.setattr(engine, "settings", replace(engine.settings, timeout=1))
        # Nothing can be judged by the contract of a solution that does not end.
        found = ["reference", "a loop", "by filter", "counts all", "counts zeros"]
        found.append("stops at the first")
    assert failing(lesson, engine) == found


def test_a_given_value_that_the_solution_changes_is_found(lesson: Lesson, engine: Engine) -> None:
    path = lesson.folder / "exercise.py"
    change(path, "def count(values):", "numbers.append(3)\n\ndef count(values):")
    change(path, 'count(numbers) == 2, "two', 'count(numbers) == 3, "two')
    (fault,) = faults(lesson, engine)
    line = line_of(path, '# %% test="count" points=1')
    assert str(fault) == (
        f"{path}:{line}: the test of “count” reads numbers, which the reference solution changes: "
        "declare it in answers=, or leave it as it was given"
    )
    change(path, 'answers=["count"]', 'answers=["count", "numbers"]')
    assert list(faults(lesson, engine)) == []


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        (
            "assert count([]) == 0",
            "import inspect; assert 'def' in inspect.getsource(count)",
            "can't be judged apart from the code: apart from the code it ends with TypeError",
        ),
        (
            "assert count([]) == 0",
            "assert count([]) == 1",
            "is broken: it gives no points to the teacher's own solution",
        ),
    ],
)
def test_a_test_that_only_holds_beside_the_code_or_not_at_all_is_found(
    lesson: Lesson, engine: Engine, old: str, new: str, found: str
) -> None:
    path = lesson.folder / "exercise.py"
    change(path, old, new)
    (fault,) = faults(lesson, engine)
    line = line_of(path, '# %% test="count" points=2')
    assert str(fault).startswith(f"{path}:{line}: the test of “count” {found}")


def test_an_item_is_checked_without_what_is_given_for_another(
    lesson: Lesson, engine: Engine
) -> None:
    new = '# %% given=true of="why"\nnumbers = None\n\n# %% [markdown]\n# ## 2'
    change(lesson.folder / "exercise.py", "# %% [markdown]\n# ## 2", new)
    assert failing(lesson, engine) == []
    change(lesson.folder / "exercise.py", ' of="why"', "")
    late = "# %% [markdown]\n# ## 1"
    change(lesson.folder / "exercise.py", late, f"# %% given=true\nnumbers = None\n\n{late}")
    assert "reference" in failing(lesson, engine)
