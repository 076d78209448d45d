"""Graphs of networkx as data: nodes, edges, and what these hold.

Loaded where networkx is there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import networkx as nx

from grader.protocol.values import CannotCross, Graph, Node
from grader.sandboxed.codec.family import NOT_MINE, NotMine

if TYPE_CHECKING:
    from grader.sandboxed.codec.packing import Packer
    from grader.sandboxed.codec.unpacking import Unpacker

_CLASSES: dict[str, Any] = {
    cls.__name__: cls for cls in (nx.Graph, nx.DiGraph, nx.MultiGraph, nx.MultiDiGraph)
}
_KINDS: dict[Any, Any] = {cls: name for name, cls in _CLASSES.items()}


def encode(value: Any, packer: Packer) -> Node | NotMine:
    # A class that is derived from one of these may do more.
    if type(value) not in _KINDS:
        return NOT_MINE
    packer.register(value)
    pack = packer.pack

    def pairs(held: Any) -> list[tuple[Node, Node]]:
        return [(pack(name), pack(part)) for name, part in held.items()]

    attributes = pairs(value.graph)
    nodes = [(pack(name), pairs(held)) for name, held in value.nodes(data=True)]
    edges = [
        (pack(one), pack(other), pack(key), pairs(held)) for one, other, key, held in _edges(value)
    ]
    kind, frozen = _KINDS[type(value)], nx.is_frozen(value)
    return Graph(kind, attributes, nodes, edges, _orders(value), frozen)


def _edges(graph: Any) -> list[tuple[Any, Any, Any, Any]]:
    """Both ends of each, its key where there may be several between them, and what it holds."""
    if graph.is_multigraph():
        return list(graph.edges(keys=True, data=True))
    return [(one, other, None, held) for one, other, held in graph.edges(data=True)]


def _orders(graph: Any) -> list[list[int]]:
    """By node, the numbers of its neighbours in their order, which walks through a graph follow; of
    a directed one those before it, as edges are in the order of those behind."""
    numbers = {name: number for number, name in enumerate(graph)}
    near = graph.pred if graph.is_directed() else graph.adj
    return [[numbers[name] for name in near[one]] for one in graph]


def decode(node: Graph, unpacker: Unpacker) -> Any:
    made = _CLASSES[node.kind]()
    unpacker.objects.append(made)
    unpack = unpacker.unpack

    def held(pairs: list[tuple[Node, Node]]) -> dict[Any, Any]:
        return {unpack(name): unpack(part) for name, part in pairs}

    _fill(
        made,
        held(node.attributes),
        [(unpack(name), held(pairs)) for name, pairs in node.nodes],
        [(unpack(a), unpack(b), unpack(key), held(pairs)) for a, b, key, pairs in node.edges],
        node.orders,
    )
    return nx.freeze(made) if node.frozen else made


def _fill(made: Any, attributes: Any, nodes: Any, edges: Any, orders: list[list[int]]) -> None:
    """Fills an empty graph.

    Raises:
        Exception: when what is said of it does not hold together.
    """
    made.graph.update(attributes)
    for name, held in nodes:
        made.add_node(name)
        made.nodes[name].update(held)
    for one, other, key, held in edges:
        if made.is_multigraph():
            made.edges[one, other, made.add_edge(one, other, key)].update(held)
        else:
            made.add_edge(one, other)
            made.edges[one, other].update(held)
    names = list(made)
    near = made._pred if made.is_directed() else made._adj
    for one, order in zip(names, orders, strict=True):
        found = {names[number]: near[one][names[number]] for number in order}
        if found.keys() != near[one].keys():
            raise CannotCross("a graph that does not hold together")
        near[one].clear()
        near[one].update(found)


def assign(target: Any, value: Any) -> bool:
    if type(target) not in _KINDS:
        return False
    if nx.is_frozen(target):
        raise CannotCross("a graph that is frozen and was changed")
    target.clear()
    _fill(target, value.graph, value.nodes(data=True), _edges(value), _orders(value))
    return True
