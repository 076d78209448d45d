"""What lesson 12 works with: a server that ends with its cell, loads, queues, model cards."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import math
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

# How long a server may take to say its port, and a request to be answered, in seconds.
PATIENCE, ANSWER = 60.0, 10.0
# More requests than these at once, or in all, no cell may ask for.
MOST_AT_ONCE, MOST_REQUESTS = 64, 5000


def nearest_rank(values: Sequence[float] | np.ndarray, share: float) -> float:
    """The smallest value that at least this share of the values does not exceed, as p99 is meant.

    Raises:
        ValueError: if there are no values, or `share` is not above 0 and at most 1.
    """
    if not len(values) or not 0 < share <= 1:
        raise ValueError("a percentile needs values, and a share above 0 and at most 1")
    # 0.07 * 100 is 7.000000000000001.
    place = math.ceil(round(share * len(values), 9))
    return float(np.sort(np.asarray(values, dtype=float))[place - 1])


def spread(values: Sequence[float] | np.ndarray, digits: int = 2) -> str:
    """What several rounds of a measurement gave: their median, and the lowest and the highest."""
    low, middle, high = np.quantile(values, (0, 0.5, 1)).round(digits)
    return f"{middle:g} ({low:g} to {high:g})"


@dataclass(frozen=True)
class Served:
    """What became of requests, in their order.

    Attributes:
        starts: When each one's batch was begun, shape (requests,).
        ends: When it was answered, shape (requests,).
        latency: `ends` less the arrivals, shape (requests,).
        sizes: How many were in each batch, shape (batches,).
    """

    starts: np.ndarray
    ends: np.ndarray
    latency: np.ndarray
    sizes: np.ndarray


def serve(
    arrivals: Sequence[float] | np.ndarray,
    cost: Callable[[int], float],
    most: int = 1,
    wait: float = 0.0,
) -> Served:
    """One worker and its queue, by discrete events: no clock is asked.

    When the worker is free it takes what waits, the oldest first and at most `most`. If these are
    fewer, it waits for more, until the oldest of them has waited for `wait`.

    Args:
        arrivals: When requests come, never falling, shape (requests,).
        cost: How long a batch of that size takes.
        most: How many fit into one batch.
        wait: How long the oldest one may be kept for others.
    """
    times = np.asarray(arrivals, dtype=float)
    starts, ends, sizes = np.empty_like(times), np.empty_like(times), []
    free, first = -math.inf, 0
    while first < len(times):
        full = times[first + most - 1] if first + most <= len(times) else math.inf
        start = max(free, min(full, times[first] + wait))
        last = min(first + most, int(np.searchsorted(times, start, side="right")))
        free = start + cost(last - first)
        starts[first:last], ends[first:last] = start, free
        sizes.append(last - first)
        first = last
    return Served(starts, ends, ends - times, np.array(sizes, dtype=int))


def poisson(rate: float, count: int, seed: int = 0) -> np.ndarray:
    """Arrivals that know nothing of each other: `rate` in a second on average, shape (count,)."""
    return np.cumsum(np.random.default_rng(seed).exponential(1 / rate, count))


class Server:
    """ONNX files behind HTTP on this machine, in a process of its own, as a context.

    It ends with the `with`, also if what stands there raises or is interrupted; and if the kernel
    dies, since its standard input ends then.

    Args:
        models: The files' bytes by version; the first one answers.
        line: How many requests may wait; to one more the server says 503.

    Raises:
        RuntimeError: if it does not start; with what it said.
    """

    def __init__(self, models: Mapping[str, bytes], *, line: int = 1000) -> None:
        self._models, self._line = models, line
        self.port = 0
        self.process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Server:
        self._folder = tempfile.TemporaryDirectory(prefix="serving-")
        began = time.perf_counter()
        try:
            self._start(Path(self._folder.name))
        except BaseException:
            self.__exit__(None, None, None)
            raise
        self.started_in = time.perf_counter() - began
        return self

    def _start(self, folder: Path) -> None:
        named = []
        for number, (name, content) in enumerate(self._models.items()):
            file = folder / f"{number}.onnx"
            file.write_bytes(content)
            named.append(f"{name}={file}")
        said = folder / "said.txt"
        home = str(Path(__file__).resolve().parents[2])
        paths = [home, *filter(None, [os.environ.get("PYTHONPATH", "")])]
        with said.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "coursekit.lesson_12.serving_app", str(self._line), *named],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"},
            )
        assert self.process.stdout is not None
        too_long = threading.Timer(PATIENCE, self.process.kill)
        too_long.start()
        try:
            port = self.process.stdout.readline().strip()
        finally:
            too_long.cancel()
        if not port:
            raise RuntimeError(f"the server has not started:\n{said.read_text()}")
        self.port = int(port)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            for pipe in (self.process.stdin, self.process.stdout):
                if pipe is not None:
                    pipe.close()
        self._folder.cleanup()

    def connect(self) -> http.client.HTTPConnection:
        """A connection that stays open from request to request."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER)

    def ask(self, path: str, body: bytes | None = None, *, method: str = "POST") -> Any:
        """One request over a connection of its own; what JSON the answer is.

        Raises:
            RuntimeError: if the answer is no success; with its status and text.
        """
        connection = self.connect()
        try:
            return _answer(connection, method, path, body)
        finally:
            connection.close()

    def use(self, version: str, *, most: int = 1) -> dict[str, str]:
        """From now on that version answers, in batches of at most `most`."""
        answer: dict[str, str] = self.ask(f"/use/{version}?most={most}")
        return answer

    def sizes(self) -> list[int]:
        """How large the batches since the last `use` were."""
        found: list[int] = self.ask("/sizes", method="GET")
        return found


