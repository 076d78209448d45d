"""Guesses before results: what counts, what is printed, and what is kept from run to run."""

import builtins
import json
import os
import sys

import pytest
import torch

from coursekit import guess, guesses, reveal
from coursekit.learn import guesses as predict
from coursekit.learn.guesses import guessed
from coursekit.learn.progress.store import Guess, Outcome, Store, Visit, default_store
from coursekit.learn.progress.summary import summary

FILE = "80% zeros: size of the file"


@pytest.fixture(autouse=True)
def _new_kernel():
    """Guesses belong to the kernel; here each test is one."""
    predict._notes_of.cache_clear()
    yield
    predict._notes_of.cache_clear()


def type_in(panel, text, key="guess"):
    """What the page sends when something was typed, or the options chosen."""
    said = {"key": key, "values": {"guess": text}, "about": panel.view["about"]}
    panel._told(panel, said, [])


def field(panel):
    return panel.view["parts"][0]


def words(panel):
    return json.dumps(panel.view["parts"], ensure_ascii=False)


# What a learner sees.


def test_a_guess_is_set_beside_what_came_out(capsys):
    panel = guess(FILE, unit="× the dense one")
    type_in(panel, "2.0")
    assert panel.view["say"] == "Noted: 2 × the dense one. Run the next cell."
    reveal(FILE, 1.996)
    line = f"You guessed 2 for “{FILE}”. It is 1.996 × the dense one: within 1%.\n"
    assert capsys.readouterr().out == line


def test_without_a_guess_the_result_still_comes_and_kindly(capsys):
    guess(FILE)
    reveal(FILE, 1.996)
    assert capsys.readouterr().out == f"You made no guess for “{FILE}”. It is 1.996.\n"


def test_what_was_never_asked_is_revealed_all_the_same(capsys):
    reveal("never asked", 4000)
    assert capsys.readouterr().out == "You made no guess for “never asked”. It is 4,000.\n"


@pytest.mark.parametrize(
    ("typed", "number"),
    [("2", 2), ("2.0", 2), ("1,000", 1000), ("1e3", 1000), ("−3", -3), ("0,5", 0.5), ("1/4", 0.25)],
)
def test_numbers_are_understood_as_they_are_typed(typed, number):
    panel = guess(FILE)
    type_in(panel, typed)
    assert guessed(FILE) == number
    assert field(panel)["value"] == typed


@pytest.mark.parametrize(("unit", "number"), [("%", 50), ("", 0.5), ("× the dense one", 0.5)])
def test_per_cent_are_hundredths_of_what_is_not_counted_in_them(unit, number):
    type_in(guess(FILE, unit=unit), "50 %")
    assert guessed(FILE) == number


@pytest.mark.parametrize("typed", ["½", "about half", "", "2 or 3", None, ["2"], 7])
def test_what_is_no_number_gets_a_kind_sentence_and_leaves_the_guess_as_it_was(typed):
    panel = guess(FILE)
    type_in(panel, "3")
    type_in(panel, typed)
    assert panel.view["say"] == "Type a number, such as 2, 0.5 or 1,000."
    assert guessed(FILE) == 3


def test_a_choice_is_noted_when_it_is_made(capsys):
    panel = guess("which?", choices=["one", "two", "three"])
    assert field(panel)["chosen"] == []
    type_in(panel, [1])
    assert panel.view["say"] == "Noted: “two”. Run the next cell."
    assert field(panel)["chosen"] == [1]
    for odd in ([], [9], ["x"], "x", None):
        type_in(panel, odd)
        assert panel.view["say"] == "Take one of these: one; two; three."
    reveal("which?", "three")
    assert capsys.readouterr().out.endswith(
        "You guessed “two” for “which?”. It is “three”: not right.\n"
    )


def test_a_slider_has_a_number_field_that_counts():
    panel = guess("accuracy", unit="%", low=0, high=100)
    assert field(panel)["kind"] == "entry"
    assert field(panel)["limits"] == [0, 100]
    type_in(panel, "97.5")
    assert guessed("accuracy") == 97.5
    assert field(guess(FILE, low=0))["limits"] is None


