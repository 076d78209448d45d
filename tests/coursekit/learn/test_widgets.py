"""The modes behind the widgets: what they show and keep, and that they go on where they were."""

from __future__ import annotations

import json
import random
import re
import resource
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

import coursekit.learn.widgets
from coursekit.learn.explore import Explorer, explore
from coursekit.learn.progress.store import Attempt, Pattern, Response, Review, Store, Visit
from coursekit.learn.progress.store import Mode as Shown
from coursekit.learn.progress.summary import NAMES
from coursekit.learn.questions.find import PRIMERS, bank_names, bank_of
from coursekit.learn.questions.schema import (
    Card,
    Choice,
    ChoiceAnswer,
    CodeAnswer,
    Free,
    NumberAnswer,
    Practice,
    Trace,
    difficulty_of,
)
from coursekit.learn.widgets import (
    WidgetError,
    cards,
    entry_check,
    pattern_test,
    practice,
    progress,
    quiz,
    respond,
    trace,
)
from coursekit.learn.widgets.jupyter import Panel
from coursekit.learn.widgets.modes.cards import Flashcards
from coursekit.learn.widgets.modes.cheat_sheet import CheatSheet
from coursekit.learn.widgets.modes.pattern_test import PatternTest, askable, draw
from coursekit.learn.widgets.modes.practice import WorkedPractice, run_code
from coursekit.learn.widgets.modes.progress import Overview
from coursekit.learn.widgets.modes.quiz import Asked, Quiz
from coursekit.learn.widgets.modes.respond import FreeResponse
from coursekit.learn.widgets.modes.trace import Tracing
from coursekit.learn.widgets.panel import LATE, Mode, View
from coursekit.learn.widgets.text import to_html
from coursekit.pictures.numbers import number_in
from tests.conftest import ROOT

SEVEN = bank_of("07")
BANKS = [bank_of(name) for name in bank_names()]


@pytest.fixture
def store() -> Store:
    return Store(None)


def text_of(view: View) -> str:
    return json.dumps(view.parts, ensure_ascii=False)


def part(view: View, key: str) -> dict:
    [found] = [one for one in view.parts if one.get("key") == key]
    return found


def numbers(view: View, question: Choice | ChoiceAnswer, *, right: bool) -> list[int]:
    """The numbers to click for a right answer, or for one wrong option."""
    shown = [option["html"] for option in part(view, "answer")["options"]]
    wanted = [option for option in question.options if option.right == right]
    places = [shown.index(to_html(option.text, inline=True)) for option in wanted]
    return places if right else places[:1]


# Texts.


def test_maths_is_mathml_in_a_widget_and_tex_in_a_saved_notebook() -> None:
    text = "a mask $M \\odot W$ and `x < 1`"
    assert "<math" in to_html(text)
    assert "$" not in to_html(text)
    assert to_html(text, mathml=False) == "<p>a mask $M \\odot W$ and <code>x &lt; 1</code></p>"


def test_a_label_is_no_paragraph() -> None:
    assert to_html("a *b*", inline=True) == "a <em>b</em>"


def test_html_in_a_text_is_shown_and_not_run() -> None:
    assert "<script" not in to_html("<script>alert(1)</script> $</script>$")
    assert "<img" not in to_html("<img src=x onerror=y>", mathml=False)


def test_all_maths_of_the_banks_becomes_mathml() -> None:
    for bank in BANKS:
        for question in bank.questions:
            for text in _texts(question.model_dump()):
                assert text.count("$") < 2 or "<math" in to_html(text), f"{question.id}: {text}"


def _texts(value: object):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)


# Multiple choice.


