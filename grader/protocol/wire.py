"""Frames over Unix sockets: how the conductor, its children, player and judge speak to each other.

A frame is eight bytes of lengths (header, body; big-endian), the header as JSON or MessagePack, and
the body as raw bytes. File descriptors travel with the first bytes of a frame. Nobody on the other
side is believed: lengths are checked before anything is read.
"""

from __future__ import annotations

import math
import os
import select
import socket
import struct
import time
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import msgspec

from grader.protocol import decoders

# The longest header and body that are believed: one cell's outputs, one answer's buffers.
MAX_HEADER = 64 * 2**20
MAX_BODY = 512 * 2**20
_LENGTHS = struct.Struct(">II")
_MAX_FDS = 8
_SMALL = 2**16
# Seconds of one poll(2), which counts milliseconds with 32 bits.
_LONGEST = 10**6

T = TypeVar("T")


class Gone(Exception):
    """The other side has closed, or speaks no frames."""


class Silent(Exception):
    """Nothing came in time."""


class Channel:
    """One end of a socket that carries frames.

    Args:
        max_header: longer headers end the conversation.
        max_body: longer bodies do, too.
        takes_fds: whether descriptors may come; otherwise the kernel drops them.
    """

    def __init__(
        self,
        end: socket.socket,
        max_header: int = MAX_HEADER,
        max_body: int = MAX_BODY,
        takes_fds: bool = False,
    ) -> None:
        self.socket = end
        self.max_header = max_header
        self.max_body = max_body
        self._takes_fds = takes_fds
        self._buffer = bytearray()
        self._fds: deque[int] = deque()

    def fileno(self) -> int:
        return self.socket.fileno()

    def close(self) -> None:
        for fd in self._fds:
            os.close(fd)
        self._fds.clear()
        self.socket.close()

    def send(
        self,
        header: bytes,
        body: bytes = b"",
        fds: Sequence[int] = (),
        deadline: float | None = None,
    ) -> None:
        """Sends one frame.

        Args:
            deadline: on the clock of `time.monotonic`; None waits for ever.

        Raises:
            Gone: when nobody reads.
            Silent: when the time is up. The conversation is broken then.
        """
        try:
            start = _LENGTHS.pack(len(header), len(body)) + header
            if fds:
                start = start[socket.send_fds(self.socket, [start], list(fds)) :]
            # In one piece where it is small, so that the other side wakes up once.
            parts = [start + body] if len(body) < _SMALL else [start, body]
            for part in parts:
                self._push(memoryview(part), deadline)
        except OSError as error:
            raise Gone(str(error)) from error

    def _push(self, data: memoryview, deadline: float | None) -> None:
        while data:
            try:
                data = data[self.socket.send(data, socket.MSG_DONTWAIT) :]
            except BlockingIOError:
                if not self._ready(deadline, writing=True):
                    raise Silent from None

    def receive(self, deadline: float | None = None) -> tuple[bytes, bytes]:
        """The next frame's header and body.

        Args:
            deadline: on the clock of `time.monotonic`; None waits for ever.

        Raises:
            Gone: when the other side has closed or sent no frame.
            Silent: when the time is up.
        """
        header, body = self._lengths(deadline)
        self._fill(_LENGTHS.size + header + body, deadline)
        start = _LENGTHS.size
        # A slice of the buffer itself would be one more copy.
        with memoryview(self._buffer) as buffer:
            head = bytes(buffer[start : start + header])
            tail = bytes(buffer[start + header : start + header + body])
        del self._buffer[: start + header + body]
        return head, tail

    def take_fds(self) -> list[int]:
        """The descriptors that have come so far; the caller owns them now."""
        taken = list(self._fds)
        self._fds.clear()
        return taken

    def _lengths(self, deadline: float | None) -> tuple[int, int]:
        self._fill(_LENGTHS.size, deadline)
        header, body = _LENGTHS.unpack_from(self._buffer)
        if header > self.max_header or body > self.max_body:
            raise Gone(f"a frame of {header + body} bytes")
        return header, body

    def _fill(self, size: int, deadline: float | None) -> None:
        while len(self._buffer) < size:
            self._wait(deadline)
            # No more than is asked for: what follows may be as long as it claims.
            want = min(size - len(self._buffer), 2**20) if len(self._buffer) >= 8 else 2**16
            try:
                data = self._take(want, 0 if deadline is None else socket.MSG_DONTWAIT)
            except OSError as error:
                raise Gone(str(error)) from error
            if not data:
                raise Gone("closed")
            self._buffer += data

    def _take(self, size: int, flags: int) -> bytes:
        """What is there. That nothing is, though poll(2) has said otherwise, is no frame: a byte
        that is marked as urgent (MSG_OOB) comes so, and whoever waits for it has no deadline."""
        if not self._takes_fds:
            return self.socket.recv(size, flags)
        data, fds, _, _ = socket.recv_fds(self.socket, size, _MAX_FDS, flags)
        self._fds.extend(fds)
        return data

    def _wait(self, deadline: float | None) -> None:
        if deadline is not None and not self._ready(deadline):
            raise Silent

    def _ready(self, deadline: float | None, writing: bool = False) -> bool:
        left = None if deadline is None else deadline - time.monotonic()
        try:
            return bool(ready([self.socket.fileno()], left, writing))
        except ValueError:
            # Another thread has closed this end meanwhile.
            raise Gone("closed") from None


def ready(numbers: Iterable[int], seconds: float | None, writing: bool = False) -> set[int]:
    """Which of these descriptors can be read, or have been closed; none when the time is up.

    select(2) would do, but for numbers below 1,024 only.

    Args:
        seconds: to wait; None waits for ever.
        writing: whether to ask for those that can be written.
    """
    poll = select.poll()
    for number in numbers:
        poll.register(number, select.POLLOUT if writing else select.POLLIN)
    most = None if seconds is None else math.ceil(1000 * min(max(seconds, 0), _LONGEST))
    return {number for number, _ in poll.poll(most)}


def encode(message: msgspec.Struct) -> bytes:
    """A message as JSON. Lone surrogates become question marks."""
    try:
        return msgspec.json.encode(message)
    except UnicodeEncodeError:
        return msgspec.json.encode(_mended(msgspec.to_builtins(message)))


def decode(data: bytes, form: type[T] | msgspec.json.Decoder[T]) -> T:
    """A message from JSON.

    Args:
        form: what it has to be.

    Raises:
        Gone: when it is none: the other side is not to be believed any more.
    """
    try:
        decoder = form if isinstance(form, msgspec.json.Decoder) else decoders.from_json(form)
        return decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Gone("a frame that is no message") from error


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_mended(key): _mended(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_mended(item) for item in value]
    return value


def pair() -> tuple[socket.socket, socket.socket]:
    """Two connected ends."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
