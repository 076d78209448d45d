import json
import os
import sqlite3
import subprocess
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from coursekit.learn.progress import store as module
from coursekit.learn.progress.store import (
    Attempt,
    Guess,
    Outcome,
    Pattern,
    Response,
    Review,
    Store,
    StoreError,
    Visit,
    course_folder,
    default_store,
)

LESSON = "07_unstructured_pruning"
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
PATIENCE = 60
KINDS = (Attempt, Response, Review, Pattern, Guess, Outcome, Visit)


def guess(question="q", value=0.5, minute=0):
    at = NOON + timedelta(minutes=minute)
    return Guess(lesson=LESSON, question=question, guess=value, at=at)


def one_of_each():
    return [
        Attempt(lesson=LESSON, question="goal", mode="choice", answer=["a"], right=False),
        Response(lesson=LESSON, question="why", text="Kleiner – ✓", found=("smaller",), of=5),
        Review(lesson=LESSON, card="mask", rating=3),
        Pattern(lesson=LESSON, topic="ties", right=9, of=10, seconds=140.5, strong=True),
        Guess(lesson=LESSON, question="size", guess="half"),
        Outcome(lesson=LESSON, question="size", result=2.0),
        Visit(lesson=LESSON, mode="sheet"),
    ]


def everything(store):
    return [event for kind in KINDS for event in store.events(kind)]


@pytest.fixture
def said():
    return []


@pytest.fixture
def path(tmp_path):
    return tmp_path / "progress.sqlite"


@pytest.fixture
def store(path, said):
    return Store(path, said.append)


# What is kept


def test_every_kind_of_event_is_there_after_a_restart(store, path, said):
    events = one_of_each()
    store.record(*events)
    assert everything(Store(path, said.append)) == events
    assert said == []
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_looking_makes_no_file(store, path):
    assert everything(store) == []
    assert store.reset() is None
    assert not path.exists()


def test_the_latest_event_of_each_question_counts_in_the_order_of_asking(store):
    store.record(guess("a", 1, 0), guess("b", 2, 1), guess("a", 3, 2))
    store.record(Guess(lesson="00_pipeline", question="a", guess=9))
    latest = store.latest(Guess, LESSON)
    assert [(key, event.guess) for key, event in latest.items()] == [("a", 3), ("b", 2)]


def test_the_latest_event_can_be_asked_for_by_mode(store):
    for mode, answer in (("choice", 1), ("pattern", 2)):
        store.record(
            Attempt(lesson=LESSON, question="q", mode=mode, answer=answer, right=True, at=NOON)
        )
    assert store.latest(Attempt, LESSON, mode="choice")["q"].answer == 1


def test_events_come_in_the_order_of_their_times_whatever_the_order_of_writing(store):
    berlin = datetime.fromisoformat("2026-11-01T12:30:00+01:00")  # 11:30 in UTC
    store.record(guess("late", minute=5), guess("noon"))
    store.record(Guess(lesson=LESSON, question="early", guess=1, at=berlin))
    assert [event.question for event in store.events(Guess)] == ["early", "noon", "late"]


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="timezone"):
        Guess(lesson=LESSON, question="q", guess=1, at=datetime(2026, 11, 1))


def test_a_row_that_is_not_understood_is_passed_over_and_stays(store, path):
    store.record(guess())
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("INSERT INTO event VALUES ('odd', '2026', 'guess', '{\"lesson\": 1')")
        db.execute("INSERT INTO event VALUES ('new', '2026', 'dream', '{}')")
    assert [event.question for event in store.events(Guess)] == ["q"]
    store.reset()
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT uid FROM event ORDER BY uid").fetchall() == [("new",), ("odd",)]


def test_half_a_character_is_kept_as_a_question_mark_and_hides_nothing(store, said):
    store.record(Response(lesson=LESSON, question="why", text="a\ud83d", found=(), of=1))
    store.record(Attempt(lesson=LESSON, question="q", mode="choice", answer=["\udc00"], right=None))
    store.record(guess())
    assert [event.text for event in store.events(Response)] == ["a?"]
    assert [event.answer for event in store.events(Attempt)] == [["?"]]
    assert (store.exported()[1], len(store.events(Guess)), said) == (3, 1, [])


@pytest.mark.parametrize("data", [b'{"lesson": "\xff"}', b"[" * 200_000])
def test_a_damaged_text_hides_no_other(store, path, data):
    store.record(guess())
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("INSERT INTO event VALUES ('odd', '2026', 'guess', CAST(? AS TEXT))", (data,))
    assert [event.question for event in store.events(Guess)] == ["q"]


# Two at once, and ends that come suddenly