def test_once_the_result_is_out_the_field_is_locked_and_shows_both():
    panel = guess(FILE)
    type_in(panel, "3")
    type_in(panel, "four")
    reveal(FILE, 2)
    assert field(panel)["locked"]
    assert field(panel)["value"] == "3"
    assert "You guessed 3. It is 2: 1.5 times too high." in words(panel)
    type_in(panel, "2")
    assert guessed(FILE) == 3
    assert not any(part["kind"] == "buttons" for part in panel.view["parts"])
    again = guess(FILE)
    assert field(again)["locked"]
    assert "1.5 times too high" in words(again)


def test_the_page_is_told_when_the_result_comes_out():
    panel = guess(FILE)
    before = panel.view
    reveal(FILE, 2)
    assert panel.view["turn"] > before["turn"]
    assert "You made no guess. It is 2." in words(panel)


def test_no_result_is_in_the_page_before_it_is_out(monkeypatch):
    reveal("other", 77)
    panel = guess(FILE)
    assert "77" not in words(panel)
    assert not field(panel)["locked"]


# Without a widget.


def test_a_guess_can_be_given_in_code(capsys):
    assert guess(FILE, 3.5, unit="× the dense one") is None
    assert capsys.readouterr().out == "Noted: 3.5 × the dense one. Run the next cell.\n"
    guess(FILE, "about half")
    assert capsys.readouterr().out == "Type a number, such as 2, 0.5 or 1,000.\n"
    guess("which?", "TWO", choices=["one", "two"])
    assert capsys.readouterr().out == "Noted: “two”. Run the next cell.\n"
    reveal(FILE, 7)
    capsys.readouterr()
    guess(FILE, 7)
    printed = capsys.readouterr().out
    assert printed.startswith("The result is out, so this guess no longer counts. You guessed 3.5")
    guess(FILE, 3.5)
    assert capsys.readouterr().out.startswith("You guessed 3.5")


def test_where_anywidget_is_missing_a_sentence_says_how_to_guess(monkeypatch, capsys):
    imported = builtins.__import__

    def without(name, *rest):
        if name.startswith("anywidget"):
            raise ImportError(name)
        return imported(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    for name in [name for name in sys.modules if name.startswith("coursekit.learn.widgets")]:
        monkeypatch.delitem(sys.modules, name)
    assert guess(FILE, unit="× the dense one") is None
    assert capsys.readouterr().out == (
        f"{FILE} (× the dense one)\nType your guess behind the question, as in "
        f'guess("{FILE}", 2.5), and run this cell again.\n'
    )
    guess("which?", choices=["one", "two"])
    printed = capsys.readouterr().out
    assert printed.startswith("which?\nTake one of these: one; two. Type your guess")
    assert 'guess("which?", "one")' in printed
    guess("accuracy", low=0, high=1)
    assert 'guess("accuracy", 0.5)' in capsys.readouterr().out


def test_a_notebook_that_was_not_run_asks_and_says_how():
    panel = guess(FILE)
    type_in(panel, "987")
    data, _ = panel._repr_mimebundle_()
    assert f"<strong>{FILE}</strong>" in data["text/html"]
    assert "Run this cell to guess here" in data["text/html"]
    assert f'guess("{FILE}", 2.5)' in data["text/plain"]
    assert "987" not in data["text/html"] + data["text/plain"], "else nbval would compare it"


def test_importing_the_functions_imports_nothing_heavy(python):
    process = python(
        "import sys, coursekit; print({'numpy', 'torch', 'pandas', 'anywidget', 'pydantic'}"
        " & set(sys.modules) or 'light')"
    )
    assert process.communicate()[0] == "light\n"


# How near.


@pytest.mark.parametrize(
    ("given", "result", "near"),
    [
        (3, 2, "1.5 times too high"),
        (2, 3, "1.5 times too low"),
        (2.06, 2, "within 3%"),
        (1.96, 2, "within 2%"),
        (2, 2, "right"),
        (0.33333, 1 / 3, "right"),
        (500, 10, "50 times too high"),
        (1, 0, "1 too high"),
        (-2, 3, "5 too low"),
        (-3, -2, "1 too low"),
        (1, float("nan"), "not right"),
        (1, float("inf"), "not right"),
        (1, "(8, 4)", "not right"),
    ],
)
def test_how_near_a_number_was(capsys, given, result, near):
    guess("?", given)
    reveal("?", result)
    assert capsys.readouterr().out.endswith(f": {near}.\n")


@pytest.mark.parametrize(
    ("unit", "given", "result", "near"),
    [
        ("dB", 14, 19, "5 dB too low"),
        ("dB better", 2, 1, "1 dB better too high"),
        ("bits", 22, 23, "1 bit too low"),
        ("bits", 26, 23, "3 bits too high"),
        ("bits", 23, 23, "right"),
    ],
)
def test_where_a_difference_is_a_factor_it_is_told_as_one(capsys, unit, given, result, near):
    guess("?", given, unit=unit)
    reveal("?", result)
    assert capsys.readouterr().out.endswith(f": {near.replace(' better', '')}.\n")


@pytest.mark.parametrize("typed", [85, "85", "-0.1", "101 %"])
def test_a_guess_where_no_answer_can_be_is_sent_back(capsys, typed):
    guess("Accuracy", typed, low=0, high=1)
    assert capsys.readouterr().out == "Type a number from 0 to 1.\n"
    guess("Accuracy", "85 %", low=0, high=1)
    assert "Noted: 0.85." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "near"), [(80, "5 points too low"), (86, "1 point too high"), (85, "right")]
)
def test_per_cent_are_compared_in_points(capsys, given, near):
    guess("accuracy", given, unit="%")
    reveal("accuracy", 85)
    assert capsys.readouterr().out.endswith(f"It is 85%: {near}.\n")


