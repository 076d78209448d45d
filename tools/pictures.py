"""Takes the pictures in README.md, of the project in use: `make pictures`.

It expects what `make test` (its log in out/test.log, the browser tests' screenshots in
out/screenshots/) and `make grade` (out/sample_class/report.html) leave behind.
"""

from __future__ import annotations

import io
import re
import shutil
import sys

from PIL import Image
from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.text import Text

from tests.browser.lab import ROOT, SCREENSHOTS, start_chromium

OUT = ROOT / "out"
PICTURES = ROOT / "docs" / "pictures"
COLOURS = 64
# Lines of dots that stay at the beginning and at the end.
DOTS = 3


def main() -> None:
    sources = [
        SCREENSHOTS / "07_unstructured_pruning.png",
        OUT / "test.log",
        OUT / "sample_class/report.html",
        SCREENSHOTS / "practise.png",
    ]
    for source in sources:
        if not source.is_file():
            sys.exit(f"{source} is missing: run make test 2>&1 | tee out/test.log, and make grade.")
    PICTURES.mkdir(parents=True, exist_ok=True)
    shutil.copy2(sources[0], PICTURES / "lab.png")
    shutil.copy2(sources[3], PICTURES / "practise.png")
    terminal = OUT / "test.svg"
    terminal.write_text(_terminal(sources[1].read_text()))
    with sync_playwright() as playwright:
        browser = start_chromium(playwright, shutil.which("chromium") or "chromium")
        page = browser.new_page(viewport={"width": 1000, "height": 640})
        page.goto(sources[2].as_uri())
        page.screenshot(path=PICTURES / "grade.png")
        page.goto(terminal.as_uri())
        width, height = page.evaluate(
            "(({width, height}) => [width, height])(document.documentElement.viewBox.baseVal)"
        )
        page.set_viewport_size({"width": 1000, "height": round(1000 * height / width)})
        page.screenshot(path=PICTURES / "test.png")
        browser.close()
    for picture in PICTURES.glob("*.png"):
        Image.open(picture).convert("RGB").quantize(COLOURS).save(picture, optimize=True)


def _terminal(log: str) -> str:
    """The log from its first heading on, shortened and without this machine's paths, in SVG."""
    console = Console(record=True, width=86, file=io.StringIO())
    console.print(Text("$ make test"))
    for line in _shortened(log[log.index("== Style") :].rstrip().splitlines()):
        console.print(Text.from_ansi(line), overflow="ellipsis", no_wrap=True)
    svg = console.export_svg(title="make test")
    return re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)  # fonts from the web


def _shortened(lines: list[str]) -> list[str]:
    """Without warnings, and with the first and last lines of dots alone."""
    [result] = [line for line in lines if re.search(r"=== .* passed.* ===", line)]
    end = next(n for n, line in enumerate(lines) if "warnings summary" in line or line == result)
    kept = [line for line in lines[:end] if line.strip() and str(ROOT) not in line]
    dots = [n for n, line in enumerate(kept) if re.fullmatch(r"\.+ +\[ *\d+%\]", line)]
    kept[dots[DOTS] : dots[-DOTS]] = ["…"]
    return [*kept, result]


if __name__ == "__main__":
    main()
