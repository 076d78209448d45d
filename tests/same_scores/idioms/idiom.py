"""Test cells as teachers write them: many ways to ask whether an answer is right.

Each idiom has a reference solution, another right answer, a wrong one, and a test cell in the
manner of public nbgrader courses: about a third reads values, a third calls functions, a fifth
uses classes and instances, and the rest does whatever Python lets one do. They know nothing of
how this engine works, so how many of them it can judge apart from the learner's code says how
general it is.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass


@dataclass(frozen=True)
class Idiom:
    """A way to test.

    Attributes:
        name: unique, in a few words.
        reference: the teacher's solution.
        other: right, written in another way.
        wrong: runs, but is not right.
        test: the test cell.
        given: a locked cell above, if there is one.
    """

    name: str
    reference: str
    other: str
    wrong: str
    test: str
    given: str = ""

    @property
    def grade_id(self) -> str:
        return self.name.replace("'", "").replace(" ", "-")


def idiom(name: str, reference: str, other: str, wrong: str, test: str, given: str = "") -> Idiom:
    parts = (textwrap.dedent(part).strip() for part in (reference, other, wrong, test, given))
    return Idiom(name, *parts)