@pytest.mark.parametrize(
    ("given", "near"),
    [(82, "right"), (81, "right"), (90, "right"), (80.9, "4.1 points too low")],
)
def test_over_several_runs_a_guess_inside_the_range_is_right(capsys, given, near):
    guess("accuracy", given, unit="%")
    reveal("accuracy", 85, between=(81, 90))
    assert capsys.readouterr().out.endswith(f"It is 85% (from 81 to 90): {near}.\n")


def test_a_range_that_is_one_number_is_not_named(capsys):
    reveal("accuracy", 0.1, between=(0.1, 0.1))
    assert capsys.readouterr().out.endswith("It is 0.1.\n")


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ("a", "It is “a”: right."),
        (["a", "b"], "It is “a” or “b”: right."),
        (["b", "c"], "It is “b” or “c”: not right."),
        (["c"], "It is “c”: not right."),
    ],
)
def test_of_choices_that_cannot_be_told_apart_each_is_right(capsys, result, words):
    guess("which?", "a", choices=["a", "b", "c"])
    reveal("which?", result)
    assert capsys.readouterr().out.endswith(f"{words}\n")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (266_610, "266,610"),
        (266_610.0, "266,610"),
        (12_345.6, "12,346"),
        (0.85249, "0.8525"),
        (0.000012345, "1.234e-05"),
        (-3, "-3"),
        (float("nan"), "“nan”"),
        (float("inf"), "“inf”"),
        (torch.tensor(7), "7"),
        ("about half", "“about half”"),
    ],
)
def test_numbers_are_readable(capsys, value, shown):
    reveal("?", value)
    assert capsys.readouterr().out.endswith(f"It is {shown}.\n")


# The table.


def test_the_table_holds_every_question_in_order_and_one_sentence():
    for question, given, result in [("a", 3, 2), ("b", 30, 2), ("c", None, 2), ("d", 2, 2)]:
        guess(question, given)
        reveal(question, result)
    assert repr(guesses()) == (
        "a: guessed 3, is 2: 1.5 times too high\n"
        "b: guessed 30, is 2: 15 times too high\n"
        "c: guessed –, is 2: –\n"
        "d: guessed 2, is 2: right\n"
        "2 of 3 within a factor of 1.5."
    )


def test_choices_are_counted_apart():
    guess("which?", "a", choices=["a", "b"])
    reveal("which?", "a")
    assert guesses().sentence == "1 of 1 guesses right."
    guess("many?", 3)
    reveal("many?", 300)
    assert guesses().sentence == "0 of 1 within a factor of 1.5, 1 of 1 choices right."


