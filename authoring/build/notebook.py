"""The notebooks that sources stand for, before anything runs: cells, ids, links, Colab cell."""

from __future__ import annotations

import ast
import hashlib
import re
from collections import Counter
from pathlib import Path

import nbformat

from authoring.build import glossary, hosting, links, measure
from authoring.build.items import items_metadata
from authoring.source import guesses
from authoring.source.exercise import NEW_CELL, instructor_cells, read_exercise
from authoring.source.sources import Lesson, Sources, read_cells
from coursekit.learn import widgets

# The two ends of an exercise; both do nothing while it is graded.
BEGIN = """
from coursekit import begin_exercise

begin_exercise()  # an item that is not done yet then says so in one line
"""
END_PROMPT = """\
## How far are you?

The next cell says what is still to do. Its buttons work on the file as it was saved: press Ctrl+S
first.
"""
END = """\
from coursekit import end_exercise

end_exercise()
"""
# Where a lesson says how long it takes: the build counts.
MINUTES = "{minutes}"
LOCKED = (
    "Tests and given code are locked, and the lab refuses to change them without a word: "
    "write in the cells that say `YOUR CODE HERE` or `YOUR ANSWER HERE`, or in new ones."
)

KERNEL = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    # Without an ending, JupyterLab exports a notebook as a script called .txt.
    "language_info": {
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "nbconvert_exporter": "python",
        "pygments_lexer": "ipython3",
    },
}


def lesson_notebook(lesson: Lesson) -> nbformat.NotebookNode:
    """The lesson without outputs.

    Raises:
        SourceError: for a mistake in its guesses, too, and if it is held to the measure and more.
    """
    source = lesson.folder / "lesson.py"
    guesses.check(read_cells(source))
    if lesson.is_held:
        measure.check(lesson)
    return reading_notebook(lesson.course, source, lesson.name, lesson)


def reading_notebook(
    course: Sources, source: Path, name: str, lesson: Lesson | None = None
) -> nbformat.NotebookNode:
    """A notebook to read and run, without outputs, as it will lie at `name` in notebooks/."""
    cells = []
    words, seen = glossary.read(course) if lesson else None, set[str]()
    for cell in read_cells(source):
        text = _with_import(cell.source) if cell.kind == "code" else cell.source
        if cell.kind == "markdown":
            text = links.with_lessons(course, text, "../" * name.count("/"), name)
            if lesson and MINUTES in text:
                text = text.replace(MINUTES, str(measure.measured(lesson).stated))
            text = glossary.linked(words, text, seen) if words else text
        new = NEW_CELL[cell.kind](text)
        new.metadata.update(cell.metadata)
        if cell.kind == "code" and measure.only_asserts(text):
            # They hold the lesson to what it says, and would tell a learner before it does.
            new.metadata["jupyter"] = {"source_hidden": True}
        cells.append(new)
    if lesson:
        cells.append(nbformat.v4.new_markdown_cell(links.onward(lesson, exercise=False)))
    return _finished(course, cells, f"notebooks/{name}.ipynb")


def _with_import(code: str) -> str:
    """A cell that only shows a widget, with its import: after a restart it can be run alone."""
    match ast.parse(code).body:
        case [ast.Expr(ast.Call(ast.Name(name)))] if name in widgets.__all__:
            return f"from coursekit.learn.widgets import {name}\n\n{code}"
    return code


def instructor_notebook(lesson: Lesson) -> nbformat.NotebookNode:
    """nbgrader's source version of the exercise: solutions and hidden tests, no outputs."""
    exercise = read_exercise(lesson)
    cells = instructor_cells(exercise)
    for cell in cells:
        if cell.cell_type == "markdown" and "nbgrader" not in cell.metadata:
            text = links.with_parts(lesson, cell.source)
            cell.source = links.with_lessons(lesson.course, text, "../../notebooks/", lesson.name)
    cells[0].source += f"\n\n{LOCKED}"
    cells.append(nbformat.v4.new_markdown_cell(END_PROMPT.strip()))
    cells.append(nbformat.v4.new_code_cell(END.strip()))
    _lock(cells[-1], "finish")
    cells.append(nbformat.v4.new_markdown_cell(links.onward(lesson, exercise=True)))
    notebook = _finished(
        lesson.course, cells, f"exercises/{lesson.name}/{lesson.name}.ipynb", graded=True
    )
    notebook.metadata["course"] = {"items": items_metadata(exercise)}
    return notebook


def _lock(cell: nbformat.NotebookNode, name: str) -> None:
    """Makes it a given cell of this grade_id."""
    cell.metadata["nbgrader"] = {
        "schema_version": 3,
        "grade_id": name,
        "grade": False,
        "solution": False,
        "locked": True,
        "task": False,
    }
    cell.metadata["course"] = {"given": True}


def _finished(
    course: Sources, cells: list[nbformat.NotebookNode], path: str, graded: bool = False
) -> nbformat.NotebookNode:
    heading, *rest = cells
    title, _, text = heading.source.partition("\n")
    above = hosting.badges(course, path)
    heading.source = f"{title}\n\n{above}\n{text}".rstrip() if above else heading.source.rstrip()
    for cell in cells:
        if cell.cell_type == "markdown":
            cell.source = hosting.linked(course, path, cell.source)
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    setup = nbformat.v4.new_code_cell(hosting.set_up(course, code))
    # Folded: nobody needs to read it. The first is JupyterLab's name for that, the second Colab's.
    setup.metadata["jupyter"] = {"source_hidden": True}
    setup.metadata["cellView"] = "form"
    if graded:
        setup.source += f"\n{BEGIN.rstrip()}"
        _lock(setup, "setup")
    notebook = nbformat.v4.new_notebook(cells=[heading, setup, *rest], metadata=KERNEL)
    _set_ids(notebook, parts=not graded)
    return notebook


def _set_ids(notebook: nbformat.NotebookNode, parts: bool) -> None:
    """Ids that depend on a cell alone, so that they stay from build to build.

    Args:
        parts: whether cells in which a part begins are called after it.
    """
    seen: Counter[str] = Counter()
    for cell in notebook.cells:
        part = links.part_id(cell.source) if parts and cell.cell_type == "markdown" else None
        if part is not None and not seen[part]:
            seen[part] += 1
            cell.id = part
            continue
        if "nbgrader" in cell.metadata:
            cell.id = cell.metadata["nbgrader"]["grade_id"]
            continue
        text = re.sub(r"\s+", " ", f"{cell.cell_type} {cell.source}")
        digest = hashlib.sha256(text.encode()).hexdigest()[:12]
        seen[digest] += 1
        cell.id = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
