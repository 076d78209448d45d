"""Graded multiple choice, from the question in the bank to points and hints, and nothing leaks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from nbformat import NotebookNode

from authoring import class_export
from authoring.build.build import main as build
from authoring.build.notebook import instructor_notebook
from authoring.build.practice_bank import practice_bank
from authoring.build.release import release_notebooks
from authoring.check import answers
from authoring.check.mutation import mutants
from authoring.check.questions import faults
from authoring.check.sample_class import Desk
from authoring.source.answers import read_bank
from authoring.source.exercise import BEGIN_HIDDEN, END_HIDDEN, instructor_cells, read_exercise
from authoring.source.problems import SourceError
from authoring.source.questions import Source
from authoring.source.sources import Lesson, Sources
from coursekit.learn.questions.schema import Choice
from grader import Engine
from tests.authoring.test_exercise import change, line_of
from tests.conftest import ROOT

Fields = dict[str, Any]
LESSONS = Sources.at(ROOT).lessons()
CELL = '# %% [markdown] item="left-over" choice="graded-one" points=1'
SEVERAL = '# %% [markdown] item="both" choice="graded-several" points=2'

ONE: Fields = {
    "id": "graded-one",
    "kind": "choice",
    "graded": True,
    "topic": "size",
    "level": "beginner",
    "section": "Part 1",
    "prompt": "How many are left of $n$?",
    "options": [
        {"text": "All of them", "why": 'Nobody would count then, "really".'},
        {"text": "Those that stay", "why": "So it is, a tautology.", "right": True},
        {"text": "Next to none", "why": "That depends. Take a pencil,\nand count."},
    ],
}
MANY: Fields = ONE | {
    "id": "graded-several",
    "several": True,
    "prompt": "Which are even?",
    "options": [
        {"text": "2", "why": "Twice a one.", "right": True},
        {"text": "3", "why": "Half of it is no whole number."},
        {"text": "4", "why": "Twice two make it.", "right": True},
        {"text": "5", "why": "Look at its last digit."},
    ],
}
PRACTICE: Fields = ONE | {"id": "free-for-all", "graded": False, "prompt": "How many went?"}


@pytest.fixture
def asking(lesson: Lesson) -> Lesson:
    """The small lesson with two graded choices, of one option and of several."""
    (lesson.folder / "questions.yaml").write_text(
        yaml.safe_dump([ONE, MANY, PRACTICE], sort_keys=False)
    )
    path = lesson.folder / "exercise.py"
    change(path, "numbers = [0, 1, 2]", "from coursekit import explain\n\nnumbers = [0, 1, 2]")
    first, second = f"{CELL}\n# ## 3 · What is left?\n# Think.\n", f"{SEVERAL}\n# ## 4 · Even\n"
    path.write_text(f"{path.read_text()}\n{first}\n{second}")
    return lesson


@pytest.fixture(scope="module")
def engine(bubblewrap: str) -> Iterator[Engine]:
    with answers.engine_for(Sources.at(ROOT)) as engine:
        yield engine


def sources(cells: list[NotebookNode], item: str) -> list[str]:
    return [cell.source for cell in cells if cell.metadata.get("course", {}).get("item") == item]


def test_a_choice_becomes_a_prompt_an_answer_and_a_test(asking: Lesson) -> None:
    exercise = read_exercise(asking)
    assert exercise.items == ["count", "why", "left-over", "both"]
    assert [exercise.points(item) for item in exercise.items] == [3, 2, 1, 2]
    line = line_of(exercise.path, CELL)
    prompt, answer, test = [cell for cell in exercise.cells if cell.source.line == line]
    assert [prompt.role, answer.role, test.role] == ["prompt", "answer", "test"]
    assert prompt.source.source.startswith(
        "## 3 · What is left?\nThink.\n\nHow many are left of $n$?"
    )
    assert "- **A.** All of them\n- **B.** Those that stay\n- **C.** Next to none" in (
        prompt.source.source
    )
    assert 'Choose one: its letter goes between the quotes of `choice_left_over = "…"`' in (
        prompt.source.source
    )
    assert answer.short.answers == ["choice_left_over"]
    cells = instructor_cells(exercise)
    both = next(cell.source for cell in cells if "Which are even?" in cell.source)
    assert "Choose all that are right" in both
    assert 'choice_both = "AC"' in sources(cells, "both")[0]
    test_cell = next(
        c
        for c in cells
        if c.metadata.get("nbgrader", {}).get("points") == 2 and "choice_both" in c.source
    )
    assert test_cell.metadata.nbgrader.grade_id == "both-test-1"


@pytest.mark.parametrize(
    ("old", "new", "remedy"),
    [
        ('choice="graded-one"', 'choice="graded-won"', "has no question “graded-won”: mend the id"),
        ('choice="graded-one"', 'choice="free-for-all"', "no graded choice"),
        ('choice="graded-one"', 'choice="graded-several"', "is asked already"),
        ('item="left-over" choice', "choice", "belong to a cell with item="),
        ('"graded-one" points=1', '"graded-one"', "points stand on"),
        ('"graded-one" points=1', '"graded-one" points=1 answers=["x"]', "drop answers="),
        ('"graded-one" points=1', '"graded-one" points=1 manual=true', "drop answers="),
        ('item="left-over"', 'item="count"', "exists already"),
        (f"{CELL}\n", CELL.replace("[markdown] ", "") + "\n", "a choice is markdown"),
    ],
)
def test_a_mistake_stops_the_build_with_file_and_line(
    asking: Lesson, old: str, new: str, remedy: str
) -> None:
    path = asking.folder / "exercise.py"
    line = line_of(path, SEVERAL if remedy == "is asked already" else CELL)
    change(path, old, new)
    with pytest.raises(SourceError) as caught:
        read_exercise(asking)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert remedy in str(caught.value)


def test_a_graded_question_that_nobody_asks_stops_the_build(asking: Lesson) -> None:
    change(asking.folder / "exercise.py", f"{SEVERAL}\n# ## 4 · Even\n", "")
    bank = asking.folder / "questions.yaml"
    with pytest.raises(SourceError) as caught:
        read_exercise(asking)
    line = line_of(bank, "- id: graded-several")
    assert str(caught.value).startswith(f"{bank}:{line}: question “graded-several” is graded, but")


def test_without_the_import_of_explain_the_build_says_what_is_missing(asking: Lesson) -> None:
    change(asking.folder / "exercise.py", "from coursekit import explain\n", "")
    with pytest.raises(SourceError, match=r"exercise\.py:\d+: the test reads explain"):
        read_exercise(asking)


def test_a_wrong_option_does_not_tell_the_right_one(course: Sources, asking: Lesson) -> None:
    told = json.loads(json.dumps(ONE))
    told["options"][0]["why"] = "No: those that stay."
    (asking.folder / "questions.yaml").write_text(yaml.safe_dump([told, MANY], sort_keys=False))
    said = [str(fault) for fault in faults(course)]
    assert any("options 1 why: tells the right one, “Those that stay”" in text for text in said)
    assert sum("tells the right one" in text for text in said) == 1


def test_the_answers_to_a_choice_come_from_its_options(asking: Lesson) -> None:
    bank = read_bank(asking, read_exercise(asking))
    found = {
        answer.source: (answer.points, answer.hint) for answer in bank if answer.item == "both"
    }
    assert found['choice_both = "AC"'] == (2, None)
    assert found['choice_both = "B"'] == (0, "Half of it is no whole number.")
    assert found['choice_both = "D"'] == (0, "Look at its last digit.")
    assert found['choice_both = "A"'][0] == 0
    one = [answer.name for answer in bank if answer.item == "left-over"]
    assert one == [
        "the letter",
        "small, with a full stop",
        "option A",
        "option C",
        "two options",
        "nothing",
        "no option",
    ]
    path = asking.folder / "answers.py"
    path.write_text(path.read_text() + '\n# %% item="both" right="by hand"\nchoice_both = "AC"\n')
    with pytest.raises(SourceError, match=r"answers\.py:\d+: the answers to “both” come from"):
        read_bank(asking, read_exercise(asking))


def test_every_answer_gets_its_points_and_its_hint(asking: Lesson, engine: Engine) -> None:
    found = {(v.item, v.answer): v for v in answers.verdicts(asking, engine)}
    assert [str(verdict) for verdict in found.values() if not verdict.holds] == []
    assert found["left-over", "untouched"].points == 0
    assert found["left-over", "option C"].messages[0].startswith("That depends.")
    assert "choose from A, B, C, D" in found["both", "no option"].messages[0]
    assert list(answers.faults(asking, engine)) == []


def test_letters_have_no_mutants_and_all_others_have(asking: Lesson) -> None:
    assert {mutant.change.item for mutant in mutants(asking)} == {"count"}


def test_a_made_up_class_chooses_too(course: Sources, asking: Lesson) -> None:
    build(course, [], report=lambda _: None)
    bench = Desk.of(asking)
    assert bench.reference()["both"].source == 'choice_both = "AC"'
    chosen = {answers["both"].source for answers in bench.mixed() if "both" in answers}
    assert 'choice_both = "B"' in chosen


def secrets(lesson: Lesson) -> list[str]:
    """What only teachers may read of the lesson's graded questions."""
    questions = Source(lesson.course, lesson.name).bank().of(Choice)
    graded = [question for question in questions if question.graded]
    whys = [option.why for question in graded for option in question.options]
    return [*whys, *right_lines(lesson)]