def test_a_wrong_answer_shows_its_own_reason_and_can_be_tried_again(store: Store) -> None:
    mode = Quiz(SEVEN, store)
    question = SEVEN.of(Choice)[0]
    [right] = [option for option in question.options if option.right]
    mode.act("check", {"answer": numbers(mode.view(), question, right=False)})
    assert mode.view().say.startswith("✗ Incorrect")
    assert "✗ Incorrect" in text_of(mode.view())
    assert to_html(right.why) not in text_of(mode.view()).replace('\\"', '"')

    mode.act("check", {"answer": numbers(mode.view(), question, right=True)})
    assert mode.view().say == "✓ Correct."
    whys = [option["why"] for option in part(mode.view(), "answer")["options"]]
    assert all(whys), "once it is right, every option says why"
    assert [attempt.right for attempt in store.events(Attempt)] == [False, True]


def test_nothing_is_kept_before_an_answer_is_chosen(store: Store) -> None:
    mode = Quiz(SEVEN, store)
    for values in ({}, {"answer": []}, {"answer": [0, 1]}, {"answer": [99]}, {"answer": "x"}):
        mode.act("check", values)
        assert mode.view().say == "Choose an answer first."
    assert store.events(Attempt) == []


@pytest.mark.parametrize("bank", BANKS, ids=lambda bank: bank.name)
def test_no_answer_is_in_the_page_before_it_is_given(bank) -> None:
    for question in bank.of(Choice):
        asked = Asked(question.id, question.prompt, question.options, question.several)
        [shown] = asked.parts()
        assert shown["chosen"] == []
        assert all(option["mark"] == option["why"] == "" for option in shown["options"])


def test_several_right_options_are_all_needed(store: Store) -> None:
    question = next(q for bank in BANKS for q in bank.of(Choice) if q.several)
    asked = Asked(question.id, question.prompt, question.options, question.several)
    view = View("", asked.parts())
    right = numbers(view, question, right=True)
    assert asked.check({"answer": right[:1]})[0].endswith("there is more.")
    assert asked.right is False
    assert asked.check({"answer": right})[0] == "✓ Correct."


def test_a_quiz_goes_on_where_it_was_left(store: Store) -> None:
    mode = Quiz(SEVEN, store)
    for question in SEVEN.of(Choice)[:3]:
        mode.act("check", {"answer": numbers(mode.view(), question, right=True)})
        mode.act("next", {})
    again = Quiz(SEVEN, store)
    assert "question 4 of" in text_of(again.view())
    again.act("back", {})
    assert "✓ Correct" in text_of(again.view())


def test_the_entry_check_names_the_primer_to_read(store: Store) -> None:
    mode = entry_check(store)._exchange.mode
    questions = [q for q in bank_of("general").of(Choice) if q.primer]
    assert len(questions) == 10
    headings = (ROOT / "course" / "general" / "primers.py").read_text(encoding="utf-8")
    for question in questions:
        mode.act("check", {"answer": numbers(mode.view(), question, right=False)})
        heading = PRIMERS[question.primer]
        assert f"primers.ipynb#{quote(heading.replace(' ', '-'))}" in text_of(mode.view())
        assert f"# ## {heading}\n" in headings
        mode.act("next", {})


# Cards.


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def test_a_forgotten_card_comes_again_and_what_is_due_comes_first(store: Store) -> None:
    clock = Clock()
    mode = Flashcards(SEVEN, store, clock)
    total = len(SEVEN.of(Card))
    first = mode.view().parts[2]["html"]
    mode.act("turn", {})
    mode.act("rate1", {})
    assert mode.view().say == "It comes again at the end."
    for _ in range(total - 1):
        mode.act("turn", {})
        mode.act("rate3", {})
    assert mode.view().parts[2]["html"] == first
    mode.act("turn", {})
    mode.act("rate3", {})
    assert f"Done: {total} cards" in text_of(mode.view())
    assert len(store.events(Review)) == total + 1

    clock.now = datetime.now(UTC) + timedelta(days=30)
    assert f"0 of {total}" in text_of(Flashcards(SEVEN, store, clock).view())


