"""`authoring check`: does each exercise's test set tell right answers from wrong ones?

The reference solution must get every point, the release version none, and each bank answer exactly
the points and the hint that the bank says. Each item is run by itself, with the given cells: an
item that needs another's answer fails here.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from authoring.bank import read_bank
from authoring.exercise import Exercise, read_exercise
from authoring.given import changed_given
from authoring.notebook import instructor_notebook
from authoring.release import release_notebooks
from authoring.sources import Lesson
from grader.player import Error, Output, Player

TIMEOUT = 60.0


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


def verdicts(lesson: Lesson, player: Player) -> Iterator[Verdict]:
    """Runs every answer to every item that tests grade: reference, release stub, then the bank."""
    exercise = read_exercise(lesson.folder / "exercise.py")
    bank = read_bank(lesson, exercise)
    stubs = _stubs(lesson)
    for cell in exercise.cells:
        if cell.role != "answer":
            continue
        item = cell.short.item or ""
        full = exercise.points(item)
        yield _verdict(exercise, player, item, "reference", cell.source.source, full)
        yield _verdict(exercise, player, item, "untouched", stubs[item], 0)
        for answer in bank:
            if answer.item == item:
                wanted = answer.points or 0
                yield _verdict(
                    exercise, player, item, answer.name, answer.source, wanted, answer.hint
                )


def undeclared_changes(lesson: Lesson, player: Player) -> set[str]:
    """Given values that the reference solution changes without declaring them as answers."""
    return changed_given(read_exercise(lesson.folder / "exercise.py"), player)


def _stubs(lesson: Lesson) -> dict[str, str]:
    """What learners find in each answer cell."""
    release = release_notebooks([(lesson.name, instructor_notebook(lesson))])[lesson.name]
    return {
        cell.metadata.course["item"]: cell.source
        for cell in release.cells
        if cell.metadata.get("nbgrader", {}).get("solution")
    }


def _verdict(
    exercise: Exercise,
    player: Player,
    item: str,
    answer: str,
    source: str,
    wanted: float,
    hint: str | None = None,
) -> Verdict:
    cells = [cell for cell in exercise.cells if cell.role == "given" or cell.item == item]
    sources = [source if cell.role == "answer" else cell.source.source for cell in cells]
    with tempfile.TemporaryDirectory() as folder:
        played = player.play(sources, Path(folder)).played
    points = 0.0
    messages = []
    for number, cell in enumerate(cells):
        failure = _failure(played[number].outputs) if number in played else "was not run"
        if cell.role == "test":
            points += 0 if failure else cell.short.points or 0
            messages += [failure] if failure else []
        elif failure:
            messages.append(f"(in the {cell.role} cell: {failure})")
    return Verdict(item, answer, points, wanted, tuple(messages), hint)


def _failure(outputs: Sequence[Output]) -> str | None:
    errors = [output for output in outputs if isinstance(output, Error)]
    return f"{errors[0].ename}: {errors[0].evalue}" if errors else None
