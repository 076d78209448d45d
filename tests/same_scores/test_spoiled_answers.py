"""What earns nothing where answer and test are one process earns nothing here.

Each reference answer is spoiled in a way of which the tests know nothing, another for each lesson;
with COURSE_THOROUGH=1 in every way, which takes an hour.
"""

from __future__ import annotations

import contextlib
import io
import linecache
import multiprocessing
import os
import shutil
import signal
import sys
import types
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode

from authoring.check.answers import engine_for
from authoring.source.exercise import read_exercise
from authoring.source.sources import Lesson, Sources
from grader import Course, Engine, grade_one
from grader.host.course.assignment import Kind
from tests.conftest import ROOT
from tests.same_scores import spoiling

pytestmark = pytest.mark.thorough

COURSE = Sources.at(ROOT)
LESSONS = COURSE.lessons()
ALL = os.environ.get("COURSE_THOROUGH") == "1"
TEXT = Path(spoiling.__file__).read_text()
# Seconds for a cell in one process.
LIMIT = 60

# (grade_id, source, whether it is a test with points) of each cell of code.
Cells = Sequence[tuple[str, str, bool]]


def spoil(source: str, names: Sequence[str], way: str) -> str:
    """The answer, and after it what makes it wrong."""
    lines = [source, "import types", "_spoiling = types.ModuleType('spoiling')"]
    lines += [f"exec({TEXT!r}, vars(_spoiling))"]
    lines += [f"{name} = _spoiling.spoiled({name}, {way!r})" for name in names]
    return "\n".join(lines)


class Room:
    """An exercise, and its answers spoiled in any way."""

    def __init__(self, lesson: Lesson) -> None:
        self.assignment = Course.open(ROOT).load(lesson.name)
        (self.notebook,) = self.assignment.notebooks.values()
        cells = read_exercise(lesson).cells
        self.answers = {cell.grade_id: cell.short.answers for cell in cells if cell.short.item}

    def solved(self, way: str | None) -> tuple[NotebookNode, Cells]:
        """What is handed in, and the same with the whole of its tests."""
        handed_in = self.notebook.as_released()
        cells = []
        for teacher, cell in zip(self.notebook.cells, handed_in.cells, strict=True):
            if cell.cell_type != "code":
                continue
            source = teacher.original
            if teacher.kind.for_answer:
                names = self.answers.get(teacher.grade_id, [])
                cell.source = source = spoil(source, names, way) if way else source
            cells.append((str(teacher.grade_id), source, teacher.kind is Kind.TEST))
        return handed_in, cells


def _stop(*_: Any) -> None:
    raise TimeoutError


def in_one_process(cells: Cells, folder: Path) -> dict[str, bool]:
    """By grade_id, whether each test passes. For a process of its own."""
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    main = sys.modules["__main__"] = types.ModuleType("__main__")
    vars(main).update(display=lambda *shown, **how: None)
    signal.signal(signal.SIGALRM, _stop)
    passed = {}
    for number, (grade_id, source, is_test) in enumerate(cells):
        text = TransformerManager().transform_cell(source)
        name = f"<cell {number}>"
        linecache.cache[name] = (len(text), None, text.splitlines(True), name)
        quiet = io.StringIO()
        signal.alarm(LIMIT)
        with contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet):
            try:
                exec(compile(text, name, "exec"), vars(main))
                passes = True
            except BaseException:  # whatever an answer raises, the next cell runs
                passes = False
        signal.alarm(0)
        if is_test:
            passed[grade_id] = passes
    return passed


@pytest.fixture(scope="module")
def engine(bubblewrap: str) -> Iterator[Engine]:
    with engine_for(COURSE) as engine:
        yield engine


@pytest.fixture(scope="module")
def processes() -> Iterator[ProcessPoolExecutor]:
    """A new process for each call, in which what takes long to import is there already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["torchao", "matplotlib.pyplot", "pandas", __name__])
    with ProcessPoolExecutor(1, mp_context=context, max_tasks_per_child=1) as processes:
        yield processes


@pytest.mark.parametrize("lesson", LESSONS, ids=[lesson.name for lesson in LESSONS])
def test_a_spoiled_answer_gets_no_point_that_one_process_denies(
    lesson: Lesson, engine: Engine, processes: ProcessPoolExecutor, tmp_path: Path
) -> None:
    room = Room(lesson)

    def beside(cells: Cells, name: str) -> dict[str, bool]:
        folder = shutil.copytree(lesson.solution.parent, tmp_path / name)
        return processes.submit(in_one_process, cells, folder).result()

    right = beside(room.solved(None)[1], "right")
    assert [grade_id for grade_id, passes in right.items() if not passes] == []
    won = []
    ways = spoiling.WAYS if ALL else [spoiling.WAYS[LESSONS.index(lesson)]]
    for way in ways:
        handed_in, cells = room.solved(way)
        passed = beside(cells, way)
        result = grade_one(room.assignment, handed_in, engine)
        assert result.status == "graded", result.reason
        got = {cell.grade_id: cell for item in result.items for cell in item.cells}
        won += [
            f"{way}: {grade_id}"
            for grade_id, passes in passed.items()
            if not passes and got[grade_id].score == got[grade_id].points
        ]
    assert won == []
