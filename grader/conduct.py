"""From submissions to results: one at a time (`grade_one`), or a class (`grade_class`).

A class is graded by as many threads as there are workers, each with a `Player` of its own. Every
submission ends as one file in OUT/results/; gradebook, grades.csv and report are made from these
at the end. A result is known by a hash of submission, assignment, engine and settings, so a second
run, or one after a kill, only does what is not done yet.
"""

from __future__ import annotations

import hashlib
import os
import queue
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType

import nbformat
from nbformat import NotebookNode

from grader import feedback, report
from grader.assignment import Assignment, Course
from grader.errors import GraderError
from grader.gradebook import Book
from grader.intake import (
    TIMESTAMP,
    Paper,
    Rejected,
    Submission,
    collect,
    fingerprint,
    put_together,
    read_notebook,
    read_timestamp,
)
from grader.judge import blank, code_cells, judge, to_items
from grader.player import TIMEOUT, Player
from grader.results import CellResult, Result, add_up, engine_version, write_atomically


@dataclass(frozen=True)
class Graded:
    """A result, and the notebooks that were played for it, by name."""

    result: Result
    notebooks: Mapping[str, NotebookNode]


# --- One submission ----------------------------------------------------------------------------


def grade(submission: Submission, player: Player) -> Graded:
    """Plays and judges a submission."""
    assignment = submission.assignment
    notes = list(submission.notes)
    graded: dict[str, dict[str, CellResult]] = {}
    notebooks: dict[str, NotebookNode] = {}
    unanswered: list[str] = []
    seconds = 0.0
    with tempfile.TemporaryDirectory(prefix="grader-", ignore_cleanup_errors=True) as folder:
        notes.extend(_lay_out(submission, Path(folder)))
        for name, paper in submission.papers.items():
            if isinstance(paper, Rejected):
                notes.append(f"{paper.reason} Its items count 0 points.")
                graded[name] = blank(name, assignment.notebooks[name].cells, paper.reason)
                continue
            performance = player.play(code_cells(paper), Path(folder))
            judged = judge(name, paper, performance)
            seconds += sum(played.seconds for played in performance.played.values())
            graded[name] = judged.graded
            notebooks[name] = paper.as_notebook(judged.nodes)
            unanswered.extend(
                f"{name}/{cell.teacher.grade_id}"
                for cell in paper.cells
                if cell.untouched and cell.teacher is not None
            )
            notes.extend([*paper.notes, *judged.notes])
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


def _lay_out(submission: Submission, folder: Path) -> Iterator[str]:
    """Puts the released files and the learner's into the folder; says what did not go.

    As in nbgrader, the teacher's version of a file wins, unless the course says otherwise.
    """
    for path, file in submission.assignment.files.items():
        if path in submission.assignment.keep and path in submission.files:
            continue
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, folder / path)
    for path, file in submission.files.items():
        target = folder / path
        if target.exists():
            continue
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
        except OSError as error:
            yield f"The file {path} was left out ({error.strerror})."


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
    player: Player | None = None,
    student: str = "",
) -> Result:
    """Grades one notebook file, or one in memory, without gradebook, files or feedback.

    To grade many, hand in one `Player`: a notebook then costs a fork, not a start-up.

        assignment = Course.open(Path(".")).load("07_unstructured_pruning")
        with Player() as player:
            result = grade_one(assignment, path, player)
        result.item("left").score

    Args:
        assignment: from `Course.load` or `Assignment.from_notebooks`. If it has several notebooks,
            the file's name says which one this is.
        notebook: untrusted; a damaged one gives a result with the status "rejected".
        player: plays the cells; one is made for this call if there is none.

    Raises:
        GraderError: when the player does not start.
    """
    if isinstance(notebook, Path):
        label, data = notebook.name, notebook.read_bytes()
    else:
        label, data = "The notebook", nbformat.v4.writes(notebook).encode("utf-8", "surrogatepass")
    cells = read_notebook(data, label)
    if isinstance(cells, Rejected):
        return reject(assignment, student, cells.reason, None).result
    names = list(assignment.notebooks)
    stem = Path(label).stem
    name = stem if stem in names else names[0]
    if stem not in names and len(names) > 1:
        return reject(assignment, student, f"{label} is none of {', '.join(names)}.", None).result
    papers: dict[str, Paper | Rejected] = {
        other: put_together(assignment.notebooks[other], cells)
        if other == name
        else Rejected(f"{other}.ipynb was not handed in.")
        for other in names
    }
    submission = Submission(assignment, student, papers)
    if player is not None:
        return grade(submission, player).result
    with Player() as own:
        return grade(submission, own).result


