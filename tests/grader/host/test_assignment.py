"""The teacher's side: cells, items, points, and what is wrong with a course."""

from __future__ import annotations

import nbformat
import pytest

from grader import Assignment, Course, GraderError
from grader.host.course.assignment import Kind
from tests.conftest import ROOT


def test_cells_items_and_points_are_the_teachers(assignment):
    kinds = [cell.kind for cell in assignment.notebooks["numbers"].cells if cell.grade_id]
    assert kinds == [
        Kind.GIVEN,
        Kind.ANSWER,
        Kind.TEST,
        Kind.TEST,
        Kind.ANSWER,
        Kind.TEST,
        Kind.MANUAL,
    ]
    items = [(item.name, item.points, item.manual) for item in assignment.items]
    assert items == [("square", 3, False), ("triple", 2, False), ("why", 3, True)]
    assert assignment.items[0].cells == ("test-square-1", "test-square-2")
    assert assignment.items[0].answers == ("square",)
    assert assignment.points == 8


def test_the_notebook_to_grade_with_has_hidden_tests_and_no_solution(assignment):
    cells = {cell.grade_id: cell for cell in assignment.notebooks["numbers"].cells}
    assert "secret" in cells["test-square-2"].node.source
    assert "secret" not in cells["test-square-2"].released
    assert cells["test-square-2"].has_hidden_tests
    assert not cells["test-triple"].has_hidden_tests
    assert "x * x" not in cells["square"].node.source
    assert "x * x" in cells["square"].original


def test_any_nbgrader_course_has_items_by_grade_id(pair):
    assert [item.name for item in pair.items] == [
        "first/test-share",
        "first/test-text",
        "first/plot",
        "second/test-word",
        "second/drawing",
    ]
    assert [item.manual for item in pair.items] == [False, False, True, False, True]
    assert sorted(pair.files) == ["data.txt", "helper.py"]


def test_the_release_on_disk_decides_what_untouched_means(desk):
    path = desk.root / "exercises/numbers/numbers.ipynb"
    path.write_text(path.read_text().replace("raise NotImplementedError()", "pass"))
    cells = desk.course().load("numbers").notebooks["numbers"].cells
    [square] = [cell for cell in cells if cell.grade_id == "square"]
    assert square.node.source == square.released == "# YOUR CODE HERE\npass"


def test_without_a_release_it_is_made(desk, assignment):
    for path in (desk.root / "exercises").rglob("*.ipynb"):
        path.unlink()
    made = desk.course().load("numbers")
    assert made.fingerprint == assignment.fingerprint


def test_this_repository_is_such_a_course():
    root = ROOT
    course = Course.open(root)
    assert (course.source, course.release) == (root / "solutions", root / "exercises")
    assert course.course_id == "fewer-bits"
    assert course.config.CourseDirectory.root == str(root)
    assert course.config.CourseDirectory.db_url == f"sqlite:///{root / 'gradebook.db'}"


def test_names_of_folders_default_to_nbgraders(desk):
    (desk.root / "nbgrader_config.py").unlink()
    (desk.root / "solutions").rename(desk.root / "source")
    assert desk.course().assignments() == ["numbers", "pair"]


@pytest.mark.parametrize("change", ["test", "file", "solution"])
def test_the_fingerprint_changes_with_what_is_graded_against(desk, change):
    before = desk.course().load("pair").fingerprint
    if change == "file":
        (desk.root / "exercises/pair/data.txt").write_text("other")
    else:
        path = desk.root / "solutions/pair/first.ipynb"
        old, new = ("abab", "baba") if change == "test" else ("double(loaded)", "loaded * 2")
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))
    assert desk.course().load("pair").fingerprint != before


def test_what_is_wrong_with_a_course_is_one_sentence(desk, tmp_path):
    with pytest.raises(GraderError, match="no course folder"):
        Course.open(tmp_path / "nowhere")
    with pytest.raises(GraderError, match="has no folder source/"):
        Course.open(desk.submitted)
    with pytest.raises(GraderError, match="no assignment 'other'; it has numbers, pair"):
        desk.course().load("other")
    (desk.root / "solutions/numbers/numbers.ipynb").write_text("{")
    with pytest.raises(GraderError, match=r"numbers\.ipynb cannot be read"):
        desk.course().load("numbers")
    (desk.root / "nbgrader_config.py").write_text("1/0")
    with pytest.raises(GraderError, match="division by zero"):
        desk.course()


def test_a_name_that_is_no_utf8_is_told(desk):
    """As archives from Windows bring them: a traceback."""
    for folder in ("solutions", "exercises"):
        path = desk.root / folder / "numbers/numbers.ipynb"
        path.rename(path.with_name("caf\udce9.ipynb"))
    sentence = r"The name of caf\\xe9.ipynb of assignment numbers is no UTF-8: rename it."
    with pytest.raises(GraderError, match=sentence):
        Course.open(desk.root).load("numbers")


def test_metadata_that_nbgrader_refuses_is_refused():
    cell = nbformat.v4.new_code_cell("1")
    cell.metadata.nbgrader = {
        "schema_version": 3,
        "grade_id": "x",
        "grade": True,
        "solution": False,
        "locked": True,
    }
    with pytest.raises(GraderError, match=r"not valid for nbgrader.*points"):
        Assignment.from_notebooks("x", {"x": nbformat.v4.new_notebook(cells=[cell])})
