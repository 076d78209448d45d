"""The start page that `make lab` opens: a notebook with a map of the lessons, for a click."""

from __future__ import annotations

import nbformat

from authoring.notebook import KERNEL
from authoring.sources import Course

TEXT = """\
# Fewer Bits, Fewer Weights

How to make neural networks small and fast, and how to know that they are: quantization and pruning,
by hand first, then with PyTorch and TFLite.

| | lesson | exercise |
|---|---|---|
{rows}

The numbers in between are lessons to come.

**New to PyTorch, or not sure?** [Ten questions](primers.ipynb) tell which of five one-screen
primers to read.

**How it goes.** Open a lesson and press Shift+Enter, cell by cell. *Run All* would show you every
answer at once. Where it asks for a guess, type one before you run the next cell: being wrong is how
you notice what you believed. When you are through, open the exercise beside it, write your answers
where it says `YOUR CODE HERE`, and run the cells below: they tell you what is not right yet.
**Validate** in the toolbar runs the whole exercise from the top, in a fresh kernel, and says item
by item what passes and what is still to do. The last cell of an exercise says how to get it marked.

**What is kept.** Lessons and exercises here are your own copies; a newer version of the course
never overwrites what you changed. Your guesses, answers and cards are in `progress.sqlite`, in the
folder above this one. On Binder all of it is lost some minutes after you leave. Before you do,
right-click `progress.sqlite` and your exercises in the file browser on the left and choose
*Download*; next time, drag them back into the same folders.
"""


def start_notebook(course: Course) -> nbformat.NotebookNode:
    """A notebook of one markdown cell. Links are relative to notebooks/, where it lies."""
    rows = "\n".join(
        f"| {lesson.number} | [{lesson.title}]({lesson.name}.ipynb) "
        f"| [to solve](../exercises/{lesson.name}/{lesson.name}.ipynb) |"
        for lesson in course.lessons()
    )
    cell = nbformat.v4.new_markdown_cell(TEXT.format(rows=rows).strip(), id="start")
    return nbformat.v4.new_notebook(cells=[cell], metadata=KERNEL)
