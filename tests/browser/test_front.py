"""The front end of the widgets in a bare page, so fast that a thousand sequences can be tried.

Keys and clicks are real ones. Python answers as in a notebook, through a stand-in for the model.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from playwright.sync_api import Browser, Page, expect

import coursekit.learn.widgets
from coursekit import guess, reveal
from coursekit.learn import guesses as predict
from coursekit.learn.explore import explore
from coursekit.learn.guesses import guessed
from coursekit.learn.progress.store import Attempt, Pattern, Response, Review, Store
from coursekit.learn.questions.find import bank_of
from coursekit.learn.questions.schema import Choice, CodeAnswer, NumberAnswer, Practice
from coursekit.learn.widgets import (
    cards,
    cheat_sheet,
    entry_check,
    pattern_test,
    practice,
    progress,
    quiz,
    respond,
    trace,
)
from coursekit.learn.widgets.jupyter import Panel
from coursekit.learn.widgets.text import to_html
from tests.browser.lab import SCREENSHOTS
from tests.browser.reader import Reader

FRONT = Path(coursekit.learn.widgets.__file__).parent
SEQUENCES = 1000
SEVEN = bank_of("07")

STAND_IN = """
window.show = (front, view) => {
  const handlers = new Set();
  const listeners = new Set();
  const of = (event) => (event === "msg:custom" ? listeners : handlers);
  const model = {
    get: () => view,
    on: (event, handler) => of(event).add(handler),
    off: (event, handler) => of(event).delete(handler),
    send: (content) => {
      if (window.gone) throw new Error("Cannot send");
      return answer(content);
    },
  };
  const answer = async (content) => {
      window.sent = window.sent + 1;
      const [messages, answered] = await window.tell(content);
      for (const message of messages) for (const handler of listeners) handler(message);
      view = answered;
      for (const handler of handlers) handler();
      window.answered = window.answered + 1;
  };
  document.body.replaceChildren();
  window.sent = window.answered = 0;
  window.settled = () => new Promise((settle) => {
    const look = () => (window.sent === window.answered ? settle() : setTimeout(look));
    look();
  });
  front.render({ model, el: document.body.appendChild(document.createElement("main")) });
};
"""


IDS = """async ([code, view]) => {
  const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  const front = (await import(url)).default;
  const el = document.createElement("div");
  front.render({ model: { get: () => view, on: () => {}, off: () => {} }, el });
  return [...el.querySelectorAll("[id]")].map((node) => node.id);
}"""


class Bench:
    """A bare page in which one panel after the other can be shown."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        self._messages: list[object] = []
        self.panel: Panel | None = None
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on(
            "console", lambda said: self.errors.append(said.text) if said.type == "error" else None
        )
        page.expose_function("tell", self._tell)
        page.set_content(
            "<!doctype html><html lang='en'><title>Widgets</title><body></body></html>"
        )
        page.add_style_tag(content=(FRONT / "front.css").read_text(encoding="utf-8"))
        code = (FRONT / "front.js").read_text(encoding="utf-8")
        page.add_script_tag(content=code.replace("export default", "window.front ="), type="module")
        page.add_script_tag(content=STAND_IN)
        page.wait_for_function("window.front")

    def _tell(self, content: object) -> tuple[list[object], dict]:
        """What Python sends to the page: messages, and the view."""
        assert self.panel is not None
        self._messages.clear()
        self.panel._told(self.panel, content, [])
        return self._messages, self.panel.view

    def show(self, panel: Panel) -> None:
        self.panel = panel
        panel.send = self._messages.append  # type: ignore[method-assign]
        self.page.evaluate("view => window.show(window.front, view)", panel.view)

    def settle(self) -> None:
        """Waits until Python has answered."""
        # In one request: Playwright's own wait takes several, and looks at each frame only.
        self.page.evaluate("window.settled()")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            self.settle()

    @property
    def title(self) -> str:
        return self.page.locator(".fb-title").first.inner_text()

    @property
    def said(self) -> str:
        return self.page.locator(".fb-say").inner_text()

    @property
    def focused(self) -> str | None:
        return self.page.evaluate("document.activeElement.dataset.key")


