"""The checks of question banks, each shown a bank that it must refuse; the course's own banks."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from authoring.build import build
from authoring.build.practice_bank import practice_bank
from authoring.check.questions import faults, miscalculated, texts, unbalanced, written
from authoring.cli import app
from authoring.source import questions
from authoring.source.problems import SourceError
from authoring.source.questions import Source
from authoring.source.sources import Lesson, Sources
from coursekit.learn.questions.schema import Choice, Practice, load_bank
from tests.conftest import ROOT

Fields = dict[str, Any]
COURSE = Sources.at(ROOT)
BANKS = [source.name for source in questions.sources(COURSE)]
SECTION = "Part 1"


def options(number: int) -> list[Fields]:
    """Three options of the same length; the right one moves with the number."""
    return [
        {"text": text, "why": "So it is.", "right": place == number % 3}
        for place, text in enumerate(("some", "many", "none"))
    ]


def small_bank() -> list[Fields]:
    """As many questions as a lesson needs, and nothing wrong with them."""
    bank: list[Fields] = []
    for n in range(10):
        bank.append({"kind": "card", "level": "beginner", "front": f"Card {n}?", "back": "Yes."})
    for n in range(12):
        bank.append(
            {"kind": "choice", "level": "beginner", "prompt": f"Choice {n}?", "options": options(n)}
        )
    for n in range(3):
        concepts = [
            {"name": name, "says": [name, f"{name}s"], "hint": "?"} for name in ("byte", "bit")
        ]
        bank.append(
            {
                "kind": "free",
                "level": "beginner",
                "prompt": f"Free {n}?",
                "hint": "Think.",
                "concepts": concepts,
                "answer": "A byte has eight bits.",
            }
        )
    for n in range(10):
        bank.append(
            {
                "kind": "practice",
                "level": "easy",
                "prompt": f"How many of {n + 10} are left when 3 go?",
                "answer": {"by": "number", "number": n + 7},
                "hint": "Count.",
                "steps": [f"{n + 10} − 3 = {n + 7}"],
                "final": f"{n + 7} are left.",
                "quick_check": "Count them.",
                "mistakes": ["3 is what goes."],
                "check": f"answer = {n + 10} - 3",
            }
        )
    bank.append(
        {
            "kind": "trace",
            "level": "beginner",
            "prompt": "Follow it.",
            "trace": "counting",
            "notice": ["It gets smaller."],
        }
    )
    place = {"topic": "size", "section": SECTION}
    return [{"id": f"q{n}"} | place | question for n, question in enumerate(bank)]


CARD, CHOICE, FREE, PRACTICE, TRACE = 0, 10, 22, 25, 35


@pytest.fixture
def bank() -> list[Fields]:
    return small_bank()


@pytest.fixture(autouse=True)
def _with_a_heading(lesson: Lesson) -> None:
    path = lesson.folder / "lesson.py"
    path.write_text(path.read_text() + f"\n# %% [markdown]\n# ## {SECTION}\n# Text.\n")


def write(course: Sources, bank: list[Fields], name: str = "01_counting") -> Path:
    path = course.root / "course" / name / "questions.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump(bank, sort_keys=False, allow_unicode=True))
    return path


def said(course: Sources) -> list[str]:
    return [str(fault) for fault in faults(course)]


def only(course: Sources, bank: list[Fields]) -> str:
    """What is said about a bank with one thing wrong, without the path."""
    path = write(course, bank)
    [fault] = said(course)
    assert fault.startswith(f"{path}:")
    return fault.removeprefix(f"{path}:")


def test_nothing_is_said_about_a_good_bank(course: Sources, bank: list[Fields]) -> None:
    write(course, bank)
    assert said(course) == []


def test_a_lesson_has_a_bank(course: Sources) -> None:
    with pytest.raises(SourceError, match=r"questions\.yaml:1: the file is missing"):
        said(course)


def test_what_the_schema_refuses_is_said_with_its_line(course: Sources, bank: list[Fields]) -> None:
    del bank[CARD + 1]["back"]
    path = write(course, bank)
    line = path.read_text().splitlines().index("- id: q1") + 1
    with pytest.raises(SourceError) as caught:
        said(course)
    assert str(caught.value) == f"{path}:{line}: question “q1”, back: is missing: add it"


def test_what_is_no_yaml_is_said_with_its_line(course: Sources, bank: list[Fields]) -> None:
    path = write(course, bank)
    path.write_text("- id: one\n  kind: [\n")
    with pytest.raises(SourceError, match=r"questions\.yaml:3: the YAML can't be read: "):
        said(course)


def test_a_field_that_stands_twice_is_said_with_its_line(
    course: Sources, bank: list[Fields]
) -> None:
    path = write(course, bank)
    path.write_text(path.read_text().replace("  back: Yes.", "  back: Yes.\n  back: No.", 1))
    with pytest.raises(SourceError, match=r"questions\.yaml:8: .*“back” stands here twice: drop"):
        said(course)


@pytest.mark.parametrize(("place", "kind"), [(0, "card"), (10, "choice"), (22, "free")])
def test_a_bank_has_enough_of_each_kind(
    course: Sources, bank: list[Fields], place: int, kind: str
) -> None:
    del bank[place]
    assert f" of kind {kind}, it needs " in only(course, bank)


def test_a_heading_that_the_lesson_has_not(course: Sources, bank: list[Fields]) -> None:
    bank[CARD]["section"] = "Part 2"
    assert "“q0”, section: 01_counting has no heading “Part 2”" in only(course, bank)


def test_an_id_or_a_prompt_in_two_banks(course: Sources, bank: list[Fields]) -> None:
    write(course, bank)
    asked = copy.deepcopy(bank[CARD]) | {"part": "quiz", "lesson": "01"}
    write(course, [asked], "general")
    assert [fault.split(": ", 1)[1] for fault in said(course)] == [
        "question “q0” is in general too: rename it",
        "question “q0” asks the same as “q0”: drop one",
    ]
    write(course, [asked | {"id": "q99", "front": "Card  0!"}], "general")
    [fault] = said(course)
    assert "question “q0” asks the same as “q99”: drop one" in fault


@pytest.mark.parametrize(
    ("number", "section", "fault"),
    [
        ("01", SECTION, None),
        ("01", None, "section: is missing: name a heading of lesson 01"),
        ("01", "Part 2", "section: 01_counting has no heading “Part 2”"),
        ("02", None, None),
        ("02", SECTION, "section: is for lessons that are there: drop it"),
    ],
)
def test_a_general_question_names_a_heading_where_there_is_one(
    course: Sources, bank: list[Fields], number: str, section: str | None, fault: str | None
) -> None:
    write(course, bank)
    asked = bank[CARD] | {"id": "q99", "front": "New?", "part": "quiz", "lesson": number}
    write(course, [asked | {"section": section}], "general")
    assert [fault in one for one in said(course)] == ([] if fault is None else [True])


# What gives an answer away.


def test_a_right_option_that_is_much_longer(course: Sources, bank: list[Fields]) -> None:
    bank[CHOICE]["options"][0]["text"] = "some, though never very many"
    assert "“q10”, options: the right one, “some, though" in only(course, bank)


def test_a_practice_answer_that_is_much_longer(course: Sources, bank: list[Fields]) -> None:
    bank[PRACTICE]["answer"] = {"by": "choice", "options": options(0)}
    bank[PRACTICE]["answer"]["options"][0]["text"] = "some, though never very many"
    assert "“q25”, options: the right one, “some, though" in only(course, bank)


def test_right_options_that_are_a_little_longer_too_often(
    course: Sources, bank: list[Fields]
) -> None:
    for question in bank[CHOICE : CHOICE + 5]:
        for option in question["options"]:
            option["text"] += "." if option["right"] else ""
    assert "in 5 of 12 questions the longest option is the right one" in only(course, bank)


def test_right_options_that_stand_in_one_place(course: Sources, bank: list[Fields]) -> None:
    bank[CHOICE]["options"] = options(1)
    assert "in 5 of 12 questions option 2 is the right one: move some" in only(course, bank)


def test_a_place_that_is_never_right(course: Sources, bank: list[Fields]) -> None:
    for number, question in enumerate(bank[CHOICE : CHOICE + 12]):
        extra = {"text": "more", "why": "No.", "right": False}
        question["options"] = [*options(number), extra]
        if number % 3 == 0:
            question["options"].reverse()
    assert "option 1 is never the right one" in only(course, bank)


# What is written.


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("$x$ costs $$y$$", None),
        (r"$\left( \frac{a}{b} \right)$", None),
        ("it costs \\$5", None),
        ("`a $ sign` and ``one ` more``", None),
        ("```\na $ sign\n```", None),
        (r"$\{x$", None),
        ("$x costs", "dollar"),
        ("$x$ and $y", "dollar"),
        ("$x_{i$", "braces"),
        ("$x_i}{$", "braces"),
        (r"$\left( x )$", r"\\left"),
        ("`code", "backticks"),
    ],
)
def test_maths_and_code_are_closed(text: str, problem: str | None) -> None:
    found = unbalanced(text)
    assert (found is None) if problem is None else (problem.replace("\\\\", "\\") in str(found))


def test_open_maths_is_said_with_its_field(course: Sources, bank: list[Fields]) -> None:
    bank[CHOICE]["options"][1]["why"] = "Since $x"
    assert "“q10”, options 2 why: an odd number of dollar signs" in only(course, bank)


def test_a_model_answer_names_every_concept(course: Sources, bank: list[Fields]) -> None:
    bank[FREE]["answer"] = "There are eight bits."
    assert "“q22”, answer: says nothing of “byte”" in only(course, bank)


def test_ways_to_say_it_are_lower_case(course: Sources, bank: list[Fields]) -> None:
    bank[FREE]["concepts"][0]["says"].append("Byte")
    assert "“q22”, concepts, “byte”: write “Byte” in lower case" in only(course, bank)


@pytest.mark.parametrize("field", ["says", "unless"])
def test_phrases_can_be_read(course: Sources, bank: list[Fields], field: str) -> None:
    bank[FREE]["concepts"][0].setdefault(field, []).append("~lesser bytes")
    assert "“q22”, concepts, “byte”: “~lesser bytes”: there is no ~lesser; there are" in only(
        course, bank
    )


def test_so_can_those_for_mistakes(course: Sources, bank: list[Fields]) -> None:
    bank[FREE]["mistakes"] = ["~lesser bytes"]
    assert "“q22”, mistakes: “~lesser bytes”: there is no ~lesser; there are" in only(course, bank)


def test_a_model_answer_is_no_list_of_keywords(course: Sources, bank: list[Fields]) -> None:
    bank[FREE]["answer"] = "bits, bytes"
    assert "“q22”, answer: learners would be told “These are good keywords" in only(course, bank)


def test_a_trace_has_no_number_typed_in(course: Sources, bank: list[Fields]) -> None:
    bank[TRACE]["notice"] = ["int8 has W_1 and all."]
    write(course, bank)
    assert said(course) == []
    bank[TRACE]["notice"] = ["The loss falls to 0.25."]
    assert "“q35”, notice 1: the number 0.25 is typed in" in only(course, bank)


# Numbers.


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("5,000 and 5{,}000 of 12.50", [5000, 5000, 12.5]),
        ("int8, W_1, x1 and layer2", []),
        ("2:4, 28×28, 1/3, −7", [2, 4, 28, 28, 1, 3, 7]),
        ("20 % or 20\\%", [20, 20]),
        ("1e-3", [0.001]),
        ("the 3.", [3]),
    ],
)
def test_which_numbers_stand_in_a_text(text: str, values: list[float]) -> None:
    assert [value for value, _ in written(text)] == values


@pytest.mark.parametrize(
    ("text", "number", "fits"),
    [
        ("36", 36, True),
        ("36", 36.4, False),
        ("106", -106, True),
        ("0.36", 0.3601, True),
        ("0.36", 0.37, False),
        ("36 %", 0.36, True),
        ("36", 0.36, False),
        ("71.8 %", 0.71764, True),
        ("71.8 %", 0.7164, False),
    ],
)
def test_a_number_stands_for_what_rounds_to_it(text: str, number: float, fits: bool) -> None:
    [(_, one)] = written(text)
    assert one(abs(number)) is fits


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("0.2 · 5,000 = 1,000, the smallest", None),
        ("so 16 · (4 + 4) = 128 bytes", None),
        ("−0.4375 / 0.125 = −3.5, between two", None),
        ("There are 5, 2 + 3 = 5", None),
        ("0.3 / √3 = 0.173 and $2^8 = 256$", None),
        ("share = 0.3", None),
        ("2.54 / 127 = 0.02", None),
        ("0.2 · 5,000 = 1,001", "0.2 · 5,000 is 1000, not 1,001"),
        ("0.3 / √3 = 0.174", "not 0.174"),
        ("1 − 3 = 2", "1 − 3 is -2, not 2"),
        ("(4 + 4 = 8", "can't be worked out"),
    ],
)
def test_sums_come_out_as_written(text: str, problem: str | None) -> None:
    found = miscalculated(text)
    assert found is None if problem is None else problem in str(found)


def test_a_sum_that_is_wrong_is_said_with_its_field(course: Sources, bank: list[Fields]) -> None:
    bank[CARD]["back"] = "Since 2 · 2 = 5."
    assert "“q0”, back: 2 · 2 is 4, not 5: mend it" in only(course, bank)


@pytest.mark.parametrize("field", ["steps", "final", "quick_check", "mistakes", "hint"])
def test_a_number_that_no_code_computes(course: Sources, bank: list[Fields], field: str) -> None:
    text = "There are 99 of them."
    bank[PRACTICE][field] = [text] if field in ("steps", "mistakes") else text
    assert f"“q25”, {field}" in (fault := only(course, bank))
    assert "check computes no 99" in fault


def test_a_number_in_lists_and_tensors_is_computed(course: Sources, bank: list[Fields]) -> None:
    bank[PRACTICE]["final"] = "It is 41, 42, 43 or 44."
    bank[PRACTICE]["check"] += (
        "\nimport torch\na, b = [41, (42,)], {'x': 43}\nc = torch.tensor([44])\n"
    )
    write(course, bank)
    assert said(course) == []


def test_an_answer_that_differs_from_the_code(course: Sources, bank: list[Fields]) -> None:
    bank[PRACTICE]["answer"]["number"] = 8
    assert "“q25”, answer: 8 is written, but check computes 7" in only(course, bank)
    bank[PRACTICE]["answer"]["tolerance"] = 1.0
    write(course, bank)
    assert said(course) == []


def test_code_that_sets_no_answer(course: Sources, bank: list[Fields]) -> None:
    bank[PRACTICE]["check"] = "left = 10 - 3"
    assert "“q25”, check: sets no answer" in only(course, bank)


def test_code_that_fails(course: Sources, bank: list[Fields]) -> None:
    bank[PRACTICE]["check"] = "answer = 7\nassert answer == 8, 'no'"
    assert "“q25”, check: fails with AssertionError: no" in only(course, bank)


def test_any_question_may_have_its_numbers_checked(course: Sources, bank: list[Fields]) -> None:
    bank[CHOICE]["options"][1]["why"] = "That would be 99."
    write(course, bank)
    assert said(course) == []
    bank[CHOICE]["check"] = "right = 98"
    assert "“q10”, options 2 why: check computes no 99" in only(course, bank)


def code(starter: str, solution: str) -> Fields:
    return {"by": "code", "starter": starter, "solution": solution, "tests": "assert x == 1"}


def test_a_solution_that_fails_its_tests(course: Sources, bank: list[Fields]) -> None:
    bank[PRACTICE]["answer"] = code("x = 0", "x = 1")
    write(course, bank)
    assert said(course) == []
    bank[PRACTICE]["answer"] = code("x = 0", "x = 2")
    assert "“q25”, answer solution: fails its tests with AssertionError" in only(course, bank)
    bank[PRACTICE]["answer"] = code("x = 1", "x = 1")
    assert "“q25”, answer starter: passes the tests already" in only(course, bank)


# What is built.


def test_banks_are_built_and_stale_when_they_differ(course: Sources, bank: list[Fields]) -> None:
    write(course, bank)
    write(
        course,
        [bank[CARD] | {"id": "g", "part": "quiz", "lesson": "02", "section": None}],
        "general",
    )
    paths = [
        course.root / "coursekit/learn/questions/banks" / f"{n}.json"
        for n in ("general", "01_counting")
    ]
    assert set(paths) <= set(build.stale(course))
    build.main(course, course.lessons(), report=lambda line: None)
    assert list(build.stale(course)) == []
    bank[CARD]["back"] = "No."
    write(course, bank)
    left_over = paths[0].with_name("left_over.json")
    left_over.write_text("[]")
    assert list(build.stale(course)) == [paths[1], left_over]


def test_what_is_graded_is_not_built(course: Sources, bank: list[Fields]) -> None:
    bank[CHOICE] |= {"graded": True, "prompt": "A secret?"}
    write(course, bank)
    built = practice_bank(Source(course, "01_counting"))
    assert "secret" not in built.wanted
    assert "check" not in built.wanted.replace("quick_check", "")
    assert len(json.loads(built.wanted)) == len(bank) - 1


def test_authoring_check_tells(
    course: Sources, bank: list[Fields], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(course.root)
    write(course, bank)
    run = CliRunner().invoke(app, ["check"])  # It stops at the exercises: nothing is built here.
    assert "ok  the questions of all lessons" in run.output
    del bank[CARD]["back"]
    write(course, bank)
    run = CliRunner().invoke(app, ["check"])
    assert run.exit_code == 1
    assert "question “q0”, back: is missing: add it" in run.output


# The course's own banks.


def test_the_banks_of_the_course() -> None:
    assert {"general", *(lesson.name for lesson in COURSE.lessons())} == set(BANKS)
    assert [str(fault) for fault in faults(COURSE)] == []


@pytest.mark.parametrize("name", BANKS)
def test_built_banks_are_what_the_sources_say(name: str) -> None:
    assert practice_bank(Source(COURSE, name)).is_fresh, "run make build, and commit what it built"


@pytest.mark.parametrize("name", BANKS)
def test_learners_get_all_but_what_is_graded(name: str) -> None:
    written_ = Source(COURSE, name).bank().questions
    kept = [q.id for q in written_ if not (isinstance(q, Choice) and q.graded)]
    assert [question.id for question in load_bank(name).questions] == kept


def test_the_entry_check_has_ten_questions_for_all_primers() -> None:
    entry = [q for q in Source(COURSE, "general").bank().questions if q.part == "entry"]
    assert len(entry) == 10
    assert {q.primer for q in entry} == {"pytorch", "convolution", "shapes", "keras", "attention"}


def test_the_quiz_has_ten_questions() -> None:
    quiz = [q for q in Source(COURSE, "general").bank().questions if q.part == "quiz"]
    assert len(quiz) == 10


@pytest.mark.parametrize("name", BANKS)
def test_no_bank_holds_what_does_not_belong_in_it(name: str) -> None:
    """Options may be shuffled, so none may speak of the others by their place."""
    for question in Source(COURSE, name).bank().questions:
        for field, text in texts(question):
            assert not re.search(
                r"of the above|(first|last) option|\boption [a-d\d]\b", text.lower()
            ), f"{question.id}, {field}"
        if isinstance(question, Practice) and question.answer.by == "number":
            assert question.check, question.id
