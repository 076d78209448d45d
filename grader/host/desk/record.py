"""What each system is read into: who handed in what, as the system itself says it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from grader.host.desk.sources import File, Source


@dataclass(frozen=True)
class Record:
    """One attempt of one person at one assignment.

    Attributes:
        place: where it lies in its source: a folder, or the beginning of names.
        key: what the system knows the person by; "" where it has nothing of the kind.
        name: what it calls them.
        files: by the path that they have among what was handed in.
        assignment: what the place says; None where it says nothing.
        submitted: when, UTC without time zone, where the place says so.
        late: whether the system marked it as late.
        back: what the name of a file that is to go back to this person begins with.
        team: the group whose submission it is, where one counts for all of its members.
        stable: whether `key` means the same person in every assignment.
    """

    system: str
    source: str
    place: str
    key: str
    name: str
    files: Mapping[str, File]
    assignment: str | None = None
    submitted: datetime | None = None
    late: bool = False
    back: str = ""
    team: str = ""
    stable: bool = True


@dataclass(frozen=True)
class Known:
    """What is known beforehand.

    Attributes:
        assignments: the names of their notebooks, without ending, by name.
        logins: what people of the class are called at GitHub, in small letters.
        numbers: by their numbers in Canvas, how the names of people of the class are written.
        zone: in which nbgrader writes times.
    """

    assignments: Mapping[str, Collection[str]] = field(default_factory=dict)
    logins: Collection[str] = ()
    numbers: Mapping[str, Collection[str]] = field(default_factory=dict)
    zone: str = "UTC"


@dataclass
class Found:
    """What a system makes of a source.

    Attributes:
        others: files that are named in another way.
    """

    records: list[Record] = field(default_factory=list)
    others: list[File] = field(default_factory=list)

    @property
    def files(self) -> int:
        """How many files it could place with somebody."""
        return sum(len(record.files) for record in self.records)


class Finder(Protocol):
    """Reads a source as one system lays it out."""

    def __call__(self, source: Source, known: Known) -> Found: ...
