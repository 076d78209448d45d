"""A player that says what it likes: nothing of it is believed that the contract does not name."""

from __future__ import annotations

import json
import random

import matplotlib
import msgspec
import pytest

from grader.protocol.calls import Raised, Reply, Request
from grader.protocol.terms import Terms
from grader.protocol.values import Back, CannotCross, Live, Named, Seq, Yours
from grader.sandboxed.calls.budget import Stopped
from grader.sandboxed.calls.rules import Enforcing
from tests.grader.sandboxed.conftest import HANDLE, handle


def test_nobody_takes_names_from_the_judge(hear):
    judge = hear(Request(9, "take", name="secret"), Reply(1, 5))
    assert handle(judge)() == 5
    _, answer = (msgspec.msgpack.decode(judge.theirs.receive()[0]) for _ in range(2))
    assert answer["id"] == 9
    assert answer["value"] is None
    assert answer["error"]["classes"][0] == "CannotCross"


def test_a_forged_message_ends_the_conversation(hear):
    unlike = msgspec.msgpack.encode({"type": "reply"})
    for lie in (b"\xc1", b"", unlike, Reply(77), b"\x91" * 10**5):
        judge = hear(lie)
        with pytest.raises(Stopped, match="ended"):
            handle(judge)()
        assert judge.lost == "ended"


@pytest.mark.parametrize(
    ("lie", "why"),
    [
        (Reply(1, changed=[(5, 1)]), "a change of nothing"),
        (Reply(1, changed=[(-1, 1)]), "a change of nothing"),
        (Reply(1, changed=[(0, "text")]), "a change into something else"),
        (Reply(1, changed=[(0, Seq("list", [HANDLE]))]), "a function where plain"),
        (Reply(1, names=[("secret", 1)]), "the name secret"),
        (Reply(1, names=[("history", HANDLE)]), "the name history"),
        (Reply(1, HANDLE), "a function where plain"),
        (Reply(1, Live(9, "instance", "x", ["__eq__"])), "an instance where plain"),
        (Reply(1, Named("library", "os:system")), "the name os:system"),
        (Reply(1, Back(9)), "a reference to nothing"),
        (Reply(1, Seq("tuple", [Named("given", "nope")])), "does not hold together"),
    ],
    ids=range(11),
)
def test_a_reply_that_claims_too_much_is_refused(hear, lie, why):
    judge = hear(lie, terms=Terms(watch={"history"}))
    with pytest.raises(CannotCross, match=why):
        # What is out of place says so once somebody looks.
        bool(handle(judge)([1]))
    assert judge.names == {}


def test_a_change_that_was_to_be_withheld_is_not_made(hear):
    judge = hear(Reply(1, changed=[(0, Seq("list", [7]))]))
    judge.rules = Enforcing(Terms(), withhold=True)
    values = [1]
    handle(judge)(values)
    assert values == [1]


def test_a_handle_has_no_more_methods_than_the_contract_names(hear):
    judge = hear(terms=Terms(dunders={"__len__"}))
    forged = Live(3, "instance", "x", ["__len__", "__eq__", "__call__", "__class__", "__del__"])
    methods = vars(type(handle(judge, forged)))
    assert {"__len__", "__call__"} <= set(methods)
    assert {"__eq__", "__del__"}.isdisjoint(methods)


def test_a_player_can_t_set_the_judge_s_random_numbers(hear):
    """A callback comes with states of its own: they are not believed."""
    before = random.getstate()
    lent = Request(9, "call", 1, "", random=Seq("list", [1, 2, 3]))
    judge = hear(lent, Reply(1, 5))
    called = []
    assert handle(judge)(lambda: called.append(1)) == 5
    assert called == [1]
    assert random.getstate() == before
    # Nor is it that it has drawn any, where it was given none.
    assert handle(hear(Reply(1, 5, drew=True)))() == 5
    assert random.getstate() == before


def test_what_is_not_lent_any_more_is_nothing_and_what_never_was_is_refused(hear):
    assert type(handle(hear(Reply(1, Yours(1))))(lambda: 1)) is object
    with pytest.raises(CannotCross, match="a handle that is not there"):
        handle(hear(Reply(1, Yours(2))))(lambda: 1)


@pytest.mark.parametrize("left", ["5", "[" * 10**5, "{"])
def test_who_says_nonsense_of_what_is_left_says_nothing(hear, left):
    assert hear(Reply(1, left=left)).have_left() == ()


def test_what_a_call_has_left_is_no_text_for_the_judge_to_follow(hear):
    left = {"figure.hooks": ["os:getcwd"], "lines.linewidth": 7}
    judge = hear(Reply(1, 5, left=json.dumps({"matplotlib": left})))
    judge.rules.leaves = ["matplotlib"]
    with matplotlib.rc_context():
        assert handle(judge)() == 5
        known = matplotlib.rcParams
        assert (known["lines.linewidth"], known["figure.hooks"]) == (7, [])


def test_an_exception_that_is_claimed_to_be_the_test_s_is_not_without_one(hear):
    judge = hear(Reply(1, error=Raised(["ValueError"], "forged", 0)))
    with pytest.raises(ValueError, match="forged"):
        handle(judge)()


@pytest.mark.parametrize("name", ["KeyboardInterrupt", "print", "Stopped"])
def test_an_exception_is_one_that_a_test_may_catch(hear, name):
    judge = hear(Reply(1, error=Raised([name], "forged")))
    with pytest.raises(Exception, match="forged") as caught:
        handle(judge)()
    assert type(caught.value) is Exception


def test_one_that_is_no_exception_is_none_of_pythons_signs_either(hear):
    judge = hear(Reply(1, error=Raised(["KeyboardInterrupt", "BaseException"], "forged")))
    with pytest.raises(BaseException, match="forged") as caught:
        handle(judge)()
    assert not isinstance(caught.value, Exception | KeyboardInterrupt)
