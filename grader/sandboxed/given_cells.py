"""Given cells in a judge, where no answer is bound, and no file that one writes."""

from __future__ import annotations

import ast
import builtins
import contextlib
import dis
import inspect
import textwrap
import types
from collections.abc import (
    Iterable,
    Iterator,
    Mapping,
    MutableMapping,
    MutableSequence,
    MutableSet,
    Sequence,
)
from functools import lru_cache
from itertools import filterfalse
from typing import Any

from grader.protocol.names import (
    A_FILE,
    asked_by_name,
    asks_by_name,
    changed_by_cell,
    imports_of,
    names_of,
)
from grader.protocol.outputs import Error, Report
from grader.sandboxed.cells import Shell, run_cell


def run_given(
    shell: Shell, source: str, behind: MutableMapping[str, set[str]] | None = None
) -> Report:
    """Runs a given cell in a judge.

    A statement that needs what is not here leaves nothing, so what it binds or fills crosses. All
    behind it is the teacher's, unless it asserts or raises, or has failed otherwise, as where an
    answer's name stood for None before: then the answer decides what is run there, and only
    functions, classes and imports are the teacher's.

    Args:
        behind: by name, the names of answers that it is made of; gets what this cell makes of them.
    """
    going_on = _GoingOn(shell.user_ns, behind, asks_by_name(source))
    known = {_LACKS: going_on.lacks, _FORGET: going_on.forget, _NOT_HERE: _MISSED}
    known |= {_END: going_on.end, _ENDS: (Exception, SystemExit)}
    shell.ast_transformers.append(going_on)
    vars(builtins).update(known)
    try:
        report = run_cell(shell, source, seen=False)
    finally:
        # IPython itself removes one that fails.
        shell.ast_transformers[:] = [one for one in shell.ast_transformers if one is not going_on]
        for name in known:
            del vars(builtins)[name]
    if any(isinstance(one, Error) for one in report.outputs):
        going_on.forget_shown()
    going_on.bring_back()
    return report


# No cell has names like these.
_LACKS, _FORGET, _NOT_HERE = "lacks what it needs", "forget what it binds", "what is not here"
_END, _ENDS = "end with it", "what ends it"
# An answer's name, or a file or a module that one writes.
_MISSED = NameError, FileNotFoundError, ImportError
# What a block catches, it doesn't say.
_CATCHING = ast.Try | ast.TryStar | ast.With | ast.AsyncWith
# What asks which files there are, and fails for want of none.
_LISTS_BY_NAME = ("glob", "iglob", "rglob", "listdir", "scandir", "walk", "iterdir")
_LISTS = frozenset((*_LISTS_BY_NAME, "exists", "isfile", "is_file"))
_FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


