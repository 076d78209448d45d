"""What learners' code runs in: a warm process, and children of it for each notebook.

    with Engine() as engine:
        result = grade_one(assignment, path, engine)

An `Engine` may be used by several threads at a time: each notebook that is being graded has
processes of its own.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sysconfig
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from grader.host.engine.child import Child, Ended
from grader.host.engine.files import Files
from grader.host.engine.forking import Room
from grader.host.engine.once import Once
from grader.host.engine.rooms import Rooms
from grader.host.engine.settings import EngineSettings
from grader.protocol.errors import GraderError, NotSetUp
from grader.protocol.limits import MAX_MESSAGE, Limits
from grader.protocol.orders import Begin, Done, Role
from grader.protocol.wire import Gone

_log = logging.getLogger(__name__)

# Seconds after which a child that does not come up is tried again.
PAUSES = 0.5, 2.0, 5.0

T = TypeVar("T")


class Engine:
    """Forks players and judges.

    Attributes:
        settings: what it was made with.
        rooms: what they are forked from.
    """

    def __init__(self, settings: EngineSettings | None = None) -> None:
        self.settings = settings or EngineSettings()
        self.rooms = Rooms(self.settings)
        self._once = Once()
        self._threads: dict[int, int] = {}
        # Whether the last child that was tried did not come up.
        self._is_refused = False

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, _: TracebackType | None
    ) -> None:
        self.rooms.close(for_good=True)

    def close(self) -> None:
        """Ends all its processes. They are started again when they are needed."""
        self.rooms.close()

    def stop(self) -> None:
        """Ends everything at once and for good; any thread may call this."""
        self.rooms.stop()

    def remember(self, key: object, make: Callable[[], T]) -> T:
        """What `make` made the first time that it was asked for with this key.

        Who asks for another key meanwhile does not wait.
        """
        return self._once.get(key, make)

    def _cores(self) -> tuple[int, ...]:
        """The core of the calling thread's submissions; none where that can't be said."""
        if self.settings.cores is not None:
            return self.settings.cores
        if not hasattr(os, "sched_getaffinity"):
            return ()
        cores = sorted(os.sched_getaffinity(0))
        number = self._threads.setdefault(threading.get_ident(), len(self._threads))
        return (cores[number % len(cores)],)

    def fork_alone(self) -> Child:
        """A player that sees neither the course nor anything else that this engine shows.

        It may use less than others. Without the sandbox it sees what the teacher sees.

        Raises:
            GraderError: when there can be none.
        """
        shown = self.settings.show
        names = [Path(inside).name for inside in shown]
        packages = {sysconfig.get_path(kind) for kind in ("purelib", "platlib")}
        # What the course shows may be installed, too.
        covered = [f"{folder}/{name}" for folder in packages for name in names]
        covered += ["/course", *(path for path in shown if not path.startswith("/course/"))]
        room, limits = self.rooms.importing(), self.settings.limits.alone()
        return self._tried("player", Files(), partial(self._fork, room, "player", limits, covered))

    def fork(self, room: Room, role: Role, files: Files) -> Child:
        """A player or a judge with its working folder.

        Raises:
            GraderError: when the room does not fork.
            NotSetUp: when its process does not come up, though it was tried again after a while.
            Ended: when the folder can't hold the files.
        """
        limits = self.settings.limits
        return self._tried(role, files, partial(self._fork, room, role, limits, ()))

    def _tried(self, role: Role, files: Files, fork: Callable[[Files], Child]) -> Child:
        # Where nobody's came up a moment ago, nobody waits as long again.
        for pause in (0.0, *(PAUSES[:1] if self._is_refused else PAUSES)):
            time.sleep(pause)
            try:
                child = fork(files)
            except Ended as ended:
                why = ended
                _log.warning("A process for a %s %s.", role, ended)
            else:
                self._is_refused = False
                return child
        self._is_refused = True
        if files.paths:
            with contextlib.suppress(Ended):
                fork(Files()).end()
                self._is_refused = False
        if not self._is_refused:
            # It may have been these files. If not, it goes on after all.
            return fork(files)
        raise NotSetUp(f"A process for learners' code could not be set up: it {why}.")

    def _fork(
        self,
        room: Room,
        role: Role,
        limits: Limits,
        covered: Sequence[str],
        files: Files,
    ) -> Child:
        """A child that has its folder: that of its room or a new one.

        Raises:
            Ended: when it does not come up.
        """
        warm, most = room.warm, self.settings.output_limit
        # A core of its own for each worker, so that one submission can't starve another.
        limits = replace(limits, cores=self._cores())
        try:
            child = warm.fork(role, limits, most, covered)
        except Gone:
            try:
                self.rooms.revive(room, warm)
                child = room.warm.fork(role, limits, most, covered)
            except Gone:
                why = "A process for learners' code could not be made."
                raise GraderError(why) from None
        sizes, data = files.pack()
        # In the sandbox everybody's /tmp is another, and the number of a folder would tell how many
        # processes others have needed; else folders must differ.
        folder = room.warm.folder if self.settings.shut_in else self.rooms.new_folder()
        try:
            child.ask(Begin(folder, sizes, most), Done, body=data)
        except Ended as ended:
            said = child.take_raw().get("stderr", "").strip().splitlines()[-1:]
            raise Ended(f"{ended}{''.join(f' ({line[:MAX_MESSAGE]})' for line in said)}") from None
        return child
