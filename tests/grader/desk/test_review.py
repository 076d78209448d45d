"""Marking texts: groups, ideas, marks in the gradebook that Formgrader opens, and who gets in."""

from __future__ import annotations

import http.client
import json
import os
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor

import nbformat
import pytest
from nbgrader.api import Gradebook
from sqlalchemy import event

from grader import Course
from grader.host.desk import alike, reviewing
from grader.host.desk.review_server import ReviewServer
from grader.host.desk.reviewing import Change, Review, State
from grader.host.gradebook.book import Book
from grader.host.gradebook.connection import Database
from grader.host.result_store import ResultStore
from grader.protocol.errors import GraderError
from tests.conftest import system_package_missing
from tests.grader import servers
from tests.grader.desk.serving import TEXTS, lay, serving

# --- Which texts are alike ----------------------------------------------------------------------


def test_texts_in_nearly_the_same_words_are_one_group():
    long = "the masks are still attached so the file holds the original and the mask at full size"
    texts = {"a": long, "b": f"- {long}!", "c": long.replace("still", "yet"), "d": "a disk is slow"}
    assert alike.groups(texts) == [["a", "b", "c"], ["d"]]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("does", "does not"),
        ("takes 4 bytes and", "takes 8 bytes and"),
        ("is less than", "is more than"),
        ("doesn't gain", "does gain"),
        ("takes 3.5 bytes and", "takes 5.3 bytes and"),
        ("is -3 in all, and", "is 3 in all, and"),
        ("with 2 bits takes 8 bytes and", "with 8 bits takes 2 bytes and"),
        ("is x > 0 at the end and", "is x < 0 at the end and"),
        ("is a - b at the end and", "is b - a at the end and"),
        ("is $i^2$ at the end and", "is $2^i$ at the end and"),
        ("does not gain, but does lose", "does gain, but does not lose"),
        ("takes more bytes and less time, and", "takes less bytes and more time, and"),
    ],
)
def test_a_number_or_a_negation_parts_them(one, other):
    text = "in this network every zero that {} of the weights hold on each of the layers that count"
    texts = {"a": text.format(one), "b": text.format(other)}
    assert alike.groups(texts) == [["a"], ["b"]]


def test_one_sign_parts_code():
    code = "def power(n):\n    return base ** n + n"
    texts = {"a": code, "b": f"{code} \n\n", "c": code.replace("+", "-"), "d": ""}
    assert alike.groups(texts, is_code=True) == [["a", "b"], ["c"], ["d"]]


def test_nobody_is_lost_and_no_answers_are_one_group():
    texts = {f"s{n}": "" if n % 2 else f"answer number {n} of many words" for n in range(40)}
    found = alike.groups(texts)
    assert sorted(who for group in found for who in group) == sorted(texts)
    assert len(found[0]) == 20


def test_ideas_are_the_points_of_the_rubric():
    rubric = (
        "A model answer.\n1. Not a point.\n\nRubric, 1 point each:\n\n"
        "1. File: names `weight_mask` in the file\n   and `remove`. Only one: half.\n"
        "2. Dense kernels do not skip zeros.\n"
    )
    file, dense = alike.ideas(rubric)
    assert file.text == "File: names `weight_mask` in the file and `remove`. Only one: half."
    assert dense.shown("A dense kernel doesn't skip the zeros.") == 1.0
    assert dense.shown("The disk is slow.") == 0.0
    assert 0 < file.shown("Call remove.") < 1
    assert alike.ideas("Two equal signs cancel.") == []


def test_a_paragraph_is_one_line_and_points_keep_theirs():
    text = (
        "One sentence\nover two lines.\n\nRubric:\n\n1. A point\n   goes on.\n2. Another.\n- Last."
    )
    wanted = "One sentence over two lines.\n\nRubric:\n\n1. A point goes on.\n2. Another.\n- Last."
    assert reviewing._lines(text) == wanted
    for kept in ("```\na\nb\n```", "| a |\n| b |", "a\n\n    code\n    more"):
        assert reviewing._lines(kept) == kept


