"""The gradebook of a class: nbgrader's own, with marks that teachers give by hand, and lateness."""

from __future__ import annotations

import contextlib
import copy
import os
import shlex
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import nbformat
import nbgrader
import pytest
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from grader.host import batch, version
from grader.host.intake.folder import Folder
from tests.grader.conftest import RIGHT, rows
from tests.grader.host.conftest import give, mend, open_book
from tests.same_scores.classroom import WITH_ALEMBIC

pytestmark = pytest.mark.usefixtures("bubblewrap")


# --- What is in it -----------------------------------------------------------------------------


def formgrader(desk):
    """What Formgrader asks, with the configuration that lies in the output folder."""
    from traitlets.config.loader import PyFileConfigLoader

    config = PyFileConfigLoader("nbgrader_config.py", path=str(desk.out)).load_config()
    return NbGraderAPI(CourseDirectory(config=config), config=config)


def test_the_gradebook_is_nbgraders_own(desk, run):
    a_class = {"a": RIGHT, "b": RIGHT | {"square": "square = abs"}, "c": {}}
    for student, answers in a_class.items():
        desk.hand_in(student, answers, timestamp="2026-03-02 13:00:00 UTC")
    path = desk.hand_in("d")
    path.write_text("")
    run("--due", "numbers=2026-03-02T14:00+02:00")
    with open_book(desk) as book:
        assignment = book.find_assignment("numbers")
        assert assignment.duedate.isoformat() == "2026-03-02T12:00:00"
        assert assignment.course_id == "demo"
        assert (assignment.max_score, assignment.max_code_score) == (8, 5)
        assert assignment.max_written_score == 3
        scores = {s.student.id: s.score for s in book.assignment_submissions("numbers")}
        assert scores == {"a": 5, "b": 2, "c": 0, "d": 0}
        manual = {s.student.id: s.needs_manual_grade for s in assignment.submissions}
        assert manual == {"a": True, "b": True, "c": False, "d": True}
        assert book.find_submission("numbers", "a").total_seconds_late == 3600
        failed = book.find_submission_notebook("numbers", "numbers", "b").failed_tests
        assert failed
        grade = book.find_grade("why", "numbers", "numbers", "a")
        assert (grade.auto_score, grade.needs_manual_grade) == (None, True)
        comment = book.find_comment("square", "numbers", "numbers", "c")
        assert comment.auto_comment == "No response."
        source = book.find_source_cell("test-square-2", "numbers", "numbers")
        assert source.locked
        assert "secret" in source.source

    api = formgrader(desk)
    [about] = [a for a in api.get_assignments() if a["name"] == "numbers"]
    assert about["num_submissions"] == 4
    assert about["average_score"] == pytest.approx(7 / 4)
    [sheet] = api.get_notebooks("numbers")
    assert sheet["needs_manual_grade"]
    autograded = api.get_submissions("numbers")
    assert {s["student"]: s["autograded"] for s in autograded} == {
        "a": True,
        "b": True,
        "c": True,
        "d": False,
    }
    [sheet] = api.get_student_notebook_submissions("b", "numbers")
    assert (sheet["code_score"], sheet["max_code_score"]) == (2, 5)


def test_marks_given_by_hand_survive_and_show(desk, run):
    desk.hand_in("a")
    run()
    with open_book(desk) as book:
        grade = book.find_grade("why", "numbers", "numbers", "a")
        grade.manual_score, grade.needs_manual_grade = 2.5, False
        book.find_grade("test-triple", "numbers", "numbers", "a").extra_credit = 1
        comment = book.find_comment("why", "numbers", "numbers", "a")
        comment.manual_comment = "Nearly."
        book.db.commit()
    run()
    row = rows(desk)["numbers", "a"]
    assert (row["numbers:why"], row["numbers:triple"], row["total"]) == ("2.5", "3", "8.5")
    page = (desk.out / "feedback/a/numbers/numbers.html").read_text()
    assert "2.5 of 3 points, given by a teacher" in page
    assert "Nearly." in page
    with open_book(desk) as book:
        grade = book.find_grade("why", "numbers", "numbers", "a")
        assert (grade.manual_score, grade.needs_manual_grade) == (2.5, False)

    # A new attempt is to be looked at again, as in nbgrader; the mark stays until then.
    desk.hand_in("a", RIGHT | {"why": "Something else."})
    run()
    with open_book(desk) as book:
        grade = book.find_grade("why", "numbers", "numbers", "a")
        assert (grade.manual_score, grade.needs_manual_grade) == (2.5, True)
        comment = book.find_comment("why", "numbers", "numbers", "a")
        assert comment.manual_comment == "Nearly."


