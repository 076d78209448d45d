"""A learner's way through JupyterLab: start page, a lesson run from the top, Validate."""

from __future__ import annotations

import contextlib
from pathlib import Path

import nbformat
import nbformat.reader
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import ROOT, SCREENSHOTS, Lab

LESSONS = sorted(path.stem for path in (ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
MINUTE = 60_000


def shoot(page: Page, name: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png")


def wait_for_kernel(page: Page) -> None:
    """Until the status bar says so; before that, running a cell would ask for a kernel."""
    expect(page.get_by_role("button", name="Python 3 (ipykernel) | Idle")).to_be_visible(
        timeout=MINUTE
    )


def run_cells(page: Page, path: Path) -> list[nbformat.NotebookNode]:
    """The code cells of the saved notebook, once each has run. The copy had no outputs before."""
    cells: list[nbformat.NotebookNode] = []
    for _ in range(3 * 60):
        page.keyboard.press("Control+s")
        page.wait_for_timeout(1000)
        # JupyterLab empties the file before it writes: a look in between sees nothing.
        with contextlib.suppress(nbformat.reader.NotJSONError):
            notebook = nbformat.read(path, as_version=4)
            cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
        if cells and all(cell.execution_count for cell in cells):
            break
    return cells


def test_the_start_page_leads_to_a_lesson(page: Page, lab: Lab) -> None:
    page.goto(lab.tree("notebooks/start.ipynb"))
    link = page.get_by_role("link", name="Unstructured pruning")
    expect(link).to_be_visible(timeout=MINUTE)
    page.wait_for_timeout(2000)
    shoot(page, "start")
    link.click()
    expect(page.get_by_role("heading", name="07 · Unstructured pruning")).to_be_visible(
        timeout=MINUTE
    )


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_runs_from_top_to_bottom(page: Page, lab: Lab, lesson: str) -> None:
    page.goto(lab.tree(f"notebooks/{lesson}.ipynb"))
    expect(page.locator(".jp-NotebookPanel-toolbar")).to_be_visible(timeout=MINUTE)
    wait_for_kernel(page)
    page.locator(".lm-MenuBar-item", has_text="Run").first.click()
    page.locator(".lm-Menu-item[data-command='runmenu:run-all']").click()
    code = run_cells(page, lab.folder / "notebooks" / f"{lesson}.ipynb")
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert not [out for cell in code for out in cell.outputs if out.output_type == "error"]
    page.reload()
    picture = page.locator(".jp-RenderedImage img").first
    expect(picture).to_be_visible(timeout=MINUTE)
    picture.scroll_into_view_if_needed()
    page.mouse.move(800, 500)
    page.mouse.wheel(0, 200)
    page.wait_for_timeout(1000)
    shoot(page, lesson)


def test_validate_tells_what_is_missing(page: Page, lab: Lab) -> None:
    lesson = LESSONS[-1]
    page.goto(lab.tree(f"exercises/{lesson}/{lesson}.ipynb"))
    button = page.get_by_role("button", name="Validate")
    expect(button).to_be_visible(timeout=MINUTE)
    wait_for_kernel(page)
    button.click()
    dialog = page.locator(".jp-Dialog")
    expect(dialog).to_contain_text("failed", timeout=3 * MINUTE)
    shoot(page, "validate")


def test_formgrader_shows_the_course(page: Page, lab: Lab) -> None:
    page.goto(f"{lab.url}formgrader")
    expect(page.get_by_role("link", name=LESSONS[-1])).to_be_visible(timeout=MINUTE)
    shoot(page, "formgrader")
