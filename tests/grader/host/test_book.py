"""A class from the command line: damage, lateness, second runs, and the gradebook afterwards."""

from __future__ import annotations

import contextlib
import copy
import csv
import io
import itertools
import json
import logging
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from grader.host import clerk
from grader.host.cli import app
from grader.host.engine import engine as engine_module
from grader.host.intake.folder import read_folder
from grader.host.publish import rendering
from grader.host.result_store import ResultStore
from grader.host.results.result import Result
from grader.host.tasks import find_tasks
from tests.conftest import ROOT
from tests.grader.conftest import RIGHT, rows

STUBBORN = "import time\nwhile True:\n    try: time.sleep(1)\n    except KeyboardInterrupt: pass"


@pytest.fixture(autouse=True)
def _few_imports(monkeypatch, bubblewrap):
    """No torch in the warm processes: these notebooks need none."""
    monkeypatch.setattr(engine_module, "PRELOAD", ())


@pytest.fixture
def run(desk):
    """Grades what lies on the desk."""

    def make(*options, code=0):
        return desk.grade("--timeout", 1, "--workers", 1, *options, code=code)

    return make


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


def mend(desk, old, new, *more):
    """Changes the source of the assignment."""
    path = desk.root / "solutions/numbers/numbers.ipynb"
    text = path.read_text()
    for before, after in [(old, new), *more]:
        assert before in text
        text = text.replace(before, after)
    path.write_text(text)


def scores(desk, student="a"):
    row = rows(desk)["numbers", student]
    return row["numbers:square"], row["numbers:triple"], row["total"]


def set_mark(desk, item, score):
    """Another mark in the result file of a, as if the grader had found it."""
    path = desk.out / "results/numbers/a.json"
    result = Result.load(path)
    cells = result.item(item).cells
    for cell in cells:
        cell.score = score / len(cells)
    result.with_items(
        [
            i.of(i.name, i.cells).model_copy(update={"fingerprint": i.fingerprint})
            for i in result.items
        ]
    ).save(path)


def test_a_mended_test_changes_the_marks_of_its_item_only(desk, run):
    """Here both tests are mended for the worse, so that who is graded anew loses points."""
    square = "assert square(0) == 0"
    triple = "assert triple(2) == 6"
    for student in ("a", "b"):
        desk.hand_in(student)
    run()
    mend(desk, triple, "assert triple(2) == 7")
    run()
    assert scores(desk) == ("3", "0", "3")
    # A lucky mark stays for as long as nothing that it hangs on changes.
    set_mark(desk, "square", 2.5)
    mend(desk, "triple(2) == 7", "triple(2) == 6")
    run()
    assert scores(desk) == ("2.5", "2", "4.5")
    assert scores(desk, "b") == ("3", "2", "5")

    # Both change, and one is asked for: a new submission is graded by the tests of today.
    mend(desk, square, "assert square(0) == 1", (triple, "assert triple(2) == 7"))
    desk.hand_in("c")
    run("--regrade", "triple")
    assert scores(desk) == ("2.5", "0", "2.5")
    assert scores(desk, "b") == ("3", "0", "3")
    assert scores(desk, "c") == ("1", "0", "1")
    # Without, what is older than its test is not left at that.
    assert "1 known from an earlier run" in run()
    assert scores(desk) == scores(desk, "b") == ("1", "0", "1")
    assert "3 known from an earlier run" in run()


@pytest.mark.parametrize("mended", ["the solution", "what is shown"])
def test_what_the_contract_comes_from_counts(desk, run, mended):
    if mended == "what is shown":
        (desk.root / "helper").mkdir()
        (desk.root / "helper/__init__.py").write_text("limit = 100")
        with (desk.root / "nbgrader_config.py").open("a") as config:
            config.write('c.Grader.show = ["helper"]\n')
    desk.hand_in("a")
    run()
    set_mark(desk, "square", 2.5)
    assert "1 known from an earlier run" in run()
    assert scores(desk)[0] == "2.5"
    if mended == "what is shown":
        (desk.root / "helper/__init__.py").write_text("limit = 99")
    else:
        mend(desk, "return x * x", "return x**2")
    assert "known from" not in run()
    assert scores(desk)[0] == "3"


