"""Messages between processes."""

from __future__ import annotations

import time

import pytest

from grader.protocol import wire
from grader.protocol.wire import Channel


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
