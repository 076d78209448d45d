"""Markdown with $maths$ to HTML: with MathML for a widget, with TeX for a saved notebook or Anki.

A widget's page gets no script for maths, so Python turns it into MathML, which browsers draw
themselves (https://www.w3.org/TR/mathml-core/). A saved notebook's HTML is cleaned by Jupyter,
which drops MathML and typesets TeX.
"""

from __future__ import annotations

import functools
import re
from html import escape

import mistune


class _Inline(mistune.HTMLRenderer):
    """Without paragraphs."""

    def paragraph(self, text: str) -> str:
        return text


# What Jupyter, and Anki, find TeX between: in a line, and on a line of its own.
_DELIMITERS = {"tex": ("$", "$", "$$", "$$"), "anki": (r"\(", r"\)", r"\[", r"\]")}


@functools.cache
def _renderer(maths: str, inline: bool) -> mistune.Markdown:
    renderer = (_Inline if inline else mistune.HTMLRenderer)(escape=True)
    markdown = mistune.Markdown(renderer, plugins=[_plugin(name) for name in ("math", "table")])

    def inline_maths(_: mistune.HTMLRenderer, tex: str) -> str:
        if maths == "mathml":
            return _mathml(tex, "inline")
        begin, end, *_rest = _DELIMITERS[maths]
        return f"{begin}{escape(tex, quote=False)}{end}"

    def block_maths(_: mistune.HTMLRenderer, tex: str) -> str:
        if maths == "mathml":
            return f"<p>{_mathml(tex, 'block')}</p>\n"
        *_rest, begin, end = _DELIMITERS[maths]
        return f"<p>{begin}{escape(tex, quote=False)}{end}</p>\n"

    renderer.register("inline_math", inline_maths)
    renderer.register("block_math", block_maths)
    return markdown


def _mathml(tex: str, display: str) -> str:
    # Imported when a text first has a formula: a page waits for it longer than for all texts.
    from latex2mathml.converter import convert

    return convert(tex, display=display)


def _plugin(name: str) -> mistune.plugins.Plugin:
    return mistune.plugins.import_plugin(name)


@functools.lru_cache(4096)
def to_html(markdown: str, *, mathml: bool = True, inline: bool = False) -> str:
    """HTML of a text; what is HTML in it is shown as it is written.

    Args:
        markdown: Markdown with maths between dollar signs.
        mathml: Maths as MathML; else left as TeX, for Jupyter to typeset.
        inline: Without a paragraph around, for a label or a button.
    """
    return str(_renderer("mathml" if mathml else "tex", inline)(markdown)).strip()


def to_anki(markdown: str) -> str:
    """HTML on one line, with maths as Anki typesets it."""
    html = str(_renderer("anki", False)(markdown)).strip()
    pieces = re.split(r"(<pre>.*?</pre>)", html, flags=re.DOTALL)
    return "".join(
        piece.replace("\n", "<br>" if piece.startswith("<pre>") else " ") for piece in pieces
    ).replace("\t", " ")
