"""Mutants of reference answers: what is made, what survives, and the list of those that may."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator

import pytest

from authoring.check.mutation import (
    LISTED,
    Change,
    by_item,
    differences,
    listed,
    mutants,
    share,
    tried,
)
from authoring.source.problems import SourceError
from authoring.source.sources import Lesson, Sources
from grader import Engine
from grader.host.engine.settings import EngineSettings
from tests.authoring.test_exercise import change
from tests.conftest import ROOT

LINE = "return sum(value != 0 for value in values)"
# No value in the tests is below 0.
MORE = Change("count", LINE, "return sum(value > 0 for value in values)")
LESS = Change("count", LINE, "return sum(value < 0 for value in values)")
ENTRY = """
- item: count
  line: "return sum(value != 0 for value in values)"
  becomes:
    - "return sum(value {} 0 for value in values)"
  because: It may be.
"""


@pytest.fixture(scope="module")
def engine(bubblewrap: str) -> Iterator[Engine]:
    with Engine(EngineSettings(preload=["IPython"], timeout=2)) as engine:
        yield engine


def test_a_mutant_differs_in_one_line_and_is_python(lesson: Lesson) -> None:
    found = list(mutants(lesson))
    assert {mutant.change.becomes for mutant in found} >= {
        "return sum(value == 0 for value in values)",
        "return sum(value != 1 for value in values)",
    }
    assert {mutant.change.item for mutant in found} == {"count"}
    assert {mutant.change.line for mutant in found} == {LINE}
    for mutant in found:
        ast.parse(mutant.source)
        assert mutant.source.count("\n") == 3


def test_what_the_tests_notice_and_what_they_do_not(lesson: Lesson, engine: Engine) -> None:
    outcomes = list(tried(lesson, engine))
    assert [one.change for one in outcomes if one.survived] == [MORE]
    count = len(outcomes)
    assert by_item(outcomes) == {"count": (count, 1)}
    assert share(outcomes) == pytest.approx((count - 1) / count)
    assert differences(outcomes, Counter()) == ([MORE], [])
    assert differences(outcomes, Counter([MORE])) == ([], [])
    assert differences(outcomes, Counter([MORE, LESS])) == ([], [LESS])


def test_a_mended_test_notices(lesson: Lesson, engine: Engine) -> None:
    change(lesson.folder / "exercise.py", "hidden_secret = [5, 0]", "hidden_secret = [-5, 0]")
    assert share(list(tried(lesson, engine))) == 1


def test_the_list_names_mutants_that_there_are(lesson: Lesson) -> None:
    assert listed(lesson) == Counter()
    path = lesson.folder / LISTED
    path.write_text(ENTRY.format(">"))
    assert listed(lesson) == Counter([MORE])
    path.write_text(ENTRY.format("in"))
    with pytest.raises(SourceError, match="no such mutant"):
        listed(lesson)
    path.write_text(ENTRY.format(">") * 2)
    with pytest.raises(SourceError, match="no such mutant"):
        listed(lesson)
    path.write_text("- item: count\n  line: 7")
    with pytest.raises(SourceError, match="not a list of equivalent mutants"):
        listed(lesson)
    path.write_text("[")
    with pytest.raises(SourceError, match="not a list of equivalent mutants"):
        listed(lesson)


@pytest.mark.thorough
@pytest.mark.parametrize("lesson", Sources.at(ROOT).lessons(), ids=lambda lesson: lesson.name)
def test_the_lists_of_the_course_are_not_stale(lesson: Lesson) -> None:
    """Whether what they name really survives, `make mutation` says."""
    listed(lesson)
