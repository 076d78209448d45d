"""An exercise as its author writes it, checked, and as the cells of nbgrader's source version."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import nbformat
from pydantic import BaseModel, ConfigDict, Field, model_validator

from authoring.source import choices
from authoring.source.metadata import understood
from authoring.source.questions import Source
from authoring.source.sources import Lesson, SourceCell, read_cells
from coursekit.learn.questions.schema import Choice
from grader.protocol.names import Names, names_of

BEGIN_SOLUTION, END_SOLUTION = "### BEGIN SOLUTION", "### END SOLUTION"
BEGIN_HIDDEN, END_HIDDEN = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"

# Run All goes on after a cell with this tag that fails, as those of items not yet done must.
GOES_ON = "raises-exception"

NEW_CELL = {"code": nbformat.v4.new_code_cell, "markdown": nbformat.v4.new_markdown_cell}

Role = Literal["given", "answer", "manual", "test", "prompt"]


class ShortMetadata(BaseModel):
    """What an author may write behind `# %%` in an exercise."""

    model_config = ConfigDict(extra="forbid", strict=True)

    given: bool = False
    # The only item that needs a given cell, if there is one: others are checked without it.
    of: str | None = None
    item: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9_-]*$")
    answers: list[str] = []
    test: str | None = None
    points: float | None = Field(default=None, gt=0)
    manual: bool = False
    choice: str | None = None
    tags: list[str] = []

    @model_validator(mode="after")
    def _one_role(self) -> ShortMetadata:
        if sum((self.given, self.item is not None, self.test is not None)) > 1:
            raise ValueError("a cell is given, or an item's answer, or a test: only one of them")
        if self.of and not self.given:
            raise ValueError("of= belongs to a given cell")
        if self.item is None and (self.answers or self.manual or self.choice):
            raise ValueError("answers, manual and choice belong to a cell with item=")
        if self.manual and self.answers:
            raise ValueError("a manual item is graded by a teacher: it has no answers to declare")
        if self.choice and (self.manual or self.answers):
            raise ValueError("a choice makes its own answer and test: drop answers= and manual=")
        graded = self.test is not None or self.manual or self.choice is not None
        if graded != (self.points is not None):
            raise ValueError(
                "points stand on tests, manual answers and choices, on each, and nowhere else"
            )
        return self

    @property
    def role(self) -> Role:
        if self.given:
            return "given"
        if self.item is not None:
            return "manual" if self.manual else "answer"
        return "prompt" if self.test is None else "test"


@dataclass(frozen=True)
class ExerciseCell:
    """A source cell with its metadata understood. `grade_id` is nbgrader's name for it."""

    source: SourceCell
    short: ShortMetadata
    grade_id: str

    @property
    def role(self) -> Role:
        return self.short.role

    @property
    def item(self) -> str | None:
        return self.short.item or self.short.test

    @property
    def names(self) -> Names:
        if self.source.kind != "code":
            return Names(frozenset(), frozenset())
        return names_of(self.source.source)

    def parse(self) -> list[ast.stmt]:
        """The statements of its code.

        Raises:
            SourceError: if it is not Python.
        """
        try:
            return ast.parse(self.source.source).body if self.source.kind == "code" else []
        except SyntaxError as error:
            raise self.source.problem(f"not Python: {error.msg}", error.lineno or 0) from error


@dataclass(frozen=True)
class Exercise:
    """A checked exercise.

    Attributes:
        choices: the question that is asked, for each item that is graded multiple choice.
    """

    path: Path
    cells: Sequence[ExerciseCell]
    choices: Mapping[str, Choice] = field(default_factory=dict)

    @property
    def items(self) -> list[str]:
        return [cell.short.item for cell in self.cells if cell.short.item is not None]

    def points(self, item: str) -> float:
        return sum(cell.short.points or 0 for cell in self.cells if cell.item == item)

    def is_manual(self, item: str) -> bool:
        return any(cell.short.item == item and cell.short.manual for cell in self.cells)


def without_marks(source: str) -> str:
    """A solution as a learner would leave it."""
    marks = (BEGIN_SOLUTION, END_SOLUTION)
    return "\n".join(line for line in source.splitlines() if line.strip() not in marks)


def read_exercise(lesson: Lesson) -> Exercise:
    """Reads the exercise.py of a lesson, with the graded questions it asks, and checks it.

    Raises:
        SourceError: for the first mistake found.
    """
    path = lesson.folder / "exercise.py"
    pairs = [(cell, understood(ShortMetadata, cell)) for cell in read_cells(path)]
    asked = _asked(lesson, pairs)
    cells = [
        made
        for source, short in pairs
        for made in (
            _expanded(source, short, asked[short.item])
            if short.choice and short.item
            else [(source, short)]
        )
    ]
    exercise = Exercise(path, _named(cells), asked)
    for cell in exercise.cells:
        cell.parse()
    _check_items(exercise)
    _check_names(exercise)
    return exercise


