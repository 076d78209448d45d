"""What a test sets around a call, and what counts while the learner's code runs, too: how NumPy,
torch and `decimal` compute and print, what becomes of warnings, how deep calls may be nested, what
Python was started with, and variables of the environment.

Only what is another than at the end of the given cells crosses: those ran in both processes, and
what the learner's own code has set is the learner's.
"""

from __future__ import annotations

import contextlib
import decimal
import os
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import copy_context
from typing import Any

import numpy as np

from grader.sandboxed.codec.libraries import torch_module

# Of a call.
_MOST_WARNINGS = 100
# Of numbers, in the order of `modes`.
_ERRORS = ("divide", "over", "under", "invalid")
# What torch begins with, where it is not there yet.
_TORCH = (True, False, "float32", False)


def settings() -> dict[str, Any]:
    """All of it, without anything that can be changed."""
    context = decimal.getcontext()
    torch = torch_module()
    return {
        "numpy": tuple(np.geterr().items()),
        "decimal": (context.prec, context.rounding, _traps(context)),
        "torch": _TORCH if torch is None else _of_torch(torch),
        "depth": sys.getrecursionlimit(),
        "digits": sys.get_int_max_str_digits(),
        "printed": _printed(),
        "argv": tuple(sys.argv),
        "environ": _environment(),
        "filters": tuple(warnings.filters),
        # What a block that records warnings puts in the place of what shows them.
        "shown by": (warnings.showwarning, getattr(warnings, "_showwarnmsg_impl", None)),
    }


def _glance() -> list[Any]:
    """What equals no more what it was when something has changed: a tenth of the work. What NumPy
    and `decimal` compute and print with is in variables of a context.
    """
    context = decimal.getcontext()
    torch = torch_module()
    return [
        copy_context(),
        (context.prec, context.rounding, context.copy().traps),
        None if torch is None else _of_torch(torch),
        sys.getrecursionlimit(),
        sys.get_int_max_str_digits(),
        [*sys.argv],
        _environment(),
        [*warnings.filters],
        warnings.showwarning,
        getattr(warnings, "_showwarnmsg_impl", None),
    ]


def _printed() -> tuple[Any, ...]:
    """How NumPy prints; what a test's own functions make of numbers stays out of it."""
    options = np.get_printoptions()
    return tuple((name, value) for name, value in options.items() if name != "formatter")


def _environment() -> dict[Any, Any]:
    """As it is held: making texts of it takes longer than all else."""
    held = getattr(os.environ, "_data", None)
    return dict(os.environ if held is None else held)


def _as_text(environment: dict[Any, Any]) -> dict[str, str]:
    return {os.fsdecode(name): os.fsdecode(value) for name, value in environment.items()}


def _traps(context: decimal.Context) -> tuple[str, ...]:
    return tuple(signal.__name__ for signal, is_set in context.traps.items() if is_set)


def _of_torch(torch: Any) -> tuple[Any, ...]:
    return (
        torch.is_grad_enabled(),
        torch.is_inference_mode_enabled(),
        str(torch.get_default_dtype()).removeprefix("torch."),
        torch.are_deterministic_algorithms_enabled(),
    )


class Ambient:
    """A judge's, who says what tests have changed."""

    def __init__(self) -> None:
        self._usual = settings()
        self._seen: list[Any] = []

    @contextmanager
    def given(self) -> Iterator[None]:
        """What a given cell sets meanwhile, it sets in the player, too."""
        before, self._seen = settings(), []
        yield
        found = {name: now for name, now in settings().items() if now != before[name]}
        if "environ" in found:
            # What a test has set there stays the test's.
            more = found["environ"].items() - before["environ"].items()
            gone = before["environ"].keys() - found["environ"].keys()
            usual = self._usual["environ"] | dict(more)
            found["environ"] = {name: usual[name] for name in usual if name not in gone}
        self._usual |= found

    def changed(self) -> tuple[tuple[str, Any], ...]:
        """What is to count while a call runs, as plain values: nothing where no test has changed
        anything."""
        glance = _glance()
        if glance == self._seen:
            return ()
        found = {name: now for name, now in settings().items() if now != self._usual[name]}
        if not found:
            self._seen = glance
        if "filters" in found:
            found["filters"] = tuple(map(_told, found["filters"]))
        if "shown by" in found:
            found["shown by"] = ()
        if "environ" in found:
            before, now = _as_text(self._usual["environ"]), _as_text(found["environ"])
            names = [name for name in before | now if before.get(name) != now.get(name)]
            found["environ"] = tuple((name, now.get(name)) for name in names)
        return tuple(found.items())


def _told(known: Any) -> tuple[Any, ...]:
    """A filter of warnings, its class by name."""
    action, text, category, module, line = known
    return action, text, f"{category.__module__}:{category.__qualname__}", module, line


