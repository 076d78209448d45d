"""Brings in what systems hand out: who it is of, which attempt counts, where it goes.

    done = collect([Path("submissions.zip")], submitted, unplaced, assignments, roster)

What cannot be placed is listed with a reason and kept; nothing about whose it is, or which
attempt, is guessed.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath
from unicodedata import normalize

from grader.host.desk import canvas, classroom, exchange, loose, moodle
from grader.host.desk.placing import Placing
from grader.host.desk.record import Finder, Found, Known, Record
from grader.host.desk.roster import Person, Roster, spellings, squeezed
from grader.host.desk.sources import File, Source, Unreadable, opened
from grader.host.intake.folder import (
    MAX_FILES,
    MAX_FILES_BYTES,
    TIMESTAMP,
    Folder,
    is_notebook,
    is_of_tools,
)
from grader.host.intake.submission import timestamp_of
from grader.host.tasks import why_no_student
from grader.protocol.errors import GraderError

SYSTEMS: dict[str, Finder] = {
    moodle.SYSTEM: moodle.find,
    canvas.SYSTEM: canvas.find,
    exchange.SYSTEM: exchange.find,
    classroom.SYSTEM: classroom.find,
    loose.SYSTEM: loose.find,
}
# These name things in a way that nobody falls into by chance.
_SURE = (moodle.SYSTEM, canvas.SYSTEM, exchange.SYSTEM)
# Of these, a time that lies beside a notebook is taken: it is the teacher's own, or what
# `nbgrader submit` has written for the student.
_KNOWS_TIMES = (exchange.SYSTEM, loose.SYSTEM)


@dataclass
class Collected:
    """What came of it.

    Attributes:
        systems: by source, which system it was taken for.
        late: how many of those that are there the system marked as late without saying when.
    """

    systems: dict[str, str] = field(default_factory=dict)
    outcomes: Counter[str] = field(default_factory=Counter)
    late: int = 0


@dataclass(frozen=True)
class _Candidate:
    """A record whose person and assignment are known."""

    record: Record
    person: Person
    assignment: str
    source: int


def collect(
    paths: Sequence[Path],
    submitted: Path,
    unplaced: Path,
    assignments: Mapping[str, Collection[str]],
    roster: Roster | None = None,
    *,
    system: str | None = None,
    assignment: str | None = None,
    due: datetime | None = None,
    zone: str = "UTC",
    tell: Callable[[str, str], None] = lambda place, reason: None,
) -> Collected:
    """Reads archives and folders, and places what they hold.

    Args:
        assignments: of the course, with the names of their notebooks.
        roster: who is in the class; without one, everybody goes by what the system calls them.
        system: what all of them are of, instead of what they look like.
        assignment: what all of them are for, instead of what their names say.
        due: when it was due, UTC: what is marked as late without a time is placed a second later.
        zone: in which nbgrader has written times; see `zone_of`.
        tell: called with what could not be placed, and why.

    Raises:
        GraderError: when an archive is damaged or of no known kind, before anything is written; or
            when something cannot be written.
    """
    done = Collected()
    people = roster.people if roster else []
    known = Known(
        # Spelled as sources spell everything.
        {normalize("NFC", name): notebooks for name, notebooks in assignments.items()},
        [login for p in people if (login := p.key(classroom.SYSTEM))],
        {key: spellings(p.name) for p in people if (key := p.key(canvas.SYSTEM))},
        zone,
    )
    with contextlib.ExitStack() as stack:
        sources = [stack.enter_context(opened(path)) for path in paths]
        read = [_read(source, known, system) for source in sources]
        done.systems = {source.name: name for source, (name, _) in zip(sources, read, strict=True)}
        placing = stack.enter_context(Placing(submitted, unplaced).held())
        run = _Run(placing, assignments, roster, assignment, due, zone, tell, done)
        for number, (source, (name, found)) in enumerate(zip(sources, read, strict=True)):
            placing.again |= {(source.name, path) for path in source.files}
            for path, reason in source.refused.items():
                run.refuse(Record(name, source.name, path, "", "", {}), reason)
            for file in found.others:
                lone = Record(name, source.name, file.path, "", "", {file.path: file})
                run.refuse(lone, f"is not named as {name} names what is handed in")
            run.match(number, found.records)
        run.place_all()
        placing.save()
    return done


def _read(source: Source, known: Known, system: str | None) -> tuple[str, Found]:
    """What a source holds, as the system lays it out whose it is."""
    if system is not None:
        found = SYSTEMS[system](source, known)
        if source.files and not found.records:
            raise GraderError(f"{source.name} holds nothing that is named as {system} names it.")
        return system, found
    read = {name: find(source, known) for name, find in SYSTEMS.items()}
    sure = {name: found for name, found in read.items() if name in _SURE and found.records}
    # Within what one system hands out, learners may have called their files as another does.
    placed = {name: _placed(found) for name, found in sure.items()}
    sure = {
        name: found
        for name, found in sure.items()
        if not any(placed[name] < others for others in placed.values())
    }
    # Nor does what a few have called so, in folders of their own, make a class another system's.
    entries = _entries(source, source.files)
    half = len(entries & {exchange.INBOUND} if entries <= exchange.FOLDERS else entries) / 2
    if len(_entries(source, set().union(*(placed[name] for name in sure)))) < half:
        sure = {}
    most = {name: sure[name] for name in sure if len(_entries(source, placed[name])) > half}
    sure = most or sure
    if len(sure) > 1:
        raise GraderError(
            f"{source.name} looks like {' and like '.join(sorted(sure))}: say which with --as."
        )
    if sure:
        return next(iter(sure.items()))
    repositories = read[classroom.SYSTEM]
    if repositories.records and repositories.files > len(repositories.others):
        return classroom.SYSTEM, repositories
    if source.files and not read[loose.SYSTEM].records:
        raise GraderError(
            f"{source.name} holds nothing that a system known here would hand out: no notebook or "
            "folder in it is named after a person."
        )
    return loose.SYSTEM, read[loose.SYSTEM]


def _placed(found: Found) -> set[str]:
    """The files that a system could place with somebody."""
    return {file.path for record in found.records for file in record.files.values()}


def _entries(source: Source, paths: Collection[str]) -> set[str]:
    """What stands at the top of a source, below the folders round all of it, and holds these."""
    begin = len(os.path.commonpath([os.path.dirname(f"/{path}") for path in source.files] or ["/"]))
    return {f"/{path}"[begin:].lstrip("/").partition("/")[0] for path in paths}


@dataclass
class _Run:
    """One run: from records to places."""

    placing: Placing
    assignments: Mapping[str, Collection[str]]
    roster: Roster | None
    assignment: str | None
    due: datetime | None
    zone: str
    tell: Callable[[str, str], None]
    done: Collected
    candidates: list[_Candidate] = field(default_factory=list)

    def refuse(self, record: Record, reason: str, assignment: str = "") -> None:
        """Lists it with the reason, and keeps what can be read of it."""
        files, _ = _contents(record.files)
        if len(files) == 1 and record.place in files:
            files = {PurePosixPath(path).name: content for path, content in files.items()}
        self.placing.refuse(record.source, record.place, record.name, reason, files, assignment)
        self.done.outcomes["unplaced"] += 1
        self.tell(f"{record.source}: {record.place}", reason)

    def match(self, source: int, records: Sequence[Record]) -> None:
        """Finds whose they are, and for what."""
        names = Counter(squeezed(record.name) for record in records)
        found = [self._person(record, names[squeezed(record.name)] > 1) for record in records]
        # Groups hand in together, or nobody does: somebody may be called as a group is.
        by_groups = all(isinstance(person, str) for person in found)
        for record, person in zip(records, found, strict=True):
            self.placing.again.add((record.source, record.place))
            team = self.roster.team(record) if self.roster else []
            if isinstance(person, str) and team and not by_groups:
                self.refuse(record, "is called as a group, where others hand in by themselves")
                continue
            if isinstance(person, str) and not team:
                self.refuse(record, person)
                continue
            assignment, reason = self._assignment(record)
            if assignment is None:
                self.refuse(record, reason)
                continue
            if isinstance(person, str):
                own = [(moodle.of_member(record, one.name, one.keys), one) for one in team]
            else:
                own = [(record, person)]
            self.candidates += [_Candidate(mine, one, assignment, source) for mine, one in own]

    def _person(self, record: Record, shared: bool) -> Person | str:
        """Whose it is, or why nobody's."""
        anonymous = record.system == canvas.SYSTEM and not record.key.isdecimal()
        if self.roster is not None and not anonymous:
            return self.roster.find(record)
        if not record.stable and shared:
            return (
                f"may be of several people called {record.name}: this assignment's grading "
                "worksheet as a --roster tells them apart"
            )
        # Canvas squeezes names: with its number they are of one person, and can be read.
        numbered = record.system == canvas.SYSTEM and not anonymous
        name = f"{record.name}-{record.key}" if numbered else record.name
        reason = why_no_student(name)
        if reason is not None:
            return f"is of nobody: the name {reason}"
        keys = {(record.system, record.key)} if record.stable else set()
        return Person(record.name, ids=[name], keys=keys)

    def _assignment(self, record: Record) -> tuple[str | None, str]:
        """What it is for, or why that is not known."""
        named = self.assignment or record.assignment
        if named is not None:
            for own in self.assignments:
                if normalize("NFC", own) == normalize("NFC", named):
                    return own, ""
            return None, f"is for {named}, which is no assignment of the course"
        stems = {PurePosixPath(p).stem for p in record.files if is_notebook(p)}
        fitting = [
            name
            for name, notebooks in self.assignments.items()
            if any(_fits(stem, notebook) for stem in stems for notebook in notebooks)
        ]
        if len(fitting) == 1:
            return fitting[0], ""
        if not stems:
            return None, _no_notebook(record)
        said = "several assignments" if fitting else "no assignment"
        return None, f"holds notebooks of {said} of the course: say with --assignment which it is"

    def place_all(self) -> None:
        """Chooses the attempt that counts for each, and places it."""
        by_place: dict[tuple[str, str], list[_Candidate]] = {}
        for candidate in self.candidates:
            place = (candidate.assignment, candidate.person.id)
            by_place.setdefault(place, []).append(candidate)
        for (assignment, student), several in sorted(by_place.items()):
            for candidate in self._counts(several):
                self._place(assignment, student, candidate)

    def _counts(self, several: list[_Candidate]) -> Iterator[_Candidate]:
        """The attempts that are placed one over the other: the last one counts.

        Where each has a time, the last by time; else the source that was named last, if it holds
        one alone.
        """
        times = [self._time(candidate.record) for candidate in several]
        if all(time is not None for time in times) and len(set(times)) == len(times):
            yield max(several, key=lambda one: self._time(one.record) or datetime.min)
            return
        for source in sorted({candidate.source for candidate in several}):
            own = [candidate for candidate in several if candidate.source == source]
            if len(own) == 1:
                yield own[0]
                continue
            for candidate in own:
                self.refuse(
                    candidate.record,
                    f"is one of {len(own)} that {candidate.person.id} handed in, and nothing says "
                    "which was the last",
                    candidate.assignment,
                )

    def _time(self, record: Record) -> datetime | None:
        if record.submitted is not None:
            return record.submitted
        key = record.place if record.system == classroom.SYSTEM else record.key
        return self.roster.times.get((record.system, key)) if self.roster else None

    def _place(self, assignment: str, student: str, candidate: _Candidate) -> None:
        record = candidate.record
        if self.placing.is_elsewhere(student, assignment):
            self.refuse(record, f"belongs where a link leads away: remove {student}", assignment)
            return
        moved = _laid_out(record, self.assignments[assignment])
        if isinstance(moved, str):
            self.refuse(record, moved, assignment)
            return
        files, unread = _contents(moved)
        when = self._time(record)
        stamp = files.pop(TIMESTAMP, None)
        if when is None and stamp is not None and record.system in _KNOWS_TIMES:
            when = timestamp_of(Folder({TIMESTAMP: stamp}), self.zone)
            if when is None:
                unread[TIMESTAMP] = f"cannot be read as a time of the zone {self.zone}"
        for path, reason in unread.items():
            lone = replace(record, place=f"{record.place}/{path}", files={})
            self.refuse(lone, reason, assignment)
        if not any(map(is_notebook, files)):
            self.refuse(replace(record, files={}), "holds no notebook that can be read", assignment)
            return
        if when is None and record.late and self.due is not None:
            when = self.due + timedelta(seconds=1)
        outcome = self.placing.place(student, assignment, files, when, record.late)
        self.done.outcomes[outcome] += 1
        if outcome == "older":
            return
        self.done.late += record.late and when is None
        person = candidate.person
        self.placing.collected[assignment, student] = {
            "assignment": assignment,
            "student": student,
            "name": person.name,
            "email": person.email,
            "group": person.group,
            "submitted": "" if when is None else when.isoformat(" ", "seconds"),
            "late": "yes" if record.late else "",
            "system": record.system,
            "key": record.key,
            "back": record.back,
            "team": record.team,
            "source": record.source,
        }


