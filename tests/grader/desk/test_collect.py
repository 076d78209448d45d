"""From what systems hand out to submitted/STUDENT/ASSIGNMENT/: whose it is, which counts, when."""

from __future__ import annotations

import codecs
import re
import shutil
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from nbgrader.coursedir import CourseDirectory

from grader import Course
from grader.host.desk import collecting, exchange, moodle, tables
from grader.host.desk.record import Record
from grader.host.desk.roster import Person, Roster, spellings, squeezed
from grader.host.desk.sources import File
from grader.host.intake.folder import read_folder
from grader.host.intake.submission import timestamp_of
from grader.host.publish import formulas
from grader.host.tasks import why_no_student
from tests.grader.desk.conftest import gradebook, other, worksheet

FILE = "assignsubmission_file"


def told(group, student, assignment="numbers"):
    """The row of collected.csv."""
    rows = tables.load(group.submitted / "collected.csv")
    return next(r for r in rows if (r["student"], r["assignment"]) == (student, assignment))


def stamp(group, student):
    path = group.submitted / student / "numbers/timestamp.txt"
    return path.read_text() if path.exists() else None


# --- Moodle ---


def test_moodle_with_a_worksheet(group, work):
    archive = group.archive(
        {
            f"Jürgen Müller_101_{FILE}/numbers.ipynb": work,
            f"Jürgen Müller_101_{FILE}/data/x.csv": "1,2",
            "Jürgen Müller_101_assignsubmission_onlinetext/onlinetext.html": "<p>hello</p>",
            f"O'Neil, Zoë_102_{FILE}/numbers.ipynb": other(work, "z"),
        }
    )
    sheet = worksheet(
        group.here / "worksheet.csv",
        ("101", "Jürgen Müller", "jm@example.org", "Monday, 2 March 2026, 11:59 AM"),
        ("102", "O'Neil, Zoë", "zoe@example.org", "Monday, 2 March 2026, 1:05 PM"),
    )
    said = group.collect(archive, "--roster", sheet, "--zone", "Europe/Berlin")
    assert "submissions.zip: moodle." in said
    assert "2 placed" in said
    assert group.placed == {"jm@example.org/numbers", "zoe@example.org/numbers"}
    folder = group.submitted / "jm@example.org/numbers"
    assert (folder / "numbers.ipynb").read_bytes() == work
    assert (folder / "data/x.csv").read_text() == "1,2"
    # Berlin is an hour before UTC in winter.
    assert stamp(group, "jm@example.org") == "2026-03-02 10:59:00.000000 UTC"
    assert stamp(group, "zoe@example.org") == "2026-03-02 12:05:00.000000 UTC"
    # Stock nbgrader reads the same.
    read = CourseDirectory().get_existing_timestamp(str(folder))
    assert read == datetime(2026, 3, 2, 10, 59)
    row = told(group, "jm@example.org")
    assert (row["name"], row["key"]) == ("Jürgen Müller", "101")
    assert row["back"] == f"Jürgen Müller_101_{FILE}/"


@pytest.mark.parametrize(
    ("path", "back"),
    [
        (f"Ada King_7_{FILE}_/numbers.ipynb", f"Ada King_7_{FILE}_/"),
        (f"Ada King_7_{FILE}_numbers.ipynb", f"Ada King_7_{FILE}_"),
        (f"round/Ada King_7_{FILE}/sub/numbers.ipynb", f"Ada King_7_{FILE}/"),
    ],
    ids=["up to 4.0", "no folders", "packed again"],
)
def test_moodle_in_other_forms(group, work, path, back):
    group.collect(group.archive({path: work}))
    assert (group.submitted / "Ada King/numbers/numbers.ipynb").read_bytes() == work
    assert told(group, "Ada King")["back"] == back


def test_two_students_of_one_name(group, work):
    archive = group.archive(
        {
            f"Ada King_7_{FILE}/numbers.ipynb": work,
            f"Ada King_8_{FILE}/numbers.ipynb": other(work, "8"),
        }
    )
    said = group.collect(archive)
    assert group.placed == set()
    assert "2 not placed" in said
    assert "worksheet as a --roster tells them apart" in said
    kept = {row["place"]: row["kept"] for row in group.unplaced}
    path = group.here / "unplaced" / kept["Ada King_8"] / "numbers.ipynb"
    assert path.read_bytes() == other(work, "8")
    # A class list alone cannot tell either; the worksheet can, and what was kept is placed.
    people = group.write("class.csv", "id,name,email\na1,Ada King,a1@x.org\na2,Ada King,a2@x.org\n")
    group.collect(archive, "--roster", people)
    assert "may be of 2 people of that name (a1, a2)" in group.reasons["Ada King_7"]
    sheet = worksheet(
        group.here / "sheet.csv",
        ("7", "Ada King", "a2@x.org", "-"),
        ("8", "Ada King", "a1@x.org", "-"),
    )
    group.collect(archive, "--roster", people, "--roster", sheet)
    assert group.placed == {"a1/numbers", "a2/numbers"}
    assert (group.submitted / "a2/numbers/numbers.ipynb").read_bytes() == work
    assert group.unplaced == []
    assert not path.exists()


def test_who_is_on_no_list_is_kept(group, work):
    archive = group.archive({f"Guest_9_{FILE}/numbers.ipynb": work})
    people = group.write("class.csv", "id;name\nada;Ada King\n")
    assert "is of nobody on the roster" in group.collect(archive, "--roster", people)
    assert group.placed == set()
    assert list((group.here / "unplaced").rglob("numbers.ipynb"))


