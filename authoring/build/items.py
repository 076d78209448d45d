"""What the build writes about the items into an exercise, for `coursekit.exercises.items` to read.

Learners' tools can then name an item by its title, miss a test cell that is gone, and say how many
checks are kept back. Counts only: nothing of what is hidden gets into a release.
"""

from __future__ import annotations

import ast
import re
from typing import Any

from authoring.source.exercise import BEGIN_HIDDEN, END_HIDDEN, Exercise, ExerciseCell

HEADING = re.compile(r"^##\s+(.+?)(?:\s*\([^()]*\))?\s*$", re.MULTILINE)


def items_metadata(exercise: Exercise) -> list[dict[str, Any]]:
    """For each item its name, its title, the grade_ids of its tests, how many checks are hidden."""
    title = ""
    told: dict[str, dict[str, Any]] = {}
    for cell in exercise.cells:
        if cell.source.kind == "markdown" and (headings := HEADING.findall(cell.source.source)):
            title = headings[-1]
        if cell.short.item is not None:
            name = cell.short.item
            told[name] = {"name": name, "title": title or name, "tests": [], "hidden": 0}
            title = ""
        elif cell.short.test is not None:
            told[cell.short.test]["tests"].append(cell.grade_id)
            told[cell.short.test]["hidden"] += _hidden_checks(cell)
    return list(told.values())


def _hidden_checks(cell: ExerciseCell) -> int:
    """The assert statements between the marks of hidden tests."""
    hidden: set[int] = set()
    inside = False
    for number, line in enumerate(cell.source.source.splitlines(), 1):
        inside = (inside or BEGIN_HIDDEN in line) and END_HIDDEN not in line
        if inside:
            hidden.add(number)
    statements = ast.walk(ast.Module(cell.parse(), []))
    return sum(isinstance(node, ast.Assert) and node.lineno in hidden for node in statements)
