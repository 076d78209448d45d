"""The ways to learn on a page of the site: by the same Python, in the browser itself."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from html import unescape
from pathlib import Path
from urllib.parse import unquote

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from authoring.site.finish import place_of
from coursekit.learn.questions.find import bank_names, bank_of, where
from coursekit.learn.questions.schema import (
    Card,
    Choice,
    ChoiceAnswer,
    CodeAnswer,
    Free,
    NumberAnswer,
    Option,
    Practice,
    Trace,
)
from coursekit.learn.traces import load_trace
from coursekit.learn.widgets.modes.practice import ORDER
from coursekit.learn.widgets.text import to_html
from tests.browser.lab import SCREENSHOTS
from tests.browser.site import reader

pytestmark = pytest.mark.thorough

LESSON = "notebooks/07_unstructured_pruning.html"
REVIEW = "notebooks/review.html"
BANK = bank_of("07")
# What somebody who practises for the first time fetches, as servers pack it.
AT_MOST = 9_000_000
MINUTE = 60_000


def begun(page: Page, button: str) -> Locator:
    """A way to learn, begun by its button."""
    press = page.get_by_role("button", name=button, exact=True)
    place = page.locator(f".live[data-begin='{button}']")
    press.click()
    widget = place.locator(".fb")
    widget.wait_for(timeout=MINUTE)
    return widget


@pytest.fixture
def page(browser: Browser, site: str) -> Iterator[Page]:
    with reader(browser, site) as page:
        page.goto(site + LESSON)
        yield page


@pytest.fixture(scope="module")
def visitor(browser: Browser, site: str) -> Iterator[Page]:
    """One who takes one way to learn after the other: Python starts once for all of them."""
    with reader(browser, site) as page:
        page.goto(site + LESSON)
        yield page


def plain(markdown: str) -> str:
    """A text as it is seen, without its spaces: formulas have their own."""
    return re.sub(r"\s", "", unescape(re.sub(r"<[^>]*>", "", to_html(markdown, inline=True))))


def choose(widget: Locator, options: list[Option]) -> None:
    """Chooses what is right, by keyboard: the options are shuffled."""
    right = {plain(option.text) for option in options if option.right}
    for option in widget.locator(".fb-option").all():
        if re.sub(r"\s", "", option.inner_text()) in right:
            option.locator("input").focus()
            widget.page.keyboard.press("Space")


def press(widget: Locator, name: str) -> None:
    button = widget.get_by_role("button", name=name, exact=True)
    button.focus()
    widget.page.keyboard.press("Enter")


def test_a_quiz_is_taken_to_its_end_by_keyboard(visitor: Page) -> None:
    widget = begun(visitor, "Take the quiz here")
    questions = BANK.of(Choice)
    for number, question in enumerate(questions, 1):
        expect(widget).to_contain_text(f"question {number} of {len(questions)}")
        choose(widget, question.options)
        press(widget, "Check")
        expect(widget).to_contain_text(f"{number} of {len(questions)} right")
        press(widget, "Next")


def test_cards_are_turned_until_none_is_left(visitor: Page) -> None:
    widget = begun(visitor, "Turn cards here")
    cards = BANK.of(Card)
    for number in range(len(cards)):
        expect(widget).to_contain_text(f"{number} of ")
        press(widget, "Show the answer")
        widget.get_by_role("button", name=re.compile("^3 ")).click()
        if number + 1 < len(cards) and widget.get_by_text("Go on:").count():
            widget.get_by_text("Go on:").click()
    expect(widget).to_contain_text("Done:")


def test_what_was_written_in_ones_own_words_is_read(visitor: Page) -> None:
    widget = begun(visitor, "Write here")
    for number, question in enumerate(BANK.of(Free), 1):
        expect(widget).to_contain_text(f"question {number} of")
        widget.get_by_role("textbox").fill(question.answer)
        press(widget, "Read it")
        expect(widget).to_contain_text(f"You got {len(question.concepts)}/")
        press(widget, "Next")


def test_practice_is_solved_and_what_needs_pytorch_says_so(visitor: Page) -> None:
    widget = begun(visitor, "Solve them here")
    problems = sorted(BANK.of(Practice), key=lambda one: ORDER.index(one.level))
    for number, problem in enumerate(problems, 1):
        expect(widget).to_contain_text(f"problem {number} of {len(problems)}")
        match problem.answer:
            case NumberAnswer(number=right):
                widget.get_by_role("textbox").fill(repr(right))
            case ChoiceAnswer(options=options):
                choose(widget, options)
            case CodeAnswer(solution=solution):
                widget.get_by_role("textbox").fill(solution)
        press(widget, "Check")
        expect(widget).to_contain_text(f"{number} of {len(problems)} solved")
        press(widget, "Next")


def test_code_that_needs_pytorch_is_not_judged_and_a_loop_without_end_is(
    browser: Browser, site: str
) -> None:
    with reader(browser, site) as page:
        page.goto(f"{site}notebooks/02_numbers_in_few_bits.html")
        widget = begun(page, "Solve them here")
        go_to(widget, bank_of("02"), "02-practice-write-it")
        press(widget, "Check")
        expect(widget).to_contain_text("This problem needs PyTorch, which a page does not have")
        page.goto(site + LESSON)
        widget = begun(page, "Solve them here")
        go_to(widget, BANK, "07-practice-share-left")
        widget.get_by_role("textbox").fill("while True:\n    pass")
        press(widget, "Check")
        expect(widget).to_contain_text("Is there a loop without an end?", timeout=MINUTE)


def go_to(widget: Locator, bank: object, problem: str) -> None:
    problems = sorted(bank.of(Practice), key=lambda one: ORDER.index(one.level))  # type: ignore[attr-defined]
    place = [one.id for one in problems].index(problem)
    widget.get_by_label("Go to").select_option(str(place))
    expect(widget).to_contain_text(f"problem {place + 1} of")


def test_a_trace_is_followed_to_its_end_with_its_pictures(visitor: Page) -> None:
    widget = begun(visitor, "Follow them here")
    stages = load_trace(BANK.name, BANK.of(Trace)[0].trace).stages
    for number, stage in enumerate(stages, 1):
        press(widget, "Next step")
        expect(widget).to_contain_text(f"step {number} of {len(stages)}")
        if stage.picture:
            picture = widget.locator("img")
            expect(picture).to_have_attribute("alt", stage.alt)
            assert picture.evaluate("(one) => one.decode().then(() => one.naturalWidth)") > 300
    expect(widget).to_contain_text("Did you notice?")


def test_a_pattern_test_and_the_entry_check_end_with_a_result(site: str, page: Page) -> None:
    widget = begun(page, "Take the test here")
    for number in range(1, 11):
        expect(widget).to_contain_text(f"question {number} of 10")
        answer_somehow(widget)
        press(widget, "Check")
        press(widget, "Next" if number < 10 else "See the result")
    expect(widget).to_contain_text("of 10 right, in")
    page.goto(f"{site}notebooks/primers.html")
    widget = begun(page, "Take the check here")
    for number in range(1, 11):
        expect(widget).to_contain_text(f"question {number} of 10")
        answer_somehow(widget)
        press(widget, "Check")
        press(widget, "Next")
    expect(widget).to_contain_text("of 10 right at the first try")


def answer_somehow(widget: Locator) -> None:
    if widget.locator(".fb-option").count():
        widget.locator(".fb-option input").first.check()
    else:
        widget.get_by_role("textbox").fill("1")


def test_who_comes_back_finds_what_was_answered_and_tomorrow_what_is_due(
    browser: Browser, site: str, page: Page, tmp_path: Path
) -> None:
    widget = begun(page, "Turn cards here")
    press(widget, "Show the answer")
    widget.get_by_role("button", name=re.compile("^3 ")).click()
    expect(widget).to_contain_text("1 of")
    page.reload()
    expect(begun(page, "Turn cards here")).to_contain_text("1 not due yet")
    # What is kept goes to another browser; there it is two weeks later.
    progress = begun(page, "Show my progress")
    with page.expect_download() as download:
        progress.get_by_role("button", name="Download", exact=True).click()
    kept = json.loads(Path(download.value.path()).read_text("utf-8"))
    for event in kept["events"]:
        event["at"] = (datetime.fromisoformat(event["at"]) - timedelta(days=14)).isoformat()
    later = tmp_path / "progress.json"
    later.write_text(json.dumps(kept), encoding="utf-8")
    with reader(browser, site) as elsewhere:
        elsewhere.goto(site + REVIEW)
        widget = begun(elsewhere, "Show my progress")
        widget.get_by_label("Upload").set_input_files(later)
        expect(widget).to_contain_text("entries were added")
        expect(widget).to_contain_text("1 cards are due.")
        expect(begun(elsewhere, "Turn cards here")).to_contain_text("0 of 1")


def test_guesses_of_the_page_are_kept_with_the_progress(visitor: Page) -> None:
    guess = visitor.locator(".guess").filter(has_text="80% zeros: size of the file")
    guess.get_by_role("textbox").fill("1/2")
    guess.get_by_role("button", name="Guess").click()
    widget = begun(visitor, "Show my progress")
    expect(widget.get_by_role("row", name="80% zeros: size of the file")).to_contain_text("0.5")


def test_two_tabs_lose_nothing_of_each_other(page: Page, site: str) -> None:
    first = begun(page, "Take the quiz here")
    other = page.context.new_page()
    other.goto(site + LESSON)
    second = begun(other, "Turn cards here")
    for widget in (first, second):
        widget.page.bring_to_front()
        if widget is first:
            choose(widget, BANK.of(Choice)[0].options)
            press(widget, "Check")
            expect(widget).to_contain_text("1 of 18 right")
        else:
            press(widget, "Show the answer")
            widget.get_by_role("button", name=re.compile("^3 ")).click()
    choose_next = BANK.of(Choice)[1].options
    page.bring_to_front()
    press(first, "Next")
    expect(first).to_contain_text("question 2 of 18")
    choose(first, choose_next)
    press(first, "Check")
    expect(first).to_contain_text("2 of 18 right")
    page.reload()
    row = begun(page, "Show my progress").get_by_role("row", name="07 · Unstructured pruning")
    expect(row).to_contain_text("1/14")
    expect(row).to_contain_text("2/18")


def test_without_a_network_a_page_where_one_has_practised_goes_on(page: Page, site: str) -> None:
    widget = begun(page, "Take the quiz here")
    # All that was fetched is kept once the keeper is there.
    page.wait_for_function(
        """async () => {
          const [name] = await caches.keys();
          if (!name) return false;
          const kept = (await (await caches.open(name)).keys()).map(({ url }) => url);
          return ["07_unstructured_pruning.html", "packages.tar", "wasm-gzip", "worker.mjs"]
            .every((one) => kept.some((url) => url.endsWith(one)));
        }""",
        timeout=MINUTE,
    )
    page.context.set_offline(True)
    page.reload()
    expect(begun(page, "Take the quiz here")).to_contain_text("question 1 of")
    assert widget


BROKEN = """
Object.defineProperty(self, "indexedDB", { value: { open() {
  throw new DOMException("the disk is full", "QuotaExceededError");
} } });
"""


def test_where_a_browser_keeps_nothing_the_page_says_so_and_goes_on(
    browser: Browser, site: str, pages: Path
) -> None:
    with reader(browser, site) as page:
        script = BROKEN + (pages / "_static" / "worker.mjs").read_text("utf-8")
        page.route(
            "**/worker.mjs*",
            lambda route: route.fulfill(body=script, content_type="text/javascript"),
        )
        page.goto(site + LESSON)
        widget = begun(page, "Take the quiz here")
        expect(widget.get_by_role("alert")).to_contain_text(
            "this browser lets the page keep nothing (the disk is full)"
        )
        choose(widget, BANK.of(Choice)[0].options)
        press(widget, "Check")
        expect(widget).to_contain_text("1 of 18 right")


def test_progress_of_a_newer_version_is_left_alone(page: Page) -> None:
    widget = begun(page, "Take the quiz here")
    choose(widget, BANK.of(Choice)[0].options)
    press(widget, "Check")
    expect(widget).to_contain_text("1 of 18 right")
    # The version stands at byte 60 of a SQLite file (https://www.sqlite.org/fileformat2.html).
    read = """(change) => new Promise((done) => {
      indexedDB.open("fewer-bits").onsuccess = ({ target: { result: db } }) => {
        const kept = db.transaction("kept", "readwrite").objectStore("kept");
        kept.get("progress").onsuccess = ({ target: { result } }) => {
          const [, file] = result.files.find(([name]) => name === "progress.sqlite");
          if (!change) return done([...file]);
          new DataView(file.buffer, file.byteOffset).setUint32(60, 99);
          kept.put({ ...result, version: "newer" }, "progress").onsuccess = () => done([...file]);
        };
      };
    })"""
    before = page.evaluate(read, True)
    page.reload()
    widget = begun(page, "Take the quiz here")
    expect(widget.get_by_role("alert")).to_contain_text("written by a newer version of the course")
    choose(widget, BANK.of(Choice)[0].options)
    press(widget, "Check")
    expect(widget).to_contain_text("1 of 18 right")
    assert page.evaluate(read, False) == before


def test_everybody_can_practise_on_a_phone_too(browser: Browser, site: str) -> None:
    with reader(browser, site, viewport={"width": 360, "height": 740}) as page:
        page.goto(site + LESSON)
        page.get_by_role("button", name="Show every answer").click()
        for button in ("Turn cards here", "Take the quiz here", "Write here", "Show my progress"):
            begun(page, button)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        grounds = set()
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            grounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
            page.locator(".live").first.scroll_into_view_if_needed()
            page.screenshot(path=SCREENSHOTS / f"site-practise-360-{scheme}.png")
            found = Axe().run(page).response["violations"]
            assert not found, [(one["id"], one["nodes"][0]["html"][:200]) for one in found]
        assert len(grounds) == 2


def test_each_section_to_read_again_is_there(pages: Path) -> None:
    for name in bank_names():
        for question in bank_of(name).questions:
            for path, place in re.findall(
                r"\(\./(\w+)\.ipynb#([^)]*)\)", where(question, bank_of(name))
            ):
                page = (pages / "notebooks" / f"{path}.html").read_text("utf-8")
                assert f'id="{led(place)}"' in page, (question.id, path, place)


def led(place: str) -> str:
    """As `practise.mjs` leads a link of a notebook."""
    if place.startswith("cell-id="):
        return place.removeprefix("cell-id=")
    return place_of(unquote(place))


def test_what_comes_into_a_page_is_small(pages: Path) -> None:
    said = (pages / LESSON).read_text("utf-8")
    [size] = re.findall(r"into this page, ([\d.]+) MB", said)
    assert 1e6 * float(size) <= AT_MOST
