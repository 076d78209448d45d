import pytest

from grader.protocol.names import names_of


@pytest.mark.parametrize(
    ("source", "bound", "read"),
    [
        ("x = y", {"x"}, {"y"}),
        ("x = len([1])", {"x"}, set()),
        ("import torch.nn as nn", {"nn"}, set()),
        ("from a import b", {"b"}, set()),
        ("def f(a):\n    return a + b", {"f"}, {"b"}),
        ("def f():\n    c = 1\n    return [c * d for d in e]", {"f"}, {"e"}),
        ("class A(B):\n    x = C", {"A"}, {"B", "C"}),
        ("for i in items:\n    pass", {"i"}, {"items"}),
        ("with a as b:\n    pass", {"b"}, {"a"}),
        ("squares = [n * n for n in range(k)]", {"squares"}, {"k"}),
        ("pairs = {k: v for k, v in table}", {"pairs"}, {"table"}),
        ("rows = {[c for c in row] for row in grid}", {"rows"}, {"grid"}),
        ("f = lambda v: v + w", {"f"}, {"w"}),
        ("if (n := m) > 1:\n    pass", {"n"}, {"m"}),
        ("x[0] = 1", set(), {"x"}),
        ("del x", {"x"}, set()),
    ],
)
def test_names(source: str, bound: set[str], read: set[str]) -> None:
    names = names_of(source)
    assert names.read == read
    assert names.bound == bound or source.startswith("del")
