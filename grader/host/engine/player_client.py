"""A player as the conductor sees it: cells in, outputs out; one process for each notebook.

What it reports is a learner's word: its form is checked, and nothing else hangs on it than what the
learner gets to see.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.host.engine.child import Child, Ended
from grader.host.engine.engine import Engine
from grader.host.engine.files import Files
from grader.host.engine.forking import Room
from grader.host.engine.modules import defined_by
from grader.host.transcript import Played, error, time_up
from grader.protocol.orders import Done, Meet, RunBeside, RunCell, Wait
from grader.protocol.outputs import Report, Stream


class Player:
    """One notebook's player.

    Args:
        room: where it is forked; None for one that sees nothing of the course.
        warm: whether the cells that the room has run already are its own first cells.

    Attributes:
        child: the process.

    Raises:
        GraderError: when there can be none.
        Ended: when its folder can't hold the files.
    """

    def __init__(self, engine: Engine, room: Room | None, files: Files, warm: bool = True) -> None:
        self._timeout = engine.settings.timeout
        self.child: Child = (
            engine.fork_alone() if room is None else engine.fork(room, "player", files)
        )
        self._played = list(room.played) if warm and room is not None else []
        # Why it is no more, as a clause, and whether that is because its time was up.
        self.ended: str | None = None
        self.slow = False

    def cell(
        self, source: str, given: bool = False, seconds: float | None = None, seen: bool = True
    ) -> Played | None:
        """Runs the next cell; None when the player is no more.

        An error in a cell does not keep the next from running, as in nbgrader. A cell whose time is
        up is interrupted, and if it goes on all the same the player is ended.

        Args:
            given: whether what it defines is the teacher's; see `shell.defined_by_given`.
            seconds: that it may take; as long as the engine allows if nothing is said.
            seen: whether anybody sees its pictures.
        """
        if self._played:
            return Played.of(self._played.pop(0))
        if self.ended is not None:
            return None
        limit = self._timeout if seconds is None else seconds
        try:
            order = RunCell(source, given, seen, defined_by(source) if given else None)
            report = self.child.ask(order, Report, limit)
            played = Played.of(report, self.child)
        except Ended as ended:
            self._note(ended)
            text = f"This cell {self.ended}. The cells after it were not run."
            raw = [Stream(name, said) for name, said in self.child.take_raw().items()]
            return Played([*raw, error("ProcessEnded", text)])
        return time_up(played, limit) if played.interrupted else played

    def meet(self, end: socket.socket) -> None:
        """Gives it its end of the conversation with the judge."""
        try:
            self.child.ask(Meet(), Done, fds=[end.fileno()])
        except Ended as ended:
            self._note(ended)

    def pause(self, stop: bool) -> bool:
        """Has it stand still, or go on; whether it does, or has done so since it was stopped."""
        return self.child.pause(stop)

    def wait_with(self, number: int) -> None:
        """Has it keep itself as it is now, to run a test beside the learner's code at the end."""
        try:
            self.child.ask(Wait(number), Done)
        except Ended as ended:
            self._note(ended)

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
        order = RunBeside(number, source, list(before))
        try:
            limit = self._timeout if seconds is None else seconds
            return Played.of(self.child.ask(order, Report, limit), self.child)
        except Ended as ended:
            self._note(ended)
        return None

    def _note(self, ended: Ended) -> None:
        self.ended, self.slow = str(ended), ended.slow

    def end(self) -> None:
        """Ends it, and all that it started."""
        if self.ended is None:
            self.ended = "was ended"
        self.child.end()


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
    player = Player(engine, engine.rooms.importing(modules), files, warm=False)
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
