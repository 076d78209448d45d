"""What the source of a test says of it: whether it can be judged apart from the learner's code."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TypeGuard

from grader.host.contract import Clause
from grader.host.course.assignment import TeacherCell
from grader.host.transcript import Played
from grader.protocol.names import Names, tree_of_cell

# What tells of a process, or of a function's own code, and nothing of what stands for it.
_TELLS = {
    *("process_time", "thread_time", "getrusage", "tracemalloc", "settrace", "setprofile"),
    *("getrefcount", "active_count", "isgeneratorfunction", "iscoroutinefunction"),
    *("process_time_ns", "thread_time_ns", "clock_gettime", "setrlimit", "cProfile", "isbuiltin"),
    # A judge has no functions of a learner's among whose examples they would look.
    *("testmod", "DocTestSuite", "DocTestFinder"),
}
# What IPython keeps of cells: the judge's own are others.
_CELLS = {"In", "_ih", "_i", "_ii", "_iii", "history_manager"}
# What finds no source of an answer that stays with the learner: a test may catch that.
_SOURCES = {"getsource", "getsourcelines", "findsource"}


def measured(
    code: list[TeacherCell], names: list[Names], position: int, clause: Clause
) -> str | None:
    """Why nothing can be told of a test that looks at the process of the learner's code, or at
    their cells."""
    own, helpers = _tree(code[position]).body, _helpers(code, names, position)
    said = _said([*own, *helpers])
    # They may be names of the notebook's own, too, as in `for _i in range(3)`.
    told = _CELLS.difference(*(known.bound for known in names), *map(_bound_inside, code))
    asks = told | _SOURCES if clause.takes else told
    # Of one that the solution fails in both processes it is known why.
    looks = said & asks if clause.broken is None else set()
    asked = sorted((_said(own) & _TELLS) | looks)
    if asked:
        return f"it asks by {asked[0]} what only the learner's own process can tell"
    # A first call takes longer than those behind it for what it does between the two processes.
    if not said.isdisjoint(_CLOCKS | _TIMERS) and _compares_times([*helpers, *own]):
        return "it compares how long calls take"
    return None


# What writes on standard error, by which a test fails in nbgrader.
_COMPLAINS = {"stderr", "print_exc", "print_exception", "print_tb"}


def complains(
    code: list[TeacherCell], names: list[Names], position: int, beside: Played | None
) -> bool:
    """Whether a test says on standard error what is wrong, and of the solution nothing."""
    outputs = [] if beside is None else beside.outputs
    is_quiet = all(getattr(output, "name", "") != "stderr" for output in outputs)
    parts = [*_tree(code[position]).body, *_helpers(code, names, position)]
    return is_quiet and not _COMPLAINS.isdisjoint(_said(parts))


def _helpers(code: list[TeacherCell], names: list[Names], position: int) -> list[ast.stmt]:
    """The functions and classes before a test that it reads, and those that these read."""
    read = {*names[position].read, *names[position].updated}
    bodies = (_tree(cell).body for cell in code[:position] if not cell.kind.for_answer)
    before = [part for body in bodies for part in body if hasattr(part, "name")]
    found: list[ast.stmt] = []
    while more := [part for part in before if part.name in read and part not in found]:
        found += more
        read |= _said(more)
    return found


def _said(parts: Iterable[ast.stmt]) -> set[str]:
    """The names in statements, of parts and of imports, too."""
    nodes = (node for part in parts for node in ast.walk(part))
    return {getattr(node, of, "") for node in nodes for of in ("attr", "id", "name")}


def _bound_inside(cell: TeacherCell) -> set[str]:
    """Names that a cell binds anywhere: of arguments, of a comprehension, of a class."""
    nodes = list(ast.walk(_tree(cell)))
    arguments = {node.arg for node in nodes if isinstance(node, ast.arg)}
    return arguments.union(node.id for node in nodes if _is_stored(node))


def _tree(cell: TeacherCell) -> ast.Module:
    return _parsed(str(cell.node.source))


_parsed = lru_cache(maxsize=1000)(tree_of_cell)

_CLOCKS = {"perf_counter", "perf_counter_ns", "monotonic", "monotonic_ns", "time", "time_ns"}
# Not `repeat`: arrays have one, too.
_TIMERS = {"timeit"}


def _compares_times(parts: Iterable[ast.stmt]) -> bool:
    """Whether a test holds one time that something took against another. Whoever only prints how
    many times as long it took doesn't."""
    stamps: set[str] = set()
    times: set[str] = set()
    ratios: set[str] = set()
    # By name of a function, what it gives.
    gives: dict[str, ast.expr] = {}

    def has(node: ast.AST, names: set[str], called: set[str]) -> bool:
        parts = [*ast.walk(node)]
        calls = (part.func for part in parts if isinstance(part, ast.Call))
        named = (part.id in names for part in parts if isinstance(part, ast.Name))
        return any(named) or any(_last_name(one) in called for one in calls)

    def is_time(node: ast.AST) -> bool:
        took = (
            has(part.left, stamps, _CLOCKS) and has(part.right, stamps, _CLOCKS)
            for part in ast.walk(node)
            if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Sub)
        )
        return any(took) or has(node, times, _TIMERS | times)

    def is_ratio(node: ast.AST) -> bool:
        divided = (
            is_time(part.left) and is_time(part.right)
            for part in ast.walk(node)
            if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Div)
        )
        return any(divided) or has(node, ratios, ratios)

    def bindings(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
        """Names with what they are bound to: in `found, took = timed(f)` only one is a time."""
        if isinstance(value, ast.Call):
            value = gives.get(_last_name(value.func), value)
        many = ast.Tuple | ast.List
        if isinstance(target, many) and isinstance(value, many):
            for pair in zip(target.elts, value.elts, strict=False):
                yield from bindings(*pair)
        else:
            yield from ((one.id, value) for one in ast.walk(target) if _is_stored(one))

    nodes = [node for part in parts for node in ast.walk(part)]
    for node in nodes:
        if isinstance(node, ast.FunctionDef):
            for part in ast.walk(node):
                if isinstance(part, ast.Return) and part.value is not None:
                    gives.setdefault(node.name, part.value)
    # What a name stands for may be found after what is made of it.
    for _ in range(3):
        bound = [*gives.items()]
        for node in nodes:
            if isinstance(node, ast.Assign):
                bound += (pair for one in node.targets for pair in bindings(one, node.value))
        for name, value in bound:
            if is_ratio(value):
                ratios.add(name)
            elif is_time(value):
                times.add(name)
            elif has(value, set(), _CLOCKS):
                stamps.add(name)
    return any(
        sum(map(is_time, sides)) > 1 or any(map(is_ratio, sides))
        for node in nodes
        if isinstance(node, ast.Compare)
        for sides in [[node.left, *node.comparators]]
    )


def _last_name(node: ast.expr) -> str:
    return str(getattr(node, "attr", getattr(node, "id", "")))


def _is_stored(node: ast.AST) -> TypeGuard[ast.Name]:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
