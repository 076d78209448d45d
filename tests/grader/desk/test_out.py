"""Marks and feedback on their way out, column for column; and the whole way, there and back."""

from __future__ import annotations

import csv
import io
import json
import zipfile

import nbformat
import pytest
from nbgrader.api import Gradebook

from grader.host.desk.grades import Book
from grader.host.desk.roster import Person
from grader.host.publish.report import ClassReport
from grader.host.results.result import Result
from tests.grader.conftest import RIGHT, linux
from tests.grader.desk.conftest import GRADEBOOK, WORKSHEET, gradebook, other, worksheet

FILE = "assignsubmission_file"
HEAD = "assignment,student,status,late,total,max,numbers:square,numbers:why,penalty,reason,notes"
MARKS = f"""{HEAD}
numbers,ada,graded,no,7.5,8,3,3,,,
numbers,jm,graded,yes,5,8,3,manual,,,
numbers,zoe,rejected,no,,8,,,,The file is empty.,
"""
COLLECTED = """assignment,student,name,email,group,submitted,late,system,key,back,source
numbers,ada,Ada King,ada@x.org,A,,,moodle,7,,s.zip
numbers,jm,"Müller, Jürgen",jm@x.org,A,,yes,canvas,17,,s.zip
numbers,zoe,Zoë,zoe@x.org,B,,,moodle,9,,s.zip
"""


@pytest.fixture
def marked(group):
    """A class of which there are marks, without anybody having been graded."""
    group.mark(MARKS, COLLECTED)
    return group


def export(group, to, *options, code=0):
    """What `export` says, and the rows that it wrote."""
    where = ("--out", group.here / "out", "--submitted", group.submitted)
    file = group.here / "export"
    file.unlink(missing_ok=True)
    said = group.run("export", "--to", to, *where, "--file", file, *options, code=code)
    if code:
        assert not file.exists()
        return said, []
    return said, list(csv.reader(io.StringIO(file.read_bytes().decode("utf-8-sig"), newline="")))


def test_a_worksheet_of_moodle_is_filled_in(marked):
    sheet = worksheet(
        marked.here / "sheet.csv",
        ("9", "Zoë", "zoe@x.org", "-"),
        ("7", "Ada King", "ada@x.org", "Monday, 2 March 2026, 11:59 AM"),
        ("8", "Ada King", "other@x.org", "-"),
        # Who came in by Canvas has a row here, too.
        ("17", "Jürgen Müller", "JM@x.org", "-"),
    )
    before = list(csv.reader(io.StringIO(sheet.read_bytes().decode("utf-8-sig"), newline="")))
    said, rows = export(marked, "moodle", "--into", sheet)
    assert "jm waits for a teacher: no mark was exported." in said
    assert rows[0] == WORKSHEET.split(",")
    grade, comment = rows[0].index("Grade"), rows[0].index("Feedback comments")
    assert [row[grade] for row in rows[1:]] == ["", "7.5", "", ""]
    assert [row[comment] for row in rows[1:]] == [
        *("The file is empty.", "7.5 of 8 points", ""),
        "5 of 8 points, a part is not marked yet",
    ]
    # All else goes back as it came.
    for old, new in zip(before, rows, strict=True):
        keep = [n for n in range(len(old)) if n not in (grade, comment)]
        assert [old[n] for n in keep] == [new[n] for n in keep]
    assert (marked.here / "export").read_bytes().startswith(b"\xef\xbb\xbf")
    _, rows = export(marked, "moodle", "--into", sheet, "--partial")
    assert rows[4][grade] == "5"


def test_a_mark_for_an_earlier_version_goes_out_when_it_was_looked_at(desk, bubblewrap):
    for changed in (False, True):
        desk.hand_in("ada", RIGHT | ({"why": "I do not know."} if changed else {}))
        desk.grade()
        for looked in (not changed, True):
            with Gradebook(f"sqlite:///{desk.out / 'gradebook.db'}", "demo") as book:
                mark = book.find_grade("why", "numbers", "numbers", "ada")
                mark.manual_score = 2.5
                mark.needs_manual_grade = mark.needs_manual_grade and not looked
                book.db.commit()
            desk.grade()
            [grade] = Book.read(desk.out, desk.submitted).grades
            assert (grade.total, grade.waits) == (7.5, not looked)


