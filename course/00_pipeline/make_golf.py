"""Makes coursekit/learn/golf.json: what the reference answers of byte golf reach, by lesson.

`python course/00_pipeline/make_golf.py`, a few seconds. Bytes of the file, and right answers of 397
validation images. `tests/coursekit/exercises/test_golf.py` measures them again.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from authoring.source.exercise import read_exercise, without_marks
from authoring.source.sources import Lesson, Sources
from coursekit.exercises import golf
from coursekit.learn.progress.ledger import FILE

# Exercise 00 asks for the parts of a file, the others for a function that makes one.
ITEMS = {"golf": "squeeze(*golf.flat(train))", "small": "golf.pack(q, scale, bias)"}


def items(course: Sources) -> dict[str, tuple[Lesson, str]]:
    """The lessons with golf, by name, and what the item is called."""
    found = {}
    for lesson in course.lessons():
        for cell in read_exercise(lesson).cells:
            if cell.role == "answer" and cell.item in ITEMS:
                found[lesson.name] = lesson, cell.item
    return found


def space_of(lesson: Lesson, item: str) -> dict[str, Any]:
    """What the given cells and the reference answer of an item define."""
    space: dict[str, Any] = {}
    for cell in read_exercise(lesson).cells:
        is_given = cell.role == "given" and cell.short.of in (None, item)
        if is_given or (cell.role == "answer" and cell.item == item):
            exec(without_marks(cell.source.source), space)  # ours, from course/
    return space


def measured(lesson: Lesson, item: str, seed: int = 0) -> dict[str, int]:
    """Bytes and right answers of the reference on a draw of the images."""
    train, validation = golf.draw(seed)
    space = space_of(lesson, item)
    file = eval(ITEMS[item], space | {"golf": golf, "train": train})
    return {"bytes": len(file), "right": golf.right(*golf.unpack(file), validation)}


def main() -> None:
    course = Sources.at(Path(__file__).parents[2])
    rows = [
        f' "{name}": {json.dumps(measured(lesson, item))}'
        for name, (lesson, item) in items(course).items()
    ]
    text = ",\n".join(rows)
    FILE.write_text(f"{{\n{text}\n}}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
