"""What may cross: for each test, the answers, their kinds, and what it may ask of live ones.

A contract comes from the teacher alone. The teacher's own solution is run twice: with the tests
beside it in one process, as nbgrader does, and with the tests in the judge. What the second run
needed is the contract. A test that passes in the first only needs live objects: it is run beside
the code when a submission is graded, and a teacher decides on its mark.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from grader.host.transcript import Played
from grader.protocol.terms import Terms
from grader.protocol.values import Kind


@dataclass(frozen=True)
class Clause:
    """What a contract says of one test.

    Attributes:
        takes: the answers that it reads, and their kinds.
        live: why it can't be judged apart, as a clause; None if it can.
        slow: whether it can't because time was up: on another day it may not be.
        replay: whether later cells read names that its visible part binds.
        undeclared: answers that it reads though the course does not name them.
        broken: what the teacher's own solution loses in it, as a clause; None if nothing.
        failed: the error that it ends with then, if it is one.
        suggests: whether the solution gets its points where the test runs beside the code.
        library: names that answers import, and what they are, as "module:name": the judge has its
            own of these.
        counts: whether its last line gives a number of points.
        complains: whether it says by itself on standard error what is wrong, and of the solution
            says nothing there.
    """

    takes: Mapping[str, Kind] = field(default_factory=dict)
    terms: Terms = field(default_factory=Terms)
    live: str | None = None
    slow: bool = False
    replay: bool = False
    undeclared: tuple[str, ...] = ()
    broken: str | None = None
    suggests: bool = True
    failed: str = ""
    library: Mapping[str, str] = field(default_factory=dict)
    counts: bool = False
    complains: bool = False

    @property
    def asked_for(self) -> frozenset[str]:
        """The names that a submission must have."""
        return frozenset((*self.takes, *self.library))


@dataclass(frozen=True)
class Contract:
    """A notebook's contract.

    Attributes:
        tests: by grade_id.
        opening: how many of its first code cells a room may run: the teacher's, before any answer.
        bequeathing: tests that bind what later tests read.
        modules: what the teacher's cells and solution import.
        untouched: by position among the code cells, what an answer that is left as it was given
            comes to; those without an error are missing.
        seconds: by grade_id, how long the solution took.
    """

    tests: Mapping[str, Clause]
    opening: int = 0
    bequeathing: frozenset[str] = frozenset()
    modules: tuple[str, ...] = ()
    untouched: Mapping[int, Played] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Trouble:
    """What to tell the teacher of an assignment.

    Attributes:
        broken: whether their own solution fails tests.
    """

    sentence: str
    broken: bool
