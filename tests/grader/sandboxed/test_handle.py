"""What stands for a learner's instance, class or generator, and what it can be asked."""

from __future__ import annotations

import collections
import copy
import itertools
import types

import pytest
import torch

from grader.protocol.terms import Terms
from grader.protocol.values import CannotCross


class Robot:
    legs = 2
    notes: list

    def __init__(self, place=0):
        self.place = place
        self._memory = "private"
        self.friend = self

    @property
    def far(self):
        return self.place > 9

    def move(self, by=1):
        self.place += by
        return self

    def __len__(self):
        return self.place

    def __eq__(self, other):
        return True

    __hash__ = None

    def __getitem__(self, key):
        return key


LEARNED = Terms(results={"instance"}, attributes={"place", "far"}, dunders={"__len__"})


def test_an_instance_can_be_made_called_and_asked(talk):
    judge = talk(LEARNED, Robot=Robot)
    robot = judge["Robot"](3)
    robot.move(by=4)
    assert (robot.place, robot.far, len(robot)) == (7, False, 7)
    assert isinstance(robot, judge["Robot"])
    assert not isinstance(3, judge["Robot"])
    assert isinstance(judge["Robot"], type)


@pytest.mark.parametrize("name", ["legs", "_memory", "friend", "__private__", "nothing"])
def test_attributes_are_those_that_the_contract_names(talk, name):
    robot = talk(LEARNED, robot=Robot())["robot"]
    with pytest.raises(AttributeError):
        getattr(robot, name)


def test_what_is_asked_without_terms_is_learned(talk):
    judge = talk(robot=Robot(5))
    robot = judge["robot"]
    robot.place, robot.move(), len(robot), robot[1]
    assert judge.rules.terms.attributes == {"place"}
    assert judge.rules.terms.dunders >= {"__len__", "__getitem__"}
    assert judge.rules.terms.results == {"instance"}


def test_special_methods_are_those_that_the_contract_names(talk):
    robot = talk(LEARNED, robot=Robot(5))["robot"]
    assert len(robot) == 5
    assert robot != 5
    assert robot == robot
    with pytest.raises(TypeError):
        robot[0]
    with pytest.raises(AttributeError):
        robot.__getitem__(0)


def test_equality_counts_where_the_contract_names_it(talk):
    robot = talk(Terms(dunders={"__eq__"}), robot=Robot())["robot"]
    assert robot == 5


def test_live_results_come_where_the_contract_has_some(talk):
    def inside():
        return [1, {"f": len, "g": lambda: 1}]

    judge = talk(Terms(), f=lambda: lambda: 1, inside=inside, change=lambda v: v.append(inside))
    looks = lambda: judge["f"]() == 1, lambda: len(judge["inside"]()), lambda: judge["change"]([])
    for call in looks:
        with pytest.raises(CannotCross, match="a function where plain values are expected"):
            call()
    judge = talk(Terms(results={"function"}), f=lambda: lambda x: 2 * x)
    assert judge["f"]()(4) == 8


@pytest.mark.parametrize(
    "look",
    [
        bool,
        repr,
        len,
        hash,
        float,
        lambda found: found != 1,
        lambda found: 1 + found,
        lambda found: found.real,
        lambda found: hasattr(found, "real"),
        lambda found: isinstance(found, int),
        lambda found: found in [1],
        lambda found: [*map(found, "a")],
        list,
        iter,
        next,
        copy.deepcopy,
    ],
)
def test_what_is_out_of_place_says_so_once_it_is_looked_at(talk, look):
    judge = talk(Terms(), f=lambda: lambda: 1, g=lambda x: x)
    found = judge["f"]()
    with pytest.raises((CannotCross, TypeError)):
        look(found)
    with pytest.raises(CannotCross, match="a function where plain values are expected"):
        judge["g"](found)


