"""Feedback and class report as people see them: in each look, on a phone, on paper."""

from __future__ import annotations

from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from grader.host.desk.likeness import Text, pairs
from grader.host.desk.similar import page
from grader.host.grade import grade
from grader.host.intake.notebook import LearnerCell
from grader.host.intake.submission import collect
from grader.host.publish.clean import clean_notebook
from grader.host.publish.feedback import render
from grader.host.publish.leaderboard import Board, Entry, Mark
from grader.host.publish.leaderboard import render as render_leaderboard
from grader.host.publish.report import ClassReport
from grader.host.results.result import Result
from tests.browser.lab import SCREENSHOTS

LONG = "x" * 300
ANSWERS = {
    "square": f"def square(x):\n    note = '{LONG}'\n    return x + x",
    "triple": "import matplotlib.pyplot as plt\nfrom IPython.display import HTML\n"
    "plt.plot([1, 2]);\ndisplay(HTML(f'<table><tr>{\"<td>number</td>\" * 30}</tr></table>'))\n"
    f"def triple(x):\n    raise ValueError('{LONG}')\ntriple(1)",
    "why": "# Mine\n\n| a | b |\n|---|---|\n| *c* | d |",
}
TITLES = [
    {"name": "square", "title": "1 · Squares of whole numbers"},
    {"name": "triple", "title": "2 · Three times"},
]
# What is cut off on paper, where nothing scrolls.
CUT = """() => [...document.querySelectorAll("main :not(caption)")]
  .filter((node) => node.getBoundingClientRect().right > innerWidth
    || (node.scrollWidth > node.clientWidth + 1 && getComputedStyle(node).overflowX !== "visible"))
  .map((node) => node.outerHTML.slice(0, 200))"""
BARS = """() => [...document.querySelectorAll(".bar span, .histogram div")]
  .map((node) => getComputedStyle(node).printColorAdjust)"""


def fits(page: Page, name: str) -> None:
    """As it looks now, everybody can read the page, at each width; `name` is its pictures'."""
    found = Axe().run(page).response["violations"]
    assert not found, [(name, one["id"], one["nodes"][0]["html"]) for one in found]
    for width in (1280, 400, 320):
        page.set_viewport_size({"width": width, "height": 900})
        over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert over <= 0, f"{over} pixels too wide at {width}, {name}"
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"{name}-{width}.png", full_page=True)


def look_at(page: Page, path: Path) -> None:
    """The page in each look, at each width, and on paper."""
    page.goto(path.as_uri())
    for look in ("light", "dark", "forced"):
        page.emulate_media(
            color_scheme="dark" if look == "dark" else "light",
            forced_colors="active" if look == "forced" else "none",
        )
        fits(page, f"page-{path.stem}-{look}")
    # A sheet of A4 between its margins, in pixels of CSS.
    page.set_viewport_size({"width": 718, "height": 1000})
    page.emulate_media(media="print", color_scheme="light", forced_colors="none")
    assert page.evaluate(CUT) == []
    assert set(page.evaluate(BARS)) <= {"exact"}
    page.emulate_media(media="screen")


def test_feedback_and_report_in_each_look_on_a_phone_and_on_paper(
    desk, assignment, engine, tmp_path, monkeypatch, browser
):
    teacher = assignment.notebooks["numbers"]
    monkeypatch.setitem(teacher.metadata, "course", {"items": TITLES})
    report = ClassReport([assignment])
    for student in ("a" * 100, "b"):
        path = desk.hand_in(student, ANSWERS)
        done = grade(collect(assignment, path.parent, student), engine)
        report.add(done.result, late=student == "b")
    gone = f"It is no notebook: {LONG}"
    report.add(
        Result(assignment="numbers", student="c", status="rejected", reason=gone, points=8), False
    )
    cells = {cell.grade_id: cell for item in done.result.items for cell in item.cells}
    notebook = clean_notebook(done.notebooks["numbers"], teacher, cells)
    pages = {"feedback": render(done.result, teacher, notebook), "report": report.html()}
    for name, html in pages.items():
        path = tmp_path / f"{name}.html"
        path.write_text(html, encoding="utf-8")
        page = browser.new_page()
        look_at(page, path)
        # What scrolls is reached by keyboard, and what does not is no stop.
        page.set_viewport_size({"width": 320, "height": 900})
        wide = "node => node.scrollWidth > node.clientWidth"
        for stop in page.locator("[tabindex='0']").all():
            assert stop.evaluate(wide), stop.inner_html()[:200]
        if name == "report":
            page.get_by_role("link", name="2 to grade").click()
            expect(page.get_by_role("heading", name="To grade by hand")).to_be_in_viewport()
        page.close()


def test_the_leaderboard_in_each_look_on_a_phone_and_on_paper(tmp_path, browser):
    board = Board(
        "A network in a few kilobytes",
        0.83,
        whole=1_066_440,
        marks=[Mark("a paper", 26_661), Mark("a reference", 16_800, 0.85, 0.85)],
    )
    entries = [
        Entry(f"s{number}", 60_000 / 1.3**number, 0.87 - 0.01 * number, 0.86 - 0.01 * number)
        for number in range(8)
    ]
    called = {entry.student: LONG if entry.student == "s0" else entry.student for entry in entries}
    for final in (False, True):
        path = tmp_path / f"leaderboard-{final}.html"
        path.write_text(render_leaderboard(board, entries, called, 2, final), encoding="utf-8")
        page = browser.new_page()
        requests = []
        page.on("request", lambda asked, seen=requests: seen.append(asked.url))
        look_at(page, path)
        assert requests == [path.as_uri()]
        reach, fewest = (4, entries[3].size) if final else (5, entries[4].size)
        expect(page.get_by_role("img")).to_have_accessible_name(
            f"Accuracy against bytes of 8 entries. {reach} reach 0.83, the smallest of them with "
            f"{fewest:,.0f} bytes. Compared with a paper: 26,661 bytes; a reference: 16,800 bytes."
        )
        page.close()


def test_what_is_alike_in_each_look_on_a_phone_and_on_paper(assignment, tmp_path, browser):
    own = "\n".join(f"total = total * {n} + offset[{n}] - {n + 1}" for n in range(12))
    shared = f"{own}\n\n\nlast = '{LONG}'"
    texts = {
        name: Text.of([LearnerCell("code", source)])
        for name, source in {"a" * 100: shared, "b": f"x = 1\n{shared}", "c": "x = 2"}.items()
    }
    found = pairs(texts)
    assert len(found) == 1
    path = tmp_path / "similar.html"
    path.write_text(page(assignment, texts, found), encoding="utf-8")
    opened = browser.new_page()
    look_at(opened, path)
    expect(opened.get_by_text("A likeness is no proof.")).to_be_visible()
    opened.get_by_text("100 %").press("Enter")
    expect(opened.get_by_text("offset[3]").first).to_be_hidden()
    opened.close()
