"""The last touch on made pages: what the theme leaves out, and what the glossary says of a word."""

from __future__ import annotations

import re
from html import escape, unescape
from pathlib import Path

from authoring.build.glossary import Glossary
from coursekit.learn.widgets.text import to_html

_CHANGES = [
    # Links name a lesson's third part so, whatever it is called.
    (r"<h2>(\d+) · ", r'<h2 id="part-\1">\1 · '),
    # A heading without a level, and two landmarks without names: a screen reader can't tell them.
    (r'<p class="caption" role="heading">', '<p class="caption">'),
    (r'<aside class="sidebar-drawer">', '<aside class="sidebar-drawer" aria-label="The course">'),
    (r'<aside class="toc-drawer', '<aside aria-label="This page" class="toc-drawer'),
    (r'(<a href="#" class="back-to-top.*?</a>)', r'<nav aria-label="Back to the top">\1</nav>'),
    # The page of a search has no heading.
    (r'(<article role="main" id="furo-main-content">\s*)(?=<noscript>)', r"\1<h1>Search</h1>"),
    # A header of nothing is a cell.
    (r"<th([^>]*)>\s*(?:<p></p>)?\s*</th>", r"<td\1></td>"),
]


# A heading of a notebook, to which a widget's link to what to read again leads.
_HEADING = re.compile(r"<h([2-4])>((?:(?!</h).)+?)<a class=\"headerlink\"", re.DOTALL)
# A link to a word; the glossary's own text links to lessons only.
_WORD = re.compile(r'<a ([^>]*href="[^"]*glossary\.html#(word-[\w-]+)")')


def finish(site: Path, glossary: Glossary | None) -> None:
    """Changes each page in place.

    Args:
        site: The folder of the pages.
        glossary: What its words mean goes to each link to one, for `site.js` to show.
    """
    terms = glossary.terms if glossary else ()
    meanings = {term.id: escape(to_html(term.means, inline=True)) for term in terms}

    def with_meaning(match: re.Match[str]) -> str:
        return f'<a data-means="{meanings[match[2]]}" {match[1]}'

    def with_place(match: re.Match[str]) -> str:
        place = place_of(re.sub(r"<[^>]*>", "", match[2]))
        if f'id="{place}"' in text:
            return match[0]
        return match[0].replace(f"<h{match[1]}>", f'<h{match[1]} id="{place}">', 1)

    for path in site.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        for pattern, replacement in _CHANGES:
            text = re.sub(pattern, replacement, text, flags=re.DOTALL)
        text = _HEADING.sub(with_place, text)
        path.write_text(_WORD.sub(with_meaning, text), encoding="utf-8")


def place_of(heading: str) -> str:
    """The place of a heading in its page, as `practise.mjs` makes it of a notebook's link."""
    return re.sub(r"[^a-z0-9]+", "-", unescape(heading).lower()).strip("-")
