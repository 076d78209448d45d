"""What a learner's notebook may show to others: nothing that runs, calls home, or tells of tests.

Formgrader shows autograded notebooks inside the teacher's Jupyter, with nbconvert, which lets
scripts through. So what goes into such a notebook is made harmless before it is written:

- of outputs only the kinds in `SHOWN` stay, text without terminal codes, HTML through nh3, images
  by their first bytes, all of them bounded in size and without metadata;
- markdown keeps its looks, but no raw HTML, no link with a scheme of its own or to another page of
  the same server, no picture from elsewhere, no heading that takes the name of an input field of
  Formgrader, and no colours for code in another language than Python (`markdown`);
- raw cells become text;
- of a test with hidden parts only what the release version shows stays.

What the teacher wrote is left as it is.
"""

from __future__ import annotations

import base64
import binascii
import copy
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import nbformat
import nh3
from nbformat import NotebookNode
from nbgrader.utils import compute_checksum

from grader.host.course.assignment import TeacherNotebook
from grader.host.publish.markdown import (
    MAX_MARKDOWN,
    clean_markdown,
    fenced,
    tame_tex,
    unescaped,
)
from grader.host.publish.pages import cut, few_blanks, plain
from grader.host.results.result import CellResult

# Characters that are kept. What renders text takes time that grows with its square: these keep the
# worst of it below a second or two.
MAX_TEXT = 20_000
MAX_HTML = 100_000
MAX_CODE = 50_000
MAX_LINE = 1_000
MAX_IMAGE = 4_000_000
# Larger pictures cost a browser gigabytes, and so do many.
MAX_PIXELS = 30_000_000
MAX_ALL_PIXELS = 200_000_000
# Of all outputs of a notebook together.
MAX_OUTPUTS = 1_000
MAX_ALL_TEXT = 16_000_000
MAX_ALL_HTML = 500_000
# Of all that a learner wrote in a notebook together.
MAX_ALL_MARKDOWN = 200_000
MAX_ALL_CODE = 1_000_000
# Of a notebook that takes too much to show: cells, and characters of one.
MAX_SPARE_CELLS = 200
MAX_SPARE = 2_000

IMAGES = ("image/png", "image/jpeg")
SHOWN = ("text/plain", "text/html", "text/markdown", "text/latex", *IMAGES)

