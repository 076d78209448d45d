"""Where a learner's progress is kept: events in one small SQLite file that is only ever added to.

What happened is written down once and never changed; what it amounts to, such as the newest answer
or when a card is due, is worked out from it. So two notebooks can write at once without undoing
each other's work, and an import adds what is missing, however often it is repeated.

The file is `progress.sqlite` beside notebooks/ and exercises/, in a learner's own workspace/ where
there is one. The variable COURSE_PROGRESS names another file; with `:memory:` nothing is written
at all. Whatever is wrong with the file, a lesson goes on: progress is kept in memory then, and a
sentence says so, once.
"""

from __future__ import annotations

import functools
import json
import os
import sqlite3
import sys
import uuid
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeVar, get_args

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, ValidationError

FILE = "progress.sqlite"
VARIABLE = "COURSE_PROGRESS"
IN_MEMORY = ":memory:"

Mode = Literal[
    "lesson", "sheet", "cards", "choice", "free", "practice", "pattern", "trace", "exercise"
]
MODES: tuple[Mode, ...] = get_args(Mode)

# Each step leads to the next version of the file: a file of version 1 has had the first. Steps are
# added at the end and never changed, since there are files that have had them.
MIGRATIONS: tuple[str, ...] = (
    "CREATE TABLE event (uid TEXT PRIMARY KEY, at TEXT NOT NULL, kind TEXT NOT NULL, data TEXT NOT "
    "NULL)",
)

_LATER = timedelta(days=36_525)

# SQLite's words for a file that is damaged, or none of its own: SQLITE_CORRUPT, SQLITE_NOTADB.
_BROKEN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class StoreError(Exception):
    """Progress can't be read, written, exported or imported; the message says why, in a sentence.

    `Store.record` and what reads never raise it: see there.
    """


def current_time() -> datetime:
    """The time, as events have it."""
    return datetime.now(UTC)


class _Event(BaseModel):
    # Each kind is built when it is first met: all of them are a tenth of what a page waits for.
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)
    KEY: ClassVar[str]

    uid: str = Field(default_factory=lambda: uuid.uuid4().hex)
    at: AwareDatetime = Field(default_factory=current_time)
    lesson: str

    @property
    def key(self) -> str:
        """What the event is about, unique within the lesson: the id of a question, a card, …"""
        key: str = getattr(self, self.KEY)
        return key


class Attempt(_Event):
    """A question was answered. `right` is None where nobody can say."""

    KEY = "question"
    kind: Literal["attempt"] = "attempt"
    question: str
    mode: Mode
    answer: JsonValue
    right: bool | None


class Response(_Event):
    """A free text, the names of the concepts found in it, and how many there were to find.

    `ticked` are those that the learner has said in words that were not found.
    """

    KEY = "question"
    kind: Literal["response"] = "response"
    question: str
    text: str
    found: tuple[str, ...]
    ticked: tuple[str, ...] = ()
    of: int = Field(ge=0)

    @property
    def named(self) -> int:
        """How many of the concepts the text names."""
        return len({*self.found, *self.ticked})


class Review(_Event):
    """A card was turned: 1 forgotten, 2 hard, 3 known, 4 easy. `schedule` says when next."""

    KEY = "card"
    kind: Literal["review"] = "review"
    card: str
    rating: Literal[1, 2, 3, 4]


class Pattern(_Event):
    """A test of a pattern was finished: how many were right of how many, and in what time."""

    KEY = "topic"
    kind: Literal["pattern"] = "pattern"
    topic: str
    right: int = Field(ge=0)
    of: int = Field(gt=0)
    seconds: float = Field(ge=0)
    strong: bool


class Guess(_Event):
    """A prediction, before its result was seen."""

    KEY = "question"
    kind: Literal["guess"] = "guess"
    question: str
    guess: float | str


class Outcome(_Event):
    """What came out for a question that a guess was asked for.

    Several texts are those that can't be told apart. `between` is the range over several runs.
    """

    KEY = "question"
    kind: Literal["outcome"] = "outcome"
    question: str
    result: float | str | tuple[str, ...]
    between: tuple[float, float] | None = None


class Place(_Event):
    """Where a learner went in a mode: to a question, and to a step of it, where it has steps."""

    KEY = "mode"
    kind: Literal["place"] = "place"
    mode: Mode
    question: str
    step: int = Field(default=0, ge=0)


