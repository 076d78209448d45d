"""A process on a worker that grades one submission at a time, and the worker's end of it.

    python -m grader.host.cluster.grading_process FD FOLDER

It is a process of its own since a station forks, which a worker with its threads must not, and so
that nothing that happens to it happens to the worker. It ends when the worker hangs up.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from grader.host import kept_contracts
from grader.host.cluster import kit, messages
from grader.host.get_contract import get_contract, know
from grader.host.result_store import is_full
from grader.host.station import Station
from grader.protocol import wire
from grader.protocol.errors import GraderError
from grader.protocol.wire import Channel, Gone

# The file of a folder on a worker that holds the kit.
KIT = "kit"
_PREPARE, _GRADE = b"prepare", b"grade"
_DONE, _FAILED = b"done", b"failed"


class GradingProcess:
    """The worker's end.

    Args:
        folder: with the kit, packed and unpacked.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        ours, theirs = wire.pair()
        with theirs:
            command = [sys.executable, "-m", __name__, str(theirs.fileno()), str(folder)]
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()]
            )
        self._channel = Channel(ours)
        self._is_open = False

    def prepare(self, assignment: str) -> bytes:
        """The contracts of an assignment, by notebook.

        Raises:
            GraderError: when nothing can be graded there.
        """
        return self._ask(_PREPARE, assignment.encode())

    def grade(self, piece: bytes) -> bytes:
        """What comes of a piece.

        Raises:
            GraderError: when nothing can be graded there.
        """
        return self._ask(_GRADE, piece)

    def _ask(self, what: bytes, about: bytes) -> bytes:
        try:
            if not self._is_open:
                self._receive()
                self._is_open = True
            self._channel.send(what, about)
            return self._receive()
        except Gone:
            raise GraderError("The process that grades there has ended.") from None

    def _receive(self) -> bytes:
        header, answer = self._channel.receive()
        if header == _FAILED:
            raise GraderError(answer.decode())
        return answer

    def close(self) -> None:
        """Ends it, and all that it started."""
        self._channel.close()
        self._process.kill()
        self._process.wait()


def main(fd: int, folder: Path) -> None:
    """The other end."""
    channel = Channel(socket.socket(fileno=fd))
    try:
        with _own_core() as cores, _station(folder, cores) as station:
            # Not before its clerks are forked: it is another thread.
            threading.Thread(target=_end_with, args=[fd], daemon=True).start()
            channel.send(_DONE)
            while True:
                what, about = channel.receive()
                channel.send(_DONE, _answer(station, what, about))
    except Gone:
        return
    except (GraderError, OSError, MemoryError) as error:
        with contextlib.suppress(Gone):
            channel.send(_FAILED, _sentence(error).encode("utf-8", "replace"))


def _sentence(error: Exception) -> str:
    if is_full(error):
        return "There is no room on its disk."
    if isinstance(error, MemoryError):
        return "There is not enough memory."
    return str(error)


def _station(folder: Path, cores: tuple[int, ...]) -> Station:
    content = (folder / KIT).read_bytes()
    return kit.station(content, folder, cores, kept_contracts.folder())


def _answer(station: Station, what: bytes, about: bytes) -> bytes:
    if what == _PREPARE:
        found = station.assignments[about.decode()]
        made = {name: get_contract(found, name, station.engine) for name in found.notebooks}
        return messages.contracts_as_bytes(made)
    piece, contracts = messages.piece_from_bytes(about)
    found = station.assignments[piece.assignment]
    for name, contract in contracts.items():
        know(found, name, station.engine, contract)
    return messages.finished_as_bytes(station.grade(piece))


def _end_with(fd: int) -> None:
    """Ends this process at once when nobody listens any more, in the middle of a submission too."""
    poll = select.poll()
    poll.register(fd, 0)
    poll.poll()
    os._exit(1)


@contextlib.contextmanager
def _own_core() -> Iterator[tuple[int, ...]]:
    """A core that no other of this user's on this machine has; all if there is none left.

    Raises:
        GraderError: when the folder that says so is another user's.
    """
    path = Path(tempfile.gettempdir()) / f"grader-cores-{os.getuid()}"
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=0o700)
    with contextlib.ExitStack() as exits:
        folder = _own_folder(path)
        exits.callback(os.close, folder)
        for core in sorted(os.sched_getaffinity(0)):
            # What is there is locked, and nothing of it is changed, should it be a link after all.
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            try:
                file = os.open(str(core), flags, 0o600, dir_fd=folder)
            except OSError:
                continue
            exits.callback(os.close, file)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                continue
            yield (core,)
            return
        yield ()


def _own_folder(path: Path) -> int:
    """The descriptor of a folder that nobody else can write to: in /tmp others may have made it.

    Raises:
        GraderError: when it is none.
    """
    try:
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        raise GraderError(f"{path} is no folder of this user's: remove it there.") from None
    status = os.fstat(folder)
    if status.st_uid != os.getuid() or status.st_mode & 0o022:
        os.close(folder)
        raise GraderError(f"{path} is not this user's alone: remove it there.")
    return folder


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