def _asked(lesson: Lesson, pairs: list[tuple[SourceCell, ShortMetadata]]) -> dict[str, Choice]:
    """The question of each choice item. Every graded question of the lesson is asked, and once."""
    questions = choices.questions_of(lesson)
    asked: dict[str, Choice] = {}
    for source, short in pairs:
        if short.choice is None or short.item is None:
            continue
        question = questions.get(short.choice)
        if question is None:
            raise source.problem(f"questions.yaml has no question “{short.choice}”: mend the id")
        if not isinstance(question, Choice) or not question.graded:
            raise source.problem(
                f"the question “{short.choice}” is no graded choice, so learners have its answer: "
                "name one with graded: true"
            )
        if question in asked.values():
            raise source.problem(f"“{short.choice}” is asked already: name another question")
        if source.kind != "markdown":
            raise source.problem("a choice is markdown: its heading, and what to read before")
        asked[short.item] = question
    for question in questions.values():
        if isinstance(question, Choice) and question.graded and question not in asked.values():
            raise Source(lesson.course, lesson.name).problem(
                question.id,
                f"question “{question.id}” is graded, but no item of the exercise asks it: add "
                f'# %% [markdown] item="…" choice="{question.id}" points=1, or drop graded:',
            )
    return asked


def _expanded(
    source: SourceCell, short: ShortMetadata, question: Choice
) -> Iterator[tuple[SourceCell, ShortMetadata]]:
    """The prompt, the answer cell and the test cell that a choice stands for."""
    item = short.item or ""
    prompt = f"{source.source}\n\n{choices.prompt(question, item)}".strip()
    yield replace(source, source=prompt), ShortMetadata(tags=short.tags)
    answer = "\n".join((BEGIN_SOLUTION, choices.solution(question, item), END_SOLUTION))
    yield (
        replace(source, kind="code", source=answer),
        ShortMetadata(item=item, answers=[choices.name_of(item)]),
    )
    shown, hidden = choices.tests(question, item)
    test = "\n".join((shown, BEGIN_HIDDEN, hidden, END_HIDDEN))
    yield replace(source, kind="code", source=test), ShortMetadata(test=item, points=short.points)


def _named(pairs: list[tuple[SourceCell, ShortMetadata]]) -> list[ExerciseCell]:
    """An answer cell is called by its item, tests and given cells are numbered."""
    counts: Counter[str] = Counter()
    cells = []
    for source, short in pairs:
        prefix = "given" if short.given else f"{short.test}-test"
        counts[prefix] += 1
        cells.append(ExerciseCell(source, short, short.item or f"{prefix}-{counts[prefix]}"))
    return cells


def _check_items(exercise: Exercise) -> None:
    """Items are named once, each has an answer cell, then its tests; tests say what failed."""
    seen: dict[str, ExerciseCell] = {}
    for cell in exercise.cells:
        if cell.short.item is not None:
            if cell.short.item in seen:
                raise cell.source.problem(
                    f"the item “{cell.short.item}” exists already (line "
                    f"{seen[cell.short.item].source.line}): give this one another name"
                )
            seen[cell.short.item] = cell
            _check_answer(cell)
        elif cell.short.test is not None:
            if cell.short.test not in seen:
                raise cell.source.problem(
                    f"a test of “{cell.short.test}”, but no answer cell above it has "
                    f'item="{cell.short.test}": write one, or mend the name'
                )
            if seen[cell.short.test].short.manual:
                raise cell.source.problem(
                    f"“{cell.short.test}” is graded by a teacher: it has no tests"
                )
            _check_test(cell)
        elif cell.role == "given" and cell.source.kind != "code":
            raise cell.source.problem("only code is given; a prompt needs no metadata")
    for item, cell in seen.items():
        if not cell.short.manual and exercise.points(item) == 0:
            raise cell.source.problem(
                f'“{item}” has no test: add one (# %% test="{item}" points=1), or manual=true'
            )


def _check_answer(cell: ExerciseCell) -> None:
    lines = [line.strip() for line in cell.source.source.splitlines()]
    if lines.count(BEGIN_SOLUTION) != 1 or lines.count(END_SOLUTION) != 1:
        raise cell.source.problem(
            f"“{cell.short.item}”: put the solution between {BEGIN_SOLUTION} and {END_SOLUTION}"
        )
    if cell.short.manual:
        return
    if cell.source.kind != "code" or not cell.short.answers:
        raise cell.source.problem(
            f"“{cell.short.item}”: an answer cell is code and declares what it leaves behind, "
            'answers=["name"]; free text is manual=true'
        )


