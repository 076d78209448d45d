"""An archive or a folder that others have filled, as plain files; what else it holds is refused.

    with opened(Path("submissions.zip")) as source:
        source.files["lovelaceada_17_41_x.ipynb"].read()

Nothing is unpacked: a file is read when somebody asks for it, and never beyond its limit, whatever
the archive says of its size.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path, PurePosixPath

from grader.host.intake.folder import (
    MAX_DEPTH,
    MAX_FILES_BYTES,
    MAX_NOTEBOOK_BYTES,
    NOT_LOOKED_AT,
    is_notebook,
    printable,
)
from grader.host.intake.folder import MAX_ENTRIES as MAX_OF_ONE
from grader.protocol.errors import GraderError

# Of a class: what one archive or folder may hold.
MAX_ENTRIES = 100_000
# Bytes of one part of a path: what file systems have room for, less an ending of our own.
MAX_PART = 240
# Bytes of a whole path, which still has room before it.
MAX_PATH = 1_500
# What systems and editors leave lying about, and nobody has handed in.
_LITTER = {*NOT_LOOKED_AT, "__MACOSX", ".git", ".DS_Store", "Thumbs.db", "desktop.ini"}
# Python's own sign of an environment, which somebody has handed in with the rest, and what belongs
# to one: tens of thousands of files, with which a class would be too large.
_ENVIRONMENT = "pyvenv.cfg"
_OF_ENVIRONMENT = {_ENVIRONMENT, "bin", "etc", "include", "lib", "lib64", "man", "share"}
# On Windows.
_OF_ENVIRONMENT |= {"Include", "Lib", "Scripts"}
_TOO_DEEP = f"lies more than {MAX_DEPTH} folders deep"
# What is walked through to find out which folders hold too much.
_MOST_WALKED = 1_000_000
_UTF8 = 0x800
_ENCRYPTED = 0x1


class Unreadable(Exception):
    """A file that cannot be read; its text says why, as the end of a sentence."""


@dataclass(frozen=True)
class File:
    """A plain file. `path` is relative, with "/" between its parts, and leads nowhere else."""

    path: str
    _content: Callable[[int], bytes] = field(repr=False)

    def read(self) -> bytes:
        """What it holds.

        Raises:
            Unreadable: when it is damaged, or larger than what is graded.
        """
        limit = MAX_NOTEBOOK_BYTES if is_notebook(self.path) else MAX_FILES_BYTES
        content = self._content(limit + 1)
        if len(content) > limit:
            raise Unreadable(f"has more than {limit / 1e6:.0f} MB")
        return content


@dataclass
class Source:
    """What an archive or a folder holds.

    Attributes:
        name: of the archive or folder, without its place.
        files: by path.
        refused: by path as it was written, why it was not taken, as the end of a sentence.
        root: the folder; None for an archive.
    """

    name: str
    root: Path | None = None
    files: dict[str, File] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    _folders: set[str] = field(default_factory=set, repr=False)

    def add(self, written: str, content: Callable[[int], bytes]) -> None:
        """Takes a file in, if its path leads nowhere else."""
        reason = _misleads(written)
        path = unicodedata.normalize("NFC", written)
        above = {str(folder) for folder in PurePosixPath(path).parents}
        if reason is None and path in self.files:
            reason = "stands there twice; the first was taken"
        elif reason is None and (path in self._folders or above & self.files.keys()):
            reason = "would be a file and a folder at once"
        if reason is None:
            self.files[path] = File(path, content)
            self._folders |= above
        else:
            self.refused[printable(written)] = reason


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Source]:
    """Looks into an archive or a folder, which is not changed.

    Raises:
        GraderError: when there is none, or it is damaged.
    """
    if path.is_dir():
        yield _folder(path)
        return
    if not path.exists():
        raise GraderError(f"There is no archive or folder {path}.")
    try:
        with path.open("rb") as file:
            looks_like_zip = file.read(2) == b"PK"
        if not looks_like_zip:
            raise GraderError(f"{path} is neither a zip archive nor a folder.")
        archive = zipfile.ZipFile(path)
    except OSError as error:
        raise GraderError(f"Cannot read {path}: {error.strerror}.") from error
    # Names in no known code are a ValueError, sizes beyond all measure an overflow.
    except (zipfile.BadZipFile, ValueError, OverflowError, NotImplementedError) as error:
        raise GraderError(
            f"{path} is damaged or cut off, and nothing of it was taken: download it again."
        ) from error
    with archive:
        yield _archive(path.name, archive)


def _archive(name: str, archive: zipfile.ZipFile) -> Source:
    source = Source(name)
    infos = [(_name(info), info) for info in archive.infolist()]
    if len(infos) > MAX_ENTRIES:
        full = _too_full(written for written, _ in infos)
        source.refused |= {printable(folder): _holds_too_much() for folder in full}
        infos = [one for one in infos if full.isdisjoint(_with_parents(one[0])[1:])]
    _check_count(name, len(infos))
    folders = [written.rpartition("/") for written, _ in infos]
    environments = {above for above, _, last in folders if last == _ENVIRONMENT}
    for written, info in infos:
        kind = stat.S_IFMT(info.external_attr >> 16)
        # Not is_dir, which fails where there is no name.
        if written.endswith("/") or _is_litter(written) or _is_in_one(written, environments):
            continue
        if stat.S_ISLNK(kind):
            source.refused[printable(written)] = "is a link, which is not followed"
        elif kind not in (0, stat.S_IFREG):
            source.refused[printable(written)] = "is not a plain file"
        elif info.flag_bits & _ENCRYPTED:
            source.refused[printable(written)] = "is encrypted"
        else:
            source.add(written, _member(archive, info))
    return source


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[int], bytes]:
    def content(limit: int) -> bytes:
        try:
            with archive.open(info) as file:
                return file.read(limit)
        except RuntimeError as error:
            raise Unreadable("is packed in a way that is not known here") from error
        # Each way to pack has errors of its own.
        except Exception as error:
            raise Unreadable("is damaged in the archive: download it again") from error

    return content


def _name(info: zipfile.ZipInfo) -> str:
    """The name as it was meant: some programs write UTF-8 and do not say so."""
    # zipfile itself cuts a name at a zero byte, and takes a backslash for "/" on Windows only.
    if info.flag_bits & _UTF8:
        return info.orig_filename
    try:
        return info.orig_filename.encode("cp437").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return info.orig_filename


def _folder(folder: Path, full: Collection[str] = ()) -> Source:
    source = Source(folder.resolve().name, folder)

    def complain(error: OSError) -> None:
        path = os.path.relpath(error.filename, folder) if error.filename else str(folder)
        source.refused[printable(path)] = f"cannot be read ({error.strerror})"

    count = 0
    for above, folders, files in os.walk(folder, onerror=complain):
        place = Path(above)
        depth = len(place.relative_to(folder).parts)
        folders.sort()
        if _ENVIRONMENT in files:
            # Work may lie beside it, or where it is.
            folders[:] = [name for name in folders if name not in _OF_ENVIRONMENT]
            files.remove(_ENVIRONMENT)
        for name in list(folders):
            if name in _LITTER:
                folders.remove(name)
            elif full and (here := (place / name).relative_to(folder).as_posix()) in full:
                folders.remove(name)
                source.refused[printable(here)] = _holds_too_much()
            elif depth + 1 == MAX_DEPTH and not (place / name).is_symlink():
                # To walk down costs a call for each folder in another.
                folders.remove(name)
                source.refused[printable(str((place / name).relative_to(folder)))] = _TOO_DEEP
            elif (place / name).is_symlink():
                folders.remove(name)
                _refuse_link(source, folder, place / name)
        count += len(folders) + len(files)
        if count > MAX_ENTRIES and not full and (found := _too_full(_walked(folder))):
            return _folder(folder, found)
        _check_count(source.name, count)
        for name in sorted(files):
            path = place / name
            if _is_litter(name):
                continue
            if path.is_symlink():
                _refuse_link(source, folder, path)
            else:
                source.add(path.relative_to(folder).as_posix(), _file(path))
    return source


def _refuse_link(source: Source, folder: Path, path: Path) -> None:
    source.refused[printable(str(path.relative_to(folder)))] = "is a link, which is not followed"


def _file(path: Path) -> Callable[[int], bytes]:
    def content(limit: int) -> bytes:
        # It may have become a link, or a pipe that nobody writes to, since it was seen.
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        try:
            number = os.open(path, flags)
            with open(number, "rb") as file:
                if not stat.S_ISREG(os.fstat(number).st_mode):
                    raise Unreadable("is not a plain file")
                return file.read(limit)
        except OSError as error:
            raise Unreadable(f"cannot be read ({error.strerror})") from error

    return content


def _walked(folder: Path) -> Iterator[str]:
    for above, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in _LITTER]
        for name in (*folders, *files):
            yield os.path.relpath(os.path.join(above, name), folder)


def _too_full(paths: Iterable[str]) -> set[str]:
    """The folders that hold more than is looked at of one person, where all together hold too much:
    the deepest first, as what they lie in may be the class's, and only until little enough is
    left."""
    below: Counter[str] = Counter()
    left = 0
    for written in islice(paths, _MOST_WALKED):
        below.update(_with_parents(written))
        left += 1
    full: set[str] = set()
    for folder in sorted(below, key=lambda one: one.count("/"), reverse=True):
        held = below[folder]
        # What lies round all of it is the class's.
        if left > MAX_ENTRIES and MAX_OF_ONE < held < left:
            full.add(folder)
            left -= held
            below.subtract(dict.fromkeys(_with_parents(folder)[1:], held))
    return {folder for folder in full if full.isdisjoint(_with_parents(folder)[1:])}


def _with_parents(path: str) -> list[str]:
    whole = PurePosixPath(path)
    return [str(whole), *map(str, whole.parents)]


def _holds_too_much() -> str:
    return f"holds more than {MAX_OF_ONE:,} files"


def _check_count(name: str, count: int) -> None:
    if count > MAX_ENTRIES:
        raise GraderError(f"{name} holds more than {MAX_ENTRIES:,} files, and was not taken.")


def _is_litter(path: str) -> bool:
    parts = path.split("/")
    return any(part in _LITTER for part in parts) or parts[-1].startswith("._")


def _is_in_one(path: str, environments: Collection[str]) -> bool:
    parts = path.split("/")
    return any(
        part in _OF_ENVIRONMENT and "/".join(parts[:number]) in environments
        for number, part in enumerate(parts)
    )


def _misleads(path: str) -> str | None:
    """Why a path is not one of a plain file below the folder in which it stands."""
    parts = path.split("/")
    disk = any(part[1:2] == ":" for part in parts)
    if path.startswith("/") or disk or ".." in parts or "\\" in path:
        return "has a path that leads elsewhere"
    if any(part in ("", ".") for part in parts) or re.search(r"[\x00-\x1f\x7f]", path):
        return "has a path that is none"
    if len(parts) > MAX_DEPTH:
        return _TOO_DEEP
    try:
        lengths = [len(part.encode("utf-8")) for part in parts]
    except UnicodeEncodeError:
        return "has a name that is no text"
    too_long = max(lengths) > MAX_PART or sum(lengths) > MAX_PATH
    return "has too long a name" if too_long else None
