"""What a learner's notebook may show to others: nothing that runs, calls home, or tells of tests.

Formgrader shows autograded notebooks inside the teacher's Jupyter, with nbconvert, which lets
scripts through. So what goes into such a notebook is made harmless before it is written:

- of outputs only the kinds in `SHOWN` stay, text without terminal codes, HTML through nh3, images
  by their first bytes, all of them bounded in size and without metadata;
- markdown keeps its looks, but no raw HTML, no link with a scheme of its own, no picture from
  elsewhere, and no heading that takes the name of an input field of Formgrader. Patterns take these
  out of the text; whether something is left is decided on what nbconvert's own parser makes of it,
  and what is not tame then becomes plain text;
- raw cells become text;
- of a test with hidden parts only what the release version shows stays.

What the teacher wrote is left as it is.
"""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import nbformat
import nh3
from nbconvert.filters.markdown_mistune import MarkdownWithMath
from nbformat import NotebookNode

from grader.host.course.assignment import TeacherNotebook
from grader.host.publish.pages import plain
from grader.host.results.result import CellResult

# Characters that are kept. What renders text takes time that grows with its square: these keep the
# worst of it below a second or two.
MAX_TEXT = 20_000
MAX_HTML = 100_000
MAX_CODE = 50_000
MAX_LINE = 1_000
MAX_BLANK_LINES = 10
MAX_MARKDOWN = 20_000
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
    room = Room()
    cells = []
    for cell in notebook.cells:
        cell = cell.copy()
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        if cell.cell_type == "code":
            if grade_id in hidden:
                cell.outputs = _of_test(cell.outputs, graded.get(grade_id))
            cell.outputs = clean_outputs(cell.outputs, room)
        if grade_id in hidden:
            cell.source = hidden[grade_id]
        elif (cell.source, cell.get("attachments")) not in own:
            _clean_source(cell, room)
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


def _clean_source(cell: NotebookNode, room: Room) -> None:
    if cell.cell_type == "code":
        cell.source = _clean_code(cell.source)
        room.code -= len(cell.source)
        if room.code < 0:
            cell.source = "# Not shown: the notebook holds too much code."
        return
    attachments = clean_attachments(cell.pop("attachments", {}))
    if not room.holds(pair for bundle in attachments.values() for pair in bundle.items()):
        attachments = NotebookNode()
    text = _cut(plain(cell.source), MAX_MARKDOWN)
    room.markdown -= len(text)
    if room.markdown < 0:
        text = "(Not shown: the notebook holds too much text.)"
    if cell.cell_type == "markdown":
        cell.source = clean_markdown(text, attachments)
        if attachments:
            cell.attachments = attachments
    else:
        # Of these nbconvert would take the text for HTML.
        cell.cell_type = "markdown"
        cell.source = clean_markdown(_fenced(text))


def _fenced(text: str) -> str:
    """Markdown that shows the text as it is."""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence}\n{text}\n{fence}"


def _clean_code(source: str) -> str:
    blank = rf"(?:\n[ \t]*+){{{MAX_BLANK_LINES},}}+"
    source = re.sub(blank, "\n" * MAX_BLANK_LINES, plain(source))
    return _cut("\n".join(_cut(line, MAX_LINE) for line in source.split("\n")), MAX_CODE)


def _cut(text: str, limit: int) -> str:
    """The beginning and the end of what is too long: an error stands at the end."""
    if len(text) <= limit:
        return text
    end = limit // 4
    left_out = len(text) - limit
    return f"{text[: limit - end]}\n… {left_out} characters left out …\n{text[len(text) - end :]}"


# --- Outputs -----------------------------------------------------------------------------------


@dataclass
class Room:
    """What there is still room for in a notebook."""

    outputs: int = MAX_OUTPUTS
    text: int = MAX_ALL_TEXT
    html: int = MAX_ALL_HTML
    markdown: int = MAX_ALL_MARKDOWN
    code: int = MAX_ALL_CODE
    pixels: int = MAX_ALL_PIXELS

    def holds(self, pictures: Iterable[tuple[str, str]]) -> bool:
        """Takes in pictures, as MIME types and base64; says whether there was room for them."""
        self.pixels -= sum(pixels(mime, image) for mime, image in pictures)
        return self.pixels >= 0


