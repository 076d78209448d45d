"""What a lesson defines, for a script that runs its functions for many seeds."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any


def definitions(
    lesson: Path, given: Mapping[str, Any] | None = None, tables: Collection[str] = ()
) -> dict[str, Any]:
    """Its imports, functions, classes and constants, by name; nothing else of it is run.

    Args:
        lesson: a lesson.py.
        given: names that its functions read and its other cells would bind.
        tables: names of lower case that it binds at the top level, to be bound as well.

    Raises:
        OSError: when the file can't be read.
        SyntaxError: when it is not Python.
    """
    tree = ast.parse(lesson.read_text(encoding="utf-8"))
    kept = [node for node in tree.body if _is_wanted(node, tables)]
    namespace: dict[str, Any] = dict(given or {})
    exec(compile(ast.Module(kept, []), str(lesson), "exec"), namespace)
    return namespace


def _is_wanted(node: ast.stmt, tables: Collection[str]) -> bool:
    match node:
        case ast.Import() | ast.ImportFrom() | ast.FunctionDef() | ast.ClassDef():
            return True
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name.isupper() or name in tables
    return False
