"""A learner's markdown, made harmless: nothing in it runs, loads or takes a name.

Patterns take these out of the text; whether something is left is decided on what nbconvert's own
parser makes of it, and what is not tame then becomes plain text.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from functools import cache
from typing import Any

from nbconvert.filters.markdown_mistune import MarkdownWithMath

from grader.host.publish.pages import cut, few_blanks, plain

# Characters that are kept.
MAX_MARKDOWN = 20_000
# TeX that names links, styles or ids, loads extensions, or leaves its place: what has no height and
# is raised covers the field above it in which a teacher's mark stands.
_TEX = re.compile(
    r"\\(?=(?:href|style|class|cssId|data|html\w*|mmlToken|bbox|require|smash)\b)", re.I
)
_PICTURE = re.compile(r"!\[[^\[\]]*\]\(attachment:([^\s()<>&\\]+)\)")
_TARGET = re.compile(r"\](\(\s*|:\s*)(<[^>\n]*|[^ \t\n)]*)")
_SAFE_TARGET = re.compile(r"https?://|mailto:|attachment:|#", re.I)
# Code may look like a link of this kind, as `f[0](x)` does.
_NO_SCHEME = re.compile(r"[^:&\\]*$")
_TAG = re.compile(
    r"(<br ?/?>|<(b|i|em|strong|sub|sup|kbd|code)>[^<\n]*</\2>|<https?://[^\s<>\"'`]*>)"
    r"|<(?=[A-Za-z/!?])"
)
_ANY_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_HARMLESS_TAG = re.compile(r"<br ?/?>|</?(?:b|i|em|strong|sub|sup|kbd|code)>", re.I)
_FENCE = re.compile(r"^([ \t>*+\-\d.)]*+(?:`{3,}+|~{3,}+))[ \t]*+([^\n`]*+)$", re.M)
# Formgrader's page colours code by a lexer of Pygments, of which there are hundreds, and many take
# hours for a page that was made for it. This one does not, where few blanks follow each other.
_LANGUAGE = re.compile(r"py(?:thon)?3?", re.I)
_HEADING = re.compile(r"[ \t>*+\-\d.)]*#")
_UNDERLINE = re.compile(r"[ \t>]*(?:=+|-+)[ \t]*")


def clean_markdown(text: str, attachments: Collection[str] = ()) -> str:
    """Markdown that renders to nothing that runs or loads anything.

    What it takes out becomes visible text: the renderers differ too much to trust one of them.

    Args:
        attachments: names of the pictures that come with the cell. Each is shown once: what renders
            the text makes a copy of it wherever it stands.
    """
    text = cut(plain(text), MAX_MARKDOWN)
    left = set(attachments)

    def picture(found: re.Match[str]) -> str:
        whole = _PICTURE.match(text, found.start())
        if not whole or whole[1] not in left:
            return "["
        left.remove(whole[1])
        return found[0]

    def target(found: re.Match[str]) -> str:
        return found[0] if _NO_SCHEME.match(found[2].lstrip("< \t")) else safe_target(found)

    def safe_target(found: re.Match[str]) -> str:
        is_safe = _SAFE_TARGET.match(found[2].lstrip("< \t"))
        return found[0] if is_safe else f"]\\{found[0][1:]}"

    def fence(found: re.Match[str]) -> str:
        return found[1] + (found[2] if _LANGUAGE.fullmatch(found[2].strip()) else "")

    made = re.sub(r"!\[", picture, text)
    made = _TARGET.sub(target, made)
    # A blank keeps `<` from beginning a tag, in text, code and formulas alike.
    made = _TAG.sub(lambda found: found[1] or "< ", made)
    made = _FENCE.sub(fence, made)
    made = tame_tex("\n".join(_clean_headings(made.split("\n"))))
    for shown in (made, _TARGET.sub(safe_target, made), fenced(text)):
        if _is_tame(shown, attachments):
            return shown
    return "(Not shown: this text cannot be shown safely.)"


def fenced(text: str) -> str:
    """Markdown that shows the text as it is."""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence}\n{text}\n{fence}"


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
        is_quick = _LANGUAGE.fullmatch(language) and few_blanks(token["raw"]) == token["raw"]
        return not language or bool(is_quick)
    if kind == "heading" and not _text_of(token).endswith("\u200b"):
        return False
    if "url" in attributes and not _is_safe_target(str(attributes["url"])):
        return False
    # What reads formulas does so when all entities are characters.
    is_block = not {"text", "codespan"} & {kind} and "children" in token
    return not (is_block and _TEX.search(unescaped(_text_of(token))))


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


def unescaped(text: str) -> str:
    """With characters for entities, also for those that are made of entities."""
    for _ in range(5):
        text, before = html.unescape(text), text
        if text == before:
            return text
    return re.sub("&", "& ", text)


def _is_safe_target(url: str) -> bool:
    """Whether a link leads to where a link may: elsewhere, or into its own page. The server that
    shows it has other pages, with the teacher's rights."""
    seen = re.sub(r"[\x00-\x20\x7f-\xa0\u2000-\u200f\u2028-\u202f\ufeff]", "", unescaped(url))
    return bool(_SAFE_TARGET.match(seen))


def _clean_headings(lines: Sequence[str]) -> Iterator[str]:
    """Headings that end in a space without width.

    nbconvert makes a heading's text its id, and Formgrader finds its input fields by their ids.
    """
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        heading = _HEADING.match(line) or (line.strip() and _UNDERLINE.fullmatch(below))
        yield f"{line}\u200b" if heading else line


def tame_tex(text: str) -> str:
    return _TEX.sub(r"\\ ", text)
