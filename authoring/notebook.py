"""The notebooks that sources stand for, before anything runs: cells, ids, links, Colab cell."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from pathlib import Path

import nbformat

from authoring import guesses
from authoring.exercise import NEW_CELL, instructor_cells, read_exercise
from authoring.sources import Course, Lesson, read_cells

COLAB_SETUP = """\
# On Google Colab this fetches what the notebook imports; anywhere else it does nothing.
import sys

if "google.colab" in sys.modules:
    import subprocess

    course = "git+https://github.com/{repository}@{branch}"
    pip = [sys.executable, "-m", "pip", "install", "-q"]
    # Colab has torch and most of the rest; --no-deps leaves its versions alone.
    missing = "ai-edge-litert anywidget fsrs latex2mathml torch-pruning"
    subprocess.run([*pip, *missing.split()], check=True)
    subprocess.run([*pip, "--no-deps", course], check=True)
"""

KERNEL = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def lesson_notebook(lesson: Lesson) -> nbformat.NotebookNode:
    """The lesson without outputs.

    Raises:
        SourceError: for a mistake in its guesses, too.
    """
    guesses.check(read_cells(lesson.folder / "lesson.py"))
    return reading_notebook(lesson.course, lesson.folder / "lesson.py", lesson.name)


def reading_notebook(course: Course, source: Path, name: str) -> nbformat.NotebookNode:
    """A notebook to read and run, without outputs, as it will lie in notebooks/."""
    cells = []
    for cell in read_cells(source):
        new = NEW_CELL[cell.kind](cell.source)
        new.metadata.update(cell.metadata)
        cells.append(new)
    return _finished(course, cells, f"notebooks/{name}.ipynb")


def instructor_notebook(lesson: Lesson) -> nbformat.NotebookNode:
    """nbgrader's source version of the exercise: solutions and hidden tests, no outputs."""
    cells = instructor_cells(read_exercise(lesson))
    return _finished(
        lesson.course, cells, f"exercises/{lesson.name}/{lesson.name}.ipynb", graded=True
    )


def _finished(
    course: Course, cells: list[nbformat.NotebookNode], path: str, graded: bool = False
) -> nbformat.NotebookNode:
    heading, *rest = cells
    title, _, text = heading.source.partition("\n")
    heading.source = f"{title}\n\n{_badges(course, path)}\n{text}".rstrip()
    setup = nbformat.v4.new_code_cell(
        COLAB_SETUP.format(repository=course.repository, branch=course.branch).strip()
    )
    if graded:
        setup.metadata["nbgrader"] = {
            "schema_version": 3,
            "grade_id": "setup",
            "grade": False,
            "solution": False,
            "locked": True,
            "task": False,
        }
        setup.metadata["course"] = {"given": True}
    notebook = nbformat.v4.new_notebook(cells=[heading, setup, *rest], metadata=KERNEL)
    _set_ids(notebook)
    return notebook


def _badges(course: Course, path: str) -> str:
    colab = f"https://colab.research.google.com/github/{course.repository}/blob/{course.branch}"
    binder = f"https://mybinder.org/v2/gh/{course.repository}/{course.branch}?urlpath=lab/tree"
    return f"[Open in Colab]({colab}/{path}) · [Open in Binder]({binder}/{path})"


def _set_ids(notebook: nbformat.NotebookNode) -> None:
    """Ids that depend on a cell alone, so that they stay from build to build."""
    seen: Counter[str] = Counter()
    for cell in notebook.cells:
        if "nbgrader" in cell.metadata:
            cell.id = cell.metadata["nbgrader"]["grade_id"]
            continue
        text = re.sub(r"\s+", " ", f"{cell.cell_type} {cell.source}")
        digest = hashlib.sha256(text.encode()).hexdigest()[:12]
        seen[digest] += 1
        cell.id = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
