"""A class from the command line: damage, lateness, second runs, and the gradebook afterwards."""

from __future__ import annotations

import contextlib
import copy
import csv
import os
import signal
import sqlite3
import sys
import time
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config
from typer.testing import CliRunner

from grader import player as player_module
from grader.cli import app
from grader.results import Result

RIGHT = {
    "square": "def square(x):\n    return x ** 2",
    "triple": "def triple(x):\n    return x + x + x",
    "why": "Because minus times minus is plus.",
}
STUBBORN = "import time\nwhile True:\n    try: time.sleep(1)\n    except KeyboardInterrupt: pass"


@pytest.fixture(autouse=True)
def _few_imports(monkeypatch):
    """No torch in the warm processes: these notebooks need none."""
    monkeypatch.setattr(player_module, "PRELOAD", ())


@pytest.fixture
def run(desk):
    """Grades what lies on the desk."""

    def make(*options, code=0):
        arguments = ["grade", "--course", desk.root, "--submitted", desk.submitted]
        arguments += ["--out", desk.out, "--timeout", 1, "--workers", 1, *options]
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        assert result.exit_code == code, result.output
        assert "Traceback" not in result.output
        return result.output

    return make


def rows(desk):
    with (desk.out / "grades.csv").open(newline="") as file:
        return {(row["assignment"], row["student"]): row for row in csv.DictReader(file)}


def strip(notebook):
    for cell in notebook.cells:
        cell.metadata.clear()
        del cell["id"]
    notebook.nbformat_minor = 4


def delete_test(notebook):
    notebook.cells = [c for c in notebook.cells if c.id != "test-square-1"]


def duplicate(notebook):
    place = next(n for n, c in enumerate(notebook.cells) if c.id == "square")
    notebook.cells.insert(place + 1, copy.deepcopy(notebook.cells[place]))
    notebook.cells[place + 1].id = "pasted"


def a_damaged_class(desk):
    desk.hand_in("right")
    desk.hand_in("late", timestamp="2026-03-03 09:15:00 UTC")
    desk.hand_in("untouched", {})
    desk.hand_in("syntax", RIGHT | {"square": "def square(:"})
    desk.hand_in("loop", RIGHT | {"square": "while True: pass"})
    desk.hand_in("stubborn", RIGHT | {"triple": STUBBORN})
    desk.hand_in("sys-exit", RIGHT | {"square": "import sys; sys.exit()"})
    desk.hand_in("os-exit", RIGHT | {"triple": "import os; os._exit(0)"})
    desk.hand_in("deleted", change=delete_test)
    desk.hand_in("stripped", change=strip)
    desk.hand_in("duplicate", change=duplicate)
    path = desk.hand_in("cut")
    path.write_text(path.read_text()[:1500])
    path = desk.hand_in("name")
    path.rename(path.with_name("numbers (1).ipynb"))
    desk.folder("empty")
    path = desk.hand_in("latin")
    path.write_bytes(path.read_bytes().replace(b"Numbers", b"Nombr\xe9s"))
    path = desk.hand_in("=[bold]x")
    path.write_text("{}")


DAMAGED = {
    "right": ("graded", "5"),
    "late": ("graded", "5"),
    "untouched": ("graded", "0"),
    "syntax": ("graded", "2"),
    "loop": ("graded", "2"),
    "stubborn": ("graded", "3"),
    "sys-exit": ("graded", "2"),
    "os-exit": ("graded", "3"),
    "deleted": ("graded", "5"),
    "stripped": ("graded", "5"),
    "duplicate": ("graded", "5"),
    "cut": ("rejected", ""),
    "name": ("graded", "5"),
    "empty": ("rejected", ""),
    "latin": ("rejected", ""),
    "'=[bold]x": ("rejected", ""),
}


