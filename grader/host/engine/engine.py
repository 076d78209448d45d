"""The conductor's end of the warm process: starts it, has it fork, talks to what it forked.

    with Engine() as engine:
        result = grade_one(assignment, path, engine)

An `Engine` may be used by several threads at a time: each notebook that is being graded has
processes of its own.
"""

from __future__ import annotations

import ast
import contextlib
import itertools
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal, TypeVar

import msgspec

from grader.host.engine import bubblewrap
from grader.protocol import wire
from grader.protocol.errors import GraderError
from grader.protocol.limits import Limits
from grader.protocol.outputs import Name
from grader.protocol.wire import Channel, Gone, Silent

# What most exercises of this course import. torch.manual_seed loads torch._dynamo on first use,
# which takes as long as everything else together.
PRELOAD = (
    "torch",
    "torch._dynamo",
    "numpy",
    "matplotlib.pyplot",
    "IPython",
    "safetensors.numpy",
)
# Seconds a cell or a test may take, as in nbgrader.
TIMEOUT = 30.0
# Characters of output kept of a cell.
OUTPUT_LIMIT = 4_000_000
# The longest report on a cell that is believed.
MAX_REPORT = 32 * 2**20
START_TIMEOUT = 120.0
# Seconds between the interrupt of a cell and the end of its process.
GRACE = 2.0
# Seconds that a process gets to end by itself once it does not talk any more.
_PATIENCE = 0.3
# Seconds that one of our own processes may take for what takes none.
SLACK = 20.0
# All that can be written to in the sandbox. Every child has others.
_OWN_FOLDERS = "/tmp", "/dev/shm"

Role = Literal["player", "judge"]
T = TypeVar("T")

_ONE_THREAD = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
    ),
    "1",
)
_ENVIRONMENT = {
    **_ONE_THREAD,
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    # As in nbgrader: a course may ask whether it is being graded.
    "NBGRADER_EXECUTION": "autograde",
    # Sets come in the same order in every run.
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
}


class Done(msgspec.Struct):
    """A reply that says nothing else."""


class Ended(Exception):
    """A child is no more; the text is a clause that says how ("took more than 30 s …")."""


@dataclass(frozen=True)
class Files:
    """Files of a working folder, or their contents, by path relative to it."""

    paths: Mapping[str, Path | bytes] = field(default_factory=dict)

    def pack(self) -> tuple[dict[str, int], bytes]:
        """Sizes, and all contents in one."""
        contents = {
            name: file if isinstance(file, bytes) else file.read_bytes()
            for name, file in self.paths.items()
        }
        return {name: len(data) for name, data in contents.items()}, b"".join(contents.values())


class Child:
    """A player or a judge.

    Args:
        control: the conductor's end of its socket.
        raw: by name of the stream, what it writes past Python comes here.
        output_limit: how much of that is kept, in bytes of each stream.
    """

    def __init__(
        self, warm: Warm, pid: int, control: Channel, raw: dict[int, Name], output_limit: int
    ) -> None:
        self._warm = warm
        self._pid = pid
        self._control = control
        self._raw = raw
        self._output_limit = output_limit
        self._caught: dict[Name, bytearray] = {"stdout": bytearray(), "stderr": bytearray()}
        self._alive = True

    # Of the last thing that it was asked: whether it was interrupted, and how long it took.
    interrupted = False
    seconds = 0.0

    def ask(
        self,
        message: dict[str, Any],
        reply: type[T],
        seconds: float = SLACK,
        body: bytes = b"",
        fds: Sequence[int] = (),
    ) -> T:
        """Has it do something.

        Args:
            reply: what it has to answer.
            seconds: after these it is interrupted, and ended if that does not help.

        Raises:
            Ended: when it does not live to reply, or says something else; it is cleared away then.
        """
        if not self._alive:
            raise Ended("had ended before")
        self.interrupted = False
        begun = time.monotonic()
        try:
            # A process that reads its messages does so at once.
            self._control.send(wire.encode(message), body, fds, time.monotonic() + SLACK)
            try:
                answer = self._receive(seconds)
            except Silent:
                self.interrupted = True
                self._warm.ask({"do": "interrupt", "pid": self._pid})
                answer = self._receive(GRACE)
            decoded = msgspec.json.decode(answer, type=reply)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            # Only the learner's own code can say such a thing.
            self.end()
            raise Ended("broke the process it ran in") from None
        except Silent:
            self.end()
            took = f"took more than {seconds:g} s and could not be interrupted"
            raise Ended(took) from None
        except Gone as gone:
            raise Ended(self._how(self.end(patience=_PATIENCE), gone)) from None
        self.seconds = time.monotonic() - begun
        return decoded

    def _receive(self, seconds: float) -> bytes:
        """The reply, while what is written past Python is kept from filling its pipe."""
        deadline = time.monotonic() + seconds
        while True:
            left = deadline - time.monotonic()
            control = self._control.fileno()
            ready, _, _ = select.select([control, *self._raw], [], [], max(0, left))
            if control in ready:
                header, _ = self._control.receive(max(deadline, time.monotonic() + GRACE))
                self._read_raw()
                return header
            if not ready:
                raise Silent
            self._read_raw()

    def _read_raw(self) -> None:
        for fd, name in list(self._raw.items()):
            try:
                data = os.read(fd, 65536)
            except BlockingIOError:
                continue
            caught = self._caught[name]
            caught += data[: max(0, self._output_limit - len(caught))]
            if not data:
                os.close(fd)
                del self._raw[fd]

    def take_raw(self) -> dict[Name, str]:
        """What was written past Python since the last time, by name of the stream."""
        taken = {name: data.decode("utf-8", "replace") for name, data in self._caught.items()}
        for data in self._caught.values():
            data.clear()
        return {name: text for name, text in taken.items() if text}

    @staticmethod
    def _how(status: int | None, gone: Gone) -> str:
        if status is None or str(gone) not in ("closed",):
            return "broke the process it ran in"
        if status < 0:
            return f"ended the process ({_signal_name(-status)})"
        return f"ended the process (exit status {status})"

    def end(self, patience: float = 0.0) -> int | None:
        """Ends it, and all that it started; its exit status.

        Args:
            patience: seconds that it gets to end by itself.
        """
        if not self._alive:
            return None
        self._alive = False
        self._control.close()
        try:
            message = {"do": "end", "pid": self._pid, "patience": patience}
            status = self._warm.ask(message).get("status")
        except Gone:
            status = None
        self._read_raw()
        for fd in self._raw:
            os.close(fd)
        self._raw = {}
        return status


