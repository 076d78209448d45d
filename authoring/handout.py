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
    "LICENSE",
    "LICENSE-TEXT",
    "environment.yml",
    "constraints.txt",
)


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
