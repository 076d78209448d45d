"""A decoder by itself: its source and a file, in a process that has seen nothing else.

In a notebook, and under nbgrader, that is a Python started for it: an empty working folder, no
variable of the notebook, limits on time, memory and what it writes. It keeps people from fooling
themselves, and no more: such a process can read the disk. Where the course's own grader judges a
test, the decoder runs shut in, without the course and its data
(docs/writing_tests.md, *A source that runs by itself*).
"""

from __future__ import annotations

import ast
import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import torch

# What a decoder may use, and bytes of what it may give back.
SECONDS = 10.0
_MEMORY = 1024 * 2**20
_MOST_RESULT = 64 * 2**20
# Characters of a source: no decoder is that long.
_MOST_SOURCE = 2**20
# Seconds that a process of its own may take to start, with what the grader has beforehand.
_START = 10.0
# Where the grader's judge offers to run a source shut in: grader/sandboxed/calls/alone.py.
_BENCH = "grading_bench"

# Started with the folder that holds source and file, and bytes of memory.
_RUNNER = """
import os, sys
folder, limit, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
sys.argv = ["decoder"]
# As in the grader: the course is not there.
sys.modules["coursekit"] = None
try:
    import resource
    # Libraries reserve some of it without using it.
    resource.setrlimit(resource.RLIMIT_AS, (limit + 3 * 2**30,) * 2)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit // 8,) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
except (ImportError, ValueError, OSError):
    pass
with open(folder + "/source", encoding="utf-8") as file:
    source = file.read()
with open(folder + "/data", "rb") as file:
    data = file.read()
if "torch" in source:
    # In the grader it is there already: its start is not the decoder's.
    import torch
try:
    import signal
    signal.setitimer(signal.ITIMER_REAL, seconds)
except (ImportError, AttributeError):
    pass

def end(how, text=""):
    with open(folder + "/outcome", "w", encoding="utf-8", errors="replace") as file:
        file.write(how + "\\n" + text[:500])
    os._exit(0)

def plain(one):
    if hasattr(one, "detach"):
        one = one.detach().cpu()
        one = (one.float() if one.is_floating_point() else one).numpy()
    return one

names = {"__name__": "__main__"}
try:
    exec(compile(source, "decoder", "exec"), names)
    if not callable(names.get("decode")):
        end("missing")
    value = names["decode"](data)
    import numpy
    if type(value) is not dict:
        end("no data", type(value).__name__)
    arrays = {name: plain(one) for name, one in value.items()}
    if not all(type(n) is str and type(a) is numpy.ndarray for n, a in arrays.items()):
        end("no data", "a dictionary with something else in it")
    with open(folder + "/value", "wb") as file:
        listed = numpy.array([*arrays, ""], dtype=str)
        numpy.savez(file, *arrays.values(), names=listed)
except BaseException as error:
    end("raised", type(error).__name__ + ": " + str(error))
end("value")
"""


class DecoderError(Exception):
    """A decoder by itself does not give tensors; the message says why, in one sentence."""


def source_bytes(source: str) -> int:
    """What a decoder's source counts: its bytes in UTF-8 after zlib at level 9.

    Comments and long names cost little so, and nothing can hide in it: whoever has these bytes has
    the source again, so what it tells beyond Python it pays for.

    Raises:
        DecoderError: if it is no text that a file can hold.
    """
    try:
        return len(zlib.compress(source.encode("utf-8"), 9))
    except (AttributeError, UnicodeEncodeError):
        raise DecoderError("The decoder's source should be text, as in a .py file.") from None


_known: dict[tuple[bytes, bytes, float], tuple[str, Any]] = {}


def decode_alone(source: str, data: bytes, seconds: float = SECONDS) -> dict[str, torch.Tensor]:
    """What `decode(data)` gives in a process that has run `source` and nothing else.

    The source may import Python's own modules, NumPy and PyTorch. It has an empty working folder,
    no network in the course's grader, one GiB of memory, and `seconds` for everything.

    Args:
        source: Python that defines `decode`, which takes the file's bytes and returns a dictionary
            from names to tensors or NumPy arrays.
        data: the file.

    Returns:
        The tensors by name, floats as float32. Called again with the same, it gives the same.

    Raises:
        DecoderError: if it gives none.
    """
    source_bytes(source)
    if len(source) > _MOST_SOURCE:
        raise DecoderError("The decoder's source is longer than a million characters.")
    if not isinstance(data, bytes):
        raise DecoderError(f"The file should be bytes, not {type(data).__name__}.")
    try:
        ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        where = f" (line {error.lineno})" if isinstance(error, SyntaxError) else ""
        raise DecoderError(f"The decoder's source is not Python{where}.") from None
    # The same test may be run under three budgets; an endless decoder costs its time once.
    key = hashlib.sha256(source.encode()).digest(), hashlib.sha256(data).digest(), seconds
    if key not in _known:
        bench = sys.modules.get(_BENCH)
        if bench is not None:
            _known[key] = bench.call_alone(source, "decode", (data,), seconds)
        else:
            _known[key] = _in_subprocess(source, data, seconds)
    outcome, value = _known[key]
    if outcome == "value":
        return _as_tensors(value)
    raise DecoderError(_sentence(outcome, str(value), seconds))


