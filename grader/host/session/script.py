"""The code cells of a notebook, beside what its contract says of them."""

from __future__ import annotations

import ast
import builtins
import re
from collections import Counter
from collections.abc import Collection, Mapping
from functools import cached_property, lru_cache, partial
from pathlib import Path

from grader.host.contract import Clause, Contract
from grader.host.course.assignment import Kind, TeacherCell, TeacherNotebook
from grader.host.intake.paper import Paper
from grader.protocol.names import (
    AN_ARGUMENT,
    changed_by_cell,
    changed_by_functions,
    imports_of_cell,
    names_of_cell,
    read_in_functions,
    says,
    tree_of_cell,
)
from grader.protocol.values import LIVE

# Characters of a notebook's cells that are taken apart, which this process does itself: it may take
# 1 KB each, and a long text with values in it takes seconds that grow with the square.
_MOST_READ = 50_000
_WORD = re.compile(r"[^\W\d]\w*")
# How a test looks at what calls have left, by kind.
_LOOKS = {
    "argv": ["argv"],
    "decimal": ["getcontext"],
    "depth": ["getrecursionlimit"],
    "figures": ["get_fignums", "fignum_exists", "get_figlabels"],
    "filters": ["filters"],
    "folder": ["getcwd", "cwd"],
    "locale": ["getlocale", "setlocale"],
    "matplotlib": ["rcParams"],
    "numpy": ["geterr"],
    "numpy.random": ["get_state"],
    "pandas": ["get_option", "options"],
    "path": ["path"],
    "printed": ["get_printoptions"],
    "random": ["getstate"],
    "threads": ["get_num_threads"],
    "torch": ["is_grad_enabled", "is_inference_mode_enabled", "get_default_dtype"],
    "torch.random": ["get_rng_state", "initial_seed"],
}


def opening_cells(notebook: TeacherNotebook, count: int) -> list[str]:
    """The first `count` code cells of the teacher's notebook."""
    return [cell.node.source for cell in notebook.code[:count]]


def opening(notebook: TeacherNotebook) -> int:
    """How many code cells come before the first that a learner writes or a test."""
    count = 0
    for cell in notebook.code:
        if cell.kind.for_answer or cell.kind is Kind.TEST:
            break
        count += 1
    return count


def _is_test(cell: TeacherCell) -> bool:
    return cell.kind is Kind.TEST


@lru_cache(maxsize=1000)
def _rebound_by(source: str) -> frozenset[str]:
    # What it imports stands for what it does elsewhere.
    return names_of_cell(source).bound - imports_of_cell(source).keys()


# All of the teacher's cells, so taken apart once for a class: that takes milliseconds.
_read_in_functions_of = lru_cache(maxsize=1000)(read_in_functions)
_changed_by = lru_cache(maxsize=1000)(partial(changed_by_cell, anywhere=True))
_changed_by_functions_of = lru_cache(maxsize=1000)(changed_by_functions)


@lru_cache(maxsize=1000)
def _made_once_by(source: str) -> tuple[tuple[str, frozenset[str]], ...]:
    """Names that a cell binds by one statement of its own, and no other, and what that reads."""
    tree = tree_of_cell(source)
    names = (node for node in ast.walk(tree) if isinstance(node, ast.Name))
    counts = Counter(one.id for one in names if not isinstance(one.ctx, ast.Load))
    found = []
    for statement in tree.body:
        # Of `found, wrong = f(3), []` only one is made of an answer.
        if isinstance(statement, ast.Assign) and not isinstance(statement.value, ast.Tuple):
            said = [node for node in ast.walk(statement) if isinstance(node, ast.Name)]
            read = frozenset(one.id for one in said if isinstance(one.ctx, ast.Load))
            bound = (one.id for one in said if isinstance(one.ctx, ast.Store))
            found += [(name, read) for name in bound if counts[name] == 1]
    return tuple(found)


_NO_FILES: Mapping[str, Path | bytes] = {}


