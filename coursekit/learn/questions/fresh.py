"""A practice problem with other numbers: its own code draws them, and works out the answer.

In course/ a problem draws with `one(400, 600, 800)`, the first of which are the numbers that are
printed, and names what it draws in its texts: `<<weights>>`, or with a format, `<<share:%>>`.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable, Mapping
from typing import Any

from coursekit.learn.questions.schema import ChoiceAnswer, Fresh, NumberAnswer, Option, Practice

# The draw that is printed: the first of all values.
PRINTED = 0
TRIES = 1000
_NAME = re.compile(r"<<(\w+)(?::([^>]+))?>>")


class _Redraw(Exception):
    """These numbers do not fit together."""


def drawn(problem: Practice, seed: int) -> Practice:
    """The problem with the numbers of a draw; as it is printed if it has no other ones.

    Args:
        problem: As it is printed.
        seed: Of the draw; `PRINTED` gives the problem itself.
    """
    if problem.fresh is None or seed == PRINTED:
        return problem
    names = numbers(problem.fresh.code, seed)
    texts = filled(problem.fresh.model_dump(exclude={"code", "options"}), names)
    return problem.model_copy(
        update={**texts, "answer": _answer(problem.answer, problem.fresh, names)}
    )


def _answer(answer: Any, fresh: Fresh, names: Mapping[str, Any]) -> Any:
    if isinstance(answer, NumberAnswer):
        tolerance = names.get("tolerance", answer.tolerance)
        return answer.model_copy(
            update={"number": float(names["answer"]), "tolerance": float(tolerance)}
        )
    assert isinstance(answer, ChoiceAnswer)
    options = [
        Option(text=filled(text, names), why=filled(why, names), right=option.right)
        for option, (text, why) in zip(answer.options, fresh.options, strict=True)
    ]
    return answer.model_copy(update={"options": options})


def numbers(code: str, seed: int) -> dict[str, Any]:
    """What a problem's code computes, by name.

    In it `one(…)` is one of its arguments, `need(…)` draws anew where it gets False, and `math`
    is there.
    """
    for again in range(TRIES):
        names: dict[str, Any] = {
            "one": _chooser(seed, again),
            "need": _need,
            "math": math,
        }
        try:
            exec(code, names)
        except _Redraw:
            continue
        for name in ("one", "need", "math", "__builtins__"):
            names.pop(name, None)
        return names
    raise ValueError(f"need(…) did not hold in {TRIES} draws")


def _chooser(seed: int, again: int) -> Callable[..., Any]:
    chance = random.Random(f"{seed} {again}")

    def one(*values: Any) -> Any:
        return values[0] if seed == PRINTED else chance.choice(values)

    return one


def _need(fits: bool) -> None:
    if not fits:
        raise _Redraw


def filled(text: Any, names: Mapping[str, Any]) -> Any:
    """A text, or texts in lists and mappings, with numbers in the place of names."""
    if isinstance(text, dict):
        return {key: filled(value, names) for key, value in text.items()}
    if isinstance(text, list | tuple):
        return type(text)(filled(value, names) for value in text)
    if isinstance(text, str):
        return _NAME.sub(lambda match: written(names[match[1]], match[2] or ""), text)
    return text


def written(value: Any, spec: str) -> str:
    """A number as the course prints it: 5,000 and −0.25; with % a fraction as a percentage."""
    if spec == "%":
        return f"{100 * value:.6g}".replace("-", "−") + "%"
    if isinstance(value, int | float):
        value = format(value, spec or ("," if isinstance(value, int) else ".10g"))
        return str(value).replace("-", "−")
    return str(value)
