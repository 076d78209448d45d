"""What a cell has shown, as HTML: pictures lie in files beside the pages, formulas are MathML."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
from html import escape
from pathlib import Path
from typing import Any

import nbformat
from bs4 import BeautifulSoup
from PIL import Image

from authoring.site.formulas import with_formulas
from authoring.site.guessing import results, table_of_guesses
from coursekit.pictures.moving import VEGA

# What a picture that stands still says of a kernel, which a page has not.
_RUN = re.compile(
    r"Run this cell to [^.]*?; what you answered before is still known\. "
    r"Until then, click a line to see what is behind it\."
)
_CLICK = "Click a line to see what is behind it."
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


class Pictures:
    """The folder that pictures go to, each once, under a name that says what is in it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def keep(self, address: str) -> tuple[str, int, int]:
        """Writes the picture of a data address; returns its name, its width and its height."""
        kind, data = re.fullmatch(r"data:image/(\w+)[^,]*,(.*)", address, re.DOTALL).groups()  # type: ignore[union-attr]
        content = base64.b64decode(data)
        name = f"{hashlib.sha256(content).hexdigest()[:16]}.{kind}"
        path = self._folder / name
        if not path.is_file():
            path.write_bytes(content)
        width, height = Image.open(io.BytesIO(content)).size
        return name, width, height


class Outputs:
    """Makes HTML of the outputs of one notebook.

    Args:
        pictures: Where its pictures go.
        way: The way from the page to that folder.
    """

    def __init__(self, pictures: Pictures, way: str) -> None:
        self._pictures = pictures
        self._way = way

    def of(self, cell: nbformat.NotebookNode) -> str:
        """All that a cell has shown; empty if it has shown nothing."""
        shown = "".join(filter(None, map(self._one, _joined(cell.outputs))))
        return f'<div class="shown">{shown}</div>' if shown else ""

    def _one(self, output: nbformat.NotebookNode) -> str:
        if output.output_type == "stream":
            return results(_ANSI.sub("", output.text))
        data = output.get("data", {})
        if VEGA in data:
            return self._opening(data[VEGA])
        if "text/html" in data:
            html = self._html(data["text/html"])
            guesses = output.get("metadata", {}).get("guesses")
            if not guesses:
                return html
            told = escape(json.dumps(guesses, ensure_ascii=False))
            return f'<div class="plot" data-guesses="{told}">{html}</div>'
        return f"<pre>{escape(data['text/plain'])}</pre>" if "text/plain" in data else ""

    def _html(self, html: str) -> str:
        soup = BeautifulSoup(_RUN.sub(_CLICK, html), "html.parser")
        for style in soup("style"):
            style.decompose()
        for picture in soup("img"):
            if str(picture["src"]).startswith("data:"):
                name, width, height = self._pictures.keep(str(picture["src"]))
                picture["src"] = f"{self._way}{name}"
                picture["width"], picture["height"] = str(width), str(height)
                picture["loading"] = "lazy"
        for text in soup.find_all(string=re.compile(r"\$")):
            if not text.find_parent(["code", "pre", "math"]):
                made = with_formulas(escape(str(text), quote=False))
                text.replace_with(BeautifulSoup(made, "html.parser"))
        for table in soup("table"):
            del table["border"]
            table_of_guesses(table)
            # A wide one scrolls, and the page does not.
            table.wrap(soup.new_tag("div", attrs={"class": "wide"}))
        return str(soup)

    def opening_of(self, notebook: nbformat.NotebookNode) -> str:
        """The picture that a lesson opens with; empty for a notebook without one."""
        for cell in notebook.cells:
            for output in cell.get("outputs", []):
                if VEGA in output.get("data", {}):
                    return self._opening(output.data[VEGA])
        return ""

    def _opening(self, vega: dict[str, Any]) -> str:
        """A picture that moves; `site.js` adds what moves it.

        The states are pictures, and Vega swaps them in the notebook. On a page a few lines do.
        """
        states, moved = vega["data"][0]["values"], []
        for signal in vega["signals"]:
            bind = signal.get("bind", {})
            if bind.get("input") == "range":
                name = signal["name"].removeprefix("slid_")
                moved.append(
                    {"name": name, "words": bind["name"].strip(), "value": signal["value"]}
                    | {key: bind[key] for key in ("min", "max", "step")}
                )
        start = {one["name"]: one["value"] for one in moved}
        [first] = [one for one in states if one.items() >= start.items()]
        frames = []
        for state in states:
            name, width, height = self._pictures.keep(state["png"])
            at = [state[one["name"]] for one in moved]
            frames.append({"at": at, "src": f"{self._way}{name}", "alt": state["alt"]})
        src = f"{self._way}{self._pictures.keep(first['png'])[0]}"
        data = json.dumps({"moved": moved, "frames": frames}, ensure_ascii=False)
        data = data.replace("</", r"<\/")  # which would end the script
        return (
            f'<figure class="opening"><img src="{src}" alt="{escape(first["alt"])}" '
            f'width="{width}" height="{height}" loading="lazy">'
            f"<figcaption>{escape(vega['description'])}</figcaption>"
            f'<script type="application/json">{data}</script></figure>'
        )


def _joined(outputs: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """The outputs, with what was printed in a row as one."""
    joined: list[nbformat.NotebookNode] = []
    for output in outputs:
        streams = output.output_type == "stream"
        if streams and joined and joined[-1].output_type == "stream":
            joined[-1] = nbformat.v4.new_output("stream", text=joined[-1].text + output.text)
        else:
            joined.append(output)
    return joined
