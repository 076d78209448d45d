"""Feedback for the learner: one self-contained HTML page for each notebook.

It shows what `clean` leaves of a notebook, and of each test whether it was passed and else what may
be said about it (`messages`). The page runs and loads nothing: all of it is escaped or has gone
through nh3, and its Content-Security-Policy forbids the rest.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any, ClassVar

import mistune
from markupsafe import Markup, escape
from nbformat import NotebookNode
from pygments import highlight, token
from pygments.formatters import HtmlFormatter
from pygments.lexer import RegexLexer, words

from grader.host.course.assignment import Kind, TeacherCell, TeacherNotebook
from grader.host.publish.clean import IMAGES, clean_html
from grader.host.publish.pages import environment, number, plain, title, titles
from grader.host.results.result import CellResult, Result, add_up


class _Python(RegexLexer):  # type: ignore[misc]
    """What of Python helps to read a page. Pygments' own lexer takes five times as long.

    No rule looks twice at what it did not take: a page may be hostile.
    """

    tokens: ClassVar = {
        "root": [
            (r"\s+", token.Whitespace),
            (words(keyword.kwlist, suffix=r"\b"), token.Keyword),
            (words([n for n in dir(builtins) if n[0] != "_"], suffix=r"\b"), token.Name.Builtin),
            (r"[rbfuRBFU]{0,2}('{3}|\"{3})(?:\\.|.|\n)*?(?:\1|\Z)", token.String),
            (r"[rbfuRBFU]{0,2}(?:'(?:\\.|[^'\\\n])*'?|\"(?:\\.|[^\"\\\n])*\"?)", token.String),
            (r"[^\W\d]\w*", token.Name),
            (r"#.*", token.Comment.Single),
            (r"\d[\w.]*", token.Number),
            (r"[^\s\w#'\"]+", token.Operator),
            (r".", token.Text),
        ]
    }


@dataclass(frozen=True)
class _Cell:
    source: Markup
    outputs: list[Markup]
    label: str = ""
    state: str = ""
    tone: str = ""
    verdict: str = ""
    comment: str | None = None
    anchor: str = ""


# Said of a mark that a teacher gave.
_OUTDATED = ", for an earlier version"
# A link that lost its target. A value may hold a > but no quotation mark, as nh3 writes them.
_NO_LINK = re.compile(r'<a(?: (?!href=)[a-z-]+="[^"]*")*>(.*?)</a>', re.DOTALL)
# Characters of all cells of a page: what is harmless in a notebook may be many times as long here.
MAX_PAGE = 32_000_000
_NO_ROOM = Markup("<p>Not shown: the page has become too long.</p>")


@cache
def _tools() -> tuple[Any, Any, Any, Any]:
    formatter = HtmlFormatter(nowrap=True, style="default")
    # HTML in it is left to nh3; formulas keep their signs.
    markdown = mistune.create_markdown(escape=False, plugins=["table", "strikethrough", "math"])
    return environment().get_template("feedback.html"), _Python(), formatter, markdown


def render(result: Result, teacher: TeacherNotebook, notebook: NotebookNode | None) -> str:
    """The page for one notebook of a submission.

    Args:
        result: of the whole submission, with marks given by hand if there are any.
        teacher: the notebook of the assignment that this is about.
        notebook: the learner's cells in the teacher's notebook, as `clean_notebook` leaves it; None
            if it could not be read.
    """
    template, _, formatter, _ = _tools()
    items = [item for item in result.items if item.cells[0].notebook == teacher.name]
    graded = [cell for item in items for cell in item.cells]
    called = titles(teacher)
    shown: list[dict[str, Any]] = [
        {
            "name": item.name,
            "anchor": _anchor(item.cells[0].item) if notebook else "",
            "title": called.get(item.cells[0].item, item.name),
            "score": item.score,
            "points": item.points,
            "lost": item.points - item.score if item.score is not None else 0,
            "messages": dict.fromkeys(plain(cell.message or "") for cell in item.cells),
        }
        for item in items
    ]
    return str(
        template.render(
            title=title(teacher),
            student=plain(result.student),
            notebook=teacher.name if len(items) < len(result.items) else "",
            timestamp=result.timestamp,
            reason=plain(result.reason or "") if result.status == "rejected" else None,
            notes=[plain(note) for note in result.notes],
            items=shown,
            # Where most can still be won; of several, the first.
            first=max(shown, key=lambda item: item["lost"], default=None),
            total=add_up(graded),
            penalty=result.penalty,
            points=sum(cell.points for cell in graded),
            waiting=sum(cell.points for cell in graded if cell.score is None),
            cells=_within(_cells(teacher, notebook, graded, result.comments, result.outdated))
            if notebook
            else [],
            highlight=Markup(_highlight_style(formatter)),
        )
    )


def _within(cells: Iterable[_Cell]) -> list[_Cell]:
    """The cells as long as there is room for them in the page; then without what they hold."""
    room = MAX_PAGE
    kept = []
    for cell in cells:
        room -= len(cell.source) + sum(map(len, cell.outputs))
        kept.append(cell if room >= 0 else replace(cell, source=_NO_ROOM, outputs=[]))
    return kept


def _highlight_style(formatter: Any) -> str:
    return f"@media (prefers-color-scheme: light) {{ {formatter.get_style_defs('pre')} }}"


def _cells(
    teacher: TeacherNotebook,
    notebook: NotebookNode,
    graded: Sequence[CellResult],
    comments: Mapping[str, str],
    outdated: Sequence[str] = (),
) -> Iterator[_Cell]:
    by_grade_id = {cell.grade_id: cell for cell in teacher.cells if cell.grade_id}
    teachers = {cell.released for cell in teacher.cells}
    results = {cell.grade_id: cell for cell in graded}
    called = titles(teacher)
    reached: set[str] = set()
    for node in notebook.cells:
        grade_id = node.metadata.get("nbgrader", {}).get("grade_id")
        known = by_grade_id.get(grade_id)
        is_test = known is not None and known.kind is Kind.TEST
        state, tone, verdict = _verdict(results.get(grade_id))
        item = known.item if known is not None else None
        anchor = _anchor(item) if item is not None and item not in reached else ""
        reached |= {item} if item is not None else set()
        comment = comments.get(f"{teacher.name}/{grade_id}")
        yield _Cell(
            _teachers_source(node.cell_type, node.source)
            if node.source in teachers
            else _source(node.cell_type, node.source, node.get("attachments", {})),
            list(_outputs(node, errors=not is_test)),
            _label(known, node, called),
            state,
            tone,
            f"{verdict}{_OUTDATED}" if f"{teacher.name}/{grade_id}" in outdated else verdict,
            plain(comment) if comment else None,
            anchor,
        )


def _anchor(item: str) -> str:
    """The id of the cell in which an item begins."""
    return f"item-{plain(item)}"


# In most pages of a class these are the same.
@lru_cache(maxsize=512)
def _teachers_source(cell_type: str, source: str) -> Markup:
    return _source(cell_type, source, {})


def _source(cell_type: str, source: str, attachments: Mapping[str, Mapping[str, str]]) -> Markup:
    _, lexer, formatter, markdown = _tools()
    source = plain(source)
    if not source.strip():
        return Markup("")
    if cell_type == "code":
        return Markup(f"<pre>{highlight(source, lexer, formatter)}</pre>")
    if cell_type != "markdown":
        return _pre(source)
    for name, images in attachments.items():
        for mime, image in images.items():
            data = f"data:{mime};base64,{''.join(image.split())}"
            source = source.replace(f"](attachment:{name})", f"]({data})")
    return _in_page(clean_html(markdown(source)))


def _in_page(html: str) -> Markup:
    """HTML of a notebook as it stands in a page: headings below the page's, no link to nowhere."""
    html = re.sub(r"(</?h)([1-5])\b", lambda found: f"{found[1]}{int(found[2]) + 1}", html)
    return Markup(_NO_LINK.sub(r"\1", html))


