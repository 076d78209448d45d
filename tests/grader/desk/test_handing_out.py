"""An exercise that differs by learner: handed out by a roster, known again when it is graded."""

from __future__ import annotations

import json
import stat
from collections import Counter
from pathlib import Path

import nbformat
import pytest
from nbgrader.utils import compute_checksum

from grader import Course
from grader.host.course import variants
from grader.host.desk.handing_out import drawn
from grader.host.results.result import Result
from grader.protocol.errors import GraderError
from tests.grader.conftest import CONFIG, answered, cell, linux, notebook, solution
from tests.grader.desk.conftest import Class

NAME = "07_left"
GIVEN = f"import math\nmine = 0  {variants.MARK}\nrows = 10 + mine"
PEOPLE = ("ada", "bo", "cem", "dee", "eve")
ROSTER = "id,name,email\n" + "".join(f"{one},{one} X,{one}@example.org\n" for one in PEOPLE)


def left(number: int) -> int:
    """What is right for a learner with this number."""
    return 4 * (10 + number)


def lay(root: Path, given: str = GIVEN, **about: bool) -> Path:
    """A course with one exercise, of which 20% of 5 columns are pruned."""
    made = notebook(
        [
            cell(given, "given-1"),
            cell(solution("left = 4 * rows"), "left", solution=True, course={"item": "left"}),
            cell("assert left == 4 * rows, 'what is 20%?'", "left-test-1", points=1),
        ]
    )
    made.cells[0].metadata.nbgrader.update(about)
    for one in made.cells:
        one.metadata.nbgrader["checksum"] = compute_checksum(one)
    root.mkdir(exist_ok=True)
    (root / "nbgrader_config.py").write_text(CONFIG)
    source, release = (root / part / NAME for part in ("solutions", "exercises"))
    for folder in (source, release):
        folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(made, source / f"{NAME}.ipynb")
    (release / f"{NAME}.ipynb").unlink(missing_ok=True)
    (release / "table.csv").write_text("1,2\n")
    (source / "table.csv").write_text("1,2\n")
    released = Course.open(root).load(NAME).notebooks[NAME].as_released()
    nbformat.write(released, release / f"{NAME}.ipynb")
    return root


@pytest.fixture
def group(tmp_path: Path) -> Class:
    (tmp_path / "desk").mkdir()
    group = Class(lay(tmp_path / "course"), tmp_path / "desk")
    group.write("roster.csv", ROSTER)
    return group


def release(group: Class, *options: object, code: int = 0) -> str:
    where = ("--course", group.root, "--to", group.here / "handed_out")
    roster = ("--roster", group.here / "roster.csv", "--assignment", "07")
    return group.run("release", *roster, *where, *options, code=code)


def numbers(group: Class) -> dict[str, int]:
    found = json.loads((group.root / variants.FILE).read_text())
    return dict(found[NAME])


def copy_of(group: Class, student: str) -> nbformat.NotebookNode:
    path = group.here / "handed_out" / student / NAME / f"{NAME}.ipynb"
    return nbformat.read(path, as_version=4)


def hand_in(group: Class, student: str, answer: str, of: str = "") -> None:
    place = group.submitted / student / NAME
    place.mkdir(parents=True, exist_ok=True)
    made = answered(copy_of(group, of or student), {"left": answer})
    nbformat.write(made, place / f"{NAME}.ipynb")


def grade(group: Class, *options: object) -> dict[str, Result]:
    where = ("--course", group.root, "--submitted", group.submitted, "--out", group.here / "out")
    group.run("grade", *where, *options)
    folder = group.here / "out" / "results" / NAME
    found = [Result.load(path) for path in folder.glob("*.json")]
    return {one.student: one for one in found if one is not None}


def test_each_gets_a_folder_with_a_number_of_their_own(group):
    assert "5 folders" in release(group, "--variants", 5)
    assert sorted(numbers(group).values()) == [1, 2, 3, 4, 5]
    for student, number in numbers(group).items():
        made = copy_of(group, student)
        assert variants.number_in(made.cells[0].source) == number
        for one in made.cells:
            assert one.metadata.nbgrader["checksum"] == compute_checksum(one)
        assert "BEGIN SOLUTION" not in nbformat.writes(made)
        assert (group.here / "handed_out" / student / NAME / "table.csv").read_text() == "1,2\n"
    assert stat.S_IMODE((group.root / variants.FILE).stat().st_mode) == 0o600


