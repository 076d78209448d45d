"""Which names a cell binds and which it reads from outside, by Python's own symbol table."""

from __future__ import annotations

import builtins
import symtable
from dataclasses import dataclass

ALWAYS_THERE = frozenset(dir(builtins)) | {"__name__"}


@dataclass(frozen=True)
class Names:
    """Names of a cell: `bound` at its top level, `read` without being bound there."""

    bound: frozenset[str]
    read: frozenset[str]


def names_of(source: str) -> Names:
    """The names that `source` binds at top level and those it needs from earlier cells.

    Raises:
        SyntaxError: if `source` is not Python.
    """
    table = symtable.symtable(source, "cell", "exec")
    bound = {
        symbol.get_name()
        for symbol in table.get_symbols()
        if symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()
    }
    return Names(frozenset(bound), frozenset(_read(table) - bound - ALWAYS_THERE))


def _read(table: symtable.SymbolTable) -> set[str]:
    top = table.get_type() == "module"
    read = {
        symbol.get_name()
        for symbol in table.get_symbols()
        if symbol.is_referenced() and (top or symbol.is_global())
    }
    return read.union(*(_read(child) for child in table.get_children()))
