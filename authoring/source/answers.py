"""The answer bank of an exercise: right answers, wrong ones that people give, what each earns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from pydantic import BaseModel, ConfigDict, Field, model_validator

from authoring.source import choices
from authoring.source.exercise import Exercise, without_marks
from authoring.source.metadata import understood
from authoring.source.sources import Lesson, SourceCell, read_cells

# By this name an answer is like the exercise's own.
REFERENCE = "reference"
RIGHT_AT_LEAST, WRONG_AT_LEAST = 2, 3


class BankMetadata(BaseModel):
    """What an author may write behind `# %%` in an answer bank."""

    model_config = ConfigDict(extra="forbid", strict=True)

    item: str
    right: str | None = None
    wrong: str | None = None
    answer: str | None = None
    like: str | None = None
    keeps: float = Field(default=0, ge=0)
    hint: str | None = None
    # Written for the numbers that stand in the exercise, where these differ by learner.
    for_zero: bool = False

    @model_validator(mode="after")
    def _one_kind(self) -> BankMetadata:
        if sum(name is not None for name in (self.right, self.wrong, self.answer)) != 1:
            raise ValueError("a cell is right=, or wrong=, or answer= (free text): exactly one")
        if self.wrong is None and (self.keeps or self.hint):
            raise ValueError("keeps and hint belong to a wrong answer")
        if self.wrong is not None and not self.hint:
            raise ValueError("a wrong answer says which hint it earns, hint=")
        return self


@dataclass(frozen=True)
class BankAnswer:
    """One answer to one item. `points` is None where a teacher grades.

    Attributes:
        for_zero: of an exercise that differs by learner, whether it fits the variant 0 alone.
    """

    cell: SourceCell
    item: str
    name: str
    is_right: bool
    points: float | None
    hint: str | None
    for_zero: bool = False

    @property
    def source(self) -> str:
        return self.cell.source


def read_bank(lesson: Lesson, exercise: Exercise) -> list[BankAnswer]:
    """The answers in answers.py, checked against the exercise, and those to its choices.

    Raises:
        SourceError: for an unknown item, a name used twice, points that the item has not got, or an
            item with too few answers.
    """
    path = lesson.folder / "answers.py"
    bank: list[BankAnswer] = []
    for cell in read_cells(path):
        if cell.kind == "markdown" and not cell.metadata:
            continue
        answer = _written_out(_understood(cell, exercise), exercise, bank)
        if any((other.item, other.name) == (answer.item, answer.name) for other in bank):
            raise cell.problem(f"“{answer.item}” has an answer “{answer.name}” already")
        bank.append(answer)
    bank += _to_choices(exercise)
    for item in exercise.items:
        _check_enough(exercise, item, [answer for answer in bank if answer.item == item])
    return bank


def _to_choices(exercise: Exercise) -> Iterator[BankAnswer]:
    """For each choice the right answer in two ways, and every wrong one."""
    for item, question in exercise.choices.items():
        (cell,) = (cell.source for cell in exercise.cells if cell.short.item == item)
        for given in choices.right_answers(question, item):
            source = replace(cell, source=given.line)
            yield BankAnswer(source, item, given.name, True, exercise.points(item), None)
        for given in choices.wrong_answers(question, item):
            source = replace(cell, source=given.line)
            yield BankAnswer(source, item, given.name, False, 0, given.hint)


def _understood(cell: SourceCell, exercise: Exercise) -> BankAnswer:
    short = understood(BankMetadata, cell)
    if short.item not in exercise.items:
        raise cell.problem(f"the exercise has no item “{short.item}”")
    if short.item in exercise.choices:
        raise cell.problem(
            f"the answers to “{short.item}” come from the options of its question: drop this one"
        )
    full = exercise.points(short.item)
    manual = exercise.is_manual(short.item)
    if manual != (short.answer is not None):
        raise cell.problem(
            "answer= is for items that a teacher grades, right= and wrong= for others"
        )
    if short.wrong is not None and short.keeps >= full:
        raise cell.problem(f"a wrong answer can't keep {short.keeps:g} of {full:g} points")
    return BankAnswer(
        cell=cell,
        item=short.item,
        name=short.right or short.wrong or short.answer or "",
        is_right=short.right is not None,
        points=None if manual else full if short.right is not None else short.keeps,
        hint=short.hint,
        for_zero=short.for_zero,
    )


def _written_out(answer: BankAnswer, exercise: Exercise, bank: Sequence[BankAnswer]) -> BankAnswer:
    """The answer whole, where it is written as what it changes of another."""
    like = answer.cell.metadata.get("like")
    if like is None:
        return answer
    known = {other.name: other.source for other in bank if other.item == answer.item}
    (solution,) = (cell for cell in exercise.cells if cell.short.item == answer.item)
    known[REFERENCE] = without_marks(solution.source.source)
    if like not in known:
        raise answer.cell.problem(f"“{answer.item}” has no answer “{like}” above this one")
    lines = known[like].rstrip().splitlines()
    old, new = _change(answer.cell)
    places = [at for at in range(len(lines)) if lines[at : at + len(old)] == old]
    if len(places) != 1:
        told = "\n".join(old)
        raise answer.cell.problem(
            f"“{like}” has these lines {len(places)} times, not once:\n{told}"
        )
    lines[places[0] : places[0] + len(old)] = new
    return replace(answer, cell=replace(answer.cell, source="\n".join(lines)))


def _change(cell: SourceCell) -> tuple[list[str], list[str]]:
    """The lines that go, in a row, and those that come in their place."""
    lines = cell.source.splitlines()
    old = list(takewhile(lambda line: line.startswith("# -"), lines))
    new = lines[len(old) :]
    if not old or not all(line.startswith("# +") for line in new):
        raise cell.problem("behind like= stand lines “# - …”, which go, then “# + …”, which come")
    return [line[4:] for line in old], [line[4:] for line in new]


def _check_enough(exercise: Exercise, item: str, answers: Sequence[BankAnswer]) -> None:
    cell = next(cell for cell in exercise.cells if cell.short.item == item)
    if exercise.is_manual(item):
        if not answers:
            raise cell.source.problem(f"the bank has no text for “{item}”")
        return
    right = sum(answer.is_right for answer in answers)
    if right < RIGHT_AT_LEAST or len(answers) - right < WRONG_AT_LEAST:
        raise cell.source.problem(
            f"the bank has {right} right and {len(answers) - right} wrong answers to “{item}”: "
            f"it needs {RIGHT_AT_LEAST} and {WRONG_AT_LEAST}"
        )
