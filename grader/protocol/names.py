"""Which names a cell binds and which it reads from outside, by Python's own symbol table."""

from __future__ import annotations

import ast
import builtins
import contextlib
import re
import symtable
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

ALWAYS_THERE = frozenset(dir(builtins)) | {"__name__"}
# Gives all names that there are.
_ASKS = re.compile(r"\b(?:dir|globals|locals|vars)\(\s*\)")
# Stands for files that an answer writes; no name is one like it.
A_FILE = "a file"
# Stands for what a function is given, or keeps; no name is one like it.
AN_ARGUMENT = "an argument"
# Not `to_numpy` or `to_list`, nor `open('wine.csv')`.
_WRITES = re.compile(
    r"%%writefile|\bopen\(.*['\"][rbt]*[wax+][bt+]*['\"]"
    r"|\b(?:to_(?:csv|disk|excel|feather|file|hdf|html|json|netcdf|parquet|pickle|sql|xml|zarr)"
    r"|write_\w+|save\w*|dump|mkdir|makedirs)\("
)
# What Python's own lists, sets, mappings and queues have.
_CHANGING = [
    "append",
    "appendleft",
    "add",
    "clear",
    "discard",
    "extend",
    "insert",
    "pop",
    "popleft",
    "put",
    "remove",
    "setdefault",
    "update",
]
_NOT_PYTHON = (SyntaxError, ValueError, RecursionError, MemoryError)
_WORD = re.compile(r"[^\W\d]\w*")
# As many words more than its own as may say what a name is of a library's.
_FEW = 3
# A line that only IPython knows, where the cell is no Python.
_MAGIC = re.compile(r"^([ \t]*)[%!].*$", re.MULTILINE)


@dataclass(frozen=True)
class Names:
    """Names of a cell: `bound` at its top level, `read` without being bound there, `updated`, those
    that are read before they are bound, and `used`, all that are read from the top level."""

    bound: frozenset[str]
    read: frozenset[str]
    updated: frozenset[str] = frozenset()
    used: frozenset[str] = frozenset()


def without_magic(source: str) -> str:
    """A cell's source with IPython's lines passed over; in Python, too, `%` may begin a line."""
    if not _MAGIC.search(source):
        return source
    with contextlib.suppress(*_NOT_PYTHON):
        ast.parse(source)
        return source
    return _MAGIC.sub(r"\1pass", source)


def tree_of_cell(source: str) -> ast.Module:
    """A cell taken apart, without IPython's lines; what is not Python counts as empty."""
    try:
        return ast.parse(without_magic(source))
    except _NOT_PYTHON:
        return ast.Module([], [])


# A teacher's cell is asked for with each cell behind it and each submission, and to take it apart
# takes milliseconds.
@lru_cache(maxsize=1000)
def names_of_cell(source: str) -> Names:
    """As `names_of`, for any cell: what magic binds is not known, nor what is not Python."""
    try:
        return names_of(without_magic(source))
    except SyntaxError:
        return Names(frozenset(), frozenset())


def asks_by_name(source: str) -> bool:
    """Whether a cell may ask for names by a text."""
    return bool(_ASKS.search(source))


def asked_by_name(source: str) -> frozenset[str]:
    """Names that a cell asks for by a text: `'total' in dir()`, `globals()['total']`.

    Raises:
        SyntaxError: if `source` is not Python.
    """
    if not asks_by_name(source):
        return frozenset()
    found = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case (
                ast.Compare(ast.Constant(name), [ast.In() | ast.NotIn()], [space])
                | ast.Subscript(space, ast.Constant(name))
                | ast.Call(ast.Attribute(space, "get"), [ast.Constant(name), *_])
            ) if isinstance(name, str):
                if isinstance(space, ast.Call) and _ASKS.fullmatch(ast.unparse(space)):
                    found.add(name)
    return frozenset(found)


def changed_by_cell(source: str, anywhere: bool = False) -> frozenset[str]:
    """Names of which a cell may change what they stand for: `found.append(x)`, `found[0] = x`.

    Args:
        anywhere: whether what is called `append` counts wherever it stands, as in `x or
            found.append(x)` and `put = found.append`.
    """
    return frozenset(_changed_in(tree_of_cell(source), anywhere))


