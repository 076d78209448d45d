"""A week of a class of 200, from two systems and back; and what a full disk does to the desk."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import shutil
import zipfile
from collections import Counter
from pathlib import Path

import nbformat
import pytest

from grader import Course
from grader.host.course.variants import MARK, read_numbers
from grader.host.desk import tables
from grader.host.desk.reviewing import Change, Review, State
from grader.host.gradebook.connection import Database
from grader.host.result_store import ResultStore
from grader.host.results import result as result_module
from tests.grader.conftest import RIGHT, answered, linux
from tests.grader.desk.conftest import Class, gradebook, worksheet
from tests.grader.desk.test_report import CLASS
from tests.grader.desk.test_report import lay as lay_class

FILE = "assignsubmission_file"
MOODLE, CANVAS = 120, 80
HALF = {**RIGHT, "triple": "def triple(x):\n    return 2 * x"}
WRONG = {**HALF, "square": "def square(x):\n    return 2 * x"}
ODD = [f"    odd_{n} = (x + {n}) * {n + 1} - x // {n + 2}" for n in range(30)]
COPIED = {**RIGHT, "square": "\n".join(["def square(x):", *ODD, "    return x * x"])}


def answers(number: int) -> dict[str, str]:
    """Of 200, two have the same odd solution, and a third each is right, half right and wrong."""
    if number in (7, 150):
        return COPIED
    made = dict([RIGHT, HALF, WRONG][number % 3])
    texts = [RIGHT["why"], "It can be anything.", f"My reason is number {number // 20}."]
    made["why"] = texts[number % 3]
    return made


@pytest.fixture
def own(built_course: Path, tmp_path: Path) -> Class:
    """A class whose course may be changed."""
    root = tmp_path / "course"
    shutil.copytree(built_course, root)
    (tmp_path / "desk").mkdir()
    return Class(root, tmp_path / "desk")


@pytest.mark.thorough
@linux
def test_a_week_of_a_class_of_200(own, bubblewrap):
    students = [f"p{n}@x.org" if n < MOODLE else f"s{n}" for n in range(MOODLE + CANVAS)]
    sheet = worksheet(
        own.here / "sheet.csv",
        *((str(n + 1000), f"Pupil {n}", f"p{n}@x.org", "-") for n in range(MOODLE)),
    )
    book = gradebook(
        own.here / "book.csv",
        *((f"{n}, Pupil", str(n), f"s{n}", f"l{n}") for n in range(MOODLE, len(students))),
    )
    lists = ("--roster", sheet, "--roster", book)

    # Everybody gets other numbers, and one hands in somebody else's copy.
    for part in ("solutions", "exercises"):
        given = own.root / part / "numbers/numbers.ipynb"
        given.write_text(given.read_text().replace("limit = 100", f"limit = 100  {MARK}"))
    handed_out = own.here / "handed_out"
    to = ("--to", handed_out, "--course", own.root, "--variants", "4")
    own.run("release", "--assignment", "numbers", *lists, *to)
    numbers = read_numbers(own.root)["numbers"]
    assert Counter(numbers.values()) == dict.fromkeys((1, 2, 3, 4), 50)
    copied = {student: student for student in students}
    other = next(who for who in students if numbers[who] != numbers["s130"])
    copied["s130"] = other
    work = []
    for n, student in enumerate(students):
        file = handed_out / copied[student] / "numbers/numbers.ipynb"
        release = nbformat.read(file, as_version=4)
        work.append(nbformat.writes(answered(release, answers(n))).encode())
    first = {f"Pupil {n}_{n + 1000}_{FILE}/numbers.ipynb": work[n] for n in range(MOODLE)}
    second = {f"pupil{n}_{n}_{n + 5000}_numbers.ipynb": work[n] for n in range(MOODLE, len(work))}
    archives = own.archive(first, "moodle.zip"), own.archive(second, "canvas.zip")
    assert "200 placed" in own.collect(*archives, *lists)
    # The same archives once more change nothing.
    before = own.snapshot()
    assert "200 there already" in own.collect(*archives, *lists)
    assert own.snapshot() == before

    out = own.here / "out"
    where = ("--submitted", own.submitted, "--out", out)
    course = (*where, "--course", own.root)
    assert "200 graded, 0 rejected" in own.run("grade", *course)
    marks = {row["student"]: row for row in tables.load(out / "grades.csv")}
    told = {student: row["notes"] for student, row in marks.items() if "variant" in row["notes"]}
    assert list(told) == ["s130"]
    assert f"those of variant {numbers[other]}" in told["s130"]
    number = {student: answers(int(student.strip("ps").partition("@")[0])) for student in marks}
    wanted = {"square": {True: "3", False: "0"}, "triple": {True: "2", False: "0"}}
    for student, row in marks.items():
        for item, points in wanted.items():
            right = number[student][item] not in (WRONG[item] if item == "square" else HALF[item])
            assert row[f"numbers:{item}"] == points[right], (student, item)

    # One item was unfair: whoever doubles has it right now, and no other mark changes.
    source = own.root / "solutions/numbers/numbers.ipynb"
    notebook = nbformat.read(source, as_version=4)
    for node in notebook.cells:
        if node.metadata.get("nbgrader", {}).get("grade_id") == "test-triple":
            node.source = "assert triple(2) in (4, 6), f'six, not {triple(2)}'"
    nbformat.write(notebook, source)
    own.run("grade", *course, "--regrade", "triple")
    again = {row["student"]: row for row in tables.load(out / "grades.csv")}
    assert {row["numbers:triple"] for row in again.values()} == {"2"}
    assert all(again[who]["numbers:square"] == marks[who]["numbers:square"] for who in marks)

    # The texts: a mark for each group, and the table has them after one more run.
    loaded = Course.open(own.root).load("numbers")
    review = Review(ResultStore(out), Database.of_file(out / "gradebook.db"), [loaded])
    groups = review.texts("numbers/numbers/why")["groups"]
    assert sum(len(group) for group in groups) == 200
    assert len(groups) == 12, "those that are alike are together, but for numbers"
    given = {}
    for group in groups:
        score = 3.0 if "minus" in group[0]["text"] else 1.0
        given |= {one["student"]: score for one in group}
        done = review.save(
            [Change(one["id"], one["state"], State(score, False, "Read.")) for one in group]
        )
        assert not done.changed
    said = own.run("grade", *course)
    assert "wait for a teacher" not in said
    final = {row["student"]: row for row in tables.load(out / "grades.csv")}
    for student, row in final.items():
        assert float(row["numbers:why"]) == given[student]
        assert float(row["total"]) == float(row["numbers:square"]) + 2 + given[student]

    # What the class believes, and who wrote alike.
    said = own.run("report", *course, "--pseudonyms")
    assert "200 learners" in said
    items = {row["item"]: row for row in tables.load(out / "report-pseudonyms/items.csv")}
    assert items["triple"]["verdict"] == "too easy"
    assert 0 < float(items["square"]["seconds"]) <= float(items["square"]["slowest"]) < 10
    wrong = sum(made["square"] == WRONG["square"] for made in number.values())
    assert float(items["square"]["difficulty"]) == pytest.approx(1 - wrong / 200, abs=0.001)
    met = Counter()
    for row in tables.load(out / "report-pseudonyms/misconceptions.csv"):
        met[row["item"]] += int(row["learners"])
    # Both tests of the item say something to each.
    assert met == {"square": 2 * wrong}
    said = own.run("similar", *course, "--assignment", "numbers")
    page = (out / "similar-numbers.html").read_text()
    assert "<b>p7@x.org</b> and <b>s150</b>" in page

    # Back to both systems, each to whom it is of.
    own.run("export", "--to", "moodle", "--into", sheet, *where)
    rows = csv.DictReader(io.StringIO((out / "marks-moodle.csv").read_bytes().decode("utf-8-sig")))
    told = {row["Email address"]: float(row["Grade"]) for row in rows}
    assert told == {f"p{n}@x.org": float(final[f"p{n}@x.org"]["total"]) for n in range(MOODLE)}
    own.run("export", "--to", "canvas", "--into", book, *where)
    rows = csv.DictReader(io.StringIO((out / "marks-canvas.csv").read_text()))
    told = {row["SIS User ID"]: row["numbers (77)"] for row in rows if row["SIS User ID"]}
    assert {who: float(mark) for who, mark in told.items()} == {
        f"s{n}": float(final[f"s{n}"]["total"]) for n in range(MOODLE, len(work))
    }
    for system, count in (("moodle", MOODLE), ("canvas", CANVAS)):
        assert f"Feedback for {count}." in own.run("return", "--to", system, *where)
        with zipfile.ZipFile(out / f"feedback-{system}.zip") as archive:
            assert len(archive.namelist()) == count


# --- Faults -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        (errno.ENOSPC, "make room, then the same command goes on from here."),
        (errno.EROFS, "Read-only file system."),
        (errno.EACCES, "Permission denied."),
    ],
)
@pytest.mark.parametrize(
    "command",
    [
        ("report",),
        ("report", "--pseudonyms"),
        ("export", "--to", "csv"),
        ("export", "--to", "csv", "--pseudonyms"),
        ("similar", "--assignment", "numbers"),
        ("forget", "ada", "--yes"),
    ],
)
def test_a_folder_that_takes_nothing_loses_nothing(group, monkeypatch, command, reason, sentence):
    """Full, read-only or another's: one sentence, all as it was, and the same command goes on."""
    lay_class(group, CLASS)
    for student in CLASS:
        there = group.here / "out/autograded" / student / "numbers"
        shutil.copytree(there, group.submitted / student / "numbers")
    where = ["--submitted", group.submitted, "--out", group.here / "out"]
    if command[0] != "export":
        where += ["--course", group.root]

    def refuse(*paths):
        raise OSError(reason, os.strerror(reason), str(paths[-1]))

    whole = group.snapshot()
    with monkeypatch.context() as patched:
        for name in ("replace", "unlink", "rmdir"):
            patched.setattr(os, name, refuse)
        patched.setattr(shutil, "rmtree", refuse)
        said = group.run(*command, *where, code=1)
    assert said.endswith(sentence)
    after = group.snapshot()
    left = {name for name in after if ".writing-" not in name}
    assert left == whole.keys()
    assert all(after[name] == whole[name] for name in whole)
    group.run(*command, *where)
    assert not json.dumps(sorted(group.snapshot())).count("/ada/") or command[0] != "forget"


def test_the_write_that_is_refused_is_the_one_that_all_go_through():
    assert result_module.os.replace is os.replace
