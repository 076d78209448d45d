"""What a learner did survives a busy kernel, a restart, a reload, and the next day.

All in one real JupyterLab and one notebook, in the order in which it happens to people.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from coursekit.desk.workspace import without_outputs
from coursekit.learn.progress.store import Attempt, Response, Store
from coursekit.learn.questions.find import bank_of
from coursekit.learn.questions.schema import Choice
from tests.browser.lab import (
    MINUTE,
    ROOT,
    Lab,
    choose,
    open_notebook,
    save,
    shoot,
    wait_for_kernel,
    write_lesson,
)
from tests.browser.reader import Reader

pytestmark = pytest.mark.thorough

CELLS = (
    "import os, time\nfrom coursekit.learn.widgets import *",
    'quiz("07")',
    'quiz("08")',
    'respond("07")',
    'practice("07")',
    'pattern_test("pruning")',
    'trace("00")',
    'cards("07")',
    "entry_check()",
    'cheat_sheet("07")',
    "from coursekit.pictures import plot\n"
    "from coursekit.learn.explore import explore\n"
    "def draw(bits):\n"
    "    fig, ax = plot.figure(height=2)\n"
    "    return fig\n"
    'explore(draw, alt="An empty plot.", bits=[2, 3])',
    "progress()",
    # Long when the test says so.
    'time.sleep(20 if os.path.exists("busy") else 0)\nprint("ran")',
)
WIDGETS = 11
FIRST = bank_of("07").of(Choice)[0].id
DRAFT = "A draft that was not sent."
GONE = "was stopped or restarted"


@pytest.fixture
def notebook(lab: Lab) -> Path:
    path = write_lesson(lab, "survival", CELLS)
    there = path.with_name("08_structured_pruning.ipynb")
    there.write_text(without_outputs(ROOT / "notebooks" / there.name), encoding="utf-8")
    return path


def widget(page: Page, title: str) -> Locator:
    return page.locator(f".fb[aria-label^='{title}']")


def cell(page: Page, number: int) -> Locator:
    return page.locator(".jp-CodeCell").nth(number)


def run_all(page: Page) -> None:
    choose(page, "Run", "runmenu:run-all")
    expect(cell(page, len(CELLS) - 1)).to_contain_text("ran", timeout=MINUTE)
    expect(widget(page, "Trace")).to_be_visible(timeout=MINUTE)
    wait_for_kernel(page)


def press_in_each_mode(page: Page, reader: Reader) -> None:
    """Presses something in each widget of a kernel that is gone."""
    pressed = 0
    for one in page.locator(".fb").all():
        buttons = one.locator("button:enabled")
        slider = one.get_by_role("slider")
        if not buttons.count() and not slider.count():
            # A cheat sheet.
            continue
        reader.heard()
        if buttons.count():
            buttons.first.click()
        else:
            slider.press("ArrowRight")
        pressed += 1
        assert [GONE in said for said in reader.heard()] == [True], one.get_attribute("aria-label")
    assert pressed == WIDGETS - 1


def test_practice_survives_and_comes_back(page: Page, lab: Lab, notebook: Path) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    store = Store(notebook.parents[1] / "progress.sqlite")
    press = page.keyboard.press
    open_notebook(page, lab, notebook)
    run_all(page)
    seven, eight = widget(page, "Quiz · 07"), widget(page, "Quiz · 08")
    free = widget(page, "In your own words")

    # Two of a kind, and all on one page: no two ids are the same, each field has its own name.
    ids = page.evaluate("[...document.querySelectorAll('.fb [id]')].map((node) => node.id)")
    assert len(ids) == len(set(ids)) > 0
    assert free.get_by_role("textbox", name="Your answer, in full sentences").count() == 1

    # Control+Z undoes what was typed, and not the code of the cell.
    cell(page, 3).locator(".cm-content").click()
    press("End")
    page.keyboard.type("  # my note")
    text = free.get_by_role("textbox")
    text.click()
    page.keyboard.type("one two")
    press("Control+z")
    expect(text).not_to_have_value("one two")
    expect(cell(page, 3).locator(".cm-content")).to_contain_text("# my note")

    # A ring that JupyterLab does not take away; Control+Enter runs no cell; Escape leads out.
    eight.get_by_role("radio").first.focus()
    press("Space")
    press("Control+Enter")
    expect(eight.locator(".fb-say")).to_contain_text("orrect")
    check = eight.get_by_role("button", name="Check")
    check.focus()
    press("Shift+Tab")
    press("Tab")
    assert check.evaluate("node => getComputedStyle(node).outline").endswith("solid 3px")
    press("Escape")
    expect(cell(page, 2)).to_be_focused()
    press("ArrowDown")
    expect(cell(page, 3)).to_be_focused()

    # A busy kernel: nothing is kept for a question that was not on the screen.
    before = len(store.events(Attempt))
    (notebook.parent / "busy").touch()
    last = cell(page, len(CELLS) - 1)
    last.locator(".cm-content").click()
    press("Control+Enter")
    seven.get_by_role("radio").nth(1).check()
    seven.get_by_role("button", name="Check").click()
    expect(seven.locator(".fb-say")).to_contain_text("on its way", timeout=8000)
    seven.get_by_role("button", name="Next").click()
    seven.get_by_role("radio").nth(2).check()
    seven.get_by_role("button", name="Check").click()
    expect(seven.locator(".fb-say")).to_contain_text("orrect", timeout=MINUTE)
    (notebook.parent / "busy").unlink()
    expect(seven).to_contain_text("question 1 of")
    expect(seven.get_by_role("radio").nth(2)).to_be_checked()
    [kept] = store.events(Attempt)[before:]
    assert kept.question == FIRST

    # Drafts, and the place, survive a reload with the same kernel.
    widget(page, "Trace").get_by_role("button", name="Next step").click()
    expect(widget(page, "Trace")).to_contain_text("step 1 of")
    text.fill(DRAFT)
    save(page)
    page.reload()
    expect(text).to_have_value(DRAFT, timeout=MINUTE)
    expect(free.locator(".fb-say")).to_contain_text("is back")
    expect(widget(page, "Trace")).to_contain_text("step 1 of")
    expect(seven.get_by_role("radio").nth(2)).to_be_checked()
    wait_for_kernel(page)

    # A link to a lesson opens it in a tab of the lab, at its section.
    tabs = page.locator(".lm-DockPanel-tabBar .lm-TabBar-tab")
    wrong = eight.get_by_text("To read again:")
    if not wrong.count():
        eight.get_by_role("radio").last.check()
        eight.get_by_role("button", name="Check").click()
    there = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
    section = there.get_by_role("heading", name="1 · ")
    # Right after a reload JupyterLab may go back to its first tab, and 08 opens behind it, where
    # nothing scrolls: then the link is pressed again, once 08 is there.
    for tries_left in reversed(range(12)):
        eight.get_by_role("link").last.click()
        tabs.filter(has_text="08_structured_pruning").click(timeout=MINUTE)
        wait_for_kernel(page)
        try:
            expect(section).to_be_in_viewport(timeout=5000)
            break
        except AssertionError:
            if not tries_left:
                raise
        tabs.first.click()
    shoot(page, "link")
    assert page.url.count("/lab/") == 1
    tabs.first.click()

    # Restarted: said at once, read out once, and by each press in each mode.
    reader = Reader(page)
    choose(page, "Kernel", "kernelmenu:restart")
    page.locator(".jp-Dialog .jp-mod-accept").click()
    expect(page.locator(".fb-say", has_text=GONE)).to_have_count(WIDGETS, timeout=MINUTE)
    assert [GONE in one for one in reader.heard()] == [True]
    press_in_each_mode(page, reader)
    expect(text).to_have_value(DRAFT)
    shoot(page, "restarted")
    run_all(page)
    expect(text).to_have_value(DRAFT)
    expect(widget(page, "Trace")).to_contain_text("step 1 of")
    # The first was right, so it goes on with the second.
    expect(seven).to_contain_text("question 2 of")

    # Shut down, too.
    save(page)
    choose(page, "Kernel", "kernelmenu:shutdown")
    expect(page.locator(".fb-say", has_text=GONE)).to_have_count(WIDGETS, timeout=MINUTE)
    press_in_each_mode(page, reader)

    assert errors == []

    # The next day: questions to read, and one line on how to go on; then all is as it was.
    for address in (
        lab.tree(str(notebook.relative_to(lab.folder))),
        f"{lab.url}notebooks/{notebook.relative_to(lab.folder)}",
    ):
        page.goto(address)
        outputs = page.locator(".jp-OutputArea-output")
        expect(outputs.get_by_text("Run this cell to answer here").first).to_be_visible(
            timeout=MINUTE
        )
        expect(page.get_by_text("model not found")).to_have_count(0)
        expect(page.locator(".fb")).to_have_count(0)
        fold = outputs.locator("summary", has_text="which is right, and why?").first
        reason = outputs.locator("details").first.locator("li").first
        expect(reason).to_be_hidden()
        fold.click()
        expect(reason).to_be_visible()
    # Notebook 7 has some of its own.
    errors.clear()
    open_notebook(page, lab, notebook)
    run_all(page)
    expect(text).to_have_value(DRAFT)
    free.get_by_role("button", name="Read it").click()
    expect(free).to_contain_text("You got ")
    assert [one.text for one in store.events(Response)] == [DRAFT]
    assert errors == []
