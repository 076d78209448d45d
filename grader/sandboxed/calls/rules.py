"""Who may what: what one side asks of the other, and what it believes of what comes back.

A `Peer` does; its rules decide. They are `Trusting` in a player, which the judge may ask anything,
and in a judge `Enforcing` while the answers of a submission are tested: what the contract's `Terms`
name, and no more. While a contract is made, with the teacher's solution in the player, they are
`Discovering`: everything goes, and what was needed becomes the terms.
"""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod

# A test may put something else in its place.
from builtins import sorted
from collections.abc import Callable, Collection, Iterable
from typing import Literal, TypeGuard

from msgspec import Struct

from grader.protocol.terms import Terms
from grader.protocol.values import (
    CannotCross,
    Frame,
    Given,
    Kind,
    Live,
    Masked,
    Module,
    Named,
    Node,
    Pairs,
    Record,
    kind_of,
    with_article,
)
from grader.sandboxed.calls.kinds import (
    NOBODY,
    callable_nodes,
    given_within,
    gives_values,
    has_functions,
    has_names,
    has_tables,
    held,
    holds_nothing,
    is_empty,
    is_missing,
    lists_nothing,
    makes_nothing,
    may_be_nothing,
    may_give_nothing,
    put_something_in,
    says_nothing,
    serves_as,
    texts_of_tables,
)
from grader.sandboxed.calls.left import CHANCE
from grader.sandboxed.calls.special_methods import (
    DUNDERS,
    GIVES,
    ITERATION,
    OPERATORS,
    with_others,
)
from grader.sandboxed.codec.libraries import class_called
from grader.sandboxed.codec.narrow import Narrow

# What is not asked before it is done, only noted where terms are found.
Noted = Literal[
    "sets",
    "rebinds",
    "watch",
    "named",
    "patches",
    "results",
    "random",
    "lends",
    "files",
    "reads",
]
_NO_NAMES: Collection[str] = frozenset()


