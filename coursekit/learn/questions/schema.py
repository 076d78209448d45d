"""The questions of the course: what a bank of them holds, and how one is read.

A bank belongs to a lesson; the bank “general” holds those that belong to none, and the entry check.
Authors write banks in course/, the build puts them into banks/ without what is graded. Texts
are Markdown with $maths$.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from coursekit.learn.lessons import lessons

GENERAL = "general"
# What the build makes of the questions and cheat sheets in course/.
BANKS = Path(__file__).parent / "banks"

Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Level = Literal["beginner", "intermediate", "advanced"]
Difficulty = Literal["easy", "medium", "hard"]
Primer = Literal["pytorch", "convolution", "shapes", "keras", "attention"]
Part = Literal["general", "vision", "serving", "quiz", "entry"]
Topic = Literal[
    "data",
    "training",
    "pruning",
    "quantization",
    "size",
    "speed",
    "comparing",
    "deployment",
    "prerequisites",
]
DIFFICULTY: dict[Level, Difficulty] = {
    "beginner": "easy",
    "intermediate": "medium",
    "advanced": "hard",
}


class BankError(Exception):
    """A bank is missing or wrong: which file, question and field, what is wrong and what to do.

    Attributes:
        question: the id of the question, or its place (“number 3”) if it has none; None if it is
            the file as a whole.
        problem: what the message says after the file.
    """

    def __init__(self, file: Path, problem: str, question: str | None = None) -> None:
        self.question = question
        self.problem = f"question “{question}”, {problem}" if question else problem
        super().__init__(f"{file}: {self.problem}")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


class Option(_Strict):
    """One answer to choose. `why` says why it is right, or which misconception makes it wrong."""

    text: Text
    why: Text
    right: bool = False


Options = Annotated[list[Option], Field(min_length=3, max_length=6)]


def _checked(options: list[Option], several: bool) -> list[Option]:
    right = sum(option.right for option in options)
    if several and not 1 < right < len(options):
        raise ValueError(
            f"{right} of {len(options)} options are right: with several: true mark two or more "
            "with right: true, but not all"
        )
    if not several and right != 1:
        raise ValueError(
            f"{right} options are right: mark exactly one with right: true, or set several: true"
        )
    if len({option.text for option in options}) < len(options):
        raise ValueError("two options have the same text: change one")
    return options


class _Question(_Strict):
    """What all questions have.

    Attributes:
        id: unique in the whole course; progress is saved under it, so it never changes.
        section: the heading in the lesson that answers the question, as it stands there.
        part: the set in which it is asked; only in the general bank.
        lesson: the number of the lesson that it belongs to; only in the general bank.
        primer: the primer to read by whoever gets it wrong; only in the entry check.
        check: Python that computes every number of the answer; for authors, never built.
    """

    id: Slug
    topic: Topic
    section: Text | None = None
    part: Part | None = None
    lesson: Annotated[str, StringConstraints(pattern=r"^\d\d$")] | None = None
    primer: Primer | None = None
    check: Text | None = None


class Card(_Question):
    """A flashcard: `front` is shown, a click reveals `back`."""

    kind: Literal["card"]
    level: Level
    front: Text
    back: Text


class Choice(_Question):
    """Multiple choice. With `several`, more than one option is right, and the learner is told so.

    Attributes:
        graded: it counts for a mark, and stays out of what learners get.
    """

    kind: Literal["choice"]
    level: Level
    prompt: Text
    graded: bool = False
    several: bool = False
    options: Options

    @field_validator("options")
    @classmethod
    def _options_fit(cls, options: list[Option], info: ValidationInfo) -> list[Option]:
        return _checked(options, info.data.get("several", False))


class Concept(_Strict):
    """One thing that a free response should say.

    Attributes:
        says: phrases for the ways in which people say it; `concepts` reads them.
        unless: phrases that take it back where they share a word with one of those, or a sentence,
            or in the whole answer.
        hint: what to tell whoever has not said it, without giving it away.
    """

    name: Text
    says: Annotated[list[Text], Field(min_length=2)]
    unless: list[Text] = []
    hint: Text


class Free(_Question):
    """A question that is answered in a few sentences.

    Attributes:
        mistakes: phrases for what people get wrong; where one stands, more must show a concept.
        answer: one that names every concept.
    """

    kind: Literal["free"]
    level: Level
    prompt: Text
    hint: Text
    mistakes: list[Text] = []
    concepts: Annotated[list[Concept], Field(min_length=2)]
    answer: Text

    @field_validator("concepts")
    @classmethod
    def _concepts_differ(cls, concepts: list[Concept]) -> list[Concept]:
        if len({concept.name for concept in concepts}) < len(concepts):
            raise ValueError("two concepts have the same name: change one")
        return concepts


class NumberAnswer(_Strict):
    """A number is typed in: right if it is off by no more than `tolerance`."""

    by: Literal["number"]
    number: float
    tolerance: Annotated[float, Field(ge=0)] = 0
    unit: str = ""


class ChoiceAnswer(_Strict):
    """One of a few options is chosen."""

    by: Literal["choice"]
    options: Options

    @field_validator("options")
    @classmethod
    def _options_fit(cls, options: list[Option]) -> list[Option]:
        return _checked(options, several=False)


class CodeAnswer(_Strict):
    """Code is written: `tests`, plain asserts, run after it. `starter` stands there beforehand."""

    by: Literal["code"]
    starter: Text
    solution: Text
    tests: Text


class Fresh(_Strict):
    """What `fresh` makes a problem with other numbers from: code, and texts with names.

    Attributes:
        code: Python that draws the numbers and works out the answer.
        options: the texts and reasons of the options, in their order; none for a number.
    """

    code: Text
    prompt: Text
    hint: Text
    steps: list[Text]
    final: Text
    quick_check: Text
    mistakes: list[Text]
    options: list[Annotated[list[Text], Field(min_length=2, max_length=2)]] = []


class Practice(_Question):
    """A problem with a worked solution.

    Attributes:
        steps: the way to the answer, one step each.
        final: the answer in one sentence.
        quick_check: how to see in a moment whether an answer can be right.
        mistakes: common ones, each with what is wrong about it.
        fresh: what makes it with other numbers; None where there is only one problem.
    """

    kind: Literal["practice"]
    level: Difficulty
    prompt: Text
    answer: Annotated[NumberAnswer | ChoiceAnswer | CodeAnswer, Field(discriminator="by")]
    hint: Text
    steps: Annotated[list[Text], Field(min_length=1)]
    final: Text
    quick_check: Text
    mistakes: Annotated[list[Text], Field(min_length=1)]
    fresh: Fresh | None = None


class Trace(_Question):
    """Something to follow step by step. All its numbers are computed by coursekit, none typed in.

    Attributes:
        trace: the name of what coursekit computes.
        notice: what to look at.
    """

    kind: Literal["trace"]
    level: Level
    prompt: Text
    trace: Slug
    notice: Annotated[list[Text], Field(min_length=1)]


Question = Card | Choice | Free | Practice | Trace
Kind = TypeVar("Kind", bound=Question)
_QUESTION: TypeAdapter[Question] = TypeAdapter(Annotated[Question, Field(discriminator="kind")])
_TAGS = {"card", "choice", "free", "practice", "trace", "number", "code"}


def difficulty_of(question: Question) -> Difficulty:
    """Easy, medium or hard, whatever kind the question is."""
    return question.level if isinstance(question, Practice) else DIFFICULTY[question.level]


@dataclass(frozen=True)
class Bank:
    """The questions of one lesson, or the general ones.

    Attributes:
        name: the lesson's, as in 07_unstructured_pruning, or “general”.
    """

    name: str
    questions: tuple[Question, ...]

    def of(
        self, kind: type[Kind], topic: Topic | None = None, difficulty: Difficulty | None = None
    ) -> list[Kind]:
        """The questions of a kind, in the order of the file; of a topic, and of a difficulty."""
        return [
            question
            for question in self.questions
            if isinstance(question, kind)
            and topic in (None, question.topic)
            and difficulty in (None, difficulty_of(question))
        ]


def lesson_title(name: str) -> str:
    """A lesson's name for people: “07 · Unstructured pruning” for 07_unstructured_pruning."""
    number, _, words = name.partition("_")
    titles = {lesson.name: lesson.title for lesson in lessons()}
    title = titles.get(name, words.replace("_", " "))
    return f"{number} · {title}" if title else number


