"""A class: what is not graded yet goes to where it is graded, and what comes back is kept.

That is this machine, with as many threads as there are workers (`Here`), or a cluster (`cluster`).
Every submission ends as one file in OUT/results/; gradebook, grades.csv and report are made from
these at the end. A second run, or one after a kill, only does what is not done yet (`result_store`,
`results.revision`).
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Protocol, TypeVar

from grader.host.contract import Trouble
from grader.host.course import variants
from grader.host.course.assignment import Assignment, Kind
from grader.host.course.course import BOOK, Course
from grader.host.engine.engine import Engine
from grader.host.get_contract import names_for
from grader.host.gradebook.book import Book
from grader.host.gradebook.connection import Database
from grader.host.intake.folder import Folder, read_folder
from grader.host.marking import Marking
from grader.host.publish.ledger import read_ledger
from grader.host.publish.rendering import Renderer
from grader.host.publish.report import ClassReport
from grader.host.result_store import ResultStore, cannot_write
from grader.host.results.result import Result, write_atomically
from grader.host.results.revision import Identities
from grader.host.station import Finished, Piece, Station
from grader.host.tasks import Task, look_alikes
from grader.protocol.errors import GraderError

_log = logging.getLogger(__name__)

# Seconds without a result after which one looks whether there can be any.
_WATCH = 5.0
# What in entered.json names the gradebook: no submission is called so.
_PLACE = ""
# What stands between a submission's fingerprint and which run has entered it.
_RUN = "@"

T = TypeVar("T")
R = TypeVar("R")


class Place(Protocol):
    """Where submissions are graded."""

    def __enter__(self) -> Place: ...

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, _: TracebackType | None
    ) -> None: ...

    def grade_all(self, pieces: Iterable[Piece]) -> Iterator[Finished]:
        """What comes of them, as it comes.

        Raises:
            GraderError: when nothing can be graded there any more.
        """


class Here:
    """This machine: as many threads as there are workers, all with one engine.

    Args:
        workers: how many submissions at the same time; default one a core.
    """

    def __init__(self, station: Station, workers: int | None = None) -> None:
        self._station = station
        self._workers = workers or os.cpu_count() or 1

    def __enter__(self) -> Here:
        self._executor = ThreadPoolExecutor(self._workers, "grader")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, _: TracebackType | None
    ) -> None:
        if kind is not None:
            # Ctrl-C, or a failure of our own: what is being played is given up, not waited for.
            self._station.stop()
        self._executor.shutdown(wait=True, cancel_futures=True)
        self._station.engine.close()

    def grade_all(self, pieces: Iterable[Piece]) -> Iterator[Finished]:
        ahead = 2 * self._workers
        for _, future in run(pieces, self._executor, self._station.grade, lambda: ahead):
            yield future.result()


def run(
    tasks: Iterable[T],
    executor: Executor,
    work: Callable[[T], R],
    ahead: Callable[[], int],
    watch: Callable[[], None] = lambda: None,
) -> Iterator[tuple[T, Future[R]]]:
    """What `work` makes of the tasks, as it comes.

    Of a large class there is not room for all at a time: a task is taken from `tasks` when there is
    work for the executor.

    Args:
        ahead: how many may be waiting or under way.
        watch: called every few seconds while nothing comes; what it raises ends all.
    """
    under_way: dict[Future[R], T] = {}

    def some() -> Iterator[tuple[T, Future[R]]]:
        done, _ = wait(under_way, timeout=_WATCH, return_when=FIRST_COMPLETED)
        if not done:
            watch()
        for future in done:
            yield under_way.pop(future), future

    for task in tasks:
        under_way[executor.submit(work, task)] = task
        while len(under_way) >= ahead():
            yield from some()
    while under_way:
        yield from some()


@dataclass
class ClassResult:
    """What came of a class.

    Attributes:
        graded: how many submissions were graded, in this run or an earlier one.
        rejected: how many could not be.
        late: how many of all came late.
        waiting: how many wait for a teacher.
        reused: how many of all were known from an earlier run.
        left_over: results of earlier runs whose submission or assignment is not there any more, or
            that can't be read: they stay in results/ and in the gradebook, but are not in
            grades.csv.
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
    engine: Engine,
    marking: Marking | None = None,
    db_url: str | None = None,
    on_result: Callable[[Result], None] = lambda result: None,
    on_trouble: Callable[[str, Trouble], None] = lambda assignment, trouble: None,
    place: Callable[[Station], Place] = Here,
) -> ClassResult:
    """Grades all tasks into a folder.

    Args:
        engine: to grade with; closed at the end.
        db_url: the gradebook, instead of the one that the course names, or gradebook.db in `out`.
        on_result: called in this thread after each submission.
        on_trouble: called in this thread, before the first result of an assignment of which the
            teacher's own solution fails tests, or tests are left to the teacher, with its name and
            what to do.
        place: where to grade; on this machine if nothing is said.

    Raises:
        GraderError: when the folder, the gradebook or the engine fail, or an item is unknown; no
            submission does that.
    """
    marking = marking or Marking()
    _check(marking, assignments)
    ledger = read_ledger(course.settings.ledger)
    tasks = list(_as_given_out(course, tasks))
    given_out = {task.assignment.key: task.assignment for task in tasks}
    store = ResultStore(out)
    address = db_url or course.db_url
    database = Database(address) if address else Database.of_file(store.gradebook)
    with store.held():
        earlier = store.keys()
        shown = dict(assignments)
        before = {name for name, _ in earlier} & set(course.assignments())
        for name in sorted(before - shown.keys()):
            shown[name] = course.load(name)
        with Book(database, course.course_id, course.config) as book:
            for name, assignment in shown.items():
                # What is not graded now stays as it was when its results were made.
                if name in assignments or not book.knows(name):
                    book.set_up(assignment, marking.due.get(name))
                elif name in marking.due:
                    book.set_due(name, marking.due[name])
            _tell_due(course, book, assignments)
            marks = f"{sorted(marking.all_beside)} {marking.show_hidden_tests}"
            settings = f"{engine.settings} {marks} {course.shown_digest()}"
            identities = {key: Identities(found, settings) for key, found in given_out.items()}
            alike = look_alikes({task.student for task in tasks})
            station = Station({**shown, **given_out}, engine, marking)
            with station:
                intake = _Intake(tasks, store, identities, marking.regrade)
                troubles = _Troubles(store.troubles(), on_trouble)

                def on_known(result: Result) -> None:
                    on_result(_with_note(result, alike))

                with place(station) as where:
                    _log.info("%d submissions of %s.", len(tasks), ", ".join(sorted(assignments)))
                    for finished in where.grade_all(intake.pieces(on_known)):
                        troubles.note(finished)
                        result = _write(finished, store, station)
                        intake.own[result.key] = True
                        _log.debug("%s/%s: %s, %.2f s.", *result.key, result.status, result.seconds)
                        on_known(result)
                own = intake.own
                others = [key for key in earlier if key[0] in shown and key[0] not in assignments]
                done = ClassResult(out / "report.html")
                done.reused = sum(not fresh for fresh in own.values())
                _log.info("%d graded in this run; now gradebook and report.", sum(own.values()))
                with cannot_write(out):
                    store.save_troubles(troubles.known)
                report = ClassReport(
                    [shown[name] for name in sorted(shown)], troubles.known, ledger
                )
                entered = _enter(
                    sorted([*own, *others]),
                    store,
                    book,
                    shown,
                    station.renderer,
                    marking.timestamps,
                    # The folder may be moved with its own.
                    str(database) if address else "",
                )
                left_over = set(earlier)
                for result, late in entered:
                    left_over.discard(result.key)
                    report.add(_with_note(result, alike), late)
                    if result.key in own:
                        done.count(result, late)
                done.left_over = len(left_over)
        with cannot_write(out):
            write_atomically(out / "grades.csv", report.csv().encode("utf-8", "replace"))
            write_atomically(out / "report.html", report.html().encode("utf-8", "replace"))
            here = database.url.render_as_string(hide_password=False)
            store.write_config(course, submitted, here if address else None)
    return done