class Warm:
    """A process that forks children: the stage, or a room of it."""

    def __init__(self, channel: Channel, folder: str, namespaces: bool) -> None:
        self.folder = folder
        self._channel = channel
        self._namespaces = namespaces
        self._lock = threading.Lock()
        # Whether it did not answer once.
        self.gone = False

    def ask(
        self,
        message: dict[str, Any],
        body: bytes = b"",
        fds: Sequence[int] = (),
        seconds: float = SLACK,
    ) -> dict[str, Any]:
        """Has it do something, which is to take no time unless `seconds` says so.

        Raises:
            Gone: when it does not answer.
        """
        with self._lock:
            try:
                self._channel.send(wire.encode(message), body, fds, time.monotonic() + SLACK)
                header, _ = self._channel.receive(time.monotonic() + seconds)
            except Silent:
                # A reply that came late would be taken for the next one.
                self._channel.close()
                self.gone = True
                raise Gone("silent") from None
            except Gone:
                self.gone = True
                raise
        return wire.decode(header)

    def fork(self, role: Role, limits: Limits, output_limit: int) -> Child:
        """A new child, in a world of its own.

        Raises:
            Gone: when there is nobody to fork.
        """
        ours, theirs = wire.pair()
        names: tuple[Name, ...] = ("stdout", "stderr")
        pipes = {name: os.pipe() for name in names}
        message = {
            "do": "fork",
            "role": role,
            "limits": asdict(limits),
            "namespaces": self._namespaces,
        }
        try:
            fds = [theirs.fileno(), *(writing for _, writing in pipes.values())]
            pid = self.ask(message, fds=fds)["pid"]
        except Gone:
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
        return Child(self, pid, control, raw, output_limit)

    def close(self) -> None:
        self._channel.close()