def _answer(connection: http.client.HTTPConnection, method: str, path: str, body: Any) -> Any:
    connection.request(method, path, body)
    response = connection.getresponse()
    text = response.read()
    if response.status != 200:
        raise RuntimeError(f"{response.status}: {text.decode(errors='replace')}")
    return json.loads(text)


@dataclass(frozen=True)
class Load:
    """What a load has measured, in seconds.

    Attributes:
        latency: Of each request, shape (requests,): from when it was sent, or under a clock from
            when it *should* have been sent.
        seconds: From the first request to the last answer.
        classes: What was answered, shape (requests,), or (requests, k) with k images in each.
        versions: Which version answered each, shape (requests,).
        model: How long the model took for each one's batch, as the server says, shape (requests,).
    """

    latency: np.ndarray
    seconds: float
    classes: np.ndarray
    versions: np.ndarray
    model: np.ndarray

    @property
    def throughput(self) -> float:
        """Answers per second."""
        return len(self.latency) / self.seconds

    def row(self) -> dict[str, float]:
        """A row for a table, times in milliseconds."""
        shares = {f"p{share}": nearest_rank(self.latency, share / 100) for share in (50, 95, 99)}
        rounded = {f"{name}, ms": round(1000 * value, 1) for name, value in shares.items()}
        return rounded | {"answers per s": round(self.throughput)}


def closed_loop(server: Server, images: np.ndarray, count: int, at_once: int = 1) -> Load:
    """`at_once` clients, each of which sends its next request when it has its answer.

    Args:
        images: uint8, shape (n, 28, 28), or (n, k, 28, 28) with k images in each request; taken in
            turn.
        count: How many requests in all.
    """
    return _load(server, images, count, at_once, None)


def open_loop(
    server: Server, images: np.ndarray, rate: float, count: int, at_once: int = 32, seed: int = 0
) -> Load:
    """Requests by a clock, at random times, `rate` per second: they don't wait for answers.

    The random times are stretched so that the last one is due after `count / rate` seconds.
    At most `at_once` connections are open. A request that finds none free is late, and its latency
    counts from when it was due.
    """
    return _load(server, images, count, at_once, due_times(rate, count, seed))


def due_times(rate: float, count: int, seed: int = 0) -> np.ndarray:
    """When the requests of `open_loop` are due, shape (count,)."""
    times = poisson(rate, count, seed)
    return times * (count / rate / times[-1])


def _load(
    server: Server, images: np.ndarray, count: int, at_once: int, due: np.ndarray | None
) -> Load:
    if not (1 <= at_once <= MOST_AT_ONCE and 1 <= count <= MOST_REQUESTS):
        raise ValueError(f"at most {MOST_AT_ONCE} at once and {MOST_REQUESTS} requests")
    bodies = [image.tobytes() for image in images]
    turns = itertools.count()
    latency, model = np.full(count, np.nan), np.full(count, np.nan)
    classes = np.full((count, *images.shape[1:-2]), -1)
    versions = np.full(count, "", dtype=object)
    problems: list[BaseException] = []
    ready = threading.Barrier(at_once + 1)
    begin = [0.0]

    def client() -> None:
        connection = server.connect()
        try:
            connection.connect()
            ready.wait()
            while (turn := next(turns)) < count and not problems:
                sent = time.perf_counter()
                if due is not None:
                    planned = begin[0] + due[turn]
                    time.sleep(max(0.0, planned - sent))
                    sent = planned
                answer = _answer(connection, "POST", "/predict", bodies[turn % len(bodies)])
                latency[turn] = time.perf_counter() - sent
                classes[turn] = np.reshape(answer["classes"], images.shape[1:-2])
                versions[turn] = answer["version"]
                model[turn] = answer["model_ms"] / 1000
        except threading.BrokenBarrierError:
            pass
        except BaseException as problem:
            problems.append(problem)
            ready.abort()
        finally:
            connection.close()

    clients = [threading.Thread(target=client, daemon=True) for _ in range(at_once)]
    for one in clients:
        one.start()
    begin[0] = time.perf_counter()
    with contextlib.suppress(threading.BrokenBarrierError):
        ready.wait(ANSWER)
    for one in clients:
        one.join()
    seconds = time.perf_counter() - begin[0]
    if problems:
        raise problems[0]
    return Load(latency, seconds, classes, versions, model)


@dataclass
class ModelCard:
    """A model card (Mitchell et al. 2019): what was measured goes in by itself, the rest not.

    Attributes:
        name: The model's name and version.
        measured: What a script has found, by name.
        written: What a person says, by heading; None where nobody has yet.
    """

    name: str
    measured: Mapping[str, str]
    written: dict[str, str | None] = field(
        default_factory=lambda: dict.fromkeys(
            ("Intended use", "Not for", "Data", "Limits", "Who answers for it")
        )
    )

    def missing(self) -> list[str]:
        """Headings that nobody has filled, and figures that are empty."""
        empty = [name for name, text in self.measured.items() if not text.strip()]
        return [name for name, text in self.written.items() if not (text or "").strip()] + empty

    def markdown(self) -> str:
        """The card, with a mark where something is missing."""
        rows = [f"| {name} | {text or '**missing**'} |" for name, text in self.measured.items()]
        parts = [
            f"**{name}.** {text or '**missing: a person has to write it**'}"
            for name, text in self.written.items()
        ]
        table = "\n".join(["| measured | |", "|---|---|", *rows])
        return f"**Model card: {self.name}**\n\n{table}\n\n" + "\n\n".join(parts)