def test_a_mark_that_is_taken_back_goes_from_the_feedback(desk, run):
    desk.hand_in("a")
    run()
    page = desk.out / "feedback/a/numbers/numbers.html"
    before = page.read_bytes()
    for mark in (2.5, None):
        with open_book(desk) as book:
            book.find_grade("why", "numbers", "numbers", "a").manual_score = mark
            book.db.commit()
        run()
        assert ("given by a teacher" in page.read_text()) == (mark is not None)
    assert page.read_bytes() == before


def test_a_mark_by_hand_is_looked_at_again_where_its_test_says_something_new(desk, run):
    desk.hand_in("a")
    run()
    for test in ("test-triple", "test-square-1"):
        give(desk, test, manual_score=0.5)
    mend(desk, "assert triple(2) == 6", "assert triple(2) == 7")
    run()
    with open_book(desk) as book:
        triple = book.find_grade("test-triple", "numbers", "numbers", "a")
        assert (triple.auto_score, triple.manual_score) == (0, 0.5)
        assert triple.needs_manual_grade
        assert not book.find_grade("test-square-1", "numbers", "numbers", "a").needs_manual_grade


def test_a_timestamp_that_a_learner_may_have_written_can_be_ignored(desk, run):
    """Neither early nor late, nor a text that is no time, says anything then; and back again."""
    for student, when in (("a", "2026-03-02 15:00:00 UTC"), ("b", "1999-01-01 00:00:00 UTC")):
        desk.hand_in(student, timestamp=when)
    desk.hand_in("c", timestamp="yesterday")
    due = ("--due", "numbers=2026-03-02T12:00:00")

    def late():
        return [rows(desk)["numbers", student]["late"] for student in "abc"]

    run(*due)
    assert late() == ["yes", "no", "no"]
    assert "3 known from an earlier run" in run(*due, "--ignore-timestamps")
    assert late() == ["no", "no", "no"]
    run(*due)
    assert late() == ["yes", "no", "no"]
    with (desk.root / "nbgrader_config.py").open("a") as config:
        config.write("\nc.Grader.timestamps = False\n")
    run(*due)
    assert late() == ["no", "no", "no"]
    with open_book(desk) as book:
        assert book.find_submission("numbers", "a").timestamp is None


def test_being_late_costs_what_the_course_says(desk, run):
    desk.hand_in("late", timestamp="2026-03-02 15:00:00 UTC")
    desk.hand_in("ontime", timestamp="2026-03-02 11:00:00 UTC")
    config = desk.root / "nbgrader_config.py"
    free = config.read_text()
    config.write_text(
        f"{free}\n"
        "from nbgrader.plugins import LateSubmissionPlugin\n"
        "class Hourly(LateSubmissionPlugin):\n"
        "    def late_submission_penalty(self, student_id, score, total_seconds_late):\n"
        "        return 0.5 * total_seconds_late // 3600\n"
        "c.AssignLatePenalties.plugin_class = Hourly\n"
    )
    run("--due", "numbers=2026-03-02T12:00:00")
    late, ontime = rows(desk)["numbers", "late"], rows(desk)["numbers", "ontime"]
    assert (late["late"], late["penalty"], late["total"]) == ("yes", "1", "4")
    assert (ontime["late"], ontime["penalty"], ontime["total"]) == ("no", "", "5")
    page = desk.out / "feedback/late/numbers/numbers.html"
    assert "1 point was taken off because it was late" in page.read_text()
    with open_book(desk) as book:
        assert book.find_submission("numbers", "late").late_submission_penalty == 1
    config.write_text(f"{free}\nc.LateSubmissionPlugin.penalty_method = 'zero'\n")
    run()
    assert rows(desk)["numbers", "late"]["total"] == "0"
    config.write_text(free)
    run()
    assert rows(desk)["numbers", "late"]["total"] == "5"
    assert "taken off" not in page.read_text()
    # Nor does Formgrader take it off any more.
    with open_book(desk) as book:
        assert book.find_submission("numbers", "late").late_submission_penalty == 0


