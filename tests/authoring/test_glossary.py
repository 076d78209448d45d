from __future__ import annotations

import re

import nbformat
import pytest

from authoring.build import build, glossary
from authoring.build.glossary import Glossary, Term
from authoring.build.notebook import lesson_notebook
from authoring.source.problems import SourceError
from authoring.source.sources import Lesson, Sources
from tests.conftest import ROOT

WORDS = Glossary(
    terms=(
        Term(term="scale", also=("step size",), lesson="01", means="A step."),
        Term(term="2:4", lesson="01", means="Two of four."),
    )
)
LINK = "glossary.ipynb#cell-id="
FILE = """\
symbols:
  - {symbol: $s$, means: the scale}
terms:
  - {term: zero point, lesson: "01", means: The code of 0.}
  - {term: Counting, also: [counts], lesson: "01", means: One after the other.}
"""


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("the **scale** and the **scale**", f"the [**scale**]({LINK}word-scale) and the **scale**"),
        ("*Step\nsize* here", f"[*Step\nsize*]({LINK}word-scale) here"),
        ("groups, **2:4**", f"groups, [**2:4**]({LINK}word-2-4)"),
        ("a scale, `**scale**`, **scales**", "a scale, `**scale**`, **scales**"),
        ("## The **scale**", "## The **scale**"),
        ("[the **scale**](x.ipynb)", "[the **scale**](x.ipynb)"),
        ("***scale*** and **scale*", "***scale*** and **scale*"),
    ],
)
def test_the_first_word_in_bold_or_italics_is_linked(text: str, wanted: str) -> None:
    assert glossary.linked(WORDS, text, set()) == wanted


def test_what_is_linked_once_is_not_linked_again() -> None:
    seen: set[str] = set()
    glossary.linked(WORDS, "**scale**", seen)
    assert seen == {"word-scale"}
    assert glossary.linked(WORDS, "**scale**", seen) == "**scale**"


def test_the_page_has_a_cell_for_each_word(course: Sources, lesson: Lesson) -> None:
    (course.root / "course" / "glossary.yaml").write_text(FILE)
    build.main(course, [lesson], report=lambda line: None)
    page = nbformat.read(course.root / "notebooks" / "glossary.ipynb", 4)
    nbformat.validate(page)
    cells = {cell.id: cell.source for cell in page.cells}
    assert "| $s$ | the scale |" in cells["symbols"]
    assert list(cells)[-2:] == ["word-counting", "word-zero-point"]
    assert cells["word-counting"].startswith("### Counting\n\nOne after the other. Also: counts. ")
    assert f"[Lesson 01]({lesson.name}.ipynb)" in cells["word-counting"]
    assert list(build.stale(course)) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("zero point", "counts", "counts stands there twice"),
        ('lesson: "01", means: The', 'lesson: "99", means: The', "names lesson 99"),
        ("means: The", "meant: The", "this is no glossary"),
        ("terms:", "terms", "this is no glossary"),
    ],
)
def test_a_mistake_in_the_file_is_said(course: Sources, old: str, new: str, said: str) -> None:
    (course.root / "course" / "glossary.yaml").write_text(FILE.replace(old, new))
    with pytest.raises(SourceError, match=said):
        glossary.read(course)


def test_each_word_of_the_course_is_linked_where_it_is_explained() -> None:
    course = Sources.at(ROOT)
    found = glossary.read(course)
    assert found is not None
    linked = {
        lesson.number: set(
            re.findall(
                rf"\]\({re.escape(LINK)}([\w-]+)\)",
                "\n".join(cell.source for cell in lesson_notebook(lesson).cells),
            )
        )
        for lesson in course.lessons()
    }
    assert [term.term for term in found.terms if term.id not in linked[term.lesson]] == []
