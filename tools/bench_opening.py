"""How long a learner waits for a quiz, in JupyterLab and on the site; a part of `make bench`.

A notebook runs `quiz("07")` again and again by Shift+Enter, in a real browser and with a kernel
that has imported the widgets. Measured is the time from the key to the quiz in the page: the way
to the kernel, Python, the way back, and the drawing. On the site Python itself has to come and
start first: by new browsers, and by ones that have been there. Written to out/opening.json, in
milliseconds.
"""

from __future__ import annotations

import json
import shutil
import statistics
import tempfile
from pathlib import Path

import nbformat
from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.table import Table

from authoring.build.notebook import KERNEL
from tests.browser import site
from tests.browser.lab import MINUTE, ROOT, open_notebook, serve, start_chromium, visit

OUT = ROOT / "out" / "opening.json"
TIMES = 21
BROWSERS = 5

NOTE_TIMES = """
window.pressed = [];
window.opened = [];
addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.shiftKey) pressed.push(performance.now());
}, true);
new MutationObserver(() => {
  if (document.querySelectorAll(".fb").length > opened.length) opened.push(performance.now());
}).observe(document.body, { childList: true, subtree: true });
"""


def main() -> None:
    """Measures, prints a table, writes `OUT`."""
    program = shutil.which("chromium")
    if program is None:
        raise SystemExit("There is no Chromium: run `sh tools/setup.sh chromium`.")
    with tempfile.TemporaryDirectory(prefix="opening-") as name:
        waits = _waits(Path(name), program)
        new, kept = _on_the_site(Path(name), program)
    # The first one draws what the page keeps.
    first, *later = waits
    found = {
        "first_milliseconds": first,
        "median_milliseconds": statistics.median(later),
        "largest_milliseconds": max(later),
        "on_the_site_new_milliseconds": statistics.median(new),
        "on_the_site_kept_milliseconds": statistics.median(kept),
    }
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(found, indent=1) + "\n")
    table = Table("a quiz opens", "ms", title=f"{TIMES} times; on the site, {BROWSERS}")
    for what, milliseconds in found.items():
        table.add_row(what.removesuffix("_milliseconds"), f"{milliseconds:.0f}")
    Console(highlight=False).print(table)


def _waits(folder: Path, program: str) -> list[float]:
    course, home = folder / "course", folder / "home"
    for made in (course, home):
        made.mkdir()
    path = course / "quizzes.ipynb"
    sources = ["from coursekit.learn.widgets import quiz", *['quiz("07")'] * TIMES]
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=KERNEL), path)
    with sync_playwright() as playwright, serve(course, home) as lab:
        browser = start_chromium(playwright, program)
        with visit(browser, lab) as page:
            open_notebook(page, lab, path)
            page.locator(".jp-CodeCell").first.click()
            page.keyboard.press("Shift+Enter")
            page.wait_for_timeout(5000)
            page.evaluate(NOTE_TIMES)
            for number in range(1, TIMES + 1):
                page.keyboard.press("Shift+Enter")
                page.wait_for_function(f"opened.length >= {number}", timeout=MINUTE)
                page.wait_for_timeout(500)
            pressed, opened = page.evaluate("[pressed, opened]")
        browser.close()
    return [after - before for before, after in zip(pressed, opened, strict=True)]


def _on_the_site(folder: Path, program: str) -> tuple[list[float], list[float]]:
    """From the press to the first question: in new browsers, and after a reload in each."""
    pages = site.made(folder)
    waits: tuple[list[float], list[float]] = [], []
    with site.served(pages) as address, sync_playwright() as playwright:
        browser = start_chromium(playwright, program)
        for _ in range(BROWSERS):
            with site.reader(browser, address) as page:
                for times in waits:
                    page.goto(f"{address}notebooks/07_unstructured_pruning.html")
                    page.wait_for_load_state("networkidle")
                    page.evaluate(NOTE_TIMES)
                    page.evaluate("pressed.push(performance.now())")
                    page.get_by_role("button", name="Take the quiz here").click()
                    page.wait_for_function("opened.length >= 1", timeout=MINUTE)
                    pressed, opened = page.evaluate("[pressed, opened]")
                    times.append(opened[0] - pressed[0])
                    page.wait_for_load_state("networkidle")
        browser.close()
    return waits


if __name__ == "__main__":
    main()
