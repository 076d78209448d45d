"""The last touch on made pages: what the theme leaves out, and what links name."""

from __future__ import annotations

import re
from pathlib import Path

_CHANGES = [
    # Links name a lesson's third part so, whatever it is called.
    (r"<h2>(\d+) · ", r'<h2 id="part-\1">\1 · '),
    # A heading without a level, and two landmarks without names: a screen reader can't tell them.
    (r'<p class="caption" role="heading">', '<p class="caption">'),
    (r'<aside class="sidebar-drawer">', '<aside class="sidebar-drawer" aria-label="The course">'),
    (r'<aside class="toc-drawer', '<aside aria-label="This page" class="toc-drawer'),
    # A header of nothing is a cell.
    (r"<th([^>]*)>\s*</th>", r"<td\1></td>"),
]


def finish(site: Path) -> None:
    """Changes each page in place."""
    for path in site.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        for pattern, replacement in _CHANGES:
            text = re.sub(pattern, replacement, text)
        path.write_text(text, encoding="utf-8")