class Rules(ABC):
    """What one side may ask, and believes.

    Places are written as in `Terms`: "function:position", "Type.method", a name.

    Attributes:
        exact: whether what is derived from a class of Python's own keeps what is its own.
        filed: whether classes of a file beside the notebook are given ones.
        random: whether calls go on with this side's random numbers.
        may_set: names that a test may bind for the answers.
        rebinds: names of which it is noted whether the test has bound them anew.
        lends: whether what a call is lent may be called after it has returned.
        opens: whether what is lent may open this side's files while it is called.
        sends_files: whether the other side gets the files that this one has written.
        named: arguments of which it gets the file that they name.
        own_tables: whether a call may make tables of its own in a database that it is lent.
        says_why: whether this side's user may read why a value can't cross.
        says_equal: given enumerations that say themselves what their members equal.
        fill: whether something is put into lists and mappings without anything in them.
        narrow: what becomes of numbers that take more for equal than is; None where they stay.
        leaves: kinds of what calls leave in their process that they leave in this one, too.
    """

    exact = False
    filed = False
    random = False
    may_set = _NO_NAMES
    rebinds: Collection[str] = _NO_NAMES
    lends = False
    opens = False
    sends_files = False
    named: Collection[str] = _NO_NAMES
    own_tables = False
    says_why = False
    says_equal: Collection[str] = _NO_NAMES
    fill = False
    narrow: Narrow | None = None
    leaves: Collection[str] = _NO_NAMES

    def _says_equal(self, found: Node) -> TypeGuard[Named]:
        """Whether it is a member of an enumeration that says itself what its members equal."""
        name = found.name if isinstance(found, Named) and found.kind == "member" else ""
        return name.partition(".")[0] in self.says_equal

    def exact_at(self, place: str) -> bool:
        """Whether what is derived from a class of Python's own keeps what is its own there."""
        return self.exact

    def plain_at(self, place: str) -> bool:
        """Whether what would stay crosses from there as the plain value that it is one of."""
        return False

    def called_at(self, place: str) -> bool:
        """Whether calls of the solution give a function there: what can be called stays then."""
        return False

    @abstractmethod
    def may_write(self, table: str) -> bool:
        """Whether a call may change this table of a database that it is lent; "" for itself."""

    def calls_instance(self, place: str, found: Live) -> bool:
        """Whether what a call gives, and is called now, is an instance of the solution's own: then
        what that gives is of its `__call__`."""
        return False

    @abstractmethod
    def offered(self, node: Live) -> frozenset[str]:
        """The special methods that a handle shows, of those that the other side offers."""

    @abstractmethod
    def may_call(self, dunder: str) -> bool:
        """Whether a special method may be asked of the other side, or by it."""

    @abstractmethod
    def may_look_at(self, attribute: str) -> bool:
        """Whether an attribute of what is lent may be looked at, to see what it is."""

    @abstractmethod
    def may_read(self, attribute: str) -> bool:
        """Whether an attribute of data may cross."""

    @abstractmethod
    def may_ask(self, place: str, found: Live, name: str) -> bool:
        """Whether something live may be asked for a method or an attribute.

        Args:
            place: where it comes from.
        """

    def may_be_of(self, place: str, name: str, cls: type) -> bool:
        """Whether an instance may count as one of a class of a library's, as it says it is."""
        return False

    @abstractmethod
    def may_call_of_lent(self, method: str) -> bool:
        """Whether a call may call a method of what it is lent, and not of a copy."""

    @abstractmethod
    def may_raise(self, place: str) -> bool:
        """Whether a call's exception may be one that decides where the test goes on."""

    @abstractmethod
    def may_swallow(self, place: str) -> bool:
        """Whether an `__exit__` may swallow an exception."""

    @abstractmethod
    def watched(self, taken: Collection[str]) -> list[str]:
        """Names of answers of which the other side is to say when they have changed.

        Args:
            taken: those that the test has.
        """

    def may_change(self, name: str) -> bool:
        """Whether calls change an answer, as those of the solution do."""
        return True

    @abstractmethod
    def kept(self, label: str) -> list[str] | None:
        """Positions of a call's arguments whose changes come back; None for all."""

    @abstractmethod
    def may_give_back(self, place: str) -> bool:
        """Whether a call gives back what it was given, and not a copy."""

    @abstractmethod
    def changed(self, place: str) -> None:
        """Takes note of an argument that has come back changed."""

    @abstractmethod
    def note(self, what: Noted, name: str = "") -> None:
        """Takes note of something that a test needs or does."""

    @abstractmethod
    def admit(self, node: Node, place: str, but: Node = None, one: bool = False) -> None:
        """Checks what has come; may leave some of what it can do out of it.

        Args:
            place: what has brought it.
            but: what need not be checked itself, only what is in it.
            one: whether it is one of several, as an item of a list is, that come one by one.

        Raises:
            CannotCross: when something live comes where the solution has plain values.
        """

    @abstractmethod
    def admit_nothing(self, node: Node, place: str, one: bool = False) -> None:
        """The same, as far as it may have nothing in it: also of a copy of what was brought before,
        and of what is there again."""

    @abstractmethod
    def admit_again(self, found: Live | Given, place: str) -> bool:
        """The same for what was brought before, and is there once more: whether it may be."""

    def admit_default(self, mapping: Pairs, place: str) -> None:  # noqa: B027
        """The same for what makes the values of missing keys: takes it out where it may not be."""

    def admit_like(self, lent: Iterable[Node]) -> None:  # noqa: B027
        """Takes note of what instances of given classes that a call was lent hold of such."""

    @abstractmethod
    def may_have_its_own(self, place: str) -> bool:
        """Whether there may be what has methods that the learner chooses: a module, whose parts
        are called as one likes, or what the test has lent, which may be a mock."""

    @abstractmethod
    def strange_in(self, value: Callable[[], Node], place: str) -> Iterable[str]:
        """What tables show that are where the solution has none. Takes note of the solution's.

        Args:
            value: gives the node of what is there.
        """

    @abstractmethod
    def admit_iterator(self, node: Node, place: str) -> None:
        """The same for what `__iter__` has given."""

    @abstractmethod
    def admit_arguments(self, nodes: Iterable[Node]) -> None:
        """The same for what a function of this side's is called with, which may be anything."""


