"""Takes the pictures in README.md, of the project in use: `make pictures`.

It expects what `make test` (its log in out/test.log, the browser tests' screenshots in
out/screenshots/) and `make grade` (out/sample_class/report.html) leave behind.
"""

from __future__ import annotations

import io
import re
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[1]
OUT = ROOT / "out"
PICTURES = ROOT / "docs" / "pictures"
LINES = 24
COLOURS = 64


def main() -> None:
    sources = [
        OUT / "screenshots" / "07_unstructured_pruning.png",
        OUT / "test.log",
        OUT / "sample_class/report.html",
    ]
    for source in sources:
        if not source.is_file():
            sys.exit(f"{source} is missing: run make test 2>&1 | tee out/test.log, and make grade.")
    PICTURES.mkdir(parents=True, exist_ok=True)
    shutil.copy2(sources[0], PICTURES / "lab.png")
    terminal = OUT / "test.svg"
    terminal.write_text(_terminal(sources[1].read_text()))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1000, "height": 640})
        page.goto(terminal.as_uri())
        page.locator("svg").first.screenshot(path=PICTURES / "test.png")
        page.goto(sources[2].as_uri())
        page.screenshot(path=PICTURES / "grade.png")
        browser.close()
    for picture in PICTURES.glob("*.png"):
        Image.open(picture).convert("RGB").quantize(COLOURS).save(picture, optimize=True)


def _terminal(log: str) -> str:
    """The last lines of a log as an SVG picture of a terminal."""
    console = Console(record=True, width=100, file=io.StringIO())
    console.print(Text("$ make test"))
    console.print(Text("…"))
    for line in log.rstrip().splitlines()[-LINES:]:
        console.print(Text.from_ansi(line), overflow="ellipsis", no_wrap=True)
    svg = console.export_svg(title="make test")
    return re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)  # fonts from the web


if __name__ == "__main__":
    main()
