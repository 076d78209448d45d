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
