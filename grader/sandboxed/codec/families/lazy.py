"""The families whose files import a library: loaded with the first thing of that library."""

from __future__ import annotations

from functools import cache
from typing import Any


@cache
def modules() -> Any:
    """modules.py, where torch is there already."""
    from grader.sandboxed.codec.families import modules

    return modules


@cache
def tables() -> Any:
    """tables.py, with pandas."""
    from grader.sandboxed.codec.families import tables

    return tables


@cache
def graphs() -> Any:
    """graphs.py, where networkx is there already."""
    from grader.sandboxed.codec.families import graphs

    return graphs