WRITER = """
import sys
from pathlib import Path
from coursekit.learn.progress.store import Guess, Store

name, path = sys.argv[1], Path(sys.argv[2])
store = Store(path)
print("ready", flush=True)
sys.stdin.readline()
for number in range(40):
    store.record(Guess(lesson="07", question=f"{name}{number}", guess=number))
print(len(store._unsaved), flush=True)
"""


def test_two_processes_write_at_once_and_nothing_is_lost(store, path, python):
    writers = [python(WRITER, name, path, stdin=subprocess.PIPE) for name in "ab"]
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    # Both begin on a file that is not there yet.
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        output, errors = writer.communicate(timeout=PATIENCE)
        assert (output, errors) == ("0\n", "")
    questions = {event.question for event in store.events(Guess)}
    assert questions == {f"{name}{number}" for name in "ab" for number in range(40)}


KILLED = """
import sys, time
from contextlib import closing
from pathlib import Path
from coursekit.learn.progress.store import Store

store = Store(Path(sys.argv[1]))
with closing(store._open()) as db, db:
    db.execute("PRAGMA cache_size = 1")  # so that pages go into the file before the end
    db.execute("BEGIN IMMEDIATE")
    db.execute("UPDATE event SET at = 'never', data = 'half'")
    rows = ((f"lost{number}", "2026", "guess", "x" * 1000) for number in range(500))
    db.executemany("INSERT INTO event VALUES (?, ?, ?, ?)", rows)
    print("in the middle", flush=True)
    time.sleep(600)
"""


def test_a_writer_killed_in_the_middle_leaves_what_was_there_before(store, path, said, python):
    store.record(*one_of_each())
    before = everything(store)
    size = path.stat().st_size
    writer = python(KILLED, path)
    assert writer.stdout.readline() == "in the middle\n"
    # The file is half changed now, and only the journal knows what it was.
    assert path.stat().st_size > size
    assert path.with_name(path.name + "-journal").stat().st_size > 0
    writer.kill()
    writer.wait(timeout=PATIENCE)
    assert everything(store) == before
    store.record(guess("afterwards"))
    assert {"size", "afterwards"} == {event.question for event in store.events(Guess)}
    assert said == []


def test_while_another_holds_the_file_events_wait_in_memory_and_are_written_later(
    store, path, said, monkeypatch
):
    monkeypatch.setattr(Store, "PATIENCE", 0.05)
    store.record(guess("before"))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        store.record(guess("meanwhile", minute=1))
        store.record(guess("still", minute=2))
        assert [event.question for event in store.events(Guess)] == ["meanwhile", "still"]
        other.execute("ROLLBACK")
    [sentence] = said
    assert "kept in memory for now" in sentence
    assert "locked" in sentence
    store.record(guess("after", minute=3))
    kept = [event.question for event in Store(path).events(Guess)]
    assert kept == ["before", "meanwhile", "still", "after"]


# Files that are old, new, broken, or somebody else's


@pytest.fixture
def version_1(root, path):
    script = (root / "tests/coursekit/learn/progress_v1.sql").read_text(encoding="utf-8")
    with closing(sqlite3.connect(path)) as db, db:
        db.executescript(script)
    return path


def test_a_file_of_version_1_is_read(version_1, store, said):
    assert {event.uid for event in everything(store)} == {f"u{n}" for n in range(1, 8)}
    assert store.latest(Response, LESSON)["why"].text == "Fewer weights – smaller."
    store.record(guess())
    assert said == []


def test_this_version_makes_its_files_as_the_newest_script_says(version_1, store, tmp_path):
    """When the schema changes, a script for the new version is added, and the old ones stay."""
    new = Store(tmp_path / "new.sqlite")
    new.record(guess())
    store.record(guess())

    def schema(path):
        with closing(sqlite3.connect(path)) as db:
            tables = db.execute("SELECT sql FROM sqlite_master WHERE sql NOT NULL").fetchall()
            return tables, db.execute("PRAGMA user_version").fetchone()

    assert schema(new.path) == schema(version_1)