def test_a_plugin_for_lateness_that_fails_is_one_sentence(desk, run):
    desk.hand_in("a", timestamp="2026-03-02 15:00:00 UTC")
    config = desk.root / "nbgrader_config.py"
    with config.open("a") as file:
        file.write("\nc.AssignLatePenalties.plugin_class = 'nowhere.Plugin'\n")
    said = run("--due", "numbers=2026-03-02T12:00:00", code=1)
    assert "The course's plugin for late submissions cannot be loaded" in said
    assert len(said.strip().splitlines()) == 1


def test_what_the_teacher_sets_in_the_gradebook_decides_what_is_late(desk, run):
    desk.hand_in("a", timestamp="2026-03-02 13:00:00 UTC")
    desk.hand_in("b", timestamp="2026-03-02 13:00:00 UTC")
    run("--due", "numbers=2026-03-02T12:00")
    with open_book(desk) as book:
        book.grant_extension("numbers", "a", hours=2)
    run()
    assert {s: row["late"] for (_, s), row in rows(desk).items()} == {"a": "no", "b": "yes"}


def test_a_due_date_that_only_nbgraders_own_gradebook_knows_is_told(desk, run, caplog, monkeypatch):
    monkeypatch.setenv("PATH", WITH_ALEMBIC)
    desk.hand_in("a", timestamp="2026-03-02 13:00:00 UTC")
    with Gradebook(f"sqlite:///{desk.root}/gradebook.db") as book:
        book.add_assignment("numbers", duedate="2026-03-02 12:00:00 UTC")
    run()
    assert "numbers was due at 2026-03-02 12:00:00 UTC as" in caplog.text
    assert rows(desk)["numbers", "a"]["late"] == "no"
    caplog.clear()
    run("--due", "numbers=2026-03-02 12:00:00")
    run()
    assert caplog.text == ""
    assert rows(desk)["numbers", "a"]["late"] == "yes"


def test_when_it_was_due_counts_though_something_else_is_graded(desk, run):
    desk.hand_in("a", timestamp="2026-03-02 13:00:00 UTC")
    nbformat.write(desk.source("pair", "first"), desk.folder("a", "pair") / "first.ipynb")
    run()
    run("--assignment", "pair", "--due", "numbers=2026-03-02T12:00")
    assert {name: row["late"] for (name, _), row in rows(desk).items()} == {
        "numbers": "yes",
        "pair": "no",
    }


def test_a_time_that_a_teacher_types_has_a_zone_that_is_known(desk, run):
    """It was taken for UTC: half a day too early, so that whoever was in time was late."""
    desk.hand_in("a", timestamp="2026-11-30 20:00:00 UTC")
    for zone in ("PM", "PST", "+2", "europe/berlim"):
        said = run("--due", f"numbers=2026-11-30 11:59 {zone}", code=1)
        assert "2026-11-30 23:59 Europe/Berlin" in said
    for due, late in {
        "11:59pm": "no",
        "19:59 UTC": "yes",
        "20:59 Europe/Berlin": "yes",
        "21:00 Europe/Berlin": "no",
        "21:59 +02:00": "yes",
        "20:00 Z": "no",
    }.items():
        run("--due", f"numbers=2026-11-30 {due}")
        assert rows(desk)["numbers", "a"]["late"] == late, due


