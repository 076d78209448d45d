"""A learner's way through JupyterLab: start page, a lesson run from the top, Validate."""

from __future__ import annotations

import contextlib
import re
import shutil
import time
from collections.abc import Collection
from pathlib import Path

import nbformat
import nbformat.reader
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.lab import (
    MINUTE,
    ROOT,
    Lab,
    choose,
    open_notebook,
    serve,
    shoot,
    visit,
)

pytestmark = pytest.mark.thorough

NUMBERS = "02_numbers_in_few_bits"
PRUNING = "07_unstructured_pruning"
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
    # On the map; who was there before has it above, too.
    link = page.get_by_role("link", name="07 · Unstructured pruning").last
    expect(link).to_be_visible(timeout=MINUTE)
    page.wait_for_timeout(2000)
    shoot(page, "start")
    link.click()
    expect(page.get_by_role("heading", name="07 · Unstructured pruning")).to_be_visible(
        timeout=MINUTE
    )


def test_a_lesson_runs_from_top_to_bottom(page: Page, lab: Lab) -> None:
    """One of them: every cell of all runs in nbval."""
    path = lab.folder / "notebooks" / f"{NUMBERS}.ipynb"
    open_notebook(page, lab, path)
    choose(page, "Run", "runmenu:run-all")
    code = run_cells(page, path)
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert not [out for cell in code for out in cell.outputs if out.output_type == "error"]


def solve(path: Path, answers: dict[str, str], gone: Collection[str] = ()) -> None:
    """Writes answers into an exercise, by item, and takes cells out."""
    notebook = nbformat.read(path, as_version=4)
    notebook.cells = [cell for cell in notebook.cells if cell.id not in gone]
    for cell in notebook.cells:
        cell.source = answers.get(cell.id, cell.source)
    nbformat.write(notebook, path)


def solutions(lesson: str) -> dict[str, str]:
    """The reference answers of an exercise, by item."""
    notebook = nbformat.read(ROOT / "solutions" / lesson / f"{lesson}.ipynb", as_version=4)
    return {
        cell.id: cell.source
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("solution")
    }


def test_validate_says_a_line_for_each_item_while_the_server_serves(page: Page, lab: Lab) -> None:
    path = lab.folder / "exercises" / PRUNING / f"{PRUNING}.ipynb"
    right = solutions(PRUNING)
    answers = {
        "left": right["left"],
        "row_mask": right["row_mask"].replace("share):", "share)"),
        "global": "while True: pass",
        "permanent": "import os; os._exit(1)",
        "own": right["own"],
    }
    solve(path, answers, gone=["own-test-2"])
    told = nbformat.read(path, as_version=4).metadata["course"]["items"]
    hidden = sum(item["hidden"] for item in told)
    open_notebook(page, lab, path)
    page.get_by_role("button", name="Validate").click()
    expect(page.get_by_text("Validating...")).to_be_visible(timeout=MINUTE)
    for _ in range(8):
        begun = time.monotonic()
        assert page.request.get(f"{lab.url}api/status").ok
        assert time.monotonic() - begun < 2, "the server serves nobody while it validates"
        page.wait_for_timeout(1000)
    dialog = page.locator(".jp-Dialog")
    expect(dialog).to_be_visible(timeout=3 * MINUTE)
    shoot(page, "validate")
    lines = dialog.locator("li").all_inner_texts()
    assert [re.sub(r"^([✓✗○])\s*", r"\1 ", line.strip()) for line in lines] == [
        "✓ 1 · What is left? – passes what you can see; 6 more checks at hand-in.",
        "✗ 2 · The same share in every row – SyntaxError in line 2: expected ':'.",
        "✗ 3 · Globally, but not the last layer – took longer than 30 s: is there a loop without "
        "an end?",
        "✗ 4 · Make it permanent – your code ended Python.",
        "○ 5 · Which zeros stay? – not done yet.",
        "○ 6 · How many bytes? – not done yet.",
        "○ 7 · Find the bug – not done yet.",
        "○ 8 · A claim – not done yet.",
        "✗ 9 · Your own pruning method – the test cell own-test-2 is gone: copy it from a fresh "
        "copy of the exercise.",
        "○ 10 · Byte golf: masks – not done yet.",
        "1 of 10 pass what you can see, 4 wrong, 5 to do. "
        f"{hidden} more checks are kept for hand-in.",
    ]
    expect(dialog.get_by_text("The following cell failed")).to_be_hidden()


