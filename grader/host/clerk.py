"""Work on what learners have made, in processes that can be ended.

To read, compare or render what is untrusted may take any time and memory. So the conductor leaves
that to clerks: one for each of its threads, forked from a process that does nothing else, with
limits of memory, of time, and of the bytes that they hand back. A clerk runs no code of a
learner's, so it is used for one submission after the other; one that fails is replaced.

    with Clerks({"read": read}) as clerks:        # before other threads are started
        answer = clerks.ask("read", question)     # bytes for bytes
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import socket
import threading
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import NoReturn

from grader.protocol import wire
from grader.protocol.lifetime import end_with_parent
from grader.protocol.wire import Channel, Gone, Silent

# For one question: seconds, and bytes of memory beside what a clerk has from the beginning.
SECONDS = 60.0
MEMORY = 448 * 2**20
# Bytes of an answer.
MAX_ANSWER = 96 * 2**20
# A clerk that has grown by so many bytes is replaced.
_GROWN = 128 * 2**20

Job = Callable[[bytes], bytes]
# The first byte of an answer: it is one; it is the clerk's last; the job has raised; no memory.
_DONE, _LAST, _RAISED, _NO_MEMORY = b"d", b"l", b"r", b"m"


class TooMuch(Exception):
    """What was asked takes too much; the text is a clause that says of what ("takes more …")."""


class Clerks:
    """Clerks, one for each thread that asks.

    Args:
        jobs: what they can do, by name.
    """

    def __init__(self, jobs: Mapping[str, Job], seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._own = threading.local()
        self._open: set[Channel] = set()
        ours, theirs = wire.pair()
        self._pid = os.fork()
        if self._pid == 0:
            _be_first(theirs, dict(jobs))
        theirs.close()
        self._first = Channel(ours)

    def __enter__(self) -> Clerks:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, _: TracebackType | None
    ) -> None:
        self._first.close()
        for channel in self._open:
            channel.close()
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)

    def ask(self, job: str, question: bytes) -> bytes:
        """Has the calling thread's clerk do a job.

        Raises:
            TooMuch: when it took too much, or ended the clerk twice.
            RuntimeError: when the job has raised something else; the text says what.
        """
        for _ in range(2):
            # The system may have ended the first for what others take.
            with contextlib.suppress(Gone):
                return self._ask(job, question)
        raise TooMuch("takes too much memory")

    def _ask(self, job: str, question: bytes) -> bytes:
        channel, pid = getattr(self._own, "clerk", None) or self._new()
        deadline = time.monotonic() + self._seconds
        try:
            channel.send(job.encode(), question, deadline=deadline)
            header, answer = channel.receive(deadline)
        except Silent:
            self._drop(channel, pid)
            raise TooMuch(f"takes more than {self._seconds:g} s") from None
        except Gone:
            self._drop(channel, pid)
            raise
        if header[:1] != _DONE:
            self._drop(channel, pid)
        if header[:1] == _NO_MEMORY:
            raise TooMuch("takes too much memory")
        if header[:1] == _RAISED:
            raise RuntimeError(header[1:].decode("utf-8", "replace"))
        return answer

    def _new(self) -> tuple[Channel, int]:
        ours, theirs = wire.pair()
        with self._lock, theirs:
            try:
                self._first.send(b"fork", fds=[theirs.fileno()])
                pid = int(self._first.receive()[0])
            except Gone:
                raise RuntimeError("the process that forks clerks has ended") from None
        channel = Channel(ours, max_header=2**16, max_body=MAX_ANSWER)
        self._open.add(channel)
        self._own.clerk = channel, pid
        return self._own.clerk

    def _drop(self, channel: Channel, pid: int) -> None:
        self._own.clerk = None
        channel.close()
        self._open.discard(channel)
        with self._lock:
            self._first.send(b"end %d" % pid)
            self._first.receive()


def _be_first(end: socket.socket, jobs: Mapping[str, Job]) -> NoReturn:
    """Forks clerks, and ends them, until the conductor hangs up."""
    try:
        _settle_in(end.fileno())
        channel = Channel(end, takes_fds=True)
        while True:
            header, _ = channel.receive()
            word, _, number = header.partition(b" ")
            if word == b"end":
                os.kill(int(number), signal.SIGKILL)
                os.waitpid(int(number), 0)
                channel.send(b"")
                continue
            (fd,) = channel.take_fds()
            pid = os.fork()
            if pid == 0:
                _settle_in(fd)
                _be_clerk(Channel(socket.socket(fileno=fd)), jobs)
            os.close(fd)
            channel.send(b"%d" % pid)
    except Gone:
        os._exit(0)
    finally:
        os._exit(1)


def _settle_in(own: int) -> None:
    """Ends with its parent, leaves Ctrl-C to that, and lets go of all files but its own."""
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    os.closerange(3, own)
    os.closerange(own + 1, most if most > 0 else 2**16)


def _be_clerk(channel: Channel, jobs: Mapping[str, Job]) -> NoReturn:
    try:
        begun = _pages()
        most = begun[0] + MEMORY
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_AS, (most, most))
        while True:
            header, question = channel.receive()
            try:
                answer = jobs[header.decode()](question)
            except MemoryError:
                channel.send(_NO_MEMORY)
                break
            except Exception as error:
                said = f"{type(error).__name__}: {error}"[:1000]
                channel.send(_RAISED + said.encode("utf-8", "replace"))
                break
            last = _pages()[1] - begun[1] > _GROWN
            channel.send(_LAST if last else _DONE, answer)
    except Gone:
        pass
    finally:
        os._exit(0)


def _pages() -> tuple[int, int]:
    """Bytes of this process: of its addresses, and of memory."""
    try:
        with open("/proc/self/statm") as file:
            size, resident = file.read().split()[:2]
    except OSError:
        return 2**32, 0
    page = resource.getpagesize()
    return int(size) * page, int(resident) * page
