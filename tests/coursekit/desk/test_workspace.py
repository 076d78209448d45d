"""A learner's own copies: brought up to date, never overwritten."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest

from coursekit.desk.workspace import Change, again, fill
from coursekit.exercises.folders import WorkspaceError
from coursekit.pictures.moving import VEGA

LESSON = "notebooks/07_pruning.ipynb"
EXERCISE = "exercises/07_pruning/07_pruning.ipynb"


def write(path: Path, *sources: str, outputs: bool = False) -> None:
    cells = [nbformat.v4.new_code_cell(source, id=f"c{n}") for n, source in enumerate(sources)]
    if outputs:
        for cell in cells:
            cell.execution_count = 1
            cell.outputs = [nbformat.v4.new_output("stream", text="the answer")]
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)


def sources(path: Path) -> list[str]:
    return [cell.source for cell in nbformat.read(path, as_version=4).cells]


@pytest.fixture
def course(tmp_path: Path) -> Path:
    course = tmp_path / "course"
    write(course / LESSON, "one", outputs=True)
    write(course / EXERCISE, "# YOUR CODE HERE")
    (course / "exercises" / "07_pruning" / "table.csv").write_text("1,2")
    start = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Start", id="start")])
    nbformat.write(start, course / "notebooks" / "start.ipynb")
    return course


@pytest.fixture
def own(course: Path) -> Path:
    own = course / "workspace"
    fill(course, own)
    return own


def test_a_new_workspace_has_everything_and_no_outputs(course: Path) -> None:
    own = course / "workspace"
    further = "notebooks/further/07_pruning.ipynb"
    write(course / further, "three", outputs=True)
    assert {change.what for change in fill(course, own)} == {"new"}
    for name in (
        LESSON,
        further,
        EXERCISE,
        "exercises/07_pruning/table.csv",
        "notebooks/start.ipynb",
    ):
        assert (own / name).is_file(), name
    for name in (LESSON, further):
        [cell] = nbformat.read(own / name, as_version=4).cells
        assert (cell.outputs, cell.execution_count) == ([], None)
    assert fill(course, own) == []


def test_the_picture_that_opens_a_lesson_stays(course: Path) -> None:
    """It moves without a kernel, so it is there before anything has run."""
    cell = nbformat.v4.new_code_cell("staircase()", execution_count=2)
    moving = nbformat.v4.new_output(
        "execute_result", data={VEGA: {"marks": []}, "text/plain": "A boot."}, execution_count=2
    )
    cell.outputs = [nbformat.v4.new_output("stream", text="the answer"), moving]
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), course / LESSON)
    own = course / "workspace"
    fill(course, own)
    [cell] = nbformat.read(own / LESSON, as_version=4).cells
    assert [output.data["text/plain"] for output in cell.outputs] == ["A boot."]
    assert cell.execution_count is cell.outputs[0].execution_count is None
    # Nobody has run it: there is nothing to keep.
    assert again(course, own, "07") == []


def test_what_was_not_changed_is_brought_up_to_date(course: Path, own: Path) -> None:
    # It was run, which is no change.
    write(own / LESSON, "one", outputs=True)
    write(course / LESSON, "one", "two")
    assert fill(course, own) == [Change("updated", LESSON)]
    assert sources(own / LESSON) == ["one", "two"]
    assert fill(course, own) == []


def test_what_was_changed_stays_while_the_course_does(course: Path, own: Path) -> None:
    write(own / EXERCISE, "mine")
    assert fill(course, own) == []
    assert sources(own / EXERCISE) == ["mine"]


def test_where_both_changed_the_new_one_lies_beside(course: Path, own: Path) -> None:
    write(own / EXERCISE, "mine")
    write(course / EXERCISE, "# YOUR CODE HERE", "a new item")
    beside = EXERCISE.replace(".ipynb", ".new.ipynb")
    assert fill(course, own) == [Change("beside", beside)]
    assert sources(own / EXERCISE) == ["mine"]
    assert sources(own / beside) == ["# YOUR CODE HERE", "a new item"]
    start = "\n".join(sources(own / "notebooks" / "start.ipynb"))
    assert f"(../{beside})" in start
    assert f"(../{EXERCISE})" in start
    [title, *_] = start.splitlines()
    assert title == "# Start"
    # Not again and again; and once it is dealt with, nothing is said.
    assert fill(course, own) == []
    (own / beside).unlink()
    fill(course, own)
    assert "New versions" not in "\n".join(sources(own / "notebooks" / "start.ipynb"))


def test_who_deletes_their_own_goes_on_with_the_new_one(course: Path, own: Path) -> None:
    write(own / EXERCISE, "mine")
    write(course / EXERCISE, "a new version")
    fill(course, own)
    beside = own / EXERCISE.replace(".ipynb", ".new.ipynb")
    write(beside, "a new version, and my answers in it")
    (own / EXERCISE).unlink()
    assert fill(course, own) == []
    assert sources(own / EXERCISE) == ["a new version, and my answers in it"]
    assert not beside.exists()
    assert "New versions" not in "\n".join(sources(own / "notebooks" / "start.ipynb"))


def test_a_second_new_version_keeps_what_was_made_of_the_first(course: Path, own: Path) -> None:
    write(own / EXERCISE, "mine")
    beside = own / EXERCISE.replace(".ipynb", ".new.ipynb")
    write(course / EXERCISE, "version 2")
    fill(course, own)
    write(course / EXERCISE, "version 3")
    fill(course, own)
    assert sources(beside) == ["version 3"]
    write(beside, "mine too")
    write(course / EXERCISE, "version 4")
    fill(course, own)
    assert sources(beside) == ["version 4"]
    assert sources(beside.with_name("07_pruning.new-1.ipynb")) == ["mine too"]
    assert sources(own / EXERCISE) == ["mine"]


def test_without_the_record_everything_counts_as_the_learners(course: Path, own: Path) -> None:
    write(own / LESSON, "mine")
    (own / ".course.json").write_text("{ cut off")
    fill(course, own)
    assert sources(own / LESSON) == ["mine"]
    assert sources(own / LESSON.replace(".ipynb", ".new.ipynb")) == ["one"]


def test_a_notebook_that_cannot_be_read_is_not_overwritten(course: Path, own: Path) -> None:
    (own / LESSON).write_text('{"cells": [')
    write(course / LESSON, "two")
    fill(course, own)
    assert (own / LESSON).read_text() == '{"cells": ['
    assert sources(own / LESSON.replace(".ipynb", ".new.ipynb")) == ["two"]


def test_a_deleted_file_comes_back(course: Path, own: Path) -> None:
    (own / LESSON).unlink()
    assert fill(course, own) == [Change("new", LESSON)]


def test_again_begins_anew_and_keeps_the_old(course: Path, own: Path) -> None:
    write(own / EXERCISE, "mine")
    write(own / LESSON, "one", outputs=True)
    kept = again(course, own, "7")
    assert len(kept) == 2
    assert {tuple(sources(own / name)) for name in kept} == {("mine",), ("one",)}
    assert sources(own / EXERCISE) == ["# YOUR CODE HERE"]
    # Nothing was done since: there is nothing to keep.
    assert again(course, own, "07") == []
    with pytest.raises(WorkspaceError, match="There is no lesson 42"):
        again(course, own, "42")


def test_links_to_colab_become_links_to_files(course: Path) -> None:
    colab = "https://colab.research.google.com/github/a/b/blob/main"
    cell = nbformat.v4.new_markdown_cell(f"[x]({colab}/{EXERCISE}#a) and [y]({colab}/{LESSON})")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), course / LESSON)
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), course / EXERCISE)
    own = course / "workspace"
    fill(course, own)
    assert sources(own / LESSON) == [f"[x](../{EXERCISE}#a) and [y](../{LESSON})"]
    assert sources(own / EXERCISE) == [f"[x](../../{EXERCISE}#a) and [y](../../{LESSON})"]


def test_progress_from_before_comes_along_once(course: Path) -> None:
    (course / "progress.sqlite").write_text("old")
    own = course / "workspace"
    fill(course, own)
    assert (own / "progress.sqlite").read_text() == "old"
    (course / "progress.sqlite").write_text("another")
    fill(course, own)
    assert (own / "progress.sqlite").read_text() == "old"


@pytest.mark.skipif(os.name == "nt", reason="rights work differently on Windows")
def test_a_folder_that_cannot_be_made_is_one_sentence(course: Path) -> None:
    (course / "workspace").write_text("a file is in the way")
    with pytest.raises(WorkspaceError, match=r"workspace can't be written: .*\. Make room"):
        fill(course, course / "workspace")
