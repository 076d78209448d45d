"""What came of a notebook's cells: what they showed, how they failed, how long they took."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
import nbformat
from nbformat import NotebookNode

from grader.protocol.limits import MAX_MESSAGE
from grader.protocol.outputs import Display, Error, ExecuteResult, Output, Report, Stream

if TYPE_CHECKING:
    from grader.host.engine.child import Child


@dataclass(frozen=True)
class Played:
    """A cell that ran.

    Attributes:
        outputs: as in nbformat 4; an `Error` among them means that the cell failed.
        execution_count: the number in its brackets.
        seconds: wall time.
        error_line: the line of the cell, from 1, at which it failed, if it did and in the cell.
        interrupted: whether the cell's time was up.
        from_teacher: of a test, whether the text of its error is known to be the teacher's.
        figures: of a test that was judged apart, numbers that it has reported, by name.
    """

    outputs: list[Output]
    execution_count: int | None = None
    seconds: float = 0.0
    error_line: int | None = None
    interrupted: bool = False
    from_teacher: bool = False
    figures: Mapping[str, float] = field(default_factory=dict)

    @property
    def error(self) -> Error | None:
        """Why it failed; None if it did not."""
        return next((output for output in self.outputs if isinstance(output, Error)), None)

    @property
    def numbers(self) -> list[float]:
        """What it came to, where that is a number: of a test, points."""
        found = []
        for output in self.outputs:
            if isinstance(output, ExecuteResult):
                with contextlib.suppress(ValueError):
                    found.append(float(output.data.get("text/plain", "")))
        return found

    @classmethod
    def of(cls, report: Report, child: Child | None = None) -> Played:
        """What a process reported of a cell.

        Args:
            child: the process, for what it wrote past Python and how long it took.
        """
        raw = child.take_raw() if child is not None else {}
        outputs = [*report.outputs, *(Stream(name, text) for name, text in raw.items())]
        seconds = child.seconds if child is not None else 0.0
        interrupted = child is not None and child.interrupted
        return cls(outputs, report.execution_count, seconds, report.error_line, interrupted)


# What an output takes of memory besides its characters, and a line of a traceback or an entry.
_EACH, _EACH_PART = 500, 100


def size_of(played: Played) -> int:
    """Bytes of its outputs, in memory or in a file, and as many more as they cost otherwise."""
    return sum(_EACH + _size(output) for output in played.outputs)


def _size(output: Output) -> int:
    if isinstance(output, Stream):
        return _size_of_text(output.text)
    if isinstance(output, Error):
        parts = [output.ename, output.evalue, *output.traceback]
    else:
        both = output.data, output.metadata
        parts = [part for bundle in both for pair in bundle.items() for part in pair]
    return sum(map(_size_of_text, parts)) + _EACH_PART * len(parts)


def _size_of_text(text: str) -> int:
    """One sign of four bytes makes all of a text as wide, and a control code six signs in JSON."""
    try:
        written = len(msgspec.json.encode(text))
    except UnicodeEncodeError:
        written = 0
    return max(written, sys.getsizeof(text))


def short_error(failure: Error) -> Error:
    """An error without what only people read."""
    return Error(failure.ename[:200], failure.evalue[:MAX_MESSAGE], [])


def short_result(result: ExecuteResult) -> ExecuteResult:
    """A cell's value with the beginning of its text alone, which is all of it for a number."""
    text = result.data.get("text/plain")
    data = {} if text is None else {"text/plain": text[:MAX_MESSAGE]}
    return ExecuteResult(result.execution_count, data, {})


@dataclass
class Heard:
    """What came of a notebook's code cells.

    Attributes:
        played: by position among the code cells; those that never ran are missing. Marks come from
            here.
        shown: what people see in place of some of them.
        beside: positions of tests that ran beside the learner's code.
        notes: for the teacher, a sentence each.
    """

    played: dict[int, Played] = field(default_factory=dict)
    shown: dict[int, Played] = field(default_factory=dict)
    beside: set[int] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)


def as_node(output: Output) -> NotebookNode:
    """An output as nbformat has it, without metadata.

    What is JSON stays text: it is not shown, and built it takes fifty times the memory.
    """
    node = msgspec.to_builtins(output)
    if isinstance(output, Display | ExecuteResult):
        node["metadata"] = {}
    return nbformat.from_dict(node)


def error(kind: str, text: str) -> Error:
    """An output that says what went wrong."""
    return Error(kind, text, [f"{kind}: {text}"])


def time_up(played: Played, timeout: float) -> Played:
    """The interrupt shows as what it means, not as the KeyboardInterrupt that brought it."""
    kept = [
        o for o in played.outputs if not (isinstance(o, Error) and o.ename == "KeyboardInterrupt")
    ]
    text = f"This cell was stopped after {timeout:g} s."
    return Played(
        [*kept, error("CellTimeoutError", text)],
        played.execution_count,
        played.seconds,
        played.error_line,
        True,
    )