@pytest.fixture(scope="module")
def bench(browser: Browser) -> Iterator[Bench]:
    context = browser.new_context(viewport={"width": 900, "height": 900})
    yield Bench(context.new_page())
    context.close()


@pytest.fixture
def store() -> Store:
    return Store(None)


def drawing(bits: int, kind: str) -> Figure:
    figure, ax = plt.subplots(figsize=(5, 2))
    ax.plot(range(2**bits))
    ax.set_title(kind)
    return figure


def moved() -> Panel:
    return explore(drawing, alt="A rising line", bits=[2, 3, 4], kind=["points", "steps"])


def asked(**options: object) -> Panel:
    predict._notes_of.cache_clear()
    panel = guess("80% zeros: size of the file", **options)
    assert panel is not None
    return panel


def answered() -> Panel:
    panel = asked(unit="× the dense one")
    said = {"key": "note", "values": {"guess": "3"}, "about": panel.view["about"]}
    panel._told(panel, said, [])
    reveal("80% zeros: size of the file", 1.996)
    return panel


ALL: dict[str, Callable[[Store], Panel]] = {
    "cards": lambda store: cards("07", store),
    "quiz": lambda store: quiz("07", store),
    "respond": lambda store: respond("07", store),
    "practice": lambda store: practice("07", store),
    "pattern_test": lambda store: pattern_test("pruning", store),
    "trace": lambda store: trace("00", store),
    "cheat_sheet": lambda store: cheat_sheet("07", store),
    "progress": progress,
    "explore": lambda store: moved(),
    "guess": lambda store: asked(unit="× the dense one"),
    "guess-slider": lambda store: asked(unit="%", low=0, high=100),
    "guess-choice": lambda store: asked(choices=["one", "two", "three"]),
    "guess-answered": lambda store: answered(),
}


def test_a_quiz_by_keyboard_alone(bench: Bench, store: Store) -> None:
    bench.show(quiz("07", store))
    question = SEVEN.of(Choice)[0]
    shown = [option["html"] for option in bench.panel.view["parts"][2]["options"]]
    [right] = [o for o in question.options if o.right]
    place = shown.index(to_html(right.text, inline=True))
    wrong = (place + 1) % len(shown)

    bench.press("Tab", "Space", *["ArrowDown"] * wrong, "Enter")
    assert bench.said == "✗ Incorrect. Read why."
    assert bench.focused.startswith("answer."), "the next try is where the last one was"
    bench.press(*["ArrowUp" if wrong > place else "ArrowDown"] * abs(wrong - place), "Enter")
    assert bench.said == "✓ Correct."
    assert bench.focused == "next"
    bench.press("Enter")
    assert "question 2 of" in bench.title
    bench.press("ArrowLeft")
    assert "question 1 of" in bench.title
    assert [attempt.right for attempt in store.events(Attempt)] == [False, True]
    assert bench.errors == []


@pytest.mark.thorough
def test_cards_by_keyboard_alone(bench: Bench, store: Store) -> None:
    bench.show(cards("07", store))
    bench.press("Tab", "Enter")
    assert bench.said == "How well did you know it?"
    bench.press("1")
    assert bench.said == "It comes again at the end."
    bench.press("Space")
    assert bench.focused == "answer", "the answer is read out, not passed over"
    bench.press("3", "ArrowRight", "ArrowDown", "4")
    assert [review.rating for review in store.events(Review)] == [1, 3, 4]
    assert bench.errors == []


@pytest.mark.thorough
def test_a_free_response_by_keyboard_alone(bench: Bench, store: Store) -> None:
    bench.show(respond("07", store))
    bench.press("Tab")
    bench.page.keyboard.type("A dense kernel multiplies zeros too, so no time is saved.")
    bench.press("Control+Enter")
    assert bench.said.startswith("You got ")
    assert bench.focused == "reading"
    [kept] = store.events(Response)
    assert kept.text == "A dense kernel multiplies zeros too, so no time is saved."
    bench.page.locator("textarea").focus()
    bench.press("End")
    bench.page.keyboard.type(" 1")
    assert bench.page.locator("textarea").input_value().endswith("saved. 1"), "keys are text here"
    assert bench.errors == []


