"""What a saved exercise passes, as far as its learner can see: `coursekit check 07`.

Its cells are run from the top in a fresh kernel, each in limited time, and the run goes on after
whatever fails. Every item gets a line by its title. Nobody is graded: hidden checks come on top.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from coursekit.exercises.items import (
    Cell,
    Exercise,
    ExerciseError,
    Item,
    grade_id,
    is_as_released,
    is_changed,
    learners_exercise,
    nbgrader,
    source,
)
from coursekit.exercises.kernel import Ending, Kernel
from coursekit.exercises.folders import WorkspaceError, course_root

State = Literal["passes", "written", "to do", "wrong"]

SIGNS: Mapping[State, str] = {"passes": "✓", "written": "✓", "to do": "○", "wrong": "✗"}
# Seconds for what a learner wrote and for the tests, as when it is graded: in lesson 15 they train.
SECONDS = 30.0
# For given cells, which import: TensorFlow alone takes ten seconds and more.
GIVEN_SECONDS = 120.0
# How often cells are run again because one ended Python.
MAX_RESTARTS = 5


def line(state: State, title: str, text: str) -> str:
    """What is said of an item: a sign, its title, a sentence."""
    # No colon: titles may be questions.
    return f"{SIGNS[state]} {title} – {text}"


@dataclass(frozen=True)
class Finding:
    """How an item stands: its title, and a sentence."""

    title: str
    state: State
    text: str

    def __str__(self) -> str:
        return line(self.state, self.title, self.text)


@dataclass(frozen=True)
class Checked:
    """How an exercise stands.

    Attributes:
        notes: on cells that belong to no item, a sentence each.
        hidden: how many more checks are made when it is marked.
    """

    items: tuple[Finding, ...]
    notes: tuple[str, ...]
    hidden: int

    @property
    def is_complete(self) -> bool:
        """Whether nothing that can be seen is left to do."""
        return not self.notes and all(item.state in ("passes", "written") for item in self.items)

    @property
    def summary(self) -> str:
        """All items in two sentences."""
        counts = {state: sum(item.state == state for item in self.items) for state in SIGNS}
        parts = [f"{counts['passes']} of {len(self.items)} pass what you can see"]
        if counts["written"]:
            parts.append(f"{counts['written']} written for somebody to read")
        parts += [f"{counts[state]} {state}" for state in ("wrong", "to do") if counts[state]]
        more = f"{self.hidden} more check{'s are' if self.hidden != 1 else ' is'} kept for hand-in."
        return f"{', '.join(parts)}. {more}"

    @property
    def lines(self) -> list[str]:
        """All there is to say."""
        return [*map(str, self.items), *(f"✗ {note}" for note in self.notes), self.summary]


def check(path: Path, seconds: float = SECONDS) -> Checked:
    """Runs a saved exercise.

    Args:
        seconds: that a cell may take, unless it is given.

    Raises:
        ExerciseError: when it can't be read, or is no exercise.
    """
    exercise = Exercise.read(path)
    with Kernel(path.resolve().parent) as kernel:
        run = _Run(exercise, kernel, seconds)
        run.all()
    return Checked(
        tuple(run.finding(item) for item in exercise.items),
        tuple(run.notes),
        sum(item.hidden for item in exercise.items),
    )


class _Run:
    """One run from the top, and what came of it.

    Attributes:
        notes: on cells that belong to no item.
    """

    def __init__(self, exercise: Exercise, kernel: Kernel, seconds: float) -> None:
        self.notes: list[str] = []
        self._exercise = exercise
        self._kernel = kernel
        self._seconds = seconds
        self._owner = {item.name: item for item in exercise.items}
        self._owner |= {test: item for item in exercise.items for test in item.tests}
        self._endings: dict[str, Ending] = {}
        # What is run again when Python ended.
        self._past: list[tuple[str, float]] = []
        self._restarts = 0

    def all(self) -> None:
        """Runs every cell that can say something."""
        for cell in self._exercise.cells:
            name = grade_id(cell)
            item = self._owner.get(name)
            is_first = cell is self._exercise.named.get(name)
            if cell.get("cell_type") != "code" or not source(cell).strip():
                continue
            if item is None or not is_first:
                self._run_other(cell)
            elif name == item.name:
                self._run_answer(cell, item)
            elif self._is_answered(item):
                self._endings[name] = self._ran(cell, self._seconds, keep=False)

    def _run_answer(self, cell: Cell, item: Item) -> None:
        if not is_as_released(cell):
            self._endings[item.name] = self._ran(cell, self._seconds)

    def _is_answered(self, item: Item) -> bool:
        ending = self._endings.get(item.name)
        return ending is not None and ending.how == "fine"

    def _run_other(self, cell: Cell) -> None:
        """A given cell, or one that the learner added."""
        is_given = bool(nbgrader(cell).get("locked"))
        ending = self._ran(cell, GIVEN_SECONDS if is_given else self._seconds)
        if ending.how != "fine":
            first = next(line for line in source(cell).splitlines() if line.strip())
            whose = "A given cell" if is_given else "A cell of yours"
            said = _sentence(ending, GIVEN_SECONDS if is_given else self._seconds, ending.count)
            self.notes.append(f"{whose} that begins with “{first.strip()}”: {said}")

    def _ran(self, cell: Cell, seconds: float, keep: bool = True) -> Ending:
        """Runs a cell; if that costs the kernel, a new one gets what the old one knew."""
        ending = self._kernel.run(source(cell), seconds)
        if self._kernel.lost:
            self._restarts += 1
            if self._restarts > MAX_RESTARTS:
                raise ExerciseError(
                    f"{self._exercise.path.name} ended Python {self._restarts} times: mend what "
                    "its cells do to the process, one after the other."
                )
            self._kernel.restart()
            for past, limit in self._past:
                self._kernel.run(past, limit)
        elif keep and ending.how == "fine":
            self._past.append((source(cell), seconds))
        return ending

    def finding(self, item: Item) -> Finding:
        """How an item stands."""
        state, text = self._state(item)
        return Finding(item.title, state, text)

    def _state(self, item: Item) -> tuple[State, str]:
        cell = self._exercise.named.get(item.name)
        if cell is None:
            return "wrong", "its answer cell is gone: copy it from a fresh copy of the exercise."
        is_blank = is_as_released(cell) or not source(cell).strip()
        if is_blank:
            return "to do", "not done yet."
        if item.is_text:
            return "written", "written. Somebody has to read it."
        ending = self._endings[item.name]
        if ending.how != "fine":
            return "wrong", _sentence(ending, self._seconds, ending.count)
        for test in item.tests:
            if said := self._failure(test, ending.count):
                return "wrong", said
        more = f"{item.hidden} more check{'s' * (item.hidden != 1)} at hand-in"
        return "passes", f"passes what you can see; {more}."

    def _failure(self, test: str, answer: int) -> str:
        """What is wrong with a test or what it says; nothing if it holds.

        Args:
            answer: the number of the cell with the answer.
        """
        cell = self._exercise.named.get(test)
        if cell is None or test not in self._endings:
            return f"the test cell {test} is gone: copy it from a fresh copy of the exercise."
        if is_changed(cell):
            return f"the test cell {test} was changed: copy it from a fresh copy of the exercise."
        ending = self._endings[test]
        if ending.how == "fine":
            return ""
        return _sentence(ending, self._seconds, answer, of_test=True)


def _sentence(ending: Ending, seconds: float, count: int, of_test: bool = False) -> str:
    """How a cell ended, for who wrote it.

    Args:
        count: the number of the cell with the answer.
        of_test: whether a test ended so, which may have called the answer.
    """
    whose = " of your answer" if of_test else ""
    match ending.how:
        case "slow":
            took = f"took longer than {seconds:g} s: is there a loop without an end?"
            return f"a test {took}" if of_test else took
        case "died":
            when = " when a test called it" if of_test else ""
            return f"your code ended Python{when}."
    if of_test and ending.name == "AssertionError":
        return ending.text.strip() or "a test does not hold."
    if ending.name == "NotImplementedError" and not ending.text:
        return "`raise NotImplementedError()` still stands in it: take that line out."
    number = ending.line_in(count)
    where = f" in line {number}{whose}" if number else ""
    told = " ".join(ending.text.split())
    return (
        f"{ending.name}{where}" + (f": {told}" if told else "") + ("" if told[-1:] == "." else ".")
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 0 if nothing that can be seen is left to do, 2 if nothing could be checked."""
    parser = argparse.ArgumentParser(
        prog="check", description="What does an exercise pass of what can be seen?"
    )
    parser.add_argument("exercise", help="a lesson's number, as in 07, or a notebook file")
    parser.add_argument("--json", action="store_true", help="for programs")
    asked = parser.parse_args(arguments)
    try:
        named = Path(asked.exercise)
        path = named if named.is_file() else learners_exercise(course_root(), asked.exercise)
        checked = check(path)
    except (ExerciseError, WorkspaceError) as error:
        print(json.dumps({"error": str(error)}) if asked.json else str(error))
        return 2
    if asked.json:
        print(json.dumps(asdict(checked) | {"lines": checked.lines}))
    else:
        print("\n".join(checked.lines))
    return 0 if checked.is_complete else 1


if __name__ == "__main__":
    sys.exit(main())
