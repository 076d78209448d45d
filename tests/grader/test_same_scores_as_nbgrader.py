"""The engine against nbgrader itself: the same files, two gradebooks, compared cell by cell.

nbgrader takes seconds for each submission, so answers are packed: one to each item in a notebook.
COURSE_THOROUGH=1 hands in every answer of the banks, not a sample of them.
"""

from __future__ import annotations

import copy
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import nbformat
import pytest
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI, quickstartapp
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from authoring.source.answers import read_bank
from authoring.source.exercise import read_exercise
from authoring.source.sources import Course, Lesson
from grader import Course as GradedCourse
from grader.host.results.result import Result
from tests.conftest import ROOT
from tests.grader.conftest import (
    CONFIG,
    answered,
    cell,
    first_of_pair,
    notebook,
    second_of_pair,
    solution,
)
from tests.grader.idioms import BESIDE, COURSES, IDIOMS, cells_of

LESSONS = Course.at(ROOT).lessons()
# Packed notebooks a lesson; None for as many as its longest bank needs.
PACKS = None if os.environ.get("COURSE_THOROUGH") == "1" else 5

# nbgrader looks for alembic there.
WITH_ALEMBIC = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

# Assignment, student, notebook, grade_id.
Place = tuple[str, str, str, str]
T = TypeVar("T")


@dataclass(frozen=True)
class Mark:
    """What a gradebook says of a cell."""

    score: float | None
    needs_manual: bool

    def __str__(self) -> str:
        return "a teacher's" if self.needs_manual else f"{self.score:g}"


@dataclass(frozen=True)
class Both:
    """The same class, graded twice.

    Attributes:
        stock: nbgrader's marks.
        lost: submissions that nbgrader gave up on, as (assignment, student).
        ours: the engine's marks.
        suggested: what tests gave that the engine leaves to a teacher.
    """

    stock: Mapping[Place, Mark]
    lost: frozenset[tuple[str, str]]
    ours: Mapping[Place, Mark]
    suggested: Mapping[Place, float]

    def of(self, assignment: str) -> Both:
        """One assignment of several."""

        def only(marks: Mapping[Place, T]) -> dict[Place, T]:
            return {place: mark for place, mark in marks.items() if place[0] == assignment}

        lost = frozenset(key for key in self.lost if key[0] == assignment)
        return Both(only(self.stock), lost, only(self.ours), only(self.suggested))

    def differences(self) -> dict[Place, str]:
        """Where the two do not agree. A suggestion is what the engine would have given."""
        found = {}
        for place in sorted(self.stock.keys() | self.ours.keys()):
            stock, ours = self.stock.get(place), self.ours.get(place)
            if place in self.suggested:
                ours = Mark(self.suggested[place], False)
            if stock != ours:
                found[place] = f"nbgrader {stock or 'none'}, ours {ours or 'none'}"
        return found