def test_a_group_that_hands_in_together(group, work):
    archive = group.archive({f"Group A_55_{FILE}/numbers.ipynb": work})
    people = group.write(
        "class.csv",
        "id,name,email,group\nada,Ada King,a@x.org,Group A\nbob,Bob,b@x.org,Group A\ncy,Cy,,B\n",
    )
    sheet = worksheet(group.here / "sheet.csv", ("7", "Ada King", "a@x.org", "2 March"))
    said = group.collect(archive, "--roster", people, "--roster", sheet)
    assert "sheet.csv: 2 March could not be read as a time." in said
    assert group.placed == {"ada/numbers", "bob/numbers"}
    # Moodle finds members by their own number, which the worksheet knows.
    assert told(group, "ada")["back"] == f"Ada King_7_{FILE}/"
    assert told(group, "bob")["back"] == ""


def test_somebody_who_is_called_as_a_group(group, work):
    """Others hand in by themselves: so do groups."""
    archive = group.archive(
        {
            f"Ada King_7_{FILE}/numbers.ipynb": work,
            f"Group A_77_{FILE}/numbers.ipynb": other(work, "forged"),
        }
    )
    people = group.write("class.csv", "id,name,group\nada,Ada King,Group A\nbob,Bob,Group A\n")
    group.collect(archive, "--roster", people)
    assert group.placed == {"ada/numbers"}
    assert (group.submitted / "ada/numbers/numbers.ipynb").read_bytes() == work
    said = "is called as a group, where others hand in by themselves"
    assert group.reasons == {"Group A_77": said}


def test_anonymous_in_moodle(group, work):
    archive = group.archive(
        {
            f"Participant_7_{FILE}/numbers.ipynb": work,
            f"Participant_8_{FILE}/numbers.ipynb": other(work, "8"),
        }
    )
    group.collect(archive)
    assert group.placed == {"Participant 7/numbers", "Participant 8/numbers"}


# --- Canvas ---


def test_canvas_with_its_gradebook(group, work):
    archive = group.archive(
        {
            "mullerjurgen_LATE_17_401_numbers-2.ipynb": work,
            "mullerjurgen_LATE_17_402_notes.txt": "x",
            "kingada_18_403_numbers.ipynb": other(work, "18"),
            "kingada_19_404_numbers.ipynb": other(work, "19"),
            "berners_leetim_20_text.html": "<p>typed</p>",
        }
    )
    book = gradebook(
        group.here / "book.csv",
        ("Müller, Jürgen", "17", "s17", "jm"),
        ("King, Ada", "18", "s18", "ada"),
        ("King, Ada", "19", "s19", "ada2"),
        ("Berners-Lee, Tim", "20", "s20", "tim"),
    )
    said = group.collect(archive, "--roster", book, "--assignment", "numbers")
    assert "submissions.zip: canvas." in said
    assert group.placed == {"s17/numbers", "s18/numbers", "s19/numbers"}
    assert (group.submitted / "s19/numbers/numbers.ipynb").read_bytes() == other(work, "19")
    # The name that Canvas gave it when it came again is not the one that is graded.
    assert (group.submitted / "s17/numbers/numbers.ipynb").read_bytes() == work
    assert told(group, "s17")["back"] == "mullerjurgen_LATE_17_401_"
    assert group.reasons == {"berners_leetim_20": "holds no notebook, but text.html"}
    # Canvas says that it was late, not when: nothing is made up unless one says when it was due.
    assert "1 are marked as late without a time" in said
    assert stamp(group, "s17") is None
    options = ("--assignment", "numbers", "--due", "2026-03-02T12:00")
    group.collect(archive, "--roster", book, *options)
    assert stamp(group, "s17") == "2026-03-02 12:00:01.000000 UTC"
    assert stamp(group, "s18") is None
    # Whoever teaches has taken the mark away since.
    forgiven = group.archive(
        {"mullerjurgen_17_401_numbers-2.ipynb": work, "mullerjurgen_17_402_notes.txt": "x"}
    )
    group.collect(forgiven, "--roster", book, *options)
    assert stamp(group, "s17") is None
    assert told(group, "s17")["late"] == ""


def test_canvas_without_a_list_and_anonymous(group, work):
    files = {"kingada_18_403_numbers.ipynb": work, "anon_x1Yz9_404_numbers.ipynb": other(work, "a")}
    group.collect(group.archive(files))
    assert group.placed == {"kingada-18/numbers", "anon_x1Yz9/numbers"}


def test_nobody_is_somebody_else_in_canvas_by_name_or_by_file(group, work):
    """Canvas keeps the underscores of names, and what a file was called."""
    book = gradebook(
        group.here / "book.csv",
        ("King, Ada", "18", "s18", "ada"),
        ("Eve_18", "99", "s99", "eve"),
        ("kingada_18", "98", "s98", "mallory"),
    )
    files = {
        "eve_18_99_500_numbers.ipynb": other(work, "eve"),
        "kingada_18_98_501_numbers.ipynb": other(work, "mallory"),
        "kingada_18_403_1_2_numbers.ipynb": work,
    }
    options = ("--roster", book, "--assignment", "numbers")
    group.collect(group.archive(files), *options)
    assert group.placed == {"s18/numbers", "s99/numbers"}
    assert (group.submitted / "s18/numbers/1_2_numbers.ipynb").read_bytes() == work
    assert list(group.reasons.values()) == [
        "may be of several people: its numbers are those of each"
    ]
    files = {
        "anon_x1Yz9_404_7_18_9_numbers.ipynb": other(work, "7"),
        "anon_x1Yz9_405_anon_q2Wa8_9_numbers.ipynb": other(work, "8"),
        "LATE_anon_q2Wa8_403_numbers.ipynb": work,
    }
    group.collect(group.archive(files, "anonymous.zip"), *options)
    assert group.placed == {
        "s18/numbers",
        "s99/numbers",
        "anon_q2Wa8/numbers",
        "anon_x1Yz9/numbers",
    }
    assert (group.submitted / "anon_q2Wa8/numbers/numbers.ipynb").read_bytes() == work
    assert told(group, "anon_q2Wa8")["late"] == "yes"


