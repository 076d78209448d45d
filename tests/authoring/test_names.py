import pytest

from grader.protocol.names import A_FILE, left_by_cell, names_of, read_in_functions


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


@pytest.mark.parametrize(
    ("source", "updated"),
    [
        ("x = [x for x in x]", {"x"}),
        ("x = [x for x in range(3)]", set()),
        ("assert [x for x in range(2)] and x\nx = 4", {"x"}),
        ("y = [x for x in a for a in x]\nx = a = 1", {"a"}),
        ("for i in range(3):\n    x = x + i", {"x"}),
        ("async for i in items():\n    x = x + i", {"x"}),
        ("try:\n    x = x + 1\nexcept* ValueError as e:\n    y = e", {"x"}),
        ("match m:\n    case [x, *y]:\n        z = x, y\n    case _:\n        w = w + 1", {"w"}),
        ("if m:\n    x = 1\nelse:\n    x = x + 1", {"x"}),
        ("if m:\n    x = 1\nx = x + 1", set()),
    ],
)
def test_updated(source: str, updated: set[str]) -> None:
    assert names_of(source).updated == updated


def test_names_that_functions_read_are_python_s_own_too_and_none_of_what_is_too_hard_to_read():
    source = "x = y\ndef f(a):\n    b = limit\n    return [sum(a) for c in b]"
    assert read_in_functions(source) == {"limit", "sum"}
    for broken in ("def", "f(\0)", "(" * 5_000 + ")" * 5_000, "-" * 100_000 + "1"):
        assert read_in_functions(broken) == frozenset()


@pytest.mark.parametrize(
    ("source", "writes"),
    [
        ("open('words.txt').read()", False),
        ("open('a.csv', 'rb')", False),
        ("open(os.path.join(d, 'o.txt'), mode='ab')", True),
        ("Path('o.txt').open('w')", True),
        ("open('o.txt', 'r+')", True),
        ("table.to_csv('o.csv')", True),
    ],
)
def test_whether_a_cell_writes_a_file_hangs_on_the_mode(source: str, writes: bool) -> None:
    assert (A_FILE in left_by_cell(source)) is writes
