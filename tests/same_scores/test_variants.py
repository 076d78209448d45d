"""The exercises that differ by learner tell right answers from wrong ones, whatever the number.

Here for three of a hundred; `authoring check 03 --variants 100` tries all.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from authoring.check.answers import engine_for, verdicts
from authoring.source.sources import Sources
from grader import Engine
from tests.conftest import ROOT

COURSE = Sources.at(ROOT)


@pytest.fixture(scope="module")
def engine(bubblewrap: str) -> Iterator[Engine]:
    with engine_for(COURSE) as engine:
        yield engine


@pytest.mark.parametrize("number", [1, 37, 100])
@pytest.mark.parametrize(("lesson", "item"), [("03", "findings"), ("07", "left")])
def test_a_variant_takes_right_answers_and_no_wrong_one(
    engine: Engine, lesson: str, item: str, number: int
) -> None:
    found = list(verdicts(COURSE.lesson(lesson), engine, number))
    assert {one.item for one in found} == {item}
    assert [str(one) for one in found if not one.holds] == []
    # The reference, one more, and wrong ones.
    assert sum(one.wanted == found[0].wanted for one in found) >= 2
    assert sum(one.wanted < found[0].wanted for one in found) >= 3