def test_an_old_file_is_brought_to_a_later_version(version_1, store, monkeypatch):
    before = everything(store)
    later = (
        *module.MIGRATIONS,
        "CREATE TABLE note (text TEXT)",
        "INSERT INTO note SELECT count(*) FROM event",
    )
    monkeypatch.setattr(module, "MIGRATIONS", later)
    assert everything(store) == before
    with closing(sqlite3.connect(version_1)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (3,)
        assert db.execute("SELECT text FROM note").fetchall() == [("7",)]


def test_a_migration_that_fails_changes_nothing(version_1, store, said, monkeypatch):
    content = version_1.read_bytes()
    later = (*module.MIGRATIONS, "CREATE TABLE note (text TEXT)", "INSERT INTO nowhere VALUES (1)")
    monkeypatch.setattr(module, "MIGRATIONS", later)
    store.record(guess("new"))
    assert [event.question for event in store.events(Guess)] == ["new"]
    assert version_1.read_bytes() == content
    assert len(said) == 1


def test_a_file_of_a_newer_version_is_left_alone_and_named(version_1, store, said):
    with closing(sqlite3.connect(version_1)) as db:
        db.execute("PRAGMA user_version = 7")
    content = version_1.read_bytes()
    store.record(guess("here"))
    assert [event.question for event in store.events(Guess)] == ["here"]
    [sentence] = said
    assert "written by a newer version of the course (file version 7, this one knows 1)" in sentence
    with pytest.raises(StoreError, match="newer version"):
        store.export(version_1.with_name("out.json"))
    with pytest.raises(StoreError, match="newer version"):
        store.reset()
    assert version_1.read_bytes() == content


def test_a_database_of_another_program_is_left_alone(store, path, said):
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE grade (points REAL)")
    content = path.read_bytes()
    store.record(guess())
    assert "a database of another program" in said[0]
    assert path.read_bytes() == content


@pytest.mark.parametrize("reads_first", [True, False])
@pytest.mark.parametrize(
    "damage",
    [
        lambda good: b"My notes on pruning.\n" * 300,
        lambda good: good[:4096] + b"\xff" * (len(good) - 4096),
    ],
    ids=["no database", "damaged pages"],
)
def test_a_broken_file_is_put_aside_and_a_new_one_begun(store, path, said, damage, reads_first):
    # Enough for more than one page of the table.
    store.record(*(guess(f"old {number}" + "x" * 200) for number in range(200)))
    broken = damage(path.read_bytes())
    path.write_bytes(broken)
    if reads_first:
        assert store.events(Guess) == []
    store.record(guess("new"))
    assert [event.question for event in Store(path).events(Guess)] == ["new"]
    [aside] = path.parent.glob("progress.sqlite.broken-*")
    assert aside.read_bytes() == broken
    [sentence] = said
    assert str(path) in sentence
    assert aside.name in sentence


# Folders in which nothing can be written


def test_in_a_closed_folder_a_lesson_goes_on_in_memory_and_says_so_once(closed_folder, said):
    folder, closed = closed_folder
    store = Store(folder / "deeper" / "progress.sqlite", said.append)
    with closed():
        store.record(guess("a"))
        store.record(guess("b", minute=1))
        assert [event.question for event in store.events(Guess)] == ["a", "b"]
        with pytest.raises(StoreError, match="can't be written"):
            Store(None).export(folder / "out.json")
    [sentence] = said
    assert "kept in memory for now, not in a file" in sentence
    assert str(folder) in sentence
    assert list(folder.iterdir()) == []


def test_what_lies_in_a_closed_folder_is_still_read(closed_folder, said):
    folder, closed = closed_folder
    store = Store(folder / "progress.sqlite", said.append)
    store.record(guess("before"))
    with closed():
        assert [event.question for event in store.events(Guess)] == ["before"]
        assert said == []
        store.record(guess("now", minute=1))
        assert [event.question for event in store.events(Guess)] == ["before", "now"]
        store.record(guess("then", minute=2))
        with pytest.raises(StoreError):
            store.reset()
    assert len(said) == 1
    store.record()
    assert len(Store(store.path).events(Guess)) == 3


def test_a_path_that_can_not_be_is_said_once_too(tmp_path, said):
    (tmp_path / "file").write_text("")
    store = Store(tmp_path / "file" / "progress.sqlite", said.append)
    store.record(guess())
    store.record(guess())
    assert len(store.events(Guess)) == 2
    assert len(said) == 1


# To another machine and back


def test_an_export_brings_everything_to_another_machine(store, tmp_path):
    store.record(*one_of_each())
    assert store.export(tmp_path / "out.json") == 7
    other = Store(tmp_path / "elsewhere" / "progress.sqlite")
    assert other.import_(tmp_path / "out.json") == 7
    assert everything(other) == everything(store)


@pytest.mark.parametrize("in_memory", [True, False])
def test_importing_merges_and_doubles_nothing(store, tmp_path, in_memory):
    store.record(guess("both", minute=1))
    other = Store(None if in_memory else tmp_path / "other.sqlite")
    store.export(tmp_path / "a.json")
    other.import_(tmp_path / "a.json")
    store.record(guess("here", minute=2))
    other.record(guess("there", minute=3))
    store.export(tmp_path / "b.json")
    assert [other.import_(tmp_path / "b.json") for _ in range(3)] == [1, 0, 0]
    assert [event.question for event in other.events(Guess)] == ["both", "here", "there"]


def test_an_export_that_fails_leaves_the_file_before_it(store, tmp_path, monkeypatch):
    store.record(guess())
    store.export(tmp_path / "out.json")
    before = (tmp_path / "out.json").read_bytes()
    store.record(guess("more"))

    def fail(self, *_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(StoreError, match="No space left on device"):
        store.export(tmp_path / "out.json")
    assert (tmp_path / "out.json").read_bytes() == before
    assert list(tmp_path.glob("*.part")) == []


def exported(**changes):
    event = json.loads(guess().model_dump_json())
    whole = {"format": "fewer-bits-progress", "version": 1, "events": [event, event | {"uid": "2"}]}
    whole["events"][1].update(changes.pop("event", {}))
    return json.dumps(whole | changes)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("not JSON", "Invalid JSON"),
        ("[]", "no progress that this version of the course exports"),
        (exported(event={"at": "0001-01-01T00:00:00+14:00"}), "a date is out of range"),
        (exported(event={"at": "9999-12-31T23:00:00-14:00"}), "a date is out of range"),
        # It is one, but a card that was turned then would be due after the last.
        (exported(event={"at": "9950-01-01T00:00:00+00:00"}), "a date is out of range"),
        (exported(version=2), "version"),
        (exported(format="else"), "format"),
        (exported(event={"kind": "dream"}), "events.1"),
        (exported(event={"guess": None}), "events.1.guess"),
        (exported(event={"at": "yesterday"}), "events.1.guess.at"),
        (exported(event={"secret": 1}), "events.1.guess.secret"),
    ],
)
def test_what_is_no_export_is_refused_as_a_whole(store, tmp_path, text, words):
    (tmp_path / "in.json").write_text(text)
    with pytest.raises(StoreError, match="nothing was imported") as caught:
        store.import_(tmp_path / "in.json")
    assert words in str(caught.value)
    assert store.events(Guess) == []