# --- GitHub Classroom, nbgrader, loose ---


def test_classroom(group, work):
    tree = group.tree(
        {
            "numbers-submissions/numbers-ada-l/numbers.ipynb": work,
            "numbers-submissions/numbers-ada-l/.git/HEAD": "ref",
            "numbers-submissions/numbers-ada-l/README.md": "# Numbers",
            "numbers-submissions/numbers-ada-l/env/pyvenv.cfg": "home = /usr/bin",
            "numbers-submissions/numbers-ada-l/env/lib/a.py": "",
            "numbers-submissions/numbers-ghost/numbers.ipynb": other(work, "g"),
        }
    )
    roster = group.write(
        "classroom_roster.csv",
        '"identifier","github_username","github_id","name"\n'
        '"ada@x.org","Ada-L","1","Ada King"\n"zoe@x.org","","",""\n',
    )
    grades = group.write(
        "grades.csv",
        "assignment_name,github_username,roster_identifier,student_repository_name,"
        "submission_timestamp\nNumbers,Ada-L,ada@x.org,numbers-ada-l,2026-03-02 11:00:00 UTC\n",
    )
    said = group.collect(tree, "--roster", roster, "--roster", grades)
    assert "tree: classroom." in said
    assert group.placed == {"ada@x.org/numbers"}
    folder = group.submitted / "ada@x.org/numbers"
    assert {p.name for p in folder.iterdir()} == {"numbers.ipynb", "README.md", "timestamp.txt"}
    assert stamp(group, "ada@x.org") == "2026-03-02 11:00:00.000000 UTC"
    assert group.reasons == {"numbers-ghost": "is of nobody on the roster"}


def test_of_two_sections_that_count_from_one_nobody_is_taken_for_another(group, work):
    """Ben's row had become Ada's, and what he handed in under his number hers."""
    one = group.write("one.csv", "id,name,email\n1,Ada King,ada@x.org\n")
    other_one = group.write("other.csv", "id,name,email\n1,Ben Moss,ben@x.org\n")
    tree = group.tree({"1/numbers.ipynb": work})
    said = group.collect(tree, "--roster", one, "--roster", other_one, code=1)
    assert said == "On the roster, Ada King and Ben Moss have the same id 1."
    assert group.placed == set()
    # Somebody may have another name, or another address, elsewhere.
    for row in ("1,Ada Moss,ada@x.org", "1,King Ada,ben@x.org", "1,Ben Moss,", "1,,ben@x.org"):
        group.write("other.csv", f"id,name,email\n{row}\n")
        group.collect(tree, "--roster", one, "--roster", other_one)
        assert group.placed == {"1/numbers"}


@pytest.mark.parametrize(
    ("zone", "written", "utc"),
    [
        ("Europe/Berlin", "2026-06-30 23:30:00.000000 CEST", "2026-06-30 21:30:00.000000 UTC"),
        ("America/New_York", "2026-06-30 23:30:00.000000 EDT", "2026-07-01 03:30:00.000000 UTC"),
        ("America/Chicago", "2026-01-30 23:30:00.000000 CST", "2026-01-31 05:30:00.000000 UTC"),
        ("Asia/Dubai", "2026-06-30 23:30:00.000000 +04", "2026-06-30 19:30:00.000000 UTC"),
    ],
)
def test_a_time_of_the_exchange_is_read_in_its_zone(group, work, tmp_path, zone, written, utc):
    """As nbgrader writes it: what the zone is called on that day, which may be no zone's name."""
    root = tmp_path / "course"
    shutil.copytree(group.root, root)
    with (root / "nbgrader_config.py").open("a") as config:
        config.write(f"\nc.Exchange.timezone = {zone!r}\n")
    group = replace(group, root=root)
    place = f"ada+numbers+{written}+abc"
    tree = group.tree(
        {f"{place}/numbers.ipynb": work, f"{place}/timestamp.txt": written}, "inbound"
    )
    group.collect(tree)
    assert stamp(group, "ada") == utc
    # What `nbgrader collect` has laid out is read where it is graded.
    assert timestamp_of(read_folder(tree / place), Course.open(root).load("numbers").zone) == (
        datetime.fromisoformat(utc.removesuffix(" UTC"))
    )


def test_a_time_in_a_zone_that_nobody_knows_is_told(group, work):
    """nbgrader takes it for UTC: an hour is somebody's, whichever way it goes."""
    place = "ada+numbers+2026-06-30 23:30:00.000000 KDT+abc"
    files = {f"{place}/numbers.ipynb": work, f"{place}/timestamp.txt": place.split("+")[2]}
    group.collect(group.tree(files, "inbound"))
    assert group.placed == {"ada/numbers"}
    assert stamp(group, "ada") is None
    assert group.reasons == {
        f"{place}/timestamp.txt": "cannot be read as a time of the zone UTC",
    }