def _label(known: TeacherCell | None, node: NotebookNode, called: Mapping[str, str]) -> str:
    if known is None:
        return "Added by you" if str(node.get("id", "")).startswith("added-") else ""
    item = called.get(known.item or "", known.item)
    if known.kind is Kind.TEST:
        hidden = known.has_hidden_tests and node.source == known.released
        return f"Test · {item}" + (" · more of it is hidden" if hidden else "")
    if known.kind.for_answer:
        return f"Your answer · {item}"
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
    _, _, _, markdown = _tools()
    for mime in IMAGES:
        if mime in data:
            image = "".join(data[mime].split())
            alt = plain(str(data.get("text/plain", "")))
            return Markup('<img src="data:{};base64,{}" alt="{}">').format(mime, image, alt)
    if "text/html" in data:
        return _in_page(clean_html(data["text/html"]))
    if "text/markdown" in data:
        return _in_page(clean_html(markdown(data["text/markdown"])))
    return _pre(str(data.get("text/latex") or data.get("text/plain", "")))


def _error(output: NotebookNode) -> Markup:
    last = plain(f"{output.ename}: {output.evalue}")
    traceback = plain("\n".join(output.traceback))
    return Markup(
        '<pre class="bad">{}</pre><details><summary>Traceback</summary><pre>{}</pre></details>'
    ).format(last, traceback)


def _pre(text: str) -> Markup:
    return Markup("<pre>{}</pre>").format(escape(plain(text)))
