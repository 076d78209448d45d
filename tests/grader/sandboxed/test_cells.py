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