def test_an_assignment_may_change_unless_marks_would_be_lost(desk, run):
    desk.hand_in("a")
    run()
    path = desk.root / "solutions/numbers/numbers.ipynb"
    changed = nbformat.read(path, as_version=4)
    extra = copy.deepcopy(next(c for c in changed.cells if c.id == "test-triple"))
    extra.id = extra.metadata.nbgrader.grade_id = "test-more"
    changed.cells = [c for c in changed.cells if c.id != "test-square-1"] + [extra]
    nbformat.write(changed, path)
    run()
    with open_book(desk) as book:
        names = {
            g.name for s in book.assignment_submissions("numbers") for g in s.notebooks[0].grades
        }
        assert names == {"test-square-2", "test-triple", "test-more", "why"}
        assert book.find_submission("numbers", "a").score == 6
        book.find_grade("why", "numbers", "numbers", "a").manual_score = 3
        book.db.commit()
    changed.cells = [c for c in changed.cells if c.id != "why"]
    nbformat.write(changed, path)
    said = run(code=1)
    assert "numbers has no cell why any more" in said
    assert "grade into another folder" in said
    with open_book(desk) as book:
        assert book.find_grade("why", "numbers", "numbers", "a").manual_score == 3


def test_a_notebook_that_is_named_anew_counts_once(desk, run):
    desk.hand_in("a")
    run()
    with open_book(desk) as book:
        before = book.find_submission("numbers", "a")
        scores = before.score, before.max_score
        book.find_grade("why", "numbers", "numbers", "a").manual_score = 3
        book.db.commit()
    for folder in ("solutions/numbers", "exercises/numbers", desk.folder("a")):
        (desk.root / folder / "numbers.ipynb").rename(desk.root / folder / "more.ipynb")
    assert "numbers has no cell why any more" in run(code=1)
    with open_book(desk) as book:
        book.find_grade("why", "numbers", "numbers", "a").manual_score = None
        book.db.commit()
    run()
    with open_book(desk) as book:
        after = book.find_submission("numbers", "a")
        assert [notebook.name for notebook in after.notebooks] == ["more"]
        assert (after.score, after.max_score) == scores


def test_extra_credit_for_an_earlier_version_waits_like_any_mark_by_hand(desk, run):
    desk.hand_in("a")
    run()
    give(desk, manual_score=2)
    give(desk, "test-triple", extra_credit=1)
    assert "wait" not in run()
    desk.hand_in("a", RIGHT | {"triple": "def triple(x):\n    return 3 * x"})
    told = "The submission has changed since test-triple was marked by hand."
    for _ in range(2):
        assert "1 wait for a teacher" in run()
        assert told in rows(desk)["numbers", "a"]["notes"]
        assert rows(desk)["numbers", "a"]["numbers:triple"] == "3"
    give(desk)
    give(desk, "test-triple", extra_credit=0.5)
    assert "wait" not in run()
    assert rows(desk)["numbers", "a"]["numbers:triple"] == "2.5"


def test_a_mark_by_hand_out_of_other_points_waits(desk, run):
    desk.hand_in("a")
    desk.hand_in("b")
    run()
    give(desk, manual_score=3)
    give(desk, "test-triple", extra_credit=1)
    assert "1 wait for a teacher" in run()
    mend(desk, '"points": 3', '"points": 1')
    for _ in range(2):
        run()
        row = rows(desk)["numbers", "a"]
        assert (row["total"], row["max"], row["waits"]) == ("9", "6", "yes")
        assert "since test-triple was" not in row["notes"]
    give(desk, manual_score=1)
    run()
    assert (rows(desk)["numbers", "a"]["total"], rows(desk)["numbers", "a"]["waits"]) == ("7", "no")


def test_a_mark_in_one_gradebook_is_not_for_what_only_another_has_seen(desk, run, tmp_path):
    one, two = (f"sqlite:///{tmp_path}/{name}.db" for name in ("one", "two"))
    desk.hand_in("a")
    run("--db-url", one)
    give(desk, url=one, manual_score=2.5)
    desk.hand_in("a", RIGHT | {"why": "I do not know."})
    run("--db-url", two)
    run("--db-url", one)
    assert "has changed since why was marked" in rows(desk)["numbers", "a"]["notes"]
    give(desk, url=one, manual_score=0.5)
    run("--db-url", one)
    assert rows(desk)["numbers", "a"]["notes"] == ""


