"""From submissions to results: one at a time (`grade_one`), or a class (`grade_class`).

A class is graded by as many threads as there are workers, all with one `Engine`. Every submission
ends as one file in OUT/results/; gradebook, grades.csv and report are made from these at the end.
A second run, or one after a kill, only does what is not done yet (`output`, `regrade`).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import re
import threading
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType

import msgspec
import nbformat
from nbformat import NotebookNode

from grader.host import kept_contracts
from grader.host.clerk import Clerks, Job, TooMuch
from grader.host.contract import Clause, Contract
from grader.host.course.assignment import Assignment, Kind, TeacherCell, TeacherNotebook
from grader.host.course.course import Course, digest_of
from grader.host.engine.engine import TIMEOUT, Ended, Engine, Files
from grader.host.gradebook import Book
from grader.host.intake.folder import (
    MAX_NOTEBOOK_BYTES,
    Folder,
    few,
    is_notebook,
    printable,
    read_folder,
)
from grader.host.intake.notebook import (
    Paper,
    Reader,
    Rejected,
    Submission,
    as_bytes,
    collect,
    from_bytes,
    read_paper,
    timestamp_of,
)
from grader.host.make_contract import make_contract
from grader.host.marks.points import blank, score, to_items
from grader.host.publish.report import ClassReport
from grader.host.results.result import CellResult, Result, add_up, write_atomically
from grader.host.results.revision import Identities, merge
from grader.host.session import hear
from grader.host.store import RENDER, Entered, Output, cannot_write, is_full
from grader.host.transcript import Heard
from grader.protocol.errors import GraderError

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Graded:
    """A result, and the notebooks that were played for it, by name."""

    result: Result
    notebooks: Mapping[str, NotebookNode]


# --- Reading, by clerks ------------------------------------------------------------------------

# The job of a clerk's that reads a notebook.
READ = "read"


def reading(assignments: Mapping[str, Assignment]) -> Job:
    """That job, for notebooks of these assignments."""

    def read(question: bytes) -> bytes:
        assignment, notebook, data, name = msgspec.msgpack.decode(question)
        return as_bytes(read_paper(assignments[assignment].notebooks[notebook], data, name))

    return read


def reader(clerks: Clerks, assignment: Assignment) -> Reader:
    """Has clerks who know the job read notebooks of an assignment."""

    def read(notebook: TeacherNotebook, data: bytes, name: str) -> Paper | Rejected:
        asked = msgspec.msgpack.encode([assignment.name, notebook.name, data, name])
        try:
            return from_bytes(notebook, clerks.ask(READ, asked))
        except TooMuch as error:
            return Rejected(f"To read {name} {error}.")

    return read


# --- One submission ----------------------------------------------------------------------------


def grade(
    submission: Submission, engine: Engine, beside: Collection[str] = (), alone: bool = True
) -> Graded:
    """Plays and judges a submission.

    Args:
        beside: items or grade_ids whose tests may run beside the learner's code, or the assignment.
        alone: whether what is to be told of the assignment belongs to its notes.

    Raises:
        GraderError: when the engine does not start.
    """
    assignment = submission.assignment
    notes = list(submission.notes)
    graded: dict[str, dict[str, CellResult]] = {}
    notebooks: dict[str, NotebookNode] = {}
    unanswered: list[str] = []
    seconds = 0.0
    files, left_out = _working_folder(submission)
    notes += left_out
    released = Files(assignment.files)
    for name, paper in submission.papers.items():
        if isinstance(paper, Rejected):
            notes.append(f"{paper.reason} Its items count 0 points.")
            graded[name] = blank(name, assignment.notebooks[name].cells, paper.reason)
            continue
        contract = contract_of(assignment, name, engine)
        allowed = _allowed(assignment, paper.notebook, beside)
        try:
            heard = hear(paper, contract, engine, files, released)
        except Ended as ended:
            heard = Heard(notes=[f"The notebook could not be played: its process {ended}."])
        scored = score(name, paper, heard, contract, allowed)
        seconds += sum(played.seconds for played in heard.played.values())
        graded[name] = scored.graded
        notebooks[name] = paper.as_notebook(scored.nodes)
        unanswered.extend(
            f"{name}/{cell.teacher.grade_id}"
            for cell in paper.cells
            if cell.untouched and cell.teacher is not None
        )
        told = [*paper.notes, *heard.notes, *(scored.unjudged if alone else ())]
        of = f"{name}.ipynb: " if len(assignment.notebooks) > 1 else ""
        notes.extend(f"{of}{note}" for note in told)
    items = to_items(assignment, graded)
    result = Result(
        assignment=assignment.name,
        student=submission.student,
        status="graded",
        total=add_up(cell for item in items for cell in item.cells),
        points=assignment.points,
        items=items,
        unanswered=unanswered,
        notes=notes,
        timestamp=submission.timestamp,
        seconds=round(seconds, 3),
    )
    return Graded(result, notebooks)


def contract_of(assignment: Assignment, name: str, engine: Engine) -> Contract:
    """The contract of a notebook, made once for each engine, or once and for all if it keeps them.

    Raises:
        GraderError: when the engine does not start.
    """

    def make() -> Contract:
        return make_contract(assignment.notebooks[name], engine, Files(assignment.files))

    def kept_or_made() -> Contract:
        if engine.keep is None:
            return make()
        made_for = {
            "assignment": assignment.fingerprint,
            "notebook": name,
            "shown": digest_of(engine.show),
            "limits": f"{engine.timeout:g} s, {engine.output_limit} bytes, {engine.limits}",
            "sandbox": str(engine.shut_in),
        }
        return kept_contracts.contract(engine.keep, name, made_for, make, _log.warning)

    return engine.remember((assignment.fingerprint, name), kept_or_made)


OWN_FAILS = "your own solution fails"
# What to do about an error of the teacher's own solution.
_REMEDIES = {
    "ModuleNotFoundError": "install what is missing, or name it in c.Grader.show",
    "ImportError": "install what is missing, or name it in c.Grader.show",
    "FileNotFoundError": "release the file with the assignment, or name it in c.Grader.show",
}


def trouble_with(
    assignment: Assignment, engine: Engine, beside: Collection[str] = ()
) -> str | None:
    """What to tell the teacher of tests that can't be judged, or not fully; None if there are none.

    Args:
        beside: as in `grade`.

    Raises:
        GraderError: when the engine does not start.
    """
    broken: dict[str, str] = {}
    live: dict[str, Clause] = {}
    for name, notebook in assignment.notebooks.items():
        counts = _allowed(assignment, notebook, beside)
        for grade_id, clause in contract_of(assignment, name, engine).tests.items():
            called = assignment.called(name, grade_id)
            if clause.broken:
                broken[called] = clause.failed
            elif clause.live and grade_id not in counts:
                live[called] = clause
    said = [_told_of_broken(broken)] * bool(broken) + [_told_of_live(assignment, live)] * bool(live)
    return " ".join(said) or None


def _some(told: Sequence[str]) -> str:
    more = f" and {len(told) - 5} more" if len(told) > 5 else ""
    return f"{', '.join(told[:5])}{more}"


def _told_of_live(assignment: Assignment, live: Mapping[str, Clause]) -> str:
    told = [f"{name} ({clause.live})" for name, clause in live.items()]
    those = "that" if len(told) == 1 else "those"
    hint = f" --beside-all {assignment.name} takes what {those} gave beside the code."
    return (
        f"You mark what can't be judged apart from the learners' code: {_some(told)}."
        f"{hint if any(clause.suggests for clause in live.values()) else ''}"
    )


def _told_of_broken(broken: Mapping[str, str]) -> str:
    told = [f"{name} ({failed})" if failed else name for name, failed in broken.items()]
    kinds = {failed.partition(":")[0] for failed in broken.values()}
    known = [_REMEDIES[kind] for kind in sorted(kinds) if kind in _REMEDIES]
    remedy = known[0] if known else "mend the tests or the solution"
    return f"{OWN_FAILS} {_some(told)}: nobody gets these points. {remedy[0].upper()}{remedy[1:]}."


def _allowed(
    assignment: Assignment, notebook: TeacherNotebook, beside: Collection[str]
) -> set[str]:
    """The grade_ids that are named, themselves, by their item, or with their assignment."""
    return {
        str(cell.grade_id)
        for cell in notebook.cells
        if beside and {*_names(assignment, notebook, cell), _all_of(assignment.name)} & {*beside}
    }


def _names(assignment: Assignment, notebook: TeacherNotebook, cell: TeacherCell) -> list[str]:
    """By what a teacher may name a cell: by itself or its item, of one notebook or of all."""
    own = [name for name in (cell.grade_id, cell.item) if name]
    return [*own, *(assignment.called(notebook.name, name) for name in own)]


def _all_of(assignment: str) -> str:
    """What names all tests of an assignment: no item is called so."""
    return f"{assignment}/"


def _working_folder(submission: Submission) -> tuple[Files, list[str]]:
    """The released files and the learner's own, and notes on what of these is not there.

    As in nbgrader, the teacher's version of a file wins, unless the course says otherwise.
    """
    assignment = submission.assignment
    keep = assignment.keep.intersection(submission.files)
    released = {path: file for path, file in assignment.files.items() if path not in keep}
    folders = {above for path in released for above in _above(path)}
    own, notes = {}, []
    for path, content in submission.files.items():
        if path in folders or not released.keys().isdisjoint(_above(path)):
            notes.append(f"{printable(path)} stands where a released file belongs: left out.")
        else:
            own[path] = content
    return Files({**own, **released}), few(notes)


def _above(path: str) -> list[str]:
    """The folders that a file lies in."""
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def reject(assignment: Assignment, student: str, reason: str, when: datetime | None) -> Graded:
    """The result of a submission that cannot be graded."""
    result = Result(
        assignment=assignment.name,
        student=student,
        status="rejected",
        reason=reason,
        points=assignment.points,
        timestamp=when,
    )
    return Graded(result, {})


def grade_one(
    assignment: Assignment,
    notebook: Path | NotebookNode,
    engine: Engine | None = None,
    student: str = "",
) -> Result:
    """Grades one notebook file, or one in memory, without gradebook, files or feedback.

    To grade many, hand in one `Engine`: a notebook then costs four forks, not a start-up.

        assignment = Course.open(Path(".")).load("07_unstructured_pruning")
        with Engine() as engine:
            result = grade_one(assignment, path, engine)
        result.item("left").score

    Args:
        assignment: from `Course.load` or `Assignment.from_notebooks`. If it has several notebooks,
            the file's name says which one this is.
        notebook: untrusted; a damaged one gives a result with the status "rejected".
        engine: plays and judges; one is made for this call if there is none.

    Raises:
        GraderError: when the engine does not start.
    """
    if isinstance(notebook, Path):
        with notebook.open("rb") as file:
            label, data = notebook.name, file.read(MAX_NOTEBOOK_BYTES + 1)
    else:
        label, data = "The notebook", nbformat.v4.writes(notebook).encode("utf-8", "surrogatepass")
    names = list(assignment.notebooks)
    stem = Path(label).stem
    name = stem if stem in names else names[0]
    if stem not in names and len(names) > 1:
        return reject(assignment, student, f"{label} is none of {', '.join(names)}.", None).result
    with Clerks({READ: reading({assignment.name: assignment})}) as clerks:
        paper = reader(clerks, assignment)(assignment.notebooks[name], data, label)
    if isinstance(paper, Rejected):
        return reject(assignment, student, paper.reason, None).result
    papers: dict[str, Paper | Rejected] = {
        other: paper if other == name else Rejected(f"{other}.ipynb was not handed in.")
        for other in names
    }
    submission = Submission(assignment, student, papers)
    if engine is not None:
        return grade(submission, engine).result
    with Engine() as own:
        return grade(submission, own).result


# Bytes of a student's name: what nbgrader has room for in a gradebook.
MAX_NAME = 128


# --- A class -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Task:
    """A folder that was handed in.

    Attributes:
        reason: why it can't be graded, where its place tells.
    """

    assignment: Assignment
    student: str
    folder: Path
    reason: str | None = None


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


def find_tasks(
    submitted: Path, assignments: Mapping[str, Assignment]
) -> tuple[list[Task], dict[str, str]]:
    """What was handed in for these assignments, as nbgrader lays it out: STUDENT/ASSIGNMENT/.

    Returns:
        The tasks, sorted, and by "STUDENT/FOLDER" why another folder is no submission.

    Raises:
        GraderError: when the folder of all cannot be read.
    """
    try:
        folders = sorted(path for path in submitted.iterdir() if path.is_dir())
    except OSError as error:
        raise GraderError(f"Cannot read {submitted}: {error.strerror}.") from error
    names = _names_of_students([folder.name for folder in folders])
    tasks: dict[tuple[str, str], Task] = {}
    others = {}
    for folder in folders:
        student = names[folder.name]
        try:
            found = sorted(folder.iterdir())
        except OSError as error:
            others[student] = f"The folder cannot be read ({error.strerror})."
            continue
        for inside in found:
            assignment = assignments.get(inside.name)
            if assignment is not None and (inside.is_dir() or inside.is_symlink()):
                if folder.name.startswith("."):
                    others[student] = "No student's folder begins with a dot."
                else:
                    tasks[assignment.name, student] = Task(assignment, student, inside)
            elif folder.name.startswith(".") or folder.is_symlink():
                continue
            elif inside.is_dir():
                if not inside.name.startswith("."):
                    name = f"{student}/{_printable(inside.name)}"
                    others[name] = "This is no assignment that is being graded."
            else:
                for wrong in _named_like(inside.name, assignments):
                    task = Task(wrong, student, folder / wrong.name, _too_high(inside.name))
                    # It may lie in its place, too.
                    tasks.setdefault((wrong.name, student), task)
    return list(tasks.values()), others


def _named_like(file: str, assignments: Mapping[str, Assignment]) -> Iterator[Assignment]:
    """The assignments that have a notebook of this name."""
    for assignment in assignments.values():
        if is_notebook(file) and Path(file).stem in assignment.notebooks:
            yield assignment


def _too_high(file: str) -> str:
    return f"{printable(file)} lies in the student's folder: it belongs one folder deeper."


def _names_of_students(folders: Sequence[str]) -> dict[str, str]:
    """What to call the students whose folders these are: two of them never get the same name."""
    names = {folder: _printable(folder) for folder in folders}
    taken = {folder for folder, name in names.items() if folder == name}
    for folder, name in names.items():
        again = 0
        while name != folder and name in taken:
            again += 1
            name = _printable(folder, again)
        names[folder] = name
        taken.add(name)
    return names


def look_alikes(students: Collection[str]) -> dict[str, str]:
    """By student, what to tell a teacher of names that others can't be told apart from."""
    alike: dict[str, list[str]] = {}
    for student in sorted(students):
        alike.setdefault(unicodedata.normalize("NFKC", student).casefold(), []).append(student)
    return {
        student: f"{len(names)} students' names look like {student!a}: they are "
        f"{', '.join(map(ascii, names))}."
        for names in alike.values()
        if len(names) > 1
        for student in names
    }


