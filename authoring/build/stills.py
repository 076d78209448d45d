"""What widgets show where nothing runs, kept in step with questions that have changed since."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import cast, get_args

import nbformat

from coursekit.learn.progress.store import Store
from coursekit.learn.questions.find import bank_of
from coursekit.learn.widgets.ways import Way, begun

# Those that show questions.
_ASKING = {"cards", "entry_check", "practice", "quiz", "respond", "trace"}


def refresh(path: Path) -> bool:
    """Shows the questions of today in a notebook that has run; says whether some were others.

    So a change of questions needs no second run of all the rest.
    """
    notebook = nbformat.read(path, as_version=4)
    bank_of.cache_clear()
    changed = False
    for cell in notebook.cells:
        found = way_of(cell.source) if cell.cell_type == "code" else None
        if found is None or found[0] not in _ASKING or not cell.outputs:
            continue
        mode = begun(*found, Store(None))
        shown = {"text/plain": mode.view().title, **mode.still()}
        [output] = cell.outputs
        changed = changed or output.data != shown
        output.data = nbformat.from_dict(shown)
    if changed:
        nbformat.write(notebook, path)
    return changed


def way_of(code: str) -> tuple[Way, str] | None:
    """The way to learn that a cell shows, and of what; None for other cells."""
    match call_of(code):
        case ast.Call(ast.Name(way), arguments) if way in get_args(Way):
            texts = [one.value for one in arguments if isinstance(one, ast.Constant)]
            return cast(Way, way), str(texts[0]) if texts else ""
    return None


def call_of(code: str) -> ast.Call | None:
    """The call of a function by its name that is all a cell does, after imports."""
    try:
        statements = ast.parse(code).body
    except SyntaxError:
        return None
    match [one for one in statements if not isinstance(one, ast.Import | ast.ImportFrom)]:
        case [ast.Expr(ast.Call(ast.Name()) as call)]:
            return call
    return None