class _GoingOn(ast.NodeTransformer):
    """Has a cell go on behind a statement that needs what is not there."""

    def __init__(
        self, space: dict[str, Any], behind: MutableMapping[str, set[str]] | None, asks: bool
    ) -> None:
        self._space = space
        self._behind = behind
        # Whether it asks for names by texts: a long list takes long to be written out.
        self._asks = asks
        # Names of answers that may have ended the cell.
        self._ending: set[str] = set()
        # Of the cell, and of what a magic runs in it.
        self._statements: list[ast.stmt] = []
        self._shown: list[int] = []
        # Whether an answer may have ended the cell.
        self._may_be_over = False
        # Instances of given classes, by name, that a statement was to change.
        self._aside: dict[str, Any] = {}

    def visit_Module(self, tree: ast.Module) -> ast.Module:
        # What stands last is shown.
        last = tree.body[-1:]
        tree.body = [self._tried(one, is_last=one in last) for one in tree.body]
        return tree

    def _tried(self, statement: ast.stmt, is_last: bool) -> ast.stmt:
        number = len(self._statements)
        self._statements.append(statement)
        lacks, forget, end = (
            ast.Call(ast.Name(name, ast.Load()), [ast.Constant(number)], [])
            for name in (_LACKS, _FORGET, _END)
        )
        tried: ast.stmt
        handlers = [
            ast.ExceptHandler(ast.Name(kind, ast.Load()), None, [ast.Expr(done)])
            for kind, done in ((_NOT_HERE, forget), (_ENDS, end))
        ]
        whole = ast.Try([statement], handlers, [], [])
        if isinstance(statement, ast.Import | ast.ImportFrom):
            is_first = getattr(statement, "module", "") == "__future__"
            return statement if is_first else ast.copy_location(whole, statement)
        if is_last and isinstance(statement, ast.Expr):
            self._shown.append(number)
            tried = ast.Expr(ast.IfExp(lacks, ast.Constant(None), statement.value))
        else:
            tried = ast.If(lacks, [ast.Pass()], [whole])
        # IPython fills in where all else in it stands.
        return ast.copy_location(tried, statement)

    def lacks(self, number: int) -> bool:
        """Called before a statement: whether it is not run, as it might catch that a name is not
        there, or as an answer may have ended the cell."""
        statement = self._statements[number]
        if self._may_be_over and not isinstance(statement, _FUNCTIONS | ast.ClassDef):
            self.forget(number)
            return True
        names = _read_at_once(statement)
        codes = list(codes_behind(names, self._space))
        self._note(statement, names, codes)
        asked = asked_by_name(ast.unparse(statement)) if self._asks else ()
        lacking = {*filterfalse(self._is_there, asked)}
        needed = set(filterfalse(self._is_there, names))
        # What catches nothing ends for want of what it reads.
        if needed and any(isinstance(node, _CATCHING) for node in ast.walk(statement)):
            lacking |= needed & names_of(ast.unparse(statement)).read
        if any(map(_catches, codes)):
            lacking.update(*(filterfalse(self._is_there, globals_of(code)) for code in codes))
        if lacking:
            self.forget(number)
        return bool(lacking)

    def _note(self, statement: ast.stmt, names: set[str], codes: Sequence[types.CodeType]) -> None:
        """Takes note of what it makes of answers."""
        behind = self._behind
        if behind is None:
            return
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            # It is the teacher's, whoever decides what is run there, but for its defaults.
            made_of = set().union(*(behind.get(name, ()) for name in names))
            behind.pop(statement.name, None)
            if made_of:
                behind[statement.name] = made_of
            return
        source = ast.unparse(statement)
        known = names_of(source)
        bound = known.bound.difference(imports_of(source))
        # What it binds first is its own.
        read = (names & (known.read | known.updated)).union(*map(globals_of, codes))
        said = {getattr(node, "attr", getattr(node, "id", "")) for node in ast.walk(statement)}
        if not _LISTS.isdisjoint(said.union(*(code.co_names for code in codes))):
            read.add(A_FILE)
        made_of = self._ending.union(*(behind.get(name, ()) for name in read))
        if made_of:
            changed = changed_by_cell(source).union(*(_changed_by(code, names) for code in codes))
            for name in bound | changed:
                value = self._space.get(name)
                # `Plot.draw(x)` changes no class, and `plt.plot(x)` no module.
                asks = issubclass(type(value), type) and name not in _owners_set(
                    statement, ast.Attribute
                )
                if not (asks or type(value) is types.ModuleType):
                    behind[name] = behind.get(name, set()) | made_of
            if _may_raise(statement, codes):
                self._ending |= made_of
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            for name in bound:
                behind.pop(name, None)

    def _lacks_for(self, value: Any) -> bool:
        """Whether it is a generator that can't go on."""
        if type(value) is not types.GeneratorType:
            return False
        return value.gi_frame is None or not all(map(self._is_there, globals_of(value.gi_code)))

    def _is_there(self, name: str) -> bool:
        return name in self._space or name in vars(builtins)

    def forget(self, number: int) -> None:
        """Called where a statement has not been run, or not to its end.

        What stood there before would be taken for what it was to bind, or to put into it.
        """
        statement = self._statements[number]
        source = ast.unparse(statement)
        names = names_of(source)
        codes = list(codes_behind(_read_at_once(statement), self._space))
        self._may_be_over |= _may_raise(statement, codes)
        sets = _owners_set(statement, ast.Subscript)
        # A generator that asked for it has come to its end, or was to be drawn from.
        drawn = {name for name in names.read if self._lacks_for(self._space.get(name))}
        gone = {*names.bound, *sets, *drawn}.difference(imports_of(source))
        changed = changed_by_cell(source).union(*(_changed_by(code, names.read) for code in codes))
        for name in changed - gone:
            # Neither `plt.plot(x)` nor `table.plot(x)` puts anything into it.
            value = self._space.get(name)
            if isinstance(value, MutableSequence | MutableMapping | MutableSet):
                gone.add(name)
            elif type(value).__module__ == "__main__":
                # It may be nothing that crosses; what the cell makes of it does.
                self._aside[name] = self._space.pop(name)
        for name in gone:
            self._space.pop(name, None)
            self._aside.pop(name, None)

    def end(self, number: int) -> None:
        """Called where a statement has failed, as it may not with an answer."""
        self.forget(number)
        self._may_be_over = True

    def forget_shown(self) -> None:
        """Called where the cell has ended for want of something."""
        for number in self._shown:
            # It may be nested deep.
            with contextlib.suppress(RecursionError):
                self.forget(number)

    def bring_back(self) -> None:
        """Called behind the cell."""
        for name, value in self._aside.items():
            self._space.setdefault(name, value)


