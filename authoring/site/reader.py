"""The page that takes a network out of a square and reads handwriting with it: one file."""

from __future__ import annotations

import json
import re
import shutil
import tomllib
from dataclasses import dataclass
from pathlib import Path

import segno

from authoring.site.faults import READER
from authoring.site.runtime import from_npm
from authoring.site.workflow import address
from coursekit.lesson_15 import square

# The course's own square.
NETWORK = Path("data") / "capstone_square.fb"
PICTURE = Path("docs") / "square.png"
LICENCE = "_static/qr-LICENSE.txt"
# A browser does not take modules from within a page: two of them become one function.
_SCRIPT = """\
const decodeQR = (() => {{
const parts = (() => {{
{index}
}})();
{decode}
return decodeQR;
}})();"""


@dataclass(frozen=True)
class Network:
    """The course's own network.

    Attributes:
        signs: The file as it stands behind a `#`.
        bytes: Length of the file, as it is written.
        right: Of 100 test images, how many it gets right, to a tenth.
    """

    signs: str
    bytes: str
    right: float


def own(root: Path) -> Network:
    """The course's own network, and what `known.toml` says that it scored."""
    data = (root / NETWORK).read_bytes()
    scored = _named(root)[NETWORK.name]
    right = round(100 - 100 * int(scored["wrong"]) / int(scored["of"]), 1)
    return Network(square.to_signs(data), f"{len(data):,}", right)


def code(root: Path, repository: str) -> segno.QRCode:
    """The course's own square: with the reader's address once the course has one, else bytes."""
    page = address(repository) + READER if repository else ""
    return square.square((root / NETWORK).read_bytes(), page)


def draw(root: Path, repository: str, path: Path) -> None:
    """Writes that square as a PNG."""
    code(root, repository).save(str(path), border=square.BORDER, scale=3)


def write(root: Path, kept: Path, site: Path) -> None:
    """Writes the page, and the licence of what it carries.

    Args:
        root: Of the course; `site/reader` there holds the page's parts.
        kept: Where what was fetched is kept from one build to the next.
        site: The folder of the pages.

    Raises:
        SiteError: if qr can't be fetched, or is not what it was.
    """
    wanted = tomllib.loads((root / "site" / "runtime.toml").read_text(encoding="utf-8"))
    kept.mkdir(parents=True, exist_ok=True)
    package = from_npm("qr", wanted["qr"], kept)
    shutil.copy2(package / "LICENSE-MIT", site / LICENCE)
    folder = root / "site" / "reader"

    def part(name: str) -> str:
        return (folder / name).read_text(encoding="utf-8").strip()

    parts = {
        "style": part("reader.css"),
        "decoder": _decoder(package),
        "network": part("network.js"),
        "page": part("page.js"),
        "known": json.dumps(_known(root), ensure_ascii=False),
        "own": f'Or take <a href="#{own(root).signs}">the course’s own</a>.',
        "lesson": "notebooks/15_capstone.html",
        "licence": LICENCE,
    }
    text = part("reader.html")
    for name, content in parts.items():
        text = text.replace(f"{{{{ {name} }}}}", content.replace("</script", "<\\/script"))
    (site / READER).write_text(f"{text}\n", encoding="utf-8")


def _decoder(package: Path) -> str:
    """`decodeQR` of the package qr, as a script."""

    def plain(name: str) -> str:
        text = (package / name).read_text(encoding="utf-8")
        text = re.sub(
            r"^import \{(.*)\} from .*$", r"const {\1} = parts;", text, flags=re.MULTILINE
        )
        text = re.sub(r"^export \{(.*)\};$", r"return {\1};", text, flags=re.MULTILINE)
        text = re.sub(r"^(const|return) \{.*$", _renamed, text, flags=re.MULTILINE)
        return re.sub(r"^export (default .*)?|^//# source.*", "", text, flags=re.MULTILINE)

    return _SCRIPT.format(index=plain("index.js"), decode=plain("decode.js"))


def _renamed(match: re.Match[str]) -> str:
    """Names of a module's list as an object has them: `x as y` takes or gives a y."""
    way = r"\1: \2" if match[1] == "const" else r"\2: \1"
    return re.sub(r"(\w+) as (\w+)", way, match[0])


def _known(root: Path) -> dict[int, dict[str, str | int]]:
    """What networks scored, by the checksum in each file."""
    return {
        int.from_bytes((root / "data" / file).read_bytes()[3:7], "little"): scored
        for file, scored in _named(root).items()
    }


def _named(root: Path) -> dict[str, dict[str, str | int]]:
    return tomllib.loads((root / "site" / "reader" / "known.toml").read_text(encoding="utf-8"))