def test_the_exchange_has_all_attempts(group, work):
    tree = group.tree(
        {
            "ada+numbers+2026-03-01 10:00:00.000000 UTC+abc/numbers.ipynb": work,
            "ada+numbers+2026-03-02 10:00:00.000000 UTC+def/numbers.ipynb": other(work, "2"),
            "ada+pair+2026-03-02 10:00:00.000000 UTC+def/first.ipynb": work,
            "ada+gone+2026-03-02 10:00:00.000000 UTC+def/first.ipynb": work,
        },
        "inbound",
    )
    said = group.collect(tree)
    assert "inbound: nbgrader." in said
    assert group.placed == {"ada/numbers", "ada/pair"}
    assert (group.submitted / "ada/numbers/numbers.ipynb").read_bytes() == other(work, "2")
    assert stamp(group, "ada") == "2026-03-02 10:00:00.000000 UTC"
    assert "is for gone, which is no assignment of the course" in group.reasons.popitem()[1]


def test_a_time_of_any_year_is_the_same_again(group, work):
    tree = group.tree({"eve+numbers+0001-01-01 00:00:00 UTC/numbers.ipynb": work}, "inbound")
    group.collect(tree)
    assert stamp(group, "eve") == "0001-01-01 00:00:00.000000 UTC"
    before = group.snapshot()
    assert "1 there already" in group.collect(tree)
    assert group.snapshot() == before


def test_loose_notebooks(group, work):
    tree = group.tree(
        {
            "ada_numbers.ipynb": work,
            "numbers-bob.ipynb": other(work, "b"),
            "Dee King - numbers.ipynb": other(work, "d"),
            "numbers - Fay.ipynb": other(work, "f"),
            "cy/pair/first.ipynb": work,
            "cy/pair/timestamp.txt": "2026-03-02 10:00:00 UTC",
            "numbers.ipynb": work,
            "eve_numbers.ipynb": work,
            "eve_numbers (1).ipynb": other(work, "e"),
            "slides.pdf": "x",
        }
    )
    group.collect(tree)
    placed = {"ada/numbers", "bob/numbers", "cy/pair", "Dee King/numbers", "Fay/numbers"}
    assert group.placed == placed
    assert (group.submitted / "cy/pair/timestamp.txt").exists()
    assert "nothing says which was the last" in group.reasons["eve_numbers.ipynb"]
    assert set(group.reasons) == {
        *("numbers.ipynb", "slides.pdf", "eve_numbers.ipynb", "eve_numbers (1).ipynb"),
    }


def test_a_time_is_taken_however_many_files_lie_beside_it(group, work, monkeypatch):
    monkeypatch.setattr("grader.host.desk.collecting.MAX_FILES", 2)
    files = {f"cy/pair/a{number}": "x" for number in range(9)}
    time = "2026-03-02 10:00:00.000000 UTC"
    group.collect(group.tree({"cy/pair/first.ipynb": work, "cy/pair/timestamp.txt": time, **files}))
    assert (group.submitted / "cy/pair/timestamp.txt").read_text() == time


def test_a_time_that_learners_write_is_not_believed(group, work):
    name = f"Ada King_7_{FILE}"
    files = {f"{name}/numbers.ipynb": work, f"{name}/timestamp.txt": "2020-01-01 00:00:00 UTC"}
    group.collect(group.archive(files))
    assert stamp(group, "Ada King") is None


def test_nor_in_a_repository_in_canvas_or_beside_the_name_of_an_attempt(group, work):
    early = "2020-01-01 00:00:00 UTC"
    place = "numbers-submissions/numbers-ada-l"
    tree = group.tree({f"{place}/numbers.ipynb": work, f"{place}/timestamp.txt": early})
    roster = group.write(
        "classroom_roster.csv",
        '"identifier","github_username","github_id","name"\n"ada@x.org","Ada-L","1","Ada King"\n',
    )
    group.collect(tree, "--roster", roster)
    assert group.placed == {"ada@x.org/numbers"}
    assert stamp(group, "ada@x.org") is None
    files = {"kingbob_20_1001_numbers.ipynb": work, "kingbob_20_1002_timestamp.txt": early}
    group.collect(group.archive(files))
    [name] = (placed.partition("/")[0] for placed in group.placed if "bob" in placed)
    assert stamp(group, name) is None
    attempt = "cy+numbers+2026-03-02 10:00:00.000000 UTC+abc"
    group.collect(
        group.tree({f"{attempt}/numbers.ipynb": work, f"{attempt}/timestamp.txt": early}, "inbound")
    )
    assert stamp(group, "cy") == "2026-03-02 10:00:00.000000 UTC"


# --- Attempts ---


def test_a_later_download_counts_and_the_first_is_kept(group, work):
    first = group.archive({f"Ada King_7_{FILE}/numbers.ipynb": work}, "first.zip")
    second = group.archive({f"Ada King_7_{FILE}/numbers.ipynb": other(work, "2")}, "second.zip")
    place = group.submitted / "Ada King/numbers/numbers.ipynb"
    group.collect(first)
    assert "1 brought up to date" in group.collect(second)
    assert place.read_bytes() == other(work, "2")
    (kept,) = (group.here / "unplaced/earlier/Ada King").glob("numbers-*/numbers.ipynb")
    assert kept.read_bytes() == work
    # The first archive once more is not an attempt that came later.
    assert "1 earlier than what is there" in group.collect(first)
    assert place.read_bytes() == other(work, "2")
    before = group.snapshot()
    group.collect(first, second)
    assert group.snapshot() == before


def test_the_same_command_again_changes_nothing(group, work):
    archive = group.archive(
        {
            f"Ada King_7_{FILE}/numbers.ipynb": work,
            f"Bob_8_{FILE}/essay.docx": "x",
            "stray.txt": "x",
        }
    )
    group.collect(archive)
    before = group.snapshot()
    said = group.collect(archive)
    assert "0 placed, 0 brought up to date, 1 there already" in said
    assert group.snapshot() == before
    assert set(group.reasons) == {"Bob_8", "stray.txt"}


