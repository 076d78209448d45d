"""`make bench-scale`: a very large class on a Dask cluster, local:2, as it grows.

Synthetic submissions made from the answer bank of one exercise, no two alike, are graded into one
folder, first 1,000, then 5,000 of them, then 10,000 (COUNTS="…" for others): a run grades what is
new, and enters and reports all. Written to out/bench_scale.json, for each size:

- ``submissions_a_minute``: what was new, by the time until the last of it was graded.
- ``report_seconds``: from then to the end: gradebook, grades.csv, report.
- ``conductor_mib``, ``worker_mib``: largest resident size of the process that was started, and of
  the largest of those that it started, of which most is the warm process.
- ``gradebook_mib``: the file.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from authoring.check.sample_class import Desk
from authoring.source.sources import Sources
from grader.host import kept_contracts
from tools.bench import LESSON, ROOT, Memory, copy_class, hand_in_class

OUT = ROOT / "out" / "bench_scale.json"
SIZES = (1_000, 5_000, 10_000)
WORKERS = 2
GRADED = re.compile(r"(\d+) graded in this run")

console = Console(highlight=False)


@dataclass(frozen=True)
class Size:
    """What a class of a size took."""

    submissions: int
    new: int
    submissions_a_minute: float
    report_seconds: float
    conductor_mib: float
    worker_mib: float
    gradebook_mib: float


def main() -> None:
    sizes = [int(size) for size in os.environ.get("COUNTS", "").split()] or list(SIZES)
    bench = Desk.of(Sources.at(ROOT).lesson(LESSON))
    with tempfile.TemporaryDirectory(prefix="bench-scale-") as name:
        folder = Path(name)
        os.environ[kept_contracts.VARIABLE] = str(folder / "contracts")
        first, submitted, out = folder / "first", folder / "submitted", folder / "out"
        with console.status("Handing in"):
            hand_in_class(bench, first)
        measured: list[Size] = []
        for size in sizes:
            with console.status(f"Handing in: {size}"):
                begun = measured[-1].submissions if measured else 0
                copy_class(first, submitted, bench.lesson.name, size, begun)
            measured.append(_measure(submitted, out, size, size - begun))
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps([asdict(size) for size in measured], indent=1) + "\n")
    table = Table(
        *(
            "submissions",
            "a minute",
            "report, s",
            "conductor, MiB",
            "worker, MiB",
            "gradebook, MiB",
        ),
        title=f"Exercise {LESSON} on local:{WORKERS}",
    )
    for size in measured:
        numbers = (size.report_seconds, size.conductor_mib, size.worker_mib, size.gradebook_mib)
        told = [f"{number:.1f}" for number in numbers]
        table.add_row(f"{size.submissions:,}", f"{size.submissions_a_minute:.0f}", *told)
    console.print(table)


def _measure(submitted: Path, out: Path, size: int, new: int) -> Size:
    command = [sys.executable, "-m", "grader", "grade", "-v", "--course", ROOT]
    command += ["--submitted", submitted, "--out", out, "--cluster", f"local:{WORKERS}"]
    graded = 0.0
    with tempfile.TemporaryFile("w+") as said, console.status(f"Grading {new} of {size}"):
        begun = time.perf_counter()
        process = subprocess.Popen(
            list(map(str, command)), cwd=ROOT, stdout=said, stderr=subprocess.STDOUT
        )
        memory = Memory(process.pid)
        while process.poll() is None:
            time.sleep(0.5)
            memory.look()
            said.seek(0)
            if not graded and GRADED.search(said.read()):
                graded = time.perf_counter()
        ended = time.perf_counter()
        said.seek(0)
        if process.returncode or not graded:
            raise SystemExit(f"grader grade failed:\n{said.read()}")
    gradebook = (out / "gradebook.db").stat().st_size / 2**20
    return Size(
        size,
        new,
        60 * new / (graded - begun),
        ended - graded,
        memory.own_kib / 1024,
        memory.others_kib / 1024,
        gradebook,
    )


if __name__ == "__main__":
    if shutil.which("bwrap") is None:
        raise SystemExit("bubblewrap is missing: sh tools/setup.sh bubblewrap")
    main()
