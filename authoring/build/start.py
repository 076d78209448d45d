"""The start page that `make lab` opens: what to do now, the map of the lessons, and how it goes.

It is built for who has not begun; `coursekit.desk.start_page` writes it, and fills in what a
learner has done.
"""

from __future__ import annotations

import base64
from pathlib import Path

import nbformat

from authoring.build.lessons import lessons
from authoring.build.notebook import KERNEL
from authoring.source.sources import Sources
from coursekit.desk import start_page
from coursekit.learn.lessons import read

TEXT = """\
# Fewer Bits, Fewer Weights

**In the end you can take a trained network, make it several times smaller with PyTorch or TFLite,
and show by measurement what that costs.**
"""
PICTURE = "start.png"
ALT = (
    "Three pictures of the same 784 weights, with which a small model finds threes among "
    "handwritten digits. In 32 bits per weight: smooth patches, 96% of the digits right. In 4 "
    "bits per weight: the same patches in few shades, still 96%. In 4 bits and half of the "
    "weights zero: the patches without their faint edges, 95%."
)
# As `make publish` draws it; the link leads there once the course is a public place.
SQUARE = "square.png"
SQUARE_TEXT = """\
## The square

![A QR code of 177 by 177 black and white fields.](attachment:square.png)

**This square is a neural network.** Every weight of it is in these black and white fields. `make
site` makes a page, `out/site/reader.html`, that takes it out again and reads your handwriting with
it. Lesson 15 shows how it got so small, and `make square FILE=…` prints yours.
"""
REST = """\
## How it goes

**Read and guess.** Open a lesson and press Shift+Enter, cell by cell. *Run All* would show you
every answer at once. Where it asks for a guess, type one before you run the next cell: being wrong
is how you notice what you believed. Escape leads from a widget back to its cell.

**Solve the exercise.** Write your answers where it says `YOUR CODE HERE`, and run the cells below:
they tell you what is not right yet. **Validate** in the toolbar runs the whole exercise from the
top, in a fresh kernel, and says item by item what passes and what is still to do. The last cell of
an exercise says how to get it marked.

**Look words up.** A word that is a link leads to the [glossary](glossary.ipynb), where all
words and symbols stand.

**Come back.** [Review](review.ipynb) holds one deck of the cards that are due, over all lessons,
and asks what you got wrong again some days later.

**What is kept.** Lessons and exercises here are your own copies; a newer version of the course
never overwrites what you changed. Your guesses, answers and cards are in `progress.sqlite`, in the
folder above this one. On Binder all of it is lost some minutes after you leave. Before you do,
press *Download* at the end of [Review](review.ipynb); next time, *Upload* there brings everything
back. Your exercises you keep by a right-click in the file browser on the left and *Download*; to
have them back, drag them into the same folder.
"""


def start_notebook(course: Sources) -> nbformat.NotebookNode:
    """A notebook of Markdown cells. Links are relative to notebooks/, where it lies."""
    shown = read(lessons(course).wanted)
    first = nbformat.v4.new_markdown_cell(TEXT.strip(), id="start")
    picture = course.root / "course" / "general" / PICTURE
    if picture.is_file():
        first.source += f"\n\n![{ALT}](attachment:{PICTURE})"
        first["attachments"] = _attached(picture)
    texts = {
        start_page.NOW: start_page.now_text(shown, start_page.NOTHING),
        start_page.MAP: start_page.map_text(shown, start_page.NOTHING),
        "rest": REST.strip(),
    }
    cells = [nbformat.v4.new_markdown_cell(text, id=name) for name, text in texts.items()]
    square = course.root / "docs" / SQUARE
    if square.is_file():
        cell = nbformat.v4.new_markdown_cell(SQUARE_TEXT.strip(), id="square")
        cell["attachments"] = _attached(square)
        cells.insert(2, cell)
    return nbformat.v4.new_notebook(cells=[first, *cells], metadata=KERNEL)


def _attached(picture: Path) -> dict[str, dict[str, str]]:
    """A PNG as a cell carries it."""
    data = base64.b64encode(picture.read_bytes()).decode()
    return {picture.name: {"image/png": data}}