def test_a_damaged_class_is_graded_to_the_last(desk, run):
    a_damaged_class(desk)
    said = run("--due", "numbers=2026-03-02T12:00:00")
    got = rows(desk)
    assert {s: (r["status"], r["total"]) for (_, s), r in got.items()} == DAMAGED
    assert {s for (_, s), r in got.items() if r["late"] == "yes"} == {"late"}
    assert all(r["reason"] for r in got.values() if r["status"] == "rejected")
    for student in ("cut", "empty", "latin", "=[bold]x"):
        assert f"{student}/numbers rejected: " in said
    for student in ("loop", "stubborn", "os-exit", "deleted", "stripped", "duplicate", "name"):
        assert f"{student}/numbers graded: " in said
    assert "right/numbers" not in said
    assert "12 graded, 4 rejected, 1 late, 11 wait for a teacher." in said
    assert "report.html" in said.splitlines()[-1]

    # One of each for every submission.
    for student in os.listdir(desk.submitted):
        result = Result.load(desk.out / "results/numbers" / f"{student}.json")
        assert (desk.out / "feedback" / student / "numbers/numbers.html").is_file()
        autograded = desk.out / "autograded" / student / "numbers/numbers.ipynb"
        assert autograded.is_file() == (result.status == "graded")
        if autograded.is_file():
            nbformat.validate(nbformat.read(autograded, as_version=4))

    # And nothing is done twice.
    before = {path: path.stat().st_mtime_ns for path in desk.out.glob("[!gn]*/**/*.*")}
    grades = (desk.out / "grades.csv").read_bytes()
    said = run("--due", "numbers=2026-03-02T12:00:00")
    assert "16 known from an earlier run" in said
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert (desk.out / "grades.csv").read_bytes() == grades


def test_what_changed_is_graded_again_and_only_that(desk, run):
    for student in ("a", "b", "c"):
        desk.hand_in(student)
    run()
    desk.hand_in("b", {})
    (desk.out / "feedback/c/numbers/numbers.html").unlink()
    assert "1 known from an earlier run" in run()
    assert rows(desk)["numbers", "b"]["total"] == "0"
    path = desk.root / "solutions/numbers/numbers.ipynb"
    path.write_text(path.read_text().replace("two squared is four", "two squared is 4"))
    assert "known from" not in run()
    (desk.out / "results/numbers/a.json").write_text("{")
    assert "2 known from an earlier run" in run()


def test_other_assignments_stay_and_lost_submissions_are_named(desk, run):
    desk.hand_in("a")
    folder = desk.folder("a", "pair")
    for name in ("first", "second"):
        nbformat.write(desk.source("pair", name), folder / f"{name}.ipynb")
    run("--assignment", "pair")
    assert set(rows(desk)) == {("pair", "a")}
    run("--assignment", "numbers")
    assert set(rows(desk)) == {("numbers", "a"), ("pair", "a")}
    assert rows(desk)["pair", "a"]["pair:second/drawing"] == "manual"
    assert (desk.out / "autograded/a/pair/second.ipynb").is_file()
    desk.hand_in("b")
    (desk.submitted / "a").rename(desk.submitted / "z")
    assert "1 earlier results have no submission any more" in run("--assignment", "numbers")


def test_a_folder_of_no_assignment_is_named(desk, run):
    desk.hand_in("a")
    desk.folder("a", "typo")
    assert "a/typo skipped: This is no assignment that is being graded." in run()
    assert "typo" not in run("--assignment", "numbers")


def test_a_folder_that_cannot_be_read_stops_nobody_else(desk, run, monkeypatch):
    desk.hand_in("a")
    desk.hand_in("locked")
    iterdir = Path.iterdir

    def refuse(path):
        if path.name == "locked":
            raise PermissionError(13, "Permission denied", str(path))
        return iterdir(path)

    monkeypatch.setattr(Path, "iterdir", refuse)
    assert "locked skipped: The folder cannot be read (Permission denied)." in run()
    assert set(rows(desk)) == {("numbers", "a")}