def answer_by_keyboard(bench: Bench, question: Choice | Practice) -> None:
    """Gives the right answer without a mouse, from what has the focus before the first field."""
    keyboard = bench.page.keyboard
    answer = question if isinstance(question, Choice) else question.answer
    keyboard.press("Tab")
    if isinstance(answer, NumberAnswer):
        keyboard.type(f"{answer.number:.12g}")
        bench.press("Enter")
        return
    if isinstance(answer, CodeAnswer):
        keyboard.press("Control+a")
        keyboard.insert_text(answer.solution)
        bench.press("Control+Enter")
        return
    [shown] = [part for part in bench.panel.view["parts"] if part["kind"] == "choice"]
    right = {to_html(option.text, inline=True) for option in answer.options if option.right}
    places = [n for n, option in enumerate(shown["options"]) if option["html"] in right]
    if shown["several"]:
        for place in range(max(places) + 1):
            if place in places:
                keyboard.press("Space")
            if place < max(places):
                keyboard.press("Tab")
    else:
        keyboard.press("Space")
        for _ in range(places[0]):
            keyboard.press("ArrowDown")
    bench.press("Enter")


@pytest.mark.thorough
def test_a_pattern_test_by_keyboard_alone_to_its_verdict(bench: Bench, store: Store) -> None:
    bench.show(pattern_test("pruning", store))
    bench.page.locator("[data-key=place]").focus()
    for number in range(1, 11):
        assert f"question {number} of 10" in bench.title
        answer_by_keyboard(bench, bench.panel._exchange.mode._at)
        assert bench.said.startswith("✓ Correct"), bench.title
        assert bench.focused == "next"
        bench.press("Enter")
    expect(bench.page.locator(".fb")).to_contain_text("10 of 10 right")
    expect(bench.page.locator(".fb")).to_contain_text("Strong.")
    [result] = store.events(Pattern)
    assert (result.right, result.of, result.strong) == (10, 10, True)
    bench.page.get_by_role("button", name="Another test").focus()
    bench.press("Enter")
    assert "question 1 of 10" in bench.title
    assert bench.focused == "place"
    assert bench.errors == []


@pytest.mark.thorough
def test_practice_by_keyboard_alone_to_the_last_problem(bench: Bench, store: Store) -> None:
    bench.show(practice("07", store))
    problems = bench.panel._exchange.mode._problems
    bench.page.locator("[data-key=place]").focus()
    for number, problem in enumerate(problems, 1):
        assert f"problem {number} of {len(problems)}" in bench.title
        answer_by_keyboard(bench, problem)
        assert bench.said.startswith("✓ Correct"), problem.id
        expect(bench.page.locator(".fb")).to_contain_text("Common mistakes.")
        assert bench.focused == "next"
        bench.press("Enter")
    assert [attempt.right for attempt in store.events(Attempt)] == [True] * len(problems)
    assert bench.panel.view["parts"][1]["label"] == f"{len(problems)} of {len(problems)} solved"
    assert bench.errors == []


@pytest.mark.thorough
@pytest.mark.parametrize("name", ALL)
def test_everything_is_reached_and_pressed_without_a_mouse(
    name: str, bench: Bench, store: Store
) -> None:
    bench.show(ALL[name](store))
    buttons = bench.page.locator("button:enabled")
    wanted = set(buttons.evaluate_all("all => all.map((one) => one.dataset.key)"))
    wanted |= {part["key"] for part in bench.panel.view["parts"] if part["kind"] == "control"}
    reached = set()
    for _ in range(len(wanted) + 8):
        bench.page.keyboard.press("Tab")
        reached.add(bench.focused)
    assert wanted <= reached
    turn = bench.panel.view["turn"]
    if wanted:
        (bench.page.locator("input[type=range]") if name == "explore" else buttons).first.focus()
        bench.press("ArrowRight" if name == "explore" else "Enter")
        assert bench.panel.view["turn"] > turn
    assert bench.errors == []
    plt.close("all")


@pytest.mark.thorough
def test_a_slider_and_a_list_redraw_the_picture(bench: Bench) -> None:
    bench.show(moved())
    picture = bench.page.locator("img")
    before = picture.get_attribute("src")
    bench.press("Tab", "ArrowRight")
    assert bench.page.locator("output").inner_text() == "3"
    assert picture.get_attribute("src") != before
    assert bench.focused == "bits", "the slider can be moved on"
    before = picture.get_attribute("src")
    bench.page.get_by_label("kind", exact=True).select_option("steps")
    bench.settle()
    assert picture.get_attribute("src") != before
    plt.close("all")


