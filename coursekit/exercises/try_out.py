"""Runs lessons and exercises from top to bottom, to see whether all of it works on this machine."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from coursekit.exercises.folders import EXERCISES, LESSONS, WorkspaceError

# Seconds that one cell may take; on a slow machine the longest takes about a minute.
TIMEOUT = 600
_MIB = 2**20


@dataclass(frozen=True)
class Tried:
    """How it went.

    Attributes:
        name: The file, as notebooks/07_….ipynb.
        seconds: How long it took, the kernel's start included.
        mebibytes: The most memory that the kernel used.
        problem: What went wrong; empty if nothing did.
    """

    name: str
    seconds: float
    mebibytes: float
    problem: str


def main(course: Path, numbers: Sequence[str] = ()) -> Iterator[Tried]:
    """Runs each lesson, and of each exercise the given cells. Nothing is saved.

    Args:
        course: The folder with notebooks/ and exercises/.
        numbers: Those of the lessons, as in "07"; all if there are none.

    Raises:
        WorkspaceError: at once, if there is no such lesson.
    """
    return _each(course, _chosen(course, [number.zfill(2) for number in numbers]))


def _chosen(course: Path, numbers: Sequence[str]) -> list[Path]:
    lessons = sorted((course / LESSONS).glob("[0-9][0-9]_*.ipynb"))
    for number in numbers:
        if not any(path.name.startswith(f"{number}_") for path in lessons):
            raise WorkspaceError(f"There is no lesson {number} in {course / LESSONS}.")
    return [path for path in lessons if not numbers or path.name[:2] in numbers]


def _each(course: Path, lessons: Sequence[Path]) -> Iterator[Tried]:
    for lesson in lessons:
        yield _tried(course, lesson, lambda cell: True)
        exercise = course / EXERCISES / lesson.stem / lesson.name
        if exercise.is_file():
            yield _tried(course, exercise, _is_given)


def _is_given(cell: nbformat.NotebookNode) -> bool:
    return bool(cell.metadata.get("course", {}).get("given"))


def _tried(course: Path, path: Path, runs: Callable[[nbformat.NotebookNode], bool]) -> Tried:
    notebook = nbformat.read(path, as_version=4)
    notebook.cells = [cell for cell in notebook.cells if cell.cell_type == "code" and runs(cell)]
    client = NotebookClient(
        notebook,
        timeout=TIMEOUT,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
    )
    problem = ""
    start = time.monotonic()
    with _Memory(client) as memory:
        try:
            # What kernels log about themselves is no result of the lesson.
            client.execute(
                env={**os.environ, "COURSE_PROGRESS": ":memory:"}, stderr=subprocess.DEVNULL
            )
        except CellExecutionError as error:
            problem = f"{error.ename}: {error.evalue}"
        except CellTimeoutError:
            problem = f"A cell took longer than {TIMEOUT} seconds."
        except DeadKernelError:
            problem = "Python ended in the middle: is there enough memory?"
    return Tried(
        path.relative_to(course).as_posix(), time.monotonic() - start, memory.most / _MIB, problem
    )


class _Memory:
    """Looks at a kernel's memory every tenth of a second; 0 where the system does not tell."""

    def __init__(self, client: NotebookClient) -> None:
        self.most = 0.0
        self._client = client
        self._done = threading.Event()
        self._looker = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> _Memory:
        self._looker.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._looker.join()

    def _look(self) -> None:
        try:
            import psutil  # ipykernel brings it
        except ImportError:
            return
        while not self._done.wait(0.1):
            manager = self._client.km
            process = getattr(getattr(manager, "provisioner", None), "process", None)
            if process is None:
                continue
            try:
                self.most = max(self.most, psutil.Process(process.pid).memory_info().rss)
            except psutil.Error:
                continue
