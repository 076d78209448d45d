"""Links of notebooks and documents, as they lead on the site.

A page lies on the site where its source lies in the repository, so that most links only change
their ending.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Set
from dataclasses import dataclass

# In a published notebook a link names the place in full.
_WHOLE = r"https://colab\.research\.google\.com/github/[^/\s]+/[^/\s]+/blob/[^/\s]+/"
_LINK = re.compile(
    r"(?P<code>^```.*?^```|`[^`\n]+`)|(?P<picture>!?)\[(?P<text>(?:[^\[\]]|\[[^\]]*\])*)\]"
    r"\((?P<target>[^)\s]+)\)",
    re.DOTALL | re.MULTILINE,
)
# What is a page of the site itself.
_INSTEAD = {
    "notebooks/start.ipynb": "index.md",
    "README.md": "index.md",
}
# Its name for a place in a page is Jupyter's.
_PLACE = re.compile(r"^cell-id=")


@dataclass(frozen=True)
class Ways:
    """Where links lead.

    Attributes:
        pages: The sources that become pages, by their path in the repository.
        repository: owner/name, where other files can be read; empty while the course is no public
            place: then what would be a link to such a file is text.
        branch: Of the repository.
    """

    pages: Set[str]
    repository: str
    branch: str

    def led(self, text: str, path: str) -> str:
        """Markdown of the source at `path` with the site's links."""

        def change(match: re.Match[str]) -> str:
            if match["code"] or match["picture"]:
                return match[0]
            return self._link(match["text"], match["target"], path)

        return _LINK.sub(change, text)

    def _link(self, text: str, target: str, path: str) -> str:
        own = re.sub(_WHOLE, "/", target)
        # The badge that opens this notebook elsewhere stays what it is.
        if re.match(r"[a-z]+:", own) or text.startswith("Open in "):
            return f"[{text}]({target})"
        file, _, place = own.partition("#")
        if not file:
            return f"[{text}]({target})"
        whole = posixpath.normpath(posixpath.join("/", posixpath.dirname(path), file)).lstrip("/")
        whole = _INSTEAD.get(whole, whole)
        if whole not in self.pages:
            if not self.repository:
                return text
            address = f"https://github.com/{self.repository}/blob/{self.branch}/{whole}"
            return f"[{text}]({address}{'#' + place if place else ''})"
        there = posixpath.relpath(posixpath.splitext(whole)[0] + ".html", posixpath.dirname(path))
        place = _PLACE.sub("", place)
        # A scheme of our own: Sphinx leaves it alone, and `faults` looks at where it leads.
        return f"[{text}](place:{there}#{place})" if place else f"[{text}](page:{there})"
