"""A course of one assignment in an empty folder, and a class graded there by the command."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import nbformat

from tests.grader.conftest import CONFIG, answered


def lay(
    root: Path,
    name: str,
    made: nbformat.NotebookNode,
    released: nbformat.NotebookNode,
    handed_in: Mapping[str, Mapping[str, str]],
    config: str = CONFIG,
) -> None:
    """Writes solution, release, and for each student the release with these answers."""
    for folder, content in (("solutions", made), ("exercises", released)):
        _write(root / "course" / folder / name / f"{name}.ipynb", content)
    (root / "course/nbgrader_config.py").write_text(config)
    for student, answers in handed_in.items():
        path = root / "submitted" / student / name / f"{name}.ipynb"
        _write(path, answered(released, answers))


def grade(root: Path, seconds: float) -> str:
    """Grades the class into `out`, within these seconds; returns what the command printed."""
    command = [sys.executable, "-m", "grader", "grade", "--course", str(root / "course")]
    command += ["--submitted", str(root / "submitted"), "--out", str(root / "out")]
    command += ["--workers", "2", "--timeout", "20", "--no-kept-contracts"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def _write(path: Path, notebook: nbformat.NotebookNode) -> None:
    path.parent.mkdir(parents=True)
    nbformat.write(notebook, path)