# --- Marks --------------------------------------------------------------------------------------


@pytest.fixture
def review(group):
    out = lay(group)
    return reopened(group, out)


def reopened(group, out):
    database = Database.of_file(out / "gradebook.db")
    return Review(ResultStore(out), database, [Course.open(group.root).load("numbers")])


PLACE = "numbers/numbers/why"


def members(review):
    shown = review.texts(PLACE)
    return {one["student"]: one for group in shown["groups"] for one in group}


def give(review, student, score, comment="", seen=None):
    one = members(review)[student]
    state = State(score, False, comment)
    return review.save([Change(one["id"], seen or one["state"], state)])


def test_rubric_and_groups_stand_together(review):
    shown = review.texts(PLACE)
    assert shown["title"] == "why"
    assert shown["points"] == 3
    assert "Why is a square never negative?" in shown["prompt"]
    assert shown["rubric"] == "Two equal signs cancel."
    groups = [[one["student"] for one in group] for group in shown["groups"]]
    assert groups[0] == ["ada", "bob"]
    assert ["cleo"] in groups
    # What was left as it was released is no text.
    assert members(review)["eve"]["text"] == ""
    assert review.counts() == {PLACE: (5, 5)}


def test_other_pictures_are_another_answer(review, group):
    for student, picture in (("ada", "aaaa"), ("bob", "bbbb"), ("dan", "aaaa")):
        path = group.here / f"out/autograded/{student}/numbers/numbers.ipynb"
        page = nbformat.read(path, as_version=4)
        page.cells[-1].source = "![image.png](attachment:image.png)"
        page.cells[-1].attachments = {"image.png": {"image/png": picture}}
        nbformat.write(page, path)
    groups = [[one["student"] for one in group] for group in review.texts(PLACE)["groups"]]
    assert groups[0] == ["ada", "dan"]
    assert ["bob"] in groups


def test_a_mark_is_not_for_what_was_handed_in_since(review, group):
    one = members(review)["ada"]
    store = ResultStore(group.here / "out")
    result = store.load("numbers", "ada")
    result.model_copy(update={"handed_in": "other"}).save(store.result("numbers", "ada"))
    with pytest.raises(GraderError, match="other work meanwhile: load the page again"):
        review.save([Change(one["id"], one["state"], State(3, False))])
    assert members(review)["ada"]["state"] == State()
    give(review, "ada", 3)
    assert members(review)["ada"]["state"] == State(3, False)


def test_a_mark_is_one_that_formgrader_would_have_given(group, review):
    give(review, "ada", 2.5, "Say why.")
    with Gradebook(f"sqlite:///{group.here}/out/gradebook.db", "demo") as book:
        grade = book.find_grade("why", "numbers", "numbers", "ada")
        assert (grade.manual_score, grade.score, grade.needs_manual_grade) == (2.5, 2.5, False)
        assert book.find_comment("why", "numbers", "numbers", "ada").comment == "Say why."
        assert book.find_grade("why", "numbers", "numbers", "bob").needs_manual_grade
    # Grading again brings it into the results.
    course = Course.open(group.root)
    assignment = course.load("numbers")
    store = ResultStore(group.here / "out")
    with Book(Database.of_file(store.gradebook), course.course_id) as book:
        book.set_up(assignment, None)
        entry = book.record(store.load("numbers", "ada"), assignment, False)
    assert entry.scores == {"numbers/why": 2.5}
    assert entry.comments == {"numbers/why": "Say why."}
    assert review.counts()[PLACE] == (4, 5)


def test_undo_is_a_mark_back_to_what_was_seen(review):
    before = members(review)["ada"]["state"]
    done = give(review, "ada", 3, "Good.")
    one = members(review)["ada"]
    assert done.saved == {one["id"]: one["state"]}
    review.save([Change(one["id"], one["state"], before)])
    assert members(review)["ada"]["state"] == before == State()


