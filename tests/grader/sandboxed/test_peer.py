"""Calls between judge and player: two peers in one process, each with an end of a socket."""

from __future__ import annotations

import collections
import contextlib
import functools
import itertools
import math
import random
import threading
import time
import types

import msgspec
import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from grader.protocol import wire
from grader.protocol.calls import Display, Raised, Reply, Request
from grader.protocol.outputs import Stream
from grader.protocol.terms import Terms
from grader.protocol.values import Back, CannotCross, Live, Named, Seq
from grader.protocol.wire import Channel, Gone
from grader.sandboxed.calls.allowance import Allowance, Stopped
from grader.sandboxed.calls.handle import Handle
from grader.sandboxed.calls.kinds import serves_as
from grader.sandboxed.calls.peer import Peer
from grader.sandboxed.calls.randomness import random_states, set_random_states
from grader.sandboxed.calls.rules import Discovering, Enforcing


class Node:
    """A class of a given cell."""

    def __init__(self, value):
        self.value = value
        self.parent = None
        self.children = []

    def add(self, child):
        child.parent = self
        self.children.append(child)


class GivenError(ValueError):
    """An error of a given cell."""


def double(x):
    """A function of a given cell."""
    return x + x


GIVEN = {"Node": Node, "GivenError": GivenError, "double": double}


class Judge(Peer):
    def __init__(self, *args):
        super().__init__(*args)
        self.said = []
        self.names = {}

    def on_said(self, said):
        self.said.extend(said)

    def on_changed(self, name, value):
        self.names[name] = value

    def __getitem__(self, name):
        return self.take(name)[1]


class Player(Peer):
    @contextlib.contextmanager
    def capture(self):
        yield list(self.shown)

    shown = ()


@pytest.fixture
def talk():
    """Makes a judge whose player has these names."""
    opened = []

    def make(terms=None, shown=(), allowance=None, given=GIVEN, withhold=False, **names):
        ours, theirs = map(Channel, wire.pair())
        player = Player(theirs, given, names, True)
        player.shown = shown

        def serve():
            with contextlib.suppress(Gone, Stopped):
                while True:
                    player.serve()

        thread = threading.Thread(target=serve)
        thread.start()
        opened.append((thread, ours))
        judge = Judge(ours, given)
        rules = Discovering() if terms is None else Enforcing(terms, withhold)
        judge.begin(rules, allowance or Allowance(time.monotonic() + 20))
        judge.player = player
        return judge

    yield make
    for thread, channel in opened:
        with contextlib.suppress(OSError):
            channel.socket.shutdown(2)
        thread.join(5)
        assert not thread.is_alive()
        channel.close()


@pytest.fixture
def hear():
    """Makes a judge whose player says what it is told to, whatever it is asked."""
    channels = []

    def make(*messages, terms=None, lent=()):
        ours, theirs = wire.pair()
        ours, theirs = Channel(ours), Channel(theirs)
        channels.extend([ours, theirs])
        judge = Judge(ours, GIVEN)
        judge.begin(Enforcing(terms or Terms()), Allowance(time.monotonic() + 2))
        judge.theirs = theirs
        for message in messages:
            raw = message if isinstance(message, bytes) else msgspec.msgpack.encode(message)
            theirs.send(raw)
        return judge

    yield make
    for channel in channels:
        channel.close()


HANDLE = Live(1, "function", "f", ["__call__"])


def handle(judge, node=HANDLE):
    return judge._handle(node)


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


def test_a_handle_can_t_be_changed(talk):
    judge = talk(f=lambda: 1)
    with pytest.raises(AttributeError, match="not changed"):
        judge["f"].__call__ = lambda: 2


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


# --- Exceptions --------------------------------------------------------------------------------


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
        (KeyboardInterrupt("no"), Exception, "no"),
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
    own = type(thrown) in (LearnersError, Mute)
    assert type(caught.value).__mro__[own] is kind
    assert not own or type(caught.value).__name__ == type(thrown).__name__


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


@pytest.mark.parametrize("result", [types, "\ud800", np.zeros(1, [("a", int)])], ids=range(3))
def test_a_result_that_can_t_cross_is_an_exception_and_no_end(talk, result):
    judge = talk(odd=lambda: result, sound=lambda: 1)
    with pytest.raises(Exception, match=r"a module|half a character|an array of"):
        judge["odd"]()
    assert judge["sound"]() == 1


def test_what_is_too_large_is_said_so_and_ends_nobody(talk, monkeypatch):
    from grader.sandboxed.calls import end

    monkeypatch.setattr(end, "MAX_MANIFEST", 1000)
    monkeypatch.setattr(end, "MAX_BUFFERS", 1000)
    judge = talk(text=lambda n: "x" * n, numbers=lambda n: torch.zeros(n))
    assert len(judge["text"](900)) == 900
    for name in ("text", "numbers"):
        with pytest.raises(Exception, match="too large"):
            judge[name](1001)
    with pytest.raises(CannotCross, match="too large"):
        judge["text"]("x" * 1001)
    assert judge["text"](1) == "x"


