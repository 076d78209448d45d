"""Traces: something to follow step by step. Every number and picture comes from a real run."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from coursekit.traces.pipeline import data_flow, training
from coursekit.traces.prediction import draw_prediction, layer_by_layer
from coursekit.traces.pruning import mask_through_training, two_calls
from coursekit.traces.stages import Stage, Trace

__all__ = ["TRACES", "Stage", "Trace", "draw_prediction", "load_trace"]

TRACES: dict[str, Callable[[], Trace]] = {
    "pipeline-data-flow": data_flow,
    "pipeline-training": training,
    "pipeline-layer-by-layer": layer_by_layer,
    "pruning-mask-through-training": mask_through_training,
    "pruning-two-calls": two_calls,
}


@cache
def load_trace(name: str) -> Trace:
    """Computes a trace, or gives the one computed before in this process. Takes a second or two.

    Raises:
        LookupError: if there is no trace of that name; the message lists those there are.
    """
    if name not in TRACES:
        raise LookupError(f"there is no trace “{name}”; there are: {', '.join(sorted(TRACES))}")
    return TRACES[name]()
