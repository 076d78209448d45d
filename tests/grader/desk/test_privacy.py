"""Pseudonyms on pages and tables, and what is left of somebody who is to be forgotten."""

from __future__ import annotations

import csv
import io
import json
import sqlite3

import pytest

from grader.host.desk import forgetting
from grader.host.tasks import names_of_students
from tests.grader.conftest import linux
from tests.grader.desk.conftest import zipped

MARKS = """assignment,student,status,late,total,max,numbers:square,numbers:why,penalty,reason,notes
numbers,ada,graded,no,7.5,8,3,3,,,The notebook is named ada.ipynb.
numbers,zoe,rejected,no,,8,,,,zoe@x.org handed in an empty file.,
"""
COLLECTED = """assignment,student,name,email,group,submitted,late,system,key,back,source
numbers,ada,Ada King,ada@x.org,A,,,moodle,7,,s.zip
numbers,zoe,Zoë,zoe@x.org,B,,,moodle,9,,s.zip
"""


def export(group, to, *options, code=0):
    where = ("--out", group.here / "out", "--submitted", group.submitted)
    file = group.here / "export"
    said = group.run("export", "--to", to, *where, "--file", file, *options, code=code)
    return said, file.read_text("utf-8") if file.exists() else ""


@pytest.fixture
def marked(group):
    group.mark(MARKS, COLLECTED)
    return group


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_table_under_pseudonyms_says_of_nobody_who_it_is(marked, form):
    _, text = export(marked, form, "--pseudonyms")
    for name in ("ada", "Ada", "zoe", "Zoë", "x.org"):
        assert name not in text
    key = json.loads((marked.here / "out/results/pseudonyms.json").read_text())
    assert key.keys() == {"ada", "zoe"}
    if form == "csv":
        rows = {row["student"]: row for row in csv.DictReader(io.StringIO(text))}
        assert rows[key["ada"]]["total"] == "7.5"
    else:
        totals = {
            json.loads(line)["student"]: json.loads(line)["total"]
            for line in text.split("\n")
            if line
        }
        assert totals == {key["ada"]: 7.5, key["zoe"]: None}


def test_a_system_has_to_know_whose_a_mark_is(marked):
    said, text = export(marked, "moodle", "--pseudonyms", code=1)
    assert "Moodle has to know whose a mark is" in said
    assert not text


def test_likenesses_under_pseudonyms(group, work):
    notebook = json.loads(work)
    for cell in notebook["cells"]:
        if cell.get("metadata", {}).get("nbgrader", {}).get("grade_id") == "square":
            lines = [f"    ada_{n} = x * {n} + x - {n * 7}  # by Ada\n" for n in range(40)]
            cell["source"] = ["def square(x):\n", *lines, "    return x * x"]
    for student in ("ada", "ada (2)", "zoe"):
        folder = group.submitted / student / "numbers"
        folder.mkdir(parents=True)
        own = json.dumps(notebook) if student != "zoe" else work.decode()
        (folder / "numbers.ipynb").write_text(own)
    where = ("--out", group.here, "--submitted", group.submitted, "--course", group.root)
    assert "1 pairs" in group.run("similar", "--assignment", "numbers", *where, "--pseudonyms")
    page = (group.here / "similar-numbers.html").read_text()
    assert "ada" not in page.casefold()
    assert "…_3 = x * 3" in page
    key = json.loads((group.here / "results/pseudonyms.json").read_text())
    assert key["ada"] in page
    assert key["ada (2)"] in page
    assert key["zoe"] not in page


# --- Forgetting --------------------------------------------------------------------------------


def forget(group, student, *options, code=0):
    where = ("--out", group.here / "out", "--submitted", group.submitted, "--course", group.root)
    return group.run("forget", student, *where, *options, code=code)


