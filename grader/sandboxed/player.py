"""The player's side: runs cells, gives answers, lets its functions be called.

This code shares its process with the learner's and is not believed by anybody: whatever it is made
to say is only data to those who read it.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from grader.protocol import wire
from grader.protocol.calls import Said
from grader.protocol.orders import TO_PLAYER, Begin, Done, Meet, RunBeside, RunCell, Wait
from grader.protocol.outputs import Display, Error, Report, Stream
from grader.protocol.wire import Channel, Gone
from grader.sandboxed.calls.peer import Peer
from grader.sandboxed.cells import Shell, defined_by_given, run_cell, settle_in
from grader.sandboxed.outputs import captured

# Characters that a call may show.
_CALL_OUTPUT = 100_000


class PlayerPeer(Peer):
    """Answers the judge."""

    @contextmanager
    def capture(self) -> Iterator[list[Said]]:
        me = os.getpid()
        said: list[Said] = []
        with captured(_CALL_OUTPUT) as outputs:
            yield said
        for output in outputs:
            match output:
                case Stream(name, text):
                    said.append(Stream(name, _whole(text)))
                case Display(data):
                    said.append(
                        Display({_whole(mime): _whole(text) for mime, text in data.items()})
                    )
        if os.getpid() != me:
            os._exit(0)


def _whole(text: str) -> str:
    """Text that can be sent: half a character becomes a question mark."""
    return text.encode("utf-8", "replace").decode()


def play(shell: Shell, channel: Channel, given: dict[str, Any]) -> None:
    """Does what the conductor says until it hangs up.

    Args:
        given: what the given cells that ran already define; see `defined_by_given`.
    """
    peer: PlayerPeer | None = None
    waiting: dict[int, int] = {}
    # Whether a test has called something since the last cell.
    called = False
    while True:
        watched = [channel] if peer is None else [channel, peer.channel]
        ready = wire.ready([each.fileno() for each in watched], None)
        if peer is not None and peer.channel.fileno() in ready:
            try:
                peer.serve()
            except Gone:
                peer.channel.close()
                peer = None
            called = True
            continue
        try:
            header, body = channel.receive()
        except Gone:
            return
        reply: Done | Report = Done()
        match order := wire.decode(header, TO_PLAYER):
            case Begin():
                settle_in(shell, order, body)
            case RunCell(source):
                if called:
                    _close_figures()
                    called = False
                reply = run_cell(shell, source, seen=order.seen)
                if peer is not None:
                    peer.settled()
                if order.given:
                    defined_by_given(shell, source, given, order.defines)
            case Meet():
                (fd,) = channel.take_fds()
                end = Channel(socket.socket(fileno=fd))
                peer = PlayerPeer(end, given, shell.user_ns, trusted=True)
                peer.filed = shell.filed
            case Wait(number):
                waiting[number] = _wait_for_test(shell, peer)
            case RunBeside(number):
                reply = _run_beside(waiting.pop(number), order)
        channel.send(wire.encode(reply))


def _close_figures() -> None:
    """Those that calls have left open, as they would be at the end of the test's cell."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    with contextlib.suppress(Exception):
        if pyplot is not None:
            pyplot.close("all")


def _wait_for_test(shell: Shell, peer: PlayerPeer | None) -> int:
    """Forks this process as it is now; the fork runs one test once it gets it.

    Returns:
        The descriptor to talk to it.
    """
    ours, theirs = wire.pair()
    copy = _copy_of_folder()
    # Python seeds its generator anew in a fork.
    drawn = random.getstate()
    if os.fork() != 0:
        theirs.close()
        return ours.detach()
    try:
        ours.close()
        random.setstate(drawn)
        if copy is not None:
            os.chdir(copy)
        if peer is not None:
            peer.channel.close()
        channel = Channel(theirs)
        header, _ = channel.receive()
        order = wire.decode(header, RunBeside)
        for source in order.before:
            run_cell(shell, source)
        channel.send(wire.encode(run_cell(shell, order.source)))
    finally:
        os._exit(0)


# Bytes of a working folder that is copied, and of all copies: /tmp is the learner's, too.
_SMALL = 16 * 2**20
_ALL = 4 * _SMALL
_copied = 0


def _copy_of_folder() -> str | None:
    """The working folder as it is now, for a test that runs when later cells have changed it."""
    global _copied
    copy = None
    try:
        names = [os.path.join(path, name) for path, _, files in os.walk(".") for name in files]
        size = sum(os.lstat(name).st_size for name in names)
        if len(names) <= 1000 and size <= min(_SMALL, _ALL - _copied):
            copy = tempfile.mkdtemp(prefix="beside-")
            shutil.copytree(".", copy, symlinks=True, dirs_exist_ok=True)
            _copied += size
    except Exception:
        # Better the folder itself than half of it.
        if copy is not None:
            shutil.rmtree(copy, ignore_errors=True)
        return None
    return copy


def _run_beside(fd: int, order: RunBeside) -> Report:
    """Has a fork run its test."""
    channel = Channel(socket.socket(fileno=fd))
    try:
        channel.send(wire.encode(order))
        header, _ = channel.receive()
        return wire.decode(header, Report)
    except Gone:
        text = "The test ended its process."
        return Report([Error("ProcessEnded", text, [text])])
    finally:
        channel.close()
