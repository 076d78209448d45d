"""Graphs of networkx."""

from __future__ import annotations

import networkx as nx
import pytest

from grader.protocol.values import CannotCross, Graph
from grader.sandboxed.codec.changes import assign
from tests.grader.sandboxed.codec.crossing import cross, received

GRAPHS = {
    "nothing": nx.DiGraph(),
    "roads": nx.Graph([(1, 2, {"km": 3, "via": ["x"]}), ((0, 1), "a"), (2, 2)], name="roads"),
    "late": nx.Graph([(1, 2), (0, 1), (2, 0)]),
    "late, directed": nx.DiGraph([("b", "c"), ("a", "b"), ("c", "a"), ("a", "c")]),
    "several": nx.MultiGraph([(2, 1, "k", {"w": 1}), (1, 2), (2, 1)]),
    "several, directed": nx.MultiDiGraph([(1, 2, "k"), (2, 1), (0, 2), (1, 2)]),
}
GRAPHS["late"].nodes[0]["seen"] = True


def looked_at(graph):
    near = [{one: list(graph[one]) for one in graph}]
    if graph.is_directed():
        near.append({one: list(graph.pred[one]) for one in graph})
    keys = {"keys": True} if graph.is_multigraph() else {}
    edges = list(graph.edges(data=True, **keys))
    return type(graph), graph.graph, list(graph.nodes(data=True)), edges, near


@pytest.mark.parametrize("name", GRAPHS)
def test_graphs_cross_with_the_order_of_all_that_they_hold(name):
    assert looked_at(cross(GRAPHS[name])) == looked_at(GRAPHS[name])


@pytest.mark.parametrize("name", GRAPHS)
def test_a_graph_is_changed_in_place(name):
    target = type(GRAPHS[name])([(7, 8)], left="over")
    assign(target, GRAPHS[name])
    assert looked_at(target) == looked_at(GRAPHS[name])


def test_a_frozen_graph_and_a_view_stay_frozen():
    for made in (nx.freeze(nx.path_graph(3)), nx.path_graph(9).subgraph([0, 1, 2])):
        came = cross(made)
        assert nx.is_frozen(came)
        assert list(came.edges) == [(0, 1), (1, 2)]
        with pytest.raises(CannotCross, match="frozen"):
            assign(came, nx.path_graph(4))


def test_a_graph_that_holds_itself_crosses():
    made = nx.path_graph(2)
    made.graph["me"] = made
    came = cross(made)
    assert came.graph["me"] is came


ENDS, EDGE = [(1, []), (2, [])], (1, 2, None, [])


@pytest.mark.parametrize(
    ("nodes", "edges", "orders"),
    [
        (ENDS, [EDGE], []),
        (ENDS, [EDGE], [[1], []]),
        (ENDS, [EDGE], [[1], [0, 1]]),
        (ENDS, [EDGE], [[2**40], [0]]),
        (ENDS, [(1, None, None, [])], [[1], [0]]),
        ([(None, [])], [], [[]]),
    ],
    ids=range(6),
)
def test_a_graph_that_does_not_hold_together_is_refused(nodes, edges, orders):
    with pytest.raises(CannotCross):
        received(Graph("Graph", [], nodes, edges, orders))