# --- Callbacks ---------------------------------------------------------------------------------


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
    judge.begin(Enforcing(Terms({"function"}, lends=True)), Allowance(time.monotonic() + 20))
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


def test_nobody_takes_names_from_the_judge(hear):
    judge = hear(Request(9, "take", name="secret"), Reply(1, 5))
    assert handle(judge)() == 5
    _, answer = (msgspec.msgpack.decode(judge.theirs.receive()[0]) for _ in range(2))
    assert answer["id"] == 9
    assert answer["value"] is None
    assert answer["error"]["classes"][0] == "CannotCross"


# --- Instances, classes, generators ------------------------------------------------------------


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
    for call in (judge["f"], judge["inside"], lambda: judge["change"]([])):
        with pytest.raises(CannotCross, match="a function where plain values are expected"):
            call()
    judge = talk(Terms(results={"function"}), f=lambda: lambda x: 2 * x)
    assert judge["f"]()(4) == 8


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
    judge = talk(count=itertools.count(), robot=Robot(), gen=(n for n in [1]))
    kinds = [isinstance(judge[name], types.GeneratorType) for name in ("count", "robot", "gen")]
    assert kinds == [False, False, True]


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


# --- Names that calls change, and what calls show ----------------------------------------------


def test_watched_names_are_told_when_they_have_changed(talk):
    history = []
    judge = talk(Terms(watch={"history"}), history=history, log=history.append, calm=lambda: 1)
    assert judge["history"] == []
    judge["calm"]()
    assert judge.names == {}
    judge["log"](3)
    assert judge.names == {"history": [3]}


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


# --- Budgets -----------------------------------------------------------------------------------


def allowance(**less):
    return Allowance(time.monotonic() + 20, **less)


def test_an_endless_generator_ends_with_its_budget(talk):
    terms = Terms(results={"generator"})
    judge = talk(terms, allowance=allowance(items=100), ones=lambda: itertools.repeat(1))
    with pytest.raises(Stopped, match="too many items"):
        list(judge["ones"]())


def test_calls_and_callbacks_are_counted(talk):
    f = talk(allowance=allowance(calls=30), f=lambda: 1)["f"]
    with pytest.raises(Stopped, match="too many calls"):
        [f() for _ in range(31)]
    judge = talk(allowance=allowance(calls=30), often=lambda f: [f() for _ in range(100)])
    with pytest.raises(Stopped, match="too many calls"):
        judge["often"](lambda: 1)


def test_bytes_are_counted(talk):
    f = talk(allowance=allowance(bytes=10_000), f=lambda x: x)["f"]
    with pytest.raises(Stopped, match="too many bytes"):
        [f("x" * 1000) for _ in range(10)]


def test_a_call_that_takes_too_long_stops_the_test(talk):
    waiting = threading.Event()
    judge = talk(allowance=Allowance(time.monotonic() + 0.3), f=waiting.wait, g=lambda: 1)
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


# --- A player that lies ------------------------------------------------------------------------


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
        handle(judge)([1])
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


def test_an_exception_that_is_claimed_to_be_the_test_s_is_not_without_one(hear):
    judge = hear(Reply(1, error=Raised(["ValueError"], "forged", 0)))
    with pytest.raises(ValueError, match="forged"):
        handle(judge)()


@pytest.mark.parametrize("name", ["KeyboardInterrupt", "BaseException", "print", "Stopped"])
def test_an_exception_is_one_that_a_test_may_catch(hear, name):
    judge = hear(Reply(1, error=Raised([name], "forged")))
    with pytest.raises(Exception, match="forged") as caught:
        handle(judge)()
    assert type(caught.value) is Exception


# --- What is wider for other courses, and no wider ----------------------------------------------


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
    with pytest.raises(KeyError):
        talk(Terms(), f=lambda: counts)["f"]()["b"]


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


def test_what_a_test_patches_is_patched_while_a_call_runs(talk, monkeypatch):
    said = []
    judge = talk(Terms({"function"}), loud=lambda: print("hello"))
    monkeypatch.setattr("builtins.print", said.append)
    judge["loud"]()
    assert said == ["hello"]


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


def test_attributes_are_set_only_where_the_solution_s_test_sets_some(talk):
    class Lamp:
        lit = False

    lamp = Lamp()
    judge = talk(Terms({"instance"}, {"lit"}, {"__setattr__"}), lamp=lamp)
    judge["lamp"].lit = True
    assert lamp.lit
    with pytest.raises(AttributeError, match="not changed"):
        talk(Terms({"instance"}, {"lit"}), lamp=lamp)["lamp"].lit = False
