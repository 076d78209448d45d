"""The way down of a class over several assignments: a page, and the end of the report."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner

from grader import Course
from grader.host.cli import app
from grader.host.publish.ledger import ClassLedger, make_ledger, read_ledger
from grader.host.results.result import CellResult, ItemResult, Result
from grader.protocol.errors import GraderError
from tests.conftest import ROOT
from tests.grader.conftest import CONFIG
from tests.grader.host.conftest import results

SETTING = {
    "title": "One <network>",
    "size": "golf_bytes",
    "whole": 31_400,
    "reference": {"00_a": 700, "07_b": 200, "09_c": 150},
}
CLASS: Mapping[str, Mapping[str, list[tuple[float, float]]]] = {
    # The bytes that each test has reported, and its mark.
    "ada": {"00_a": [(900, 1), (800, 1)], "07_b": [(210, 1)]},
    "ben": {"00_a": [(1200, 1), (400, 0)], "07_b": [(90, 0)]},
    "<b>dee": {"00_a": [(700, 1)]},
    "eve": {"00_a": [], "07_b": []},
}


def result(student: str, assignment: str, found: list[tuple[float, float]]) -> Result:
    cells = [
        CellResult(
            notebook="x",
            grade_id=f"golf-test-{number}",
            item="golf",
            points=1,
            score=score,
            outcome="passed" if score else "failed",
            figures={"golf_bytes": size, "golf_right": 370},
        )
        for number, (size, score) in enumerate(found)
    ]
    items = [ItemResult.of("golf", cells)] if cells else []
    return Result(assignment=assignment, student=student, status="graded", items=items)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    for student, assignments in CLASS.items():
        for name, found in assignments.items():
            path = tmp_path / "results" / name / f"{student.strip('<b>')}.json"
            result(student, name, found).save(path)
    return tmp_path


def rows(html: str) -> list[list[str]]:
    table = html.partition("Each on the way down")[2]
    return [re.findall(r"<t[hd][^>]*>([^<]*)</t", row) for row in table.split("<tr>")[2:]]


def test_the_smallest_that_got_a_mark_counts(out: Path) -> None:
    html = make_ledger(SETTING, results(out), out, True).read_text("utf-8")
    assert rows(html) == [
        ["ada", "800", "210", "–"],
        ["&lt;b&gt;dee", "700", "–", "–"],
        ["ben", "1,200", "–", "–"],
    ]
    shown = re.findall(r'class="item">(\d\d)</th>(.*?)</tr>', html)
    assert [[name, *re.findall(r">([\d,–]+)<", cells)] for name, cells in shown] == [
        ["00", "3", "700", "800", "1,200", "700"],
        ["07", "1", "210", "210", "210", "200"],
        ["09", "0", "–", "–", "–", "150"],
    ]


def test_names_are_those_of_the_other_pages(out: Path) -> None:
    html = make_ledger(SETTING, results(out), out, False).read_text("utf-8")
    known = json.loads((out / "results" / "pseudonyms.json").read_text())
    assert set(known) == {"ada", "ben", "<b>dee"}
    assert {row[0] for row in rows(html)} == set(known.values())


def test_the_page_asks_nobody_for_anything_and_says_what_the_picture_shows(out: Path) -> None:
    html = make_ledger(SETTING, results(out), out, False).read_text("utf-8")
    assert "default-src 'none'" in html
    assert not re.search(r"<(script|link|img|iframe)|url\(|@import|https?:", html)
    alt = re.search(r'role="img" aria-label="([^"]+)"', html)
    assert alt is not None
    assert "before: 31,400; 00: 800; 07: 210." in alt[1]
    assert "<network>" not in html


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ({}, "sets no c.Grader.ledger"),
        ({"title": "x"}, "c.Grader.ledger is wrong: Object missing required field `size`"),
        (SETTING | {"size": "bytes"}, "nothing to show: no result has the figure bytes"),
    ],
)
def test_what_cant_be_shown_is_one_sentence(
    out: Path, setting: Mapping[str, object], sentence: str
) -> None:
    with pytest.raises(GraderError, match=sentence) as told:
        make_ledger(setting, results(out), out, False)
    assert len(str(told.value).splitlines()) == 1


def test_a_class_that_reported_nothing_has_none() -> None:
    ledger = read_ledger(SETTING)
    assert ledger is not None
    found = ClassLedger(ledger)
    found.add(result("eve", "00_a", []))
    assert found.fields() is None
    assert read_ledger({}) is None


def test_the_command_says_where_the_page_is(out: Path, tmp_path: Path) -> None:
    root = tmp_path / "course"
    (root / "solutions").mkdir(parents=True)
    (root / "nbgrader_config.py").write_text(f"{CONFIG}c.Grader.ledger = {SETTING!r}\n")
    head = "assignment,student,status,late,total,max,reason,notes"
    (out / "grades.csv").write_text(f"{head}\n07_b,ada,graded,no,1,1,,\n")
    command = ["leaderboard", "--course", str(root), "--out", str(out), "--ledger"]
    told = CliRunner().invoke(app, command)
    assert told.exit_code == 0, told.output
    assert str(out / "leaderboard" / "ledger.html") in told.output.replace("\n", "")
    told = CliRunner().invoke(app, [*command, "--final"])
    assert told.exit_code == 1
    assert "no half that is kept for later" in " ".join(told.output.split())


def test_the_course_has_one() -> None:
    ledger = read_ledger(Course.open(ROOT).settings.ledger)
    assert ledger is not None
    assert "00_pipeline" in ledger.reference
