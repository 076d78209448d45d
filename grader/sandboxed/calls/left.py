"""What a call leaves in its process beside its result, and a test may look at: the folder, how
libraries compute and print, open figures, states of random generators.

Where the solution leaves nothing of a kind, and an answer does, a test that holds runs again, and
what calls leave of it is then left in the judge's process, too. Numbers are what they are there; in
the place of a text stands another than before, as that of a variable that the test names.
"""

from __future__ import annotations

import builtins
import contextlib
import decimal
import itertools
import json
import locale
import os
import random
import re
import sys
import warnings
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from grader.sandboxed.calls import ambient
from grader.sandboxed.codec.libraries import torch_module

State = Mapping[str, Any]
# What stands for a text.
_MARK = "left by a call"
_MOST_FIGURES = 20
_MOST_THREADS = 64
_DEEPEST = 20_000
_MOST_NAMES = 100
# As long as they are there, they are in force.
_entered: list[Any] = []


def state() -> State:
    """All of it, to be compared, as far as the learner's code lets it be read."""
    found: dict[str, Any] = {}
    for read in (ambient.settings, chance, _of_process, _of_libraries):
        with contextlib.suppress(Exception):
            found |= read()
    return found


def chance() -> dict[str, int]:
    """What tells the states of generators of random numbers from others; one can go on from it."""
    states = {"random": hash(random.getstate()) & 0xFFFFFFFF}
    # Of another kind of generator there is no such tuple.
    with contextlib.suppress(LookupError):
        drawn: Any = np.random.get_state()
        states["numpy.random"] = zlib.crc32(drawn[1].tobytes() + repr(drawn[2:]).encode())
    torch = torch_module()
    if torch is not None:
        states["torch.random"] = zlib.crc32(torch.get_rng_state().numpy().tobytes())
    return states


def _of_process() -> dict[str, Any]:
    found = {"path": [*sys.path], "locale": locale.setlocale(locale.LC_ALL)}
    # It may have been removed.
    with contextlib.suppress(FileNotFoundError):
        found["folder"] = os.getcwd()
    return found


def _of_libraries() -> dict[str, Any]:
    """Of those that are there."""
    found: dict[str, Any] = {}
    torch, matplotlib, pyplot, pandas = map(
        sys.modules.get, ("torch", "matplotlib", "matplotlib.pyplot", "pandas")
    )
    if torch is not None:
        found |= {"torch.seed": torch.initial_seed(), "threads": torch.get_num_threads()}
    if matplotlib is not None:
        # As its own class gives them, each would be checked; this one becomes another by itself.
        found["matplotlib"] = {**dict(dict.items(matplotlib.rcParams)), "backend": None}
    if pyplot is not None:
        found["figures"] = pyplot.get_fignums()
    if pandas is not None:
        found["pandas"] = dict(_flat(object.__getattribute__(pandas.options, "d"), ""))
    return found


def seen(kinds: set[str], drawn: Collection[str], source: str) -> set[str]:
    """Those of these kinds that a test can see.

    Who draws a number, as whoever makes a layer does, changes what the test draws next, and no test
    minds that; where somebody has seeded, it draws the same again.

    Args:
        drawn: those of `chance` from which the test has drawn.
        source: the test, and the given cells, by which it may look.
    """
    if _STATES.search(source):
        return kinds
    unseen = {kind for kind in CHANCE if kind.replace("seed", "random") not in drawn}
    # Of torch's it is known which of the two it was.
    return kinds - unseen - ({"torch.random"} if "torch.seed" not in kinds else set())