class Visit(_Event):
    """Something without a question in it was used: a lesson was run, a cheat sheet opened."""

    KEY = "mode"
    kind: Literal["visit"] = "visit"
    mode: Mode


class Star(_Event):
    """A question was marked to be found again, or was no longer."""

    KEY = "question"
    kind: Literal["star"] = "star"
    question: str
    on: bool


class Golf(_Event):
    """The course's one network was squeezed in an exercise, and passed there."""

    KEY = "lesson"
    kind: Literal["golf"] = "golf"
    bytes: int = Field(gt=0)
    right: int = Field(ge=0)
    of: int = Field(gt=0)


class Undone(_Event):
    """Another event, named by its uid, does not count: the learner took it back."""

    KEY = "event"
    kind: Literal["undone"] = "undone"
    event: str


Event = (
    Attempt | Response | Review | Pattern | Guess | Outcome | Place | Visit | Star | Golf | Undone
)
_KINDS: dict[str, type[Event]] = {
    kind.model_fields["kind"].default: kind for kind in get_args(Event)
}
E = TypeVar("E", bound=Event)
T = TypeVar("T")
# The columns of the table; what else an event has stands in `data`, as JSON.
_COLUMNS = {"uid", "at", "kind"}


class Export(BaseModel):
    """A progress file as JSON, to be carried to another machine."""

    model_config = ConfigDict(extra="forbid", defer_build=True)

    format: Literal["fewer-bits-progress"] = "fewer-bits-progress"
    version: Literal[1] = 1
    events: list[Annotated[Event, Field(discriminator="kind")]]


def _to_stderr(sentence: str) -> None:
    print(sentence, file=sys.stderr)


