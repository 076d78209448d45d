"""`authoring sample-class`: a made-up class whose marks are known, from the answer banks.

Every submission is put together from bank answers, so what each must earn follows from the bank.
The class is right in different styles, partly right, holds every misconception of the banks, and is
damaged in the ways that files get damaged on their way to a teacher.
"""

from __future__ import annotations

import copy
import csv
import math
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, count
from pathlib import Path

import nbformat

from authoring.source.answers import BankAnswer, read_bank
from authoring.source.exercise import Exercise, read_exercise, without_marks
from authoring.source.sources import Lesson, Sources

DUE = "2026-03-02 12:00:00 UTC"
IN_TIME = "2026-03-01 18:30:00 UTC"
LATE = "2026-03-03 09:15:00 UTC"

# Submissions with right answers alone, beside the reference.
STYLES = 2

# Below the course's folder: where it is made, and the marks that it must get.
SUBMITTED = Path(".build", "sample_class", "submitted")
EXPECTED = Path("course", "sample_class.csv")

Notebook = nbformat.NotebookNode


@dataclass(frozen=True)
class Given:
    """An answer that a made-up student gives.

    Attributes:
        points: what it must get; None where a teacher grades.
        hint: a part of what a failed test must say of it; None if nothing is asked.
    """

    source: str
    points: float | None
    hint: str | None = None


@dataclass(frozen=True)
class Draft:
    """What a made-up student hands in, before it becomes a file."""

    answers: Mapping[str, Given]
    timestamp: str = IN_TIME
    damage: Callable[[Path, Notebook], None] | None = None
    rejected: bool = False


@dataclass(frozen=True)
class Desk:
    """An exercise with its bank, for putting submissions together."""

    lesson: Lesson
    exercise: Exercise
    bank: Sequence[BankAnswer]

    @classmethod
    def of(cls, lesson: Lesson) -> Desk:
        exercise = read_exercise(lesson)
        return cls(lesson, exercise, read_bank(lesson, exercise))

    def reference(self) -> dict[str, Given]:
        """Every item as its author solves it."""
        return {
            cell.short.item: Given(
                without_marks(cell.source.source),
                None if cell.short.manual else self.exercise.points(cell.short.item),
            )
            for cell in self.exercise.cells
            if cell.short.item is not None
        }

    def style(self, number: int) -> dict[str, Given]:
        """Every item by the right answer of that number in its bank."""
        return {item: self._pick(item, number, is_right=True) for item in self.exercise.items}

    @property
    def styles(self) -> int:
        """How many right answers the item with the most of them has."""
        return max(len(self._of(item, is_right=True)) for item in self.exercise.items)

    def mixed(self) -> Iterator[dict[str, Given]]:
        """Submissions that together hold every wrong answer of the bank, each once.

        In the first few each item is right in two, and no two items in the same two. So each is
        right once without any other, which is wrong there or, in every other submission, blank: an
        answer that needs another item's is found without it.
        """
        wrong = {item: self._of(item, is_right=False) for item in self.exercise.items}
        first = next(number for number in count(2) if math.comb(number, 2) >= len(wrong))
        pairs = sorted(combinations(range(first), 2), key=lambda pair: sum(n % 2 for n in pair))
        # Whoever has the fewest wrong answers is right where others are wrong.
        right = dict(zip(sorted(wrong, key=lambda item: len(wrong[item])), pairs, strict=False))
        left = {item: iter(answers) for item, answers in wrong.items()}
        for number in count():
            given = {
                item: self._pick(item, STYLES + pair.index(number), is_right=True)
                for item, pair in right.items()
                if number in pair
            }
            if number >= first or number % 2 == 0:
                for item in [item for item in wrong if item not in given]:
                    if (answer := next(left[item], None)) is not None:
                        given[item] = self._given(answer)
            if not given:
                return
            yield given

    def _of(self, item: str, *, is_right: bool) -> list[BankAnswer]:
        manual = self.exercise.is_manual(item)
        return [a for a in self.bank if a.item == item and (manual or a.is_right == is_right)]

    def _pick(self, item: str, number: int, *, is_right: bool) -> Given:
        answers = self._of(item, is_right=is_right)
        return self._given(answers[number % len(answers)])

    @staticmethod
    def _given(answer: BankAnswer) -> Given:
        return Given(answer.source, answer.points, answer.hint)


def main(course: Sources, names: Sequence[str], submitted: Path, expected: Path) -> int:
    """Writes `submitted`/STUDENT/ASSIGNMENT/ for the lessons named, and the marks it must get.

    The lessons' exercises must have been built.

    Returns:
        How many submissions there are.
    """
    desks = [Desk.of(course.lesson(name)) for name in names]
    shutil.rmtree(submitted, ignore_errors=True)
    rows = []
    for desk, student, draft in drafts(desks):
        hand_in(desk, draft, submitted / student / desk.lesson.name)
        rows.append(_expected(desk, student, draft))
    _write_expected(expected, desks, rows)
    return len(rows)