def _check_test(cell: ExerciseCell) -> None:
    if cell.source.kind != "code":
        raise cell.source.problem("a test is code")
    statements = cell.parse()
    if statements and isinstance(statements[-1], ast.Expr):
        raise cell.source.problem(
            "end a test with an assert: nbgrader takes the value of a last expression for points",
            statements[-1].lineno,
        )
    for node in ast.walk(ast.Module(statements, [])):
        if isinstance(node, ast.Assert) and node.msg is None:
            raise cell.source.problem("say in a message what this assert asks", node.lineno)


def _check_names(exercise: Exercise) -> None:
    """A test reads answers, given names, builtins, its own names, and of an earlier test's those
    that are there even if that one fails."""
    answers = {name for cell in exercise.cells for name in cell.short.answers}
    given: set[str] = set()
    known: set[str] = set()
    may_fail = set(answers)
    may_be_missing: set[str] = set()
    for cell in exercise.cells:
        names = cell.names
        if cell.role == "given":
            if read := names.read & answers - given:
                raise cell.source.problem(
                    f"a given cell reads the answer {_listed(read)}, which is not there yet when "
                    "the tests' side runs it: move that line into a test"
                )
            if read := names.read - given:
                raise cell.source.problem(
                    f"{_listed(read)} is read, but no given cell above defines it"
                )
            given |= names.bound
            known |= names.bound
        elif cell.role == "answer":
            if missing := set(cell.short.answers) - names.bound - given:
                raise cell.source.problem(
                    f"the solution does not define {_listed(missing)}, declared in answers="
                )
            known |= set(cell.short.answers)
        elif cell.role == "test":
            if taken := names.bound & answers:
                raise cell.source.problem(
                    f"the test binds {_listed(taken)}, which is an answer: who runs the answer's "
                    "tests afterwards gets a wrong verdict. Call it something else"
                )
            if unsure := names.read & may_be_missing - known:
                raise cell.source.problem(
                    f"the test reads {_listed(unsure)}, which an earlier test defines after what "
                    "may fail there, so that one mistake costs two points: define it here, or at "
                    "the top of that test"
                )
            if unknown := names.read - known:
                raise cell.source.problem(
                    f"the test reads {_listed(unknown)}, which no answer, given cell, builtin or "
                    "earlier test defines: declare it in answers=, or define it here"
                )
            certain = _certain(cell, may_fail)
            known |= certain
            may_be_missing |= names.bound - certain


def _certain(cell: ExerciseCell, may_fail: set[str]) -> frozenset[str]:
    """What a test defines whatever the answers are: all before its first assert or use of one.

    Functions of the test that use an answer are added to `may_fail`.
    """
    certain: list[ast.stmt] = []
    for statement in cell.parse():
        uses = names_of(ast.unparse(statement)).used & may_fail
        if isinstance(statement, ast.FunctionDef):
            may_fail.update({statement.name} if uses else ())
        elif uses or any(isinstance(node, ast.Assert) for node in ast.walk(statement)):
            break
        certain.append(statement)
    return names_of(ast.unparse(ast.Module(certain, []))).bound


def _listed(names: set[str] | frozenset[str]) -> str:
    return ", ".join(sorted(names))


def instructor_cells(exercise: Exercise) -> list[nbformat.NotebookNode]:
    """The cells of nbgrader's source version, with `metadata.course` beside nbgrader's own."""
    cells = []
    for cell in exercise.cells:
        node = NEW_CELL[cell.source.kind](cell.source.source)
        tags = [*cell.short.tags, *([GOES_ON] if cell.role in ("answer", "test") else [])]
        if tags:
            node.metadata["tags"] = tags
        if cell.role != "prompt":
            node.metadata["nbgrader"] = _nbgrader(cell)
            node.metadata["course"] = _course(cell)
        cells.append(node)
    return cells


def _nbgrader(cell: ExerciseCell) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "schema_version": 3,
        "grade_id": cell.grade_id,
        "grade": cell.role in ("test", "manual"),
        "solution": cell.role in ("answer", "manual"),
        "locked": cell.role in ("test", "given"),
        "task": False,
    }
    if cell.short.points is not None:
        metadata["points"] = cell.short.points
    return metadata


def _course(cell: ExerciseCell) -> dict[str, Any]:
    if cell.role == "given":
        return {"given": True} | ({"of": cell.short.of} if cell.short.of else {})
    if cell.role == "answer":
        return {"item": cell.short.item, "answers": cell.short.answers}
    return {"item": cell.item}