class Trusting(Rules):
    """A player's: the judge may ask anything, and whatever it says is taken as it is."""

    def may_write(self, table: str) -> bool:
        return True

    def offered(self, node: Live) -> frozenset[str]:
        return _ANY.intersection(node.dunders)

    def may_call(self, dunder: str) -> bool:
        return True

    def may_look_at(self, attribute: str) -> bool:
        return True

    def may_read(self, attribute: str) -> bool:
        return True

    def may_ask(self, place: str, found: Live, name: str) -> bool:
        return True

    def may_call_of_lent(self, method: str) -> bool:
        return True

    def may_raise(self, place: str) -> bool:
        return True

    def may_swallow(self, place: str) -> bool:
        return True

    def watched(self, taken: Collection[str]) -> list[str]:
        return []

    def kept(self, label: str) -> list[str] | None:
        return None

    def may_give_back(self, place: str) -> bool:
        return True

    def changed(self, place: str) -> None:
        pass

    def note(self, what: Noted, name: str = "") -> None:
        pass

    def admit(self, node: Node, place: str, but: Node = None, one: bool = False) -> None:
        pass

    def admit_nothing(self, node: Node, place: str, one: bool = False) -> None:
        pass

    def admit_again(self, found: Live | Given, place: str) -> bool:
        return True

    def may_have_its_own(self, place: str) -> bool:
        return True

    def strange_in(self, value: Callable[[], Node], place: str) -> Iterable[str]:
        return ()

    def admit_iterator(self, node: Node, place: str) -> None:
        pass

    def admit_arguments(self, nodes: Iterable[Node]) -> None:
        pass


