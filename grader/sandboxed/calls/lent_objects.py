"""What one side has shown the other and the other may call, each thing by a number.

All of a player's, since it belongs to the learner anyway; a test's worth of a judge's, or a call's.
"""

from __future__ import annotations

import inspect
import sys
import types
from collections.abc import Collection
from typing import Any

from grader.protocol.terms import DRAWS
from grader.protocol.values import CannotCross, Live, Named, Node
from grader.sandboxed.calls.kinds import MEANT_FOR, live_kind
from grader.sandboxed.calls.lent_databases import knows, told
from grader.sandboxed.calls.pickles import pickled
from grader.sandboxed.calls.rules import Rules
from grader.sandboxed.calls.special_methods import IN_BLOCKS, ITERATION

# Who may ask a database may do so in any of these ways. What changes it, `unattached` decides.
_ASKING = ("cursor", "execute", "executemany", "executescript", "fetchone", "fetchmany", "fetchall")
_QUERIES = frozenset((*_ASKING, "commit", "rollback", *ITERATION, *IN_BLOCKS))
# What it tells of a query.
_TOLD = frozenset(("description", "in_transaction", "lastrowid", "rowcount", "total_changes"))
# Whoever may have a file's lines one by one may read it in any way: only the place in it moves.
_READS = frozenset(("read", "readline", "readlines", "seek", "tell", "flush"))
# Whoever may draw random numbers may do so in any way. These draw none.
_GENERATORS = frozenset(("random", "numpy.random._generator", "numpy.random.mtrand"))
_DRAWS_NONE = frozenset(("seed", "getstate", "setstate", "get_state", "set_state", "spawn"))


class Refused(AttributeError):
    """It is lent, but the solution asks it for no such thing."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} of what a test lends")


_NOTHING = object()
# As people see it.
Refused.__name__ = Refused.__qualname__ = AttributeError.__name__


class Lent:
    """What the other side may call, by number."""

    def __init__(self) -> None:
        self._things: dict[int, Any] = {}
        self._numbers: dict[object, int] = {}
        self._count = 0
        # What was lent to calls that have returned.
        self._returned: set[int] = set()
        # What stands in the place of a function.
        self._stand_ins: set[int] = set()
        # Which argument has brought it.
        self._places: dict[int, str] = {}
        # Databases, and what the other side has named in each beside what the solution does, and
        # its tables. They are kept, so that no other one is taken for them.
        self._named: dict[int, tuple[Any, set[str]]] = {}
        self._tables: dict[int | bytes, tuple[Any, set[str]]] = {}

    @property
    def numbers(self) -> set[int]:
        """Of all that is lent now."""
        return set(self._things)

    def lend(self, thing: Any) -> int:
        """The number of a thing; the same one always has the same."""
        number = self._numbers.get(_which(thing))
        if number is None:
            self._count += 1
            number = self._count
            self._things[number] = thing
            self._numbers[_which(thing)] = number
        return number

    def brought_by(self, argument: str) -> None:
        """What is lent since the last time was in this argument of a call."""
        for number in self._things:
            self._places.setdefault(number, argument)

    def stands_in(self, number: int) -> None:
        """It is in the place of a function while a call runs: a mock is called there, too."""
        self._stand_ins.add(number)

    def get(self, number: int, rules: Rules) -> Any:
        """What the other side means by a number.

        Raises:
            CannotCross: when it has no such thing.
        """
        if number not in self._things:
            raise CannotCross("a handle that is not there")
        if number in self._returned:
            rules.note("lends")
        return self._things[number]

    def to_call(self, number: int, method: str, rules: Rules) -> Any:
        """The object whose method is called.

        A call may call what can only be meant to be called, and what the teacher's solution calls,
        too. Other methods could change the test's own object: the other side may call those of a
        copy, where it gets one.

        Raises:
            Refused: when the method is not to be had.
            CannotCross: when the other side has no such thing.
        """
        thing = self.get(number, rules)
        if method in MEANT_FOR.get(live_kind(thing), ()):
            return thing
        if _is_file(thing) and method in _READS:
            return thing
        if number in self._stand_ins and method in MEANT_FOR["function"]:
            return thing
        if rules.may_call_of_lent(_place(thing, method)):
            return thing
        raise Refused(method)

    def check_attribute(
        self, number: int, method: str, name: object, code: bool, rules: Rules
    ) -> None:
        """Checks what a call sets or deletes of a thing of the test's own.

        What the test itself calls there, such as a method of its class, is its code: one of the
        learner's comes in its place only where the teacher's solution puts one there, too. Nor does
        one come where there is anything: what was None may be called once it is a function.

        Args:
            code: whether it is set to a function or a class.

        Raises:
            Refused: when the attribute is not to be had.
        """
        thing = self.get(number, rules)
        as_solved = rules.may_call_of_lent(f"{_place(thing, method)} {name}")
        plain = isinstance(name, str) and _is_plain(thing, name, code)
        if not as_solved and not plain:
            raise Refused(str(name))

    def check_named(self, number: int, method: str, one: object, rules: Rules) -> None:
        """Checks what a call has a database know by a name, such as a function, and which one it is
        copied into.

        What is there already the test itself may ask for: something of the learner's comes in its
        place only where the teacher's solution puts something there, too.

        Args:
            one: the first argument: the name, or the other database.

        Raises:
            Refused: when that is not to be had.
        """
        thing, name = self.get(number, rules), str(one).lower()
        library = sys.modules.get("sqlite3")
        if library is None or not isinstance(thing, library.Connection):
            return
        if method == "backup":
            name = self._places.get(self._numbers.get(id(one), 0), "")
        elif not method.startswith("create_"):
            return
        if rules.may_call_of_lent(f"{_place(thing, method)} {name}"):
            return
        _, own = self._named.setdefault(id(thing), (thing, set()))
        if method == "backup" or (name not in own and knows(thing, name)):
            raise Refused(f"{method} {name}")
        own.add(name)

    def own_tables(self, database: Any) -> set[str]:
        """Names of tables that the other side has made in a database, to be added to."""
        # A test may close one in a file, and open it again.
        path = next((path for _, _, path in told(database, "database_list") if path), None)
        return self._tables.setdefault(path or id(database), (database, set()))[1]

    def has_copy(self, number: int, rules: Rules) -> bool:
        """Whether the other side may get a copy: of what a library's class makes, as that is known
        to all. What a test's error says it gets where the solution reads that."""
        thing = self.get(number, rules)
        if isinstance(thing, BaseException):
            return rules.may_call_of_lent(_place(thing, "__str__")) or rules.may_look_at("args")
        # A file in memory gives lines one by one.
        is_one = live_kind(thing) in ("instance", "generator")
        return is_one and type(thing).__module__ != "__main__"

    def copy(self, number: int, rules: Rules) -> bytes:
        """A copy of a thing, as a pickle.

        Raises:
            CannotCross: when there is none to be had.
        """
        if not self.has_copy(number, rules):
            raise CannotCross("a copy of what a test lends")
        return pickled(self._things[number])

    def tells(self, number: int, name: str, rules: Rules) -> bool:
        """Whether it is a database that is asked what came of a query."""
        thing = self.get(number, rules)
        return type(thing).__module__ == "sqlite3" and name in _TOLD

    def returned(self, numbers: Collection[int], rules: Rules) -> None:
        """A call has returned to which these were lent."""
        if rules.lends:
            self._returned.update(numbers)
        else:
            self.take_back(numbers)

    def take_back(self, numbers: Collection[int]) -> None:
        """They are dead for the other side."""
        for number in numbers:
            self._places.pop(number, None)
            self._stand_ins.discard(number)
            self._numbers.pop(_which(self._things.pop(number)), None)

    def has_taken_back(self, number: int) -> bool:
        """Whether it stood for something that is dead now."""
        return number not in self._things and 0 < number <= self._count

    def begin(self) -> None:
        """A new test: no call of it has returned."""
        self._returned.clear()


