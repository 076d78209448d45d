"""`make bench`, second part: what a teacher waits for, each beside the time its cells take alone.

Runs `grader grade` as a teacher does, with the contracts in a folder of their own: first *cold*,
with none kept, then with those that the first run has kept. Written to out/classes.json:

- the sample class, all lessons;
- those of it who handed in 07, and 11 (which imports TensorFlow);
- one submission of 07;
- a course of 18 small assignments in the manner of public ones (`tests.grader.idioms`), five
  submissions each: right, right in another way, wrong, half of it, and blank.

``seconds`` is wall time with 2 workers, ``cells`` the CPU seconds of the bare cells of the same
submissions, tests beside them, in forks of one warm process.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import nbformat
from nbgrader.apps import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from rich.table import Table
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from authoring.check import sample_class
from authoring.source.sources import Sources
from grader.host import kept_contracts
from grader.host.course.course import Course
from grader.host.engine.engine import Engine
from grader.host.engine.files import Files
from grader.host.engine.player_client import play_cells
from grader.host.engine.settings import EngineSettings
from grader.host.imports import preload
from grader.host.intake.notebook import Rejected
from grader.host.intake.submission import collect
from grader.protocol.outputs import Stream
from tests.grader.conftest import CONFIG, answered, notebook
from tests.same_scores.idioms.all import IDIOMS, cells_of
from tools.bench import CLOCK, READ, ROOT, console, timed

OUT = ROOT / "out" / "classes.json"
ASSIGNMENTS = 18
WORKERS = 2


@dataclass(frozen=True)
class Measured:
    """One class.

    Attributes:
        cold: wall seconds with no contract kept.
        again: the same with the contracts of the run before.
        cells: CPU seconds of the bare cells.
    """

    what: str
    submissions: int
    cold: float
    again: float
    cells: float


def main() -> None:
    """Measures, prints one table, writes `OUT`."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        ours = Course.open(ROOT)
        (seven,) = (name for name in ours.assignments() if name.startswith("07"))
        (eleven,) = (name for name in ours.assignments() if name.startswith("11"))
        alone = folder / "alone"
        sample = folder / "sample_class"
        lessons = [lesson.number for lesson in Sources.at(ROOT).lessons()]
        sample_class.main(Sources.at(ROOT), lessons, sample, folder / "expected.csv")
        first = min(path for path in sample.iterdir() if (path / seven).is_dir())
        shutil.copytree(first / seven, alone / first.name / seven)
        small = small_course(folder / "small")
        found = [
            measure(folder, "the sample class", ours, sample, ours.assignments()),
            measure(folder, "07 of it", ours, sample, [seven]),
            measure(folder, "11 of it", ours, sample, [eleven]),
            measure(folder, "one of 07", ours, alone, [seven]),
            measure(folder, "18 small assignments", small, small.root / "submitted", ()),
        ]
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps([asdict(one) for one in found], indent=1) + "\n")
    table = Table("class", "submissions", "cold", "contracts kept", "bare cells (CPU)")
    for one in found:
        times = (f"{seconds:.1f} s" for seconds in (one.cold, one.again, one.cells))
        table.add_row(one.what, str(one.submissions), *times)
    console.print(table)


def measure(
    folder: Path, what: str, course: Course, submitted: Path, assignments: Sequence[str]
) -> Measured:
    """Grades a class twice, and plays its cells by themselves."""
    names = assignments or course.handed_in(submitted)
    place = folder / what.replace(" ", "-")
    os.environ[kept_contracts.VARIABLE] = str(place / "contracts")

    def run(out: str) -> float:
        command = [sys.executable, "-m", "grader", "grade", "--course", str(course.root)]
        command += ["--submitted", str(submitted), "--out", str(place / out)]
        command += ["--workers", str(WORKERS)]
        for name in names:
            command += ["--assignment", name]
        with console.status(f"{what}, {out}"):
            seconds = timed(command, ROOT, 1, WORKERS).seconds
        console.print(f"{what}, {out}: {seconds:.1f} s")
        return seconds

    place.mkdir()
    cold, again = run("cold"), run("again")
    count = sum(1 for name in names for _ in submitted.glob(f"*/{name}"))
    return Measured(what, count, cold, again, cells_alone(course, submitted, names))


def cells_alone(course: Course, submitted: Path, names: Iterable[str]) -> float:
    """CPU seconds of all cells of all submissions, each notebook in a fork of one warm process."""
    names = list(names)
    total = 0.0
    # An endless loop is no work: it counts as the seconds it is given.
    with Engine(EngineSettings(preload(course, names), timeout=5, show=course.shown)) as engine:
        for name in names:
            assignment = course.load(name)
            for folder in sorted(submitted.glob(f"*/{name}")):
                submission = collect(assignment, folder, folder.parent.name)
                if isinstance(submission, Rejected):
                    continue
                for paper in submission.papers.values():
                    if isinstance(paper, Rejected):
                        continue
                    nodes = [cell.node for cell in paper.cells]
                    cells = [node.source for node in nodes if node.cell_type == "code"]
                    # Not all come to their end: what is read after each is the time so far.
                    timed_cells = [CLOCK, *(part for cell in cells for part in (cell, READ))]
                    played = play_cells(engine, timed_cells, Files(assignment.files)).played
                    times = [
                        float(output.text)
                        for position, one in played.items()
                        if position and timed_cells[position] == READ
                        for output in one.outputs
                        if isinstance(output, Stream) and output.name == "stdout"
                    ]
                    total += max(times, default=0.0)
    return total


def small_course(root: Path) -> Course:
    """A course of small assignments, released by nbgrader and handed in five times."""
    root.mkdir()
    (root / "nbgrader_config.py").write_text(CONFIG)
    config = Config(PyFileConfigLoader("nbgrader_config.py", str(root)).load_config())
    config.CourseDirectory.root = str(root)
    config.GenerateAssignment.no_database = True
    config.SaveCells.enabled = False
    api = NbGraderAPI(CourseDirectory(config=config), config=config)
    ways: dict[str, Callable[[int], str | None]] = {
        "right": lambda number: "reference",
        "other": lambda number: "other",
        "wrong": lambda number: "wrong",
        "half": lambda number: "reference" if number % 2 else None,
        "blank": lambda number: None,
    }
    for number in range(ASSIGNMENTS):
        idioms = IDIOMS[number::ASSIGNMENTS]
        name = f"small{number:02}"
        source = root / "solutions" / name / f"{name}.ipynb"
        source.parent.mkdir(parents=True)
        nbformat.write(notebook(cells_of(idioms)), source)
        made = api.generate_assignment(name)
        if not made["success"]:
            raise SystemExit(f"nbgrader did not release {name}:\n{made['log']}")
        released = nbformat.read(root / "exercises" / name / f"{name}.ipynb", as_version=4)
        for student, way in ways.items():
            answers = {
                idiom.grade_id: getattr(idiom, chosen)
                for place, idiom in enumerate(idioms)
                if (chosen := way(place)) is not None
            }
            folder = root / "submitted" / student / name
            folder.mkdir(parents=True)
            nbformat.write(answered(released, answers), folder / f"{name}.ipynb")
    return Course.open(root)


if __name__ == "__main__":
    main()