def test_the_back_of_a_card_is_not_in_the_page_before_it_is_turned(store: Store) -> None:
    mode = Flashcards(SEVEN, store)
    backs = [to_html(card.back) for card in SEVEN.of(Card)]
    seen = [one.get("html") for one in mode.view().parts]
    assert not set(backs) & set(seen)
    mode.act("rate3", {})
    assert store.events(Review) == [], "it was not turned"
    mode.act("turn", {})
    assert set(backs) & {one.get("html") for one in mode.view().parts}


def test_cards_of_one_level(store: Store) -> None:
    mode = Flashcards(SEVEN, store)
    mode.act("level", {"level": 3})
    advanced = [card for card in SEVEN.of(Card) if card.level == "advanced"]
    assert f"0 of {len(advanced)} · advanced" in text_of(mode.view())


# Free responses.


def test_a_free_response_is_read_and_kept(store: Store) -> None:
    mode = FreeResponse(SEVEN, store)
    question = SEVEN.of(Free)[0]
    of = len(question.concepts)
    mode.act("read", {"text": "  "})
    assert mode.view().say == "Write a sentence or two first."
    mode.act("read", {"text": question.answer})
    assert mode.view().say == f"You got {of}/{of} concepts"
    mode.act("read", {"text": "I like bread, and it was sunny when we came."})
    assert mode.view().say == f"You got 0/{of} concepts"
    assert len(part(mode.view(), "said")["options"]) == of
    assert [len(event.found) for event in store.events(Response)] == [of, 0]
    again = FreeResponse(SEVEN, store)
    again.act("back", {})
    assert part(again.view(), "text")["value"] == "I like bread, and it was sunny when we came."


def test_what_was_said_in_other_words_counts_once_it_is_ticked(store: Store) -> None:
    mode = FreeResponse(SEVEN, store)
    of = len(SEVEN.of(Free)[0].concepts)
    mode.act("read", {"text": "It was sunny when we came."})
    mode.act("said", {"said": [1, 99, "x"]})
    assert mode.view().say == f"You got 1/{of} concepts"
    assert part(mode.view(), "said")["chosen"] == [1]
    again = FreeResponse(SEVEN, store)
    again.act("back", {})
    assert part(again.view(), "said")["chosen"] == [1]
    assert f"You got 1/{of} concepts" in text_of(again.view())
    again.act("said", {"said": list(range(of))})
    assert [event.named for event in store.events(Response)] == [0, 1, of]
    again.act("said", {"said": []})
    assert again.view().say == f"You got 0/{of} concepts"
    again.act("read", {"text": "Other words begin without a tick."})
    assert part(again.view(), "said")["chosen"] == []


def test_the_model_answer_waits_until_sentences_were_written(store: Store) -> None:
    mode = FreeResponse(SEVEN, store)
    mode.act("said", {"said": [0]})
    for text in ("", "int8, faster, smaller"):
        mode.act("read", {"text": text})
        assert "One way to say it." not in text_of(mode.view())
    assert store.events(Response)[-1].named == 0
    mode.act("read", {"text": "Zeros are multiplied like any number."})
    assert "One way to say it." in text_of(mode.view())


# Practice.


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("3,200", 3200),
        ("3200", 3200),
        ("0,25", 0.25),
        ("0,250", 0.25),
        ("1,234.5", 1234.5),
        (" 36%", 36),
        ("−2", -2),
        ("1e-3", 1e-3),
        ("10 000", 10000),
        ("1/128", 1 / 128),
        (" −1 / 3 ", -1 / 3),
        ("1,000/4%", 250),
        ("2x", 2),
        ("× 0.5", 0.5),
        ("1/0", None),
        ("1/", None),
        ("/2", None),
        ("1/2/3", None),
        ("1e308/1e-308", None),
        ("nan", None),
        ("inf", None),
        ("about 5", None),
        ("", None),
    ],
)
def test_numbers_as_people_type_them(typed: str, number: float | None) -> None:
    assert number_in(typed) == number


def test_code_is_judged_by_its_tests() -> None:
    tests = 'assert double(2) == 4, "twice two"'
    assert run_code("def double(x):\n    return 2 * x", tests) is None
    assert run_code("def double(x):\n    return x", tests) == "twice two"
    assert "NameError" in str(run_code("", tests))
    assert "SyntaxError" in str(run_code("def double(x)", tests))
    assert "without an end" in str(run_code("while True: pass", tests, seconds=1))