def changed_by_functions(source: str) -> frozenset[str]:
    """Names of which functions of a cell may change what they stand for, when they are called.
    `AN_ARGUMENT` among them where that may be what one is given, or keeps: a default, or what a
    function around it knows."""
    found: set[str] = set()
    inside: set[str] = set()
    for node in ast.walk(tree_of_cell(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            parts = [*ast.walk(node)]
            args = {part.arg for part in parts if isinstance(part, ast.arg)}
            told = [part.names for part in parts if isinstance(part, ast.Global | ast.Nonlocal)]
            outer = args.union(*told)
            names = [part for part in parts if isinstance(part, ast.Name)]
            own = {one.id for one in names if isinstance(one.ctx, ast.Store)}
            found |= _changed_in(node, anywhere=True).union(*told) - (own - outer)
            inside |= own | args
    return frozenset({*found, AN_ARGUMENT} if found & inside else found)


def _changed_in(tree: ast.AST, anywhere: bool) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        part = owner = None
        if anywhere and isinstance(node, ast.Attribute) and node.attr in _CHANGING:
            found |= {one.id for one in ast.walk(node.value) if isinstance(one, ast.Name)}
        if isinstance(node, ast.Expr):
            # `[found.append(x) for x in xs]` stands by itself, too.
            done = node.value.elt if isinstance(node.value, ast.ListComp) else node.value
            part = done.func if isinstance(done, ast.Call) else None
        elif isinstance(node, ast.Subscript | ast.Attribute) and not isinstance(node.ctx, ast.Load):
            part = node
        while isinstance(part, ast.Subscript | ast.Attribute):
            owner = part.value
            # As in `found.setdefault(x, []).append(y)`.
            part = owner.func if isinstance(owner, ast.Call) else owner
        if isinstance(owner, ast.Name):
            found.add(owner.id)
    return found


def left_by_cell(source: str) -> frozenset[str]:
    """Names that a cell binds, or of which it may change what they stand for; no imports. `A_FILE`
    among them where it may write one."""
    known = names_of_cell(source)
    # What a function's own variable stands for is none of the cell's.
    changed = changed_by_cell(source) & (known.bound | known.used)
    files = {A_FILE} if _WRITES.search(source) else set()
    return (known.bound | changed | files).difference(imports_of_cell(source))


def names_of(source: str) -> Names:
    """The names that `source` binds at top level and those it needs from earlier cells.

    Raises:
        SyntaxError: if `source` is not Python, or nested too deep.
    """
    try:
        table = symtable.symtable(_with_own_scopes(source), "cell", "exec")
        first = _read_first(source)
    except RecursionError as error:
        raise SyntaxError("nested too deep") from error
    bound = {
        symbol.get_name()
        for symbol in table.get_symbols()
        if symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()
    }
    read = _read(table) - ALWAYS_THERE
    updated = first & bound - ALWAYS_THERE
    return Names(frozenset(bound), frozenset(read - bound), updated, frozenset(read))


def read_in_functions(source: str) -> frozenset[str]:
    """Names that functions and classes of a cell read from the top level, when they are called;
    Python's own among them. None of what is not Python, or too hard to read."""
    try:
        table = symtable.symtable(_with_own_scopes(without_magic(source)), "cell", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    return frozenset().union(*map(_read, table.get_children()))


def imports_of_cell(source: str) -> dict[str, str]:
    """As `imports_of`, for any cell; see `names_of_cell`."""
    # Most tests import nothing, and taking them apart takes a millisecond each.
    if "import" not in source:
        return {}
    try:
        return imports_of(without_magic(source))
    except SyntaxError:
        return {}


def imports_of(source: str) -> dict[str, str]:
    """What the imports of a cell bind, and to what: "module", or "module:name".

    A module of which everything is imported stands under "*" and its own name.

    Raises:
        SyntaxError: if `source` is not Python.
    """
    found = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                whole = alias.name if alias.asname else alias.name.partition(".")[0]
                found[alias.asname or whole] = whole
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                if alias.name == "*":
                    found[f"*{node.module}"] = node.module
                else:
                    found[alias.asname or alias.name] = f"{node.module}:{alias.name}"
    return found


def says(sources: Iterable[str], name: str, known: str) -> bool:
    """Whether the last statement of these cells that binds a name says that it is this of a
    library's, "module" or "module:name".

    In few words, and its own the last: a list of all that there might be says nothing.
    """
    imports: dict[str, str] = {}
    said: list[str] = []
    for source in sources:
        # What can't be taken apart says nothing.
        with contextlib.suppress(*_NOT_PYTHON):
            found = imports_of_cell(source)
            imports |= found
            nodes = [
                node for node in ast.walk(tree_of_cell(source)) if isinstance(node, ast.Assign)
            ]
            for node in sorted(nodes, key=lambda node: node.lineno):
                if name in _loads_and_stores(node)[1]:
                    words = _WORD.findall(ast.unparse(_value_of(name, node)))
                    said = _WORD.findall(" ".join(imports.get(word, word) for word in words))
            # It may stand in a `try`, with something else for where it fails.
            # All of a module is what is there by its own name, and not the module.
            module, _, own = known.partition(":")
            if name in found or (name == own and f"*{module}" in found):
                said = _WORD.findall(found.get(name, known))
    wanted = _WORD.findall(known)
    is_short = len({*said}) <= len({*wanted}) + _FEW
    return is_short and said[-1:] == wanted[-1:] and {*wanted} <= {*said}


def _value_of(name: str, node: ast.Assign) -> ast.expr:
    """What an assignment binds a name to: of `f, g = a, b` one."""
    value = node.value
    for target in node.targets:
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            names = [part.id if isinstance(part, ast.Name) else "" for part in target.elts]
            if name in names and len(names) == len(value.elts):
                return value.elts[names.index(name)]
    return value


def _read_first(source: str) -> frozenset[str]:
    """Names that are read before they are bound, in the order in which all of it stands."""
    reading = _Reading()
    reading.run(ast.parse(source).body)
    return frozenset(reading.first)


class _Reading:
    """Goes through statements, and remembers which names were read before they were bound."""

    def __init__(self) -> None:
        self._bound: set[str] = set()
        self.first: set[str] = set()

    def run(self, statements: Iterable[ast.stmt]) -> None:
        for statement in statements:
            match statement:
                case ast.If(test, body, orelse):
                    self._read(test)
                    before = self._bound.copy()
                    self.run(body)
                    # Only one of both runs.
                    after, self._bound = self._bound, before
                    self.run(orelse)
                    self._bound |= after
                case ast.While(test, body, orelse):
                    self._read(test)
                    self.run([*body, *orelse])
                case ast.For(target, iterated, body, orelse) | ast.AsyncFor(
                    target, iterated, body, orelse
                ):
                    self._read(iterated)
                    self._read(target)
                    self.run([*body, *orelse])
                case ast.With(items, body) | ast.AsyncWith(items, body):
                    for item in items:
                        self._read(item)
                    self.run(body)
                case ast.Try(body, handlers, orelse, last) | ast.TryStar(
                    body, handlers, orelse, last
                ):
                    self.run(body)
                    for handler in handlers:
                        self._read(handler.type)
                        self._bound.update([handler.name] if handler.name else [])
                        self.run(handler.body)
                    self.run([*orelse, *last])
                case ast.Match(subject, cases):
                    self._read(subject)
                    for case in cases:
                        self._read(case.pattern)
                        self._bound |= _captured(case.pattern)
                        self._read(case.guard)
                        self.run(case.body)
                case _:
                    self._read(statement)

    def _read(self, node: ast.AST | None) -> None:
        """Of something that is read before it binds."""
        if node is None:
            return
        loads, stores = _loads_and_stores(node)
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            loads.add(node.target.id)
        elif not isinstance(node, ast.Assign | ast.AnnAssign | ast.withitem):
            loads -= stores
        self.first |= loads - self._bound
        self._bound |= stores
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            self._bound.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            self._bound |= {(one.asname or one.name).split(".")[0] for one in node.names}


def _loads_and_stores(node: ast.AST) -> tuple[set[str], set[str]]:
    """Names in something, but for what a comprehension calls its own."""
    loads: set[str] = set()
    stores: set[str] = set()
    left: list[tuple[ast.AST, frozenset[str]]] = [(node, frozenset())]
    while left:
        one, own = left.pop()
        if isinstance(one, ast.Name) and one.id not in own:
            (stores if isinstance(one.ctx, ast.Store) else loads).add(one.id)
        inside = list(ast.iter_child_nodes(one))
        if isinstance(one, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            # What it goes through first is read outside of it.
            left.append((one.generators[0].iter, own))
            targets = [part for made in one.generators for part in ast.walk(made.target)]
            own = own.union(part.id for part in targets if isinstance(part, ast.Name))
        left += [(part, own) for part in inside]
    return loads, stores


def _captured(pattern: ast.pattern) -> set[str]:
    """Names that a pattern of `match` binds."""
    inside = list(ast.walk(pattern))
    names = [one.name for one in inside if isinstance(one, ast.MatchAs | ast.MatchStar)]
    names += [one.rest for one in inside if isinstance(one, ast.MatchMapping)]
    return {name for name in names if name is not None}


def _with_own_scopes(source: str) -> str:
    """The source with comprehensions as generators, which keep their variables to themselves.

    From Python 3.12 on, symbol tables show a comprehension's variables outside it (PEP 709).
    """
    return ast.unparse(_Generators().visit(ast.parse(source)))


class _Generators(ast.NodeTransformer):
    def visit_ListComp(self, node: ast.ListComp) -> ast.AST:
        self.generic_visit(node)
        return ast.GeneratorExp(node.elt, node.generators)

    def visit_SetComp(self, node: ast.SetComp) -> ast.AST:
        self.generic_visit(node)
        return ast.GeneratorExp(node.elt, node.generators)

    def visit_DictComp(self, node: ast.DictComp) -> ast.AST:
        self.generic_visit(node)
        pair = ast.Tuple([node.key, node.value], ast.Load())
        return ast.GeneratorExp(pair, node.generators)


def _read(table: symtable.SymbolTable) -> set[str]:
    top = table.get_type() == "module"
    read = {
        symbol.get_name()
        for symbol in table.get_symbols()
        if symbol.is_referenced() and (top or symbol.is_global())
    }
    return read.union(*(_read(child) for child in table.get_children()))