def clean_outputs(outputs: Sequence[NotebookNode], room: Room | None = None) -> list[NotebookNode]:
    """The outputs of a cell as they may be shown."""
    room = room or Room()
    cleaned: list[NotebookNode] = []
    for number, output in enumerate(outputs):
        if room.outputs <= 0 or room.text <= 0:
            left_out = len(outputs) - number
            cleaned.append(_note(f"{left_out} outputs are not shown: there are too many."))
            break
        cleaned.append(_clean_output(output, room))
        room.outputs -= 1
        room.text -= len(json.dumps(cleaned[-1]))
    return cleaned


def _clean_output(output: NotebookNode, room: Room) -> NotebookNode:
    if output.output_type == "stream":
        return nbformat.v4.new_output("stream", name=output.name, text=_text(output.text))
    if output.output_type == "error":
        return nbformat.v4.new_output(
            "error",
            ename=_cut(plain(output.ename), 200),
            evalue=_text(output.evalue),
            traceback=_text("\n".join(output.traceback)).split("\n"),
        )
    kept = nbformat.v4.new_output(output.output_type, data=_clean_bundle(output.data, room))
    if output.output_type == "execute_result":
        kept.execution_count = output.execution_count
    return kept


def _note(text: str) -> NotebookNode:
    return nbformat.v4.new_output("stream", name="stderr", text=f"{text}\n")


def _text(text: str) -> str:
    # Cut twice: to look through megabytes for control codes takes its time.
    return _cut(plain(_cut(_overwritten(text), 4 * MAX_TEXT)), MAX_TEXT)


def _overwritten(text: str) -> str:
    """What a terminal would show of lines that were written over, as progress bars are."""
    if "\r" not in text:
        return text
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))


def _clean_bundle(data: Mapping[str, Any], room: Room) -> dict[str, str]:
    kept = {}
    for mime, make in _CLEAN.items():
        value = data.get(mime)
        if not isinstance(value, str):
            continue
        if mime == "text/html" and _is_figure(value):
            make = clean_html
        elif mime == "text/html":
            room.html -= len(value)
            if room.html < 0:
                continue
        if mime == "text/markdown":
            room.markdown -= min(len(value), MAX_MARKDOWN)
            if room.markdown < 0:
                continue
        made = make(value)
        if mime in IMAGES:
            pictures = [(mime, made)]
        else:
            pictures = _SOURCES.findall(made) if mime == "text/html" else []
        if made and room.holds(pictures):
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
    return _tame_tex(_NO_PICTURE.sub("", cleaned))


def _clean_attribute(tag: str, name: str, value: str) -> str | None:
    if name == "href":
        return None if value.strip().lower().startswith("data:") else value
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


# --- Text that is rendered ---------------------------------------------------------------------

# TeX that names links, styles or ids, or loads extensions.
_TEX = re.compile(r"\\(?=(?:href|style|class|cssId|data|html\w*|mmlToken|bbox|require)\b)", re.I)
_PICTURE = re.compile(r"!\[[^\[\]]*\]\(attachment:([^\s()<>&\\]+)\)")
_TARGET = re.compile(r"\](\(\s*|:\s*)(<[^>\n]*|[^ \t\n)]*)")
_SAFE_TARGET = re.compile(r"(?:https?://|mailto:|attachment:|#)|[^:&\\]*$", re.I)
_TAG = re.compile(
    r"(<br ?/?>|<(b|i|em|strong|sub|sup|kbd|code)>[^<\n]*</\2>|<https?://[^\s<>\"'`]*>)"
    r"|<(?=[A-Za-z/!?])"
)
_ANY_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_HARMLESS_TAG = re.compile(r"<br ?/?>|</?(?:b|i|em|strong|sub|sup|kbd|code)>", re.I)
_FENCE = re.compile(r"^([ \t>*+\-\d.)]*+(?:`{3,}+|~{3,}+))[ \t]*+([^\n`]*+)$", re.M)
_LANGUAGE = re.compile(r"(?!mermaid)[a-z0-9_+#.-]{1,30}", re.I)
_HEADING = re.compile(r"[ \t>*+\-\d.)]*#")
_UNDERLINE = re.compile(r"[ \t>]*(?:=+|-+)[ \t]*")