_TAGS = nh3.ALLOWED_TAGS - {"area", "map", "nav", "header", "footer", "article", "aside"}
_ATTRIBUTES = {
    "*": {"style"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"start"},
    "table": {"border"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
# A figure of this course: a picture with its alt text. It counts as a picture, not as HTML.
_FIGURE = re.compile(
    r'<img alt="[^"<>]{0,5000}" src="data:image/(?:png|jpeg);base64,[A-Za-z0-9+/=]+">'
)
# To browsers `http:a` is a link to what lies beside the page.
_ELSEWHERE = re.compile(r"https?://|mailto:", re.I)
# The pictures in cleaned HTML.
_SOURCES = re.compile(r'src="data:(image/(?:png|jpeg));base64,([^"]*)"')
# A picture that lost its source.
_NO_PICTURE = re.compile(r'<img(?: (?:alt|width|height|style)="[^"]*")*>')
# What browsers must remember of tags that are not closed costs time with its square.
_OPENING = re.compile(r"<[A-Za-z]")
_FORMATTING = re.compile(r"<(?:a|b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)[\s/>]", re.I)
MAX_TAGS = 5_000
MAX_FORMATTING = 300
_STYLES = {"background-color", "color", "font-style", "font-weight", "text-align"}


# --- A notebook --------------------------------------------------------------------------------


def clean_notebook(
    notebook: NotebookNode,
    teacher: TeacherNotebook,
    graded: Mapping[str, CellResult],
    show_hidden_tests: bool = False,
) -> NotebookNode:
    """A played notebook as it may be shown.

    Args:
        notebook: the teacher's notebook with the learner's answers, outputs included.
        graded: what was found for its cells with points, by grade_id.
        show_hidden_tests: leaves the code and the outputs of hidden tests in.
    """
    own = [(cell.node.source, cell.node.get("attachments")) for cell in teacher.cells]
    hidden = {
        cell.grade_id: cell.released
        for cell in teacher.cells
        if cell.has_hidden_tests and not show_hidden_tests
    }
    left = Left()
    cells = []
    for cell in notebook.cells:
        cell = cell.copy()
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        if cell.cell_type == "code":
            if grade_id in hidden:
                cell.outputs = _of_test(cell.outputs, graded.get(grade_id))
            cell.outputs = clean_outputs(cell.outputs, left)
        if grade_id in hidden:
            cell.source = hidden[grade_id]
            # Of the whole, it would tell whether a guess of the hidden lines is right.
            cell.metadata = copy.deepcopy(cell.metadata)
            cell.metadata.nbgrader["checksum"] = compute_checksum(cell)
        elif (cell.source, cell.get("attachments")) not in own:
            _clean_source(cell, left)
        cells.append(cell)
    cleaned = notebook.copy()
    cleaned.cells = cells
    return cleaned


def spare_notebook(notebook: NotebookNode) -> NotebookNode:
    """What little is shown of a notebook that takes too much: the beginnings of short texts."""
    spare = notebook.copy()
    spare.cells = []
    for cell in notebook.cells[:MAX_SPARE_CELLS]:
        cell = cell.copy()
        cell.pop("attachments", None)
        if len(cell.source) > MAX_SPARE:
            cell.source = f"{cell.source[:MAX_SPARE]}…"
        if cell.cell_type == "code":
            cell.outputs = []
        elif str(cell.get("id", "")).startswith("added-"):
            continue
        spare.cells.append(cell)
    return spare


def _of_test(outputs: list[NotebookNode], result: CellResult | None) -> list[NotebookNode]:
    """What came of a test's visible part; nothing where hidden parts ran beside the code.

    There the learner's code could print what it was called with.
    """
    if result is None or not result.beside:
        return outputs
    return [_note(result.message)] if result.message else []


def _clean_source(cell: NotebookNode, left: Left) -> None:
    if cell.cell_type == "code":
        cell.source = _clean_code(cell.source)
        left.code -= len(cell.source)
        if left.code < 0:
            cell.source = "# Not shown: the notebook holds too much code."
        return
    attachments = clean_attachments(cell.pop("attachments", {}))
    if not left.holds(pair for bundle in attachments.values() for pair in bundle.items()):
        attachments = NotebookNode()
    text = cut(plain(cell.source), MAX_MARKDOWN)
    left.markdown -= len(text)
    if left.markdown < 0:
        text = "(Not shown: the notebook holds too much text.)"
    if cell.cell_type == "markdown":
        cell.source = clean_markdown(text, attachments)
        if attachments:
            cell.attachments = attachments
    else:
        # Of these nbconvert would take the text for HTML.
        cell.cell_type = "markdown"
        cell.source = clean_markdown(fenced(text))


def _clean_code(source: str) -> str:
    lines = few_blanks(plain(source)).split("\n")
    return cut("\n".join(cut(line, MAX_LINE) for line in lines), MAX_CODE)


# --- Outputs -----------------------------------------------------------------------------------


@dataclass
class Left:
    """What is left of the limits of a notebook."""

    outputs: int = MAX_OUTPUTS
    text: int = MAX_ALL_TEXT
    html: int = MAX_ALL_HTML
    markdown: int = MAX_ALL_MARKDOWN
    code: int = MAX_ALL_CODE
    pixels: int = MAX_ALL_PIXELS

    def holds(self, pictures: Iterable[tuple[str, str]]) -> bool:
        """Takes in pictures, as MIME types and base64; says whether they still fitted."""
        self.pixels -= sum(pixels(mime, image) for mime, image in pictures)
        return self.pixels >= 0


def clean_outputs(outputs: Sequence[NotebookNode], left: Left | None = None) -> list[NotebookNode]:
    """The outputs of a cell as they may be shown."""
    left = left or Left()
    cleaned: list[NotebookNode] = []
    for number, output in enumerate(outputs):
        if left.outputs <= 0 or left.text <= 0:
            left_out = len(outputs) - number
            cleaned.append(_note(f"{left_out} outputs are not shown: there are too many."))
            break
        cleaned.append(_clean_output(output, left))
        left.outputs -= 1
        left.text -= len(json.dumps(cleaned[-1]))
    return cleaned


def _clean_output(output: NotebookNode, left: Left) -> NotebookNode:
    if output.output_type == "stream":
        return nbformat.v4.new_output("stream", name=output.name, text=_text(output.text))
    if output.output_type == "error":
        return nbformat.v4.new_output(
            "error",
            ename=cut(plain(output.ename), 200),
            evalue=_text(output.evalue),
            traceback=_text("\n".join(output.traceback)).split("\n"),
        )
    kept = nbformat.v4.new_output(output.output_type, data=_clean_bundle(output.data, left))
    if output.output_type == "execute_result":
        kept.execution_count = output.execution_count
    return kept


def _note(text: str) -> NotebookNode:
    return nbformat.v4.new_output("stream", name="stderr", text=f"{text}\n")


def _text(text: str) -> str:
    # Cut twice: to look through megabytes for control codes takes its time.
    return cut(plain(cut(_overwritten(text), 4 * MAX_TEXT)), MAX_TEXT)


def _overwritten(text: str) -> str:
    """What a terminal would show of lines that were written over, as progress bars are."""
    if "\r" not in text:
        return text
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))


