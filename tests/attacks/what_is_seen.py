"""Looks for what must not be in a page, a notebook or a line: secrets, scripts, terminal codes."""

from __future__ import annotations

import base64
import codecs
import re
import struct
from collections.abc import Callable, Iterator
from functools import lru_cache
from html.parser import HTMLParser

SIGN = "PWNED"
"""What the attacks' scripts, links and styles are called by."""

# How many bytes become how many characters: what is encoded in the middle of something else shows
# up only in whole groups.
_ENCODINGS: tuple[tuple[int, Callable[[bytes], bytes]], ...] = (
    (1, base64.b16encode),
    (3, base64.b64encode),
    (3, base64.urlsafe_b64encode),
    (5, base64.b32encode),
    (4, base64.b85encode),
    (4, base64.a85encode),
)
# The most pixels that an embedded picture may have: a page shall not cost a browser gigabytes.
MAX_PIXELS = 50_000_000


def leaks(text: str, secret: str) -> str | None:
    """In which form a text holds a secret; None if in none that this looks for."""
    plain, dense = _searched(text)
    for name, form in _forms(secret):
        if form.lower() in plain or form.lower() in dense:
            return name
    return None


@lru_cache(maxsize=16)
def _searched(text: str) -> tuple[str, str]:
    """A text without capitals, and also without what can be put between characters."""
    plain = text.lower()
    return plain, re.sub(r"[\s,;:.'\"|/\\+_-]|&#?\w+;", "", plain)


def _forms(secret: str) -> Iterator[tuple[str, str]]:
    for turned, name in ((secret, ""), (secret[::-1], " backwards")):
        yield f"as it is{name}", turned
        yield f"in rot13{name}", codecs.encode(turned, "rot13")
        data = turned.encode()
        for size, encode in _ENCODINGS:
            for start in range(size):
                whole = data[start : start + (len(data) - start) // size * size]
                if len(whole) >= 6:
                    form = encode(whole).decode()
                    yield f"in {encode.__name__}{name}", form
                    yield f"in {encode.__name__}, turned{name}", form[::-1]
    if secret.isdigit():
        yield "as a hexadecimal number", hex(int(secret))[2:]
        yield "as a binary number", bin(int(secret))[2:]
        yield "as character codes", "".join(str(ord(character)) for character in secret)


class _Active(HTMLParser):
    """Collects what a browser would run or load because of an attack."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._inside = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self._inside = tag
        for name, value in attributes:
            value = value or ""
            text = name in ("alt", "title")
            # nbconvert makes an id of a heading; only Formgrader's own could do harm.
            text = text or (re.fullmatch("h[1-6]", tag) and name == "id" and value != SIGN)
            scheme = re.match(r"https?:|mailto:|attachment:|#", value.strip())
            link = (tag, name) == ("a", "href") and scheme
            if SIGN in f"{tag} {name}" or (SIGN in value and not text and not link):
                self.found.append(f"<{tag} {name}={value[:60]!r}>")
            if name in ("src", "href", "data", "poster") and value.strip().lower().startswith(
                "data:"
            ):
                self._picture(value.strip())

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside in ("script", "style") and SIGN in data:
            self.found.append(f"{SIGN} in <{self._inside}>")

    def _picture(self, url: str) -> None:
        kind, _, data = url.partition(";base64,")
        if kind not in ("data:image/png", "data:image/jpeg"):
            self.found.append(f"<… {url[:60]}>")
        elif kind.endswith("png"):
            size = png_size(data)
            if size is None or size[0] * size[1] > MAX_PIXELS:
                self.found.append(f"a picture of {size} pixels")


def png_size(data: str) -> tuple[int, int] | None:
    """Width and height from the base64 of a PNG; None if it is none."""
    try:
        head = base64.b64decode("".join(data.split())[:64])
    except ValueError:
        return None
    if not head.startswith(b"\x89PNG\r\n\x1a\n") or len(head) < 24:
        return None
    width, height = struct.unpack(">II", head[16:24])
    return width, height


def active(page: str) -> list[str]:
    """What of an attack runs or loads in a page: nothing, or a few words for each."""
    parser = _Active()
    parser.feed(page)
    parser.close()
    return parser.found


def controls(text: str) -> list[str]:
    """Control and direction characters that a text should not hold."""
    return sorted(
        {
            repr(character)
            for character in re.findall(
                r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text
            )
        }
    )
