"""The teacher's side: assignments, their notebooks, cells, items and points.

Everything here comes from the source (instructor) version and nbgrader's own preprocessors, so an
assignment means here what it means to `nbgrader generate_assignment`.
"""

from __future__ import annotations

import ast
import copy
import hashlib
import json
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader import nbgraderformat, utils
from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import (
    ClearHiddenTests,
    ClearMarkScheme,
    ClearSolutions,
    ComputeChecksums,
)
from traitlets import TraitError
from traitlets.config import Config

from grader.host.course import variants
from grader.protocol.errors import GraderError
from grader.protocol.names import imports_of_cell, names_of_cell, tree_of_cell, without_magic

# By this tag nbconvert leaves out a cell.
SKIPPED = "skip-execution"


class Kind(Enum):
    """What a cell of the teacher's notebook is for."""

    ANSWER = "answer"
    """The learner writes it, tests grade it."""
    MANUAL = "manual"
    """The learner writes it, a teacher grades it."""
    TEST = "test"
    """Locked; its points are won by running without an error."""
    TASK = "task"
    """Locked markdown with points that a teacher gives."""
    GIVEN = "given"
    """Locked, no points."""
    FREE = "free"
    """Unknown to nbgrader: a prompt, or code that the learner may change."""

    @property
    def locked(self) -> bool:
        return self in (Kind.TEST, Kind.TASK, Kind.GIVEN)

    @property
    def for_answer(self) -> bool:
        return self in (Kind.ANSWER, Kind.MANUAL)

    @property
    def graded(self) -> bool:
        return self in (Kind.TEST, Kind.MANUAL, Kind.TASK)


@dataclass(frozen=True)
class TeacherCell:
    """A cell of the teacher's notebook.

    Attributes:
        node: the cell to grade with: no solution in it, hidden tests still there, checksum set.
        released: its source as the learner got it.
        original: its source as the teacher wrote it, solution included.
        grade_id: nbgrader's name for it; None for free cells.
        item: the item it belongs to; None where it belongs to none.
        points: what it can bring; 0 for cells that are not graded.
        visible_lines: the lines of a test's source, from 1, that learners have, too.
        early_lines: those of them that surely run before any hidden line does.
        told_from: the line of a test from which on it reads what hidden lines before it have
            bound or changed in other tests, if it does.
    """

    kind: Kind
    node: NotebookNode
    released: str
    original: str
    grade_id: str | None = None
    item: str | None = None
    points: float = 0.0
    visible_lines: frozenset[int] = frozenset()
    told_from: int | None = None

    @property
    def meets_hidden(self) -> bool:
        """Whether what some of its visible lines show may tell of hidden ones."""
        return self.has_hidden_tests or self.told_from is not None

    @property
    def has_hidden_tests(self) -> bool:
        return self.kind is Kind.TEST and self.released != self.node.source

    @cached_property
    def early_lines(self) -> frozenset[int]:
        count = len(self.node.source.splitlines())
        hidden = min(set(range(1, count + 1)) - self.visible_lines, default=count + 1)
        hidden = min(hidden, self.told_from or hidden)
        if hidden > count:
            return self.visible_lines
        body = tree_of_cell(self.node.source).body
        if not body:
            return frozenset()
        # Of a loop or a function all lines count as hidden if one of them is.
        begins = [_first_line(statement) for statement in body]
        ends = [statement.end_lineno or 0 for statement in body]
        late = [begin for begin, end in zip(begins, ends, strict=True) if end >= hidden]
        return frozenset(range(1, min([hidden, *late])))


@dataclass(frozen=True)
class TeacherNotebook:
    """One notebook of an assignment; `name` is its file name without the ending."""

    name: str
    cells: tuple[TeacherCell, ...]
    metadata: NotebookNode

    @property
    def code(self) -> list[TeacherCell]:
        """The code cells, in order: what players and contracts count by position."""
        return [cell for cell in self.cells if cell.node.cell_type == "code"]

    def as_released(self) -> NotebookNode:
        """As a notebook file's content, with no answers."""
        cells = []
        for cell in self.cells:
            node = copy.deepcopy(cell.node)
            node.source = cell.released
            cells.append(node)
        content = {"nbformat": 4, "nbformat_minor": 5, "metadata": self.metadata, "cells": cells}
        return nbformat.from_dict(content)


