"""A player as the conductor sees it: cells in, outputs out; one process for each notebook.

What it reports is a learner's word: its form is checked, and nothing else hangs on it than what the
learner gets to see.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
import nbformat
from msgspec import Meta, Struct
from nbformat import NotebookNode

from grader.host.engine.engine import Child, Done, Ended, Engine, Files, Name, Room
from grader.host.marks.hints import MAX_MESSAGE

# Characters of a JSON output that are worth building.
_MAX_JSON = 500_000
# Deeper ones stay text.
_MAX_DEPTH = 100


class Stream(Struct, tag="stream", tag_field="output_type"):
    name: Name
    text: str


# What `shell` makes has no more than that; a learner's process may say anything.
_Kinds = Annotated[dict[str, str], Meta(max_length=50)]
_Text = Annotated[str, Meta(max_length=20_000)]


class Display(Struct, tag="display_data", tag_field="output_type"):
    data: _Kinds
    metadata: _Kinds


class ExecuteResult(Struct, tag="execute_result", tag_field="output_type"):
    execution_count: int | None
    data: _Kinds
    metadata: _Kinds


class Error(Struct, tag="error", tag_field="output_type"):
    ename: _Text
    evalue: _Text
    traceback: Annotated[list[str], Meta(max_length=21_000)]


Output = Stream | Display | ExecuteResult | Error


class Report(Struct):
    """What a process says of a cell that it ran. JSON that is no report is not even built."""

    outputs: Annotated[list[Output], Meta(max_length=20_000)] = []
    execution_count: Annotated[int, Meta(ge=0, le=10**6)] | None = None
    error_line: Annotated[int, Meta(ge=0, le=10**7)] | None = None


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
    """

    outputs: list[Output]
    execution_count: int | None = None
    seconds: float = 0.0
    error_line: int | None = None
    interrupted: bool = False
    from_teacher: bool = False

    @property
    def error(self) -> Error | None:
        """Why it failed; None if it did not."""
        return next((output for output in self.outputs if isinstance(output, Error)), None)

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
    """Characters of its outputs, and as many more as they cost otherwise."""
    return sum(_EACH + _size(output) for output in played.outputs)


def _size(output: Output) -> int:
    if isinstance(output, Stream):
        return len(output.text)
    if isinstance(output, Error):
        parts = [output.ename, output.evalue, *output.traceback]
    else:
        both = output.data, output.metadata
        parts = [part for bundle in both for pair in bundle.items() for part in pair]
    return sum(map(len, parts)) + _EACH_PART * len(parts)


def shortened(failure: Error) -> Error:
    """An error without what only people read."""
    return Error(failure.ename[:200], failure.evalue[:MAX_MESSAGE], [])


class Player:
    """One notebook's player.

    Args:
        room: where it is forked.
        warm: whether the cells that the room has run already are its own first cells.

    Raises:
        GraderError: when there can be none.
        Ended: when its folder can't hold the files.
    """

    def __init__(self, engine: Engine, room: Room, files: Files, warm: bool = True) -> None:
        self._timeout = engine.timeout
        self._child: Child = engine.fork(room, "player", files, reuse_folder=warm)
        self._played = list(room.played) if warm else []
        # Why it is no more, as a clause.
        self.ended: str | None = None

    def cell(self, source: str, given: bool = False, seconds: float | None = None) -> Played | None:
        """Runs the next cell; None when the player is no more.

        An error in a cell does not keep the next from running, as in nbgrader. A cell whose time is
        up is interrupted, and if it goes on all the same the player is ended.

        Args:
            given: whether what it defines is the teacher's; see `shell.defined_by_given`.
            seconds: that it may take; as long as the engine allows if nothing is said.
        """
        if self._played:
            return Played.of(msgspec.convert(self._played.pop(0), Report))
        if self.ended is not None:
            return None
        limit = self._timeout if seconds is None else seconds
        message = {"do": "cell", "source": source, "given": given}
        try:
            played = Played.of(self._child.ask(message, Report, limit), self._child)
        except Ended as ended:
            self.ended = str(ended)
            text = f"This cell {self.ended}. The cells after it were not run."
            raw = [Stream(name, said) for name, said in self._child.take_raw().items()]
            return Played([*raw, error("ProcessEnded", text)])
        return _time_up(played, limit) if played.interrupted else played

    def meet(self, end: socket.socket) -> None:
        """Gives it its end of the conversation with the judge."""
        try:
            self._child.ask({"do": "peer"}, Done, fds=[end.fileno()])
        except Ended as ended:
            self.ended = str(ended)

    def wait_with(self, number: int) -> None:
        """Has it keep itself as it is now, to run a test beside the learner's code at the end."""
        try:
            self._child.ask({"do": "wait", "number": number}, Done)
        except Ended as ended:
            self.ended = str(ended)

    def run_beside(
        self,
        number: int,
        source: str,
        before: Sequence[str] = (),
        seconds: float | None = None,
    ) -> Played | None:
        """Runs a test in what `wait_with` kept. The result is the learner's word.

        Args:
            before: cells to run before it.
            seconds: that it may take; as long as the engine allows if nothing is said.
        """
        if self.ended is not None:
            return None
        message = {"do": "test", "number": number, "source": source, "before": list(before)}
        try:
            limit = self._timeout if seconds is None else seconds
            return Played.of(self._child.ask(message, Report, limit), self._child)
        except Ended as ended:
            self.ended = str(ended)
        return None

    def end(self) -> None:
        """Ends it, and all that it started."""
        if self.ended is None:
            self.ended = "was ended"
        self._child.end()


