"""Hands out an exercise that differs by learner: a folder for each, with numbers of its own."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import nbformat

from grader.host.course import variants
from grader.host.course.course import Course, files_below, read_own
from grader.host.result_store import cannot_write
from grader.host.results.result import write_atomically
from grader.protocol.errors import GraderError


def hand_out(course: Course, name: str, students: Sequence[str], count: int, to: Path) -> None:
    """Writes STUDENT/ASSIGNMENT/ for each of them; whose number is which stays in the course.

    Who was given one keeps it: the same command once more writes the same. New ones get the number
    that the fewest have.

    Args:
        name: the assignment; it must have been released.
        students: by their ids in a roster, which are names of folders.
        count: how many numbers there are.

    Raises:
        GraderError: when it is not released, or has no number in it.
    """
    folder = course.release / name
    released = {path: read_own(path) for path in sorted(folder.glob("*.ipynb"))}
    if not released:
        raise GraderError(f"{name} is not released: there is no notebook in {folder}.")
    marked = [
        cell
        for path, notebook in released.items()
        for cell in variants.places(notebook, f"{path.name} of assignment {name}")
    ]
    if not marked:
        raise GraderError(
            f"{name} is the same for everybody: no line of a given cell ends with {variants.MARK}."
        )
    # That the source has them too is seen here, and not when all have handed in.
    course.load(name, 1)
    numbers = variants.read_numbers(course.root)
    numbers[name] = drawn(numbers.get(name, {}), students, count, f"{course.course_id}/{name}")
    with cannot_write(course.root):
        # First: what is handed out is known.
        write_atomically(course.root / variants.FILE, variants.as_file(numbers))
    with cannot_write(to):
        for student in students:
            place = to / student / name
            for path, notebook in released.items():
                own = variants.numbered(notebook, numbers[name][student], path.name)
                text = nbformat.writes(own).encode()
                write_atomically(place / path.name, text, 0o644)
            for file in files_below(folder):
                if file not in released:
                    beside = place / file.relative_to(folder)
                    write_atomically(beside, file.read_bytes(), 0o644)


def drawn(known: dict[str, int], students: Sequence[str], count: int, seed: str) -> dict[str, int]:
    """Numbers from 1 to `count`, each as often as the others; who has one keeps it.

    Args:
        seed: has the order of the students come out otherwise for another assignment.
    """
    numbers = dict(known)
    used = Counter(numbers.values())

    def order(student: str) -> bytes:
        return hashlib.sha256(f"{seed}/{student}".encode("utf-8", "replace")).digest()

    for student in sorted(set(students) - numbers.keys(), key=order):
        number = min(range(1, count + 1), key=lambda one: (used[one], one))
        numbers[student] = number
        used[number] += 1
    return numbers