def test_a_worksheet_of_ones_own(marked):
    said, rows = export(marked, "moodle")
    assert rows[0] == WORKSHEET.split(",")
    assert rows[1:] == [
        [
            *("Participant 7", "Ada King", "ada@x.org", "Submitted for grading", "7.5", "8"),
            *("Yes", "-", "-", "7.5 of 8 points"),
        ],
        [
            *("Participant 9", "Zoë", "zoe@x.org", "Submitted for grading", "", "8"),
            *("Yes", "-", "-", "The file is empty."),
        ],
    ]
    assert "jm has no row in the worksheet: no mark was exported." in said


def test_other_full_marks_are_asked_about(marked):
    sheet = worksheet(marked.here / "sheet.csv", ("7", "Ada King", "ada@x.org", "-"), most="100.00")
    said, _ = export(marked, "moodle", "--into", sheet, code=1)
    assert "Full marks are 8 here and 100 there: say --scale" in said
    grade = WORKSHEET.split(",").index("Grade")
    assert export(marked, "moodle", "--into", sheet, "--scale")[1][1][grade] == "93.75"
    assert export(marked, "moodle", "--into", sheet, "--no-scale")[1][1][grade] == "7.5"


def test_a_gradebook_of_canvas_is_filled_in(marked):
    book = gradebook(
        marked.here / "book.csv",
        ("King, Ada", "4", "ada", "a@x.org"),
        ("Müller, Jürgen", "17", "s17", "jm"),
        ("Test Student", "99", "", ""),
    )
    said, rows = export(marked, "canvas", "--into", book, "--partial")
    assert rows == [
        GRADEBOOK.split(",")[:6],
        ["    Points Possible", "", "", "", "", "8"],
        ["King, Ada", "4", "ada", "a@x.org", "One", "7.5"],
        ["Müller, Jürgen", "17", "s17", "jm", "One", "5"],
    ]
    assert "zoe has no row in book.csv: no mark was exported." in said
    said, _ = export(marked, "canvas", "--into", book, "--column", "Essay", code=1)
    assert "no one column Essay: say with --column which it is of numbers (77), Other (78)." in said
    rows = export(marked, "canvas", "--into", book, "--column", "Other", "--scale")[1]
    assert rows[0][-1] == "Other (78)"
    assert rows[2][-1] == "9.38"


def test_a_gradebook_without_logins_gives_nobodys_mark_to_a_row_of_canvas(group):
    """Without that column it may be anybody's list: no row has a number by which it is known."""
    group.mark(MARKS, COLLECTED.replace("canvas,17,,", "loose,,,"))
    book = group.write(
        "book.csv",
        "Student,ID,Section,numbers (77)\n,,,Manual Posting\n    Points Possible,,,8\njm,17,One,\n",
    )
    said, rows = export(group, "canvas", "--into", book, "--partial")
    assert "jm has no row in book.csv: no mark was exported." in said
    assert [row[-1] for row in rows] == ["numbers (77)", "8"]


def test_a_gradebook_of_ones_own(marked):
    said, rows = export(marked, "canvas", "--partial")
    assert rows == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "numbers"],
        ["    Points Possible", "", "", "", "", "8"],
        ["Müller, Jürgen", "17", "", "", "", "5"],
    ]
    assert "Where Canvas has no assignment numbers, it makes a new one" in said


def test_for_scripts(marked):
    _, rows = export(marked, "csv")
    table = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    assert [(r["name"], r["email"], r["total"], r["waits"]) for r in table] == [
        ("Ada King", "ada@x.org", "7.5", "no"),
        ("Müller, Jürgen", "jm@x.org", "5", "yes"),
        ("Zoë", "zoe@x.org", "", "no"),
    ]
    export(marked, "jsonl", "--assignment", "num")
    lines = [json.loads(line) for line in (marked.here / "export").read_text("utf-8").splitlines()]
    assert lines[1]["items"] == {"square": 3.0, "why": None}
    assert (lines[1]["late"], lines[1]["total"], lines[2]["total"]) == (True, 5.0, None)


