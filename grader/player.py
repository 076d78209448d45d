"""Execution: notebooks' cells in, outputs out, one fresh process for each notebook.

    with Player() as player:
        performance = player.play(["x = 1", "x + 1"], folder)

A `Player` holds one warm process (`grader.stage`) that has imported torch, numpy, matplotlib and
IPython once; a notebook costs a fork of it. One player plays one notebook at a time: for more at
the same time, make more players.

Tests and the learner's code still share the child process, and there is no sandbox: see
`grader.stage` for what that means.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError

from grader.errors import GraderError
from grader.stage import GRACE, FrameReader, write_frame

# What exercises of most courses import. torch.optim loads torch._dynamo on first use (2.6 s).
PRELOAD = ("torch", "torch._dynamo", "numpy", "matplotlib.pyplot", "IPython")
# Seconds a notebook's cell may take, as in nbgrader.
TIMEOUT = 30.0
# Characters of output kept of a cell.
OUTPUT_LIMIT = 4_000_000
START_TIMEOUT = 120.0
# Seconds that the stage may be silent beyond a cell's time before it is taken for dead.
SLACK = 10.0

_ONE_THREAD = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
    ),
    "1",
)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="ignore")


class Stream(_Strict):
    output_type: Literal["stream"]
    name: Literal["stdout", "stderr"]
    text: str


class Display(_Strict):
    output_type: Literal["display_data"]
    data: dict[str, JsonValue]
    metadata: dict[str, JsonValue]


class ExecuteResult(_Strict):
    output_type: Literal["execute_result"]
    execution_count: int | None
    data: dict[str, JsonValue]
    metadata: dict[str, JsonValue]


class Error(_Strict):
    output_type: Literal["error"]
    ename: str
    evalue: str
    traceback: list[str]


Output = Annotated[Stream | Display | ExecuteResult | Error, Field(discriminator="output_type")]
_OUTPUTS: TypeAdapter[list[Output]] = TypeAdapter(list[Output])


class _Report(_Strict):
    """What a stage says of a played cell; a learner's process said it first, so check its form."""

    cell: int
    outputs: list[Output]
    execution_count: int | None
    seconds: float
    error_line: int | None
    interrupted: bool


@dataclass(frozen=True)
class Played:
    """A cell that ran.

    Attributes:
        outputs: as in nbformat 4; an `Error` among them means that the cell failed.
        execution_count: the number in its brackets.
        seconds: wall time.
        error_line: the line of the cell, from 1, at which it failed, if it did and in the cell.
        interrupted: whether the cell's time was up.
    """

    outputs: list[Output]
    execution_count: int | None = None
    seconds: float = 0.0
    error_line: int | None = None
    interrupted: bool = False


@dataclass(frozen=True)
class Performance:
    """One notebook, played.

    Attributes:
        played: by the position of the cell; cells that never ran are missing.
        stopped: why the rest was not run, as a clause ("the cell … "); None if all cells ran.
        stopped_at: the position of the cell in which that happened, if it happened in one.
    """

    played: dict[int, Played]
    stopped: str | None = None
    stopped_at: int | None = None


