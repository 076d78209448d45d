"""Reads what was handed in: a folder that somebody else has filled.

Each file is read once: what is hashed is what is graded. No link is followed, neither to the folder
nor in it, nothing is read beyond the limits, and names become text that can be written.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path

MAX_NOTEBOOK_BYTES = 25 * 10**6
# Files that come with a notebook: what nbgrader allows a submission by default. All notebooks
# together may have as many bytes.
MAX_FILES = 500
MAX_FILES_BYTES = 100 * 10**6
# What is looked at: entries of all its folders together, and folders in each other.
MAX_ENTRIES = 20_000
MAX_DEPTH = 30
# Notes of one kind, and characters of a name in one.
MAX_ALIKE = 10
MAX_NAME = 100

# When it was handed in, as nbgrader writes it.
TIMESTAMP = "timestamp.txt"
NOT_LOOKED_AT = (".ipynb_checkpoints", "__pycache__")
_OPEN = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_OPEN_FILE = _OPEN | getattr(os, "O_NONBLOCK", 0)
_OPEN_FOLDER = _OPEN | getattr(os, "O_DIRECTORY", 0)


@dataclass(frozen=True)
class Folder:
    """What was handed in.

    Attributes:
        files: contents by path relative to the folder.
        too_large: sizes of notebooks that were not read, by path.
        notes: what was left out, a sentence each.
        reason: why nothing could be read; None if it could.
    """

    files: Mapping[str, bytes] = field(default_factory=dict)
    too_large: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    reason: str | None = None

    def fingerprint(self, timed: bool = True) -> str:
        """A hash of names and contents.

        Args:
            timed: whether the time stamp is one of them.
        """
        digest = hashlib.sha256()
        for path, content in self._digests.items():
            if timed or path != TIMESTAMP:
                digest.update(os.fsencode(path) + b"\0" + content)
        about = (sorted(self.too_large.items()), self.notes, self.reason)
        digest.update(repr(about).encode("utf-8", "backslashreplace"))
        return digest.hexdigest()

    @cached_property
    def _digests(self) -> dict[str, bytes]:
        return {path: hashlib.sha256(self.files[path]).digest() for path in sorted(self.files)}


def read_folder(folder: Path) -> Folder:
    """Reads the folder of a submission, STUDENT/ASSIGNMENT: neither of the two may be a link."""
    folder = folder.absolute()
    for part in (folder.parent, folder):
        if part.is_symlink():
            name = printable(part.name)
            return Folder(reason=f"{name} is a link to another place, which is not followed.")
    reader = _Reader()
    try:
        with (
            _opened(str(folder.parent.parent), _OPEN_FOLDER & ~os.O_NOFOLLOW) as top,
            _opened(folder.parent.name, _OPEN_FOLDER, top) as above,
            _opened(folder.name, _OPEN_FOLDER, above) as own,
        ):
            reader.read_time(own)
            reader.read(own)
    except OSError as error:
        return Folder(reason=f"The folder cannot be read ({error.strerror}).")
    return Folder(reader.files, reader.too_large, tuple(reader.notes()))


@contextlib.contextmanager
def _opened(name: str, flags: int, folder: int | None = None) -> Iterator[int]:
    number = os.open(name, flags, dir_fd=folder)
    try:
        yield number
    finally:
        os.close(number)


class _Reader:
    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.too_large: dict[str, int] = {}
        self._not_plain: list[str] = []
        self._left_out = 0
        self._not_seen = False
        self._entries = MAX_ENTRIES
        # Files and bytes that there is still room for: of notebooks, and of others.
        self._room = {True: [MAX_FILES, MAX_FILES_BYTES], False: [MAX_FILES, MAX_FILES_BYTES]}

    def read_time(self, folder: int) -> None:
        """Reads when it was handed in, before other files leave no room: nobody is less late for
        what lies beside it."""
        with contextlib.suppress(FileNotFoundError):
            if stat.S_ISREG(os.stat(TIMESTAMP, dir_fd=folder, follow_symlinks=False).st_mode):
                self._take(folder, TIMESTAMP, TIMESTAMP)

    def read(self, folder: int, above: str = "", depth: int = 0) -> None:
        """Reads what lies below an open folder."""
        with os.scandir(folder) as found:
            entries = sorted(islice(found, self._entries + 1), key=lambda entry: entry.name)
        self._not_seen |= len(entries) > self._entries
        entries = entries[: self._entries]
        self._entries -= len(entries)
        folders = []
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
            elif not entry.is_file(follow_symlinks=False):
                self._not_plain.append(f"{above}{entry.name}")
            elif f"{above}{entry.name}" == TIMESTAMP:
                continue
            elif not above or not is_notebook(entry.name):
                self._take(folder, entry.name, f"{above}{entry.name}")
        # What tools keep, such as an environment or a repository, must not leave no room for work.
        for name in sorted(folders, key=is_of_tools):
            if name in NOT_LOOKED_AT:
                continue
            if depth == MAX_DEPTH:
                self._not_seen = True
                continue
            with _opened(name, _OPEN_FOLDER, folder) as below:
                self.read(below, f"{above}{name}/", depth + 1)

    def _take(self, folder: int, name: str, path: str) -> None:
        """Reads a file if there is room for it."""
        room = self._room[is_notebook(name)]
        most = min(room[1], MAX_NOTEBOOK_BYTES) if is_notebook(name) else room[1]
        with _opened(name, _OPEN_FILE, folder) as number:
            status = os.fstat(number)
            if not stat.S_ISREG(status.st_mode):
                self._not_plain.append(path)
                return
            size, content = status.st_size, b""
            if room[0] and size <= most:
                with open(number, "rb", closefd=False) as file:
                    # It may have grown.
                    content = file.read(most + 1)
                size = len(content)
        if room[0] and size <= most:
            room[0] -= 1
            room[1] -= size
            self.files[path] = content
        elif room[0] and is_notebook(name):
            room[0] -= 1
            self.too_large[path] = size
        else:
            self._left_out += 1

    def notes(self) -> Iterator[str]:
        yield from few(
            [f"{printable(path)} is not a plain file and was left out." for path in self._not_plain]
        )
        limit = f"{MAX_FILES} files and {MAX_FILES_BYTES / 1e6:.0f} MB"
        if self._left_out:
            what = f"{self._left_out} files beside the notebook"
            yield f"{what} were left out: {limit} are the limit."
        if self._not_seen:
            yield f"There are more than {MAX_ENTRIES} files, or deeper folders than are looked at."


def is_notebook(name: str) -> bool:
    """Whether a file's name says that it is a notebook."""
    return name.lower().endswith(".ipynb")


def is_of_tools(path: str) -> bool:
    """Whether it is hidden, or lies in something that is: few have put that there themselves."""
    return any(part.startswith(".") for part in path.split("/"))


def few(notes: Sequence[str]) -> list[str]:
    """Notes of one kind: ten of them, then how many more there are."""
    more = len(notes) - MAX_ALIKE
    if more <= 0:
        return list(notes)
    return [*notes[:MAX_ALIKE], f"The same is true of {more:,} more."]


def printable(name: str) -> str:
    """A file's name as text: bytes that are no UTF-8 get backslashes, a long name is cut."""
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    text = re.sub(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", "_", text)
    return text if len(text) <= MAX_NAME else f"{text[: MAX_NAME - 1]}…"