def test_an_item_can_be_regraded_though_nothing_changed(desk, run):
    desk.hand_in("a")
    run()
    set_mark(desk, "square", 2.5)
    set_mark(desk, "triple", 1.5)
    assert "1 known from" in run()
    run("--regrade", "square")
    assert scores(desk) == ("3", "1.5", "4.5")
    assert "1 known from" in run()


def test_hidden_tests_stand_in_no_file_unless_asked_for(desk, run):
    desk.hand_in("a", RIGHT | {"square": "def square(x):\n    print(x)\n    return x + x"})

    def shown():
        pages = [*desk.out.glob("autograded/**/*.ipynb"), *desk.out.glob("feedback/**/*.html")]
        assert len(pages) == 2
        return "".join(page.read_text() for page in pages)

    run()
    for secret in ("HIDDEN", "144", "secret", "square(-3)", "-3\\n"):
        assert secret not in shown()
    assert "negative numbers have squares too" in shown()
    run("--show-hidden-tests")
    for hidden in ("HIDDEN", "144", "square(-3)"):
        assert hidden in shown()
    run()
    assert "HIDDEN" not in shown()


def test_marks_from_beside_the_code_are_flagged(desk, run):
    desk.hand_in("a", RIGHT | {"triple": "def triple(x):\n    return x + x + x"})
    desk.hand_in("b", RIGHT | {"triple": "def triple(x):\n    return x"})
    live = "assert any('def triple' in cell for cell in In[:-1]) and triple(2) == 6"
    mend(desk, "assert triple(2) == 6", live)
    for options, mark, flag in [
        ([], None, "test-triple can't be judged apart from the learner's code; run beside it, it"),
        (["--beside", "triple"], 2, "test-triple ran beside the learner's code, which can forge"),
        (["--beside-all", "numbers"], 2, "test-triple ran beside the learner's code, which can"),
    ]:
        said = run(*options)
        # What belongs to the assignment is said once.
        told = "numbers by hand: You mark what can't be judged apart from the learners' code: test-"
        assert said.count(told) == ("--beside-all" not in options and mark is None)
        assert said.count("judged apart") <= 1
        row = rows(desk)["numbers", "a"]
        assert row["numbers:triple"] == ("manual" if mark is None else str(mark))
        assert flag in row["notes"]
        report = (desk.out / "report.html").read_text()
        assert "Marks to look at" in report
        assert flag.replace("'", "&#39;") in report
        with open_book(desk) as book:
            assert book.find_grade("test-triple", "numbers", "numbers", "a").auto_score == mark
            comment = book.find_comment("triple", "numbers", "numbers", "a")
            assert comment.auto_comment.startswith(flag)
    assert "suggests" not in (desk.out / "grades.csv").read_text()
    assert rows(desk)["numbers", "b"]["numbers:triple"] == "0"


def test_the_bar_says_how_many_how_fast_and_how_long(capsys):
    from rich.console import Console

    from grader.host.cli import _progress

    times = iter(range(0, 1000, 1))
    with _progress(Console(force_terminal=True, width=120)) as progress:
        progress.get_time = lambda: next(times)
        bar = progress.add_task("Grading", total=40)
        for _ in range(10):
            progress.advance(bar)
        progress.refresh()
    said = capsys.readouterr().out
    assert "10/40" in said
    assert re.search(r"\d+\.\d/min", said) or re.search(r"\d+\.\d/s", said)
    assert re.search(r"left: .*\d:\d\d:\d\d", said)


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
        (["--regrade", "other"], "--regrade other: there is no such item; there are square,"),
        (["--beside", "other"], "--beside other: there is no such item; there are square, test-"),
    ],
)
def test_bad_input_is_one_sentence(desk, run, options, sentence, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    desk.hand_in("a")
    said = run(*options, code=1)
    assert sentence in said
    assert len(said.strip().splitlines()) == 1


def test_an_empty_folder_is_one_sentence(desk, run):
    said = run(code=1)
    assert "There is no submission for any assignment of the course" in said
    assert len(said.strip().splitlines()) == 1
    assert not desk.out.exists()


def gradebook_of(version):
    """A gradebook that says it is of this version of nbgrader's."""

    def make(path):
        with contextlib.closing(sqlite3.connect(path)) as database, database:
            database.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
            database.execute("INSERT INTO alembic_version VALUES (?)", (version,))

    return make


def something_else(path):
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE cookies (name TEXT)")


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda path: path.write_bytes(b"no database" * 1000), "file is not a database): grade"),
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