@dataclass
class Classroom:
    """A course folder, as nbgrader lays it out, and what was handed in."""

    root: Path
    assignments: set[str] = field(default_factory=set)

    @property
    def api(self) -> NbGraderAPI:
        config = Config(PyFileConfigLoader("nbgrader_config.py", str(self.root)).load_config())
        config.CourseDirectory.root = str(self.root)
        return NbGraderAPI(CourseDirectory(config=config), config=config)

    @property
    def folders(self) -> tuple[Path, Path]:
        """Of instructor and of release versions."""
        directory = self.api.coursedir
        return self.root / directory.source_directory, self.root / directory.release_directory

    def release(self, assignment: str) -> dict[str, NotebookNode]:
        """Makes the release with nbgrader, and returns its notebooks by name."""
        made = self.api.generate_assignment(assignment, force=True)
        assert made["success"], made["log"]
        self.assignments.add(assignment)
        return _read_all(self.folders[1] / assignment)

    def instructors(self, assignment: str) -> dict[str, NotebookNode]:
        return _read_all(self.folders[0] / assignment)

    def hand_in(self, student: str, assignment: str, notebooks: Mapping[str, NotebookNode]) -> None:
        folder = self.root / "submitted" / student / assignment
        shutil.copytree(self.folders[1] / assignment, folder)
        for name, made in notebooks.items():
            nbformat.write(made, folder / f"{name}.ipynb")

    def grade(self) -> Both:
        """Grades everything with nbgrader, and again with the engine."""
        lost = set()
        for path in sorted((self.root / "submitted").glob("*/*")):
            done = self.api.autograde(path.name, path.parent.name)
            if not done["success"]:
                lost.add((path.name, path.parent.name))
        out = self.root / "out"
        command = [sys.executable, "-m", "grader", "grade", "--course", str(self.root)]
        command += ["--submitted", str(self.root / "submitted"), "--out", str(out)]
        run = subprocess.run(command, capture_output=True, text=True, timeout=600)
        assert run.returncode == 0, run.stdout + run.stderr
        ours = _marks(out / "gradebook.db")
        stock = _marks(self.root / "gradebook.db")
        return Both(
            {place: mark for place, mark in stock.items() if place[:2] not in lost},
            frozenset(lost),
            ours,
            dict(_suggested(out / "results")),
        )


def _read_all(folder: Path) -> dict[str, NotebookNode]:
    paths = sorted(folder.glob("*.ipynb"))
    return {path.stem: nbformat.read(path, as_version=4) for path in paths}


def _marks(database: Path) -> dict[Place, Mark]:
    marks = {}
    with Gradebook(f"sqlite:///{database}") as book:
        for assignment in book.assignments:
            for submission in assignment.submissions:
                for graded in submission.notebooks:
                    for grade in graded.grades:
                        place = (assignment.name, submission.student.id, graded.name, grade.name)
                        waits = bool(grade.needs_manual_grade)
                        marks[place] = Mark(None if waits else grade.auto_score, waits)
    return marks


def _suggested(results: Path) -> Iterator[tuple[Place, float]]:
    for path in results.glob("*/*.json"):
        result = Result.load(path)
        assert result is not None, path
        for item in result.items:
            for graded in item.cells:
                if graded.suggestion is not None:
                    place = (result.assignment, result.student, graded.notebook, graded.grade_id)
                    yield place, graded.suggestion


@pytest.fixture
def classroom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Classroom:
    monkeypatch.setenv("PATH", WITH_ALEMBIC)
    (tmp_path / "nbgrader_config.py").write_text(CONFIG)
    return Classroom(tmp_path)


@contextmanager
def alembic_on_the_path() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", WITH_ALEMBIC)
        yield


def write(room: Classroom, assignment: str, notebooks: Mapping[str, NotebookNode]) -> None:
    folder = room.folders[0] / assignment
    folder.mkdir(parents=True)
    for name, made in notebooks.items():
        nbformat.write(made, folder / f"{name}.ipynb")


# --- Our own course ----------------------------------------------------------------------------


