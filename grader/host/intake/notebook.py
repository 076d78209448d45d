"""From an untrusted folder to something that can be graded, or to one sentence that says why not.

The learner's answers are put into the teacher's notebook, never the other way round: tests, given
cells, points and order are the teacher's whatever was done to the file. A learner's cell is the
answer to a teacher's cell when it has its grade_id or item in the metadata, else its cell id, else
when it stands where that cell stood in the release version. What a learner added runs after the
nearest cell before it that was recognised.

    cells = read_notebook(data, "07.ipynb")           # list of LearnerCell, or Rejected
    paper = put_together(assignment.notebooks["07"], cells)
    submission = collect(assignment, folder, student)  # the same for a whole folder
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import msgspec
import nbformat
from nbformat import NotebookNode
from nbgrader.utils import parse_utc

from grader.host.course.assignment import Assignment, Kind, TeacherCell, TeacherNotebook
from grader.host.intake.folder import (
    MAX_NOTEBOOK_BYTES,
    Folder,
    few,
    is_notebook,
    printable,
    read_folder,
)

MAX_CELLS = 2_000
# How alike a locked or free cell must be to its released text to be taken for it, edited.
ALIKE = 0.6

TIMESTAMP = "timestamp.txt"


@dataclass(frozen=True)
class Rejected:
    """What cannot be graded; `reason` is one sentence for a person."""

    reason: str


@dataclass(frozen=True)
class LearnerCell:
    """What is taken over from a cell of an untrusted notebook."""

    cell_type: str
    source: str
    id: str | None = None
    grade_id: str | None = None
    item: str | None = None
    points: object = None
    attachments: NotebookNode | None = None


@dataclass(frozen=True)
class PaperCell:
    """A cell to play and judge.

    Attributes:
        node: an nbformat 4.5 cell without outputs.
        teacher: the teacher's cell that it is; None if the learner added it.
        untouched: it is for an answer and still reads as released, or is missing.
    """

    node: NotebookNode
    teacher: TeacherCell | None = None
    untouched: bool = False


@dataclass(frozen=True)
class Paper:
    """The teacher's notebook with the learner's answers in it.

    Attributes:
        cells: in the teacher's order, added cells in between.
        notes: what was changed in the file, a sentence each.
    """

    notebook: TeacherNotebook
    cells: tuple[PaperCell, ...]
    notes: tuple[str, ...] = ()

    def as_notebook(self, cells: Sequence[NotebookNode] | None = None) -> NotebookNode:
        """As a notebook file's content, with these cells in place of its own."""
        nodes = [cell.node for cell in self.cells] if cells is None else list(cells)
        return nbformat.from_dict(
            {
                "nbformat": 4,
                "nbformat_minor": 5,
                "metadata": copy.deepcopy(self.notebook.metadata),
                "cells": nodes,
            }
        )


@dataclass(frozen=True)
class Submission:
    """What one learner handed in for one assignment.

    Attributes:
        papers: by name of the notebook; `Rejected` where one of several is missing or damaged.
        files: contents of what lies beside the notebooks, by relative path.
        timestamp: when it was handed in, UTC without time zone as in nbgrader; None if unknown.
        notes: about the folder, a sentence each.
    """

    assignment: Assignment
    student: str
    papers: Mapping[str, Paper | Rejected]
    files: Mapping[str, bytes] = field(default_factory=dict)
    timestamp: datetime | None = None
    notes: tuple[str, ...] = ()


# --- Reading a file ----------------------------------------------------------------------------


