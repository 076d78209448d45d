"""`make bench`: grading with this repository's engine against stock nbgrader, in one run.

The same 24 honest submissions of one exercise are put together from its answer bank and graded by
`nbgrader autograde` and `generate_feedback`, and by `grader grade` from intake to gradebook and
feedback; then copies of them for the curve, with a comment in each answer that tells them apart.
Written to out/bench.json:

- ``stock_seconds``, ``ours_seconds``: wall time a submission. Ours is the slope between a run of 24
  and a run of 240, so without the start-up, which is listed apart as ``startup_seconds`` (the run
  of 1); stock has no start-up to speak of, it starts a kernel for each submission.
- ``ratio``: of these two. ``whole_run_ratio``: the same with our start-up in it, for 240.
- ``cells_cpu_seconds``: CPU time of the bare cells (given, answers, tests) run in one warm process,
  before and after all else.
- ``overhead_cpu_seconds``: our whole CPU time a submission, all processes, less that.
- ``unique_mib``: memory that a submission being graded has to itself (unique set size).
- ``curve``: for 24, 240 and 1,200 submissions with one and two workers, seconds, seconds a
  submission, and the conductor's largest resident size.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import nbformat
from rich.console import Console
from rich.table import Table

from authoring.check.sample_class import Desk, Draft, hand_in
from authoring.source.sources import Sources
from grader.host import kept_contracts
from grader.host.course.course import Course
from grader.host.engine.engine import Engine
from grader.host.engine.files import Files
from grader.host.engine.player_client import play_cells
from grader.host.engine.settings import EngineSettings
from grader.protocol.outputs import Stream

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "out" / "bench.json"
# Nothing is trained in it: what is measured is the grading.
LESSON = "08"
HONEST = 24
CURVE = (24, 240, 1200)
CLOCK = "import time as _bench_time\n_bench_start = _bench_time.process_time()"
READ = "print(_bench_time.process_time() - _bench_start)"

console = Console(highlight=False)


@dataclass(frozen=True)
class Run:
    """One run of a command over a class.

    Attributes:
        cpu: seconds of all its processes.
        peak_mib: largest resident size of the process that was started.
        unique_mib: what the processes that come and go had to themselves, at most; 0 if not asked.
    """

    submissions: int
    workers: int
    seconds: float
    cpu: float
    peak_mib: float
    unique_mib: float


def main() -> None:
    """Measures, prints one table, writes `OUT`."""
    bench = Desk.of(Sources.at(ROOT).lesson(LESSON))
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        # What this machine has kept is no part of the measurement.
        os.environ[kept_contracts.VARIABLE] = str(folder / "contracts")
        console.print(f"Handing in: {HONEST} submissions of {bench.lesson.name}")
        first = folder / "class-24"
        hand_in_class(bench, first)
        for count in (1, *CURVE[1:]):
            copy_class(first, folder / f"class-{count}", bench.lesson.name, count)
        before = _cells_cpu(first, bench.lesson.name)
        curve = [
            _ours(folder / f"class-{count}", folder / f"out-{count}-{workers}", count, workers)
            for workers in (1, 2)
            for count in (1, *CURVE)
        ]
        many = CURVE[1]
        unique = _ours(
            folder / f"class-{many}", folder / "out-sizes", many, 1, sizes=True
        ).unique_mib
        stock = _stock(folder, first, bench.lesson.name)
        # A shared machine has fast and slow hours.
        cells = (before + _cells_cpu(first, bench.lesson.name)) / 2
    _report(curve, stock, cells, unique)


def hand_in_class(bench: Desk, folder: Path) -> None:
    """Right answers in different styles; every other student leaves one item blank."""
    chance = random.Random(LESSON)
    for number in range(HONEST):
        answers = {item: bench.style(chance.randrange(100))[item] for item in bench.exercise.items}
        if number % 2:
            del answers[chance.choice(bench.exercise.items)]
        hand_in(bench, Draft(answers), folder / f"s{number:04}" / bench.lesson.name)


def copy_class(source: Path, target: Path, assignment: str, count: int, begun: int = 0) -> None:
    """Copies, no two alike: each answer ends with its student's name as a comment.

    Args:
        count: how many there are then.
        begun: how many there were before.
    """
    for number in range(begun, count):
        original = source / f"s{number % HONEST:04}" / assignment
        copied = target / f"s{number:04}" / assignment
        shutil.copytree(original, copied)
        for path in copied.glob("*.ipynb"):
            notebook = nbformat.read(path, 4)
            for cell in notebook.cells:
                marked = cell.metadata.get("nbgrader", {})
                if marked.get("solution") and "NotImplementedError" not in cell.source:
                    cell.source += f"\n# s{number:04}"
            nbformat.write(notebook, path)


def _cells_cpu(folder: Path, assignment: str) -> float:
    """CPU seconds of a submission's cells with its tests beside them, in a forked warm process."""
    from grader.host.intake.submission import collect

    course = Course.open(ROOT)
    loaded = course.load(assignment)
    measured = []
    with Engine(EngineSettings(show=course.shown)) as engine:
        for student in sorted(folder.iterdir()):
            submission = collect(loaded, student / assignment, student.name)
            (paper,) = submission.papers.values()  # type: ignore[union-attr]
            nodes = [cell.node for cell in paper.cells]  # type: ignore[union-attr]
            cells = [node.source for node in nodes if node.cell_type == "code"]
            played = play_cells(engine, [CLOCK, *cells, READ], Files(loaded.files)).played
            (printed,) = (o for o in played[len(cells) + 1].outputs if isinstance(o, Stream))
            measured.append(float(printed.text))
    found = statistics.mean(measured)
    console.print(f"Bare cells: {found:.3f} CPU seconds a submission")
    return found


