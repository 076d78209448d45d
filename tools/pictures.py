"""Takes the pictures in README.md anew: `make pictures`.

    lesson.gif    in JupyterLab the opening of a lesson is dragged, and a guess is answered
    practise.png  an answer in one's own words, and what was found in it
    report.png    what a teacher reads about a made-up class

`made_from.json` beside them says what they were made from, so that a test can tell when they are
out of date. Look at each before you commit it.
"""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, FloatRect, Locator, Page, expect, sync_playwright

from authoring.check import sample_class
from authoring.source.sources import Sources
from coursekit.desk.workspace import fill
from tests.browser.lab import (
    MINUTE,
    Lab,
    open_notebook,
    save,
    serve,
    start_chromium,
    wait_for_kernel,
    write_lesson,
)
from tools.made_from import EXERCISE, GUESS, KEPT, LESSON, PICTURES, ROOT, WORDS, cells, made_from

# The page, and how many pixels a picture has for each of its own.
WIDTH, HEIGHT = 960, 540
SHARP = 1.5
COLOURS = 128
AT_MOST = 1_000_000
# Of the report as many rows are shown, and no half one.
ROWS = 4
POINTER = """
<svg width="22" height="30" viewBox="0 0 22 30">
  <path d="M2 2v22l5-5 4 9 4-2-4-8h7z" stroke="white" stroke-width="1.5"/>
</svg>
"""


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        browser = start_chromium(playwright, shutil.which("chromium") or "chromium")
        folder = Path(name)
        for number, picture in enumerate((lesson, practise, report), 1):
            print(f"{number} of 3: {picture.__name__}", flush=True)
            picture(browser, folder)
        browser.close()
    KEPT.write_text(json.dumps(made_from(), indent=1) + "\n", encoding="utf-8")
    for name in made_from():
        print(f"docs/pictures/{name}  {(PICTURES / name).stat().st_size:,} bytes")


def lesson(browser: Browser, folder: Path) -> None:
    """Its opening is dragged; a guess is typed, and what comes out is set beside it."""
    course = folder / "lesson"
    (course / "notebooks").mkdir(parents=True)
    for notebook in (LESSON, "start"):
        shutil.copy(ROOT / "notebooks" / f"{notebook}.ipynb", course / "notebooks")
    fill(course, course / "workspace")
    path = course / "workspace" / "notebooks" / f"{LESSON}.ipynb"
    opening, *guesses, answer = cells()
    with desk(browser, course / "workspace", folder / "lesson-home", path) as page:
        film = Film(page)
        slide(film, cell(page, opening))
        answered(film, opening, guesses, answer)
        film.save(PICTURES / "lesson.gif")


def slide(film: Film, picture: Locator) -> None:
    """Pulls the slider of the opening from one end to the other, and looks where it matters."""
    show(picture.locator(".jp-Cell-outputWrapper"), 36)
    bar = picture.locator("input[type=range]")
    # The field below the slider follows it.
    typed = picture.get_by_label("by ↑ and ↓")
    box = bar.bounding_box()
    assert box is not None
    steps = int(bar.evaluate("one => Math.round((one.max - one.min) / one.step)"))
    y = box["y"] + box["height"] / 2
    knob = 8
    film.point(box["x"] + 120, y + 40)
    film.take(1200)
    film.point(box["x"] + knob, y)
    film.take(400)
    film.page.mouse.down()
    for step in range(1, steps + 1):
        film.point(box["x"] + knob + step * (box["width"] - 2 * knob) / steps, y)
        expect(typed).to_have_value(bar.input_value())
        film.page.wait_for_timeout(300)
        film.take(250 if step < steps / 2 else 500)
    film.page.mouse.up()
    film.take(1800)


def answered(film: Film, opening: str, guesses: list[str], answer: str) -> None:
    """Both guesses are typed, and the cell that answers them is run."""
    page = film.page
    source = cell(page, guesses[0])
    page.evaluate(
        """async number => {
          const { commands, shell } = window.jupyterapp;
          shell.currentWidget.content.activeCellIndex = number;
          await commands.execute("notebook:run-all-above");
        }""",
        int(source.get_attribute("data-windowed-list-index") or 0),
    )
    wait_for_kernel(page)
    source.locator(".cm-content").click()
    for _ in guesses:
        page.keyboard.press("Shift+Enter")
    fields = [cell(page, guess).locator(".fb input") for guess in guesses]
    expect(fields[-1]).to_be_visible(timeout=MINUTE)
    page.wait_for_timeout(500)
    show(source, 8)
    film.take(1000)
    for field in fields:
        box = field.bounding_box()
        assert box is not None
        film.point(box["x"] + 60, box["y"] + box["height"] / 2)
        field.click()
        film.take(400)
        for letter in str(GUESS):
            page.keyboard.type(letter)
            film.take(250)
        page.keyboard.press("Enter")
        page.wait_for_timeout(700)
        film.take(900)
    page.keyboard.press("Shift+Enter")
    result = cell(page, answer).locator(".jp-Cell-outputWrapper")
    expect(result).to_contain_text("You guessed", timeout=MINUTE)
    expect(result.locator("img")).to_be_visible()
    page.wait_for_timeout(700)
    show(result, 60)
    film.point(WIDTH - 60, HEIGHT - 60)
    film.take(6000)