@dataclass
class Room:
    """A warm process of one notebook.

    Attributes:
        played: the reports of the cells that it has run already, in order.
        files, cells, modules: what it was made of.
        parent: the room that it was forked from, if it is one for judges.
        tests: cells that it has compiled.
    """

    warm: Warm
    played: Sequence[dict[str, Any]]
    files: Files
    cells: tuple[str, ...]
    modules: tuple[str, ...]
    parent: Room | None = None
    tests: tuple[str, ...] = ()


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
        limits: for each child.
        keep: the folder in which contracts are kept from run to run; without, none is.
        follows_solution: whether a cell or test may take as long only as the solution lets expect
            (twenty times as long, and at least 5 s), where that is less than `timeout`.
        many: whether the warm process does at its start what makes each submission cheaper and
            takes more than a second: not worth while for a few.
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
        self._process: subprocess.Popen[bytes] | None = None
        self._stage: Warm | None = None
        self._channel: Channel | None = None
        self._said: IO[bytes] | None = None
        self._rooms: dict[tuple[object, ...], Room] = {}
        self._lock = threading.RLock()
        # Who revives a room may have to revive the one that it comes from.
        self._reviving = threading.RLock()
        self._memory: dict[object, Any] = {}
        self._memory_lock = threading.Lock()
        self._making: dict[object, threading.Lock] = {}
        self._threads: dict[int, int] = {}
        self._stopped = False
        self._folders = itertools.count(1)
        self._replaced: list[Warm] = []
        self._scratch: tempfile.TemporaryDirectory[str] | None = None

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
            if self._stage is None:
                self._stage = Warm(self._wait_for_stage(), "", self.shut_in)

    def launch(self) -> None:
        """Starts the warm process unless it runs, without waiting for it.

        Raises:
            GraderError: when there is no fork or no sandbox on this system.
        """
        with self._lock:
            if self._stopped:
                raise GraderError("Stopped.")
            if self._process is not None and self._process.poll() is None:
                return
            self.close()
            if not hasattr(os, "fork"):
                raise GraderError(
                    "Grading needs fork, which this system has not: use Linux or macOS."
                )
            if self.shut_in:
                bubblewrap.check()
            self._launch()

    def _launch(self) -> None:
        ours, theirs = wire.pair()
        code = "from grader.sandboxed.zygote import main; main()"
        number = "many" if self.many else "few"
        argv = [sys.executable, "-c", code, str(theirs.fileno()), number, *self.preload]
        environment = dict(_ENVIRONMENT)
        if self.shut_in:
            environment["PYTHONPATH"] = f"{bubblewrap.ENGINE}:/course"
            argv = bubblewrap.command(argv, self.show, environment)
            environment = {}
        else:
            places = {str(place) for place in import_places(self.show)}
            paths = [*sorted(places), os.environ.get("PYTHONPATH", "")]
            environment = {**os.environ, **environment}
            environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
            self._scratch = tempfile.TemporaryDirectory(
                prefix="grader-", ignore_cleanup_errors=True
            )
        self._said = tempfile.TemporaryFile()  # noqa: SIM115
        with theirs:
            self._process = subprocess.Popen(
                argv,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=self._said,
                stderr=self._said,
                # Not the course: the empty entry of sys.path means the folder a child changes to.
                cwd="/",
                # Ctrl-C is for the conductor, which closes the socket.
                start_new_session=True,
                env=environment,
            )
        self._channel = Channel(ours)

    def _wait_for_stage(self) -> Channel:
        assert self._channel is not None
        assert self._said is not None
        try:
            self._channel.receive(time.monotonic() + START_TIMEOUT)
        except (Gone, Silent):
            self._said.seek(0)
            last = self._said.read().decode("utf-8", "replace").strip().splitlines()[-1:]
            self.close()
            raise GraderError(
                f"The process for learners' code did not start: {' '.join(last) or 'no answer'}"
            ) from None
        return self._channel

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
            self._stage = None
            for held in (self._channel, self._said):
                if held is not None:
                    held.close()
            self._channel = self._said = None
            if self._process is not None:
                try:
                    self._process.wait(1)
                except subprocess.TimeoutExpired:
                    self._process.kill()
                    self._process.wait()
                self._process = None
            if self._scratch is not None:
                self._scratch.cleanup()
                self._scratch = None

    def stop(self) -> None:
        """Ends everything at once and for good; any thread may call this."""
        self._stopped = True
        process = self._process
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGKILL)

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

    def judges_room(self, room: Room, tests: Sequence[str]) -> Room:
        """A room like another, forked from it, that has compiled tests; made once, then kept.

        No player may come from it. Neither `room` nor the warm process gets to see the tests: what
        is in their memory is in that of every player, though nobody refers to it any more.

        Returns:
            `room` itself, where it can't be had.
        """
        key = ("tests", id(room), tuple(tests))
        return self._made_once(key, lambda: self._fork_judges_room(room, tests) or room)

    def _fork_judges_room(self, room: Room, tests: Sequence[str]) -> Room | None:
        try:
            made = self._ask_for_room(room.warm, room.warm.folder, Files(), (), room.modules)
        except Gone:
            return None
        if made is None:
            return None
        warm, _ = made
        try:
            warm.ask({"do": "prepare", "tests": list(tests)}, seconds=START_TIMEOUT)
        except Gone:
            warm.close()
            return None
        return replace(room, warm=warm, parent=room, tests=tuple(tests))

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
        return process is not None and process.poll() is None

    def _revive(self, room: Room, dead: Warm) -> None:
        """Gives a room a new process in the place of one that does not answer.

        Raises:
            Gone: when it is one for judges, and can't be had.
            GraderError: when another can't be had.
        """
        with self._reviving:
            if room.warm is not dead:
                return
            dead.close()
            if room.parent is not None:
                made = self._fork_judges_room(room.parent, room.tests)
                if made is None:
                    raise Gone("no room for judges")
            else:
                made = self._make_room(room.files, room.cells, room.modules)
                self._forget_judges_rooms(room)
            if made is None:
                raise GraderError("A process for learners' code could not be made.")
            room.warm = made.warm
            if not any(known is room for known in list(self._rooms.values())):
                # Everything was made anew: nobody else closes it.
                self._replaced.append(made.warm)

    def _forget_judges_rooms(self, room: Room) -> None:
        """Those that a dead room has forked have not run the same cells at the same time."""
        for key, known in list(self._rooms.items()):
            if known.parent is room:
                del self._rooms[key]
                self._replaced.append(known.warm)

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
            asked = parent.warm if parent else self._stage
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
    ) -> tuple[Warm, Sequence[dict[str, Any]]] | None:
        """Has a warm process fork a room; also what came of its cells. None when it must not be.

        Raises:
            Gone: when the process that was asked has ended.
        """
        sizes, data = files.pack()
        ours, theirs = wire.pair()
        message = {
            "do": "room",
            "cells": list(cells),
            "modules": list(modules),
            "many": self.many,
            "folder": folder,
            "files": sizes,
            "output_limit": self.output_limit,
            # Where cells may leave files that children would not find.
            "watched": list(_OWN_FOLDERS) if self.shut_in else [folder],
        }
        channel = Channel(ours)
        try:
            with theirs:
                pid = asked.ask(message, data, [theirs.fileno()])["pid"]
        except Gone:
            channel.close()
            raise
        try:
            seconds = self.timeout * len(cells) + START_TIMEOUT
            ready = wire.decode(channel.receive(time.monotonic() + seconds)[0])
        except (Gone, Silent):
            ready = {"safe": False}
        if ready["safe"]:
            return Warm(channel, folder, self.shut_in), ready["played"]
        channel.close()
        asked.ask({"do": "end", "pid": pid})
        return None

    def _cores(self) -> tuple[int, ...]:
        """The core of the calling thread's submissions; none where that can't be said."""
        if not hasattr(os, "sched_getaffinity"):
            return ()
        cores = sorted(os.sched_getaffinity(0))
        number = self._threads.setdefault(threading.get_ident(), len(self._threads))
        return (cores[number % len(cores)],)

    def new_folder(self) -> str:
        """A working folder: inside the sandbox, or else a real one that `close` removes."""
        number = next(self._folders)
        if self._scratch is not None:
            return f"{self._scratch.name}/{number}"
        return f"/tmp/work{number}"

    def fork(self, room: Room, role: Role, files: Files, reuse_folder: bool = True) -> Child:
        """A player or a judge with its working folder.

        Raises:
            GraderError: when the room does not fork.
            Ended: when the folder can't hold the files.
        """
        warm = room.warm
        # A core of its own for each worker, so that one submission can't starve another.
        limits = replace(self.limits, cores=self._cores())
        try:
            child = warm.fork(role, limits, self.output_limit)
        except Gone:
            try:
                self._revive(room, warm)
                child = room.warm.fork(role, limits, self.output_limit)
            except Gone:
                if room.parent is not None:
                    return self.fork(room.parent, role, files, reuse_folder)
                why = "A process for learners' code could not be made."
                raise GraderError(why) from None
        sizes, data = files.pack()
        # In the sandbox everybody's /tmp is another; else folders must differ.
        folder = room.warm.folder if self.shut_in and reuse_folder else self.new_folder()
        message = {
            "do": "begin",
            "folder": folder,
            "files": sizes,
            "output_limit": self.output_limit,
        }
        child.ask(message, Done, body=data)
        return child


def import_places(show: Mapping[str, Path]) -> list[Path]:
    """The folders of what cells may import: what is shown as /course/name is imported as `name`."""
    return [path.parent for name, path in show.items() if name.count("/") == 2]


def imported(cells: Iterable[str]) -> tuple[str, ...]:
    """The modules that cells import at their top level."""
    names: dict[str, None] = {}
    for source in cells:
        try:
            body = ast.parse(source).body
        except SyntaxError:
            continue
        for statement in body:
            if isinstance(statement, ast.Import):
                names.update(dict.fromkeys(alias.name for alias in statement.names))
            elif isinstance(statement, ast.ImportFrom) and statement.module:
                names[statement.module] = None
    return tuple(names)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