@pytest.mark.thorough
def test_a_guess_is_noted_by_enter_by_the_button_and_by_leaving_the_field(bench: Bench) -> None:
    for leave in ("Enter", "Tab"):
        bench.show(asked())
        bench.press("Tab")
        assert bench.focused == "guess"
        bench.page.keyboard.type("1,000")
        assert guessed("80% zeros: size of the file") is None
        bench.press(leave)
        assert bench.said == "Noted: 1,000. Run the next cell."
        assert guessed("80% zeros: size of the file") == 1000
        assert bench.page.get_by_role("textbox").input_value() == "1,000"
    assert bench.focused == "note"
    bench.page.get_by_role("textbox").fill("2")
    bench.page.get_by_role("button", name="Note it").click()
    bench.settle()
    assert guessed("80% zeros: size of the file") == 2
    assert bench.errors == []


@pytest.mark.thorough
def test_a_slider_and_its_field_move_each_other(bench: Bench) -> None:
    bench.show(asked(unit="%", low=0, high=1))
    field, slider = bench.page.get_by_role("textbox"), bench.page.get_by_role("slider")
    field.fill("0.5")
    assert slider.input_value() == "0.5"
    slider.focus()
    bench.press("ArrowRight")
    assert field.input_value() == "0.51"
    assert bench.focused == "guess-slider", "the slider can be moved on"
    bench.press("ArrowLeft", "ArrowLeft")
    assert guessed("80% zeros: size of the file") == 0.49
    field.fill("7")
    bench.press("Enter")
    assert bench.said == "Type a number from 0 to 1."
    assert guessed("80% zeros: size of the file") == 0.49, "a guess where no answer lies is none"
    assert (field.input_value(), slider.input_value()) == ("7", "1"), "what was typed stays"
    field.fill("0.7")
    bench.press("Enter")
    assert guessed("80% zeros: size of the file") == 0.7
    assert slider.input_value() == "0.7"


@pytest.mark.thorough
def test_a_choice_made_while_python_is_at_work_is_not_lost(bench: Bench) -> None:
    bench.show(asked(choices=["one", "two", "three"]))
    # Both before the page can hear of the first.
    bench.page.evaluate(
        """() => {
          const all = document.querySelectorAll("input[type=radio]");
          all[0].click();
          all[2].click();
        }"""
    )
    expect(bench.page.locator(".fb-say")).to_have_text("Noted: “three”. Run the next cell.")
    assert bench.page.get_by_label("three").is_checked()


@pytest.mark.thorough
def test_a_formula_is_heard_in_the_name_of_an_option(bench: Bench, store: Store) -> None:
    bench.show(entry_check(store))
    questions = bench.panel._exchange.mode._questions
    place = next(n for n, one in enumerate(questions) if "$n \\times 1$" in one.options[0].text)
    bench.page.locator("[data-key=place]").focus()
    bench.press(*["ArrowRight"] * place)
    reader = Reader(bench.page)
    heard = []
    for number in range(len(questions[place].options)):
        bench.page.locator(f"[data-key='answer.{number}']").focus()
        heard.append(reader.focus())
    assert "radio | n × 1 , a weight for each token | checked: false" in heard


@pytest.mark.thorough
def test_two_widgets_in_one_notebook_share_no_id(bench: Bench) -> None:
    """Each is loaded as a module of its own, which can't count the others."""
    code = (FRONT / "front.js").read_text(encoding="utf-8")
    seen = [bench.page.evaluate(IDS, [code, asked().view]) for _ in range(2)]
    assert len(seen[0]) == 1
    assert not set(seen[0]) & set(seen[1])


