"""Files that a test writes for the learner's code to read: there are two folders, so what has
changed in the test's is written into the other when a call begins.

Nothing comes back: what a learner writes stays where it is. Nor does anything go where the solution
needs none, but what the test names: it may unpack what it wants to find, or copy a file for tests
alone.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from pathlib import Path

# What is looked at, and bytes that cross together.
_MOST_FILES = 1000
_MOST_BYTES = 4 * 2**20
# Of how many bytes a digest is made; to write more takes longer than a moment.
_COMPARED = 2**16
# When a file was last read that nobody has read.
_NEVER = 0

# By its whole path, as a test may go to another folder: when a file was written, its size, and of a
# small one that has crossed a digest: who writes twice in a moment may leave both as they were.
Seen = dict[str, tuple[int, int, bytes]]


def seen() -> Seen:
    """The files below the working folder as they are now."""
    return {os.path.abspath(path): (*state(path), b"") for path in _below()}


def _below() -> Iterator[str]:
    for folder, _, names in os.walk("."):
        yield from (os.path.relpath(os.path.join(folder, name)) for name in names)


def state(path: str) -> tuple[int, int]:
    """When a file was written, and its size."""
    status = os.lstat(path)
    return status.st_mtime_ns, status.st_size


def names_file(value: object) -> bool:
    """Whether a value is the name of a file that is there."""
    return isinstance(value, str | Path) and os.path.isfile(value)


def changed(before: Seen, named: Collection[str], only: bool) -> dict[str, bytes]:
    """What is in the files that are not as they were; `before` is brought up to date.

    Args:
        named: whole paths of those that the test names; of temporary ones no others are looked at.
        only: whether of the others none is.
    """
    files: dict[str, bytes] = {}
    room = _MOST_BYTES
    here = os.path.join(os.getcwd(), "")
    temporary = os.path.join(tempfile.gettempdir(), "")
    outside = [p for p in named if p.startswith(temporary) and not p.startswith(here)]
    for path in (*outside, *islice(_below(), _MOST_FILES)):
        place = os.path.abspath(path)
        if only and place not in named:
            continue
        now = state(path)
        *known, digest = before.get(place, (0, -1, b""))
        is_new = known != [*now]
        if not (is_new or digest) or not os.path.isfile(path) or now[1] > room:
            continue
        with open(path, "rb") as file:
            content = file.read(room)
        found = hashlib.blake2b(content).digest() if len(content) <= _COMPARED else b""
        if is_new or found != digest:
            files[path] = content
            room -= len(content)
        before[place] = (*now, found)
    return files


def put(files: dict[str, bytes]) -> set[str]:
    """Writes files into the working folder, or where temporary ones lie. Returns their whole
    paths."""
    for path, content in files.items():
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)
    forget_reading(files)
    return set(map(os.path.abspath, files))


def forget_reading(paths: Iterable[str]) -> None:
    """Has these files be such as nobody has read."""
    for path in paths:
        with contextlib.suppress(OSError):
            os.utime(path, ns=(_NEVER, os.stat(path).st_mtime_ns))


def was_read(paths: Collection[str]) -> bool:
    """Whether one of these that `put` has written was read since, by any library, or is gone."""
    try:
        return any(os.stat(path).st_atime_ns != _NEVER for path in paths)
    except OSError:
        return True