def right_lines(lesson: Lesson) -> list[str]:
    exercise = read_exercise(lesson)
    return [
        answer.source
        for answer in read_bank(lesson, exercise)
        if answer.item in exercise.choices and answer.is_right
    ]


def test_release_and_bank_hold_no_right_answer(asking: Lesson) -> None:
    released = release_notebooks([(asking.name, instructor_notebook(asking))])[asking.name]
    text = "\n".join(cell.source for cell in released.cells) + json.dumps(
        [cell.metadata for cell in released.cells]
    )
    assert "Which are even?" in text
    assert BEGIN_HIDDEN not in text
    assert END_HIDDEN not in text
    built = practice_bank(Source(asking.course, asking.name)).wanted
    assert "free-for-all" in built
    for secret in secrets(asking):
        assert secret not in text
        assert secret not in built or secret in str(PRACTICE)
    assert "picked ==" not in text


ASKING = [lesson for lesson in LESSONS if read_exercise(lesson).choices]


@pytest.mark.parametrize("lesson", ASKING, ids=[lesson.name for lesson in ASKING])
def test_what_a_class_gets_holds_no_right_choice(lesson: Lesson, tmp_path: Path) -> None:
    exercise = read_exercise(lesson)
    assert 10 <= sum(exercise.points(item) for item in exercise.items) <= 22
    class_export.main(lesson.course, tmp_path / "class")
    hidden = secrets(lesson)
    assert len(hidden) > 4
    for path in (tmp_path / "class").rglob("*"):
        if path.suffix in (".ipynb", ".json", ".py", ".md"):
            text = path.read_text(encoding="utf-8")
            read = text + "".join(map(str, strings(json.loads(text)))) if text[:1] in "[{" else text
            assert [secret for secret in hidden if secret in read] == [], path


def strings(value: Any) -> Iterator[str]:
    """Every text in parsed JSON, so that none hides behind an escape."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        yield "".join(inner for inner in value if isinstance(inner, str))
        for inner in value:
            yield from strings(inner)
