"""Calls between judge and player: what goes over, what comes back, and what they change."""

from __future__ import annotations

import functools
import math
import random
import types
from fractions import Fraction
from unittest import mock

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from grader.protocol.calls import Display
from grader.protocol.outputs import Stream
from grader.protocol.terms import Terms
from grader.protocol.values import CannotCross, Named
from grader.sandboxed.calls import patches
from grader.sandboxed.calls.handle import Handle
from grader.sandboxed.calls.kinds import serves_as
from grader.sandboxed.calls.randomness import random_states, set_random_states
from tests.grader.sandboxed.conftest import Node, double

# --- Calls -------------------------------------------------------------------------------------


def test_arguments_and_results_cross(talk):
    def add(first, *others, last=0):
        return [first, others, last]

    judge = talk(Terms(), add=add)
    assert judge["add"](1, "b", (3,), last={"x": None}) == [1, ("b", (3,)), {"x": None}]
    assert repr(judge["add"]) == "<function add>"


def test_a_name_that_is_not_there_is_a_key_error(talk):
    with pytest.raises(KeyError, match="nothing"):
        talk().take("nothing")


@pytest.mark.parametrize(
    "made",
    [
        lambda x: x + 1,
        functools.partial(pow, 2),
        functools.lru_cache(lambda x: x * 2),
        [5, 6, 7].__getitem__,
        np.vectorize(lambda x: x + 1),
        type("Adder", (), {"__call__": lambda self, x: x + 1})(),
        complex(2).__rpow__,
    ],
    ids=range(7),
)
def test_whatever_can_be_called_serves_as_a_function(talk, made):
    node, handle = talk(Terms(), made=made).take("made")
    assert serves_as(node, "function")
    assert handle(1) == made(1)


def test_a_given_function_is_the_judge_s_own(talk):
    judge = talk(same=double, other=lambda x: x)
    assert judge["same"] is double
    assert isinstance(judge["other"], Handle)


def test_functions_of_libraries_arrive_as_themselves(talk):
    judge = talk(is_relu=lambda f: f is nn.functional.relu, is_torch=lambda m: m is torch)
    assert judge["is_relu"](nn.functional.relu)
    assert judge["is_torch"](torch)


def test_what_is_given_back_is_what_was_handed_out(talk):
    box = []
    judge = talk(f=lambda: None, keep=box.append, same=lambda f: f is judge.player._lookup["f"])
    assert judge["same"](judge["f"])


@pytest.mark.parametrize("result", [[types], "\ud800", np.zeros(1, [("a", int)])], ids=range(3))
def test_a_result_that_can_t_cross_is_no_end_and_an_exception_for_whoever_looks(talk, result):
    judge = talk(odd=lambda: result, sound=lambda: 1)
    given = judge["odd"]()
    with pytest.raises(Exception, match=r"a module|half a character|an array of"):
        len(given)
    assert judge["sound"]() == 1


def test_what_is_too_large_is_said_so_and_ends_nobody(talk, monkeypatch):
    from grader.sandboxed.calls import end

    monkeypatch.setattr(end, "MAX_MANIFEST", 1000)
    monkeypatch.setattr(end, "MAX_BUFFERS", 1000)
    judge = talk(text=lambda n: "x" * n, numbers=lambda n: torch.zeros(n))
    assert len(judge["text"](800)) == 800
    for name in ("text", "numbers"):
        given = judge[name](1001)
        with pytest.raises(Exception, match="too large"):
            len(given)
    with pytest.raises(CannotCross, match="too large"):
        judge["text"]("x" * 1001)
    assert judge["text"](1) == "x"


def test_only_what_is_of_a_library_goes_by_its_name(talk):
    fake = types.ModuleType("math")
    judge = talk(Terms(), math=fake, sqrt=math.sqrt, pi=3, m=math)
    assert judge.take("m", "math") == (Named("library", "math"), None)
    assert judge.take("sqrt", "math:sqrt") == (Named("library", "math:sqrt"), None)
    assert judge.take("pi", "math:pi")[0] == 3
    with pytest.raises(CannotCross):
        judge.take("math", "math")


