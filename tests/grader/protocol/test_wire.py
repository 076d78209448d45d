"""Messages between processes."""

from __future__ import annotations

import fcntl
import resource
import socket
import time

import pytest

from grader.protocol import wire
from grader.protocol.wire import Channel, Gone, Silent


def test_what_has_come_is_read_though_the_time_is_up():
    ours, theirs = map(Channel, wire.pair())
    theirs.send(b"{}", b"body")
    assert ours.receive(time.monotonic() - 1) == (b"{}", b"body")
    with pytest.raises(wire.Silent):
        ours.receive(time.monotonic() - 1)


def test_an_end_that_was_closed_here_is_gone():
    ours, _theirs = map(Channel, wire.pair())
    ours.close()
    with pytest.raises(wire.Gone):
        ours.receive(time.monotonic() + 1)
    with pytest.raises(wire.Gone):
        ours.send(b"{}", b"body", deadline=time.monotonic() + 1)


def test_descriptors_may_have_large_numbers():
    """As with a hundred workers: select(2) knows none above 1,023."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2100:
        pytest.skip("there can be none here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (2100, hard))
    try:
        ours, theirs = wire.pair()
        large = socket.socket(fileno=fcntl.fcntl(ours, fcntl.F_DUPFD_CLOEXEC, 2000))
        channel, other = Channel(large), Channel(theirs)
        with pytest.raises(wire.Silent):
            channel.receive(time.monotonic() + 0.01)
        other.send(b"{}", b"body")
        assert channel.receive(time.monotonic() + 1) == (b"{}", b"body")
        assert wire.ready([large.fileno()], 0, writing=True) == {large.fileno()}
        assert wire.ready([large.fileno()], 0) == set()
        channel.close()
        ours.close()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_an_urgent_byte_keeps_nobody_waiting():
    ours, theirs = wire.pair()
    with theirs:
        theirs.send(b"x", socket.MSG_OOB)
        channel = Channel(ours)
        begun = time.monotonic()
        with pytest.raises((Gone, Silent)):
            channel.receive(begun + 0.5)
        assert time.monotonic() - begun < 5
        channel.close()