def test_two_teachers_do_not_write_over_one_another(group, review):
    other = reopened(group, group.here / "out")
    seen = members(other)["ada"]["state"]
    give(review, "ada", 3, "Fine.")
    both = members(other)
    changes = [Change(both[who]["id"], seen, State(1, False, "Why?")) for who in ("ada", "bob")]
    done = other.save(changes)
    assert done.changed == {both["ada"]["id"]: State(3, False, "Fine.")}
    assert done.saved == {both["bob"]["id"]: State(1, False, "Why?")}
    assert members(review)["ada"]["state"] == State(3, False, "Fine.")
    # Having seen it, one may.
    give(other, "ada", 1)
    assert members(review)["ada"]["state"] == State(1, False, "")


def test_a_comment_that_changed_alone_is_no_mark_to_write_over(group, review):
    give(review, "ada", 2)
    seen = members(review)["ada"]["state"]
    with Gradebook(f"sqlite:///{group.here}/out/gradebook.db", "demo") as book:
        book.find_comment("why", "numbers", "numbers", "ada").manual_comment = "By hand."
        book.db.commit()
    done = give(review, "ada", 0, "Mine.", seen=seen)
    assert list(done.changed.values()) == [State(2, False, "By hand.")]
    # Neither half of it was written.
    assert members(review)["ada"]["state"] == State(2, False, "By hand.")


@pytest.mark.parametrize("score", [-1, 3.5, float("nan"), float("inf")])
def test_points_that_cannot_be_had_are_refused(review, score):
    with pytest.raises(GraderError, match="is not from 0 to 3 points"):
        give(review, "ada", score)
    assert members(review)["ada"]["state"] == State()


def test_a_mark_of_another_item_is_refused(review):
    with pytest.raises(GraderError, match="no such mark"):
        review.save([Change("x", State(), State(1, False))])
    with pytest.raises(GraderError, match="at most 10,000 characters"):
        give(review, "ada", 1, "x" * 10_001)


def test_of_a_full_disk_all_before_it_is_saved(group, review):
    both = members(review)
    wanted = {"ada": State(1, False), "bob": State(1, False, "x" * 9_000)}
    changes = [Change(both[who]["id"], State(), state) for who, state in wanted.items()]

    def fill(connection, record):
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")

    review._engine.dispose()
    event.listen(review._engine, "connect", fill)
    with pytest.raises(GraderError, match=r"full.*: make room, then the same command goes on"):
        review.save(changes)
    event.remove(review._engine, "connect", fill)
    review._engine.dispose()
    assert members(review)["ada"]["state"] == wanted["ada"]
    assert members(review)["bob"]["state"] == State()
    # The page still shows what it saw, so the same keys are pressed again: of ada it is told.
    done = review.save(changes)
    assert set(done.changed) == {both["ada"]["id"]}
    assert done.saved == {both["bob"]["id"]: wanted["bob"]}


def test_a_gradebook_that_is_locked_is_one_sentence(group, review):
    one = members(review)["ada"]
    with sqlite3.connect(group.here / "out/gradebook.db") as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(GraderError, match=r"locked.*: close the program that writes to it"):
            review.save([Change(one["id"], State(), State(1, False))])
        other.rollback()
    assert give(review, "ada", 1).saved


def test_a_gradebook_that_is_away_is_one_sentence(group, review):
    path = group.here / "out/gradebook.db"
    path.write_bytes(b"no database at all, only some text" * 100)
    review._engine.dispose()
    with pytest.raises(GraderError, match="cannot be used"):
        review.counts()
    path.unlink()
    with pytest.raises(GraderError, match="grade the class first"):
        reopened(group, group.here / "out")
    assert not path.exists()