class Enforcing(Rules):
    """A judge's: what the contract names.

    Args:
        withhold: keep changes of arguments from the test that the terms do not name.
        fill: put something into lists and mappings without anything in them that the terms do not
            name, and refuse arrays without a value; numbers that take more for equal than is
            come as others, and what calls give back as a copy.
        rebinds: names that the test binds, and that functions of the answers read.
        sets: whether they are bound there, too.
        leaves: see `Rules`.

    Attributes:
        undeclared: changes of arguments that the terms do not name.
        nothing: places of lists and mappings without anything in them, and of arrays without a
            value, that they do not name.
        returned: calls that have given back what they were given, and that they do not name.
        rebound: names of `rebinds` that stood for something else when an answer was called.
    """

    def __init__(
        self,
        terms: Terms,
        withhold: bool = False,
        fill: bool = False,
        rebinds: Collection[str] = _NO_NAMES,
        sets: bool = False,
        leaves: Collection[str] = _NO_NAMES,
    ) -> None:
        self._terms = terms
        self._withhold = withhold
        self.fill = fill
        self.nothing: set[str] = set()
        self._dunders = with_others(frozenset(terms.dunders))
        places = terms.places
        self._places = None if places is None else places | with_others(DUNDERS & places)
        self.exact = terms.exact
        self.leaves = leaves
        # Else what a call has left of them could not be told from what was there.
        self.random = terms.random or not CHANCE.isdisjoint(leaves)
        self.may_set = terms.sets.union(rebinds if sets else ())
        self.rebinds = [name for name in rebinds if name not in self.may_set]
        self.rebound: set[str] = set()
        self.filed, self.own_tables = terms.filed, bool(terms.writes)
        self.named = terms.named
        self.lends, self.sends_files, self.opens = terms.lends, terms.files, terms.opens
        self.undeclared: set[str] = set()
        self.returned: set[str] = set()
        self.narrow: Narrow = Narrow(terms.narrow, widens=fill)

    def exact_at(self, place: str) -> bool:
        # A named tuple with methods does for a class of the solution's what another class does.
        return self.exact or (self._places is not None and place in self._places)

    def plain_at(self, place: str) -> bool:
        return self._is_plain(place)

    def called_at(self, place: str) -> bool:
        return place in self._terms.functions

    def calls_instance(self, place: str, found: Live) -> bool:
        return f"{place}.__call__" in self._terms.asks

    def may_write(self, table: str) -> bool:
        return table in self._terms.writes

    def offered(self, node: Live) -> frozenset[str]:
        return (_ALWAYS | self._dunders).intersection(node.dunders)

    def may_call(self, dunder: str) -> bool:
        return dunder in self._dunders

    def may_look_at(self, attribute: str) -> bool:
        # A property may do something.
        return attribute in self._terms.attributes

    def may_read(self, attribute: str) -> bool:
        return attribute in self._terms.attributes

    def may_ask(self, place: str, found: Live, name: str) -> bool:
        return not found.plain or f"{place}.{name}" in self._terms.asks

    def may_be_of(self, place: str, name: str, cls: type) -> bool:
        there = (known.rsplit(" ", 1) for known in self._terms.classes)
        return any(at == place and issubclass(cls, class_called(of) or ()) for at, of in there)

    def may_call_of_lent(self, method: str) -> bool:
        return method in self._terms.methods

    def may_raise(self, place: str) -> bool:
        return place in self._terms.raises

    def may_swallow(self, place: str) -> bool:
        return place in self._terms.swallows

    def watched(self, taken: Collection[str]) -> list[str]:
        return sorted(self._terms.watch.union(taken))

    def may_change(self, name: str) -> bool:
        return name in self._terms.watch

    def kept(self, label: str) -> list[str] | None:
        if not self._withhold:
            return None
        ends = (place.rpartition(":") for place in self._terms.changes)
        return [position for function, _, position in ends if function == label]

    def may_give_back(self, place: str) -> bool:
        if place in self._terms.returned:
            return True
        self.returned.add(place)
        return not self.fill

    def changed(self, place: str) -> None:
        if place not in self._terms.changes:
            self.undeclared.add(place)

    def note(self, what: Noted, name: str = "") -> None:
        if what == "rebinds":
            self.rebound.add(name)

    def admit(self, node: Node, place: str, but: Node = None, one: bool = False) -> None:
        if node is not but or not isinstance(node, Live) or gives_values(node):
            # What is taken to be called is asked for no items.
            self.admit_nothing(node, place, one)
        for found in callable_nodes(node):
            if isinstance(found, Pairs):
                self.admit_default(found, place)
            elif isinstance(found, Masked | Frame):
                found.missing = self._terms.missing
            elif is_missing(found):
                self._leave_missing_out(found)
            elif isinstance(found, Named):
                if self._says_equal(found):
                    self._admit_given(found, place)
            elif isinstance(found, Given):
                if found is not but:
                    self._admit_given(found, place)
                for held in given_within(found):
                    self._admit_given(found, held)
            elif isinstance(found, Record):
                self._admit_record(found, place)
            elif found is not but:
                self._admit_live(found, place)
                if isinstance(found, Live):
                    self._only_gives(found, place)
                elif not self.may_have_its_own(place):
                    raise CannotCross("a module where plain values are expected")

    def admit_nothing(self, node: Node, place: str, one: bool = False) -> None:
        self._admit_empty(node, place.partition(":")[0])
        # Of arguments that the solution leaves alone the test's own values count.
        if not self._is_left_alone(place):
            self._note_nothing(node, place, within(place) if one else place)

    def admit_again(self, found: Live | Given, place: str) -> bool:
        if isinstance(found, Live):
            self._only_gives(found, place)
            return True
        try:
            self._admit_given(found, place)
        except CannotCross:
            return False
        return True

    def may_have_its_own(self, place: str) -> bool:
        calls = self._terms.calls
        return calls is None or place in calls or self._is_left_alone(place)

    def strange_in(self, value: Callable[[], Node], place: str) -> Iterable[str]:
        tables = self._terms.tables
        return () if tables is None or place in tables else texts_of_tables(value())

    def admit_iterator(self, node: Node, place: str) -> None:
        # Who may iterate may have what iterates, whatever it is with the solution; what iterates
        # over itself is the same thing again.
        self.admit(node, place, but=node)
        if gives_values(node):
            self._only_gives(node, place)

    def admit_arguments(self, nodes: Iterable[Node]) -> None:
        nodes = list(nodes)
        for node in nodes:
            self._admit_empty(node, "()")
            self._note_nothing(node, "()", "()")
        for found in itertools.chain.from_iterable(map(callable_nodes, nodes)):
            if isinstance(found, Pairs):
                self.admit_default(found, "()")
            elif isinstance(found, Live):
                self._only_gives(found, "()")
            elif isinstance(found, Given) or self._says_equal(found):
                self._admit_given(found, "()")
            elif isinstance(found, Masked | Frame):
                found.missing = self._terms.missing
            elif is_missing(found):
                self._leave_missing_out(found)
            elif isinstance(found, Module):
                if not self.may_have_its_own("()"):
                    raise CannotCross("a module where plain values are expected")
            elif isinstance(found, Record):
                self._admit_fields(found, "()")

    def _admit_live(self, found: Node, place: str) -> None:
        """What can be called comes only where the teacher's solution brought some."""
        kind = _kind(found)
        if kind == "name":
            if kind not in self._terms.results:
                raise CannotCross("a type where plain values are expected")
        elif gives_values(found) and kind not in self._terms.results:
            # Whoever may have values may have what gives them one by one, and does no more.
            found.dunders = list(ITERATION)
            found.again = self.gives_again(place)
        elif not any(serves_as(found, known) for known in self._terms.results):
            if says_nothing(found):
                # `re.match(...)` for whether a text fits: it is true, and nothing more.
                found.id = NOBODY
                return
            raise CannotCross(f"{with_article(kind)} where plain values are expected")

    def gives_again(self, place: str) -> bool:
        """Whether what gives values one by one gives the same each time, as a list does: at first
        it doesn't, and has nothing in it where a test asks twice."""
        self.nothing.add(place.partition(":")[0])
        return self.fill

    def _admit_record(self, found: Record, place: str) -> None:
        """A field that can be called is as good as a method."""
        if has_names(found):
            self._admit_live(found, place)
        self._admit_fields(found, place)

    def _admit_fields(self, found: Record, place: str) -> None:
        calls = self._terms.calls
        callable_ = has_functions(found) or (has_names(found) and place not in (calls or ()))
        if callable_ and self._is_plain(place):
            raise CannotCross("a named tuple with functions where plain values are expected")

    def _is_plain(self, place: str) -> bool:
        """Whether the solution has plain values there."""
        return self._places is not None and place not in self._places

    def _admit_given(self, found: Given | Named, place: str) -> None:
        """One comes where the solution has an instance: its class was never asked to make it, so
        what it says of `==` may be true of anything."""
        if self._is_left_alone(place):
            return
        if self._terms.given is None or place in self._terms.given:
            return
        raise CannotCross(f"{with_article(kind_of(found))} where plain values are expected")

    def _is_left_alone(self, place: str) -> bool:
        """Whether it is an argument that the solution leaves alone: whether the test holds without
        a change of it is tried next."""
        return ":" in place and not any(known.endswith(place) for known in self._terms.changes)

    def _only_gives(self, found: Live, place: str) -> None:
        """Where the solution has plain values, what comes instead does not say what it equals, nor
        does a method of its own."""
        found.plain = self._is_plain(place)
        if found.plain:
            found.dunders = [name for name in found.dunders if name in GIVES]

    def _admit_empty(self, node: Node, place: str) -> None:
        """An array or tensor without a value stands where the solution brings one; elsewhere it is
        tried whether the test holds without it, as what a test draws may have been another."""
        if not self._terms.empty and is_empty(node):
            self.nothing.add(place)
            if self.fill:
                raise CannotCross("an array without a value where some are expected")

    def _note_nothing(self, node: Node, place: str, where: str) -> None:
        """A list without anything in it stands where the solution has something to iterate, or what
        is false; elsewhere it is tried whether the test holds of one with something in it."""
        allowed = self._terms.nothing
        if allowed is None:
            return
        if within(place) not in allowed:
            # First what is in it, before something is put there.
            for part in held(node):
                if isinstance(part, Struct):
                    self._note_nothing(part, place, within(place))
            if makes_nothing(node):
                self.nothing.add(place.partition(":")[0])
                if self.fill:
                    node.default = None
        if where not in allowed and (lists_nothing(node) or may_give_nothing(node)):
            self.nothing.add(place.partition(":")[0])
            if self.fill:
                put_something_in(node)

    def _leave_missing_out(self, found: Named) -> None:
        """Where the solution leaves nothing out, what is missing is None."""
        if not self._terms.missing:
            found.name = "None"

    def admit_default(self, mapping: Pairs, place: str) -> None:
        """What gives values of missing keys is there where the solution has such a thing; elsewhere
        an error comes, and no KeyError: a test may ask for that."""
        match mapping.default:
            case Named(kind="type"):
                pass
            case Live():
                if not self._terms.default:
                    mapping.default = _GIVES_NOTHING
            case _:
                # A given class or function gives an instance, or may.
                if self._terms.given is not None and place not in self._terms.given:
                    mapping.default = _GIVES_NOTHING


