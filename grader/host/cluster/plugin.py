"""What a Dask worker gets of a run: the course, and the question whether it can grade.

This module travels by value, since a worker may not have the grader, or another: nothing of the
grader is imported before that is known.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from distributed import Status, WorkerPlugin


class GraderPlugin(WorkerPlugin):
    """On each worker of a cluster, while a class is graded.

    A worker that can grade has as many of the resource with the run's name as it has threads; one
    that can't has none, and says why under that name in Dask's log of events.

    Args:
        run: a name that no other run has.
        kit: the course, as `kit.pack` makes it.
        code: the grader's, see `version.code`.
    """

    def __init__(self, run: str, kit: bytes, code: str) -> None:
        self.name = run
        self._kit = kit
        self._code = code
        self._processes: Any = None

    async def setup(self, worker: Any) -> None:
        self._worker = worker
        folder = Path(worker.local_directory) / self.name
        self.why = await asyncio.to_thread(self._open, folder)
        worker.log_event(self.name, {"worker": worker.address, "why": self.why})
        if self.why is None:
            await worker.set_resources(**{self.name: worker.state.nthreads})
            # A scheduler looks for work that waits when a worker begins to run, not when one that
            # runs says what it can do: without this, what only this worker can do waits for ever.
            worker.status = Status.paused
            worker.status = Status.running

    async def teardown(self, worker: Any) -> None:
        if self._processes is not None:
            await asyncio.to_thread(self._processes.close)
        with contextlib.suppress(OSError):
            await worker.set_resources(**{self.name: 0})

    def _open(self, folder: Path) -> str | None:
        """Gets ready; why it can't."""
        try:
            from grader.host.cluster.worker import GradingProcesses
            from grader.host.engine.bubblewrap import check
            from grader.host.version import code
        except ImportError as error:
            return f"the grader is not installed there ({error})."
        if code() != self._code:
            return "its grader is of another version."
        try:
            check()
            self._processes = GradingProcesses(folder, self._kit)
        except Exception as error:
            return str(error)
        return None

    @contextlib.contextmanager
    def process(self) -> Iterator[Any]:
        """A grading process that nobody else uses meanwhile."""
        with self._processes.one() as process:
            yield process

    def give_up(self, why: str) -> None:
        """Takes the worker, on which nothing can be graded, out of the cluster."""
        worker = self._worker
        worker.log_event(self.name, {"worker": worker.address, "why": why})
        worker.loop.add_callback(worker.close_gracefully, reason=why)


def why_not(run: str, dask_worker: Any) -> str | None:
    """Why the worker that this is called on can't grade in a run; None if it can."""
    why: str | None = dask_worker.plugins[run].why
    return why
