"""What the class believes: item statistics, misconceptions, a page for each learner, tables."""

from __future__ import annotations

import math
import random
import re

import nbformat
import pytest

from grader import Course, Result
from grader.host.desk import item_report, tables
from grader.host.desk.item_analysis import LEAST, analyse
from grader.host.results.result import CellResult, ItemResult
from tests.grader.conftest import RIGHT, answered

# What was wrong, by the test that says so, and the answer that earns it.
WRONG = {
    "square": ("test-square-1", "two squared is four", "def square(x):\n    return 2 * x"),
    "triple": ("test-triple", "six, not {}", "def triple(x):  # \u2028\n    return x  # by {who}"),
}
POINTS = {"square": {"test-square-1": 1, "test-square-2": 2}, "triple": {"test-triple": 2}}


def scores(count, item):
    """Marks of learners of whom those with a high number know more."""
    rng = random.Random(item)
    return {f"s{n:02}": float(n + rng.gauss(0, count / 5) > count / 2) for n in range(count)}


def test_difficulty_and_discrimination_are_those_of_the_marks():
    marks = {name: scores(40, name) for name in ("one", "two", "three")}
    stats = analyse(marks, dict.fromkeys(marks, 1.0))
    found = stats["one"].discrimination
    # The same by the definition: the item is not in the total that it is compared with.
    item = [marks["one"][who] for who in marks["one"]]
    rest = [marks["two"][who] + marks["three"][who] for who in marks["one"]]
    means = sum(item) / 40, sum(rest) / 40
    product = sum((a - means[0]) * (b - means[1]) for a, b in zip(item, rest, strict=True))
    spread = [sum((v - m) ** 2 for v in vs) for vs, m in zip((item, rest), means, strict=True)]
    assert found.value == pytest.approx(product / math.sqrt(spread[0] * spread[1]))
    assert found.low < found.value < found.high
    assert stats["one"].mean == means[0]
    assert stats["one"].verdict == "separates well"


def test_an_item_that_those_who_know_it_fail_is_flagged():
    marks = {name: scores(40, name) for name in ("one", "two", "three")}
    marks["broken"] = {who: 1.0 - mark for who, mark in scores(40, "other").items()}
    marks["easy"] = dict.fromkeys(marks["one"], 1.0)
    marks["hard"] = dict.fromkeys(marks["one"], 0.0)
    stats = analyse(marks, dict.fromkeys(marks, 1.0))
    assert stats["broken"].verdict == "probably broken: those who know it fail it"
    assert (stats["easy"].verdict, stats["easy"].discrimination) == ("too easy", None)
    assert stats["hard"].verdict == "nobody has full marks"


def test_nothing_is_said_of_a_small_class_or_of_what_is_not_marked():
    small = {name: scores(LEAST - 1, name) for name in ("one", "two")}
    stats = analyse(small, dict.fromkeys(small, 1.0))
    assert stats["one"].discrimination is None
    assert stats["one"].verdict == f"fewer than {LEAST} marks: too few to tell"
    alone = {"one": scores(40, "one")}
    assert analyse(alone, {"one": 1.0})["one"].discrimination is None
    # One learner's text is not marked yet: it is in nobody's rest.
    some = {name: scores(40, name) for name in ("one", "two", "text")}
    some["text"]["s00"] = None
    stats = analyse(some, dict.fromkeys(some, 1.0))
    without = analyse({name: some[name] for name in ("one", "two")}, {"one": 1.0, "two": 1.0})
    assert stats["one"] == without["one"]
    # Nor is anything said of it: those that are marked first are no sample.
    assert (stats["text"].verdict, stats["text"].mean) == ("1 to mark", None)


