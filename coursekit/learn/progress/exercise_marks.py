"""Which items of an exercise pass its visible tests, as the saved notebook shows them.

Nothing is run and nobody is graded: it reads what the learner saw. Hidden tests come on top.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Any, Literal

State = Literal["passed", "failed", "not run"]


def read_exercise(course: Path, lesson: str) -> dict[str, State]:
    """The items of a lesson's exercise that have tests, in their order, and how they stand.

    The notebook is the one named as it should be, exercises/NN_x/NN_x.ipynb. Where that is missing
    or can't be understood, the one beside it that was saved last. Without any, there are no items.
    """
    folder = course / "exercises" / lesson
    wanted = folder / f"{lesson}.ipynb"
    for notebook in [wanted, *_saved_last_first(folder)]:
        if items := read_items(notebook):
            return items
    return {}


def read_items(notebook: Path) -> dict[str, State]:
    """The items with tests in a notebook file, in their order; none if it can't be understood.

    An item is passed when all its tests ran without an error. A test that ran before the answer
    last did says nothing, and neither does one whose answer is still to be written: they count as
    not run.
    """
    tests: defaultdict[str, list[State]] = defaultdict(list)
    answered: dict[str, int] = {}
    blank: set[str] = set()
    for cell in _cells(notebook):
        nbgrader = _part(_part(cell, "metadata"), "nbgrader")
        item = _item(cell, nbgrader)
        if item is None or cell.get("cell_type") != "code":
            continue
        count = cell.get("execution_count")
        if nbgrader.get("solution"):
            answered[item] = count if isinstance(count, int) else 0
            if "NotImplementedError" in _errors(cell):
                # *Run All* goes past it, to tests that can only fail.
                blank.add(item)
        elif nbgrader.get("grade"):
            # A later run has a higher count; a new kernel has run the answer again, from 1.
            fresh = isinstance(count, int) and count > answered.get(item, 0)
            says = fresh and item not in blank
            tests[item].append(_outcome(cell) if says else "not run")
    return {item: _together(states) for item, states in tests.items()}


def _saved_last_first(folder: Path) -> list[Path]:
    try:
        return sorted(folder.glob("*.ipynb"), key=lambda path: path.stat().st_mtime, reverse=True)
    except OSError:
        return []


def _cells(notebook: Path) -> list[dict[str, Any]]:
    """Whatever in the file looks like a cell."""
    try:
        cells = json.loads(notebook.read_text(encoding="utf-8-sig", errors="replace"))["cells"]
        return [cell for cell in cells if isinstance(cell, dict)]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return []


def _part(of: dict[str, Any], name: str) -> dict[str, Any]:
    part = of.get(name)
    return part if isinstance(part, dict) else {}


def _item(cell: dict[str, Any], nbgrader: dict[str, Any]) -> str | None:
    item = _part(_part(cell, "metadata"), "course").get("item")
    if isinstance(item, str):
        return item
    # Tools may drop metadata that they don't know. A test is named after its item.
    grade_id = nbgrader.get("grade_id")
    return re.sub(r"-test-\d+$", "", grade_id) if isinstance(grade_id, str) else None


def _outcome(cell: dict[str, Any]) -> State:
    return "failed" if _errors(cell) else "passed"


def _errors(cell: dict[str, Any]) -> list[Any]:
    """The names of the errors that a cell shows."""
    outputs = cell.get("outputs")
    return [
        output.get("ename")
        for output in (outputs if isinstance(outputs, list) else [])
        if isinstance(output, dict) and output.get("output_type") == "error"
    ]


def _together(states: list[State]) -> State:
    if "failed" in states:
        return "failed"
    return "not run" if "not run" in states else "passed"
