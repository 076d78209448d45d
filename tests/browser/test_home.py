"""The start page, the deck of all lessons, and a session of practice, in a real JupyterLab.

By keyboard alone: focus is in sight after each press, and what is new is announced.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from coursekit.desk.workspace import fill
from coursekit.learn.progress.store import Attempt, Guess, Review, Star, Store
from coursekit.learn.questions.find import bank_of
from coursekit.learn.questions.schema import Card, Choice, Practice
from coursekit.learn.widgets.modes.practice import ORDER
from tests.browser.lab import (
    MINUTE,
    ROOT,
    Lab,
    choose,
    open_notebook,
    serve,
    shoot,
    visit,
    wait_for_kernel,
    write_lesson,
)

pytestmark = pytest.mark.thorough

SEVEN, FIRST = bank_of("07"), bank_of("00")
PROBLEMS = sorted(SEVEN.of(Practice), key=lambda one: ORDER.index(one.level))
# The first of them with numbers to draw.
FRESH = next(n for n, problem in enumerate(PROBLEMS) if problem.fresh)


# What a theme can break is colours, and a width the layout: each of them once.
WIDTHS = {"Light": 1280, "Dark": 400}


@pytest.fixture(scope="module", params=WIDTHS)
def theme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def width(theme: str) -> int:
    return WIDTHS[theme]


@pytest.fixture(scope="module")
def own(theme: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace as `coursekit lab` fills it, of somebody who was there nine days ago."""
    course = tmp_path_factory.mktemp("course")
    for name in ("notebooks", "exercises"):
        shutil.copytree(ROOT / name, course / name)
    own = course / "workspace"
    own.mkdir()
    then = datetime.now(UTC) - timedelta(days=9)
    store = Store(own / "progress.sqlite")
    for bank in (SEVEN, FIRST):
        cards = bank.of(Card)[:2]
        store.record(*(Review(lesson=bank.name, card=c.id, rating=3, at=then) for c in cards))
    wrong = bank_of("07").of(Choice)[0]
    store.record(
        Attempt(
            lesson=SEVEN.name, question=wrong.id, mode="choice", answer=[0], right=False, at=then
        ),
        Guess(lesson=SEVEN.name, question="20% pruned twice: share of zeros", guess=1.0),
    )
    fill(course, own)
    return own


