"""Widgets in a real JupyterLab: pressed and typed, after a reload, and after a restart."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from coursekit.learn.progress.exercise_marks import read_exercise
from coursekit.learn.progress.store import Attempt, Response, Review, Store
from coursekit.learn.questions.find import bank_of
from coursekit.learn.questions.schema import Card, Choice, Trace
from coursekit.learn.traces import load_trace
from tests.browser.lab import (
    MINUTE,
    ROOT,
    Lab,
    choose,
    open_notebook,
    save,
    shoot,
    visit,
    wait_for_kernel,
    write_lesson,
)

pytestmark = pytest.mark.thorough

CELLS = (
    "from coursekit.learn.widgets import *",
    'cards("07")',
    'quiz("07")',
    'respond("07")',
    'practice("07")',
    'pattern_test("pruning")',
    'trace("00")',
    "progress()",
)
CHOICES = len(bank_of("07").of(Choice))
CARDS = len(bank_of("07").of(Card))
TRACE = bank_of("07").of(Trace)[0].trace
FIRST_ANSWER = """
def prune_layer(layer, share):
    prune.l1_unstructured(layer, "weight", amount=share)
    return int((layer.weight != 0).sum())


left = prune_layer(nn.Linear(100, 50), 0.2)
"""
# JupyterLab says these itself, whatever is shown.
ITS_OWN = re.compile(
    r"favicon|404|collaboration|ResizeObserver|Could not restore the debugger state"
)


@pytest.fixture
def notebook(lab: Lab, request: pytest.FixtureRequest) -> Path:
    """A notebook with a cell for each widget, in a course folder and a progress file of its own."""
    return write_lesson(lab, request.node.name, CELLS)


def run_all(page: Page) -> None:
    choose(page, "Run", "runmenu:run-all")
    expect(widget(page, "Your progress")).to_be_visible(timeout=3 * MINUTE)
    wait_for_kernel(page)


def practise(page: Page) -> None:
    """Runs a lesson's cells from its cards on."""
    first = page.locator(".jp-CodeCell", has_text='cards("07")')
    expect(first).to_be_attached(timeout=MINUTE)
    first.scroll_into_view_if_needed(timeout=MINUTE)
    first.locator(".cm-content").click()
    choose(page, "Run", "notebook:run-all-below")
    expect(widget(page, "Your progress")).to_be_visible(timeout=MINUTE)


def widget(page: Page, title: str):
    return page.locator(f".fb[aria-label^='{title}']")


def progress_of(notebook: Path) -> Store:
    return Store(notebook.parents[1] / "progress.sqlite")


def test_pressed_typed_reloaded_and_restarted(page: Page, lab: Lab, notebook: Path) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on(
        "console",
        lambda said: (
            errors.append(said.text)
            if said.type == "error" and not ITS_OWN.search(said.text)
            else None
        ),
    )
    open_notebook(page, lab, notebook)
    run_all(page)

    # Cards, by keyboard: JupyterLab takes none of these keys for itself.
    deck = widget(page, "Cards")
    deck.get_by_role("button", name="Show the answer").focus()
    page.keyboard.press("Space")
    expect(deck.locator(".fb-say")).to_have_text("How well did you know it?")
    page.keyboard.press("3")
    expect(deck).to_contain_text(f"1 of {CARDS}")
    front = deck.locator("[data-key=front]")
    card = front.inner_text()
    page.keyboard.press("ArrowRight")
    # A key counts for the card that is on the screen when it is pressed.
    expect(front).not_to_have_text(card)
    page.keyboard.press("ArrowDown")
    expect(deck.locator("[data-key=answer]")).to_be_focused()

    # The quiz, by mouse.
    quiz = widget(page, "Quiz")
    quiz.get_by_label("Those whose magnitude is below 0.3").check()
    quiz.get_by_role("button", name="Check").click()
    expect(quiz).to_contain_text("✗ Incorrect.")
    quiz.get_by_label("The 30% that are smallest in magnitude").check()
    quiz.get_by_role("button", name="Check").click()
    expect(quiz).to_contain_text(f"1 of {CHOICES} right")

    free = widget(page, "In your own words")
    free.get_by_role("textbox").click()
    page.keyboard.type("A dense kernel multiplies the zeros too. Remove whole rows instead.")
    free.get_by_role("button", name="Read it").click()
    expect(free).to_contain_text("You got ")

    problem = widget(page, "Practice")
    problem.get_by_role("button", name="Hint").click()
    expect(problem).to_contain_text("Hint.")

    strong = widget(page, "Pattern test")
    strong.get_by_role("radio").first.check()
    strong.get_by_role("button", name="Check").click()
    expect(strong).to_contain_text("1 of 10 answered")

    steps = widget(page, "Trace")
    steps.get_by_role("button", name="Next step").click()
    expect(steps).to_contain_text("step 1 of")

    store = progress_of(notebook)
    assert [review.rating for review in store.events(Review)] == [3]
    assert len(store.events(Response)) == 1
    modes = [attempt.mode for attempt in store.events(Attempt)]
    assert modes == ["choice", "choice", "pattern"]

    # The page again, with the same kernel: Python still knows, and answers.
    save(page)
    page.reload()
    expect(widget(page, "Quiz")).to_contain_text(f"1 of {CHOICES} right", timeout=MINUTE)
    widget(page, "Quiz").get_by_role("button", name="Next").click()
    expect(widget(page, "Quiz")).to_contain_text(f"question 2 of {CHOICES}")

    # Another kernel: once the cells have run, everything stands where it was.
    choose(page, "Kernel", "kernelmenu:restart-and-clear")
    page.locator(".jp-Dialog .jp-mod-accept").click()
    expect(widget(page, "Quiz")).to_have_count(0, timeout=MINUTE)
    run_all(page)
    expect(widget(page, "Quiz")).to_contain_text(f"1 of {CHOICES} right")
    expect(widget(page, "Quiz")).to_contain_text(f"question 2 of {CHOICES}")
    expect(widget(page, "Pattern test")).to_contain_text("1 of 10 answered")
    expect(widget(page, "Cards")).to_contain_text(f"0 of {CARDS - 1}")
    expect(widget(page, "Your progress")).to_contain_text(f"1/{CHOICES}")
    assert errors == []


