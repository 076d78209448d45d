"""The page that takes a network out of a square and reads handwriting with it: one file."""

from __future__ import annotations

import json
import shutil
import tomllib
from pathlib import Path

import segno

from authoring.site.faults import READER
from authoring.site.runtime import from_npm
from authoring.site.workflow import address
from coursekit.lesson_15 import square

# The course's own square.
NETWORK = Path("data") / "capstone_square.fb"
PICTURE = Path("docs") / "pictures" / "square.png"
LICENCE = "_static/jsQR-LICENSE.txt"


def signs(root: Path) -> str:
    """The course's own network, as it stands behind a `#`."""
    return square.to_signs((root / NETWORK).read_bytes())


def code(root: Path, repository: str) -> segno.QRCode:
    """The course's own square: with the reader's address once the course has one, else bytes."""
    page = address(repository) + READER if repository else ""
    return square.square((root / NETWORK).read_bytes(), page)


def draw(root: Path, repository: str, path: Path) -> None:
    """Writes that square as a PNG."""
    code(root, repository).save(str(path), border=square.BORDER, scale=4)


def write(root: Path, kept: Path, site: Path) -> None:
    """Writes the page, and the licence of what it carries.

    Args:
        root: Of the course; `site/reader` there holds the page's parts.
        kept: Where what was fetched is kept from one build to the next.
        site: The folder of the pages.

    Raises:
        SiteError: if jsQR can't be fetched, or is not what it was.
    """
    wanted = tomllib.loads((root / "site" / "runtime.toml").read_text(encoding="utf-8"))
    kept.mkdir(parents=True, exist_ok=True)
    package = from_npm("jsqr", wanted["jsqr"], kept)
    shutil.copy2(package / "LICENSE", site / LICENCE)
    folder = root / "site" / "reader"

    def part(name: str) -> str:
        return (folder / name).read_text(encoding="utf-8").strip()

    parts = {
        "style": part("reader.css"),
        "decoder": (package / "dist" / "jsQR.js").read_text(encoding="utf-8").strip(),
        "network": part("network.js"),
        "page": part("page.js"),
        "known": json.dumps(_known(root), ensure_ascii=False),
        "own": f'Or take <a href="#{signs(root)}">the course’s own</a>.',
        "lesson": "notebooks/15_capstone.html",
        "licence": LICENCE,
    }
    text = part("reader.html")
    for name, content in parts.items():
        text = text.replace(f"{{{{ {name} }}}}", content.replace("</script", "<\\/script"))
    (site / READER).write_text(f"{text}\n", encoding="utf-8")


def _known(root: Path) -> dict[int, dict[str, str | int]]:
    """What networks scored that `site/reader/known.toml` names, by the checksum in each file."""
    named = tomllib.loads((root / "site" / "reader" / "known.toml").read_text(encoding="utf-8"))
    return {
        int.from_bytes((root / "data" / file).read_bytes()[3:7], "little"): scored
        for file, scored in named.items()
    }