@dataclass(frozen=True)
class Item:
    """What is graded together: an answer and its tests, or a text and the teacher who reads it.

    Attributes:
        name: unique in the assignment.
        cells: grade_ids of the cells that bring its points.
        answers: grade_ids of the cells that the learner fills in for it; none where the course does
            not say which.
        manual: whether a teacher grades (a part of) it.
    """

    name: str
    notebook: str
    points: float
    cells: tuple[str, ...]
    answers: tuple[str, ...]
    manual: bool


@dataclass(frozen=True)
class Assignment:
    """What a submission is graded against.

    Attributes:
        notebooks: by name.
        files: files released beside the notebooks, by path relative to the notebook's folder.
        for_tests: those beside the instructor versions that are not released: tests read them, and
            no learner's code.
        keep: those of them that a learner's version replaces (nbgrader's `exclude_overwriting`).
        fingerprint: changes when anything of it changes.
        variant: the number that a learner was given, if it differs by learner.
        zone: in which nbgrader writes when something was handed in (`c.Exchange.timezone`).
        ignored: patterns of names that are not taken of what is handed in, but for notebooks
            (`c.CourseDirectory.ignore`).
    """

    name: str
    notebooks: Mapping[str, TeacherNotebook]
    files: Mapping[str, Path] = field(default_factory=dict)
    keep: frozenset[str] = frozenset()
    fingerprint: str = ""
    for_tests: Mapping[str, Path] = field(default_factory=dict)
    variant: int = 0
    zone: str = "UTC"
    ignored: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """What it is known by among others, of the same name, too."""
        return variants.key(self.name, self.variant)

    @property
    def items(self) -> list[Item]:
        """In the order of the notebooks."""
        items = []
        for notebook in self.notebooks.values():
            cells: dict[str, list[TeacherCell]] = {}
            for cell in notebook.cells:
                if cell.kind.graded and cell.item is not None:
                    cells.setdefault(cell.item, []).append(cell)
            for name, graded in cells.items():
                items.append(
                    Item(
                        self.called(notebook.name, name),
                        notebook.name,
                        sum(cell.points for cell in graded),
                        tuple(str(cell.grade_id) for cell in graded),
                        tuple(
                            str(cell.grade_id)
                            for cell in notebook.cells
                            if cell.item == name and cell.kind.for_answer
                        ),
                        any(cell.kind is not Kind.TEST for cell in graded),
                    )
                )
        return items

    def called(self, notebook: str, name: str) -> str:
        """What to call an item or a cell: its name is the notebook's own business where there are
        several."""
        return name if len(self.notebooks) == 1 else f"{notebook}/{name}"

    @property
    def points(self) -> float:
        return sum(item.points for item in self.items)

    @classmethod
    def from_notebooks(
        cls,
        name: str,
        notebooks: Mapping[str, NotebookNode],
        released: Mapping[str, NotebookNode] | None = None,
        files: Mapping[str, Path] | None = None,
        config: Config | None = None,
        for_tests: Mapping[str, Path] | None = None,
        variant: int = 0,
    ) -> Assignment:
        """An assignment from source notebooks in memory.

        Args:
            notebooks: the instructor versions (nbformat 4) by name.
            released: the versions learners get; made from the instructor's where missing.
            config: nbgrader's configuration, for delimiters and stubs.
            files, for_tests, variant: as the attributes.

        Raises:
            GraderError: when nbgrader's metadata in a notebook is wrong.
        """
        config = config or Config()
        parsed = {
            key: _teacher_notebook(name, key, notebook, (released or {}).get(key), config)
            for key, notebook in notebooks.items()
        }
        digest = hashlib.sha256(name.encode())
        for key, notebook in parsed.items():
            digest.update(key.encode())
            for cell in notebook.cells:
                known = [cell.node, cell.released, cell.original]
                digest.update(json.dumps(known, sort_keys=True).encode())
        digest.update(json.dumps(contents(files or {}, for_tests or {})).encode())
        try:
            keep = frozenset(Autograde(config=config).exclude_overwriting.get(name, ()))
            ignored = tuple(CourseDirectory(config=config).ignore)
        except (TraitError, TypeError) as error:
            raise GraderError(f"nbgrader_config.py can't be followed: {error}") from error
        zone = zone_of(config)
        digest.update(repr([sorted(keep), zone, *ignored]).encode())
        fingerprint = digest.hexdigest()
        return cls(
            name, parsed, files or {}, keep, fingerprint, for_tests or {}, variant, zone, ignored
        )


