"""While the learner's code has something called that a test lends, no file can be opened in the
test's working folder, nor where temporary ones lie: neither by Python nor by what a library opens
itself.

A method that is lent gets whatever arguments the learner gives it: a path, or a query in which one
stands, or a pattern of one. Files for tests alone lie in that folder, or were unpacked.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile

# Names can be listed, as imports do, but lead nowhere.
_NAMES_ONLY = stat.S_IRUSR


class ShutFolder:
    """The working folder as it is now, where the test has gone from there, and the one of temporary
    files, to be shut for a while; calls may be nested."""

    def __init__(self) -> None:
        self._folder = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
        self._depth = 0
        # What is shut, and its mode before.
        self._shut: list[tuple[int, int]] = []

    @property
    def is_shut(self) -> bool:
        return self._depth > 0

    def __enter__(self) -> None:
        self._depth += 1
        if self._depth > 1:
            return
        here = [os.dup(self._folder)]
        # It may be gone, or not the test's own: then it holds none of its files.
        for folder in (".", tempfile.gettempdir()):
            with contextlib.suppress(OSError):
                here.append(os.open(folder, os.O_RDONLY | os.O_DIRECTORY))
        for place in here:
            self._shut.append((place, stat.S_IMODE(os.fstat(place).st_mode)))
        for place in here:
            with contextlib.suppress(OSError):
                os.fchmod(place, _NAMES_ONLY)

    def __exit__(self, *_: object) -> None:
        self._depth -= 1
        while self._depth == 0 and self._shut:
            folder, mode = self._shut.pop()
            with contextlib.suppress(OSError):
                os.fchmod(folder, mode)
            os.close(folder)
