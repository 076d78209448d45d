"""Who may what in the talk between player and judge."""

from __future__ import annotations

import pytest

from grader.protocol.terms import Terms
from grader.protocol.values import CannotCross, Live, Masked, Named, Pairs, Record, Seq
from grader.sandboxed.calls.rules import Discovering, Enforcing, Rules, Trusting
from grader.sandboxed.calls.special_methods import DUNDERS, ITERATION


def live(kind="function", dunders=("__call__",)):
    return Live(1, kind, "f", list(dunders))


def with_default():
    return Pairs("defaultdict", [], live())


# What may be asked, and of which terms it is.
ASKED = {
    "a special method": (lambda rules: rules.may_call("__len__"), "dunders", "__len__"),
    "an attribute": (lambda rules: rules.may_read("place"), "attributes", "place"),
    "a method of what is lent": (
        lambda rules: rules.may_call_of_lent("Log.write"),
        "methods",
        "Log.write",
    ),
    "an exception": (lambda rules: rules.may_raise("f:IndexError"), "raises", "f:IndexError"),
    "to swallow one": (
        lambda rules: rules.may_swallow("f.__exit__:OSError"),
        "swallows",
        "f.__exit__:OSError",
    ),
}


@pytest.mark.parametrize("name", ASKED)
def test_a_judge_may_what_the_solution_needed_and_no_more(name):
    ask, term, learned = ASKED[name]
    solution = Discovering()
    assert ask(solution)
    assert getattr(solution.terms, term) == {learned}
    assert ask(Enforcing(solution.terms))
    assert not ask(Enforcing(Terms()))
    assert ask(Trusting())


def test_what_stands_in_for_a_special_method_may_be_asked_too():
    rules = Enforcing(Terms(dunders={"__ne__"}))
    assert rules.may_call("__eq__")
    assert not rules.may_call("__lt__")


def test_a_handle_offers_calls_and_iteration_and_what_the_terms_name():
    everything = Live(1, "instance", "V", [*DUNDERS, *ITERATION, "__class__"])
    callable_ = Live(1, "instance", "V", ["__call__"])
    assert Enforcing(Terms()).offered(everything) == {"__call__", *ITERATION}
    assert "__len__" in Enforcing(Terms(dunders={"__len__"})).offered(everything)
    assert Enforcing(Terms(dunders={"__len__"})).offered(callable_) == {"__call__"}
    for rules in (Trusting(), Discovering()):
        assert rules.offered(everything) == {*DUNDERS, *ITERATION}


def test_while_terms_are_found_an_instance_is_asked_for_operators_that_it_lacks():
    assert {"__lt__", "__setitem__"} < Discovering().offered(Live(1, "instance", "V", []))
    assert not Discovering().offered(Live(1, "class", "V", []))
    assert not Enforcing(Terms(dunders={"__lt__"})).offered(Live(1, "instance", "V", []))


def test_only_while_terms_are_found_may_it_be_seen_what_an_attribute_is():
    assert Discovering().may_look_at("place")
    assert Discovering().terms.attributes == set()
    assert not Enforcing(Terms()).may_look_at("place")
    assert Enforcing(Terms(attributes={"place"})).may_look_at("place")


def test_names_are_watched_that_a_test_takes_or_the_solution_changes():
    solution = Discovering()
    assert solution.watched({"b", "a"}) == ["a", "b"]
    solution.note("watch", "a")
    assert Enforcing(solution.terms).watched({"b"}) == ["a", "b"]
    assert Trusting().watched({"a"}) == []


def test_changes_that_the_terms_do_not_name_are_told_or_kept_back():
    solution = Discovering()
    solution.changed("sort:0")
    rules = Enforcing(solution.terms)
    rules.changed("sort:0")
    rules.changed("sort:1")
    assert rules.undeclared == {"sort:1"}
    assert rules.kept("sort") is None
    assert Enforcing(solution.terms, withhold=True).kept("sort") == ["0"]
    assert Enforcing(solution.terms, withhold=True).kept("other") == []


@pytest.mark.parametrize("what", ["random", "lends", "files"])
def test_what_was_noted_becomes_a_term(what):
    solution = Discovering()
    solution.note(what)
    assert getattr(solution.terms, what) is True
    assert getattr(Terms(), what) is False


def test_rules_of_two_tests_share_nothing():
    one, other = Discovering(), Discovering()
    one.admit(Seq("list", [live("instance")]), "f")
    assert one.terms.places == {"f"}
    empty = {name: set() for name in ("places", "given", "calls", "nothing", "tables")}
    assert other.terms == Terms(**empty)