def _contents(files: Mapping[str, File]) -> tuple[dict[str, bytes], dict[str, str]]:
    """What files of one person hold, and why some could not be read."""
    contents: dict[str, bytes] = {}
    unread = dict.fromkeys(_in_the_way(files), "lies in a folder that is called as a file of ours")

    def order(path: str) -> tuple[object, ...]:
        # Time and notebooks first: there may not be room for all. What tools keep comes last.
        return path != TIMESTAMP, is_of_tools(path), not is_notebook(path), path

    for path in sorted(files.keys() - unread, key=order):
        if len(contents) >= 2 * MAX_FILES or sum(map(len, contents.values())) > MAX_FILES_BYTES:
            unread[path] = "is more than is graded of one person"
            continue
        try:
            contents[path] = files[path].read()
        except Unreadable as why:
            unread[path] = str(why)
    return contents, unread


def _in_the_way(files: Collection[str]) -> list[str]:
    """What lies in a folder where another file goes, such as a notebook, or the time."""
    ours = {TIMESTAMP, *files}
    return [p for p in files if not ours.isdisjoint(map(str, PurePosixPath(p).parents))]


def _no_notebook(record: Record) -> str:
    names = ", ".join(sorted(record.files)[:3])
    return f"holds no notebook, but {names}" if names else "holds nothing"