def _flat(options: dict[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in options.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def differing(before: State, now: State) -> list[str]:
    """Kinds that are not what they were; a library that was not there has left nothing."""
    return [kind for kind, was in before.items() if kind in KINDS and now.get(kind, was) != was]


def told(before: State, now: State) -> str:
    """What has become of these kinds, as it crosses."""
    found = {}
    for kind in differing(before, now):
        value = now[kind]
        if kind in ("matplotlib", "pandas"):
            was = before[kind]
            value = {name: one for name, one in value.items() if one != was.get(name)}
        elif kind == "figures":
            value = [number for number in value if number not in before[kind]]
        elif kind in _AS_TEXT:
            value = _AS_TEXT[kind](before[kind], value)
        found[kind] = value
    return json.dumps(found, default=lambda value: None)


def leave(found: str, kinds: Collection[str], source: str) -> None:
    """Leaves it here, too, as far as it is of these kinds.

    Args:
        source: the test.
    """
    with contextlib.suppress(Exception):
        for kind, value in json.loads(found).items():
            if kind == "environ":
                value = set(value).intersection(_WORD.findall(source))
            if kind in kinds:
                with contextlib.suppress(Exception):
                    KINDS[kind](value)


def _variables(before: dict[Any, Any], now: dict[Any, Any]) -> list[str]:
    """Those that are something else, or there no more."""
    differ = (name for name, _ in before.items() ^ now.items())
    return [os.fsdecode(name) for name in itertools.islice(dict.fromkeys(differ), _MOST_NAMES)]


def _first(before: Sequence[Any], now: Sequence[Any]) -> int:
    """Where another one stands."""
    same = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(before, now, strict=False))
    return sum(1 for _ in same)


def _filters(before: Sequence[Any], now: Sequence[Any]) -> list[tuple[str, str]]:
    """New ones for all warnings of a class of Python's own."""
    new = (one for one in now if one not in before)
    return [
        (action, category.__name__)
        for action, text, category, module, _ in new
        if text is None and module is None and category.__module__ == "builtins"
    ]


def _decimal(value: Any) -> None:
    decimal.setcontext(ambient.decimal_context(*value))


def _torch(value: Any) -> None:
    torch = torch_module()
    has_grad, infers, dtype, is_deterministic = value
    if infers != torch.is_inference_mode_enabled():
        _entered.append(torch.inference_mode(infers))
        _entered[-1].__enter__()
    torch.set_grad_enabled(has_grad)
    torch.set_default_dtype(getattr(torch, dtype))
    torch.use_deterministic_algorithms(is_deterministic)


def _environ(names: Any) -> None:
    os.environ.update(dict.fromkeys([_MARK, *names], _MARK))


def _warnings(value: Any) -> None:
    warnings.filterwarnings("ignore", _MARK)
    for action, name in reversed(value):
        warnings.simplefilter(action, getattr(builtins, name))


def _locale(_: Any) -> None:
    now = locale.setlocale(locale.LC_ALL)
    locale.setlocale(locale.LC_ALL, "C" if now == "C.UTF-8" else "C.UTF-8")


def _numbers(value: Any) -> Any:
    """The options that are numbers: a text may name a module, or what is to be called."""
    return {name: one for name, one in value.items() if isinstance(one, bool | int | float)}


def _matplotlib(value: Any) -> None:
    import matplotlib

    matplotlib.rcParams.update(_numbers(value))


def _figures(value: Any) -> None:
    from matplotlib import pyplot

    for _ in value[:_MOST_FIGURES]:
        pyplot.figure()


def _pandas(value: Any) -> None:
    import pandas

    for name, one in _numbers(value).items():
        pandas.set_option(name, one)


KINDS: dict[str, Callable[[Any], object]] = {
    "numpy": lambda value: np.seterr(**dict(value)),
    "decimal": _decimal,
    "torch": _torch,
    "depth": lambda value: sys.setrecursionlimit(min(value, _DEEPEST)),
    "digits": sys.set_int_max_str_digits,
    "printed": lambda value: np.set_printoptions(**dict(value)),
    "argv": lambda place: sys.argv.insert(place, _MARK),
    "environ": _environ,
    "filters": _warnings,
    "folder": lambda _: os.chdir("/"),
    "path": lambda place: sys.path.insert(place, _MARK),
    "locale": _locale,
    "random": random.seed,
    "numpy.random": np.random.seed,
    "torch.random": lambda value: torch_module().manual_seed(value),
    "torch.seed": lambda _: None,
    "threads": lambda value: torch_module().set_num_threads(min(value, _MOST_THREADS)),
    "matplotlib": _matplotlib,
    "figures": _figures,
    "pandas": _pandas,
}
# What is told of those that have texts.
_AS_TEXT: dict[str, Callable[[Any, Any], Any]] = {
    "argv": _first,
    "environ": _variables,
    "filters": _filters,
    "folder": lambda before, now: None,
    "path": _first,
    "locale": lambda before, now: None,
}
_WORD = re.compile(r"\w+")
# Those whose states calls may share with the test.
CHANCE = frozenset(("random", "numpy.random", "torch.random", "torch.seed"))
_STATES = re.compile(r"\b(getstate|get_state|get_rng_state|initial_seed)\b")