def _tell_due(course: Course, book: Book, names: Iterable[str]) -> None:
    """Tells of assignments that are due by nbgrader's own gradebook alone."""
    own = course.root / BOOK
    due = Database.of_file(own).due_dates() if own.is_file() else {}
    for name in names:
        if name in due and book.due(name) is None:
            _log.warning(
                "%s was due at %s UTC as %s says, and here nobody is late: type "
                "--due '%s=%s' for that.",
                *(name, due[name], own, name, due[name]),
            )


def _as_given_out(course: Course, tasks: Sequence[Task]) -> Iterator[Task]:
    """The tasks, each with the numbers that its learner was given.

    Raises:
        GraderError: when what is kept of these cannot be understood.
    """
    given = course.variants()
    loaded: dict[str, Assignment] = {}
    for task in tasks:
        number = given.get(task.assignment.name, {}).get(task.student, 0)
        if number:
            key = variants.key(task.assignment.name, number)
            if key not in loaded:
                loaded[key] = course.load(task.assignment.name, number)
            task = replace(task, assignment=loaded[key])
        yield task


def _write(finished: Finished, store: ResultStore, station: Station) -> Result:
    """Writes what came of a submission. Returns the result that was written."""
    try:
        with cannot_write(store.folder):
            store.write(finished.result, finished.pages)
    except GraderError:
        raise
    except Exception as error:
        # What no file can hold must not stop the class.
        finished = station.give_up(*finished.result.key, error)
        with cannot_write(store.folder):
            store.write(finished.result, finished.pages)
    return finished.result


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