def practice_mode(store: Store) -> WorkedPractice:
    return WorkedPractice(SEVEN, store, run=lambda code, tests: None if "right" in code else "no")


def solve(mode: WorkedPractice, problem: Practice, *, right: bool) -> None:
    answer = problem.answer
    if isinstance(answer, ChoiceAnswer):
        mode.act("check", {"answer": numbers(mode.view(), answer, right=right)})
    elif isinstance(answer, NumberAnswer):
        mode.act("check", {"answer": str(answer.number if right else answer.number + 7)})
    else:
        mode.act("check", {"answer": "right" if right else "other"})


def test_every_problem_can_be_solved_and_stays_solved(store: Store) -> None:
    mode = practice_mode(store)
    problems = sorted(SEVEN.of(Practice), key=lambda p: ("easy", "medium", "hard").index(p.level))
    for problem in problems:
        solve(mode, problem, right=False)
        assert mode.view().say.startswith("✗"), problem.id
        assert to_html(f"**Answer.** {problem.final}") not in str(mode.view().parts)
        solve(mode, problem, right=True)
        assert mode.view().say.startswith("✓"), problem.id
        assert to_html(f"**Answer.** {problem.final}") in [p.get("html") for p in mode.view().parts]
        mode.act("next", {})
    again = practice_mode(store)
    assert f"{len(problems)} of {len(problems)} solved" in text_of(again.view())


def runs(code: str, tests: str) -> bool:
    """As `run_code` says it, without a Python of its own, which would import torch each time."""
    try:
        exec(f"{code}\n\n{tests}\n", {})
    except Exception:
        return False
    return True


@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore")
def test_every_worked_solution_solves_its_problem() -> None:
    for bank in BANKS:
        for problem in bank.of(Practice):
            if isinstance(problem.answer, CodeAnswer):
                assert runs(problem.answer.solution, problem.answer.tests), problem.id
                assert not runs(problem.answer.starter, problem.answer.tests), problem.id


def test_steps_come_one_by_one(store: Store) -> None:
    mode = practice_mode(store)
    problem = mode._problems[0]
    assert "**Step" not in text_of(mode.view())
    for number in range(len(problem.steps)):
        mode.act("step", {})
        assert text_of(mode.view()).count("Step ") >= number + 1
    assert to_html(f"**Answer.** {problem.final}") not in str(mode.view().parts)
    mode.act("step", {})
    assert to_html(f"**Answer.** {problem.final}") in [p.get("html") for p in mode.view().parts]
    assert store.events(Attempt) == [], "looking is no answer"


# Pattern tests.


def test_three_easy_four_medium_three_hard() -> None:
    questions = [question for question, _ in askable(BANKS, "pruning").values()]
    drawn = draw(questions, {}, seed=0)
    assert Counter(map(difficulty_of, drawn)) == {"easy": 3, "medium": 4, "hard": 3}
    assert drawn == draw(reversed(questions), {}, seed=0), "a seed fixes the draw"
    assert drawn != draw(questions, {}, seed=1)


def test_no_question_comes_again_until_its_difficulty_is_used_up() -> None:
    questions = [question for question, _ in askable(BANKS, "pruning").values()]
    there = Counter(map(difficulty_of, questions))
    asked: Counter[str] = Counter()
    for seed in range(2):
        drawn = draw(questions, asked, seed)
        for question in drawn:
            count = Counter(map(difficulty_of, drawn))[difficulty_of(question)]
            if (seed + 1) * count <= there[difficulty_of(question)]:
                assert asked[question.id] == 0, question.id
        asked.update(question.id for question in drawn)