def read_notebook(data: bytes, name: str) -> list[LearnerCell] | Rejected:
    """The cells of an untrusted notebook file of format 3 or 4.

    Args:
        name: what to call the file in the reason for a rejection.
    """
    if len(data) > MAX_NOTEBOOK_BYTES:
        return _too_large(name, len(data))
    if not data.strip():
        return Rejected(f"{name} is empty.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return Rejected(f"{name} is not a UTF-8 text (byte {error.start}).")
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        at_the_end = error.pos >= len(text.rstrip()) - 1 or error.msg.startswith("Unterminated")
        cut = " It looks cut off." if at_the_end else ""
        return Rejected(f"{name} is not valid JSON (line {error.lineno}: {error.msg}).{cut}")
    except (ValueError, RecursionError):
        return Rejected(f"{name} is not valid JSON (numbers too long or nesting too deep).")
    version = content.get("nbformat") if isinstance(content, dict) else None
    if not isinstance(version, int):
        return Rejected(f"{name} is JSON, but not a notebook.")
    if version == 3:
        try:
            _mend_headings(content)
            content = nbformat.v4.upgrade(nbformat.from_dict(content), from_version=3)
        except Exception:
            return Rejected(f"{name} says it is of notebook format 3, but is not.")
    elif version != 4:
        return Rejected(f"{name} is of notebook format {version}; only 3 and 4 can be read.")
    cells = content.get("cells")
    if not isinstance(cells, list):
        return Rejected(f"{name} is a notebook without a list of cells.")
    if len(cells) > MAX_CELLS:
        return Rejected(f"{name} has {len(cells)} cells; more than {MAX_CELLS} are not read.")
    read = []
    for number, cell in enumerate(cells, 1):
        learner_cell = _read_cell(cell)
        if learner_cell is None:
            return Rejected(f"Cell {number} of {name} is not a notebook cell.")
        read.append(learner_cell)
    return read


def _mend_headings(content: dict[str, Any]) -> None:
    """The upgrade takes their text in one piece, and writes as many signs before it as they have
    levels.

    Raises:
        ValueError: where these are not 1 to 6.
    """
    for sheet in content.get("worksheets", ()):
        for cell in sheet.get("cells", ()):
            level = cell.get("level", 1)
            is_heading = cell.get("cell_type") == "heading"
            if is_heading and (type(level) is not int or not 1 <= level <= 6):
                raise ValueError("a heading of no level")
            if is_heading and isinstance(cell.get("source"), list):
                cell["source"] = "".join(cell["source"])


def _too_large(name: str, size: int) -> Rejected:
    limit = MAX_NOTEBOOK_BYTES / 1e6
    return Rejected(f"{name} has {size / 1e6:.0f} MB; more than {limit:.0f} MB is not read.")


def _read_cell(cell: Any) -> LearnerCell | None:
    if not isinstance(cell, dict) or cell.get("cell_type") not in ("code", "markdown", "raw"):
        return None
    source = cell.get("source")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        return None
    metadata = _mapping(cell.get("metadata"))
    nbgrader = _mapping(metadata.get("nbgrader"))
    course = _mapping(metadata.get("course"))
    attachments = cell.get("attachments") if cell["cell_type"] == "markdown" else None
    return LearnerCell(
        cell["cell_type"],
        _clean(source),
        _text(cell.get("id")),
        _text(nbgrader.get("grade_id")),
        # Test cells name their item too: only what declares answers is one.
        _text(course.get("item")) if "answers" in course else None,
        nbgrader.get("points"),
        _pictures(attachments),
    )


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _pictures(attachments: Any) -> NotebookNode | None:
    """A cell's attachments, if they are some."""
    are_some = isinstance(attachments, dict) and all(
        isinstance(bundle, dict) and all(isinstance(entry, str) for entry in bundle.values())
        for bundle in attachments.values()
    )
    if not are_some:
        return None
    return nbformat.from_dict(
        {
            _clean(name): {_clean(mime): _clean(data) for mime, data in bundle.items()}
            for name, bundle in attachments.items()
        }
    )


def _clean(source: str) -> str:
    """Without lone surrogates, which JSON can hold but no file, and with one kind of line end."""
    return source.encode("utf-8", "replace").decode("utf-8").replace("\r\n", "\n")


# --- Putting it together with the teacher's ----------------------------------------------------


def put_together(notebook: TeacherNotebook, learner: Sequence[LearnerCell]) -> Paper:
    """The teacher's notebook with the learner's answers in it."""
    notes: list[str] = []
    claims = _claims(notebook, learner)
    by_metadata = any(cell.grade_id or cell.item for cell in learner)
    chosen: dict[int, int] = {}
    place: dict[int, int] = {}
    dropped: set[int] = set()
    for position, numbers in claims.items():
        teacher = notebook.cells[position]
        touched = [n for n in numbers if learner[n].source != teacher.released]
        # A copy that still reads as released holds no answer, and running it could undo one.
        chosen[position] = (touched or numbers)[0]
        for number in numbers:
            place[number] = position
            if number != chosen[position] and number not in touched:
                dropped.add(number)
        if len(numbers) > 1:
            notes.append(_about_copies(teacher, len(numbers), len(touched)))
    if len(chosen) < len(notebook.cells):
        for position, number in _align(notebook, learner, chosen, place).items():
            chosen[position] = number
            place[number] = position
    if not by_metadata and any(cell.grade_id for cell in notebook.cells):
        notes.append(
            "The metadata was lost; cells were recognised by id or by their text and order."
        )
    order = [chosen[position] for position in sorted(chosen)]
    if order != sorted(order):
        notes.append("The cells stand in another order; the teacher's was used.")

    added: dict[int, list[PaperCell]] = {}
    before = -1
    taken = set(chosen.values())
    for number, cell in enumerate(learner):
        before = place.get(number, before)
        if number not in taken and number not in dropped:
            added.setdefault(before, []).append(PaperCell(_added_node(cell, number)))
    cells = added.get(-1, [])
    for position, teacher in enumerate(notebook.cells):
        match = learner[chosen[position]] if position in chosen else None
        cells.append(_paper_cell(teacher, match))
        notes.extend(_about_cell(teacher, match))
        cells.extend(added.get(position, []))
    return Paper(notebook, tuple(cells), tuple(notes))


def _claims(notebook: TeacherNotebook, learner: Sequence[LearnerCell]) -> dict[int, list[int]]:
    """Which learner's cells say, by metadata or id, that they are which of the teacher's."""
    cells = notebook.cells
    by_grade_id = {cell.grade_id: n for n, cell in enumerate(cells) if cell.grade_id}
    by_item: dict[str | None, int] = {}
    for number, cell in enumerate(cells):
        if cell.kind.for_answer:
            by_item.setdefault(cell.item, number)
    by_id = {cell.node.id: n for n, cell in enumerate(cells)}
    claims: dict[int, list[int]] = {}
    for number, learner_cell in enumerate(learner):
        position = None
        if learner_cell.grade_id:
            position = by_grade_id.get(learner_cell.grade_id)
        if position is None and learner_cell.item:
            position = by_item.get(learner_cell.item)
        if position is None and learner_cell.id:
            position = by_id.get(learner_cell.id)
            if position is not None and cells[position].kind is Kind.FREE:
                same = cells[position].node.cell_type == learner_cell.cell_type
                position = position if same else None
        if position is not None:
            claims.setdefault(position, []).append(number)
    return claims


def _align(
    notebook: TeacherNotebook,
    learner: Sequence[LearnerCell],
    chosen: Mapping[int, int],
    place: Mapping[int, int],
) -> dict[int, int]:
    """Finds teacher's cells that nothing claims by where their released text stood."""
    teacher_keys: list[object] = [
        position if position in chosen else (cell.node.cell_type, cell.released.strip())
        for position, cell in enumerate(notebook.cells)
    ]
    learner_keys: list[object] = [
        place.get(number, (cell.cell_type, cell.source.strip()))
        for number, cell in enumerate(learner)
    ]
    found: dict[int, int] = {}
    matcher = SequenceMatcher(None, teacher_keys, learner_keys, autojunk=False)
    for tag, t_begin, t_end, l_begin, l_end in matcher.get_opcodes():
        positions = [p for p in range(t_begin, t_end) if p not in chosen]
        numbers = [n for n in range(l_begin, l_end) if n not in place]
        if tag == "equal":
            found.update(zip(positions, numbers, strict=True))
        elif tag == "replace":
            found.update(_align_gap(notebook, learner, positions, numbers))
    return found


def _align_gap(
    notebook: TeacherNotebook,
    learner: Sequence[LearnerCell],
    positions: Sequence[int],
    numbers: list[int],
) -> Iterator[tuple[int, int]]:
    """Between two sure cells: edited ones by likeness, answers by what is left, in order."""
    left = list(numbers)
    for position in positions:
        teacher = notebook.cells[position]
        if teacher.kind.for_answer:
            continue
        rated = [
            (_likeness(teacher.released, learner[number].source), -number)
            for number in left
            if learner[number].cell_type == teacher.node.cell_type
        ]
        best, number = max(rated, default=(0.0, 0))
        if best >= ALIKE:
            left.remove(-number)
            yield position, -number
    for position in positions:
        teacher = notebook.cells[position]
        if teacher.kind.for_answer:
            for number in left:
                if learner[number].cell_type == teacher.node.cell_type:
                    left.remove(number)
                    yield position, number
                    break


def _likeness(a: str, b: str) -> float:
    # The beginning tells enough, and keeps a hostile cell from costing minutes.
    matcher = SequenceMatcher(None, a[:1000], b[:1000], autojunk=False)
    return matcher.ratio() if matcher.real_quick_ratio() >= ALIKE <= matcher.quick_ratio() else 0.0


def _paper_cell(teacher: TeacherCell, match: LearnerCell | None) -> PaperCell:
    node = copy.deepcopy(teacher.node)
    if teacher.kind.locked:
        return PaperCell(node, teacher)
    if match is None:
        return PaperCell(node, teacher, untouched=teacher.kind.for_answer)
    node.source = match.source
    if match.attachments is not None and node.cell_type == "markdown":
        node.attachments = match.attachments
    untouched = teacher.kind.for_answer and match.source == teacher.released
    return PaperCell(node, teacher, untouched)


_MAKE: Mapping[str, Callable[..., NotebookNode]] = {
    "code": nbformat.v4.new_code_cell,
    "markdown": nbformat.v4.new_markdown_cell,
    "raw": nbformat.v4.new_raw_cell,
}


def _added_node(cell: LearnerCell, number: int) -> NotebookNode:
    node = _MAKE[cell.cell_type](cell.source, id=f"added-{number}")
    if cell.attachments is not None:
        node.attachments = cell.attachments
    return node


_NAMES = {
    Kind.ANSWER: "answer",
    Kind.MANUAL: "answer",
    Kind.TEST: "test",
    Kind.TASK: "task",
    Kind.GIVEN: "given cell",
}


def _name(teacher: TeacherCell) -> str:
    return f"{_NAMES[teacher.kind]} {teacher.grade_id}" if teacher.grade_id else "a cell"


def _about_copies(teacher: TeacherCell, count: int, touched: int) -> str:
    if teacher.kind.locked:
        return f"There are {count} copies of {_name(teacher)}; the teacher's was used."
    others = "The others ran after it." if touched > 1 else ""
    return f"There are {count} copies of {_name(teacher)}; the first was graded. {others}".strip()


def _about_cell(teacher: TeacherCell, match: LearnerCell | None) -> Iterator[str]:
    if teacher.kind is Kind.FREE:
        return
    name = _name(teacher)
    if match is None:
        put_back = "was put back" if teacher.kind.locked else "counts as not answered"
        yield f"{name[0].upper()}{name[1:]} was missing; it {put_back}."
        return
    if teacher.kind.locked and match.source.strip() not in (
        teacher.released.strip(),
        teacher.original.strip(),
    ):
        yield f"{name[0].upper()}{name[1:]} was changed; the teacher's was used."
    if match.points is not None and match.points != teacher.points:
        yield f"The points of {name} were changed; the teacher's count."


# --- A whole folder ----------------------------------------------------------------------------


def collect(
    assignment: Assignment, folder: Path | Folder, student: str, read: Reader | None = None
) -> Submission | Rejected:
    """Takes what a learner handed in.

    A single notebook under another name is graded under the assignment's, and that is noted. Of
    several notebooks, those that are missing or damaged count as not answered.

    Args:
        folder: STUDENT/ASSIGNMENT, or what was read of it.
        read: what to read a notebook with, instead of `read_paper`.
    """
    if isinstance(folder, Path):
        folder = read_folder(folder)
    if folder.reason is not None:
        return Rejected(folder.reason)
    notes = list(folder.notes)
    notebooks = {
        path for path in (*folder.files, *folder.too_large) if "/" not in path and is_notebook(path)
    }
    if not notebooks:
        return Rejected(" ".join(["The folder holds no notebook.", *notes]))
    wanted = {f"{name}.ipynb": name for name in assignment.notebooks}
    # By the name that was expected, the name that was found.
    found = {expected: expected for expected in wanted if expected in notebooks}
    if len(notebooks) == 1 and len(wanted) == 1 and not found:
        (other,), (expected,) = notebooks, wanted
        notes.append(f"The notebook is named {printable(other)}, not {expected}.")
        found = {expected: other}
    elif not found:
        others = ", ".join(map(printable, sorted(notebooks)[:5]))
        return Rejected(f"None of its notebooks ({others}) is named {' or '.join(wanted)}.")
    papers: dict[str, Paper | Rejected] = {}
    for expected, name in wanted.items():
        if expected not in found:
            papers[name] = Rejected(f"{expected} was not handed in.")
            continue
        file = found[expected]
        if file in folder.too_large:
            papers[name] = _too_large(printable(file), folder.too_large[file])
            continue
        teacher = assignment.notebooks[name]
        papers[name] = (read or read_paper)(teacher, folder.files[file], printable(file))
    if all(isinstance(paper, Rejected) for paper in papers.values()):
        reasons = [paper.reason for paper in papers.values() if isinstance(paper, Rejected)]
        return Rejected(" ".join(reasons))
    extra = sorted(notebooks - set(found.values()))
    notes += few(
        [f"{printable(n)} is no notebook of this assignment and was not graded." for n in extra]
    )
    timestamp = timestamp_of(folder)
    if TIMESTAMP in folder.files and timestamp is None:
        notes.append(f"{TIMESTAMP} cannot be read as a time.")
    files = {
        path: content
        for path, content in folder.files.items()
        if path != TIMESTAMP and not is_notebook(path)
    }
    return Submission(assignment, student, papers, files, timestamp, tuple(notes))


Reader = Callable[[TeacherNotebook, bytes, str], Paper | Rejected]


def read_paper(notebook: TeacherNotebook, data: bytes, name: str) -> Paper | Rejected:
    """The teacher's notebook with the answers of an untrusted file in it.

    Args:
        name: what to call the file in the reason for a rejection.
    """
    cells = read_notebook(data, name)
    return cells if isinstance(cells, Rejected) else put_together(notebook, cells)


class _SentCell(msgspec.Struct, array_like=True):
    """A cell of a paper: its place among the teacher's, or what it is made of."""

    place: int | None
    cell_type: str
    source: str
    attachments: dict[str, dict[str, str]] | None
    id: str
    untouched: bool


class _Sent(msgspec.Struct):
    """A paper without the teacher's notebook, or why there is none."""

    reason: str | None = None
    cells: list[_SentCell] = []
    notes: tuple[str, ...] = ()


def as_bytes(paper: Paper | Rejected) -> bytes:
    """A paper as it goes from one process to another."""
    if isinstance(paper, Rejected):
        return msgspec.msgpack.encode(_Sent(paper.reason))
    places = {id(cell): place for place, cell in enumerate(paper.notebook.cells)}
    cells = [
        _SentCell(
            None if cell.teacher is None else places[id(cell.teacher)],
            cell.node.cell_type,
            cell.node.source,
            cell.node.get("attachments"),
            cell.node.id,
            cell.untouched,
        )
        for cell in paper.cells
    ]
    return msgspec.msgpack.encode(_Sent(None, cells, paper.notes))


def from_bytes(notebook: TeacherNotebook, data: bytes) -> Paper | Rejected:
    """The paper that `as_bytes` wrote, made with this teacher's notebook."""
    sent = msgspec.msgpack.decode(data, type=_Sent)
    if sent.reason is not None:
        return Rejected(sent.reason)
    cells = []
    for cell in sent.cells:
        if cell.place is None:
            teacher = None
            node = _MAKE[cell.cell_type](cell.source, id=cell.id)
        else:
            teacher = notebook.cells[cell.place]
            node = copy.deepcopy(teacher.node)
            node.source = cell.source
        if cell.attachments is not None:
            node.attachments = nbformat.from_dict(cell.attachments)
        cells.append(PaperCell(node, teacher, cell.untouched))
    return Paper(notebook, tuple(cells), sent.notes)


def timestamp_of(folder: Folder) -> datetime | None:
    """nbgrader's timestamp.txt, as UTC without time zone; None when it holds no time."""
    try:
        return parse_time(folder.files[TIMESTAMP][:100].decode("utf-8"))
    except (KeyError, ValueError):
        return None


def parse_time(text: str) -> datetime:
    """A time in ISO 8601 or as nbgrader writes it, as UTC without time zone; UTC if it names none.

    Raises:
        ValueError: when it is neither, or UTC has no room for it.
    """
    text = re.sub(r"\s+(?=[+-]\d\d:?\d\d$)", "", text.strip().removesuffix(" UTC"))
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        # nbgrader's own way also knows the names of zones; it would read a date into anything.
        if not re.match(r"\d{4}-\d\d-\d\d ", text):
            raise
        try:
            when = parse_utc(text)
        except (OverflowError, TypeError, AttributeError) as error:
            raise ValueError(f"{text} is no time") from error
    try:
        return when.astimezone(UTC).replace(tzinfo=None) if when.tzinfo else when
    except (OverflowError, ValueError) as error:
        raise ValueError(f"{text} is no time in UTC") from error
