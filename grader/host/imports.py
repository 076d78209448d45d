"""What an assignment imports, read from its source: the warm process need import nothing else.

Only what stands in the cells and in the course's own files is looked at, none of it is run. What is
missed is imported later, in the assignment's room.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from grader.host.course.course import Course
from grader.host.engine.modules import PRELOAD, import_places, imported

# What these import, they import when they are called, if ever.
_LATER = ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda


# What the grader itself needs in there.
_OURS = frozenset({"IPython", "numpy", "safetensors"})


def preload(course: Course, assignments: Iterable[str]) -> tuple[str, ...]:
    """What of `engine.PRELOAD` a warm process for these assignments needs."""
    wanted = packages(course, assignments) | _OURS
    found = [name for name in PRELOAD if name.partition(".")[0] in wanted]
    return tuple(dict.fromkeys([*found, *course.settings.preload]))


def modules(course: Course, assignment: str) -> tuple[str, ...]:
    """What the cells of an assignment's first notebook import, as `get_contract` asks for it."""
    for path in sorted((course.source / assignment).glob("*.ipynb")):
        return imported(_cells(path))
    return ()


def packages(course: Course, assignments: Iterable[str]) -> set[str]:
    """Names of the packages that assignments import, themselves or through files of the course.

    Args:
        assignments: names; those that the course has not are passed over.
    """
    found: set[str] = set()
    read: set[Path] = set()
    places = import_places(course.shown)
    for name in assignments:
        folders = [course.source / name, course.release / name, *places]
        waiting = [text for path in folders[0].glob("*.ipynb") for text in _cells(path)]
        while waiting:
            for module in _imported(waiting.pop()):
                found.add(module.partition(".")[0])
                for path in _files(module, folders):
                    if path not in read:
                        read.add(path)
                        waiting.append(path.read_text("utf-8", "replace"))
    return found


def _cells(notebook: Path) -> list[str]:
    """Its code, read without nbformat, which takes a second to import. A damaged one has none."""
    try:
        cells = json.loads(notebook.read_bytes())["cells"]
        return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return []


def _imported(source: str) -> Iterator[str]:
    """Modules by their whole name, and `package.name` for what may be a module of a package."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        # A magic, say.
        return
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif not isinstance(node, _LATER) and not _is_for_types(node):
            waiting += ast.iter_child_nodes(node)


def _is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def _files(module: str, folders: Iterable[Path]) -> Iterator[Path]:
    """Files of the course that importing a module runs."""
    parts = module.split(".")
    for folder in folders:
        for length in range(1, len(parts) + 1):
            stem = folder.joinpath(*parts[:length])
            for path in (stem.with_suffix(".py"), stem / "__init__.py"):
                if path.is_file():
                    yield path
