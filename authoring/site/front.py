"""The front page, and the page of all openings: what lessons ask, and what one can do then."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from html import escape
from importlib.metadata import version
from itertools import groupby

import nbformat

from authoring.site.faults import READER, SiteError
from authoring.site.pages import raw, unlinked
from authoring.site.reader import Network
from coursekit.learn.lessons import Lesson
from coursekit.learn.widgets.text import to_html

# The lesson whose opening stands on the front page.
FIRST = "07"
OPENINGS = "openings.md"

_QUESTION = re.compile(r"\*\*(.+?)\*\*", re.DOTALL)
_ABLE = re.compile(r"^## You can now.*?\n+((?:- .*\n(?:  .*\n)*)+)", re.MULTILINE)
# A lesson in half a sentence, as README lists them.
_LISTED = re.compile(r"^- (\d\d) \[[^\]]*\]\([^)]*\): (.+)$", re.MULTILINE)

_FRONT = """\
---
hide-toc: true
---
# Fewer Bits, Fewer Weights
"""
_QUESTION_OF_ALL = "How small can you make a neural network before it forgets what it learned?"
_DRAG = (
    "How does that work? Begin with a large one: this network names five garments. Drag the "
    "slider, and its smallest weights become zero. How many can go before it calls a bag a sandal?"
)
# The first screen: a question, and a network.
_FIRST = """\
<div class="first"><div><p class="question">{question}</p>
<p>The square <strong>is</strong> a neural network: {bytes} bytes, in black and white. Of a hundred
handwritten digits, it gets {right} right. <a href="{page}#{signs}">Let it read yours.</a></p></div>
<a href="{page}#{signs}"><img src="_static/square.png" width="555" height="555" alt="A QR code of
177 by 177 black and white fields. It leads to a page that reads your handwriting."></a></div>"""
_AND_SO = (
    "And what do 80% zeros do to the file, and to the time for one image? In sixteen lessons you "
    "guess first, then you look, and you'll often be wrong. That's the fun part. In the last one, "
    "you fit a one-megabyte network into 12 kB, and you can say what that cost."
)
_DOORS = """\
<ul class="doors">
<li><h2><a href="notebooks/00_pipeline.html">Learn</a></h2>
<p>Read lesson 00 right here, guess, see what comes out, and practise: there’s nothing to install.
To run the code and solve the exercises, <a href="run.html">install it</a>: one command. New to
PyTorch? The <a href="notebooks/primers.html">primers</a> take a screen each.</p></li>
<li><h2><a href="teach.html">Teach</a></h2>
<p>Every lesson has an exercise with hidden tests, and a grader that runs what learners write in a
sandbox. It tells each learner what went wrong, and it works for
<a href="docs/quickstart.html">any nbgrader course</a>.</p></li>
<li><h2><a href="CONTRIBUTING.html">Carry on</a></h2>
<p>Lessons are text files, and one command builds and checks them. Fix a typo, or write lesson 16.
Code is under the MIT licence, text and pictures under CC BY 4.0.</p></li>
</ul>"""
_OPENINGS = """\
# All openings

Every lesson opens with a question and a picture that moves. Drag a slider, and see what you'd say.
"""


@dataclass(frozen=True)
class Told:
    """What the front page tells of a lesson.

    Attributes:
        question: The lesson begins with it.
        able: What one can do after it, in Markdown, one thing each.
        opening: Its picture that moves, as HTML, on a page beside the front page.
    """

    lesson: Lesson
    question: str
    able: Sequence[str]
    opening: str


def told(lesson: Lesson, notebook: nbformat.NotebookNode, opening: str) -> Told:
    """Reads a built lesson.

    Raises:
        SiteError: if it does not begin with a question, or does not say what one can do after it.
    """
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    question = _QUESTION.search(texts[0])
    able = _ABLE.search("\n\n".join(texts) + "\n")
    if question is None or able is None or not opening:
        raise SiteError(f"{lesson.name} has no question, no opening, or no “You can now…”")
    items = re.split(r"^- ", unlinked(able[1]), flags=re.MULTILINE)[1:]
    items = [" ".join(item.split()).rstrip(";.") for item in items]
    return Told(lesson, " ".join(question[1].split()), items, opening)


def front_page(lessons: Sequence[Told], readme: str, own: Network) -> str:
    """The front page in Markdown, without the contents. `own`: what its square holds."""
    listed = dict(_LISTED.findall(readme))
    [first] = [one for one in lessons if one.lesson.number == FIRST]
    minutes = sum(one.lesson.minutes for one in lessons)
    html = [
        _FIRST.format(question=_QUESTION_OF_ALL, page=READER, **asdict(own)),
        f"<p>{_DRAG}</p>",
        first.opening,
        f"<p>{_AND_SO}</p>",
        _DOORS,
        f"<h2>{len(lessons)} lessons, {round(minutes / 60)} hours</h2>"
        "<p>Each takes about an hour to read, and opens with "
        '<a href="openings.html">a picture that moves</a>.</p>',
    ]
    for part, group in groupby(lessons, lambda one: one.lesson.part):
        rows = "".join(_on_the_map(one, listed) for one in group)
        html.append(f'<h3>{escape(part)}</h3><ol class="map">{rows}</ol>')
    html.append(
        f'<p class="about">Version {version("fewer-bits")}: '
        '<a href="CHANGELOG.html">what has changed</a>.</p>'
    )
    return f"{_FRONT}\n{raw(''.join(html))}\n\n"


def _on_the_map(one: Told, listed: Mapping[str, str]) -> str:
    lesson = one.lesson
    needs = ", ".join(lesson.needs)
    after = f", builds on {needs}" if needs else ""
    able = "".join(f"<li>{to_html(item, inline=True)}</li>" for item in one.able)
    title = f"{lesson.number} · {escape(lesson.title)}"
    teaser = escape(listed[lesson.number])
    return (
        f'<li><p><a href="notebooks/{lesson.name}.html">{title}</a></p>'
        f"<p>{teaser[0].upper()}{teaser[1:]}.</p>"
        f'<p class="about">{lesson.minutes} minutes{after}</p>'
        f"<details><summary>After it, you can…</summary><ul>{able}</ul></details></li>"
    )


def openings_page(lessons: Sequence[Told]) -> str:
    """The page of all openings in Markdown."""
    blocks = [_OPENINGS]
    for one in lessons:
        lesson = one.lesson
        blocks.append(f"## {lesson.number} · {lesson.title}\n\n**{one.question}**")
        blocks.append(raw(one.opening))
        blocks.append(f"[Read lesson {lesson.number}](notebooks/{lesson.name}.ipynb)")
    return "\n\n".join(blocks) + "\n"