@pytest.mark.parametrize(
    ("then", "now", "waits"),
    [
        ("2026-03-02 11:00:00 UTC", "2026-03-02 11:00:00 UTC", "no"),
        ("2026-03-02 11:00:00 UTC", "2026-03-02 12:00:00 UTC", "yes"),
        (None, None, "yes"),
    ],
)
def test_a_mark_in_a_gradebook_that_is_new_here_is_for_work_of_its_time(
    desk, run, tmp_path, then, now, waits
):
    """As one that nbgrader itself has filled, for which a later time is another submission."""
    url = f"sqlite:///{tmp_path}/gradebook.db"
    desk.hand_in("a", timestamp=then)
    run("--db-url", url)
    give(desk, url=url, manual_score=2.5)
    shutil.rmtree(desk.out)
    desk.hand_in("a", timestamp=now)
    for _ in range(2):
        run("--db-url", url)
        assert rows(desk)["numbers", "a"]["waits"] == waits
    desk.hand_in("a", RIGHT | {"why": "Something else."}, timestamp=now)
    run("--db-url", url)
    assert rows(desk)["numbers", "a"]["waits"] == "yes"


def test_being_late_adds_no_points_where_extra_credit_takes_some(desk, run):
    with (desk.root / "nbgrader_config.py").open("a") as config:
        config.write(
            "\nfrom nbgrader.plugins import LateSubmissionPlugin\n"
            "class One(LateSubmissionPlugin):\n"
            "    def late_submission_penalty(self, student_id, score, total_seconds_late):\n"
            "        return 1\n"
            "c.AssignLatePenalties.plugin_class = One\n"
        )
    folder = desk.folder("a", "pair")
    for name in ("first", "second"):
        nbformat.write(desk.source("pair", name), folder / f"{name}.ipynb")
    (folder / "timestamp.txt").write_text("2026-03-02 15:00:00 UTC")
    run("--due", "pair=2026-03-02T12:00:00")
    assert (rows(desk)["pair", "a"]["total"], rows(desk)["pair", "a"]["penalty"]) == ("1.5", "2")
    with open_book(desk) as book:
        book.find_grade("test-word", "second", "pair", "a").extra_credit = -1.5
        book.db.commit()
    run()
    assert (rows(desk)["pair", "a"]["total"], rows(desk)["pair", "a"]["penalty"]) == ("1", "1")


def test_who_is_entered_in_formgrader_during_a_run_is_no_trouble(desk, run, monkeypatch):
    desk.hand_in("a")
    write = batch._write

    def enter_and_write(*arguments):
        with open_book(desk) as book:
            book.add_student("a", last_name="Lovelace")
        return write(*arguments)

    monkeypatch.setattr(batch, "_write", enter_and_write)
    run()
    with open_book(desk) as book:
        assert book.find_student("a").last_name == "Lovelace"
        assert book.find_submission("numbers", "a").score == 5


def test_an_assignment_that_changed_stays_in_the_gradebook_until_it_is_graded(desk, run):
    """Its results are of before: the new cells would have no marks."""
    desk.hand_in("a")
    nbformat.write(desk.source("pair", "first"), desk.folder("a", "pair") / "first.ipynb")
    run()
    mend(desk, '"grade_id": "test-square-1"', '"grade_id": "test-new"')
    for options, cell in (("--assignment", "pair"), "test-square-1"), ((), "test-new"):
        run(*options)
        with open_book(desk) as book:
            assert book.find_submission("numbers", "a").score == 5
            assert book.find_grade(cell, "numbers", "numbers", "a").auto_score == 1


def test_a_notebook_that_the_teacher_names_anew_keeps_its_marks(desk, run):
    """What was handed in is called as before."""
    desk.hand_in("a")
    run()
    for folder in ("solutions/numbers", "exercises/numbers"):
        (desk.root / folder / "numbers.ipynb").rename(desk.root / folder / "more.ipynb")
    run()
    assert rows(desk)["numbers", "a"]["total"] == "5"
    with open_book(desk) as book:
        assert book.find_submission("numbers", "a").score == 5
    assert "1 known from" in run()


