"""Cells as IPython runs them."""

from __future__ import annotations

from grader import grade_one
from tests.grader.conftest import exercise, handed_in, scores


def test_a_test_may_await(engine):
    made = exercise(
        "# given\nimport asyncio",
        "# answer y\ny = 5",
        "# test y1\nvalue = await asyncio.sleep(0, 5)\nassert value == y",
    )
    assert scores(grade_one(made, handed_in(made), engine)) == {"y1": 1}


def test_a_cell_may_remove_the_folder_that_it_has_gone_to(engine):
    leaves = "import os, tempfile\nwith tempfile.TemporaryDirectory() as own:\n    os.chdir(own)\n"
    made = exercise(
        f"# answer n\n{leaves}n = 5",
        f"# test is_five\n{leaves}assert n == 5",
        "# answer m\nm = n + 1",
        "# test is_six\nassert m == 6",
    )
    assert scores(grade_one(made, handed_in(made), engine)) == {"is_five": 1, "is_six": 1}
