"""What cells bind and import, and from where."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from grader.protocol.names import imports_of_cell, names_of_cell, tree_of_cell
from grader.protocol.orders import Defines

# What most exercises of this course import. torch.manual_seed loads torch._dynamo on first use,
# which takes as long as everything else together.
PRELOAD = (
    "torch",
    "torch._dynamo",
    "numpy",
    "matplotlib.pyplot",
    "IPython",
    "safetensors.numpy",
)


def import_places(show: Mapping[str, Path]) -> list[Path]:
    """The folders of what cells may import: what is shown as /course/name is imported as `name`."""
    return [path.parent for name, path in show.items() if name.count("/") == 2]


def imported(cells: Iterable[str]) -> tuple[str, ...]:
    """The modules that cells import at their top level."""
    names: dict[str, None] = {}
    for source in cells:
        for statement in tree_of_cell(source).body:
            if isinstance(statement, ast.Import):
                names.update(dict.fromkeys(alias.name for alias in statement.names))
            elif isinstance(statement, ast.ImportFrom) and statement.module:
                names[statement.module] = None
    return tuple(names)


@lru_cache(maxsize=1000)
def defined_by(source: str) -> Defines | None:
    """What a given cell binds and imports; None of one that only IPython can read."""
    binds = names_of_cell(source).bound
    if not binds or "%%" in source:
        return None
    return Defines(sorted(binds), sorted(imports_of_cell(source).values()))