def lay(group, students):
    """A graded class, without anybody having been graded: by student, the items they fail."""
    out = group.here / "out"
    release = nbformat.read(group.root / "exercises/numbers/numbers.ipynb", as_version=4)
    lines = [
        "assignment,student,status,late,total,max,numbers:square,numbers:triple,numbers:why,"
        "penalty,reason,notes"
    ]
    for number, (student, failed) in enumerate(students.items()):
        items = []
        for name, cells in POINTS.items():
            test, hint, _ = WRONG[name]
            wrong = [test] if name in failed else []
            items.append(
                ItemResult.of(
                    name,
                    [
                        CellResult(
                            notebook="numbers",
                            grade_id=cell,
                            item=name,
                            points=points,
                            score=0 if cell in wrong else points,
                            outcome="failed" if cell in wrong else "passed",
                            message=hint.format(number) if cell in wrong else None,
                        )
                        for cell, points in cells.items()
                    ],
                )
            )
        got = [sum(cell.score for cell in item.cells) for item in items]
        result = Result(
            assignment="numbers", student=student, status="graded", items=items, seconds=0.5
        )
        if failed == "blank":
            result.unanswered = [f"numbers/{name}" for name in RIGHT]
        result.save(out / "results/numbers" / f"{student}.json")
        answers = {
            **RIGHT,
            **{n: WRONG[n][2].replace("{who}", student) for n in POINTS if n in failed},
        }
        page = out / "autograded" / student / "numbers/numbers.ipynb"
        page.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(answered(release, answers), page)
        lines.append(f"numbers,{student},graded,no,{sum(got):g},8,{got[0]:g},{got[1]:g},manual,,,")
    (out / "grades.csv").write_text("\n".join(lines) + "\n")
    group.submitted.mkdir(exist_ok=True)
    return out


def report(group, *options, code=0):
    where = ("--out", group.here / "out", "--submitted", group.submitted, "--course", group.root)
    return group.run("report", *where, *options, code=code)


CLASS = {f"pupil{n:02}": ("triple",) if n < 9 else () for n in range(24)} | {
    "ada": ("square", "triple"),
    "bob": "blank",
}


@pytest.fixture
def graded(group):
    lay(group, CLASS)
    return group


def test_a_page_and_tables_say_what_the_class_believes(graded):
    said = report(graded)
    assert "26 learners, 26 submissions, 3 items, 2 misconceptions." in said
    folder = graded.here / "out/report"
    items = {row["item"]: row for row in tables.load(folder / "items.csv")}
    # Who handed in what was released is no sign of what the class believes.
    assert items["triple"]["learners"] == "25"
    assert float(items["triple"]["full_marks"]) == pytest.approx(15 / 25)
    assert items["square"]["verdict"] == "too easy"
    assert items["why"]["waiting"] == "25"
    met = tables.load(folder / "misconceptions.csv")
    # Numbers that the hint fills in make no other misconception of it.
    assert [(row["item"], row["learners"]) for row in met] == [("square", "1"), ("triple", "10")]
    page = (folder / "index.html").read_text()
    assert "return x" in page
    assert "too easy" in page
    learners = {row["learner"]: row for row in tables.load(folder / "learners.csv")}
    assert (learners["ada"]["hints"], learners["bob"]["hints"]) == ("2", "0")
    own = (folder / "learners/ada.html").read_text()
    assert "two squared is four" in own
    assert "../../feedback/ada/numbers/numbers.html" in own


def test_answers_on_the_page_are_of_nobody(graded):
    report(graded)
    page = (graded.here / "out/report/index.html").read_text()
    answers = " ".join(re.findall(r"<pre>(.*?)</pre>", page, re.DOTALL))
    assert "def triple(x):" in answers
    assert "pupil" not in answers
    assert "#" not in answers
    code = 'ada_net = 1\nname = "Ada King"\nfaraday = 2'
    assert (
        item_report.nameless(code, ["ada", "King, Ada"]) == '…_net = 1\nname = "… …"\nfaraday = 2'
    )


def test_an_earlier_report_stands_beside_it(graded):
    report(graded, "--to", graded.here / "last")
    before = tables.load(graded.here / "last/items.csv")
    students = {who: () if failed == ("triple",) else failed for who, failed in CLASS.items()}
    lay(graded, students)
    report(graded, "--before", graded.here / "last")
    items = tables.load(graded.here / "out/report/items.csv")
    assert [row["difficulty_before"] for row in items] == [row["difficulty"] for row in before]
    met = tables.load(graded.here / "out/report/misconceptions.csv")
    assert {row["item"]: (row["learners"], row["before"]) for row in met} == {
        "square": ("1", "1"),
        "triple": ("1", "10"),
    }
    assert "(before 10)" in (graded.here / "out/report/index.html").read_text()
    said = report(graded, "--before", graded.here, code=1)
    assert "There is no items.csv in" in said