def test_nobodys_mark_goes_to_who_has_the_same_name(marked):
    # One is called by a name, which two in the worksheet have, and came in by no system.
    marked.write("out/grades.csv", f"{HEAD}\nnumbers,Ada King,graded,no,8,8,3,3,,,\n")
    people = [("8", "Ada King", "a@x.org", "-"), ("9", "Ada King", "b@x.org", "-")]
    sheet = worksheet(marked.here / "sheet.csv", *people)
    said, rows = export(marked, "moodle", "--into", sheet)
    assert "Ada King has no row in sheet.csv: no mark was exported." in said
    grade = rows[0].index("Grade")
    assert [row[grade] for row in rows[1:]] == ["", ""]
    _, rows = export(marked, "moodle", "--into", worksheet(marked.here / "sheet.csv", people[0]))
    assert rows[1][grade] == "8"


def test_of_two_that_may_be_one_person_nobody_has_the_others_mark(marked):
    """The last of them had come in its place."""
    sheet = worksheet(marked.here / "sheet.csv", ("8", "Ada Bo", "ada@x.org", "-"))

    def filled(*students):
        marks = (f"numbers,{name},graded,no,{n},8,3,3,,,\n" for n, name in enumerate(students))
        marked.write("out/grades.csv", "".join([f"{HEAD}\n", *marks]))
        said, rows = export(marked, "moodle", "--into", sheet)
        [mark] = [row[4] for row in rows[1:]]
        told = [f"{name} has no row in sheet.csv" in said for name in students]
        assert told == [str(number) != mark for number in range(len(students))]
        return mark

    assert filled("ada@x.org") == filled("Ada Bo") == filled("ADA@x.org") == "0"
    # Nothing says which of the two it is; nobody is called just as the worksheet has it.
    assert filled("Ada Bo", "ADA@x.org") == ""
    assert filled("ada@x.org", "ADA@x.org") == filled("ada@x.org", "Ada Bo") == "0"
    assert filled("Ada Bo", "ada@x.org") == "1"


def test_several_assignments_ask_which(marked):
    marked.write("out/grades.csv", MARKS + "pair,ada,graded,no,1,8,,,,,\n")
    said, _ = export(marked, "moodle", code=1)
    assert said == "Say with --assignment which one: numbers, pair."
    assert len(export(marked, "moodle", "--assignment", "numbers")[1]) == 3
    assert len(export(marked, "csv")[1]) == 5


def test_what_is_not_there_is_said(marked):
    said, _ = export(marked, "csv", "--assignment", "essay", code=1)
    assert said == "grades.csv has no one assignment 'essay'; it has numbers."
    book = gradebook(marked.here / "book.csv")
    said, _ = export(marked, "moodle", "--into", book, code=1)
    assert "set Moodle to English and download it again" in said
    sheet = worksheet(marked.here / "sheet.csv")
    said, _ = export(marked, "canvas", "--into", sheet, code=1)
    assert "is no gradebook with the columns ID and Section" in said
    (marked.here / "out/grades.csv").unlink()
    said, _ = export(marked, "csv", code=1)
    assert "There is no grades.csv in" in said


@pytest.mark.parametrize("total", ["02. Mai", "", "nan", "inf"])
def test_a_total_that_a_spreadsheet_has_spoilt_is_told(marked, total):
    """The cell had stayed empty, as that of a submission without a mark does."""
    marked.write("out/grades.csv", MARKS.replace(",7.5,8,3,3", f",{total},8,2,0.5"))
    said, _ = export(marked, "moodle", code=1)
    assert "the row of ada for numbers holds a mark that is no number" in said


@pytest.mark.parametrize("table", ["out/grades.csv", "submitted/collected.csv"])
def test_of_two_rows_that_have_become_one_persons_nobody_has_the_others_mark(marked, table):
    """A spreadsheet takes the zeros off a number: the mark of the last had gone to the other."""
    for name, text in (("out/grades.csv", MARKS), ("submitted/collected.csv", COLLECTED)):
        ids = ("12", "12") if name == table else ("0012", "12")
        changed = text.replace(",ada,", f",{ids[0]},").replace(",zoe,", f",{ids[1]},")
        marked.write(name, changed)
    sheet = worksheet(marked.here / "sheet.csv", ("7", "Ada King", "a@x.org", "-"))
    said, _ = export(marked, "moodle", "--into", sheet, code=1)
    assert f"{table} has two rows of 12 for numbers: a spreadsheet may" in said.replace(" /", "/")


