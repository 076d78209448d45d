"""The warm process, and the rooms that it forks: each has run one notebook's first cells."""

from __future__ import annotations

import contextlib
import itertools
import logging
import threading
import time
from collections.abc import Callable, Sequence

from grader.host.engine.files import Files
from grader.host.engine.forking import Room, Warm
from grader.host.engine.launcher import Zygote
from grader.host.engine.once import Once
from grader.host.engine.settings import EngineSettings
from grader.protocol.errors import GraderError
from grader.protocol.wire import Gone

_log = logging.getLogger(__name__)


class Rooms:
    """Starts the warm process when it is needed, and has it fork rooms, each of them once."""

    def __init__(self, settings: EngineSettings) -> None:
        self._settings = settings
        self._process: Zygote | None = None
        self._zygote: Warm | None = None
        self._rooms: dict[tuple[object, ...], Room] = {}
        self._replaced: list[Warm] = []
        self._once = Once()
        self._lock = threading.RLock()
        # Who revives a room may have to revive the one that it comes from.
        self._reviving = threading.RLock()
        self._stopped = False
        self._folders = itertools.count(1)

    def start(self) -> None:
        """Starts the warm process unless it runs, and waits for it.

        Everything else does so by itself. The process ends with the thread that starts it: call
        this, or `launch`, from one that lives as long as it.

        Raises:
            GraderError: when there is no fork or no sandbox on this system, or the process does
                not come up.
        """
        with self._lock:
            self.launch()
            if self._zygote is not None:
                return
            assert self._process is not None
            try:
                begun = time.monotonic()
                self._zygote = Warm(self._process.wait(), "", self._settings.shut_in)
                _log.info("The warm process was there after %.1f s.", time.monotonic() - begun)
            except GraderError:
                self.close()
                raise

    def launch(self) -> None:
        """Starts the warm process unless it runs, without waiting for it.

        Raises:
            GraderError: when there is no fork or no sandbox on this system.
        """
        with self._lock:
            if self._stopped:
                raise GraderError("Stopped.")
            if not self._is_alive():
                self.close()
                self._process = Zygote(self._settings)

    def close(self, for_good: bool = False) -> None:
        """Ends the warm process and all that it forked; nobody starts it again if `for_good`."""
        self._stopped |= for_good
        with self._lock:
            for warm in [*self._replaced, *(room.warm for room in list(self._rooms.values()))]:
                warm.close()
            self._replaced.clear()
            self._rooms.clear()
            self._zygote = None
            if self._process is not None:
                self._process.close()
                self._process = None

    def stop(self) -> None:
        """Ends everything at once and for good; any thread may call this."""
        self._stopped = True
        process = self._process
        if process is not None:
            process.kill()

    def _is_alive(self) -> bool:
        process = self._process
        return process is not None and process.is_alive

    def new_folder(self) -> str:
        """A working folder: inside the sandbox, or else a real one that `close` removes."""
        number = next(self._folders)
        folder = self._process.scratch if self._process else None
        return f"{folder}/{number}" if folder else f"/tmp/work{number}"

    def room(self, cells: Sequence[str], files: Files, modules: Sequence[str] = ()) -> Room:
        """A process that has imported modules and run these cells; made once, then kept.

        Where it is not safe to fork a process that has run them, it has only imported, and leaves
        the cells to its children.

        Raises:
            GraderError: when the warm process cannot be started.
        """
        paths = sorted((name, str(path)) for name, path in files.paths.items())
        key = (tuple(cells), tuple(paths), tuple(modules))

        def make() -> Room:
            return self._make(files, cells, modules) or self.importing(modules)

        return self._made_once(key, make)

    def importing(self, modules: Sequence[str] = ()) -> Room:
        """A process that has imported modules and run no cell.

        Where it is not safe to fork one that has imported these, it has not.

        Raises:
            GraderError: when the warm process cannot be started.
        """

        def make() -> Room:
            made = self._make(Files(), modules=modules)
            if made is None and not modules:
                raise GraderError("The process for learners' code has ended.")
            return made or self.importing()

        return self._made_once(("imports", tuple(modules)), make)

    def import_soon(self, modules: Sequence[str]) -> None:
        """Has the room of `importing` with these modules made meanwhile. Who asks for it waits.

        Raises:
            GraderError: when there is no fork or no sandbox on this system.
        """
        # By this thread: the process ends with the one that launches it.
        self.launch()

        def make() -> None:
            # What fails now fails again for whoever needs the room.
            with contextlib.suppress(GraderError, Gone):
                self.importing(modules)

        threading.Thread(target=make, name="imports", daemon=True).start()

    def _made_once(self, key: tuple[object, ...], make: Callable[[], Room]) -> Room:
        """The room with this key. Who asks for another while it is made does not wait.

        Raises:
            GraderError: when the warm process cannot be started.
        """
        known = self._rooms.get(key)
        if known is not None and self._is_alive():
            return known
        self.start()
        with self._once.making(key):
            if key not in self._rooms:
                self._rooms[key] = make()
            return self._rooms[key]

    def revive(self, room: Room, dead: Warm) -> None:
        """Gives a room a new process in the place of one that does not answer.

        Raises:
            GraderError: when another can't be had.
        """
        with self._reviving:
            if room.warm is not dead:
                return
            dead.close()
            made = self._make(room.files, room.cells, room.modules)
            if made is None:
                raise GraderError("A process for learners' code could not be made.")
            room.warm = made.warm
            if not any(known is room for known in list(self._rooms.values())):
                # Everything was made anew: nobody else closes it.
                self._replaced.append(made.warm)

    def _make(
        self, files: Files, cells: Sequence[str] = (), modules: Sequence[str] = ()
    ) -> Room | None:
        """A new room; None when it can't be made or forked.

        One that runs cells comes from one that has imported what they import: TensorFlow takes
        seconds.

        Raises:
            GraderError: when the warm process cannot be started.
        """
        for _ in range(2):
            self.start()
            parent = self.importing(modules) if cells else None
            asked = parent.warm if parent else self._zygote
            try:
                if asked is None:
                    raise Gone("closed")
                return asked.fork_room(self.new_folder(), files, cells, modules, self._settings)
            except Gone:
                if parent is not None and asked is not None and self._is_alive():
                    # Another thread may have done so meanwhile: not what it made.
                    self.revive(parent, asked)
                else:
                    # The warm process has ended, too: another one.
                    self.close()
        raise GraderError("The process for learners' code has ended.")