def test_a_lesson_that_was_not_run_shows_its_questions(page: Page, lab: Lab) -> None:
    """As it is committed: nothing has run, and Jupyter does not trust it."""
    folder = lab.folder / "as-committed"
    folder.mkdir()
    path = folder / "07_unstructured_pruning.ipynb"
    shutil.copy2(ROOT / "notebooks" / path.name, path)
    open_notebook(page, lab, path)
    fold = page.locator("summary", has_text="What is a mask")
    expect(fold).to_be_attached(timeout=MINUTE)
    fold.scroll_into_view_if_needed()
    answer = page.get_by_text("A tensor of zeros and ones with the shape of the weights.")
    expect(answer).not_to_be_visible()
    fold.click()
    expect(answer).to_be_visible()
    shoot(page, "not-run")


def test_lesson_07_in_all_nine_modes_then_closed_and_gone_on_with(
    browser: Browser, lab: Lab
) -> None:
    """The lesson and its exercise as a learner has them. Its other cells run in nbval."""
    course = lab.folder / "my-course"
    lesson = course / "notebooks" / "07_unstructured_pruning.ipynb"
    exercise = course / "exercises" / lesson.stem / lesson.name
    for path in (lesson, exercise):
        path.parent.mkdir(parents=True)
        shutil.copy2(ROOT / path.relative_to(course), path)
    words = "A dense kernel multiplies the zeros too."

    with visit(browser, lab) as page:
        open_notebook(page, lab, lesson)
        practise(page)
        expect(page.get_by_role("heading", name="Cheat sheet")).to_be_attached()
        deck = widget(page, "Cards")
        deck.get_by_role("button", name="Show the answer").click()
        deck.get_by_role("button", name="3 Known").click()
        quiz = widget(page, "Quiz")
        quiz.get_by_label("The 30% that are smallest in magnitude").check()
        quiz.get_by_role("button", name="Check").click()
        expect(quiz).to_contain_text("✓ Correct")
        free = widget(page, "In your own words")
        free.get_by_role("textbox").fill(words)
        free.get_by_role("button", name="Read it").click()
        expect(free).to_contain_text("You got ")
        problem = widget(page, "Practice")
        problem.get_by_role("button", name="Show step 1").click()
        expect(problem).to_contain_text("Step 1.")
        strong = widget(page, "Pattern test")
        strong.get_by_role("radio").first.check()
        strong.get_by_role("button", name="Check").click()
        expect(strong).to_contain_text("1 of 10 answered")
        steps = widget(page, "Trace")
        for number in range(1, len(load_trace("07", TRACE).stages) + 1):
            steps.get_by_role("button", name="Next step").click()
            expect(steps).to_contain_text(f"step {number} of")
            if number == 1:
                steps.scroll_into_view_if_needed()
                page.wait_for_timeout(500)
                shoot(page, "practise")
        expect(steps).to_contain_text("Did you notice?")

    with visit(browser, lab) as page:
        open_notebook(page, lab, exercise)
        blank = page.locator(".jp-CodeCell", has_text="YOUR CODE HERE").first
        blank.locator(".cm-content").click()
        page.keyboard.press("Control+a")
        page.keyboard.insert_text(FIRST_ANSWER)
        choose(page, "Run", "runmenu:run-all")
        # The first item passes; the others are blank, and it goes on to the end all the same.
        expect(page.locator(".jp-RenderedText", has_text="Not done yet").first).to_be_attached(
            timeout=MINUTE
        )
        end = page.locator(".fb", has_text="Check what you can see")
        expect(end).to_contain_text("not done yet", timeout=MINUTE)
        save(page)
        choose(page, "Kernel", "kernelmenu:shutdownAll")
        page.locator(".jp-Dialog .jp-mod-accept").click()
        expect(page.get_by_role("button", name="No Kernel").first).to_be_visible(timeout=MINUTE)

    with visit(browser, lab) as page:
        open_notebook(page, lab, lesson)
        # Another day, another kernel: who only wants to practise need not run the lesson again.
        practise(page)
        expect(widget(page, "Cards")).to_contain_text(f"0 of {CARDS - 1}")
        quiz = widget(page, "Quiz")
        expect(quiz).to_contain_text(f"1 of {CHOICES} right")
        expect(quiz).to_contain_text(f"question 2 of {CHOICES}")
        free = widget(page, "In your own words")
        free.get_by_role("button", name="Back").click()
        expect(free.get_by_role("textbox")).to_have_value(words)
        expect(widget(page, "Pattern test")).to_contain_text("1 of 10 answered")
        row = widget(page, "Your progress").get_by_role("row", name="07")
        expect(row).to_contain_text(f"1/{CHOICES}")
        tested = len(read_exercise(course, lesson.stem))
        expect(row.get_by_role("cell").last).to_have_text(f"1/{tested}")
        quiz.get_by_role("button", name="Next").click()
        expect(quiz).to_contain_text(f"question 3 of {CHOICES}")
        row.scroll_into_view_if_needed()
        shoot(page, "nine-modes")
