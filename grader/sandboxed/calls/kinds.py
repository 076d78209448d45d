"""What kind of thing stays, and for what a contract lets it serve."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Literal, TypeGuard, get_args

from msgspec import Struct
from msgspec.structs import fields

from grader.protocol.values import (
    DATA,
    ITSELF,
    Array,
    Back,
    Frame,
    Given,
    Graph,
    Kind,
    Live,
    Masked,
    Module,
    Named,
    Node,
    Numbers,
    Objects,
    Pairs,
    Raw,
    Record,
    Seq,
    Sparse,
    Tensor,
    Yours,
    kind_of,
)
from grader.sandboxed.calls.special_methods import ITERATION


def gives_values(node: Node) -> TypeGuard[Live]:
    """Whether it is what gives values one by one, such as a generator."""
    return isinstance(node, Live) and node.kind == "generator" and {*ITERATION} <= {*node.dunders}


def live_kind(value: Any) -> Literal["function", "class", "instance", "generator"]:
    if isinstance(value, type):
        return "class"
    if callable(value) and type(value).__module__ in ("builtins", "functools"):
        return "function"
    if isinstance(value, Iterator):
        return "generator"
    return "instance"


# What a call may do with what a test lends it, by kind, whatever the teacher's solution does.
MEANT_FOR: dict[str, tuple[str, ...]] = {
    "function": ("", "__call__"),
    "class": ("", "__call__"),
    "generator": ITERATION,
}


def serves_as(node: Node, wanted: Kind) -> bool:
    """Whether a value may cross where the teacher's solution has one of this kind.

    Plain data may cross for other plain data: a test can tell them apart. What can be called is a
    function, or a class, what can be iterated a generator, whatever else it is; and a function may
    be all that the solution's instance is for.
    """
    kind = kind_of(node)
    if kind == wanted or (kind in DATA and wanted in DATA):
        return True
    if wanted == "instance" and kind in ("given instance", "function"):
        return True
    if wanted == "generator" and kind in _ITERATED:
        return True
    if wanted == "class" and isinstance(node, Named):
        # `list` for a class: the judge has its own. But an `except` for a class of one's own must
        # not catch all errors, the test's own, too.
        return node.kind in _BY_NAME and node.name not in _NOT_FOR
    needed = _NEEDED.get(wanted, ())
    return isinstance(node, Live) and not set(needed).isdisjoint(node.dunders)


# A class makes something when it is called, and so does a function in its place.
_NEEDED = {"function": ("__call__",), "class": ("__call__",), "generator": ITERATION}
_ITERATED = ("container", "array", "tensor", "text", "bytes")
_BY_NAME = ("type", "given", "numpy")
# What all errors are, or all values.
_NOT_FOR = ("Exception", "object")


def says_nothing(node: Node) -> TypeGuard[Live]:
    """Whether it is an instance that is true and equals itself, as one of `object` does."""
    return (
        isinstance(node, Live)
        and node.kind == "instance"
        and _SAYS_OF_ITSELF.isdisjoint(node.dunders)
    )


# In the place of the number of what says nothing: it is an object of the judge's own.
NOBODY = -1
_SAYS_OF_ITSELF = frozenset(("__bool__", "__len__", "__eq__", "__ne__"))


def callable_nodes(node: Node) -> Iterator[Node]:
    """What needs a look: live values, modules, instances of given classes, members of given
    enumerations, named tuples with types or functions as their methods, mappings with values for
    missing keys, what may leave values out, and `NA` by itself."""
    if isinstance(node, Live | Module):
        yield node
        if isinstance(node, Module):
            yield from _attributes_within(node)
        return
    if isinstance(node, Given) or (isinstance(node, Named) and node.kind == "member"):
        yield node
    if is_missing(node):
        yield node
    if isinstance(node, Record) and (has_names(node) or has_functions(node)):
        yield node
    if isinstance(node, Masked | Frame):
        yield node
    if isinstance(node, Pairs) and node.default is not None:
        yield node
        for pair in node.items:
            yield from callable_nodes(pair[0])
            yield from callable_nodes(pair[1])
    elif isinstance(node, Struct):
        for name in _fields_with_nodes(type(node)):
            yield from callable_nodes(getattr(node, name))
    elif isinstance(node, list | tuple):
        for item in node:
            yield from callable_nodes(item)
    elif isinstance(node, dict):
        for item in node.values():
            yield from callable_nodes(item)


def is_missing(node: Node) -> TypeGuard[Named]:
    """Whether it is the `NA` of pandas, which equals all in a column that may have some."""
    return isinstance(node, Named) and (node.kind, node.name) == ("constant", "<NA>")


def is_empty(node: Node) -> bool:
    """Whether it is, or holds, an array, tensor or table without a value, or the like: `allclose`
    finds it close to anything, and of its values all holds."""
    return any(map(_is_empty_itself, _parts(node)))


def _is_empty_itself(node: Struct) -> bool:
    match node:
        case Array() | Tensor() | Sparse() | Objects():
            return 0 in node.shape
        case Frame():
            return not node.columns or _has_no_rows(node.columns[0], node.dtypes[:1])
        case Numbers(kind="range", items=[int(start), int(stop), int(step)]):
            return step != 0 and not range(start, stop, step)
        case Numbers(kind="range"):
            # Others than these may be any.
            return True
        case Raw(kind="bytearray"):
            return not node.data
        case Graph():
            return not node.nodes
    return False


def _has_no_rows(column: Node, dtypes: Sequence[str]) -> bool:
    """The same of a column of a table, which of some types is made of several parts."""
    if isinstance(column, Seq) and dtypes[0].startswith(_OF_PARTS) and column.items:
        column = column.items[0]
    return not column.items if isinstance(column, Seq) else is_empty(column)


# Types of columns that cross as what they are made of.
_OF_PARTS = ("category", "ordered", "interval")


def held(node: Node) -> Sequence[Node]:
    """What a container, or an instance of a given class, holds: not what is in that."""
    match node:
        case Seq() | Record() | Objects() | Numbers():
            return node.items
        case Masked():
            return [node.data]
        case Frame():
            listed = (column for column in node.columns if isinstance(column, Seq))
            return [cell for column in listed for cell in column.items]
        case Module():
            return [*node.args.values()]
        case Pairs():
            return [value for _, value in node.items]
        case Given():
            return [*node.attributes.values()]
        case Graph():
            parts = [pairs for _, pairs in node.nodes] + [pairs for *_, pairs in node.edges]
            return [value for pairs in (node.attributes, *parts) for _, value in pairs]
    return ()


def lists_nothing(node: Node) -> TypeGuard[Seq | Pairs]:
    """Whether it is a list, set or mapping without anything in it: NumPy takes the first for an
    array without a value."""
    return isinstance(node, Seq | Pairs) and not node.items


def may_give_nothing(node: Node) -> TypeGuard[Live]:
    """Whether it is what can be iterated, or has a length, and may have nothing in it."""
    if not isinstance(node, Live) or node.kind != "instance":
        return gives_values(node)
    return not {"__iter__", "__len__"}.isdisjoint(node.dunders)


def makes_nothing(node: Node) -> TypeGuard[Pairs]:
    """Whether it is a mapping that has such a thing for missing keys."""
    default = node.default if isinstance(node, Pairs) else None
    return isinstance(default, Named) and (default.kind, default.name) in _OF_NOTHING


_OF_NOTHING = {("type", name) for name in ("list", "tuple", "dict", "set", "frozenset")}


def may_be_nothing(node: Node) -> bool:
    """Whether the solution brings what a list without anything in it is as good as: something to
    iterate, or what is false."""
    match node:
        case None | False | "" | Raw(data=b""):
            return True
        case Live(kind=kind):
            return kind in ("generator", "instance")
        case Seq() | Pairs() | Record() | Given() | Yours() | Back() | Numbers(kind="range"):
            return True
    return is_empty(node)


# What no test expects to find.
SOMETHING = ...


def put_something_in(node: Seq | Pairs | Live) -> None:
    """Puts `SOMETHING` into a list or mapping without anything, and into what may give nothing."""
    something = Named("constant", "Ellipsis")
    if isinstance(node, Live):
        node.again = node.some = True
        return
    if isinstance(node, Pairs):
        node.items.append((something, something))
        return
    node.most = None
    node.items.append(Seq("tuple", [something] * 2) if node.kind == "items" else something)


def holds_nothing(node: Node) -> bool:
    """The same for the solution's, of which a list or a mapping may be the empty one."""
    match node:
        case Raw():
            return not node.data
        case Seq() | Record():
            return not node.items or any(map(holds_nothing, node.items))
        case Pairs():
            return not node.items or any(holds_nothing(item) for _, item in node.items)
    return is_empty(node)