def test_two_runs_do_not_grade_into_the_same_folder(desk, run, running):
    pid, _ = running
    said = run(code=1)
    assert f"Another run (process {pid}) is grading into {desk.out}: wait until it is" in said
    assert len(said.strip().splitlines()) == 1
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    desk.hand_in("slow")
    run()


FULL = """
set -e
cd "$0"
grade() {
    "$1" -c 'from grader.host.engine import engine; engine.PRELOAD = ()
from grader.host.cli import app; app()' \
        grade --no-sandbox --workers 1 --course course --submitted "$2" --out out
}
grade "$1" one
find out -type f ! -name .lock -exec sha256sum {} + > before
dd if=/dev/zero of=out/filler bs=1000 2> /dev/null || true
! grade "$1" both
rm out/filler
sha256sum --check --quiet before
grade "$1" both
cat out/grades.csv
"""


def test_a_full_disk_is_one_sentence_and_costs_nothing(desk, tmp_path, bubblewrap):
    desk.hand_in("a")
    shutil.copytree(desk.submitted, tmp_path / "one")
    for number in range(3):
        desk.hand_in(f"b{number}")
    desk.submitted.rename(tmp_path / "both")
    (tmp_path / "out").mkdir()
    command = [bubblewrap, "--dev-bind", "/", "/", "--size", "2000000", "--tmpfs", tmp_path / "out"]
    command += ["sh", "-c", FULL, tmp_path, sys.executable]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    [said] = done.stderr.strip().splitlines()
    assert "No space left on device. What was graded is kept" in said or "is full): make" in said
    grades = done.stdout[done.stdout.index('"assignment",') :]
    assert len(list(csv.DictReader(io.StringIO(grades)))) == 4


def test_without_a_sandbox_nothing_is_run(desk, run, monkeypatch):
    desk.hand_in("a")
    which = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name, *a: None if name == "bwrap" else which(name))
    said = run(code=1)
    assert "install bubblewrap (apt-get install bubblewrap)" in said
    assert "--no-sandbox" in said
    assert len(said.strip().splitlines()) == 1
    assert not list(desk.out.glob("results/*/*"))
    run("--no-sandbox")
    assert rows(desk)["numbers", "a"]["total"] == "5"


def test_without_fork_nothing_is_run(desk, run, monkeypatch):
    desk.hand_in("a")
    monkeypatch.delattr(os, "fork")
    for options in ([], ["--no-sandbox"]):
        said = run(*options, code=1)
        assert "Grading needs fork, which this system has not" in said
        assert len(said.strip().splitlines()) == 1


def test_a_fault_of_the_grader_stops_nobody_else(desk, run, monkeypatch):
    from grader.host import grade

    score = grade.score

    def faulty(name, paper, *others):
        if any("unlucky" in cell.node.source for cell in paper.cells):
            raise RuntimeError("a bug")
        return score(name, paper, *others)

    monkeypatch.setattr(grade, "score", faulty)
    desk.hand_in("a")
    desk.hand_in("b", RIGHT | {"why": "unlucky"})
    assert "b/numbers rejected: The grader failed on it (RuntimeError: a bug)" in run()
    assert rows(desk)["numbers", "a"]["total"] == "5"
    # That is no verdict: it is tried again.
    monkeypatch.setattr(grade, "score", score)
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
    yield pid, said
    # Nothing to do where the test has ended it.
    with contextlib.suppress(ChildProcessError):
        if os.waitpid(pid, os.WNOHANG) == (0, 0):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def test_a_killed_run_goes_on_where_it_was(desk, run, running):
    pid, _ = running
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert not (desk.out / "grades.csv").exists()
    desk.hand_in("slow", RIGHT)
    assert "2 known from an earlier run" in run("--timeout", 600)
    assert {row["total"] for row in rows(desk).values()} == {"5"}