def take(mode: PatternTest, right: int) -> None:
    """Answers the ten questions, so many of them right."""
    for number in range(10):
        question = mode._at
        assert question is not None
        if isinstance(question, Choice):
            values = {"answer": numbers(mode.view(), question, right=number < right)}
        elif isinstance(question.answer, ChoiceAnswer):
            values = {"answer": numbers(mode.view(), question.answer, right=number < right)}
        else:
            values = {"answer": str(question.answer.number + (0 if number < right else 7))}
        mode.act("check", values)
        mode.act("next", {})


@pytest.mark.parametrize(
    ("right", "verdict"), [(10, "Strong."), (9, "Strong."), (8, "Nearly."), (6, "Not yet.")]
)
def test_a_test_ends_with_a_verdict_and_what_to_revise(
    right: int, verdict: str, store: Store
) -> None:
    ticks = iter(range(0, 10_000, 5))
    mode = PatternTest("pruning", BANKS, store, clock=lambda: float(next(ticks)))
    take(mode, right)
    shown = text_of(mode.view())
    assert verdict in shown
    assert f"{right} of 10 right, in 50 s" in shown
    assert ("To revise" in shown) == (right < 10)
    [result] = store.events(Pattern)
    assert (result.right, result.of, result.seconds, result.strong) == (right, 10, 50, right >= 9)
    assert "harmful" not in shown
    if right < 10:
        assert ".ipynb#" in shown or "lesson" in shown, "a section to read"


def test_a_test_goes_on_in_another_kernel(store: Store) -> None:
    mode = PatternTest("pruning", BANKS, store)
    for _ in range(4):
        question = mode._at
        assert question is not None
        values = (
            {"answer": [0]} if part(mode.view(), "answer")["kind"] == "choice" else {"answer": "1"}
        )
        mode.act("check", values)
        mode.act("next", {})
    again = PatternTest("pruning", BANKS, store)
    assert again._at == mode._at
    assert "question 5 of 10" in text_of(again.view())


def test_after_a_test_its_result_stays_until_another_is_begun(store: Store) -> None:
    take(PatternTest("pruning", BANKS, store), 8)
    again = PatternTest("pruning", BANKS, store)
    assert "Nearly." in text_of(again.view())
    assert "To revise" in text_of(again.view())
    again.act("another", {})
    assert "question 1 of 10" in text_of(again.view())
    take(again, 10)
    assert [test.right for test in store.events(Pattern)] == [8, 10]


def test_one_try_a_question(store: Store) -> None:
    mode = PatternTest("pruning", BANKS, store)
    values = {"answer": [0]} if part(mode.view(), "answer")["kind"] == "choice" else {"answer": "1"}
    mode.act("check", values)
    mode.act("check", values)
    assert len(store.events(Attempt)) == 1


# The rest.


def test_the_cheat_sheet_of_each_lesson(store: Store) -> None:
    for name in bank_names()[:-1]:
        sheet = CheatSheet(name, store)
        assert "<table" in text_of(sheet.view())
        assert "<math" not in sheet.still()["text/html"]
    assert {visit.mode for visit in store.events(Visit)} == {"sheet"}


def test_progress_is_exported_imported_and_forgotten_only_at_the_second_click(
    tmp_path: Path,
) -> None:
    (tmp_path / "notebooks").mkdir()
    store = Store(tmp_path / "progress.sqlite")
    store.record(
        Pattern(
            lesson="07_unstructured_pruning",
            topic="pruning",
            right=9,
            of=10,
            seconds=1,
            strong=True,
        )
    )
    mode = Overview(store, tmp_path)
    assert "pruning: 9 of 10, strong" in text_of(mode.view())
    mode.act("export", {})
    [exported] = tmp_path.glob("progress-*.json")
    assert exported.name in mode.view().say
    mode.act("reset", {})
    assert len(store.events(Pattern)) == 1
    mode.act("refresh", {})
    mode.act("reset", {})
    assert len(store.events(Pattern)) == 1, "something else was pressed in between"
    mode.act("reset", {})
    assert store.events(Pattern) == []
    mode.act("import", {"file": exported.name})
    assert "1 entries were added" in mode.view().say
    mode.act("import", {"file": "not-there.json"})
    assert "not-there.json can't be read" in mode.view().say
    mode.act("import", {"file": ""})
    assert mode.view().say.startswith("Type the name")