def test_who_has_a_number_keeps_it_and_others_get_those_that_are_rare(group):
    release(group, "--variants", 5)
    before, files = numbers(group), group.snapshot()
    group.write("roster.csv", ROSTER + "fay,Fay X,fay@example.org\n")
    release(group, "--variants", 5)
    after = numbers(group)
    assert after.items() >= before.items()
    assert set(after) == {*PEOPLE, "fay"}
    same = {path: data for path, (data, _) in group.snapshot().items() if path in files}
    assert {path: data for path, (data, _) in files.items() if "roster" not in path} == {
        path: data for path, data in same.items() if "roster" not in path
    }
    many = drawn({}, [f"s{n}" for n in range(200)], 10, "x")
    assert set(Counter(many.values()).values()) == {20}
    # Who stands side by side in the list has not one number after the other.
    assert [many[f"s{n}"] for n in range(10)] != list(range(1, 11))


@linux
def test_everybody_is_graded_with_their_own_numbers(group, bubblewrap):
    release(group, "--variants", 4)
    own = numbers(group)
    for student in ("ada", "bo"):
        hand_in(group, student, f"left = {left(own[student])}")
    # By a formula; with the answer of somebody else; in somebody else's copy.
    hand_in(group, "cem", "left = rows * 5 - rows")
    other = next(one for one in PEOPLE if own[one] != own["dee"])
    hand_in(group, "dee", f"left = {left(own[other])}")
    hand_in(group, "eve", f"left = {left(own[other])}", of=other)
    results = grade(group)
    marks = {student: result.total for student, result in results.items()}
    same = own["eve"] == own[other]
    assert marks == {"ada": 1, "bo": 1, "cem": 1, "dee": 0, "eve": float(same)}
    assert all(result.assignment == NAME for result in results.values())
    if not same:
        assert results["eve"].notes == [
            f"The numbers in it are those of variant {own[other]}, and this learner was given "
            f"variant {own['eve']}: graded with that."
        ]
    assert results["ada"].notes == []
    played = group.here / "out" / "autograded" / "ada" / NAME / f"{NAME}.ipynb"
    assert variants.number_in(nbformat.read(played, 4).cells[0].source) == own["ada"]
    # Nothing is graded twice, and a class is one class.
    before = {one.student: one.fingerprint for one in results.values()}
    assert {one.student: one.fingerprint for one in grade(group).values()} == before
    report = (group.here / "out" / "report.html").read_text()
    assert report.count("<h2>") == 1


@linux
def test_who_was_given_none_has_it_as_it_was_written(group, bubblewrap):
    release(group, "--variants", 4)
    (group.root / variants.FILE).unlink()
    hand_in(group, "ada", f"left = {left(0)}")
    result = grade(group)["ada"]
    assert result.total == 1
    assert "this learner was given variant 0" in result.notes[0]


@linux
def test_a_cluster_grades_them_too(group, bubblewrap):
    release(group, "--variants", 2)
    own = numbers(group)
    for student in ("ada", "bo", "cem"):
        hand_in(group, student, f"left = {left(own[student])}")
    hand_in(group, "dee", f"left = {left(3 - own['dee'])}")
    marks = {
        student: result.total for student, result in grade(group, "--cluster", "local:1").items()
    }
    assert marks == {"ada": 1, "bo": 1, "cem": 1, "dee": 0}


def test_forgetting_takes_the_number_too(group):
    release(group)
    where = ("--course", group.root, "--submitted", group.submitted, "--out", group.here / "out")
    assert variants.FILE in group.run("forget", "bo", "--yes", *where)
    assert set(numbers(group)) == {*PEOPLE} - {"bo"}


@pytest.mark.parametrize(
    ("given", "about", "said"),
    [
        (f"mine = two  {variants.MARK}", {}, "it belongs behind a number"),
        (f"if True:\n    mine = 0  {variants.MARK}", {}, "it belongs behind a number"),
        (GIVEN, {"locked": False}, "a given cell"),
    ],
)
def test_a_mark_where_it_is_none_is_told(tmp_path, given, about, said):
    with pytest.raises(GraderError, match=said):
        lay(tmp_path / "course", given, **about)


def test_what_cannot_be_handed_out_is_one_sentence(group, tmp_path):
    group.write("roster.csv", "id,name\n../bo,Bo\n")
    assert "the id '../bo'" in release(group, code=1)
    group.write("roster.csv", ROSTER)
    (group.root / variants.FILE).write_text('{"07_left": {"ada": 0}}')
    assert "ada has the number 0" in release(group, code=1)
    (group.root / variants.FILE).write_text("{")
    assert "cannot be understood" in release(group, code=1)
    (group.root / variants.FILE).unlink()
    lay(group.root, "mine = 0")
    assert "the same for everybody" in release(group, code=1)
    (group.root / "exercises" / NAME / f"{NAME}.ipynb").unlink()
    assert "not released" in release(group, code=1)
    assert not (group.here / "handed_out").exists()


def test_a_number_without_a_place_is_told(group):
    release(group)
    lay(group.root, "mine = 0")
    with pytest.raises(GraderError, match="put the line back, or take 07_left out of the file"):
        Course.open(group.root).load(NAME, 3)
