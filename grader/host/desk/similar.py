"""The page with pairs of submissions that have much in common, their lines side by side."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from grader.host.clerk import Clerks, Job, TooMuch
from grader.host.course.assignment import Assignment
from grader.host.desk.likeness import MAX_CELL, MAX_TEXT, Match, Pair, Text, pairs
from grader.host.desk.placing import collected
from grader.host.intake.folder import is_notebook, read_folder
from grader.host.intake.notebook import LearnerCell, Rejected, read_notebook
from grader.host.publish.pages import environment, plain
from grader.host.publish.pseudonyms import nameless
from grader.host.tasks import find_tasks
from grader.protocol import decoders

# Pairs that are shown with their lines; more are only named.
SHOWN = 50


def find(
    assignment: Assignment, submitted: Path, tell: Callable[[str], None] = lambda said: None
) -> tuple[dict[str, Text], list[Pair]]:
    """What everybody wrote, and who has much in common.

    Args:
        tell: gets a sentence of whom nobody can be compared with.
    """
    released = [
        LearnerCell(cell.node.cell_type, cell.released)
        for notebook in assignment.notebooks.values()
        for cell in notebook.cells
    ]
    people = collected(submitted)
    texts: dict[str, Text] = {}
    teams = set()
    # To read what somebody wrote may take any time and memory.
    with Clerks({_LOOK: _looking({cell.source.strip() for cell in released})}) as clerks:
        for folder in handed_in(assignment, submitted):
            student = folder.parent.name
            if team := people.get((assignment.name, student), {}).get("team"):
                # What a group handed in together lies with each of its members.
                if team in teams:
                    continue
                teams.add(team)
                student = f"{student} ({team})"
            files = sorted(read_folder(folder).files.items())
            asked = [content for path, content in files if is_notebook(path)]
            try:
                answer = clerks.ask(_LOOK, msgspec.msgpack.encode(asked))
            except TooMuch as error:
                tell(f"To compare what {student} wrote {error}: it was not compared.")
                continue
            text = decoders.from_msgpack(Text | None).decode(answer)
            if text is not None:
                texts[student] = text
                if not text.whole:
                    tell(
                        f"Of what {student} wrote only the first {MAX_CELL:,} characters of a cell "
                        f"and {MAX_TEXT:,} of all were compared."
                    )
    return texts, pairs(texts, released)


# The job of a clerk's that looks at what somebody wrote.
_LOOK = "look"


def _looking(known: Collection[str]) -> Job:
    """That job.

    Args:
        known: the cells that all were given.
    """

    def look(question: bytes) -> bytes:
        cells: list[LearnerCell] = []
        for content in decoders.from_msgpack(list[bytes]).decode(question):
            read = read_notebook(content, "")
            # What cannot be read is told when it is graded.
            cells += [] if isinstance(read, Rejected) else read
        return msgspec.msgpack.encode(Text.of(cells, known) if cells else None)

    return look


def handed_in(assignment: Assignment, submitted: Path) -> list[Path]:
    """The folders that are graded: nobody is passed over for how they spell a name."""
    tasks, _ = find_tasks(submitted, {assignment.name: assignment})
    return sorted(task.folder for task in tasks)


def page(
    assignment: Assignment,
    texts: Mapping[str, Text],
    found: list[Pair],
    called: Mapping[str, str] | None = None,
    submitted: Path = Path(),
) -> str:
    """The page, as HTML.

    Args:
        called: the pseudonym of each student; None where they go by their names.
        submitted: where `collect` has told what else they are called.
    """
    people = collected(submitted) if called is not None else {}

    def student(one: str) -> str:
        """Whose a text is: a group's is with one of its members, and named after both."""
        return max((who for who in called or {} if f"{one} (".startswith(f"{who} (")), key=len)

    def name(one: str) -> str:
        if called is None:
            return plain(one)
        who = student(one)
        return called[who] if one == who else f"{called[who]} (a group)"

    def hidden(pair: Pair) -> list[str]:
        if called is None:
            return []
        both = [student(pair.one), student(pair.other)]
        known = [people.get((assignment.name, who), {}) for who in both]
        return [*both, *(person.get(key, "") for person in known for key in ("name", "email"))]

    shown = [
        {
            "one": name(pair.one),
            "other": name(pair.other),
            "share": pair.share,
            "cells": [_side_by_side(match, hidden(pair)) for match in pair.cells(texts)],
        }
        for pair in found[:SHOWN]
    ]
    rest = [(name(pair.one), name(pair.other), pair.share) for pair in found[SHOWN:]]
    return (
        environment()
        .get_template("similar.html")
        .render(assignment=plain(assignment.name), count=len(texts), pairs=shown, rest=rest)
    )


def _side_by_side(match: Match, hidden: Sequence[str]) -> dict[str, Any]:
    return {
        "one": _marked(match.one, match.in_one, hidden),
        "other": _marked(match.other, match.in_other, hidden),
    }


def _marked(source: str, lines: frozenset[int], hidden: Sequence[str]) -> list[tuple[str, bool]]:
    return [
        (nameless(plain(text), hidden), n in lines)
        for n, text in enumerate(source.rstrip().split("\n"))
    ]
