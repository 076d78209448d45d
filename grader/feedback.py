"""Feedback for the learner: one self-contained HTML page for each notebook.

Of a test cell the learner sees what the release version shows, whether it was passed, and what the
failed assertion said; code and output of hidden tests are left out. Everything that comes from the
notebook is escaped: of its outputs only text and PNG or JPEG images are shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import mistune
from markupsafe import Markup, escape
from nbformat import NotebookNode
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from grader.assignment import Kind, TeacherCell, TeacherNotebook
from grader.pages import environment, number, plain
from grader.results import CellResult, Result, add_up

_BASE64 = re.compile(r"[A-Za-z0-9+/\s]+=*\s*")
_IMAGES = ("image/png", "image/jpeg")


@dataclass(frozen=True)
class _Cell:
    source: Markup
    outputs: list[Markup]
    label: str = ""
    state: str = ""
    tone: str = ""
    verdict: str = ""
    comment: str | None = None


@cache
def _tools() -> tuple[Any, Any, Any, Any]:
    formatter = HtmlFormatter(nowrap=True, style="default")
    markdown = mistune.create_markdown(escape=True, plugins=["table", "strikethrough"])
    return environment().get_template("feedback.html"), PythonLexer(), formatter, markdown


def render(result: Result, teacher: TeacherNotebook, notebook: NotebookNode | None) -> str:
    """The page for one notebook of a submission.

    Args:
        result: of the whole submission, with marks given by hand if there are any.
        teacher: the notebook of the assignment that this is about.
        notebook: the learner's cells in the teacher's notebook, with outputs; None if it could not
            be read.
    """
    template, _, formatter, _ = _tools()
    items = [item for item in result.items if item.cells[0].notebook == teacher.name]
    graded = [cell for item in items for cell in item.cells]
    return str(
        template.render(
            title=plain(result.assignment),
            student=plain(result.student),
            notebook=teacher.name if len(items) < len(result.items) else "",
            timestamp=result.timestamp,
            reason=plain(result.reason or "") if result.status == "rejected" else None,
            notes=[plain(note) for note in result.notes],
            items=[
                {
                    "name": item.name,
                    "score": item.score,
                    "points": item.points,
                    "messages": dict.fromkeys(plain(cell.message or "") for cell in item.cells),
                }
                for item in items
            ],
            total=add_up(graded),
            points=sum(cell.points for cell in graded),
            waiting=sum(cell.points for cell in graded if cell.score is None),
            cells=list(_cells(teacher, notebook, graded, result.comments)) if notebook else [],
            highlight=Markup(_highlight_style(formatter)),
        )
    )


def _highlight_style(formatter: Any) -> str:
    return f"@media (prefers-color-scheme: light) {{ {formatter.get_style_defs('pre')} }}"


def _cells(
    teacher: TeacherNotebook,
    notebook: NotebookNode,
    graded: Sequence[CellResult],
    comments: Mapping[str, str],
) -> Iterator[_Cell]:
    by_grade_id = {cell.grade_id: cell for cell in teacher.cells if cell.grade_id}
    results = {cell.grade_id: cell for cell in graded}
    for node in notebook.cells:
        grade_id = node.metadata.get("nbgrader", {}).get("grade_id")
        known = by_grade_id.get(grade_id)
        is_test = known is not None and known.kind is Kind.TEST
        hidden = known is not None and known.has_hidden_tests
        source = known.released if known is not None and is_test else node.source
        state, tone, verdict = _verdict(results.get(grade_id))
        comment = comments.get(f"{teacher.name}/{grade_id}")
        yield _Cell(
            _source(node.cell_type, source),
            [] if hidden else list(_outputs(node, errors=not is_test)),
            _label(known, hidden, node),
            state,
            tone,
            verdict,
            plain(comment) if comment else None,
        )


def _source(cell_type: str, source: str) -> Markup:
    _, lexer, formatter, markdown = _tools()
    source = plain(source)
    if not source.strip():
        return Markup("")
    if cell_type == "code":
        return Markup(f"<pre>{highlight(source, lexer, formatter)}</pre>")
    return Markup(markdown(source)) if cell_type == "markdown" else _pre(source)


def _label(known: TeacherCell | None, hidden: bool, node: NotebookNode) -> str:
    if known is None:
        return "Added by you" if str(node.get("id", "")).startswith("added-") else ""
    if known.kind is Kind.TEST:
        return f"Test · {known.item}" + (" · more of it is hidden" if hidden else "")
    if known.kind.for_answer:
        return f"Your answer · {known.item}"
    return ""


def _verdict(cell: CellResult | None) -> tuple[str, str, str]:
    """State of the cell's frame, tone of the line below it, and that line."""
    if cell is None:
        return "", "", ""
    of = f"of {number(cell.points)} point{'s' * (cell.points != 1)}"
    message = plain(cell.message or "")
    if cell.score is None:
        return "waiting", "open", f"? {of}. {message}"
    full = cell.score >= cell.points
    state, tone = ("won", "good") if full else ("lost", "bad")
    if cell.outcome == "marked":
        return state, tone, f"{number(cell.score)} {of}, given by a teacher"
    if full:
        return state, tone, f"✓ {number(cell.score)} {of}"
    return state, tone, f"✗ {number(cell.score)} {of}. {message}"


def _outputs(node: NotebookNode, errors: bool) -> Iterator[Markup]:
    """The outputs of a cell that are shown, safe to stand in a page."""
    for output in node.get("outputs", []):
        if output.output_type == "stream":
            yield _pre(output.text)
        elif output.output_type == "error":
            if errors:
                yield _error(output)
        else:
            yield _bundle(output.data)


def _bundle(data: Mapping[str, Any]) -> Markup:
    for mime in _IMAGES:
        image = data.get(mime)
        if isinstance(image, str) and _BASE64.fullmatch(image):
            alt = data.get("text/plain", "")
            shown = "".join(image.split())
            return Markup('<img src="data:{};base64,{}" alt="{}">').format(
                mime, shown, plain(str(alt))
            )
    return _pre(str(data.get("text/plain", f"({', '.join(data)})")))


def _error(output: NotebookNode) -> Markup:
    last = plain(f"{output.ename}: {output.evalue}")
    traceback = plain("\n".join(output.traceback))
    return Markup(
        '<pre class="bad">{}</pre><details><summary>Traceback</summary><pre>{}</pre></details>'
    ).format(last, traceback)


def _pre(text: str) -> Markup:
    return Markup("<pre>{}</pre>").format(escape(plain(text)))