def drawing(bits: int, kind: str) -> Figure:
    figure = plt.figure()
    figure.suptitle(f"{bits} {kind}")
    return figure


def test_a_picture_is_drawn_anew_when_something_is_moved() -> None:
    mode = Explorer(drawing, "a title", {"bits": [2, 4, 8], "kind": ["a", "b"]}, {"bits": 4})
    first = mode.view()
    assert part(first, "bits") | {"slider": True, "index": 1, "options": ["2", "4", "8"]} == part(
        first, "bits"
    )
    assert part(first, "kind")["slider"] is False
    mode.act("bits", {"bits": 2, "kind": 1})
    assert mode.figure().get_suptitle() == "8 b"
    mode.act("bits", {"bits": 99, "kind": "x"})
    assert mode.figure().get_suptitle() == "8 b"
    assert first.parts[0]["src"] != mode.view().parts[0]["src"]
    plt.close("all")


def test_a_picture_needs_alt_text_values_and_a_start_among_them() -> None:
    with pytest.raises(ValueError, match="alt text"):
        explore(drawing, alt=" ", bits=[1])
    with pytest.raises(ValueError, match="bits has no values"):
        explore(drawing, alt="x", bits=[])
    with pytest.raises(ValueError, match="none of the values"):
        explore(drawing, alt="x", bits=[1], start={"bits": 2})


def test_what_is_not_there_gets_one_sentence() -> None:
    with pytest.raises(WidgetError, match="There is no lesson “99”") as error:
        quiz("99")
    assert error.value._render_traceback_() == [str(error.value)]
    with pytest.raises(WidgetError, match="There is no topic “birds”"):
        pattern_test("birds")
    with pytest.raises(WidgetError, match="A test needs 10 questions"):
        PatternTest("prerequisites", [SEVEN], Store(None))


def test_a_panel_answers_whatever_a_page_sends(store: Store) -> None:
    panel = quiz("07", store)
    for content in (
        None,
        "x",
        {},
        {"key": 1},
        {"key": "check", "values": 3},
        {"key": "?", "values": {}},
        {"key": "check", "values": {"answer": [0]}},
        {"key": "check", "values": {"answer": [0]}, "about": "another question"},
        {"key": "?", "values": {}, "about": panel.view["about"]},
    ):
        turn = panel.view["turn"]
        panel._told(panel, content, [])
        assert panel.view["turn"] == turn + 1, "else the page would wait"
    assert store.events(Attempt) == []


def test_nothing_is_kept_for_a_page_that_was_not_on_screen(store: Store) -> None:
    """As a slow kernel gets them: pressed one after the other, answered all at once."""
    first = SEVEN.of(Choice)[0].id

    def told(panel: Panel, keys: str, **values: object) -> None:
        about = panel.view["about"]
        for key in keys.split():
            panel._told(panel, {"key": key, "values": values, "about": about}, [])

    told(panel := quiz("07", store), "check next check", answer=[2])
    assert "question 2 of" in text_of(panel._exchange.mode.view())
    assert panel.view["say"] == LATE
    told(respond("07", store), "read next read", text="Zeros are multiplied like any number.")
    told(practice("07", store), "check next check", answer="12")
    told(pattern_test("pruning", store), "check next check", answer=[0])
    told(cards("07", store), "turn rate3 rate3")
    assert [one.question for one in store.events(Attempt) if one.mode == "choice"] == [first]
    assert len({(one.mode, one.question) for one in store.events(Attempt)}) == len(
        {one.mode for one in store.events(Attempt)}
    )
    assert len(store.events(Response)) == 1
    assert store.events(Review) == [], "the card was not turned on the screen"
    told(panel := progress(store), "reset reset")
    assert store.events(Response), "that one is sure was asked for on no screen"
    told(panel, "reset")
    assert store.events(Response) == []
    assert panel.view["forget"] is True


