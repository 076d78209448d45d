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
            elif cell.cell_type == "code" and "cellView" not in cell.metadata:
                blocks.append(_code(cell, outputs))
        exercise = path.replace("notebooks/", "exercises/")
        exercise = exercise.replace(".ipynb", f"/{posixpath.basename(path)}")
        if exercise != path and exercise in self.ways.pages:
            way = posixpath.splitext(f"/{exercise}")[0]
            blocks.append(
                f"```{{toctree}}\n:hidden:\n\nExercise {notebook.cells[0].source[2:4]} <{way}>\n```"
            )
        return "\n\n".join(filter(None, blocks)) + "\n"


def _unfolded(text: str) -> str:
    """Markdown in which what <details> hold is Markdown too: they are HTML up to a blank line.

    A summary is a button, so that links in it become text.
    """

    def change(match: re.Match[str]) -> str:
        summary = match[1]
        if "<" not in summary:
            summary = to_html(_LINK.sub(r"\1", summary), inline=True)
        return f"<details><summary>{summary}</summary>\n\n{match[2].strip()}\n\n</details>"

    return _DETAILS.sub(change, text)


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
    try:
        statements = ast.parse(code).body
    except SyntaxError:
        return True
    match [one for one in statements if not isinstance(one, ast.Import | ast.ImportFrom)]:
        case [ast.Expr(ast.Call(ast.Name(name)))]:
            return name not in (*widgets.__all__, "guesses") and "opening" not in code
    return True