def clean_markdown(text: str, attachments: Collection[str] = ()) -> str:
    """Markdown that renders to nothing that runs or loads anything.

    What it takes out becomes visible text: the renderers differ too much to trust one of them.

    Args:
        attachments: names of the pictures that come with the cell. Each is shown once: what renders
            the text makes a copy of it wherever it stands.
    """
    text = _cut(plain(text), MAX_MARKDOWN)
    left = set(attachments)

    def picture(found: re.Match[str]) -> str:
        whole = _PICTURE.match(text, found.start())
        if not whole or whole[1] not in left:
            return "["
        left.remove(whole[1])
        return found[0]

    def target(found: re.Match[str]) -> str:
        if _SAFE_TARGET.match(found[2].lstrip("< \t")):
            return found[0]
        return f"]\\{found[0][1:]}"

    def fence(found: re.Match[str]) -> str:
        return found[1] + (found[2] if _LANGUAGE.fullmatch(found[2].strip()) else "")

    made = re.sub(r"!\[", picture, text)
    made = _TARGET.sub(target, made)
    # A blank keeps `<` from beginning a tag, in text, code and formulas alike.
    made = _TAG.sub(lambda found: found[1] or "< ", made)
    made = _FENCE.sub(fence, made)
    made = _tame_tex("\n".join(_clean_headings(made.split("\n"))))
    for shown in (made, _fenced(text)):
        if _is_tame(shown, attachments):
            return shown
    return "(Not shown: this text cannot be shown safely.)"


def _is_tame(text: str, attachments: Collection[str]) -> bool:
    """Whether nothing comes of the text that runs, loads or takes a name.

    It is decided on the tree that the renderer of the teacher's pages makes of it.
    """
    left = Counter(list(attachments))
    return all(_is_tame_token(token, left) for token in _tokens(_parser()(text)))


@cache
def _parser() -> MarkdownWithMath:
    # Without a renderer it gives the tree.
    return MarkdownWithMath(renderer=None)  # type: ignore[arg-type]


def _tokens(tree: Any) -> Iterator[dict[str, Any]]:
    """All tokens of a tree, without recursion: it may be deep."""
    todo = list(tree)
    while todo:
        token = todo.pop()
        yield token
        todo.extend(token.get("children", ()))


def _is_tame_token(token: dict[str, Any], left: Counter[str]) -> bool:
    """Whether a part of a tree is tame.

    Args:
        left: how often each attachment may still be shown.
    """
    kind, attributes = token["type"], token.get("attrs", {})
    if kind == "image":
        name = str(attributes["url"]).removeprefix("attachment:")
        left[name] -= 1
        return str(attributes["url"]).startswith("attachment:") and left[name] >= 0
    if kind in ("block_html", "inline_html"):
        return not _ANY_TAG.search(_HARMLESS_TAG.sub("", token["raw"]))
    if kind == "block_code":
        language = str(attributes.get("info") or "").strip()
        return not language or bool(_LANGUAGE.fullmatch(language))
    if kind == "heading" and not _text_of(token).endswith("\u200b"):
        return False
    if "url" in attributes and not _is_safe_target(str(attributes["url"])):
        return False
    # What reads formulas does so when all entities are characters.
    is_block = not {"text", "codespan"} & {kind} and "children" in token
    return not (is_block and _TEX.search(_unescaped(_text_of(token))))


def _text_of(token: dict[str, Any]) -> str:
    """The text in a token, but for code."""
    parts: list[str] = []
    todo = [token]
    while todo:
        found = todo.pop()
        if found["type"] not in ("codespan", "block_code"):
            parts.append(found.get("raw", ""))
        todo.extend(reversed(found.get("children", ())))
    return "".join(parts)


def _unescaped(text: str) -> str:
    """With characters for entities, also for those that are made of entities."""
    for _ in range(5):
        text, before = html.unescape(text), text
        if text == before:
            return text
    return re.sub("&", "& ", text)


def _is_safe_target(url: str) -> bool:
    """Whether a link leads to where a link may: with an allowed scheme, or with none."""
    seen = re.sub(r"[\x00-\x20\x7f-\xa0\u2000-\u200f\u2028-\u202f\ufeff]", "", _unescaped(url))
    return bool(_SAFE_TARGET.match(seen))


def _clean_headings(lines: Sequence[str]) -> Iterator[str]:
    """Headings that end in a space without width.

    nbconvert makes a heading's text its id, and Formgrader finds its input fields by their ids.
    """
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        heading = _HEADING.match(line) or (line.strip() and _UNDERLINE.fullmatch(below))
        yield f"{line}\u200b" if heading else line


def _tame_tex(text: str) -> str:
    return _TEX.sub(r"\\ ", text)


def _clean_latex(text: str) -> str:
    # nbconvert puts it into the page as it is: entities would become characters there.
    return _tame_tex(_unescaped(_cut(plain(text), MAX_TEXT)).replace("<", r"\lt "))


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
