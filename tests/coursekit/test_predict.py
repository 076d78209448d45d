import pytest
import torch

from coursekit import Ledger


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
