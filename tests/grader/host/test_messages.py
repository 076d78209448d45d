"""What a failed test may say: all of a visible one, of a hidden one only what the teacher wrote."""

from __future__ import annotations

import nbformat
import pytest

from grader.host.course.assignment import Kind, TeacherCell
from grader.host.marks.hints import NEUTRAL, message_for


def cell_of(source, visible):
    node = nbformat.v4.new_code_cell(source)
    return TeacherCell(Kind.TEST, node, "", source, "t", "i", 1.0, frozenset(visible))


def hidden(source, said=None, line=None):
    """What is shown of the assertion that fails when the source is run, or says this."""
    ename = "AssertionError"
    if said is None:
        try:
            exec(
                source, {"explain": lambda value, hints, otherwise="": hints.get(value, otherwise)}
            )
        except Exception as error:
            ename, said = type(error).__name__, str(error)
            line = error.__traceback__.tb_next.tb_lineno if line is None else line
    return message_for(cell_of(source, ()), ename, said, line, visible=False)


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("assert 1 == 2, 'Are they equal?'", "Are they equal?"),
        ("assert 1 == 2, (\n    'Are they '\n    'equal?'\n)", "Are they equal?"),
        ("x = 7\nassert x == 8, f'not {x}, but {8}, is it?'", "not …, but …, is it?"),
        ("x = 7\nassert x == 8, f'{x} is not right'", "… is not right"),
        ("x = 7\nassert x == 8, f'{x}'", NEUTRAL),
        ("x = 7\nassert x == 8, x", NEUTRAL),
        (
            "x = 7\nassert x == 8, 'expected %d, got %5.2f (100%%)' % (8, x)",
            "expected …, got … (100%)",
        ),
        ("x = 'key'\nassert not x, x", NEUTRAL),
        ("x = 7\nassert x == 8, 'expected {0}, got {1:>5}'.format(8, x)", "expected …, got …"),
        ("x = 7\nassert x == 8, 'expected ' + str(x) + ' apples'", "expected … apples"),
        (
            "x = 7\nassert x == 8, explain(x, {7: 'Too small?', 9: 'Too large?'}, 'No.')",
            "Too small?",
        ),
        ("x = 6\nassert x == 8, explain(x, {7: 'Too small?'}, 'No.')", "No."),
        ("x = 6\nassert x == 8, explain(x, {6: f'Not {x}.'}, 'No.')", "Not …."),
        ("x = 'key'\nassert not x, explain(x, {'key': x}, 'No.')", NEUTRAL),
        ("x = 7\nassert x == 8, 'Small' if x < 8 else 'Large'", "Small"),
        ("hint = 'Look again.'\nassert 0, hint", "Look again."),
        ("for x, hint in [(1, 'one'), (2, 'two')]:\n    assert x != 2, hint", "two"),
        ("for x, hint in [('secret', 'one')]:\n    assert x != 'secret', x", NEUTRAL),
        ("hints = {'a': 'hint'}\nassert 0, hints['a']", "hint"),
        ("assert 'secret' == 'other'", NEUTRAL),
        ("assert [][0], 'never said'", NEUTRAL),
    ],
)
def test_of_hidden_tests_the_teachers_words_are_shown_without_values(source, shown):
    assert hidden(source) == shown


def test_a_line_of_ipythons_takes_no_words_away():
    for magic in ("%matplotlib inline", "%%time"):
        source = f"{magic}\nassert 1 == 2, 'Are they equal?'"
        assert hidden(source, "Are they equal?", 2) == "Are they equal?"
    # One that is Python's own is like any other.
    source = "text = (\n    'at %s'\n    % 7\n)\nassert 1 == 2, 'Are they equal?'"
    assert hidden(source, "Are they equal?", 5) == "Are they equal?"


def test_a_learners_error_in_a_hidden_test_tells_nothing():
    source = (
        "assert f('hidden input') == 'expected', 'Look at the end.'\nassert g, f'not {1}, but {2}.'"
    )
    teacher = cell_of(source, ())
    for ename, evalue in [
        ("AssertionError", "hidden input"),
        ("AssertionError", "expected"),
        ("AssertionError", "Look at the end. hidden input"),
        ("AssertionError", "not hidden input"),
        ("hidden input", ""),
        ("ValueError", "hidden input"),
        ("__name__", "hidden input"),
        ("print", "hidden input"),
    ]:
        for line in (None, 1, 2):
            assert "hidden input" not in message_for(teacher, ename, evalue, line, False)
            assert "expected" not in message_for(teacher, ename, evalue, line, False)
    # Who says the teacher's words gets them back, without what was put between them.
    said = "not hidden input, but hidden input."
    assert message_for(teacher, "AssertionError", said, 2, False) == "not …, but …."
    assert message_for(teacher, "AssertionError", "Look at the end.", 2, False) == NEUTRAL


def test_the_line_says_which_assertion_it_was():
    source = "def check(x):\n    assert x, 'inside'\ncheck(0)\nassert 0, 'outside'"
    assert hidden(source, "inside", 2) == "inside"
    assert hidden(source, "inside", 3) == NEUTRAL
    assert hidden(source, "inside", 4) == NEUTRAL
    assert hidden(source, "outside") == "outside"


def test_a_long_message_takes_no_time():
    source = "assert f, f'{1}a{2}a{3}a{4}a{5}a{6}b'"
    assert hidden(source, "a" * 10**6, 1) == NEUTRAL


def test_names_that_stand_for_each_other_end():
    assert hidden("a = b\nb = a\nassert f, a", "x", 3) == NEUTRAL


def test_a_test_that_python_cannot_read_says_nothing():
    assert hidden("%%bash\necho 'hint' && exit 1", "hint", 2) == NEUTRAL


def test_of_visible_tests_all_is_shown():
    teacher = cell_of("assert x == 1\nassert (\n    y\n)\nassert z", {1, 2, 3, 5})
    assert message_for(teacher, "AssertionError", " not 7 ", 1, True) == "not 7"
    assert (
        message_for(teacher, "AssertionError", "", 1, True) == "This does not hold: assert x == 1"
    )
    assert message_for(teacher, "AssertionError", "", 2, True) == "A check fails."
    assert message_for(teacher, "AssertionError", "", None, True) == "A check fails."
    assert message_for(teacher, "NameError", "name 'x' is not defined", 1, True) == (
        "NameError: name 'x' is not defined"
    )
    assert message_for(teacher, "KeyError", "", 1, True) == "KeyError"
    # A word of the grader's own is no learner's.
    said = message_for(teacher, "CannotCross", "a change that can't be followed", 1, True)
    assert said.endswith("your code and the tests: a change that can't be followed.")