def _fits(stem: str, notebook: str) -> bool:
    """Whether a name is that of a notebook, or what systems and browsers make of it."""
    # Canvas adds -1 to what was handed in again, a browser (1) to what was there already.
    return stem == notebook or re.sub(r"(-\d+| ?\(\d+\))$", "", stem) == notebook


def _meant(path: str, notebooks: Collection[str]) -> str | None:
    """The notebook whose name a file has: its own name before what it may have been made of."""
    stem = PurePosixPath(path).stem
    fitting = (notebook for notebook in notebooks if _fits(stem, notebook))
    return stem if stem in notebooks else next(fitting, None)


def _laid_out(record: Record, notebooks: Collection[str]) -> dict[str, File] | str:
    """The files as they are graded: notebooks at the top, under their names; or why not."""
    files = dict(record.files)
    tops = {path.rpartition("/")[0] for path in files if is_notebook(path)}
    if not tops:
        return _no_notebook(record)
    counting = {
        path.rpartition("/")[0]
        for path in files
        if is_notebook(path) and _meant(path, notebooks) is not None
    } or tops
    if "" not in counting:
        # What lies on top may be the work under another name.
        if len(counting) > 1 or "" in tops:
            return "holds notebooks in several folders, and nothing says which one counts"
        (top,) = counting
        files = {p[len(top) + 1 :]: file for p, file in files.items() if p.startswith(f"{top}/")}
    for notebook in notebooks:
        alike = [
            path
            for path in files
            if "/" not in path and is_notebook(path) and _meant(path, notebooks) == notebook
        ]
        if len(alike) == 1 and alike[0] != f"{notebook}.ipynb":
            files[f"{notebook}.ipynb"] = files.pop(alike[0])
    return files
