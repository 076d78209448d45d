"""The folder that a class is graded into.

A result file is what makes a submission count; it is written last, and whole or not at all. So a
run that is killed at any moment leaves a folder from which the next goes on.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import nbformat
from nbformat import NotebookNode

from grader.host.contract import Trouble
from grader.host.course.assignment import Assignment
from grader.host.course.course import Course
from grader.host.publish.rendering import Pages, Renderer
from grader.host.results.result import Result, write_atomically
from grader.protocol import decoders
from grader.protocol.errors import GraderError

try:
    import fcntl
except ImportError:  # Not on Windows, where nothing can be graded anyway.
    fcntl = None  # type: ignore[assignment]

# Below which names we write, down to two folders: what was handed in may lie in the same folder,
# with files of any name and depth.
_WRITTEN = ("results", "autograded", "feedback", "leaderboard", "report*")
_CONFIG_HEAD = "# Written by grader, for Formgrader: start JupyterLab in this folder."


class ResultStore:
    """Results and their pages, in the folder and nowhere else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Makes the folder and keeps other runs out of it.

        Raises:
            GraderError: when it cannot be written, or another run holds it.
        """
        with cannot_write(self.folder):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.folder):
                pass
            # The lock goes with the process, however that ends; the file may stay.
            lock = (self.folder / ".lock").open("a+b", buffering=0)
        with lock:
            if fcntl is not None:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError as error:
                    lock.seek(0)
                    whose = lock.read().decode(errors="replace").strip() or "unknown"
                    raise GraderError(
                        f"Another run (process {whose}) is grading into "
                        f"{self.folder}: wait until it is done, or grade into another folder."
                    ) from error
            with cannot_write(self.folder):
                lock.truncate(0)
                lock.write(str(os.getpid()).encode())
            # What a killed run was about to write.
            for place in ("", *(f"{top}/{low}" for top in _WRITTEN for low in ("", "*/", "*/*/"))):
                for path in self.folder.glob(f"{place}.writing-*"):
                    if path.is_file():
                        path.unlink()
            yield

    @property
    def gradebook(self) -> Path:
        return self.folder / "gradebook.db"

    def result(self, assignment: str, student: str) -> Path:
        return self.folder / "results" / assignment / f"{student}.json"

    def load(self, assignment: str, student: str) -> Result | None:
        """A result that was written, with these names; None when there is none."""
        result = Result.load(self.result(assignment, student))
        return result if result is not None and result.key == (assignment, student) else None

    def keys(self) -> list[tuple[str, str]]:
        """Assignment and student of all results, sorted."""
        return sorted((p.parent.name, p.stem) for p in self.folder.glob("results/*/*.json"))

    def autograded(self, result: Result) -> Path:
        return self.folder / "autograded" / result.student / result.assignment

    def notebook(self, assignment: str, student: str, name: str) -> NotebookNode | None:
        """A notebook as `write` wrote it; None where there is none, or it was damaged since."""
        path = self.folder / "autograded" / student / assignment / f"{name}.ipynb"
        try:
            return nbformat.reads(path.read_text("utf-8"), as_version=4)
        # What is JSON and no notebook, nbformat tells in many ways.
        except Exception:
            return None

    def feedback(self, result: Result) -> Path:
        return self.folder / "feedback" / result.student / result.assignment

    def has(self, result: Result, assignment: Assignment) -> bool:
        """Whether all pages of a result are there."""
        unread = {c.notebook for i in result.items for c in i.cells if c.outcome == "damaged"}
        played = set(assignment.notebooks) - unread if result.status == "graded" else set()
        pages = [self.autograded(result) / f"{name}.ipynb" for name in played]
        pages += [self.feedback(result) / f"{name}.html" for name in assignment.notebooks]
        # After a power failure a file can be there and empty.
        return all(page.is_file() and page.stat().st_size > 0 for page in pages)

    def write(self, result: Result, pages: Pages) -> None:
        """Writes notebooks, feedback and, last, the result: only that makes it count.

        Raises:
            OSError: when a file cannot be written.
        """
        for name, notebook in pages.autograded.items():
            write_atomically(self.autograded(result) / f"{name}.ipynb", notebook)
        for name, page in pages.feedback.items():
            write_atomically(self.feedback(result) / f"{name}.html", page)
        # What an earlier attempt left: nobody is to take it for this one's.
        for folder, kept in (
            (self.autograded(result), {f"{name}.ipynb" for name in pages.autograded}),
            (self.feedback(result), {f"{name}.html" for name in pages.feedback}),
        ):
            for path in folder.glob("*"):
                if path.name not in kept and path.is_file():
                    path.unlink()
        result.save(self.result(result.assignment, result.student))

    def show_marks(
        self,
        result: Result,
        assignment: Assignment,
        marked: Result,
        shown: str,
        renderer: Renderer,
    ) -> None:
        """Feedback with what a teacher gave by hand in it, from the notebooks that `write` wrote.

        Args:
            assignment: whose notebooks count: who marks may have copied one there.
            marked: the result with it.
            shown: a fingerprint of it.
            renderer: makes the pages.

        Raises:
            OSError: when a file cannot be written.
            GraderError: when a notebook is damaged.
        """
        paths = {name: self.autograded(result) / f"{name}.ipynb" for name in assignment.notebooks}
        try:
            notebooks = {
                name: nbformat.v4.reads(path.read_text("utf-8"))
                for name, path in paths.items()
                if path.exists()
            }
            # Cleaned once more: nbgrader may have been there since.
            pages, _ = renderer.pages(marked, notebooks)
        except OSError:
            raise
        except Exception as error:
            raise GraderError(
                f"A notebook in {self.autograded(result)} is damaged: remove it, then the same "
                "command writes it again, and your marks stay."
            ) from error
        for name, page in pages.feedback.items():
            write_atomically(self.feedback(result) / f"{name}.html", page)
        result.model_copy(update={"shown": shown}).save(self.result(*result.key))

    def troubles(self) -> dict[str, Trouble]:
        """What was last to be told of assignments, by name."""
        try:
            told = (self.folder / "results" / "troubles.json").read_bytes()
            return decoders.from_json(dict[str, Trouble]).decode(told)
        except (OSError, msgspec.MsgspecError):
            return {}

    def save_troubles(self, troubles: Mapping[str, Trouble]) -> None:
        """Remembers it.

        Raises:
            OSError: when the file cannot be written.
        """
        if troubles != self.troubles():
            told = msgspec.json.encode(dict(sorted(troubles.items())))
            write_atomically(self.folder / "results" / "troubles.json", told)

    def entered(self) -> dict[str, str]:
        """The fingerprint of each submission that the gradebook knows, and which run has entered
        it, by "ASSIGNMENT/STUDENT"; by "" where that gradebook lies."""
        try:
            told = (self.folder / "results" / "entered.json").read_bytes()
            return decoders.from_json(dict[str, str]).decode(told)
        except (OSError, msgspec.MsgspecError):
            return {}

    def save_entered(self, entered: Mapping[str, str]) -> None:
        """Remembers it.

        Raises:
            OSError: when the file cannot be written.
        """
        told = json.dumps(dict(entered), indent=0, sort_keys=True)
        write_atomically(self.folder / "results" / "entered.json", told.encode())

    def write_config(self, course: Course, submitted: Path, db_url: str | None) -> None:
        """Lets nbgrader and Formgrader, started in this folder, find everything.

        Args:
            db_url: the gradebook, where it does not lie here.

        Raises:
            OSError: when the file cannot be written.
        """
        lines = [
            _CONFIG_HEAD,
            "import os",
            "c = get_config()",
            "c.CourseDirectory.root = os.path.dirname(os.path.abspath(__file__))",
            f"c.CourseDirectory.course_id = {course.course_id!r}",
            f"c.CourseDirectory.source_directory = {str(course.source.absolute())!r}",
            f"c.CourseDirectory.release_directory = {str(course.release.absolute())!r}",
            f"c.CourseDirectory.submitted_directory = {str(submitted.absolute())!r}",
            "# What the button Generate Feedback makes is not to replace the pages in feedback/.",
            "c.CourseDirectory.feedback_directory = 'feedback_of_nbgrader'",
            "# Nothing is exchanged: Formgrader need not warn that it could not be.",
            "c.Exchange.root = os.path.join(c.CourseDirectory.root, '.exchange')",
            "os.makedirs(c.Exchange.root, mode=0o700, exist_ok=True)",
        ]
        if db_url is not None:
            lines.append(f"c.CourseDirectory.db_url = {db_url!r}")
        path = self.folder / "nbgrader_config.py"
        if not path.exists() or path.read_bytes().startswith(_CONFIG_HEAD.encode()):
            # The address may hold a password.
            mode = 0o666 if db_url is None else 0o600
            write_atomically(path, "\n".join([*lines, ""]).encode("utf-8"), mode)


def is_full(error: BaseException) -> bool:
    """Whether it says that a disk is full."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


@contextlib.contextmanager
def cannot_write(folder: Path, kept: str = "What was graded is kept") -> Iterator[None]:
    """Turns a file that cannot be written into one sentence.

    Args:
        kept: what to say of a full disk: that all before it is there.

    Raises:
        GraderError: with it.
    """
    try:
        yield
    except OSError as error:
        advice = ""
        if is_full(error):
            advice = f" {kept}: make room, then the same command goes on from here."
        where = error.filename2 or error.filename or folder
        raise GraderError(f"Cannot write to {where}: {error.strerror}.{advice}") from error