# --- A class -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Task:
    """A folder that was handed in."""

    assignment: Assignment
    student: str
    folder: Path


@dataclass(frozen=True)
class ClassResult:
    """What came of a class.

    Attributes:
        results: one for each submission, with marks given by hand, sorted.
        reused: how many of them were known from an earlier run.
        left_over: results of earlier runs whose submission is not there any more: they stay in
            results/ and in the gradebook, but are not in grades.csv.
        report: the class report.
    """

    results: Sequence[Result]
    late: report.Late
    reused: int
    left_over: int
    report: Path


class Output:
    """The folder that a class is graded into."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def prepare(self) -> None:
        """Makes the folder.

        Raises:
            GraderError: when it cannot be written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.folder):
                pass
        except OSError as error:
            raise GraderError(f"Cannot write to {self.folder}: {error.strerror}.") from error

    @property
    def gradebook(self) -> Path:
        return self.folder / "gradebook.db"

    def result(self, assignment: str, student: str) -> Path:
        return self.folder / "results" / assignment / f"{student}.json"

    def autograded(self, result: Result) -> Path:
        return self.folder / "autograded" / result.student / result.assignment

    def feedback(self, result: Result) -> Path:
        return self.folder / "feedback" / result.student / result.assignment

    def has(self, result: Result, assignment: Assignment) -> bool:
        """Whether all pages of a result are there."""
        unread = {c.notebook for i in result.items for c in i.cells if c.outcome == "damaged"}
        played = set(assignment.notebooks) - unread if result.status == "graded" else set()
        return all((self.autograded(result) / f"{n}.ipynb").is_file() for n in played) and all(
            (self.feedback(result) / f"{n}.html").is_file() for n in assignment.notebooks
        )

    def write(self, graded: Graded, assignment: Assignment) -> None:
        """Writes notebooks, feedback and, last, the result: only that makes it count."""
        result = graded.result
        for folder in (self.autograded(result), self.feedback(result)):
            shutil.rmtree(folder, ignore_errors=True)
        for name, notebook in graded.notebooks.items():
            text = nbformat.v4.writes(notebook)
            data = text.encode("utf-8", "replace")
            write_atomically(self.autograded(result) / f"{name}.ipynb", data)
        self.write_feedback(result, assignment, graded.notebooks)
        result.save(self.result(result.assignment, result.student))

    def write_feedback(
        self, result: Result, assignment: Assignment, notebooks: Mapping[str, NotebookNode]
    ) -> None:
        for name, teacher in assignment.notebooks.items():
            page = feedback.render(result, teacher, notebooks.get(name))
            path = self.feedback(result) / f"{name}.html"
            write_atomically(path, page.encode("utf-8", "replace"))

    def read_notebooks(self, result: Result) -> dict[str, NotebookNode]:
        """The notebooks that `write` wrote."""
        return {
            path.stem: nbformat.v4.reads(path.read_text("utf-8"))
            for path in self.autograded(result).glob("*.ipynb")
        }

    def write_config(self, course: Course, submitted: Path) -> None:
        """Lets nbgrader and Formgrader, started in this folder, find everything."""
        lines = [
            _CONFIG_HEAD,
            "import os",
            "c = get_config()",
            "c.CourseDirectory.root = os.path.dirname(os.path.abspath(__file__))",
            f"c.CourseDirectory.course_id = {course.course_id!r}",
            f"c.CourseDirectory.source_directory = {str(course.source.absolute())!r}",
            f"c.CourseDirectory.release_directory = {str(course.release.absolute())!r}",
            f"c.CourseDirectory.submitted_directory = {str(submitted.absolute())!r}",
        ]
        path = self.folder / "nbgrader_config.py"
        if not path.exists() or path.read_text("utf-8").startswith(_CONFIG_HEAD):
            write_atomically(path, "\n".join([*lines, ""]).encode("utf-8"))


