"""Finds given values that the reference solution changes without declaring them as answers.

The tests' side runs the given cells by itself. A value that a solution changes in place would be
another one there, unless it is declared and so crosses like any answer.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from authoring.exercise import Exercise
from grader.player import Player, Stream

# Runs after the cells, in their namespace; prints a digest of every named value it can digest.
PROBE = """
def __digests__(names):
    import hashlib, json, pickle, sys

    torch = sys.modules.get("torch")

    def digest(value):
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


def changed_given(exercise: Exercise, player: Player) -> set[str]:
    """Names that given cells bind and that differ once the reference solution has run.

    Functions, classes and modules count by name only.
    """
    declared = {name for cell in exercise.cells for name in cell.short.answers}
    given = [cell for cell in exercise.cells if cell.role == "given"]
    names = sorted({name for cell in given for name in cell.names.bound} - declared)
    code = [cell for cell in exercise.cells if cell.role in ("given", "answer")]
    before = _digests([cell.source.source for cell in given], names, player)
    after = _digests([cell.source.source for cell in code], names, player)
    return {name for name in names if before.get(name) != after.get(name)}


def _digests(sources: list[str], names: list[str], player: Player) -> dict[str, str]:
    with tempfile.TemporaryDirectory() as folder:
        played = player.play([*sources, PROBE % (names,)], Path(folder)).played
    (printed,) = (output for output in played[len(sources)].outputs if isinstance(output, Stream))
    digests: dict[str, str] = json.loads(printed.text)
    return digests
