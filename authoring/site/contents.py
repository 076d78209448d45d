"""What the site holds besides notebooks, in which order, and the pages of its own."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from itertools import groupby

from authoring.build.sheet import sheet
from authoring.site import interface, reader
from authoring.site.front import OPENINGS, Told, front_page, openings_page
from authoring.source.sources import Sources

SHEETS = "cheat_sheets.md"
RUN = "run.md"
TEACH_IT = "teach.md"
# Pages, and documents of the repository, under what they are called in the contents.
LOOK_UP = {
    "notebooks/review.ipynb": "Review: what is due",
    RUN: "Run it on your machine",
    OPENINGS: "All openings",
    "notebooks/glossary.ipynb": "Words and symbols",
    SHEETS: "Cheat sheets",
    "notebooks/primers.ipynb": "Primers",
    interface.COURSEKIT: interface.TITLES[interface.COURSEKIT],
}
TEACH = {
    TEACH_IT: "Teach with it",
    "docs/teaching.md": "A week of teaching",
    "docs/lms.md": "From and to your LMS",
    "docs/grading.md": "How grading works",
    "docs/writing_tests.md": "Tests that hold",
    "docs/differences.md": "Where we differ from nbgrader",
    "docs/quickstart.md": "Ten minutes with a course of yours",
    "docs/clusters.md": "Thousands of submissions",
    interface.GRADER: interface.TITLES[interface.GRADER],
    "docs/free_responses.md": "How free answers are read",
    "docs/capstone.md": "The capstone",
}
CARRY_ON = {
    "CONTRIBUTING.md": "Carry on the work",
    "docs/architecture.md": "How the grader is built",
    "docs/platforms.md": "Binder, Colab, Kaggle, VS Code",
    "data/README.md": "The data",
    "CHANGELOG.md": "What has changed",
}
# Those that lie in the repository as they are.
DOCUMENTS = [name for name in (*TEACH, *CARRY_ON) if name not in (TEACH_IT, interface.GRADER)]
_SHEETS = """\
# Cheat sheets

Each lesson on half a screen, for when you have read it.
"""


_RUN = """\
# Run it on your machine

{start}

{before}

Then open lesson 00 and its exercise. What you answer there is kept in one file on your machine, and
the page *Review* brings back each card when it's due, and asks again what you got wrong. What you
have answered on these pages comes along: *Download* under [Review](notebooks/review.ipynb) here,
*Upload* there. [Other places to run it](docs/platforms.md) need no installation.
"""


def pages(course: Sources, told: Sequence[Told]) -> dict[str, str]:
    """The site's own pages in Markdown, by path."""
    readme = (course.root / "README.md").read_text(encoding="utf-8")
    [start] = re.findall(r"^```sh\nmake lab.*?^```", readme, re.DOTALL | re.MULTILINE)
    if course.repository:
        _, _, folder = course.repository.partition("/")
        clone = f"git clone https://github.com/{course.repository}\ncd {folder}\n"
        start = start.replace("```sh\n", f"```sh\n{clone}")
    return {
        "index.md": front_page(told, readme, reader.own(course.root)) + _contents(told),
        OPENINGS: openings_page(told),
        SHEETS: _sheets(course),
        RUN: _RUN.format(start=start, before=_part(readme, "Before you install")),
        TEACH_IT: f"# Teach with it\n\n{_part(readme, 'Teach')}",
        **interface.pages(),
    }


def _part(readme: str, heading: str) -> str:
    """What README says under a heading."""
    [text] = re.findall(rf"^## {heading}\n(.*?)(?=^## )", readme, re.DOTALL | re.MULTILINE)
    return str(text).strip() + "\n"


def _contents(told: Sequence[Told]) -> str:
    """What stands in the column beside each page."""
    trees = []
    for part, group in groupby((one.lesson for one in told), lambda lesson: lesson.part):
        entries = [f"{one.number} · {one.title} <notebooks/{one.name}>" for one in group]
        trees.append(_tree(part, entries))
    for caption, pages in {"Look up": LOOK_UP, "Teach": TEACH, "Carry on": CARRY_ON}.items():
        entries = [f"{title} <{posixpath.splitext(name)[0]}>" for name, title in pages.items()]
        trees.append(_tree(caption, entries))
    return "\n".join(trees)


def _tree(caption: str, entries: list[str]) -> str:
    return "\n".join(["```{toctree}", ":hidden:", f":caption: {caption}", "", *entries, "```", ""])


def _sheets(course: Sources) -> str:
    texts = [_SHEETS]
    for lesson in course.lessons():
        if found := sheet(lesson):
            texts.append(f"## {lesson.number} · {lesson.title}\n\n{found.wanted}")
    return "\n".join(texts)
