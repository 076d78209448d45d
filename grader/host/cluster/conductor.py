"""A Dask cluster as the place where a class is graded: the conductor's end.

with Cluster.at("local:4") as cluster:
    grade_class(…, place=cluster.place(course, names, tell))
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, Future
from functools import partial
from types import TracebackType

import cloudpickle
import dask
from distributed import Client, KilledWorker, LocalCluster
from distributed.comm.core import connect
from distributed.security import Security

from grader.host.batch import run
from grader.host.cluster import kit, messages, plugin, worker
from grader.host.course.course import Course
from grader.host.station import Finished, Piece, Station
from grader.host.version import code
from grader.protocol.errors import GraderError

_log = logging.getLogger(__name__)

# Seconds to wait for a scheduler, and for a worker that can grade where there is none left.
_REACH = 10.0
_PATIENCE = 60.0
# Submissions that wait on a worker, for each that is under way there.
_WAITING = 1
# Seconds after which one looks up from waiting.
_LOOK = 5.0

_GOES_ON = "What was graded is kept: the same command goes on from here."

# Workers need not have this module.
cloudpickle.register_pickle_by_value(plugin)


def place(
    address: str, course: Course, names: Sequence[str], tell: Callable[[str, str], None]
) -> Callable[[Station], Workers]:
    """What `grade_class` grades with.

    Args:
        address: of a scheduler, tcp://HOST:PORT; or local:N, for N processes on this machine.
        names: of the assignments.
        tell: gets the address of a worker that can't be used, and why.
    """

    def workers(station: Station) -> Workers:
        keys = [key for key, one in station.assignments.items() if one.name in names]
        return Workers(address, keys, kit.pack(course, station, names), station, tell)

    return workers


@contextlib.contextmanager
def _connected(address: str) -> Iterator[Client]:
    """Dask's client of that cluster.

    Raises:
        GraderError: when there is none.
    """
    with contextlib.ExitStack() as exits:
        local = re.fullmatch(r"local:([1-9]\d{0,3})", address)
        where: str | LocalCluster = address
        if local:
            where = exits.enter_context(_local(int(local[1])))
        elif not re.match(r"(tcp|tls|ucx|ws|wss)://.+", address):
            raise GraderError(
                f"--cluster “{address}” is neither the address of a Dask scheduler, like "
                "tcp://HOST:8786, nor local:N for N processes on this machine."
            )
        try:
            if not local:
                asyncio.run(asyncio.wait_for(_speak_to(address), _REACH + _LOOK))
            client = exits.enter_context(Client(where, timeout=_REACH, set_as_default=False))
        # A TypeError where TLS has no key.
        except (OSError, ValueError, RuntimeError, TypeError) as error:
            raise GraderError(
                f"No Dask scheduler answers at {address}: start one there (dask scheduler), or "
                f"name another. Dask said: {_first_line(error)}"
            ) from error
        yield client


async def _speak_to(address: str) -> None:
    """Connects to a scheduler once.

    A client that can't, because it has no key, say, would wait long and end in a traceback, and for
    one that says nothing, such as Dask's own pages, it would wait for ever.
    """
    settings = Security().get_connection_args("client")
    await (await connect(address, timeout=_REACH, **settings)).close()


def _local(count: int) -> LocalCluster:
    """Processes of this user's; others of this machine reach their ports, too.

    Raises:
        GraderError: when they can't be kept to this run.
    """
    try:
        # A key for this run, in memory: who speaks to a worker has it run code.
        security = Security.temporary()
    except ImportError as error:
        raise GraderError(
            'A cluster on this machine needs the package cryptography: pip install "cryptography".'
        ) from error
    # The pages that Dask shows of itself ask for no key, and say what is under way and what failed.
    dask.config.set({f"distributed.{part}.http.routes": [] for part in ("scheduler", "worker")})
    return LocalCluster(
        security=security,
        protocol="tls://",
        n_workers=count,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        scheduler_kwargs={"dashboard": False},
        worker_dashboard_address="127.0.0.1:0",
        # What is under way on a worker is in a process of its own.
        memory_limit=None,
    )


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).strip().splitlines()[0]


class Workers:
    """The workers of a cluster that can grade as this machine would.

    Args:
        keys: of the assignments.
        content: the kit.
        station: of this machine; grades nothing, but can say what comes of a lost submission.
    """

    def __init__(
        self,
        address: str,
        keys: Sequence[str],
        content: bytes,
        station: Station,
        tell: Callable[[str, str], None],
    ) -> None:
        self._address = address
        self._keys = keys
        self._content = content
        self._station = station
        self._tell = tell
        self._run = f"grader-{uuid.uuid4().hex[:12]}"
        # What workers said, and of that what has not been told.
        self._heard: set[tuple[str, str | None]] = set()
        self._said: list[tuple[str, str]] = []
        self._lock = threading.Lock()
        self._last = ""

    def __enter__(self) -> Workers:
        with contextlib.ExitStack() as exits:
            # Not before: Dask starts threads, and a station forks.
            self._client = exits.enter_context(_connected(self._address))
            exits.enter_context(self._must_answer())
            self._client.subscribe_topic(self._run, self._hear)
            found = plugin.GraderPlugin(self._run, self._content, code())
            self._client.register_plugin(found)
            # Those that there are; who comes later says it by an event.
            said = self._client.run(plugin.why_not, self._run, on_error="ignore")
            for worker, why in said.items():
                self._note(worker, why)
            self._executor = self._client.get_executor(
                pure=False, retries=2, resources={self._run: 1}
            )
            # Those that there are have said what they can; where there is none, some may come.
            if self._client.scheduler_info(n_workers=-1)["workers"]:
                self._watch(patience=1.0)
            self._exits = exits.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, _: TracebackType | None
    ) -> None:
        # What is under way is given up; a scheduler that is gone has no more to do.
        with contextlib.suppress(Exception):
            self._executor.shutdown(wait=False)
            self._client.unregister_worker_plugin(self._run)
            self._client.unsubscribe_topic(self._run)
        self._exits.close()

    def grade_all(self, pieces: Iterable[Piece]) -> Iterator[Finished]:
        with self._must_answer():
            work = partial(worker.grade, self._run)
            packed = self._packed(pieces)
            for sent, future in run(packed, self._executor, work, self._ahead, self._watch):
                self._tell_all()
                try:
                    yield messages.finished_from_bytes(future.result())
                except KilledWorker as error:
                    # Worker after worker has ended with it.
                    piece, _ = messages.piece_from_bytes(sent)
                    yield self._station.give_up(piece.assignment, piece.student, error)

    def _packed(self, pieces: Iterable[Piece]) -> Iterator[bytes]:
        """With the contracts of their assignments: each is made by one worker, for all."""
        making: dict[str, Future[bytes]] = {}
        made: dict[str, dict[str, bytes]] = {}
        for piece in pieces:
            if not making:
                work = partial(worker.prepare, self._run)
                making = {key: self._executor.submit(work, key) for key in self._keys}
            name = piece.assignment
            while name not in made:
                with contextlib.suppress(TimeoutError):
                    made[name] = messages.contracts_from_bytes(making[name].result(_LOOK))
                self._watch()
            yield messages.piece_as_bytes(piece, made[name])

    def _ahead(self) -> int:
        """As many as workers have threads, and some to go on with."""
        return max(1, (1 + _WAITING) * sum(self._fit().values()))

    def _fit(self) -> dict[str, int]:
        """The threads of workers that can grade, by address."""
        workers = self._client.scheduler_info(n_workers=-1)["workers"]
        return {
            address: int(worker["resources"][self._run])
            for address, worker in workers.items()
            if worker["resources"].get(self._run)
        }

    def _watch(self, patience: float = _PATIENCE) -> None:
        """Looks whether anybody is left to grade.

        Raises:
            GraderError: when nobody is, for so many seconds.
        """
        until = time.monotonic() + patience
        while not self._fit():
            if time.monotonic() >= until:
                self._tell_all()
                why = f" The last that was tried: {self._last}" if self._last else ""
                raise GraderError(f"No worker of {self._address} can grade.{why} {_GOES_ON}")
            time.sleep(0.2)
        self._tell_all()

    def _hear(self, event: tuple[float, dict[str, str | None]]) -> None:
        """Called by Dask, in a thread of its own."""
        self._note(str(event[1]["worker"]), event[1]["why"])

    def _note(self, worker: str, why: str | None) -> None:
        with self._lock:
            if (worker, why) in self._heard:
                return
            self._heard.add((worker, why))
        if why is None:
            _log.info("%s grades.", worker)
        else:
            self._last = why
            self._said.append((worker, why))

    def _tell_all(self) -> None:
        while self._said:
            self._tell(*self._said.pop(0))

    @contextlib.contextmanager
    def _must_answer(self) -> Iterator[None]:
        """Makes one sentence of it when the cluster does not answer any more.

        Raises:
            GraderError: with it.
        """
        try:
            yield
        except GraderError:
            raise
        except (CancelledError, OSError, RuntimeError, TimeoutError) as error:
            raise GraderError(
                f"The cluster at {self._address} does not answer any more "
                f"({_first_line(error)}). {_GOES_ON}"
            ) from error
