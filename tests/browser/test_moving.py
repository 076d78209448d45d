"""The picture that opens a lesson, in a lesson as it is fetched: nothing run, nothing trusted."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from nbconvert import HTMLExporter
from playwright.sync_api import Browser, Locator, Page, expect

from coursekit.workspace import fill
from tests.browser.lab import MINUTE, ROOT, Lab, set_theme, shoot, wait_for_kernel

LESSON = "02_numbers_in_few_bits"
# Of the other lessons what the picture says first, what is moved, and what it says a step on.
OTHERS = {
    "00_pipeline": ("0 % zeros, 8 bits: ", "percent zeros", "15 % zeros, 8 bits: "),
    "05_post_training_quantization": ("One unit times 1. ", "doublings", "One unit times 2. "),
    "07_unstructured_pruning": ("0 % zeros: ", "percent zeros", "7 % zeros: "),
}


@pytest.fixture
def opened(page: Page, lab: Lab, tmp_path: Path) -> Page:
    """The lesson in a workspace, as a learner gets it."""
    return open_copy(page, lab, tmp_path.name, LESSON, "Scale 0.15, zero point −2")


def open_copy(page: Page, lab: Lab, folder: str, lesson: str, first: str) -> Page:
    """Opens a lesson in a workspace of its own, when its picture shows what it shows first."""
    course = lab.folder / folder
    (course / "notebooks").mkdir(parents=True)
    for name in (f"{lesson}.ipynb", "start.ipynb"):
        shutil.copy(ROOT / "notebooks" / name, course / "notebooks")
    fill(course, course / "workspace")
    path = course / "workspace" / "notebooks" / f"{lesson}.ipynb"
    page.goto(lab.tree(str(path.relative_to(lab.folder))))
    expect(state(page, first)).to_be_visible(timeout=MINUTE)
    wait_for_kernel(page)
    return page


def state(page: Page, name: str) -> Locator:
    """The picture in this state, by the name that a screen reader says."""
    return page.locator(f"[role=graphics-symbol][aria-label^='{name}'], img[alt^='{name}']")


def test_it_moves_by_keyboard_and_by_mouse_before_anything_has_run(opened: Page) -> None:
    page = opened
    expect(page.locator(".jp-RenderedVegaCommon5")).to_have_count(1)
    zero = page.get_by_label("zero point, by ↑ and ↓")
    zero.focus()
    page.keyboard.press("ArrowDown")
    expect(state(page, "Scale 0.15, zero point −3")).to_be_visible()
    # Focus stays, so that one can go on.
    expect(zero).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(state(page, "Scale 0.15, zero point −4: eight stairs from 0 to 1.05.")).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(state(page, "Scale 0.15, zero point −4")).to_be_visible()

    page.keyboard.press("Tab")
    scale = page.locator("input[name=slid_scale]")
    expect(scale).to_be_focused()
    page.keyboard.press("End")
    expect(state(page, "Scale 0.25, zero point −4")).to_be_visible()
    # The field beside it follows.
    expect(page.get_by_label("scale, by ↑ and ↓")).to_have_value("0.25", timeout=5000)
    box = scale.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 4, box["y"] + box["height"] / 2)
    expect(state(page, "Scale 0.05, zero point −4")).to_be_visible()
    # What nobody can set is taken to the nearest.
    typed = page.get_by_label("scale, by ↑ and ↓")
    expect(typed).to_have_value("0.05")
    typed.fill("0.19")
    expect(state(page, "Scale 0.2, zero point −4")).to_be_visible()
    # Nothing was run for it, and the notebook is what it was.
    tab = page.locator(".lm-DockPanel-tabBar .lm-TabBar-tab.lm-mod-current")
    expect(tab).not_to_have_class(re.compile("jp-mod-dirty"))
    expect(page.locator(".jp-CodeCell .jp-InputPrompt", has_text="[*]")).to_have_count(0)


def test_in_each_theme_and_on_paper(opened: Page) -> None:
    page = opened
    in_each_theme(page, "moving")
    page.emulate_media(media="print")
    expect(state(page, "Scale 0.15, zero point −2")).to_be_visible()


@pytest.mark.parametrize("lesson", OTHERS)
def test_so_do_the_others(page: Page, lab: Lab, tmp_path: Path, lesson: str) -> None:
    first, moved, then = OTHERS[lesson]
    open_copy(page, lab, tmp_path.name, lesson, first)
    field = page.get_by_label(f"{moved}, by ↑ and ↓")
    field.focus()
    page.keyboard.press("ArrowUp")
    expect(state(page, then)).to_be_visible()
    in_each_theme(page, f"moving-{lesson[:2]}")


def in_each_theme(page: Page, name: str) -> None:
    """Looks at the picture in JupyterLab's light theme and in its dark one, and leaves it light."""
    page.locator(".jp-RenderedVegaCommon5").scroll_into_view_if_needed()
    looks_right(page, f"{name}-light", "rgb(255, 255, 255)")
    set_theme(page, "JupyterLab Dark")
    looks_right(page, f"{name}-dark", "rgb(17, 17, 17)")
    set_theme(page, "JupyterLab Light")


def looks_right(page: Page, name: str, ground: str) -> None:
    """It stands on the ground of the theme, and axe has nothing against it."""
    picture = page.locator(".jp-RenderedVegaCommon5")
    behind = picture.locator("svg.marks").evaluate(
        """node => {
            const colour = (one) => getComputedStyle(one).backgroundColor;
            while (colour(node) === "rgba(0, 0, 0, 0)") node = node.parentElement;
            return colour(node);
        }"""
    )
    assert behind == ground
    shoot(page, name)
    found = Axe().run(page, context=".jp-RenderedVegaCommon5").response["violations"]
    assert not found, [(one["id"], one["nodes"][0]["html"][:200]) for one in found]


def test_without_vega_a_still_and_its_words(browser: Browser, tmp_path: Path) -> None:
    """As nbconvert shows it, and what else knows no Vega."""
    html, _ = HTMLExporter().from_filename(str(ROOT / "notebooks" / f"{LESSON}.ipynb"))
    path = tmp_path / "page.html"
    path.write_text(html, encoding="utf-8")
    page = browser.new_page(offline=True)
    page.goto(path.as_uri())
    expect(state(page, "Scale 0.15, zero point −2")).to_be_visible()
    expect(page.get_by_text("Two things can be moved.")).to_be_visible()
    page.close()
