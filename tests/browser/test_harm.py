"""A progress file that comes to harm, two tabs, and two notebooks, in a real JupyterLab.

No answer is lost, none is kept twice, and what is not saved is said where the answer is shown.
"""

from __future__ import annotations

import os
import resource
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from coursekit.learn.progress.store import Attempt, Response, Review, Store
from coursekit.learn.questions.find import bank_of
from coursekit.learn.questions.schema import Choice
from coursekit.learn.widgets.modes.quiz import order_of
from tests.browser.lab import (
    MINUTE,
    Lab,
    choose,
    open_notebook,
    save,
    wait_for_kernel,
    write_lesson,
)

pytestmark = pytest.mark.thorough

FIRST = bank_of("07").of(Choice)[0]
# The places of its wrong options on the screen, of which each answer is kept.
WRONG = [n for n, at in enumerate(order_of(FIRST.id, FIRST.options)) if not FIRST.options[at].right]
BEGIN = """\
import os
os.environ["COURSE_PROGRESS"] = {progress!r}
from coursekit.learn.widgets import *
with open("pid", "w") as file:
    file.write(str(os.getpid()))
"""
# To root no file is read-only, so root steps down to nobody meanwhile.
STEP_DOWN, STEP_UP = "os.geteuid() or os.seteuid(65534)", "os.getuid() or os.seteuid(0)"


@pytest.fixture
def progress() -> Iterator[Path]:
    """The file, in no folder of pytest's: those nobody but their owner may enter."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name, "progress.sqlite")


@contextmanager
def full(pid: int) -> Iterator[None]:
    """A disk on which a process can write no byte more."""
    limits = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, limits[1]))
    yield
    resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)


def widget(page: Page, title: str) -> Locator:
    return page.locator(f".fb[aria-label^='{title}']")


def run_cell(page: Page, number: int) -> None:
    page.locator(".jp-CodeCell").nth(number).locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    wait_for_kernel(page)


def run_all(page: Page, last: str) -> None:
    choose(page, "Run", "runmenu:run-all")
    expect(widget(page, last)).to_be_visible(timeout=MINUTE)
    wait_for_kernel(page)


def until(page: Page, so: Callable[[], bool]) -> None:
    """Waits a minute at most until it is so."""
    for _ in range(MINUTE // 50):
        if so():
            return
        page.wait_for_timeout(50)


def test_what_is_not_saved_is_said_beside_the_answer_and_kept(
    page: Page, lab: Lab, progress: Path
) -> None:
    begin = BEGIN.format(progress=str(progress))
    notebook = write_lesson(lab, "harm", (begin, 'quiz("07")', STEP_DOWN, STEP_UP))
    open_notebook(page, lab, notebook)
    run_cell(page, 0)
    run_cell(page, 1)
    quiz = widget(page, "Quiz")
    trouble, answers = quiz.get_by_role("alert"), 0

    def answer(said: str) -> None:
        """Answers wrong, another way than before, and waits for what is said of saving it."""
        nonlocal answers
        answers += 1
        quiz.get_by_role("radio").nth(WRONG[answers % 2]).check()
        quiz.get_by_role("button", name="Check").click()
        expect(quiz.locator(".fb-wrong")).to_have_count(1)
        expect(trouble).to_contain_text(said) if said else expect(trouble).to_be_empty()
        if said:
            expect(trouble).to_be_in_viewport()

    def kept() -> int:
        return len(Store(progress).events(Attempt))

    answer("")
    assert kept() == 1

    # A full disk: said as long as it is so, and saved as soon as there is room.
    with full(int(notebook.with_name("pid").read_text())):
        answer("What you do is not saved")
        answer("What you do is not saved")
        assert kept() == 1
    answer("")
    assert kept() == 4

    # Read-only.
    progress.chmod(0o444)
    progress.parent.chmod(0o555)
    run_cell(page, 2)
    answer("What you do is not saved")
    assert kept() == 4
    run_cell(page, 3)
    progress.parent.chmod(0o755)
    progress.chmod(0o644)
    answer("")
    assert kept() == 6

    # Garbage is put aside; what is gone is gone, and said.
    progress.write_bytes(b"no database " * 400)
    answer("a new one is begun")
    [aside] = progress.parent.glob("progress.sqlite.broken-*")
    expect(trouble).to_contain_text(aside.name)
    answer("")
    assert kept() == 2
    progress.unlink()
    answer("is gone")
    answer("")
    assert kept() == 2


def test_two_tabs_and_two_notebooks_lose_nothing_and_keep_nothing_twice(
    page: Page, lab: Lab
) -> None:
    cells = ("from coursekit.learn.widgets import *", 'quiz("07")', 'cards("07")', 'respond("07")')
    notebook = write_lesson(lab, "tabs", cells)
    store = Store(notebook.parents[1] / "progress.sqlite")
    open_notebook(page, lab, notebook)
    run_all(page, "In your own words")
    quiz = widget(page, "Quiz")
    quiz.get_by_role("radio").nth(WRONG[0]).check()
    widget(page, "In your own words").get_by_role("textbox").fill("Zeros are multiplied.")

    save(page)

    # The same notebook in another tab: the same question, and what was typed here.
    tab = page.context.new_page()
    open_notebook(tab, lab, notebook)
    there = widget(tab, "Quiz")
    expect(there.get_by_role("radio").nth(WRONG[0])).to_be_checked(timeout=MINUTE)
    there.get_by_role("button", name="Next").click()
    expect(quiz).to_contain_text("question 2 of")
    quiz.get_by_role("button", name="Back").click()
    expect(there).to_contain_text("question 1 of")
    # Chosen and not sent when the other tab turned the page.
    expect(quiz.get_by_role("radio").nth(WRONG[0])).to_be_checked()
    quiz.get_by_role("button", name="Check").click()
    expect(there.locator(".fb-say")).to_contain_text("Incorrect")
    there.get_by_role("radio").nth(WRONG[1]).check()
    there.get_by_role("button", name="Check").click()
    expect(quiz.get_by_role("radio").nth(WRONG[1])).to_be_checked()
    expect(quiz.locator(".fb-wrong")).to_have_count(1)
    words = widget(tab, "In your own words")
    expect(words.get_by_role("textbox")).to_have_value("Zeros are multiplied.")
    words.get_by_role("button", name="Read it").click()
    expect(widget(page, "In your own words")).to_contain_text("You got ")
    widget(page, "Cards").get_by_role("button", name="Show the answer").click()
    widget(tab, "Cards").get_by_role("button", name="Known").click()
    expect(widget(page, "Cards").get_by_role("button", name="Show the answer")).to_be_visible()
    assert (len(store.events(Attempt)), len(store.events(Response))) == (2, 1)
    assert len(store.events(Review)) == 1

    # Another notebook, with a kernel of its own, begins where this one is.
    other = notebook.with_name("other.ipynb")
    shutil.copy2(notebook, other)
    open_notebook(tab, lab, other)
    run_all(tab, "In your own words")
    expect(there.locator(".fb-wrong")).to_have_count(1)
    # "Incorrect" stands there already, so what shows that an answer came is the file.
    for kept, (one, where) in enumerate(((there, tab), (quiz, page)), start=3):
        one.get_by_role("radio").nth(WRONG[0]).check()
        one.get_by_role("button", name="Check").click()
        until(where, lambda kept=kept: len(store.events(Attempt)) >= kept)
        expect(one.locator(".fb-say")).to_contain_text("Incorrect")
        assert len(store.events(Attempt)) == kept
    assert os.listdir(notebook.parents[1]).count("progress.sqlite") == 1