def practise(browser: Browser, folder: Path) -> None:
    """The lesson's first free question, answered in part."""
    course = folder / "practise"
    course.mkdir()
    path = write_lesson(
        Lab("", course),
        "07",
        [f'from coursekit.learn.widgets import respond\n\nrespond("{LESSON[:2]}")'],
    )
    with desk(browser, course, folder / "practise-home", path, 840, 1000) as page:
        page.locator(".jp-CodeCell .cm-content").click()
        page.keyboard.press("Shift+Enter")
        asked = page.locator(".fb[aria-label^='In your own words']")
        asked.get_by_role("textbox").fill(WORDS)
        asked.get_by_role("button", name="Read it").click()
        expect(asked).to_contain_text("You got ", timeout=MINUTE)
        page.mouse.move(5, 5)
        page.wait_for_timeout(700)
        still(asked.screenshot(), PICTURES / "practise.png")


def report(browser: Browser, folder: Path) -> None:
    """On a class that `authoring sample-class` makes up and the grader has graded."""
    made, out = folder / "class", folder / "graded"
    sample_class.main(Sources.at(ROOT), [EXERCISE[:2]], made / "submitted", made / "expected.csv")
    grade = [sys.executable, "-m", "grader", "grade", "--course", str(ROOT)]
    grade += ["--submitted", str(made / "submitted"), "--out", str(out)]
    grade += ["--due", f"{EXERCISE}=2026-03-02T12:00"]
    subprocess.run(grade, check=True, stdout=subprocess.DEVNULL)
    page = browser.new_page(viewport={"width": 1000, "height": 900}, device_scale_factor=SHARP)
    page.goto((out / "report.html").as_uri())
    box = page.locator("tr").nth(ROWS).bounding_box()
    assert box is not None
    clip = FloatRect(x=0, y=0, width=1000, height=box["y"] + box["height"] + 1)
    still(page.screenshot(clip=clip), PICTURES / "report.png")
    page.close()


@contextmanager
def desk(
    browser: Browser,
    folder: Path,
    home: Path,
    path: Path,
    width: int = WIDTH,
    height: int = HEIGHT,
) -> Iterator[Page]:
    """JupyterLab with this notebook open, and nothing beside it."""
    home.mkdir()
    with serve(folder, home) as lab:
        page = browser.new_page(
            viewport={"width": width, "height": height}, device_scale_factor=SHARP
        )
        open_notebook(page, lab, path)
        page.evaluate(
            """async () => {
              const { commands } = window.jupyterapp;
              await commands.execute("application:toggle-left-area");
              for (const side of ["left", "right"])
                await commands.execute("application:toggle-side-tabbar", { side });
            }"""
        )
        yield page
        # A page that has unsaved work asks before it goes.
        save(page)
        page.close()


def cell(page: Page, source: str) -> Locator:
    """The code cell that reads so."""
    lines = [line for line in source.splitlines() if line.strip()]
    found = page.locator(".jp-CodeCell")
    for line in (lines[0], lines[-1]):
        found = found.filter(has_text=line)
    return found


def show(what: Locator, margin: int) -> None:
    """Scrolls the notebook until this stands so many pixels below its upper end."""
    what.scroll_into_view_if_needed()
    what.evaluate(
        """(one, margin) => {
          const page = one.closest(".jp-WindowedPanel-outer");
          const top = one.getBoundingClientRect().top - page.getBoundingClientRect().top;
          page.scrollTop += top - margin;
        }""",
        margin,
    )
    what.page.wait_for_timeout(700)


class Film:
    """Screenshots, each with the time that it stays, and a pointer in them."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._shots: list[tuple[Image.Image, int]] = []
        page.evaluate(
            """drawing => {
              const pointer = document.createElement("div");
              pointer.innerHTML = drawing;
              pointer.style = "position: fixed; z-index: 99999; pointer-events: none";
              document.body.append(pointer);
              addEventListener("mousemove", ({ clientX, clientY }) => {
                pointer.style.left = `${clientX}px`;
                pointer.style.top = `${clientY}px`;
              }, true);
            }""",
            POINTER,
        )

    def point(self, x: float, y: float) -> None:
        self.page.mouse.move(x, y)

    def take(self, milliseconds: int) -> None:
        shot = Image.open(io.BytesIO(self.page.screenshot(caret="initial"))).convert("RGB")
        self._shots.append((shot, milliseconds))

    def save(self, path: Path) -> None:
        """As an animated GIF; every picture in the same colours, so that what stays costs nothing.

        Raises:
            ValueError: if it is too large for a page.
        """
        shots = [shot for shot, _ in self._shots]
        # The first and the last count as much as the many between them, which are all alike.
        ends = Image.new("RGB", (shots[0].width, 2 * shots[0].height))
        ends.paste(shots[0])
        ends.paste(shots[-1], (0, shots[0].height))
        palette = few_colours(ends)
        first, *others = [
            shot.quantize(palette=palette, dither=Image.Dither.NONE) for shot in shots
        ]
        times = [time for _, time in self._shots]
        first.save(path, save_all=True, append_images=others, duration=times, loop=0)
        if path.stat().st_size > AT_MOST:
            raise ValueError(f"{path.name} has {path.stat().st_size:,} bytes: take fewer pictures")


def still(shot: bytes, path: Path) -> None:
    few_colours(Image.open(io.BytesIO(shot)).convert("RGB")).save(path, optimize=True)


def few_colours(image: Image.Image) -> Image.Image:
    """In a palette of its own, in which white stays white."""
    few = image.quantize(COLOURS, dither=Image.Dither.NONE)
    few.putpalette([255 if part > 247 else part for part in few.getpalette() or []])
    return few


if __name__ == "__main__":
    main()