def test_an_import_that_fails_in_the_middle_adds_nothing(store, path, tmp_path):
    store.record(guess("before"))
    (tmp_path / "in.json").write_text(exported())
    with closing(sqlite3.connect(path)) as db, db:
        full = "BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
        db.execute(f"CREATE TRIGGER full BEFORE INSERT ON event WHEN NEW.uid = '2' {full}")
    with pytest.raises(StoreError, match="the disk is full"):
        store.import_(tmp_path / "in.json")
    assert [event.question for event in store.events(Guess)] == ["before"]


def test_a_missing_export_is_named(store, tmp_path):
    with pytest.raises(StoreError, match=r"in\.json can't be read: No such file"):
        store.import_(tmp_path / "in.json")


def test_reset_forgets_everything_and_keeps_it_beside(store, path):
    store.record(*one_of_each())
    events = everything(store)
    backup = store.reset()
    assert everything(store) == everything(Store(path)) == []
    assert backup.parent == path.parent
    assert store.import_(backup) == 7
    assert everything(store) == events


def test_what_waited_in_memory_is_in_the_backup_too(store, path, monkeypatch):
    monkeypatch.setattr(Store, "PATIENCE", 0.05)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        store.record(guess("meanwhile"))
        other.execute("ROLLBACK")
    backup = store.reset()
    assert store.events(Guess) == []
    assert store.import_(backup) == 1


def test_two_resets_in_a_second_keep_two_files(store):
    backups = []
    for name in "ab":
        store.record(guess(name))
        backups.append(store.reset())
    assert len(set(backups)) == 2
    assert [json.loads(b.read_text())["events"][0]["question"] for b in backups] == ["a", "b"]


def test_without_a_place_for_the_backup_nothing_is_forgotten(store, monkeypatch):
    store.record(guess())
    monkeypatch.setattr(Path, "write_text", lambda *_, **__: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(StoreError, match="full"):
        store.reset()
    assert len(store.events(Guess)) == 1


def test_reset_in_memory(said):
    store = Store(None, said.append)
    store.record(guess())
    assert store.reset() is None
    assert store.events(Guess) == []
    assert said == []


# Where it lies


def test_progress_lies_beside_notebooks_and_exercises(tmp_path, monkeypatch):
    for name in ("notebooks", "exercises/07_x"):
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.delenv("COURSE_PROGRESS")
    for name in ("notebooks", "exercises/07_x", "."):
        monkeypatch.chdir(tmp_path / name)
        assert course_folder() == tmp_path
        default_store.cache_clear()
        assert default_store().path == tmp_path / "progress.sqlite"


def test_a_lone_notebook_has_it_in_its_own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COURSE_PROGRESS")
    assert default_store().path == tmp_path / "progress.sqlite"


def test_a_variable_names_another_place(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "mine" / "p.sqlite"))
    default_store().record(guess())
    assert (tmp_path / "mine" / "p.sqlite").is_file()


def test_tests_and_builds_write_no_progress(tmp_path, monkeypatch):
    assert os.environ["COURSE_PROGRESS"] == ":memory:"
    monkeypatch.chdir(tmp_path)
    default_store().record(guess())
    assert len(default_store().events(Guess)) == 1
    assert list(tmp_path.iterdir()) == []
