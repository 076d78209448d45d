"""A built notebook as a page: Markdown for MyST, with what cells have shown as HTML in it."""

from __future__ import annotations

import ast
import posixpath
import re
from dataclasses import dataclass

import nbformat

from authoring.site.guessing import question_html, question_of
from authoring.site.outputs import Outputs, Pictures
from authoring.site.ways import Ways
from coursekit.learn import widgets
from coursekit.learn.widgets.text import to_html

# Where Sphinx puts what it finds in html_static_path.
PICTURES = "_static/pictures/"
# Widgets that show nothing but what a learner has done, or nothing before one begins.
_OF_ONES_OWN = ("pattern_test", "progress")
# What a lesson says of its widgets is true where they run.
_PRACTISE = re.compile(r"(## Practise\n\n)Nothing below is marked.*?\n\n", re.DOTALL)
_READ_ONLY = (
    "Here you can read the questions and unfold the answers. To answer them, "
    "[run the notebook](../run.md): then the cards you forget come back, and the numbers change "
    "from try to try."
)
_DETAILS = re.compile(r"<details><summary>(.*?)</summary>(.*?)</details>", re.DOTALL)
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_BEGINNING = re.compile(r"\A(# .+\n)")


@dataclass(frozen=True)
class Maker:
    """Makes pages.

    Attributes:
        ways: Where links lead.
        pictures: Where pictures go.
    """

    ways: Ways
    pictures: Pictures

    def page(self, notebook: nbformat.NotebookNode, path: str) -> str:
        """The page of the notebook at `path`."""
        up = "../" * path.count("/")
        outputs = Outputs(self.pictures, f"{up}{PICTURES}")
        blocks = []
        for number, cell in enumerate(notebook.cells):
            if cell.cell_type == "markdown":
                text = _PRACTISE.sub(rf"\1{_READ_ONLY}\n\n", _unfolded(cell.source))
                text = self.ways.led(text, path)
                if not number and (file := _file(notebook, path)):
                    text = _BEGINNING.sub(rf"\1\n{raw(file)}\n", text, count=1)
                place = f"({cell.id})=\n" if cell.id.startswith("word-") else ""
                blocks.append(place + text)
            elif _called(cell.source) in _OF_ONES_OWN:
                # Nor what leads to it, a line.
                if "\n\n" not in blocks[-1]:
                    blocks.pop()
            elif cell.cell_type == "code" and "cellView" not in cell.metadata:
                blocks.append(_code(cell, outputs))
        blocks.append(self._beneath(path))
        return "\n\n".join(filter(None, blocks)) + "\n"

    def _beneath(self, path: str) -> str:
        """The entries of the contents under a lesson: its exercise, and what goes further."""
        folder, name = posixpath.split(path)
        stem = posixpath.splitext(name)[0]
        entries = {"Exercise": f"exercises/{stem}/{name}", "Further": f"notebooks/further/{name}"}
        lines = [
            f"{title} {stem[:2]} </{posixpath.splitext(there)[0]}>"
            for title, there in entries.items()
            if folder == "notebooks" and there in self.ways.pages
        ]
        return "\n".join(["```{toctree}", ":hidden:", "", *lines, "```"]) if lines else ""


def _unfolded(text: str) -> str:
    """Markdown in which what <details> hold is Markdown too: they are HTML up to a blank line.

    A summary is a button, so that links in it become text.
    """

    def change(match: re.Match[str]) -> str:
        summary = match[1]
        if "<" not in summary:
            summary = to_html(unlinked(summary), inline=True)
        return f"<details><summary>{summary}</summary>\n\n{match[2].strip()}\n\n</details>"

    return _DETAILS.sub(change, text)


def unlinked(text: str) -> str:
    """Markdown in which links are their text."""
    return _LINK.sub(r"\1", text)


def raw(html: str) -> str:
    """HTML for MyST, which it leaves as it is. It holds no line of backticks."""
    return f"``````{{raw}} html\n{html}\n``````"


def _file(notebook: nbformat.NotebookNode, path: str) -> str:
    """What stands under a notebook's title: the file itself, if it has anything to run."""
    if not any(cell.cell_type == "code" for cell in notebook.cells):
        return ""
    name = posixpath.basename(path)
    return f'<p class="file"><a href="{name}" download>Download the notebook</a></p>'


def _code(cell: nbformat.NotebookNode, outputs: Outputs) -> str:
    if asked := question_of(cell):
        return raw(question_html(asked))
    shown = outputs.of(cell)
    shown = raw(shown) if shown else ""
    if not _is_read(cell.source):
        return shown
    code = f"``````{{code-block}} ipython3\n{cell.source}\n``````"
    if words := _folded_under(cell):
        begin = raw(f'<details class="code"><summary>{words}</summary>')
        code = f"{begin}\n\n{code}\n\n{raw('</details>')}"
    return f"{code}\n\n{shown}"


def _folded_under(cell: nbformat.NotebookNode) -> str:
    """What code is folded under that few want to read; empty for code that is read."""
    if cell.metadata.get("jupyter", {}).get("source_hidden"):
        return "What the lesson checks here"
    try:
        statements = ast.parse(cell.source).body
    except SyntaxError:
        return ""
    imports = all(isinstance(one, ast.Import | ast.ImportFrom) for one in statements)
    return "What is imported" if imports else ""


def _is_read(code: str) -> bool:
    """Whether code says something on a page: not if it only shows a widget or an opening."""
    name = _called(code)
    return not name or (name not in (*widgets.__all__, "guesses") and "opening" not in code)


def _called(code: str) -> str:
    """The function that is all a cell calls, after imports; empty for other cells."""
    try:
        statements = ast.parse(code).body
    except SyntaxError:
        return ""
    match [one for one in statements if not isinstance(one, ast.Import | ast.ImportFrom)]:
        case [ast.Expr(ast.Call(ast.Name(name)))]:
            return str(name)
    return ""