def _check(marking: Marking, assignments: Mapping[str, Assignment]) -> None:
    """Looks whether all that is named is there.

    Raises:
        GraderError: for the first name that is not.
    """
    _require("--regrade", marking.regrade, _items(assignments))
    _require("--beside", marking.beside, _tests(assignments))
    _require("--beside-all", marking.beside_all, assignments, "assignment")


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
    store: ResultStore,
    book: Book,
    assignments: Mapping[str, Assignment],
    renderer: Renderer,
    timestamps: bool,
    place: str,
) -> Iterator[tuple[Result, bool]]:
    """Enters results into the gradebook. Yields them with marks given by hand, and who was late.

    They are read from their files one by one: of a large class there is not room for all.

    Args:
        place: where the gradebook lies: another one knows other submissions.
    """
    before = store.entered()
    if before.get(_PLACE, place) != place:
        before = {}
    entered = {**before, _PLACE: place}
    runs = book.count_run()
    gone = 0
    for assignment, student in keys:
        result = store.load(assignment, student)
        if result is None:
            # Of another version of this package, and not graded again because it is not asked for.
            continue
        name = f"{assignment}/{student}"
        handed_in, _, run_then = before.get(name, "").partition(_RUN)
        # A copy of earlier may have come in the gradebook's place.
        is_of_then = runs is not None and run_then.isdecimal() and int(run_then) >= runs
        look_again = is_of_then or handed_in != result.handed_in
        known = result if timestamps else result.model_copy(update={"timestamp": None})
        # Of what nbgrader itself has graded nothing is known.
        entry = book.record(known, assignments[assignment], look_again if handed_in else None)
        by_hand = bool(entry.scores or entry.comments or entry.penalty)
        given = [entry.scores, entry.comments, entry.penalty, sorted(entry.outdated)]
        marks = json.dumps(given, sort_keys=True)
        shown = hashlib.sha256(marks.encode()).hexdigest() if by_hand else ""
        marked = result
        if by_hand:
            marked = result.with_marks(entry.scores, entry.comments, entry.penalty, entry.outdated)
        # In one that is not new the teacher may have taken them back.
        gone += bool(result.shown and not shown and runs == 0)
        if shown != result.shown:
            # Making pages takes a while: others may write meanwhile.
            book.commit()
            with cannot_write(store.folder):
                store.show_marks(result, assignments[assignment], marked, shown, renderer)
        if result.handed_in and look_again:
            entered[name] = f"{result.handed_in}{_RUN}{runs or 0}"
        yield marked, entry.late
    if gone:
        _log.warning(
            "The gradebook is new: it lacks what you had given %d submissions by hand. If there is "
            "a copy of the old one, put that in its place and type the same command again.",
            gone,
        )
    # Only what the gradebook holds for good counts as told to it.
    book.commit()
    if entered != before:
        with cannot_write(store.folder):
            store.save_entered(entered)


class _Intake:
    """Reads what was handed in, and knows what was graded before.

    Attributes:
        own: assignment and student of all that there are, and whether each was graded in this run.
    """

    def __init__(
        self,
        tasks: Sequence[Task],
        store: ResultStore,
        identities: Mapping[str, Identities],
        regrade: Collection[str],
    ) -> None:
        self._tasks = tasks
        self._store = store
        self._identities = identities
        self._regrade = regrade
        self.own: dict[tuple[str, str], bool] = {}

    def pieces(self, on_known: Callable[[Result], None]) -> Iterator[Piece]:
        """What is to be graded, read as it is asked for.

        Args:
            on_known: gets what is not to be.
        """
        for task in self._tasks:
            piece = self._read(task)
            if piece.known is not None and self._is_done(piece.known, piece, task):
                self.own[piece.known.key] = False
                on_known(piece.known)
            else:
                yield piece

    def _read(self, task: Task) -> Piece:
        key = task.assignment.key
        folder = read_folder(task.folder) if task.reason is None else Folder(reason=task.reason)
        known = self._store.load(task.assignment.name, task.student)
        timed, handed_in = folder.fingerprint(), folder.fingerprint(timed=False)
        # Up to GRADING 33 the time belonged to it: what has not changed keeps that name.
        if known is not None and known.handed_in == timed:
            handed_in = timed
        identity = self._identities[key].of(handed_in, timed)
        return Piece(key, task.student, folder, identity, known)

    def _is_done(self, known: Result, piece: Piece, task: Task) -> bool:
        wanted = any(item.name in self._regrade for item in known.items)
        same = known.fingerprint == piece.identity.whole and not wanted
        return same and self._store.has(known, task.assignment)


class _Troubles:
    """What is to be told of assignments whose own solution fails tests, or that need a teacher.

    Args:
        known: what earlier runs found, by assignment.
        tell: gets the name of an assignment and what to tell of it.
    """

    def __init__(self, known: Mapping[str, Trouble], tell: Callable[[str, Trouble], None]) -> None:
        self.known = dict(known)
        self._tell = tell
        self._seen: set[str] = set()

    def note(self, finished: Finished) -> None:
        """Tells of an assignment, the first time that it was looked at."""
        name = finished.result.assignment
        if not finished.looked or name in self._seen:
            return
        self._seen.add(name)
        self.known.pop(name, None)
        if finished.trouble is not None:
            self.known[name] = finished.trouble
            self._tell(name, finished.trouble)
