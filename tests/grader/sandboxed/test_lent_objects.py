"""What a test lends the learner's code: callbacks and objects, for as long as a call takes."""

from __future__ import annotations

import collections
import copy
import threading
import time
import uuid

import numpy as np
import pytest

from grader.protocol.terms import Terms
from grader.sandboxed.calls.budget import CallBudget
from grader.sandboxed.calls.rules import Enforcing


def test_a_callback_is_called_back(talk):
    judge = talk(apply=lambda f, x: f(f(x)), many=lambda f, xs: [f(x) for x in xs])
    calls = []

    def f(x):
        calls.append(x)
        return x + 1

    assert judge["apply"](f, 1) == 3
    assert judge["many"](f, [5, 6]) == [6, 7]
    assert calls == [1, 2, 5, 6]


def test_calls_and_callbacks_nest(talk):
    judge = talk(down=lambda f, n: n if n == 0 else 1 + f(n - 1))

    def again(n):
        return judge["down"](again, n)

    assert judge["down"](again, 5) == 5
    with pytest.raises(RecursionError, match="too deep"):
        judge["down"](again, 500)
    assert judge["down"](again, 1) == 1


def test_what_a_callback_changes_is_changed_there(talk):
    def use(fill):
        mine = [0]
        fill(mine)
        return mine

    assert talk(use=use)["use"](lambda values: values.append(7)) == [0, 7]


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_a_callback_is_its_own_copy_as_any_function_is(talk, copied):
    judge = talk(apply=lambda calls, x: [call(x) for call in copied(calls).values()])
    kept = talk(kept=lambda f: copied(f) is f)
    calls = []

    def f(x):
        calls.append(x)
        return x + 1

    assert judge["apply"]({"f": f, "append": calls.append, "class": str}, 1) == [2, None, "1"]
    assert calls == [1, 1]
    assert kept["kept"](f)


class Counter:
    """No function, and yet it is called."""

    def __call__(self):
        return 1


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_an_object_that_is_lent_is_not_its_own_copy(talk, copied):
    with pytest.raises(TypeError, match="can't be copied"):
        talk(use=lambda counter: copied(counter)())["use"](Counter())


def test_a_test_s_own_exception_comes_through_as_itself(talk):
    def swallow(f):
        try:
            f()
        except ValueError as error:
            return type(error).__name__, str(error)

    judge = talk(run=lambda f: f(), swallow=swallow)

    class Secret(ValueError):
        pass

    thrown = Secret("expected 42")

    def fail():
        raise thrown

    with pytest.raises(Secret) as caught:
        judge["run"](fail)
    assert caught.value is thrown
    # What it says is the test's business.
    assert judge["swallow"](fail) == ("ValueError", "")


def test_what_was_lent_is_dead_when_the_call_returns(talk):
    kept = []

    def late():
        return kept[0](1)

    judge = talk(Terms(), keep=kept.append, late=late)
    judge["keep"](lambda x: x)
    with pytest.raises(Exception, match="not there"):
        judge["late"]()


def test_what_was_lent_lives_until_the_test_ends_where_the_solution_needs_that(talk):
    def decorated(f):
        return lambda x: f(x) + 1

    judge = talk(decorated=decorated)
    assert judge["decorated"](lambda x: 10 * x)(2) == 21
    assert judge.rules.terms.lends
    judge = talk(Terms({"function"}, lends=True), decorated=decorated)
    made = judge["decorated"](lambda x: 10 * x)
    assert made(2) == 21
    judge.begin(Enforcing(Terms({"function"}, lends=True)), CallBudget(time.monotonic() + 20))
    with pytest.raises(Exception, match="not there"):
        made(2)


def test_what_was_lent_lives_as_long_as_the_outer_call(talk):
    kept = []

    def twice(f, g):
        kept.append(f)
        return g() + f(1)

    judge = talk(twice=twice, once=lambda f: f(1))
    # The inner call ends while the outer one still needs what it was lent.
    assert judge["twice"](lambda x: x, lambda: judge["once"](lambda x: 10 * x)) == 11


def test_what_the_solution_does_not_ask_is_asked_of_a_copy_there(talk):
    def probe(lent, name):
        try:
            return getattr(lent, name)
        except Exception as error:
            return type(error).__name__

    def clear(lent):
        lent.clear()
        return len(lent)

    judge = talk(Terms(), probe=probe, clear=clear, show=str)
    line = np.poly1d([1, -3, 2])
    assert judge["probe"](line, "order") == 2
    assert judge["probe"](line, "c").tolist() == [1, -3, 2]
    assert judge["probe"](line, "_coeffs") == "AttributeError"
    both = collections.ChainMap({"a": 1}, {"b": 2})
    assert judge["clear"](both) == 1
    assert len(both) == 2
    assert judge["show"](uuid.UUID(int=5)).endswith("0005")
    # What can't be pickled, and what the other side has brought, is not there.
    assert judge["probe"](threading.Lock(), "locked") == "AttributeError"
    assert judge["probe"](collections.ChainMap({"f": judge["probe"]}), "maps") == "AttributeError"


def test_of_a_test_s_error_there_is_a_copy_where_the_solution_reads_it(talk):
    def read(error):
        try:
            return error.args[0], repr(error)
        except AttributeError:
            return type(error).__name__, isinstance(error, KeyError)

    error = KeyError("a")
    assert talk(Terms(), read=read)["read"](error) == ("KeyError", True)
    reads = Terms(methods={"KeyError.__str__"})
    assert talk(reads, read=read)["read"](error) == ("a", "KeyError('a')")


def test_of_what_is_lent_only_public_methods_can_be_called(talk):
    class Lent:
        def __init__(self):
            self.secret = 42
            self._hidden = 42

        def tell(self):
            return "told"

        def _tell(self):
            return "hidden"

        def __len__(self):
            return 3

    def probe(lent, name):
        """Asks past the handle, as only a player can that means no good."""
        peer, found = object.__getattribute__(lent, "_peer"), []
        for ask in (lambda: peer.get(lent, name)(), lambda: peer.call(lent, name, (), {})):
            try:
                found.append(ask())
            except Exception as error:
                found.append(type(error).__name__)
        return found

    judge = talk(Terms(methods={f"{Lent.__qualname__}.tell"}), probe=probe)
    assert judge["probe"](Lent(), "tell") == ["told", "told"]
    # Only those that the teacher's solution calls, too.
    assert talk(Terms(), probe=probe)["probe"](Lent(), "tell") == ["AttributeError"] * 2
    assert judge["probe"](Lent(), "secret")[0] == "AttributeError"
    for name in ("_hidden", "_tell", "__init__", "__len__", "__reduce__", "__class__"):
        assert judge["probe"](Lent(), name) == ["AttributeError", "AttributeError"], name