@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")
def test_plain_nbgrader_gives_the_same(desk, run, monkeypatch):
    """Real nbgrader on the same honest submissions."""
    desk.hand_in("part", RIGHT | {"square": "square = lambda x: x * x if x < 5 else 0"})
    folder = desk.folder("part", "pair")
    for name in ("first", "second"):
        nbformat.write(desk.source("pair", name), folder / f"{name}.ipynb")
    run()
    ours = {name: found(open_book(desk), name) for name in ("numbers", "pair")}

    config = Config()
    config.CourseDirectory.root = str(desk.root)
    config.CourseDirectory.source_directory = "solutions"
    config.CourseDirectory.release_directory = "exercises"
    config.CourseDirectory.submitted_directory = str(desk.submitted)
    config.CourseDirectory.course_id = "demo"
    api = NbGraderAPI(CourseDirectory(config=config), config=config)
    # nbgrader runs alembic, which stands beside this Python.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    monkeypatch.setenv("PATH", path)
    for name in ours:
        for step in (api.generate_assignment(name), api.autograde(name, "part")):
            assert step["success"], step["log"]
        book = Gradebook(f"sqlite:///{desk.root / 'gradebook.db'}", "demo")
        assert found(book, name) == ours[name]
    assert schema(desk.out / "gradebook.db") == schema(desk.root / "gradebook.db")


def schema(path):
    with contextlib.closing(sqlite3.connect(path)) as database:
        tables = database.execute("SELECT type, name, sql FROM sqlite_master ORDER BY 1, 2")
        return tables.fetchall(), database.execute("SELECT * FROM alembic_version").fetchall()


def found(book, assignment):
    with book:
        submission = book.find_submission(assignment, "part")
        return {
            (notebook.name, grade.name): (
                grade.auto_score,
                grade.needs_manual_grade,
                grade.max_score,
            )
            for notebook in submission.notebooks
            for grade in notebook.grades
        }


def test_what_nbgrader_makes_of_its_own_replaces_no_feedback(desk, run):
    desk.hand_in("amy")
    run()
    page = desk.out / "feedback/amy/numbers/numbers.html"
    before = page.read_text()
    api = formgrader(desk)
    made = api.generate_feedback("numbers", force=True)
    assert made["success"], made["log"]
    assert page.read_text() == before
    assert not api.exchange_missing


def test_a_text_that_changed_since_it_was_marked_is_told(desk, run):
    desk.hand_in("amy")
    desk.hand_in("bob")
    run()
    for student in ("amy", "bob"):
        give(desk, student=student, manual_score=2.5)
    desk.hand_in("amy", RIGHT | {"why": "I do not know."})
    told = "The submission has changed since why was marked by hand."
    for _ in range(2):
        said = run()
        assert "1 wait for a teacher" in said
        assert rows(desk)["numbers", "amy"]["numbers:why"] == "2.5"
        assert told in rows(desk)["numbers", "amy"]["notes"]
        assert rows(desk)["numbers", "bob"]["notes"] == ""
        page = desk.out / "feedback/amy/numbers/numbers.html"
        assert "2.5 of 3 points, given by a teacher, for an earlier version" in page.read_text()
        assert "earlier version" not in (desk.out / "feedback/bob/numbers/numbers.html").read_text()
        report = (desk.out / "report.html").read_text()
        assert told in report
        assert "formgrader/gradebook/numbers/numbers" in report
    give(desk, student="amy", manual_score=0.5)
    assert "wait" not in run()
    assert told not in rows(desk)["numbers", "amy"]["notes"]


def test_another_time_of_the_same_work_is_no_news_of_it(desk, run, monkeypatch):
    """As where somebody hands in the same file once more, or a teacher excuses who was late."""
    due = ("--due", "numbers=2026-03-02T12:00")
    desk.hand_in("a", timestamp="2026-03-02 11:00:00 UTC")
    # Earlier versions took the time for a part of the work.
    fingerprint = Folder.fingerprint
    monkeypatch.setattr(Folder, "fingerprint", lambda folder, timed=True: fingerprint(folder))
    run(*due)
    give(desk, manual_score=2.5)
    monkeypatch.undo()
    monkeypatch.setattr(version, "GRADING", version.GRADING + 1)
    run(*due)
    assert rows(desk)["numbers", "a"]["notes"] == ""
    desk.hand_in("b", timestamp="2026-03-02 11:00:00 UTC")
    run(*due)
    give(desk, student="b", manual_score=2.5)
    for day, late in ((3, "yes"), (1, "no")):
        desk.hand_in("b", timestamp=f"2026-03-0{day} 11:00:00 UTC")
        run(*due)
        row = rows(desk)["numbers", "b"]
        assert (row["late"], row["waits"], row["notes"]) == (late, "no", "")
    desk.hand_in("b", RIGHT | {"why": "Something else."}, timestamp="2026-03-01 11:00:00 UTC")
    run(*due)
    assert rows(desk)["numbers", "b"]["waits"] == "yes"