# --- What comes ---------------------------------------------------------------------------------


def comes(rules: Rules, node, place="f", but=None):
    rules.admit(node, place, but)
    return node


def test_something_live_comes_where_the_solution_brought_some():
    solution = Discovering()
    comes(solution, Seq("list", [live()]))
    comes(Enforcing(solution.terms), Seq("list", [live()]))
    comes(Trusting(), Seq("list", [live()]))
    with pytest.raises(CannotCross, match="a function where plain values"):
        comes(Enforcing(Terms()), Seq("list", [live()]))


def test_what_is_judged_elsewhere_is_only_looked_into():
    node = live()
    assert comes(Enforcing(Terms()), node, but=node) is node
    with pytest.raises(CannotCross):
        Enforcing(Terms()).admit_iterator(Seq("list", [live()]), "f")
    node = live("generator", ITERATION)
    Enforcing(Terms()).admit_iterator(node, "f")


def test_what_gives_values_does_nothing_else_where_values_are_expected():
    node = comes(Enforcing(Terms()), live("generator", (*ITERATION, "__eq__", "__len__")))
    assert node.dunders == list(ITERATION)


def test_a_value_from_a_new_place_does_not_say_what_it_equals():
    terms = Terms(results={"instance"}, places={"f"})
    made = comes(Enforcing(terms), live("instance", ("__eq__", "__len__")), place="f")
    assert made.dunders == ["__eq__", "__len__"]
    made = comes(Enforcing(terms), live("instance", ("__eq__", "__len__")), place="g")
    assert made.dunders == ["__len__"]
    argument = live("instance", ("__eq__", "__len__"))
    Enforcing(terms).admit_arguments([argument])
    assert argument.dunders == ["__len__"]


def test_a_value_from_a_new_place_has_no_methods():
    solution = Discovering()
    assert solution.may_ask("g", live("generator"), "send")
    solution.admit(live("instance"), "f")
    for kind in ("instance", "generator"):
        rules = Enforcing(solution.terms)
        assert rules.may_ask("f", comes(rules, live(kind, ITERATION), place="f"), "equals")
        elsewhere = comes(rules, live(kind, ITERATION), place="g")
        assert not rules.may_ask("g", elsewhere, "equals")
        # What the test asks of a generator of the solution's.
        assert rules.may_ask("g", elsewhere, "send")


def test_a_value_of_one_operator_may_come_from_the_other_that_python_asks_instead():
    rules = Enforcing(Terms(results={"instance"}, places={"__iadd__"}))
    assert rules.may_ask("__add__", comes(rules, live("instance"), place="__add__"), "size")
    assert not rules.may_ask("__mul__", comes(rules, live("instance"), place="__mul__"), "size")


def test_a_field_that_can_be_called_is_a_method():
    record = Record("R", ["equals"], [live()])
    with pytest.raises(CannotCross, match="a named tuple with functions"):
        Enforcing(Terms(results={"function"}, places=set())).admit(record, "f")
    solution = Discovering()
    solution.admit(record, "f")
    Enforcing(solution.terms).admit(record, "f")


def test_values_of_missing_keys_come_where_the_solution_had_such():
    solution = Discovering()
    comes(solution, with_default())
    assert solution.terms.default
    assert comes(Enforcing(Terms(default=True)), with_default()).default is not None
    assert comes(Enforcing(Terms()), with_default()).default == Named("type", "type")


def test_values_may_be_left_out_where_the_solution_left_some_out():
    solution = Discovering()
    solution.admit(Masked(None, None, None), "f")
    assert not solution.terms.missing
    solution.admit_arguments([Masked(None, Seq("list", []), None)])
    assert solution.terms.missing
    for missing in (True, False):
        assert comes(Enforcing(Terms(missing=missing)), Masked(None, None, None)).missing is missing


def test_names_that_a_test_binds_are_noted_and_set_only_in_another_run():
    first = Enforcing(Terms(sets={"known"}), rebinds=["known", "speed"])
    assert (first.may_set, first.rebinds) == ({"known"}, ["speed"])
    first.note("rebinds", "speed")
    assert first.rebound == {"speed"}
    again = Enforcing(Terms(sets={"known"}), rebinds=["known", "speed"], sets=True)
    assert (again.may_set, again.rebinds) == ({"known", "speed"}, [])
