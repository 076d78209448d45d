"""The warm process: imports once what exercises import, and forks the processes that run cells.

The conductor (`host.engine.engine`) starts it in a sandbox, with threads limited to one before
anything is imported (a fork after multi-threaded work deadlocks), and tells it over a socket what
to do. It runs no line of a notebook itself. It forks

- *rooms*: warm processes of one notebook, which run the teacher's first given cells once and then
  serve like the zygote itself. None of them ever sees a test;
- *players* and *judges* (`sandboxed.player`, `sandboxed.judge`): one each for a submission's
  notebook, in a world of its own (`sandboxed.isolation`), speaking with the conductor over a socket
  of its own.
"""

from __future__ import annotations

import contextlib
import gc
import glob
import importlib
import os
import random
import signal
import socket
import sys
import threading
import time
import traceback
from typing import Any, NoReturn

from grader.protocol import wire
from grader.protocol.errors import GraderError
from grader.protocol.lifetime import end_with_parent
from grader.protocol.orders import (
    TO_ZYGOTE,
    Done,
    End,
    Exited,
    ForkChild,
    Forked,
    ForkRoom,
    Interrupt,
    Pause,
    Ready,
    Stood,
)
from grader.protocol.wire import Channel, Gone, Silent
from grader.sandboxed import databases, memory_order
from grader.sandboxed.calls.randomness import go_on_if_seeded, imported_torch, note_if_seeded
from grader.sandboxed.cells import Shell, defined_by_given, make_shell, run_cell, settle_in
from grader.sandboxed.isolation import (
    end,
    end_the_too_large,
    ended_in_vain,
    enter,
    fork,
    hold_devices,
    pause,
)
from grader.sandboxed.judge import judge
from grader.sandboxed.player import play
from grader.sandboxed.rehearsal import rehearse

# One operation in the parent and every forked child of TensorFlow's hangs.
_UNSAFE_TO_FORK = ("tensorflow", "jax")
# Devices of NVIDIA, AMD and Intel, and those of Windows' Linux.
_ACCELERATORS = ("nvidia*", "kfd", "dri", "dxg")
# Seconds from one look at the memory of children to the next.
_LOOK_EVERY = 0.25


def main() -> None:
    """Serves on the socket whose number is the first argument until it is closed.

    The second says whether there are many or few submissions to come, the others are modules to
    import beforehand.
    """
    channel = Channel(socket.socket(fileno=int(sys.argv[1])), takes_fds=True)
    os.set_inheritable(channel.fileno(), False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    many, modules = sys.argv[2] == "many", sys.argv[3:]
    # Nothing that is shown, as the course is: a source that runs by itself would find it here,
    # though its files are covered. Rooms import that.
    path, sys.path = sys.path, [place for place in sys.path if place != "/course"]
    _import(modules)
    sys.path = path
    shell = make_shell()
    if sys.platform == "linux":
        hold_devices()
    sys.argv = ["grader"]
    if many:
        rehearse(shell)
    memory_order.settle(many)
    if many:
        memory_order.take_large_pages()
    channel.send(wire.encode(Done()))
    _serve(shell, channel, {})


def _import(modules: list[str]) -> None:
    """Imports what it can. Where something is missing, the cell that imports it says so."""
    # What modules make stays: looking through it for garbage takes a tenth of the time.
    gc.disable()
    for name in modules:
        with contextlib.suppress(Exception):
            importlib.import_module(name)
        if name == "torch" and "torch" in sys.modules:
            sys.modules["torch"].set_num_threads(1)
            _seed_what_is_there(sys.modules["torch"])
            importlib.import_module("grader.sandboxed.codec.families.modules")
    gc.enable()
    imported_torch()
    databases.share_none()
    # What a learner's cell alone imports may need it; see `_be_child`.
    with contextlib.suppress(ImportError):
        importlib.import_module("threadpoolctl")


def _seed_what_is_there(torch: Any) -> None:
    """Has torch.manual_seed pass over accelerators that are not there.

    It would note the seed for them with a trace of the stack, should one turn up: 0.3 ms each time.
    """
    if not _has_accelerator():
        for name in ("cuda", "xpu", "mtia"):
            if hasattr(torch, name):
                getattr(torch, name).manual_seed_all = lambda seed: None


def _has_accelerator() -> bool:
    """Whether this process may see a device that computes: none is there in the sandbox."""
    return sys.platform != "linux" or any(glob.glob(f"/dev/{name}") for name in _ACCELERATORS)


def _serve(shell: Shell, channel: Channel, given: dict[str, Any]) -> None:
    """Does what the conductor says until it hangs up."""
    # None for a room, which has not shut itself in.
    namespaces: dict[int, bool | None] = {}
    allowed: dict[int, int] = {}
    look_at = 0.0
    with contextlib.suppress(Gone):
        while True:
            if time.monotonic() >= look_at:
                end_the_too_large(allowed)
                look_at = time.monotonic() + _LOOK_EVERY
            try:
                header, body = channel.receive(look_at if allowed else None)
            except Silent:
                continue
            reply: Done | Forked | Exited | Stood = Done()
            match order := wire.decode(header, TO_ZYGOTE):
                case ForkRoom():
                    pid = _fork_room(shell, channel, order, body, given)
                    namespaces[pid] = None
                    reply = Forked(pid)
                case ForkChild():
                    try:
                        pid = _fork_child(shell, channel, order, given)
                    except (GraderError, OSError) as error:
                        # Of processes, say, there may be more in a moment.
                        reply = Forked(0, str(error))
                    else:
                        namespaces[pid] = order.namespaces
                        if order.namespaces:
                            allowed[pid] = order.limits.memory
                        reply = Forked(pid)
                case Interrupt(pid):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGINT)
                case Pause(pid, stop):
                    reply = Stood(not namespaces.get(pid) or pause(pid, stop))
                case End(pid, patience):
                    allowed.pop(pid, None)
                    reply = Exited(_end(pid, namespaces.pop(pid), patience), ended_in_vain(pid))
            channel.send(wire.encode(reply))