# --- What is none of today ---------------------------------------------------------------------


def gradebook_of(version):
    """A gradebook that says it is of this version of nbgrader's."""

    def make(path):
        with contextlib.closing(sqlite3.connect(path)) as database, database:
            database.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
            database.execute("INSERT INTO alembic_version VALUES (?)", (version,))

    return make


def damaged(path):
    something_else(path)
    path.write_bytes(path.read_bytes()[:4096])


def something_else(path):
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE cookies (name TEXT)")


def test_a_mark_in_a_copy_of_earlier_waits_where_its_student_has_handed_in_since(desk, run):
    """Somebody marks at home, or puts a copy back in the place of what is damaged."""
    for student in ("a", "b"):
        desk.hand_in(student)
    run()
    copied = shutil.copy(desk.out / "gradebook.db", desk.root / "at home.db")
    desk.hand_in("a", RIGHT | {"why": "I do not know."})
    run()
    for student in ("a", "b"):
        give(desk, student=student, url=f"sqlite:///{copied}", manual_score=3)
    shutil.copy(copied, desk.out / "gradebook.db")
    for _ in range(2):
        run()
        assert {s: row["waits"] for (_, s), row in rows(desk).items()} == {"a": "yes", "b": "no"}
    give(desk, student="a")
    run()
    assert rows(desk)["numbers", "a"]["waits"] == "no"


def test_a_gradebook_that_is_gone_is_missed(desk, run, caplog):
    """Marks that were given by hand were gone from totals and pages without a word."""

    def told():
        caplog.clear()
        run()
        return [
            record.getMessage() for record in caplog.records if record.name.startswith("grader")
        ]

    for student in ("a", "b"):
        desk.hand_in(student)
    assert told() == []
    give(desk, student="a", manual_score=3)
    assert told() == []
    book = desk.out / "gradebook.db"
    away = book.rename(desk.root / "away.db")
    [said] = told()
    assert said.startswith(
        "The gradebook is new: it lacks what you had given 1 submissions by hand."
    )
    assert rows(desk)["numbers", "a"]["numbers:why"] == "manual"
    assert told() == []
    away.rename(book)
    assert told() == []
    assert rows(desk)["numbers", "a"]["numbers:why"] == "3"
    give(desk, student="a", manual_score=None, needs_manual_grade=True)
    assert told() == []


def test_a_gradebook_of_long_ago_goes_on_after_what_one_is_told_to_type(desk, run):
    """nbgrader 0.4 wrote no version. Without an address, the course's own is upgraded."""
    old = Path(nbgrader.__file__).parent / "tests/apps/files/gradebook.db"
    desk.out.mkdir()
    shutil.copy(old, desk.out / "gradebook.db")
    desk.hand_in("a")
    said = run(code=1)
    assert "was written by an older nbgrader: upgrade it with" in said
    _, command, _ = said.split("`")
    there = os.environ | {"PATH": WITH_ALEMBIC}
    subprocess.run(shlex.split(command), cwd=desk.root, env=there, check=True, capture_output=True)
    run()
    with open_book(desk) as book:
        assert book.find_submission("numbers", "a").score == 5


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda path: path.write_bytes(b"no database" * 1000), "file is not a database): grade"),
        (damaged, "is malformed): it is damaged: put a copy of it back, or grade"),
        (something_else, "is no gradebook of nbgrader's: grade into another folder."),
        (gradebook_of("167914646830"), "was written by an older nbgrader: upgrade it with"),
        (gradebook_of("abcdef"), "was written by another nbgrader: use that one"),
        (lambda path: path.mkdir(), "is no gradebook of nbgrader's: grade into another folder."),
    ],
)
def test_what_is_no_gradebook_of_today_is_one_sentence_and_stays(desk, run, make, sentence):
    desk.hand_in("a")
    desk.out.mkdir()
    path = desk.out / "gradebook.db"
    make(path)
    before = path.read_bytes() if path.is_file() else None
    said = run(code=1)
    assert str(path) in said
    assert sentence in said
    assert len(said.strip().splitlines()) == 1
    assert (path.read_bytes() if path.is_file() else None) == before


