"""The site as it is made of the built notebooks, in a browser that may speak to it alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from coursekit.learn.asked import Asked
from tests.browser.lab import SCREENSHOTS
from tests.browser.site import reader

pytestmark = pytest.mark.thorough

LESSON = "notebooks/07_unstructured_pruning.html"
FILE, TICKETS = "80% zeros: size of the file", "notebooks/09_when_and_how_much.html"
# Before anybody practises; what is below the fold is fetched when it is scrolled to.
AT_MOST = 1_500_000


def scroll_through(page: Page) -> None:
    page.evaluate(
        """async () => {
          for (let at = 0; at < document.body.scrollHeight; at += innerHeight) {
            scrollTo(0, at);
            await new Promise((done) => setTimeout(done, 20));
          }
        }"""
    )


@pytest.mark.parametrize(
    "path",
    ["index.html", "openings.html", LESSON, "notebooks/glossary.html", "search.html?q=mask"],
)
def test_a_page_asks_no_other_host_weighs_little_and_fits_a_phone(
    browser: Browser, site: str, path: str
) -> None:
    with reader(browser, site, viewport={"width": 360, "height": 740}) as page:
        weight = 0

        def weigh(response: object) -> None:
            nonlocal weight
            weight += len(response.body())  # type: ignore[attr-defined]

        page.on("requestfinished", lambda request: weigh(request.response()))
        page.goto(site + path, wait_until="networkidle")
        scroll_through(page)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        assert weight < AT_MOST
        name = re.sub(r"\W", "-", path.removesuffix(".html"))
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.evaluate("scrollTo(0, 0)")
        page.screenshot(path=SCREENSHOTS / f"site-{name}-360.png")


def test_search_finds_a_lesson(browser: Browser, site: str) -> None:
    with reader(browser, site) as page:
        page.goto(site + "search.html?q=straight-through")
        expect(
            page.get_by_role("link", name="06 · Quantization-aware training").first
        ).to_be_visible()


def box(page: Page, question: str):
    return page.locator(".guess").filter(has_text=question)


def test_what_answers_a_guess_is_folded_until_one_has_guessed(browser: Browser, site: str) -> None:
    with reader(browser, site) as page:
        page.goto(site + LESSON)
        answer = page.get_by_text("One weight in five is left")
        expect(answer).not_to_be_visible()
        # The next part is there to read.
        expect(page.get_by_role("heading", name="1 · By hand")).to_be_visible()
        mine = box(page, FILE)
        mine.get_by_role("textbox").fill("half")
        mine.get_by_role("button", name="Guess").click()
        expect(mine.get_by_role("status")).to_have_text("Type a number, such as 2, 0.5 or 1,000.")
        expect(answer).not_to_be_visible()
        mine.get_by_role("textbox").fill("1/2")
        mine.get_by_role("button", name="Guess").click()
        expect(answer).to_be_visible()
        expect(mine.get_by_role("status")).to_contain_text("You guessed 0.5 × the dense one. It is")
        expect(mine.get_by_role("status")).to_contain_text("too low")
        row = page.get_by_role("row", name=FILE)
        page.get_by_role("button", name="Show every answer").click()
        expect(row).to_contain_text("0.5 × the dense one")
        # A reload forgets nothing, and forgetting does.
        page.reload()
        expect(answer).to_be_visible()
        page.get_by_role("button", name="Forget my guesses here").click()
        expect(answer).not_to_be_visible()


def test_by_keyboard_a_guess_is_made_and_an_answer_is_shown(browser: Browser, site: str) -> None:
    with reader(browser, site) as page:
        page.goto(site + LESSON)
        question = "20% pruned twice: share of zeros"
        mine = box(page, question)
        answer = page.get_by_text("Three traps. The second call takes")
        mine.get_by_role("slider").focus()
        for _ in range(10):
            page.keyboard.press("ArrowLeft")
        expect(mine.get_by_role("textbox")).to_have_value("40")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(answer).to_be_visible()
        expect(mine.get_by_role("status")).to_have_text(
            "You guessed 40%. It is 36%: 4 points too high."
        )
        # The other way: not to guess.
        box(page, FILE).get_by_role("textbox").focus()
        for _ in range(2):
            page.keyboard.press("Tab")
        expect(page.locator(":focus")).to_have_text("No guess: show what came out")
        page.keyboard.press("Enter")
        expect(page.get_by_text("One weight in five is left")).to_be_visible()
        expect(box(page, FILE).get_by_role("status")).to_contain_text("You made no guess. It is")


def test_a_choice_is_a_guess_and_a_link_into_an_answer_opens_it(
    browser: Browser, site: str
) -> None:
    with reader(browser, site) as page:
        page.goto(site + TICKETS)
        mine = box(page, "rewound by load_state_dict")
        # It is asked below another guess of its part: whoever follows a link gets there.
        page.evaluate("for (const one of document.querySelectorAll('.folded')) one.hidden = false")
        mine.get_by_label("biases only").check()
        mine.get_by_role("button", name="Guess").click()
        expect(mine.get_by_role("status")).to_contain_text("It is “biases only”: right.")


def test_without_scripts_a_page_shows_everything(browser: Browser, site: str) -> None:
    with reader(browser, site, java_script_enabled=False) as page:
        page.goto(site + LESSON)
        expect(page.get_by_text("One weight in five is left")).to_be_visible()
        expect(box(page, FILE).first).to_contain_text("in × the dense one")
        expect(page.locator("figure.opening img")).to_be_visible()
        expect(page.get_by_role("button", name="Show every answer")).to_have_count(0)


def test_an_opening_moves(browser: Browser, site: str) -> None:
    with reader(browser, site) as page:
        page.goto(site + LESSON)
        picture = page.locator("figure.opening img")
        before = picture.get_attribute("src")
        slider = page.locator("figure.opening").get_by_role("slider", name="percent zeros")
        slider.focus()
        page.keyboard.press("End")
        expect(picture).to_have_attribute("alt", re.compile("^98% zeros"))
        assert picture.get_attribute("src") != before
        expect(page.locator("figure.opening [role=status]")).to_contain_text("98% zeros")


def test_what_a_word_means_is_said_beside_it(browser: Browser, site: str) -> None:
    with reader(browser, site) as page:
        page.goto(site + LESSON)
        # Below a guess there is more: the first one that can be seen.
        word = page.get_by_role("link", name="mask").first
        word.focus()
        tip = page.get_by_role("tooltip")
        expect(tip).to_contain_text("A tensor of zeros and ones")
        expect(word).to_have_attribute("aria-describedby", "means")
        page.keyboard.press("Escape")
        expect(tip).not_to_be_visible()
        word.hover()
        expect(tip).to_be_visible()
        word.click()
        expect(page).to_have_url(re.compile("glossary.html#word-mask$"))
        expect(page.get_by_role("heading", name="Mask", exact=True)).to_be_in_viewport()


MARKED = """(places) => {
  const plot = document.createElement("div");
  plot.className = "plot";
  plot.dataset.guesses = JSON.stringify(places);
  const picture = document.createElement("img");
  Object.assign(picture, { width: 700, height: 350, alt: "A plot." });
  plot.append(picture);
  document.querySelector("article").append(plot);
  mark(plot, "q", 10);
  const whole = plot.querySelector(".marked").getBoundingClientRect();
  const lines = [...plot.querySelectorAll(".mark")].map((line) => {
    const { left, top, height, width } = line.getBoundingClientRect();
    const [x, y] = [(left - whole.left) / whole.width, (top - whole.top) / whole.height];
    const [across, up] = [width / whole.width, height / whole.height];
    return { x, y, width: across, height: up, text: line.textContent };
  });
  return { lines, alt: picture.alt };
}"""


def test_a_guess_is_drawn_on_the_plot_that_answers_it(browser: Browser, site: str) -> None:
    place = {"question": "q", "label": "your guess", "box": [0.1, 0.2, 0.8, 0.6]}
    places = [
        place | {"axis": "x", "scale": "linear", "limits": [0, 20]},
        place | {"axis": "y", "scale": "log", "limits": [1, 1000]},
        place | {"axis": "y", "scale": "linear", "limits": [0, 5]},
        place | {"axis": "y", "scale": "linear", "limits": [0, 5], "question": "another"},
    ]
    with reader(browser, site) as page:
        page.goto(site + LESSON)
        made = page.evaluate(MARKED, places)
        along, up, outside = made["lines"]
        assert along["x"] == pytest.approx(0.1 + 0.5 * 0.8, abs=0.01)
        assert along["height"] == pytest.approx(0.6, abs=0.01)
        assert up["y"] == pytest.approx(0.2 + 2 / 3 * 0.6, abs=0.01)
        assert up["width"] == pytest.approx(0.8, abs=0.01)
        assert outside["y"] == pytest.approx(0.2, abs=0.01)
        assert [line["text"] for line in made["lines"]] == [
            "your guess",
            "your guess",
            "↑ your guess: 10",
        ]
        assert made["alt"] == "A plot." + 3 * " Your guess: 10."


NEAR = [
    Asked("q", unit="%", guess=40.0, result=36.0),
    Asked("q", unit="%", guess=37.0, result=36.0),
    Asked("q", unit="× the dense one", guess=0.5, result=1.996),
    Asked("q", unit="× the dense one", guess=2.0, result=1.996),
    Asked("q", unit="bits", guess=9.0, result=8.0),
    Asked("q", unit="dB better", guess=-1.0, result=2.5),
    Asked("q", guess=-1.0, result=2.5),
    Asked("q", guess=1234567.0, result=1000.0),
    Asked("q", guess=0.3, result=0.5, between=(0.2, 0.6)),
    Asked("q", guess=0.36, result=0.36),
    Asked("q", choices=("a", "b"), guess="a", result=("a", "b")),
    Asked("q", choices=("a", "b"), guess="b", result="a"),
]


def test_the_page_judges_guesses_as_the_notebook_does(browser: Browser, site: str) -> None:
    with reader(browser, site) as page:
        page.goto(site + LESSON)
        for asked in NEAR:
            texts = {str: (asked.result,), tuple: asked.result}.get(type(asked.result))
            outcome = {"texts": texts, "number": asked.result, "between": asked.between}
            said = page.evaluate(
                "([asked, guess, outcome]) => nearness(asked, guess, outcome)",
                [{"unit": asked.unit}, asked.guess, outcome],
            )
            assert said == asked.nearness, asked
        for typed in ("3,200", "36 %", "1e-3", "1/128", "2×", "0,5", "−4", "", "x", "1/0", "1 000"):
            said = page.evaluate("(typed) => understood({}, typed)", typed)
            assert said == pytest.approx(Asked("q").understood(typed)), typed


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["index.html", LESSON])
def test_a_page_can_be_read_by_everybody(
    browser: Browser, site: str, path: str, scheme: str
) -> None:
    with reader(browser, site, color_scheme=scheme) as page:
        page.goto(site + path)
        name = Path(path).stem
        page.screenshot(path=SCREENSHOTS / f"site-{name}-{scheme}.png")
        for folded in (True, False):
            if not folded and page.locator(".gate").count():
                page.get_by_role("button", name="Show every answer").click()
            found = Axe().run(page).response["violations"]
            assert not found, [
                (one["id"], [node["html"][:200] for node in one["nodes"][:5]]) for one in found
            ]