def _is_file(thing: Any) -> bool:
    """Whether it is a file of Python's own, which may be in memory."""
    return type(thing).__module__ == "_io"


def _which(thing: Any) -> object:
    """Tells things apart. A method is another object each time that it is asked for."""
    if isinstance(thing, types.MethodType):
        return id(thing.__self__), id(thing.__func__)
    if isinstance(thing, types.BuiltinMethodType):
        return id(thing.__self__), thing.__name__
    return id(thing)


def is_code(node: Node, value: Any) -> bool:
    """Whether what has come as this node is a function or a class, the learner's or a library's."""
    of_library = isinstance(node, Named) and callable(value)
    return of_library or (isinstance(node, Live) and node.kind in ("function", "class"))


def _is_plain(thing: Any, name: str, code: bool) -> bool:
    """Whether an attribute is data, is not there yet, or has a setter of its class."""
    behind = inspect.getattr_static(thing, name, _NOTHING)
    if code and not isinstance(behind, property):
        return behind is _NOTHING and not name.startswith("__")
    if isinstance(behind, types.MemberDescriptorType):
        behind = getattr(thing, name, None)
    elif hasattr(type(behind), "__set__"):
        return True
    is_code = callable(behind) or hasattr(type(behind), "__get__")
    return not name.startswith("__") and not is_code


def _place(thing: Any, method: str) -> str:
    """A method of something lent, as `Terms.methods` names it; iteration and calls go by one."""
    if type(thing).__module__ == "sqlite3":
        # Whoever has made a cursor may close it.
        closes = method == "close" and type(thing).__name__ == "Cursor"
        if closes or method in _QUERIES:
            return "sqlite3.query"
    if type(thing).__module__.partition(".")[0] == DRAWS:
        return DRAWS
    if type(thing).__module__ in _GENERATORS and method not in _DRAWS_NONE:
        return "random"
    if _is_file(thing) and method == "writelines":
        method = "write"
    owner = f"type {thing.__qualname__}" if isinstance(thing, type) else type(thing).__qualname__
    alike = {"": "__call__", "__next__": "__iter__"}
    return f"{owner}.{alike.get(method, method)}"