_CONFIG_HEAD = "# Written by grader, for Formgrader: start JupyterLab in this folder."


def find_tasks(
    submitted: Path, assignments: Mapping[str, Assignment]
) -> tuple[list[Task], dict[str, str]]:
    """What was handed in for these assignments, as nbgrader lays it out: STUDENT/ASSIGNMENT/.

    Returns:
        The tasks, sorted, and by "STUDENT/FOLDER" why another folder is no submission.

    Raises:
        GraderError: when the folder of all cannot be read.
    """
    tasks = []
    others = {}
    try:
        students = sorted(path for path in submitted.iterdir() if path.is_dir())
    except OSError as error:
        raise GraderError(f"Cannot read {submitted}: {error.strerror}.") from error
    for student in students:
        if student.name.startswith("."):
            continue
        try:
            folders = sorted(path for path in student.iterdir() if path.is_dir())
        except OSError as error:
            others[_printable(student.name)] = f"The folder cannot be read ({error.strerror})."
            continue
        for folder in folders:
            if folder.name in assignments:
                tasks.append(Task(assignments[folder.name], _printable(student.name), folder))
            elif not folder.name.startswith("."):
                name = _printable(f"{student.name}/{folder.name}")
                others[name] = "This is no assignment that is being graded."
    return tasks, others


def _printable(name: str) -> str:
    """A folder's name as text that can be written, also as the name of a file with an ending.

    Bytes that are no UTF-8 get backslashes; a very long name is cut, and told apart by a hash.
    """
    printable = os.fsencode(name).decode("utf-8", "backslashreplace")
    if len(printable.encode()) <= 200:
        return printable
    return f"{printable[:50]}-{hashlib.sha256(os.fsencode(name)).hexdigest()[:16]}"


def load_assignments(
    course: Course, submitted: Path, names: Sequence[str]
) -> dict[str, Assignment]:
    """The assignments named, or else all for which something was handed in.

    Raises:
        GraderError: when a name is unknown or a source damaged.
    """
    wanted = list(names)
    if not wanted:
        known = set(course.assignments())
        if submitted.is_dir():
            found = {path.name for path in submitted.glob("*/*") if path.is_dir()}
            wanted = sorted(known & found)
    return {name: course.load(name) for name in wanted}


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
) -> ClassResult:
    """Grades all tasks into a folder.

    Args:
        due: by assignment, UTC without time zone; what the gradebook says where missing.
        workers: how many submissions at the same time; default one a core.
        timeout: seconds a cell may take.
        on_result: called in this thread after each submission.

    Raises:
        GraderError: when the folder, the gradebook or the players fail; no submission does that.
    """
    output = Output(out)
    output.prepare()
    earlier, left_over = _earlier(output, assignments, tasks)
    shown = dict(assignments)
    for name in sorted({result.assignment for result in earlier} & set(course.assignments())):
        shown[name] = course.load(name)
    done = [(result, False) for result in earlier if result.assignment in shown]
    own: set[tuple[str, str]] = set()
    with Book(output.gradebook, course.course_id) as book:
        for name, assignment in shown.items():
            book.set_up(assignment, (due or {}).get(name))
        with _Workers(workers or os.cpu_count() or 1, timeout, output) as pool:
            for result, fresh in pool.grade_all(tasks):
                done.append((result, fresh))
                own.add(result.key)
                on_result(result)
        done.sort(key=lambda entry: entry[0].key)
        late = {}
        results = []
        for result, fresh in done:
            assignment = shown[result.assignment]
            late[result.key] = book.record(result, assignment, fresh)
            scores, comments = book.marks(*result.key)
            if scores or comments:
                result = result.with_marks(scores, comments)
                output.write_feedback(result, assignment, output.read_notebooks(result))
            results.append(result)
    ordered = [shown[name] for name in sorted(shown)]
    grades = report.grades_csv(ordered, results, late)
    write_atomically(out / "grades.csv", grades.encode("utf-8", "replace"))
    page = report.report_html(ordered, results, late)
    write_atomically(out / "report.html", page.encode("utf-8", "replace"))
    output.write_config(course, submitted)
    return ClassResult(
        [result for result in results if result.key in own],
        late,
        sum(not fresh for result, fresh in done if result.key in own),
        left_over,
        out / "report.html",
    )


