"""The grading processes of a worker, and what Dask has it do with them."""

from __future__ import annotations

import contextlib
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

from distributed import Reschedule, Status, get_worker

from grader.host.cluster import kit
from grader.host.cluster.grading_process import KIT, GradingProcess
from grader.host.cluster.plugin import GraderPlugin
from grader.protocol.errors import GraderError

# A process that has ended is replaced so many times for one submission: then it is not the process.
_TIMES = 2
# Seconds in which a worker that gives up is taken out of its cluster.
_PATIENCE = 60.0


class GradingProcesses:
    """As many as are wanted at a time; each is used again.

    Args:
        folder: where the kit is laid out; it goes with the last process.

    Raises:
        OSError: when there is no room for it.
    """

    def __init__(self, folder: Path, content: bytes) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / KIT).write_bytes(content)
        kit.unpack(content, folder)
        self._lock = threading.Lock()
        self._idle: list[GradingProcess] = []
        self._all: list[GradingProcess] = []

    @contextlib.contextmanager
    def one(self) -> Iterator[GradingProcess]:
        """One that nobody else has; it is not used again if something goes wrong."""
        with self._lock:
            process = self._idle.pop() if self._idle else None
        if process is None:
            process = GradingProcess(self._folder)
            with self._lock:
                self._all.append(process)
        try:
            yield process
        except BaseException:
            process.close()
            raise
        with self._lock:
            self._idle.append(process)

    def close(self) -> None:
        for process in self._all:
            process.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def prepare(run: str, assignment: str) -> bytes:
    """The contracts of an assignment, made on the worker that this is called on."""
    return _in_process(run, lambda process: process.prepare(assignment))


def grade(run: str, piece: bytes) -> bytes:
    """What comes of a piece, graded on the worker that this is called on."""
    return _in_process(run, lambda process: process.grade(piece))


def _in_process(run: str, work: Callable[[GradingProcess], bytes]) -> bytes:
    worker = get_worker()
    plugin = cast(GraderPlugin, worker.plugins[run])
    for _ in range(_TIMES):
        try:
            with plugin.process() as process:
                return work(process)
        except (GraderError, OSError) as error:
            why = str(error)
    plugin.give_up(why)
    until = time.monotonic() + _PATIENCE
    while worker.status is Status.running and time.monotonic() < until:
        time.sleep(0.1)
    # Once the worker is out, Dask gives to others what it had.
    raise Reschedule
