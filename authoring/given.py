"""Finds given values that the reference solution changes without declaring them as answers.

The tests' side runs the given cells by itself. A value that a solution changes in place would be
another one there, unless it is declared and so crosses like any answer.
"""

from __future__ import annotations

import json
from pathlib import Path

import nbformat

from authoring.execute import executed
from authoring.exercise import Exercise

# Runs after the cells, in their namespace; prints a digest of every named value it can digest.
PROBE = """
def __digests__(names):
    import hashlib, io, json, pickle, types

    def digest(value):
        try:
            import torch
        except ImportError:
            torch = None
        if torch and isinstance(value, torch.nn.Module):
            value = [(k, v.numpy().tobytes()) for k, v in value.state_dict().items()]
        elif torch and isinstance(value, torch.Tensor):
            value = (str(value.dtype), tuple(value.shape), value.detach().cpu().numpy().tobytes())
        try:
            return hashlib.sha256(pickle.dumps(value)).hexdigest()
        except Exception:
            return type(value).__name__

    return json.dumps({name: digest(globals()[name]) for name in names if name in globals()})


print(__digests__(%r))
"""


def changed_given(exercise: Exercise) -> set[str]:
    """Names that given cells bind and that differ once the reference solution has run.

    Functions, classes and modules count by name only.
    """
    declared = {name for cell in exercise.cells for name in cell.short.answers}
    given = [cell for cell in exercise.cells if cell.role == "given"]
    names = sorted({name for cell in given for name in cell.names.bound} - declared)
    code = [cell for cell in exercise.cells if cell.role in ("given", "answer")]
    before = _digests([cell.source.source for cell in given], names)
    after = _digests([cell.source.source for cell in code], names)
    return {name for name in names if before.get(name) != after.get(name)}


def _digests(sources: list[str], names: list[str]) -> dict[str, str]:
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in [*sources, PROBE % (names,)]]
    )
    run = executed(notebook, Path.cwd())
    digests: dict[str, str] = json.loads(run.cells[-1].outputs[0]["text"])
    return digests
