"""What the site holds besides notebooks, in which order, and the pages of its own."""

from __future__ import annotations

from itertools import groupby

from authoring.build.lessons import lessons
from authoring.build.sheet import sheet
from authoring.source.sources import Sources
from coursekit.learn.lessons import read

# Documents of the repository that are pages too, under what they are called in the contents.
TEACH = {
    "docs/grading.md": "How grading works",
    "docs/quickstart.md": "Ten minutes with a course of yours",
    "docs/clusters.md": "Thousands of submissions",
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
DOCUMENTS = (*TEACH, *CARRY_ON)
SHEETS = "cheat_sheets.md"
_SHEETS = """\
# Cheat sheets

Each lesson on half a screen, for when you have read it.
"""


def pages(course: Sources) -> dict[str, str]:
    """The site's own pages in Markdown, by path."""
    return {"index.md": _index(course), SHEETS: _sheets(course)}


def _index(course: Sources) -> str:
    return f"# Fewer Bits, Fewer Weights\n\n{_contents(course)}"


def _contents(course: Sources) -> str:
    """What stands in the column beside each page."""
    trees = []
    there = [one for one in read(lessons(course).wanted) if one.is_there]
    for part, group in groupby(there, lambda one: one.part):
        trees.append(
            _tree(part, [f"{one.number} · {one.title} <notebooks/{one.name}>" for one in group])
        )
    look_up = [
        "Words and symbols <notebooks/glossary>",
        "cheat_sheets",
        "Primers <notebooks/primers>",
    ]
    trees.append(_tree("Look up", [*look_up, "Review <notebooks/review>"]))
    for caption, documents in {"Teach": TEACH, "Carry on": CARRY_ON}.items():
        entries = [f"{title} <{name.removesuffix('.md')}>" for name, title in documents.items()]
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