def test_answers_that_share_an_object_share_it_here(talk):
    inner = [1]
    judge = talk(Terms(), a=inner, b={"a": inner}, c=inner.copy())
    a, b, c = judge["a"], judge["b"], judge["c"]
    assert b["a"] is a
    assert c == a
    assert c is not a


# --- Changes of arguments ----------------------------------------------------------------------


def test_changes_come_back_in_place(talk):
    def change(numbers, table, some, array, tensor):
        numbers.append(4)
        table["new"] = numbers
        some.discard(1)
        array[0] = 9
        tensor.mul_(2)

    judge = talk(change=change)
    numbers, table, some = [1], {"a": 1}, {1, 2}
    array, tensor = np.zeros(2), torch.ones(4)
    view = tensor[:2]
    judge["change"](numbers, table, some, array=array, tensor=tensor)
    assert (numbers, some) == ([1, 4], {2})
    assert table["new"] is numbers
    assert array.tolist() == [9, 0]
    assert view.tolist() == [2, 2]
    places = ["0", "1", "2", "array", "tensor"]
    assert judge.rules.terms.changes == {f"change:{place}" for place in places}


def test_what_stays_as_it_was_is_not_sent_back(talk):
    judge = talk(same=lambda values, more: values)
    values = [[1], [2]]
    assert judge["same"](values, more=torch.ones(3)) is values
    assert judge.rules.terms.changes == set()


def test_a_result_that_is_an_argument_or_part_of_one_is_that_object(talk):
    judge = talk(part=lambda a, b: (b, a[0], [a]))
    inner, other = [1], torch.ones(2)
    outer = [inner]
    got = judge["part"](outer, other)
    assert got[0] is other
    assert got[1] is inner
    assert got[2][0] is outer


def test_an_argument_handed_in_twice_is_one_object_there(talk):
    judge = talk(same=lambda a, b: a is b[0])
    values = [1]
    assert judge["same"](values, [values])
    assert not judge["same"](values, [[1]])


def test_a_structure_of_given_objects_is_changed_as_one(talk):
    def grow(root):
        child = Node(2)
        root.add(child)
        child.add(Node(3))
        root.value += 10
        return child

    judge = talk(grow=grow)
    root = Node(1)
    child = judge["grow"](root)
    assert root.children == [child]
    assert child.parent is root
    assert child.children[0].parent is child
    assert root.value == 11


def test_a_module_is_changed_in_place_and_its_parameters_stay_the_same_objects(talk):
    def halve(layer):
        layer.weight.data /= 2
        layer.bias = None
        return layer

    judge = talk(halve=halve)
    layer = nn.Linear(3, 2)
    weight, before = layer.weight, layer.weight.detach().clone()
    assert judge["halve"](layer) is layer
    assert layer.weight is weight
    assert torch.equal(weight, before / 2)
    assert layer.bias is None


def test_a_module_pruned_by_a_call_is_pruned_here(talk):
    def sparse(net):
        prune.l1_unstructured(net[0], "weight", amount=0.5)

    judge = talk(sparse=sparse)
    net = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
    weight = net[0].weight
    judge["sparse"](net)
    assert net[0].weight_orig is weight
    assert int((net[0].weight == 0).sum()) == 8
    # As an optimizer does that the test has made before.
    weight.data += 1
    net(torch.ones(1, 4))
    assert int((net[0].weight == 0).sum()) == 8


@pytest.mark.parametrize("again", [True, False])
def test_a_mask_changed_in_place_is_laid_on_where_it_was_laid_on_there(talk, again):
    def less(layer):
        layer.weight_mask[0] = 0
        with torch.no_grad():
            layer.weight_orig += 1
            if again:
                layer(torch.ones(1, 4))

    judge = talk(less=less)
    net = nn.Sequential(nn.Linear(4, 2))
    net[0].weight.data.fill_(1)
    prune.identity(net[0], "weight")
    judge["less"](net[0])
    assert net[0].weight.tolist() == ([[0] * 4, [2] * 4] if again else [[1] * 4] * 2)
    net(torch.ones(1, 4))
    assert net[0].weight.tolist() == [[0] * 4, [2] * 4]


