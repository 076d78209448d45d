"""Traces: something to follow step by step. Every number and picture comes from a real run."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from coursekit.traces.affine import one_row
from coursekit.traces.costs import batch_doubled, benchmark_mended, layers_of_a_cnn
from coursekit.traces.integers import four_accumulators, one_layer, one_ratio
from coursekit.traces.language import one_row as gptq_row
from coursekit.traces.language import one_smoothing
from coursekit.traces.low_rank import one_adapter, one_answer, two_factors
from coursekit.traces.pipeline import data_flow, training
from coursekit.traces.prediction import draw_prediction, layer_by_layer
from coursekit.traces.pruning import mask_through_training, two_calls
from coursekit.traces.ranges import four_ends, one_group, two_networks
from coursekit.traces.rounding import one_gradient, one_step_size, one_weight
from coursekit.traces.schedules import four_cuts, one_ticket
from coursekit.traces.serving import one_gate, one_line, one_percentile
from coursekit.traces.squeezed import one_code, one_file, one_step
from coursekit.traces.static import whole_numbers
from coursekit.traces.structured import one_channel
from coursekit.traces.tflite import to_tflite_and_back
from coursekit.traces.trace import Stage, Trace
from coursekit.traces.tradeoffs import file_after_each_step

__all__ = ["TRACES", "Stage", "Trace", "draw_prediction", "load_trace"]

TRACES: dict[str, Callable[[], Trace]] = {
    "pipeline-data-flow": data_flow,
    "pipeline-training": training,
    "pipeline-layer-by-layer": layer_by_layer,
    "cost-layers-of-a-cnn": layers_of_a_cnn,
    "cost-batch-doubled": batch_doubled,
    "cost-benchmark-mended": benchmark_mended,
    "pruning-mask-through-training": mask_through_training,
    "pruning-two-calls": two_calls,
    "affine-one-row": one_row,
    "range-two-networks": two_networks,
    "range-one-group": one_group,
    "range-four-ends": four_ends,
    "integer-one-layer": one_layer,
    "integer-one-ratio": one_ratio,
    "integer-four-accumulators": four_accumulators,
    "qat-one-gradient": one_gradient,
    "qat-one-weight": one_weight,
    "qat-one-step-size": one_step_size,
    "schedule-four-cuts": four_cuts,
    "schedule-one-ticket": one_ticket,
    "static-one-layer": whole_numbers,
    "structured-one-channel": one_channel,
    "llm-one-row": gptq_row,
    "llm-one-smoothing": one_smoothing,
    "tradeoffs-file-after-each-step": file_after_each_step,
    "tflite-one-matrix": to_tflite_and_back,
    "serving-one-line": one_line,
    "serving-one-percentile": one_percentile,
    "serving-one-gate": one_gate,
    "taught-one-answer": one_answer,
    "factored-one-matrix": two_factors,
    "adapter-one-matrix": one_adapter,
    "squeeze-one-code": one_code,
    "squeeze-one-file": one_file,
    "squeeze-one-step": one_step,
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