def packs(lesson: Lesson) -> Iterator[dict[str, str]]:
    """The solution, and answers of the bank, so that every answer, or a spread, is in one."""
    exercise = read_exercise(lesson)
    # nbgrader gives no points for a test that warns, whoever's the warning is.
    yield {}
    by_item: dict[str, list[str]] = {}
    for answer in read_bank(lesson, exercise):
        by_item.setdefault(answer.item, []).append(answer.source)
    count = PACKS - 1 if PACKS else max(len(answers) for answers in by_item.values())
    for number in range(count):
        # Items begin at different places: no notebook holds right answers only.
        yield {
            item: answers[(number * max(1, len(answers) // count) + place) % len(answers)]
            for place, (item, answers) in enumerate(by_item.items())
        }


@pytest.fixture(scope="module")
def our_course(tmp_path_factory: pytest.TempPathFactory) -> Both:
    """All lessons as one class: the engine starts once for them."""
    room = Classroom(tmp_path_factory.mktemp("ours"))
    shutil.copy2(ROOT / "nbgrader_config.py", room.root)
    for inside, path in GradedCourse.open(ROOT).shown.items():
        shown = room.root / inside.removeprefix("/course/")
        shown.parent.mkdir(exist_ok=True)
        (shutil.copytree if path.is_dir() else shutil.copy2)(path, shown)
    with alembic_on_the_path():
        for lesson in LESSONS:
            shutil.copytree(ROOT / "solutions" / lesson.name, room.root / "solutions" / lesson.name)
            release = room.release(lesson.name)[lesson.name]
            solved = room.instructors(lesson.name)[lesson.name]
            for number, answers in enumerate(packs(lesson)):
                handed_in = {lesson.name: answered(release, answers) if answers else solved}
                room.hand_in(f"s{number:02}", lesson.name, handed_in)
        return room.grade()


@pytest.mark.parametrize("lesson", LESSONS, ids=[lesson.name for lesson in LESSONS])
def test_bank_answers_get_the_same_points(lesson: Lesson, our_course: Both) -> None:
    both = our_course.of(lesson.name)
    assert both.lost == frozenset()
    assert both.differences() == {}
    assert both.suggested == {}, "every test of ours must be judged apart"
    scores = {mark.score for mark in both.stock.values()}
    assert {0.0, 1.0} <= scores, "right and wrong answers are both there"


# --- The course that nbgrader's quickstart makes -----------------------------------------------

SQUARES = """\
def squares(n):
    if n < 1:
        raise ValueError("n must be at least 1")
    return [i * i for i in range(1, n + 1)]
"""
QUICKSTART: dict[str, dict[str, str]] = {
    "right": {
        "squares": SQUARES,
        "sum_of_squares": "def sum_of_squares(n):\n    return sum(squares(n))",
        "sum_of_squares_equation": "$\\sum_{k=1}^{n} k^2$",
        "part-a": "It computes Fibonacci numbers.",
    },
    "partly": {
        "squares": "def squares(n):\n    return [i * i for i in range(1, n + 1)]",
        "sum_of_squares": "def sum_of_squares(n):\n    return sum(squares(n))",
        "part-b": "For numbers below zero it never ends.",
    },
    "wrong": {
        "squares": "def squares(n):\n    return [i * i for i in range(n)]",
        "sum_of_squares": "def sum_of_squares(n):\n    return squares(n)",
        "sum_of_squares_application": "sum_of_squares(3)",
    },
    "blank": {},
    "other-way": {
        "squares": SQUARES,
        "sum_of_squares": "def sum_of_squares(n):\n    return n * (n + 1) * (2 * n + 1) // 6",
    },
    "typo": {
        "squares": "def squares(n):\n    return [i * i for i in range(1, n + 1]",
        "sum_of_squares": "def sum_of_squares(n):\n    return sum(squares(n))",
    },
}


def test_the_course_of_quickstart(
    tmp_path: Path, classroom: Classroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several notebooks, tasks, manual cells, a picture beside them, a kernel named python."""
    # Half a minute of writing comments into a configuration file is left out.
    monkeypatch.setattr(
        quickstartapp.subprocess, "call", lambda *_, **__: Path("nbgrader_config.py").touch()
    )
    (tmp_path / "new").mkdir()
    monkeypatch.chdir(tmp_path / "new")
    app = quickstartapp.QuickStartApp()
    app.initialize(["demo"])
    app.start()
    monkeypatch.undo()
    room = Classroom(tmp_path / "new" / "demo")
    monkeypatch.setenv("PATH", WITH_ALEMBIC)
    monkeypatch.chdir(room.root)  # The header that its configuration names is relative.
    release = room.release("ps1")
    assert {made.metadata.kernelspec.name for made in release.values()} == {"python"}
    for student, answers in QUICKSTART.items():
        made = {name: answered(source, answers) for name, source in release.items()}
        room.hand_in(student, "ps1", made)
    both = room.grade()
    assert both.lost == frozenset()
    assert both.differences() == {}
    # One deletes a function and waits for a NameError: that is judged apart, too.
    assert both.suggested == {}
    given = {s: both.stock["ps1", s, "problem1", "correct_squares"].score for s in QUICKSTART}
    assert given == {"right": 1, "partly": 1, "wrong": 0, "blank": 0, "other-way": 1, "typo": 0}


# --- Tests in the manner of other courses ------------------------------------------------------


# By kind of submission, the part of an idiom that stands in its place; None where nothing does.
WAYS: dict[str, Callable[[int], str | None]] = {
    "right": lambda number: "reference",
    "restyled": lambda number: "other",
    "wrong": lambda number: "wrong",
    "half": lambda number: "reference" if number % 2 else None,
    "blank": lambda number: None,
    "lost": lambda number: "reference",
}


@pytest.fixture(scope="module")
def idioms(tmp_path_factory: pytest.TempPathFactory) -> Both:
    """Two courses, each of one notebook, so that what one imports is not there for the other."""
    room = Classroom(tmp_path_factory.mktemp("idioms"))
    (room.root / "nbgrader_config.py").write_text(CONFIG)
    with alembic_on_the_path():
        for course, idioms in COURSES.items():
            write(room, course, {course: notebook(cells_of(idioms))})
            release = room.release(course)[course]
            for kind, way in WAYS.items():
                answers = {
                    idiom.grade_id: getattr(idiom, chosen)
                    for number, idiom in enumerate(idioms)
                    if (chosen := way(number)) is not None
                }
                made = answered(release, answers)
                if kind == "lost":
                    lose_metadata(made)
                room.hand_in(kind, course, {course: made})
        return room.grade()


@pytest.mark.parametrize("course", COURSES)
def test_every_way_to_test_gives_the_same_points(idioms: Both, course: str) -> None:
    both = idioms.of(course)
    assert both.lost == frozenset()
    # Where nbgrader finds no metadata, it leaves all to a teacher.
    gives = {place for place, mark in both.stock.items() if not mark.needs_manual}
    assert {place[1] for place in gives} == WAYS.keys() - {"lost"}
    assert {place: why for place, why in both.differences().items() if place in gives} == {}


def test_with_its_metadata_lost_a_submission_gets_what_it_would_have(idioms: Both) -> None:
    for (course, kind, name, grade_id), mark in idioms.ours.items():
        if kind == "lost":
            assert mark == idioms.ours[course, "right", name, grade_id], grade_id


@pytest.mark.parametrize("course", COURSES)
def test_every_way_to_test_can_tell_right_from_wrong(idioms: Both, course: str) -> None:
    """That nbgrader and the engine agree says something only then."""
    for idiom in COURSES[course]:
        scores = {
            way: idioms.stock[course, way, course, f"{idiom.grade_id}-test"].score for way in WAYS
        }
        assert scores["right"] == scores["restyled"] == 1, idiom.name
        assert (scores["wrong"] or 0) < 1, idiom.name


def test_what_is_judged_apart_from_the_code(idioms: Both) -> None:
    """Whoever teaches the engine to judge one more of these apart, takes it off the list."""
    live = {place[3].removesuffix("-test") for place in idioms.suggested}
    assert live == {idiom.grade_id for idiom in IDIOMS if idiom.name in BESIDE}


def test_few_of_the_marks_that_nbgrader_gives_are_left_to_a_teacher(idioms: Both) -> None:
    given = [place for place, mark in idioms.stock.items() if not mark.needs_manual]
    left = [place for place in given if idioms.ours[place].needs_manual]
    assert len(left) / len(given) < 0.04, f"{len(left)} of {len(given)}"


# --- Files, several notebooks, partial credit --------------------------------------------------


def test_files_notebooks_and_partial_credit(classroom: Classroom) -> None:
    write(classroom, "pair", {"first": first_of_pair(), "second": second_of_pair()})
    folder = classroom.folders[0] / "pair"
    (folder / "data.txt").write_text("ab")
    (folder / "helper.py").write_text("def double(x):\n    return x + x\n")
    release = classroom.release("pair")
    # One answer each: `share`, `text`, `plot` and `word`.
    handed_in: dict[str, dict[str, str]] = {
        "right": {
            "share": "share = 1",
            "text": "text = double(loaded)",
            "plot": "plot = 'lines'",
            "word": "word = 'hello'",
        },
        "part": {
            "share": "share = 0.25",
            "text": "text = double(open('data.txt').read())",
            "word": "word = 'bye'",
        },
        "numpy": {
            "share": "import numpy as np\nshare = np.float64(0.25)",
            "text": "from mine import twice\ntext = twice(loaded)",
        },
        "no-number": {"share": "share = [0.5]", "text": "text = loaded"},
    }
    for student, answers in handed_in.items():
        made = {name: answered(source, answers) for name, source in release.items()}
        classroom.hand_in(student, "pair", made)
    submitted = classroom.root / "submitted"
    (submitted / "numpy/pair/mine.py").write_text("def twice(x):\n    return 2 * x\n")
    (submitted / "part/pair/data.txt").write_text("changed")
    both = classroom.grade()
    assert both.lost == frozenset()
    assert both.differences() == {}
    assert both.suggested == {}
    shares = {s: both.stock["pair", s, "first", "test-share"].score for s in handed_in}
    # NumPy shows its numbers as np.float64(0.5), which nbgrader takes for no number.
    assert shares == {"right": 2, "part": 0.5, "numpy": 2, "no-number": 2}
    texts = {s: both.stock["pair", s, "first", "test-text"].score for s in handed_in}
    assert texts == {"right": 1, "part": 1, "numpy": 1, "no-number": 0}


# --- Where we differ on purpose ----------------------------------------------------------------


GUARD = """\
class Guard:
    def __enter__(self):
        return self

    def __exit__(self, *what):
        return {}"""
TILL = """\
class Till:
    total = 0

    def add(self, n):
        self.total += n

    def add_all(self, several):
        self.total += sum(several)


till = Till()
pay(till, 3)
assert till.total == 3"""


def odd() -> NotebookNode:
    """An exercise in which every row of the table in the docs can happen."""
    return notebook(
        [
            cell("limit = 100\nimport random\nchance = random.random()\nrow = [1, 2, 3]", "given"),
            cell(solution("def square(x):\n    return x * x"), "square", solution=True),
            cell("assert square(2) == 4", "test-two", points=1),
            cell("assert square(0) == 0", "test-zero", points=2),
            cell(solution("def is_below(x):\n    return x < limit"), "is_below", solution=True),
            cell("assert is_below(limit - 1) and not is_below(limit)", "test-below", points=1),
            cell(solution("squares = [1, 4, 9]"), "squares", solution=True),
            cell(
                "import operator\nassert list(squares) == [1, 4, 9] and operator.ne(squares, 0)",
                "test-squares",
                points=1,
            ),
            cell(solution("def ordered(v):\n    return sorted(v)"), "ordered", solution=True),
            cell(
                "values = [3, 1, 2]\nassert ordered(values) == sorted(values)",
                "test-ordered",
                points=1,
            ),
            cell(
                solution("import numpy as np\nhalves = np.array([0.5, 1.0])"),
                "halves",
                solution=True,
            ),
            cell(
                "import numpy as np\nassert np.allclose(halves, [0.5, 1])", "test-halves", points=1
            ),
            cell(solution("def spoken(n):\n    return str(n)"), "spoken", solution=True),
            cell(
                "told = list(map(spoken, [1, 2]))\nassert told == ['1', '2'][: len(told)]",
                "test-spoken",
                points=1,
            ),
            cell(solution(GUARD.format("False")), "Guard", solution=True),
            cell(
                "try:\n    with Guard():\n        raise KeyError\nexcept KeyError:\n    pass",
                "test-guard",
                points=1,
            ),
            cell(solution("def pay(till, n):\n    till.add(n)"), "pay", solution=True),
            cell(TILL, "test-paid", points=1),
            cell(
                solution(
                    "def half(x):\n    return x / 2\ndef quarter(x):\n    return half(half(x))"
                ),
                "quarter",
                solution=True,
            ),
            cell(
                "import inspect\nassert quarter(8) == 2\n"
                "assert 'half(half(' in inspect.getsource(quarter), 'half is not used'",
                "test-quarter",
                points=1,
            ),
            cell(solution("copied = list(row)"), "copied", solution=True),
            cell(
                "assert copied == row and copied is not row and 'spare' not in globals()",
                "test-copied",
                points=1,
            ),
            cell(solution("drawn = chance"), "drawn", solution=True),
            cell("assert drawn == chance", "test-drawn", points=1),
            cell("import matplotlib.pyplot", "later"),
            cell(solution("Because."), "why", cell_type="markdown", solution=True, points=3),
        ]
    )


SOLVED = {
    "square": "def square(x):\n    return x ** 2",
    "is_below": "def is_below(x):\n    return not x >= limit",
    "squares": "squares = [n * n for n in (1, 2, 3)]",
    "ordered": "def ordered(v):\n    v = list(v)\n    v.sort()\n    return v",
    "halves": "import numpy as np\nhalves = np.arange(1, 3) / 2",
    "spoken": "def spoken(n):\n    return f'{n}'",
    "Guard": GUARD.format("None"),
    "pay": "def pay(till, n):\n    return till.add(n)",
    "quarter": "def half(x):\n    return x * 0.5\ndef quarter(x):\n    return half(half(x)) + 0",
    "copied": "copied = row[:]",
    "drawn": "drawn = chance + 0",
    "why": "Because minus times minus is plus.",
}
# By cell, what the answers above get: `why` is a teacher's, and so is `test-quarter` with us.
STOCK = {
    "test-two": 1.0,
    "test-zero": 2.0,
    "test-below": 1.0,
    "test-squares": 1.0,
    "test-ordered": 1.0,
    "test-halves": 1.0,
    "test-spoken": 1.0,
    "test-guard": 1.0,
    "test-paid": 1.0,
    "test-quarter": 1.0,
    "test-copied": 1.0,
    "test-drawn": 1.0,
    "why": None,
}
OURS = {**STOCK, "test-quarter": None}


def find(made: NotebookNode, grade_id: str) -> NotebookNode:
    return next(c for c in made.cells if c.metadata.get("nbgrader", {}).get("grade_id") == grade_id)


def paste_a_test_twice(made: NotebookNode) -> None:
    again = copy.deepcopy(find(made, "test-two"))
    again.id = "pasted"
    made.cells.append(again)


def delete_a_test(made: NotebookNode) -> None:
    made.cells.remove(find(made, "test-zero"))


def change_a_flag(made: NotebookNode) -> None:
    find(made, "test-two").metadata.nbgrader.grade = False


def rename_an_answer(made: NotebookNode) -> None:
    find(made, "square").metadata.nbgrader.grade_id = "my-square"


def lose_metadata(made: NotebookNode) -> None:
    for node in made.cells:
        node.metadata = NotebookNode()


def begin_with_a_note(made: NotebookNode) -> None:
    made.cells.insert(0, nbformat.v4.new_code_cell("# Ada, on a Sunday"))


def leave_alone(made: NotebookNode) -> None:
    pass


@dataclass(frozen=True)
class Case:
    """Something honest that nbgrader and the engine take in different ways.

    Attributes:
        row: how the table in the docs begins the row that says so.
        stock: nbgrader's scores by cell, where they are not those of right answers; None where it
            gives up on the submission.
        ours: the engine's scores by cell, where they are not those of right answers.
    """

    row: str
    answers: Mapping[str, str] = field(default_factory=dict)
    change: Callable[[NotebookNode], None] = leave_alone
    stock: Mapping[str, float | None] | None = field(default_factory=dict)
    ours: Mapping[str, float | None] = field(default_factory=dict)


ENDS = "a cell or a function ends the process"
EDITED = "a test cell was copied, deleted, edited, or has lost its metadata"
CASES = [
    Case("a test that needs to be beside the code"),
    Case(
        ENDS,
        {"quarter": "import os\nos._exit(0)"},
        stock=None,
        ours={"test-quarter": None, "test-copied": 0.0, "test-drawn": 0.0},
    ),
    Case(
        ENDS,
        {"square": "import os\ndef square(x):\n    return x * x or os._exit(0)"},
        stock=None,
        ours={"test-zero": 0.0},
    ),
    Case(
        "a test prints a warning on standard error",
        {"square": "import warnings\ndef square(x):\n    warnings.warn('slow')\n    return x * x"},
        stock={"test-two": 0.0, "test-zero": 0.0},
    ),
    Case(EDITED, change=paste_a_test_twice, stock=None),
    Case(EDITED, change=delete_a_test, stock={"test-zero": None}),
    Case(EDITED, change=change_a_flag, stock=None),
    Case(EDITED, change=rename_an_answer, stock=None),
    Case(EDITED, change=lose_metadata, stock=dict.fromkeys(STOCK)),
    Case(
        "a name that a *given* cell defines was bound anew by the learner",
        {"is_below": "limit = 10\ndef is_below(x):\n    return x < limit"},
        ours={"test-below": 0.0},
    ),
    Case(
        "an answer of another nature than the solution's",
        {
            "squares": "class Squares:\n    def __iter__(self):\n        yield from (1, 4, 9)\n"
            "squares = Squares()"
        },
        ours={"test-squares": 0.0},
    ),
    Case(
        "an array whose mask leaves values out",
        {"halves": "import numpy as np\nhalves = np.ma.array([0.5, 7], mask=[False, True])"},
        ours={"test-halves": 0.0},
    ),
    Case(
        "a test passes only because a function changed an argument that the solution leaves alone",
        {"ordered": "def ordered(v):\n    v.clear()\n    return []"},
        ours={"test-ordered": 0.0},
    ),
    Case(
        "what a given cell draws without a seed",
        change=begin_with_a_note,
        ours={"test-drawn": 0.0},
    ),
    Case(
        "an object that the test and the learner's code both hold",
        {"copied": "copied = row"},
        stock={"test-copied": 0.0},
    ),
    Case(
        "a name or an attribute that the solution lacks",
        {"copied": "spare = 1\ncopied = row[:]"},
        stock={"test-copied": 0.0},
    ),
    Case(
        "a name that only a test cell binds",
        {"ordered": "def ordered(v):\n    return [operator.pos(n) for n in sorted(v)]"},
        ours={"test-ordered": 0.0},
    ),
    Case(
        "a module is used that nobody imported",
        {"squares": "import matplotlib\nmatplotlib.pyplot.figure\nsquares = [1, 4, 9]"},
        stock={"test-squares": 0.0},
    ),
    Case(
        "a function raises `StopIteration`",
        {"spoken": "def spoken(n):\n    if n > 1:\n        raise StopIteration\n    return str(n)"},
        ours={"test-spoken": 0.0},
    ),
    Case(
        "an `__exit__` of the learner's swallows what the solution's lets through",
        {"Guard": GUARD.format("True")},
        ours={"test-guard": 0.0},
    ),
    Case(
        "a method of an object that the test lends",
        {"pay": "def pay(till, n):\n    till.add_all([n])"},
        ours={"test-paid": 0.0},
    ),
]


def test_where_we_differ_on_purpose(classroom: Classroom) -> None:
    write(classroom, "odd", {"odd": odd()})
    release = classroom.release("odd")["odd"]
    for number, case in enumerate(CASES):
        made = answered(release, SOLVED | dict(case.answers))
        case.change(made)
        classroom.hand_in(f"s{number:02}", "odd", {"odd": made})
    both = classroom.grade()
    found = {}
    for number in range(len(CASES)):
        student = f"s{number:02}"
        lost = ("odd", student) in both.lost
        found[number] = None if lost else scores(both.stock, student), scores(both.ours, student)
    wanted = {
        number: (None if case.stock is None else STOCK | dict(case.stock), OURS | dict(case.ours))
        for number, case in enumerate(CASES)
    }
    assert found == wanted
    assert both.suggested["odd", "s00", "odd", "test-quarter"] == 1


def scores(marks: Mapping[Place, Mark], student: str) -> dict[str, float | None]:
    return {place[3]: mark.score for place, mark in marks.items() if place[1] == student}


FOLDERS = "several notebooks in one assignment"
NOTHING = "a submission without a notebook"
KEPT = "a file beside the instructor version that is not released"


def test_notebooks_have_folders_of_their_own_and_nothing_is_an_answer(
    classroom: Classroom,
) -> None:
    first = [
        cell(solution("written = open('note', 'w').write('hi')"), "written", solution=True),
        cell("assert written == 2", "test-written", points=1),
    ]
    second = [
        cell(solution("read = 'hi'"), "read", solution=True),
        cell("assert read == 'hi'", "test-read", points=1),
    ]
    write(classroom, "two", {"first": notebook(first), "second": notebook(second)})
    release = classroom.release("two")
    answers = {
        "written": "written = open('note', 'w').write('hi')",
        "read": "read = open('note').read()",
    }
    made = {name: answered(source, answers) for name, source in release.items()}
    classroom.hand_in("both", "two", made)
    classroom.hand_in("none", "two", {})
    for path in (classroom.root / "submitted" / "none" / "two").glob("*.ipynb"):
        path.unlink()
    both = classroom.grade()
    assert scores(both.stock, "both") == {"test-written": 1, "test-read": 1}
    assert scores(both.ours, "both") == {"test-written": 1, "test-read": 0}
    assert scores(both.stock, "none") == {}
    result = Result.load(classroom.root / "out" / "results" / "two" / "none.json")
    assert result is not None
    assert (result.status, result.reason) == ("rejected", "The folder holds no notebook.")


def test_only_tests_can_read_what_is_not_released(classroom: Classroom) -> None:
    cells = [
        cell(solution("read = 'key'"), "read", solution=True),
        cell("assert read == 'key'", "test-read", points=1),
        cell("assert open('key.txt').read() == 'key'", "test-key", points=1),
    ]
    write(classroom, "kept", {"kept": notebook(cells)})
    (classroom.folders[0] / "kept" / "key.txt").write_text("key")
    release = classroom.release("kept")
    # nbgrader releases it, too.
    (classroom.folders[1] / "kept" / "key.txt").unlink()
    made = {"kept": answered(release["kept"], {"read": "read = open('key.txt').read()"})}
    classroom.hand_in("eve", "kept", made)
    both = classroom.grade()
    assert scores(both.stock, "eve") == {"test-read": 1, "test-key": 1}
    assert scores(both.ours, "eve") == {"test-read": 0, "test-key": 1}


def test_the_table_in_the_docs_has_the_same_rows() -> None:
    text = (ROOT / "docs" / "grading.md").read_text(encoding="utf-8")
    table = text.partition("## Where we differ from nbgrader")[2].partition("\n## ")[0]
    rows = [line.split("|")[1].strip() for line in table.splitlines() if line.startswith("| ")]
    shown = {case.row for case in CASES} | {FOLDERS, NOTHING, KEPT}
    assert all(any(row.startswith(one) for row in rows) for one in shown), shown
    assert all(any(row.startswith(one) for one in shown) for row in rows[1:]), rows
