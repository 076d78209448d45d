"""One submission graded into a folder, with its notebook and feedback: no class, no gradebook."""

from __future__ import annotations

from pathlib import Path

from grader.host import kept_contracts
from grader.host.course.course import Course
from grader.host.engine import bubblewrap
from grader.host.engine.engine import Engine
from grader.host.engine.settings import EngineSettings
from grader.host.imports import modules, preload
from grader.host.results.result import Result
from grader.protocol.errors import GraderError


def grade_folder(
    course: Course, assignment: str, handed_in: Path, out: Path, student: str = "you"
) -> tuple[Result, Path]:
    """Grades what lies in a folder as `grade_class` would.

    It is shut in where this system has a sandbox: meant for code of one's own, which has these
    rights anyway.

    Args:
        assignment: its name in the course.
        handed_in: the folder with the notebook.
        out: results and pages go there, as for a class.

    Returns:
        The result, and the folder of the feedback: a page for each notebook.

    Raises:
        GraderError: when the grader can't work; no submission does that.
    """
    with Engine(
        EngineSettings(
            preload(course, [assignment]),
            shut_in=_has_sandbox(),
            show=course.shown,
            keep=kept_contracts.folder(),
            many=False,
        )
    ) as engine:
        # It warms up while nbgrader is imported here.
        engine.rooms.import_soon(modules(course, assignment))
        from grader.host.intake.folder import read_folder
        from grader.host.result_store import ResultStore, cannot_write
        from grader.host.results.revision import Identities
        from grader.host.station import Piece, Station

        loaded = course.load(assignment)
        store = ResultStore(out)
        folder = read_folder(handed_in.resolve())
        identity = Identities(loaded, "").of(folder.fingerprint())
        with Station({loaded.name: loaded}, engine) as station:
            graded = station.grade(Piece(loaded.name, student, folder, identity))
        with cannot_write(out):
            store.write(graded.result, graded.pages)
    return graded.result, store.feedback(graded.result)


def _has_sandbox() -> bool:
    try:
        bubblewrap.check()
    except GraderError:
        return False
    return True
