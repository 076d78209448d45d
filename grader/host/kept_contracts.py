"""Contracts kept from one run to the next: readable files, each known by what it was made for.

To make a contract, the teacher's solution is run several times, which takes longer than grading a
submission or two. It comes out the same as long as nothing changes that it hangs on: the
assignment, what its cells may import and read, the packages, Python, the grader and its limits. A
file's name is a hash of all these, so a kept contract is never wrong, only missing.

Files lie in the user's cache, or where GRADER_CONTRACTS says. Who can write there can write the
grader's own settings, too; submissions, in their sandbox, can't.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from grader.host.version import code
from grader.protocol import decoders
from grader.protocol.errors import GraderError

if TYPE_CHECKING:
    # The command line asks for the folder before it imports what a contract is made of.
    from grader.host.contract import Contract

VARIABLE = "GRADER_CONTRACTS"
# Seconds after which a contract that nobody asked for goes.
MAX_AGE = 60 * 24 * 3600


def folder() -> Path:
    """Where contracts are kept if nobody says otherwise.

    Raises:
        GraderError: when it is named by the home folder of somebody who has none.
    """
    if chosen := os.environ.get(VARIABLE):
        try:
            return Path(chosen).expanduser()
        except RuntimeError as error:
            raise GraderError(
                f"{VARIABLE} is {chosen}, and nobody of that name has a home folder here."
            ) from error
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "fewer-bits" / "contracts"


def contract(
    place: Path,
    name: str,
    made_for: Mapping[str, str],
    make: Callable[[], Contract],
    say: Callable[[str], None] = lambda sentence: None,
) -> Contract:
    """The contract that was kept, or a new one, which is kept then.

    Two runs that want the same one at a time wait for each other. Whatever is wrong with the place,
    a contract is made: it costs time only.

    Args:
        place: the folder.
        name: of the notebook, for who looks into the folder.
        made_for: all that the contract hangs on, beside the grader and its environment.
        say: gets a sentence when a kept contract can't be read.
    """
    hangs_on = {**made_for, **_environment()}
    digest = hashlib.sha256(msgspec.json.encode(hangs_on, order="sorted")).hexdigest()
    path = place / f"{name}-{digest[:24]}.json"
    with _alone(path):
        if (kept := _read(path, hangs_on, say)) is not None:
            return kept
        made = make()
        if _is_sure(made):
            _write(path, {"made_for": hangs_on, "contract": made})
        return made


def _is_sure(made: Contract) -> bool:
    """Whether it would come out so on another day: a busy machine may have cost a test its time."""

    return not any(clause.broken or clause.slow for clause in made.tests.values())


def shown(made: Contract) -> str:
    """A contract as it is kept, for a person to read."""
    return _text(made).decode()


def _text(value: object) -> bytes:
    """As JSON, the same each time, and to be read."""
    plain = msgspec.to_builtins(value, str_keys=True)
    return msgspec.json.format(msgspec.json.encode(plain, order="sorted"), indent=1)


@cache
def _environment() -> dict[str, str]:
    # Their names have name and version. To read what is in them takes a quarter of a second.
    # Somebody may have started in a folder that they may not look into: then there is none.
    packages = sorted(name for place in sys.path for name in glob("*.*-info", root_dir=place))
    return {
        "grader": code(),
        "python": sys.version,
        "packages": hashlib.sha256("\n".join(packages).encode()).hexdigest(),
    }


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """While nobody else makes this one."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR, 0o600)
    except OSError:
        yield
        return
    try:
        with contextlib.suppress(OSError):
            # Some network folders can't: then both make it.
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _read(path: Path, hangs_on: Mapping[str, str], say: Callable[[str], None]) -> Contract | None:
    try:
        content = path.read_bytes()
    except OSError:
        return None
    from grader.host.contract import Contract

    try:
        file = decoders.from_json(dict[str, msgspec.Raw]).decode(content)
        if decoders.from_json(dict[str, str]).decode(file["made_for"]) != hangs_on:
            raise ValueError("it was made for something else")
        found = decoders.from_json(Contract).decode(file["contract"])
    except (ValueError, KeyError, RecursionError) as error:
        # msgspec's errors are ValueErrors.
        say(f"The kept contract {path.name} can't be used ({error}): it is made anew.")
        return None
    with contextlib.suppress(OSError):
        os.utime(path)
    return found


def _write(path: Path, file: Mapping[str, object]) -> None:
    from grader.host.results.result import write_atomically

    with contextlib.suppress(OSError):
        write_atomically(path, _text(file), 0o666)
        for old in path.parent.glob("*.*"):
            if old.suffix in (".json", ".lock") and old.stat().st_mtime < time.time() - MAX_AGE:
                old.unlink()