def test_run_all_goes_to_the_end_of_a_blank_exercise(page: Page, lab: Lab) -> None:
    path = lab.folder / "exercises" / NUMBERS / f"{NUMBERS}.ipynb"
    open_notebook(page, lab, path)
    choose(page, "Run", "runmenu:run-all")
    code = run_cells(page, path)
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    errors = [out for cell in code for out in cell.outputs if out.output_type == "error"]
    assert errors, "nothing was to do"
    assert {line.partition(":")[0] for out in errors for line in out.traceback} <= {
        "Not done yet.",
        "Not done yet",
    }
    panel = page.locator("section.fb")
    expect(panel).to_contain_text("How far are you?", timeout=MINUTE)
    expect(panel.get_by_text("not done yet.")).to_have_count(len(solutions(NUMBERS)) - 1)
    page.wait_for_timeout(1000)
    shoot(page, "run_all_blank")


def test_the_end_of_an_exercise_checks_it_and_says_how_to_hand_in(page: Page, lab: Lab) -> None:
    path = lab.folder / "exercises" / NUMBERS / f"{NUMBERS}.ipynb"
    open_notebook(page, lab, path)
    choose(page, "Run", "runmenu:run-all")
    panel = page.locator("section.fb")
    panel.get_by_role("button", name="Check what you can see").click(timeout=MINUTE)
    expect(panel.get_by_text("more checks are kept for hand-in")).to_be_visible(timeout=MINUTE)
    expect(panel.get_by_role("button", name="Mark it")).to_have_count(0)
    expect(panel).to_contain_text("To hand in: save")
    panel.scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    shoot(page, "exercise_end")


def test_a_full_copy_of_the_course_marks_an_exercise(page: Page, lab: Lab) -> None:
    course = lab.folder / "full"
    for name in ("exercises", "solutions"):
        shutil.copytree(ROOT / name / PRUNING, course / name / PRUNING)
    # What tells a full copy; the packages themselves are installed.
    for name in ("grader", "authoring"):
        (course / name).mkdir()
    path = course / "exercises" / PRUNING / f"{PRUNING}.ipynb"
    right = solutions(PRUNING)
    answers = {"left": right["left"], "row_mask": "def row_mask(w, share): return w > share"}
    solve(path, {**answers, "why": "Because the mask is still there."})
    open_notebook(page, lab, path)
    choose(page, "Run", "runmenu:run-all")
    panel = page.locator("section.fb")
    panel.get_by_role("button", name="Mark it").click(timeout=2 * MINUTE)
    expect(panel.get_by_text("✓ 1 · What is left? – 2 of 2.")).to_be_visible(timeout=2 * MINUTE)
    expect(panel.get_by_text("✗ 2 · The same share in every row – 0 of 3.")).to_be_visible()
    frame = panel.frame_locator("iframe")
    expect(frame.get_by_text("of 22 points").first).to_be_visible(timeout=MINUTE)
    panel.scroll_into_view_if_needed()
    page.wait_for_timeout(1000)
    shoot(page, "marked")
    button = panel.get_by_role("button", name="Model answer: 8 · A claim")
    # JupyterLab goes on scrolling after the button is there.
    button.scroll_into_view_if_needed()
    page.wait_for_timeout(1000)
    button.click()
    expect(panel.get_by_text("The masks are still attached.")).to_be_visible(timeout=MINUTE)
    shoot(page, "model_answer")


def test_a_learners_lab_has_no_tools_of_teachers(page: Page, lab: Lab) -> None:
    page.goto(lab.tree("notebooks/start.ipynb"))
    expect(page.get_by_role("button", name="Validate")).to_be_visible(timeout=MINUTE)
    for text in ("Create Assignment", "Nbgrader", "Formgrader"):
        expect(page.get_by_text(text, exact=True)).to_have_count(0)
    assert page.request.get(f"{lab.url}formgrader").status == 404


def test_formgrader_shows_the_course(
    browser: Browser, lab: Lab, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = tmp_path_factory.mktemp("teacher")
    with serve(lab.folder, home, for_teachers=True) as own, visit(browser, own) as page:
        page.goto(f"{own.url}formgrader")
        expect(page.get_by_role("link", name=LESSONS[-1])).to_be_visible(timeout=MINUTE)
        shoot(page, "formgrader")
