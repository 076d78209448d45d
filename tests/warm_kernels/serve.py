"""The process that kernels are forked from.

    python serve.py SOCKET OWNER

It serves those who ask by ask.py, and ends with the process OWNER, as do its kernels.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import tempfile
import traceback
import weakref
from typing import Any

# Beside this file. Then Python's place for it goes, as ipykernel_launcher does with its own.
from ask import LENGTH, number, read
from shelf import Shelf

del sys.path[0], sys.modules["ask"], sys.modules["shelf"]

# What each kernel imports as it starts; the debugger takes longest.
ALWAYS = (
    *("IPython", "IPython.core.completerlib", "IPython.core.debugger"),
    *("IPython.extensions.storemagic", "ipykernel.debugger", "ipykernel.ipkernel"),
    *("ipykernel.kernelapp", "psutil", "sqlite3", "tornado.platform.asyncio", "tornado.queues"),
)
# What notebooks import, and takes longest. Not what says something as it is imported; not what asks
# where it runs, as pandas does; not TensorFlow, whose threads no fork would have.
OFTEN = ("numpy", "matplotlib.pyplot", "torch", "torch._dynamo", "torchvision")

_PARENT_DEATH_SIGNAL = 1  # <sys/prctl.h>


class _Current:
    """Stands for standard output or error while modules are imported: what they keep of it leads
    to where these go later, which in a kernel is the notebook."""

    def __init__(self, name: str) -> None:
        self.__dict__.update(name=name, first=getattr(sys, name))

    def __getattr__(self, attribute: str) -> Any:
        now = getattr(sys, self.name)
        return getattr(self.first if now is self else now, attribute)

    def __setattr__(self, attribute: str, value: object) -> None:
        setattr(getattr(sys, self.name), attribute, value)


def end() -> None:
    """Ends a kernel once all else is done that Python does at an exit: to take torch down, object
    by object, takes a second."""
    with contextlib.suppress(OSError, ValueError):
        sys.__stdout__.flush()
    os._exit(0)


def serve(path: str, owner: int) -> list[str]:
    """Forks kernels until the owner ends. Returns in kernels only, with their arguments."""
    listening = socket.socket(socket.AF_UNIX)
    # Bound under another name: who finds it can connect, and waits.
    listening.bind(f"{path}.new")
    listening.listen(64)
    os.rename(f"{path}.new", path)
    shelf, made = _import_all()
    ends = os.pidfd_open(owner)
    # By file descriptor: of a kernel's process, and of the connection to who asked for it.
    kernels: dict[int, tuple[int, socket.socket]] = {}
    lines: dict[int, int] = {}
    while True:
        ready, _, _ = select.select([listening, ends, *kernels, *lines], [], [])
        if ends in ready:
            for kernel, _ in kernels.values():
                _kill(kernel)
            os._exit(0)
        for descriptor in ready:
            if descriptor in kernels:
                kernel, line = kernels.pop(descriptor)
                lines.pop(line.fileno(), None)
                status = os.waitstatus_to_exitcode(os.waitpid(kernel, 0)[1])
                with contextlib.suppress(OSError):
                    line.sendall(number(status))
                line.close()
                os.close(descriptor)
            elif descriptor in lines:
                # Who asked was killed.
                _kill(lines.pop(descriptor))
        if listening not in ready:
            continue
        line, _ = listening.accept()
        try:
            size, files, _, _ = socket.recv_fds(line, LENGTH, 3)
            told = json.loads(read(line, int.from_bytes(size, "big")))
        except (OSError, ValueError):
            line.close()
            continue
        if (kernel := os.fork()) == 0:
            for other in (listening, line, *(line for _, line in kernels.values())):
                other.close()
            for descriptor in (ends, *kernels):
                os.close(descriptor)
            _become(told, files, made)
            _draw(shelf)
            return list(told["argv"])
        for file in files:
            os.close(file)
        kernels[os.pidfd_open(kernel)] = kernel, line
        lines[line.fileno()] = kernel
        with contextlib.suppress(OSError):
            line.sendall(number(kernel))


def _kill(kernel: int) -> None:
    """With what it has started, as Jupyter does."""
    with contextlib.suppress(OSError):
        os.killpg(kernel, signal.SIGKILL)


def _import_all() -> tuple[Shelf, dict[str, str]]:
    """Imports, and returns what is out of sight and what importing adds to the environment."""
    # ipykernel sets it before a notebook can import matplotlib.
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    before = dict(os.environ)
    real = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = _Current("stdout"), _Current("stderr")  # type: ignore[assignment]
    for name in ALWAYS:
        importlib.import_module(name)
    with Shelf() as shelf:
        importlib.import_module(OFTEN[0])
        threads = _threads()
        for name in OFTEN[1:]:
            importlib.import_module(name)
    sys.stdout, sys.stderr = real
    # numpy's OpenBLAS ends its own before a fork.
    if _threads() != threads:
        sys.exit("An import has started threads, which no fork would have.")
    # At the exit of a kernel nobody needs what torch would take back of its own then.
    for finalizer in list(weakref.finalize._registry):  # type: ignore[attr-defined]
        finalizer.atexit = False
    # What is there now is shared: keep the collector of garbage from touching its pages.
    gc.freeze()
    return shelf, {name: text for name, text in os.environ.items() if before.get(name) != text}


def _threads() -> int:
    return len(os.listdir("/proc/self/task"))


def _become(told: dict[str, Any], files: list[int], made: dict[str, str]) -> None:
    """Makes this fork what a new process of who asked would be."""
    os.setsid()
    ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    for wanted, file in enumerate(files):
        os.dup2(file, wanted)
        os.close(file)
    os.chdir(told["cwd"])
    os.environ.clear()
    os.environ.update(made | told["env"])
    # Jupyter knows that process, as it knows the launcher of a kernel on Windows.
    os.getppid = lambda: told["pid"]
    tempfile.tempdir = None


def _draw(shelf: Shelf) -> None:
    """Draws anew what is drawn as a module is imported; `random` sees to itself."""
    shelf.peek("numpy.random").seed()
    shelf.peek("torch.random").default_generator.seed()


if __name__ == "__main__":
    # Who is first is called last.
    atexit.register(end)
    arguments = serve(sys.argv[1], int(sys.argv[2]))
    import ipykernel_launcher
    from ipykernel import kernelapp

    sys.argv = [ipykernel_launcher.__file__, *arguments]
    try:
        kernelapp.launch_new_instance()
    except Exception:
        # One that can't start would wait for its own threads instead of ending.
        traceback.print_exc()
        os._exit(1)