@pytest.mark.parametrize(
    "beside",
    ["env/pyvenv.cfg", "pyvenv.cfg", "a:b.txt"],
    ids=["environment", "environment all round", "name of a disk"],
)
@pytest.mark.parametrize("packed", [True, False], ids=["archive", "folder"])
def test_what_lies_beside_the_work_costs_nobody_theirs(group, work, packed, beside):
    lib = beside.replace("pyvenv.cfg", "lib/x.py")
    files = {"work/numbers.ipynb": work, "work/a.csv": "1", beside: "x", lib: "x"}
    files |= {f"work/{path}": "x" for path in (beside, lib)}
    lay = group.archive if packed else group.tree
    source = lay({f"Ada King_7_{FILE}/{path}": content for path, content in files.items()})
    assert "1 placed" in group.collect(source)
    folder = group.submitted / "Ada King/numbers"
    assert {path.name for path in folder.rglob("*.*")} == {"numbers.ipynb", "a.csv"}
    before = group.snapshot()
    group.collect(source)
    assert group.snapshot() == before


@pytest.mark.parametrize(
    ("beside", "is_clear"),
    [((), True), (("old/more.ipynb",), True), (("scratch.ipynb",), False)],
    ids=["alone", "in another folder", "above"],
)
def test_a_notebook_of_another_name_does_not_count_for_it(group, work, beside, is_clear):
    """Above it may be the work, or not: nobody is graded for the other one."""
    files = {f"Ada King_7_{FILE}/{path}": other(work, "s") for path in beside}
    group.collect(group.archive({**files, f"Ada King_7_{FILE}/numbers/numbers.ipynb": work}))
    if is_clear:
        assert (group.submitted / "Ada King/numbers/numbers.ipynb").read_bytes() == work
    else:
        assert "nothing says which one counts" in group.reasons["Ada King_7"]
        assert not group.placed


def test_a_notebook_may_be_called_as_a_second_copy_of_another():
    notebooks = {name: File(f"{name}.ipynb", bytes) for name in ("lab", "lab-1")}
    for handed_in in (("lab-1",), ("lab", "lab-1"), ("lab",)):
        files = {f"{name}.ipynb": notebooks[name] for name in handed_in}
        record = Record("loose", "x", "x", "ada", "ada", files)
        assert collecting._laid_out(record, ["lab", "lab-1"]) == files
    again = Record("canvas", "x", "x", "ada", "ada", {"lab-1.ipynb": notebooks["lab"]})
    assert collecting._laid_out(again, ["lab"]) == {"lab.ipynb": notebooks["lab"]}


def test_archives_of_one_name_do_not_hide_each_other(group, work):
    files = {f"Bob_8_{FILE}/essay.docx": "one"}
    for folder in ("one", "two"):
        (group.here / folder).mkdir()
    group.collect(group.archive(files, "one/submissions.zip"))
    more = {f"Bob_9_{FILE}/essay.docx": "two", f"Ada King_7_{FILE}/numbers.ipynb": work}
    group.collect(group.archive(more, "two/submissions.zip"))
    assert set(group.reasons) == {"Bob_8", "Bob_9"}
    kept = sorted((group.here / "unplaced").rglob("essay.docx"))
    assert [path.read_text() for path in kept] == ["one", "two"]
    # He hands in what was asked for: of the first archive nothing is left to do.
    files = {f"Bob_8_{FILE}/numbers.ipynb": work}
    group.collect(group.archive(files, "one/submissions.zip"))
    assert set(group.reasons) == {"Bob_9"}
    assert [path.read_text() for path in (group.here / "unplaced").rglob("essay.docx")] == ["two"]


def test_two_notebooks_of_two_assignments_ask_which(group, work):
    name = f"Ada King_7_{FILE}"
    archive = group.archive({f"{name}/numbers.ipynb": work, f"{name}/first.ipynb": work})
    said = group.collect(archive)
    assert "notebooks of several assignments of the course: say with --assignment which" in said
    group.collect(archive, "--assignment", "pa")
    assert group.placed == {"Ada King/pair"}
    assert group.collect(archive, "--assignment", "x", code=1) == (
        "The course has no one assignment 'x'; it has numbers, pair."
    )


@pytest.mark.parametrize(
    "path", ["kingada_18_403_x.ipynb", "eve+numbers+2026-03-01 10:00:00.000000 UTC/numbers.ipynb"]
)
def test_a_learners_file_that_is_named_as_another_system_does(group, work, path):
    """Else one of them could stop collecting for all."""
    own = f"Eve_8_{FILE}"
    files = {f"Ada King_7_{FILE}/numbers.ipynb": work, f"{own}/numbers.ipynb": work}
    said = group.collect(group.archive({**files, f"{own}/{path}": "x"}))
    assert "submissions.zip: moodle." in said
    assert group.placed == {"Ada King/numbers", "Eve/numbers"}


@pytest.mark.parametrize(
    "path",
    [
        f"Ada King_7_{FILE}/numbers.ipynb",
        "kingada_18_403_numbers.ipynb",
        "ada+numbers+2026-03-01 10:00:00.000000 UTC/numbers.ipynb",
    ],
)
@pytest.mark.parametrize("layout", ["{}", "numbers-{}", "{}/numbers"])
def test_a_learners_file_makes_no_class_another_systems(group, work, path, layout):
    """Else it would be somebody else's, whose own would be placed nowhere."""
    files = {f"{layout.format(who)}/numbers.ipynb": work for who in ("ada", "bob", "eve")}
    evil = {f"{layout.format('eve')}/{path}": other(work, "evil")}
    roster = group.write("class.csv", "id,name\nada,Ada King\nbob,Bob Cy\neve,Eve Dee\n")
    name = "numbers-submissions" if layout.startswith("numbers") else "tree"
    group.collect(group.tree(files | evil, name), "--roster", roster)
    assert group.placed == {"ada/numbers", "bob/numbers", "eve/numbers"}
    assert (group.submitted / "ada/numbers/numbers.ipynb").read_bytes() == work
    assert not group.unplaced


