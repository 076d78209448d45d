"""The leaderboard: one page from the figures of a graded class."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner

from grader import Course
from grader.host.cli import app
from grader.host.publish.leaderboard import make_leaderboard
from grader.host.results.result import CellResult, ItemResult, Result
from grader.protocol.errors import GraderError
from tests.conftest import ROOT
from tests.grader.conftest import CONFIG
from tests.grader.host.conftest import results

BOARD = {
    "title": "A small <file>",
    "required": 0.8,
    "whole": 100_000,
    "marks": [
        {"name": "the paper", "size": 2_500},
        {"name": "the reference", "size": 4_000, "score": 0.85, "final": 0.84},
    ],
}
GRADES = "assignment,student,status,late,total,max,reason,notes"
BOARDS = {"15_capstone": BOARD}
CLASS: Mapping[str, Mapping[str, float]] = {
    "ada": {"bytes": 5000, "first": 0.86, "second": 0.79},
    "ben": {"bytes": 3000, "first": 0.81, "second": 0.82},
    "cem": {"bytes": 900, "first": 0.41, "second": 0.4},
    "<b>dee": {"bytes": 3000, "first": 0.83, "second": 0.8123},
    "eve": {},
}


def save(out: Path, student: str, figures: Mapping[str, float]) -> None:
    """A result of two cells; the first knows the bytes, the second the rest."""
    parts = [
        {name: value for name, value in figures.items() if (name == "bytes") == first}
        for first in (True, False)
    ]
    cells = [
        CellResult(
            notebook="x",
            grade_id=f"test-{number}",
            item="file",
            points=1,
            score=1,
            outcome="passed",
            figures=part,
        )
        for number, part in enumerate(parts)
    ]
    item = ItemResult.of("file", cells)
    result = Result(assignment="15_capstone", student=student, status="graded", items=[item])
    result.save(out / "results" / "15_capstone" / f"{student.strip('<b>')}.json")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    for student, figures in CLASS.items():
        save(tmp_path, student, figures)
    return tmp_path


def page(out: Path, *, names: bool = True, final: bool = False) -> str:
    return make_leaderboard(BOARDS, results(out), out, None, names, final).read_text("utf-8")


def ranked(html: str) -> list[tuple[str, str]]:
    """Rank and name of those who have reached what is required."""
    table = html.partition("<h2>Ranking</h2>")[2].partition("</table>")[0]
    return re.findall(
        r'<tr><td class="number">(\d+)</td><th scope="row" class="item">(.*?)</th>', table
    )


def test_fewest_bytes_come_first_then_the_better_accuracy(out: Path) -> None:
    html = page(out)
    assert ranked(html) == [("1", "&lt;b&gt;dee"), ("2", "ben"), ("3", "ada")]
    below = html.partition("<h2>Below 0.8</h2>")[2]
    assert "cem" in below
    assert "20.0" in html  # times smaller
    assert "1 submission is not listed" in html


def test_the_second_half_counts_and_is_shown_at_the_end_only(out: Path) -> None:
    before, after = page(out), page(out, final=True)
    for figures in CLASS.values():
        if figures:
            assert f"{figures['second']:.4f}" not in before
    assert "0.8400" not in before  # the reference's, too
    assert ranked(after) == [("1", "ben"), ("2", "&lt;b&gt;dee")]
    assert "0.7900" in after.partition("<h2>Below 0.8</h2>")[2]


def test_names_are_pseudonyms_that_stay(out: Path) -> None:
    first = page(out, names=False)
    for student in ("ada", "ben", "cem", "dee"):
        assert student not in first.partition("<main>")[2].lower()
    save(out, "fay", {"bytes": 10, "first": 0.9, "second": 0.9})
    again = page(out, names=False)
    known = json.loads((out / "results" / "pseudonyms.json").read_text())
    assert sorted(known) == sorted(name for name in (*CLASS, "fay") if name != "eve")
    assert len(set(known.values())) == len(known)
    assert [name for _, name in ranked(again)][1:] == [name for _, name in ranked(first)]


def test_who_is_as_good_as_another_has_their_rank(out: Path) -> None:
    """What they are called had decided it."""
    for student in ("ann", "zoe"):
        save(out, student, CLASS["ben"])
    assert ranked(page(out)) == [
        *(("1", "&lt;b&gt;dee"), ("2", "ann"), ("2", "ben"), ("2", "zoe"), ("5", "ada")),
    ]


@pytest.mark.parametrize("damaged", [b'{"ada": "quiet wren",}', b"[]", b'{"ada": 1}', b"\xff"])
def test_a_damaged_list_of_pseudonyms_is_told_and_stays(out: Path, damaged: bytes) -> None:
    """Others in their place would make another of everybody on earlier pages."""
    page(out, names=False)
    key = out / "results" / "pseudonyms.json"
    key.write_bytes(damaged)
    with pytest.raises(GraderError, match="says who is who, and cannot be understood"):
        page(out, names=False)
    assert key.read_bytes() == damaged


def test_the_page_asks_nobody_for_anything_and_says_what_the_picture_shows(out: Path) -> None:
    html = page(out)
    assert "default-src 'none'" in html
    assert not re.search(r"<(script|link|img|iframe)|url\(|@import|https?:", html)
    alt = re.search(r'role="img" aria-label="([^"]+)"', html)
    assert alt is not None
    assert "4 entries. 3 reach 0.8, the smallest of them with 3,000 bytes" in alt[1]
    assert "the paper: 2,500 bytes" in alt[1]
    # Numbers are ranks, so what the class is compared with has letters.
    assert "A: the paper, 2,500 bytes." in html
    assert "B: the reference, 4,000 bytes at 0.8500." in html
    # Who does not tell colours apart has shapes.
    assert html.count('class="enough"') == 3
    assert html.count('class="less"') == 1
    assert html.count('class="diamond"') == 1
    assert "<file>" not in html
    assert "prefers-color-scheme: dark" in html


def test_one_entry_alone_has_a_page_too(tmp_path: Path) -> None:
    save(tmp_path, "ada", {"bytes": 5000, "first": 1.0, "second": 1.0})
    path = make_leaderboard(
        {"15_capstone": {"title": "x", "required": 1.0}},
        results(tmp_path),
        tmp_path,
        None,
        True,
        False,
    )
    assert ranked(path.read_text()) == [("1", "ada")]


def test_nobody_has_reached_it_yet(tmp_path: Path) -> None:
    save(tmp_path, "ada", {"bytes": 5000, "first": 0.1, "second": 0.1})
    assert "Nobody has reached 0.8 yet." in page(tmp_path)


WRONG = {
    "nothing to show: no result of 15_capstone has the figures bytes, first": (BOARDS, "15"),
    "no one leaderboard for 07: .* has 15_capstone": (BOARDS, "07"),
    "no one leaderboard to choose without --assignment: .* has none": ({}, None),
    "for 15_capstone is wrong: Object missing required field `required`": (
        {"15_capstone": {"title": "x"}},
        None,
    ),
    "for 15_capstone is wrong: Object contains unknown field `titel`": (
        {"15_capstone": {"titel": "x"}},
        None,
    ),
}


@pytest.mark.parametrize(("sentence", "asked"), WRONG.items(), ids=range(len(WRONG)))
def test_what_cant_be_shown_is_one_sentence(
    tmp_path: Path, sentence: str, asked: tuple[Mapping[str, object], str | None]
) -> None:
    with pytest.raises(GraderError, match=sentence) as told:
        make_leaderboard(asked[0], [], tmp_path, asked[1], False, False)
    assert len(str(told.value).splitlines()) == 1


def test_the_command_says_where_the_page_is(out: Path, tmp_path: Path) -> None:
    """On it are those of whom grades.csv tells: of others the submission has gone since, or a
    result has been copied by hand."""
    root = tmp_path / "course"
    (root / "solutions").mkdir(parents=True)
    shutil.copy(out / "results/15_capstone/ada.json", out / "results/15_capstone/ada 2.json")
    rows = "".join(f"15_capstone,{student},graded,no,2,2,,\n" for student in ("ada", "cem"))
    (out / "grades.csv").write_text(f"{GRADES}\n{rows}")
    (root / "nbgrader_config.py").write_text(f"{CONFIG}c.Grader.leaderboards = {BOARDS!r}\n")
    told = CliRunner().invoke(
        app, ["leaderboard", "--course", str(root), "--out", str(out), "--names"]
    )
    assert told.exit_code == 0, told.output
    path = out / "leaderboard" / "15_capstone.html"
    assert str(path) in told.output.replace("\n", "")
    assert re.findall(r'class="item">(.*?)</th>', path.read_text()) == ["ada", "cem"]
    told = CliRunner().invoke(
        app, ["leaderboard", "--course", str(root), "--out", str(tmp_path / "none")]
    )
    assert told.exit_code == 1
    assert "There is no grades.csv in" in told.output


def test_the_course_has_one() -> None:
    boards = Course.open(ROOT).settings.leaderboards
    assert boards["15_capstone"]["required"] == 0.83
