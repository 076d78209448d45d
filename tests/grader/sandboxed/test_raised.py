"""Exceptions of the learner's, as the test gets them."""

from __future__ import annotations

import io

import pytest

from grader.protocol.terms import Terms
from grader.protocol.values import CannotCross
from tests.grader.sandboxed.conftest import GivenError


class LearnersError(KeyError):
    pass


class Mute(Exception):
    def __str__(self):
        raise RuntimeError


@pytest.mark.parametrize(
    ("thrown", "kind", "text"),
    [
        (ValueError("why"), ValueError, "why"),
        (LearnersError("why"), KeyError, "'why'"),
        (GivenError("why"), GivenError, "why"),
        (SystemExit(3), SystemExit, "3"),
        (KeyboardInterrupt("no"), BaseException, "no"),
        (Mute(), Exception, "could not be made"),
        (UnicodeDecodeError("utf-8", b"", 0, 1, "x"), UnicodeError, "can't decode"),
        (Exception("\ud800" + "x" * 10_000), Exception, r"\?x{1999}$"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_an_exception_comes_as_the_nearest_class_that_both_sides_have(talk, thrown, kind, text):
    def fail():
        raise thrown

    with pytest.raises(kind, match=text) as caught:
        talk(fail=fail)["fail"]()
    own = type(thrown) in (LearnersError, Mute, KeyboardInterrupt)
    assert type(caught.value).__mro__[own] is kind
    assert not own or type(caught.value).__name__ == type(thrown).__name__


class CutOff(EOFError, ValueError):
    pass


class NoEntry(KeyError, StopIteration):
    pass


CutOff.__module__ = NoEntry.__module__ = "__main__"


@pytest.mark.parametrize(
    ("thrown", "kinds", "none"),
    [
        (CutOff("why"), (CutOff.__name__, EOFError, ValueError), KeyError),
        (io.UnsupportedOperation("why"), ("UnsupportedOperation", OSError, ValueError), KeyError),
        (NoEntry("why"), (NoEntry.__name__, KeyError), StopIteration),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_an_exception_of_two_kinds_is_caught_as_either(talk, thrown, kinds, none):
    def fail():
        raise thrown

    name, *kinds = kinds
    judge = talk(fail=fail)
    for kind in kinds:
        with pytest.raises(kind, match="why") as caught:
            judge["fail"]()
        assert type(caught.value).__name__ == name
        assert not isinstance(caught.value, none)


@pytest.mark.parametrize(
    "name", ["WrongKind", "ChangedArgument", "CannotCross", "AssertionError", "no name", "x" * 101]
)
def test_an_exception_gets_no_name_that_is_taken_or_none(talk, name):
    def fail():
        raise type(name, (ValueError,), {})("why")

    with pytest.raises(Exception, match="why") as caught:
        talk(fail=fail)["fail"]()
    assert type(caught.value) in (ValueError, CannotCross, AssertionError)


def test_changes_made_before_an_exception_count(talk):
    def fail(values):
        values.append(1)
        raise ValueError

    judge, values = talk(fail=fail), []
    with pytest.raises(ValueError, match=r"^$"):
        judge["fail"](values)
    assert values == [1]


class EqualsAll:
    def __eq__(self, other):
        return True


class Carries(Exception):
    def __init__(self, place):
        self.place, self.secret = place, 1


Carries.__module__ = "__main__"


def test_an_exception_carries_what_the_solutions_does_and_nothing_that_equals_all(talk):
    def fail(equals_all):
        raise Carries(EqualsAll() if equals_all else [3])

    allowed = Terms(results={"function"}, attributes={"place"}, places=set(), given=set())
    judge = talk(allowed, fail=fail)
    with pytest.raises(Exception, match=r"^\[3\]$|EqualsAll") as caught:
        judge["fail"](False)
    assert caught.value.place == [3]
    assert not hasattr(caught.value, "secret")
    with pytest.raises(Exception, match=r"^\[3\]$|EqualsAll") as caught:
        judge["fail"](True)
    with pytest.raises(CannotCross, match="plain values"):
        assert caught.value.place == 4
