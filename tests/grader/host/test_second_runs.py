"""What a second run of a class does again, and what of a run that was stopped is kept."""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import nbformat
import pytest

from grader import Assignment
from grader.host.cli import app
from grader.host.engine.settings import EngineSettings
from grader.host.intake.folder import read_folder
from grader.host.results.result import Result, write_atomically
from grader.host.results.revision import Identities
from tests.conftest import ROOT
from tests.grader.conftest import RIGHT, exercise, numbers, rows
from tests.grader.host.conftest import mend

pytestmark = pytest.mark.usefixtures("bubblewrap")


# --- What has changed --------------------------------------------------------------------------


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


def test_a_mended_test_counts_for_items_that_build_on_what_it_binds(desk, run):
    mend(desk, "assert triple(2) == 6", "assert triple(two) == 6")
    mend(desk, "assert square(0) == 0", "two = 2\\nassert square(0) == 0")
    desk.hand_in("a")
    run()
    assert scores(desk) == ("3", "2", "5")
    mend(desk, "two = 2\\n", "two = 3\\n")
    run()
    assert scores(desk) == ("3", "0", "3")


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


@pytest.mark.parametrize(
    "change",
    [{"timestamp": "2026-03-02T13:00:00Z"}, {"total": float("nan")}, {"points": float("inf")}],
    ids=lambda change: next(iter(change)),
)
def test_a_result_that_somebody_has_changed_into_none_is_found_anew(desk, run, change):
    desk.hand_in("a", timestamp="2026-03-02 13:00:00 UTC")
    run("--due", "numbers=2026-03-02T12:00:00")
    before = rows(desk)
    path = desk.out / "results/numbers/a.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    assert "known from" not in run()
    assert rows(desk) == before


def item(made: Assignment, name: str) -> str:
    return Identities(made, "").of("handed in").items[name]


_HELPED = [
    "# given\nnumbers = []\ndef near(x):\n    return abs(x - wanted) < 1",
    "# answer a\na = 1",
    "# test t-a\nwanted = 7\nassert a == 1",
    "# answer b\nb = 7",
    "# test t-b\nassert near(b) and not numbers",
]


@pytest.mark.parametrize(
    "mended",
    ["wanted = 8", "wanted = 7\nnumbers.append(1)"],
    ids=["what a given function reads", "what is put into a list"],
)
def test_what_an_earlier_test_leaves_counts_for_a_later_one(mended: str) -> None:
    sources = [source.replace("wanted = 7", mended) for source in _HELPED]
    assert item(exercise(*sources), "t-b") != item(exercise(*_HELPED), "t-b")


def test_where_a_test_stands_among_other_cells_counts() -> None:
    """An answer may bind a name that an earlier test has looked at."""
    a, b, test = "# answer a\na = 1", "# answer b\na = b = 2", "# test t-a\nassert a == 1"
    last = "# test t-b\nassert b == 2"
    one, other = exercise(a, test, b, last), exercise(a, b, test, last)
    assert item(one, "t-a") != item(other, "t-a")
    assert item(one, "t-b") == item(other, "t-b")


def test_who_may_read_a_file_counts(tmp_path: Path) -> None:
    path = tmp_path / "data.txt"
    path.write_text("7")
    sources = {"x": numbers()}
    released = Assignment.from_notebooks("x", sources, files={"data.txt": path})
    kept = Assignment.from_notebooks("x", sources, for_tests={"data.txt": path})
    assert released.fingerprint != kept.fingerprint
    assert item(released, "square") != item(kept, "square")


def test_marks_that_were_won_outside_the_sandbox_are_not_kept_in_it() -> None:
    assert str(EngineSettings(shut_in=False)) != str(EngineSettings())


def test_an_item_can_be_regraded_though_nothing_changed(desk, run):
    desk.hand_in("a")
    run()
    set_mark(desk, "square", 2.5)
    set_mark(desk, "triple", 1.5)
    assert "1 known from" in run()
    run("--regrade", "square")
    assert scores(desk) == ("3", "1.5", "4.5")
    assert "1 known from" in run()


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
    assert "1 earlier results have no submission or" in run("--assignment", "numbers")
    # Another is not graded now, and its file is damaged.
    result = desk.out / "results/pair/a.json"
    whole = result.read_bytes()
    result.write_bytes(whole[:100])
    assert "2 earlier results have no submission or" in run("--assignment", "numbers")
    result.write_bytes(whole)
    # The name of an assignment has changed.
    (desk.root / "solutions/pair").rename(desk.root / "solutions/couple")
    assert "2 earlier results have no submission or assignment any more, or can't be" in run()


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