def test_a_gradebook_that_another_program_writes_to_is_one_sentence(desk, run, monkeypatch):
    desk.hand_in("a")
    run()
    before = (desk.out / "gradebook.db").read_bytes()
    desk.hand_in("b")
    connect = sqlite3.connect
    hurried = lambda *a, **o: connect(*a, **o | {"timeout": 0.1})  # noqa: E731
    monkeypatch.setattr(sqlite3.dbapi2, "connect", hurried)
    with contextlib.closing(connect(desk.out / "gradebook.db")) as other:
        other.execute("BEGIN EXCLUSIVE")
        said = run(code=1)
    assert "(database is locked): close the program that writes to it" in said
    assert len(said.strip().splitlines()) == 1
    assert (desk.out / "gradebook.db").read_bytes() == before


def test_marks_can_be_saved_while_pages_are_made(desk, run, monkeypatch):
    """Formgrader waits five seconds; pages of a hundred can take longer."""
    for student in ("a", "b"):
        desk.hand_in(student)
    run()
    for student in ("a", "b"):
        give(desk, student=student, manual_score=1)
        desk.hand_in(student, RIGHT | {"why": "Another reason."})
    saved = []
    show_marks = batch.ResultStore.show_marks

    def show(store, result, *rest):
        place = desk.out / "gradebook.db"
        with contextlib.closing(sqlite3.connect(place, timeout=0.1)) as other, other:
            other.execute("UPDATE comment SET manual_comment = 'Look again.'")
        saved.append(result.student)
        show_marks(store, result, *rest)

    monkeypatch.setattr(batch.ResultStore, "show_marks", show)
    run()
    assert saved == ["a", "b"]


def test_a_copy_that_a_teacher_makes_beside_a_notebook_is_no_notebook_of_the_assignment(desk, run):
    """Formgrader is started where they lie."""
    desk.hand_in("a")
    run()
    give(desk, manual_score=3)
    folder = desk.out / "autograded/a/numbers"
    (folder / "numbers-Copy1.ipynb").write_bytes((folder / "numbers.ipynb").read_bytes())
    run()
    assert rows(desk)["numbers", "a"]["total"] == "8"
    assert "given by a teacher" in (desk.out / "feedback/a/numbers/numbers.html").read_text()
    assert (folder / "numbers-Copy1.ipynb").exists()


@pytest.mark.parametrize("content", [b"{", b"\xff", b'{"cells": [{}]}'])
def test_a_damaged_notebook_with_marks_by_hand_is_one_sentence(desk, run, content):
    desk.hand_in("a")
    run()
    give(desk, manual_score=3)
    path = desk.out / "autograded/a/numbers/numbers.ipynb"
    path.write_bytes(content)
    said = " ".join(run(code=1).split())
    assert f"A notebook in {path.parent} is damaged: remove it, then the same command" in said
    path.unlink()
    run()
    assert rows(desk)["numbers", "a"]["total"] == "8"
    assert "given by a teacher" in (desk.out / "feedback/a/numbers/numbers.html").read_text()


def test_marks_that_were_taken_back_from_a_notebook_that_is_gone(desk, run):
    """Another assignment is graded; of this one only pages change."""
    desk.hand_in("a")
    desk.folder("a", "pair")
    run()
    give(desk, manual_score=3)
    run()
    give(desk, manual_score=None)
    for folder in ("solutions/numbers", "exercises/numbers"):
        (desk.root / folder / "numbers.ipynb").rename(desk.root / folder / "more.ipynb")
    run("--assignment", "pair")
