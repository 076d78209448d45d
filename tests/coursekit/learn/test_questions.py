"""What a bank of questions may hold, and what is said about one that is wrong."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest

from coursekit.learn.questions import schema as questions
from coursekit.learn.questions.schema import (
    Bank,
    BankError,
    Card,
    Choice,
    ChoiceAnswer,
    CodeAnswer,
    Free,
    NumberAnswer,
    Practice,
    Trace,
    difficulty_of,
    load_bank,
    read_bank,
)

FILE = Path("questions.yaml")
OPTIONS = [
    {"text": "one", "why": "Too few."},
    {"text": "two", "why": "Yes.", "right": True},
    {"text": "three", "why": "Too many."},
]
CARD = {"kind": "card", "level": "beginner", "front": "What?", "back": "That."}
CHOICE = {"kind": "choice", "level": "intermediate", "prompt": "How many?", "options": OPTIONS}
FREE = {
    "kind": "free",
    "level": "advanced",
    "prompt": "Why?",
    "hint": "Think of bytes.",
    "concepts": [
        {"name": "bytes", "says": ["fewer bytes", "less memory"], "hint": "And the file?"},
        {"name": "time", "says": ["faster", "less time"], "hint": "And the clock?"},
    ],
    "answer": "Fewer bytes, less time.",
}
PRACTICE = {
    "kind": "practice",
    "level": "hard",
    "prompt": "How many of 10 are left?",
    "answer": {"by": "number", "number": 4, "tolerance": 0.5, "unit": "weights"},
    "hint": "Count.",
    "steps": ["10 − 6 = 4"],
    "final": "4 are left.",
    "quick_check": "4 + 6 = 10.",
    "mistakes": ["6 is what goes."],
    "check": "answer = 10 - 6",
}
TRACE = {
    "kind": "trace",
    "level": "beginner",
    "prompt": "Follow it.",
    "trace": "some-trace",
    "notice": ["It shrinks."],
}
KINDS = {Card: CARD, Choice: CHOICE, Free: FREE, Practice: PRACTICE, Trace: TRACE}
PLACE = {"id": "a-question", "topic": "size", "section": "Part 1"}


def changed(fields, path, value):
    """A copy of `fields` with `value` where `path` leads; None takes the field out."""
    fields = copy.deepcopy(fields)
    *way, last = path.split(".")
    inner = fields
    for part in way:
        inner = inner[int(part) if part.isdigit() else part]
    if value is None:
        del inner[last]
    else:
        inner[int(last) if last.isdigit() else last] = value
    return fields


def read(*fields, name="01_counting"):
    return read_bank(name, [PLACE | one for one in fields], FILE)


@pytest.mark.parametrize(("kind", "fields"), KINDS.items())
def test_every_kind_is_read(kind, fields):
    [question] = read(fields).questions
    assert isinstance(question, kind)
    assert (question.id, question.topic, question.section) == ("a-question", "size", "Part 1")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (PRACTICE["answer"], NumberAnswer),
        ({"by": "choice", "options": OPTIONS}, ChoiceAnswer),
        ({"by": "code", "starter": "x = 0", "solution": "x = 1", "tests": "assert x"}, CodeAnswer),
    ],
)
def test_practice_is_answered_in_three_ways(answer, kind):
    [question] = read(PRACTICE | {"answer": answer}).questions
    assert isinstance(question.answer, kind)


@pytest.mark.parametrize(
    ("fields", "path", "value", "message"),
    [
        (CARD, "back", None, "back: is missing: add it"),
        (CARD, "back", "  ", "back: string should have at least 1 character"),
        (CARD, "level", "easy", "level: input should be 'beginner', 'intermediate' or 'advanced'"),
        (PRACTICE, "level", "beginner", "level: input should be 'easy', 'medium' or 'hard'"),
        (CARD, "topic", "sise", "topic: input should be 'data', 'training'"),
        (CARD, "kind", "crad", "kind: is missing or unknown: write one of card, choice, free"),
        (CARD, "kind", None, "kind: is missing or unknown: write one of card, choice, free"),
        (CARD, "hint", "Hm.", "hint: a question of kind card has no such field"),
        (CARD, "graded", True, "graded: a question of kind card has no such field"),
        (CARD, "section", 3, "section: input should be a valid string, not 3"),
        (CHOICE, "options.1.right", False, "options: 0 options are right: mark exactly one"),
        (CHOICE, "options.0.right", True, "options: 2 options are right: mark exactly one"),
        (CHOICE, "several", True, "options: 1 of 3 options are right: with several: true mark two"),
        (CHOICE, "options.2.text", "one", "options: two options have the same text"),
        (CHOICE, "options.2.why", None, "options 3 why: is missing: add it"),
        (CHOICE, "options", OPTIONS[:2], "options: list should have at least 3 items"),
        (CHOICE, "options.0", "one", "options 1: is no mapping: write its fields"),
        (FREE, "concepts.1.name", "bytes", "concepts: two concepts have the same name"),
        (FREE, "concepts.0.says", ["fewer"], "concepts 1 says: list should have at least 2 items"),
        (FREE, "concepts.0.hint", None, "concepts 1 hint: is missing: add it"),
        (PRACTICE, "answer.by", "guess", "answer, by: is missing or unknown: write one of choice"),
        (PRACTICE, "answer.number", "4", "answer number: input should be a valid"),
        (PRACTICE, "answer.tolerance", -1.0, "answer tolerance: input should be greater than"),
        (PRACTICE, "answer", {"by": "choice", "options": OPTIONS[:1] * 3}, "answer options: 0 opt"),
        (PRACTICE, "mistakes", [], "mistakes: list should have at least 1 item"),
        (TRACE, "trace", "Some trace", "trace: string should match pattern"),
    ],
)
def test_what_is_wrong_is_said_with_file_question_and_field(fields, path, value, message):
    with pytest.raises(BankError) as caught:
        read(changed(PLACE | fields, path, value))
    assert str(caught.value).startswith(f"questions.yaml: question “a-question”, {message}")
    assert caught.value.question == "a-question"


def test_a_question_without_an_id_is_named_by_its_place():
    with pytest.raises(BankError, match=r"question “number 2”, id: is missing: add it"):
        read_bank("01_counting", [PLACE | CARD, {"topic": "size"} | CARD], FILE)
    with pytest.raises(BankError, match="question “number 1”, "):
        read_bank("01_counting", ["What?"], FILE)


@pytest.mark.parametrize("content", [None, [], {}, "a-question"])
def test_a_file_holds_a_list(content):
    with pytest.raises(BankError, match=r"questions\.yaml: the file holds no list of questions"):
        read_bank("01_counting", content, FILE)


def test_an_id_is_used_once():
    with pytest.raises(BankError, match="question “a-question”, id: 2 questions have this id"):
        read(CARD, CHOICE)


@pytest.mark.parametrize(
    ("bank", "place", "message"),
    [
        ("01_counting", {"section": None}, "section: is missing"),
        ("01_counting", {"section": "Part 1", "primer": "keras"}, "are for the general bank only"),
        ("01_counting", {"section": "Part 1", "lesson": "02"}, "are for the general bank only"),
        ("01_counting", {"section": "Part 1", "part": "quiz"}, "are for the general bank only"),
        ("general", {"lesson": "02"}, "part: is missing"),
        ("general", {"part": "quiz"}, "a primer, any other a lesson"),
        ("general", {"part": "quiz", "primer": "keras"}, "a primer, any other a lesson"),
        ("general", {"part": "entry", "lesson": "02"}, "a primer, any other a lesson"),
        ("general", {"part": "entry", "lesson": "02", "primer": "keras"}, "a primer, any other"),
        ("general", {"part": "quiz", "lesson": "2"}, "lesson: string should match pattern"),
    ],
)
def test_a_question_says_where_it_belongs(bank, place, message):
    with pytest.raises(BankError, match=message):
        read_bank(bank, [{"id": "a-question", "topic": "size"} | place | CARD], FILE)


def test_a_general_question_names_its_lesson_or_its_primer():
    asked = {"topic": "size"} | CARD
    bank = read_bank(
        "general",
        [
            asked | {"id": "one", "part": "quiz", "lesson": "02"},
            asked | {"id": "two", "part": "entry", "primer": "keras"},
        ],
        FILE,
    )
    assert [question.part for question in bank.questions] == ["quiz", "entry"]


def test_levels_and_difficulties_go_together():
    questions_ = [fields | {"id": f"q{n}"} for n, fields in enumerate(KINDS.values())]
    bank = read(*questions_)
    assert [difficulty_of(question) for question in bank.questions] == [
        "easy",
        "medium",
        "hard",
        "hard",
        "easy",
    ]
    assert [question.id for question in bank.of(Practice, difficulty="hard")] == ["q3"]
    assert bank.of(Practice, difficulty="easy") == []
    assert [question.id for question in bank.of(Choice, topic="size")] == ["q1"]
    assert bank.of(Choice, topic="speed") == []


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """An installed coursekit that carries one bank."""
    monkeypatch.setattr(questions, "BANKS", tmp_path / "banks")
    (tmp_path / "banks").mkdir()
    path = tmp_path / "banks" / "01_counting.json"
    path.write_text(json.dumps([PLACE | CARD]))
    return path


@pytest.mark.usefixtures("shipped")
def test_a_bank_is_loaded_by_its_name():
    bank = load_bank("01_counting")
    assert isinstance(bank, Bank)
    assert bank.name == "01_counting"
    assert [question.id for question in bank.questions] == ["a-question"]


@pytest.mark.usefixtures("shipped")
def test_a_bank_that_is_not_there():
    with pytest.raises(BankError, match="there is no such bank; there are: 01_counting"):
        load_bank("02_summing")


def test_a_damaged_bank(shipped):
    shipped.write_text("[{")
    with pytest.raises(BankError, match=r"the file is damaged .* restore it with git"):
        load_bank("01_counting")


@pytest.mark.parametrize("name", ["general", "00_pipeline", "07_unstructured_pruning"])
def test_the_course_ships_its_banks_without_what_is_graded(name):
    bank = load_bank(name)
    assert bank.of(Choice)
    assert not any(choice.graded for choice in bank.of(Choice))
    assert not any(question.check for question in bank.questions)


def test_the_pattern_test_can_be_drawn():
    """Three easy, four medium and three hard ones about pruning, and another set the next time."""
    bank = load_bank("07_unstructured_pruning")
    for difficulty, count in {"easy": 5, "medium": 6, "hard": 5}.items():
        there = [
            bank.of(kind, topic="pruning", difficulty=difficulty) for kind in (Choice, Practice)
        ]
        assert sum(map(len, there)) >= count, difficulty