def _end(pid: int, namespaces: bool | None, patience: float) -> int:
    """Ends a child; its exit status, negative for a signal."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        ended, code = os.waitpid(pid, os.WNOHANG)
        if ended:
            if namespaces is False:
                # Nothing else ends what it has left behind.
                end(pid, namespaces)
            return os.waitstatus_to_exitcode(code)
        time.sleep(0.005)
    if namespaces is None:
        os.kill(pid, signal.SIGKILL)
    else:
        end(pid, namespaces)
    _, code = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(code)


def _fork_room(
    shell: Shell, channel: Channel, order: ForkRoom, body: bytes, given: dict[str, Any]
) -> int:
    (fd,) = channel.take_fds()
    pid = os.fork()
    if pid != 0:
        os.close(fd)
        return pid
    try:
        # Judges must not outlive the run of the given cells that their players have.
        end_with_parent()
        channel.close()
        own = Channel(socket.socket(fileno=fd), takes_fds=True)
        _be_room(shell, own, order, body, dict(given))
    except Gone:
        pass
    finally:
        os._exit(0)


def _be_room(
    shell: Shell, channel: Channel, order: ForkRoom, body: bytes, given: dict[str, Any]
) -> None:
    settle_in(shell, order.begin, body)
    _import(order.modules)
    memory_order.settle(order.many)
    before = _left_outside(order.watched)
    played, begun = [], random.getstate()
    for source in order.cells:
        played.append(run_cell(shell, source))
        defined_by_given(shell, source, given)
    note_if_seeded(begun)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    calm = _threads() == 1 and not any(name in sys.modules for name in _UNSAFE_TO_FORK)
    calm = calm and _left_outside(order.watched) == before
    # What cells have made may become garbage: the collector is to find it.
    memory_order.fill_gaps()
    shares = _shares_memory()
    # Who has only imported may be forked though it is not calm.
    safe = calm and not shares if order.cells else not (order.modules and shares)
    channel.send(wire.encode(Ready(played, safe)))
    _serve(shell, channel, given)


def _left_outside(folders: list[str]) -> object:
    """What a process has outside its memory, which its forks will not have."""
    files: dict[str, object] = {}
    for folder in folders:
        for path, below, names in os.walk(folder):
            files[path] = None
            # What is shown below it, an environment of 60,000 files say, can only be read.
            device = os.lstat(path).st_dev
            below[:] = [
                name for name in below if os.lstat(os.path.join(path, name)).st_dev == device
            ]
            for name in names:
                status = os.lstat(os.path.join(path, name))
                files[os.path.join(path, name)] = status.st_size, status.st_ctime_ns
    return files, os.getcwd(), _open_files(), _has_children()


def _open_files() -> dict[str, str]:
    found = {}
    with contextlib.suppress(OSError):
        for number in os.listdir("/proc/self/fd"):
            # The one that was opened to list them has gone.
            with contextlib.suppress(FileNotFoundError):
                found[number] = os.readlink(f"/proc/self/fd/{number}")
    return found


def _has_children() -> bool:
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _shares_memory() -> bool:
    """Whether a fork could write to the same memory as this process and all other forks.

    Source: VmFlags in proc(5): shared, and may be made writable.
    """
    with contextlib.suppress(OSError), open("/proc/self/smaps", errors="replace") as lines:
        flags = [line.split() for line in lines if line.startswith("VmFlags:")]
        return any("sh" in known and "mw" in known for known in flags)
    return False


def _threads() -> int:
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        return threading.active_count()


def _fork_child(shell: Shell, channel: Channel, order: ForkChild, given: dict[str, Any]) -> int:
    control, out, err = channel.take_fds()
    pid = -1
    try:
        pid = fork(order.namespaces)
    finally:
        if pid != 0:
            for fd in (control, out, err):
                os.close(fd)
    if pid != 0:
        return pid
    _be_child(shell, channel, order, given, control, out, err)


def _be_child(
    shell: Shell,
    zygote: Channel,
    order: ForkChild,
    given: dict[str, Any],
    control: int,
    out: int,
    err: int,
) -> NoReturn:
    try:
        zygote.close()
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.dup2(out, 1)
        os.dup2(err, 2)
        for fd in (null, out, err):
            os.close(fd)
        enter(order.limits, order.namespaces, [control], order.covered)
        if order.namespaces and "threadpoolctl" in sys.modules:
            # It would look for libraries in /proc/self/maps, which a child has not. By it
            # scikit-learn counts threads, for neighbours and clusters say.
            setattr(sys.modules["threadpoolctl"], "_HAS_PROCFS", False)  # noqa: B010
        go_on_if_seeded()
        channel = Channel(socket.socket(fileno=control), takes_fds=True)
        (play if order.role == "player" else judge)(shell, channel, given)
        os._exit(0)
    except BaseException:
        # The conductor reports a process that ended, with this as the reason.
        os.write(2, traceback.format_exc().encode("utf-8", "replace"))
        os._exit(70)