def test_without_a_guess_the_table_says_so():
    guess("a")
    assert guesses().sentence == "No guess of yours can be set beside its result yet."


def test_the_table_escapes_what_stands_in_it():
    guess("Is x < y?", "<b>", choices=["<b>", "no"])
    reveal("Is x < y?", "no")
    table = guesses()._repr_html_()
    row = "<td>Is x &lt; y?</td><td>&lt;b&gt;</td><td>no</td><td>not right</td>"
    assert row in table
    assert table.count("<tr>") == 2


def test_the_table_has_units():
    guess("size", 3, unit="× the dense one")
    reveal("size", 2.0)
    [row] = guesses().rows
    assert row[1:3] == ("3 × the dense one", "2 × the dense one")


# What is kept from run to run.

LESSON = "07_unstructured_pruning"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "progress.sqlite"


@pytest.fixture
def kernel(monkeypatch, path):
    """Starts a new kernel of a lesson, with the learner's progress in `path`."""

    def start(lesson=LESSON):
        monkeypatch.setenv("COURSE_PROGRESS", str(path))
        monkeypatch.setenv("JPY_SESSION_NAME", f"notebooks/{lesson}.ipynb")
        default_store.cache_clear()
        predict._notes_of.cache_clear()

    return start


def run_of_the_lesson(value=None, **results):
    """The lesson's cells."""
    asked = guess("size", value)
    guess("time")
    for question, result in results.items():
        reveal(question, result)
    return asked


def test_a_new_kernel_shows_what_was_guessed_and_what_came_out(kernel):
    kernel()
    run_of_the_lesson(3, size=2.0, time=1.04)
    before = guesses()
    kernel()
    assert repr(guesses()) == repr(before)
    assert "size: guessed 3, is 2: 1.5 times too high" in repr(before)
    assert guesses()._repr_html_() == before._repr_html_()


def test_a_range_and_several_choices_are_kept_too(kernel):
    kernel()
    guess("size", 3)
    reveal("size", 2, between=(1, 4))
    guess("which?", "b", choices=["a", "b"])
    reveal("which?", ["a", "b"])
    before = repr(guesses())
    kernel()
    assert repr(guesses()) == before
    assert "size: guessed 3, is 2: right\nwhich?: guessed b, is a or b: right" in before


def test_a_guess_of_an_earlier_day_stands_in_the_field_and_counts(kernel, capsys):
    kernel()
    run_of_the_lesson(3, size=2.0)
    kernel()
    panel = run_of_the_lesson()
    assert field(panel)["value"] == "3"
    assert panel.view["say"] == "You guessed 3 earlier. Change it, or run on."
    capsys.readouterr()
    reveal("size", 2.0)
    assert capsys.readouterr().out == "You guessed 3 for “size”. It is 2: 1.5 times too high.\n"


def test_until_the_result_is_out_again_an_earlier_guess_can_be_changed(kernel):
    kernel()
    run_of_the_lesson(3, size=2.0)
    kernel()
    panel = run_of_the_lesson()
    assert not field(panel)["locked"]
    type_in(panel, "2.5")
    assert guessed("size") == 2.5
    assert [event.guess for event in default_store().events(Guess)] == [3, 2.5]


def test_a_guess_that_the_lesson_no_longer_offers_is_forgotten(kernel):
    for then, options in [("a", {"choices": ["a", "b"]}), (3, {})]:
        kernel()
        guess("which?", then, **options)
        kernel()
        assert field(guess("which?", choices=["c", "d"]))["chosen"] == []
        assert guesses().asked[0].guess is None
    guess("which?", "c", choices=["c", "d"])
    kernel()
    assert field(guess("which?"))["value"] == ""


def test_a_question_that_the_lesson_no_longer_asks_is_not_shown(kernel):
    kernel()
    guess("as it was worded once", 1)
    kernel()
    run_of_the_lesson()
    assert "worded" not in repr(guesses())