def figures(**numbers: float) -> None:
    """Keeps numbers of a submission with its result, for the leaderboard.

    Only the judge of the course's grader does so; in a notebook and under nbgrader nothing happens.
    """
    bench = sys.modules.get(_BENCH)
    if bench is not None:
        bench.figures(**numbers)


def _sentence(outcome: str, text: str, seconds: float) -> str:
    match outcome:
        case "slow":
            return f"The decoder takes more than {seconds:g} s: is there a loop without an end?"
        case "ended":
            return "The decoder ends its process, or uses more memory than one GiB."
        case "missing":
            return "The decoder's source defines no function `decode`."
        case "raised" if text.startswith("ModuleNotFoundError"):
            return (
                f"By itself the decoder raises {_short(text)}. It may import Python's own modules, "
                "NumPy and PyTorch, but not `coursekit`."
            )
        case "raised":
            return (
                f"By itself the decoder raises {_short(text)}. It has its source and the file, and "
                "nothing else of your notebook."
            )
    return (
        "`decode` should return a plain `dict` of tensors or NumPy arrays by name, but gives "
        f"{_short(text)}."
    )


def _short(text: str) -> str:
    line = " ".join(text.split()).rstrip(".:")
    return line if len(line) <= 300 else f"{line[:300]} …"


def _as_tensors(value: object) -> dict[str, torch.Tensor]:
    import torch

    if type(value) is not dict:
        raise DecoderError(_sentence("no data", f"{type(value).__name__}", 0))
    tensors = {}
    for name, one in value.items():
        if isinstance(one, np.ndarray) and one.dtype.kind in "fiub":
            one = torch.from_numpy(np.array(one, dtype=one.dtype.newbyteorder("=")))
        if not isinstance(name, str) or not isinstance(one, torch.Tensor):
            raise DecoderError(_sentence("no data", "a dictionary with something else in it", 0))
        one = one.detach()
        tensors[name] = one.float().clone() if one.is_floating_point() else one.clone()
    if sum(one.nbytes for one in tensors.values()) > _MOST_RESULT:
        raise DecoderError("The decoder gives more than 64 MiB of numbers.")
    return tensors


def _in_subprocess(source: str, data: bytes, seconds: float) -> tuple[str, Any]:
    """Starts a Python for it; the outcome as the grader's judge gives it."""
    environment = {
        name: os.environ[name]
        for name in ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR", "TEMP")
        if name in os.environ
    }
    environment |= {"OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as own,
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as work,
    ):
        folder = Path(own)
        (folder / "source").write_bytes(source.encode("utf-8"))
        (folder / "data").write_bytes(data)
        process = subprocess.Popen(
            [sys.executable, "-I", "-c", _RUNNER, own, str(_MEMORY), str(seconds)],
            cwd=work,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            # The start of Python, and of PyTorch, is not the decoder's.
            process.wait(seconds + _START)
        except subprocess.TimeoutExpired:
            return "slow", ""
        finally:
            _end(process)
        if process.returncode == -getattr(signal, "SIGALRM", 0):
            return "slow", ""
        try:
            outcome, _, text = (folder / "outcome").read_text(encoding="utf-8").partition("\n")
            if outcome != "value":
                return outcome, text
            with np.load(folder / "value", allow_pickle=False) as arrays:
                names = arrays["names"].tolist()[:-1]
                return "value", {n: arrays[f"arr_{i}"] for i, n in enumerate(names)}
        except OSError:
            return "ended", ""
        except (ValueError, KeyError):
            return "no data", "something else"


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends it, and what it has started where that can be told."""
    try:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, 9)
        else:
            process.kill()
    except (ProcessLookupError, PermissionError):
        pass
    process.wait()
