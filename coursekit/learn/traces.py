"""Traces: something to follow step by step. Every number and picture comes from a real run.

Those of lesson 07 are the `TRACES` of `coursekit.lesson_07.traces`: by name, what computes each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module

from coursekit.pictures.trace import Trace


def traces_of(lesson: str) -> Mapping[str, Callable[[], Trace]]:
    """What computes each trace of a lesson, by name; `lesson` begins with its number.

    Raises:
        ModuleNotFoundError: if the lesson has none.
    """
    module = import_module(f"coursekit.lesson_{lesson[:2]}.traces")
    return module.TRACES


@cache
def load_trace(lesson: str, name: str) -> Trace:
    """Computes a trace, or gives the one computed before in this process. Takes a second or two.

    Raises:
        LookupError: if the lesson has no trace of that name; the message lists those it has.
    """
    traces = traces_of(lesson)
    if name not in traces:
        raise LookupError(f"there is no trace “{name}”; there are: {', '.join(sorted(traces))}")
    return traces[name]()
