"""The notebooks that sources stand for, before anything runs: cells, ids, links, Colab cell."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from pathlib import Path

import nbformat

from authoring.exercise import NEW_CELL, instructor_cells, read_exercise
from authoring.items import items_metadata
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

# The two ends of an exercise; both do nothing while it is graded.
BEGIN = """
from coursekit import begin_exercise

begin_exercise()  # an item that is not done yet then says so in one line
"""
END_PROMPT = """\
## How far are you?

The next cell tells what is still to do, checks what you saved, and says how to get it marked. Save
first (Ctrl+S).
"""
END = """\
from coursekit import end_exercise

end_exercise()
"""
LOCKED = (
    "Tests and given code are locked, and the lab refuses to change them without a word: "
    "you write in the cells that say `YOUR CODE HERE` or `YOUR ANSWER HERE`, or in new ones."
)

KERNEL = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def lesson_notebook(lesson: Lesson) -> nbformat.NotebookNode:
    """The lesson without outputs."""
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
    exercise = read_exercise(lesson)
    heading, *rest = instructor_cells(exercise)
    heading.source = f"{heading.source}\n\n{LOCKED}"
    end = [nbformat.v4.new_markdown_cell(END_PROMPT.strip()), _given("finish", END)]
    notebook = _finished(
        lesson.course, [heading, *rest, *end], f"exercises/{lesson.name}/{lesson.name}.ipynb"
    )
    setup = notebook.cells[1]
    notebook.cells[1] = _given("setup", f"{setup.source}\n{BEGIN}")
    notebook.metadata["course"] = {"items": items_metadata(exercise)}
    return notebook


def _given(name: str, source: str) -> nbformat.NotebookNode:
    """A locked cell of every exercise."""
    nbgrader = {
        "schema_version": 3,
        "grade_id": name,
        "grade": False,
        "solution": False,
        "locked": True,
        "task": False,
    }
    metadata = {"nbgrader": nbgrader, "course": {"given": True}}
    return nbformat.v4.new_code_cell(source.strip(), id=name, metadata=metadata)


def _finished(
    course: Course, cells: list[nbformat.NotebookNode], path: str
) -> nbformat.NotebookNode:
    heading, *rest = cells
    title, _, text = heading.source.partition("\n")
    heading.source = f"{title}\n\n{_badges(course, path)}\n{text}".rstrip()
    setup = nbformat.v4.new_code_cell(
        COLAB_SETUP.format(repository=course.repository, branch=course.branch).strip()
    )
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
