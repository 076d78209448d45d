"""Where submissions are graded: one engine, and clerks for all that learners wrote.

with Station(assignments, engine) as station:     # before other threads are started
    finished = station.grade(piece)               # in any number of threads
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType

from grader.host.clerk import Clerks
from grader.host.contract import Trouble
from grader.host.course.assignment import Assignment
from grader.host.engine.engine import Engine
from grader.host.get_contract import trouble_with
from grader.host.grade import READ, Graded, grade, reader, reading, reject
from grader.host.intake.folder import Folder
from grader.host.intake.notebook import Rejected
from grader.host.intake.submission import collect, timestamp_of
from grader.host.marking import Marking
from grader.host.publish.rendering import RENDER, Pages, Renderer
from grader.host.result_store import is_full
from grader.host.results.result import Result
from grader.host.results.revision import Identity, merge
from grader.protocol.errors import GraderError, NotSetUp

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Piece:
    """A submission that is to be graded.

    Attributes:
        folder: what was handed in.
        assignment: its key.
        identity: what its marks are known by.
        known: what an earlier run found.
    """

    assignment: str
    student: str
    folder: Folder
    identity: Identity
    known: Result | None = None


@dataclass(frozen=True)
class Finished:
    """What came of it.

    Attributes:
        looked: whether the assignment's own solution was looked at before.
        trouble: what is to be told of that; None for nothing.
    """

    result: Result
    pages: Pages
    looked: bool = False
    trouble: Trouble | None = None


class Station:
    """Grades submissions.

    Args:
        assignments: by their keys.
    """

    def __init__(
        self,
        assignments: Mapping[str, Assignment],
        engine: Engine,
        marking: Marking | None = None,
    ) -> None:
        self.assignments = assignments
        self.engine = engine
        self.marking = marking or Marking()
        self.renderer = Renderer(assignments, self.marking.show_hidden_tests)
        self._stopping = False

    def __enter__(self) -> Station:
        jobs = {READ: reading(self.assignments), RENDER: self.renderer.job}
        self._clerks = self.renderer.clerks = Clerks(jobs)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, _: TracebackType | None
    ) -> None:
        self.engine.close()
        self._clerks.__exit__(kind, value, None)

    def stop(self) -> None:
        """Gives up what is being played; any thread may call this."""
        self._stopping = True
        self.engine.stop()

    def grade(self, piece: Piece) -> Finished:
        """Grades one.

        Raises:
            GraderError: when the engine does not start, there is no room, or it was stopped; no
                submission does that.
        """
        for is_last in (False, True):
            try:
                finished = self._grade(piece)
                break
            except NotSetUp as error:
                if is_last:
                    return self.give_up(piece.assignment, piece.student, error)
                _log.warning("%s/%s is tried again: %s", piece.student, piece.assignment, error)
            except GraderError:
                raise
            except Exception as error:
                if is_full(error):
                    said = f"There is no room to grade {piece.student}: {error}."
                    raise GraderError(said) from error
                if is_last:
                    # A fault of the grader's must not stop the class either.
                    return self.give_up(piece.assignment, piece.student, error)
                # What fails once, as where the system has ended a process, costs nobody a mark.
                _log.warning("%s/%s is tried again: %r.", piece.student, piece.assignment, error)
        if self._stopping:
            raise GraderError("Stopped.")
        return finished

    def _grade(self, piece: Piece) -> Finished:
        graded, looked = self._play(piece)
        result = piece.identity.put_on(graded.result)
        if piece.known is not None:
            result = merge(piece.known, result, self.marking.regrade)
        pages, result = self.renderer.pages(result, graded.notebooks)
        return Finished(result, pages, looked, self.trouble(piece.assignment) if looked else None)

    def give_up(self, assignment: str, student: str, error: Exception) -> Finished:
        """What comes of a submission on which the grader itself failed.

        It has no fingerprint: the next run tries it once more.
        """
        said = f"{type(error).__name__}: {error}".encode("utf-8", "replace").decode()
        reason = f"The grader failed on it ({said}): please report this."
        if isinstance(error, NotSetUp):
            reason = f"Not graded, by no fault of its own: {error} The same command tries it again."
        result = reject(self.assignments[assignment], student, reason, None).result
        pages, result = self.renderer.pages(result, {})
        return Finished(result, pages)

    def trouble(self, assignment: str) -> Trouble | None:
        """What a teacher is to be told of an assignment; see `get_contract.trouble_with`.

        Raises:
            GraderError: when the engine does not start.
        """

        def look() -> Trouble | None:
            return trouble_with(self.assignments[assignment], self.engine, self.marking.all_beside)

        # Who looks at another meanwhile does not wait.
        return self.engine.remember(("trouble", assignment), look)

    def _play(self, piece: Piece) -> tuple[Graded, bool]:
        """What was found, and whether the assignment had to be looked at."""
        if self._stopping:
            raise GraderError("Stopped.")
        assignment = self.assignments[piece.assignment]
        read = reader(self._clerks, assignment)
        submission = collect(assignment, piece.folder, piece.student, read)
        if isinstance(submission, Rejected):
            when = timestamp_of(piece.folder, assignment.zone)
            return reject(assignment, piece.student, submission.reason, when), False
        self.trouble(piece.assignment)
        return grade(submission, self.engine, self.marking.all_beside, alone=False), True
