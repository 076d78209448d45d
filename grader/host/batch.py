"""A class: as many threads as there are workers, all with one `Engine`.

Every submission ends as one file in OUT/results/; gradebook, grades.csv and report are made from
these at the end. A second run, or one after a kill, only does what is not done yet (`store`,
`results.revision`).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType

from nbformat import NotebookNode

from grader.host.clerk import Clerks, Job
from grader.host.contract_of import all_of, names_for, trouble_with
from grader.host.course.assignment import Assignment, Kind
from grader.host.course.course import Course
from grader.host.engine.engine import Engine
from grader.host.grade import READ, Graded, grade, reader, reading, reject
from grader.host.gradebook.book import Book
from grader.host.gradebook.database import Database
from grader.host.intake.folder import Folder, read_folder
from grader.host.intake.notebook import Rejected
from grader.host.intake.submission import collect, timestamp_of
from grader.host.publish.report import ClassReport
from grader.host.results.result import Result, write_atomically
from grader.host.results.revision import Identities, merge
from grader.host.settings import TIMEOUT
from grader.host.store import RENDER, Output, cannot_write, is_full
from grader.host.tasks import Task, look_alikes
from grader.protocol.errors import GraderError

_log = logging.getLogger(__name__)


@dataclass
class ClassResult:
    """What came of a class.

    Attributes:
        graded: how many submissions were graded, in this run or an earlier one.
        rejected: how many could not be.
        late: how many of all came late.
        waiting: how many wait for a teacher.
        reused: how many of all were known from an earlier run.
        left_over: results of earlier runs whose submission is not there any more: they stay in
            results/ and in the gradebook, but are not in grades.csv.
        report: the class report.
    """

    report: Path
    graded: int = 0
    rejected: int = 0
    late: int = 0
    waiting: int = 0
    reused: int = 0
    left_over: int = 0

    def count(self, result: Result, late: bool) -> None:
        """Takes in one more submission."""
        self.graded += result.status == "graded"
        self.rejected += result.status == "rejected"
        self.late += late
        self.waiting += result.waits


def grade_class(
    course: Course,
    submitted: Path,
    out: Path,
    assignments: Mapping[str, Assignment],
    tasks: Sequence[Task],
    due: Mapping[str, datetime] | None = None,
    workers: int | None = None,
    timeout: float = TIMEOUT,
    on_result: Callable[[Result], None] = lambda result: None,
    on_trouble: Callable[[str, str], None] = lambda assignment, sentence: None,
    sandbox: bool = True,
    engine: Engine | None = None,
    show_hidden_tests: bool = False,
    regrade: Collection[str] = (),
    beside: Collection[str] = (),
    beside_all: Collection[str] = (),
    db_url: str | None = None,
) -> ClassResult:
    """Grades all tasks into a folder.

    Args:
        due: by assignment, UTC without time zone; what the gradebook says where missing.
        workers: how many submissions at the same time; default one a core.
        timeout: seconds a cell may take.
        on_result: called in this thread after each submission.
        on_trouble: called in any thread, before the first submission of an assignment is graded of
            which the teacher's own solution fails tests, or tests are left to the teacher, with its
            name and what to do.
        sandbox: whether learners' code is shut in; see `Engine`.
        engine: to grade with, instead of one with that `timeout` and `sandbox`; closed at the end.
        show_hidden_tests: whether notebooks and feedback show the code of hidden tests.
        regrade: items that get new marks, and only these, in what was graded before.
        beside: items or grade_ids whose tests may run beside the learner's code.
        beside_all: assignments of which all tests may.
        db_url: the gradebook, instead of the one that the course names, or gradebook.db in `out`.

    Raises:
        GraderError: when the folder, the gradebook or the engine fail, or an item is unknown; no
            submission does that.
    """
    _require("--regrade", regrade, _items(assignments))
    _require("--beside", beside, _tests(assignments))
    _require("--beside-all", beside_all, assignments, "assignment")
    beside = [*beside, *map(all_of, beside_all)]
    output = Output(out, show_hidden_tests)
    address = db_url or course.db_url
    database = Database(address) if address else Database.of_file(output.gradebook)
    with output.held(), contextlib.ExitStack() as exits:
        earlier = output.keys()
        shown = dict(assignments)
        for name in sorted({name for name, _ in earlier} & set(course.assignments())):
            shown.setdefault(name, course.load(name))
        with Book(database, course.course_id, course.config) as book:
            for name, assignment in shown.items():
                book.set_up(assignment, (due or {}).get(name))
            if engine is None:
                engine = Engine(timeout=timeout, shut_in=sandbox, show=course.shown)
            limit = f"{engine.timeout:g}{' auto' if engine.follows_solution else ''}"
            allowed = f"{limit} {engine.limits} {engine.output_limit}"
            settings = f"{allowed} {sorted(beside)} {show_hidden_tests} {course.shown_digest()}"
            identities = {name: Identities(assignments[name], settings) for name in assignments}
            own: dict[tuple[str, str], bool] = {}
            alike = look_alikes({task.student for task in tasks})
            count = workers or os.cpu_count() or 1
            # Before there are other threads: it forks.
            clerks = exits.enter_context(Clerks(jobs(shown, output)))
            output.clerks = clerks
            troubles = _Troubles(engine, output.troubles(), on_trouble, beside)
            with _Workers(
                count, engine, output, identities, regrade, beside, clerks, troubles
            ) as pool:
                for result, fresh in pool.grade_all(tasks):
                    own[result.key] = fresh
                    on_result(_with_note(result, alike))
            others = [key for key in earlier if key[0] in shown and key[0] not in assignments]
            done = ClassResult(out / "report.html")
            done.reused = sum(not fresh for fresh in own.values())
            done.left_over = sum(key[0] in assignments and key not in own for key in earlier)
            with cannot_write(out):
                output.save_troubles(troubles.known)
            report = ClassReport([shown[name] for name in sorted(shown)], troubles.known)
            for result, late in _enter(sorted([*own, *others]), output, book, shown):
                report.add(_with_note(result, alike), late)
                if result.key in own:
                    done.count(result, late)
        with cannot_write(out):
            write_atomically(out / "grades.csv", report.csv().encode("utf-8", "replace"))
            write_atomically(out / "report.html", report.html().encode("utf-8", "replace"))
            output.write_config(course, submitted, address)
    return done


def _with_note(result: Result, notes: Mapping[str, str]) -> Result:
    """With what is to be said of this student in this run."""
    note = notes.get(result.student)
    return result if note is None else result.model_copy(update={"notes": [*result.notes, note]})


def _items(assignments: Mapping[str, Assignment]) -> set[str]:
    return {item.name for assignment in assignments.values() for item in assignment.items}


def _tests(assignments: Mapping[str, Assignment]) -> set[str]:
    """Tests, by themselves and by their item."""
    return {
        name
        for assignment in assignments.values()
        for notebook in assignment.notebooks.values()
        for cell in notebook.cells
        if cell.kind is Kind.TEST
        for name in names_for(assignment, notebook, cell)
    }


def _require(
    option: str, names: Collection[str], known: Collection[str], what: str = "item"
) -> None:
    for name in names:
        if name not in known:
            raise GraderError(
                f"{option} {name}: there is no such {what}; there are "
                f"{', '.join(sorted(known)) or 'none'}."
            )


def _enter(
    keys: Sequence[tuple[str, str]],
    output: Output,
    book: Book,
    assignments: Mapping[str, Assignment],
) -> Iterator[tuple[Result, bool]]:
    """Enters results into the gradebook. Yields them with marks given by hand, and who was late.

    They are read from their files one by one: of a large class there is not room for all.
    """
    before = output.entered()
    entered = dict(before)
    for assignment, student in keys:
        result = output.load(assignment, student)
        if result is None:
            # Of another version of this package, and not graded again because it is not asked for.
            continue
        name = f"{assignment}/{student}"
        look_again = before.get(name, "") != result.handed_in
        entry = book.record(result, assignments[assignment], look_again)
        by_hand = bool(entry.scores or entry.comments or entry.penalty)
        given = [entry.scores, entry.comments, entry.penalty, sorted(entry.outdated)]
        marks = json.dumps(given, sort_keys=True)
        shown = hashlib.sha256(marks.encode()).hexdigest() if by_hand else ""
        marked = result
        if by_hand:
            marked = result.with_marks(entry.scores, entry.comments, entry.penalty, entry.outdated)
        if shown != result.shown:
            with cannot_write(output.folder):
                output.show_marks(result, marked, shown, assignments[assignment])
        entered[name] = result.handed_in
        yield marked, entry.late
    # Only what the gradebook holds for good counts as told to it.
    book.commit()
    if entered != before:
        with cannot_write(output.folder):
            output.save_entered(entered)


class _Troubles:
    """What is to be told of assignments whose own solution fails tests, or that need a teacher.

    Args:
        known: what earlier runs found, by assignment.
        tell: gets the name of an assignment and a sentence.
        beside: as in `grade`.
    """

    def __init__(
        self,
        engine: Engine,
        known: Mapping[str, str],
        tell: Callable[[str, str], None],
        beside: Collection[str],
    ) -> None:
        self._engine = engine
        self._beside = beside
        self._tell = tell
        self._lock = threading.Lock()
        self._looking: dict[str, threading.Lock] = {}
        self._seen: set[str] = set()
        self.known = dict(known)

    def look_at(self, assignment: Assignment) -> None:
        """Looks at an assignment, once. Who looks at another meanwhile does not wait."""
        with self._lock:
            looking = self._looking.setdefault(assignment.name, threading.Lock())
        with looking:
            if assignment.name in self._seen:
                return
            self.known.pop(assignment.name, None)
            sentence = trouble_with(assignment, self._engine, self._beside)
            if sentence is not None:
                self.known[assignment.name] = sentence
                self._tell(assignment.name, sentence)
            self._seen.add(assignment.name)


def jobs(assignments: Mapping[str, Assignment], output: Output) -> dict[str, Job]:
    """What is left to clerks: all that reads, compares or renders what learners wrote."""

    def render(question: bytes) -> bytes:
        return output.render(assignments, question)

    return {READ: reading(assignments), RENDER: render}


class _Workers:
    """Threads that grade with one engine."""

    def __init__(
        self,
        count: int,
        engine: Engine,
        output: Output,
        identities: Mapping[str, Identities],
        regrade: Collection[str],
        beside: Collection[str],
        clerks: Clerks,
        troubles: _Troubles,
    ) -> None:
        self._clerks = clerks
        self._troubles = troubles
        self._executor = ThreadPoolExecutor(count, "grader")
        self._engine = engine
        self._output = output
        self._identities = identities
        self._regrade = regrade
        self._beside = beside
        self._stopping = threading.Event()

    def __enter__(self) -> _Workers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, _: TracebackType | None
    ) -> None:
        if kind is not None:
            # Ctrl-C, or a failure of our own: what is being played is given up, not waited for.
            self._stopping.set()
            self._engine.stop()
        self._executor.shutdown(wait=True, cancel_futures=True)
        self._engine.close()

    def grade_all(self, tasks: Sequence[Task]) -> Iterator[tuple[Result, bool]]:
        """Results as they come, and whether each was found in this run.

        Raises:
            GraderError: when the engine does not start or a file cannot be written.
        """
        # Not by name: each goes with its result once that was seen.
        for future in as_completed([self._executor.submit(self._grade, task) for task in tasks]):
            yield future.result()

    def _grade(self, task: Task) -> tuple[Result, bool]:
        if self._stopping.is_set():
            raise GraderError("Stopped.")
        folder = read_folder(task.folder) if task.reason is None else Folder(reason=task.reason)
        identity = self._identities[task.assignment.name].of(folder.fingerprint())
        known = self._output.load(task.assignment.name, task.student)
        wanted = any(item.name in self._regrade for item in known.items) if known else False
        is_known = known is not None and known.fingerprint == identity.whole and not wanted
        if known is not None and is_known and self._output.has(known, task.assignment):
            return known, False
        try:
            graded = self._play(task, folder)
            result = identity.put_on(graded.result)
            if known is not None:
                result = merge(known, result, self._regrade)
            self._write(task, result, graded.notebooks)
        except GraderError:
            raise
        except Exception as error:
            if is_full(error):
                raise GraderError(f"There is no room to grade {task.student}: {error}.") from error
            # A fault of the grader's must not stop the class either. It has no fingerprint: it is
            # to be tried again next time.
            said = f"{type(error).__name__}: {error}".encode("utf-8", "replace").decode()
            reason = f"The grader failed on it ({said}): please report this."
            result = reject(task.assignment, task.student, reason, None).result
            self._write(task, result, {})
        return result, True

    def _write(self, task: Task, result: Result, notebooks: Mapping[str, NotebookNode]) -> None:
        if self._stopping.is_set():
            raise GraderError("Stopped.")
        with cannot_write(self._output.folder):
            self._output.write(result, notebooks, task.assignment)

    def _play(self, task: Task, folder: Folder) -> Graded:
        read = reader(self._clerks, task.assignment)
        submission = collect(task.assignment, folder, task.student, read)
        if isinstance(submission, Rejected):
            when = timestamp_of(folder)
            return reject(task.assignment, task.student, submission.reason, when)
        self._troubles.look_at(task.assignment)
        return grade(submission, self._engine, self._beside, alone=False)