def test_however_often_a_run_is_killed_the_grades_are_the_same(desk, run, tmp_path):
    for number in range(6):
        slow = f"import time; time.sleep(0.3)\ntriple = lambda x: 3 * x - {number % 2}"
        desk.hand_in(f"s{number}", RIGHT | {"triple": slow})
    desk.hand_in("z", RIGHT | {"square": "import os; os._exit(1)"})
    run()
    expected = (desk.out / "grades.csv").read_bytes()
    assert len(expected.splitlines()) == 8
    shutil.rmtree(desk.out)
    for killed_after in (0, 1, 3, 5):
        pid = start(desk, tmp_path / "said")
        until = time.monotonic() + 60
        while len(list((desk.out / "results/numbers").glob("*.json"))) < killed_after:
            assert time.monotonic() < until, (tmp_path / "said").read_text()
            time.sleep(0.01)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        assert not (desk.out / "grades.csv").exists()
    # A kill in the middle of a write leaves such a file.
    (desk.out / "results/numbers/.writing-x").write_text("{")
    run("--timeout", 600)
    assert (desk.out / "grades.csv").read_bytes() == expected
    assert not list(desk.out.glob("**/.writing-*"))


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
    with open_book(desk) as book:
        for test in ("test-triple", "test-square-1"):
            grade = book.find_grade(test, "numbers", "numbers", "a")
            grade.manual_score, grade.needs_manual_grade = 0.5, False
        book.db.commit()
    mend(desk, "assert triple(2) == 6", "assert triple(2) == 7")
    run()
    with open_book(desk) as book:
        triple = book.find_grade("test-triple", "numbers", "numbers", "a")
        assert (triple.auto_score, triple.manual_score) == (0, 0.5)
        assert triple.needs_manual_grade
        assert not book.find_grade("test-square-1", "numbers", "numbers", "a").needs_manual_grade


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


# --- Folders of those who mean no good ---------------------------------------------------------


def test_a_folder_that_is_a_link_is_not_followed(desk, run):
    desk.hand_in("amy")
    (desk.submitted / "eve").mkdir()
    (desk.submitted / "eve/numbers").symlink_to(desk.root / "solutions/numbers")
    (desk.submitted / "mallory").symlink_to(desk.root / "solutions")
    run()
    found = rows(desk)
    for student in ("eve", "mallory"):
        row = found["numbers", student]
        assert (row["status"], row["total"]) == ("rejected", "")
        assert "is a link to another place" in row["reason"]
        assert "x * x" not in (desk.out / f"feedback/{student}/numbers/numbers.html").read_text()
    assert found["numbers", "amy"]["total"] == "5"


def test_a_link_that_takes_a_folders_place_is_not_followed(desk, assignment):
    """However late it does so."""
    path = desk.hand_in("eve")
    task = find_tasks(desk.submitted, {"numbers": assignment})[0][0]
    shutil.rmtree(path.parent)
    path.parent.symlink_to(desk.root / "solutions/numbers")
    assert "is a link" in read_folder(task.folder).reason


def test_a_name_that_is_no_utf_8_harms_nobody(desk, run):
    desk.hand_in("amy")
    folder = os.fsencode(desk.hand_in("eve").parent)
    os.rename(folder + b"/numbers.ipynb", folder + b"/\xdcbung.ipynb")
    folder = os.fsencode(desk.hand_in("kim").parent)
    for name in (b"\xdc.txt", b"\xdc.ipynb"):
        with open(folder + b"/" + name, "wb") as file:
            file.write(b"x")
    os.symlink("/etc/passwd", folder + b"/\xff")
    folder = os.fsencode(desk.folder("lea"))
    with open(folder + b"/\xfc.ipynb", "wb") as file:
        file.write(b"{}")
    run()
    found = rows(desk)
    assert {student: row["total"] for (_, student), row in found.items()} == {
        **dict.fromkeys(("amy", "eve", "kim"), "5"),
        "lea": "",
    }
    assert "\\xdcbung.ipynb" in found["numbers", "eve"]["notes"]
    assert "\\xfc.ipynb is JSON, but not a notebook" in found["numbers", "lea"]["reason"]


def test_a_result_that_cannot_be_written_rejects_that_submission_only(desk, run, monkeypatch):
    desk.hand_in("amy")
    desk.hand_in("eve", RIGHT | {"why": "Break it."})
    first = ResultStore.write

    def write(self, result, pages):
        if result.student == "eve" and result.status == "graded":
            raise ValueError("no text: \udcdc")
        first(self, result, pages)

    monkeypatch.setattr(ResultStore, "write", write)
    run()
    found = rows(desk)
    assert found["numbers", "amy"]["total"] == "5"
    assert found["numbers", "eve"]["status"] == "rejected"
    assert "no text: ?" in found["numbers", "eve"]["reason"]