def test_one_submission_with_a_file_beside_it_is_its_systems(group, work):
    group.collect(group.tree({f"Ada King_7_{FILE}/numbers.ipynb": work, "sheet.csv": "x"}))
    assert group.placed == {"Ada King/numbers"}


def test_what_others_lay_into_the_exchange_makes_it_no_other_system(group, work):
    """There all may write."""
    when = "2026-03-01 10:00:00.000000 UTC"
    files = {f"{who}+numbers+{when}/numbers.ipynb": work for who in ("ada", "bob", "eve")}
    path = f"Ada King_7_{FILE}/numbers.ipynb"
    group.collect(group.tree({**files, path: other(work, "evil")}, "inbound"))
    assert group.placed == {"ada/numbers", "bob/numbers", "eve/numbers"}
    assert group.reasons == {path: "is not named as nbgrader names what is handed in"}


def test_the_exchange_of_a_course_as_a_whole(group, work):
    when = "2026-03-01 10:00:00.000000 UTC"
    files = {f"inbound/{who}+numbers+{when}/numbers.ipynb": work for who in ("ada", "bob")}
    others = dict.fromkeys(("outbound/numbers/numbers.ipynb", "feedback/x.html"), work)
    group.collect(group.tree({**files, **others}, "demo"))
    assert group.placed == {"ada/numbers", "bob/numbers"}
    assert set(group.reasons) == set(others)


def test_systems_are_told_apart_or_asked_for(group, work):
    files = {f"Ada King_7_{FILE}/numbers.ipynb": work, "kingada_18_403_numbers.ipynb": work}
    archive = group.archive(files)
    said = group.collect(archive, code=1)
    assert said == "submissions.zip looks like canvas and like moodle: say which with --as."
    assert not group.submitted.exists()
    group.collect(archive, "--as", "moodle")
    assert group.placed == {"Ada King/numbers"}
    assert group.reasons == {
        "kingada_18_403_numbers.ipynb": "is not named as moodle names what is handed in"
    }


# --- Lists of people ---


def test_lists_are_put_together(group):
    people = group.write(
        "class.csv", "id,name,email,group\nada,Ada King,ADA@x.org,A\nbob,Bob Óg,,B\n"
    )
    sheet = worksheet(
        group.here / "sheet.csv",
        ("7", "King Ada", "ada@x.org", "-"),
        ("8", "Bob Óg", "b@x.org", "-"),
    )
    book = gradebook(group.here / "book.csv", ("Óg, Bob", "20", "", "b@x.org"))
    roster = Roster.read([sheet, people, book])
    assert [p.id for p in roster.people] == ["ada", "bob"]
    assert roster.people[1].keys == {("moodle", "8"), ("canvas", "20")}
    assert (roster.people[1].email, roster.people[1].group) == ("b@x.org", "B")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("id,name\na,Ada\na,Bob\n", "Ada and Bob have the same id a."),
        ("id,name\n.a,Ada\n", "the id '.a' is empty, or begins with a dot or a space."),
        ("id,name\na/b,Ada\n", "the id 'a/b' has a sign in it that parts folders."),
        ("colour,size\nred,1\n", "is no list of people that is known here"),
        ("", "is empty."),
    ],
)
def test_a_list_that_will_not_do(group, work, text, sentence):
    archive = group.archive({f"Ada King_7_{FILE}/numbers.ipynb": work})
    said = group.collect(archive, "--roster", group.write("class.csv", text), code=1)
    assert sentence in said
    assert not group.submitted.exists()


def test_moodles_list_of_participants(group, work):
    people = group.write(
        "participants.csv",
        "First name,Last name,Email address,Groups\nAda,King,ada@x.org,A\nBob,Óg,bob@x.org,B\n",
    )
    files = {f"A-Ada King_7_{FILE}/numbers.ipynb": work, f"Bob Óg_8_{FILE}/numbers.ipynb": work}
    group.collect(group.archive(files), "--roster", people)
    assert group.placed == {"ada@x.org/numbers", "bob@x.org/numbers"}
    assert told(group, "ada@x.org")["group"] == "A"


def test_a_login_that_is_another_persons_id(group, work):
    people = group.write("class.csv", "id,name,github\nada,Ada King,bob\nbob,Bob Óg,og\n")
    tree = group.tree({"numbers-bob/numbers.ipynb": work, "numbers-og/numbers.ipynb": work[:-1]})
    group.collect(tree, "--roster", people)
    assert (group.submitted / "ada/numbers/numbers.ipynb").read_bytes() == work
    assert (group.submitted / "bob/numbers/numbers.ipynb").read_bytes() == work[:-1]


def test_a_list_from_excel(group, work):
    path = group.here / "class.csv"
    path.write_bytes("ID;Name\njm;Müller, Jürgen\n".encode("cp1252"))
    archive = group.archive({f"Jürgen Müller_7_{FILE}/numbers.ipynb": work})
    group.collect(archive, "--roster", path)
    assert group.placed == {"jm/numbers"}


