"""What the source of a test says of it: whether it can be judged apart from the learner's code."""

from __future__ import annotations

import ast
from collections.abc import Collection
from typing import TypeGuard

from grader.host.contract import Clause
from grader.host.course.assignment import TeacherCell
from grader.host.transcript import Played
from grader.protocol.names import Names, without_magic

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
    own, said = _said(code[position]), _said_with_helpers(code, names, position)
    # They may be names of the notebook's own, too.
    told = _CELLS.difference(*(known.bound for known in names))
    # Of one that the solution fails in both processes it is known why.
    looks = said & (told | _SOURCES if clause.takes else told) if clause.broken is None else set()
    asked = sorted((own & _TELLS) | looks)
    if asked:
        return f"it asks by {asked[0]} what only the learner's own process can tell"
    # A first call takes longer than those behind it for what it does between the two processes.
    return "it compares how long calls take" if _compares_times(_tree(code[position])) else None


# What writes on standard error, by which a test fails in nbgrader.
_COMPLAINS = {"stderr", "print_exc", "print_exception", "print_tb"}


def complains(
    code: list[TeacherCell], names: list[Names], position: int, beside: Played | None
) -> bool:
    """Whether a test says on standard error what is wrong, and of the solution nothing."""
    outputs = [] if beside is None else beside.outputs
    is_quiet = all(getattr(output, "name", "") != "stderr" for output in outputs)
    return is_quiet and not _COMPLAINS.isdisjoint(_said_with_helpers(code, names, position))


def _said_with_helpers(code: list[TeacherCell], names: list[Names], position: int) -> set[str]:
    """The names in a test, and in the functions before it that it reads."""
    read = names[position].read | names[position].updated
    helpers = (_said(cell, read) for cell in code[:position] if not cell.kind.for_answer)
    return _said(code[position]).union(*helpers)


def _said(cell: TeacherCell, inside: Collection[str] | None = None) -> set[str]:
    """The names in a cell, of parts and of imports, too.

    Args:
        inside: the functions and classes that are looked into; all of the cell without.
    """
    body: list[ast.stmt] = _tree(cell).body
    if inside is not None:
        body = [part for part in body if getattr(part, "name", None) in inside]
    nodes = (node for part in body for node in ast.walk(part))
    return {getattr(node, of, "") for node in nodes for of in ("attr", "id", "name")}


def _tree(cell: TeacherCell) -> ast.Module:
    """Of a cell that is not Python an empty one."""
    try:
        return ast.parse(without_magic(str(cell.node.source)))
    except SyntaxError:
        return ast.Module([], [])


_CLOCKS = {"perf_counter", "perf_counter_ns", "monotonic", "monotonic_ns", "time", "time_ns"}
# Not `repeat`: arrays have one, too.
_TIMERS = {"timeit"}


def _compares_times(tree: ast.Module) -> bool:
    """Whether a test holds one time that something took against another."""
    stamps: set[str] = set()
    times: set[str] = set()

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

    # What a name stands for may be found after what is made of it.
    for _ in range(3):
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and is_time(node):
                times.add(node.name)
            elif isinstance(node, ast.Assign) and node.value is not None:
                bound = {one.id for one in ast.walk(node) if _is_stored(one)}
                if is_time(node.value):
                    times |= bound
                elif has(node.value, set(), _CLOCKS):
                    stamps |= bound
    for node in ast.walk(tree):
        sides: list[ast.expr] = []
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            sides = [node.left, node.right]
        if sum(map(is_time, sides)) > 1:
            return True
    return False


def _last_name(node: ast.expr) -> str:
    return str(getattr(node, "attr", getattr(node, "id", "")))


def _is_stored(node: ast.AST) -> TypeGuard[ast.Name]:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
