"""`authoring mutation`: would the tests notice a small mistake in a reference answer?

Cosmic Ray's operators change each reference answer in one place at a time: another operator, a
number one higher, a condition turned round, a loop that never runs. Every such mutant is handed in
like an answer and must lose points. Some are no mistakes; a person has looked at those, and says
why in course/NN_name/equivalent_mutants.yaml. Whatever else survives is a gap in the tests.
"""

from __future__ import annotations

import ast
import difflib
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import yaml
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from authoring.check.answers import engine_for, lone_items
from authoring.source.exercise import read_exercise
from authoring.source.problems import SourceError
from authoring.source.sources import Lesson, Sources
from grader import Engine, grade_one

LISTED = "equivalent_mutants.yaml"
# Of all mutants of the course, how many must lose points at least.
SHARE = 0.95
# Seconds a cell may take. A mutant may loop for ever, which is a way to be noticed.
TIMEOUT = 10.0


@dataclass(frozen=True, order=True)
class Change:
    """What makes a mutant: in an item's reference answer, one line reads differently."""

    item: str
    line: str
    becomes: str

    def __str__(self) -> str:
        return f"{self.item}: “{self.line}” → “{self.becomes}”"


@dataclass(frozen=True)
class Mutant:
    """A reference answer with one change."""

    change: Change
    source: str


@dataclass(frozen=True)
class Tried:
    """A mutant that was handed in.

    Attributes:
        points: what it got; None if only a teacher could tell.
        full: what the reference answer gets.
    """

    change: Change
    points: float | None
    full: float

    @property
    def survived(self) -> bool:
        """Whether no test noticed."""
        return self.points is None or self.points >= self.full


class Equivalent(BaseModel):
    """An entry of the list: mutants of one line that are no mistakes.

    Attributes:
        item: whose reference answer it is.
        line: the line of the answer, without its indentation.
        becomes: the line in each of the mutants.
        because: why no test could, or should, take points for it.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    item: str
    line: str
    becomes: list[str]
    because: str


def engine(course: Sources) -> Engine:
    """An engine that soon gives up on a mutant.

    Raises:
        GraderError: when the course has not been built, or something of it is missing.
    """
    return engine_for(course, TIMEOUT)


def mutants(lesson: Lesson) -> Iterator[Mutant]:
    """Every mutant of every reference answer that tests grade."""
    for cell in read_exercise(lesson).cells:
        if cell.role == "answer":
            yield from _mutants_of(cell.item or "", cell.source.source)


def tried(lesson: Lesson, engine: Engine) -> Iterator[Tried]:
    """Hands in every mutant, each item by itself as in `authoring check`."""
    with ThreadPoolExecutor(os.cpu_count()) as workers:
        for lone in lone_items(lesson):
            found = list(_mutants_of(lone.item, lone.reference))
            handed_in = [lone.answered(mutant.source) for mutant in found]
            results = workers.map(partial(grade_one, lone.assignment, engine=engine), handed_in)
            for mutant, result in zip(found, results, strict=True):
                yield Tried(mutant.change, result.item(lone.item).score, lone.points)


def listed(lesson: Lesson) -> Counter[Change]:
    """The mutants that a person has found to be no mistakes. Without a file, none.

    Raises:
        SourceError: if the file can't be read, or names a mutant that there is not (any more).
    """
    path = lesson.folder / LISTED
    if not path.is_file():
        return Counter()
    try:
        entries = TypeAdapter(list[Equivalent]).validate_python(
            yaml.safe_load(path.read_text(encoding="utf-8"))
        )
    except (yaml.YAMLError, ValidationError) as error:
        raise SourceError(path, 1, f"not a list of equivalent mutants: {error}") from error
    found = Counter(
        Change(entry.item, entry.line, line) for entry in entries for line in entry.becomes
    )
    for change in found - Counter(mutant.change for mutant in mutants(lesson)):
        raise SourceError(path, 1, f"there is no such mutant (any more), take it out: {change}")
    return found


def by_item(outcomes: Sequence[Tried]) -> dict[str, tuple[int, int]]:
    """By item, how many mutants there were and how many of them survived."""
    count = Counter(one.change.item for one in outcomes)
    survived = Counter(one.change.item for one in outcomes if one.survived)
    return {item: (count[item], survived[item]) for item in count}


def share(outcomes: Sequence[Tried]) -> float:
    """The share of mutants that lose points; 1 if there are none."""
    return 1 - sum(one.survived for one in outcomes) / max(1, len(outcomes))


def differences(
    outcomes: Sequence[Tried], equivalent: Counter[Change]
) -> tuple[list[Change], list[Change]]:
    """Survivors that are not on the list, and mutants on the list that the tests do notice."""
    survivors = Counter(one.change for one in outcomes if one.survived)
    return sorted((survivors - equivalent).elements()), sorted((equivalent - survivors).elements())


def _mutants_of(item: str, original: str) -> Iterator[Mutant]:
    for name in operator_names():
        operator = get_operator(name)
        if operator.arguments():
            continue  # It wants to be told which variable, and puts a random number in its place.
        number = 0
        while (source := mutate_code(original, operator(), number)) is not None:
            number += 1
            if _is_python(source):
                yield Mutant(_change(item, original, source), source)


def _is_python(source: str) -> bool:
    """Cosmic Ray makes `x & not y` of `x & ~y`."""
    try:
        ast.parse(source)
    except SyntaxError:
        return False
    return True


def _change(item: str, original: str, source: str) -> Change:
    lines = list(difflib.ndiff(original.splitlines(), source.splitlines()))
    (was,) = (line[2:].strip() for line in lines if line.startswith("- "))
    (becomes,) = (line[2:].strip() for line in lines if line.startswith("+ "))
    return Change(item, was, becomes)