def test_no_two_students_share_a_result(desk, run):
    """What is written for bytes that are no UTF-8 may be another's name."""
    desk.hand_in("J\\xfcrg")
    folder = os.fsencode(desk.hand_in("other", {}).parent.parent)
    os.rename(folder, os.path.join(os.fsencode(desk.submitted), b"J\xfcrg"))
    run()
    (first, one), (second, other) = sorted(rows(desk).items(), key=lambda row: len(row[0][1]))
    assert first[1] == "J\\xfcrg"
    assert second[1].startswith("J\\xfcrg-")
    assert (one["total"], other["total"]) == ("5", "0")


def test_names_that_look_alike_are_told(desk, run):
    for name in ("Ren\u00e9", "Rene\u0301", "amy"):
        desk.hand_in(name)
    said = run()
    found = rows(desk)
    for name in ("Ren\u00e9", "Rene\u0301"):
        assert found["numbers", name]["total"] == "5"
        assert "names look like" in found["numbers", name]["notes"]
    assert "names look like" in said
    assert found["numbers", "amy"]["notes"] == ""


def test_a_folder_that_begins_with_a_dot_is_told(desk, run):
    desk.hand_in("amy")
    desk.hand_in(".anna")
    (desk.submitted / ".ipynb_checkpoints").mkdir()
    said = run()
    assert ".anna skipped: No student's folder begins with a dot." in said
    assert "checkpoints" not in said


def test_a_notebook_one_folder_too_high_is_told(desk, run):
    desk.hand_in("amy")
    shutil.copy(desk.hand_in("carla"), desk.submitted / "carla/numbers.ipynb")
    shutil.rmtree(desk.submitted / "carla/numbers")
    run()
    row = rows(desk)["numbers", "carla"]
    assert row["status"] == "rejected"
    assert "belongs one folder deeper" in row["reason"]


def test_what_stands_in_the_way_of_released_files_is_left_out(desk, run):
    (desk.root / "exercises/numbers/tools.py").write_text("ten = 10")
    (desk.root / "exercises/numbers/sub").mkdir()
    (desk.root / "exercises/numbers/sub/more.py").write_text("ten = 10")
    folder = desk.hand_in("amy").parent
    (folder / "tools.py").mkdir()
    (folder / "tools.py/x.txt").write_text("x")
    (folder / "sub").write_text("x")
    run()
    row = rows(desk)["numbers", "amy"]
    assert row["total"] == "5"
    assert row["notes"].count("stands where a released file belongs") == 2


def test_a_time_that_utc_has_no_room_for_costs_nothing(desk, run):
    desk.hand_in("amy", timestamp="0001-01-01T00:00:00+14:00")
    desk.hand_in("bob", timestamp="9999-12-31T23:59:59-14:00")
    run()
    for student in ("amy", "bob"):
        row = rows(desk)["numbers", student]
        assert (row["total"], row["notes"]) == ("5", "timestamp.txt cannot be read as a time.")


# --- What is left to clerks --------------------------------------------------------------------


def test_what_takes_too_much_to_read_or_show_harms_nobody(desk, run, monkeypatch):
    monkeypatch.setattr(clerk, "MEMORY", 192 * 2**20)
    desk.hand_in("amy")
    path = desk.hand_in("large")
    content = json.loads(path.read_text())
    content["metadata"]["a"] = [{}] * 6 * 10**6
    path.write_text(json.dumps(content))
    many = [nbformat.v4.new_markdown_cell(f"{n}" * 5000) for n in range(100)]
    desk.hand_in("shows", change=lambda notebook: notebook.cells.extend(many))
    first = rendering.make_pages

    def make_pages(result, notebooks, *others):
        if any(len(notebook.cells) > 90 for notebook in notebooks.values()):
            bytearray(10**9)
        return first(result, notebooks, *others)

    monkeypatch.setattr(rendering, "make_pages", make_pages)
    run()
    found = rows(desk)
    assert found["numbers", "amy"]["total"] == "5"
    assert found["numbers", "large"]["reason"] == "To read numbers.ipynb takes too much memory."
    # The marks stay, whatever can be shown.
    assert found["numbers", "shows"]["total"] == "5"
    assert "To show all of it takes too much memory" in found["numbers", "shows"]["notes"]
    page = (desk.out / "feedback/shows/numbers/numbers.html").read_text()
    assert "minus times minus" in page
    assert "5555" not in page