def test_another_kernel_goes_on_where_one_was(store: Store) -> None:
    quiz_, steps = Quiz(SEVEN, store), Tracing(bank_of("00"), store)
    for _ in range(3):
        quiz_.act("next", {})
    assert "question 4 of" in text_of(Quiz(SEVEN, store).view())
    steps.act("next", {})
    steps.act("next", {})
    assert "step 2 of" in text_of(Tracing(bank_of("00"), store).view())
    assert steps.view().aloud.startswith("Step 2 of ")
    if len(bank_of("00").of(Trace)) > 1:
        steps.act("trace", {"trace": 1})
        assert "step 0 of" in text_of(steps.view())
        steps.act("trace", {"trace": 0})
        assert "step 2 of" in text_of(steps.view()), "a list is looked through without loss"
    deck = Flashcards(SEVEN, store)
    for rating in ("rate1", "rate3"):
        deck.act("turn", {})
        deck.act(rating, {})
    total = len(SEVEN.of(Card))
    again = text_of(Flashcards(SEVEN, store).view())
    assert f"0 of {total - 1}" in again, "the card that was forgotten comes again"
    assert "1 not due yet" in again


@contextmanager
def full() -> Iterator[None]:
    """A disk on which this process can write no byte more."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.parametrize("harm", ["read-only", "full", "folder", "garbage", "half", "deleted"])
def test_what_could_not_be_saved_is_said_and_kept_until_it_can_be(
    harm: str, closed_folder, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, closed = closed_folder
    folder.chmod(0o777)
    path = folder / "progress.sqlite"
    store = Store(path)
    panel = quiz("07", store)

    def check(place: int) -> dict:
        said = {"key": "check", "values": {"answer": [place]}, "about": panel.view["about"]}
        panel._told(panel, said, [])
        return panel.view

    def kept() -> int:
        return len(Store(path).events(Attempt))

    assert check(0)["trouble"] == ""
    assert kept() == 1
    match harm:
        case "read-only" | "full":
            path.chmod(0o444 if harm == "read-only" else 0o644)
            with closed() if harm == "read-only" else full():
                assert "not saved" in check(1)["trouble"]
                assert "not saved" in check(2)["trouble"], "said as long as it is so"
            path.chmod(0o644)
            assert kept() == 1
            panel._told(panel, {"key": "next", "values": {}, "about": panel.view["about"]}, [])
            assert panel.view["trouble"] == ""
            assert kept() == 3
            return
        case "folder":
            path.unlink()
            path.mkdir()
            assert "not saved" in check(1)["trouble"]
            path.rmdir()
            panel._told(panel, {"key": "next", "values": {}, "about": panel.view["about"]}, [])
            assert kept() == 1
            return
        case "garbage":
            path.write_bytes(b"no database " * 400)
        case "half":
            path.write_bytes(path.read_bytes()[:5000])
        case "deleted":
            path.unlink()
    trouble = check(1)["trouble"]
    assert "a new one is begun" in trouble
    if harm != "deleted":
        [aside] = folder.glob("progress.sqlite.broken-*")
        assert aside.name in trouble
    assert kept() == 1
    assert check(2)["trouble"] == "", "once is enough"


def test_a_notebook_that_was_not_run_shows_questions_and_no_widget_alone(store: Store) -> None:
    data, _ = cards("07", store)._repr_mimebundle_()
    assert data["text/html"].count("<details>") == len(SEVEN.of(Card))
    assert "Run this cell" in data["text/html"]
    assert data["text/plain"] == "Cards · 07 · Unstructured pruning"


def test_every_line_to_click_in_a_saved_notebook_has_a_name_of_its_own(store: Store) -> None:
    for show in (quiz, practice, respond, cards, trace):
        page = show("07", store)._exchange.mode.still()["text/html"]
        found = re.findall("<summary>(.*?)</summary>", page)
        assert len(found) > 1, show.__name__
        assert len(set(found)) == len(found), show.__name__


def test_a_picture_stays_a_picture_in_a_saved_notebook() -> None:
    data, _ = explore(drawing, alt="A title", bits=[2], kind=["a"])._repr_mimebundle_()
    assert data["text/plain"] == "A title"
    # Jupyter would show an image that stands alone without its alt text.
    assert "image/png" not in data
    assert data["text/html"].startswith('<img alt="A title" src="data:image/png;base64,iVBOR')
    plt.close("all")


def test_a_mode_goes_by_one_name_in_lessons_in_widgets_and_in_the_progress(store: Store) -> None:
    shown: dict[Shown, Mode] = {
        "sheet": CheatSheet(SEVEN.name, store),
        "cards": Flashcards(SEVEN, store),
        "choice": Quiz(SEVEN, store),
        "free": FreeResponse(SEVEN, store),
        "practice": WorkedPractice(SEVEN, store),
        "pattern": PatternTest("pruning", BANKS, store),
        "trace": Tracing(SEVEN, store),
    }
    lesson = (ROOT / "course" / SEVEN.name / "lesson.py").read_text(encoding="utf-8")
    for kind, mode in shown.items():
        assert mode.view().title.startswith(f"{NAMES[kind]} · ")
        assert f"# **{NAMES[kind]}.**" in lesson or f"# ## {NAMES[kind]}\n" in lesson


def test_the_front_end_is_small_and_asks_nobody() -> None:
    folder = Path(coursekit.learn.widgets.__file__).parent
    files = [folder / "front.js", folder / "front.css"]
    assert sum(file.stat().st_size for file in files) < 60_000
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert not any(word in text for word in ("http", "fetch(", "import ", "@import", "url("))


# Whatever is pressed, in whatever order.


def everything(store: Store, folder: Path) -> list[Mode]:
    return [
        Quiz(SEVEN, store),
        Flashcards(SEVEN, store),
        FreeResponse(SEVEN, store),
        practice_mode(store),
        PatternTest("pruning", BANKS, store),
        Overview(store, folder),
        CheatSheet(SEVEN.name, store),
    ]


def press(mode: Mode, chance: random.Random) -> None:
    """One thing that the page could do: a button or a control of the view, with any values."""
    view = mode.view()
    json.dumps(vars(view))
    keys = [b["key"] for p in view.parts if p["kind"] == "buttons" for b in p["buttons"]]
    keys += [p["key"] for p in view.parts if p["kind"] == "control"]
    values: dict[str, object] = {}
    for one in view.parts:
        match one["kind"]:
            case "choice":
                size = chance.choice([0, 1, 1, 1, 2])
                values[one["key"]] = chance.sample(range(len(one["options"])), size)
            case "entry":
                values[one["key"]] = chance.choice(
                    ["", "12", "0.36", "right", "It is smaller.", "x,y"]
                )
            case "control":
                values[one["key"]] = chance.randrange(len(one["options"]))
    skipped = {"export", "import", "reset"}
    if wanted := [key for key in keys if key not in skipped]:
        mode.act(chance.choice(wanted), values)


def test_a_thousand_random_sequences_leave_no_error_and_consistent_progress(
    tmp_path: Path,
) -> None:
    for seed in range(1000):
        chance = random.Random(seed)
        store = Store(None)
        modes = everything(store, tmp_path)
        mode = chance.choice(modes)
        for _ in range(12):
            press(mode, chance)
        for now, again in zip(modes[:5], everything(store, tmp_path)[:5], strict=True):
            assert counted(now) == counted(again), f"seed {seed}: {type(now).__name__}"


def counted(mode: Mode) -> object:
    """What must be the same for who opens the notebook again."""
    match mode:
        case Quiz():
            return [asked.chosen for asked in mode._asked]
        case WorkedPractice():
            # What was typed and not checked is not kept, and is not judged.
            return [solving.right for solving in mode._solving]
        case FreeResponse():
            return mode._texts
        case PatternTest():
            return mode._right
    return None
