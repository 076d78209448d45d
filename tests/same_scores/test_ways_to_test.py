"""Tests in the manner of other courses get the same points from the engine as from nbgrader."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.grader.conftest import (
    CONFIG,
    answered,
    notebook,
)
from tests.same_scores.classroom import Both, Classroom, alembic_on_the_path, lose_metadata, write
from tests.same_scores.idioms.all import BESIDE, COURSES, IDIOMS, cells_of

pytestmark = pytest.mark.thorough

# By kind of submission, the part of an idiom that stands in its place; None where nothing does.
WAYS: dict[str, Callable[[int], str | None]] = {
    "right": lambda number: "reference",
    "restyled": lambda number: "other",
    "wrong": lambda number: "wrong",
    "half": lambda number: "reference" if number % 2 else None,
    "blank": lambda number: None,
    "lost": lambda number: "reference",
}


@pytest.fixture(scope="module")
def idioms(tmp_path_factory: pytest.TempPathFactory) -> Both:
    """Two courses, each of one notebook, so that what one imports is not there for the other."""
    room = Classroom(tmp_path_factory.mktemp("idioms"))
    (room.root / "nbgrader_config.py").write_text(CONFIG)
    with alembic_on_the_path():
        for course, idioms in COURSES.items():
            write(room, course, {course: notebook(cells_of(idioms))})
            release = room.release(course)[course]
            for kind, way in WAYS.items():
                answers = {
                    idiom.grade_id: getattr(idiom, chosen)
                    for number, idiom in enumerate(idioms)
                    if (chosen := way(number)) is not None
                }
                made = answered(release, answers)
                if kind == "lost":
                    lose_metadata(made)
                room.hand_in(kind, course, {course: made})
        return room.grade()


@pytest.mark.parametrize("course", COURSES)
def test_every_way_to_test_gives_the_same_points(idioms: Both, course: str) -> None:
    both = idioms.of(course)
    assert both.lost == frozenset()
    # Where nbgrader finds no metadata, it leaves all to a teacher.
    gives = {place for place, mark in both.stock.items() if not mark.needs_manual}
    assert {place[1] for place in gives} == WAYS.keys() - {"lost"}
    assert {place: why for place, why in both.differences().items() if place in gives} == {}


def test_with_its_metadata_lost_a_submission_gets_what_it_would_have(idioms: Both) -> None:
    for (course, kind, name, grade_id), mark in idioms.ours.items():
        if kind == "lost":
            assert mark == idioms.ours[course, "right", name, grade_id], grade_id


@pytest.mark.parametrize("course", COURSES)
def test_every_way_to_test_can_tell_right_from_wrong(idioms: Both, course: str) -> None:
    """That nbgrader and the engine agree says something only then."""
    for idiom in COURSES[course]:
        scores = {
            way: idioms.stock[course, way, course, f"{idiom.grade_id}-test"].score for way in WAYS
        }
        assert scores["right"] == scores["restyled"] == 1, idiom.name
        assert (scores["wrong"] or 0) < 1, idiom.name


def test_what_is_judged_apart_from_the_code(idioms: Both) -> None:
    """Whoever teaches the engine to judge one more of these apart, takes it off the list."""
    live = {place[3].removesuffix("-test") for place in idioms.suggested}
    assert live == {idiom.grade_id for idiom in IDIOMS if idiom.name in BESIDE}


def test_few_of_the_marks_that_nbgrader_gives_are_left_to_a_teacher(idioms: Both) -> None:
    given = [place for place, mark in idioms.stock.items() if not mark.needs_manual]
    left = [place for place in given if idioms.ours[place].needs_manual]
    assert len(left) / len(given) < 0.04, f"{len(left)} of {len(given)}"