@pytest.mark.parametrize(
    "value", [len, Robot(), Robot, itertools.count(), torch.nn.ReLU()], ids=range(5)
)
def test_callable_is_what_is_out_of_place_if_it_is_there(talk, value):
    judge = talk(Terms(calls=set(), given=set()), f=lambda: value, g=lambda: [lambda: 1])
    assert callable(judge["f"]()) == callable(value)
    assert not callable(judge["g"]())


def test_live_things_inside_of_an_answer_come_where_the_contract_has_some(talk):
    names = {"steps": [len, lambda: 1]}
    with pytest.raises(CannotCross, match="a function"):
        talk(Terms(), **names).take("steps")
    assert len(talk(Terms(results={"function"}), **names)["steps"]) == 2
    # An answer of its own may be live: its kind is the contract's.
    assert talk(Terms(), f=lambda: 3)["f"]() == 3


def test_generators_are_iterated(talk):
    def count(n):
        yield from range(n)
        raise ValueError("at the end")

    judge = talk(Terms(results={"generator"}), count=count, squares=(n * n for n in range(4)))
    assert list(judge["squares"]) == [0, 1, 4, 9]
    assert list(judge["squares"]) == []
    made = judge["count"](2)
    assert isinstance(made, types.GeneratorType)
    assert [next(made), next(made)] == [0, 1]
    with pytest.raises(ValueError, match="at the end"):
        next(made)


def test_only_a_generator_is_one(talk):
    named = type("generator", (), {"__iter__": lambda self: self, "__next__": lambda self: 1})
    judge = talk(count=itertools.count(), robot=Robot(), named=named(), gen=(n for n in [1]))
    kinds = [isinstance(judge[name], types.GeneratorType) for name in judge.player._lookup]
    assert kinds == [False, False, False, True]


def test_a_class_that_iterates_does_so(talk):
    class Countdown:
        def __init__(self, n):
            self.n = n

        def __iter__(self):
            while self.n:
                yield self.n
                self.n -= 1

    judge = talk(Terms(results={"instance", "generator"}), Countdown=Countdown)
    assert list(judge["Countdown"](3)) == [3, 2, 1]


class Agreeable:
    """Gives values one by one, and agrees with whatever it is compared with."""

    def __iter__(self):
        return self

    def __next__(self):
        raise StopIteration

    def __eq__(self, other):
        return True

    def __len__(self):
        return 3

    __hash__ = None


def test_what_gives_values_where_values_are_expected_does_nothing_else(talk):
    terms = Terms({"instance", "function"}, dunders={"__eq__", "__len__"})
    got = talk(terms, f=Agreeable)["f"]()
    assert list(got) == []
    assert got != [1, 2, 3]
    with pytest.raises(TypeError):
        len(got)
    # Values are given one by one where the solution has them at once.
    assert list(talk(Terms(), f=lambda: map(str, [1, 2]))["f"]()) == ["1", "2"]


def test_a_default_is_there_where_the_solution_has_one(talk):
    counts = collections.defaultdict(lambda: 7, a=1)
    assert talk(Terms(default=True), f=lambda: counts)["f"]()["b"] == 7
    # A test may ask for a KeyError.
    with pytest.raises(TypeError):
        talk(Terms(), f=lambda: counts)["f"]()["b"]


def test_a_handle_can_t_be_changed(talk):
    judge = talk(f=lambda: 1)
    with pytest.raises(AttributeError, match="not changed"):
        judge["f"].__call__ = lambda: 2


def test_attributes_are_set_only_where_the_solution_s_test_sets_some(talk):
    class Lamp:
        lit = False

    lamp = Lamp()
    judge = talk(Terms({"instance"}, {"lit"}, {"__setattr__"}), lamp=lamp)
    judge["lamp"].lit = True
    assert lamp.lit
    with pytest.raises(AttributeError, match="not changed"):
        talk(Terms({"instance"}, {"lit"}), lamp=lamp)["lamp"].lit = False