def test_pseudonyms_hide_who_wrote(group):
    out = lay(group, {"ada": "I, Ada King (ada@x.org), say that minus times minus is plus."})
    store = ResultStore(out)
    review = Review(
        store,
        Database.of_file(store.gradebook),
        [Course.open(group.root).load("numbers")],
        {"ada": "quiet heron"},
        {("numbers", "ada"): {"name": "King, Ada", "email": "ada@x.org"}},
    )
    one = members(review)["quiet heron"]
    assert one["text"] == "I, … … (…), say that minus times minus is plus."


# --- A gradebook on a server, and many at once ----------------------------------------------


@pytest.fixture
def server_of_marks():
    if servers.find("postgres") is None:
        system_package_missing("postgresql")
    with servers.postgres() as running:
        yield running


def race(reviews):
    """All give the same mark at the same moment, each having seen the same. Who was told what?"""
    one = members(reviews[0])["ada"]
    for review in reviews:
        review.counts()
    start = threading.Barrier(len(reviews))

    def mark(number):
        start.wait(10)
        state = State(number / 4, False, f"By {number}.")
        return reviews[number].save([Change(one["id"], one["state"], state)])

    with ThreadPoolExecutor(len(reviews)) as executor:
        done = list(executor.map(mark, range(len(reviews))))
    winners = [number for number, result in enumerate(done) if result.saved]
    assert len(winners) == 1
    wanted = State(winners[0] / 4, False, f"By {winners[0]}.")
    assert members(reviews[0])["ada"]["state"] == wanted
    others = [result for result in done if not result.saved]
    assert [list(result.changed.values()) for result in others] == [[wanted]] * 7


def test_of_many_at_once_one_mark_stands_and_the_others_are_told(group):
    out = lay(group)
    race([reopened(group, out) for _ in range(8)])


def test_a_gradebook_on_a_server(group, server_of_marks):
    database = Database(server_of_marks.url)
    out = lay(group, database=database)
    loaded = [Course.open(group.root).load("numbers")]
    reviews = [Review(ResultStore(out), database, loaded) for _ in range(8)]
    race(reviews)
    review = reviews[0]
    before = members(review)["bob"]
    change = [Change(before["id"], before["state"], State(2, False, "Yes."))]
    server_of_marks.stop()
    # Away: a sentence, nothing is written, and the same keys go on when it is back.
    with pytest.raises(GraderError, match="the same command goes on from here"):
        review.save(change)
    where = ("--out", out, "--course", group.root, "--db-url", server_of_marks.url)
    for command in (("review", "--no-browser"), ("forget", "bob", "--yes")):
        said = group.run(*command, *where, code=1)
        assert "start the server, then the same command goes on from here." in said
    assert (out / "autograded/bob").exists()
    server_of_marks.start()
    assert review.save(change).saved
    assert "1 submissions in the gradebook" in group.run("forget", "bob", "--yes", *where)
    assert "bob" not in members(review)


# --- The server ---------------------------------------------------------------------------------


@pytest.fixture
def server(review):
    with serving(review) as made:
        yield made


def ask(server, path, body=None, token=None, host=None, method=None):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    own = server.url.partition("#")[2] if token is None else token
    headers = {"Authorization": f"Bearer {own}"} if own else {}
    headers["Host"] = host or f"127.0.0.1:{server.port}"
    method = method or ("GET" if body is None else "POST")
    connection.request(method, path, body, headers)
    reply = connection.getresponse()
    text = reply.read().decode()
    connection.close()
    assert "Traceback" not in text
    return reply, text


def test_marks_go_in_over_the_page(server, review):
    reply, text = ask(server, "/places")
    assert json.loads(text)[0]["waiting"] == 5
    _, text = ask(server, f"/texts?place={PLACE}")
    [one] = [m for g in json.loads(text)["groups"] for m in g if m["student"] == "dan"]
    change = {
        "id": one["id"],
        "seen": one["state"],
        "wanted": {"score": 0.5, "waits": False, "comment": "Hm."},
    }
    reply, text = ask(server, "/marks", json.dumps([change]))
    assert reply.status == 200
    assert json.loads(text)["saved"] == {one["id"]: change["wanted"]}
    assert members(review)["dan"]["state"] == State(0.5, False, "Hm.")


