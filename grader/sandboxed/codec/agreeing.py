"""Whether a message says of its values what this side would say of them.

A learner's code that writes its messages itself could say one thing in two ways: the look at what
has come sees one, and the test gets the other. So what was read is written again, and has to come
out the same: nobody sends what Python could not have had.
"""

from __future__ import annotations

# A test may put something else in its place.
from builtins import sorted
from typing import Any

from grader.protocol.calls import ENCODER
from grader.protocol.values import ITSELF, Back, CannotCross, Live, Node, Pairs, Seq, Yours
from grader.sandboxed.codec.packing import Packer
from grader.sandboxed.codec.unpacking import Unpacker


def check(nodes: list[Node], unpacker: Unpacker) -> None:
    """Looks at all nodes of a message, in the order in which they were made.

    Args:
        unpacker: that has not read one yet.

    Raises:
        CannotCross: when this side would say something else.
    """
    if _has_one_way(nodes):
        return
    given, known = unpacker.given, [*unpacker.objects]
    things: dict[tuple[type, int], _Stays] = {}

    def stays(node: Live | Yours) -> _Stays:
        # One thing is one here, too: it may be twice a key.
        return things.setdefault((type(node), node.id), _Stays(node))

    def own(number: int) -> _Stays:
        return stays(Yours(number))

    reader = _Reader(unpacker.buffers, stays, own, given, known)
    values = [reader.unpack(node) for node in nodes]
    writer = _Writer(_node_of, given, known, exact=True)
    writer.read = reader.read
    try:
        said = ENCODER.encode([writer.pack(value) for value in values])
    except CannotCross:
        raise
    except Exception as error:
        # What a library says of odd values may be an error, as of times in no unit with a mask.
        raise CannotCross("a value that does not hold together") from error
    if said != ENCODER.encode(nodes):
        raise CannotCross("a value that does not hold together")


def _has_one_way(nodes: list[Node]) -> bool:
    """Whether there is nothing that can be said in several ways: most messages are so."""
    todo = [*nodes]
    while todo:
        node = todo.pop()
        if isinstance(node, Seq) and node.kind in ("list", "tuple") and node.most is None:
            todo += [item for item in node.items if type(item) not in ITSELF]
        elif isinstance(node, Pairs) and node.kind == "dict" and node.default is None:
            keys = [key for key, _ in node.items]
            if not ITSELF.issuperset(map(type, keys)) or len({*keys}) < len(keys):
                return False
            todo += [item for _, item in node.items if type(item) not in ITSELF]
        elif type(node) not in ITSELF:
            return False
    return True


class _Stays:
    """In the place of what stays where it is."""

    stays_where_it_is = True

    def __init__(self, node: Live | Yours) -> None:
        self.node: Node = node
        if isinstance(node, Live):
            # What else it says, who gets it sets.
            dunders = sorted({*node.dunders})
            base, library = node.base, node.library
            self.node = Live(node.id, node.kind, node.name, dunders, base=base, library=library)

    def __call__(self) -> None:
        """What makes the values of missing keys has to be callable."""


def _node_of(value: Any) -> Node:
    if isinstance(value, _Stays):
        return value.node
    raise CannotCross("a value that does not hold together")


class _Reader(Unpacker):
    """Notes what values don't tell: the memory that they show, and in which order a set has come.

    Attributes:
        read: such values, by their identity, with their nodes and items.
    """

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.read: dict[int, tuple[Any, Back | Seq, list[Any]]] = {}

    def _unpack(self, node: Any) -> Any:
        value: Any
        if isinstance(node, Back) and node.shape is not None:
            value = super()._unpack(node)
            self.read[id(value)] = value, node, []
        elif isinstance(node, Seq) and node.kind in ("set", "frozenset"):
            value = set()
            if node.kind == "set":
                self.objects.append(value)
            items = [self.unpack(item) for item in node.items]
            value.update(items)
            value = value if node.kind == "set" else frozenset(items)
            self.read[id(value)] = value, node, items
        else:
            value = super()._unpack(node)
        return value


class _Writer(Packer):
    """Takes that from what was read."""

    read: dict[int, tuple[Any, Back | Seq, list[Any]]]

    def buffer(self, data: bytes) -> int:
        # Whose they are is compared, not the bytes: any are a value.
        return super().buffer(data[:0])

    def _pack(self, value: Any) -> Node:
        if id(value) not in self.read:
            return super()._pack(value)
        _, node, items = self.read[id(value)]
        if not isinstance(value, frozenset):
            self.register(value)
        if isinstance(node, Back):
            return node
        if len(value) < len(items):
            raise CannotCross("a value that does not hold together")
        return Seq(node.kind, [self.pack(item) for item in items])