def test_pseudonyms_stand_for_everybody(graded):
    report(graded, "--pseudonyms")
    folder = graded.here / "out/report-pseudonyms"
    pages = "\n".join(
        f"{path.name}\n{path.read_text()}" for path in folder.rglob("*") if path.is_file()
    )
    assert len(list((folder / "learners").iterdir())) == len(CLASS)
    for name in CLASS:
        assert not re.search(rf"\b{name}\b", pages), name
    key = graded.here / "out/results/pseudonyms.json"
    assert key.stat().st_mode & 0o777 == 0o600
    assert folder not in key.parents
    # The same ones the next time.
    before = sorted(path.name for path in (folder / "learners").iterdir())
    report(graded, "--pseudonyms")
    assert sorted(path.name for path in (folder / "learners").iterdir()) == before


def test_a_page_of_somebody_who_is_gone_goes(graded):
    report(graded)
    lines = (graded.here / "out/grades.csv").read_text().splitlines()
    rest = [line for line in lines if ",ada," not in line]
    (graded.here / "out/grades.csv").write_text("\n".join(rest) + "\n")
    report(graded)
    assert not (graded.here / "out/report/learners/ada.html").exists()
    assert (graded.here / "out/report/learners/bob.html").exists()


def test_without_marks_there_is_one_sentence(group):
    assert "grade the class first" in report(group, code=1)


def test_a_folder_that_cannot_be_written_is_one_sentence(graded):
    (graded.here / "out/report").write_text("a file")
    said = report(graded, code=1)
    assert "Cannot write to" in said


def test_the_course_s_own_titles_are_used(graded):
    loaded = Course.open(graded.root).load("numbers")
    assert item_report.Section(loaded).titles["square"] == "square"
    assert item_report.Section(loaded).heading == "Numbers"


def test_what_learners_wrote_is_text_on_every_page(graded):
    """In an answer, in a hint that holds what they wrote, and in a name."""
    bad = "<script>alert(1)</script>"
    path = graded.here / "out/results/numbers/ada.json"
    result = Result.model_validate_json(path.read_bytes())
    for item in result.items:
        for cell in item.cells:
            cell.message = cell.message and f"six, not {bad} `{bad}`"
    result.save(path)
    page = graded.here / "out/autograded/ada/numbers/numbers.ipynb"
    notebook = nbformat.read(page, as_version=4)
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") in ("square", "triple"):
            cell.source = f"text = '{bad}'\x1b[31m"
    nbformat.write(notebook, page)
    report(graded)
    for name in ("index.html", "learners/ada.html"):
        text = (graded.here / "out/report" / name).read_text()
        assert bad not in text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
        assert "\x1b" not in text
    # A spreadsheet takes none of it for a formula.
    table = (graded.here / "out/report/misconceptions.csv").read_text()
    assert not any(cell.startswith(("=", "+", "@")) for cell in table.replace('"', "").split(","))


@pytest.mark.parametrize("damaged", ["{", "[]", "[" * 100_000, '{"nbformat": 4, "cells": 3}'])
def test_a_damaged_file_of_one_learner_costs_the_others_nothing(graded, damaged):
    (graded.here / "out/results/numbers/pupil00.json").write_text("{")
    for path in (graded.here / "out/autograded").glob("*/numbers/numbers.ipynb"):
        path.write_text(damaged)
    assert "26 learners" in report(graded)
    met = tables.load(graded.here / "out/report/misconceptions.csv")
    assert {row["item"]: row["learners"] for row in met} == {"square": "1", "triple": "9"}


def test_a_negative_number_stays_a_number(tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes(tables.dump(["r"], [{"r": "-0.111"}, {"r": "-1+2"}, {"r": "-"}, {"r": "=1"}]))
    assert path.read_text().split() == ["r", "-0.111", "'-1+2", "'-", "'=1"]
    assert [row["r"] for row in tables.load(path)] == ["-0.111", "-1+2", "-", "=1"]