class Store:
    """Events in a file, or with `path=None` in memory alone.

    Each call opens the file and closes it again: nothing is held while a notebook stands idle, and
    a file that was moved or replaced meanwhile does no harm.

    Attributes:
        trouble: what is wrong with keeping progress, in a sentence; "" if nothing is.
    """

    # Seconds to wait for another notebook that is writing. A write takes milliseconds.
    PATIENCE = 5.0

    def __init__(self, path: Path | None, say: Callable[[str], None] = _to_stderr) -> None:
        self.path = path
        self.trouble = ""
        self._say = say
        self._unsaved: list[Event] = []
        self._works = True
        self._was_there = False

    def record(self, *events: Event) -> None:
        """Writes events down. What can't be written stays in memory, and is tried again next time.

        The first time it can't, `say` gets a sentence; nothing is raised.
        """
        self._unsaved += map(_storable, events)
        if self.path is not None:
            self.trouble = ""
            self._reach(self._save_unsaved)

    def retry(self) -> None:
        """Tries again to write what could not be written before."""
        if self._unsaved and self.path is not None:
            self.record()

    def events(self, kind: type[E], lesson: str | None = None) -> list[E]:
        """All events of a kind, oldest first: those in the file, and those not written yet.

        What was undone is left out. A row that can't be understood is passed over and stays in the
        file. Where that can't be read, `say` gets a sentence, and what is in memory is returned.
        """
        name = kind.model_fields["kind"].default
        where = "WHERE kind IN (?, 'undone')"
        known = [*(self._reach(lambda: self._read(where, (name,))) or []), *self._unsaved]
        undone = {event.event for event in known if isinstance(event, Undone)}
        found = {event.uid: event for event in known if isinstance(event, kind)}
        chosen = (
            event
            for event in found.values()
            if lesson in (None, event.lesson) and event.uid not in undone
        )
        return sorted(chosen, key=lambda event: event.at)

    def latest(self, kind: type[E], lesson: str, **fields: object) -> dict[str, E]:
        """The newest event about each question, card or topic of a lesson, by its id.

        Keys are in the order in which they first came. With `fields`, only events that have these
        values: `latest(Attempt, "07_unstructured_pruning", mode="choice")`.
        """
        return {
            event.key: event
            for event in self.events(kind, lesson)
            if all(getattr(event, name) == value for name, value in fields.items())
        }

    def export(self, path: Path | str) -> int:
        """Writes all events to a JSON file, whole or not at all, and returns how many.

        Raises:
            StoreError: if progress can't be read, or the file not written.
        """
        path = Path(path)
        text, count = self.exported()
        half = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}.part")
        try:
            half.write_text(text, encoding="utf-8")
            half.replace(path)
        except OSError as error:
            half.unlink(missing_ok=True)
            raise StoreError(f"{path} can't be written: {_reason(error)}.") from error
        return count

    def exported(self) -> tuple[str, int]:
        """All events as JSON, and how many they are.

        Raises:
            StoreError: if progress can't be read.
        """
        stored = {event.uid: event for event in [*self._strictly(self._read), *self._unsaved]}
        return Export(events=list(stored.values())).model_dump_json(indent=1), len(stored)

    def import_(self, path: Path | str) -> int:
        """Adds the events of an exported file that are not here yet, and returns how many.

        Raises:
            StoreError: if the file can't be read or is no export, or progress can't be written;
                nothing is added then.
        """
        try:
            content = Path(path).read_bytes()
        except OSError as error:
            raise StoreError(f"{path} can't be read: {_reason(error)}.") from error
        return self.add(content, str(path))

    def add(self, content: bytes, name: str) -> int:
        """As `import_`, of what such a file holds; `name` is what it is called in errors."""
        try:
            events = Export.model_validate_json(content).events
            for event in events:
                # As it is kept: what lies before the year 1 in UTC is no date there. And a card is
                # due up to a hundred years later.
                event.at.astimezone(UTC) + _LATER
        except (ValueError, OverflowError) as error:
            what = "a date is out of range"
            if isinstance(error, ValidationError):
                first = error.errors()[0]
                place = ".".join(str(part) for part in first["loc"])
                what = f"{f'{place}: ' if place else ''}{first['msg']}"
            raise StoreError(
                f"{name} is no progress that this version of the course exports "
                f"({what}); nothing was imported."
            ) from error
        if self.path is not None:
            return self._strictly(lambda: self._insert(events))
        known = {event.uid for event in self._unsaved}
        new = {event.uid: event for event in events if event.uid not in known}
        self._unsaved += new.values()
        return len(new)

    def reset(self) -> Path | None:
        """Forgets everything, after exporting it to a file beside, which is returned.

        `import_` of that file undoes it. None if there was nothing, or progress is in memory alone.

        Raises:
            StoreError: if that file can't be written, or progress not; nothing is forgotten then.
        """
        backup = None if self.path is None else self._strictly(self._reset_file)
        self._unsaved.clear()
        return backup

    def _reset_file(self) -> Path | None:
        assert self.path is not None
        if not self.path.exists() and not self._unsaved:
            return None
        self._save_unsaved()
        backup = _free(self.path.with_name(f"{self.path.stem}-{_stamp()}.json"))
        with closing(self._open()) as db, db:
            # Nobody else writes from here on, so that what is deleted is what was exported.
            db.execute("BEGIN IMMEDIATE")
            events = self._read()
            if not events:
                return None
            self.export(backup)
            # By name: rows that were not understood, and so not exported, stay.
            db.executemany("DELETE FROM event WHERE uid = ?", [(event.uid,) for event in events])
        return backup

    def _reach(self, work: Callable[[], T]) -> T | None:
        """What `work` returns; None if the file can't be used, said once until a write works."""
        try:
            return self._strictly(work)
        except StoreError as error:
            self.trouble = (
                "What you do is not saved: it stays in memory, and is saved as soon as that works "
                f"again. {error}"
            )
            if self._works:
                self._say(f"Your progress is kept in memory for now, not in a file: {error}")
            self._works = False
            return None

    def _strictly(self, work: Callable[[], T]) -> T:
        """What `work` returns; a broken file is put aside first.

        Raises:
            StoreError: for whatever SQLite and the file system raise.
        """
        try:
            try:
                return work()
            except sqlite3.DatabaseError as error:
                if _code(error) not in _BROKEN:
                    raise
                self._put_aside()
                return work()
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"{self.path}: {_reason(error)}.") from error

    def _put_aside(self) -> None:
        assert self.path is not None
        aside = _free(self.path.with_name(f"{self.path.name}.broken-{_stamp()}"))
        # No journal is left to be rolled back into the new file: SQLite did that, or threw it away,
        # before it looked into this one.
        self.path.rename(aside)
        self._was_there = False
        self.trouble = (
            f"{self.path} was damaged, or not a progress file: it is now {aside.name}, "
            "and a new one is begun."
        )
        self._say(self.trouble)

    def _open(self) -> sqlite3.Connection:
        """A connection to a file of the current version.

        The journal stays SQLite's default, not WAL: WAL can't be used on network folders, where
        home directories often lie, and would leave two more files beside this one.
        """
        assert self.path is not None
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # Who was kept waiting once shall not wait in every cell.
        patience = self.PATIENCE if self._works else 0.1
        db = sqlite3.connect(self.path, timeout=patience, isolation_level=None)
        # A damaged text hides none of the others.
        db.text_factory = functools.partial(str, encoding="utf-8", errors="replace")
        try:
            self._migrate(db)
        except BaseException:
            db.close()
            raise
        return db

    def _migrate(self, db: sqlite3.Connection) -> None:
        if self._version(db) == len(MIGRATIONS):
            return
        with db:
            db.execute("BEGIN IMMEDIATE")
            # Again: another notebook may just have done it.
            version = self._version(db)
            if version == 0 and db.execute("SELECT 1 FROM sqlite_master").fetchone():
                raise StoreError(
                    f"{self.path} is a database of another program: it was left alone."
                )
            for step in MIGRATIONS[version:]:
                db.execute(step)
            db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")

    def _version(self, db: sqlite3.Connection) -> int:
        version: int = db.execute("PRAGMA user_version").fetchone()[0]
        if version > len(MIGRATIONS):
            raise StoreError(
                f"{self.path} was written by a newer version of the course (file version {version},"
                f" this one knows {len(MIGRATIONS)}): update the course."
            )
        return version

    def _read(self, where: str = "", values: Sequence[str] = ()) -> list[Event]:
        # Looking does not make a file.
        if self.path is None or not self.path.exists():
            return []
        with closing(self._open()) as db:
            rows = db.execute(f"SELECT uid, at, kind, data FROM event {where} ORDER BY at", values)
            return [event for row in rows if (event := _understood(*row)) is not None]

    def _save_unsaved(self) -> None:
        self._insert(self._unsaved)
        self._unsaved.clear()
        self._works = True

    def _insert(self, events: Iterable[Event]) -> int:
        rows = [
            (e.uid, e.at.astimezone(UTC).isoformat(), e.kind, e.model_dump_json(exclude=_COLUMNS))
            for e in events
        ]
        assert self.path is not None
        if self._was_there and not self.path.exists():
            self.trouble = f"{self.path} is gone, and what was in it: a new one is begun."
        with closing(self._open()) as db, db:
            self._was_there = True
            db.execute("BEGIN IMMEDIATE")
            # One that is there already, from an import or a write that seemed to fail, stays.
            return db.executemany("INSERT OR IGNORE INTO event VALUES (?, ?, ?, ?)", rows).rowcount