def zone_of(config: Config) -> str:
    """The zone in which nbgrader writes times of what is handed in."""
    return str(config.get("Exchange", {}).get("timezone", "UTC"))


def contents(*files: Mapping[str, Path]) -> list[list[tuple[str, str]]]:
    """The paths of files and what is in them, as fingerprints. Those for other readers stay apart:
    whether learners' code may read a file may decide a mark, too."""
    return [
        [
            (path, hashlib.sha256(file.read_bytes()).hexdigest())
            for path, file in sorted(own.items())
        ]
        for own in files
    ]


def _first_line(statement: ast.stmt) -> int:
    decorators = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])


def _kind(cell: NotebookNode) -> Kind:
    if utils.is_task(cell):
        return Kind.TASK
    if utils.is_solution(cell):
        return Kind.MANUAL if utils.is_grade(cell) else Kind.ANSWER
    if utils.is_grade(cell):
        return Kind.TEST
    return Kind.GIVEN if utils.is_locked(cell) else Kind.FREE


def _clear(preprocessors: list[type], notebook: NotebookNode, config: Config) -> NotebookNode:
    resources: dict[str, Any] = {}
    for preprocessor in preprocessors:
        instance = preprocessor(config=config)
        # It logs what it raises; the error is enough.
        instance.log = logging.getLogger("grader.quiet")
        notebook, resources = instance.preprocess(notebook, resources)
    return notebook


logging.getLogger("grader.quiet").setLevel(logging.CRITICAL + 1)


def _teacher_notebook(
    assignment: str,
    name: str,
    source: NotebookNode,
    released: NotebookNode | None,
    config: Config,
) -> TeacherNotebook:
    where = f"{name}.ipynb of assignment {assignment}"
    try:
        nbgraderformat.MetadataValidator().validate_nb(source)
        cleared = _clear([ClearSolutions], copy.deepcopy(source), config)
        made = _clear([ClearHiddenTests, ClearMarkScheme], copy.deepcopy(cleared), config)
    except Exception as error:
        raise GraderError(f"The source of {where} is not valid for nbgrader: {error}") from error
    language = _other_language(source)
    if language:
        raise GraderError(f"The source of {where} is in {language}: this grader grades Python.")
    for number, node in enumerate(source.cells, 1):
        if node.cell_type == "code" and SKIPPED in node.metadata.get("tags", ()):
            raise GraderError(
                f"Cell {number} of {where} has the tag {SKIPPED}, by which nbgrader would not run "
                "it, and this grader would: take out the tag, or the cell."
            )
    hidden = ClearHiddenTests(config=config)
    learners = _sources_by_grade_id(made) | (_sources_by_grade_id(released) if released else {})
    cells: list[TeacherCell] = []
    bound = _Bound()
    for number, (node, original) in enumerate(zip(cleared.cells, source.cells, strict=True)):
        kind = _kind(node)
        grade_id = (
            node.metadata.get("nbgrader", {}).get("grade_id") if kind is not Kind.FREE else None
        )
        # Free cells have no name to find them by in a release that is on disk.
        learners_source = learners.get(grade_id or "", made.cells[number].source)
        if kind.for_answer:
            node.source = learners_source
        if node.cell_type == "code":
            node.outputs = []
            node.execution_count = None
        node.setdefault("id", f"cell-{number}")
        item = node.metadata.get("course", {}).get("item", grade_id)
        points = float(node.metadata.nbgrader.get("points", 0)) if kind.graded else 0.0
        lines = _visible_lines(node.source, hidden)
        cell = TeacherCell(
            kind, node, learners_source, original.source, grade_id, item, points, lines
        )
        cells.append(bound.looked_at(cell))
    _clear([ComputeChecksums], cleared, config)
    return TeacherNotebook(name, tuple(cells), cleared.metadata)


