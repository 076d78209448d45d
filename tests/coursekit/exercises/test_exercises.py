import json
import os

import pytest

from coursekit.learn.progress.exercise_marks import read_exercise, read_items

LESSON = "07_unstructured_pruning"
ERROR = {"output_type": "error", "ename": "AssertionError", "evalue": "", "traceback": []}
TEXT = {"output_type": "stream", "name": "stdout", "text": "fine\n"}


def answer(item, count):
    return cell(item, count, [], item, {"solution": True, "grade": False})


def visible_test(item, count, outputs=(), number=1):
    return cell(item, count, outputs, f"{item}-test-{number}", {"solution": False, "grade": True})


def cell(item, count, outputs, grade_id, flags):
    return {
        "cell_type": "code",
        "execution_count": count,
        "metadata": {"nbgrader": {"grade_id": grade_id, **flags}, "course": {"item": item}},
        "outputs": list(outputs),
        "source": "",
    }


@pytest.fixture
def save(tmp_path):
    def save(*cells, name=f"{LESSON}.ipynb"):
        path = tmp_path / "exercises" / LESSON / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"cells": list(cells), "metadata": {}, "nbformat": 4}))
        return path

    return save


@pytest.mark.parametrize(
    ("tests", "state"),
    [
        ([(2, []), (3, [TEXT])], "passed"),
        ([(2, [TEXT, ERROR]), (3, [])], "failed"),
        ([(2, []), (None, [])], "not run"),
        ([(None, []), (3, [])], "not run"),
        ([(None, []), (3, [ERROR])], "failed"),
        ([(None, []), (None, [])], "not run"),
    ],
)
def test_an_item_is_passed_when_all_its_tests_are(save, tests, state):
    cells = [visible_test("left", *test, number=n) for n, test in enumerate(tests)]
    assert read_items(save(answer("left", 1), *cells)) == {"left": state}


@pytest.mark.parametrize("outputs", [[], [ERROR]])
def test_a_test_that_ran_before_the_answer_last_did_says_nothing(save, outputs):
    notebook = save(answer("left", 9), visible_test("left", 4, outputs))
    assert read_items(notebook) == {"left": "not run"}


def test_an_item_that_is_still_blank_is_not_run_though_its_tests_were(save):
    blank = answer("left", 1) | {"outputs": [ERROR | {"ename": "NotImplementedError"}]}
    notebook = save(blank, visible_test("left", 2, [ERROR]), visible_test("left", 3, number=2))
    assert read_items(notebook) == {"left": "not run"}
    # An answer that fails in another way was given.
    wrong = answer("left", 1) | {"outputs": [ERROR]}
    notebook = save(wrong, visible_test("left", 2, [ERROR]))
    assert read_items(notebook) == {"left": "failed"}


def test_items_come_in_their_order_and_only_those_with_tests(save):
    manual = cell("why", None, [], "why", {"solution": True, "grade": True})
    given = {"cell_type": "code", "metadata": {"nbgrader": {"grade": False}}, "outputs": [ERROR]}
    prompt = {"cell_type": "markdown", "metadata": {}, "source": "# 1"}
    notebook = save(prompt, given, visible_test("b", 1), manual, visible_test("a", 2, [ERROR]))
    assert list(read_items(notebook).items()) == [("b", "passed"), ("a", "failed")]


def test_without_the_course_s_metadata_the_name_of_the_test_tells(save):
    test = visible_test("own-method", 3, number=12)
    del test["metadata"]["course"]
    assert read_items(save(test)) == {"own-method": "passed"}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"cells": 7}',
        b'{"cells": [1, null, "x", [], {}]}',
        b'{"cells": [{"cell_type": "code", "metadata": 5}]}',
        b'{"cells": [{"cell_type": "code", "metadata": {"nbgrader": [], "course": {"item": 3}}}]}',
        b"\xff\xfe\x00\x01",
        b"[" * 100_000,
    ],
)
def test_a_broken_notebook_has_no_items(tmp_path, content):
    (tmp_path / "broken.ipynb").write_bytes(content)
    assert read_items(tmp_path / "broken.ipynb") == {}


@pytest.mark.parametrize("outputs", [None, 3, "error", [7, None], {"output_type": "error"}])
def test_odd_outputs_are_no_errors(save, outputs):
    test = visible_test("left", 1)
    test["outputs"] = outputs
    assert read_items(save(test)) == {"left": "passed"}


@pytest.mark.parametrize("count", ["1", 1.5, [], {}])
def test_odd_counts_are_no_runs(save, count):
    assert read_items(save(answer("left", count), visible_test("left", count))) == {
        "left": "not run"
    }


def test_a_byte_order_mark_does_no_harm(save):
    notebook = save(visible_test("left", 1))
    notebook.write_bytes(b"\xef\xbb\xbf" + notebook.read_bytes())
    assert read_items(notebook) == {"left": "passed"}


def test_without_a_notebook_there_are_no_items(tmp_path):
    assert read_items(tmp_path / "none.ipynb") == {}
    assert read_items(tmp_path) == {}
    assert read_exercise(tmp_path, LESSON) == {}


def test_the_notebook_with_the_right_name_counts(save, tmp_path):
    save(visible_test("left", None))
    save(visible_test("left", 1), name=f"{LESSON}-Copy1.ipynb")
    assert read_exercise(tmp_path, LESSON) == {"left": "not run"}


@pytest.mark.parametrize("damaged", [True, False])
def test_else_the_one_saved_last_does(save, tmp_path, damaged):
    for age, (name, outputs) in enumerate([("a", []), ("b", [ERROR]), ("c", [])]):
        path = save(visible_test("left", 1, outputs), name=f"{name} (1).ipynb")
        when = 1_700_000_000 + {0: 1, 1: 5, 2: 3}[age]
        os.utime(path, (when, when))
    if damaged:
        (tmp_path / "exercises" / LESSON / f"{LESSON}.ipynb").write_text("{")
    assert read_exercise(tmp_path, LESSON) == {"left": "failed"}


def test_a_released_exercise_has_every_tested_item_and_none_is_run(root):
    for notebook in sorted((root / "exercises").glob("*/*.ipynb")):
        items = read_exercise(root, notebook.stem)
        assert len(items) >= 5
        assert set(items.values()) == {"not run"}