def _heard(told: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    action, text, name, module, line = told
    place, _, cls = name.partition(":")
    category = getattr(sys.modules.get(place), cls, None)
    if isinstance(category, type) and issubclass(category, Warning):
        # A text is another's word for a pattern.
        yield action, _pattern(text), category, _pattern(module), line


def _pattern(text: Any) -> Any:
    return re.compile(text) if isinstance(text, str) else text


def applied(found: tuple[tuple[str, Any], ...] | None) -> AbstractContextManager[list[Any]]:
    """What a test has changed counts meanwhile; gives what was warned of, if that is recorded."""
    return _applied(found) if found else nullcontext([])


@contextmanager
def _applied(found: tuple[tuple[str, Any], ...]) -> Iterator[list[Any]]:
    changed = dict(found)
    warned: list[Any] | None = None
    with contextlib.ExitStack() as meanwhile:
        if "numpy" in changed:
            meanwhile.enter_context(np.errstate(**dict(changed["numpy"])))
        if "decimal" in changed:
            meanwhile.enter_context(decimal.localcontext(decimal_context(*changed["decimal"])))
        torch = torch_module()
        if "torch" in changed and torch is not None:
            meanwhile.enter_context(_torch_applied(torch, *changed["torch"]))
        if "filters" in changed or "shown by" in changed:
            caught = warnings.catch_warnings(record="shown by" in changed)
            warned = meanwhile.enter_context(caught)
        if "filters" in changed:
            warnings.resetwarnings()
            heard = [one for told in changed["filters"] for one in _heard(told)]
            warnings.filters[:] = heard  # type: ignore[index]
        if "digits" in changed:
            meanwhile.callback(sys.set_int_max_str_digits, sys.get_int_max_str_digits())
            sys.set_int_max_str_digits(changed["digits"])
        if "printed" in changed:
            meanwhile.enter_context(np.printoptions(**dict(changed["printed"])))
        if "argv" in changed:
            meanwhile.callback(setattr, sys, "argv", sys.argv)
            sys.argv = [*changed["argv"]]
        for name, value in changed.get("environ", ()):
            meanwhile.callback(_put, name, os.environ.get(name))
            _put(name, value)
        if "depth" in changed:
            meanwhile.callback(sys.setrecursionlimit, sys.getrecursionlimit())
            # No room is left at a limit as low as this.
            with contextlib.suppress(RecursionError):
                sys.setrecursionlimit(changed["depth"])
        yield [] if warned is None else warned


def _put(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


def modes() -> str:
    """How NumPy and torch compute at the moment, in six words."""
    errors: Any = np.geterr()
    torch = torch_module()
    grad, infers = _TORCH[:2] if torch is None else _of_torch(torch)[:2]
    return " ".join([*(errors[of] for of in _ERRORS), str(int(grad)), str(int(infers))])


@contextmanager
def computing(said: Any) -> Iterator[None]:
    """What a learner's code has set around what it calls of a test's, as `modes` says it."""
    words = said.split() if isinstance(said, str) and said != modes() else []
    with contextlib.ExitStack() as meanwhile:
        if len(words) == len(_ERRORS) + 2 and {"ignore", "warn", "raise"}.issuperset(words[:-2]):
            errors: Any = dict(zip(_ERRORS, words, strict=False))
            meanwhile.enter_context(np.errstate(**errors))
            if (torch := torch_module()) is not None:
                meanwhile.enter_context(torch.inference_mode(words[-1] == "1"))
                meanwhile.enter_context(torch.set_grad_enabled(words[-2] == "1"))
        yield


def messages(warned: list[Any]) -> list[Warning]:
    """What was recorded, as exceptions."""
    found = (one.message for one in warned[:_MOST_WARNINGS])
    return [one for one in found if isinstance(one, Warning)]


def warn(said: BaseException) -> None:
    """Warns here of what the other side has warned of."""
    if isinstance(said, Warning):
        # Each time: where it comes from is not told.
        warnings.warn_explicit(said, type(said), "<the learner's code>", 1)


def decimal_context(precision: int, rounding: str, traps: tuple[str, ...]) -> decimal.Context:
    context = decimal.getcontext().copy()
    context.prec, context.rounding = precision, rounding
    for signal in context.traps:
        context.traps[signal] = signal.__name__ in traps
    return context


@contextmanager
def _torch_applied(
    torch: Any, has_grad: bool, infers: bool, dtype: str, is_deterministic: bool
) -> Iterator[None]:
    before = torch.get_default_dtype(), torch.are_deterministic_algorithms_enabled()
    try:
        torch.set_default_dtype(getattr(torch, dtype))
        torch.use_deterministic_algorithms(is_deterministic)
        with torch.inference_mode(infers), torch.set_grad_enabled(has_grad):
            yield
    finally:
        torch.set_default_dtype(before[0])
        torch.use_deterministic_algorithms(before[1])
