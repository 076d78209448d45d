"""The conductor's end of a process that forks children."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from grader.host.engine.child import SLACK, Child, Ended
from grader.host.engine.files import Files
from grader.host.engine.launcher import START_TIMEOUT
from grader.host.engine.settings import EngineSettings
from grader.protocol import wire
from grader.protocol.limits import Limits
from grader.protocol.orders import (
    Begin,
    End,
    Exited,
    ForkChild,
    Forked,
    ForkRoom,
    Order,
    Ready,
    Role,
)
from grader.protocol.outputs import Name, Report
from grader.protocol.wire import Channel, Gone, Silent

# The longest report on a cell that is believed.
MAX_REPORT = 32 * 2**20
# All that can be written to in the sandbox. Every child has others.
_OWN_FOLDERS = "/tmp", "/dev/shm"

T = TypeVar("T")


class Warm:
    """A process that forks children: the zygote, or a room of it."""

    def __init__(self, channel: Channel, folder: str, namespaces: bool) -> None:
        self.folder = folder
        self._channel = channel
        self._namespaces = namespaces
        self._lock = threading.Lock()
        # Whether it did not answer once.
        self.gone = False

    def ask(
        self,
        order: Order,
        reply: type[T],
        body: bytes = b"",
        fds: Sequence[int] = (),
        seconds: float = SLACK,
    ) -> T:
        """Has it do something, which is to take no time unless `seconds` says so.

        Args:
            reply: what it has to answer.

        Raises:
            Gone: when it does not answer.
        """
        with self._lock:
            try:
                self._channel.send(wire.encode(order), body, fds, time.monotonic() + SLACK)
                header, _ = self._channel.receive(time.monotonic() + seconds)
            except Silent:
                # A reply that came late would be taken for the next one.
                self._channel.close()
                self.gone = True
                raise Gone("silent") from None
            except Gone:
                self.gone = True
                raise
        return wire.decode(header, reply)

    def fork(
        self, role: Role, limits: Limits, output_limit: int, covered: Sequence[str] = ()
    ) -> Child:
        """A new child, in a world of its own.

        Args:
            covered: files and folders that are empty there.

        Raises:
            Gone: when there is nobody to fork.
            Ended: when it can't be forked.
        """
        ours, theirs = wire.pair()
        names: tuple[Name, ...] = ("stdout", "stderr")
        pipes = {name: os.pipe() for name in names}
        order = ForkChild(role, limits, self._namespaces, list(covered))
        try:
            fds = [theirs.fileno(), *(writing for _, writing in pipes.values())]
            forked = self.ask(order, Forked, fds=fds)
            if forked.problem:
                raise Ended(f"could not be made ({forked.problem.rstrip('.')})")
        except (Gone, Ended):
            ours.close()
            for reading, _ in pipes.values():
                os.close(reading)
            raise
        finally:
            theirs.close()
            for _, writing in pipes.values():
                os.close(writing)
        for reading, _ in pipes.values():
            os.set_blocking(reading, False)
        raw = {reading: name for name, (reading, _) in pipes.items()}
        control = Channel(ours, max_header=MAX_REPORT, max_body=0)
        return Child(self, forked.pid, control, raw, output_limit)

    def fork_room(
        self,
        folder: str,
        files: Files,
        cells: Sequence[str],
        modules: Sequence[str],
        settings: EngineSettings,
    ) -> Room | None:
        """A room: imports these modules, then runs these cells. None when it must not be forked.

        Args:
            folder: where it and its children work.

        Raises:
            Gone: when there is nobody to fork.
        """
        sizes, data = files.pack()
        ours, theirs = wire.pair()
        order = ForkRoom(
            Begin(folder, sizes, settings.output_limit),
            list(cells),
            list(modules),
            settings.many,
            watched=list(_OWN_FOLDERS) if settings.shut_in else [folder],
        )
        channel = Channel(ours)
        try:
            with theirs:
                pid = self.ask(order, Forked, data, [theirs.fileno()]).pid
        except Gone:
            channel.close()
            raise
        try:
            seconds = settings.timeout * len(cells) + START_TIMEOUT
            ready = wire.decode(channel.receive(time.monotonic() + seconds)[0], Ready)
        except (Gone, Silent):
            ready = Ready([], safe=False)
        if ready.safe:
            warm = Warm(channel, folder, settings.shut_in)
            return Room(warm, ready.played, files, tuple(cells), tuple(modules))
        channel.close()
        self.ask(End(pid), Exited)
        return None

    def close(self) -> None:
        self._channel.close()


@dataclass
class Room:
    """A warm process of one notebook.

    Attributes:
        played: the reports of the cells that it has run already, in order.
        files, cells, modules: what it was made of.
    """

    warm: Warm
    played: Sequence[Report]
    files: Files
    cells: tuple[str, ...]
    modules: tuple[str, ...]