@dataclass(frozen=True)
class Performance:
    """Cells, played.

    Attributes:
        played: by the position of the cell; cells that never ran are missing.
        stopped: why the rest was not run, as a clause ("ended the process …"); None if all ran.
        stopped_at: the position of the cell in which that happened.
    """

    played: dict[int, Played]
    stopped: str | None = None
    stopped_at: int | None = None


def play(engine: Engine, cells: Sequence[str], folder: Path | None = None) -> Performance:
    """Runs the cells of one notebook in a fresh player.

    Args:
        folder: files to put into its working folder.

    Raises:
        GraderError: when there can be no player.
    """
    paths = sorted(folder.rglob("*")) if folder is not None else []
    files = Files({os.path.relpath(p, folder): p for p in paths if p.is_file()})
    return play_cells(engine, cells, files)


def play_cells(
    engine: Engine,
    cells: Sequence[str],
    files: Files,
    modules: Sequence[str] = (),
    tell: Callable[[int, Played], None] = lambda position, played: None,
) -> Performance:
    """As `play`, with the files named.

    Args:
        modules: of the teacher's cells, imported beforehand: a slow import costs no cell its time.
        tell: gets each cell's position and what came of it, as soon as it has run.
    """
    player = Player(engine, engine.import_room(modules), files, warm=False)
    played: dict[int, Played] = {}
    try:
        for position, source in enumerate(cells):
            report = player.cell(source)
            if report is not None:
                played[position] = report
                tell(position, report)
            if player.ended is not None:
                return Performance(played, player.ended, position)
    finally:
        player.end()
    return Performance(played)


def as_node(output: Output) -> NotebookNode:
    """An output as nbformat has it."""
    node = msgspec.to_builtins(output)
    if isinstance(output, Display | ExecuteResult):
        of_json = {mime: _parsed(text) for mime, text in output.data.items() if _is_json(mime)}
        node["data"] = {**output.data, **of_json}
        node["metadata"] = {mime: _parsed(text) for mime, text in output.metadata.items()}
    return nbformat.from_dict(node)


def _is_json(mime: str) -> bool:
    return mime == "application/json" or mime.endswith("+json")


def _parsed(text: str) -> object:
    """What is no text crossed as JSON."""
    try:
        value = json.loads(text) if len(text) <= _MAX_JSON else None
    except (ValueError, RecursionError):
        return text
    return text if _is_deep(value) else value


def _is_deep(value: object) -> bool:
    """Whether lists and dictionaries are nested deeper than those who write a notebook can go."""
    level = [value]
    for _ in range(_MAX_DEPTH):
        lists = [list(one.values()) if isinstance(one, dict) else one for one in level]
        level = [inner for one in lists if isinstance(one, list) for inner in one]
    return bool(level)


def error(kind: str, text: str) -> Error:
    """An output that says what went wrong."""
    return Error(kind, text, [f"{kind}: {text}"])


def _time_up(played: Played, timeout: float) -> Played:
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