def _ours(submitted: Path, out: Path, count: int, workers: int, sizes: bool = False) -> Run:
    command = [
        *(sys.executable, "-m", "grader", "grade", "--course", ROOT, "--submitted", submitted),
        *("--out", out, "--workers", workers),
    ]
    with console.status(f"grader grade: {count} submissions, {workers} workers"):
        run = timed([str(part) for part in command], ROOT, count, workers, sizes)
    console.print(f"grader grade: {count} submissions, {workers} workers: {run.seconds:.1f} s")
    return run


def _stock(folder: Path, submitted: Path, assignment: str) -> Run:
    course = folder / "stock"
    course.mkdir()
    shutil.copytree(ROOT / "solutions" / assignment, course / "solutions" / assignment)
    shutil.copytree(submitted, course / "submitted")
    shutil.copy2(ROOT / "nbgrader_config.py", course)
    program = str(Path(sys.executable).parent / "nbgrader")
    timed([program, "generate_assignment", assignment], course, 1, 1)
    with console.status(f"nbgrader autograde and generate_feedback: {HONEST} submissions"):
        graded = timed([program, "autograde", assignment], course, HONEST, 1)
        told = timed([program, "generate_feedback", assignment], course, HONEST, 1)
    seconds = graded.seconds + told.seconds
    console.print(f"nbgrader: {HONEST} submissions: {seconds:.1f} s")
    return Run(HONEST, 1, seconds, graded.cpu + told.cpu, graded.peak_mib, graded.unique_mib)


def timed(command: list[str], folder: Path, count: int, workers: int, sizes: bool = False) -> Run:
    """Runs a command in a folder, and watches it and what it starts."""
    programs = str(Path(sys.executable).parent)
    environment = os.environ | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    with tempfile.TemporaryFile("w+") as said:
        begun = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=said, stderr=subprocess.STDOUT
        )
        watch = _Watch(process.pid, sizes)
        while process.poll() is None:
            time.sleep(0.05 if sizes else 0.25)
            watch.look()
        seconds = time.perf_counter() - begun
        if process.returncode != 0:
            said.seek(0)
            raise SystemExit(f"{' '.join(command)} failed:\n{said.read()}")
    return Run(count, workers, seconds, watch.cpu, watch.peak_kib / 1024, watch.unique_kib / 1024)