@pytest.mark.parametrize(
    "data",
    [
        "id\tname\r\n007\tMüller, Jürgen\r\n".encode("utf-16"),
        codecs.BOM_UTF16_BE + 'id,name\n007,"Müller, Jürgen"\n'.encode("utf-16-be"),
        b'\xef\xbb\xbfsep=;\r\nid;name\r\n007;"M\xc3\xbcller, J\xc3\xbcrgen"\r\n',
        b'"sep=,"\nid,name\n007,"M\xfcller, J\xfcrgen"\n',
    ],
    ids=["tabs", "big-endian", "told", "told in quotes"],
)
def test_a_list_in_what_else_excel_writes_and_reads(group, data):
    path = group.here / "class.csv"
    path.write_bytes(data)
    (person,) = Roster.read([path]).people
    assert (person.ids, person.name) == (["007"], "Müller, Jürgen")


@pytest.mark.parametrize(
    ("head", "called", "name"),
    [
        ("Student,ID,Email", "007", "Ada King"),
        ("Student,Matr,Email", "Ada King", ""),
    ],
)
def test_beside_a_column_id_student_is_a_name(group, head, called, name):
    path = group.write("class.csv", f"{head}\nAda King,007,ada@x.org\n")
    (person,) = Roster.read([path]).people
    assert (person.ids, person.name) == ([called], name)


def test_a_class_of_thousands_is_read_once(group, monkeypatch):
    """No row is compared with each other one: 8,000 people had taken minutes."""
    counted = 0

    def counting(name):
        nonlocal counted
        counted += 1
        return squeezed(name)

    monkeypatch.setattr("grader.host.desk.roster.squeezed", counting)
    lines = [f"{number:04},Person {number},p{number}@x.org" for number in range(300)]
    paths = [
        group.write(f"{name}.csv", "\n".join(["id,name,email", *lines])) for name in ("one", "two")
    ]
    assert len(Roster.read(paths).people) == 300
    assert counted < 10 * 300


def test_who_handed_in_is_looked_up_and_not_searched(group, monkeypatch):
    """20,000 people had taken most of an hour: each was compared with each other one."""
    people = [Person(f"Person {n}", group=f"G{n // 4}", ids=[f"{n}"]) for n in range(300)]
    roster, counted = Roster(people), 0

    def counting(name):
        nonlocal counted
        counted += 1
        return squeezed(name)

    monkeypatch.setattr("grader.host.desk.roster.squeezed", counting)
    spellings.cache_clear()
    for n in range(300):
        name = f"G{n // 4}-Person {n}"
        record = Record(moodle.SYSTEM, "s.zip", name, f"{n}", name, {}, stable=False)
        assert roster.find(record) is people[n]
        assert roster.team(record) == []
    assert counted < 10 * 300


def test_a_group_may_hold_the_sign_behind_it():
    """Moodle writes GROUP-NAME, and both may have a hyphen."""
    people = [Person("Ada King", group="a-b", ids=["ada"]), Person("b-Eva", group="a", ids=["eva"])]
    roster = Roster(people)
    for name, person in (
        ("a-b-Ada King", people[0]),
        ("a-b-Eva", people[1]),
        ("Ada King", people[0]),
    ):
        record = Record(moodle.SYSTEM, "s.zip", name, "7", name, {}, stable=False)
        assert roster.find(record) is person
    lone = Record(moodle.SYSTEM, "s.zip", "x", "8", "-Ada King", {}, stable=False)
    assert roster.find(lone) is people[0]  # signs don't count in a name


NAMES = st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=30)


@given(NAMES, NAMES)
def test_a_name_is_found_however_it_is_turned(first, last):
    wanted = squeezed(f"{last}, {first}")
    assert wanted in spellings(f"{first} {last}") | {""}


@pytest.mark.parametrize(
    "cell", ["=1+1", "＝1+1", "a;=1+1", "a|\t@x", "a\n=1+1", " ;  -1+1", "'=1"]
)
def test_no_cell_begins_as_a_formula_wherever_a_spreadsheet_parts_it(cell):
    """Elsewhere than in English a spreadsheet parts cells by semicolons, whatever the file says."""
    safe = formulas.harmless(cell)
    assert not any(part.startswith(tuple("=+-@＝")) for part in re.split(r"[;|\t\n,]", safe))
    assert formulas.bare(safe) == cell


@given(st.text("a'=-5;\n \t|＝", max_size=30) | st.text(max_size=200))
@example("; ''\n\n\n=")
def test_a_table_of_ours_comes_back_as_it_was(text):
    cell = text.replace("\0", "").encode("utf-8", "replace").decode()
    assert formulas.bare(formulas.harmless(cell)) == cell


@given(st.text(max_size=140))
def test_who_may_be_a_student_is_a_folder(tmp_path_factory, name):
    if why_no_student(name) is None:
        folder = tmp_path_factory.getbasetemp() / "names" / name
        folder.mkdir(parents=True, exist_ok=True)
        assert folder.parent.name == "names"


LINKED = '"identifier","github_username","github_id","name"\n"ada@x.org","Ada-L","1","Ada King"\n'


@pytest.mark.parametrize("login", ["adaking", "king-ada", "ada"])
def test_a_login_that_is_somebody_elses_name(group, work, login):
    """Whoever opens an account chooses its login; Ada's own is known."""
    people = group.write("class.csv", "id,name,email\nada,Ada King,ada@x.org\n")
    linked = group.write("classroom_roster.csv", LINKED)
    own, forged = "numbers-submissions/numbers-ada-l", f"numbers-submissions/numbers-{login}"
    tree = group.tree(
        {f"{own}/numbers.ipynb": work, f"{forged}/numbers.ipynb": other(work, "forged")}
    )
    group.collect(tree, "--roster", people, "--roster", linked)
    assert (group.submitted / "ada/numbers/numbers.ipynb").read_bytes() == work
    assert group.reasons == {f"numbers-{login}": "is of nobody on the roster"}


