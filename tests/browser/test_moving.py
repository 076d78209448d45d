"""The pictures of each lesson in JupyterLab. The one that opens it moves before anything has run.

In the light theme a lesson is as it is fetched, nothing run, nothing trusted; in the dark one it
has run, with the outputs that nbval finds again.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from nbconvert import HTMLExporter
from playwright.sync_api import Browser, Locator, Page, expect

from authoring.source.sources import Sources
from coursekit.desk.workspace import fill
from tests.browser.lab import (
    MINUTE,
    ROOT,
    Lab,
    set_theme,
    shoot,
    show_notebook,
    visit,
    wait_for_kernel,
)

pytestmark = pytest.mark.thorough

LESSON = "02_numbers_in_few_bits"
GROUNDS = {"JupyterLab Light": "rgb(255, 255, 255)", "JupyterLab Dark": "rgb(17, 17, 17)"}
# Of each other lesson what the picture says first, a key in which field, and what it says then.
OTHERS = {
    "00_pipeline": ("0% zeros, 8 bits: ", "ArrowUp", "percent zeros", "15% zeros, 8 bits: "),
    "01_what_does_a_model_cost": (
        "Batch 1, weights in 32 bits",
        "ArrowUp",
        "doublings",
        "Batch 2, weights in 32 bits",
    ),
    "03_choosing_the_range": (
        "The range ends at 4.",
        "ArrowDown",
        "end of the range",
        "The range ends at 3.75.",
    ),
    "04_integer_arithmetic": (
        "Pair 1, 5 bits of the weight done.",
        "ArrowUp",
        "bits",
        "Pair 1, 6 bits of the weight done.",
    ),
    "05_post_training_quantization": (
        "One unit times 1. ",
        "ArrowUp",
        "doublings",
        "One unit times 2. ",
    ),
    "06_quantization_aware_training": ("Step 0. ", "ArrowUp", "step", "Step 2. "),
    "07_unstructured_pruning": ("0% zeros: ", "ArrowUp", "percent zeros", "7% zeros: "),
    "08_structured_pruning": ("Channel 1 is framed", "ArrowDown", "channel", "Channel 0 is framed"),
    "09_when_and_how_much": (
        "Your guess: one weight in 4 stays.",
        "ArrowUp",
        "halvings",
        "Your guess: one weight in 8 stays.",
    ),
    "10_trade_offs": ("80 kB as stored: ", "ArrowUp", "gzip", "80 kB after gzip: "),
    "11_tflite": (
        "The weight in row 2, column 3:",
        "ArrowDown",
        "row",
        "The weight in row 0, column 3:",
    ),
    "12_serving": ("Load 90%, at most 1", "ArrowUp", "load", "Load 100%, at most 1"),
    "13_large_language_models": ("Smoothing 0%.", "ArrowUp", "smoothing", "Smoothing 5%."),
    "14_taught_and_factored": ("Rank 2: ", "ArrowUp", "rank", "Rank 3: "),
    "15_capstone": (
        "8,319 weights are left.",
        "ArrowUp",
        "halvings",
        "5,882 weights are left.",
    ),
}


@dataclass
class Desk:
    """One page for all lessons: to open JupyterLab anew, or to change its theme, takes seconds."""

    page: Page
    lab: Lab
    folder: Path
    theme: str = "JupyterLab Light"

    def show(self, lesson: str) -> Locator:
        """The lesson in a workspace of its own, as a learner gets it, and no other beside it."""
        course = self.folder / lesson
        path = course / "workspace" / "notebooks" / f"{lesson}.ipynb"
        if not path.exists():
            (course / "notebooks").mkdir(parents=True)
            for name in (path.name, "start.ipynb"):
                shutil.copy(ROOT / "notebooks" / name, course / "notebooks")
            fill(course, course / "workspace")
        return self._show(path)

    def show_after_it_has_run(self, lesson: str) -> Locator:
        """The lesson as it was built, and no other beside it."""
        path = self.folder / "has-run" / f"{lesson}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / "notebooks" / path.name, path)
        return self._show(path)

    def _show(self, path: Path) -> Locator:
        # axe looks through all that is open.
        self.page.wait_for_function("window.jupyterapp !== undefined", timeout=MINUTE)
        self.page.evaluate(
            """async () => {
              const { commands, restored, shell } = window.jupyterapp;
              await restored;
              // A kernel that starts late notes its version in the notebook: nobody is to be asked.
              for (const { context } of shell.widgets("main"))
                if (context) context.model.dirty = false;
              await commands.execute("application:close-all");
            }"""
        )
        notebook = show_notebook(self.page, self.lab, path)
        expect(notebook.locator(".jp-RenderedVegaCommon5")).to_be_visible(timeout=MINUTE)
        wait_for_kernel(self.page)
        return notebook

    def put_on(self, theme: str) -> None:
        if theme != self.theme:
            set_theme(self.page, theme)
            self.theme = theme


@pytest.fixture(scope="module")
def desk(browser: Browser, lab: Lab) -> Iterator[Desk]:
    with visit(browser, lab) as page:
        page.goto(f"{lab.url}lab?reset")
        yield Desk(page, lab, lab.folder / "moving")


def state(shown: Page | Locator, name: str) -> Locator:
    """The picture in this state, by the name that a screen reader says."""
    return shown.locator(f"[role=graphics-symbol][aria-label^='{name}'], img[alt^='{name}']")


def test_it_moves_by_keyboard_and_by_mouse_before_anything_has_run(desk: Desk) -> None:
    page, notebook = desk.page, desk.show(LESSON)
    expect(notebook.locator(".jp-RenderedVegaCommon5")).to_have_count(1)
    expect(state(notebook, "Scale 0.15, zero point −2")).to_be_visible()
    zero = notebook.get_by_label("zero point, by ↑ and ↓")
    zero.focus()
    page.keyboard.press("ArrowDown")
    expect(state(notebook, "Scale 0.15, zero point −3")).to_be_visible()
    # Focus stays, so that one can go on.
    expect(zero).to_be_focused()
    page.keyboard.press("ArrowDown")
    lowest = "Scale 0.15, zero point −4: eight stairs from 0 to 1.05."
    expect(state(notebook, lowest)).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(state(notebook, "Scale 0.15, zero point −4")).to_be_visible()

    page.keyboard.press("Tab")
    scale = notebook.locator("input[name=slid_scale]")
    expect(scale).to_be_focused()
    page.keyboard.press("End")
    expect(state(notebook, "Scale 0.25, zero point −4")).to_be_visible()
    # The field beside it follows.
    typed = notebook.get_by_label("scale, by ↑ and ↓")
    expect(typed).to_have_value("0.25")
    box = scale.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 4, box["y"] + box["height"] / 2)
    expect(state(notebook, "Scale 0.05, zero point −4")).to_be_visible()
    expect(typed).to_have_value("0.05")
    # What nobody can set is taken to the nearest.
    typed.fill("0.19")
    expect(state(notebook, "Scale 0.2, zero point −4")).to_be_visible()
    # Nothing was run for it, and the notebook is what it was.
    tab = page.locator(".lm-DockPanel-tabBar .lm-TabBar-tab.lm-mod-current")
    expect(tab).not_to_have_class(re.compile("jp-mod-dirty"))
    expect(notebook.locator(".jp-CodeCell .jp-InputPrompt", has_text="[*]")).to_have_count(0)
    looks_right(desk, notebook, LESSON)


@pytest.mark.parametrize("lesson", OTHERS)
def test_so_do_the_others(desk: Desk, lesson: str) -> None:
    first, key, field, then = OTHERS[lesson]
    notebook = desk.show(lesson)
    expect(state(notebook, first)).to_be_visible()
    notebook.get_by_label(f"{field}, by ↑ and ↓").focus()
    desk.page.keyboard.press(key)
    expect(state(notebook, then)).to_be_visible()
    looks_right(desk, notebook, lesson)


def test_the_others_are_all_others() -> None:
    assert {LESSON, *OTHERS} == {lesson.name for lesson in Sources.at(ROOT).lessons()}


@pytest.mark.parametrize("lesson", [LESSON, *OTHERS])
def test_in_the_dark_after_it_has_run(desk: Desk, lesson: str) -> None:
    desk.put_on("JupyterLab Dark")
    notebook = desk.show_after_it_has_run(lesson)
    looks_right(desk, notebook, lesson)
    pictures = notebook.locator(".jp-OutputArea-output img")
    expect(pictures.first).to_be_visible(timeout=MINUTE)
    assert notebook.locator(".jp-OutputArea-output img:not([alt])").count() == 0
    named = notebook.get_by_role("img", name=pictures.first.get_attribute("alt"))
    expect(named).to_be_visible()
    pictures.first.scroll_into_view_if_needed()
    desk.page.mouse.move(800, 500)
    desk.page.mouse.wheel(0, 200)
    desk.page.wait_for_timeout(500)
    shoot(desk.page, lesson)
    expect(notebook.locator("[data-mime-type='application/vnd.jupyter.error']")).to_have_count(0)


def looks_right(desk: Desk, notebook: Locator, lesson: str) -> None:
    """The picture stands on the ground of the theme, and axe has nothing against it."""
    picture = notebook.locator(".jp-RenderedVegaCommon5")
    picture.scroll_into_view_if_needed()
    behind = picture.locator("svg.marks").evaluate(
        """node => {
            const colour = (one) => getComputedStyle(one).backgroundColor;
            while (colour(node) === "rgba(0, 0, 0, 0)") node = node.parentElement;
            return colour(node);
        }"""
    )
    assert behind == GROUNDS[desk.theme]
    shoot(desk.page, f"moving-{lesson[:2]}-{desk.theme.split()[-1].lower()}")
    found = (
        Axe()
        .run(desk.page, context=".jp-NotebookPanel:not(.lm-mod-hidden) .jp-RenderedVegaCommon5")
        .response["violations"]
    )
    assert not found, [(one["id"], one["nodes"][0]["html"][:200]) for one in found]


def test_on_paper(desk: Desk) -> None:
    notebook = desk.show(LESSON)
    desk.page.emulate_media(media="print")
    expect(notebook.locator(".jp-RenderedVegaCommon5 [role=graphics-symbol]")).to_be_visible()
    desk.page.emulate_media(media="screen")


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
