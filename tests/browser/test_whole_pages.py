"""An exported notebook as a whole page, as axe sees it."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from nbconvert import HTMLExporter
from playwright.sync_api import Browser

from tests.browser.lab import ROOT, SCREENSHOTS

pytestmark = pytest.mark.thorough

# The template is nbconvert's: its numbers of cells, its colours of code, its links without a line.
OWN = {"exclude": [[".jp-InputPrompt"], [".jp-OutputPrompt"], [".highlight"]]}
ITS_LINKS = {"rules": {"link-in-text-block": {"enabled": False}}}


@pytest.mark.parametrize("name", ["start", "07_unstructured_pruning"])
def test_an_exported_notebook_can_be_read_by_everybody(
    name: str, browser: Browser, tmp_path: Path
) -> None:
    html, _ = HTMLExporter().from_filename(str(ROOT / "notebooks" / f"{name}.ipynb"))
    path = tmp_path / "page.html"
    path.write_text(html, encoding="utf-8")
    # What nbconvert would fetch is not there.
    page = browser.new_page(offline=True)
    page.goto(path.as_uri())
    assert page.locator("img:not([alt]), img[alt='No description has been provided']").count() == 0
    found = Axe().run(page, context=OWN, options=ITS_LINKS).response["violations"]
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"exported-{name}.png")
    page.close()
    serious = [one for one in found if one["impact"] != "minor"]
    assert not serious, [(one["id"], one["nodes"][0]["html"][:200]) for one in serious]
