"""`authoring check`: does each exercise's test set tell right answers from wrong ones?

The reference solution must get every point, the release version none, and each bank answer exactly
the points and the hint that the bank says. Each item is run by itself, with the given cells: an
item that needs another's answer fails here. And every test must be one that can be judged apart
from the code, with the answers that the exercise declares.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from nbformat import NotebookNode

from authoring.build.notebook import instructor_notebook
from authoring.build.release import release_notebooks
from authoring.source.answers import BankAnswer, read_bank
from authoring.source.exercise import read_exercise
from authoring.source.problems import SourceError
from authoring.source.sources import Lesson, Sources
from grader import Assignment, Course, Engine, grade_one
from grader.host import kept_contracts
from grader.host.clerk import Clerks
from grader.host.contract import Clause
from grader.host.course import variants
from grader.host.course.course import not_released
from grader.host.engine.settings import EngineSettings
from grader.host.get_contract import get_contract
from grader.host.grade import READ, reading
from grader.host.settings import TIMEOUT

# Answers at a time, each on a core of its own.
WORKERS = 2


@dataclass(frozen=True)
class Verdict:
    """How one answer to one item fared.

    Attributes:
        item: its name.
        answer: what the answer is called.
        points: what it got.
        wanted: what it should have got.
        messages: what the failed tests said.
        hint: what one of the messages should hold; None if nothing is asked.
    """

    item: str
    answer: str
    points: float
    wanted: float
    messages: tuple[str, ...]
    hint: str | None = None

    @property
    def holds(self) -> bool:
        """Whether points and hint are as they should be."""
        heard = self.hint is None or any(self.hint in message for message in self.messages)
        return self.points == self.wanted and heard

    def __str__(self) -> str:
        told = " | ".join(self.messages) or "nothing"
        wish = f", and the hint “{self.hint}”" if self.hint else ""
        return (
            f"{self.item}, “{self.answer}”: {self.points:g} points, "
            f"should be {self.wanted:g}{wish}. The tests said: {told}"
        )


def engine_for(course: Sources, timeout: float = TIMEOUT) -> Engine:
    """An engine in which exercises of the course find what they import and read.

    Its limits are those that a class is graded with, so that both have the same contracts, unless
    another `timeout` is given.

    Raises:
        GraderError: when the course has not been built, or something of it is missing.
    """
    shown = Course.open(course.root).shown
    return Engine(EngineSettings(timeout=timeout, show=shown, keep=kept_contracts.folder()))


@dataclass(frozen=True)
class Lone:
    """An item of an exercise by itself, with the given cells.

    Attributes:
        reference: its reference answer.
        points: what that gets.
        stub: its release version.
    """

    item: str
    reference: str
    points: float
    stub: NotebookNode
    assignment: Assignment

    def answered(self, source: str) -> NotebookNode:
        """What is handed in: the release version with this in its answer cell."""
        answered = copy.deepcopy(self.stub)
        (cell,) = (cell for cell in answered.cells if cell.metadata.nbgrader.solution)
        cell.source = source
        return answered


def lone_items(lesson: Lesson, variant: int = 0) -> Iterator[Lone]:
    """Every item that tests grade, by itself; with a variant, those that differ by learner."""
    exercise = read_exercise(lesson)
    instructor = instructor_notebook(lesson)
    release = release_notebooks([(lesson.name, instructor)])[lesson.name]
    for_tests = not_released(lesson.solution.parent, lesson.exercise.parent)
    for cell in exercise.cells:
        if cell.role == "answer":
            item = cell.item or ""
            stub, solved = _alone(release, item), _alone(instructor, item)
            if variant:
                if not any(variants.places(solved, lesson.name)):
                    continue
                stub, solved = (
                    variants.numbered(one, variant, lesson.name) for one in (stub, solved)
                )
            assignment = Assignment.from_notebooks(
                item, {item: solved}, {item: stub}, for_tests=for_tests
            )
            yield Lone(item, cell.source.source, exercise.points(item), stub, assignment)


def verdicts(lesson: Lesson, engine: Engine, variant: int = 0) -> Iterator[Verdict]:
    """Grades every answer to every item with tests: reference, release stub, then the bank.

    Args:
        variant: with a number, only items that differ by learner, as one with this number has them,
            and answers that fit any.
    """
    bank = read_bank(lesson, read_exercise(lesson))
    if variant:
        bank = [answer for answer in bank if not answer.for_zero]
    lones = list(lone_items(lesson, variant))
    if not lones:
        return
    # The warm process ends with the thread that starts it, and clerks are forked before others are.
    engine.rooms.start()
    job = reading({lone.item: lone.assignment for lone in lones})
    with Clerks({READ: job}) as clerks, ThreadPoolExecutor(WORKERS) as pool:
        yield from pool.map(
            lambda handed_in: handed_in.graded(engine, clerks),
            [one for lone in lones for one in _handed_in(lone, bank)],
        )


@dataclass(frozen=True)
class _HandedIn:
    """An answer to an item, and what it should get."""

    lone: Lone
    answer: str
    notebook: NotebookNode
    wanted: float
    hint: str | None = None

    def graded(self, engine: Engine, clerks: Clerks) -> Verdict:
        item = self.lone.item
        got = grade_one(self.lone.assignment, self.notebook, engine, clerks=clerks).item(item)
        messages = tuple(got.messages)
        return Verdict(item, self.answer, got.score or 0, self.wanted, messages, self.hint)


def _handed_in(lone: Lone, bank: Sequence[BankAnswer]) -> Iterator[_HandedIn]:
    yield _HandedIn(lone, "reference", lone.answered(lone.reference), lone.points)
    yield _HandedIn(lone, "untouched", lone.stub, 0)
    for answer in bank:
        if answer.item == lone.item:
            notebook = lone.answered(answer.source)
            yield _HandedIn(lone, answer.name, notebook, answer.points or 0, answer.hint)


def faults(lesson: Lesson, engine: Engine) -> Iterator[SourceError]:
    """What keeps the exercise's tests from being judged apart from the code."""
    instructor = instructor_notebook(lesson)
    release = release_notebooks([(lesson.name, instructor)])
    for_tests = not_released(lesson.solution.parent, lesson.exercise.parent)
    assignment = Assignment.from_notebooks(
        lesson.name, {lesson.name: instructor}, release, for_tests=for_tests
    )
    contract = get_contract(assignment, lesson.name, engine)
    for cell in read_exercise(lesson).cells:
        if cell.role == "test":
            for text in _faults(contract.tests[cell.grade_id]):
                yield cell.source.problem(f"the test of “{cell.short.test}” {text}")


def _faults(clause: Clause) -> Iterator[str]:
    if clause.broken is not None:
        yield f"is broken: {clause.broken}"
    elif clause.live is not None:
        yield (
            f"can't be judged apart from the code: {clause.live}; write it so that it needs only "
            "values, and functions to call"
        )
    for name in clause.undeclared:
        yield (
            f"reads {name}, which the reference solution changes: declare it in answers=, or "
            "leave it as it was given"
        )


def _alone(notebook: NotebookNode, item: str) -> NotebookNode:
    """The given cells, without those of others, and the cells of one item."""
    alone = copy.deepcopy(notebook)
    alone.cells = [
        cell
        for cell in alone.cells
        if (course := cell.metadata.get("course"))
        and course.get("item", item) == course.get("of", item) == item
    ]
    return alone
