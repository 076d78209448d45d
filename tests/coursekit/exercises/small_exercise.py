"""A small exercise as the build releases it, for a learner of a test to work on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from coursekit.exercises.items import checksum

BLANK = "# YOUR CODE HERE\nraise NotImplementedError()"
BLANK_TEXT = "YOUR ANSWER HERE"
TESTS = {
    "double-test-1": 'assert double(2) == 4, "two times two is four"',
    "double-test-2": 'assert double("a") == "aa", "a text is doubled, too"',
    "half-test-1": 'assert half(4) == 2, "half of four is two"',
}
ITEMS = [
    {
        "name": "double",
        "title": "1 · Twice?",
        "tests": ["double-test-1", "double-test-2"],
        "hidden": 3,
    },
    {"name": "half", "title": "2 · Half", "tests": ["half-test-1"], "hidden": 1},
    {"name": "why", "title": "3 · Why", "tests": [], "hidden": 0},
]
# What a learner writes who can do it.
RIGHT = {
    "double": "def double(x):\n    return x + x",
    "half": "def half(x):\n    return x / two",
    "why": "Because.",
}


def cell(name: str, source: str, kind: str = "code", **flags: Any) -> dict[str, Any]:
    """A cell as nbgrader releases it."""
    told = {"grade": False, "solution": False, "locked": False, "grade_id": name, **flags}
    made: dict[str, Any] = {
        "id": name,
        "cell_type": kind,
        "metadata": {"nbgrader": told},
        "source": source,
    }
    told["checksum"] = checksum(made)
    if kind == "code":
        made |= {"outputs": [], "execution_count": None}
    return made


def released() -> list[dict[str, Any]]:
    """All cells, nothing done."""
    return [
        cell("given-1", "two = 2", locked=True),
        cell("double", BLANK, solution=True),
        cell("double-test-1", TESTS["double-test-1"], grade=True, locked=True, points=1.0),
        cell("double-test-2", TESTS["double-test-2"], grade=True, locked=True, points=2),
        cell("half", BLANK, solution=True),
        cell("half-test-1", TESTS["half-test-1"], grade=True, locked=True, points=1.0),
        cell("why", BLANK_TEXT, "markdown", grade=True, solution=True, points=2.0),
        cell("finish", "from coursekit import end_exercise\n\nend_exercise()", locked=True),
    ]


def write(path: Path, cells: list[dict[str, Any]]) -> Path:
    """The notebook file."""
    notebook = {
        "cells": cells,
        "metadata": {"course": {"items": ITEMS}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path


def save(path: Path, answers: dict[str, str] | None = None, gone: tuple[str, ...] = ()) -> Path:
    """The exercise with answers in it, by grade_id, and without some of its cells."""
    cells = [cell for cell in released() if cell["id"] not in gone]
    for one in cells:
        one["source"] = (answers or {}).get(one["id"], one["source"])
    return write(path, cells)
