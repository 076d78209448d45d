"""The posts of a worker, and what Dask has it do with them."""

from __future__ import annotations

import contextlib
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

from distributed import Reschedule, Status, get_worker

from grader.host.cluster import kit
from grader.host.cluster.plugin import GraderPlugin
from grader.host.cluster.post import KIT, Post
from grader.protocol.errors import GraderError

# A post that has ended is replaced so many times for one submission: then it is not the post.
_TIMES = 2
# Seconds in which a worker that gives up is taken out of its cluster.
_PATIENCE = 60.0


class Posts:
    """As many as are wanted at a time; each is used again.

    Args:
        folder: where the kit is laid out; it goes with the last post.

    Raises:
        OSError: when there is no room for it.
    """

    def __init__(self, folder: Path, content: bytes) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / KIT).write_bytes(content)
        kit.unpack(content, folder)
        self._lock = threading.Lock()
        self._idle: list[Post] = []
        self._all: list[Post] = []

    @contextlib.contextmanager
    def one(self) -> Iterator[Post]:
        """One that nobody else has; it is not used again if something goes wrong."""
        with self._lock:
            post = self._idle.pop() if self._idle else None
        if post is None:
            post = Post(self._folder)
            with self._lock:
                self._all.append(post)
        try:
            yield post
        except BaseException:
            post.close()
            raise
        with self._lock:
            self._idle.append(post)

    def close(self) -> None:
        for post in self._all:
            post.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def prepare(run: str, assignment: str) -> bytes:
    """The contracts of an assignment, made on the worker that this is called on."""
    return _at_post(run, lambda post: post.prepare(assignment))


def grade(run: str, piece: bytes) -> bytes:
    """What comes of a piece, graded on the worker that this is called on."""
    return _at_post(run, lambda post: post.grade(piece))


def _at_post(run: str, work: Callable[[Post], bytes]) -> bytes:
    worker = get_worker()
    plugin = cast(GraderPlugin, worker.plugins[run])
    for _ in range(_TIMES):
        try:
            with plugin.post() as post:
                return work(post)
        except (GraderError, OSError) as error:
            why = str(error)
    plugin.give_up(why)
    until = time.monotonic() + _PATIENCE
    while worker.status is Status.running and time.monotonic() < until:
        time.sleep(0.1)
    # Once the worker is out, Dask gives to others what it had.
    raise Reschedule
