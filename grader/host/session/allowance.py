"""What the cells of a notebook may take: seconds, and characters of output."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from grader.host.engine.settings import EngineSettings
from grader.host.session.script import Script
from grader.host.transcript import Played, short_error, short_result, size_of
from grader.protocol.outputs import ExecuteResult, Output, Stream

# Characters of output that are kept of all cells of a notebook together; then, of a cell's value.
MAX_OUTPUT = 32_000_000
_MAX_BEYOND = 20_000
NO_ROOM = "The notebook's cells have shown too much: nothing more is kept.\n"
# How many cells' time all cells and tests of a notebook may take together.
TIMES_IN_ALL = 20
# What was stopped once gets this part of its time when it runs again, and at least a second.
_PART_AGAIN = 0.1
# Where limits follow the solution: so many times what that took, and at least so many seconds.
_TIMES_THE_SOLUTION = 20
_LEAST_SECONDS = 15.0


class Allowance:
    """Of one notebook.

    Attributes:
        seconds: that all of it may take.
        stopped: positions of cells that were stopped.
        slow: live answers that a stopped test had called.
    """

    def __init__(self, script: Script, settings: EngineSettings) -> None:
        self._script = script
        self._settings = settings
        self.seconds = TIMES_IN_ALL * settings.timeout
        self._until = time.monotonic() + self.seconds
        # Seconds that there still are for what runs once more.
        self._again = self.seconds
        # Characters of output that there is still room for.
        self._room_left = MAX_OUTPUT
        self.stopped: set[int] = set()
        self.slow: set[str] = set()

    def copy(self) -> Allowance:
        """As it is now, with all its time."""
        made = Allowance(self._script, self._settings)
        made._room_left = self._room_left
        made.stopped, made.slow = set(self.stopped), set(self.slow)
        return made

    @property
    def is_over(self) -> bool:
        """Whether all its time is up."""
        return time.monotonic() > self._until

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Meanwhile something runs once more: that has time of its own, as much again in all."""
        began, left = time.monotonic(), self._again
        self._until += left
        try:
            yield
        finally:
            self._again = max(0.0, left - (time.monotonic() - began))
            self._until -= self._again

    def limit(self, position: int) -> float:
        """Seconds that a cell or test may take: few where it would be stopped once more."""
        teacher = self._script.cells[position].teacher
        limit = self._settings.timeout
        if self._settings.follows_solution and teacher is not None:
            took = self._script.contract.seconds.get(str(teacher.grade_id), limit)
            limit = min(limit, max(_LEAST_SECONDS, _TIMES_THE_SOLUTION * took))
        clause = self._script.clause(position)
        calls_slow = clause is not None and not self.slow.isdisjoint(clause.takes)
        if position in self.stopped or calls_slow:
            limit = min(limit, max(1.0, _PART_AGAIN * limit))
        return limit

    def kept(self, played: Played) -> Played:
        """With its outputs while there is room for them; a mark hangs on errors and values."""
        size = size_of(played)
        if size <= self._room_left:
            self._room_left -= size
            return played
        results = [output for output in played.outputs if isinstance(output, ExecuteResult)]
        if size > _MAX_BEYOND:
            # A function that a test calls may show as much as it likes: the points are no less.
            results = [short_result(result) for result in results]
        outputs: list[Output] = [Stream("stderr", NO_ROOM), *results]
        if played.error is not None:
            outputs.append(short_error(played.error))
        return replace(played, outputs=outputs)