@pytest.mark.thorough
def test_progress_goes_through_the_browser_to_another_machine(
    bench: Bench, store: Store, tmp_path: Path
) -> None:
    store.record(Review(lesson="07_unstructured_pruning", card="07-cards-mask", rating=3))
    bench.show(progress(store))
    with bench.page.expect_download() as downloading:
        bench.page.get_by_role("button", name="Download", exact=True).click()
    bench.settle()
    name = downloading.value.suggested_filename
    assert bench.said == f"1 entries go to {name}, in your downloads."
    assert bench.panel is not None
    assert "07-cards-mask" not in str(bench.panel.view), "what is saved with the notebook"
    downloading.value.save_as(tmp_path / name)
    elsewhere = Store(None)
    bench.show(progress(elsewhere))
    for said in ("1 entries were added.", "0 entries were added."):
        bench.page.get_by_label("Upload").set_input_files(tmp_path / name)
        expect(bench.page.locator(".fb-say")).to_have_text(said)
        bench.settle()
    assert elsewhere.events(Review) == store.events(Review)
    (tmp_path / "photo.json").write_bytes(b"\x89PNG")
    bench.page.get_by_label("Upload").set_input_files(tmp_path / "photo.json")
    expect(bench.page.locator(".fb-say")).to_contain_text("is no progress that this version")
    assert bench.errors == []


@pytest.mark.thorough
def test_a_trace_step_by_step(bench: Bench, store: Store) -> None:
    bench.show(trace("00", store))
    bench.page.get_by_role("button", name="Next step").focus()
    steps = bench.panel._exchange.mode._trace.stages
    bench.press(*["ArrowRight"] * len(steps))
    expect(bench.page.locator(".fb")).to_contain_text("Did you notice?")
    assert [attempt.mode for attempt in store.events(Attempt)] == ["trace"]
    bench.press("ArrowLeft")
    expect(bench.page.locator(".fb")).not_to_contain_text("Did you notice?")


@pytest.mark.thorough
def test_who_gets_no_answer_is_told_why(bench: Bench, store: Store) -> None:
    bench.show(quiz("07", store))
    bench.page.evaluate(
        "() => { window.kept = window.tell; window.tell = () => new Promise(() => {}); }"
    )
    bench.page.get_by_role("button", name="Next").click()
    expect(bench.page.locator(".fb-say")).to_contain_text("run this cell again", timeout=8000)
    bench.page.evaluate("() => { window.tell = window.kept; }")


# Those that stand in the text of a lesson, without a title.
BARE = ("explore", "guess", "guess-slider", "guess-choice", "guess-answered")


# By keyboard through each mode: the keys, the part that has the focus then, and what is said or
# read out.
WAYS: dict[str, list[tuple[str, str, str]]] = {
    "cards": [
        ("Space", "answer", "How well did you know it?"),
        ("1", "front", "It comes again at the end."),
        ("ArrowRight", "front", ""),
        ("ArrowDown", "answer", "How well did you know it?"),
    ],
    "quiz": [
        ("ArrowRight", "place", ""),
        ("Tab Space Control+Enter", "answer.", "orrect"),
        ("Tab Tab Tab", "next", ""),
        ("Enter", "place", ""),
    ],
    "respond": [
        ("Tab Z Control+Enter", "reading", "You got 0/"),
        ("ArrowRight", "place", ""),
    ],
    "practice": [
        ("ArrowRight", "place", ""),
        ("Tab Tab Tab Enter", "hint", ""),
        ("ArrowLeft", "place", ""),
        ("Tab Tab Tab Tab Enter", "step", "Step 1 of "),
    ],
    "pattern_test": [("Tab Space Control+Enter", "next", "orrect"), ("Enter", "place", "")],
    "trace": [
        ("ArrowRight", "next", "Step 1 of "),
        ("ArrowRight ArrowRight ArrowRight ArrowRight ArrowLeft", "back", "Step "),
    ],
}