# --- Runs that are stopped ---------------------------------------------------------------------


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


@pytest.mark.thorough
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


def test_what_was_handed_in_may_lie_in_the_folder_that_is_graded_into(desk, run):
    desk.hand_in("a")
    own = desk.submitted / "a/numbers"
    (own / ".writing-x").mkdir()
    (own / ".writing-y").write_text("mine")
    run("--out", desk.submitted.parent)
    assert {path.name for path in own.glob(".writing-*")} == {".writing-x", ".writing-y"}
    assert "a" in (desk.submitted.parent / "grades.csv").read_text()


def test_files_with_marks_are_their_owners_alone_from_the_first(desk, run, monkeypatch):
    desk.hand_in("a")
    monkeypatch.setattr(os, "chmod", None)
    monkeypatch.setattr(Path, "chmod", None)
    before = os.umask(0o022)
    try:
        run()
        write_atomically(desk.out / "ordinary", b"x", 0o666)
    finally:
        os.umask(before)
    # Folders within it are called as students are.
    assert desk.out.stat().st_mode & 0o777 == 0o700
    modes = {
        path.relative_to(desk.out).as_posix(): path.stat().st_mode & 0o777
        for path in desk.out.rglob("*")
        if path.is_file()
    }
    # These hold no marks.
    others = {"ordinary", "nbgrader_config.py", ".lock"}
    assert {modes.pop(name) for name in others} == {0o644}
    assert {"gradebook.db", "grades.csv", "results/numbers/a.json"} <= modes.keys()
    assert set(modes.values()) == {0o600}
    # The address of a gradebook may hold a password.
    run("--db-url", f"sqlite:///{desk.out}/other.db")
    assert (desk.out / "nbgrader_config.py").stat().st_mode & 0o777 == 0o600


def test_ctrl_c_stops_cleanly(desk, running):
    pid, said = running
    os.kill(pid, signal.SIGINT)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 130
    assert "Stopped. What was graded is kept: the same command goes on" in said.read_text()
    assert "Traceback" not in said.read_text()
    assert not (desk.out / "results/numbers/slow.json").exists()


PRESSED = """
import importlib.abc, runpy, sys

class Pressed(importlib.abc.MetaPathFinder):
    def find_spec(self, name, *_):
        if name == "grader.host.cli":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Pressed())
runpy.run_module("grader", run_name="__main__")
"""


def test_ctrl_c_while_it_starts_says_nothing():
    run = subprocess.run([sys.executable, "-c", PRESSED], capture_output=True, text=True)
    assert (run.returncode, run.stdout + run.stderr) == (130, "")


def test_a_disk_that_is_full_from_the_start_is_one_sentence(desk, run):
    desk.hand_in("a")
    desk.out.mkdir()
    (desk.out / ".lock").symlink_to("/dev/full")
    said = run(code=1).strip()
    assert said.startswith(f"Cannot write to {desk.out}: ")
    assert len(said.splitlines()) == 1


def test_the_file_that_cannot_be_replaced_is_named(desk, run):
    desk.hand_in("a")
    (desk.out / "grades.csv").mkdir(parents=True)
    assert f"Cannot write to {desk.out / 'grades.csv'}: Is a directory." in run(code=1)


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
    "$1" -c 'from grader.host.cli import app; app()' \
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


SMALL = """
import resource

resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
from grader.host.cli import app

app()
"""


def test_a_gradebook_that_may_not_grow_is_one_sentence_and_costs_nothing(desk, run):
    desk.hand_in("a")
    command = [sys.executable, "-c", SMALL, "grade", "--workers", "1", "--course", desk.root]
    command += ["--submitted", desk.submitted, "--out", desk.out]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)
    assert done.returncode == 1
    [said] = done.stderr.strip().splitlines()
    assert "(disk I/O error): see that the file and its disk are sound, then the same" in said
    run()
    assert rows(desk)["numbers", "a"]["total"] == "5"