class Script:
    """What is to be run, by position among the code cells.

    Attributes:
        cells: the learner's, in the teacher's order.
        teachers: all of the teacher's.
        opening: the first of the teacher's, which every notebook begins with.

    Args:
        files: beside the notebook, some of which may be modules.
    """

    def __init__(
        self, paper: Paper, contract: Contract, files: Mapping[str, Path | bytes] = _NO_FILES
    ) -> None:
        self.contract = contract
        self._files = files
        self.cells = [cell for cell in paper.cells if cell.node.cell_type == "code"]
        self.teachers = paper.notebook.code
        self.opening = opening_cells(paper.notebook, contract.opening)

    def rebinds(self, position: int) -> list[str]:
        """Names that a test binds to something of its own, and that functions of the learner's read
        when they are called, if the test can mean these: the teacher's and Python's. Another one is
        called so by chance. A function that the test takes goes on in the other process.
        """
        clause = self.clause(position)
        assert clause is not None
        names = {
            name
            for name in _rebound_by(self.source(position))
            if clause.takes.get(name) not in LIVE and name in self._teachers
        }
        return sorted(names & self._read) if names else []

    def reads(self, position: int) -> frozenset[str]:
        """Names that a cell reads of what stands before it, also by functions that stand there."""
        names = names_of_cell(self._judged(position))
        found = names.read | names.updated
        before = [self._judged(n) for n in range(position) if self.is_judged(n)]
        defined = [(names_of_cell(cell).bound, _read_in_functions_of(cell)) for cell in before]
        while True:
            more = found.union(*(read for bound, read in defined if bound & found))
            if more == found:
                return found
            found = more

    def unsaid(self, position: int) -> list[str]:
        """Where a test takes nothing but what answers import: the names of which no cell before it
        says that they are that. The player's word that they are is the learner's.
        """
        clause = self.clause(position)
        assert clause is not None
        if clause.takes or not clause.library:
            return []
        before = [n for n in range(position) if self.clause(n) is None]
        sources = [self.source(number) for number in before]
        if sum(map(len, sources)) > _MOST_READ:
            return list(clause.library)
        return [name for name, known in clause.library.items() if not says(sources, name, known)]

    def looks_at(self, position: int) -> frozenset[str]:
        """Of what calls may leave in their process, the kinds that a test looks at by itself."""
        words = set(_WORD.findall(self.source(position)))
        return frozenset(kind for kind, asks in _LOOKS.items() if not words.isdisjoint(asks))

    def hands_out(self, position: int) -> frozenset[str]:
        """Names of which a test may give to an answer what they stand for."""
        clause = self.clause(position)
        assert clause is not None
        return self.reads(position) - clause.asked_for - (self._imported - self._of_files[0])

    def leaves(self, position: int) -> tuple[frozenset[str], frozenset[str]]:
        """Names that a cell binds, and those of which it may change what they stand for, also by
        functions of given cells."""
        source, clause = self._judged(position), self.clause(position)
        changed, read = set(_changed_by(source)), self.reads(position)
        for number in filter(self.is_judged, range(position)):
            if names_of_cell(cell := self._judged(number)).bound & read:
                changed |= _changed_by_functions_of(cell)
        if AN_ARGUMENT in changed:
            # Its own arguments, and whatever these call others with.
            changed |= read if clause is None else read - clause.asked_for
        of_files, of_those_that_act = self._of_files
        changed -= self._imported - of_files
        if read & of_those_that_act:
            changed |= of_those_that_act
        return names_of_cell(source).bound, frozenset(changed)

    def made_of_answers(self, position: int) -> frozenset[str]:
        """Names that a test binds to what an answer gives, and that stood for nothing before."""
        stood = set(_changed_by(self._judged(position)))
        found: set[str] = set()
        for number in filter(self.is_judged, range(position + 1)):
            source, clause = self._judged(number), self.clause(number)
            if clause is not None:
                found.update(clause.takes)
                for name, read in _made_once_by(source):
                    if not read.isdisjoint(found):
                        found.add(name)
            if number < position:
                stood |= names_of_cell(source).bound
        once = {name for name, _ in _made_once_by(self._judged(position))}
        return frozenset((once & found) - stood)

    def is_judged(self, position: int) -> bool:
        """Whether the judge runs a cell: the teacher's that are no answers."""
        teacher = self.cells[position].teacher
        return teacher is not None and not teacher.kind.for_answer

    def _judged(self, position: int) -> str:
        """A cell as the judge runs it."""
        teacher = self.cells[position].teacher
        return self.source(position) if teacher is None else str(teacher.node.source)

    @cached_property
    def _imported(self) -> frozenset[str]:
        return frozenset().union(*(imports_of_cell(cell.original) for cell in self.teachers))

    @cached_property
    def _of_files(self) -> tuple[frozenset[str], frozenset[str]]:
        """What is imported from modules beside the notebook, and from those whose functions may
        change something."""
        acts: dict[str, bool] = {}
        for path, file in self._files.items():
            if path.endswith(".py"):
                text = (file if isinstance(file, bytes) else file.read_bytes()).decode(
                    errors="replace"
                )
                name = re.split(r"[./]", path)[0]
                acts[name] = bool(acts.get(name) or _changed_by_functions_of(text))
        return self._imported_from(acts), self._imported_from([n for n in acts if acts[n]])

    def _imported_from(self, modules: Collection[str]) -> frozenset[str]:
        imported = [imports_of_cell(cell.original) for cell in self.teachers] if modules else []
        told = [(name, re.split(r"[.:]", of)[0]) for one in imported for name, of in one.items()]
        found = frozenset(name for name, of in told if of in modules)
        if any(name.startswith("*") for name in found):
            # Of everything that one has nobody says the names.
            names = [names_of_cell(cell.original) for cell in self.teachers]
            bound = frozenset().union(*(one.bound for one in names))
            found |= frozenset().union(*(one.read for one in names)) - bound
        return found

    @cached_property
    def _teachers(self) -> frozenset[str]:
        own = (names_of_cell(cell.original).bound for cell in self.teachers if not _is_test(cell))
        return frozenset(dir(builtins)).union(*own)

    @cached_property
    def _read(self) -> frozenset[str]:
        cells = [n for n in range(len(self.cells)) if self.clause(n) is None]
        sources = [self.source(number) for number in cells if not self.is_given(number)]
        if sum(map(len, sources)) > _MOST_READ:
            # Of so much any word may be one: to take it apart would take long.
            return frozenset().union(*map(_WORD.findall, sources))
        return frozenset().union(*map(read_in_functions, sources))

    @property
    def begins_as_given(self) -> bool:
        return [cell.node.source for cell in self.cells[: len(self.opening)]] == self.opening

    def source(self, position: int) -> str:
        return str(self.cells[position].node.source)

    def clause(self, position: int) -> Clause | None:
        """What the contract says of a test; None for another cell."""
        teacher = self.cells[position].teacher
        if teacher is None or teacher.kind is not Kind.TEST:
            return None
        return self.contract.tests[str(teacher.grade_id)]

    def visible(self, position: int) -> str:
        """What of a test learners see."""
        teacher = self.cells[position].teacher
        assert teacher is not None
        return teacher.released

    def is_added(self, position: int) -> bool:
        """Whether the learner has added it."""
        return self.cells[position].teacher is None

    def is_given(self, position: int) -> bool:
        """Whether what it defines is known to the judge, too."""
        teacher = self.cells[position].teacher
        return (
            teacher is not None
            and teacher.kind in (Kind.GIVEN, Kind.FREE)
            and teacher.node.source == self.source(position)
        )

    def bequeathed(self, position: int) -> list[str]:
        """The visible part of tests before that bind what later tests read."""
        return [
            self.visible(number)
            for number, cell in enumerate(self.cells[:position])
            if self.clause(number) is not None
            and cell.teacher is not None
            and cell.teacher.grade_id in self.contract.bequeathing
        ]

    def for_judge(self, position: int, played: int) -> str | None:
        """What a judge is to run of a cell, having been forked from `played` of the opening."""
        teacher = self.cells[position].teacher
        if teacher is None or teacher.kind is Kind.TEST or teacher.kind.for_answer:
            return None
        is_known = any(teacher is known for known in self.teachers[:played])
        return None if is_known else str(teacher.node.source)

    def label(self, position: int) -> str:
        """What to call a cell in a note."""
        teacher = self.cells[position].teacher
        if teacher is None:
            return f"An added cell (code cell {position + 1})"
        if teacher.grade_id:
            return f"Cell {teacher.grade_id}"
        return f"Code cell {position + 1}"
