"""A script in a Python of its own, and a judge with a player, each with an end of a socket."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import textwrap
import threading
import time

import msgspec
import pytest

from grader.protocol import wire
from grader.protocol.terms import Terms
from grader.protocol.values import Live
from grader.protocol.wire import Channel, Gone
from grader.sandboxed.calls.budget import CallBudget, Stopped
from grader.sandboxed.calls.peer import Peer
from grader.sandboxed.calls.rules import Discovering, Enforcing


def run(script: str) -> list[str]:
    """The lines that a script prints in a Python of its own."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        env={"OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0", "PYTHONPATH": ":".join(sys.path)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


# --- Two peers in one process ------------------------------------------------------------------


class Node:
    """A class of a given cell."""

    def __init__(self, value):
        self.value = value
        self.parent = None
        self.children = []

    def add(self, child):
        child.parent = self
        self.children.append(child)


class GivenError(ValueError):
    """An error of a given cell."""


def double(x):
    """A function of a given cell."""
    return x + x


GIVEN = {"Node": Node, "GivenError": GivenError, "double": double}


HANDLE = Live(1, "function", "f", ["__call__"])


class Judge(Peer):
    def __init__(self, *args):
        super().__init__(*args)
        self.said = []
        self.names = {}

    def on_said(self, said):
        self.said.extend(said)

    def on_changed(self, name, value):
        self.names[name] = value

    def __getitem__(self, name):
        return self.take(name)[1]


class Player(Peer):
    @contextlib.contextmanager
    def capture(self):
        yield list(self.shown)

    shown = ()


@pytest.fixture
def talk():
    """Makes a judge whose player has these names."""
    opened = []

    def make(terms=None, shown=(), budget=None, given=GIVEN, withhold=False, **names):
        ours, theirs = map(Channel, wire.pair())
        player = Player(theirs, given, names, True)
        player.shown = shown

        def serve():
            with contextlib.suppress(Gone, Stopped):
                while True:
                    player.serve()

        thread = threading.Thread(target=serve)
        thread.start()
        opened.append((thread, ours, theirs))
        judge = Judge(ours, given)
        rules = Discovering() if terms is None else Enforcing(terms, withhold)
        judge.begin(rules, budget or CallBudget(time.monotonic() + 20))
        judge.player = player
        return judge

    yield make
    for thread, ours, theirs in opened:
        with contextlib.suppress(OSError):
            ours.socket.shutdown(2)
        thread.join(5)
        assert not thread.is_alive()
        ours.close()
        theirs.close()


@pytest.fixture
def hear():
    """Makes a judge whose player says what it is told to, whatever it is asked."""
    channels = []

    def make(*messages, terms=None, lent=()):
        ours, theirs = wire.pair()
        ours, theirs = Channel(ours), Channel(theirs)
        channels.extend([ours, theirs])
        judge = Judge(ours, GIVEN)
        judge.begin(Enforcing(terms or Terms()), CallBudget(time.monotonic() + 2))
        judge.theirs = theirs
        for message in messages:
            raw = message if isinstance(message, bytes) else msgspec.msgpack.encode(message)
            theirs.send(raw)
        return judge

    yield make
    for channel in channels:
        channel.close()


def handle(judge, node=HANDLE):
    return judge._handle(node)