class _Bound:
    """What the tests of a notebook bind, in their order."""

    def __init__(self) -> None:
        self._all: set[str] = set()
        # By hidden lines, or with what these have bound.
        self._late: set[str] = set()

    def looked_at(self, cell: TeacherCell) -> TeacherCell:
        """The next cell, knowing from where on it reads what hidden lines have bound."""
        if cell.kind is not Kind.TEST:
            return cell
        source = cell.node.source
        cell = replace(cell, told_from=_first_reading(source, self._late))
        # The lines before are whole statements.
        rest = "\n".join(source.splitlines()[len(cell.early_lines) :])
        late = names_of_cell(rest)
        self._all |= names_of_cell(source).bound
        self._late |= late.bound - imports_of_cell(rest).keys()
        # What an earlier line has bound may be changed, such as a list.
        self._late |= changed(rest) & self._all
        return cell


def _first_reading(source: str, names: Collection[str]) -> int | None:
    """The line at which the first statement begins that reads one of these, if there is one."""
    try:
        body = ast.parse(without_magic(source)).body
    except SyntaxError:
        return 1 if any(name in source for name in names) else None
    own: set[str] = set()
    for statement in body:
        known = names_of_cell(ast.unparse(statement))
        # What it binds before it reads it is its own.
        if not (known.read | known.updated).isdisjoint(set(names) - own):
            return _first_line(statement)
        own |= known.bound
    return None


def changed(source: str) -> set[str]:
    """The names of what a source puts something into: by assignment, or by a method."""
    changed: set[str] = set()
    for node in ast.walk(tree_of_cell(source)):
        parts: list[ast.expr] = []
        match node:
            case ast.Assign(targets=targets) | ast.Delete(targets=targets):
                parts = targets
            case ast.AugAssign(target=target):
                parts = [target]
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=value), args=[_, *_])):
                parts = [value]
        for part in parts:
            while isinstance(part, ast.Attribute | ast.Subscript):
                part = part.value
            if isinstance(part, ast.Name):
                changed.add(part.id)
    return changed


def _other_language(notebook: NotebookNode) -> str:
    """The language that a notebook says it is in, if that is not Python; else ""."""
    said = (
        notebook.metadata.get("kernelspec", {}).get("language"),
        notebook.metadata.get("language_info", {}).get("name"),
    )
    others = (name for name in said if name and "python" not in str(name).lower())
    return next(others, "")


def _visible_lines(source: str, hidden: ClearHiddenTests) -> frozenset[int]:
    """The lines outside the regions that nbgrader takes out of a release."""
    visible = set()
    outside = True
    for number, line in enumerate(source.splitlines(), start=1):
        if hidden.begin_test_delimeter in line:
            outside = False
        if outside:
            visible.add(number)
        if hidden.end_test_delimeter in line:
            outside = True
    return frozenset(visible)


def without_hidden_tests(notebook: NotebookNode, config: Config) -> dict[str, str]:
    """By grade_id, the cells of a notebook as learners get those of tests."""
    return _sources_by_grade_id(_clear([ClearHiddenTests], copy.deepcopy(notebook), config))


def _sources_by_grade_id(notebook: NotebookNode) -> dict[str, str]:
    return {
        cell.metadata.nbgrader["grade_id"]: cell.source
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("grade_id")
    }
