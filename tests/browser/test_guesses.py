"""Guesses in a real JupyterLab: typed by keyboard, noted, and set beside what came out."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from coursekit.learn.progress.store import Guess, Outcome, Store
from tests.browser.lab import (
    MINUTE,
    Lab,
    choose,
    open_notebook,
    shoot,
    wait_for_kernel,
    write_lesson,
)

pytestmark = pytest.mark.thorough

CELLS = (
    "from coursekit import guess, guesses, mark_guess, reveal\nfrom coursekit.pictures import plot",
    'guess("Size of the file", unit="× the dense one")',
    """\
fig, ax = plot.figure(height=2)
plot.bars(ax, ["dense", "zeros"], [1, 1.996])
mark_guess(ax, "Size of the file", axis="x")
print(len(ax.lines), "line,", ax.texts[-1].get_text())
plot.show(fig, alt="two bars")
reveal("Size of the file", 1.996)""",
    'guess("Accuracy", unit="%", low=0, high=100)',
    'guess("Which?", choices=["one", "two", "three"])',
    'reveal("Accuracy", 50)\nreveal("Which?", "three")',
    "guesses()",
)


@pytest.fixture
def notebook(lab: Lab, request: pytest.FixtureRequest) -> Path:
    """A lesson with three guesses, in a course folder and a progress file of its own."""
    return write_lesson(lab, request.node.name, CELLS)


def progress_of(notebook: Path) -> Store:
    return Store(notebook.parents[1] / "progress.sqlite")


def asked(page: Page, question: str) -> Locator:
    return page.locator(f".fb[aria-label='Your guess: {question}']")


def output(page: Page, number: int) -> Locator:
    """What stands below the cell of this number."""
    return page.locator(".jp-CodeCell").nth(number).locator(".jp-Cell-outputWrapper")


def test_typed_by_keyboard_and_set_beside_what_came_out(
    page: Page, lab: Lab, notebook: Path
) -> None:
    open_notebook(page, lab, notebook)
    page.locator(".jp-CodeCell").first.locator(".cm-content").click()
    press = page.keyboard.press
    press("Shift+Enter")
    press("Shift+Enter")
    size = asked(page, "Size of the file")
    expect(size.get_by_role("textbox")).to_be_visible(timeout=MINUTE)

    # Back from the next cell, over the button; then Enter leads on to that cell again.
    press("Shift+Tab")
    press("Shift+Tab")
    expect(size.get_by_role("textbox")).to_be_focused()
    page.keyboard.type("½")
    press("Enter")
    expect(size.locator(".fb-say")).to_have_text("Type a number, such as 2, 0.5 or 1,000.")
    press("Backspace")
    page.keyboard.type("2.0")
    press("Enter")
    expect(size.locator(".fb-say")).to_have_text("Noted: 2 × the dense one. Run the next cell.")
    expect(page.locator(".jp-CodeCell").nth(2)).to_be_focused()
    press("Shift+Enter")
    answer = output(page, 2)
    expect(answer).to_contain_text("1 line, your guess", timeout=MINUTE)
    line = "You guessed 2 for “Size of the file”. It is 1.996 × the dense one: within 1%."
    expect(answer).to_contain_text(line)
    shoot(page, "guess-and-mark")

    # The field is locked, and shows both.
    expect(size.get_by_role("textbox")).to_be_disabled()
    expect(size).to_contain_text("It is 1.996 × the dense one: within 1%.")

    # The slider takes its arrow keys, and JupyterLab none of them.
    press("Shift+Enter")
    accuracy = asked(page, "Accuracy")
    slider = accuracy.get_by_role("slider")
    expect(slider).to_be_visible(timeout=MINUTE)
    slider.focus()
    press("ArrowRight")
    press("ArrowUp")
    expect(accuracy.get_by_role("textbox")).to_have_value("2")
    press("End")
    expect(accuracy.locator(".fb-say")).to_have_text("Noted: 100%. Run the next cell.")
    # Typed, and gone on to the next cell without Enter.
    accuracy.get_by_role("textbox").fill("97.5")
    page.locator(".jp-CodeCell").nth(4).locator(".cm-content").click()
    expect(accuracy.locator(".fb-say")).to_have_text("Noted: 97.5%. Run the next cell.")

    # A choice, by its own name and with arrow keys: all ids of a notebook differ.
    press("Shift+Enter")
    which = asked(page, "Which?")
    which.get_by_label("one").focus()
    press("Space")
    press("ArrowDown")
    expect(which.locator(".fb-say")).to_have_text("Noted: “two”. Run the next cell.")
    page.locator(".jp-CodeCell").nth(5).locator(".cm-content").click()
    press("Shift+Enter")
    expect(output(page, 5)).to_contain_text("It is 50%: 48 points too high.", timeout=MINUTE)
    expect(output(page, 5)).to_contain_text("You guessed “two” for “Which?”")
    press("Shift+Enter")
    expect(output(page, 6)).to_contain_text("1 of 2 within a factor of 1.5, 0 of 1 choices right.")

    store = progress_of(notebook)
    kept = {event.question: event.guess for event in store.events(Guess)}
    assert kept == {"Size of the file": 2.0, "Accuracy": 97.5, "Which?": "two"}
    assert len(store.events(Outcome)) == 3

    # Another day: the guess stands in the field, open until the result comes out.
    choose(page, "Kernel", "kernelmenu:restart-and-clear")
    page.locator(".jp-Dialog .jp-mod-accept").click()
    expect(size).to_have_count(0, timeout=MINUTE)
    wait_for_kernel(page)
    page.locator(".jp-CodeCell").first.locator(".cm-content").click()
    press("Shift+Enter")
    press("Shift+Enter")
    expect(size.get_by_role("textbox")).to_have_value("2", timeout=MINUTE)
    expect(size.get_by_role("textbox")).to_be_enabled()


def test_run_all_without_a_guess_runs_through_and_says_so(
    page: Page, lab: Lab, notebook: Path
) -> None:
    open_notebook(page, lab, notebook)
    choose(page, "Run", "runmenu:run-all")
    answer = output(page, 2)
    expect(answer).to_contain_text(
        "You made no guess for “Size of the file”. It is 1.996 × the dense one.", timeout=MINUTE
    )
    expect(answer).to_contain_text("0 line")
    expect(output(page, 6)).to_contain_text("No guess of yours can be set", timeout=MINUTE)
    expect(asked(page, "Which?").get_by_label("one")).to_be_disabled()
    expect(asked(page, "Which?")).to_contain_text("You made no guess. It is “three”.")
    assert progress_of(notebook).events(Guess) == []
    assert page.locator(".jp-RenderedText[data-mime-type*=error]").count() == 0
