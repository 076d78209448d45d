"""One submission: played, judged, scored (`grade`), or one notebook by itself (`grade_one`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec
import nbformat
from nbformat import NotebookNode

from grader.host.clerk import Clerks, Job, TooMuch
from grader.host.course.assignment import Assignment, TeacherNotebook
from grader.host.engine.child import Ended
from grader.host.engine.engine import Engine
from grader.host.engine.files import Files
from grader.host.get_contract import allowed, get_contract
from grader.host.intake.folder import MAX_NOTEBOOK_BYTES, few, printable
from grader.host.intake.notebook import Rejected
from grader.host.intake.paper import Paper, as_bytes, from_bytes, read_paper
from grader.host.intake.submission import Reader, Submission
from grader.host.marks.points import blank, score, to_items
from grader.host.results.result import CellResult, Result, add_up
from grader.host.session.hear import hear
from grader.host.transcript import Heard
from grader.protocol import decoders


@dataclass(frozen=True)
class Graded:
    """A result, and the notebooks that were played for it, by name."""

    result: Result
    notebooks: Mapping[str, NotebookNode]


# The job of a clerk's that reads a notebook.
READ = "read"


def reading(assignments: Mapping[str, Assignment]) -> Job:
    """That job, for notebooks of these assignments."""

    def read(question: bytes) -> bytes:
        assignment, notebook, data, name = decoders.from_msgpack(
            tuple[str, str, bytes, str]
        ).decode(question)
        return as_bytes(read_paper(assignments[assignment].notebooks[notebook], data, name))

    return read


def reader(clerks: Clerks, assignment: Assignment) -> Reader:
    """Has clerks who know the job read notebooks of an assignment."""

    def read(notebook: TeacherNotebook, data: bytes, name: str) -> Paper | Rejected:
        asked = msgspec.msgpack.encode([assignment.key, notebook.name, data, name])
        try:
            return from_bytes(notebook, clerks.ask(READ, asked))
        except TooMuch as error:
            return Rejected(f"To read {name} {error}.")

    return read


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
    times: defaultdict[str, float] = defaultdict(float)
    files, left_out = _working_folder(submission)
    notes += left_out
    released = Files(assignment.files)
    with_tests = Files({**assignment.files, **assignment.for_tests})
    for name, paper in submission.papers.items():
        if isinstance(paper, Rejected):
            notes.append(f"{paper.reason} Its items count 0 points.")
            graded[name] = blank(name, assignment.notebooks[name].cells, paper.reason)
            continue
        contract = get_contract(assignment, name, engine)
        counts = allowed(assignment, paper.notebook, beside)
        try:
            heard = hear(paper, contract, engine, files, released, with_tests)
        except Ended as ended:
            # An empty folder came up, and this one did not.
            reason = f"The files beside the notebook could not be laid out: its process {ended}."
            heard = Heard(notes=[reason])
        scored = score(name, paper, heard, contract, counts)
        seconds += sum(played.seconds for played in heard.played.values())
        code = [cell for cell in paper.cells if cell.node.cell_type == "code"]
        for position, played in heard.played.items():
            cell = code[position].teacher
            if cell is not None and cell.item is not None and cell.kind.for_answer:
                times[assignment.called(name, cell.item)] += played.seconds
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
        times={item: round(took, 3) for item, took in times.items()},
    )
    return Graded(result, notebooks)


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
    clerks: Clerks | None = None,
) -> Result:
    """Grades one notebook file, or one in memory, without gradebook, files or feedback.

    To grade many, hand in one `Engine`: a notebook then costs four forks, not a start-up::

        assignment = Course.open(Path(".")).load("07_unstructured_pruning")
        with Engine() as engine:
            result = grade_one(assignment, path, engine)
        result.item("left").score

    Args:
        assignment: from `Course.load` or `Assignment.from_notebooks`. If it has several notebooks,
            the file's name says which one this is.
        notebook: untrusted; a damaged one gives a result with the status "rejected".
        engine: plays and judges; one is made for this call if there is none.
        clerks: who read it, made with `reading`; a clerk is made for this call if there is none.
            Where several threads grade, make them before the threads.

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
    job = reading({assignment.key: assignment})
    with nullcontext(clerks) if clerks else Clerks({READ: job}) as readers:
        paper = reader(readers, assignment)(assignment.notebooks[name], data, label)
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
