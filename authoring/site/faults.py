"""What is wrong with made pages: links that lead nowhere, pictures without words, other hosts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup, Tag

# What a browser fetches without being asked.
_FETCHED = {"img": "src", "script": "src", "iframe": "src", "source": "src", "link": "href"}
_IN_STYLES = re.compile(r"url\([\"']?(?!data:|#)([^)\"']+)|@import\s+[\"']([^\"']+)")
# What is behind its # is a network, not a place.
READER = "reader.html"
# A link, bold text, or a formula, as it is written.
_UNREAD = re.compile(r"\]\([\w./:#-]+\)|\*\*\w[^*\n]*\*\*|\$[^$\n]*\\[a-z]+[^$\n]*\$")


class SiteError(Exception):
    """The site can't be made, or would be made with a fault in it."""


def of(site: Path) -> Iterator[str]:
    """Each fault, with its page."""
    for path in sorted(site.rglob("*.html")):
        page = path.relative_to(site).as_posix()
        yield from (f"{page}: {fault}" for fault in _of_page(path, site))
    for path in sorted(site.rglob("*.css")):
        for match in _IN_STYLES.finditer(path.read_text(encoding="utf-8")):
            if urlsplit(match[1] or match[2]).netloc:
                yield f"{path.relative_to(site).as_posix()}: it asks {match[1] or match[2]}"


def _of_page(path: Path, site: Path) -> Iterator[str]:
    soup = _soup(path)
    for tag in soup(list(_FETCHED)):
        address = str(tag.get(_FETCHED[tag.name], ""))
        if urlsplit(address).netloc and "canonical" not in tag.get_attribute_list("rel"):
            yield f"it asks another host: {address}"
        elif address and not _leads(address, path, site):
            yield f"{address} is not there"
        if tag.name == "img" and not str(tag.get("alt", "")).strip():
            yield f"a picture without an alternative text: {address}"
    for tag in soup("a", href=True):
        address = str(tag["href"])
        if not _leads(address, path, site):
            yield f"a link leads nowhere: {address} (“{tag.get_text().strip()}”)"
    for text in soup.find_all(string=_UNREAD):
        if not text.find_parent(["code", "pre", "math", "script"]):
            yield f"Markdown or TeX that nobody has read: {_UNREAD.search(text)[0]}"  # type: ignore[index]
    if not isinstance(soup.title, Tag) or not soup.title.get_text().strip():
        yield "it has no title"


def _leads(address: str, path: Path, site: Path) -> bool:
    """Whether something is there; addresses of other hosts are believed."""
    parts = urlsplit(address)
    if parts.scheme or parts.netloc:
        return True
    there = path if not parts.path else (path.parent / unquote(parts.path)).resolve()
    if there.is_dir():
        there /= "index.html"
    if not there.is_file() or not there.is_relative_to(site.resolve()):
        return False
    place = unquote(parts.fragment)
    elsewhere = there.suffix != ".html" or there.name == READER
    return not place or elsewhere or place in _places(there)


@cache
def _places(path: Path) -> frozenset[str]:
    return frozenset(str(tag["id"]) for tag in _soup(path)(id=True))


@cache
def _soup(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