@pytest.mark.thorough
@pytest.mark.parametrize(("width", "height"), [(1280, 640), (640, 288), (320, 200)])
def test_focus_is_in_sight_and_what_is_new_is_read_out(
    width: int, height: int, bench: Bench
) -> None:
    """As at 100, 200 and 400%."""
    page = bench.page
    page.set_viewport_size({"width": width, "height": height})
    for name, way in WAYS.items():
        bench.show(ALL[name](Store(None)))
        page.locator("[data-key=place], button.fb-primary").first.focus()
        for keys, focused, said in way:
            bench.press(*keys.split())
            at = f"{name}, {keys}"
            assert bench.focused.startswith(focused), at
            assert said in page.locator(".fb-say, .fb-aloud").all_inner_texts()[0] + (
                page.locator(".fb-aloud").text_content() or ""
            ), at
            outside, outline = page.evaluate(
                """() => {
                  const node = document.activeElement;
                  const { top, bottom } = node.getBoundingClientRect();
                  const tall = bottom - top > innerHeight;
                  const style = getComputedStyle(node);
                  return [tall ? top > innerHeight || bottom < 0 : top < 0 || bottom > innerHeight,
                    style.outlineStyle + style.outlineWidth];
                }"""
            )
            assert not outside, f"{at}: the focus is outside the window"
            assert outline in ("solid3px", "auto1px"), f"{at}: nothing shows where the focus is"
        plt.close("all")
    page.set_viewport_size({"width": 900, "height": 900})
    assert bench.errors == []


@pytest.mark.thorough
def test_keys_do_what_they_say_and_a_held_one_counts_once(bench: Bench, store: Store) -> None:
    keyboard = bench.page.keyboard
    bench.show(cards("07", store))
    show = bench.page.get_by_role("button", name="Show the answer")
    assert show.get_attribute("title") == "Key: Space, ↓"
    assert show.get_attribute("aria-keyshortcuts") == "Space ArrowDown"
    show.focus()
    for key in ("Enter", "3", "Space", "3", "Enter"):
        for _ in range(5):
            keyboard.down(key)
            bench.settle()
        keyboard.up(key)
        bench.settle()
    assert [review.rating for review in store.events(Review)] == [3, 3]

    # Several answers: an arrow key keeps them, and so does going on and coming back.
    several = next(n for n, one in enumerate(SEVEN.of(Choice)) if one.several)
    bench.show(quiz("07", store))
    bench.page.locator("[data-key=place]").focus()
    bench.press(*["ArrowRight"] * several, "Tab", "Space", "Tab", "Space", "ArrowRight")
    assert f"question {several + 1} of" in bench.title
    assert bench.page.locator("input:checked").count() == 2
    bench.page.get_by_role("button", name="Next").click()
    bench.settle()
    assert bench.page.locator("input:checked").count() == 0
    bench.press("ArrowLeft")
    assert bench.page.locator("input:checked").count() == 2
    assert store.events(Attempt) == []
    bench.page.get_by_role("button", name="Next").focus()
    bench.press("Control+Enter")
    assert [one.mode for one in store.events(Attempt)] == ["choice"], "the main button, anywhere"

    # Options of a test that was answered are locked, and can be gone through all the same.
    bench.show(pattern_test("pruning", store))
    question = bench.panel._exchange.mode._at
    assert isinstance(question, Choice)
    [shown] = [part for part in bench.panel.view["parts"] if part["kind"] == "choice"]
    right = {to_html(option.text, inline=True) for option in question.options if option.right}
    wrong = next(n for n, one in enumerate(shown["options"]) if one["html"] not in right)
    bench.page.locator("input").nth(wrong).focus()
    bench.press("Space", "Control+Enter")
    expect(bench.page.get_by_text("✓ This is right.")).to_be_visible()
    bench.page.locator("input").nth(wrong).focus()
    bench.press("ArrowDown", "Space")
    assert bench.page.locator("input").nth(wrong).is_checked()
    assert bench.focused.startswith("answer.")
    assert bench.errors == []


@pytest.mark.thorough
def test_bars_can_be_seen_with_forced_colours(bench: Bench, store: Store) -> None:
    bench.show(quiz("07", store))
    bench.page.emulate_media(forced_colors="active")
    bar = bench.page.locator(".fb-meter > div span")
    line = bench.page.locator(".fb-meter > div")
    colour = "node => getComputedStyle(node).backgroundColor"
    assert bar.evaluate(colour) != line.evaluate(colour)
    bench.page.emulate_media(forced_colors="none")


@pytest.mark.thorough
def test_a_table_is_a_stop_with_a_name_only_where_it_scrolls(bench: Bench, store: Store) -> None:
    bench.show(progress(store))
    stops = bench.page.get_by_role("region", name="Table: Your progress")
    expect(stops).to_have_count(0)
    assert bench.page.locator("[tabindex='0']").count() == 0
    bench.page.set_viewport_size({"width": 320, "height": 900})
    expect(stops).to_have_count(1)
    assert stops.get_attribute("tabindex") == "0"
    bench.page.set_viewport_size({"width": 900, "height": 900})
    expect(stops).to_have_count(0)