def _printable(name: str, again: int = 0) -> str:
    """A folder's name as text that can be written, also as the name of a file with an ending.

    Bytes that are no UTF-8 get backslashes. A very long name is cut, and one with signs that
    Formgrader would take for HTML goes without them; a hash tells these from others.

    Args:
        again: how many other names of this one are taken.
    """
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    safe = re.sub(r'[<>"\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]', "_", text)
    if safe == text and len(text.encode()) <= MAX_NAME and not again:
        return text
    digest = hashlib.sha256(os.fsencode(name)).hexdigest()
    return f"{safe[:50]}-{digest[: 16 + again]}"


def load_assignments(
    course: Course, submitted: Path, names: Sequence[str]
) -> dict[str, Assignment]:
    """The assignments named, or else all for which something was handed in.

    Raises:
        GraderError: when a name is unknown or a source damaged.
    """
    return {name: course.load(name) for name in names or course.handed_in(submitted)}


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

    Raises:
        GraderError: when the folder, the gradebook or the engine fail, or an item is unknown; no
            submission does that.
    """
    _require("--regrade", regrade, _items(assignments))
    _require("--beside", beside, _tests(assignments))
    _require("--beside-all", beside_all, assignments, "assignment")
    beside = [*beside, *map(_all_of, beside_all)]
    output = Output(out, show_hidden_tests)
    with output.held(), contextlib.ExitStack() as exits:
        earlier = output.keys()
        shown = dict(assignments)
        for name in sorted({name for name, _ in earlier} & set(course.assignments())):
            shown.setdefault(name, course.load(name))
        with Book(output.gradebook, course.course_id, course.config) as book:
            for name, assignment in shown.items():
                book.set_up(assignment, (due or {}).get(name))
            if engine is None:
                engine = Engine(timeout=timeout, shut_in=sandbox, show=course.shown)
            limit = f"{engine.timeout:g}{' auto' if engine.follows_solution else ''}"
            settings = f"{limit} {sorted(beside)} {show_hidden_tests} {course.shown_digest()}"
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
            output.write_config(course, submitted)
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
        for name in _names(assignment, notebook, cell)
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
        last = before.get(name, Entered())
        entry = book.record(
            result, assignments[assignment], look_again=last.handed_in != result.handed_in
        )
        by_hand = bool(entry.scores or entry.comments or entry.penalty)
        given = [entry.scores, entry.comments, entry.penalty, sorted(entry.outdated)]
        marks = json.dumps(given, sort_keys=True)
        shown = hashlib.sha256(marks.encode()).hexdigest() if by_hand else ""
        written = output.written(result)
        if by_hand:
            result = result.with_marks(entry.scores, entry.comments, entry.penalty, entry.outdated)
        if shown != (last.shown if last.written == written else ""):
            with cannot_write(output.folder):
                output.rewrite_feedback(result, assignments[assignment])
        entered[name] = Entered(result.handed_in, written, shown)
        yield result, entry.late
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