def _earlier(
    output: Output, assignments: Mapping[str, Assignment], tasks: Sequence[Task]
) -> tuple[list[Result], int]:
    """Earlier results of other assignments, and how many of these have lost their submission."""
    now = {(task.assignment.name, task.student) for task in tasks}
    others = []
    left_over = 0
    for path in sorted(output.folder.glob("results/*/*.json")):
        if path.parent.name not in assignments:
            result = Result.load(path)
            if result is not None:
                others.append(result)
        elif (path.parent.name, path.stem) not in now:
            left_over += 1
    return others, left_over


class _Workers:
    """Threads that grade, each with a player of its own."""

    def __init__(self, count: int, timeout: float, output: Output) -> None:
        self._executor = ThreadPoolExecutor(count, "grader")
        self._players = [Player(timeout=timeout) for _ in range(count)]
        # The last in is the first out: one that is warm already, while there is one.
        self._free: queue.LifoQueue[Player] = queue.LifoQueue()
        for player in self._players:
            self._free.put(player)
        self._stopping = threading.Event()
        self._output = output
        self._settings = f"{engine_version()} {timeout:g}"

    def __enter__(self) -> _Workers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, _: TracebackType | None
    ) -> None:
        if kind is not None:
            # Ctrl-C, or a failure of our own: what is being played is given up, not waited for.
            self._stopping.set()
            for player in self._players:
                player.stop()
        self._executor.shutdown(wait=True, cancel_futures=True)
        for player in self._players:
            player.close()

    def grade_all(self, tasks: Sequence[Task]) -> Iterator[tuple[Result, bool]]:
        """Results as they come, and whether each was found in this run.

        Raises:
            GraderError: when a player does not start or a file cannot be written.
        """
        futures = [self._executor.submit(self._grade, task) for task in tasks]
        for future in as_completed(futures):
            yield future.result()

    def _grade(self, task: Task) -> tuple[Result, bool]:
        if self._stopping.is_set():
            raise GraderError("Stopped.")
        known_as = self._fingerprint(task)
        path = self._output.result(task.assignment.name, task.student)
        known = Result.load(path)
        is_known = known is not None and known.fingerprint == known_as
        if known is not None and is_known and self._output.has(known, task.assignment):
            return known, False
        try:
            graded = self._play(task)
        except GraderError:
            raise
        except Exception as error:
            # A fault of the grader's must not stop the class either.
            reason = (
                f"The grader failed on it ({type(error).__name__}: {error}): please report this."
            )
            graded = reject(task.assignment, task.student, reason, None)
            # To be tried again next time.
            known_as = ""
        if self._stopping.is_set():
            raise GraderError("Stopped.")
        result = graded.result.model_copy(update={"fingerprint": known_as})
        try:
            self._output.write(Graded(result, graded.notebooks), task.assignment)
        except OSError as error:
            raise GraderError(f"Cannot write {error.filename}: {error.strerror}.") from error
        return result, True

    def _fingerprint(self, task: Task) -> str:
        parts = [self._settings, task.assignment.fingerprint, fingerprint(task.folder)]
        return hashlib.sha256(" ".join(parts).encode()).hexdigest()

    def _play(self, task: Task) -> Graded:
        submission = collect(task.assignment, task.folder, task.student)
        if isinstance(submission, Rejected):
            when = read_timestamp(task.folder / TIMESTAMP)
            return reject(task.assignment, task.student, submission.reason, when)
        player = self._free.get()
        try:
            return grade(submission, player)
        finally:
            self._free.put(player)
