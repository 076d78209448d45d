"""A built notebook as a page: Markdown for MyST, with what cells have shown as HTML in it."""

from __future__ import annotations

import ast
import posixpath
import re
from dataclasses import dataclass

import nbformat

from authoring.build.stills import call_of, way_of
from authoring.site.guessing import question_html, question_of
from authoring.site.outputs import Outputs, Pictures
from authoring.site.ways import Ways
from coursekit.learn import widgets
from coursekit.learn.widgets.text import to_html
from coursekit.learn.widgets.ways import Way

# Where Sphinx puts what it finds in html_static_path.
PICTURES = "_static/pictures/"
# The ways to learn, and what their buttons say; `site.js` adds these.
_BEGIN: dict[Way, str] = {
    "again": "Ask me again",
    "cards": "Turn cards here",
    "entry_check": "Take the check here",
    "pattern_test": "Take the test here",
    "practice": "Solve them here",
    "progress": "Show my progress",
    "quiz": "Take the quiz here",
    "respond": "Write here",
    "trace": "Follow them here",
}
# Those that show nothing but what a learner has done, or nothing before one begins.
_OF_ONES_OWN = ("again", "pattern_test", "progress")
# What notebooks say of their widgets is true where a kernel runs.
_IN_NOTEBOOKS = [
    (re.compile(r"(?<=## Practise\n\n)Nothing below is marked.*?\n\n", re.DOTALL), "{here}\n\n"),
    (re.compile(r"Press Shift\+Enter to run\sa cell\."), "{here_too}"),
]
_HERE = (
    "A press on a button brings the course’s own Python into this page, {size} MB, once. Nothing "
    "is marked, and what you answer stays in this browser; *Download* {where} takes it elsewhere."
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
        size: How much comes into a page when somebody first practises, in bytes.
    """

    ways: Ways
    pictures: Pictures
    size: int

    def page(self, notebook: nbformat.NotebookNode, path: str) -> str:
        """The page of the notebook at `path`."""
        up = "../" * path.count("/")
        outputs = Outputs(self.pictures, f"{up}{PICTURES}")
        blocks = []
        for number, cell in enumerate(notebook.cells):
            if cell.cell_type == "markdown":
                text = self.ways.led(self._said(_unfolded(cell.source)), path)
                if not number and (file := _file(notebook, path)):
                    text = _BEGINNING.sub(rf"\1\n{raw(file)}\n", text, count=1)
                place = f"({cell.id})=\n" if cell.id.startswith("word-") else ""
                blocks.append(place + text)
            elif (begun := way_of(cell.source)) and begun[0] in _BEGIN:
                blocks.append(_live(*begun, path, outputs.of(cell)))
            elif cell.cell_type == "code" and "cellView" not in cell.metadata:
                blocks.append(_code(cell, outputs))
        blocks.append(self._beneath(path))
        return "\n\n".join(filter(None, blocks)) + "\n"

    def _said(self, text: str) -> str:
        size = f"{self.size / 1e6:.1f}"
        here = _HERE.format(size=size, where="under [Review](review.ipynb)")
        here_too = _HERE.format(size=size, where="below")
        for pattern, words in _IN_NOTEBOOKS:
            text = pattern.sub(words.format(here=here, here_too=here_too), text)
        return text

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


def _live(way: Way, of: str, path: str, shown: str) -> str:
    """Where somebody can practise; what stands in it is to be read until then."""
    lesson = posixpath.splitext(posixpath.basename(path))[0]
    lesson = lesson if lesson[:2].isdigit() else ""
    if way in _OF_ONES_OWN or (way == "cards" and not of):
        shown = ""
    return raw(
        f'<div class="live" data-way="{way}" data-of="{of}" data-lesson="{lesson}" '
        f'data-begin="{_BEGIN[way]}">{shown}</div>'
    )


def _is_read(code: str) -> bool:
    """Whether code says something on a page: not if it only shows a widget or an opening."""
    call = call_of(code)
    if call is None:
        return True
    return call.func.id not in (*widgets.__all__, "guesses") and "opening" not in code  # type: ignore[attr-defined]
