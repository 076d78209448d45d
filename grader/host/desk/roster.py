"""Who is in the class: tables of one's own and those that systems write, put together.

    roster = Roster.read([Path("class.csv"), Path("Grades-worksheet.csv")])
    person = roster.find(record)            # or a sentence that says why there is none

Of one's own: id, name, email, group; only id has to be there. Of systems: Moodle's grading
worksheet and list of participants, Canvas's gradebook, GitHub Classroom's roster and table of
grades. They are told apart by their columns. Rows of two files are one person where an id or an
e-mail address is the same, else where the name is and nobody else has it.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from functools import cache, cached_property
from pathlib import Path

from grader.host.desk import canvas, classroom, exchange, loose, moodle
from grader.host.desk.record import Record
from grader.host.desk.tables import Table, read
from grader.host.intake.submission import parse_time
from grader.host.tasks import why_no_student
from grader.protocol.errors import GraderError

_ID = ("id", "student id", "student_id", "student")
_NUMBER = ("id number", "username")
_MAIL = ("email", "e-mail", "email address", "e-mail address", "mail")
# Systems that call people by what stands in a roster of one's own.
_BY_ID = (exchange.SYSTEM, loose.SYSTEM, classroom.SYSTEM)


@dataclass
class Person:
    """Somebody in the class.

    Attributes:
        ids: what they may be called by, the best first.
        keys: system, and by what it knows them.
    """

    name: str = ""
    email: str = ""
    group: str = ""
    section: str = ""
    sis_id: str = ""
    login: str = ""
    ids: list[str] = field(default_factory=list)
    keys: set[tuple[str, str]] = field(default_factory=set)

    @property
    def id(self) -> str:
        return self.ids[0]

    @property
    def called(self) -> set[str]:
        """All that means this person and nobody else."""
        return {text.casefold() for text in (*self.ids, self.email) if text}

    def key(self, system: str) -> str:
        """What a system knows them by, where that is the same everywhere; "" if it is unknown."""
        return next((key for name, key in sorted(self.keys) if name == system), "")

    def is_another(self, other: Person) -> bool:
        """Whether both have a name and an e-mail address, and neither is the other's."""
        names = spellings(self.name), spellings(other.name)
        emails = self.email.casefold(), other.email.casefold()
        return all((*names, *emails)) and names[0].isdisjoint(names[1]) and emails[0] != emails[1]

    def take(self, other: Person) -> None:
        """Takes over what another table knows of the same person."""
        for name in ("name", "email", "group", "section", "sis_id", "login"):
            setattr(self, name, getattr(self, name) or getattr(other, name))
        self.ids += [one for one in other.ids if one not in self.ids]
        self.keys |= other.keys


@dataclass(frozen=True)
class _Places:
    """Where in a list of people somebody is, by each thing that may mean them.

    Attributes:
        marks: kind of a mark and what it says, and the places of those who have it.
        groups: as they are written.
    """

    marks: Mapping[tuple[str, ...], set[int]]
    groups: set[str]

    @classmethod
    def of(cls, people: Sequence[Person]) -> _Places:
        marks: defaultdict[tuple[str, ...], set[int]] = defaultdict(set)
        for place, person in enumerate(people):
            for key in person.keys:
                marks["key", *key].add(place)
            for text in person.called:
                marks["called", text].add(place)
            for name in spellings(person.name):
                marks["name", name].add(place)
            if person.group:
                marks["group", squeezed(person.group)].add(place)
        return cls(dict(marks), {person.group for person in people if person.group})

    def by(self, *marks: tuple[str, ...]) -> set[int]:
        """The places of those who have one of these."""
        return {place for mark in marks for place in self.marks.get(mark, ())}


