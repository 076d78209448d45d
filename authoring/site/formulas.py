"""Formulas as MathML, which browsers draw themselves: a page asks nobody for a script.

Sphinx takes this module as an extension; outputs of notebooks come here too.
"""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx

# Between dollar signs, as Jupyter reads them: first what stands on a line of its own.
_TEX = re.compile(r"\$\$(?P<block>.+?)\$\$|\$(?P<inline>[^\s$](?:[^$\n]*[^\s$])?)\$", re.DOTALL)

_BAR = re.compile(r'<mo(?: stretchy="false")?>(&#x0007C;|&#x02016;)</mo>')


def mathml(tex: str, *, block: bool = False) -> str:
    """A formula in MathML; one on a line of its own scrolls by itself where it is too wide."""
    made = convert(tex, display="block" if block else "inline")
    # The bars of |x| are no operators with room on either side.
    made = _BAR.sub(r'<mo lspace="0" rspace="0" stretchy="false">\1</mo>', made)
    return f'<div class="formula">{made}</div>' if block else made


def with_formulas(html: str) -> str:
    """HTML text in which TeX between dollar signs has become MathML."""

    def made(match: re.Match[str]) -> str:
        block = match["block"]
        return mathml(block, block=True) if block else mathml(match["inline"])

    return _TEX.sub(made, html)


def _inline(self: Any, node: nodes.math) -> None:
    self.body.append(mathml(node.astext()))
    raise nodes.SkipNode


def _block(self: Any, node: nodes.math_block) -> None:
    self.body.append(mathml(node.astext(), block=True))
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """What Sphinx calls."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