def _clean_bundle(data: Mapping[str, Any], left: Left) -> dict[str, str]:
    kept = {}
    for mime, make in _CLEAN.items():
        value = data.get(mime)
        if not isinstance(value, str):
            continue
        if mime == "text/html" and _is_figure(value):
            make = clean_html
        elif mime == "text/html":
            left.html -= len(value)
            if left.html < 0:
                continue
        if mime == "text/markdown":
            left.markdown -= min(len(value), MAX_MARKDOWN)
            if left.markdown < 0:
                continue
        made = make(value)
        if mime in IMAGES:
            pictures = [(mime, made)]
        else:
            pictures = _SOURCES.findall(made) if mime == "text/html" else []
        if made and left.holds(pictures):
            kept[mime] = made
    if not kept.keys() - {"text/plain"}:
        dropped = ", ".join(plain(mime)[:80] for mime in list(data)[:10] if mime not in kept)
        if dropped:
            kept["text/plain"] = f"{kept.get('text/plain', '')}\n({dropped}: not shown)".strip()
    return kept


def _clean_output_html(page: str) -> str:
    """What a learner's code made, and no figure of ours; "" where it holds too much."""
    if len(page) > MAX_HTML or len(_OPENING.findall(page)) > MAX_TAGS:
        return ""
    return "" if len(_FORMATTING.findall(page)) > MAX_FORMATTING else clean_html(page)


def _is_figure(page: str) -> bool:
    return len(page) <= MAX_IMAGE + MAX_HTML and _FIGURE.fullmatch(page) is not None


def clean_html(page: str) -> str:
    """HTML that runs nothing, loads nothing and stays in its place."""
    cleaned = nh3.clean(
        plain(page),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        allowed_classes={"table": {"dataframe"}},
        filter_style_properties=_STYLES,
        url_schemes={"http", "https", "mailto", "data"},
        url_relative="deny",
        attribute_filter=_clean_attribute,
    )
    return tame_tex(_NO_PICTURE.sub("", cleaned))


def _clean_attribute(tag: str, name: str, value: str) -> str | None:
    if name == "href":
        return value if _ELSEWHERE.match(value) else None
    if name == "src":
        mime, comma, image = value.removeprefix("data:").partition(";base64,")
        return value if comma and mime in IMAGES and is_image(mime, image) else None
    return value


def is_image(mime: str, image: str) -> bool:
    """Whether the text is the base64 of a picture of this kind and of reasonable size."""
    return 0 < pixels(mime, image) <= MAX_PIXELS


def pixels(mime: str, image: str) -> int:
    """How many pixels the base64 of a picture of this kind holds; 0 if it is none."""
    if len(image) > MAX_IMAGE:
        return 0
    try:
        data = base64.b64decode("".join(image.split()), validate=True)
    except (binascii.Error, ValueError):
        return 0
    width, height = (_png_size(data) if mime == "image/png" else _jpeg_size(data)) or (0, 0)
    return width * height


def _png_size(data: bytes) -> tuple[int, int] | None:
    if not data.startswith(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR") or len(data) < 24:
        return None
    return int.from_bytes(data[16:20]), int.from_bytes(data[20:24])


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    """From the first frame header; the segments before it name their lengths."""
    position = 2
    if not data.startswith(b"\xff\xd8\xff"):
        return None
    while position + 9 <= len(data) and data[position] == 0xFF:
        marker = data[position + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = data[position + 5 : position + 7], data[position + 7 : position + 9]
            return int.from_bytes(width), int.from_bytes(height)
        position += 2 + int.from_bytes(data[position + 2 : position + 4])
    return None


def _clean_latex(text: str) -> str:
    # nbconvert puts it into the page as it is: entities would become characters there.
    return tame_tex(unescaped(cut(plain(text), MAX_TEXT)).replace("<", r"\lt "))


def clean_attachments(attachments: Mapping[str, Mapping[str, str]]) -> NotebookNode:
    """The pictures among them."""
    kept = {
        name: images
        for name, bundle in attachments.items()
        if (images := {m: data for m, data in bundle.items() if m in IMAGES and is_image(m, data)})
    }
    return nbformat.from_dict(kept)


_CLEAN: Mapping[str, Callable[[str], str]] = {
    "text/plain": _text,
    "text/html": _clean_output_html,
    "text/markdown": clean_markdown,
    "text/latex": _clean_latex,
    **{
        mime: lambda image, mime=mime: image if is_image(mime, image) else ""  # type: ignore[misc]
        for mime in IMAGES
    },
}
