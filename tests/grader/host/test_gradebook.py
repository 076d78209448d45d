"""The gradebook on a server, or wherever its address says."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import replace

import pytest
from nbgrader.api import Gradebook
from sqlalchemy import create_engine, text

from grader import Course
from grader.host import batch
from grader.host.gradebook.book import Book
from grader.host.gradebook.connection import Database
from grader.protocol.errors import GraderError
from tests.conftest import system_package_missing
from tests.grader import servers
from tests.grader.conftest import Desk, rows


@pytest.fixture(scope="module")
def machine() -> Iterator[servers.Postgres]:
    if servers.find("postgres") is None:
        system_package_missing("postgresql")
    with servers.postgres() as server:
        yield server


@pytest.fixture
def server(machine: servers.Postgres) -> servers.Postgres:
    """The server, with nothing in it."""
    statement(machine, "DROP SCHEMA public CASCADE")
    statement(machine, "CREATE SCHEMA public")
    return machine


def statement(server: servers.Postgres, words: str) -> None:
    with create_engine(server.url, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text(words))


def grade(desk: Desk, *options: str, code: int = 0) -> str:
    return desk.grade("--timeout", 1, "--workers", 1, *options, code=code)


def marks(url: str) -> dict[tuple[str, str, str], tuple[float | None, bool, str | None]]:
    """By assignment, student and cell: automatic score, whether a teacher is to look, comment."""
    found = {}
    with Gradebook(url, "demo") as book:
        for assignment in book.assignments:
            for submission in assignment.submissions:
                for notebook in submission.notebooks:
                    said = {comment.name: comment.auto_comment for comment in notebook.comments}
                    for one in notebook.grades:
                        place = (assignment.name, submission.student.id, one.name)
                        needs = bool(one.needs_manual_grade)
                        found[place] = (one.auto_score, needs, said.get(one.name))
    return found


def hand_in(desk: Desk) -> None:
    desk.hand_in("amy", timestamp="2026-03-01 10:00:00 UTC")
    desk.hand_in("bob", {"square": "def square(x):\n    raise ValueError('\\0 and \\ud800')"})
    desk.folder("zoe").joinpath("numbers.ipynb").write_text("no notebook")


def test_a_server_gets_the_same_marks_as_a_file(desk: Desk, server: servers.Postgres) -> None:
    hand_in(desk)
    grade(desk, "--due", "numbers=2026-02-28")
    in_file, table = marks(f"sqlite:///{desk.out / 'gradebook.db'}"), rows(desk)
    (desk.out / "gradebook.db").unlink()
    grade(desk, "--due", "numbers=2026-02-28", "--db-url", server.url)
    assert marks(server.url) == in_file
    assert rows(desk) == table
    assert len(in_file) == 12
    assert not (desk.out / "gradebook.db").exists()


def test_what_is_given_by_hand_on_a_server_stays_and_counts(
    desk: Desk, server: servers.Postgres
) -> None:
    desk.hand_in("amy")
    grade(desk, "--db-url", server.url)
    with Gradebook(server.url, "demo") as book:
        given = book.find_grade("why", "numbers", "numbers", "amy")
        given.manual_score, given.needs_manual_grade = 2.5, False
        book.find_comment("why", "numbers", "numbers", "amy").manual_comment = "Nearly."
        book.db.commit()
    grade(desk, "--db-url", server.url)
    assert rows(desk)["numbers", "amy"]["total"] == "7.5"
    assert "Nearly." in (desk.out / "feedback/amy/numbers/numbers.html").read_text()
    desk.hand_in("amy", {"why": "Another reason."})
    grade(desk, "--db-url", server.url)
    with Gradebook(server.url, "demo") as book:
        again = book.find_grade("why", "numbers", "numbers", "amy")
        assert (again.manual_score, bool(again.needs_manual_grade)) == (2.5, True)


NAMED = {
    "c.Grader.db_url = 'sqlite:///{one}'": "one",
    "c.CourseDirectory.db_url = 'sqlite:///{one}'": "one",
    "c.Grader.db_url = 'sqlite:///{two}'\nc.CourseDirectory.db_url = 'sqlite:///{one}'": "two",
    "c.CourseDirectory.db_url = 'sqlite:///{root}/gradebook.db'": "gradebook",
    # From the course's folder, wherever one stands.
    "c.CourseDirectory.db_url = 'sqlite:///../one.db'": "one",
    "c.CourseDirectory.db_url = 'sqlite:///gradebook.db'": "gradebook",
}


@pytest.mark.parametrize(("lines", "wanted"), NAMED.items(), ids=range(len(NAMED)))
def test_the_course_says_where_it_lies(desk: Desk, lines: str, wanted: str) -> None:
    places = {name: desk.root.parent / f"{name}.db" for name in ("one", "two")}
    with (desk.root / "nbgrader_config.py").open("a") as config:
        config.write("\n" + lines.format(**places, root=desk.root) + "\n")
    places["gradebook"] = desk.out / "gradebook.db"
    desk.hand_in("amy")
    grade(desk)
    there = [name for name, path in places.items() if path.exists()]
    assert there == [wanted]
    assert ("numbers", "amy", "test-triple") in marks(f"sqlite:///{places[wanted]}")
    # Formgrader, started in the folder, finds it there.
    course = Course.open(desk.root)
    written = (desk.out / "nbgrader_config.py").read_text()
    assert (course.db_url is None) == ("db_url" not in written)
    assert not (desk.root / "gradebook.db").exists()


NO_ADDRESS = {
    "nowhere": "The address of the gradebook is none: it should be like postgresql://",
    "postgresql+psycopg://ada:secret@:1": "the same command goes on",
    "nonsense://ada:secret@server/grades": "SQLAlchemy knows no database nonsense.",
    "mysql+pymysql://ada:secret@server/grades": "install the Python package pymysql.",
    "postgresql+psycopg://ada:secret@127.0.0.1:1/grades": "start the server, then the same command",
}


@pytest.mark.parametrize(("url", "sentence"), NO_ADDRESS.items(), ids=range(len(NO_ADDRESS)))
def test_an_address_that_is_wrong_is_one_sentence(desk: Desk, url: str, sentence: str) -> None:
    desk.hand_in("amy")
    said = grade(desk, "--db-url", url, code=1)
    assert re.search(sentence, said)
    assert len(said.strip().splitlines()) == 1
    assert "secret" not in said


def test_a_disk_that_is_full_while_an_assignment_is_entered_is_one_sentence(
    desk: Desk, capfd: pytest.CaptureFixture[str]
) -> None:
    """nbgrader's own functions raise something else, and log it with a traceback."""
    numbers = desk.course().load("numbers")
    with Book(Database.of_file(desk.root / "full.db"), "demo") as book:
        # As many pages as it has.
        book._book.db.execute(text("PRAGMA max_page_count = 1"))
        called = (replace(numbers, name=f"numbers-{number}") for number in range(100))
        with pytest.raises(GraderError) as error:
            deque(book.set_up(assignment, None) for assignment in called)
    assert str(error.value).endswith(
        "cannot be used (database or disk is full): make room, then the same command goes on from "
        "here."
    )
    assert "Traceback" not in "".join(capfd.readouterr())


