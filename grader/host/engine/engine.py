"""The conductor's end of the warm process: starts it, has it fork, talks to what it forked.

    with Engine() as engine:
        result = grade_one(assignment, path, engine)

An `Engine` may be used by several threads at a time: each notebook that is being graded has
processes of its own.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import sysconfig
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from grader.host.engine.child import Child, Ended
from grader.host.engine.files import Files
from grader.host.engine.forking import Room, Warm
from grader.host.engine.launcher import START_TIMEOUT, Zygote
from grader.host.engine.modules import PRELOAD
from grader.host.settings import OUTPUT_LIMIT, TIMEOUT
from grader.protocol import wire
from grader.protocol.errors import GraderError, NotSetUp
from grader.protocol.limits import MAX_MESSAGE, Limits
from grader.protocol.orders import (
    Begin,
    Done,
    End,
    Exited,
    Forked,
    ForkRoom,
    Ready,
    Role,
)
from grader.protocol.outputs import Report
from grader.protocol.wire import Channel, Gone, Silent

_log = logging.getLogger(__name__)

# All that can be written to in the sandbox. Every child has others.
_OWN_FOLDERS = "/tmp", "/dev/shm"

# Seconds after which a child that does not come up is tried again.
PAUSES = 0.5, 2.0, 5.0

T = TypeVar("T")


class Engine:
    """The warm process and its rooms.

    Args:
        preload: modules to import before the first notebook, `PRELOAD` by default; what is not
            installed is skipped.
        timeout: seconds a cell or a test may take.
        output_limit: characters of output kept of a cell.
        shut_in: whether to use the sandbox. Without one, learners' code can read, write and end
            whatever the teacher can.
        show: what of the course cells may read in the sandbox: path inside → file or folder. The
            folder /course is on Python's path.
        hide: files and folders that nobody is to read there, such as those of submissions, should
            they lie in what is seen.
        limits: for each child.
        keep: the folder in which contracts are kept from run to run; without, none is.
        follows_solution: whether a cell or test may take as long only as the solution lets expect
            (twenty times as long, and at least 15 s), where that is less than `timeout`.
        many: whether the warm process does at its start what makes each submission cheaper and
            takes more than a second: not worth while for a few.
        cores: on which submissions run, by number; without, each thread's have one of their own.
    """

    def __init__(
        self,
        preload: Iterable[str] | None = None,
        timeout: float = TIMEOUT,
        output_limit: int = OUTPUT_LIMIT,
        shut_in: bool = True,
        show: Mapping[str, Path] | None = None,
        limits: Limits | None = None,
        keep: Path | None = None,
        follows_solution: bool = False,
        many: bool = True,
        cores: tuple[int, ...] | None = None,
        hide: Collection[Path] = (),
    ) -> None:
        self.preload = tuple(PRELOAD if preload is None else preload)
        self.timeout = timeout
        self.output_limit = output_limit
        self.shut_in = shut_in
        self.show = dict(show or {})
        self.limits = limits or Limits()
        self.keep = keep
        self.follows_solution = follows_solution
        self.many = many
        self.cores = cores
        self.hide = tuple(hide)
        self._process: Zygote | None = None
        self._zygote: Warm | None = None
        self._rooms: dict[tuple[object, ...], Room] = {}
        self._lock = threading.RLock()
        # Who revives a room may have to revive the one that it comes from.
        self._reviving = threading.RLock()
        self._memory: dict[object, Any] = {}
        self._memory_lock = threading.Lock()
        self._making: dict[object, threading.Lock] = {}
        self._threads: dict[int, int] = {}
        self._stopped = False
        # Whether the last child that was tried did not come up.
        self._is_refused = False
        self._folders = itertools.count(1)
        self._replaced: list[Warm] = []

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, _: TracebackType | None
    ) -> None:
        # Nobody starts it again.
        self._stopped = True
        self.close()

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
                self._zygote = Warm(self._process.wait(), "", self.shut_in)
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
            if self._is_alive():
                return
            self.close()
            self._process = Zygote(self.preload, self.many, self.shut_in, self.show, self.hide)

    def remember(self, key: object, make: Callable[[], T]) -> T:
        """What `make` made the first time that it was asked for with this key.

        Who asks for another key meanwhile does not wait.
        """
        with self._being_made(key):
            if key not in self._memory:
                self._memory[key] = make()
            made: T = self._memory[key]
            return made

    @contextlib.contextmanager
    def _being_made(self, key: object) -> Iterator[None]:
        """While nobody else makes what has this key."""
        with self._memory_lock:
            lock = self._making.setdefault(key, threading.Lock())
        with lock:
            yield

    def close(self) -> None:
        """Ends the warm process and all that it forked."""
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

    def room(
        self,
        cells: Sequence[str],
        files: Files,
        modules: Sequence[str] = (),
    ) -> Room:
        """A warm process that has imported modules and run these cells; made once, then kept.

        Where it is not safe to fork a process that has run them, it has only imported, and leaves
        the cells to its children.

        Raises:
            GraderError: when the warm process cannot be started.
        """
        paths = sorted((name, str(path)) for name, path in files.paths.items())
        key = (tuple(cells), tuple(paths), tuple(modules))

        def make() -> Room:
            return self._make_room(files, cells, modules) or self.import_room(modules)

        return self._made_once(key, make)

    def _made_once(self, key: tuple[object, ...], make: Callable[[], Room]) -> Room:
        """The room with this key. Who asks for another while it is made does not wait.

        Raises:
            GraderError: when the warm process cannot be started.
        """
        known = self._rooms.get(key)
        if known is not None and self._is_alive():
            return known
        self.start()
        with self._being_made(("room", key)):
            if key not in self._rooms:
                self._rooms[key] = make()
            return self._rooms[key]

    def import_room(self, modules: Sequence[str]) -> Room:
        """A warm process that has imported modules and run no cell.

        Where it is not safe to fork one that has imported these, it has not.

        Raises:
            GraderError: when the warm process cannot be started.
        """

        def make() -> Room:
            made = self._make_room(Files(), modules=modules)
            if made is None and not modules:
                raise GraderError("The process for learners' code has ended.")
            return made or self.import_room(())

        return self._made_once(("imports", tuple(modules)), make)

    def import_soon(self, modules: Sequence[str]) -> None:
        """Has the `import_room` with these modules made meanwhile. Who asks for it waits for it.

        Raises:
            GraderError: when there is no fork or no sandbox on this system.
        """
        # By this thread: the process ends with the one that launches it.
        self.launch()

        def make() -> None:
            # What fails now fails again for whoever needs the room.
            with contextlib.suppress(GraderError, Gone):
                self.import_room(modules)

        threading.Thread(target=make, name="imports", daemon=True).start()

    def _is_alive(self) -> bool:
        process = self._process
        return process is not None and process.is_alive

    def _revive(self, room: Room, dead: Warm) -> None:
        """Gives a room a new process in the place of one that does not answer.

        Raises:
            GraderError: when another can't be had.
        """
        with self._reviving:
            if room.warm is not dead:
                return
            dead.close()
            made = self._make_room(room.files, room.cells, room.modules)
            if made is None:
                raise GraderError("A process for learners' code could not be made.")
            room.warm = made.warm
            if not any(known is room for known in list(self._rooms.values())):
                # Everything was made anew: nobody else closes it.
                self._replaced.append(made.warm)

    def _make_room(
        self,
        files: Files,
        cells: Sequence[str] = (),
        modules: Sequence[str] = (),
    ) -> Room | None:
        """A new room; None when it can't be made or forked.

        One that runs cells comes from one that has imported what they import: TensorFlow takes
        seconds.

        Raises:
            GraderError: when the warm process cannot be started.
        """
        for _ in range(2):
            self.start()
            parent = self.import_room(modules) if cells else None
            asked = parent.warm if parent else self._zygote
            try:
                if asked is None:
                    raise Gone("closed")
                made = self._ask_for_room(asked, self.new_folder(), files, cells, modules)
            except Gone:
                if parent is not None and asked is not None and self._is_alive():
                    # Another thread may have done so meanwhile: not what it made.
                    self._revive(parent, asked)
                else:
                    # The warm process has ended, too: another one.
                    self.close()
                continue
            if made is None:
                return None
            warm, played = made
            return Room(warm, played, files, tuple(cells), tuple(modules))
        raise GraderError("The process for learners' code has ended.")

    def _ask_for_room(
        self,
        asked: Warm,
        folder: str,
        files: Files,
        cells: Sequence[str],
        modules: Sequence[str],
    ) -> tuple[Warm, Sequence[Report]] | None:
        """Has a warm process fork a room; also what came of its cells. None when it must not be.

        Raises:
            Gone: when the process that was asked has ended.
        """
        sizes, data = files.pack()
        ours, theirs = wire.pair()
        order = ForkRoom(
            Begin(folder, sizes, self.output_limit),
            list(cells),
            list(modules),
            self.many,
            watched=list(_OWN_FOLDERS) if self.shut_in else [folder],
        )
        channel = Channel(ours)
        try:
            with theirs:
                pid = asked.ask(order, Forked, data, [theirs.fileno()]).pid
        except Gone:
            channel.close()
            raise
        try:
            seconds = self.timeout * len(cells) + START_TIMEOUT
            ready = wire.decode(channel.receive(time.monotonic() + seconds)[0], Ready)
        except (Gone, Silent):
            ready = Ready([], safe=False)
        if ready.safe:
            return Warm(channel, folder, self.shut_in), ready.played
        channel.close()
        asked.ask(End(pid), Exited)
        return None

    def _cores(self) -> tuple[int, ...]:
        """The core of the calling thread's submissions; none where that can't be said."""
        if self.cores is not None:
            return self.cores
        if not hasattr(os, "sched_getaffinity"):
            return ()
        cores = sorted(os.sched_getaffinity(0))
        number = self._threads.setdefault(threading.get_ident(), len(self._threads))
        return (cores[number % len(cores)],)

    def new_folder(self) -> str:
        """A working folder: inside the sandbox, or else a real one that `close` removes."""
        number = next(self._folders)
        folder = self._process.scratch if self._process else None
        return f"{folder}/{number}" if folder else f"/tmp/work{number}"

    def fork_alone(self) -> Child:
        """A player that sees neither the course nor anything else that this engine shows.

        It may use less than others. Without the sandbox it sees what the teacher sees.

        Raises:
            GraderError: when there can be none.
        """
        names = [Path(inside).name for inside in self.show]
        packages = {sysconfig.get_path(kind) for kind in ("purelib", "platlib")}
        # What the course shows may be installed, too.
        covered = [f"{folder}/{name}" for folder in packages for name in names]
        covered += ["/course", *(path for path in self.show if not path.startswith("/course/"))]
        return self._fork(
            self.import_room(()), "player", Files(), False, self.limits.alone(), covered
        )

    def fork(self, room: Room, role: Role, files: Files, reuse_folder: bool = True) -> Child:
        """A player or a judge with its working folder.

        Raises:
            GraderError: when the room does not fork.
            NotSetUp: when its process does not come up, though it was tried again after a while.
            Ended: when the folder can't hold the files.
        """
        return self._fork(room, role, files, reuse_folder, self.limits)

    def _fork(
        self,
        room: Room,
        role: Role,
        files: Files,
        reuse_folder: bool,
        limits: Limits,
        covered: Sequence[str] = (),
    ) -> Child:
        def make(files: Files) -> Child:
            return self._fork_once(room, role, files, reuse_folder, limits, covered)

        # Where nobody's came up a moment ago, nobody waits as long again.
        for pause in (0.0, *(PAUSES[:1] if self._is_refused else PAUSES)):
            time.sleep(pause)
            try:
                child = make(files)
            except Ended as ended:
                why = ended
                _log.warning("A process for a %s %s.", role, ended)
            else:
                self._is_refused = False
                return child
        self._is_refused = True
        if files.paths:
            with contextlib.suppress(Ended):
                make(Files()).end()
                self._is_refused = False
        if not self._is_refused:
            # It may have been these files. If not, it goes on after all.
            return make(files)
        raise NotSetUp(f"A process for learners' code could not be set up: it {why}.")

    def _fork_once(
        self,
        room: Room,
        role: Role,
        files: Files,
        reuse_folder: bool,
        limits: Limits,
        covered: Sequence[str],
    ) -> Child:
        """A child that has its folder.

        Raises:
            Ended: when it does not come up.
        """
        warm = room.warm
        # A core of its own for each worker, so that one submission can't starve another.
        limits = replace(limits, cores=self._cores())
        try:
            child = warm.fork(role, limits, self.output_limit, covered)
        except Gone:
            try:
                self._revive(room, warm)
                child = room.warm.fork(role, limits, self.output_limit, covered)
            except Gone:
                why = "A process for learners' code could not be made."
                raise GraderError(why) from None
        sizes, data = files.pack()
        # In the sandbox everybody's /tmp is another; else folders must differ.
        folder = room.warm.folder if self.shut_in and reuse_folder else self.new_folder()
        try:
            child.ask(Begin(folder, sizes, self.output_limit), Done, body=data)
        except Ended as ended:
            said = child.take_raw().get("stderr", "").strip().splitlines()[-1:]
            raise Ended(f"{ended}{''.join(f' ({line[:MAX_MESSAGE]})' for line in said)}") from None
        return child