@pytest.fixture
def class_of_two(group, work, bubblewrap):
    """Collected, graded, with a mark by hand, and every page that there is."""
    name = "{}_{}_assignsubmission_file"
    files = {f"{name.format(*who)}/numbers.ipynb": work for who in (("quijote", 7), ("bob", 8))}
    group.collect(zipped(group.here / "s.zip", files))
    where = ("--submitted", group.submitted, "--out", group.here / "out")
    group.run("grade", *where, "--course", group.root)
    for command in (
        ("report", "--course", group.root),
        ("report", "--course", group.root, "--pseudonyms"),
        ("similar", "--course", group.root, "--assignment", "numbers"),
        ("export", "--to", "csv"),
        ("return", "--to", "moodle"),
    ):
        group.run(*command, *where)
    return group


def holding(group, text):
    """The files below that hold a text, or have it in their path."""
    return sorted(
        path.relative_to(group.here).as_posix()
        for path in group.here.rglob("*")
        if path.is_file()
        and (text in str(path.relative_to(group.here)) or text.encode() in path.read_bytes())
    )


@linux
def test_nothing_is_left_of_somebody_who_is_forgotten(class_of_two):
    group = class_of_two
    before = len(holding(group, "quijote"))
    assert before > 10
    said = forget(group, "quijote", "--yes")
    assert "1 submissions in the gradebook" in said
    assert "submitted/quijote" in said
    assert "report.html" in said
    # What the system handed out is the teacher's to clean.
    assert holding(group, "quijote") == ["s.zip"]
    assert "Nothing is kept of quijote" in forget(group, "quijote", "--yes", code=1)
    # Of the others all is there, and the pages can be made again.
    with sqlite3.connect(group.here / "out/gradebook.db") as book:
        assert book.execute("select id from student").fetchall() == [("bob",)]
        assert book.execute("select count(*) from grade").fetchone()[0] == 4
    where = ("--submitted", group.submitted, "--out", group.here / "out")
    assert "1 graded" in group.run("grade", *where, "--course", group.root)
    assert "bob" in (group.here / "out/grades.csv").read_text()


@linux
def test_it_asks_first_and_goes_on_where_it_was_stopped(class_of_two, monkeypatch):
    group = class_of_two
    whole = group.snapshot()
    forget(group, "quijote", code=1)
    assert group.snapshot() == whole

    def full(path):
        raise OSError(28, "No space left on device", str(path))

    with monkeypatch.context() as patched:
        patched.setattr(forgetting.shutil, "rmtree", full)
        said = forget(group, "quijote", "--yes", code=1)
    assert "What was removed stays removed: make room, then the same command goes on" in said
    forget(group, "quijote", "--yes")
    assert holding(group, "quijote") == ["s.zip"]


@pytest.mark.parametrize("name", ["..", "../out", ".", "", "a/b", ".lock", "/etc"])
def test_a_name_that_leads_elsewhere_is_refused(group, name):
    group.submitted.mkdir()
    assert "is no student" in forget(group, name, "--yes", code=1)
    assert group.submitted.is_dir()


def test_a_link_goes_and_what_it_leads_to_stays(marked):
    elsewhere = marked.here / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").write_text("")
    (marked.submitted / "ada").symlink_to(elsewhere)
    forget(marked, "ada", "--yes")
    assert not (marked.submitted / "ada").exists()
    assert (elsewhere / "kept").exists()


@pytest.mark.parametrize("called", ["<b>ada", "a" * 200, "ada\udcff"])
def test_what_was_handed_in_goes_whatever_its_folder_is_called(marked, called):
    """Such names become others: those stand in grades.csv."""
    (marked.submitted / called / "numbers").mkdir(parents=True)
    [name] = names_of_students([called]).values()
    assert name != called
    forget(marked, name, "--yes")
    assert not (marked.submitted / called).exists()


def test_somebody_of_the_same_name_is_told_not_removed(marked):
    (marked.here / "unplaced").mkdir()
    row = "source,assignment,place,name,reason,kept\ns.zip,,king/x.ipynb,Ada King,is twice,\n"
    marked.write("unplaced/unplaced.csv", row)
    said = forget(marked, "ada", "--yes")
    assert "king/x.ipynb: it has the same name" in said
    assert "Ada King" in (marked.here / "unplaced/unplaced.csv").read_text()