def given_within(given: Given) -> Iterator[str]:
    """What instances of given classes one holds, as a place: "class > class".

    By class, as trees that are equally right may have their branches elsewhere.
    """
    for held in given.attributes.values():
        for found in callable_nodes(held):
            if isinstance(found, Given):
                yield f"{given.cls} > {found.cls}"


def has_names(record: Record) -> bool:
    """Whether a named tuple holds types, or instances of given classes."""
    return any(isinstance(item, Named | Given) for item in record.items)


def has_functions(record: Record) -> bool:
    """Whether a named tuple holds what can be called: of either side's."""
    return any(
        isinstance(item, Yours) or (isinstance(item, Live) and "__call__" in item.dunders)
        for item in record.items
    )


def backs(node: Node) -> Iterator[Back]:
    """What refers to an object that has crossed before."""
    return (part for part in _parts(node) if isinstance(part, Back))


def has_tables(node: Node) -> bool:
    """Whether there is a table in it."""
    return any(isinstance(part, Frame) for part in _parts(node))


def texts_of_tables(node: Node) -> Iterator[str]:
    """What tables in it hold of texts: printed, these stand there without quotes."""
    for part in _parts(node):
        if isinstance(part, Frame):
            yield from _texts_in([getattr(part, name) for name in _fields_with_nodes(Frame)])


