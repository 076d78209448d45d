"""`authoring class`: what a class gets, and nothing that holds an answer."""

from __future__ import annotations

import shutil
from pathlib import Path

from authoring.sources import Course

# Named one by one, so that a new folder with answers in it is never handed out by accident.
FOLDERS = ("notebooks", "exercises", "coursekit")
FILES = (
    "data/README.md",
    "data/checksums.json",
    "data/digits.npz",
    "data/fashion_mnist.npz",
    "data/tradeoffs.csv",
    "LICENSE",
    "LICENSE-TEXT",
    "Makefile",
    "constraints.txt",
    "environment.yml",
    "pyproject.toml",
    "tools/setup.sh",
)
README = """\
# Fewer Bits, Fewer Weights

You need Python 3.11, 3.12 or 3.13 and `make`. Type `make lab` in this folder: it installs what the
course needs into `.venv`, and opens JupyterLab on the start page.
"""


def main(course: Course, out: Path) -> None:
    """Copies what learners need to `out`.

    Raises:
        FileExistsError: if `out` exists and holds anything.
    """
    if out.exists() and any(out.iterdir()):
        raise FileExistsError(f"{out} is not empty: name a new folder")
    for name in FOLDERS:
        shutil.copytree(
            course.root / name,
            out / name,
            ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints"),
        )
    for name in FILES:
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(course.root / name, out / name)
    (out / "README.md").write_text(README, encoding="utf-8")