def test_nor_does_a_row_become_that_of_who_handed_in_nothing(marked):
    results = marked.here / "out/results/numbers"
    results.mkdir(parents=True)
    for name in ("0012", "jm", "zoe"):
        (results / f"{name}.json").write_text("{}")
    marked.write("out/grades.csv", MARKS.replace(",ada,", ",0012,"))
    assert export(marked, "csv")[1][1][1] == "0012"
    marked.write("out/grades.csv", MARKS.replace(",ada,", ",12,"))
    said, _ = export(marked, "csv", code=1)
    assert "has a row of 12 for numbers, of whom nothing was graded: a spreadsheet" in said


def test_a_name_that_looks_like_a_formula_is_itself_again(marked):
    marked.write("out/grades.csv", f"{HEAD}\nnumbers,'=ada,graded,no,8,8,3,3,,,\n")
    (grade,) = Book.read(marked.here / "out", marked.submitted).grades
    assert grade.student == "=ada"
    assert "'=ada" in export(marked, "csv")[1][1]


def test_nor_does_a_name_become_that_of_somebody_else(marked, assignment):
    names = ["=ada", "'=ada", "a;=b", "a;'=b", "'ada", "-5"]
    report = ClassReport([assignment])
    for name in names:
        rejected = Result(assignment="numbers", student=name, status="rejected", reason="Empty.")
        report.add(rejected, late=False)
    marked.write("out/grades.csv", report.csv())
    found = Book.read(marked.here / "out", marked.submitted).grades
    assert sorted(grade.student for grade in found) == sorted(names)


def test_no_name_in_a_sheet_of_ones_own_is_a_formula(marked):
    """In Moodle and Canvas people may choose how they are called."""
    text = COLLECTED.replace("Ada King", "=1+1").replace('"Müller, Jürgen"', "+1+1")
    marked.write("submitted/collected.csv", text)
    for system in ("moodle", "canvas"):
        _, rows = export(marked, system, "--partial")
        cells = [cell for row in rows for cell in row]
        assert any(cell in ("'=1+1", "'+1+1") for cell in cells)
        assert not any(cell.startswith(("=", "+", "@")) for cell in cells)


def test_nothing_to_give_back(marked):
    where = ("--out", marked.here / "out", "--submitted", marked.submitted)
    said = marked.run("return", "--to", "moodle", *where, code=1)
    assert said.startswith("There is no feedback to give back by moodle. ada did not hand it in by")


def test_a_page_that_cannot_be_read_stops_nobody_elses(marked):
    people = COLLECTED.replace("moodle,7,,", "moodle,7,Ada_7_,").replace(
        "canvas,17,,", "moodle,8,Jm_8_,"
    )
    marked.write("submitted/collected.csv", people)
    pages = [marked.here / f"out/feedback/{name}/numbers/numbers.html" for name in ("ada", "jm")]
    pages[0].mkdir(parents=True)
    pages[1].parent.mkdir(parents=True)
    pages[1].write_text("<p>Good.</p>")
    where = ("--out", marked.here / "out", "--submitted", marked.submitted)
    said = "".join(marked.run("return", "--to", "moodle", *where).split())
    assert "numbers.htmlcannotberead:nothinggoesback." in said
    assert "Feedbackfor1." in said


# --- The whole way ---


