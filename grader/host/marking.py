"""What a run gives new marks to, and what it takes for whose word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class Marking:
    """How a class is marked.

    Attributes:
        due: by assignment, UTC without time zone; what the gradebook says where missing.
        regrade: items that get new marks, and only these, in what was graded before.
        beside: items or grade_ids whose tests may run beside the learner's code.
        beside_all: assignments of which all tests may.
        show_hidden_tests: whether notebooks and feedback show the code of hidden tests.
        timestamps: whether a submission's timestamp.txt says when it was handed in. Whoever may
            lay files beside the notebook may write one.
    """

    due: Mapping[str, datetime] = field(default_factory=dict)
    regrade: Sequence[str] = ()
    beside: Sequence[str] = ()
    beside_all: Sequence[str] = ()
    show_hidden_tests: bool = False
    timestamps: bool = True

    @property
    def all_beside(self) -> list[str]:
        """What both name, as `grade` takes it."""
        return [*self.beside, *map(all_of, self.beside_all)]


def all_of(assignment: str) -> str:
    """What names all tests of an assignment: no item is called so."""
    return f"{assignment}/"