class Player:
    """One warm process that plays notebooks.

    Args:
        preload: modules to import before the first notebook, `PRELOAD` by default; what is not
            installed is skipped.
        timeout: seconds a cell may take before it is interrupted.
        output_limit: characters of output kept of a cell.
    """

    def __init__(
        self,
        preload: Iterable[str] | None = None,
        timeout: float = TIMEOUT,
        output_limit: int = OUTPUT_LIMIT,
    ) -> None:
        self.preload = tuple(PRELOAD if preload is None else preload)
        self.timeout = timeout
        self.output_limit = output_limit
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._frames = FrameReader()
        self._waiting: list[dict[str, Any]] = []

    def __enter__(self) -> Player:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, _: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Starts the warm process unless it runs. `play` does so by itself.

        Raises:
            GraderError: when there is no fork on this system, or the process does not come up.
        """
        if self._process is not None and self._process.poll() is None:
            return
        if not hasattr(os, "fork"):
            raise GraderError("Grading needs fork, which this system has not: use Linux or macOS.")
        self.close()
        ours, theirs = socket.socketpair()
        with theirs, tempfile.TemporaryFile() as said:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-c",
                    "from grader.stage import main; main()",
                    str(theirs.fileno()),
                    *self.preload,
                ],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                # Not the course: the empty entry of sys.path means the folder a child changes to.
                cwd="/",
                # Ctrl-C is for the conductor, which closes the socket.
                start_new_session=True,
                env={
                    **os.environ,
                    **_ONE_THREAD,
                    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
                    # As in nbgrader: a course may ask whether it is being graded.
                    "NBGRADER_EXECUTION": "autograde",
                },
            )
            self._socket = ours
            self._frames = FrameReader()
            self._waiting = []
            ready = self._next(START_TIMEOUT)
            if ready is None or ready.get("event") != "ready":
                self.close()
                said.seek(0)
                last = said.read().decode("utf-8", "replace").strip().splitlines()[-1:]
                raise GraderError(
                    f"The process for learners' code did not start: {' '.join(last) or 'no answer'}"
                )

    def close(self) -> None:
        """Ends the warm process."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._process is not None:
            try:
                self._process.wait(1)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def stop(self) -> None:
        """Makes the warm process end what it plays and itself; any thread may call this."""
        running = self._socket
        if running is not None:
            with contextlib.suppress(OSError):
                running.shutdown(socket.SHUT_RDWR)

    def _next(self, timeout: float) -> dict[str, Any] | None:
        """The next message; None when the stage is gone or silent for `timeout` seconds."""
        assert self._socket is not None
        until = time.monotonic() + timeout
        while not self._waiting:
            readable, _, _ = select.select([self._socket], [], [], max(0, until - time.monotonic()))
            if not readable:
                return None
            try:
                data = self._socket.recv(2**20)
                if not data:
                    return None
                self._waiting.extend(self._frames.feed(data))
            except (OSError, ValueError):
                return None
        return self._waiting.pop(0)

    def play(self, cells: Sequence[str], folder: Path) -> Performance:
        """Runs the cells in order in a fresh process.

        An error in a cell does not keep the next from running, as in nbgrader. A cell whose time is
        up is interrupted, and if it goes on all the same its process is killed: then the rest is
        not run.

        Args:
            cells: sources, as in a notebook; magics work.
            folder: the working directory, which the cells may change.

        Raises:
            GraderError: when the warm process cannot be started.
        """
        self.start()
        assert self._socket is not None
        request = {
            "cells": list(cells),
            "folder": str(folder),
            "timeout": self.timeout,
            "output_limit": self.output_limit,
        }
        played: dict[int, Played] = {}
        try:
            write_frame(self._socket.fileno(), request)
        except OSError:
            return self._lost(played, None, None)
        child: int | None = None
        current: int | None = None
        while True:
            message = self._next(self.timeout + GRACE + SLACK)
            if message is None:
                return self._lost(played, current, child)
            try:
                match message.get("event"):
                    case "forked":
                        child = int(message["pid"])
                    case "started":
                        current = int(message["cell"])
                    case "played":
                        report = _Report.model_validate(message)
                        if not 0 <= report.cell < len(cells) or report.cell in played:
                            raise ValueError("a report of no cell")
                        played[report.cell] = Played(
                            _time_up(report.outputs, self.timeout)
                            if report.interrupted
                            else report.outputs,
                            report.execution_count,
                            report.seconds,
                            report.error_line,
                            report.interrupted,
                        )
                        current = None
                    case "ended":
                        return self._end(message, played, current, len(cells))
            except (ValidationError, ValueError, KeyError, TypeError):
                # Only the learner's own code can make such a report; what came before it stands.
                return self._lost(played, current, child)

    def _end(
        self, message: dict[str, Any], played: dict[int, Played], current: int | None, count: int
    ) -> Performance:
        how, status = message.get("how"), message.get("status")
        if how == "finished" and len(played) == count:
            return Performance(played)
        if how == "killed":
            reason = f"took more than {self.timeout:g} s and could not be interrupted"
        elif how == "died" and isinstance(status, int) and status < 0:
            reason = f"ended the process ({_signal_name(-status)})"
        elif how == "died" and isinstance(status, int):
            reason = f"ended the process (exit status {status})"
        else:
            reason = "broke the process it ran in"
        if current is not None:
            outputs = _OUTPUTS.validate_python(message.get("outputs", []))
            text = f"This cell {reason}. The cells after it were not run."
            played[current] = Played([*outputs, _error("ProcessEnded", text)])
        return Performance(played, reason, current)

    def _lost(
        self, played: dict[int, Played], current: int | None, child: int | None
    ) -> Performance:
        """The warm process does not answer any more: end it and what it started."""
        if child is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child, signal.SIGKILL)
        self.close()
        reason = "broke the process it ran in"
        if current is not None:
            text = f"This cell {reason}. The cells after it were not run."
            played[current] = Played([_error("ProcessEnded", text)])
        return Performance(played, reason, current)


def _error(kind: str, text: str) -> Error:
    return Error(output_type="error", ename=kind, evalue=text, traceback=[f"{kind}: {text}"])


def _time_up(outputs: list[Output], timeout: float) -> list[Output]:
    """The interrupt shows as what it means, not as the KeyboardInterrupt that brought it."""
    kept = [o for o in outputs if not (isinstance(o, Error) and o.ename == "KeyboardInterrupt")]
    return [*kept, _error("CellTimeoutError", f"This cell was stopped after {timeout:g} s.")]


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