@pytest.fixture(scope="module")
def lab(own: Path, theme: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    home = tmp_path_factory.mktemp("home")
    settings = home / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    chosen = json.dumps({"theme": f"JupyterLab {theme}"})
    (settings / "themes.jupyterlab-settings").write_text(chosen)
    with serve(own, home) as lab:
        yield lab


@pytest.fixture
def page(browser: Browser, lab: Lab) -> Iterator[Page]:
    with visit(browser, lab) as page:
        yield page


def in_sight(page: Page, node: Locator) -> bool:
    """Whether what has the focus lies in the window, and where the notebook shows it."""
    page.wait_for_timeout(300)
    return node.evaluate(
        """node => {
            const box = node.getBoundingClientRect();
            const there = document.elementFromPoint(box.x + 5, box.y + Math.min(5, box.height / 2));
            return box.height > 0 && (node === there || node.contains(there));
        }"""
    )


def widget(page: Page, title: str) -> Locator:
    return page.locator(f".fb[aria-label^='{title}']")


def test_the_start_page_is_the_home(page: Page, lab: Lab, theme: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(lab.tree("notebooks/start.ipynb"))
    way = page.get_by_role("heading", name="Continue: 07 · Unstructured pruning, part 2")
    expect(way).to_be_visible(timeout=MINUTE)
    if width < 500:
        page.keyboard.press("Control+b")
        page.wait_for_timeout(1000)
    # Markdown alone: a kernel has nothing to say on it.
    expect(page.locator(".jp-CodeCell")).to_have_count(0)
    pictures = page.locator(".jp-RenderedMarkdown img")
    expect(pictures).to_have_count(2)
    for picture, alt in zip(pictures.all(), ("784 weights", "177 by 177"), strict=True):
        assert alt in (picture.get_attribute("alt") or "")
        assert picture.evaluate("image => image.complete && image.naturalWidth > 0")
    tab = page.locator(".lm-DockPanel-tabBar .lm-TabBar-tab.lm-mod-current")
    expect(tab).not_to_have_class(re.compile("jp-mod-dirty"))
    # One way first, what is due second, and the map before anything else that is a link.
    links = page.locator(".jp-RenderedMarkdown a:not(.jp-InternalAnchorLink)").all_inner_texts()
    assert links[0].startswith("07 · Unstructured pruning, part ")
    assert links[1:4] == [
        "exercise 07",
        "4 cards are due and 1 question is to be tried again",
        "00 · The pipeline, end to end",
    ]
    rows = page.locator(".jp-RenderedMarkdown table tbody tr")
    expect(rows).to_have_count(16 + 4)
    there = len(list((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb")))
    expect(rows.filter(has_text="to come")).to_have_count(16 - there)
    expect(rows.filter(has_text="07 · Unstructured pruning")).to_contain_text("begun")
    expect(rows.filter(has_text="10 · Trade-offs")).to_contain_text("02, 07")
    if width > 500:
        box = way.bounding_box()
        assert box is not None
        assert box["y"] < 900, "what to do now is out of sight"
    table = page.locator(".jp-RenderedMarkdown table")
    fits = table.evaluate(
        "table => table.getBoundingClientRect().right <= "
        "table.closest('.jp-RenderedMarkdown').getBoundingClientRect().right + 1"
    )
    assert fits, "the map is cut off"
    found = Axe().run(page, context=".jp-RenderedMarkdown").response["violations"]
    assert not found, [(one["id"], one["nodes"][0]["html"][:200]) for one in found]
    shoot(page, f"home_{theme.lower()}_{width}")
    rows.first.scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    shoot(page, f"home_map_{theme.lower()}_{width}")


def test_one_deck_by_keyboard(page: Page, lab: Lab, own: Path, theme: str) -> None:
    open_notebook(page, lab, own / "notebooks" / "review.ipynb")
    choose(page, "Run", "runmenu:run-all")
    deck = widget(page, "Cards that are due")
    expect(deck).to_contain_text("0 of ", timeout=2 * MINUTE)
    wait_for_kernel(page)
    show = deck.get_by_role("button", name="Show the answer")
    show.focus()
    assert in_sight(page, show)
    front = deck.locator("[data-key=front]").inner_text()
    page.keyboard.press("Enter")
    answer = deck.locator("[data-key=answer]")
    expect(answer).to_be_focused()
    assert in_sight(page, answer)
    rates = deck.get_by_role("button").all_inner_texts()
    assert rates[0] == "1 Forgotten · this round"
    assert all(" · " in rate for rate in rates[:4]), rates
    before = len(Store(own / "progress.sqlite").events(Review))
    shoot(page, f"deck_{theme.lower()}")
    page.keyboard.press("4")
    expect(deck.locator("[data-key=front]")).not_to_have_text(front)
    expect(deck.locator("[data-key=front]")).to_be_focused()
    assert len(Store(own / "progress.sqlite").events(Review)) == before + 1

    page.keyboard.press("u")
    expect(deck.locator(".fb-say")).to_have_text("Taken back: Easy. How well did you know it?")
    expect(deck.locator("[data-key=front]")).to_have_text(front)
    expect(answer).to_be_focused()
    assert in_sight(page, answer)
    assert len(Store(own / "progress.sqlite").events(Review)) == before

    # What was wrong nine days ago is asked again.
    again = widget(page, "What was wrong, again")
    expect(again).to_contain_text("question 1 of 1")
    option = again.get_by_role("radio").first
    option.focus()
    page.keyboard.press("Space")
    page.keyboard.press("Control+Enter")
    expect(again.locator(".fb-say")).to_have_text(re.compile("✓ Correct|✗ Incorrect"))
    following = again.get_by_role("button", name="Next")
    expect(following).to_be_focused()
    assert in_sight(page, following)
    shoot(page, f"again_{theme.lower()}")
    # The cards as a file for Anki.
    with page.expect_download() as download:
        deck.get_by_role("button", name="All cards for Anki").press("Enter")
    assert download.value.path().read_text(encoding="utf-8").startswith("#separator:tab")
    expect(deck.locator(".fb-say")).to_contain_text("In Anki: File → Import.")


def test_practice_by_keyboard(page: Page, lab: Lab, theme: str, width: int) -> None:
    path = write_lesson(
        lab,
        f"practice-{theme}-{width}",
        ["from coursekit.learn.widgets import practice", 'practice("07")'],
    )
    page.set_viewport_size({"width": width, "height": 900})
    open_notebook(page, lab, path)
    if width < 500:
        page.keyboard.press("Control+b")
    choose(page, "Run", "runmenu:run-all")
    problem = widget(page, "Practice")
    expect(problem).to_be_visible(timeout=MINUTE)
    wait_for_kernel(page)
    problem.get_by_label("Go to").select_option(str(FRESH))
    place = problem.locator("[data-key=place]")
    expect(place).to_contain_text(f"problem {FRESH + 1} of")
    prompt = problem.locator("[data-key=prompt]")
    printed = prompt.inner_text()

    # Other numbers, by a key; focus goes to the problem, which is read out so.
    problem.get_by_role("button", name="Other numbers").focus()
    page.keyboard.press("Enter")
    expect(problem.locator(".fb-say")).to_have_text("The same problem, with other numbers.")
    expect(prompt).not_to_have_text(printed)
    expect(prompt).to_be_focused()
    assert in_sight(page, prompt)
    page.keyboard.press("s")
    expect(problem.get_by_role("button", name="★ Starred")).to_be_focused()
    expect(problem.locator(".fb-say")).to_have_text("It has a star now.")
    store = Store(path.parents[1] / "progress.sqlite")
    assert [star.question for star in store.events(Star)] == [PROBLEMS[FRESH].id]

    # To another problem: focus stays on the list, and the problem is read out.
    going = problem.get_by_label("Go to")
    going.focus()
    page.keyboard.press("ArrowDown")
    expect(place).to_contain_text(f"problem {FRESH + 2} of")
    expect(problem.get_by_label("Go to")).to_be_focused()
    assert in_sight(page, problem.get_by_label("Go to"))
    expect(problem.locator(".fb-aloud")).not_to_be_empty()

    # Only what has a star: the first one again.
    problem.get_by_label("Show").focus()
    for _ in range(2):
        page.keyboard.press("ArrowDown")
        page.wait_for_timeout(700)
    expect(problem.locator(".fb-say")).to_have_text("Shown now: only starred ones, 1.")
    expect(place).to_contain_text("problem 1 of 1")
    expect(problem.get_by_label("Show")).to_be_focused()
    shoot(page, f"practice_{theme.lower()}_{width}")

    # Nothing was wrong three days ago: said, and the list goes back to what is shown.
    page.keyboard.press("ArrowDown")
    expect(problem.locator(".fb-say")).to_have_text("Nothing was wrong three days ago or before.")
    expect(problem.get_by_label("Show")).to_have_value("2")
    assert problem.evaluate("root => root.scrollWidth <= root.clientWidth + 1")
    place.scroll_into_view_if_needed()
    shoot(page, f"practice_top_{theme.lower()}_{width}")


@pytest.mark.parametrize("theme", ["Light"], indirect=True)
def test_what_was_done_since_the_start_page_was_opened_shows_after_f5(
    page: Page, lab: Lab, own: Path
) -> None:
    page.goto(lab.tree("notebooks/start.ipynb"))
    expect(page.get_by_role("heading", name="Continue: 07")).to_be_visible(timeout=MINUTE)
    # The page can't know of it, and says so where it says what to do.
    expect(page.locator("em", has_text="shows here once you press F5")).to_be_visible()
    done = FIRST.of(Choice)[0]
    Store(own / "progress.sqlite").record(
        Attempt(lesson=FIRST.name, question=done.id, mode="choice", answer=[0], right=True)
    )
    page.reload()
    expect(page.get_by_role("heading", name="Continue: 00")).to_be_visible(timeout=MINUTE)
    # JupyterLab can't be ended while a kernel starts.
    wait_for_kernel(page)