@pytest.mark.thorough
def test_what_is_not_saved_is_said_where_the_answer_is_shown(bench: Bench, tmp_path: Path) -> None:
    bench.show(quiz("07", Store(tmp_path)))
    bench.page.locator("input").first.check()
    bench.page.get_by_role("button", name="Check").click()
    bench.settle()
    expect(bench.page.get_by_role("alert")).to_contain_text("What you do is not saved")


@pytest.mark.thorough
def test_a_kernel_that_is_gone_is_said_at_once(bench: Bench, store: Store) -> None:
    bench.show(quiz("07", store))
    bench.page.evaluate("() => { window.gone = true; }")
    bench.page.get_by_role("button", name="Next").click()
    expect(bench.page.locator(".fb-say")).to_contain_text("was stopped or restarted", timeout=500)
    bench.page.evaluate("() => { window.gone = false; }")
    bench.errors.clear()


@pytest.mark.thorough
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ALL)
def test_nothing_serious_for_axe_and_nothing_runs_over(
    name: str, scheme: str, bench: Bench, store: Store
) -> None:
    page = bench.page
    page.emulate_media(color_scheme=scheme)
    page.add_style_tag(content=":root { color-scheme: light dark; }")
    for width in (900, 320):
        page.set_viewport_size({"width": width, "height": 900})
        bench.show(ALL[name](store))
        if name in ("quiz", "practice", "pattern_test"):
            page.locator("input").first.click()
            page.get_by_role("button", name="Check").click()
            bench.settle()
        # What axe sees depends on the colours, hardly on the width: once for each is enough.
        if width == (900 if scheme == "light" else 320):
            found = Axe().run(page, context=".fb").response["violations"]
            serious = [one for one in found if one["impact"] in ("serious", "critical")]
            assert not serious, [(one["id"], one["nodes"][0]["html"]) for one in serious]
        over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert over <= 0, f"{over} pixels too wide at {width}"
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.locator(".fb").screenshot(path=SCREENSHOTS / f"widget-{name}-{scheme}-{width}.png")
        assert page.locator("h3.fb-title").count() == (name not in BARE), "a heading leads to it"
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 900, "height": 900})
    plt.close("all")


KEYS = ("Tab", "Shift+Tab", "Enter", "Space", "ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown")
KEYS += ("1", "3", "a", "Escape", "Home")


@pytest.mark.thorough
def test_a_thousand_random_sequences_of_clicks_and_keys(bench: Bench) -> None:
    """Seeded. No error in the page, Python answers, and the page shows what Python says."""
    for seed in range(SEQUENCES):
        chance = random.Random(seed)
        store = Store(None)
        name = chance.choice(["cards", "quiz", "respond", "pattern_test", "cheat_sheet"])
        bench.show(ALL[name](store))
        for _ in range(chance.randrange(2, 7)):
            if chance.random() < 0.5:
                bench.press(chance.choice(KEYS))
                continue
            bench.page.evaluate(
                """share => {
                  const all = [...document.querySelectorAll("button, input, textarea, .fb-click")];
                  all[Math.floor(share * all.length)]?.click();
                  return window.settled();
                }""",
                chance.random(),
            )
        assert bench.errors == [], f"seed {seed}"
        view = bench.panel.view
        said, parts, drawn = bench.page.evaluate(
            """() => [
              document.querySelector(".fb-say").innerText,
              document.querySelectorAll(".fb-parts > *").length,
              document.querySelector(".fb-html.fb-title").innerHTML,
            ]"""
        )
        assert said == view["say"], f"seed {seed}"
        assert parts == len(view["parts"]), f"seed {seed}"
        assert drawn == view["parts"][0]["html"], f"seed {seed}"
        again = ALL[name](store)
        if name == "quiz":
            right = f"{sum(bool(one.right) for one in bench.panel._exchange.mode._asked)} of"
            assert again.view["parts"][1]["label"].startswith(right), f"seed {seed}"