def test_names_of_students_may_be_anything(desk, run):
    desk.hand_in("Ünï [red]x[bold]")
    os.makedirs(os.path.join(os.fsencode(desk.submitted), b"\xff\xfe", b"numbers"))
    desk.hand_in("l" * 255)
    run()
    first, second, third = sorted(student for _, student in rows(desk))
    assert (first, third) == ("\\xff\\xfe", "Ünï [red]x[bold]")
    assert second.startswith("l" * 50)
    assert len(second) < 100


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--assignment", "other"], "no assignment 'other'; it has numbers, pair"),
        (["--assignment", "pair"], "no submission for pair"),
        (["--due", "numbers"], "is not NAME=TIME"),
        (["--due", "numbers=soon"], "is not NAME=TIME"),
        (["--due", "other=2026-01-01"], "no assignment 'other'"),
        (["--course", "nowhere"], "There is no course folder"),
        (["--submitted", "nowhere"], "Cannot read nowhere: No such file"),
        (["--submitted", "."], "There is no submission"),
        (["--out", "/proc/none"], "Cannot write to /proc/none"),
    ],
)
def test_bad_input_is_one_sentence(desk, run, options, sentence, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    desk.hand_in("a")
    said = run(*options, code=1)
    assert sentence in said
    assert len(said.strip().splitlines()) == 1


def test_a_damaged_gradebook_is_one_sentence_and_stays(desk, run):
    desk.hand_in("a")
    desk.out.mkdir()
    (desk.out / "gradebook.db").write_bytes(b"no database" * 1000)
    said = run(code=1)
    assert "gradebook.db cannot be used" in said
    assert (desk.out / "gradebook.db").read_bytes() == b"no database" * 1000


def test_a_fault_of_the_grader_stops_nobody_else(desk, run, monkeypatch):
    from grader import conduct

    judge = conduct.judge

    def faulty(name, paper, performance):
        if any("unlucky" in cell.node.source for cell in paper.cells):
            raise RuntimeError("a bug")
        return judge(name, paper, performance)

    monkeypatch.setattr(conduct, "judge", faulty)
    desk.hand_in("a")
    desk.hand_in("b", RIGHT | {"why": "unlucky"})
    assert "b/numbers rejected: The grader failed on it (RuntimeError: a bug)" in run()
    assert rows(desk)["numbers", "a"]["total"] == "5"
    # That is no verdict: it is tried again.
    monkeypatch.setattr(conduct, "judge", judge)
    assert "1 known from an earlier run" in run()
    assert rows(desk)["numbers", "b"]["total"] == "5"


def start(desk, said: Path) -> int:
    """The command in a process of its own, forked because imports take seconds. Returns its id."""
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        with said.open("w") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        sys.stdout, sys.stderr = open(1, "w"), open(2, "w")  # noqa: SIM115
        arguments = ["--course", desk.root, "--submitted", desk.submitted, "--out", desk.out]
        try:
            app(["grade", "--timeout", "600", "--workers", "2", *map(str, arguments)])
        except SystemExit as end:
            code = end.code
        sys.stderr.flush()
    finally:
        os._exit(code)


@pytest.fixture
def running(desk, tmp_path):
    """A run that has graded s0 and s1 and is in the middle of the third: its id and its output."""
    for number in range(2):
        desk.hand_in(f"s{number}")
    desk.hand_in("slow", RIGHT | {"triple": "import time; time.sleep(600)"})
    said = tmp_path / "said"
    pid = start(desk, said)
    until = time.monotonic() + 60
    while len(list((desk.out / "results/numbers").glob("s?.json"))) < 2:
        assert time.monotonic() < until, said.read_text()
        time.sleep(0.05)
    # By now the third is asleep.
    time.sleep(0.5)
    return pid, said


def test_a_killed_run_goes_on_where_it_was(desk, run, running):
    pid, _ = running
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert not (desk.out / "grades.csv").exists()
    desk.hand_in("slow", RIGHT)
    assert "2 known from an earlier run" in run("--timeout", 600)
    assert {row["total"] for row in rows(desk).values()} == {"5"}


def test_ctrl_c_stops_cleanly(desk, running):
    pid, said = running
    os.kill(pid, signal.SIGINT)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 130
    assert "Stopped. What was graded is kept: the same command goes on" in said.read_text()
    assert "Traceback" not in said.read_text()
    assert not (desk.out / "results/numbers/slow.json").exists()


# --- The gradebook -----------------------------------------------------------------------------


def open_book(desk):
    return Gradebook(f"sqlite:///{desk.out / 'gradebook.db'}", "demo")


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


def test_what_the_teacher_sets_in_the_gradebook_decides_what_is_late(desk, run):
    desk.hand_in("a", timestamp="2026-03-02 13:00:00 UTC")
    desk.hand_in("b", timestamp="2026-03-02 13:00:00 UTC")
    run("--due", "numbers=2026-03-02T12:00")
    with open_book(desk) as book:
        book.grant_extension("numbers", "a", hours=2)
    run()
    assert {s: row["late"] for (_, s), row in rows(desk).items()} == {"a": "no", "b": "yes"}


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
