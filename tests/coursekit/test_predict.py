import pytest
import torch

from coursekit import Ledger
from coursekit.store import Guess, Outcome, Store, Visit, default_store


def test_a_guess_is_set_beside_what_came_out(capsys):
    ledger = Ledger()
    ledger.guess("How much smaller is the file?", 0.5)
    ledger.reveal("How much smaller is the file?", 0.123456)
    assert capsys.readouterr().out == (
        "Noted.\nHow much smaller is the file?: you guessed 0.5, it is 0.1235.\n"
    )
    assert repr(ledger) == "How much smaller is the file?: guessed 0.5, is 0.1235"


def test_without_a_guess_the_result_still_comes(capsys):
    ledger = Ledger()
    ledger.guess("How many?")
    ledger.reveal("How many?", 4000)
    printed = capsys.readouterr().out
    assert "No guess yet" in printed
    assert ": you guessed –, it is 4,000." in printed


def test_questions_stay_in_order_and_a_new_guess_replaces_the_old_one():
    ledger = Ledger()
    ledger.guess("a", 1)
    ledger.guess("b", "none")
    ledger.reveal("a", 2)
    ledger.guess("a", 3)
    assert repr(ledger) == "a: guessed 3, is –\nb: guessed none, is –"


def test_a_question_that_was_not_asked_has_no_result():
    with pytest.raises(KeyError, match="no guess was asked for: 'never'"):
        Ledger().reveal("never", 1)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (266_610, "266,610"),
        (266_610.0, "266,610"),
        (12_345.6, "12,346"),
        (0.85249, "0.8525"),
        (0.000012345, "1.234e-05"),
        (-3, "-3"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        (torch.tensor(7), "7"),
        ("about half", "about half"),
    ],
)
def test_numbers_are_readable(capsys, value, shown):
    ledger = Ledger()
    ledger.guess("?")
    ledger.reveal("?", value)
    assert capsys.readouterr().out.endswith(f"it is {shown}.\n")


def test_the_table_holds_every_question_and_escapes_what_a_learner_types():
    ledger = Ledger()
    ledger.guess("Is x < y?", "<b>yes</b>")
    ledger.reveal("Is x < y?", "no")
    table = ledger._repr_html_()
    assert "<td>Is x &lt; y?</td><td>&lt;b&gt;yes&lt;/b&gt;</td><td>no</td>" in table
    assert table.count("<tr>") == 2


# What is kept from run to run

LESSON = "07_unstructured_pruning"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "progress.sqlite"


def run_of_the_lesson(path, guess=None, **results):
    """The lesson's cells, run in a new kernel."""
    ledger = Ledger(LESSON, Store(path))
    ledger.guess("size", guess)
    ledger.guess("time")
    for question, result in results.items():
        ledger.reveal(question, result)
    return ledger


def test_a_new_kernel_shows_what_was_guessed_and_what_came_out(path):
    before = run_of_the_lesson(path, "half", size=2.0, time=1.04)
    again = Ledger(LESSON, Store(path))
    assert repr(again) == repr(before) == "size: guessed half, is 2\ntime: guessed –, is 1.04"
    assert again._repr_html_() == before._repr_html_()


def test_what_is_printed_belongs_to_this_run_alone(path, capsys):
    run_of_the_lesson(path, size=2.0)
    fresh = capsys.readouterr().out
    run_of_the_lesson(path, "half", size=2.5, time=3.0)
    capsys.readouterr()
    run_of_the_lesson(path, size=2.0)
    assert capsys.readouterr().out == fresh


def test_the_table_fills_in_a_guess_kept_before_but_no_result(path):
    run_of_the_lesson(path, "half", size=2.0, time=1.0)
    assert repr(run_of_the_lesson(path)) == "size: guessed half, is –\ntime: guessed –, is –"


def test_a_question_that_the_lesson_no_longer_asks_is_not_shown(path):
    Ledger(LESSON, Store(path)).guess("as it was worded once", 1)
    assert "worded" not in repr(run_of_the_lesson(path))


def test_running_again_adds_nothing_but_what_is_new(path):
    for guess, result in [("half", 2.0), ("half", 2.0), (None, 2.0), ("third", 2.5)]:
        run_of_the_lesson(path, guess, size=result)
    store = Store(path)
    assert [event.guess for event in store.events(Guess)] == ["half", "third"]
    assert [event.result for event in store.events(Outcome)] == [2.0, 2.5]
    assert [event.mode for event in store.events(Visit)] == ["lesson"] * 4


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (torch.tensor(7), 7.0),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        ((3, 4), "(3, 4)"),
        (True, 1.0),
        ("<b>", "<b>"),
    ],
)
def test_whatever_was_typed_can_be_kept(path, value, kept):
    Ledger(LESSON, Store(path)).guess("?", value)
    assert [event.guess for event in Store(path).events(Guess)] == [kept]


def test_lessons_do_not_see_each_other(path):
    run_of_the_lesson(path, "half", size=2.0)
    assert repr(Ledger("00_pipeline", Store(path))) == ""


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
    Ledger().guess("size", 1)
    assert [event.lesson for event in default_store().events(Guess)] == [lesson] * (
        lesson is not None
    )


def test_vs_code_tells_too(monkeypatch):
    import __main__

    monkeypatch.setattr(__main__, "__vsc_ipynb_file__", f"/x/{LESSON}.ipynb", raising=False)
    Ledger().guess("size", 1)
    assert [event.lesson for event in default_store().events(Guess)] == [LESSON]


def test_without_a_place_to_write_the_lesson_prints_the_same(tmp_path, capsys):
    run_of_the_lesson(tmp_path / "progress.sqlite", "half", size=2.0)
    printed = capsys.readouterr()
    (tmp_path / "file").write_text("")
    run_of_the_lesson(tmp_path / "file" / "progress.sqlite", "half", size=2.0)
    without = capsys.readouterr()
    assert without.out == printed.out
    assert len(without.err.splitlines()) == 1


def test_lessons_keep_their_table_out_of_the_comparison(root):
    """It may show what earlier runs left: see Ledger."""
    for source in sorted(root.glob("course/*/lesson.py")):
        cells = source.read_text(encoding="utf-8").split("\n# %%")
        shown = [cell for cell in cells if cell.rstrip().endswith("\nledger")]
        assert shown, f"{source} does not show its ledger"
        for cell in shown:
            assert "nbval-ignore-output" in cell.splitlines()[0], source
