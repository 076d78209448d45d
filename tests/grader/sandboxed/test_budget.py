"""What a test may use up of calls, items, bytes and time, and what ends it."""

from __future__ import annotations

import itertools
import threading
import time

import pytest

from grader.protocol.terms import Terms
from grader.sandboxed.calls.budget import CallBudget, Stopped


def budget(**less):
    return CallBudget(time.monotonic() + 20, **less)


def test_an_endless_generator_ends_with_its_budget(talk):
    terms = Terms(results={"generator"})
    judge = talk(terms, budget=budget(items=100), ones=lambda: itertools.repeat(1))
    with pytest.raises(Stopped, match="too many items"):
        list(judge["ones"]())


def test_calls_and_callbacks_are_counted(talk):
    f = talk(budget=budget(calls=30), f=lambda: 1)["f"]
    with pytest.raises(Stopped, match="too many calls"):
        [f() for _ in range(31)]
    judge = talk(budget=budget(calls=30), often=lambda f: [f() for _ in range(100)])
    with pytest.raises(Stopped, match="too many calls"):
        judge["often"](lambda: 1)


def test_bytes_are_counted(talk):
    f = talk(budget=budget(bytes=10_000), f=lambda x: x)["f"]
    with pytest.raises(Stopped, match="too many bytes"):
        [f("x" * 1000) for _ in range(10)]


def test_a_call_that_takes_too_long_stops_the_test(talk):
    waiting = threading.Event()
    judge = talk(budget=CallBudget(time.monotonic() + 0.3), f=waiting.wait, g=lambda: 1)
    f, g = judge["f"], judge["g"]
    try:
        with pytest.raises(Stopped, match="timed out"):
            f()
        assert judge.lost == "timed out"
        with pytest.raises(Stopped):
            g()
    finally:
        waiting.set()


def test_no_except_exception_swallows_the_end():
    assert not issubclass(Stopped, Exception)