# A type that makes nothing of nothing.
_GIVES_NOTHING = Named("type", "type")


class Discovering(Rules):
    """A judge's with the teacher's solution: everything goes, and is noted.

    Attributes:
        terms: what was needed so far.
        has_read: whether the solution has read a file that the test has written.
    """

    sends_files = True
    says_why = True
    # Until the test ends, to see whether it is needed.
    lends = True
    has_read = False

    def __init__(
        self,
        random: bool = False,
        exact: bool = False,
        may_set: Collection[str] = _NO_NAMES,
        opens: bool = False,
        filed: bool = False,
    ) -> None:
        self.random, self.exact, self.may_set, self.opens = random, exact, may_set, opens
        self.filed = filed
        self._places: set[str] = set()
        self._given: set[str] = set()
        self._calls: set[str] = set()
        # Where calls give what may be called, and has to cross all the same.
        self._crosses: set[str] = set()
        self._nothing: set[str] = set()
        self._tables: set[str] = set()
        self.terms = Terms(
            places=self._places,
            given=self._given,
            calls=self._calls,
            nothing=self._nothing,
            tables=self._tables,
        )
        self.narrow = Narrow(self.terms.narrow, learns=True)

    def may_write(self, table: str) -> bool:
        # Whoever changes a table begins and ends that, too.
        self.terms.writes |= {"", table}
        return True

    def offered(self, node: Live) -> frozenset[str]:
        # A test may ask for one that the solution lacks: then who has it is asked, too.
        more = OPERATORS if node.kind == "instance" else frozenset()
        return _ANY.intersection(node.dunders) | more

    def may_call(self, dunder: str) -> bool:
        self.terms.dunders.add(dunder)
        return True

    def may_look_at(self, attribute: str) -> bool:
        return True

    def may_read(self, attribute: str) -> bool:
        self.terms.attributes.add(attribute)
        return True

    def may_ask(self, place: str, found: Live, name: str) -> bool:
        # Where an instance of the solution's own is, one of the learner's may be asked anything.
        if found.kind != "instance":
            self.terms.asks.add(f"{place}.{name}")
        return True

    def calls_instance(self, place: str, found: Live) -> bool:
        if found.kind == "instance":
            self.terms.asks.add(f"{place}.__call__")
        return found.kind == "instance"

    def may_be_of(self, place: str, name: str, cls: type) -> bool:
        self.terms.classes.add(f"{place} {name}")
        return True

    def may_call_of_lent(self, method: str) -> bool:
        self.terms.methods.add(method)
        return True

    def may_raise(self, place: str) -> bool:
        self.terms.raises.add(place)
        return True

    def may_swallow(self, place: str) -> bool:
        self.terms.swallows.add(place)
        return True

    def watched(self, taken: Collection[str]) -> list[str]:
        return sorted(taken)

    def kept(self, label: str) -> list[str] | None:
        return None

    def may_give_back(self, place: str) -> bool:
        self.terms.returned.add(place)
        return True

    def changed(self, place: str) -> None:
        self.terms.changes.add(place)

    def note(self, what: Noted, name: str = "") -> None:
        if what in ("sets", "watch", "named", "patches", "results"):
            getattr(self.terms, what).add(name)
        elif what == "reads":
            self.has_read = True
        else:
            setattr(self.terms, what, True)

    def admit(self, node: Node, place: str, but: Node = None, one: bool = False) -> None:
        if isinstance(node, Module | Given | Named):
            self._crosses.add(place)
        elif isinstance(node, Live) and node.kind == "function" and but is None:
            self.terms.functions.add(place)
        self.terms.functions -= self._crosses
        # An answer by its name is noted where a test takes it: it may turn out to be a given one.
        if but is None or ":" in place:
            self.admit_nothing(node, place, one)
        else:
            self._look_for_nothing(node, place, within(place) if one else place)
        for found in callable_nodes(node):
            if isinstance(found, Pairs):
                self.admit_default(found, place)
            elif isinstance(found, Masked | Frame):
                self._note_missing(found)
            elif is_missing(found):
                self.terms.missing = True
            elif isinstance(found, Named):
                if self._says_equal(found):
                    self._given.add(place)
            elif isinstance(found, Given):
                if found is not but:
                    self._given.add(place)
                self._given.update(given_within(found))
            elif isinstance(found, Record):
                if has_names(found):
                    self.terms.results.add(_kind(found))
                self._note_fields(found, place)
            elif isinstance(found, Module):
                # Another answer may be the same one.
                self._calls.add(place)
                if found is not but:
                    self.terms.results.add(_kind(found))
            elif found is not but:
                self.terms.results.add(_kind(found))
                if isinstance(found, Live):
                    self._note_instance(found, place)

    def admit_nothing(self, node: Node, place: str, one: bool = False) -> None:
        self.terms.empty |= holds_nothing(node)
        self._look_for_nothing(node, place, within(place) if one else place)

    def admit_again(self, found: Live | Given, place: str) -> bool:
        if isinstance(found, Live):
            self._note_instance(found, place)
        else:
            self._given.add(place)
        return True

    def admit_like(self, lent: Iterable[Node]) -> None:
        for found in itertools.chain.from_iterable(map(callable_nodes, lent)):
            if isinstance(found, Given):
                self._given.update(given_within(found))

    def may_have_its_own(self, place: str) -> bool:
        self._calls.add(place)
        return True

    def strange_in(self, value: Callable[[], Node], place: str) -> Iterable[str]:
        if place not in self._tables and has_tables(value()):
            self._tables.add(place)
        return ()

    def admit_iterator(self, node: Node, place: str) -> None:
        self.admit(node, place)

    def admit_arguments(self, nodes: Iterable[Node]) -> None:
        nodes = list(nodes)
        self.terms.empty |= any(map(holds_nothing, nodes))
        for node in nodes:
            self._look_for_nothing(node, "()", "()")
        for found in itertools.chain.from_iterable(map(callable_nodes, nodes)):
            if isinstance(found, Pairs):
                self.admit_default(found, "()")
            elif isinstance(found, Live):
                self._note_instance(found, "()")
            elif isinstance(found, Given) or self._says_equal(found):
                self._given.add("()")
            elif isinstance(found, Masked | Frame):
                self._note_missing(found)
            elif is_missing(found):
                self.terms.missing = True
            elif isinstance(found, Module):
                self._calls.add("()")
            elif isinstance(found, Record):
                self._note_fields(found, "()")

    def admit_default(self, mapping: Pairs, place: str) -> None:
        self.terms.default = True
        if not isinstance(mapping.default, Live) and _may_give(mapping.default):
            self._given.add(place)

    def _note_fields(self, found: Record, place: str) -> None:
        if has_names(found):
            self._calls.add(place)
        if has_functions(found):
            self._places.add(place)

    def _note_instance(self, found: Live, place: str) -> None:
        """Where one of the solution's own comes from, one of a given class may, too.

        A function or a generator says nothing of what it gives.
        """
        if found.kind == "instance":
            self._places.add(place)
            self._given.add(place)

    def _look_for_nothing(self, node: Node, place: str, where: str) -> None:
        if may_be_nothing(node):
            self._nothing.add(where)
        for part in held(node) if within(place) not in self._nothing else ():
            self._look_for_nothing(part, place, within(place))

    def _note_missing(self, found: Masked | Frame) -> None:
        """What is left out passes many a comparison: it is where the solution leaves things out."""
        if isinstance(found, Masked):
            self.terms.missing |= found.mask is not None
        else:
            from grader.sandboxed.codec.families import tables

            self.terms.missing |= any(map(tables.has_missing, found.dtypes))


def within(place: str) -> str:
    """The place of what is held at a place, as `Terms.nothing` has it."""
    return f"{place} >"


_ALWAYS = frozenset(("__call__", *ITERATION))
_ANY = _ALWAYS | DUNDERS


def _may_give(default: Node) -> bool:
    """Whether what makes the values of missing keys may make an instance of a given class."""
    return not (isinstance(default, Named) and default.kind == "type")


def _kind(found: Node) -> Kind:
    return "name" if isinstance(found, Record) else kind_of(found)
