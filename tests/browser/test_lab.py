"""A learner's way through JupyterLab: start page, a lesson run from the top, Validate."""

from __future__ import annotations

import contextlib
from pathlib import Path

import nbformat
import nbformat.reader
import pytest
from playwright.sync_api import Page, expect

from tests.browser.lab import MINUTE, ROOT, Lab, choose, open_notebook, shoot, wait_for_kernel

LESSONS = sorted(path.stem for path in (ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))


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
    path = lab.folder / "notebooks" / f"{lesson}.ipynb"
    open_notebook(page, lab, path)
    choose(page, "Run", "runmenu:run-all")
    code = run_cells(page, path)
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