@dataclass
class Roster:
    """The class.

    Attributes:
        times: when it was handed in, UTC without time zone, by system and what it calls it.
        notes: what in the tables was not clear, a sentence each.
    """

    people: list[Person] = field(default_factory=list)
    times: dict[tuple[str, str], datetime] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, paths: Sequence[Path], zone: tzinfo = UTC) -> Roster:
        """Puts tables together.

        Args:
            zone: of times that name none.

        Raises:
            GraderError: when one of them is not of a known kind, or two people have one id.
        """
        roster = cls()
        tables = [(path, read(path)) for path in paths]
        # One's own first: its ids are what people are called by.
        tables.sort(key=lambda one: _kind(one[1]) != "own")
        for path, table in tables:
            kind = _kind(table)
            if kind is None:
                raise GraderError(
                    f"{path} is no list of people that is known here: it should have a column id, "
                    "or be what Moodle (in English), Canvas or GitHub Classroom write."
                )
            roster._add(path.name, [_READ[kind](table, row) for row in table.rows])
            roster._note_times(path.name, kind, table, zone)
        roster._check()
        return roster

    def find(self, record: Record) -> Person | str:
        """Whose it is, or why that is not known, as the end of a sentence."""
        by_key = self._places.by(("key", record.system, record.key))
        if len(by_key) == 1:
            return self.people[by_key.pop()]

        def fitting(*marks: tuple[str, ...]) -> list[Person]:
            found = [self.people[place] for place in sorted(self._places.by(*marks))]
            # Whom the system knows by another key, it is not: people choose what they are called.
            return [p for p in found if not (record.stable and p.key(record.system))]

        if record.system in _BY_ID:
            by_id = fitting(("called", record.key.casefold()))
            if len(by_id) == 1:
                return by_id[0]
        names = [record.name, *_without_group(record.name, self._places.groups)]
        by_name = fitting(*(("name", name) for name in set(map(squeezed, names)) - {""}))
        if len(by_name) == 1:
            return by_name[0]
        if len(by_name) > 1:
            ids = ", ".join(sorted(person.id for person in by_name))
            return f"may be of {len(by_name)} people of that name ({ids}): {_tells(record)}"
        return "is of nobody on the roster"

    def team(self, record: Record) -> list[Person]:
        """Whose it is where Moodle has one submission for all of a group."""
        if record.system != moodle.SYSTEM:
            return []
        places = self._places.by(("group", squeezed(record.name)))
        return [self.people[place] for place in sorted(places)]

    @cached_property
    def _places(self) -> _Places:
        """Made once, when all tables are read: a class may have thousands, and each asks."""
        return _Places.of(self.people)

    def _add(self, file: str, people: list[Person | None]) -> None:
        before = list(self.people)
        rows = [person for person in people if person is not None]
        written = Counter(squeezed(person.name) for person in rows)
        # Where in `before`, by all that means somebody, and by name: a class may have thousands.
        marks: defaultdict[object, set[int]] = defaultdict(set)
        names: defaultdict[str, set[int]] = defaultdict(set)

        def note(place: int) -> None:
            for mark in (*before[place].called, *before[place].keys):
                marks[mark].add(place)
            for name in spellings(before[place].name):
                names[name].add(place)

        for place in range(len(before)):
            note(place)
        for person in rows:
            same = sorted({n for mark in (*person.called, *person.keys) for n in marks[mark]})
            if not same and person.name:
                name = squeezed(person.name)
                theirs = sorted(names[name])
                if len(theirs) > 1 or (theirs and written[name] > 1):
                    self.notes.append(
                        f"{file}: there are several people of the name {person.name}, and nothing "
                        "else says which of them this is; the row was not used."
                    )
                    continue
                same = theirs
            if len(same) > 1:
                self.notes.append(
                    f"{file}: the row of {person.name or person.id} fits several people; it was "
                    "not used."
                )
            elif same and before[same[0]].is_another(person):
                # Two sections that count from 1, say: `_check` tells where an id is that of both.
                self.people.append(person)
            elif same:
                before[same[0]].take(person)
                note(same[0])
            elif person.ids or self._name_as_id(file, person, written[squeezed(person.name)]):
                self.people.append(person)
                if before:
                    self.notes.append(
                        f"{person.name or person.id} is in {file}, but in no table before it."
                    )

    def _name_as_id(self, file: str, person: Person, of_that_name: int) -> bool:
        """Calls somebody by their name, where their system says nothing better."""
        key = person.key(canvas.SYSTEM)
        if of_that_name == 1:
            person.ids = [person.name.strip()]
        elif key:
            person.ids = [f"{person.name} {key}"]
        else:
            self.notes.append(
                f"{file}: {of_that_name} people are called {person.name}, and no e-mail address or "
                "id tells them apart; the row was not used."
            )
        return bool(person.ids)

    def _note_times(self, file: str, kind: str, table: Table, zone: tzinfo) -> None:
        for row in table.rows:
            if kind == "moodle":
                key = (moodle.SYSTEM, _participant(table, row))
                text = table.cell(row, "last modified (submission)")
            elif kind == "grades":
                key = (classroom.SYSTEM, table.cell(row, "student_repository_name"))
                text = table.cell(row, "submission_timestamp")
            else:
                return
            if not key[1] or text in ("", "-"):
                continue
            try:
                self.times[key] = _utc(text, zone)
            except ValueError:
                self.notes.append(f"{file}: {text} could not be read as a time.")

    def _check(self) -> None:
        seen: dict[str, Person] = {}
        for person in self.people:
            reason = why_no_student(person.id)
            if reason is not None:
                raise GraderError(f"On the roster, the id {person.id!r} {reason}.")
            other = seen.setdefault(person.id, person)
            if other is not person:
                raise GraderError(
                    f"On the roster, {other.name or 'somebody'} and {person.name or 'somebody'} "
                    f"have the same id {person.id}."
                )