def test_running_again_adds_nothing_but_what_is_new(kernel, path):
    for value, result in [(3, 2.0), (3, 2.0), (None, 2.0), (4, 2.5)]:
        kernel()
        run_of_the_lesson(value, size=result)
        reveal("size", result)
    store = Store(path)
    assert [event.guess for event in store.events(Guess)] == [3, 4]
    assert [event.result for event in store.events(Outcome)] == [2.0, 2.5]
    assert [event.mode for event in store.events(Visit)] == ["lesson"] * 4


def test_progress_counts_the_guesses(kernel, path, tmp_path):
    kernel()
    run_of_the_lesson(3, size=2.0, time=1.0)
    [lesson] = summary(Store(path), tmp_path).lessons
    assert (lesson.lesson, lesson.guesses, lesson.modes["lesson"].done) == (LESSON, 1, 1)


def test_outcomes_kept_before_there_were_ranges_are_understood(kernel, path):
    kernel()
    reveal("size", 2.0)
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(path)) as db, db:
        old = json.dumps({"lesson": LESSON, "question": "time", "result": 1.5})
        db.execute(
            "INSERT INTO event VALUES ('old', '2026-11-01T08:00:00+00:00', 'outcome', ?)", [old]
        )
    kernel()
    assert "time: guessed –, is 1.5" in repr(guesses())


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (torch.tensor(7), 7.0),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        ((3, 4), "(3, 4)"),
        (True, 1.0),
    ],
)
def test_whatever_was_given_can_be_kept(kernel, path, value, kept):
    kernel()
    guess("?", value)
    assert [event.guess for event in Store(path).events(Guess)] == [kept]


@pytest.mark.parametrize("between", [(1, float("inf")), (float("nan"), 2)])
def test_a_range_that_json_cannot_hold_is_left_out_of_what_is_kept(kernel, path, between):
    kernel()
    reveal("?", 1, between=between)
    [event] = Store(path).events(Outcome)
    assert (event.result, event.between) == (1, None)


def test_lessons_do_not_see_each_other(kernel):
    kernel()
    run_of_the_lesson(3, size=2.0)
    kernel("00_pipeline")
    assert guesses().rows == []


@pytest.mark.parametrize(
    ("name", "lesson"),
    [
        ("/home/me/course/notebooks/07_unstructured_pruning.ipynb", LESSON),
        ("notebooks/07_unstructured_pruning-Copy1.ipynb", LESSON),
        ("07_unstructured_pruning (1).ipynb", LESSON),
        ("Untitled.ipynb", None),
        ("", None),
    ],
)
def test_jupyter_tells_which_lesson_it_is(monkeypatch, name, lesson):
    monkeypatch.setenv("JPY_SESSION_NAME", name)
    guess("size", 1)
    assert [event.lesson for event in default_store().events(Guess)] == [lesson] * (
        lesson is not None
    )


def test_vs_code_tells_too(monkeypatch):
    import __main__

    monkeypatch.setattr(__main__, "__vsc_ipynb_file__", f"/x/{LESSON}.ipynb", raising=False)
    guess("size", 1)
    assert [event.lesson for event in default_store().events(Guess)] == [LESSON]


def test_without_a_place_to_write_the_lesson_prints_the_same(kernel, monkeypatch, tmp_path, capsys):
    kernel()
    run_of_the_lesson(3, size=2.0)
    printed = capsys.readouterr()
    (tmp_path / "file").write_text("")
    kernel()
    monkeypatch.setenv("COURSE_PROGRESS", os.fspath(tmp_path / "file" / "progress.sqlite"))
    run_of_the_lesson(3, size=2.0)
    without = capsys.readouterr()
    assert without.out == printed.out
    assert len(without.err.splitlines()) == 1


def test_lessons_keep_their_table_out_of_the_comparison(root):
    """It may show what earlier runs left: see guesses."""
    for source in sorted(root.glob("course/*/lesson.py")):
        cells = source.read_text(encoding="utf-8").split("\n# %%")
        shown = [cell for cell in cells if cell.rstrip().endswith("\nguesses()")]
        assert shown, f"{source} does not show its guesses"
        for cell in shown:
            assert "nbval-ignore-output" in cell.splitlines()[0], source
