"""All idioms, by the course in which they are asked."""

from __future__ import annotations

from collections.abc import Sequence

from nbformat import NotebookNode

from tests.grader.conftest import cell, solution
from tests.same_scores.idioms.classes import CLASSES
from tests.same_scores.idioms.functions import FUNCTIONS
from tests.same_scores.idioms.further import FURTHER
from tests.same_scores.idioms.idiom import Idiom
from tests.same_scores.idioms.live import LIVE
from tests.same_scores.idioms.objects import OBJECTS
from tests.same_scores.idioms.others import OTHERS
from tests.same_scores.idioms.values import VALUES

COURSES = {
    "usual": [*VALUES, *FUNCTIONS, *CLASSES, *LIVE],
    "others": OTHERS,
    "further": FURTHER,
    "objects": OBJECTS,
}
IDIOMS = [idiom for idioms in COURSES.values() for idiom in idioms]


def cells_of(idioms: Sequence[Idiom]) -> list[NotebookNode]:
    """The cells of an instructor version with these, a point each."""
    cells = []
    for idiom in idioms:
        if idiom.given:
            cells.append(cell(idiom.given, f"{idiom.grade_id}-given"))
        cells.append(cell(solution(idiom.reference), idiom.grade_id, solution=True))
        cells.append(cell(idiom.test, f"{idiom.grade_id}-test", points=1))
    return cells


# Those that the engine can't judge apart from the learner's code, and why.
BESIDE = {
    "what the source says": "source does not cross",
    "a class derived by the test": "the derived class would have to live on both sides",
    "a file that was written": "the learner's folder is another one",
    "a file that a function writes": "what a learner writes stays in that folder",
}