def _utc(text: str, zone: tzinfo) -> datetime:
    """A time, as UTC without time zone."""
    try:
        local = moodle.parse_time(text)
    except ValueError:
        if re.search(r"(Z|UTC|[+-]\d\d:?\d\d)$", text):
            return parse_time(text)
        local = parse_time(text)
    return local.replace(tzinfo=zone).astimezone(UTC).replace(tzinfo=None)


def squeezed(name: str) -> str:
    """The same for a name with other spaces, signs, and small or capital letters."""
    whole = unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
    return re.sub(r"[\W_]", "", whole)


@cache
def spellings(name: str) -> frozenset[str]:
    """A name `squeezed`, in each order of its parts that systems write: one turns it round."""
    parts = name.replace(",", " ").split()
    return frozenset(squeezed("".join(parts[n:] + parts[:n])) for n in range(len(parts)))


def _without_group(name: str, groups: Collection[str]) -> Iterator[str]:
    """A name without a group that Moodle may have put before it, in each way that there is."""
    for place, sign in enumerate(name):
        if sign == "-" and name[:place] in groups:
            yield name[place + 1 :]


def _tells(record: Record) -> str:
    return {
        moodle.SYSTEM: "this assignment's grading worksheet as a --roster tells them apart",
        canvas.SYSTEM: "the exported gradebook as a --roster tells them apart",
    }.get(record.system, "their id in the name would tell them apart")


# --- Kinds of tables ---


def _kind(table: Table) -> str | None:
    def has(*names: str) -> bool:
        return table.column(*names) is not None

    if has("student_repository_name"):
        return "grades"
    if has("github_username"):
        return "classroom"
    if has("identifier") and has("grade"):
        return "moodle"
    if has("id") and has("sis login id"):
        return "canvas"
    return "own" if has(*_ID, *_NUMBER, *_MAIL) else None


def _own(table: Table, row: Sequence[str]) -> Person | None:
    def one(*names: str) -> str:
        return table.cell(row, *names)

    name = one("name", "full name") or f"{one('first name')} {one('last name', 'surname')}".strip()
    if not name and table.column(*_ID) != table.column("student"):
        # Beside a column id it is what people are called.
        name = one("student")
    mail = one(*_MAIL)
    ids = [i for i in (one(*_ID), *map(one, _NUMBER)) if i] or [i for i in (mail,) if i]
    person = Person(name, mail, one("group", "groups"), ids=ids)
    if login := one("github", "github login"):
        person.keys.add((classroom.SYSTEM, login.casefold()))
    return person if person.ids else None


def _moodle(table: Table, row: Sequence[str]) -> Person | None:
    key, mail = _participant(table, row), table.cell(row, *_MAIL)
    if not key:
        return None
    name = table.cell(row, "full name") or f"{moodle.HIDDEN} {key}"
    ids = [table.cell(row, "id number"), table.cell(row, "username"), mail]
    group = table.cell(row, "group", "groups")
    return Person(name, mail, group, ids=[i for i in ids if i], keys={(moodle.SYSTEM, key)})


def _participant(table: Table, row: Sequence[str]) -> str:
    found = re.search(r"(\d+)$", table.cell(row, "identifier"))
    return found[1] if found else ""


def _canvas(table: Table, row: Sequence[str]) -> Person | None:
    key = table.cell(row, "id")
    if not key.isdecimal():
        # Points Possible, and what is posted by hand.
        return None
    name = table.cell(row, "student")
    if not name:
        name = f"{table.cell(row, 'lastname')}, {table.cell(row, 'firstname')}"
    sis, login = table.cell(row, "sis user id"), table.cell(row, "sis login id")
    return Person(
        name,
        login if "@" in login else "",
        section=table.cell(row, "section"),
        sis_id=sis,
        login=login,
        ids=[i for i in (sis, login) if i],
        keys={(canvas.SYSTEM, key)},
    )


def _classroom(table: Table, row: Sequence[str]) -> Person | None:
    who, login = table.cell(row, "identifier"), table.cell(row, "github_username")
    # A login is somebody's own choice, and may be what another person's id is.
    ids = [who or login]
    keys = {(classroom.SYSTEM, login.casefold())} if login else set()
    name = table.cell(row, "name")
    return Person(name, who if "@" in who else "", ids=ids, keys=keys) if ids[0] else None


def _grades(table: Table, row: Sequence[str]) -> Person | None:
    who, login = table.cell(row, "roster_identifier"), table.cell(row, "github_username")
    return (
        Person(ids=[who or login], keys={(classroom.SYSTEM, login.casefold())}) if login else None
    )


_READ = {
    "own": _own,
    "moodle": _moodle,
    "canvas": _canvas,
    "classroom": _classroom,
    "grades": _grades,
}
