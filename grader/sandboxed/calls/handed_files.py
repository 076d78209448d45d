"""Files that a test writes for the learner's code to read: there are two folders, so what has
changed in the test's is written into the other when a call begins.

Nothing comes back: what a learner writes stays where it is.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice

# What is looked at, and bytes that cross together.
_MOST_FILES = 1000
_MOST_BYTES = 4 * 2**20

# When a file was written, and its size, by its whole path: a test may go to another folder.
Seen = dict[str, tuple[int, int]]


def seen() -> Seen:
    """The files below the working folder as they are now."""
    return {os.path.abspath(path): state(path) for path in _below()}


def _below() -> Iterator[str]:
    for folder, _, names in os.walk("."):
        yield from (os.path.relpath(os.path.join(folder, name)) for name in names)


def state(path: str) -> tuple[int, int]:
    """When a file was written, and its size."""
    status = os.lstat(path)
    return status.st_mtime_ns, status.st_size


def changed(before: Seen) -> dict[str, bytes]:
    """What is in the files that are not as they were; `before` is brought up to date."""
    files: dict[str, bytes] = {}
    room = _MOST_BYTES
    for path in islice(_below(), _MOST_FILES):
        place, now = os.path.abspath(path), state(path)
        if before.get(place) != now and os.path.isfile(path) and now[1] <= room:
            with open(path, "rb") as file:
                files[path] = file.read(room)
            room -= len(files[path])
            before[place] = now
    return files


def put(files: dict[str, bytes]) -> None:
    """Writes files into the working folder."""
    for path, content in files.items():
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)
