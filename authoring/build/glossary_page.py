"""The page of words and symbols, notebooks/glossary.ipynb."""

from __future__ import annotations

import nbformat

from authoring.build import links
from authoring.build.glossary import NAME, Glossary
from authoring.build.notebook import KERNEL
from authoring.source.sources import Sources

_TITLE = """\
# Words and symbols

**What a word or a letter means in this course, and which lesson explains it.** In the lessons,
a word links to this page where it first stands in bold or italics.
"""
_TABLE = "## Symbols\n\n| symbol | stands for |\n|---|---|\n"


def glossary_notebook(course: Sources, glossary: Glossary) -> nbformat.NotebookNode:
    """A page of Markdown cells, one for each word, as it will lie in notebooks/."""
    rows = "".join(f"| {one.symbol} | {one.means} |\n" for one in glossary.symbols)
    cells = [nbformat.v4.new_markdown_cell(_TITLE.strip(), id=NAME)]
    cells.append(nbformat.v4.new_markdown_cell((_TABLE + rows).strip(), id="symbols"))
    cells.append(nbformat.v4.new_markdown_cell("## Words", id="words"))
    for term in sorted(glossary.terms, key=lambda one: one.term.lower()):
        text = f"### {term.term[0].upper()}{term.term[1:]}\n\n{term.means}"
        also = f"Also: {', '.join(term.also)}. " if term.also else ""
        where = links.with_lessons(course, f"Lesson {term.lesson}", "", NAME)
        cells.append(nbformat.v4.new_markdown_cell(f"{text} {also}*{where}.*", id=term.id))
    return nbformat.v4.new_notebook(cells=cells, metadata=KERNEL)