@linux
def test_from_two_systems_into_one_class_and_back(group, work, bubblewrap):
    wrong = work.replace(b"return x ** 2", b"return x + 2")
    assert wrong != work
    moodle = group.archive(
        {
            f"Jürgen Müller_101_{FILE}/numbers.ipynb": work,
            f"Ada King_102_{FILE}/numbers.ipynb": wrong,
            f"Ada King_103_{FILE}/numbers.ipynb": other(work, "3"),
            f"Stranger_104_{FILE}/essay.pdf": b"%PDF",
        },
        "moodle.zip",
    )
    canvas = group.archive(
        {"obrienzoe_LATE_17_401_numbers-1.ipynb": work, "kingsam_18_402_numbers.ipynb": b""},
        "canvas.zip",
    )
    sheet = worksheet(
        group.here / "sheet.csv",
        ("101", "Jürgen Müller", "jm@x.org", "Monday, 2 March 2026, 11:00 AM"),
        ("102", "Ada King", "ada1@x.org", "Monday, 2 March 2026, 1:00 PM"),
        ("103", "Ada King", "ada2@x.org", "Monday, 2 March 2026, 11:30 AM"),
        ("104", "Stranger", "st@x.org", "-"),
    )
    book = gradebook(
        group.here / "book.csv",
        ("O'Brien, Zoe", "17", "s17", "zoe"),
        ("King, Sam", "18", "s18", "sam"),
    )
    lists = ("--roster", sheet, "--roster", book)
    said = group.collect(moodle, canvas, *lists, "--due", "2026-03-02T12:00")
    assert "moodle.zip: moodle. canvas.zip: canvas. 5 placed" in said
    assert group.reasons == {"Stranger_104": "holds no notebook, but essay.pdf"}
    out = group.here / "out"
    options = ("--course", group.root, "--submitted", group.submitted, "--out", out)
    due = ("--due", "numbers=2026-03-02T12:00", "--timeout", 2, "--workers", 1)
    said = group.run("grade", *options, *due)
    assert "4 graded, 1 rejected, 2 late" in said
    with (out / "grades.csv").open(newline="") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    assert {s for s, row in rows.items() if row["late"] == "yes"} == {"ada1@x.org", "s17"}
    _, table = export(group, "moodle", "--into", sheet, "--partial")
    grade = table[0].index("Grade")
    assert [row[grade] for row in table[1:]] == ["5", "2", "5", ""]
    said, table = export(group, "canvas", "--into", book, "--partial")
    assert [row[-1] for row in table] == ["numbers (77)", "8", "5", ""]
    # Back, each to whom it is of.
    where = ("--out", out, "--submitted", group.submitted)
    file = group.here / "feedback.zip"
    said = group.run("return", "--to", "moodle", *where, "--file", file)
    assert "Feedback for 3." in said
    with zipfile.ZipFile(file) as archive:
        assert archive.namelist() == [
            f"Ada King_102_{FILE}/numbers.html",
            f"Ada King_103_{FILE}/numbers.html",
            f"Jürgen Müller_101_{FILE}/numbers.html",
        ]
        page = (out / "feedback/ada1@x.org/numbers/numbers.html").read_bytes()
        assert archive.read(f"Ada King_102_{FILE}/numbers.html") == page
    first = file.read_bytes()
    group.run("return", "--to", "moodle", *where, "--file", file)
    assert file.read_bytes() == first
    group.run("return", "--to", "canvas", *where, "--file", file)
    with zipfile.ZipFile(file) as archive:
        assert archive.namelist() == [
            "obrienzoe_LATE_17_401_numbers.ipynb",
            "kingsam_18_402_numbers.ipynb",
        ]
        back = nbformat.reads(archive.read("obrienzoe_LATE_17_401_numbers.ipynb"), as_version=4)
    nbformat.validate(back)
    (output,) = back.cells[0].outputs
    assert "5 of 8 points" in output.data["text/plain"]
    assert "square" in output.data["text/html"]
    assert "<html" not in output.data["text/html"]


def test_marks_of_a_class_of_thousands_find_their_rows(group, monkeypatch):
    """Each mark was compared with each row: 20,000 of both took most of an hour."""
    asked = 0

    def called(person):
        nonlocal asked
        asked += 1
        return whole(person)

    whole = Person.called.fget
    monkeypatch.setattr(Person, "called", property(called))
    sheet = group.here / "worksheet.csv"
    rows = [(f"{n}", f"Person {n}", f"p{n}@x.org", "-") for n in range(300)]
    worksheet(sheet, *rows)
    group.mark(
        "\n".join([HEAD, *(f"numbers,p{n}@x.org,graded,no,5,8,3,2,,," for n in range(300))]),
        COLLECTED,
    )
    book = Book.read(group.here / "out", group.submitted)
    found = book.moodle("numbers", into=sheet)
    assert found.data.decode().count(",5,") == 300
    assert asked < 10 * 300