@pytest.mark.parametrize("path", ["/places", f"/texts?place={PLACE}", "/marks", "/other"])
def test_without_the_token_nobody_sees_or_writes_anything(server, path):
    for token in ("", "x", "ä"):
        reply, text = ask(server, path, "[]" if path == "/marks" else None, token=token)
        assert reply.status == 403
        assert "ada" not in text


def test_a_page_elsewhere_gets_nothing(server):
    """By a name of its own that leads here, or by a request that a browser asks about first."""
    for host in ("evil.example", f"evil.example:{server.port}", f"localhost:{server.port}"):
        reply, _ = ask(server, "/places", host=host)
        assert reply.status == 403
        assert ask(server, "/", host=host)[0].status == 403
    reply, _ = ask(server, "/marks", method="OPTIONS", token="")
    assert reply.getheader("Access-Control-Allow-Origin") is None
    assert reply.status >= 400


def test_the_page_itself_holds_nothing(server):
    reply, text = ask(server, "/", token="")
    assert reply.status == 200
    for name in (*TEXTS, server.url.partition("#")[2]):
        assert name not in text.split()
    policy = reply.getheader("Content-Security-Policy")
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy.partition("script-src")[2].partition(";")[0]
    assert reply.getheader("Cache-Control") == "no-store"


@pytest.mark.parametrize(
    "body",
    ["", "{}", "[1]", '[{"id": 3}]', "[" * 5000, "\x00", '[{"id":"x","seen":{},"wanted":{}}]'],
)
def test_nonsense_is_one_sentence(server, body):
    reply, text = ask(server, "/marks", body)
    assert reply.status in (400, 409)
    assert json.loads(text)["error"].endswith(".")


def test_too_much_is_not_read(server):
    try:
        reply, _ = ask(server, "/marks", "x" * 5_000_000)
    except (ConnectionError, http.client.HTTPException):
        # The connection is closed before all of it was sent.
        pass
    else:
        assert reply.status >= 400
    assert ask(server, "/places")[0].status == 200


def test_it_listens_on_this_machine_alone(server):
    assert [s.getsockname()[0] for s in server._sockets] == ["127.0.0.1"]
    with pytest.raises(GraderError, match="Choose another with --port"):
        ReviewServer(None, server.port)


def test_on_the_command_line(group, monkeypatch):
    out = lay(group)
    monkeypatch.setattr(
        ReviewServer, "serve", lambda self: (_ for _ in ()).throw(KeyboardInterrupt)
    )
    where = ("--out", out, "--course", group.root, "--no-browser")
    said = group.run("review", *where)
    assert "5 texts wait" in said
    assert "http://127.0.0.1:" in said
    assert "brings the marks into tables" in said
    assert "no one assignment 'pair'" in group.run("review", *where, "--assignment", "pair", code=1)
    os.rename(out / "gradebook.db", out / "elsewhere.db")
    assert "grade the class first" in group.run("review", *where, code=1)


def test_limits_of_a_text(group):
    out = lay(group, {"ada": "x" * 50_000})
    text = members(reopened(group, out))["ada"]["text"]
    assert len(text) < reviewing.MAX_TEXT + 100


@pytest.mark.parametrize("damaged", ["{", "[]", "[" * 100_000, '{"nbformat": 4, "cells": 3}'])
def test_a_damaged_notebook_of_one_hides_no_text_of_others(group, damaged):
    out = lay(group)
    (out / "autograded/ada/numbers/numbers.ipynb").write_text(damaged)
    texts = {who: one["text"] for who, one in members(reopened(group, out)).items()}
    assert texts["ada"] == ""
    assert texts["bob"] != ""
