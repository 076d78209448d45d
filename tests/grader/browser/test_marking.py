"""Texts are marked by keyboard alone, and the pages for a teacher are fit to be read."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Browser, Page, expect

from grader import Course
from grader.host.desk.review_server import ReviewServer
from grader.host.desk.reviewing import Change, Review, State
from grader.host.gradebook.connection import Database
from grader.host.result_store import ResultStore
from tests.grader.browser.test_pages_in_a_browser import fits, look_at
from tests.grader.desk.conftest import Class
from tests.grader.desk.serving import lay, serving
from tests.grader.desk.test_report import CLASS
from tests.grader.desk.test_report import lay as lay_class

PLACE = "numbers/numbers/why"


@pytest.fixture
def group(built_course, tmp_path) -> Class:
    return Class(built_course, tmp_path)


@pytest.fixture
def review(group: Class) -> Review:
    out = lay(group)
    database = Database.of_file(out / "gradebook.db")
    return Review(ResultStore(out), database, [Course.open(group.root).load("numbers")])


def states(review: Review) -> dict[str, State]:
    shown = review.texts(PLACE)
    return {one["student"]: one["state"] for group in shown["groups"] for one in group}


def press(page: Page, *keys: str, said: str = "Saved: ") -> None:
    for key in keys:
        page.keyboard.press(key)
    expect(page.get_by_role("status")).to_contain_text(said)


def opened(browser: Browser, server: ReviewServer) -> Page:
    """The page of a server, once it shows the first group."""
    page = browser.new_page()
    page.goto(server.url)
    expect(page.locator("#group")).to_contain_text("alike")
    return page


def test_a_class_is_marked_without_a_mouse(review: Review, browser: Browser) -> None:
    with serving(review) as server:
        page = browser.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(server.url)
        heading = page.locator("#group")
        expect(heading).to_have_text("1 of 4: 2 texts that are alike")
        assert page.url.endswith(f":{server.port}/"), "the token is not left in the address"
        press(page, "2", said="Saved: 2 texts, 2 points.")
        press(page, ".", said="Saved: 2 texts, 2.5 points.")
        expect(page.locator("#mark")).to_have_text("2.5 points")
        assert states(review)["bob"] == State(2.5, False, "")
        # One of them is better: it is taken out, and has a mark and a comment of its own.
        page.keyboard.press("]")
        press(page, "x", said="bob is a group of one now")
        page.keyboard.press("j")
        expect(heading).to_have_text("2 of 5: bob")
        page.keyboard.press("c")
        page.keyboard.type("Well said: 3 times.")
        press(page, "Control+Enter", said="Saved: bob, 2.5 points.")
        press(page, "3", said="Saved: bob, 3 points.")
        assert states(review)["bob"] == State(3, False, "Well said: 3 times.")
        assert states(review)["ada"] == State(2.5, False, "")
        press(page, "u", said="Undone: 2.5 points.")
        assert states(review)["bob"] == State(2.5, False, "Well said: 3 times.")
        # What is dropped is not written.
        page.keyboard.press("c")
        page.keyboard.type("Nonsense")
        page.keyboard.press("Escape")
        press(page, "1", said="Saved: bob, 1 points.")
        assert states(review)["bob"] == State(1, False, "Well said: 3 times.")
        press(page, "9", said="3 points at most")
        # The next that waits, and the token stays in this tab.
        page.keyboard.press("n")
        expect(heading).to_have_text("3 of 5: cleo")
        page.reload()
        expect(heading).to_contain_text("cleo")
        # Text is text, whatever stands in it.
        page.keyboard.press("n")
        expect(page.locator("#texts")).to_contain_text("<script>alert(1)</script>")
        assert not errors
        page.close()


def test_whoever_types_fast_loses_nothing(review: Review, browser: Browser) -> None:
    """Each key counts for the group that was there when it was pressed, whatever takes how long."""
    with serving(review) as server:
        page = browser.new_page()
        page.route("**/marks", lambda route: (time.sleep(0.2), route.continue_()))
        page.goto(server.url)
        expect(page.locator("#group")).to_contain_text("alike")
        order = [group[0]["student"] for group in review.texts(PLACE)["groups"]]
        for key in ("1", ".", "j", "2", "j", "3", ".", "u", "j", "0", "."):
            page.keyboard.press(key)
        page.keyboard.press("c")
        page.keyboard.type("Why? 1 2 u")
        page.keyboard.press("Control+Enter")
        press(page, said="Saved: ")
        expect(page.locator("#mark")).to_have_text("0.5 points")
        page.wait_for_function("queue.then(() => true)")
        found = states(review)
        # The half beyond full marks was refused, so the undo was of the 3.
        wanted = [State(1.5, False), State(2, False), State(), State(0.5, False, "Why? 1 2 u")]
        assert [found[student] for student in order] == wanted
        page.close()


def test_what_another_teacher_has_marked_is_told(review: Review, browser: Browser) -> None:
    with serving(review) as server:
        page = opened(browser, server)
        shown = review.texts(PLACE)
        ada = next(one for one in shown["groups"][0] if one["student"] == "ada")
        review.save([Change(ada["id"], ada["state"], State(0, False, "No."))])
        press(page, "3", said="Somebody else has marked ada (0 points) meanwhile")
        assert states(review)["ada"] == State(0, False, "No.")
        assert states(review)["bob"].score == 3
        press(page, "3")
        assert states(review)["ada"].score == 3
        page.close()


def test_a_server_that_is_gone_is_one_sentence(review: Review, browser: Browser) -> None:
    with serving(review) as server:
        page = opened(browser, server)
    press(page, "3", said="Not saved. `grader review` does not answer: start it again.")
    assert states(review)["ada"] == State()
    page.close()


def test_the_page_is_fit_to_be_read(review: Review, browser: Browser) -> None:
    with serving(review) as server:
        page = opened(browser, server)
        for look in ("light", "dark"):
            page.emulate_media(color_scheme=look)
            fits(page, f"review-{look}")
        page.close()


def test_the_report_of_items_and_a_learner_s_page(group: Class, browser: Browser) -> None:
    lay_class(group, CLASS)
    where = ("--out", group.here / "out", "--submitted", group.submitted, "--course", group.root)
    group.run("report", *where, "--to", group.here / "last")
    group.run("report", *where, "--before", group.here / "last")
    for name in ("index.html", "learners/ada.html"):
        page = browser.new_page()
        look_at(page, group.here / "out/report" / name)
        page.close()