def load_bank(name: str) -> Bank:
    """The bank of a lesson that the course ships, as in “07_unstructured_pruning”, or “general”.

    Raises:
        BankError: if there is no such bank, or its file is damaged.
    """
    path = BANKS / f"{name}.json"
    if not path.is_file():
        there = ", ".join(sorted(other.stem for other in BANKS.glob("*.json"))) or "none"
        raise BankError(path, f"there is no such bank; there are: {there}")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        problem = f"the file is damaged ({error}). Fetch the course again, or restore it with git."
        raise BankError(path, problem) from error
    return read_bank(name, content, path)


def read_bank(name: str, content: Any, file: Path) -> Bank:
    """A bank from what its file holds: a list of questions, each a mapping of its fields.

    Args:
        name: what the bank is called.
        content: the parsed file.
        file: where it comes from, for messages.

    Raises:
        BankError: for the first field that does not fit, or an id used twice.
    """
    if not isinstance(content, list) or not content:
        raise BankError(file, "the file holds no list of questions: begin each with “- id: …”")
    questions = tuple(_read(number, fields, file) for number, fields in enumerate(content, 1))
    for name_used, count in Counter(question.id for question in questions).items():
        if count > 1:
            raise BankError(file, f"id: {count} questions have this id: rename one", name_used)
    for question in questions:
        if problem := _misplaced(question, name):
            raise BankError(file, problem, question.id)
    return Bank(name, questions)