def test_a_generator_of_random_numbers_goes_on(talk):
    judge = talk(draw=lambda rng, torch_rng: (rng.random(), torch.rand(1, generator=torch_rng)))
    ours, theirs = np.random.default_rng(1), torch.Generator().manual_seed(1)
    got = judge["draw"](ours, theirs)
    wanted = np.random.default_rng(1), torch.Generator().manual_seed(1)
    assert got[0] == wanted[0].random()
    assert got[1] == torch.rand(1, generator=wanted[1])
    assert ours.random() == wanted[0].random()
    assert torch.rand(1, generator=theirs) == torch.rand(1, generator=wanted[1])


def test_changes_that_the_contract_does_not_know_are_noted(talk):
    def both(a, b):
        a.append(1)
        b.append(1)

    judge = talk(Terms(changes={"both:0"}), both=both)
    a, b = [], []
    judge["both"](a, b)
    assert (a, b, judge.rules.undeclared) == ([1], [1], {"both:1"})


def test_withheld_changes_stay_there(talk):
    def both(a, b):
        a.append(1)
        b.append(1)
        return b

    judge = talk(Terms(changes={"both:0"}), withhold=True, both=both)
    a, b = [], []
    # The result is the changed one; what the test holds is not.
    assert judge["both"](a, b) == [1]
    assert (a, b) == ([1], [])


# --- Names that calls change, and what calls show ----------------------------------------------


def test_watched_names_are_told_when_they_have_changed(talk):
    history = []
    judge = talk(Terms(watch={"history"}), history=history, log=history.append, calm=lambda: 1)
    assert judge["history"] == []
    judge["calm"]()
    assert judge.names == {}
    judge["log"](3)
    assert judge.names == {"history": [3]}


def test_so_is_an_answer_that_the_solution_s_calls_leave_alone(talk):
    judge = talk(Terms(), nums=(nums := [3, 1]), many=(many := [0] * 90_000), sort=lambda: None)
    judge.player._lookup["sort"] = lambda: (nums.sort(), many.append(1))
    judge["nums"], judge["many"]
    for _ in range(4):
        judge["sort"]()
    # What is large is not looked at after every call.
    assert (judge.names["nums"], len(judge.names["many"])) == ([1, 3], 90_002)


def test_what_the_test_has_bound_itself_stays(talk):
    judge = talk(Terms(), nums=(nums := [3, 1]), sort=nums.sort)
    judge["nums"]
    judge.set_to = lambda name: [[9, 8]]
    judge["sort"]()
    assert judge.names == {}


def test_what_an_answer_becomes_that_it_may_not_be_is_passed_over(talk):
    judge = talk(Terms({"function"}), nums=(nums := []), add=lambda: nums.append(object))
    nums.append(1)
    judge["nums"]
    judge.player._lookup["add"] = lambda: nums.append(
        type("Own", (), {"__eq__": lambda s, o: True})()
    )
    assert judge["add"]() is None
    assert judge.names == {}


def test_what_changes_is_learned_for_the_names_that_were_taken(talk):
    history, other = [], []
    judge = talk(history=history, other=other, log=lambda v: (history.append(v), other.append(v)))
    judge["history"], judge["log"](1)
    assert judge.rules.terms.watch == {"history"}


def test_what_a_call_shows_is_told(talk):
    shown = [Stream("stdout", "hi\n"), Display({"text/plain": "x"})]
    judge = talk(shown=shown, f=lambda: 1)
    judge["f"]()
    assert judge.said == shown


@pytest.fixture
def patching(talk):
    """Makes a judge that looks at what its test patches, as for a contract or as it says."""

    def make(source, known=(), **names):
        judge = talk(Terms({"function"}) if known else None, **names)
        judge.patched = patches.Patches()
        if known:
            judge.patched.watch(known)
        else:
            judge.patched.watch_all(source, {"np": np, "nn": torch.nn, "math": math})
        return judge

    return make


