"""Checks the guesses of a lesson: each stands alone, is asked once, and is answered later."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from authoring.source.problems import SourceError
from authoring.source.sources import SourceCell

FEWEST, MOST = 4, 8


@dataclass(frozen=True)
class _Call:
    """A call of `guess`, `reveal` or `mark_guess`, in the cell of this number."""

    name: str
    node: ast.Call
    number: int
    cell: SourceCell
    alone: bool

    @property
    def question(self) -> str:
        # mark_guess takes the plot before.
        match self.node.args[self.name == "mark_guess" :]:
            case [ast.Constant(value=str(text)), *_]:
                return text
        raise self.problem(f"{self.name}() takes the question as one text in quotation marks")

    def problem(self, text: str) -> SourceError:
        return self.cell.problem(text, self.node.lineno)


def check(cells: Sequence[SourceCell]) -> None:
    """Checks the cells of a lesson.

    Raises:
        SourceError: for the first mistake.
    """
    calls = list(_calls(cells))
    asked: dict[str, _Call] = {}
    for call in calls:
        # Readers at the source saw questions that no text search finds, put together in a loop.
        question = call.question
        if call.name == "guess":
            # Of 76 cells with guesses all had other code, and Run All went past them: nobody
            # found the line to type into.
            if not call.alone:
                raise call.problem("guess() stands alone in its cell: nobody finds it among code")
            # Two guesses under one name overwrote each other in the table.
            if question in asked:
                first = asked[question].cell.line
                raise call.problem(f"“{question}” is asked in line {first} already")
            asked[question] = call
        # A guess was answered by the cell that asked it, and a result named a question that had
        # been worded anew: it went into the table as one without a guess.
        elif question not in asked or asked[question].number >= call.number:
            raise call.problem(f"no cell above asks guess(“{question}”)")
    answered = {call.question for call in calls if call.name == "reveal"}
    for question, call in asked.items():
        # Questions without an answer were left over when a part of a lesson went.
        if question not in answered:
            raise call.problem(f"no cell below has reveal(“{question}”): answer it, or don't ask")
    # Lessons asked up to 21 times, mostly arithmetic: learners stopped guessing.
    if not FEWEST <= len(asked) <= MOST:
        raise cells[0].problem(
            f"a lesson has {FEWEST} to {MOST} guesses, this one {len(asked)}: keep those where "
            "most people are wrong"
        )


def _calls(cells: Sequence[SourceCell]) -> Iterator[_Call]:
    for number, cell in enumerate(cells):
        if cell.kind != "code":
            continue
        try:
            tree = ast.parse(cell.source)
        except SyntaxError:
            # A line for IPython, such as %timeit; a mistake stops the build when the cell runs.
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and (name := _name(node.func)) is not None:
                match tree.body:
                    case [ast.Expr(value=ast.Call() as only)]:
                        alone = only is node
                    case _:
                        alone = False
                yield _Call(name, node, number, cell, alone)


def _name(function: ast.expr) -> str | None:
    """Which of the three is called, if any."""
    match function:
        case ast.Name(id="guess" | "reveal" | "mark_guess" as name):
            return name
    return None
