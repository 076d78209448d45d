"""A graded class whose texts wait for a teacher, and the page on which they are marked."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import nbformat

from grader import Course
from grader.host.desk.review_server import ReviewServer
from grader.host.desk.reviewing import Review
from grader.host.gradebook.book import Book
from grader.host.gradebook.connection import Database
from grader.host.result_store import ResultStore
from grader.host.results.result import CellResult, ItemResult, Result
from tests.grader.conftest import RIGHT, answered
from tests.grader.desk.conftest import Class

TEXTS: dict[str, str | None] = {
    "ada": "Because minus times minus is plus, and plus times plus is plus as well, everywhere.",
    "bob": "because minus times minus is plus and plus times plus is plus as well, everywhere",
    "cleo": "Because minus times minus is not plus, and plus times plus is plus too, everywhere.",
    "dan": "It never is: <script>alert(1)</script>",
    "eve": None,
}


def lay(
    group: Class, texts: Mapping[str, str | None] = TEXTS, database: Database | None = None
) -> Path:
    """A graded class in a folder and its gradebook, without anybody having been graded."""
    out = group.here / "out"
    course = Course.open(group.root)
    assignment = course.load("numbers")
    release = nbformat.read(group.root / "exercises/numbers/numbers.ipynb", as_version=4)
    store = ResultStore(out)
    out.mkdir(exist_ok=True)
    with Book(database or Database.of_file(store.gradebook), course.course_id) as book:
        book.set_up(assignment, None)
        for student, text in texts.items():
            answers = {name: RIGHT[name] for name in ("square", "triple")}
            answers |= {} if text is None else {"why": text}
            page = out / "autograded" / student / "numbers/numbers.ipynb"
            page.parent.mkdir(parents=True)
            nbformat.write(answered(release, answers), page)
            cell = CellResult(
                notebook="numbers",
                grade_id="why",
                item="why",
                points=3,
                score=None,
                outcome="needs manual",
            )
            result = Result(
                assignment="numbers",
                student=student,
                status="graded",
                total=0,
                items=[ItemResult.of("why", [cell])],
            )
            book.record(result, assignment, False)
            result.save(store.result("numbers", student))
    return out


@contextlib.contextmanager
def serving(review: Review) -> Iterator[ReviewServer]:
    """The page of a review, for as long as it is looked at."""
    made = ReviewServer(review)
    ready = threading.Event()
    started: list[tuple[asyncio.AbstractEventLoop, asyncio.Task[None]]] = []

    async def serve() -> None:
        task = asyncio.ensure_future(made.run(ready.set))
        started.append((asyncio.get_running_loop(), task))
        with contextlib.suppress(asyncio.CancelledError):
            await task

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert ready.wait(10)
        yield made
    finally:
        [(loop, task)] = started
        loop.call_soon_threadsafe(task.cancel)
        thread.join(10)