@pytest.mark.parametrize("slug", ["numbers", "homework-1"])
@pytest.mark.parametrize("round_it", ["{slug}-submissions/", ""], ids=["cloned", "loose"])
def test_a_login_that_ends_as_somebody_elses(group, work, slug, round_it):
    """An account x-ada-l has the repository numbers-x-ada-l, which ends in Ada's own login."""
    linked = group.write("classroom_roster.csv", f'{LINKED}"bo@x.org","bo","2","Bo"\n')
    place = round_it.format(slug=slug)
    names = {f"{slug}-bo": work, f"{slug}-x-ada-l": other(work, "forged")}
    group.collect(
        group.tree({f"{place}{name}/numbers.ipynb": file for name, file in names.items()}),
        *("--roster", linked, "--as", "classroom"),
    )
    assert group.placed == {"bo@x.org/numbers"}
    assert group.reasons == {f"{slug}-x-ada-l": "is of nobody on the roster"}
    # Nor does it stand in the way of hers.
    group.collect(
        group.tree({f"{place}{slug}-ada-l/numbers.ipynb": work}),
        *("--roster", linked, "--as", "classroom"),
    )
    assert (group.submitted / "ada@x.org/numbers/numbers.ipynb").read_bytes() == work


def test_an_assignment_that_begins_as_one_of_the_course(group, work):
    """numbers-and-more is what GitHub calls it, and numbers an assignment of the course."""
    linked = group.write("classroom_roster.csv", f'{LINKED}"bo@x.org","bo","2","Bo"\n')
    files = {f"numbers-and-more-{name}/numbers.ipynb": work for name in ("ada-l", "bo", "x-bo")}
    group.collect(group.tree(files), "--roster", linked, "--as", "classroom")
    assert group.placed == {"ada@x.org/numbers", "bo@x.org/numbers"}
    assert group.reasons == {"numbers-and-more-x-bo": "is of nobody on the roster"}


def test_a_second_account_changes_nothing_for_others(group, work):
    """With a login 1-eve on the roster, homework-1-eve reads as if the assignment were homework."""
    more = '"e@x","1-eve","2","E"\n"b@x","bo","3","B"\n'
    linked = group.write("classroom_roster.csv", f"{LINKED}{more}")
    names = ["ada-l", "bo", "1-eve", "eve"]
    files = {f"homework-1-{name}/numbers.ipynb": other(work, name) for name in names}
    group.collect(group.tree(files), "--roster", linked, "--as", "classroom")
    assert group.placed == {"ada@x.org/numbers", "b@x/numbers", "e@x/numbers"}
    for student, name in (("ada@x.org", "ada-l"), ("b@x", "bo"), ("e@x", "1-eve")):
        file = group.submitted / student / "numbers/numbers.ipynb"
        assert file.read_bytes() == other(work, name)


def test_a_name_that_a_system_knows_by_another_number(group, work):
    """In Canvas people may choose how they are called."""
    book = gradebook(group.here / "grades.csv", ("King, Ada", "17", "s17", "ada"))
    archive = group.archive(
        {"kingada_17_41_numbers.ipynb": work, "kingada_18_42_numbers.ipynb": other(work, "forged")}
    )
    group.collect(archive, "--roster", book)
    assert (group.submitted / "s17/numbers/numbers.ipynb").read_bytes() == work
    assert group.reasons == {"kingada_18_42": "is of nobody on the roster"}


def test_a_folder_of_the_exchange_that_says_it_is_somebody_elses(group, work, monkeypatch):
    """`nbgrader submit` runs as the student, who may make a folder of any name there."""
    forged = "ada+numbers+2026-03-02 10:00:00.000000 UTC+x"
    owners = {
        "ada+numbers+2026-03-01 10:00:00.000000 UTC+abc": "ada",
        "bob+numbers+2026-03-01 10:00:00.000000 UTC+abc": "root",
        forged: "eve",
    }
    files = {f"{folder}/numbers.ipynb": other(work, owner) for folder, owner in owners.items()}
    monkeypatch.setattr(exchange, "_owner", lambda folder: owners.get(folder.name, "teacher"))
    group.collect(group.tree(files, "inbound"))
    assert (group.submitted / "ada/numbers/numbers.ipynb").read_bytes() == other(work, "ada")
    assert group.placed == {"ada/numbers", "bob/numbers"}
    assert group.reasons == {forged: "says that it is of ada, but belongs to eve"}


def test_a_folder_of_the_same_name_in_ones_own(group, work, monkeypatch):
    """It is refused, and the real one is placed."""
    name = "ada+numbers+2026-03-01 10:00:00.000000 UTC"
    tree = group.tree(
        {f"{name}/numbers.ipynb": work, f"own/{name}/numbers.ipynb": other(work, "forged")},
        "inbound",
    )
    owners = {"inbound": "ada", "own": "eve"}
    monkeypatch.setattr(exchange, "_owner", lambda folder: owners.get(folder.parent.name, "root"))
    group.collect(tree, "--as", "nbgrader")
    assert (group.submitted / "ada/numbers/numbers.ipynb").read_bytes() == work
    assert group.reasons == {f"own/{name}": "says that it is of ada, but belongs to eve"}


def test_where_nobody_owns_their_folder_of_the_exchange_all_are_placed(group, work, monkeypatch):
    """All work with one account, or it is a copy."""
    names = [f"{who}+numbers+2026-03-01 10:00:00.000000 UTC+a" for who in ("ada", "bob")]
    monkeypatch.setattr(exchange, "_owner", lambda folder: "jovyan")
    group.collect(group.tree({f"{name}/numbers.ipynb": work for name in names}, "inbound"))
    assert group.placed == {"ada/numbers", "bob/numbers"}