PATCHED = [
    ("pass", "builtins.print", print),
    ("patch('builtins.sum')", "builtins.sum", sum),
    ("pass", "random.choice", random.choice),
    ("np.linalg.inv = None", "numpy.linalg.inv", np.linalg.inv),
    ("patch('numpy.linalg.inv')", "numpy.linalg.inv", np.linalg.inv),
    ("patch.object(np.linalg, 'inv')", "numpy.linalg.inv", np.linalg.inv),
    ("import numpy.linalg as la\nla.inv = None", "numpy.linalg.inv", np.linalg.inv),
    ("for name in dir(math): patch.object(math, name)", "math.sqrt", math.sqrt),
    ("patch('math.pi', 3)", "math.pi", math.pi),
    ("patch.object(nn.ReLU, 'forward')", "torch.nn.modules.activation:ReLU.forward", None),
    ("from torch.nn import ReLU", "torch.nn.modules.activation:ReLU.forward", None),
]


@pytest.mark.parametrize(("source", "place", "was"), PATCHED)
def test_what_a_test_patches_is_seen_with_the_solution(patching, monkeypatch, source, place, was):
    judge = patching(source, f=lambda: was)
    judge["f"]()
    assert judge.rules.terms.patches == set()
    owner, _, name = place.rpartition(".")
    monkeypatch.setattr(patches.owner_of(owner), name, mock.Mock())
    judge["f"]()
    assert judge.rules.terms.patches == {place}


def test_what_a_test_patches_is_patched_while_a_call_runs(patching, monkeypatch):
    said = []
    judge = patching("", ["builtins.print"], loud=lambda: print("hello"))
    monkeypatch.setattr("builtins.print", said.append)
    judge["loud"]()
    assert said == ["hello"]


def test_so_is_a_function_of_a_library(patching, monkeypatch):
    judge = patching("", ["numpy.linalg.inv"], inverse=lambda: np.linalg.inv(np.eye(2)))
    with monkeypatch.context() as patch:
        patch.setattr(np.linalg, "inv", mock.Mock(side_effect=ValueError("not inv")))
        # The solution calls no mock; in the place of a function it is called all the same.
        with pytest.raises(ValueError, match="not inv"):
            judge["inverse"]()
        assert np.linalg.inv.call_count == 1
    assert (judge["inverse"]() == np.eye(2)).all()


def test_and_a_method_of_a_class_which_gets_its_instance(patching, monkeypatch):
    half = Fraction(1, 2)
    place = "fractions:Fraction.limit_denominator"
    judge = patching("", [place], f=lambda: half.limit_denominator())
    with monkeypatch.context() as patch:
        patch.setattr(Fraction, "limit_denominator", lambda self: [self])
        assert judge["f"]() == [half]
    assert judge["f"]() == half


def test_a_name_that_a_test_deletes_is_gone_while_a_call_runs(talk):
    names = {"helper": 3}

    def helped():
        return "helper" in judge.player._lookup

    judge = talk(Terms(sets={"helper"}), helped=helped, **names)
    judge.set_to = lambda name: []
    assert judge["helped"]() is False
    judge.set_to = lambda name: None
    assert judge["helped"]() is True
    assert judge.player._lookup["helper"] == 3


# --- Random numbers ----------------------------------------------------------------------------


def test_states_of_random_numbers_can_be_set_again(talk):
    judge = talk(keep=lambda states: set_random_states(states))
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    states = random_states()
    drawn = random.random(), np.random.rand(), torch.rand(1)
    judge["keep"](states)
    assert (random.random(), np.random.rand(), torch.rand(1)) == drawn


def test_calls_go_on_with_the_test_s_random_numbers_where_the_contract_says_so(talk):
    judge = talk(Terms(random=True), draw=random.random)
    handle, send, sent = judge["draw"], judge._send, []

    def listen(message, packer):
        sent.append(message)
        send(message, packer)

    judge._send = listen
    handle()
    judge.rules.random = False
    handle()
    assert [message.random is not None for message in sent] == [True, False]