def drafts(desks: Sequence[Desk]) -> Iterator[tuple[Desk, str, Draft]]:
    """Who hands in what: exercise, student, and the draft."""
    for number, desk in enumerate(desks):
        found = [*_class_of(desk), *_damaged(desk, number, len(desks))]
        yield from ((desk, f"s{place:02}", draft) for place, draft in enumerate(found, 1))


def _class_of(desk: Desk) -> Iterator[Draft]:
    yield Draft(desk.reference())
    yield Draft(desk.style(0))
    yield Draft(desk.style(1), timestamp=LATE)
    yield from (Draft(answers) for answers in desk.mixed())
    yield from (Draft(desk.style(number)) for number in range(STYLES + 2, desk.styles))
    yield Draft({})


def _damaged(desk: Desk, number: int, of: int) -> Iterator[Draft]:
    """This exercise's share of the damage; each kind happens to one exercise."""
    reference = desk.reference()
    graded = [item for item in desk.exercise.items if not desk.exercise.is_manual(item)]
    first, second, third = graded[0], graded[1], graded[2]
    broken = [
        Draft(reference | {first: Given("def answer(:\n    return 1", 0)}),
        Draft(reference | {second: Given("while True:\n    pass", 0)}),
        Draft(reference | {third: Given("import sys\n\nsys.exit(1)", 0)}),
        Draft(reference, damage=_delete_a_test),
        Draft(reference, damage=_strip_metadata),
        Draft(reference, damage=_duplicate_an_answer),
        Draft(reference, damage=_cut_off, rejected=True),
        Draft(reference, damage=_misname),
        Draft(reference, damage=_remove, rejected=True),
    ]
    return iter(broken[number::of])


def _delete_a_test(path: Path, notebook: Notebook) -> None:
    tests = [c for c in notebook.cells if "points" in c.metadata.get("nbgrader", {})]
    notebook.cells.remove(tests[0])
    nbformat.write(notebook, path)


def _strip_metadata(path: Path, notebook: Notebook) -> None:
    """As some editors do: no metadata, no ids, outputs gone."""
    for cell in notebook.cells:
        cell.metadata.clear()
        del cell["id"]
    notebook.nbformat_minor = 4
    nbformat.write(notebook, path)


def _duplicate_an_answer(path: Path, notebook: Notebook) -> None:
    """As copying and pasting a cell does: the copy has the same metadata and another id."""
    place = next(
        n for n, c in enumerate(notebook.cells) if c.metadata.get("nbgrader", {}).get("solution")
    )
    twin = copy.deepcopy(notebook.cells[place])
    twin.id = "pasted"
    notebook.cells.insert(place + 1, twin)
    nbformat.write(notebook, path)


def _cut_off(path: Path, notebook: Notebook) -> None:
    text = nbformat.writes(notebook)
    path.write_text(text[: len(text) * 2 // 3])


def _misname(path: Path, notebook: Notebook) -> None:
    nbformat.write(notebook, path.with_stem(f"{path.stem} (1)"))


def _remove(path: Path, notebook: Notebook) -> None:
    """Nothing but the time of handing in arrives."""


def hand_in(desk: Desk, draft: Draft, folder: Path) -> None:
    """Writes what a student hands in."""
    folder.mkdir(parents=True)
    (folder / "timestamp.txt").write_text(draft.timestamp + "\n")
    notebook = nbformat.read(desk.lesson.exercise, as_version=4)
    for cell in notebook.cells:
        item = cell.metadata.get("course", {}).get("item")
        if item in draft.answers and cell.metadata.nbgrader.solution:
            cell.source = draft.answers[item].source
    (draft.damage or _save)(folder / desk.lesson.exercise.name, notebook)


def _save(path: Path, notebook: Notebook) -> None:
    nbformat.write(notebook, path)


def _expected(desk: Desk, student: str, draft: Draft) -> dict[str, str]:
    row = {
        "assignment": desk.lesson.name,
        "student": student,
        "status": "rejected" if draft.rejected else "graded",
        "late": "yes" if draft.timestamp == LATE else "no",
        "max": _number(sum(desk.exercise.points(item) for item in desk.exercise.items)),
    }
    total = 0.0
    for item in desk.exercise.items:
        points = draft.answers[item].points if item in draft.answers else 0
        total += points or 0
        row[f"{desk.lesson.name}:{item}"] = "manual" if points is None else _number(points)
    row["total"] = _number(total)
    if draft.rejected:
        row = {key: value for key, value in row.items() if ":" not in key} | {"total": ""}
    return row


def _number(value: float) -> str:
    return f"{value:g}"


def _write_expected(path: Path, desks: Sequence[Desk], rows: Sequence[dict[str, str]]) -> None:
    items = [f"{b.lesson.name}:{item}" for b in desks for item in b.exercise.items]
    columns = ["assignment", "student", "status", "late", "total", "max", *items]
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(sorted(rows, key=lambda row: (row["assignment"], row["student"])))
