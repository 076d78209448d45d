"""Markdown with $maths$ to HTML: with MathML for a widget, with TeX for a saved notebook.

A widget's page gets no script for maths, so Python turns it into MathML, which browsers draw
themselves (https://www.w3.org/TR/mathml-core/). A saved notebook's HTML is cleaned by Jupyter,
which drops MathML and typesets TeX.
"""

from __future__ import annotations

import functools
from html import escape

import mistune
from latex2mathml.converter import convert


class _Inline(mistune.HTMLRenderer):
    """Without paragraphs."""

    def paragraph(self, text: str) -> str:
        return text


@functools.cache
def _renderer(mathml: bool, inline: bool) -> mistune.Markdown:
    renderer = (_Inline if inline else mistune.HTMLRenderer)(escape=True)
    markdown = mistune.Markdown(renderer, plugins=[_plugin(name) for name in ("math", "table")])

    def inline_maths(_: mistune.HTMLRenderer, tex: str) -> str:
        return convert(tex) if mathml else f"${escape(tex, quote=False)}$"

    def block_maths(_: mistune.HTMLRenderer, tex: str) -> str:
        if mathml:
            return f"<p>{convert(tex, display='block')}</p>\n"
        return f"<p>$${escape(tex, quote=False)}$$</p>\n"

    renderer.register("inline_math", inline_maths)
    renderer.register("block_math", block_maths)
    return markdown


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
    return str(_renderer(mathml, inline)(markdown)).strip()
