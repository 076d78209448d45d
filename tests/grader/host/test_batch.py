"""A class from the command line: damage, options, what is said, and what stops nobody else."""

from __future__ import annotations

import copy
import json
import logging
import os
import re
import shutil
from dataclasses import replace

import nbformat
import pytest

from grader.host import clerk
from grader.host.engine import engine as engine_module
from grader.host.engine.engine import Engine
from grader.host.publish import rendering
from grader.host.result_store import ResultStore
from grader.host.results.result import Result
from tests.conftest import ROOT
from tests.grader.conftest import RIGHT, rows
from tests.grader.host.conftest import give, mend, open_book
from tests.hostile import much_to_read

pytestmark = pytest.mark.usefixtures("bubblewrap")

STUBBORN = "import time\nwhile True:\n    try: time.sleep(1)\n    except KeyboardInterrupt: pass"


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


@pytest.mark.parametrize(
    ("address", "option"),
    [
        ("sqlite:///{}", True),
        ("sqlite+pysqlite:///{}?timeout=5", True),
        ("sqlite+pysqlite:///{}?timeout=5", False),
    ],
)
def test_marks_and_earlier_work_are_hidden_wherever_they_lie(desk, address, option):
    marks, earlier = desk.root / "marks.db", desk.root / "unplaced/earlier/bob/numbers.ipynb"
    (desk.root / "variants.json").write_text("{}")
    shutil.move(desk.submitted, desk.root / "submitted")
    desk = replace(desk, submitted=desk.root / "submitted")
    address = address.format(marks)
    with (desk.root / "nbgrader_config.py").open("a") as config:
        config.write('c.Grader.show = ["."]\n')
        config.write("" if option else f'c.Grader.db_url = "{address}"\n')
    earlier.parent.mkdir(parents=True)
    for file in (marks, earlier):
        file.touch()
    # Where root grades, learners' code is somebody else's.
    desk.root.chmod(0o755)
    folder, files = "/course/unplaced/earlier", ["/course/marks.db", "/course/variants.json"]
    peek = f"from os.path import *\nprint(exists('{folder}'), *map(getsize, {files}), 'seen')"
    desk.hand_in("amy", RIGHT | {"triple": f"{peek}\n{RIGHT['triple']}"})
    desk.grade(*(("--db-url", address) if option else ()))
    page = (desk.out / "autograded/amy/numbers/numbers.ipynb").read_text()
    assert "False 0 0 seen" in page


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


def test_a_fault_that_comes_once_costs_nobody_a_mark(desk, run, monkeypatch):
    from grader.host import grade

    score, failed = grade.score, []

    def faulty(name, *others):
        if not failed:
            failed.append(name)
            raise RuntimeError("a process was ended")
        return score(name, *others)

    monkeypatch.setattr(grade, "score", faulty)
    desk.hand_in("a")
    assert "1 graded, 0 rejected" in run()
    assert failed
    assert rows(desk)["numbers", "a"]["total"] == "5"


@pytest.fixture
def refused(monkeypatch):
    """How many more processes are refused a world of their own."""
    left, cores = [0], Engine._cores

    def seen_cores(engine):
        left[0] -= 1
        # No machine has that core: what it does not come to is a cell.
        return (9999,) if left[0] >= 0 else cores(engine)

    monkeypatch.setattr(Engine, "_cores", seen_cores)
    monkeypatch.setattr(engine_module, "PAUSES", (0.01, 0.01, 0.01))
    return left


def test_a_sandbox_that_is_refused_for_a_while_costs_nobody_a_mark(desk, run, refused):
    for student in ("a", "b"):
        desk.hand_in(student)
    refused[0] = 3
    assert "2 graded, 0 rejected" in run()
    assert {row["total"] for row in rows(desk).values()} == {"5"}


def test_a_sandbox_that_is_refused_grades_nobody(desk, run, refused):
    path = desk.hand_in("a")
    (path.parent / "beside.csv").write_text("1")
    desk.hand_in("b")
    refused[0] = 10**6
    said = run()
    assert "0 graded, 2 rejected" in said
    assert "Not graded, by no fault of its own" in said
    assert "Invalid argument" in rows(desk)["numbers", "a"]["reason"]
    # That is no verdict: it is tried again.
    refused[0] = 0
    assert "2 graded, 0 rejected" in run()
    assert {row["total"] for row in rows(desk).values()} == {"5"}


def test_a_sandbox_that_is_refused_has_nobody_mark_again(desk, run, refused):
    """What was handed in has not changed meanwhile."""
    desk.hand_in("a")
    run()
    for cell in ("why", "test-triple"):
        give(desk, cell, manual_score=1)
    run()
    assert rows(desk)["numbers", "a"]["total"] == "5"
    mend(desk, "two squared is four", "twice two is four")
    refused[0] = 10**6
    assert "0 graded, 1 rejected" in run()
    refused[0] = 0
    assert "wait" not in run()
    assert rows(desk)["numbers", "a"]["total"] == "5"
    assert "has changed since" not in rows(desk)["numbers", "a"]["notes"]


def test_files_that_no_folder_holds_are_said_so_at_once(desk, run, refused):
    path = desk.hand_in("a")
    long = "x" * 200
    deep = "/".join([long] * 25)
    # The name of the whole path is too long for one call, here as in the sandbox.
    folder = os.open(path.parent, os.O_RDONLY)
    for _ in deep.split("/"):
        os.mkdir(long, dir_fd=folder)
        folder = os.open(long, os.O_RDONLY, dir_fd=folder)
    os.close(os.open("x.csv", os.O_WRONLY | os.O_CREAT, dir_fd=folder))
    desk.hand_in("b")
    assert "2 graded, 0 rejected" in run()
    assert "could not be laid out" in rows(desk)["numbers", "a"]["notes"]
    assert rows(desk)["numbers", "b"]["total"] == "5"


@pytest.mark.thorough
def test_what_takes_too_much_to_read_or_show_harms_nobody(desk, run, monkeypatch):
    monkeypatch.setattr(clerk, "MEMORY", 192 * 2**20)
    desk.hand_in("amy")
    path = desk.hand_in("large")
    content = json.loads(path.read_text())
    content["metadata"]["a"] = much_to_read()
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


# --- What the command says ---------------------------------------------------------------------


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
