"""The conductor's end of a player or a judge."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

import msgspec

from grader.protocol import decoders, wire
from grader.protocol.orders import Done, End, Exited, Interrupt, Order, Pause, Stood
from grader.protocol.outputs import Name
from grader.protocol.wire import Channel, Gone, Silent

if TYPE_CHECKING:
    from grader.host.engine.forking import Warm

# Seconds between the interrupt of a cell and the end of its process.
GRACE = 2.0
# Seconds that a process gets to end by itself once it does not talk any more.
_PATIENCE = 0.3
# Seconds that one of our own processes may take for what takes none.
SLACK = 20.0

# Seconds that the kernel may take to clear away what a process and all that it started leave.
# Whoever has forked it waits for that, and is not to be taken for dead: its other children were.
CLEARING = 120.0

# Bytes that a report may take in memory: for each character that a cell may show, and besides.
_WIDEST, _ROOM_BESIDE = 16, 8 * 2**20
# In JSON, what makes all of a text four bytes wide.
_WIDE = re.compile(rb"[\xf0-\xff]|\\u[dD][89abAB]")

T = TypeVar("T")


class Ended(Exception):
    """A child is no more; the text is a clause that says how ("took more than 30 s …").

    Attributes:
        slow: whether its time was up.
    """

    def __init__(self, how: str, slow: bool = False) -> None:
        super().__init__(how)
        self.slow = slow


class Child:
    """A player or a judge.

    Args:
        control: the conductor's end of its socket.
        raw: by name of the stream, what it writes past Python comes here.
        output_limit: how much of that is kept, in bytes of each stream.
    """

    def __init__(
        self, warm: Warm, pid: int, control: Channel, raw: dict[int, Name], output_limit: int
    ) -> None:
        self._warm = warm
        self._pid = pid
        self._control = control
        self._raw = raw
        self._output_limit = output_limit
        self._caught: dict[Name, bytearray] = {"stdout": bytearray(), "stderr": bytearray()}
        self._alive = True

    # One that this one may call, so that what it writes past Python is read meanwhile, too.
    calls: Child | None = None
    # Whether it was ended for what another one did.
    ended_in_vain = False
    # Of the last thing that it was asked: whether it was interrupted, and how long it took.
    interrupted = False
    seconds = 0.0

    def ask(
        self,
        order: Order,
        reply: type[T],
        seconds: float = SLACK,
        body: bytes = b"",
        fds: Sequence[int] = (),
    ) -> T:
        """Has it do something.

        Args:
            reply: what it has to answer.
            seconds: after these it is interrupted, and ended if that does not help.

        Raises:
            Ended: when it does not live to reply, or says something else; it is cleared away then.
        """
        if not self._alive:
            raise Ended("had ended before")
        self.interrupted = False
        begun = time.monotonic()
        try:
            # A process that reads its messages does so at once.
            self._control.send(wire.encode(order), body, fds, time.monotonic() + SLACK)
            try:
                answer = self._receive(seconds)
            except Silent:
                self.interrupted = True
                self._warm.ask(Interrupt(self._pid), Done)
                answer = self._receive(GRACE)
            if _may_take(answer) > _WIDEST * self._output_limit + _ROOM_BESIDE:
                raise msgspec.DecodeError("more than a cell may show")
            decoded = decoders.from_json(reply).decode(answer)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            # Only the learner's own code can say such a thing.
            self.end()
            raise Ended("broke the process it ran in") from None
        except Silent:
            self.end()
            took = f"took more than {seconds:g} s and could not be interrupted"
            raise Ended(took, slow=True) from None
        except Gone as gone:
            raise Ended(self._how(self.end(patience=_PATIENCE), gone)) from None
        self.seconds = time.monotonic() - begun
        return decoded

    def pause(self, stop: bool) -> bool:
        """Has it and all that it started stand still, or go on.

        Returns:
            Whether they do, or have done so since they were stopped.
        """
        with contextlib.suppress(Gone):
            if self._alive:
                return self._warm.ask(Pause(self._pid, stop), Stood).still
        return True

    def _receive(self, seconds: float) -> bytes:
        """The reply, while what is written past Python is kept from filling its pipe."""
        deadline = time.monotonic() + seconds
        while True:
            left = deadline - time.monotonic()
            control = self._control.fileno()
            called = {} if self.calls is None else self.calls._raw
            ready = wire.ready([control, *self._raw, *called], left)
            if control in ready:
                header, _ = self._control.receive(max(deadline, time.monotonic() + GRACE))
                self._read_raw()
                return header
            # Who writes without end is read without end, but for this.
            if not ready or left < 0:
                raise Silent
            self._read_raw()
            if self.calls is not None:
                self.calls._read_raw()

    def _read_raw(self) -> None:
        for fd, name in list(self._raw.items()):
            try:
                data = os.read(fd, 65536)
            except BlockingIOError:
                continue
            caught = self._caught[name]
            caught += data[: max(0, self._output_limit - len(caught))]
            if not data:
                os.close(fd)
                del self._raw[fd]

    def take_raw(self) -> dict[Name, str]:
        """What was written past Python since the last time, by name of the stream."""
        taken = {name: data.decode("utf-8", "replace") for name, data in self._caught.items()}
        for data in self._caught.values():
            data.clear()
        return {name: text for name, text in taken.items() if text}

    @staticmethod
    def _how(status: int | None, gone: Gone) -> str:
        if status is None or str(gone) not in ("closed",):
            return "broke the process it ran in"
        if status < 0:
            return f"ended the process ({_signal_name(-status)})"
        return f"ended the process (exit status {status})"

    def end(self, patience: float = 0.0) -> int | None:
        """Ends it, and all that it started; its exit status.

        Args:
            patience: seconds that it gets to end by itself.
        """
        if not self._alive:
            return None
        self._alive = False
        self._control.close()
        try:
            exited = self._warm.ask(End(self._pid, patience), Exited, seconds=CLEARING)
        except Gone:
            exited = None
        self._read_raw()
        for fd in self._raw:
            os.close(fd)
        self._raw = {}
        if exited is None:
            return None
        self.ended_in_vain = exited.in_vain
        return exited.status


def _may_take(report: bytes) -> int:
    """The most memory that what it says may take, in bytes."""
    if len(report) < _ROOM_BESIDE // 4:
        return len(report)
    if _WIDE.search(report):
        return 4 * len(report)
    return (1 if report.isascii() and b"\\u" not in report else 2) * len(report)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