def _understood(uid: str, at: str, kind: str, data: str) -> Event | None:
    try:
        fields: dict[str, Any] = json.loads(data) | {"uid": uid, "at": at}
        return _KINDS[kind].model_validate(fields)
    except (KeyError, TypeError, ValueError, RecursionError):
        return None


def whole(value: T) -> T:
    """JSON's values with a question mark for each half of a character, which no file holds.

    A page may send one: JavaScript cuts a text wherever it is told.
    """
    cut = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
    made: T = json.loads(cut)
    return made


def _storable(event: Event) -> Event:
    try:
        event.model_dump_json()
    except ValueError:
        fields = whole(event.model_dump(exclude={"at"}))
        return type(event).model_validate({**fields, "at": event.at})
    return event


def _code(error: sqlite3.Error) -> int | None:
    # The lowest byte is the kind of error, the others say more about it.
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _stamp() -> str:
    return datetime.now().strftime("%Y%m%d-%H%M%S")


def _free(path: Path) -> Path:
    """`path`, or with a number behind its stem if there is such a file already."""
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free


def course_folder() -> Path:
    """The nearest folder around the working directory that has notebooks/ and exercises/ in it.

    Without one, the working directory itself: a notebook that was downloaded alone.
    """
    here = Path.cwd()
    for folder in (here, *here.parents):
        # Not Path.is_dir: that raises where a folder may not be looked into.
        if all(os.path.isdir(folder / name) for name in ("notebooks", "exercises")):
            return folder
    return here


@functools.cache
def default_store() -> Store:
    """The store of this kernel: the place is found once, so that os.chdir does not move it."""
    chosen = os.environ.get(VARIABLE)
    if chosen == IN_MEMORY:
        return Store(None)
    if chosen:
        return Store(Path(chosen).expanduser().absolute())
    return Store(progress_of(course_folder()))


def progress_of(folder: Path) -> Path:
    """Where the progress of a course folder lies."""
    # Who opens a lesson of the course itself goes on with the progress of their own copies.
    own = folder / "workspace"
    return (own if own.is_dir() else folder) / FILE
