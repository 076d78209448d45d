"""A judge as the conductor sees it: tests in, verdicts out; one process for each notebook."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec

from grader.host.contract import Clause
from grader.host.engine.child import GRACE, Child, Done, Ended
from grader.host.engine.engine import Engine
from grader.host.engine.files import Files
from grader.host.engine.warm import Room
from grader.host.transcript import Played, error
from grader.protocol.outputs import Report
from grader.protocol.terms import Terms
from grader.protocol.values import Kind


@dataclass(frozen=True)
class Verdict:
    """What a judge says of a test.

    Attributes:
        played: the test as a cell that ran; its outputs are those of visible lines.
        lost: what became of the player meanwhile: "timed out", "ended", or "used up" where it has
            asked for more than a test may; None if it is well.
        undeclared: changes of arguments that the teacher's solution does not make.
        called: whether the test has asked the player for something.
        called_late: whether it may have done so after a hidden line of its own.
    """

    played: Played
    lost: str | None = None
    undeclared: tuple[str, ...] = ()
    called: bool = True
    called_late: bool = True


class Judge:
    """One notebook's judge.

    Raises:
        GraderError: when there can be none.
    """

    def __init__(self, engine: Engine, room: Room, files: Files) -> None:
        self._timeout = engine.timeout
        self._child: Child = engine.fork(room, "judge", files)
        self.ended = False

    def given(self, source: str) -> bool:
        """Runs a cell of the teacher's that is no test; says whether it failed.

        One that needs an answer fails: what it would have left behind crosses then.
        """
        try:
            message = {"do": "cell", "source": source}
            played = Played.of(self._child.ask(message, Report, self._timeout))
        except Ended:
            self.end()
            return True
        # It is not to be taken for the next test's.
        self._child.take_raw()
        return played.error is not None

    def meet(self, end: socket.socket) -> None:
        """Gives it its end of the conversation with a player."""
        try:
            self._child.ask({"do": "peer"}, Done, fds=[end.fileno()])
        except Ended:
            self.end()

    def test(
        self,
        source: str,
        clause: Clause,
        visible: frozenset[int],
        withhold: bool = False,
        seconds: float | None = None,
    ) -> Verdict:
        """Runs a test.

        Args:
            seconds: that it may take; as long as the engine allows if nothing is said.
        """
        limit = self._timeout if seconds is None else seconds
        message = {
            "do": "test",
            "source": source,
            "takes": dict(clause.takes),
            "library": dict(clause.library),
            "terms": msgspec.to_builtins(clause.terms),
            "visible": sorted(visible),
            "seconds": limit,
            "withhold": withhold,
        }
        try:
            report = self._child.ask(message, _TestReport, limit + GRACE)
        except Ended as ended:
            self.ended = True
            return Verdict(Played([error("ProcessEnded", f"The test {ended}.")]))
        if not visible.issuperset(range(1, 1 + len(source.splitlines()))):
            # Of what was written past Python nobody knows by which line.
            self._child.take_raw()
        played = Played.of(report, self._child)
        lost = report.lost
        if lost == "timed out" or (lost is None and played.interrupted):
            text = f"The test was stopped after {limit:g} s."
            played = Played([error("CellTimeoutError", text)], interrupted=True)
        elif lost == "ended":
            played = Played([error("ProcessEnded", "Your code ended its process in this test.")])
        played = replace(played, from_teacher=report.from_teacher)
        return Verdict(played, lost, report.undeclared, report.called, report.called_late)

    def learn(
        self,
        source: str,
        declared: list[str] | None,
        own: list[str],
        bound: list[str],
        way: Way,
    ) -> tuple[Played, Learned]:
        """Runs a test with the teacher's solution and no contract yet.

        Raises:
            Ended: when the judge dies of it.
        """
        message = {
            "do": "learn",
            "source": source,
            "declared": declared,
            "own": own,
            "bound": bound,
            "seconds": self._timeout,
            "imported": dict(way.imported),
            "everything_of": list(way.everything_of),
            "random": way.random,
            "exact": way.exact,
            "sets": list(way.sets),
        }
        learned = self._child.ask(message, Learned, self._timeout + GRACE)
        return Played.of(learned, self._child), learned

    def end(self) -> None:
        """Ends it."""
        self.ended = True
        self._child.end()


@dataclass(frozen=True)
class Way:
    """How the teacher's solution is tried; see `judging.Lesson`."""

    imported: Mapping[str, str]
    everything_of: Sequence[str]
    random: bool = False
    exact: bool = False
    sets: Sequence[str] = ()


class _TestReport(Report, kw_only=True):
    from_teacher: bool = False
    lost: str | None = None
    undeclared: tuple[str, ...] = ()
    called: bool = True
    called_late: bool = True


class Learned(Report, kw_only=True):
    """What the teacher's solution needed in a test; see `judging.Lesson`.

    Attributes:
        takes: answers that crossed.
        library: names that are something of a library's, and what.
        unfit: by name, why an answer could not cross.
        undeclared: answers that crossed though the course does not name them.
        lost: as in `Verdict`.
    """

    takes: dict[str, Kind]
    library: dict[str, str]
    unfit: dict[str, str]
    undeclared: tuple[str, ...]
    terms: Terms
    lost: str | None = None