def test_a_database_that_is_not_there_is_one_sentence(desk: Desk, server: servers.Postgres) -> None:
    desk.hand_in("amy")
    said = grade(desk, "--db-url", server.address("grades"), code=1)
    assert 'database "grades" does not exist): create it on the server' in said
    assert len(said.strip().splitlines()) == 1


def test_what_is_no_gradebook_of_today_stays_on_its_server(
    desk: Desk, server: servers.Postgres
) -> None:
    desk.hand_in("amy")
    statement(server, "CREATE TABLE cookies (name TEXT)")
    assert "is no gradebook of nbgrader's: name another gradebook." in grade(
        desk, "--db-url", server.url, code=1
    )
    statement(server, "DROP TABLE cookies")
    statement(server, "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    for version, sentence in (
        ("167914646830", "an older nbgrader"),
        ("abcdef", "another nbgrader"),
    ):
        statement(server, "DELETE FROM alembic_version")
        statement(server, f"INSERT INTO alembic_version VALUES ('{version}')")
        assert f"was written by {sentence}" in grade(desk, "--db-url", server.url, code=1)
    assert not (desk.out / "grades.csv").exists()


def test_two_runs_do_not_enter_into_the_same_server(
    desk: Desk, server: servers.Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.hand_in("amy")
    said = []
    first = batch._enter

    def enter(*args):
        # In the middle of this run comes another, into a folder of its own.
        if not said:
            said.append("")
            out = desk.out.with_name("other")
            other = Desk(desk.root, desk.submitted, out)
            said.append(grade(other, "--db-url", server.url, code=1))
        yield from first(*args)

    monkeypatch.setattr(batch, "_enter", enter)
    grade(desk, "--db-url", server.url)
    assert "Another run enters marks into postgresql+psycopg://postgres@127.0.0.1:" in said[1]
    assert "wait until it is done, then the same command goes on from here." in said[1]
    grade(Desk(desk.root, desk.submitted, desk.out.with_name("other")), "--db-url", server.url)


def test_who_no_longer_keeps_others_out_enters_nothing_more(
    desk: Desk, server: servers.Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server may end a connection that does nothing; then another run could enter the same."""
    desk.hand_in("amy")
    first = batch.Book.record

    def record(book, *rest, **named):
        holds = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
        statement(server, holds)
        return first(book, *rest, **named)

    with monkeypatch.context() as patch:
        patch.setattr(batch.Book, "record", record)
        said = grade(desk, "--db-url", server.url, code=1)
    assert "see that the server runs, then the same command goes on from here." in said
    assert not marks(server.url)
    grade(desk, "--db-url", server.url)
    assert {student for _, student, _ in marks(server.url)} == {"amy"}


def test_a_server_that_goes_away_in_the_middle_loses_nothing(
    desk: Desk, server: servers.Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("amy", "bob", "cid"):
        desk.hand_in(name)
    first = batch.Book.record

    def record(book, result, *rest, **named):
        if result.student == "bob":
            server.stop()
        return first(book, result, *rest, **named)

    with monkeypatch.context() as patch:
        patch.setattr(batch.Book, "record", record)
        said = grade(desk, "--db-url", server.url, code=1)
    [last] = [line for line in said.splitlines() if "cannot be used" in line]
    assert "see that the server runs, then the same command goes on from here." in last
    server.start()
    said = grade(desk, "--db-url", server.url)
    assert "3 known from an earlier run" in said
    assert {student for _, student, _ in marks(server.url)} == {"amy", "bob", "cid"}
    assert all(rows(desk)["numbers", name]["total"] == "5" for name in ("amy", "bob", "cid"))