def _read(number: int, fields: Any, file: Path) -> Question:
    named = isinstance(fields, dict) and isinstance(fields.get("id"), str)
    called = fields["id"] if named else f"number {number}"
    try:
        return _QUESTION.validate_python(fields)
    except ValidationError as error:
        raise BankError(file, _sentence(error), called) from error


def _sentence(error: ValidationError) -> str:
    """The first problem: field, what is wrong, what to do."""
    first = error.errors()[0]
    # Pydantic puts the kind of a question, and of its answer, among the fields.
    kind, *path = first["loc"] or ("",)
    parts = [
        str(part + 1) if isinstance(part, int) else part
        for place, part in enumerate(path)
        if not (part in _TAGS and place > 0 and path[place - 1] == "answer")
    ]
    field = " ".join(parts) or "kind"
    match first["type"]:
        case "missing":
            return f"{field}: is missing: add it"
        case "extra_forbidden":
            return f"{field}: a question of kind {kind} has no such field: mend its name or drop it"
        case "union_tag_not_found" | "union_tag_invalid":
            wanted = ", by" if path else ""
            tags = "choice, code, number" if path else "card, choice, free, practice, trace"
            return f"{field}{wanted}: is missing or unknown: write one of {tags}"
        case "model_attributes_type" | "model_type":
            return f"{field}: is no mapping: write its fields as “name: value”"
        case "value_error":
            return f"{field}: {first['msg'].removeprefix('Value error, ')}"
    message = first["msg"][:1].lower() + first["msg"][1:]
    return f"{field}: {message}, not {first['input']!r}: change it"


def _misplaced(question: Question, bank: str) -> str | None:
    """What is wrong about where the question says it belongs."""
    if bank != GENERAL:
        if question.section is None:
            return "section: is missing: name the heading in the lesson that answers the question"
        if question.part or question.lesson or question.primer:
            return "part, lesson and primer: are for the general bank only: drop them"
        return None
    if question.part is None:
        return "part: is missing: name the set in which the question is asked"
    wanted, unwanted = question.lesson, question.primer
    if question.part == "entry":
        wanted, unwanted = unwanted, wanted
    if wanted is None or unwanted is not None:
        return "lesson, primer: a question of the entry check has a primer, any other a lesson"
    return None