def test_tests_that_the_solution_fails_are_told_before_anybody_is_graded(desk, run):
    mend(desk, "assert triple(2) == 6", "import nothing_such; assert triple(2) == 6")
    desk.hand_in("amy")
    desk.hand_in("bob")
    told = "numbers broken: your own solution fails test-triple (ModuleNotFoundError: No module"
    remedy = "Install what is missing, or name it in c.Grader.show."
    for again in (False, True):
        said = run()
        assert said.count(told) == (not again)
        assert again or said.index(told) < said.index("graded")
        report = (desk.out / "report.html").read_text()
        assert "your own solution fails test-triple" in report
        assert remedy in report
    assert rows(desk)["numbers", "amy"]["total"] == "3"


def test_a_text_that_changed_since_it_was_marked_is_told(desk, run):
    desk.hand_in("amy")
    desk.hand_in("bob")
    run()
    for student in ("amy", "bob"):
        with open_book(desk) as book:
            mark = book.find_grade("why", "numbers", "numbers", student)
            mark.manual_score, mark.needs_manual_grade = 2.5, False
            book.db.commit()
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
    with open_book(desk) as book:
        mark = book.find_grade("why", "numbers", "numbers", "amy")
        mark.manual_score, mark.needs_manual_grade = 0.5, False
        book.db.commit()
    assert "wait" not in run()
    assert told not in rows(desk)["numbers", "amy"]["notes"]


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


def test_a_result_is_of_the_content_that_was_fingerprinted(desk, run, tmp_path):
    """Notebooks that flip between right and blank while they are graded."""
    right, blank = (desk.hand_in(name, answers) for name, answers in (("r", RIGHT), ("b", {})))
    points = {
        read_folder(right.parent).fingerprint(): 5,
        read_folder(blank.parent).fingerprint(): 0,
    }
    assert len(points) == 2
    contents = [right.read_bytes(), blank.read_bytes()]
    flipping = [desk.hand_in(f"s{number:02}") for number in range(30)]
    done = threading.Event()

    def flip():
        for turn in itertools.cycle(contents):
            for place, path in enumerate(flipping):
                beside = tmp_path / f"next-{place}"
                beside.write_bytes(turn)
                os.replace(beside, path)
            if done.is_set():
                return

    thread = threading.Thread(target=flip)
    thread.start()
    try:
        run()
    finally:
        done.set()
        thread.join()
    results = [Result.load(path) for path in desk.out.glob("results/numbers/*.json")]
    assert len(results) == 32
    assert {result.handed_in for result in results} == points.keys()
    for result in results:
        assert result.total == points[result.handed_in], result.student


def test_folders_outside_the_course_are_shown_and_on_the_path(desk, run, tmp_path):
    tools = tmp_path / "tools"
    (tools / "kit").mkdir(parents=True)
    (tools / "kit/__init__.py").write_text("three = 3")
    (tools / "plain.py").write_text("three = 3")
    with (desk.root / "nbgrader_config.py").open("a") as config:
        config.write(f'c.Grader.show = ["{tools}", "{ROOT}/data"]\n')
    used = f"import kit, plain; assert open('{ROOT}/data/README.md').read(); return "
    mend(desk, "return 3 * x", f"{used}kit.three * x")
    desk.hand_in("amy", RIGHT | {"triple": f"def triple(x):\n    {used}plain.three * x"})
    for options in ((), ("--no-sandbox", "--regrade", "triple")):
        assert "own solution fails" not in run(*options)
        assert rows(desk)["numbers", "amy"]["numbers:triple"] == "2"


def test_what_is_being_done_is_said_to_who_asks(desk, run):
    """Quiet by default; -v says the steps, -vv every submission."""
    desk.hand_in("amy")
    desk.hand_in("bob")
    logger = logging.getLogger("grader")
    try:
        said = run("--no-kept-contracts", "-v")
        assert "2 submissions of numbers." in said
        assert "The contract of numbers was made in" in said
        assert "numbers/amy: graded" not in said
        shutil.rmtree(desk.out)
        assert run("-vv").count(": graded, 0.") == 2
    finally:
        logger.handlers.clear()
    shutil.rmtree(desk.out)
    said = run("--no-kept-contracts")
    assert "2 graded" in said
    assert "2 submissions of" not in said
    assert "contract" not in said
