"""Hints for wrong answers: the message of a test, led by what the learner's value reveals."""

from collections.abc import Mapping
from typing import Any

NEUTRAL = "That is not it yet. Try the same thing on an example small enough to check by hand."


def explain(value: Any, hints: Mapping[Any, str], otherwise: str = NEUTRAL) -> str:
    """The hint for the misconception that `value` reveals.

    Args:
        value: What the learner's code produced.
        hints: Wrong values and the hint that each one earns. A key is compared with `==`, and a
            number also within a relative tolerance of 1e-6, so that float32 results match.
        otherwise: The sentence for a value that no hint is known for.

    Returns:
        The hint that matches, else `otherwise`. Never the right answer, unless a hint holds it.
    """
    for wrong, hint in hints.items():
        if _matches(value, wrong):
            return hint
    return otherwise


def _matches(value: Any, wrong: Any) -> bool:
    try:
        if isinstance(wrong, bool) or isinstance(value, bool):
            return type(value) is type(wrong) and value == wrong
        if isinstance(wrong, int | float):
            return bool(abs(value - wrong) <= 1e-6 * abs(wrong))
        return bool(value == wrong)
    except Exception:  # A learner's value may refuse to be compared; it then matches no hint.
        return False
