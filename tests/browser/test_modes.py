"""All modes on one page of a real JupyterLab: by keyboard alone, in each theme, at each width."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.lab import (
    MINUTE,
    Lab,
    choose,
    open_notebook,
    set_theme,
    shoot,
    visit,
    wait_for_kernel,
    write_lesson,
)
from tests.browser.reader import Reader

pytestmark = pytest.mark.thorough

# In memory, and anew each time: every run of the notebook begins from nothing.
BEGIN = """\
import os
os.environ["COURSE_PROGRESS"] = ":memory:"
from coursekit.pictures import plot
from coursekit.learn.explore import explore
from coursekit.learn.progress.store import default_store
from coursekit.learn.widgets import *
default_store.cache_clear()

def draw(bits, kind="points"):
    fig, ax = plot.figure(height=2)
    ax.plot(range(bits), range(bits))
    ax.set_title(f"{bits} {kind}")
    return fig

plot.show(draw(2), alt="A plot.")
"""
SHOWN = (
    'cards("07")',
    'quiz("07")',
    'quiz("08")',
    'respond("07")',
    'practice("07")',
    'pattern_test("pruning")',
    'trace("00")',
    "entry_check()",
    'explore(draw, alt="A rising line.", bits=[2, 3, 4], kind=["points", "steps"])',
    'explore(draw, alt="Another line.", bits=[5, 6, 7])',
    'cheat_sheet("07")',
    "progress()",
)
CELLS = (BEGIN, *SHOWN, 'print("ran")')
OF_A_QUIZ = [
    (("→ answer.", "Space", "Control+Enter"), ("answer.", "next"), "orrect"),
    (("→ next", "Enter"), ("place",), "question 2 of"),
]
# By keyboard alone from the cell: the keys, where the focus is then, and what is announced or read.
WAYS: dict[str, list[tuple[tuple[str, ...], tuple[str, ...], str]]] = {
    'cards("07")': [
        (("→ turn", "Space"), ("answer",), "How well did you know it?"),
        (("1",), ("front",), "It comes again at the end."),
        (("Space",), ("answer",), "How well did you know it?"),
    ],
    'quiz("07")': OF_A_QUIZ,
    'quiz("08")': OF_A_QUIZ,
    'respond("07")': [
        (("→ text", "Z", "Control+Enter"), ("reading",), "You got 0/"),
        (("ArrowRight",), ("place",), "question 2 of"),
    ],
    'practice("07")': [
        (("→ hint", "Enter"), ("hint",), "Hint."),
        (("Tab",), ("answer",), ""),
        (("→ step", "Enter"), ("step",), "Step 1 of "),
        (("→ next", "Enter"), ("place",), "problem 2 of"),
    ],
    'pattern_test("pruning")': [
        (("→ answer.", "Space", "Control+Enter"), ("next",), "orrect"),
        (("Shift+Tab",), ("answer.",), "✗ Incorrect."),
        (("↓ ✓ This is right.",), ("answer.",), ""),
        (("→ next", "Enter"), ("place",), "question 2 of 10"),
    ],
    'trace("00")': [
        (("→ next", "Enter"), ("next",), "Step 1 of "),
        (("ArrowRight",), ("next",), "Step 2 of "),
        (("ArrowLeft",), ("back",), "Step 1 of "),
    ],
    "entry_check()": OF_A_QUIZ,
    SHOWN[8]: [
        (("→ bits", "ArrowRight"), ("bits",), "bits 3, kind points. 3 points."),
        (("Tab", "ArrowDown"), ("kind",), "bits 3, kind steps. 3 steps."),
    ],
    SHOWN[9]: [(("→ bits", "ArrowRight"), ("bits",), "bits 6. 6 points.")],
    'cheat_sheet("07")': [],
    "progress()": [
        (("→ refresh", "Enter"), ("refresh",), "As it was at "),
        (("→ file", "Enter"), ("file",), "Type the name of an exported file first"),
        (("← reset", "Enter"), ("reset",), "Press once more to forget all progress."),
    ],
}
# As at 100, 200 and 400%.
WINDOWS = ((1280, 900), (640, 400), (320, 256))

TWICE = """() => {
  const ids = [...document.querySelectorAll(".fb [id], .fb[id]")].map((node) => node.id);
  return ids.filter((id, place) => ids.indexOf(id) !== place);
}"""
# Labels and descriptions that lead out of their own widget, or nowhere.
ASTRAY = """() => {
  const found = [];
  for (const root of document.querySelectorAll(".fb"))
    for (const name of ["for", "aria-describedby", "aria-labelledby"])
      for (const node of root.querySelectorAll(`[${name}]`))
        for (const id of node.getAttribute(name).split(" "))
          if (!root.contains(document.getElementById(id))) found.push(`${name}=${id}`);
  return found;
}"""
# What sticks out of its widget; a table scrolls by itself.
OUT = """() => {
  const found = [];
  for (const root of document.querySelectorAll(".fb")) {
    const edge = root.getBoundingClientRect().right + 1;
    const parts = "select, input, textarea, button, img, legend, .fb-parts > *";
    for (const node of [root, ...root.querySelectorAll(parts)]) {
      const { right, width } = node.getBoundingClientRect();
      const scrolls = node.scrollWidth > node.clientWidth + 1 && !node.querySelector("table, pre");
      if (right > edge || (scrolls && node.matches("section, .fb-parts, .fb-parts > *")))
        found.push(`${root.ariaLabel}: ${node.tagName} ${node.className} ${width}`);
    }
    const frame = root.closest(".jp-OutputArea-output").getBoundingClientRect();
    if (root.getBoundingClientRect().right > frame.right + 1) found.push(root.ariaLabel);
  }
  return found;
}"""
# Contrast of the ring around what has the focus with what it stands on.
RING = """() => {
  const light = (colour) => {
    const pen = document.createElement("canvas").getContext("2d");
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 1, 1);
    const [red, green, blue] = [...pen.getImageData(0, 0, 1, 1).data].map((part) =>
      part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const { outlineColor, outlineStyle } = getComputedStyle(document.activeElement);
  const paper = getComputedStyle(document.activeElement.closest(".fb")).backgroundColor;
  const [low, high] = [light(outlineColor), light(paper)].sort((one, other) => one - other);
  return outlineStyle === "none" ? 0 : (high + 0.05) / (low + 0.05);
}"""


@pytest.fixture(scope="module")
def notebook(lab: Lab) -> Path:
    return write_lesson(lab, "modes", CELLS)


@pytest.fixture(scope="module")
def modes(browser: Browser, lab: Lab, notebook: Path) -> Iterator[Page]:
    """The notebook, opened once for all tests."""
    with visit(browser, lab) as page:
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        open_notebook(page, lab, notebook)
        # Room for the notebook in a narrow window.
        page.keyboard.press("Control+b")
        yield page
        assert errors == []


def run_all(page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 900})
    choose(page, "Run", "runmenu:run-all")
    expect(page.locator(".fb")).to_have_count(len(SHOWN), timeout=MINUTE)
    expect(page.get_by_text("ran", exact=True)).to_be_attached(timeout=MINUTE)
    wait_for_kernel(page)


def cell(page: Page, source: str) -> Locator:
    return page.locator(".jp-CodeCell").nth(CELLS.index(source))


@pytest.mark.parametrize(("width", "height"), WINDOWS)
def test_each_mode_by_keyboard_alone(modes: Page, width: int, height: int) -> None:
    """Where the focus is, that it is in the window, and what is announced."""
    run_all(modes)
    assert modes.evaluate(TWICE) == [], "ids that several have"
    modes.set_viewport_size({"width": width, "height": height})
    reader = Reader(modes)
    cell(modes, BEGIN).focus()
    for source, way in WAYS.items():
        modes.keyboard.press("ArrowDown")
        expect(cell(modes, source)).to_be_focused()
        for keys, parts, said in way:
            reader.press(*keys)
            assert not (wrong := reader.wait(parts, said)), f"{source}, {keys}: {wrong}"
            assert modes.evaluate(RING) >= 3, f"{source}, {keys}: the ring can't be seen"
        modes.keyboard.press("Escape")
    assert modes.evaluate(TWICE) == [], "ids that several have"
    assert modes.evaluate(ASTRAY) == []


@pytest.mark.parametrize("look", ["light", "dark", "forced colours"])
def test_each_mode_in_each_look_and_at_each_width(modes: Page, look: str) -> None:
    run_all(modes)
    if look == "dark":
        set_theme(modes, "JupyterLab Dark")
    modes.emulate_media(forced_colors="active" if look == "forced colours" else "none")
    # Answered, so that marks, reasons and hints are seen.
    for title in ("Quiz · 07", "Pattern test", "Entry check"):
        one = modes.locator(f".fb[aria-label^='{title}']")
        one.get_by_role("radio").first.check()
        one.get_by_role("button", name="Check").click()
        expect(one.locator(".fb-say")).to_contain_text("orrect")
    strong = modes.locator(".fb[aria-label^='Pattern test']")
    # Right by a word, not by a frame alone.
    expect(strong.get_by_text(re.compile("✓ (This is right|Correct)")).first).to_be_visible()
    for root in modes.locator(".fb:has(.fb-title)").all():
        expect(root.get_by_role("heading", level=3)).to_have_count(1)
    # What is drawn on white glares in the dark, in a widget or beside one.
    for picture in (modes.get_by_alt_text("A plot."), modes.locator(".fb-picture").first):
        dimmed = picture.evaluate("node => getComputedStyle(node).filter") != "none"
        assert dimmed == (look == "dark")
    for width, height in WINDOWS:
        modes.set_viewport_size({"width": width, "height": height})
        modes.wait_for_timeout(300)
        assert modes.evaluate(OUT) == [], f"at {width} pixels"
        strong.scroll_into_view_if_needed()
        shoot(modes, f"modes-{look.replace(' ', '-')}-{width}")
    modes.set_viewport_size({"width": 1280, "height": 900})
    found = Axe().run(modes, context=".fb").response["violations"]
    assert not found, [(one["id"], one["nodes"][0]["html"]) for one in found]
    modes.emulate_media(forced_colors="none")
    if look == "dark":
        set_theme(modes, "JupyterLab Light")
