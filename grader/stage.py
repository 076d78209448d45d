"""The warm process: imports once what exercises import, and forks the processes that run cells.

The conductor (`grader.engine`) starts it in a sandbox, with threads limited to one before anything
is imported (a fork after multi-threaded work deadlocks), and tells it over a socket what to do. It
runs no line of a notebook itself. It forks

- *rooms*: warm processes of one notebook, which run the teacher's first given cells once and then
  serve like the stage itself;
- *players* and *judges* (`grader.playing`, `grader.judging`): one each for a submission's notebook,
  in a world of its own (`grader.isolate`), speaking with the conductor over a socket of its own.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import os
import signal
import socket
import sys
import threading
import time
import traceback
from typing import Any, NoReturn

import msgspec

from grader import wire
from grader.handles import Allowance, random_states, set_random_states
from grader.isolate import Limits, end, end_the_too_large, enter, fork
from grader.judging import JudgePeer, judge
from grader.libraries import torch_module
from grader.playing import PlayerPeer, play
from grader.shell import Shell, defined_by_given, make_shell, run_cell, settle_in
from grader.wire import Channel, Gone, Silent

# One operation in the parent and every forked child of TensorFlow's hangs.
_UNSAFE_TO_FORK = ("tensorflow", "jax")
# Seconds from one look at the memory of children to the next.
_LOOK_EVERY = 0.25

_libc = ctypes.CDLL(None)


def main() -> None:
    """Serves on the socket whose number is the first argument until it is closed.

    The other arguments are modules to import beforehand.
    """
    channel = Channel(socket.socket(fileno=int(sys.argv[1])), takes_fds=True)
    os.set_inheritable(channel.fileno(), False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _import(sys.argv[2:])
    shell = make_shell()
    sys.argv = ["grader"]
    _rehearse(shell)
    _settle()
    _take_large_pages()
    channel.send(wire.encode({}))
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
            importlib.import_module("grader.modules")
    gc.enable()


def _rehearse(shell: Shell) -> None:
    """Has a test call an answer, as every submission's do.

    The caches that are filled by it and the bytecode that adapts to it are then shared: a child
    would copy the memory for it, and do it anew.
    """
    ours, theirs = wire.pair()
    player = PlayerPeer(Channel(theirs), {}, {"answer": lambda *args: args}, trusted=True)
    calls = 20

    def serve() -> None:
        for _ in range(calls + 1):
            player.serve()

    serving = threading.Thread(target=serve, daemon=True)
    serving.start()
    bench = JudgePeer(Channel(ours), {}, shell)
    bench.begin(None, Allowance(time.monotonic() + 60))
    bench.share_random = True
    states = random_states()
    _, answer = bench.take("answer")
    for _ in range(calls):
        args: list[Any] = [[1, 2.5, "text"], {"key": None}]
        if torch := torch_module():
            torch.manual_seed(0)
            args += [torch.ones(2, 2), torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU())]
        answer(*args)
    serving.join()
    set_random_states(states)
    ours.close()
    theirs.close()


def _settle() -> None:
    """What is there now is shared by all children: keep the collector from touching its pages."""
    gc.collect()
    gc.freeze()


def _take_large_pages() -> None:
    """Has the kernel keep what is in memory now in large pages, if it can.

    Most of what a fork costs is the list of pages, and large ones make that short.
    Source: MADV_COLLAPSE in madvise(2), Linux 6.1.
    """
    collapse, large = 25, 2 * 2**20
    with contextlib.suppress(OSError), open("/proc/self/maps") as regions:
        for region in regions:
            span, rights, _, _, file = region.split(maxsplit=5)[:5]
            if rights != "rw-p" or file != "0":
                continue
            begin, end = (int(address, 16) for address in span.split("-"))
            begin, end = -(-begin // large) * large, end // large * large
            if begin < end:
                _libc.madvise(ctypes.c_void_p(begin), ctypes.c_size_t(end - begin), collapse)


def _serve(shell: Shell, channel: Channel, given: dict[str, Any]) -> None:
    """Does what the conductor says until it hangs up."""
    # None for a room, which has not shut itself in.
    namespaces: dict[int, bool | None] = {}
    memory: dict[int, int] = {}
    look_at = 0.0
    with contextlib.suppress(Gone):
        while True:
            if time.monotonic() >= look_at:
                end_the_too_large(memory)
                look_at = time.monotonic() + _LOOK_EVERY
            try:
                header, body = channel.receive(look_at if memory else None)
            except Silent:
                continue
            message = wire.decode(header)
            reply: dict[str, Any] = {}
            match message["do"]:
                case "room":
                    reply["pid"] = pid = _fork_room(shell, channel, message, body)
                    namespaces[pid] = None
                case "fork":
                    reply["pid"] = pid = _fork_child(shell, channel, message, given)
                    namespaces[pid] = message["namespaces"]
                    if message["namespaces"]:
                        memory[pid] = message["limits"]["memory"]
                case "interrupt":
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(message["pid"], signal.SIGINT)
                case "end":
                    pid, patience = message["pid"], message.get("patience", 0.0)
                    memory.pop(pid, None)
                    reply["status"] = _end(pid, namespaces.pop(pid), patience)
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


def _fork_room(shell: Shell, channel: Channel, message: dict[str, Any], body: bytes) -> int:
    (fd,) = channel.take_fds()
    pid = os.fork()
    if pid != 0:
        os.close(fd)
        return pid
    try:
        channel.close()
        own = Channel(socket.socket(fileno=fd), takes_fds=True)
        _be_room(shell, own, message, body)
    except Gone:
        pass
    finally:
        os._exit(0)


def _be_room(shell: Shell, channel: Channel, message: dict[str, Any], body: bytes) -> None:
    given: dict[str, Any] = {}
    settle_in(message, body)
    _import(message["modules"])
    played = []
    for source in message["cells"]:
        played.append(run_cell(shell, source))
        defined_by_given(shell, source, given)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _settle()
    calm = _threads() == 1 and not any(name in sys.modules for name in _UNSAFE_TO_FORK)
    # Who has only imported may be forked all the same.
    safe = calm or not message["cells"]
    channel.send(wire.encode({"played": played, "safe": safe}))
    _serve(shell, channel, given)


def _threads() -> int:
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        return threading.active_count()


def _fork_child(
    shell: Shell, channel: Channel, message: dict[str, Any], given: dict[str, Any]
) -> int:
    control, out, err = channel.take_fds()
    pid = fork(message["namespaces"])
    if pid != 0:
        for fd in (control, out, err):
            os.close(fd)
        return pid
    _be_child(shell, channel, message, given, control, out, err)


def _be_child(
    shell: Shell,
    stage: Channel,
    message: dict[str, Any],
    given: dict[str, Any],
    control: int,
    out: int,
    err: int,
) -> NoReturn:
    try:
        stage.close()
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.dup2(out, 1)
        os.dup2(err, 2)
        for fd in (null, out, err):
            os.close(fd)
        enter(msgspec.convert(message["limits"], Limits), message["namespaces"], [control])
        channel = Channel(socket.socket(fileno=control), takes_fds=True)
        (play if message["role"] == "player" else judge)(shell, channel, given)
        os._exit(0)
    except BaseException:
        # The conductor reports a process that ended, with this as the reason.
        os.write(2, traceback.format_exc().encode("utf-8", "replace"))
        os._exit(70)