def _owners_set(statement: ast.stmt, part: type[ast.Attribute | ast.Subscript]) -> set[str]:
    """Names of which a statement binds attributes, or places, anew."""
    return {
        node.value.id
        for node in ast.walk(statement)
        if isinstance(node, part)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
    }


def _read_at_once(statement: ast.stmt) -> set[str]:
    """The names that a statement reads when it is run, and not when what it defines is called."""
    found = set()
    todo: list[ast.AST] = [statement]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            found.add(node.id)
        inside: list[ast.AST] = list(ast.iter_child_nodes(node))
        if isinstance(node, _FUNCTIONS):
            body = node.body if isinstance(node.body, list) else [node.body]
            is_called = isinstance(node, ast.Lambda) and not isinstance(statement, ast.Assign)
            inside = [part for part in inside if is_called or part not in body]
        todo += inside
    return found


def codes_behind(names: Iterable[str], space: Mapping[str, Any]) -> Iterator[types.CodeType]:
    """The code of functions, generators and instances of given cells that names stand for, and
    of all that these call."""
    known = set(names)
    todo = list(known)
    while todo:
        for code in _codes(space.get(todo.pop())):
            yield code
            new = set(code.co_names) - known
            known |= new
            todo.extend(new)


def _codes(value: Any) -> Iterator[types.CodeType]:
    functions = [value]
    cls = value if issubclass(type(value), type) else type(value)
    if cls.__module__ == "__main__":
        functions = [part for base in cls.__mro__ for part in vars(base).values()]
        functions = [_function_of(one) for one in functions]
    functions = [one for one in functions if type(one) is types.FunctionType]
    todo = [function.__code__ for function in functions if function.__module__ == "__main__"]
    if type(value) is types.GeneratorType:
        todo.append(value.gi_code)
    while todo:
        code = todo.pop()
        yield code
        todo.extend(const for const in code.co_consts if isinstance(const, types.CodeType))


def _function_of(part: Any) -> Any:
    """The function of a static method, a class method or a property.

    Anything else may have an idea of its own of what it is asked: a dictionary's class that looks
    for attributes among its keys.
    """
    if type(part) in (staticmethod, classmethod):
        return part.__func__
    return part.fget if type(part) is property else part


@lru_cache(maxsize=1000)
def globals_of(code: types.CodeType) -> frozenset[str]:
    """The names of the notebook's that it reads."""
    done = dis.get_instructions(code)
    return frozenset(one.argval for one in done if one.opname == "LOAD_GLOBAL")


def _may_raise(statement: ast.stmt, codes: Iterable[types.CodeType]) -> bool:
    """Whether it may end a cell on purpose, as `np.testing.assert_equal` does."""
    for node in ast.walk(statement):
        name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
        if isinstance(node, ast.Assert | ast.Raise) or "assert" in name:
            return True
    return any(map(_raises, codes))


def _catches(code: types.CodeType) -> bool:
    """Whether a `try` or `with` is in it: what generators and comprehensions have of their own from
    Python 3.12 on lets everything through."""
    return "POP_EXCEPT" in _operations(code)


def _raises(code: types.CodeType) -> bool:
    return "RAISE_VARARGS" in _operations(code)


@lru_cache(maxsize=1000)
def _operations(code: types.CodeType) -> frozenset[str]:
    return frozenset(one.opname for one in dis.get_instructions(code))


def _changed_by(code: types.CodeType, arguments: Iterable[str]) -> set[str]:
    """Names of which a function of a given cell may change what they stand for.

    Args:
        arguments: what it may be given.
    """
    changed = _changed_in(code)
    own = set(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]) - {"self"}
    return {*changed - own, *(() if changed.isdisjoint(own) else arguments)}


@lru_cache(maxsize=1000)
def _changed_in(code: types.CodeType) -> frozenset[str]:
    try:
        return changed_by_cell(textwrap.dedent(inspect.getsource(code)))
    except (OSError, TypeError):
        return frozenset()
