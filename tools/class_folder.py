"""Makes .build/class: what a class gets, installed by its own Makefile, and a kernel of it.

`make test` runs every lesson in that kernel, so that what learners get is what was tested: nothing
else of the repository is on its path. What is installed already is not installed again.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from authoring import class_export
from authoring.source.sources import Sources
from grader.host.course.course import not_released

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".build" / "class"
KERNELS = ROOT / ".build" / "jupyter"
KERNEL = "class"
# When one of these is another one, the class installs anew.
DECIDES = ("pyproject.toml", "constraints.txt", "tools/setup.sh", "tools/learner.mk")


def main() -> None:
    """Exports, installs, and writes the kernel's description."""
    before = _contents()
    venv = FOLDER.with_name("class-venv")
    if (FOLDER / ".venv").is_dir():
        (FOLDER / ".venv").rename(venv)
    shutil.rmtree(FOLDER, ignore_errors=True)
    class_export.main(Sources.at(ROOT), FOLDER)
    if venv.is_dir():
        venv.rename(FOLDER / ".venv")
        if before == _contents() and (FOLDER / ".venv" / "installed").is_file():
            (FOLDER / ".venv" / "installed").touch()
    # The learner's own way, without this repository's environment.
    bare = {
        name: value
        for name, value in os.environ.items()
        if name not in ("PYTHONPATH", "VIRTUAL_ENV")
    }
    subprocess.run(["make", ".venv/installed"], cwd=FOLDER, env=bare, check=True)
    subprocess.run([FOLDER / ".venv/bin/coursekit", "fill"], cwd=FOLDER, env=bare, check=True)
    _add_what_tests_read()
    _write_kernel()


def _add_what_tests_read() -> None:
    """Solutions run in this kernel too, and their hidden tests may read what no class gets."""
    for solution in (ROOT / "solutions").iterdir():
        for file in not_released(solution, ROOT / "exercises" / solution.name).values():
            shutil.copy2(file, FOLDER / "workspace" / "notebooks")


def _contents() -> list[bytes | None]:
    paths = [FOLDER / name for name in DECIDES]
    return [path.read_bytes() if path.is_file() else None for path in paths]


def _write_kernel() -> None:
    """A kernel that runs in the class's workspace, whatever folder it is started in."""
    start = ["sh", "-c", 'cd "$0" && exec ../../.venv/bin/python "$@"']
    start += [str(FOLDER / "workspace" / "notebooks")]
    description = {
        "argv": [*start, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "What a class gets",
        "language": "python",
        "env": {"PYTHONPATH": "", "PYTHONNOUSERSITE": "1"},
    }
    target = KERNELS / "kernels" / KERNEL / "kernel.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(description, indent=1))


if __name__ == "__main__":
    sys.exit(main())
