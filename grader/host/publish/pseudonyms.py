"""Pseudonyms: drawn once for a class, and kept in results/pseudonyms.json with whom they stand for.

That file is the key: whoever has it knows everybody, so it stays out of what is handed on.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from grader.host.results.result import write_atomically
from grader.protocol import decoders
from grader.protocol.errors import GraderError

_HOW = [
    *("quiet", "sparse", "tidy", "brave", "clever", "gentle", "swift", "patient", "frugal"),
    *("nimble", "sunny", "steady", "curious", "bright", "calm", "keen", "merry", "humble"),
]
_WHO = [
    *("heron", "otter", "wren", "badger", "lynx", "finch", "marten", "beetle", "plover"),
    *("salmon", "swallow", "newt", "kestrel", "hare", "robin", "vole", "starling", "moth"),
]


def key(out: Path) -> Path:
    """Where it says who is who."""
    return out / "results" / "pseudonyms.json"


def known(out: Path) -> dict[str, str]:
    """The pseudonyms that were drawn so far, by student.

    Raises:
        OSError: when the key cannot be read.
        GraderError: when it is damaged. Others in their place would be nobody's on earlier pages.
    """
    try:
        return decoders.from_json(dict[str, str]).decode(key(out).read_bytes())
    except FileNotFoundError:
        return {}
    except msgspec.MsgspecError as error:
        raise GraderError(
            f"{key(out)} says who is who, and cannot be understood ({error}): take an older copy "
            "of it, or remove it and have other pseudonyms drawn."
        ) from error


def pseudonyms(out: Path, students: Iterable[str]) -> dict[str, str]:
    """The pseudonym of each student, the same in every run into this folder.

    Raises:
        OSError: when the key cannot be read or written.
        GraderError: when it is damaged.
    """
    drawn = known(out)
    taken = set(drawn.values())
    for student in sorted(set(students) - drawn.keys()):
        name, number = "", 1
        while not name or name in taken:
            name = f"{secrets.choice(_HOW)} {secrets.choice(_WHO)}"
            # Where many are taken, a number tells them apart.
            name += f" {number}" if number > 40 else ""
            number += 1
        drawn[student] = name
        taken.add(name)
    save(out, drawn)
    return drawn


def nameless(text: str, names: Iterable[str]) -> str:
    """With … in place of each of these names, and of each of their parts."""
    parts = {part for name in names for part in [name, *re.split(r"[\s,@.]+", name)]}
    found = sorted((re.escape(part) for part in parts if len(part) > 2), key=len, reverse=True)
    if not found:
        return text
    return re.sub(rf"(?<![^\W_])(?:{'|'.join(found)})(?![^\W_])", "…", text, flags=re.IGNORECASE)


def save(out: Path, drawn: Mapping[str, str]) -> None:
    """Writes the key, which its owner alone may read.

    Raises:
        OSError: when that fails.
    """
    write_atomically(key(out), json.dumps(drawn, indent=0, sort_keys=True).encode())