class _Watch:
    """Looks at a process and at what it has started.

    Args:
        sizes: whether to look at memory, too. That takes time itself, so such a run is not timed.
    """

    def __init__(self, pid: int, sizes: bool) -> None:
        self._pid = pid
        self._sizes = sizes
        self._first_seen: dict[int, float] = {}
        self._ticks = 0
        self.peak_kib = 0
        self.unique_kib = 0

    @property
    def cpu(self) -> float:
        """Seconds of all processes up to the last look."""
        return self._ticks / os.sysconf("SC_CLK_TCK")

    def look(self) -> None:
        now = time.monotonic()
        self.peak_kib = max(self.peak_kib, _kib(self._pid, "status", "VmRSS:"))
        unique = ticks = 0
        for pid in (self._pid, *_descendants(self._pid)):
            # What lives longer is no submission's, and waits for those that are.
            lasts = now - self._first_seen.setdefault(pid, now) > 3
            if lasts:
                ticks += _ticks(pid)
            elif self._sizes and now - min(self._first_seen.values()) > 15:
                unique += _kib(pid, "smaps_rollup", "Private_Dirty:")
        self.unique_kib = max(self.unique_kib, unique)
        # Who has ended is in its parent's time, but for those at the end, which nobody waits for.
        self._ticks = max(self._ticks, ticks)


class Memory:
    """The largest resident sizes of a process, and of any that it has started."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.own_kib = self.others_kib = 0

    def look(self) -> None:
        self.own_kib = max(self.own_kib, _kib(self._pid, "status", "VmHWM:"))
        for pid in _descendants(self._pid):
            self.others_kib = max(self.others_kib, _kib(pid, "status", "VmHWM:"))


def _ticks(pid: int) -> int:
    """CPU time of a process and of those that it has waited for."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0
    return sum(map(int, fields[11:15]))


def _descendants(pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                parent = int(Path(f"/proc/{entry}/stat").read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError):
                continue
            children.setdefault(parent, []).append(int(entry))
    found: list[int] = []
    todo = [pid]
    while todo:
        below = children.get(todo.pop(), [])
        found += below
        todo += below
    return found


def _kib(pid: int, file: str, field: str) -> int:
    try:
        for line in Path(f"/proc/{pid}/{file}").read_text().splitlines():
            if line.startswith(field):
                return int(line.split()[1])
    except OSError:
        pass
    return 0


def _report(curve: list[Run], stock: Run, cells: float, unique: float) -> None:
    by = {(run.submissions, run.workers): run for run in curve}
    workers = max(run.workers for run in curve)
    startup = by[1, workers].seconds
    small, large = by[CURVE[0], workers], by[CURVE[1], workers]
    more = large.submissions - small.submissions
    ours, cpu = (large.seconds - small.seconds) / more, (large.cpu - small.cpu) / more
    stock_seconds = stock.seconds / HONEST
    found = {
        "stock_seconds": stock_seconds,
        "ours_seconds": ours,
        "ratio": stock_seconds / ours,
        "startup_seconds": startup,
        "whole_run_ratio": stock_seconds / (large.seconds / large.submissions),
        "cells_cpu_seconds": cells,
        "overhead_cpu_seconds": cpu - cells,
        "unique_mib": unique,
        "curve": [asdict(run) for run in curve],
    }
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(found, indent=1) + "\n")
    table = Table("measured", "value", title=f"{HONEST} honest submissions of exercise {LESSON}")
    for name, value in found.items():
        if isinstance(value, float):
            table.add_row(name, f"{value:.3f}")
    for run in curve:
        each = run.seconds / run.submissions
        table.add_row(
            f"{run.submissions} submissions, {run.workers} workers",
            f"{run.seconds:.1f} s, {each:.3f} s each, conductor {run.peak_mib:.0f} MiB",
        )
    console.print(table)


if __name__ == "__main__":
    main()
