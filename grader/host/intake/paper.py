"""The learner's answers in the teacher's notebook, never the other way round.

Tests, given cells, points and order are the teacher's whatever was done to the file. A learner's
cell is the answer to a teacher's cell when it has its grade_id or item in the metadata, else its
cell id, else when it stands where that cell stood in the release version. What a learner added runs
after the nearest cell before it that was recognised.

    paper = read_paper(assignment.notebooks["07"], data, "07.ipynb")     # or Rejected
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import msgspec
import nbformat
from nbformat import NotebookNode

from grader.host.course.assignment import Kind, TeacherCell, TeacherNotebook
from grader.host.course.variants import number_in
from grader.host.intake.notebook import LearnerCell, Rejected, read_notebook
from grader.protocol import decoders

# How alike a locked or free cell must be to its released text to be taken for it, edited.
ALIKE = 0.6


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


def read_paper(notebook: TeacherNotebook, data: bytes, name: str) -> Paper | Rejected:
    """The teacher's notebook with the answers of an untrusted file in it.

    Args:
        name: what to call the file in the reason for a rejection.
    """
    cells = read_notebook(data, name)
    return cells if isinstance(cells, Rejected) else put_together(notebook, cells)


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
        theirs, other = number_in(teacher.released), number_in(match.source)
        if theirs is not None and other is not None and theirs != other:
            yield (
                f"The numbers in it are those of variant {other}, and this learner was given "
                f"variant {theirs}: graded with that."
            )
            return
        yield f"{name[0].upper()}{name[1:]} was changed; the teacher's was used."
    if match.points is not None and match.points != teacher.points:
        yield f"The points of {name} were changed; the teacher's count."


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
    sent = decoders.from_msgpack(_Sent).decode(data)
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