def _texts_in(held: Any) -> Iterator[str]:
    if isinstance(held, str):
        yield held
    elif isinstance(held, list | tuple):
        for one in held:
            yield from _texts_in(one)
    elif isinstance(held, dict):
        yield from _texts_in([*held.values()])
    elif isinstance(held, Struct):
        yield from _texts_in([getattr(held, name) for name in _fields_with_nodes(type(held))])


def _parts(node: Node) -> Iterator[Struct]:
    """A node and all that are in it, wherever that is: one may refer to what another hides. What a
    sparse tensor is made of is no tensor of its own."""
    todo: list[Any] = [node]
    while todo:
        part = todo.pop()
        cls = type(part)
        if cls is list or cls is tuple:
            todo += [one for one in part if type(one) not in ITSELF]
        elif cls is dict:
            todo += part.values()
        elif cls is Pairs:
            # At once, as there may be many.
            yield part
            todo += [one for pair in part.items for one in pair if type(one) not in ITSELF]
            todo.append(part.default)
        elif isinstance(part, Struct):
            yield part
            if not isinstance(part, Sparse):
                todo += [getattr(part, name) for name in _fields_with_nodes(type(part))]


def _attributes_within(module: Module) -> Iterator[Node]:
    """What a module of a given class holds beside its parts, and what its parts hold so."""
    for held in module.attributes.values():
        yield from callable_nodes(held)
    for _, child in module.children:
        if isinstance(child, Module):
            yield from _attributes_within(child)


@cache
def _fields_with_nodes(cls: type[Struct]) -> tuple[str, ...]:
    """The fields of a part of a manifest that are nodes, or hold some."""
    return tuple(field.name for field in fields(cls) if _may_be_a_node(field.type))


def _may_be_a_node(form: Any) -> bool:
    if isinstance(form, type) and issubclass(form, Struct):
        return True
    return any(map(_may_be_a_node, get_args(form)))
